package gate

import (
	"fmt"
	"testing"
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
