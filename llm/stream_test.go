package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// speaker is a stand-in that streams; do writes what it likes, with the question at hand.
type speaker struct {
	*httptest.Server
	asked atomic.Int32
	gone  chan struct{} // a request's client went away
}

type asked struct {
	Stream        bool `json:"stream"`
	StreamOptions *struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	ResponseFormat *struct {
		Type string `json:"type"`
	} `json:"response_format"`
}

func speak(t *testing.T, do func(w *wire, q asked)) (*speaker, *Client) {
	t.Helper()
	s := &speaker{gone: make(chan struct{}, 16)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		var q asked
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Errorf("the question could not be read: %v", err)
		}
		do(&wire{w, r}, q)
		if r.Context().Err() != nil {
			s.gone <- struct{}{}
		}
	}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	c := New(Config{URL: s.URL + "/v1", Model: "small", Timeout: 400 * time.Millisecond, Stall: 150 * time.Millisecond, PriceIn: 1000, PriceOut: 3000})
	c.cfg.Retries = 0
	return s, c
}

// wire is the way back to the client.
type wire struct {
	http.ResponseWriter
	r *http.Request
}

func (w *wire) raw(s string) {
	_, _ = io.WriteString(w, s)
	w.ResponseWriter.(http.Flusher).Flush()
}

func (w *wire) chunk(v map[string]any) {
	b, _ := json.Marshal(v)
	w.raw("data: " + string(b) + "\n\n")
}

func (w *wire) delta(key, text string) {
	w.chunk(map[string]any{"model": "small-1", "choices": []any{map[string]any{"index": 0, "delta": map[string]string{key: text}}}})
}

func (w *wire) say(parts ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, p := range parts {
		w.delta("content", p)
	}
}

func (w *wire) stop(why string) {
	w.chunk(map[string]any{"choices": []any{map[string]any{"index": 0, "delta": map[string]string{}, "finish_reason": why}}})
}

func (w *wire) count() {
	w.chunk(map[string]any{"choices": []any{}, "usage": map[string]int{"prompt_tokens": 20, "completion_tokens": 5, "total_tokens": 25}})
}

func (w *wire) done() { w.raw("data: [DONE]\n\n") }

func (w *wire) hang() { <-w.r.Context().Done() }

func (w *wire) refuse(status int, text string) {
	w.WriteHeader(status)
	w.raw(fmt.Sprintf(`{"error":{"message":%q}}`, text))
}

func TestAStreamIsHandedOnAndCounted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(w *wire, q asked)
		text string
		res  Response
	}{
		"counted": {func(w *wire, q asked) {
			if !q.Stream || q.StreamOptions == nil || !q.StreamOptions.IncludeUsage || q.ResponseFormat.Type != "json_schema" {
				w.WriteHeader(418)
				return
			}
			w.say(`{"a"`, `:"b`, `c"}`)
			w.stop("stop")
			w.count()
			w.done()
		}, `{"a":"bc"}`, Response{Text: `{"a":"bc"}`, Model: "small-1", TokensIn: 20, TokensOut: 5, CostMicros: 35}},
		"not counted": {func(w *wire, _ asked) { w.say(`{"a":"bc"}`, "  "); w.stop("stop"); w.done() },
			`{"a":"bc"}  `, Response{Text: `{"a":"bc"}`, Model: "small-1", TokensIn: 2, TokensOut: 3, CostMicros: 11, Estimated: true}},
		"no word on why it ends": {func(w *wire, _ asked) { w.say(`{"a":1}`); w.done() },
			`{"a":1}`, Response{Text: `{"a":1}`, Model: "small-1", TokensIn: 2, TokensOut: 1, CostMicros: 5, Estimated: true}},
		"thinks aloud in a field": {func(w *wire, _ asked) {
			w.delta("reasoning_content", "let me see now, well")
			w.say(`{"a":1}`)
			w.stop("stop")
		}, `{"a":1}`, Response{Text: `{"a":1}`, Model: "small-1", TokensIn: 2, TokensOut: 6, CostMicros: 20, Estimated: true}},
		"thinks aloud in the text": {func(w *wire, _ asked) { w.say("<think>{\"a\":0}", "</think>", `{"a":1}`); w.stop("stop") },
			`<think>{"a":0}</think>{"a":1}`, Response{Text: `{"a":1}`, Model: "small-1", TokensIn: 2, TokensOut: 7, CostMicros: 23, Estimated: true}},
		"comments, event names and a wrong type": {func(w *wire, _ asked) {
			w.Header().Set("Content-Type", "application/json")
			w.raw("\ufeff: hello\n\nevent: x\nid: 1\n")
			w.delta("content", `{"a":1}`)
			w.stop("stop")
			w.count()
		}, `{"a":1}`, Response{Text: `{"a":1}`, Model: "small-1", TokensIn: 20, TokensOut: 5, CostMicros: 35}},
		"a document instead": {func(w *wire, _ asked) { w.raw(says(`{"a":1}`)) },
			`{"a":1}`, Response{Text: `{"a":1}`, Model: "small-1", TokensIn: 20, TokensOut: 5, CostMicros: 35}},
		"cut after its end": {func(w *wire, _ asked) { w.say(`{"a":1}`); w.stop("stop"); panic(http.ErrAbortHandler) },
			`{"a":1}`, Response{Text: `{"a":1}`, Model: "small-1", TokensIn: 2, TokensOut: 1, CostMicros: 5, Estimated: true}},
		"other choices": {func(w *wire, _ asked) {
			w.say(`{"a":1`)
			w.chunk(map[string]any{"choices": []any{map[string]any{"index": 1, "delta": map[string]string{"content": "x"}}}})
			w.say(`}`)
			w.stop("stop")
		}, `{"a":1}`, Response{Text: `{"a":1}`, Model: "small-1", TokensIn: 2, TokensOut: 1, CostMicros: 5, Estimated: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, client := speak(t, c.do)
			var got strings.Builder
			res, err := client.Stream(t.Context(), question, func(s string) { got.WriteString(s) })
			res.Took = 0
			if err != nil || got.String() != c.text || res != c.res {
				t.Errorf("%q, %+v, %v\nwant %q, %+v", got.String(), res, err, c.text, c.res)
			}
			if client.State() != OK {
				t.Errorf("afterwards it is %s", client.State())
			}
		})
	}
}

func TestStreamsThatMisbehave(t *testing.T) {
	t.Parallel()
	var busy *BusyError
	for name, c := range map[string]struct {
		do   func(w *wire, q asked)
		want error
		cut  bool // some of it came
	}{
		"stalls in the middle":     {func(w *wire, _ asked) { w.say(`{"a":"b`); w.hang() }, ErrCut, true},
		"stalls before its answer": {func(w *wire, _ asked) { w.raw(": wait\n\n"); w.hang() }, ErrDown, false},
		"only comments": {func(w *wire, _ asked) {
			for w.r.Context().Err() == nil {
				w.raw(": wait\n")
			}
		}, ErrDown, false},
		"empty words for ever": {func(w *wire, _ asked) {
			for w.r.Context().Err() == nil {
				w.delta("content", "")
			}
		}, ErrDown, false},
		"words for ever": {func(w *wire, _ asked) {
			for w.r.Context().Err() == nil {
				w.say(strings.Repeat("a", 1024))
			}
		}, ErrCut, true},
		"hangs up":             {func(w *wire, _ asked) { w.say(`{"a":"b`); panic(http.ErrAbortHandler) }, ErrCut, true},
		"ends in the middle":   {func(w *wire, _ asked) { w.say(`{"a":"b`); w.done() }, ErrCut, true},
		"ends at once":         {func(w *wire, _ asked) { w.Header().Set("Content-Type", "text/event-stream"); w.done() }, ErrDown, false},
		"says nothing":         {func(w *wire, _ asked) { w.WriteHeader(200) }, ErrDown, false},
		"not JSON":             {func(w *wire, _ asked) { w.raw("data: {oops\n\n"); w.hang() }, ErrDown, false},
		"not JSON, later":      {func(w *wire, _ asked) { w.say(`{"a":`); w.raw("data: {oops\n\n"); w.hang() }, ErrCut, true},
		"an error, later":      {func(w *wire, _ asked) { w.say(`{"a":`); w.raw("data: {\"error\":{\"message\":\"secret\"}}\n\n") }, ErrCut, true},
		"an error at once":     {func(w *wire, _ asked) { w.raw("data: {\"error\":{\"message\":\"secret\"}}\n\n") }, ErrDown, false},
		"a page":               {func(w *wire, _ asked) { w.raw("<html>Sign in</html>") }, ErrDown, false},
		"a document of errors": {func(w *wire, _ asked) { w.raw(`{"error":{"message":"secret"}}`) }, ErrDown, false},
		"half a document":      {func(w *wire, _ asked) { w.raw(`{"choices":[`); w.hang() }, ErrDown, false},
		"busy":                 {func(w *wire, _ asked) { w.Header().Set("Retry-After", "60"); w.refuse(429, "secret") }, busy, false},
		"broken":               {func(w *wire, _ asked) { w.refuse(500, "secret") }, ErrDown, false},
		"does not take it":     {func(w *wire, _ asked) { w.refuse(400, "secret words") }, ErrRefused, false},
		"will not say it":      {func(w *wire, _ asked) { w.say(`{"a":`); w.delta("refusal", "no") }, ErrRefused, true},
		"too long":             {func(w *wire, _ asked) { w.say(`{"a":"`); w.stop("length"); w.count() }, ErrTruncated, true},
		"no JSON in it":        {func(w *wire, _ asked) { w.say("I would rather not."); w.stop("stop") }, ErrEmpty, true},
		"only thought":         {func(w *wire, _ asked) { w.delta("reasoning_content", "hm, hm, hm"); w.stop("stop") }, ErrEmpty, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, client := speak(t, c.do)
			start := time.Now()
			res, err := client.Stream(t.Context(), question, func(string) {})
			if c.want == error(busy) {
				if !errors.As(err, &busy) || busy.Wait != time.Minute {
					t.Errorf("%v, want that it is busy", err)
				}
			} else if !errors.Is(err, c.want) || c.want == ErrDown && errors.Is(err, ErrCut) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if errors.Is(err, ErrCut) && !errors.Is(err, ErrDown) || strings.Contains(fmt.Sprint(err), "secret") {
				t.Errorf("what is told: %v", err)
			}
			if cut := res.Model != ""; cut != c.cut || cut && (res.TokensIn == 0 || res.TokensOut == 0) {
				t.Errorf("what it cost: %+v", res)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s", took)
			}
			tries := int32(1)
			if name == "does not take it" { // nobody knows yet that it is not the form
				tries = 3
			}
			if s.asked.Load() != tries {
				t.Errorf("asked %d times, want %d", s.asked.Load(), tries)
			}
		})
	}
}

// The first word may take its time; a pause later may not be as long.
func TestTheFirstWordHasItsOwnTime(t *testing.T) {
	t.Parallel()
	_, client := speak(t, func(w *wire, _ asked) {
		w.raw(": thinking\n\n")
		select {
		case <-time.After(250 * time.Millisecond): // longer than a stall
		case <-w.r.Context().Done():
		}
		w.say(`{"a":1}`)
		w.stop("stop")
	})
	if res, err := client.Stream(t.Context(), question, func(string) {}); err != nil || res.Text != `{"a":1}` {
		t.Errorf("%+v, %v", res, err)
	}
}

func TestAServerThatDoesNotStreamIsAskedForTheWhole(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do     func(w *wire, q asked)
		first  int32 // requests for the first answer …
		second int32 // … and for the next, once it is known
	}{
		"says so": {func(w *wire, q asked) {
			if q.Stream {
				w.refuse(400, "Streaming is not supported by this model")
				return
			}
			w.raw(says(`{"a":1}`))
		}, 2, 1},
		"knows no stream options": {func(w *wire, q asked) {
			if q.StreamOptions != nil {
				w.refuse(400, "unknown field stream_options")
				return
			}
			w.say(`{"a":1}`)
			w.stop("stop")
		}, 2, 1},
		"knows no form of answers": {func(w *wire, q asked) {
			if q.ResponseFormat != nil {
				w.refuse(400, "response_format is not supported")
				return
			}
			w.say(`{"a":1}`)
			w.stop("stop")
		}, 3, 1},
		"does not say what it does not take": {func(w *wire, q asked) {
			if q.Stream {
				w.WriteHeader(422)
				return
			}
			w.raw(says(`{"a":1}`))
		}, 5, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, client := speak(t, c.do)
			for _, want := range []int32{c.first, c.second} {
				var got strings.Builder
				res, err := client.Stream(t.Context(), question, func(s string) { got.WriteString(s) })
				if err != nil || res.Text != `{"a":1}` || got.String() != `{"a":1}` {
					t.Fatalf("%q, %+v, %v", got.String(), res, err)
				}
				if n := s.asked.Swap(0); n != want {
					t.Errorf("asked %d times, want %d", n, want)
				}
			}
		})
	}
}

func TestWhoGoesAwayIsNotAskedFor(t *testing.T) {
	t.Parallel()
	s, client := speak(t, func(w *wire, _ asked) { w.say(`{"a":"b`); w.hang() })
	client.cfg.Stall, client.cfg.Retries = time.Minute, 2
	for range 2 * breakAfter {
		ctx, cancel := context.WithCancel(t.Context())
		res, err := client.Stream(ctx, question, func(string) { cancel() })
		if !errors.Is(err, context.Canceled) || res.TokensOut == 0 || !res.Estimated {
			t.Fatalf("%+v, %v", res, err)
		}
		select {
		case <-s.gone:
		case <-time.After(5 * time.Second):
			t.Fatal("the call went on")
		}
	}
	if client.State() != OK || s.asked.Load() != 2*breakAfter {
		t.Errorf("%s after %d questions", client.State(), s.asked.Load())
	}
}

func TestAStreamIsTriedAgainBeforeItsFirstWordAlone(t *testing.T) {
	t.Parallel()
	var s *speaker
	s, client := speak(t, func(w *wire, _ asked) {
		if s.asked.Load() == 1 {
			w.refuse(503, "starting")
			return
		}
		w.say(`{"a":1}`)
		w.stop("stop")
	})
	client.cfg.Retries = 1
	if _, err := client.Stream(t.Context(), question, func(string) {}); err != nil || s.asked.Load() != 2 {
		t.Errorf("asked %d times: %v", s.asked.Load(), err)
	}
}

func TestStreamsThatBreakOpenTheBreaker(t *testing.T) {
	t.Parallel()
	s, client := speak(t, func(w *wire, _ asked) { w.say(`{"a":`); panic(http.ErrAbortHandler) })
	for range breakAfter {
		_, _ = client.Stream(t.Context(), question, func(string) {})
	}
	if _, err := client.Stream(t.Context(), question, func(string) {}); !errors.Is(err, ErrDown) || client.State() != Down || s.asked.Load() != breakAfter {
		t.Errorf("after %d questions: %v, %s", s.asked.Load(), err, client.State())
	}
}
