package api_test

import (
	"fmt"
	"testing"

	"ponte/api"
	"ponte/auth"
)

func (s *scene) addLabel(name string) api.Label {
	s.t.Helper()
	var l api.Label
	s.must(200, "POST", "/api/v1/labels", s.cookie[auth.Supervisor], map[string]any{"name": name, "color": "red", "description": ""}, &l)
	return l
}

func (s *scene) carries(want string) {
	s.t.Helper()
	if got := s.text(`SELECT labels::text FROM conversations WHERE id = $1`, s.home.conversation); got != want {
		s.t.Errorf("the conversation carries %s, want %s", got, want)
	}
}

func TestRenamingALabelReachesWhatCarriesIt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	boss := s.cookie[auth.Supervisor]
	l := s.addLabel("returns")
	s.must(422, "POST", "/api/v1/labels", boss, map[string]any{"name": "Returns", "color": "red", "description": ""}, nil)
	s.must(200, "POST", s.home.talk("labels"), s.cookie[auth.Agent], map[string]any{"labels": []string{"returns", "own"}}, nil)
	s.must(200, "PUT", fmt.Sprintf("/api/v1/labels/%d", l.ID), boss, map[string]any{"name": "send back", "color": "blue", "description": ""}, &l)
	if l.Open != 1 || l.Conversations != 1 || l.Contacts != 0 {
		t.Errorf("%+v", l)
	}
	s.carries(`{"send back",own}`)
	var page api.Page[api.Conversation]
	s.must(200, "GET", "/api/v1/conversations?label=send%20back", boss, nil, &page)
	if len(page.Items) != 1 {
		t.Errorf("%d conversations carry it", len(page.Items))
	}
}

func TestLabelsAreCountedAndFreeWordsAreListed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.addLabel("returns")
	s.must(200, "POST", s.home.talk("labels"), s.cookie[auth.Agent], map[string]any{"labels": []string{"returns", "zeta"}}, nil)
	s.exec(`UPDATE contacts SET labels = '{returns}' WHERE id = $1`, s.home.contact)
	var page api.Page[api.Label]
	s.must(200, "GET", "/api/v1/labels", s.cookie[auth.Agent], nil, &page)
	found := map[string]api.Label{}
	for _, l := range page.Items {
		found[l.Name] = l
	}
	if l := found["returns"]; l.ID == 0 || l.Open != 1 || l.Conversations != 1 || l.Contacts != 1 {
		t.Errorf("returns: %+v", l)
	}
	if l := found["zeta"]; l.ID != 0 || l.Conversations != 1 || l.Contacts != 0 || page.Items[len(page.Items)-1].Name != "zeta" {
		t.Errorf("a free word: %+v of %+v", l, page.Items)
	}
	if kept := s.addLabel("zeta"); kept.ID == 0 || kept.Conversations != 1 {
		t.Errorf("a free word that is kept: %+v", kept)
	}
	var names api.Page[api.Label]
	page = api.Page[api.Label]{}
	s.must(200, "GET", "/api/v1/labels", s.cookie[auth.Agent], nil, &page)
	s.must(200, "GET", "/api/v1/labels?counts=none", s.cookie[auth.Agent], nil, &names)
	if len(names.Items) != len(page.Items) {
		t.Fatalf("to choose from: %+v, counted %+v", names.Items, page.Items)
	}
	for i, l := range names.Items {
		if l.Name != page.Items[i].Name || l.ID != page.Items[i].ID || l.Conversations != 0 {
			t.Errorf("to choose from: %+v, counted %+v", l, page.Items[i])
		}
	}
}

func TestMergingLabelsLeavesOneOnWhatCarriesBoth(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	boss := s.cookie[auth.Supervisor]
	from, into := s.addLabel("big spender"), s.addLabel("gold")
	s.exec(`UPDATE conversations SET labels = '{own,"big spender",gold}' WHERE id = $1`, s.home.conversation)
	s.exec(`UPDATE contacts SET labels = '{"big spender"}' WHERE id = $1`, s.home.contact)
	s.exec(`UPDATE workspaces SET settings = jsonb_set(settings, '{desk}', '{"vip_labels":["big spender","gold","vip"]}') WHERE id = $1`, s.home.id)
	s.exec(`UPDATE lead_forms SET label = 'big spender' WHERE workspace_id = $1`, s.home.id)
	s.exec(`INSERT INTO number_handoffs (workspace_id, source, contact_id, lead_id, account_id, phone, template, wording_id, agreed_at, state, label) VALUES ($1, 'lead', $2, $3, $4, '61491570158', 'hello', $5, now(), 'agreed', 'big spender')`,
		s.home.id, s.home.contact, s.home.lead, s.home.whatsapp, s.home.wording)
	path := fmt.Sprintf("/api/v1/labels/%d/merge", from.ID)
	s.must(422, "POST", path, boss, map[string]any{"into_id": from.ID}, nil)
	s.must(404, "POST", path, boss, map[string]any{"into_id": s.other.label}, nil)
	var l api.Label
	s.must(200, "POST", path, boss, map[string]any{"into_id": into.ID}, &l)
	if l.Name != "gold" || l.Conversations != 1 || l.Contacts != 1 {
		t.Errorf("%+v", l)
	}
	s.carries(`{own,gold}`)
	if got := s.text(`SELECT settings->'desk'->>'vip_labels' FROM workspaces WHERE id = $1`, s.home.id); got != `["gold", "vip"]` {
		t.Errorf("valuable customers carry %s", got)
	}
	if got := s.text(`SELECT string_agg(DISTINCT label, ',') FROM lead_forms WHERE workspace_id = $1`, s.home.id); got != "gold" {
		t.Errorf("lead forms give %s", got)
	}
	if got := s.text(`SELECT label FROM number_handoffs WHERE workspace_id = $1`, s.home.id); got != "gold" {
		t.Errorf("a number that waits gives %s", got)
	}
	s.must(404, "POST", path, boss, map[string]any{"into_id": into.ID}, nil)
}

func TestRemovingALabelHereOrEverywhere(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	boss := s.cookie[auth.Supervisor]
	one, two := s.addLabel("one"), s.addLabel("two")
	s.exec(`UPDATE conversations SET labels = '{one,two,own}' WHERE id = $1`, s.home.conversation)
	foreign := s.text(`SELECT labels::text FROM conversations WHERE id = $1`, s.other.conversation)
	s.must(204, "DELETE", fmt.Sprintf("/api/v1/labels/%d", one.ID), boss, nil, nil)
	s.carries(`{one,two,own}`)
	s.must(204, "DELETE", fmt.Sprintf("/api/v1/labels/%d?everywhere=true", two.ID), boss, nil, nil)
	s.carries(`{one,own}`)
	if got := s.text(`SELECT labels::text FROM conversations WHERE id = $1`, s.other.conversation); got != foreign {
		t.Errorf("the other workspace's conversation carries %s, before %s", got, foreign)
	}
}
