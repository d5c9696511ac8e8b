// Package moderation says what a text is: harmful, spam, a question about prices, a withdrawal. It is a
// cascade – rules, then the embedded model, then, where neither is sure, a question to an LLM – under a
// policy that turns scores into a decision. It is pure: no clock, no database, no network.
package moderation

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Decision is what is to be done with a text.
type Decision string

// The decisions. Comments know allow, review, hide and delete; messages allow, review, spam and block.
const (
	Allow  Decision = "allow"
	Review Decision = "review"
	Hide   Decision = "hide"
	Delete Decision = "delete"
	Spam   Decision = "spam"
	Block  Decision = "block"
)

// Subject is what kind of text is judged.
type Subject string

// The subjects.
const (
	SubjectComment Subject = "comment"
	SubjectMessage Subject = "message"
)

// Tier is the part of the cascade that decided.
type Tier string

// The tiers.
const (
	TierRules  Tier = "rules"
	TierModel  Tier = "model"
	TierLLM    Tier = "llm"
	TierPolicy Tier = "policy"
)

// Categories of the two groups. A category has a model score only where labelled data carries it.
var (
	HarmCategories = []string{"hate", "harassment", "sexual", "violence", "self_harm", "profanity", "personal_data"}
	SpamCategories = []string{"spam", "scam", "impersonation", "self_promotion"}
)

// Intents are what a writer may want.
var Intents = []string{"info_request", "price", "booking", "order_status", "complaint", "support", "praise", "human_agent", "opt_in", "opt_out", "other"}

// Input is a text with what must be known to judge it.
type Input struct {
	Subject   Subject `json:"subject"`
	Channel   string  `json:"channel,omitempty"`
	Text      string  `json:"text"`
	Parent    string  `json:"parent,omitempty"`  // the comment it answers
	Caption   string  `json:"caption,omitempty"` // the post it stands under
	AccountID int64   `json:"account_id,omitempty"`
	PostID    int64   `json:"post_id,omitempty"`
	HasMedia  bool    `json:"has_media,omitempty"`
	Pictures  string  `json:"pictures,omitempty"` // names the pictures, where a model that sees may look at them
	Live      bool    `json:"live,omitempty"`
	Scripted  string  `json:"scripted,omitempty"` // ScriptedSentence, ScriptedButton or ScriptedKeyword: our own words
	Strikes   int     `json:"strikes,omitempty"`  // what of this author was hidden lately, as the policy counts
	Booking   bool    `json:"booking,omitempty"`  // of a message: a booking, an order or a form is being talked about

	Author *AuthorFacts `json:"author,omitempty"` // of a comment: what rules may ask about its writer
}

// Reason says why, for a person to read.
type Reason struct {
	Code string `json:"code"`           // rule:links, model:harm, llm, policy:self_harm …
	Text string `json:"text"`           // "promises followers"
	Rule string `json:"rule,omitempty"` // the rule's name
}

// OptOut says whether the text takes consent back.
type OptOut string

// The answers. Doubtful counts as withdrawn for offers until the person has answered one question.
const (
	NoOptOut       OptOut = ""
	OptOutClear    OptOut = "clear"
	OptOutDoubtful OptOut = "doubtful"
)

// Verdict is what moderation says of one text, with everything needed to explain and replay it.
type Verdict struct {
	Subject     Subject             `json:"subject,omitempty"`
	Decision    Decision            `json:"decision"`
	Tier        Tier                `json:"tier"`
	Reasons     []Reason            `json:"reasons"`
	Harm        float64             `json:"harm"`   // 0..1, the group
	SpamScore   float64             `json:"spam"`   // 0..1, the group
	Scores      map[string]*float64 `json:"scores"` // by category; null: nothing measures it
	Language    string              `json:"language"`
	Intent      string              `json:"intent"`
	IntentScore float64             `json:"intent_score"`
	Sentiment   string              `json:"sentiment"`
	OptOut      OptOut              `json:"opt_out,omitempty"`
	WantsHuman  bool                `json:"wants_human,omitempty"`
	NeedsLLM    bool                `json:"needs_llm,omitempty"`
	Wants       Decision            `json:"wants,omitempty"`    // delete or block, waiting for its second condition
	Category    string              `json:"category,omitempty"` // the one that decided
	Media       string              `json:"media,omitempty"`    // looked_at or not_looked_at, where there is any

	Tiers *TierAnswers `json:"tiers,omitempty"` // what each tier said

	EngineVersion int    `json:"engine_version,omitempty"`
	ModelVersion  string `json:"model_version"`
	RulesVersion  string `json:"rules_version"`
	PolicyVersion string `json:"policy_version"`
	PromptVersion string `json:"prompt_version,omitempty"`
	LLMModel      string `json:"llm_model,omitempty"`
	Normalised    string `json:"normalised,omitempty"`

	TokensIn   int   `json:"tokens_in,omitempty"`
	TokensOut  int   `json:"tokens_out,omitempty"`
	CostMicros int64 `json:"cost_micros,omitempty"`

	sureOfLanguage, cancels bool
}

// SureOfLanguage reports whether the text tells its language clearly; a verdict that was read back does not say.
func (v Verdict) SureOfLanguage() bool { return v.sureOfLanguage }

// MayMeanBooking reports whether the text is nothing but a word for cancelling, whose meaning depends on Input.Booking; a
// verdict that was read back does not say.
func (v Verdict) MayMeanBooking() bool { return v.cancels }

// Why is the first reason, for one line.
func (v Verdict) Why() string {
	if len(v.Reasons) == 0 {
		return "nothing found"
	}
	return v.Reasons[0].Text
}

// SelfHarm reports whether a person must look with care: such a text is never hidden silently.
func (v Verdict) SelfHarm() bool { return v.Category == "self_harm" }

// Exposes reports whether a person must look for no other reason than that somebody's number or address stands there
// for everybody to read: what the text says is harmless.
func (v Verdict) Exposes() bool { return v.Decision == Review && v.Category == "personal_data" }

// LLMAnswer is what the model said of one text, validated.
type LLMAnswer struct {
	Category   string  `json:"category"` // none, or one of the categories
	Score      float64 `json:"score"`    // 0..1
	Intent     string  `json:"intent,omitempty"`
	Language   string  `json:"language,omitempty"`
	Reason     string  `json:"reason,omitempty"`
	Model      string  `json:"model,omitempty"`
	Prompt     string  `json:"prompt,omitempty"`
	TokensIn   int     `json:"tokens_in,omitempty"`
	TokensOut  int     `json:"tokens_out,omitempty"`
	CostMicros int64   `json:"cost_micros,omitempty"`
	Remembered bool    `json:"remembered,omitempty"` // answered before, for the same text in the same context
	Looked     bool    `json:"looked,omitempty"`     // it was shown the text's pictures
	Unseen     string  `json:"unseen,omitempty"`     // why it was not
}

// Engine judges texts under one policy and one set of rules. It is safe for concurrent use.
type Engine struct {
	model  *Model
	rules  *RuleSet
	policy Policy
}

// NewEngine returns an engine; a nil model or rule set means the shipped ones.
func NewEngine(model *Model, rules *RuleSet, policy Policy) *Engine {
	if model == nil {
		model = Shipped()
	}
	if rules == nil {
		rules = DefaultRules()
	}
	policy.version = policy.Version() // once, not for every text
	policy.limits = model.limits(policy.OneWrongHideIn)
	policy.asks = model.askFrom(policy.PassUnasked)
	return &Engine{model: model, rules: rules, policy: policy}
}

// EngineFor builds an engine from a workspace's stored policy and its own rules, which lie over the
// shipped ones; empty ones mean the defaults.
func EngineFor(policy, rules json.RawMessage) (*Engine, error) {
	p, err := storedPolicy(policy)
	if err != nil {
		return nil, err
	}
	rs := DefaultRules()
	if len(rules) > 0 {
		if rs, err = LayOver(rules); err != nil {
			return nil, err
		}
	}
	return NewEngine(nil, rs, p), nil
}

// Policy is the policy the engine judges under; its maps are not to be changed.
func (e *Engine) Policy() *Policy { return &e.policy }

// Judge runs rules and model and applies the policy.
func (e *Engine) Judge(in Input) Verdict {
	v := e.judge(in, true, true)
	v.heedScript(in)
	return v
}

func (e *Engine) judge(in Input, useRules, useModel bool) Verdict {
	n := normalise(in.Text)
	v := Verdict{Subject: in.Subject, EngineVersion: EngineVersion(), ModelVersion: e.model.Version, RulesVersion: e.rules.Version, PolicyVersion: e.policy.Version(), Normalised: n.folded, Scores: map[string]*float64{}}
	for _, c := range append(append([]string{}, HarmCategories...), SpamCategories...) {
		v.Scores[c] = nil
	}
	p := e.model.Predict(n)
	v.sureOfLanguage = p.LanguageSure >= surelyKnown
	v.Language, v.Intent, v.IntentScore, v.Sentiment = p.Language, p.Intent, p.IntentScore, p.Sentiment
	v.OptOut, v.WantsHuman = recogniseWishes(&p, in.Booking)
	v.cancels = p.Signs.cancels
	if v.OptOut == OptOutClear {
		v.Intent, v.IntentScore = "opt_out", max(v.IntentScore, 0.99)
	} else if v.WantsHuman && p.asksLikely() > p.IntentScore { // beside another wish that is clearer it is said apart
		v.Intent, v.IntentScore = "human_agent", max(v.IntentScore, 0.95)
	}
	var hits []hit
	if useModel {
		v.Harm, v.SpamScore = p.Harm, p.Spam
		v.scoreCategories(p)
	} else {
		p.Harm, p.Spam, p.Concern, p.Categories = 0, 0, 0, [maxLabels]float64{} // its language serves the rules, its word does not count
	}
	if useRules {
		hits = e.rules.match(&in, v.Language)
	}
	if danger, threat := p.danger(); useModel && danger >= readFrom(in.Subject, v.OptOut) && danger > threat && !p.Signs.onlyStops() && !(aimed(hits) && !ofOneself(n.folded)) {
		hits = append(hits, hit{Rule: "model", Text: "the model reads somebody who may harm themselves", Category: "self_harm", Decision: Review, Score: danger})
		if in.Subject == SubjectMessage && v.OptOut == OptOutClear && !p.Signs.listed && !p.Signs.whole.word {
			v.OptOut = OptOutDoubtful // "I want out of this life": offers stop, and nobody is told cheerfully that they do
		}
	}
	v.keepTiers(hits, p, useModel)
	for _, h := range hits {
		if h.Decision == Allow {
			continue
		}
		s := h.Score
		if v.Scores[h.Category] == nil || *v.Scores[h.Category] < s {
			v.Scores[h.Category] = &s
		}
		if isHarm(h.Category) {
			v.Harm = max(v.Harm, s)
		} else {
			v.SpamScore = max(v.SpamScore, s)
		}
	}
	e.policy.decide(&v, in, hits, p)
	if v.OptOut != NoOptOut && !(v.OptOut == OptOutClear && p.Signs.plainlyStops()) && slices.ContainsFunc(hits, func(h hit) bool { return h.Category == "self_harm" && h.Rule != "model" }) {
		v.OptOut = NoOptOut // "I want it all to stop": it is no messages that are meant
		if v.Intent == "opt_out" {
			v.Intent, v.IntentScore = p.unwished, p.unwishedScore
		}
	}
	if v.Tier == TierModel && !useModel { // it took no part
		if v.Tier = TierPolicy; useRules {
			v.Tier = TierRules
		}
	}
	if in.HasMedia {
		e.media(&v, in)
	}
	return v
}

// aimed says whether a rule is sure of violence against another: what tells somebody to kill themselves
// is no cry for help of its writer.
func aimed(hits []hit) bool {
	return slices.ContainsFunc(hits, func(h hit) bool { return h.Category == "violence" && h.Decision == Hide })
}

// ofOneself says whether the writer speaks of themselves.
func ofOneself(folded string) bool {
	for word := range strings.FieldsSeq(folded) {
		if firstPerson[word] {
			return true
		}
	}
	return false
}

var firstPerson = wordSet("i im ive id ill me my myself mine io mi mio mia je j jai jsuis me moi mon ma eu mie mine meu mea imi yo mi mio ich mich mir mein meine eu me meu minha mim")

func wordSet(words string) map[string]bool {
	m := map[string]bool{}
	for word := range strings.FieldsSeq(words) {
		m[word] = true
	}
	return m
}

// The words of Verdict.Media.
const (
	LookedAt    = "looked_at"
	NotLookedAt = "not_looked_at"
)

// media says that nobody has looked at what hangs on the text, and asks for it where somebody can.
func (e *Engine) media(v *Verdict, in Input) {
	v.Media = NotLookedAt
	v.Reasons = append(v.Reasons, Reason{Code: "media:not_looked_at", Text: "its picture, film or recording was not looked at"})
	if in.Pictures != "" && e.policy.Pictures == PicturesLook && strength[v.Decision] < strength[Hide] && !v.SelfHarm() {
		v.NeedsLLM = true
	}
}

// looked replaces the word about the pictures once a model has seen them.
func (v *Verdict) looked(a LLMAnswer) {
	if v.Media == "" {
		return
	}
	kept := make([]Reason, 0, len(v.Reasons)+1)
	for _, r := range v.Reasons {
		if r.Code != "media:not_looked_at" {
			kept = append(kept, r)
		}
	}
	switch {
	case a.Looked:
		v.Media = LookedAt
	case a.Unseen != "":
		kept = append(kept, Reason{Code: "media:not_looked_at", Text: a.Unseen})
	default:
		return
	}
	v.Reasons = kept
}

func isHarm(category string) bool {
	for _, c := range HarmCategories {
		if c == category {
			return true
		}
	}
	return false
}

func known(category string) bool {
	if isHarm(category) {
		return true
	}
	for _, c := range SpamCategories {
		if c == category {
			return true
		}
	}
	return false
}

// WithLLM combines a provisional verdict with the model's answer. An answer outside the closed lists
// changes nothing but sends the text to a person.
func (e *Engine) WithLLM(v Verdict, in Input, a LLMAnswer) Verdict {
	v.NeedsLLM = false
	v.PromptVersion, v.LLMModel = a.Prompt, a.Model
	v.keepLLM(&a, "")
	if !a.Remembered {
		v.TokensIn, v.TokensOut, v.CostMicros = a.TokensIn, a.TokensOut, a.CostMicros
	}
	if a.Category != "none" && !known(a.Category) || !share(a.Score) {
		return e.WithoutLLM(v, "the model's answer was not one of those allowed")
	}
	v.looked(a)
	waited, ruled := v.Wants, ruledIn(v.Scores, a.Category)
	v.Reasons = append([]Reason{{Code: "llm:" + a.Category, Text: llmText(a)}}, v.Reasons...)
	if inList(Intents, a.Intent) && v.OptOut == NoOptOut {
		v.Intent = a.Intent
	}
	if waited != "" { // what can be undone is done already; the answer says whether the rest may follow
		return e.policy.agree(v, a)
	}
	v.Tier = TierLLM
	if a.Category == "none" {
		v.Harm, v.SpamScore, v.Category = min(v.Harm, 0.2), min(v.SpamScore, 0.2), ""
		v.Decision = Allow
		e.policy.strike(&v, in)
		return v
	}
	s := a.Score
	v.Scores = cloneScores(v.Scores)
	v.Scores[a.Category] = &s
	v.Category = a.Category
	if isHarm(a.Category) {
		v.Harm = max(v.Harm, s)
	} else {
		v.SpamScore = max(v.SpamScore, s)
	}
	v.Decision = e.policy.fromLLM(&v, in, a)
	if v.Decision != Allow && e.rules.letStand(&in, v.Language, a.Category) {
		v.Decision, v.Wants = Allow, ""
		v.Reasons = append(v.Reasons, Reason{Code: "rules:allowed", Text: "a rule of the workspace lets it stand all the same"})
	}
	if v.Wants != "" {
		e.policy.secondToLLM(&v, in, ruled)
	}
	e.policy.strike(&v, in)
	return v
}

// ruledIn says whether rules gave a category of the answer's group a score.
func ruledIn(scores map[string]*float64, category string) bool {
	for c, s := range scores {
		if s != nil && *s >= 0.5 && isHarm(c) == isHarm(category) {
			return true
		}
	}
	return false
}

// WithoutLLM makes a provisional verdict final when no answer is to be had: what the model was needed
// for goes to a person, said openly.
func (e *Engine) WithoutLLM(v Verdict, why string) Verdict {
	v.NeedsLLM = false
	v.keepLLM(nil, why)
	switch {
	case v.Decision == Allow && v.probing(): // it was asked about for the few among many that are not what they seem
		v.Reasons = append(v.Reasons, Reason{Code: "llm:unavailable", Text: why + ": it stands"})
	case v.Decision == Allow && v.Media == NotLookedAt: // its text is not in doubt
		v.Reasons = append(v.Reasons, Reason{Code: "llm:unavailable", Text: why + ": nobody looked at the picture"})
	case v.Wants != "":
		v.Reasons = append(v.Reasons, Reason{Code: "llm:unavailable", Text: why + ": whether to " + string(v.Wants) + " is for a person"})
	case v.Decision == Allow || v.Decision == Review:
		v.Decision = Review
		v.Reasons = append(v.Reasons, Reason{Code: "llm:unavailable", Text: why + ": for a person"})
	}
	return v
}

// probing reports whether the LLM is asked about a text that stands, only so that few violations pass, and few cries
// for help.
func (v Verdict) probing() bool {
	return slices.ContainsFunc(v.Reasons, func(r Reason) bool { return r.Code == "policy:pass_unasked" || r.Code == "policy:maybe_in_danger" })
}

func llmText(a LLMAnswer) string {
	if a.Category == "none" {
		return "the model found nothing against it"
	}
	t := "the model says " + strings.ReplaceAll(a.Category, "_", " ")
	if a.Reason != "" {
		t += ": " + a.Reason
	}
	return t
}

func cloneScores(m map[string]*float64) map[string]*float64 {
	out := make(map[string]*float64, len(m))
	for k, v := range m {
		out[k] = v
	}
	return out
}

func inList[T comparable](list []T, s T) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

// Digest names a question to the model: the same text in the same context under the same policy is the
// same question, asked once.
func (v Verdict) Digest(in Input) []byte {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s\x00%s", v.PolicyVersion, in.Subject, v.Normalised, fold(in.Parent), fold(in.Caption))
	if in.Pictures != "" {
		_, _ = fmt.Fprintf(h, "\x00%s", in.Pictures)
	}
	return h.Sum(nil)
}

func versionOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:6])
}
