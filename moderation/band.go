package moderation

import (
	"fmt"
	"slices"
	"strconv"
)

// Between what passes unasked and what is hidden, rules and model do not know and a language model is asked. Where
// asking begins follows from how many violations may pass unasked.

// bandShares are the shares of violations for which the card says where asking begins.
var bandShares = []float64{0.01, 0.02, 0.05, 0.1}

// realisticShare is that of violations among the comments of a shop or a hotel.
const realisticShare = 0.04

func bandKey(lost float64) string { return strconv.FormatFloat(lost, 'g', -1, 64) }

// never is a concern that no text raises.
const never = 2

// askFrom is the concern from which a language model is asked so that a share of violations passes unasked; never
// where the card has none.
func (m *Model) askFrom(lost float64) float64 {
	if from, ok := m.thresholds["ask"][bandKey(lost)]; ok && lost != 0 {
		return from
	}
	return never
}

// bandRow is a text as the cascade sees it before a language model.
type bandRow struct {
	concern    float64
	bad        bool
	gone, open bool // hidden, or with a person anyway; asked about whatever the concern
	weight     float64
}

// inBand is what a verdict without a language model leaves to be asked: nothing of what is hidden or goes to a person
// as it is.
func inBand(v Verdict, bad bool) bandRow {
	return bandRow{gone: strength[v.Decision] >= strength[Hide] || v.Decision == Review && !v.NeedsLLM, open: v.NeedsLLM, bad: bad}
}

// weigh gives violations together their share.
func weigh(rows []bandRow, share float64) {
	bad := 0.0
	for _, r := range rows {
		bad += bit(r.bad)
	}
	for i := range rows {
		rows[i].weight = (1 - share) / (float64(len(rows)) - bad)
		if rows[i].bad {
			rows[i].weight = share / bad
		}
	}
}

// under is the share of texts asked about from a concern on, and that of the violations that pass unasked.
func under(rows []bandRow, from float64) (asked, lost float64) {
	bad := 0.0
	for _, r := range rows {
		in := r.open || r.concern >= from
		if in && !r.gone {
			asked += r.weight
		}
		if r.bad {
			bad += r.weight
			if !in && !r.gone {
				lost += r.weight
			}
		}
	}
	return asked, lost / bad
}

// highest is the highest concern from which asking lets no more than some violations pass.
func highest(rows []bandRow, spare int) float64 {
	var open []float64 // of violations that asking must catch
	for _, r := range rows {
		if r.bad && !r.gone && !r.open {
			open = append(open, r.concern)
		}
	}
	if len(open) <= spare {
		return never
	}
	slices.Sort(open)
	return open[spare]
}

// sureOf is how sure it is that no more than the share passes among all violations, of which the sentences are a sample.
const sureOf = 0.97

// spared is how many of n violations may pass so that it is that sure. Where a sample is too small to be sure of
// anything, none.
func spared(n int, share float64) int {
	k := 0
	for k < n {
		if _, upper := Interval(k+1, n, sureOf); upper > share {
			break
		}
		k++
	}
	return k
}

// everyOther is the half of our own sentences set aside on which it is chosen where asking begins: every second of
// each language. The other half measures that.
func everyOther(list []Example) []Example {
	seen := map[string]int{}
	var out []Example
	for _, e := range testPart(list) {
		if seen[e.Lang]++; seen[e.Lang]%2 == 1 {
			out = append(out, e)
		}
	}
	return out
}

// concernFolds are how many parts take turns at being scored by weights that were fitted without them.
const concernFolds = 5

// bands fits the concern, chooses where asking begins by scores of texts that it was not fitted on, and notes it on
// the card.
func (t *trainer) bands() error {
	e := NewEngine(t.m, nil, DefaultPolicy())
	var rows []bandRow
	var list []factRow
	for _, task := range []string{"harm", "spam", "intent", "sentiment", "optout"} {
		for _, x := range everyOther(t.seeds[task]) {
			if x.Label == "self_harm" { // goes to a person whatever the concern
				continue
			}
			bad := (task == "harm" || task == "spam") && x.Label != "none"
			v := e.Judge(Input{Subject: SubjectComment, Text: x.Text})
			rows = append(rows, inBand(v, bad))
			t.m.predict(normalise(x.Text), t.s)
			list = append(list, factRow{slices.Clone(t.s.facts), bad})
		}
	}
	for fold := range concernFolds {
		var part []factRow
		for i, r := range list {
			if i%concernFolds != fold {
				part = append(part, r)
			}
		}
		c := fitConcern(part)
		for i := fold; i < len(list); i += concernFolds {
			rows[i].concern = c.score(list[i].facts)
		}
	}
	t.m.concern = fitConcern(list)
	weigh(rows, realisticShare)
	bad := 0
	for _, r := range rows {
		bad += int(bit(r.bad))
	}
	t.m.thresholds["ask"] = map[string]float64{}
	for _, lost := range bandShares {
		from := highest(rows, spared(bad, lost))
		t.m.thresholds["ask"][bandKey(lost)] = from
		asked, passed := under(rows, from)
		note := fmt.Sprintf("asks about %.4f of a mix with %.2f violations, %.4f of them pass, held out in turn; half of our own sentences set aside", asked, realisticShare, passed)
		t.m.Card.Thresholds = append(t.m.Card.Thresholds, Figure{Name: "asked from", Set: "to let " + bandKey(lost) + " pass", N: len(rows), Value: from, Note: note})
		t.o.Log("to let %g pass, ask from %.4f: %s", lost, from, note)
	}
	return nil
}
