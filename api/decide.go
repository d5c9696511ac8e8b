package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
)

type decideIn struct {
	ByID
	Body *struct {
		Reason   string `json:"reason,omitempty" maxLength:"500"`
		ReviewID int64  `json:"review_id,omitempty"`
	}
}

// moderationLife is how long a hide, unhide or delete may wait for its account.
const moderationLife = 7 * 24 * time.Hour

// judgement is a person's decision about a comment.
type judgement struct {
	who      *caller
	verb     string // approve, hide, unhide, delete
	decision moderation.Decision
	outcome  string // of the review item
	reason   string
	review   int64
}

func (s *Server) approveComment(ctx context.Context, who *caller, in *decideIn) (Comment, error) {
	return s.decideComment(ctx, in, judgement{who: who, verb: "approve", decision: moderation.Allow, outcome: "approve"})
}

func (s *Server) unhideComment(ctx context.Context, who *caller, in *decideIn) (Comment, error) {
	return s.decideComment(ctx, in, judgement{who: who, verb: "unhide", decision: moderation.Allow, outcome: "restore"})
}

func (s *Server) hideComment(ctx context.Context, who *caller, in *decideIn) (Comment, error) {
	return s.decideComment(ctx, in, judgement{who: who, verb: "hide", decision: moderation.Hide, outcome: "hide"})
}

func (s *Server) deleteComment(ctx context.Context, who *caller, in *decideIn) (Comment, error) {
	return s.decideComment(ctx, in, judgement{who: who, verb: "delete", decision: moderation.Delete, outcome: "delete"})
}

func (s *Server) decideComment(ctx context.Context, in *decideIn, j judgement) (Comment, error) {
	if in.Body != nil {
		j.reason, j.review = in.Body.Reason, in.Body.ReviewID
	}
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		c, err := inbox.LockComment(ctx, tx, j.who.WorkspaceID, in.ID)
		if err != nil {
			return err
		}
		switch {
		case c.State == "removed":
			return fault.New(fault.Conflict, "the comment is gone from the network; nothing can be done to it any more")
		case c.Own:
			return fault.New(fault.Invalid, "this is the brand's own comment; it is not moderated")
		}
		was := deref(c.Decision)
		verdict, err := s.personVerdict(ctx, tx, c, j)
		if err != nil {
			return err
		}
		if err := closeReview(ctx, tx, c, j); err != nil {
			return err
		}
		if err := s.enforceKeyed(ctx, tx, c, fmt.Sprint(verdict), j.decision, j.who); err != nil {
			return err
		}
		if err := auth.Audit(ctx, tx, c.WorkspaceID, j.who.Actor(), "comment."+j.verb, fmt.Sprintf("comment:%d", c.ID), map[string]any{"from": was, "to": j.decision, "verdict": verdict}); err != nil {
			return err
		}
		if j.decision == moderation.Allow {
			if err := raiseApproved(ctx, tx, c, verdict, s.Now()); err != nil {
				return err
			}
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: c.WorkspaceID, Topic: "comment", ObjectID: c.ID})
	})
	if err != nil {
		return Comment{}, err
	}
	return s.shownComment(ctx, j.who.WorkspaceID, in.ID)
}

func raiseApproved(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, verdict int64, at time.Time) error {
	return inbox.Raise(ctx, tx, inbox.InternalEvent{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, Key: fmt.Sprintf("approved:%d:%d", c.ID, verdict), Kind: inbox.CommentApproved,
		Channel: c.Channel, Lane: inbox.LaneOf(c.AccountID, "c:"+c.RootID), At: at, Payload: map[string]int64{"comment_id": c.ID}})
}

func (s *Server) shownComment(ctx context.Context, workspace, id int64) (Comment, error) {
	v, err := inbox.ViewComment(ctx, s.DB, workspace, id)
	if err != nil {
		return Comment{}, err
	}
	return showComment(v)
}

// personVerdict keeps the decision as a verdict of its own, with the machine's scores as they were, and
// makes it the comment's current one.
func (s *Server) personVerdict(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, j judgement) (int64, error) {
	var old struct {
		Verdict json.RawMessage `db:"verdict"`
		Input   json.RawMessage `db:"input"`
	}
	v := moderation.Verdict{Subject: moderation.SubjectComment, Language: c.Language, Scores: map[string]*float64{}}
	old.Input = json.RawMessage(`{}`)
	if c.VerdictID != nil {
		if err := tx.GetContext(ctx, &old, `SELECT verdict, input FROM verdicts WHERE workspace_id = $1 AND id = $2`, c.WorkspaceID, *c.VerdictID); err != nil {
			return 0, fmt.Errorf("load the verdict of comment %d: %w", c.ID, err)
		}
		if err := json.Unmarshal(old.Verdict, &v); err != nil {
			return 0, fmt.Errorf("read the verdict of comment %d: %w", c.ID, err)
		}
	}
	text := map[string]string{"approve": "a person allowed it", "unhide": "a person allowed it", "hide": "a person hid it", "delete": "a person wants it deleted"}[j.verb]
	if j.reason != "" {
		text += ": " + j.reason
	}
	v.Decision, v.Tier, v.NeedsLLM = j.decision, "person", false
	v.Reasons = append([]moderation.Reason{{Code: "person", Text: text}}, v.Reasons...)
	raw, err := json.Marshal(v)
	if err != nil {
		return 0, fmt.Errorf("encode a verdict: %w", err)
	}
	var id int64
	if err := tx.GetContext(ctx, &id, sqlPersonVerdict, c.WorkspaceID, c.ID, string(j.decision), string(raw), string(old.Input), j.who.Actor(), c.VerdictID); err != nil {
		return 0, fmt.Errorf("keep the decision about comment %d: %w", c.ID, err)
	}
	return id, setVerdict(ctx, tx, c, id, string(j.decision))
}

// The verdict that a person's takes the place of is kept with it: that is where undoing leads back to.
const sqlPersonVerdict = `
INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, verdict, input, actor)
VALUES ($1, 'comment', $2, $3, 'person', $4::jsonb || jsonb_build_object('before', $7::bigint), $5, $6) RETURNING id`

func setVerdict(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, verdict int64, decision string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE comments SET verdict_id = $3, decision = $4 WHERE workspace_id = $1 AND id = $2`, c.WorkspaceID, c.ID, verdict, decision); err != nil {
		return fmt.Errorf("set the decision about comment %d: %w", c.ID, err)
	}
	return nil
}

// closeReview decides the open review item. One that somebody else holds, or has decided, is theirs.
func closeReview(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, j judgement) error {
	var open []struct {
		ID        int64  `db:"id"`
		ClaimedBy *int64 `db:"claimed_by"`
	}
	err := tx.SelectContext(ctx, &open, `SELECT id, CASE WHEN claimed_until > now() THEN claimed_by END AS claimed_by FROM review_items
WHERE workspace_id = $1 AND comment_id = $2 AND state = 'open' FOR UPDATE`, c.WorkspaceID, c.ID)
	if err != nil {
		return fmt.Errorf("find the review item of comment %d: %w", c.ID, err)
	}
	if j.review != 0 && (len(open) == 0 || open[0].ID != j.review) {
		return fault.New(fault.Conflict, "somebody has decided this already; the list is read again")
	}
	if len(open) == 0 {
		return nil
	}
	if by := open[0].ClaimedBy; by != nil && *by != j.who.UserID {
		return fault.New(fault.Conflict, "somebody else is looking at this comment; take another, or wait until they are done")
	}
	_, err = tx.ExecContext(ctx, `UPDATE review_items SET state = 'decided', outcome = $3, reason = $4, decided_by = $5, decided_at = now(), claimed_by = NULL, claimed_until = NULL
WHERE workspace_id = $1 AND id = $2`, c.WorkspaceID, open[0].ID, j.outcome, j.reason, j.who.User())
	if err != nil {
		return fmt.Errorf("close review item %d: %w", open[0].ID, err)
	}
	return nil
}

// enforceKeyed stops what the decision contradicts and plans what it asks for; the key tells this
// decision's actions from those of another about the same comment.
func (s *Server) enforceKeyed(ctx context.Context, tx *sqlx.Tx, c inbox.Comment, key string, d moderation.Decision, who *caller) error {
	cancel := outbox.Cancellation{WorkspaceID: c.WorkspaceID, CommentID: c.ID, Reason: "person_decided", Meaning: "a person decided otherwise"}
	if d == moderation.Allow || d == moderation.Review {
		cancel.Kinds = []channels.CallKind{channels.HideComment, channels.DeleteComment}
	} else {
		cancel.Reason, cancel.Meaning = "comment_hidden", "a person hid the comment"
	}
	if _, err := outbox.Cancel(ctx, tx, cancel); err != nil {
		return err
	}
	hidden, under, err := hiding(ctx, tx, c)
	if err != nil {
		return err
	}
	var plan []outbox.Action
	switch {
	case d == moderation.Allow || d == moderation.Review:
		if hidden {
			a := s.moderate(c, key, channels.UnhideComment, s.Now(), who)
			a.WaitsFor = under
			plan = append(plan, a)
		}
	default:
		if !hidden {
			plan = append(plan, s.moderate(c, key, channels.HideComment, s.Now(), who))
		}
		if d == moderation.Delete {
			grace, err := deleteGrace(ctx, tx, c.WorkspaceID)
			if err != nil {
				return err
			}
			plan = append(plan, s.moderate(c, key, channels.DeleteComment, s.Now().Add(grace), who))
		}
	}
	added, err := outbox.Add(ctx, tx, plan)
	if err != nil {
		return err
	}
	for _, a := range added {
		if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: c.WorkspaceID, Topic: "action", ObjectID: a.ID}); err != nil {
			return err
		}
	}
	return nil
}

// hiding says whether the comment is hidden, or will be by a call under way; that call's action is
// what the opposite must wait for. An unhide under way counts the other way round.
func hiding(ctx context.Context, tx *sqlx.Tx, c inbox.Comment) (hidden bool, under *int64, err error) {
	var last []struct {
		ID   int64  `db:"id"`
		Kind string `db:"kind"`
	}
	err = tx.SelectContext(ctx, &last, `SELECT id, kind FROM actions WHERE workspace_id = $1 AND comment_id = $2
AND state IN ('sending','unknown') AND kind IN ('comment.hide','comment.unhide') ORDER BY id DESC LIMIT 1`, c.WorkspaceID, c.ID)
	if err != nil {
		return false, nil, fmt.Errorf("look for calls about comment %d: %w", c.ID, err)
	}
	if len(last) == 0 {
		return c.State == "hidden", nil, nil
	}
	return last[0].Kind == string(channels.HideComment), &last[0].ID, nil
}

func (s *Server) moderate(c inbox.Comment, key string, kind channels.CallKind, at time.Time, who *caller) outbox.Action {
	return outbox.Action{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, Purpose: "moderation", Origin: "member", Actor: who.Actor(),
		Dedupe: fmt.Sprintf("%s:%d:%s", kind, c.ID, key), ContactID: c.ContactID, IdentityID: c.IdentityID, CommentID: &c.ID,
		Call:      channels.Call{Kind: kind, Channel: channels.Channel(c.Channel), CommentID: c.ExternalID},
		NotBefore: at, ValidUntil: s.Now().Add(moderationLife)}
}

func deleteGrace(ctx context.Context, tx *sqlx.Tx, workspace int64) (time.Duration, error) {
	w, err := inbox.LoadWorkspace(ctx, tx, workspace)
	if err != nil {
		return 0, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	return time.Duration(settings.DeleteGraceMinutes) * time.Minute, err
}
