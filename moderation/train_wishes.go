package moderation

import (
	"fmt"
	"regexp"
	"slices"
)

// optOutOptions and humanOptions fit the two heads that must miss almost nothing. People take back their consent in
// more ways than they ask for somebody: its table is larger.
var (
	optOutOptions = headOptions{bits: 18, epochs: 12, rate: 0.15, rounds: 8, ratio: true}
	humanOptions  = headOptions{bits: 17, epochs: 12, rate: 0.15, rounds: 5, ratio: true}
)

// joinOptions fit the head that hears how far offers are wanted: a sign among others, so it may be small.
var joinOptions = headOptions{bits: 15, epochs: 12, rate: 0.15, rounds: 3, ratio: true}

// signOptions fit what weighs the signs. Signs are left out by turns, so that no one of them decides alone.
var signOptions = headOptions{bits: signBits, epochs: 20, rate: 0.1, l2: 3e-4, rounds: 3, flat: true, drop: 0.2}

// alarmShare is the share of ordinary talk that may be taken for a wish. A wish missed is worse than a
// question too many: what is less sure is doubtful, and one question settles it. Who asks for offers counts to
// neither: that is told apart afterwards, by the intents.
const (
	alarmShare      = 0.008
	alarmShareClear = 0.001
	alarmShareHuman = 0.035
)

// ordinaryWeight is how much ordinary talk counts where the signs are weighed: most of what is written is no
// look-alike of anything.
const ordinaryWeight = 2

// wish is a text as the two heads see it, with how hard a look-alike it is.
type wish struct {
	Example
	withdraws, asks, joins, lookalike bool
	ordinary                          bool // what customers write of other things
	public                            bool // of a public set: it wishes neither
	read                              reading
	at                                []uint32           // its features, for tables of any size
	intent                            string             // its label among the intents; empty: none of them
	wants                             float64            // the logit of wanting offers, by a head fitted without the text
	intended                          map[string]float64 // how probable each wish is by the intents, likewise
}

// wishes trains the heads of withdrawals and of asking for a person, each against everything else
// people write, and sets their thresholds on texts held out in turn.
func (t *trainer) wishes() error {
	list, err := t.wishList()
	if err != nil {
		return err
	}
	joins := wishItems(list, func(w wish) bool { return w.joins }, joinOptions)
	for i, logit := range t.heldOut("join", list, joins, joinOptions) {
		list[i].wants = logit
	}
	t.intends(list)
	t.m.heads["join"] = fitHead("join", joins, joinOptions)
	t.m.source("join", "own sentences", len(list), "ours")
	t.wishHead("optout", optOutOptions, list, func(w wish) bool { return w.withdraws }, map[string]float64{"": alarmShare, "clear": alarmShareClear})
	t.wishHead("human", humanOptions, list, func(w wish) bool { return w.asks }, map[string]float64{"": alarmShareHuman})
	return nil
}

// wishList reads all training sentences for wishes.
func (t *trainer) wishList() ([]wish, error) {
	var list []wish
	for _, e := range trainingPart(t.seeds["optout"]) {
		if e.Label != "doubtful" {
			w := wish{Example: e, withdraws: e.Label == "clear", lookalike: e.Label == "none"}
			if w.withdraws && !e.Other {
				w.intent = "opt_out"
			}
			list = append(list, w)
		}
	}
	for _, e := range trainingPart(t.seeds["intent"]) {
		list = append(list, wish{Example: e, withdraws: e.Label == "opt_out", asks: e.Label == "human_agent", joins: e.Label == "opt_in", ordinary: true, intent: e.Label})
	}
	for _, task := range []string{"sentiment", "harm", "spam"} {
		for _, e := range trainingPart(t.seeds[task]) {
			list = append(list, wish{Example: e, ordinary: task == "sentiment"})
		}
	}
	asked, err := t.public("intent", "wishes, as what is none", publicEvery)
	if err != nil {
		return nil, err
	}
	for _, e := range asked {
		if !mayWish.MatchString(e.Label) {
			list = append(list, wish{Example: e, public: true})
		}
	}
	for i := range list {
		n := normalise(list[i].Text).bare()
		language := t.m.language(&n, t.s)
		n, _ = n.spoken()
		t.m.textFeatures(t.s, &n, language)
		list[i].read = t.s.sentence.wishesIn(n.lower, language)
		list[i].at = slices.Clone(t.s.feats)
	}
	return list, nil
}

// mayWish are labels of public sets under which somebody asks for a person, or wants something to end or to go: what
// they are told by says little of whose offers end.
var mayWish = regexp.MustCompile(`(?i)human|agent|customer_service|handoff|newsletter|cancel|delete|terminate|remove|freeze|block|mute|stop|off$|end_call|complaint|call|contact|deny|negate|affirm|who_do_you|are_you_a_bot`)

// Of the public rows, all English but for a few, every so-manieth is taken, and counts for less than our own.
const (
	publicEvery  = 2
	publicWeight = 0.3
)

// wishHead fits the two stages of a wish: what the words say, and what the signs say of that.
func (t *trainer) wishHead(name string, o headOptions, list []wish, yes func(wish) bool, shares map[string]float64) {
	items := wishItems(list, yes, o)
	logits := t.heldOut(name, list, items, o)
	scores := t.wishScores(name, list, logits, yes)
	t.m.thresholds[name] = map[string]float64{}
	for _, key := range []string{"", "clear"} {
		if share, ok := shares[key]; ok {
			t.wishThreshold(name, key, list, scores, yes, share)
		}
	}
	t.m.heads[name] = fitHead(name, items, o)
	t.m.heads[name+" signs"] = fitHead(name+" signs", signItems(name, list, logits, yes), signOptions)
	t.m.source(name, "own sentences", len(list), "ours")
	t.o.Log("%s: %d texts", name, len(list))
}

func fitHead(name string, items []item, o headOptions) *head {
	w, bias := fit(items, 1, o)
	return quantise(name, []string{"1"}, o, w, bias)
}

// wishItems are the texts as a head of words sees them.
func wishItems(list []wish, yes func(wish) bool, o headOptions) []item {
	items := make([]item, len(list))
	for i, w := range list {
		items[i] = item{buckets(w.at, "", o), 0, 0.7}
		switch {
		case yes(w):
			items[i].label, items[i].weight = 1, 1
		case w.lookalike:
			items[i].weight = 1
		case w.public:
			items[i].weight = publicWeight
		}
	}
	return items
}

const wishFolds = 4

// inTurn splits places into those a fold is fitted on and those held out from it: what was written as one
// line stays together.
func inTurn(list []wish, fold int) (part, rest []int) {
	for i, w := range list {
		if int(wordHash(w.ID)%wishFolds) == fold {
			rest = append(rest, i)
		} else {
			part = append(part, i)
		}
	}
	return part, rest
}

// heldOut are the logits of texts, by heads that were fitted without the text.
func (t *trainer) heldOut(name string, list []wish, items []item, o headOptions) []float64 {
	logits := make([]float64, len(list))
	for fold := range wishFolds {
		part, rest := inTurn(list, fold)
		h := fitHead(name, chosen(items, part), o)
		for _, i := range rest {
			t.s.feats = append(t.s.feats[:0], items[i].at...)
			logits[i] = h.logit(t.s, "")
		}
	}
	return logits
}

// intends lets heads of intents that were fitted without a text say how probable they find each wish in it. They
// learn what the shipped one learns, in fewer rounds.
func (t *trainer) intends(list []wish) {
	o := intentOptions
	o.rounds = 4
	optOut, human := slices.Index(Intents, "opt_out"), slices.Index(Intents, "human_agent")
	for fold := range wishFolds {
		part, rest := inTurn(list, fold)
		var items []item
		for _, i := range part {
			w := &list[i]
			label := slices.Index(Intents, w.intent)
			if label < 0 {
				continue
			}
			weight := float32(1)
			switch {
			case w.Example.Other:
				weight = otherWeight
			case !w.ordinary:
				weight = clearWeight
			}
			items = append(items, item{buckets(w.at, "", o), label, weight})
		}
		weights, bias := fit(items, len(Intents), o)
		h := quantise("intent", Intents, o, weights, bias)
		for _, i := range rest {
			t.s.feats = append(t.s.feats[:0], list[i].at...)
			probs := h.softmax(t.s)
			list[i].intended = map[string]float64{"optout": probs[optOut], "human": probs[human]}
		}
	}
}

// wishScores are what signs and words say together, held out.
func (t *trainer) wishScores(name string, list []wish, logits []float64, yes func(wish) bool) []float64 {
	scores := t.heldOut(name, list, signItems(name, list, logits, yes), signOptions)
	for i, logit := range scores {
		scores[i] = round(sigmoid(logit))
	}
	return scores
}

func chosen(items []item, places []int) []item {
	out := make([]item, len(places))
	for k, i := range places {
		out[k] = items[i]
	}
	return out
}

// signItems are the texts as the second stage sees them.
func signItems(name string, list []wish, logits []float64, yes func(wish) bool) []item {
	items := make([]item, len(list))
	for i, w := range list {
		items[i] = item{w.read.signFeatures(nil, logits[i], w.wants, w.intended[name]), int(bit(yes(w))), 0.7}
		switch {
		case yes(w) || w.lookalike:
			items[i].weight = 1
		case w.ordinary && !w.joins:
			items[i].weight = ordinaryWeight
		case w.public:
			items[i].weight = publicWeight
		}
	}
	return items
}

// wishThreshold is the lowest score at which ordinary talk raises no more than its share of alarms.
func (t *trainer) wishThreshold(name, key string, list []wish, scores []float64, yes func(wish) bool, share float64) {
	var ordinary []float64
	for i, w := range list {
		if !yes(w) && w.ordinary && !w.joins {
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
