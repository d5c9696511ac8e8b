package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"ponte/api"
	"ponte/auth"
	"ponte/fault"
)

// drafter tells what the test gives it, and says when nobody listens any more.
type drafter struct {
	events chan api.SuggestionEvent
	end    error
	gone   chan struct{}
}

func (d *drafter) Follow(ctx context.Context, _, _ int64, tell func(api.SuggestionEvent)) (api.Suggestions, error) {
	for {
		select {
		case e, more := <-d.events:
			if !more {
				return api.Suggestions{Items: []api.Suggestion{{ID: 9, Rank: 1, Text: "Hello"}}, Revision: 3, LLMState: "ok", LLMFault: "cut"}, d.end
			}
			tell(e)
		case <-ctx.Done():
			close(d.gone)
			return api.Suggestions{}, ctx.Err()
		}
	}
}

// drafts opens the stream over a real socket.
func (s *scene) drafts(d *drafter) *http.Response {
	s.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	go func() { _ = s.server.App.Listener(ln) }()
	s.t.Cleanup(func() { _ = s.server.App.ShutdownWithTimeout(5 * time.Second) })
	req, err := http.NewRequest("GET", fmt.Sprintf("http://%s/api/v1/conversations/%d/suggestions/live", ln.Addr(), s.home.conversation), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Cookie", s.cookie[auth.Agent])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = res.Body.Close() })
	if ct := res.Header.Get("Content-Type"); res.StatusCode != 200 || ct != "text/event-stream" {
		s.t.Fatalf("%d %s", res.StatusCode, ct)
	}
	return res
}

func TestDraftsAreSentWhileTheyAreWritten(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		end  error
		last string
	}{
		"to the end": {nil, `done {"items":[{"id":9,"rank":1,"language":"","text":"Hello","sources":[],"made_by":""}],"revision":3,"llm_state":"ok","llm_fault":"cut"}`},
		"moved on":   {fault.New(fault.Conflict, "it moved on"), `failed {"title":"Conflict","status":409,"detail":"it moved on","kind":"conflict"}`},
		"our fault":  {fmt.Errorf("secret"), `failed {"title":"Internal Server Error","status":500,"detail":"something went wrong on our side; it is in the log","kind":"internal"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &drafter{events: make(chan api.SuggestionEvent), end: c.end, gone: make(chan struct{})}
			s := newScene(t, func(deps *api.Deps) { deps.Suggest = d })
			res := s.drafts(d)
			lines := bufio.NewScanner(res.Body)
			next := func() string {
				event := ""
				for lines.Scan() {
					if n, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
						event = n
					}
					if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
						return event + " " + data
					}
				}
				return "the stream ended"
			}
			for _, e := range []struct {
				in   api.SuggestionEvent
				want string
			}{
				{api.SuggestionEvent{Kind: "writing", N: 0, Text: "Hel\nlo"}, `writing {"n":0,"text":"Hel\nlo"}`},
				{api.SuggestionEvent{Kind: "refused", N: 0, Reason: "link"}, `refused {"n":0,"reason":"link"}`},
			} {
				d.events <- e.in
				if got := next(); got != e.want {
					t.Errorf("%s, want %s", got, e.want)
				}
			}
			close(d.events)
			if got := next(); got != c.last {
				t.Errorf("%s\nwant %s", got, c.last)
			}
			if got := next(); got != "the stream ended" {
				t.Errorf("and then %s", got)
			}
		})
	}
}

func TestWhoClosesTheStreamEndsTheDrafting(t *testing.T) {
	t.Parallel()
	d := &drafter{events: make(chan api.SuggestionEvent), gone: make(chan struct{})}
	s := newScene(t, func(deps *api.Deps) { deps.Suggest = d })
	res := s.drafts(d)
	d.events <- api.SuggestionEvent{Kind: "writing", Text: "Hello"}
	_ = res.Body.Close()
	select {
	case <-d.gone:
	case <-time.After(20 * time.Second):
		t.Fatal("the model writes for nobody")
	}
}

// What is wrong with an address says which part of it, and what is expected there.
func TestAnIDThatIsNone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for path, want := range map[string]string{
		"/conversations/abc":                    "id in the address: a whole number is expected",
		"/conversations/1.5/messages":           "id in the address: a whole number is expected",
		"/conversations/x/suggestions/live":     "id in the address: a whole number is expected",
		"/contacts/x/evidence":                  "id in the address: a whole number is expected",
		"/conversations/9999999999999999999999": "id in the address: a whole number is expected",
		"/comments?limit=many":                  "limit in the query: a whole number is expected",
		"/comments?limit=0":                     "limit in the query: expected number >= 1",
	} {
		res := s.do("GET", "/api/v1"+path, s.cookie[auth.Owner], nil)
		var p api.Problem
		if err := json.Unmarshal([]byte(res.body), &p); err != nil || res.status != 422 || p.Detail != want || len(p.Errors) != 1 || p.Kind != "invalid" {
			t.Errorf("%s: %d %s, want %q", path, res.status, res.body, want)
		}
	}
	res := s.do("POST", "/api/v1/labels", s.cookie[auth.Owner], map[string]any{"name": 5, "colour": 7})
	if res.status != 422 || !strings.Contains(res.body, "name in the body: expected string") {
		t.Errorf("%d %s", res.status, res.body)
	}
}
