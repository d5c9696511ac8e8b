package review

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/moderation"
)

// Undo takes back the last decision about a comment: a person's gives way to the one before it, a
// machine's to "allowed". A reviewer whose last word about it was a blind one takes back that.
func Undo(ctx context.Context, tx *sqlx.Tx, who auth.Who, commentID int64, at time.Time) error {
	c, err := inbox.LockComment(ctx, tx, who.WorkspaceID, commentID)
	if err != nil {
		return err
	}
	if done, err := undoBlind(ctx, tx, c, who); done || err != nil {
		return err
	}
	if done, err := restoreBlind(ctx, tx, c, who, at); done || err != nil {
		return err
	}
	if c.State == "removed" {
		return fault.New(fault.Conflict, "the comment is gone from the network; this cannot be undone").Coded("comment_gone")
	}
	if c.VerdictID == nil {
		return fault.New(fault.Conflict, "nothing was decided about this comment yet").Coded("nothing_decided")
	}
	return takeBackOne(ctx, tx, c, who, at)
}

// takeBackOne takes back the last decision about a comment that is locked, with what followed from it.
func takeBackOne(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, who auth.Who, at time.Time) error {
	was := ""
	if c.Decision != nil {
		was = *c.Decision
	}
	to, verdict, err := takeBack(ctx, tx, c, who, at)
	if err != nil {
		return err
	}
	// The verdict may have been enforced before: the actions of now get keys of their own.
	var n int64
	if err := tx.GetContext(ctx, &n, `SELECT count(*) FROM actions WHERE workspace_id = $1 AND comment_id = $2`, c.WorkspaceID, c.ID); err != nil {
		return fmt.Errorf("count the actions of comment %d: %w", c.ID, err)
	}
	if err := enforce(ctx, tx, c, fmt.Sprintf("%d:undo%d", verdict, n), to, who, at); err != nil {
		return err
	}
	if err := auth.Audit(ctx, tx, c.WorkspaceID, who.Actor(), "comment.undo", commentObject(c.ID), map[string]any{"from": was, "to": to}); err != nil {
		return err
	}
	return touch(ctx, tx, c.WorkspaceID, c.ID)
}

// undoBlind opens the second look or known answer again that the reviewer decided last, if that was
// their last word about the comment.
func undoBlind(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, who auth.Who) (bool, error) {
	if who.UserID == 0 {
		return false, nil
	}
	var ids []int64
	err := tx.SelectContext(ctx, &ids, `
UPDATE review_items SET state = 'open', outcome = NULL, reason = '', decided_by = NULL, decided_at = NULL
WHERE workspace_id = $1 AND id = (SELECT r.id FROM review_items r WHERE r.workspace_id = $1 AND r.comment_id = $2 AND r.kind IN ('second','gold') AND r.decided_by = $3
      AND r.decided_at > coalesce((SELECT max(v.created_at) FROM verdicts v WHERE v.workspace_id = $1 AND v.subject = 'comment' AND v.subject_id = $2 AND v.actor = $4), '-infinity')
    ORDER BY r.decided_at DESC LIMIT 1)
RETURNING id`, c.WorkspaceID, c.ID, who.UserID, who.Actor())
	if err != nil {
		return false, fmt.Errorf("open the review item of comment %d again: %w", c.ID, err)
	}
	if len(ids) == 0 {
		return false, nil
	}
	// What the disagreement had put before supervisors goes with it.
	if _, err := tx.ExecContext(ctx, `UPDATE review_items SET state = 'decided', outcome = 'superseded', decided_at = now(), claimed_by = NULL, claimed_until = NULL
WHERE workspace_id = $1 AND comment_id = $2 AND state = 'open' AND why = 'disagreement'`, c.WorkspaceID, c.ID); err != nil {
		return false, fmt.Errorf("close the disagreement about comment %d: %w", c.ID, err)
	}
	if err := auth.Audit(ctx, tx, c.WorkspaceID, who.Actor(), "review.undo", reviewObject(ids[0]), nil); err != nil {
		return false, err
	}
	return true, touch(ctx, tx, c.WorkspaceID, c.ID)
}

// restoreBlind takes "undo" for what it means to somebody before whom a comment stands as the machine
// hid it, for a second look or as a known answer: it should be shown.
func restoreBlind(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, who auth.Who, at time.Time) (bool, error) {
	d := Decision{Who: who, CommentID: c.ID, Verb: Restore, At: at}
	open, err := openItems(ctx, tx, d)
	if err != nil {
		return false, err
	}
	for i := range open {
		if open[i].blind() && open[i].isOf(who.UserID) {
			return true, decideBlind(ctx, tx, c, &open[i], d)
		}
	}
	return false, nil
}

// takeBack makes the decision before the current one current again.
func takeBack(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, who auth.Who, at time.Time) (moderation.Decision, int64, error) {
	var now struct {
		Decision string `db:"decision"`
		Tier     string `db:"tier"`
		Before   *int64 `db:"before"`
		To       string `db:"was"`
		By       string `db:"was_by"`
	}
	if err := tx.GetContext(ctx, &now, sqlLastDecision, c.WorkspaceID, *c.VerdictID); err != nil {
		return "", 0, fmt.Errorf("load the last decision about comment %d: %w", c.ID, err)
	}
	if now.Tier != "person" {
		return overrule(ctx, tx, c, moderation.Decision(now.Decision), who, at)
	}
	if now.Before == nil || now.To == "" {
		return "", 0, fault.New(fault.Conflict, "there is no earlier decision to go back to").Coded("nothing_decided")
	}
	if err := setVerdict(ctx, tx, c, *now.Before, now.To); err != nil {
		return "", 0, err
	}
	if now.By == "person" {
		return moderation.Decision(now.To), *now.Before, nil // still decided by a person
	}
	return moderation.Decision(now.To), *now.Before, reopen(ctx, tx, c)
}

// overrule allows what the machine hid.
func overrule(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, was moderation.Decision, who auth.Who, at time.Time) (moderation.Decision, int64, error) {
	if was != moderation.Hide && was != moderation.Delete {
		return "", 0, fault.New(fault.Conflict, "nothing was done to this comment that could be undone").Coded("nothing_decided")
	}
	d := Decision{Who: who, CommentID: c.ID, Verb: Restore, At: at}
	it, err := find(ctx, tx, d)
	if err != nil {
		return "", 0, err
	}
	if it != nil { // what is alike stays before people
		if it, err = setApart(ctx, tx, it, d); err != nil {
			return "", 0, err
		}
	}
	id, err := personVerdict(ctx, tx, c, d)
	if err != nil {
		return "", 0, err
	}
	if err := raiseApproved(ctx, tx, c, id, at); err != nil {
		return "", 0, err
	}
	if it != nil {
		err = closeItem(ctx, tx, it, d)
	}
	return moderation.Allow, id, err
}

const sqlLastDecision = `
SELECT v.decision, v.tier, b.id AS before, coalesce(b.decision, '') AS was, coalesce(b.tier, '') AS was_by FROM verdicts v
LEFT JOIN verdicts b ON b.workspace_id = v.workspace_id AND b.id = (v.verdict->>'before')::bigint
WHERE v.workspace_id = $1 AND v.id = $2`

// reopen puts the item back that the undone decision had closed; a second look at that decision, where
// nobody has taken it yet, is for nothing. What was decided for all that are alike stays so for the
// others: the comment gets an item of its own.
func reopen(ctx context.Context, tx *sqlx.Tx, c inbox.Comment) error {
	var open bool // its item was put back whole
	if err := tx.GetContext(ctx, &open, `SELECT EXISTS (SELECT 1 FROM review_items i WHERE i.workspace_id = $1 AND i.state = 'open' AND i.kind IN ('verdict','sample')
    AND (i.comment_id = $2 OR i.id IN (SELECT item_id FROM review_members WHERE workspace_id = $1 AND comment_id = $2)))`, c.WorkspaceID, c.ID); err != nil {
		return fmt.Errorf("look for the review item of comment %d: %w", c.ID, err)
	}
	if open {
		return nil
	}
	var was []struct {
		ID      int64 `db:"id"`
		Verdict int64 `db:"verdict_id"`
		Whole   bool  `db:"whole"`
	}
	if err := tx.SelectContext(ctx, &was, sqlClosed, c.WorkspaceID, c.ID); err != nil {
		return fmt.Errorf("find the review item of comment %d: %w", c.ID, err)
	}
	if len(was) == 0 {
		return nil
	}
	if was[0].Whole {
		if _, err := tx.ExecContext(ctx, `UPDATE review_members SET state = 'apart' WHERE workspace_id = $1 AND comment_id = $2 AND state = 'decided'`, c.WorkspaceID, c.ID); err != nil {
			return fmt.Errorf("part comment %d from those it is like: %w", c.ID, err)
		}
		if _, err := tx.ExecContext(ctx, sqlOwnItem, c.WorkspaceID, was[0].ID, c.ID, was[0].Verdict); err != nil {
			return fmt.Errorf("give comment %d an item of its own: %w", c.ID, err)
		}
		return nil
	}
	if _, err := tx.ExecContext(ctx, sqlOpenAgain, c.WorkspaceID, was[0].ID); err != nil {
		return fmt.Errorf("reopen the review item of comment %d: %w", c.ID, err)
	}
	return endSecond(ctx, tx, c.WorkspaceID, was[0].ID)
}

// endSecond closes the second look at a decision that is taken back.
func endSecond(ctx context.Context, tx *sqlx.Tx, workspace, first int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE review_items SET state = 'decided', outcome = 'superseded', decided_at = now(), claimed_by = NULL, claimed_until = NULL
WHERE workspace_id = $1 AND first_id = $2 AND state = 'open'`, workspace, first); err != nil {
		return fmt.Errorf("close the second look at review item %d: %w", first, err)
	}
	return nil
}

const (
	// The item that was closed last, with the comment or for all that it was like.
	sqlClosed = `
SELECT i.id, coalesce(m.verdict_id, i.verdict_id) AS verdict_id, i.holds_until IS NOT NULL AS whole
FROM review_items i LEFT JOIN review_members m ON m.workspace_id = i.workspace_id AND m.item_id = i.id AND m.comment_id = $2 AND m.state = 'decided'
WHERE i.workspace_id = $1 AND (i.comment_id = $2 OR m.id IS NOT NULL) AND i.state = 'decided' AND i.outcome <> 'superseded' AND i.kind IN ('verdict','sample')
ORDER BY i.decided_at DESC LIMIT 1`
	sqlOpenAgain = `
UPDATE review_items i SET state = 'open', outcome = NULL, reason = '', decided_by = NULL, decided_at = NULL, batch = NULL,
    text_hash = CASE WHEN EXISTS (SELECT 1 FROM review_items o WHERE o.workspace_id = i.workspace_id AND o.text_hash = i.text_hash AND o.state = 'open' AND o.kind IN ('verdict','sample')) THEN NULL ELSE text_hash END
WHERE workspace_id = $1 AND id = $2`
)
