package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/booking"
	"ponte/fault"
	"ponte/flow"
	"ponte/gate"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/router"
)

// OpeningHours are the open parts of the week in a time zone.
type OpeningHours struct {
	TimeZone string              `json:"time_zone" maxLength:"60" doc:"As Europe/Rome"`
	Week     map[string][]string `json:"week" doc:"{\"mon\": [\"09:00-13:00\"]}; mon to sun"`
	Closed   []string            `json:"closed" maxItems:"366" doc:"Days that are closed all the same, as 2026-12-25"`
}

// BookingNotice is a template sent some minutes before a booking begins, or after it ends.
type BookingNotice struct {
	Minutes  int    `json:"minutes" minimum:"10" maximum:"43200"`
	Template string `json:"template" minLength:"1" maxLength:"512" doc:"Of category UTILITY; it gets first name, service, day, time and reference, in this order"`
}

// ServiceInput is what a service is made of.
type ServiceInput struct {
	Key           string            `json:"key" maxLength:"40" doc:"By which flows name it; it stays"`
	Name          map[string]string `json:"name" doc:"By language"`
	Minutes       int               `json:"minutes" minimum:"5" maximum:"1440"`
	EveryMinutes  int               `json:"every_minutes" minimum:"5" maximum:"1440" doc:"A time begins every so many minutes"`
	Capacity      int               `json:"capacity" minimum:"1" maximum:"1000"`
	NoticeMinutes int               `json:"notice_minutes" minimum:"0" maximum:"43200" doc:"How long before it can be booked at the latest"`
	AheadDays     int               `json:"ahead_days" minimum:"1" maximum:"365"`
	Hours         *OpeningHours     `json:"hours" doc:"null: the workspace's"`
	Reminders     []BookingNotice   `json:"reminders" maxItems:"5"`
	Feedback      *BookingNotice    `json:"feedback"`
}

// Service is something that can be booked.
type Service struct {
	ID       int64  `json:"id"`
	TimeZone string `json:"time_zone" doc:"Where its times are told"`
	Bookable bool   `json:"bookable" doc:"It has hours, its own or the workspace's"`
	ServiceInput
}

func showService(s booking.Service) (Service, error) {
	out := Service{ID: s.ID, TimeZone: s.Zone().String(), Bookable: s.Hours != nil, ServiceInput: ServiceInput{Key: s.Key, Name: s.Name, Minutes: s.Minutes, EveryMinutes: s.EveryMinutes, Capacity: s.Capacity,
		NoticeMinutes: s.NoticeMinutes, AheadDays: s.AheadDays, Reminders: each(s.Reminders, func(n booking.Notice) BookingNotice { return BookingNotice(n) })}}
	if s.Feedback != nil {
		n := BookingNotice(*s.Feedback)
		out.Feedback = &n
	}
	if len(s.RawHours) > 0 && string(s.RawHours) != "null" {
		out.Hours = &OpeningHours{}
		if err := json.Unmarshal(s.RawHours, out.Hours); err != nil {
			return out, fmt.Errorf("read the hours of service %d: %w", s.ID, err)
		}
		out.Hours.tidy()
	}
	return out, nil
}

func (h *OpeningHours) tidy() {
	h.Closed = some(h.Closed)
	if h.Week == nil {
		h.Week = map[string][]string{}
	}
}

// stored is the document of opening hours, checked; its faults name the field.
func (h OpeningHours) stored(field string) (json.RawMessage, error) {
	h.tidy()
	raw, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode hours: %w", err)
	}
	_, err = flow.ParseHours(raw)
	var bad flow.Faults
	if errors.As(err, &bad) {
		var list faults
		for _, f := range bad {
			list = append(list, &fault.Error{Kind: fault.Invalid, Field: strings.Replace(f.Path, "hours", field, 1), Public: f.Problem, Format: f.Format, Args: f.Args})
		}
		return nil, list
	}
	return raw, err
}

func (s *Server) listServices(ctx context.Context, who *caller, _ *struct{}) (Page[Service], error) {
	list, err := booking.Services(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[Service]{}, err
	}
	out := []Service{}
	for _, sv := range list {
		shown, err := showService(sv)
		if err != nil {
			return Page[Service]{}, err
		}
		out = append(out, shown)
	}
	return pageOf(out, ""), nil
}

type newServiceIn struct{ Body ServiceInput }

type serviceIn struct {
	ByID
	Body ServiceInput
}

func (s *Server) addService(ctx context.Context, who *caller, in *newServiceIn) (Service, error) {
	service := in.Body
	service.EveryMinutes, service.Capacity, service.AheadDays = cmp.Or(service.EveryMinutes, service.Minutes), cmp.Or(service.Capacity, 1), cmp.Or(service.AheadDays, 60)
	return s.saveService(ctx, who, 0, service)
}

func (s *Server) setService(ctx context.Context, who *caller, in *serviceIn) (Service, error) {
	return s.saveService(ctx, who, in.ID, in.Body)
}

func (s *Server) saveService(ctx context.Context, who *caller, id int64, in ServiceInput) (Service, error) {
	row := booking.Service{WorkspaceID: who.WorkspaceID, ID: id, Key: in.Key, Name: map[string]string{}, Minutes: in.Minutes, EveryMinutes: in.EveryMinutes, Capacity: in.Capacity,
		NoticeMinutes: in.NoticeMinutes, AheadDays: in.AheadDays, Reminders: each(in.Reminders, func(n BookingNotice) booking.Notice { return booking.Notice(n) })}
	var bad faults
	if !flow.ValidID(in.Key) {
		bad = append(bad, fault.Field("key", "a key is a small letter, then small letters, digits, _ or -, at most 40 characters"))
	}
	for language, name := range in.Name {
		if name = strings.TrimSpace(strings.ReplaceAll(name, "\x00", "")); name == "" {
			continue
		}
		if !slices.Contains(router.Languages, language) || len([]rune(name)) > 60 {
			bad = append(bad, fault.Field("name."+language, "a name has at most 60 characters, in one of %s", strings.Join(router.Languages, ", ")))
		}
		row.Name[language] = name
	}
	if len(row.Name) == 0 {
		bad = append(bad, fault.Field("name", "give it a name in at least one language"))
	}
	if in.Hours != nil {
		raw, err := in.Hours.stored("hours")
		var more faults
		if errors.As(err, &more) {
			bad = append(bad, more...)
		} else if err != nil {
			return Service{}, err
		}
		row.RawHours = raw
	}
	if in.Feedback != nil {
		n := booking.Notice(*in.Feedback)
		row.Feedback = &n
	}
	if len(bad) > 0 {
		return Service{}, bad
	}
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		saved, err := booking.Save(ctx, tx, row)
		if err != nil {
			return err
		}
		row.ID = saved
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "service.save", fmt.Sprintf("service:%d", saved), nil)
	})
	if err != nil {
		return Service{}, err
	}
	saved, err := booking.ServiceByID(ctx, s.DB, who.WorkspaceID, row.ID, false)
	if err != nil {
		return Service{}, err
	}
	return showService(saved)
}

func (s *Server) removeService(ctx context.Context, who *caller, in *ByID) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := booking.Archive(ctx, tx, who.WorkspaceID, in.ID); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "service.archive", fmt.Sprintf("service:%d", in.ID), nil)
	})
}

type freeIn struct {
	ByID
	After time.Time `query:"after" doc:"Left out: now"`
	Limit int       `query:"limit" minimum:"1" maximum:"200" default:"20"`
}

// FreeTimes are times that can be booked.
type FreeTimes struct {
	TimeZone string      `json:"time_zone"`
	Times    []time.Time `json:"times"`
}

func (s *Server) freeTimes(ctx context.Context, who *caller, in *freeIn) (FreeTimes, error) {
	sv, err := booking.ServiceByID(ctx, s.DB, who.WorkspaceID, in.ID, false)
	if err != nil {
		return FreeTimes{}, err
	}
	now := s.Now()
	after := in.After
	if after.Before(now) {
		after = now
	}
	list, err := sv.Free(ctx, s.DB, after, now, in.Limit, 0)
	return FreeTimes{sv.Zone().String(), each(list, time.Time.UTC)}, err
}

// Booking is a reserved time.
type Booking struct {
	ID          int64      `json:"id"`
	ServiceID   int64      `json:"service_id"`
	ServiceKey  string     `json:"service_key"`
	ContactID   *int64     `json:"contact_id"`
	Name        string     `json:"name" doc:"Of the person"`
	Note        string     `json:"note"`
	Ref         string     `json:"ref" doc:"What the customer is told"`
	StartsAt    time.Time  `json:"starts_at"`
	EndsAt      time.Time  `json:"ends_at"`
	State       string     `json:"state" enum:"held,confirmed,cancelled"`
	HeldUntil   *time.Time `json:"held_until"`
	MadeBy      string     `json:"made_by"`
	CancelledBy string     `json:"cancelled_by"`
	Moved       int        `json:"moved" doc:"How often"`
	CreatedAt   time.Time  `json:"created_at"`
}

func showBooking(b booking.Booking) Booking {
	name := b.Name
	if name == "" {
		name = b.Person
	}
	return Booking{b.ID, b.ServiceID, b.ServiceKey, b.ContactID, name, b.Note, b.Ref, b.StartsAt.UTC(), b.EndsAt.UTC(), b.State, utc(b.HeldUntil), b.MadeBy, b.CancelledBy, b.Moved, b.CreatedAt.UTC()}
}

type bookingsIn struct {
	From      time.Time `query:"from" doc:"Left out: a day ago"`
	To        time.Time `query:"to" doc:"Left out: 31 days after from"`
	ServiceID int64     `query:"service_id" minimum:"0"`
	ContactID int64     `query:"contact_id" minimum:"0"`
	Cancelled bool      `query:"cancelled" doc:"List these too"`
}

// maxBookings bounds one answer; a week of a busy place has fewer.
const maxBookings = 2000

func (s *Server) listBookings(ctx context.Context, who *caller, in *bookingsIn) (Page[Booking], error) {
	now := s.Now()
	f := booking.Filter{From: in.From, To: in.To, ServiceID: in.ServiceID, ContactID: in.ContactID, Cancelled: in.Cancelled, Limit: maxBookings}
	if f.From.IsZero() {
		f.From = now.AddDate(0, 0, -1)
	}
	if f.To.IsZero() {
		f.To = f.From.AddDate(0, 0, 31)
	}
	if f.To.Sub(f.From) > 400*24*time.Hour || f.To.Before(f.From) {
		return Page[Booking]{}, fault.Field("to", "ask for at most 400 days, forward")
	}
	list, err := booking.List(ctx, s.DB, who.WorkspaceID, f, now)
	return pageOf(each(list, showBooking), ""), err
}

func (s *Server) getBooking(ctx context.Context, who *caller, in *ByID) (Booking, error) {
	b, err := booking.Get(ctx, s.DB, who.WorkspaceID, in.ID)
	return showBooking(b), err
}

type newBookingIn struct {
	Body struct {
		ServiceID int64     `json:"service_id" minimum:"1"`
		StartsAt  time.Time `json:"starts_at"`
		ContactID *int64    `json:"contact_id,omitempty" doc:"Who it is for; reminders go to their WhatsApp number"`
		Name      string    `json:"name,omitempty" maxLength:"120" doc:"Where it is nobody known"`
		Note      string    `json:"note,omitempty" maxLength:"500"`
		AnyTime   bool      `json:"any_time,omitempty" doc:"Outside hours and notice; never above the capacity"`
	}
}

func (s *Server) addBooking(ctx context.Context, who *caller, in *newBookingIn) (Booking, error) {
	var made booking.Booking
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		sv, err := booking.ServiceByID(ctx, tx, who.WorkspaceID, in.Body.ServiceID, true)
		if err != nil {
			return err
		}
		w := booking.Wish{WorkspaceID: who.WorkspaceID, Service: sv.Key, Start: in.Body.StartsAt.UTC().Truncate(time.Minute), Name: strings.ReplaceAll(in.Body.Name, "\x00", ""), Note: strings.ReplaceAll(in.Body.Note, "\x00", ""),
			By: who.Actor(), Now: s.Now(), Confirmed: true, AnyTime: in.Body.AnyTime}
		if in.Body.ContactID == nil && strings.TrimSpace(w.Name) == "" {
			return fault.Field("name", "say who it is for: a contact, or a name")
		}
		if in.Body.ContactID != nil {
			w.ContactID = in.Body.ContactID
			if w.ThreadID, err = whatsAppThread(ctx, tx, who.WorkspaceID, *in.Body.ContactID); err != nil {
				return err
			}
		}
		if made, err = booking.Reserve(ctx, tx, w); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "booking.add", fmt.Sprintf("booking:%d", made.ID), nil)
	})
	return showBooking(made), err
}

// whatsAppThread is where somebody is reminded: the newest thread with them; nil where there is none.
func whatsAppThread(ctx context.Context, tx *sqlx.Tx, workspace, contact int64) (*int64, error) {
	var known []int64
	if err := tx.SelectContext(ctx, &known, `SELECT id FROM contacts WHERE workspace_id = $1 AND id = $2 AND merged_into IS NULL`, workspace, contact); err != nil {
		return nil, fmt.Errorf("look for contact %d: %w", contact, err)
	}
	if len(known) == 0 {
		return nil, fault.Field("contact_id", "that is nobody of this workspace")
	}
	var threads []int64
	if err := tx.SelectContext(ctx, &threads, `SELECT id FROM threads WHERE workspace_id = $1 AND contact_id = $2 AND channel = 'whatsapp' ORDER BY last_in_at DESC NULLS LAST, id DESC LIMIT 1`, workspace, contact); err != nil {
		return nil, fmt.Errorf("look for a thread with contact %d: %w", contact, err)
	}
	if len(threads) == 0 {
		return nil, nil
	}
	return &threads[0], nil
}

type moveBookingIn struct {
	ByID
	Body struct {
		StartsAt time.Time `json:"starts_at"`
		AnyTime  bool      `json:"any_time,omitempty"`
	}
}

func (s *Server) moveBooking(ctx context.Context, who *caller, in *moveBookingIn) (Booking, error) {
	return s.changeBooking(ctx, who, in.ID, "move", func(tx *sqlx.Tx, ref string) (booking.Booking, error) {
		return booking.Move(ctx, tx, who.WorkspaceID, ref, in.Body.StartsAt.UTC().Truncate(time.Minute), s.Now(), in.Body.AnyTime)
	})
}

func (s *Server) cancelBooking(ctx context.Context, who *caller, in *ByID) (Booking, error) {
	return s.changeBooking(ctx, who, in.ID, "cancel", func(tx *sqlx.Tx, ref string) (booking.Booking, error) {
		return booking.Cancel(ctx, tx, who.WorkspaceID, ref, who.Actor(), s.Now())
	})
}

func (s *Server) changeBooking(ctx context.Context, who *caller, id int64, verb string, do func(tx *sqlx.Tx, ref string) (booking.Booking, error)) (Booking, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		b, err := booking.Get(ctx, tx, who.WorkspaceID, id)
		if err != nil {
			return err
		}
		if _, err := do(tx, b.Ref); err != nil {
			return err
		}
		if err := outbox.BookingChanged(ctx, tx, who.WorkspaceID, b.ID); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "booking."+verb, fmt.Sprintf("booking:%d", id), nil)
	})
	if err != nil {
		return Booking{}, err
	}
	return s.getBooking(ctx, who, &ByID{id})
}

// BusinessHours are the hours of the workspace or of one account, with what is said to those who write.
type BusinessHours struct {
	AccountID *int64            `json:"account_id" doc:"null: the workspace's, for every account without its own"`
	Hours     OpeningHours      `json:"hours"`
	Welcome   map[string]string `json:"welcome" doc:"Said by language when a conversation opens and nothing else answers"`
	Away      map[string]string `json:"away" doc:"Said once per conversation and closed period, where a person is needed; {{opens}} is when somebody is there again"`
}

func (s *Server) listHours(ctx context.Context, who *caller, _ *struct{}) (Page[BusinessHours], error) {
	var rows []struct {
		AccountID *int64 `db:"account_id"`
		Hours     []byte `db:"hours"`
		Welcome   []byte `db:"welcome"`
		Away      []byte `db:"away"`
	}
	if err := s.DB.SelectContext(ctx, &rows, `SELECT account_id, hours, welcome, away FROM business_hours WHERE workspace_id = $1 ORDER BY account_id NULLS FIRST`, who.WorkspaceID); err != nil {
		return Page[BusinessHours]{}, fmt.Errorf("list business hours: %w", err)
	}
	out := []BusinessHours{}
	for _, r := range rows {
		h := BusinessHours{AccountID: r.AccountID}
		if err := errors.Join(json.Unmarshal(r.Hours, &h.Hours), json.Unmarshal(r.Welcome, &h.Welcome), json.Unmarshal(r.Away, &h.Away)); err != nil {
			return Page[BusinessHours]{}, fmt.Errorf("read business hours: %w", err)
		}
		h.Hours.tidy()
		out = append(out, h)
	}
	return pageOf(out, ""), nil
}

type hoursIn struct{ Body BusinessHours }

// setHours keeps hours. What is said may not offer anything: nobody has agreed to offers by writing.
func (s *Server) setHours(ctx context.Context, who *caller, in *hoursIn) (BusinessHours, error) {
	raw, err := in.Body.Hours.stored("hours")
	if err != nil {
		return BusinessHours{}, err
	}
	kept, err := flow.ParseHours(raw)
	if err != nil {
		return BusinessHours{}, err
	}
	_, opens := kept.OpensNext(s.Now())
	var bad faults
	for field, texts := range map[string]map[string]string{"welcome": in.Body.Welcome, "away": in.Body.Away} {
		for language, text := range texts {
			switch text = strings.TrimSpace(strings.ReplaceAll(text, "\x00", "")); {
			case text == "":
				delete(texts, language)
			case !slices.Contains(router.Languages, language):
				bad = append(bad, fault.Field(field+"."+language, "ponte serves %s", strings.Join(router.Languages, ", ")))
			case len([]rune(text)) > 1000:
				bad = append(bad, fault.Field(field+"."+language, "has at most 1000 characters"))
			case !opens && strings.Contains(text, "{{opens}}"):
				bad = append(bad, fault.Field(field+"."+language, "says when it opens, and these hours never do: leave {{opens}} out"))
			case gate.OfTexts(text) == gate.Promotional:
				bad = append(bad, fault.Field(field+"."+language, "offers something, or links to a shop; this goes to people who have not agreed to offers"))
			}
		}
	}
	if len(bad) > 0 {
		return BusinessHours{}, bad
	}
	welcome, err1 := json.Marshal(orEmpty(in.Body.Welcome))
	away, err2 := json.Marshal(orEmpty(in.Body.Away))
	if err := errors.Join(err1, err2); err != nil {
		return BusinessHours{}, fmt.Errorf("encode texts: %w", err)
	}
	err = s.change(ctx, func(tx *sqlx.Tx) error {
		if in.Body.AccountID != nil {
			if _, err := inbox.LoadAccount(ctx, tx, who.WorkspaceID, *in.Body.AccountID); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO business_hours (workspace_id, account_id, hours, welcome, away) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, coalesce(account_id, 0)) DO UPDATE SET hours = excluded.hours, welcome = excluded.welcome, away = excluded.away, updated_at = now()`,
			who.WorkspaceID, in.Body.AccountID, string(raw), string(welcome), string(away)); err != nil {
			return fmt.Errorf("keep business hours: %w", err)
		}
		return s.hoursChanged(ctx, tx, who, "hours.set")
	})
	in.Body.Hours.tidy()
	return in.Body, err
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

func (s *Server) hoursChanged(ctx context.Context, tx *sqlx.Tx, who *caller, verb string) error {
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("workspace:%d", who.WorkspaceID), nil); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "hours", ObjectID: who.WorkspaceID})
}

type noHoursIn struct {
	Body struct {
		AccountID *int64 `json:"account_id" doc:"null: the workspace's"`
	}
}

func (s *Server) removeHours(ctx context.Context, who *caller, in *noHoursIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM business_hours WHERE workspace_id = $1 AND account_id IS NOT DISTINCT FROM $2`, who.WorkspaceID, in.Body.AccountID); err != nil {
			return fmt.Errorf("remove business hours: %w", err)
		}
		return s.hoursChanged(ctx, tx, who, "hours.remove")
	})
}
