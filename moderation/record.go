package moderation

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// TierAnswers is what each tier of the cascade said of one text, beside what came of it.
type TierAnswers struct {
	Rules     []RuleHit    `json:"rules,omitempty"`
	Model     *ModelAnswer `json:"model,omitempty"`
	LLM       *LLMAnswer   `json:"llm,omitempty"`
	LLMFailed string       `json:"llm_failed,omitempty"` // why there is no answer of the LLM
	Signals   *Signals     `json:"signals,omitempty"`    // of the moderation endpoint, where one was asked
}

// RuleHit is a rule that fired.
type RuleHit struct {
	Rule     string   `json:"rule"`
	Category string   `json:"category"`
	Decision Decision `json:"decision"`
	Score    float64  `json:"score"`
}

// ModelAnswer is what the embedded model said, before rules, wishes and policy.
type ModelAnswer struct {
	Harm        float64 `json:"harm"`
	Spam        float64 `json:"spam"`
	HarmHide    float64 `json:"harm_hide"` // the card's thresholds of hiding in this language
	SpamHide    float64 `json:"spam_hide"`
	Language    string  `json:"language"`
	Intent      string  `json:"intent"`
	IntentScore float64 `json:"intent_score"`
	Sentiment   string  `json:"sentiment"`
}

func (v *Verdict) keepTiers(hits []hit, p Prediction, useModel bool) {
	t := &TierAnswers{}
	for _, h := range hits {
		t.Rules = append(t.Rules, RuleHit{h.Rule, h.Category, h.Decision, h.Score})
	}
	if useModel {
		t.Model = &ModelAnswer{p.Harm, p.Spam, p.HarmHide, p.SpamHide, p.Language, p.Intent, p.IntentScore, p.Sentiment}
	}
	v.Tiers = t
}

// keepLLM adds the LLM's answer, or why there is none. The tiers are copied: the provisional verdict
// keeps its own.
func (v *Verdict) keepLLM(a *LLMAnswer, failed string) {
	t := TierAnswers{}
	if v.Tiers != nil {
		t = *v.Tiers
	}
	if a != nil {
		t.LLM = a
	}
	if failed != "" {
		t.LLMFailed = failed
	}
	v.Tiers = &t
}

// keepSignals adds what the moderation endpoint said.
func (v *Verdict) keepSignals(s Signals) {
	t := TierAnswers{}
	if v.Tiers != nil {
		t = *v.Tiers
	}
	t.Signals = &s
	v.Tiers = &t
}

// What a text can be that nobody wrote freely: it wishes nothing, whatever it reads like.
const (
	ScriptedSentence = "sentence" // the sentence our own link puts there
	ScriptedButton   = "button"   // a tap on a button of ours
	ScriptedKeyword  = "keyword"  // nothing but a word that a live trigger asks people to write
)

func (v *Verdict) heedScript(in Input) {
	switch {
	case in.Scripted == "":
		return
	case in.Scripted == ScriptedKeyword:
		v.heedKeyword()
		return
	}
	v.Decision, v.NeedsLLM, v.OptOut = Allow, false, NoOptOut
	if in.Scripted == ScriptedSentence {
		v.WantsHuman = false
	}
}

// heedKeyword lets a word stand that the brand asked for: to the model a word alone says next to nothing. What rules say
// of it holds, and so does a wish that it may be.
func (v *Verdict) heedKeyword() {
	if !v.ByModelAlone() {
		return
	}
	v.Decision, v.Tier, v.Category, v.NeedsLLM = Allow, TierPolicy, "", false
	v.Reasons = append([]Reason{{Code: "policy:keyword", Text: "it is the word that a trigger asks for"}}, v.Reasons...)
}

// ByModelAlone reports whether nothing but the model speaks against a text.
func (v Verdict) ByModelAlone() bool { return v.Tier == TierModel && v.Decision != Allow }

// Canonical is the verdict as bytes: the same verdict is always the same bytes, also after it was kept
// in a database and read again.
func (v Verdict) Canonical() ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode a verdict: %w", err)
	}
	return b, nil
}

// ReviewHarm is the first factor of the review queue's order: the group's score, spam at four fifths of
// harm, never nothing; and so much for somebody in danger that no reach or age outweighs it.
func (v Verdict) ReviewHarm() float64 {
	if v.SelfHarm() {
		return 25
	}
	return max(v.Harm, v.SpamScore*0.8, 0.05)
}

// Document is something a verdict was made with, kept under its version.
type Document struct {
	Kind    string // policy, rules
	Version string
	Bytes   []byte
}

// The kinds of documents.
const (
	KindPolicy = "policy"
	KindRules  = "rules"
)

// Documents returns the policy and the rules this engine judges with.
func (e *Engine) Documents() ([]Document, error) {
	policy, err := json.Marshal(e.policy)
	if err != nil {
		return nil, fmt.Errorf("encode the policy: %w", err)
	}
	return []Document{{KindPolicy, e.policy.Version(), policy}, {KindRules, e.rules.Version, e.rules.raw}}, nil
}

// Made says whether a verdict was made by these versions.
func (e *Engine) Made(v Verdict) bool {
	return v.EngineVersion == EngineVersion() && v.ModelVersion == e.model.Version && v.RulesVersion == e.rules.Version && v.PolicyVersion == e.policy.Version()
}

// ModelVersion is the version of the model this engine judges with.
func (e *Engine) ModelVersion() string { return e.model.Version }

// ShippedBytes is the model inside the binary as its version names it.
func ShippedBytes() (version string, raw []byte) { return Shipped().Version, shippedBytes }

// Rebuild makes the engine that judged with these versions. An empty model means the one in the binary.
// The policy is read as it was kept, not over today's defaults.
func Rebuild(model []byte, policy, rules Document) (*Engine, error) {
	m := Shipped()
	if len(model) > 0 {
		var err error
		if m, err = ReadModel(bytes.NewReader(model)); err != nil {
			return nil, fmt.Errorf("read a model of an earlier version: %w", err)
		}
	}
	var p Policy
	if err := json.Unmarshal(policy.Bytes, &p); err != nil {
		return nil, fmt.Errorf("read policy %s: %w", policy.Version, err)
	}
	rs, err := parseRules(rules.Bytes, false)
	if err != nil {
		return nil, fmt.Errorf("read rules %s: %w", rules.Version, err)
	}
	p.version = policy.Version // what the document was kept under, also where this program would write it otherwise
	return NewEngine(m, rs, p), nil
}
