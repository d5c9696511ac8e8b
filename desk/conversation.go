package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/notify"
	"ponte/outbox"
)

// SetPriority moves a conversation in the queue: -1 low, 0 normal, 1 high, 2 urgent, 3 danger.
func SetPriority(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64, priority int) error {
	if priority < -1 || priority > inbox.Danger {
		return fault.Field("priority", "a priority is low, normal, high, urgent or danger")
	}
	res, err := tx.ExecContext(ctx, `UPDATE conversations SET priority = $3, due_for = NULL WHERE workspace_id = $1 AND id = $2 AND priority <> $3`, who.WorkspaceID, id, priority)
	if err != nil {
		return fmt.Errorf("set the priority of conversation %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return Note(ctx, tx, Step{WorkspaceID: who.WorkspaceID, ConversationID: id, Actor: who.Actor(), What: "priority", Detail: map[string]any{"priority": priority}})
}

// Snooze puts a conversation aside until an instant, or without one until the customer writes. Whatever was
// chosen, the customer's next message wakes it. The clock of a customer who waits already runs on.
func Snooze(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64, until *time.Time, now time.Time) error {
	if until != nil && (!until.After(now) || until.Sub(now) > 366*24*time.Hour) {
		return fault.Field("until", "choose a time ahead, within a year")
	}
	res, err := tx.ExecContext(ctx, `UPDATE conversations SET snoozed_at = $3, snoozed_until = $4 WHERE workspace_id = $1 AND id = $2 AND state = 'open'`, who.WorkspaceID, id, now, until)
	if err != nil {
		return fmt.Errorf("snooze conversation %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.Conflict, "the conversation is resolved; only an open one can be snoozed").Coded("snooze_resolved")
	}
	detail := map[string]any{}
	if until != nil {
		detail["until"] = until.UTC()
	}
	return Note(ctx, tx, Step{WorkspaceID: who.WorkspaceID, ConversationID: id, Actor: who.Actor(), What: "snoozed", Detail: detail})
}

// Unsnooze brings a conversation back before its time.
func Unsnooze(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE conversations SET snoozed_at = NULL, snoozed_until = NULL WHERE workspace_id = $1 AND id = $2 AND snoozed_at IS NOT NULL`, who.WorkspaceID, id)
	if err != nil {
		return fmt.Errorf("wake conversation %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return Note(ctx, tx, Step{WorkspaceID: who.WorkspaceID, ConversationID: id, Actor: who.Actor(), What: "woken", Detail: map[string]any{"why": "member"}})
}

// Written is a conversation in which the customer has just written.
type Written struct {
	WorkspaceID    int64
	ConversationID int64
}

// CustomerWrote does what a message of the customer ends, in the transaction that stores it: snoozes of the
// conversation, and all replies to this person that were to go only if they stayed silent.
func CustomerWrote(ctx context.Context, tx sqlx.ExtContext, list []Written) error {
	if len(list) == 0 {
		return nil
	}
	slices.SortFunc(list, func(a, b Written) int { return int(a.ConversationID - b.ConversationID) })
	rows := inbox.NewRows("bigint", "bigint")
	for _, w := range slices.Compact(list) {
		rows.Add(w.WorkspaceID, w.ConversationID)
	}
	var woken, scheduled []Written
	var steps []Step
	for _, q := range []struct {
		into *[]Written
		sql  string
	}{{&woken, sqlWakeWritten}, {&scheduled, sqlScheduledWritten}} {
		var found []struct {
			WorkspaceID int64 `db:"workspace_id"`
			ID          int64 `db:"id"`
		}
		if err := sqlx.SelectContext(ctx, tx, &found, fmt.Sprintf(q.sql, rows.SQL()), rows.Args()...); err != nil {
			return fmt.Errorf("do what a customer's message ends: %w", err)
		}
		for _, f := range found {
			*q.into = append(*q.into, Written{f.WorkspaceID, f.ID})
		}
	}
	for _, v := range woken {
		steps = append(steps, Step{WorkspaceID: v.WorkspaceID, ConversationID: v.ConversationID, Actor: "system", What: "woken", Detail: map[string]any{"why": "customer"}})
	}
	for _, v := range scheduled { // the second id is the action's
		s, err := cancelScheduled(ctx, tx, v.WorkspaceID, v.ConversationID, "system", "customer_wrote", "the customer wrote before its time")
		if err != nil {
			return err
		}
		steps = append(steps, s...)
	}
	return Note(ctx, tx, steps...)
}

const sqlWakeWritten = `
UPDATE conversations v SET snoozed_at = NULL, snoozed_until = NULL FROM (%s) AS k (workspace_id, id)
WHERE v.workspace_id = k.workspace_id AND v.id = k.id AND v.snoozed_at IS NOT NULL RETURNING v.workspace_id, v.id`

// Whoever wrote, wrote to the brand: on whatever channel, and in whichever conversation the reply was planned.
const sqlScheduledWritten = `
SELECT DISTINCT r.workspace_id, r.action_id AS id FROM (%s) AS k (workspace_id, id) JOIN conversations w ON w.workspace_id = k.workspace_id AND w.id = k.id
CROSS JOIN LATERAL (SELECT w.id UNION SELECT v.id FROM conversations v WHERE v.workspace_id = w.workspace_id AND v.contact_id = w.contact_id OFFSET 0) AS v
JOIN scheduled_replies r ON r.workspace_id = w.workspace_id AND r.conversation_id = v.id
JOIN actions a ON a.workspace_id = r.workspace_id AND a.id = r.action_id WHERE r.unless_written AND a.state IN ('planned','held') ORDER BY id`

// Merged cancels the replies to a person that were to go only if they stayed silent, where they had written since as
// somebody who was another contact until now.
func Merged(ctx context.Context, tx sqlx.ExtContext, workspaceID, contactID int64) error {
	var ids []int64
	if err := sqlx.SelectContext(ctx, tx, &ids, sqlScheduledMerged, workspaceID, contactID); err != nil {
		return fmt.Errorf("find replies for later to contact %d, who wrote already: %w", contactID, err)
	}
	for _, id := range ids {
		steps, err := cancelScheduled(ctx, tx, workspaceID, id, "system", "customer_wrote", "the customer wrote before its time")
		if err != nil {
			return err
		}
		if err := Note(ctx, tx, steps...); err != nil {
			return err
		}
	}
	return nil
}

const sqlScheduledMerged = `
SELECT r.action_id FROM conversations v JOIN scheduled_replies r ON r.workspace_id = v.workspace_id AND r.conversation_id = v.id
JOIN actions a ON a.workspace_id = r.workspace_id AND a.id = r.action_id
WHERE v.workspace_id = $1 AND v.contact_id = $2 AND r.unless_written AND a.state IN ('planned','held')
  AND EXISTS (SELECT 1 FROM threads t JOIN messages m ON m.workspace_id = t.workspace_id AND m.thread_id = t.id
              WHERE t.workspace_id = $1 AND t.contact_id = $2 AND m.direction = 'in' AND m.at > r.created_at)
ORDER BY r.action_id`

// Scheduled is a reply that waits for its time.
type Scheduled struct {
	ActionID       int64     `db:"action_id"`
	ConversationID int64     `db:"conversation_id"`
	SendAt         time.Time `db:"send_at"`
	UnlessWritten  bool      `db:"unless_written"`
	MemberName     string    `db:"member_name"`
	Text           string    `db:"text"`
	State          string    `db:"state"`
}

// ScheduledOf lists the replies of a conversation that wait for their time.
func ScheduledOf(ctx context.Context, q sqlx.QueryerContext, workspaceID, conversationID int64) ([]Scheduled, error) {
	var out []Scheduled
	if err := sqlx.SelectContext(ctx, q, &out, sqlScheduled, workspaceID, conversationID); err != nil {
		return nil, fmt.Errorf("list scheduled replies: %w", err)
	}
	return out, nil
}

const sqlScheduled = `
SELECT r.action_id, r.conversation_id, r.send_at, r.unless_written, coalesce(nullif(u.name, ''), u.email, '') AS member_name, coalesce(m.text, a.call ->> 'text', '') AS text, a.state
FROM scheduled_replies r JOIN actions a ON a.workspace_id = r.workspace_id AND a.id = r.action_id
LEFT JOIN messages m ON m.workspace_id = a.workspace_id AND m.action_id = a.id LEFT JOIN users u ON u.id = r.user_id
WHERE r.workspace_id = $1 AND r.conversation_id = $2 AND a.state IN ('planned','held') ORDER BY r.send_at, r.action_id`

// Schedule notes that an action, which the outbox has in this transaction, is a reply for later.
func Schedule(ctx context.Context, tx sqlx.ExtContext, who auth.Who, s Scheduled) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO scheduled_replies (workspace_id, action_id, conversation_id, user_id, send_at, unless_written) VALUES ($1, $2, $3, $4, $5, $6)`,
		who.WorkspaceID, s.ActionID, s.ConversationID, who.User(), s.SendAt, s.UnlessWritten); err != nil {
		return fmt.Errorf("schedule a reply: %w", err)
	}
	// It stands in the thread at the time at which it will be said.
	if _, err := tx.ExecContext(ctx, `UPDATE messages SET at = $3 WHERE workspace_id = $1 AND action_id = $2`, who.WorkspaceID, s.ActionID, s.SendAt); err != nil {
		return fmt.Errorf("put a scheduled reply in its place: %w", err)
	}
	return nil
}

// CancelScheduled stops a scheduled reply that has not left.
func CancelScheduled(ctx context.Context, tx sqlx.ExtContext, who auth.Who, actionID int64) error {
	var known int
	if err := sqlx.GetContext(ctx, tx, &known, `SELECT count(*) FROM scheduled_replies WHERE workspace_id = $1 AND action_id = $2`, who.WorkspaceID, actionID); err != nil {
		return fmt.Errorf("look for scheduled reply %d: %w", actionID, err)
	}
	if known == 0 {
		return fault.New(fault.NotFound, "scheduled reply %d does not exist in this workspace", actionID)
	}
	steps, err := cancelScheduled(ctx, tx, who.WorkspaceID, actionID, who.Actor(), "cancelled_by_member", "a member cancelled it")
	if err != nil {
		return err
	}
	if len(steps) == 0 {
		return fault.New(fault.Conflict, "the reply has left already, or was cancelled before").Coded("reply_left")
	}
	return Note(ctx, tx, steps...)
}

// cancelScheduled takes the reply out of the outbox and out of the thread: it was never said.
func cancelScheduled(ctx context.Context, tx sqlx.ExtContext, workspaceID, actionID int64, actor, reason, meaning string) ([]Step, error) {
	ids, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: workspaceID, ActionID: actionID, Reason: reason, Meaning: meaning})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	var conversation int64
	if err := sqlx.GetContext(ctx, tx, &conversation, `SELECT conversation_id FROM scheduled_replies WHERE workspace_id = $1 AND action_id = $2`, workspaceID, actionID); err != nil {
		return nil, fmt.Errorf("find the conversation of scheduled reply %d: %w", actionID, err)
	}
	for _, stmt := range []string{
		`UPDATE actions SET message_id = NULL WHERE workspace_id = $1 AND id = $2`,
		`DELETE FROM messages WHERE workspace_id = $1 AND action_id = $2 AND external_id IS NULL`,
	} {
		if _, err := tx.ExecContext(ctx, stmt, workspaceID, actionID); err != nil {
			return nil, fmt.Errorf("take scheduled reply %d out of its thread: %w", actionID, err)
		}
	}
	return []Step{{WorkspaceID: workspaceID, ConversationID: conversation, Actor: actor, What: "scheduled_cancelled", Detail: map[string]any{"why": reason}}},
		inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspaceID, Topic: "conversation", ObjectID: conversation}, inbox.Change{WorkspaceID: workspaceID, Topic: "message", ObjectID: conversation})
}

// Handed notes that a member gave a conversation to somebody or a team, and tells who gets it.
func Handed(ctx context.Context, tx sqlx.ExtContext, who auth.Who, before, after inbox.Conversation, note string, now time.Time) error {
	note = clean(note)
	moved := !same(before.AssigneeID, after.AssigneeID)
	if !moved && before.Team == after.Team {
		return nil
	}
	what := "assigned"
	switch {
	case note != "":
		what = "transferred"
	case !moved:
		what = "team"
	case after.AssigneeID == nil:
		what = "unassigned"
	}
	s := Step{WorkspaceID: who.WorkspaceID, ConversationID: after.ID, Actor: who.Actor(), What: what, UserID: after.AssigneeID, Team: after.Team, Note: note}
	if what == "unassigned" {
		s.UserID = before.AssigneeID
	}
	if err := Note(ctx, tx, s); err != nil {
		return err
	}
	if before.Team != after.Team { // another team, other hours
		if _, err := tx.ExecContext(ctx, `UPDATE conversations SET due_for = NULL, refused_by = '{}' WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, after.ID); err != nil {
			return fmt.Errorf("count the deadlines of conversation %d anew: %w", after.ID, err)
		}
	}
	if !moved || after.AssigneeID == nil {
		return nil
	}
	return notify.Raise(ctx, tx, []notify.Event{{WorkspaceID: who.WorkspaceID, Kind: notify.Assigned, Members: []int64{*after.AssigneeID}, Except: who.UserID, ConversationID: after.ID, At: now,
		Data: map[string]any{"by": who.UserID, "user_id": *after.AssigneeID, "with_note": note != ""}, Dedupe: fmt.Sprintf("assigned:%d:%d:%d", after.ID, *after.AssigneeID, now.UnixMilli())}})
}

func same(a, b *int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
