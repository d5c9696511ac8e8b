package router

import (
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// Run is one person answered by one trigger, in the scope in which it answers them once.
type Run struct {
	TriggerID int64
	PersonID  int64
	Scope     string // "post:12", "trigger", "from:1790000000"
}

// Place is where variants follow each other: a reader sees the replies under one post.
type Place struct {
	TriggerID int64
	PostID    int64
}

// Said is the public reply that was given last at a place.
type Said struct {
	Language string
	Variant  int
}

// Book is what triggers have done so far, for the people and places concerned. Live it is read from the
// rows; in a dry run it begins empty.
type Book struct {
	Runs map[Run]bool
	Last map[Place]Said
	// Room takes one place under the trigger's ceilings; it names the one that is full: "hour" or "day".
	Room func(t *Trigger, at time.Time) (full string, err error)
}

// NewBook is a book in which nothing stands.
func NewBook() *Book { return &Book{Runs: map[Run]bool{}, Last: map[Place]Said{}} }

// The codes of an answer besides those of a miss.
const (
	Answered    = "answered"
	NoTrigger   = "no_trigger"
	AnsweredYet = "once"
	HourFull    = "ceiling_hour"
	DayFull     = "ceiling_day"
	NoText      = "no_text"
)

// Answer is what the triggers make of an occasion.
type Answer struct {
	Code        string
	Reason      string // for a person to read; without the way out, which the caller adds
	Match       *Match // nil: none matched
	Misses      []Miss
	Run         Run
	Public      string
	Variant     int
	Language    string // of the public reply
	Private     string // with the place of the link
	PrivateLang string
	Withheld    bool // it has a private reply, which the network does not take here
	NotBefore   time.Time
}

// Answer decides what is said to an occasion and writes it into the book. The order: the first trigger
// that matches, then once per person, then a text, then the ceilings, so that nothing takes a place
// under a ceiling in vain.
func (b *Book) Answer(set *Set, o Occasion, fallback string) (Answer, error) {
	match, misses := set.Choose(o)
	a := Answer{Match: match, Misses: misses}
	if match == nil {
		a.Code, a.Reason = NoTrigger, Explain(misses)
		return a, nil
	}
	t := &match.Trigger
	a.Run = Run{t.ID, o.PersonID, t.scope(o, match.Window)}
	had := b.had(a.Run, o.ContactID)
	place := Place{t.ID, o.PostID}
	if !o.Private {
		last, ok := b.Last[place]
		if !ok {
			last.Variant = -1
		}
		a.Public, a.Variant, a.Language = t.PublicReply(match.Speaks, fallback, o.Key, last)
	}
	a.Private, a.PrivateLang = t.PrivateText(match.Speaks, fallback)
	if o.PublicOnly && a.Private != "" {
		a.Private, a.PrivateLang, a.Withheld = "", "", true
	}
	switch {
	case had && o.Private:
		a.Code, a.Reason = AnsweredYet, fmt.Sprintf("«%s» matched (%s) but has answered them before%s", t.Name, match.Why, match.Losers())
		return a.mute(), nil
	case had:
		a.Code, a.Reason = AnsweredYet, fmt.Sprintf("«%s» matched (%s) but has answered this person %s%s", t.Name, match.Why, onceSaid[t.once()], match.Losers())
		return a.mute(), nil
	case a.Public == "" && a.Withheld:
		a.Code, a.Reason = NoText, fmt.Sprintf("«%s» matched (%s) but answers in private only, and the network takes no private reply to a mention%s", t.Name, match.Why, match.Losers())
		return a.mute(), nil
	case a.Public == "" && a.Private == "":
		a.Code, a.Reason = NoText, fmt.Sprintf("«%s» matched (%s) but has no reply to a private message%s", t.Name, match.Why, match.Losers())
		return a.mute(), nil
	}
	if full, err := b.room(t, o.At); err != nil || full != "" {
		a.Code, a.Reason = "ceiling_"+full, fmt.Sprintf("«%s» matched (%s) but has reached its ceiling of answers in the %s%s", t.Name, match.Why, full, match.Losers())
		return a.mute(), err
	}
	b.Keep(a.Run, o.ContactID)
	if a.Public != "" {
		b.Last[place] = Said{a.Language, a.Variant}
	}
	a.Code, a.Reason = Answered, fmt.Sprintf("«%s» matched (%s)%s", t.Name, match.Why, match.Losers())
	a.NotBefore = t.due(o)
	return a, nil
}

// Keep writes into the book that somebody was answered: the identity, and the person it belongs to.
func (b *Book) Keep(r Run, contact int64) {
	b.Runs[r] = true
	if contact != 0 {
		b.Runs[r.of(contact)] = true
	}
}

func (b *Book) had(r Run, contact int64) bool {
	return b.Runs[r] || contact != 0 && b.Runs[r.of(contact)]
}

// of is the run of a person over all their identities; contacts count below zero, identities above.
func (r Run) of(contact int64) Run {
	r.PersonID = -contact
	return r
}

var onceSaid = map[string]string{OncePost: "on this post already", OnceTrigger: "already", OncePeriod: "in this period already"}

func (a Answer) mute() Answer {
	a.Public, a.Private, a.Variant, a.Language, a.PrivateLang = "", "", 0, "", ""
	return a
}

func (b *Book) room(t *Trigger, at time.Time) (string, error) {
	if t.PerHour == 0 && t.PerDay == 0 || b.Room == nil {
		return "", nil
	}
	return b.Room(t, at)
}

func (t *Trigger) once() string {
	if t.Once == "" {
		return OncePost
	}
	return t.Once
}

// scope is where a person is answered once.
func (t *Trigger) scope(o Occasion, w *Window) string {
	switch {
	case t.once() == OnceTrigger:
		return "trigger"
	case t.once() == OncePost:
		return fmt.Sprintf("post:%d", o.PostID)
	case w != nil:
		return fmt.Sprintf("from:%d", w.Start.Unix())
	case t.StartsAt != nil:
		return fmt.Sprintf("from:%d", t.StartsAt.Unix())
	case t.Campaign != nil && t.Campaign.StartsAt != nil:
		return fmt.Sprintf("from:%d", t.Campaign.StartsAt.Unix())
	}
	return "trigger"
}

// due is when the answer leaves. The jitter is drawn from the occasion, so that a replay draws the same.
func (t *Trigger) due(o Occasion) time.Time {
	wait := t.DelaySeconds
	if t.JitterSeconds > 0 {
		wait += int(draw("jitter", t.ID, o.Key) % uint32(t.JitterSeconds+1))
	}
	return o.At.Add(time.Duration(wait) * time.Second)
}

func draw(what string, trigger int64, key string) uint32 {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%s/%d/%s", what, trigger, key)
	x := h.Sum32() // ids that follow each other differ in the last byte only: mix, or their low bits go round in step
	x ^= x >> 16
	x *= 0x7feb352d
	x ^= x >> 15
	return x
}

// PublicReply picks the variant for a comment: not the same for everybody, the same on a replay, and
// never the one used just before in the same language.
func (t *Trigger) PublicReply(language, fallback, key string, last Said) (text string, variant int, lang string) {
	variants, lang := byLanguage(t.PublicReplies, language, fallback)
	if len(variants) == 0 {
		return "", 0, ""
	}
	n := len(variants)
	variant = int(draw("variant", t.ID, key) % uint32(n))
	if last.Variant >= 0 && last.Variant < n && n > 1 && (last.Language == lang || last.Language == "") {
		variant = int(draw("variant", t.ID, key) % uint32(n-1))
		if variant >= last.Variant {
			variant++
		}
	}
	return variants[variant], variant, lang
}

// PrivateText picks the private reply in the person's language, else the workspace's, else English,
// else any.
func (t *Trigger) PrivateText(language, fallback string) (text, lang string) {
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
