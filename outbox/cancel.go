package outbox

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/fault"
	"ponte/gate"
	"ponte/inbox"
)

// Filter says which waiting actions are meant; zero fields do not narrow, but at least one of
// ActionIDs, ConversationID, ContactID, IdentityID, CommentID, CommentIDs must be set.
type Filter struct {
	WorkspaceID    int64
	ActionIDs      []int64
	ConversationID int64
	ContactID      int64
	IdentityID     int64
	CommentID      int64
	CommentIDs     []int64
	Kinds          []channels.CallKind
	Automatic      bool // only what no member asked for
	Purposes       []gate.Purpose
}

// Cancel stops actions that have not left yet and returns their ids. What is being sent, or may have
// been, cannot be stopped any more.
func Cancel(ctx context.Context, tx sqlx.ExtContext, f Filter, reason, meaning string) ([]int64, error) {
	comments := f.CommentIDs
	if f.CommentID != 0 {
		comments = append([]int64{f.CommentID}, comments...)
	}
	if f.WorkspaceID == 0 || f.ConversationID == 0 && f.ContactID == 0 && f.IdentityID == 0 && len(comments) == 0 && len(f.ActionIDs) == 0 {
		return nil, fault.New(fault.Internal, "cancelling needs a workspace and something to cancel in it")
	}
	var ids []int64
	err := sqlx.SelectContext(ctx, tx, &ids, sqlCancel, f.WorkspaceID, pq.Array(f.ActionIDs), f.ConversationID, f.ContactID, f.IdentityID,
		pq.Array(comments), pq.Array(texts(f.Kinds)), f.Automatic, pq.Array(texts(f.Purposes)), reason, meaning)
	if err != nil {
		return nil, fmt.Errorf("cancel actions: %w", err)
	}
	return ids, inbox.Touch(ctx, tx, actionChanges(f.WorkspaceID, ids)...)
}

const sqlCancel = `
UPDATE actions SET state = 'cancelled', reason = $10, meaning = $11, done_at = now()
WHERE workspace_id = $1 AND state IN ('planned','held')
  AND (coalesce(cardinality($2::bigint[]), 0) = 0 OR id = ANY($2))
  AND ($3 = 0 OR conversation_id = $3) AND ($4 = 0 OR contact_id = $4) AND ($5 = 0 OR identity_id = $5)
  AND (coalesce(cardinality($6::bigint[]), 0) = 0 OR comment_id = ANY($6))
  AND (coalesce(cardinality($7::text[]), 0) = 0 OR kind = ANY($7))
  AND (NOT $8 OR origin <> 'member')
  AND (coalesce(cardinality($9::text[]), 0) = 0 OR purpose = ANY($9))
RETURNING id`

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

func actionChanges(workspace int64, ids []int64) []inbox.Change {
	out := make([]inbox.Change, len(ids))
	for i, id := range ids {
		out[i] = inbox.Change{WorkspaceID: workspace, Topic: "action", ObjectID: id}
	}
	return out
}

// Retry lets a failed action go out once more, through the gate like any other. The network said no
// the first time, so nothing can happen twice.
func Retry(ctx context.Context, tx sqlx.ExtContext, workspace, id int64) error {
	return move(ctx, tx, workspace, id, sqlRetry, "action %d cannot be sent again: only a failed one whose time has not passed can")
}

const sqlRetry = `
UPDATE actions SET state = 'planned', reason = '', meaning = '', failure = NULL, done_at = NULL, not_before = now()
WHERE workspace_id = $1 AND id = $2 AND state = 'failed' AND valid_until > now()`

// Settle records what a person found out about an action whose outcome was not known: it happened, or
// it did not and may go out once more.
func Settle(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, happened bool) error {
	stmt := sqlSettledNot
	if happened {
		stmt = sqlSettledDone
	}
	return move(ctx, tx, workspace, id, stmt, "action %d has a known outcome already")
}

const sqlSettledDone = `
UPDATE actions SET state = 'done', reason = 'settled_by_person', meaning = 'a person saw that it took place', done_at = now()
WHERE workspace_id = $1 AND id = $2 AND state = 'unknown'`

const sqlSettledNot = `
UPDATE actions SET state = 'planned', reason = '', meaning = '', failure = NULL, looks = 0, not_before = now()
WHERE workspace_id = $1 AND id = $2 AND state = 'unknown'`

func move(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, stmt, refusal string) error {
	res, err := tx.ExecContext(ctx, stmt, workspace, id)
	if err != nil {
		return fmt.Errorf("change action %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.Conflict, refusal, id)
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "action", ObjectID: id}); err != nil {
		return err
	}
	return inbox.Wake(ctx, tx, Channel)
}
