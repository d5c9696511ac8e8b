package moderation

import (
	"fmt"
	"slices"
)

// AuthorFacts are what is known of a comment's writer at the moment it is judged. They are part of the
// input, so that a replay judges by what was known then.
type AuthorFacts struct {
	Earlier int    `json:"earlier"`           // comments before this one, counted up to MaxEarlier
	Hidden  int    `json:"hidden,omitempty"`  // of them hidden or deleted, and not taken back
	Lately  Lately `json:"lately"`            // of them in the last minutes: RateMinutes
	Repeats int    `json:"repeats,omitempty"` // times the same was written before within a day, case and signs aside
	Brand   bool   `json:"brand,omitempty"`   // it is the brand itself
}

// RateMinutes are the windows in which comments of one author are counted.
var RateMinutes = [...]int{1, 5, 10, 60, 1440}

// Lately counts comments by the windows of RateMinutes.
type Lately [len(RateMinutes)]int

// MaxEarlier is up to where the comments of one author are counted.
const MaxEarlier = 1000

// AuthorCondition is about who wrote a comment. Where nothing is known of the author, and for messages,
// it does not hold.
type AuthorCondition struct {
	First        *bool `json:"first,omitempty"`         // it is the author's first comment in this workspace
	EarlierMost  *int  `json:"earlier_most,omitempty"`  // at most so many comments before
	EarlierLeast *int  `json:"earlier_least,omitempty"` // at least so many comments before
	HiddenLeast  *int  `json:"hidden_least,omitempty"`  // at least so many of them hidden
	Repeats      *int  `json:"repeats,omitempty"`       // the same written at least so many times before within a day
	Brand        *bool `json:"brand,omitempty"`
	Rate         *Rate `json:"rate,omitempty"`
}

// Rate is at least so many comments of one author, this one with them, within so many minutes.
type Rate struct {
	Least   int `json:"least"`
	Minutes int `json:"minutes"`
}

func (a *AuthorCondition) check(at string) error {
	if *a == (AuthorCondition{}) {
		return faultAt(at, "it says nothing about the author")
	}
	for _, n := range []struct {
		name string
		v    *int
		from int
	}{{"earlier_most", a.EarlierMost, 0}, {"earlier_least", a.EarlierLeast, 1}, {"hidden_least", a.HiddenLeast, 1}, {"repeats", a.Repeats, 1}} {
		if n.v != nil && (*n.v < n.from || *n.v > MaxEarlier) {
			return faultAt(at+"."+n.name, "%d is not between %d and %d", *n.v, n.from, MaxEarlier)
		}
	}
	if r := a.Rate; r != nil {
		if !slices.Contains(RateMinutes[:], r.Minutes) {
			return faultAt(at+".rate.minutes", "%d is none of %v", r.Minutes, RateMinutes)
		}
		if r.Least < 2 || r.Least > MaxEarlier {
			return faultAt(at+".rate.least", "%d is not between 2 and %d", r.Least, MaxEarlier)
		}
	}
	return nil
}

func (a *AuthorCondition) holds(f *AuthorFacts) bool {
	if f == nil {
		return false
	}
	switch {
	case a.First != nil && (f.Earlier == 0) != *a.First,
		a.EarlierMost != nil && f.Earlier > *a.EarlierMost,
		a.EarlierLeast != nil && f.Earlier < *a.EarlierLeast,
		a.HiddenLeast != nil && f.Hidden < *a.HiddenLeast,
		a.Repeats != nil && f.Repeats < *a.Repeats,
		a.Brand != nil && f.Brand != *a.Brand,
		a.Rate != nil && f.Lately[slices.Index(RateMinutes[:], a.Rate.Minutes)]+1 < a.Rate.Least:
		return false
	}
	return true
}

// SameText is a key that texts share which say the same, case, accents and signs aside; empty for a text
// without words.
func SameText(text string) string {
	s := sights.Get().(*sight)
	defer sights.Put(s)
	s.read(text)
	if len(s.words) == 0 {
		return ""
	}
	h := hashStart
	for _, b := range s.flatten() {
		h = stir(h, rune(b))
	}
	return fmt.Sprintf("%016x", h)
}
