package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/prices"
)

const priceFile = "country,category,effective_from,currency,price\nIT,marketing,2020-01-01,EUR,0.06\nIT,utility,2020-01-01,EUR,0.03\nAU,marketing,2020-01-01,EUR,0.09\n"

func (b *bench) prices(body string) prices.File {
	b.t.Helper()
	var f prices.File
	b.tx(func(tx *sqlx.Tx) (err error) {
		f, err = prices.Import(b.t.Context(), tx, b.ws, "card.csv", "cli", []byte(body))
		return err
	})
	return f
}

func (b *bench) tx(do func(*sqlx.Tx) error) {
	b.t.Helper()
	tx := b.db.MustBegin()
	defer tx.Rollback()
	if err := do(tx); err != nil {
		b.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) set1(settings string) {
	b.t.Helper()
	b.exec(`UPDATE workspaces SET settings = settings || $1::jsonb`, settings)
}

// offers are offers to as many people who agreed.
func (b *bench) offers(n int) []work {
	out := make([]work, n)
	for i := range out {
		b.people++
		phone := fmt.Sprintf("39333%06d", 5000+b.people)
		a := b.offer(fmt.Sprint("offer", b.people))
		a.ContactID, a.IdentityID, a.ThreadID, a.ConversationID = b.person(phone)
		a.Call.Phone = phone
		e := b.entry(consent.Grant)
		e.Personal = consent.Personal{ContactID: a.ContactID, Address: "phone:" + phone}
		if err := b.ledger.Append(b.t.Context(), b.db, []consent.Entry{e}); err != nil {
			b.t.Fatal(err)
		}
		out[i] = a
	}
	return out
}

func (b *bench) cost(id int64) string {
	b.t.Helper()
	return b.text(`SELECT concat_ws(' ', cost_state, cost_micros, nullif(cost_currency, ''), nullif(cost_country, ''), nullif(cost_category, ''), nullif(cost_reason, '')) FROM actions WHERE id = $1`, id)
}

func TestWithoutABudgetAnUnknownPriceGoesAndIsShown(t *testing.T) {
	b := setup(t)
	got := b.add(b.offers(1)...)
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	if c := b.cost(got[0].ID); c != "unknown IT marketing no price file names marketing in IT on this day" {
		t.Error(c)
	}
}

func TestBudgetsHoldAndLetGo(t *testing.T) {
	b := setup(t)
	b.set1(`{"budget_day_micros":130000,"currency":"EUR"}`)
	got := b.add(b.offers(4)...)
	s := b.sender()
	b.drain(s)
	for _, a := range got {
		b.want(a.ID, "held:price_unknown")
	}
	b.prices(priceFile)
	b.tx(func(tx *sqlx.Tx) error { return Reconsider(t.Context(), tx, b.ws, MoneyReasons...) })
	again := func() {
		t.Helper()
		if err := s.tidy(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.drain(s)
	}
	again()
	states := map[string]int{}
	for _, a := range got {
		states[b.state(a.ID)]++
	}
	if states["done"] != 2 || states["held:budget_day"] != 2 {
		t.Fatalf("of 0.13 at 0.06 each two should leave: %v", states)
	}
	again() // nothing changed: what is held is not judged over and over
	if n := len(b.net.order); n != 2 {
		t.Errorf("%d left", n)
	}
	b.advance(25 * time.Hour)
	b.exec(`UPDATE actions SET valid_until = $1 WHERE state = 'held'`, b.now().Add(time.Hour))
	again()
	if n := len(b.net.order); n != 4 {
		t.Errorf("%d left by the next day, want 4", n)
	}
	spent, err := prices.Since(t.Context(), b.db, b.ws, "EUR", b.now().Add(-100*time.Hour))
	if err != nil || spent.Micros != 240000 || spent.Messages != 4 {
		t.Errorf("%+v, %v", spent, err)
	}
}

func TestACampaignsBudgetIsItsOwn(t *testing.T) {
	b := setup(t)
	b.prices(priceFile)
	campaign := b.id(`INSERT INTO campaigns (workspace_id, name, budget_micros, budget_currency) VALUES ($1, 'spring', 60000, 'EUR') RETURNING id`, b.ws)
	dollars := b.id(`INSERT INTO campaigns (workspace_id, name, budget_micros, budget_currency) VALUES ($1, 'dollars', 60000000, 'USD') RETURNING id`, b.ws)
	list := b.offers(4)
	list[0].CampaignID, list[1].CampaignID, list[2].CampaignID = campaign, campaign, dollars
	got := b.add(list...)
	b.drain(b.sender())
	states := map[string]int{}
	for _, a := range got[:2] {
		states[b.state(a.ID)]++
	}
	if states["done"] != 1 || states["held:budget_campaign"] != 1 {
		t.Errorf("%v", states)
	}
	b.want(got[2].ID, "held:price_unknown") // a budget in dollars cannot be held against a price in euro
	b.want(got[3].ID, "done")
}

// Two replicas that claim at once do not each spend what is left.
func TestTwoSendersShareABudget(t *testing.T) {
	b := setup(t)
	b.prices(priceFile)
	b.set1(`{"budget_month_micros":600000,"currency":"EUR"}`)
	b.add(b.offers(40)...)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			s := b.sender()
			s.Batch, s.PerAccount = 5, 5
			for range 25 {
				if _, err := s.Step(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := len(b.net.order); n != 10 {
		t.Errorf("%d offers at 0.06 left on a budget of 0.60", n)
	}
}

func TestWhatTheNetworkChargedTakesThePlaceOfTheEstimate(t *testing.T) {
	b := setup(t)
	b.prices(priceFile)
	receipt := func(a work, status, pricing, category string) {
		t.Helper()
		external := b.text(`SELECT external_id FROM actions WHERE id = $1`, a.ID)
		detail, _ := json.Marshal(channels.Receipt{Pricing: pricing, Category: category})
		r := Receipt{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: external, Status: status, At: b.now(), Detail: detail}
		b.tx(func(tx *sqlx.Tx) error { return ApplyReceipts(t.Context(), tx, b.ledger, []Receipt{r}) })
	}
	got := b.add(b.offers(4)...)
	b.drain(b.sender())
	if c := b.cost(got[0].ID); c != "estimated 60000 EUR IT marketing" {
		t.Error(c)
	}
	receipt(got[0], "sent", "regular", "utility") // the network counts it as another category
	if c := b.cost(got[0].ID); c != "charged 30000 EUR IT utility" {
		t.Error(c)
	}
	receipt(got[0], "delivered", "regular", "utility")
	if c := b.cost(got[0].ID); c != "charged 30000 EUR IT utility" {
		t.Error(c)
	}
	receipt(got[1], "sent", "free_entry_point", "referral_conversion")
	if c := b.cost(got[1].ID); c != "free EUR IT referral_conversion free_entry_point" {
		t.Error(c)
	}
	receipt(got[2], "failed", "", "")
	if c := b.cost(got[2].ID); c != "free EUR IT marketing not_delivered" {
		t.Error(c)
	}
	receipt(got[3], "sent", "regular", "authentication") // no price file names it
	if c := b.cost(got[3].ID); c != "unknown 60000 EUR IT authentication the price files do not name it" {
		t.Error(c)
	}
	// In the free window that the network told of, the next template is free too.
	next := b.offer("next")
	next.ContactID, next.IdentityID, next.ThreadID, next.ConversationID = got[1].ContactID, got[1].IdentityID, got[1].ThreadID, got[1].ConversationID
	next.Call.Phone, next.ValidUntil = got[1].Call.Phone, b.now().Add(72*time.Hour)
	b.advance(25 * time.Hour)
	more := b.add(next)
	b.drain(b.sender())
	if c := b.cost(more[0].ID); c != "free IT referral_conversion free_entry_point" {
		t.Error(c)
	}
}

// What the network charged by a category that no price file names is unknown and not nothing: a budget has no more room by it.
func TestAnUnknownChargeMakesNoRoomInABudget(t *testing.T) {
	b := setup(t)
	b.prices(priceFile)
	b.set1(`{"budget_day_micros":130000,"currency":"EUR"}`)
	got := b.add(b.offers(3)...)
	s := b.sender()
	b.drain(s)
	for _, a := range got[:2] {
		detail, _ := json.Marshal(channels.Receipt{Pricing: "regular", Category: "authentication"})
		r := Receipt{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: b.text(`SELECT external_id FROM actions WHERE id = $1`, a.ID), Status: "sent", At: b.now(), Detail: detail}
		b.tx(func(tx *sqlx.Tx) error { return ApplyReceipts(t.Context(), tx, b.ledger, []Receipt{r}) })
	}
	b.tx(func(tx *sqlx.Tx) error { return Reconsider(t.Context(), tx, b.ws, MoneyReasons...) })
	if err := s.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.drain(s)
	b.want(got[2].ID, "held:budget_day")
}

// The free window of an ad lasts 72 hours from its first message, however many go out in it: one near its end opens no other.
func TestTheFreeWindowEndsThoughMoreWasSentInIt(t *testing.T) {
	b := setup(t)
	b.prices(priceFile)
	b.exec(`UPDATE workspaces SET settings = settings || '{"cap_day":10,"cap_month":10}'`)
	b.set(time.Date(2026, 5, 5, 10, 0, 0, 0, time.UTC)) // a Tuesday
	who := b.offers(1)[0]
	send := func(key string) int64 {
		t.Helper()
		a := who
		a.Dedupe, a.NotBefore, a.ValidUntil = key, b.now(), b.now().Add(72*time.Hour)
		got := b.add(a)
		b.drain(b.sender())
		b.want(got[0].ID, "done")
		return got[0].ID
	}
	free := func(id int64) bool { return b.text(`SELECT cost_state FROM actions WHERE id = $1`, id) == "free" }
	first := send("first")
	detail, _ := json.Marshal(channels.Receipt{Pricing: "free_entry_point", Category: "referral_conversion"})
	r := Receipt{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: b.text(`SELECT external_id FROM actions WHERE id = $1`, first), Status: "sent", At: b.now(), Detail: detail}
	b.tx(func(tx *sqlx.Tx) error { return ApplyReceipts(t.Context(), tx, b.ledger, []Receipt{r}) })
	b.advance(71 * time.Hour)
	if !free(send("within")) {
		t.Error("within 72 hours it is not free")
	}
	b.advance(24 * time.Hour)
	after := send("after")
	if free(after) {
		t.Error("96 hours after the first it is still free")
	}
	// The person comes from another ad: the network says so again, and another window is open.
	r.ExternalID, r.At = b.text(`SELECT external_id FROM actions WHERE id = $1`, after), b.now()
	b.tx(func(tx *sqlx.Tx) error { return ApplyReceipts(t.Context(), tx, b.ledger, []Receipt{r}) })
	b.advance(72*time.Hour - time.Minute)
	if !free(send("again")) {
		t.Error("within 72 hours of the second it is not free")
	}
}

// A status that comes before the answer of the call is not lost for the price.
func TestAPriceReportedBeforeTheAnswer(t *testing.T) {
	b := setup(t)
	b.prices(priceFile)
	b.net.answer = func(c channels.Call) (bool, channels.Result, error) {
		detail, _ := json.Marshal(channels.Receipt{Pricing: "regular", Category: "utility"})
		r := Receipt{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "wamid.early", Status: "sent", At: b.now(), Detail: detail}
		tx := b.db.MustBegin()
		defer tx.Rollback()
		if err := ApplyReceipts(context.Background(), tx, b.ledger, []Receipt{r}); err != nil {
			t.Error(err)
		}
		if err := tx.Commit(); err != nil {
			t.Error(err)
		}
		return true, channels.Result{ID: "wamid.early"}, nil
	}
	got := b.add(b.offers(1)...)
	b.drain(b.sender())
	if c := b.cost(got[0].ID); c != "charged 30000 EUR IT utility" {
		t.Error(c)
	}
}

func TestATemplateThatTheNetworkHoldsBackIsNotSentOn(t *testing.T) {
	b := setup(t)
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return true, channels.Result{ID: fmt.Sprint("wamid.", len(b.net.order)), Status: "held_for_quality_assessment"}, nil
	}
	s := b.sender()
	s.Batch = 1
	got := b.add(b.offers(2)...)
	b.drain(s)
	b.want(got[0].ID, "done")
	b.want(got[1].ID, "held:template_pacing")
	b.tx(func(tx *sqlx.Tx) error {
		return ApplyReceipts(t.Context(), tx, b.ledger, []Receipt{{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "wamid.0", Status: "delivered", At: b.now()}})
	})
	b.advance(20 * time.Minute)
	if err := s.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.drain(s)
	b.want(got[1].ID, "done")

	b.exec(`UPDATE templates SET quality = 'RED'`)
	more := b.add(b.offers(1)...)
	b.drain(s)
	b.want(more[0].ID, "held:template_quality")
}
