package ingest

import (
	"strings"
	"testing"
	"time"

	"ponte/consent"
	"ponte/router"
)

// request keeps an opt-in as the public form does and returns the text its link puts into WhatsApp.
func (b *rig) request(phone string) (text string, id int64) {
	b.Helper()
	if err := consent.EnsureWordings(b.Context(), b.db, b.ws, "Bondi Kayaks"); err != nil {
		b.Fatal(err)
	}
	w, err := consent.LatestWording(b.Context(), b.db, b.ws, consent.WebOffers, "it")
	b.must(err)
	tx := b.db.MustBegin()
	defer tx.Rollback()
	id, code, _, err := b.ledger.RequestOptIn(b.Context(), tx, consent.Request{WorkspaceID: b.ws, Source: "web_box", AccountID: b.id(`SELECT id FROM accounts WHERE channel = 'whatsapp'`), WordingID: w.ID, Language: "it",
		Phone: phone, Trace: "box ticked on https://kayak.example from 192.0.2.7", Evidence: consent.Evidence{"page": "https://kayak.example"}, Actor: "contact", At: b.now, Hours: 48})
	b.must(err)
	b.must(tx.Commit())
	return router.PrefilledOptIn("it", b.text(`SELECT CASE WHEN brand <> '' THEN brand ELSE name END FROM workspaces WHERE id = $1`, b.ws), code), id
}

// offers is where the newest WhatsApp identity of the number stands for offers.
func (b *rig) offers(phone string) consent.Status {
	b.Helper()
	var i struct {
		ID      int64 `db:"id"`
		Contact int64 `db:"contact_id"`
	}
	b.must(b.db.Get(&i, `SELECT id, contact_id FROM identities WHERE channel = 'whatsapp' AND phone = $1 AND replaced_at IS NULL`, phone))
	s, err := b.ledger.Live(b.Context(), b.db, b.ws, i.Contact, i.ID, "whatsapp", consent.Promotional, b.now.Add(time.Minute))
	b.must(err)
	return s.Status
}

func TestAnOptInCountsOnlyOnceThePersonConfirmsFromTheirOwnNumber(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name  string
		phone string // named in the form
		do    func(b *rig, text string)
		want  consent.Status
		says  string
	}{
		{"as it came", "", func(b *rig, text string) { b.feed(b.waText("m1", customer, text)) }, consent.Granted, "confermato"},
		{"with the number that was named", customer, func(b *rig, text string) { b.feed(b.waText("m1", customer, text)) }, consent.Granted, "confermato"},
		{"from another number", "61491570111", func(b *rig, text string) { b.feed(b.waText("m1", customer, text)) }, consent.Unknown, "non è più valida"},
		{"forwarded", "", func(b *rig, text string) { b.feed(b.waForwarded("m1", customer, text)) }, consent.Unknown, "non è più valida"},
		{"changed", "", func(b *rig, text string) { b.feed(b.waText("m1", customer, "Cos'è questo? "+text)) }, consent.Unknown, "non è più valida"},
		{"too late", "", func(b *rig, text string) { b.pass(49 * time.Hour); b.feed(b.waText("m1", customer, text)) }, consent.Unknown, "non è più valida"},
		{"with STOP before it", "", func(b *rig, text string) { b.feed(b.waText("m1", customer, "STOP "+text)) }, consent.Unknown, "non è più valida"},
		{"without the code", "", func(b *rig, _ string) {
			b.feed(b.waText("m1", customer, "Sì, vorrei ricevere le offerte di Bondi Kayaks su WhatsApp."))
		}, consent.Unknown, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			text, id := b.request(c.phone)
			c.do(b, text)
			if got := b.offers(customer); got != c.want {
				t.Errorf("stands at %q, want %q", got, c.want)
			}
			said := b.text(`SELECT coalesce(string_agg(call ->> 'text', ' | '), '') FROM actions WHERE kind = 'message.send'`)
			if !strings.Contains(said, c.says) {
				t.Errorf("answered %q, want …%q…", said, c.says)
			}
			if c.want != consent.Granted {
				return
			}
			if got := b.text(`SELECT o.state || ' ' || (o.seq = e.seq)::text || ' ' || o.personal::text || ' ' || e.how || ' ' || e.kind || ' ' || (e.evidence ->> 'opt_in') FROM opt_ins o JOIN consent_entries e ON e.workspace_id = o.workspace_id AND e.act = 'grant' WHERE o.id = $1`, id); !strings.HasPrefix(got, "confirmed true {} web_box express ") {
				t.Errorf("%s", got)
			}
			if got := b.text(`SELECT personal ->> 'words' FROM consent_personal p JOIN consent_entries e USING (workspace_id, seq) WHERE e.act = 'grant'`); !strings.Contains(got, "192.0.2.7") {
				t.Errorf("the trace is not beside the entry: %s", got)
			}
		})
	}
}

func TestAnOptInCountsOnce(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	text, _ := b.request("")
	b.feed(b.waText("m1", customer, text), b.waText("m2", customer, text), b.waText("m3", "61491570199", text))
	if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'grant'`); n != 1 {
		t.Errorf("%d grants of one code", n)
	}
	if got := b.offers("61491570199"); got != consent.Unknown {
		t.Errorf("a stranger with a used code stands at %q", got)
	}
}

// Who taps the link twice is told that it is confirmed; who took it back, and anybody else, that the code is spent.
func TestACodeThatIsPresentedAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		again func(b *rig, text string)
		says  string
		want  consent.Status
	}{
		"by the same person": {func(b *rig, text string) { b.pass(time.Hour); b.feed(b.waText("m2", customer, text)) }, "confermato", consent.Granted},
		"after a STOP": {func(b *rig, text string) {
			b.pass(time.Hour)
			b.feed(b.waText("m2", customer, "STOP"))
			b.pass(time.Hour)
			b.feed(b.waText("m3", customer, text))
		}, "non è più valida", consent.Withdrawn},
		"by somebody else":   {func(b *rig, text string) { b.pass(time.Hour); b.feed(b.waText("m2", "61491570199", text)) }, "non è più valida", consent.Granted},
		"in the same breath": {func(b *rig, text string) { b.feed(b.waText("m2", customer, text), b.waText("m3", customer, text)) }, "confermato", consent.Granted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			text, _ := b.request("")
			if name != "in the same breath" {
				b.feed(b.waText("m1", customer, text))
			}
			c.again(b, text)
			if got := b.text(`SELECT call->>'text' FROM actions WHERE kind = 'message.send' ORDER BY id DESC LIMIT 1`); !strings.Contains(got, c.says) {
				t.Errorf("told %q, want …%s…", got, c.says)
			}
			if got := b.offers(customer); got != c.want {
				t.Errorf("stands at %q, want %q", got, c.want)
			}
			if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'grant'`); n != 1 {
				t.Errorf("%d grants", n)
			}
		})
	}
}

func TestNobodyIsWrittenToForAnOptInThatWaits(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	before := b.id(`SELECT count(*) FROM actions`)
	b.request("61491570122")
	b.work()
	if after := b.id(`SELECT count(*) FROM actions`); after != before {
		t.Errorf("%d actions for a request", after-before)
	}
	if n := b.id(`SELECT count(*) FROM identities WHERE phone = '61491570122'`); n != 0 {
		t.Error("a number typed into a form became an identity")
	}
}
