package api_test

import (
	"fmt"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
	"ponte/template"
)

func TestATemplateIsWrittenApprovedAndSubmitted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner, supervisor, agent := s.cookie[auth.Owner], s.cookie[auth.Supervisor], s.cookie[auth.Agent]
	definition := map[string]any{"category": "UTILITY", "body": "Hello {{1}}, your boat is ready to be fetched.", "variables": []any{map[string]any{"in": "body", "name": "1", "example": "Alice", "from": "first_name", "fallback": "there"}}}
	var d api.TemplateDraft
	s.must(403, "POST", "/api/v1/template-drafts", agent, map[string]any{"account_id": s.home.whatsapp, "name": "boat_ready", "language": "en", "definition": definition}, nil)
	s.must(422, "POST", "/api/v1/template-drafts", owner, map[string]any{"account_id": s.other.whatsapp, "name": "boat_ready", "language": "en", "definition": definition}, nil)
	s.must(200, "POST", "/api/v1/template-drafts", owner, map[string]any{"account_id": s.home.whatsapp, "name": "boat_ready", "language": "en", "definition": definition}, &d)
	s.must(422, "POST", "/api/v1/template-drafts", owner, map[string]any{"account_id": s.home.whatsapp, "name": "boat_ready", "language": "en", "definition": definition}, nil)
	if d.State != "draft" || d.Version != 1 || len(d.Faults) != 0 || d.Preview.Text != "Hello Alice, your boat is ready to be fetched." {
		t.Fatalf("%+v", d)
	}
	path := fmt.Sprintf("/api/v1/template-drafts/%d", d.ID)
	version := func(n int) map[string]any { return map[string]any{"version": n} }
	s.must(409, "POST", path+"/submit", owner, version(1), nil) // nobody approved it
	s.must(403, "POST", path+"/approve", owner, version(1), nil)
	s.must(200, "POST", path+"/ask", owner, version(1), nil)
	s.must(422, "POST", path+"/return", supervisor, version(1), nil)
	s.must(200, "POST", path+"/return", supervisor, map[string]any{"version": 1, "reason": "say where"}, &d)
	if d.State != "returned" || d.Note != "say where" {
		t.Errorf("%+v", d)
	}
	// A price turns it into something a utility template may not be: it can be kept, not approved.
	definition["body"] = "Hello {{1}}, your boat is ready to be fetched. Bring 20 AUD."
	s.must(200, "PUT", path, owner, map[string]any{"version": 1, "definition": definition}, &d)
	if d.Version != 2 || len(d.Faults) != 1 || d.Faults[0].Code != "price" {
		t.Fatalf("%+v", d.Faults)
	}
	s.must(422, "POST", path+"/ask", owner, version(2), nil)
	s.must(422, "POST", path+"/approve", supervisor, version(2), nil)
	s.must(409, "PUT", path, owner, map[string]any{"version": 1, "definition": definition}, nil)
	definition["body"] = "Hello {{1}}, your boat is ready to be fetched at the beach."
	s.must(200, "PUT", path, owner, map[string]any{"version": 2, "definition": definition}, &d)
	s.must(409, "POST", path+"/approve", supervisor, version(2), nil)
	s.must(200, "POST", path+"/approve", supervisor, version(3), nil)
	s.must(200, "POST", path+"/submit", owner, version(3), &d)
	s.must(409, "POST", path+"/submit", owner, version(3), nil) // a second click
	if d.State != "submitted" || d.ActionState != "planned" {
		t.Errorf("%+v", d)
	}
	call := s.text(`SELECT call::text FROM actions WHERE id = $1 AND kind = 'template.submit' AND purpose = 'technical'`, d.ActionID)
	for _, want := range []string{`"boat_ready"`, `"body_text": [["Alice"]]`, `"parameter_format": "POSITIONAL"`} {
		if !strings.Contains(call, want) {
			t.Errorf("the call lacks %s: %s", want, call)
		}
	}
	s.must(409, "PUT", path, owner, map[string]any{"version": 3, "definition": map[string]any{"category": "UTILITY", "body": "Something else altogether."}}, nil)
	s.must(409, "DELETE", path, owner, nil, nil)
	var versions struct{ Items []api.TemplateVersion }
	s.must(200, "GET", path+"/versions", owner, nil, &versions)
	if len(versions.Items) != 3 || len(versions.Items[0].Changes) != 1 || versions.Items[0].Changes[0].Field != "body" || versions.Items[0].DecidedByName == "" {
		t.Errorf("%+v", versions.Items)
	}
}

// What another system did is named too: a version that a token approved and submitted says by which.
func TestATokenThatApprovesIsNamed(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner, token := s.cookie[auth.Supervisor], "Bearer "+s.token(auth.Admin)
	var d api.TemplateDraft
	s.must(200, "POST", "/api/v1/template-drafts", owner, map[string]any{"account_id": s.home.whatsapp, "name": "a", "language": "en", "definition": map[string]any{"category": "UTILITY", "body": "Your boat is ready."}}, &d)
	path := fmt.Sprintf("/api/v1/template-drafts/%d", d.ID)
	s.must(200, "POST", path+"/approve", token, map[string]any{"version": 1}, &d)
	s.must(200, "POST", path+"/submit", token, map[string]any{"version": 1}, nil)
	var versions struct{ Items []api.TemplateVersion }
	s.must(200, "GET", path+"/versions", owner, nil, &versions)
	if v := versions.Items[0]; !strings.HasPrefix(d.DecidedByName, "token:") || v.DecidedByName != d.DecidedByName || v.SubmittedByName != d.DecidedByName {
		t.Errorf("approved by %q, in the history %q, submitted by %q", d.DecidedByName, v.DecidedByName, v.SubmittedByName)
	}
}

// Whoever works alone can approve their own text, and the record says that they were alone.
func TestTheOnlyMemberApprovesTheirOwn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`DELETE FROM members WHERE workspace_id = $1 AND role NOT IN ('owner','agent')`, s.home.id)
	owner := s.cookie[auth.Owner]
	var d api.TemplateDraft
	s.must(200, "POST", "/api/v1/template-drafts", owner, map[string]any{"account_id": s.home.whatsapp, "name": "a", "language": "en", "definition": map[string]any{"category": "UTILITY", "body": "Your boat is ready."}}, &d)
	s.must(200, "POST", fmt.Sprintf("/api/v1/template-drafts/%d/approve", d.ID), owner, map[string]any{"version": 1}, &d)
	if d.State != "approved" || s.text(`SELECT alone::text FROM template_versions WHERE draft_id = $1`, d.ID) != "true" {
		t.Errorf("%+v", d)
	}
}

func TestAllLanguagesOfANameHaveOneCategory(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner := s.cookie[auth.Owner]
	var d api.TemplateDraft
	for language, category := range map[string]string{"en": "UTILITY", "it": "MARKETING"} {
		s.must(200, "POST", "/api/v1/template-drafts", owner, map[string]any{"account_id": s.home.whatsapp, "name": "a", "language": language,
			"definition": map[string]any{"category": category, "body": "home words: your boat is ready, reply STOP to end this."}}, &d)
	}
	if len(d.Faults) != 1 || d.Faults[0].Code != "languages_differ" {
		t.Errorf("%+v", d.Faults)
	}
}

func TestReadyTemplatesAreAddedOnce(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	var first, again struct {
		Items []struct {
			DraftID int64 `json:"draft_id"`
			Had     bool
		}
	}
	all, err := template.Ready("home")
	if err != nil {
		t.Fatal(err)
	}
	texts := 0
	for _, r := range all {
		texts += len(r.Languages)
	}
	body := map[string]any{"account_id": s.home.whatsapp}
	s.must(200, "POST", "/api/v1/ready-templates", s.cookie[auth.Owner], body, &first)
	s.must(200, "POST", "/api/v1/ready-templates", s.cookie[auth.Owner], body, &again)
	if texts == 0 || len(first.Items) != texts || first.Items[0].Had || !again.Items[0].Had || again.Items[0].DraftID != first.Items[0].DraftID {
		t.Errorf("%d added; %+v then %+v", len(first.Items), first.Items[0], again.Items[0])
	}
	s.must(422, "POST", "/api/v1/ready-templates", s.cookie[auth.Owner], map[string]any{"account_id": s.home.whatsapp, "keys": []string{"nothing"}}, nil)
	var list struct{ Items []api.TemplateDraft }
	s.must(200, "GET", "/api/v1/template-drafts", s.cookie[auth.Agent], nil, &list)
	for _, d := range list.Items {
		if d.Name != "written" && len(d.Faults) > 0 {
			t.Errorf("%s in %s: %+v", d.Name, d.Language, d.Faults)
		}
	}
}

func TestATemplateIsTakenOutOfUseAndDeleted(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner := s.cookie[auth.Owner]
	path := fmt.Sprintf("/api/v1/templates/%d", s.home.template)
	var x api.Template
	s.must(200, "POST", path+"/pause", owner, map[string]any{"reason": "wrong price"}, &x)
	s.exec(`UPDATE threads SET last_in_at = now() - interval '3 days' WHERE id = $1`, s.home.thread)
	res := s.do("POST", s.home.talk("messages"), owner, map[string]any{"text": "", "revision": 3, "template_id": s.home.template, "parameters": []string{"Anna"}})
	if !x.Paused || res.status != 422 || !strings.Contains(res.body, "paused by a member") {
		t.Errorf("%+v, %d %s", x, res.status, res.body)
	}
	s.must(200, "POST", path+"/resume", owner, nil, &x)
	var history struct{ Items []api.TemplateEvent }
	s.must(200, "GET", path+"/history", owner, nil, &history)
	if x.Paused || len(history.Items) != 2 || history.Items[1].Reason != "wrong price" || history.Items[0].ActorName == "" {
		t.Errorf("%+v %+v", x, history.Items)
	}
	var once, twice api.Planned
	s.must(200, "DELETE", path, owner, nil, &once)
	s.must(200, "DELETE", path, owner, nil, &twice)
	if once.ActionID == 0 || once != twice {
		t.Errorf("two clicks planned %d and %d", once.ActionID, twice.ActionID)
	}
}

func TestOffersOfTemplates(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	add := func(name, language, category, body string) {
		s.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES ($1, $2, $3, $4, $5, 'APPROVED', jsonb_build_array(jsonb_build_object('type', 'BODY', 'text', $6::text)))`,
			s.home.id, s.home.whatsapp, name, language, category, body)
	}
	add("booking_confirmed", "en", "UTILITY", "Your booking is confirmed.")
	add("booking_confirmed", "it", "UTILITY", "La prenotazione è confermata.")
	add("news", "en", "MARKETING", "home words has news for you. Reply STOP to opt out.")
	add("only_german", "de", "UTILITY", "Ihr Boot ist fertig.")
	add("offers_opt_in", "en", "MARKETING", "May home words write to you? Reply STOP to opt out.")
	s.exec(`UPDATE conversations SET language = 'it' WHERE id = $1`, s.home.conversation)
	s.exec(`UPDATE contacts SET name = 'Anna Bianchi' WHERE id = $1`, s.home.contact)
	s.exec(`UPDATE messages SET verdict_id = $2 WHERE id = $1`, s.home.message, s.home.verdict)
	s.exec(`UPDATE verdicts SET verdict = verdict || '{"intent":"booking"}' WHERE id = $1`, s.home.verdict)
	get := func() (names string, out api.TemplateOffers) {
		s.must(200, "GET", s.home.talk("templates"), s.cookie[auth.Agent], nil, &out)
		for _, o := range out.Items {
			names += fmt.Sprintf("%s/%s %s %s; ", o.Name, o.Language, o.Why, strings.TrimSpace(o.Gate.Verb+" "+o.Gate.Code))
		}
		return names, out
	}
	before := s.everything(s.home.id)
	open, _ := get()
	if want := "booking_confirmed/it exact allow; hello/en fallback allow; offers_opt_in/en fallback refuse no_consent; news/en fallback refuse no_consent; "; !strings.Contains(open, "offers_opt_in") || !strings.HasPrefix(open, "booking_confirmed/it exact allow; hello/en fallback allow; ") {
		t.Errorf("open: %s, want %s", open, want)
	}
	s.exec(`UPDATE threads SET last_in_at = now() - interval '3 days' WHERE id = $1`, s.home.thread)
	shut, list := get()
	if strings.Contains(shut, "offers_opt_in") || strings.Contains(shut, "only_german") || list.Window.Open || !list.Items[0].Fits {
		t.Errorf("shut: %s", shut)
	}
	s.exec(`UPDATE threads SET last_in_at = now() - interval '1 hour' WHERE id = $1`, s.home.thread)
	if after := s.everything(s.home.id); strings.Count(after, "\n") != strings.Count(before, "\n") || s.id(`SELECT count(*) FROM actions WHERE workspace_id = $1`, s.home.id) != 1 {
		t.Error("asking what could be sent planned something")
	}
	s.exec(`UPDATE accounts SET sending = false WHERE id = $1`, s.home.whatsapp)
	if held, _ := get(); !strings.HasPrefix(held, "booking_confirmed/it exact hold account_off") {
		t.Errorf("held: %s", held)
	}
}

// A service message goes out also with a template that people report, but whoever picks it is told, and offered others first.
func TestOffersNameWhatPeopleReport(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE templates SET quality = 'RED', components = '[{"type":"BODY","text":"Your order is on its way to you."}]' WHERE id = $1`, s.home.template)
	s.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES ($1, $2, 'other', 'en', 'UTILITY', 'APPROVED', '[{"type":"BODY","text":"Your order is on its way to you."}]')`, s.home.id, s.home.whatsapp)
	var got api.TemplateOffers
	s.must(200, "GET", s.home.talk("templates"), s.cookie[auth.Agent], nil, &got)
	if len(got.Items) != 2 || got.Items[0].Name != "other" || got.Items[0].Quality != "" || got.Items[1].Quality != "RED" || got.Items[1].Gate.Verb != "allow" {
		t.Errorf("offered: %+v", got.Items)
	}
}
