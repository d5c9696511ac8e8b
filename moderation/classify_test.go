package moderation

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func classifyAll(t *testing.T, in string, tiers Tiers, ask Asked) []Classified {
	t.Helper()
	var out bytes.Buffer
	if _, err := engine().ClassifyLines(strings.NewReader(in), &out, 1, tiers, ask); err != nil {
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
		if string(c.ID) != fmt.Sprintf("%q", fmt.Sprint(i+1)) || c.Decision != want {
			t.Errorf("line %d: id %s, %s, want %s: %v", i+1, c.ID, c.Decision, want, c.Reasons)
		}
	}
}

// Lines as programs write them: a mark at the start, ids that are numbers, no text, something behind the object.
func TestOddLinesKeepTheirIDs(t *testing.T) {
	in := "\ufeff{\"id\":7,\"text\":\"hello\"}\r\n{\"id\":12345678901234567890,\"text\":null}\n{\"id\":\"x\"}\n{\"text\":5}\n{\"id\":null,\"text\":\"a\"} more\n{\"id\":{\"a\":1},\"text\":\"\"}\n[1]"
	list := classifyAll(t, in, Tiers{Rules: true, Model: true}, nil)
	want := []string{`7`, `12345678901234567890`, `"x"`, `"4"`, `"5"`, `{"a":1}`, `"7"`}
	for i, c := range list {
		if string(c.ID) != want[i] {
			t.Errorf("line %d has the id %s, want %s", i+1, c.ID, want[i])
		}
	}
	if len(list) != len(want) || list[0].Language != "en" || list[1].Decision != Allow || list[1].Harm != 0 || list[2].Harm != 0 {
		t.Errorf("%d lines: %+v", len(list), list)
	}
}

// Whoever writes a line and waits gets its answer before the next.
func TestLinesAreAnsweredAsTheyCome(t *testing.T) {
	in, give := io.Pipe()
	take, out := io.Pipe()
	go func() {
		_, err := engine().ClassifyLines(in, out, 1, Tiers{Rules: true, Model: true}, nil)
		_ = out.CloseWithError(err)
	}()
	answers := bufio.NewScanner(take)
	for n := range 3 {
		if _, err := fmt.Fprintf(give, "line %d\n", n); err != nil {
			t.Fatal(err)
		}
		if !answers.Scan() || !strings.HasPrefix(answers.Text(), fmt.Sprintf(`{"id":"%d"`, n+1)) {
			t.Fatalf("line %d: %s, %v", n, answers.Text(), answers.Err())
		}
	}
	_ = give.Close()
}

func TestATierThatTookNoPartDecidesNothing(t *testing.T) {
	for tiers, want := range map[Tiers]Tier{{Rules: true}: TierRules, {LLM: true}: TierPolicy, {Model: true}: TierModel, {Rules: true, Model: true}: TierModel} {
		if c := classifyAll(t, "good morning", tiers, nil); c[0].Tier != want {
			t.Errorf("%+v: decided by %s, want %s", tiers, c[0].Tier, want)
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
