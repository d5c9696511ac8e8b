package prices

import (
	"testing"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/testkit"
)

type bench struct {
	*testing.T
	db *sqlx.DB
	ws int64
}

func setup(t *testing.T) bench {
	t.Parallel()
	b := bench{t, testkit.Database(t), 0}
	if err := b.db.Get(&b.ws, `INSERT INTO workspaces (name) VALUES ('w') RETURNING id`); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b bench) load(rows string) File {
	b.Helper()
	tx := b.db.MustBegin()
	defer tx.Rollback()
	f, err := Import(b.Context(), tx, b.ws, "card.csv", "user:1", []byte(head+rows))
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		b.Fatal(err)
	}
	return f
}

func (b bench) want(country, category, day, currency string, micros int64, known bool) {
	b.Helper()
	k := Key{b.ws, country, category, day}
	found, err := Lookup(b.Context(), b.db, []Key{k, k, {b.ws + 1, country, category, day}})
	if err != nil {
		b.Fatal(err)
	}
	got, _, ok := found[k].In(currency)
	if ok != known || got != micros {
		b.Errorf("%s %s on %s in %s: %d, %v; want %d, %v", country, category, day, currency, got, ok, micros, known)
	}
	if other := found[Key{b.ws + 1, country, category, day}]; len(other) != 0 {
		b.Errorf("another workspace has the prices: %v", other)
	}
}

func TestWhichPriceHolds(t *testing.T) {
	b := setup(t)
	b.load("IT,marketing,2026-07-01,EUR,0.06\nIT,marketing,2026-07-01,USD,0.07\n*,marketing,2026-01-01,EUR,0.10\nIT,utility,2026-07-01,EUR,0\n")
	second := b.load("IT,marketing,2026-10-01,EUR,0.05\n")
	b.want("IT", "marketing", "2026-06-30", "EUR", 100_000, true) // before its own price holds the one for everywhere
	b.want("IT", "marketing", "2026-07-01", "EUR", 60_000, true)
	b.want("IT", "marketing", "2026-09-30", "EUR", 60_000, true)
	b.want("IT", "marketing", "2026-10-01", "EUR", 50_000, true)
	b.want("IT", "marketing", "2026-10-01", "USD", 70_000, true)
	b.want("IT", "marketing", "2026-10-01", "AUD", 0, false)
	b.want("IT", "marketing", "2026-10-01", "", 0, false) // two currencies: which is meant is not known
	b.want("FR", "marketing", "2026-10-01", "EUR", 100_000, true)
	b.want("IT", "utility", "2026-10-01", "", 0, true) // known to be nothing
	b.want("FR", "utility", "2026-10-01", "EUR", 0, false)
	b.want("IT", "marketing", "2025-12-31", "EUR", 0, false)

	corrected := b.load("IT,marketing,2026-10-01,EUR,0.055\n")
	b.want("IT", "marketing", "2026-11-01", "EUR", 55_000, true)
	for _, f := range []File{corrected, second} {
		if _, err := Withdraw(b.Context(), b.db, b.ws, f.ID, "user:1"); err != nil {
			t.Fatal(err)
		}
	}
	b.want("IT", "marketing", "2026-11-01", "EUR", 60_000, true)
	files, err := Files(b.Context(), b.db, b.ws)
	if err != nil || len(files) != 3 || files[0].Version != 3 || files[0].WithdrawnAt == nil || files[2].Rows != 4 || files[2].Currencies != "EUR, USD" {
		t.Errorf("%+v, %v", files, err)
	}
	if _, err := Withdraw(b.Context(), b.db, b.ws, second.ID, "user:1"); !fault.Is(err, fault.Conflict) {
		t.Errorf("taken out twice: %v", err)
	}
	if _, err := Withdraw(b.Context(), b.db, b.ws+1, second.ID, "user:1"); !fault.Is(err, fault.NotFound) {
		t.Errorf("by another workspace: %v", err)
	}
}

func TestTheSameFileTwice(t *testing.T) {
	b := setup(t)
	f := b.load("IT,marketing,2026-07-01,EUR,0.06\n")
	again := func() error {
		tx := b.db.MustBegin()
		defer tx.Rollback()
		_, err := Import(b.Context(), tx, b.ws, "card.csv", "user:1", []byte(head+"IT,marketing,2026-07-01,EUR,0.06\n"))
		return err
	}
	if err := again(); !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if _, err := Withdraw(b.Context(), b.db, b.ws, f.ID, "user:1"); err != nil {
		t.Fatal(err)
	}
	if err := again(); err != nil {
		t.Errorf("what was taken out cannot be imported again: %v", err)
	}
}
