package ingest

import (
	"context"
	"testing"
	"time"

	"ponte/channels"
	"ponte/inbox"
	"ponte/moderation"
)

// answered raises what the asks runner raises when the model has answered, or failed, the oldest
// question.
func (b *rig) answered(answer *moderation.LLMAnswer, failed string) {
	b.Helper()
	var q struct {
		ID   int64 `db:"id"`
		Lane int16 `db:"lane"`
	}
	b.must(b.db.Get(&q, `UPDATE asks SET state = 'answered', answered_at = now() WHERE id = (SELECT min(id) FROM asks WHERE state = 'pending') RETURNING id, lane`))
	b.raise(inbox.InternalEvent{Key: b.next("ask:"), Kind: inbox.LLMAnswered, Lane: q.Lane, Payload: obj{"ask_id": q.ID, "answer": answer, "failed": failed}})
}

func (b *rig) raise(e inbox.InternalEvent) {
	b.Helper()
	e.WorkspaceID, e.AccountID, e.Channel, e.At = b.ws, b.ig.ID, "instagram", b.now
	tx := b.db.MustBegin()
	defer tx.Rollback()
	b.must(inbox.Raise(context.Background(), tx, e))
	b.must(tx.Commit())
	b.work()
}

func TestTheModelsAnswerDecides(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  *moderation.LLMAnswer
		failed  string
		actions string
		reason  string
		queue   string
	}{
		"harmless":  {&moderation.LLMAnswer{Category: "none", Score: 0.95}, "", "comment.reply planned, private_reply.send planned", "the model answered: allowed", ""},
		"harmful":   {&moderation.LLMAnswer{Category: "harassment", Score: 0.97}, "", "comment.hide planned", "the model answered: hidden", "hidden"},
		"unsure":    {&moderation.LLMAnswer{Category: "harassment", Score: 0.5}, "", "", "the model answered: for review", "review"},
		"no answer": {nil, "the day's budget for the language model is spent", "", "for review", "review"},
		"nonsense":  {&moderation.LLMAnswer{Category: "approve", Score: 1}, "", "", "for review", "review"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.asking = true
			b.feed(b.igComment("c1", "77", unsure))
			b.lastReason("the model was asked")
			b.wantActions("")
			b.answered(c.answer, c.failed)
			b.wantActions(c.actions)
			b.lastReason(c.reason)
			if got := b.text(`SELECT coalesce(min(why), '') FROM review_items`); got != c.queue {
				t.Errorf("queued as %q, want %q", got, c.queue)
			}
			if b.id(`SELECT count(*) FROM verdicts`) != 2 || b.id(`SELECT count(*) FROM verdicts v JOIN comments c ON c.verdict_id = v.id WHERE NOT v.provisional`) != 1 {
				t.Error("the final verdict is not the comment's, beside the provisional one")
			}
		})
	}
}

// What the answer is about has changed while the model thought.
func TestALateAnswerChangesNothing(t *testing.T) {
	t.Parallel()
	for name, meanwhile := range map[string]func(b *rig){
		"edited":  func(b *rig) { b.feed(b.fbFeed("edited", "30_1", "55", "lovely boats")) },
		"removed": func(b *rig) { b.feed(b.fbFeed("remove", "30_1", "55", "")) },
		"decided": func(b *rig) {
			b.exec(`WITH v AS (INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, verdict) SELECT workspace_id, 'comment', id, 'allow', 'person', '{}' FROM comments RETURNING id)
				UPDATE comments SET verdict_id = (SELECT id FROM v)`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.asking = true
			b.feed(b.fbFeed("add", "30_1", "55", unsure))
			meanwhile(b)
			b.answered(&moderation.LLMAnswer{Category: "harassment", Score: 0.97}, "")
			b.wantActions("")
		})
	}
}

func TestAnApprovedCommentIsAnsweredInItsTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		after   time.Duration
		actions string
	}{{time.Hour, "comment.reply planned, private_reply.send planned"}, {25 * time.Hour, ""}} {
		b := newRig(t)
		b.feed(b.igComment("c1", "77", unsure))
		b.wantActions("")
		b.pass(c.after)
		for range 2 {
			b.raise(inbox.InternalEvent{Key: b.next("approved:"), Kind: inbox.CommentApproved, Payload: obj{"comment_id": b.id(`SELECT id FROM comments`)}})
		}
		b.wantActions(c.actions)
	}
}

func TestAMessageIsAnsweredByATriggerOnce(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igMessage("m1", "77", "info"))
	b.wantActions("message.send planned")
	b.lastReason("«Spring» matched")
	b.pass(time.Minute)
	b.feed(b.igMessage("m2", "77", "info"))
	b.lastReason("has answered them before")
	b.wantActions("message.send planned")
	if b.id(`SELECT count(*) FROM conversations WHERE waiting_since IS NOT NULL`) != 1 {
		t.Error("nobody is told that the customer waits")
	}
}

func TestPostbacksWithoutAnIDAreAllKept(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	tap := func(title string) string {
		b.pass(time.Second)
		return b.igMessaging(obj{"sender": obj{"id": "77"}, "recipient": obj{"id": igID}, "postback": obj{"title": title, "payload": title}})
	}
	b.feed(tap("Prices"), tap("Hours"))
	if n := b.id(`SELECT count(*) FROM messages WHERE direction = 'in'`); n != 2 {
		t.Errorf("%d messages of two taps: %v", n, b.reasons())
	}
}

func TestAnotherToolsAnswerSilencesTheBotOnWhatsApp(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("w1", customer, "hello"))
	b.wantSaid("welcome to")
	b.feed(b.waChange("smb_message_echoes", obj{"messaging_product": "whatsapp", "metadata": obj{"display_phone_number": "61400000000", "phone_number_id": waID},
		"message_echoes": []any{obj{"from": "61400000000", "to": customer, "id": "w2", "timestamp": b.encode(b.now.Unix()), "type": "text", "text": obj{"body": "Hi, Tilly here"}}}}))
	if got := b.text(`SELECT handler || ' ' || handler_reason || ' ' || (first_human_answer_at IS NOT NULL) FROM conversations`); got != "human answered_elsewhere true" {
		t.Errorf("the conversation is %q: %v", got, b.reasons())
	}
	if got := summary(b.actions("message.send")); got != "message.send cancelled" {
		t.Errorf("the planned welcome is %q", got)
	}
	b.pass(time.Minute)
	b.feed(b.waText("w3", customer, "1"))
	b.lastReason("the bot is silent")
	if n := b.id(`SELECT count(*) FROM contacts`); n != 1 {
		t.Errorf("%d contacts: the echo went to somebody else", n)
	}
}

func TestOurOwnEchoTriggersNothing(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igMessage("m1", "77", "info"))
	b.exec(`UPDATE actions SET state = 'done', sent_at = now(), external_id = 'out1'`)
	b.feed(b.igEcho("out1", "77", b.said()[0]))
	b.lastReason("our own message")
	if got := b.text(`SELECT handler FROM conversations`); got != "bot" {
		t.Errorf("our own echo handed the conversation to %q", got)
	}
	b.wantActions("message.send done")
}

func TestHistoryIsKeptAndNeverActedOn(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	tx := b.db.MustBegin()
	for _, body := range []string{b.igComment("c1", "77", hateful), b.igComment("c2", "78", "info"), b.igMessage("m1", "77", "info"), b.waText("w1", customer, "STOP"), b.igEcho("m2", "77", "hello")} {
		b.must(Store(context.Background(), tx, "backfill", []byte(body)))
	}
	b.must(tx.Commit())
	b.work()
	b.wantActions("")
	if n := b.id(`SELECT count(*) FROM conversations WHERE state = 'open'`); n != 0 {
		t.Errorf("%d conversations are open for history", n)
	}
	// The same again, live: known, and still not acted on.
	b.feed(b.igComment("c2", "78", "info"), b.igMessage("m1", "77", "info"))
	b.wantActions("")
	// Something new after history is answered.
	b.pass(time.Minute)
	b.feed(b.igMessage("m3", "77", "info"))
	b.wantActions("message.send planned")
}

func TestEveryKindEndsWithAReason(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.asking = true
	for _, kind := range []channels.Kind{channels.CommentAdded, channels.CommentEdited, channels.CommentRemoved, channels.CommentHidden, channels.CommentUnhidden, channels.MentionAdded,
		channels.MessageReceived, channels.MessageEcho, channels.MessageEdited, channels.MessageDeleted, channels.MessageReaction, channels.MessageRead, channels.MessageDelivered,
		channels.PostbackReceived, channels.ReferralReceived, channels.OptinReceived, channels.LeadSubmitted, channels.StatusChanged, channels.TemplateChanged, channels.AccountChanged,
		channels.PreferenceChanged, channels.IdentityChanged, channels.HandoverChanged, channels.PostChanged, channels.Unsupported, "something.new"} {
		for _, person := range []string{"", "77"} {
			e := channels.Event{Kind: kind, Channel: channels.Instagram, ID: b.next("x"), Time: b.now, Person: person, Text: "hello", Comment: &channels.Comment{PostID: post},
				Message: &channels.Message{Target: "y", Recipient: person}, Template: &channels.Template{Field: "status"}, Change: &channels.Change{Field: "f", Value: "stop"}}
			b.exec(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, occurred_at, payload) VALUES ($1, $2, $3, $4, 'instagram', 5, now(), $5)`,
				b.ws, b.ig.ID, b.next("k"), string(kind), b.encode(e))
		}
	}
	b.work()
	if n := b.id(`SELECT count(*) FROM events WHERE state <> 'done'`); n != 0 {
		t.Errorf("%d events did not end: %v", n, b.reasons())
	}
}

// What is written while the history is being read belongs to the webhooks, also where the reading comes
// first: it is answered. What is older stays history.
func TestNewsReadByABackfillIsLeftToItsWebhook(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE accounts SET created_at = now() - interval '1 hour'`)
	b.must(b.dir.Refresh(t.Context()))
	b.now = time.Now().UTC().Truncate(time.Second)
	news := b.igComment("c1", "77", "info")
	b.pass(-30 * time.Minute)
	old := b.igComment("c2", "78", "info")
	b.pass(30 * time.Minute)
	tx := b.db.MustBegin()
	b.must(Store(t.Context(), tx, "backfill", []byte(news)))
	b.must(Store(t.Context(), tx, "backfill", []byte(old)))
	b.must(tx.Commit())
	b.work()
	b.wantActions("")
	if got := b.text(`SELECT string_agg(external_id, ' ') FROM comments`); got != "c2" {
		t.Fatalf("history holds %q, want c2 alone", got)
	}
	b.feed(news, old)
	b.wantActions("comment.reply planned, private_reply.send planned")
}

// An echo that comes late – by the sweep, by hours – answers what was written before it, not what was written since.
func TestALateEchoAnswersNothingThatCameAfterIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		echoed time.Duration
		waits  string
	}{"before the last message": {10 * time.Minute, "1h0m0s"}, "after it": {2 * time.Hour, "nobody"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			begin := b.now
			b.exec(`UPDATE workspaces SET settings = settings || '{"automate": false}'`)
			b.feed(b.igMessage("m1", "77", "is anybody there"))
			b.pass(time.Hour)
			b.feed(b.igMessage("m2", "77", "hello? my kayak leaks"))
			b.now = begin.Add(c.echoed)
			echo := b.igEcho("e1", "77", "Tilly here, one moment")
			b.now = begin.Add(3 * time.Hour)
			b.feed(echo)
			got := "nobody"
			if b.id(`SELECT count(*) FROM conversations WHERE waiting_since IS NOT NULL`) == 1 {
				var since time.Time
				b.must(b.db.Get(&since, `SELECT waiting_since FROM conversations`))
				got = since.Sub(begin).String()
			}
			if got != c.waits {
				t.Errorf("waits since %s, want %s", got, c.waits)
			}
		})
	}
}
