package moderation

import (
	"slices"
	"testing"
)

// outlineOf are the features of a text's layout alone.
func outlineOf(text string) []uint32 {
	s := &scratch{}
	n := normalise(text)
	s.begin(len(n.folded))
	s.outlineFeatures(&n)
	return slices.Clone(s.feats)
}

// What is laid out alike looks alike, whatever the words and the language.
func TestOutlineKnowsNoWords(t *testing.T) {
	t.Parallel()
	like := outlineOf("Buy NOW: @best_shop 💰 only 20% !!")
	for text, same := range map[string]bool{
		"Beli YUK: @toko_kita 💰 cuma 35% !!":   true,
		"Kup TERA: @nasz_sklep 🔥 tylko 90% !!": true,
		"Only 20% 💰 @best_shop buy NOW: !!":    false,
		"buy now best_shop only 20":            false,
	} {
		if got := slices.Equal(like, outlineOf(text)); got != same {
			t.Errorf("%q is laid out alike: %v, want %v", text, got, same)
		}
	}
	if n := len(outlineOf("")); n > 1 {
		t.Errorf("nothing has %d features", n)
	}
}

// Where selling is spoken of beside a name, that counts apart from either alone.
func TestWaresBesideNames(t *testing.T) {
	t.Parallel()
	looks := func(text string) int {
		s := &scratch{}
		n := normalise(text)
		(&Model{}).textFeatures(s, &n, "other")
		s.feats = s.feats[:0]
		s.begin(len(n.folded))
		s.wareFeatures(&n)
		return len(s.feats)
	}
	plain, named := looks("promo casino gratis"), looks("promo casino gratis @abc")
	if plain == 0 || named <= plain {
		t.Errorf("%d features without a name, %d with one", plain, named)
	}
	if n := looks("xqzt vrrp"); n != 0 {
		t.Errorf("words nobody knows make %d features of wares", n)
	}
}

// A word that no list knows is seen beside those that are known: "stop the flobnars" is no "stop the messages".
func TestUnknownWordsAreSeenBesideKnownOnes(t *testing.T) {
	t.Parallel()
	stop := 0
	for i, name := range classNames {
		if name == "stop" {
			stop = i
		}
	}
	unknown := maxClasses - 1
	follows := func(text string) bool {
		var s sentence
		r := s.wishesIn([]rune(text), "en")
		i := stop*maxClasses + unknown
		return r.near[i/64]>>(i%64)&1 == 1
	}
	if !follows("stop the flobnars") || follows("stop messages") {
		t.Errorf("flobnars seen %v, messages taken for an unknown word %v", follows("stop the flobnars"), follows("stop messages"))
	}
}
