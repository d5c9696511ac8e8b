package api_test

import (
	"fmt"
	"strings"
	"testing"

	"ponte/auth"
)

type shownRule struct {
	ID       int64          `json:"id"`
	Name     string         `json:"name"`
	Decision string         `json:"decision"`
	Off      bool           `json:"off"`
	Shipped  bool           `json:"shipped"`
	Replaces bool           `json:"replaces"`
	Document map[string]any `json:"document"`
}

func (s *scene) rules(query string) map[string]shownRule {
	s.t.Helper()
	var page struct{ Items []shownRule }
	s.must(200, "GET", "/api/v1/rules"+query, s.cookie[auth.Moderator], nil, &page)
	out := map[string]shownRule{}
	for _, r := range page.Items {
		out[r.Name] = r
	}
	return out
}

func TestRulesAreAddedChangedAndRemoved(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`DELETE FROM rules WHERE workspace_id = $1`, s.home.id)
	owner := s.cookie[auth.Owner]
	revision := func() int64 {
		return s.id(`SELECT rules_revision FROM workspaces WHERE id = $1`, s.home.id)
	}
	list := s.rules("")
	if r := list["casino"]; !r.Shipped || r.ID != 0 || r.Document != nil {
		t.Errorf("the shipped rule is shown as %+v", r)
	}
	shipped := len(list)

	var added shownRule
	rule := map[string]any{"name": "rivals", "text": "names a rival", "category": "spam", "decision": "review", "words": []string{"boatco"},
		"any": []any{map[string]any{"links": 1}, map[string]any{"author": map[string]any{"first": true}}}, "not": map[string]any{"domains": []string{"ours.example.com"}}}
	s.must(200, "POST", "/api/v1/rules", owner, rule, &added)
	if added.ID == 0 || added.Name != "rivals" || added.Replaces || len(added.Document["any"].([]any)) != 2 {
		t.Errorf("added: %+v", added)
	}
	if got := len(s.rules("")); got != shipped+1 {
		t.Errorf("%d rules, want one more than %d", got, shipped)
	}
	if s.do("POST", "/api/v1/rules", owner, rule).status != 422 {
		t.Error("a second rule of the same name is taken")
	}
	before := revision()
	path := fmt.Sprintf("/api/v1/rules/%d", added.ID)
	rule["decision"] = "hide"
	var changed shownRule
	s.must(200, "PUT", path, owner, rule, &changed)
	if changed.Decision != "hide" || revision() <= before {
		t.Errorf("changed: %+v, revision %d after %d", changed, revision(), before)
	}
	// A shipped rule is switched off by one of its name.
	var off shownRule
	s.must(200, "POST", "/api/v1/rules", owner, map[string]any{"name": "casino", "text": "ours to say", "category": "spam", "decision": "review", "off": true, "words": []string{"casino"}}, &off)
	if now := s.rules("?full=true")["casino"]; !now.Off || !now.Replaces || now.Shipped || now.Document["text"] != "ours to say" || len(s.rules("")) != shipped+1 {
		t.Errorf("switched off: %+v", now)
	}
	if n := s.id(`SELECT count(*) FROM versions WHERE workspace_id = $1 AND kind = 'rules' AND state = 'live' AND document LIKE '%rivals%' AND document LIKE '%ours to say%'`, s.home.id); n != 1 {
		t.Error("the whole set is not kept as the live version")
	}
	if n := s.id(`SELECT count(*) FROM audit_log WHERE workspace_id = $1 AND verb LIKE 'rule.%'`, s.home.id); n != 3 {
		t.Errorf("%d entries in the audit log, want 3", n)
	}
	for _, id := range []int64{added.ID, off.ID} {
		s.must(204, "DELETE", fmt.Sprintf("/api/v1/rules/%d", id), owner, nil, nil)
	}
	if now := s.rules(""); len(now) != shipped || !now["casino"].Shipped {
		t.Errorf("after removing both: %d rules, casino %+v", len(now), now["casino"])
	}
}

func TestRulesThatDoNotWorkAreRefused(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	before := s.everything(s.home.id)
	for body, want := range map[string]string{
		`{"name":"x","text":"t","category":"spam","decision":"spam","links":1}`:                      "decision",
		`{"name":"x","text":"t","category":"spam","decision":"hide"}`:                                "no condition",
		`{"name":"x","text":"t","category":"spam","decision":"hide","pattern":"("}`:                  "pattern",
		`{"name":"x","text":"t","category":"spam","decision":"hide","pattern":"a{1000}{1000}"}`:      "pattern",
		`{"name":"x","text":"t","category":"spam","decision":"hide","words":["a\u0000b"]}`:           "stored",
		`{"name":"x","text":"t","category":"spam","decision":"hide","links":1,"shipped":true}`:       "shipped",
		`{"name":"x","text":"t","category":"spam","decision":"hide","links":1,"worms":["a"]}`:        "worms",
		`{"name":"x","text":"t","category":"self_harm","decision":"hide","words":["a"]}`:             "self-harm",
		`{"name":"x","text":"t","category":"spam","decision":"hide","all":[{"any":[{"links":-1}]}]}`: "links",
	} {
		for _, try := range [][2]string{{"POST", "/api/v1/rules"}, {"PUT", fmt.Sprintf("/api/v1/rules/%d", s.home.rule)}} {
			res := s.do(try[0], try[1], s.cookie[auth.Owner], body)
			if res.status != 422 && res.status != 400 || !strings.Contains(res.body, want) {
				t.Errorf("%s %s: %d, want it to name %q: %s", try[0], body, res.status, want, res.body)
			}
		}
	}
	if s.everything(s.home.id) != before {
		t.Error("something was changed all the same")
	}
	if res := s.do("PUT", "/api/v1/workspace", s.cookie[auth.Owner], map[string]any{"name": "home", "brand": "b", "legal_name": "", "contact": "", "time_zone": "Europe/Rome", "locale": "it", "country": "IT", "settings": map[string]any{"rules": []any{}}}); res.status != 422 || !strings.Contains(res.body, "/api/v1/rules") {
		t.Errorf("rules in the settings: %d %s", res.status, res.body)
	}
}
