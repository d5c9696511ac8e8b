package moderation

import "math"

// concern weighs all that the heads make of a text into how likely it is a violation of either group. What its
// writer wants and how it sounds tell customers' talk from abuse and advertising where the scores of the two
// groups, each made to be precise where it is high, no longer do.
type concern struct {
	Weights []float64 `json:"weights"` // by the place of a fact, see scratch.facts
	Bias    float64   `json:"bias"`
}

// The smallest probabilities that facts tell apart: of the groups and categories, and of intents and sentiments.
const (
	leastFact  = 1e-5
	leastShare = 1e-3
)

// groupFacts notes the probabilities of the two groups, and their evidence, which is not fitted by language.
func (s *scratch) groupFacts(harm, spam, harmful, spammy float64) {
	a, b := logitOf(harm, leastFact), logitOf(spam, leastFact)
	s.facts = append(s.facts[:0], a, b, max(a, b), harmful, spammy)
}

func (s *scratch) noteFacts(probs []float64, least float64) {
	for _, p := range probs {
		s.facts = append(s.facts, logitOf(p, least))
	}
}

func logitOf(p, least float64) float64 {
	p = min(max(p, least), 1-leastFact)
	return math.Log(p / (1 - p))
}

// score is the probability that facts speak for a violation where there are as many violations as others; 0 for a
// model that has no weights for it.
func (c *concern) score(facts []float64) float64 {
	if len(c.Weights) != len(facts) {
		return 0
	}
	x := c.Bias
	for i, f := range facts {
		x += float64(c.Weights[i] * f)
	}
	return round(sigmoid(x))
}

// factRow is a text by its facts.
type factRow struct {
	facts []float64
	bad   bool
}

const (
	concernSteps = 600
	concernRate  = 1.5
	concernDecay = 3e-3 // pulls weights to nothing
)

// fitConcern is a logistic regression by gradient descent over facts brought to one scale. Violations together count
// as much as all others.
func fitConcern(rows []factRow) concern {
	k, n := len(rows[0].facts), float64(len(rows))
	mean, spread := make([]float64, k), make([]float64, k)
	bad := 0.0
	for _, r := range rows {
		bad += bit(r.bad)
		for j, f := range r.facts {
			mean[j] += f / n
		}
	}
	for _, r := range rows {
		for j, f := range r.facts {
			spread[j] += (f - mean[j]) * (f - mean[j]) / n
		}
	}
	for j := range spread {
		spread[j] = math.Sqrt(spread[j]) + 1e-9
	}
	w, bias, slope := make([]float64, k), 0.0, make([]float64, k)
	for step := range concernSteps {
		clear(slope)
		lift := 0.0
		for _, r := range rows {
			x, share := bias, 0.5/(n-bad)
			for j, f := range r.facts {
				x += w[j] * (f - mean[j]) / spread[j]
			}
			if r.bad {
				share = 0.5 / bad
			}
			d := (sigmoid(x) - bit(r.bad)) * share
			for j, f := range r.facts {
				slope[j] += d * (f - mean[j]) / spread[j]
			}
			lift += d
		}
		rate := concernRate / (1 + 2*float64(step)/concernSteps)
		for j := range w {
			w[j] -= rate * (slope[j] + concernDecay*w[j])
		}
		bias -= rate * lift
	}
	for j := range w {
		w[j] /= spread[j]
		bias -= w[j] * mean[j]
	}
	return concern{w, bias}
}
