package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/campaign"
	"ponte/inbox"
)

type campaignCmd struct {
	List     campaignListCmd     `cmd:"" help:"Campaigns with their funnels."`
	Triggers campaignTriggersCmd `cmd:"" help:"Triggers in the order in which they decide, with their funnels."`
	DryRun   campaignDryRunCmd   `cmd:"" help:"Hold a trigger against what has been written, and say what it would have answered."`
	Evidence campaignEvidenceCmd `cmd:"" help:"What went out for a campaign, to whom and by what right, as JSON."`
}

type campaignListCmd struct {
	Archived  bool   `help:"The archived ones too."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run lists campaigns.
func (p campaignListCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, p.Workspace, func(s *store, w inbox.Workspace) error {
		list, err := campaign.Campaigns(ctx, s.DB, w.ID, p.Archived)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			fmt.Fprintln(os.Stderr, "There are no campaigns yet. They are made in the browser, under Campaigns, or by the API.")
		}
		funnels, err := campaign.CampaignFunnels(ctx, s.DB, w.ID, 0, campaign.Span{})
		for _, b := range list {
			printJSON(map[string]any{"id": b.ID, "name": b.Name, "state": b.State, "starts_at": b.StartsAt, "ends_at": b.EndsAt, "triggers": b.TriggerIDs, "funnel": funnels[b.ID]})
		}
		return err
	})
}

type campaignTriggersCmd struct {
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run lists triggers.
func (p campaignTriggersCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, p.Workspace, func(s *store, w inbox.Workspace) error {
		list, err := campaign.Triggers(ctx, s.DB, w.ID)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			fmt.Fprintln(os.Stderr, "There are no triggers yet. They are made in the browser, under Campaigns, or by the API.")
		}
		funnels, err := campaign.TriggerFunnels(ctx, s.DB, w.ID, 0, campaign.Span{})
		for _, t := range list {
			printJSON(map[string]any{"id": t.ID, "name": t.Name, "state": t.State, "priority": t.Priority, "sources": t.Sources, "campaign": t.CampaignID, "funnel": funnels[t.ID]})
		}
		return err
	})
}

type campaignDryRunCmd struct {
	Trigger   int64  `arg:"" help:"Id of the trigger."`
	Days      int    `default:"30" help:"How far back."`
	AnyTime   bool   `help:"As if it had been open all the time, whatever its period and windows."`
	Code      string `help:"Show what ended with this code; empty: only the counts."`
	Most      int    `default:"100" help:"How many are shown."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run works a dry run here and prints its counts, and results of one code by the ids of what they are about.
func (p campaignDryRunCmd) Run(ctx context.Context, c *config) error {
	if p.Days < 1 {
		return fmt.Errorf("--days=%d: at least one day", p.Days)
	}
	return c.with(ctx, p.Workspace, func(s *store, w inbox.Workspace) error {
		t, err := campaign.Trigger(ctx, s.DB, w.ID, p.Trigger)
		if err != nil {
			return err
		}
		var d campaign.DryRun
		now := time.Now()
		err = s.inTx(ctx, func(tx *sqlx.Tx) error {
			var err error
			d, err = campaign.AddDryRun(ctx, tx, w.ID, campaign.NewDryRun{Trigger: t, Since: now.AddDate(0, 0, -p.Days), Until: now, AnyTime: p.AnyTime})
			return err
		})
		if err != nil {
			return err
		}
		if d, err = p.work(ctx, s, c, d); err != nil {
			return err
		}
		tally, err := d.Tally()
		if err != nil {
			return err
		}
		printJSON(map[string]any{"dry_run": d.ID, "looked_at": d.Worked, "counts": tally})
		if p.Code == "" {
			return nil
		}
		if tally[p.Code] == 0 {
			return fmt.Errorf("nothing ended with %q; the codes are: %s", p.Code, strings.Join(slices.Sorted(maps.Keys(tally)), ", "))
		}
		list, err := campaign.DryRunResults(ctx, s.DB, w.ID, d.ID, p.Code, 0, p.Most)
		for _, r := range list {
			printJSON(r.Result)
		}
		return err
	})
}

func (p campaignDryRunCmd) work(ctx context.Context, s *store, c *config, d campaign.DryRun) (campaign.DryRun, error) {
	runner := &campaign.DryRunner{DB: s.DB, Name: fmt.Sprintf("%s-cli-%d", hostName(), os.Getpid()), Log: c.logger(), Rest: func(context.Context, time.Duration) {}}
	for {
		if err := runner.Begin(ctx, d.ID, time.Hour); err != nil {
			return d, err
		}
		now, err := campaign.LoadDryRun(ctx, s.DB, d.WorkspaceID, d.ID)
		if err != nil {
			return d, err
		}
		switch now.State {
		case "done":
			return now, nil
		case "failed", "cancelled":
			return now, errors.New("the dry run ended: " + now.Reason)
		}
		select { // the server has taken it
		case <-ctx.Done():
			return now, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

type campaignEvidenceCmd struct {
	Campaign  int64  `arg:"" help:"Id of the campaign."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run prints the bundle.
func (p campaignEvidenceCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, p.Workspace, func(s *store, w inbox.Workspace) error {
		e, err := campaign.ReadEvidence(ctx, s.DB, s.Ledger, w.ID, p.Campaign, campaign.Span{}, time.Now())
		if err != nil {
			return err
		}
		printJSON(e)
		return nil
	})
}
