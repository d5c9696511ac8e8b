package ingest

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// oracle is what somebody with paper and pencil knows of a brand's people: what they said and did, in the
// order it was told, and what reached them. It is written apart from the program, and only to judge it.
type oracle struct {
	facts    []fact
	heard    map[string]time.Time // address/account → when the person last wrote there
	comments map[string]time.Time // comment → when it was written
	offers   []offer
	replied  map[string]int    // comment → private replies that reached its author
	shown    map[string]string // address@account → what was asked there last and not answered yet: offers, doubt
	asked    map[string]string // address@account of a chat → the number about which was asked there
	numbers  map[string]bool   // numbers whose owners agreed in a chat that we write there
	paused   map[string]bool   // templates
}

// fact is something a person said about offers.
type fact struct {
	at      time.Time
	round   int
	what    string // yes, stop, doubt, keep
	address string
	contact int64 // to whom the address belonged when it was said; 0: not known yet
}

type offer struct {
	address string
	at      time.Time
}

// departure is a call that reached the network.
type departure struct {
	at       time.Time
	address  string
	account  int64
	kind     string
	comment  string
	template string
	promotes bool
	arrived  bool
}

// standing is who counts as whom.
type standing struct {
	contact map[string]int64
	blocked map[string]bool
}

func newOracle() *oracle {
	return &oracle{heard: map[string]time.Time{}, comments: map[string]time.Time{}, replied: map[string]int{}, shown: map[string]string{}, asked: map[string]string{},
		numbers: map[string]bool{}, paused: map[string]bool{}}
}

func (o *oracle) say(what, address string, at time.Time, round int) {
	o.facts = append(o.facts, fact{at: at, round: round, what: what, address: address})
}

// concerns says whether what was said of one address is about whoever has the other.
func (f fact) concerns(address string, s standing) bool {
	if f.address == address {
		return true
	}
	who := s.contact[address]
	return who != 0 && (f.contact == who || s.contact[f.address] == who)
}

// agreed says whether this very address said yes to offers, and nobody who counts as the same person has
// said anything to the contrary since. What stops in the round named is not held against it.
func (o *oracle) agreed(address string, now time.Time, lenient int, s standing) bool {
	list := slices.Clone(o.facts)
	stops := func(f fact) bool { return f.what == "stop" || f.what == "doubt" }
	slices.SortStableFunc(list, func(a, b fact) int {
		switch c := a.at.Compare(b.at); {
		case c != 0:
			return c
		case stops(a) && !stops(b):
			return 1
		case stops(b) && !stops(a):
			return -1
		}
		return 0
	})
	yes, doubted := false, false
	for _, f := range list {
		switch {
		case stops(f) && f.concerns(address, s):
			if f.round == lenient {
				continue
			}
			if f.what == "doubt" {
				doubted = true
			} else {
				yes, doubted = false, false
			}
		case f.address != address || f.at.After(now):
		case f.what == "yes":
			yes, doubted = true, false
		case f.what == "keep":
			doubted = false
		}
	}
	return yes && !doubted
}

// silent says whether anybody who counts as the same person has ever said that they want no offers.
func (o *oracle) silent(address string, s standing) bool {
	return !slices.ContainsFunc(o.facts, func(f fact) bool { return (f.what == "stop" || f.what == "doubt") && f.concerns(address, s) })
}

// decent: Monday to Friday from 9 to 20, Saturday from 9 to 17, where the number is from, or else the brand.
func decent(address string, at time.Time) bool {
	zone := "Europe/Rome"
	if strings.HasPrefix(address, "whatsapp:40") {
		zone = "Europe/Bucharest"
	}
	z, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	local := at.In(z)
	last := map[time.Weekday]int{time.Sunday: 0, time.Saturday: 17}
	until, special := last[local.Weekday()]
	if !special {
		until = 20
	}
	return local.Hour() >= 9 && local.Hour() < until
}

// broken names the rules that a departure broke.
func (o *oracle) broken(d departure, lenient int, s standing) []string {
	var out []string
	add := func(is bool, rule string) {
		if is {
			out = append(out, rule)
		}
	}
	message := d.kind == "message.send" || d.kind == "template.send" || d.kind == "private_reply.send"
	add(message && s.blocked[d.address], "somebody who is blocked was written to")
	if message && d.promotes {
		add(!o.agreed(d.address, d.at, lenient, s), "an offer left without a live consent")
		add(!decent(d.address, d.at), "an offer left in quiet hours")
		day, month := o.had(d.address, d.at, s)
		add(day >= 1, fmt.Sprintf("offer %d of a day", day+1))
		add(month >= 4, fmt.Sprintf("offer %d of thirty days", month+1))
	}
	switch d.kind {
	case "message.send":
		add(d.at.Sub(o.heard[where(d.address, d.account)]) >= 24*time.Hour, "a free message left outside the care window")
	case "private_reply.send":
		add(o.replied[d.comment] > 0, "a comment got its second private reply")
		add(d.at.Sub(o.comments[d.comment]) >= 7*24*time.Hour, "a private reply came after more than seven days")
	case "template.send":
		add(o.paused[d.template], "a template left that is paused")
		add(d.template == "number_check" && !o.numbers[d.address], "a number was written to whose owner did not agree")
	}
	return out
}

// had counts the offers that reached the person before.
func (o *oracle) had(address string, now time.Time, s standing) (day, month int) {
	for _, x := range o.offers {
		if x.address != address && (s.contact[address] == 0 || s.contact[x.address] != s.contact[address]) {
			continue
		}
		if x.at.After(now.Add(-24 * time.Hour)) {
			day++
		}
		if x.at.After(now.Add(-30 * 24 * time.Hour)) {
			month++
		}
	}
	return day, month
}

// count notes what reached somebody.
func (o *oracle) count(d departure) {
	if !d.arrived {
		return
	}
	if d.promotes && d.kind != "comment.reply" {
		o.offers = append(o.offers, offer{d.address, d.at})
	}
	if d.kind == "private_reply.send" {
		o.replied[d.comment]++
	}
}

func where(address string, account int64) string { return fmt.Sprint(address, "@", account) }
