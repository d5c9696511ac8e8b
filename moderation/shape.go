package moderation

import (
	"math/bits"
	"strings"
	"unicode"
)

// shapeFeatures say what the text looks like, whatever its language: the same trick looks the same in
// all of them. It reports whether the text is disguised: set in strange letters, or its words taken apart or framed.
func (s *scratch) shapeFeatures(n *normal) (disguised bool) {
	f := &n.facts
	s.loud(1, min(f.links, 2))
	s.loud(2, few(f.emoji))
	s.loud(3, few(f.styled))
	s.loud(4, few(f.mentions))
	s.loud(5, few(f.hashtags))
	if f.phone {
		s.loud(6, 1)
	}
	if f.mixed {
		s.loud(7, 1)
	}
	if f.hidden > 1 {
		s.loud(8, 1)
	}
	if f.shouted() {
		s.loud(9, 1)
	}
	if f.digits > 0 && f.digits*4 > f.runes {
		s.loud(10, 1)
	}
	length := 0
	for k := f.runes; k > 12; k /= 2 {
		length++
	}
	s.loud(11, length)
	brand, alone, most := oddWords(n.folded)
	s.loud(12, min(brand, 2)) // letters and figures in one word: "win88", "f0ll0wers"
	s.loud(13, few(alone))    // letters that stand alone: "f r e e"
	if most > 18 {
		s.loud(16, 1)
	}
	if n.tight != n.folded {
		s.loud(17, 1)
	}
	d := s.disguiseFeatures(n, brand, alone)
	return f.mixed || alone > 2 || d.styled > 1 || d.wrapped > 0
}

// disguiseFeatures look at the text as it was typed: letters of several decorated alphabets, decorated
// figures, a word between two emoji, one emoji many times, shouted words, sums of money.
func (s *scratch) disguiseFeatures(n *normal, brand, alone int) guise {
	d := lookAt(n.raw)
	s.loud(30, min(bits.OnesCount32(d.alphabets), 3))
	s.loud(31, few(d.styledFigures))
	s.loud(32, min(d.wrapped, 2))
	s.loud(33, min(d.flood/3, 3))
	s.loud(34, min(d.shouted, 3))
	s.loud(35, min(d.money, 2))
	if d.styled > 1 {
		s.loud(36, min(4*d.styled/max(n.facts.letters, 1), 3)) // a word in a sentence, or all of it
		if brand > 0 || d.styledFigures > 0 || n.facts.digits > 0 {
			s.loud(37, 1)
		}
	}
	if brand+alone > 0 && (d.wrapped > 0 || d.shouted > 0) {
		s.loud(38, 1)
	}
	if n.facts.links > 0 && n.facts.emoji > 1 {
		s.loud(39, 1)
	}
	if (n.facts.phone || n.facts.links > 0) && (d.shouted > 1 || n.facts.emoji > 2) {
		s.loud(40, 1)
	}
	s.loud(41, min(s.concepts.sales(), 3))
	s.callFeatures(n)
	return d
}

// callFeatures look for what calls the reader elsewhere, in any language: signs that point or praise wares,
// names with figures or dots in them, lines and fields of a notice, sums such as 10k.
func (s *scratch) callFeatures(n *normal) {
	points, fields, lines, handles, sums := 0, 0, 0, 0, 0
	var last, before rune
	name := -1 // signs of the name being read; -1: none is
	for _, r := range n.lower {
		switch {
		case pointing(r):
			points++
		case r == ':' && (last >= 'a' && last <= 'z' || last == ' '):
			fields++
		case r == '\n':
			lines++
		}
		if (r == 'k' || r == 'm') && last >= '0' && last <= '9' && before != '/' {
			sums++
		}
		switch letter := r >= 'a' && r <= 'z'; {
		case r == '@':
			name = 0
		case name >= 0 && (r >= '0' && r <= '9' || r == '_' || r == '.'):
			if name++; name == 1 {
				handles++
			}
		case name >= 0 && !letter:
			name = -1
		}
		before, last = last, r
	}
	s.loud(42, few(points))
	s.loud(43, min(fields, 3))
	s.loud(44, min(lines, 3))
	s.loud(45, min(handles, 2))
	s.loud(46, min(sums, 2))
	if handles+fields > 0 && points > 0 {
		s.loud(47, 1)
	}
	if n.facts.mentions > 0 && s.concepts.sales() > 0 {
		s.loud(48, min(s.concepts.sales(), 3))
	}
	if n.facts.phone && (points > 0 || fields > 0) {
		s.loud(49, 1)
	}
}

// pointing reports emoji that point somewhere, or at wares and money.
func pointing(r rune) bool {
	switch {
	case r >= 0x1f446 && r <= 0x1f449, r >= 0x1f4b0 && r <= 0x1f4b8, r >= 0x1f4de && r <= 0x1f4e9, r >= 0x1f4f1 && r <= 0x1f4f2:
		return true // hands, money, telephones and letters
	}
	switch r {
	case '☎', '✅', '✔', '➡', '⬇', '⬆', '➤', '►', '▶', '📌', '🔗', '🎁', '🎉', '💯', '🔥', '💬', '🛒', '🛍', '💎', '⭐', '🌟', '🆓', '🆕':
		return true
	}
	return false
}

// guise is what a text shows as it was typed.
type guise struct {
	alphabets                                             uint32 // a bit for each decorated alphabet
	styled, styledFigures, wrapped, flood, shouted, money int
}

func lookAt(raw string) guise {
	var d guise
	var last rune
	run, upper, seen := 0, 0, 0
	before := false // an emoji stood right before this word
	for i, r := range raw {
		if i > 2*maxRunes {
			break
		}
		switch {
		case styledLetter(r):
			d.styled++
			if r >= 0x1d400 && r <= 0x1d7ff {
				d.alphabets |= 1 << ((r - 0x1d400) / 52 % 32)
				if r >= 0x1d7ce {
					d.styledFigures++
				}
			} else {
				d.alphabets |= 1 << 31
			}
		case r == '$' || r == '€' || r == '£' || r == '%' || r == '₽' || r == '¥':
			d.money++
		}
		emoji := isEmoji(r) && !styledLetter(r)
		if emoji {
			if r == last {
				run++
				d.flood = max(d.flood, run)
			} else {
				run = 1
			}
			if before && seen >= 3 && seen <= 24 {
				d.wrapped++
			}
		}
		if r == 0xfe0f || r == 0x200d {
			continue
		}
		switch {
		case unicode.IsUpper(r):
			upper++
			seen++
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			upper = -100
			seen++
		default:
			if upper >= 4 {
				d.shouted++
			}
			upper = 0
			if emoji {
				before, seen = true, 0
			} else if r == ' ' && seen == 0 || seen > 24 {
				before = false
			}
		}
		last = r
	}
	if upper >= 4 {
		d.shouted++
	}
	return d
}

// oddWords counts words of letters and figures, letters standing alone, and the longest word's bytes.
func oddWords(text string) (brand, alone, longest int) {
	for len(text) > 0 {
		word, rest, _ := strings.Cut(text, " ")
		text = rest
		letters, figures := 0, 0
		for i := 0; i < len(word); i++ {
			switch c := word[i]; {
			case c >= '0' && c <= '9':
				figures++
			case c >= 'a' && c <= 'z' || c >= 0x80:
				letters++
			}
		}
		if letters >= 3 && figures > 0 {
			brand++
		}
		if len(word) == 1 && letters == 1 {
			alone++
		}
		longest = max(longest, len(word))
	}
	return brand, alone, longest
}
