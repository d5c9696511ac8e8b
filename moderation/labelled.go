package moderation

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Example is one labelled text.
type Example struct {
	ID    string
	Text  string
	Label string
	Fine  string // the set's own finer label
	Lang  string
	Set   string
	Line  int  // of the file it was read from; 0: of none
	Wish  bool // written to tell wishes apart: harm and spam learn nothing from it
	Other bool // one of the sentences that a line with alternatives stands for
	Test  bool
}

const ownSet = "own sentences"

// ReadSeeds reads our own sentences from a folder of languages: by task, all languages.
func ReadSeeds(dir fs.FS) (map[string][]Example, error) {
	out := map[string][]Example{}
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".tsv") {
			return err
		}
		raw, err := fs.ReadFile(dir, path)
		if err != nil {
			return err
		}
		lang := filepath.Base(filepath.Dir(path))
		task := strings.TrimSuffix(filepath.Base(path), ".tsv")
		for i, line := range strings.Split(strings.TrimRight(string(raw), "\n"), "\n") {
			parts := strings.SplitN(line, "\t", 3)
			if i == 0 || len(parts) != 3 {
				continue
			}
			id := fmt.Sprintf("%s/%s:%d", lang, task, i)
			for _, text := range variants(parts[2]) {
				out[task] = append(out[task], Example{ID: id, Label: parts[0], Test: parts[1] == "test", Wish: parts[1] == "wish", Text: text, Lang: lang, Set: ownSet, Other: strings.Contains(parts[2], "{")})
			}
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = fmt.Errorf("the folder holds no sentences: <language>/<task>.tsv is expected")
	}
	return out, err
}

// mostVariants is how many sentences one line with alternatives stands for at the most.
const mostVariants = 10

// variants writes out a sentence with alternatives, "{please |}stop {texting|writing to} me": each alternative
// as often as another, some of the ways to put them together.
func variants(text string) []string {
	if !strings.Contains(text, "{") {
		return []string{text}
	}
	var out []string
	for n := uint32(0); n < 4*mostVariants && len(out) < mostVariants; n++ {
		var b strings.Builder
		rest, place := text, uint32(0)
		for {
			before, after, found := strings.Cut(rest, "{")
			b.WriteString(before)
			if !found {
				break
			}
			choices, tail, _ := strings.Cut(after, "}")
			list := strings.Split(choices, "|")
			place++
			b.WriteString(list[(n+mix(n/uint32(len(list))*31+place*7919))%uint32(len(list))])
			rest = tail
		}
		if said := strings.TrimSpace(b.String()); !slices.Contains(out, said) {
			out = append(out, said)
		}
	}
	return out
}

// plainLines are those without alternatives: the others are written to tell wishes apart, and say little else.
func plainLines(list []Example) []Example {
	return slices.DeleteFunc(slices.Clone(list), func(e Example) bool { return e.Other })
}

func trainingPart(list []Example) []Example { return filter(list, false) }

// groupsPart is what harm, spam and their categories learn from.
func groupsPart(list []Example) []Example {
	return slices.DeleteFunc(trainingPart(list), func(e Example) bool { return e.Wish })
}

func testPart(list []Example) []Example { return filter(list, true) }

func filter(list []Example, test bool) []Example {
	var out []Example
	for _, e := range list {
		if e.Test == test {
			out = append(out, e)
		}
	}
	return out
}

func binary01(list []Example) []Example {
	// Words of people who may harm themselves are no violation: a model that learnt them as one would
	// hide what a person must see.
	out := slices.DeleteFunc(slices.Clone(list), func(e Example) bool { return e.Label == "self_harm" })
	for i := range out {
		if out[i].Label == "none" {
			out[i].Label = "0"
		} else {
			out[i].Label = "1"
		}
	}
	return out
}

// LoadAnswers reads recorded answers: a header that names id and the column, 0 or 1 in it.
func LoadAnswers(path, column string) (map[string]string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	text := strings.ReplaceAll(strings.TrimPrefix(string(raw), "\ufeff"), "\r\n", "\n")
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	names := strings.Split(lines[0], "\t")
	id, at := slices.Index(names, "id"), slices.Index(names, column)
	if id < 0 || at < 0 {
		return nil, fmt.Errorf("%s: its first line names no column id or no column %s; it has %s", path, column, strings.Join(names, ", "))
	}
	out := map[string]string{}
	for _, line := range lines[1:] {
		if parts := strings.Split(line, "\t"); len(parts) > max(id, at) {
			out[parts[id]] = parts[at]
		}
	}
	return out, nil
}
