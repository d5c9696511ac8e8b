package moderation

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"
)

// decidedAs is a decision; every fifth is set aside.
func decidedAs(n int, text, label string) Example {
	return Example{Text: text, Label: label, Lang: "en", Test: n%5 == 0}
}

var frames = []string{"you are such a %s", "what a %s this is", "another %s in the comments", "typical %s behaviour here", "go home %s", "only a %s would say so", "he is a %s and she knows", "the %s is back again", "shut up %s", "look at this %s"}

// slang are decisions of a team with a word of abuse that no seed knows, and with harmless talk.
func slang(words ...string) []Example {
	var out []Example
	for i := range 240 {
		w := words[i%len(words)]
		out = append(out, decidedAs(2*i, fmt.Sprintf(frames[i%len(frames)]+" %d", w, i), "harassment"),
			decidedAs(2*i+1, fmt.Sprintf("the kayak number %d was a lovely %s on the water", i, []string{"morning", "trip", "hour"}[i%3]), "none"))
	}
	return out
}

func adapted(t *testing.T, own fs.FS, decided map[string][]Example) (*Model, []Comparison, error) {
	t.Helper()
	return Adapt(AdaptOptions{From: Shipped(), Seeds: own, Decided: decided, Date: "2026-01-01", Log: t.Logf})
}

// fewOwn is every sixth of our own sentences, so that adapting takes a second.
func fewOwn(t *testing.T) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	err := fs.WalkDir(OwnSentences(), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := fs.ReadFile(OwnSentences(), path)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		for i, line := range bytes.SplitAfter(raw, []byte("\n")) {
			if i == 0 || i%6 == 0 {
				b.Write(line)
			}
		}
		out[path] = &fstest.MapFile{Data: b.Bytes()}
		return nil
	})
	if err != nil || len(out) < 28 {
		t.Fatalf("%d files of our own sentences, %v", len(out), err)
	}
	return out
}

// The shipped model learns the word and forgets nothing: what has no feature of a decided text keeps its
// score to the last digit, also for spam; the file reads back as it was measured.
func TestAdaptedModelLearnsAndForgetsNothing(t *testing.T) {
	t.Parallel()
	decided := map[string][]Example{"harm": slang("grumblefex", "snorbleck")}
	own := fewOwn(t)
	m, list, err := adapted(t, own, decided)
	if err != nil {
		t.Fatal(err)
	}
	var raw, again bytes.Buffer
	if err := m.Write(&raw); err != nil {
		t.Fatal(err)
	}
	if twice, _, err := adapted(t, own, decided); err != nil || twice.Write(&again) != nil || !bytes.Equal(raw.Bytes(), again.Bytes()) {
		t.Errorf("the same decisions make another model: %v", err)
	}
	read, err := ReadModel(bytes.NewReader(raw.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if read.Version == Shipped().Version {
		t.Error("the adapted model has the shipped one's version")
	}
	was, is := Shipped().Predict(normalise("what a snorbleck")), read.Predict(normalise("what a snorbleck"))
	if is.Harm < was.Harm+0.2 {
		t.Errorf("what people hid scores %.3f, and scored %.3f", is.Harm, was.Harm)
	}
	for _, text := range []string{"cheap followers, write me", "vreau sa rezerv", "我们想订位", "idiot"} {
		a, b := Shipped().Predict(normalise(text)), read.Predict(normalise(text))
		if a.Spam != b.Spam || a.Intent != b.Intent || a.HarmHide != b.HarmHide {
			t.Errorf("%q: %+v became %+v", text, a, b)
		}
	}
	if len(list) != 4 || list[0].After.LogLoss >= list[0].Before.LogLoss || list[1].N < 150 || list[2].N < 400 {
		t.Errorf("compared: %+v", list)
	}
	if !slices.ContainsFunc(read.Card.Sources, func(s Source) bool { return s.Name == "decisions of reviewers" && s.Head == "harm" && s.Rows == 384 }) {
		t.Error("the card does not name the decisions it learnt from")
	}
	if slices.ContainsFunc(read.Card.Sources, func(s Source) bool { return s.Name == "decisions of reviewers" && s.Head == "spam" }) {
		t.Error("the card names decisions about spam, of which there are none")
	}
}

// What would be judged worse is refused, with what is wrong.
func TestAdaptingIsRefusedWhereItIsWorse(t *testing.T) {
	t.Parallel()
	seeds, err := LoadSeeds()
	if err != nil {
		t.Fatal(err)
	}
	var upside, praise []Example
	n := 0
	for i, e := range seeds["harm"] {
		if e.Label != "self_harm" && i%12 == 0 {
			label := "none"
			if e.Label == "none" {
				label = "harassment"
			}
			upside, n = append(upside, decidedAs(n, e.Text, label)), n+1
		}
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range 400 { // a reviewer who throws dice about the same words
		label := "none"
		if rng.IntN(2) == 0 {
			label = "harassment"
		}
		praise = append(praise, decidedAs(i, fmt.Sprintf("%s %d", []string{"lovely place", "you are idiots", "what a trip", "stupid people"}[rng.IntN(4)], i), label))
	}
	for name, c := range map[string][]Example{
		"few":         slang("grumblefex")[:30],
		"dice":        praise,
		"upside down": upside,
	} {
		m, _, err := adapted(t, fewOwn(t), map[string][]Example{"harm": c})
		if !errors.Is(err, ErrNotBetter) || m != nil {
			t.Errorf("%s: %v", name, err)
		}
		t.Logf("%s: %v", name, err)
	}
}

// TestAdaptedOnRealComments measures on a public set that no weight was trained on, as if a team had
// decided its comments; and that the same comments decided by dice are refused.
func TestAdaptedOnRealComments(t *testing.T) {
	t.Parallel()
	folder := publicFolder()
	if testing.Short() || os.Getenv("PONTE_EVAL_DATA") == "" {
		t.Skip("NOT MEASURED: takes minutes; PONTE_EVAL_DATA names the folder with public sets")
	}
	for _, set := range []string{"olid-en", "hatebr-pt", "offendes"} {
		rows, err := LoadTSV(filepath.Join(folder, set, "train.tsv"))
		if err != nil {
			t.Fatal(err)
		}
		dev, err := LoadTSV(filepath.Join(folder, set, "dev.tsv"))
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		for _, n := range []int{1500} {
			var decided, dice []Example
			for i, r := range rows[:n] {
				decided = append(decided, decidedAs(i, r.Text, []string{"none", "harassment"}[int(bit(r.Label == "1"))]))
				dice = append(dice, decidedAs(i, r.Text, []string{"none", "harassment"}[rng.IntN(2)]))
			}
			if _, _, err := adapted(t, OwnSentences(), map[string][]Example{"harm": dice}); err == nil {
				t.Errorf("%s: %d decisions by dice were followed", set, n)
			} else {
				t.Logf("%s, dice: %v", set, err)
			}
			m, list, err := adapted(t, OwnSentences(), map[string][]Example{"harm": decided})
			for _, c := range list {
				t.Logf("%s %d %s n=%d loss %.3f→%.3f %v AUC %.3f→%.3f %v right %d→%d of %d wrong %d→%d", set, n, c.Set, c.N, c.Before.LogLoss, c.After.LogLoss, c.LogLossChange, c.Before.AUC, c.After.AUC, c.AUCChange, c.Before.Right, c.After.Right, c.Before.Bad, c.Before.Wrong, c.After.Wrong)
			}
			if err != nil {
				t.Logf("%s, %d decisions: %v", set, n, err)
				continue
			}
			was, is := sumUp(Shipped().marks("harm", dev)), sumUp(m.marks("harm", dev))
			t.Logf("%s %d DEV n=%d loss %.3f→%.3f AUC %.3f→%.3f right %d→%d of %d wrong %d→%d", set, n, len(dev), was.LogLoss, is.LogLoss, was.AUC, is.AUC, was.Right, is.Right, was.Bad, was.Wrong, is.Wrong)
			if is.AUC < was.AUC-0.005 {
				t.Errorf("%s: %d decisions made it worse on other comments: %.3f, was %.3f", set, n, is.AUC, was.AUC)
			}
		}
	}
}
