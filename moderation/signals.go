package moderation

import (
	"fmt"
	"slices"
)

// Signals are the scores of a /v1/moderations endpoint, in our categories: something more to know about
// a text. They may send it to a person, or hide it where the policy says so; they never delete or block,
// never count as the second condition of either, and never allow what is in doubt.
type Signals struct {
	Scores     map[string]float64 `json:"scores,omitempty"`
	Model      string             `json:"model,omitempty"`
	Note       string             `json:"note,omitempty"` // why there are none
	Remembered bool               `json:"remembered,omitempty"`
}

// signalCategories maps the endpoint's categories to ours. What stands here with an empty name is known
// and has no place among ours; what does not stand here is not known and is passed over.
var signalCategories = map[string]string{
	"hate": "hate", "hate/threatening": "hate", "harassment": "harassment", "harassment/threatening": "violence",
	"self-harm": "self_harm", "self-harm/intent": "self_harm", "self-harm/instructions": "self_harm",
	"sexual": "sexual", "sexual/minors": "sexual", "violence": "violence", "violence/graphic": "violence",
	"illicit": "", "illicit/violent": "",
}

// SignalsFrom maps the endpoint's scores to our categories, the highest of each; what is no share is
// passed over.
func SignalsFrom(model string, scores map[string]float64) Signals {
	s := Signals{Model: model, Scores: map[string]float64{}}
	for theirs, score := range scores {
		if ours := signalCategories[theirs]; ours != "" && share(score) {
			s.Scores[ours] = max(s.Scores[ours], round(score))
		}
	}
	return s
}

// top is the category with the highest score; of equals the one that stands first.
func (s Signals) top() (string, float64) {
	category, score := "", 0.0
	for _, c := range HarmCategories {
		if v := s.Scores[c]; v > score {
			category, score = c, v
		}
	}
	return category, score
}

// WithSignals adds the signals to a verdict that rules, model and LLM have made.
func (e *Engine) WithSignals(v Verdict, in Input, s Signals) Verdict {
	v.keepSignals(s)
	v.Reasons = slices.Clone(v.Reasons)
	if s.Note != "" {
		v.Reasons = append(v.Reasons, Reason{Code: "signals:unavailable", Text: s.Note})
		return v
	}
	p := e.policy.Moderations
	danger := p.Review > 0 && s.Scores["self_harm"] >= p.Review
	category, score := s.top()
	if danger {
		category, score = "self_harm", s.Scores["self_harm"]
	}
	doubted := p.Review > 0 && score >= p.Review
	sure := p.Hide > 0 && score >= p.Hide && !danger
	if !doubted && !sure || strength[v.Decision] >= strength[Hide] && !danger {
		return v
	}
	say := Reason{Code: "signals:" + category, Text: fmt.Sprintf("the moderation endpoint sees %s (%.2f)", category, score)}
	was := v.Decision
	switch {
	case danger && (v.Decision == Allow || v.Decision == Review):
		v.Category, v.Decision = "self_harm", Review
	case danger: // something else is so bad that it is hidden already: a person sees that item too
	case sure && !(v.Tier == TierLLM && v.Decision == Allow): // against the LLM's word, a person decides
		v.Decision, v.Category = undoable(in.Subject, category), category
	case v.Decision == Allow:
		v.Decision, v.Category = Review, category
	}
	if v.Decision != was {
		v.Tier = TierPolicy // it says what follows from the signal
	}
	v.Reasons = append([]Reason{say}, v.Reasons...)
	return v
}
