package review

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
)

// Hold is a decision about a text that holds for whoever writes it, with what it did so far.
type Hold struct {
	ID        int64     `json:"id" db:"id"`
	CommentID int64     `json:"comment_id" db:"comment_id"`
	Text      string    `json:"text" db:"text"`
	Harm      float64   `json:"harm" db:"harm" doc:"Of the text as it was judged: 0 to 1"`
	Outcome   string    `json:"outcome" db:"outcome"`
	Reason    string    `json:"reason" db:"reason"`
	By        string    `json:"by" db:"spread_by"`
	Batch     int64     `json:"batch" db:"batch" doc:"By which all of it can be taken back"`
	DecidedAt time.Time `json:"decided_at" db:"decided_at"`
	Until     time.Time `json:"until" db:"holds_until"`
	Comments  int       `json:"comments" db:"comments" doc:"Comments it was carried out on"`
	Left      int       `json:"left" db:"left" doc:"Comments that follow still"`
}

// ListHolds returns the decisions that hold at an instant, and those whose members still follow; the
// newest first.
func ListHolds(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, at time.Time, before int64, most int) ([]Hold, error) {
	var out []Hold
	err := sqlx.SelectContext(ctx, q, &out, `
SELECT i.id, i.comment_id, c.text, coalesce((v.verdict->>'harm')::float8, 0) AS harm, i.outcome, i.reason, i.spread_by, coalesce(i.batch, 0) AS batch, i.decided_at, i.holds_until,
    1 + (SELECT count(*) FROM review_members m WHERE m.workspace_id = i.workspace_id AND m.item_id = i.id AND m.state = 'decided') AS comments,
    (SELECT count(*) FROM review_members m WHERE m.workspace_id = i.workspace_id AND m.item_id = i.id AND m.state = 'open') AS left
FROM review_items i JOIN comments c ON c.workspace_id = i.workspace_id AND c.id = i.comment_id
LEFT JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = c.verdict_id
WHERE i.workspace_id = $1 AND i.state = 'decided' AND i.outcome <> 'superseded' AND i.holds_until IS NOT NULL AND (i.holds_until > $2 OR i.spreading) AND ($3::bigint = 0 OR i.id < $3)
ORDER BY i.id DESC LIMIT $4`, workspaceID, at, before, most)
	if err != nil {
		return nil, fmt.Errorf("list the decisions that hold: %w", err)
	}
	for i := range out {
		out[i].DecidedAt, out[i].Until = out[i].DecidedAt.UTC(), out[i].Until.UTC()
	}
	return out, nil
}

// EndHold lets a decision hold no longer for what comes; what was decided stays.
func EndHold(ctx context.Context, tx *sqlx.Tx, who auth.Who, id int64, at time.Time) error {
	res, err := tx.ExecContext(ctx, `UPDATE review_items SET holds_until = $3 WHERE workspace_id = $1 AND id = $2 AND state = 'decided' AND holds_until > $3`, who.WorkspaceID, id, at)
	if err != nil {
		return fmt.Errorf("end the hold of review item %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		if err != nil {
			return err
		}
		return fault.New(fault.NotFound, "no decision of this number holds in this workspace")
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "review.end_hold", reviewObject(id), nil); err != nil {
		return err
	}
	return touchItem(ctx, tx, who.WorkspaceID, id)
}
