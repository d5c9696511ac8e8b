package desk

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/inbox"
)

// DangerFirst puts conversations before all others: what their customer wrote was judged to be that of somebody who
// may harm themselves. They stay there until they are over or a member says otherwise.
func DangerFirst(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, conversations []int64) error {
	var raised []int64
	if err := sqlx.SelectContext(ctx, tx, &raised, sqlDangerFirst, workspaceID, pq.Array(conversations), inbox.Danger); err != nil {
		return fmt.Errorf("put conversations first: %w", err)
	}
	steps := make([]Step, len(raised))
	for i, id := range raised {
		steps[i] = Step{WorkspaceID: workspaceID, ConversationID: id, Actor: "system", What: "priority", Detail: map[string]any{"priority": inbox.Danger}}
	}
	return Note(ctx, tx, steps...)
}

const sqlDangerFirst = `
UPDATE conversations SET priority = $3, due_for = NULL
WHERE workspace_id = $1 AND id = ANY($2) AND state = 'open' AND priority < $3 RETURNING id`
