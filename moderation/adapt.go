package moderation

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"slices"
	"sort"
)

// A model that follows what people decide is the shipped one, moved as far as their decisions carry: its
// weights start where they are, move only where a decided text has features, and are drawn back to where
// they were. Training anew from our own sentences would lose what the public sets taught, which no
// installation has.

//go:embed seeds/*/harm.tsv seeds/*/spam.tsv seeds/*/intent.tsv seeds/*/sentiment.tsv
var ownSentences embed.FS

// OwnSentences are those of our own sentences that keep a model in mind of what it knew, and that
// measure it.
func OwnSentences() fs.FS {
	sub, err := fs.Sub(ownSentences, "seeds")
	if err != nil {
		panic("our own sentences are not in the program: " + err.Error())
	}
	return sub
}

// AdaptOptions say from what to adapt a model.
type AdaptOptions struct {
	From    *Model
	Seeds   fs.FS                // our own sentences
	Decided map[string][]Example // what reviewers decided, by group (harm, spam)
	Date    string
	Log     func(format string, args ...any)
}

// The decisions of each kind below which nothing can be learnt or measured.
const (
	fewestDecided = 15
	fewestAside   = 3
)

// ErrNotBetter says that no group is judged better by an adapted model.
var ErrNotBetter = errors.New("the model is not adapted")

// pulls are how hard weights are drawn back to where they were, the softest first.
var pulls = []float64{0.001, 0.003, 0.01, 0.03}

// Adapt returns the model moved by what people decided, with what that changed on decisions set aside and
// on our own sentences. A group that would be judged worse stays as it was; where that holds for both,
// it is ErrNotBetter. The same inputs make the same model.
func Adapt(o AdaptOptions) (*Model, []Comparison, error) {
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	seeds, err := ReadSeeds(o.Seeds)
	if err != nil {
		return nil, nil, err
	}
	a := adapter{o: o, seeds: seeds, s: &scratch{}, m: o.From.copied()}
	var all []Comparison
	var why []error
	for _, group := range []string{"harm", "spam"} {
		list, err := a.group(group)
		if all = append(all, list...); err != nil {
			o.Log("%s: stays as it is: %v", group, err)
			why = append(why, fmt.Errorf("%s: %w", group, err))
		}
	}
	if len(why) == 2 {
		return nil, all, fmt.Errorf("%w: %w; %w", ErrNotBetter, why[0], why[1])
	}
	a.m.Card = a.card(all)
	return a.m, all, nil
}

// copied is the same model with heads of its own where they are moved.
func (m *Model) copied() *Model {
	out := *m
	out.heads = maps.Clone(m.heads)
	return &out
}

type adapter struct {
	o     AdaptOptions
	seeds map[string][]Example
	s     *scratch
	m     *Model
}

// pulled is a text whose evidence moves with the weights: its logit as it is, and how far a weight's
// move of one moves it.
type pulled struct {
	at         []uint32
	base, coef float64
	y          float64
	weight     float64
	hide       float64 // hidden from this score on
}

// group adapts one group, or says why it stays as it is.
func (a *adapter) group(group string) ([]Comparison, error) {
	learn, aside := binary01(trainingPart(a.o.Decided[group])), binary01(testPart(a.o.Decided[group]))
	for label, what := range map[string]string{"1": "removals", "0": "approvals"} {
		if n, m := labelled(learn, label), labelled(aside, label); n < fewestDecided || m < fewestAside {
			return nil, fmt.Errorf("%d %s to learn from and %d to measure with are too few, it takes %d and %d of removals and of approvals", n, what, m, fewestDecided, fewestAside)
		}
	}
	h := a.o.From.heads[group]
	if h == nil {
		return nil, fmt.Errorf("the model %s has no head for it", a.o.From.Version)
	}
	rows := a.pulled(group, learn, 1)
	own := a.pulled(group, a.rehearsed(group), rehearsalWeight)
	best, turns := a.inTurn(group, rows, own)
	var list []Comparison
	var err error
	for at := best; at < len(pulls); at++ {
		a.m.heads[group] = h.moved(shift(rows, own, pulls[at]))
		list = append(a.compare(group, aside), turns[at])
		if err = worse(list); err == nil {
			a.o.Log("%s: %d decisions learnt from, drawn back by %g", group, len(learn), pulls[at])
			return list, nil
		}
	}
	a.m.heads[group] = h
	return list, err
}

// rehearsalWeight is how much one of our own sentences counts beside a decision.
const rehearsalWeight = 0.5

// mostRehearsed bounds how many of them are gone through.
const mostRehearsed = 4000

// rehearsed are our own training sentences of a group, with some harmless talk.
func (a *adapter) rehearsed(group string) []Example {
	all := binary01(plainLines(trainingPart(a.seeds[group])))
	for i, e := range plainLines(trainingPart(a.seeds["intent"])) {
		if i%4 == 0 {
			all = append(all, Example{Text: e.Text, Label: "0"})
		}
	}
	var out []Example
	for i, e := range all {
		if i*mostRehearsed/len(all) != (i-1)*mostRehearsed/len(all) || len(all) <= mostRehearsed {
			out = append(out, e)
		}
	}
	return out
}

func (a *adapter) pulled(group string, rows []Example, weight float64) []pulled {
	m, h, out := a.o.From, a.o.From.heads[group], make([]pulled, 0, len(rows))
	for _, e := range rows {
		n := normalise(e.Text).bare()
		if n.folded == "" {
			continue
		}
		language := m.language(&n, a.s)
		m.textFeatures(a.s, &n, language)
		c, ok := m.calibrations[group][language]
		if !ok {
			c = m.calibrations[group][""]
		}
		pr := m.Predict(n)
		hide := pr.HarmHide
		if group == "spam" {
			hide = pr.SpamHide
		}
		p := pulled{hide: hide, at: buckets(a.s.feats, language, headOptions{bits: h.Bits, salted: h.Salted}), y: bit(e.Label == "1"), weight: weight}
		p.base = c.A*m.evidence(group, language, a.s) + c.B
		p.coef = c.A / math.Sqrt(float64(max(1, len(p.at))))
		if group == "spam" && m.heads["shape"] != nil && (!inList(Languages, language) || a.s.sure < surelyKnown) {
			p.coef *= wordsUnknown // as evidence weighs words there
		}
		out = append(out, p)
	}
	return out
}

// inTurn judges decisions that were left out of learning, each once: what every pull makes of them, and
// the place of the one that reads them best.
func (a *adapter) inTurn(group string, rows, own []pulled) (best int, list []Comparison) {
	const folds = 3
	for at, pull := range pulls {
		before, after := make([]mark, len(rows)), make([]mark, len(rows))
		for fold := range folds {
			var learn []pulled
			for i, p := range rows {
				if i%folds != fold {
					learn = append(learn, p)
				}
			}
			moves := shift(learn, own, pull)
			for i := fold; i < len(rows); i += folds {
				p := &rows[i]
				before[i] = mark{round(sigmoid(calm(p.base))), p.hide, p.y == 1}
				after[i] = mark{round(sigmoid(calm(p.logit(moves)))), p.hide, p.y == 1}
			}
		}
		list = append(list, between(group, setTurns, before, after))
		a.o.Log("%s: drawn back by %g, the log loss of decisions left out is %.4f, without learning %.4f", group, pull, list[at].After.LogLoss, list[at].Before.LogLoss)
		if list[at].After.LogLoss < list[best].After.LogLoss {
			best = at
		}
	}
	return best, list
}

func labelled(rows []Example, label string) (n int) {
	for _, e := range rows {
		n += int(bit(e.Label == label))
	}
	return n
}

func (p *pulled) logit(moves map[uint32]*move) float64 {
	sum := 0.0
	for _, at := range p.at {
		if m := moves[at]; m != nil {
			sum += m.by
		}
	}
	return p.base + p.coef*sum
}

// move is how far a weight goes, and its squared gradients so far.
type move struct{ by, g float64 }

// shift learns how far the weights that decided texts have features for go (AdaGrad on the log loss, drawn
// back to nothing). Our own sentences only hold them.
func shift(rows, own []pulled, pull float64) map[uint32]*move {
	const epochs, rate = 5, 0.05
	moves := map[uint32]*move{}
	for _, p := range rows {
		for _, at := range p.at {
			if moves[at] == nil {
				moves[at] = &move{}
			}
		}
	}
	all := append(slices.Clone(rows), own...)
	local := make([][]*move, len(all)) // the moves of each text, found once
	for i, p := range all {
		for _, at := range p.at {
			if m := moves[at]; m != nil {
				local[i] = append(local[i], m)
			}
		}
	}
	f := fitter{rng: 88172645463325252}
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	for epoch := range epochs {
		for i := len(order) - 1; i > 0; i-- {
			j := int(f.next() % uint64(i+1))
			order[i], order[j] = order[j], order[i]
		}
		now := rate * (1 - 0.9*float64(epoch)/epochs)
		for _, i := range order {
			p, sum := &all[i], 0.0
			for _, m := range local[i] {
				sum += m.by
			}
			d := (sigmoid(p.base+p.coef*sum) - p.y) * p.weight * p.coef
			if math.Abs(d) < 1e-6 {
				continue
			}
			for _, m := range local[i] {
				grad := d + pull*m.by
				m.g += grad * grad
				m.by -= now * grad / (math.Sqrt(m.g) + 1e-3)
			}
		}
	}
	return moves
}

// moved is the head with its weights moved, each to the nearest code.
func (h *head) moved(moves map[uint32]*move) *head {
	out := *h
	out.Weights = slices.Clone(h.Weights)
	levels := h.levels[:128]
	for at, m := range moves {
		want := float64(h.levels[uint8(h.Weights[at])]) + m.by/h.Scale
		size := int32(math.Round(min(math.Abs(want), topLevel)))
		code := sort.Search(len(levels), func(i int) bool { return levels[i] >= size })
		if code == len(levels) || code > 0 && size-levels[code-1] < levels[code]-size {
			code--
		}
		if want < 0 {
			code = -code
		}
		out.Weights[at] = int8(code)
	}
	return &out
}

// card says what the adapted model is. The figures of the model it was made from do not hold for it.
func (a *adapter) card(list []Comparison) Card {
	from := a.o.From
	c := from.Card
	c.Trained, c.Figures = a.o.Date, nil
	c.Method = fmt.Sprintf("model %s, whose weights for harm and spam were moved by what reviewers of one installation decided, and drawn back to where they were; it was made thus: %s", from.Version, from.Card.Method)
	c.Sources = slices.Clone(c.Sources)
	for _, group := range []string{"harm", "spam"} {
		if a.m.heads[group] != from.heads[group] {
			c.Sources = append(c.Sources, Source{Name: "decisions of reviewers", Head: group, Rows: len(trainingPart(a.o.Decided[group])), Licence: "this installation's own; not to be shipped"})
		}
	}
	for _, f := range list {
		if a.m.heads[f.Group] != from.heads[f.Group] {
			c.Figures = append(c.Figures, f.figures()...)
		}
	}
	c.Notes = append(slices.Clone(c.Notes), "Probabilities and thresholds are those of model "+from.Version+". In the figures above, what it reaches itself stands where other cards have a word list.")
	return c
}
