// Package router says who gets which automatic answer and how a conversation on WhatsApp is led. It is
// pure: no clock, no database, no network; the same code answers live events, dry runs and replays.
package router

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"ponte/fault"
)

// Trigger says: when this comes, on these posts, in this period, then answer that.
type Trigger struct {
	ID               int64               `json:"id"`
	Name             string              `json:"name"`
	State            string              `json:"state"`
	Priority         int                 `json:"priority"` // higher first; then the older trigger
	Sources          []string            `json:"sources"`  // comment, message
	Keywords         []KeywordSet        `json:"keywords"`
	Intents          []string            `json:"intents"`
	AccountIDs       []int64             `json:"account_ids"` // empty: all
	PostIDs          []int64             `json:"post_ids"`    // empty: all
	StartsAt         *time.Time          `json:"starts_at"`
	EndsAt           *time.Time          `json:"ends_at"`
	PublicReplies    map[string][]string `json:"public_replies"` // variants by language
	PrivateReply     map[string]string   `json:"private_reply"`  // by language; {{link}} is the handoff's place
	HandoffAccountID *int64              `json:"handoff_account_id"`
	ValidMinutes     int                 `json:"valid_minutes"`
	Purpose          string              `json:"purpose"`
}

// KeywordSet holds the words of one language; an empty language means any.
type KeywordSet struct {
	Language string   `json:"language"`
	Words    []string `json:"words"`   // a whole word
	Phrases  []string `json:"phrases"` // words in a row
	Not      []string `json:"not"`     // a word or phrase that forbids the match
}

// The sources of an occasion.
const (
	SourceComment = "comment"
	SourceMessage = "message"
)

// Occasion is what a trigger is held against.
type Occasion struct {
	Source    string
	Text      string
	Language  string // "" and "unknown" match any keyword set
	Intent    string
	AccountID int64
	PostID    int64
	At        time.Time // when it was written
}

// Match is the trigger that answers, and why.
type Match struct {
	Trigger Trigger
	Why     string // `word "info"`, "intent price"
}

// Choose returns the first live trigger that matches – higher priority first, then the older one – or
// nil with one reason for a person to read.
func Choose(triggers []Trigger, o Occasion) (*Match, string) {
	ordered := slices.Clone(triggers)
	slices.SortStableFunc(ordered, func(a, b Trigger) int {
		if a.Priority != b.Priority {
			return b.Priority - a.Priority
		}
		return int(a.ID - b.ID)
	})
	text := Fold(o.Text)
	reasons := []string{}
	for _, t := range ordered {
		if t.State != "live" {
			continue
		}
		why, miss := t.matches(o, text)
		if miss == "" {
			return &Match{Trigger: t, Why: why}, ""
		}
		reasons = append(reasons, fmt.Sprintf("«%s»: %s", t.Name, miss))
	}
	if len(reasons) == 0 {
		return nil, "no trigger is live"
	}
	return nil, "no trigger matched: " + strings.Join(reasons[:min(3, len(reasons))], "; ")
}

func (t Trigger) matches(o Occasion, folded string) (why, miss string) {
	switch {
	case !slices.Contains(t.Sources, o.Source):
		return "", "not for a " + o.Source
	case len(t.AccountIDs) > 0 && !slices.Contains(t.AccountIDs, o.AccountID):
		return "", "another account"
	case len(t.PostIDs) > 0 && !slices.Contains(t.PostIDs, o.PostID):
		return "", "another post"
	case t.StartsAt != nil && o.At.Before(*t.StartsAt):
		return "", "written before the trigger's period began"
	case t.EndsAt != nil && !o.At.Before(*t.EndsAt):
		return "", "written after the trigger's period ended"
	}
	for _, set := range t.Keywords {
		if !set.speaks(o.Language) {
			continue
		}
		if hit := set.find(folded); hit != "" {
			return "word «" + hit + "»", ""
		}
	}
	if slices.Contains(t.Intents, o.Intent) && !t.forbidden(folded) {
		return "intent " + o.Intent, ""
	}
	return "", "none of its words or intents"
}

func (t Trigger) forbidden(folded string) bool {
	for _, set := range t.Keywords {
		if set.excluded(folded) {
			return true
		}
	}
	return false
}

func (s KeywordSet) speaks(language string) bool {
	return s.Language == "" || language == "" || language == "unknown" || language == "other" || s.Language == language
}

func (s KeywordSet) excluded(folded string) bool {
	return slices.ContainsFunc(s.Not, func(not string) bool { return containsWords(folded, Fold(not)) })
}

func (s KeywordSet) find(folded string) string {
	if s.excluded(folded) {
		return ""
	}
	for _, list := range [][]string{s.Words, s.Phrases} {
		for _, w := range list {
			if containsWords(folded, Fold(w)) {
				return w
			}
		}
	}
	return ""
}

// Fold makes texts comparable: lower case, no accents, letters and digits as words, one space between
// them; emoji and other symbols stay as words of their own, so that they can be keywords.
func Fold(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	gap := true
	word := func() {
		if !gap {
			b.WriteByte(' ')
			gap = true
		}
	}
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\u200d', r == '\ufe0f', r == '\u200b', r == '\'', r == '’':
			// marks, joiners and apostrophes are part of what stands before them
		case unicode.IsLetter(r), unicode.IsDigit(r):
			switch r = unicode.ToLower(r); r {
			case 'ß':
				b.WriteString("ss")
			case 'ł':
				b.WriteByte('l')
			case 'ø':
				b.WriteByte('o')
			case 'æ':
				b.WriteString("ae")
			default:
				b.WriteRune(r)
			}
			gap = false
		case unicode.Is(unicode.So, r), unicode.Is(unicode.Sk, r) && r > 0x1f000:
			word()
			b.WriteRune(r)
			gap = false
			word()
		default:
			word()
		}
	}
	return strings.TrimSpace(b.String())
}

// containsWords reports whether needle stands in text as whole words; both are folded.
func containsWords(text, needle string) bool {
	if needle == "" {
		return false
	}
	for from := 0; ; {
		i := strings.Index(text[from:], needle)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(needle)
		if (start == 0 || text[start-1] == ' ') && (end == len(text) || text[end] == ' ') {
			return true
		}
		from = start + 1
	}
}

// PublicReply picks the variant for a person: not the same for everybody, the same on a replay, and
// never the one used just before.
func (t Trigger) PublicReply(language, fallback string, person int64, last int) (text string, variant int, lang string) {
	variants, lang := byLanguage(t.PublicReplies, language, fallback)
	if len(variants) == 0 {
		return "", 0, ""
	}
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%d/%d", t.ID, person)
	variant = int(h.Sum32() % uint32(len(variants)))
	if variant == last && len(variants) > 1 {
		variant = (variant + 1) % len(variants)
	}
	return variants[variant], variant, lang
}

// PrivateText picks the private reply in the person's language, else the workspace's, else English,
// else any.
func (t Trigger) PrivateText(language, fallback string) (text, lang string) {
	return byLanguage(t.PrivateReply, language, fallback)
}

func byLanguage[T any](texts map[string]T, language, fallback string) (T, string) {
	for _, l := range []string{language, fallback, "en"} {
		if t, ok := texts[l]; ok {
			return t, l
		}
	}
	langs := make([]string, 0, len(texts))
	for l := range texts {
		langs = append(langs, l)
	}
	slices.Sort(langs)
	for _, l := range langs {
		return texts[l], l
	}
	var none T
	return none, ""
}

// Languages are the seven that ponte serves.
var Languages = []string{"en", "it", "fr", "ro", "es", "de", "pt"}

// LinkPlace is where the handoff's link stands in a private reply.
const LinkPlace = "{{link}}"

// maxPrivateBytes keeps a private reply with its link inside Instagram's 1000 bytes.
const maxPrivateBytes = 1000 - 200

// Validate returns every fault of a trigger, each naming its field.
func (t Trigger) Validate() []*fault.Error {
	var bad []*fault.Error
	add := func(field, format string, args ...any) { bad = append(bad, fault.Field(field, format, args...)) }
	if strings.TrimSpace(t.Name) == "" {
		add("name", "give the trigger a name")
	}
	if len(t.Sources) == 0 {
		add("sources", "choose comments, messages or both")
	}
	for i, s := range t.Sources {
		if s != SourceComment && s != SourceMessage {
			add(fmt.Sprintf("sources[%d]", i), "%q is neither comment nor message", s)
		}
	}
	words := 0
	for i, set := range t.Keywords {
		for j, w := range append(slices.Clone(set.Words), set.Phrases...) {
			if Fold(w) == "" {
				add(fmt.Sprintf("keywords[%d].words[%d]", i, j), "%q holds no letter, digit or emoji", w)
			}
			words++
		}
		if set.Language != "" && !slices.Contains(Languages, set.Language) {
			add(fmt.Sprintf("keywords[%d].language", i), "%q is not one of %s", set.Language, strings.Join(Languages, ", "))
		}
	}
	if words == 0 && len(t.Intents) == 0 {
		add("keywords", "a trigger needs at least one word or intent")
	}
	if t.StartsAt != nil && t.EndsAt != nil && !t.EndsAt.After(*t.StartsAt) {
		add("ends_at", "the period ends before it begins")
	}
	if t.ValidMinutes < 1 || t.ValidMinutes > 7*24*60 {
		add("valid_minutes", "must be between 1 and 10080 (Meta allows a private reply for seven days)")
	}
	t.validateReplies(add)
	return bad
}

func (t Trigger) validateReplies(add func(field, format string, args ...any)) {
	if len(t.PublicReplies) == 0 && len(t.PrivateReply) == 0 {
		add("public_replies", "a trigger needs a public reply, a private reply or both")
	}
	for lang, variants := range t.PublicReplies {
		if len(variants) == 0 || len(variants) > 10 {
			add("public_replies."+lang, "needs one to ten variants, has %d", len(variants))
		}
		for i, v := range variants {
			if strings.TrimSpace(v) == "" {
				add(fmt.Sprintf("public_replies.%s[%d]", lang, i), "the reply is empty")
			}
		}
	}
	for lang, text := range t.PrivateReply {
		switch {
		case strings.TrimSpace(text) == "":
			add("private_reply."+lang, "the reply is empty")
		case len(text) > maxPrivateBytes:
			add("private_reply."+lang, "has %d bytes; with the link it must fit Instagram's 1000, so at most %d", len(text), maxPrivateBytes)
		case t.HandoffAccountID != nil && !strings.Contains(text, LinkPlace):
			add("private_reply."+lang, "lacks %s, the place of the WhatsApp link", LinkPlace)
		case t.HandoffAccountID == nil && strings.Contains(text, LinkPlace):
			add("private_reply."+lang, "has %s but no WhatsApp account to lead to", LinkPlace)
		}
	}
}
