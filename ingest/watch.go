package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/inbox"
	"ponte/jobs"
	"ponte/secret"
)

// TokenWarning is how long before a token ends somebody is told, and again at the later stages.
const TokenWarning = 14 * 24 * time.Hour

var tokenStages = []time.Duration{24 * time.Hour, 3 * 24 * time.Hour, 7 * 24 * time.Hour, TokenWarning}

// Watcher looks at the connected accounts now and then: a token that ends or has ended, webhooks that are
// no longer subscribed, permissions that were taken away. Nobody is there to run the doctor at night.
type Watcher struct {
	DB   *sqlx.DB
	Open func(ctx context.Context, workspaceID, accountID int64) (channels.Account, error)
	// Health asks the network; Wants are the permissions and webhook fields an account needs.
	Health func(ctx context.Context, a channels.Account) channels.Health
	Wants  func(c channels.Channel) (scopes, fields []string)
	Now    func() time.Time
	Log    *slog.Logger
	Every  time.Duration // 0: an hour
	// Notify is told of each problem once, and of a token's end at each stage, in the transaction that
	// records it. Optional.
	Notify func(ctx context.Context, tx *sqlx.Tx, a inbox.Account, p inbox.AccountProblem) error
}

// Run looks until the context ends. Several replicas share the work.
func (w *Watcher) Run(ctx context.Context) error {
	return jobs.Loop{Once: w.Once, Every: 30 * time.Second, Log: w.Log, Failed: "an account could not be examined; it is tried again"}.Run(ctx)
}

// Once examines the account whose turn it is, and says whether there was one.
func (w *Watcher) Once(ctx context.Context) (bool, error) {
	every := w.Every
	if every == 0 {
		every = time.Hour
	}
	var due []inbox.Account
	// Put off before it is looked at, so that two replicas do not look at once.
	if err := w.DB.SelectContext(ctx, &due, sqlWatchNext, w.Now().UTC().Format(time.RFC3339), w.Now().Add(every).UTC().Format(time.RFC3339)); err != nil {
		return false, fmt.Errorf("find an account to examine: %w", err)
	}
	if len(due) == 0 {
		return false, nil
	}
	a := due[0]
	h := a.ReadHealth()
	open, err := w.Open(ctx, a.WorkspaceID, a.ID)
	if err != nil && !errors.Is(err, secret.ErrSealed) { // the database is away: that says nothing of the token
		return true, err
	}
	if err != nil {
		h.Problems = []inbox.AccountProblem{{Code: "token_invalid", Meaning: "the stored token cannot be opened: the secret key differs from the one that sealed it", Fix: "connect the account again, or restore the key"}}
		return true, w.save(ctx, a, h)
	}
	found := w.Health(ctx, open)
	if found.Unreachable == "" && found.Failure == nil {
		h.AnsweredAt = w.Now().UTC().Truncate(time.Second)
	}
	w.judge(&h, a, found)
	if err := inbox.NameAccount(ctx, w.DB, a.WorkspaceID, a.ID, found.Name); err != nil {
		return true, err
	}
	if err := w.signatures(ctx, &h, a); err != nil {
		return true, err
	}
	return true, w.save(ctx, a, h)
}

// signatures says whether webhooks of the account are refused: the network knows nothing of it that it would tell.
func (w *Watcher) signatures(ctx context.Context, h *inbox.AccountHealth, a inbox.Account) error {
	at, err := inbox.SignatureRefused(ctx, w.DB, a.WorkspaceID, a.ID, w.Now())
	if err != nil {
		return err
	}
	h.Problems = keep(h.Problems, "signature_refused")
	if at != nil {
		when := at.UTC().Format("2006-01-02 15:04") + " UTC"
		h.Problems = append(h.Problems, inbox.AccountProblem{Code: "signature_refused", Meaning: "webhooks for this account come with a signature that none of the app's secrets makes, last " + when + "; they are not let in",
			Fix: "compare PONTE_META_APP_SECRETS, for Instagram Login PONTE_INSTAGRAM_APP_SECRETS, with the app's dashboard", Params: map[string]string{"value": when}})
	}
	return nil
}

const sqlWatchNext = `
UPDATE accounts SET health = health || jsonb_build_object('next_at', $2::text)
WHERE id = (SELECT id FROM accounts WHERE removed_at IS NULL AND state <> 'removed' AND coalesce((health->>'next_at')::timestamptz, '-infinity') <= $1::text::timestamptz
            ORDER BY coalesce((health->>'next_at')::timestamptz, '-infinity'), id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING workspace_id, id, channel, external_id, name, state, health`

// judge turns what the network said into problems. What it did not say this time stays as it was.
func (w *Watcher) judge(h *inbox.AccountHealth, a inbox.Account, found channels.Health) {
	if found.Unreachable != "" {
		h.Problems = append(keep(h.Problems, "unreachable"), inbox.AccountProblem{Code: "unreachable", Meaning: "the network's address does not answer: " + found.Unreachable, Fix: "check the account's address, the firewall and the proxy", Params: map[string]string{"value": found.Unreachable}})
		return
	}
	if f := found.Failure; f != nil && f.Class != channels.Reauthorise {
		h.Problems = keep(h.Problems, "unreachable") // it answered, but not this question: too many calls, a fault of its own
		return
	}
	now := w.Now()
	h.Problems, h.Quality, h.TokenExpires, h.AccessExpires = nil, found.Quality, stated(found.TokenExpires), stated(found.AccessExpires)
	add := func(code, value, meaning, fix string) {
		h.Problems = append(h.Problems, inbox.AccountProblem{Code: code, Meaning: meaning, Fix: fix, Params: map[string]string{"value": value}})
	}
	if !found.TokenValid {
		add("token_invalid", strings.Join(found.Missing, "; "), "the network does not take the token any more: "+strings.Join(found.Missing, "; "), "connect the account again")
		return // nothing else can be read with it
	}
	if h.TokenExpires != nil && h.TokenExpires.Sub(now) < TokenWarning {
		add("token_expiring", h.TokenExpires.Format(time.DateOnly), "the token ends on "+h.TokenExpires.Format("2 January 2006")+"; after that nothing is received by reading and nothing is sent", "connect the account again before that day, best with a token that does not end")
	}
	if h.AccessExpires != nil && h.AccessExpires.Sub(now) < TokenWarning {
		add("access_expiring", h.AccessExpires.Format(time.DateOnly), "the access of the person who gave the token ends on "+h.AccessExpires.Format("2 January 2006"), "let that person sign in to the app again, or connect the account with a system user's token")
	}
	scopes, fields := w.Wants(channels.Channel(a.Channel))
	if missing := less(fields, found.Fields); found.NotRead == "" && len(missing) > 0 {
		add("subscription_lost", strings.Join(missing, ", "), "webhooks are not subscribed: "+strings.Join(missing, ", ")+"; what happens there is seen by the sweep only, and late", "connect the account again, or subscribe it in the app's dashboard")
	}
	if missing := less(scopes, found.Scopes); len(found.Scopes) > 0 && len(missing) > 0 {
		add("permission_missing", strings.Join(missing, ", "), "the token lacks "+strings.Join(missing, ", "), "grant them and connect the account again")
	}
	if found.Quality == "RED" {
		add("quality_red", found.Quality, "the network rates the number RED: people block or report it", "send less, and only to people who asked")
	}
}

func keep(list []inbox.AccountProblem, without string) []inbox.AccountProblem {
	return slices.DeleteFunc(slices.Clone(list), func(p inbox.AccountProblem) bool { return p.Code == without })
}

func less(want, have []string) []string {
	return slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(have, s) })
}

func stated(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// save records what was found. A token that the network does not take stops the account's sending, as a
// call that was refused for it would; what waits is held until it is connected again.
func (w *Watcher) save(ctx context.Context, a inbox.Account, h inbox.AccountHealth) error {
	before := a.ReadHealth()
	now := w.Now().UTC().Truncate(time.Second)
	h.CheckedAt = now
	var told []string
	var news []inbox.AccountProblem
	for i := range h.Problems {
		p := &h.Problems[i]
		p.Since = now
		for _, old := range before.Problems {
			if old.Code == p.Code && !old.Since.IsZero() {
				p.Since = old.Since
			}
		}
		stage := p.Code + stageOf(h, *p, now)
		if told = append(told, stage); !slices.Contains(before.Told, stage) {
			news = append(news, *p)
		}
	}
	h.Told = told
	raw, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("encode an account's health: %w", err)
	}
	tx, err := w.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, `UPDATE accounts SET health = $3 WHERE workspace_id = $1 AND id = $2`, a.WorkspaceID, a.ID, string(raw)); err != nil {
		return fmt.Errorf("keep an account's health: %w", err)
	}
	for _, p := range news {
		w.Log.Warn("an account has a problem", "account", a.ID, "problem", p.Code, "meaning", p.Meaning)
		if p.Code == "token_invalid" {
			if err := inbox.AccountRefused(ctx, tx, a.WorkspaceID, a.ID, p.Meaning); err != nil {
				return err
			}
		}
		if w.Notify != nil {
			if err := w.Notify(ctx, tx, a, p); err != nil {
				return fmt.Errorf("tell people about account %d: %w", a.ID, err)
			}
		}
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: a.WorkspaceID, Topic: "account", ObjectID: a.ID}); err != nil {
		return err
	}
	return tx.Commit()
}

// stageOf is how near the end of a token is: each stage is told once.
func stageOf(h inbox.AccountHealth, p inbox.AccountProblem, now time.Time) string {
	end := h.TokenExpires
	switch p.Code {
	case "token_expiring":
	case "access_expiring":
		end = h.AccessExpires
	default:
		return ""
	}
	for _, s := range tokenStages {
		if end != nil && end.Sub(now) < s {
			return fmt.Sprintf(":%d", int(s.Hours()/24))
		}
	}
	return ""
}
