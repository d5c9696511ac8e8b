package llm

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// Servers write what ponte does not need as they like – seconds with fractions, counts as text, details of filters in
// forms of their own – and the library reads all of it or nothing. So an answer is written anew with what counts.

type tidyAnswer struct {
	Model   string       `json:"model,omitempty"`
	Choices []tidyChoice `json:"choices"`
	Usage   *tidyUsage   `json:"usage,omitempty"`
}

type tidyChoice struct {
	Index   int          `json:"index"`
	Message *tidyMessage `json:"message,omitempty"`
	Delta   *tidyMessage `json:"delta,omitempty"`
	Finish  string       `json:"finish_reason,omitempty"`
}

type tidyMessage struct {
	Content   string `json:"content"`
	Refusal   string `json:"refusal,omitempty"`
	Reasoning string `json:"reasoning_content,omitempty"`
}

type tidyUsage struct {
	In  int `json:"prompt_tokens"`
	Out int `json:"completion_tokens"`
	All int `json:"total_tokens"`
}

// tidy writes an answer, or a piece of one, with what counts; what is no answer stays as it is.
func tidy(raw []byte) []byte {
	var in struct {
		Model   json.RawMessage `json:"model"`
		Choices []struct {
			Index   json.RawMessage `json:"index"`
			Message json.RawMessage `json:"message"`
			Delta   json.RawMessage `json:"delta"`
			Finish  json.RawMessage `json:"finish_reason"`
		} `json:"choices"`
		Usage json.RawMessage `json:"usage"`
	}
	if json.Unmarshal(raw, &in) != nil || in.Choices == nil && !said(in.Usage) {
		return raw
	}
	out := tidyAnswer{Model: text(in.Model), Choices: []tidyChoice{}, Usage: usage(in.Usage)}
	for _, c := range in.Choices {
		out.Choices = append(out.Choices, tidyChoice{Index: number(c.Index), Message: message(c.Message), Delta: message(c.Delta), Finish: text(c.Finish)})
	}
	b, err := json.Marshal(out)
	if err != nil {
		return raw
	}
	return b
}

// message is what an answer says: some servers send it in parts, or as the arguments of a call that nobody offered.
func message(raw json.RawMessage) *tidyMessage {
	if !said(raw) {
		return nil
	}
	type function struct {
		Arguments json.RawMessage `json:"arguments"`
	}
	var in struct {
		Content   json.RawMessage `json:"content"`
		Refusal   json.RawMessage `json:"refusal"`
		Thoughts  json.RawMessage `json:"reasoning_content"`
		Reasoning json.RawMessage `json:"reasoning"`
		Call      *function       `json:"function_call"`
		Calls     []struct {
			Function function `json:"function"`
		} `json:"tool_calls"`
	}
	if json.Unmarshal(raw, &in) != nil {
		return &tidyMessage{Content: text(raw)}
	}
	m := &tidyMessage{Content: content(in.Content), Refusal: text(in.Refusal), Reasoning: text(in.Thoughts)}
	if m.Reasoning == "" {
		m.Reasoning = text(in.Reasoning)
	}
	calls := make([]string, 0, len(in.Calls))
	for _, c := range in.Calls {
		calls = append(calls, arguments(c.Function.Arguments))
	}
	if len(calls) == 0 && in.Call != nil {
		calls = append(calls, arguments(in.Call.Arguments))
	}
	if !strings.ContainsAny(m.Content, "{[") { // words about a call say nothing
		if called := strings.Join(calls, "\n"); called != "" {
			m.Content = called
		}
	}
	return m
}

// arguments of a call are JSON in a string, or JSON.
func arguments(raw json.RawMessage) string {
	if s := bytes.TrimSpace(raw); len(s) > 0 && (s[0] == '{' || s[0] == '[') {
		return string(s)
	}
	return text(raw)
}

// text is a string, or the strings of a list of parts, or of one; thoughts among the parts are none.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) == nil {
		var b strings.Builder
		for _, p := range parts {
			b.WriteString(part(p, 0))
		}
		return b.String()
	}
	s, _ = parted(raw, 0)
	return s
}

// content is the text of an answer; an object that is no part of one is an answer that was not written as text.
func content(raw json.RawMessage) string {
	if object := bytes.TrimSpace(raw); len(object) > 0 && object[0] == '{' {
		if _, is := parted(raw, 0); !is {
			return string(object)
		}
	}
	return text(raw)
}

// part is what one part says.
func part(raw json.RawMessage, depth int) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	s, _ = parted(raw, depth)
	return s
}

// parted is the text of a part, and whether it is one: {"text":"…"}, {"content":"…"} or {"text":{"value":"…"}}.
func parted(raw json.RawMessage, depth int) (string, bool) {
	var in struct {
		Type    json.RawMessage `json:"type"`
		Text    json.RawMessage `json:"text"`
		Content json.RawMessage `json:"content"`
		Value   json.RawMessage `json:"value"`
	}
	if depth > 2 || json.Unmarshal(raw, &in) != nil {
		return "", depth > 2
	}
	kind := ""
	if json.Unmarshal(in.Type, &kind) == nil && thinking.MatchString(kind) {
		return "", true
	}
	for _, v := range []json.RawMessage{in.Text, in.Content, in.Value} {
		if v != nil {
			return part(v, depth+1), true
		}
	}
	return "", kind != ""
}

var thinking = regexp.MustCompile(`think|reason|thought`)

// number is a count, however it is written; what is none is zero.
func number(raw json.RawMessage) int {
	x, err := strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
	if err != nil || !(x > -1e15 && x < 1e15) {
		return 0
	}
	return int(x)
}

func usage(raw json.RawMessage) *tidyUsage {
	var in struct {
		In  json.RawMessage `json:"prompt_tokens"`
		Out json.RawMessage `json:"completion_tokens"`
		All json.RawMessage `json:"total_tokens"`
	}
	if !said(raw) || json.Unmarshal(raw, &in) != nil {
		return nil
	}
	return &tidyUsage{number(in.In), number(in.Out), number(in.All)}
}
