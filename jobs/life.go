package jobs

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
)

// Life shows the other processes on a database that this one runs: an advisory lock on a connection of
// its own. When the process dies the lock goes with it, and the others know at once that what it claimed
// is free. Should only the connection break, others take over too early, which must do no harm: lanes
// are fenced, and an outcome that is recorded late still counts.
type Life struct {
	DB      *sqlx.DB
	Process string // unique to this process

	mu   sync.Mutex
	conn *sqlx.Conn
}

const (
	lifeLock   = 7041778
	lifePrefix = "live:"
)

// Show takes the lock, anew where its connection broke.
func (l *Life) Show(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		var one int
		if err := l.conn.GetContext(ctx, &one, `SELECT 1`); err == nil || ctx.Err() != nil {
			return nil
		}
		_ = l.conn.Close()
		l.conn = nil
	}
	conn, err := l.DB.Connx(ctx)
	if err != nil {
		return fmt.Errorf("connect to show life: %w", err)
	}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1, hashtext($2))`, lifeLock, lifePrefix+l.Process); err != nil {
		_ = conn.Close()
		return fmt.Errorf("show life: %w", err)
	}
	l.conn = conn
	return nil
}

// Name signs what this process claims: it tells others whether the lock says anything about it.
func (l *Life) Name() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return l.Process
	}
	return lifePrefix + l.Process
}

// End gives the lock back; the connection would otherwise return to the pool with it.
func (l *Life) End() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, _ = l.conn.ExecContext(ctx, `SELECT pg_advisory_unlock($1, hashtext($2))`, lifeLock, lifePrefix+l.Process)
	_ = l.conn.Close()
	l.conn = nil
}

// Dead returns those of the names whose locks are gone. Names signed without a lock are never among
// them. The locks found free are held to the end of the transaction.
func Dead(ctx context.Context, tx *sqlx.Tx, names []string) ([]string, error) {
	var dead []string
	for _, name := range names {
		if !strings.HasPrefix(name, lifePrefix) {
			continue
		}
		var free bool
		if err := tx.GetContext(ctx, &free, `SELECT pg_try_advisory_xact_lock($1, hashtext($2))`, lifeLock, name); err != nil {
			return nil, fmt.Errorf("look whether %s lives: %w", name, err)
		}
		if free {
			dead = append(dead, name)
		}
	}
	return dead, nil
}
