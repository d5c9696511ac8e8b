package api_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/api"
	"ponte/auth"
	"ponte/campaign"
)

// A campaign from its first draft to its evidence, as a marketer and an auditor use it.
func TestACampaignsLife(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h, o, who := s.home, s.other, s.cookie[auth.Owner]
	bundle := func(over map[string]any) map[string]any {
		b := h.body("POST", "/api/v1/campaigns").(map[string]any)
		for k, v := range over {
			b[k] = v
		}
		return b
	}
	for name, c := range map[string]struct {
		over  map[string]any
		field string
	}{
		"no name":                 {map[string]any{"name": " "}, "name"},
		"ends first":              {map[string]any{"starts_at": "2026-05-05T00:00:00Z", "ends_at": "2026-05-04T00:00:00Z"}, "ends_at"},
		"a budget of no currency": {map[string]any{"budget_micros": 5}, "budget_currency"},
		"a strange goal":          {map[string]any{"goal": "Big Sale!"}, "goal"},
		"another's trigger":       {map[string]any{"trigger_ids": []int64{o.trigger}}, "trigger_ids[0]"},
		"no such template":        {map[string]any{"templates": []any{map[string]any{"account_id": h.whatsapp, "name": "nothing_like_it"}}}, "templates[0]"},
	} {
		if res := s.do("POST", "/api/v1/campaigns", who, bundle(c.over)); res.status != 422 || !strings.Contains(res.body, c.field) {
			t.Errorf("%s: %d %s, want 422 naming %s", name, res.status, res.body, c.field)
		}
	}
	var made, copied api.Campaign
	s.must(200, "POST", "/api/v1/campaigns", who, bundle(map[string]any{"name": "Summer", "goal": "booking", "trigger_ids": []int64{h.trigger}}), &made)
	if res := s.do("POST", "/api/v1/campaigns", who, bundle(map[string]any{"name": "Winter", "trigger_ids": []int64{h.trigger}})); res.status != 422 || !strings.Contains(res.body, "Summer") {
		t.Errorf("a trigger of two campaigns: %d %s", res.status, res.body)
	}
	path := fmt.Sprintf("/api/v1/campaigns/%d", made.ID)
	var trigger api.Trigger
	s.must(200, "GET", fmt.Sprintf("/api/v1/triggers/%d", h.trigger), who, nil, &trigger)
	if trigger.CampaignID == nil || *trigger.CampaignID != made.ID || trigger.Campaign != "Summer" {
		t.Errorf("the trigger does not say its campaign: %+v", trigger)
	}
	s.must(200, "POST", path+"/state", who, map[string]any{"state": "live"}, &made)
	if made.State != "live" {
		t.Errorf("it is %s", made.State)
	}
	s.must(200, "POST", path+"/duplicate", who, nil, &copied)
	if copied.State != "draft" || copied.Name != "Summer (2)" || copied.Goal != "booking" || len(copied.TriggerIDs) != 1 || copied.TriggerIDs[0] == h.trigger {
		t.Errorf("the copy: %+v", copied)
	}
	s.exec(`INSERT INTO actions (workspace_id, account_id, kind, state, purpose, origin, token, dedupe, contact_id, identity_id, trigger_id, campaign_id, call, valid_until, sent_at, done_at)
		VALUES ($1, $2, 'message.send', 'done', 'promotional', 'trigger', 'went', 'went', $3, $4, $5, $6, '{"text":"secret words"}', now() + interval '1 day', now(), now())`, h.id, h.whatsapp, h.contact, h.identity, h.trigger, made.ID)
	var proof campaign.CampaignEvidence
	raw := s.must(200, "GET", path+"/evidence", who, nil, &proof)
	if len(proof.Sent) != 1 || proof.Sent[0].Right == nil || proof.Sent[0].Right.Status == "" || proof.Funnel.PrivateReply != 1 || strings.Contains(raw, "secret words") {
		t.Errorf("the evidence: %s", raw)
	}
	s.must(200, "POST", path+"/state", who, map[string]any{"state": "archived"}, nil)
	if raw := s.must(200, "GET", "/api/v1/campaigns", who, nil, nil); strings.Contains(raw, `"name":"Summer"`) {
		t.Errorf("an archived campaign is listed: %s", raw)
	}
}

func TestATriggersTimesAreChecked(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	who := s.cookie[auth.Owner]
	body := func(over map[string]any) map[string]any {
		b := s.home.body("POST", "/api/v1/triggers").(map[string]any)
		for k, v := range over {
			b[k] = v
		}
		return b
	}
	for name, c := range map[string]struct {
		over  map[string]any
		field string
	}{
		"unreadable":      {map[string]any{"recurrence": "nine o'clock", "duration_minutes": 60}, "recurrence"},
		"overlapping":     {map[string]any{"recurrence": "0 * * * *", "duration_minutes": 90}, "duration_minutes"},
		"without length":  {map[string]any{"recurrence": "0 9 * * *"}, "duration_minutes"},
		"strange source":  {map[string]any{"sources": []string{"fax"}}, "sources[0]"},
		"not a hashtag":   {map[string]any{"hashtags": []string{"two words"}}, "hashtags[0]"},
		"no such bundle":  {map[string]any{"campaign_id": s.other.campaign}, "campaign_id"},
		"a delay too far": {map[string]any{"delay_seconds": 7200}, "delay_seconds"},
	} {
		if res := s.do("POST", "/api/v1/triggers", who, body(c.over)); res.status != 422 || !strings.Contains(res.body, c.field) {
			t.Errorf("%s: %d %s, want 422 naming %s", name, res.status, res.body, c.field)
		}
	}
	s.exec(`UPDATE workspaces SET time_zone = 'Europe/Rome' WHERE id = $1`, s.home.id)
	var made api.Trigger
	s.must(200, "POST", "/api/v1/triggers", who, body(map[string]any{"recurrence": "0 9 * * *", "duration_minutes": 60, "once": "period", "per_hour": 5}), &made)
	s.must(200, "POST", fmt.Sprintf("/api/v1/triggers/%d/state", made.ID), who, map[string]any{"state": "live"}, nil)
	var windows api.Page[api.TriggerWindow]
	s.must(200, "GET", fmt.Sprintf("/api/v1/triggers/%d/windows", made.ID), who, nil, &windows)
	if len(windows.Items) < 2 || !strings.HasSuffix(windows.Items[0].LocalStart, "T09:00") {
		t.Errorf("planned: %+v", windows.Items)
	}
	var next api.Page[api.TriggerWindow]
	s.must(200, "POST", "/api/v1/recurrence-preview", who, map[string]any{"recurrence": "30 2 * * *", "duration_minutes": 30, "starts_at": "2027-03-28T00:00:00+01:00"}, &next)
	if len(next.Items) != 5 || next.Items[0].LocalStart != "2027-03-28T03:00" {
		t.Errorf("the next windows: %+v", next.Items)
	}
}

func TestADryRunOfADraft(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h, who := s.home, s.cookie[auth.Owner]
	s.exec(`UPDATE comments SET text = 'info please', decision = 'allow', own = false, commented_at = $2, identity_id = $3 WHERE id = $1`, h.comment, time.Now().Add(-time.Hour), h.identity)
	draft := h.body("POST", "/api/v1/triggers")
	var run api.DryRun
	s.must(200, "POST", "/api/v1/dry-runs", who, map[string]any{"trigger": draft}, &run)
	if run.State != "done" || run.Counts["answered"] != 1 {
		t.Fatalf("the dry run: %+v", run)
	}
	var results api.Page[campaign.DryRunResult]
	s.must(200, "GET", fmt.Sprintf("/api/v1/dry-runs/%d/results?code=answered", run.ID), who, nil, &results)
	if len(results.Items) != 1 || results.Items[0].Would.Public != "hi" || results.Items[0].Text != "info please" || results.Items[0].Harm != 0.9 {
		t.Errorf("results: %+v", results.Items)
	}
	if res := s.do("POST", fmt.Sprintf("/api/v1/dry-runs/%d/cancel", run.ID), who, nil); res.status != 409 {
		t.Errorf("cancelling what has ended: %d", res.status)
	}
	var check api.WordCheck
	s.must(200, "POST", "/api/v1/trigger-check", who, h.body("POST", "/api/v1/trigger-check"), &check)
	if check.Matched != 1 || check.Items[0].Harm != 0.9 {
		t.Errorf("the check: %+v", check)
	}
}

// What goes out is counted in one currency: a budget in another would hold everything for ever.
func TestACampaignsBudgetIsInTheCurrencyTheWorkspaceCounts(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE workspaces SET settings = settings || '{"currency":"AUD"}' WHERE id = $1`, s.home.id)
	for currency, want := range map[string]int{"EUR": 422, "AUD": 200} {
		b := s.home.body("POST", "/api/v1/campaigns").(map[string]any)
		b["name"], b["budget_micros"], b["budget_currency"] = currency, 5_000_000, currency
		if res := s.do("POST", "/api/v1/campaigns", s.cookie[auth.Owner], b); res.status != want || want == 422 && !strings.Contains(res.body, "counts in AUD") {
			t.Errorf("%s: %d %s", currency, res.status, res.body)
		}
	}
}
