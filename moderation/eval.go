package moderation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// EvalOptions say what to measure.
type EvalOptions struct {
	Task  string // harm, spam, intent, language, sentiment, optout
	Tiers Tiers
	Mix   float64 // share of violations to resample to; 0: as the file has them
	Seed  uint64
	// Ask answers what rules and model leave open: a language model, or its recorded answers; ok is
	// false where there is none. Nil: the tier does not answer.
	Ask func(Example) (a LLMAnswer, ok bool, err error)
}

// Report is what a measurement found.
type Report struct {
	Task          string             `json:"task"`
	Files         []string           `json:"files"`
	N             int                `json:"n"`
	LeftOut       int                `json:"left_out,omitempty"` // withdrawals labelled doubtful
	Model         string             `json:"model"`
	Rules         string             `json:"rules"`
	Overall       Measure            `json:"overall"`
	Languages     []Measure          `json:"languages,omitempty"`
	Labels        []Measure          `json:"labels,omitempty"`
	Tiers         map[string]float64 `json:"tiers"`     // share decided by each tier
	NeedsLLM      float64            `json:"needs_llm"` // share that would be put to an LLM
	MicrosPer1000 int64              `json:"micros_per_1000"`
	CostPer1000   float64            `json:"cost_per_1000"` // in the currency's units; rules and model cost nothing but time
	Answered      float64            `json:"llm_answered"`  // share of all texts an LLM answered
	LLM           string             `json:"llm,omitempty"` // why it answered none
	Mix           *MixReport         `json:"mix,omitempty"`
	Cascade       *CascadeReport     `json:"cascade,omitempty"`
}

// Measure holds the figures of one slice. For harm and spam, precision, recall and F1 are those of an
// automatic hide under the default policy; for the other tasks precision is accuracy's macro part.
type Measure struct {
	Name      string   `json:"name"`
	N         int      `json:"n"`
	Positives int      `json:"positives,omitempty"`
	Precision float64  `json:"precision"`
	Recall    float64  `json:"recall"`
	F1        float64  `json:"f1"`
	MacroF1   float64  `json:"macro_f1"`
	Accuracy  float64  `json:"accuracy"`
	AUC       *float64 `json:"auc,omitempty"`
	AP        *float64 `json:"average_precision,omitempty"`
	ECE       *float64 `json:"ece,omitempty"`

	// The middle 95 % of each figure over bootstrap resamples.
	PrecisionRange *[2]float64 `json:"precision_95,omitempty"`
	RecallRange    *[2]float64 `json:"recall_95,omitempty"`
	F1Range        *[2]float64 `json:"f1_95,omitempty"`
	MacroF1Range   *[2]float64 `json:"macro_f1_95,omitempty"`
	AUCRange       *[2]float64 `json:"auc_95,omitempty"`
	AccuracyRange  *[2]float64 `json:"accuracy_95,omitempty"`
	APRange        *[2]float64 `json:"average_precision_95,omitempty"`
	ECERange       *[2]float64 `json:"ece_95,omitempty"`

	FalseHides float64 `json:"false_hides"` // share of harmless texts hidden

	// RecallAt2 is the share of violations whose score lies above that of 98 % of the harmless texts.
	RecallAt2      *float64    `json:"recall_at_2,omitempty"`
	RecallAt2Range *[2]float64 `json:"recall_at_2_95,omitempty"`
}

type judged struct {
	lang, gold, said string
	score            float64
	most             float64 // of harm and spam, for a mix of both
	hidden, open     bool    // open: rules and model leave it to an LLM
	gone             bool    // hidden for whatever reason
}

// Eval measures the engine on labelled files.
func (e *Engine) Eval(o EvalOptions, files []string) (Report, error) {
	r := Report{Task: o.Task, Files: files, Model: e.model.Version, Rules: e.rules.Version, Tiers: map[string]float64{}}
	rows, left, err := loadLabelled(o.Task, files)
	if err != nil {
		return r, err
	}
	r.LeftOut = left
	rows, err = o.prepare(rows)
	if err != nil {
		return r, err
	}
	if o.Tiers.LLM && o.Ask == nil {
		r.LLM = "no language model is configured and no recorded answers are given: what is left open stays with a person"
	}
	if len(rows) > 0 { // what is made once, at the first text, is not the texts' time
		e.judge(Input{Subject: SubjectComment, Text: rows[0].Text}, true, true)
	}
	start := time.Now()
	list := make([]judged, 0, len(rows))
	var micros int64
	for _, row := range rows {
		in := Input{Subject: SubjectComment, Text: row.Text}
		v := e.judge(in, o.Tiers.Rules, o.Tiers.Model)
		open := v.NeedsLLM
		if open {
			r.NeedsLLM++
		}
		if open && o.Tiers.LLM && o.Ask != nil {
			a, ok, err := o.Ask(row)
			if err != nil {
				return r, fmt.Errorf("ask the language model: %w", err)
			}
			if ok {
				v = e.WithLLM(v, in, a)
				r.Answered++
				micros += a.CostMicros
			} else {
				v = e.WithoutLLM(v, "no answer")
			}
		}
		j := o.judge(row, v)
		j.open = open
		j.gone = v.Decision == Hide || v.Decision == Delete
		list = append(list, j)
		r.Tiers[string(v.Tier)]++
	}
	r.N = len(list)
	if r.N == 0 {
		return r, fmt.Errorf("no row of the files can be measured for %s", o.Task)
	}
	r.MicrosPer1000 = time.Since(start).Microseconds() * 1000 / int64(r.N)
	for t := range r.Tiers {
		r.Tiers[t] = round(r.Tiers[t] / float64(r.N))
	}
	r.NeedsLLM, r.Answered = round(r.NeedsLLM/float64(r.N)), round(r.Answered/float64(r.N))
	r.CostPer1000 = round(float64(micros) / 1e6 * 1000 / float64(r.N))
	if o.Mix > 0 && o.binary() {
		r.Mix = mixOf(list)
	}
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

func (o EvalOptions) judge(row Example, v Verdict) judged {
	j := judged{lang: row.Lang, gold: row.Label, most: max(v.Harm, v.SpamScore)}
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
	labels := make([]string, 0, len(gold))
	for label := range gold {
		labels = append(labels, label)
	}
	slices.Sort(labels)
	for _, label := range labels {
		p, r := ratio(tp[label], said[label]), ratio(tp[label], gold[label])
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
	lo, hi = bootstrap(len(list), func(pick []int) float64 { return macroF1(list, pick) })
	m.MacroF1Range = &[2]float64{lo, hi}
	return m
}

// macroF1 is that of a resample.
func macroF1(list []judged, pick []int) float64 {
	tp, said, gold := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, i := range pick {
		said[list[i].said]++
		gold[list[i].gold]++
		if list[i].said == list[i].gold {
			tp[list[i].gold]++
		}
	}
	labels := make([]string, 0, len(gold))
	for label := range gold {
		labels = append(labels, label)
	}
	slices.Sort(labels) // sums of fractions depend on their order in the last digit
	sum := 0.0
	for _, label := range labels {
		sum += f1(ratio(tp[label], said[label]), ratio(tp[label], gold[label])) / float64(len(gold))
	}
	return sum
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
	o.hideRanges(m, list)
	if tp+fn == 0 || fp+tn == 0 {
		return
	}
	at2 := round(recallAt(sc, 0.02))
	lo2, hi2 := bootstrap(len(sc), func(pick []int) float64 { return recallAt(picked(sc, pick), 0.02) })
	m.RecallAt2, m.RecallAt2Range = &at2, &[2]float64{lo2, hi2}
	auc, ap, ece := round(aucOf(sc)), round(averagePrecision(sc)), round(calibrationError(sc))
	m.AUC, m.AP, m.ECE = &auc, &ap, &ece
	of := func(figure func([]scored) float64) *[2]float64 {
		lo, hi := bootstrap(len(sc), func(pick []int) float64 { return figure(picked(sc, pick)) })
		return &[2]float64{lo, hi}
	}
	m.AUCRange, m.APRange, m.ECERange = of(aucOf), of(averagePrecision), of(calibrationError)
}

// hideRanges are the intervals of precision, recall and F1 of hiding.
func (o EvalOptions) hideRanges(m *Measure, list []judged) {
	counts := func(pick []int) (p, r float64) {
		var tp, fp, fn float64
		for _, i := range pick {
			switch y := positive(list[i].gold); {
			case y && list[i].hidden:
				tp++
			case y:
				fn++
			case list[i].hidden:
				fp++
			}
		}
		return tp / (tp + fp), tp / (tp + fn) // NaN where a resample has none: left out
	}
	of := func(figure func(p, r float64) float64) *[2]float64 {
		lo, hi := bootstrap(len(list), func(pick []int) float64 { return figure(counts(pick)) })
		return &[2]float64{lo, hi}
	}
	m.PrecisionRange = of(func(p, _ float64) float64 { return p })
	m.RecallRange = of(func(_, r float64) float64 { return r })
	m.F1Range = of(f1)
}
