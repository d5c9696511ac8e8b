package flow

import (
	"regexp"
	"slices"
	"time"

	"ponte/wall"
)

// Hours are opening hours: the week in a time zone, and the days that are closed all the same.
type Hours struct {
	Zone   *time.Location
	week   [7][]interval // by weekday, sorted
	closed []string      // dates
}

// interval is a part of a day, in minutes after midnight.
type interval struct{ from, to int }

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

var intervalPattern = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])$`)

func (r *reader) hours(o *object) *Hours {
	n := o.get("hours")
	if n == nil {
		return nil
	}
	return r.opening(n, "hours")
}

// ParseHours reads opening hours that stand by themselves. The error is Faults.
func ParseHours(document []byte) (*Hours, error) {
	if len(document) > maxDocument {
		return nil, Faults{NewFault("", 0, "the hours are larger than 512 KiB")}
	}
	tree, twice, err := parseTree(document)
	if err != nil {
		return nil, Faults{NewFault("", 0, "%s", err)}
	}
	r := &reader{f: &Flow{}, faults: twice}
	h := r.opening(tree, "hours")
	if len(r.faults) > 0 {
		return nil, Faults(r.faults)
	}
	return h, nil
}

func (r *reader) opening(n *node, path string) *Hours {
	h := &Hours{Zone: time.UTC}
	b := r.object(n, path, "opening hours")
	if name := b.text("time_zone", 60, "a time zone, as \"Australia/Sydney\""); name != "" {
		zone, err := time.LoadLocation(name)
		if err != nil || name == "Local" {
			r.fault("hours.time_zone", b.get("time_zone"), "%q is no time zone; write one as \"Europe/Rome\"", name)
		} else {
			h.Zone = zone
		}
	}
	if !b.has("week") {
		b.missing("week", `the open parts of the days, as {"mon": ["09:00-17:00"]}`)
	}
	week := r.object(b.get("week"), "hours.week", "a week")
	for day, name := range weekdays {
		h.week[day] = week.intervals(name)
	}
	week.done()
	h.closed = b.words("closed", 0, 366, "")
	for i, d := range h.closed {
		if _, err := time.Parse(time.DateOnly, d); err != nil {
			r.fault(element("hours.closed", i), b.get("closed"), "is %q; a day is written as \"2026-12-25\"", d)
		}
	}
	b.done()
	return h
}

func (o *object) intervals(key string) []interval {
	var out []interval
	for i, text := range o.words(key, 0, 6, "") {
		at := element(o.at(key), i)
		m := intervalPattern.FindStringSubmatch(text)
		if m == nil {
			o.r.fault(at, o.get(key), "is %q; a part of a day is written as \"09:00-17:00\"", text)
			continue
		}
		in := interval{atoi(m[1])*60 + atoi(m[2]), atoi(m[3])*60 + atoi(m[4])}
		if in.to <= in.from || in.to > 24*60 {
			o.r.fault(at, o.get(key), "is %q; it must end after it begins, on the same day; hours past midnight are two parts: \"18:00-24:00\" and, on the day after, \"00:00-02:00\"", text)
			continue
		}
		if slices.ContainsFunc(out, func(x interval) bool { return in.from < x.to && x.from < in.to }) {
			o.r.fault(at, o.get(key), "%q overlaps another part of the day", text)
			continue
		}
		out = append(out, in)
	}
	slices.SortFunc(out, func(a, b interval) int { return a.from - b.from })
	return out
}

// longest is how many minutes it is open at a stretch, at most, on days that are not closed.
func (h *Hours) longest() int {
	n := 0
	if h != nil {
		for day, parts := range h.week {
			for _, in := range parts {
				n = max(n, in.to-in.from+h.past(in, time.Weekday(day)))
			}
		}
	}
	return n
}

// past is how many minutes it stays open after a part of a day that ends at midnight.
func (h *Hours) past(in interval, day time.Weekday) int {
	next := h.week[(day+1)%7]
	if in.to != 24*60 || len(next) == 0 || next[0].from != 0 {
		return 0
	}
	return next[0].to
}

// Open reports whether it is open at the instant.
func (h *Hours) Open(at time.Time) bool {
	if h == nil {
		return true
	}
	t := at.In(h.Zone)
	if slices.Contains(h.closed, t.Format(time.DateOnly)) {
		return false
	}
	minute := t.Hour()*60 + t.Minute()
	return slices.ContainsFunc(h.week[t.Weekday()], func(in interval) bool { return minute >= in.from && minute < in.to })
}

// ClosedSince returns the instant at which the closed period around an instant began; it is open where ok is
// false. Hours that never open are closed since the beginning of time.
func (h *Hours) ClosedSince(at time.Time) (since time.Time, ok bool) {
	if h.Open(at) {
		return time.Time{}, false
	}
	for _, open := range h.stretches(at, -1) {
		if !open.until.After(at) {
			return open.until, true
		}
	}
	return time.Time{}, true
}

// OpensNext returns when it opens next after an instant; ok is false where it does not within a year.
func (h *Hours) OpensNext(at time.Time) (time.Time, bool) {
	if h == nil {
		return time.Time{}, false
	}
	for _, open := range h.stretches(at, 1) {
		if open.from.After(at) {
			return open.from, true
		}
	}
	return time.Time{}, false
}

// stretch is a time during which it is open.
type stretch struct{ from, until time.Time }

// stretches are the open stretches of a year around an instant, walking forward (1) or backward (-1) from its day.
func (h *Hours) stretches(at time.Time, direction int) []stretch {
	var out []stretch
	for i := 0; i <= 366; i++ {
		day := wall.Day(at, h.Zone, i*direction)
		if slices.Contains(h.closed, day.Format(time.DateOnly)) {
			continue
		}
		list := slices.Clone(h.week[day.Weekday()])
		if direction < 0 {
			slices.Reverse(list)
		}
		for _, in := range list {
			out = append(out, stretch{wall.At(day, in.from, h.Zone), wall.At(day, in.to, h.Zone)})
		}
		if len(out) > 12 { // two days with six parts each: more than is ever looked at
			break
		}
	}
	return out
}

// Calendar is the built-in source of free times: opening hours, less what is taken.
type Calendar struct {
	Hours *Hours
	Now   time.Time
	Taken func(service string, start time.Time) int // how many places of that time are reserved
}

// Free returns the starts of a service that lie in opening hours to their end, with a place left; an evening may go on
// after midnight.
func (c Calendar) Free(s Service, after time.Time, most int) []time.Time {
	if c.Hours == nil || s.Minutes <= 0 || s.Every <= 0 {
		return nil
	}
	if earliest := c.Now.Add(s.Notice); after.Before(earliest) {
		after = earliest.Add(-time.Second)
	}
	var out []time.Time
	last := wall.Day(c.Now, c.Hours.Zone, s.AheadDays)
	for day := wall.Day(after, c.Hours.Zone, 0); !day.After(last) && len(out) < most; day = day.AddDate(0, 0, 1) {
		if slices.Contains(c.Hours.closed, day.Format(time.DateOnly)) {
			continue
		}
		for _, in := range c.Hours.week[day.Weekday()] {
			out = append(out, c.within(s, day, in, after, most-len(out))...)
		}
	}
	return out
}

func (c Calendar) within(s Service, day time.Time, in interval, after time.Time, most int) []time.Time {
	clock := func(minute int) time.Time {
		return wall.At(day, minute, c.Hours.Zone)
	}
	var out []time.Time
	end := clock(in.to)
	if next := day.AddDate(0, 0, 1); !slices.Contains(c.Hours.closed, next.Format(time.DateOnly)) {
		if past := c.Hours.past(in, day.Weekday()); past > 0 { // an evening that ends on the day after
			end = wall.At(next, past, c.Hours.Zone)
		}
	}
	for minute := in.from; minute < in.to && len(out) < most; minute += s.Every {
		start := clock(minute)
		if start.Hour()*60+start.Minute() != minute { // the clock skips this time on this day
			continue
		}
		if start.After(after) && !start.Add(time.Duration(s.Minutes)*time.Minute).After(end) && (c.Taken == nil || c.Taken(s.ID, start) < s.Capacity) {
			out = append(out, start)
		}
	}
	return out
}
