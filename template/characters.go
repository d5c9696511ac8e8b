package template

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// unseen says of a character that it is not to be in a text for people: control characters, those that turn the
// direction of what follows, and those that are there without showing. The marks of one letter's direction and the
// joiners stay: Arabic, Hebrew and compound emoji are written with them.
func unseen(c rune) bool {
	switch {
	case unicode.IsControl(c), c >= 0x202a && c <= 0x202e, c >= 0x2060 && c <= 0x206f, c == 0x200b, c == 0x2028, c == 0x2029, c == 0xfeff, c == 0x00ad,
		c == utf8.RuneError, c >= 0xfff9 && c <= 0xfffb, unicode.Is(unicode.Co, c):
		return true
	}
	return false
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
		if i := strings.IndexFunc(p.text, func(c rune) bool { return unseen(c) && c != '\n' && c != '\t' && c != '\r' }); i >= 0 {
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
