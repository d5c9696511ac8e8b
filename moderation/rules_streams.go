package moderation

// bend makes the words again with signs read as letters, where they stand inside a word: "sh!t", "@ss",
// "pu$$y". What has no such sign stays as it is.
func (s *sight) bend() {
	k := 0
	for i := 0; i < len(s.cells); {
		if !bendable(s.cells[i]) {
			i++
			continue
		}
		j := i
		for j < len(s.cells) && bendable(s.cells[j]) {
			j++
		}
		from, to := i, j
		for from < to && s.cells[from].is == sign && !leads(s.cells[from].r) {
			from++
		}
		for to > from && s.cells[to-1].is == sign && !trails(s.cells[to-1].r) {
			to--
		}
		bent := s.bentRun(from, to)
		for ; k < len(s.words) && int(s.words[k].cell) < j; k++ {
			if !bent {
				s.bent = append(s.bent, s.words[k])
			}
		}
		if bent {
			s.bent = append(s.bent, s.madeWord(from, to))
		}
		i = j
	}
	s.bent = append(s.bent, s.words[k:]...)
}

func bendable(c cell) bool {
	return c.is == letter || c.is == digit || c.is == sign && leetLetter(c.r) != 0
}

func leads(r rune) bool  { return r == '@' || r == '$' || r == '€' || r == '£' || r == '§' }
func trails(r rune) bool { return r == '$' || r == '@' || r == '€' || r == '+' }

// bentRun says whether the cells are a word with signs in it: with a letter beside them, or of signs
// alone that are not one repeated ("@$$", not "$$$").
func (s *sight) bentRun(from, to int) bool {
	letters, signs, kinds := 0, 0, 0
	var last rune
	for _, c := range s.cells[from:to] {
		if c.is == letter {
			letters++
		} else if c.is == sign {
			signs++
			if c.r != last {
				kinds++
			}
			last = c.r
		}
	}
	return signs > 0 && to-from <= maxLeet && to-from > 2 && (letters > 0 && signs <= letters+2 || letters == 0 && kinds > 1 && to-from == signs)
}

// madeWord makes a word of letters, digits and signs, read as leetspeak; other signs and emoji between
// them are passed over.
func (s *sight) madeWord(from, to int) word {
	start := int32(len(s.runes))
	for n, c := range s.cells[from:to] {
		inner := c.is == sign && leetLetter(c.r) != 0 && from+n+1 < to && (s.cells[from+n+1].is == letter || leads(s.cells[from+n+1].r) || from+n+2 == to && trails(s.cells[from+n+1].r))
		switch {
		case c.is == letter && c.look != 0 && s.looks.latin > 2*s.looks.other:
			s.runes = append(s.runes, c.look)
		case c.is == letter || c.is == digit || inner || c.is == sign && (from+n == 0 || n == 0) && leads(c.r) || c.is == sign && from+n+1 == to && trails(c.r):
			s.runes = append(s.runes, c.r)
		}
	}
	return s.wordOf(span{start, int32(len(s.runes))}, from)
}

// wordOf is a word of runes that were put together, with its readings.
func (s *sight) wordOf(at span, cell int) word {
	w := word{span: at, cell: int32(cell), plain: true}
	w.reads.from = int32(len(s.reads))
	s.reads = append(s.reads, at)
	letters, digits, signs := 0, 0, 0
	for _, r := range s.runes[at.from:at.to] {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case leetLetter(r) != 0:
			signs++
		default:
			letters++
		}
	}
	s.moreReads(at, digits+signs > 0 && letters > 0 || signs > 1)
	w.reads.to = int32(len(s.reads))
	return w
}

// glue makes the words again with what was taken apart put together: single letters in a row, and the
// parts of a chunk that has no space in it.
func (s *sight) glue() {
	for k := 0; k < len(s.words); {
		if end := s.spelling(k); end > k {
			s.gluePieces(k, end)
			k = end
			continue
		}
		end := k + 1
		for end < len(s.words) && !s.spaceBetween(end-1, end) {
			end++
		}
		if end-k == 1 || end-k > 12 {
			s.glued = append(s.glued, s.words[k:end]...)
		} else {
			last := s.words[end-1]
			s.glued = append(s.glued, s.madeWord(int(s.words[k].cell), int(last.cell+last.to-last.from)))
		}
		k = end
	}
}

// spelling returns where a row of at least three single letters ends that begins at word k; emoji
// between them do not end it.
func (s *sight) spelling(k int) int {
	n, end := 0, k
	for i := k; i < len(s.words); i++ {
		w := &s.words[i]
		if w.single {
			n, end = n+1, i+1
			continue
		}
		if n == 0 || w.plain || !s.isEmoji(w) {
			break
		}
	}
	if n < 3 {
		return k
	}
	return end
}

func (s *sight) isEmoji(w *word) bool { return s.cells[w.cell].is == emoji }

func (s *sight) spaceBetween(a, b int) bool {
	for i := s.words[a].cell + 1; i < s.words[b].cell; i++ {
		if s.cells[i].is == space {
			return true
		}
	}
	return false
}

// gluePieces puts the letters of a spelt row together, cut where the gap is wider than elsewhere:
// "f r e e   o f f e r", "l-i-k-e m-e".
func (s *sight) gluePieces(k, end int) {
	s.spelt, s.gaps = s.spelt[:0], s.gaps[:0]
	last, narrow := -1, rune(1<<30)
	for i := k; i < end; i++ {
		if !s.words[i].single {
			continue
		}
		gap := rune(0)
		if last >= 0 {
			gap = 2 * (s.words[i].cell - s.words[last].cell - 1)
			if s.spaceBetween(last, i) {
				gap++
			}
			narrow = min(narrow, gap)
		}
		s.spelt, s.gaps = append(s.spelt, s.runes[s.words[i].from]), append(s.gaps, gap)
		last = i
	}
	from := 0
	for i := 1; i <= len(s.spelt); i++ {
		if i < len(s.spelt) && s.gaps[i] <= narrow {
			continue
		}
		start := int32(len(s.runes))
		s.runes = append(s.runes, s.spelt[from:i]...)
		w := s.wordOf(span{start, int32(len(s.runes))}, int(s.words[k].cell))
		w.single = true // of single letters: phrases are looked for inside it too
		s.glued = append(s.glued, w)
		from = i
	}
}

// flatten writes the words with one space between, for patterns; an @ before a name stays.
func (s *sight) flatten() []byte {
	s.flat = s.flat[:0]
	for i := range s.words {
		w := &s.words[i]
		if i > 0 {
			s.flat = append(s.flat, ' ')
		}
		if w.cell > 0 && s.cells[w.cell-1].r == '@' && w.plain {
			s.flat = append(s.flat, '@')
		}
		for _, r := range s.runes[w.from:w.to] {
			s.flat = appendRune(s.flat, r)
		}
	}
	return s.flat
}
