// Package campaign keeps what triggers and campaigns have beyond their words: windows, ceilings, what
// they did, what they would have done. The router decides; this package says with what.
package campaign

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"ponte/fault"
	"ponte/wall"
)

// Recurrence says when windows begin on the clock on the wall, and how long they last. The cron library
// reads the expression and nothing else: what a clock that is put forward or back makes of it is decided
// here, because a cron job that is skipped or run twice is a campaign that is.
type Recurrence struct {
	schedule cron.Schedule
	duration time.Duration
}

// Window is one opening: when it begins on the wall's clock, and the instants it lasts from and to.
type Window struct {
	Local time.Time // the wall's clock, written as UTC
	Start time.Time
	End   time.Time
}

var fiveFields = cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)

// overlapsLooked is how many openings are looked at for two that overlap.
const overlapsLooked = 400

// ParseRecurrence reads five cron fields and a length, and refuses windows that overlap or never come.
func ParseRecurrence(expression string, minutes int) (Recurrence, error) {
	if strings.Contains(expression, "TZ=") {
		return Recurrence{}, fault.Field("recurrence", "leave the time zone out: windows are on the workspace's clock")
	}
	s, err := fiveFields.Parse(expression)
	if err != nil {
		return Recurrence{}, fault.Field("recurrence", "%q cannot be read as minute, hour, day of month, month, day of week: %s", expression, strings.TrimPrefix(err.Error(), "parse error: "))
	}
	r := Recurrence{s, time.Duration(minutes) * time.Minute}
	at := s.Next(time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Add(-time.Second))
	if at.IsZero() {
		return r, fault.Field("recurrence", "%q never comes", expression)
	}
	for range overlapsLooked {
		next := s.Next(at)
		if next.IsZero() {
			break
		}
		if gap := next.Sub(at); gap < r.duration {
			return r, fault.Field("duration_minutes", "windows overlap: one begins on %s at %s and lasts %d minutes, the next begins %d minutes later",
				at.Weekday(), at.Format("15:04"), minutes, int(gap.Minutes()))
		}
		at = next
	}
	return r, nil
}

// Windows are those that are open at some instant from from to until, the earliest first, at most so
// many. A start that the clock skips moves to the first instant after the gap; one that comes twice is
// the first of the two; starts that fall together are one window.
func (r Recurrence) Windows(zone *time.Location, from, until time.Time, most int) []Window {
	var out []Window
	var last time.Time
	for local := r.schedule.Next(wall.Shows(from, zone).Add(-r.duration - wall.Most)); !local.IsZero() && len(out) < most; local = r.schedule.Next(local) {
		start := wall.Instant(local, zone)
		if !start.Before(until) {
			break
		}
		if start.Equal(last) {
			continue
		}
		last = start
		if end := start.Add(r.duration); end.After(from) {
			out = append(out, Window{local, start.UTC(), end.UTC()})
		}
	}
	return out
}

// Zone loads a workspace's time zone.
func Zone(name string) (*time.Location, error) {
	z, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("the workspace's time zone %q is not known: %w", name, err)
	}
	return z, nil
}
