package review

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
)

// Lease is how long a claimed item is kept from the others.
const Lease = 5 * time.Minute

// sqlMine says whether an item may be in the queue of member $3, who supervises or not by $4.
const sqlMine = `(kind IN ('verdict','sample') OR kind = 'gold' AND for_user = $3
    OR kind = 'second' AND NOT EXISTS (SELECT 1 FROM review_items d WHERE d.workspace_id = i.workspace_id AND d.comment_id = i.comment_id AND d.decided_by = $3))
    AND (escalated_at IS NULL OR $4)`

// Claim keeps an item from the others for a while; claiming again prolongs it.
func Claim(ctx context.Context, tx *sqlx.Tx, who auth.Who, id int64) (time.Time, error) {
	if who.UserID == 0 {
		return time.Time{}, fault.New(fault.Forbidden, "an API token cannot claim review items; a member can")
	}
	var taken []struct {
		Until time.Time `db:"claimed_until"`
		Held  bool      `db:"held"`
	}
	err := tx.SelectContext(ctx, &taken, `
WITH was AS (SELECT id AS item, claimed_by = $3 AND claimed_until > now() AS held FROM review_items WHERE workspace_id = $1 AND id = $2 FOR UPDATE)
UPDATE review_items i SET claimed_by = $3, claimed_until = now() + make_interval(secs => $5) FROM was
WHERE workspace_id = $1 AND id = was.item AND state = 'open' AND (claimed_by IS NULL OR claimed_by = $3 OR claimed_until < now()) AND `+sqlMine+` RETURNING claimed_until, coalesce(was.held, false) AS held`,
		who.WorkspaceID, id, who.UserID, who.Can(auth.Supervise), Lease.Seconds())
	if err != nil {
		return time.Time{}, fmt.Errorf("claim review item %d: %w", id, err)
	}
	if len(taken) == 0 {
		return time.Time{}, whyNot(ctx, tx, who.WorkspaceID, id)
	}
	if !taken[0].Held { // prolonging is no event
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "review.claim", reviewObject(id), nil); err != nil {
			return time.Time{}, err
		}
	}
	return taken[0].Until.UTC(), touchItem(ctx, tx, who.WorkspaceID, id)
}

// Release gives a claimed item back. Where nobody has it – it is decided meanwhile, or its time ran out – there is
// nothing to give back, and that is no fault: who leaves a screen does not know.
func Release(ctx context.Context, tx *sqlx.Tx, who auth.Who, id int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE review_items SET claimed_by = NULL, claimed_until = NULL WHERE workspace_id = $1 AND id = $2 AND state = 'open' AND claimed_by = $3`, who.WorkspaceID, id, who.UserID)
	if err != nil {
		return fmt.Errorf("release review item %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return fmt.Errorf("release review item %d: %w", id, err)
	} else if n == 0 {
		var free []bool
		if err := tx.SelectContext(ctx, &free, `SELECT true FROM review_items WHERE workspace_id = $1 AND id = $2 AND (state <> 'open' OR claimed_by IS NULL OR claimed_until < now())`, who.WorkspaceID, id); err != nil {
			return fmt.Errorf("look for review item %d: %w", id, err)
		}
		if len(free) > 0 {
			return nil
		}
		return whyNot(ctx, tx, who.WorkspaceID, id)
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "review.release", reviewObject(id), nil); err != nil {
		return err
	}
	return touchItem(ctx, tx, who.WorkspaceID, id)
}

// Escalate passes an item on to supervisors, with the reason why.
func Escalate(ctx context.Context, tx *sqlx.Tx, who auth.Who, id int64, reason string) error {
	var comments []int64
	err := tx.SelectContext(ctx, &comments, `
UPDATE review_items i SET escalated_at = now(), escalated_by = nullif($3::bigint, 0), escalation = $5, claimed_by = NULL, claimed_until = NULL
WHERE workspace_id = $1 AND id = $2 AND state = 'open' AND escalated_at IS NULL AND (claimed_by IS NULL OR claimed_by = $3 OR claimed_until < now()) AND `+sqlMine+` RETURNING comment_id`,
		who.WorkspaceID, id, who.UserID, who.Can(auth.Supervise), reason)
	if err != nil {
		return fmt.Errorf("escalate review item %d: %w", id, err)
	}
	if len(comments) == 0 {
		return whyNot(ctx, tx, who.WorkspaceID, id)
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "review.escalate", reviewObject(id), nil); err != nil {
		return err
	}
	return touch(ctx, tx, who.WorkspaceID, comments[0])
}

// Unescalate gives an item that was passed to supervisors back to everybody: whoever passed it on may, and
// supervisors. What two reviewers disagree about stays with supervisors.
func Unescalate(ctx context.Context, tx *sqlx.Tx, who auth.Who, id int64) error {
	var comments []int64
	err := tx.SelectContext(ctx, &comments, `
UPDATE review_items SET escalated_at = NULL, escalated_by = NULL, escalation = '', claimed_by = NULL, claimed_until = NULL
WHERE workspace_id = $1 AND id = $2 AND state = 'open' AND escalated_at IS NOT NULL AND why <> 'disagreement' AND ($4 OR escalated_by = nullif($3::bigint, 0))
    AND (claimed_by IS NULL OR claimed_by = $3 OR claimed_until < now()) RETURNING comment_id`, who.WorkspaceID, id, who.UserID, who.Can(auth.Supervise))
	if err != nil {
		return fmt.Errorf("give review item %d back: %w", id, err)
	}
	if len(comments) == 0 {
		var there bool
		if err := tx.GetContext(ctx, &there, `SELECT EXISTS (SELECT 1 FROM review_items WHERE workspace_id = $1 AND id = $2)`, who.WorkspaceID, id); err != nil {
			return fmt.Errorf("look for review item %d: %w", id, err)
		}
		if !there {
			return fault.New(fault.NotFound, "review item %d does not exist in this workspace", id)
		}
		return fault.New(fault.Conflict, "this is not with the supervisors any more, or they are looking at it; who passed it on, or a supervisor, can give it back").Coded("item_not_returned")
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "review.unescalate", reviewObject(id), nil); err != nil {
		return err
	}
	return touch(ctx, tx, who.WorkspaceID, comments[0])
}

func whyNot(ctx context.Context, tx *sqlx.Tx, workspace, id int64) error {
	var exists bool
	if err := tx.GetContext(ctx, &exists, `SELECT EXISTS (SELECT 1 FROM review_items WHERE workspace_id = $1 AND id = $2)`, workspace, id); err != nil {
		return fmt.Errorf("look for review item %d: %w", id, err)
	}
	if !exists {
		return fault.New(fault.NotFound, "review item %d does not exist in this workspace", id)
	}
	return fault.New(fault.Conflict, "somebody else has this item, or it is decided or passed on already").Coded("item_taken")
}

func touchItem(ctx context.Context, tx *sqlx.Tx, workspace, id int64) error {
	var comment int64
	if err := tx.GetContext(ctx, &comment, `SELECT comment_id FROM review_items WHERE workspace_id = $1 AND id = $2`, workspace, id); err != nil {
		return fmt.Errorf("find the comment of review item %d: %w", id, err)
	}
	return touch(ctx, tx, workspace, comment)
}
