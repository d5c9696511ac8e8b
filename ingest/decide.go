package ingest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/consent"
	"ponte/flow/live"
	"ponte/inbox"
	"ponte/jobs"
	"ponte/moderation"
)

// Decider takes events from the lanes it holds and decides what follows from each. A batch is one
// transaction: state is loaded for all its events with a dozen statements, each event is decided in
// memory, and all that follows – rows, verdicts, consent, actions, the event's "done" with a reason –
// is written together. No network and no model is called inside.
type Decider struct {
	DB       *sqlx.DB
	Accounts *Directory
	IDs      *inbox.IDs
	Ledger   *consent.Ledger
	Lanes    *jobs.Lanes
	Engines  *Engines
	// ReferenceKey derives handoff references.
	ReferenceKey []byte
	// AskLLM says whether a model is configured that may be asked; Sees, whether it looks at pictures.
	AskLLM func() bool
	Sees   bool
	Now    func() time.Time
	Log    *slog.Logger
	Wake   <-chan struct{}
	// Settle is how long a flow waits for more before it answers words; a tap is answered at once.
	Settle time.Duration
	flows  live.Library
	// Crash is called at the named points by tests that kill the process there; nil otherwise.
	Crash func(point string)

	OnBatch func(events int, took time.Duration) // for metrics; may be nil
}

// A batch takes at most so many events, and one below smallBatch waits for more; a parked event was tried so often.
const (
	maxBatchEvents = 400
	smallBatch     = 50
	maxAttempts    = 3
	maxUnknown     = 40 // of an error that may be an outage nobody thought of: some half an hour
)

// Run decides until the context ends, then gives its lanes back.
func (d *Decider) Run(ctx context.Context) error {
	defer func() {
		stop, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if err := d.Lanes.Release(stop); err != nil {
			d.Log.Warn("lanes were not released; they expire by themselves", "error", err)
		}
	}()
	var held []jobs.Held
	var renewed time.Time
	for ctx.Err() == nil {
		if time.Since(renewed) > jobs.Lease/4 {
			h, err := d.Lanes.Acquire(ctx)
			if ctx.Err() != nil {
				break
			}
			if err != nil {
				d.Log.Error("lanes could not be acquired; trying again", "error", err)
				d.wait(ctx, time.Second)
				continue
			}
			held, renewed = h, time.Now()
		}
		start := time.Now()
		n, err := d.Once(ctx, held)
		switch {
		case errors.Is(err, jobs.ErrLost):
			held, renewed = nil, time.Time{}
		case err != nil && ctx.Err() == nil:
			d.Log.Error("events could not be decided; trying again", "error", err)
			d.wait(ctx, 250*time.Millisecond)
		case n == 0:
			d.wait(ctx, 250*time.Millisecond)
		case n < smallBatch:
			jobs.Gather(ctx, time.Since(start))
		}
	}
	return nil
}

func (d *Decider) wait(ctx context.Context, most time.Duration) {
	select {
	case <-ctx.Done():
	case <-d.Wake:
	case <-time.After(most):
	}
}

// Once decides one batch and returns how many events it took. When the batch fails for a reason that
// lies in the data, its events are decided one by one, so that a bad one stops no other.
func (d *Decider) Once(ctx context.Context, held []jobs.Held) (int, error) {
	if len(held) == 0 {
		return 0, nil
	}
	start := time.Now()
	n, err := d.batch(ctx, held, 0)
	if err == nil || errors.Is(err, jobs.ErrLost) || ctx.Err() != nil || !inData(err) {
		if n > 0 && d.OnBatch != nil {
			d.OnBatch(n, time.Since(start))
		}
		return n, err
	}
	d.Log.Warn("a batch failed; deciding its events one by one", "error", err)
	ids, err := d.pending(ctx, held)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		_, err := d.batch(ctx, held, id)
		if err == nil {
			continue
		}
		if errors.Is(err, jobs.ErrLost) || ctx.Err() != nil || !inData(err) {
			return 0, err
		}
		if err := d.putOff(ctx, id, err); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// inData reports whether an error lies in the events, or in what their workspace has set, rather than in the
// database's availability: a lost connection or a deadlock is tried again as it is. What is not known to be one of
// those counts as the events' own, so that nothing keeps the lanes of everybody waiting for ever.
func inData(err error) bool {
	var p *pq.Error
	if errors.As(err, &p) {
		switch p.Code.Class() {
		case "08", "40", "53", "55", "57", "58":
			return false
		}
		return p.Code != "25006" // a standby that does not write yet
	}
	var n net.Error
	if errors.As(err, &n) {
		return false
	}
	for _, away := range []error{jobs.ErrLost, driver.ErrBadConn, sql.ErrConnDone, sql.ErrTxDone, io.EOF, io.ErrUnexpectedEOF, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, away) {
			return false
		}
	}
	return true
}

// decisionError is a failure of the decision code itself, a panic included.
type decisionError struct {
	event int64
	cause any
}

func (e *decisionError) Error() string { return fmt.Sprintf("decide event %d: %v", e.event, e.cause) }

func (d *Decider) batch(ctx context.Context, held []jobs.Held, only int64) (int, error) {
	tx, err := d.DB.BeginTxx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := d.Lanes.Check(ctx, tx, held); err != nil {
		return 0, err
	}
	events, err := takeEvents(ctx, tx, held, only)
	if err != nil || len(events) == 0 {
		return 0, err
	}
	s, err := d.load(ctx, tx, events)
	if err != nil {
		return 0, err
	}
	for _, e := range events {
		if err := s.decide(e); err != nil {
			return 0, err
		}
	}
	d.crash("before write")
	if err := s.write(ctx, tx); err != nil {
		return 0, err
	}
	d.crash("before commit")
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("commit decisions: %w", err)
	}
	d.crash("after commit")
	return len(events), nil
}

func (d *Decider) crash(point string) {
	if d.Crash != nil {
		d.Crash(point)
	}
}

// event is a row of events with its payload decoded.
type event struct {
	ID          int64     `db:"id"`
	WorkspaceID int64     `db:"workspace_id"`
	AccountID   int64     `db:"account_id"`
	DeliveryID  *int64    `db:"delivery_id"`
	Key         string    `db:"key"`
	Kind        string    `db:"kind"`
	Channel     string    `db:"channel"`
	Source      string    `db:"source"`
	OccurredAt  time.Time `db:"occurred_at"`
	Payload     []byte    `db:"payload"`
	Lane        int16     `db:"lane"`

	channels.Event `db:"-"` // for kinds that came from a network
	internal       internalPayload
	changing       []int64 // identities that news of a changed number is about
	account        *inbox.Account
	reason         string
	spoke          string        // the language that the writer was known to speak before this
	took           time.Duration // to judge it: the program, or the wait for the language model
}

// internalPayload is what internal events carry.
type internalPayload struct {
	AskID     int64                 `json:"ask_id"`
	CommentID int64                 `json:"comment_id"`
	Text      string                `json:"text"` // of a comment that was read back
	Answer    *moderation.LLMAnswer `json:"answer"`
	Failed    string                `json:"failed"` // why the model gave no answer
	Signals   *moderation.Signals   `json:"signals"`

	RunID    int64 `json:"run_id"` // of a flow: live.Payload
	Seq      int   `json:"seq"`
	Event    int64 `json:"event"`
	CallID   int64 `json:"call_id"`
	NoticeID int64 `json:"notice_id"` // of a booking: booking.Payload
}

func takeEvents(ctx context.Context, tx sqlx.ExtContext, held []jobs.Held, only int64) ([]*event, error) {
	lanes := make([]int64, len(held))
	for i, h := range held {
		lanes[i] = int64(h.Lane)
	}
	var events []*event
	query, args := sqlTakeEvents+` ORDER BY id LIMIT $2`, []any{pq.Array(lanes), maxBatchEvents}
	if only != 0 {
		query, args = sqlTakeEvents+` AND id = $2`, []any{pq.Array(lanes), only}
	}
	if err := sqlx.SelectContext(ctx, tx, &events, query, args...); err != nil {
		return nil, fmt.Errorf("take events: %w", err)
	}
	return events, nil
}

const sqlTakeEvents = `
SELECT id, workspace_id, account_id, delivery_id, key, kind, channel, source, occurred_at, payload, lane
FROM events
WHERE state = 'pending' AND lane = ANY($1) AND (not_before IS NULL OR not_before <= now())`

func (d *Decider) pending(ctx context.Context, held []jobs.Held) ([]int64, error) {
	events, err := takeEvents(ctx, d.DB, held, 0)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(events))
	for i, e := range events {
		ids[i] = e.ID
	}
	return ids, nil
}

// putOff counts a failure of one event: it is tried again a little later, and parked with its reason
// after the last attempt, visible and open to a replay.
func (d *Decider) putOff(ctx context.Context, id int64, cause error) error {
	d.Log.Error("an event could not be decided", "event", id, "error", cause)
	reason := "could not be decided: " + publicCause(cause)
	most := maxAttempts
	var ours *decisionError
	var theirs *pq.Error
	if !errors.As(cause, &ours) && !errors.As(cause, &theirs) {
		most = maxUnknown
	}
	if _, err := d.DB.ExecContext(ctx, sqlPutOff, id, most, reason); err != nil {
		return fmt.Errorf("put off event %d: %w", id, err)
	}
	return nil
}

const sqlPutOff = `
UPDATE events SET attempts = attempts + 1, not_before = now() + make_interval(secs => least(2 * (attempts + 1), 60)), reason = $3,
    state = CASE WHEN attempts + 1 >= $2 THEN 'parked' ELSE state END
WHERE id = $1 AND state = 'pending'`

// publicCause is what a person may read of a failure: the database's complaint without the values.
func publicCause(err error) string {
	var p *pq.Error
	if errors.As(err, &p) {
		return "the database refused it (" + string(p.Code) + " " + p.Code.Name() + ")"
	}
	return "an internal error; the log has the details"
}
