package moderation

import (
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
		r.harm, r.spam = rng.Float64()*0.6, rng.Float64()*0.6
		if r.bad && i%2 == 0 {
			r.harm = min(1, r.harm+rng.Float64())
		} else if r.bad {
			r.spam = min(1, r.spam+rng.Float64())
		}
		r.gone = max(r.harm, r.spam) > 0.95
		r.open = !r.gone && max(r.harm, r.spam) > 0.7
	}
	weigh(rows, realisticShare)
	return rows
}

// No pair of thresholds that keeps to the share asks about fewer texts: held against trying them all.
func TestTheNarrowestBandAsksLeast(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		rows := bandRows(seed, 120)
		for _, most := range []float64{0, 0.05, 0.2, 1} {
			b := narrowest(rows, most)
			asked, lost := under(rows, b)
			if lost > most+1e-9 {
				t.Errorf("seed %d: %.3f of the violations pass, %.2f may", seed, lost, most)
			}
			least := 2.0
			ends := []float64{2}
			for _, r := range rows {
				ends = append(ends, r.harm, r.spam)
			}
			for _, harm := range ends {
				for _, spam := range ends {
					if a, l := under(rows, band{harm, spam}); l <= most+1e-9 {
						least = min(least, a)
					}
				}
			}
			if asked > least+1e-9 {
				t.Errorf("seed %d, %.2f may pass: asks about %.4f, %.4f would do", seed, most, asked, least)
			}
		}
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
