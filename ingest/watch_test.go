package ingest

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/inbox"
	"ponte/testkit"
)

type watched struct {
	*testing.T
	*Watcher
	account int64
	now     time.Time
	health  channels.Health
	told    []string
}

func newWatched(t *testing.T) *watched {
	t.Parallel()
	w := &watched{T: t, now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	db := testkit.Database(t)
	var ws int64
	if err := db.Get(&ws, `INSERT INTO workspaces (name) VALUES ('w') RETURNING id`); err != nil {
		t.Fatal(err)
	}
	if err := db.Get(&w.account, `INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed) VALUES ($1, 'facebook', 'p', 'http://127.0.0.1', 'x') RETURNING id`, ws); err != nil {
		t.Fatal(err)
	}
	w.Watcher = &Watcher{DB: db, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now },
		Open:   func(context.Context, int64, int64) (channels.Account, error) { return channels.Account{}, nil },
		Health: func(context.Context, channels.Account) channels.Health { return w.health },
		Wants: func(channels.Channel) ([]string, []string) {
			return []string{"pages_messaging"}, []string{"feed", "messages"}
		},
		Notify: func(_ context.Context, _ *sqlx.Tx, _ inbox.Account, p inbox.AccountProblem) error {
			w.told = append(w.told, p.Code)
			return nil
		}}
	w.health = channels.Health{TokenValid: true, Fields: []string{"feed", "messages"}, Scopes: []string{"pages_messaging"}}
	return w
}

// look lets the account's turn come and returns the codes of its problems.
func (w *watched) look(after time.Duration) string {
	w.Helper()
	w.now = w.now.Add(after)
	w.told = nil
	if did, err := w.Once(w.Context()); err != nil || !did {
		w.Fatalf("it was not looked at: %v, %v", did, err)
	}
	var a inbox.Account
	if err := w.DB.Get(&a, `SELECT state, health FROM accounts WHERE id = $1`, w.account); err != nil {
		w.Fatal(err)
	}
	var codes []string
	for _, p := range a.ReadHealth().Problems {
		codes = append(codes, p.Code)
		if p.Meaning == "" || p.Fix == "" || p.Since.IsZero() {
			w.Errorf("%s does not say what it means, what to do or since when: %+v", p.Code, p)
		}
	}
	return strings.Join(append(codes, a.State), " ")
}

func (w *watched) want(what, got, problems string, told ...string) {
	w.Helper()
	if got != problems {
		w.Errorf("%s: %s, want %s", what, got, problems)
	}
	if !slices.Equal(w.told, told) {
		w.Errorf("%s: told of %v, want %v", what, w.told, told)
	}
}

func TestATokensEndIsToldInTime(t *testing.T) {
	w := newWatched(t)
	w.health.TokenExpires = w.now.Add(20 * 24 * time.Hour)
	w.want("in twenty days", w.look(0), "connected")
	if did, _ := w.Once(t.Context()); did {
		t.Error("looked at twice within the hour")
	}
	day := 24 * time.Hour
	w.want("in thirteen", w.look(7*day), "token_expiring connected", "token_expiring")
	w.want("an hour later", w.look(time.Hour), "token_expiring connected")
	w.want("in less than seven", w.look(6*day), "token_expiring connected", "token_expiring")
	w.want("in less than three", w.look(4*day), "token_expiring connected", "token_expiring")
	w.want("on the last day", w.look(2*day), "token_expiring connected", "token_expiring")
	w.health = channels.Health{Failure: &channels.Failure{Class: channels.Reauthorise}, Missing: []string{"account: the session has expired"}}
	w.want("after it", w.look(2*day), "token_invalid needs_reauthorisation", "token_invalid")
}

func TestANamelessAccountTakesItsNetworksName(t *testing.T) {
	w := newWatched(t)
	name := func(want string) {
		t.Helper()
		var got string
		if err := w.DB.Get(&got, `SELECT name FROM accounts`); err != nil || got != want {
			t.Errorf("the account is called %q (%v), want %q", got, err, want)
		}
	}
	if _, err := w.DB.Exec(`UPDATE accounts SET name = ''`); err != nil {
		t.Fatal(err)
	}
	w.look(0)
	name("")
	w.health.Name = " Harbour Kayaks "
	w.look(2 * time.Hour)
	name("Harbour Kayaks")
	w.health.Name = "Renamed there"
	w.look(2 * time.Hour)
	name("Harbour Kayaks")
}

// A wrong secret shows in nothing that the network says: the bodies that are refused tell of it.
func TestRefusedSignaturesAreAProblemOfTheirAccount(t *testing.T) {
	w := newWatched(t)
	r := &Refusals{DB: w.DB, Accounts: NewDirectory(w.DB), Now: func() time.Time { return w.now }}
	note := func(after time.Duration, body string) {
		t.Helper()
		w.now = w.now.Add(after)
		if err := r.Note(t.Context(), []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	for _, other := range []string{`{`, `[]`, `{"object":"page","entry":7}`, `{"object":"page","entry":[{"id":"q"},{}]}`, `{"object":"instagram","entry":[{"id":"p"}]}`, `{"object":"page"}`} {
		note(time.Minute, other)
	}
	w.want("bodies that name another account, or none", w.look(0), "connected")
	note(time.Minute, `{"entry":[{"id":"p","time":1}],"object":"page"}`)
	w.want("one that names it", w.look(2*time.Hour), "signature_refused connected", "signature_refused")
	w.health = channels.Health{Unreachable: "no route"}
	w.want("what the network cannot be asked meanwhile", w.look(2*time.Hour), "unreachable signature_refused connected", "unreachable")
	w.health = channels.Health{TokenValid: true, Fields: []string{"feed", "messages"}, Scopes: []string{"pages_messaging"}}
	if _, err := w.DB.Exec(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, source, occurred_at, payload, created_at)
		SELECT workspace_id, id, 'read back', 'comment.added', 'facebook', 0, 'sweep', $1, '{}', $1 FROM accounts`, w.now); err != nil {
		t.Fatal(err)
	}
	w.want("what is read back says nothing of webhooks", w.look(2*time.Hour), "signature_refused connected")
	if _, err := w.DB.Exec(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, source, occurred_at, payload, created_at)
		SELECT workspace_id, id, 'signed', 'comment.added', 'facebook', 0, 'webhook', $1, '{}', $1 FROM accounts`, w.now); err != nil {
		t.Fatal(err)
	}
	w.want("a signed one came", w.look(2*time.Hour), "connected")
	note(time.Minute, `{"object":"page","entry":[{"id":"p"}]}`)
	w.want("refused again", w.look(2*time.Hour), "signature_refused connected", "signature_refused")
	w.want("nothing for a day", w.look(25*time.Hour), "connected")
}

func TestWhatIsWrongWithAnAccount(t *testing.T) {
	w := newWatched(t)
	w.health.Fields = []string{"feed"}
	w.want("a field lost", w.look(0), "subscription_lost connected", "subscription_lost")
	w.health.NotRead, w.health.Fields = "not allowed", nil
	w.want("fields that cannot be read are not lost", w.look(2*time.Hour), "connected")
	w.health.NotRead, w.health.Fields, w.health.Scopes = "", []string{"feed", "messages"}, []string{"other"}
	w.want("a permission taken away", w.look(2*time.Hour), "permission_missing connected", "permission_missing")
	w.health.Failure = &channels.Failure{Class: channels.Wait, Code: 4}
	w.want("too many calls say nothing new", w.look(2*time.Hour), "permission_missing connected")
	w.health = channels.Health{Unreachable: "connection refused"}
	w.want("no answer", w.look(2*time.Hour), "permission_missing unreachable connected", "unreachable")
	w.health = channels.Health{TokenValid: true, Fields: []string{"feed", "messages"}, Quality: "RED"}
	w.want("rated RED", w.look(2*time.Hour), "quality_red connected", "quality_red")
	w.health.Quality = "GREEN"
	w.want("all well", w.look(2*time.Hour), "connected")
	w.health.Quality = "RED"
	w.want("again", w.look(2*time.Hour), "quality_red connected", "quality_red")
	if _, err := w.DB.Exec(`UPDATE accounts SET removed_at = now(), state = 'removed'`); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(24 * time.Hour)
	if did, _ := w.Once(t.Context()); did {
		t.Error("an account that was removed is still looked at")
	}
}

func TestTheDebugTokenAlone(t *testing.T) {
	w := newWatched(t)
	w.health = channels.Health{TokenValid: false} // the account could be read, debug_token says otherwise
	w.want("told invalid", w.look(0), "token_invalid needs_reauthorisation", "token_invalid")
}
