package review

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

// MaxBatch is how many comments one call decides or takes back itself; the others follow in the background.
const MaxBatch = 200

// MaxHold is the longest time that a decision holds for what comes later.
const MaxHold = 7 * 24 * time.Hour

// Change runs a transaction, again where it lost a race.
type Change func(ctx context.Context, do func(tx *sqlx.Tx) error) error

// Batch is what became of many comments.
type Batch struct {
	ID         int64     `json:"batch"`                                                             // by which all of it can be taken back
	Done       int       `json:"done"`                                                              // comments decided, or taken back
	Skipped    int       `json:"skipped"`                                                           // they were gone, or somebody had decided otherwise
	Left       int       `json:"left" doc:"They follow in the background"`                          // alike, and beyond what one call does
	HoldsUntil time.Time `json:"holds_until" doc:"Until when it holds for whoever writes the same"` // in the past: it does not
}

// DecideAlike decides an item with all of its members, and for a time whoever writes the same: a storm is
// one decision. Each comment is a transaction of its own, so that one that is gone stops no other.
func DecideAlike(ctx context.Context, db *sqlx.DB, change Change, d Decision, hold time.Duration) (Batch, error) {
	out := Batch{}
	if hold < 0 || hold > MaxHold {
		return out, fault.Field("hours", "a decision holds for at most %d hours", int(MaxHold.Hours()))
	}
	if err := db.GetContext(ctx, &out.ID, `SELECT nextval('review_batches')`); err != nil {
		return out, fmt.Errorf("number a batch: %w", err)
	}
	d.whole, d.until, d.Batch = true, d.At.Add(hold), out.ID
	var before tally
	err := change(ctx, func(tx *sqlx.Tx) (err error) {
		if before, err = tallyOf(ctx, tx, d.Who.WorkspaceID, d.ItemID); err != nil {
			return err
		}
		var comment []int64
		if err := tx.SelectContext(ctx, &comment, `SELECT comment_id FROM review_items WHERE workspace_id = $1 AND id = $2 AND state = 'open' AND kind IN ('verdict','sample')`, d.Who.WorkspaceID, d.ItemID); err != nil {
			return fmt.Errorf("find review item %d: %w", d.ItemID, err)
		}
		if len(comment) == 0 {
			return whyNot(ctx, tx, d.Who.WorkspaceID, d.ItemID)
		}
		one := d
		one.CommentID = comment[0]
		return Decide(ctx, tx, one)
	})
	if err != nil {
		return out, err
	}
	out.HoldsUntil = d.until.UTC()
	if err := spread(ctx, db, change, d.Who.WorkspaceID, d.ItemID, d.At, MaxBatch-1, &Batch{}); err != nil {
		return out, err
	}
	after, err := tallyOf(ctx, db, d.Who.WorkspaceID, d.ItemID)
	if err != nil {
		return out, err
	}
	out.Left, out.Skipped = after.Behind, max(after.Apart-before.Apart, 0)
	out.Done = 1 + max(after.Decided-before.Decided, 0)
	return out, wakeFor(ctx, change, out.Left)
}

// wakeFor wakes who carries on in the background, only after a call has done its own part: both would take the same
// comments.
func wakeFor(ctx context.Context, change Change, left int) error {
	if left == 0 {
		return nil
	}
	return change(ctx, func(tx *sqlx.Tx) error { return inbox.Wake(ctx, tx, Channel) })
}

// tally is where the members of an item stand. What became of many is told by it and not by who carried it there:
// the background may be at it at the same time.
type tally struct {
	Behind  int `db:"behind"` // they have not followed yet
	Apart   int `db:"apart"`
	Decided int `db:"decided"`
}

func tallyOf(ctx context.Context, q sqlx.QueryerContext, workspace, item int64) (t tally, err error) {
	if err := sqlx.GetContext(ctx, q, &t, sqlTally, workspace, item); err != nil {
		return t, fmt.Errorf("count the members of review item %d: %w", item, err)
	}
	return t, nil
}

const sqlTally = `
SELECT count(*) FILTER (WHERE ` + sqlBehind + `) AS behind, count(*) FILTER (WHERE m.state = 'apart') AS apart, count(*) FILTER (WHERE m.state = 'decided') AS decided
FROM review_members m WHERE m.workspace_id = $1 AND m.item_id = $2`

// UndoBatch takes back what was decided together, where nobody has decided otherwise since, and ends its
// hold on what comes later.
func UndoBatch(ctx context.Context, db *sqlx.DB, change Change, who auth.Who, batch int64, at time.Time) (Batch, error) {
	out := Batch{ID: batch, HoldsUntil: at.UTC()}
	var item int64
	err := db.GetContext(ctx, &item, `SELECT id FROM review_items WHERE workspace_id = $1 AND batch = $2 AND state = 'decided' AND holds_until IS NOT NULL ORDER BY id LIMIT 1`, who.WorkspaceID, batch)
	if errors.Is(err, sql.ErrNoRows) {
		return out, fault.New(fault.NotFound, "batch %d does not exist in this workspace, or is taken back already", batch)
	}
	if err != nil {
		return out, fmt.Errorf("find batch %d: %w", batch, err)
	}
	var undone bool
	var before tally
	err = change(ctx, func(tx *sqlx.Tx) (err error) {
		if undone, err = openAgain(ctx, tx, who, item, batch, at); err != nil {
			return err
		}
		before, err = tallyOf(ctx, tx, who.WorkspaceID, item)
		return err
	})
	if err != nil {
		return out, err
	}
	if err := spread(ctx, db, change, who.WorkspaceID, item, at, MaxBatch-1, &Batch{}); err != nil {
		return out, err
	}
	after, err := tallyOf(ctx, db, who.WorkspaceID, item)
	if err != nil {
		return out, err
	}
	out.Left, out.Skipped = after.Behind, max(after.Apart-before.Apart, 0)
	out.Done = max(before.Behind-out.Left-out.Skipped, 0)
	if undone {
		out.Done++
	} else {
		out.Skipped++
	}
	return out, wakeFor(ctx, change, out.Left)
}

// openAgain puts an item that was decided for all back into the queue, and takes back what was decided
// about its own comment, if that is still the last word about it.
func openAgain(ctx context.Context, tx *sqlx.Tx, who auth.Who, item, batch int64, at time.Time) (bool, error) {
	var comment int64
	if err := tx.GetContext(ctx, &comment, `SELECT comment_id FROM review_items WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, item); err != nil {
		return false, fmt.Errorf("find review item %d: %w", item, err)
	}
	c, err := inbox.LockComment(ctx, tx, who.WorkspaceID, comment)
	if err != nil {
		return false, err
	}
	last, err := ofBatch(ctx, tx, c, batch)
	if err != nil {
		return false, err
	}
	if last = last && c.State != "removed"; !last {
		// It cannot stand for the others any more: it is gone, or somebody has decided otherwise.
		others, err := nextDecided(ctx, tx, who.WorkspaceID, item, batch)
		if err != nil {
			return false, err
		}
		if !others {
			return false, fault.New(fault.Conflict, "nothing of this is left to be taken back: the comment is gone, or somebody has decided otherwise since").Coded("nothing_left")
		}
	}
	// Where the same words are in the queue again already, this item stands beside those.
	var ids []int64
	err = tx.SelectContext(ctx, &ids, `
UPDATE review_items i SET state = 'open', outcome = NULL, reason = '', decided_by = NULL, decided_at = NULL, holds_until = NULL, spread_by = $3, spreading = true,
    text_hash = CASE WHEN EXISTS (SELECT 1 FROM review_items o WHERE o.workspace_id = i.workspace_id AND o.text_hash = i.text_hash AND o.state = 'open' AND o.kind IN ('verdict','sample')) THEN NULL ELSE text_hash END
WHERE workspace_id = $1 AND id = $2 AND state = 'decided' AND holds_until IS NOT NULL RETURNING id`, who.WorkspaceID, item, who.Actor())
	if err != nil {
		return false, fmt.Errorf("put review item %d back: %w", item, err)
	}
	if len(ids) == 0 {
		return false, fault.New(fault.Conflict, "this is taken back already").Coded("undone_already")
	}
	if err := endSecond(ctx, tx, who.WorkspaceID, item); err != nil {
		return false, err
	}
	if !last {
		return false, nil
	}
	return true, takeBackOne(ctx, tx, c, who, at)
}

// ofBatch says whether the last word about a comment was said with a batch.
func ofBatch(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, batch int64) (bool, error) {
	if c.VerdictID == nil {
		return false, nil
	}
	var is bool
	if err := tx.GetContext(ctx, &is, `SELECT coalesce(verdict->>'batch' = $3::bigint::text AND tier = 'person', false) FROM verdicts WHERE workspace_id = $1 AND id = $2`, c.WorkspaceID, *c.VerdictID, batch); err != nil {
		return false, fmt.Errorf("find the last decision about comment %d: %w", c.ID, err)
	}
	return is, nil
}

// nextDecided lets a member that followed the decision stand for the item; it is taken back with the others.
func nextDecided(ctx context.Context, tx *sqlx.Tx, workspace, item, batch int64) (bool, error) {
	res, err := tx.ExecContext(ctx, `
UPDATE review_items i SET comment_id = m.comment_id, verdict_id = m.verdict_id FROM review_members m JOIN comments c ON c.workspace_id = m.workspace_id AND c.id = m.comment_id
WHERE i.workspace_id = $1 AND i.id = $2 AND m.workspace_id = i.workspace_id AND m.item_id = i.id
  AND m.id = (SELECT o.id FROM review_members o JOIN comments d ON d.workspace_id = o.workspace_id AND d.id = o.comment_id JOIN verdicts v ON v.workspace_id = d.workspace_id AND v.id = d.verdict_id
      WHERE o.workspace_id = $1 AND o.item_id = $2 AND o.state = 'decided' AND d.state <> 'removed' AND v.tier = 'person' AND v.verdict->>'batch' = $3::bigint::text ORDER BY o.id LIMIT 1)`, workspace, item, batch)
	if err != nil {
		return false, fmt.Errorf("let another comment stand for review item %d: %w", item, err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// setApart parts one comment from those it is like, so that it is decided by itself: it gets an item of
// its own, and the others keep theirs.
func setApart(ctx context.Context, tx *sqlx.Tx, it *item, d Decision) (*item, error) {
	if it.blind() {
		return it, nil
	}
	verdict := it.VerdictID
	if it.CommentID == d.CommentID {
		others, err := nextStands(ctx, tx, d.Who.WorkspaceID, it.ID)
		if err != nil || !others {
			return it, err
		}
	} else if err := tx.GetContext(ctx, &verdict, `DELETE FROM review_members WHERE workspace_id = $1 AND item_id = $2 AND comment_id = $3 AND state = 'open' RETURNING verdict_id`, d.Who.WorkspaceID, it.ID, d.CommentID); err != nil {
		return nil, fmt.Errorf("part comment %d from those it is like: %w", d.CommentID, err)
	}
	own := *it
	own.CommentID, own.VerdictID, own.Kind = d.CommentID, verdict, "verdict"
	err := tx.GetContext(ctx, &own.ID, sqlOwnItem, d.Who.WorkspaceID, it.ID, d.CommentID, verdict)
	if err != nil {
		return nil, fmt.Errorf("give comment %d an item of its own: %w", d.CommentID, err)
	}
	return &own, nil
}

const sqlOwnItem = `
INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, kind, harm, reach, priority, created_at, escalated_at, escalated_by, escalation)
SELECT workspace_id, $3, $4, why, 'verdict', harm, reach, harm * reach, created_at, escalated_at, escalated_by, escalation FROM review_items WHERE workspace_id = $1 AND id = $2 RETURNING id`
