package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// server is an OpenAI-compatible stand-in: answer decides each request, and the forms asked for are kept.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	forms []string
}

func serve(t *testing.T, answer func(n int, form string) (status int, body string)) *server {
	t.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			ResponseFormat struct {
				Type string `json:"type"`
			} `json:"response_format"`
		}
		raw, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(raw, &q) != nil || r.URL.Path != "/v1/chat/completions" {
			t.Errorf("%s %s: the question could not be read: %v", r.Method, r.URL.Path, err)
		}
		form := q.ResponseFormat.Type
		if form == "" {
			form = "plain"
		}
		s.mu.Lock()
		s.forms = append(s.forms, form)
		n := len(s.forms)
		s.mu.Unlock()
		status, body := answer(n, form)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.forms)
}

// client tries again so many times.
func (s *server) client(retries int) *Client {
	c := New(Config{URL: s.URL + "/v1/", Key: "k", Model: "small", Timeout: 5 * time.Second, Retries: 1, PriceIn: 1000, PriceOut: 3000})
	c.cfg.Retries = retries
	return c
}

func says(content string) string {
	b, _ := json.Marshal(map[string]any{"model": "small-1", "usage": map[string]int{"prompt_tokens": 20, "completion_tokens": 5},
		"choices": []any{map[string]any{"message": map[string]string{"role": "assistant", "content": content}}}})
	return string(b)
}

var question = Request{System: "Judge.", User: "text", SchemaName: "s", Schema: json.RawMessage(`{"type":"object"}`)}

func TestStepsDownToWhatTheServerTakes(t *testing.T) {
	refusal := func(what string) string {
		return fmt.Sprintf(`{"error":{"message":"%s is not supported","type":"invalid_request_error"}}`, what)
	}
	for name, c := range map[string]struct {
		takes  string // the first form that is taken
		status int
		body   string
		first  []string
		second []string
	}{
		"schema":       {"json_schema", 0, "", []string{"json_schema"}, []string{"json_schema"}},
		"object":       {"json_object", 400, refusal("response_format json_schema"), []string{"json_schema", "json_object"}, []string{"json_object"}},
		"plain":        {"plain", 422, refusal("this"), []string{"json_schema", "json_object", "plain"}, []string{"plain"}},
		"no JSON said": {"plain", 400, "unknown field response_format", []string{"json_schema", "json_object", "plain"}, []string{"plain"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(_ int, form string) (int, string) {
				order := []string{"json_schema", "json_object", "plain"}
				if slices.Index(order, form) < slices.Index(order, c.takes) {
					return c.status, c.body
				}
				return 200, says(`{"ok":true}`)
			})
			client := s.client(0)
			for _, want := range [][]string{c.first, c.second} { // what was learnt is remembered
				before := len(s.asked())
				res, err := client.Complete(t.Context(), question)
				if err != nil || res.Text != `{"ok":true}` {
					t.Fatalf("%q, %v", res.Text, err)
				}
				if got := s.asked()[before:]; !slices.Equal(got, want) {
					t.Errorf("asked %v, want %v", got, want)
				}
			}
		})
	}
}

func TestFreeTextIsAskedWithoutAForm(t *testing.T) {
	s := serve(t, func(int, string) (int, string) { return 200, says("<think>hm</think> Hello there ") })
	res, err := s.client(0).Complete(t.Context(), Request{System: "s", User: "u"})
	if err != nil || res.Text != "Hello there" || s.asked()[0] != "plain" {
		t.Errorf("%q %v, asked %v", res.Text, err, s.asked())
	}
	if res.TokensIn != 20 || res.TokensOut != 5 || res.CostMicros != 35 || res.Model != "small-1" {
		t.Errorf("what it cost: %+v", res)
	}
}

func TestAnswersAreReadOrRefused(t *testing.T) {
	for name, c := range map[string]struct {
		body, want string
		err        error
	}{
		"bare":              {says(`{"a":1}`), `{"a":1}`, nil},
		"fenced":            {says("Here you are:\n```json\n{\"a\": {\"b\": 2}}\n```\nAnything else?"), `{"a": {"b": 2}}`, nil},
		"reasoning first":   {says(`<think>perhaps {"a":0}?</think>{"a":1}`), `{"a":1}`, nil},
		"reasoning twice":   {says(`<thinking>{"a":0}</thinking>{"a":1}<reasoning>{"a":2}</reasoning>`), `{"a":1}`, nil},
		"only its end tag":  {says(`perhaps {"a":0}?</think>{"a":1}`), `{"a":1}`, nil},
		"endless reasoning": {says(`<think>perhaps {"a":0}`), "", ErrEmpty},
		"truncated":         {says(`{"items":[{"id":1,"category":"no`), "", ErrEmpty},
		"words only":        {says("I would rather not."), "", ErrEmpty},
		"empty":             {says(""), "", ErrEmpty},
		"no choices":        {`{"choices":[]}`, "", ErrEmpty},
		"refusal":           {`{"choices":[{"message":{"role":"assistant","content":"","refusal":"I cannot"}}]}`, "", ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(int, string) (int, string) { return 200, c.body })
			client := s.client(2)
			res, err := client.Complete(t.Context(), question)
			if !errors.Is(err, c.err) || err == nil && res.Text != c.want {
				t.Errorf("%q, %v; want %q, %v", res.Text, err, c.want, c.err)
			}
			if len(s.asked()) != 1 || client.State() != OK {
				t.Errorf("asked %d times, state %s: an unusable answer is neither repeated nor an outage", len(s.asked()), client.State())
			}
			if err != nil && (res.Model == "" || res.TokensIn == 0) {
				t.Errorf("an unusable answer cost nothing: %+v", res)
			}
		})
	}
}

func TestWhatMayPassIsTriedAgain(t *testing.T) {
	for status, times := range map[int]int{408: 2, 429: 2, 500: 2, 503: 2, 401: 1, 403: 1} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(n int, _ string) (int, string) {
				if n == 1 {
					return status, `{"error":{"message":"secret words of the server"}}`
				}
				return 200, says(`{"a":1}`)
			})
			_, err := s.client(1).Complete(t.Context(), question)
			if n := len(s.asked()); n != times || (err == nil) != (times == 2) {
				t.Errorf("asked %d times, want %d; %v", n, times, err)
			}
			if err != nil && (!errors.Is(err, ErrDown) || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), fmt.Sprint(status))) {
				t.Errorf("the error: %v", err)
			}
		})
	}
}

func TestBreakerOpensAndTriesOnceAfterThePause(t *testing.T) {
	well := false
	s := serve(t, func(int, string) (int, string) {
		if well {
			return 200, says(`{"a":1}`)
		}
		return 500, ""
	})
	c := s.client(0)
	now := time.Now()
	c.now = func() time.Time { return now }
	for n := range breakAfter {
		if c.State() != OK {
			t.Fatalf("down after %d failures", n)
		}
		if _, err := c.Complete(t.Context(), question); !errors.Is(err, ErrDown) {
			t.Fatal(err)
		}
	}
	if _, err := c.Complete(t.Context(), question); !errors.Is(err, ErrDown) || c.State() != Down || len(s.asked()) != breakAfter {
		t.Fatalf("state %s after %d requests: %v", c.State(), len(s.asked()), err)
	}
	now = now.Add(breakFor)
	_, _ = c.Complete(t.Context(), question)
	if c.State() != Down || len(s.asked()) != breakAfter+1 {
		t.Errorf("after the pause: state %s, %d requests; want one more and down again", c.State(), len(s.asked()))
	}
	now, well = now.Add(breakFor), true
	if c.State() != OK || c.Seen() != Down {
		t.Errorf("before it has answered: it may be asked: %s, people are told %s", c.State(), c.Seen())
	}
	if _, err := c.Complete(t.Context(), question); err != nil || c.State() != OK || c.Seen() != OK {
		t.Errorf("state %s, %v", c.State(), err)
	}
}

// A caller who goes away says nothing of the server.
func TestCancelledCallersDoNotOpenTheBreaker(t *testing.T) {
	s := serve(t, func(int, string) (int, string) { return 200, says(`{"a":1}`) })
	c := s.client(0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 * breakAfter {
		if _, err := c.Complete(ctx, question); err == nil {
			t.Fatal("an ended context was answered")
		}
	}
	if c.State() != OK {
		t.Error("callers who went away opened the breaker")
	}
}

func TestAStalledServerIsGivenUp(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(int, string) (int, string) { <-release; return 200, says("{}") })
	defer close(release)
	c := New(Config{URL: s.URL + "/v1", Model: "small", Timeout: 50 * time.Millisecond})
	if _, err := c.Complete(t.Context(), question); !errors.Is(err, ErrDown) {
		t.Error(err)
	}
	if n := len(s.asked()); n > 1 {
		t.Errorf("waited for it %d times over", n)
	}
}

func TestWithoutAServer(t *testing.T) {
	c := New(Config{Model: "small"})
	if _, err := c.Complete(t.Context(), question); !errors.Is(err, ErrOff) || c.State() != Off || c.Configured() {
		t.Errorf("state %s, %v", c.State(), err)
	}
	if none := (*Client)(nil); none.State() != Off {
		t.Error("no client at all is not off")
	}
}

func TestExtractJSON(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "",
		"no braces":                       "",
		"{":                               "",
		"{not json}":                      "",
		`{}`:                              `{}`,
		`x {"a":1} y`:                     `{"a":1}`,
		`{"a":1} {"b":2}`:                 `{"b":2}`,
		`{"a":{"b":{}}}`:                  `{"a":{"b":{}}}`,
		`{"a":"} {"}`:                     `{"a":"} {"}`,
		`{oops {"a":1}`:                   `{"a":1}`,
		`{"a":1} then {"b":`:              `{"a":1}`,
		`[{"a":1}]`:                       `{"a":1}`,
		"```json\n{\"a\":\"è 🔥\"}\n```\n": `{"a":"è 🔥"}`,
		strings.Repeat("{", 2000):         "",
	} {
		got, ok := ExtractJSON(in, nil)
		if got != want || ok != (want != "") {
			t.Errorf("ExtractJSON(%.40q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}
