package asks

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/llm"
	"ponte/moderation"
)

func TestReadingAnswers(t *testing.T) {
	one := func(id, category, score string) string {
		return fmt.Sprintf(`{"id":%s,"category":%s,"score":%s,"intent":"other","language":"en","reason":"r"}`, id, category, score)
	}
	items := func(list ...string) string { return `{"items":[` + strings.Join(list, ",") + `]}` }
	for name, c := range map[string]struct {
		answer, want string // of the two questions: category and score
	}{
		"as asked":             {items(one("1", `"spam"`, "0.9"), one("2", `"none"`, "1")), "spam 0.9, none 1"},
		"the other way round":  {items(one("2", `"none"`, "1"), one("1", `"spam"`, "0.9")), "spam 0.9, none 1"},
		"numbers as text":      {items(one(`"1"`, `"spam"`, `"0.9"`), one(`" 2"`, `"none"`, `"1"`)), "spam 0.9, none 1"},
		"ids with a point":     {items(one("1.0", `"spam"`, "0.9"), one("2.5", `"none"`, "1")), "spam 0.9, -"},
		"names in their dress": {items(one("1", `" Self-Harm"`, "0.9"), one("2", `"PERSONAL DATA"`, "1")), "self_harm 0.9, personal_data 1"},
		"scores out of bounds": {items(one("1", `"spam"`, "1.5"), one("2", `"spam"`, "-0.1")), "-, -"},
		"scores of a hundred":  {items(one("1", `"spam"`, "93"), one("2", `"none"`, "0")), "spam 0.93, none 0"},
		"of two scales":        {items(one("1", `"spam"`, "93"), one("2", `"hate"`, "1")), "spam 0.93, -"},
		"scores of ten":        {items(one("1", `"hate"`, "9"), one("2", `"none"`, "10")), "-, -"},
		"scores of nothing":    {items(one("1", `"spam"`, "930"), one("2", `"none"`, "101")), "-, -"},
		"scores that are none": {items(one("1", `"spam"`, `"NaN"`), one("2", `"spam"`, "null")), "-, -"},
		"no score":             {items(`{"id":1,"category":"spam"}`, one("2", `"none"`, "0")), "-, none 0"},
		"foreign names":        {items(one("1", `"correo basura"`, "0.9"), one("2", `["spam"]`, "0.9")), "-, -"},
		"widened":              {items(one("1", `"approve"`, "1"), one("2", `"allow"`, "1")), "-, -"},
		"ids of nobody":        {items(one("0", `"spam"`, "0.9"), one("-1", `"spam"`, "0.9"), one("3", `"spam"`, "0.9"), one("1e99", `"spam"`, "0.9")), "-, -"},
		"the same twice":       {items(one("1", `"spam"`, "0.9"), one("1", `"spam"`, "0.8")), "spam 0.9, -"},
		"torn":                 {items(one("1", `"none"`, "0.99"), one("1", `"hate"`, "0.99"), one("1", `"none"`, "0.99"), one("2", `"spam"`, "0.9")), "-, spam 0.9"},
		"one, bare":            {one("2", `"hate"`, "0.8"), "-, hate 0.8"},
		"odd reasons":          {items(`{"id":1,"category":"spam","score":0.9,"intent":null,"language":5,"reason":[1]}`), "spam 0.9, -"},
		"by their numbers":     {`{"items":{"1":{"category":"spam","score":0.9},"Item 2":` + one("2", `"none"`, "1") + `}}`, "spam 0.9, none 1"},
		"numbers alone":        {`{"1":` + one(`"1"`, `"spam"`, "0.9") + `,"2":{"category":"none","score":1}}`, "spam 0.9, none 1"},
		"another's number":     {`{"items":{"1":` + one("2", `"spam"`, "0.9") + `,"2":` + one("2", `"none"`, "1") + `}}`, "-, none 1"},
		"a number twice":       {`{"items":{"1":` + one("1", `"spam"`, "0.9") + `,"#1":` + one("1", `"none"`, "1") + `}}`, "-, -"},
		"names, no numbers":    {`{"items":{"first":{"category":"spam","score":0.9}}}`, "-, -"},
		"a list in a string":   {`{"items":"[{\"id\":1,\"category\":\"spam\",\"score\":0.9}]"}`, "spam 0.9, -"},
		"numbers with a name":  {items(one(`"Item 1"`, `"spam."`, "0.9"), one(`"#2"`, `"none"`, "1")), "spam 0.9, none 1"},
		"from nought":          {items(one("0", `"spam"`, "0.9"), one("1", `"none"`, "1")), "-, -"},
		"a name twice":         {items(`{"id":1,"category":"hate","score":0.9,"reason":"he wrote ","category":"none","x":""}`, `{"id":2,"category":"hate","score":0.9,"Category":"none"}`), "-, -"},
		"the list twice":       {`{"items":[` + one("1", `"hate"`, "0.9") + `],"items":[` + one("1", `"none"`, "0.9") + `]}`, "-, -"},
		"no items":             {`{"elements":[]}`, "-, -"},
		"not JSON":             {`spam`, "-, -"},
	} {
		got := read(llm.Response{Text: c.answer, Model: "m"}, "p", []string{"a", "b"})
		var list []string
		for _, d := range []string{"a", "b"} {
			if a, ok := got[d]; ok {
				list = append(list, fmt.Sprintf("%s %g", a.Category, a.Score))
			} else {
				list = append(list, "-")
			}
		}
		if said := strings.Join(list, ", "); said != c.want {
			t.Errorf("%s: read as %s, want %s", name, said, c.want)
		}
	}
}

// What a first request cost is on its answers also where the repair fails.
func TestAnswersCarryTheirCostWhereTheRepairFails(t *testing.T) {
	m := &model{name: "small", state: llm.OK}
	n := 0
	m.answer = func([]string) (string, error) {
		if n++; n > 1 {
			return "", llm.ErrDown
		}
		return `{"items":[` + item(1, "spam", "0.9") + `]}`, nil
	}
	var room []int
	found, err := converse(t.Context(), m, "p", llm.Request{MaxTokens: 440}, []string{"a", "b"}, 2, func(r llm.Request) (settling, error) {
		room = append(room, r.MaxTokens)
		return func(context.Context, llm.Response) error { return nil }, nil
	})
	if err != nil || len(found) != 1 || found["a"].TokensIn == 0 || found["a"].CostMicros == 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if len(room) != 2 || room[0] != 440 || room[1] != 880 { // what may be set aside is what the request may take
		t.Errorf("set aside for answers of %v", room)
	}
}

// The costs of the decisions add up to what was spent.
func TestCostsAddUp(t *testing.T) {
	out, digests := map[string]moderation.LLMAnswer{}, []string{"a", "b", "none", "c", "d", "e", "f", "g"}
	for _, d := range digests {
		if d != "none" {
			out[d] = moderation.LLMAnswer{}
		}
	}
	shareOut(out, digests, llm.Response{TokensIn: 903, TokensOut: 3, CostMicros: 171})
	in, written, micros := 0, 0, int64(0)
	for _, a := range out {
		in, written, micros = in+a.TokensIn, written+a.TokensOut, micros+a.CostMicros
	}
	if in != 903 || written != 3 || micros != 171 || out["a"].CostMicros-out["g"].CostMicros > 1 {
		t.Errorf("%d, %d and %d of 903, 3 and 171", in, written, micros)
	}
	shareOut(map[string]moderation.LLMAnswer{}, digests, llm.Response{CostMicros: 5})
}

// Masking takes a time that grows with the text's length alone.
func TestMaskingIsQuick(t *testing.T) {
	for _, s := range []string{"aa11", "via a ", "1 ", "12 rue de la ", "a@", "@A ", "a.", "+1", "x (at) ", "RO49AAAA", "1 A ", "weg 1 "} {
		quickest := time.Hour // of a few: a busy machine stops a test for as long as it likes
		for range 3 {
			start := time.Now()
			Mask(strings.Repeat(s, 10_000/len(s)))
			quickest = min(quickest, time.Since(start))
		}
		if quickest > 2*time.Second {
			t.Errorf("many of %q took %s", s, quickest)
		}
	}
}

// A text that is refused does not cost the others their answer on the command line either.
func TestDirectHalvesWhatIsRefused(t *testing.T) {
	m := &model{name: "small", state: llm.OK}
	m.answer = func(texts []string) (string, error) {
		for _, text := range texts {
			if strings.Contains(text, "poison") {
				return "", llm.ErrRefused
			}
		}
		return spam(texts)
	}
	var list []moderation.Input
	for _, text := range []string{"one", "two", "poison", "four", "five"} {
		list = append(list, moderation.Input{Subject: moderation.SubjectComment, Text: text})
	}
	answers, err := Direct(t.Context(), m, list)
	if err != nil || len(answers) != 5 {
		t.Fatalf("%d answers, %v", len(answers), err)
	}
	for i, a := range answers {
		if (a == nil) != (i == 2) {
			t.Errorf("%q was told %+v", list[i].Text, a)
		}
	}
}

func TestScoresAsModelsWriteThem(t *testing.T) {
	for said, want := range map[string]float64{`0.97`: .97, `"0.97"`: .97, `"97%"`: .97, `"97 %"`: .97, `"0,97"`: .97, `97`: .97, `"97"`: .97} {
		got := read(llm.Response{Text: `{"items":[{"id":"1","category":"Spam","score":` + said + `}]}`}, "p", []string{"a"})
		if got["a"].Score != want {
			t.Errorf("%s is %v", said, got)
		}
	}
}

// Where one item was asked about, what is said of one item is about it; of two it could be either.
func TestOneItemNeedsNoNumber(t *testing.T) {
	for answer, want := range map[string]string{
		`{"items":[{"category":"hate","score":0.9}]}`:                                               "hate",
		`{"items":[{"id":0,"category":"hate","score":0.9}]}`:                                        "hate",
		`{"category":"hate","score":0.9}`:                                                           "hate",
		`{"items":[{"id":2,"category":"hate","score":0.9}]}`:                                        "",
		`{"items":[{"category":"hate","score":0.9},{"category":"none","score":0.9}]}`:               "",
		`{"items":[{"id":0,"category":"none","score":0.9},{"id":1,"category":"hate","score":0.9}]}`: "",
	} {
		if got := read(llm.Response{Text: answer}, "p", []string{"a"}); got["a"].Category != want {
			t.Errorf("%s is %v", answer, got)
		}
	}
}
