package ingest

import (
	"testing"
	"time"

	"ponte/channels"
	"ponte/testkit"
)

// Whoever connects an account and replays what waits for it must not come too early.
// WhatsApp's errors about a number name no time: the same trouble on another day is news again, the same
// delivery come again is not.
func TestTheSameTroubleOfANumberIsNewsAgain(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	trouble := b.encode(obj{"object": "whatsapp_business_account", "entry": []any{obj{"id": "200", "changes": []any{obj{"field": "messages", "value": obj{
		"messaging_product": "whatsapp", "metadata": obj{"phone_number_id": waID}, "errors": []any{obj{"code": 131052, "title": "Media download error"}}}}}}}})
	for i, step := range []struct {
		at   string
		want int64
	}{{"2026-03-01 10:10", 1}, {"2026-03-01 10:12", 1}, {"2026-03-02 10:10", 2}, {"2026-03-02 18:00", 3}} {
		b.receive(trouble)
		b.exec(`UPDATE deliveries SET received_at = ($1 || 'Z')::timestamptz WHERE state = 'pending'`, step.at)
		b.work()
		if n := b.id(`SELECT count(*) FROM events WHERE kind = 'account.changed'`); n != step.want {
			t.Errorf("after delivery %d: %d times, want %d", i+1, n, step.want)
		}
	}
	if got := b.text(`SELECT string_agg(to_char(occurred_at AT TIME ZONE 'UTC', 'DD HH24:MI'), ', ' ORDER BY id) FROM events`); got != "01 10:10, 02 10:10, 02 18:00" {
		t.Errorf("it happened at %s", got)
	}
}

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
