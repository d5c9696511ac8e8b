package api_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
)

func TestLeadsAreListedWithWhatBecameOfThem(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h := s.home
	add := func(key, form, task, state string, contact any, minutes int) int64 {
		return s.id(`INSERT INTO leads (workspace_id, account_id, external_id, form_id, contact_id, answers, boxes, submitted_at, state, reason, task, task_by) VALUES ($1, $2, $3, $4, $5, '{"phone":["+61 491 570 156"]}', '{"offers_ok":true}', now() - make_interval(mins => $6), $7, 'kept', $8, CASE WHEN $8 = 'done' THEN $9 ELSE '' END) RETURNING id`,
			h.id, h.facebook, key, form, contact, minutes, state, task, fmt.Sprintf("user:%d", s.user[auth.Agent]))
	}
	looked := add("a", "990", "done", "kept", h.contact, 10)
	untold := add("b", "555", "open", "kept", h.contact, 20)
	failed := add("c", "", "", "failed", nil, 30)
	s.exec(`INSERT INTO number_handoffs (workspace_id, source, contact_id, lead_id, account_id, phone, template, wording_id, state, agreed_at) VALUES ($1, 'lead', $2, $3, $4, '61491570156', 'hello', $5, 'sent', now())`, h.id, h.contact, looked, h.whatsapp, h.wording)
	list := func(role auth.Role, query string) (out struct {
		Items []api.ReceivedLead
		Next  string
	}) {
		t.Helper()
		s.must(200, "GET", "/api/v1/leads"+query, s.cookie[role], nil, &out)
		return out
	}
	ids := func(items []api.ReceivedLead) []int64 {
		out := []int64{}
		for _, l := range items {
			out = append(out, l.ID)
		}
		return out
	}
	for query, want := range map[string][]int64{"": {h.lead, untold}, "?task=done": {looked}, "?task=all": {h.lead, looked, untold, failed}, "?task=all&form_id=555": {untold}, "?form_id=990": {h.lead}} {
		if got := ids(list(auth.Agent, query).Items); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", query, got, want)
		}
	}
	var paged []int64
	for cursor := ""; ; {
		page := list(auth.Owner, "?task=all&limit=1&cursor="+url.QueryEscape(cursor))
		paged = append(paged, ids(page.Items)...)
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if !slices.Equal(paged, []int64{h.lead, looked, untold, failed}) {
		t.Errorf("page by page: %v", paged)
	}
	one := list(auth.Agent, "?task=done").Items[0]
	if one.FormName != "home words" || one.TaskBy != "agent@home.example" || one.Number != "sent" || one.ConversationID == nil || *one.ConversationID != h.conversation || one.Answers[0].Values[0] != "+61 491 570 156" {
		t.Errorf("%+v", one)
	}
	for _, role := range auth.Roles {
		body := s.do("GET", "/api/v1/leads?task=all", s.cookie[role], nil).body
		if strings.Contains(body, "491 570 156") != role.SeesPhones() {
			t.Errorf("%s: %s", role, body)
		}
	}
	var forms struct{ Items []api.LeadForm }
	s.must(200, "GET", "/api/v1/lead-forms", s.cookie[auth.Analyst], nil, &forms)
	if len(forms.Items) != 2 || forms.Items[0].ID != 0 || forms.Items[0].FormID != "555" || forms.Items[0].Tasks != 1 || !slices.Equal(forms.Items[0].Boxes, []string{"offers_ok"}) || forms.Items[1].ID != h.leadForm || forms.Items[1].Leads != 2 {
		t.Errorf("%+v", forms.Items)
	}
}

func TestAPostersLinkIsCountedAndDrawn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	h := s.home
	for i := range 3 {
		_, identity := s.person("P", "whatsapp", fmt.Sprintf("poster-%d", i), "")
		thread := s.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) SELECT workspace_id, $1, 'whatsapp', id, contact_id FROM identities WHERE id = $2 RETURNING id`, h.whatsapp, identity)
		s.exec(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, origin, opened_at, last_message_at) SELECT workspace_id, account_id, channel, id, contact_id, jsonb_build_object('link_id', $2::bigint), now(), now() FROM threads WHERE id = $1`, thread, h.link)
	}
	var links struct{ Items []api.HandoffLink }
	s.must(200, "GET", "/api/v1/handoff-links", s.cookie[auth.Analyst], nil, &links)
	if len(links.Items) != 1 || links.Items[0].Started != 3 {
		t.Errorf("%+v", links.Items)
	}
	res := s.do("GET", fmt.Sprintf("/api/v1/handoff-links/%d/qr?format=png", h.link), s.cookie[auth.Moderator], nil)
	if res.status != 200 || res.header.Get("Content-Type") != "image/png" || !strings.HasPrefix(res.body, "\x89PNG") {
		t.Errorf("%d %s", res.status, res.header.Get("Content-Type"))
	}
}

func TestActionsAreNarrowedByReason(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE actions SET state = 'held', reason = 'account_off' WHERE id = $1`, s.home.action)
	count := func(query string) int {
		var list struct{ Items []api.Action }
		s.must(200, "GET", "/api/v1/actions?"+query, s.cookie[auth.Supervisor], nil, &list)
		return len(list.Items)
	}
	if a, b, c := count("reason=account_off"), count("reason=account_off&state=held"), count("reason=account"); a != 1 || b != 1 || c != 0 {
		t.Errorf("%d, %d and %d actions", a, b, c)
	}
}
