package moderation

import (
	_ "embed" // the words
	"math/bits"
	"strings"
	"sync"
)

//go:embed concepts.txt
var conceptWords string

// maxConcepts is how many the set of a text has room for.
const maxConcepts = 192

type conceptSet [maxConcepts / 64]uint64

// concepts finds by hash which concepts a word, its beginning or a pair of words belongs to. The list is
// part of the program as the features are: a model is trained and read with the same one.
var concepts = sync.OnceValue(func() map[uint32][]uint8 {
	out := map[uint32][]uint8{}
	number := uint8(0)
	for line := range strings.Lines(conceptWords) {
		_, words, ok := strings.Cut(line, " = ")
		if strings.HasPrefix(line, "#") || !ok {
			continue
		}
		if number == maxConcepts {
			panic("concepts.txt holds more concepts than a text's set has room for")
		}
		for word := range strings.FieldsSeq(words) {
			key := conceptKey(word)
			if !hasConcept(out[key], number) {
				out[key] = append(out[key], number)
			}
		}
		number++
	}
	return out
})

// salesConcepts are those that sellers of followers, bets, loans and luck use in every language.
var salesConcepts = sync.OnceValue(func() conceptSet {
	var set conceptSet
	number := 0
	for line := range strings.Lines(conceptWords) {
		name, _, ok := strings.Cut(line, " = ")
		if strings.HasPrefix(line, "#") || !ok {
			continue
		}
		switch name {
		case "followers", "money", "crypto", "winner", "linkbio", "loan", "casino", "verifyaccount", "cheap", "free", "contact", "order", "wares":
			set[number/64] |= 1 << (number % 64)
		}
		number++
	}
	return set
})

// sales counts the concepts of selling.
func (c *conceptSet) sales() int {
	set := salesConcepts()
	n := 0
	for i := range c {
		n += bits.OnesCount64(c[i] & set[i])
	}
	return n
}

func hasConcept(list []uint8, c uint8) bool {
	for _, l := range list {
		if l == c {
			return true
		}
	}
	return false
}

const stemSalt = 0x3c6ef372

func conceptKey(word string) uint32 {
	if stem, ok := strings.CutSuffix(word, "*"); ok {
		h := fnvStart
		for _, r := range stem {
			h = (h ^ uint32(r)) * fnvPrime
		}
		return mix(h ^ stemSalt)
	}
	if first, second, ok := strings.Cut(word, "_"); ok {
		return mix(wordHash(first)*31 + wordHash(second))
	}
	return wordHash(word)
}

func (c *conceptSet) add(list []uint8) {
	for _, n := range list {
		c[n/64] |= 1 << (n % 64)
	}
}

// note adds the concepts of a word, and of the pair it ends.
func (c *conceptSet) note(word string, w, pair uint32) {
	known := concepts()
	c.add(known[w])
	if pair != 0 {
		c.add(known[pair])
	}
	h, n := fnvStart, 0
	for _, r := range word {
		h = (h ^ uint32(r)) * fnvPrime
		if n++; n >= 2 {
			c.add(known[mix(h^stemSalt)])
		}
		if n == 14 {
			return
		}
	}
}

// conceptFeatures adds the concepts of a text and their pairs.
func (s *scratch) conceptFeatures(set conceptSet) {
	var list [24]uint8
	n := 0
	for i, part := range set {
		for ; part != 0 && n < len(list); part &= part - 1 {
			list[n] = uint8(i*64 + bits.TrailingZeros64(part))
			n++
		}
	}
	for i, a := range list[:n] {
		h := mix(0x2545f491 + uint32(a)*0x9e3779b9)
		for k := uint32(0); k < conceptLoud; k++ {
			s.add(mix(h + k))
		}
		for _, b := range list[i+1 : n] {
			s.add(mix(h*31 + uint32(b)))
		}
	}
	s.loud(24, min(n, 4))
}

const conceptLoud = uint32(3)
