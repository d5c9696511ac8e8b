package api

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/router"
	"ponte/said"
)

// Action is something done, or to be done, to the outside world.
type Action struct {
	ID             int64      `json:"id"`
	AccountID      int64      `json:"account_id"`
	Kind           string     `json:"kind"`
	State          string     `json:"state" enum:"planned,sending,done,failed,unknown,held,refused,cancelled,expired"`
	Reason         string     `json:"reason"`
	Meaning        string     `json:"meaning"`
	Purpose        string     `json:"purpose"`
	Origin         string     `json:"origin"`
	Actor          string     `json:"actor"`
	ActorName      string     `json:"actor_name" doc:"The member who asked for it; empty where none did"`
	ContactID      *int64     `json:"contact_id"`
	ContactName    string     `json:"contact_name"`
	ContactErased  bool       `json:"contact_erased"`
	ConversationID *int64     `json:"conversation_id"`
	CommentID      *int64     `json:"comment_id"`
	MessageID      *int64     `json:"message_id"`
	TriggerID      *int64     `json:"trigger_id"`
	Text           string     `json:"text"`
	Attempts       int        `json:"attempts"`
	NotBefore      time.Time  `json:"not_before"`
	ValidUntil     time.Time  `json:"valid_until"`
	SentAt         *time.Time `json:"sent_at"`
	DoneAt         *time.Time `json:"done_at"`
	ExternalID     string     `json:"external_id"`
	CreatedAt      time.Time  `json:"created_at"`
	CampaignID     *int64     `json:"campaign_id"`
	Sequence       string     `json:"sequence" doc:"Reminders that follow each other share one"`
	Cost           Cost       `json:"cost"`
	ReadBack       string     `json:"read_back" enum:"same,edited,gone,hidden,unreadable," doc:"What reading the comment before an automatic answer showed; empty: it was not read"`
	ReadBackAt     *time.Time `json:"read_back_at"`
}

func showAction(a inbox.ActionView, names map[string]string) Action {
	return Action{a.ID, a.AccountID, a.Kind, a.State, a.Reason, a.Meaning, a.Purpose, a.Origin, a.Actor, names[a.Actor], a.ContactID, a.ContactName, a.ContactErased, a.ConversationID, a.CommentID, a.MessageID, a.TriggerID,
		router.HideReferences(a.Text), a.Attempts, a.NotBefore.UTC(), a.ValidUntil.UTC(), utc(a.SentAt), utc(a.DoneAt), a.ExternalID, a.CreatedAt.UTC(),
		a.CampaignID, a.Sequence, Cost{a.CostState, a.CostMicros, a.CostCurrency, a.CostCountry, a.CostCategory, a.CostReason}, a.ReadBack, utc(a.ReadBackAt)}
}

type actionsIn struct {
	State     []string `query:"state,explode" enum:"planned,sending,done,failed,unknown,held,refused,cancelled,expired" doc:"None: all"`
	ContactID int64    `query:"contact_id"`
	CommentID int64    `query:"comment_id"`
	Reason    string   `query:"reason" maxLength:"60" doc:"Code of why they stand where they stand: window_closed, account_off, cap_day …"`
	Quiet     bool     `query:"quiet" doc:"Leave out read receipts and typing signs with which all is well"`
	Paging
}

func (s *Server) listActions(ctx context.Context, who *caller, in *actionsIn) (Page[Action], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[Action]{}, err
	}
	rows, err := inbox.ListActions(ctx, s.DB, who.WorkspaceID, inbox.ActionFilter{States: in.State, ContactID: in.ContactID, CommentID: in.CommentID, Reason: in.Reason, Quiet: in.Quiet, Before: before, Limit: in.Limit + 1})
	if err != nil {
		return Page[Action]{}, err
	}
	names, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return Page[Action]{}, err
	}
	now := s.Now()
	waits, err := outbox.Waits(ctx, s.DB, now)
	items := each(rows, func(a inbox.ActionView) Action {
		out := showAction(a, names)
		if _, limited := waits[a.AccountID]; limited && a.State == string(outbox.Planned) && a.Reason == "" && !a.NotBefore.After(now) {
			out.Reason, out.Meaning = "rate_limited", outbox.LimitMeaning
		}
		return out
	})
	return pageByID(items, in.Limit, func(a Action) int64 { return a.ID }), err
}

// onAction changes one action of the workspace and returns it as it then stands.
func (s *Server) onAction(ctx context.Context, who *caller, id int64, verb string, detail any, do func(tx *sqlx.Tx) error) (Action, error) {
	names, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return Action{}, err
	}
	var out Action
	err = s.change(ctx, func(tx *sqlx.Tx) error {
		if _, err := oneAction(ctx, tx, who.WorkspaceID, id); err != nil {
			return err
		}
		if err := do(tx); err != nil {
			return err
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "action."+verb, fmt.Sprintf("action:%d", id), detail); err != nil {
			return err
		}
		a, err := oneAction(ctx, tx, who.WorkspaceID, id)
		out = showAction(a, names)
		return err
	})
	return out, err
}

func oneAction(ctx context.Context, tx *sqlx.Tx, workspace, id int64) (inbox.ActionView, error) {
	rows, err := inbox.ListActions(ctx, tx, workspace, inbox.ActionFilter{ID: id, Limit: 1})
	if err != nil {
		return inbox.ActionView{}, err
	}
	if len(rows) == 0 {
		return inbox.ActionView{}, fault.New(fault.NotFound, "action %d does not exist in this workspace", id)
	}
	return rows[0], nil
}

func (s *Server) cancelAction(ctx context.Context, who *caller, in *emptyIn) (Action, error) {
	return s.onAction(ctx, who, in.ID, "cancel", nil, func(tx *sqlx.Tx) error {
		ids, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: who.WorkspaceID, ActionID: in.ID, Reason: "cancelled_by_person", Meaning: "a member cancelled it"})
		if err == nil && len(ids) == 0 {
			return fault.New(fault.Conflict, "action %d is under way or over; it cannot be cancelled any more", in.ID).Coded("action_over")
		}
		return err
	})
}

func (s *Server) retryAction(ctx context.Context, who *caller, in *emptyIn) (Action, error) {
	return s.onAction(ctx, who, in.ID, "retry", nil, func(tx *sqlx.Tx) error {
		return outbox.Retry(ctx, tx, who.WorkspaceID, in.ID)
	})
}

type settleIn struct {
	ByID
	Body struct {
		Outcome outbox.Finding `json:"outcome" enum:"took_place,did_not,send_again" doc:"What a person saw at the network: it took place, it did not and shall not, it did not and is to be sent once more"`
		Reason  string         `json:"reason" maxLength:"500" doc:"How the person knows; kept in the audit log"`
	}
}

func (s *Server) settleAction(ctx context.Context, who *caller, in *settleIn) (Action, error) {
	why, err := cleanText(in.Body.Reason)
	if err != nil {
		return Action{}, fault.Field("reason", "say how you know what became of it")
	}
	return s.onAction(ctx, who, in.ID, "settle", map[string]any{"outcome": in.Body.Outcome, "reason": why}, func(tx *sqlx.Tx) error {
		return outbox.Settle(ctx, tx, who.WorkspaceID, in.ID, in.Body.Outcome)
	})
}

// Event is one thing that happened and what came of it.
type Event struct {
	ID         int64            `json:"id"`
	AccountID  int64            `json:"account_id"`
	Kind       string           `json:"kind"`
	Channel    string           `json:"channel"`
	Source     string           `json:"source"`
	Key        string           `json:"key"`
	State      string           `json:"state" enum:"pending,done,parked"`
	Reason     string           `json:"reason"`
	Parts      []said.Statement `json:"reason_parts" doc:"The reason as statements with stable codes"`
	Attempts   int              `json:"attempts"`
	OccurredAt time.Time        `json:"occurred_at"`
	CreatedAt  time.Time        `json:"created_at"`
	DoneAt     *time.Time       `json:"done_at"`
}

type eventsIn struct {
	State string `query:"state" enum:"pending,done,parked,"`
	Q     string `query:"q" maxLength:"200"`
	Paging
}

func (s *Server) listEvents(ctx context.Context, who *caller, in *eventsIn) (Page[Event], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[Event]{}, err
	}
	rows, err := inbox.ListEvents(ctx, s.DB, who.WorkspaceID, in.State, in.Q, before, in.Limit+1)
	items := each(rows, func(e inbox.EventView) Event {
		return Event{e.ID, e.AccountID, e.Kind, e.Channel, e.Source, e.Key, e.State, e.Reason, said.Read(e.Reason), e.Attempts, e.OccurredAt.UTC(), e.CreatedAt.UTC(), utc(e.DoneAt)}
	})
	return pageByID(items, in.Limit, func(e Event) int64 { return e.ID }), err
}

func (s *Server) replayEvent(ctx context.Context, who *caller, in *emptyIn) error {
	var state []string
	if err := s.DB.SelectContext(ctx, &state, `SELECT state FROM events WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, in.ID); err != nil {
		return fmt.Errorf("look for event %d: %w", in.ID, err)
	}
	if len(state) == 0 {
		return fault.New(fault.NotFound, "event %d does not exist in this workspace", in.ID)
	}
	if state[0] != "parked" {
		return fault.New(fault.Conflict, "only a parked event can be decided again; this one is %s", state[0])
	}
	if s.ReplayEvent == nil {
		return fault.New(fault.Unavailable, "events are not replayed in this process")
	}
	if err := s.ReplayEvent(ctx, who.WorkspaceID, in.ID); err != nil {
		return err
	}
	return auth.Audit(ctx, s.DB, who.WorkspaceID, who.Actor(), "event.replay", fmt.Sprintf("event:%d", in.ID), nil)
}

// Delivery is a webhook request that could not be split whole.
type Delivery struct {
	ID         int64            `json:"id"`
	ReceivedAt time.Time        `json:"received_at"`
	Source     string           `json:"source"`
	Bytes      int              `json:"bytes"`
	Reason     string           `json:"reason"`
	Parts      []said.Statement `json:"reason_parts" doc:"The reason as statements with stable codes"`
	Attempts   int              `json:"attempts"`
}

type deliveriesIn struct{ Paging }

func (s *Server) parkedDeliveries(ctx context.Context, who *caller, in *deliveriesIn) (Page[Delivery], error) {
	if err := s.ownsAll(ctx, who); err != nil {
		return Page[Delivery]{}, err
	}
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[Delivery]{}, err
	}
	rows, err := inbox.ParkedDeliveries(ctx, s.DB, before, in.Limit+1)
	items := each(rows, func(d inbox.DeliveryView) Delivery {
		return Delivery{d.ID, d.ReceivedAt.UTC(), d.Source, d.Bytes, d.Reason, said.Read(d.Reason), d.Attempts}
	})
	return pageByID(items, in.Limit, func(d Delivery) int64 { return d.ID }), err
}

func (s *Server) replayDelivery(ctx context.Context, who *caller, in *emptyIn) error {
	if err := s.ownsAll(ctx, who); err != nil {
		return err
	}
	if s.ReplayParked == nil {
		return fault.New(fault.Unavailable, "deliveries are not replayed in this process")
	}
	if err := s.ReplayParked(ctx, in.ID); err != nil {
		return err
	}
	return auth.Audit(ctx, s.DB, who.WorkspaceID, who.Actor(), "delivery.replay", fmt.Sprintf("delivery:%d", in.ID), nil)
}

// ownsAll refuses what concerns the whole installation to those who own only part of it.
func (s *Server) ownsAll(ctx context.Context, who *caller) error {
	var others int
	err := s.DB.GetContext(ctx, &others, `SELECT count(*) FROM workspaces w WHERE w.id <> $1 AND NOT EXISTS (
    SELECT 1 FROM members m WHERE m.workspace_id = w.id AND m.user_id = $2 AND m.role = 'owner')`, who.WorkspaceID, who.UserID)
	if err != nil {
		return fmt.Errorf("look whose the installation is: %w", err)
	}
	if others > 0 {
		return fault.New(fault.Forbidden, "this concerns the whole installation, and you do not own all of its workspaces; whoever runs it can do this on the command line")
	}
	return nil
}

// releaseSending lets a restored copy of the database send.
func (s *Server) releaseSending(ctx context.Context, who *caller, _ *nothingIn) error {
	if err := s.ownsAll(ctx, who); err != nil {
		return err
	}
	if s.Release == nil {
		return fault.New(fault.Unavailable, "nothing is sent from this process")
	}
	if err := s.Release(ctx); err != nil {
		return err
	}
	return auth.Audit(ctx, s.DB, who.WorkspaceID, who.Actor(), "send.release", "installation", nil)
}
