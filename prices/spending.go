package prices

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/wall"
)

// Spent is what went out at a price: by the price file when it left, or as the network reported since.
type Spent struct {
	Micros   int64 `db:"micros"`
	Messages int   `db:"messages"` // with a price above zero
	Unknown  int   `db:"unknown"`  // at an unknown price: the sum is less than what was spent
	Other    int   `db:"other"`    // in another currency: not in the sum
}

// What is under way, or may have arrived, counts as spent.
const sqlSums = `
SELECT coalesce(sum(cost_micros) FILTER (WHERE cost_currency = $2), 0) AS micros, count(*) FILTER (WHERE cost_micros > 0 AND cost_currency = $2) AS messages,
       count(*) FILTER (WHERE cost_state = 'unknown') AS unknown, count(*) FILTER (WHERE cost_micros > 0 AND cost_currency <> $2) AS other
FROM actions
WHERE workspace_id = $1 AND (cost_micros > 0 OR cost_state = 'unknown') AND state IN ('sending','unknown','done')`

// Since sums a workspace's spending from an instant on, in one currency.
func Since(ctx context.Context, q sqlx.QueryerContext, workspace int64, currency string, from time.Time) (Spent, error) {
	var s Spent
	if err := sqlx.GetContext(ctx, q, &s, sqlSums+` AND sent_at >= $3`, workspace, currency, from); err != nil {
		return s, fmt.Errorf("sum the spending of workspace %d: %w", workspace, err)
	}
	return s, nil
}

// OnCampaign sums all that a campaign spent, in one currency.
func OnCampaign(ctx context.Context, q sqlx.QueryerContext, workspace, campaign int64, currency string) (Spent, error) {
	var s Spent
	if err := sqlx.GetContext(ctx, q, &s, sqlSums+` AND campaign_id = $3`, workspace, currency, campaign); err != nil {
		return s, fmt.Errorf("sum the spending of campaign %d: %w", campaign, err)
	}
	return s, nil
}

// OnConversations sums what conversations cost, in one currency.
func OnConversations(ctx context.Context, q sqlx.QueryerContext, workspace int64, currency string, ids []int64) (map[int64]Spent, error) {
	var rows []struct {
		ID int64 `db:"conversation_id"`
		Spent
	}
	if err := sqlx.SelectContext(ctx, q, &rows, sqlSumsOfConversations, workspace, currency, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("sum the cost of conversations: %w", err)
	}
	out := map[int64]Spent{}
	for _, r := range rows {
		out[r.ID] = r.Spent
	}
	return out, nil
}

const sqlSumsOfConversations = `
SELECT conversation_id, coalesce(sum(cost_micros) FILTER (WHERE cost_currency = $2), 0) AS micros, count(*) FILTER (WHERE cost_micros > 0 AND cost_currency = $2) AS messages,
       count(*) FILTER (WHERE cost_state = 'unknown') AS unknown, count(*) FILTER (WHERE cost_micros > 0 AND cost_currency <> $2) AS other
FROM actions
WHERE workspace_id = $1 AND conversation_id = ANY($3) AND state IN ('sending','unknown','done')
GROUP BY conversation_id`

// Currency is the one a workspace counts in: as set, else the only one of its price files, else none.
func Currency(ctx context.Context, q sqlx.QueryerContext, workspace int64, set string) (string, error) {
	if set != "" {
		return set, nil
	}
	var all []string
	if err := sqlx.SelectContext(ctx, q, &all, sqlCurrencies, workspace); err != nil {
		return "", fmt.Errorf("list the currencies of prices: %w", err)
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return "", nil
}

const sqlCurrencies = `
SELECT DISTINCT p.currency FROM prices p JOIN price_files f ON f.workspace_id = p.workspace_id AND f.id = p.file_id
WHERE p.workspace_id = $1 AND f.withdrawn_at IS NULL ORDER BY 1`

// DayStart is where the workspace's local day began.
func DayStart(at time.Time, zone *time.Location) time.Time {
	return wall.At(wall.Day(at, zone, 0), 0, zone)
}

// NextDay is where the workspace's next local day begins.
func NextDay(at time.Time, zone *time.Location) time.Time {
	return wall.At(wall.Day(at, zone, 1), 0, zone)
}

// MonthStart is where the workspace's local month began.
func MonthStart(at time.Time, zone *time.Location) time.Time {
	day := wall.Day(at, zone, 0)
	return wall.At(day.AddDate(0, 0, 1-day.Day()), 0, zone)
}

// NextMonth is where the workspace's next local month begins.
func NextMonth(at time.Time, zone *time.Location) time.Time {
	day := wall.Day(at, zone, 0)
	return wall.At(time.Date(day.Year(), day.Month()+1, 1, 0, 0, 0, 0, time.UTC), 0, zone)
}

// Campaign is a campaign with what it spent.
type Campaign struct {
	ID       int64  `db:"id"`
	Name     string `db:"name"`
	Limit    *int64 `db:"budget_micros"`
	Currency string `db:"currency"` // of its budget, else the one asked for
	Spent
}

// OnCampaigns lists the campaigns that have a budget or spent something since an instant. A campaign with
// a budget is summed in the currency of its budget, over its whole life; so are the others, in the one
// asked for.
func OnCampaigns(ctx context.Context, q sqlx.QueryerContext, workspace int64, currency string, since time.Time) ([]Campaign, error) {
	var out []Campaign
	if err := sqlx.SelectContext(ctx, q, &out, sqlCampaigns, workspace, currency, since); err != nil {
		return nil, fmt.Errorf("sum the spending of campaigns: %w", err)
	}
	return out, nil
}

const sqlCampaigns = `
SELECT c.id, c.name, c.budget_micros, x.currency, coalesce(s.micros, 0) AS micros, coalesce(s.messages, 0) AS messages, coalesce(s.unknown, 0) AS unknown, coalesce(s.other, 0) AS other
FROM campaigns c
CROSS JOIN LATERAL (SELECT CASE WHEN c.budget_micros IS NULL THEN $2 ELSE c.budget_currency END AS currency) x
LEFT JOIN LATERAL (
    SELECT sum(a.cost_micros) FILTER (WHERE a.cost_currency = x.currency) AS micros, count(*) FILTER (WHERE a.cost_micros > 0 AND a.cost_currency = x.currency) AS messages,
           count(*) FILTER (WHERE a.cost_state = 'unknown') AS unknown, count(*) FILTER (WHERE a.cost_micros > 0 AND a.cost_currency <> x.currency) AS other, max(a.sent_at) AS last
    FROM actions a WHERE a.workspace_id = c.workspace_id AND a.campaign_id = c.id AND (a.cost_micros > 0 OR a.cost_state = 'unknown') AND a.state IN ('sending','unknown','done')) s ON true
WHERE c.workspace_id = $1 AND (c.budget_micros IS NOT NULL AND c.state <> 'archived' OR s.last >= $3)
ORDER BY c.id DESC LIMIT 200`
