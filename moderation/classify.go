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
	ID          string              `json:"id"`
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

// Classify judges a text for the command line.
func (e *Engine) Classify(id, text string, t Tiers) Classified {
	v := e.judge(Input{Subject: SubjectComment, Text: text}, t.Rules, t.Model)
	out := Classified{ID: id, Language: v.Language, Intent: v.Intent, IntentScore: v.IntentScore, Sentiment: v.Sentiment, Decision: v.Decision, Harm: v.Harm, Spam: v.SpamScore,
		OptOut: v.OptOut != NoOptOut, Scores: v.Scores, Tier: v.Tier, Reasons: []string{}}
	for _, r := range v.Reasons {
		out.Reasons = append(out.Reasons, r.Text)
	}
	return out
}

// ClassifyLines reads lines of text, or JSON lines with text and optionally id, and writes one JSON
// object a line, in order. A line that looks like JSON and is none is a text like any other.
func (e *Engine) ClassifyLines(r io.Reader, w io.Writer, t Tiers) error {
	in := bufio.NewReaderSize(r, 1<<16)
	out := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			id, text := readLine(bytes.TrimRight(line, "\r\n"), n)
			if err := enc.Encode(e.Classify(id, text, t)); err != nil {
				return fmt.Errorf("write line %d: %w", n, err)
			}
		}
		if err == io.EOF {
			return out.Flush()
		}
		if err != nil {
			return fmt.Errorf("read line %d: %w", n, err)
		}
	}
}

func readLine(line []byte, n int) (id, text string) {
	id, text = fmt.Sprint(n), string(line)
	if !bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")) {
		return id, text
	}
	var item struct {
		ID   any     `json:"id"`
		Text *string `json:"text"`
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	if dec.Decode(&item) != nil || item.Text == nil {
		return id, text
	}
	if item.ID != nil {
		id = fmt.Sprint(item.ID)
	}
	return id, *item.Text
}
