package llm

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	openai "github.com/sashabaranov/go-openai"
)

// ErrCut is an answer that began and was not finished: what came of it is known to the caller, and paid for.
var ErrCut = errors.New("the language model stopped in the middle of its answer")

// Why a stream was given up. They count as time that ran out.
var (
	errNoWord  = fmt.Errorf("no first word came: %w", context.DeadlineExceeded)
	errStalled = fmt.Errorf("no further word came: %w", context.DeadlineExceeded)
	errEndless = fmt.Errorf("the answer had no end: %w", context.DeadlineExceeded)
	errOdd     = errors.New("the answer is neither a stream nor a document")
)

// streamsFor bounds a whole stream, in waits for a first word.
const streamsFor = 4

// Stream asks like Complete and hands on what the model writes while it writes it: letters of the answer
// as they are, JSON and all. Each piece belongs to one try: nothing is asked again after a piece was
// handed on. A server that does not stream is asked for the whole answer, which is one piece.
func (c *Client) Stream(ctx context.Context, r Request, piece func(text string)) (Response, error) {
	return c.ask(ctx, func() (Response, error) {
		if c.noStream.Load() {
			return c.asWhole(ctx, r, piece)
		}
		return c.streamOnce(ctx, r, piece)
	})
}

func (c *Client) asWhole(ctx context.Context, r Request, piece func(string)) (Response, error) {
	res, err := c.once(ctx, r)
	if err == nil {
		piece(res.Text)
	}
	return res, err
}

// streamOnce opens a stream in the form that the server takes, and reads it.
func (c *Client) streamOnce(ctx context.Context, r Request, piece func(string)) (Response, error) {
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer time.AfterFunc(streamsFor*c.cfg.Timeout, func() { cancel(errEndless) }).Stop()
	usage, how := !c.noUsage.Load(), c.learnt()
	for {
		s := &reading{note: &note{stream: true}, piece: piece}
		s.pause = time.AfterFunc(c.cfg.Timeout, func() { cancel(s.late()) })
		req := c.question(r, how)
		if usage {
			req.StreamOptions = &openai.StreamOptions{IncludeUsage: true}
		}
		stream, err := c.live.CreateChatCompletionStream(context.WithValue(inner, noteKey{}, s.note), req)
		if err == nil {
			c.noUsage.CompareAndSwap(false, !usage)
			c.learn(r, how)
			res, err := c.follow(inner, r, s, stream)
			s.pause.Stop()
			_ = stream.Close()
			return res, err
		}
		s.pause.Stop()
		text, refused := refusal(err)
		next, another := c.otherwise(r, how, err)
		unsaid := refused && (text == "" || statusOf(err) == http.StatusUnprocessableEntity)
		switch {
		case usage && (unsaid || refused && usageWords.MatchString(text)):
			usage = false
		case refused && streamWords.MatchString(text):
			c.noStream.Store(true)
			return c.asWhole(ctx, r, piece)
		case another:
			how = next
		case unsaid: // whatever it does not take, it may take without a stream
			res, err := c.asWhole(ctx, r, piece)
			c.noStream.CompareAndSwap(false, err == nil)
			return res, err
		default:
			return Response{}, s.note.timed(cause(inner, err))
		}
	}
}

// How servers name what they do not take.
var (
	usageWords  = regexp.MustCompile(`stream_options|include_usage`)
	streamWords = regexp.MustCompile(`\bstream(ing|ed|s)?\b`)
)

// reading is one stream under way.
type reading struct {
	note  *note
	pause *time.Timer // runs until the next word
	begun atomic.Bool
	piece func(string)

	text     strings.Builder
	thoughts strings.Builder // beside the answer: they cost too
	model    string
	used     openai.Usage
	why      openai.FinishReason
}

// follow reads a stream to its end and says what it came to.
func (c *Client) follow(ctx context.Context, r Request, s *reading, stream *openai.ChatCompletionStream) (Response, error) {
	if s.note.odd {
		return Response{}, errOdd
	}
	if s.note.whole != nil {
		return c.readWhole(r, s.note.whole, s.piece)
	}
	err := s.all(ctx, stream, c.cfg.Stall)
	if !s.begun.Load() && s.used.TotalTokens == 0 && s.why == "" {
		if err == nil {
			err = io.ErrUnexpectedEOF
		}
		return Response{}, err
	}
	res := c.cost(r, s.model, s.used, s.text.Len()+s.thoughts.Len())
	content := s.text.String()
	if strings.TrimSpace(content) == "" {
		content = fromThoughts(r, s.thoughts.String())
	}
	if s.why != "" { // it ended; what broke afterwards took nothing away
		res.Text, err = usable(r, content, s.why)
		return res, err
	}
	if text, bad := usable(r, content, ""); err == nil && bad == nil && len(r.Schema) > 0 { // some do not say why they end: a whole document will do
		res.Text = text
		return res, nil
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return res, fmt.Errorf("%w: %w", ErrCut, err)
}

// all reads until the stream ends. The first word has its own time to come, each later one a shorter.
func (s *reading) all(ctx context.Context, stream *openai.ChatCompletionStream, stall time.Duration) error {
	for {
		chunk, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return cause(ctx, err)
		}
		s.take(chunk)
		if s.begun.Load() && s.pause.Stop() {
			s.pause.Reset(stall)
		}
	}
}

// take adds one chunk. Servers differ in which chunk names the model, the end and the count.
func (s *reading) take(chunk openai.ChatCompletionStreamResponse) {
	if chunk.Model != "" {
		s.model = chunk.Model
	}
	if chunk.Usage != nil {
		s.used = *chunk.Usage
	}
	for _, choice := range chunk.Choices {
		if choice.Index != 0 {
			continue
		}
		if choice.FinishReason != "" {
			s.why = choice.FinishReason
		}
		if choice.Delta.Refusal != "" {
			s.why = openai.FinishReasonContentFilter
		}
		s.thoughts.WriteString(choice.Delta.ReasoningContent)
		if choice.Delta.Content != "" || choice.Delta.ReasoningContent != "" {
			s.begun.Store(true)
		}
		if choice.Delta.Content != "" {
			s.text.WriteString(choice.Delta.Content)
			s.piece(choice.Delta.Content)
		}
	}
}

// late says which wait was too long.
func (s *reading) late() error {
	if s.begun.Load() {
		return errStalled
	}
	return errNoWord
}

// readWhole takes a document that came where a stream was asked for.
func (c *Client) readWhole(r Request, body []byte, piece func(string)) (Response, error) {
	var answer openai.ChatCompletionResponse
	if json.Unmarshal(body, &answer) != nil || len(answer.Choices) == 0 {
		return Response{}, errOdd
	}
	res, err := c.read(r, answer)
	if err == nil {
		piece(res.Text)
	}
	return res, err
}

// cause is why a stream ended early: our own clock, or what happened on the wire.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil && errors.Is(c, context.DeadlineExceeded) {
		return c
	}
	return err
}

// sniff looks at how an answer begins, whatever its headers say: a stream is left to be read, a document
// is taken whole, and of what is neither nothing is read.
func (n *note) sniff(res *http.Response) (*http.Response, error) {
	in := bufio.NewReader(res.Body)
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3)
	}
	first := byte(0)
	for {
		b, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			_ = res.Body.Close()
			return nil, err
		}
		if first = b; !bytes.ContainsRune([]byte(" \t\r\n"), rune(b)) {
			if err := in.UnreadByte(); err != nil {
				return nil, err
			}
			break
		}
	}
	rest := struct {
		io.Reader
		io.Closer
	}{in, res.Body}
	var err error
	switch {
	case first == '{':
		n.whole, err = io.ReadAll(in)
	case first != 0 && !bytes.ContainsRune([]byte("deir:"), rune(first)): // data, event, id, retry, a comment
		n.odd = true
	default:
		res.Body = &events{in: in, closing: res.Body}
		return res, nil
	}
	n.whole = tidy(n.whole)
	if err != nil {
		_ = res.Body.Close()
		return nil, err
	}
	rest.Reader = strings.NewReader("data: [DONE]\n\n")
	res.Body = rest
	return res, nil
}
