package live

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/inbox"
	"ponte/jobs"
)

type inboxKind = channels.Kind

// Timers passes the times that flows wait for to the lanes of their people. A timer that a message has
// overtaken is recognised there by its number.
type Timers struct {
	DB  *sqlx.DB
	Now func() time.Time
	Log *slog.Logger
}

// timersAtOnce is how many timers one transaction takes.
const timersAtOnce = 200

// Run passes timers on until the context ends.
func (t *Timers) Run(ctx context.Context) error {
	var tidied time.Time
	once := func(ctx context.Context) (bool, error) {
		n, err := t.Once(ctx)
		if err == nil && time.Since(tidied) > time.Minute {
			_, err = EndResolved(ctx, t.DB)
			tidied = time.Now()
		}
		return n == timersAtOnce, err
	}
	return jobs.Loop{Once: once, Every: time.Second, Log: t.Log, Failed: "timers of flows could not be passed on; trying again"}.Run(ctx)
}

// Once passes on what is due and returns how many. Claiming and raising are one transaction: a timer is
// raised once, whatever is killed, and two replicas share the work.
func (t *Timers) Once(ctx context.Context) (int, error) {
	tx, err := t.DB.BeginTxx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	var due []struct {
		WorkspaceID int64     `db:"workspace_id"`
		ID          int64     `db:"id"`
		AccountID   int64     `db:"account_id"`
		Lane        int16     `db:"lane"`
		Channel     string    `db:"channel"`
		Seq         int       `db:"timer_seq"`
		At          time.Time `db:"timer_at"`
	}
	now := t.Now()
	if err := tx.SelectContext(ctx, &due, sqlDueTimers, now, timersAtOnce); err != nil {
		return 0, fmt.Errorf("find timers that are due: %w", err)
	}
	var events []inbox.InternalEvent
	for _, d := range due {
		events = append(events, inbox.InternalEvent{WorkspaceID: d.WorkspaceID, AccountID: d.AccountID, Key: fmt.Sprintf("flow:%d:timer:%d", d.ID, d.Seq), Kind: EventTimer,
			Channel: d.Channel, Lane: d.Lane, At: now, Payload: Payload{RunID: d.ID, Seq: d.Seq}})
	}
	if len(events) == 0 {
		return 0, nil
	}
	if err := inbox.Raise(ctx, tx, events...); err != nil {
		return 0, err
	}
	return len(due), tx.Commit()
}

const sqlDueTimers = `
UPDATE flow_runs r SET timer_raised = r.timer_seq
FROM (SELECT workspace_id, id FROM flow_runs WHERE timer_at <= $1 AND timer_raised < timer_seq AND ended_at IS NULL ORDER BY timer_at LIMIT $2 FOR UPDATE SKIP LOCKED) d, threads t
WHERE r.workspace_id = d.workspace_id AND r.id = d.id AND t.workspace_id = r.workspace_id AND t.id = r.thread_id
RETURNING r.workspace_id, r.id, r.account_id, r.lane, t.channel, r.timer_seq, r.timer_at`
