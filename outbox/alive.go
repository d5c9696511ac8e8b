package outbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// A running sender holds an advisory lock on a connection of its own. When its process dies the lock
// goes with it, and the others know at once that its calls will never be recorded. Should only the
// connection break, its calls become unknown too early, which does no harm: they are looked for later
// than a call can take, and an outcome that is recorded in the meantime still counts.
type alive struct {
	conn *sqlx.Conn
	name string
}

const (
	aliveLock   = 7041778
	alivePrefix = "live:"
)

func newAlive(ctx context.Context, db *sqlx.DB, name string) (*alive, error) {
	conn, err := db.Connx(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to show life: %w", err)
	}
	a := &alive{conn: conn, name: alivePrefix + name}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1, hashtext($2))`, aliveLock, a.name); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("show life: %w", err)
	}
	return a, nil
}

// end gives the lock back; the connection would otherwise return to the pool with it.
func (a *alive) end() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, _ = a.conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1, hashtext($2))`, aliveLock, a.name)
	_ = a.conn.Close()
}

// showLife keeps the sender's lock, anew where its connection broke.
func (s *Sender) showLife(ctx context.Context) error {
	s.mu.Lock()
	a := s.life
	s.mu.Unlock()
	if a != nil {
		var one int
		if err := a.conn.GetContext(ctx, &one, `SELECT 1`); err == nil || ctx.Err() != nil {
			return nil
		}
		_ = a.conn.Close()
	}
	fresh, err := newAlive(ctx, s.DB, s.Name)
	s.mu.Lock()
	s.life = fresh
	s.mu.Unlock()
	return err
}

// signature is what a claim is signed with: it tells others whether the lock says anything about it.
func (s *Sender) signature() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life != nil {
		return s.life.name
	}
	return s.Name
}

// deadSenders names the claimants whose locks are gone.
func deadSenders(ctx context.Context, tx *sqlx.Tx) ([]string, error) {
	var names, dead []string
	if err := tx.SelectContext(ctx, &names, sqlClaimants); err != nil {
		return nil, fmt.Errorf("list who is sending: %w", err)
	}
	for _, name := range names {
		if !strings.HasPrefix(name, alivePrefix) {
			continue
		}
		var free bool
		if err := tx.GetContext(ctx, &free, `SELECT pg_try_advisory_xact_lock($1, hashtext($2))`, aliveLock, name); err != nil {
			return nil, fmt.Errorf("look whether %s lives: %w", name, err)
		}
		if free {
			dead = append(dead, name)
		}
	}
	return dead, nil
}

const sqlClaimants = `SELECT DISTINCT claimed_by FROM actions WHERE state = 'sending'`
