package ingest

import (
	"testing"
	"time"

	"ponte/consent"
	"ponte/gate"
)

// questions sends the ready-made question for consent into the customer's open conversation, as the outbox records
// it once the gate has let it go.
func (b *rig) questions(shown string) (external string) {
	b.Helper()
	external = b.next("wamid.q")
	var c struct {
		ID, Contact, Thread, Identity int64
	}
	b.must(b.db.QueryRow(`SELECT c.id, c.contact_id, c.thread_id, t.identity_id FROM conversations c JOIN threads t ON t.id = c.thread_id WHERE c.channel = 'whatsapp' ORDER BY c.id DESC LIMIT 1`).Scan(&c.ID, &c.Contact, &c.Thread, &c.Identity))
	action := b.id(`INSERT INTO actions (workspace_id, account_id, contact_id, identity_id, thread_id, conversation_id, kind, purpose, origin, call, token, dedupe, not_before, valid_until, state, sent_at, done_at, external_id)
		VALUES ($1, $2, $3, $4, $5, $6, 'template.send', 'service', 'member', '{"template":{"name":"offers_opt_in","language":"it"}}', $7, $7, $8, $8, 'done', $8, $8, $7) RETURNING id`, b.ws, b.wa.ID, c.Contact, c.Identity, c.Thread, c.ID, external, b.now)
	b.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, external_id, action_id, direction, author, type, text, at) VALUES ($1, $2, $3, $4, $5, $6, 'out', 'member', 'template', $7, $8)`,
		b.ws, b.wa.ID, c.Thread, c.ID, external, action, shown, b.now)
	b.pass(time.Minute)
	return external
}

const shownQuestion = "Ciao Giulia, Bondi Kayaks può inviarti offerte e novità qui su WhatsApp, fino a 4 messaggi al mese? Potrebbero applicarsi costi di traffico dati. Puoi smettere in qualsiasi momento.\n\nRispondi STOP per non riceverne più"

func (b *rig) answers(id, answers, payload, title string) string {
	return b.waBody(customer, b.waMessage(id, customer, obj{"type": "button", "button": obj{"payload": payload, "text": title}, "context": obj{"id": answers, "from": "61400000000"}}))
}

func TestTheAnswerToTheQuestionForOffers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		play func(b *rig)
		want consent.Status
		how  string
	}{
		"a tap":       {func(b *rig) { b.feed(b.answers("a1", b.questions(shownQuestion), "YES", "Sì")) }, consent.Granted, "button"},
		"a tap on no": {func(b *rig) { b.feed(b.answers("a1", b.questions(shownQuestion), "NO", "No")) }, consent.Refused, "button"},
		"a word":      {func(b *rig) { b.questions(shownQuestion); b.feed(b.waText("a1", customer, "Sì!")) }, consent.Granted, "keyword_reply"},
		"a word of no that may mean more elsewhere": {func(b *rig) { b.questions(shownQuestion); b.feed(b.waText("a1", customer, "No, grazie")) }, consent.Refused, "keyword_reply"},
		"a word of no": {func(b *rig) { b.questions(shownQuestion); b.feed(b.waText("a1", customer, "no")) }, consent.Refused, "keyword_reply"},
		"with a person": {func(b *rig) {
			q := b.questions(shownQuestion)
			b.exec(`UPDATE conversations SET handler = 'human'`)
			b.feed(b.answers("a1", q, "YES", "Sì"))
		}, consent.Granted, "button"},
		"something else":    {func(b *rig) { b.questions(shownQuestion); b.feed(b.waText("a1", customer, "quanto costa un kayak?")) }, consent.Unknown, ""},
		"nobody asked":      {func(b *rig) { b.feed(b.waText("a1", customer, "sì")) }, consent.Unknown, ""},
		"STOP":              {func(b *rig) { b.questions(shownQuestion); b.feed(b.waText("a1", customer, "STOP")) }, consent.Withdrawn, "keyword_reply"},
		"the text is other": {func(b *rig) { b.feed(b.answers("a1", b.questions("Possiamo scriverti?"), "YES", "Sì")) }, consent.Unknown, ""},
		"said of something that was said since": {func(b *rig) {
			b.questions(shownQuestion)
			b.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, type, text, at) SELECT workspace_id, account_id, thread_id, conversation_id, 'out', 'member', 'text', 'Vuoi prenotare?', $1 FROM messages WHERE type = 'template'`, b.now)
			b.feed(b.waText("a1", customer, "sì"))
		}, consent.Unknown, ""},
		"a tap after something was said since": {func(b *rig) {
			q := b.questions(shownQuestion)
			b.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, type, text, at) SELECT workspace_id, account_id, thread_id, conversation_id, 'out', 'member', 'text', 'Vuoi prenotare?', $1 FROM messages WHERE type = 'template'`, b.now)
			b.feed(b.answers("a1", q, "YES", "Sì"))
		}, consent.Granted, "button"},
		"of somebody else's question": {func(b *rig) {
			b.questions(shownQuestion)
			b.feed(b.waText("s1", "61491570199", "ciao"), b.waText("a1", "61491570199", "sì"))
		}, consent.Unknown, ""},
		"yes, then no longer": {func(b *rig) {
			b.feed(b.answers("a1", b.questions(shownQuestion), "YES", "Sì"))
			b.pass(time.Hour)
			b.feed(b.waText("a2", customer, "STOP"))
			b.pass(time.Hour)
			b.feed(b.waText("a3", customer, "sì"))
		}, consent.Withdrawn, "keyword_reply"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.exec(`UPDATE workspaces SET settings = '{"bot":{"ask_offers":false}}'`)
			b.approve(gate.ConsentQuestion)
			b.feed(b.waText("w1", customer, "Buongiorno, avete kayak a noleggio per due persone?"))
			b.sent()
			b.pass(time.Minute)
			c.play(b)
			if got := b.offers(customer); got != c.want {
				t.Fatalf("stands at %q, want %q: %v", got, c.want, b.reasons())
			}
			if c.want == consent.Granted {
				got := b.text(`SELECT e.how || ' ' || (e.evidence->>'message') || ' ' || (e.evidence ? 'asked_action') || ' ' || w.name || ' ' || w.language || ' ' || (w.text LIKE 'Ciao {{1}}, Bondi Kayaks%STOP%') || ' ' || (w.text LIKE '%Giulia%') FROM consent_entries e JOIN consent_wordings w ON w.id = e.wording_id WHERE e.act = 'grant'`)
				if got != c.how+" a1 true template:offers_opt_in it true false" {
					t.Errorf("the entry: %s", got)
				}
				if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'ask' AND how = 'template'`); n != 1 {
					t.Errorf("%d entries say that it was shown", n)
				}
			}
		})
	}
}
