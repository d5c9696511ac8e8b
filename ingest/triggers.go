package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/inbox"
	"ponte/router"
)

// LiveTriggers returns the live triggers of each workspace.
func LiveTriggers(ctx context.Context, q sqlx.QueryerContext, workspaces []int64) (map[int64][]router.Trigger, error) {
	var rows []triggerRow
	if err := sqlx.SelectContext(ctx, q, &rows, sqlLiveTriggers, pq.Array(workspaces)); err != nil {
		return nil, fmt.Errorf("load triggers: %w", err)
	}
	out := map[int64][]router.Trigger{}
	for _, r := range rows {
		t, err := r.trigger()
		if err != nil {
			return nil, err
		}
		out[r.WorkspaceID] = append(out[r.WorkspaceID], t)
	}
	return out, nil
}

const sqlLiveTriggers = `
SELECT workspace_id, id, name, state, priority, sources, keywords, intents, account_ids, post_ids, starts_at, ends_at,
       public_replies, private_reply, handoff_account_id, valid_minutes, purpose
FROM triggers WHERE workspace_id = ANY($1) AND state = 'live' ORDER BY workspace_id, id`

type triggerRow struct {
	WorkspaceID   int64           `db:"workspace_id"`
	ID            int64           `db:"id"`
	Name          string          `db:"name"`
	State         string          `db:"state"`
	Priority      int             `db:"priority"`
	Sources       inbox.Strings   `db:"sources"`
	Keywords      json.RawMessage `db:"keywords"`
	Intents       inbox.Strings   `db:"intents"`
	AccountIDs    pq.Int64Array   `db:"account_ids"`
	PostIDs       pq.Int64Array   `db:"post_ids"`
	StartsAt      *time.Time      `db:"starts_at"`
	EndsAt        *time.Time      `db:"ends_at"`
	PublicReplies json.RawMessage `db:"public_replies"`
	PrivateReply  json.RawMessage `db:"private_reply"`
	HandoffID     *int64          `db:"handoff_account_id"`
	ValidMinutes  int             `db:"valid_minutes"`
	Purpose       string          `db:"purpose"`
}

func (r triggerRow) trigger() (router.Trigger, error) {
	t := router.Trigger{ID: r.ID, Name: r.Name, State: r.State, Priority: r.Priority, Sources: r.Sources, Intents: r.Intents, AccountIDs: r.AccountIDs, PostIDs: r.PostIDs,
		StartsAt: r.StartsAt, EndsAt: r.EndsAt, HandoffAccountID: r.HandoffID, ValidMinutes: r.ValidMinutes, Purpose: r.Purpose}
	for raw, into := range map[*json.RawMessage]any{&r.Keywords: &t.Keywords, &r.PublicReplies: &t.PublicReplies, &r.PrivateReply: &t.PrivateReply} {
		if err := json.Unmarshal(*raw, into); err != nil {
			return t, fmt.Errorf("read trigger %d: %w", r.ID, err)
		}
	}
	return t, nil
}
