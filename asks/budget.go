package asks

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
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
	b, _, err := spent(ctx, q, workspace, now)
	return b, err
}

// spent also says how much the dearest question of the day took.
func spent(ctx context.Context, q sqlx.QueryerContext, workspace int64, now time.Time) (b, dearest Budget, err error) {
	w, err := inbox.LoadWorkspace(ctx, q, workspace)
	if err != nil {
		return b, b, err
	}
	s, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return b, b, err
	}
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	var sum struct {
		Tokens     int64 `db:"tokens"`
		Micros     int64 `db:"micros"`
		MostTokens int64 `db:"most_tokens"`
		MostMicros int64 `db:"most_micros"`
	}
	if err := sqlx.GetContext(ctx, q, &sum, sqlSpent, workspace, wall.At(wall.Day(now, zone, 0), 0, zone)); err != nil {
		return b, b, fmt.Errorf("add up the day's spending: %w", err)
	}
	return Budget{sum.Tokens, s.LLMDailyTokens, sum.Micros, s.LLMDailyMicros}, Budget{Tokens: sum.MostTokens, Micros: sum.MostMicros}, nil
}

const sqlSpent = `
SELECT coalesce(sum(tokens_in::bigint + tokens_out), 0)::bigint AS tokens, coalesce(sum(cost_micros), 0)::bigint AS micros,
       coalesce(max(tokens_in::bigint + tokens_out), 0)::bigint AS most_tokens, coalesce(max(cost_micros), 0)::bigint AS most_micros
FROM llm_spend WHERE workspace_id = $1 AND at >= $2`

// OverBudget says whether a workspace has spent its day's tokens or money.
func OverBudget(ctx context.Context, q sqlx.QueryerContext, workspace int64, now time.Time) (bool, error) {
	b, err := Spent(ctx, q, workspace, now)
	return b.Over(), err
}
