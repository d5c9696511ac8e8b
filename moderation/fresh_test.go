package moderation

import (
	"strings"
	"testing"
	"unicode"
)

// Nothing is trained on the fresh, the blind and the plain sentences: they measure, and none of them may come to feed
// the weights. The fresh ones flatter, for the hand that wrote them wrote the training sentences; whoever wrote the
// blind ones had seen none of these.
func TestFreshSentencesFeedNothing(t *testing.T) {
	t.Parallel()
	seeds, err := LoadSeeds()
	if err != nil {
		t.Fatal(err)
	}
	said := func(text string) string {
		return strings.Join(strings.FieldsFunc(fold(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
	}
	trained := map[string]string{}
	for _, task := range []string{"intent", "optout", "sentiment", "harm", "spam", "danger"} {
		for _, e := range trainingPart(seeds[task]) {
			trained[said(e.Text)] = e.ID
		}
	}
	for _, file := range []string{"fresh/optout", "fresh/intent", "fresh/harm", "fresh/danger", "blind/optout", "blind/intent", "blind/human", "blind/talk", "blind/harmless", "blind/spam", "blind/groups", "blind/public", "blind/danger", "blind/danger_later", "blind/asides", "plain/sentences"} {
		rows, err := LoadTSV("testdata/" + file + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) < 240 && file != "fresh/danger" {
			t.Errorf("%s holds %d sentences only", file, len(rows))
		}
		for _, r := range rows {
			if id := trained[said(r.Text)]; id != "" && said(r.Text) != "" {
				t.Errorf("%s is also a training sentence, %s: %s", file, id, r.Text)
			}
		}
	}
}
