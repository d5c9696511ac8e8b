package moderation

import "math"

// Interval is the exact (Clopper–Pearson) interval of a share of k in n: with the certainty given, the
// true share is not below lower; and, as a second statement of the same certainty, not above upper.
func Interval(k, n int, certainty float64) (lower, upper float64) {
	if n <= 0 {
		return 0, 1
	}
	doubt := 1 - certainty
	upper = 1
	if k > 0 { // the share at which so many or more would be that unlikely
		lower = bisect(func(p float64) bool { return 1-atMost(k-1, n, p) < doubt })
	}
	if k < n { // the share at which so few or fewer would be
		upper = bisect(func(p float64) bool { return atMost(k, n, p) >= doubt })
	}
	return lower, upper
}

// bisect finds where a condition that holds at 0 ceases to hold.
func bisect(holds func(p float64) bool) float64 {
	low, high := 0.0, 1.0
	for range 60 {
		if mid := (low + high) / 2; holds(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// atMost is the probability of k or fewer of n, each with probability p.
func atMost(k, n int, p float64) float64 {
	if p <= 0 {
		return 1
	}
	if p >= 1 {
		if k >= n {
			return 1
		}
		return 0
	}
	all, _ := math.Lgamma(float64(n + 1))
	sum := 0.0
	for i := 0; i <= k; i++ {
		a, _ := math.Lgamma(float64(i + 1))
		b, _ := math.Lgamma(float64(n - i + 1))
		sum += math.Exp(all - a - b + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return min(sum, 1)
}
