package moderation

import (
	"fmt"
	"path/filepath"
	"slices"
)

// figures measures the finished model, without rules, on what it was not trained on and notes it on the
// card, each figure beside what a plain word list reaches.
func (t *trainer) figures() error {
	e := NewEngine(t.m, &RuleSet{Version: "none"}, DefaultPolicy())
	for _, group := range []string{"harm", "spam"} {
		t.groupFigures(e, group, "own sentences, set aside", binary01(testPart(t.seeds[group])))
		if t.o.Data == "" {
			continue
		}
		for _, set := range devSets[group] {
			rows, err := LoadTSV(filepath.Join(t.o.Data, set, "dev.tsv"))
			if err != nil {
				return err
			}
			t.groupFigures(e, group, set+", development part", rows)
		}
	}
	for _, task := range []string{"intent", "language", "sentiment"} {
		t.taskFigures(e, task, testPart(t.seeds[task]))
	}
	t.wishFigures(e)
	t.m.Card.Notes = append(t.m.Card.Notes,
		"Figures are of the model alone. Calibration and thresholds were chosen on the very parts named here: expect somewhat lower figures on texts nobody has seen.",
		"No threshold rests on hateval-es: it marks hatred of women and immigrants alone, and its zeros hold plain abuse.",
		"Italian and Spanish have no public set that may ship: their harm scores rest on our own sentences and on what languages share.",
		"personal_data has no score: no labelled text carries it. It is left to rules, the language model and people.")
	return nil
}

func (t *trainer) note(f Figure) {
	f.Value, f.Baseline = round(f.Value), round(f.Baseline)
	t.m.Card.Figures = append(t.m.Card.Figures, f)
}

// groupFigures notes ranking and hiding, by language.
func (t *trainer) groupFigures(e *Engine, group, set string, rows []Example) {
	o := EvalOptions{Task: group, Tiers: Tiers{Model: true}}
	type pair struct{ model, list []judged }
	by := map[string]pair{}
	for _, row := range rows {
		v := e.judge(Input{Subject: SubjectComment, Text: row.Text}, false, true)
		j := o.judge(row, v)
		l := j
		n := normalise(row.Text)
		l.hidden = t.m.lexicon.has(n.folded, row.Lang)
		l.score = bit(l.hidden)
		p := by[row.Lang]
		by[row.Lang] = pair{append(p.model, j), append(p.list, l)}
	}
	langs := make([]string, 0, len(by))
	for l := range by {
		langs = append(langs, l)
	}
	slices.Sort(langs)
	for _, l := range langs {
		model, list := Measure{Name: l, N: len(by[l].model)}, Measure{Name: l}
		o.measureBinary(&model, by[l].model)
		o.measureBinary(&list, by[l].list)
		if model.AUC == nil {
			continue
		}
		at := t.m.threshold(group, l)
		t.note(Figure{Name: group + " AUC", Set: set, Language: l, N: model.N, Value: *model.AUC, Baseline: *list.AUC, Note: fmt.Sprintf("95 %% %.3f to %.3f", model.AUCRange[0], model.AUCRange[1])})
		t.note(Figure{Name: group + " hide precision", Set: set, Language: l, N: model.N, Value: model.Precision, Threshold: at, Baseline: list.Precision, Note: fmt.Sprintf("recall %.3f (list %.3f), harmless hidden %.4f (list %.4f)", model.Recall, list.Recall, model.FalseHides, list.FalseHides)})
	}
}

// taskFigures notes accuracy by language, beside that of always saying the commonest label.
func (t *trainer) taskFigures(e *Engine, task string, rows []Example) {
	o := EvalOptions{Task: task, Tiers: Tiers{Model: true}}
	by := map[string][]judged{}
	for _, row := range rows {
		j := o.judge(row, e.judge(Input{Subject: SubjectComment, Text: row.Text}, false, true))
		by[""] = append(by[""], j)
		if task != "language" {
			by[row.Lang] = append(by[row.Lang], j)
		}
	}
	for _, l := range append([]string{""}, Languages...) {
		if len(by[l]) == 0 {
			continue
		}
		counts, most := map[string]int{}, 0
		for _, j := range by[l] {
			counts[j.gold]++
			most = max(most, counts[j.gold])
		}
		m := o.measure(l, by[l])
		t.note(Figure{Name: task + " accuracy", Set: "own sentences, set aside", Language: l, N: m.N, Value: m.Accuracy, Baseline: float64(most) / float64(m.N), Note: fmt.Sprintf("macro-F1 %.3f", m.MacroF1)})
	}
}

// wishFigures notes how many withdrawals and asks for a person are recognised, and how often other talk
// is taken for one. The word list beside withdrawals is the one of single words.
func (t *trainer) wishFigures(e *Engine) {
	var n, found, listed, looks, alarms float64
	for _, row := range testPart(t.seeds["optout"]) {
		got := e.judge(Input{Subject: SubjectMessage, Text: row.Text}, false, true).OptOut != NoOptOut
		switch row.Label {
		case "clear":
			n, found, listed = n+1, found+bit(got), listed+bit(e.model.Predict(normalise(row.Text)).Signs.whole.word)
		case "none":
			looks, alarms = looks+1, alarms+bit(got)
		}
	}
	t.note(Figure{Name: "withdrawals recognised", Set: "own sentences, set aside", N: int(n), Value: ratio(found, n), Threshold: t.m.threshold("optout", ""), Baseline: ratio(listed, n), Note: fmt.Sprintf("look-alikes taken for one: %.3f of %d", ratio(alarms, looks), int(looks))})
	var asks, heard, others, wrong, taken float64
	for _, row := range testPart(t.seeds["intent"]) {
		v := e.judge(Input{Subject: SubjectMessage, Text: row.Text}, false, true)
		if row.Label == "human_agent" {
			asks, heard = asks+1, heard+bit(v.WantsHuman)
		} else {
			others, wrong = others+1, wrong+bit(v.WantsHuman)
			if row.Label != "opt_out" {
				taken += bit(v.OptOut != NoOptOut)
			}
		}
	}
	t.note(Figure{Name: "asks for a person heard", Set: "own sentences, set aside", N: int(asks), Value: ratio(heard, asks), Threshold: t.m.threshold("human", ""), Note: fmt.Sprintf("other talk taken for one: %.4f of %d", ratio(wrong, others), int(others))})
	t.note(Figure{Name: "ordinary talk taken for a withdrawal", Set: "own sentences, set aside", N: int(others), Value: ratio(taken, others), Threshold: t.m.threshold("optout", "")})
}
