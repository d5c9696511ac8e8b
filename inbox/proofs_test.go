package inbox

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/testkit"
)

// home is one workspace with a row in each table whose rows others name.
type home struct {
	testing.TB
	db  *sqlx.DB
	ids map[string]int64
}

func newHome(t testing.TB, db *sqlx.DB, name string) *home {
	h := &home{t, db, map[string]int64{}}
	h.put("workspaces", `INSERT INTO workspaces (name) VALUES ($1) RETURNING id`, name)
	ws := h.ids["workspaces"]
	h.put("accounts", `INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed) VALUES ($1, 'instagram', $2, 'x', '') RETURNING id`, ws, name)
	account := h.ids["accounts"]
	h.put("posts", `INSERT INTO posts (workspace_id, account_id, external_id) VALUES ($1, $2, 'p') RETURNING id`, ws, account)
	h.put("contacts", `INSERT INTO contacts (workspace_id, name) VALUES ($1, 'x') RETURNING id`, ws)
	h.put("identities", `INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id) VALUES ($1, $2, 'instagram', $3, 'x') RETURNING id`, ws, h.ids["contacts"], account)
	h.put("triggers", `INSERT INTO triggers (workspace_id, name, state) VALUES ($1, 'x', 'paused') RETURNING id`, ws)
	h.put("events", h.sql("events", 1), ws, account, name)
	h.put("comments", h.sql("comments", 1), ws, account, name, h.ids["posts"], h.ids["identities"], h.ids["contacts"])
	h.put("verdicts", h.sql("verdicts", 1), ws)
	h.put("trigger_runs", h.sql("trigger_runs", 1), ws, name, h.ids["triggers"], h.ids["identities"], h.ids["events"])
	h.put("actions", h.sql("actions", 1), ws, account, name, h.ids["contacts"], h.ids["comments"])
	return h
}

func (h *home) put(table, stmt string, args ...any) {
	h.Helper()
	var id int64
	if err := h.db.Get(&id, stmt, args...); err != nil {
		h.Fatalf("%s: %v", table, err)
	}
	h.ids[table] = id
}

// sql inserts so many rows of a table with the parents in its parameters and the third or second one in
// what must be unique.
func (h *home) sql(table string, rows int) string {
	stmt := map[string]string{
		"events":       `INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, occurred_at, payload) SELECT $1, $2, $3 || n, 'comment.added', 'instagram', 1, now(), '{}'`,
		"contacts":     `INSERT INTO contacts (workspace_id, name) SELECT $1, 'x'`,
		"verdicts":     `INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, verdict) SELECT $1, 'comment', 1, 'allow', 'model', '{}'`,
		"comments":     `INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, text, commented_at, post_id, identity_id, contact_id) SELECT $1, $2, 'instagram', $3 || n, $3, 'x', now(), $4, $5, $6`,
		"trigger_runs": `INSERT INTO trigger_runs (workspace_id, scope, trigger_id, identity_id, event_id) SELECT $1, $2 || n, $3, $4, $5`,
		"actions":      `INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, token, dedupe, call, valid_until, contact_id, comment_id) SELECT $1, $2, 'comment.hide', 'moderation', 'policy', $3 || n, $3 || n, '{}', now(), $4, $5`,
	}[table]
	return stmt + fmt.Sprintf(` FROM generate_series(1, %d) AS n RETURNING id`, rows)
}

// The tables that every event writes have no foreign keys; what they name is proved all the same: no row
// names a parent of another workspace, or one that does not exist, and no parent vanishes.
func TestHotRowsNameOnlyWhatTheirWorkspaceHas(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	here, there := newHome(t, db, "here"), newHome(t, db, "there")
	ws, unique := here.ids["workspaces"], 0
	refused := func(what, stmt string, args ...any) {
		t.Helper()
		_, err := db.Exec(stmt, args...)
		if wrong := new(pq.Error); !errors.As(err, &wrong) || wrong.Code != "23503" {
			t.Errorf("%s: %v; want a refusal with 23503", what, err)
		}
	}
	for table, parents := range map[string][]string{
		"events": {"accounts"}, "comments": {"accounts", "posts", "identities", "contacts"}, "trigger_runs": {"triggers", "identities"}, "actions": {"accounts", "contacts", "comments"},
	} {
		args := func(parent string, id int64) []any {
			unique++
			of := func(p string) int64 {
				if p == parent {
					return id
				}
				return here.ids[p]
			}
			key := fmt.Sprint("k", unique)
			switch table {
			case "events":
				return []any{ws, of("accounts"), key}
			case "comments":
				return []any{ws, of("accounts"), key, of("posts"), of("identities"), of("contacts")}
			case "trigger_runs":
				return []any{ws, key, of("triggers"), of("identities"), here.ids["events"]}
			}
			return []any{ws, of("accounts"), key, of("contacts"), of("comments")}
		}
		if _, err := db.Exec(here.sql(table, 3), args("", 0)...); err != nil {
			t.Errorf("three sound rows of %s: %v", table, err)
		}
		for _, parent := range parents {
			var before, after int
			_ = db.Get(&before, `SELECT count(*) FROM `+table)
			refused(table+" of another workspace's "+parent, here.sql(table, 3), args(parent, there.ids[parent])...)
			refused(table+" of nobody's "+parent, here.sql(table, 1), args(parent, 1<<40)...)
			if _ = db.Get(&after, `SELECT count(*) FROM `+table); after != before {
				t.Errorf("%s has %d rows after a refusal, %d before", table, after, before)
			}
		}
	}
	for _, table := range []string{"contacts", "verdicts"} {
		refused(table+" of no workspace", here.sql(table, 2), int64(1<<40))
	}
	for table, columns := range map[string][]string{"comments": {"contact", "identity", "post"}, "actions": {"contact"}, "trigger_runs": {"identity"}} {
		for _, c := range columns {
			parent := map[string]string{"contact": "contacts", "identity": "identities", "post": "posts"}[c]
			refused(table+" moved to another workspace's "+c, `UPDATE `+table+` SET `+c+`_id = $2 WHERE id = $1`, here.ids[table], there.ids[parent])
		}
	}
	for _, table := range []string{"workspaces", "accounts", "posts", "triggers", "identities", "comments", "contacts"} {
		_, err := db.Exec(`DELETE FROM `+table+` WHERE id = $1`, here.ids[table])
		if wrong := new(pq.Error); !errors.As(err, &wrong) || wrong.Code != "23001" && wrong.Code != "23503" {
			t.Errorf("a row of %s that others name was deleted: %v", table, err)
		}
	}
}
