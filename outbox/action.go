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

// Action is something to be done to the outside world, as it is handed to Add. ID, Token and the rest
// that Add fills in may be left empty.
type Action struct {
	WorkspaceID int64
	ID          int64 // zero: Add draws one
	AccountID   int64
	Kind        string // empty: the call's; anything else must be the same
	State       State
	Purpose     string // answer, service, promotional …: a wish, which Add may make stricter
	Origin      string // trigger, bot, member, policy, system, api
	Actor       string // user:7, system …
	Token       string // Add draws it; it comes back in echoes and statuses
	Dedupe      string // the same effect asked twice is one action

	ContactID      *int64
	IdentityID     *int64
	ThreadID       *int64
	ConversationID *int64
	CommentID      *int64
	MessageID      *int64 // set by Add for an action with a bubble
	AnswersEvent   *int64 // the event this answers; without one nothing counts as an answer
	TriggerID      *int64
	CampaignID     *int64 // whose budget and counters it belongs to
	Sequence       string // reminders that follow each other share one; the gate spaces and ends them
	WaitsFor       *int64 // not before this action is done
	After          string // the same by Dedupe, for an action of the same batch

	Call       channels.Call
	NotBefore  time.Time // zero: now
	ValidUntil time.Time

	Bubble *Bubble // the message as it stands in the thread, written with the action
}

// Add writes actions, and the bubbles of messages, in the caller's transaction. An action whose Dedupe
// the workspace has already is not written again; the one that is there is returned in its place. The
// result is in the order given.
func Add(ctx context.Context, tx sqlx.ExtContext, actions []Action) ([]Action, error) {
	list := make([]work, len(actions))
	for i, a := range actions {
		if a.Kind != "" && a.Kind != string(a.Call.Kind) {
			return nil, fault.New(fault.Internal, "action %q is a %s with the call of a %s", a.Dedupe, a.Kind, a.Call.Kind)
		}
		list[i] = a.work()
	}
	list, err := add(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	out := make([]Action, len(list))
	for i, w := range list {
		out[i] = w.public()
	}
	return out, nil
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

func add(ctx context.Context, tx sqlx.ExtContext, actions []work) ([]work, error) {
	if len(actions) == 0 {
		return nil, nil
	}
	out := slices.Clone(actions)
	if err := prepare(ctx, tx, out); err != nil {
		return nil, err
	}
	order := make([]*work, len(out))
	for i := range out {
		order[i] = &out[i]
	}
	// One order for all writers: two batches that want the same keys wait for each other instead of
	// blocking each other.
	slices.SortStableFunc(order, func(a, b *work) int {
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

func prepare(ctx context.Context, tx sqlx.ExtContext, actions []work) error {
	if err := setPurposes(ctx, tx, actions); err != nil {
		return err
	}
	if err := setCampaigns(ctx, tx, actions); err != nil {
		return err
	}
	if err := setMentioned(ctx, tx, actions); err != nil {
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

func (a *work) check() error {
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
func setPurposes(ctx context.Context, tx sqlx.QueryerContext, actions []work) error {
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
		if err := sqlx.SelectContext(ctx, tx, &found, fmt.Sprintf(sqlCategories, rows.SQL()), rows.Args()...); err != nil {
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
FROM (%s) AS k (account_id, name, language)
JOIN accounts a ON a.id = k.account_id
JOIN accounts o ON o.workspace_id = a.workspace_id AND o.waba_id = a.waba_id
JOIN templates t ON t.workspace_id = o.workspace_id AND t.account_id = o.id AND t.name = k.name AND t.language = k.language`

func drawIDs(ctx context.Context, tx sqlx.QueryerContext, actions []work) error {
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
	ids, err := inbox.DrawIDs(ctx, tx, table, len(into))
	if err != nil {
		return err
	}
	for i, p := range into {
		*p = ids[i]
	}
	return nil
}

// insert writes the actions and returns the ids that are new.
func insert(ctx context.Context, tx sqlx.ExtContext, actions []*work) (map[int64]bool, error) {
	fresh := make(map[int64]bool, len(actions))
	for chunk := range slices.Chunk(actions, 1000) { // 65 535 parameters is PostgreSQL's limit
		rows := inbox.NewRows("bigint", "bigint", "bigint", "text", "text", "text", "text", "text", "text",
			"bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "bigint", "text", "jsonb", "timestamptz", "timestamptz")
		for _, a := range chunk {
			call, err := json.Marshal(a.Call)
			if err != nil {
				return nil, fmt.Errorf("encode call of action %q: %w", a.Dedupe, err)
			}
			rows.Add(a.WorkspaceID, a.ID, a.AccountID, string(a.Call.Kind), string(a.Purpose), string(a.Origin), a.Actor, a.Token, a.Dedupe,
				null(a.ContactID), null(a.IdentityID), null(a.ThreadID), null(a.ConversationID), null(a.CommentID), null(a.MessageID),
				null(a.AnswersEvent), null(a.WaitsFor), null(a.TriggerID), null(a.CampaignID), a.Sequence, string(call), a.NotBefore, a.ValidUntil)
		}
		var ids []int64
		if err := sqlx.SelectContext(ctx, tx, &ids, sqlInsertActions+rows.SQL()+` ON CONFLICT (workspace_id, dedupe) DO NOTHING RETURNING id`, rows.Args()...); err != nil {
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
    conversation_id, comment_id, message_id, answers_event, waits_for, trigger_id, campaign_id, sequence, call, not_before, valid_until) OVERRIDING SYSTEM VALUE `

// adopt puts the actions that were there already in the place of their repeats, and lets new ones wait
// for them instead.
func adopt(ctx context.Context, tx sqlx.ExtContext, actions []work, fresh map[int64]bool) error {
	rows := inbox.NewRows("bigint", "text")
	for _, a := range actions {
		if !fresh[a.ID] {
			rows.Add(a.WorkspaceID, a.Dedupe)
		}
	}
	found, err := selectActions(ctx, tx, ` JOIN (`+rows.SQL()+`) AS k (workspace_id, dedupe) ON a.workspace_id = k.workspace_id AND a.dedupe = k.dedupe`, rows.Args()...)
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

func saveBubbles(ctx context.Context, tx sqlx.ExtContext, actions []work, fresh map[int64]bool) error {
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
