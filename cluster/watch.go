package cluster

import (
	"context"
	"log/slog"
	"net"
	"path/filepath"
	"time"
)

// Watch starts the server again whenever it has ended under its owner – a machine short of memory kills it
// first –, until the context ends. It must have returned before Stop is called.
func (c *Cluster) Watch(ctx context.Context, log *slog.Logger) {
	if c == nil || !c.owned {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if c.listening() {
			continue
		}
		if err := c.restart(ctx); err != nil && ctx.Err() == nil {
			log.Error("the private PostgreSQL has ended and could not be started; trying again", "error", err)
		} else if err == nil {
			log.Warn("the private PostgreSQL had ended and was started again; what was committed is there")
		}
	}
}

// restart starts the server unless it runs by now. Processes of the one that was killed may hold its memory for
// a moment; the next turn tries again.
func (c *Cluster) restart(ctx context.Context) error {
	unlock, err := c.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if c.running() {
		return nil
	}
	return c.start(ctx)
}

// listening says that somebody holds the server's socket, also while it recovers.
func (c *Cluster) listening() bool {
	conn, err := net.DialTimeout("unix", filepath.Join(c.socketDir(), ".s.PGSQL.5432"), time.Second)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
