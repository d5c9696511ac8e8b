package api_test

import (
	"reflect"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
)

// Who makes a thing names what nobody else could say; the rest narrows nothing. What is misspelt is refused as ever, and
// who changes a thing names all of it.
func TestMakingThingsAsksForLittle(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(*api.Deps) {})
	owner := s.cookie[auth.Owner]
	type list = []any
	type object = map[string]any
	trigger := object{"name": "info", "sources": list{"comment"}, "keywords": list{object{"words": list{"info"}}}, "public_replies": object{"en": list{"Thanks!"}}}
	for path, c := range map[string]struct {
		least  object
		needed []string
		is     object // of what was made
	}{
		"/triggers":          {trigger, []string{"name", "sources"}, object{"state": "draft", "valid_minutes": 1440.0, "once": "post", "priority": 0.0, "intents": list{}, "post_ids": list{}, "starts_at": nil, "handoff_account_id": nil, "private_reply": object{}}},
		"/campaigns":         {object{"name": "Spring"}, []string{"name"}, object{"trigger_ids": list{}, "templates": list{}, "budget_micros": nil, "ends_at": nil, "goal": ""}},
		"/services":          {object{"key": "tour", "name": object{"en": "Tour"}, "minutes": 60}, []string{"key", "name", "minutes"}, object{"every_minutes": 60.0, "capacity": 1.0, "ahead_days": 60.0, "reminders": list{}, "hours": nil, "feedback": nil}},
		"/labels":            {object{"name": "VIP"}, []string{"name"}, object{"color": "gray", "description": ""}},
		"/teams":             {object{"name": "Sales"}, []string{"name"}, object{"skills": list{}, "languages": list{}, "escalate_to": "", "member_ids": list{}}},
		"/knowledge":         {object{"language": "en", "title": "Opening", "text": "From nine"}, []string{"language", "title", "text"}, object{"source": ""}},
		"/quick-replies":     {object{"shortcut": "hi", "language": "en", "text": "Hello"}, []string{"shortcut", "language", "text"}, object{"intents": list{}, "title": ""}},
		"/webhook-endpoints": {object{"url": "https://desk.example/hook"}, []string{"url"}, nil},
	} {
		var made map[string]any
		s.must(200, "POST", "/api/v1"+path, owner, c.least, &made)
		for key, want := range c.is {
			if got, there := made[key]; !there || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %s is %v, want %v", path, key, got, want)
			}
		}
		for _, key := range c.needed {
			without := object{}
			for k, v := range c.least {
				if k != key {
					without[k] = v
				}
			}
			if res := s.do("POST", "/api/v1"+path, owner, without); res.status != 422 || !strings.Contains(res.body, key) {
				t.Errorf("%s without %s: %d %s", path, key, res.status, res.body)
			}
		}
		more := object{"nmae": "x"}
		for k, v := range c.least {
			more[k] = v
		}
		if res := s.do("POST", "/api/v1"+path, owner, more); res.status != 422 || !strings.Contains(res.body, "nmae") {
			t.Errorf("%s with a misspelt field: %d %s", path, res.status, res.body)
		}
	}
	var run api.DryRun
	s.must(200, "POST", "/api/v1/dry-runs", owner, object{"trigger": trigger}, &run)
	for name, c := range map[string]struct{ method, path, body, want string }{
		"an unknown field of words": {"POST", "/api/v1/triggers", `{"name":"x","sources":["comment"],"keywords":[{"word":["x"]}]}`, "word"},
		"nothing to listen for":     {"POST", "/api/v1/triggers", `{"name":"x","sources":["comment"],"public_replies":{"en":["Hi"]}}`, "word or intent"},
		"a change of half of it":    {"PUT", "/api/v1/triggers/1", `{"name":"x","sources":["comment"]}`, "private_reply"},
	} {
		if res := s.do(c.method, c.path, owner, c.body); res.status != 422 || !strings.Contains(res.body, c.want) {
			t.Errorf("%s: %d %s", name, res.status, res.body)
		}
	}
}

// What a change of the workspace leaves out stays as it is.
func TestAChangeOfTheWorkspaceNamesWhatChanges(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(*api.Deps) {})
	owner := s.cookie[auth.Owner]
	s.must(200, "PUT", "/api/v1/workspace", owner, map[string]any{"brand": "Bondi Kayaks", "legal_name": "Bondi Kayaks Pty Ltd", "contact": "hello@bondi.example", "country": "AU", "settings": map[string]any{"cap_day": 2}}, nil)
	var was, now api.Workspace
	s.must(200, "GET", "/api/v1/workspace", owner, nil, &was)
	s.must(200, "PUT", "/api/v1/workspace", owner, map[string]any{"settings": map[string]any{"cap_month": 5}}, &now)
	if now.WorkspaceInput.Name != was.Name || now.Brand != "Bondi Kayaks" || now.LegalName != "Bondi Kayaks Pty Ltd" || now.Contact != "hello@bondi.example" || now.TimeZone != was.TimeZone ||
		now.Locale != was.Locale || now.Country != "AU" || now.Settings["cap_day"] != 2.0 || now.Settings["cap_month"] != 5.0 {
		t.Errorf("now %+v", now)
	}
	s.must(200, "PUT", "/api/v1/workspace", owner, map[string]any{"legal_name": ""}, &now)
	if now.LegalName != "" || now.Brand != "Bondi Kayaks" {
		t.Errorf("named and empty: %+v", now)
	}
	for _, body := range []string{`{"brands":"x"}`, `{"time_zone":""}`, `{"locale":"xx"}`, `{"name":""}`, `{"country":"Italy"}`} {
		if res := s.do("PUT", "/api/v1/workspace", owner, body); res.status != 422 {
			t.Errorf("%s: %d %s", body, res.status, res.body)
		}
	}
}
