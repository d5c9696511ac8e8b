package moderation

import (
	"strings"
	"testing"
)

func TestSignalsAreMappedToOurCategories(t *testing.T) {
	t.Parallel()
	s := SignalsFrom("omni", map[string]float64{"hate": 0.2, "hate/threatening": 0.6, "self-harm/intent": 0.3, "illicit": 0.99, "sexual/minors": 0.4, "harassment/threatening": 0.5, "new/thing": 1, "violence": 7, "harassment": -1})
	want := map[string]float64{"hate": 0.6, "self_harm": 0.3, "sexual": 0.4, "violence": 0.5}
	if len(s.Scores) != len(want) {
		t.Errorf("mapped to %v", s.Scores)
	}
	for c, v := range want {
		if s.Scores[c] != v || !known(c) {
			t.Errorf("%s: %g, want %g", c, s.Scores[c], v)
		}
	}
}

func TestSignalsSendToAPersonAndNeverDelete(t *testing.T) {
	t.Parallel()
	hiding := `{"moderations":{"review":0.7,"hide":0.9}}`
	for name, c := range map[string]struct {
		doc     string
		subject Subject
		before  Verdict
		scores  map[string]float64
		want    Decision
	}{
		"low":                             {`{}`, SubjectComment, Verdict{Decision: Allow}, map[string]float64{"hate": 0.69}, Allow},
		"high":                            {`{}`, SubjectComment, Verdict{Decision: Allow}, map[string]float64{"hate": 0.7}, Review},
		"high, and hiding is off":         {`{}`, SubjectComment, Verdict{Decision: Review}, map[string]float64{"hate": 1}, Review},
		"switched off":                    {`{"moderations":{"review":0,"hide":0}}`, SubjectComment, Verdict{Decision: Allow}, map[string]float64{"hate": 1}, Allow},
		"sure":                            {hiding, SubjectComment, Verdict{Decision: Review}, map[string]float64{"hate": 0.95}, Hide},
		"sure, of a message":              {hiding, SubjectMessage, Verdict{Decision: Review}, map[string]float64{"hate": 0.95}, Review},
		"sure, and the LLM sees nothing":  {hiding, SubjectComment, Verdict{Decision: Allow, Tier: TierLLM}, map[string]float64{"hate": 0.95}, Review},
		"nothing is allowed":              {hiding, SubjectComment, Verdict{Decision: Review}, map[string]float64{"hate": 0}, Review},
		"hidden stays hidden":             {hiding, SubjectComment, Verdict{Decision: Hide, Wants: Delete}, map[string]float64{"hate": 1}, Hide},
		"deleted stays so":                {hiding, SubjectComment, Verdict{Decision: Delete}, map[string]float64{"hate": 1}, Delete},
		"danger goes to a person":         {hiding, SubjectComment, Verdict{Decision: Allow}, map[string]float64{"self_harm": 0.99, "violence": 1}, Review},
		"danger does not show the hidden": {hiding, SubjectComment, Verdict{Decision: Hide}, map[string]float64{"self_harm": 0.99}, Hide},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := ParsePolicy([]byte(c.doc))
			if err != nil {
				t.Fatal(err)
			}
			v := NewEngine(nil, nil, p).WithSignals(c.before, Input{Subject: c.subject}, ours(c.scores))
			if v.Decision != c.want || v.Wants != c.before.Wants || v.Tiers == nil || v.Tiers.Signals == nil {
				t.Errorf("%s, wants %q (%v), want %s", v.Decision, v.Wants, v.Reasons, c.want)
			}
			if strings.HasPrefix(name, "danger goes") && !v.SelfHarm() {
				t.Error("a person in danger is not marked as one")
			}
		})
	}
	v := engine().WithSignals(Verdict{Decision: Allow}, Input{Subject: SubjectComment}, Signals{Note: "the moderation endpoint is not answering"})
	if v.Decision != Allow || len(v.Reasons) != 1 || v.Reasons[0].Code != "signals:unavailable" {
		t.Errorf("without signals: %+v", v)
	}
}

// ours makes signals of scores in our own categories.
func ours(scores map[string]float64) Signals { return Signals{Model: "m", Scores: scores} }

func TestPicturesAreMarked(t *testing.T) {
	t.Parallel()
	e := engine()
	text := Input{Subject: SubjectComment, Text: "What time do you open on Sunday?"}
	if v := e.Judge(text); v.Media != "" || v.NeedsLLM {
		t.Errorf("no picture: %q", v.Media)
	}
	film := text
	film.HasMedia = true
	if v := e.Judge(film); v.Media != NotLookedAt || v.NeedsLLM || v.Decision != Allow || !strings.Contains(v.Reasons[len(v.Reasons)-1].Text, "not looked at") {
		t.Errorf("what nobody can see: %+v", v)
	}
	seen := film
	seen.Pictures = "abc"
	v := e.Judge(seen)
	if v.Media != NotLookedAt || !v.NeedsLLM {
		t.Errorf("what can be looked at: %q, asks %v", v.Media, v.NeedsLLM)
	}
	if got := e.WithLLM(v, seen, LLMAnswer{Category: "none", Score: 1, Looked: true}); got.Media != LookedAt || got.Decision != Allow || len(got.Reasons) != 1 {
		t.Errorf("looked at: %+v", got)
	}
	if got := e.WithLLM(v, seen, LLMAnswer{Category: "none", Score: 1, Unseen: "the picture is gone"}); got.Media != NotLookedAt || got.Reasons[len(got.Reasons)-1].Text != "the picture is gone" {
		t.Errorf("not looked at: %+v", got)
	}
	if got := e.WithoutLLM(v, "off"); got.Media != NotLookedAt || got.Decision != Allow {
		t.Errorf("without an answer: %+v", got)
	}
	if string(v.Digest(seen)) == string(v.Digest(film)) {
		t.Error("the pictures make no other question")
	}
	p := DefaultPolicy()
	p.Pictures = PicturesSkip
	if v := NewEngine(nil, nil, p).Judge(seen); v.NeedsLLM {
		t.Error("the policy leaves pictures alone, and they are asked about")
	}
}
