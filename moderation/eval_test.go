package moderation

import (
	"compress/gzip"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func fileOf(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Files as programs write them hold the same rows.
func TestFilesAsProgramsWriteThem(t *testing.T) {
	t.Parallel()
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("text\tlabel\tlang\nyou are an idiot\t1\ten\nche bello\t0\tit\n"))
	_ = z.Close()
	for name, content := range map[string]string{
		"plain":            "text\tlabel\tlang\nyou are an idiot\t1\ten\nche bello\t0\tit\n",
		"another system":   "\ufefflang\ttext\tlabel\r\nen\tyou are an idiot\t1\r\nit\tche bello\t0\r\n",
		"capitals":         "ID\tText\tLABEL\tLang\n1\tyou are an idiot\tTRUE\ten\n2\tche bello\tFalse\tit",
		"quoted":           "\"text\"\t\"label\"\t\"lang\"\n\"you are an idiot\"\t\"1.0\"\t\"en\"\n\"che bello\"\t0.0\t\"it\"\n",
		"packed, unsaid":   packed.String(),
		"with empty lines": "text\tlabel\tlang\n\nyou are an idiot\t1\ten\n\nche bello\t0\tit\n\n",
	} {
		rows, short, err := loadRows(fileOf(t, "set.tsv", content))
		if err != nil || short != 0 || len(rows) != 2 || rows[0].Text != "you are an idiot" || rows[1].Text != "che bello" || rows[0].Lang != "en" || rows[1].Lang != "it" {
			t.Errorf("%s: %+v, %d short, %v", name, rows, short, err)
			continue
		}
		if list, _, err := spellOut("harm", "set", rows); err != nil || list[0].Label != "1" || list[1].Label != "0" {
			t.Errorf("%s: labels %+v, %v", name, list, err)
		}
	}
	rows, _, err := loadRows(fileOf(t, "set.tsv", "\"text\"\t\"label\"\n\"she said \"\"hi\"\"\"\t0\n\"\t1\n"))
	if err != nil || rows[0].Text != `she said "hi"` || rows[1].Text != `"` {
		t.Errorf("%+v, %v", rows, err)
	}
	rows, short, err := loadRows(fileOf(t, "set.tsv", "\"text\"\t\"label\"\n\"a\ttab\"\t\"0\"\n\"two\n\"\"lines\"\"\"\t\"1\"\nit's 5\" wide\t0\n\"never closed\t1\nlast\t0\n"))
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprintf("%d %q %s", r.Line, r.Text, r.Label))
	}
	if want := `2 "a\ttab" 0, 3 "two\n\"lines\"" 1, 5 "it's 5\" wide" 0, 6 "\"never closed" 1, 7 "last" 0`; err != nil || short != 0 || strings.Join(got, ", ") != want {
		t.Errorf("fields that hold tabs and line ends: %v, %d short, %v", got, short, err)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	var packed strings.Builder
	z := gzip.NewWriter(&packed)
	_, _ = z.Write([]byte("text\tlabel\nhi\t0\n"))
	_ = z.Close()
	dir := t.TempDir()
	for path, want := range map[string]string{
		fileOf(t, "empty.tsv", ""):                                                 "is empty",
		fileOf(t, "commas.tsv", "text,label\nhi,0\n"):                              "tab-separated",
		fileOf(t, "twice.tsv", "text\tlabel\tText\nhi\t0\tho\n"):                   "twice",
		fileOf(t, "cut.tsv.gz", packed.String()[:20]):                              "cut.tsv.gz",
		fileOf(t, "long.tsv", "text\tlabel\n"+strings.Repeat("a", 17<<20)+"\t0\n"): "line 2: longer than 16 MB",
		dir: "directory", filepath.Join(dir, "none.tsv"): "none.tsv: no such file",
	} {
		if _, _, err := loadRows(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want it to say %q", filepath.Base(path), err, want)
		}
	}
}

func TestNamesOfLabels(t *testing.T) {
	t.Parallel()
	path := fileOf(t, "set.tsv", "text\tlabel\nthe house is very nice today\tEN-gb\nbuongiorno a tutti quanti\tIT \nhoi, hoe gaat het met jullie\tnl\nhello\tKlingonish\nno label here\n")
	r, err := engine().Eval(EvalOptions{Task: "language", Tiers: Tiers{Model: true}}, []string{path})
	if err != nil || r.N != 4 || r.Short != 1 || len(r.Unknown) != 1 || r.Unknown["klingonish"] != 1 {
		t.Fatalf("%+v, %v", r, err)
	}
	var names []string
	for _, m := range r.Labels {
		names = append(names, fmt.Sprintf("%s %d", m.Name, m.N))
	}
	if got := strings.Join(names, ", "); got != "en 1, it 1, klingonish 1, other 1" {
		t.Errorf("labels %s", got)
	}
}

// The order of a file's rows says nothing about those with the same score.
func TestAveragePrecisionKnowsNoOrderAmongEquals(t *testing.T) {
	t.Parallel()
	up := []scored{{x: 1, y: true}, {x: 0.5, y: true}, {x: 0.5}, {x: 0.5}, {x: 0, y: true}}
	down := []scored{{x: 0.5}, {x: 0.5}, {x: 0, y: true}, {x: 0.5, y: true}, {x: 1, y: true}}
	want := (1.0 + 2.0/4 + 3.0/5) / 3
	for _, list := range [][]scored{up, down} {
		if got := averagePrecision(list); math.Abs(got-want) > 1e-12 {
			t.Errorf("%g, want %g", got, want)
		}
	}
}

// Each name has its own precision: it counts where the name is said of others.
func TestFiguresOfNames(t *testing.T) {
	t.Parallel()
	list := []judged{{gold: "a", said: "a"}, {gold: "a", said: "b"}, {gold: "b", said: "b"}, {gold: "b", said: "b"}, {gold: "c", said: "b"}, {gold: "c", said: "d"}}
	m := EvalOptions{Task: "sentiment"}.measure("all", list)
	// a: 1/1, 1/2; b: 2/4, 2/2; c: 0, 0
	if m.Precision != 0.5 || m.Recall != 0.5 || m.Accuracy != 0.5 || math.Abs(m.MacroF1-(2.0/3+2.0/3)/3) > 1e-6 {
		t.Errorf("means %+v", m)
	}
	if m.PrecisionRange == nil || m.RecallRange == nil || m.F1Range == nil || m.MacroF1Range == nil || m.AccuracyRange == nil {
		t.Errorf("a figure has no interval: %+v", m)
	}
	for i, want := range []struct {
		name string
		n    int
		p, r float64
	}{{"a", 2, 1, 0.5}, {"b", 2, 0.5, 1}, {"c", 2, 0, 0}} {
		if got := perName(list)[i]; got.Name != want.name || got.N != want.n || got.Precision != want.p || got.Recall != want.r {
			t.Errorf("%s: %+v", want.name, got)
		}
	}
}

func TestMixesAreOfTheShareAskedFor(t *testing.T) {
	t.Parallel()
	rows := func(pos, neg int) (out []Example) {
		for i := range pos + neg {
			out = append(out, Example{Label: map[bool]string{true: "1", false: "0"}[i < pos]})
		}
		return out
	}
	for _, c := range []struct {
		pos, neg int
		mix      float64
		want     string
	}{
		{50, 960, 0.04, "40 960"}, {10, 960, 0.04, "10 240"}, {5, 100, 0.5, "5 5"}, {1, 24, 0.04, "1 24"},
		{10, 10, 0.04, "24 other texts"}, {0, 10, 0.04, "both kinds"}, {10, 0, 0.04, "both kinds"},
	} {
		got, err := EvalOptions{Task: "harm", Mix: c.mix}.prepare(rows(c.pos, c.neg))
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		pos := 0
		for _, r := range got {
			if positive(r.Label) {
				pos++
			}
		}
		if said := fmt.Sprint(pos, len(got)-pos); said != c.want {
			t.Errorf("%+v: %s", c, said)
		}
	}
	if _, err := (EvalOptions{Task: "intent", Mix: 0.04}).prepare(nil); err == nil {
		t.Error("a mix of intents")
	}
}

// The language model alone is asked about every text, several at once; what it does not answer is said.
func TestTheModelAloneIsMeasured(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("id\ttext\tlabel\n")
	for i := range 45 {
		fmt.Fprintf(&b, "%d\tgood morning %d\t%d\n", i, i, i%2)
	}
	path := fileOf(t, "set.tsv", b.String())
	var sizes []int
	ask := func(rows []Example) ([]*LLMAnswer, error) {
		sizes = append(sizes, len(rows))
		if len(sizes) == 3 {
			return nil, errors.New("gone")
		}
		out := make([]*LLMAnswer, len(rows))
		for i, r := range rows {
			if out[i] = (&LLMAnswer{Category: "none", Score: 1, CostMicros: 100}); positive(r.Label) {
				out[i].Category = "harassment"
			}
		}
		return out, nil
	}
	r, err := engine().Eval(EvalOptions{Task: "harm", Tiers: Tiers{LLM: true}, Ask: ask}, []string{path})
	if err != nil || fmt.Sprint(sizes) != "[20 20 5]" || r.NeedsLLM != 1 || r.Answered != round(40.0/45) || r.Overall.Precision != 1 || r.Overall.Recall != round(20.0/22) {
		t.Fatalf("asked %v: %+v, %v", sizes, r, err)
	}
	if r.CostPer1000 != round(40*100/1e6*1000/45) || !strings.Contains(r.LLM, "5 got no answer") || r.Tiers["llm"] != round(40.0/45) {
		t.Errorf("cost %g, %q, %v", r.CostPer1000, r.LLM, r.Tiers)
	}
}
