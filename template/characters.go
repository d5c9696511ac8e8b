package template

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unseen says of a character that it is not to be in a text for people: control characters, those that turn the
// direction of what follows, those that are there without showing, and those that show as nothing but a gap. The marks
// of one letter's direction, the joiners and signs that stand around numbers stay: Arabic, Hebrew and compound emoji are
// written with them. Tags stay where they are a flag's; see firstUnseen.
func unseen(c rune) bool {
	switch {
	case c == 0x061c, c >= 0x200c && c <= 0x200f, unicode.Is(unicode.Prepended_Concatenation_Mark, c):
		return false
	case unicode.IsControl(c), unicode.In(c, unicode.Cf, unicode.Co, unicode.Noncharacter_Code_Point), c == utf8.RuneError, c == 0x2028, c == 0x2029:
		return true
	}
	return slices.Contains(blank, c) || c >= 0xfff0 && c <= 0xfffb || c >= 0xe0000 && c <= 0xe00ff || c >= 0xe01f0 && c <= 0xe0fff
}

// blank are letters and marks that show nothing: fillers of Hangul, the joiner of graphemes, vowels that Khmer writing
// does without, the separator of Mongolian vowels, Braille without a dot.
var blank = []rune{0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180e, 0x2065, 0x2800, 0x3164, 0xffa0}

// flagTags is how many bytes of tags stand at the start of a text that follows a black flag, where they end as the flag
// of a region does.
func flagTags(after string) int {
	n := 0
	for _, c := range after {
		n += utf8.RuneLen(c)
		switch {
		case c == 0xe007f && n > 4:
			return n
		case c < 0xe0030 || c > 0xe007a:
			return 0
		}
	}
	return 0
}

// firstUnseen finds the first character that is not to be in a text; -1 where there is none.
func firstUnseen(text string) int {
	for i := 0; i < len(text); {
		c, n := utf8.DecodeRuneInString(text[i:])
		if unseen(c) && c != '\n' && c != '\t' && c != '\r' {
			return i
		}
		if i += n; c == '🏴' {
			i += flagTags(text[i:])
		}
	}
	return -1
}

// seen is a text without what nobody sees in it, but for what parts words.
func seen(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); {
		c, n := utf8.DecodeRuneInString(text[i:])
		if c == '🏴' {
			n += flagTags(text[i+n:])
		}
		if !unseen(c) || unicode.IsSpace(c) {
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// checkCharacters finds what nobody who approves a text can see in it.
func (d Definition) checkCharacters(f *faults) {
	list := d.texts()
	for i, b := range d.Buttons {
		at := fmt.Sprintf("buttons[%d]", i)
		list = append(list, placed{at + ".code", b.Code}, placed{at + ".flow_id", b.FlowID}, placed{at + ".screen", b.Screen}, placed{at + ".payload", b.Payload})
	}
	for _, v := range d.Variables {
		at := "variables[" + v.In + ":" + v.Name + "]"
		list = append(list, placed{at + ".example", v.Example}, placed{at + ".fallback", v.Fallback})
	}
	for _, p := range list {
		if i := firstUnseen(p.text); i >= 0 {
			c, _ := utf8.DecodeRuneInString(p.text[i:])
			f.add(p.at, "unseen_character", "there is a character here that nobody sees (%s): take it out", fmt.Sprintf("U+%04X", c))
		}
	}
}

// holdsWord says whether there is more in a text than punctuation, formatting and space. A currency is said aloud.
func holdsWord(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool {
		return unicode.IsLetter(c) || unicode.IsNumber(c) || unicode.In(c, unicode.So, unicode.Sc)
	})
}
