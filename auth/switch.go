package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// MadeToken is an API token that somebody made and that still opens its workspace. Tokens are the workspace's, so they
// do not end with the sign-in of who made them; but who made them has seen their secret.
type MadeToken struct {
	ID        int64  `db:"id" json:"id"`
	Name      string `db:"name" json:"name"`
	Workspace string `db:"workspace" json:"workspace"`
}

// Disable switches a person's sign-in off in every workspace: their sessions and links end at once, what they said and
// did stays. Whoever is the last owner of a workspace who can sign in cannot be switched off. It returns the API tokens
// that they made.
func Disable(ctx context.Context, tx sqlx.ExtContext, email, actor string) ([]MadeToken, error) {
	id, off, err := lockUser(ctx, tx, email)
	if err != nil {
		return nil, err
	}
	if off {
		return nil, fault.New(fault.Conflict, "this person's sign-in is switched off already")
	}
	if err := notLastOwner(ctx, tx, id); err != nil {
		return nil, err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE users SET disabled_at = now() WHERE id = $1`, id); err != nil {
		return nil, fmt.Errorf("switch the sign-in off: %w", err)
	}
	if err := endAccess(ctx, tx, id); err != nil {
		return nil, err
	}
	made := []MadeToken{}
	if err := sqlx.SelectContext(ctx, tx, &made, sqlMadeTokens, id); err != nil {
		return nil, fmt.Errorf("list the tokens they made: %w", err)
	}
	return made, auditEverywhere(ctx, tx, id, actor, "user.disable")
}

const sqlMadeTokens = `
SELECT t.id, t.name, w.name AS workspace FROM api_tokens t JOIN workspaces w ON w.id = t.workspace_id
WHERE t.created_by = $1 AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now()) ORDER BY t.workspace_id, t.id`

// Enable lets a person sign in again, with the password and the second factor that they had.
func Enable(ctx context.Context, tx sqlx.ExtContext, email, actor string) error {
	id, off, err := lockUser(ctx, tx, email)
	if err != nil {
		return err
	}
	if !off {
		return fault.New(fault.Conflict, "this person's sign-in is not switched off")
	}
	if _, err := tx.ExecContext(ctx, `UPDATE users SET disabled_at = NULL WHERE id = $1`, id); err != nil {
		return fmt.Errorf("switch the sign-in on: %w", err)
	}
	// A sign-in that was under way when it was switched off may have left a session, which was worth nothing until now.
	if err := endAccess(ctx, tx, id); err != nil {
		return err
	}
	return auditEverywhere(ctx, tx, id, actor, "user.enable")
}

func lockUser(ctx context.Context, tx sqlx.ExtContext, email string) (id int64, off bool, err error) {
	if email, err = cleanEmail(email); err != nil {
		return 0, false, err
	}
	var user struct {
		ID  int64 `db:"id"`
		Off bool  `db:"off"`
	}
	err = sqlx.GetContext(ctx, tx, &user, `SELECT id, disabled_at IS NOT NULL AS off FROM users WHERE email = $1 FOR UPDATE`, email)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, fault.New(fault.NotFound, "nobody has this e-mail address")
	}
	if err != nil {
		return 0, false, fmt.Errorf("look for the user: %w", err)
	}
	return user.ID, user.Off, nil
}

func endAccess(ctx context.Context, tx sqlx.ExtContext, userID int64) error {
	for _, stmt := range []string{`DELETE FROM sessions WHERE user_id = $1`, `DELETE FROM password_links WHERE user_id = $1`} {
		if _, err := tx.ExecContext(ctx, stmt, userID); err != nil {
			return fmt.Errorf("end the user's sessions: %w", err)
		}
	}
	return nil
}

// notLastOwner locks the owners of the workspaces that a person owns, so that two who are switched off at once do not
// each count on the other, and refuses where none of the others can sign in.
func notLastOwner(ctx context.Context, tx sqlx.ExtContext, userID int64) error {
	if _, err := tx.ExecContext(ctx, sqlLockCoOwners, userID); err != nil {
		return fmt.Errorf("lock the owners: %w", err)
	}
	var left string
	err := sqlx.GetContext(ctx, tx, &left, sqlLastOwnerOf, userID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for other owners: %w", err)
	}
	return fault.New(fault.Conflict, "they are the only owner of %q who can sign in; make somebody else an owner first", left)
}

const (
	sqlLockCoOwners = `
SELECT 1 FROM members m WHERE m.role = 'owner' AND m.workspace_id IN (SELECT workspace_id FROM members WHERE user_id = $1 AND role = 'owner')
ORDER BY m.workspace_id, m.user_id FOR UPDATE`
	sqlLastOwnerOf = `
SELECT w.name FROM members m JOIN workspaces w ON w.id = m.workspace_id
WHERE m.user_id = $1 AND m.role = 'owner' AND NOT EXISTS (
    SELECT 1 FROM members o JOIN users u ON u.id = o.user_id AND u.disabled_at IS NULL
    WHERE o.workspace_id = m.workspace_id AND o.role = 'owner' AND o.user_id <> $1)
ORDER BY w.id LIMIT 1`
)
