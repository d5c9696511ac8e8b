package moderation

import (
	"math/bits"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxFeatures bounds what is looked at of one text, beyond any real comment.
const maxFeatures = 1 << 15

// scratch keeps the buffers of scoring, so that a text costs no memory once they have grown.
type scratch struct {
	word     []rune
	feats    []uint32 // each feature of the text once
	seen     []uint64 // open addressing: generation << 32 | feature
	mask     uint32
	round    uint32
	sums     [maxLabels]int32
	probs    [maxLabels]float64
	shaking  []byte
	sentence sentence // the text read for wishes
	signs    []uint32
	// what the text shows of concepts, and where in feats its shape begins
	concepts  conceptSet
	shapeFrom int
}

const maxLabels = 16

// begin empties the list of features and makes room for a text of n bytes.
func (s *scratch) begin(n int) {
	size := 1024
	for size < 14*n && size < 2*maxFeatures {
		size *= 2
	}
	if len(s.seen) < size {
		s.seen, s.round = make([]uint64, size), 0
	}
	s.mask = uint32(size - 1)
	s.feats = s.feats[:0]
	if s.round++; s.round == 0 {
		clear(s.seen)
		s.round = 1
	}
}

// add notes a feature unless the text has shown it already.
func (s *scratch) add(h uint32) {
	mark := uint64(s.round)<<32 | uint64(h)
	for i := h & s.mask; ; i = (i + 1) & s.mask {
		switch e := s.seen[i]; {
		case e == mark:
			return
		case uint32(e>>32) != s.round:
			if len(s.feats) < maxFeatures {
				s.seen[i] = mark
				s.feats = append(s.feats, h)
			}
			return
		}
	}
}

const (
	fnvStart = uint32(2166136261)
	fnvPrime = uint32(16777619)
)

// textFeatures are those of all heads but language: pieces of two to six letters inside words and at
// their edges, words, pairs, pairs with one between, from the folded text and, where evasion made it
// differ, from the tight one; what the lexicon knows; what the text looks like.
func (m *Model) textFeatures(s *scratch, n *normal, language string) {
	s.begin(len(n.folded))
	s.concepts = conceptSet{}
	strong, mild, words := m.wordFeatures(s, n.folded, language)
	if n.tight != n.folded {
		a, b, _ := m.wordFeatures(s, n.tight, language)
		strong, mild = max(strong, a), max(mild, b)
	}
	if m.lexicon.covers(language) {
		s.loud(21, min(strong, 2))
		s.loud(22, min(mild, 2))
		if strong > 0 && words < 8 {
			s.loud(23, 1)
		}
	}
	s.conceptFeatures(s.concepts)
	s.signFeatures(n)
	s.shapeFrom = len(s.feats)
	s.shapeFeatures(n)
}

func (m *Model) wordFeatures(s *scratch, text, language string) (strong, mild, words int) {
	var last, before uint32
	for len(text) > 0 {
		word, rest, _ := strings.Cut(text, " ")
		text = rest
		if word == "" {
			continue
		}
		words++
		s.pieces(word, 2, 6)
		w := wordHash(word)
		s.add(w)
		s.add(mix(w + 17)) // a word counts twice beside its pieces
		level := m.lexicon.level(w, language)
		pair := uint32(0)
		if last != 0 {
			pair = mix(last*31 + w)
			s.add(pair)
			level = max(level, m.lexicon.level(pair, language))
		}
		s.concepts.note(word, w, pair)
		if before != 0 {
			s.add(mix(before*37 + w + 5))
		}
		switch level {
		case 2:
			strong++
		case 1:
			mild++
		}
		before, last = last, w
	}
	return strong, mild, words
}

func wordHash(word string) uint32 {
	h := fnvStart
	for _, r := range word {
		h = (h ^ uint32(r)) * fnvPrime
	}
	return mix(h ^ 0x5bd1e995)
}

// pieces adds the n-grams of a word with a space at each end.
func (s *scratch) pieces(word string, from, to int) {
	buf := append(s.word[:0], ' ')
	for _, r := range word {
		buf = append(buf, r)
	}
	buf = append(buf, ' ')
	s.word = buf
	for i := range buf {
		h := fnvStart
		for k := 0; k < to && i+k < len(buf); k++ {
			h = (h ^ uint32(buf[i+k])) * fnvPrime
			if k+1 >= from {
				s.add(mix(h + uint32(k)*0x9e3779b9))
			}
		}
	}
}

// languageFeatures are pieces of one to four letters and words, with the marks and letters of the
// language kept.
func (s *scratch) languageFeatures(lower []rune) {
	s.begin(2 * len(lower))
	s.shaking = s.shaking[:0]
	for _, r := range lower {
		switch {
		case unicode.IsLetter(r) || unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Mc, r) || r == '\'' || r == '’':
			s.shaking = utf8.AppendRune(s.shaking, r)
			continue
		case len(s.shaking) > 0:
			s.languageWord()
		}
	}
	if len(s.shaking) > 0 {
		s.languageWord()
	}
}

func (s *scratch) languageWord() {
	buf := append(s.word[:0], ' ')
	h := fnvStart
	for b := s.shaking; len(b) > 0; {
		r, size := utf8.DecodeRune(b)
		b = b[size:]
		buf = append(buf, r)
		h = (h ^ uint32(r)) * fnvPrime
	}
	buf = append(buf, ' ')
	s.word, s.shaking = buf, s.shaking[:0]
	w := mix(h ^ 0x5bd1e995)
	s.add(w)
	s.add(mix(w + 17))
	for i := range buf {
		h := fnvStart
		for k := 0; k < 5 && i+k < len(buf); k++ {
			h = (h ^ uint32(buf[i+k])) * fnvPrime
			s.add(mix(h + uint32(k)*0x9e3779b9))
		}
	}
	s.add(mix(0x51ed270b + scriptOf(buf[1])))
}

// scriptOf tells alphabets apart roughly: by blocks of 128 letters.
func scriptOf(r rune) uint32 { return uint32(r) >> 7 }

// loud adds a fact as loud as a few pieces of a word.
func (s *scratch) loud(kind, value int) {
	h := mix(0xabcdef01 + uint32(kind)*7919 + uint32(value)*104729)
	for i := uint32(0); i < 4; i++ {
		s.add(mix(h + i))
	}
}

// shapeFeatures say what the text looks like, whatever its language: the same trick looks the same in
// all of them.
func (s *scratch) shapeFeatures(n *normal) {
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
	if f.letters > 8 && f.upper*2 > f.letters {
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
	s.disguiseFeatures(n, brand, alone)
}

// disguiseFeatures look at the text as it was typed: letters of several decorated alphabets, decorated
// figures, a word between two emoji, one emoji many times, shouted words, sums of money.
func (s *scratch) disguiseFeatures(n *normal, brand, alone int) {
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

// signFeatures say how a text begins, ends and is pointed: questions differ from complaints by that.
func (s *scratch) signFeatures(n *normal) {
	asks, shouts := 0, 0
	for _, r := range n.lower {
		switch r {
		case '?', '¿', '？':
			asks++
		case '!', '¡':
			shouts++
		}
	}
	s.loud(25, min(asks, 2))
	s.loud(26, min(shouts, 3))
	first, rest, _ := strings.Cut(n.folded, " ")
	second, _, _ := strings.Cut(rest, " ")
	if first != "" {
		h := wordHash(first)
		s.add(mix(h ^ 0x7f4a7c15))
		if second != "" {
			s.add(mix(h*31 + wordHash(second) ^ 0x7f4a7c15))
		}
	}
	if i := strings.LastIndexByte(n.folded, ' '); i >= 0 {
		s.add(mix(wordHash(n.folded[i+1:]) ^ 0x1b873593))
	}
}

func few(n int) int {
	switch {
	case n == 0:
		return 0
	case n <= 2:
		return 1
	case n <= 5:
		return 2
	}
	return 3
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

// mix spreads a hash over all bits (the finaliser of MurmurHash3, public domain).
func mix(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return h
}
