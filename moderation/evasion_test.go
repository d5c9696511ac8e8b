package moderation

import (
	"strings"
	"testing"
)

func TestEvasionIsSeen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		ok   func(evasion) bool
	}{
		{"Meempuunyaaii tuubuuh ideeaal", func(e evasion) bool { return e.doubled == 3 && e.words == 3 }},
		{"the coffee is good, see you soon", func(e evasion) bool { return e.doubled == 1 }},
		{"sooooo nice", func(e evasion) bool { return e.doubled == 0 && e.doubles == 4 }},
		{"Kürang têmen Måkånnya Õrder", func(e evasion) bool { return e.marks.strange() }},
		{"où êtes-vous, ça a l’air génial, naïf", func(e evasion) bool { return !e.marks.strange() }},
		{"não, à tarde é ótimo, você começa", func(e evasion) bool { return !e.marks.strange() }},
		{"mâine văd și țara", func(e evasion) bool { return !e.marks.strange() }},
		{"schöne Grüße", func(e evasion) bool { return !e.marks.strange() }},
		{"1000FollowersPromoToday", func(e evasion) bool { return e.joints == 2 && e.amounts == 1 }},
		{"only 20k, Rp95 or 17GB", func(e evasion) bool { return e.amounts == 3 }},
		{"35.000 and 19,000", func(e evasion) bool { return e.thousands == 2 }},
		{"at 14.30 on 12.10.2026", func(e evasion) bool { return e.amounts == 0 && e.thousands == 0 }},
		{"", func(e evasion) bool { return e == evasion{} }},
	} {
		if e := lookForEvasion(c.text); !c.ok(e) {
			t.Errorf("%q: %+v, strange %v", c.text, e, e.marks.strange())
		}
	}
}

func TestAlternativesAreWrittenOut(t *testing.T) {
	t.Parallel()
	if got := variants("no braces"); len(got) != 1 || got[0] != "no braces" {
		t.Errorf("%q", got)
	}
	got := variants("{a|b} {c|}")
	for _, want := range []string{"a c", "b c", "a", "b"} {
		if !inList(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	if len(got) != 4 {
		t.Errorf("%q", got)
	}
	seeds, err := LoadSeeds()
	if err != nil {
		t.Fatal(err)
	}
	for task, list := range seeds {
		for _, e := range list {
			if e.Lang != "" && strings.ContainsAny(e.Text, "{}") && task != "spam" {
				t.Errorf("%s: %q has a brace left", task, e.Text)
			}
			if e.Text == "" {
				t.Errorf("%s: an empty sentence", task)
			}
		}
	}
}
