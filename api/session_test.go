package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"ponte/api"
	"ponte/auth"
)

const password = "correct horse battery"

// withPassword adds an agent who can sign in.
func (s *scene) withPassword(email string) int64 {
	s.t.Helper()
	id, err := auth.AddUser(context.Background(), s.db, auth.NewUser{WorkspaceID: s.home.id, Email: email, Name: "Anna", Role: auth.Agent, Password: password, Actor: "cli"})
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

func (s *scene) signIn(email, pass string, headers ...string) (answer, string) {
	s.t.Helper()
	res := s.do("POST", "/api/v1/auth/sign-in", "", map[string]string{"email": email, "password": pass}, headers...)
	cookie, _, _ := strings.Cut(res.header.Get("Set-Cookie"), ";")
	return res, cookie
}

func TestSigningInAndOut(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.withPassword("anna@home.example")
	res, cookie := s.signIn(" Anna@Home.example", password)
	set := res.header.Get("Set-Cookie")
	if res.status != 204 || !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Lax") || strings.Contains(set, "Secure") || !strings.Contains(set, "Path=/") {
		t.Fatalf("%d %s %s", res.status, res.body, set)
	}
	var me api.Me
	s.must(200, "GET", "/api/v1/me", cookie, nil, &me)
	if me.User.Email != "anna@home.example" || me.Role != "agent" || me.Workspace.ID != s.home.id || len(me.Workspaces) != 1 || !same(me.Permissions, "see", "converse") || !me.Workspace.Sending {
		t.Errorf("me: %+v", me)
	}
	_, second := s.signIn("anna@home.example", password)
	var list api.Page[api.Session]
	s.must(200, "GET", "/api/v1/sessions", cookie, nil, &list)
	if len(list.Items) != 2 {
		t.Fatalf("sessions %+v", list.Items)
	}
	for _, v := range list.Items {
		if !v.Current {
			s.must(204, "DELETE", fmt.Sprintf("/api/v1/sessions/%d", v.ID), cookie, nil, nil)
		}
	}
	if res := s.do("GET", "/api/v1/me", second, nil); res.status != 401 {
		t.Errorf("an ended session: %d", res.status)
	}
	out := s.do("POST", "/api/v1/auth/sign-out", cookie, nil)
	if out.status != 204 || !strings.Contains(out.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("sign out: %d %s", out.status, out.header.Get("Set-Cookie"))
	}
	if res := s.do("GET", "/api/v1/me", cookie, nil); res.status != 401 {
		t.Errorf("after signing out: %d", res.status)
	}
	if n := s.id(`SELECT count(*) FROM sessions WHERE encode(hash, 'escape') LIKE '%' || $1 || '%'`, strings.TrimPrefix(cookie, "ponte_session=")); n != 0 {
		t.Error("the database holds the token itself")
	}
}

func TestTheCookieIsSecureBehindHTTPS(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(d *api.Deps) { d.PublicURL = "https://ponte.example" })
	s.withPassword("anna@home.example")
	res, _ := s.signIn("anna@home.example", password)
	if set := res.header.Get("Set-Cookie"); !strings.Contains(set, "Secure") || res.header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%s, %s", set, res.header.Get("Strict-Transport-Security"))
	}
}

func TestFailedSignInsTellNothingAndAreLimited(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.withPassword("anna@home.example")
	wrong, _ := s.signIn("anna@home.example", "not the password")
	unknown, _ := s.signIn("nobody@home.example", password)
	if wrong.status != 401 || unknown.status != 401 || wrong.body != unknown.body || wrong.header.Get("Set-Cookie") != "" {
		t.Errorf("%d %s / %d %s", wrong.status, wrong.body, unknown.status, unknown.body)
	}
	for i := range 9 {
		if res, _ := s.signIn("anna@home.example", "not the password"); res.status != 401 {
			t.Fatalf("try %d: %d", i+2, res.status)
		}
	}
	if res, cookie := s.signIn("anna@home.example", password); res.status != 429 || cookie != "" || res.header.Get("Retry-After") == "" {
		t.Errorf("the right password after ten wrong ones: %d %s", res.status, res.body)
	}
	s.exec(`UPDATE sign_in_attempts SET at = at - interval '16 minutes'`)
	if res, _ := s.signIn("anna@home.example", password); res.status != 204 {
		t.Errorf("after a quarter of an hour: %d %s", res.status, res.body)
	}
	if n := s.id(`SELECT count(*) FROM sign_in_attempts WHERE key LIKE '%anna%'`); n != 0 {
		t.Error("the attempts hold the address itself")
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	token := s.token(auth.Moderator)
	if !strings.HasPrefix(token, "pt_") || len(token) != 46 {
		t.Errorf("a token of %d letters", len(token))
	}
	bearer := "Bearer " + token
	if res := s.do("POST", s.onComment("hide", s.home.comment), bearer, nil, "X-Ponte-CSRF", ""); res.status != 200 {
		t.Errorf("a token needs no header against forged requests: %d %s", res.status, res.body)
	}
	if res := s.do("GET", "/api/v1/comments", bearer, nil, "X-Ponte-Workspace", fmt.Sprint(s.other.id)); strings.Contains(res.body, marker) {
		t.Errorf("a token reads another workspace: %s", res.body)
	}
	if res := s.do("POST", "/api/v1/tokens", bearer, map[string]any{"name": "n", "role": "owner"}); res.status != 403 {
		t.Errorf("a moderator's token makes an owner's: %d", res.status)
	}
	if res := s.do("POST", "/api/v1/tokens", s.cookie[auth.Admin], map[string]any{"name": "n", "role": "owner"}); res.status != 403 {
		t.Errorf("an admin makes an owner's token: %d", res.status)
	}
	var list api.Page[api.Token]
	body := s.must(200, "GET", "/api/v1/tokens", s.cookie[auth.Admin], nil, &list)
	if len(list.Items) != 1 || list.Items[0].LastUsedAt == nil || strings.Contains(body, token) {
		t.Errorf("tokens %s", body)
	}
	s.must(204, "DELETE", fmt.Sprintf("/api/v1/tokens/%d", list.Items[0].ID), s.cookie[auth.Admin], nil, nil)
	if res := s.do("GET", "/api/v1/comments", bearer, nil); res.status != 401 {
		t.Errorf("a revoked token: %d", res.status)
	}
	if n := s.id(`SELECT count(*) FROM audit_log WHERE workspace_id = $1 AND verb IN ('token.add', 'token.revoke')`, s.home.id); n != 2 {
		t.Errorf("%d lines in the audit log", n)
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	agent, owner := s.user[auth.Agent], s.user[auth.Owner]
	path := func(id int64) string { return fmt.Sprintf("/api/v1/members/%d", id) }
	for _, c := range []struct {
		name   string
		who    auth.Role
		method string
		path   string
		body   any
		status int
	}{
		{"an admin makes an owner", auth.Admin, "PUT", path(agent), map[string]any{"role": "owner"}, 403},
		{"an admin unmakes the owner", auth.Admin, "PUT", path(owner), map[string]any{"role": "agent"}, 403},
		{"an admin removes the owner", auth.Admin, "DELETE", path(owner), nil, 403},
		{"an admin adds an owner", auth.Admin, "POST", "/api/v1/members", map[string]any{"email": "x@home.example", "name": "", "role": "owner", "password": password}, 403},
		{"the only owner leaves", auth.Owner, "DELETE", path(owner), nil, 409},
		{"the only owner steps down", auth.Owner, "PUT", path(owner), map[string]any{"role": "admin"}, 409},
		{"a short password", auth.Admin, "POST", "/api/v1/members", map[string]any{"email": "x@home.example", "name": "", "role": "agent", "password": "short"}, 422},
		{"not an address", auth.Admin, "POST", "/api/v1/members", map[string]any{"email": "x", "name": "", "role": "agent", "password": password}, 422},
		{"a member again", auth.Admin, "POST", "/api/v1/members", map[string]any{"email": "agent@home.example", "name": "", "role": "agent"}, 409},
	} {
		before := s.everything(s.home.id)
		if res := s.do(c.method, c.path, s.cookie[c.who], c.body); res.status != c.status || strings.Contains(res.body, password) {
			t.Errorf("%s: %d %s, want %d", c.name, res.status, res.body, c.status)
		}
		if s.everything(s.home.id) != before {
			t.Errorf("%s: something changed", c.name)
		}
	}
	s.must(200, "PUT", path(agent), s.cookie[auth.Owner], map[string]any{"role": "owner"}, nil)
	s.must(200, "PUT", path(owner), s.cookie[auth.Owner], map[string]any{"role": "admin"}, nil)
	s.must(204, "DELETE", path(s.user[auth.Moderator]), s.cookie[auth.Agent], nil, nil)
	if res := s.do("GET", "/api/v1/me", s.cookie[auth.Moderator], nil); res.status != 401 && res.status != 403 {
		t.Errorf("somebody who was removed: %d", res.status)
	}
}

// Only what the trusted proxies themselves wrote counts; what a client claims in front of it does not.
func TestWhereSomebodySignsInFrom(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, forwarded, want string
		trusted               []string
	}{
		{"nobody is trusted", "203.0.113.9", "0.0.0.0", nil},
		{"a trusted proxy", "203.0.113.9", "203.0.113.9", []string{"0.0.0.0"}},
		{"a claim in front", "198.51.100.1, 203.0.113.9", "203.0.113.9", []string{"0.0.0.0/32"}},
		{"two proxies", "198.51.100.1, 203.0.113.9, 10.1.2.3", "203.0.113.9", []string{"0.0.0.0", "10.0.0.0/8"}},
		{"nonsense", "203.0.113.9, what", "0.0.0.0", []string{"0.0.0.0"}},
		{"a line of the proxy's own", "198.51.100.1\n203.0.113.9", "203.0.113.9", []string{"0.0.0.0"}},
		{"two proxies with lines of their own", "198.51.100.1, 198.51.100.2\n203.0.113.9\n10.1.2.3", "203.0.113.9", []string{"0.0.0.0", "10.0.0.0/8"}},
		{"a claim to be a proxy", "203.0.113.9\n198.51.100.1, 10.1.2.3", "198.51.100.1", []string{"0.0.0.0", "10.0.0.0/8"}},
	} {
		s := newScene(t, func(d *api.Deps) { d.TrustedProxies = c.trusted })
		s.withPassword("anna@home.example")
		_, cookie := s.signIn("anna@home.example", password, lines("X-Forwarded-For", c.forwarded)...)
		var list api.Page[api.Session]
		s.must(200, "GET", "/api/v1/sessions", cookie, nil, &list)
		if len(list.Items) != 1 || list.Items[0].Address != c.want {
			t.Errorf("%s: %+v, want %s", c.name, list.Items, c.want)
		}
	}
}

// lines gives a header once for each line of its value.
func lines(name, value string) (out []string) {
	for v := range strings.SplitSeq(value, "\n") {
		out = append(out, name, v)
	}
	return out
}

func TestProblems(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, c := range []struct {
		name, method, path string
		body               any
		status             int
		kind, holds        string
	}{
		{"not JSON", "POST", "/api/v1/tokens", "{", 400, "invalid", ""},
		{"a field of the wrong kind", "POST", "/api/v1/tokens", map[string]any{"name": 7, "role": "agent"}, 422, "invalid", `"location":"body.name"`},
		{"not of the list", "POST", "/api/v1/tokens", map[string]any{"name": "n", "role": "king"}, 422, "invalid", `"location":"body.role"`},
		{"an id that is none", "GET", "/api/v1/comments/x", nil, 422, "invalid", `"location":"path.id"`},
		{"an id beyond all", "GET", "/api/v1/comments/99999999999999999999", nil, 422, "invalid", ""},
		{"a route that is none", "GET", "/api/v1/nothing", nil, 404, "not_found", "openapi.json"},
		{"a method that is none", "DELETE", "/api/v1/comments", nil, 405, "method", "GET"},
		{"a NUL in a search", "GET", "/api/v1/comments?q=a%00b", nil, 200, "", ""},
		{"broken UTF-8 in a search", "GET", "/api/v1/conversations?q=%ff%fe", nil, 200, "", ""},
		{"broken UTF-8 in an object", "GET", "/api/v1/audit?object=%ff%00", nil, 422, "invalid", "NUL"},
		{"broken UTF-8 in a filter", "GET", "/api/v1/comments?language=%ff%00&state=%00", nil, 422, "invalid", "NUL"},
		{"a NUL in a name", "POST", "/api/v1/tokens", `{"name":"a\u0000b","role":"agent"}`, 422, "invalid", ""},
		{"a NUL in a title", "POST", "/api/v1/knowledge", `{"language":"en","title":"a\u0000b","text":"x","source":""}`, 422, "invalid", ""},
		{"a NUL in a setting", "PUT", "/api/v1/workspace", `{"name":"n\u0000","brand":"","legal_name":"","contact":"","time_zone":"Europe/Rome","locale":"en","country":"AU","settings":{"holidays":["\u0000"]}}`, 422, "invalid", ""},
		{"a name that is taken", "PUT", "/api/v1/workspace", `{"name":"other","brand":"","legal_name":"","contact":"","time_zone":"Europe/Rome","locale":"en","country":"AU","settings":{}}`, 409, "conflict", ""},
		{"a policy that cannot work", "PUT", "/api/v1/policy", `{"hide_harm":true,"hide_spam":true,"review_harm":2,"review_spam":0.5,"llm_hide":0.9}`, 422, "invalid", "policy.review_harm"},
		{"a part of a policy", "PUT", "/api/v1/policy", `{"one_wrong_hide_in":500,"strikes":{"days":10}}`, 200, "", `"one_wrong_hide_in":500,"second_condition":["llm","repeat"],"strikes":{"days":10,"review":3,"block":5}`},
		{"a policy's field that is none", "PUT", "/api/v1/policy", `{"one_wrong_hid_in":500}`, 422, "invalid", "one_wrong_hid_in"},
	} {
		res := s.do(c.method, c.path, s.cookie[auth.Owner], c.body)
		if res.status != c.status || !strings.Contains(res.body, c.holds) || strings.Contains(res.body, "pq:") {
			t.Errorf("%s: %d %s, want %d", c.name, res.status, res.body, c.status)
			continue
		}
		if c.status < 400 {
			continue
		}
		var p api.Problem
		res.read(t, &p)
		if p.Kind != c.kind || p.Status != c.status || p.Title == "" || p.Detail == "" || res.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %+v as %s", c.name, p, res.header.Get("Content-Type"))
		}
	}
}

func TestTheInterface(t *testing.T) {
	t.Parallel()
	ui := fstest.MapFS{
		"index.html":          {Data: []byte(`<meta name="nonce" content="__CSP_NONCE__">the page`)},
		"assets/app-1.js":     {Data: []byte("plain")},
		"assets/app-1.js.gz":  {Data: []byte("packed")},
		"secret.txt":          {Data: []byte("a file of the interface")},
		"assets/app-2.css":    {Data: []byte("css")},
		"assets/sub/thing.js": {Data: []byte("thing")},
	}
	s := newScene(t, func(d *api.Deps) { d.UI = ui })
	for _, c := range []struct {
		path, encoding string
		status         int
		body, cache    string
	}{
		{"/", "", 200, "the page", "no-store"},
		{"/comments/7", "", 200, "the page", "no-store"},
		{"/index.html", "", 200, "the page", "no-store"},
		{"/assets/app-1.js", "", 200, "plain", "public, max-age=31536000, immutable"},
		{"/assets/app-1.js", "gzip, br", 200, "packed", "public, max-age=31536000, immutable"},
		{"/assets/app-2.css", "gzip", 200, "css", "public, max-age=31536000, immutable"},
		{"/assets/gone.js", "", 404, "no such file", ""},
		{"/assets", "", 200, "the page", "no-store"},
		{"/api/v2/x", "", 404, "no such route", "no-store"},
		{"/rehearse/control/state", "", 401, "not signed in", ""},
	} {
		res := s.do("GET", c.path, "", nil, "Accept-Encoding", c.encoding)
		if res.status != c.status || !strings.Contains(res.body, c.body) || c.cache != "" && res.header.Get("Cache-Control") != c.cache {
			t.Errorf("GET %s: %d %q, %s", c.path, res.status, res.body, res.header.Get("Cache-Control"))
		}
		csp := res.header.Get("Content-Security-Policy")
		if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") || res.header.Get("X-Content-Type-Options") != "nosniff" || res.header.Get("Referrer-Policy") == "" {
			t.Errorf("GET %s: policy %q", c.path, csp)
		}
	}
	for path, want := range map[string]string{"/api/v1/flows": "GET, POST", "/api/v1/flows/7": "GET, PUT", "/api/v1/flows/7/publish": "POST", "/api/v1/none": "", "/api/v1/flows/": "GET, POST"} {
		res := s.do("PATCH", path, "", nil)
		if got := res.header.Get("Allow"); got != want || (res.status == 405) != (want != "") || want == "" && res.status != 404 {
			t.Errorf("PATCH %s: %d, allowed %q, want %q", path, res.status, got, want)
		}
	}
	one, two := s.do("GET", "/", "", nil), s.do("GET", "/", "", nil)
	if one.body == two.body || strings.Contains(one.body, "__CSP_NONCE__") {
		t.Error("the nonce is not new with every page")
	}
	_, nonce, _ := strings.Cut(one.body, `content="`)
	nonce, _, _ = strings.Cut(nonce, `"`)
	if !strings.Contains(one.header.Get("Content-Security-Policy"), "style-src 'self' 'nonce-"+nonce+"'") {
		t.Errorf("the policy does not name the page's nonce: %s", one.header.Get("Content-Security-Policy"))
	}
}

func TestMedia(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	path := "/media/" + s.home.media
	res := s.do("GET", path, s.cookie[auth.Analyst], nil)
	if res.status != 200 || res.body != "home words" || res.header.Get("Content-Type") != "image/png" || !strings.Contains(res.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("%d %s %v", res.status, res.body, res.header)
	}
	s.exec(`UPDATE media SET mime = 'text/html' WHERE hash = $1`, s.home.media)
	if res := s.do("GET", path, s.cookie[auth.Analyst], nil); res.header.Get("Content-Type") != "application/octet-stream" || res.header.Get("Content-Disposition") != "attachment" {
		t.Errorf("markup is served as %v", res.header)
	}
	// Who belongs to both workspaces sees each one's, though an <img> sends no header.
	both := s.addUser(s.home.id, "both@ponte.example", auth.Agent)
	s.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'agent')`, s.other.id, both)
	cookie := s.session(both)
	for _, at := range []struct {
		id    int64
		media string
	}{{s.home.id, s.home.media}, {s.other.id, s.other.media}} {
		if res := s.do("GET", fmt.Sprintf("/media/%s?workspace=%d", at.media, at.id), cookie, nil); res.status != 200 {
			t.Errorf("a picture of workspace %d: %d", at.id, res.status)
		}
	}
	if res := s.do("GET", fmt.Sprintf("/media/%s?workspace=%d", s.other.media, s.home.id), cookie, nil); res.status != 404 {
		t.Errorf("a picture of the other workspace under this one: %d", res.status)
	}
	for _, bad := range []string{"/media/" + s.other.media, "/media/" + strings.Repeat("f", 64), "/media/..%2f..%2fetc%2fpasswd", "/media/x"} {
		if res := s.do("GET", bad, s.cookie[auth.Owner], nil); res.status != 404 || strings.Contains(res.body, marker) {
			t.Errorf("GET %s: %d %s", bad, res.status, res.body)
		}
	}
}
