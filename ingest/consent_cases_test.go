package ingest

import (
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
)

// The numbered cases about consent that begin with what a person writes, played as real events. The others are
// in consent, gate, outbox and api, under the same names.

func TestCase4StopInAnySpelling(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]consent.Status{
		"Oprește mesajele": consent.Withdrawn, "opreste": consent.Withdrawn, "OPREȘTE": consent.Withdrawn, "opreşte!": consent.Withdrawn, "Vă rog să mă dezabonați": consent.Withdrawn,
		"Stop!!": consent.Withdrawn, "STOP pls": consent.Withdrawn, "sToP.": consent.Withdrawn, "S T O P": consent.Withdrawn, "stop 🙏": consent.Withdrawn,
		"please don't stop": consent.Granted, "don’t unsubscribe me": consent.Granted, "non voglio disiscrivermi": consent.Granted, "nu vă opriți": consent.Granted,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.agreed()
			b.feed(b.waText("w2", customer, text))
			if got := b.offers(customer); got != want {
				t.Errorf("stands at %q, want %q: %v", got, want, b.reasons())
			}
		})
	}
}

// agreed is a customer who confirmed the box of the website a while ago.
func (b *rig) agreed() {
	b.Helper()
	text, _ := b.request("")
	b.feed(b.waText("w1", customer, text))
	if got := b.offers(customer); got != consent.Granted {
		b.Fatalf("before: %q %v", got, b.reasons())
	}
	b.sent()
	b.pass(time.Hour)
}

func TestCase12ANumberWithAnotherOwner(t *testing.T) {
	t.Parallel()
	system := func(b *rig, fields obj) string {
		return b.waBody(customer, b.waMessage("w2", customer, obj{"type": "system", "system": fields}))
	}
	for name, c := range map[string]struct {
		tell func(b *rig) string
		want consent.Status
	}{
		"a new security code": {func(b *rig) string { return system(b, obj{"type": "customer_identity_changed", "body": "changed"}) }, consent.Doubtful},
		"the number has another user": {func(b *rig) string {
			return b.waBodyOf("AU.NEWCOMER", customer, b.waMessage("w2", customer, obj{"type": "text", "text": obj{"body": "hello"}}))
		}, consent.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.agreed()
			b.feed(c.tell(b))
			if got := b.offers(customer); got != c.want {
				t.Errorf("stands at %q, want %q: %v", got, c.want, b.reasons())
			}
			b.feed(b.waText("w3", customer, "what are your opening hours?"))
			if got := b.offers(customer); got == consent.Granted {
				t.Error("an ordinary message brought the consent back")
			}
		})
	}
}

// What is said under a post reaches owner and admin as what is said in a message does, and nothing automatic
// answers it.
func TestComplaintsInPublicReachTheComplianceQueue(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		body func(b *rig) string
		kind string
		doer bool // the network says who
	}{
		"instagram": {func(b *rig) string {
			return b.igComment("c1", "77", "info: who gave you my number?! I will report you")
		}, "complaint", true},
		"a reply": {func(b *rig) string {
			return b.igReply("c1", "c0", "77", "prezzo? Intanto vi segnalo al Garante della privacy")
		}, "authority", true},
		"facebook": {func(b *rig) string {
			return b.fbFeed("add", "c1", "88", "info svp, et supprimez mes données, sinon la CNIL")
		}, "authority", true},
		"the author is withheld": {func(b *rig) string { return b.fbFeed("add", "c1", "", "My lawyer will hear of this, info please") }, "lawyer", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(c.body(b))
			if got := b.text(`SELECT coalesce(string_agg(i.kind || ' ' || i.state || ' ' || c.external_id || ' ' || (i.contact_id IS NOT NULL), ','), '') FROM compliance_items i JOIN comments c ON c.id = i.comment_id`); got != c.kind+" open c1 "+map[bool]string{true: "true", false: "false"}[c.doer] {
				t.Fatalf("opened %q: %v", got, b.reasons())
			}
			b.lastReason("complains in public")
			for _, a := range b.actions("comment.reply", "private_reply.send", "message.send") {
				t.Errorf("answered automatically: %+v", a)
			}
			if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'doubt' AND how = 'complaint'`); (n == 1) != c.doer {
				t.Errorf("%d doubts", n)
			}
			b.feed(c.body(b)) // the same webhook once more
			if n := b.id(`SELECT count(*) FROM compliance_items`); n != 1 {
				t.Errorf("%d items of one complaint", n)
			}
		})
	}
}

func TestACommentEditedIntoAComplaintEndsItsAutomaticAnswer(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.fbFeed("add", "c1", "88", wantsToKnow))
	b.wantActions("comment.reply planned, private_reply.send planned")
	b.pass(time.Minute)
	b.feed(b.fbFeed("edited", "c1", "88", "info, or I will report you to the ACMA"))
	b.wantActions("comment.reply cancelled, private_reply.send cancelled")
	if got := b.text(`SELECT coalesce(string_agg(kind, ','), '') FROM compliance_items`); got != "authority" {
		t.Errorf("items: %s %v", got, b.reasons())
	}
}

func TestWhatIsNoPublicComplaint(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igComment("c1", "77", "info please, I am a lawyer and want two kayaks"), b.igComment("c2", igID, "We report you the news: info soon, gdpr ready"))
	if n := b.id(`SELECT count(*) FROM compliance_items`); n != 0 {
		t.Errorf("%d items: %v", n, b.reasons())
	}
	b.wantActions("comment.reply planned, private_reply.send planned")
}

// What silence has ended stays ended when the person writes again, also where nobody had noticed the end yet.
func TestAMessageAfterTheSilenceDoesNotBringAnInferredConsentBack(t *testing.T) {
	t.Parallel()
	for months, want := range map[int]consent.Status{2: consent.Granted, 4: consent.Expired} {
		b := newRig(t)
		b.exec(`UPDATE workspaces SET settings = '{"consent":{"inferred":true,"inferred_silent_months":3}}'`)
		b.feed(b.waText("w1", customer, "hello"))
		b.must(b.ledger.Append(t.Context(), b.db, []consent.Entry{{WorkspaceID: b.ws, At: b.now, Brand: brand, Channel: "whatsapp", Purpose: consent.Promotional, Act: consent.Grant, Kind: consent.Inferred,
			How: "member", Actor: "user:1", Evidence: consent.Evidence{"membership": "42"}, Personal: consent.Personal{ContactID: b.id(`SELECT contact_id FROM identities`), Address: consent.PhoneAddress(customer)}}}))
		b.now = b.now.AddDate(0, months, 0)
		b.feed(b.waText("w2", customer, "hello again"), b.waText("w3", customer, "are you there?"))
		if got := b.offers(customer); got != want {
			t.Errorf("after %d months: %q, want %q", months, got, want)
		}
		if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'expire'`); (n == 1) != (want == consent.Expired) {
			t.Errorf("after %d months: %d ends", months, n)
		}
	}
}

// Whatever a person writes that is no answer to a wording, it brings nobody back: not after STOP, not after a
// no, not after the end of a consent, on no channel.
func TestALaterOrdinaryMessageNeverResubscribes(t *testing.T) {
	t.Parallel()
	ordinary := []string{"hello", "yes", "sì", "ok grazie", "YES please", "I love your offers", "send me the price list", "why did you stop?", "START being nice", "oui, bonjour", "da", "subscribe", "I want everything", "👍", "please don't stop"}
	for name, end := range map[string]func(b *rig){
		"STOP":    func(b *rig) { b.feed(b.waText("end", customer, "STOP")) },
		"a doubt": func(b *rig) { b.enter(consent.Doubt, "complaint") },
		"a no":    func(b *rig) { b.enter(consent.Refuse, "keyword_reply") },
		"an end":  func(b *rig) { b.enter(consent.Expire, "number_reassigned") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.agreed()
			end(b)
			b.sent()
			b.exec(`UPDATE conversations SET handler = 'human'`)
			want := b.offers(customer)
			if want == consent.Granted {
				t.Fatalf("it did not end: %v", b.reasons())
			}
			for i, text := range ordinary {
				b.pass(time.Hour)
				b.feed(b.waText(b.next("o"), customer, text), b.igMessage(b.next("i"), "777", text), b.igComment(b.next("c"), "777", text))
				if got := b.offers(customer); got == consent.Granted {
					t.Fatalf("message %d, %q, brought them back: %v", i, text, b.reasons())
				}
				b.sent()
			}
			if n := b.id(`SELECT count(*) FROM consent_entries WHERE act IN ('grant','confirm')`); n != 1 {
				t.Errorf("%d grants, want the first alone", n)
			}
		})
	}
}

// enter keeps an act of the customer in the ledger, as another part of the program does.
func (b *rig) enter(act consent.Act, how string) {
	b.Helper()
	b.must(b.ledger.Append(b.Context(), b.db, []consent.Entry{{WorkspaceID: b.ws, At: b.now, Brand: brand, Channel: consent.All, Purpose: consent.Promotional, Act: act, Kind: consent.None, How: how, Actor: "contact",
		Evidence: consent.Evidence{"message": "x"}, Personal: consent.Personal{ContactID: b.id(`SELECT contact_id FROM identities WHERE phone = $1`, customer), Address: consent.PhoneAddress(customer)}}}))
	b.pass(time.Minute)
}

// From the words to the gate: what was planned while a consent stood does not go out once the person may have
// asked to stop, and goes again only when they said that they did not.
func TestADoubtInRealMessagesRefusesOffersAtTheGate(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE workspaces SET settings = '{"quiet_from":"00:00","quiet_to":"24:00","saturday_from":"00:00","saturday_to":"24:00","sundays":true}'`)
	b.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES ($1, $2, 'summer', 'en', 'MARKETING', 'APPROVED', '[{"type":"BODY","text":"Bondi Kayaks: new boats. Reply STOP to opt out."}]')`, b.ws, b.wa.ID)
	b.agreed()
	g := &gate.Gate{Ledger: b.ledger}
	ask := func() gate.Decision {
		t.Helper()
		var who struct {
			ID      int64 `db:"id"`
			Contact int64 `db:"contact_id"`
		}
		b.must(b.db.Get(&who, `SELECT id, contact_id FROM identities WHERE phone = $1`, customer))
		d, err := g.Check(t.Context(), b.db, gate.Request{WorkspaceID: b.ws, AccountID: b.wa.ID, ContactID: who.Contact, IdentityID: who.ID, Purpose: gate.Promotional, Origin: gate.FromAPI, NotBefore: b.now, ValidUntil: b.now.Add(time.Hour),
			Call: channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp, Phone: customer, Template: &channels.TemplateSend{Name: "summer", Language: "en"}}}, b.now)
		b.must(err)
		return d
	}
	step := func(text, want string) {
		t.Helper()
		if text != "" {
			b.feed(b.waText(b.next("s"), customer, text))
			b.sent()
			b.pass(time.Minute)
		}
		if d := ask(); d.Code != want {
			t.Errorf("after %q: %s %q (%s), want %q: %v", text, d.Verb, d.Code, d.Meaning, want, b.reasons())
		}
	}
	step("", "")
	step("annulla", "doubt")
	step("quanto costa un kayak?", "doubt")
	b.feed(b.waButton("keep", customer, "ponte:keep", "Keep them"))
	b.sent()
	b.pass(time.Minute)
	step("", "")
	step("who gave you my number?", "doubt")
	step("STOP", "opted_out")
	step("ciao, siete aperti?", "opted_out")
}
