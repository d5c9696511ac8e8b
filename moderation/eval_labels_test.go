package moderation

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func labelledFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "set.tsv")
	if err := os.WriteFile(path, []byte("label\ttext\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLabelsAreSpeltInDocumentedWays(t *testing.T) {
	t.Parallel()
	for task, c := range map[string]struct{ yes, no string }{
		"harm":   {"1 TRUE yes Violation harm hate harassment violence sexual profanity personal_data", "0 false No none"},
		"spam":   {"1 true Yes violation spam scam impersonation self_promotion", "0 false no None ham"},
		"optout": {"1 true yes clear opt_out", "0 false no none price human_agent other"},
	} {
		var lines []string
		yes, no := strings.Fields(c.yes), strings.Fields(c.no)
		for _, l := range append(yes, no...) {
			lines = append(lines, l+"\tgood morning")
		}
		if task == "optout" {
			lines = append(lines, "doubtful\tbasta")
		}
		r, err := engine().Eval(EvalOptions{Task: task, Tiers: Tiers{Model: true}}, []string{labelledFile(t, lines...)})
		if err != nil {
			t.Errorf("%s: %v", task, err)
			continue
		}
		if r.N != len(yes)+len(no) || r.Overall.Positives != len(yes) {
			t.Errorf("%s: %d of %d rows count as violations, want %d of %d", task, r.Overall.Positives, r.N, len(yes), len(yes)+len(no))
		}
		if want := len(lines) - r.N; r.LeftOut != want {
			t.Errorf("%s: %d rows are said to be left out, want %d", task, r.LeftOut, want)
		}
	}
}

// A label nobody knows must not count as "no violation": it stops the measurement, and the error says where.
func TestUnknownLabelsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ task, label string }{{"harm", "toxic"}, {"harm", "2"}, {"harm", ""}, {"harm", "spam"}, {"harm", "self_harm"}, {"spam", "hate"}, {"spam", "-1"}, {"optout", "maybe"}} {
		path := labelledFile(t, "1\tbuy followers", "", "0\tgood morning", c.label+"\tgood evening", "0\tgood night")
		_, err := engine().Eval(EvalOptions{Task: c.task, Tiers: Tiers{Model: true}}, []string{path})
		if err == nil || !strings.Contains(err.Error(), path+", line 5: ") || !strings.Contains(err.Error(), `"`+c.label+`"`) {
			t.Errorf("%s, label %q: %v; want the file, line 5 and the label", c.task, c.label, err)
		}
		if c.task != "harm" {
			continue
		}
		if _, err := engine().Cascade(Tiers{Model: true}, []string{path}, map[string]string{"": "1"}); err == nil {
			t.Errorf("label %q: the cascade was measured all the same", c.label)
		}
	}
}
