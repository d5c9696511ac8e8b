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
	}{"an error": {500, "secret words"}, "another form": {200, `{"results":"none"}`}, "too few": {200, `{"results":[{}]}`}, "no JSON": {200, "<html>"}, "no such route": {404, ""}} {
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
