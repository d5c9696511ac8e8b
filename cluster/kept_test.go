package cluster

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// oneConnection is a pool of one, and how many statements its connection has prepared by name.
func oneConnection(t *testing.T) (db *sqlx.DB, prepared func() int) {
	t.Helper()
	db, err := LoopPool(private(t).URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	return db, func() (n int) {
		t.Helper()
		if err := db.Get(&n, `SELECT count(*) FROM pg_prepared_statements WHERE name <> ''`); err != nil {
			t.Fatal(err)
		}
		return n
	}
}

// rested makes it seem that nothing ran on the connection for so long, and returns the one statement it has met.
func rested(t *testing.T, db *sqlx.DB, by time.Duration) (one keptStatement) {
	t.Helper()
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Raw(func(d any) error {
		for _, s := range d.(*keptConn).statements {
			s.last = s.last.Add(-by)
			one = *s
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return one
}

// What runs again and again is prepared, answers as it did, and outlives a table that changes beside it; what runs now
// and then is not. Its plan is made anew, first soon and then more rarely.
func TestStatementsThatRunAgainAreKept(t *testing.T) {
	t.Parallel()
	db, prepared := oneConnection(t)
	if _, err := db.Exec(`CREATE TABLE notes (id bigint PRIMARY KEY, body text, raw bytea, at timestamptz, tags text[])`); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 4, 5, 2, 30, 0, 0, time.UTC)
	type note struct {
		ID   int64
		Body *string
		Raw  []byte
		At   time.Time
		Tags pq.StringArray
	}
	ctx := t.Context()
	add := func(ctx context.Context, n int) {
		t.Helper()
		var got note
		body := fmt.Sprintf("così %d", n)
		if err := db.GetContext(ctx, &got, `INSERT INTO notes (id, body, raw, at, tags) SELECT $1, $2, $3, $4, $5 RETURNING id, body, raw, at, tags`,
			n, body, []byte{0, byte(n), 255}, at, pq.StringArray{"a,b", `"`}); err != nil {
			t.Fatal(err)
		}
		if got.ID != int64(n) || *got.Body != body || len(got.Raw) != 3 || got.Raw[1] != byte(n) || !got.At.Equal(at) || len(got.Tags) != 2 || got.Tags[1] != `"` {
			t.Fatalf("note %d reads %+v", n, got)
		}
	}
	add(ctx, 0)
	if n := prepared(); n != 0 {
		t.Errorf("%d statements are kept of one that ran once", n)
	}
	var plans []int // after how many uses a plan was made anew
	var before driver.Stmt
	for n := 1; n <= 200; n++ {
		add(ctx, n)
		if now := rested(t, db, 0).stmt; now != before {
			before, plans = now, append(plans, n)
		}
	}
	if n := prepared(); n != 1 || !slices.Equal(plans, []int{1, 3, 7, 15, 31, 63, 127, 191}) {
		t.Errorf("%d statements are kept of one that ran often, planned at its uses %v", n, plans)
	}
	rested(t, db, rest+time.Second)
	add(ctx, 201)
	if n := prepared(); n != 0 {
		t.Errorf("%d statements are kept after a rest", n)
	}
	if _, err := db.Exec(`DELETE FROM notes WHERE id <> 100`); err != nil {
		t.Fatal(err)
	}
	for range 4 { // within a transaction that is rolled back, and after an error in it
		tx, err := db.BeginTxx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE notes SET body = $2 WHERE id = $1`, 100, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO notes (id) VALUES ($1)`, 100); err == nil {
			t.Fatal("a second row of one id was taken")
		}
		if err := tx.Rollback(); err != nil {
			t.Fatal(err)
		}
	}
	read := func() error {
		var all []note
		err := db.SelectContext(ctx, &all, `SELECT * FROM notes WHERE id >= $1`, 100)
		if err == nil && (len(all) != 1 || all[0].Body == nil) {
			t.Errorf("read %d notes, the first %+v", len(all), all[0])
		}
		return err
	}
	for range 4 {
		if err := read(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Exec(`ALTER TABLE notes ALTER COLUMN body TYPE varchar(40)`); err != nil {
		t.Fatal(err)
	}
	var p *pq.Error
	if err := read(); err != nil && (!errors.As(err, &p) || p.Code != "0A000") {
		t.Errorf("after the table changed: %v", err)
	}
	if err := read(); err != nil {
		t.Errorf("once more: %v", err)
	}
}

// A connection keeps a bounded number of statements; the others run as they did.
func TestKeptStatementsAreBounded(t *testing.T) {
	t.Parallel()
	db, prepared := oneConnection(t)
	for range 2 {
		for i := range maxKept + 20 {
			var n int
			if err := db.GetContext(t.Context(), &n, fmt.Sprintf(`SELECT $1::int + %d`, i), 7); err != nil || n != 7+i {
				t.Fatalf("%d, %v", n, err)
			}
		}
	}
	if n := prepared(); n != maxKept {
		t.Errorf("%d are kept", n)
	}
	rested(t, db, rest+time.Second)
	for range 2 {
		if _, err := db.ExecContext(t.Context(), `SELECT $1::text`, "new"); err != nil {
			t.Fatal(err)
		}
	}
	if n := prepared(); n != 1 {
		t.Errorf("%d are kept after a rest, of which one ran since", n)
	}
}
