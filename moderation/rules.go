package moderation

import (
	_ "embed" // the default rules
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"ponte/fault"
)

// Rule is one rule as data. Its conditions must all hold (a list inside a condition: any of it).
//
// Conflicts are decided in this order: a rule that allows wins over all others; then the strongest
// decision; then the rule that stands first.
type Rule struct {
	Name      string   `json:"name"`
	Text      string   `json:"text"`     // what a moderator reads: "promises followers"
	Category  string   `json:"category"` // what it finds; for allow rules empty
	Decision  Decision `json:"decision"`
	Score     float64  `json:"score"`             // 0..1
	Words     []string `json:"words,omitempty"`   // whole words or phrases, found through evasion
	Any       []string `json:"any,omitempty"`     // a second list of which one must also be there
	Not       []string `json:"not,omitempty"`     // none of these may be there
	Pattern   string   `json:"pattern,omitempty"` // regular expression on the folded text, linear time (RE2)
	Links     *int     `json:"links,omitempty"`   // at least so many links
	Domains   []string `json:"domains,omitempty"` // one of these domains is linked
	Phone     *bool    `json:"phone,omitempty"`
	Mentions  *int     `json:"mentions,omitempty"`
	Emoji     *int     `json:"emoji,omitempty"`
	Styled    *int     `json:"styled,omitempty"` // letters of mathematical or enclosed alphabets
	Media     *bool    `json:"media,omitempty"`  // media without text
	Languages []string `json:"languages,omitempty"`
	Posts     []int64  `json:"posts,omitempty"`
	Accounts  []int64  `json:"accounts,omitempty"`
	Subjects  []string `json:"subjects,omitempty"`
	Channels  []string `json:"channels,omitempty"`

	words, any, not *phraseSet
	pattern         *regexp.Regexp
}

// RuleSet is a compiled list of rules.
type RuleSet struct {
	Rules   []*Rule
	Version string

	raw []byte // the document the version names
}

type hit struct {
	Rule     string
	Text     string
	Category string
	Decision Decision
	Score    float64
}

//go:embed rules.json
var defaultRules []byte

// DefaultRules are the shipped ones.
var DefaultRules = sync.OnceValue(func() *RuleSet {
	rs, err := ParseRules(defaultRules)
	if err != nil {
		panic("the shipped rules cannot be read: " + err.Error())
	}
	return rs
})

// ParseRules compiles rules from JSON: a list of Rule. A fault names its rule and field.
func ParseRules(raw []byte) (*RuleSet, error) {
	var rules []*Rule
	if err := json.Unmarshal(raw, &rules); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "the rules are not a JSON list of rules: %v", err)
	}
	for i, r := range rules {
		if err := r.compile(); err != nil {
			return nil, fault.Wrap(fault.Invalid, err, "rule %d (%s): %v", i+1, r.Name, err)
		}
	}
	return &RuleSet{Rules: rules, Version: versionOf(raw), raw: raw}, nil
}

func (r *Rule) compile() error {
	if r.Name == "" {
		return fmt.Errorf("it has no name")
	}
	if strength[r.Decision] == 0 && r.Decision != Allow {
		return fmt.Errorf("decision %q is not one of allow, review, hide, delete", r.Decision)
	}
	if r.Decision != Allow && !known(r.Category) {
		return fmt.Errorf("category %q is not known", r.Category)
	}
	if r.Score < 0 || r.Score > 1 {
		return fmt.Errorf("score %g is not between 0 and 1", r.Score)
	}
	if !r.hasCondition() {
		return fmt.Errorf("it has no condition and would match everything")
	}
	r.words, r.any, r.not = newPhrases(r.Words), newPhrases(r.Any), newPhrases(r.Not)
	if r.Pattern != "" {
		re, err := regexp.Compile(r.Pattern)
		if err != nil {
			return fmt.Errorf("pattern: %w", err)
		}
		r.pattern = re
	}
	return nil
}

func (r *Rule) hasCondition() bool {
	return len(r.Words)+len(r.Any)+len(r.Domains)+len(r.Posts)+len(r.Accounts)+len(r.Languages) > 0 || r.Pattern != "" || r.Links != nil || r.Phone != nil || r.Mentions != nil || r.Emoji != nil || r.Styled != nil || r.Media != nil
}

// match returns the rules that fire; an allowing rule silences all others but those for people in danger.
func (rs *RuleSet) match(in Input, n normal, language string) []hit {
	var hits []hit
	allowed := false
	for _, r := range rs.Rules {
		if !r.holds(in, n, language) || allowed && r.Category != "self_harm" {
			continue
		}
		if r.Decision == Allow {
			allowed = true
			hits = slices.DeleteFunc(hits, func(h hit) bool { return h.Category != "self_harm" })
			continue
		}
		hits = append(hits, hit{r.Name, r.Text, r.Category, r.Decision, r.Score})
	}
	return hits
}

func (r *Rule) holds(in Input, n normal, language string) bool {
	f := &n.facts
	switch {
	case len(r.Subjects) > 0 && !inList(r.Subjects, string(in.Subject)),
		len(r.Channels) > 0 && !inList(r.Channels, in.Channel),
		len(r.Languages) > 0 && !inList(r.Languages, language),
		len(r.Posts) > 0 && !inIDs(r.Posts, in.PostID),
		len(r.Accounts) > 0 && !inIDs(r.Accounts, in.AccountID),
		r.Links != nil && f.links < *r.Links,
		r.Phone != nil && f.phone != *r.Phone,
		r.Mentions != nil && f.mentions < *r.Mentions,
		r.Emoji != nil && f.emoji < *r.Emoji,
		r.Styled != nil && f.styled < *r.Styled,
		r.Media != nil && (in.HasMedia && strings.TrimSpace(in.Text) == "") != *r.Media,
		len(r.Domains) > 0 && !linksTo(in.Text, r.Domains),
		r.pattern != nil && !r.pattern.MatchString(n.folded),
		r.words != nil && !r.words.in(n),
		r.any != nil && !r.any.in(n),
		r.not != nil && r.not.in(n):
		return false
	}
	return true
}

func inIDs(list []int64, id int64) bool {
	for _, l := range list {
		if l == id {
			return true
		}
	}
	return false
}

// linkPattern finds links with and without a scheme; the list of endings is short on purpose, so that
// "ok.thanks" is no link.
var linkPattern = regexp.MustCompile(`(?:https?://|www\.)[^\s<>"]+|\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|net|org|info|biz|shop|store|online|site|xyz|top|club|live|link|click|app|io|me|co|ly|gl|gg|tv|cc|ru|cn|tk|ml|ga|cf|vip|win|bet|casino|loan|pro|icu|buzz|fun|space|website|it|fr|ro|es|de|pt|br|au|uk|eu|us|ca|nz|in)\b(?:/[^\s<>"]*)?`)

func linksTo(text string, domains []string) bool {
	for _, l := range linkPattern.FindAllString(strings.ToLower(text), 10) {
		host := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(l, "https://"), "http://"), "www.")
		host, _, _ = strings.Cut(host, "/")
		for _, d := range domains {
			if host == d || strings.HasSuffix(host, "."+d) {
				return true
			}
		}
	}
	return false
}

// phraseSet finds whole words and phrases in a text, through its evasions. Phrases are looked up by
// their first word, so fifty thousand of them cost a comment no more than its own words.
type phraseSet struct {
	first map[string][]string // first word → the whole phrases
}

func newPhrases(list []string) *phraseSet {
	if len(list) == 0 {
		return nil
	}
	p := &phraseSet{first: make(map[string][]string, len(list))}
	for _, w := range list {
		f := fold(w)
		if f == "" {
			continue
		}
		head, _, more := strings.Cut(f, " ")
		p.first[head] = append(p.first[head], f)
		if more { // spelt out letter by letter, words run together
			run := strings.ReplaceAll(f, " ", "")
			p.first[run] = append(p.first[run], run)
		}
	}
	return p
}

func (p *phraseSet) in(n normal) bool {
	return p.find(n.folded) || n.tight != n.folded && p.find(n.tight)
}

func (p *phraseSet) find(text string) bool {
	for start := 0; start < len(text); {
		end := strings.IndexByte(text[start:], ' ')
		if end < 0 {
			end = len(text)
		} else {
			end += start
		}
		for _, phrase := range p.first[text[start:end]] {
			rest := text[start:]
			if strings.HasPrefix(rest, phrase) && (len(rest) == len(phrase) || rest[len(phrase)] == ' ') {
				return true
			}
		}
		start = end + 1
	}
	return false
}
