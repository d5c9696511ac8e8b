package notify

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
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

// Run sends until the context ends. Mails have a loop of their own: a mail server that hangs holds up no webhook.
func (w *Worker) Run(ctx context.Context) error {
	w.prepare()
	var loops sync.WaitGroup
	loops.Go(func() { w.every(ctx, w.Wake, w.webhooks) })
	loops.Go(func() { w.every(ctx, nil, w.mails()) })
	loops.Wait()
	return nil
}

// every calls step now, whenever it is woken and every few seconds, until the context ends.
func (w *Worker) every(ctx context.Context, wake <-chan struct{}, step func(context.Context)) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		step(ctx)
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-tick.C:
		}
	}
}

func (w *Worker) webhooks(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := w.sendWebhooks(ctx)
		if err != nil && ctx.Err() == nil {
			w.Log.Error("webhooks could not be sent; trying again", "error", err)
		}
		if n == 0 || err != nil {
			return
		}
	}
}

// mails sends digests and, once an hour, removes what is kept no longer.
func (w *Worker) mails() func(context.Context) {
	var tidied time.Time
	return func(ctx context.Context) {
		if _, err := w.mailDigests(ctx); err != nil && ctx.Err() == nil {
			w.Log.Error("mails could not be prepared; trying again", "error", err)
		}
		if w.Now().Sub(tidied) > time.Hour {
			if err := w.tidy(ctx); err != nil && ctx.Err() == nil {
				w.Log.Error("old notifications could not be tidied away", "error", err)
			}
			tidied = w.Now()
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
