package asks

import (
	"regexp"
	"strings"

	"ponte/moderation"
)

// What leaves for the model carries no personal data that it does not need: numbers, addresses and
// handles become placeholders that keep what they were.
var masks = []struct {
	re *regexp.Regexp
	by string
}{
	{regexp.MustCompile(`[\pL\pN_.+-]+@[\pL\pN_-]+(\.[\pL\pN_-]+)+`), "[e-mail]"},
	{regexp.MustCompile(`\b[A-Z]{2}\p{Nd}{2}[ ]?(?:[A-Z\p{Nd}]{4}[ ]?){3,7}[A-Z\p{Nd}]{0,4}\b`), "[account number]"},
	{regexp.MustCompile(`\p{Nd}(?:[ -]?\p{Nd}){12,18}`), "[card number]"},
	{regexp.MustCompile(`\+?\(?\p{Nd}[\p{Nd}\s().-]{6,}\p{Nd}`), "[number]"},
	{regexp.MustCompile(`@[\w.]+\w`), "[handle]"},
}

// Mask takes personal data out of a text, and characters that nobody sees: they split numbers, and
// carry words that people do not read and models do.
func Mask(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\u200b', r == '\u2060', r == '\ufeff', r == '\u00ad', r >= '\u202a' && r <= '\u202e', r >= '\u2066' && r <= '\u2069', r >= 0xe0000 && r <= 0xe007f:
			return -1
		}
		return r
	}, s)
	for _, m := range masks {
		s = m.re.ReplaceAllString(s, m.by)
	}
	return s
}

// Masked is a question as it may be kept until it is asked.
func Masked(in moderation.Input) moderation.Input {
	in.Text, in.Parent, in.Caption = Mask(in.Text), Mask(in.Parent), Mask(in.Caption)
	return in
}
