package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Audit records who changed what, in the transaction that changes it. The detail holds ids and states,
// never a secret or what a customer wrote.
func Audit(ctx context.Context, tx sqlx.ExecerContext, workspaceID int64, actor, verb, object string, detail any) error {
	raw := []byte("{}")
	if detail != nil {
		var err error
		if raw, err = json.Marshal(detail); err != nil {
			return fmt.Errorf("encode the audit detail of %s: %w", verb, err)
		}
		if string(raw) == "null" { // a map that nobody has made is no detail either
			raw = []byte("{}")
		}
	}
	if _, err := tx.ExecContext(ctx, sqlInsertAudit, workspaceID, actor, verb, object, string(raw)); err != nil {
		return fmt.Errorf("write the audit log: %w", err)
	}
	return nil
}

const sqlInsertAudit = `INSERT INTO audit_log (workspace_id, actor, verb, object, detail) VALUES ($1, $2, $3, $4, $5)`

// Record is one line of the audit log.
type Record struct {
	ID     int64           `db:"id"`
	At     time.Time       `db:"at"`
	Actor  string          `db:"actor"`
	Verb   string          `db:"verb"`
	Object string          `db:"object"`
	Detail json.RawMessage `db:"detail"`
}

// ReadAudit returns lines before an id (0: the newest), the newest first; object narrows to one thing.
func ReadAudit(ctx context.Context, q sqlx.QueryerContext, workspaceID, before int64, object string, limit int) ([]Record, error) {
	var out []Record
	if err := sqlx.SelectContext(ctx, q, &out, sqlAuditLog, workspaceID, before, object, limit); err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	return out, nil
}

const sqlAuditLog = `
SELECT id, at, actor, verb, object, CASE WHEN detail = 'null' THEN '{}' ELSE detail END AS detail FROM audit_log
WHERE workspace_id = $1 AND ($2::bigint = 0 OR id < $2) AND ($3 = '' OR object = $3) ORDER BY id DESC LIMIT $4`
