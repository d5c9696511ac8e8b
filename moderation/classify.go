package moderation

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Tiers says which tiers of the cascade take part in a classification. LLM asks for the language model
// as well, where the caller has one.
type Tiers struct{ Rules, Model, LLM bool }

// ParseTiers reads "rules,model,llm".
func ParseTiers(s string) (Tiers, error) {
	if s == "" {
		return Tiers{Rules: true, Model: true}, nil
	}
	var t Tiers
	for _, name := range strings.Split(s, ",") {
		switch strings.TrimSpace(name) {
		case "rules":
			t.Rules = true
		case "model":
			t.Model = true
		case "llm":
			t.LLM = true
		default:
			return t, fmt.Errorf("tier %q is not one of rules, model, llm", name)
		}
	}
	return t, nil
}

// Classified is one line of `ponte classify`.
type Classified struct {
	ID          json.RawMessage     `json:"id"` // as it was given: a text or a number; else the number of the line
	Language    string              `json:"language"`
	Intent      string              `json:"intent"`
	IntentScore float64             `json:"intent_score"`
	Sentiment   string              `json:"sentiment"`
	Decision    Decision            `json:"decision"` // as for a comment under the default policy
	Harm        float64             `json:"harm"`
	Spam        float64             `json:"spam"`
	OptOut      bool                `json:"opt_out"` // true also when doubtful
	Scores      map[string]*float64 `json:"scores"`
	Tier        Tier                `json:"tier"`
	Reasons     []string            `json:"reasons"`
}

// Asked answers what rules and model leave open, in the order of the questions: a language model. An
// answer that did not come is nil, and the error says why.
type Asked func([]Input) ([]*LLMAnswer, error)

// maxTogether is how many lines are read before what is open among them is asked in one request.
const maxTogether = 20

// Classify judges texts for the command line.
func (e *Engine) Classify(ids []json.RawMessage, texts []string, t Tiers, ask Asked) []Classified {
	verdicts, open := make([]Verdict, len(texts)), []int{}
	var questions []Input
	for i, text := range texts {
		in := Input{Subject: SubjectComment, Text: text}
		if verdicts[i] = e.judge(in, t.Rules, t.Model); t.LLM && (verdicts[i].NeedsLLM || !t.Rules && !t.Model) {
			open, questions = append(open, i), append(questions, in)
		}
	}
	if len(open) > 0 {
		answers, why := putTo(ask, questions)
		for n, i := range open {
			if n < len(answers) && answers[n] != nil {
				verdicts[i] = e.WithLLM(verdicts[i], questions[n], *answers[n])
				continue
			}
			verdicts[i] = e.WithoutLLM(verdicts[i], why)
		}
	}
	out := make([]Classified, len(texts))
	for i, v := range verdicts {
		out[i] = classified(ids[i], v)
	}
	return out
}

func putTo(ask Asked, questions []Input) (answers []*LLMAnswer, why string) {
	if ask == nil {
		return nil, "no language model is configured"
	}
	answers, err := ask(questions)
	if err != nil {
		return answers, "the language model did not answer"
	}
	return answers, "the language model gave no answer that can be used"
}

func classified(id json.RawMessage, v Verdict) Classified {
	out := Classified{ID: id, Language: v.Language, Intent: v.Intent, IntentScore: v.IntentScore, Sentiment: v.Sentiment, Decision: v.Decision, Harm: v.Harm, Spam: v.SpamScore,
		OptOut: v.OptOut != NoOptOut, Scores: v.Scores, Tier: v.Tier, Reasons: []string{}}
	for _, r := range v.Reasons {
		out.Reasons = append(out.Reasons, r.Text)
	}
	return out
}

// ClassifyLines reads lines of text, or JSON lines with text and optionally id, and writes one JSON
// object a line, in order. A line that looks like JSON and is none is a text like any other. Lines are counted
// from first, so that those of several files have numbers of their own; it returns the number after the last.
func (e *Engine) ClassifyLines(r io.Reader, w io.Writer, first int, t Tiers, ask Asked) (next int, err error) {
	in := bufio.NewReaderSize(r, 1<<16)
	out := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	var ids []json.RawMessage
	var texts []string
	for n := first; ; n++ {
		line, err := in.ReadBytes('\n')
		if n == first {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if len(line) > 0 {
			id, text := readLine(bytes.TrimRight(line, "\r\n"), n)
			ids, texts = append(ids, id), append(texts, text)
		}
		waits := in.Buffered() == 0 // whoever writes line by line waits for the answer
		if len(texts) == maxTogether || err != nil || waits || !t.LLM {
			for _, c := range e.Classify(ids, texts, t, ask) {
				if err := enc.Encode(c); err != nil {
					return n, fmt.Errorf("write line %d: %w", n, err)
				}
			}
			ids, texts = ids[:0], texts[:0]
		}
		if err == nil && waits {
			err = out.Flush()
		}
		if err == io.EOF {
			if len(line) > 0 {
				n++
			}
			return n, out.Flush()
		}
		if err != nil {
			return n, fmt.Errorf("line %d: %w", n, err)
		}
	}
}

// readLine takes a line's text and id. An object without a text keeps its id, and its text is empty.
func readLine(line []byte, n int) (id json.RawMessage, text string) {
	id, text = json.RawMessage(fmt.Sprintf("%q", fmt.Sprint(n))), string(line)
	if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
		return id, text
	}
	var item struct {
		ID   json.RawMessage `json:"id"`
		Text json.RawMessage `json:"text"`
	}
	if json.Unmarshal(line, &item) != nil {
		return id, text
	}
	if len(item.ID) > 0 && string(item.ID) != "null" {
		id = item.ID
	}
	switch {
	case len(item.Text) == 0, string(item.Text) == "null":
		return id, ""
	case json.Unmarshal(item.Text, &text) != nil: // a number, say
		text = string(item.Text)
	}
	return id, text
}
