package campaign

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/prices"
	"ponte/router"
)

// Campaign is a named set of triggers and templates with a period, a budget and a goal.
type Campaign struct {
	ID             int64          `db:"id" json:"id"`
	Revision       int64          `db:"revision" json:"-"` // of one to be saved, the one that was looked at; 0: whatever stands there
	Name           string         `db:"name" json:"name"`
	State          string         `db:"state" json:"state"`
	StartsAt       *time.Time     `db:"starts_at" json:"starts_at"`
	EndsAt         *time.Time     `db:"ends_at" json:"ends_at"`
	BudgetMicros   *int64         `db:"budget_micros" json:"budget_micros"` // nil: no limit of its own; millionths of the currency
	BudgetCurrency string         `db:"budget_currency" json:"budget_currency"`
	Goal           string         `db:"goal" json:"goal"` // name of the goal that its funnel ends in; empty: any
	CreatedAt      time.Time      `db:"created_at" json:"created_at"`
	UpdatedAt      time.Time      `db:"updated_at" json:"updated_at"`
	TriggerIDs     []int64        `db:"-" json:"trigger_ids"`
	Templates      []TemplateName `db:"-" json:"templates"`
}

// TemplateName names a template of a WhatsApp account, in whatever languages it has.
type TemplateName struct {
	AccountID int64  `db:"account_id" json:"account_id"`
	Name      string `db:"name" json:"name"`
}

const campaignColumns = `id, name, state, starts_at, ends_at, budget_micros, budget_currency, goal, created_at, updated_at, revision`

var (
	currency = regexp.MustCompile(`^[A-Z]{3}$`)
	goalName = regexp.MustCompile(`^[a-z0-9_-]{1,40}$`)
)

// Validate returns every fault, each naming its field.
func (c Campaign) Validate() []*fault.Error {
	var bad []*fault.Error
	add := func(field, format string, args ...any) { bad = append(bad, fault.Field(field, format, args...)) }
	if strings.TrimSpace(c.Name) == "" {
		add("name", "give the campaign a name")
	}
	if c.StartsAt != nil && c.EndsAt != nil && !c.EndsAt.After(*c.StartsAt) {
		add("ends_at", "the period ends before it begins")
	}
	if c.BudgetMicros != nil && *c.BudgetMicros < 0 {
		add("budget_micros", "a budget is not negative")
	}
	if c.BudgetMicros != nil && !currency.MatchString(c.BudgetCurrency) {
		add("budget_currency", "%q is not a currency code such as AUD or EUR", c.BudgetCurrency)
	}
	if c.Goal != "" && !goalName.MatchString(c.Goal) {
		add("goal", "%q: a goal's name has lower-case letters, digits, - and _, at most 40", c.Goal)
	}
	return bad
}

// Campaigns lists a workspace's campaigns, the newest first; archived ones only where asked for.
func Campaigns(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, archived bool) ([]Campaign, error) {
	var list []Campaign
	err := sqlx.SelectContext(ctx, q, &list, `SELECT `+campaignColumns+` FROM campaigns WHERE workspace_id = $1 AND ($2 OR state <> 'archived') ORDER BY id DESC`, workspaceID, archived)
	if err != nil {
		return nil, fmt.Errorf("list campaigns: %w", err)
	}
	return list, fill(ctx, q, workspaceID, list)
}

// Load returns one campaign.
func Load(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (Campaign, error) {
	list := make([]Campaign, 1)
	err := sqlx.GetContext(ctx, q, &list[0], `SELECT `+campaignColumns+` FROM campaigns WHERE workspace_id = $1 AND id = $2`, workspaceID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return Campaign{}, noCampaign(id)
	}
	if err != nil {
		return Campaign{}, fmt.Errorf("load campaign %d: %w", id, err)
	}
	return list[0], fill(ctx, q, workspaceID, list)
}

func noCampaign(id int64) error {
	return fault.New(fault.NotFound, "campaign %d does not exist in this workspace", id)
}

// fill reads what campaigns are made of.
func fill(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, list []Campaign) error {
	at := map[int64]*Campaign{}
	var ids []int64
	for i := range list {
		c := &list[i]
		c.StartsAt, c.EndsAt, c.CreatedAt, c.UpdatedAt = utc(c.StartsAt), utc(c.EndsAt), c.CreatedAt.UTC(), c.UpdatedAt.UTC()
		c.TriggerIDs, c.Templates = []int64{}, []TemplateName{}
		at[c.ID], ids = c, append(ids, c.ID)
	}
	var triggers []struct {
		Campaign int64 `db:"campaign_id"`
		ID       int64 `db:"id"`
	}
	if err := sqlx.SelectContext(ctx, q, &triggers, `SELECT campaign_id, id FROM triggers WHERE workspace_id = $1 AND campaign_id = ANY($2) AND state <> 'archived' ORDER BY id`, workspaceID, pq.Array(ids)); err != nil {
		return fmt.Errorf("list the triggers of campaigns: %w", err)
	}
	for _, t := range triggers {
		at[t.Campaign].TriggerIDs = append(at[t.Campaign].TriggerIDs, t.ID)
	}
	var templates []struct {
		Campaign int64 `db:"campaign_id"`
		TemplateName
	}
	if err := sqlx.SelectContext(ctx, q, &templates, `SELECT campaign_id, account_id, name FROM campaign_templates WHERE workspace_id = $1 AND campaign_id = ANY($2) ORDER BY account_id, name`, workspaceID, pq.Array(ids)); err != nil {
		return fmt.Errorf("list the templates of campaigns: %w", err)
	}
	for _, t := range templates {
		at[t.Campaign].Templates = append(at[t.Campaign].Templates, t.TemplateName)
	}
	return nil
}

// SaveCampaign writes a campaign, a new one where its id is zero, with its triggers and templates.
func SaveCampaign(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, c Campaign, by *int64, now time.Time) (int64, error) {
	if err := checkParts(ctx, tx, workspaceID, c); err != nil {
		return 0, err
	}
	if c.BudgetMicros == nil {
		c.BudgetCurrency = ""
	} else if err := checkCurrency(ctx, tx, workspaceID, c.BudgetCurrency); err != nil {
		return 0, err
	}
	args := []any{workspaceID, c.Name, c.StartsAt, c.EndsAt, c.BudgetMicros, c.BudgetCurrency, c.Goal}
	stmt, last := sqlUpdateCampaign, []any{c.ID, c.Revision}
	if c.ID == 0 {
		stmt, last = sqlInsertCampaign, []any{by}
	}
	var id int64
	err := sqlx.GetContext(ctx, tx, &id, stmt, append(args, last...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, changedOrGone(ctx, tx, `SELECT true FROM campaigns WHERE workspace_id = $1 AND id = $2`, workspaceID, c.ID, noCampaign(c.ID),
			fault.New(fault.Conflict, "somebody else has changed this campaign since you opened it; open it again and bring your changes in"))
	}
	if err != nil {
		return 0, fmt.Errorf("save the campaign: %w", err)
	}
	if err := outbox.Reconsider(ctx, tx, workspaceID, "budget_campaign", "price_unknown"); err != nil { // its budget may have room now
		return 0, err
	}
	return id, saveParts(ctx, tx, workspaceID, id, c, now)
}

const (
	sqlInsertCampaign = `
INSERT INTO campaigns (workspace_id, name, starts_at, ends_at, budget_micros, budget_currency, goal, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`
	sqlUpdateCampaign = `
UPDATE campaigns SET name = $2, starts_at = $3, ends_at = $4, budget_micros = $5, budget_currency = $6, goal = $7, updated_at = now(), revision = revision + 1
WHERE workspace_id = $1 AND id = $8 AND ($9::bigint = 0 OR revision = $9) RETURNING id`
)

// checkParts: what a campaign is made of is the workspace's own, and no trigger serves two campaigns.
func checkParts(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, c Campaign) error {
	var rows []struct {
		ID    int64  `db:"id"`
		Name  string `db:"name"`
		Other string `db:"other"`
	}
	err := sqlx.SelectContext(ctx, tx, &rows, `
SELECT t.id, t.name, coalesce(c.name, '') AS other FROM triggers t
LEFT JOIN campaigns c ON c.workspace_id = t.workspace_id AND c.id = t.campaign_id AND c.id <> $3 AND c.state <> 'archived'
WHERE t.workspace_id = $1 AND t.id = ANY($2)`, workspaceID, pq.Array(c.TriggerIDs), c.ID)
	if err != nil {
		return fmt.Errorf("look at the campaign's triggers: %w", err)
	}
	known := map[int64]bool{}
	for _, r := range rows {
		known[r.ID] = true
		if r.Other != "" {
			return fault.Field("trigger_ids", "«%s» belongs to the campaign «%s»; duplicate it to use it in both", r.Name, r.Other)
		}
	}
	for i, id := range c.TriggerIDs {
		if !known[id] {
			return fault.Field(fmt.Sprintf("trigger_ids[%d]", i), "trigger %d does not exist in this workspace", id)
		}
	}
	for i, t := range c.Templates {
		var n int
		if err := sqlx.GetContext(ctx, tx, &n, `SELECT count(*) FROM templates WHERE workspace_id = $1 AND account_id = $2 AND name = $3`, workspaceID, t.AccountID, t.Name); err != nil {
			return fmt.Errorf("look at the campaign's templates: %w", err)
		}
		if n == 0 {
			return fault.Field(fmt.Sprintf("templates[%d]", i), "there is no template %q of that account in this workspace", t.Name)
		}
	}
	return nil
}

// checkCurrency: what goes out is counted in one currency, so a budget in another would hold everything for ever.
func checkCurrency(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, budget string) error {
	w, err := inbox.LoadWorkspace(ctx, tx, workspaceID)
	if err != nil {
		return err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return err
	}
	counted, err := prices.Currency(ctx, tx, workspaceID, settings.Currency)
	if err == nil && counted != "" && counted != budget {
		err = fault.Field("budget_currency", "the workspace counts in %s, so a budget in %s would never be met", counted, budget)
	}
	return err
}

func saveParts(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, c Campaign, now time.Time) error {
	var moved []int64
	err := sqlx.SelectContext(ctx, tx, &moved, `
UPDATE triggers SET campaign_id = CASE WHEN id = ANY($3) THEN $2::bigint END, updated_at = $4, revision = revision + 1
WHERE workspace_id = $1 AND (campaign_id IS NOT DISTINCT FROM $2::bigint) <> (id = ANY($3)) AND (id = ANY($3) OR campaign_id = $2) RETURNING id`,
		workspaceID, id, pq.Array(orEmpty(c.TriggerIDs)), now)
	if err != nil {
		return fmt.Errorf("give the campaign its triggers: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM campaign_templates WHERE workspace_id = $1 AND campaign_id = $2`, workspaceID, id); err != nil {
		return fmt.Errorf("give the campaign its templates: %w", err)
	}
	for _, t := range c.Templates {
		if _, err := tx.ExecContext(ctx, `INSERT INTO campaign_templates (workspace_id, campaign_id, account_id, name) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, workspaceID, id, t.AccountID, t.Name); err != nil {
			return fmt.Errorf("give the campaign its templates: %w", err)
		}
	}
	return replanAll(ctx, tx, workspaceID, append(moved, c.TriggerIDs...), now)
}

func replanAll(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, triggers []int64, now time.Time) error {
	for _, t := range triggers {
		if err := replan(ctx, tx, workspaceID, t, now); err != nil {
			return err
		}
	}
	return nil
}

// SetCampaignState starts, pauses or archives a campaign; it returns what it was. Its triggers follow at
// once: what is written while it is not live is answered by none of them.
func SetCampaignState(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, state string, now time.Time) (was string, err error) {
	err = sqlx.GetContext(ctx, tx, &was, `SELECT state FROM campaigns WHERE workspace_id = $1 AND id = $2 FOR UPDATE`, workspaceID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", noCampaign(id)
	}
	if err != nil {
		return "", fmt.Errorf("load campaign %d: %w", id, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE campaigns SET state = $3, updated_at = $4 WHERE workspace_id = $1 AND id = $2`, workspaceID, id, state, now); err != nil {
		return "", fmt.Errorf("change the state of campaign %d: %w", id, err)
	}
	var triggers []int64
	if err := sqlx.SelectContext(ctx, tx, &triggers, `UPDATE triggers SET updated_at = $3 WHERE workspace_id = $1 AND campaign_id = $2 AND recurrence <> '' RETURNING id`, workspaceID, id, now); err != nil {
		return "", fmt.Errorf("list the triggers of campaign %d: %w", id, err)
	}
	if err := outbox.Reconsider(ctx, tx, workspaceID, "campaign_paused"); err != nil {
		return "", err
	}
	return was, replanAll(ctx, tx, workspaceID, triggers, now)
}

// Duplicate makes a draft of a trigger, in no campaign.
func Duplicate(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, name string, by *int64, now time.Time) (int64, error) {
	t, err := Trigger(ctx, tx, workspaceID, id)
	if err != nil {
		return 0, err
	}
	return saveCopy(ctx, tx, workspaceID, t, name, by, now)
}

func saveCopy(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, t router.Trigger, name string, by *int64, now time.Time) (int64, error) {
	t.ID, t.CampaignID, t.Name = 0, nil, copyName(name, t.Name)
	return Save(ctx, tx, workspaceID, t, by, now)
}

// DuplicateCampaign makes a draft of a campaign with drafts of its triggers. The periods are left out: they
// are over, or another campaign's.
func DuplicateCampaign(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, name string, by *int64, now time.Time) (int64, error) {
	c, err := Load(ctx, tx, workspaceID, id)
	if err != nil {
		return 0, err
	}
	triggers := c.TriggerIDs
	c.ID, c.Name, c.StartsAt, c.EndsAt, c.TriggerIDs = 0, copyName(name, c.Name), nil, nil, nil
	for _, id := range triggers {
		t, err := Trigger(ctx, tx, workspaceID, id)
		if err != nil {
			return 0, err
		}
		t.StartsAt, t.EndsAt = nil, nil
		copied, err := saveCopy(ctx, tx, workspaceID, t, "", by, now)
		if err != nil {
			return 0, err
		}
		c.TriggerIDs = append(c.TriggerIDs, copied)
	}
	return SaveCampaign(ctx, tx, workspaceID, c, by, now)
}

func copyName(wanted, original string) string {
	if strings.TrimSpace(wanted) != "" {
		return wanted
	}
	const most = 190
	if r := []rune(original); len(r) > most {
		original = string(r[:most])
	}
	return original + " (2)"
}
