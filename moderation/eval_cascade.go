package moderation

import (
	"fmt"
	"math"
	"sort"
)

// MixReport says, for a realistic share of violations, how many texts would be put to an LLM. Every text
// counts, violations by their share: none is left out by lot. An LLM asked about a text is taken to be
// right: what is lost is what it is never shown.
type MixReport struct {
	N          int        `json:"n"`
	Violations int        `json:"violations"`
	Share      float64    `json:"share"`      // of violations
	Asked      float64    `json:"asked"`      // share of texts the default policy puts to an LLM
	Lost       float64    `json:"lost"`       // share of violations it lets pass unasked
	AskedAt2   float64    `json:"asked_at_2"` // share of texts put to it where the card says to ask for 2 % of violations passing
	AskedAt2In [2]float64 `json:"asked_at_2_95"`
	LostAt2    float64    `json:"lost_at_2"` // share of violations that pass then
	LostAt2In  [2]float64 `json:"lost_at_2_95"`
	LeastAt2   float64    `json:"least_at_2"` // share that would be asked about at best, were it chosen on these very texts
}

func (e *Engine) mixOf(rows []Example, share float64) *MixReport {
	list := make([]bandRow, len(rows))
	m := MixReport{N: len(rows), Share: share}
	for i, row := range rows {
		v := e.judge(commentOf(row), true, true)
		list[i] = inBand(v, positive(row.Label))
		list[i].concern = e.model.Predict(normalise(row.Text)).Concern
		m.Violations += int(bit(list[i].bad))
	}
	if m.Violations == 0 || m.Violations == m.N {
		return nil
	}
	weigh(list, share)
	b := e.model.askFrom(0.02)
	m.Asked, m.Lost = rounded(under(list, never))
	m.AskedAt2, m.LostAt2 = rounded(under(list, b))
	m.LeastAt2, _ = rounded(under(list, highest(list, int(0.02*float64(m.Violations)))))
	again := func(pick []int, lost bool) float64 {
		some := make([]bandRow, len(pick))
		for k, i := range pick {
			some[k] = list[i]
		}
		weigh(some, share)
		asked, passed := under(some, b)
		if lost {
			return passed
		}
		return asked
	}
	m.AskedAt2In[0], m.AskedAt2In[1] = bootstrap(len(list), func(pick []int) float64 { return again(pick, false) })
	m.LostAt2In[0], m.LostAt2In[1] = bootstrap(len(list), func(pick []int) float64 { return again(pick, true) })
	return &m
}

func rounded(a, b float64) (float64, float64) { return round(a), round(b) }

// CascadeReport compares the cascade with an LLM asked about every text.
type CascadeReport struct {
	N      int          `json:"n"`
	LLM    float64      `json:"llm_accuracy"`
	Model  float64      `json:"model_accuracy"` // rules and model alone, a violation from one half
	Points []CascadeRow `json:"points"`
}

// CascadeRow is the cascade at a share of the LLM's calls: the least sure texts are asked.
type CascadeRow struct {
	Calls    float64    `json:"calls"`
	Accuracy float64    `json:"accuracy"`
	Lost     float64    `json:"lost"` // against the LLM alone
	LostIn   [2]float64 `json:"lost_95"`
}

// Cascade measures the harm tier before recorded answers, by id: 1 a violation, 0 none.
func (e *Engine) Cascade(t Tiers, files []string, answers map[string]string) (*CascadeReport, error) {
	l, err := loadLabelled("harm", files)
	if err != nil {
		return nil, err
	}
	type text struct{ gold, model, llm, sure float64 }
	var list []text
	for _, r := range l.rows {
		a, ok := answers[r.ID]
		if !ok || a != "0" && a != "1" {
			continue
		}
		v := e.judge(Input{Subject: SubjectComment, Text: r.Text}, t.Rules, t.Model)
		list = append(list, text{bit(positive(r.Label)), bit(v.Harm >= 0.5), bit(a == "1"), math.Abs(v.Harm - 0.5)})
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("none of the texts has a recorded answer: the files must share their ids")
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].sure < list[j].sure })
	mean := func(pick []int, right func(i int) bool) float64 {
		n := 0.0
		for _, i := range pick {
			n += bit(right(i))
		}
		return n / float64(len(pick))
	}
	all := make([]int, len(list))
	for i := range all {
		all[i] = i
	}
	llm := func(i int) bool { return list[i].llm == list[i].gold }
	r := &CascadeReport{N: len(list), LLM: round(mean(all, llm)), Model: round(mean(all, func(i int) bool { return list[i].model == list[i].gold }))}
	for _, share := range []float64{0.2, 0.4, 0.6, 0.8} {
		asked := int(math.Round(share * float64(len(list))))
		cascade := func(i int) bool {
			if i < asked {
				return llm(i)
			}
			return list[i].model == list[i].gold
		}
		row := CascadeRow{Calls: share, Accuracy: round(mean(all, cascade))}
		row.Lost = round(r.LLM - row.Accuracy)
		row.LostIn[0], row.LostIn[1] = bootstrap(len(list), func(pick []int) float64 { return mean(pick, llm) - mean(pick, cascade) })
		r.Points = append(r.Points, row)
	}
	return r, nil
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
