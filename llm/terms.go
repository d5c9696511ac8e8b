package llm

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	openai "github.com/sashabaranov/go-openai"
)

// terms are how a server is asked: how it is told the form of the answer, and whether by the names that newer models
// want, which take no temperature and count their thoughts among the tokens of the answer.
type terms struct {
	form  int32
	newer bool
}

// roomToThink is added to an answer's tokens where thoughts are counted among them.
const roomToThink = 4000

func (c *Client) learnt() terms { return terms{c.form.Load(), c.newer.Load()} }

// learn remembers how a server was asked that answered.
func (c *Client) learn(r Request, how terms) {
	if how.newer {
		c.newer.Store(true)
	}
	if len(r.Schema) == 0 {
		return
	}
	for known := c.form.Load(); known < how.form; known = c.form.Load() {
		c.form.CompareAndSwap(known, how.form)
	}
	c.proven.Store(true)
}

// otherwise is another way to ask a server that refused how it was asked. Servers word that as they like: until one
// has answered in a form, whatever it refuses may be the form; afterwards only what says so.
func (c *Client) otherwise(r Request, how terms, err error) (terms, bool) {
	if !how.newer && newerWanted(err) {
		how.newer = true
		return how, true
	}
	if len(r.Schema) == 0 || how.form >= 2 || !formRefused(err) && (c.proven.Load() || !aboutTheRequest(err)) {
		return how, false
	}
	how.form++
	return how, true
}

// question is a request as the server takes it.
func (c *Client) question(r Request, how terms) openai.ChatCompletionRequest {
	req := openai.ChatCompletionRequest{Model: c.cfg.Model, Messages: messages(r)}
	switch {
	case !how.newer:
		//lint:ignore SA1019 the compatible servers know max_tokens; few know its successor
		req.MaxTokens, req.Temperature = r.MaxTokens, 0.0001
	case r.MaxTokens > 0:
		req.MaxCompletionTokens = r.MaxTokens + roomToThink
	}
	if len(r.Schema) == 0 {
		return req
	}
	switch how.form {
	case 0:
		req.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONSchema,
			JSONSchema: &openai.ChatCompletionResponseFormatJSONSchema{Name: r.SchemaName, Schema: r.Schema, Strict: true}}
	case 1:
		req.ResponseFormat = &openai.ChatCompletionResponseFormat{Type: openai.ChatCompletionResponseFormatTypeJSONObject}
	}
	return req
}

// newerWanted reports a model that wants the newer names: the library knows some by name, others say so.
func newerWanted(err error) bool {
	if errors.Is(err, openai.ErrReasoningModelMaxTokensDeprecated) || errors.Is(err, openai.ErrReasoningModelLimitationsOther) || errors.Is(err, openai.ErrReasoningSamplingUnsupported) {
		return true
	}
	text, refused := refusal(err)
	return refused && (strings.Contains(text, "max_completion_tokens") || strings.Contains(text, "max_tokens") && strings.Contains(text, "support") || strings.Contains(text, "temperature"))
}

// formRefused reports a server that says it does not take response_format.
func formRefused(err error) bool {
	text, refused := refusal(err)
	if statusOf(err) == http.StatusInternalServerError { // some fail over it
		return formWords.MatchString(words(err))
	}
	return refused && (strings.Contains(text, "response_format") || strings.Contains(text, "json_schema") || strings.Contains(text, "schema") ||
		statusOf(err) == 422 || statusOf(err) == 400 && text == "")
}

// formWords are how servers name the form of an answer.
var formWords = regexp.MustCompile(`response_format|json_schema|json_object|grammar`)

// aboutTheRequest reports a refusal that may be of how the server was asked.
func aboutTheRequest(err error) bool {
	switch statusOf(err) {
	case 400, 406, 415, 501:
		text, _ := refusal(err)
		var api *openai.APIError
		if errors.As(err, &api) {
			text += " " + strings.ToLower(fmt.Sprint(api.Code))
		}
		return !textWords.MatchString(text)
	}
	return false
}

// textWords are how servers say that it is the text that they do not take.
var textWords = regexp.MustCompile(`filter|content management|safety|harmful|context.length|maximum context|too long|too large`)

// refusal is what a server says that does not take how it was asked, in small letters.
func refusal(err error) (text string, refused bool) {
	switch statusOf(err) {
	case 400, 404, 405, 406, 415, 422, 501:
		return words(err), true
	}
	return "", false
}

// words are a server's own, in small letters; they may quote the question and are for matching alone.
func words(err error) string {
	var api *openai.APIError
	var req *openai.RequestError
	switch {
	case errors.As(err, &req): // may hold an error that could not be read
		return strings.ToLower(string(req.Body))
	case errors.As(err, &api):
		return strings.ToLower(api.Message)
	}
	return ""
}
