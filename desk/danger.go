package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/inbox"
	"ponte/notify"
)

// DangerFirst puts conversations before all others: what their customer wrote was judged to be that of somebody who
// may harm themselves. All who answer are told. They stay there until they are over or a member says otherwise.
func DangerFirst(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, conversations []int64, now time.Time) error {
	var raised []int64
	if err := sqlx.SelectContext(ctx, tx, &raised, sqlDangerFirst, workspaceID, pq.Array(conversations), inbox.Danger); err != nil {
		return fmt.Errorf("put conversations first: %w", err)
	}
	steps, events := make([]Step, len(raised)), make([]notify.Event, len(raised))
	for i, id := range raised {
		events[i] = notify.Event{WorkspaceID: workspaceID, Kind: notify.Danger, ConversationID: id, Dedupe: fmt.Sprintf("danger:%d:%d", id, now.Unix()), At: now}
		steps[i] = Step{WorkspaceID: workspaceID, ConversationID: id, Actor: "system", What: "priority", Detail: map[string]any{"priority": inbox.Danger}}
	}
	if err := Note(ctx, tx, steps...); err != nil {
		return err
	}
	return notify.Raise(ctx, tx, events)
}

const sqlDangerFirst = `
UPDATE conversations SET priority = $3, due_for = NULL
WHERE workspace_id = $1 AND id = ANY($2) AND state = 'open' AND priority < $3 RETURNING id`
