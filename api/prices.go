package api

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/gate"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/prices"
)

// Cost is what one action costs.
type Cost struct {
	State    string `json:"state" enum:"free,estimated,charged,unknown," doc:"estimated: by the price file when it left; charged: as the network reported; unknown is never zero; empty: not sent yet"`
	Micros   *int64 `json:"micros" doc:"Millionths of the currency; null where it is not known or nothing"`
	Currency string `json:"currency"`
	Country  string `json:"country"`
	Category string `json:"category" doc:"As the network charges"`
	Reason   string `json:"reason" doc:"Why it is free, or not known"`
}

// Spent is what went out at a price.
type Spent struct {
	Micros   int64 `json:"micros"`
	Messages int   `json:"messages" doc:"With a price above zero"`
	Unknown  int   `json:"unknown" doc:"Messages at an unknown price: more was spent than the sum says"`
	Other    int   `json:"other_currency" doc:"Messages priced in another currency, which are not in the sum"`
}

// PriceFile is one imported version.
type PriceFile struct {
	ID          int64      `json:"id"`
	Version     int        `json:"version"`
	Name        string     `json:"name"`
	Rows        int        `json:"rows"`
	Currencies  string     `json:"currencies"`
	From        string     `json:"from" doc:"The first day from which one of its prices holds"`
	To          string     `json:"to" doc:"The last such day"`
	ImportedBy  string     `json:"imported_by"`
	ImportedAt  time.Time  `json:"imported_at"`
	WithdrawnBy *string    `json:"withdrawn_by"`
	WithdrawnAt *time.Time `json:"withdrawn_at"`
}

func showPriceFile(f prices.File) PriceFile {
	return PriceFile{f.ID, f.Version, f.Name, f.Rows, f.Currencies, f.From.Format(time.DateOnly), f.To.Format(time.DateOnly), f.ImportedBy, f.ImportedAt.UTC(), f.WithdrawnBy, utc(f.WithdrawnAt)}
}

func (s *Server) listPriceFiles(ctx context.Context, who *caller, _ *struct{}) (Page[PriceFile], error) {
	list, err := prices.Files(ctx, s.DB, who.WorkspaceID)
	return pageOf(each(list, showPriceFile), ""), err
}

type priceFileIn struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"200" doc:"Of the file, for people"`
		Text string `json:"text" maxLength:"3000000" doc:"CSV whose first line names country, category, effective_from, currency and price"`
	}
}

func (s *Server) importPrices(ctx context.Context, who *caller, in *priceFileIn) (PriceFile, error) {
	return s.onPrices(ctx, who, "import", func(tx *sqlx.Tx) (prices.File, error) {
		return prices.Import(ctx, tx, who.WorkspaceID, in.Body.Name, who.Actor(), []byte(in.Body.Text))
	})
}

func (s *Server) withdrawPrices(ctx context.Context, who *caller, in *emptyIn) (PriceFile, error) {
	return s.onPrices(ctx, who, "withdraw", func(tx *sqlx.Tx) (prices.File, error) {
		return prices.Withdraw(ctx, tx, who.WorkspaceID, in.ID, who.Actor())
	})
}

// onPrices changes the price files; what waits for a price or a budget is judged again.
func (s *Server) onPrices(ctx context.Context, who *caller, verb string, do func(tx *sqlx.Tx) (prices.File, error)) (PriceFile, error) {
	var out prices.File
	err := s.change(ctx, func(tx *sqlx.Tx) (err error) {
		if out, err = do(tx); err != nil {
			return err
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "prices."+verb, fmt.Sprintf("price_file:%d", out.ID), map[string]any{"version": out.Version, "rows": out.Rows}); err != nil {
			return err
		}
		if err := outbox.Reconsider(ctx, tx, who.WorkspaceID, outbox.MoneyReasons...); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "workspace", ObjectID: who.WorkspaceID})
	})
	return showPriceFile(out), err
}

// BudgetState is a budget with what was spent of it.
type BudgetState struct {
	Spent
	Limit *int64 `json:"limit_micros" doc:"null: no limit"`
}

// CampaignSpending is what a campaign spent.
type CampaignSpending struct {
	CampaignID int64  `json:"campaign_id"`
	Name       string `json:"name"`
	Currency   string `json:"currency"`
	BudgetState
}

// Spending is what messages cost, against the budgets.
type Spending struct {
	Currency  string             `json:"currency" doc:"Empty: neither set nor told by the price files"`
	DayFrom   time.Time          `json:"day_from" doc:"Where the workspace's local day began"`
	Day       BudgetState        `json:"day"`
	Month     BudgetState        `json:"month"`
	Campaigns []CampaignSpending `json:"campaigns" doc:"Those with a budget, or that spent something in the last 90 days"`
}

func (s *Server) spending(ctx context.Context, who *caller, _ *struct{}) (Spending, error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Spending{}, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return Spending{}, err
	}
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		return Spending{}, fault.Field("time_zone", "the workspace's time zone is not known; correct it in the settings")
	}
	out := Spending{DayFrom: prices.DayStart(s.Now(), zone).UTC(), Day: BudgetState{Limit: settings.BudgetDayMicros}, Month: BudgetState{Limit: settings.BudgetMonthMicros}}
	if out.Currency, err = prices.Currency(ctx, s.DB, w.ID, settings.Currency); err != nil {
		return out, err
	}
	day, err := prices.Since(ctx, s.DB, w.ID, out.Currency, out.DayFrom)
	if err != nil {
		return out, err
	}
	month, err := prices.Since(ctx, s.DB, w.ID, out.Currency, prices.MonthStart(s.Now(), zone))
	out.Day.Spent, out.Month.Spent = Spent(day), Spent(month)
	if err != nil {
		return out, err
	}
	list, err := prices.OnCampaigns(ctx, s.DB, w.ID, out.Currency, s.Now().AddDate(0, 0, -90))
	out.Campaigns = each(list, func(c prices.Campaign) CampaignSpending {
		return CampaignSpending{c.ID, c.Name, c.Currency, BudgetState{Spent(c.Spent), c.Limit}}
	})
	return out, err
}

// costOfConversation is what a conversation cost so far, in the workspace's currency.
func (s *Server) costOfConversation(ctx context.Context, workspace, id int64) (ConversationCost, error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, workspace)
	if err != nil {
		return ConversationCost{}, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return ConversationCost{}, err
	}
	out := ConversationCost{}
	if out.Currency, err = prices.Currency(ctx, s.DB, workspace, settings.Currency); err != nil {
		return out, err
	}
	all, err := prices.OnConversations(ctx, s.DB, workspace, out.Currency, []int64{id})
	out.Spent = Spent(all[id])
	return out, err
}

// ConversationCost is what a conversation cost so far.
type ConversationCost struct {
	Currency string `json:"currency"`
	Spent
}

// Objection is one thing that stands in the way of an action.
type Objection struct {
	Verb    string     `json:"verb" enum:"allow,refuse,defer,hold,expire"`
	Code    string     `json:"code"`
	Meaning string     `json:"meaning"`
	Until   *time.Time `json:"until"`
}

// GateAnswer is what the gate would say now.
type GateAnswer struct {
	Verb       string      `json:"verb" enum:"allow,refuse,defer,hold,expire"`
	Purpose    string      `json:"purpose"`
	Objections []Objection `json:"objections" doc:"Everything that stands in the way; the first decides"`
	Cost       Cost        `json:"cost"`
}

func showAnswer(e gate.Explanation) GateAnswer {
	out := GateAnswer{Verb: string(e.Verb), Purpose: string(e.Purpose), Cost: Cost{State: e.Cost.State, Currency: e.Cost.Currency, Country: e.Cost.Country, Category: e.Cost.Category, Reason: e.Cost.Reason}}
	if e.Cost.State == gate.CostEstimated {
		out.Cost.Micros = &e.Cost.Micros
	}
	out.Objections = each(e.Objections, func(d gate.Decision) Objection {
		o := Objection{Verb: string(d.Verb), Code: d.Code, Meaning: d.Meaning}
		if !d.Until.IsZero() {
			o.Until = utc(&d.Until)
		}
		return o
	})
	return out
}

// askGate says why an action waits, and what it would cost. Nothing is changed by asking.
func (s *Server) askGate(ctx context.Context, who *caller, in *ByID) (GateAnswer, error) {
	e, err := outbox.ExplainAction(ctx, s.DB, s.Ledger, who.WorkspaceID, in.ID, s.Now())
	return showAnswer(e), err
}
