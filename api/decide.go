package api

import (
	"context"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/inbox"
	"ponte/review"
)

type emptyIn struct {
	ByID
	Body *struct{}
}

type decideIn struct {
	ByID
	Body *struct {
		Reason   string `json:"reason,omitempty" maxLength:"500"`
		Category string `json:"category,omitempty" enum:"hate,harassment,sexual,violence,self_harm,profanity,personal_data,spam,scam,impersonation,self_promotion" doc:"What a comment is that is hidden or deleted; left out: what the machine said, if it said anything"`
		ReviewID int64  `json:"review_id,omitempty"`
	}
}

func (s *Server) approveComment(ctx context.Context, who *caller, in *decideIn) (Comment, error) {
	return s.decideComment(ctx, who, in, review.Approve)
}

func (s *Server) unhideComment(ctx context.Context, who *caller, in *decideIn) (Comment, error) {
	return s.decideComment(ctx, who, in, review.Restore)
}

func (s *Server) hideComment(ctx context.Context, who *caller, in *decideIn) (Comment, error) {
	return s.decideComment(ctx, who, in, review.Hide)
}

func (s *Server) deleteComment(ctx context.Context, who *caller, in *decideIn) (Comment, error) {
	return s.decideComment(ctx, who, in, review.Delete)
}

func (s *Server) decideComment(ctx context.Context, who *caller, in *decideIn, verb review.Verb) (Comment, error) {
	d := review.Decision{Who: who.Who, CommentID: in.ID, Verb: verb, At: s.Now()}
	if in.Body != nil {
		d.Reason, d.Category, d.ItemID = in.Body.Reason, in.Body.Category, in.Body.ReviewID
	}
	seen, err := inbox.ViewComment(ctx, s.DB, who.WorkspaceID, who.viewer(), in.ID)
	if err != nil {
		return Comment{}, err
	}
	if err := s.change(ctx, func(tx *sqlx.Tx) error { return review.Decide(ctx, tx, d) }); err != nil {
		return Comment{}, err
	}
	if !seen.Blind {
		return s.shownComment(ctx, who, in.ID)
	}
	// A second look or a known answer reads like any other decision; what was really done is not told.
	out, err := showComment(seen)
	out.Decision, out.Review = string(verb.Decision()), nil
	if out.Verdict != nil {
		out.Verdict.Decision, out.Verdict.Tier = out.Decision, "person"
	}
	return out, err
}

// undoComment takes back the last decision: a person's gives way to the one before it, a machine's to
// "allowed".
func (s *Server) undoComment(ctx context.Context, who *caller, in *emptyIn) (Comment, error) {
	if err := s.change(ctx, func(tx *sqlx.Tx) error { return review.Undo(ctx, tx, who.Who, in.ID, s.Now()) }); err != nil {
		return Comment{}, err
	}
	return s.shownComment(ctx, who, in.ID)
}

func (s *Server) shownComment(ctx context.Context, who *caller, id int64) (Comment, error) {
	v, err := inbox.ViewComment(ctx, s.DB, who.WorkspaceID, who.viewer(), id)
	if err != nil {
		return Comment{}, err
	}
	return showComment(v)
}

// viewer is the caller as the review queue knows them: only a member who moderates has a queue.
func (c *caller) viewer() inbox.Viewer {
	v := inbox.Viewer{Supervises: c.Can(auth.Supervise) || !c.Can(auth.Moderate)}
	if c.Can(auth.Moderate) {
		v.UserID = c.UserID
	}
	return v
}
