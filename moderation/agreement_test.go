package moderation

import (
	"math"
	"testing"
)

func TestKappa(t *testing.T) {
	t.Parallel()
	near := func(got *float64, want float64) bool { return got != nil && math.Abs(*got-want) < 1e-12 }
	for name, c := range map[string]struct {
		table            Confusion
		agreement, kappa float64
		nothing          bool
	}{
		// 25 + 20 of 60 alike: .75; by chance 35·30 + 25·30 of 3600: .5; (.75 − .5) / .5.
		"two words": {Confusion{{"allow", "allow"}: 25, {"allow", "hide"}: 10, {"hide", "allow"}: 5, {"hide", "hide"}: 20}, 0.75, 0.5, false},
		// 6 + 3 + 2 of 15 alike; rows 8, 4, 3, columns 7, 5, 3: by chance (56 + 20 + 9) / 225.
		"three words":    {Confusion{{"allow", "allow"}: 6, {"allow", "hide"}: 2, {"hide", "hide"}: 3, {"hide", "delete"}: 1, {"delete", "allow"}: 1, {"delete", "delete"}: 2}, 11. / 15, (11.*15 - 85) / (225 - 85), false},
		"never alike":    {Confusion{{"allow", "hide"}: 5, {"hide", "allow"}: 5}, 0, -1, false},
		"always alike":   {Confusion{{"allow", "allow"}: 3, {"hide", "hide"}: 1}, 1, 1, false},
		"by chance only": {Confusion{{"allow", "allow"}: 1, {"allow", "hide"}: 1, {"hide", "allow"}: 1, {"hide", "hide"}: 1}, 0.5, 0, false},
		"one word only":  {Confusion{{"allow", "allow"}: 9}, 1, 0, true},
	} {
		if got := c.table.Agreement(); !near(got, c.agreement) {
			t.Errorf("%s: agreement %v, want %v", name, *got, c.agreement)
		}
		switch got := c.table.Kappa(); {
		case c.nothing && got != nil:
			t.Errorf("%s: kappa %v, want none: chance explains everything", name, *got)
		case !c.nothing && !near(got, c.kappa):
			t.Errorf("%s: kappa %v, want %v", name, got, c.kappa)
		}
	}
	if (Confusion{}).Agreement() != nil || (Confusion{}).Kappa() != nil {
		t.Error("nothing agrees with nothing by some share")
	}
}
