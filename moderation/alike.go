package moderation

import (
	"crypto/sha256"
	"strings"
	"unicode"
)

// AlikeHash names what a text says once case, accents, look-alikes, marks, spaces and emoji are set
// aside, so that a storm of one text in many clothes is one thing to decide. A text of emoji alone is
// named by them, each once in a row. Nil: there is nothing to compare, such as a picture without words.
func (v Verdict) AlikeHash() []byte {
	var words, signs strings.Builder
	var last rune
	for _, r := range v.Normalised {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			words.WriteRune(r)
		case isEmoji(r) && r != last:
			signs.WriteRune(r)
		}
		if r != ' ' {
			last = r
		}
	}
	what := "words:" + words.String()
	if words.Len() == 0 {
		what = "signs:" + signs.String()
	}
	if words.Len() == 0 && signs.Len() == 0 {
		return nil
	}
	sum := sha256.Sum256([]byte(what))
	return sum[:]
}

// AlikeHashOf is the AlikeHash that a verdict on the text would have.
func AlikeHashOf(text string) []byte { return Verdict{Normalised: normalise(text).folded}.AlikeHash() }
