package moderation

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func classifyAll(t *testing.T, in string, tiers Tiers, ask Asked) []Classified {
	t.Helper()
	var out bytes.Buffer
	if err := engine().ClassifyLines(strings.NewReader(in), &out, tiers, ask); err != nil {
		t.Fatal(err)
	}
	var list []Classified
	for line := range strings.Lines(out.String()) {
		var c Classified
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		list = append(list, c)
	}
	return list
}

func TestTheModelIsAskedTogetherAndAnswersKeepTheirLines(t *testing.T) {
	var in strings.Builder
	for i := range 45 {
		fmt.Fprintf(&in, "line number %d\n", i)
	}
	var sizes []int
	list := classifyAll(t, in.String(), Tiers{LLM: true}, func(q []Input) ([]*LLMAnswer, error) {
		sizes = append(sizes, len(q))
		out := make([]*LLMAnswer, len(q))
		for i := range q {
			switch {
			case strings.HasSuffix(q[i].Text, "3"):
				out[i] = &LLMAnswer{Category: "harassment", Score: 0.97, Model: "m"}
			case !strings.HasSuffix(q[i].Text, "7"):
				out[i] = &LLMAnswer{Category: "none", Score: 0.9, Model: "m"}
			}
		}
		return out, nil
	})
	if fmt.Sprint(sizes) != "[20 20 5]" || len(list) != 45 {
		t.Fatalf("asked %v, %d lines", sizes, len(list))
	}
	for i, c := range list {
		want := Allow
		switch i % 10 {
		case 3:
			want = Hide
		case 7:
			want = Review // no answer: for a person
		}
		if c.ID != fmt.Sprint(i+1) || c.Decision != want {
			t.Errorf("line %d: id %s, %s, want %s: %v", i+1, c.ID, c.Decision, want, c.Reasons)
		}
	}
}

func TestWithoutAnAnswerWhatIsOpenGoesToAPerson(t *testing.T) {
	tiers := Tiers{Rules: true, Model: true, LLM: true}
	const in = "ciao, quanto costa?\nRagazzi siete dei ladri, vergognatevi\n"
	plain := classifyAll(t, in, Tiers{Rules: true, Model: true}, nil)
	for name, ask := range map[string]Asked{
		"not configured": nil,
		"down":           func([]Input) ([]*LLMAnswer, error) { return nil, errors.New("down") },
		"too few":        func(q []Input) ([]*LLMAnswer, error) { return []*LLMAnswer{}, nil },
	} {
		for i, c := range classifyAll(t, in, tiers, ask) {
			want := plain[i].Decision
			open := plain[i].Tier == TierModel && plain[i].Decision == Review
			if open && (c.Decision != Review || !strings.Contains(strings.Join(c.Reasons, "|"), "language model")) || !open && c.Decision != want {
				t.Errorf("%s, line %d: %s (%v), without it %s", name, i+1, c.Decision, c.Reasons, want)
			}
		}
	}
}
