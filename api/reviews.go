package api

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
	"ponte/review"
)

// ClaimedUntil says until when an item is the caller's.
type ClaimedUntil struct {
	ClaimedUntil time.Time `json:"claimed_until"`
}

func (s *Server) claimReview(ctx context.Context, who *caller, in *emptyIn) (ClaimedUntil, error) {
	var out ClaimedUntil
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		out.ClaimedUntil, err = review.Claim(ctx, tx, who.Who, in.ID)
		return err
	})
	return out, err
}

func (s *Server) releaseReview(ctx context.Context, who *caller, in *emptyIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return review.Release(ctx, tx, who.Who, in.ID) })
}

type escalateIn struct {
	ByID
	Body struct {
		Reason string `json:"reason" minLength:"1" maxLength:"500"`
	}
}

func (s *Server) escalateReview(ctx context.Context, who *caller, in *escalateIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return review.Escalate(ctx, tx, who.Who, in.ID, in.Body.Reason) })
}

func (s *Server) unescalateReview(ctx context.Context, who *caller, in *emptyIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return review.Unescalate(ctx, tx, who.Who, in.ID) })
}

type alikeIn struct {
	ByID
	Paging
}

// listAlike shows what a decision about all that is alike would be about.
func (s *Server) listAlike(ctx context.Context, who *caller, in *alikeIn) (Page[Comment], error) {
	var open bool
	if err := s.DB.GetContext(ctx, &open, `SELECT EXISTS (SELECT 1 FROM review_items WHERE workspace_id = $1 AND id = $2)`, who.WorkspaceID, in.ID); err != nil {
		return Page[Comment]{}, err
	}
	if !open {
		return Page[Comment]{}, fault.New(fault.NotFound, "review item %d does not exist in this workspace", in.ID)
	}
	rows, next, err := inbox.ListComments(ctx, s.DB, who.WorkspaceID, who.viewer(), inbox.CommentFilter{Alike: in.ID, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return Page[Comment]{}, err
	}
	items, err := showComments(rows)
	return pageOf(items, next), err
}

type decideAlikeIn struct {
	ByID
	Body struct {
		Verb   string `json:"verb" enum:"approve,unhide,hide,delete"`
		Reason string `json:"reason,omitempty" maxLength:"500"`
		Hours  *int   `json:"hours,omitempty" minimum:"0" maximum:"168" doc:"So long it holds for whoever writes the same later; 24 if empty, 0: not at all"`
	}
}

// holdHours is how long a decision about all that is alike holds where nobody says.
const holdHours = 24

func (s *Server) decideAlike(ctx context.Context, who *caller, in *decideAlikeIn) (review.Batch, error) {
	hours := holdHours
	if in.Body.Hours != nil {
		hours = *in.Body.Hours
	}
	d := review.Decision{Who: who.Who, ItemID: in.ID, Verb: review.Verb(in.Body.Verb), Reason: in.Body.Reason, At: s.Now()}
	return review.DecideAlike(ctx, s.DB, s.change, d, time.Duration(hours)*time.Hour)
}

func (s *Server) undoBatch(ctx context.Context, who *caller, in *emptyIn) (review.Batch, error) {
	return review.UndoBatch(ctx, s.DB, s.change, who.Who, in.ID, s.Now())
}

func (s *Server) listHolds(ctx context.Context, who *caller, in *Paging) (Page[review.Hold], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[review.Hold]{}, err
	}
	list, err := review.ListHolds(ctx, s.DB, who.WorkspaceID, s.Now(), before, in.Limit+1)
	if err != nil {
		return Page[review.Hold]{}, err
	}
	names, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return Page[review.Hold]{}, err
	}
	for i := range list {
		list[i].By = nameOr(names, list[i].By)
	}
	return pageByID(list, in.Limit, func(h review.Hold) int64 { return h.ID }), nil
}

func (s *Server) endHold(ctx context.Context, who *caller, in *ByID) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return review.EndHold(ctx, tx, who.Who, in.ID, s.Now()) })
}

type sinceIn struct {
	Since time.Time `query:"since" doc:"Only what was decided since; the last 90 days if empty"`
}

func (s *Server) since(in *sinceIn) time.Time {
	if in.Since.IsZero() {
		return s.Now().AddDate(0, 0, -90)
	}
	return in.Since
}

func (s *Server) reviewAgreement(ctx context.Context, who *caller, in *sinceIn) (review.Agreement, error) {
	return review.ReadAgreement(ctx, s.DB, who.WorkspaceID, s.since(in))
}

func (s *Server) reviewStatistics(ctx context.Context, who *caller, in *sinceIn) (review.Statistics, error) {
	return review.ReadStatistics(ctx, s.DB, who.WorkspaceID, s.since(in))
}

// Gold is a comment with a known answer, and how reviewers did.
type Gold struct {
	ID        int64  `json:"id"`
	CommentID int64  `json:"comment_id"`
	Answer    string `json:"answer" enum:"allow,hide,delete"`
	Note      string `json:"note"`
	AddedBy   string `json:"added_by"`
	Shown     int    `json:"shown"`
	Right     int    `json:"right"`
}

func (s *Server) listGold(ctx context.Context, who *caller, in *Paging) (Page[Gold], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[Gold]{}, err
	}
	list, err := review.ListGold(ctx, s.DB, who.WorkspaceID, before, in.Limit+1)
	if err != nil {
		return Page[Gold]{}, err
	}
	return pageByID(each(list, func(g review.Gold) Gold { return Gold(g) }), in.Limit, func(g Gold) int64 { return g.ID }), nil
}

type goldIn struct {
	ByID
	Body struct {
		Answer string `json:"answer" enum:"allow,hide,delete"`
		Note   string `json:"note,omitempty" maxLength:"500"`
	}
}

// GoldID is a new known answer.
type GoldID struct {
	ID int64 `json:"id"`
}

func (s *Server) addGold(ctx context.Context, who *caller, in *goldIn) (GoldID, error) {
	var out GoldID
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		out.ID, err = review.AddGold(ctx, tx, who.Who, in.ID, in.Body.Answer, in.Body.Note)
		return err
	})
	return out, err
}

func (s *Server) retireGold(ctx context.Context, who *caller, in *ByID) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return review.RetireGold(ctx, tx, who.Who, in.ID) })
}
