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

// Somebody who writes from abroad leaves their number as they say it at home; what could be of two countries is
// nobody's.
func TestFindPhoneFromAbroad(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, country, language, want string }{
		{"il mio numero è 333 111 0002", "AU", "it", "+393331110002"}, {"06 12 34 56 78", "AU", "fr", "+33612345678"}, {"0722 123 456", "AU", "ro", "+40722123456"},
		{"0151 23456789", "AU", "de", "+4915123456789"}, {"612 345 678", "AU", "es", "+34612345678"}, {"912 345 678", "AU", "pt", "+351912345678"},
		{"0412 345 678", "AU", "it", "+61412345678"}, {"333 111 0002", "AU", "en", ""}, {"333 111 0002", "AU", "", ""}, {"333 111", "AU", "it", ""},
	} {
		if got, _ := FindPhoneFrom(c.text, c.country, c.language); got != c.want {
			t.Errorf("%q in %s by %s: %q, want %q", c.text, c.country, c.language, got, c.want)
		}
	}
}

func TestCutPhone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, country, language, rest string
		cut                           bool
	}{
		{"my number is 0412 345 678", "AU", "en", "my number is", true}, {"Ciao, il mio numero è 333 111 0002", "AU", "it", "Ciao, il mio numero è", true},
		{"+39 333 111 0002", "AU", "unknown", "", true}, {"0412–345–678", "AU", "", "", true}, {"earn money, write to +1 415 555 2671", "AU", "en", "earn money, write to +1 415 555 2671", false},
		{"0412 345 678 or 0413 345 678", "AU", "en", "0412 345 678 or 0413 345 678", false}, {"hello", "AU", "en", "hello", false}, {"order 10423371", "AU", "en", "order 10423371", false},
	} {
		rest, cut := CutPhone(c.text, c.country, c.language)
		if rest != c.rest || cut != c.cut {
			t.Errorf("%q: %q %v, want %q %v", c.text, rest, cut, c.rest, c.cut)
		}
	}
}
