package api

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/campaign"
	"ponte/fault"
	"ponte/inbox"
)

// CampaignInput is what a campaign is made of.
type CampaignInput struct {
	Name           string                  `json:"name" maxLength:"200"`
	StartsAt       *time.Time              `json:"starts_at"`
	EndsAt         *time.Time              `json:"ends_at"`
	BudgetMicros   *int64                  `json:"budget_micros" doc:"Millionths of the currency; null: no limit of its own"`
	BudgetCurrency string                  `json:"budget_currency" maxLength:"3"`
	Goal           string                  `json:"goal" maxLength:"40" doc:"The goal its funnel ends in; empty: any"`
	TriggerIDs     []int64                 `json:"trigger_ids" maxItems:"500"`
	Templates      []campaign.TemplateName `json:"templates" maxItems:"200"`
}

// Campaign is a named set of triggers and templates with a period, a budget and a goal.
type Campaign struct {
	ID    int64  `json:"id"`
	State string `json:"state" enum:"draft,live,paused,archived"`
	CampaignInput
	Revision  int64           `json:"revision" doc:"Counts its changes"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
	Funnel    campaign.Funnel `json:"funnel"`
}

func showCampaign(c campaign.Campaign, f campaign.Funnel) Campaign {
	return Campaign{ID: c.ID, Revision: c.Revision, State: c.State, CreatedAt: c.CreatedAt, UpdatedAt: c.UpdatedAt, Funnel: f, CampaignInput: CampaignInput{Name: c.Name, StartsAt: c.StartsAt, EndsAt: c.EndsAt,
		BudgetMicros: c.BudgetMicros, BudgetCurrency: c.BudgetCurrency, Goal: c.Goal, TriggerIDs: some(c.TriggerIDs), Templates: some(c.Templates)}}
}

type campaignsIn struct {
	Archived bool `query:"archived" doc:"The archived ones too"`
}

func (s *Server) listCampaigns(ctx context.Context, who *caller, in *campaignsIn) (Page[Campaign], error) {
	list, err := campaign.Campaigns(ctx, s.DB, who.WorkspaceID, in.Archived)
	if err != nil {
		return Page[Campaign]{}, err
	}
	funnels, err := campaign.CampaignFunnels(ctx, s.DB, who.WorkspaceID, 0, campaign.Span{})
	if err != nil {
		return Page[Campaign]{}, err
	}
	return pageOf(each(list, func(c campaign.Campaign) Campaign { return showCampaign(c, funnels[c.ID]) }), ""), nil
}

type spanIn struct {
	ByID
	Since time.Time `query:"since" doc:"From this instant on"`
	Until time.Time `query:"until" doc:"Before this instant"`
}

func (in *spanIn) span() campaign.Span {
	var s campaign.Span
	if !in.Since.IsZero() {
		s.Since = &in.Since
	}
	if !in.Until.IsZero() {
		s.Until = &in.Until
	}
	return s
}

func (s *Server) getCampaign(ctx context.Context, who *caller, in *spanIn) (Campaign, error) {
	c, err := campaign.Load(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return Campaign{}, err
	}
	funnels, err := campaign.CampaignFunnels(ctx, s.DB, who.WorkspaceID, in.ID, in.span())
	if err != nil {
		return Campaign{}, err
	}
	return showCampaign(c, funnels[in.ID]), nil
}

type newCampaignIn struct{ Body CampaignInput }

// ChangedCampaign is a campaign as somebody changed it.
type ChangedCampaign struct {
	CampaignInput
	Revision int64 `json:"revision" required:"false" minimum:"0" doc:"The one that was looked at: where somebody else has changed it since, 409; left out: whatever stands there is replaced"`
}

type campaignIn struct {
	ByID
	Body ChangedCampaign
}

func (s *Server) addCampaign(ctx context.Context, who *caller, in *newCampaignIn) (Campaign, error) {
	return s.saveCampaign(ctx, who, 0, in.Body, 0)
}

func (s *Server) setCampaign(ctx context.Context, who *caller, in *campaignIn) (Campaign, error) {
	return s.saveCampaign(ctx, who, in.ID, in.Body.CampaignInput, in.Body.Revision)
}

func (s *Server) saveCampaign(ctx context.Context, who *caller, id int64, in CampaignInput, seen int64) (Campaign, error) {
	c := campaign.Campaign{ID: id, Revision: seen, Name: in.Name, StartsAt: in.StartsAt, EndsAt: in.EndsAt, BudgetMicros: in.BudgetMicros, BudgetCurrency: in.BudgetCurrency, Goal: in.Goal, TriggerIDs: in.TriggerIDs, Templates: in.Templates}
	if bad := faults(c.Validate()); len(bad) > 0 {
		return Campaign{}, bad
	}
	verb := "campaign.change"
	if id == 0 {
		verb = "campaign.add"
	}
	saved := id
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		if saved, err = campaign.SaveCampaign(ctx, tx, who.WorkspaceID, c, who.User(), s.Now()); err != nil {
			return err
		}
		return s.campaignChanged(ctx, tx, who, saved, verb, nil)
	})
	if err != nil {
		return Campaign{}, err
	}
	return s.getCampaign(ctx, who, &spanIn{ByID: ByID{saved}})
}

func (s *Server) campaignChanged(ctx context.Context, tx *sqlx.Tx, who *caller, id int64, verb string, detail any) error {
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("campaign:%d", id), detail); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "campaign", ObjectID: id})
}

func (s *Server) campaignState(ctx context.Context, who *caller, in *triggerStateIn) (Campaign, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		was, err := campaign.SetCampaignState(ctx, tx, who.WorkspaceID, in.ID, in.Body.State, s.Now())
		if err != nil {
			return err
		}
		return s.campaignChanged(ctx, tx, who, in.ID, "campaign.state", map[string]any{"from": was, "to": in.Body.State})
	})
	if err != nil {
		return Campaign{}, err
	}
	return s.getCampaign(ctx, who, &spanIn{ByID: in.ByID})
}

func (s *Server) duplicateCampaign(ctx context.Context, who *caller, in *duplicateIn) (Campaign, error) {
	var id int64
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		if id, err = campaign.DuplicateCampaign(ctx, tx, who.WorkspaceID, in.ID, in.name(), who.User(), s.Now()); err != nil {
			return err
		}
		return s.campaignChanged(ctx, tx, who, id, "campaign.add", map[string]any{"copy_of": in.ID})
	})
	if err != nil {
		return Campaign{}, err
	}
	return s.getCampaign(ctx, who, &spanIn{ByID: ByID{id}})
}

func (s *Server) campaignEvidence(ctx context.Context, who *caller, in *spanIn) (campaign.CampaignEvidence, error) {
	e, err := campaign.ReadEvidence(ctx, s.DB, s.Ledger, who.WorkspaceID, in.ID, in.span(), s.Now())
	if err != nil {
		return e, err
	}
	return e, auth.Audit(ctx, s.DB, who.WorkspaceID, who.Actor(), "campaign.evidence", fmt.Sprintf("campaign:%d", in.ID), map[string]any{"shown": len(e.Sent)})
}

// TriggerWindow is one opening of a trigger.
type TriggerWindow struct {
	LocalStart string    `json:"local_start" doc:"On the workspace's clock, without a zone"`
	StartsAt   time.Time `json:"starts_at"`
	EndsAt     time.Time `json:"ends_at"`
	State      string    `json:"state" enum:"planned,open,closed,missed"`
	Reason     string    `json:"reason"`
}

func (s *Server) triggerWindows(ctx context.Context, who *caller, in *ByID) (Page[TriggerWindow], error) {
	if _, err := campaign.Trigger(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return Page[TriggerWindow]{}, err
	}
	list, err := campaign.Opened(ctx, s.DB, who.WorkspaceID, in.ID, s.Now())
	if err != nil {
		return Page[TriggerWindow]{}, err
	}
	return pageOf(each(list, func(w campaign.Opening) TriggerWindow {
		return TriggerWindow{w.LocalStart.Format(localTime), w.StartsAt.UTC(), w.EndsAt.UTC(), w.State, w.Reason}
	}), ""), nil
}

const localTime = "2006-01-02T15:04"

type recurrenceIn struct {
	Body struct {
		Recurrence      string     `json:"recurrence" maxLength:"100"`
		DurationMinutes int        `json:"duration_minutes"`
		StartsAt        *time.Time `json:"starts_at,omitempty" doc:"The trigger's period, where it has one"`
		EndsAt          *time.Time `json:"ends_at,omitempty"`
		Count           int        `json:"count,omitempty" minimum:"0" maximum:"50" doc:"How many; 0: five"`
	}
}

func (s *Server) previewRecurrence(ctx context.Context, who *caller, in *recurrenceIn) (Page[TriggerWindow], error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[TriggerWindow]{}, err
	}
	zone, err := campaign.Zone(w.TimeZone)
	if err != nil {
		return Page[TriggerWindow]{}, err
	}
	if in.Body.DurationMinutes < 1 || in.Body.DurationMinutes > 7*24*60 {
		return Page[TriggerWindow]{}, fault.Field("duration_minutes", "a window lasts from 1 minute to 10080 (seven days)")
	}
	r, err := campaign.ParseRecurrence(in.Body.Recurrence, in.Body.DurationMinutes)
	if err != nil {
		return Page[TriggerWindow]{}, err
	}
	from, until := s.Now(), s.Now().AddDate(5, 0, 0)
	if p := in.Body.StartsAt; p != nil && p.After(from) {
		from = *p
	}
	if p := in.Body.EndsAt; p != nil && p.Before(until) {
		until = *p
	}
	count := in.Body.Count
	if count == 0 {
		count = 5
	}
	return pageOf(each(r.Windows(zone, from, until, count), func(w campaign.Window) TriggerWindow {
		return TriggerWindow{w.Start.In(zone).Format(localTime), w.Start, w.End, "planned", ""}
	}), ""), nil
}
