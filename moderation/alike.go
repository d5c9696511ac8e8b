package moderation

import (
	"crypto/sha256"
	"regexp"
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

// StormHash names what is alike of a question to the language model: under one policy, and of comments
// alone, since in a conversation the same words may mean another thing. Numbers and the people that are named
// do not tell two texts apart here, as they do where a person decides: whoever writes the same thousands of times
// changes those. Nil: a text with pictures, or with nothing to compare, is asked about by itself.
func (v Verdict) StormHash(in Input) []byte {
	alike := v.AlikeHash()
	if bare := withoutNumbers(normalise(mention.ReplaceAllString(in.Text, " ")).folded); strings.ContainsFunc(bare, unicode.IsLetter) { // else numbers and names are all it says
		alike = Verdict{Normalised: bare}.AlikeHash()
	}
	if alike == nil || in.Subject != SubjectComment || in.Pictures != "" {
		return nil
	}
	sum := sha256.Sum256(append([]byte(v.PolicyVersion+"\x00"), alike...))
	return sum[:]
}

// signedNumbers are numbers that say something by themselves: hate groups sign with them.
var signedNumbers = wordSet("14 18 28 88 1488 8814 1352 1390")

var mention = regexp.MustCompile(`@[\pL\pN._]+`)

// withoutNumbers leaves out numbers, also such as hang on a word.
func withoutNumbers(folded string) string {
	var kept []string
	for word := range strings.FieldsSeq(folded) {
		letters := strings.ContainsFunc(word, unicode.IsLetter)
		switch bare := strings.TrimFunc(word, unicode.IsDigit); {
		case !letters && strings.ContainsFunc(word, unicode.IsDigit) && !signedNumbers[word]:
		case letters && len(word)-len(bare) >= 3:
			kept = append(kept, bare)
		default:
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}
