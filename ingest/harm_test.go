package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"ponte/channels"
	"ponte/channels/webhook"
	"ponte/inbox"
	"ponte/jobs"
)

var errKilled = errors.New("killed")

// once decides one batch with a decider that is killed at a point, and says whether it was.
func (b *rig) killedAt(point string) (killed bool) {
	b.Helper()
	d := b.newDecider("doomed")
	b.exec(`UPDATE lanes SET expires_at = '-infinity'`)
	held := b.held(d)
	defer func() {
		if p := recover(); p != nil {
			if p != any(errKilled) {
				panic(p)
			}
			killed = true
		}
	}()
	d.Crash = func(at string) {
		if at == point {
			panic(errKilled)
		}
	}
	_, err := d.Once(context.Background(), held)
	b.must(err)
	return false
}

// journey is every step from a comment to a withdrawal; what it leads to must be the same whenever the
// process dies in between.
func (b *rig) journey(at func()) string {
	b.Helper()
	step := func(bodies ...string) {
		b.receive(bodies...)
		b.split()
		at()
		b.exec(`UPDATE lanes SET expires_at = '-infinity'`)
		b.work()
		b.sent()
		b.pass(time.Minute)
	}
	step(b.igComment("c1", "77", "info"), b.igComment("c2", "78", hateful))
	text, _ := b.reference("en")
	step(b.waText("w1", customer, text))
	step(b.waText("w2", customer, "my order"))
	step(b.waText("w3", customer, "yes"))
	step(b.waText("w4", customer, "STOP"))
	step(b.igUnsend("none", "77"), b.fbFeed("remove", "30_9", "55", ""))
	var out []string
	b.must(b.db.Select(&out, `
		SELECT 'action ' || kind || ' ' || purpose || ' ' || regexp_replace(coalesce(call->>'text', ''), '~ref:\d+~', '~') FROM actions
		UNION ALL SELECT 'event ' || key || ' ' || reason FROM events
		UNION ALL SELECT 'consent ' || act || ' ' || how FROM consent_entries
		UNION ALL SELECT 'message ' || direction || ' ' || text FROM messages WHERE text NOT LIKE '%Ref:%'
		UNION ALL SELECT 'conversation ' || state || ' ' || handler || ' ' || unread || ' ' || revision FROM conversations
		UNION ALL SELECT 'join ' || how FROM identity_joins
		UNION ALL SELECT 'counts ' || (SELECT count(*) FROM contacts) || ' ' || (SELECT count(*) FROM identities) || ' ' || (SELECT count(*) FROM verdicts) || ' ' || (SELECT count(*) FROM trigger_runs)
		ORDER BY 1`))
	return strings.Join(out, "\n")
}

func TestKilledAtEveryPointOfTheJourney(t *testing.T) {
	t.Parallel()
	want := newRig(t).journey(func() {})
	for _, point := range []string{"before write", "before commit", "after commit"} {
		t.Run(point, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			got := b.journey(func() {
				if !b.killedAt(point) {
					t.Fatalf("nothing was to be decided %s", point)
				}
			})
			if got != want {
				t.Errorf("the outcome differs\ngot:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// Two replicas with the same lanes, many people, everything delivered twice and mixed.
func TestTwoDecidersNeverDouble(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	const people = 150
	var bodies []string
	for i := range people {
		body := b.igComment(fmt.Sprintf("c%d", i), fmt.Sprintf("p%d", i), "info")
		bodies = append(bodies, body, b.igMessage(fmt.Sprintf("m%d", i), fmt.Sprintf("p%d", i), "hello there"), body)
	}
	b.receive(bodies...)
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	var work sync.WaitGroup
	for n := range 2 {
		s := &Splitter{DB: b.db, Accounts: b.dir, Parse: webhook.Parse, Log: slog.New(slog.DiscardHandler)}
		work.Go(func() { _ = s.Run(ctx) })
		d := b.newDecider(fmt.Sprintf("replica %d", n))
		d.Lanes.Share = func(lane int16) bool { return int(lane)%2 == n } // and everything once the other is gone
		work.Go(func() { _ = d.Run(ctx) })
	}
	b.eventually(func() bool {
		return b.id(`SELECT count(*) FROM deliveries WHERE state = 'split'`) == 3*people && b.id(`SELECT count(*) FROM events WHERE state = 'done'`) == 2*people
	})
	stop()
	work.Wait()
	for stmt, want := range map[string]int64{
		`SELECT count(*) FROM actions WHERE kind = 'comment.reply'`:      people,
		`SELECT count(*) FROM actions WHERE kind = 'private_reply.send'`: people,
		`SELECT count(*) FROM contacts`:                                  people,
		`SELECT count(*) FROM messages`:                                  people,
		`SELECT count(*) FROM trigger_runs`:                              people,
		`SELECT count(*) FROM lanes WHERE expires_at > now()`:            0,
		`SELECT count(*) FROM events WHERE reason = ''`:                  0,
	} {
		if got := b.id(stmt); got != want {
			t.Errorf("%s: %d, want %d", stmt, got, want)
		}
	}
}

func (b *rig) eventually(ok func() bool) {
	b.Helper()
	for end := time.Now().Add(50 * time.Second); !ok(); {
		if time.Now().After(end) {
			b.Fatalf("it did not come to rest: %v", b.reasons()[:min(20, len(b.reasons()))])
		}
		<-time.After(10 * time.Millisecond)
	}
}

// The lease of a paused process runs out; another one takes over and finishes; the first must not write.
func TestALostLaneWritesNothing(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.receive(b.igComment("c1", "77", "info"))
	b.split()
	paused, other := b.newDecider("paused"), b.newDecider("other")
	old := b.held(paused)
	b.exec(`UPDATE lanes SET expires_at = '-infinity'`)
	now := b.held(other)
	if len(now) != inbox.Lanes {
		t.Fatalf("took over %d lanes, want all", len(now))
	}
	if n, err := other.Once(context.Background(), now); n != 1 || err != nil {
		t.Fatalf("decided %d, %v", n, err)
	}
	b.receive(b.igComment("c2", "78", "info"))
	b.split()
	if _, err := paused.Once(context.Background(), old); !errors.Is(err, jobs.ErrLost) {
		t.Errorf("the late writer got %v, want ErrLost", err)
	}
	b.wantActions("comment.reply planned, private_reply.send planned")
}

// What people write under a trigger whose number was removed is kept and judged; it answers nobody, and a message waits
// for a person.
func TestATriggerThatLeadsNowhereAnswersNobody(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE triggers SET handoff_account_id = $1, sources = '{comment,message}' WHERE id = $2`, b.fb.ID, b.trigger) // no WhatsApp number
	b.feed(b.igComment("c1", "77", "info"), b.igComment("c2", "78", hateful), b.igMessage("m1", "79", "info"))
	for key, want := range map[string]string{"c1": "not connected", "m1": "for a person; its trigger leads"} {
		if got := b.text(`SELECT state || ' ' || reason FROM events WHERE key LIKE $1`, "%"+key+"%"); !strings.HasPrefix(got, "done ") || !strings.Contains(got, want) {
			t.Errorf("%s ended as %s", key, got)
		}
	}
	if n := b.id(`SELECT count(*) FROM comments`) + 10*b.id(`SELECT count(*) FROM conversations WHERE handler = 'human' AND waiting_since IS NOT NULL`); n != 12 {
		t.Errorf("kept and waiting: %d", n)
	}
	b.wantActions("comment.hide planned")
}

// What cannot be decided – here a workspace whose stored bot cannot be read – fails its own events; the others go on,
// and the bad ones end parked with a reason, not in a circle.
func TestAnEventThatCannotBeDecidedStopsNoOther(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	home := b.ws
	b.ws = b.id(`INSERT INTO workspaces (name, brand, locale, time_zone_at, settings) VALUES ('broken', 'Other', 'en', '2000-01-01', '{"bot":"no object"}') RETURNING id`)
	b.account("instagram", "17841499", "", "")
	b.ws = home
	b.receive(strings.ReplaceAll(b.igComment("c1", "77", "info"), igID, "17841499"), b.igComment("c2", "78", hateful), b.igComment("c3", "79", "nice"), b.waText("w1", customer, "hello"))
	b.split()
	for range maxUnknown {
		b.decide()
		b.exec(`UPDATE events SET not_before = NULL WHERE state = 'pending'`)
	}
	var states []string
	b.must(b.db.Select(&states, `SELECT state || ' ' || (reason <> '') || ' ' || attempts FROM events ORDER BY id`))
	if got := strings.Join(states, ", "); got != "parked true 40, done true 0, done true 0, done true 0" {
		t.Errorf("events ended as %s: %v", got, b.reasons())
	}
	b.wantActions("comment.hide planned, message.send planned")
}

func TestAPanicOverOneEventStopsNoOther(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	// A status whose template is missing: the handler trips over it.
	b.receive(b.igComment("c1", "77", "info"))
	b.split()
	b.exec(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, occurred_at, payload)
		VALUES ($1, $2, 'broken', 'template.changed', 'whatsapp', 1, now(), '{"kind":"template.changed","channel":"whatsapp"}'),
		       ($1, $2, 'unreadable', 'comment.added', 'instagram', 2, now(), '{"time":"soon"}')`, b.ws, b.wa.ID)
	b.decide()
	b.wantActions("comment.reply planned, private_reply.send planned")
	if n := b.id(`SELECT count(*) FROM events WHERE state = 'pending' AND attempts = 1 AND reason LIKE 'could not be decided: %' AND not_before > now()`); n != 2 {
		t.Errorf("%d bad events wait for another try: %v", n, b.reasons())
	}
}

func TestAParserThatPanicsStopsNoOther(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.splitter.Parse = func(body []byte) ([]channels.Event, error) {
		if strings.Contains(string(body), "boom") {
			panic("out of range")
		}
		return webhook.Parse(body)
	}
	b.feed(b.igComment("c1", "77", "info"), b.igComment("c2", "78", "boom"), b.igComment("c3", "79", "info"))
	if got := b.text(`SELECT reason FROM deliveries WHERE state = 'parked'`); !strings.Contains(got, "could not be parsed") || strings.Contains(got, "range") {
		t.Errorf("parked with %q", got)
	}
	if n := len(b.actions("private_reply.send")); n != 2 {
		t.Errorf("%d private replies, want 2", n)
	}
}

func TestWhatTheDatabaseRefusesIsParkedAlone(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.splitter.Parse = func(body []byte) ([]channels.Event, error) {
		events, err := webhook.Parse(body)
		if strings.Contains(string(body), "boom") {
			events[0].Key = "a\x00b"
		}
		return events, err
	}
	b.feed(b.igComment("c1", "77", "info"), b.igComment("c2", "78", "boom"), b.igComment("c3", "79", "info"))
	if got := b.text(`SELECT reason || ' ' || attempts FROM deliveries WHERE state = 'parked'`); !strings.HasPrefix(got, "could not be split: the database refused it") {
		t.Errorf("parked with %q", got)
	}
	if n := len(b.actions("private_reply.send")); n != 2 {
		t.Errorf("%d private replies, want 2", n)
	}
}

func TestOneDeliveryWithManyEntries(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	var changes []any
	for i := range 1000 {
		changes = append(changes, obj{"field": "comments", "value": obj{"id": fmt.Sprint("c", i), "text": "info " + strings.Repeat("é", i%50), "from": obj{"id": fmt.Sprint("p", i%100)}, "media": obj{"id": post}}})
	}
	changes[500] = obj{"field": "comments", "value": 7}
	b.feed(b.encode(obj{"object": "instagram", "entry": []any{obj{"id": igID, "time": b.now.Unix(), "changes": changes}}}))
	if n := b.id(`SELECT count(*) FROM comments`); n != 999 {
		t.Errorf("%d comments of 999", n)
	}
	if n := len(b.actions("private_reply.send")); n != 100 {
		t.Errorf("%d private replies for 100 people on one post", n)
	}
}

// A body of no network that ponte knows waits under what is strange about it: no account could be connected for it.
func TestABodyOfAnotherNetworkIsNotAMissingAccount(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(`{"object":"user","entry":[{"id":"7","time":1758700000,"changed_fields":["photos"]}]}`)
	if got := b.text(`SELECT reason FROM deliveries WHERE state = 'parked'`); got != `not supported: object "user" is not one that ponte knows` {
		t.Errorf("parked with %q", got)
	}
}

func TestADeliveryWithAStrangersAccountKeepsTheRest(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	value := obj{"id": "c1", "text": "info", "from": obj{"id": "77"}, "media": obj{"id": post}}
	entry := func(account string) obj {
		return obj{"id": account, "time": b.now.Unix(), "changes": []any{obj{"field": "comments", "value": value}}}
	}
	b.feed(b.encode(obj{"object": "instagram", "entry": []any{entry("999"), entry(igID)}}))
	b.wantActions("comment.reply planned, private_reply.send planned")
	if got := b.text(`SELECT reason FROM deliveries WHERE state = 'parked'`); !strings.Contains(got, "instagram account 999") {
		t.Errorf("parked with %q", got)
	}
	b.account("instagram", "999", "", "")
	b.must(b.dir.Refresh(context.Background()))
	if n, err := Replay(context.Background(), b.db, 0); n != 1 || err != nil {
		t.Fatalf("replayed %d, %v", n, err)
	}
	b.work()
	if n := len(b.actions("private_reply.send")); n != 2 || b.id(`SELECT count(*) FROM deliveries WHERE state <> 'split'`) != 0 {
		t.Errorf("%d private replies after the replay, want one for each account", n)
	}
}

func TestEventsOfARemovedAccountEnd(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.receive(b.igComment("c1", "77", "info"))
	b.split()
	b.must(inbox.RemoveAccount(context.Background(), b.db, b.ws, b.ig.ID))
	b.must(b.dir.Refresh(context.Background()))
	b.work()
	b.lastReason("the account was removed")
	b.wantActions("")
}
