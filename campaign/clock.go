package campaign

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/inbox"
	"ponte/jobs"
	"ponte/router"
)

// Clock plans windows ahead, opens each when its time has come and closes it. A window that nobody
// opened while it lasted is missed: it is said so and never made up for. Several replicas may run one.
type Clock struct {
	DB  *sqlx.DB
	Now func() time.Time
	Log *slog.Logger

	told map[int64]string // triggers that cannot be planned, and what was said of them
}

const (
	tick     = 5 * time.Second
	ahead    = 48 * time.Hour
	planned  = 96                 // windows that are planned, and told to have gone by, at a time
	passed   = 8 * 24 * time.Hour // windows that went by are told this far back
	scanned  = 20_000             // windows that are looked at to find them
	clockKey = 0x706f6e7465636c6b // advisory lock: one clock at a time
)

// Run keeps the clock until the context ends.
func (c *Clock) Run(ctx context.Context) error {
	return jobs.Loop{Once: func(ctx context.Context) (bool, error) { return false, c.Once(ctx) }, Every: tick, Log: c.Log, Failed: "the triggers' windows could not be kept; trying again"}.Run(ctx)
}

// Once plans, opens, closes. Another replica that is at it now does the same, so then nothing is done.
func (c *Clock) Once(ctx context.Context) error {
	tx, err := c.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	var mine bool
	if err := tx.GetContext(ctx, &mine, `SELECT pg_try_advisory_xact_lock($1)`, int64(clockKey)); err != nil || !mine {
		return err
	}
	now := c.Now()
	rows, list, err := selectTriggers(ctx, tx, sqlWhereRecurring)
	if err != nil {
		return err
	}
	zones, err := zonesOf(ctx, tx, rows)
	if err != nil {
		return err
	}
	if c.told == nil {
		c.told = map[int64]string{}
	}
	for i, t := range list {
		// What cannot be read stops itself alone: it is found before anything is written.
		if err := c.readable(t, zones[rows[i].WorkspaceID]); err != nil {
			if c.told[t.ID] != err.Error() {
				c.Log.Error("a trigger's windows cannot be planned; correct its recurrence, or the workspace's time zone", "workspace", rows[i].WorkspaceID, "trigger", t.ID, "error", err)
				c.told[t.ID] = err.Error()
			}
			continue
		}
		delete(c.told, t.ID)
		if err := plan(ctx, tx, rows[i], t, zones[rows[i].WorkspaceID], now); err != nil {
			return err
		}
	}
	if err := turn(ctx, tx, now); err != nil {
		return err
	}
	return tx.Commit()
}

// readable says what is in the way of planning a trigger's windows.
func (c *Clock) readable(t router.Trigger, f face) error {
	_, err := ParseRecurrence(t.Recurrence, t.DurationMinutes)
	return errors.Join(f.wrong, err)
}

const sqlWhereRecurring = `WHERE t.recurrence <> '' AND t.state = 'live' AND (c.id IS NULL OR c.state = 'live') ORDER BY t.workspace_id, t.id`

// face is a workspace's clock, and since when it is this one.
type face struct {
	zone  *time.Location
	since time.Time
	wrong error // the zone is not known
}

func zonesOf(ctx context.Context, q sqlx.QueryerContext, rows []triggerRow) (map[int64]face, error) {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.WorkspaceID
	}
	var names []struct {
		ID    int64     `db:"id"`
		Name  string    `db:"time_zone"`
		Since time.Time `db:"time_zone_at"`
	}
	if err := sqlx.SelectContext(ctx, q, &names, `SELECT id, time_zone, time_zone_at FROM workspaces WHERE id = ANY($1)`, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("load time zones: %w", err)
	}
	out := map[int64]face{}
	for _, n := range names {
		z, err := Zone(n.Name)
		out[n.ID] = face{z, n.Since, err}
	}
	return out, nil
}

// plan makes the rows of the windows that come, and of those that went by unseen since the trigger or the
// workspace's clock was last changed; what was planned by another recurrence, or on another clock, goes.
func plan(ctx context.Context, tx sqlx.ExtContext, r triggerRow, t router.Trigger, clock face, now time.Time) error {
	rec, err := ParseRecurrence(t.Recurrence, t.DurationMinutes)
	if err := errors.Join(clock.wrong, err); err != nil {
		return err
	}
	if err := keep(ctx, tx, t.ID, rec.Windows(clock.zone, now, now.Add(1), overlapsLooked), now); err != nil {
		return err
	}
	from := r.UpdatedAt
	var turned *time.Time
	if err := sqlx.GetContext(ctx, tx, &turned, `SELECT max(ends_at) FROM trigger_windows WHERE workspace_id = $1 AND trigger_id = $2 AND state <> 'planned' AND ends_at <= $3`, r.WorkspaceID, t.ID, now); err != nil {
		return fmt.Errorf("find the last window of trigger %d: %w", t.ID, err)
	}
	if turned != nil && turned.After(from) {
		from = *turned
	}
	if clock.since.After(from) {
		from = clock.since
	}
	if oldest := now.Add(-passed); from.Before(oldest) {
		from = oldest
	}
	rows := inbox.NewRows("bigint", "bigint", "timestamp", "timestamptz", "timestamptz")
	count := map[bool]int{} // those that went by do not take the places of those that come
	for _, w := range rec.Windows(clock.zone, from, now.Add(ahead), scanned) {
		gone := !w.End.After(now)
		if !within(w, t) || count[gone] >= planned {
			continue
		}
		if w.End.Before(now) && w.Start.Before(from) {
			continue // it began before the trigger was as it is
		}
		count[gone]++
		rows.Add(r.WorkspaceID, t.ID, w.Local.Format("2006-01-02 15:04:05"), w.Start, w.End)
	}
	if rows.Len() == 0 {
		_, err := tx.ExecContext(ctx, `DELETE FROM trigger_windows WHERE trigger_id = $1 AND state = 'planned' AND ends_at > $2`, t.ID, now)
		return err
	}
	n := len(rows.Args())
	keep := rows.SQL()
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlUnplan, keep, n+1, n+2), append(append([]any{}, rows.Args()...), t.ID, now)...); err != nil {
		return fmt.Errorf("take back windows of trigger %d: %w", t.ID, err)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlPlan, keep), rows.Args()...); err != nil {
		return fmt.Errorf("plan windows of trigger %d: %w", t.ID, err)
	}
	return nil
}

// keep holds the windows that are open against the recurrence as it is now: one that it does not have ends, one that
// lasts longer or shorter by now does, and one that a change had cut short and that is put right goes on.
func keep(ctx context.Context, tx sqlx.ExtContext, trigger int64, current []Window, now time.Time) error {
	rows := inbox.NewRows("timestamp", "timestamptz", "timestamptz")
	for _, w := range current {
		rows.Add(w.Local.Format("2006-01-02 15:04:05"), w.Start, w.End)
	}
	if rows.Len() == 0 {
		rows.Add(nil, nil, nil)
	}
	n := len(rows.Args())
	args := append(rows.Args(), trigger, now)
	for _, stmt := range []string{sqlGoOn, sqlCutShort} {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(stmt, rows.SQL(), n+1, n+2), args...); err != nil {
			return fmt.Errorf("keep the open windows of trigger %d: %w", trigger, err)
		}
	}
	return nil
}

const (
	sqlGoOn = `
UPDATE trigger_windows w SET state = 'open', ends_at = k.ends_at FROM (%[1]s) AS k (local_start, starts_at, ends_at)
WHERE w.trigger_id = $%[2]d AND w.state IN ('open','closed') AND w.local_start = k.local_start AND w.starts_at = k.starts_at AND w.ends_at <> k.ends_at AND k.ends_at > $%[3]d`
	sqlCutShort = `
UPDATE trigger_windows w SET state = 'closed', ends_at = greatest($%[3]d, w.opened_at + interval '1 microsecond')
WHERE w.trigger_id = $%[2]d AND w.state = 'open' AND w.ends_at > $%[3]d
  AND NOT EXISTS (SELECT 1 FROM (%[1]s) AS k (local_start, starts_at, ends_at) WHERE k.local_start = w.local_start AND k.starts_at = w.starts_at)`
)

const sqlUnplan = `
DELETE FROM trigger_windows w WHERE w.trigger_id = $%[2]d AND w.state = 'planned' AND w.ends_at > $%[3]d
  AND NOT EXISTS (SELECT 1 FROM (%[1]s) AS k (workspace_id, trigger_id, local_start, starts_at, ends_at)
      WHERE k.local_start = w.local_start AND k.starts_at = w.starts_at AND k.ends_at = w.ends_at)`

// The rows are looked for first: an INSERT that conflicts would use up ids at every tick.
const sqlPlan = `
INSERT INTO trigger_windows (workspace_id, trigger_id, local_start, starts_at, ends_at)
SELECT k.* FROM (%s) AS k (workspace_id, trigger_id, local_start, starts_at, ends_at)
WHERE NOT EXISTS (SELECT 1 FROM trigger_windows w WHERE w.trigger_id = k.trigger_id AND (w.local_start = k.local_start OR w.starts_at = k.starts_at))
ON CONFLICT DO NOTHING`

// within says whether a window lies in the periods of its trigger and campaign at all.
func within(w Window, t router.Trigger) bool {
	periods := [][2]*time.Time{{t.StartsAt, t.EndsAt}}
	if t.Campaign != nil {
		periods = append(periods, [2]*time.Time{t.Campaign.StartsAt, t.Campaign.EndsAt})
	}
	for _, p := range periods {
		if p[0] != nil && !w.End.After(*p[0]) || p[1] != nil && !w.Start.Before(*p[1]) {
			return false
		}
	}
	return true
}

// turn moves windows on: opened once, by the row's own state, and never when they have ended.
func turn(ctx context.Context, tx sqlx.ExtContext, now time.Time) error {
	var moved []struct {
		WorkspaceID int64 `db:"workspace_id"`
		TriggerID   int64 `db:"trigger_id"`
	}
	for _, stmt := range []string{sqlMiss, sqlOpen, sqlClose} {
		if err := sqlx.SelectContext(ctx, tx, &moved, stmt, now); err != nil {
			return fmt.Errorf("turn windows: %w", err)
		}
		var changes []inbox.Change
		for _, m := range moved {
			changes = append(changes, inbox.Change{WorkspaceID: m.WorkspaceID, Topic: "trigger", ObjectID: m.TriggerID})
		}
		if err := inbox.Touch(ctx, tx, changes...); err != nil {
			return err
		}
		moved = nil
	}
	return nil
}

const (
	sqlMiss = `
UPDATE trigger_windows SET state = 'missed', reason = 'ponte was not running while it lasted' WHERE state = 'planned' AND ends_at <= $1 RETURNING workspace_id, trigger_id`
	sqlOpen = `
UPDATE trigger_windows SET state = 'open', opened_at = $1 WHERE state = 'planned' AND starts_at <= $1 AND ends_at > $1 RETURNING workspace_id, trigger_id`
	sqlClose = `
UPDATE trigger_windows SET state = 'closed' WHERE state = 'open' AND ends_at <= $1 RETURNING workspace_id, trigger_id`
)

// replan plans one trigger at once, so that a change counts before the clock comes round. A trigger that
// is not live has nothing planned.
func replan(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, now time.Time) error {
	rows, list, err := selectTriggers(ctx, tx, sqlWhereOne, workspaceID, id)
	if err != nil || len(list) == 0 {
		return err
	}
	t := list[0]
	if t.Recurrence == "" || t.State != "live" || t.Campaign != nil && t.Campaign.State != "live" {
		if _, err := tx.ExecContext(ctx, `DELETE FROM trigger_windows WHERE workspace_id = $1 AND trigger_id = $2 AND state = 'planned'`, workspaceID, id); err != nil {
			return fmt.Errorf("take back windows of trigger %d: %w", id, err)
		}
		return nil
	}
	zones, err := zonesOf(ctx, tx, rows)
	if err != nil {
		return err
	}
	return plan(ctx, tx, rows[0], t, zones[workspaceID], now)
}

// Opening is a window as it is kept.
type Opening struct {
	LocalStart time.Time `db:"local_start"`
	StartsAt   time.Time `db:"starts_at"`
	EndsAt     time.Time `db:"ends_at"`
	State      string    `db:"state"`
	Reason     string    `db:"reason"`
}

// Opened lists a trigger's windows of the last weeks and those that are planned, the newest first.
func Opened(ctx context.Context, q sqlx.QueryerContext, workspaceID, triggerID int64, now time.Time) ([]Opening, error) {
	var list []Opening
	err := sqlx.SelectContext(ctx, q, &list, `SELECT local_start, starts_at, ends_at, state, reason FROM trigger_windows WHERE workspace_id = $1 AND trigger_id = $2 AND ends_at > $3 ORDER BY starts_at DESC LIMIT 200`,
		workspaceID, triggerID, now.Add(-4*7*24*time.Hour))
	if err != nil {
		return nil, fmt.Errorf("list the windows of trigger %d: %w", triggerID, err)
	}
	return list, nil
}
