package moderation

import (
	"io/fs"
	"path/filepath"
)

// Languages are those the model knows by name.
var Languages = []string{"en", "it", "fr", "ro", "es", "de", "pt"}

// shipping lists the public sets whose licence lets weights trained on them ship, by their own READMEs.
var shipping = []struct{ set, head, licence string }{
	{"davidson-en", "harm", "MIT"}, {"surge-toxicity-en", "harm", "MIT"}, {"jigsaw-enfr", "harm", "CC0, carrier MIT"},
	{"germeval18-de", "harm", "CC BY 4.0"}, {"mlma-fr", "harm", "MIT"}, {"told-pt", "harm", "CC BY-SA 4.0 (share-alike)"},
	{"ro-offense", "harm", "Apache-2.0"}, {"ro-fb-offense", "harm", "Apache-2.0"},
	{"youtube-spam", "spam", "CC BY 4.0"}, {"sms-spam", "spam", "CC BY 4.0"}, {"sms-phishing", "spam", "CC BY 4.0"},
	{"banking77", "intent", "CC BY 4.0"}, {"bitext-cs", "intent", "CDLA-Sharing-1.0 (share-alike)"}, {"clinc150", "intent", "CC BY 3.0"},
	{"hwu64", "intent", "CC BY 4.0"}, {"nlupp", "intent", "CC BY 4.0"}, {"xsid", "intent", "CC BY-SA 4.0 (share-alike)"},
}

// TrainOptions say from what to train.
type TrainOptions struct {
	Seeds fs.FS  // our own sentences
	Data  string // folder with the public sets; empty: the seeds alone
	Log   func(format string, args ...any)
	Date  string
	// Decided are rows that reviewers of an installation decided, by group (harm, spam), laid beside our
	// own sentences: a model made with them belongs to that installation and does not ship.
	Decided map[string][]Example
}

// method says on the card how the model was made.
const method = "logistic regression (AdaGrad) over hashed pieces of words, words, pairs, concepts, words of praise and blame with what turns them round, a word list and what the text looks like, once for all languages and once for the text's own; weights of eight bits, integer sums. " +
	"Spam is judged by its words and by a head of its own for its looks, which counts for more where the words are surely of no language the model knows. " +
	"Withdrawals and asks for a person are judged in two stages: a grammar of word classes reads the text; a second head weighs its signs, which classes follow which, what a first head makes of the words and how far another says that offers are wanted. The second learns from scores of first heads that were fitted without the text, and its thresholds are set on scores held out in turn, for a share of alarms on ordinary talk. " +
	"Platt calibration and thresholds of hiding per language on development parts that were not trained on; a language model is asked from a score that weighs all of this - the groups, their categories, intents and sentiment - and that follows from the share of violations that may pass unasked, chosen on half of our own sentences set aside"

// trainer collects what the heads learn from.
type trainer struct {
	m     *Model
	o     TrainOptions
	seeds map[string][]Example
	s     *scratch
}

// Train makes a model: deterministic for the same inputs.
func Train(o TrainOptions) (*Model, error) {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	m := &Model{heads: map[string]*head{}, calibrations: map[string]map[string]calibration{}, thresholds: map[string]map[string]float64{}}
	m.Card = Card{Trained: o.Date, Method: method}
	seeds, err := ReadSeeds(o.Seeds)
	if err != nil {
		return nil, err
	}
	for _, group := range []string{"harm", "spam"} {
		if rows := o.Decided[group]; len(rows) > 0 {
			seeds[group] = append(seeds[group], rows...)
			m.source(group, "decisions of reviewers", len(trainingPart(rows)), "this installation's own; not to be shipped")
		}
	}
	t := &trainer{m: m, o: o, seeds: seeds, s: &scratch{}}
	if o.Data != "" {
		words := 0
		if m.lexicon, words, err = readLexicon(filepath.Join(o.Data, "wordlists")); err != nil {
			return nil, err
		}
		m.source("harm, spam, intent", "word lists LDNOOBW, cuss, surge-profanity", words, "CC BY 4.0, MIT, MIT")
	}
	if err := t.language(); err != nil {
		return nil, err
	}
	for _, step := range []func() error{t.intent, t.sentiment, t.wishes, t.category, t.danger, t.harm, t.spam, t.bands, t.figures} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *Model) source(head, name string, rows int, licence string) {
	m.Card.Sources = append(m.Card.Sources, Source{Name: name, Head: head, Rows: rows, Licence: licence})
}

// public returns the training rows of the sets of one kind that may ship, and notes on the card which
// head they feed. Of each set every so-manieth row is taken.
func (t *trainer) public(kind, head string, every int) ([]Example, error) {
	var out []Example
	if t.o.Data == "" {
		return nil, nil
	}
	for _, s := range shipping {
		if s.head != kind {
			continue
		}
		rows, err := LoadTSV(filepath.Join(t.o.Data, s.set, "train.tsv"))
		if err != nil {
			return nil, err
		}
		before := len(out)
		for i := 0; i < len(rows); i += every {
			out = append(out, rows[i])
		}
		t.m.source(head, s.set, len(out)-before, s.licence)
	}
	return out, nil
}

// collection is what one head learns from.
type collection struct {
	t     *trainer
	o     headOptions
	index map[string]int
	items []item
}

func (t *trainer) collect(labels []string, o headOptions) *collection {
	c := &collection{t: t, o: o, index: map[string]int{}}
	for i, l := range labels {
		c.index[l] = i
	}
	return c
}

// add takes a text with its label and how much it counts; a label the head does not know is left out.
func (c *collection) add(text, label string, weight float32) {
	i, ok := c.index[label]
	if !ok {
		return
	}
	n := normalise(text).bare()
	language := c.t.m.language(&n, c.t.s)
	c.t.m.textFeatures(c.t.s, &n, language)
	c.put(i, weight, language)
}

func (c *collection) put(label int, weight float32, language string) {
	c.items = append(c.items, item{buckets(c.t.s.feats, language, c.o), label, weight})
}

// buckets are where the features of a text live in a head's table.
func buckets(feats []uint32, language string, o headOptions) []uint32 {
	if !o.salted {
		at := make([]uint32, len(feats))
		for i, f := range feats {
			at[i] = f & (1<<o.bits - 1)
		}
		return at
	}
	half := uint32(1) << (o.bits - 1)
	at := make([]uint32, 0, 2*len(feats))
	for _, f := range feats {
		at = append(at, f&(half-1))
	}
	if salt := saltOf(language); salt != 0 {
		for _, f := range feats {
			at = append(at, half|mix(f^salt)&(half-1))
		}
	}
	return at
}

func (c *collection) fit(name string, labels []string) {
	k := len(labels)
	if len(c.index) == 2 && k == 1 {
		k = 1
	}
	w, bias := fit(c.items, k, c.o)
	c.t.m.heads[name] = quantise(name, labels, c.o, w, bias)
	c.t.o.Log("%s: %d texts", name, len(c.items))
}

var yesNo = []string{"0", "1"}

// language learns from all our sentences and from the language column of the sets that may ship.
func (t *trainer) language() error {
	labels := append(append([]string{}, Languages...), "other", "unknown")
	o := headOptions{bits: 16, epochs: 6, rate: 0.5, even: true}
	c := t.collect(labels, o)
	put := func(text, label string, weight float32) {
		i, ok := c.index[label]
		if n := normalise(text); ok && n.facts.letters > 0 {
			t.s.languageFeatures(n.lower)
			c.items = append(c.items, item{buckets(t.s.feats, "", o), i, weight})
		}
	}
	for _, e := range trainingPart(t.seeds["language"]) {
		put(e.Text, e.Label, 2)
	}
	own := len(c.items)
	for _, task := range []string{"intent", "sentiment", "optout", "harm", "spam"} {
		for _, e := range plainLines(trainingPart(t.seeds[task])) {
			put(e.Text, e.Lang, 1)
			for _, part := range shortened(e.Text) {
				put(part, e.Lang, 0.5)
			}
		}
	}
	t.m.source("language", "own sentences", own, "ours")
	if t.o.Data == "" {
		c.fit("language", labels)
		return nil
	}
	for _, kind := range []string{"harm", "intent"} {
		rows, err := t.public(kind, "language", 5)
		if err != nil {
			return err
		}
		for _, r := range rows {
			put(r.Text, r.Lang, 0.5)
		}
	}
	c.fit("language", labels)
	return nil
}

// otherWeight is how much one of the sentences counts that a line with alternatives stands for.
const otherWeight = 0.3

// intentOptions fit the head of intents.
var intentOptions = headOptions{bits: 17, epochs: 12, rate: 0.15, even: true, ratio: true, rounds: 10}

// clearWeight is how much a withdrawal of the withdrawals' own sentences counts among the intents.
const clearWeight = 0.5

func (t *trainer) intent() error {
	c := t.collect(Intents, intentOptions)
	for _, e := range trainingPart(t.seeds["intent"]) {
		weight := float32(1)
		if e.Other {
			weight = otherWeight
		}
		c.add(e.Text, e.Label, weight)
	}
	for _, e := range trainingPart(t.seeds["optout"]) {
		if e.Label == "clear" && !e.Other {
			c.add(e.Text, "opt_out", clearWeight)
		}
	}
	t.m.source("intent", "own sentences", len(c.items), "ours")
	c.fit("intent", Intents)
	return nil
}

var sentiments = []string{"negative", "neutral", "positive"}

// sentiment learns from its own sentences, and from complaints, praise and questions.
func (t *trainer) sentiment() error {
	c := t.collect(sentiments, headOptions{bits: 16, epochs: 12, rate: 0.15, even: true, ratio: true, rounds: 4})
	for _, e := range trainingPart(t.seeds["sentiment"]) {
		c.add(e.Text, e.Label, 1)
	}
	for i, e := range plainLines(trainingPart(t.seeds["intent"])) {
		switch e.Label {
		case "complaint":
			c.add(e.Text, "negative", 0.7)
		case "praise":
			c.add(e.Text, "positive", 0.7)
		case "info_request", "price", "booking", "order_status":
			if i%3 == 0 {
				c.add(e.Text, "neutral", 0.5)
			}
		}
	}
	t.m.source("sentiment", "own sentences", len(c.items), "ours")
	c.fit("sentiment", sentiments)
	return nil
}
