package moderation

import (
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
	looks    []uint32 // the features of the head of looks
	offers   bool     // something is seen that spam lives by, in any language
	// what the text shows of concepts
	concepts conceptSet
	facts    []float64 // what the heads say, for the concern
	sure     float64   // how likely the text is of the language it was taken for
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
	s.moodFeatures(n.folded, language)
	s.signFeatures(n)
	from := len(s.feats)
	disguised := s.shapeFeatures(n)
	s.looks = append(s.looks[:0], s.feats[from:]...)
	kept := len(s.feats)
	evades := s.evasionFeatures(n) // these are for the head of looks alone: the others have no use for them
	s.outlineFeatures(n)
	s.pointFeatures(n)
	s.wareFeatures(n)
	s.looks = append(s.looks, s.feats[kept:]...)
	s.feats = s.feats[:kept]
	s.offers = evades || disguised || s.concepts.sales() > 0 || n.facts.links > 0 || n.facts.phone || n.facts.shouted()
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

// mix spreads a hash over all bits (the finaliser of MurmurHash3, public domain).
func mix(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	h ^= h >> 16
	return h
}
