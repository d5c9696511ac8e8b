package asks

import (
	"regexp"
	"strings"
	"unicode"

	"ponte/moderation"
)

// Gaps and strokes as people and keyboards write them between digits: also those that do not break a line.
const (
	gap    = `[\s\x{a0}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}]`
	stroke = `[-\x{2010}-\x{2015}\x{2212}\x{ff0d}]`
	letter = `[\pL\pM'’-]`
	at     = `[@\x{ff20}\x{fe6b}]`
)

// What leaves for the model carries no personal data that it does not need: numbers, addresses and
// handles become placeholders that keep what they were.
var masks = []struct {
	re *regexp.Regexp
	by string
}{
	{regexp.MustCompile(`[\pL\pM\pN_.+-]+` + at + `[\pL\pM\pN_-]+(\.[\pL\pM\pN_-]+)+`), "[e-mail]"},
	{regexp.MustCompile(spelledMail), "[e-mail]"},
	{regexp.MustCompile(`\b[A-Z]{2}\p{Nd}{2}` + gap + `?(?:[A-Z\p{Nd}]{4}` + gap + `?){3,7}[A-Z\p{Nd}]{0,4}\b`), "[account number]"},
	{regexp.MustCompile(`(?i)\b(?:[a-z]{6}\d{2}[a-z]\d{2}[a-z]\d{3}[a-z]|[xyz]` + stroke + `?\d{7}` + stroke + `?[a-z]|\d{8}` + stroke + `?[a-z]|[a-z]{1,3}\d{6,9}[a-z]?)\b`), "[document]"},
	{regexp.MustCompile(`(?:\+|00|\b0)\p{Nd}{1,5}` + gap + `?/` + gap + `?\p{Nd}(?:\p{Nd}|` + gap + `|` + stroke + `|/){4,}\p{Nd}`), "[number]"},
	{regexp.MustCompile(`\p{Nd}(?:(?:` + gap + `|` + stroke + `)?\p{Nd}){12,18}`), "[card number]"},
	{regexp.MustCompile(`\+?\(?\p{Nd}(?:\p{Nd}|` + gap + `|` + stroke + `|[().·]){6,}\p{Nd}`), "[number]"},
	{regexp.MustCompile(at + `\p{Lu}` + letter + `*(?:` + gap + `\p{Lu}` + letter + `{2,})?(?:[\pN_.]+[\pL\pM\pN_]+)*`), "[handle]"},
	{regexp.MustCompile(at + `[\pL\pM\pN_.]*[\pL\pM\pN_]`), "[handle]"},
}

// spelledMail is an address written so that machines do not see it: anna (at) brand (dot) com, anna chiocciola gmail
// punto com. A bare "at" counts before the houses that give addresses to people: elsewhere it is a word.
const spelledMail = `(?i)[\pL\pM\pN_.+-]+\s*(?:[\[({<]\s*(?:at|ät|a|@|arroba|arobase|chiocciola)\s*[\])}>]|\s(?:arroba|arobase|chiocciola|` + at + `)\s)\s*[\pL\pN-]+\s*` + dotted + `\s*\pL{2,}` +
	`|(?i)[\pL\pM\pN_.+-]+\s(?:at|@|la)\s(?:gmail|googlemail|hotmail|outlook|yahoo|icloud|libero|gmx|web|protonmail|live|orange|wanadoo|sapo)\s*` + dotted + `\s*\pL{2,}`

const dotted = `(?:\.|[\[({<]\s*(?:dot|punkt|punto|point|punct|ponto|\.)\s*[\])}>]|\s(?:dot|punkt|punto|point|punct|ponto)\s)`

// streets are addresses as the seven languages write them: the kind of street before or after its name, and a house
// number. Without a number it is a place that anybody may speak of, and so it is with words that no street has.
const streets = `(?i)\b(?:via|viale|vicolo|piazza|piazzale|calle|avenida|avda\.?|paseo|carrer|strada|str\.|bulevardul|b-dul|aleea|șoseaua|rua|travessa|rue|avenue|boulevard|chemin|impasse)` + gap + `+(?:[\pL\pM.'’-]+` + gap + `+){0,4}?[\pL\pM.'’-]*[\pL\pM.],?` + gap + `+(?:n[.rº°]*` + gap + `*|nr\.?` + gap + `*|núm\.?` + gap + `*)?\d{1,4}(?:[/-]?[a-z\d])?\b` +
	`|(?i)\b\d{1,4}(?:` + gap + `?(?:bis|ter))?,?` + gap + `+(?:rue|avenue|av\.|boulevard|bd|chemin|impasse|allée|quai)` + gap + `+(?:(?:de|du|des|la|le|les)` + gap + `+|[ld]['’])*[\pL\pM'’-]+(?:` + gap + `(?-i:\p{Lu})[\pL\pM'’-]+)*` +
	`|(?i)\b\d{1,5}[a-z]?` + gap + `+(?:[\pL\pM'’-]+|(?:(?-i:\p{Lu})[\pL\pM'’-]+` + gap + `+){1,2}(?-i:\p{Lu})[\pL\pM'’-]+)` + gap + `+(?:street|road|avenue|lane|terrace|boulevard|st|rd|ave|ln|blvd)\b\.?` +
	`|(?i)[\pL\pM-]{3,}` + gap + `?(?:straße|strasse|str\.|gasse|weg|allee)` + gap + `*\d{1,4}` + gap + `?[a-z]?\b`

var (
	street    = regexp.MustCompile(streets)
	notStreet = regexp.MustCompile(`(?i)(?:^|[\s.])(?:per|for|the|an?|on|to|pour|para|pentru|für|link|whats?app|e?-?mail|dm|pm|telegram|messenger|insta(?:gram)?|facebook|sms|app|chat|online|zoom|web|site|video)(?:[\s.,]|$)`)
)

// Mask takes personal data out of a text, and characters that nobody sees: they split numbers, and
// carry words that people do not read and models do.
func Mask(s string) string {
	s = maskAccounts(seen(s))
	for _, m := range masks {
		s = m.re.ReplaceAllString(s, m.by)
	}
	return street.ReplaceAllStringFunc(s, func(found string) string {
		if notStreet.MatchString(found) {
			return found
		}
		return "[address]"
	})
}

// seen leaves out what is not seen. A joiner stays between emoji, whose parts it holds together.
func seen(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	last := ' '
	for _, r := range s {
		switch {
		case hidden(r), r < ' ' && r != '\n' && r != '\t' && r != '\r':
			continue
		case r == '\u200d' && !unicode.Is(unicode.So, last) && !unicode.Is(unicode.Sk, last) && last != '\ufe0f':
			continue
		case (r == '\ufe0f' || r == '\u20e3') && unicode.IsDigit(last): // a digit on a key is a digit
			continue
		}
		b.WriteRune(r)
		last = r
	}
	return b.String()
}

func hidden(r rune) bool {
	switch {
	case r == '\u00ad', r == '\u034f', r == '\u061c', r == '\u115f', r == '\u1160', r == '\u3164', r == '\uffa0', r == '\ufeff', r == '\u17b4', r == '\u17b5':
		return true
	case r >= '\u200b' && r <= '\u200f':
		return r != '\u200d'
	case r >= '\u180b' && r <= '\u180f', r >= '\u202a' && r <= '\u202e', r >= '\u2060' && r <= '\u206f', r >= '\ufe00' && r <= '\ufe0e', r >= '\ufff9' && r <= '\ufffb', r >= '\U0001d173' && r <= '\U0001d17a', r >= '\U000e0000' && r <= '\U000e0fff':
		return true
	}
	return false
}

// maskAccounts masks international account numbers.
func maskAccounts(s string) string {
	var b strings.Builder
	for {
		from, to := moderation.AccountNumber(s)
		if to == 0 {
			b.WriteString(s)
			return b.String()
		}
		b.WriteString(s[:from] + "[account number]")
		s = s[to:]
	}
}

// Masked is a question as it may be kept until it is asked.
func Masked(in moderation.Input) moderation.Input {
	in.Text, in.Parent, in.Caption = Mask(in.Text), Mask(in.Parent), Mask(in.Caption)
	return in
}
