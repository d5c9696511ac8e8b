package moderation

import (
	"bytes"
	"testing"
)

func TestAlikeIsTheSameWordsInOtherClothes(t *testing.T) {
	for _, list := range [][]string{
		{"Boycott this brand!", "BOYCOTT THIS BRAND", "boycott  this   brand 😡😡", "b\u200boyc\u200bott this brand", "🔥 Boycótt this brand…", "boycott-this-brand"},
		{"🖕🖕🖕", "🖕", "🖕 🖕"},
	} {
		for _, s := range list[1:] {
			if !bytes.Equal(AlikeHashOf(s), AlikeHashOf(list[0])) {
				t.Errorf("%q is not like %q", s, list[0])
			}
		}
	}
	seen := map[string]string{}
	for _, s := range []string{"boycott this brand", "boycott that brand", "🖕", "❤", "price 40?", "price 41?"} {
		h := string(AlikeHashOf(s))
		if seen[h] != "" {
			t.Errorf("%q is taken for %q", s, seen[h])
		}
		seen[h] = s
	}
	for _, s := range []string{"", "   ", "…", "\u200b\u200b", "?!"} {
		if AlikeHashOf(s) != nil {
			t.Errorf("%q can be compared", s)
		}
	}
}

func TestAStormIsAlikeWhateverItsNumbersAndNames(t *testing.T) {
	hash := func(s string) string {
		return string(Verdict{Normalised: normalise(s).folded, PolicyVersion: "p"}.StormHash(Input{Subject: SubjectComment, Text: s}))
	}
	for _, list := range [][]string{
		{"Run by a bunch of idiots", "run by a bunch of idiots 9310!", "12 @ana run by a bunch of IDIOTS", "run by a bunch of idiots8472 😂", "run by @bob_77 a bunch of idiots, 3.500", "run by a bunch of idiots @x.y @z"},
	} {
		for _, s := range list[1:] {
			if hash(s) != hash(list[0]) {
				t.Errorf("%q is another question than %q", s, list[0])
			}
		}
	}
	seen := map[string]string{}
	for _, s := range []string{"we love 1488", "we love 2024", "88", "12345", "h8 you", "you", "price 40 euro", "@ana", "@bob"} {
		if seen[hash(s)] != "" {
			t.Errorf("%q is taken for %q", s, seen[hash(s)])
		}
		seen[hash(s)] = s
	}
}
