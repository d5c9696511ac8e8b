package moderation

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Comments as they come: most of them harmless, some with what rules look at closer.
var benchComments = map[string]string{
	"typical": "Hi, how much is the double kayak for a weekend? Do you ship to Perth as well? 😍",
	"evasive": "G€t fr33 f o l l o w e r s n0w!!! 👉 bit.ly/x9 @anna @bob ѕрам sooooo g00d, call +39 333 123 4567",
	"long":    strings.Repeat("Wir waren letzten Sommer mit der ganzen Familie dort, es war wunderschön. ", 25),
}

func BenchmarkRules(b *testing.B) {
	rs := DefaultRules()
	for _, name := range []string{"typical", "evasive", "long"} {
		in := Input{Subject: SubjectComment, Text: benchComments[name]}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rs.match(&in, "en")
			}
		})
	}
}

// phrases makes n phrases of one to four words that look like words.
func phrases(n int) []string {
	syllables := strings.Fields("ba ne ri to lu mar sen dil gor pan kis ver tul fam zo pre cha")
	out := make([]string, 0, n)
	for i := range n {
		var b strings.Builder
		for k, x := 0, i; k < 4 || x > 0; k++ {
			b.WriteString(syllables[x%len(syllables)])
			if i%4 > 0 && k%2 == 1 {
				b.WriteByte(' ')
			}
			x /= len(syllables)
		}
		out = append(out, strings.TrimSpace(b.String())+fmt.Sprint(" q", i))
	}
	return out
}

func phraseRules(tb testing.TB, n int) *RuleSet {
	tb.Helper()
	list, err := json.Marshal(phrases(n))
	if err != nil {
		tb.Fatal(err)
	}
	rs, err := ParseRules([]byte(`[{"name":"list","text":"on our list","category":"spam","decision":"review","words":` + string(list) + `}]`))
	if err != nil {
		tb.Fatal(err)
	}
	return rs
}

// BenchmarkPhrases shows that fifty thousand phrases cost a comment what fifty do.
func BenchmarkPhrases(b *testing.B) {
	in := Input{Text: benchComments["typical"]}
	for _, n := range []int{50, 50_000} {
		rs := phraseRules(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				rs.match(&in, "en")
			}
		})
	}
}

func BenchmarkCompile50000Phrases(b *testing.B) {
	for b.Loop() {
		phraseRules(b, 50_000)
	}
}

func TestFiftyThousandPhrasesAreAllFound(t *testing.T) {
	t.Parallel()
	rs := phraseRules(t, 50_000)
	list := phrases(50_000)
	for i := 0; i < len(list); i += 97 {
		if !fires(rs, Input{Text: "well, " + strings.ToUpper(list[i]) + "!"}) {
			t.Fatalf("%q is not found", list[i])
		}
	}
	if fires(rs, Input{Text: benchComments["typical"]}) {
		t.Error("a harmless comment is on the list")
	}
}

// Rules cost nothing a harmless comment must pay in memory.
func TestNoAllocationOnTheHotPath(t *testing.T) {
	rs := DefaultRules()
	for name, text := range benchComments {
		if name == "evasive" {
			continue // it is found, and what is found is kept
		}
		in := Input{Subject: SubjectComment, Text: text, Author: &AuthorFacts{Earlier: 3}}
		rs.match(&in, "en")
		if n := testing.AllocsPerRun(100, func() { rs.match(&in, "en") }); n > 0.5 { // a collection may empty the pool meanwhile
			t.Errorf("%s: %g allocations", name, n)
		}
	}
}
