package moderation

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func bandRows(seed uint64, n int) []bandRow {
	rng := rand.New(rand.NewPCG(seed, 1))
	rows := make([]bandRow, n)
	for i := range rows {
		r := &rows[i]
		r.bad = i%5 == 0
		r.concern = rng.Float64() * 0.8
		if r.bad {
			r.concern = min(1, r.concern+0.5*rng.Float64())
		}
		r.gone = r.concern > 0.95
		r.open = !r.gone && i%7 == 0
	}
	weigh(rows, realisticShare)
	return rows
}

// Where asking begins keeps to what may pass, and nothing that keeps to it asks about fewer: held against trying
// every score.
func TestAskingBeginsAsHighAsItMay(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		rows := bandRows(seed, 120)
		for _, spare := range []int{0, 1, 5, 24} {
			most := float64(spare) / 24
			asked, lost := under(rows, highest(rows, spare))
			if lost > most+1e-9 {
				t.Errorf("seed %d: %.3f of the violations pass, %.2f may", seed, lost, most)
			}
			least := 2.0
			for _, r := range append(rows, bandRow{concern: never}) {
				if a, l := under(rows, r.concern); l <= most+1e-9 {
					least = min(least, a)
				}
			}
			if asked > least+1e-9 {
				t.Errorf("seed %d, %d may pass: asks about %.4f, %.4f would do", seed, spare, asked, least)
			}
		}
	}
}

func TestSparedIsSureOfTheShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n     int
		share float64
		want  int
	}{{564, 0.02, 4}, {564, 0.1, 42}, {50, 0.02, 0}, {0, 0.1, 0}, {10, 1, 10}} {
		if got := spared(c.n, c.share); got != c.want {
			t.Errorf("of %d violations %d may pass for a share of %g, want %d", c.n, got, c.share, c.want)
		}
	}
}

// The concern learns what the two groups' scores do not show, and does not depend on the scale of a fact.
func TestConcernWeighsFacts(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 5))
	var rows []factRow
	for i := range 400 {
		bad := i%4 == 0
		rows = append(rows, factRow{[]float64{rng.NormFloat64() + bit(bad), 100*rng.NormFloat64() - 300*bit(bad), rng.NormFloat64()}, bad})
	}
	c := fitConcern(rows)
	if c.Weights[0] <= 0 || c.Weights[1] >= 0 {
		t.Fatalf("weights %v: the first fact speaks for a violation, the second against", c.Weights)
	}
	right := 0
	for _, r := range rows {
		right += int(bit((c.score(r.facts) >= 0.5) == r.bad))
	}
	if right < 370 {
		t.Errorf("%d of 400 are told apart", right)
	}
	if got := (&concern{}).score(rows[0].facts); got != 0 {
		t.Errorf("without weights: %g", got)
	}
}

// What the measurement counts as asked about is what an engine with that policy asks about.
func TestTheMixAsksAsTheEngineDoes(t *testing.T) {
	t.Parallel()
	e := engine()
	p := DefaultPolicy()
	p.PassUnasked = 0.02
	probing := NewEngine(nil, nil, p)
	seeds, err := LoadSeeds()
	if err != nil {
		t.Fatal(err)
	}
	var rows []Example
	asked := 0.0
	for i, x := range binary01(testPart(seeds["spam"])) {
		if i%5 == 0 {
			rows = append(rows, x)
			v := probing.Judge(commentOf(x))
			asked += bit(v.NeedsLLM && strength[v.Decision] < strength[Hide])
		}
	}
	bad := 0.0
	for _, x := range rows {
		bad += bit(x.Label == "1")
	}
	m := e.mixOf(rows, bad/float64(len(rows))) // as the rows are: each counts the same
	if got := m.AskedAt2 * float64(len(rows)); math.Abs(got-asked) > 0.01 {
		t.Errorf("the mix counts %.2f texts as asked about, the engine asks about %.0f", got, asked)
	}
}

func TestAskingSoThatFewPassUnasked(t *testing.T) {
	t.Parallel()
	plain := engine()
	p := DefaultPolicy()
	p.PassUnasked = 0.02
	probing := NewEngine(nil, nil, p)
	seeds, err := LoadSeeds()
	if err != nil {
		t.Fatal(err)
	}
	more, n := 0, 0
	for _, x := range testPart(seeds["harm"]) {
		in := Input{Subject: SubjectComment, Text: x.Text}
		before, v := plain.Judge(in), probing.Judge(in)
		if v.Decision != before.Decision {
			t.Fatalf("asking changed the decision from %s to %s before any answer", before.Decision, v.Decision)
		}
		n++
		if before.NeedsLLM && !v.NeedsLLM {
			t.Fatal("asked by default and not when few may pass")
		}
		if !v.NeedsLLM || before.NeedsLLM {
			continue
		}
		more++
		if w := probing.WithoutLLM(v, "it is down"); w.Decision != Allow || w.NeedsLLM {
			t.Fatalf("without an answer: %s", w.Decision)
		}
		if w := probing.WithLLM(v, in, LLMAnswer{Category: "hate", Score: 0.95}); w.Decision != Hide {
			t.Fatalf("with an answer that it is hate: %s", w.Decision)
		}
		in.Subject = SubjectMessage
		if probing.Judge(in).NeedsLLM && !plain.Judge(in).NeedsLLM {
			t.Fatal("a message waits for an answer only so that few comments pass")
		}
	}
	if more < n/20 {
		t.Errorf("of %d texts %d more are asked about", n, more)
	}
	if _, err := ParsePolicy([]byte(`{"pass_unasked": 0.03}`)); err == nil || !strings.Contains(err.Error(), "0.02") {
		t.Errorf("a share without a band: %v", err)
	}
}
