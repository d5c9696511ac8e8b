package gate

import (
	"regexp"
	"strings"
)

// Part is one text of a template, named as its form names it.
type Part struct{ Name, Text string }

// Finding is something in a template's text that does not fit its category, or is missing from it.
type Finding struct {
	Kind  string   // promotional_words, price, shop_link, brand_missing, opt_out_missing
	Part  string   // empty: the whole
	Words []string // what was found, as it is written
}

// Lint holds a template against its category with the rule that decides at the instant of sending, so that
// what passes here is not refused there: a utility template neither promotes nor names prices nor links to
// a shop; a marketing one says whose it is and how to end it.
func Lint(category, brand string, parts []Part) []Finding {
	var out []Finding
	all := ""
	for _, p := range parts {
		all += p.Text + "\n"
	}
	if category == "MARKETING" {
		if !says(all, brand) {
			out = append(out, Finding{Kind: "brand_missing"})
		}
		if !tellsHowToStop(all) {
			out = append(out, Finding{Kind: "opt_out_missing"})
		}
		return out
	}
	for _, p := range parts {
		p.Text = mailboxes.ReplaceAllString(p.Text, "$1 $2") // an e-mail address is no shop, as in Promotes
		bare := links.ReplaceAllString(p.Text, " ")
		if words := matches(strongWords, bare); len(words) > 0 {
			out = append(out, Finding{"promotional_words", p.Name, words})
		}
		if words := matches(priceTags, bare); len(words) > 0 {
			out = append(out, Finding{"price", p.Name, words})
		}
		var shop []string
		for _, link := range links.FindAllString(p.Text, -1) {
			if !chatLink(link) && !ownThing(link) {
				shop = append(shop, link)
			}
		}
		if len(shop) > 0 {
			out = append(out, Finding{"shop_link", p.Name, shop})
		}
	}
	return out
}

// A price that stands in the text itself; what an order cost is a variable.
var priceTags = regexp.MustCompile(`(?i)(?:[$€£¥]|\b(?:aud|usd|eur|gbp|chf|ron)\b) ?\d+(?:[.,]\d+)?|\b\d+(?:[.,]\d+)? ?(?:[$€£¥]|(?:aud|usd|eur|euro|euros|gbp|chf|ron|lei|dollars?)\b)`)

// matches lists what a pattern finds in the folded text.
func matches(pattern *regexp.Regexp, text string) []string {
	folded := unmask(fold(text))
	var out []string
	for at := 0; at < len(folded); {
		loc := pattern.FindStringIndex(folded[at:])
		if loc == nil {
			break
		}
		word := strings.TrimFunc(folded[at+loc[0]:at+loc[1]], func(r rune) bool { return strings.ContainsRune(" \n.,;:!?()«»\"'", r) })
		out = append(out, word)
		// The character after a match may begin the next one.
		at += max(loc[1]-1, loc[0]+1)
	}
	return out
}

// ownThing says whether a template's link leads to something of the person's own: an order, a booking, a
// parcel, named by a variable at the end of a path. A shop's front page has none.
func ownThing(link string) bool {
	head, _, found := strings.Cut(link, "{{")
	if !found {
		return false
	}
	if i := strings.Index(head, "://"); i >= 0 {
		head = head[i+3:]
	}
	i := strings.IndexAny(head, "/?")
	return i >= 0 && strings.Trim(head[i:], "/?=&") != ""
}
