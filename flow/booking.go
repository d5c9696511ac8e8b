package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"ponte/router"
	"ponte/wall"
)

// Service is something that can be booked.
type Service struct {
	ID        string
	Name      Texts
	Minutes   int
	Every     int // a time begins every so many minutes
	Capacity  int
	Notice    time.Duration
	AheadDays int
	Reminders []Reminder
	Zone      *time.Location // where its times are told; nil: where the flow's hours are
}

// Reminder is a template sent before a confirmed booking.
type Reminder struct {
	Before   time.Duration `json:"before"`
	Template string        `json:"template"`
}

func (r *reader) services(o *object) []Service {
	var out []Service
	for i, n := range o.list("services", 0, 20, "") {
		b := r.object(n, element("services", i), "a service")
		s := Service{ID: b.id("id", "an id"), Name: b.texts("name", 60, "a name"), Minutes: b.whole("minutes", 5, 1440, 0), Capacity: b.whole("capacity", 1, 1000, 1),
			Notice: b.duration("notice", 0, 30*24*time.Hour, 0, ""), AheadDays: b.whole("ahead_days", 1, 365, 30)}
		if !b.has("minutes") {
			b.missing("minutes", "how long it takes, in minutes")
		}
		s.Every = b.whole("every", 5, 1440, max(s.Minutes, 5))
		for j, m := range b.list("reminders", 0, 5, "") {
			rem := r.object(m, element(b.at("reminders"), j), "a reminder")
			s.Reminders = append(s.Reminders, Reminder{rem.duration("before", 10*time.Minute, 30*24*time.Hour, 0, "how long before, as \"48h\""), rem.text("template", 512, "the name of an approved template")})
			r.templateName(rem, s.Reminders[j].Template)
			rem.done()
		}
		r.neverFree(b, s)
		b.done()
		if slices.ContainsFunc(out, func(x Service) bool { return x.ID == s.ID }) {
			r.fault(b.at("id"), b.get("id"), "%q is the id of another service already", s.ID)
		}
		out = append(out, s)
	}
	if len(out) > 0 && r.f.Hours == nil {
		r.fault("services", o.get("services"), "need \"hours\": times are offered within opening hours")
	}
	return out
}

// neverFree warns of a service that has no time to offer, whoever asks.
func (r *reader) neverFree(o *object, s Service) {
	switch longest := r.f.Hours.longest(); {
	case r.f.Hours != nil && s.Minutes > longest:
		r.warn(o.at("minutes"), o.get("minutes"), "no part of the opening hours is longer than %d minutes: no time is ever free", longest)
	case s.Notice >= time.Duration(s.AheadDays+1)*24*time.Hour:
		r.warn(o.at("notice"), o.get("notice"), "is longer than the %d days ahead that can be booked: no time is ever free", s.AheadDays)
	}
}

// bookingStep reserves, confirms, moves or cancels a time.
type bookingStep struct {
	do, service, fromAnswer string
	text                    Texts
	retries                 int
	next, none, failed      string
}

func readBooking(o *object) body {
	b := &bookingStep{do: o.oneOf("do", "", "reserve", "confirm", "move", "cancel")}
	o.what = "a booking step that does " + b.do
	switch b.do {
	case "reserve":
		b.readService(o)
		fallthrough
	case "move":
		b.text = o.texts("text", 1024, "a text: the question which time suits")
		b.retries = o.whole("retries", 0, 5, 2)
		b.none = o.goTo("none", "a step for when no time is free or none suits")
	}
	b.next = o.goTo("next", "a step to go on with")
	b.failed = o.goTo("failed", "a step for when it cannot be done")
	return b
}

func (b *bookingStep) readService(o *object) {
	r := o.r
	b.service, b.fromAnswer = o.id("service", ""), o.answerName("service_answer", "")
	if (b.service == "") == (b.fromAnswer == "") && !o.has("service") {
		o.missing("service", "the id of a service, or service_answer: an answer that names one")
	}
	if b.service != "" && r.f.service(b.service) == nil {
		r.fault(o.at("service"), o.get("service"), "there is no service %q; there are %s", b.service, listed(r.f.serviceIDs()))
	}
	name, at, n := b.fromAnswer, o.at("service_answer"), o.get("service_answer")
	r.later = append(r.later, func() {
		for _, id := range r.chosen[name] {
			if name != "" && r.f.service(id) == nil {
				r.fault(at, n, "the choice %q of %s is no service; there are %s", id, name, listed(r.f.serviceIDs()))
			}
		}
		if kind := r.f.answers[name]; name != "" && kind != "" && kind != "choice" {
			r.fault(at, n, "%q is an answer of kind %s; only a choice can name a service", name, kind)
		}
	})
}

func (f *Flow) service(id string) *Service {
	if i := slices.IndexFunc(f.Services, func(s Service) bool { return s.ID == id }); i >= 0 {
		return &f.Services[i]
	}
	return nil
}

func (f *Flow) serviceIDs() []string {
	var out []string
	for _, s := range f.Services {
		out = append(out, s.ID)
	}
	return out
}

func (b *bookingStep) edges() []edge {
	asks := b.do == "reserve" || b.do == "move"
	return []edge{{key: "next", to: b.next, person: asks}, {key: "none", to: b.none}, {key: "failed", to: b.failed}}
}

// booking is the one the person has: made in this flow, or earlier.
func (r *run) booking() *Booking {
	if r.s.Booking != nil {
		if r.s.Booking.Status == "cancelled" {
			return nil
		}
		return r.s.Booking
	}
	return r.ctx.Booking
}

// offered is the service whose times are offered here.
func (b *bookingStep) offered(r *run) *Service {
	id := b.service
	if b.fromAnswer != "" {
		id = r.s.Answers[b.fromAnswer]
	}
	if b.do == "move" {
		id = ""
		if have := r.booking(); have != nil {
			id = have.Service
		}
	}
	return r.f.service(id)
}

func (b *bookingStep) enter(r *run) string {
	have := r.booking()
	if have == nil && b.do != "reserve" {
		r.note("there is no booking to " + b.do)
		return b.failed
	}
	if have != nil && b.do != "reserve" {
		pinned := *have
		r.s.Booking = &pinned // what comes back is of this one, whichever is the person's next by then
	}
	if b.do == "confirm" || b.do == "cancel" {
		task := BookingTask{Do: b.do, Ref: have.Ref, Service: have.Service, Start: have.Start}
		if s := r.f.service(have.Service); s != nil && b.do == "confirm" {
			task.Reminders, task.End = s.Reminders, have.Start.Add(time.Duration(s.Minutes)*time.Minute)
		}
		r.book(task)
		return ""
	}
	r.asked()
	return b.offer(r, "", r.ctx.Now)
}

func (r *run) book(task BookingTask) {
	seq := r.wait(ForOutcome)
	r.s.Due, r.s.Trail = time.Time{}, nil
	r.emit(Effect{Kind: BookingDo, Seq: seq, Book: &task})
	r.note("asked to " + task.Do + " a booking")
}

// free are the next free times after an instant, at most eleven.
func (b *bookingStep) free(r *run, after time.Time) (free []time.Time) {
	s, slots := b.offered(r), r.ctx.Slots
	if m, ok := slots.(Movable); ok && b.do == "move" && r.booking() != nil {
		slots = m.Apart(r.booking().Ref)
	}
	if s == nil || slots == nil {
		return nil
	}
	for _, t := range slots.Free(*s, after, 11) {
		if t.After(r.ctx.Now) && (len(free) == 0 || t.After(free[len(free)-1])) && len(free) < 11 {
			free = append(free, t)
		}
	}
	return free
}

// offer shows free times after an instant; where there are none, the flow goes on at "none".
func (b *bookingStep) offer(r *run, before string, after time.Time) string {
	s, free := b.offered(r), b.free(r, after)
	if len(free) == 0 {
		r.note("no time is free")
		return b.none
	}
	more := len(free) > 10
	if more {
		free = free[:9]
	}
	e := r.text(b.text)
	if before != "" {
		e.Text = before + "\n" + e.Text
	}
	e.List = &List{Button: cut(router.Say(r.speaks(), "list.open"), 20)}
	for _, t := range free {
		e.List.Rows = append(e.List.Rows, Option{ID: fmt.Sprintf("f:%s:%d", r.s.Step, t.Unix()), Title: cut(r.day(t, s.ID)+", "+r.clock(t, s.ID), 24)})
	}
	if more {
		e.List.Rows = append(e.List.Rows, Option{ID: "f:" + r.s.Step + ":more", Title: r.sentence("booking.more")})
	}
	r.say(e)
	r.s.Offered = free
	r.timer(ForAnswer, 0)
	r.note(fmt.Sprintf("offered %d times", len(free)))
	return ""
}

func (b *bookingStep) again(r *run) {
	if r.s.Waiting != ForAnswer {
		return
	}
	if next := b.offer(r, "", r.shown()); next != "" {
		r.from(next)
	}
}

// shown is the instant after which the times shown last begin.
func (r *run) shown() time.Time {
	if len(r.s.Offered) == 0 {
		return r.ctx.Now
	}
	return r.s.Offered[0].Add(-time.Second)
}

func (b *bookingStep) resume(r *run, in arrival) string {
	if in.outcome != nil {
		return b.done(r, in.outcome)
	}
	for _, m := range slices.Backward(in.messages) {
		if b.wantsMore(r, m) {
			last := r.s.Offered[len(r.s.Offered)-1]
			r.note("asked for more times")
			return b.offer(r, "", last)
		}
		if t, ok := b.choose(r, m); ok {
			return b.take(r, t)
		}
		if from, ok := b.dayMeant(r, m); ok {
			r.note("asked for another day")
			return b.offer(r, "", from)
		}
	}
	if r.s.Retries++; r.s.Retries > b.retries {
		r.note("no time was chosen")
		return b.none
	}
	r.note("no time was recognised; asked again")
	return b.offer(r, r.sentence("retry.choice"), r.shown())
}

func (b *bookingStep) wantsMore(r *run, m Input) bool {
	if len(r.s.Offered) == 0 || m.Payload != "" {
		return len(r.s.Offered) > 0 && m.Payload == "f:"+r.s.Step+":more"
	}
	words := router.Besides(router.Fold(m.Text), router.AroundChoices) // "more please"
	title := strings.Fields(router.Fold(r.sentence("booking.more") + " " + r.sentenceIn(r.ctx.Language, "booking.more")))
	return len(words) > 0 && !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(title, w) })
}

// A time of day, as 14:30, 14h30, 14h, 2.30 pm or 2pm.
var clockPattern = regexp.MustCompile(`(?i)\b([01]?[0-9]|2[0-3])(?:[:.h]([0-5][0-9])(?: ?([ap])\.?m\b\.?)?|h| ?([ap])\.?m\b\.?)`)

// clockIn is the time of day that a text names, in minutes, and whether it may be twelve hours later: "2:30" said
// of an afternoon.
func clockIn(text string) (minute int, either, ok bool) {
	m := clockPattern.FindStringSubmatch(text)
	if m == nil {
		return 0, false, false
	}
	hour, half := atoi(m[1]), strings.ToLower(m[3]+m[4])
	switch {
	case half == "p" && hour < 12:
		hour += 12
	case half == "a" && hour == 12:
		hour = 0
	}
	return hour*60 + atoi(m[2]), half == "" && hour > 0 && hour < 12, true
}

// choose finds the offered time that is meant: by tap, by its place in the list, or by clock and day. What
// was not offered cannot be chosen.
func (b *bookingStep) choose(r *run, m Input) (time.Time, bool) {
	for _, t := range r.s.Offered {
		if m.Payload == fmt.Sprintf("f:%s:%d", r.s.Step, t.Unix()) {
			return t, true
		}
	}
	if m.Payload != "" {
		return time.Time{}, false
	}
	text := strings.TrimSpace(cut(m.Text, 200))
	if n := position(text); n >= 1 && n <= len(r.s.Offered) {
		return r.s.Offered[n-1], true
	}
	if n, ordinal := router.PlaceIn(router.Fold(text), r.ctx.Language, len(r.s.Offered)); ordinal && len(r.s.Offered) > 0 { // "10 please" may be an hour
		return r.s.Offered[max(n, 1)-1], n > 0
	}
	minute, either, ok := clockIn(text)
	if !ok {
		return time.Time{}, false
	}
	service := ""
	if s := b.offered(r); s != nil {
		service = s.ID
	}
	local := r.written(m).In(r.zone(service))
	date, dated := answer{}.findDate(clockPattern.ReplaceAllString(text, " "), time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC))
	at := func(minute int) (found []time.Time) {
		for _, t := range r.s.Offered {
			wall := t.In(r.zone(service))
			if wall.Hour()*60+wall.Minute() == minute && (!dated || wall.Format(time.DateOnly) == date.Format(time.DateOnly)) {
				found = append(found, t)
			}
		}
		return found
	}
	found := at(minute)
	if len(found) == 0 && either {
		found = at(minute + 12*60)
	}
	if len(found) != 1 {
		return time.Time{}, false
	}
	return found[0], true
}

// dayMeant is the instant before the day that a message asks for – "have you got anything on Saturday?", "tomorrow at
// six" –, where there is a free time on that day or later.
func (b *bookingStep) dayMeant(r *run, m Input) (from time.Time, ok bool) {
	s := b.offered(r)
	if s == nil || m.Payload != "" {
		return time.Time{}, false
	}
	zone := r.zone(s.ID)
	local, text := r.written(m).In(zone), cut(m.Text, 200)
	minute, _, timed := clockIn(text)
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	date, dated := namedDay(clockPattern.ReplaceAllString(text, " "), today)
	if !dated || date.Before(today) {
		return time.Time{}, false
	}
	if !timed {
		minute = 0
	}
	from = wall.At(date, minute, zone).Add(-time.Second)
	return from, len(b.free(r, from)) > 0
}

func (b *bookingStep) take(r *run, start time.Time) string {
	s := b.offered(r)
	if s == nil {
		return b.failed
	}
	task := BookingTask{Do: b.do, Service: s.ID, Start: start, End: start.Add(time.Duration(s.Minutes) * time.Minute), Capacity: s.Capacity}
	if have := r.booking(); b.do == "move" && have != nil {
		task.Ref, task.Reminders = have.Ref, s.Reminders
	}
	r.s.Chosen = start
	r.book(task)
	return ""
}

// done takes what became of a reservation. A time that somebody else took meanwhile is offered no more.
func (b *bookingStep) done(r *run, o *Input) string {
	have := r.booking()
	switch {
	case o.Failure == FailedTaken && (b.do == "reserve" || b.do == "move"):
		r.note("the time was taken meanwhile; offered others")
		return b.offer(r, r.sentence("booking.taken"), r.ctx.Now)
	case o.Failure != "":
		r.note("the booking could not be done")
		return b.failed
	}
	switch {
	case b.do == "reserve":
		if s := b.offered(r); s != nil {
			r.s.Booking = &Booking{Ref: cut(o.Ref, 100), Service: s.ID, Start: r.s.Chosen, Status: "held"}
		}
	case have == nil:
		return b.failed
	default:
		after := *have
		switch b.do {
		case "move":
			after.Start = r.s.Chosen
		case "confirm":
			after.Status = "confirmed"
		case "cancel":
			after.Status = "cancelled"
		}
		r.s.Booking = &after
	}
	r.note("booking: " + b.do + " done")
	return b.next
}

// day writes a day as people do: "Mon 3 Nov".
func (r *run) day(t time.Time, service string) string {
	return Day(r.speaks(), t.In(r.zone(service)))
}

func (r *run) clock(t time.Time, service string) string {
	return t.In(r.zone(service)).Format("15:04")
}

func (r *run) bookingValue(key string) string {
	b := r.booking()
	if b == nil {
		return ""
	}
	switch key {
	case "date":
		return r.day(b.Start, b.Service)
	case "time":
		return r.clock(b.Start, b.Service)
	case "ref":
		return b.Ref
	}
	if s := r.f.service(b.Service); s != nil {
		name, _ := s.Name.in(r.ctx.Language, r.f.Default)
		return name
	}
	return ""
}

// Day writes a day as people of a language do: "Mon 3 Nov". The instant is in the zone it is to be told in.
func Day(language string, t time.Time) string {
	var r run
	names, months := strings.Fields(r.sentenceIn(language, "weekdays")), strings.Fields(r.sentenceIn(language, "months"))
	return fmt.Sprintf("%s %d %s", names[t.Weekday()], t.Day(), months[t.Month()-1])
}
