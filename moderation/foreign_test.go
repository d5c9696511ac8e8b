package moderation

import "testing"

// Most languages are none that the model was trained on. Who says something harmless in one of them is heard, and who
// sells, hides words or points elsewhere is seen by that alone.
func TestLanguagesNeverTrainedOn(t *testing.T) {
	t.Parallel()
	rows, err := LoadTSV("testdata/foreign/sentences.tsv")
	if err != nil {
		t.Fatal(err)
	}
	e := engine()
	for _, x := range rows {
		v := e.Judge(Input{Subject: SubjectComment, Text: x.Text})
		switch {
		case x.Label == "0" && (v.Decision == Hide || v.SpamScore >= 0.5):
			t.Errorf("%s: %q is harmless, and is judged %s with spam %.2f", x.Lang, x.Text, v.Decision, v.SpamScore)
		case x.Label == "1" && v.Decision == Allow:
			t.Errorf("%s: %q is spam, and is let through with %.2f", x.Lang, x.Text, v.SpamScore)
		}
	}
	if len(rows) < 50 {
		t.Errorf("only %d sentences", len(rows))
	}
}
