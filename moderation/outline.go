package moderation

import (
	"math/bits"
	"unicode"
)

// outlineFeatures say how a text is laid out, word by word, whatever the words: which kinds of words follow which.
// A name after a colon, figures after a currency, an emoji between shouted words look alike in all languages.
func (s *scratch) outlineFeatures(n *normal) {
	const salt = 0x68e31da4
	kind, last, before := uint32(0), uint32(1), uint32(1) // of this word and the two before; 1: the beginning
	signs, words := 0, 0
	end := func() {
		if kind == 0 {
			return
		}
		k := kind<<2 | uint32(few(signs))
		s.add(mix(salt ^ k))
		s.add(mix(salt ^ mix(last*31+k)))
		s.add(mix(salt ^ mix(mix(before*37+last)*31+k)))
		before, last = last, k
		kind, signs = 0, 0
		words++
	}
	for i, r := range n.raw {
		if i > 2*maxRunes || words > mostOutlined {
			break
		}
		if unicode.IsSpace(r) {
			end()
			if r == '\n' {
				kind = kindLine
				end()
			}
			continue
		}
		if k := kindOf(r); k != kindMark {
			kind |= k
			signs++
		}
	}
	end()
	s.add(mix(salt ^ mix(before*41+last*43+2))) // how it ends
}

// mostOutlined bounds the words that are looked at.
const mostOutlined = 400

// pointFeatures say how a text is pointed.
func (s *scratch) pointFeatures(n *normal) {
	asks, shouts, stops, commas, again := 0, 0, 0, 0, 0
	var last rune
	for _, r := range n.lower {
		switch r {
		case '?', '¿':
			asks++
		case '!', '¡':
			shouts++
		case '.':
			stops++
		case ',':
			commas++
		}
		if r == last && (r == '!' || r == '.' || r == '?') {
			again++
		}
		last = r
	}
	s.loud(60, min(asks, 2))
	s.loud(61, min(shouts, 3))
	s.loud(62, few(stops))
	s.loud(63, few(commas))
	s.loud(64, few(again))
}

// wareFeatures note each concept a text shows, and what of selling stands beside names, figures and emoji: words that
// many languages borrow, and no others, speak here.
func (s *scratch) wareFeatures(n *normal) {
	sales := salesConcepts()
	for i, part := range s.concepts {
		for ; part != 0; part &= part - 1 {
			c := i*64 + bits.TrailingZeros64(part)
			s.loud(1000+c, 1)
			if sales[i]&(part&-part) == 0 {
				continue
			}
			s.loud(2000+c, 1)
			for k, beside := range [...]int{n.facts.mentions, n.facts.digits, n.facts.emoji} {
				if beside > 0 {
					s.loud(3000+1000*k+c, 1)
				}
			}
		}
	}
}

// The kinds of characters a word is made of.
const (
	kindSmall uint32 = 1 << iota
	kindCapital
	kindFigure
	kindStyled
	kindEmoji
	kindMention
	kindHashtag
	kindStop
	kindComma
	kindColon
	kindAsk
	kindShout
	kindSum
	kindJoint
	kindScript
	kindLine

	kindMark uint32 = 0 // says nothing
)

func kindOf(r rune) uint32 {
	switch {
	case r >= 'a' && r <= 'z':
		return kindSmall
	case r >= 'A' && r <= 'Z':
		return kindCapital
	case r >= '0' && r <= '9':
		return kindFigure
	case styledLetter(r):
		return kindStyled
	case isEmoji(r):
		return kindEmoji
	}
	switch r {
	case '@':
		return kindMention
	case '#':
		return kindHashtag
	case '.', '…':
		return kindStop
	case ',', ';':
		return kindComma
	case ':', '=':
		return kindColon
	case '?', '¿':
		return kindAsk
	case '!', '¡':
		return kindShout
	case '$', '€', '£', '%', '+':
		return kindSum
	case '/', '-', '_', '|', '&', '*', '(', ')', '[', ']':
		return kindJoint
	}
	switch {
	case unicode.IsUpper(r):
		return kindCapital
	case unicode.IsLetter(r) && r < 0x250:
		return kindSmall
	case unicode.IsLetter(r):
		return kindScript
	}
	return kindMark
}
