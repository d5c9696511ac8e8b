package moderation

import (
	"bytes"
	_ "embed" // the shipped rules
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"ponte/fault"
)

// Rule is one rule as data: what it finds, what follows, and its condition.
type Rule struct {
	Name     string   `json:"name"`               // of a shipped rule: takes its place
	Text     string   `json:"text"`               // what a moderator reads: "promises followers"
	Category string   `json:"category,omitempty"` // what it finds; for a rule that allows: what it allows (a category, harm, spam; empty: all)
	Decision Decision `json:"decision"`           // allow, review, hide, delete
	Score    float64  `json:"score,omitempty"`    // 0..1; 0: 0.95 for hide and delete, 0.6 for review
	Off      bool     `json:"off,omitempty"`      // it rests
	Shipped  bool     `json:"shipped,omitempty"`  // it came with the program
	Condition
}

// RuleSet is a compiled list of rules: the shipped ones and a workspace's own.
type RuleSet struct {
	Rules   []*Rule
	Version string

	raw      []byte // the document the version names
	active   []*Rule
	texts    *phraseIndex
	captions *phraseIndex
	literals *literalIndex
	patterns []string // every way of every pattern

	textLists, captionLists, phrases, patterned int
}

// hit is a rule that fired. One that allows names in Category what it allows; empty: everything.
type hit struct {
	Rule     string
	Text     string
	Category string
	Decision Decision
	Score    float64
}

// The limits of a set of rules.
const (
	maxRules    = 2000
	maxPhrases  = 200_000
	maxPatterns = 500
	maxRuleText = 200
	maxRuleName = 80
)

//go:embed rules.json
var defaultRules []byte

// DefaultRules are the shipped ones.
var DefaultRules = sync.OnceValue(func() *RuleSet {
	rs, err := ParseRules([]byte(compact(defaultRules))) // as it stands in a whole document
	if err != nil {
		panic("the shipped rules cannot be read: " + err.Error())
	}
	return rs
})

// ParseRules compiles rules from JSON: a list of Rule. A fault names its rule and field; a field that is
// not known is one, because a rule that is misspelt must not look as if it held.
func ParseRules(raw []byte) (*RuleSet, error) { return parseRules(raw, true) }

func parseRules(raw []byte, strict bool) (*RuleSet, error) {
	var rules []*Rule
	dec := json.NewDecoder(bytes.NewReader(raw))
	if strict {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(&rules); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the rules are not a JSON list of rules: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, "after the list of rules stands something else")
	}
	if len(rules) > maxRules {
		return nil, fault.New(fault.Invalid, "there are %d rules, at most %d are taken", len(rules), maxRules)
	}
	rs := &RuleSet{Rules: rules, Version: versionOf(raw), raw: raw, texts: newPhraseIndex(), captions: newPhraseIndex()}
	names := map[string]bool{}
	for i, r := range rules {
		if r == nil {
			return nil, fault.New(fault.Invalid, "rule %d is null", i+1)
		}
		err := r.compile(rs)
		if err == nil && names[r.Name] {
			err = faultAt("name", "another rule has this name already")
		}
		if err != nil {
			return nil, nameRule(i, r, err)
		}
		names[r.Name] = true
		if !r.Off {
			rs.active = append(rs.active, r)
		}
	}
	rs.texts.seal()
	rs.captions.seal()
	rs.literals = newLiteralIndex(rs.patterns)
	return rs, nil
}

// CheckRule says what is wrong with one rule by itself; nil: nothing.
func CheckRule(raw []byte) (Rule, error) {
	rs, err := ParseRules(append(append([]byte("["), raw...), ']'))
	if err != nil {
		return Rule{}, err
	}
	if len(rs.Rules) != 1 {
		return Rule{}, fault.New(fault.Invalid, "this is not one rule")
	}
	if rs.Rules[0].Shipped {
		return Rule{}, fault.Field("shipped", "a workspace's own rule did not come with the program")
	}
	return *rs.Rules[0], nil
}

// LayOver lays a workspace's own rules over the shipped ones: one with the name of a shipped rule takes
// its place, the others follow.
func LayOver(own []byte) (*RuleSet, error) {
	var mine, all []json.RawMessage
	if err := json.Unmarshal(own, &mine); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the workspace's rules are not a JSON list of rules")
	}
	if len(mine) == 0 {
		return DefaultRules(), nil
	}
	if err := json.Unmarshal(defaultRules, &all); err != nil {
		return nil, fmt.Errorf("read the shipped rules: %w", err)
	}
	place := make(map[string]int, len(all))
	for i, raw := range all {
		place[nameOf(raw)] = i
	}
	for _, raw := range mine {
		if i, ok := place[nameOf(raw)]; ok {
			all[i] = raw
			continue
		}
		place[nameOf(raw)] = len(all)
		all = append(all, raw)
	}
	whole, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("put the rules together: %w", err)
	}
	return parseRules(whole, false)
}

// OwnRule is one rule of a document by its name.
type OwnRule struct {
	Name     string
	Document json.RawMessage
}

// OwnRules are the rules of a whole document that are not shipped like this.
func OwnRules(whole []byte) ([]OwnRule, error) {
	var all, shipped []json.RawMessage
	if err := json.Unmarshal(whole, &all); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the rules are not a JSON list of rules")
	}
	if err := json.Unmarshal(defaultRules, &shipped); err != nil {
		return nil, fmt.Errorf("read the shipped rules: %w", err)
	}
	same := make(map[string]bool, len(shipped))
	for _, raw := range shipped {
		same[compact(raw)] = true
	}
	var own []OwnRule
	for _, raw := range all {
		if c := compact(raw); !same[c] {
			own = append(own, OwnRule{nameOf(raw), json.RawMessage(c)})
		}
	}
	return own, nil
}

// compact writes JSON as it stands in a whole document.
func compact(raw json.RawMessage) string {
	b, err := json.Marshal(raw)
	if err != nil {
		return string(raw)
	}
	return string(b)
}

// IsShipped says whether a rule of this name comes with the program.
func IsShipped(name string) bool { return DefaultRules().Named(name) != nil }

// Named is the rule of a name; nil: there is none.
func (rs *RuleSet) Named(name string) *Rule {
	if i := slices.IndexFunc(rs.Rules, func(r *Rule) bool { return r.Name == name }); i >= 0 {
		return rs.Rules[i]
	}
	return nil
}

func nameOf(raw []byte) string {
	var r struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(raw, &r) // what is no rule is named by the parser
	return r.Name
}

// ruleFault is what is wrong with one field of a rule.
type ruleFault struct{ field, text string }

func (f *ruleFault) Error() string {
	if f.field == "" {
		return f.text
	}
	return f.field + ": " + f.text
}

func faultAt(field, format string, args ...any) error {
	return &ruleFault{field, fmt.Sprintf(format, args...)}
}

func nameRule(i int, r *Rule, err error) error {
	var f *ruleFault
	if !errors.As(err, &f) || f.field == "" {
		return fault.New(fault.Invalid, "rule %d (%.80s): %s", i+1, r.Name, err)
	}
	e := fault.New(fault.Invalid, "rule %d (%.80s): %s: %s", i+1, r.Name, f.field, f.text)
	e.Field = f.field
	return e
}

func lineOf(s string, most int) bool {
	return s != "" && s == strings.TrimSpace(s) && utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsFunc(s, unicode.IsControl)
}

func (r *Rule) compile(rs *RuleSet) error {
	switch {
	case !lineOf(r.Name, maxRuleName):
		return faultAt("name", "a name has 1 to %d characters on one line", maxRuleName)
	case !lineOf(r.Text, maxRuleText):
		return faultAt("text", "the text that moderators read has 1 to %d characters on one line", maxRuleText)
	case !inList(commentDecisions, r.Decision):
		return faultAt("decision", "decision %q is not one of allow, review, hide, delete", r.Decision)
	case r.Decision == Allow && r.Category != "" && r.Category != "harm" && r.Category != "spam" && !known(r.Category):
		return faultAt("category", "category %q is neither known nor harm or spam", r.Category)
	case r.Category == "self_harm" && r.Decision != Review:
		return faultAt("decision", "self-harm always goes to a person: its decision is review")
	case r.Decision != Allow && !known(r.Category):
		return faultAt("category", "category %q is not known", r.Category)
	case !share(r.Score):
		return faultAt("score", "score %g is not between 0 and 1", r.Score)
	case r.Subjects != nil && len(r.Subjects) == 0:
		return faultAt("subjects", "the list is empty")
	}
	n := 0
	return r.setup(rs, "", 0, &n)
}

func (r *Rule) score() float64 {
	switch {
	case r.Score > 0:
		return r.Score
	case r.Decision == Review:
		return 0.6
	}
	return 0.95
}

// match returns the rules that fire, the strongest first, in the order of conflict:
//
//  1. self-harm: nothing silences it;
//  2. a workspace's rule that allows silences all rules about what it allows;
//  3. a shipped rule that allows silences shipped rules about what it allows;
//  4. of the rest the strongest decision counts, at equal strength the workspace's own rule, then the
//     higher score, then the one that stands first.
//
// The workspace's allowing rules come along, since the model's word gives way to them too.
func (rs *RuleSet) match(in *Input, language string) []hit {
	s := sights.Get().(*sight)
	defer sights.Put(s)
	l := rs.look(s, in, language)
	if l.caption != nil {
		defer sights.Put(l.caption)
	}
	var fired []*Rule
	for _, r := range rs.active {
		if r.holds(&l) {
			fired = append(fired, r)
		}
	}
	if len(fired) == 0 {
		return nil
	}
	return settle(fired)
}

// look sees a text, and a caption where a rule asks for it, with the lists and patterns they meet.
func (rs *RuleSet) look(s *sight, in *Input, language string) look {
	s.read(in.Text)
	s.readLinks()
	rs.texts.find(s, rs.textLists)
	l := look{sight: s, in: in, language: language}
	if len(rs.patterns) > 0 {
		l.plainOf = s.flatten()
		rs.literals.find(s, len(rs.patterns))
	}
	if rs.captionLists > 0 && in.Caption != "" {
		l.caption = sights.Get().(*sight)
		l.caption.read(in.Caption)
		rs.captions.find(l.caption, rs.captionLists)
	}
	return l
}

// settle applies the order of conflict to the rules that fired.
func settle(fired []*Rule) []hit {
	stand := make([]*Rule, 0, len(fired))
	for _, r := range fired {
		if r.Category == "self_harm" || !slices.ContainsFunc(fired, func(a *Rule) bool { return a.silences(r) }) {
			stand = append(stand, r)
		}
	}
	slices.SortStableFunc(stand, func(a, b *Rule) int {
		switch {
		case a.Decision != b.Decision:
			return strength[b.Decision] - strength[a.Decision]
		case a.Shipped != b.Shipped && a.Shipped:
			return 1
		case a.Shipped != b.Shipped:
			return -1
		case a.score() > b.score():
			return -1
		case a.score() < b.score():
			return 1
		}
		return 0
	})
	hits := make([]hit, 0, len(stand))
	for _, r := range stand {
		if r.Decision == Allow && r.Shipped {
			continue
		}
		hits = append(hits, hit{r.Name, r.Text, r.Category, r.Decision, r.score()})
	}
	return hits
}

// silences says whether a rule that allows has the word over another.
func (r *Rule) silences(other *Rule) bool {
	if r.Decision != Allow || other.Decision == Allow && r.Shipped == other.Shipped || r.Shipped && !other.Shipped {
		return false
	}
	return allows(r.Category, other.Category)
}

// allows says whether what a rule allows takes in a category.
func allows(allowed, category string) bool {
	switch allowed {
	case "":
		return true
	case "harm":
		return isHarm(category)
	case "spam":
		return known(category) && !isHarm(category)
	}
	return allowed == category
}

// letStand says whether a workspace's rule allows a text of this category, whoever found it.
func (rs *RuleSet) letStand(in *Input, language, category string) bool {
	return category != "self_harm" && slices.ContainsFunc(rs.match(in, language), func(h hit) bool { return h.Decision == Allow && allows(h.Category, category) })
}
