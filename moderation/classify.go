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

// Asked answers what rules and model leave open, in the order of the questions: a language model. An
// answer that did not come is nil, and the error says why.
type Asked func([]Input) ([]*LLMAnswer, error)

// maxTogether is how many lines are read before what is open among them is asked in one request.
const maxTogether = 20

// Classify judges texts for the command line.
func (e *Engine) Classify(ids, texts []string, t Tiers, ask Asked) []Classified {
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

func classified(id string, v Verdict) Classified {
	out := Classified{ID: id, Language: v.Language, Intent: v.Intent, IntentScore: v.IntentScore, Sentiment: v.Sentiment, Decision: v.Decision, Harm: v.Harm, Spam: v.SpamScore,
		OptOut: v.OptOut != NoOptOut, Scores: v.Scores, Tier: v.Tier, Reasons: []string{}}
	for _, r := range v.Reasons {
		out.Reasons = append(out.Reasons, r.Text)
	}
	return out
}

// ClassifyLines reads lines of text, or JSON lines with text and optionally id, and writes one JSON
// object a line, in order. A line that looks like JSON and is none is a text like any other.
func (e *Engine) ClassifyLines(r io.Reader, w io.Writer, t Tiers, ask Asked) error {
	in := bufio.NewReaderSize(r, 1<<16)
	out := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	var ids, texts []string
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			id, text := readLine(bytes.TrimRight(line, "\r\n"), n)
			ids, texts = append(ids, id), append(texts, text)
		}
		if len(texts) == maxTogether || err != nil || !t.LLM {
			for _, c := range e.Classify(ids, texts, t, ask) {
				if err := enc.Encode(c); err != nil {
					return fmt.Errorf("write line %d: %w", n, err)
				}
			}
			ids, texts = ids[:0], texts[:0]
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
