package campaign

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/jobs"
)

// Tally keeps the sums that funnels are read from: it counts rows once, by chunks of ids, so that a funnel of a
// million answers is read at once. It only saves work: a funnel without it is the same, and slower. Several replicas
// may run one.
type Tally struct {
	DB  *sqlx.DB
	Log *slog.Logger

	chunks int // chunks that are counted at a time; 0: the usual number
}

const (
	chunkBits  = 13 // ids >> chunkBits is the chunk, in the schema's words too
	tallyKey   = 0x706f6e7465666e6c
	tallyEvery = 5 * time.Second
	tallyNew   = 8 // chunks counted for the first time in one go
	tallyAgain = 3 // chunks counted again in one go, because of what was open in them
)

// source is a table that funnels are counted from.
type source struct {
	name, table string
	step        string // what a row counts for; NULL: for nothing
	open        string // whether that may still change
}

// A failed action may be sent once more until its time has passed.
var sources = []source{
	{"actions", "actions", sqlStep, `a.state IN ('planned','sending','unknown','held') OR a.state = 'failed' AND a.valid_until > now() - interval '1 hour'`},
	{"runs", "trigger_runs", `'matched'`, `false`},
	{"handoffs", "handoffs", `'invited'`, `false`},
}

const sqlStep = `CASE WHEN a.kind = 'comment.reply' AND a.state = 'done' THEN 'public_reply'
    WHEN a.kind IN ('private_reply.send', 'message.send') AND a.origin = 'trigger' AND a.state = 'done' THEN 'private_reply'
    WHEN a.origin = 'trigger' AND a.state IN ('refused', 'expired', 'failed') THEN 'refused' END`

// Run counts until the context ends.
func (t *Tally) Run(ctx context.Context) error {
	return jobs.Loop{Once: t.Once, Every: tallyEvery, Log: t.Log, Failed: "funnels could not be counted ahead; they are counted when asked for, and this is tried again"}.Run(ctx)
}

// Once counts what has settled since the last time, and some chunks again: those with something open in them, and in
// turn all others, so that nothing that changed against all expectation stays wrong. It says whether more has settled.
func (t *Tally) Once(ctx context.Context) (more bool, err error) {
	tx, err := t.DB.BeginTxx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	var mine bool
	if err := tx.GetContext(ctx, &mine, `SELECT pg_try_advisory_xact_lock($1)`, int64(tallyKey)); err != nil || !mine {
		return false, err
	}
	for _, s := range sources {
		again, err := t.count(ctx, tx, s)
		if err != nil {
			return false, fmt.Errorf("count %s: %w", s.table, err)
		}
		more = more || again
	}
	return more, tx.Commit()
}

func (t *Tally) count(ctx context.Context, tx *sqlx.Tx, s source) (more bool, err error) {
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlHorizon, s.table), s.name); err != nil {
		return false, err
	}
	var at struct {
		Next    int64 `db:"next"`    // first chunk that was not counted yet
		Settled int64 `db:"settled"` // first id that may not have settled
	}
	if err := tx.GetContext(ctx, &at, sqlSettled, s.name); err != nil {
		return false, err
	}
	limit := int64(tallyNew)
	if t.chunks > 0 {
		limit = int64(t.chunks)
	}
	var chunks []int64
	end := at.Settled >> chunkBits
	for c := at.Next; c < end && c < at.Next+limit; c++ {
		chunks = append(chunks, c)
	}
	more = at.Next+limit < end
	if len(chunks) == 0 {
		if err := tx.SelectContext(ctx, &chunks, sqlAgain, s.name, tallyAgain); err != nil {
			return false, err
		}
	}
	if len(chunks) == 0 {
		return false, nil
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf(sqlTally, s.table, s.step, s.open, chunkBits), s.name, pq.Array(chunks))
	return more, err
}

const (
	sqlSettled = `
SELECT coalesce((SELECT max(chunk) + 1 FROM funnel_chunks WHERE source = $1), 0) AS next, settled + 1 AS settled FROM funnel_horizon WHERE source = $1`
	// A number of a transaction that is still to come is another server's: the database was restored there.
	sqlHorizon = `
INSERT INTO funnel_horizon AS h (source, id, xid) SELECT $1, coalesce((SELECT max(id) FROM %s), 0), pg_snapshot_xmax(pg_current_snapshot())
ON CONFLICT (source) DO UPDATE SET id = excluded.id, xid = excluded.xid, settled = CASE WHEN h.xid <= pg_snapshot_xmin(pg_current_snapshot()) THEN h.id ELSE h.settled END
WHERE h.xid <= pg_snapshot_xmin(pg_current_snapshot()) OR h.xid > excluded.xid`
	sqlAgain = `
(SELECT chunk FROM funnel_chunks WHERE source = $1 AND open > 0 AND counted_at < now() - interval '1 minute' ORDER BY counted_at LIMIT $2)
UNION (SELECT chunk FROM funnel_chunks WHERE source = $1 AND counted_at < now() - interval '10 minutes' ORDER BY counted_at LIMIT 1)`
	// One statement, so that a row is seen in one state alone: counted, or named as open.
	sqlTally = `
WITH wanted AS (SELECT unnest($2::bigint[]) AS chunk),
gone AS (DELETE FROM funnel_counts WHERE source = $1 AND chunk = ANY($2)),
shut AS (DELETE FROM funnel_open WHERE $1 = 'actions' AND chunk = ANY($2)),
seen AS MATERIALIZED (
    SELECT w.chunk, x.* FROM wanted w CROSS JOIN LATERAL (
        SELECT a.id, a.workspace_id, coalesce(a.trigger_id, 0) AS trigger_id, coalesce(a.campaign_id, 0) AS campaign_id, %[2]s AS step, %[3]s AS open
        FROM %[1]s a WHERE a.id >= w.chunk << %[4]d AND a.id < (w.chunk + 1) << %[4]d AND (a.trigger_id IS NOT NULL OR a.campaign_id IS NOT NULL) OFFSET 0) x),
counted AS (
    INSERT INTO funnel_counts (workspace_id, source, chunk, trigger_id, campaign_id, matched, public_reply, private_reply, refused, invited)
    SELECT workspace_id, $1, chunk, trigger_id, campaign_id, count(*) FILTER (WHERE step = 'matched'), count(*) FILTER (WHERE step = 'public_reply'),
           count(*) FILTER (WHERE step = 'private_reply'), count(*) FILTER (WHERE step = 'refused'), count(*) FILTER (WHERE step = 'invited')
    FROM seen WHERE step IS NOT NULL AND NOT open GROUP BY workspace_id, chunk, trigger_id, campaign_id),
named AS (INSERT INTO funnel_open (workspace_id, chunk, action_id) SELECT workspace_id, chunk, id FROM seen WHERE open)
INSERT INTO funnel_chunks (source, chunk, open, counted_at)
SELECT $1, w.chunk, (SELECT count(*) FROM seen s WHERE s.chunk = w.chunk AND s.open), now() FROM wanted w
ON CONFLICT (source, chunk) DO UPDATE SET open = excluded.open, counted_at = excluded.counted_at`
)

// counted is where the sums of each source end: the first id that is in none of them.
type counted struct {
	Actions  int64 `db:"actions"`
	Runs     int64 `db:"runs"`
	Handoffs int64 `db:"handoffs"`
}

// countedTo reads it. A span is counted from the rows themselves: sums know no time.
func countedTo(ctx context.Context, q sqlx.QueryerContext, s Span) (to counted, err error) {
	if s.Since != nil || s.Until != nil {
		return to, nil
	}
	if err := sqlx.GetContext(ctx, q, &to, fmt.Sprintf(sqlCounted, chunkBits)); err != nil {
		return to, fmt.Errorf("find how far funnels are counted: %w", err)
	}
	return to, nil
}

const sqlCounted = `
SELECT coalesce((SELECT max(chunk) + 1 FROM funnel_chunks WHERE source = 'actions'), 0) << %[1]d AS actions,
       coalesce((SELECT max(chunk) + 1 FROM funnel_chunks WHERE source = 'runs'), 0) << %[1]d AS runs,
       coalesce((SELECT max(chunk) + 1 FROM funnel_chunks WHERE source = 'handoffs'), 0) << %[1]d AS handoffs`
