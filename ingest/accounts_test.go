package ingest

import (
	"testing"
	"time"

	"ponte/channels"
	"ponte/testkit"
)

// Whoever connects an account and replays what waits for it must not come too early.
func TestANewAccountIsKnownAtOnce(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	changed := make(chan struct{}, 1)
	now := time.Now()
	d := NewDirectory(db)
	d.now, d.Changed = func() time.Time { return now }, changed
	found := func() bool {
		t.Helper()
		a, err := d.Find(t.Context(), channels.Messenger, "11")
		if err != nil {
			t.Fatal(err)
		}
		return a != nil
	}
	if found() {
		t.Fatal("an account that nobody connected is known")
	}
	if _, err := db.Exec(`WITH w AS (INSERT INTO workspaces (name) VALUES ('home') RETURNING id)
		INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed) SELECT id, 'facebook', '11', 'x', '' FROM w`); err != nil {
		t.Fatal(err)
	}
	if found() {
		t.Error("unknown ids make it read the accounts again and again")
	}
	changed <- struct{}{}
	if !found() {
		t.Error("it was told of a new account and does not know it")
	}
	if _, err := db.Exec(`UPDATE accounts SET removed_at = now()`); err != nil {
		t.Fatal(err)
	}
	changed <- struct{}{}
	if found() {
		t.Error("it was told that an account is gone and still takes events for it")
	}
}
