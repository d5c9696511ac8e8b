package gate

import (
	"fmt"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
	"ponte/inbox"
)

// A message to no number keeps to the hours of where the person's numbers are from.
func TestHoursOfAPersonWhoseNumberIsKnownFromElsewhere(t *testing.T) {
	var w workspaceFacts
	w.TimeZone, w.Country = "Europe/Rome", "IT"
	for _, c := range []struct {
		contact  contactFacts
		phone    string
		want     string
		national bool
	}{
		{contactFacts{}, "", "[Europe/Rome]", false},
		{contactFacts{Phones: "40721000001"}, "", "[Europe/Bucharest]", false},
		{contactFacts{Phones: "393331110001 40721000001 393331110002"}, "", "[Europe/Rome Europe/Bucharest]", false},
		{contactFacts{Phones: "40721000001"}, "393331110001", "[Europe/Rome]", false},
		{contactFacts{Phones: "40721000001", TimeZone: "Europe/Paris"}, "", "[Europe/Paris]", false},
		{contactFacts{Phones: "393331110001 61491570156"}, "", "[Europe/Rome Australia/Perth Australia/Sydney]", true},
	} {
		zones, national := c.contact.zones(w, c.phone)
		if got := fmt.Sprint(zones); got != c.want || national != c.national {
			t.Errorf("%+v to %q: %s %v, want %s %v", c.contact, c.phone, got, national, c.want, c.national)
		}
	}
	w.TimeZone = "Nowhere/Else"
	if zones, _ := (contactFacts{}).zones(w, ""); len(zones) != 0 {
		t.Errorf("an unknown zone opens at %v", zones)
	}
}

// Whose country is known is written to by its clock, not by the brand's: nine in the evening in Sydney is no hour for
// anybody in Toronto, and the numbers that North America shares are told apart.
func TestHoursAreThoseOfTheNumbersCountry(t *testing.T) {
	for _, c := range []struct {
		place Place
		want  string
	}{
		{Place{Country: "CA"}, "[America/Vancouver America/St_Johns]"},
		{Place{Phone: "14165550123"}, "[America/Vancouver America/St_Johns]"},
		{Place{Phone: "12125550123"}, "[Pacific/Honolulu America/New_York]"},
		{Place{Phone: "16715550123"}, "[Pacific/Guam]"},
		{Place{Phone: "18765550123"}, "[America/Jamaica]"},
		{Place{Country: "JM"}, "[America/Jamaica]"},
		{Place{Phone: "15551234567"}, "[Pacific/Honolulu America/St_Johns]"},
		{Place{Phone: "819012345678"}, "[Asia/Tokyo]"},
		{Place{Country: "jp"}, "[Asia/Tokyo]"},
		{Place{Phone: "971501234567"}, "[Asia/Dubai]"},
		{Place{Phone: "6281234567890"}, "[Asia/Jakarta Asia/Jayapura Asia/Makassar]"},
		{Place{Phone: "79161234567"}, "[Europe/Kaliningrad Asia/Vladivostok]"},
		{Place{Phone: "77011234567"}, "[Asia/Aqtobe Asia/Almaty]"},
		{Place{Phone: "590690123456"}, "[America/Guadeloupe]"},
		{Place{Phone: "61491570156"}, "[Australia/Perth Australia/Sydney]"},
		{Place{Phone: "882161234567"}, "[Australia/Sydney]"},
		{Place{Country: "XX"}, "[Australia/Sydney]"},
		{Place{Phone: "0"}, "[Australia/Sydney]"},
		{Place{}, "[Australia/Sydney]"},
	} {
		c.place.Workspace, c.place.Home = "Australia/Sydney", "AU"
		zones, _ := c.place.Zones()
		if got := fmt.Sprint(zones); got != c.want {
			t.Errorf("%+v: %s, want %s", c.place, got, c.want)
		}
	}
}

// For every country that numbers are from there is a common hour some day of the week.
func TestNoCountryIsShutOutByItsWidth(t *testing.T) {
	h := Hours{Weekday: Span{9 * 60, 20 * 60}, Saturday: Span{9 * 60, 17 * 60}}
	for i := range 26 * 26 {
		country := string([]byte{'A' + byte(i/26), 'A' + byte(i%26)})
		zones, _ := Place{Country: country, Workspace: "Australia/Sydney", Home: "AU"}.Zones()
		if _, ok := h.Next(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), zones); !ok {
			t.Errorf("%s: no hour is open in %v", country, zones)
		}
	}
}

// Who keeps their number to themselves is where the network's id of them says.
func TestHoursOfAPersonWithoutANumber(t *testing.T) {
	var w workspaceFacts
	w.ID, w.TimeZone, w.Country = 1, "Australia/Sydney", "AU"
	id := "JP.0123456789"
	person := contactKey{WorkspaceID: 1, ContactID: 2}
	b := &batch{workspaces: map[int64]workspaceFacts{1: w}, contacts: map[contactKey]contactFacts{person: {}},
		histories: map[contactKey]*consent.History{person: {Identities: []inbox.Identity{{ID: 3, ExternalID: &id}}}}}
	f := b.facts(Request{WorkspaceID: 1, ContactID: 2, IdentityID: 3, Call: channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp}})
	if got := fmt.Sprint(f.Zones); got != "[Asia/Tokyo]" || f.Hours.National {
		t.Errorf("%s %v, want [Asia/Tokyo]", got, f.Hours.National)
	}
}
