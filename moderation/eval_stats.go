package moderation

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"
)

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

func picked(list []scored, pick []int) []scored {
	out := make([]scored, len(pick))
	for i, at := range pick {
		out[i] = list[at]
	}
	return out
}

// recallAt is the recall of the score at which no more than a share of the harmless texts is met.
func recallAt(list []scored, alarms float64) float64 {
	var harmless []float64
	for _, s := range list {
		if !s.y {
			harmless = append(harmless, s.x)
		}
	}
	if len(harmless) == 0 || len(harmless) == len(list) {
		return math.NaN()
	}
	slices.Sort(harmless)
	from, found := harmless[len(harmless)-1-int(alarms*float64(len(harmless)))], 0.0
	for _, s := range list {
		if s.y && s.x > from {
			found++
		}
	}
	return found / float64(len(list)-len(harmless))
}

// averagePrecision sums precision over the steps of recall. Texts with the same score are one step: their order in
// the file says nothing.
func averagePrecision(list []scored) float64 {
	sorted := slices.Clone(list)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].x > sorted[j].x })
	tp, sum := 0.0, 0.0
	for i := 0; i < len(sorted); {
		end, found := i, 0.0
		for ; end < len(sorted) && sorted[end].x == sorted[i].x; end++ {
			found += bit(sorted[end].y)
		}
		tp += found
		sum += found * tp / float64(end)
		i = end
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
