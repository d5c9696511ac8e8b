package booking

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/flow"
	"ponte/inbox"
)

// Hold is how long a place is kept for somebody who has not confirmed yet.
const Hold = 15 * time.Minute

// ErrTaken says that every place of the time is taken.
var ErrTaken = fault.New(fault.Conflict, "every place of this time is taken; choose another time")

// Booking is a reserved time.
type Booking struct {
	WorkspaceID int64      `db:"workspace_id"`
	ID          int64      `db:"id"`
	ServiceID   int64      `db:"service_id"`
	ServiceKey  string     `db:"service_key"`
	ContactID   *int64     `db:"contact_id"`
	ThreadID    *int64     `db:"thread_id"`
	Name        string     `db:"name"`
	Person      string     `db:"person"` // the contact's name
	Note        string     `db:"note"`
	Ref         string     `db:"ref"`
	StartsAt    time.Time  `db:"starts_at"`
	EndsAt      time.Time  `db:"ends_at"`
	State       string     `db:"state"`
	HeldUntil   *time.Time `db:"held_until"`
	MadeBy      string     `db:"made_by"`
	CancelledBy string     `db:"cancelled_by"`
	CancelledAt *time.Time `db:"cancelled_at"`
	Moved       int        `db:"moved"`
	CreatedAt   time.Time  `db:"created_at"`
}

const sqlBookings = `
SELECT b.workspace_id, b.id, b.service_id, s.key AS service_key, b.contact_id, b.thread_id, b.name, coalesce(c.name, '') AS person, b.note, b.ref, b.starts_at, b.ends_at, b.state,
       b.held_until, b.made_by, b.cancelled_by, b.cancelled_at, b.moved, b.created_at
FROM bookings b JOIN services s ON s.workspace_id = b.workspace_id AND s.id = b.service_id LEFT JOIN contacts c ON c.workspace_id = b.workspace_id AND c.id = b.contact_id
WHERE b.workspace_id = $1`

// Get returns one booking.
func Get(ctx context.Context, q sqlx.QueryerContext, workspace, id int64) (Booking, error) {
	return one(ctx, q, ` AND b.id = $2`, workspace, id)
}

// ByRef returns the booking of a reference.
func ByRef(ctx context.Context, q sqlx.QueryerContext, workspace int64, ref string) (Booking, error) {
	return one(ctx, q, ` AND b.ref = $2`, workspace, ref)
}

func one(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) (Booking, error) {
	var b Booking
	err := sqlx.GetContext(ctx, q, &b, sqlBookings+where, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return b, fault.New(fault.NotFound, "booking %v does not exist in this workspace", args[1])
	}
	if err != nil {
		return b, fmt.Errorf("load booking %v: %w", args[1], err)
	}
	return b, nil
}

// Next returns the person's next confirmed booking, nil where there is none.
func Next(ctx context.Context, q sqlx.QueryerContext, workspace, contact int64, now time.Time) (*Booking, error) {
	var list []Booking
	if err := sqlx.SelectContext(ctx, q, &list, sqlBookings+` AND b.contact_id = $2 AND b.state = 'confirmed' AND b.starts_at > $3 ORDER BY b.starts_at, b.id LIMIT 1`, workspace, contact, now); err != nil {
		return nil, fmt.Errorf("find the next booking: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

// Filter narrows a list of bookings. Zero fields do not narrow.
type Filter struct {
	From, To  time.Time // bookings that touch this span
	ServiceID int64
	ContactID int64
	Cancelled bool // list these too
	Limit     int
}

// List returns bookings in the order of their times. Held places whose time has run out are left out.
func List(ctx context.Context, q sqlx.QueryerContext, workspace int64, f Filter, now time.Time) ([]Booking, error) {
	var out []Booking
	err := sqlx.SelectContext(ctx, q, &out, sqlBookings+` AND b.ends_at > $2 AND b.starts_at < $3 AND ($4::bigint = 0 OR b.service_id = $4) AND ($5::bigint = 0 OR b.contact_id = $5)
 AND ($6 OR b.state <> 'cancelled') AND (b.state <> 'held' OR b.held_until > $7) ORDER BY b.starts_at, b.id LIMIT $8`, workspace, f.From, f.To, f.ServiceID, f.ContactID, f.Cancelled, now, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("list bookings: %w", err)
	}
	return out, nil
}

// Wish is what somebody wants to book.
type Wish struct {
	WorkspaceID int64
	Service     string // key
	Start       time.Time
	ContactID   *int64
	ThreadID    *int64
	Name, Note  string
	By          string // 'flow:12', 'user:7'
	Now         time.Time
	Confirmed   bool // not held first
	AnyTime     bool // the team may book outside hours, notice and grid; never above the capacity
}

// Reserve takes a place, or returns ErrTaken. It is held until it is confirmed, unless the wish says that it
// is confirmed at once.
func Reserve(ctx context.Context, tx sqlx.ExtContext, w Wish) (Booking, error) {
	s, err := ServiceByKey(ctx, tx, w.WorkspaceID, w.Service, true)
	if err != nil {
		return Booking{}, err
	}
	end, err := s.place(ctx, tx, w.Start, w.Now, w.AnyTime, 0)
	if err != nil {
		return Booking{}, err
	}
	state, until := "held", timeOrNil(w.Now.Add(Hold))
	if w.Confirmed {
		state, until = "confirmed", nil
	}
	var id int64
	for range 5 {
		err = sqlx.GetContext(ctx, tx, &id, sqlInsertBooking, w.WorkspaceID, s.ID, w.ContactID, w.ThreadID, w.Name, w.Note, newRef(), w.Start, end, state, until, w.By, w.Now)
		if !errors.Is(err, sql.ErrNoRows) { // else the reference exists: another is drawn
			break
		}
	}
	if err != nil {
		return Booking{}, fmt.Errorf("keep a booking: %w", err)
	}
	b, err := Get(ctx, tx, w.WorkspaceID, id)
	if err != nil {
		return b, err
	}
	return b, b.settle(ctx, tx, s, w.Now)
}

const sqlInsertBooking = `
INSERT INTO bookings (workspace_id, service_id, contact_id, thread_id, name, note, ref, starts_at, ends_at, state, held_until, made_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (workspace_id, ref) DO NOTHING RETURNING id`

func timeOrNil(t time.Time) *time.Time { return &t }

// newRef makes what a customer is told: letters and digits that are not mistaken for each other.
func newRef() string {
	const letters = "ACDEFGHJKLMNPQRTUVWXY34679"
	var b [6]byte
	_, _ = rand.Read(b[:])
	for i := range b {
		b[i] = letters[int(b[i])%len(letters)]
	}
	return string(b[:])
}

// place checks, under the service's lock, that a time can be taken, and returns its end.
func (s Service) place(ctx context.Context, tx sqlx.ExtContext, start, now time.Time, anyTime bool, except int64) (time.Time, error) {
	end := start.Add(time.Duration(s.Minutes) * time.Minute)
	if s.ArchivedAt != nil {
		return end, fault.New(fault.Conflict, "the service is archived")
	}
	taken, err := s.takenBetween(ctx, tx, start, end, now, except)
	if err != nil {
		return end, err
	}
	if most(taken, start, end) >= s.Capacity {
		return end, ErrTaken
	}
	if anyTime {
		return end, nil
	}
	free := flow.Calendar{Hours: s.Hours, Now: now}.Free(s.ForFlow(), start.Add(-time.Second), 1)
	if len(free) == 0 || !free[0].Equal(start) {
		return end, fault.New(fault.Conflict, "this time cannot be booked: it is outside the hours of the service, too soon or too far away")
	}
	return end, nil
}

// span is a time that somebody has.
type span struct {
	From time.Time `db:"starts_at"`
	To   time.Time `db:"ends_at"`
}

func (s Service) takenBetween(ctx context.Context, q sqlx.QueryerContext, from, to, now time.Time, except int64) ([]span, error) {
	var out []span
	err := sqlx.SelectContext(ctx, q, &out, `SELECT starts_at, ends_at FROM bookings WHERE workspace_id = $1 AND service_id = $2 AND state <> 'cancelled' AND (state = 'confirmed' OR held_until > $5)
 AND ends_at > $3 AND starts_at < $4 AND id <> $6 ORDER BY starts_at`, s.WorkspaceID, s.ID, from, to, now, except)
	if err != nil {
		return nil, fmt.Errorf("find what is taken of service %d: %w", s.ID, err)
	}
	return out, nil
}

// most is how many of the spans go on at once, at the busiest moment between two instants.
func most(taken []span, from, to time.Time) int {
	busiest := 0
	for _, at := range taken {
		if !at.From.Before(to) || !at.To.After(from) {
			continue
		}
		moment := at.From // a busiest moment is where one of them begins, or the beginning itself
		if moment.Before(from) {
			moment = from
		}
		n := 0
		for _, other := range taken {
			if !other.From.After(moment) && other.To.After(moment) {
				n++
			}
		}
		busiest = max(busiest, n)
	}
	return busiest
}

// Confirm makes a held place certain. Where it was held too long and somebody else has it now, the answer is
// ErrTaken; nor is a time confirmed that has come meanwhile. Confirming twice is once.
func Confirm(ctx context.Context, tx sqlx.ExtContext, workspace int64, ref string, now time.Time) (Booking, error) {
	b, s, err := lock(ctx, tx, workspace, ref)
	switch {
	case err != nil:
		return b, err
	case b.State == "confirmed":
		return b, nil
	case b.State == "cancelled":
		return b, fault.New(fault.Conflict, "the booking was cancelled")
	case !b.StartsAt.After(now):
		return b, fault.New(fault.Conflict, "that time has passed already")
	}
	if !b.HeldUntil.After(now) {
		if _, err := s.place(ctx, tx, b.StartsAt, now, true, b.ID); err != nil {
			return b, err
		}
	}
	b.State, b.HeldUntil = "confirmed", nil
	return b, b.settle(ctx, tx, s, now)
}

// Move gives a booking another time, or returns ErrTaken and leaves it where it was.
func Move(ctx context.Context, tx sqlx.ExtContext, workspace int64, ref string, start, now time.Time, anyTime bool) (Booking, error) {
	b, s, err := lock(ctx, tx, workspace, ref)
	if err != nil {
		return b, err
	}
	if b.State == "cancelled" {
		return b, fault.New(fault.Conflict, "the booking was cancelled")
	}
	end, err := s.place(ctx, tx, start, now, anyTime, b.ID)
	if err != nil {
		return b, err
	}
	b.StartsAt, b.EndsAt = start, end
	b.Moved++
	if b.State == "held" {
		b.HeldUntil = timeOrNil(now.Add(Hold))
	}
	return b, b.settle(ctx, tx, s, now)
}

// Cancel gives a place back. Cancelling twice is once.
func Cancel(ctx context.Context, tx sqlx.ExtContext, workspace int64, ref, by string, now time.Time) (Booking, error) {
	b, s, err := lock(ctx, tx, workspace, ref)
	if err != nil || b.State == "cancelled" {
		return b, err
	}
	b.State, b.HeldUntil, b.CancelledAt, b.CancelledBy = "cancelled", nil, &now, by
	return b, b.settle(ctx, tx, s, now)
}

// lock reads a booking with its service locked: the same order as in Reserve, so that nobody waits for
// somebody who waits for them.
func lock(ctx context.Context, tx sqlx.ExtContext, workspace int64, ref string) (Booking, Service, error) {
	b, err := ByRef(ctx, tx, workspace, ref)
	if err != nil {
		return b, Service{}, err
	}
	s, err := ServiceByID(ctx, tx, workspace, b.ServiceID, true)
	if err != nil {
		return b, s, err
	}
	b, err = ByRef(ctx, tx, workspace, ref) // as it is now that nobody else can change it
	return b, s, err
}

// settle writes a booking and plans its notices anew.
func (b *Booking) settle(ctx context.Context, tx sqlx.ExtContext, s Service, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `UPDATE bookings SET starts_at = $3, ends_at = $4, state = $5, held_until = $6, cancelled_at = $7, cancelled_by = $8, moved = $9, updated_at = now() WHERE workspace_id = $1 AND id = $2`,
		b.WorkspaceID, b.ID, b.StartsAt, b.EndsAt, b.State, b.HeldUntil, b.CancelledAt, b.CancelledBy, b.Moved); err != nil {
		return fmt.Errorf("keep booking %d: %w", b.ID, err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM booking_notices WHERE workspace_id = $1 AND booking_id = $2 AND state IN ('planned','raised')`, b.WorkspaceID, b.ID); err != nil {
		return fmt.Errorf("take back the notices of booking %d: %w", b.ID, err)
	}
	if b.State == "confirmed" && b.ThreadID != nil {
		if err := b.plan(ctx, tx, s, now); err != nil {
			return err
		}
	}
	change := []inbox.Change{{WorkspaceID: b.WorkspaceID, Topic: "booking", ObjectID: b.ID}}
	if b.ContactID != nil {
		change = append(change, inbox.Change{WorkspaceID: b.WorkspaceID, Topic: "contact", ObjectID: *b.ContactID})
	}
	return inbox.Touch(ctx, tx, change...)
}

// plan writes the notices that still lie ahead.
func (b *Booking) plan(ctx context.Context, tx sqlx.ExtContext, s Service, now time.Time) error {
	type planned struct {
		kind string
		n    Notice
		at   time.Time
	}
	var list []planned
	for _, r := range s.Reminders {
		list = append(list, planned{"reminder", r, b.StartsAt.Add(-time.Duration(r.Minutes) * time.Minute)})
	}
	if s.Feedback != nil {
		list = append(list, planned{"feedback", *s.Feedback, b.EndsAt.Add(time.Duration(s.Feedback.Minutes) * time.Minute)})
	}
	for _, p := range list {
		if !p.at.After(now) {
			continue
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO booking_notices (workspace_id, booking_id, kind, template, due_at) VALUES ($1, $2, $3, $4, $5)`, b.WorkspaceID, b.ID, p.kind, p.n.Template, p.at); err != nil {
			return fmt.Errorf("plan a notice of booking %d: %w", b.ID, err)
		}
	}
	return nil
}

// Calendar offers the free times of a workspace's services as they stand in the database.
type Calendar struct {
	Ctx      context.Context
	Q        sqlx.QueryerContext
	Services []Service
	Now      time.Time
	Err      error // why nothing is offered, where the database did not answer

	except int64
}

// Apart returns the times as they are free for a booking that is being moved: it takes no place from itself.
func (c *Calendar) Apart(ref string) flow.Slots {
	out := *c
	if len(c.Services) > 0 { // all are of one workspace
		b, err := ByRef(c.Ctx, c.Q, c.Services[0].WorkspaceID, ref)
		if out.Err = err; err == nil {
			out.except = b.ID
		}
	}
	return &out
}

// Free returns at most so many free starts of a service after an instant.
func (c *Calendar) Free(fs flow.Service, after time.Time, most int) []time.Time {
	i := slices.IndexFunc(c.Services, func(s Service) bool { return s.Key == fs.ID })
	if i < 0 {
		return nil
	}
	free, err := c.Services[i].Free(c.Ctx, c.Q, after, c.Now, most, c.except)
	if err != nil {
		c.Err = err
		return nil
	}
	return free
}

// Free returns at most so many free starts of the service after an instant, in order.
func (s Service) Free(ctx context.Context, q sqlx.QueryerContext, after, now time.Time, atMost int, except int64) ([]time.Time, error) {
	taken, err := s.takenBetween(ctx, q, now, now.AddDate(0, 0, s.AheadDays+2), now, except)
	if err != nil {
		return nil, err
	}
	length := time.Duration(s.Minutes) * time.Minute
	return flow.Calendar{Hours: s.Hours, Now: now, Taken: func(_ string, start time.Time) int { return most(taken, start, start.Add(length)) }}.Free(s.ForFlow(), after, atMost), nil
}
