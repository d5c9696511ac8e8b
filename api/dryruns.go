package api

import (
	"context"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/campaign"
	"ponte/router"
	"ponte/said"
)

// DryRun is a trigger held against history, as far as it is.
type DryRun struct {
	ID         int64            `json:"id"`
	TriggerID  *int64           `json:"trigger_id" doc:"null: a draft that was never saved"`
	Since      time.Time        `json:"since"`
	Until      time.Time        `json:"until"`
	AnyTime    bool             `json:"any_time"`
	State      string           `json:"state" enum:"queued,running,done,cancelled,failed"`
	Reason     string           `json:"reason"`
	Parts      []said.Statement `json:"reason_parts"`
	Total      int              `json:"total"`
	Worked     int              `json:"worked"`
	Counts     map[string]int   `json:"counts" doc:"How many ended with each code; answered is what would have been answered"`
	CreatedAt  time.Time        `json:"created_at"`
	FinishedAt *time.Time       `json:"finished_at"`
}

func showDryRun(d campaign.DryRun) (DryRun, error) {
	counts, err := d.Tally()
	return DryRun{d.ID, d.TriggerID, d.Since.UTC(), d.Until.UTC(), d.AnyTime, d.State, d.Reason, said.Read(d.Reason), d.Total, d.Worked, counts, d.CreatedAt.UTC(), utc(d.FinishedAt)}, err
}

// DryRunSpan says which history is meant.
type DryRunSpan struct {
	Since   *time.Time `json:"since,omitempty" doc:"Left out: the last 30 days"`
	Until   *time.Time `json:"until,omitempty" doc:"Left out: now"`
	AnyTime bool       `json:"any_time,omitempty" doc:"As if it had been open all the time, whatever its period and windows"`
}

type dryRunTriggerIn struct {
	ByID
	Body *DryRunSpan
}

type dryRunDraftIn struct {
	Body struct {
		DryRunSpan
		TriggerID *int64       `json:"trigger_id,omitempty" doc:"The saved trigger this is a change of"`
		Trigger   TriggerInput `json:"trigger"`
	}
}

func (s *Server) dryRunTrigger(ctx context.Context, who *caller, in *dryRunTriggerIn) (DryRun, error) {
	t, err := campaign.Trigger(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return DryRun{}, err
	}
	span := DryRunSpan{}
	if in.Body != nil {
		span = *in.Body
	}
	return s.tryTrigger(ctx, who, t, span)
}

func (s *Server) dryRunDraft(ctx context.Context, who *caller, in *dryRunDraftIn) (DryRun, error) {
	t := in.Body.Trigger.made()
	t.tidy()
	rule := t.rule()
	if err := s.change(ctx, func(tx *sqlx.Tx) error { return checkTrigger(ctx, tx, who.WorkspaceID, t) }); err != nil {
		return DryRun{}, err
	}
	if in.Body.TriggerID != nil {
		saved, err := campaign.Trigger(ctx, s.DB, who.WorkspaceID, *in.Body.TriggerID)
		if err != nil {
			return DryRun{}, err
		}
		rule.ID = saved.ID
	}
	return s.tryTrigger(ctx, who, rule, in.Body.DryRunSpan)
}

// firstLook is how long a dry run is worked before the answer: a small one is done by then.
const firstLook = 700 * time.Millisecond

func (s *Server) tryTrigger(ctx context.Context, who *caller, t router.Trigger, span DryRunSpan) (DryRun, error) {
	n := campaign.NewDryRun{Trigger: t, Since: s.Now().AddDate(0, 0, -30), Until: s.Now(), AnyTime: span.AnyTime, By: who.User()}
	if span.Since != nil {
		n.Since = *span.Since
	}
	if span.Until != nil {
		n.Until = *span.Until
	}
	var d campaign.DryRun
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		if d, err = campaign.AddDryRun(ctx, tx, who.WorkspaceID, n); err != nil {
			return err
		}
		return auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "trigger.dry_run", "dry_run:"+strconv.FormatInt(d.ID, 10), map[string]any{"trigger": t.Name})
	})
	if err != nil {
		return DryRun{}, err
	}
	runner := campaign.DryRunner{DB: s.DB, Name: "api", Log: s.Log}
	if err := runner.Begin(ctx, d.ID, firstLook); err != nil {
		s.Log.Error("a dry run could not be begun; the runner takes it", "error", err)
	}
	if d, err = campaign.LoadDryRun(ctx, s.DB, who.WorkspaceID, d.ID); err != nil {
		return DryRun{}, err
	}
	return showDryRun(d)
}

func (s *Server) getDryRun(ctx context.Context, who *caller, in *ByID) (DryRun, error) {
	d, err := campaign.LoadDryRun(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return DryRun{}, err
	}
	return showDryRun(d)
}

func (s *Server) cancelDryRun(ctx context.Context, who *caller, in *emptyIn) (DryRun, error) {
	var d campaign.DryRun
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		d, err = campaign.CancelDryRun(ctx, tx, who.WorkspaceID, in.ID)
		return err
	})
	if err != nil {
		return DryRun{}, err
	}
	return showDryRun(d)
}

type resultsIn struct {
	ByID
	Code string `query:"code" maxLength:"40" doc:"Only what ended with this code"`
	Paging
}

func (s *Server) dryRunResults(ctx context.Context, who *caller, in *resultsIn) (Page[campaign.DryRunResult], error) {
	after, err := idCursor(in.Cursor)
	if err != nil {
		return Page[campaign.DryRunResult]{}, err
	}
	list, err := campaign.DryRunResults(ctx, s.DB, who.WorkspaceID, in.ID, in.Code, after, in.Limit+1)
	if err != nil {
		return Page[campaign.DryRunResult]{}, err
	}
	return pageByID(list, in.Limit, func(r campaign.DryRunResult) int64 { return int64(r.N) }), nil
}

// WordCheck says which of the newest comments a draft would meet, whatever its times and limits.
type WordCheck struct {
	Looked  int                  `json:"looked"`
	Matched int                  `json:"matched"`
	Items   []campaign.WordMatch `json:"items"`
}

type wordsIn struct {
	Body struct {
		Sources    []string     `json:"sources"`
		Keywords   []KeywordSet `json:"keywords" maxItems:"50"`
		Intents    []string     `json:"intents"`
		AccountIDs []int64      `json:"account_ids"`
		PostIDs    []int64      `json:"post_ids"`
		Hashtags   []string     `json:"hashtags"`
		Limit      int          `json:"limit,omitempty" minimum:"0" maximum:"500" doc:"How many of the newest comments are looked at; 0: 200"`
	}
}

func (s *Server) checkWords(ctx context.Context, who *caller, in *wordsIn) (WordCheck, error) {
	b := in.Body
	most := b.Limit
	if most == 0 {
		most = 200
	}
	t := router.Trigger{Sources: b.Sources, Keywords: each(b.Keywords, func(k KeywordSet) router.KeywordSet { return router.KeywordSet(k) }), Intents: b.Intents,
		AccountIDs: b.AccountIDs, PostIDs: b.PostIDs, Hashtags: b.Hashtags}
	list, err := campaign.CheckWords(ctx, s.DB, who.WorkspaceID, t, most)
	if err != nil {
		return WordCheck{}, err
	}
	out := WordCheck{Looked: len(list), Items: some(list)}
	for _, m := range list {
		if m.Matched {
			out.Matched++
		}
	}
	return out, nil
}
