package asks

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ponte/llm"
)

// standin is a server that misbehaves on purpose, behind the real client.
type standin struct {
	n atomic.Int32
	// reply answers the n-th request: what it asked for, and the texts in it.
	reply func(n int, form string, texts []string, w http.ResponseWriter, r *http.Request)
}

func (b *bench) against(reply func(n int, form string, texts []string, w http.ResponseWriter, r *http.Request)) *standin {
	b.t.Helper()
	s := &standin{reply: reply}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct {
			ResponseFormat struct {
				Type string `json:"type"`
			} `json:"response_format"`
			Messages []struct {
				Content string `json:"content"`
			} `json:"messages"`
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || len(q.Messages) < 2 {
			b.t.Errorf("the question could not be read: %v", err)
			return
		}
		var texts []string
		for _, found := range itemText.FindAllStringSubmatch(q.Messages[1].Content, -1) {
			texts = append(texts, found[1])
		}
		s.reply(int(s.n.Add(1)), q.ResponseFormat.Type, texts, w, r)
	}))
	b.t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	b.runner.Model = llm.New(llm.Config{URL: server.URL + "/v1", Model: "small", Timeout: 400 * time.Millisecond, Retries: 1, PriceIn: 1000, PriceOut: 1000})
	return s
}

// says writes a chat completion.
func says(w http.ResponseWriter, content, finish string) {
	_ = json.NewEncoder(w).Encode(map[string]any{"model": "small", "usage": map[string]int{"prompt_tokens": 100, "completion_tokens": 20},
		"choices": []any{map[string]any{"finish_reason": finish, "message": map[string]string{"role": "assistant", "content": content}}}})
}

func verdicts(texts []string) string { out, _ := spam(texts); return out }

// Every way to misbehave ends in an answer or in a reason that a person can read; none costs more calls
// than said here.
func TestAgainstAServerThatMisbehaves(t *testing.T) {
	for name, c := range map[string]struct {
		reply  func(n int, form string, texts []string, w http.ResponseWriter, r *http.Request)
		state  string
		reason string
		calls  int32
		spent  int64 // tokens on the record
	}{
		"knows no response_format": {func(_ int, form string, texts []string, w http.ResponseWriter, _ *http.Request) {
			if form != "" {
				w.WriteHeader(400)
				_, _ = io.WriteString(w, `{"error":{"message":"unknown parameter response_format"}}`)
				return
			}
			says(w, verdicts(texts), "stop")
		}, "answered", "", 3, 120},
		"says so in a word": {func(_ int, form string, texts []string, w http.ResponseWriter, _ *http.Request) {
			if form != "" {
				w.WriteHeader(422)
				_, _ = io.WriteString(w, `{"error":"Input validation error: response_format is not supported","error_type":"validation"}`)
				return
			}
			says(w, verdicts(texts), "stop")
		}, "answered", "", 3, 120},
		"is overloaded, with status 200": {func(_ int, _ string, _ []string, w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, `{"error":{"message":"upstream overloaded","code":503}}`)
		}, "pending", "not answering", 2, 0},
		"wants to be left alone, with status 200": {func(_ int, _ string, _ []string, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
			_, _ = io.WriteString(w, `{"error":{"message":"rate limit","code":"429"}}`)
		}, "pending", "too busy", 1, 0},
		"thinks aloud": {func(_ int, _ string, texts []string, w http.ResponseWriter, _ *http.Request) {
			says(w, "<think>Perhaps {\"items\":[]}? No.</think>Sure! Here it is:\n```json\n"+verdicts(texts)+"\n```\nShall I go on?", "stop")
		}, "answered", "", 1, 120},
		"is cut off once": {func(n int, _ string, texts []string, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				says(w, verdicts(texts)[:30], "length")
				return
			}
			says(w, verdicts(texts), "stop")
		}, "answered", "", 2, 240},
		"is always cut off": {func(_ int, _ string, texts []string, w http.ResponseWriter, _ *http.Request) {
			says(w, verdicts(texts)[:30], "length")
		}, "failed", "was cut off", 2 * maxTries, 2 * maxTries * 120},
		"is empty once": {func(n int, _ string, texts []string, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				says(w, "", "stop")
				return
			}
			says(w, verdicts(texts), "stop")
		}, "answered", "", 2, 240},
		"answers in another language": {func(n int, _ string, texts []string, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				says(w, strings.ReplaceAll(verdicts(texts), `"spam"`, `"spazzatura"`), "stop")
				return
			}
			says(w, verdicts(texts), "stop")
		}, "answered", "", 2, 240},
		"insists on another language": {func(_ int, _ string, texts []string, w http.ResponseWriter, _ *http.Request) {
			says(w, strings.ReplaceAll(verdicts(texts), `"spam"`, `"spazzatura"`), "stop")
		}, "failed", "no answer that can be used", 2 * maxTries, 2 * maxTries * 120},
		"refuses in words": {func(_ int, _ string, _ []string, w http.ResponseWriter, _ *http.Request) {
			says(w, "I'm sorry, but I can't help with that.", "stop")
		}, "failed", "no usable answer", 2 * maxTries, 2 * maxTries * 120},
		"filters": {func(_ int, _ string, _ []string, w http.ResponseWriter, _ *http.Request) {
			says(w, "", "content_filter")
		}, "failed", "refused to answer", 1, 120},
		"does not take it": {func(_ int, _ string, _ []string, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(413)
		}, "failed", "refused to answer", 1, 0},
		"wants a moment": {func(n int, _ string, texts []string, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				w.Header().Set("Retry-After", "0.05")
				w.WriteHeader(429)
				return
			}
			says(w, verdicts(texts), "stop")
		}, "answered", "", 2, 120},
		"wants to be left alone": {func(_ int, _ string, _ []string, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(429)
		}, "pending", "too busy", 1, 0},
		"stalls": {func(_ int, _ string, _ []string, w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, `{"choices":[{"message":{"content":"{`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, "pending", "not answering", 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, `{}`)
			s := b.against(c.reply)
			id := b.ask("Follow for follow")
			b.once()
			if strings.Contains(name, "always") || strings.Contains(name, "insists") || strings.Contains(name, "in words") {
				b.once()
			}
			b.want(id, c.state, c.reason)
			if s.n.Load() != c.calls {
				t.Errorf("asked %d times, want %d", s.n.Load(), c.calls)
			}
			if spent := b.id(`SELECT coalesce(sum(tokens_in + tokens_out), 0) FROM llm_spend`); spent != c.spent {
				t.Errorf("%d tokens on the record, want %d", spent, c.spent)
			}
			if e, told := b.events()[id]; told != (c.state != "pending") || told && (e.Answer == nil) == (c.state == "answered") {
				t.Errorf("told %+v", e)
			}
			if c.state == "answered" {
				if a := b.events()[id].Answer; int64(a.TokensIn+a.TokensOut) != c.spent || a.CostMicros != c.spent {
					t.Errorf("the decision cost %d tokens and %d millionths, want %d", a.TokensIn+a.TokensOut, a.CostMicros, c.spent)
				}
			}
		})
	}
}

// One text that the server will not read costs the others nothing but some calls.
func TestOnePoisonedTextIsFoundAndTheOthersAnswered(t *testing.T) {
	b := setup(t, `{}`)
	s := b.against(func(_ int, _ string, texts []string, w http.ResponseWriter, _ *http.Request) {
		for _, text := range texts {
			if text == "poison" {
				w.WriteHeader(400)
				_, _ = io.WriteString(w, `{"error":{"message":"filtered","code":"content_filter"}}`)
				return
			}
		}
		says(w, verdicts(texts), "stop")
	})
	ids := map[int64]string{}
	for i := range batchSize {
		text := fmt.Sprint("text ", i)
		if i == 5 {
			text = "poison"
		}
		ids[b.ask(text)] = text
	}
	b.once()
	for id, text := range ids {
		if text == "poison" {
			b.want(id, "failed", "refused")
			continue
		}
		b.want(id, "answered", "")
	}
	if n := s.n.Load(); n > 9 {
		t.Errorf("it took %d calls to find one text among %d", n, batchSize)
	}
}

// While the server is away, asks wait as long as people would, and no longer.
func TestAsksWaitForAServerThatComesBack(t *testing.T) {
	b := setup(t, `{}`)
	b.model.state = llm.Down
	id := b.ask("hello")
	b.once()
	b.want(id, "pending", "not answering")
	b.model.state = llm.OK
	b.once()
	b.want(id, "answered", "")
	b.model.state = llm.Down
	late := b.ask("hello again")
	b.exec(`UPDATE asks SET created_at = now() - interval '3 minutes' WHERE id = $1`, late)
	b.once()
	b.want(late, "failed", "not answering")
	slow := b.ask("and again")
	b.exec(`UPDATE asks SET created_at = now() - interval '11 minutes' WHERE id = $1`, slow)
	b.once()
	b.want(slow, "failed", "too slow")
}

// Five thousand alike: one call, one row of spending, an event for each.
func TestAStormOfFiveThousand(t *testing.T) {
	b := setup(t, `{}`)
	s := b.against(func(_ int, _ string, texts []string, w http.ResponseWriter, _ *http.Request) {
		says(w, verdicts(texts), "stop")
	})
	first := b.ask("Follow for follow")
	b.exec(`INSERT INTO asks (workspace_id, subject, subject_id, verdict_id, event_id, account_id, lane, digest, question)
		SELECT a.workspace_id, 'comment', n, verdict_id, event_id, account_id, 3, digest, question FROM asks a, generate_series(2, 5000) n WHERE a.id = $1`, first)
	total := 0
	for {
		n, err := b.runner.Once(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		total += n
	}
	paid := b.id(`SELECT count(*) FROM events WHERE kind = 'llm.answered' AND (payload->'answer'->>'remembered') IS NULL`)
	if events := b.id(`SELECT count(*) FROM events WHERE kind = 'llm.answered'`); total != 5000 || events != 5000 || paid != 1 || s.n.Load() != 1 {
		t.Errorf("%d settled, %d events, %d paid, %d calls", total, events, paid, s.n.Load())
	}
	if n := b.id(`SELECT count(*) FROM llm_spend`); n != 1 {
		t.Errorf("%d rows of spending", n)
	}
}

// A workspace with a storm of different texts does not keep another waiting.
func TestWorkspacesTakeTurns(t *testing.T) {
	b := setup(t, `{}`)
	for i := range claimMost + 20 {
		b.ask(fmt.Sprint("text ", i))
	}
	other, account := b.workspace("other", `{}`)
	id := b.askOf(other, account, "hello")
	for range 2 {
		if _, err := b.runner.Once(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	b.want(id, "answered", "")
	if n := b.id(`SELECT count(*) FROM asks WHERE state = 'pending'`); n != 20 {
		t.Errorf("%d wait", n)
	}
}

// A server of whose answers nothing can be used is not paid for finding that out text by text, and people are told.
func TestAServerThatNeverAnswersUsablyCostsLessThanACallAText(t *testing.T) {
	for name, content := range map[string]string{"empty": "", "prose": "I'm sorry, but I can't help with that.", "another form": `{"items":[{"id":"first","category":"spam","score":7}]}`} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, `{}`)
			s := b.against(func(_ int, _ string, _ []string, w http.ResponseWriter, _ *http.Request) { says(w, content, "stop") })
			var ids []int64
			for i := range batchSize {
				ids = append(ids, b.ask(fmt.Sprint("text ", i)))
			}
			b.once()
			b.once()
			b.exec(`UPDATE asks SET created_at = now() - interval '3 minutes'`) // it is not waited for longer than people would
			b.once()
			for _, id := range ids {
				b.want(id, "failed", "the language model")
			}
			if n := s.n.Load(); n >= batchSize {
				t.Errorf("it took %d calls to give up %d texts", n, batchSize)
			}
		})
	}
}

// Texts that spoil an answer are found, and the others answered, however they lie among each other.
func TestTextsThatSpoilAnAnswerCostTheOthersNothing(t *testing.T) {
	for name, bad := range map[string][]int{"one": {7}, "one in each half": {1, 10}, "four": {0, 4, 6, 11}} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, `{}`)
			s := b.against(func(_ int, _ string, texts []string, w http.ResponseWriter, _ *http.Request) {
				for _, text := range texts {
					if strings.HasPrefix(text, "poison") {
						says(w, "", "stop")
						return
					}
				}
				says(w, verdicts(texts), "stop")
			})
			ids := map[int64]bool{}
			for i := range batchSize {
				text := fmt.Sprint("text ", i)
				if slices.Contains(bad, i) {
					text = fmt.Sprint("poison ", i)
				}
				ids[b.ask(text)] = slices.Contains(bad, i)
			}
			b.once()
			b.once()
			for id, poison := range ids {
				if poison {
					b.want(id, "failed", "no usable answer")
					continue
				}
				b.want(id, "answered", "")
			}
			if n := s.n.Load(); n > 2*batchSize {
				t.Errorf("it took %d calls", n)
			}
		})
	}
}

// What a server has no room for in one answer is asked for again, without what came whole.
func TestAnswersThatAreCutOffAddUp(t *testing.T) {
	b := setup(t, `{}`)
	s := b.against(func(_ int, _ string, texts []string, w http.ResponseWriter, _ *http.Request) {
		if whole := verdicts(texts); len(whole) > 500 {
			says(w, whole[:500], "length")
			return
		}
		says(w, verdicts(texts), "stop")
	})
	var ids []int64
	for i := range batchSize {
		ids = append(ids, b.ask(fmt.Sprint("text ", i)))
	}
	b.once()
	b.once()
	for _, id := range ids {
		b.want(id, "answered", "")
	}
	if n := s.n.Load(); n > batchSize {
		t.Errorf("it took %d calls", n)
	}
}
