// Package outbox is the one door out. Whatever is to be done to the outside world is a row first,
// written in the transaction that decided it; a sender claims rows through the gate, calls the network
// and records the outcome with all its consequences.
//
//	planned → sending → done | failed | unknown
//	planned → held (a switch) → planned;  planned → refused | cancelled | expired
//
// A call whose outcome is not known is looked for at the network before it is made again, or shown to
// a person. Nothing goes out twice because a process died.
package outbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/fault"
	"ponte/gate"
	"ponte/inbox"
)

// Channel is the PostgreSQL notification that wakes senders.
const Channel = "ponte_outbox"

// State is where an action stands.
type State string

// The states of an action; migrations/0005 CHECKs them.
const (
	Planned   State = "planned"
	Sending   State = "sending"
	Done      State = "done"
	Failed    State = "failed"
	Unknown   State = "unknown"
	Held      State = "held"
	Refused   State = "refused"
	Cancelled State = "cancelled"
	Expired   State = "expired"
)

// Action is something to be done to the outside world. Ids that are zero are not known.
type Action struct {
	WorkspaceID int64
	ID          int64 // zero: Add draws one
	AccountID   int64
	Call        channels.Call
	State       State
	Reason      string
	Meaning     string
	Purpose     gate.Purpose // a wish for Add, which may make it stricter
	Origin      gate.Origin
	Actor       string
	Token       string // Add draws it; it comes back in echoes and statuses
	Dedupe      string // the same effect asked twice is one action

	ContactID      int64
	IdentityID     int64
	ThreadID       int64
	ConversationID int64
	CommentID      int64
	MessageID      int64
	AnswersEvent   int64
	TriggerID      int64
	WaitsFor       int64  // not before this action is done
	After          string // the same by Dedupe, for an action of the same batch

	NotBefore  time.Time // zero: now
	ValidUntil time.Time
	Attempts   int
	Looks      int
	SentAt     time.Time
	CreatedAt  time.Time

	Bubble *Bubble // the message as it stands in the thread, written with the action
}

// Bubble is an outbound message's row in its thread. It needs ThreadID and ConversationID.
type Bubble struct {
	MessageID int64  // zero: Add draws one
	Author    string // bot or member
	MemberID  *int64
	Type      string // empty: text
	Text      string // empty: the call's
	Detail    json.RawMessage
}

// Add writes actions, and the bubbles of messages, in the caller's transaction. An action whose Dedupe
// the workspace has already is not written again; the one that is there is returned in its place. The
// result is in the order given.
func Add(ctx context.Context, tx sqlx.ExtContext, actions []Action) ([]Action, error) {
	if len(actions) == 0 {
		return nil, nil
	}
	out := slices.Clone(actions)
	if err := prepare(ctx, tx, out); err != nil {
		return nil, err
	}
	order := make([]*Action, len(out))
	for i := range out {
		order[i] = &out[i]
	}
	// One order for all writers: two batches that want the same keys wait for each other instead of
	// blocking each other.
	slices.SortStableFunc(order, func(a, b *Action) int {
		return cmp.Or(cmp.Compare(a.WorkspaceID, b.WorkspaceID), cmp.Compare(a.Dedupe, b.Dedupe))
	})
	fresh, err := insert(ctx, tx, order)
	if err != nil {
		return nil, err
	}
	if len(fresh) < len(out) {
		if err := adopt(ctx, tx, out, fresh); err != nil {
			return nil, err
		}
	}
	if err := saveBubbles(ctx, tx, out, fresh); err != nil {
		return nil, err
	}
	return out, inbox.Wake(ctx, tx, Channel)
}

func prepare(ctx context.Context, tx sqlx.ExtContext, actions []Action) error {
	if err := setPurposes(ctx, tx, actions); err != nil {
		return err
	}
	if err := drawIDs(ctx, tx, actions); err != nil {
		return err
	}
	byDedupe := map[string]int64{}
	for i := range actions {
		a := &actions[i]
		if err := a.check(); err != nil {
			return err
		}
		if a.Token == "" {
			a.Token = newToken()
		}
		a.Call.Token, a.State = a.Token, Planned
		if a.Actor == "" {
			a.Actor = "system"
		}
		if a.NotBefore.IsZero() {
			a.NotBefore = time.Now()
		}
		byDedupe[fmt.Sprint(a.WorkspaceID, "/", a.Dedupe)] = a.ID
	}
	for i := range actions {
		a := &actions[i]
		if a.After == "" {
			continue
		}
		if a.WaitsFor = byDedupe[fmt.Sprint(a.WorkspaceID, "/", a.After)]; a.WaitsFor == 0 {
			return fault.New(fault.Internal, "action %q waits for %q, which is not in its batch", a.Dedupe, a.After)
		}
	}
	return nil
}

func (a *Action) check() error {
	switch {
	case a.WorkspaceID == 0 || a.AccountID == 0 || a.Dedupe == "":
		return fault.New(fault.Internal, "an action needs a workspace, an account and a dedupe key")
	case a.Call.Kind == "" || a.Call.Channel == "":
		return fault.New(fault.Internal, "action %q has no call", a.Dedupe)
	case a.ValidUntil.IsZero():
		return fault.New(fault.Internal, "action %q does not say until when it is valid", a.Dedupe)
	case a.Bubble != nil && (a.ThreadID == 0 || a.ConversationID == 0):
		return fault.New(fault.Internal, "action %q has a bubble but no thread or conversation", a.Dedupe)
	}
	return nil
}

func newToken() string {
	var b [15]byte
	_, _ = rand.Read(b[:])
	return "pt" + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// setPurposes applies the rule; only templates need a look at the database.
func setPurposes(ctx context.Context, tx sqlx.QueryerContext, actions []Action) error {
	categories := map[string]string{}
	rows := inbox.NewRows("bigint", "text", "text")
	for _, a := range actions {
		if a.Call.Template != nil {
			rows.Add(a.AccountID, a.Call.Template.Name, a.Call.Template.Language)
		}
	}
	if rows.Len() > 0 {
		var found []struct {
			AccountID int64  `db:"account_id"`
			Name      string `db:"name"`
			Language  string `db:"language"`
			Category  string `db:"category"`
		}
		if err := sqlx.SelectContext(ctx, tx, &found, fmt.Sprintf(sqlCategories, rows.SQL()), rows.Args...); err != nil {
			return fmt.Errorf("load template categories: %w", err)
		}
		for _, f := range found {
			categories[fmt.Sprint(f.AccountID, "/", f.Name, "/", f.Language)] = f.Category
		}
	}
	for i := range actions {
		a := &actions[i]
		d := gate.Draft{Call: a.Call, Origin: a.Origin, Wish: a.Purpose, Event: a.AnswersEvent != 0}
		if t := a.Call.Template; t != nil {
			d.Category = categories[fmt.Sprint(a.AccountID, "/", t.Name, "/", t.Language)]
		}
		a.Purpose = gate.PurposeOf(d)
	}
	return nil
}

const sqlCategories = `
SELECT DISTINCT k.account_id, t.name, t.language, t.category
FROM (VALUES %s) AS k (account_id, name, language)
JOIN accounts a ON a.id = k.account_id
JOIN accounts o ON o.workspace_id = a.workspace_id AND o.waba_id = a.waba_id
JOIN templates t ON t.workspace_id = o.workspace_id AND t.account_id = o.id AND t.name = k.name AND t.language = k.language`

func drawIDs(ctx context.Context, tx sqlx.QueryerContext, actions []Action) error {
	var ids, messages []*int64
	for i := range actions {
		a := &actions[i]
		if a.ID == 0 {
			ids = append(ids, &a.ID)
		}
		if a.Bubble != nil {
			b := *a.Bubble // the caller's stays as it is
			a.Bubble = &b
			if b.MessageID == 0 {
				messages = append(messages, &a.Bubble.MessageID)
			}
		}
	}
	if err := draw(ctx, tx, "actions", ids); err != nil {
		return err
	}
	if err := draw(ctx, tx, "messages", messages); err != nil {
		return err
	}
	for i := range actions {
		if b := actions[i].Bubble; b != nil {
			actions[i].MessageID = b.MessageID
		}
	}
	return nil
}

func draw(ctx context.Context, tx sqlx.QueryerContext, table string, into []*int64) error {
	if len(into) == 0 {
		return nil
	}
	var ids []int64
	if err := sqlx.SelectContext(ctx, tx, &ids, sqlDraw, table, len(into)); err != nil {
		return fmt.Errorf("draw ids for %s: %w", table, err)
	}
	for i, p := range into {
		*p = ids[i]
	}
	return nil
}

const sqlDraw = `SELECT nextval(pg_get_serial_sequence($1, 'id')) FROM generate_series(1, $2)`

// insert writes the actions and returns the ids that are new.
func insert(ctx context.Context, tx sqlx.ExtContext, actions []*Action) (map[int64]bool, error) {
	fresh := make(map[int64]bool, len(actions))
	for chunk := range slices.Chunk(actions, 1000) { // 65 535 parameters is PostgreSQL's limit
		rows := inbox.NewRows()
		for _, a := range chunk {
			call, err := json.Marshal(a.Call)
			if err != nil {
				return nil, fmt.Errorf("encode call of action %q: %w", a.Dedupe, err)
			}
			rows.Add(a.WorkspaceID, a.ID, a.AccountID, string(a.Call.Kind), string(a.Purpose), string(a.Origin), a.Actor, a.Token, a.Dedupe,
				null(a.ContactID), null(a.IdentityID), null(a.ThreadID), null(a.ConversationID), null(a.CommentID), null(a.MessageID),
				null(a.AnswersEvent), null(a.WaitsFor), null(a.TriggerID), string(call), a.NotBefore, a.ValidUntil)
		}
		var ids []int64
		if err := sqlx.SelectContext(ctx, tx, &ids, sqlInsertActions+rows.SQL()+` ON CONFLICT (workspace_id, dedupe) DO NOTHING RETURNING id`, rows.Args...); err != nil {
			return nil, fmt.Errorf("add actions: %w", err)
		}
		for _, id := range ids {
			fresh[id] = true
		}
	}
	return fresh, nil
}

const sqlInsertActions = `
INSERT INTO actions (workspace_id, id, account_id, kind, purpose, origin, actor, token, dedupe, contact_id, identity_id, thread_id,
    conversation_id, comment_id, message_id, answers_event, waits_for, trigger_id, call, not_before, valid_until) OVERRIDING SYSTEM VALUE VALUES `

// adopt puts the actions that were there already in the place of their repeats, and lets new ones wait
// for them instead.
func adopt(ctx context.Context, tx sqlx.ExtContext, actions []Action, fresh map[int64]bool) error {
	rows := inbox.NewRows("bigint", "text")
	for _, a := range actions {
		if !fresh[a.ID] {
			rows.Add(a.WorkspaceID, a.Dedupe)
		}
	}
	found, err := selectActions(ctx, tx, ` JOIN (VALUES `+rows.SQL()+`) AS k (workspace_id, dedupe) ON a.workspace_id = k.workspace_id AND a.dedupe = k.dedupe`, rows.Args...)
	if err != nil {
		return err
	}
	moved := map[int64]int64{}
	for i := range actions {
		for _, f := range found {
			if !fresh[actions[i].ID] && f.WorkspaceID == actions[i].WorkspaceID && f.Dedupe == actions[i].Dedupe {
				moved[actions[i].ID] = f.ID
				actions[i] = f
				break
			}
		}
	}
	for i := range actions {
		a := &actions[i]
		if to, ok := moved[a.WaitsFor]; ok && fresh[a.ID] {
			a.WaitsFor = to
			if _, err := tx.ExecContext(ctx, `UPDATE actions SET waits_for = $3 WHERE workspace_id = $1 AND id = $2`, a.WorkspaceID, a.ID, to); err != nil {
				return fmt.Errorf("let action %d wait: %w", a.ID, err)
			}
		}
	}
	return nil
}

func saveBubbles(ctx context.Context, tx sqlx.ExtContext, actions []Action, fresh map[int64]bool) error {
	var messages []*inbox.Message
	for i := range actions {
		a := &actions[i]
		if a.Bubble == nil || !fresh[a.ID] {
			continue
		}
		b, id := a.Bubble, a.ID
		messages = append(messages, &inbox.Message{
			WorkspaceID: a.WorkspaceID, ID: b.MessageID, AccountID: a.AccountID, ThreadID: a.ThreadID, ConversationID: a.ConversationID,
			Direction: "out", Author: cmp.Or(b.Author, "bot"), MemberID: b.MemberID, ActionID: &id, Type: cmp.Or(b.Type, "text"),
			Text: cmp.Or(b.Text, a.Call.Text), Detail: b.Detail, At: time.Now(),
		})
	}
	return inbox.SaveMessages(ctx, tx, messages)
}

func null(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

type actionRow struct {
	WorkspaceID    int64      `db:"workspace_id"`
	ID             int64      `db:"id"`
	AccountID      int64      `db:"account_id"`
	State          string     `db:"state"`
	Reason         string     `db:"reason"`
	Meaning        string     `db:"meaning"`
	Purpose        string     `db:"purpose"`
	Origin         string     `db:"origin"`
	Actor          string     `db:"actor"`
	Token          string     `db:"token"`
	Dedupe         string     `db:"dedupe"`
	ContactID      int64      `db:"contact_id"`
	IdentityID     int64      `db:"identity_id"`
	ThreadID       int64      `db:"thread_id"`
	ConversationID int64      `db:"conversation_id"`
	CommentID      int64      `db:"comment_id"`
	MessageID      int64      `db:"message_id"`
	AnswersEvent   int64      `db:"answers_event"`
	WaitsFor       int64      `db:"waits_for"`
	TriggerID      int64      `db:"trigger_id"`
	Call           []byte     `db:"call"`
	NotBefore      time.Time  `db:"not_before"`
	ValidUntil     time.Time  `db:"valid_until"`
	Attempts       int        `db:"attempts"`
	Looks          int        `db:"looks"`
	SentAt         *time.Time `db:"sent_at"`
	CreatedAt      time.Time  `db:"created_at"`
}

const actionColumns = `a.workspace_id, a.id, a.account_id, a.state, a.reason, a.meaning, a.purpose, a.origin, a.actor, a.token, a.dedupe,
       coalesce(a.contact_id, 0) AS contact_id, coalesce(a.identity_id, 0) AS identity_id, coalesce(a.thread_id, 0) AS thread_id,
       coalesce(a.conversation_id, 0) AS conversation_id, coalesce(a.comment_id, 0) AS comment_id, coalesce(a.message_id, 0) AS message_id,
       coalesce(a.answers_event, 0) AS answers_event, coalesce(a.waits_for, 0) AS waits_for, coalesce(a.trigger_id, 0) AS trigger_id,
       a.call, a.not_before, a.valid_until, a.attempts, a.looks, a.sent_at, a.created_at`

// selectActions reads actions; rest follows FROM actions a.
func selectActions(ctx context.Context, q sqlx.QueryerContext, rest string, args ...any) ([]Action, error) {
	var rows []actionRow
	if err := sqlx.SelectContext(ctx, q, &rows, `SELECT `+actionColumns+` FROM actions a`+rest, args...); err != nil {
		return nil, fmt.Errorf("load actions: %w", err)
	}
	out := make([]Action, len(rows))
	for i, r := range rows {
		a, err := r.action()
		if err != nil {
			return nil, err
		}
		out[i] = a
	}
	return out, nil
}

func (r actionRow) action() (Action, error) {
	a := Action{
		WorkspaceID: r.WorkspaceID, ID: r.ID, AccountID: r.AccountID, State: State(r.State), Reason: r.Reason, Meaning: r.Meaning,
		Purpose: gate.Purpose(r.Purpose), Origin: gate.Origin(r.Origin), Actor: r.Actor, Token: r.Token, Dedupe: r.Dedupe,
		ContactID: r.ContactID, IdentityID: r.IdentityID, ThreadID: r.ThreadID, ConversationID: r.ConversationID, CommentID: r.CommentID,
		MessageID: r.MessageID, AnswersEvent: r.AnswersEvent, WaitsFor: r.WaitsFor, TriggerID: r.TriggerID,
		NotBefore: r.NotBefore, ValidUntil: r.ValidUntil, Attempts: r.Attempts, Looks: r.Looks, CreatedAt: r.CreatedAt,
	}
	if r.SentAt != nil {
		a.SentAt = *r.SentAt
	}
	if err := json.Unmarshal(r.Call, &a.Call); err != nil {
		return a, fmt.Errorf("read the call of action %d: %w", r.ID, err)
	}
	return a, nil
}
