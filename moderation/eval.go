package moderation

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"strings"
	"time"
)

// EvalOptions say what to measure.
type EvalOptions struct {
	Task  string // harm, spam, intent, language, sentiment, optout
	Tiers Tiers
	Mix   float64 // share of violations to resample to; 0: as the file has them
	Seed  uint64
}

// Report is what a measurement found.
type Report struct {
	Task          string             `json:"task"`
	Files         []string           `json:"files"`
	N             int                `json:"n"`
	Model         string             `json:"model"`
	Rules         string             `json:"rules"`
	Overall       Measure            `json:"overall"`
	Languages     []Measure          `json:"languages,omitempty"`
	Labels        []Measure          `json:"labels,omitempty"`
	Tiers         map[string]float64 `json:"tiers"`     // share decided by each tier
	NeedsLLM      float64            `json:"needs_llm"` // share that would be put to an LLM
	MicrosPer1000 int64              `json:"micros_per_1000"`
	CostPer1000   float64            `json:"cost_per_1000"` // rules and model cost nothing but time
}

// Measure holds the figures of one slice. For harm and spam, precision, recall and F1 are those of an
// automatic hide under the default policy; for the other tasks precision is accuracy's macro part.
type Measure struct {
	Name          string      `json:"name"`
	N             int         `json:"n"`
	Positives     int         `json:"positives,omitempty"`
	Precision     float64     `json:"precision"`
	Recall        float64     `json:"recall"`
	F1            float64     `json:"f1"`
	MacroF1       float64     `json:"macro_f1"`
	Accuracy      float64     `json:"accuracy"`
	AUC           *float64    `json:"auc,omitempty"`
	AUCRange      *[2]float64 `json:"auc_95,omitempty"` // bootstrap
	AccuracyRange *[2]float64 `json:"accuracy_95,omitempty"`
	AP            *float64    `json:"average_precision,omitempty"`
	ECE           *float64    `json:"ece,omitempty"`
	FalseHides    float64     `json:"false_hides"` // share of harmless texts hidden
}

type judged struct {
	lang, gold, said string
	score            float64
	hidden           bool
}

// Eval measures the engine on labelled files.
func (e *Engine) Eval(o EvalOptions, files []string) (Report, error) {
	r := Report{Task: o.Task, Files: files, Model: e.model.Version, Rules: e.rules.Version, Tiers: map[string]float64{}}
	var rows []Example
	for _, f := range files {
		list, err := LoadTSV(f)
		if err != nil {
			return r, err
		}
		rows = append(rows, list...)
	}
	rows, err := o.prepare(rows)
	if err != nil {
		return r, err
	}
	start := time.Now()
	list := make([]judged, 0, len(rows))
	for _, row := range rows {
		v := e.judge(Input{Subject: SubjectComment, Text: row.Text}, o.Tiers.Rules, o.Tiers.Model)
		list = append(list, o.judge(row, v))
		r.Tiers[string(v.Tier)]++
		if v.NeedsLLM {
			r.NeedsLLM++
		}
	}
	r.N = len(list)
	if r.N == 0 {
		return r, fmt.Errorf("no row of the files can be measured for %s", o.Task)
	}
	r.MicrosPer1000 = time.Since(start).Microseconds() * 1000 / int64(r.N)
	for t := range r.Tiers {
		r.Tiers[t] = round(r.Tiers[t] / float64(r.N))
	}
	r.NeedsLLM = round(r.NeedsLLM / float64(r.N))
	r.Overall = o.measure("all", list)
	r.Languages = o.by(list, func(j judged) string { return j.lang })
	if !o.binary() {
		r.Labels = o.by(list, func(j judged) string { return j.gold })
	}
	return r, nil
}

func (o EvalOptions) binary() bool { return o.Task == "harm" || o.Task == "spam" || o.Task == "optout" }

// prepare checks the labels and, with a mix, resamples to the share of violations wanted.
func (o EvalOptions) prepare(rows []Example) ([]Example, error) {
	switch o.Task {
	case "harm", "spam", "intent", "language", "sentiment", "optout":
	default:
		return nil, fmt.Errorf("task %q is not one of harm, spam, intent, language, sentiment, optout", o.Task)
	}
	if o.Mix <= 0 || !o.binary() {
		return rows, nil
	}
	var pos, neg []Example
	for _, r := range rows {
		if positive(r.Label) {
			pos = append(pos, r)
		} else {
			neg = append(neg, r)
		}
	}
	want := int(float64(len(neg)) * o.Mix / (1 - o.Mix))
	if len(pos) == 0 || want == 0 {
		return nil, fmt.Errorf("a mix of %g needs texts of both kinds", o.Mix)
	}
	rng := rand.New(rand.NewPCG(o.Seed+1, 7))
	rng.Shuffle(len(pos), func(i, j int) { pos[i], pos[j] = pos[j], pos[i] })
	return append(neg, pos[:min(want, len(pos))]...), nil
}

// positive: 1 is a violation; for withdrawals the label's name says it.
func positive(label string) bool {
	switch strings.ToLower(label) {
	case "1", "clear", "opt_out", "true", "yes":
		return true
	}
	return false
}

func (o EvalOptions) judge(row Example, v Verdict) judged {
	j := judged{lang: row.Lang, gold: row.Label}
	switch o.Task {
	case "harm":
		j.score = v.Harm
		j.hidden = (v.Decision == Hide || v.Decision == Delete) && (isHarm(v.Category) || v.Category == "")
	case "spam":
		j.score = v.SpamScore
		j.hidden = (v.Decision == Hide || v.Decision == Delete) && !isHarm(v.Category)
	case "optout":
		j.hidden = v.OptOut != NoOptOut
		if j.score = 0; v.OptOut == OptOutClear {
			j.score = 1
		} else if v.OptOut == OptOutDoubtful {
			j.score = 0.5
		}
	case "intent":
		j.said, j.score = v.Intent, v.IntentScore
	case "language":
		j.said = v.Language
	case "sentiment":
		j.said = v.Sentiment
	}
	return j
}

func (o EvalOptions) by(list []judged, key func(judged) string) []Measure {
	groups := map[string][]judged{}
	for _, j := range list {
		groups[key(j)] = append(groups[key(j)], j)
	}
	names := make([]string, 0, len(groups))
	for n := range groups {
		names = append(names, n)
	}
	slices.Sort(names)
	var out []Measure
	for _, n := range names {
		out = append(out, o.measure(n, groups[n]))
	}
	return out
}

func (o EvalOptions) measure(name string, list []judged) Measure {
	m := Measure{Name: name, N: len(list)}
	if o.binary() {
		o.measureBinary(&m, list)
		return m
	}
	right := 0
	tp, said, gold := map[string]float64{}, map[string]float64{}, map[string]float64{}
	var marks []float64
	for _, j := range list {
		said[j.said]++
		gold[j.gold]++
		if j.said == j.gold {
			right++
			tp[j.gold]++
			marks = append(marks, 1)
		} else {
			marks = append(marks, 0)
		}
	}
	for label, n := range gold {
		p, r := ratio(tp[label], said[label]), ratio(tp[label], n)
		m.Precision += p / float64(len(gold))
		m.Recall += r / float64(len(gold))
		m.MacroF1 += f1(p, r) / float64(len(gold))
	}
	m.Precision, m.Recall, m.MacroF1 = round(m.Precision), round(m.Recall), round(m.MacroF1)
	m.F1 = m.MacroF1
	m.Accuracy = round(ratio(float64(right), float64(len(list))))
	lo, hi := bootstrap(len(marks), func(pick []int) float64 {
		s := 0.0
		for _, i := range pick {
			s += marks[i]
		}
		return s / float64(len(pick))
	})
	m.AccuracyRange = &[2]float64{lo, hi}
	return m
}

func (o EvalOptions) measureBinary(m *Measure, list []judged) {
	var tp, fp, fn, tn float64
	sc := make([]scored, len(list))
	for i, j := range list {
		y := positive(j.gold)
		sc[i] = scored{x: j.score, y: y, lang: j.lang}
		switch {
		case y && j.hidden:
			tp++
		case y:
			fn++
		case j.hidden:
			fp++
		default:
			tn++
		}
	}
	p, r := ratio(tp, tp+fp), ratio(tp, tp+fn)
	pn, rn := ratio(tn, tn+fn), ratio(tn, tn+fp)
	m.Positives = int(tp + fn)
	m.Precision, m.Recall, m.F1 = round(p), round(r), round(f1(p, r))
	m.MacroF1 = round((f1(p, r) + f1(pn, rn)) / 2)
	m.Accuracy, m.FalseHides = round(ratio(tp+tn, float64(len(list)))), round(ratio(fp, fp+tn))
	if tp+fn == 0 || fp+tn == 0 {
		return
	}
	auc, ap, ece := round(aucOf(sc)), round(averagePrecision(sc)), round(calibrationError(sc))
	m.AUC, m.AP, m.ECE = &auc, &ap, &ece
	lo, hi := bootstrap(len(sc), func(pick []int) float64 {
		sample := make([]scored, len(pick))
		for i, at := range pick {
			sample[i] = sc[at]
		}
		return aucOf(sample)
	})
	m.AUCRange = &[2]float64{lo, hi}
}

// bootstrap returns the middle 95 % of a figure over resamples (Efron 1979); few for large sets, where
// the interval is narrow anyway.
func bootstrap(n int, figure func(pick []int) float64) (lo, hi float64) {
	rounds := 200
	if n > 5000 {
		rounds = 60
	}
	rng := rand.New(rand.NewPCG(42, uint64(n)))
	var values []float64
	pick := make([]int, n)
	for range rounds {
		for i := range pick {
			pick[i] = rng.IntN(n)
		}
		if v := figure(pick); !math.IsNaN(v) {
			values = append(values, v)
		}
	}
	if len(values) == 0 {
		return 0, 0
	}
	slices.Sort(values)
	return round(values[len(values)*25/1000]), round(values[min(len(values)-1, len(values)*975/1000)])
}

func averagePrecision(list []scored) float64 {
	sorted := slices.Clone(list)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].x > sorted[j].x })
	tp, sum := 0.0, 0.0
	for i, s := range sorted {
		if s.y {
			tp++
			sum += tp / float64(i+1)
		}
	}
	return ratio(sum, tp)
}

// calibrationError is the expected difference between what a score says and what is true, over ten
// equal bins (Guo et al. 2017).
func calibrationError(list []scored) float64 {
	var n, conf, hit [10]float64
	for _, s := range list {
		b := min(9, max(0, int(s.x*10)))
		n[b]++
		conf[b] += s.x
		if s.y {
			hit[b]++
		}
	}
	ece := 0.0
	for b := range n {
		ece += math.Abs(conf[b]-hit[b]) / float64(len(list))
	}
	return ece
}

func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func f1(p, r float64) float64 { return ratio(2*p*r, p+r) }
