package moderation

import "math/bits"

// The places of features in the small heads that weigh the signs.
const (
	signBits   = 15
	signPlaces = 1<<signBits - 1
)

// intendedSteps is the thermometer of a probability, closer where it is nearly sure.
var intendedSteps = [...]float64{0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998}

// signFeatures lists what the signs of a text and what the words make of it say: each sign, pairs of
// signs, single words, classes and which follows which, how much there is, how far the words alone go, and
// how far they speak for wanting offers; and how probable the head of intents finds the wish: it was fitted on
// another question and errs elsewhere.
func (r *reading) signFeatures(at []uint32, words, joins, intended float64) []uint32 {
	at = at[:0]
	add := func(kind, value int) {
		at = append(at, mix(0x1f3d5b79+uint32(kind)*0x9e3779b9+uint32(value)*0x85ebca6b)&signPlaces)
	}
	state := r.state()
	for step := range 25 { // a thermometer of the words' logit, also of texts of the same kind alone
		if words > float64(step)/2-8 {
			add(1, step)
			add(11, state<<8|step)
		}
	}
	add(12, state)
	for step := range 13 {
		if joins > float64(step)-6 {
			add(13, step)
			add(14, state<<8|step)
		}
	}
	for step, from := range intendedSteps {
		if intended >= from {
			add(18, step)
			add(19, state<<8|step)
		}
	}
	for c := r.has; c != 0; c &= c - 1 {
		add(15, bits.TrailingZeros64(uint64(c)))
	}
	for kind, pairs := range [...]*classPairs{&r.near, &r.far} {
		for i, set := range pairs {
			for ; set != 0; set &= set - 1 {
				add(16+kind, i<<6|bits.TrailingZeros64(set))
			}
		}
	}
	var list [40]int
	n := 0
	for i := range wishSigns {
		if r.found.has(i) && n < len(list) {
			list[n] = i
			n++
		}
	}
	for i, a := range list[:n] {
		add(2, a)
		for _, b := range list[i+1 : n] {
			add(3, a<<8|b)
		}
	}
	short := min(r.words, 8)
	for i, on := range [...]bool{r.whole.word, r.whole.first, r.whole.last, r.whole.doubt, r.whole.operator} {
		if on {
			add(4, i)
			add(5, i<<4|min(r.words, 3))
		}
	}
	add(6, short)
	plain, opposed := r.says(signClear), r.says(signAgainst)
	add(7, min(r.found.of(signClear), 4))
	add(8, min(r.found.of(signAsks), 4))
	for i, on := range [...]bool{plain && !opposed, plain && opposed, plain && r.says(signBooked), opposed && !plain, plain && !opposed && !r.says(signBooked) && !r.says(signJoin), plain && r.says(signJoin), n == 0} {
		if on {
			add(9, i)
			add(10, i<<4|short)
		}
	}
	return at
}

// state says in one number what kind of text it is: whether a withdrawal is said in so many words and
// what speaks against it, or else whether it asks for a person.
func (r *reading) state() int {
	kind := 0
	switch {
	case r.whole.word:
		return 15
	case r.says(signClear):
		kind = 1
	case r.says(signAsks):
		return 8
	case r.says(signHint):
		return 9 + int(btoi(r.says(signAgainst)))
	default:
		return 0
	}
	return kind + int(btoi(r.says(signAgainst))) + 2*int(btoi(r.says(signBooked))) + 3*int(btoi(r.says(signJoin)))
}

func btoi(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}
