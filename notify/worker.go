package notify

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/secret"
)

// Worker sends what Raise planned. Several replicas may run one each.
type Worker struct {
	DB        *sqlx.DB
	Keys      *secret.Keyring
	Mailer    *Mailer // nil: no mail
	PublicURL string  // for links in mails
	Now       func() time.Time
	Log       *slog.Logger
	Wake      <-chan struct{}

	caller *caller
}

const (
	poll     = 5 * time.Second
	keepFor  = 30 * 24 * time.Hour // the log of webhooks
	keepBell = 90 * 24 * time.Hour
)

// Run sends until the context ends.
func (w *Worker) Run(ctx context.Context) error {
	w.prepare()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	var tidied time.Time
	for {
		for ctx.Err() == nil {
			n, err := w.sendWebhooks(ctx)
			if err != nil && ctx.Err() == nil {
				w.Log.Error("webhooks could not be sent; trying again", "error", err)
			}
			if n == 0 || err != nil {
				break
			}
		}
		if _, err := w.mailDigests(ctx); err != nil && ctx.Err() == nil {
			w.Log.Error("mails could not be prepared; trying again", "error", err)
		}
		if w.Now().Sub(tidied) > time.Hour {
			if err := w.tidy(ctx); err != nil && ctx.Err() == nil {
				w.Log.Error("old notifications could not be tidied away", "error", err)
			}
			tidied = w.Now()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-w.Wake:
		case <-tick.C:
		}
	}
}

func (w *Worker) prepare() {
	if w.caller == nil {
		w.caller = newCaller()
	}
	if w.Now == nil {
		w.Now = time.Now
	}
	if w.Log == nil {
		w.Log = slog.Default()
	}
}

func (w *Worker) tidy(ctx context.Context) error {
	for stmt, age := range map[string]time.Duration{
		`DELETE FROM webhook_sends WHERE done_at < $1`: keepFor,
		`DELETE FROM notifications WHERE at < $1`:      keepBell,
	} {
		if _, err := w.DB.ExecContext(ctx, stmt, w.Now().Add(-age)); err != nil {
			return fmt.Errorf("tidy: %w", err)
		}
	}
	return nil
}
