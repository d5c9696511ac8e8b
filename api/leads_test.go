package api

import "testing"

func TestNumbersInAFormAreMaskedAndOtherAnswersAreNot(t *testing.T) {
	for in, want := range map[string]string{"+61 491 570 156": "+•• ••• ••• •••", "Ana Ruiz": "Ana Ruiz", "2026": "2026", "": ""} {
		if got := maskNumbers(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
}
