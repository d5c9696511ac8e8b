package desk

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/inbox"
)

// Release gives up the conversations of a member who leaves the workspace: they are nobody's again, and say so. What the
// member planned for later stays planned; it was the brand's word.
func Release(ctx context.Context, tx sqlx.ExtContext, who auth.Who, userID int64) error {
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
	return inbox.Touch(ctx, tx, changes...)
}

const sqlRelease = `
WITH mine AS (SELECT id FROM conversations WHERE workspace_id = $1 AND assignee_id = $2 ORDER BY id FOR NO KEY UPDATE),
freed AS (UPDATE conversations v SET assignee_id = NULL FROM mine WHERE v.workspace_id = $1 AND v.id = mine.id RETURNING v.id, v.state)
SELECT id FROM freed WHERE state = 'open' ORDER BY id`
