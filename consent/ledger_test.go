package consent

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/testkit"
)

var t0 = time.Date(2026, 11, 2, 10, 0, 0, 0, time.UTC)

type bench struct {
	t       *testing.T
	db      *sqlx.DB
	l       *Ledger
	ws      int64
	wording int64
	now     time.Time
}

func setup(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	b := &bench{t: t, db: testkit.Database(t), now: t0.Add(24 * time.Hour)}
	b.l = New([]byte("0123456789abcdef0123456789abcdef")).WithClock(func() time.Time { return b.now })
	b.ws = b.workspace("one", "Bondi Kayaks")
	if err := EnsureWordings(context.Background(), b.db, b.ws, "Bondi Kayaks"); err != nil {
		t.Fatal(err)
	}
	w, err := LatestWording(context.Background(), b.db, b.ws, Offers, "it")
	if err != nil {
		t.Fatal(err)
	}
	b.wording = w.ID
	return b
}

func (b *bench) workspace(name, brand string) int64 {
	return b.id(`INSERT INTO workspaces (name, brand) VALUES ($1, $2) RETURNING id`, name, brand)
}

func (b *bench) id(stmt string, args ...any) int64 {
	b.t.Helper()
	var id int64
	if err := b.db.Get(&id, stmt, args...); err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b *bench) exec(stmt string, args ...any) {
	b.t.Helper()
	if _, err := b.db.Exec(stmt, args...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) contact() int64 {
	return b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
}

func (b *bench) identity(contact int64, channel, external, phone string) int64 {
	b.t.Helper()
	return b.id(`INSERT INTO identities (workspace_id, contact_id, channel, external_id, phone) VALUES ($1, $2, $3, nullif($4,''), nullif($5,'')) RETURNING id`,
		b.ws, contact, channel, external, phone)
}

func (b *bench) entry(act Act, at time.Time, contact int64, channel, address string) Entry {
	e := Entry{
		WorkspaceID: b.ws, At: at, Brand: "Bondi Kayaks", Channel: channel, Purpose: Promotional, Act: act, Kind: Express,
		How: "keyword_reply", Evidence: Evidence{"event": "12", "asked": "wamid.A"}, Actor: "person",
		Personal: Personal{ContactID: contact, Address: address, Name: "Giulia", Words: "SÌ", TimeZone: "Europe/Rome"},
	}
	if act == Grant {
		e.WordingID = &b.wording
	}
	return e
}

func (b *bench) append(entries ...Entry) {
	b.t.Helper()
	tx := b.db.MustBegin()
	if err := b.l.Append(context.Background(), tx, entries); err != nil {
		b.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) state(contact, identity int64, channel string, at time.Time) State {
	b.t.Helper()
	s, err := b.l.Live(context.Background(), b.db, b.ws, contact, identity, channel, Promotional, at)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

func TestChainShowsEveryKindOfTampering(t *testing.T) {
	tamper := []struct {
		name, want string
		do         func(b *bench)
	}{
		{"edited", "was edited", func(b *bench) { b.exec(`UPDATE consent_entries SET act = 'grant' WHERE seq = 3`) }},
		{"evidence edited", "was edited", func(b *bench) { b.exec(`UPDATE consent_entries SET evidence = '{"event":"13"}' WHERE seq = 2`) }},
		{"backdated", "was edited", func(b *bench) {
			b.exec(`UPDATE consent_entries SET recorded_at = recorded_at - interval '1 s' WHERE seq = 2`)
		}},
		{"removed", "are missing", func(b *bench) {
			b.exec(`DELETE FROM consent_personal WHERE seq = 2`)
			b.exec(`DELETE FROM consent_entries WHERE seq = 2`)
		}},
		{"reordered", "does not follow", func(b *bench) {
			b.exec(`DELETE FROM consent_personal`)
			b.exec(`UPDATE consent_entries SET seq = seq + 100 WHERE seq IN (2,3)`)
			b.exec(`UPDATE consent_entries SET seq = 105 - seq WHERE seq IN (102,103)`)
		}},
		{"cut", "recorded head is entry 4", func(b *bench) {
			b.exec(`DELETE FROM consent_personal WHERE seq = 4`)
			b.exec(`DELETE FROM consent_entries WHERE seq = 4`)
		}},
		{"cut with the head", "pinned head is entry 4", func(b *bench) {
			b.exec(`DELETE FROM consent_personal WHERE seq = 4`)
			b.exec(`DELETE FROM consent_entries WHERE seq = 4`)
			b.exec(`UPDATE consent_heads h SET seq = 3, hash = (SELECT hash FROM consent_entries e WHERE e.workspace_id = h.workspace_id AND seq = 3)`)
		}},
		{"made anew by somebody who has the key", "differs from the pinned head", func(b *bench) {
			b.exec(`DELETE FROM consent_personal`)
			b.exec(`DELETE FROM consent_entries`)
			b.exec(`DELETE FROM consent_heads`)
			b.now = b.now.Add(time.Second)
			fourEntries(b)
		}},
		{"words edited", "personal values beside the entry were edited", func(b *bench) {
			b.exec(`UPDATE consent_personal SET personal = jsonb_set(personal, '{words}', '"NO"') WHERE seq = 1`)
		}},
	}
	for _, c := range tamper {
		t.Run(c.name, func(t *testing.T) {
			b := setup(t)
			fourEntries(b)
			pinned, err := b.l.ExportHead(context.Background(), b.db, b.ws)
			if err != nil {
				t.Fatal(err)
			}
			if rep, err := b.l.Verify(context.Background(), b.db, b.ws, &pinned); err != nil || !rep.OK() || rep.Entries != 4 {
				t.Fatalf("an untouched ledger: %+v, %v", rep, err)
			}
			// Whoever owns the database can switch the guard off; the chain must show it all the same.
			b.exec(`ALTER TABLE consent_entries DISABLE TRIGGER consent_entries_append_only`)
			c.do(b)
			rep, err := b.l.Verify(context.Background(), b.db, b.ws, &pinned)
			if err != nil {
				t.Fatal(err)
			}
			text, _ := json.Marshal(rep.Problems)
			if rep.OK() || !strings.Contains(string(text), c.want) {
				t.Fatalf("want a problem with %q, got %s", c.want, text)
			}
		})
	}
}

func fourEntries(b *bench) {
	c := b.contact()
	b.append(b.entry(Ask, t0, c, "whatsapp", "phone:1"), b.entry(Grant, t0.Add(time.Minute), c, "whatsapp", "phone:1"))
	b.append(b.entry(Withdraw, t0.Add(time.Hour), c, "whatsapp", "phone:1"), b.entry(Ask, t0.Add(2*time.Hour), c, "whatsapp", "phone:2"))
}

func TestLedgerRefusesToBeChangedAndUnprovableGrants(t *testing.T) {
	b := setup(t)
	fourEntries(b)
	if _, err := b.db.Exec(`UPDATE consent_entries SET act = 'grant'`); err == nil {
		t.Error("an entry could be updated")
	}
	if _, err := b.db.Exec(`DELETE FROM consent_entries`); err == nil {
		t.Error("an entry could be deleted")
	}
	c := b.contact()
	noWording := b.entry(Grant, t0, c, "whatsapp", "phone:9")
	noWording.WordingID = nil
	noEvidence := b.entry(Grant, t0, c, "whatsapp", "phone:9")
	noEvidence.Evidence = nil
	all := b.entry(Grant, t0, c, "whatsapp", "phone:9")
	all.Purpose = All
	for _, e := range []Entry{noWording, noEvidence, all} {
		if err := b.l.Append(context.Background(), b.db, []Entry{e}); err == nil {
			t.Errorf("a grant without proof was taken: %+v", e)
		}
	}
}

func TestEraseKeepsTheProofAndSuppresses(t *testing.T) {
	b := setup(t)
	c := b.contact()
	i := b.identity(c, "whatsapp", "", "61491570156")
	b.append(b.entry(Grant, t0, c, "whatsapp", PhoneAddress("+61 491 570 156")))
	if !b.state(c, i, "whatsapp", b.now).Live() {
		t.Fatal("the grant does not stand")
	}
	tx := b.db.MustBegin()
	if err := b.l.Erase(context.Background(), tx, b.ws, c); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	var left string
	if err := b.db.Get(&left, `SELECT coalesce(string_agg(row(e.*)::text || coalesce(row(p.*)::text, ''), ';'), '') FROM consent_entries e LEFT JOIN consent_personal p USING (workspace_id, seq)`); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(left, "61491570156") || strings.Contains(left, "Giulia") {
		t.Errorf("personal values are left: %s", left)
	}
	if rep, err := b.l.Verify(context.Background(), b.db, b.ws, nil); err != nil || !rep.OK() || rep.Erased != 2 {
		t.Errorf("after erasure: %+v, %v", rep, err)
	}
	b.exec(`UPDATE identities SET external_id = 'erased:' || id, phone = NULL WHERE id = $1`, i)
	other := b.contact()
	again := b.identity(other, "whatsapp", "", "61491570156")
	b.append(b.entry(Import, b.now.Add(time.Minute), other, "whatsapp", "phone:61491570156"))
	if s := b.state(other, again, "whatsapp", b.now.Add(time.Hour)); s.Status != Withdrawn {
		t.Errorf("the same number imported after erasure stands at %q", s.Status)
	}
}

func TestAppendFromTwoTransactionsKeepsOneChain(t *testing.T) {
	b := setup(t)
	c := b.contact()
	done := make(chan error, 8)
	for range 8 {
		go func() {
			tx, err := b.db.Beginx()
			if err == nil {
				err = b.l.Append(context.Background(), tx, []Entry{b.entry(Ask, t0, c, "whatsapp", "phone:1"), b.entry(Ask, t0, c, "whatsapp", "phone:2")})
			}
			if err == nil {
				err = tx.Commit()
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if rep, err := b.l.Verify(context.Background(), b.db, b.ws, nil); err != nil || !rep.OK() || rep.Entries != 16 {
		t.Errorf("%+v, %v", rep, err)
	}
}

func TestWordings(t *testing.T) {
	b := setup(t)
	ctx := context.Background()
	for _, lang := range Languages() {
		w, err := LatestWording(ctx, b.db, b.ws, Offers, lang)
		if err != nil {
			t.Fatal(err)
		}
		for _, must := range []string{"Bondi Kayaks", "WhatsApp", "4", "STOP"} {
			if !strings.Contains(w.Text, must) {
				t.Errorf("%s: the wording does not say %q", lang, must)
			}
		}
		if len([]rune(w.Text)) > 1024 || w.Version != 1 || w.Language != lang {
			t.Errorf("%s: %d runes, version %d, %s", lang, len([]rune(w.Text)), w.Version, w.Language)
		}
	}
	if err := EnsureWordings(ctx, b.db, b.ws, "Bondi Kayaks"); err != nil {
		t.Fatal(err)
	}
	if err := EnsureWordings(ctx, b.db, b.ws, "Bondi Boats"); err != nil {
		t.Fatal(err)
	}
	w, err := LatestWording(ctx, b.db, b.ws, Offers, "xx")
	if err != nil || w.Version != 2 || w.Language != "en" || !strings.Contains(w.Text, "Bondi Boats") {
		t.Errorf("%+v, %v", w, err)
	}
	if n := b.id(`SELECT count(*) FROM consent_wordings`); n != 42 {
		t.Errorf("%d wordings; both versions of twenty-one must be kept, and none twice", n)
	}
}

func TestEvidenceHoldsTheWordingAndTheHead(t *testing.T) {
	b := setup(t)
	c := b.contact()
	b.identity(c, "whatsapp", "", "61491570156")
	b.append(b.entry(Grant, t0, c, "whatsapp", "phone:61491570156"))
	raw, err := b.l.Evidence(context.Background(), b.db, b.ws, c)
	if err != nil {
		t.Fatal(err)
	}
	var out struct {
		Standing []struct{ Status string }
		Entries  []struct {
			Wording struct{ Text string }
			Hash    string
		}
		Head Head
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		t.Fatal(err)
	}
	if len(out.Entries) != 1 || !strings.Contains(out.Entries[0].Wording.Text, "STOP") || out.Standing[0].Status != "granted" || out.Head.Seq != 1 {
		t.Errorf("%s", raw)
	}
}

// Whoever verifies while others write sees the chain as of one instant.
func TestVerifyWhileOthersWrite(t *testing.T) {
	b := setup(t)
	write := func() error {
		tx, err := b.db.BeginTxx(t.Context(), nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := b.l.Append(t.Context(), tx, []Entry{{WorkspaceID: b.ws, At: time.Now(), Brand: "Demo", Channel: All, Purpose: All, Act: Withdraw, Kind: Express, How: "member", Actor: "user:1",
			Evidence: Evidence{"member": "user:1"}, Personal: Personal{Address: "phone:39333000001"}}}); err != nil {
			return err
		}
		return tx.Commit()
	}
	done, failed := make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(failed)
		for {
			select {
			case <-done:
				return
			default:
				if err := write(); err != nil {
					failed <- err
					return
				}
			}
		}
	}()
	for range 60 {
		rep, err := b.l.Verify(t.Context(), b.db, b.ws, nil)
		if err != nil || !rep.OK() {
			t.Errorf("after %d entries: %v %v", rep.Entries, rep.Problems, err)
			break
		}
	}
	close(done)
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
}
