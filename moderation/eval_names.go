package moderation

import "slices"

// measureNames takes the figures of a task whose labels are names.
func (o EvalOptions) measureNames(m *Measure, list []judged) {
	all := make([]int, len(list))
	for i := range all {
		all[i] = i
	}
	p, r, f, acc := macro(list, all)
	m.Precision, m.Recall, m.MacroF1, m.Accuracy = round(p), round(r), round(f), round(acc)
	m.F1 = m.MacroF1
	of := func(figure func(p, r, f, acc float64) float64) *[2]float64 {
		lo, hi := bootstrap(len(list), func(pick []int) float64 { return figure(macro(list, pick)) })
		return &[2]float64{lo, hi}
	}
	m.PrecisionRange = of(func(p, _, _, _ float64) float64 { return p })
	m.RecallRange = of(func(_, r, _, _ float64) float64 { return r })
	m.MacroF1Range = of(func(_, _, f, _ float64) float64 { return f })
	m.F1Range = m.MacroF1Range
	m.AccuracyRange = of(func(_, _, _, acc float64) float64 { return acc })
	if o.Task != "intent" { // the others come without a score
		return
	}
	sure := make([]scored, len(list))
	for i, j := range list {
		sure[i] = scored{x: j.score, y: j.said == j.gold}
	}
	ece := round(calibrationError(sure))
	lo, hi := bootstrap(len(sure), func(pick []int) float64 { return calibrationError(picked(sure, pick)) })
	m.ECE, m.ECERange = &ece, &[2]float64{lo, hi}
}

// macro are the means of precision, recall and F1 over the names that a sample has, and how much of it is right.
func macro(list []judged, pick []int) (p, r, f, acc float64) {
	tp, said, gold := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, i := range pick {
		said[list[i].said]++
		gold[list[i].gold]++
		if list[i].said == list[i].gold {
			tp[list[i].gold]++
			acc++
		}
	}
	names := make([]string, 0, len(gold))
	for name := range gold {
		names = append(names, name)
	}
	slices.Sort(names) // sums of fractions depend on their order in the last digit
	n := float64(len(names))
	for _, name := range names {
		a, b := ratio(tp[name], said[name]), ratio(tp[name], gold[name])
		p, r, f = p+a/n, r+b/n, f+f1(a, b)/n
	}
	return p, r, f, ratio(acc, float64(len(pick)))
}

// perName measures each name against all others: how often it is right where it is said, and how often it is said
// where it is right. Accuracy is of the yes and no about this name.
func perName(list []judged) []Measure {
	var names []string
	for _, j := range list {
		if !slices.Contains(names, j.gold) {
			names = append(names, j.gold)
		}
	}
	slices.Sort(names)
	out := make([]Measure, 0, len(names))
	for _, name := range names {
		one := EvalOptions{Task: "name"}
		yesNo := make([]judged, len(list))
		for i, j := range list {
			yesNo[i] = judged{gold: "0", hidden: j.said == name}
			if j.gold == name {
				yesNo[i].gold = "1"
			}
		}
		m := Measure{Name: name}
		one.countHidden(&m, yesNo)
		m.N, m.FalseHides = m.Positives, 0
		out = append(out, m)
	}
	return out
}
