package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/inbox"
	"ponte/prices"
)

// MoneyReasons are why actions are held that money or a template's rating may let go.
var MoneyReasons = []string{"price_unknown", "budget_day", "budget_month", "budget_campaign", "template_quality", "template_pacing", "settings_invalid"}

// PauseReasons are why actions are held until a campaign, a trigger or a template goes on.
var PauseReasons = []string{"campaign_paused", "trigger_paused", "template_paused", "template_quality", "template_pacing"}

// lookedAtAgain are the reasons that end by themselves: what is held for one is judged again when its time comes.
var lookedAtAgain = slices.Concat(MoneyReasons, PauseReasons)

// Reconsider lets what is held for one of the reasons be judged again at once: a price file was imported,
// a budget raised, a template rated anew. The gate decides as ever.
func Reconsider(ctx context.Context, tx sqlx.ExtContext, workspace int64, reasons ...string) error {
	if _, err := tx.ExecContext(ctx, sqlReconsider, workspace, pq.Array(reasons)); err != nil {
		return fmt.Errorf("judge again what is held: %w", err)
	}
	return inbox.Wake(ctx, tx, Channel)
}

const sqlReconsider = `
UPDATE actions SET not_before = least(not_before, now() - interval '1 minute') WHERE workspace_id = $1 AND state = 'held' AND reason = ANY($2)`

// costRow is what the network said of an action's price, beside what is known of it.
type costRow struct {
	Workspace  int64     `db:"workspace_id"`
	ID         int64     `db:"id"`
	State      string    `db:"cost_state"`
	Currency   string    `db:"cost_currency"`
	Country    string    `db:"cost_country"`
	Reason     string    `db:"cost_reason"`
	SentAt     time.Time `db:"sent_at"`
	Zone       string    `db:"time_zone"`
	Set        string    `db:"currency"` // of the workspace
	Pricing    string    `db:"pricing"`  // regular, free_customer_service, free_entry_point; empty: not told
	Category   string    `db:"category"`
	Micros     *int64    `db:"cost_micros"` // as it was estimated
	Failed     bool      `db:"failed"`
	Arrived    bool      `db:"arrived"`
	wasPriced  prices.Key
	nextState  string
	nextMicros *int64
}

// settleCosts puts what the network charged in the place of what was estimated, for the actions that the
// keys (account, network id) name: a message that did not arrive costs nothing, one in a free window
// neither, and the others what the price files say for the category that Meta charged by.
func settleCosts(ctx context.Context, tx sqlx.ExtContext, keys *inbox.Rows) error {
	var rows []costRow
	if err := sqlx.SelectContext(ctx, tx, &rows, fmt.Sprintf(sqlReportedCosts, keys.SQL()), keys.Args()...); err != nil {
		return fmt.Errorf("read what the network charged: %w", err)
	}
	var asked []prices.Key
	for i := range rows {
		if rows[i].decide() {
			asked = append(asked, rows[i].wasPriced)
		}
	}
	found, err := prices.Lookup(ctx, tx, asked)
	if err != nil {
		return err
	}
	out := inbox.NewRows("bigint", "text", "bigint", "text", "text", "text")
	for _, r := range rows {
		if r.wasPriced.Workspace != 0 {
			r.price(found[r.wasPriced])
		}
		if r.nextState != "" {
			out.Add(r.ID, r.nextState, r.nextMicros, r.Currency, r.Category, r.Reason)
		}
	}
	if out.Len() == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlWriteCosts, out.SQL()), out.Args()...); err != nil {
		return fmt.Errorf("write what the network charged: %w", err)
	}
	return nil
}

// decide says what follows without a price, and whether one must be looked up.
func (r *costRow) decide() bool {
	r.Category = strings.ReplaceAll(r.Category, "-", "_")
	if r.Category == "marketing_lite" {
		r.Category = "marketing"
	}
	switch {
	case r.Failed && !r.Arrived:
		r.nextState, r.Reason = "free", "not_delivered"
	case r.Pricing == "regular":
		if r.State == "charged" {
			return false
		}
		// What it was thought to cost still counts against budgets: nobody knows that it cost less.
		r.nextState, r.nextMicros, r.Reason = "unknown", r.Micros, "the price files do not name it"
		zone, err := time.LoadLocation(r.Zone)
		if err != nil || r.Country == "" {
			return false
		}
		r.wasPriced = prices.Key{Workspace: r.Workspace, Country: r.Country, Category: r.Category, Day: r.SentAt.In(zone).Format(time.DateOnly)}
		return true
	case r.Pricing == "free_customer_service":
		r.nextState, r.Reason = "free", "service_window"
	case r.Pricing == "free_entry_point":
		r.nextState, r.Reason = "free", "free_entry_point"
	}
	return false
}

func (r *costRow) price(found prices.Found) {
	currency := r.Currency
	if currency == "" {
		currency = r.Set
	}
	if micros, in, ok := found.In(currency); ok {
		r.nextState, r.nextMicros, r.Currency, r.Reason = "charged", &micros, in, ""
	}
}

// A receipt whose action is not known by its network id yet is met again when it is.
const sqlReportedCosts = `
SELECT a.workspace_id, a.id, a.cost_state, a.cost_currency, a.cost_country, a.cost_reason, a.cost_micros, coalesce(a.sent_at, a.created_at) AS sent_at, w.time_zone,
       coalesce(w.settings->>'currency', '') AS currency,
       coalesce(max(r.detail->'detail'->>'pricing_type'), '') AS pricing, coalesce(max(r.detail->'detail'->>'category'), a.cost_category) AS category,
       bool_or(r.status = 'failed') AS failed, bool_or(r.status IN ('delivered','read')) AS arrived
FROM (SELECT DISTINCT account_id, external_id FROM (%s) AS v (account_id, external_id)) k
JOIN actions a ON a.account_id = k.account_id AND a.external_id = k.external_id AND a.external_id <> '' AND a.kind IN ('template.send','message.send')
JOIN receipts r ON r.account_id = k.account_id AND r.external_id = k.external_id
JOIN workspaces w ON w.id = a.workspace_id
GROUP BY a.workspace_id, a.id, w.time_zone, w.settings
HAVING bool_or(r.detail->'detail'->>'pricing_type' <> '' OR r.status = 'failed')
ORDER BY a.id`

const sqlWriteCosts = `
UPDATE actions a SET cost_state = k.state, cost_micros = k.micros, cost_currency = k.currency, cost_category = k.category, cost_reason = k.reason
FROM (%s) AS k (id, state, micros, currency, category, reason)
WHERE a.id = k.id AND (a.cost_state, a.cost_micros, a.cost_category, a.cost_reason) IS DISTINCT FROM (k.state, k.micros, k.category, k.reason)`

// touched are the keys of receipts that say something about money.
func touched(receipts []Receipt) *inbox.Rows {
	keys := inbox.NewRows("bigint", "text")
	for _, r := range receipts {
		if r.Status == "failed" || len(r.Detail) > 0 && slices.Contains([]string{"sent", "delivered", "read"}, r.Status) && strings.Contains(string(r.Detail), "pricing_type") {
			keys.Add(r.AccountID, r.ExternalID)
		}
	}
	return keys
}
