package llm

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

var listed = Request{System: "Judge.", User: "text", SchemaName: "s", MaxTokens: 100,
	Schema: json.RawMessage(`{"type":"object","required":["items"],"properties":{"items":{"type":"array"}}}`)}

// A server may refuse a form in words nobody foresaw: until it has answered in one, the next is tried.
func TestFormsRefusedInWordsOfTheirOwn(t *testing.T) {
	for _, words := range []string{"Structured outputs are not available for this model", "guided decoding is disabled", "Bad Request"} {
		s := serve(t, func(_ int, form string) (int, string) {
			if form != "plain" {
				return 400, `{"error":{"message":"` + words + `"}}`
			}
			return 200, says(`{"items":[]}`)
		})
		client := s.client(0)
		for range 2 {
			if res, err := client.Complete(t.Context(), listed); err != nil || res.Text != `{"items":[]}` {
				t.Errorf("%s: %q, %v", words, res.Text, err)
			}
		}
		if n := len(s.asked()); n != 4 {
			t.Errorf("%s: %d requests for two questions, want 4", words, n)
		}
	}
}

// What a server that answers in a form refuses later is the question's own fault.
func TestARefusedQuestionChangesNoForm(t *testing.T) {
	s := serve(t, func(n int, _ string) (int, string) {
		if n == 2 {
			return 400, `{"error":{"message":"filtered by content management"}}`
		}
		return 200, says(`{"items":[]}`)
	})
	client := s.client(0)
	for n := range 3 {
		_, err := client.Complete(t.Context(), listed)
		if refused := errors.Is(err, ErrRefused); refused != (n == 1) {
			t.Errorf("question %d: %v", n, err)
		}
	}
	if got := strings.Join(s.asked(), " "); got != "json_schema json_schema json_schema" {
		t.Errorf("asked in %s", got)
	}
}

// Models that think take neither max_tokens nor a temperature. The library refuses some by their names before
// anything is sent, and servers others.
func TestModelsThatThink(t *testing.T) {
	for _, model := range []string{"o4-mini", "gpt-5-mini", "thinker"} {
		var refused, asked atomic.Int32
		c := rude(t, func(w http.ResponseWriter, r *http.Request) {
			var q map[string]any
			raw, _ := io.ReadAll(r.Body)
			_ = json.Unmarshal(raw, &q)
			_, old := q["max_tokens"]
			_, warm := q["temperature"]
			if old || warm {
				refused.Add(1)
				w.WriteHeader(400)
				_, _ = io.WriteString(w, `{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."}}`)
				return
			}
			if most, _ := q["max_completion_tokens"].(float64); most <= 100 {
				t.Errorf("%s: %v tokens leave no room to think", model, most)
			}
			asked.Add(1)
			_, _ = io.WriteString(w, says(`{"items":[]}`))
		})
		c.cfg.Model, c.cfg.Timeout = model, 5*time.Second
		for range 2 {
			if _, err := c.Complete(t.Context(), listed); err != nil {
				t.Errorf("%s: %v", model, err)
			}
		}
		if refused.Load() > 1 || asked.Load() != 2 {
			t.Errorf("%s: %d refused, %d answered", model, refused.Load(), asked.Load())
		}
	}
}

func TestAnswersOutOfPlace(t *testing.T) {
	call := `{"id":"c","type":"function","function":{"name":"s","arguments":"{\"items\":[]}"}}`
	for name, message := range map[string]string{
		"parts":         `{"role":"assistant","content":[{"type":"text","text":"{\"items\""},{"type":"text","text":":[]}"}]}`,
		"a call":        `{"role":"assistant","content":null,"tool_calls":[` + call + `]}`,
		"an older call": `{"role":"assistant","content":null,"function_call":{"name":"s","arguments":"{\"items\":[]}"}}`,
	} {
		s := serve(t, func(int, string) (int, string) {
			return 200, `{"model":"m","choices":[{"message":` + message + `,"finish_reason":"stop"}],"usage":{"prompt_tokens":-900,"completion_tokens":-5}}`
		})
		res, err := s.client(0).Complete(t.Context(), listed)
		if err != nil || res.Text != `{"items":[]}` {
			t.Errorf("%s: %q, %v", name, res.Text, err)
		}
		if res.TokensIn <= 0 || res.TokensOut < 0 || !res.Estimated || res.CostMicros <= 0 {
			t.Errorf("%s: a count below nothing was believed: %+v", name, res)
		}
	}
}

func TestExtractJSONThatFits(t *testing.T) {
	for in, want := range map[string]string{
		`{"items":[{"id":1}]} I used {"id":1}.`:           `{"items":[{"id":1}]}`,
		`draft {"items":[]} now {"items":[{"id":2}]} {}`:  `{"items":[{"id":2}]}`,
		`as [1] says: [{"id":1},{"id":2}]`:                `{"items":[{"id":1},{"id":2}]}`,
		`{"id":1}`:                                        `{"id":1}`,
		`{"items":"none"} {"id":1}`:                       `{"id":1}`,
		"```json\n[{\"id\":1}]\n```":                      `{"items":[{"id":1}]}`,
		`{"items":[{"id":1}],} and {"items":[{"id":3}]}x`: `{"items":[{"id":3}]}`,
	} {
		if got, ok := ExtractJSON(in, listed.Schema); got != want || !ok {
			t.Errorf("ExtractJSON(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
	start := time.Now()
	if _, ok := ExtractJSON(strings.Repeat(`{"a":`, 700000), listed.Schema); ok || time.Since(start) > 10*time.Second {
		t.Errorf("nothing but braces: found %v after %s", ok, time.Since(start))
	}
}
