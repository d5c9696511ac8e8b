package ingest

import (
	"strings"
	"testing"
	"time"

	"ponte/consent"
)

// A doubtful withdrawal asks once and counts as withdrawn until it is answered, on every channel.
func TestADoubtfulWithdrawalIsAskedAboutOnceOnEveryChannel(t *testing.T) {
	t.Parallel()
	const doubtful = "annulla"
	for name, say := range map[string]func(b *rig, id, text string) string{
		"whatsapp":  func(b *rig, id, text string) string { return b.waText(id, customer, text) },
		"instagram": func(b *rig, id, text string) string { return b.igMessage(id, "777001", text) },
		"messenger": func(b *rig, id, text string) string {
			return strings.NewReplacer(`"object":"instagram"`, `"object":"page"`, igID, fbID).Replace(b.igMessage(id, "777002", text))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(say(b, "d1", doubtful))
			if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'doubt'`); n != 1 {
				t.Fatalf("%d doubts: %v", n, b.reasons())
			}
			asked := func() int64 {
				return b.id(`SELECT count(*) FROM actions WHERE call::text LIKE '%ponte:stop%' AND kind = 'message.send'`)
			}
			first := asked()
			if first != 1 {
				t.Fatalf("asked %d times: %v", first, b.reasons())
			}
			var who struct {
				ID      int64  `db:"id"`
				Contact int64  `db:"contact_id"`
				Channel string `db:"channel"`
			}
			b.must(b.db.Get(&who, `SELECT id, contact_id, channel FROM identities ORDER BY id DESC LIMIT 1`))
			s, err := b.ledger.Live(t.Context(), b.db, b.ws, who.Contact, who.ID, who.Channel, consent.Promotional, b.now)
			if b.must(err); s.Status != consent.Doubtful {
				t.Errorf("stands at %q", s.Status)
			}
			b.feed(say(b, "d2", "sì"))
			if got := b.text(`SELECT string_agg(act, ' ' ORDER BY seq) FROM consent_entries`); got != "doubt withdraw" || asked() != first {
				t.Errorf("yes, stop: %s, asked %d times: %v", got, asked(), b.reasons())
			}
		})
	}
}

// Whoever answers, and whatever was asked before: a doubt counts from the moment it is heard.
func TestADoubtIsHeardWhileAPersonAnswers(t *testing.T) {
	t.Parallel()
	for name, during := range map[string]func(b *rig){
		"a person is answering": func(b *rig) { b.exec(`UPDATE conversations SET handler = 'human'`) },
		"they stopped before":   func(b *rig) { b.feed(b.waText("s1", customer, "STOP")) },
		"a person, in a flow that runs": func(b *rig) {
			b.publish(twoQuestions, "boats")
			b.write("boats")
			b.exec(`UPDATE conversations SET handler = 'human'`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.waText("m1", customer, "hello"))
			b.sent()
			during(b)
			b.pass(time.Minute)
			text, _ := b.request("")
			b.feed(b.waText("m2", customer, text))
			if got := b.offers(customer); got != consent.Granted {
				t.Fatalf("stands at %q: %v", got, b.reasons())
			}
			b.pass(time.Minute)
			b.feed(b.waText("m3", customer, "annulla"))
			if got := b.offers(customer); got != consent.Doubtful {
				t.Errorf("after a doubt the consent stands at %q: %v", got, b.reasons())
			}
			b.lastReason("may want to stop")
		})
	}
}

// Somebody who threatens and may want to stop is read by a person;
// the machine asks nothing, and sends no offers meanwhile.
func TestWhoMustBeReadAnywayIsNotAskedWhatTheyMeant(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("m1", "491701234567", "stop, I will kill you all"))
	if got := b.text(`SELECT handler || ' ' || handler_reason FROM conversations`); got != "human judged" {
		t.Errorf("the conversation is with %s: %v", got, b.reasons())
	}
	if n := b.id(`SELECT count(*) FROM consent_entries WHERE act IN ('doubt', 'withdraw')`); n != 1 {
		t.Errorf("%d entries say so: %v", n, b.reasons())
	}
}

// The list's words for cancelling withdraw, unless a booking or an order is being talked about: then they are asked about.
func TestCancelAloneWithdrawsUnlessABookingIsTalkedAbout(t *testing.T) {
	t.Parallel()
	member := func(b *rig) {
		b.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, text, at)
			SELECT workspace_id, account_id, thread_id, conversation_id, 'out', 'other_tool', 'Shall I send the blue one?', $1 FROM messages ORDER BY id LIMIT 1`, b.now)
	}
	for name, c := range map[string]struct {
		during func(b *rig)
		want   string
	}{
		"after small talk":           {func(*rig) {}, "withdraw"},
		"after asking to book":       {func(b *rig) { b.feed(b.waText("q", customer, "I would like to book a table for two on Friday")) }, "doubt"},
		"after asking for an order":  {func(b *rig) { b.feed(b.waText("q", customer, "where is my order? it has not arrived")) }, "doubt"},
		"while somebody writes":      {member, "doubt"},
		"four days after they wrote": {func(b *rig) { member(b); b.pass(4 * 24 * time.Hour) }, "withdraw"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.waText("m1", customer, "hello"))
			b.sent()
			b.pass(time.Minute)
			c.during(b)
			b.sent()
			b.pass(time.Minute)
			b.feed(b.waText("m2", customer, "Cancel"))
			if got := b.text(`SELECT coalesce(string_agg(act, ' ' ORDER BY seq), '') FROM consent_entries WHERE act IN ('doubt','withdraw')`); got != c.want {
				t.Errorf("%q, want %q: %v", got, c.want, b.reasons())
			}
		})
	}
}
