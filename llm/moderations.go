package llm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
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
	alone atomic.Bool // the endpoint takes one text a request
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

// Moderate returns the scores of each text in the endpoint's own categories, in the texts' order. Nothing
// is repeated: the signal is something more to know, not something to wait for.
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
	out, err := m.all(context.WithValue(ctx, noteKey{}, n), texts)
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

// errAlone says that an endpoint may take one text a request only.
var errAlone = errors.New("not together")

// all asks about texts together, or one by one where the endpoint was seen to take no more than one.
func (m *Moderations) all(ctx context.Context, texts []string) ([]map[string]float64, error) {
	if len(texts) > 1 && !m.alone.Load() {
		out, err := m.once(ctx, texts, texts)
		if !errors.Is(err, errAlone) {
			return out, err
		}
	}
	var out []map[string]float64
	for _, text := range texts {
		var input any = text
		if !m.alone.Load() && len(texts) == 1 {
			input = texts
		}
		one, err := m.once(ctx, []string{text}, input)
		if errors.Is(err, errAlone) && len(texts) == 1 {
			one, err = m.once(ctx, []string{text}, text)
		}
		if err != nil {
			return nil, err
		}
		if len(texts) > 1 {
			m.alone.Store(true)
		}
		out = append(out, one...)
	}
	return out, nil
}

func (m *Moderations) once(ctx context.Context, texts []string, input any) ([]map[string]float64, error) {
	body, err := json.Marshal(map[string]any{"model": m.cfg.Model, "input": input})
	if err != nil {
		return nil, fmt.Errorf("encode texts for the moderation endpoint: %w", err)
	}
	address := strings.TrimSuffix(strings.TrimRight(m.cfg.URL, "/"), "/moderations") + "/moderations"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: the moderation endpoint's address is not usable", ErrDown)
	}
	req.Header.Set("Content-Type", "application/json")
	if m.cfg.Key != "" {
		req.Header.Set("Authorization", "Bearer "+m.cfg.Key)
	}
	res, err := m.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%w: the moderation endpoint could not be reached, or took too long", ErrDown)
	}
	defer res.Body.Close()
	switch _, list := input.([]string); {
	case list && (res.StatusCode == http.StatusBadRequest || res.StatusCode == http.StatusUnprocessableEntity):
		return nil, fmt.Errorf("%w: %w: the moderation endpoint answered with status %d", ErrDown, errAlone, res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%w: the moderation endpoint answered with status %d", ErrDown, res.StatusCode)
	}
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, fmt.Errorf("%w: the moderation endpoint's answer broke off", ErrDown)
	}
	var answer struct {
		Results []result `json:"results"`
	}
	if json.Unmarshal(raw, &answer) != nil {
		return nil, fmt.Errorf("%w: the moderation endpoint's answer could not be read", ErrDown)
	}
	if len(answer.Results) == 1 && len(texts) > 1 {
		return nil, fmt.Errorf("%w: %w: the moderation endpoint answered about 1 of %d texts", ErrDown, errAlone, len(texts))
	}
	if len(answer.Results) != len(texts) {
		return nil, fmt.Errorf("%w: the moderation endpoint answered about %d of %d texts", ErrDown, len(answer.Results), len(texts))
	}
	out := make([]map[string]float64, len(texts))
	for i, r := range answer.Results {
		if out[i] = r.scores(); out[i] == nil {
			return nil, fmt.Errorf("%w: the moderation endpoint's answer has no scores", ErrDown)
		}
	}
	return out, nil
}

// result is what an endpoint says of a text; servers write the scores as numbers or as text, and some
// only flag.
type result struct {
	Scores map[string]json.RawMessage `json:"category_scores"`
	Flags  map[string]json.RawMessage `json:"categories"`
}

// scores are those that are numbers. A category that is flagged and has no score counts as sure; where
// there is neither scores nor flags, it is nil: that is no answer.
func (r result) scores() map[string]float64 {
	if r.Scores == nil && r.Flags == nil {
		return nil
	}
	out := map[string]float64{}
	for category, raw := range r.Scores {
		if f, err := strconv.ParseFloat(strings.TrimSpace(strings.Trim(string(raw), `"`)), 64); err == nil && !math.IsNaN(f) {
			out[category] = f
		}
	}
	for category, raw := range r.Flags {
		if _, there := out[category]; !there && string(raw) == "true" {
			out[category] = 1
		}
	}
	return out
}
