package api

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/notify"
	"ponte/said"
)

// Notification is something a member was told.
type Notification struct {
	ID             int64           `json:"id"`
	Kind           string          `json:"kind"`
	ConversationID *int64          `json:"conversation_id"`
	ContactName    string          `json:"contact_name"`
	ContactErased  bool            `json:"contact_erased" doc:"Their data was erased"`
	ContactKnown   *Known          `json:"contact_known" doc:"By what to tell who has no name; null where there is one"`
	Object         string          `json:"object"`
	Data           json.RawMessage `json:"data"`
	At             time.Time       `json:"at"`
	ReadAt         *time.Time      `json:"read_at"`
}

// Notifications are a page of what a member was told, with how much of all is unread.
type Notifications struct {
	Page[Notification]
	Unread int `json:"unread"`
}

type notificationsIn struct {
	Unread bool  `query:"unread"`
	Before int64 `query:"before" doc:"An id; older ones follow"`
	Limit  int   `query:"limit" minimum:"1" maximum:"100" default:"30"`
}

func (s *Server) listNotifications(ctx context.Context, who *caller, in *notificationsIn) (Notifications, error) {
	list, unread, err := notify.List(ctx, s.DB, who.WorkspaceID, who.UserID, in.Before, in.Unread, in.Limit+1)
	next := ""
	if len(list) > in.Limit {
		list = list[:in.Limit]
		next = strconv.FormatInt(list[in.Limit-1].ID, 10)
	}
	return Notifications{pageOf(each(list, func(n notify.Notification) Notification {
		return Notification{n.ID, n.Kind, n.ConversationID, n.ContactName, n.ContactErased, showKnown(n.ContactName, n.ContactKnown, who), n.Object, n.Data, n.At.UTC(), utc(n.ReadAt)}
	}), next), unread}, err
}

type readNotificationsIn struct {
	Body struct {
		IDs  []int64 `json:"ids,omitempty" maxItems:"500"`
		UpTo int64   `json:"up_to,omitempty" doc:"All up to this one"`
	}
}

func (s *Server) readNotifications(ctx context.Context, who *caller, in *readNotificationsIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		return notify.MarkRead(ctx, tx, who.WorkspaceID, who.UserID, in.Body.IDs, in.Body.UpTo)
	})
}

// NotificationChoices are what a member wants to hear of beside the bell.
type NotificationChoices struct {
	Kinds         []string `json:"kinds,omitempty" readOnly:"true" doc:"All there are"`
	Email         []string `json:"email" maxItems:"50"`
	Browser       []string `json:"browser" maxItems:"50"`
	DigestMinutes int      `json:"digest_minutes" minimum:"5" maximum:"1440" doc:"At most one mail in so many minutes"`
	Mail          bool     `json:"mail,omitempty" readOnly:"true" doc:"A mail server is configured"`
}

func (s *Server) getChoices(ctx context.Context, who *caller, _ *struct{}) (NotificationChoices, error) {
	c, err := notify.LoadChoices(ctx, s.DB, who.WorkspaceID, who.UserID)
	return NotificationChoices{Kinds: kindNames(), Email: append([]string{}, c.Email...), Browser: append([]string{}, c.Browser...), DigestMinutes: c.DigestMinutes, Mail: s.Mail != nil}, err
}

func kindNames() []string {
	return each(notify.Kinds(), func(k notify.Kind) string { return string(k) })
}

type choicesIn struct{ Body NotificationChoices }

func (s *Server) setChoices(ctx context.Context, who *caller, in *choicesIn) (NotificationChoices, error) {
	if who.UserID == 0 {
		return NotificationChoices{}, fault.New(fault.Invalid, "an API token is not notified; give it a webhook endpoint")
	}
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		return notify.SaveChoices(ctx, tx, who.WorkspaceID, who.UserID, notify.Choices{Email: in.Body.Email, Browser: in.Body.Browser, DigestMinutes: in.Body.DigestMinutes})
	})
	if err != nil {
		return NotificationChoices{}, err
	}
	return s.getChoices(ctx, who, nil)
}

// WebhookEndpointInput is what an admin sets of an endpoint.
type WebhookEndpointInput struct {
	URL         string   `json:"url" maxLength:"500"`
	Description string   `json:"description" maxLength:"200"`
	Kinds       []string `json:"kinds" maxItems:"50" doc:"Kinds of events; empty: all"`
}

// WebhookEndpoint is an address that is told what happens, signed.
type WebhookEndpoint struct {
	ID int64 `json:"id"`
	WebhookEndpointInput
	State      string           `json:"state" enum:"active,paused"`
	Reason     string           `json:"reason" doc:"Why it is paused"`
	Parts      []said.Statement `json:"reason_parts" doc:"The same as statements with stable codes"`
	ReasonCode string           `json:"reason_code" enum:"by_member,failing," doc:"Why it is paused; failing: after too many failed tries in a row"`
	Failures   int              `json:"failures" doc:"Tries in a row that failed"`
	Waiting    int              `json:"waiting"`
	LastAt     *time.Time       `json:"last_at"`
	LastStatus *int             `json:"last_status"`
	CreatedAt  time.Time        `json:"created_at"`
}

// NewWebhookEndpoint is an endpoint with its secret, which is shown once.
type NewWebhookEndpoint struct {
	Secret   string          `json:"secret"`
	Endpoint WebhookEndpoint `json:"endpoint"`
}

func showEndpoint(e notify.Endpoint) WebhookEndpoint {
	return WebhookEndpoint{e.ID, WebhookEndpointInput{e.URL, e.Description, listOf(e.Kinds)}, e.State, e.Reason, said.Read(e.Reason), notify.PauseCode(e), e.Failures, e.Waiting, utc(e.LastAt), e.LastStatus, e.CreatedAt.UTC()}
}

func (s *Server) listEndpoints(ctx context.Context, who *caller, _ *struct{}) (Page[WebhookEndpoint], error) {
	list, err := notify.Endpoints(ctx, s.DB, who.WorkspaceID)
	return pageOf(each(list, showEndpoint), ""), err
}

type newEndpointIn struct{ Body WebhookEndpointInput }

func (s *Server) addEndpoint(ctx context.Context, who *caller, in *newEndpointIn) (NewWebhookEndpoint, error) {
	var id int64
	var out NewWebhookEndpoint
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		id, out.Secret, err = notify.AddEndpoint(ctx, tx, s.Keys, who.Who, in.Body.input())
		return err
	})
	if err != nil {
		return NewWebhookEndpoint{}, err
	}
	out.Endpoint, err = s.endpoint(ctx, who, id)
	return out, err
}

func (in WebhookEndpointInput) input() notify.EndpointInput {
	return notify.EndpointInput{URL: strings.TrimSpace(in.URL), Description: in.Description, Kinds: in.Kinds}
}

func (s *Server) endpoint(ctx context.Context, who *caller, id int64) (WebhookEndpoint, error) {
	e, err := notify.LoadEndpoint(ctx, s.DB, who.WorkspaceID, id)
	return showEndpoint(e), err
}

type endpointIn struct {
	ByID
	Body WebhookEndpointInput
}

func (s *Server) setEndpoint(ctx context.Context, who *caller, in *endpointIn) (WebhookEndpoint, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		return notify.ChangeEndpoint(ctx, tx, who.Who, in.ID, in.Body.input())
	})
	if err != nil {
		return WebhookEndpoint{}, err
	}
	return s.endpoint(ctx, who, in.ID)
}

type pauseIn struct {
	ByID
	Body struct {
		Pause bool `json:"pause"`
	}
}

func (s *Server) pauseEndpoint(ctx context.Context, who *caller, in *pauseIn) (WebhookEndpoint, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error { return notify.PauseEndpoint(ctx, tx, who.Who, in.ID, in.Body.Pause) })
	if err != nil {
		return WebhookEndpoint{}, err
	}
	return s.endpoint(ctx, who, in.ID)
}

func (s *Server) rotateEndpoint(ctx context.Context, who *caller, in *emptyIn) (NewWebhookEndpoint, error) {
	var out NewWebhookEndpoint
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		out.Secret, err = notify.RotateSecret(ctx, tx, s.Keys, who.Who, in.ID)
		return err
	})
	if err != nil {
		return NewWebhookEndpoint{}, err
	}
	out.Endpoint, err = s.endpoint(ctx, who, in.ID)
	return out, err
}

func (s *Server) removeEndpoint(ctx context.Context, who *caller, in *ByID) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return notify.RemoveEndpoint(ctx, tx, who.Who, in.ID) })
}

// WebhookSend is one webhook of the log.
type WebhookSend struct {
	ID        int64      `json:"id"`
	EventID   string     `json:"event_id"`
	Kind      string     `json:"kind"`
	Body      string     `json:"body"`
	ResentOf  *int64     `json:"resent_of"`
	State     string     `json:"state" enum:"planned,sending,done,failed"`
	Attempts  int        `json:"attempts"`
	NextAt    *time.Time `json:"next_at" doc:"Of the next try"`
	Status    int        `json:"status" doc:"Of the last answer; 0: none came"`
	Error     string     `json:"error"`
	TookMs    int        `json:"took_ms"`
	CreatedAt time.Time  `json:"created_at"`
	DoneAt    *time.Time `json:"done_at"`
}

func showSend(v notify.Send) WebhookSend {
	out := WebhookSend{ID: v.ID, EventID: v.EventID, Kind: v.Kind, Body: v.Body, ResentOf: v.ResentOf, State: v.State, Attempts: v.Attempts, Status: v.Status, Error: v.Error, TookMs: v.TookMs, CreatedAt: v.CreatedAt.UTC(), DoneAt: utc(v.DoneAt)}
	if v.State == "planned" {
		out.NextAt = utc(&v.NotBefore)
	}
	return out
}

type sendsIn struct {
	ByID
	Before int64 `query:"before"`
	Limit  int   `query:"limit" minimum:"1" maximum:"100" default:"30"`
}

func (s *Server) listSends(ctx context.Context, who *caller, in *sendsIn) (Page[WebhookSend], error) {
	if _, err := s.endpoint(ctx, who, in.ID); err != nil {
		return Page[WebhookSend]{}, err
	}
	list, err := notify.Sends(ctx, s.DB, who.WorkspaceID, in.ID, in.Before, in.Limit+1)
	next := ""
	if len(list) > in.Limit {
		list = list[:in.Limit]
		next = strconv.FormatInt(list[in.Limit-1].ID, 10)
	}
	return pageOf(each(list, showSend), next), err
}

func (s *Server) testEndpoint(ctx context.Context, who *caller, in *emptyIn) (WebhookSend, error) {
	var out notify.Send
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		out, err = notify.Test(ctx, tx, who.Who, in.ID, s.Now())
		return err
	})
	return showSend(out), err
}

func (s *Server) resendWebhook(ctx context.Context, who *caller, in *emptyIn) (WebhookSend, error) {
	var out notify.Send
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		out, err = notify.Resend(ctx, tx, who.Who, in.ID)
		return err
	})
	return showSend(out), err
}
