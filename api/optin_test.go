package api_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"ponte/api"
	"ponte/auth"
)

// openForm opens the public form of the home workspace for a website.
func (s *scene) openForm(rules string) {
	s.t.Helper()
	s.exec(`UPDATE workspaces SET settings = settings || jsonb_build_object('consent', $2::jsonb), legal_name = 'Bondi Kayaks Pty Ltd' WHERE id = $1`, s.home.id, rules)
}

// ticked reads the form and answers it as a person does, some seconds later.
func (s *scene) ticked(change map[string]any) map[string]any {
	s.t.Helper()
	var f api.PublicForm
	s.must(200, "GET", fmt.Sprintf("/public/v1/opt-in?workspace=%d&language=fr", s.home.id), "", nil, &f)
	if f.Wording.Language != "fr" || !strings.Contains(f.Wording.Text, "home words") || f.LegalName != "Bondi Kayaks Pty Ltd" {
		s.t.Fatalf("%+v", f)
	}
	body := map[string]any{"workspace": s.home.id, "wording_id": f.Wording.ID, "agreed": true, "token": f.Token}
	for k, v := range change {
		body[k] = v
	}
	return body
}

func TestThePublicFormLeadsToWhatsAppAndTellsNothing(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newScene(t, func(d *api.Deps) { d.Now = func() time.Time { return now } })
	form := fmt.Sprintf("/public/v1/opt-in?workspace=%d", s.home.id)
	if res := s.do("GET", form, "", nil); res.status != 404 {
		t.Errorf("a form that is not open: %d", res.status)
	}
	s.openForm(`{"web_opt_in":true,"web_origins":["https://kayak.example"],"web_per_address":20}`)
	body := s.ticked(nil)
	now = now.Add(10 * time.Second)
	shape := regexp.MustCompile(`PNT-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}`)
	answers := map[string]bool{}
	for name, change := range map[string]map[string]any{
		"no number": {}, "known number": {"phone": fmt.Sprintf("+61412%06d", s.home.id)}, "unknown number": {"phone": "+61 491 570 110"}, "a program": {"website": "https://spam.example"},
		"the brand's own": {"phone": "+61 2 5550 0101"},
	} {
		for k, v := range body {
			if _, set := change[k]; !set {
				change[k] = v
			}
		}
		var a api.PublicAnswer
		raw := s.must(200, "POST", "/public/v1/opt-in", "", change, &a)
		if !strings.HasPrefix(a.Link, "https://wa.me/61255500101?text=Oui%2C%20") || !shape.MatchString(a.Link) {
			t.Errorf("%s: %s", name, a.Link)
		}
		answers[shape.ReplaceAllString(raw, "PNT")] = true
	}
	if len(answers) != 1 {
		t.Errorf("the answer tells who asks: %v", answers)
	}
	if got := s.text(`SELECT count(*)::text || ' ' || count(subject)::text FROM opt_ins WHERE workspace_id = $1 AND state = 'waiting' AND source = 'web_box'`, s.home.id); got != "3 2" {
		t.Errorf("kept %s, want 3 of which 2 name a number", got)
	}
	if n := s.text(`SELECT count(*)::text FROM consent_entries WHERE workspace_id = $1`, s.home.id); n != "0" {
		t.Error("a ticked box alone became an entry")
	}
	if got := s.text(`SELECT string_agg(o::text, '') FROM opt_in_attempts o`); strings.Contains(got, "491570110") {
		t.Error("attempts hold the number")
	}
}

func TestThePublicFormRefuses(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newScene(t, func(d *api.Deps) { d.Now = func() time.Time { return now } })
	s.openForm(`{"web_opt_in":true,"web_origins":["https://kayak.example"],"web_per_address":3,"web_per_number":1}`)
	good := s.ticked(nil)
	other := s.id(`INSERT INTO consent_wordings (workspace_id, name, version, language, text) VALUES ($1, 'web_offers', 1, 'en', 'x') RETURNING id`, s.other.id)
	late := s.ticked(nil)
	for name, c := range map[string]struct {
		change map[string]any
		want   int
	}{
		"not ticked":        {map[string]any{"agreed": false}, 422},
		"an invented token": {map[string]any{"token": "12.ab"}, 409},
		"no token":          {map[string]any{"token": ""}, 409},
		"another's wording": {map[string]any{"wording_id": other}, 409},
		"not a number":      {map[string]any{"phone": "12"}, 422},
		"another workspace": {map[string]any{"workspace": s.other.id}, 404},
		"no such workspace": {map[string]any{"workspace": 99999}, 404},
	} {
		body := map[string]any{}
		for k, v := range good {
			body[k] = v
		}
		for k, v := range c.change {
			body[k] = v
		}
		if res := s.do("POST", "/public/v1/opt-in", "", body); res.status != c.want {
			t.Errorf("%s: %d, want %d: %s", name, res.status, c.want, res.body)
		}
	}
	if res := s.do("POST", "/public/v1/opt-in", "", good, "Origin", "https://evil.example"); res.status != 403 || res.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another website: %d %v", res.status, res.header)
	}
	res := s.do("OPTIONS", fmt.Sprintf("/public/v1/opt-in?workspace=%d", s.home.id), "", nil, "Origin", "https://kayak.example")
	if res.status != 204 || res.header.Get("Access-Control-Allow-Origin") != "https://kayak.example" {
		t.Errorf("preflight: %d %v", res.status, res.header)
	}
	now = now.Add(time.Second)
	s.must(200, "POST", "/public/v1/opt-in", "", good, nil) // in a hurry: answered like a program
	if n := s.text(`SELECT count(*)::text FROM opt_ins WHERE workspace_id = $1 AND source = 'web_box'`, s.home.id); n != "0" {
		t.Errorf("%s requests of somebody who read nothing", n)
	}
	now = now.Add(9 * time.Second)
	good["phone"] = "+61491570110"
	s.must(200, "POST", "/public/v1/opt-in", "", good, nil)
	if res := s.do("POST", "/public/v1/opt-in", "", good); res.status != 429 {
		t.Errorf("the same number again: %d", res.status)
	}
	delete(good, "phone")
	s.do("POST", "/public/v1/opt-in", "", good)
	if res := s.do("POST", "/public/v1/opt-in", "", good); res.status != 429 {
		t.Errorf("the same address too often: %d", res.status)
	}
	now = now.Add(25 * time.Hour)
	if res := s.do("POST", "/public/v1/opt-in", "", late); res.status != 409 {
		t.Errorf("a form of yesterday: %d", res.status)
	}
}

func TestTheFormsPage(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newScene(t, func(d *api.Deps) { d.Now = func() time.Time { return now } })
	s.openForm(`{"web_opt_in":true,"web_origins":["https://kayak.example"]}`)
	res := s.do("GET", fmt.Sprintf("/public/v1/opt-in/form?workspace=%d&language=ro", s.home.id), "", nil)
	if res.status != 200 || !strings.Contains(res.body, `lang="ro"`) || strings.Contains(res.body, "checked") || strings.Contains(res.body, "<script") {
		t.Fatalf("%d %s", res.status, res.body)
	}
	csp := res.header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "frame-ancestors https://kayak.example") || strings.Contains(csp, "unsafe") || res.header.Get("X-Frame-Options") != "" {
		t.Errorf("%v", res.header)
	}
	field := func(name string) string {
		m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(res.body)
		if m == nil {
			t.Fatalf("no field %s", name)
		}
		return m[1]
	}
	v := url.Values{"workspace": {field("workspace")}, "wording_id": {field("wording_id")}, "token": {field("token")}, "website": {""}}
	now = now.Add(5 * time.Second)
	kind := []string{"Content-Type", "application/x-www-form-urlencoded"}
	if res := s.do("POST", "/public/v1/opt-in", "", v.Encode(), kind...); res.status != 422 || !strings.Contains(res.body, "role=\"alert\"") {
		t.Errorf("without the box: %d", res.status)
	}
	v.Set("agreed", "yes")
	if res := s.do("POST", "/public/v1/opt-in", "", v.Encode(), kind...); res.status != 303 || !strings.HasPrefix(res.header.Get("Location"), "https://wa.me/61255500101?text=Da%2C") {
		t.Errorf("%d %v", res.status, res.header)
	}
}

func TestStaffTakeDownAnOptIn(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.openForm(`{}`)
	s.must(200, "POST", "/api/v1/consent/wordings", s.cookie[auth.Admin], map[string]any{"name": "store_offers", "language": "en", "confirm": true, "text": "If you like, {brand} ({legal_name}) writes to you on WhatsApp, up to 4 times a month. Reply STOP to end it."}, nil)
	var list api.Page[api.Wording]
	s.must(200, "GET", "/api/v1/consent/wordings", s.cookie[auth.Agent], nil, &list)
	var store api.Wording
	for _, w := range list.Items {
		if w.Name == "store_offers" && w.Language == "en" {
			store = w
		}
	}
	if !store.Own || !strings.Contains(store.Text, "home words (Bondi Kayaks Pty Ltd)") {
		t.Fatalf("%+v", store)
	}
	body := map[string]any{"source": "in_store", "phone": "+61 491 570 156", "name": "Ana", "wording_id": store.ID, "staff": "S-12", "proof": strings.Repeat("ab", 32)}
	var o api.OptIn
	s.must(200, "POST", "/api/v1/opt-ins", s.cookie[auth.Agent], body, &o)
	if o.State != "waiting" || !strings.Contains(o.Link, "wa.me/61255500101") {
		t.Errorf("%+v", o)
	}
	if n := s.text(`SELECT count(*)::text FROM consent_entries WHERE workspace_id = $1 AND act = 'grant'`, s.home.id); n != "0" {
		t.Error("counted before the person confirmed")
	}
	first := o
	s.must(200, "POST", fmt.Sprintf("/api/v1/opt-ins/%d/renew", o.ID), s.cookie[auth.Agent], map[string]any{}, &o)
	if o.Link != first.Link || !o.ExpiresAt.After(first.ExpiresAt) || o.State != "waiting" {
		t.Errorf("renewed: %+v, was %+v", o, first)
	}
	s.must(204, "POST", fmt.Sprintf("/api/v1/opt-ins/%d/cancel", o.ID), s.cookie[auth.Agent], map[string]any{}, nil)
	if res := s.do("POST", fmt.Sprintf("/api/v1/opt-ins/%d/renew", o.ID), s.cookie[auth.Agent], map[string]any{}); res.status != 404 {
		t.Errorf("one that was ended is renewed: %d", res.status)
	}
	s.must(200, "GET", "/api/v1/consent/wordings?history=true", s.cookie[auth.Agent], nil, &list)
	versions := 0
	for _, w := range list.Items {
		if w.Name == "store_offers" && w.Language == "en" {
			versions++
		}
	}
	if versions != store.Version || versions < 2 {
		t.Errorf("%d versions, the latest is %d", versions, store.Version)
	}
	s.openForm(`{"confirm_in_store":false}`)
	s.must(200, "POST", "/api/v1/opt-ins", s.cookie[auth.Agent], body, &o)
	if o.State != "confirmed" || o.Seq == nil || o.Link != "" {
		t.Fatalf("%+v", o)
	}
	identity := s.id(`SELECT id FROM identities WHERE workspace_id = $1 AND phone = '61491570156'`, s.home.id)
	if got := s.standing(*o.ContactID, identity, "whatsapp"); got != "granted" {
		t.Errorf("stands at %q", got)
	}
	s.must(204, "POST", fmt.Sprintf("/api/v1/contacts/%d/consent", *o.ContactID), s.cookie[auth.Agent], map[string]any{"act": "withdraw", "channel": "all", "purpose": "promotional", "how": "in_store", "evidence_text": "said so at the counter"}, nil)
	s.must(200, "POST", "/api/v1/opt-ins", s.cookie[auth.Agent], body, &o)
	if o.State != "waiting" {
		t.Error("a signature entered by staff lifted a withdrawal")
	}
	for what, bad := range map[string]map[string]any{"proof": {"proof": ""}, "staff": {"staff": ""}, "phone": {"phone": "0000000"}, "wording_id": {"wording_id": 999999}} {
		b := map[string]any{}
		for k, v := range body {
			b[k] = v
		}
		for k, v := range bad {
			b[k] = v
		}
		if res := s.do("POST", "/api/v1/opt-ins", s.cookie[auth.Agent], b); res.status != 422 {
			t.Errorf("without a good %s: %d %s", what, res.status, res.body)
		}
	}
}

func TestAWordingOfTheBrandsOwnMustSayWhatItMust(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, text := range []string{
		"Offers on WhatsApp, up to 4 a month, STOP to end.",
		"{brand} may write on WhatsApp up to 4 times a month whenever it likes.",
		"{brand} may write up to 4 times a month; STOP ends it, always.",
		"{brand} may write on WhatsApp whenever it likes; STOP ends it.",
		"{brand} may write on WhatsApp 2 times a month; STOP ends it.",
		"{brand} of {legal_name} may write on WhatsApp 4 times a month; STOP ends it.",
	} {
		if res := s.do("POST", "/api/v1/consent/wordings", s.cookie[auth.Admin], map[string]any{"name": "offers", "language": "en", "confirm": false, "text": text, "valid_days": nil}); res.status != 422 {
			t.Errorf("%q: %d %s", text, res.status, res.body)
		}
	}
}

// Whoever has many networks cannot take all places of the form: the crowd gives up its own, and the others' wait on.
func TestACrowdDoesNotShutTheForm(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newScene(t, func(d *api.Deps) { d.Now = func() time.Time { return now } })
	s.openForm(`{"web_opt_in":true}`)
	tick := func() int {
		body := s.ticked(nil)
		now = now.Add(10 * time.Second)
		return s.do("POST", "/public/v1/opt-in", "", body).status
	}
	if got := tick(); got != 200 {
		t.Fatalf("an empty form: %d", got)
	}
	honest := s.text(`SELECT max(id)::text FROM opt_ins WHERE workspace_id = $1 AND source = 'web_box'`, s.home.id)
	s.exec(`INSERT INTO opt_ins (workspace_id, source, account_id, code_hash, wording_id, language, actor, at, created_at, expires_at, network)
SELECT workspace_id, source, account_id, decode(md5(n::text), 'hex'), wording_id, language, actor, at, created_at, expires_at, decode(md5('net' || n % 7), 'hex') FROM opt_ins, generate_series(1, 19999) n WHERE workspace_id = $1 AND id = $2::bigint`, s.home.id, honest)
	for range 9 { // the most that one address may in an hour
		if got := tick(); got != 200 {
			t.Fatalf("with all places taken: %d", got)
		}
	}
	if got := s.text(`SELECT count(*) || ' ' || count(*) FILTER (WHERE id = $2::bigint) FROM opt_ins WHERE workspace_id = $1 AND state = 'waiting' AND source = 'web_box'`, s.home.id, honest); got != "20000 1" {
		t.Errorf("%s wait, want 20000 and the honest one among them", got)
	}
	if got := tick(); got != 429 {
		t.Errorf("an eleventh within the hour: %d", got)
	}
}
