package desk

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
)

// wait is a conversation whose deadlines are to be written: somebody has begun to wait, or waits no longer.
type wait struct {
	ID           int64      `db:"id"`
	AccountID    int64      `db:"account_id"`
	Team         string     `db:"team"`
	Handler      string     `db:"handler"`
	State        string     `db:"state"`
	Priority     int        `db:"priority"`
	WaitingSince *time.Time `db:"waiting_since"`
	FirstBotAt   *time.Time `db:"first_bot_answer_at"`
	FirstHumanAt *time.Time `db:"first_human_answer_at"`
	HandedOverAt *time.Time `db:"handed_over_at"`
	VIP          bool       `db:"vip"`
}

// Deadlines are the instants by which a waiting customer is to be answered.
type Deadlines struct {
	Answer   *Deadline // the first answer, by anybody
	Handover *Deadline // a person's first answer after the bot handed over
	Overdue  *Deadline
	Due      *time.Time // the soonest
	Near     *time.Time // the soonest
	Queue    *time.Time // the place in the queue
}

// Deadline is an instant, and when it is near: so many minutes of opening time before, not on the evening of the day
// before the morning on which it passes.
type Deadline struct{ At, Near time.Time }

func (d *Deadline) columns() []any {
	if d == nil {
		return []any{nil, nil}
	}
	return []any{d.At, d.Near}
}

// headStart is how much sooner than its deadline a conversation is looked at: who is urgent or valuable goes
// first, but nobody waits for ever behind them. Who may be in danger stands before everybody.
func headStart(priority int, vip bool) time.Duration {
	if priority == inbox.Danger {
		return beforeAll
	}
	h := map[int]time.Duration{-1: -time.Hour, 1: 30 * time.Minute, 2: 2 * time.Hour}[priority]
	if vip {
		h += 15 * time.Minute
	}
	return h
}

// beforeAll is longer than anybody has waited.
const beforeAll = 20 * 365 * 24 * time.Hour

// deadlines computes them; pure.
func (w wait) deadlines(c clocks, s inbox.Settings) Deadlines {
	var d Deadlines
	if w.WaitingSince == nil || w.State != "open" {
		return d
	}
	at := func(from time.Time, minutes int) *Deadline {
		return &Deadline{c.due(w.Team, w.AccountID, from, minutes), c.due(w.Team, w.AccountID, from, max(minutes-s.Desk.NearMinutes, 0))}
	}
	if w.FirstBotAt == nil && w.FirstHumanAt == nil {
		d.Answer = at(*w.WaitingSince, s.Desk.FirstAnswerMinutes)
	}
	if w.Handler == "human" && w.HandedOverAt != nil && (w.FirstHumanAt == nil || w.FirstHumanAt.Before(*w.HandedOverAt)) {
		d.Handover = at(*w.HandedOverAt, s.Desk.HandoverMinutes)
	}
	d.Overdue = at(*w.WaitingSince, s.OverdueMinutes)
	for _, x := range []*Deadline{d.Answer, d.Handover, d.Overdue} {
		if x == nil {
			continue
		}
		if d.Due == nil || x.At.Before(*d.Due) {
			d.Due = &x.At
		}
		if d.Near == nil || x.Near.Before(*d.Near) {
			d.Near = &x.Near
		}
	}
	queue := d.Due.Add(-headStart(w.Priority, w.VIP))
	d.Queue = &queue
	return d
}

// stampAtOnce bounds one transaction.
const stampAtOnce = 500

// stamp writes the deadlines of waits that have none yet and takes those of waits that are over away. Rows
// that the pipeline holds at this instant are done in the next pass.
func (w *Worker) stamp(ctx context.Context, sp space) (int, error) {
	n := 0
	err := inbox.InTx(ctx, w.DB, func(tx *sqlx.Tx) error {
		if err := w.keepClock(ctx, tx, sp); err != nil {
			return err
		}
		var list []wait
		d := sp.settings.Desk
		if _, err := tx.ExecContext(ctx, sqlWorthChanged, sp.id, inbox.Strings(d.VIPLabels), d.VIPField, d.VIPGoalMicros); err != nil {
			return fmt.Errorf("find who has become valuable while they wait: %w", err)
		}
		if err := tx.SelectContext(ctx, &list, sqlUnstamped, sp.id, inbox.Strings(d.VIPLabels), d.VIPField, d.VIPGoalMicros, stampAtOnce); err != nil {
			return fmt.Errorf("find waits without deadlines: %w", err)
		}
		if n = len(list); n == 0 {
			return nil
		}
		rows := inbox.NewRows("bigint", "bigint", "timestamptz", "boolean", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz")
		changes := make([]inbox.Change, len(list))
		for i, v := range list {
			x := v.deadlines(sp.clocks, sp.settings)
			rows.Add(append(slices.Concat([]any{sp.id, v.ID, v.WaitingSince, v.VIP}, x.Answer.columns(), x.Handover.columns(), x.Overdue.columns()), x.Due, x.Near, x.Queue)...)
			changes[i] = inbox.Change{WorkspaceID: sp.id, Topic: "conversation", ObjectID: v.ID}
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlStamp, rows.SQL()), rows.Args()...); err != nil {
			return fmt.Errorf("write deadlines: %w", err)
		}
		if _, err := tx.ExecContext(ctx, sqlClear, sp.id, w.Now()); err != nil {
			return fmt.Errorf("clear what was told of waits that are over: %w", err)
		}
		return inbox.Touch(ctx, tx, slices.Clip(changes)...)
	})
	return n, err
}

// keepClock makes all waits be stamped anew where the hours or the minutes changed.
func (w *Worker) keepClock(ctx context.Context, tx *sqlx.Tx, sp space) error {
	res, err := tx.ExecContext(ctx, `
INSERT INTO desk_clocks (workspace_id, digest) VALUES ($1, $2)
ON CONFLICT (workspace_id) DO UPDATE SET digest = excluded.digest WHERE desk_clocks.digest <> excluded.digest`, sp.id, sp.clocks.digest)
	if err != nil {
		return fmt.Errorf("keep the clock of workspace %d: %w", sp.id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	if _, err := tx.ExecContext(ctx, `
UPDATE conversations v SET due_for = NULL FROM (SELECT id FROM conversations WHERE workspace_id = $1 AND state = 'open' AND waiting_since IS NOT NULL AND due_for IS NOT NULL ORDER BY id FOR NO KEY UPDATE) x
WHERE v.workspace_id = $1 AND v.id = x.id`, sp.id); err != nil {
		return fmt.Errorf("count deadlines of workspace %d anew: %w", sp.id, err)
	}
	return nil
}

// What makes a customer valuable: a label of theirs or of this conversation, a field, what their goals are worth.
const isVIP = `(c.labels && $2::text[] OR v.labels && $2::text[] OR ($3 <> '' AND lower(coalesce(c.fields ->> $3, '')) NOT IN ('', 'false', 'no', '0'))
        OR ($4::bigint > 0 AND coalesce((SELECT sum(g.value_micros) FROM goals g WHERE g.workspace_id = v.workspace_id AND g.contact_id = v.contact_id), 0) >= $4::bigint))`

const sqlUnstamped = `
SELECT v.id, v.account_id, v.team, v.handler, v.state, v.priority, v.waiting_since, v.first_bot_answer_at, v.first_human_answer_at, v.handed_over_at, ` + isVIP + ` AS vip
FROM conversations v JOIN contacts c ON c.workspace_id = v.workspace_id AND c.id = v.contact_id
WHERE v.workspace_id = $1 AND v.due_for IS DISTINCT FROM v.waiting_since ORDER BY v.id LIMIT $5 FOR NO KEY UPDATE OF v SKIP LOCKED`

// A label, a field, a goal or a merge comes from many places while somebody waits: those who wait are looked at, in
// the same index as the queue, instead of every place being told.
const sqlWorthChanged = `
UPDATE conversations v SET due_for = NULL FROM (
    SELECT v.id FROM conversations v JOIN contacts c ON c.workspace_id = v.workspace_id AND c.id = v.contact_id
    WHERE v.workspace_id = $1 AND v.state = 'open' AND v.waiting_since IS NOT NULL AND NOT v.spam AND v.due_for = v.waiting_since AND v.vip <> ` + isVIP + `
    ORDER BY v.id FOR NO KEY UPDATE OF v SKIP LOCKED) x
WHERE v.workspace_id = $1 AND v.id = x.id`

// A new wait begins with a clean sheet: who it was taken back from may get it again. An empty due_for is the
// same wait, counted anew.
const sqlStamp = `
UPDATE conversations v SET due_for = k.wait, vip = k.vip, answer_due_at = k.answer, answer_near_at = k.answer_near, handover_due_at = k.handover, handover_near_at = k.handover_near,
    overdue_at = k.overdue, overdue_near_at = k.overdue_near, due_at = k.due, near_at = k.near, queue_at = k.queue,
    taken_back = CASE WHEN k.wait IS NULL OR v.due_for <> k.wait THEN 0 ELSE v.taken_back END,
    refused_by = CASE WHEN k.wait IS NULL OR v.due_for <> k.wait THEN '{}' ELSE v.refused_by END,
    escalated_at = CASE WHEN k.wait IS NULL OR v.due_for <> k.wait THEN NULL ELSE v.escalated_at END
FROM (%s) AS k (workspace_id, id, wait, vip, answer, answer_near, handover, handover_near, overdue, overdue_near, due, near, queue) WHERE v.workspace_id = k.workspace_id AND v.id = k.id`

const sqlClear = `
UPDATE sla_events e SET cleared_at = $2 FROM conversations v
WHERE e.workspace_id = $1 AND e.cleared_at IS NULL AND v.workspace_id = e.workspace_id AND v.id = e.conversation_id AND (v.waiting_since IS DISTINCT FROM e.wait OR v.state <> 'open')`
