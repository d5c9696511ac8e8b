package consent

import (
	"testing"
	"time"
)

// quiet is somebody whose consent was inferred at t0 and who last wrote so many months later; 0: never.
func (b *bench) quiet(phone string, wrote int) (contact, identity int64) {
	b.t.Helper()
	contact = b.contact()
	identity = b.identity(contact, "whatsapp", "", phone)
	e := b.entry(Grant, t0, contact, "whatsapp", "phone:"+phone)
	e.Kind, e.WordingID = Inferred, nil
	b.append(e)
	if wrote > 0 {
		b.exec(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id, last_in_at) VALUES ($1, $2, 'whatsapp', $3, $4, $5)`, b.ws, b.wa("wa"+phone), identity, contact, t0.AddDate(0, wrote, 0))
	}
	return contact, identity
}

func TestInferredConsentEndsBySilence(t *testing.T) {
	b := setup(t)
	b.exec(`UPDATE workspaces SET settings = '{"consent":{"inferred":true,"inferred_silent_months":6}}'`)
	never, neverID := b.quiet("61491570101", 0)
	wrote, wroteID := b.quiet("61491570102", 4)
	said, saidID := b.quiet("61491570103", 0)
	e := b.entry(Grant, t0.Add(time.Hour), said, "whatsapp", "phone:61491570103")
	b.append(e)
	want := func(when string, at time.Time, want [3]Status) {
		t.Helper()
		b.now = at
		got := [3]Status{b.state(never, neverID, "whatsapp", at).Status, b.state(wrote, wroteID, "whatsapp", at).Status, b.state(said, saidID, "whatsapp", at).Status}
		if got != want {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
	}
	end := t0.AddDate(0, 6, 0)
	if s := b.state(never, neverID, "whatsapp", t0.AddDate(0, 1, 0)); s.ValidUntil == nil || !s.ValidUntil.Equal(end) {
		t.Errorf("it is not said beforehand when it ends: %+v", s)
	}
	want("before", end.Add(-time.Second), [3]Status{Granted, Granted, Granted})
	want("at the end, before the entry", end, [3]Status{Expired, Granted, Granted})
	for range 2 {
		if err := b.l.EndBySilence(t.Context(), b.db); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'expire' AND how = 'silence'`); n != 1 {
		t.Errorf("%d entries of the end", n)
	}
	b.exec(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id, last_in_at) VALUES ($1, $2, 'whatsapp', $3, $4, $5)`, b.ws, b.wa("late"), neverID, never, end.AddDate(0, 0, 1))
	want("they wrote afterwards", end.AddDate(0, 0, 2), [3]Status{Expired, Granted, Granted})
	want("after the other's silence", t0.AddDate(0, 10, 0), [3]Status{Expired, Expired, Granted})
	b.exec(`UPDATE workspaces SET settings = '{"consent":{"inferred":true}}'`)
	want("what was entered stays when the rule goes", t0.AddDate(0, 10, 0), [3]Status{Expired, Granted, Granted})
	if rep, err := b.l.Verify(t.Context(), b.db, b.ws, nil); err != nil || !rep.OK() {
		t.Errorf("%+v %v", rep, err)
	}
}

// A date of its own that comes first ends it first, and a silence that is not over ends nothing.
func TestTheEarlierOfDateAndSilenceEndsAnInferredConsent(t *testing.T) {
	b := setup(t)
	b.exec(`UPDATE workspaces SET settings = '{"consent":{"inferred":true,"inferred_months":3,"inferred_silent_months":6}}'`)
	c, i := b.quiet("61491570101", 2)
	if s := b.state(c, i, "whatsapp", t0.AddDate(0, 1, 0)); s.ValidUntil == nil || !s.ValidUntil.Equal(t0.AddDate(0, 3, 0)) {
		t.Errorf("%+v", s)
	}
	b.now = t0.AddDate(0, 2, 0)
	if err := b.l.EndBySilence(t.Context(), b.db); err != nil {
		t.Fatal(err)
	}
	if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'expire'`); n != 0 {
		t.Error("it was ended before its time")
	}
	r := DefaultRules()
	for months, ok := range map[int]bool{-1: false, 0: true, 24: true, 25: false} {
		if r.SilentMonths = months; (r.Check() == nil) != ok {
			t.Errorf("%d months: %v", months, r.Check())
		}
	}
}
