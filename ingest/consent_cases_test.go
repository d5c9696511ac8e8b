package ingest

import (
	"testing"
	"time"

	"ponte/consent"
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
