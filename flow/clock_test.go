package flow

import (
	"testing"
	"time"
	_ "time/tzdata"
)

// In Santiago and Havana the night in which summer begins has no midnight: the day after it comes once all the
// same, with its hours, its deadlines and its free times.
func TestADayWithoutMidnight(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, saturday, monday string }{{"America/Santiago", "2026-09-05", "2026-09-07"}, {"America/Havana", "2026-03-07", "2026-03-09"}} {
		h, err := ParseHours([]byte(`{"time_zone": "` + c.zone + `", "week": {"mon": ["09:00-17:00"], "tue": ["09:00-17:00"], "wed": ["09:00-17:00"], "thu": ["09:00-17:00"], "fri": ["09:00-17:00"], "sat": ["09:00-24:00"], "sun": ["09:00-17:00"]}}`))
		if err != nil {
			t.Fatal(err)
		}
		at := func(day, clock string) time.Time {
			v, err := time.ParseInLocation("2006-01-02 15:04", day+" "+clock, h.Zone)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		sunday := at(c.saturday, "12:00").AddDate(0, 0, 1).Format(time.DateOnly)
		late := at(c.saturday, "23:50")
		if got, ok := h.OpensNext(late); !ok || !got.Equal(at(sunday, "09:00")) {
			t.Errorf("%s opens next at %s", c.zone, got)
		}
		if got := h.After(at(sunday, "16:50"), 15*time.Minute); !got.Equal(at(c.monday, "09:05")) {
			t.Errorf("%s: fifteen minutes later is %s", c.zone, got)
		}
		free := Calendar{Hours: h, Now: late}.Free(Service{ID: "x", Minutes: 240, Every: 240, Capacity: 1, AheadDays: 2}, late, 10)
		var days []string
		for _, f := range free {
			days = append(days, f.Format("2006-01-02 15:04"))
		}
		want := []string{sunday + " 09:00", sunday + " 13:00", c.monday + " 09:00", c.monday + " 13:00"}
		if len(days) != len(want) {
			t.Fatalf("%s: free are %v, want %v", c.zone, days, want)
		}
		for i := range want {
			if days[i] != want[i] {
				t.Errorf("%s: free are %v, want %v", c.zone, days, want)
				break
			}
		}
	}
}
