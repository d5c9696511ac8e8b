package ingest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/channels"
)

// elsewhere is a network on which the brand was mentioned.
type elsewhere struct {
	Reader
	said    map[string]string // by comment, or by media where its caption is the mention
	by      string
	caption string // of the post a comment is under
	failure error
	asked   []string
	at      time.Time // when it was said
}

func (n *elsewhere) ReadMention(_ context.Context, _ channels.Account, mediaID, commentID string) ([]byte, channels.Post, error) {
	n.asked = append(n.asked, mediaID+"/"+commentID)
	if n.failure != nil {
		return nil, channels.Post{}, n.failure
	}
	text, comment := n.said[mediaID], ""
	if commentID != "" {
		text, comment = n.said[commentID], `"comment_id":"`+commentID+`",`
	}
	return fmt.Appendf(nil, `{"object":"instagram","entry":[{"id":"%s","changes":[{"field":"mentions","value":{%s"media_id":"%s","text":%q,"timestamp":"%s","from":{"username":%q}}}]}]}`,
		igID, comment, mediaID, text, n.at.Format("2006-01-02T15:04:05-0700"), n.by), channels.Post{ID: mediaID, Caption: n.caption}, nil
}

// quiet is a network on which nobody writes messages.
type quiet struct{ annals }

func (*quiet) ListMessages(context.Context, channels.Account, time.Time, string) ([]byte, int, string, error) {
	return nil, 0, "", nil
}

func (b *rig) igMention(comment, media string) string {
	v := obj{"media_id": media}
	if comment != "" {
		v["comment_id"] = comment
	}
	return b.igEntry("mentions", v)
}

// reads lets the fetcher read what mentions say, and works.
func (b *rig) reads(n *elsewhere) *Fetcher {
	b.Helper()
	n.at = b.now
	f := b.fetcher(nil)
	f.Network = n
	b.readAgain(f)
	return f
}

func (b *rig) readAgain(f *Fetcher) {
	b.Helper()
	b.exec(`UPDATE mention_reads SET fetch_after = now()`)
	_, err := f.mentions(b.Context())
	b.must(err)
	b.work()
}

func TestAMentionOnInstagramIsReadAndAnswered(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igMention("501", "601"), b.igMention("501", "601"))
	b.wantActions("")
	b.lastReason("what was written is being read")
	n := &elsewhere{said: map[string]string{"501": "bondikayaks info please"}, by: "Ana.R"}
	f := b.reads(n)
	b.lastReason("public reply planned; no private reply, which the network does not take to a mention")
	list := b.actions("comment.reply", "private_reply.send")
	if summary(list) != "comment.reply planned" || !strings.Contains(string(list[0].Call), `"media_id": "601"`) || !strings.Contains(string(list[0].Call), `"mention": true`) {
		t.Fatalf("%s: %s; %v", summary(list), list, b.reasons())
	}
	if got := b.text(`SELECT reason FROM events WHERE key = 'mention:501'`); !strings.Contains(got, "has been read") {
		t.Errorf("the mention itself says: %s", got)
	}
	if got := b.text(`SELECT text || ' ' || author_name || ' ' || mention FROM comments WHERE external_id = '501'`); got != "bondikayaks info please Ana.R true" {
		t.Errorf("kept as %s", got)
	}
	b.feed(b.igMention("501", "601")) // told again, and the sum of it all stays
	b.readAgain(f)
	if len(n.asked) != 1 || len(b.actions("comment.reply")) != 1 {
		t.Errorf("asked %v, %s", n.asked, summary(b.actions()))
	}
}

func TestACaptionThatMentionsTheBrand(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.set(`sources = '{mention}', keywords = '[]', intents = '{}'`)
	b.feed(b.igMention("", "602"))
	b.reads(&elsewhere{said: map[string]string{"602": ""}, by: "ana"})
	list := b.actions("comment.reply")
	if summary(list) != "comment.reply planned" || !strings.Contains(string(list[0].Call), `"media_id": "602"`) || !strings.Contains(string(list[0].Call), `"comment_id": "602"`) {
		t.Errorf("%s: %v", summary(list), b.reasons())
	}
}

// A hashtag is looked for in the caption of the post on which the brand is mentioned. That post is nobody's to choose,
// and is not read as one of the brand's own.
func TestAPostElsewhere(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.set(`hashtags = '{summer}'`)
	b.feed(b.igComment("1", "77", "hello"), b.igMention("501", "601"), b.igMention("502", "602"))
	n := &elsewhere{said: map[string]string{"501": "info"}, by: "ana", caption: "my #summer"}
	f := b.reads(n)
	if got := summary(b.actions("comment.reply")); got != "comment.reply planned" {
		t.Errorf("%s: %v", got, b.reasons())
	}
	seas := &quiet{}
	f.Network = seas
	b.must(f.Sweep(b.Context()))
	if fmt.Sprint(seas.read) != "["+post+"]" {
		t.Errorf("the sweep read %v", seas.read)
	}
	b.feed(b.fbMention("9_2", "9_1", "55", "info"))
	if got := b.text(`SELECT string_agg(external_id, ',' ORDER BY external_id) FROM posts WHERE elsewhere`); got != "601,602,9_1" {
		t.Errorf("elsewhere: %s", got)
	}
}

func (b *rig) fbMention(comment, onPost, person, text string) string {
	return b.encode(obj{"object": "page", "entry": []any{obj{"id": fbID, "time": b.now.Unix(), "changes": []any{obj{"field": "mention", "value": obj{"item": "comment", "verb": "add", "post_id": onPost, "comment_id": comment,
		"created_time": b.now.Unix(), "message": text, "sender_id": person, "sender_name": "A"}}}}}})
}

// A post that was deleted on the network keeps none of the others from being read.
func TestTheSweepGoesPastADeletedPost(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igComment("1", "77", "hello"), b.igEntry("comments", obj{"id": "2", "text": "hi", "from": obj{"id": "78"}, "media": obj{"id": "179002"}}))
	b.exec(`UPDATE posts SET posted_at = now() - interval '1 day' WHERE external_id = $1`, post)
	seas := &quiet{annals{fails: map[string]error{"179002": &channels.Failure{Class: channels.GiveUp, Reason: "gone"}}}}
	f := b.fetcher(nil)
	f.Network = seas
	b.must(f.Sweep(b.Context()))
	if fmt.Sprint(seas.read) != "["+post+"]" {
		t.Errorf("the sweep read %v", seas.read)
	}
}

func TestAFacebookMentionIsAnsweredWhereItStands(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.fbMention("9_2", "9_1", "55", "info"))
	list := b.actions("comment.reply", "private_reply.send")
	if summary(list) != "comment.reply planned" || !strings.Contains(string(list[0].Call), `"comment_id": "9_2"`) {
		t.Errorf("%s: %v", summary(list), b.reasons())
	}
	// Under the Page's own post a mention is a comment, which feed tells as well.
	b = newRig(t)
	b.set(`sources = '{comment}'`)
	b.feed(b.fbMention("30_41", fbID+"_30", "55", "info"), b.fbFeed("add", "30_41", "55", "info"))
	if got := summary(b.actions()); got != "comment.reply planned, private_reply.send planned" {
		t.Errorf("under an own post: %s; %v", got, b.reasons())
	}
}

func TestWhatIsPrivateIsNotTriedOnAMention(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.set(`public_replies = '{}'`)
	b.feed(b.igMention("501", "601"))
	b.reads(&elsewhere{said: map[string]string{"501": "info"}, by: "ana"})
	b.wantActions("")
	b.lastReason("answers in private only, and the network takes no private reply to a mention")
	if n := b.id(`SELECT count(*) FROM trigger_runs`); n != 0 {
		t.Errorf("%d answers are counted", n)
	}
}

func TestAHarmfulMentionIsForAPerson(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igMention("501", "601"))
	b.reads(&elsewhere{said: map[string]string{"501": hateful}, by: "ana"})
	b.wantActions("")
	b.lastReason("would be hidden, but it stands on somebody else's post")
	if n := b.id(`SELECT count(*) FROM review_items WHERE state = 'open'`); n != 1 {
		t.Errorf("%d items for people", n)
	}
}

func TestAMentionThatCannotBeReadSaysWhy(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igMention("501", "601"))
	n := &elsewhere{failure: &channels.Failure{Class: channels.Retry, Reason: "outage", Meaning: "The network is away."}}
	f := b.reads(n)
	if b.id(`SELECT count(*) FROM mention_reads`) != 1 {
		t.Error("an outage ended the reading")
	}
	n.failure = &channels.Failure{Class: channels.GiveUp, Reason: "gone", Meaning: "It was deleted, or is not visible any more."}
	b.readAgain(f)
	b.lastReason("what was written could not be read: It was deleted, or is not visible any more.")
	if b.id(`SELECT count(*) FROM mention_reads`) != 0 || b.id(`SELECT count(*) FROM comments`) != 0 {
		t.Error("it is asked for again, or something is kept of it")
	}
	b.feed(b.igMention("502", "601"))
	n.failure = &channels.Failure{Class: channels.Retry, Reason: "outage", Meaning: "The network is away."}
	b.pass(8 * 24 * time.Hour)
	b.readAgain(f)
	b.lastReason("could not be read: The network is away.")
}

// Instagram names who mentions the brand, without an id: one person is answered once, by name or by id.
func TestOncePerPersonByName(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][2]string{"mentioned twice": {"mention", "mention"}, "mentioned after a comment": {"comment", "mention"}, "mentioned before a comment": {"mention", "comment"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.set(`once = 'trigger'`)
			n := &elsewhere{said: map[string]string{"500": "info", "501": "info"}, by: "U77"}
			for i, kind := range c {
				id := fmt.Sprint(500 + i)
				if kind == "comment" {
					b.feed(b.igComment(id, "77", "info"))
					continue
				}
				b.feed(b.igMention(id, "60"+id))
				b.reads(n)
			}
			b.lastReason("has answered this person already")
			if got := len(b.actions("comment.reply")); got != 1 {
				t.Errorf("%d answers: %v", got, b.reasons())
			}
			if n := b.id(`SELECT count(*) FROM identities`); n != 1 {
				t.Errorf("%d identities of one person", n)
			}
		})
	}
	b := newRig(t)
	b.set(`once = 'trigger'`)
	b.feed(b.igMention("501", "601"), b.igMention("502", "601"))
	n := &elsewhere{said: map[string]string{"501": "info", "502": "info"}}
	b.reads(n)
	if got := len(b.actions("comment.reply")); got != 0 {
		t.Errorf("nobody is known, and %d were answered", got)
	}
	b.lastReason("the network withheld the author")
}

func TestAMentionOfHistoryIsNotActedOn(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	tx := b.db.MustBegin()
	b.must(Store(b.Context(), tx, "backfill", []byte(b.encode(obj{"object": "instagram", "entry": []any{obj{"id": igID, "time": b.now.Add(-time.Hour).Unix(), "changes": []any{obj{"field": "mentions", "value": obj{"comment_id": "501", "media_id": "601"}}}}}}))))
	b.must(tx.Commit())
	b.work()
	n := &elsewhere{said: map[string]string{"501": "info"}, by: "ana"}
	b.exec(`UPDATE accounts SET created_at = now() + interval '1 hour'`) // or what was read now would count as news
	b.must(b.dir.Refresh(b.Context()))
	b.reads(n)
	b.wantActions("")
	b.lastReason("never acted on")
}
