package flow

import (
	"slices"
	"time"
)

// After returns the instant at which so much time has passed in opening hours since at: a deadline of 15
// minutes that begins five minutes before closing ends ten minutes after the next opening. Without hours it is
// always open; hours that do not open within a year count as if there were none.
func (h *Hours) After(at time.Time, d time.Duration) time.Time {
	if h == nil {
		return at.Add(d)
	}
	local := at.In(h.Zone)
	left := d
	for i := range 367 {
		day := time.Date(local.Year(), local.Month(), local.Day()+i, 0, 0, 0, 0, h.Zone)
		if slices.Contains(h.closed, day.Format(time.DateOnly)) {
			continue
		}
		for _, in := range h.week[day.Weekday()] {
			from := time.Date(day.Year(), day.Month(), day.Day(), 0, in.from, 0, 0, h.Zone)
			until := time.Date(day.Year(), day.Month(), day.Day(), 0, in.to, 0, 0, h.Zone)
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
