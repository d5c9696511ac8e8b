package moderation

import (
	"math"
	"testing"
)

// Values of published tables and of closed forms: for none of n the upper bound is 1 − doubt^(1/n).
func TestInterval(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		k, n         int
		certainty    float64
		lower, upper float64
	}{
		{0, 0, 0.95, 0, 1},
		{0, 10, 0.95, 0, 0.258866},
		{10, 10, 0.95, 0.741134, 1},
		{1, 10, 0.95, 0.005116, 0.394163},
		{5, 10, 0.975, 0.187086, 0.812914},
		{8, 40, 0.975, 0.090519, 0.356478},
		{1, 1000, 0.95, 0.0000513, 0.0047353},
		{0, 1497, 0.95, 0, 0.002},
	} {
		lower, upper := Interval(c.k, c.n, c.certainty)
		if math.Abs(lower-c.lower) > 2e-5 || math.Abs(upper-c.upper) > 2e-5 {
			t.Errorf("%d of %d: %.6f to %.6f, want %.6f to %.6f", c.k, c.n, lower, upper, c.lower, c.upper)
		}
	}
}
