package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"ponte/booking"
	"ponte/channels"
	"ponte/flow"
	"ponte/flow/live"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/router"
	"ponte/template"
)

// Words that change or cancel a booking, as the whole message: what a reminder's buttons say, or what people
// write back. A payload "booking:change", "booking:cancel" or "booking:keep" says the same.
var (
	changeWords = []string{"change", "change it", "change booking", "move", "reschedule", "modifica", "modificare", "cambia", "cambiare", "sposta", "spostare", "modifier", "changer", "deplacer",
		"modific", "schimb", "schimba", "muta", "reprogramare", "reprogrameaza", "cambiar", "mover", "andern", "verschieben", "alterar", "mudar", "remarcar"}
	cancelWords = []string{"cancel", "cancel it", "cancel booking", "annulla", "annullare", "disdici", "disdire", "annuler", "anuleaza", "anulez", "anulare", "cancelar", "anular", "absagen", "stornieren"}
)

// What the buttons of the ready-made reminders send, whatever stands on them: "I cannot come" too. The words of the
// one that says somebody will be there are those of the templates; one that was made elsewhere sends them back.
const (
	readyChange = "CHANGE"
	readyKeep   = "CONFIRM"
)

var keepWords = []string{"i will be there", "ci saro", "je serai la", "vin"}

// bookingWord returns the shipped flow that a message asks for; empty: none.
func bookingWord(text, payload string) string {
	folded := router.Fold(text)
	switch {
	case payload == "booking:change" || payload == readyChange || slices.Contains(changeWords, folded):
		return "booking-change"
	case payload == "booking:cancel" || slices.Contains(cancelWords, folded):
		return "booking-cancel"
	case payload == "booking:keep" || payload == readyKeep || slices.Contains(keepWords, folded):
		return "booking-keep"
	}
	return ""
}

// talksOfBooking reports whether "cancel", all by itself, may mean a booking, an order or a form of this person: one they
// have, a flow that goes on or has just ended, what they or a member lately wrote about, a notice that is no offer.
// After an offer, or out of the blue, it means the messages (consent law 7.3).
func (s *scene) talksOfBooking(m *inbox.Message, who *inbox.Identity) (bool, error) {
	var is bool
	if err := s.tx.GetContext(s.ctx, &is, sqlTalksOfBooking, m.WorkspaceID, who.ContactID, s.now.AddDate(0, 0, -1), s.now.AddDate(0, 0, -3), m.ID, s.now.AddDate(0, 0, -7)); err != nil {
		return false, fmt.Errorf("find what message %d may cancel: %w", m.ID, err)
	}
	return is, nil
}

const sqlTalksOfBooking = `
SELECT EXISTS (SELECT FROM bookings b WHERE b.workspace_id = $1 AND b.contact_id = $2 AND b.state <> 'cancelled' AND b.ends_at > $3)
    OR EXISTS (SELECT FROM threads t
        WHERE t.contact_id = $2 AND t.workspace_id = $1 AND (
            EXISTS (SELECT FROM flow_runs r WHERE r.workspace_id = $1 AND r.thread_id = t.id AND (r.ended_at IS NULL OR r.ended_at > $3))
            OR EXISTS (SELECT FROM messages m
                LEFT JOIN verdicts d ON d.id = m.verdict_id AND d.workspace_id = m.workspace_id
                LEFT JOIN actions a ON a.id = m.action_id AND a.workspace_id = m.workspace_id
                WHERE m.workspace_id = $1 AND m.thread_id = t.id AND m.at > $6 AND m.id <> $5
                  AND (m.at > $4 AND (m.author IN ('member','other_tool') OR d.verdict->>'intent' IN ('booking','order_status'))
                       OR a.kind = 'template.send' AND a.purpose <> 'promotional'))))`

// manageBooking lets the customer move or cancel the booking they have; who has none is led on as usual.
func (s *scene) manageBooking(t *inbox.Thread, v *inbox.Conversation, task string, e *event) (*live.Run, error) {
	next, err := booking.Next(s.ctx, s.tx, v.WorkspaceID, t.ContactID, s.now)
	if err != nil || next == nil {
		return nil, err
	}
	return s.newRun(t, v, e, &live.Run{Shipped: task, BeganWith: "booking"}, handoffIDs{})
}

// bookingInstead leads somebody who is inside another flow to their booking: a reminder's button, or its word, means
// the booking at whatever question they stand.
func (s *scene) bookingInstead(run *live.Run, t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, wish flow.Wish, e *event) (*live.Run, error) {
	task := bookingWord(m.Text, e.payload())
	if task == "" || task == run.Shipped || v.Handler == "human" || run.State.Doubt || wish == flow.WantsStop {
		return nil, nil
	}
	s.flows.touch(run) // written first: a conversation has one run that goes on
	instead, err := s.manageBooking(t, v, task, e)
	if instead == nil || err != nil {
		return nil, err
	}
	instead.TriggerID, instead.CampaignID = run.TriggerID, run.CampaignID
	run.End("another_wish", s.now)
	return instead, nil
}

// bookingNotice sends a reminder, or the question how it was, unless the booking has changed since.
func (s *scene) bookingNotice(e *event) (string, error) {
	n, err := booking.TakeNotice(s.ctx, s.tx, e.WorkspaceID, e.internal.NoticeID)
	if err != nil || n == nil {
		return "the notice is gone: the booking moved or was cancelled", err
	}
	reason, err := s.sendNotice(n)
	if err != nil {
		return "", err
	}
	state := "done"
	if reason != "" {
		state = "skipped"
	}
	if err := booking.FinishNotice(s.ctx, s.tx, e.WorkspaceID, n.ID, state, reason); err != nil {
		return "", err
	}
	return cmp.Or(reason, n.Kind+" of a booking planned"), nil
}

// sendNotice plans the template; what it returns is why it does not.
func (s *scene) sendNotice(n *booking.Due) (string, error) {
	until := n.StartsAt
	if n.NextAt != nil {
		until = *n.NextAt
	}
	if n.Kind == "feedback" {
		until = n.DueAt.Add(48 * time.Hour)
	}
	switch {
	case n.State != "confirmed":
		return "the booking is " + n.State, nil
	case n.NextAt != nil && !n.NextAt.After(s.now):
		return "too late: the next reminder is due already", nil
	case !until.After(s.now):
		return "too late: its time has passed", nil
	}
	var t *inbox.Thread
	for _, th := range s.threads {
		if n.ThreadID != nil && th.ID == *n.ThreadID {
			t = th
		}
	}
	if t == nil || t.Channel != string(channels.WhatsApp) || s.people.Identity(t.IdentityID) == nil {
		return "there is no WhatsApp number to write to", nil
	}
	service, err := booking.ServiceByID(s.ctx, s.tx, n.WorkspaceID, n.ServiceID, false)
	if err != nil {
		return "", err
	}
	who, sp := s.people.Identity(t.IdentityID), s.spaces[n.WorkspaceID]
	fields, err := s.contactFields(n.WorkspaceID, t.ContactID, who)
	if err != nil {
		return "", err
	}
	language := cmp.Or(fields["language"], s.lastLanguage(t), sp.Locale, "en")
	row, err := s.templateFor(n.WorkspaceID, t.AccountID, n.Template, language, sp.Locale)
	if err != nil {
		return "", err
	}
	if row == nil {
		return "the account has no template «" + n.Template + "»", nil
	}
	// The words stand in the template's language: a person reads one language at a time.
	said, _, _ := strings.Cut(row.Language, "_")
	local := n.StartsAt.In(service.Zone())
	day, hour := flow.Day(said, local), local.Format("15:04")
	values := []string{cmp.Or(firstWord(fields["name"]), sp.BrandName()), service.Title(said), day, hour, n.Ref}
	person := template.Person{Name: fields["name"], Fields: map[string]any{"service": service.Title(said), "booking_day": day, "booking_hour": hour, "booking_time": day + ", " + hour, "booking_ref": n.Ref}}
	for k, v := range fields {
		if person.Fields[k] == nil {
			person.Fields[k] = v
		}
	}
	send, text, err := fillTemplate(row, values, person, template.Sender{Brand: sp.BrandName(), Reach: sp.Contact})
	if err != nil {
		return "", err
	}
	return "", s.planNotice(n, t, who, send, text, until)
}

func (s *scene) lastLanguage(t *inbox.Thread) string {
	if v := s.latest[t.ID]; v != nil {
		return v.Language
	}
	return ""
}

func (s *scene) planNotice(n *booking.Due, t *inbox.Thread, who *inbox.Identity, send *channels.TemplateSend, text string, until time.Time) error {
	call := channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp, Template: send}
	if who.ExternalID != nil {
		call.To = *who.ExternalID
	}
	if who.Phone != nil {
		call.Phone = *who.Phone
	}
	a := outbox.Action{WorkspaceID: n.WorkspaceID, AccountID: t.AccountID, Kind: string(channels.SendTemplate), Purpose: "service", Origin: "system", ContactID: &t.ContactID, IdentityID: &t.IdentityID,
		ThreadID: &t.ID, Call: call, Dedupe: outbox.BookingNotice(n.Booking.ID, n.Kind, n.DueAt), NotBefore: s.now, ValidUntil: until}
	if v := s.latest[t.ID]; v != nil {
		a.ConversationID = &v.ID
		a.Bubble = &outbox.Bubble{Author: "bot", Type: "template", Text: text}
	}
	s.w.actions = append(s.w.actions, a)
	return nil
}
