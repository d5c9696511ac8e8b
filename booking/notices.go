package booking

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
	"ponte/jobs"
)

// Notices passes reminders that are due to the lanes of their people, where they are sent or, if the booking
// is gone meanwhile, are not.
type Notices struct {
	DB  *sqlx.DB
	Now func() time.Time
	Log *slog.Logger
}

const noticesAtOnce = 100

// Run passes notices on until the context ends.
func (n *Notices) Run(ctx context.Context) error {
	once := func(ctx context.Context) (bool, error) {
		taken, err := n.Once(ctx)
		return taken == noticesAtOnce, err
	}
	return jobs.Loop{Once: once, Every: 5 * time.Second, Log: n.Log, Failed: "notices of bookings could not be passed on; trying again"}.Run(ctx)
}

// Payload is what the internal event of a notice carries.
type Payload struct {
	NoticeID int64 `json:"notice_id"`
}

// Once passes on what is due and returns how many. Claiming and raising are one transaction.
func (n *Notices) Once(ctx context.Context) (int, error) {
	tx, err := n.DB.BeginTxx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	var due []struct {
		WorkspaceID int64  `db:"workspace_id"`
		ID          int64  `db:"id"`
		AccountID   int64  `db:"account_id"`
		Channel     string `db:"channel"`
		ExternalID  string `db:"external_id"`
		Phone       string `db:"phone"`
	}
	now := n.Now()
	if err := tx.SelectContext(ctx, &due, sqlDueNotices, now, noticesAtOnce); err != nil {
		return 0, fmt.Errorf("find notices that are due: %w", err)
	}
	if len(due) == 0 {
		return 0, nil
	}
	var events []inbox.InternalEvent
	for _, d := range due {
		lane := "p:" + d.Channel + ":" + cmp.Or(d.ExternalID, d.Phone)
		events = append(events, inbox.InternalEvent{WorkspaceID: d.WorkspaceID, AccountID: d.AccountID, Key: fmt.Sprintf("booking:notice:%d", d.ID), Kind: inbox.BookingNotice,
			Channel: d.Channel, Lane: inbox.LaneOf(d.AccountID, lane), At: now, Payload: Payload{d.ID}})
	}
	if err := inbox.Raise(ctx, tx, events...); err != nil {
		return 0, err
	}
	return len(due), tx.Commit()
}

const sqlDueNotices = `
UPDATE booking_notices n SET state = 'raised'
FROM (SELECT workspace_id, id FROM booking_notices WHERE state = 'planned' AND due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED) d,
     bookings b, threads t, identities i
WHERE n.workspace_id = d.workspace_id AND n.id = d.id AND b.workspace_id = n.workspace_id AND b.id = n.booking_id AND t.workspace_id = b.workspace_id AND t.id = b.thread_id
  AND i.workspace_id = t.workspace_id AND i.id = t.identity_id
RETURNING n.workspace_id, n.id, t.account_id, t.channel, coalesce(i.external_id, '') AS external_id, coalesce(i.phone, '') AS phone`

// Due is a notice with the booking it is about.
type Due struct {
	ID       int64     `db:"notice_id"`
	Kind     string    `db:"kind"`
	Template string    `db:"template"`
	DueAt    time.Time `db:"due_at"`
	// NextAt is when the next reminder of the booking is due: from then on that one speaks. A process that was down
	// over both does not say the same twice in one breath.
	NextAt *time.Time `db:"next_at"`
	Booking
}

// TakeNotice returns a notice that was passed to its lane; nil where it was handled or taken back.
func TakeNotice(ctx context.Context, tx sqlx.ExtContext, workspace, id int64) (*Due, error) {
	var d Due
	err := sqlx.GetContext(ctx, tx, &d, `
SELECT n.id AS notice_id, n.kind, n.template, n.due_at, b.workspace_id, b.id, b.service_id, s.key AS service_key, b.contact_id, b.thread_id, b.ref, b.starts_at, b.ends_at, b.state,
       CASE WHEN n.kind = 'reminder' THEN (SELECT min(x.due_at) FROM booking_notices x WHERE x.workspace_id = n.workspace_id AND x.booking_id = n.booking_id AND x.kind = 'reminder' AND x.due_at > n.due_at) END AS next_at
FROM booking_notices n JOIN bookings b ON b.workspace_id = n.workspace_id AND b.id = n.booking_id JOIN services s ON s.workspace_id = b.workspace_id AND s.id = b.service_id
WHERE n.workspace_id = $1 AND n.id = $2 AND n.state = 'raised'`, workspace, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("load notice %d: %w", id, err)
	}
	return &d, nil
}

// FinishNotice says what became of a notice.
func FinishNotice(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, state, reason string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE booking_notices SET state = $3, reason = $4 WHERE workspace_id = $1 AND id = $2`, workspace, id, state, reason); err != nil {
		return fmt.Errorf("finish notice %d: %w", id, err)
	}
	return nil
}
