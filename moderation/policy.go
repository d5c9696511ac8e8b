package moderation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ponte/fault"
)

// Policy turns scores into decisions. It is a document of JSON: read by ParsePolicy, kept by version,
// changed through the API. What a document leaves out keeps its default; a threshold of 0 means the
// model card's own, which is set for a stated precision on data that was not trained on.
type Policy struct {
	HideHarm   bool               `json:"hide_harm" required:"false"` // hide what is surely harmful
	HideSpam   bool               `json:"hide_spam" required:"false"` // hide what is surely spam
	Categories map[string]string  `json:"categories,omitempty"`       // category → the strongest decision allowed: allow, review, hide, delete
	Harm       map[string]float64 `json:"harm,omitempty"`             // language → threshold of hiding, over the card's
	Spam       map[string]float64 `json:"spam,omitempty"`
	ReviewHarm float64            `json:"review_harm" required:"false"` // above it a person looks (or the LLM is asked)
	ReviewSpam float64            `json:"review_spam" required:"false"`
	LLMHide    float64            `json:"llm_hide" required:"false"` // the LLM's score above which its category is hidden

	Text  string `json:"text,omitempty"`  // the policy in words, as the LLM reads it
	Table []Line `json:"table,omitempty"` // before all of the above: the first line that fits decides for its category

	// OneWrongHideIn is the false-hide budget: at most one wrong hide in so many. Thresholds follow from
	// it; 0 leaves them to the model card. Learned are thresholds that reviews of this workspace asked
	// for, by group ("harm", "spam") and language; they only ever raise.
	OneWrongHideIn int                           `json:"one_wrong_hide_in,omitempty"`
	Learned        map[string]map[string]float64 `json:"learned,omitempty"`

	// PassUnasked is the share of violations in comments that may pass without the LLM being asked: 0.01, 0.02, 0.05 or
	// 0.1. The scores from which it is asked follow from it, by the card; 0 leaves the asking to ReviewHarm
	// and ReviewSpam. Where no LLM answers, what it would have been asked about below those stands.
	PassUnasked float64 `json:"pass_unasked,omitempty"`

	SecondCondition []string    `json:"second_condition" required:"false"` // what lets a deletion or block happen without a person: llm, repeat
	Strikes         Strikes     `json:"strikes" required:"false"`
	Moderations     Moderations `json:"moderations" required:"false"`
	Pictures        string      `json:"pictures" required:"false"` // look: pictures go to a model that sees; leave: they do not

	version string
	limits  map[string]map[string]float64 // thresholds the budget asks for, by group and language
	asks    float64                       // the concern from which the LLM is asked for PassUnasked
}

// Line is one line of the policy's table: category × score × language × account → decision.
type Line struct {
	Category  string   `json:"category"`            // a category, a group (harm, spam), or any
	From      float64  `json:"from,omitempty"`      // it fits from this score on
	Languages []string `json:"languages,omitempty"` // empty: all
	Accounts  []int64  `json:"accounts,omitempty"`  // empty: all
	Comment   Decision `json:"comment,omitempty"`   // allow, review, hide, delete; empty: the line is not about comments
	Message   Decision `json:"message,omitempty"`   // allow, review, spam, block; empty: not about messages
}

// Strikes are the hides of one author within so many days, and what they lead to. A hide that was
// taken back is no strike.
type Strikes struct {
	Days   int `json:"days" required:"false"`   // a strike expires after; 0: strikes lead to nothing
	Review int `json:"review" required:"false"` // from so many on, everything of that author goes to review; 0: never
	Block  int `json:"block" required:"false"`  // from so many on, a block is proposed to a person; 0: never
}

// Moderations says what the scores of a /v1/moderations endpoint, where one is configured, may lead to
// by themselves. They never delete or block, and never count as the second condition of either.
type Moderations struct {
	Review float64 `json:"review" required:"false"` // from here a person looks; 0: never
	Hide   float64 `json:"hide" required:"false"`   // from here it is hidden; 0: never
}

// Second conditions, and what may be done with pictures.
const (
	SecondLLM    = "llm"    // the LLM agrees with rules or model about the group
	SecondRepeat = "repeat" // the author has had something hidden within the days of a strike
	PicturesLook = "look"
	PicturesSkip = "leave"
)

// DefaultPolicy hides what is surely harm or spam, and lets people look at what is unsure. Profanity
// that attacks nobody is left alone; self-harm always goes to a person.
func DefaultPolicy() Policy {
	return Policy{HideHarm: true, HideSpam: true, ReviewHarm: 0.5, ReviewSpam: 0.5, LLMHide: 0.7,
		Categories:      map[string]string{"self_harm": "review", "profanity": "review", "personal_data": "review", "self_promotion": "hide"},
		SecondCondition: []string{SecondLLM, SecondRepeat}, Strikes: Strikes{Days: 30, Review: 3, Block: 5},
		Moderations: Moderations{Review: 0.7}, Pictures: PicturesLook}
}

// ParsePolicy reads a policy document over the default and names its first fault. A field it does not
// know is a fault: a policy that is misspelt must not look as if it held.
func ParsePolicy(raw []byte) (Policy, error) {
	p := DefaultPolicy()
	if len(bytes.TrimSpace(raw)) == 0 {
		return p, nil
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return Policy{}, fault.Wrap(fault.Invalid, err, "the policy is not in the form it must have: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if dec.More() {
		return Policy{}, fault.New(fault.Invalid, "after the policy's document stands something else")
	}
	return p, p.Validate()
}

// storedPolicy reads a policy that was valid when it was kept; what a newer version added is passed over.
func storedPolicy(raw []byte) (Policy, error) {
	p := DefaultPolicy()
	if len(raw) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		return Policy{}, fmt.Errorf("read the policy: %w", err)
	}
	return p, p.Validate()
}

// The limits of a policy document.
const (
	maxLines      = 200
	maxPolicyText = 4000
	maxStrikeDays = 365
)

// Validate names the first fault.
func (p Policy) Validate() error {
	for c, d := range p.Categories {
		if !known(c) {
			return fault.Field("policy.categories."+c, "%q is not a category", c)
		}
		if !inList(commentDecisions, Decision(d)) {
			return fault.Field("policy.categories."+c, "%q is none of allow, review, hide, delete", d)
		}
		if c == "self_harm" && Decision(d) != Review {
			return fault.Field("policy.categories.self_harm", "self-harm always goes to a person")
		}
	}
	for _, f := range []struct {
		name string
		v    float64
	}{{"review_harm", p.ReviewHarm}, {"review_spam", p.ReviewSpam}, {"llm_hide", p.LLMHide}, {"moderations.review", p.Moderations.Review}, {"moderations.hide", p.Moderations.Hide}} {
		if !share(f.v) {
			return fault.Field("policy."+f.name, "%g is not between 0 and 1", f.v)
		}
	}
	if err := p.validateThresholds(); err != nil {
		return err
	}
	for i, l := range p.Table {
		if err := l.validate(fmt.Sprintf("policy.table[%d]", i)); err != nil {
			return err
		}
	}
	return p.validateRest()
}

func (p Policy) validateThresholds() error {
	for group, byLang := range map[string]map[string]float64{"harm": p.Harm, "spam": p.Spam, "learned.harm": p.Learned["harm"], "learned.spam": p.Learned["spam"]} {
		for lang, t := range byLang {
			if !inList(policyLanguages, lang) {
				return fault.Field("policy."+group+"."+lang, "%q is none of %s", lang, strings.Join(policyLanguages, ", "))
			}
			if !share(t) {
				return fault.Field("policy."+group+"."+lang, "%g is not between 0 and 1", t)
			}
		}
	}
	for group := range p.Learned {
		if group != "harm" && group != "spam" {
			return fault.Field("policy.learned."+group, "%q is neither harm nor spam", group)
		}
	}
	if p.PassUnasked != 0 && !inList(bandShares, p.PassUnasked) {
		return fault.Field("policy.pass_unasked", "%g is none of 0, 0.01, 0.02, 0.05, 0.1", p.PassUnasked)
	}
	if p.OneWrongHideIn != 0 && (p.OneWrongHideIn < 10 || p.OneWrongHideIn > 100_000) {
		return fault.Field("policy.one_wrong_hide_in", "%d is neither 0 nor between 10 and 100000", p.OneWrongHideIn)
	}
	return nil
}

func (p Policy) validateRest() error {
	if len(p.Table) > maxLines {
		return fault.Field("policy.table", "a table has at most %d lines, this one has %d", maxLines, len(p.Table))
	}
	if n := utf8.RuneCountInString(p.Text); n > maxPolicyText {
		return fault.Field("policy.text", "the text has at most %d characters, this one has %d", maxPolicyText, n)
	}
	if strings.Contains(p.Text, "{{") || strings.ContainsFunc(p.Text, func(r rune) bool { return r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' }) {
		return fault.Field("policy.text", "the text holds {{ or a character that cannot be read")
	}
	for _, s := range p.SecondCondition {
		if s != SecondLLM && s != SecondRepeat {
			return fault.Field("policy.second_condition", "%q is neither llm nor repeat", s)
		}
	}
	s := p.Strikes
	switch {
	case s.Days < 0 || s.Days > maxStrikeDays:
		return fault.Field("policy.strikes.days", "%d is not between 0 and %d", s.Days, maxStrikeDays)
	case s.Review < 0 || s.Block < 0:
		return fault.Field("policy.strikes", "numbers of strikes are not negative")
	case s.Review > 0 && s.Block > 0 && s.Block < s.Review:
		return fault.Field("policy.strikes.block", "a block is proposed after review (%d strikes), not before it", s.Review)
	case p.Pictures != PicturesLook && p.Pictures != PicturesSkip:
		return fault.Field("policy.pictures", "%q is neither look nor leave", p.Pictures)
	}
	return nil
}

func (l Line) validate(at string) error {
	switch {
	case !known(l.Category) && l.Category != "harm" && l.Category != "spam" && l.Category != "any":
		return fault.Field(at+".category", "%q is neither a category nor harm, spam or any", l.Category)
	case !share(l.From):
		return fault.Field(at+".from", "%g is not between 0 and 1", l.From)
	case l.Comment == "" && l.Message == "":
		return fault.Field(at, "the line decides nothing: it needs comment, message or both")
	case l.Comment != "" && !inList(commentDecisions, l.Comment):
		return fault.Field(at+".comment", "%q is none of allow, review, hide, delete", l.Comment)
	case l.Message != "" && !inList(messageDecisions, l.Message):
		return fault.Field(at+".message", "%q is none of allow, review, spam, block", l.Message)
	case l.Category == "self_harm" && (l.Comment != "" && l.Comment != Review || l.Message != "" && l.Message != Review):
		return fault.Field(at, "self-harm always goes to a person")
	}
	for _, lang := range l.Languages {
		if !inList(policyLanguages, lang) {
			return fault.Field(at+".languages", "%q is none of %s", lang, strings.Join(policyLanguages, ", "))
		}
	}
	for _, id := range l.Accounts {
		if id <= 0 {
			return fault.Field(at+".accounts", "%d is not the number of an account", id)
		}
	}
	return nil
}

var (
	commentDecisions = []Decision{Allow, Review, Hide, Delete}
	messageDecisions = []Decision{Allow, Review, Spam, Block}
	policyLanguages  = []string{"en", "it", "fr", "ro", "es", "de", "pt", "other", "unknown"}
)

// share says whether a number lies between 0 and 1; NaN does not.
func share(f float64) bool { return f >= 0 && f <= 1 }

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

func (p *Policy) accepts(second string) bool { return slices.Contains(p.SecondCondition, second) }
