package campaign

import (
	"strings"
	"testing"
	"time"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := Zone(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestWindowsOverClockChanges(t *testing.T) {
	for name, c := range map[string]struct {
		zone, cron  string
		minutes     int
		from, until string
		want        []string // starts, in the zone with its offset
	}{
		"an ordinary day":                      {"Europe/Rome", "0 9,18 * * *", 60, "2026-05-04T00:00:00+02:00", "2026-05-05T00:00:00+02:00", []string{"2026-05-04T09:00:00+02:00", "2026-05-04T18:00:00+02:00"}},
		"Rome skips 02:30":                     {"Europe/Rome", "30 2 * * *", 30, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", []string{"2026-03-29T03:00:00+02:00"}},
		"Rome skips four starts, one is left":  {"Europe/Rome", "*/15 2 * * *", 15, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", []string{"2026-03-29T03:00:00+02:00"}},
		"a skipped start falls on a real one":  {"Europe/Rome", "30 2,3 * * *", 20, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", []string{"2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00+02:00"}},
		"the end of the gap is a start itself": {"Europe/Rome", "0 2,3 * * *", 20, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", []string{"2026-03-29T03:00:00+02:00"}},
		"Rome has 02:30 twice":                 {"Europe/Rome", "30 2 * * *", 30, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", []string{"2026-10-25T02:30:00+02:00"}},
		"Rome has 02:00 to 02:45 twice":        {"Europe/Rome", "*/15 2 * * *", 15, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", []string{"2026-10-25T02:00:00+02:00", "2026-10-25T02:15:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:45:00+02:00"}},
		"Sydney skips 02:00":                   {"Australia/Sydney", "0 2 * * *", 60, "2026-10-04T00:00:00+10:00", "2026-10-05T00:00:00+11:00", []string{"2026-10-04T03:00:00+11:00"}},
		"Sydney has 02:00 twice":               {"Australia/Sydney", "0 2 * * *", 60, "2026-04-05T00:00:00+11:00", "2026-04-06T00:00:00+10:00", []string{"2026-04-05T02:00:00+11:00"}},
		"São Paulo skipped midnight":           {"America/Sao_Paulo", "0 0 * * *", 60, "2018-11-03T12:00:00-03:00", "2018-11-05T00:00:00-02:00", []string{"2018-11-04T01:00:00-02:00"}},
		"São Paulo had 23:30 twice":            {"America/Sao_Paulo", "30 23 * * *", 60, "2018-02-17T12:00:00-02:00", "2018-02-18T12:00:00-03:00", []string{"2018-02-17T23:30:00-02:00"}},
		"São Paulo keeps its clock now":        {"America/Sao_Paulo", "0 0 * * *", 60, "2026-11-01T12:00:00-03:00", "2026-11-02T12:00:00-03:00", []string{"2026-11-02T00:00:00-03:00"}},
		"half an hour on Lord Howe":            {"Australia/Lord_Howe", "15 2 * * *", 10, "2026-10-04T00:00:00+10:30", "2026-10-05T00:00:00+11:00", []string{"2026-10-04T02:30:00+11:00"}},
		"a day that never was":                 {"Pacific/Apia", "0 9 * * *", 60, "2011-12-29T12:00:00-10:00", "2011-12-31T12:00:00+14:00", []string{"2011-12-31T00:00:00+14:00", "2011-12-31T09:00:00+14:00"}},
		"one that is open already":             {"UTC", "0 9 * * *", 120, "2026-05-04T10:00:00Z", "2026-05-04T10:30:00Z", []string{"2026-05-04T09:00:00Z"}},
		"one that has just ended":              {"UTC", "0 9 * * *", 60, "2026-05-04T10:00:00Z", "2026-05-04T10:30:00Z", nil},
		"the end of the span is outside":       {"UTC", "0 9 * * *", 60, "2026-05-04T08:00:00Z", "2026-05-04T09:00:00Z", nil},
		"29 February":                          {"UTC", "0 9 29 2 *", 60, "2026-01-01T00:00:00Z", "2029-01-01T00:00:00Z", []string{"2028-02-29T09:00:00Z"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := ParseRecurrence(c.cron, c.minutes)
			if err != nil {
				t.Fatal(err)
			}
			from, _ := time.Parse(time.RFC3339, c.from)
			until, _ := time.Parse(time.RFC3339, c.until)
			var got []string
			for _, w := range r.Windows(zone(t, c.zone), from, until, 100) {
				got = append(got, w.Start.In(zone(t, c.zone)).Format(time.RFC3339))
				if d := w.End.Sub(w.Start); d != time.Duration(c.minutes)*time.Minute {
					t.Errorf("a window lasts %s", d)
				}
			}
			if strings.Join(got, " ") != strings.Join(c.want, " ") {
				t.Errorf("windows %v, want %v", got, c.want)
			}
		})
	}
}

// From wherever one looks, the same windows are seen: what a replica plans at noon another plans alike
// at midnight.
func TestWindowsDoNotDependOnWhereOneLooksFrom(t *testing.T) {
	for _, name := range []string{"Europe/Rome", "Australia/Sydney", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"} {
		z := zone(t, name)
		for _, expr := range []string{"*/15 * * * *", "30 2 * * *", "0 0 * * *", "45 1,2,3 * * 0"} {
			r, err := ParseRecurrence(expr, 15)
			if err != nil {
				t.Fatal(err)
			}
			begin, end := time.Date(2018, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2019, 4, 1, 0, 0, 0, 0, time.UTC)
			all := map[time.Time]time.Time{}
			for _, w := range r.Windows(z, begin, end, 1<<20) {
				if at, twice := all[w.Local]; twice {
					t.Fatalf("%s %q: %s begins at %s and at %s", name, expr, w.Local, at, w.Start)
				}
				all[w.Local] = w.Start
			}
			for day := begin; day.Before(end.Add(-48 * time.Hour)); day = day.Add(17*time.Hour + 13*time.Minute) {
				for _, w := range r.Windows(z, day, day.Add(30*time.Hour), 1000) {
					if at, ok := all[w.Local]; w.Start.After(begin) && (!ok || !at.Equal(w.Start)) {
						t.Fatalf("%s %q: seen from %s, %s begins at %s, else at %s", name, expr, day, w.Local, w.Start, at)
					}
				}
			}
		}
	}
}

func TestRecurrencesThatAreRefused(t *testing.T) {
	for expr, c := range map[string]struct {
		minutes int
		says    string
	}{
		"":                             {60, "cannot be read"},
		"0 9 * *":                      {60, "cannot be read"},
		"0 0 9 * * *":                  {60, "cannot be read"},
		"@daily":                       {60, "cannot be read"},
		"61 9 * * *":                   {60, "cannot be read"},
		"CRON_TZ=Asia/Tokyo 0 9 * * *": {60, "leave the time zone out"},
		"0 9 30 2 *":                   {60, "never comes"},
		"0 9,10 * * *":                 {90, "windows overlap"},
		"*/10 * * * *":                 {11, "windows overlap"},
	} {
		if _, err := ParseRecurrence(expr, c.minutes); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q for %d minutes: %v, want …%s…", expr, c.minutes, err, c.says)
		}
	}
	if _, err := ParseRecurrence("0 9,10 * * *", 60); err != nil {
		t.Errorf("windows that touch are refused: %v", err)
	}
}
