package desk

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

// Label is a label that a workspace keeps, with what carries it. One without an id is a word that something
// carries and nobody keeps yet.
type Label struct {
	ID            int64  `db:"id"`
	Name          string `db:"name"`
	Color         string `db:"color"`
	Description   string `db:"description"`
	Open          int    `db:"open"` // open conversations that carry it
	Conversations int    `db:"conversations"`
	Contacts      int    `db:"contacts"`
}

const sqlLabels = `
WITH v AS (
    SELECT x.name, count(*) AS n, count(*) FILTER (WHERE c.state = 'open') AS open FROM conversations c, unnest(c.labels) AS x(name)
    WHERE c.workspace_id = $1 AND c.labels <> '{}' GROUP BY x.name
), p AS (
    SELECT x.name, count(*) AS n FROM contacts c, unnest(c.labels) AS x(name) WHERE c.workspace_id = $1 AND c.labels <> '{}' AND c.merged_into IS NULL GROUP BY x.name
), l AS (
    SELECT id, name, color, description FROM labels WHERE workspace_id = $1
    UNION ALL SELECT 0, u.name, 'gray', '' FROM (SELECT name FROM v UNION SELECT name FROM p) u WHERE NOT EXISTS (SELECT 1 FROM labels k WHERE k.workspace_id = $1 AND k.name = u.name)
)
SELECT l.id, l.name, l.color, l.description, coalesce(v.open, 0) AS open, coalesce(v.n, 0) AS conversations, coalesce(p.n, 0) AS contacts
FROM l LEFT JOIN v ON v.name = l.name LEFT JOIN p ON p.name = l.name`

// Labels lists the labels of a workspace by name, and after them the words that are carried and not kept.
func Labels(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Label, error) {
	var out []Label
	if err := sqlx.SelectContext(ctx, q, &out, sqlLabels+` ORDER BY l.id = 0, lower(l.name), l.name LIMIT 1000`, workspaceID); err != nil {
		return nil, fmt.Errorf("list labels: %w", err)
	}
	return out, nil
}

// recently is how many conversations are looked through for words that nobody keeps, where they are only
// to be offered.
const recently = 500

const sqlLabelNames = `
WITH l AS (
    SELECT id, name, color, description FROM labels WHERE workspace_id = $1
    UNION ALL SELECT 0, u.name, 'gray', '' FROM (
        SELECT DISTINCT x.name FROM (SELECT labels FROM conversations WHERE workspace_id = $1 ORDER BY id DESC LIMIT $2) c, unnest(c.labels) AS x(name)) u
    WHERE NOT EXISTS (SELECT 1 FROM labels k WHERE k.workspace_id = $1 AND k.name = u.name)
)
SELECT id, name, color, description FROM l ORDER BY id = 0, lower(name), name LIMIT 1000`

// LabelNames lists labels as Labels does, to choose from: it counts nothing, and of the words that nobody
// keeps it knows those of the newest conversations. Counting reads every conversation.
func LabelNames(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Label, error) {
	var out []Label
	if err := sqlx.SelectContext(ctx, q, &out, sqlLabelNames, workspaceID, recently); err != nil {
		return nil, fmt.Errorf("list labels to choose from: %w", err)
	}
	return out, nil
}

// LoadLabel returns one label.
func LoadLabel(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (Label, error) {
	var out Label
	if err := sqlx.GetContext(ctx, q, &out, sqlLabels+` WHERE l.id = $2 AND l.id <> 0`, workspaceID, id); err != nil {
		return out, notFound(err, "label", id)
	}
	return out, nil
}

// SaveLabel writes a label and returns its id and its name as it is kept; one without an id is made. A new
// name is written onto everything that carries the old one.
func SaveLabel(ctx context.Context, tx sqlx.ExtContext, who auth.Who, l Label) (int64, string, error) {
	if l.Name = clean(l.Name); l.Name == "" || len(l.Name) > 60 {
		return 0, "", fault.Field("name", "a label has 1 to 60 bytes")
	}
	was, verb := "", "label.change"
	var err error
	if l.ID == 0 {
		verb = "label.add"
		err = sqlx.GetContext(ctx, tx, &l.ID, `INSERT INTO labels (workspace_id, name, color, description) VALUES ($1, $2, $3, $4) RETURNING id`, who.WorkspaceID, l.Name, l.Color, clean(l.Description))
	} else {
		before, lerr := LoadLabel(ctx, tx, who.WorkspaceID, l.ID)
		if lerr != nil {
			return 0, "", lerr
		}
		was = before.Name
		_, err = tx.ExecContext(ctx, `UPDATE labels SET name = $3, color = $4, description = $5 WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, l.ID, l.Name, l.Color, clean(l.Description))
	}
	if taken(err) {
		return 0, "", fault.Field("name", "there is a label «%s» already", l.Name)
	}
	if err != nil {
		return 0, "", fmt.Errorf("save label: %w", err)
	}
	if was != "" && was != l.Name {
		if err := relabel(ctx, tx, who.WorkspaceID, was, l.Name); err != nil {
			return 0, "", err
		}
	}
	if err := rename(ctx, tx, who.WorkspaceID, aLabel, was, l.Name); err != nil {
		return 0, "", err
	}
	return l.ID, l.Name, noteLabel(ctx, tx, who, verb, l.ID, nil)
}

// MergeLabels makes two labels one and returns both names: what carries the first carries the second
// afterwards, once, and the first is gone from the list.
func MergeLabels(ctx context.Context, tx sqlx.ExtContext, who auth.Who, from, into int64) (string, string, error) {
	a, err := LoadLabel(ctx, tx, who.WorkspaceID, from)
	if err != nil {
		return "", "", err
	}
	if from == into {
		return "", "", fault.Field("into_id", "choose another label: a label cannot be merged into itself")
	}
	b, err := LoadLabel(ctx, tx, who.WorkspaceID, into)
	if err != nil {
		return "", "", err
	}
	if err := relabel(ctx, tx, who.WorkspaceID, a.Name, b.Name); err != nil {
		return "", "", err
	}
	if err := forgetLabel(ctx, tx, who.WorkspaceID, from); err != nil {
		return "", "", err
	}
	if err := rename(ctx, tx, who.WorkspaceID, aLabel, a.Name, b.Name); err != nil {
		return "", "", err
	}
	return a.Name, b.Name, noteLabel(ctx, tx, who, "label.merge", from, map[string]any{"into": into, "conversations": a.Conversations, "contacts": a.Contacts})
}

// RemoveLabel takes a label off the list. What carries it keeps it as a free word, or loses it everywhere.
func RemoveLabel(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64, everywhere bool) error {
	l, err := LoadLabel(ctx, tx, who.WorkspaceID, id)
	if err != nil {
		return err
	}
	if err := forgetLabel(ctx, tx, who.WorkspaceID, id); err != nil {
		return err
	}
	if everywhere {
		if err := relabel(ctx, tx, who.WorkspaceID, l.Name, ""); err != nil {
			return err
		}
	}
	return noteLabel(ctx, tx, who, "label.remove", id, map[string]any{"everywhere": everywhere, "conversations": l.Conversations, "contacts": l.Contacts})
}

// relabel puts one word in the place of another on all that carries it, or only takes it away. What carries
// both already keeps one.
func relabel(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, from, to string) error {
	for _, table := range []string{"contacts", "conversations"} {
		_, err := tx.ExecContext(ctx, `UPDATE `+table+` SET labels = CASE WHEN $3 = '' OR labels @> ARRAY[$3::text] THEN array_remove(labels, $2) ELSE array_replace(labels, $2, $3) END
WHERE workspace_id = $1 AND labels <> '{}' AND labels @> ARRAY[$2::text]`, workspaceID, from, to)
		if err != nil {
			return fmt.Errorf("write a label's new name onto %s: %w", table, err)
		}
	}
	return nil
}

func forgetLabel(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM labels WHERE workspace_id = $1 AND id = $2`, workspaceID, id); err != nil {
		return fmt.Errorf("remove label %d: %w", id, err)
	}
	return nil
}

func noteLabel(ctx context.Context, tx sqlx.ExtContext, who auth.Who, verb string, id int64, detail map[string]any) error {
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("label:%d", id), detail); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "label", ObjectID: id})
}
