package moderation

import (
	"strings"
	"testing"
	"unicode"
)

// Nothing is trained on the fresh and the plain sentences. The hand that wrote them wrote the training sentences, so
// they flatter; they measure, and none of them may come to feed the weights.
func TestFreshSentencesFeedNothing(t *testing.T) {
	t.Parallel()
	seeds, err := LoadSeeds()
	if err != nil {
		t.Fatal(err)
	}
	said := func(text string) string {
		return strings.Join(strings.FieldsFunc(fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
	}
	trained := map[string]bool{}
	for _, task := range []string{"intent", "optout", "sentiment", "harm", "spam"} {
		for _, e := range trainingPart(seeds[task]) {
			trained[said(e.Text)] = true
		}
	}
	for _, file := range []string{"fresh/optout", "fresh/intent", "plain/sentences"} {
		rows, err := LoadTSV("testdata/" + file + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) < 240 {
			t.Errorf("%s holds %d sentences only", file, len(rows))
		}
		for _, r := range rows {
			if key := said(r.Text); key != "" && trained[key] {
				t.Errorf("%s is also a training sentence: %s", file, r.Text)
			}
		}
	}
}
