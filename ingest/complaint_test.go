package ingest

import (
	"strings"
	"testing"
	"time"

	"ponte/consent"
)

func TestComplaintsReachTheComplianceQueue(t *testing.T) {
	t.Parallel()
	for text, kind := range map[string]string{
		"Who gave you my number?! I will report you.":                         "complaint",
		"I have filed this with ACMA.":                                        "authority",
		"Vi segnalo al Garante della privacy":                                 "authority",
		"Je vais saisir la CNIL.":                                             "authority",
		"Fac reclamație la ANSPDCP":                                           "authority",
		"Lo comunicaré a la AEPD":                                             "authority",
		"Das verstößt gegen die DSGVO":                                        "complaint",
		"Mein Anwalt wird sich melden":                                        "lawyer",
		"Quem vos deu o meu número?":                                          "complaint",
		"De unde aveți numărul meu?":                                          "complaint",
		"Please delete my data":                                               "erasure",
		"Quels sont vos horaires ? Et supprimez mes données, s'il vous plaît": "erasure",
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.waText("m1", customer, text))
			if got := b.text(`SELECT coalesce(string_agg(kind || ' ' || state, ','), '') FROM compliance_items`); got != kind+" open" {
				t.Fatalf("%q opened %q, want %s", text, got, kind)
			}
			if got := b.text(`SELECT handler FROM conversations`); got != "human" {
				t.Errorf("the bot goes on: %s %v", got, b.reasons())
			}
			if got := b.offers(customer); got != consent.Doubtful && got != consent.Withdrawn {
				t.Errorf("offers stand at %q while a complaint is open", got)
			}
			b.feed(b.waText("m2", customer, text))
			if n := b.id(`SELECT count(*) FROM compliance_items`); n != 1 {
				t.Errorf("%d items of one complaint", n)
			}
		})
	}
}

func TestOrdinaryTextsAreNoComplaints(t *testing.T) {
	for _, text := range []string{"My number is 0491 570 156", "Can you report back on the delivery?", "I am a lawyer and would like a kayak for two", "Mi date il vostro numero?", "Garantie 2 ans ?", "Avete la garanzia?",
		"Is the acmas model in stock?", "Wie ist Ihre Nummer?", "Please delete my booking", "Garante consegna domani?", "privacy screen for laptop"} {
		if c, ok := consent.FindComplaint(text); ok {
			t.Errorf("%q: %+v", text, c)
		}
	}
}

func TestAComplaintAlarmsAfterOneBusinessDayAndIsBreachedAfterFour(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.now = time.Date(2026, 11, 20, 2, 0, 0, 0, time.UTC) // Friday, 13:00 in Sydney
	b.exec(`UPDATE workspaces SET time_zone = 'Australia/Sydney', country = 'AU'`)
	b.wire()
	b.feed(b.waText("m1", customer, "I will report you to ACMA"))
	alarm := func(at time.Time) string {
		t.Helper()
		l := b.ledger.WithClock(func() time.Time { return at })
		if _, err := l.Alarm(t.Context(), b.db); err != nil {
			t.Fatal(err)
		}
		return b.text(`SELECT coalesce(string_agg(verb, ' ' ORDER BY id), '') FROM audit_log WHERE verb LIKE 'compliance.%'`)
	}
	opened := func() time.Time {
		var at time.Time
		b.must(b.db.Get(&at, `SELECT opened_at FROM compliance_items`))
		return at
	}()
	zone, _ := time.LoadLocation("Australia/Sydney")
	if got := opened.In(zone).AddDate(0, 0, 1); alarm(got) != "" && opened.In(zone).Weekday() == time.Friday {
		t.Error("Saturday counted as a business day")
	}
	if got := alarm(opened.AddDate(0, 0, 4)); got != "compliance.alarm" {
		t.Errorf("after a weekend and a day: %q", got)
	}
	if got := alarm(opened.AddDate(0, 0, 9)); got != "compliance.alarm compliance.breach" {
		t.Errorf("after nine days: %q", got)
	}
	if got := alarm(opened.AddDate(0, 0, 10)); strings.Count(got, "compliance") != 2 {
		t.Errorf("said again: %q", got)
	}
}

func TestANumberThatHasAnotherOwnerCarriesNoConsentAlong(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	text, _ := b.request("")
	b.feed(b.waText("m1", customer, text))
	if got := b.offers(customer); got != consent.Granted {
		t.Fatalf("before: %q", got)
	}
	b.pass(time.Hour)
	b.feed(b.waBodyOf("AU.NEWCOMER", customer, b.waMessage("m2", customer, obj{"type": "text", "text": obj{"body": "hello, I am new here"}})))
	if n := b.id(`SELECT count(*) FROM identities WHERE phone = $1`, customer); n != 2 {
		t.Fatalf("%d identities have had the number", n)
	}
	if got := b.offers(customer); got != consent.Expired {
		t.Errorf("the newcomer stands at %q", got)
	}
	b.pass(time.Hour)
	text, _ = b.request("")
	b.feed(b.waBodyOf("AU.NEWCOMER", customer, b.waMessage("m3", customer, obj{"type": "text", "text": obj{"body": text}})))
	if got := b.offers(customer); got != consent.Granted {
		t.Errorf("the newcomer agreed themselves and stands at %q", got)
	}
}

func TestANewSecurityCodeSuspendsOffersUntilThePersonAnswers(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	text, _ := b.request("")
	b.feed(b.waText("m1", customer, text))
	b.pass(time.Hour)
	b.feed(b.waBody(customer, b.waMessage("m2", customer, obj{"type": "system", "system": obj{"type": "customer_identity_changed", "body": "changed"}})))
	if got := b.offers(customer); got != consent.Doubtful {
		t.Errorf("stands at %q: %v", got, b.reasons())
	}
}

func TestAnotherNumberEndsWhatTheOldOneAgreedTo(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	text, _ := b.request("")
	b.feed(b.waText("m1", customer, text))
	b.pass(time.Hour)
	b.feed(b.waBody(customer, b.waMessage("m2", customer, obj{"type": "system", "system": obj{"type": "user_changed_number", "body": "changed", "wa_id": "61491570188", "new_wa_id": "61491570188"}})))
	b.pass(time.Hour)
	b.feed(b.waBodyOf("AU.STRANGER", customer, b.waMessage("m3", customer, obj{"type": "text", "text": obj{"body": "good morning"}})))
	if got := b.offers(customer); got != consent.Expired {
		t.Errorf("the number's new owner stands at %q: %v", got, b.reasons())
	}
	if got := b.offers("61491570188"); got == consent.Granted {
		t.Errorf("the new number was never agreed to, and stands at %q", got)
	}
}

// waBodyOf is a message of a person with another user id than their number's.
func (b *rig) waBodyOf(user, phone string, messages ...any) string {
	return strings.ReplaceAll(b.waBody(phone, messages...), `"AU.`+phone+`"`, `"`+user+`"`)
}
