package ingest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ponte/flow"
	"ponte/flow/live"
)

func TestAPublishedFlowLeadsFromTheFirstMessageToAProvenConsent(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.publish(shipped(t, "lead-capture"))
	b.exec(`UPDATE workspaces SET locale = 'it'`)
	b.write("Buongiorno, vorrei informazioni per favore")
	b.wantSaid("Bondi Kayaks")
	b.tap("")
	for i := 0; i < 8; i++ {
		state, ended := b.run()
		if ended != "" || state.Waiting == flow.ForConsent {
			break
		}
		answers := map[string]string{"name": "Ada Byrne", "email": "scrivetemi a ada@example.com", "phone": "+39 06 6982 1234", "company": "Byrne Srl", "postcode": "00184"}
		if a, ok := answers[state.Step]; ok {
			b.write(a)
		} else {
			b.tap("")
		}
	}
	state, _ := b.run()
	if state.Waiting != flow.ForConsent || state.WordingID == 0 || state.AskedAction == 0 {
		t.Fatalf("the consent was not asked for: %+v; %v", state, b.reasons())
	}
	b.lastSaid("Ti va?")
	b.sent()
	b.pass(time.Minute)
	b.feed(b.waText(b.next("wamid.y"), customer, "Sì"))
	b.wantLedger("ask whatsapp question", "grant whatsapp keyword_reply")
	if !b.live().Live() {
		t.Error("no live consent after the yes to the wording")
	}
	if got := b.text(`SELECT string_agg(name || ' ' || source, ',') FROM goals`); got != "lead flow" {
		t.Errorf("goals: %q", got)
	}
	if got := b.text(`SELECT fields->>'email' FROM contacts WHERE fields ? 'email'`); got != "ada@example.com" {
		t.Errorf("the contact's e-mail is %q", got)
	}
	if got := b.text(`SELECT handler || ' ' || team FROM conversations`); got != "human sales" {
		t.Errorf("the conversation is %q", got)
	}
	for _, a := range b.actions("message.send") {
		if a.Purpose != "answer" {
			t.Errorf("an answer is %s: %s", a.Purpose, a.Text)
		}
	}
	before := len(b.said())
	b.write("Siete ancora lì?")
	if n := len(b.said()); n != before {
		t.Errorf("the flow spoke after it had handed over: %q", b.said()[before:])
	}
}

const twoQuestions = `{"format":1,"id":"two","version":1,"name":"Two","languages":["en"],"steps":[
 {"id":"topic","type":"question","text":{"en":"What about?"},"answer":{"kind":"text"},"timeout":"30m","on_timeout":"nudge","next":"more"},
 {"id":"nudge","type":"message","text":{"en":"Still there?"},"next":"pause"},
 {"id":"pause","type":"wait","for":"2h","on_message":"more","next":"bye"},
 {"id":"more","type":"question","text":{"en":"How many?"},"answer":{"kind":"number","whole":true},"retries":1,"next":"bye"},
 {"id":"bye","type":"end","resolve":true,"text":{"en":"Thanks."}}]}`

func TestABurstGetsOneAnswer(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.decider.Settle = time.Hour // the events below are let go by hand: a busy machine must not be quicker
	b.publish(twoQuestions)
	settle := func() {
		b.pass(3 * time.Second)
		b.exec(`UPDATE events SET not_before = now() WHERE state = 'pending'`)
		b.work()
	}
	say := func(text string) {
		b.receive(b.waText(b.next("wamid.b"), customer, text))
		b.split()
		b.decide()
		b.pass(500 * time.Millisecond)
	}
	say("hello")
	say("good morning")
	if len(b.said()) != 0 {
		t.Fatalf("answered in the middle of a breath: %q; %v", b.said(), b.reasons())
	}
	settle()
	b.wantSaid("What about?")
	b.sent()
	say("kayaks")
	say("for the weekend")
	settle()
	b.wantSaid("What about?", "How many?")
	if state, _ := b.run(); state.Answers["topic"] != "kayaks for the weekend" && state.Answers["topic"] != "kayaks\nfor the weekend" {
		t.Errorf("the answer is %q", state.Answers["topic"])
	}
	// Somebody who wants to stop does not wait for the end of a breath.
	b.sent()
	say("hmm")
	say("STOP")
	if state, ended := b.run(); ended != "stopped" || state.Why != "stopped" {
		t.Fatalf("after STOP the run is %q: %v", ended, b.reasons())
	}
	if len(b.said()) != 3 {
		t.Errorf("said %q", b.said())
	}
	settle()
	if len(b.said()) != 3 {
		t.Errorf("the rest of the breath was answered too: %q", b.said())
	}
}

func TestWhoeverWantsAPersonBeforeTheFlowBeganIsNotWelcomedFirst(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.decider.Settle = time.Hour
	b.publish(twoQuestions)
	for _, text := range []string{"hello", "I want to talk to a human please"} {
		b.receive(b.waText(b.next("wamid.h"), customer, text))
		b.split()
		b.decide()
	}
	if got := b.said(); len(got) != 1 || strings.Contains(got[0], "What about?") {
		t.Errorf("said %q", got)
	}
	if got := b.text(`SELECT handler FROM conversations`); got != "human" {
		t.Errorf("the conversation is for the %s", got)
	}
}

func TestAPersonFinishesOnTheVersionTheyStarted(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	id, v := b.publish(twoQuestions)
	b.write("hello")
	b.wantSaid("What about?")
	tx := b.db.MustBegin()
	b.must(live.SetDraft(t.Context(), tx, b.ws, id, 2, strings.ReplaceAll(v.Document, "How many?", "How many people?")))
	second, err := live.Publish(t.Context(), tx, b.ws, id, 3, "clearer", nil)
	b.must(err)
	b.must(tx.Commit())
	if second.Number != 2 || !strings.Contains(second.Document, `"version":2`) {
		t.Fatalf("published as version %d: %s", second.Number, second.Document)
	}
	b.write("kayaks")
	b.wantSaid("What about?", "How many?")
	b.write("2")
	b.lastSaid("Thanks.")
	b.write("hello again")
	b.write("tents")
	b.lastSaid("How many people?")
	if _, err := b.db.Exec(`UPDATE flow_versions SET document = '{}'`); err == nil {
		t.Error("a published version was changed")
	}
}

func TestTimersRingOnceAndMessagesComeFirst(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.publish(twoQuestions)
	b.write("hello")
	b.sent()
	b.pass(29 * time.Minute)
	b.ring()
	b.wantSaid("What about?")
	b.pass(2 * time.Minute)
	b.ring()
	b.ring()
	b.wantSaid("What about?", "Still there?")
	if got := b.text(`SELECT purpose || ' ' || origin || ' ' || (sequence <> '') || ' ' || (answers_event IS NULL) FROM actions WHERE call->>'text' = 'Still there?'`); got != "service system true true" {
		t.Errorf("a nudge is planned as %q", got)
	}
	b.sent()
	b.pass(time.Hour)
	b.feed(b.waText("wamid.late", customer, "yes"))
	b.lastSaid("How many?")
	b.sent()
	b.pass(3 * time.Hour)
	b.ring() // the wait is over, but it was answered
	b.lastSaid("How many?")
	if n := b.id(`SELECT count(*) FROM events WHERE kind = 'flow.timer'`); n != 1 {
		t.Errorf("%d timers rang, want 1", n)
	}
	// A timer that rang while the message was on its way finds that the flow waits for something else.
	b.exec(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, source, occurred_at, payload)
		SELECT workspace_id, account_id, 'late', 'flow.timer', 'whatsapp', lane, 'internal', now(), json_build_object('run_id', id, 'seq', timer_seq - 1) FROM flow_runs`)
	b.work()
	b.lastReason("nothing to do")
	b.lastSaid("How many?")
}

func TestTheFlowIsSilentOnAHumanAndEndsWithTheirTimer(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.publish(twoQuestions)
	b.write("hello")
	b.exec(`UPDATE conversations SET handler = 'human', handler_reason = 'taken_over'`)
	b.write("kayaks")
	b.wantSaid("What about?")
	b.exec(`UPDATE conversations SET handler = 'bot'`)
	b.write("kayaks")
	b.wantSaid("What about?", "How many?")
	b.exec(`UPDATE conversations SET handler = 'human'`)
	b.exec(`UPDATE flow_runs SET timer_at = $1, timer_seq = timer_seq + 1`, b.now)
	b.pass(time.Hour)
	b.ring()
	b.wantSaid("What about?", "How many?")
	if _, ended := b.run(); ended != "taken_over" {
		t.Errorf("the run ended as %q", ended)
	}
	b.write("STOP")
	if b.live().Status != "withdrawn" {
		t.Errorf("a STOP while a person answers: the consent is %s", b.live().Status)
	}
}

func TestOnlyTheAnswerToTheWordingShownGrants(t *testing.T) {
	t.Parallel()
	document := `{"format":1,"id":"ask","version":1,"name":"Ask","languages":["en"],"steps":[
 {"id":"offers","type":"consent","purpose":"promotional","granted":"yes","refused":"no"},
 {"id":"yes","type":"end","text":{"en":"Welcome."}},{"id":"no","type":"end","text":{"en":"As you like."}}]}`
	t.Run("a yes before the wording has left", func(t *testing.T) {
		t.Parallel()
		b := newRig(t)
		b.publish(document)
		b.feed(b.waText("wamid.1", customer, "hello"))
		b.feed(b.waText("wamid.2", customer, "yes"))
		b.lastSaid("As you like.")
		b.wantLedger("ask whatsapp question")
	})
	t.Run("a yes to something a person said after it", func(t *testing.T) {
		t.Parallel()
		b := newRig(t)
		b.publish(document)
		b.write("hello")
		b.sent()
		b.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, text, at) SELECT workspace_id, account_id, thread_id, id, 'out', 'member', 'Shall I call you?', now() FROM conversations`)
		b.pass(time.Minute)
		b.feed(b.waText("wamid.2", customer, "yes"))
		b.wantLedger("ask whatsapp question")
	})
	t.Run("a no is kept with the wording", func(t *testing.T) {
		t.Parallel()
		b := newRig(t)
		b.publish(document)
		b.write("hello")
		b.write("no")
		b.wantLedger("ask whatsapp question", "refuse whatsapp keyword_reply")
		if b.id(`SELECT count(*) FROM consent_entries WHERE act = 'refuse' AND wording_id IS NOT NULL`) != 1 {
			t.Error("the refusal does not name the wording")
		}
	})
}

const asksShop = `{"format":1,"id":"shop","version":1,"name":"Shop","languages":["en"],"hosts":["shop.example.com"],"steps":[
 {"id":"number","type":"question","text":{"en":"Number?"},"answer":{"kind":"text"},"next":"look"},
 {"id":"look","type":"call","method":"GET","url":"https://shop.example.com/orders/{{answers.number}}","secret":"shop","save":{"state":"state"},"next":"tell","failed":"person"},
 {"id":"tell","type":"end","resolve":true,"text":{"en":"It is {{answers.state|on its way}}."}},
 {"id":"person","type":"hand_over"}]}`

func TestACallIsPlannedAndItsAnswerLeadsOn(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	tx := b.db.MustBegin()
	_, err := live.Add(t.Context(), tx, b.ws, asksShop, nil)
	b.must(err)
	_, err = live.Publish(t.Context(), tx, b.ws, 1, 1, "", nil)
	if err == nil || !strings.Contains(err.Error(), "no secret") {
		t.Errorf("published without the secret it signs with: %v", err)
	}
	b.must(tx.Rollback())
	tx = b.db.MustBegin()
	b.must(live.SetSecret(t.Context(), tx, b.keys, b.ws, "shop", strings.Repeat("s", 32), []string{"shop.example.com"}, nil))
	b.must(tx.Commit())
	b.publish(asksShop)
	b.write("hello")
	b.write("A 17/4")
	if got := b.text(`SELECT method || ' ' || url || ' ' || state FROM flow_calls`); got != "GET https://shop.example.com/orders/A%2017%2F4 planned" {
		t.Fatalf("planned %q", got)
	}
	b.write("hello?")
	b.lastReason("waits for the answer of a call")
	b.exec(`UPDATE flow_calls SET state = 'answered', status = 200, answer = '{"state":"packed"}', done_at = now()`)
	b.exec(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, source, occurred_at, payload)
		SELECT r.workspace_id, r.account_id, 'called', 'flow.called', 'whatsapp', r.lane, 'internal', now(), json_build_object('run_id', r.id, 'seq', c.seq, 'call_id', c.id) FROM flow_runs r JOIN flow_calls c ON c.run_id = r.id`)
	b.work()
	b.lastSaid("It is packed.")
	if got := b.text(`SELECT url || answer FROM flow_calls`); got != "" {
		t.Errorf("the call still holds %q", got)
	}
	if got := b.text(`SELECT purpose FROM actions WHERE call->>'text' LIKE 'It is%'`); got != "answer" {
		t.Errorf("what follows from an answer is %s", got)
	}
}

func TestBookedRemindedMovedAndCancelled(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	rome, err := time.LoadLocation("Europe/Rome")
	b.must(err)
	b.now = time.Date(2026, 11, 23, 8, 0, 0, 0, rome)
	for _, name := range []string{"booking_confirmed", "reminder_48h", "reminder_2h"} {
		b.exec(`INSERT INTO templates (workspace_id, account_id, external_id, name, language, category, status, quality, reason, components) VALUES ($1, $2, $3, $3, 'it', 'UTILITY', 'APPROVED', '', '', $4)`,
			b.ws, b.wa.ID, name, `[{"type":"BODY","text":"Ciao {{1}}: {{2}}, {{3}} alle {{4}}."}]`)
	}
	b.publish(shipped(t, "booking"))
	b.exec(`UPDATE workspaces SET locale = 'it'`)
	b.write("Buongiorno, vorrei prenotare un appuntamento")
	for i := 0; i < 8; i++ {
		state, ended := b.run()
		if ended != "" {
			break
		}
		if state.Step == "name" {
			b.write("Ada Byrne")
			continue
		}
		b.tap("")
	}
	if got := b.text(`SELECT state FROM bookings`); got != "confirmed" {
		t.Fatalf("the booking is %s: %v", got, b.reasons())
	}
	if got := b.text(`SELECT string_agg(name || ' ' || source, ', ' ORDER BY id) FROM goals`); got != "booking booking, booking flow" {
		t.Errorf("goals: %s", got)
	}
	var start time.Time
	b.must(b.db.Get(&start, `SELECT starts_at FROM bookings`))
	if n := b.id(`SELECT count(*) FROM booking_notices WHERE state = 'planned'`); n == 0 {
		t.Fatal("no reminders are planned")
	}
	b.now = start.Add(-2 * time.Hour)
	b.ring()
	b.ring()
	var reminders int
	for _, a := range b.actions("template.send") {
		if strings.Contains(string(a.Call), "reminder_2h") {
			reminders++
			if a.Purpose != "service" || !strings.Contains(string(a.Call), start.In(rome).Format("15:04")) {
				t.Errorf("a reminder is %s: %s", a.Purpose, a.Call)
			}
		}
	}
	if reminders != 1 {
		t.Errorf("%d reminders two hours before, want 1: %v", reminders, b.reasons())
	}
	b.exec(`UPDATE actions SET state = 'held', reason = 'account_off' WHERE call::text LIKE '%reminder_2h%'`)
	b.now = start.Add(-90 * time.Minute)
	b.write("MODIFICA")
	b.lastSaid("Quale nuovo orario")
	b.tap("")
	b.lastSaid("Fatto")
	if n := b.id(`SELECT moved FROM bookings`); n != 1 {
		t.Errorf("moved %d times", n)
	}
	if got := b.text(`SELECT string_agg(DISTINCT state || ' ' || reason, ', ') FROM actions WHERE call::text LIKE '%reminder_2h%'`); got != "cancelled booking_changed" {
		t.Errorf("the reminder of the time before, which waits, is %s", got)
	}
	b.write("annulla")
	b.lastSaid("Annulliamo")
	b.tap("Sì, annulla")
	if got := b.text(`SELECT state || ' ' || cancelled_by FROM bookings`); got != "cancelled customer" {
		t.Errorf("the booking is %s: %v", got, b.reasons())
	}
	b.lastSaid("La prenotazione è annullata")
	if n := b.id(`SELECT count(*) FROM booking_notices WHERE state = 'planned'`); n != 0 {
		t.Errorf("%d notices of a cancelled booking are left", n)
	}
}

func TestAwayOncePerClosedPeriodAndWelcomeOnce(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`INSERT INTO business_hours (workspace_id, hours, welcome, away) VALUES ($1, $2, '{"en":"Welcome to us."}', '{"en":"Nobody is here. We are back {{opens}}."}')`, b.ws,
		`{"time_zone":"UTC","week":{"mon":["09:00-17:00"],"tue":["09:00-17:00"]}}`)
	b.exec(`UPDATE triggers SET state = 'paused'`)
	b.now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) // a Monday, open
	dm := func(text string) {
		b.pass(time.Minute)
		b.sent()
		b.feed(b.igMessage(b.next("mid."), "55", text))
	}
	dm("hello")
	dm("is somebody there?")
	b.wantSaid("Welcome to us.")
	b.now = time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC)
	dm("and now?")
	dm("hello?")
	b.wantSaid("Welcome to us.", "We are back Tue 24 Nov, 09:00.")
	b.now = time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC)
	dm("good evening")
	if got := b.said(); len(got) != 3 || !strings.Contains(got[2], "back Mon 30 Nov") {
		t.Errorf("in the next closed period: %q; %v", got, b.reasons())
	}
	for _, a := range b.actions("message.send") {
		if a.Purpose != "answer" {
			t.Errorf("%q is %s", a.Text, a.Purpose)
		}
	}
}

// TestAWishInTheBreathThatBeginsAFlow: whoever greets and wants a person, or to be left alone, in one breath is
// not asked the flow's first question instead.
func TestAWishInTheBreathThatBeginsAFlow(t *testing.T) {
	t.Parallel()
	for text, holds := range map[string]string{
		"I want to talk to a human please":   `SELECT handler = 'human' FROM conversations`,
		"STOP":                               `SELECT EXISTS (SELECT 1 FROM consent_entries WHERE act = 'withdraw')`,
		"non voglio più ricevere i messaggi": `SELECT EXISTS (SELECT 1 FROM consent_entries WHERE act = 'withdraw')`,
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.decider.Settle = 2 * time.Second
			b.publish(twoQuestions)
			for _, said := range []string{"hello", text} {
				b.receive(b.waText(b.next("wamid.b"), customer, said))
				b.split()
				b.decide()
				b.pass(500 * time.Millisecond)
			}
			b.pass(3 * time.Second)
			b.exec(`UPDATE events SET not_before = now() WHERE state = 'pending'`)
			b.work()
			var ok bool
			if err := b.db.Get(&ok, holds); err != nil || !ok {
				t.Errorf("%s: %v, %v; said %q", holds, ok, err, b.said())
			}
			if said := b.said(); len(said) == 0 || slices.Contains(said, "What about?") {
				t.Errorf("said %q, because %v", said, b.reasons())
			}
		})
	}
}
