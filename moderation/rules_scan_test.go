package moderation

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// standsIn says whether the words of a phrase stand in a text one after the other, with nothing but emoji between.
func standsIn(phrase, text []string) bool {
	var from func(p, t int) bool
	from = func(p, t int) bool {
		if p == len(phrase) {
			return true
		}
		for ; t < len(text); t++ {
			if text[t] == phrase[p] && from(p+1, t+1) {
				return true
			}
			if !isEmoji([]rune(text[t])[0]) {
				return false
			}
		}
		return false
	}
	for t := range text {
		if text[t] == phrase[0] && from(1, t+1) {
			return true
		}
	}
	return false
}

// Many phrases that share words are found just where each would be found alone.
func TestPhrasesAreFoundTogetherAsAlone(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 7))
	words := []string{"harbour", "morning", "kelp", "🔥", "🎰"}
	some := func(most int) []string {
		out := make([]string, 1+rnd.IntN(most))
		for i := range out {
			out[i] = words[rnd.IntN(len(words))]
		}
		return out
	}
	found := 0
	for range 300 {
		var phrases [][]string
		var rules []map[string]any
		for range 12 {
			p := some(4)
			phrases = append(phrases, p)
			rules = append(rules, map[string]any{"name": strings.Join(p, " "), "text": "x", "category": "spam", "decision": "review", "words": []string{strings.Join(p, " ")}})
		}
		list, err := json.Marshal(slices.CompactFunc(slices.SortedFunc(slices.Values(rules), byName), func(a, b map[string]any) bool { return a["name"] == b["name"] }))
		if err != nil {
			t.Fatal(err)
		}
		set, err := ParseRules(list)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			text := some(9)
			in := Input{Subject: SubjectComment, Text: strings.Join(text, " ")}
			hits := map[string]bool{}
			for _, h := range set.match(&in, "en") {
				hits[h.Rule] = true
			}
			for _, p := range phrases {
				name := strings.Join(p, " ")
				if want := standsIn(p, text); hits[name] != want {
					t.Fatalf("%q in %q: found %v, want %v", name, in.Text, hits[name], want)
				} else if want {
					found++
				}
			}
		}
	}
	if found < 1000 {
		t.Errorf("only %d phrases were there to be found", found)
	}
}

func byName(a, b map[string]any) int {
	return strings.Compare(a["name"].(string), b["name"].(string))
}
