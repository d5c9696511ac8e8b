package outbox

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ponte/channels"
	"ponte/gate"
	"ponte/secret"
)

func TestAddTwiceIsOneAction(t *testing.T) {
	b := setup(t)
	first := b.add(b.message("m1", "hello"))
	second := b.message("m2", "again")
	second.After = "m1"
	again := b.add(b.message("m1", "hello"), second)
	if again[0].ID != first[0].ID || again[0].Token != first[0].Token {
		t.Errorf("the repeat became action %d", again[0].ID)
	}
	if n := b.id(`SELECT count(*) FROM messages`); n != 2 {
		t.Errorf("%d bubbles", n)
	}
	if w := b.id(`SELECT waits_for FROM actions WHERE id = $1`, again[1].ID); w != first[0].ID {
		t.Errorf("the new one waits for %d, not for the one that was there", w)
	}
	if err := func() error { _, err := add(t.Context(), b.db, []work{{WorkspaceID: b.ws}}); return err }(); err == nil {
		t.Error("an action without a call was taken")
	}
}

func TestPurposeIsSetByRule(t *testing.T) {
	b := setup(t)
	a := b.message("bot", "Today 20% off everything")
	a.Origin, a.AnswersEvent = gate.FromBot, b.event(b.whatsapp, "message.received", "whatsapp", "w", "", "39333000001")
	offer := b.offer("o")
	offer.Purpose = gate.Service
	for _, got := range b.add(a, offer) {
		if got.Purpose != gate.Promotional {
			t.Errorf("%s became %s", got.Dedupe, got.Purpose)
		}
	}
	b.drain(b.sender())
	if len(b.net.order) != 0 {
		t.Errorf("offers went out without consent: %q", b.net.order)
	}
}

func TestWhatWasSentIsRecorded(t *testing.T) {
	b := setup(t)
	got := b.add(b.message("m", "hello"), b.onComment("hide", channels.HideComment))
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	b.want(got[1].ID, "done")
	if s := b.text(`SELECT receipt || ' ' || (external_id LIKE 'net-%') FROM messages WHERE action_id = $1`, got[0].ID); s != "sent true" {
		t.Errorf("the bubble: %s", s)
	}
	if s := b.text(`SELECT state || ' ' || state_by FROM comments WHERE id = $1`, b.comment); s != "hidden policy" {
		t.Errorf("the comment: %s", s)
	}
	if s := b.text(`SELECT (first_human_answer_at IS NOT NULL) || ' ' || (waiting_since IS NULL) FROM conversations WHERE id = $1`, b.conv); s != "true true" {
		t.Errorf("the conversation: %s", s)
	}
}

func TestReplyBecomesOurComment(t *testing.T) {
	b := setup(t)
	got := b.add(b.onComment("r", channels.ReplyToComment))
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	if n := b.id(`SELECT count(*) FROM comments WHERE own AND action_id = $1 AND root_external_id = 'c-1'`, got[0].ID); n != 1 {
		t.Errorf("%d own comments", n)
	}
}

func TestPrivateReplyTiesTheMessengerIdentity(t *testing.T) {
	b := setup(t)
	author := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id) VALUES ($1, $2, 'facebook', $3, 'fb-7') RETURNING id`, b.ws, b.commenter, b.page)
	comment := b.newComment("facebook", b.page, "300_7", b.commenter, author)
	a := b.onComment("p", channels.PrivateReply)
	a.AccountID, a.CommentID, a.IdentityID, a.Call.Channel, a.Call.CommentID = b.page, comment, author, channels.Facebook, "300_7"
	a.AnswersEvent = b.event(b.page, "comment.added", "facebook", "300_7", "fb-7", "")
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return true, channels.Result{ID: "m_1", Recipient: "psid-9"}, nil
	}
	got := b.add(a)
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	if n := b.id(`SELECT count(*) FROM identities i JOIN identity_joins j ON j.identity_id = i.id WHERE i.external_id = 'psid-9' AND i.channel = 'messenger' AND i.contact_id = $1 AND j.how = 'private_reply'`, b.commenter); n != 1 {
		t.Errorf("%d joined identities", n)
	}
	if s := b.text(`SELECT v.state || ' ' || m.receipt FROM messages m JOIN conversations v ON v.id = m.conversation_id WHERE m.external_id = 'm_1'`); s != "resolved sent" {
		t.Errorf("the bubble: %s", s)
	}
}

func TestPairLimitDelaysButDropsNothing(t *testing.T) {
	b := setup(t)
	var actions []work
	for i := range 47 {
		actions = append(actions, b.message(fmt.Sprintf("k%02d", i), fmt.Sprintf("%02d", i)))
	}
	b.add(actions...)
	s := b.sender()
	b.drain(s)
	if len(b.net.order) != 45 {
		t.Fatalf("%d went out at once to one person", len(b.net.order))
	}
	b.advance(271 * time.Second)
	b.drain(s)
	if len(b.net.order) != 47 || !slices.IsSorted(b.net.order) {
		t.Errorf("%d went out, in order: %v", len(b.net.order), slices.IsSorted(b.net.order))
	}
}

func TestForerunners(t *testing.T) {
	b := setup(t)
	reply, private := b.onComment("r", channels.ReplyToComment), b.onComment("p", channels.PrivateReply)
	reply.After = "p"
	b.net.answer = func(c channels.Call) (bool, channels.Result, error) {
		return false, channels.Result{}, &channels.Failure{Class: channels.GiveUp, Reason: "refused"}
	}
	got := b.add(reply, private)
	s := b.sender()
	b.drain(s)
	b.want(got[1].ID, "failed:refused")
	b.want(got[0].ID, "planned")
	tidyAndDrain(b, s)
	b.want(got[0].ID, "cancelled:forerunner")
}

// An offer that the gate refuses leaves nobody in silence: what was to be said after it goes out, as far as it may itself.
func TestWhatFollowsARefusedOffer(t *testing.T) {
	b := setup(t)
	offer, question, another := b.message("offer", "Spring sale: 20% off, shop now"), b.message("question", "Which day suits you?"), b.message("another", "50% off everything")
	for _, a := range []*work{&offer, &question, &another} {
		a.Origin, a.AnswersEvent = gate.FromBot, b.event(b.whatsapp, "message.received", "whatsapp", "w", "", "39333000001")
	}
	question.After, another.After = "offer", "question"
	got := b.add(offer, question, another)
	s := b.sender()
	b.drain(s)
	b.want(got[0].ID, "refused:no_consent")
	b.want(got[1].ID, "planned")
	tidyAndDrain(b, s)
	b.want(got[1].ID, "done")
	b.drain(s)
	b.want(got[2].ID, "refused:no_consent")
}

func TestCancelTakesOnlyWhatHasNotLeft(t *testing.T) {
	b := setup(t)
	bot := b.message("bot", "hello")
	bot.Origin, bot.AnswersEvent = gate.FromBot, b.event(b.whatsapp, "message.received", "whatsapp", "w", "", "39333000001")
	got := b.add(b.message("m", "from a person"), bot, b.onComment("h", channels.HideComment))
	ids, err := Cancel(t.Context(), b.db, Cancellation{WorkspaceID: b.ws, ConversationID: b.conv, Automatic: true, Reason: "human_answered", Meaning: "a person answered"})
	if err != nil || !slices.Equal(ids, []int64{got[1].ID}) {
		t.Fatalf("%v, %v", ids, err)
	}
	reply := b.add(b.onComment("r", channels.ReplyToComment))
	ids, err = Cancel(t.Context(), b.db, Cancellation{WorkspaceID: b.ws, AccountID: b.instagram, RootComment: "c-1", Reason: "answered_elsewhere"})
	if err != nil || !slices.Equal(ids, []int64{reply[0].ID}) {
		t.Fatalf("under the comment %v were cancelled, %v", ids, err)
	}
	b.drain(b.sender())
	b.want(got[2].ID, "done")
	if ids, err = Cancel(t.Context(), b.db, Cancellation{WorkspaceID: b.ws, ConversationID: b.conv, Reason: "x"}); err != nil || len(ids) != 0 {
		t.Errorf("%v of what is done was cancelled, %v", ids, err)
	}
	if _, err := Cancel(t.Context(), b.db, Cancellation{WorkspaceID: b.ws, Reason: "x"}); err == nil {
		t.Error("a cancellation without anything in it stopped a whole workspace")
	}
}

func TestWhatMustNotStandInTheDatabaseIsFilledInAtTheCall(t *testing.T) {
	b := setup(t)
	s := b.sender()
	s.Complete = func(c channels.Call) channels.Call {
		c.Text = strings.ReplaceAll(c.Text, "~ref:7~", "PNT-SECRET")
		return c
	}
	b.net.answer = func(c channels.Call) (bool, channels.Result, error) {
		ours, err := JoinEcho(context.Background(), b.db, Echo{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.9", ThreadID: b.thread, Text: c.Text})
		if err != nil || !ours {
			t.Errorf("its echo is ours: %v, %v", ours, err)
		}
		return true, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	}
	got := b.add(b.message("m", "Your reference is ~ref:7~"))
	b.drain(s)
	b.want(got[0].ID, "done:seen")
	if b.net.order[0] != "Your reference is PNT-SECRET" {
		t.Errorf("sent: %q", b.net.order)
	}
	if n := b.id(`SELECT count(*) FROM actions WHERE call::text LIKE '%SECRET%'`); n != 0 {
		t.Error("the database holds what was filled in")
	}
}

func TestRunSendsAndStops(t *testing.T) {
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan struct{}, 1)
	s := b.sender()
	s.Poll = 10 * time.Millisecond
	s.Observe = func(channels.CallKind, string, time.Duration) { sent <- struct{}{} }
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	got := b.add(b.message("m", "hello"))
	select {
	case <-sent:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was sent")
	}
	cancel()
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	b.want(got[0].ID, "done") // the outcome was recorded before Run returned
}

// What the customer writes while an answer is on its way is not answered by it.
func TestWhatComesWhileAnAnswerLeavesStillWaits(t *testing.T) {
	b := setup(t)
	got := b.add(b.message("m", "hello"))
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		b.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, external_id, type, text, at)
			SELECT workspace_id, account_id, thread_id, id, 'in', 'contact', 'later', 'text', 'and one more thing', $2 FROM conversations WHERE id = $1`, b.conv, b.now().Add(time.Second))
		return true, channels.Result{}, nil
	}
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	if s := b.text(`SELECT (first_human_answer_at IS NOT NULL) || ' ' || coalesce((waiting_since = (SELECT at FROM messages WHERE external_id = 'later'))::text, 'nobody waits') FROM conversations WHERE id = $1`, b.conv); s != "true true" {
		t.Errorf("the conversation: %s", s)
	}
}

// An account that cannot be read says nothing of its token: only one that was sealed with another key is to be connected anew.
func TestADatabaseThatIsAwayDisconnectsNoAccount(t *testing.T) {
	for name, c := range map[string]struct {
		err           error
		state, reason string
	}{
		"away":   {fmt.Errorf("load account: %w", driver.ErrBadConn), "connected", "planned not_ready"},
		"sealed": {fmt.Errorf("open the token: %w", secret.ErrSealed), "needs_reauthorisation", "held token_unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			got := b.add(b.message("m", "hello"))
			s := b.sender()
			s.Open = func(context.Context, int64, int64) (channels.Account, error) { return channels.Account{}, c.err }
			b.drain(s)
			if is := b.text(`SELECT state || ' ' || reason FROM actions WHERE id = $1`, got[0].ID); is != c.reason {
				t.Errorf("the action is %s, want %s", is, c.reason)
			}
			if is := b.text(`SELECT state FROM accounts WHERE id = $1`, b.whatsapp); is != c.state {
				t.Errorf("the account is %s, want %s", is, c.state)
			}
			if len(b.net.order) != 0 {
				t.Error("something was sent")
			}
		})
	}
}
