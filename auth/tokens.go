package auth

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// TokenPrefix begins every API token, so that scanners of leaked secrets can know one.
const TokenPrefix = "pt_"

// Token is an API token; the secret itself is not kept.
type Token struct {
	ID         int64      `db:"id"`
	Name       string     `db:"name"`
	Role       Role       `db:"role"`
	CreatedAt  time.Time  `db:"created_at"`
	LastUsedAt *time.Time `db:"last_used_at"`
}

// AddToken makes an API token of a workspace and returns it with its secret, which is shown once.
func AddToken(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, name string, role Role, createdBy *int64, actor string) (Token, string, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 100 {
		return Token{}, "", fault.Field("name", "give the token a name of at most 100 bytes, such as the program that will use it")
	}
	if !role.Valid() {
		return Token{}, "", fault.Field("role", "%q is not a role", role)
	}
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	secret := TokenPrefix + base62(raw[:])
	t := Token{Name: name, Role: role}
	err := sqlx.GetContext(ctx, tx, &t, `
INSERT INTO api_tokens (workspace_id, name, hash, role, created_by) VALUES ($1, $2, $3, $4, $5)
RETURNING id, name, role, created_at, last_used_at`, workspaceID, name, hashToken(secret), role, createdBy)
	if err != nil {
		return Token{}, "", fmt.Errorf("make the token: %w", err)
	}
	return t, secret, Audit(ctx, tx, workspaceID, actor, "token.add", "token:"+strconv.FormatInt(t.ID, 10), map[string]any{"role": role})
}

// base62 writes bytes as 43 letters and digits.
func base62(raw []byte) string {
	s := new(big.Int).SetBytes(raw).Text(62)
	return strings.Repeat("0", max(0, 43-len(s))) + s
}

// ByToken returns who an API token stands for.
func ByToken(ctx context.Context, db *sqlx.DB, secret string) (Who, error) {
	var t struct {
		WorkspaceID int64  `db:"workspace_id"`
		ID          int64  `db:"id"`
		Name        string `db:"name"`
		Role        Role   `db:"role"`
		Stale       bool   `db:"stale"`
	}
	err := db.GetContext(ctx, &t, sqlByToken, hashToken(secret))
	if errors.Is(err, sql.ErrNoRows) || !strings.HasPrefix(secret, TokenPrefix) {
		return Who{}, fault.New(fault.Unauthorized, "the API token is wrong, expired or revoked")
	}
	if err != nil {
		return Who{}, fmt.Errorf("look for the token: %w", err)
	}
	if t.Stale {
		if _, err := db.ExecContext(ctx, `UPDATE api_tokens SET last_used_at = now() WHERE workspace_id = $1 AND id = $2`, t.WorkspaceID, t.ID); err != nil {
			return Who{}, fmt.Errorf("note the token's use: %w", err)
		}
	}
	return Who{TokenID: t.ID, WorkspaceID: t.WorkspaceID, Role: t.Role, Name: t.Name}, nil
}

const sqlByToken = `
SELECT workspace_id, id, name, role, coalesce(last_used_at < now() - interval '1 minute', true) AS stale
FROM api_tokens WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`

// Tokens lists the tokens of a workspace that are not revoked.
func Tokens(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Token, error) {
	var out []Token
	err := sqlx.SelectContext(ctx, q, &out, `SELECT id, name, role, created_at, last_used_at FROM api_tokens WHERE workspace_id = $1 AND revoked_at IS NULL ORDER BY id`, workspaceID)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	return out, nil
}

// RevokeToken ends a token at once.
func RevokeToken(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, actor string) error {
	res, err := tx.ExecContext(ctx, `UPDATE api_tokens SET revoked_at = now() WHERE workspace_id = $1 AND id = $2 AND revoked_at IS NULL`, workspaceID, id)
	if err != nil {
		return fmt.Errorf("revoke the token: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "token %d does not exist in this workspace", id)
	}
	return Audit(ctx, tx, workspaceID, actor, "token.revoke", "token:"+strconv.FormatInt(id, 10), nil)
}
