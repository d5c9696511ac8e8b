package ingest

import (
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/booking"
)

const bookTwice = `{"format":1,"id":"book","version":1,"name":"Book","languages":["en"],
 "hours":{"time_zone":"UTC","week":{"mon":["09:00-12:00"],"tue":["09:00-12:00"]}},"services":[{"id":"cut","name":{"en":"Haircut"},"minutes":60,"capacity":1,"ahead_days":7}],
 "steps":[
 {"id":"time","type":"booking","do":"reserve","service":"cut","text":{"en":"Which time?"},"next":"fix","none":"person","failed":"person"},
 {"id":"fix","type":"booking","do":"confirm","next":"ask","failed":"person"},
 {"id":"ask","type":"question","text":{"en":"Anything to tell us?"},"answer":{"kind":"text"},"next":"still"},
 {"id":"still","type":"condition","cases":[{"if":{"booking":true},"next":"told"}],"otherwise":"none"},
 {"id":"told","type":"end","text":{"en":"See you {{booking.date}}, {{booking.time}}."}},
 {"id":"none","type":"end","text":{"en":"You have no booking."}},
 {"id":"person","type":"hand_over"}]}`

// What a person has booked already is not offered to them for a second booking, which could not be made.
func TestOnesOwnBookingTakesItsPlaceFromASecondOne(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	b.publish(bookTwice, "book")
	b.write("book")
	b.tap("Mon 23 Nov, 09:00")
	b.write("no")
	b.lastSaid("See you Mon 23 Nov, 09:00.")
	b.write("book")
	b.lastSaid("Which time?")
	if rows := b.text(`SELECT call->'list'->>'rows' FROM actions WHERE kind = 'message.send' ORDER BY id DESC LIMIT 1`); strings.Contains(rows, "Mon 23 Nov, 09:00") || !strings.Contains(rows, "Mon 23 Nov, 10:00") {
		t.Errorf("offered: %s", rows)
	}
}

// A flow that goes on tells the booking as it is now, and not as it was made: the team may have moved it or given it up.
func TestAFlowTellsTheBookingAsItIsNow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, said string
		change     func(tx *sqlx.Tx, b *rig, ref string) error
	}{
		{"moved", "See you Tue 24 Nov, 10:00.", func(tx *sqlx.Tx, b *rig, ref string) error {
			_, err := booking.Move(t.Context(), tx, b.ws, ref, time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC), b.now, true)
			return err
		}},
		{"cancelled", "You have no booking.", func(tx *sqlx.Tx, b *rig, ref string) error {
			_, err := booking.Cancel(t.Context(), tx, b.ws, ref, "user:1", b.now)
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
			b.publish(bookTwice, "book")
			b.write("book")
			b.tap("Mon 23 Nov, 09:00")
			b.lastSaid("Anything to tell us?")
			tx := b.db.MustBegin()
			defer tx.Rollback()
			b.must(c.change(tx, b, b.text(`SELECT ref FROM bookings`)))
			b.must(tx.Commit())
			b.write("no")
			b.lastSaid(c.said)
		})
	}
}

// Who moves or gives up the first of two bookings is told of that one, and not that it could not be done.
func TestTheFirstOfTwoBookingsIsMovedAndCancelled(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	b.publish(bookTwice, "book")
	for _, at := range []string{"Mon 23 Nov, 09:00", "Tue 24 Nov, 09:00"} {
		b.write("book")
		b.tap(at)
		b.write("no")
	}
	first := b.text(`SELECT ref FROM bookings ORDER BY starts_at LIMIT 1`)
	b.write("change")
	b.tap("Mon 30 Nov, 09:00")
	state, _ := b.run()
	if state.Booking == nil || state.Booking.Ref != first {
		t.Errorf("moved %s, and the flow goes on with %v", first, state.Booking)
	}
	if got := b.text(`SELECT to_char(starts_at AT TIME ZONE 'UTC', 'DD HH24:MI') FROM bookings WHERE ref = $1`, first); got != "30 09:00" {
		t.Errorf("the first booking is at %s: %v", got, b.reasons())
	}
	b.write("cancel")
	b.tap("Yes, cancel")
	if got := b.text(`SELECT string_agg(state, ' ' ORDER BY starts_at) FROM bookings`); got != "cancelled confirmed" {
		t.Errorf("the bookings are %s", got)
	}
	_, why := b.run()
	if why != "resolved" && why != "ended" {
		t.Errorf("the flow ended as %s, having said %q", why, b.said())
	}
}
