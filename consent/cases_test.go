package consent

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// The cases of the reference that the ledger decides, by their names. Those about sending are in gate and
// outbox, those about words in moderation and ingest.

func TestCase1GrantForOneBrandCampaignOfAnother(t *testing.T) {
	b := setup(t)
	c := b.contact()
	i := b.identity(c, "whatsapp", "", "61491570156")
	b.append(b.entry(Grant, t0, c, "whatsapp", "phone:61491570156"))
	b.exec(`UPDATE workspaces SET brand = 'Other Pty Ltd' WHERE id = $1`, b.ws)
	if s := b.state(c, i, "whatsapp", b.now); s.Live() {
		t.Errorf("%+v", s)
	}
}

func TestCase5GrantAMillisecondAfterTheClaim(t *testing.T) {
	b := setup(t)
	c := b.contact()
	i := b.identity(c, "whatsapp", "", "61491570156")
	b.append(b.entry(Grant, t0.Add(time.Millisecond), c, "whatsapp", "phone:61491570156"))
	if s := b.state(c, i, "whatsapp", t0); s.Live() {
		t.Errorf("claimed before the grant: %+v", s)
	}
	if s := b.state(c, i, "whatsapp", t0.Add(time.Millisecond)); !s.Live() {
		t.Errorf("claimed at the grant: %+v", s)
	}
}

func TestCase6AWithdrawalInAnotherSystemArrivesAfterANewerGrant(t *testing.T) {
	b := setup(t)
	c := b.contact()
	i := b.identity(c, "whatsapp", "", "61491570156")
	b.append(b.entry(Grant, t0.Add(time.Hour), c, "whatsapp", "phone:61491570156"))
	late := b.entry(Withdraw, t0, c, "all", "phone:61491570156")
	late.How = "other_system"
	b.append(late)
	if s := b.state(c, i, "whatsapp", b.now); !s.Live() {
		t.Errorf("the older withdrawal undid the newer grant: %+v", s)
	}
	bundle, err := b.l.Bundle(t.Context(), b.db, b.ws, c)
	if err != nil || len(bundle.Entries) != 2 || bundle.Entries[0].Act != Withdraw || bundle.Entries[0].Seq != 2 {
		t.Errorf("both are kept, in the order of the acts: %+v %v", bundle.Entries, err)
	}
}

func TestCase7ErasedThenImported(t *testing.T) {
	b := setup(t)
	c := b.contact()
	b.identity(c, "whatsapp", "", "61491570156")
	b.append(b.entry(Grant, t0, c, "whatsapp", "phone:61491570156"))
	tx := b.db.MustBegin()
	if err := b.l.Erase(t.Context(), tx, b.ws, c); err != nil {
		t.Fatal(err)
	}
	tx.MustExec(`UPDATE identities SET phone = NULL, external_id = 'erased:' || id WHERE contact_id = $1`, c)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	id := b.keep("+61491570156,2026-11-02T22:00:00+11:00,crm,web v3,row-1,Ana,,")
	if err := ConfirmImport(t.Context(), b.db, b.ws, id, "from the shop's own system", "user:1"); err != nil {
		t.Fatal(err)
	}
	b.work()
	if got := b.byPhone("61491570156"); got != "nobody" {
		t.Errorf("the erased person was collected again and stands at %q", got)
	}
}

func TestCase13TwoContactsOneNumberOneWithdrew(t *testing.T) {
	b := setup(t)
	one, two := b.contact(), b.contact()
	a := b.identity(one, "whatsapp", "BSUID-1", "61491570156")
	other := b.identity(two, "whatsapp", "BSUID-2", "")
	b.exec(`UPDATE identities SET phone = '61491570156', replaced_at = now() WHERE id = $1`, other)
	b.append(b.entry(Grant, t0, one, "whatsapp", "phone:61491570156"), b.entry(Grant, t0, two, "whatsapp", "whatsapp:0:BSUID-2"), b.entry(Withdraw, t0.Add(time.Hour), two, "all", "phone:61491570156"))
	if b.state(one, a, "whatsapp", b.now).Live() || b.state(two, other, "whatsapp", b.now).Live() {
		t.Error("one of the two is still written to")
	}
}

func TestCase14AnEntryEditedInTheDatabase(t *testing.T) {
	for _, column := range []string{"legal_name = 'Somebody Else Ltd'", "format = 1", "valid_until = now()", "actor = 'user:9'", "kind = 'inferred'", "wording_id = NULL", "at = at - interval '1 day'"} {
		t.Run(column, func(t *testing.T) {
			b := setup(t)
			b.exec(`UPDATE workspaces SET legal_name = 'Bondi Kayaks Pty Ltd' WHERE id = $1`, b.ws)
			c := b.contact()
			b.append(b.entry(Grant, t0, c, "whatsapp", "phone:61491570156"))
			b.exec(`ALTER TABLE consent_entries DISABLE TRIGGER consent_entries_append_only`)
			b.exec(`UPDATE consent_entries SET ` + column)
			rep, err := b.l.Verify(t.Context(), b.db, b.ws, nil)
			if err != nil || rep.OK() {
				t.Errorf("%+v %v", rep, err)
			}
		})
	}
}

// Everything that the reference asks of an entry is there, and what no caller gave is filled in.
func TestAnEntryHoldsEverythingThatProvesIt(t *testing.T) {
	b := setup(t)
	b.exec(`UPDATE workspaces SET legal_name = 'Bondi Kayaks Pty Ltd', settings = '{"consent":{"valid_months":24}}' WHERE id = $1`, b.ws)
	c := b.contact()
	b.exec(`UPDATE contacts SET time_zone = 'Australia/Perth' WHERE id = $1`, c)
	b.identity(c, "whatsapp", "", "61491570156")
	e := b.entry(Grant, t0, c, "whatsapp", "phone:61491570156")
	e.Personal.TimeZone = ""
	b.append(e)
	bundle, err := b.l.Bundle(t.Context(), b.db, b.ws, c)
	if err != nil || len(bundle.Entries) != 1 {
		t.Fatal(bundle, err)
	}
	p := bundle.Entries[0]
	switch {
	case p.Brand != "Bondi Kayaks", p.LegalName != "Bondi Kayaks Pty Ltd", p.Format != 2:
		t.Errorf("brand: %+v", p)
	case p.LocalTime != "2026-11-02 18:00:00 +0800 AWST" || !p.At.Equal(t0):
		t.Errorf("time: %q %v", p.LocalTime, p.At)
	case p.ValidUntil == nil || !p.ValidUntil.Equal(t0.AddDate(2, 0, 0)):
		t.Errorf("until: %v", p.ValidUntil)
	case p.Wording == nil || p.Wording.Version != 1 || p.Wording.Language != "it" || !strings.Contains(p.Wording.Text, "STOP"):
		t.Errorf("wording: %+v", p.Wording)
	case p.Channel != "whatsapp", p.Purpose != Promotional, p.Act != Grant, p.Kind != Express, p.How == "", p.Actor == "", len(p.Evidence) == 0, p.Personal.Address == "", p.Subject == "", p.PrevHash == "":
		t.Errorf("%+v", p)
	}
	if rep, err := b.l.Verify(t.Context(), b.db, b.ws, nil); err != nil || !rep.OK() {
		t.Errorf("%+v %v", rep, err)
	}
}

// Entries from before format 2 keep their hash.
func TestEntriesOfTheFirstFormatStillVerify(t *testing.T) {
	b := setup(t)
	e := b.entry(Grant, t0, 1, "whatsapp", "phone:61491570156")
	e.Seq, e.Format = 1, 1
	old := b.l.hash(e)
	e.LegalName = "added later"
	if !bytes.Equal(old, b.l.hash(e)) {
		t.Error("format 1 binds the legal name")
	}
	if e.Format = 2; bytes.Equal(old, b.l.hash(e)) {
		t.Error("format 2 is no other hash")
	}
}

func TestTheRecordOnPaper(t *testing.T) {
	b := setup(t)
	c := b.contact()
	b.identity(c, "whatsapp", "", "61491570156")
	e := b.entry(Grant, t0, c, "whatsapp", "phone:61491570156")
	e.Personal.Name, e.Personal.Words = "Ștefan Țurcanu", "Sì, d’accordo 👍 نعم"
	var all []Entry
	for range 9 {
		all = append(all, e)
	}
	b.append(all...)
	bundle, err := b.l.Bundle(t.Context(), b.db, b.ws, c)
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := bundle.WritePDF(&page, "Ștefan Țurcanu 👍"); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(page.Bytes(), []byte("%PDF-1.")) || !bytes.Contains(page.Bytes()[page.Len()-20:], []byte("%%EOF")) {
		t.Error("not a PDF from beginning to end")
	}
	out := onPaper(t, page.Bytes())
	for _, want := range []string{"Ștefan Țurcanu [U+1F44D]", "[U+0646]", "Bondi Kayaks", bundle.Entries[8].Hash[:20], "STOP", "9. grant"} {
		if !strings.Contains(out, strings.ReplaceAll(want, " ", "")) {
			t.Errorf("%q is not on paper", want)
		}
	}
}

func TestARecipientsProofIsWhatTheLedgerKnewThen(t *testing.T) {
	b := setup(t)
	c := b.contact()
	i := b.identity(c, "whatsapp", "", "61491570156")
	b.now = t0.Add(time.Minute)
	b.append(b.entry(Grant, t0, c, "whatsapp", "phone:61491570156"))
	account := b.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', '1', 'http://127.0.0.1:1', '', '2', '61255500101') RETURNING id`, b.ws)
	campaign := b.id(`INSERT INTO campaigns (workspace_id, name) VALUES ($1, 'spring') RETURNING id`, b.ws)
	action := b.id(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, contact_id, identity_id, call, token, dedupe, state, sent_at, valid_until, campaign_id)
VALUES ($1, $2, 'template.send', 'promotional', 'system', $3, $4, '{}', 'tok', 'd', 'done', $5, $5, $6) RETURNING id`, b.ws, account, c, i, t0.Add(time.Hour), campaign)
	b.now = t0.Add(48 * time.Hour)
	b.append(b.entry(Withdraw, t0.Add(30*time.Minute), c, "all", "phone:61491570156")) // told two days late
	list, err := b.l.Recipients(t.Context(), b.db, b.ws, campaign, 0, 10)
	if err != nil || len(list) != 1 || list[0].Action != action || list[0].Status != Granted || list[0].Seq != 1 || len(list[0].Hash) != 64 {
		t.Errorf("%+v %v", list, err)
	}
}

// What the gate wrote down is the proof, whatever became of the brand's name, the rules and the person since.
func TestARecipientsProofIsWhatTheGateWroteDown(t *testing.T) {
	b := setup(t)
	c := b.contact()
	i := b.identity(c, "whatsapp", "", "61491570156")
	b.now = t0.Add(time.Minute)
	b.append(b.entry(Grant, t0, c, "whatsapp", "phone:61491570156"))
	account := b.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', '1', 'http://127.0.0.1:1', '', '2', '61255500101') RETURNING id`, b.ws)
	campaign := b.id(`INSERT INTO campaigns (workspace_id, name) VALUES ($1, 'spring') RETURNING id`, b.ws)
	for n, seq := range []any{1, nil} {
		b.id(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, contact_id, identity_id, call, token, dedupe, state, sent_at, valid_until, campaign_id, consent_seq)
VALUES ($1, $2, 'template.send', 'promotional', 'system', $3, $4, '{}', $7, $7, 'done', $5, $5, $6, $8) RETURNING id`, b.ws, account, c, i, t0.Add(time.Hour), campaign, fmt.Sprint(n), seq)
	}
	if _, err := b.db.Exec(`UPDATE workspaces SET brand = 'Bondi Paddles' WHERE id = $1`, b.ws); err != nil {
		t.Fatal(err)
	}
	list, err := b.l.Recipients(t.Context(), b.db, b.ws, campaign, 0, 10)
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v %v", list, err)
	}
	if r := list[0]; r.Basis != Recorded || r.Status != Granted || r.Seq != 1 || r.Kind != Express || r.Since == nil || !r.Since.Equal(t0) || len(r.Hash) != 64 || r.How == "" {
		t.Errorf("what was written down is told as %+v", r)
	}
	if r := list[1]; r.Basis != Recomputed {
		t.Errorf("what nobody wrote down is told as %+v", r)
	}
}
