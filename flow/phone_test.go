package flow

import "testing"

func TestFindPhone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, country, want string }{
		{"my number is 0491 570 159", "AU", "+61491570159"}, {"+61 491 570 159", "IT", "+61491570159"}, {"Ecco: 347 123 4567!", "IT", "+393471234567"},
		{"yes, 06 12 34 56 78", "FR", "+33612345678"}, {"0722 123 456 vă rog", "RO", "+40722123456"}, {"+1 (415) 555-2671", "AU", "+14155552671"},
		{"order 1042 of 12.10.2026", "AU", ""}, {"02 5550 1234", "AU", ""}, {"0491 570 159 or 0491 570 156", "AU", ""}, {"call 0491570159 or 0491 570 159", "AU", "+61491570159"},
		{"123456789012345678901234", "AU", ""}, {"no number", "AU", ""}, {"0491 570", "AU", ""},
	} {
		got, _ := FindPhone(c.text, c.country)
		if got != c.want {
			t.Errorf("%q in %s: %q, want %q", c.text, c.country, got, c.want)
		}
	}
	if got := SpellPhone("+61491570159"); got != "+61 491 570 159" {
		t.Error(got)
	}
}
