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
