package consent

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestStanding(t *testing.T) {
	later := func(n int) time.Time { return t0.Add(time.Duration(n) * time.Minute) }
	type step struct {
		act Act
		at  time.Time
		who string // wa, wa2 (another contact, same number under its old identity), ig
		mod func(*Entry)
	}
	otherBrand := func(e *Entry) { e.Brand = "Other Pty Ltd" }
	cases := []struct {
		name  string
		steps []step
		want  Status
	}{
		{"nothing", nil, Unknown},
		{"asked only", []step{{act: Ask, at: t0, who: "wa"}}, Unknown},
		{"granted", []step{{act: Grant, at: t0, who: "wa"}}, Granted},
		{"granted for another brand", []step{{act: Grant, at: t0, who: "wa", mod: otherBrand}}, Unknown},
		{"granted on another channel of the same person", []step{{act: Grant, at: t0, who: "ig"}}, Unknown},
		{"inferred only", []step{{act: Grant, at: t0, who: "wa", mod: func(e *Entry) { e.Kind = Inferred }}}, Unknown},
		{"service does not become marketing", []step{{act: Grant, at: t0, who: "wa", mod: func(e *Entry) { e.Purpose = Service }}}, Unknown},
		{"stop", []step{{act: Grant, at: t0, who: "wa"}, {act: Withdraw, at: later(1), who: "wa"}}, Withdrawn},
		{"stop on another channel", []step{{act: Grant, at: t0, who: "wa"}, {act: Withdraw, at: later(1), who: "ig"}}, Withdrawn},
		{"stop all", []step{{act: Grant, at: t0, who: "wa"}, {act: Withdraw, at: later(1), who: "ig", mod: func(e *Entry) { e.Purpose = All }}}, Withdrawn},
		{"stop of research only", []step{{act: Grant, at: t0, who: "wa"}, {act: Withdraw, at: later(1), who: "wa", mod: func(e *Entry) { e.Purpose = Research }}}, Granted},
		{"back again", []step{{act: Grant, at: t0, who: "wa"}, {act: Withdraw, at: later(1), who: "wa"}, {act: Grant, at: later(2), who: "wa"}}, Granted},
		{"an older withdrawal arrives late", []step{{act: Grant, at: later(5), who: "wa"}, {act: Withdraw, at: later(2), who: "wa"}}, Granted},
		{"a newer withdrawal was recorded first", []step{{act: Withdraw, at: later(5), who: "wa"}, {act: Grant, at: later(2), who: "wa"}}, Withdrawn},
		{"at the same second stop wins", []step{{act: Withdraw, at: t0, who: "wa"}, {act: Grant, at: t0, who: "wa"}}, Withdrawn},
		{"doubt suspends", []step{{act: Grant, at: t0, who: "wa"}, {act: Doubt, at: later(1), who: "ig"}}, Doubtful},
		{"doubt cleared", []step{{act: Grant, at: t0, who: "wa"}, {act: Doubt, at: later(1), who: "wa"}, {act: Confirm, at: later(2), who: "wa"}}, Granted},
		{"confirm never lifts a withdrawal", []step{{act: Grant, at: t0, who: "wa"}, {act: Withdraw, at: later(1), who: "wa"}, {act: Confirm, at: later(2), who: "wa"}}, Withdrawn},
		{"expired by the network", []step{{act: Grant, at: t0, who: "wa"}, {act: Expire, at: later(1), who: "wa"}}, Expired},
		{"valid until has passed", []step{{act: Grant, at: t0, who: "wa", mod: func(e *Entry) { v := later(3); e.ValidUntil = &v }}}, Expired},
		{"refused", []step{{act: Ask, at: t0, who: "wa"}, {act: Refuse, at: later(1), who: "wa"}}, Refused},
		{"a no after a yes takes it back", []step{{act: Grant, at: t0, who: "wa"}, {act: Refuse, at: later(1), who: "wa"}}, Withdrawn},
		{"an import alone", []step{{act: Import, at: t0, who: "wa"}}, Unknown},
		{"an import the owner confirmed", []step{{act: Import, at: t0, who: "wa"}, {act: Confirm, at: later(1), who: "wa"}}, Granted},
		{"an import withdrawn before it was confirmed", []step{{act: Import, at: t0, who: "wa"}, {act: Withdraw, at: later(1), who: "ig"}, {act: Confirm, at: later(2), who: "wa"}}, Withdrawn},
		{"another contact with the same number withdrew", []step{{act: Grant, at: t0, who: "wa"}, {act: Withdraw, at: later(1), who: "wa2"}}, Withdrawn},
		{"a grant dated after the claim", []step{{act: Grant, at: t0.Add(100 * time.Hour), who: "wa"}}, Unknown},
		{"a withdrawal dated after the claim", []step{{act: Grant, at: t0, who: "wa"}, {act: Withdraw, at: t0.Add(100 * time.Hour), who: "wa"}}, Withdrawn},
	}
	b := setup(t)
	at := t0.Add(time.Hour)
	for n, c := range cases {
		phone := "6149157" + string(rune('0'+n/10)) + string(rune('0'+n%10))
		one, two := b.contact(), b.contact()
		wa := b.identity(one, "whatsapp", "BSUID"+phone, phone)
		b.identity(one, "instagram", "ig"+phone, "")
		old := b.identity(two, "whatsapp", "OLD"+phone, "")
		b.exec(`UPDATE identities SET phone = $2, replaced_at = now() WHERE id = $1`, old, phone)
		for _, s := range c.steps {
			e := b.entry(s.act, s.at, one, "whatsapp", "phone:"+phone)
			switch s.who {
			case "ig":
				e.Channel, e.Personal.Address = "instagram", "instagram:0:ig"+phone
			case "wa2":
				e.Personal.ContactID = two
			}
			if s.mod != nil {
				s.mod(&e)
			}
			b.append(e)
		}
		if got := b.state(one, wa, "whatsapp", at); got.Status != c.want {
			t.Errorf("%s: %q, want %q", c.name, got.Status, c.want)
		}
	}
	if rep, err := b.l.Verify(t.Context(), b.db, b.ws, nil); err != nil || !rep.OK() {
		t.Errorf("%+v %v", rep, err)
	}
}

func TestGrantUnderTheOldKeyCountsOnceThePhoneIsKnown(t *testing.T) {
	b := setup(t)
	c := b.contact()
	i := b.identity(c, "whatsapp", "BSUID1", "")
	b.append(b.entry(Grant, t0, c, "whatsapp", "whatsapp:0:BSUID1"))
	b.exec(`UPDATE identities SET phone = '61491570156' WHERE id = $1`, i)
	if s := b.state(c, i, "whatsapp", b.now); !s.Live() {
		t.Errorf("%+v", s)
	}
}

func TestJoiningPeopleNeverWidensConsent(t *testing.T) {
	b := setup(t)
	one, two := b.contact(), b.contact()
	ig, wa := b.identity(one, "instagram", "ig1", ""), b.identity(two, "whatsapp", "", "61491570156")
	b.append(b.entry(Grant, t0, one, "instagram", "instagram:0:ig1"))
	b.exec(`UPDATE identities SET contact_id = $1 WHERE id = $2`, two, ig)
	if s := b.state(two, wa, "whatsapp", b.now); s.Live() {
		t.Error("a grant on Instagram opened WhatsApp after a join")
	}
	if s := b.state(two, ig, "instagram", b.now); !s.Live() {
		t.Error("the grant was lost by a join")
	}
	b.append(b.entry(Withdraw, t0.Add(time.Hour), two, "whatsapp", "phone:61491570156"))
	if s := b.state(two, ig, "instagram", b.now); s.Live() {
		t.Error("STOP on WhatsApp did not reach Instagram")
	}
}

// Over random histories: live means that the newest act of all that matter is a grant for exactly
// this address, brand and channel.
func TestStateOverRandomHistories(t *testing.T) {
	t.Parallel()
	acts := []Act{Ask, Grant, Refuse, Withdraw, Doubt, Expire, Import, Confirm}
	rng := rand.New(rand.NewPCG(7, 11))
	live := 0
	for range 20000 {
		h := &History{Brand: "B", subjects: map[int64][][]byte{1: {[]byte("a")}, 2: {[]byte("b")}}}
		for seq := range rng.IntN(6) {
			e := Entry{Seq: int64(seq + 1), At: t0.Add(time.Duration(rng.IntN(4)) * time.Second), Act: acts[rng.IntN(len(acts))], Kind: Express,
				Brand: []string{"B", "B", "B", "X"}[rng.IntN(4)], Channel: []string{"whatsapp", "whatsapp", "instagram"}[rng.IntN(3)],
				Purpose: []string{Promotional, Promotional, All}[rng.IntN(3)], Subject: []byte([]string{"a", "a", "b"}[rng.IntN(3)])}
			if e.Act == Grant && e.Purpose == All {
				e.Purpose = Promotional
			}
			h.add(e)
		}
		sortEntries(h)
		if !h.State(1, "whatsapp", Promotional, t0.Add(time.Minute)).Live() {
			continue
		}
		live++
		var newest *Entry // the newest thing that either allows here or stops anywhere
		supported := false
		for i := range h.Entries {
			e := &h.Entries[i]
			allows := (e.Act == Grant || e.Act == Confirm) && e.Brand == "B" && e.Channel == "whatsapp" && e.Purpose == Promotional && string(e.Subject) == "a"
			if allows && (e.Act == Grant || newest != nil || hasImport(h, i)) {
				supported = true
			}
			if allows || e.stops() {
				newest = e
			}
		}
		if newest == nil || newest.stops() || !supported {
			t.Fatalf("live without a standing grant: %+v", h.Entries)
		}
	}
	if live < 500 {
		t.Fatalf("only %d histories were live: the test proves little", live)
	}
}

func hasImport(h *History, before int) bool {
	for _, e := range h.Entries[:before] {
		if e.Act == Import && string(e.Subject) == "a" {
			return true
		}
	}
	return false
}
