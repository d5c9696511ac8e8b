package asks

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"ponte/llm"
)

// endpoint stands in for /v1/moderations.
type endpoint struct {
	mu    sync.Mutex
	asked [][]string
	err   error
}

func (e *endpoint) Configured() bool { return true }
func (e *endpoint) Model() string    { return "omni" }

func (e *endpoint) Moderate(_ context.Context, texts []string) ([]map[string]float64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, texts)
	out := make([]map[string]float64, len(texts))
	for i, text := range texts {
		out[i] = map[string]float64{"hate": 0.1, "self-harm/intent": 0.2}
		if strings.Contains(text, "hateful") {
			out[i]["hate/threatening"] = 0.9
		}
	}
	return out, e.err
}

func TestSignalsComeWithTheAnswerAndAreRemembered(t *testing.T) {
	b := setup(t, `{}`)
	e := &endpoint{}
	b.runner.Signals = e
	id := b.ask("hateful, call +61 412 345 678")
	b.once()
	got := b.events()[id]
	if got.Answer == nil || got.Signals == nil || got.Signals.Scores["hate"] != 0.9 || got.Signals.Scores["self_harm"] != 0.2 || got.Signals.Model != "omni" {
		t.Fatalf("told %+v, %+v", got, got.Signals)
	}
	if e.asked[0][0] != "hateful, call [number]" {
		t.Errorf("the endpoint was shown %q", e.asked[0][0])
	}
	again := b.ask("hateful, call +61 412 345 678")
	b.once()
	if got := b.events()[again]; len(e.asked) != 1 || got.Signals == nil || !got.Signals.Remembered || !got.Answer.Remembered {
		t.Errorf("asked %d times; told %+v", len(e.asked), got.Signals)
	}
	if n := b.id(`SELECT count(*) FROM llm_spend`); n != 1 {
		t.Errorf("%d rows of spending: signals cost nothing", n)
	}
}

func TestWithoutSignalsThatIsSaidAndNobodyWaits(t *testing.T) {
	b := setup(t, `{}`)
	b.runner.Signals = &endpoint{err: errors.New("status 500")}
	id := b.ask("hello")
	b.once()
	b.want(id, "answered", "")
	if got := b.events()[id]; got.Answer == nil || got.Signals == nil || got.Signals.Note != "the moderation endpoint did not answer" {
		t.Errorf("told %+v, %+v", got.Answer, got.Signals)
	}
	if n := b.id(`SELECT count(*) FROM llm_answers WHERE encode(digest, 'escape') LIKE '%moderations%'`); n != 0 {
		t.Error("silence was remembered")
	}
}

// The endpoint alone, over budget or without a language model, still tells what it sees.
func TestSignalsWithoutALanguageModel(t *testing.T) {
	b := setup(t, `{}`)
	b.runner.Signals = &endpoint{}
	b.model.state = llm.Off
	id := b.ask("hateful")
	b.once()
	b.want(id, "failed", "no language model")
	if got := b.events()[id]; got.Answer != nil || got.Signals == nil || got.Signals.Scores["hate"] != 0.9 || got.Failed == "" {
		t.Errorf("told %+v", got)
	}
}
