package inbox

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// Rule is a workspace's own moderation rule as it is kept: what its document means, moderation knows.
type Rule struct {
	WorkspaceID int64     `db:"workspace_id"`
	ID          int64     `db:"id"`
	Name        string    `db:"name"`
	Document    string    `db:"document"`
	CreatedBy   string    `db:"created_by"`
	CreatedAt   time.Time `db:"created_at"`
	UpdatedBy   string    `db:"updated_by"`
	UpdatedAt   time.Time `db:"updated_at"`
}

const sqlRules = `SELECT workspace_id, id, name, document, created_by, created_at, updated_by, updated_at FROM rules WHERE workspace_id = $1`

// Rules returns a workspace's own rules in the order they were made.
func Rules(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Rule, error) {
	var out []Rule
	if err := sqlx.SelectContext(ctx, q, &out, sqlRules+` ORDER BY id`, workspaceID); err != nil {
		return nil, fmt.Errorf("load the rules: %w", err)
	}
	return out, nil
}

// LoadRule returns one of a workspace's own rules.
func LoadRule(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (Rule, error) {
	var r Rule
	err := sqlx.GetContext(ctx, q, &r, sqlRules+` AND id = $2`, workspaceID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(fault.NotFound, "rule %d does not exist in this workspace", id)
	}
	if err != nil {
		return r, fmt.Errorf("load rule %d: %w", id, err)
	}
	return r, nil
}

// RulesDocument returns a workspace's own rules as one JSON list; empty where it has none.
func RulesDocument(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) (json.RawMessage, error) {
	list, err := Rules(ctx, q, workspaceID)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var b bytes.Buffer
	for i, r := range list {
		if i == 0 {
			b.WriteByte('[')
		} else {
			b.WriteByte(',')
		}
		b.WriteString(r.Document)
	}
	b.WriteByte(']')
	return b.Bytes(), nil
}

// AddRule keeps a new rule; another with its name is the database's error.
func AddRule(ctx context.Context, tx sqlx.ExtContext, r Rule, actor string) (int64, error) {
	if err := rulesChange(ctx, tx, r.WorkspaceID); err != nil {
		return 0, err
	}
	var id int64
	err := sqlx.GetContext(ctx, tx, &id, `INSERT INTO rules (workspace_id, name, document, created_by, updated_by) VALUES ($1, $2, $3, $4, $4) RETURNING id`, r.WorkspaceID, r.Name, r.Document, actor)
	if err != nil {
		return 0, fmt.Errorf("add rule %q: %w", r.Name, err)
	}
	return id, nil
}

// PutRule keeps a rule under its name, new or in the place of the one that has it; with an id it changes
// that one, whose name may change with it.
func PutRule(ctx context.Context, tx sqlx.ExtContext, r Rule, actor string) (int64, error) {
	if err := rulesChange(ctx, tx, r.WorkspaceID); err != nil {
		return 0, err
	}
	stmt, args := sqlPutRule, []any{r.WorkspaceID, r.Name, r.Document, actor}
	if r.ID != 0 {
		stmt, args = sqlChangeRule, append(args, r.ID)
	}
	var id int64
	err := sqlx.GetContext(ctx, tx, &id, stmt, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, fault.New(fault.NotFound, "rule %d does not exist in this workspace", r.ID)
	}
	if err != nil {
		return 0, fmt.Errorf("keep rule %q: %w", r.Name, err)
	}
	return id, nil
}

const (
	sqlPutRule = `
INSERT INTO rules (workspace_id, name, document, created_by, updated_by) VALUES ($1, $2, $3, $4, $4)
ON CONFLICT (workspace_id, name) DO UPDATE SET document = excluded.document, updated_by = excluded.updated_by, updated_at = now() RETURNING id`
	sqlChangeRule = `
UPDATE rules SET name = $2, document = $3, updated_by = $4, updated_at = now() WHERE workspace_id = $1 AND id = $5 RETURNING id`
)

// DropRule removes a rule by its id, or by its name where the id is 0; a shipped rule of that name holds
// again. It says whether there was one.
func DropRule(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, name string) (bool, error) {
	if err := rulesChange(ctx, tx, workspaceID); err != nil {
		return false, err
	}
	res, err := tx.ExecContext(ctx, `DELETE FROM rules WHERE workspace_id = $1 AND ($2::bigint = 0 AND name = $3 OR id = $2)`, workspaceID, id, name)
	if err != nil {
		return false, fmt.Errorf("remove rule %d: %w", id, err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// ReplaceRules puts a whole list in the place of a workspace's own rules.
func ReplaceRules(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, rules []Rule, actor string) error {
	if err := rulesChange(ctx, tx, workspaceID); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM rules WHERE workspace_id = $1`, workspaceID); err != nil {
		return fmt.Errorf("remove the rules: %w", err)
	}
	if len(rules) == 0 {
		return nil
	}
	rows := NewRows("bigint", "text", "text", "text", "text")
	for _, r := range rules {
		rows.Add(workspaceID, r.Name, r.Document, actor, actor)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO rules (workspace_id, name, document, created_by, updated_by) `+rows.SQL(), rows.Args()...); err != nil {
		return fmt.Errorf("keep the rules: %w", err)
	}
	return nil
}

// rulesChange locks the workspace's settings and counts the change.
func rulesChange(ctx context.Context, tx sqlx.ExtContext, workspaceID int64) error {
	if _, err := tx.ExecContext(ctx, `UPDATE workspaces SET rules_revision = rules_revision + 1 WHERE id = $1`, workspaceID); err != nil {
		return fmt.Errorf("count a change of the rules: %w", err)
	}
	return nil
}
