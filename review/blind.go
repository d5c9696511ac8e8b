package review

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

// decideBlind records a second look or the answer to a known question. Nothing else follows from it: no
// verdict, no action, no trigger. Where a second look contradicts the first, a supervisor decides.
func decideBlind(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, it *item, d Decision) error {
	if err := closeItem(ctx, tx, it, d); err != nil {
		return err
	}
	// The line names the item and not the comment, whose history others read.
	if err := auth.Audit(ctx, tx, c.WorkspaceID, d.Who.Actor(), "review."+string(d.Verb), reviewObject(it.ID), map[string]any{"kind": it.Kind}); err != nil {
		return err
	}
	if it.Kind == "second" {
		if err := settleSecond(ctx, tx, c, it, d); err != nil {
			return err
		}
		if err := mixInGold(ctx, tx, d); err != nil {
			return err
		}
	}
	return touch(ctx, tx, c.WorkspaceID, c.ID)
}

func reviewObject(id int64) string { return fmt.Sprintf("review:%d", id) }

// settleSecond opens an item for supervisors where two reviewers disagree whether the comment stays.
func settleSecond(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, it *item, d Decision) error {
	var first string
	if err := tx.GetContext(ctx, &first, `SELECT coalesce(outcome, '') FROM review_items WHERE workspace_id = $1 AND id = $2`, c.WorkspaceID, *it.FirstID); err != nil {
		return fmt.Errorf("load the first decision about comment %d: %w", c.ID, err)
	}
	if first == "" || removes(first) == removes(verbs[d.Verb].outcome) || c.State == "removed" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, harm, reach, priority, escalated_at, escalation)
VALUES ($1, $2, $3, 'disagreement', $4::real, $5::real, $4::real * $5::real, now(), 'two reviewers disagree')
ON CONFLICT (workspace_id, comment_id) WHERE state = 'open' AND kind IN ('verdict','sample') DO NOTHING`, c.WorkspaceID, c.ID, it.VerdictID, it.Harm, it.Reach)
	if err != nil {
		return fmt.Errorf("pass comment %d to a supervisor: %w", c.ID, err)
	}
	return nil
}

func removes(outcome string) bool { return outcome == "hide" || outcome == "delete" }

// mixIn follows a decision with what measures it: a second look by lot, and now and then a known answer.
func mixIn(ctx context.Context, tx *sqlx.Tx, it *item, d Decision) error {
	if it == nil || d.Who.UserID == 0 {
		return nil
	}
	settings, err := settingsOf(ctx, tx, d.Who.WorkspaceID)
	if err != nil {
		return err
	}
	if inbox.Drawn(settings.Review.Second, "second", it.ID) {
		if _, err := tx.ExecContext(ctx, sqlSecond, d.Who.WorkspaceID, d.CommentID, it.VerdictID, it.Why, it.Harm, it.Reach, it.ID, d.Who.UserID); err != nil {
			return fmt.Errorf("put comment %d before a second reviewer: %w", d.CommentID, err)
		}
	}
	return mixInGold(ctx, tx, d)
}

// sqlMayLook is a member who may take a second look at comment c.id: a reviewer who has decided nothing about it, and
// a supervisor where it was passed to supervisors.
func sqlMayLook(workspace, comment, escalated string) string {
	return `SELECT 1 FROM members m JOIN users u ON u.id = m.user_id WHERE m.workspace_id = ` + workspace + ` AND u.disabled_at IS NULL
  AND m.role IN ('owner','admin','supervisor','moderator') AND (m.role <> 'moderator' OR NOT ` + escalated + `)
  AND NOT EXISTS (SELECT 1 FROM review_items d WHERE d.workspace_id = ` + workspace + ` AND d.comment_id = ` + comment + ` AND d.decided_by = m.user_id)`
}

// A second look needs somebody else who may take it. What was undone and decided again is looked at anew, and so is
// what nobody could look at before.
var sqlSecond = `
INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, kind, harm, reach, priority, first_id)
SELECT $1, $2, $3, $4, 'second', $5::real, $6::real, $5::real * $6::real, $7
WHERE EXISTS (` + sqlMayLook("$1", "$2", "false") + ` AND m.user_id <> $8)
ON CONFLICT (workspace_id, first_id) WHERE kind = 'second' DO UPDATE SET state = 'open', outcome = NULL, reason = '', decided_at = NULL
WHERE review_items.outcome = 'superseded'`

// nobodyLeft is the reason of a second look that was ended.
const nobodyLeft = "nobody is left who reviews and has not decided this comment"

// EndSecondLooks ends second looks that nobody may take any more: reviewers left, or all of them have decided the
// comment meanwhile. They would stay in a queue that shows them to no one. It returns how many there were.
func EndSecondLooks(ctx context.Context, tx *sqlx.Tx, workspaceID int64) (int, error) {
	var ended []struct {
		ID        int64 `db:"id"`
		CommentID int64 `db:"comment_id"`
	}
	if err := tx.SelectContext(ctx, &ended, sqlEndSeconds, workspaceID, nobodyLeft); err != nil {
		return 0, fmt.Errorf("end second looks that nobody may take: %w", err)
	}
	for _, e := range ended {
		if err := auth.Audit(ctx, tx, workspaceID, "system", "review.second_ended", reviewObject(e.ID), nil); err != nil {
			return 0, err
		}
		if err := touch(ctx, tx, workspaceID, e.CommentID); err != nil {
			return 0, err
		}
	}
	return len(ended), nil
}

var sqlEndSeconds = `
UPDATE review_items i SET state = 'decided', outcome = 'superseded', reason = $2, decided_at = now(), claimed_by = NULL, claimed_until = NULL
WHERE i.workspace_id = $1 AND i.kind = 'second' AND i.state = 'open'
  AND NOT EXISTS (` + sqlMayLook("i.workspace_id", "i.comment_id", "(i.escalated_at IS NOT NULL)") + `)
RETURNING i.id, i.comment_id`

// mixInGold gives the reviewer a known answer after every so many decisions: one they have not met, did
// not add, and have not decided as a comment.
func mixInGold(ctx context.Context, tx *sqlx.Tx, d Decision) error {
	settings, err := settingsOf(ctx, tx, d.Who.WorkspaceID)
	if err != nil || settings.Review.GoldEvery == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, sqlGold, d.Who.WorkspaceID, d.Who.UserID, d.Who.Actor(), settings.Review.GoldEvery)
	if err != nil {
		return fmt.Errorf("mix in a known answer: %w", err)
	}
	return nil
}

const sqlGold = `
INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, kind, harm, reach, priority, gold_id, for_user)
SELECT g.workspace_id, g.comment_id, g.verdict_id, coalesce(o.why, 'review'), 'gold', coalesce(o.harm, 0.5), coalesce(o.reach, 1), coalesce(o.harm, 0.5) * coalesce(o.reach, 1), g.id, $2
FROM gold_comments g JOIN comments c ON c.workspace_id = g.workspace_id AND c.id = g.comment_id
LEFT JOIN LATERAL (SELECT why, harm, reach FROM review_items o WHERE o.workspace_id = g.workspace_id AND o.comment_id = g.comment_id AND o.kind IN ('verdict','sample') AND o.why <> 'disagreement' ORDER BY o.id LIMIT 1) o ON true
WHERE g.workspace_id = $1 AND g.retired_at IS NULL AND g.added_by <> $3 AND c.state <> 'removed' AND c.text <> ''
  AND NOT EXISTS (SELECT 1 FROM review_items r WHERE r.workspace_id = g.workspace_id AND r.comment_id = g.comment_id AND (r.decided_by = $2 OR r.state = 'open' AND (r.kind <> 'gold' OR r.for_user = $2)))
  AND NOT EXISTS (SELECT 1 FROM review_items r WHERE r.workspace_id = g.workspace_id AND r.gold_id = g.id AND r.for_user = $2)
  AND NOT EXISTS (SELECT 1 FROM verdicts v WHERE v.workspace_id = g.workspace_id AND v.subject = 'comment' AND v.subject_id = g.comment_id AND v.actor = $3)
  AND $4 <= (SELECT count(*) FROM review_items r WHERE r.workspace_id = $1 AND r.decided_by = $2 AND r.kind <> 'gold' AND r.state = 'decided'
      AND r.decided_at > coalesce((SELECT max(m.created_at) FROM review_items m WHERE m.workspace_id = $1 AND m.for_user = $2), '-infinity'))
ORDER BY random() LIMIT 1`

// AddGold makes a comment one with a known answer. It must have a machine's verdict and an answer a
// supervisor stands for; from then on it appears among the items of those who have not decided it.
func AddGold(ctx context.Context, tx *sqlx.Tx, who auth.Who, commentID int64, answer, note string) (int64, error) {
	c, err := inbox.LockComment(ctx, tx, who.WorkspaceID, commentID)
	if err != nil {
		return 0, err
	}
	if c.State == "removed" || c.Own || c.Text == "" {
		return 0, fault.New(fault.Conflict, "a comment that is gone, erased or the brand's own cannot be shown as a known answer")
	}
	var open bool
	if err := tx.GetContext(ctx, &open, `SELECT EXISTS (SELECT 1 FROM review_items WHERE workspace_id = $1 AND comment_id = $2 AND state = 'open')`, c.WorkspaceID, c.ID); err != nil {
		return 0, fmt.Errorf("look for open items of comment %d: %w", c.ID, err)
	}
	if open {
		return 0, fault.New(fault.Conflict, "the comment is still in the queue; decide it first")
	}
	var machine int64
	err = tx.GetContext(ctx, &machine, `SELECT id FROM verdicts WHERE workspace_id = $1 AND subject = 'comment' AND subject_id = $2 AND tier <> 'person' AND NOT provisional ORDER BY created_at DESC, id DESC LIMIT 1`, c.WorkspaceID, c.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fault.New(fault.Conflict, "no machine has judged this comment, so it cannot look like the others")
	}
	if err != nil {
		return 0, fmt.Errorf("find the verdict of comment %d: %w", c.ID, err)
	}
	var ids []int64
	err = tx.SelectContext(ctx, &ids, `INSERT INTO gold_comments (workspace_id, comment_id, verdict_id, answer, note, added_by) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (workspace_id, comment_id) WHERE retired_at IS NULL DO NOTHING RETURNING id`, c.WorkspaceID, c.ID, machine, answer, note, who.Actor())
	if err != nil {
		return 0, fmt.Errorf("keep the known answer: %w", err)
	}
	if len(ids) == 0 {
		return 0, fault.New(fault.Conflict, "this comment has a known answer already")
	}
	return ids[0], auth.Audit(ctx, tx, c.WorkspaceID, who.Actor(), "gold.add", goldObject(ids[0]), map[string]any{"comment": c.ID, "answer": answer})
}

func goldObject(id int64) string { return fmt.Sprintf("gold:%d", id) }

// RetireGold takes a known answer out; what was answered stays in the figures.
func RetireGold(ctx context.Context, tx *sqlx.Tx, who auth.Who, id int64) error {
	var comments []int64
	if err := tx.SelectContext(ctx, &comments, `UPDATE gold_comments SET retired_at = now() WHERE workspace_id = $1 AND id = $2 AND retired_at IS NULL RETURNING comment_id`, who.WorkspaceID, id); err != nil {
		return fmt.Errorf("retire known answer %d: %w", id, err)
	}
	if len(comments) == 0 {
		return fault.New(fault.NotFound, "known answer %d does not exist in this workspace, or is retired", id)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE review_items SET state = 'decided', outcome = 'superseded', decided_at = now() WHERE workspace_id = $1 AND gold_id = $2 AND state = 'open'`, who.WorkspaceID, id); err != nil {
		return fmt.Errorf("close the items of known answer %d: %w", id, err)
	}
	return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "gold.retire", goldObject(id), map[string]any{"comment": comments[0]})
}

// Gold is a comment with a known answer, and how reviewers did.
type Gold struct {
	ID        int64  `db:"id"`
	CommentID int64  `db:"comment_id"`
	Answer    string `db:"answer"`
	Note      string `db:"note"`
	AddedBy   string `db:"added_by"`
	Shown     int    `db:"shown"`
	Right     int    `db:"right"`
}

// ListGold returns the known answers in use, the newest first.
func ListGold(ctx context.Context, q sqlx.QueryerContext, workspaceID, before int64, most int) ([]Gold, error) {
	var out []Gold
	err := sqlx.SelectContext(ctx, q, &out, `
SELECT g.id, g.comment_id, g.answer, g.note, g.added_by, count(r.id) AS shown, count(r.id) FILTER (WHERE `+sqlLabel("r")+` = g.answer) AS "right"
FROM gold_comments g LEFT JOIN review_items r ON r.workspace_id = g.workspace_id AND r.gold_id = g.id AND r.decided_by IS NOT NULL
WHERE g.workspace_id = $1 AND g.retired_at IS NULL AND ($2::bigint = 0 OR g.id < $2) GROUP BY g.id, g.workspace_id ORDER BY g.id DESC LIMIT $3`, workspaceID, before, most)
	if err != nil {
		return nil, fmt.Errorf("list known answers: %w", err)
	}
	return out, nil
}

// sqlLabel is an item's outcome as a word of the decision: allow, hide, delete.
func sqlLabel(item string) string {
	return `CASE WHEN ` + item + `.outcome IN ('approve','restore') THEN 'allow' ELSE ` + item + `.outcome END`
}
