package template

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
	"ponte/testkit"
)

// meta stands in for the network's list of templates, two on a page.
type meta struct {
	names []string
	asked []int64 // accounts, one for each page
	fails error
}

func (m *meta) list(_ context.Context, a channels.Account, cursor string) (channels.Page[channels.NetworkTemplate], error) {
	m.asked = append(m.asked, a.Row)
	var page channels.Page[channels.NetworkTemplate]
	from := 0
	if _, err := fmt.Sscan(cursor, &from); cursor != "" && err != nil {
		return page, err
	}
	for i := from; i < len(m.names); i++ {
		if i == from+2 {
			page.Next = fmt.Sprint(i)
			return page, m.fails
		}
		page.Items = append(page.Items, channels.NetworkTemplate{ID: m.names[i], Name: m.names[i], Language: "en", Category: "UTILITY", Status: "APPROVED", Components: []byte(`[{"type":"BODY","text":"x"}]`)})
	}
	return page, nil
}

func TestTemplatesAreReadByTheClock(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	now := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	net := &meta{names: []string{"a", "b", "c", "d", "e"}}
	var ws int64
	get(t, db, &ws, `INSERT INTO workspaces (name) VALUES ('w') RETURNING id`)
	account := func(external, waba, state string) (id int64) {
		get(t, db, &id, `INSERT INTO accounts (workspace_id, channel, external_id, name, base_url, token_sealed, waba_id, phone, state) VALUES ($1, 'whatsapp', $2, $2, 'http://127.0.0.1', 'x', $3, $2, $4) RETURNING id`, ws, external, waba, state)
		return id
	}
	gone := account("100", "w1", "needs_reauthorisation")
	first, second, other := account("101", "w1", "connected"), account("102", "w1", "connected"), account("103", "w2", "connected")
	y := &Syncer{DB: db, List: net.list, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Open: func(_ context.Context, _, id int64) (channels.Account, error) { return channels.Account{Row: id}, nil }}
	turn := func() (n int) {
		t.Helper()
		for {
			more, err := y.Once(t.Context())
			if err != nil && fault.KindOf(err) != fault.Unavailable {
				t.Fatal(err)
			}
			if !more {
				return n
			}
			n++
		}
	}
	if n := turn(); n != 2 || fmt.Sprint(net.asked) != fmt.Sprint([]int64{first, first, first, other, other, other}) {
		t.Fatalf("%d business accounts were read, by the accounts %v; want each once, by %d and %d", n, net.asked, first, other)
	}
	var kept int
	get(t, db, &kept, `SELECT count(*) FROM templates`)
	if kept != 10 {
		t.Errorf("%d templates were kept, want five of each", kept)
	}
	reading := func(id int64) Reading {
		a, err := inbox.LoadAccount(t.Context(), db, ws, id)
		if err != nil {
			t.Fatal(err)
		}
		return ReadingOf(a)
	}
	for _, id := range []int64{gone, first, second, other} {
		if r := reading(id); r.At == nil || !r.At.Equal(now) || r.Templates != 5 || r.Note != "" {
			t.Errorf("account %d: %+v", id, r)
		}
	}
	now = now.Add(59 * time.Minute)
	if n := turn(); n != 0 {
		t.Errorf("%d were read again within the hour", n)
	}
	now = now.Add(8 * time.Minute)
	net.fails = errors.New("too many calls")
	turn()
	if r := reading(first); r.Note == "" || !r.At.Equal(now.Add(-67*time.Minute)) {
		t.Errorf("after a reading that failed: %+v", r)
	}
	var deleted int
	get(t, db, &deleted, `SELECT count(*) FROM templates WHERE deleted_at IS NOT NULL`)
	if deleted != 0 {
		t.Errorf("half a list deleted %d templates", deleted)
	}
	net.fails, net.names = nil, net.names[1:]
	if n, err := y.Workspace(t.Context(), ws); err != nil || n != 8 {
		t.Errorf("by hand: %d, %v", n, err)
	}
	if r := reading(first); r.Note != "" || !r.At.Equal(now) || r.Templates != 4 {
		t.Errorf("after it was read by hand: %+v", r)
	}
}

func get(t *testing.T, db *sqlx.DB, into any, stmt string, args ...any) {
	t.Helper()
	if err := db.Get(into, stmt, args...); err != nil {
		t.Fatal(err)
	}
}

// A template belongs to the business account. When another of its numbers reads the list, because the one that did is no
// longer connected, each template stays the one it is: listed once, paused where a member paused it.
func TestAnotherNumberReadsTheSameTemplates(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	now := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	net := &meta{names: []string{"a"}}
	var ws, first, second, id int64
	get(t, db, &ws, `INSERT INTO workspaces (name) VALUES ('w') RETURNING id`)
	for n, into := range []*int64{&first, &second} {
		get(t, db, into, `INSERT INTO accounts (workspace_id, channel, external_id, name, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', $2, $2, 'http://127.0.0.1', 'x', 'w1', $2) RETURNING id`, ws, fmt.Sprint(n))
	}
	y := &Syncer{DB: db, List: net.list, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler),
		Open: func(_ context.Context, _, id int64) (channels.Account, error) { return channels.Account{Row: id}, nil }}
	read := func() {
		t.Helper()
		if _, err := y.Workspace(t.Context(), ws); err != nil {
			t.Fatal(err)
		}
	}
	read()
	get(t, db, &id, `SELECT id FROM templates`)
	if _, err := db.Exec(`UPDATE templates SET paused_by = 'user:1', paused_at = now()`); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE accounts SET state = 'removed', removed_at = now() WHERE id = $1`, first); err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	read()
	list, err := List(t.Context(), db, ws, second, false)
	if err != nil || len(list) != 1 || list[0].ID != id || list[0].Sendable() == nil {
		t.Errorf("after another number read it: %+v, %v; want the one that was paused", list, err)
	}
	tx, err := db.Beginx()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	call := channels.Call{Kind: channels.SubmitTemplate, Definition: []byte(`{"name":"a","language":"en","category":"UTILITY","components":[{"type":"BODY","text":"y"}]}`)}
	if err := inbox.RecordTemplateCall(t.Context(), tx, ws, second, call, channels.Result{ID: "a", Status: "PENDING"}, now); err != nil {
		t.Fatal(err)
	}
	// Rows that two numbers made of one template before are shown once, as they were read last.
	if _, err := tx.Exec(`INSERT INTO templates (workspace_id, account_id, external_id, name, language, category, status, components, synced_at)
		VALUES ($1, $2, 'a', 'a', 'en', 'UTILITY', 'APPROVED', '[]', now() - interval '1 day')`, ws, second); err != nil {
		t.Fatal(err)
	}
	if list, err = List(t.Context(), tx, ws, 0, false); err != nil || len(list) != 1 || list[0].ID != id || list[0].Definition.Body != "y" {
		t.Errorf("after it was submitted by another number: %+v, %v", list, err)
	}
}
