package api

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/consent"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
)

// Action is something done, or to be done, to the outside world. What it says stands in its
// conversation, not here.
type Action struct {
	ID             int64      `json:"id" db:"id"`
	AccountID      int64      `json:"account_id" db:"account_id"`
	Kind           string     `json:"kind" db:"kind"`
	State          string     `json:"state" db:"state"`
	Reason         string     `json:"reason" db:"reason"`
	Meaning        string     `json:"meaning" db:"meaning"`
	Purpose        string     `json:"purpose" db:"purpose"`
	Origin         string     `json:"origin" db:"origin"`
	Actor          string     `json:"actor" db:"actor"`
	ContactID      *int64     `json:"contact_id" db:"contact_id"`
	ConversationID *int64     `json:"conversation_id" db:"conversation_id"`
	CommentID      *int64     `json:"comment_id" db:"comment_id"`
	TriggerID      *int64     `json:"trigger_id" db:"trigger_id"`
	Attempts       int        `json:"attempts" db:"attempts"`
	NotBefore      time.Time  `json:"not_before" db:"not_before"`
	ValidUntil     time.Time  `json:"valid_until" db:"valid_until"`
	SentAt         *time.Time `json:"sent_at" db:"sent_at"`
	DoneAt         *time.Time `json:"done_at" db:"done_at"`
	CreatedAt      time.Time  `json:"created_at" db:"created_at"`
}

type actionsIn struct {
	State     string `query:"state" enum:"planned,sending,done,failed,unknown,held,refused,cancelled,expired,"`
	ContactID int64  `query:"contact_id"`
	CommentID int64  `query:"comment_id"`
	Paging
}

const sqlActions = `
SELECT id, account_id, kind, state, reason, meaning, purpose, origin, actor, contact_id, conversation_id, comment_id, trigger_id, attempts, not_before, valid_until, sent_at, done_at, created_at
FROM actions WHERE workspace_id = $1`

func (s *Server) listActions(ctx context.Context, who *caller, in *actionsIn) (Page[Action], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[Action]{}, err
	}
	var rows []Action
	err = s.DB.SelectContext(ctx, &rows, sqlActions+` AND ($2 = '' OR state = $2) AND ($3 = 0 OR contact_id = $3) AND ($4 = 0 OR comment_id = $4) AND ($5 = 0 OR id < $5) ORDER BY id DESC LIMIT $6`,
		who.WorkspaceID, in.State, in.ContactID, in.CommentID, before, in.Limit+1)
	if err != nil {
		return Page[Action]{}, fmt.Errorf("list actions: %w", err)
	}
	return pageByID(rows, in.Limit, func(a Action) int64 { return a.ID }), nil
}

// onAction changes one action of the workspace, if the caller's role may change that kind.
func (s *Server) onAction(ctx context.Context, who *caller, id int64, verb string, do func(tx *sqlx.Tx) error) (Action, error) {
	var a Action
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		err := tx.GetContext(ctx, &a, sqlActions+` AND id = $2 FOR UPDATE`, who.WorkspaceID, id)
		if errors.Is(err, sql.ErrNoRows) {
			return fault.New(fault.NotFound, "action %d does not exist in this workspace", id)
		}
		if err != nil {
			return fmt.Errorf("load action %d: %w", id, err)
		}
		if err := do(tx); err != nil {
			return err
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "action."+verb, fmt.Sprintf("action:%d", id), map[string]any{"kind": a.Kind, "from": a.State}); err != nil {
			return err
		}
		return tx.GetContext(ctx, &a, sqlActions+` AND id = $2`, who.WorkspaceID, id)
	})
	return a, err
}

func (s *Server) cancelAction(ctx context.Context, who *caller, in *emptyIn) (Action, error) {
	return s.onAction(ctx, who, in.ID, "cancel", func(tx *sqlx.Tx) error {
		ids, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: who.WorkspaceID, ActionID: in.ID, Reason: "cancelled_by_person", Meaning: "a member cancelled it"})
		if err == nil && len(ids) == 0 {
			return fault.New(fault.Conflict, "only what waits can be cancelled; this has left, or is over already")
		}
		return err
	})
}

func (s *Server) retryAction(ctx context.Context, who *caller, in *emptyIn) (Action, error) {
	return s.onAction(ctx, who, in.ID, "retry", func(tx *sqlx.Tx) error { return outbox.Retry(ctx, tx, who.WorkspaceID, in.ID) })
}

type settleIn struct {
	ByID
	Body struct {
		Happened bool `json:"happened"`
	}
}

func (s *Server) settleAction(ctx context.Context, who *caller, in *settleIn) (Action, error) {
	return s.onAction(ctx, who, in.ID, "settle", func(tx *sqlx.Tx) error {
		return outbox.Settle(ctx, tx, who.WorkspaceID, in.ID, in.Body.Happened)
	})
}

// Event is one thing that came in and what came of it.
type Event struct {
	ID         int64      `json:"id" db:"id"`
	AccountID  int64      `json:"account_id" db:"account_id"`
	Key        string     `json:"key" db:"key"`
	Kind       string     `json:"kind" db:"kind"`
	Channel    string     `json:"channel" db:"channel"`
	Source     string     `json:"source" db:"source"`
	State      string     `json:"state" db:"state"`
	Reason     string     `json:"reason" db:"reason"`
	Attempts   int        `json:"attempts" db:"attempts"`
	OccurredAt time.Time  `json:"occurred_at" db:"occurred_at"`
	CreatedAt  time.Time  `json:"created_at" db:"created_at"`
	DoneAt     *time.Time `json:"done_at" db:"done_at"`
}

type eventsIn struct {
	State string `query:"state" enum:"pending,parked,done,"`
	Q     string `query:"q" maxLength:"200" doc:"In kind, key or reason"`
	Paging
}

func (s *Server) listEvents(ctx context.Context, who *caller, in *eventsIn) (Page[Event], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[Event]{}, err
	}
	var rows []Event
	err = s.DB.SelectContext(ctx, &rows, `
SELECT id, account_id, key, kind, channel, source, state, reason, attempts, occurred_at, created_at, done_at FROM events
WHERE workspace_id = $1 AND ($2 = '' OR state = $2) AND ($3 = '' OR kind ILIKE $4 OR key ILIKE $4 OR reason ILIKE $4) AND ($5 = 0 OR id < $5) ORDER BY id DESC LIMIT $6`,
		who.WorkspaceID, in.State, in.Q, inbox.Like(in.Q), before, in.Limit+1)
	if err != nil {
		return Page[Event]{}, fmt.Errorf("list events: %w", err)
	}
	return pageByID(rows, in.Limit, func(e Event) int64 { return e.ID }), nil
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
		return fault.New(fault.Conflict, "only a parked event can be replayed; this one is %s", state[0])
	}
	if s.ReplayEvent == nil {
		return fault.New(fault.Unavailable, "events are not replayed in this process")
	}
	if err := s.ReplayEvent(ctx, who.WorkspaceID, in.ID); err != nil {
		return err
	}
	return auth.Audit(ctx, s.DB, who.WorkspaceID, who.Actor(), "event.replay", fmt.Sprintf("event:%d", in.ID), nil)
}

// Delivery is a webhook request that could not be split, for nobody's account.
type Delivery struct {
	ID         int64     `json:"id" db:"id"`
	ReceivedAt time.Time `json:"received_at" db:"received_at"`
	Source     string    `json:"source" db:"source"`
	Bytes      int       `json:"bytes" db:"bytes"`
	Reason     string    `json:"reason" db:"reason"`
}

// mayInstall: deliveries and the send epoch belong to the installation. Where several workspaces share
// it, only somebody who owns all of them may touch them.
func (s *Server) mayInstall(ctx context.Context, who *caller) error {
	var other int
	err := s.DB.GetContext(ctx, &other, `SELECT count(*) FROM workspaces w WHERE w.id <> $1 AND NOT EXISTS (SELECT 1 FROM members m WHERE m.workspace_id = w.id AND m.user_id = $2 AND m.role = 'owner')`, who.WorkspaceID, who.UserID)
	if err != nil {
		return fmt.Errorf("look for other workspaces: %w", err)
	}
	if other > 0 {
		return fault.New(fault.Forbidden, "this concerns the whole installation; use the command line, or an owner of all its workspaces")
	}
	return nil
}

func (s *Server) parkedDeliveries(ctx context.Context, who *caller, in *Paging) (Page[Delivery], error) {
	if err := s.mayInstall(ctx, who); err != nil {
		return Page[Delivery]{}, err
	}
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[Delivery]{}, err
	}
	var rows []Delivery
	err = s.DB.SelectContext(ctx, &rows, `SELECT id, received_at, source, length(body) AS bytes, reason FROM deliveries WHERE state = 'parked' AND ($1 = 0 OR id < $1) ORDER BY id DESC LIMIT $2`, before, in.Limit+1)
	if err != nil {
		return Page[Delivery]{}, fmt.Errorf("list parked deliveries: %w", err)
	}
	return pageByID(rows, in.Limit, func(d Delivery) int64 { return d.ID }), nil
}

func (s *Server) replayDelivery(ctx context.Context, who *caller, in *emptyIn) error {
	if err := s.mayInstall(ctx, who); err != nil {
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

func (s *Server) releaseSending(ctx context.Context, who *caller, _ *nothingIn) error {
	if err := s.mayInstall(ctx, who); err != nil {
		return err
	}
	if s.Release == nil {
		return fault.New(fault.Unavailable, "sending is not guarded in this process")
	}
	if err := s.Release(ctx); err != nil {
		return err
	}
	return auth.Audit(ctx, s.DB, who.WorkspaceID, who.Actor(), "send.release", "", nil)
}

// ConsentEntry is one entry of the ledger. Personal values are shown per contact only.
type ConsentEntry struct {
	Seq        int64             `json:"seq"`
	At         time.Time         `json:"at"`
	RecordedAt time.Time         `json:"recorded_at"`
	ContactID  int64             `json:"contact_id" doc:"0: erased"`
	Brand      string            `json:"brand"`
	Channel    string            `json:"channel"`
	Purpose    string            `json:"purpose"`
	Act        string            `json:"act"`
	Kind       string            `json:"kind"`
	How        string            `json:"how"`
	Actor      string            `json:"actor"`
	Evidence   map[string]string `json:"evidence"`
	Wording    string            `json:"wording"`
}

type ledgerIn struct {
	ContactID int64 `query:"contact_id"`
	Paging
}

func (s *Server) listConsent(ctx context.Context, who *caller, in *ledgerIn) (Page[ConsentEntry], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[ConsentEntry]{}, err
	}
	var rows []struct {
		Seq        int64           `db:"seq"`
		At         time.Time       `db:"at"`
		RecordedAt time.Time       `db:"recorded_at"`
		ContactID  int64           `db:"contact_id"`
		Brand      string          `db:"brand"`
		Channel    string          `db:"channel"`
		Purpose    string          `db:"purpose"`
		Act        string          `db:"act"`
		Kind       string          `db:"kind"`
		How        string          `db:"how"`
		Actor      string          `db:"actor"`
		Evidence   json.RawMessage `db:"evidence"`
		Wording    string          `db:"wording"`
	}
	err = s.DB.SelectContext(ctx, &rows, `
SELECT e.seq, e.at, e.recorded_at, coalesce(p.contact_id, 0) AS contact_id, e.brand, e.channel, e.purpose, e.act, e.kind, e.how, e.actor, e.evidence, coalesce(w.text, '') AS wording
FROM consent_entries e LEFT JOIN consent_personal p ON p.workspace_id = e.workspace_id AND p.seq = e.seq
LEFT JOIN consent_wordings w ON w.workspace_id = e.workspace_id AND w.id = e.wording_id
WHERE e.workspace_id = $1 AND ($2 = 0 OR p.contact_id = $2) AND ($3 = 0 OR e.seq < $3) ORDER BY e.seq DESC LIMIT $4`, who.WorkspaceID, in.ContactID, before, in.Limit+1)
	if err != nil {
		return Page[ConsentEntry]{}, fmt.Errorf("list the consent ledger: %w", err)
	}
	out := []ConsentEntry{}
	for _, r := range rows {
		e := ConsentEntry{r.Seq, r.At.UTC(), r.RecordedAt.UTC(), r.ContactID, r.Brand, r.Channel, r.Purpose, r.Act, r.Kind, r.How, r.Actor, map[string]string{}, r.Wording}
		if err := decode(r.Evidence, &e.Evidence); err != nil {
			return Page[ConsentEntry]{}, fmt.Errorf("read the evidence of entry %d: %w", r.Seq, err)
		}
		out = append(out, e)
	}
	return pageByID(out, in.Limit, func(e ConsentEntry) int64 { return e.Seq }), nil
}

// Verification is the outcome of recomputing the ledger's chain.
type Verification struct {
	OK       bool            `json:"ok"`
	Entries  int64           `json:"entries"`
	Erased   int64           `json:"erased"`
	Head     int64           `json:"head"`
	Problems []LedgerProblem `json:"problems"`
}

// LedgerProblem is something wrong with the chain.
type LedgerProblem struct {
	Seq  int64  `json:"seq"`
	What string `json:"what"`
}

func (s *Server) verifyConsent(ctx context.Context, who *caller, _ *struct{}) (Verification, error) {
	r, err := s.Ledger.Verify(ctx, s.DB, who.WorkspaceID, nil)
	return Verification{r.OK(), r.Entries, r.Erased, r.Head.Seq, each(r.Problems, func(p consent.Problem) LedgerProblem { return LedgerProblem(p) })}, err
}

// AuditLine is one line of the audit log.
type AuditLine struct {
	ID     int64          `json:"id"`
	At     time.Time      `json:"at"`
	Actor  string         `json:"actor"`
	Name   string         `json:"name"`
	Verb   string         `json:"verb"`
	Object string         `json:"object"`
	Detail map[string]any `json:"detail"`
}

type auditIn struct {
	Object string `query:"object" maxLength:"100"`
	Paging
}

func (s *Server) listAudit(ctx context.Context, who *caller, in *auditIn) (Page[AuditLine], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[AuditLine]{}, err
	}
	rows, err := auth.ReadAudit(ctx, s.DB, who.WorkspaceID, before, in.Object, in.Limit+1)
	if err != nil {
		return Page[AuditLine]{}, err
	}
	names, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return Page[AuditLine]{}, err
	}
	out := []AuditLine{}
	for _, r := range rows {
		l := AuditLine{r.ID, r.At.UTC(), r.Actor, nameOr(names, r.Actor), r.Verb, r.Object, map[string]any{}}
		if err := decode(r.Detail, &l.Detail); err != nil {
			return Page[AuditLine]{}, fmt.Errorf("read audit line %d: %w", r.ID, err)
		}
		out = append(out, l)
	}
	return pageByID(out, in.Limit, func(l AuditLine) int64 { return l.ID }), nil
}

// Decision is the whole record of one verdict, as it can be replayed.
type Decision struct {
	ID         int64          `json:"id"`
	Subject    string         `json:"subject"`
	SubjectID  int64          `json:"subject_id"`
	EventID    *int64         `json:"event_id"`
	Actor      string         `json:"actor"`
	Input      map[string]any `json:"input"`
	Record     map[string]any `json:"record"`
	Verdict    Verdict        `json:"verdict"`
	TokensIn   int            `json:"tokens_in"`
	TokensOut  int            `json:"tokens_out"`
	CostMicros int64          `json:"cost_micros"`
	TookMicros int64          `json:"took_micros"`
}

type verdictIn struct {
	ID string `path:"verdict_id" pattern:"^[0-9]{1,18}$"`
}

func (s *Server) getDecision(ctx context.Context, who *caller, in *verdictIn) (Decision, error) {
	id, err := strconv.ParseInt(in.ID, 10, 64)
	if err != nil {
		return Decision{}, fault.New(fault.NotFound, "there is no such decision")
	}
	var r struct {
		inbox.VerdictView
		Subject    string          `db:"subject"`
		SubjectID  int64           `db:"subject_id"`
		EventID    *int64          `db:"event_id"`
		Input      json.RawMessage `db:"input"`
		TokensIn   int             `db:"tokens_in"`
		TokensOut  int             `db:"tokens_out"`
		CostMicros int64           `db:"cost_micros"`
		TookMicros int64           `db:"took_micros"`
	}
	err = s.DB.GetContext(ctx, &r, `SELECT id, decision, tier, provisional, verdict, actor, created_at, subject, subject_id, event_id, input, tokens_in, tokens_out, cost_micros, took_micros
FROM verdicts WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Decision{}, fault.New(fault.NotFound, "decision %d does not exist in this workspace", id)
	}
	if err != nil {
		return Decision{}, fmt.Errorf("load decision %d: %w", id, err)
	}
	v, err := showVerdict(r.VerdictView)
	if err != nil {
		return Decision{}, err
	}
	out := Decision{ID: id, Subject: r.Subject, SubjectID: r.SubjectID, EventID: r.EventID, Actor: r.Actor, Input: map[string]any{}, Record: map[string]any{}, Verdict: *v,
		TokensIn: r.TokensIn, TokensOut: r.TokensOut, CostMicros: r.CostMicros, TookMicros: r.TookMicros}
	if err := decode(r.Input, &out.Input); err != nil {
		return out, fmt.Errorf("read the input of decision %d: %w", id, err)
	}
	if err := decode(r.VerdictView.Verdict, &out.Record); err != nil {
		return out, fmt.Errorf("read the record of decision %d: %w", id, err)
	}
	return out, nil
}
