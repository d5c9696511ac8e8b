// Package gate answers one question: may this go out now? Purpose and consent, opt-outs, care window,
// frequency caps, quiet hours, template state, switches and validity are judged together, on facts read
// in the transaction that claims the action, with the person locked. It fails closed.
//
// Decide is pure; Gate.Check reads the facts and asks it. Nothing is sent past it.
package gate

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"ponte/channels"
	"ponte/moderation"
)

// Purpose says what an action is for. It is set by rule, never by the wish of who asks for it.
type Purpose string

// The purposes.
const (
	Answer      Purpose = "answer"      // answers what this person just said
	Service     Purpose = "service"     // facts about something the person has with the brand
	Promotional Purpose = "promotional" // offers, promotes or links to a shop; needs consent
	Moderation  Purpose = "moderation"  // done to a comment or a person, says nothing to anybody
	Technical   Purpose = "technical"   // read marks, typing, submitting a template
)

// Origin says who wants an action.
type Origin string

// The origins.
const (
	FromTrigger Origin = "trigger"
	FromBot     Origin = "bot"
	FromMember  Origin = "member"
	FromPolicy  Origin = "policy"
	FromSystem  Origin = "system"
	FromAPI     Origin = "api"
)

// Draft is what the rule of purposes looks at.
type Draft struct {
	Call     channels.Call
	Origin   Origin
	Wish     Purpose
	Event    bool   // carries the id of the event it answers
	Category string // template.send: the category the network gave the template; empty: not known
	Body     string // template.send: the template's own text
}

// PurposeOf applies the rule: what the action is, what it says and where it links decide. A wish can
// make a purpose stricter, never looser; in doubt it is promotional.
func PurposeOf(d Draft) Purpose {
	switch d.Call.Kind {
	case channels.HideComment, channels.UnhideComment, channels.DeleteComment, channels.BlockUser, channels.UnblockUser:
		return Moderation
	case channels.MarkRead, channels.Typing, channels.SubmitTemplate, channels.EditTemplate, channels.DeleteTemplate, channels.ResumeTemplate:
		return Technical
	case channels.ReplyToComment:
		// Public, under a post: not a message to anybody's address (Spam Act s 5).
		if d.Origin == FromMember || d.Event {
			return Answer
		}
		return Service
	}
	if d.Wish == Promotional || promotes(d) {
		return Promotional
	}
	answer := d.Event || d.Origin == FromMember && d.Call.Kind != channels.SendTemplate
	switch {
	case d.Wish == Answer && answer:
		return Answer
	case d.Wish == Service && (d.Call.Kind == channels.SendTemplate || d.Origin == FromMember || d.Origin == FromSystem):
		return Service
	}
	return Promotional
}

func promotes(d Draft) bool {
	if d.Call.Kind == channels.SendTemplate {
		if d.Category != "UTILITY" && d.Category != "AUTHENTICATION" {
			return true
		}
		return Promotes(d.Body+" "+text(d.Call), false)
	}
	if d.Origin == FromMember {
		return false // a person answers a person; the care window is the limit
	}
	return Promotes(text(d.Call), d.Origin == FromTrigger || d.Origin == FromAPI)
}

// OfTexts is the purpose of a trigger or flow with these texts, for the person who writes it: what it
// says decides, not what it is meant to be. The same rule is applied again to each message.
func OfTexts(texts ...string) Purpose {
	for _, s := range texts {
		if Promotes(s, true) {
			return Promotional
		}
	}
	return Answer
}

// text is everything the person will read or could tap.
func text(c channels.Call) string {
	parts := []string{c.Text}
	for _, b := range c.Buttons {
		parts = append(parts, b.Title)
	}
	if c.List != nil {
		parts = append(parts, c.List.Button)
		for _, r := range c.List.Rows {
			parts = append(parts, r.Title, r.Description)
		}
	}
	if c.Link != nil {
		parts = append(parts, c.Link.Title, c.Link.URL)
	}
	if c.Template != nil {
		parts = append(parts, componentTexts(c.Template.Components)...)
	}
	return strings.Join(parts, "\n")
}

// Promotes says whether a text offers, discounts, urges to buy or links to anything but a chat. With
// broad set, the mere word "offer" is enough: right for a message nobody asked for, wrong for a bot
// that must be able to say "you will get no more offers".
func Promotes(s string, broad bool) bool {
	// An e-mail address is no shop: a bot must be able to ask for one, and to repeat it.
	s = mailboxes.ReplaceAllString(s, " ")
	// A click-to-chat link carries a text of the customer's own; it is not ours.
	words := links.ReplaceAllStringFunc(s, func(link string) string {
		if chatLink(link) {
			return " "
		}
		return link
	})
	folded := unmask(fold(words))
	if strongWords.MatchString(folded) || broad && broadWords.MatchString(folded) {
		return true
	}
	for _, link := range links.FindAllString(s, -1) {
		if !chatLink(link) && !ownThing(link) {
			return true
		}
	}
	return false
}

var mailboxes = regexp.MustCompile(`(?i)(^|[\s(<"'«“:,;])[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]+\.)+[a-z]{2,24}($|[\s)>"'»”.,;:!?])`)

// chatLink says whether a link only opens a chat.
func chatLink(link string) bool {
	if !strings.Contains(link, "://") {
		link = "https://" + link
	}
	u, err := url.Parse(link)
	if err != nil {
		return false
	}
	switch strings.TrimPrefix(strings.ToLower(u.Hostname()), "www.") {
	case "wa.me", "api.whatsapp.com", "m.me", "ig.me":
		return true
	}
	return false
}

// unmask reads a folded text through what makes words look like themselves to people alone: letters of other alphabets,
// and letters with a gap behind each.
func unmask(folded string) string {
	s := moderation.Unmask(folded)
	for _, run := range parted {
		s = run.ReplaceAllStringFunc(s, func(letters string) string { return " " + strings.Map(onlyLetters, letters) + " " })
	}
	return s
}

func onlyLetters(r rune) rune {
	if unicode.IsLetter(r) {
		return r
	}
	return -1
}

// Four single letters or more with the same sign or space between them.
var parted = func() (all []*regexp.Regexp) {
	for _, gap := range []string{` `, `\.`, `-`, `_`, `\*`, `·`, `\|`, `~`} {
		all = append(all, regexp.MustCompile(`(?:^|[^\pL\pN])\pL(?:`+gap+`\pL){3,}(?:$|[^\pL\pN])`))
	}
	return all
}()

// fold lowers case and drops accents, and what stands between letters without being seen. A transformer keeps state, so
// each call has its own.
func fold(s string) string {
	t := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), runes.Remove(runes.In(unicode.Cf)), norm.NFC)
	out, _, err := transform.String(t, s)
	if err != nil {
		out = s
	}
	return strings.ToLower(strings.ReplaceAll(out, "’", "'"))
}
