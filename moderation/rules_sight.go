package moderation

import (
	"sync"
	"unicode"
	"unicode/utf8"
)

// sight is a text as rules see it. It is used again and again, so that looking costs no memory.
type sight struct {
	cells []cell
	runes []rune // the letters of words and of their other readings
	words []word // as they are written
	bent  []word // the same with signs as letters: "sh!t"
	glued []word // the same with what was taken apart put together: "l-i-k-e", "fol.lowers"
	reads []span // readings of words: words[i] has reads[from:to]
	gaps  []rune // scratch: what stands before each letter of a spelt run
	spelt []rune // scratch: the letters of a spelt run
	flat  []byte // the words with one space between, for patterns
	hosts [maxHosts]span
	host  []byte
	begun []begun  // scratch: phrases of which some words were met before this one
	going []begun  // scratch: the same for the next word
	found []uint64 // bits: lists of phrases of which one is there
	seen  []uint64 // bits: patterns whose letters are there
	looks looks
}

// looks are what a text looks like, whatever it says.
type looks struct {
	runes, letters, upper, emoji, styled, hidden int
	masked                                       int // words that hide what they are
	dressed                                      int // words with lines through their letters, or with signs that no language puts together
	doubled, lettered                            int // words with letters doubled in two places or more, a vowel among them; words of letters
	links, disguised, hosts, mentions, hashtags  int
	email, phone                                 bool
	latin, other                                 int // letters by script
}

type span struct{ from, to int32 }

type word struct {
	span         // of runes: the word as it is written
	reads  span  // of reads: how it may be read, the first as it is written
	cell   int32 // where it begins
	single bool  // one letter
	plain  bool  // letters or digits, no emoji and no ideograph
}

// What of a text is looked at: the beginning and the end, where spammers put what they want read.
const (
	maxSight  = 40_000 // runes
	tailSight = 10_000 // of them at the end

	maxLeet  = 40 // letters of a word that is read as leetspeak or without repeats
	maxHosts = 8
)

var sights = sync.Pool{New: func() any { return new(sight) }}

// read looks at a text: cells, then words with their readings, then what it looks like.
func (s *sight) read(text string) {
	s.cells, s.runes, s.words, s.bent, s.glued, s.reads, s.host = s.cells[:0], s.runes[:0], s.words[:0], s.bent[:0], s.glued[:0], s.reads[:0], s.host[:0]
	s.looks = looks{}
	if len(text) > maxSight {
		text = s.readLong(text)
	}
	s.readCells(text)
	s.readWords()
}

// readLong reads the beginning of a long text and returns the end of it.
func (s *sight) readLong(text string) string {
	n := utf8.RuneCountInString(text)
	if n <= maxSight {
		return text
	}
	head, tail, i := len(text), len(text), 0
	for at := range text {
		if i == maxSight-tailSight {
			head = at
		}
		if i == n-tailSight {
			tail = at
			break
		}
		i++
	}
	s.readCells(text[:head])
	s.cells = append(s.cells, cell{r: ' ', is: space})
	return text[tail:]
}

func (s *sight) readCells(text string) {
	l := &s.looks
	was := space
	var signs markSet
	marked, lined, lines, sign := 0, 0, 0, false // words with signs; words with lines; what of it this word has
	end := func() {
		if sign {
			marked++
		}
		if lines > 1 {
			lined++
		}
		lines, sign = 0, false
	}
	for _, r := range text {
		f := foldingOf(r)
		if r >= firstMarked {
			if m := markOf(unicode.ToLower(r)); m != 0 {
				signs |= m
				sign = true
			} else if isLine(r) {
				lines++
			}
		}
		l.runes++
		if f.styled {
			l.styled++
		}
		if f.hidden && was == letter {
			l.hidden++
		}
		if f.first.is == dropped {
			continue
		}
		c := f.first
		was = c.is
		switch c.is {
		case space:
			end()
		case letter:
			l.letters++
			if c.upper {
				l.upper++
			}
			if c.r < 0x250 {
				l.latin++
			} else {
				l.other++
			}
		case emoji:
			l.emoji++
		}
		c.style = f.styled
		s.cells = append(s.cells, c)
		s.cells = append(s.cells, f.rest...)
	}
	end()
	if l.dressed += lined; signs.strange() {
		l.dressed += marked
	}
}

// readWords cuts the cells into chunks between spaces, and these into words.
func (s *sight) readWords() {
	cells := s.cells
	bends, glues := false, false
	for i := 0; i < len(cells); {
		if cells[i].is == space {
			i++
			continue
		}
		j := i
		for j < len(cells) && cells[j].is != space {
			j++
		}
		first := len(s.words)
		signs := s.readChunk(i, j)
		bends = bends || signs
		glues = glues || len(s.words)-first > 1
		i = j
	}
	spelt := false
	run := 0
	for k := range s.words {
		switch w := &s.words[k]; {
		case w.single:
			if run++; run >= 3 {
				spelt = true
			}
		case w.plain || s.runes[w.from] < 0x2000:
			run = 0
		}
	}
	if bends {
		s.bend()
	}
	if glues || spelt {
		s.glue()
	}
}

// readChunk adds the words of one chunk, and says whether it holds signs that may stand for letters.
func (s *sight) readChunk(i, j int) bool {
	bends := false
	for i < j {
		c := s.cells[i]
		switch {
		case c.is == sign:
			bends = bends || leetLetter(c.r) != 0
			i++
		case c.is == ideograph || c.is == emoji:
			s.words = append(s.words, s.word(i, i+1))
			i++
		default:
			k := i + 1
			for k < j && together(c.is, s.cells[k].is) {
				k++
			}
			s.words = append(s.words, s.word(i, k))
			i = k
		}
	}
	return bends
}

func together(a, b class) bool {
	if a == regional || b == regional {
		return a == b
	}
	return b == letter || b == digit
}

// word makes a word of cells, with its readings.
func (s *sight) word(i, j int) word {
	from := int32(len(s.runes))
	letters, looking, foreign, digits, styled, odd, inner := 0, 0, 0, 0, 0, false, false
	for _, c := range s.cells[i:j] {
		s.runes = append(s.runes, c.r)
		if c.style {
			styled++
		}
		switch {
		case c.is == digit:
			digits++
		case c.is == letter:
			letters++
			inner = inner || foreign > 0 && c.r < 0x250
			if c.r >= 0x250 {
				foreign++
				if c.look != 0 {
					looking++
				}
				odd = odd || oddLetters[c.r]
			}
		}
	}
	is := s.cells[i].is
	w := word{span: span{from, int32(len(s.runes))}, cell: int32(i), single: j == i+1 && (is == letter || is == digit || is == regional), plain: is == letter || is == digit || is == regional}
	w.reads.from = int32(len(s.reads))
	s.reads = append(s.reads, w.span)
	if letters > 1 && digits == 0 {
		s.looks.lettered++
		if doubledTwice(s.runes[from:]) {
			s.looks.doubled++
		}
	}
	if is == letter || is == digit {
		// Letters of two scripts in one word of a Latin text, or styled ones with a digit: nobody writes
		// like this but to be read by people alone. Styled words without digits are somebody's taste.
		if looking == foreign && foreign < letters && (foreign > 1 || inner) && s.looks.latin > 2*s.looks.other || styled > 1 && letters > 1 && digits > 0 && !(letters <= 2 && s.unit(i, j)) {
			s.looks.masked++
		}
		base := w.span
		// A word of another script is read by its looks where scripts are mixed in it, where nearly all
		// around it is Latin, or where a letter in it is hardly ever written but for its looks.
		if looking > 0 && looking == foreign && (foreign < letters || odd || s.looks.latin > 2*s.looks.other) {
			base = s.addRead(i, j, func(c cell) rune {
				if c.look != 0 {
					return c.look
				}
				return c.r
			})
		}
		s.moreReads(base, letters > 0 && digits > 0 && digits <= max(letters+2, 3*letters) && !(letters <= 2 && s.cells[j-1].is == letter && s.unit(i, j)))
	}
	w.reads.to = int32(len(s.reads))
	return w
}

// doubledTwice says whether letters follow themselves in two places of a word or more, and a vowel in one of
// them: "puunyaaii". Consonants alone are doubled so in ordinary words: "addetti", "illegalls".
func doubledTwice(word []rune) bool {
	places, vowel := 0, false
	for i := 1; i < len(word); i++ {
		if word[i] != word[i-1] || i > 1 && word[i] == word[i-2] {
			continue
		}
		places++
		switch word[i] {
		case 'a', 'e', 'i', 'o', 'u', 'y':
			vowel = true
		}
	}
	return vowel && places > 1
}

// unit says whether digits come first and letters after them, as in "10s", "5G", "2nd".
func (s *sight) unit(i, j int) bool {
	for i < j && s.cells[i].is == digit {
		i++
	}
	for i < j && s.cells[i].is == letter {
		i++
	}
	return i == j && s.cells[i-1].is == letter
}

func (s *sight) addRead(i, j int, as func(cell) rune) span {
	from := int32(len(s.runes))
	for _, c := range s.cells[i:j] {
		s.runes = append(s.runes, as(c))
	}
	r := span{from, int32(len(s.runes))}
	s.reads = append(s.reads, r)
	return r
}

// moreReads adds the readings of a word without leetspeak and without repeats.
func (s *sight) moreReads(base span, leet bool) {
	if base.to-base.from > maxLeet {
		return
	}
	s.lessRepeats(base)
	if !leet {
		return
	}
	for _, ambiguous := range [2]rune{'i', 'l'} {
		from, twoWays := int32(len(s.runes)), false
		for _, r := range s.runes[base.from:base.to] {
			l := leetLetter(r)
			if l == 0 {
				l = r
			} else if l == 'i' {
				l, twoWays = ambiguous, true
			}
			s.runes = append(s.runes, l)
		}
		read := span{from, int32(len(s.runes))}
		s.reads = append(s.reads, read)
		s.lessRepeats(read)
		if !twoWays {
			return
		}
	}
}

// maxLong is how many of a word's long repeats are each read both ways; the rest go with the last of them.
const maxLong = 3

// divisor is the greatest that two lengths have in common.
func divisor(a, b int32) int32 {
	for a != 0 {
		a, b = b%a, a
	}
	return b
}

// lessRepeats adds readings of a word with its long repeats as one letter and as two: "freeeee",
// "sooo"; and, where several letters are doubled, as single ones: "ssppaamm". A double letter alone is
// spelling, not evasion: "been" is not "ben".
func (s *sight) lessRepeats(of span) {
	long, double, each := 0, 0, int32(0)
	for i := of.from; i < of.to; {
		n := s.runLength(i, of.to)
		each = divisor(each, n)
		switch {
		case n >= 3:
			long++
		case n == 2:
			double++
		}
		i += n
	}
	if long == 0 && double < 2 {
		return
	}
	if each > 1 { // every letter is written so many times: a double one twice as often
		from := int32(len(s.runes))
		for i := of.from; i < of.to; i += each {
			s.runes = append(s.runes, s.runes[i])
		}
		s.reads = append(s.reads, span{from, int32(len(s.runes))})
	}
	ways := 1 << min(long, maxLong)
	for way := range ways {
		from, nth := int32(len(s.runes)), 0
		for i := of.from; i < of.to; {
			n := s.runLength(i, of.to)
			r := s.runes[i]
			s.runes = append(s.runes, r)
			if n >= 3 {
				if way>>min(nth, maxLong-1)&1 == 1 {
					s.runes = append(s.runes, r)
				}
				nth++
			} else if n == 2 && double < 2 {
				s.runes = append(s.runes, r)
			}
			i += n
		}
		s.reads = append(s.reads, span{from, int32(len(s.runes))})
	}
	if long > 0 && double >= 2 { // and with the doubles left
		from := int32(len(s.runes))
		for i := of.from; i < of.to; {
			n := s.runLength(i, of.to)
			s.runes = append(s.runes, s.runes[i])
			if n == 2 {
				s.runes = append(s.runes, s.runes[i])
			}
			i += n
		}
		s.reads = append(s.reads, span{from, int32(len(s.runes))})
	}
}

func (s *sight) runLength(i, to int32) int32 {
	j := i + 1
	for j < to && s.runes[j] == s.runes[i] {
		j++
	}
	return j - i
}
