package moderation

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestAPatternMatchesWhereOneOfItsWaysDoes(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string][]string{
		`ab`:               {`ab`},
		`ab|cd`:            {`ab`, `cd`},
		`(a|b)c|d`:         {`(a|b)c`, `d`},
		`(?:a|b)c|d`:       {`(?:a|b)c`, `d`},
		`a\|b|c`:           {`a\|b`, `c`},
		`[|]a|b`:           {`[|]a`, `b`},
		`[]|]a|b`:          {`[]|]a`, `b`},
		`[^]|]a|b`:         {`[^]|]a`, `b`},
		`[\]|]a|b`:         {`[\]|]a`, `b`},
		`[[:alpha:]|]a|b`:  {`[[:alpha:]|]a`, `b`},
		`\[a|b]`:           {`\[a`, `b]`},
		`(?i)a|b`:          {`(?i)a|b`},
		`a(?i:x|y)|b`:      {`a(?i:x|y)|b`},
		`\Qa|b\E|c`:        {`\Qa|b\E|c`},
		`^a|b$|\bc\b`:      {`^a`, `b$`, `\bc\b`},
		`a{2}|(b|(c|d)+)e`: {`a{2}`, `(b|(c|d)+)e`},
	} {
		if got := ways(pattern); !slices.Equal(got, want) {
			t.Errorf("%s has the ways %q, want %q", pattern, got, want)
		}
	}
	if many := strings.Repeat("a|", maxWays) + "b"; len(ways(many)) != 1 {
		t.Error("an expression of very many ways is taken apart")
	}
}

// FuzzWays holds that taking an expression apart changes nothing.
func FuzzWays(f *testing.F) {
	for _, p := range []string{`a|b`, `[]|]x|(y|z)`, `\Qa|b\E|c`, `(?i)a|b`, `[^]|[:digit:]|]|q`, `\x{7c}|a`, `a\`, `[[:alpha|]|a`} {
		f.Add(p, "a|b")
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if checkPattern(pattern) != nil {
			return
		}
		any := false
		for _, w := range ways(pattern) {
			re, err := regexp.Compile(w)
			if err != nil {
				t.Fatalf("%q is an expression, its way %q is none: %v", pattern, w, err)
			}
			any = any || re.MatchString(text)
		}
		if whole := regexp.MustCompile(pattern).MatchString(text); whole != any {
			t.Fatalf("%q matches %q: %v, one of its ways: %v", pattern, text, whole, any)
		}
	})
}

func TestShippedPatternsMatchAsTheirWaysDo(t *testing.T) {
	t.Parallel()
	var texts []string
	for _, file := range []string{"public", "harmless", "groups", "spam"} {
		raw, err := os.ReadFile("testdata/blind/" + file + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(raw)) {
			texts = append(texts, strings.ToLower(line[strings.LastIndexByte(line, '\t')+1:]))
		}
	}
	for _, r := range DefaultRules().Rules {
		if r.Pattern == "" {
			continue
		}
		whole := regexp.MustCompile(r.Pattern)
		var parts []*regexp.Regexp
		for _, w := range ways(r.Pattern) {
			parts = append(parts, regexp.MustCompile(w))
		}
		for _, text := range texts {
			if whole.MatchString(text) != slices.ContainsFunc(parts, func(p *regexp.Regexp) bool { return p.MatchString(text) }) {
				t.Errorf("%s: %q", r.Name, text)
			}
		}
	}
}
