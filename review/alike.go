package review

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
)

// MaxBatch is how many items one call decides or takes back; what is left is said.
const MaxBatch = 200

// Change runs a transaction, again where it lost a race.
type Change func(ctx context.Context, do func(tx *sqlx.Tx) error) error

// Batch is what became of many items.
type Batch struct {
	ID      int64 `json:"batch"`   // by which all of it can be taken back
	Done    int   `json:"done"`    // comments decided, or taken back
	Skipped int   `json:"skipped"` // somebody else had them, or they were gone
	Left    int   `json:"left"`    // alike, and beyond what one call does
}

// DecideAlike decides an item and every open one with the same text: a storm is one decision. Each is a
// transaction of its own, so that one that is claimed, or gone, stops no other.
func DecideAlike(ctx context.Context, q sqlx.QueryerContext, change Change, d Decision) (Batch, error) {
	var out Batch
	var list []struct {
		ID      int64 `db:"id"`
		Comment int64 `db:"comment_id"`
	}
	err := sqlx.SelectContext(ctx, q, &list, sqlAlike, d.Who.WorkspaceID, d.ItemID, d.Who.UserID, d.Who.Can(auth.Supervise))
	if err != nil {
		return out, fmt.Errorf("find what is like review item %d: %w", d.ItemID, err)
	}
	if len(list) == 0 || list[0].ID != d.ItemID {
		return out, change(ctx, func(tx *sqlx.Tx) error { return whyNot(ctx, tx, d.Who.WorkspaceID, d.ItemID) })
	}
	if err := sqlx.GetContext(ctx, q, &out.ID, `SELECT nextval('review_batches')`); err != nil {
		return out, fmt.Errorf("number a batch: %w", err)
	}
	out.Left = max(0, len(list)-MaxBatch)
	for _, it := range list[:min(len(list), MaxBatch)] {
		one := d
		one.ItemID, one.CommentID, one.Batch = it.ID, it.Comment, out.ID
		if err := out.count(change(ctx, func(tx *sqlx.Tx) error { return Decide(ctx, tx, one) })); err != nil {
			return out, err
		}
	}
	return out, nil
}

// The item itself comes first; others as one may have them.
const sqlAlike = `
SELECT i.id, i.comment_id FROM review_items i
WHERE i.workspace_id = $1 AND i.state = 'open' AND i.kind IN ('verdict','sample') AND (i.escalated_at IS NULL OR $4)
  AND (i.id = $2 OR (i.claimed_by IS NULL OR i.claimed_by = $3 OR i.claimed_until < now())
      AND i.text_hash = (SELECT text_hash FROM review_items WHERE workspace_id = $1 AND id = $2 AND kind IN ('verdict','sample')))
ORDER BY i.id <> $2, i.priority DESC, i.id`

// UndoBatch takes back what one call decided, where nobody has decided otherwise since.
func UndoBatch(ctx context.Context, q sqlx.QueryerContext, change Change, who auth.Who, batch int64, at time.Time) (Batch, error) {
	out := Batch{ID: batch}
	var comments []int64
	if err := sqlx.SelectContext(ctx, q, &comments, `SELECT comment_id FROM review_items WHERE workspace_id = $1 AND batch = $2 AND state = 'decided' ORDER BY id`, who.WorkspaceID, batch); err != nil {
		return out, fmt.Errorf("find batch %d: %w", batch, err)
	}
	if len(comments) == 0 {
		return out, fault.New(fault.NotFound, "batch %d does not exist in this workspace, or is taken back already", batch)
	}
	out.Left = max(0, len(comments)-MaxBatch)
	for _, c := range comments[:min(len(comments), MaxBatch)] {
		if err := out.count(change(ctx, func(tx *sqlx.Tx) error { return undoOfBatch(ctx, tx, who, c, batch, at) })); err != nil {
			return out, err
		}
	}
	return out, nil
}

// undoOfBatch undoes one comment if the batch's decision is still its last.
func undoOfBatch(ctx context.Context, tx *sqlx.Tx, who auth.Who, comment, batch int64, at time.Time) error {
	var last []int64
	err := tx.SelectContext(ctx, &last, `
SELECT coalesce((l.detail->>'batch')::bigint, 0) FROM audit_log l
WHERE l.workspace_id = $1 AND l.object = $2 AND l.verb LIKE 'comment.%' ORDER BY l.id DESC LIMIT 1`, who.WorkspaceID, commentObject(comment))
	if err != nil {
		return fmt.Errorf("find the last decision about comment %d: %w", comment, err)
	}
	if len(last) == 0 || last[0] != batch {
		return fault.New(fault.Conflict, "somebody has decided otherwise since")
	}
	return Undo(ctx, tx, who, comment, at)
}

// count counts one; a conflict is one that was skipped.
func (b *Batch) count(err error) error {
	switch {
	case err == nil:
		b.Done++
	case fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.NotFound:
		b.Skipped++
	default:
		return err
	}
	return nil
}
