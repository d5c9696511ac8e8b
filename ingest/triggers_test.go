package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"ponte/campaign"
	"ponte/channels/webhook"
)

// set changes the live trigger, as the API would.
func (b *rig) set(columns string, args ...any) {
	b.Helper()
	b.exec(`UPDATE triggers SET `+columns+`, updated_at = $1 WHERE id = $2`, append([]any{b.now, b.trigger}, args...)...)
}

func (b *rig) clock() {
	b.Helper()
	c := campaign.Clock{DB: b.db, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler)}
	b.must(c.Once(context.Background()))
}

// at puts the clock of the test to an hour of a fixed day, in UTC.
func (b *rig) at(clock string) {
	b.Helper()
	at, err := time.Parse("2006-01-02 15:04", "2026-05-04 "+clock)
	b.must(err)
	b.now = at
	b.exec(`UPDATE workspaces SET time_zone = 'UTC'`)
}

func TestSourcesAreToldApart(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body   func(b *rig) string
		source string
	}{
		"under a post":    {func(b *rig) string { return b.igComment("1", "77", "info") }, "comment"},
		"under a comment": {func(b *rig) string { return b.igReply("2", "1", "77", "info") }, "reply"},
		"advertisement": {func(b *rig) string {
			return b.igEntry("comments", obj{"id": "3", "text": "info", "from": obj{"id": "77"}, "media": obj{"id": post, "media_product_type": "AD", "ad_id": "9"}})
		}, "ad_comment"},
		"an ad without id": {func(b *rig) string {
			return b.igEntry("comments", obj{"id": "3", "text": "info", "from": obj{"id": "77"}, "media": obj{"id": post, "media_product_type": "AD"}})
		}, "ad_comment"},
		"a post that is an advertisement alone": {func(b *rig) string {
			return b.encode(obj{"object": "page", "entry": []any{obj{"id": fbID, "time": b.now.Unix(), "changes": []any{obj{"field": "feed", "value": obj{"item": "comment", "verb": "add", "comment_id": "30_41", "post_id": fbID + "_30", "parent_id": fbID + "_30",
				"created_time": b.now.Unix(), "message": "info", "from": obj{"id": "55", "name": "A"}, "post": obj{"id": fbID + "_30", "is_published": false, "promotion_status": "active"}}}}}}})
		}, "ad_comment"},
		"a boosted post among the others": {func(b *rig) string {
			return b.encode(obj{"object": "page", "entry": []any{obj{"id": fbID, "time": b.now.Unix(), "changes": []any{obj{"field": "feed", "value": obj{"item": "comment", "verb": "add", "comment_id": "30_41", "post_id": fbID + "_30", "parent_id": fbID + "_30",
				"created_time": b.now.Unix(), "message": "info", "from": obj{"id": "55", "name": "A"}, "post": obj{"id": fbID + "_30", "is_published": true, "promotion_status": "active"}}}}}}})
		}, "comment"},
		"a mention in a story, without a word": {func(b *rig) string {
			b.set(`keywords = '[]', intents = '{}'`)
			return b.igMessaging(obj{"sender": obj{"id": "77"}, "recipient": obj{"id": igID}, "message": obj{"mid": "m3", "attachments": []any{obj{"type": "story_mention", "payload": obj{"url": "https://x.invalid/s"}}}}})
		}, "mention"},
		"reply under an ad": {func(b *rig) string {
			return b.igEntry("comments", obj{"id": "3", "parent_id": "1", "text": "info", "from": obj{"id": "77"}, "media": obj{"id": post, "media_product_type": "AD", "ad_id": "9"}})
		}, "ad_comment"},
		"broadcast": {func(b *rig) string {
			return b.igEntry("live_comments", obj{"id": "4", "text": "info", "from": obj{"id": "77"}, "media": obj{"id": post}})
		}, "live_comment"},
		"message": {func(b *rig) string { return b.igMessage("m1", "77", "info") }, "message"},
		"answer to a story": {func(b *rig) string {
			return b.igMessaging(obj{"sender": obj{"id": "77"}, "recipient": obj{"id": igID}, "message": obj{"mid": "m2", "text": "info", "reply_to": obj{"story": obj{"id": "5", "url": "https://x.invalid/s"}}}})
		}, "story_reply"},
		"mention elsewhere": {func(b *rig) string {
			return b.encode(obj{"object": "page", "entry": []any{obj{"id": fbID, "time": b.now.Unix(), "changes": []any{obj{"field": "mention", "value": obj{"item": "comment", "verb": "add", "post_id": "9_1", "comment_id": "9_2", "created_time": b.now.Unix(), "message": "info", "sender_id": "55", "sender_name": "A"}}}}}})
		}, "mention"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.set(`sources = ARRAY[$3]`, c.source)
			b.feed(c.body(b))
			if len(b.actions()) == 0 {
				t.Errorf("a trigger for %s does nothing: %v", c.source, b.reasons())
			}
			b = newRig(t)
			b.set(`sources = array_remove(sources, $3)`, c.source)
			b.feed(c.body(b))
			if len(b.actions()) > 0 {
				t.Errorf("a trigger for all but %s acts: %v", c.source, b.reasons())
			}
			b.lastReason("not for a")
		})
	}
}

// An advertisement made of a post has a media of its own. Whoever chooses the post means it, its hashtags count, and
// nobody is answered under both.
func TestAnAdvertisementOfAPostIsThePost(t *testing.T) {
	t.Parallel()
	ad := func(b *rig, id, person, of string) string {
		return b.igEntry("comments", obj{"id": id, "text": "info", "from": obj{"id": person}, "media": obj{"id": "9988", "media_product_type": "AD", "ad_id": "9", "original_media_id": of}})
	}
	b := newRig(t)
	b.feed(b.igComment("1", "77", "info"))
	b.exec(`UPDATE posts SET caption = 'Kayaks #summer', fetched_at = now()`)
	b.set(`hashtags = '{summer}', post_ids = ARRAY[$3::bigint]`, b.id(`SELECT id FROM posts WHERE external_id = $1`, post))
	b.feed(ad(b, "2", "78", post))
	b.lastReason("reply planned")
	if got := b.text(`SELECT ad_id FROM comments WHERE external_id = '2'`); got != "9" {
		t.Errorf("the advertisement is %q", got)
	}
	b.feed(ad(b, "3", "77", post))
	b.lastReason("has answered this person on this post already")
	b.feed(ad(b, "4", "79", "179555"))
	b.lastReason("another post")
}

func TestOncePerPerson(t *testing.T) {
	t.Parallel()
	other := func(b *rig, id, person string) string {
		return b.igEntry("comments", obj{"id": id, "text": "info", "from": obj{"id": person}, "media": obj{"id": "179002"}})
	}
	for once, want := range map[string]int{"post": 3, "trigger": 2, "period": 2} {
		b := newRig(t)
		b.set(`once = $3`, once)
		b.feed(b.igComment("1", "77", "info"), b.igComment("2", "77", "info"), other(b, "3", "77"), b.igComment("4", "78", "info"))
		if got := len(b.actions("private_reply.send")); got != want {
			t.Errorf("once a %s: %d answers, want %d: %v", once, got, want, b.reasons())
		}
	}
}

// Who was joined out of two identities is one person: what was answered to one of them is not answered to the
// other again, in one batch or later. Parted again they are two.
func TestOncePerPersonOverTheirIdentities(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.set(`once = 'trigger'`)
	b.feed(b.igComment("1", "77", "hello"), b.igComment("2", "78", "hello"))
	join := func(to, of string) {
		b.exec(`UPDATE identities SET contact_id = (SELECT contact_id FROM identities WHERE external_id = $1) WHERE external_id = $2`, to, of)
	}
	was := b.id(`SELECT contact_id FROM identities WHERE external_id = '78'`)
	join("77", "78")
	b.feed(b.igComment("3", "77", "info"))
	b.feed(b.igComment("4", "78", "info"))
	b.lastReason("has answered this person already")
	if got := len(b.actions("private_reply.send")); got != 1 {
		t.Fatalf("%d answers to one person, want 1: %v", got, b.reasons())
	}
	b.exec(`UPDATE identities SET contact_id = $1 WHERE external_id = '78'`, was)
	b.feed(b.igComment("5", "78", "info"))
	b.lastReason("reply planned")

	b = newRig(t)
	b.set(`once = 'trigger'`)
	b.feed(b.igComment("1", "77", "hello"), b.igComment("2", "78", "hello"))
	join("77", "78")
	b.feed(b.igComment("3", "77", "info"), b.igComment("4", "78", "info"))
	if got := len(b.actions("private_reply.send")); got != 1 {
		t.Errorf("%d answers to one person in one batch, want 1: %v", got, b.reasons())
	}
}

func TestOncePerWindow(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.at("08:00")
	b.set(`once = 'period', recurrence = '0 9,11 * * *', duration_minutes = 60`)
	b.clock()
	for i, c := range []struct {
		at, reason string
	}{
		{"08:59", "outside its windows"}, {"09:00", "reply planned"}, {"09:59", "in this period already"}, {"10:00", "outside its windows"}, {"11:30", "reply planned"}, {"11:31", "in this period already"},
	} {
		b.at(c.at)
		b.clock()
		b.feed(b.igComment(fmt.Sprint(i), "77", "info"))
		b.lastReason(c.reason)
	}
	if n := b.id(`SELECT count(*) FROM trigger_runs WHERE window_id IS NOT NULL`); n != 2 {
		t.Errorf("%d runs name their window, want 2", n)
	}
}

// A comment is inside by the time it was written, also when it comes after the window has closed; what
// was written in a window that nobody opened is not answered late.
func TestAWindowThatPassedWhileDown(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.at("08:00")
	b.set(`recurrence = '0 9,11,13 * * *', duration_minutes = 30`)
	b.clock()
	b.at("09:10")
	b.clock()
	b.at("09:20")
	first := b.igComment("1", "77", "info")
	b.at("09:40") // the window has closed; the comment was written in it
	b.clock()
	b.feed(first)
	b.lastReason("reply planned")
	b.at("11:10")
	second := b.igComment("2", "78", "info")
	b.at("12:00") // nobody was there from 09:40 on
	b.feed(second)
	b.lastReason("it is not made up for")
	b.clock()
	b.feed(b.igComment("3", "79", "info"))
	b.lastReason("outside its windows")
	b.at("13:20") // back in the middle of a window: what is left of it counts
	b.clock()
	b.feed(b.igComment("4", "80", "info"))
	b.lastReason("reply planned")
	for at, want := range map[string]string{"09:00": "closed", "11:00": "missed", "13:00": "open"} {
		if got := b.text(`SELECT coalesce(string_agg(state, ','), '') FROM trigger_windows WHERE local_start = ('2026-05-04 ' || $1)::timestamp`, at); got != want {
			t.Errorf("the window of %s is %q, want %s", at, got, want)
		}
	}
}

func TestCampaignSwitchesItsTriggers(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	id := b.id(`INSERT INTO campaigns (workspace_id, name, state) VALUES ($1, 'Summer', 'draft') RETURNING id`, b.ws)
	b.set(`campaign_id = $3`, id)
	for i, c := range []struct{ change, reason string }{
		{`state = 'draft'`, "«Summer» is not live yet"},
		{`state = 'paused'`, "«Summer» is paused"},
		{`state = 'live', starts_at = now() + interval '1 day'`, "before its campaign «Summer» began"},
		{`starts_at = NULL, ends_at = now() - interval '1 day'`, "after its campaign «Summer» ended"},
		{`ends_at = NULL`, "reply planned"},
	} {
		b.exec(`UPDATE campaigns SET `+c.change+` WHERE id = $1`, id)
		b.feed(b.igComment(fmt.Sprint(i), fmt.Sprint("7", i), "info"))
		b.lastReason(c.reason)
	}
	for _, table := range []string{"actions", "handoffs", "trigger_runs"} {
		if n := b.id(`SELECT count(*) FROM `+table+` WHERE campaign_id IS DISTINCT FROM $1`, id); n > 0 {
			t.Errorf("%d %s do not say which campaign they are for", n, table)
		}
	}
}

func TestTheLoserIsNamed(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`INSERT INTO triggers (workspace_id, name, state, sources, keywords, public_replies, priority) VALUES ($1, 'Late', 'live', '{comment}', '[{"words":["info"]}]', '{"en":["late"]}', -1)`, b.ws)
	b.feed(b.igComment("1", "77", "info"))
	b.lastReason("«Late» matched too but «Spring» is of higher priority")
	b.feed(b.igComment("2", "77", "info")) // the first one decides: the other does not speak in its place
	b.lastReason("has answered this person on this post already; «Late» matched too")
	if n := len(b.actions("comment.reply")); n != 1 {
		t.Errorf("%d public replies, want 1", n)
	}
}

func TestVariantsDoNotRepeat(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.set(`public_replies = '{"en":["a","b","c"]}'`)
	for i := range 30 {
		b.receive(b.igComment(fmt.Sprint(i), fmt.Sprint("p", i), "info"))
		if i%4 == 0 {
			b.work() // some come alone, some in one batch
		}
	}
	b.work()
	last, used := "", map[string]int{}
	for _, a := range b.actions("comment.reply") {
		if a.Text == last {
			t.Errorf("%q twice in a row", a.Text)
		}
		last = a.Text
		used[a.Text]++
	}
	if len(used) != 3 {
		t.Errorf("variants used: %v", used)
	}
}

func TestDelaysAreDrawnFromTheComment(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.set(`delay_seconds = 60, jitter_seconds = 120`)
	waits := map[int64]bool{}
	for i := range 12 {
		b.feed(b.igComment(fmt.Sprint(i), fmt.Sprint("p", i), "info"))
		waits[b.id(`SELECT extract(epoch FROM max(a.not_before) - max(c.commented_at))::bigint FROM actions a JOIN comments c ON c.id = a.comment_id WHERE c.external_id = $1`, fmt.Sprint(i))] = true
	}
	for w := range waits {
		if w < 60 || w > 180 {
			t.Errorf("an answer waits %d s, want 60 to 180", w)
		}
	}
	if len(waits) < 6 {
		t.Errorf("12 answers wait only %d different times", len(waits))
	}
}

func TestAHashtagWaitsForTheCaption(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.set(`hashtags = '{#Verão,other}'`)
	b.feed(b.igComment("1", "77", "info"))
	b.lastReason("held against it again when the post has been read")
	f := b.fetcher(nil)
	b.must(f.raiseCaptionWaits(context.Background()))
	if n := b.id(`SELECT count(*) FROM caption_waits`); n != 1 {
		t.Fatalf("%d wait before the post is read, want 1", n)
	}
	b.exec(`UPDATE posts SET caption = 'Novos kayaks #verao2026 #VERAO!', fetched_at = now()`)
	b.must(f.raiseCaptionWaits(context.Background()))
	b.work()
	b.lastReason("the post has been read: allowed; «Spring» matched")
	b.wantActions("comment.reply planned, private_reply.send planned")
	b.exec(`UPDATE posts SET caption = 'Novos kayaks #verao2026'`)
	b.feed(b.igComment("2", "78", "info"))
	b.lastReason("none of its hashtags")
}

// Two replicas on one viral post: the ceiling holds exactly, and is reached.
func TestCeilingsUnderTwoReplicas(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ hour, day, want int64 }{{37, 50, 50}, {310, 330, 330}} {
		t.Run(fmt.Sprint(c.hour), func(t *testing.T) {
			t.Parallel()
			underCeilings(t, c.hour, c.day, c.want)
		})
	}
}

func underCeilings(t *testing.T, hourly, daily, want int64) {
	b := newRig(t)
	b.at("10:30")
	const people = 400
	b.set(`per_hour = $3, per_day = $4`, hourly, daily)
	var bodies []string
	for i := range people {
		bodies = append(bodies, b.igComment(fmt.Sprintf("c%d", i), fmt.Sprintf("p%d", i), "info"))
	}
	b.pass(40 * time.Minute)
	for i := range people {
		bodies = append(bodies, b.igComment(fmt.Sprintf("d%d", i), fmt.Sprintf("q%d", i), "info"))
	}
	b.receive(bodies...)
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	var work sync.WaitGroup
	split := &Splitter{DB: b.db, Accounts: b.dir, Parse: webhook.Parse, Log: slog.New(slog.DiscardHandler)}
	work.Go(func() { _ = split.Run(ctx) })
	for n := range 2 {
		d := b.newDecider(fmt.Sprintf("replica %d", n))
		d.Lanes.Share = func(lane int16) bool { return int(lane)%2 == n }
		work.Go(func() { _ = d.Run(ctx) })
	}
	b.eventually(func() bool { return b.id(`SELECT count(*) FROM events WHERE state = 'done'`) == 2*people })
	stop()
	work.Wait()
	for hour, most := range map[string]int64{"10": hourly, "11": hourly} {
		n := b.id(`SELECT count(*) FROM trigger_runs r JOIN comments c ON c.id = r.comment_id WHERE extract(hour FROM c.commented_at AT TIME ZONE 'UTC') = $1::int`, hour)
		if n > most {
			t.Errorf("%d answers to what was written at %s, the ceiling is %d", n, hour, most)
		}
	}
	if n := b.id(`SELECT count(*) FROM trigger_runs`); n != want {
		t.Errorf("%d answers in the day, want its ceiling of %d", n, want)
	}
	for _, kind := range []string{"private_reply.send", "comment.reply"} {
		if got := int64(len(b.actions(kind))); got != want {
			t.Errorf("%d %s, want %d", got, kind, want)
		}
	}
	said := strings.Join(b.reasons(), "\n")
	if !strings.Contains(said, "its ceiling of answers in the hour") && !strings.Contains(said, "its ceiling of answers in the day") {
		t.Error("nobody is told of the ceiling")
	}
}
