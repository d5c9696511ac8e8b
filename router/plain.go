package router

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// tellsLittle is of how many plain words nobody can say for sure which language they are: "summer" is German too.
const tellsLittle = 2

// PlainWords counts the words that tell of a language, and their letters: of letters alone and at least two of them.
// Numbers, codes such as boat123, addresses, mentions and hashtags tell of none.
func PlainWords(text string) (words, letters int) {
	for _, w := range strings.Fields(text) {
		if strings.ContainsAny(w, "@#/_") || strings.ContainsFunc(w, unicode.IsDigit) {
			continue
		}
		w = strings.TrimFunc(w, func(r rune) bool { return !unicode.IsLetter(r) })
		if n := utf8.RuneCountInString(w); n > 1 && !strings.Contains(w, ".") {
			words, letters = words+1, letters+n
		}
	}
	return words, letters
}
