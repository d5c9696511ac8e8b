package api

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

type emptyIn struct {
	ByID
	Body *struct{}
}

// undoComment takes back the last decision: a person's gives way to the one before it, a machine's to
// "allowed".
func (s *Server) undoComment(ctx context.Context, who *caller, in *emptyIn) (Comment, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		c, err := inbox.LockComment(ctx, tx, who.WorkspaceID, in.ID)
		if err != nil {
			return err
		}
		if c.State == "removed" {
			return fault.New(fault.Conflict, "the comment is gone from the network; this cannot be undone")
		}
		if c.VerdictID == nil {
			return fault.New(fault.Conflict, "nothing was decided about this comment yet")
		}
		was := deref(c.Decision)
		to, verdict, err := s.takeBack(ctx, tx, c, who)
		if err != nil {
			return err
		}
		if err := s.enforceAgain(ctx, tx, c, verdict, to, who); err != nil {
			return err
		}
		if err := auth.Audit(ctx, tx, c.WorkspaceID, who.Actor(), "comment.undo", fmt.Sprintf("comment:%d", c.ID), map[string]any{"from": was, "to": to}); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: c.WorkspaceID, Topic: "comment", ObjectID: c.ID})
	})
	if err != nil {
		return Comment{}, err
	}
	return s.shownComment(ctx, who.WorkspaceID, in.ID)
}

// takeBack makes the decision before the current one current again.
func (s *Server) takeBack(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, who *caller) (moderation.Decision, int64, error) {
	var now struct {
		Decision string `db:"decision"`
		Tier     string `db:"tier"`
		Before   *int64 `db:"before"`
		To       string `db:"was"`
		By       string `db:"was_by"`
	}
	err := tx.GetContext(ctx, &now, sqlLastDecision, c.WorkspaceID, *c.VerdictID)
	if err != nil {
		return "", 0, fmt.Errorf("load the last decision about comment %d: %w", c.ID, err)
	}
	if now.Tier != "person" {
		if d := moderation.Decision(now.Decision); d != moderation.Hide && d != moderation.Delete {
			return "", 0, fault.New(fault.Conflict, "nothing was done to this comment that could be undone")
		}
		j := judgement{who: who, verb: "unhide", decision: moderation.Allow, outcome: "restore"}
		id, err := s.personVerdict(ctx, tx, c, j)
		if err != nil {
			return "", 0, err
		}
		if err := raiseApproved(ctx, tx, c, id, s.Now()); err != nil {
			return "", 0, err
		}
		return moderation.Allow, id, closeReview(ctx, tx, c, j)
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
	return moderation.Decision(now.To), *now.Before, reopenReview(ctx, tx, c)
}

const sqlLastDecision = `
SELECT v.decision, v.tier, b.id AS before, coalesce(b.decision, '') AS was, coalesce(b.tier, '') AS was_by FROM verdicts v
LEFT JOIN verdicts b ON b.workspace_id = v.workspace_id AND b.id = (v.verdict->>'before')::bigint
WHERE v.workspace_id = $1 AND v.id = $2`

// reopenReview puts the item back that the undone decision had closed.
func reopenReview(ctx context.Context, tx *sqlx.Tx, c inbox.Comment) error {
	_, err := tx.ExecContext(ctx, `
UPDATE review_items SET state = 'open', outcome = NULL, reason = '', decided_by = NULL, decided_at = NULL
WHERE workspace_id = $1 AND id = (SELECT id FROM review_items WHERE workspace_id = $1 AND comment_id = $2 AND state = 'decided' AND outcome <> 'superseded' ORDER BY decided_at DESC LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM review_items WHERE workspace_id = $1 AND comment_id = $2 AND state = 'open')`, c.WorkspaceID, c.ID)
	if err != nil {
		return fmt.Errorf("reopen the review item of comment %d: %w", c.ID, err)
	}
	return nil
}

// enforceAgain is enforce for a verdict that may have been enforced before: its actions get keys of
// their own.
func (s *Server) enforceAgain(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, verdict int64, d moderation.Decision, who *caller) error {
	var n int64
	if err := tx.GetContext(ctx, &n, `SELECT count(*) FROM actions WHERE workspace_id = $1 AND comment_id = $2`, c.WorkspaceID, c.ID); err != nil {
		return fmt.Errorf("count the actions of comment %d: %w", c.ID, err)
	}
	return s.enforceKeyed(ctx, tx, c, fmt.Sprintf("%d:undo%d", verdict, n), d, who)
}

// reviewLease is how long a claimed review item is kept from the others.
const reviewLease = 5 * time.Minute

// ClaimedUntil says until when an item is the caller's.
type ClaimedUntil struct {
	ClaimedUntil time.Time `json:"claimed_until"`
}

func (s *Server) claimReview(ctx context.Context, who *caller, in *emptyIn) (ClaimedUntil, error) {
	var out ClaimedUntil
	if who.UserID == 0 {
		return out, fault.New(fault.Forbidden, "an API token cannot claim review items; a member can")
	}
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var until []time.Time
		err := tx.SelectContext(ctx, &until, `
UPDATE review_items SET claimed_by = $3, claimed_until = now() + make_interval(secs => $4)
WHERE workspace_id = $1 AND id = $2 AND state = 'open' AND (claimed_by IS NULL OR claimed_by = $3 OR claimed_until < now()) RETURNING claimed_until`,
			who.WorkspaceID, in.ID, who.UserID, reviewLease.Seconds())
		if err != nil {
			return fmt.Errorf("claim review item %d: %w", in.ID, err)
		}
		if len(until) == 0 {
			return s.whyNotReview(ctx, tx, who.WorkspaceID, in.ID)
		}
		out.ClaimedUntil = until[0].UTC()
		return touchReview(ctx, tx, who.WorkspaceID, in.ID)
	})
	return out, err
}

func (s *Server) releaseReview(ctx context.Context, who *caller, in *emptyIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE review_items SET claimed_by = NULL, claimed_until = NULL WHERE workspace_id = $1 AND id = $2 AND state = 'open' AND claimed_by = $3`, who.WorkspaceID, in.ID, who.UserID)
		if err != nil {
			return fmt.Errorf("release review item %d: %w", in.ID, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return s.whyNotReview(ctx, tx, who.WorkspaceID, in.ID)
		}
		return touchReview(ctx, tx, who.WorkspaceID, in.ID)
	})
}

func (s *Server) whyNotReview(ctx context.Context, tx *sqlx.Tx, workspace, id int64) error {
	var exists bool
	if err := tx.GetContext(ctx, &exists, `SELECT EXISTS (SELECT 1 FROM review_items WHERE workspace_id = $1 AND id = $2)`, workspace, id); err != nil {
		return fmt.Errorf("look for review item %d: %w", id, err)
	}
	if !exists {
		return fault.New(fault.NotFound, "review item %d does not exist in this workspace", id)
	}
	return fault.New(fault.Conflict, "somebody else has this item, or it is decided already")
}

func touchReview(ctx context.Context, tx *sqlx.Tx, workspace, id int64) error {
	var comment int64
	if err := tx.GetContext(ctx, &comment, `SELECT comment_id FROM review_items WHERE workspace_id = $1 AND id = $2`, workspace, id); err != nil {
		return fmt.Errorf("find the comment of review item %d: %w", id, err)
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "comment", ObjectID: comment})
}
