package moderation

import (
	"fmt"
	"slices"
)

// wishOptions fit the two heads that must miss almost nothing.
var wishOptions = headOptions{bits: 17, epochs: 12, rate: 0.15, rounds: 3, ratio: true}

// alarmShare is the share of ordinary talk that may be taken for a wish: the most that is bearable,
// since a wish missed is worse. What is less sure is doubtful, and one question settles it.
const (
	alarmShare      = 0.013
	alarmShareClear = 0.006
	alarmShareHuman = 0.012
)

// wish is a text as the two heads see it, with how hard a look-alike it is.
type wish struct {
	Example
	withdraws, asks, lookalike bool
	against                    bool // a pattern rules a withdrawal out
	at                         []uint32
}

// wishes trains the heads of withdrawals and of asking for a person, each against everything else
// people write, and sets their thresholds on texts held out in turn.
func (t *trainer) wishes() error {
	var list []wish
	for _, e := range trainingPart(t.seeds["optout"]) {
		if e.Label != "doubtful" {
			list = append(list, wish{Example: e, withdraws: e.Label == "clear", lookalike: e.Label == "none"})
		}
	}
	for _, e := range trainingPart(t.seeds["intent"]) {
		list = append(list, wish{Example: e, withdraws: e.Label == "opt_out", asks: e.Label == "human_agent"})
	}
	for _, task := range []string{"sentiment", "harm", "spam"} {
		for _, e := range trainingPart(t.seeds[task]) {
			list = append(list, wish{Example: e})
		}
	}
	for i := range list {
		n := normalise(list[i].Text)
		language := t.m.language(&n, t.s)
		t.m.textFeatures(t.s, &n, language)
		signs := signsOf(plain(n.folded), language)
		list[i].against = signs.against
		t.s.wishFeatures(signs)
		list[i].at = buckets(t.s.feats, "", wishOptions)
	}
	t.wishHead("optout", list, func(w wish) bool { return w.withdraws }, map[string]float64{"": alarmShare, "clear": alarmShareClear})
	t.wishHead("human", list, func(w wish) bool { return w.asks }, map[string]float64{"": alarmShareHuman})
	return nil
}

func (t *trainer) wishHead(name string, list []wish, yes func(wish) bool, shares map[string]float64) {
	const folds = 4
	items := make([]item, len(list))
	for i, w := range list {
		items[i] = item{w.at, 0, 0.7}
		if yes(w) {
			items[i].label, items[i].weight = 1, 1
		} else if w.lookalike {
			items[i].weight = 1
		}
	}
	scores := make([]float64, len(list))
	for fold := range folds {
		var part []item
		for i, it := range items {
			if i%folds != fold {
				part = append(part, it)
			}
		}
		h := t.fitWish(name, part)
		for i := fold; i < len(items); i += folds {
			t.s.feats = append(t.s.feats[:0], items[i].at...)
			if scores[i] = round(sigmoid(h.logit(t.s, ""))); name == "optout" && list[i].against {
				scores[i] = 0
			}
		}
	}
	t.m.thresholds[name] = map[string]float64{}
	for _, key := range []string{"", "clear"} {
		if share, ok := shares[key]; ok {
			t.wishThreshold(name, key, list, scores, yes, share)
		}
	}
	t.m.heads[name] = t.fitWish(name, items)
	t.m.source(name, "own sentences", len(items), "ours")
	t.o.Log("%s: %d texts", name, len(items))
}

func (t *trainer) fitWish(name string, items []item) *head {
	w, bias := fit(items, 1, wishOptions)
	return quantise(name, []string{"1"}, wishOptions, w, bias)
}

// wishThreshold is the lowest score at which ordinary talk raises no more than its share of alarms.
func (t *trainer) wishThreshold(name, key string, list []wish, scores []float64, yes func(wish) bool, share float64) {
	var ordinary []float64
	for i, w := range list {
		if !yes(w) && !w.lookalike {
			ordinary = append(ordinary, scores[i])
		}
	}
	slices.Sort(ordinary)
	from := round(ordinary[len(ordinary)-1-int(share*float64(len(ordinary)))] + 1e-6)
	n, found, looks, alarms := 0, 0, 0, 0
	for i, w := range list {
		switch {
		case yes(w):
			n++
			if scores[i] >= from {
				found++
			}
		case w.lookalike:
			looks++
			if scores[i] >= from {
				alarms++
			}
		}
	}
	t.m.thresholds[name][key] = from
	note := fmt.Sprintf("recall %.3f, alarms on ordinary talk %.4f, on look-alikes %.3f, held out in turn", float64(found)/float64(max(n, 1)), share, float64(alarms)/float64(max(looks, 1)))
	t.m.Card.Thresholds = append(t.m.Card.Thresholds, Figure{Name: name + " " + map[string]string{"": "recognised from", "clear": "clear from"}[key], Set: "own sentences, training part", N: len(list), Value: from, Note: note})
	t.o.Log("%s %s from %.3f: %s", name, key, from, note)
}
