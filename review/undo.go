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
		return fault.New(fault.Conflict, "the comment is gone from the network; this cannot be undone")
	}
	if c.VerdictID == nil {
		return fault.New(fault.Conflict, "nothing was decided about this comment yet")
	}
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
		return "", 0, fault.New(fault.Conflict, "there is no earlier decision to go back to")
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
		return "", 0, fault.New(fault.Conflict, "nothing was done to this comment that could be undone")
	}
	d := Decision{Who: who, CommentID: c.ID, Verb: Restore, At: at}
	it, err := find(ctx, tx, d)
	if err != nil {
		return "", 0, err
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
// nobody has taken it yet, is for nothing.
func reopen(ctx context.Context, tx *sqlx.Tx, c inbox.Comment) error {
	var ids []int64
	err := tx.SelectContext(ctx, &ids, `
UPDATE review_items SET state = 'open', outcome = NULL, reason = '', decided_by = NULL, decided_at = NULL, batch = NULL
WHERE workspace_id = $1 AND id = (SELECT id FROM review_items WHERE workspace_id = $1 AND comment_id = $2 AND state = 'decided' AND outcome <> 'superseded' AND kind IN ('verdict','sample') ORDER BY decided_at DESC LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM review_items WHERE workspace_id = $1 AND comment_id = $2 AND state = 'open' AND kind IN ('verdict','sample')) RETURNING id`, c.WorkspaceID, c.ID)
	if err != nil {
		return fmt.Errorf("reopen the review item of comment %d: %w", c.ID, err)
	}
	for _, id := range ids {
		if _, err := tx.ExecContext(ctx, `UPDATE review_items SET state = 'decided', outcome = 'superseded', decided_at = now(), claimed_by = NULL, claimed_until = NULL
WHERE workspace_id = $1 AND first_id = $2 AND state = 'open'`, c.WorkspaceID, id); err != nil {
			return fmt.Errorf("close the second look at comment %d: %w", c.ID, err)
		}
	}
	return nil
}
