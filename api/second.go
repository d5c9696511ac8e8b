package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/review"
)

// Opinion is what the language model says of a comment when it is asked; nothing follows from it.
type Opinion struct {
	Category string  `json:"category" doc:"none, or one of the categories"`
	Score    float64 `json:"score"`
	Intent   string  `json:"intent"`
	Language string  `json:"language"`
	Reason   string  `json:"reason"`
	Model    string  `json:"model"`
	Prompt   string  `json:"prompt"`
	Agrees   bool    `json:"agrees" doc:"It would keep what the machine kept, or remove what it removed"`
}

// opinion asks the language model about one comment; the day's budget holds.
func (s *Server) opinion(ctx context.Context, who *caller, in *emptyIn) (Opinion, error) {
	v, err := inbox.ViewComment(ctx, s.DB, who.WorkspaceID, who.viewer(), in.ID)
	if err != nil {
		return Opinion{}, err
	}
	if s.Opine == nil {
		return Opinion{}, fault.New(fault.Unavailable, "no language model is configured").Coded("no_model")
	}
	input := moderation.Input{Subject: moderation.SubjectComment, Channel: v.Channel, Text: v.Text, Caption: deref(v.PostCaption), AccountID: v.AccountID}
	var kept moderation.Input
	if v.VerdictID != nil {
		var raw json.RawMessage
		if err := s.DB.GetContext(ctx, &raw, `SELECT input FROM verdicts WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, *v.VerdictID); err != nil {
			return Opinion{}, fmt.Errorf("load the input of verdict %d: %w", *v.VerdictID, err)
		}
		if json.Unmarshal(raw, &kept) == nil {
			input.Parent = kept.Parent
		}
	}
	if input.Text == "" {
		return Opinion{}, fault.New(fault.Conflict, "there are no words to ask about")
	}
	a, err := s.Opine(ctx, who.WorkspaceID, input)
	if err != nil {
		return Opinion{}, err
	}
	removed := v.Decision != nil && (*v.Decision == "hide" || *v.Decision == "delete")
	return Opinion{a.Category, a.Score, a.Intent, a.Language, a.Reason, a.Model, a.Prompt, removed == (a.Category != "none" && a.Score >= 0.5)}, nil
}

// secondLook puts a decided comment before a colleague, who does not know.
func (s *Server) secondLook(ctx context.Context, who *caller, in *emptyIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return review.AskColleague(ctx, tx, who.Who, in.ID) })
}

type disagreementsIn struct {
	With  string    `query:"with" enum:"machine,reviewers" default:"machine" doc:"Reviewers against the machine, or against each other"`
	Since time.Time `query:"since" doc:"The last 90 days if empty"`
	Paging
}

func (s *Server) listDisagreements(ctx context.Context, who *caller, in *disagreementsIn) (Page[review.Disagreement], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[review.Disagreement]{}, err
	}
	list, err := review.Disagreements(ctx, s.DB, who.WorkspaceID, review.Against(in.With), s.since(&sinceIn{in.Since}), before, in.Limit+1)
	if err != nil {
		return Page[review.Disagreement]{}, err
	}
	names, err := s.actorNames(ctx, who.WorkspaceID)
	if err != nil {
		return Page[review.Disagreement]{}, err
	}
	for i := range list {
		list[i].FirstBy, list[i].SecondBy = nameOr(names, list[i].FirstBy), nameOr(names, list[i].SecondBy)
	}
	return pageByID(list, in.Limit, func(d review.Disagreement) int64 { return d.ID }), nil
}
