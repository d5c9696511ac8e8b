package moderation

// Two wishes must not be missed: to hear no more (consent law 7.3) and to talk to a person. A grammar of
// both reads the text; two heads of the model weigh what it finds with the words.

// recogniseWishes says whether a text takes consent back or asks for a person. booking: one is being talked about.
func recogniseWishes(p *Prediction, booking bool) (OptOut, bool) {
	asks := asksForPerson(p)
	switch {
	case p.Signs.listed || p.Signs.cancels && !booking:
		return OptOutClear, false
	case p.Signs.whole.doubt && !p.Signs.whole.word: // "annulla", "stornieren": a booking, perhaps, or the talk, however sure the heads are
		return OptOutDoubtful, asks
	case p.Withdraws >= p.WithdrawsClear:
		return OptOutClear, asks && p.Asks > p.Withdraws
	case p.Signs.whole.word && p.Withdraws >= leastOfWord:
		return OptOutClear, asks && p.Asks > p.Withdraws
	case p.Withdraws >= p.WithdrawsFrom:
		return OptOutDoubtful, asks
	}
	return NoOptOut, asks
}

// asksForPerson heeds both heads that know such asks. Where the grammar finds no sign of one ("talk soon!"),
// either must be surer.
func asksForPerson(p *Prediction) bool {
	sign := p.Signs.says(signAsks)
	return p.Asks >= p.AsksFrom && (sign || p.Asks >= leastUnsigned) ||
		p.Intent == "human_agent" && (sign || p.IntentScore >= leastIntended)
}

// asksLikely brings the probability of asking for a person to the measure of the intents', which were fitted without
// counting ordinary talk for more than it is.
func (p *Prediction) asksLikely() float64 {
	odds := asksOdds * p.Asks
	return odds / (odds + 1 - p.Asks)
}

// asksOdds is by how much the odds fell, at the same share of alarms, when ordinary talk came to count for more.
const asksOdds = 2.2

// listedAlone stands in the list of words that withdraw (consent law 7.3) and says much else too: with anything beside it,
// be it thanks, it is doubtful.
const listedAlone = "basta"

// cancelsAlone are the list's words for cancelling. As a whole message they withdraw, unless a booking or an order is
// being talked about, which they may mean then; with anything beside them they are doubtful anyway.
var cancelsAlone = []string{"cancel", "cancella", "cancelar"}

// A word of the law's list that is the whole message, or a sentence of its own, needs little from the heads.
const (
	leastOfWord = 0.025

	leastUnsigned = 0.3
	leastIntended = 0.75
)
