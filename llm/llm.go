// Package llm speaks to an OpenAI-compatible server. It is the only package that imports go-openai.
//
// Servers differ: some know no response_format, some put reasoning around the JSON, some stall. The
// client asks for a JSON schema first and steps down to what the server takes, and every answer is
// checked by its caller before it counts.
package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

// State is how the model stands, as people see it.
type State string

// The states.
const (
	OK         State = "ok"
	Off        State = "off"         // no server is configured
	OverBudget State = "over_budget" // the day's budget is spent
	Down       State = "down"        // the breaker is open: it failed several times in a row
)

// Errors that say what follows.
var (
	ErrOff     = errors.New("no language model is configured")
	ErrDown    = errors.New("the language model is not answering at the moment")
	ErrRefused = errors.New("the language model refused to answer")
	ErrEmpty   = errors.New("the language model gave no usable answer")
)

// Config says which server to ask and how.
type Config struct {
	URL, Key, Model string
	Timeout         time.Duration // one request, stalls included; 0: 30 s
	Concurrency     int           // requests at once; 0: 4
	Retries         int           // after a 429, 5xx or broken connection; 0: 2
	// Price in millionths of the budget's currency for a thousand tokens; unknown prices stay zero and
	// the token budget still holds.
	PriceIn, PriceOut int64
}

// Request is one question.
type Request struct {
	System, User string
	SchemaName   string
	Schema       json.RawMessage // JSON schema of the answer; empty: free text
	MaxTokens    int
}

// Response is an answer with what it cost.
type Response struct {
	Text       string // for a schema: the JSON found in the answer
	Model      string
	TokensIn   int
	TokensOut  int
	CostMicros int64
	Took       time.Duration
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	cfg   Config
	api   *openai.Client
	slots chan struct{}
	form  atomic.Int32 // 0: json_schema, 1: json_object, 2: plain; only ever steps up

	mu       sync.Mutex
	failures int
	openTill time.Time
	now      func() time.Time
}

// The breaker opens after so many failures in a row, for so long; then one question tries again.
const (
	breakAfter = 5
	breakFor   = 30 * time.Second
)

// New returns a client; with an empty URL every question is ErrOff.
func New(c Config) *Client {
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.Concurrency == 0 {
		c.Concurrency = 4
	}
	if c.Retries == 0 {
		c.Retries = 2
	}
	conf := openai.DefaultConfig(c.Key)
	conf.BaseURL = strings.TrimRight(c.URL, "/")
	conf.HTTPClient = &http.Client{Timeout: c.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &Client{cfg: c, api: openai.NewClientWithConfig(conf), slots: make(chan struct{}, c.Concurrency), now: time.Now}
}

// Configured says whether there is a server to ask.
func (c *Client) Configured() bool { return c != nil && c.cfg.URL != "" }

// Model is the model that is asked for.
func (c *Client) Model() string { return c.cfg.Model }

// State says how the server stands; the budget is the caller's to know.
func (c *Client) State() State {
	if !c.Configured() {
		return Off
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now().Before(c.openTill) {
		return Down
	}
	return OK
}

// Complete asks, and with a schema returns the JSON object of the answer. It waits its turn, retries
// what may pass, and gives up early while the breaker is open.
func (c *Client) Complete(ctx context.Context, r Request) (Response, error) {
	switch c.State() {
	case Off:
		return Response{}, ErrOff
	case Down:
		return Response{}, ErrDown
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return Response{}, ctx.Err()
	}
	start := c.now()
	var last error
	for try := 0; try <= c.cfg.Retries; try++ {
		if try > 0 && !c.pause(ctx, try, last) {
			break
		}
		res, err := c.once(ctx, r)
		if err == nil {
			c.succeeded()
			res.Took = c.now().Sub(start)
			return res, nil
		}
		last = err
		if errors.Is(err, ErrRefused) || errors.Is(err, ErrEmpty) {
			c.succeeded() // the server is well; its answer is not usable
			return res, err
		}
		if !mayPass(err) {
			break
		}
	}
	if errors.Is(ctx.Err(), context.Canceled) { // the caller went away: that says nothing of the server
		return Response{}, ctx.Err()
	}
	c.failed()
	return Response{}, fmt.Errorf("%w: %s", ErrDown, describe(last))
}

func (c *Client) once(ctx context.Context, r Request) (Response, error) {
	for {
		form := c.form.Load()
		//lint:ignore SA1019 the compatible servers know max_tokens; few know its successor
		req := openai.ChatCompletionRequest{Model: c.cfg.Model, MaxTokens: r.MaxTokens, Temperature: 0.0001, Messages: []openai.ChatCompletionMessage{
			{Role: openai.ChatMessageRoleSystem, Content: r.System}, {Role: openai.ChatMessageRoleUser, Content: r.User}}}
		if len(r.Schema) > 0 {
			switch form {
			case 0:
				req.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
					JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: r.SchemaName, Schema: r.Schema, Strict: true}}
			case 1:
				req.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
			}
		}
		answer, err := c.api.CreateChatCompletion(ctx, req)
		if err != nil {
			if len(r.Schema) > 0 && form < 2 && formRefused(err) {
				c.form.CompareAndSwap(form, form+1) // this server does not know it; remembered
				continue
			}
			return Response{}, err
		}
		return c.read(r, answer)
	}
}

func (c *Client) read(r Request, answer openai.ChatCompletionResponse) (Response, error) {
	res := Response{Model: answer.Model, TokensIn: answer.Usage.PromptTokens, TokensOut: answer.Usage.CompletionTokens}
	if res.Model == "" {
		res.Model = c.cfg.Model
	}
	if res.TokensIn == 0 { // a server that does not count still costs
		res.TokensIn = (len(r.System) + len(r.User)) / 4
	}
	if len(answer.Choices) == 0 {
		return res, ErrEmpty
	}
	m := answer.Choices[0].Message
	if res.TokensOut == 0 {
		res.TokensOut = len(m.Content) / 4
	}
	res.CostMicros = (int64(res.TokensIn)*c.cfg.PriceIn + int64(res.TokensOut)*c.cfg.PriceOut) / 1000
	if m.Refusal != "" {
		return res, ErrRefused
	}
	res.Text = strings.TrimSpace(withoutReasoning(m.Content))
	if res.Text == "" {
		return res, ErrEmpty
	}
	if len(r.Schema) == 0 {
		return res, nil
	}
	found, ok := ExtractJSON(res.Text)
	if !ok {
		return res, ErrEmpty
	}
	res.Text = found
	return res, nil
}

// formRefused reports a server that does not take response_format.
func formRefused(err error) bool {
	var api *openai.APIError
	var req *openai.RequestError
	status, text := 0, ""
	switch {
	case errors.As(err, &api):
		status, text = api.HTTPStatusCode, strings.ToLower(api.Message)
	case errors.As(err, &req):
		status, text = req.HTTPStatusCode, strings.ToLower(string(req.Body))
	}
	if status != 400 && status != 404 && status != 415 && status != 422 && status != 501 {
		return false
	}
	return strings.Contains(text, "response_format") || strings.Contains(text, "json_schema") || strings.Contains(text, "schema") || status == 422 || status == 400 && text == ""
}

func mayPass(err error) bool {
	var api *openai.APIError
	var req *openai.RequestError
	status := 0
	switch {
	case errors.As(err, &api):
		status = api.HTTPStatusCode
	case errors.As(err, &req):
		status = req.HTTPStatusCode
	}
	return status == 0 || status == 408 || status == 429 || status >= 500
}

// describe says what happened without the server's own words, which may quote the question.
func describe(err error) string {
	var api *openai.APIError
	var req *openai.RequestError
	switch {
	case errors.As(err, &api):
		return "status " + strconv.Itoa(api.HTTPStatusCode)
	case errors.As(err, &req):
		return "status " + strconv.Itoa(req.HTTPStatusCode)
	case errors.Is(err, context.DeadlineExceeded):
		return "it took too long"
	}
	return "it could not be reached"
}

func (c *Client) pause(ctx context.Context, try int, _ error) bool {
	wait := time.Duration(1<<try)*250*time.Millisecond + time.Duration(rand.IntN(250))*time.Millisecond
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}

func (c *Client) succeeded() {
	c.mu.Lock()
	c.failures, c.openTill = 0, time.Time{}
	c.mu.Unlock()
}

func (c *Client) failed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures++; c.failures >= breakAfter {
		c.openTill = c.now().Add(breakFor)
		c.failures = breakAfter - 1 // the next question after the pause opens it again at once if it fails
	}
}

// withoutReasoning drops what a model thought aloud before its answer.
func withoutReasoning(s string) string {
	for _, tag := range []string{"think", "thinking", "reasoning"} {
		for {
			from := strings.Index(s, "<"+tag+">")
			if from < 0 {
				break
			}
			to := strings.Index(s[from:], "</"+tag+">")
			if to < 0 {
				s = s[:from]
				break
			}
			s = s[:from] + s[from+to+len(tag)+3:]
		}
	}
	return s
}

// ExtractJSON finds the last complete JSON object in a text: models put fences, excuses and drafts
// around it.
func ExtractJSON(s string) (string, bool) {
	best := ""
	for i := 0; i < len(s); i++ {
		if s[i] != '{' {
			continue
		}
		dec := json.NewDecoder(strings.NewReader(s[i:]))
		var raw json.RawMessage
		if dec.Decode(&raw) == nil {
			best = string(raw)
			i += len(raw) - 1
		}
	}
	return best, best != ""
}
