package review

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"ponte/moderation"
)

// decided is a comment about which a person has the last word.
type decided struct {
	Text       string `db:"text"`
	Normalised string `db:"normalised"`
	Language   string `db:"language"`
	Decision   string `db:"decision"`
	Category   string `db:"category"`
}

// TrainingRows returns what people decided as rows to train harm and spam with, by group. A text that
// people decided both ways, or removed for a reason that no category names, teaches nothing. A fifth of
// the texts, by their hash and so for ever the same, is set aside for measuring.
func TrainingRows(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) (map[string][]moderation.Example, error) {
	var rows []decided
	err := sqlx.SelectContext(ctx, q, &rows, `
SELECT c.text, v.verdict->>'normalised' AS normalised, c.language, v.decision, coalesce(v.verdict->>'category', '') AS category
FROM comments c JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = c.verdict_id
WHERE c.workspace_id = $1 AND v.tier = 'person' AND NOT c.own AND c.text <> '' AND coalesce(v.verdict->>'normalised', '') <> '' ORDER BY c.id`, workspaceID)
	if err != nil {
		return nil, fmt.Errorf("read what people decided: %w", err)
	}
	return trainingRows(rows), nil
}

func trainingRows(rows []decided) map[string][]moderation.Example {
	said := map[string]string{} // by normalised text; "": both ways, or removed and nobody says why
	for _, r := range rows {
		label := r.label()
		switch was, ok := said[r.Normalised]; {
		case !ok || was == label:
		case was == unnamed && label != "none":
		case label == unnamed && was != "none" && was != "":
			label = was
		default:
			label = ""
		}
		said[r.Normalised] = label
	}
	out := map[string][]moderation.Example{}
	done := map[string]bool{}
	for _, r := range rows {
		label := said[r.Normalised]
		if label == "" || label == unnamed || done[r.Normalised] {
			continue
		}
		done[r.Normalised] = true
		language := r.Language
		if !slices.Contains(moderation.Languages, language) {
			language = ""
		}
		e := moderation.Example{Text: r.Text, Label: label, Lang: language, Set: "decisions", Test: setAside(r.Normalised)}
		for group, categories := range map[string][]string{"harm": moderation.HarmCategories, "spam": moderation.SpamCategories} {
			if label == "none" || slices.Contains(categories, label) {
				out[group] = append(out[group], e)
			}
		}
	}
	return out
}

// unnamed stands for a removal of which neither the person nor the machine said what it is.
const unnamed = "?"

// Unnamed counts the texts that people removed and of which nobody said what they are: they teach nothing.
func Unnamed(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) (n int, err error) {
	err = sqlx.GetContext(ctx, q, &n, `SELECT count(DISTINCT v.verdict->>'normalised') FROM comments c JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = c.verdict_id
WHERE c.workspace_id = $1 AND v.tier = 'person' AND v.decision IN ('hide','delete') AND NOT c.own AND c.text <> '' AND coalesce(v.verdict->>'category', '') = ''`, workspaceID)
	if err != nil {
		return 0, fmt.Errorf("count what was removed without a category: %w", err)
	}
	return n, nil
}

// label is none, a category, or unnamed.
func (d decided) label() string {
	switch {
	case d.Decision == string(moderation.Allow):
		return "none"
	case slices.Contains(moderation.HarmCategories, d.Category), slices.Contains(moderation.SpamCategories, d.Category):
		return d.Category
	}
	return unnamed
}

// setAside draws a fifth.
func setAside(normalised string) bool {
	sum := sha256.Sum256([]byte("part:" + normalised))
	return sum[0] < 51
}
