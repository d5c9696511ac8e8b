package asks

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
	"ponte/llm"
	"ponte/wall"
)

// Budget is what a workspace has spent on language models today (in its own time zone), and may spend;
// a limit of 0 is none.
type Budget struct {
	Tokens, MostTokens int64
	Micros, MostMicros int64
}

// Over says whether nothing may be spent any more.
func (b Budget) Over() bool {
	return b.MostTokens > 0 && b.Tokens >= b.MostTokens || b.MostMicros > 0 && b.Micros >= b.MostMicros
}

// Spent adds up a workspace's day.
func Spent(ctx context.Context, q sqlx.QueryerContext, workspace int64, now time.Time) (Budget, error) {
	w, err := inbox.LoadWorkspace(ctx, q, workspace)
	if err != nil {
		return Budget{}, err
	}
	s, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return Budget{}, err
	}
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	var spent struct {
		Tokens int64 `db:"tokens"`
		Micros int64 `db:"micros"`
	}
	if err := sqlx.GetContext(ctx, q, &spent, sqlSpent, workspace, wall.At(wall.Day(now, zone, 0), 0, zone)); err != nil {
		return Budget{}, fmt.Errorf("add up the day's spending: %w", err)
	}
	return Budget{spent.Tokens, s.LLMDailyTokens, spent.Micros, s.LLMDailyMicros}, nil
}

const sqlSpent = `
SELECT coalesce(sum(tokens_in + tokens_out), 0) AS tokens, coalesce(sum(cost_micros), 0) AS micros
FROM llm_spend WHERE workspace_id = $1 AND at >= $2`

// OverBudget says whether a workspace has spent its day's tokens or money.
func OverBudget(ctx context.Context, q sqlx.QueryerContext, workspace int64, now time.Time) (bool, error) {
	b, err := Spent(ctx, q, workspace, now)
	return b.Over(), err
}

// Spend records what a question cost.
func Spend(ctx context.Context, q sqlx.ExecerContext, workspace int64, task string, res llm.Response) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO llm_spend (workspace_id, task, model, tokens_in, tokens_out, cost_micros, estimated) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		workspace, task, res.Model, res.TokensIn, res.TokensOut, res.CostMicros, res.Estimated); err != nil {
		return fmt.Errorf("record what a question cost: %w", err)
	}
	return nil
}
