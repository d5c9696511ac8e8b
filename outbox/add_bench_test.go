package outbox

import (
	"context"
	"fmt"
	"testing"
	"time"

	"ponte/channels"
	"ponte/testkit"
)

// BenchmarkAdd writes batches of 200 actions, as one batch of events makes them.
func BenchmarkAdd(b *testing.B) {
	db := testkit.Database(b)
	ctx := context.Background()
	var ws, account int64
	if err := db.Get(&ws, `INSERT INTO workspaces (name) VALUES ('w') RETURNING id`); err != nil {
		b.Fatal(err)
	}
	if err := db.Get(&account, `INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed) VALUES ($1, 'instagram', '2', 'http://127.0.0.1', 'x') RETURNING id`, ws); err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		actions := make([]Action, 200)
		for i := range actions {
			n++
			actions[i] = Action{WorkspaceID: ws, AccountID: account, Purpose: "moderation", Origin: "policy", Dedupe: fmt.Sprint("k", n), ValidUntil: time.Now().Add(time.Hour),
				Call: channels.Call{Kind: channels.HideComment, Channel: channels.Instagram, CommentID: fmt.Sprint(n)}}
		}
		tx := db.MustBegin()
		if _, err := Add(ctx, tx, actions); err != nil {
			b.Fatal(err)
		}
		if err := tx.Commit(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "actions/s")
}
