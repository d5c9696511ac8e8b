package llm

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What ponte does not need may be of any form; what it needs, in any of those that servers use.
func TestAnswersOfOtherMakes(t *testing.T) {
	t.Parallel()
	const message = `"message":{"role":"assistant","content":"{\"a\":1}"}`
	for name, body := range map[string]string{
		"seconds with fractions": `{"created":1700000000.25,"choices":[{` + message + `}]}`,
		"a date":                 `{"created":"2026-01-01T00:00:00Z","choices":[{` + message + `}]}`,
		"numbers for names":      `{"id":12,"model":null,"choices":[{"index":"0",` + message + `,"finish_reason":1}]}`,
		"fractions of tokens":    `{"choices":[{` + message + `}],"usage":{"prompt_tokens":20.0,"completion_tokens":"5","prompt_tokens_details":{"cached_tokens":"3"}}}`,
		"filters of its own":     `{"choices":[{` + message + `,"content_filter_results":{"hate":{"filtered":"no","severity":1}},"logprobs":{"content":"x"}}]}`,
		"a mark at the start":    "\xef\xbb\xbf" + `{"choices":[{` + message + `}]}`,
		"parts":                  `{"choices":[{"message":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"{}"}]},{"type":"text","text":"{\"a\""},{"type":"text","text":":1}"}]}}]}`,
		"a call with an object":  `{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}}]}`,
		"a call with words":      `{"choices":[{"message":{"content":"I call it.\n","tool_calls":[{"function":{"name":"f","arguments":"{\"a\":1}"}}]}}]}`,
		"only in the thoughts":   `{"choices":[{"finish_reason":"stop","message":{"content":null,"reasoning_content":"\u0060\u0060\u0060json\n{\"a\":1}\n\u0060\u0060\u0060"}}]}`,
		"no text":                `{"choices":[{"message":{"content":{"a":1}}}]}`,
		"one part":               `{"choices":[{"message":{"content":{"type":"text","text":"{\"a\":1}"}}}]}`,
		"parts of other names":   `{"choices":[{"message":{"content":[{"type":"reasoning","text":"{\"a\":2}"},{"type":"text","text":{"value":"{\"a\""}},{"type":"text","content":":1}"}]}}]}`,
		"a stream":               ": wait\n\ndata: " + `{"choices":[{"delta":{"content":"{\"a\":"}}]}` + "\n\ndata: " + `{"choices":[{"delta":{"content":"1}"},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n",
		"thoughts beside it":     `{"choices":[{"message":{"content":"{\"a\":1}","reasoning":{"steps":["a"]},"refusal":false}}]}`,
	} {
		c := rude(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) })
		if res, err := c.Complete(t.Context(), question); err != nil || res.Text != `{"a":1}` {
			t.Errorf("%s: %q, %v", name, res.Text, err)
		}
	}
}

func TestStreamsOfOtherMakes(t *testing.T) {
	t.Parallel()
	const first, second = `{"created":1.5,"choices":[{"index":0,"delta":{"content":"{\"a\":"}}]}`, `{"choices":[{"index":0,"delta":{"content":"\"é\"}"},"finish_reason":"stop"}]}`
	for name, raw := range map[string]string{
		"comments":              strings.Repeat(": wait\n\n", 400) + "data: " + first + "\n\n: wait\n\ndata: " + second + "\n\ndata: [DONE]\n\n",
		"no empty lines":        "data:" + first + "\ndata:" + second + "\n",
		"no end of the last":    "data: " + first + "\r\n\r\ndata: " + second,
		"names and numbers":     "retry: 1\nevent: message\nid: 4\ndata: " + first + "\n\nid: 5\ndata: " + second + "\n\n",
		"an event over lines":   "data: " + strings.ReplaceAll(first, ",", ",\ndata: ") + "\n\ndata: " + second + "\n\n",
		"parts":                 `data: {"choices":[{"delta":{"content":[{"type":"thinking","thinking":[]},{"type":"text","text":"{\"a\":"}]}}]}` + "\n\ndata: " + second + "\n\n",
		"counts with no choice": "data: " + first + "\n\ndata: " + second + "\n\n" + `data: {"choices":null,"usage":{"prompt_tokens":9.0,"completion_tokens":4.5}}` + "\n\n",
		"what is no JSON":       "data: ping\n\ndata: " + first + "\n\ndata: " + second + "\n\n",
	} {
		_, c := speak(t, func(w *wire, _ asked) {
			w.Header().Set("Content-Type", "text/event-stream")
			for len(raw) > 0 { // cut in the middle of the letter as well
				n := min(len(raw), 1+len(raw)/3)
				w.raw(raw[:n])
				raw = raw[n:]
			}
		})
		c.cfg.Timeout, c.cfg.Stall = time.Minute, time.Minute
		said := ""
		res, err := c.Stream(t.Context(), question, func(s string) { said += s })
		if err != nil || res.Text != `{"a":"é"}` || said != res.Text {
			t.Errorf("%s: %q, told %q, %v", name, res.Text, said, err)
		}
	}
}

func TestAnErrorInAStreamIsNoAnswer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		raw  string
		want error
	}{
		"before the first word":    {`: wait` + "\n\n" + `data: {"error":"overloaded"}` + "\n\ndata: [DONE]\n\n", ErrDown},
		"called one by the event":  {"event: error\n" + `data: {"message":"overloaded"}` + "\n\n", ErrDown},
		"behind a word":            {`data: {"choices":[{"delta":{"content":"{"}}]}` + "\n\n: wait\n\n" + `data: {"error":{"message":"overloaded","code":502}}` + "\n\n", ErrCut},
		"not taken after all":      {`data: {"error":{"message":"filtered","code":"400"}}` + "\n\n", ErrRefused},
		"a first word and no more": {`data: {"choices":[{"delta":{"content":"{"}}]}` + "\n\n", ErrCut},
	} {
		_, client := speak(t, func(w *wire, _ asked) { w.raw(c.raw) })
		if res, err := client.Stream(t.Context(), question, func(string) {}); !errors.Is(err, c.want) || res.Text != "" {
			t.Errorf("%s: %q, %v, want %v", name, res.Text, err, c.want)
		}
	}
}

// A server that takes the whole answer for thoughts has answered, where they are the document and nothing else.
func TestAnAnswerAmongThoughts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ thoughts, end, want string }{
		"the document":   {`{\"a\":1}`, "stop", `{"a":1}`},
		"a draft":        {`Perhaps {\"a\":1}?`, "stop", ""},
		"two":            {`{\"a\":1} {\"a\":2}`, "stop", ""},
		"cut off":        {`{\"a\":1`, "length", ""},
		"of the service": {`{\"a\":1}`, "content_filter", ""},
	} {
		for _, streamed := range []bool{false, true} {
			c1 := rude(t, func(w http.ResponseWriter, _ *http.Request) {
				if !streamed {
					_, _ = io.WriteString(w, `{"choices":[{"finish_reason":"`+c.end+`","message":{"content":"","reasoning_content":"`+c.thoughts+`"}}]}`)
					return
				}
				_, _ = io.WriteString(w, `data: {"choices":[{"delta":{"reasoning":"`+c.thoughts+`"}}]}`+"\n\n"+`data: {"choices":[{"delta":{},"finish_reason":"`+c.end+`"}]}`+"\n\n")
			})
			ask := c1.Complete
			if streamed {
				ask = func(ctx context.Context, r Request) (Response, error) { return c1.Stream(ctx, r, func(string) {}) }
			}
			if res, err := ask(t.Context(), question); c.want != "" && res.Text != c.want || (err == nil) != (c.want != "") {
				t.Errorf("%s, streamed %v: %q, %v", name, streamed, res.Text, err)
			}
		}
	}
}

func TestJSONAsModelsWriteIt(t *testing.T) {
	t.Parallel()
	form := json.RawMessage(`{"type":"object","required":["items"],"properties":{"items":{"type":"array"}}}`)
	for s, want := range map[string]string{
		`{'items': [{'id': 1, 'ok': True, 'x': None, 'r': "it's \"so\"", }]}`:  `{"items":[{"id":1,"ok":true,"x":null,"r":"it's \"so\""}]}`,
		"{items:[{id:1, n:NaN, m:-Infinity, f:+.5, // no\n},/* yes */],}":      `{"items":[{"id":1,"n":null,"m":null,"f":".5"}]}`,
		"{\"items\":[{\"r\":\"two\nlines, it\\'s \\ud83d\\ude00 \\ud83d\"}]}":  "{\"items\":[{\"r\":\"two\\nlines, it's \U0001f600 \ufffd\"}]}",
		`{"answer":{"items":[{"id":1}]},"note":"done"}`:                        `{"items":[{"id":1}]}`,
		`<tool_call>{"name":"f","arguments":{"items":[{"id":1}]}}</tool_call>`: `{"items":[{"id":1}]}`,
		`{"result":[{"id":1}]}`:                                                   `{"items":[{"id":1}]}`,
		`{"a":{"items":[{"id":1}]},"b":{"items":[{"id":2}]}}`:                     `{"a":{"items":[{"id":1}]},"b":{"items":[{"id":2}]}}`,
		"{\"items\":[{\"id\":1}]}\n{\"items\":[{\"id\":2}]}":                      `{"items":[{"id":1},{"id":2}]}`,
		"1. {\"id\":1}\n2. {\"id\":2}":                                            `{"items":[{"id":1},{"id":2}]}`,
		"Item 1:\n```json\n{\"id\":1}\n```\nItem 2:\n```json\n{\"id\":2}\n```":    `{"items":[{"id":1},{"id":2}]}`,
		`{"items":[{"id":1}]} Or rather: {"items":[{"id":2}]}`:                    `{"items":[{"id":2}]}`,
		"Let me see: {\"items\":[{\"id\":9}]}. No.</think>\n{'items':[{'id':1}]}": `{"items":[{"id":1}]}`,
		`{"items":[{"id":1,"r":"</think>"}]}`:                                     `{"items":[{"id":1,"r":"</think>"}]}`,
		`{'items':[{'id':1,'r':'it's so'}]}`:                                      "",
		`{items:[{id:one}]}`:                                                      "",
		`{'items':[{'id':1}]`:                                                     `{"items":[{"id":1}]}`,
	} {
		got, ok := ExtractJSON(withoutReasoning(s), form)
		if got != want || ok != (want != "") {
			t.Errorf("ExtractJSON(%q) = %q", s, got)
		}
	}
	for _, s := range []string{"{", "[", "{'a':", "/*", "{//", `{"\`, `{"\u12`, strings.Repeat("[", 4000), strings.Repeat("{a:", 4000), strings.Repeat(`{"`, 4000)} {
		_, _ = ExtractJSON(s, form)
	}
}

// The address may be the host's, the version's or the call's own.
func TestAddressesThatPeopleGive(t *testing.T) {
	t.Parallel()
	s := serve(t, func(int, string) (int, string) { return 200, says(`{"a":1}`) })
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/chat/completions" {
			http.NotFound(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
	for _, address := range []string{"", "/", "/v1", "/v1/", "/v1/chat/completions", "/v1/chat/completions/"} {
		c := New(Config{URL: s.URL + address, Model: "small", Timeout: 5 * time.Second})
		for range 2 {
			if res, err := c.Complete(t.Context(), question); err != nil || res.Text != `{"a":1}` {
				t.Errorf("%q: %q, %v", address, res.Text, err)
			}
		}
	}
}

// The entries that came whole count where a list was cut off, written by the line, or closed badly.
func TestEntriesThatCameWhole(t *testing.T) {
	t.Parallel()
	form := json.RawMessage(`{"type":"object","required":["items"],"properties":{"items":{"type":"array"}}}`)
	want := `{"items":[{"id":1,"n":{"x":[]}},{"id":2}]}`
	for _, s := range []string{
		`{"items":[{"id":1,"n":{"x":[]}},{"id":2},{"id":`,
		"{\"id\":1,\"n\":{\"x\":[]}}\n{\"id\":2}\n",
		"```json\n" + `{"items":[{"id":1,"n":{"x":[]}}, {"id":2},]}` + "\n```",
		`He wrote {"id":9} and {"id":8}: {"id":1,"n":{"x":[]}},{"id":2}`,
	} {
		if got, ok := ExtractJSON(s, form); !ok || got != want {
			t.Errorf("ExtractJSON(%q) = %q", s, got)
		}
	}
	c := rude(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"choices":[{"finish_reason":"length","message":{"content":"{\"items\":[{\"id\":1},{\"id\":2},{\"i"}}]}`)
	})
	res, err := c.Complete(context.Background(), Request{User: "x", Schema: form})
	if !errors.Is(err, ErrTruncated) || !res.Partial || res.Text != `{"items":[{"id":1},{"id":2}]}` {
		t.Errorf("%+v, %v", res, err)
	}
}

// A server that goes on answering with nothing that can be used is left alone, and tried again.
func TestAServerThatAnswersNothingUsableIsLeftAlone(t *testing.T) {
	t.Parallel()
	n, content := 0, ""
	c := rude(t, func(w http.ResponseWriter, _ *http.Request) {
		n++
		_, _ = io.WriteString(w, says(content))
	})
	now := time.Now()
	c.now = func() time.Time { return now }
	for range 3 * barrenAfter {
		if _, err := c.Complete(t.Context(), question); !errors.Is(err, ErrEmpty) && !errors.Is(err, ErrDown) {
			t.Fatal(err)
		}
	}
	if n != barrenAfter || c.State() != Down {
		t.Errorf("asked %d times, %s", n, c.State())
	}
	now, content = now.Add(breakFor), `{"a":1}`
	if _, err := c.Complete(t.Context(), question); err != nil || c.State() != OK {
		t.Errorf("afterwards: %v, %s", err, c.State())
	}
}
