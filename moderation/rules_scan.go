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
	p.scan(s, s.words, p.exact)
	p.scan(s, s.bent, false)
	p.scan(s, s.glued, false)
	spelt := 0
	for i := range s.glued {
		if w := &s.glued[i]; w.single && spelt < maxSpelt {
			spelt += int(w.to - w.from)
			for r := w.reads.from; r < w.reads.to; r++ {
				p.inside(s, s.reads[r])
			}
		}
	}
}

// begun is a phrase of which some words were met; exact says that all of them stand as they were written.
type begun struct {
	node  int32
	exact bool
}

// scan follows all phrases through a stream of words at once, so that time grows with the number of words, whatever
// repeats in them, and with how many phrases have begun at a word. Emoji between the words of a phrase do not end it: "buy 🔥 now".
func (p *phraseIndex) scan(s *sight, words []word, exact bool) {
	s.begun = s.begun[:0]
	for i := range words {
		w := &words[i]
		s.going = s.going[:0]
		p.walk(s, w, begun{0, exact})
		for _, b := range s.begun {
			p.walk(s, w, b)
			if !w.plain && s.isEmoji(w) {
				s.goOn(begun{b.node, false})
			}
		}
		s.begun, s.going = s.going, s.begun
	}
}

// goOn keeps a phrase for the next word, once.
func (s *sight) goOn(b begun) {
	for i := range s.going {
		if s.going[i].node == b.node {
			s.going[i].exact = s.going[i].exact || b.exact
			return
		}
	}
	s.going = append(s.going, b)
}

// walk follows a word, in all its readings, from where a phrase has come to.
func (p *phraseIndex) walk(s *sight, w *word, b begun) {
	for r := w.reads.from; r < w.reads.to; r++ {
		letters := s.runes[s.reads[r].from:s.reads[r].to]
		h := hashRunes(letters)
		p.step(s, p.next(b.node, wholeWord, h), b.exact)
		if b.exact && r == w.reads.from {
			p.step(s, p.next(b.node, exactWord, h), b.exact)
		}
		if p.starts|p.tails|p.parts != 0 && w.plain {
			p.wild(s, b, letters)
		}
	}
}

// step marks what ends at a node, and goes on from it.
func (p *phraseIndex) step(s *sight, node int32, exact bool) {
	if node < 0 {
		return
	}
	for _, l := range p.ends[node] {
		s.found[l>>6] |= 1 << (l & 63)
	}
	if p.inner[node] {
		s.goOn(begun{node, exact})
	}
}

// wild looks for beginnings, endings and parts of a word.
func (p *phraseIndex) wild(s *sight, b begun, letters []rune) {
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
				p.step(s, p.next(b.node, startsWord, h), b.exact)
			}
			if to == len(letters)-1 && ends&length != 0 {
				p.step(s, p.next(b.node, endsWord, h), b.exact)
			}
			if inner&length != 0 {
				p.step(s, p.next(b.node, partOfWord, h), b.exact)
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
