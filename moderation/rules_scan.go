package moderation

import "unicode/utf8"

func appendRune(b []byte, r rune) []byte {
	if r < utf8.RuneSelf {
		return append(b, byte(r))
	}
	return utf8.AppendRune(b, r)
}

// A spelt row is searched for phrases inside it up to so many letters.
const maxSpelt = 400

// find marks the lists of which a phrase stands in the text.
func (p *phraseIndex) find(s *sight, lists int) {
	s.found = s.found[:0]
	for range (lists + 63) / 64 {
		s.found = append(s.found, 0)
	}
	if len(p.keys) == 0 {
		return
	}
	for i := range s.words {
		p.walk(s, s.words, 0, i, p.exact)
	}
	for i := range s.bent {
		p.walk(s, s.bent, 0, i, false)
	}
	spelt := 0
	for i := range s.glued {
		p.walk(s, s.glued, 0, i, false)
		if w := &s.glued[i]; w.single && spelt < maxSpelt {
			spelt += int(w.to - w.from)
			for r := w.reads.from; r < w.reads.to; r++ {
				p.inside(s, s.reads[r])
			}
		}
	}
}

// walk follows the words of a stream from a node, and marks what ends on the way; exact says that they
// stand as they were written.
func (p *phraseIndex) walk(s *sight, words []word, node int32, i int, exact bool) {
	w := &words[i]
	for r := w.reads.from; r < w.reads.to; r++ {
		letters := s.runes[s.reads[r].from:s.reads[r].to]
		h := hashRunes(letters)
		p.step(s, words, p.next(node, wholeWord, h), i, exact)
		if exact && r == w.reads.from {
			p.step(s, words, p.next(node, exactWord, h), i, exact)
		}
		if p.starts|p.tails|p.parts != 0 && w.plain {
			p.wild(s, words, node, i, exact, letters)
		}
	}
}

func (p *phraseIndex) step(s *sight, words []word, node int32, i int, exact bool) {
	if node < 0 {
		return
	}
	for _, l := range p.ends[node] {
		s.found[l>>6] |= 1 << (l & 63)
	}
	if i+1 < len(words) {
		p.walk(s, words, node, i+1, exact)
	}
	for n := i + 1; n+1 < len(words) && !words[n].plain && s.isEmoji(&words[n]); n++ { // "buy 🔥 now"
		p.walk(s, words, node, n+1, false)
	}
}

// wild looks for beginnings, endings and parts of a word.
func (p *phraseIndex) wild(s *sight, words []word, node int32, i int, exact bool, letters []rune) {
	n := min(len(letters), 64)
	for from := 0; from < n; from++ {
		inner, ends := p.parts, p.tails
		if inner == 0 && from > 0 {
			if ends == 0 {
				return
			}
			if length := len(letters) - from; length > maxWildLetters || ends>>length&1 == 0 {
				continue
			}
		}
		h := hashStart
		for to := from; to < n && to-from < maxWildLetters; to++ {
			h = stir(h, letters[to])
			length := uint64(1) << (to - from + 1)
			if from == 0 && p.starts&length != 0 {
				p.step(s, words, p.next(node, startsWord, h), i, exact)
			}
			if to == len(letters)-1 && ends&length != 0 {
				p.step(s, words, p.next(node, endsWord, h), i, exact)
			}
			if inner&length != 0 {
				p.step(s, words, p.next(node, partOfWord, h), i, exact)
			}
		}
	}
}

// inside looks for phrases within a row of single letters: "i h a t e y o u". Short ones count only from
// its beginning or to its end, or else "p a r t y" would be art.
func (p *phraseIndex) inside(s *sight, at span) {
	letters := s.runes[at.from:min(at.to, at.from+maxSpelt)]
	for from := range letters {
		h := hashStart
		for to := from; to < len(letters) && to-from < p.longest; to++ {
			h = stir(h, letters[to])
			length := to - from + 1
			if length < 4 || length < 5 && from > 2 && to != len(letters)-1 {
				continue
			}
			if node := p.next(0, wholeWord, h); node >= 0 {
				for _, l := range p.ends[node] {
					s.found[l>>6] |= 1 << (l & 63)
				}
			}
		}
	}
}
