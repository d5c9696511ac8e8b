package api_test

import (
	"fmt"
	"testing"

	"ponte/api"
	"ponte/auth"
)

// TestSettle: a member says what became of an action of unknown outcome, and how they know; each finding
// leads to another state, and the reason is kept in the audit log.
func TestSettle(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	path := fmt.Sprintf("/api/v1/actions/%d/settle", s.home.action)
	for outcome, want := range map[string]string{"took_place": "done", "did_not": "cancelled", "send_again": "planned"} {
		s.exec(`UPDATE actions SET state = 'unknown', reason = 'timeout', done_at = NULL WHERE id = $1`, s.home.action)
		if res := s.do("POST", path, s.cookie[auth.Supervisor], map[string]any{"outcome": outcome, "reason": " "}); res.status != 422 {
			t.Errorf("%s without a reason: %d", outcome, res.status)
		}
		var a api.Action
		s.must(200, "POST", path, s.cookie[auth.Supervisor], map[string]any{"outcome": outcome, "reason": "seen in the app"}, &a)
		if a.State != want {
			t.Errorf("%s: the action is %s, want %s", outcome, a.State, want)
		}
		if got := s.text(`SELECT concat(detail->>'outcome', ':', detail->>'reason') FROM audit_log WHERE verb = 'action.settle' ORDER BY id DESC LIMIT 1`); got != outcome+":seen in the app" {
			t.Errorf("%s: the audit log has %q", outcome, got)
		}
		if res := s.do("POST", path, s.cookie[auth.Supervisor], map[string]any{"outcome": outcome, "reason": "again"}); res.status != 409 {
			t.Errorf("%s a second time: %d", outcome, res.status)
		}
	}
	if res := s.do("POST", path, s.cookie[auth.Supervisor], map[string]any{"outcome": "maybe", "reason": "x"}); res.status != 422 {
		t.Errorf("an unknown finding: %d", res.status)
	}
}

func TestActionsByState(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for query, want := range map[string]int{"": 1, "?state=planned": 1, "?state=held&state=planned": 1, "?state=unknown&state=held": 0} {
		var page api.Page[api.Action]
		s.must(200, "GET", "/api/v1/actions"+query, s.cookie[auth.Analyst], nil, &page)
		if len(page.Items) != want {
			t.Errorf("%s: %d actions, want %d", query, len(page.Items), want)
		}
		if want == 1 && len(page.Items) == 1 && page.Items[0].ContactName == "" {
			t.Errorf("%s: whom it concerns is missing", query)
		}
	}
	s.exec(`UPDATE actions SET purpose = 'technical', kind = 'message.typing' WHERE id = $1`, s.home.action)
	for state, want := range map[string]int{"done": 0, "failed": 1} {
		s.exec(`UPDATE actions SET state = $2, reason = 'x' WHERE id = $1`, s.home.action, state)
		var page api.Page[api.Action]
		s.must(200, "GET", "/api/v1/actions?quiet=true", s.cookie[auth.Analyst], nil, &page)
		if len(page.Items) != want {
			t.Errorf("a typing sign that is %s: %d actions, want %d", state, len(page.Items), want)
		}
	}
	if res := s.do("GET", "/api/v1/actions?state=nothing", s.cookie[auth.Analyst], nil); res.status != 422 {
		t.Errorf("an unknown state: %d", res.status)
	}
}

// TestErasureTellsWhatGoes: the figures are those of what erasing then empties.
func TestErasureTellsWhatGoes(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	path := fmt.Sprintf("/api/v1/contacts/%d/", s.home.contact)
	var e api.Erasure
	s.must(200, "GET", path+"erasure", s.cookie[auth.Admin], nil, &e)
	if want := (api.Erasure{Identities: 1, Comments: 1, Messages: 1, Conversations: 1, Waiting: 1}); e != want {
		t.Errorf("before: %+v, want %+v", e, want)
	}
	s.must(204, "POST", path+"erase", s.cookie[auth.Admin], nil, nil)
	if got := s.text(`SELECT concat((SELECT string_agg(text, '') FROM comments WHERE contact_id = $1), (SELECT string_agg(m.text, '') FROM messages m JOIN threads t ON t.id = m.thread_id WHERE t.contact_id = $1),
    (SELECT string_agg(name, '') FROM identities WHERE contact_id = $1))`, s.home.contact); got != "" {
		t.Errorf("erasing left %q", got)
	}
	if got := s.text(`SELECT concat(state, ' ', unread, ' ', waiting_since) FROM conversations WHERE id = $1`, s.home.conversation); got != "resolved 0 " {
		t.Errorf("somebody is to answer a person who is gone: %s", got)
	}
	if got := s.text(`SELECT state FROM actions WHERE id = $1`, s.home.action); got != "cancelled" {
		t.Errorf("what waited is %s", got)
	}
}
