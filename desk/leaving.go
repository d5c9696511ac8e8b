package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/inbox"
	"ponte/notify"
)

// Release gives up what a member who leaves the workspace had: their conversations are nobody's again, and say so, and
// their replies for later are taken back. What another transaction gives them at this moment, strays finds.
func Release(ctx context.Context, tx sqlx.ExtContext, who auth.Who, userID int64, now time.Time) error {
	var ids []int64
	if err := sqlx.SelectContext(ctx, tx, &ids, sqlRelease, who.WorkspaceID, userID); err != nil {
		return fmt.Errorf("give up the conversations of member %d: %w", userID, err)
	}
	steps, changes := make([]Step, len(ids)), make([]inbox.Change, len(ids))
	for i, id := range ids {
		steps[i] = Step{WorkspaceID: who.WorkspaceID, ConversationID: id, Actor: who.Actor(), What: "unassigned", UserID: &userID, Detail: map[string]any{"why": "removed"}}
		changes[i] = inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "conversation", ObjectID: id}
	}
	if err := Note(ctx, tx, steps...); err != nil {
		return err
	}
	if err := inbox.Touch(ctx, tx, changes...); err != nil {
		return err
	}
	for { // a page at a time
		n, err := takeBackPlanned(ctx, tx, sqlPlannedBy, who.Actor(), who.WorkspaceID, "member_removed", now, userID)
		if err != nil || n < plannedPage {
			return err
		}
	}
}

const sqlRelease = `
WITH mine AS (SELECT id FROM conversations WHERE workspace_id = $1 AND assignee_id = $2 ORDER BY id FOR NO KEY UPDATE),
freed AS (UPDATE conversations v SET assignee_id = NULL FROM mine WHERE v.workspace_id = $1 AND v.id = mine.id RETURNING v.id, v.state)
SELECT id FROM freed WHERE state = 'open' ORDER BY id`

// strays gives up what was given to a member at the very moment at which they were removed: the transaction that gave it
// did not know yet, and the one that removed them could not see it.
func (w *Worker) strays(ctx context.Context, sp space) (int, error) {
	n := 0
	err := inbox.InTx(ctx, w.DB, func(tx *sqlx.Tx) error {
		var list []struct {
			ID     int64 `db:"id"`
			UserID int64 `db:"user_id"`
		}
		if err := tx.SelectContext(ctx, &list, sqlStrays, sp.id); err != nil {
			return fmt.Errorf("look for conversations of who was removed: %w", err)
		}
		if n = len(list); n == 0 {
			return nil
		}
		var ids []int64
		var steps []Step
		for _, v := range list {
			ids = append(ids, v.ID)
			steps = append(steps, Step{WorkspaceID: sp.id, ConversationID: v.ID, Actor: "system", What: "unassigned", UserID: &v.UserID, Detail: map[string]any{"why": "removed"}})
		}
		return w.tell(ctx, tx, sp.id, ids, steps, nil)
	})
	return n, err
}

const sqlStrays = `
WITH gone AS (
    SELECT DISTINCT substr(l.object, 6)::bigint AS user_id FROM audit_log l WHERE l.workspace_id = $1 AND l.verb = 'member.remove' AND l.object ~ '^user:[0-9]{1,18}$'
      AND NOT EXISTS (SELECT 1 FROM members m WHERE m.workspace_id = $1 AND 'user:' || m.user_id = l.object)),
left_alone AS (
    SELECT v.id, v.assignee_id FROM gone g CROSS JOIN LATERAL (SELECT id, assignee_id FROM conversations v WHERE v.workspace_id = $1 AND v.assignee_id = g.user_id AND v.state = 'open' ORDER BY id LIMIT 200 FOR NO KEY UPDATE SKIP LOCKED) v)
UPDATE conversations v SET assignee_id = NULL FROM left_alone k WHERE v.workspace_id = $1 AND v.id = k.id RETURNING v.id, k.assignee_id AS user_id`

// plannedOfGone takes back the replies for later of those who cannot sign in any more.
func (w *Worker) plannedOfGone(ctx context.Context, sp space) (int, error) {
	n := 0
	err := inbox.InTx(ctx, w.DB, func(tx *sqlx.Tx) (err error) {
		n, err = takeBackPlanned(ctx, tx, sqlPlannedByGone, "system", sp.id, "member_gone", w.Now())
		return err
	})
	return n, err
}

// takeBackPlanned stops replies for later of somebody who is gone: nobody would look at the conversation before they leave
// in that person's name. Their words stay in the conversation for whoever decides whether they are said; a snooze ends with
// them, and who has the conversation is told, else supervisors.
func takeBackPlanned(ctx context.Context, tx sqlx.ExtContext, stmt, actor string, workspaceID int64, why string, now time.Time, args ...any) (int, error) {
	var list []struct {
		Action       int64  `db:"action_id"`
		Conversation int64  `db:"conversation_id"`
		UserID       int64  `db:"user_id"`
		AssigneeID   *int64 `db:"assignee_id"`
		Text         string `db:"text"`
	}
	if err := sqlx.SelectContext(ctx, tx, &list, stmt, append([]any{workspaceID}, args...)...); err != nil {
		return 0, fmt.Errorf("find replies for later of somebody who is gone: %w", err)
	}
	var steps []Step
	var events []notify.Event
	for _, r := range list {
		taken, err := cancelScheduled(ctx, tx, workspaceID, r.Action, actor, why, "the member who planned it is gone")
		if err != nil {
			return 0, err
		}
		for _, s := range taken { // none where it is leaving at this moment
			s.UserID, s.Note = &r.UserID, r.Text
			steps = append(steps, s)
			e := notify.Event{WorkspaceID: workspaceID, Kind: notify.ReplyNotSent, ConversationID: r.Conversation, At: now, Data: map[string]any{"action_id": r.Action, "reason": why}, Dedupe: fmt.Sprintf("unsent:%d", r.Action)}
			if r.AssigneeID != nil && *r.AssigneeID != r.UserID {
				e.Members = []int64{*r.AssigneeID}
			}
			events = append(events, e)
			if _, err := tx.ExecContext(ctx, `UPDATE conversations SET snoozed_at = NULL, snoozed_until = NULL WHERE workspace_id = $1 AND id = $2 AND snoozed_at IS NOT NULL`, workspaceID, r.Conversation); err != nil {
				return 0, fmt.Errorf("wake conversation %d: %w", r.Conversation, err)
			}
		}
	}
	if err := Note(ctx, tx, steps...); err != nil {
		return 0, err
	}
	return len(list), notify.Raise(ctx, tx, events)
}

// plannedPage is how many replies for later are taken back at a time.
const plannedPage = 200

const sqlPlanned = `
SELECT r.action_id, r.conversation_id, r.user_id, v.assignee_id, coalesce(m.text, a.call ->> 'text', '') AS text
FROM scheduled_replies r JOIN actions a ON a.workspace_id = r.workspace_id AND a.id = r.action_id AND a.state IN ('planned','held')
JOIN conversations v ON v.workspace_id = r.workspace_id AND v.id = r.conversation_id
LEFT JOIN messages m ON m.workspace_id = a.workspace_id AND m.action_id = a.id
WHERE r.workspace_id = $1 AND r.settled_at IS NULL`

const sqlPlannedBy = sqlPlanned + ` AND r.user_id = $2 ORDER BY r.action_id LIMIT 200`

const sqlPlannedByGone = sqlPlanned + ` AND r.user_id IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM members s JOIN users u ON u.id = s.user_id AND u.disabled_at IS NULL WHERE s.workspace_id = $1 AND s.user_id = r.user_id)
ORDER BY r.action_id LIMIT 200 FOR UPDATE OF r SKIP LOCKED`
