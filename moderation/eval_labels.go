package moderation

import (
	"fmt"
	"slices"
	"strings"
)

// How labels of measured files may be spelt, in any case. What stands in neither list is refused: a label taken
// silently for "no violation" makes every figure wrong without anybody seeing it.
var (
	yesLabels = []string{"1", "true", "yes"}
	noLabels  = []string{"0", "false", "no", "none"}
)

// labelsOf are the spellings of a yes and of a no for a task that knows only the two; ok is false for the others.
func labelsOf(task string) (yes, no []string, ok bool) {
	switch task {
	case "harm":
		others := func(c string) bool { return c == "self_harm" } // goes to a person and is neither
		return slices.Concat(yesLabels, []string{"violation", "harm"}, slices.DeleteFunc(slices.Clone(HarmCategories), others)), noLabels, true
	case "spam":
		return slices.Concat(yesLabels, []string{"violation"}, SpamCategories), slices.Concat(noLabels, []string{"ham"}), true
	case "optout":
		others := func(i string) bool { return i == "opt_out" }
		return slices.Concat(yesLabels, []string{"clear", "opt_out"}), slices.Concat(noLabels, slices.DeleteFunc(slices.Clone(Intents), others)), true
	}
	return nil, nil, false
}

// spellOut writes the labels of a file's rows as 1 and 0, for a task that knows only the two. Withdrawals that may be
// read either way count for neither: how many were left out is returned.
func spellOut(task, path string, rows []Example) (out []Example, left int, err error) {
	yes, no, ok := labelsOf(task)
	if !ok {
		return rows, 0, nil
	}
	for _, r := range rows {
		switch label := strings.ToLower(strings.TrimSpace(r.Label)); {
		case slices.Contains(yes, label):
			r.Label = "1"
		case slices.Contains(no, label):
			r.Label = "0"
		case task == "optout" && label == "doubtful":
			left++
			continue
		default:
			return nil, 0, fmt.Errorf("%s, line %d: the label %q is not known for %s: write one of %s for yes and %s for no", path, r.Line, r.Label, task, strings.Join(yes, ", "), strings.Join(no, ", "))
		}
		out = append(out, r)
	}
	return out, left, nil
}

// loadLabelled reads the files of a measurement.
func loadLabelled(task string, files []string) (rows []Example, left int, err error) {
	for _, f := range files {
		list, err := LoadTSV(f)
		if err != nil {
			return nil, 0, err
		}
		list, n, err := spellOut(task, f, list)
		if err != nil {
			return nil, 0, err
		}
		rows, left = append(rows, list...), left+n
	}
	return rows, left, nil
}

// positive reads a label that was spelt out.
func positive(label string) bool { return label == "1" }
