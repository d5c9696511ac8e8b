package llm

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestModerations(t *testing.T) {
	t.Parallel()
	reply, status := "", 200
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		var q struct {
			Model string   `json:"model"`
			Input []string `json:"input"`
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.URL.Path != "/v1/moderations" || q.Model != "own-model" || len(q.Input) != 2 || r.Header.Get("Authorization") != "Bearer k" {
			t.Errorf("%s asked for %+v: %v", r.URL.Path, q, err)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, reply)
	}))
	t.Cleanup(s.Close)
	m := NewModerations(Config{URL: s.URL + "/v1/", Key: "k", Model: "own-model", Timeout: 2 * time.Second})
	texts := []string{"a", "b"}
	reply = `{"id":"x","model":"own-model","results":[{"flagged":true,"categories":{},"category_scores":{"hate":0.91}},{"flagged":false,"category_scores":{"hate":0.01,"new":0.5}}]}`
	out, err := m.Moderate(t.Context(), texts)
	if err != nil || out[0]["hate"] != 0.91 || out[1]["new"] != 0.5 || m.State() != OK {
		t.Fatalf("%v, %v", out, err)
	}
	for name, c := range map[string]struct {
		status int
		reply  string
	}{"an error": {500, "secret words"}, "another form": {200, `{"results":"none"}`}, "too few": {200, `{"results":[{"category_scores":{}},{"category_scores":{}},{"category_scores":{}}]}`}, "no JSON": {200, "<html>"}, "no such route": {404, ""}} {
		status, reply = c.status, c.reply
		if _, err := m.Moderate(t.Context(), texts); !errors.Is(err, ErrDown) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if m.State() != Down {
		t.Error("five failures in a row did not open the breaker")
	}
	before := asked
	if _, err := m.Moderate(t.Context(), texts); !errors.Is(err, ErrDown) || asked != before {
		t.Errorf("asked while the breaker was open: %v", err)
	}
	if _, err := NewModerations(Config{}).Moderate(t.Context(), texts); !errors.Is(err, ErrOff) {
		t.Errorf("without an address: %v", err)
	}
}

// What endpoints of other makes answer, and what is made of it; what is no answer is told as such and costs
// one request.
func TestModerationsOfOtherMakes(t *testing.T) {
	t.Parallel()
	two := func(one string) string { return `{"results":[` + one + `,` + one + `]}` }
	for name, c := range map[string]struct {
		reply string
		head  http.Header
		code  int
		hate  float64 // -1: no answer
		busy  bool
	}{
		"scores as text":                   {two(`{"category_scores":{"hate":"0.91","violence":" 0.2 "}}`), nil, 200, 0.91, false},
		"some are no numbers":              {two(`{"category_scores":{"hate":0.5,"sexual":null,"violence":"high","self-harm":{"x":1},"illicit":[1]}}`), nil, 200, 0.5, false},
		"without the category":             {two(`{"flagged":false,"category_scores":{"violence":0.1}}`), nil, 200, 0, false},
		"fields nobody knows":              {`{"usage":{"x":1},"warnings":["w"],"results":[{"category_scores":{"hate":0.7},"category_applied_input_types":{"hate":["text"]}},{"category_scores":{"hate":0.7},"x":null}]}`, nil, 200, 0.7, false},
		"only flags":                       {two(`{"flagged":true,"categories":{"hate":true,"violence":false}}`), nil, 200, 1, false},
		"neither scores nor flags":         {two(`{"flagged":true}`), nil, 200, -1, false},
		"an error as an answer":            {`{"error":{"message":"overloaded","code":"server_error"}}`, nil, 200, -1, false},
		"an error with a code as answer":   {`{"error":{"message":"slow down","code":429}}`, http.Header{"Retry-After": {"7"}}, 200, -1, true},
		"a page":                           {"<html><body>502</body></html>", http.Header{"Content-Type": {"text/html"}}, 200, -1, false},
		"busy for seconds":                 {"", http.Header{"Retry-After": {"7"}}, 429, -1, true},
		"busy until a date":                {"", http.Header{"Retry-After": {time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)}}, 429, -1, true},
		"nothing":                          {"", nil, 200, -1, false},
		"a number that is too large":       {two(`{"category_scores":{"hate":1e999}}`), nil, 200, 0, false},
		"the results under another word":   {`{"data":[{"category_scores":{"hate":0.7}}]}`, nil, 200, -1, false},
		"results that are no list":         {`{"results":{"category_scores":{"hate":0.7}}}`, nil, 200, -1, false},
		"an empty error beside the answer": {`{"error":null,"results":[{"category_scores":{"hate":0.7}},{"category_scores":{"hate":0.7}}]}`, nil, 200, 0.7, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked++
				for k, v := range c.head {
					w.Header()[k] = v
				}
				w.WriteHeader(c.code)
				_, _ = io.WriteString(w, c.reply)
			}))
			t.Cleanup(s.Close)
			m := NewModerations(Config{URL: s.URL + "/api/openai", Timeout: 5 * time.Second})
			out, err := m.Moderate(t.Context(), []string{"a", "b"})
			switch {
			case c.hate < 0 && !errors.Is(err, ErrDown):
				t.Errorf("%v, %v: want no answer", out, err)
			case c.hate >= 0 && (err != nil || len(out) != 2 || out[0]["hate"] != c.hate || out[1]["hate"] != c.hate):
				t.Errorf("%v, %v: want %v", out, err, c.hate)
			}
			if asked != 1 {
				t.Errorf("asked %d times", asked)
			}
			if busy := m.State() == Down; busy != c.busy {
				t.Errorf("left alone: %v, want %v", busy, c.busy)
			}
		})
	}
}

// An endpoint that takes one text a request, or answers about one, is asked so from then on.
func TestModerationsOneByOne(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]int{"refuses lists": 400, "cannot process lists": 422, "answers about the first": 200} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var q struct{ Input json.RawMessage }
				if err := json.NewDecoder(r.Body).Decode(&q); err != nil || r.URL.Path != "/moderations" {
					t.Errorf("%s: %v", r.URL.Path, err)
				}
				asked = append(asked, string(q.Input))
				if q.Input[0] == '[' && refuse != 200 {
					w.WriteHeader(refuse)
					return
				}
				score := "0.2"
				if string(q.Input) == `"b"` {
					score = "0.9"
				}
				_, _ = io.WriteString(w, `{"results":[{"category_scores":{"hate":`+score+`}}]}`)
			}))
			t.Cleanup(s.Close)
			m := NewModerations(Config{URL: s.URL + "/moderations", Timeout: 5 * time.Second})
			for range 2 {
				out, err := m.Moderate(t.Context(), []string{"a", "b"})
				if err != nil || len(out) != 2 || out[0]["hate"] != 0.2 || out[1]["hate"] != 0.9 {
					t.Fatalf("%v, %v", out, err)
				}
			}
			if len(asked) != 5 || m.State() != OK {
				t.Errorf("asked %v, state %s", asked, m.State())
			}
			if out, err := m.Moderate(t.Context(), []string{"b"}); err != nil || out[0]["hate"] != 0.9 {
				t.Errorf("one text: %v, %v", out, err)
			}
		})
	}
}
