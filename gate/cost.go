package gate

import (
	"fmt"
	"time"

	"ponte/channels"
	"ponte/inbox"
	"ponte/prices"
)

// The states of a cost. Unknown is never zero.
const (
	CostFree      = "free"
	CostEstimated = "estimated"
	CostUnknown   = "unknown"
)

// Cost is what sending would cost by the price files, before the network says what it charged.
type Cost struct {
	State    string // free, estimated, unknown; empty: it is not that kind of action
	Micros   int64
	Currency string
	Country  string
	Category string // as Meta charges
	Reason   string // why it is free or not known
}

// Budget is a limit that an action counts against.
type Budget struct {
	Code     string // budget_day, budget_month, budget_campaign
	Name     string // for a reader
	Currency string
	Limit    int64
	Spent    int64
	Until    time.Time // when there is room again by itself; zero: when somebody raises it
}

// recheck is how long something held for money or a template's quality waits before it is looked at
// again by itself; a new price file, setting or budget looks at once.
const recheck = time.Hour

func budget(f Facts) *Decision {
	if !f.message() || f.Cost.State == CostFree || f.Cost.State == "" {
		return nil
	}
	for _, b := range f.Budgets {
		until := f.Now.Add(recheck)
		switch {
		case f.Cost.State == CostUnknown:
			return &Decision{Verb: Hold, Code: "price_unknown", Until: until,
				Meaning: fmt.Sprintf("%s is limited, and what this costs is not known: %s", b.Name, f.Cost.Reason)}
		case f.Cost.Currency != b.Currency:
			return &Decision{Verb: Hold, Code: "price_unknown", Until: until,
				Meaning: fmt.Sprintf("%s is in %s, and what is sent is counted in %s; set it in %s", b.Name, orNone(b.Currency), f.Cost.Currency, f.Cost.Currency)}
		case b.Spent+f.Cost.Micros > b.Limit:
			if !b.Until.IsZero() && b.Until.Before(until) {
				until = b.Until
			}
			return &Decision{Verb: Hold, Code: b.Code, Until: until,
				Meaning: fmt.Sprintf("%s of %s %s has no room for another %s", b.Name, prices.Amount(b.Limit), b.Currency, prices.Amount(f.Cost.Micros))}
		}
	}
	return nil
}

func orNone(currency string) string {
	if currency == "" {
		return "no currency"
	}
	return currency
}

// charge says by which category and country Meta would charge, or why it would not. The care window must
// be known already.
func (b *batch) charge(r Request, f Facts) Cost {
	switch r.Call.Kind {
	case channels.PrivateReply:
		return Cost{State: CostFree, Reason: "network_free"}
	case channels.SendMessage:
		if r.Call.Channel == channels.WhatsApp {
			return Cost{State: CostFree, Category: "service", Reason: "service_window"}
		}
		return Cost{State: CostFree, Reason: "network_free"}
	case channels.SendTemplate:
	default:
		return Cost{}
	}
	c := Cost{State: CostUnknown, Country: b.country(r), Reason: "the template's category is not known"}
	if f.Template != nil {
		c.Category = map[string]string{"MARKETING": "marketing", "UTILITY": "utility", "AUTHENTICATION": "authentication"}[f.Template.Category]
	}
	switch {
	case b.free[threadKey{r.AccountID, string(r.Call.Channel), r.IdentityID}]:
		return Cost{State: CostFree, Country: c.Country, Category: "referral_conversion", Reason: "free_entry_point"}
	case c.Category == "utility" && b.now.Before(CareUntil(f.LastIn, r.Call.Channel, false)):
		return Cost{State: CostFree, Country: c.Country, Category: c.Category, Reason: "service_window"}
	case c.Country == "":
		c.Reason = "the country of the number is not known"
	}
	return c
}

func (b *batch) country(r Request) string {
	if c := prices.CountryOf(inbox.Digits(r.Call.Phone), ""); c != "" {
		return c
	}
	if h := b.histories[contactKey{WorkspaceID: r.WorkspaceID, ContactID: r.ContactID}]; h != nil {
		for _, i := range h.Identities {
			if i.ID != r.IdentityID {
				continue
			}
			var phone, id string
			if i.Phone != nil {
				phone = *i.Phone
			}
			if i.ExternalID != nil {
				id = *i.ExternalID
			}
			return prices.CountryOf(phone, id)
		}
	}
	return ""
}

// price fills in what the price files say.
func (b *batch) price(facts []Facts) error {
	var keys []prices.Key
	of := make([]prices.Key, len(facts))
	for i, f := range facts {
		if f.Cost.State != CostUnknown || f.Cost.Country == "" || f.Cost.Category == "" {
			continue
		}
		w := b.workspaces[b.requests[i].WorkspaceID]
		of[i] = prices.Key{Workspace: w.ID, Country: f.Cost.Country, Category: f.Cost.Category, Day: b.now.In(w.zone()).Format(time.DateOnly)}
		keys = append(keys, of[i])
	}
	if len(keys) == 0 {
		return nil
	}
	found, err := prices.Lookup(b.ctx, b.q, keys)
	if err != nil {
		return err
	}
	for i := range facts {
		if of[i].Workspace == 0 {
			continue
		}
		c := &facts[i].Cost
		currency, err := b.currency(of[i].Workspace)
		if err != nil {
			return err
		}
		if currency == "" {
			currency = b.campaigns[b.requests[i].CampaignID].Currency
		}
		micros, in, ok := found[of[i]].In(currency)
		switch {
		case ok:
			c.State, c.Micros, c.Currency, c.Reason = CostEstimated, micros, in, ""
		case len(found[of[i]]) > 0:
			c.Reason = fmt.Sprintf("the price files have no price in %s for %s in %s", orNone(currency), c.Category, c.Country)
		default:
			c.Reason = fmt.Sprintf("no price file names %s in %s on this day", c.Category, c.Country)
		}
	}
	return nil
}

// currency is the one a workspace counts in; asked once.
func (b *batch) currency(workspace int64) (string, error) {
	if c, known := b.currencies[workspace]; known {
		return c, nil
	}
	c, err := prices.Currency(b.ctx, b.q, workspace, b.workspaces[workspace].settings.Currency)
	b.currencies[workspace] = c
	return c, err
}

// budgetKey is a limit: a workspace's day or month, or a campaign.
type budgetKey struct {
	code string
	id   int64
}

// budgets are the limits that an action which costs something counts against, with what was spent.
func (b *batch) budgetsOf(r Request, c Cost) ([]*Budget, error) {
	if c.State != CostEstimated && c.State != CostUnknown {
		return nil, nil
	}
	w := b.workspaces[r.WorkspaceID]
	currency, err := b.currency(w.ID)
	if err != nil {
		return nil, err
	}
	var out []*Budget
	add := func(code string, id int64, limit *int64, make func() (*Budget, prices.Spent, error)) error {
		if limit == nil {
			return nil
		}
		k := budgetKey{code, id}
		if b.budgets[k] == nil {
			bud, spent, err := make()
			if err != nil {
				return err
			}
			bud.Code, bud.Limit, bud.Spent = code, *limit, spent.Micros
			b.budgets[k] = bud
		}
		out = append(out, b.budgets[k])
		return nil
	}
	day, month := prices.DayStart(b.now, w.zone()), prices.MonthStart(b.now, w.zone())
	err = add("budget_day", w.ID, w.settings.BudgetDayMicros, func() (*Budget, prices.Spent, error) {
		s, err := prices.Since(b.ctx, b.q, w.ID, currency, day)
		return &Budget{Name: "the day's budget", Currency: currency, Until: prices.NextDay(b.now, w.zone())}, s, err
	})
	if err == nil {
		err = add("budget_month", w.ID, w.settings.BudgetMonthMicros, func() (*Budget, prices.Spent, error) {
			s, err := prices.Since(b.ctx, b.q, w.ID, currency, month)
			return &Budget{Name: "the month's budget", Currency: currency, Until: prices.NextMonth(b.now, w.zone())}, s, err
		})
	}
	if k, ok := b.campaigns[r.CampaignID]; ok && err == nil && k.WorkspaceID == r.WorkspaceID {
		err = add("budget_campaign", k.ID, k.Limit, func() (*Budget, prices.Spent, error) {
			s, err := prices.OnCampaign(b.ctx, b.q, k.WorkspaceID, k.ID, k.Currency)
			return &Budget{Name: "the campaign's budget", Currency: k.Currency}, s, err
		})
	}
	return out, err
}

type campaignRow struct {
	WorkspaceID int64      `db:"workspace_id"`
	ID          int64      `db:"id"`
	Goal        string     `db:"goal"`
	Limit       *int64     `db:"budget_micros"`
	Currency    string     `db:"budget_currency"`
	State       string     `db:"state"`
	EndsAt      *time.Time `db:"ends_at"`
}

func (b *batch) loadCampaigns() error {
	b.campaigns = map[int64]campaignRow{}
	var rows []campaignRow
	if err := b.read(&rows, "campaigns", sqlGateCampaigns, b.ids(func(r Request) int64 { return r.CampaignID })); err != nil {
		return err
	}
	for _, c := range rows {
		b.campaigns[c.ID] = c
	}
	return nil
}

const sqlGateCampaigns = `SELECT workspace_id, id, goal, budget_micros, budget_currency, state, ends_at FROM campaigns WHERE id = ANY($1)`

type triggerRow struct {
	WorkspaceID int64  `db:"workspace_id"`
	ID          int64  `db:"id"`
	State       string `db:"state"`
}

func (b *batch) loadTriggers() error {
	b.triggers = map[int64]triggerRow{}
	ids := b.ids(func(r Request) int64 {
		if r.Origin == FromTrigger {
			return r.TriggerID
		}
		return 0
	})
	var rows []triggerRow
	if err := b.read(&rows, "triggers", `SELECT workspace_id, id, state FROM triggers WHERE id = ANY($1)`, ids); err != nil {
		return err
	}
	for _, t := range rows {
		b.triggers[t.ID] = t
	}
	return nil
}

// loadFree finds the threads in which everything is free for 72 hours: the network said so of a message
// since the person came from an ad. What it did not say is not assumed.
func (b *batch) loadFree() error {
	b.free = map[threadKey]bool{}
	people := b.ids(func(r Request) int64 {
		if r.Call.Kind == channels.SendTemplate {
			return r.IdentityID
		}
		return 0
	})
	var rows []struct {
		AccountID  int64     `db:"account_id"`
		IdentityID int64     `db:"identity_id"`
		SentAt     time.Time `db:"sent_at"`
	}
	if err := b.read(&rows, "free entry points", sqlGateFree, people, b.now.Add(-freeMemory)); err != nil {
		return err
	}
	began := map[threadKey]time.Time{}
	for _, r := range rows { // the earliest first: what went out in a window opens no other
		k := threadKey{r.AccountID, string(channels.WhatsApp), r.IdentityID}
		if at, ok := began[k]; !ok || !r.SentAt.Before(at.Add(freeEntry)) {
			began[k] = r.SentAt
		}
		b.free[k] = b.now.Before(began[k].Add(freeEntry))
	}
	return nil
}

// freeMemory is how far back windows are followed to know where the last one began.
const (
	freeEntry  = 72 * time.Hour
	freeMemory = 30 * 24 * time.Hour
)

const sqlGateFree = `
SELECT a.account_id, a.identity_id, a.sent_at FROM identities i
JOIN actions a ON a.workspace_id = i.workspace_id AND a.identity_id = i.id
WHERE i.id = ANY($1) AND a.sent_at > $2 AND a.cost_reason = 'free_entry_point'
ORDER BY a.sent_at`
