// Package wall reads the clock on the wall of a place: which instant its days and times are, also where the clock
// is put forward or back. time.Date alone goes a day back where midnight is skipped, as it is in Santiago, Havana,
// Cairo and Beirut.
package wall

import "time"

// Most is more than any clock was ever put forward by.
const Most = 25 * time.Hour

// Shows is what the clock on the wall shows at an instant, written as UTC.
func Shows(at time.Time, zone *time.Location) time.Time {
	t := at.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// Instant is the first instant at which the wall's clock shows local, or the first one after it where the clock
// skips that.
func Instant(local time.Time, zone *time.Location) time.Time {
	_, early := local.Add(-Most).In(zone).Zone()
	_, late := local.Add(Most).In(zone).Zone()
	first := local.Add(-time.Duration(early) * time.Second)
	second := local.Add(-time.Duration(late) * time.Second)
	if second.Before(first) {
		first, second = second, first
	}
	for _, t := range []time.Time{first, second} {
		if Shows(t, zone).Equal(local) {
			return t
		}
	}
	// Skipped: the later reading lies behind the gap, in the time that begins where the gap ends.
	start, _ := second.In(zone).ZoneBounds()
	return start
}

// Day is the local day of an instant, so many days on: a date, written as midnight UTC. Its weekday and its
// numbers are the day's; it is no instant.
func Day(at time.Time, zone *time.Location, on int) time.Time {
	t := at.In(zone)
	return time.Date(t.Year(), t.Month(), t.Day()+on, 0, 0, 0, 0, time.UTC)
}

// At is the instant at which the clock of a day shows so many minutes since midnight; 24 hours are the next midnight.
func At(day time.Time, minute int, zone *time.Location) time.Time {
	return Instant(day.Add(time.Duration(minute)*time.Minute), zone).In(zone)
}
