package api_test

import (
	"fmt"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
)

// An admin names the addresses that an operator wrote down and no others: the server calls them.
func TestAnAdminDoesNotChooseWhatTheServerCalls(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(d *api.Deps) { d.GraphURL, d.RehearsalURL = "http://127.0.0.1:9001", "http://127.0.0.1:8090" })
	s.exec(`UPDATE accounts SET base_url = 'http://graph.example:8443/v25.0' WHERE id = $1`, s.other.facebook) // by the command line
	s.exec(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, state, removed_at) VALUES ($1, 'facebook', 'gone', 'http://gone.example', '', 'removed', now())`, s.home.id)
	s.exec(`UPDATE accounts SET base_url = 'https://graph.facebook.com/v25.0' WHERE base_url = 'http://127.0.0.1:1'`)
	add := func(id, base string) answer {
		return s.do("POST", "/api/v1/accounts", s.cookie[auth.Admin], map[string]string{"channel": "facebook", "id": id, "token": "t", "base_url": base})
	}
	for _, base := range []string{"", "https://graph.facebook.com/v25.0", "https://graph.instagram.com", "https://GRAPH.facebook.com:443/v25.0",
		"http://127.0.0.1:9001", "http://127.0.0.1:9001/v25.0/", "http://127.0.0.1:8090", "http://graph.example:8443"} {
		if got := add("1", base); got.status != 200 && got.status != 201 {
			t.Errorf("%q: %d %s", base, got.status, got.body)
		}
	}
	before := s.text(`SELECT base_url FROM accounts WHERE external_id = '1'`)
	for _, base := range []string{"http://169.254.169.254", "http://127.0.0.1:9002", "http://127.0.0.1", "http://localhost:5432", "http://[::1]:9001", "http://10.0.0.1:9001", "http://graph.facebook.com",
		"https://graph.facebook.com:8443", "https://graph.facebook.com.example.org", "https://graph.facebook.com@example.org", "https://example.org/https://graph.facebook.com", "https://graph.example:8443",
		"http://gone.example", "http://127.0.0.1:9001?x=", "http://127.0.0.1:9001#x", "file:///etc/passwd", "https://example.org"} {
		for _, id := range []string{"1", "2"} { // connected already, and new
			if got := add(id, base); got.status != 422 && got.status != 400 || !strings.Contains(got.body, "ponte account add") || !strings.Contains(got.body, "base_url") {
				t.Errorf("%q: %d %s", base, got.status, got.body)
			}
		}
	}
	if got := s.text(`SELECT string_agg(base_url, ' ') FROM accounts WHERE external_id IN ('1', '2')`); got != before {
		t.Errorf("the accounts are at %q, want %q", got, before)
	}
}

// On a server for this machine alone the Graph server of a check may stand on any port of it, and nowhere else.
func TestALoopbackServerTakesLoopbackAddresses(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(d *api.Deps) { d.Loopback = true })
	for base, ok := range map[string]bool{"http://127.0.0.1:9002": true, "http://localhost:9002/v25.0": true, "http://[::1]:9002": true, "http://127.8.8.8": true, "http://169.254.169.254": false, "http://10.0.0.1": false, "http://localhost.example": false} {
		got := s.do("POST", "/api/v1/accounts", s.cookie[auth.Admin], map[string]string{"channel": "facebook", "id": "1", "token": "t", "base_url": base})
		if (got.status < 300) != ok {
			t.Errorf("%q: %d %s", base, got.status, got.body)
		}
	}
	for listen, is := range map[string]bool{"127.0.0.1:8080": true, "localhost:8080": true, "[::1]:8080": true, ":8080": false, "0.0.0.0:8080": false, "[::]:8080": false, "192.168.1.2:8080": false} {
		if api.Loopback(listen) != is {
			t.Errorf("%s: loopback %v", listen, !is)
		}
	}
}

// Who has the installation to themselves is its operator.
func TestTheOnlyWorkspaceNamesItsAddresses(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.exec(`UPDATE accounts SET removed_at = now(), state = 'removed' WHERE workspace_id = $1`, s.other.id)
	add := func() int {
		return s.do("POST", "/api/v1/accounts", s.cookie[auth.Admin], map[string]string{"channel": "facebook", "id": "1", "token": "t", "base_url": "http://gateway.example"}).status
	}
	if got := add(); got < 400 {
		t.Errorf("beside another workspace: %d", got)
	}
	s.exec(fmt.Sprintf(`BEGIN; SET LOCAL session_replication_role = replica; DELETE FROM workspaces WHERE id = %d; COMMIT`, s.other.id)) // what it owns stays behind
	if got := add(); got >= 300 {
		t.Errorf("alone: %d", got)
	}
}
