package flow

import (
	"slices"
	"time"

	"ponte/wall"
)

// After returns the instant at which so much time has passed in opening hours since at: a deadline of 15
// minutes that begins five minutes before closing ends ten minutes after the next opening. Without hours it is
// always open; hours that do not open within a year count as if there were none.
func (h *Hours) After(at time.Time, d time.Duration) time.Time {
	if h == nil {
		return at.Add(d)
	}
	left := d
	for i := range 367 {
		day := wall.Day(at, h.Zone, i)
		if slices.Contains(h.closed, day.Format(time.DateOnly)) {
			continue
		}
		for _, in := range h.week[day.Weekday()] {
			from := wall.At(day, in.from, h.Zone)
			until := wall.At(day, in.to, h.Zone)
			if from.Before(at) {
				from = at
			}
			open := until.Sub(from)
			switch {
			case open <= 0:
			case left <= open:
				return from.Add(left)
			default:
				left -= open
			}
		}
	}
	return at.Add(d)
}
