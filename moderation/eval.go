package moderation

import (
	"fmt"
	"math"
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
	// Ask answers what rules and model leave open, several at once and in their order: a language model, or its
	// recorded answers; nil where there is none. Nil: the tier does not answer.
	Ask func([]Example) ([]*LLMAnswer, error)
}

// Report is what a measurement found.
type Report struct {
	Task          string             `json:"task"`
	Files         []string           `json:"files"`
	N             int                `json:"n"`
	LeftOut       int                `json:"left_out,omitempty"`       // withdrawals labelled doubtful
	Short         int                `json:"short_rows,omitempty"`     // lines with too few columns, which are not measured
	Unknown       map[string]int     `json:"unknown_labels,omitempty"` // labels that the task does not know: counted as wrong
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
	LLM           string             `json:"llm,omitempty"` // what it did not answer, and why
	Mix           *MixReport         `json:"mix,omitempty"`
	Cascade       *CascadeReport     `json:"cascade,omitempty"`
}

// Measure holds the figures of one slice. For harm and spam, precision, recall and F1 are those of an
// automatic hide under the default policy; for tasks of names they are means over the names that the file has, and
// for one of those names its own. Where a file has no text of one kind there is no AUC: it is null.
type Measure struct {
	Name      string   `json:"name"`
	N         int      `json:"n"`
	Positives int      `json:"positives"`
	Precision float64  `json:"precision"`
	Recall    float64  `json:"recall"`
	F1        float64  `json:"f1"`
	MacroF1   float64  `json:"macro_f1"`
	Accuracy  float64  `json:"accuracy"`
	AUC       *float64 `json:"auc"`
	AP        *float64 `json:"average_precision"`
	ECE       *float64 `json:"ece"`

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
	l, err := loadLabelled(o.Task, files)
	if err != nil {
		return r, err
	}
	r.LeftOut, r.Short, r.Unknown = l.left, l.short, l.unknown
	rows, err := o.prepare(l.rows)
	if err != nil {
		return r, err
	}
	if r.N = len(rows); r.N == 0 {
		return r, fmt.Errorf("no row of the files can be measured for %s", o.Task)
	}
	e.judge(commentOf(rows[0]), true, true) // what is made once, at the first text, is not the texts' time
	start := time.Now()
	verdicts, open := make([]Verdict, len(rows)), make([]bool, len(rows))
	for i, row := range rows {
		verdicts[i] = e.judge(commentOf(row), o.Tiers.Rules, o.Tiers.Model)
		open[i] = verdicts[i].NeedsLLM || !o.Tiers.Rules && !o.Tiers.Model
	}
	if o.Tiers.LLM {
		e.askOpen(&r, o, rows, verdicts, open)
	}
	r.MicrosPer1000 = time.Since(start).Microseconds() * 1000 / int64(r.N)
	list := make([]judged, len(rows))
	for i, v := range verdicts {
		list[i] = o.judge(rows[i], v)
		list[i].open, list[i].gone = open[i], v.Decision == Hide || v.Decision == Delete
		r.NeedsLLM += bit(open[i])
		r.Tiers[string(v.Tier)]++
	}
	for t := range r.Tiers {
		r.Tiers[t] = round(r.Tiers[t] / float64(r.N))
	}
	r.NeedsLLM = round(r.NeedsLLM / float64(r.N))
	if o.Mix > 0 {
		r.Mix = e.mixOf(l.rows, o.Mix)
	}
	r.Overall = o.measure("all", list)
	r.Languages = o.by(list, func(j judged) string { return j.lang })
	if !o.binary() {
		r.Labels = perName(list)
	}
	return r, nil
}

func commentOf(row Example) Input { return Input{Subject: SubjectComment, Text: row.Text} }

// askOpen puts what is open to the language model, several texts a request as in the queue. What it does not answer
// goes to a person, and the report says how many.
func (e *Engine) askOpen(r *Report, o EvalOptions, rows []Example, verdicts []Verdict, open []bool) {
	var waiting []int
	for i := range rows {
		if open[i] {
			waiting = append(waiting, i)
		}
	}
	if o.Ask == nil {
		r.LLM = "no language model is configured and no recorded answers are given: what is left open stays with a person"
	}
	var micros int64
	answered, why := 0, ""
	for part := range slices.Chunk(waiting, maxTogether) {
		var answers []*LLMAnswer
		if o.Ask != nil {
			texts := make([]Example, len(part))
			for n, i := range part {
				texts[n] = rows[i]
			}
			var err error
			if answers, err = o.Ask(texts); err != nil {
				why = ": " + err.Error()
			}
		}
		for n, i := range part {
			if n >= len(answers) || answers[n] == nil {
				verdicts[i] = e.WithoutLLM(verdicts[i], "no answer")
				continue
			}
			verdicts[i] = e.WithLLM(verdicts[i], commentOf(rows[i]), *answers[n])
			micros += answers[n].CostMicros
			answered++
		}
	}
	if o.Ask != nil && answered < len(waiting) {
		r.LLM = fmt.Sprintf("of %d texts that were left open, %d got no answer and stay with a person%s", len(waiting), len(waiting)-answered, why)
	}
	r.Answered = round(float64(answered) / float64(r.N))
	r.CostPer1000 = round(float64(micros) / 1e6 * 1000 / float64(r.N))
}

func (o EvalOptions) binary() bool { return o.Task == "harm" || o.Task == "spam" || o.Task == "optout" }

// prepare checks the labels and, with a mix, resamples to the share of violations wanted.
func (o EvalOptions) prepare(rows []Example) ([]Example, error) {
	switch o.Task {
	case "harm", "spam", "intent", "language", "sentiment", "optout":
	default:
		return nil, fmt.Errorf("task %q is not one of harm, spam, intent, language, sentiment, optout", o.Task)
	}
	if o.Mix <= 0 {
		return rows, nil
	}
	if !o.binary() {
		return nil, fmt.Errorf("a mix is of violations and others: it is for harm, spam and optout, not for %s", o.Task)
	}
	var pos, neg []Example
	for _, r := range rows {
		if positive(r.Label) {
			pos = append(pos, r)
		} else {
			neg = append(neg, r)
		}
	}
	if len(pos) == 0 || len(neg) == 0 {
		return nil, fmt.Errorf("a mix of %g needs texts of both kinds", o.Mix)
	}
	// As many as there are of the one, and the others drawn to suit.
	rng := rand.New(rand.NewPCG(o.Seed+1, 7))
	rng.Shuffle(len(pos), func(i, j int) { pos[i], pos[j] = pos[j], pos[i] })
	want := int(float64(len(neg)) * o.Mix / (1 - o.Mix))
	if want > len(pos) {
		want = len(pos)
		rng.Shuffle(len(neg), func(i, j int) { neg[i], neg[j] = neg[j], neg[i] })
		neg = neg[:min(len(neg), int(math.Round(float64(want)*(1-o.Mix)/o.Mix)))]
	}
	if want == 0 {
		return nil, fmt.Errorf("a mix of %g with one violation takes %d other texts; the files hold %d", o.Mix, int(math.Ceil((1-o.Mix)/o.Mix)), len(neg))
	}
	return append(neg, pos[:want]...), nil
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
	} else {
		o.measureNames(&m, list)
	}
	return m
}

func (o EvalOptions) measureBinary(m *Measure, list []judged) {
	o.countHidden(m, list)
	if m.Positives == 0 || m.Positives == len(list) {
		return
	}
	sc := make([]scored, len(list))
	for i, j := range list {
		sc[i] = scored{x: j.score, y: positive(j.gold), lang: j.lang}
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

// countHidden takes the figures that follow from what was hidden and what should have been.
func (o EvalOptions) countHidden(m *Measure, list []judged) {
	var tp, fp, fn, tn float64
	for _, j := range list {
		switch y := positive(j.gold); {
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
}

// hideRanges are the intervals of what countHidden counts.
func (o EvalOptions) hideRanges(m *Measure, list []judged) {
	counts := func(pick []int) (tp, fp, fn, tn float64) {
		for _, i := range pick {
			switch y := positive(list[i].gold); {
			case y && list[i].hidden:
				tp++
			case y:
				fn++
			case list[i].hidden:
				fp++
			default:
				tn++
			}
		}
		return tp, fp, fn, tn
	}
	of := func(figure func(tp, fp, fn, tn float64) float64) *[2]float64 {
		lo, hi := bootstrap(len(list), func(pick []int) float64 { return figure(counts(pick)) })
		return &[2]float64{lo, hi}
	}
	// NaN where a resample has none: left out.
	m.PrecisionRange = of(func(tp, fp, _, _ float64) float64 { return tp / (tp + fp) })
	m.RecallRange = of(func(tp, _, fn, _ float64) float64 { return tp / (tp + fn) })
	m.F1Range = of(func(tp, fp, fn, _ float64) float64 { return f1(tp/(tp+fp), tp/(tp+fn)) })
	m.MacroF1Range = of(func(tp, fp, fn, tn float64) float64 {
		return (f1(ratio(tp, tp+fp), ratio(tp, tp+fn)) + f1(ratio(tn, tn+fn), ratio(tn, tn+fp))) / 2
	})
	m.AccuracyRange = of(func(tp, fp, fn, tn float64) float64 { return (tp + tn) / (tp + fp + fn + tn) })
}
