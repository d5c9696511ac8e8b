package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
)

// Refusals notes for which account a webhook came whose signature none of the secrets makes, so that somebody
// can be told of a wrong secret. Anybody may send such a body: it is believed in nothing but the account that
// it names, and looked into at most once a second, which is enough, because Meta sends what is refused again.
type Refusals struct {
	DB       *sqlx.DB
	Accounts *Directory
	Now      func() time.Time

	mu   sync.Mutex
	last time.Time
}

const (
	refusalsEvery = time.Second
	maxRefused    = 256 << 10 // bytes of a body that is looked into
	maxNamed      = 20        // entries of it
)

// Note looks into a body that was refused.
func (r *Refusals) Note(ctx context.Context, body []byte) error {
	if len(body) > maxRefused || !r.turn() {
		return nil
	}
	var named struct {
		Object string
		Entry  []struct {
			ID json.RawMessage
		}
	}
	if json.Unmarshal(body, &named) != nil {
		return nil
	}
	channel, known := map[string]channels.Channel{"page": channels.Facebook, "instagram": channels.Instagram, "whatsapp_business_account": channels.WhatsApp}[named.Object]
	if !known {
		return nil
	}
	var ids []int64
	for _, e := range named.Entry[:min(len(named.Entry), maxNamed)] {
		a, err := r.Accounts.Find(ctx, channel, unquoted(e.ID))
		if err != nil {
			return fmt.Errorf("find the account of a refused webhook: %w", err)
		}
		if a != nil {
			ids = append(ids, a.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	if _, err := r.DB.ExecContext(ctx, `UPDATE accounts SET webhook_refused_at = $2 WHERE id = ANY($1)`, pq.Array(ids), r.Now()); err != nil {
		return fmt.Errorf("note a refused webhook: %w", err)
	}
	return nil
}

func (r *Refusals) turn() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Now()
	if now.Sub(r.last) < refusalsEvery {
		return false
	}
	r.last = now
	return true
}

// unquoted is an id given as a string or a number.
func unquoted(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}
