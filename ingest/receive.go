// Package ingest is the spine: it keeps what came in (receive), turns it into events (split), decides
// what follows from each (decide), and reads back what no webhook announced (sweep, backfill).
package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/fault"
	"ponte/inbox"
)

// Receiver keeps webhook bodies: concurrent requests become one multi-row insert, and each caller
// returns only after the commit. There is one committer; the queue is bounded in rows and in bytes, so
// that memory never grows with the backlog.
type Receiver struct {
	db    *sqlx.DB
	kept  func()
	queue chan *receipt
	mu    sync.Mutex
	bytes int

	failed  atomic.Int64 // when the last insert failed, in nanoseconds; 0: it did not
	stopped chan struct{}
}

// Limits of the queue and of one insert.
const (
	maxQueuedRows  = 4096
	maxQueuedBytes = 24 << 20
	maxBatchRows   = 200
	maxBatchBytes  = 4 << 20
	keptBytes      = 1 << 20 // a buffer larger than this is given back
)

// Committers is how many inserts run at once.
const Committers = 1

type receipt struct {
	body []byte
	done chan error
}

// NewReceiver returns a receiver; Run must be running for Receive to return. kept, which may be nil,
// is called after each commit. Bodies go to the database fastest over a pool of their own that sends
// parameters in binary: one round trip an insert, and no byte spelt as two.
func NewReceiver(db *sqlx.DB, kept func()) *Receiver {
	if kept == nil {
		kept = func() {}
	}
	return &Receiver{db: db, kept: kept, queue: make(chan *receipt, maxQueuedRows), stopped: make(chan struct{})}
}

// ErrFull says that the queue is full; the network will send the webhook again.
var ErrFull = fault.New(fault.Unavailable, "too many webhooks are waiting to be stored; send it again in a second")

// Receive keeps one verified body and returns after the commit. The body must stay unchanged until then.
func (r *Receiver) Receive(ctx context.Context, body []byte) error {
	if !r.reserve(len(body)) {
		return ErrFull
	}
	rc := &receipt{body: body, done: make(chan error, 1)}
	select {
	case r.queue <- rc:
	default:
		r.release(len(body))
		return ErrFull
	}
	// Not ctx.Done: the body belongs to the committer until it has answered.
	select {
	case err := <-rc.done:
		return err
	case <-r.stopped:
		select {
		case err := <-rc.done:
			return err
		default:
			return fault.New(fault.Unavailable, "the service is stopping; send it again")
		}
	}
}

func (r *Receiver) reserve(n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bytes+n > maxQueuedBytes {
		return false
	}
	r.bytes += n
	return true
}

func (r *Receiver) release(n int) {
	r.mu.Lock()
	r.bytes -= n
	r.mu.Unlock()
}

// failedLately is how long a failure says that the next webhook will fail as well. It is not for good: whoever sends none
// while ponte is not ready must send again for it to be seen that they can be kept.
const failedLately = 15 * time.Second

// Failing says that the last webhook could not be kept, a moment ago: a full disk shows here first.
func (r *Receiver) Failing(now time.Time) bool {
	at := r.failed.Load()
	return at != 0 && now.Sub(time.Unix(0, at)) < failedLately
}

// Run commits until the context ends; what is queued then is still committed.
func (r *Receiver) Run(ctx context.Context) error {
	defer close(r.stopped)
	var wg sync.WaitGroup
	for range Committers {
		wg.Go(func() { (&committer{Receiver: r}).run(ctx) })
	}
	wg.Wait()
	return nil
}

// committer makes inserts of what is queued, one after another, with a statement and a buffer of its own.
type committer struct {
	*Receiver
	statement  *sqlx.Stmt
	bodies     []byte
	at, length pq.Int32Array
}

func (c *committer) run(ctx context.Context) {
	defer c.close()
	for {
		select {
		case rc := <-c.queue:
			c.commit(c.gather(rc))
		case <-ctx.Done():
			for {
				select {
				case rc := <-c.queue:
					c.commit(c.gather(rc))
				default:
					return
				}
			}
		}
	}
}

func (c *committer) close() {
	if c.statement != nil {
		_ = c.statement.Close() // the pool closes the connection next
	}
}

// gather takes what is waiting already; it never waits for more, because the commit before it was the
// wait in which they came.
func (c *committer) gather(first *receipt) []*receipt {
	batch, bytes := []*receipt{first}, len(first.body)
	for len(batch) < maxBatchRows && bytes < maxBatchBytes {
		select {
		case rc := <-c.queue:
			batch = append(batch, rc)
			bytes += len(rc.body)
		default:
			return batch
		}
	}
	return batch
}

func (c *committer) commit(batch []*receipt) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := c.insert(ctx, batch)
	if err != nil {
		err = fault.Wrap(fault.Unavailable, err, "the webhook could not be stored; send it again")
		c.failed.Store(time.Now().UnixNano())
	} else {
		c.failed.Store(0)
		// The splitter of this process is told in memory: a notification takes a lock that all commits
		// of the server share. Splitters elsewhere look by themselves.
		c.kept()
	}
	for _, rc := range batch {
		c.release(len(rc.body))
		rc.done <- err
	}
}

// sqlKeepBodies cuts the rows out of one value. Whatever the number of rows, it is one statement with
// three parameters, so the server plans it once; a row of parameters each costs a tenth of the whole.
const sqlKeepBodies = `INSERT INTO deliveries (body) SELECT substr($1::bytea, at, length) FROM unnest($2::int[], $3::int[]) AS b (at, length)`

func (c *committer) insert(ctx context.Context, batch []*receipt) error {
	if c.statement == nil {
		st, err := c.db.PreparexContext(ctx, sqlKeepBodies)
		if err != nil {
			return err
		}
		c.statement = st
	}
	c.bodies, c.at, c.length = c.bodies[:0], c.at[:0], c.length[:0]
	for _, rc := range batch {
		c.at = append(c.at, int32(len(c.bodies)+1)) // the first byte is byte 1
		c.length = append(c.length, int32(len(rc.body)))
		c.bodies = append(c.bodies, rc.body...)
	}
	_, err := c.statement.ExecContext(ctx, c.bodies, c.at, c.length)
	if cap(c.bodies) > keptBytes {
		c.bodies = nil
	}
	return err
}

// Store keeps a body that did not come by webhook, through the same door.
func Store(ctx context.Context, tx sqlx.ExtContext, source string, body []byte) error {
	if source != "webhook" && source != "sweep" && source != "backfill" {
		return errors.New("store a delivery: unknown source " + source)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO deliveries (body, source) VALUES ($1, $2)`, body, source); err != nil {
		return fmt.Errorf("store a delivery: %w", err)
	}
	return inbox.Wake(ctx, tx, "ponte_deliveries")
}
