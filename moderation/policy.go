package moderation

import (
	"encoding/json"
	"fmt"
	"slices"

	"ponte/fault"
)

// Policy turns scores into decisions. A threshold of 0 means the model card's own, which is set for a
// stated precision on data that was not trained on.
type Policy struct {
	HideHarm   bool               `json:"hide_harm"`            // hide what is surely harmful
	HideSpam   bool               `json:"hide_spam"`            // hide what is surely spam
	Categories map[string]string  `json:"categories,omitempty"` // category → the strongest decision allowed: allow, review, hide, delete
	Harm       map[string]float64 `json:"harm,omitempty"`       // language → threshold of hiding, over the card's
	Spam       map[string]float64 `json:"spam,omitempty"`
	ReviewHarm float64            `json:"review_harm"` // above it a person looks (or the LLM is asked)
	ReviewSpam float64            `json:"review_spam"`
	LLMHide    float64            `json:"llm_hide"` // the LLM's score above which its category is hidden

	version string
}

// DefaultPolicy hides what is surely harm or spam, and lets people look at what is unsure. Profanity
// that attacks nobody is left alone; self-harm always goes to a person.
func DefaultPolicy() Policy {
	return Policy{HideHarm: true, HideSpam: true, ReviewHarm: 0.5, ReviewSpam: 0.5, LLMHide: 0.7,
		Categories: map[string]string{"self_harm": "review", "profanity": "review", "personal_data": "review", "self_promotion": "hide"}}
}

// Validate names the first fault.
func (p Policy) Validate() error {
	for c, d := range p.Categories {
		if !known(c) {
			return fault.Field("policy.categories."+c, "%q is not a category", c)
		}
		switch Decision(d) {
		case Allow, Review, Hide, Delete:
		default:
			return fault.Field("policy.categories."+c, "%q is none of allow, review, hide, delete", d)
		}
		if c == "self_harm" && Decision(d) != Review {
			return fault.Field("policy.categories.self_harm", "self-harm always goes to a person")
		}
	}
	for name, v := range map[string]float64{"review_harm": p.ReviewHarm, "review_spam": p.ReviewSpam, "llm_hide": p.LLMHide} {
		if v < 0 || v > 1 {
			return fault.Field("policy."+name, "%g is not between 0 and 1", v)
		}
	}
	return nil
}

// Version names the policy by its content.
func (p *Policy) Version() string {
	if p.version == "" {
		b, err := json.Marshal(p)
		if err != nil {
			return "unreadable"
		}
		return versionOf(b)
	}
	return p.version
}

// decide applies the policy; what it may decide is a closed list whatever the text says.
func (p *Policy) decide(v *Verdict, in Input, hits []hit, pr Prediction) {
	v.Decision, v.Tier = Allow, TierModel
	if len(hits) > 0 {
		v.Tier = TierRules
	}
	for _, h := range hits {
		v.Reasons = append(v.Reasons, Reason{Code: "rule:" + h.Rule, Text: h.Text, Rule: h.Rule})
		d := p.most(h.Category, h.Decision)
		if stronger(d, v.Decision) {
			v.Decision, v.Category = d, h.Category
		}
	}
	// Whatever else stands in the text: somebody who may be in danger is never hidden silently.
	if slices.ContainsFunc(hits, func(h hit) bool { return h.Category == "self_harm" }) {
		v.Category, v.Decision, v.Tier = "self_harm", Review, TierPolicy
		p.forMessage(v, in)
		return
	}
	p.decideByModel(v, pr, len(hits) > 0)
	p.forMessage(v, in)
}

func (p *Policy) decideByModel(v *Verdict, pr Prediction, ruled bool) {
	harmAt, spamAt := pr.HarmHide, pr.SpamHide
	if t := p.Harm[v.Language]; t > 0 {
		harmAt = t
	}
	if t := p.Spam[v.Language]; t > 0 {
		spamAt = t
	}
	switch {
	case v.Decision == Hide || v.Decision == Delete:
	case p.HideHarm && pr.Harm >= harmAt:
		p.byModel(v, Hide, "harm", fmt.Sprintf("the model is sure it is harmful (%.2f, hides from %.2f)", pr.Harm, harmAt))
	case p.HideSpam && pr.Spam >= spamAt:
		p.byModel(v, Hide, "spam", fmt.Sprintf("the model is sure it is spam (%.2f, hides from %.2f)", pr.Spam, spamAt))
	case v.Harm >= p.ReviewHarm || v.SpamScore >= p.ReviewSpam:
		if v.Decision == Allow {
			group := "harm"
			score := v.Harm
			if v.SpamScore > v.Harm {
				group, score = "spam", v.SpamScore
			}
			p.byModel(v, Review, group, fmt.Sprintf("the model is not sure about %s (%.2f)", group, score))
		}
		v.NeedsLLM = true
	}
	if v.Decision == Review && ruled {
		v.NeedsLLM = true
	}
}

func (p *Policy) byModel(v *Verdict, d Decision, group, text string) {
	v.Decision, v.Tier = d, TierModel
	if v.Category == "" {
		v.Category = map[string]string{"harm": "harassment", "spam": "spam"}[group]
	}
	v.Reasons = append(v.Reasons, Reason{Code: "model:" + group, Text: text})
}

// forMessage maps a comment's decisions to a message's: what would be hidden goes to the spam folder
// if it is spam, and to a person otherwise; people in a private conversation are never cut off by a
// machine alone.
func (p *Policy) forMessage(v *Verdict, in Input) {
	if in.Subject != SubjectMessage {
		return
	}
	switch v.Decision {
	case Hide, Delete:
		if isHarm(v.Category) {
			v.Decision = Review
		} else {
			v.Decision = Spam
		}
	}
}

func (p *Policy) most(category string, d Decision) Decision {
	if limit := Decision(p.Categories[category]); limit != "" && stronger(d, limit) {
		return limit
	}
	return d
}

func (p *Policy) fromLLM(s Subject, a LLMAnswer) Decision {
	d := Review
	if a.Score >= p.LLMHide {
		d = p.most(a.Category, Hide)
	} else if a.Score < 0.3 {
		d = Allow
	}
	if a.Category == "self_harm" {
		d = Review
	}
	if s == SubjectMessage && d == Hide {
		if isHarm(a.Category) {
			return Review
		}
		return Spam
	}
	return d
}

var strength = map[Decision]int{Allow: 0, Review: 1, Spam: 2, Hide: 2, Block: 3, Delete: 3}

func stronger(a, b Decision) bool { return strength[a] > strength[b] }
