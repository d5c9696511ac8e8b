// Package jobs says who works on what: lanes are held by a lease with a fencing number, so that what
// must be handled in order is handled by one worker, and a dead worker's lanes move on in seconds.
package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// ErrLost says that another worker holds the lane now; what was done in this transaction must not commit.
var ErrLost = errors.New("the lane's lease was lost to another worker")

// Lease is how long a lane is held without a renewal.
const Lease = 10 * time.Second

// Held is a lane with the fencing number it is held under.
type Held struct {
	Lane  int16 `db:"lane"`
	Fence int64 `db:"fence"`
}

// Lanes acquires and renews lanes for one worker.
type Lanes struct {
	DB     *sqlx.DB
	Holder string                // unique to this process and worker
	Share  func(lane int16) bool // which lanes this worker may take in this process; nil means all
	Life   *Life                 // lets others take over at once when this process dies; nil: when the lease has run out
}

// holder signs the lanes. The part before # is the process's, whose lock tells whether it lives.
func (l *Lanes) holder() string {
	if l.Life == nil {
		return l.Holder
	}
	return l.Life.Name() + "#" + l.Holder
}

// Acquire renews the lanes held and takes free or expired ones. The workers of one process divide the
// lanes by Share; a second replica stands by and takes over what is not renewed.
func (l *Lanes) Acquire(ctx context.Context) ([]Held, error) {
	if l.Life != nil {
		if err := l.Life.Show(ctx); err != nil && ctx.Err() != nil {
			return nil, err // else: without it, others wait for the lease
		}
	}
	var held []Held
	err := l.DB.SelectContext(ctx, &held, sqlAcquireLanes, l.holder(), Lease.Seconds(), pq.Array(l.mine()), lifeLock, lifePrefix+"%")
	if err != nil {
		return nil, fmt.Errorf("acquire lanes: %w", err)
	}
	return held, nil
}

// A lane changes hands only when its lease has run out or its holder's process is dead; then the fence
// moves, and a late writer under the old number is refused.
const sqlAcquireLanes = `
WITH want AS (
    SELECT lane FROM lanes WHERE lane = ANY($3) AND (holder = $1 OR expires_at < now()
        OR holder LIKE $5 AND holder <> $1 AND pg_try_advisory_xact_lock($4, hashtext(split_part(holder, '#', 1))))
    ORDER BY lane FOR UPDATE SKIP LOCKED
)
UPDATE lanes l SET expires_at = now() + make_interval(secs => $2),
    fence = CASE WHEN l.holder = $1 AND l.expires_at >= now() THEN l.fence ELSE l.fence + 1 END,
    holder = $1
FROM want WHERE l.lane = want.lane
RETURNING l.lane, l.fence`

// Release gives the lanes back at a graceful stop, so that another replica need not wait.
func (l *Lanes) Release(ctx context.Context) error {
	if _, err := l.DB.ExecContext(ctx, `UPDATE lanes SET expires_at = '-infinity' WHERE holder = $1`, l.holder()); err != nil {
		return fmt.Errorf("release lanes: %w", err)
	}
	return nil
}

// Check holds the lanes' rows in the caller's transaction and returns ErrLost unless all of them are
// still held under their numbers.
func (l *Lanes) Check(ctx context.Context, tx sqlx.ExtContext, held []Held) error {
	lanes, fences := make([]int64, len(held)), make([]int64, len(held))
	for i, h := range held {
		lanes[i], fences[i] = int64(h.Lane), h.Fence
	}
	var n int
	if err := sqlx.GetContext(ctx, tx, &n, sqlCheckLanes, pq.Array(lanes), pq.Array(fences), l.holder()); err != nil {
		return fmt.Errorf("check lanes: %w", err)
	}
	if n != len(held) {
		return ErrLost
	}
	return nil
}

const sqlCheckLanes = `
SELECT count(*) FROM (
    SELECT 1 FROM lanes l JOIN unnest($1::smallint[], $2::bigint[]) AS k (lane, fence) ON l.lane = k.lane AND l.fence = k.fence
    WHERE l.holder = $3 FOR SHARE OF l
) s`

func (l *Lanes) mine() []int64 {
	var mine []int64
	for lane := int16(0); lane < 64; lane++ {
		if l.Share == nil || l.Share(lane) {
			mine = append(mine, int64(lane))
		}
	}
	return mine
}
