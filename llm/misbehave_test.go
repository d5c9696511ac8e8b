package llm

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// rude is a server that does what it likes with the connection.
func rude(t *testing.T, do http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(do)
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	c := New(Config{URL: s.URL + "/v1", Model: "small", Timeout: 300 * time.Millisecond})
	c.cfg.Retries = 0
	return c
}

func TestServersThatMisbehave(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]http.HandlerFunc{
		"stalls after its headers": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"stalls in the middle": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"choices":[{"message":{"content":"{\"items\":`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"drips for ever": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, " ")
				w.(http.Flusher).Flush()
			}
		},
		"never ends": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"choices":[{"message":{"content":"`)
			for range 2 * maxAnswer / 1024 {
				if _, err := io.WriteString(w, strings.Repeat("a", 1024)); err != nil {
					return
				}
			}
		},
		"hangs up": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"choices":[`)
			panic(http.ErrAbortHandler)
		},
		"sends a page": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>Sign in</html>") },
		"sends an error as an answer": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"error":{"message":"the upstream is overloaded","type":"server_error","code":"overloaded"},"choices":null}`)
		},
		"sends an error with a status in it": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"id":"x","choices":[],"error":{"message":"bad gateway","code":"502"}}`)
		},
		"sends an error in a word": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"error":"model is loading"}`) },
		"sends it far away": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		},
		"streams unasked, and stops": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, "data: {\"choices\":[{\"delta\":{\"content\":\"{}\"}}]}\n\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := rude(t, do)
			start := time.Now()
			res, err := c.Complete(t.Context(), question)
			if !errors.Is(err, ErrDown) || res.Model != "" {
				t.Errorf("%v, want that it is not answering, and costs nothing: %+v", err, res)
			}
			if strings.HasPrefix(name, "sends an error") && !strings.Contains(err.Error(), "status 502") {
				t.Errorf("%v", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("it took %s to give up", took)
			}
		})
	}
}

func TestAnswersThatWereCutOffOrFiltered(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]error{"length": ErrTruncated, "content_filter": ErrRefused, "stop": nil} {
		s := serve(t, func(int, string) (int, string) {
			return 200, strings.Replace(says(`{"a":1}`), `{"message"`, `{"finish_reason":"`+reason+`","message"`, 1)
		})
		if _, err := s.client(0).Complete(t.Context(), question); !errors.Is(err, want) || err != nil && want == nil {
			t.Errorf("%s: %v, want %v", reason, err, want)
		}
	}
}

func TestABusyServerIsLeftAlone(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	wait := ""
	c := rude(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) == 1 {
			w.Header().Set("Retry-After", wait)
			w.WriteHeader(429)
			return
		}
		_, _ = io.WriteString(w, says(`{"a":1}`))
	})
	c.cfg.Retries = 1
	now := time.Now()
	c.now = func() time.Time { return now }

	wait = "0.02" // bearable: waited for, with the question in hand
	if _, err := c.Complete(t.Context(), question); err != nil || n.Load() != 2 {
		t.Fatalf("asked %d times: %v", n.Load(), err)
	}
	n.Store(0)
	wait = "120"
	_, err := c.Complete(t.Context(), question)
	var busy *BusyError
	if !errors.As(err, &busy) || busy.Wait != 2*time.Minute || n.Load() != 1 {
		t.Fatalf("asked %d times: %v", n.Load(), err)
	}
	now = now.Add(time.Minute)
	if _, err := c.Complete(t.Context(), question); !errors.As(err, &busy) || busy.Wait != time.Minute || n.Load() != 1 || c.State() != Down {
		t.Fatalf("asked %d times while it wanted to be left alone: %v", n.Load(), err)
	}
	now = now.Add(time.Minute)
	if _, err := c.Complete(t.Context(), question); err != nil || c.State() != OK {
		t.Errorf("afterwards: %v, %s", err, c.State())
	}
}

// A server that does not take one question is well: the others are asked.
func TestAQuestionThatIsNotTakenIsNoOutage(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]error{400: ErrRefused, 413: ErrRefused, 451: ErrRefused, 401: ErrDown, 403: ErrDown, 404: ErrDown} {
		c := rude(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"error":{"message":"the prompt was filtered: secret words","code":"content_filter"}}`)
		})
		for range 2 * breakAfter {
			_, err := c.Complete(t.Context(), question)
			if want == ErrRefused && (!errors.Is(err, want) || c.State() != OK) || want == ErrDown && !errors.Is(err, want) || strings.Contains(err.Error(), "secret") {
				t.Fatalf("%d: %v, state %s", status, err, c.State())
			}
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "0": 0, "3": 3 * time.Second, "1.5": 1500 * time.Millisecond, "86400": maxBusy, "1e300": maxBusy,
		"Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0, "Sun, 08 Mar 2026 12:00:00 GMT": maxBusy,
	} {
		if got := retryAfter(http.Header{"Retry-After": {value}}, now); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
	if got := retryAfter(http.Header{"Retry-After": {"9"}, "Retry-After-Ms": {"250"}}, now); got != 250*time.Millisecond {
		t.Errorf("milliseconds: %s", got)
	}
}

// After the pause one question tries; the others do not fall upon a server that has just come back.
func TestOneQuestionTriesTheServer(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	arrived, release := make(chan struct{}, 9), make(chan struct{})
	c := rude(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) <= breakAfter {
			w.WriteHeader(500)
			return
		}
		arrived <- struct{}{}
		<-release
		_, _ = io.WriteString(w, says(`{"a":1}`))
	})
	now := time.Now()
	c.now = func() time.Time { return now }
	for range breakAfter {
		_, _ = c.Complete(t.Context(), question)
	}
	now = now.Add(breakFor)
	var all sync.WaitGroup
	all.Go(func() {
		if _, err := c.Complete(context.Background(), question); err != nil {
			t.Error(err)
		}
	})
	<-arrived
	for range 3 {
		if _, err := c.Complete(t.Context(), question); !errors.Is(err, ErrDown) {
			t.Errorf("beside the one that tries: %v", err)
		}
	}
	close(release)
	all.Wait()
	if n.Load() != breakAfter+1 || c.State() != OK {
		t.Errorf("asked %d times, state %s", n.Load()-breakAfter, c.State())
	}
	if _, err := c.Complete(t.Context(), question); err != nil {
		t.Errorf("and then: %v", err)
	}
}

func TestNoMoreThanSoManyAtOnce(t *testing.T) {
	t.Parallel()
	var now, most atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
		_, _ = io.WriteString(w, says(`{"a":1}`))
	}))
	t.Cleanup(s.Close)
	c := New(Config{URL: s.URL, Model: "small", Concurrency: 2})
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			if _, err := c.Complete(t.Context(), question); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() > 2 {
		t.Errorf("%d at once", most.Load())
	}
}

func TestPicturesAndRepairsTravelInTheRequest(t *testing.T) {
	t.Parallel()
	var got struct {
		Messages []struct {
			Role    string          `json:"role"`
			Content json.RawMessage `json:"content"`
		} `json:"messages"`
	}
	c := rude(t, func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, says(`{"a":1}`))
	})
	q := question
	q.Pictures = []Picture{{"image/png", []byte("PNG")}}
	q.Repair = &Repair{"{}", "Item 1 is missing."}
	if _, err := c.Complete(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	var roles []string
	for _, m := range got.Messages {
		roles = append(roles, m.Role)
	}
	if !slices.Equal(roles, []string{"system", "user", "assistant", "user"}) {
		t.Errorf("roles %v", roles)
	}
	if user := string(got.Messages[1].Content); !strings.Contains(user, `"data:image/png;base64,UE5H"`) || !strings.Contains(user, `"text":"text"`) {
		t.Errorf("the picture is asked about as %s", user)
	}
	if fault := string(got.Messages[3].Content); fault != `"Item 1 is missing."` {
		t.Errorf("the fault: %s", fault)
	}
}
