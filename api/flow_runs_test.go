package api_test

import (
	"fmt"
	"testing"

	"ponte/api"
	"ponte/auth"
)

func TestAMemberLeadsAPersonOutOfAFlow(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	who := s.cookie[auth.Agent]
	list := func(query string) []api.FlowRun {
		t.Helper()
		var page api.Page[api.FlowRun]
		s.must(200, "GET", "/api/v1/flow-runs?"+query, who, nil, &page)
		return page.Items
	}
	s.exec(`UPDATE flow_runs SET shipped = 'lead_capture', timer_at = now() WHERE id = $1`, s.home.run)
	if runs := list("state=open&flow=lead_capture"); len(runs) != 1 || runs[0].ID != s.home.run || runs[0].EndedAt != nil {
		t.Fatalf("inside: %+v", runs)
	}
	if runs := list("flow=booking"); len(runs) != 0 {
		t.Errorf("in another flow: %+v", runs)
	}
	path := fmt.Sprintf("/api/v1/flow-runs/%d/end", s.home.run)
	s.must(403, "POST", path, s.cookie[auth.Analyst], nil, nil)
	s.must(204, "POST", path, who, nil, nil)
	s.must(409, "POST", path, who, nil, nil)
	if runs := list("state=ended&why=by_hand"); len(runs) != 1 || runs[0].EndedAt == nil || runs[0].Why != "by_hand" {
		t.Errorf("ended: %+v", runs)
	}
	if runs := list("why=resolved"); len(runs) != 0 {
		t.Errorf("ended otherwise: %+v", runs)
	}
	if n := s.id(`SELECT count(*) FROM audit_log WHERE workspace_id = $1 AND verb = 'flow_run.end'`, s.home.id); n != 1 {
		t.Errorf("%d lines in the audit log", n)
	}
}
