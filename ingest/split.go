package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/inbox"
	"ponte/jobs"
)

// Splitter turns deliveries into events: pure, idempotent, one transaction for many deliveries. What
// is not understood, or belongs to an account nobody connected, is parked with a reason and can be
// replayed.
type Splitter struct {
	DB       *sqlx.DB
	Accounts *Directory
	Parse    func(body []byte) ([]channels.Event, error)
	Log      *slog.Logger
	Wake     <-chan struct{}
}

// A transaction splits at most so many deliveries and bytes.
const (
	maxSplitRows  = 400
	maxSplitBytes = 4 << 20
)

// Run splits until the context ends.
func (s *Splitter) Run(ctx context.Context) error {
	once := func(ctx context.Context) (bool, error) {
		start := time.Now()
		n, err := s.Once(ctx)
		if err == nil && n > 0 && n < smallBatch {
			jobs.Gather(ctx, time.Since(start))
		}
		return n > 0, err
	}
	return jobs.Loop{Once: once, Every: 250 * time.Millisecond, Wake: s.Wake, Log: s.Log, Failed: "deliveries could not be split; trying again"}.Run(ctx)
}

type delivery struct {
	ID         int64     `db:"id"`
	Source     string    `db:"source"`
	ReceivedAt time.Time `db:"received_at"`
	Body       []byte    `db:"body"`
}

// Once splits one batch and returns how many deliveries it took. When the database refuses what a
// delivery holds, the batch is split one by one and the bad one is parked, so that it stops no other.
func (s *Splitter) Once(ctx context.Context) (int, error) {
	ids, err := s.batch(ctx, maxSplitRows)
	if err == nil || ctx.Err() != nil || !inData(err) {
		return len(ids), err
	}
	s.Log.Warn("a batch of deliveries could not be split; splitting them one by one", "error", err)
	for n := range len(ids) {
		one, err := s.batch(ctx, 1)
		if err != nil && ctx.Err() == nil && inData(err) && len(one) == 1 {
			s.Log.Error("a delivery could not be split and is parked", "delivery", one[0], "error", err)
			err = finishDeliveries(ctx, s.DB, nil, map[int64]string{one[0]: "could not be split: " + publicCause(err)})
		}
		if err != nil || len(one) == 0 {
			return n, err
		}
	}
	return len(ids), nil
}

// batch splits up to so many deliveries in one transaction and returns which, also when it failed.
func (s *Splitter) batch(ctx context.Context, most int) ([]int64, error) {
	tx, err := s.DB.BeginTxx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	taken, err := takeDeliveries(ctx, tx, most)
	if err != nil || len(taken) == 0 {
		return nil, err
	}
	ids := make([]int64, len(taken))
	for i, d := range taken {
		ids[i] = d.ID
	}
	var events []newEvent
	parked := map[int64]string{}
	for _, d := range taken {
		mine, reason, err := s.split(ctx, d)
		if err != nil {
			return ids, err
		}
		events = append(events, mine...)
		if reason != "" {
			parked[d.ID] = reason
		}
	}
	if err := insertEvents(ctx, tx, events); err != nil {
		return ids, err
	}
	if err := finishDeliveries(ctx, tx, taken, parked); err != nil {
		return ids, err
	}
	if err := inbox.Wake(ctx, tx, "ponte_events"); err != nil {
		return ids, err
	}
	return ids, tx.Commit()
}

// split is the pure part: which events a delivery holds, and why any of it must be parked.
func (s *Splitter) split(ctx context.Context, d delivery) ([]newEvent, string, error) {
	parsed, err := s.parse(d.Body)
	var crashed *parseCrash
	if errors.As(err, &crashed) {
		s.Log.Error("a delivery could not be parsed and is parked", "delivery", d.ID, "error", err)
		return nil, "could not be parsed: an internal error; the log has the details", nil
	}
	if err != nil {
		return nil, "the body is not JSON", nil
	}
	var out []newEvent
	unknown, strange := map[string]bool{}, map[string]bool{}
	for i := range parsed {
		e := &parsed[i]
		if e.Channel == "" { // of no network that ponte knows: connecting an account would not help
			strange[e.Reason] = true
			continue
		}
		account, err := s.Accounts.Find(ctx, e.Channel, e.Account)
		if err != nil {
			return nil, "", err
		}
		if account == nil {
			name := fmt.Sprintf("%s account %s", e.Channel, e.Account)
			if e.Account == "" {
				name = "an item that names no account"
			}
			unknown[name] = true
			continue
		}
		if d.Source == "backfill" && isNews(e, account, d) {
			continue
		}
		if e.Time.IsZero() {
			e.Time = d.ReceivedAt.UTC() // the network named no time
			if e.Kind == channels.AccountChanged {
				e.Key += ":" + e.Time.Format("2006-01-02T15") // the same trouble a day later is news again
			}
		}
		payload, err := json.Marshal(e)
		if err != nil {
			unknown["an item that cannot be kept as JSON"] = true
			continue
		}
		out = append(out, newEvent{account.WorkspaceID, account.ID, d.ID, e.Key, string(e.Kind), string(e.Channel),
			inbox.LaneOf(account.ID, e.Lane), d.Source, e.Time, string(payload)})
	}
	if len(parsed) == 0 {
		return nil, "the body holds no event", nil
	}
	return out, parkReason(unknown, strange), nil
}

// isNews says that what a backfill read is so fresh that a webhook announces it, or the sweep finds it:
// taken as history it would never be acted upon.
func isNews(e *channels.Event, a *inbox.Account, d delivery) bool {
	return e.Time.After(a.CreatedAt) && e.Time.After(d.ReceivedAt.Add(-newsAge))
}

// newsAge is how long a webhook may take before a backfill counts its subject as history.
const newsAge = 10 * time.Minute

// parse keeps a panic over one body from stopping the others.
func (s *Splitter) parse(body []byte) (events []channels.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &parseCrash{p}
		}
	}()
	return s.Parse(body)
}

type parseCrash struct{ cause any }

func (c *parseCrash) Error() string { return fmt.Sprintf("the parser panicked: %v", c.cause) }

func parkReason(unknown, strange map[string]bool) string {
	var parts []string
	if len(strange) > 0 {
		parts = append(parts, "not supported: "+some(strange))
	}
	if len(unknown) > 0 {
		parts = append(parts, "not connected: "+some(unknown)+"; connect the account and replay")
	}
	return strings.Join(parts, "; ")
}

// some names a few of a set, in order.
func some(set map[string]bool) string {
	names := slices.Sorted(maps.Keys(set))
	if len(names) > 5 {
		names = append(names[:5], fmt.Sprintf("and %d more", len(names)-5))
	}
	return strings.Join(names, ", ")
}

func takeDeliveries(ctx context.Context, tx sqlx.ExtContext, most int) ([]delivery, error) {
	// The lock is taken on ids first: locking cannot be combined with the running sum of sizes.
	var ids []struct {
		ID   int64 `db:"id"`
		Size int   `db:"size"`
	}
	if err := sqlx.SelectContext(ctx, tx, &ids, sqlTakeDeliveries, most); err != nil {
		return nil, fmt.Errorf("take deliveries: %w", err)
	}
	var take []int64
	size := 0
	for _, d := range ids {
		if size += d.Size; size > maxSplitBytes && len(take) > 0 {
			break
		}
		take = append(take, d.ID)
	}
	if len(take) == 0 {
		return nil, nil
	}
	var out []delivery
	if err := sqlx.SelectContext(ctx, tx, &out, `SELECT id, source, received_at, body FROM deliveries WHERE id = ANY($1) ORDER BY id`, pq.Array(take)); err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return out, nil
}

const sqlTakeDeliveries = `
SELECT id, octet_length(body) AS size FROM deliveries
WHERE state = 'pending' ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED`

type newEvent struct {
	workspaceID, accountID, deliveryID int64
	key, kind, channel                 string
	lane                               int16
	source                             string
	at                                 time.Time
	payload                            string
}

// insertEvents writes events in the order in which they came, because the lanes work by id.
func insertEvents(ctx context.Context, tx sqlx.ExtContext, events []newEvent) error {
	const chunk = 1000
	for len(events) > 0 {
		part := events[:min(chunk, len(events))]
		events = events[len(part):]
		if err := lockKeys(ctx, tx, part); err != nil {
			return err
		}
		rows := inbox.NewRows("bigint", "bigint", "bigint", "text", "text", "text", "smallint", "text", "timestamptz", "json")
		for _, e := range part {
			rows.Add(e.workspaceID, e.accountID, e.deliveryID, e.key, e.kind, e.channel, e.lane, e.source, e.at, e.payload)
		}
		if _, err := tx.ExecContext(ctx, sqlInsertEvents+rows.SQL()+` ON CONFLICT (account_id, key) DO NOTHING`, rows.Args()...); err != nil {
			return fmt.Errorf("keep events: %w", err)
		}
	}
	return nil
}

const sqlInsertEvents = `
INSERT INTO events (workspace_id, account_id, delivery_id, key, kind, channel, lane, source, occurred_at, payload) `

// lockKeys serialises splitters per account, ids sorted: the same webhook delivered twice at once is
// then two splitters in a row and never a deadlock.
func lockKeys(ctx context.Context, tx sqlx.ExtContext, events []newEvent) error {
	ids := make([]int64, 0, len(events))
	for _, e := range events {
		ids = append(ids, e.accountID)
	}
	slices.SortFunc(ids, cmp.Compare)
	ids = slices.Compact(ids)
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(70417, id::int) FROM unnest($1::bigint[]) AS id`, pq.Array(ids)); err != nil {
		return fmt.Errorf("lock accounts for splitting: %w", err)
	}
	return nil
}

func finishDeliveries(ctx context.Context, tx sqlx.ExtContext, taken []delivery, parked map[int64]string) error {
	var split []int64
	for _, d := range taken {
		if _, bad := parked[d.ID]; !bad {
			split = append(split, d.ID)
		}
	}
	if len(split) > 0 {
		if _, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = 'split', reason = '' WHERE id = ANY($1)`, pq.Array(split)); err != nil {
			return fmt.Errorf("finish deliveries: %w", err)
		}
	}
	if len(parked) == 0 {
		return nil
	}
	rows := inbox.NewRows("bigint", "text")
	for id, why := range parked {
		rows.Add(id, why)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE deliveries d SET state = 'parked', reason = k.reason, attempts = attempts + 1 FROM (`+rows.SQL()+`) AS k (id, reason) WHERE d.id = k.id`, rows.Args()...); err != nil {
		return fmt.Errorf("park deliveries: %w", err)
	}
	return nil
}

// Replay puts parked deliveries back in line: one of them, or all (id 0). It returns how many. Events
// that were kept the first time are not doubled, because their keys are.
func Replay(ctx context.Context, tx sqlx.ExtContext, id int64) (int64, error) {
	res, err := tx.ExecContext(ctx, `UPDATE deliveries SET state = 'pending' WHERE state = 'parked' AND ($1::bigint = 0 OR id = $1)`, id)
	if err != nil {
		return 0, fmt.Errorf("replay deliveries: %w", err)
	}
	n, _ := res.RowsAffected()
	return n, inbox.Wake(ctx, tx, "ponte_deliveries")
}
