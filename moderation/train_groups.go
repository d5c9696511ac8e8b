package moderation

import (
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// harm learns from public sets and our own sentences. Our own are few and clean: they weigh more than a
// noisy public row.
func (t *trainer) harm() error {
	o := headOptions{bits: 20, epochs: 5, rate: 0.15, l2: 2e-6, salted: true, shared: 2, ratio: true, rounds: 4}
	c := t.collect(yesNo, o)
	for _, e := range binary01(trainingPart(t.seeds["harm"])) {
		c.add(e.Text, e.Label, 3)
	}
	for _, e := range trainingPart(t.seeds["harm"]) {
		if e.Label == "self_harm" {
			c.add(e.Text, "0", 1)
		}
	}
	t.harmless(c, "spam")
	t.m.source("harm", "own sentences", len(c.items), "ours")
	rows, err := t.public("harm", "harm", 1)
	if err != nil {
		return err
	}
	for _, e := range rows {
		c.add(e.Text, e.Label, 1)
	}
	c.fit("harm", []string{"1"})
	return t.m.calibrate("harm", t.seeds, t.o)
}

// categoryLabels are those labelled data carries; personal data has none and stays with rules and people.
var categoryLabels = []string{"none", "hate", "harassment", "sexual", "violence", "self_harm", "profanity", "spam", "scam", "impersonation", "self_promotion"}

// category learns what kind of harm or spam a text is.
func (t *trainer) category() error {
	c := t.collect(categoryLabels, headOptions{bits: 16, epochs: 8, rate: 0.15, ratio: true, even: true, rounds: 5})
	counts := map[string]int{}
	add := func(text, label string, weight float32) {
		counts[label]++
		c.add(text, label, weight)
	}
	for _, task := range []string{"harm", "spam"} {
		for _, e := range trainingPart(t.seeds[task]) {
			add(e.Text, e.Label, 1)
		}
	}
	for _, task := range []string{"intent", "optout"} { // who wants to know more, or no more messages, is in no danger
		for _, e := range plainLines(groupsPart(t.seeds[task])) {
			add(e.Text, "none", 0.4)
		}
	}
	t.m.source("category", "own sentences", len(c.items), "ours")
	for _, set := range []string{"germeval18-de", "ro-offense", "ro-fb-offense"} {
		if t.o.Data == "" {
			break
		}
		rows, err := LoadTSV(filepath.Join(t.o.Data, set, "train.tsv"))
		if err != nil {
			return err
		}
		before := len(c.items)
		for _, e := range rows {
			if label, ok := fineCategories[e.Fine]; ok {
				add(e.Text, label, 0.4)
			}
		}
		t.m.source("category", set, len(c.items)-before, licenceOf(set))
	}
	c.fit("category", categoryLabels)
	t.m.Card.Categories = counts
	return nil
}

// fineCategories maps the finer labels of public sets to ours.
var fineCategories = map[string]string{"OTHER": "none", "PROFANITY": "profanity", "INSULT": "harassment", "ABUSE": "hate"}

func licenceOf(set string) string {
	for _, s := range shipping {
		if s.set == set {
			return s.licence
		}
	}
	return ""
}

// harmlessWeight is how much customer talk counts where it teaches what is neither harm nor spam: there is
// more of it than of both, and most of it is nowhere near them.
const harmlessWeight = 0.5

// mostAlike is how many sentences of one line count as harmless talk: more would only say the same again.
const mostAlike = 3

// harmless adds customer talk, and what is neither harm nor spam though it looks like the other group.
func (t *trainer) harmless(c *collection, other string) {
	for _, task := range []string{"intent", "sentiment", "optout"} {
		said := map[string]int{}
		for _, e := range groupsPart(t.seeds[task]) {
			if e.Other && other == "spam" { // written to tell wishes apart: of harm they teach nothing
				continue
			}
			if said[e.ID]++; said[e.ID] <= mostAlike {
				c.add(e.Text, "0", harmlessWeight)
			}
		}
	}
	for _, e := range trainingPart(t.seeds[other]) {
		if e.Label == "none" || other == "harm" { // abuse is not spam
			c.add(e.Text, "0", 1)
		}
	}
}

// spam learns also from disguised copies of our own spam. Beside it stands a head that sees only what a
// text looks like, without its words: that is what carries over to a language nobody trained on.
func (t *trainer) spam() error {
	c := t.collect(yesNo, headOptions{bits: 18, epochs: 5, rate: 0.35, l2: 2e-6})
	shapes := t.collect(yesNo, shapeOptions)
	t.shapeRows(shapes)
	for i, e := range binary01(trainingPart(t.seeds["spam"])) {
		c.add(e.Text, e.Label, 3)
		if e.Label == "1" {
			c.add(disguise(e.Text, i), "1", 1)
		}
	}
	t.harmless(c, "harm")
	for i, e := range groupsPart(t.seeds["intent"]) {
		if i%8 == 0 { // order numbers, references and parcels' codes look like tricks and are none
			c.add(withCode(e.Text, i), "0", 1)
		}
	}
	t.m.source("spam", "own sentences", len(c.items), "ours")
	rows, err := t.public("spam", "spam", 1)
	if err != nil {
		return err
	}
	for _, e := range rows {
		c.add(e.Text, e.Label, 1)
		if e.Set == "youtube-spam" {
			t.shape(shapes, e.Text, e.Label, 1)
		}
	}
	others, err := t.public("harm", "spam, as what is none", 5) // posts that are not spam, with links, names and emoji in them
	if err != nil {
		return err
	}
	for _, e := range others {
		c.add(e.Text, "0", 0.2)
		t.shape(shapes, e.Text, "0", 0.3)
	}
	asked, err := t.public("intent", "spam, as what is none", 4) // customers speak of money, cards and accounts, and sell nothing
	if err != nil {
		return err
	}
	for _, e := range asked {
		c.add(e.Text, "0", 0.3)
		t.shape(shapes, e.Text, "0", 0.1)
	}
	c.fit("spam", []string{"1"})
	shapes.fit("shape", []string{"1"})
	return t.m.calibrate("spam", t.seeds, t.o)
}

var shapeOptions = headOptions{bits: 14, epochs: 12, rate: 0.1, l2: 3e-3, rounds: 3, drop: 0.4}

// shapeRows are what our own sentences look like: spam in every dress, and what customers write.
func (t *trainer) shapeRows(shapes *collection) {
	for i, e := range binary01(trainingPart(t.seeds["spam"])) {
		t.shape(shapes, e.Text, e.Label, 1)
		for k := range 6 {
			if e.Label == "1" {
				t.shape(shapes, disguise(e.Text, i+2*k), "1", 0.35)
			}
		}
	}
	for _, task := range []string{"intent", "sentiment", "optout", "harm"} {
		for i, e := range groupsPart(t.seeds[task]) {
			t.shape(shapes, e.Text, "0", 1)
			switch {
			case task == "intent" && i%8 == 0:
				t.shape(shapes, withCode(e.Text, i), "0", 1)
			case i%10 == 5: // people shout and draw out words for joy or anger too
				t.shape(shapes, strings.ToUpper(e.Text), "0", 0.5)
			case i%10 == 7:
				t.shape(shapes, drawnOut(e.Text), "0", 0.5)
			}
		}
	}
}

// drawnOut draws out the last letter of some words, as people do for joy: "sooo niceee".
func drawnOut(text string) string {
	words := strings.Fields(text)
	for i, w := range words {
		if r, size := utf8.DecodeLastRuneInString(w); i%4 == 0 && unicode.IsLetter(r) {
			words[i] = w[:len(w)-size] + strings.Repeat(string(r), 2+i%3)
		}
	}
	return strings.Join(words, " ")
}

// shape adds what a text looks like, without its words.
func (t *trainer) shape(c *collection, text, label string, weight float32) {
	n := normalise(text).bare()
	t.m.textFeatures(t.s, &n, "other")
	t.s.feats = append(t.s.feats[:0], t.s.looks...)
	c.put(c.index[label], weight, "")
}

// disguise writes a text as spammers do: in letters of other alphabets, spaced out, or with figures for
// letters. Which one, and which words, follows from n, so that training stays repeatable.
func disguise(text string, n int) string {
	words := strings.Fields(text)
	switch n % 11 { // what is done to all of a text
	case 7:
		return doubled(text, n)
	case 8:
		return marked(text)
	case 9:
		for i, w := range words {
			words[i] = title(w)
		}
		return strings.Join(words, "")
	case 10:
		return strings.ToUpper(text)
	}
	for i, w := range words {
		if (i+n)%3 == 2 || n%2 == 0 && i != n/2%len(words) { // one word of the text, or two of three
			continue
		}
		switch n % 11 {
		case 0:
			words[i] = styled(w, 0x1d5d4, 0x1d5ee) // sans-serif bold
		case 1:
			words[i] = styled(w, 0x1d400, 0x1d41a) // bold
		case 2:
			words[i] = mixedStyles(w) + styledFigures(n)
		case 3:
			words[i] = "🔥" + strings.ToUpper(w) + "🔥"
		case 4:
			words[i] = strings.ToLower(w) + strconv.Itoa(n*7%900+77)
		case 5:
			words[i] = strings.Map(func(r rune) rune {
				if l, ok := figures[r]; ok {
					return l
				}
				return r
			}, w)
		default:
			if i%2 == 0 && len(w) > 3 {
				words[i] = strings.Join(strings.Split(w, ""), " ")
			}
		}
	}
	return strings.Join(words, " ")
}

// doubled writes vowels twice, or also some of the other letters: "meempuunyaaii".
func doubled(text string, n int) string {
	var b strings.Builder
	for i, r := range text {
		b.WriteRune(r)
		if vowel := strings.ContainsRune("aeiouAEIOU", r); vowel && (i+n)%5 != 0 || unicode.IsLetter(r) && n/11%2 == 0 && (i+n)%3 == 0 {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// marked puts signs of many languages on the vowels: "Måkånnya Õrder".
func marked(text string) string {
	dress := map[rune]string{'a': "åãâä", 'e': "êëẽ", 'i': "îï", 'o': "õøö", 'u': "ûüů", 'O': "ÕØ", 'A': "ÅÃ"}
	i := 0
	return strings.Map(func(r rune) rune {
		if list := []rune(dress[r]); len(list) > 0 {
			i++
			if i%3 != 0 {
				return list[i%len(list)]
			}
		}
		return r
	}, text)
}

func title(w string) string {
	r, size := utf8.DecodeRuneInString(w)
	return string(unicode.ToUpper(r)) + w[size:]
}

var figures = map[rune]rune{'o': '0', 'i': '1', 'e': '3', 'a': '4', 's': '5', 't': '7'}

// withCode puts a code such as shops and couriers give out beside the first words of a text, or alone.
func withCode(text string, n int) string {
	const signs = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
	var code []byte
	for i := range 3 + n%3*4 {
		if i > 0 && i%4 == 0 {
			code = append(code, '-')
		}
		code = append(code, signs[(n*(i*i+7)+i*13)%len(signs)])
	}
	if n%5 == 0 {
		return string(code)
	}
	words := strings.Fields(text)
	words = words[:min(len(words), 1+n%6)]
	return strings.Join(append(words, "PN-"[:n%4]+string(code)), " ")
}

// mixedStyles takes each letter from another decorated alphabet.
func mixedStyles(w string) string {
	starts := []rune{0x1d400, 0x1d434, 0x1d468, 0x1d5a0, 0x1d5d4, 0x1d608, 0x1d63c, 0x1d670}
	i := 0
	return strings.Map(func(r rune) rune {
		i++
		at := starts[i*5%len(starts)]
		switch {
		case r >= 'a' && r <= 'z':
			return at + r - 'a'
		case r >= 'A' && r <= 'Z':
			return at + r - 'A'
		}
		return r
	}, w)
}

func styledFigures(n int) string {
	return string([]rune{0x1d7ce + rune(n%10), 0x1d7e2 + rune(n/3%10)})
}

func styled(w string, upper, lower rune) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return lower + r - 'a'
		case r >= 'A' && r <= 'Z':
			return upper + r - 'A'
		}
		return r
	}, w)
}

// shortened returns the first and last three words of a text: what the language head must know too.
func shortened(text string) []string {
	words := strings.Fields(text)
	if len(words) < 5 {
		return nil
	}
	return []string{strings.Join(words[:3], " "), strings.Join(words[len(words)-3:], " ")}
}
