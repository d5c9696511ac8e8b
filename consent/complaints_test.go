package consent

import (
	"strings"
	"testing"
)

func TestAComplaintIsRecognisedByItsGravestSign(t *testing.T) {
	for _, c := range []struct{ text, kind, sign string }{
		{"I will report you to the ACMA!", "authority", "acma"}, // "report you" stands before it and is less
		{"Where did you get my number??", "complaint", "where did you get my number"},
		{"Próxima: VOY A DENUNCIAR", "lawyer", "voy a denunciar"},
		{"mi cancellate i miei dati per favore", "erasure", "cancellate i miei dati"},
		{"droit à l’oubli", "erasure", "droit a l'oubli"},
		{"I'll sue you", "lawyer", "i'll sue"},
		{"Quali dati avete su di me?", "access", "quali dati avete"},
		{"reporting your shop to my friends, they love it", "", ""}, // whole words: not "reporting you"
		{"acmas", "", ""},
		{"my lawyers", "", ""},
		{"what data do you", "", ""}, // the text ends before the sign does
		{"", "", ""},
	} {
		got, ok := FindComplaint(c.text)
		if got.Kind != c.kind || got.Sign != c.sign || ok != (c.kind != "") {
			t.Errorf("%q: %+v, %v; want %s %q", c.text, got, ok, c.kind, c.sign)
		}
	}
}

func TestEverySignIsFoundAsItIsWritten(t *testing.T) {
	for _, s := range signs {
		for _, w := range s.words {
			if _, ok := FindComplaint("so, " + w + " now"); !ok {
				t.Errorf("%q is in the list and is not found", w)
			}
			// A letter alone is what an apostrophe leaves where it is not written; "v a" and "nu mi am" are
			// what a hyphen leaves.
			for _, alone := range []string{"l", "d", "ll", "all", "dell", "qu", "j", "re", "ve"} {
				if strings.Contains(" "+w+" ", " "+alone+" ") && !strings.Contains(w, "delete all my") {
					t.Errorf("%q: write the apostrophe, people do", w)
				}
			}
		}
	}
}
