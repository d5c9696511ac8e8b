package api_test

import (
	"fmt"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
)

// foreign fills a route's path with the ids of a workspace.
func (v space) path(t *testing.T, path string) string {
	t.Helper()
	ids := map[string]int64{"sessions": 1, "comments": v.comment, "reviews": v.review, "conversations": v.conversation, "suggestions": v.suggestion, "identities": v.identity,
		"contacts": v.contact, "triggers": v.trigger, "accounts": v.facebook, "quick-replies": v.quick, "knowledge": v.knowledge, "members": v.member, "tokens": v.token,
		"actions": v.action, "events": v.event, "deliveries": v.delivery, "decisions": v.verdict, "rules": v.rule,
		"versions": v.version, "backtests": v.backtest, "gold": v.gold, "review-batches": v.batch,
		"teams": v.team, "labels": v.label, "notes": v.note, "scheduled-replies": v.scheduled, "webhook-endpoints": v.endpoint, "webhook-sends": v.send, "contact-merges": v.merge}
	ids["review-holds"] = v.held
	ids["questions"] = v.question
	ids["price-files"] = v.prices
	ids["templates"], ids["template-drafts"] = v.template, v.draft
	ids["campaigns"], ids["dry-runs"] = v.campaign, v.dryRun
	ids["handoff-links"], ids["lead-forms"], ids["leads"] = v.link, v.leadForm, v.lead
	ids["opt-ins"], ids["consent-imports"], ids["compliance"] = v.optIn, v.imported, v.complaint
	ids["flow-runs"] = v.run
	ids["flows"], ids["services"], ids["bookings"] = v.flow, v.service, v.booking
	path = strings.Replace(strings.Replace(path, "{hash}", v.media, 1), "{code}", "unknown", 1)
	path = strings.Replace(path, "*", "state", 1)
	for what, id := range ids {
		for _, param := range []string{"{id}", "{user_id}", "{verdict_id}"} {
			path = strings.Replace(path, "/"+what+"/"+param, fmt.Sprintf("/%s/%d", what, id), 1)
		}
	}
	if strings.Contains(path, "{") {
		t.Fatalf("no id is known for %s: add it to this test", path)
	}
	return path
}

// bodies are valid inputs, so that what refuses is the permission and not the form.
func (v space) body(method, path string) any {
	trigger := map[string]any{"name": "n", "priority": 0, "sources": []string{"comment"}, "keywords": []any{map[string]any{"language": "en", "words": []string{"info"}, "phrases": []string{}, "not": []string{}}},
		"intents": []string{}, "account_ids": []int64{}, "post_ids": []int64{}, "starts_at": nil, "ends_at": nil, "public_replies": map[string]any{"en": []string{"hi"}}, "private_reply": map[string]any{}, "handoff_account_id": nil, "valid_minutes": 60}
	bundle := map[string]any{"name": "n", "starts_at": nil, "ends_at": nil, "budget_micros": nil, "budget_currency": "", "goal": "", "trigger_ids": []int64{}, "templates": []any{}}
	quick := map[string]any{"shortcut": "x", "language": "en", "title": "", "text": "x", "intents": []string{}}
	fact := map[string]any{"language": "en", "title": "x", "text": "x", "source": ""}
	text := map[string]any{"text": "hello"}
	rule := map[string]any{"name": "mine", "text": "t", "category": "spam", "decision": "review", "words": []string{"zorblax"}}
	team := map[string]any{"name": "second line", "skills": []string{}, "languages": []string{"it"}, "escalate_to": "", "member_ids": []int64{}}
	label := map[string]any{"name": "to be billed", "color": "teal", "description": ""}
	endpoint := map[string]any{"url": "https://hooks.example/in", "description": "", "kinds": []string{"mention"}}
	away := map[string]any{"away": true, "note": "lunch"}
	known := map[string]any{
		"POST teams": team, "PUT teams": team, "POST labels list": label, "PUT labels": label, "POST webhook-endpoints": endpoint, "PUT webhook-endpoints": endpoint, "POST pause": map[string]any{"pause": true},
		"PUT agent": map[string]any{"capacity": 3, "skills": []string{"returns"}, "languages": []string{"it"}}, "PUT away": away, "POST priority": map[string]any{"priority": "high"},
		"POST snooze": map[string]any{"until": nil}, "POST notes": text, "PUT notes": text, "PUT draft": text, "POST presence": map[string]any{"typing": true},
		"POST read": map[string]any{"up_to": 1}, "PUT notification-choices": map[string]any{"email": []string{"mention"}, "browser": []string{}, "digest_minutes": 30},
		"PUT rules": rule, "POST rules": rule,
		"POST reply": text, "POST private-reply": text, "POST messages": map[string]any{"text": "hello", "revision": 3}, "POST assign": map[string]any{"user_id": nil}, "POST labels": map[string]any{"labels": []string{"x"}},
		"POST unjoin": map[string]any{"join_id": v.join}, "POST rejoin": map[string]any{"join_id": v.join}, "POST consent": map[string]any{"act": "withdraw", "channel": "whatsapp", "purpose": "promotional", "how": "phone", "evidence_text": "said so"},
		"PUT campaigns": bundle, "POST campaigns": bundle, "POST dry-runs": map[string]any{"trigger": trigger}, "POST recurrence-preview": map[string]any{"recurrence": "0 9 * * *", "duration_minutes": 60},
		"POST trigger-check": map[string]any{"sources": []string{"comment"}, "keywords": trigger["keywords"], "intents": []string{}, "account_ids": []int64{}, "post_ids": []int64{}, "hashtags": []string{}},
		"PUT triggers":       trigger, "POST triggers": trigger, "POST state": map[string]any{"state": "live"}, "POST sending": map[string]any{"on": false}, "PUT quick-replies": quick, "POST quick-replies": quick,
		"PUT knowledge": fact, "POST knowledge": fact, "PUT members": map[string]any{"role": "agent"}, "POST settle": map[string]any{"outcome": "took_place", "reason": "seen"},
		"POST escalate": map[string]any{"reason": "not mine to say"}, "POST alike": map[string]any{"verb": "hide"}, "POST gold": map[string]any{"answer": "hide"},
		"PUT contacts":    map[string]any{"name": "Ana", "labels": []string{"vip"}, "fields": map[string]string{"size": "M"}},
		"POST merge":      map[string]any{"from_id": v.contact + 1, "reason": "same number"},
		"POST automation": map[string]any{"on": false}, "POST switch": map[string]any{"name": "sells_followers", "on": false},
		"POST versions": map[string]any{"kind": "thresholds", "document": map[string]any{"review_spam": 0.4}},
	}
	known["POST consent-imports"] = map[string]any{"name": "list.csv", "text": "phone,consent_at,source,wording_version,evidence_id\n+61491570156,2026-01-02T10:00:00+11:00,crm,v1,row-1\n"}
	if path == "/api/v1/consent-imports/{id}/confirm" {
		return map[string]any{"origin": "exported from the shop's own system, with signatures"}
	}
	known["POST withdrawals"] = map[string]any{"phone": "+61491570156", "purpose": "promotional", "at": "2026-01-02T10:00:00Z", "source": "crm", "evidence_id": "ticket 7"}
	known["POST compliance"] = map[string]any{"kind": "complaint", "contact_id": v.contact, "how": "e-mail"}
	if strings.HasPrefix(path, "/api/v1/compliance/") {
		return map[string]any{"resolution": "answered by letter"}
	}
	known["POST opt-ins"] = map[string]any{"source": "in_store", "phone": "+61491570156", "wording_id": v.wording, "staff": "S-1", "proof": "recording-1"}
	known["POST wordings"] = map[string]any{"name": "offers", "language": "en", "text": "{brand} on WhatsApp, 4 a month, STOP ends it", "confirm": false}
	known["POST price-files"] = map[string]any{"name": "card", "text": "country,category,effective_from,currency,price\nIT,marketing,2026-07-01,EUR,0.06\n"}
	definition := map[string]any{"category": "UTILITY", "body": "Your parcel is on its way to you."}
	known["POST ready-templates"] = map[string]any{"account_id": v.whatsapp, "keys": []string{"booking_confirmed"}}
	document := `{"format":1,"id":"other","version":1,"name":"Other","languages":["en"],"steps":[{"id":"a","type":"end"}]}`
	for key, value := range map[string]any{"POST flows": map[string]any{"document": document}, "POST flow-check": map[string]any{"document": document}, "PUT starts": map[string]any{"starts": []any{}},
		"PUT flows": map[string]any{"document": strings.Replace(document, "other", "mine", 1), "revision": 1}, "POST publish": map[string]any{"revision": 1}, "POST live": map[string]any{"number": 0}, "POST play": map[string]any{"moves": []any{}},
		"POST flow-secrets": map[string]any{"name": "shop", "value": strings.Repeat("s", 32), "hosts": []string{"a.example.com"}}, "POST remove": map[string]any{"name": "kept", "account_id": nil},
		"POST services": service("new"), "PUT services": service("cut"), "POST bookings": map[string]any{"service_id": v.service, "starts_at": "2030-01-01T10:00:00Z", "name": "Ada", "any_time": true},
		"POST move": map[string]any{"starts_at": "2030-01-02T10:00:00Z", "any_time": true}, "PUT hours": map[string]any{"account_id": nil, "hours": map[string]any{"time_zone": "UTC", "week": map[string]any{"mon": []string{"09:00-17:00"}}, "closed": []string{}}, "welcome": map[string]string{}, "away": map[string]string{}}} {
		known[key] = value
	}
	if strings.HasSuffix(path, "/files") || strings.HasSuffix(path, "/template-samples") {
		return tinyPNG
	}
	if strings.HasSuffix(path, "/hours/remove") {
		return map[string]any{"account_id": nil}
	}
	if strings.HasSuffix(path, "/labels/{id}/merge") {
		return map[string]any{"into_id": v.secondLabel}
	}
	if strings.HasSuffix(path, "/flow-secrets/remove") {
		return map[string]any{"name": "kept"}
	}
	if path == "/api/v1/templates/check" {
		return map[string]any{"name": "x", "language": "en", "definition": definition}
	}
	known["POST handoff-links"] = map[string]any{"name": "window", "account_id": v.whatsapp}
	known["PUT lead-forms"] = map[string]any{"form_id": "991", "account_id": v.whatsapp, "box_key": "b", "wording": "words, home words, " + marker + " may write to me", "language": "en", "purpose": "service", "template": "hello"}
	known["POST template-drafts"] = map[string]any{"account_id": v.whatsapp, "name": "another", "language": "en", "definition": definition}
	known["PUT template-drafts"] = map[string]any{"version": 1, "definition": definition}
	if strings.Contains(path, "/template-drafts/{id}/") {
		return map[string]any{"version": 1, "reason": "too long"}
	}
	if strings.HasSuffix(path, "/templates/{id}/pause") {
		return map[string]any{}
	}
	switch { // two routes end alike and take different bodies
	case method == "POST" && path == "/api/v1/labels":
		return label
	case method == "POST" && strings.HasSuffix(path, "/conversations/{id}/read"), method == "POST" && path == "/api/v1/presence":
		return nil
	}
	parts := strings.Split(path, "/")
	for i := len(parts) - 1; i >= 0; i-- {
		if !strings.HasPrefix(parts[i], "{") {
			return known[method+" "+parts[i]]
		}
	}
	return nil
}

func service(key string) map[string]any {
	return map[string]any{"key": key, "name": map[string]string{"en": "Haircut"}, "minutes": 30, "every_minutes": 30, "capacity": 1, "notice_minutes": 0, "ahead_days": 30, "hours": nil, "reminders": []any{}, "feedback": nil}
}

// everything is a digest of all rows of a workspace; what merely notes a use is left out.
func (s *scene) everything(workspace int64) string {
	s.t.Helper()
	var tables []string
	err := s.db.Select(&tables, `SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND c.column_name = 'workspace_id' AND t.table_type = 'BASE TABLE' ORDER BY 1`)
	if err != nil || len(tables) < 20 {
		s.t.Fatalf("list tables: %v, %v", tables, err)
	}
	var b strings.Builder
	for _, table := range tables {
		b.WriteString(table + "=" + s.text(`SELECT coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM `+table+` t WHERE workspace_id = $1`, workspace) + "\n")
	}
	return b.String() + s.text(`SELECT md5(w::text) FROM workspaces w WHERE id = $1`, workspace)
}

func hasID(path string) bool { return strings.Contains(path, "{") && !strings.Contains(path, "{code}") }

// TestEveryRouteWithAnotherWorkspacesIdsAndEveryRole walks the table: what a role may not do is 403,
// what is another workspace's is 404, nobody is 401 – and nothing of it changes anything there.
func TestEveryRouteWithAnotherWorkspacesIdsAndEveryRole(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	before := s.everything(s.other.id)
	for _, r := range api.Routes() {
		if r.Need == auth.Public {
			continue
		}
		path, body := s.other.path(t, r.Path), s.other.body(r.Method, r.Path)
		if res := s.do(r.Method, path, "", body); res.status != 401 {
			t.Errorf("%s %s as nobody: %d, want 401", r.Method, r.Path, res.status)
		}
		if res := s.do(r.Method, path, "ponte_session=wrong", body); res.status != 401 {
			t.Errorf("%s %s with a wrong session: %d, want 401", r.Method, r.Path, res.status)
		}
		for _, role := range auth.Roles {
			s.tryForeign(r, role, path, body)
		}
	}
	if after := s.everything(s.other.id); after != before {
		t.Errorf("something changed in the other workspace:\n%s\n→\n%s", before, after)
	}
}

func (s *scene) tryForeign(r api.Route, role auth.Role, path string, body any) {
	s.t.Helper()
	who := s.cookie[role]
	what := fmt.Sprintf("%s %s as %s", r.Method, r.Path, role)
	if r.Path != "/api/v1/auth/sign-out" && !strings.HasSuffix(r.Path, "/stream") {
		if res := s.do(r.Method, path, who, body, "X-Ponte-Workspace", fmt.Sprint(s.other.id)); res.status != 403 {
			s.t.Errorf("%s in a workspace that is not theirs: %d, want 403", what, res.status)
		}
	}
	if r.Method != "GET" {
		if res := s.do(r.Method, path, who, body, "X-Ponte-CSRF", ""); res.status != 403 {
			s.t.Errorf("%s without the header against forged requests: %d, want 403", what, res.status)
		}
	}
	allowed := role.Can(r.Need)
	if allowed && (!hasID(r.Path) || strings.Contains(r.Path, "/deliveries/")) {
		return // their own workspace; what the lists hold is another test
	}
	if strings.HasSuffix(r.Path, "/stream") || strings.HasSuffix(r.Path, "/sign-out") {
		return
	}
	res := s.do(r.Method, path, who, body)
	want := 404
	if !allowed {
		want = 403
	}
	if res.status != want {
		s.t.Errorf("%s: %d, want %d: %s", what, res.status, want, res.body)
	}
	if strings.Contains(res.body, marker) {
		s.t.Errorf("%s shows the other workspace: %s", what, res.body)
	}
}

func TestListsHoldNothingOfAnotherWorkspace(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	o := s.other
	for _, r := range api.Routes() {
		if r.Method != "GET" || !r.Typed || hasID(r.Path) || r.Need == auth.Public {
			continue
		}
		for _, query := range []string{"", "?q=" + marker, fmt.Sprintf("?account_id=%d&post_id=%d&contact_id=%d&comment_id=%d", o.facebook, o.post, o.contact, o.comment),
			fmt.Sprintf("?account_id=%d&view=all", o.whatsapp), "?queue=open"} {
			res := s.do("GET", r.Path+query, s.cookie[auth.Owner], nil)
			if strings.Contains(res.body, marker) {
				t.Errorf("GET %s%s shows the other workspace: %s", r.Path, query, res.body)
			}
			if res.status != 200 && res.status != 403 && res.status != 404 {
				t.Errorf("GET %s%s: %d: %s", r.Path, query, res.status, res.body)
			}
		}
	}
}

// TestForeignIdsInBodies: an id in the input is an id of the workspace or nothing.
func TestForeignIdsInBodies(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	before := s.everything(s.other.id)
	h, o := s.home, s.other
	trigger := func(field string, value any) map[string]any {
		b := h.body("POST", "/api/v1/triggers").(map[string]any)
		b[field] = value
		return b
	}
	for _, c := range []struct {
		path string
		body any
		want int
	}{
		{fmt.Sprintf("/conversations/%d/assign", h.conversation), map[string]any{"user_id": o.member}, 422},
		{fmt.Sprintf("/conversations/%d/messages", h.conversation), map[string]any{"text": "x", "revision": 3, "suggestion_id": o.suggestion}, 409},
		{fmt.Sprintf("/conversations/%d/messages", h.conversation), map[string]any{"text": "", "revision": 3, "template_id": o.template, "parameters": []string{"x"}}, 404},
		{fmt.Sprintf("/comments/%d/approve", h.comment), map[string]any{"review_id": o.review}, 409},
		{fmt.Sprintf("/identities/%d/unjoin", h.identity), map[string]any{"join_id": o.join}, 404},
		{"/triggers", trigger("account_ids", []int64{o.facebook}), 422},
		{"/triggers", trigger("post_ids", []int64{o.post}), 422},
		{"/triggers", trigger("handoff_account_id", o.whatsapp), 422},
	} {
		if res := s.do("POST", "/api/v1"+c.path, s.cookie[auth.Owner], c.body); res.status != c.want || strings.Contains(res.body, marker) {
			t.Errorf("POST %s with %v: %d, want %d: %s", c.path, c.body, res.status, c.want, res.body)
		}
	}
	if after := s.everything(s.other.id); after != before {
		t.Errorf("something changed in the other workspace:\n%s\n→\n%s", before, after)
	}
}
