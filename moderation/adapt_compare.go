package moderation

import (
	"fmt"
	"math"
)

// Comparison holds what two models make of the same texts of a group: decisions set aside, or our own
// sentences set aside.
type Comparison struct {
	Group  string `json:"group"`
	Set    string `json:"set"`
	N      int    `json:"n"`
	Before Marks  `json:"before"`
	After  Marks  `json:"after"`
	// How far the log loss and the AUC changed: the middle 95 % over bootstrap resamples.
	LogLossChange [2]float64 `json:"log_loss_change_95"`
	AUCChange     [2]float64 `json:"auc_change_95"`
}

// Marks are the figures of one model.
type Marks struct {
	LogLoss  float64    `json:"log_loss"`
	AUC      float64    `json:"auc"` // 0 where there is one kind only
	AUCRange [2]float64 `json:"auc_95"`
	Bad      int        `json:"violations"`
	Right    int        `json:"hidden_rightly"`
	Wrong    int        `json:"hidden_wrongly"`
}

// mark is one text as a model scores it.
type mark struct {
	score, hide float64 // hidden from this score on
	bad         bool
}

// The sets of a comparison.
const (
	setDecisions = "decisions, set aside"
	setTurns     = "decisions, left out in turn"
	setOwn       = "own sentences, set aside"
	setHarmless  = "harmless talk, set aside"
)

// compare measures the adapted group beside what it was.
func (a *adapter) compare(group string, aside []Example) []Comparison {
	var harmless []Example
	for _, task := range []string{"intent", "sentiment", "harm", "spam"} {
		for _, e := range testPart(a.seeds[task]) {
			if task != "harm" && task != "spam" || e.Label == "none" {
				harmless = append(harmless, Example{Text: e.Text, Label: "0"})
			}
		}
	}
	of := func(set string, rows []Example) Comparison {
		return between(group, set, a.o.From.marks(group, rows), a.m.marks(group, rows))
	}
	return []Comparison{of(setDecisions, aside), of(setOwn, binary01(testPart(a.seeds[group]))), of(setHarmless, harmless)}
}

// marks scores texts with the model alone.
func (m *Model) marks(group string, rows []Example) []mark {
	out := make([]mark, len(rows))
	for i, e := range rows {
		p := m.Predict(normalise(e.Text))
		if out[i] = (mark{p.Harm, p.HarmHide, e.Label == "1"}); group == "spam" {
			out[i] = mark{p.Spam, p.SpamHide, e.Label == "1"}
		}
	}
	return out
}

func between(group, set string, before, after []mark) Comparison {
	c := Comparison{Group: group, Set: set, N: len(before), Before: sumUp(before), After: sumUp(after)}
	changed := func(figure func([]mark, []int) float64) [2]float64 {
		lo, hi := bootstrap(len(before), func(pick []int) float64 { return figure(after, pick) - figure(before, pick) })
		return [2]float64{lo, hi}
	}
	c.LogLossChange = changed(func(list []mark, pick []int) float64 {
		sum := 0.0
		for _, i := range pick {
			sum += logLoss(list[i].score, bit(list[i].bad))
		}
		return sum / float64(len(pick))
	})
	if c.Before.Bad > 0 && c.Before.Bad < c.N {
		c.AUCChange = changed(func(list []mark, pick []int) float64 { return aucOf(ofMarks(list, pick)) })
	}
	return c
}

func ofMarks(list []mark, pick []int) []scored {
	out := make([]scored, len(pick))
	for i, at := range pick {
		out[i] = scored{x: list[at].score, y: list[at].bad}
	}
	return out
}

func sumUp(list []mark) Marks {
	var out Marks
	all, sum := make([]int, len(list)), 0.0
	for i, m := range list {
		all[i] = i
		sum += logLoss(m.score, bit(m.bad))
		switch hidden := m.score >= m.hide; {
		case m.bad:
			out.Bad++
			out.Right += int(bit(hidden))
		case hidden:
			out.Wrong++
		}
	}
	out.LogLoss = round(sum / float64(max(1, len(list))))
	if out.Bad > 0 && out.Bad < len(list) {
		out.AUC = round(aucOf(ofMarks(list, all)))
		lo, hi := bootstrap(len(list), func(pick []int) float64 { return aucOf(ofMarks(list, pick)) })
		out.AUCRange = [2]float64{lo, hi}
	}
	return out
}

// logLoss is how surprising a truth is to a score; no score is surer than a millionth.
func logLoss(score, y float64) float64 {
	p := min(1-1e-6, max(1e-6, score))
	return -y*math.Log(p) - (1-y)*math.Log(1-p)
}

// worse says in which way a model is no better than the one it was made from: people's decisions must be
// read better by more than chance, those set aside too, and our own sentences not worse beyond their noise.
func worse(list []Comparison) error {
	for _, c := range list {
		b, a := c.Before, c.After
		switch {
		case c.Set == setDecisions && (a.LogLoss >= b.LogLoss || c.AUCChange[1] < 0):
			return fmt.Errorf("the %d decisions set aside are read no better than before (log loss %.3f, now %.3f; AUC %.3f, now %.3f)", c.N, b.LogLoss, a.LogLoss, b.AUC, a.AUC)
		case c.Set == setTurns && !c.surelyBetter():
			return fmt.Errorf("%d decisions, each left out of learning in turn, are not surely told apart better than before (AUC %.3f, now %.3f; changed by %+.3f to %+.3f): they are too few, or alike texts were decided differently", c.N, b.AUC, a.AUC, c.AUCChange[0], c.AUCChange[1])
		case (c.Set == setDecisions || c.Set == setTurns) && fewer(c.N-b.Bad-b.Wrong, c.N-b.Bad-a.Wrong, c.N-b.Bad) && surelyBelow(a.Right, a.Right+a.Wrong, hidePromise):
			return fmt.Errorf("of %d decided texts that it would hide without having learnt from them, people left %d up (before, %d of %d)", a.Right+a.Wrong, a.Wrong, b.Wrong, b.Right+b.Wrong)
		case c.Set == setOwn && b.AUC > 0 && a.AUC < b.AUCRange[0]:
			return fmt.Errorf("our own %d sentences set aside are told apart worse (AUC %.3f, now %.3f)", c.N, b.AUC, a.AUC)
		case c.Set == setOwn && fewer(b.Right, a.Right, b.Bad):
			return fmt.Errorf("of our own %d violations set aside it would hide %d instead of %d", b.Bad, a.Right, b.Right)
		case c.Set == setHarmless && fewer(c.N-b.Wrong, c.N-a.Wrong, c.N):
			return fmt.Errorf("of our own %d harmless sentences set aside it would hide %d instead of %d", c.N, a.Wrong, b.Wrong)
		}
	}
	return nil
}

// surelyBetter says that decisions are told apart better; or that their probabilities are better where they were told
// apart well already. Better probabilities alone may be mere modesty: decisions drawn by dice teach that too.
func (c Comparison) surelyBetter() bool {
	const well = 0.9
	return c.AUCChange[0] > 0 || c.LogLossChange[1] < 0 && c.After.AUCRange[0] >= well && c.AUCChange[1] >= 0
}

// hidePromise is the precision that is promised of hiding.
const hidePromise = 0.9

// surelyBelow says whether k of n are fewer than a share by more than chance explains (exact bound, 95 %).
func surelyBelow(k, n int, share float64) bool {
	_, high := Interval(k, n, 0.95)
	return high < share
}

// fewer says whether a number of n fell below what chance explains (exact bounds, 95 %).
func fewer(was, is, n int) bool {
	if n == 0 {
		return false
	}
	low, _ := Interval(was, n, 0.95)
	return float64(is)/float64(n) < low
}

// figures are a comparison as a card notes it.
func (c Comparison) figures() []Figure {
	out := []Figure{{Name: c.Group + " log loss", Set: c.Set, N: c.N, Value: c.After.LogLoss, Baseline: c.Before.LogLoss,
		Note: fmt.Sprintf("changed by %+.3f to %+.3f (95 %%); violations hidden %d of %d (before %d), harmless hidden %d of %d (before %d)",
			c.LogLossChange[0], c.LogLossChange[1], c.After.Right, c.After.Bad, c.Before.Right, c.After.Wrong, c.N-c.After.Bad, c.Before.Wrong)}}
	if c.Before.AUC > 0 {
		out = append(out, Figure{Name: c.Group + " AUC", Set: c.Set, N: c.N, Value: c.After.AUC, Baseline: c.Before.AUC,
			Note: fmt.Sprintf("95 %% %.3f to %.3f; changed by %+.3f to %+.3f", c.After.AUCRange[0], c.After.AUCRange[1], c.AUCChange[0], c.AUCChange[1])})
	}
	return out
}
