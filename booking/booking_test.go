package booking_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/booking"
	"ponte/cluster"
	"ponte/fault"
	"ponte/testkit"
)

type rig struct {
	testing.TB
	url string
	db  *sqlx.DB
	ws  int64
	now time.Time
}

func newRig(t testing.TB) *rig {
	t.Helper()
	url := testkit.DatabaseURL(t)
	b := &rig{TB: t, url: url, now: time.Date(2026, 3, 23, 8, 0, 0, 0, time.UTC)}
	b.db = b.pool()
	b.must(b.db.Get(&b.ws, `INSERT INTO workspaces (name) VALUES ('main') RETURNING id`))
	return b
}

func (b *rig) pool() *sqlx.DB {
	b.Helper()
	db, err := cluster.Pool(b.url)
	b.must(err)
	b.Cleanup(func() { _ = db.Close() })
	return db
}

func (b *rig) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *rig) service(s booking.Service, hours string) booking.Service {
	b.Helper()
	s.WorkspaceID, s.Name = b.ws, map[string]string{"en": s.Key}
	if s.EveryMinutes == 0 {
		s.EveryMinutes = s.Minutes
	}
	if s.AheadDays == 0 {
		s.AheadDays = 30
	}
	s.RawHours = json.RawMessage(hours)
	b.in(func(tx *sqlx.Tx) error {
		id, err := booking.Save(b.Context(), tx, s)
		s.ID = id
		return err
	})
	s, err := booking.ServiceByID(b.Context(), b.db, b.ws, s.ID, false)
	b.must(err)
	return s
}

func (b *rig) in(do func(tx *sqlx.Tx) error) {
	b.Helper()
	b.must(in(b.db, do))
}

func in(db *sqlx.DB, do func(tx *sqlx.Tx) error) error {
	tx, err := db.Beginx()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

const weekdays = `{"time_zone":"Europe/Rome","week":{"mon":["09:00-13:00"],"tue":["09:00-13:00"],"wed":["09:00-13:00"],"sun":["00:00-06:00"]},"closed":["2026-03-25"]}`

func (b *rig) wish(start time.Time) booking.Wish {
	return booking.Wish{WorkspaceID: b.ws, Service: "cut", Start: start, By: "user:1", Now: b.now}
}

func TestOfManyWhoWantTheLastPlaceExactlyOneGetsIt(t *testing.T) {
	t.Parallel()
	for _, capacity := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d places", capacity), func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.service(booking.Service{Key: "cut", Minutes: 30, EveryMinutes: 15, Capacity: capacity}, weekdays)
			pools := []*sqlx.DB{b.db, b.pool()}
			start := time.Date(2026, 3, 24, 9, 0, 0, 0, time.UTC)
			var wait sync.WaitGroup
			got := make(chan error, 60)
			for i := range 60 {
				wait.Add(1)
				go func() {
					defer wait.Done()
					// A quarter of an hour apart, so that they overlap without being the same time.
					w := b.wish(start.Add(time.Duration(i%2) * 15 * time.Minute))
					got <- in(pools[i%2], func(tx *sqlx.Tx) error {
						_, err := booking.Reserve(context.Background(), tx, w)
						return err
					})
				}()
			}
			wait.Wait()
			close(got)
			won := 0
			for err := range got {
				switch {
				case err == nil:
					won++
				case !errors.Is(err, booking.ErrTaken):
					t.Errorf("somebody was refused with %v", err)
				}
			}
			if won != capacity {
				t.Errorf("%d people got one of %d places", won, capacity)
			}
		})
	}
}

func TestAHeldPlaceIsFreeAgainUnlessItIsConfirmed(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.service(booking.Service{Key: "cut", Minutes: 30, Capacity: 1}, weekdays)
	start := time.Date(2026, 3, 24, 9, 0, 0, 0, time.UTC)
	var first booking.Booking
	b.in(func(tx *sqlx.Tx) (err error) {
		first, err = booking.Reserve(t.Context(), tx, b.wish(start))
		return err
	})
	taken := func(w booking.Wish) error {
		return in(b.db, func(tx *sqlx.Tx) error { _, err := booking.Reserve(t.Context(), tx, w); return err })
	}
	if err := taken(b.wish(start)); !errors.Is(err, booking.ErrTaken) {
		t.Fatalf("a held place was given away: %v", err)
	}
	b.now = b.now.Add(booking.Hold + time.Second)
	b.must(taken(b.wish(start)))
	confirm := func() error {
		return in(b.db, func(tx *sqlx.Tx) error {
			_, err := booking.Confirm(t.Context(), tx, b.ws, first.Ref, b.now)
			return err
		})
	}
	if err := confirm(); !errors.Is(err, booking.ErrTaken) {
		t.Errorf("two people were confirmed for one place: %v", err)
	}
	b.now = b.now.Add(booking.Hold + time.Second)
	b.must(confirm()) // the other never confirmed
	b.must(confirm())
	if err := taken(b.wish(start)); !errors.Is(err, booking.ErrTaken) {
		t.Errorf("a confirmed place was given away: %v", err)
	}
}

// Whoever answers "shall I book it?" a day later is not told that yesterday is theirs.
func TestATimeThatHasComeIsNotConfirmed(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.service(booking.Service{Key: "cut", Minutes: 30, Capacity: 1}, weekdays)
	for _, c := range []struct {
		name   string
		early  time.Duration // how long before it begins it is reserved
		answer time.Duration // how long after that the answer comes
	}{{"held no more", 25 * time.Hour, 26 * time.Hour}, {"still held", 5 * time.Minute, 10 * time.Minute}} {
		start := time.Date(2026, 3, 24, 9, 0, 0, 0, time.UTC)
		b.now = start.Add(-c.early)
		var held booking.Booking
		b.in(func(tx *sqlx.Tx) (err error) {
			held, err = booking.Reserve(t.Context(), tx, b.wish(start))
			return err
		})
		b.now = b.now.Add(c.answer)
		err := in(b.db, func(tx *sqlx.Tx) error {
			_, err := booking.Confirm(t.Context(), tx, b.ws, held.Ref, b.now)
			return err
		})
		if fault.KindOf(err) != fault.Conflict {
			t.Errorf("%s: a time that has begun was confirmed: %v", c.name, err)
		}
		b.in(func(tx *sqlx.Tx) error {
			_, err := booking.Cancel(t.Context(), tx, b.ws, held.Ref, "customer", b.now)
			return err
		})
	}
}

func TestMovingKeepsTheOldTimeWhereTheNewOneIsTaken(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	s := b.service(booking.Service{Key: "cut", Minutes: 30, EveryMinutes: 15, Capacity: 1}, weekdays)
	at := func(h, m int) time.Time { return time.Date(2026, 3, 24, h, m, 0, 0, time.UTC) }
	var mine booking.Booking
	b.in(func(tx *sqlx.Tx) error {
		w := b.wish(at(9, 0))
		w.Confirmed = true
		var err error
		if mine, err = booking.Reserve(t.Context(), tx, w); err != nil {
			return err
		}
		_, err = booking.Reserve(t.Context(), tx, b.wish(at(10, 0)))
		return err
	})
	move := func(start time.Time) error {
		return in(b.db, func(tx *sqlx.Tx) error {
			_, err := booking.Move(t.Context(), tx, b.ws, mine.Ref, start, b.now, false)
			return err
		})
	}
	if err := move(at(9, 45)); !errors.Is(err, booking.ErrTaken) {
		t.Errorf("moved over somebody else: %v", err)
	}
	b.must(move(at(9, 15))) // overlaps only itself
	if got, _ := booking.Get(t.Context(), b.db, b.ws, mine.ID); !got.StartsAt.Equal(at(9, 15)) || got.Moved != 1 {
		t.Errorf("moved to %s, %d times", got.StartsAt, got.Moved)
	}
	if err := move(time.Date(2026, 3, 25, 9, 0, 0, 0, time.UTC)); err == nil {
		t.Error("moved to a day that is closed")
	}
	free, err := s.Free(t.Context(), b.db, at(8, 0), b.now, 3, 0)
	b.must(err)
	if len(free) != 3 || !free[0].Equal(at(8, 15)) || !free[1].Equal(at(8, 30)) || !free[2].Equal(at(8, 45)) {
		t.Errorf("free are %v", free)
	}
	b.in(func(tx *sqlx.Tx) error {
		_, err := booking.Cancel(t.Context(), tx, b.ws, mine.Ref, "customer", b.now)
		return err
	})
	if _, err := booking.Confirm(t.Context(), b.db, b.ws, mine.Ref, b.now); err == nil {
		t.Error("a cancelled booking was confirmed")
	}
}

// On 29 March 2026 the clocks of Rome go from 2:00 to 3:00; on 25 October they show 2:00 to 3:00 twice.
func TestTimesOnTheDaysWhenClocksChange(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	s := b.service(booking.Service{Key: "cut", Minutes: 60, Capacity: 1, AheadDays: 300}, weekdays)
	for _, c := range []struct {
		name string
		day  time.Time
		want []string // UTC
	}{
		{"an hour is skipped", time.Date(2026, 3, 28, 22, 59, 0, 0, time.UTC), []string{"23:00", "00:00", "01:00", "02:00", "03:00"}},
		{"an hour comes twice", time.Date(2026, 10, 24, 21, 59, 0, 0, time.UTC), []string{"22:00", "23:00", "00:00", "02:00", "03:00", "04:00"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			free, err := s.Free(t.Context(), b.db, c.day, c.day.Add(-time.Hour), len(c.want), 0)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, f := range free {
				got = append(got, f.UTC().Format("15:04"))
				if i > 0 && f.Sub(free[i-1]) < time.Hour {
					t.Errorf("%s and %s overlap", free[i-1], f)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("free are %v, want %v", got, c.want)
			}
		})
	}
}

func TestNoticesFollowTheBooking(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.service(booking.Service{Key: "cut", Minutes: 30, Capacity: 1, Reminders: []booking.Notice{{Minutes: 2880, Template: "far"}, {Minutes: 120, Template: "near"}},
		Feedback: &booking.Notice{Minutes: 60, Template: "how"}}, weekdays)
	var contact, account, identity, thread int64
	b.must(b.db.Get(&contact, `INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws))
	b.must(b.db.Get(&account, `INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', '1', 'http://127.0.0.1:1', 'x', '2', '3') RETURNING id`, b.ws))
	b.must(b.db.Get(&identity, `INSERT INTO identities (workspace_id, contact_id, channel, phone) VALUES ($1, $2, 'whatsapp', '61491570006') RETURNING id`, b.ws, contact))
	b.must(b.db.Get(&thread, `INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'whatsapp', $3, $4) RETURNING id`, b.ws, account, identity, contact))
	planned := func() string {
		var out string
		b.must(b.db.Get(&out, `SELECT coalesce(string_agg(template || ' ' || to_char(due_at AT TIME ZONE 'UTC', 'DD HH24:MI'), ', ' ORDER BY due_at), '') FROM booking_notices WHERE state = 'planned'`))
		return out
	}
	var mine booking.Booking
	b.in(func(tx *sqlx.Tx) (err error) {
		w := b.wish(time.Date(2026, 3, 24, 9, 0, 0, 0, time.UTC))
		w.ContactID, w.ThreadID = &contact, &thread
		mine, err = booking.Reserve(t.Context(), tx, w)
		return err
	})
	if got := planned(); got != "" {
		t.Errorf("a held place plans %s", got)
	}
	b.in(func(tx *sqlx.Tx) error {
		_, err := booking.Confirm(t.Context(), tx, b.ws, mine.Ref, b.now)
		return err
	})
	if got := planned(); got != "near 24 07:00, how 24 10:30" { // two days before lies in the past
		t.Errorf("planned %q", got)
	}
	b.in(func(tx *sqlx.Tx) error {
		_, err := booking.Move(t.Context(), tx, b.ws, mine.Ref, time.Date(2026, 3, 30, 8, 0, 0, 0, time.UTC), b.now, false)
		return err
	})
	if got := planned(); got != "far 28 08:00, near 30 06:00, how 30 09:30" {
		t.Errorf("after the move %q", got)
	}
	n := &booking.Notices{DB: b.db, Now: func() time.Time { return time.Date(2026, 3, 28, 9, 0, 0, 0, time.UTC) }}
	var wait sync.WaitGroup
	for range 4 { // replicas
		wait.Add(1)
		go func() {
			defer wait.Done()
			if _, err := n.Once(context.Background()); err != nil {
				t.Error(err)
			}
		}()
	}
	wait.Wait()
	var raised int
	b.must(b.db.Get(&raised, `SELECT count(*) FROM events WHERE kind = 'booking.notice'`))
	if raised != 1 {
		t.Errorf("%d notices were raised, want 1", raised)
	}
	b.in(func(tx *sqlx.Tx) error {
		_, err := booking.Cancel(t.Context(), tx, b.ws, mine.Ref, "user:1", b.now)
		return err
	})
	if got := planned(); got != "" {
		t.Errorf("a cancelled booking plans %s", got)
	}
}
