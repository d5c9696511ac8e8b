package outbox

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// model is what a careful clerk with paper and pencil would know of a brand's people. It is written apart
// from the program, as plainly as the rules are told, and only to be compared with it.
type model struct {
	people  map[int64]*someone // by identity
	stated  map[int64]string   // contact → the zone that its record states
	ledger  []act
	promos  []promo // offers that left, or may have
	nudges  []nudge
	written map[int64][]time.Time // identity → when the person wrote
	bought  map[int64][]time.Time // contact → when they bought
}

type someone struct {
	identity, contact, account int64
	address, channel           string
	blocked                    bool
}

type act struct {
	at      time.Time
	what    string // grant, withdraw, refuse, expire, doubt, import, confirm
	address string
	channel string
	contact int64 // the person it was told of
	until   *time.Time
}

type promo struct {
	identity int64
	at       time.Time
}

type nudge struct {
	identity int64
	sequence string
	planned  time.Time
	sent     *time.Time
}

// same are all identities that count as the same person now.
func (m *model) same(identity int64) []*someone {
	var out []*someone
	for _, p := range m.people {
		if p.contact == m.people[identity].contact {
			out = append(out, p)
		}
	}
	return out
}

// agreed says whether this very address said yes to offers on this very channel, and nobody who counts as
// the same person has said anything to the contrary since, or may have.
func (m *model) agreed(identity int64, now time.Time) bool {
	who := m.people[identity]
	concerns := func(a act) bool {
		if a.contact == who.contact {
			return true
		}
		return slices.ContainsFunc(m.same(identity), func(p *someone) bool { return p.address == a.address })
	}
	list := slices.Clone(m.ledger)
	stops := func(a act) bool { return strings.Contains("withdraw refuse expire doubt", a.what) }
	slices.SortStableFunc(list, func(a, b act) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		switch {
		case stops(a) && !stops(b):
			return 1
		case stops(b) && !stops(a):
			return -1
		}
		return 0
	})
	yes, claimed, doubted := (*act)(nil), (*act)(nil), false
	for _, a := range list {
		switch {
		case stops(a) && concerns(a):
			if a.what == "doubt" {
				doubted = true
			} else {
				yes, claimed, doubted = nil, nil, false
			}
		case a.at.After(now) || a.address != who.address || a.channel != who.channel:
		case a.what == "grant":
			yes, doubted = &a, false
		case a.what == "import":
			claimed = &a
		case a.what == "confirm":
			if claimed != nil {
				yes, claimed = &a, nil
			}
			doubted = false
		}
	}
	return yes != nil && !doubted && (yes.until == nil || now.Before(*yes.until))
}

// zones is where the person may be: as their record states; else where the number is from that it goes to;
// else where any number of theirs is from; else at the brand's own place.
func (m *model) zones(identity int64) []string {
	who := m.people[identity]
	if z := m.stated[who.contact]; z != "" {
		return []string{z}
	}
	from := map[bool]string{true: "Europe/Bucharest", false: "Europe/Rome"}
	if phone, is := strings.CutPrefix(who.address, "phone:"); is {
		return []string{from[strings.HasPrefix(phone, "40")]}
	}
	var out []string
	for _, p := range m.same(identity) {
		if phone, is := strings.CutPrefix(p.address, "phone:"); is {
			out = append(out, from[strings.HasPrefix(phone, "40")])
		}
	}
	if len(out) == 0 {
		return []string{"Europe/Rome"}
	}
	return out
}

// decent says whether it is Monday to Friday from 9 to 20, or Saturday from 9 to 17, wherever the person may be.
func (m *model) decent(identity int64, now time.Time) bool {
	for _, name := range m.zones(identity) {
		zone, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		local := now.In(zone)
		last := 20
		switch local.Weekday() {
		case time.Sunday:
			return false
		case time.Saturday:
			last = 17
		}
		if local.Hour() < 9 || local.Hour() >= last {
			return false
		}
	}
	return true
}

// full says which limit an offer at this instant would break, over all that went to the person.
func (m *model) full(identity int64, now time.Time) string {
	day, month := 0, 0
	for _, s := range m.promos {
		if m.people[s.identity].contact != m.people[identity].contact {
			continue
		}
		if s.at.After(now.Add(-24 * time.Hour)) {
			day++
		}
		if s.at.After(now.Add(-30 * 24 * time.Hour)) {
			month++
		}
	}
	switch {
	case day >= 1:
		return fmt.Sprintf("the %d. offer of a day", day+1)
	case month >= 4:
		return fmt.Sprintf("the %d. offer of thirty days", month+1)
	}
	return ""
}

// nagging says why a reminder must not go now; empty: it may.
func (m *model) nagging(identity int64, sequence string, now time.Time) string {
	contact := m.people[identity].contact
	var began, last *time.Time
	sent := 0
	for _, n := range m.nudges {
		if m.people[n.identity].contact != contact || n.sequence != sequence || !n.planned.After(now.Add(-30*24*time.Hour)) {
			continue
		}
		if began == nil || n.planned.Before(*began) {
			began = &n.planned
		}
		if n.sent != nil {
			sent++
			if last == nil || n.sent.After(*last) {
				last = n.sent
			}
		}
	}
	if began != nil {
		for _, p := range m.same(identity) {
			for _, at := range m.written[p.identity] {
				if !at.Before(*began) {
					return "the person wrote since"
				}
			}
		}
		for _, at := range m.bought[contact] {
			if !at.Before(*began) {
				return "the person bought since"
			}
		}
	}
	switch {
	case sent >= 3:
		return "the fourth reminder"
	case last != nil && now.Before(last.Add(24*time.Hour)):
		return "a reminder less than a day after the one before"
	}
	return ""
}
