package gate

import (
	"testing"
	"time"

	"ponte/inbox"
)

func TestBusinessDaysSkipWeekendsAndHolidays(t *testing.T) {
	sydney := inbox.Workspace{TimeZone: "Australia/Sydney", Country: "AU", Settings: []byte(`{"holidays":["2026-11-25"]}`)}
	rome := inbox.Workspace{TimeZone: "Europe/Rome", Country: "IT"}
	for name, c := range map[string]struct {
		w        inbox.Workspace
		at, want string
		days     int
	}{
		"a weekday":             {sydney, "2026-11-23T09:00:00+11:00", "2026-11-24T09:00:00+11:00", 1},
		"the brand's holiday":   {sydney, "2026-11-24T09:00:00+11:00", "2026-11-26T09:00:00+11:00", 1},
		"over a weekend":        {sydney, "2026-11-20T16:30:00+11:00", "2026-11-23T16:30:00+11:00", 1},
		"on a Saturday":         {sydney, "2026-11-21T10:00:00+11:00", "2026-11-23T10:00:00+11:00", 1},
		"four of them":          {rome, "2026-11-19T10:00:00+01:00", "2026-11-25T10:00:00+01:00", 4},
		"before Easter":         {sydney, "2027-03-25T10:00:00+11:00", "2027-03-30T10:00:00+11:00", 1}, // Good Friday 26, Easter Monday 29 March
		"the same in Italy":     {rome, "2027-03-25T10:00:00+01:00", "2027-03-26T10:00:00+01:00", 1},
		"the clock goes back":   {sydney, "2027-04-02T10:00:00+11:00", "2027-04-05T10:00:00+10:00", 1},
		"Christmas, Boxing Day": {sydney, "2026-12-24T10:00:00+11:00", "2026-12-28T10:00:00+11:00", 1},
	} {
		at, _ := time.Parse(time.RFC3339, c.at)
		want, _ := time.Parse(time.RFC3339, c.want)
		got, err := AddBusinessDays(c.w, at, c.days)
		if err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, want %v (%v)", name, got, want, err)
		}
	}
}
