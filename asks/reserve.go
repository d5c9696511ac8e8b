package asks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/llm"
)

// Replicas ask at the same time, and what a question costs is known when it is answered. So each sets
// aside what it may cost at the most before it is put: while what is spent and set aside reaches the day's
// budget, the next one waits. A day is exceeded by its last question alone.

// Why a question is not put.
var (
	ErrSpent = errors.New("the day's budget for the language model is spent")
	ErrHeld  = errors.New("what is left of the day's budget for the language model is set aside for questions under way")
)

// underWay is how long a question may take, its retries and waits included, before it is taken for lost.
const underWay = 10 * time.Minute

// Reservation is what one request may cost. Every reservation is settled.
type Reservation struct {
	db        *sqlx.DB
	workspace int64
	id        int64 // 0: the workspace has no budget
	task      string
	at        time.Time
}

// Reserve sets aside what a request may cost, or says with ErrSpent or ErrHeld why it must not be put. It
// counts for the day it is put on.
func Reserve(ctx context.Context, db *sqlx.DB, workspace int64, now time.Time, task string, most llm.Response) (*Reservation, error) {
	r := &Reservation{db: db, workspace: workspace, task: task, at: now}
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("set aside what a question may cost: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	refused := r.reserve(ctx, tx, most)
	if refused != nil && !errors.Is(refused, ErrSpent) && !errors.Is(refused, ErrHeld) {
		return nil, refused
	}
	if err := tx.Commit(); err != nil { // also where it is refused: what was lost has been counted
		return nil, fmt.Errorf("set aside what a question may cost: %w", err)
	}
	return r, refused
}

func (r *Reservation) reserve(ctx context.Context, tx *sqlx.Tx, most llm.Response) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('llm budget ' || $1::bigint, 17))`, r.workspace); err != nil {
		return fmt.Errorf("wait for the workspace's budget: %w", err)
	}
	if _, err := tx.ExecContext(ctx, sqlLost, r.workspace); err != nil {
		return fmt.Errorf("count questions whose process died: %w", err)
	}
	// What is set aside is read before what is spent: settling moves the one into the other at any instant, and what
	// is counted twice waits, while what is counted in neither would be spent twice.
	var held Budget
	if err := tx.QueryRowxContext(ctx, `SELECT coalesce(sum(tokens_in::bigint + tokens_out), 0)::bigint, coalesce(sum(cost_micros), 0)::bigint FROM llm_reservations WHERE workspace_id = $1`, r.workspace).Scan(&held.Tokens, &held.Micros); err != nil {
		return fmt.Errorf("add up what is set aside: %w", err)
	}
	b, dearest, err := spent(ctx, tx, r.workspace, r.at)
	if err != nil || b.MostTokens <= 0 && b.MostMicros <= 0 {
		return err
	}
	if b.Over() {
		return ErrSpent
	}
	b.Tokens, b.Micros = b.Tokens+held.Tokens, b.Micros+held.Micros
	if b.Over() {
		return ErrHeld
	}
	// A server may count more than its question and the room for its answer, thoughts above all: what it took once
	// today it may take again.
	out := max(int64(most.TokensOut), dearest.Tokens-int64(most.TokensIn))
	if err := tx.GetContext(ctx, &r.id, `INSERT INTO llm_reservations (workspace_id, at, until, task, model, tokens_in, tokens_out, cost_micros)
VALUES ($1, $2, now() + make_interval(secs => $3), $4, $5, $6, $7, $8) RETURNING id`, r.workspace, r.at, underWay.Seconds(), r.task, most.Model, most.TokensIn, out, max(most.CostMicros, dearest.Micros)); err != nil {
		return fmt.Errorf("set aside what a question may cost: %w", err)
	}
	return nil
}

// sqlLost counts what was set aside by processes that died, at what it may have cost.
const sqlLost = `
WITH lost AS (DELETE FROM llm_reservations WHERE workspace_id = $1 AND until < now() RETURNING workspace_id, at, task, model, tokens_in, tokens_out, cost_micros)
INSERT INTO llm_spend (workspace_id, at, task, model, tokens_in, tokens_out, cost_micros, estimated)
SELECT workspace_id, at, task, model, tokens_in, tokens_out, cost_micros, true FROM lost`

// Settle records what the request cost in place of what was set aside. Without a model in the response
// it cost nothing. It does so also when whoever asked has gone.
func (r *Reservation) Settle(ctx context.Context, res llm.Response) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if r.id == 0 && res.Model == "" {
		return nil
	}
	if _, err := r.db.ExecContext(ctx, sqlSettle, r.workspace, r.id, r.at, r.task, res.Model, res.TokensIn, res.TokensOut, res.CostMicros, res.Estimated); err != nil {
		return fmt.Errorf("record what a question cost: %w", err)
	}
	return nil
}

// A question that outlived its reservation was counted as lost already.
const sqlSettle = `
WITH gone AS (DELETE FROM llm_reservations WHERE workspace_id = $1 AND id = $2 RETURNING id)
INSERT INTO llm_spend (workspace_id, at, task, model, tokens_in, tokens_out, cost_micros, estimated)
SELECT $1, $3, $4, $5, $6, $7, $8, $9 WHERE $5 <> '' AND ($2::bigint = 0 OR EXISTS (SELECT 1 FROM gone))`
