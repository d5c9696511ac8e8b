// Package router says who gets which automatic answer and how a conversation on WhatsApp is led. It is
// pure: no clock, no database, no network; the same code answers live events, dry runs and replays.
package router

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Trigger says: when this comes, on these posts, in this period, then answer that.
type Trigger struct {
	ID               int64               `json:"id"`
	Revision         int64               `json:"-"` // counts its changes up; of one to be saved, the one that was looked at, 0: whatever stands there
	Name             string              `json:"name"`
	State            string              `json:"state"`
	Priority         int                 `json:"priority"` // higher first; then the older trigger
	Sources          []string            `json:"sources"`  // what it listens to: Sources lists them
	Keywords         []KeywordSet        `json:"keywords"`
	Intents          []string            `json:"intents"`
	AccountIDs       []int64             `json:"account_ids"` // empty: all
	PostIDs          []int64             `json:"post_ids"`    // empty: all
	Hashtags         []string            `json:"hashtags"`    // one of them stands in the post's caption; empty: any post
	StartsAt         *time.Time          `json:"starts_at"`
	EndsAt           *time.Time          `json:"ends_at"`
	Recurrence       string              `json:"recurrence"`       // when windows begin, as five cron fields in the workspace's zone; empty: always open
	DurationMinutes  int                 `json:"duration_minutes"` // of a window
	Once             string              `json:"once"`             // post, trigger, period: how often one person is answered
	DelaySeconds     int                 `json:"delay_seconds"`    // from the writing to the answer
	JitterSeconds    int                 `json:"jitter_seconds"`   // at most so much later, another for every comment
	PerHour          int                 `json:"per_hour"`         // answers at most; 0: no ceiling
	PerDay           int                 `json:"per_day"`
	PublicReplies    map[string][]string `json:"public_replies"` // variants by language
	PrivateReply     map[string]string   `json:"private_reply"`  // by language; {{link}} is the handoff's place
	HandoffAccountID *int64              `json:"handoff_account_id"`
	ValidMinutes     int                 `json:"valid_minutes"`
	Purpose          string              `json:"purpose"`
	CampaignID       *int64              `json:"campaign_id"`

	Campaign *Campaign `json:"-"` // the one it belongs to, as it stands
	Windows  []Window  `json:"-"` // of a trigger with a recurrence, the earliest first

	sets []wordSet // the keywords, folded
	tags []string
}

// Campaign is what a trigger must know of the campaign it belongs to.
type Campaign struct {
	ID       int64
	Name     string
	State    string
	StartsAt *time.Time
	EndsAt   *time.Time
}

// Window is one opening of a trigger with a recurrence. One that passed while nobody kept the clock is
// missed: what was written in it is not answered late.
type Window struct {
	ID     int64
	Start  time.Time
	End    time.Time
	Missed bool
}

// The sources of an occasion. Each occasion has exactly one: under an advertisement it is an
// ad_comment, during a broadcast a live_comment, whatever else it is.
const (
	SourceComment = "comment"      // under a post
	SourceReply   = "reply"        // under a comment
	SourceLive    = "live_comment" // during a broadcast
	SourceAd      = "ad_comment"   // under an advertisement
	SourceMention = "mention"      // of the brand, elsewhere or in a story
	SourceStory   = "story_reply"  // the answer to a story
	SourceMessage = "message"      // any other direct message
)

// Sources are all of them, in the order they are shown.
var Sources = []string{SourceComment, SourceReply, SourceAd, SourceLive, SourceMention, SourceStory, SourceMessage}

// wordless are the sources where people often write nothing, or a heart: a trigger that listens to them alone
// needs no words.
var wordless = []string{SourceMention, SourceStory}

// private are the sources where there is nothing to reply to in public.
var private = []string{SourceStory, SourceMessage}

// listensOnly says whether a trigger hears nothing but these sources.
func (t Trigger) listensOnly(sources []string) bool {
	return len(t.Sources) > 0 && !slices.ContainsFunc(t.Sources, func(s string) bool { return !slices.Contains(sources, s) })
}

// SourceOfComment is the one source of a comment.
func SourceOfComment(mention, live, ad, reply bool) string {
	switch {
	case mention:
		return SourceMention
	case live:
		return SourceLive
	case ad:
		return SourceAd
	case reply:
		return SourceReply
	}
	return SourceComment
}

// SourceOfMessage is the one source of a direct message of a type.
func SourceOfMessage(kind string) string {
	switch kind {
	case "story_mention":
		return SourceMention
	case "story_reply":
		return SourceStory
	}
	return SourceMessage
}

// How often a trigger answers one person.
const (
	OncePost    = "post"    // once under each post; for messages once for ever
	OnceTrigger = "trigger" // once for ever
	OncePeriod  = "period"  // once in each window, or in each period that is set
)

func (t *Trigger) replies(language string) bool {
	return t.PrivateReply[language] != "" || len(t.PublicReplies[language]) > 0
}

// Occasion is what a trigger is held against.
type Occasion struct {
	Source     string
	Private    bool   // a direct message: there is nothing to reply to in public
	PublicOnly bool   // on somebody else's post: the network takes no private reply to it
	Key        string // the network's id of the comment or message: what is drawn is drawn from it
	PersonID   int64  // the identity that wrote it
	ContactID  int64  // whose identity it is; who is once per person is once over all of theirs. 0: not known
	Text       string
	Language   string // "" and "unknown" match any keyword set
	Known      string // the language that whoever wrote it was known to speak before; "": none
	Intent     string
	AccountID  int64
	PostID     int64
	Caption    string    // of the post
	Captioned  bool      // the caption is known
	At         time.Time // when it was written
}

// Match is the trigger that answers, and why.
type Match struct {
	Trigger Trigger
	Why     string // `word "info"`, "intent price"
	Speaks  string // the language to answer in, as far as what was written tells
	Window  *Window
	After   []Outranked // those that match too and come after it
}

// Outranked is a trigger that matches too, and why another answers.
type Outranked struct {
	TriggerID int64
	Name      string
	Why       string
}

// Miss is why a trigger does not answer.
type Miss struct {
	TriggerID int64
	Name      string
	Code      string // "another_post", "outside_window" …
	Reason    string
	depth     int // how far it came: the nearest misses are told
}

// Set is the triggers of a workspace, made ready to be held against many occasions.
type Set struct {
	ordered []Trigger
}

// NewSet orders live triggers – higher priority first, then the older one – and folds their words once.
func NewSet(triggers []Trigger) *Set {
	s := &Set{}
	for _, t := range triggers {
		if t.State != "live" {
			continue
		}
		t.compile()
		s.ordered = append(s.ordered, t)
	}
	slices.SortStableFunc(s.ordered, func(a, b Trigger) int {
		if a.Priority != b.Priority {
			return cmp.Compare(b.Priority, a.Priority)
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return s
}

// Triggers are the live ones in their order.
func (s *Set) Triggers() []Trigger {
	if s == nil {
		return nil
	}
	return s.ordered
}

// Asks says whether a text is nothing but a word or phrase that a live trigger asks for, with emoji and signs around it
// perhaps.
func (s *Set) Asks(text string) bool {
	if len(text) > longestAsked {
		return false
	}
	f := newFolded(text)
	for _, t := range s.Triggers() {
		for i := range t.sets {
			for _, w := range t.sets[i].say {
				for _, form := range w.forms {
					if said := f.as(form.way, w.whole); said == form.text || said != "" && lettered(said) == form.text {
						return true
					}
				}
			}
		}
	}
	return false
}

// longestAsked bounds, in bytes, what Asks looks at.
const longestAsked = 200

// lettered leaves the words with letters or digits in them.
func lettered(folded string) string {
	return strings.Join(slices.DeleteFunc(strings.Fields(folded), func(w string) bool {
		return !strings.ContainsFunc(w, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	}), " ")
}

// Choose returns the first trigger that matches, or nil with why each of them does not. The first one
// decides: where its own limits keep it silent, none that comes after speaks in its place.
func (s *Set) Choose(o Occasion) (*Match, []Miss) {
	var match *Match
	var misses []Miss
	text := newFolded(o.Text)
	for _, t := range s.Triggers() {
		why, w, miss := t.matches(o, text)
		switch {
		case miss.Code != "":
			miss.TriggerID, miss.Name = t.ID, t.Name
			misses = append(misses, miss)
		case match == nil:
			match = &Match{Trigger: t, Why: why, Window: w, Speaks: t.spoken(o, text)}
		default:
			reason := "older"
			if match.Trigger.Priority > t.Priority {
				reason = "of higher priority"
			}
			match.After = append(match.After, Outranked{t.ID, t.Name, reason})
		}
	}
	return match, misses
}

// Choose is Set.Choose for once, with the misses told as one reason for a person to read.
func Choose(triggers []Trigger, o Occasion) (*Match, string) {
	match, misses := NewSet(triggers).Choose(o)
	if match != nil {
		return match, ""
	}
	return nil, Explain(misses)
}

// Explain says in one sentence why nobody answers: the triggers that came nearest first.
func Explain(misses []Miss) string {
	if len(misses) == 0 {
		return "no trigger is live"
	}
	list := slices.Clone(misses)
	slices.SortStableFunc(list, func(a, b Miss) int { return b.depth - a.depth })
	const told = 3
	var parts []string
	for _, m := range list[:min(told, len(list))] {
		parts = append(parts, fmt.Sprintf("«%s»: %s", m.Name, m.Reason))
	}
	if more := len(list) - told; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return "no trigger matched: " + strings.Join(parts, "; ")
}

// Losers says in one clause who matched too.
func (m *Match) Losers() string {
	if len(m.After) == 0 {
		return ""
	}
	var names []string
	for _, a := range m.After[:min(3, len(m.After))] {
		names = append(names, fmt.Sprintf("«%s» matched too but «%s» is %s", a.Name, m.Trigger.Name, a.Why))
	}
	return "; " + strings.Join(names, "; ")
}

// matches holds one trigger against an occasion; the order of the checks is the order of nearness.
func (t *Trigger) matches(o Occasion, text *folded) (why string, w *Window, miss Miss) {
	for depth, check := range []func(Occasion) (string, string){t.listens, t.placed, t.running} {
		if code, reason := check(o); code != "" {
			return "", nil, Miss{Code: code, Reason: reason, depth: depth}
		}
	}
	why, forbidden := t.words(o, text)
	switch {
	case forbidden != "":
		return "", nil, Miss{Code: "excluded_word", Reason: "none of its words or intents may stand beside «" + forbidden + "»", depth: 4}
	case why == "":
		return "", nil, Miss{Code: "no_word", Reason: "none of its words or intents", depth: 3}
	}
	if t.Recurrence == "" {
		return why, nil, Miss{}
	}
	switch w = t.window(o.At); {
	case w == nil:
		return "", nil, Miss{Code: "outside_window", Reason: "written outside its windows", depth: 5}
	case w.Missed:
		return "", nil, Miss{Code: "window_missed", Reason: "its window of " + w.Start.UTC().Format("2 January 2006 15:04 UTC") + " passed while it was not kept open; it is not made up for", depth: 5}
	}
	return why, w, Miss{}
}

func (t *Trigger) listens(o Occasion) (code, reason string) {
	if !slices.Contains(t.Sources, o.Source) {
		return "source", "not for a " + strings.ReplaceAll(o.Source, "_", " ")
	}
	return "", ""
}

func (t *Trigger) placed(o Occasion) (code, reason string) {
	switch {
	case len(t.AccountIDs) > 0 && !slices.Contains(t.AccountIDs, o.AccountID):
		return "another_account", "another account"
	case len(t.PostIDs) > 0 && !slices.Contains(t.PostIDs, o.PostID):
		return "another_post", "another post"
	case len(t.tags) > 0 && !o.Captioned && o.PostID != 0:
		return CaptionUnknown, "the post's caption is not known yet"
	case len(t.tags) > 0 && !tagged(o.Caption, t.tags):
		return "no_hashtag", "the post has none of its hashtags"
	}
	return "", ""
}

// CaptionUnknown is the code of a miss that reading the post may mend.
const CaptionUnknown = "caption_unknown"

func (t *Trigger) running(o Occasion) (code, reason string) {
	switch {
	case t.StartsAt != nil && o.At.Before(*t.StartsAt):
		return "before_period", "written before the trigger's period began"
	case t.EndsAt != nil && !o.At.Before(*t.EndsAt):
		return "after_period", "written after the trigger's period ended"
	}
	c := t.Campaign
	switch {
	case c == nil:
	case c.State != "live":
		return "campaign_" + c.State, fmt.Sprintf("its campaign «%s» is %s", c.Name, map[string]string{"draft": "not live yet", "paused": "paused", "archived": "archived"}[c.State])
	case c.StartsAt != nil && o.At.Before(*c.StartsAt):
		return "before_campaign", fmt.Sprintf("written before its campaign «%s» began", c.Name)
	case c.EndsAt != nil && !o.At.Before(*c.EndsAt):
		return "after_campaign", fmt.Sprintf("written after its campaign «%s» ended", c.Name)
	}
	return "", ""
}

// window is the one an instant lies in; of two that overlap, as when the clock is put back, the later.
func (t *Trigger) window(at time.Time) *Window {
	for i := len(t.Windows) - 1; i >= 0; i-- {
		if w := &t.Windows[i]; !at.Before(w.Start) && at.Before(w.End) {
			return w
		}
	}
	return nil
}

// words says which word or intent is met, and which forbidden word stands in the way of all of them.
func (t *Trigger) words(o Occasion, text *folded) (why, forbidden string) {
	if t.AnyWords() {
		for i := range t.sets {
			if not := t.sets[i].excluded(text); not != "" {
				return "", not
			}
		}
		return "whatever it says", ""
	}
	for _, set := range t.heard(o) {
		if not := set.excluded(text); not != "" {
			forbidden = not
			continue
		}
		if hit := set.find(text); hit != "" {
			return "word «" + hit + "»", ""
		}
	}
	if o.Intent == "" || !slices.Contains(t.Intents, o.Intent) {
		if forbidden != "" && !t.wouldFind(o, text) {
			forbidden = ""
		}
		return "", forbidden
	}
	for i := range t.sets { // an intent is met in any language, so a forbidden word counts in any
		if not := t.sets[i].excluded(text); not != "" {
			return "", not
		}
	}
	return "intent " + o.Intent, ""
}

// AnyWords says that the trigger asks for no word and no intent: whatever is written there meets it.
func (t *Trigger) AnyWords() bool {
	return len(t.Intents) == 0 && !slices.ContainsFunc(t.Keywords, func(k KeywordSet) bool { return len(k.Words)+len(k.Phrases) > 0 })
}

// wouldFind says whether a word is met that a forbidden one stands beside: only then is it the reason.
func (t *Trigger) wouldFind(o Occasion, text *folded) bool {
	return slices.ContainsFunc(t.heard(o), func(s *wordSet) bool { return s.find(text) != "" })
}

// heard are the keyword sets that a text is held against: those of its language, and where it is too short for a
// language to be told – the one word that a campaign asks for –, after them the others.
func (t *Trigger) heard(o Occasion) []*wordSet {
	var own, others []*wordSet
	for i := range t.sets {
		if t.sets[i].speaks(o.Language) {
			own = append(own, &t.sets[i])
		} else {
			others = append(others, &t.sets[i])
		}
	}
	if plain, _ := PlainWords(o.Text); plain > tellsLittle {
		return own
	}
	return append(own, others...)
}

// spoken is the language to answer in: the text's where it is long enough to tell one. Else the one that the person is
// known to speak, as far as there is a reply in it; else that of the keyword; none where nothing tells of any.
func (t *Trigger) spoken(o Occasion, text *folded) string {
	plain, _ := PlainWords(o.Text)
	if plain <= tellsLittle && o.Known != "" && t.replies(o.Known) {
		return o.Known
	}
	if plain <= tellsLittle && !t.AnyWords() {
		for _, set := range t.heard(o) {
			if set.excluded(text) == "" && set.find(text) != "" {
				if !set.speaks(o.Language) || plain == 0 && set.language != "" {
					return set.language
				}
				break
			}
		}
	}
	if plain == 0 {
		return ""
	}
	return o.Language
}
