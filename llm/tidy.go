package llm

import (
	"bytes"
	"encoding/json"
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
	m := &tidyMessage{Content: text(in.Content), Refusal: text(in.Refusal), Reasoning: text(in.Thoughts)}
	if m.Reasoning == "" {
		m.Reasoning = text(in.Reasoning)
	}
	switch {
	case m.Content != "":
	case len(in.Calls) == 1:
		m.Content = arguments(in.Calls[0].Function.Arguments)
	case in.Call != nil:
		m.Content = arguments(in.Call.Arguments)
	}
	return m
}

// arguments of a call are JSON in a string, or JSON.
func arguments(raw json.RawMessage) string {
	if s := bytes.TrimSpace(raw); len(s) > 0 && s[0] == '{' {
		return string(s)
	}
	return text(raw)
}

// text is a string, or the strings of a list of parts; thoughts among the parts are none.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil {
		return ""
	}
	var b strings.Builder
	for _, p := range parts {
		var part struct {
			Text json.RawMessage `json:"text"`
		}
		if json.Unmarshal(p, &s) == nil {
			b.WriteString(s)
		} else if json.Unmarshal(p, &part) == nil && json.Unmarshal(part.Text, &s) == nil {
			b.WriteString(s)
		}
	}
	return b.String()
}

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
