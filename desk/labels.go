package desk

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

// Label is a label that a workspace keeps, with how many open conversations carry it.
type Label struct {
	ID          int64  `db:"id"`
	Name        string `db:"name"`
	Color       string `db:"color"`
	Description string `db:"description"`
	Open        int    `db:"open"`
}

const sqlLabels = `
SELECT l.id, l.name, l.color, l.description, (SELECT count(*) FROM conversations v WHERE v.workspace_id = l.workspace_id AND v.state = 'open' AND l.name = ANY(v.labels)) AS open
FROM labels l WHERE l.workspace_id = $1`

// Labels lists the labels of a workspace by name.
func Labels(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Label, error) {
	var out []Label
	if err := sqlx.SelectContext(ctx, q, &out, sqlLabels+` ORDER BY lower(l.name)`, workspaceID); err != nil {
		return nil, fmt.Errorf("list labels: %w", err)
	}
	return out, nil
}

// LoadLabel returns one label.
func LoadLabel(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (Label, error) {
	var out Label
	if err := sqlx.GetContext(ctx, q, &out, sqlLabels+` AND l.id = $2`, workspaceID, id); err != nil {
		return out, notFound(err, "label", id)
	}
	return out, nil
}

// SaveLabel writes a label; one without an id is made. A new name is written onto everything that carries the old one.
func SaveLabel(ctx context.Context, tx sqlx.ExtContext, who auth.Who, l Label) (int64, error) {
	if l.Name = clean(l.Name); l.Name == "" || len(l.Name) > 60 {
		return 0, fault.Field("name", "a label has 1 to 60 bytes")
	}
	was, verb := "", "label.change"
	var err error
	if l.ID == 0 {
		verb = "label.add"
		err = sqlx.GetContext(ctx, tx, &l.ID, `INSERT INTO labels (workspace_id, name, color, description) VALUES ($1, $2, $3, $4) RETURNING id`, who.WorkspaceID, l.Name, l.Color, clean(l.Description))
	} else {
		before, lerr := LoadLabel(ctx, tx, who.WorkspaceID, l.ID)
		if lerr != nil {
			return 0, lerr
		}
		was = before.Name
		_, err = tx.ExecContext(ctx, `UPDATE labels SET name = $3, color = $4, description = $5 WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, l.ID, l.Name, l.Color, clean(l.Description))
	}
	if taken(err) {
		return 0, fault.Field("name", "there is a label «%s» already", l.Name)
	}
	if err != nil {
		return 0, fmt.Errorf("save label: %w", err)
	}
	if was != "" && was != l.Name {
		for _, stmt := range []string{
			`UPDATE contacts SET labels = array_replace(labels, $2, $3) WHERE workspace_id = $1 AND $2 = ANY(labels)`,
			`UPDATE conversations SET labels = array_replace(labels, $2, $3) WHERE workspace_id = $1 AND $2 = ANY(labels)`,
		} {
			if _, err := tx.ExecContext(ctx, stmt, who.WorkspaceID, was, l.Name); err != nil {
				return 0, fmt.Errorf("rename label %d: %w", l.ID, err)
			}
		}
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("label:%d", l.ID), nil); err != nil {
		return 0, err
	}
	return l.ID, inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "label", ObjectID: l.ID})
}

// RemoveLabel takes a label off the list; what carries it keeps it as a free one.
func RemoveLabel(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64) error {
	res, err := tx.ExecContext(ctx, `DELETE FROM labels WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, id)
	if err != nil {
		return fmt.Errorf("remove label %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "label %d does not exist in this workspace", id)
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "label.remove", fmt.Sprintf("label:%d", id), nil); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "label", ObjectID: id})
}
