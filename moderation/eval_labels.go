package moderation

import (
	"fmt"
	"slices"
	"strings"
)

// How labels of measured files may be spelt, in any case. What stands in neither list is refused: a label taken
// silently for "no violation" makes every figure wrong without anybody seeing it.
var (
	yesLabels = []string{"1", "1.0", "true", "yes"}
	noLabels  = []string{"0", "0.0", "false", "no", "none"}
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
// read either way count for neither: how many were left out is returned. The labels of other tasks are names, in
// small letters; those the task does not know stay, and can only be counted as wrong.
func spellOut(task, path string, rows []Example) (out []Example, left int, err error) {
	yes, no, ok := labelsOf(task)
	for _, r := range rows {
		switch label := strings.ToLower(strings.TrimSpace(r.Label)); {
		case !ok:
			r.Label = labelName(task, label)
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

// labelName is a label as the task names it: a language's region says nothing, and a language that is not told apart
// from others is other.
func labelName(task, label string) string {
	if task != "language" {
		return label
	}
	base, _, _ := strings.Cut(strings.ReplaceAll(label, "_", "-"), "-")
	if (len(base) == 2 || len(base) == 3) && !slices.Contains(Languages, base) && strings.Trim(base, "abcdefghijklmnopqrstuvwxyz") == "" {
		return "other"
	}
	return base
}

// namesOf are the labels that a task of names knows; nil: it knows only yes and no.
func namesOf(task string) []string {
	switch task {
	case "intent":
		return Intents
	case "language":
		return append(slices.Clone(Languages), "other", "unknown")
	case "sentiment":
		return []string{"negative", "neutral", "positive"}
	}
	return nil
}

// loaded is what the files of a measurement hold.
type loaded struct {
	rows        []Example
	left, short int            // withdrawals that may be read either way; lines without a label
	unknown     map[string]int // labels that the task does not know
}

// loadLabelled reads the files of a measurement.
func loadLabelled(task string, files []string) (loaded, error) {
	l := loaded{unknown: map[string]int{}}
	for _, f := range files {
		list, short, err := loadRows(f)
		if err != nil {
			return l, err
		}
		list, left, err := spellOut(task, f, list)
		if err != nil {
			return l, err
		}
		l.rows, l.left, l.short = append(l.rows, list...), l.left+left, l.short+short
	}
	if names := namesOf(task); names != nil {
		for _, r := range l.rows {
			if !slices.Contains(names, r.Label) {
				l.unknown[r.Label]++
			}
		}
	}
	return l, nil
}

// positive reads a label that was spelt out.
func positive(label string) bool { return label == "1" }
