package ingest

import (
	"strings"
	"testing"
	"time"

	"ponte/consent"
	"ponte/flow"
	"ponte/inbox"
)

// igEdit and waEdit are the new words of a message.
func (b *rig) igEdit(id, person, text string) string {
	return b.igMessaging(obj{"sender": obj{"id": person}, "recipient": obj{"id": igID}, "message_edit": obj{"mid": id, "text": text, "num_edit": "1"}})
}

func (b *rig) waEdit(id, phone, text string) string {
	return b.waBody(phone, b.waMessage(b.next("wamid.edit"), phone, obj{"type": "edit", "edit": obj{"original_message_id": id, "message": obj{"type": "text", "text": obj{"body": text}}}}))
}

func (b *rig) waRevoke(id, phone string) string {
	return b.waBody(phone, b.waMessage(b.next("wamid.revoke"), phone, obj{"type": "revoke", "revoke": obj{"original_message_id": id}}))
}

const spamText = "CONGRATULATIONS you won a free iPhone!!! claim your prize now at http://win-prizes.example/free and send your bank details 🎁🎁🎁"

// optedIn is a person who came over, answered the first question and said yes to offers.
func optedIn(t *testing.T) *rig {
	b := newRig(t)
	b.arrive("en")
	b.feed(b.waText("wamid.qualify", customer, "1"))
	b.sent()
	b.pass(time.Minute)
	b.feed(b.waText("wamid.yes", customer, "yes"))
	return b
}

// A yes that is edited into a STOP is a withdrawal: at once, on every channel, confirmed once.
func TestAnEditIntoAStopWithdraws(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"STOP", "non voglio più ricevere messaggi", "keine Nachrichten mehr bitte"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			b := optedIn(t)
			if !b.live().Live() {
				t.Fatalf("no consent after yes: %v", b.reasons())
			}
			before := len(b.said())
			b.feed(b.waEdit("wamid.yes", customer, text))
			b.lastReason("edited by its author; withdrew: no offers on any channel of the brand")
			if b.live().Status != consent.Withdrawn {
				t.Fatalf("the consent is %s: %v", b.live().Status, b.reasons())
			}
			if n := b.id(`SELECT count(*) FROM actions WHERE state = 'cancelled' AND reason = 'message_edited'`); n == 0 {
				t.Error("the thanks for the yes was not stopped")
			}
			b.sent()
			b.pass(time.Minute)
			b.feed(b.waEdit("wamid.yes", customer, text+"!"))
			b.pass(time.Minute)
			b.feed(b.waText("wamid.after", customer, "do you have kayaks for two?"))
			if said := b.said()[before:]; len(said) != 1 || !strings.Contains(said[0], "START") {
				t.Errorf("said %q after it, want one confirmation", said)
			}
			if b.live().Status != consent.Withdrawn {
				t.Error("an ordinary message brought the consent back")
			}
			if got := b.text(`SELECT text FROM messages WHERE external_id = 'wamid.yes'`); got != text+"!" {
				t.Errorf("the message says %q", got)
			}
			if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'withdraw' AND channel = 'all' AND evidence->>'message' = 'wamid.yes'`); n != 2 {
				t.Errorf("%d withdrawals name the message as proof, want 2", n)
			}
		})
	}
}

func TestAnEditIntoAStopOnInstagramCountsOnWhatsApp(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.granted()
	b.feed(b.igMessage("m1", "77", "nice boats"))
	b.feed(b.igEdit("m1", "77", "STOP"))
	if b.live().Status != consent.Withdrawn {
		t.Errorf("the WhatsApp consent is %s: %v", b.live().Status, b.reasons())
	}
	if got := b.text(`SELECT call->>'channel' FROM actions WHERE call->>'text' LIKE '%START%'`); got != "instagram" {
		t.Errorf("confirmed on %s", got)
	}
}

// One batch holds message and edit: the outcome is that of two.
func TestMessageAndEditInOneBatch(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.arrive("en")
	b.feed(b.waText("wamid.qualify", customer, "1"))
	b.sent()
	b.pass(time.Minute)
	before := len(b.said())
	b.feed(b.waText("wamid.yes", customer, "yes"), b.waEdit("wamid.yes", customer, "stop"))
	if b.live().Status != consent.Withdrawn {
		t.Errorf("the consent is %s: %v", b.live().Status, b.reasons())
	}
	if got := b.text(`SELECT string_agg(state, ' ' ORDER BY id) FROM actions WHERE kind = 'message.send' AND id IN (SELECT id FROM actions WHERE kind = 'message.send' ORDER BY id OFFSET $1)`, before); got != "cancelled planned" {
		t.Errorf("the thanks and the confirmation are %q: %q", got, b.said()[before:])
	}
}

// What a grant stands on can be edited away without a STOP.
func TestAnEditTakesTheYesBack(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]consent.Status{"no": consent.Withdrawn, "how deep is the water?": consent.Doubtful, "Yes!!": consent.Granted, "sì": consent.Granted} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			b := optedIn(t)
			b.sent()
			b.pass(time.Minute)
			b.feed(b.waEdit("wamid.yes", customer, text))
			if got := b.live().Status; got != want {
				t.Errorf("the consent is %s, want %s: %v", got, want, b.reasons())
			}
		})
	}
}

// An edit never answers the wording: only a message that comes after it does.
func TestAnEditGrantsNothing(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.arrive("en")
	b.feed(b.waText("wamid.qualify", customer, "1"))
	b.sent()
	b.pass(time.Minute)
	b.feed(b.waEdit("wamid.qualify", customer, "yes"))
	b.lastReason("an edit begins nothing")
	if b.live().Live() {
		t.Fatal("an edit of an older message was taken as the yes")
	}
	b.feed(b.waText("wamid.no", customer, "no"))
	b.sent()
	b.feed(b.waEdit("wamid.no", customer, "yes"))
	if b.live().Live() {
		t.Fatal("a no edited into a yes was taken as a consent")
	}
}

func TestAnEditIsNoNewMessage(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("wamid.1", customer, "hello"))
	b.sent()
	b.pass(time.Minute)
	said, unread, waited := len(b.said()), b.id(`SELECT unread FROM conversations`), b.text(`SELECT last_in_at::text FROM threads`)
	b.feed(b.waEdit("wamid.1", customer, "hello there"))
	if b.lastReason("an edit begins nothing"); len(b.said()) != said {
		t.Errorf("said %q", b.said())
	}
	if b.id(`SELECT unread FROM conversations`) != unread || b.text(`SELECT last_in_at::text FROM threads`) != waited || b.id(`SELECT count(*) FROM conversations`) != 1 {
		t.Error("the edit counts as a message")
	}
	if got := b.text(`SELECT preview FROM conversations`); got != "hello there" {
		t.Errorf("the list shows %q", got)
	}
	b.feed(b.igMessage("m1", "77", "info"))
	b.wantActions("message.send done, message.send planned")
	b.feed(b.igEdit("m1", "77", "info, please"))
	b.feed(b.igMessage("m2", "78", "nice boats"), b.igEdit("m2", "78", "info"))
	b.wantActions("message.send done, message.send planned") // kept, not doubled; and none for what an edit brought
}

func TestAnEditIsJudged(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("wamid.1", customer, spamText))
	if !strings.Contains(b.reasons()[0], "spam folder") {
		t.Fatalf("the text is no spam: %v", b.reasons())
	}
	b.feed(b.waEdit("wamid.1", customer, "do you rent boats?"))
	b.lastReason("out of the spam folder, for a person")
	if got := b.text(`SELECT spam || ' ' || handler || ' ' || (waiting_since IS NOT NULL) FROM conversations`); got != "false human true" {
		t.Errorf("the conversation is %q", got)
	}
	if got := b.text(`SELECT d.decision FROM messages m JOIN verdicts d ON d.id = m.verdict_id`); got != "allow" || b.id(`SELECT count(*) FROM verdicts`) != 2 {
		t.Errorf("the message stands as %q", got)
	}
	b.feed(b.waText("wamid.2", customer, spamText+"!"))
	b.exec(`UPDATE conversations SET spam = true, handler_reason = 'spam'`)
	b.feed(b.waEdit("wamid.1", customer, "do you rent big boats?"))
	if got := b.text(`SELECT spam::text FROM conversations`); got != "true" {
		t.Error("out of the spam folder, with spam in it still")
	}
}

// What a member said of the spam folder holds, whatever an edit says.
func TestAnEditLeavesTheSpamFolderToMembers(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("wamid.1", customer, spamText))
	b.exec(`UPDATE conversations SET handler_reason = $1`, inbox.FiledAsSpam)
	b.feed(b.waEdit("wamid.1", customer, "do you rent boats?"))
	if b.text(`SELECT spam::text FROM conversations`) != "true" {
		t.Errorf("what a member filed came out: %v", b.reasons())
	}
	b.exec(`UPDATE conversations SET spam = false, handler_reason = $1`, inbox.NotSpam)
	b.feed(b.waEdit("wamid.1", customer, spamText+"!"))
	if b.text(`SELECT spam::text FROM conversations`) != "false" {
		t.Errorf("what a member took out was filed again: %v", b.reasons())
	}
}

func TestAnEditIntoSpamStopsTheAnswer(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igMessage("m1", "77", "info"))
	b.wantActions("message.send planned")
	b.feed(b.igEdit("m1", "77", spamText))
	b.wantActions("message.send cancelled")
	if got := b.text(`SELECT reason FROM actions`); got != "message_edited" {
		t.Errorf("cancelled for %q", got)
	}
	if got := b.text(`SELECT spam::text FROM conversations`); got != "true" {
		t.Errorf("filed as spam: %s, %v", got, b.reasons())
	}
}

func TestAnEditAsksForAPersonOrComplains(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("wamid.1", customer, "hello"))
	b.sent()
	b.pass(time.Minute)
	b.feed(b.waEdit("wamid.1", customer, "I want to talk to a human"))
	b.lastReason("handed to a person: asked for a person")
	if got := b.text(`SELECT handler FROM conversations`); got != "human" {
		t.Errorf("handled by %q", got)
	}
	b.feed(b.waEdit("wamid.1", customer, "I will report you to the ACMA, who gave you my number?"))
	b.lastReason("complains: an item for owner and admin")
	if n := b.id(`SELECT count(*) FROM compliance_items`); n != 1 {
		t.Errorf("%d items", n)
	}
}

// The message itself never came, or comes after its edit.
func TestAnEditOfAMessageThatNeverCame(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igComment("c1", "77", "info"))
	b.sent()
	text, _ := b.reference("en")
	b.pass(time.Minute)
	b.feed(b.waEdit("wamid.1", customer, text+" Are you open?"))
	b.lastReason("an edit of a message that never came, kept as the message: welcomed")
	b.lastReason("one contact now")
	if got := b.text(`SELECT external_id || ' ' || type || ' ' || (edited_at IS NOT NULL) FROM messages WHERE direction = 'in'`); got != "wamid.1 text true" {
		t.Errorf("kept as %q", got)
	}
	said := len(b.said())
	b.feed(b.waText("wamid.1", customer, text))
	b.lastReason("came after its edit: the newer words stand; the reference had been used by the same person")
	if got := b.text(`SELECT text FROM messages WHERE direction = 'in'`); got != text+" Are you open?" || len(b.said()) != said {
		t.Errorf("the message says %q; said %q", got, b.said())
	}
	b.feed(b.igEdit("m1", "78", "info"), b.igMessage("m1", "78", "inof"))
	if n := b.id(`SELECT count(*) FROM actions WHERE kind = 'message.send' AND call->>'channel' = 'instagram'`); n != 1 {
		t.Errorf("%d answers to message and edit in one batch, want 1: %v", n, b.reasons())
	}
}

// In whatever order they come, what somebody stopped is stopped, and the newest words stand.
func TestEditsInAnyOrder(t *testing.T) {
	t.Parallel()
	first, second := "STOP", "good morning"
	for name, order := range map[string][]int{"as written": {0, 1, 2}, "edits swapped": {0, 2, 1}, "message last": {1, 2, 0}, "backwards": {2, 1, 0}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.granted()
			start := b.now
			var bodies []string
			for i, text := range []string{"hello", first, second} {
				b.now = start.Add(time.Duration(i) * time.Minute)
				if i == 0 {
					bodies = append(bodies, b.waText("wamid.m", customer, text))
				} else {
					bodies = append(bodies, b.waEdit("wamid.m", customer, text))
				}
			}
			for _, i := range order {
				b.feed(bodies[i])
				b.sent()
			}
			if b.live().Status != consent.Withdrawn {
				t.Errorf("the consent is %s: %v", b.live().Status, b.reasons())
			}
			if got := b.text(`SELECT text FROM messages WHERE external_id = 'wamid.m'`); got != second {
				t.Errorf("the message says %q", got)
			}
			if n := b.id(`SELECT count(*) FROM actions WHERE call->>'text' LIKE '%START%'`); n != 1 {
				t.Errorf("confirmed %d times", n)
			}
		})
	}
}

// What was taken back does not come again by an edit.
func TestAnEditAfterItWasTakenBack(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]bool{"known": false, "never seen": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			if !gone {
				b.feed(b.waText("wamid.1", customer, "my secret"))
			}
			b.feed(b.waRevoke("wamid.1", customer))
			b.feed(b.waEdit("wamid.1", customer, "my other secret"))
			if gone {
				b.feed(b.waText("wamid.1", customer, "my secret"))
			}
			if n := b.id(`SELECT count(*) FROM messages WHERE text LIKE '%secret%'`) + b.id(`SELECT count(*) FROM events WHERE payload::text LIKE '%secret%'`) +
				b.id(`SELECT count(*) FROM deliveries WHERE convert_from(body, 'UTF8') LIKE '%secret%'`) + b.id(`SELECT count(*) FROM verdicts WHERE input::text LIKE '%secret%'`); n != 0 {
				t.Errorf("%d copies are left: %v", n, b.reasons())
			}
		})
	}
}

// A burst whose last words are only an edit, or were taken back, is answered all the same.
func TestABurstWhoseEndSaysNothing(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("wamid.1", customer, "hello"), b.waEdit("wamid.1", customer, "hello!"))
	if got := b.said(); len(got) != 1 {
		t.Errorf("said %q: %v", got, b.reasons())
	}
	b = newRig(t)
	b.feed(b.waRevoke("wamid.2", customer))
	b.feed(b.waText("wamid.1", customer, "hello"), b.waText("wamid.2", customer, "oops"))
	if got := b.said(); len(got) != 1 {
		t.Errorf("said %q: %v", got, b.reasons())
	}
}

func TestTheBrandEditsItsOwnWords(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igMessage("m1", "77", "nice boats"))
	b.feed(b.igEcho("e1", "77", "Thank you"))
	own := b.igMessaging(obj{"sender": obj{"id": igID}, "recipient": obj{"id": "77"}, "message_edit": obj{"mid": "e1", "text": "Thank you!", "num_edit": 1}})
	b.feed(own)
	b.lastReason("the brand edited its own message")
	b.feed(b.igMessaging(obj{"sender": obj{"id": igID}, "recipient": obj{"id": "77"}, "message_edit": obj{"mid": "e2", "text": "STOP by whenever", "num_edit": 1}}))
	b.lastReason("an edit of a message that never came, kept as the message: a person of the brand answered in another tool")
	if got := b.text(`SELECT string_agg(direction || ' ' || text, ', ' ORDER BY id) FROM messages`); got != "in nice boats, out Thank you!, out STOP by whenever" {
		t.Errorf("the thread is %q", got)
	}
	if n := b.id(`SELECT count(*) FROM consent_entries`); n != 0 {
		t.Error("the brand's words are read as a customer's")
	}
}

// A flow goes on with what it heard. Where it did not understand and asked again, the new words are the answer;
// where it waits a moment for more, it hears the newest.
func TestAnEditAndAFlowThatWaits(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.publish(shipped(t, "lead-capture"))
	b.write("hello")
	b.tap("Get a quote")
	b.write("Byrne Ldt")
	asked, _ := b.run()
	said := len(b.said())
	company := b.text(`SELECT external_id FROM messages WHERE text = 'Byrne Ldt'`)
	b.feed(b.waEdit(company, customer, "Byrne Ltd"))
	b.lastReason("an edit begins nothing")
	if now, _ := b.run(); now.Step != asked.Step || now.Answers["company"] != "Byrne Ldt" || len(b.said()) != said {
		t.Errorf("the flow is at %s with %v", now.Step, now.Answers)
	}
	for now := asked; now.Step != "email"; now, _ = b.run() {
		if now.Waiting != flow.ForAnswer {
			t.Fatalf("the flow never asks for the address: %+v", now)
		}
		b.write("Ada Byrne")
	}
	b.write("ada at example")
	if now, _ := b.run(); now.Step != "email" || now.Retries != 1 {
		t.Fatalf("the flow is at %s", now.Step)
	}
	b.sent()
	address := b.text(`SELECT external_id FROM messages WHERE text = 'ada at example'`)
	b.feed(b.waEdit(address, customer, "ada@example.com"))
	if now, _ := b.run(); now.Step == "email" || now.Answers["email"] != "ada@example.com" {
		t.Errorf("the flow did not hear the corrected answer: %+v; %v", now, b.reasons())
	}
	b.feed(b.waEdit(address, customer, "STOP"))
	if _, ended := b.run(); ended != "stopped" {
		t.Errorf("the flow goes on after STOP: %q; %v", ended, b.reasons())
	}
}

func TestAFlowHearsTheNewestWords(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.publish(shipped(t, "lead-capture"))
	b.write("hello")
	b.tap("Get a quote")
	b.decider.Settle = 5 * time.Second
	b.sent()
	b.pass(time.Minute)
	b.receive(b.waText("wamid.c", customer, "Byrne Ldt"))
	b.split()
	b.decide()
	b.receive(b.waEdit("wamid.c", customer, "Byrne Ltd"))
	b.split()
	b.decide()
	b.lastReason("the flow hears the new words")
	b.pass(time.Minute)
	b.exec(`UPDATE events SET not_before = NULL WHERE state = 'pending'`)
	b.work()
	if now, _ := b.run(); now.Answers["company"] != "Byrne Ltd" {
		t.Errorf("the flow heard %v: %v", now.Answers, b.reasons())
	}
}
