package moderation

import (
	"fmt"
	"math/bits"
	"strings"
)

// phraseIndex holds the phrases of all rules: a trie over whole words, kept in one hash table whose keys
// are (node, word). A comment is looked up word by word, so fifty thousand phrases cost it no more than
// fifty.
type phraseIndex struct {
	keys  []uint64
	nodes []int32
	mask  uint64
	ends  [][]uint16 // by node: the lists a phrase that ends here is in
	inner []bool     // by node: whether a phrase goes on from it

	starts, tails, parts uint64 // lengths of word beginnings, endings and parts that phrases with a * ask for
	exact                bool   // some lists take words only as they are written
	longest              int    // letters of the longest phrase written in one

	build map[uint64]int32
}

// How a word of a phrase is compared.
const (
	wholeWord uint64 = iota + 1
	exactWord
	startsWord // "free*"
	endsWord   // "*free"
	partOfWord // "*free*"
)

// The limits of phrases.
const (
	maxPhraseWords   = 10
	maxPhraseLetters = 100
	maxWildLetters   = 40 // of a word with a *
	minWildLetters   = 3
)

const (
	hashStart = uint64(14695981039346656037)
	hashPrime = uint64(1099511628211)
)

func stir(h uint64, r rune) uint64 { return (h ^ uint64(r)) * hashPrime }

func hashRunes(runes []rune) uint64 {
	h := hashStart
	for _, r := range runes {
		h = stir(h, r)
	}
	return h
}

func edge(node int32, kind, h uint64) uint64 {
	k := h ^ (uint64(node)+1)*0x9e3779b97f4a7c15 ^ kind*0xd6e8feb86659fd93
	k ^= k >> 32
	k *= 0xff51afd7ed558ccd
	k ^= k >> 29
	return k | 1 // 0 marks an empty place
}

func newPhraseIndex() *phraseIndex {
	return &phraseIndex{build: map[uint64]int32{}, ends: make([][]uint16, 1), inner: make([]bool, 1)}
}

func (p *phraseIndex) child(node int32, kind, h uint64) int32 {
	k := edge(node, kind, h)
	n, ok := p.build[k]
	if !ok {
		n = int32(len(p.ends))
		p.build[k] = n
		p.ends, p.inner = append(p.ends, nil), append(p.inner, false)
		p.inner[node] = true
	}
	return n
}

func (p *phraseIndex) end(node int32, list uint16) {
	for _, l := range p.ends[node] {
		if l == list {
			return
		}
	}
	p.ends[node] = append(p.ends[node], list)
}

// add puts a phrase into a list.
func (p *phraseIndex) add(phrase string, list uint16, exact bool) error {
	words, err := phraseWords(phrase)
	if err != nil {
		return err
	}
	p.put(words, list, exact)
	if exact {
		return nil
	}
	p.addFieldsTogether(words, list)
	p.addRunTogether(words, list)
	if plain := umlauts.Replace(phrase); plain != phrase {
		if words, err := phraseWords(plain); err == nil {
			p.put(words, list, false)
			p.addRunTogether(words, list)
		}
	}
	return nil
}

// umlauts are as keyboards without them write them; without their dots they are found anyway.
var umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue")

func (p *phraseIndex) put(words []phraseWord, list uint16, exact bool) {
	node := int32(0)
	for _, w := range words {
		kind := w.kind
		if exact && kind == wholeWord {
			kind, p.exact = exactWord, true
		}
		node = p.child(node, kind, hashRunes(w.letters))
		length := uint64(1) << len(w.letters)
		switch kind {
		case startsWord:
			p.starts |= length
		case endsWord:
			p.tails |= length
		case partOfWord:
			p.parts |= length
		}
	}
	p.end(node, list)
}

// addFieldsTogether adds a phrase with what is written together as one word: "don't" is also "dont".
func (p *phraseIndex) addFieldsTogether(words []phraseWord, list uint16) {
	var together []phraseWord
	for i, w := range words {
		if i > 0 && w.field == words[i-1].field {
			last := &together[len(together)-1]
			last.letters = append(append([]rune(nil), last.letters...), w.letters...)
			continue
		}
		together = append(together, w)
	}
	if len(together) < len(words) {
		p.put(together, list, false)
	}
}

// addRunTogether adds a phrase as one word, as it stands in a hashtag or comes out of "b u y  n o w".
func (p *phraseIndex) addRunTogether(words []phraseWord, list uint16) {
	var all []rune
	for _, w := range words {
		if w.kind != wholeWord {
			return
		}
		all = append(all, w.letters...)
	}
	if len(words) > 1 && len(all) < 4 {
		return
	}
	p.longest = max(p.longest, len(all))
	if len(words) > 1 {
		p.end(p.child(0, wholeWord, hashRunes(all)), list)
	}
}

// seal makes the table that is searched.
func (p *phraseIndex) seal() {
	size := 1 << bits.Len(uint(len(p.build)*2+1))
	p.keys, p.nodes, p.mask = make([]uint64, size), make([]int32, size), uint64(size-1)
	for k, n := range p.build {
		i := k >> 7 & p.mask
		for p.keys[i] != 0 {
			i = (i + 1) & p.mask
		}
		p.keys[i], p.nodes[i] = k, n
	}
	p.build = nil
	p.longest = min(p.longest, maxPhraseLetters)
}

// next follows a word from a node; -1: no phrase goes on like this.
func (p *phraseIndex) next(node int32, kind, h uint64) int32 {
	k := edge(node, kind, h)
	for i := k >> 7 & p.mask; ; i = (i + 1) & p.mask {
		switch p.keys[i] {
		case k:
			return p.nodes[i]
		case 0:
			return -1
		}
	}
}

type phraseWord struct {
	letters []rune
	kind    uint64
	field   int // which of the phrase's parts between spaces it is of
}

// phraseWords reads a phrase as rules keep it: its words folded, with the places of the * taken out.
func phraseWords(phrase string) ([]phraseWord, error) {
	if strings.TrimSpace(phrase) == "" {
		return nil, fmt.Errorf("a phrase is empty")
	}
	if len([]rune(phrase)) > maxPhraseLetters {
		return nil, fmt.Errorf("the phrase %.40q… has more than %d characters", phrase, maxPhraseLetters)
	}
	var out []phraseWord
	for at, field := range strings.Fields(phrase) {
		bare, kind := field, wholeWord
		if strings.HasSuffix(bare, "*") {
			bare, kind = strings.TrimSuffix(bare, "*"), startsWord
		}
		if strings.HasPrefix(bare, "*") {
			bare = strings.TrimPrefix(bare, "*")
			if kind == startsWord {
				kind = partOfWord
			} else {
				kind = endsWord
			}
		}
		words := foldedWords(bare)
		if kind != wholeWord {
			if len(words) != 1 || len(words[0]) < minWildLetters || len(words[0]) > maxWildLetters {
				return nil, fmt.Errorf("in %q a * stands at a word that has not between %d and %d letters", phrase, minWildLetters, maxWildLetters)
			}
		}
		for _, w := range words {
			out = append(out, phraseWord{w, kind, at})
		}
	}
	switch {
	case len(out) == 0:
		return nil, fmt.Errorf("the phrase %q has neither letters, digits nor emoji", phrase)
	case len(out) > maxPhraseWords && !unspaced(out[0].letters[0]):
		return nil, fmt.Errorf("the phrase %.40q… has more than %d words", phrase, maxPhraseWords)
	}
	return out, nil
}

// foldedWords are the words of a text as they are written, folded.
func foldedWords(text string) [][]rune {
	s := sights.Get().(*sight)
	defer sights.Put(s)
	s.read(text)
	out := make([][]rune, 0, len(s.words))
	for _, w := range s.words {
		out = append(out, append([]rune(nil), s.runes[w.from:w.to]...))
	}
	return out
}
