package moderation

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// A band is where rules and model do not know: below it a text passes unasked, above it is hidden, in
// between a language model is asked. Its lower ends follow from how many violations may pass unasked.

// bandShares are the shares of violations for which the card holds a band.
var bandShares = []float64{0.01, 0.02, 0.05, 0.1}

// realisticShare is that of violations among the comments of a shop or a hotel.
const realisticShare = 0.04

func bandKey(lost float64) string { return strconv.FormatFloat(lost, 'g', -1, 64) }

// band holds the scores from which a language model is asked, by group.
type band struct{ harm, spam float64 }

// never is the band of those who ask only about what would go to review.
var never = band{2, 2}

func (b band) holds(harm, spam float64) bool { return harm >= b.harm || spam >= b.spam }

// band is the card's for a share of violations that may pass unasked; never where there is none.
func (m *Model) band(lost float64) band {
	harm, ok := m.thresholds["ask harm"][bandKey(lost)]
	spam, too := m.thresholds["ask spam"][bandKey(lost)]
	if lost == 0 || !ok || !too {
		return never
	}
	return band{harm, spam}
}

// bandRow is a text as the cascade sees it before a language model.
type bandRow struct {
	harm, spam float64
	bad        bool
	gone, open bool // hidden; asked about whatever the band
	weight     float64
}

// weigh gives violations together their share.
func weigh(rows []bandRow, share float64) {
	bad := 0.0
	for _, r := range rows {
		bad += bit(r.bad)
	}
	for i := range rows {
		rows[i].weight = (1 - share) / (float64(len(rows)) - bad)
		if rows[i].bad {
			rows[i].weight = share / bad
		}
	}
}

// under is the share of texts asked about in a band, and that of the violations it lets pass unasked.
func under(rows []bandRow, b band) (asked, lost float64) {
	bad := 0.0
	for _, r := range rows {
		in := r.open || b.holds(r.harm, r.spam)
		if in && !r.gone {
			asked += r.weight
		}
		if r.bad {
			bad += r.weight
			if !in && !r.gone {
				lost += r.weight
			}
		}
	}
	return asked, lost / bad
}

// narrowest is the band that asks about the fewest texts and lets no more than a share of the
// violations pass: the lower end of one group follows from that of the other.
func narrowest(rows []bandRow, most float64) band {
	var open []bandRow // violations the band must catch
	bad := 0
	for _, r := range rows {
		if r.bad {
			bad++
			if !r.gone && !r.open {
				open = append(open, r)
			}
		}
	}
	spare := int(most * float64(bad))
	if len(open) <= spare {
		return never
	}
	slices.SortFunc(open, func(a, b bandRow) int { return compare(a.harm, b.harm) })
	best, least := band{0, 0}, math.Inf(1)
	for i := 0; i <= len(open); i++ {
		b := band{harm: 2}
		if i < len(open) {
			b.harm = open[i].harm
		}
		var rest []float64
		for _, r := range open {
			if r.harm < b.harm {
				rest = append(rest, r.spam)
			}
		}
		slices.Sort(rest)
		b.spam = 2
		if len(rest) > spare {
			b.spam = rest[spare]
		}
		if asked, _ := under(rows, b); asked < least {
			best, least = b, asked
		}
	}
	return best
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// everyOther is the half of our own sentences set aside on which bands are chosen: every second of each
// language. The other half measures them.
func everyOther(list []Example) []Example {
	seen := map[string]int{}
	var out []Example
	for _, e := range testPart(list) {
		if seen[e.Lang]++; seen[e.Lang]%2 == 1 {
			out = append(out, e)
		}
	}
	return out
}

// bands chooses the lower ends of the bands and notes them on the card.
func (t *trainer) bands() error {
	e := NewEngine(t.m, nil, DefaultPolicy())
	var rows []bandRow
	for _, task := range []string{"harm", "spam", "intent", "sentiment", "optout"} {
		for _, x := range everyOther(t.seeds[task]) {
			if x.Label != "self_harm" { // goes to a person whatever the band
				v := e.Judge(Input{Subject: SubjectComment, Text: x.Text})
				rows = append(rows, bandRow{harm: v.Harm, spam: v.SpamScore, gone: strength[v.Decision] >= strength[Hide], open: v.NeedsLLM,
					bad: (task == "harm" || task == "spam") && x.Label != "none"})
			}
		}
	}
	weigh(rows, realisticShare)
	t.m.thresholds["ask harm"], t.m.thresholds["ask spam"] = map[string]float64{}, map[string]float64{}
	for _, lost := range bandShares {
		b := narrowest(rows, lost)
		t.m.thresholds["ask harm"][bandKey(lost)], t.m.thresholds["ask spam"][bandKey(lost)] = b.harm, b.spam
		asked, passed := under(rows, b)
		note := fmt.Sprintf("asks about %.4f of a mix with %.2f violations, %.4f of them pass; half of our own sentences set aside", asked, realisticShare, passed)
		t.m.Card.Thresholds = append(t.m.Card.Thresholds,
			Figure{Name: "harm asked from", Set: "to let " + bandKey(lost) + " pass", N: len(rows), Value: b.harm, Note: note},
			Figure{Name: "spam asked from", Set: "to let " + bandKey(lost) + " pass", N: len(rows), Value: b.spam, Note: note})
		t.o.Log("to let %g pass, ask from harm %.4f, spam %.4f: %s", lost, b.harm, b.spam, note)
	}
	return nil
}
