package decisions

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

// Backtest is a version held against stored history, with how far it is.
type Backtest struct {
	WorkspaceID int64           `db:"workspace_id"`
	ID          int64           `db:"id"`
	VersionID   int64           `db:"version_id"`
	Since       *time.Time      `db:"since"`
	Until       time.Time       `db:"until"`
	Most        int             `db:"most"`
	FromID      int64           `db:"from_id"`
	State       string          `db:"state"` // queued, running, done, cancelled, failed
	Reason      string          `db:"reason"`
	Total       int             `db:"total"`
	Worked      int             `db:"worked"`
	Cursor      int64           `db:"cursor"`
	Live        string          `db:"live"`
	Counts      json.RawMessage `db:"counts"`
	CreatedBy   string          `db:"created_by"`
	CreatedAt   time.Time       `db:"created_at"`
	StartedAt   *time.Time      `db:"started_at"`
	FinishedAt  *time.Time      `db:"finished_at"`
}

const backtestColumns = `workspace_id, id, version_id, since, until, most, from_id, state, reason, total, worked, cursor, live, counts, created_by, created_at, started_at, finished_at`

// MaxHistory is the longest backtest; what is older is left out, newest first.
const MaxHistory = 5_000_000

// AddBacktest puts a backtest in line; the worker of any replica takes it.
func AddBacktest(ctx context.Context, tx *sqlx.Tx, workspaceID, versionID int64, since *time.Time, most int, actor string) (Backtest, error) {
	var b Backtest
	v, err := LoadVersion(ctx, tx, workspaceID, versionID)
	if err != nil {
		return b, err
	}
	var open int
	if err := tx.GetContext(ctx, &open, `SELECT count(*) FROM backtests WHERE workspace_id = $1 AND version_id = $2 AND state IN ('queued','running')`, workspaceID, versionID); err != nil {
		return b, fmt.Errorf("look for open backtests: %w", err)
	}
	if open > 0 {
		return b, fault.New(fault.Conflict, "a backtest of version %d is under way; read it or cancel it", versionID)
	}
	if most <= 0 || most > MaxHistory {
		most = MaxHistory
	}
	err = tx.GetContext(ctx, &b, `INSERT INTO backtests (workspace_id, version_id, since, until, most, created_by) VALUES ($1, $2, $3, now(), $4, $5) RETURNING `+backtestColumns,
		workspaceID, versionID, since, most, actor)
	if err != nil {
		return b, fmt.Errorf("put a backtest in line: %w", err)
	}
	if err := auth.Audit(ctx, tx, workspaceID, actor, "version.backtest", object(versionID), map[string]any{"backtest": b.ID, "version": v.Version}); err != nil {
		return b, err
	}
	return b, inbox.Wake(ctx, tx, Channel)
}

// Channel is the NOTIFY channel on which new backtests are announced.
const Channel = "ponte_backtests"

// LoadBacktest returns one backtest as far as it is.
func LoadBacktest(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (Backtest, error) {
	var b Backtest
	err := sqlx.GetContext(ctx, q, &b, `SELECT `+backtestColumns+` FROM backtests WHERE workspace_id = $1 AND id = $2`, workspaceID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return b, fault.New(fault.NotFound, "backtest %d does not exist in this workspace", id)
	}
	if err != nil {
		return b, fmt.Errorf("load backtest %d: %w", id, err)
	}
	return b, nil
}

// Backtests returns those of a version, the newest first.
func Backtests(ctx context.Context, q sqlx.QueryerContext, workspaceID, versionID int64) ([]Backtest, error) {
	var out []Backtest
	if err := sqlx.SelectContext(ctx, q, &out, `SELECT `+backtestColumns+` FROM backtests WHERE workspace_id = $1 AND version_id = $2 ORDER BY id DESC LIMIT 20`, workspaceID, versionID); err != nil {
		return nil, fmt.Errorf("list backtests: %w", err)
	}
	return out, nil
}

// Result is what it has counted so far.
func (b Backtest) Result() (Counts, error) {
	var c Counts
	if err := json.Unmarshal(b.Counts, &c); err != nil {
		return c, fmt.Errorf("read the counts of backtest %d: %w", b.ID, err)
	}
	return c.Sorted(), nil
}

// CancelBacktest stops one; what it has counted stays readable.
func CancelBacktest(ctx context.Context, tx *sqlx.Tx, workspaceID, id int64, actor string) (Backtest, error) {
	b, err := LoadBacktest(ctx, tx, workspaceID, id)
	if err != nil {
		return b, err
	}
	var ids []int64
	err = tx.SelectContext(ctx, &ids, `UPDATE backtests SET state = 'cancelled', reason = 'a person cancelled it', finished_at = now() WHERE workspace_id = $1 AND id = $2 AND state IN ('queued','running') RETURNING id`, workspaceID, id)
	if err != nil {
		return b, fmt.Errorf("cancel backtest %d: %w", id, err)
	}
	if len(ids) == 0 {
		return b, fault.New(fault.Conflict, "backtest %d has ended already (%s)", id, b.State)
	}
	if err := auth.Audit(ctx, tx, workspaceID, actor, "version.backtest_cancel", object(b.VersionID), map[string]any{"backtest": id}); err != nil {
		return b, err
	}
	return LoadBacktest(ctx, tx, workspaceID, id)
}

// BacktestChanges returns examples of what would be decided otherwise; empty filters do not narrow.
func BacktestChanges(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64, was, now string, after int64, most int) ([]Change, error) {
	if _, err := LoadBacktest(ctx, q, workspaceID, id); err != nil {
		return nil, err
	}
	var out []Change
	err := sqlx.SelectContext(ctx, q, &out, `SELECT c.verdict_id, v.subject, v.subject_id, c.was, c.now, c.person FROM backtest_changes c
JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = c.verdict_id
WHERE c.workspace_id = $1 AND c.backtest_id = $2 AND ($3 = '' OR c.was = $3) AND ($4 = '' OR c.now = $4) AND c.verdict_id > $5 ORDER BY c.verdict_id LIMIT $6`,
		workspaceID, id, was, now, after, most)
	if err != nil {
		return nil, fmt.Errorf("list the changes of backtest %d: %w", id, err)
	}
	return out, nil
}
