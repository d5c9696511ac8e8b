package moderation

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// figure is what the shipped model reached when it was trained; it may fall by twice its standard error.
type figure struct {
	name    string
	n, good float64
	reached float64
}

func (f figure) check(t *testing.T) {
	t.Helper()
	if f.n == 0 {
		t.Errorf("%s: nothing was measured", f.name)
		return
	}
	noise := 2 * math.Sqrt(f.reached*(1-f.reached)/f.n)
	t.Logf("%s: %.4f of %.0f", f.name, f.good/f.n, f.n) // what to write down after a new training
	if got := f.good / f.n; got < f.reached-noise {
		t.Errorf("%s: %.3f of %.0f, the model reached %.3f when it was trained, noise %.3f", f.name, got, f.n, f.reached, noise)
	}
}

// Figures on our own sentences set aside must not fall beyond their noise.
func TestFiguresOnOwnSentences(t *testing.T) {
	t.Parallel()
	e := engine()
	seeds, err := LoadSeeds()
	if err != nil {
		t.Fatal(err)
	}
	count := func(name string, reached float64, tasks []string, keep func(Example) bool, good func(Verdict, Example) bool) {
		f := figure{name: name, reached: reached}
		for _, task := range tasks {
			for _, x := range testPart(seeds[task]) {
				if keep(x) {
					f.n++
					f.good += bit(good(e.Judge(Input{Subject: SubjectComment, Text: x.Text}), x))
				}
			}
		}
		f.check(t)
	}
	all := func(Example) bool { return true }
	is := func(labels ...string) func(Example) bool {
		return func(x Example) bool { return slices.Contains(labels, x.Label) }
	}
	not := func(labels ...string) func(Example) bool {
		return func(x Example) bool { return !slices.Contains(labels, x.Label) }
	}
	hidden := func(v Verdict, _ Example) bool { return v.Decision == Hide }
	kept := func(v Verdict, _ Example) bool { return v.Decision != Hide }
	withdrawn := func(v Verdict, _ Example) bool { return v.OptOut != NoOptOut }
	for _, l := range Languages {
		count("intents "+l, figuresOf[l], []string{"intent"}, func(x Example) bool { return x.Lang == l }, func(v Verdict, x Example) bool { return v.Intent == x.Label })
	}
	count("language", 0.88, []string{"language"}, not("unknown"), func(v Verdict, x Example) bool { return v.Language == x.Label })
	count("sentiment", 0.80, []string{"sentiment"}, all, func(v Verdict, x Example) bool { return v.Sentiment == x.Label })
	count("withdrawals found", 0.987, []string{"optout"}, is("clear"), withdrawn)
	count("look-alikes of withdrawals left alone", 0.929, []string{"optout"}, is("none"), func(v Verdict, x Example) bool { return !withdrawn(v, x) })
	count("ordinary talk left alone", 0.992, []string{"intent"}, not("opt_out"), func(v Verdict, x Example) bool { return !withdrawn(v, x) })
	count("asks for a person heard", 0.94, []string{"intent"}, is("human_agent"), func(v Verdict, _ Example) bool { return v.WantsHuman })
	count("spam hidden", 0.64, []string{"spam"}, not("none"), hidden)
	count("harm hidden", 0.186, []string{"harm"}, not("none", "self_harm"), hidden)
	count("harmless kept", 0.995, []string{"intent", "sentiment", "optout"}, all, kept)
	count("look-alikes of harm and spam kept", 0.99, []string{"harm", "spam"}, is("none"), kept)
	count("people in danger heard", 0.85, []string{"harm"}, is("self_harm"), func(v Verdict, _ Example) bool { return v.SelfHarm() && v.Decision == Review })
	count("people in danger never hidden by the model", 1, []string{"harm"}, is("self_harm"), func(v Verdict, _ Example) bool { return v.Decision != Hide || v.Tier != TierModel })
}

// Figures on sentences that nothing was trained on must not fall either: the fresh ones, and the blind ones, whose
// writer had not seen any other.
func TestFiguresOnUntrainedSentences(t *testing.T) {
	t.Parallel()
	e := engine()
	count := func(name string, reached float64, file string, keep func(Example) bool, good func(Verdict, Example) bool) {
		rows, err := LoadTSV("testdata/" + file + ".tsv")
		if err != nil {
			t.Fatal(err)
		}
		f := figure{name: file + ": " + name, reached: reached}
		for _, x := range rows {
			if keep(x) {
				subject := SubjectMessage
				if x.Label == "0" || x.Label == "1" { // of what is hidden
					subject = SubjectComment
				}
				f.n++
				f.good += bit(good(e.Judge(Input{Subject: subject, Text: x.Text}), x))
			}
		}
		f.check(t)
	}
	all := func(Example) bool { return true }
	is := func(label string) func(Example) bool { return func(x Example) bool { return x.Label == label } }
	withdrawn := func(v Verdict, _ Example) bool { return v.OptOut != NoOptOut }
	left := func(v Verdict, _ Example) bool { return v.OptOut == NoOptOut }
	asks := func(v Verdict, _ Example) bool { return v.WantsHuman }
	kept := func(v Verdict, _ Example) bool { return v.Decision != Hide }
	meant := func(v Verdict, x Example) bool { return v.Intent == x.Label }
	count("withdrawals found", 0.99, "fresh/optout", is("clear"), withdrawn)
	count("look-alikes of withdrawals left alone", 0.949, "fresh/optout", is("none"), left)
	count("ordinary talk left alone", 0.999, "fresh/intent", all, left)
	count("asks for a person heard", 0.98, "fresh/intent", is("human_agent"), asks)
	count("intents", 0.985, "fresh/intent", all, meant)
	count("withdrawals found", 0.99, "blind/optout", is("clear"), withdrawn)
	count("look-alikes of withdrawals left alone", 0.921, "blind/optout", is("none"), left)
	count("ordinary talk left alone", 0.995, "blind/intent", func(x Example) bool { return x.Label != "opt_out" }, left)
	count("ordinary talk left alone", 0.995, "blind/talk", all, left)
	count("ordinary talk asks for nobody", 0.99, "blind/talk", all, func(v Verdict, _ Example) bool { return !v.WantsHuman })
	count("ordinary talk kept", 0.999, "blind/talk", all, func(v Verdict, _ Example) bool { return v.Decision == Allow || v.Decision == Review })
	count("intents", 0.88, "blind/intent", all, meant)
	count("asks for a person heard", 0.974, "blind/human", is("ask"), asks)
	count("talk of persons left alone", 0.888, "blind/human", is("none"), func(v Verdict, _ Example) bool { return !v.WantsHuman })
	count("harmless kept", 0.999, "blind/harmless", all, kept)
	count("talk of groups kept", 0.995, "blind/groups", all, kept)
	count("harm hidden", 0.69, "fresh/harm", is("1"), func(v Verdict, _ Example) bool { return v.Decision == Hide })
	count("what looks like harm kept", 0.92, "fresh/harm", is("0"), kept)
	count("a number left withdraws nothing", 0.999, "fresh/numbers", all, left)
	count("danger heard", 0.91, "fresh/danger", is("self_harm"), func(v Verdict, _ Example) bool { return v.SelfHarm() && v.Decision == Review })
	count("no danger in distress of other kinds", 0.927, "fresh/danger", is("none"), func(v Verdict, _ Example) bool { return !v.SelfHarm() })
	count("danger heard", 0.552, "blind/danger", is("self_harm"), func(v Verdict, _ Example) bool { return v.SelfHarm() && v.Decision == Review })
	count("danger heard or asked about", 0.664, "blind/danger", is("self_harm"), func(v Verdict, _ Example) bool { return v.SelfHarm() || v.NeedsLLM })
	count("danger heard", 0.333, "blind/danger_later", is("self_harm"), func(v Verdict, _ Example) bool { return v.SelfHarm() && v.Decision == Review })
	count("danger heard or asked about", 0.405, "blind/danger_later", is("self_harm"), func(v Verdict, _ Example) bool { return v.SelfHarm() || v.NeedsLLM })
	count("no danger in what sounds like it", 0.99, "blind/danger_later", is("none"), func(v Verdict, _ Example) bool { return !v.SelfHarm() })
	count("no danger in what sounds like it", 0.99, "blind/danger", is("none"), func(v Verdict, _ Example) bool { return !v.SelfHarm() })
	count("withdrawals found", 0.99, "blind/asides", is("opt_out"), withdrawn)
	count("asides left alone", 0.983, "blind/asides", is("none"), left)
	count("asides kept", 0.997, "blind/asides", is("none"), kept)
	count("no danger in ordinary talk", 0.997, "blind/talk", all, func(v Verdict, _ Example) bool { return !v.SelfHarm() })
	count("no danger in public comments", 0.997, "blind/public", all, func(v Verdict, _ Example) bool { return !v.SelfHarm() })
	count("spam hidden", 0.873, "blind/spam", is("1"), func(v Verdict, _ Example) bool { return v.Decision == Hide })
	count("what looks like spam kept", 0.98, "blind/spam", is("0"), kept)
}

// figuresOf are the intents by language.
var figuresOf = map[string]float64{"en": 0.87, "it": 0.865, "fr": 0.86, "ro": 0.855, "es": 0.86, "de": 0.825, "pt": 0.88}

// publicFolder is where the development parts of public sets lie, beside this repository or where
// PONTE_EVAL_DATA says; they are other
// people's posts and no part of it. scripts/test says loudly where they are missing.
func publicFolder() string {
	if dir := os.Getenv("PONTE_EVAL_DATA"); dir != "" {
		return dir
	}
	return "../../shared/data"
}

// Ranking on public development parts must not fall beyond its noise: a third of the rows is enough to
// see it.
func TestFiguresOnPublicSets(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(publicFolder()); err != nil {
		t.Skipf("NOT CHECKED: figures on public sets, because %s is missing", publicFolder())
	}
	e := engine()
	pooled := map[string][]scored{}
	for _, set := range devSets["harm"] {
		rows, err := LoadTSV(filepath.Join(publicFolder(), set, "dev.tsv"))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(rows); i += 3 {
			v := e.Judge(Input{Subject: SubjectComment, Text: rows[i].Text})
			pooled[rows[i].Lang] = append(pooled[rows[i].Lang], scored{x: v.Harm, y: rows[i].Label == "1"})
		}
	}
	for l, reached := range map[string]float64{"ro": 0.934, "en": 0.896, "pt": 0.806, "fr": 0.842, "de": 0.789, "it": 0.739, "es": 0.786} {
		got := aucOf(pooled[l])
		t.Logf("harm AUC %s: %.3f of %d", l, got, len(pooled[l]))
		if noise := 2 * aucError(reached, pooled[l]); got < reached-noise {
			t.Errorf("harm AUC %s: %.3f of %d, the model reached %.3f when it was trained, noise %.3f", l, got, len(pooled[l]), reached, noise)
		}
	}
}

// aucError is the standard error of an AUC (Hanley and McNeil 1982).
func aucError(a float64, list []scored) float64 {
	pos := 0.0
	for _, s := range list {
		pos += bit(s.y)
	}
	neg := float64(len(list)) - pos
	q1, q2 := a/(2-a), 2*a*a/(1+a)
	return math.Sqrt((a*(1-a) + (pos-1)*(q1-a*a) + (neg-1)*(q2-a*a)) / (pos * neg))
}
