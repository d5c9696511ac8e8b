package api_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
)

// Ids have eight bytes: what a large installation reaches, and what nobody will, is found or not found, on every route that
// takes one, and in every filter.
func TestLargeIDs(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner := s.cookie[auth.Owner]
	id := regexp.MustCompile(`\{[a-z_]*id\}|:[a-z_]*id\b`)
	tried := 0
	for _, n := range []int64{3_000_000_000, 1<<63 - 1} {
		for _, r := range api.Routes() {
			if r.Need == auth.Public || !id.MatchString(r.Path) || strings.HasSuffix(r.Path, "/stream") {
				continue
			}
			path := id.ReplaceAllString(r.Path, fmt.Sprint(n))
			if res := s.do(r.Method, path, owner, s.home.body(r.Method, r.Path)); res.status >= 500 {
				t.Errorf("%s %s: %d %s", r.Method, path, res.status, res.body)
			}
			tried++
		}
		for _, path := range []string{"/actions?contact_id=%d", "/actions?comment_id=%d", "/templates?account_id=%d", "/flow-runs?conversation_id=%d", "/flow-runs?flow_id=%d", "/bookings?contact_id=%d", "/audit?before=%d"} {
			if res := s.do("GET", "/api/v1"+fmt.Sprintf(path, n), owner, nil); res.status >= 500 {
				t.Errorf("GET %s: %d %s", fmt.Sprintf(path, n), res.status, res.body)
			}
		}
	}
	if tried < 100 {
		t.Errorf("only %d routes with an id", tried)
	}
}
