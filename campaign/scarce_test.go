package campaign

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"ponte/inbox"
	"ponte/router"
)

// Two batches that share out the last places under a ceiling: neither comes to wait for what the other holds while the
// other waits for it, and every place is given.
func TestTheLastPlacesAreSharedOutInTurns(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	const perHour, perDay, wanted = 20, 30, 15
	trigger := router.Trigger{ID: b.trigger("a", "", ""), State: "live", PerHour: perHour, PerDay: perDay}
	_, one := b.person("instagram")
	_, other := b.person("instagram")
	batch := func(n int, day time.Time) error {
		tx := b.db.MustBegin()
		defer tx.Rollback()
		l, err := OpenLedger(b.Context(), tx, inbox.Workspace{ID: b.ws, TimeZone: "UTC"}, nil, nil, nil)
		if err != nil {
			return err
		}
		for i := range wanted * 2 { // of two hours, each batch in its own order
			if _, err := l.Room(&trigger, day.Add(time.Duration((i+n)%2)*time.Hour)); err != nil {
				return err
			}
		}
		if err := l.Write([]Took{{Run: router.Run{TriggerID: trigger.ID, PersonID: []int64{one, other}[n], Scope: fmt.Sprint(day.Unix())}, EventID: b.event}}); err != nil {
			return err
		}
		return tx.Commit()
	}
	for round := range 12 {
		day := b.now.Truncate(24*time.Hour).AddDate(0, 0, round)
		var work sync.WaitGroup
		failed := make([]error, 2)
		for n := range failed {
			work.Go(func() { failed[n] = batch(n, day) })
		}
		work.Wait()
		for _, err := range failed {
			if err != nil {
				t.Fatal(err)
			}
		}
		if n := b.id(`SELECT count(*) FROM trigger_slots WHERE span = 'day' AND begins = $1`, day); n != perDay {
			t.Errorf("%d of %d places of the day were given", n, perDay)
		}
		if n := b.id(`SELECT max(n) FROM (SELECT count(*) AS n FROM trigger_slots WHERE span = 'hour' AND begins >= $1 AND begins < $1::timestamptz + interval '1 day' GROUP BY begins) h`, day); n > perHour {
			t.Errorf("%d answers in an hour", n)
		}
	}
}
