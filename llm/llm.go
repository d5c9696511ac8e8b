// Package llm speaks to an OpenAI-compatible server. It is the only package that imports go-openai.
//
// Servers differ: some know no response_format, some put reasoning around the JSON, some stall. The
// client asks for a JSON schema first and steps down to what the server takes, and every answer is
// checked by its caller before it counts.
package llm

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
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
	ErrOff       = errors.New("no language model is configured")
	ErrDown      = errors.New("the language model is not answering at the moment")
	ErrRefused   = errors.New("the language model refused to answer")
	ErrEmpty     = errors.New("the language model gave no usable answer")
	ErrTruncated = errors.New("the language model's answer was cut off")
)

// BusyError says that the server asked everybody to wait. It is no fault of the question's: nothing is
// counted against it.
type BusyError struct{ Wait time.Duration }

// Error says how long.
func (e *BusyError) Error() string {
	return fmt.Sprintf("the language model asks us to wait for %s", e.Wait.Round(time.Second))
}

// Config says which server to ask and how.
type Config struct {
	URL, Key, Model string
	Timeout         time.Duration // one request, stalls included, or a stream's wait for the first word; 0: 30 s
	Stall           time.Duration // the longest pause inside a stream; 0: 15 s
	Concurrency     int           // requests at once; 0: 4
	Retries         int           // after a 429, 5xx or broken connection; 0: 2
	// Price in millionths of the budget's currency for a thousand tokens; unknown prices stay zero and
	// the token budget still holds.
	PriceIn, PriceOut int64
}

// Request is one question.
type Request struct {
	System, User string
	Pictures     []Picture // shown after the text, where the model sees
	Repair       *Repair   // an answer to this question that could not be used
	SchemaName   string
	Schema       json.RawMessage // JSON schema of the answer; empty: free text
	MaxTokens    int
}

// Picture is an image in a question; it travels inside the request, never by address.
type Picture struct {
	MIME  string
	Bytes []byte
}

// Repair asks once more, with what was wrong about the answer before.
type Repair struct{ Answer, Fault string }

// Response is an answer with what it cost.
type Response struct {
	Text       string // for a schema: the JSON found in the answer
	Model      string
	TokensIn   int
	TokensOut  int
	CostMicros int64
	Estimated  bool // the server did not count: tokens are the letters divided by four
	Partial    bool // the answer was cut off, and Text holds the entries that came whole
	Took       time.Duration
}

// Client asks one server. It is safe for concurrent use.
type Client struct {
	cfg   Config
	api   *openai.Client
	live  *openai.Client // for answers that stream: bounded by pauses, not as a whole
	slots chan struct{}
	form  atomic.Int32 // 0: json_schema, 1: json_object, 2: plain; only ever steps up
	// What the server was seen to take, and what it was seen not to; remembered.
	proven, newer     atomic.Bool
	noStream, noUsage atomic.Bool
	gate              breaker
	now               func() time.Time
}

// maxWait is how long a question waits for a busy server with its slot in hand.
const maxWait = 5 * time.Second

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
	if c.Stall == 0 {
		c.Stall = 15 * time.Second
	}
	conf := openai.DefaultConfig(c.Key)
	conf.BaseURL = base(c.URL)
	conf.HTTPClient = httpClient(c.Timeout)
	live := conf
	live.HTTPClient = httpClient(0)
	return &Client{cfg: c, api: openai.NewClientWithConfig(conf), live: openai.NewClientWithConfig(live), slots: make(chan struct{}, c.Concurrency), now: time.Now}
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
	if c.gate.wait(c.now()) > 0 {
		return Down
	}
	return OK
}

// Seen is the state as people are told it: a server that failed is down until it has answered again, also
// while a question is out that tries it.
func (c *Client) Seen() State {
	if c.Configured() && c.gate.broken() {
		return Down
	}
	return c.State()
}

// Most is the most that a request may cost: no token is shorter than a byte, and an answer has no more than it
// is given room for, thoughts included.
func (c *Client) Most(r Request) Response {
	in := 200 + len(r.System) + len(r.User) + len(r.Schema) + picture*len(r.Pictures)
	if r.Repair != nil {
		in += len(r.Repair.Answer) + len(r.Repair.Fault)
	}
	res := Response{Model: c.cfg.Model, TokensIn: in, TokensOut: r.MaxTokens, Estimated: true}
	if c.newer.Load() {
		res.TokensOut += roomToThink
	}
	res.CostMicros = (int64(res.TokensIn)*c.cfg.PriceIn + int64(res.TokensOut)*c.cfg.PriceOut) / 1000
	return res
}

// picture is the most tokens that a picture shown small is counted as.
const picture = 3000

// Complete asks, and with a schema returns the JSON object of the answer. It waits its turn, retries
// what may pass, heeds how long a busy server wants to be left alone, and gives up early while the
// breaker is open.
func (c *Client) Complete(ctx context.Context, r Request) (Response, error) {
	return c.ask(ctx, func() (Response, error) { return c.once(ctx, r) })
}

// ask tries until there is an answer or nothing more to hope for. What a failed try cost stands in the
// response.
func (c *Client) ask(ctx context.Context, once func() (Response, error)) (Response, error) {
	if !c.Configured() {
		return Response{}, ErrOff
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return Response{}, ctx.Err()
	}
	if err := c.gate.enter(c.now()); err != nil {
		return Response{}, err
	}
	start := c.now()
	var res Response
	var last error
	for try := 0; try <= c.cfg.Retries; try++ {
		if try > 0 && !pause(ctx, try, last) {
			break
		}
		var err error
		res, err = once()
		res.Took = c.now().Sub(start)
		switch {
		case err == nil || res.Partial || errors.Is(err, ErrRefused): // it is well, whatever it thinks of this question
			c.gate.well()
			return res, err
		case unusable(err):
			c.gate.unusable(c.now())
			return res, err
		}
		// Who waited a whole time-out in vain is not kept waiting for another: the question's asker has a clock of its own.
		if last = err; !mayPass(err) || errors.Is(err, ErrCut) || errors.Is(err, context.DeadlineExceeded) {
			break
		}
	}
	return res, c.failure(ctx, last)
}

// failure tells the breaker of a question that got no answer, and says what follows.
func (c *Client) failure(ctx context.Context, last error) error {
	if status := statusOf(last); status == 400 || status == 413 || status == 422 || status == 451 { // this question, not the server
		c.gate.well()
		return fmt.Errorf("%w: %s", ErrRefused, describe(last))
	}
	if errors.Is(ctx.Err(), context.Canceled) { // the caller went away: that says nothing of the server
		c.gate.left()
		return ctx.Err()
	}
	if busy := busyOf(last); busy != nil {
		c.gate.busy(c.now().Add(busy.Wait))
		return busy
	}
	c.gate.failed(c.now())
	if errors.Is(last, ErrCut) {
		return fmt.Errorf("%w: %w: %s", ErrDown, ErrCut, describe(last))
	}
	return fmt.Errorf("%w: %s", ErrDown, describe(last))
}

func unusable(err error) bool {
	return errors.Is(err, ErrRefused) || errors.Is(err, ErrEmpty) || errors.Is(err, ErrTruncated)
}

func (c *Client) once(ctx context.Context, r Request) (Response, error) {
	how := c.learnt()
	for {
		n := &note{}
		answer, err := c.api.CreateChatCompletion(context.WithValue(ctx, noteKey{}, n), c.question(r, how))
		if err == nil {
			c.learn(r, how)
			return c.read(r, answer)
		}
		next, ok := c.otherwise(r, how, err)
		if !ok {
			return Response{}, n.timed(err)
		}
		how = next
	}
}

// messages are the question, its pictures, and what was wrong about an answer before.
func messages(r Request) []openai.ChatCompletionMessage {
	user := openai.ChatCompletionMessage{Role: openai.ChatMessageRoleUser, Content: r.User}
	if len(r.Pictures) > 0 {
		user.Content = ""
		user.MultiContent = []openai.ChatMessagePart{{Type: openai.ChatMessagePartTypeText, Text: r.User}}
		for _, p := range r.Pictures {
			user.MultiContent = append(user.MultiContent, openai.ChatMessagePart{Type: openai.ChatMessagePartTypeImageURL,
				ImageURL: &openai.ChatMessageImageURL{URL: "data:" + p.MIME + ";base64," + base64.StdEncoding.EncodeToString(p.Bytes), Detail: openai.ImageURLDetailLow}})
		}
	}
	out := []openai.ChatCompletionMessage{{Role: openai.ChatMessageRoleSystem, Content: r.System}, user}
	if r.Repair != nil {
		out = append(out, openai.ChatCompletionMessage{Role: openai.ChatMessageRoleAssistant, Content: r.Repair.Answer},
			openai.ChatCompletionMessage{Role: openai.ChatMessageRoleUser, Content: r.Repair.Fault})
	}
	return out
}

func (c *Client) read(r Request, answer openai.ChatCompletionResponse) (Response, error) {
	content := ""
	var m openai.ChatCompletionMessage
	var why openai.FinishReason
	if len(answer.Choices) > 0 {
		m, why = answer.Choices[0].Message, answer.Choices[0].FinishReason
		content = m.Content
	}
	res := c.cost(r, answer.Model, answer.Usage, len(content)+len(m.ReasoningContent))
	if len(answer.Choices) == 0 {
		return res, ErrEmpty
	}
	if m.Refusal != "" {
		why = openai.FinishReasonContentFilter
	}
	if strings.TrimSpace(content) == "" {
		content = fromThoughts(r, m.ReasoningContent)
	}
	text, err := usable(r, content, why)
	res.Text, res.Partial = text, errors.Is(err, ErrTruncated) && json.Valid([]byte(text))
	return res, err
}

// cost counts an answer; where the server does not count, a token is four letters.
func (c *Client) cost(r Request, model string, used openai.Usage, letters int) Response {
	res := Response{Model: model, TokensIn: used.PromptTokens, TokensOut: used.CompletionTokens}
	if res.Model == "" {
		res.Model = c.cfg.Model
	}
	if res.TokensIn <= 0 { // a server that does not count still costs
		res.TokensIn, res.Estimated = (len(r.System)+len(r.User))/4, true
	}
	if res.TokensOut < 0 || res.TokensOut == 0 && letters > 0 {
		res.TokensOut, res.Estimated = letters/4, true
	}
	res.CostMicros = (int64(res.TokensIn)*c.cfg.PriceIn + int64(res.TokensOut)*c.cfg.PriceOut) / 1000
	return res
}

// usable takes what was asked for out of an answer that has ended.
func usable(r Request, content string, why openai.FinishReason) (string, error) {
	if why == openai.FinishReasonContentFilter {
		return "", ErrRefused
	}
	text := strings.TrimSpace(withoutReasoning(content))
	switch {
	case why == openai.FinishReasonLength:
		if found, ok := ExtractJSON(text, r.Schema); ok && len(r.Schema) > 0 { // the entries before the cut
			text = found
		}
		return text, ErrTruncated
	case text == "":
		return text, ErrEmpty
	case len(r.Schema) == 0:
		return text, nil
	}
	found, ok := ExtractJSON(text, r.Schema)
	if !ok {
		return text, ErrEmpty
	}
	return found, nil
}

func mayPass(err error) bool {
	status := statusOf(err)
	return status == 0 || status == 408 || status == 429 || status >= 500
}

// statusOf is the HTTP status of a failure; 0: there was none.
func statusOf(err error) int {
	var api *openai.APIError
	var req *openai.RequestError
	switch {
	case errors.As(err, &req): // may hold an error that could not be read, and knows no status
		return req.HTTPStatusCode
	case errors.As(err, &api):
		return api.HTTPStatusCode
	}
	return 0
}

// describe says what happened without the server's own words, which may quote the question.
func describe(err error) string {
	if status := statusOf(err); status != 0 {
		return "status " + strconv.Itoa(status)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "it took too long"
	case errors.Is(err, errOdd):
		return "its answer is neither a stream nor a document"
	}
	return "it could not be reached"
}

// pause waits before another try: as long as the server asks, where that is bearable, else a little
// longer each time. It says whether there is anything to wait for.
func pause(ctx context.Context, try int, last error) bool {
	wait := time.Duration(1<<try)*250*time.Millisecond + time.Duration(rand.IntN(250))*time.Millisecond
	var told *waitError
	if errors.As(last, &told) {
		if told.wait > maxWait {
			return false
		}
		wait = told.wait
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}
