package ingest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
)

func TestAHatefulCommentIsHidden(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igComment("1", "77", hateful))
	b.wantActions("comment.hide planned")
	b.lastReason("hidden: ")
	if got := b.text(`SELECT decision || ' ' || tier FROM verdicts`); !strings.HasPrefix(got, "hide ") {
		t.Errorf("verdict %q", got)
	}
	if got := b.text(`SELECT why FROM review_items WHERE state = 'open'`); got != "hidden" {
		t.Errorf("shown to people as %q, want hidden: they can undo it", got)
	}
}

func TestAQuestionIsAnsweredInPublicAndInPrivate(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igComment("1", "77", wantsToKnow))
	b.wantActions("comment.reply planned, private_reply.send planned")
	b.lastReason("«Spring» matched")
	for _, a := range b.actions("private_reply.send") {
		sent := router.ExpandReferences(b.keys.Derive("handoff"), a.Text)
		code, ok := router.FindReference(strings.ReplaceAll(sent, "%20", " "))
		if !ok || sent == a.Text || !strings.Contains(a.Text, "https://wa.me/61400000000?text=") {
			t.Errorf("the private reply %q has no place for the reference", a.Text)
		}
		hash := router.HashReference(code)
		if again, _ := router.NewReference(b.keys.Derive("handoff"), b.id(`SELECT id FROM handoffs`)); again == code {
			t.Error("a database that begins anew with the same key gives the same reference to somebody else")
		}
		if b.id(`SELECT count(*) FROM handoffs WHERE hash = $1`, hash) != 1 {
			t.Error("the hash that is kept is not the one of the reference that will be sent")
		}
		for _, table := range []string{"actions", "handoffs", "events", "messages"} {
			if b.id(`SELECT count(*) FROM `+table+` x WHERE x::text LIKE '%' || $1 || '%'`, code) > 0 {
				t.Errorf("%s holds the reference itself", table)
			}
		}
	}
	if n := b.id(`SELECT count(*) FROM trigger_runs`); n != 1 {
		t.Errorf("%d runs, want 1", n)
	}
	b.feed(b.igComment("2", "77", "info again"), b.igComment("3", "78", "info"))
	b.wantActions("comment.reply planned, private_reply.send planned, comment.reply planned, private_reply.send planned")
}

func TestWhatNeedsNoAnswerEndsWithAReason(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	old := b.igComment("old", "80", "info")
	b.pass(25 * time.Hour)
	for name, c := range map[string]struct{ body, reason string }{
		"praise":      {b.igComment("1", "77", "beautiful kayaks"), "no trigger matched"},
		"our own":     {b.igComment("2", igID, "info"), "own comment"},
		"no author":   {b.fbFeed("add", "30_1", "", "info"), "withheld the author"},
		"too old":     {old, "too old"},
		"a read mark": {b.igMessaging(obj{"sender": obj{"id": "66"}, "recipient": obj{"id": igID}, "read": obj{"mid": "x"}}), "read by the person"},
		"unknown":     {b.igEntry("something_new", obj{"a": 1}), "not supported"},
	} {
		b.feed(c.body)
		b.lastReason(c.reason)
		if len(b.actions()) > 0 {
			t.Fatalf("%s: planned %s", name, summary(b.actions()))
		}
	}
}

func TestTheSameTwiceActsOnce(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	comment, hate := b.igComment("1", "77", "info"), b.igComment("2", "78", hateful)
	b.feed(comment, comment, hate)
	b.feed(hate, comment)
	b.wantActions("comment.reply planned, private_reply.send planned, comment.hide planned")
	if n := b.id(`SELECT count(*) FROM events`); n != 2 {
		t.Errorf("%d events, want 2", n)
	}
}

func TestDeliveriesOvertakeEachOther(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	// The edit comes before the comment; the older text then changes nothing.
	b.feed(b.fbFeed("edited", "30_1", "55", hateful))
	b.feed(b.fbFeed("add", "30_1", "55", "info"))
	b.wantActions("comment.hide planned")
	b.lastReason("known already")
	// The removal comes before the comment; nothing is said to what is gone, nothing is hidden.
	b.feed(b.fbFeed("remove", "30_2", "55", ""))
	b.lastReason("before it was ever seen")
	b.feed(b.fbFeed("add", "30_2", "56", "info"))
	b.lastReason("gone already")
	b.feed(b.fbFeed("remove", "30_3", "55", ""), b.fbFeed("add", "30_3", "57", hateful))
	b.wantActions("comment.hide planned")
	if n := b.id(`SELECT count(*) FROM comments WHERE state = 'removed'`); n != 2 {
		t.Errorf("%d comments are known as removed, want 2", n)
	}
}

// Somebody who edits to and fro is judged by what stands there now, also by words that were judged before.
func TestEditingToAndFro(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.fbFeed("add", "30_1", "55", "lovely boats"))
	for _, text := range []string{hateful, "lovely boats", hateful} {
		b.pass(time.Minute)
		b.feed(b.fbFeed("edited", "30_1", "55", text))
	}
	if got := b.text(`SELECT text || ': ' || decision FROM comments`); got != hateful+": hide" {
		t.Errorf("the comment is kept as %q", got)
	}
	// The same edit announced again, and one that comes after a newer one, change nothing.
	verdicts := b.id(`SELECT count(*) FROM verdicts`)
	b.pass(time.Minute)
	b.feed(b.fbFeed("edited", "30_1", "55", hateful))
	b.lastReason("the text is the same")
	b.pass(-3 * time.Minute)
	b.feed(b.fbFeed("edited", "30_1", "55", "lovely canoes"))
	b.lastReason("an earlier edit that came late")
	if n := b.id(`SELECT count(*) FROM verdicts`); n != verdicts {
		t.Errorf("%d verdicts came of nothing", n-verdicts)
	}
}

func TestEditAndRemoveCancelWhatWaits(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.fbFeed("add", "30_1", "55", "info"))
	b.feed(b.fbFeed("edited", "30_1", "55", hateful))
	b.wantActions("comment.reply cancelled, private_reply.send cancelled, comment.hide planned")
	b.lastReason("edited: hidden")
	b.feed(b.fbFeed("edited", "30_1", "55", hateful))
	b.wantActions("comment.reply cancelled, private_reply.send cancelled, comment.hide planned")
	b.feed(b.fbFeed("remove", "30_1", "55", ""))
	b.wantActions("comment.reply cancelled, private_reply.send cancelled, comment.hide cancelled")
	if got := b.text(`SELECT outcome FROM review_items`); got != "superseded" {
		t.Errorf("the item for people is %q after the comment went", got)
	}
	b.feed(b.fbFeed("add", "30_2", "56", "info"))
	b.feed(b.fbFeed("edited", "30_2", "56", "info please"))
	if got := summary(b.actions("private_reply.send")); got != "private_reply.send cancelled, private_reply.send planned" {
		t.Errorf("%s: a harmless edit must neither bring a second reply nor stop the first", got)
	}
	b.feed(b.fbFeed("edited", "30_2", "56", unsure))
	if got := summary(b.actions("private_reply.send")); got != "private_reply.send cancelled, private_reply.send cancelled" {
		t.Errorf("%s: what a person must look at is not answered", got)
	}
}

// TestAnEditEndsADeletion: what cannot be undone was decided about other words, by rules or by a person; somebody looks
// at the new ones, which stay hidden meanwhile.
func TestAnEditEndsADeletion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, actions, queue string }{
		"harmless": {"what a lovely boat", "comment.hide done, comment.delete cancelled", "edited"},
		"unsure":   {unsure, "comment.hide done, comment.delete cancelled", "review"},
		"as bad":   {slur + " still", "comment.hide done, comment.delete cancelled, comment.delete planned", "deleted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.settings(`{"strikes":{"days":30}}`, deletes)
			b.feed(b.fbFeed("add", "30_1", "55", hateful))
			b.exec(`UPDATE review_items SET state = 'decided', outcome = 'hide', decided_at = now()`)
			b.exec(`DELETE FROM actions`)
			b.feed(b.fbFeed("add", "30_2", "55", slur))
			b.wantActions("comment.hide planned, comment.delete planned")
			b.exec(`UPDATE actions SET state = 'done', done_at = now() WHERE kind = 'comment.hide'`)
			b.exec(`UPDATE comments SET state = 'hidden', state_by = 'policy' WHERE external_id = '30_2'`)
			b.feed(b.fbFeed("edited", "30_2", "55", c.text))
			b.wantActions(c.actions)
			if got := b.queue(); got != c.queue {
				t.Errorf("queued as %q, want %q", got, c.queue)
			}
		})
	}
}

// TestAnAnswerThatComesLateHasNoSay: while the model was asked, the team made a rule that is sure.
func TestAnAnswerThatComesLateHasNoSay(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.asking = true
	b.feed(b.igComment("c1", "77", unsure))
	b.lastReason("the model was asked")
	b.rules(`[{"name":"ours","text":"a word of ours","category":"harassment","decision":"hide","score":0.9,"words":["` + unsure + `"],"exact":true}]`)
	b.answered(&moderation.LLMAnswer{Category: "none", Score: 0.9}, "")
	if got := b.text(`SELECT decision || ' ' || tier FROM verdicts ORDER BY id DESC LIMIT 1`); got != "hide rules" {
		t.Errorf("%s: the model's answer to a question that is no question any more overruled the team's rule", got)
	}
	b.wantActions("comment.hide planned")
}

func TestHiddenByHandIsKnown(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.fbFeed("add", "30_1", "55", "nice"))
	b.feed(b.fbFeed("hide", "30_1", "55", ""))
	if got := b.text(`SELECT state || ' ' || state_by FROM comments`); got != "hidden network" {
		t.Errorf("the comment is %q", got)
	}
	b.feed(b.fbFeed("unhide", "30_1", "55", ""))
	if got := b.text(`SELECT state FROM comments`); got != "visible" {
		t.Errorf("the comment is %q", got)
	}
}

func TestAPersonAnsweringElsewhereStopsTheTrigger(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igComment("1", "77", "info"))
	b.feed(b.igReply("2", "1", igID, "Hi! I have sent you everything."))
	b.wantActions("comment.reply cancelled, private_reply.send cancelled")
	b.lastReason("another tool")
}

func TestOurOwnReplyComesBack(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igComment("1", "77", "info"))
	b.exec(`UPDATE actions SET state = 'sending', sent_at = now() WHERE kind = 'comment.reply'`)
	reply := b.actions("comment.reply")[0]
	b.feed(b.igReply("2", "1", igID, reply.Text))
	b.lastReason("our own reply")
	if got := summary(b.actions("private_reply.send")); got != "private_reply.send planned" {
		t.Errorf("our own echo changed the private reply: %s", got)
	}
}

func TestUnsureGoesToAPersonOrIsAskedFirst(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igComment("1", "77", unsure))
	b.lastReason("for review: ")
	if got := b.text(`SELECT why FROM review_items`); got != "review" {
		t.Errorf("queued as %q", got)
	}
	b.asking = true
	b.feed(b.igComment("2", "78", unsure))
	b.lastReason("the model was asked")
	if b.id(`SELECT count(*) FROM asks WHERE state = 'pending'`) != 1 || b.id(`SELECT count(*) FROM review_items`) != 1 {
		t.Error("a question should be out, and nobody bothered yet")
	}
	b.wantActions("")
}

// A comment and its edit are decided together: the reply to the old words does not leave.
func TestACommentIsEditedInTheSameBatch(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.fbFeed("add", "30_1", "55", "info please"), b.fbFeed("edited", "30_1", "55", hateful))
	for _, a := range b.actions("comment.reply", "comment.private_reply") {
		if a.State != "cancelled" {
			t.Errorf("%s is %s: %v", a.Kind, a.State, b.reasons())
		}
	}
	if n := len(b.actions("comment.reply")); n != 1 {
		t.Errorf("%d replies were planned, want 1 that was cancelled", n)
	}
}

// Whoever leaves a number in public is answered, and a person takes the number out of sight; what is not harmless
// besides waits as ever.
func TestANumberLeftInPublicIsForAPersonAndAnsweredAllTheSame(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.asking = true // the language model has nothing to say about it
	b.feed(b.igComment("1", "77", "info please, you can call me on 0412 345 678"))
	b.lastReason("for review: a telephone number or an e-mail address, for everybody to read; «Spring» matched")
	if got := b.text(`SELECT why FROM review_items`); got != "review" {
		t.Errorf("queued as %q", got)
	}
	if got := b.id(`SELECT count(*) FROM asks`); got != 0 {
		t.Errorf("%d questions to the language model", got)
	}
	b.wantActions("comment.reply planned, private_reply.send planned")
	b.feed(b.igComment("2", "78", unsure+", info: 0412 345 678"))
	b.lastReason("the model was asked")
	b.wantActions("comment.reply planned, private_reply.send planned")
	b.feed(b.igComment("3", "79", hateful+" 0412 345 678 info"))
	b.lastReason("hidden: ")
}

// The word that a campaign asks people to write is answered, whatever the model makes of a word alone; a rule against it
// holds, and so does what stands beside it.
func TestTheWordThatATriggerAsksForIsNoHarm(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE triggers SET keywords = '[{"words":["idiots"]}]', intents = '{}'`)
	b.feed(b.igComment("1", "77", "IDIOTS 😍"), b.igMessage("m1", "78", "idiots"))
	for _, id := range []string{"77", "78"} {
		if n := b.id(`SELECT count(*) FROM trigger_runs r JOIN identities i ON i.id = r.identity_id WHERE i.external_id = $1`, id); n != 1 {
			t.Errorf("%s was answered %d times: %v", id, n, b.reasons())
		}
	}
	b.feed(b.igComment("2", "79", "you crooks, all of you are idiots"))
	if n := b.id(`SELECT count(*) FROM trigger_runs`); n != 2 {
		t.Errorf("what stands beside the word was not heard: %v", b.reasons())
	}
}

// A comment that was passed on says in the list what it says now, as it was judged now; who turns out to be in danger by the
// new words stands first, and so does who is passed on as such.
func TestTheNewWordsOfAPassedOnCommentAreShown(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	passOn := func(id string) int64 {
		c := b.id(`SELECT id FROM comments WHERE external_id = $1`, id)
		var talk int64
		b.must(inbox.InTx(context.Background(), b.db, func(tx *sqlx.Tx) error {
			comment, err := inbox.LockComment(context.Background(), tx, b.ws, c)
			if err != nil {
				return err
			}
			talk, err = inbox.OpenCommentConversation(context.Background(), tx, comment, b.now)
			return err
		}))
		return talk
	}
	shown := func(id int64) inbox.ConversationView {
		v, err := inbox.ViewConversation(context.Background(), b.db, b.ws, id)
		b.must(err)
		return v
	}
	b.feed(b.fbFeed("add", "30_1", "55", "do you have kayaks for two?"), b.fbFeed("add", "30_2", "56", "I want to kill myself"))
	asks, danger := passOn("30_1"), passOn("30_2")
	if v := shown(asks); v.PreviewHarm >= 0.5 || v.Priority != 0 {
		t.Errorf("a question has harm %v and priority %d", v.PreviewHarm, v.Priority)
	}
	if v := shown(danger); v.Priority != inbox.Danger || v.PreviewHarm < 0.5 {
		t.Errorf("somebody in danger is passed on with priority %d and harm %v", v.Priority, v.PreviewHarm)
	}
	for _, c := range []struct {
		text     string
		priority int
	}{{hateful, 0}, {"I want to kill myself tonight", inbox.Danger}} {
		b.pass(time.Minute)
		b.feed(b.fbFeed("edited", "30_1", "55", c.text))
		if v := shown(asks); v.Preview != c.text || v.PreviewHarm < 0.5 || v.Priority != c.priority {
			t.Errorf("edited: %q, harm %v, priority %d; want %q, harmful, priority %d: %v", v.Preview, v.PreviewHarm, v.Priority, c.text, c.priority, b.reasons())
		}
	}
}

// What somebody took away no longer stands in the list of conversations: their newest comment in the thread that is left does,
// else nothing.
func TestARemovedCommentNoLongerStandsInTheList(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.fbFeed("add", "30_1", "55", "do you have kayaks for two?"), b.fbUnder("30_1", "30_2", "55", "and are dogs allowed?"), b.fbUnder("30_1", "30_3", "56", "I would like to know too"))
	var talk int64
	b.must(inbox.InTx(context.Background(), b.db, func(tx *sqlx.Tx) error {
		comment, err := inbox.LockComment(context.Background(), tx, b.ws, b.id(`SELECT id FROM comments WHERE external_id = '30_2'`))
		if err != nil {
			return err
		}
		talk, err = inbox.OpenCommentConversation(context.Background(), tx, comment, b.now)
		return err
	}))
	for _, c := range []struct{ id, before, after string }{
		{"30_3", "and are dogs allowed?", "and are dogs allowed?"},
		{"30_2", "and are dogs allowed?", "do you have kayaks for two?"},
		{"30_1", "do you have kayaks for two?", ""},
	} {
		if got := b.text(`SELECT preview FROM conversations`); got != c.before {
			t.Fatalf("before %s is removed the list shows %q, want %q", c.id, got, c.before)
		}
		changes := b.id(`SELECT coalesce(max(id), 0) FROM changes`)
		b.pass(time.Minute)
		b.feed(b.fbFeed("remove", c.id, "55", ""))
		v, err := inbox.ViewConversation(context.Background(), b.db, b.ws, talk)
		b.must(err)
		if v.Preview != c.after {
			t.Errorf("after %s is removed the list shows %q, want %q: %v", c.id, v.Preview, c.after, b.reasons())
		}
		if waits := v.WaitingSince != nil; waits != (c.after != "") {
			t.Errorf("after %s is removed: waits %v, and of what they asked %q is left", c.id, waits, c.after)
		}
		if n := b.id(`SELECT count(*) FROM changes WHERE id > $1 AND topic = 'conversation'`, changes); (n > 0) != (c.before != c.after) {
			t.Errorf("open pages were told %d times that the conversation changed by the removal of %s", n, c.id)
		}
	}
}
