package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Moderations asks the /v1/moderations endpoint of an OpenAI-compatible server. The library's own call
// takes one text a request and only OpenAI's models, so this one is written out. It is safe for
// concurrent use.
type Moderations struct {
	cfg   Config
	http  *http.Client
	slots chan struct{}
	gate  breaker
	now   func() time.Time
}

// defaultModerations is the model asked for where none is named.
const defaultModerations = "omni-moderation-latest"

// NewModerations returns a client; with an empty URL there is no endpoint.
func NewModerations(c Config) *Moderations {
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Concurrency == 0 {
		c.Concurrency = 4
	}
	if c.Model == "" {
		c.Model = defaultModerations
	}
	return &Moderations{cfg: c, http: httpClient(c.Timeout), slots: make(chan struct{}, c.Concurrency), now: time.Now}
}

// Configured says whether there is an endpoint to ask.
func (m *Moderations) Configured() bool { return m != nil && m.cfg.URL != "" }

// Model is the model that is asked for.
func (m *Moderations) Model() string { return m.cfg.Model }

// State says how the endpoint stands.
func (m *Moderations) State() State {
	switch {
	case !m.Configured():
		return Off
	case m.gate.wait(m.now()) > 0:
		return Down
	}
	return OK
}

// Moderate returns the scores of each text in the endpoint's own categories, in the texts' order. It is
// tried once: the signal is something more to know, not something to wait for.
func (m *Moderations) Moderate(ctx context.Context, texts []string) ([]map[string]float64, error) {
	if !m.Configured() {
		return nil, ErrOff
	}
	select {
	case m.slots <- struct{}{}:
		defer func() { <-m.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := m.gate.enter(m.now()); err != nil {
		return nil, err
	}
	n := &note{}
	out, err := m.once(context.WithValue(ctx, noteKey{}, n), texts)
	switch {
	case err == nil:
		m.gate.well()
	case errors.Is(ctx.Err(), context.Canceled):
		m.gate.left()
	case n.wait > 0:
		m.gate.busy(m.now().Add(n.wait))
	default:
		m.gate.failed(m.now())
	}
	return out, err
}

func (m *Moderations) once(ctx context.Context, texts []string) ([]map[string]float64, error) {
	body, err := json.Marshal(map[string]any{"model": m.cfg.Model, "input": texts})
	if err != nil {
		return nil, fmt.Errorf("encode texts for the moderation endpoint: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(m.cfg.URL, "/")+"/moderations", bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: the moderation endpoint's address is not usable", ErrDown)
	}
	req.Header.Set("Content-Type", "application/json")
	if m.cfg.Key != "" {
		req.Header.Set("Authorization", "Bearer "+m.cfg.Key)
	}
	res, err := m.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: the moderation endpoint could not be reached", ErrDown)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: the moderation endpoint answered with status %d", ErrDown, res.StatusCode)
	}
	var answer struct {
		Results []struct {
			Scores map[string]float64 `json:"category_scores"`
		} `json:"results"`
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil || json.Unmarshal(raw, &answer) != nil {
		return nil, fmt.Errorf("%w: the moderation endpoint's answer could not be read", ErrDown)
	}
	if len(answer.Results) != len(texts) {
		return nil, fmt.Errorf("%w: the moderation endpoint answered about %d of %d texts", ErrDown, len(answer.Results), len(texts))
	}
	out := make([]map[string]float64, len(texts))
	for i, r := range answer.Results {
		out[i] = r.Scores
	}
	return out, nil
}
