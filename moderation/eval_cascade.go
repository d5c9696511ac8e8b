package moderation

import (
	"fmt"
	"math"
	"slices"
	"sort"
)

// MixReport says, for a realistic share of violations, how many texts would be put to an LLM.
type MixReport struct {
	Share      float64    `json:"share"`      // of violations
	Asked      float64    `json:"asked"`      // share of texts the default policy puts to an LLM
	Lost       float64    `json:"lost"`       // share of violations it lets pass unasked
	AskedAt2   float64    `json:"asked_at_2"` // share of texts to ask so that at most 2 % of the violations pass unasked
	AskedAt2In [2]float64 `json:"asked_at_2_95"`
}

// mixOf measures on texts resampled to their share. An LLM asked about a text is taken to be right: what
// is lost is what it is never shown.
func mixOf(list []judged) *MixReport {
	var m MixReport
	lost, positives, asked := 0.0, 0.0, 0.0
	for _, j := range list {
		if positive(j.gold) {
			positives++
			if !j.gone && !j.open {
				lost++
			}
		}
		if j.open {
			asked++
		}
	}
	m.Share, m.Asked, m.Lost = round(positives/float64(len(list))), round(asked/float64(len(list))), round(ratio(lost, positives))
	all := make([]int, len(list))
	for i := range all {
		all[i] = i
	}
	m.AskedAt2 = round(askedFor(list, all, 0.02))
	m.AskedAt2In[0], m.AskedAt2In[1] = bootstrap(len(list), func(pick []int) float64 { return askedFor(list, pick, 0.02) })
	return &m
}

// askedFor is the share of texts that must be asked, from the highest score down and without what is
// hidden anyway, so that no more than a share of the violations passes unasked.
func askedFor(list []judged, pick []int, lost float64) float64 {
	var scores []float64
	positives := 0
	for _, i := range pick {
		if positive(list[i].gold) {
			positives++
			if !list[i].gone {
				scores = append(scores, list[i].most)
			}
		}
	}
	spare := int(lost * float64(positives))
	if positives == 0 {
		return math.NaN()
	}
	if len(scores) <= spare {
		return 0
	}
	slices.Sort(scores)
	from, n := scores[spare], 0.0
	for _, i := range pick {
		if !list[i].gone && list[i].most >= from {
			n++
		}
	}
	return n / float64(len(pick))
}

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
