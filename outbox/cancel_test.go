package outbox

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// What tells of one booking is stopped, and found among all that waits by index, also under a plan for all values.
func TestCancellingForABooking(t *testing.T) {
	b := setup(t)
	of := func(key string) work {
		a := b.message(key, "your booking")
		a.Dedupe = key
		return a
	}
	got := b.add(of(BookingNotice(1, "reminder", b.now())), of(BookingNotice(1, "feedback", b.now().Add(time.Hour))), of(BookingNotice(12, "reminder", b.now())), of("booking"), of("rebooking:1:x"))
	var others []work
	for i := range 500 {
		others = append(others, of(fmt.Sprint("other:", i)))
	}
	b.add(others...)
	b.exec(`ANALYZE actions`)
	c := Cancellation{WorkspaceID: b.ws, BookingID: 1, Reason: "booking_changed", Meaning: "moved"}
	narrowed, args := c.narrow(make([]any, 8))
	conn, err := b.db.Connx(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, stmt := range []string{`SET plan_cache_mode = force_generic_plan`, `SET enable_seqscan = off`, `SET enable_bitmapscan = off`,
		`PREPARE moved (bigint, text, text, boolean, text, bigint[], text[], text[], bigint) AS ` + sqlCancel + narrowed} {
		if _, err := conn.ExecContext(t.Context(), stmt); err != nil {
			t.Fatal(err)
		}
	}
	var plan []string
	if err := conn.SelectContext(t.Context(), &plan, fmt.Sprintf(`EXPLAIN EXECUTE moved (%d, '', '', false, '', NULL, NULL, NULL, %d)`, b.ws, args[8])); err != nil {
		t.Fatal(err)
	}
	if p := strings.Join(plan, "\n"); !strings.Contains(p, "actions_of_bookings") {
		t.Errorf("it is looked for by\n%s", p)
	}
	ids, err := Cancel(t.Context(), b.db, c)
	slices.Sort(ids)
	if want := []int64{got[0].ID, got[1].ID}; err != nil || !slices.Equal(ids, want) {
		t.Errorf("cancelled %v, want %v; %v", ids, want, err)
	}
}
