package desk

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/inbox"
	"ponte/notify"
)

// unsent tells of replies for later that the gate or the network refused when their time came, or that came too late:
// whoever planned one thinks that it went out. A snooze ends with it. What became of the others is noted.
func (w *Worker) unsent(ctx context.Context, sp space) (int, error) {
	n := 0
	err := inbox.InTx(ctx, w.DB, func(tx *sqlx.Tx) error {
		var list []struct {
			Action       int64         `db:"action_id"`
			Conversation int64         `db:"conversation_id"`
			State        string        `db:"state"`
			Reason       string        `db:"reason"`
			Told         pq.Int64Array `db:"told"`
		}
		if err := tx.SelectContext(ctx, &list, sqlUnsent, sp.id, w.Now()); err != nil {
			return fmt.Errorf("find replies for later whose time came: %w", err)
		}
		var ids []int64
		var steps []Step
		var events []notify.Event
		for _, r := range list {
			if r.State == "done" || r.State == "cancelled" {
				continue
			}
			ids = append(ids, r.Conversation)
			steps = append(steps, Step{WorkspaceID: sp.id, ConversationID: r.Conversation, Actor: "system", What: "scheduled_not_sent", Detail: map[string]any{"why": r.Reason}})
			e := notify.Event{WorkspaceID: sp.id, Kind: notify.ReplyNotSent, ConversationID: r.Conversation, At: w.Now(), Data: map[string]any{"action_id": r.Action, "reason": r.Reason}, Dedupe: fmt.Sprintf("unsent:%d", r.Action)}
			if len(r.Told) > 0 {
				e.Members = r.Told
			}
			events = append(events, e)
		}
		if n = len(ids); n == 0 {
			return nil
		}
		if _, err := tx.ExecContext(ctx, `UPDATE conversations SET snoozed_at = NULL, snoozed_until = NULL WHERE workspace_id = $1 AND id = ANY($2) AND snoozed_at IS NOT NULL`, sp.id, pq.Array(ids)); err != nil {
			return fmt.Errorf("wake what a reply for later stood in: %w", err)
		}
		return w.tell(ctx, tx, sp.id, ids, steps, events)
	})
	return n, err
}

// Told are who planned the reply and who has the conversation, as far as they can still look; nobody of them: supervisors.
const sqlUnsent = `
WITH over AS (
    SELECT r.action_id, r.conversation_id, r.user_id, a.state, a.reason FROM scheduled_replies r JOIN actions a ON a.workspace_id = r.workspace_id AND a.id = r.action_id
    WHERE r.workspace_id = $1 AND r.settled_at IS NULL AND r.send_at <= $2 AND a.state IN ('done','failed','refused','cancelled','expired') ORDER BY r.action_id LIMIT 200 FOR UPDATE OF r SKIP LOCKED),
settled AS (UPDATE scheduled_replies r SET settled_at = $2 FROM over o WHERE r.workspace_id = $1 AND r.action_id = o.action_id)
SELECT o.action_id, o.conversation_id, o.state, o.reason,
       ARRAY(SELECT m.user_id FROM members m JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL WHERE m.workspace_id = $1 AND m.user_id IN (o.user_id, v.assignee_id)) AS told
FROM over o JOIN conversations v ON v.workspace_id = $1 AND v.id = o.conversation_id ORDER BY o.action_id`
