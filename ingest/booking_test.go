package ingest

import (
	"context"
	"strings"
	"testing"
	"time"

	"ponte/booking"
	"ponte/template"
)

// booked has the ready-made appointment templates in English, and a customer with a confirmed booking for
// Wednesday the 25th at 14:00 in Rome, made by the shipped flow.
func booked(t *testing.T) (*rig, time.Time) {
	t.Helper()
	b := newRig(t)
	rome, err := time.LoadLocation("Europe/Rome")
	b.must(err)
	b.now = time.Date(2026, 11, 16, 9, 0, 0, 0, rome)
	ready, err := template.Ready(brand)
	b.must(err)
	for _, r := range ready {
		if r.Playbook != "appointments" {
			continue
		}
		wire, err := r.Languages["en"].Wire(r.Key, "en")
		b.must(err)
		b.exec(`INSERT INTO templates (workspace_id, account_id, external_id, name, language, category, status, quality, reason, components) VALUES ($1, $2, $3, $3, 'en', 'UTILITY', 'APPROVED', '', '', $4::jsonb->'components')`,
			b.ws, b.wa.ID, r.Key, string(wire))
	}
	b.publish(shipped(t, "booking"), "book")
	b.write("book")
	for range 8 {
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
	start := time.Date(2026, 11, 25, 14, 0, 0, 0, rome)
	tx := b.db.MustBegin()
	defer tx.Rollback()
	_, err = booking.Move(context.Background(), tx, b.ws, b.text(`SELECT ref FROM bookings`), start, b.now, true)
	b.must(err)
	b.must(tx.Commit())
	if got := b.text(`SELECT string_agg(template || ' ' || state, ', ' ORDER BY due_at) FROM booking_notices`); got != "reminder_48h planned, reminder_2h planned" {
		t.Fatalf("planned are %s: %v", got, b.reasons())
	}
	return b, start
}

// templates are the messages by template that were planned, as they read.
func (b *rig) templates() string {
	b.Helper()
	return b.text(`SELECT coalesce(string_agg(m.text, E'\n--\n' ORDER BY a.id), '') FROM actions a JOIN messages m ON m.workspace_id = a.workspace_id AND m.action_id = a.id WHERE a.kind = 'template.send'`)
}

func TestTheReadyMadeTemplatesOfABookingReadAsTheyShould(t *testing.T) {
	t.Parallel()
	b, start := booked(t)
	b.now = start.Add(-48 * time.Hour)
	b.ring()
	b.now = start.Add(-2 * time.Hour)
	b.ring()
	all := b.templates()
	for _, want := range []string{"Hello Giulia, your booking with " + brand + " is confirmed: First appointment, on ", "Hello Giulia, a reminder from " + brand + ": in two days we expect you for First appointment, on Wed 25 Nov, 14:00.",
		"expects you today for First appointment, at 14:00."} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is nowhere in:\n%s", want, all)
		}
	}
}

func TestAfterAStandstillTheLaterReminderIsSent(t *testing.T) {
	t.Parallel()
	b, start := booked(t)
	b.now = start.Add(-90 * time.Minute)
	b.ring()
	if got := b.text(`SELECT string_agg(template || ' ' || state, ', ' ORDER BY due_at) FROM booking_notices`); got != "reminder_48h skipped, reminder_2h done" {
		t.Errorf("the notices are %s: %v", got, b.reasons())
	}
	if all := b.templates(); strings.Contains(all, "in two days") {
		t.Errorf("both reminders went out: %s", all)
	}
}

// A reminder that could not leave in time, as while sending is switched off, does not leave beside the next.
func TestAReminderIsValidUntilTheNext(t *testing.T) {
	t.Parallel()
	b, start := booked(t)
	b.now = start.Add(-48 * time.Hour)
	b.ring()
	var until time.Time
	b.must(b.db.Get(&until, `SELECT valid_until FROM actions WHERE call::text LIKE '%reminder_48h%'`))
	if !until.Equal(start.Add(-2 * time.Hour)) {
		t.Errorf("the first reminder is valid until %s", until)
	}
}

func TestTheButtonsOfAReminderMeanTheBooking(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, payload, title, want string }{
		{"will be there", "CONFIRM", "I will be there", "Thank you. We expect you for First appointment on Wed 25 Nov at 14:00."},
		{"cannot come", "CHANGE", "I cannot come", "Which new time suits you?"},
		{"change", "CHANGE", "Change", "Which new time suits you?"},
		{"made elsewhere", "I will be there", "I will be there", "Thank you. We expect you"},
		{"cancel in words", "", "cancel", "Shall we cancel"},
	} {
		for _, inside := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				b, start := booked(t)
				if inside { // they stand at a question of another flow
					b.publish(shipped(t, "lead-capture"), "demo")
					b.write("demo")
				}
				b.now = start.Add(-48 * time.Hour)
				b.ring()
				b.sent()
				b.pass(time.Minute)
				if c.payload == "" {
					b.feed(b.waText(b.next("wamid.w"), customer, c.title))
				} else {
					b.feed(b.waButton(b.next("wamid.t"), customer, c.payload, c.title))
				}
				b.lastSaid(c.want)
				if n := b.id(`SELECT count(*) FROM flow_runs WHERE ended_at IS NULL`); n > 1 {
					t.Errorf("%d runs go on in one conversation", n)
				}
			})
		}
	}
}

// What a question offers as its answer is its answer, whatever else the word may mean.
func TestAChoiceThatReadsLikeABookingsWord(t *testing.T) {
	t.Parallel()
	b, _ := booked(t)
	b.publish(`{"format": 1, "id": "plan", "version": 1, "name": "Plan", "languages": ["en"], "steps": [
{"id": "what", "type": "question", "text": {"en": "Your subscription?"}, "answer": {"kind": "choice", "choices": [{"id": "up", "title": {"en": "Change"}}, {"id": "down", "title": {"en": "Keep"}}]}, "next": "end"},
{"id": "end", "type": "end", "text": {"en": "Noted: {{answers.what}}."}}]}`, "plan")
	b.write("plan")
	b.write("change")
	b.lastSaid("Noted: up.")
}
