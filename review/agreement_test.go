package review

import (
	"math"
	"testing"
)

// TestAgreementByHand: two pairs of three reviewers and one's known answers, worked out on paper.
func TestAgreementByHand(t *testing.T) {
	t.Parallel()
	var rows []looked
	add := func(kind string, a, b int64, first, second string, n int) {
		for range n {
			rows = append(rows, looked{kind, a, b, first, second})
		}
	}
	// Reviewers 1 and 2, whoever looked first: 1 says allow 35 of 60 times, 2 says it 30 times, 45 alike.
	add("second", 1, 2, "allow", "allow", 15)
	add("second", 2, 1, "allow", "allow", 10)
	add("second", 1, 2, "allow", "hide", 10) // 1 allow, 2 hide
	add("second", 2, 1, "allow", "hide", 5)  // 2 allow, 1 hide
	add("second", 2, 1, "hide", "hide", 20)
	// 1 and 3: always the same word, so that nothing beyond chance can be said.
	add("second", 3, 1, "hide", "hide", 4)
	// 2 against known answers: 3 of 4 right; by chance (2·3 + 2·1) of 16.
	add("gold", 0, 2, "allow", "allow", 2)
	add("gold", 0, 2, "hide", "hide", 1)
	add("gold", 0, 2, "hide", "allow", 1)
	a := agreementOf(rows)
	near := func(p *float64, want float64) bool { return p != nil && math.Abs(*p-want) < 1e-12 }
	if len(a.Pairs) != 2 || len(a.Gold) != 1 || a.Items != 64 || !near(a.Agreement, 49./64) {
		t.Fatalf("%+v", a)
	}
	if p := a.Pairs[0]; p.First != 1 || p.Second != 2 || p.Items != 60 || !near(p.Agreement, 0.75) || !near(p.Kappa, 0.5) {
		t.Errorf("1 and 2: %+v, kappa %v, want 0.5", p, p.Kappa)
	}
	if p := a.Pairs[1]; p.First != 1 || p.Second != 3 || p.Items != 4 || !near(p.Agreement, 1) || p.Kappa != nil {
		t.Errorf("1 and 3: %+v, want no kappa", p)
	}
	// Overall, the first look against the second: allow 15+10+10+5 = 40, hide 20+4 = 24; second: allow 25, hide 39; alike 49. (49·64 − 40·25 − 24·39) / (64² − 40·25 − 24·39)
	if want := (49.*64 - 40*25 - 24*39) / (64*64 - 40*25 - 24*39); !near(a.Kappa, want) {
		t.Errorf("overall %v, want %v", *a.Kappa, want)
	}
	if g := a.Gold[0]; g.UserID != 2 || g.Items != 4 || g.Right != 3 || !near(g.Kappa, (3.*4-8)/(16-8)) {
		t.Errorf("known answers: %+v, kappa %v, want 0.5", g, g.Kappa)
	}
	if none := agreementOf(nil); none.Items != 0 || none.Kappa != nil || none.Pairs == nil || none.Gold == nil {
		t.Errorf("nothing: %+v", none)
	}
}
