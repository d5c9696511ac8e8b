package moderation

import (
	"bytes"
	_ "embed" // the shipped model
	"math"
	"sync"
)

//go:embed artefact/model.bin.gz
var shippedBytes []byte

// Shipped returns the model inside the binary.
var Shipped = sync.OnceValue(func() *Model {
	m, err := ReadModel(bytes.NewReader(shippedBytes))
	if err != nil {
		panic("the shipped model cannot be read: " + err.Error())
	}
	return m
})

// head is one linear classifier over hashed features. A weight is a code of eight bits for one of 255
// integer levels, finer near nothing, since most weights are small and a few are loud. Sums are of
// integers, so that they are the same on every processor; the scale turns a sum into a logit.
type head struct {
	Name    string
	Labels  []string // one column of weights a label; a binary head has one
	Bits    uint     // 2^Bits buckets
	Salted  bool     // the upper half of the buckets is for what holds in one language only
	Flat    bool     // the sum is not divided by the root of the number of features
	Scale   float64
	Bias    []int32
	Weights []int8 // codes, bucket-major: Weights[bucket*len(Labels)+label]
	levels  [256]int32
}

// calibration turns a head's logit into a probability, per language: Platt's a·x+b.
type calibration struct{ A, B float64 }

// Model is the embedded model.
type Model struct {
	Version string `json:"version"`
	Card    Card   `json:"card"`
	lexicon lexicon
	heads   map[string]*head
	// by head ("harm", "spam") and language; "" is for languages without one of their own
	calibrations map[string]map[string]calibration
	thresholds   map[string]map[string]float64 // hide from here on; > 1: never
	concern      concern
}

// Prediction is what the model says of a text.
type Prediction struct {
	Language           string
	LanguageSure       float64
	Intent             string
	IntentScore        float64
	unwished           string // the intent where neither a withdrawal nor an ask for a person is heard
	unwishedScore      float64
	Sentiment          string
	Harm, Spam         float64
	HarmHide, SpamHide float64 // thresholds of hiding in this language
	OptOut, Human      float64 // probability of the intents
	Withdraws, Asks    float64 // probability of a withdrawal and of asking for a person, by heads of their own
	WithdrawsFrom      float64 // doubtful from here on
	WithdrawsClear     float64 // clear from here on
	AsksFrom           float64
	Signs              reading // what the grammar finds of the two
	Category           string  // the likeliest category; empty: none
	CategoryNames      []string
	Categories         [maxLabels]float64 // by CategoryNames
	Concern            float64            // how likely it is a violation of either group, by all of the above
}

var scratches = sync.Pool{New: func() any { return &scratch{feats: make([]uint32, 0, 4096)} }}

// Predict scores a text with every head.
func (m *Model) Predict(n normal) Prediction {
	s := scratches.Get().(*scratch)
	defer scratches.Put(s)
	return m.predict(n, s)
}

func (m *Model) predict(n normal, s *scratch) Prediction {
	var p Prediction
	s.facts = s.facts[:0]
	n = n.bare()
	if n.folded == "" { // nothing is said: nothing can be wrong with it
		return Prediction{Language: "unknown", Intent: "other", Sentiment: "neutral", HarmHide: 2, SpamHide: 2, WithdrawsFrom: 2, WithdrawsClear: 2, AsksFrom: 2}
	}
	p.Language = m.language(&n, s)
	p.LanguageSure = s.sure
	m.textFeatures(s, &n, p.Language)
	var harm, spam float64
	p.Harm, harm = m.probability("harm", p.Language, s)
	p.Spam, spam = m.probability("spam", p.Language, s)
	s.groupFacts(p.Harm, p.Spam, harm, spam)
	p.Intent, p.IntentScore = "other", 0
	if h := m.heads["intent"]; h != nil {
		probs := h.softmax(s)
		s.noteFacts(probs, leastShare)
		best := argmax(probs)
		for i, label := range h.Labels {
			switch label {
			case "opt_out":
				p.OptOut = probs[i]
			case "human_agent":
				p.Human = probs[i]
			}
		}
		p.Intent, p.IntentScore = h.Labels[best], probs[best]
		p.unwished, p.unwishedScore = unwished(h.Labels, probs)
	}
	p.Sentiment = "neutral"
	if h := m.heads["sentiment"]; h != nil {
		probs := h.softmax(s)
		s.noteFacts(probs, leastShare)
		p.Sentiment = h.Labels[argmax(probs)]
	}
	m.category(&p, s)
	m.danger(&p, s)
	p.Concern = m.concern.score(s.facts)
	p.HarmHide, p.SpamHide = m.threshold("harm", p.Language), m.threshold("spam", p.Language)
	if !p.mayHide() {
		p.HarmHide = 2
	}
	m.wishes(&p, s, &n)
	return p
}

// category names what kind of harm or spam a text would be, and how likely; what no data carried has
// no score.
func (m *Model) category(p *Prediction, s *scratch) {
	h := m.heads["category"]
	if h == nil {
		return
	}
	probs := h.softmax(s)
	copy(p.Categories[:], probs)
	s.noteFacts(probs, leastFact)
	p.CategoryNames = h.Labels
	if best := h.Labels[argmax(probs)]; best != "none" {
		p.Category = best
	}
}

// dangerOdds are added to what the head of danger says, the logarithm of 4.5: it learnt from far more of everything else
// than of danger, and somebody missed is worse than a look too many.
const dangerOdds = 1.5040774

// danger says how likely it is that the writer may harm themselves, by a head that learnt nothing else. A model without
// one leaves it to the head of categories.
func (m *Model) danger(p *Prediction, s *scratch) {
	h := m.heads["danger"]
	if h == nil {
		return
	}
	for i, name := range p.CategoryNames {
		if name == "self_harm" {
			p.Categories[i] = round(sigmoid(calm(h.logit(s, "") + dangerOdds)))
		}
	}
}

// mayHide reports whether what the text would be is something to hide: crude words that attack nobody
// are left to people, and somebody in danger always is.
func (p *Prediction) mayHide() bool {
	crude, _ := p.chance("profanity")
	danger, _ := p.danger()
	return crude < surelyCrude && danger < maybeInDanger
}

const (
	surelyCrude    = 0.6
	hintOfDanger   = 0.1  // from here a language model is asked about a message that would pass: who is in danger says it there, and the bot answers meanwhile
	maybeInDanger  = 0.25 // from here the model hides nothing, and a language model is asked about a comment that would pass
	inDanger       = 0.4  // from here a person looks first, with care
	surelyInDanger = 0.8  // from here it is heard in a public withdrawal too: "I don't want this any more"
)

// readFrom is how likely danger must be for a person to look first. Less in a message that sounds like a withdrawal: it
// would have a machine's question or confirmation for its answer, withdrawals next to never hint at danger, and who gives
// up on life sounds like one.
func readFrom(s Subject, o OptOut) float64 {
	switch {
	case o == NoOptOut:
		return inDanger
	case s == SubjectMessage:
		return maybeInDanger
	}
	return surelyInDanger
}

// askedFrom is how likely danger must be for a language model to be asked about what would pass.
func askedFrom(s Subject) float64 {
	if s == SubjectMessage {
		return hintOfDanger
	}
	return maybeInDanger
}

// chance is the probability of a category, and whether the model has one.
func (p *Prediction) chance(category string) (float64, bool) {
	for i, name := range p.CategoryNames {
		if name == category {
			return p.Categories[i], true
		}
	}
	return 0, false
}

// danger is how likely it is that the writer may harm themselves, beside how likely it is that they threaten others:
// whoever tells others to die is in no danger.
func (p *Prediction) danger() (danger, threat float64) {
	danger, _ = p.chance("self_harm")
	threat, _ = p.chance("violence")
	return danger, threat
}

// scoreCategories notes the model's score of each category that labelled data carried.
func (v *Verdict) scoreCategories(p Prediction) {
	scores := p.Categories
	for i, name := range p.CategoryNames {
		if _, ok := v.Scores[name]; ok {
			v.Scores[name] = &scores[i]
		}
	}
}

// wishes scores the two wishes by what the grammar finds and by the words.
func (m *Model) wishes(p *Prediction, s *scratch, n *normal) {
	out, human := m.heads["optout"], m.heads["human"]
	if out == nil || human == nil {
		p.WithdrawsFrom, p.WithdrawsClear, p.AsksFrom = 2, 2, 2
		return
	}
	p.WithdrawsFrom, p.WithdrawsClear, p.AsksFrom = m.threshold("optout", ""), m.threshold("optout", "clear"), m.threshold("human", "")
	if rest, linked := n.spoken(); linked {
		m.textFeatures(s, &rest, p.Language)
		n = &rest
	}
	p.Signs = s.sentence.wishesIn(n.lower, p.Language)
	joins := 0.0
	if h := m.heads["join"]; h != nil {
		joins = h.logit(s, "")
	}
	p.Withdraws = round(sigmoid(m.weigh("optout signs", out.logit(s, ""), joins, p.OptOut, &p.Signs, s)))
	p.Asks = round(sigmoid(m.weigh("human signs", human.logit(s, ""), joins, p.Human, &p.Signs, s)))
	// Who asks for offers speaks of messages and lists too: unless it is said in so many words, it is none.
	if p.Intent == "opt_in" && p.Withdraws < p.WithdrawsClear && !p.Signs.whole.word && (!p.Signs.says(signClear) || p.IntentScore >= surelyWanted && !p.Signs.found.has(unsubscribes)) {
		p.Withdraws = 0
	}
	if p.Signs.words == 1 && p.Signs.has&^classUnknown == 0 && !p.Signs.whole.word { // what a trigger asks for: its letters alone say nothing
		p.Withdraws = 0
	}
	if p.Intent != "opt_out" && p.IntentScore >= surelyAnother && p.Withdraws < p.WithdrawsClear && !p.Signs.says(signClear) && !p.Signs.whole.word {
		p.Withdraws = 0
	}
	switch {
	case p.Signs.goesOn || n.facts.phone && p.Signs.has&classNoGiving == 0: // "here is my number" stands near "my number off your list"
		p.Withdraws, p.OptOut = 0, 0
	case p.Signs.says(signAgainst) && !p.Signs.says(signClear) && p.Withdraws < p.WithdrawsClear: // "please don't stop"
		p.Withdraws = 0
	}
	if p.Signs.alive {
		p.Asks, p.Human = 0, 0
	}
	// The heads of wishes know the look-alikes, which the intents never saw: what they do not hear is not wished.
	if p.Intent == "opt_out" && p.Withdraws < p.WithdrawsFrom || p.Intent == "human_agent" && p.Asks < p.AsksFrom {
		p.Intent, p.IntentScore = p.unwished, p.unwishedScore
	}
}

// surelyAnother is how sure it must be that somebody wants something else – to know, to book, to praise – for a doubtful
// withdrawal that is not said in so many words to be none.
const surelyAnother = 0.6

// surelyWanted is how sure it must be that offers are wanted for words of leaving beside it to mean something else.
const surelyWanted = 0.9

// unwished is the likeliest intent beside the two that heads of their own hear.
func unwished(labels []string, probs []float64) (intent string, score float64) {
	intent = "other"
	for i, label := range labels {
		if label != "opt_out" && label != "human_agent" && probs[i] > score {
			intent, score = label, probs[i]
		}
	}
	return intent, score
}

// weigh puts what the words say together with the signs.
func (m *Model) weigh(name string, words, joins, intended float64, r *reading, s *scratch) float64 {
	h := m.heads[name]
	if h == nil {
		return words
	}
	all := s.feats
	s.signs = r.signFeatures(s.signs, words, joins, intended)
	s.feats = s.signs
	x := h.logit(s, "")
	s.feats = all
	return x
}

func (m *Model) language(n *normal, s *scratch) string {
	h := m.heads["language"]
	s.sure = 0
	if h == nil || n.facts.letters == 0 {
		return "unknown"
	}
	s.languageFeatures(n.lower)
	probs := h.softmax(s)
	best := argmax(probs)
	s.sure = probs[best]
	if probs[best] < 0.30 {
		return "unknown"
	}
	return h.Labels[best]
}

// probability is that of a group, and the evidence it follows from.
func (m *Model) probability(name, language string, s *scratch) (p, evidence float64) {
	h := m.heads[name]
	if h == nil {
		return 0, 0
	}
	x := m.evidence(name, language, s)
	c, ok := m.calibrations[name][language]
	if !ok {
		c = m.calibrations[name][""]
	}
	return round(sigmoid(calm(float64(c.A*x) + c.B))), x
}

// evidence is a group's logit. Spam is judged by its words and by its looks; where the words are of no
// language the model knows, its looks count for more.
func (m *Model) evidence(name, language string, s *scratch) float64 {
	x := m.heads[name].logit(s, language)
	h := m.heads["shape"]
	if name != "spam" || h == nil {
		return x
	}
	all := s.feats
	s.feats = s.looks
	looks := h.logit(s, language)
	s.feats = all
	if inList(Languages, language) && s.sure >= surelyKnown {
		return x + float64(looksKnown*looks)
	}
	x = float64(wordsUnknown*x) + looks
	if !s.offers {
		x -= offersNothing
	}
	return x
}

// How much looks count beside words in a known language, and words beside looks in an unknown one.
var (
	looksKnown    = 0.7
	wordsUnknown  = 0.4
	surelyKnown   = 0.9 // how likely the language must be: short texts of others are often taken for English
	offersNothing = 1.5 // what speaks against spam in an unknown language where nothing is seen that spam lives by
)

func (m *Model) threshold(name, language string) float64 {
	if t, ok := m.thresholds[name][language]; ok {
		return t
	}
	if t, ok := m.thresholds[name][""]; ok {
		return t
	}
	return 2
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// round keeps six digits, so that a score reads and compares the same everywhere.
func round(x float64) float64 { return math.Round(x*1e6) / 1e6 }

// salts set the features of a language apart from those all share. Only languages with public data of
// their own have one: with our own sentences alone, a text's kind would be learnt from its source.
var salts = map[string]uint32{"en": 0x1234567, "fr": 0x3456712, "ro": 0x4567123, "de": 0x6712345, "pt": 0x7123456}

// saltOf is a switch, not the map: it runs for every text.
func saltOf(language string) uint32 { return salts[language] }

// sum adds the integer weights of the features for each label.
func (h *head) sum(s *scratch, language string) []int32 {
	k := len(h.Labels)
	sums := s.sums[:k]
	clear(sums)
	if k == 1 {
		sums[0] = h.single(s.feats, language)
		return sums
	}
	mask := uint32(1)<<h.Bits - 1
	for _, f := range s.feats {
		at := int(f&mask) * k
		row := h.Weights[at : at+k]
		for i, w := range row {
			sums[i] += h.levels[uint8(w)]
		}
	}
	return sums
}

func (h *head) single(feats []uint32, language string) int32 {
	var t int32
	if !h.Salted {
		mask := uint32(1)<<h.Bits - 1
		for _, f := range feats {
			t += h.levels[uint8(h.Weights[f&mask])]
		}
		return t
	}
	half := uint32(1) << (h.Bits - 1)
	for _, f := range feats {
		t += h.levels[uint8(h.Weights[f&(half-1)])]
	}
	if salt := saltOf(language); salt != 0 {
		for _, f := range feats {
			t += h.levels[uint8(h.Weights[half|mix(f^salt)&(half-1)])]
		}
	}
	return t
}

// scaleOf makes texts of all lengths comparable: the sum over the root of the number of features.
func (h *head) scaleOf(count int) float64 {
	if h.Flat {
		return h.Scale
	}
	return h.Scale / math.Sqrt(float64(max(count, 1)))
}

func (h *head) logit(s *scratch, language string) float64 {
	count := len(s.feats)
	if h.Salted && saltOf(language) != 0 {
		count *= 2
	}
	sum := h.sum(s, language)[0]
	return float64(float64(sum)*h.scaleOf(count)) + float64(float64(h.Bias[0])*h.Scale)
}

// softmax returns the labels' probabilities, in a buffer that the next call overwrites.
func (h *head) softmax(s *scratch) []float64 {
	sums := h.sum(s, "")
	out := s.probs[:len(sums)]
	scale := h.scaleOf(len(s.feats))
	top := math.Inf(-1)
	for i, v := range sums {
		out[i] = float64(float64(v)*scale) + float64(float64(h.Bias[i])*h.Scale)
		top = max(top, out[i])
	}
	total := 0.0
	for i := range out {
		out[i] = math.Exp(out[i] - top)
		total += out[i]
	}
	for i := range out {
		out[i] = round(out[i] / total)
	}
	return out
}

func argmax(list []float64) int {
	best := 0
	for i := range list {
		if list[i] > list[best] {
			best = i
		}
	}
	return best
}
