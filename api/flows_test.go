package api_test

import (
	"fmt"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
	"ponte/flow"
)

func TestAFlowFromDraftToPublishedAndPlayed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	who := s.cookie[auth.Supervisor]
	document := `{
  "format": 1, "id": "hello", "version": 1, "name": "Hello", "languages": ["en", "it"],
  "steps": [
    {"id": "ask", "type": "question", "text": {"en": "What?", "it": "Che cosa?"}, "retries": 9,
     "answer": {"kind": "choice", "choices": [{"id": "a", "title": {"en": "Prices", "it": "Prezzi"}}]}, "next": "offers"},
    {"id": "offers", "type": "consent", "purpose": "promotional", "granted": "bye", "refused": "bye"},
    {"id": "bye", "type": "end", "resolve": true, "text": {"en": "Bye.", "it": "Ciao."}}
  ]
}`
	for document, want := range map[string]string{`{"id": "hello"`: "ends too early", "{\n \"id\": \"hello\",,\n}": "line 2: not JSON", `{} {}`: "line 1: there is more after the end"} {
		if got := s.must(422, "POST", "/api/v1/flows", who, map[string]any{"document": document}, nil); !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", document, got, want)
		}
	}
	var f api.BotFlowDetail
	s.must(200, "POST", "/api/v1/flows", who, map[string]any{"document": document}, &f)
	if f.Check.OK || len(f.Check.Faults) != 1 || f.Check.Faults[0].Line != 4 || f.Check.Faults[0].Step != "ask" || f.Check.Faults[0].Path != "steps[0].retries" {
		t.Fatalf("the fault is told as %+v", f.Check)
	}
	s.must(409, "POST", "/api/v1/flows", who, map[string]any{"document": document}, nil)
	path := fmt.Sprintf("/api/v1/flows/%d", f.ID)
	if body := s.must(422, "POST", path+"/publish", who, map[string]any{"revision": 1}, nil); !strings.Contains(body, "steps[0].retries") || !strings.Contains(body, "line 4") {
		t.Errorf("publishing a draft with faults: %s", body)
	}
	document = strings.Replace(document, `"retries": 9`, `"retries": 1`, 1)
	s.must(200, "PUT", path, who, map[string]any{"document": document, "revision": 1}, &f)
	s.must(409, "PUT", path, who, map[string]any{"document": document, "revision": 1}, nil)
	s.must(409, "POST", path+"/publish", who, map[string]any{"revision": 1}, nil)
	s.must(200, "POST", path+"/publish", who, map[string]any{"revision": 2, "note": "first"}, &f)
	if f.LiveNumber == nil || *f.LiveNumber != 1 || f.Changed || !f.Versions[0].Live {
		t.Fatalf("after publishing: %+v", f)
	}
	s.must(200, "PUT", path, who, map[string]any{"document": strings.Replace(document, "Bye.", "See you.", 1), "revision": f.Revision}, &f)
	var d api.FlowDiff
	s.must(200, "GET", path+"/diff?from=1&to=0", who, nil, &d)
	if len(d.Changes) != 1 || d.Changes[0].Path != "steps.bye" || !strings.Contains(d.Changes[0].Now, "See you.") || !f.Changed {
		t.Errorf("the draft differs by %+v", d.Changes)
	}
	s.must(422, "PUT", path+"/starts", who, map[string]any{"starts": []any{map[string]any{"on": "keyword", "account_id": nil, "channel": "", "language": "", "trigger_id": nil, "campaign_id": nil, "keywords": []string{}}}}, nil)
	s.must(422, "PUT", path+"/starts", who, map[string]any{"starts": []any{map[string]any{"on": "handoff", "account_id": nil, "channel": "", "language": "", "trigger_id": s.other.trigger, "campaign_id": nil, "keywords": []string{}}}}, nil)
	s.must(200, "PUT", path+"/starts", who, map[string]any{"starts": []any{map[string]any{"on": "handoff", "account_id": s.home.whatsapp, "channel": "", "language": "", "trigger_id": s.home.trigger, "campaign_id": nil, "keywords": []string{}}}}, &f)
	if len(f.Starts) != 1 || f.Starts[0].TriggerID == nil {
		t.Errorf("it begins %+v", f.Starts)
	}
	var p api.Played
	s.must(200, "POST", path+"/play", who, map[string]any{"language": "it", "moves": []any{map[string]any{"payload": "f:ask:a"}, map[string]any{"text": "sì"}}}, &p)
	if len(p.Turns) != 3 || p.Turns[0].Says[0].Text != "Che cosa?" || p.Turns[0].Says[0].Options[0].Title != "Prezzi" || p.Turns[1].Says[0].Kind != "ask_consent" || p.Turns[2].Does[0].Detail != "grant promotional" || p.Turns[2].Why != "resolved" {
		t.Errorf("played %+v", p.Turns)
	}
	s.must(200, "POST", path+"/play", who, map[string]any{"moves": []any{map[string]any{"text": "please stop writing to me"}}}, &p)
	if p.Turns[1].Why != "stopped" {
		t.Errorf("a wish to stop in a rehearsal: %+v", p.Turns[1])
	}
	s.must(422, "POST", path+"/play", who, map[string]any{"moves": []any{map[string]any{"silent": true}}}, nil)
	if n := s.id(`SELECT (SELECT count(*) FROM flow_runs WHERE state <> '{}') + (SELECT count(*) FROM consent_entries) + (SELECT count(*) FROM actions WHERE workspace_id = $1 AND origin = 'bot' AND dedupe LIKE 'flow:%')`, s.home.id); n != 0 {
		t.Errorf("a rehearsal left %d rows", n)
	}
	s.must(204, "POST", path+"/archive", who, nil, nil)
	s.must(409, "PUT", path, who, map[string]any{"document": document, "revision": f.Revision}, nil)
}

func TestShippedFlowsCanBeKeptAndPlayed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var list api.Page[api.ShippedFlow]
	s.must(200, "GET", "/api/v1/flow-library", s.cookie[auth.Owner], nil, &list)
	if len(list.Items) != len(flow.Library()) {
		t.Fatalf("%d flows are shipped", len(list.Items))
	}
	for _, shipped := range list.Items {
		var f api.BotFlowDetail
		s.must(200, "POST", "/api/v1/flows", s.cookie[auth.Owner], map[string]any{"document": shipped.Document}, &f)
		var p api.Played
		s.must(200, "POST", fmt.Sprintf("/api/v1/flows/%d/play", f.ID), s.cookie[auth.Agent], map[string]any{"language": "ro", "moves": []any{}}, &p)
		if len(p.Turns) != 1 || len(p.Turns[0].Says) == 0 || p.Turns[0].Says[0].Language != "ro" {
			t.Errorf("%s begins with %+v", shipped.Key, p.Turns)
		}
	}
}

func TestBookingsOfTheTeamAndTheirCalendar(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	who := s.cookie[auth.Supervisor]
	in := service("trim")
	in["hours"] = map[string]any{"time_zone": "Nowhere/Land", "week": map[string]any{"mon": []string{"9-17"}}, "closed": []string{}}
	if body := s.must(422, "POST", "/api/v1/services", who, in, nil); !strings.Contains(body, "hours.time_zone") || !strings.Contains(body, "hours.week.mon") {
		t.Errorf("hours with faults: %s", body)
	}
	in["hours"] = map[string]any{"time_zone": "Europe/Rome", "week": map[string]any{"mon": []string{"09:00-17:00"}, "tue": []string{"09:00-17:00"}, "wed": []string{"09:00-17:00"}}, "closed": []string{}}
	var sv api.Service
	s.must(200, "POST", "/api/v1/services", who, in, &sv)
	var free api.FreeTimes
	s.must(200, "GET", fmt.Sprintf("/api/v1/services/%d/free?limit=3", sv.ID), who, nil, &free)
	if len(free.Times) != 3 || free.TimeZone != "Europe/Rome" {
		t.Fatalf("free are %+v", free)
	}
	book := map[string]any{"service_id": sv.ID, "starts_at": free.Times[0], "contact_id": s.home.contact}
	var b api.Booking
	s.must(200, "POST", "/api/v1/bookings", s.cookie[auth.Agent], book, &b)
	s.must(409, "POST", "/api/v1/bookings", s.cookie[auth.Agent], book, nil)
	book["contact_id"] = s.other.contact
	s.must(422, "POST", "/api/v1/bookings", s.cookie[auth.Agent], book, nil)
	path := fmt.Sprintf("/api/v1/bookings/%d", b.ID)
	s.must(409, "POST", path+"/move", s.cookie[auth.Agent], map[string]any{"starts_at": free.Times[0].AddDate(0, 0, 4*365)}, nil)
	s.must(200, "POST", path+"/move", s.cookie[auth.Agent], map[string]any{"starts_at": free.Times[1]}, &b)
	if !b.StartsAt.Equal(free.Times[1]) || b.Moved != 1 {
		t.Errorf("moved to %+v", b)
	}
	var list api.Page[api.Booking]
	s.must(200, "GET", fmt.Sprintf("/api/v1/bookings?service_id=%d", sv.ID), who, nil, &list)
	if len(list.Items) != 1 || list.Items[0].Name == "" {
		t.Errorf("the calendar holds %+v", list.Items)
	}
	s.must(200, "POST", path+"/cancel", s.cookie[auth.Agent], nil, &b)
	s.must(200, "GET", fmt.Sprintf("/api/v1/bookings?service_id=%d", sv.ID), who, nil, &list)
	if len(list.Items) != 0 || b.State != "cancelled" {
		t.Errorf("after the cancellation %+v", list.Items)
	}
}

func TestAwayAndWelcomeMayNotOffer(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	who := s.cookie[auth.Owner]
	body := map[string]any{"account_id": nil, "hours": map[string]any{"time_zone": "Europe/Rome", "week": map[string]any{"mon": []string{"09:00-17:00"}}, "closed": []string{}}, "welcome": map[string]string{}, "away": map[string]string{"it": "Siamo chiusi. Intanto guarda gli sconti!"}}
	if got := s.must(422, "PUT", "/api/v1/hours", who, body, nil); !strings.Contains(got, "away.it") {
		t.Errorf("an away message with an offer: %s", got)
	}
	body["away"] = map[string]string{"it": "Siamo chiusi, rispondiamo {{opens}}."}
	s.must(200, "PUT", "/api/v1/hours", who, body, nil)
	week := body["hours"].(map[string]any)
	open := week["week"]
	week["week"] = map[string]any{}
	if got := s.must(422, "PUT", "/api/v1/hours", who, body, nil); !strings.Contains(got, "hours_never_open") {
		t.Errorf("hours that never open are to be told: %s", got)
	}
	week["week"] = open
	body["account_id"] = s.other.whatsapp
	s.must(404, "PUT", "/api/v1/hours", who, body, nil)
	body["account_id"] = s.home.whatsapp
	s.must(200, "PUT", "/api/v1/hours", who, body, nil)
	var list api.Page[api.BusinessHours]
	s.must(200, "GET", "/api/v1/hours", who, nil, &list)
	if len(list.Items) != 2 || list.Items[0].AccountID != nil || list.Items[1].AccountID == nil {
		t.Errorf("the hours are %+v", list.Items)
	}
	s.must(204, "POST", "/api/v1/hours/remove", who, map[string]any{"account_id": nil}, nil)
}

func TestASecretIsNeverShown(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	value := "0123456789abcdef0123456789abcdef"
	s.must(204, "POST", "/api/v1/flow-secrets", s.cookie[auth.Owner], map[string]any{"name": "shop", "value": value, "hosts": []string{"shop.example.com"}}, nil)
	s.must(422, "POST", "/api/v1/flow-secrets", s.cookie[auth.Owner], map[string]any{"name": "shop", "value": value, "hosts": []string{"169.254.169.254"}}, nil)
	if body := s.must(200, "GET", "/api/v1/flow-secrets", s.cookie[auth.Owner], nil, nil); strings.Contains(body, value) || !strings.Contains(body, "shop.example.com") {
		t.Errorf("the list of secrets is %s", body)
	}
	if n := s.id(`SELECT count(*) FROM audit_log WHERE detail::text LIKE '%' || $1 || '%'`, value); n != 0 {
		t.Error("the audit log holds the secret")
	}
}

// Whoever publishes is told that a template is not there, or not in a language, and that a team is gone; it keeps
// nobody from publishing, because approval may come in an hour.
func TestWhoPublishesIsToldWhatTheFlowNamesInVain(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	who := s.cookie[auth.Supervisor]
	for _, x := range []struct{ name, language, status string }{{"both", "en_AU", "APPROVED"}, {"both", "it", "APPROVED"}, {"half", "en", "APPROVED"}, {"half", "it", "REJECTED"}, {"waits", "en", "PENDING"}} {
		s.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES ($1, $2, $3, $4, 'UTILITY', $5, '[{"type":"BODY","text":"Hello there."}]')`, s.home.id, s.home.whatsapp, x.name, x.language, x.status)
	}
	s.exec(`INSERT INTO teams (workspace_id, name, archived_at) VALUES ($1, 'gone', now())`, s.home.id)
	document := `{"format": 1, "id": "named", "version": 1, "name": "Named", "languages": ["en", "it"], "steps": [
    {"id": "a", "type": "template", "template": "both", "next": "b"},
    {"id": "b", "type": "template", "template": "half", "next": "c"},
    {"id": "c", "type": "template", "template": "waits", "next": "d"},
    {"id": "d", "type": "template", "template": "nowhere", "next": "e"},
    {"id": "e", "type": "assign", "team": "gone", "next": "f"},
    {"id": "f", "type": "hand_over", "team": "returns"}]}`
	var f api.BotFlowDetail
	s.must(200, "POST", "/api/v1/flows", who, map[string]any{"document": document}, &f)
	s.must(200, "POST", fmt.Sprintf("/api/v1/flows/%d/publish", f.ID), who, map[string]any{"revision": 1}, &f)
	var got []string
	for _, w := range f.Check.Warnings {
		code := ""
		for _, p := range w.Parts {
			code += p.Code
		}
		got = append(got, fmt.Sprint(w.Step, " ", w.Path, " ", w.Line, " ", code))
	}
	want := "b steps[1].template 3 flow_template_languages|c steps[2].template 4 flow_template_none|d steps[3].template 5 flow_template_none|e steps[4].team 6 flow_team_gone"
	if strings.Join(got, "|") != want || f.LiveNumber == nil {
		t.Errorf("warned of\n %s\nwant\n %s\nlive %v", strings.Join(got, "|"), want, f.LiveNumber)
	}
}

// What a live flow names may go while it is live: its list says so, and says beforehand who would miss what.
func TestALiveFlowSaysWhatIsGone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner := s.cookie[auth.Owner]
	var shipped api.Page[api.ShippedFlow]
	s.must(200, "GET", "/api/v1/flow-library", owner, nil, &shipped)
	document := ""
	for _, f := range shipped.Items {
		if f.Key == "booking" {
			document = strings.Replace(f.Document, `"booking"`, `"tours"`, 1)
		}
	}
	var team struct {
		ID int64 `json:"id"`
	}
	s.must(200, "POST", "/api/v1/teams", owner, map[string]any{"name": "bookings", "skills": []string{}, "languages": []string{}, "escalate_to": "", "member_ids": []int64{s.id(`SELECT user_id FROM members WHERE workspace_id = $1 AND role = 'owner'`, s.home.id)}}, &team)
	var f api.BotFlowDetail
	s.must(200, "POST", "/api/v1/flows", owner, map[string]any{"document": document}, &f)
	if len(f.Uses.Services) != 0 {
		t.Errorf("a draft that nobody uses names %+v", f.Uses)
	}
	path := fmt.Sprintf("/api/v1/flows/%d", f.ID)
	s.must(200, "POST", path+"/publish", owner, map[string]any{"revision": 1}, &f)
	codes := func(list []api.FlowFault) string {
		out := ""
		for _, p := range list {
			if c := p.Parts[0].Code; !strings.HasPrefix(c, "flow_template") {
				out += " " + p.Path + " " + c
			}
		}
		return out
	}
	listed := func() api.BotFlow {
		var page api.Page[api.BotFlow]
		s.must(200, "GET", "/api/v1/flows", owner, nil, &page)
		for _, x := range page.Items {
			if x.ID == f.ID {
				return x
			}
		}
		t.Fatal("the flow is not listed")
		return api.BotFlow{}
	}
	now := listed()
	if got := codes(now.Problems); got != "" || fmt.Sprint(now.Uses.Teams) != "[bookings]" || len(now.Uses.Services) == 0 || len(now.Uses.Templates) == 0 {
		t.Fatalf("as published it uses %+v and lacks %s", now.Uses, got)
	}
	s.exec(`UPDATE services SET archived_at = now() WHERE workspace_id = $1 AND key = $2`, s.home.id, now.Uses.Services[0])
	s.exec(`DELETE FROM team_members WHERE workspace_id = $1`, s.home.id)
	if got := codes(listed().Problems); !strings.Contains(got, "services[0].id flow_service_gone") || !strings.Contains(got, "flow_team_empty") {
		t.Errorf("a service was archived and a team left; it says %s", got)
	}
	s.must(200, "GET", path, owner, nil, &f)
	if got := codes(f.Check.Warnings); !strings.Contains(got, "services[0].id flow_service_back") {
		t.Errorf("whoever publishes is told %s", got)
	}
	s.must(200, "POST", path+"/publish", owner, map[string]any{"revision": f.Revision}, &f)
	if got := codes(f.Problems); strings.Contains(got, "service") {
		t.Errorf("published once more it says %s", got)
	}
}

// The flow that welcomes everybody does not end by the way: people would get another conversation, and nobody would be told.
func TestTheFlowThatWelcomesIsNotEnded(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE flows SET live_version = (SELECT id FROM flow_versions v WHERE v.flow_id = flows.id) WHERE id = $1`, s.home.flow)
	s.exec(`UPDATE workspaces SET settings = settings || jsonb_build_object('default_flow', $2::bigint) WHERE id = $1`, s.home.id, s.home.flow)
	archive := fmt.Sprintf("/api/v1/flows/%d/archive", s.home.flow)
	if raw := s.must(409, "POST", archive, s.cookie[auth.Owner], nil, nil); !strings.Contains(raw, "default_flow") {
		t.Error(raw)
	}
	s.must(409, "POST", fmt.Sprintf("/api/v1/flows/%d/live", s.home.flow), s.cookie[auth.Owner], map[string]any{"number": 0}, nil)
	s.exec(`UPDATE workspaces SET settings = settings - 'default_flow' WHERE id = $1`, s.home.id)
	s.must(204, "POST", archive, s.cookie[auth.Owner], nil, nil)
}
