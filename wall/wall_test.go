package wall

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func TestAt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, day string
		minute    int
		want      string
	}{
		{"Europe/Rome", "2026-05-04", 9 * 60, "2026-05-04T09:00:00+02:00"},
		{"Europe/Rome", "2026-05-04", 24 * 60, "2026-05-05T00:00:00+02:00"},
		{"Europe/Rome", "2026-03-29", 2*60 + 30, "2026-03-29T03:00:00+02:00"},
		{"Europe/Rome", "2026-10-25", 2*60 + 30, "2026-10-25T02:30:00+02:00"},
		{"Australia/Sydney", "2026-04-05", 2 * 60, "2026-04-05T02:00:00+11:00"},
		{"America/Santiago", "2026-09-05", 24 * 60, "2026-09-06T01:00:00-03:00"},
		{"America/Santiago", "2026-09-06", 0, "2026-09-06T01:00:00-03:00"},
		{"America/Santiago", "2026-09-06", 9 * 60, "2026-09-06T09:00:00-03:00"},
		{"America/Havana", "2026-03-08", 30, "2026-03-08T01:00:00-04:00"},
		{"Africa/Cairo", "2026-04-24", 0, "2026-04-24T01:00:00+03:00"},
		{"America/Santiago", "2026-04-04", 23*60 + 30, "2026-04-04T23:30:00-03:00"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		day, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := At(day, c.minute, zone).Format(time.RFC3339); got != c.want {
			t.Errorf("%s %s, minute %d: %s, want %s", c.zone, c.day, c.minute, got, c.want)
		}
	}
}

// Every day comes once, in every zone, whatever its clock does.
func TestDaysFollowEachOther(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"America/Santiago", "America/Havana", "Africa/Cairo", "Asia/Beirut", "Australia/Sydney", "Europe/Rome", "America/Sao_Paulo", "Asia/Kolkata", "Pacific/Apia"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		at := time.Date(2018, 1, 1, 12, 0, 0, 0, time.UTC)
		for i := range 4000 {
			day := Day(at, zone, i)
			if start, next := At(day, 0, zone), At(day, 24*60, zone); !next.After(start) || !Day(start, zone, 0).Equal(day) || !Day(next, zone, 0).Equal(day.AddDate(0, 0, 1)) {
				t.Fatalf("%s %s: from %s to %s", name, day.Format(time.DateOnly), start, next)
			}
		}
	}
}
