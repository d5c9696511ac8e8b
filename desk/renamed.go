package desk

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
)

// What has a name that others write down: published flows, the bot's settings.
const (
	aLabel = "label"
	aTeam  = "team"
)

// rename notes that a name has become another; from is empty for what is new. Whoever still says the old one means the
// new one, until something else gets the old name.
func rename(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, kind, from, to string) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM renamed WHERE workspace_id = $1 AND kind = $2 AND was = $3`, workspaceID, kind, to); err != nil {
		return fmt.Errorf("give the name of a %s away: %w", kind, err)
	}
	if from == "" || from == to {
		return nil
	}
	for _, stmt := range []string{
		`UPDATE renamed SET name = $4 WHERE workspace_id = $1 AND kind = $2 AND name = $3`,
		`INSERT INTO renamed (workspace_id, kind, was, name) VALUES ($1, $2, $3, $4) ON CONFLICT (workspace_id, kind, was) DO UPDATE SET name = excluded.name`,
	} {
		if _, err := tx.ExecContext(ctx, stmt, workspaceID, kind, from, to); err != nil {
			return fmt.Errorf("note what a %s was called before: %w", kind, err)
		}
	}
	return nil
}

// Names tells what labels and teams are called today, by what they were called.
type Names struct{ labels, teams map[string]string }

// LoadNames reads them for a workspace.
func LoadNames(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) (Names, error) {
	var rows []struct {
		Kind string `db:"kind"`
		Was  string `db:"was"`
		Name string `db:"name"`
	}
	n := Names{labels: map[string]string{}, teams: map[string]string{}}
	if err := sqlx.SelectContext(ctx, q, &rows, `SELECT kind, was, name FROM renamed WHERE workspace_id = $1`, workspaceID); err != nil {
		return n, fmt.Errorf("load what labels and teams were called: %w", err)
	}
	for _, r := range rows {
		if r.Kind == aTeam {
			n.teams[r.Was] = r.Name
		} else {
			n.labels[r.Was] = r.Name
		}
	}
	return n, nil
}

// Label is what a label is called today.
func (n Names) Label(name string) string { return today(n.labels, name) }

// Team is what a team is called today.
func (n Names) Team(name string) string { return today(n.teams, name) }

func today(names map[string]string, name string) string {
	if now, ok := names[name]; ok {
		return now
	}
	return name
}

// Known are the labels that something carries, under each name that they ever had: whoever asks for an old one finds it.
func (n Names) Known(labels []string) []string {
	out := slices.Clone(labels)
	for was, now := range n.labels {
		if slices.Contains(labels, now) && !slices.Contains(out, was) {
			out = append(out, was)
		}
	}
	return out
}
