package moderation

import (
	"math/bits"
	"strings"
	"unicode"
)

// evasion is what writers do to words so that no list finds them, and how wares are praised, in any language.
type evasion struct {
	doubled, words int // words with letters doubled again and again ("meempuunyaaii"), and all words
	doubles        int // letters that repeat the one before
	marks          markSet
	joints         int // capitals inside words: "1000FollowersPromo"
	amounts        int // figures with a unit or a currency right beside them: 20k, 17GB, Rp95
	thousands      int // round sums: 35.000, 19,000
}

// markSet is a set of the signs above and below Latin letters.
type markSet uint16

const (
	acute markSet = 1 << iota
	grave
	circumflex
	diaeresis
	tilde
	ring
	cedilla
	breve
	caron
	stroke
)

// lettersWith are the letters that carry a sign, lower case.
var lettersWith = []struct {
	mark    markSet
	letters string
}{
	{acute, "áéíóúýćńśź"}, {grave, "àèìòù"}, {circumflex, "âêîôûŵŷĉ"}, {diaeresis, "äëïöüÿ"}, {tilde, "ãõñĩũẽ"}, {ring, "åů"},
	{cedilla, "çşţșțąęį"}, {breve, "ăĕğĭŏŭ"}, {caron, "čšžřěňďť"}, {stroke, "øłđ"},
}

// marksOf are the signs that written languages use together; a text with others beside each other is
// dressed up: "Kürang têmen Måkånnya".
var marksOf = []markSet{
	acute | grave | circumflex | diaeresis | cedilla,    // French, Catalan
	acute | grave | circumflex | tilde | cedilla,        // Portuguese
	acute | diaeresis | tilde,                           // Spanish
	breve | circumflex | cedilla,                        // Romanian
	breve | circumflex | cedilla | diaeresis,            // Turkish
	acute | caron | ring | diaeresis,                    // Czech, Slovak
	acute | cedilla | stroke,                            // Polish
	ring | diaeresis | acute | stroke,                   // Nordic
	acute | caron | stroke,                              // Croatian
	acute | grave | circumflex | tilde | breve | stroke, // Vietnamese
}

// The letters that marks knows, lower case.
const (
	firstMarked = 'à'
	lastMarked  = 'ẽ'
)

var marks = func() (table [lastMarked - firstMarked + 1]markSet) {
	for _, l := range lettersWith {
		for _, r := range l.letters {
			table[r-firstMarked] = l.mark
		}
	}
	return table
}()

// markOf is the sign of a letter, lower case; 0: it has none.
func markOf(r rune) markSet {
	if r < firstMarked || r > lastMarked {
		return 0
	}
	return marks[r-firstMarked]
}

// lines through and under letters, which underline or strike a text out without any markup.
func isLine(r rune) bool {
	switch r {
	case 0x0305, 0x0320, 0x0332, 0x0333, 0x0335, 0x0336, 0x0337, 0x0338, 0x033f, 0x0347, 0x035f:
		return true
	}
	return false
}

// strange says whether no language puts such signs together.
func (m markSet) strange() bool {
	for _, set := range marksOf {
		if m&^set == 0 {
			return false
		}
	}
	return bits.OnesCount16(uint16(m)) > 1
}

func lookForEvasion(raw string) evasion {
	var e evasion
	var last rune
	pairs, letters, from := 0, 0, -1 // of this word; where its figures began
	figures := 0
	end := func() {
		if letters > 0 {
			e.words++
			if pairs >= 2 {
				e.doubled++
			}
		}
		pairs, letters, figures, from = 0, 0, 0, -1
	}
	run := 0
	for i, r := range raw {
		if i > 2*maxRunes {
			break
		}
		low := unicode.ToLower(r)
		switch {
		case unicode.IsLetter(r):
			letters++
			e.marks |= markOf(low)
			if low == unicode.ToLower(last) {
				if run++; run == 1 {
					pairs++
				}
				e.doubles++
			} else {
				run = 0
			}
			if unicode.IsUpper(r) && unicode.IsLower(last) {
				e.joints++
			}
			if figures > 0 && letters == 1 && (from == 0) {
				e.amounts++
			}
		case r >= '0' && r <= '9':
			if figures == 0 && letters > 0 && letters < 4 {
				e.amounts++
			}
			if from < 0 {
				from = letters
			}
			figures++
			if r == '0' && strings.HasPrefix(raw[i:], "000") && (last == '.' || last == ',') {
				e.thousands++
			}
		case (r == '.' || r == ',') && figures > 0: // inside a figure
		default:
			end()
		}
		last = r
	}
	end()
	return e
}

// evasionFeatures note it, and report whether letters are doubled through much of the text, or carry the marks of many languages.
func (s *scratch) evasionFeatures(n *normal) (evades bool) {
	e := lookForEvasion(n.raw)
	most := 0
	switch {
	case e.words >= 3 && e.doubled*2 > e.words:
		most = 3
	case e.words >= 4 && e.doubled*4 > e.words:
		most = 2
	case e.doubled > 1:
		most = 1
	}
	s.loud(50, most)
	if n.facts.letters > 0 {
		s.loud(51, min(e.doubles*20/n.facts.letters, 4))
		s.loud(52, min(n.facts.upper*5/n.facts.letters, 4))
	}
	if e.marks.strange() {
		s.loud(53, 1)
	}
	s.loud(54, min(e.joints, 3))
	s.loud(55, min(e.amounts, 3))
	s.loud(56, min(e.thousands, 2))
	if sales := s.concepts.sales(); sales > 0 && e.amounts+e.thousands > 0 {
		s.loud(57, min(sales, 3))
	}
	if e.amounts+e.thousands > 0 && n.facts.emoji > 0 {
		s.loud(58, 1)
	}
	if n.facts.mentions > 0 && (e.amounts+e.thousands > 0 || n.facts.shouted()) {
		s.loud(59, 1)
	}
	return e.marks.strange() || e.doubled > 1 && e.doubled*4 > e.words
}
