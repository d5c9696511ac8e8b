package consent

import (
	"testing"
	"time"

	"ponte/inbox"
)

// days counts calendar days: which of them are business days is gate's to say.
func days(_ inbox.Workspace, at time.Time, n int) (time.Time, error) { return at.AddDate(0, 0, n), nil }

func (b *bench) wa(external string) int64 {
	b.t.Helper()
	return b.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', $2, 'http://127.0.0.1', 'x', 'w1', '61400000000') RETURNING id`, b.ws, external)
}

func (b *bench) sent(account int64, purpose, state string, at time.Time) {
	b.t.Helper()
	b.exec(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, call, token, dedupe, not_before, valid_until, state, reason, meaning, sent_at, done_at)
		VALUES ($1, $2, 'template.send', $3, 'member', '{}', gen_random_uuid()::text, gen_random_uuid()::text, $5, $5::timestamptz + interval '1 day', $4, 'r', 'm', CASE WHEN $4 <> 'planned' THEN $5::timestamptz END, CASE WHEN $4 = 'done' THEN $5::timestamptz END)`, b.ws, account, purpose, state, at)
}

func (b *bench) watch() string {
	b.t.Helper()
	if err := b.l.WatchReach(b.t.Context(), b.db, days); err != nil {
		b.t.Fatal(err)
	}
	var out string
	if err := b.db.Get(&out, `SELECT coalesce(string_agg(account_id || ' ' || matched || ' ' || state, ', ' ORDER BY id), '') FROM compliance_items WHERE kind = 'unreachable'`); err != nil {
		b.t.Fatal(err)
	}
	return out
}

func TestCase11ANumberThatIsDisconnectedWithinThirtyDaysOfASend(t *testing.T) {
	b := setup(t)
	last := b.now.AddDate(0, 0, -3)
	for name, c := range map[string]struct {
		lose, what string
		send       func(account int64)
	}{
		"removed":                     {`removed_at = '2026-11-03 10:00Z', state = 'removed'`, "removed", func(a int64) { b.sent(a, "promotional", "done", last) }},
		"its token was taken back":    {`state = 'needs_reauthorisation'`, "disconnected", func(a int64) { b.sent(a, "service", "done", last) }},
		"its webhooks stopped":        {`health = '{"problems":[{"code":"subscription_lost"}]}'`, "webhooks lost", func(a int64) { b.sent(a, "promotional", "unknown", last) }},
		"another problem":             {`health = '{"problems":[{"code":"quality_red"}]}'`, "", func(a int64) { b.sent(a, "promotional", "done", last) }},
		"31 days ago":                 {`state = 'needs_reauthorisation'`, "", func(a int64) { b.sent(a, "promotional", "done", b.now.AddDate(0, 0, -31)) }},
		"only answers":                {`state = 'needs_reauthorisation'`, "", func(a int64) { b.sent(a, "answer", "done", last) }},
		"refused: it never left":      {`state = 'needs_reauthorisation'`, "", func(a int64) { b.sent(a, "promotional", "refused", last) }},
		"nothing was sent from there": {`state = 'needs_reauthorisation'`, "", func(int64) {}},
	} {
		a := b.wa(name)
		c.send(a)
		b.exec(`UPDATE accounts SET `+c.lose+` WHERE id = $1`, a)
		b.watch()
		b.watch() // it is told once
		var got struct {
			What  string     `db:"what"`
			Until *time.Time `db:"until"`
		}
		if err := b.db.Get(&got, `SELECT coalesce(string_agg(matched, ','), '') AS what, max(until) AS until FROM compliance_items WHERE account_id = $1`, a); err != nil {
			t.Fatal(err)
		}
		if got.What != c.what || c.what != "" && !got.Until.Equal(last.AddDate(0, 0, 30)) {
			t.Errorf("%s: %q until %v, want %q until thirty days after the last message", name, got.What, got.Until, c.what)
		}
	}
	if n := b.id(`SELECT count(*) FROM compliance_items`); n != 3 {
		t.Errorf("%d items", n)
	}
}

func TestTheWatchOverANumberEndsWithItsTimeOrItsReturn(t *testing.T) {
	b := setup(t)
	a := b.wa("210")
	b.sent(a, "promotional", "done", b.now.AddDate(0, 0, -3))
	want := func(when, want string) {
		t.Helper()
		if got := b.watch(); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	id := "1 "
	want("connected", "")
	b.exec(`UPDATE accounts SET state = 'needs_reauthorisation'`)
	want("lost", id+"disconnected open")
	b.exec(`UPDATE accounts SET state = 'connected'`)
	want("back again", id+"disconnected resolved")
	b.exec(`UPDATE accounts SET state = 'needs_reauthorisation'`)
	b.now = b.now.Add(time.Hour)
	want("lost again", id+"disconnected resolved, "+id+"disconnected open")
	if err := ResolveItem(t.Context(), b.db, b.ws, b.id(`SELECT max(id) FROM compliance_items`), "people were told another number", "user:1"); err != nil {
		t.Fatal(err)
	}
	want("a person closed it", id+"disconnected resolved, "+id+"disconnected resolved")
	b.now = b.now.AddDate(0, 0, 31)
	want("after thirty days", id+"disconnected resolved, "+id+"disconnected resolved")

	other := b.wa("220")
	b.sent(other, "service", "done", b.now.AddDate(0, 0, -1))
	b.exec(`UPDATE accounts SET removed_at = $2, state = 'removed' WHERE id = $1`, other, b.now)
	b.watch()
	b.now = b.now.AddDate(0, 0, 30)
	b.watch()
	var how string
	if err := b.db.Get(&how, `SELECT resolved_by || ': ' || resolution FROM compliance_items WHERE account_id = $1`, other); err != nil || how != "system: The thirty days are over." {
		t.Errorf("%q %v", how, err)
	}
}
