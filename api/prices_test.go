package api_test

import (
	"fmt"
	"strings"
	"testing"

	"ponte/auth"
)

const priceCSV = "country,category,effective_from,currency,price\nAU,marketing,2026-07-01,AUD,0.11\n"

func TestPriceFilesAndBudgets(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner := s.cookie[auth.Owner]
	var f struct {
		ID      int64 `json:"id"`
		Version int   `json:"version"`
	}
	held := s.id(`UPDATE actions SET state = 'held', reason = 'price_unknown', not_before = now() + interval '1 hour' WHERE id = $1 RETURNING id`, s.home.action)
	s.must(200, "POST", "/api/v1/price-files", owner, map[string]any{"name": "card", "text": priceCSV}, &f)
	if f.Version != 2 {
		t.Errorf("version %d, want 2", f.Version)
	}
	if s.text(`SELECT not_before < now() FROM actions WHERE id = $1`, held) != "true" {
		t.Error("what waits for a price is not judged again")
	}
	if r := s.do("POST", "/api/v1/price-files", owner, map[string]any{"name": "card", "text": priceCSV}); r.status != 409 {
		t.Errorf("the same file twice: %d", r.status)
	}
	if r := s.do("POST", "/api/v1/price-files", owner, map[string]any{"name": "card", "text": "country\nAU\n"}); r.status != 422 || !strings.Contains(r.body, "effective_from") || !strings.Contains(r.body, `"location":"text"`) {
		t.Errorf("a broken file: %d %s", r.status, r.body)
	}
	if r := s.do("POST", "/api/v1/price-files", s.cookie[auth.Supervisor], map[string]any{"name": "card", "text": priceCSV}); r.status != 403 {
		t.Errorf("a supervisor imports prices: %d", r.status)
	}
	body := s.must(200, "POST", fmt.Sprintf("/api/v1/price-files/%d/withdraw", f.ID), owner, nil, nil)
	if !strings.Contains(body, `"withdrawn_by":"user:`) {
		t.Error(body)
	}
	if n := s.id(`SELECT count(*) FROM audit_log WHERE workspace_id = $1 AND verb LIKE 'prices.%'`, s.home.id); n != 2 {
		t.Errorf("%d lines in the audit log, want 2", n)
	}

	s.exec(`UPDATE actions SET state = 'done', reason = '', sent_at = now(), cost_state = 'estimated', cost_micros = 110000, cost_currency = 'AUD' WHERE id = $1`, held)
	campaign := s.id(`INSERT INTO campaigns (workspace_id, name, budget_micros, budget_currency) VALUES ($1, 'spring', 500000, 'AUD') RETURNING id`, s.home.id)
	s.exec(`UPDATE actions SET campaign_id = $2 WHERE id = $1`, held, campaign)
	body = s.must(200, "GET", "/api/v1/spending", owner, nil, nil)
	for _, want := range []string{`"currency":"AUD"`, `"micros":110000`, `"limit_micros":500000`, `"name":"spring"`} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
	body = s.must(200, "GET", fmt.Sprintf("/api/v1/conversations/%d", s.home.conversation), owner, nil, nil)
	if !strings.Contains(body, `"cost":{"currency":"AUD","micros":110000,"messages":1,"unknown":0,"other_currency":0}`) {
		t.Error(body)
	}
}

func TestMoneySettingsAreChecked(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner := s.cookie[auth.Owner]
	var w map[string]any
	s.must(200, "GET", "/api/v1/workspace", owner, nil, &w)
	delete(w, "id")
	delete(w, "$schema")
	base := w["settings"].(map[string]any)
	for _, c := range []struct {
		change map[string]any
		want   int
	}{
		{map[string]any{"budget_day_micros": 1000}, 422}, {map[string]any{"currency": "dollar"}, 422}, {map[string]any{"currency": "AUD", "budget_day_micros": -1}, 422},
		{map[string]any{"nudge_hours": 12}, 422}, {map[string]any{"read_back_minutes": -1}, 422},
		{map[string]any{"currency": "AUD", "budget_day_micros": 0, "budget_month_micros": 5_000_000, "nudge_hours": 48}, 200},
		{map[string]any{"budget_day_micros": nil}, 200},
	} {
		settings := map[string]any{}
		for k, v := range base {
			settings[k] = v
		}
		for k, v := range c.change {
			settings[k] = v
		}
		w["settings"] = settings
		if r := s.do("PUT", "/api/v1/workspace", owner, w); r.status != c.want {
			t.Errorf("%v: %d, want %d: %s", c.change, r.status, c.want, r.body)
		}
	}
	body := s.must(200, "GET", "/api/v1/spending", owner, nil, nil)
	if !strings.Contains(body, `"limit_micros":5000000`) || !strings.Contains(body, `"day":{"limit_micros":null`) && !strings.Contains(body, `"limit_micros":null`) {
		t.Error(body)
	}
}

func TestTheGateSaysWhyAnActionWaits(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE contacts SET blocked_at = now() WHERE id = $1`, s.home.contact)
	path := fmt.Sprintf("/api/v1/actions/%d/gate", s.home.action)
	body := s.must(200, "GET", path, s.cookie[auth.Agent], nil, nil)
	if !strings.Contains(body, `"verb":"refuse"`) || !strings.Contains(body, `"code":"blocked"`) {
		t.Error(body)
	}
	s.exec(`UPDATE actions SET state = 'done' WHERE id = $1`, s.home.action)
	if r := s.do("GET", path, s.cookie[auth.Agent], nil); r.status != 409 {
		t.Errorf("about what is done: %d", r.status)
	}
}
