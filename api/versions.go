package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/decisions"
	"ponte/fault"
	"ponte/said"
)

// Version is a policy, thresholds, a set of rules or one rule, with the state it is in.
type Version struct {
	ID         int64            `json:"id"`
	Kind       string           `json:"kind" enum:"policy,thresholds,rules,rule,prompt,model"`
	Name       string           `json:"name" doc:"Of a rule"`
	Version    string           `json:"version" doc:"As verdicts name it"`
	Note       string           `json:"note"`
	State      string           `json:"state" enum:"backtest,shadow,live,retired"`
	Override   string           `json:"override" doc:"Why it was promoted without the figures it takes"`
	Why        []said.Statement `json:"why_parts" doc:"The override, else the note, as statements with stable codes"`
	By         []said.Statement `json:"created_by_parts"`
	CreatedBy  string           `json:"created_by"`
	CreatedAt  time.Time        `json:"created_at"`
	ShadowFrom *time.Time       `json:"shadow_from"`
	StateAt    time.Time        `json:"state_at"`
}

// VersionDetail is a version with its document and its figures.
type VersionDetail struct {
	Version
	Document  any                     `json:"document"`
	Shadow    decisions.ShadowFigures `json:"shadow"`
	Ready     bool                    `json:"ready" doc:"Whether its shadow carries a promotion to live"`
	Missing   string                  `json:"missing" doc:"What the promotion lacks"`
	Backtests []Backtest              `json:"backtests"`
}

// Backtest is a version held against stored history.
type Backtest struct {
	ID         int64            `json:"id"`
	VersionID  int64            `json:"version_id"`
	State      string           `json:"state" enum:"queued,running,done,cancelled,failed"`
	Reason     string           `json:"reason"`
	Parts      []said.Statement `json:"reason_parts"`
	Since      *time.Time       `json:"since"`
	Until      time.Time        `json:"until"`
	Total      int              `json:"total"`
	Worked     int              `json:"worked"`
	Counts     decisions.Counts `json:"counts"`
	CreatedBy  string           `json:"created_by"`
	CreatedAt  time.Time        `json:"created_at"`
	FinishedAt *time.Time       `json:"finished_at"`
}

func showVersion(v decisions.Version) Version {
	return Version{v.ID, v.Kind, v.Name, v.Version, v.Note, v.State, v.Override, said.Read(cmp.Or(v.Override, v.Note)), said.Read(v.CreatedBy), v.CreatedBy, v.CreatedAt.UTC(), utc(v.ShadowFrom), v.StateAt.UTC()}
}

func showBacktest(b decisions.Backtest) (Backtest, error) {
	counts, err := b.Result()
	return Backtest{b.ID, b.VersionID, b.State, b.Reason, said.Read(b.Reason), utc(b.Since), b.Until.UTC(), b.Total, b.Worked, counts, b.CreatedBy, b.CreatedAt.UTC(), utc(b.FinishedAt)}, err
}

type versionsIn struct {
	Kind  string `query:"kind" enum:"policy,thresholds,rules,rule,prompt,model,"`
	State string `query:"state" maxLength:"20"`
	Paging
}

func (s *Server) listVersions(ctx context.Context, who *caller, in *versionsIn) (Page[Version], error) {
	before, err := idCursor(in.Cursor)
	if err != nil {
		return Page[Version]{}, err
	}
	list, err := decisions.ListVersions(ctx, s.DB, who.WorkspaceID, in.Kind, in.State, before, in.Limit+1)
	if err != nil {
		return Page[Version]{}, err
	}
	return pageByID(each(list, showVersion), in.Limit, func(v Version) int64 { return v.ID }), nil
}

type versionIn struct {
	Body struct {
		Kind     string `json:"kind" enum:"policy,thresholds,rules,rule,prompt"`
		Document any    `json:"document" doc:"A policy, some of its thresholds, a list of rules, one rule, or the name of a prompt"`
		Note     string `json:"note,omitempty" maxLength:"500"`
	}
}

func (s *Server) addVersion(ctx context.Context, who *caller, in *versionIn) (VersionDetail, error) {
	doc, err := json.Marshal(in.Body.Document)
	if err != nil {
		return VersionDetail{}, fault.Field("document", "the document cannot be stored")
	}
	var v decisions.Version
	err = s.change(ctx, func(tx *sqlx.Tx) error {
		v, err = decisions.AddVersion(ctx, tx, who.WorkspaceID, decisions.NewVersion{Kind: in.Body.Kind, Document: doc, Note: in.Body.Note}, who.Actor())
		return err
	})
	if err != nil {
		return VersionDetail{}, err
	}
	return s.shownVersion(ctx, v)
}

func (s *Server) getVersion(ctx context.Context, who *caller, in *ByID) (VersionDetail, error) {
	v, err := decisions.LoadVersion(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return VersionDetail{}, err
	}
	return s.shownVersion(ctx, v)
}

func (s *Server) shownVersion(ctx context.Context, v decisions.Version) (VersionDetail, error) {
	out := VersionDetail{Version: showVersion(v), Backtests: []Backtest{}}
	if err := json.Unmarshal([]byte(v.Document), &out.Document); err != nil {
		return out, fmt.Errorf("read version %d: %w", v.ID, err)
	}
	var err error
	if out.Shadow, err = decisions.ReadShadow(ctx, s.DB, v.WorkspaceID, v.ID); err != nil {
		return out, err
	}
	out.Ready, out.Missing = out.Shadow.Enough()
	tests, err := decisions.Backtests(ctx, s.DB, v.WorkspaceID, v.ID)
	if err != nil {
		return out, err
	}
	for _, b := range tests {
		shown, err := showBacktest(b)
		if err != nil {
			return out, err
		}
		out.Backtests = append(out.Backtests, shown)
	}
	return out, nil
}

type moveIn struct {
	ByID
	Body struct {
		State  string `json:"state" enum:"backtest,shadow,live,retired"`
		Reason string `json:"reason,omitempty" maxLength:"500" doc:"Overrides figures that are missing, and is kept"`
	}
}

func (s *Server) moveVersion(ctx context.Context, who *caller, in *moveIn) (VersionDetail, error) {
	var v decisions.Version
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		v, err = decisions.Move(ctx, tx, who.WorkspaceID, in.ID, in.Body.State, in.Body.Reason, who.Actor())
		return err
	})
	if err != nil {
		return VersionDetail{}, err
	}
	return s.shownVersion(ctx, v)
}

type backtestIn struct {
	ByID
	Body *struct {
		Since *time.Time `json:"since,omitempty" doc:"Only what was judged since"`
		Most  int        `json:"most,omitempty" minimum:"0" maximum:"5000000" doc:"Only the newest so many texts"`
	}
}

func (s *Server) addBacktest(ctx context.Context, who *caller, in *backtestIn) (Backtest, error) {
	var since *time.Time
	most := 0
	if in.Body != nil {
		since, most = in.Body.Since, in.Body.Most
	}
	var b decisions.Backtest
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		b, err = decisions.AddBacktest(ctx, tx, who.WorkspaceID, in.ID, since, most, who.Actor())
		return err
	})
	if err != nil {
		return Backtest{}, err
	}
	return showBacktest(b)
}

func (s *Server) getBacktest(ctx context.Context, who *caller, in *ByID) (Backtest, error) {
	b, err := decisions.LoadBacktest(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return Backtest{}, err
	}
	return showBacktest(b)
}

func (s *Server) cancelBacktest(ctx context.Context, who *caller, in *emptyIn) (Backtest, error) {
	var b decisions.Backtest
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		b, err = decisions.CancelBacktest(ctx, tx, who.WorkspaceID, in.ID, who.Actor())
		return err
	})
	if err != nil {
		return Backtest{}, err
	}
	return showBacktest(b)
}

type changesIn struct {
	ByID
	Was string `query:"was" maxLength:"20" doc:"What was decided"`
	Now string `query:"now" maxLength:"20" doc:"What would be"`
	Paging
}

func (s *Server) backtestChanges(ctx context.Context, who *caller, in *changesIn) (Page[decisions.Change], error) {
	after, err := idCursor(in.Cursor)
	if err != nil {
		return Page[decisions.Change]{}, err
	}
	list, err := decisions.BacktestChanges(ctx, s.DB, who.WorkspaceID, in.ID, in.Was, in.Now, after, in.Limit+1)
	if err != nil {
		return Page[decisions.Change]{}, err
	}
	if len(list) <= in.Limit {
		return pageOf(list, ""), nil
	}
	return pageOf(list[:in.Limit], strconv.FormatInt(list[in.Limit-1].VerdictID, 10)), nil
}
