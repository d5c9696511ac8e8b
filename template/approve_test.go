package template_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
	"ponte/template"
	"ponte/testkit"
)

// Whoever wrote a text does not approve it by a token that they made either, nor the other way round.
func TestNobodyApprovesTheirOwnTextByAToken(t *testing.T) {
	t.Parallel()
	ctx, db := context.Background(), testkit.Database(t)
	id := func(stmt string, args ...any) (n int64) {
		t.Helper()
		if err := db.Get(&n, stmt, args...); err != nil {
			t.Fatal(err)
		}
		return n
	}
	ws := id(`INSERT INTO workspaces (name, brand) VALUES ('home', 'Bondi Kayaks') RETURNING id`)
	account := id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', 'n', 'http://127.0.0.1:1', '', 'w', '61255500101') RETURNING id`, ws)
	var user, token [2]int64
	for i := range user {
		user[i] = id(`INSERT INTO users (email, password_hash) VALUES ($1, 'none') RETURNING id`, fmt.Sprintf("u%d@home.example", i))
		id(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'admin') RETURNING user_id`, ws, user[i])
		token[i] = id(`INSERT INTO api_tokens (workspace_id, name, hash, role, created_by) VALUES ($1, 't', $2, 'admin', $3) RETURNING id`, ws, []byte{byte(i)}, user[i])
	}
	shell := id(`INSERT INTO api_tokens (workspace_id, name, hash, role) VALUES ($1, 't', 'x', 'admin') RETURNING id`, ws)
	by := func(kind string, n int64) template.Who {
		w := template.Who{Actor: fmt.Sprintf("%s:%d", kind, n)}
		if kind == "user" {
			w.UserID = n
		}
		return w
	}
	for i, c := range []struct {
		author, approver template.Who
		refused          bool
	}{
		{by("user", user[0]), by("user", user[0]), true},
		{by("user", user[0]), by("token", token[0]), true},
		{by("token", token[0]), by("user", user[0]), true},
		{by("user", user[0]), by("token", token[1]), false},
		{by("token", token[0]), by("user", user[1]), false},
		{by("token", shell), by("token", shell), true},
		{by("token", shell), by("user", user[0]), false},
	} {
		err := inbox.InTx(ctx, db, func(tx *sqlx.Tx) error {
			draft, err := template.Add(ctx, tx, ws, template.NewDraft{AccountID: account, Name: fmt.Sprintf("order_%d", i), Language: "en",
				Definition: template.Definition{Category: template.Utility, Body: fmt.Sprintf("Order number %d has left our house.", i)}}, c.author.Actor)
			if err != nil {
				return err
			}
			return template.Approve(ctx, tx, ws, draft, 1, c.approver)
		})
		if c.refused != fault.Is(err, fault.Forbidden) || !c.refused && err != nil {
			t.Errorf("written by %s, approved by %s: %v", c.author.Actor, c.approver.Actor, err)
		}
	}
}
