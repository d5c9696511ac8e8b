package moderation

import (
	_ "embed" // the words of the wishes
	"strings"
	"sync"
	"unicode"
)

// The grammar of wishes: words have classes, classes next to each other make signs. A sign alone decides
// nothing; the heads of the two wishes weigh it with the words.

//go:embed wishes.txt
var wishWords string

// wordClass is a set of word classes, a bit each.
type wordClass uint64

// classNames are the classes of wishes.txt by their bits.
var classNames = strings.Fields("stop weak word doubt fill contact call msg list num remove me off want neg more recv unsub alone leave withdraw consent object tired toomany sub disable wrong how why keep booking cant talk person strong bot anyone there you bad reply who transfer join last threat use role voice bye spare law")

// maxClasses is room for the classes of wishes.txt.
const maxClasses = 64

func classOf(name string) wordClass {
	for i, n := range classNames {
		if n == name {
			return 1 << i
		}
	}
	panic("wishes.txt has no class " + name)
}

// byTongue are the classes of a word in each language, in the order of Languages.
type byTongue [7]wordClass

// wishLexicon finds classes by the hash of a word, of a beginning, or of a pair of words.
type wishLexicon struct {
	words, typos map[uint32]*byTongue
	stems        map[uint32]*byTongue
	pairs        map[uint32]*byTongue
}

// shortestTypo is the length from which a word may hold a typing error and still be known.
const shortestTypo = 6

var wishes = sync.OnceValue(func() *wishLexicon {
	x := &wishLexicon{words: map[uint32]*byTongue{}, typos: map[uint32]*byTongue{}, stems: map[uint32]*byTongue{}, pairs: map[uint32]*byTongue{}}
	put := func(m map[uint32]*byTongue, key uint32, tongue int, c wordClass) {
		if m[key] == nil {
			m[key] = &byTongue{}
		}
		m[key][tongue] |= c
	}
	tongue := 0
	for line := range strings.Lines(wishWords) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			tongue = indexOf(Languages, strings.Trim(line, "[]"))
			continue
		}
		name, words, ok := strings.Cut(line, " = ")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		c := classOf(name)
		for word := range strings.FieldsSeq(words) {
			first, second, pair := strings.Cut(word, "_")
			stem, begins := strings.CutSuffix(word, "*")
			switch {
			case pair:
				put(x.pairs, mix(wordHash(first)*31+wordHash(second)), tongue, c)
			case begins:
				put(x.stems, wordHash(stem), tongue, c)
			default:
				put(x.words, wordHash(word), tongue, c)
				if c&typoClasses != 0 && len(word) >= shortestTypo {
					put(x.typos, wordHash(word), tongue, c)
					for i := 1; i < len(word); i++ {
						put(x.typos, wordHash(word[:i]+word[i+1:]), tongue, c)
					}
				}
			}
		}
	}
	return x
})

func indexOf(list []string, s string) int {
	for i, l := range list {
		if l == s {
			return i
		}
	}
	panic(s + " is no language of the model")
}

// typoClasses are the classes whose longer words are known with one letter wrong, missing, doubled or swapped.
var typoClasses = classOf("unsub") | classOf("word") | classOf("msg") | classOf("remove") | classOf("contact") | classOf("strong") | classOf("person") | classOf("sub")

// maxTokens bounds what is read of one text for wishes: its beginning, and its end where it is longer.
const maxTokens = 96

// token is a word with its classes and what follows it.
type token struct {
	at       byTongue
	from, to int   // its letters in the sentence's
	brk      uint8 // after it: nothing, a comma, the end of a sentence
}

const (
	noBreak = iota
	comma
	fullStop
)

// sentence is a text read for wishes.
type sentence struct {
	letters []byte
	tokens  []token
}

// read cuts a text into words, folded as the rules fold it, and looks up their classes.
func (t *sentence) read(lower []rune) {
	t.letters, t.tokens = t.letters[:0], t.tokens[:0]
	from := 0
	end := func() {
		if len(t.letters) > from {
			if len(t.tokens) == maxTokens {
				copy(t.tokens[maxTokens/2:], t.tokens[maxTokens/2+1:])
				t.tokens = t.tokens[:maxTokens-1]
				t.tokens[maxTokens/2-1].brk = fullStop
			}
			t.tokens = append(t.tokens, token{from: from, to: len(t.letters)})
			from = len(t.letters)
		}
	}
	for _, r := range lower {
		if h, ok := homoglyphs[r]; ok {
			r = h
		}
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			t.letters = append(t.letters, byte(r))
		case r == '\'' || r == '’' || r == 'ʼ':
		case r < 0x80 || !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r):
			end()
			if b := breakOf(r); len(t.tokens) > 0 && b > t.tokens[len(t.tokens)-1].brk {
				t.tokens[len(t.tokens)-1].brk = b
			}
		case r == 'ß':
			t.letters = append(t.letters, 's', 's')
		case unicode.Is(unicode.Mn, r):
		default:
			if b := baseLetter(r); b < 0x80 {
				t.letters = append(t.letters, byte(b))
			} else {
				t.letters = append(t.letters, '?') // another script
			}
		}
	}
	end()
	t.joinLetters()
	for i := range t.tokens {
		t.classify(i)
	}
}

// joinLetters makes one word of three or more letters that stand alone: "s t o p".
func (t *sentence) joinLetters() {
	out := t.tokens[:0]
	for i := 0; i < len(t.tokens); {
		to := i
		for to < len(t.tokens) && t.tokens[to].to-t.tokens[to].from == 1 {
			to++
		}
		if to-i < 3 {
			to = i + 1
		}
		joined := t.tokens[i]
		joined.to, joined.brk = t.tokens[to-1].to, t.tokens[to-1].brk
		out = append(out, joined)
		i = to
	}
	t.tokens = out
}

func breakOf(r rune) uint8 {
	switch r {
	case '.', '!', '?', ';', '\n', ':', '…', '/', '|', '¿', '¡':
		return fullStop
	case ',', '-', '–', '—', '(', ')', '"', '«', '»', '“', '”':
		return comma
	}
	if isEmoji(r) {
		return fullStop
	}
	return noBreak
}

func (t *sentence) word(i int) []byte { return t.letters[t.tokens[i].from:t.tokens[i].to] }

// classify looks a word up: as it is, then with its repeats undone, without an article or pronoun that
// lost its vowel to it, and with a typing error.
func (t *sentence) classify(i int) {
	x, k := wishes(), &t.tokens[i]
	w := t.word(i)
	found := x.add(&k.at, w)
	if !found {
		var buf [40]byte
		if s := single(buf[:0], w); len(s) < len(w) {
			found = x.add(&k.at, s)
		}
	}
	if !found {
		found = x.elided(&k.at, w)
	}
	if !found && len(w) >= shortestTypo && len(w) < 24 {
		x.mistyped(&k.at, w)
	}
	if i > 0 && t.tokens[i-1].brk == noBreak {
		if c := x.pairs[mix(hashBytes(t.word(i-1))*31+hashBytes(w))]; c != nil {
			k.at.join(c)
			t.tokens[i-1].at.join(c)
		}
	}
	enclitic(&k.at, w)
}

func (b *byTongue) join(c *byTongue) {
	for l := range b {
		b[l] |= c[l]
	}
}

// add joins the classes of a word and of its beginnings, and says whether there were any.
func (x *wishLexicon) add(to *byTongue, w []byte) bool {
	found := false
	if c := x.words[hashBytes(w)]; c != nil {
		to.join(c)
		found = true
	}
	h := fnvStart
	for i, b := range w {
		h = (h ^ uint32(b)) * fnvPrime
		if i >= 1 {
			if c := x.stems[mix(h^0x5bd1e995)]; c != nil {
				to.join(c)
				found = true
			}
		}
		if i == 13 {
			break
		}
	}
	return found
}

func hashBytes(w []byte) uint32 {
	h := fnvStart
	for _, b := range w {
		h = (h ^ uint32(b)) * fnvPrime
	}
	return mix(h ^ 0x5bd1e995)
}

func single(buf, w []byte) []byte {
	for i, b := range w {
		if i == 0 || b != w[i-1] {
			buf = append(buf, b)
		}
	}
	return buf
}

// elisions are what French and Italian put before a vowel with an apostrophe.
var elisions = []struct {
	letters string
	class   string
}{{"dell", "off"}, {"dall", "off"}, {"all", ""}, {"nell", ""}, {"sull", ""}, {"qu", ""}, {"un", ""}, {"l", ""}, {"d", ""}, {"n", "neg"}, {"m", "me"}, {"j", ""}, {"s", ""}, {"t", ""}, {"c", ""}}

func (x *wishLexicon) elided(to *byTongue, w []byte) bool {
	for _, e := range elisions {
		rest := w[min(len(e.letters), len(w)):]
		if string(w[:len(w)-len(rest)]) != e.letters || len(rest) < 3 || !vowel(rest[0]) {
			continue
		}
		var c byTongue
		if !x.add(&c, rest) || c[1]|c[2] == 0 {
			continue
		}
		for _, l := range []int{1, 2} { // it, fr
			to[l] |= c[l]
			if e.class != "" && c[l] != 0 {
				to[l] |= classOf(e.class)
			}
		}
		return true
	}
	return false
}

func vowel(b byte) bool { return strings.IndexByte("aeiouhy", b) >= 0 }

// mistyped tries a word with each of its letters left out, as the lexicon holds its own words.
func (x *wishLexicon) mistyped(to *byTongue, w []byte) {
	try := func(s []byte) bool {
		c := x.typos[hashBytes(s)]
		if c != nil {
			to.join(c)
		}
		return c != nil
	}
	if try(w) {
		return
	}
	var buf [24]byte
	for i := 1; i < len(w); i++ {
		if try(append(append(buf[:0], w[:i]...), w[i+1:]...)) {
			return
		}
	}
}

var (
	classMe     = classOf("me")
	classVerbs  = classOf("contact") | classOf("remove") | classOf("call") | classOf("leave") | classOf("talk") | classOf("transfer")
	encliticEnd = [7]string{1: "mi", 3: "ma", 4: "me", 6: "me"}
)

// enclitic adds "me" to verbs that end with it: toglietemi, quitenme.
func enclitic(to *byTongue, w []byte) {
	for l, end := range encliticEnd {
		if end != "" && len(w) > 5 && to[l]&classVerbs != 0 && string(w[len(w)-2:]) == end {
			to[l] |= classMe
		}
	}
}

// tongues are the languages a text is read in: the one it is taken for, and those whose words of wishes
// it holds most of, which in short texts says more.
func (t *sentence) tongues(language string) (set uint8) {
	var count [7]int
	for i := range t.tokens {
		for l := range count {
			if t.tokens[i].at[l] != 0 {
				count[l]++
			}
		}
	}
	most := 0
	for _, n := range count {
		most = max(most, n)
	}
	for l, name := range Languages {
		if name == language || count[l] == most && most > 0 {
			set |= 1 << l
		}
	}
	return set
}
