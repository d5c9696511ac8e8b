package template

import (
	"cmp"
	"slices"
	"strings"

	"ponte/gate"
)

// Occasion is the conversation a template is to go into.
type Occasion struct {
	Language string // the person's, as far as it is known
	Fallback string // the workspace's
	Intent   string // what the person last wanted
	Open     bool   // the care window
}

// Candidate is a template in the language that suits, filled for the person.
type Candidate struct {
	Listed
	Choice  Choice
	Filled  []Filled
	Missing int // variables that nothing is known for
	Fits    bool
	Verb    string // what the gate would say now: allow, defer, hold, refuse
	Code    string
	Meaning string
}

// Candidates picks one language of each name that may be sent, and fills it. A question for consent is
// offered only where the conversation is open.
func Candidates(list []Listed, o Occasion, p Person, s Sender) []Candidate {
	byName := map[string][]Listed{}
	var names []string
	for _, l := range list {
		if l.Sendable() != nil || l.Category == "AUTHENTICATION" {
			continue
		}
		if byName[l.Name] == nil {
			names = append(names, l.Name)
		}
		byName[l.Name] = append(byName[l.Name], l)
	}
	var out []Candidate
	for _, name := range names {
		var codes []string
		for _, l := range byName[name] {
			codes = append(codes, l.Language)
		}
		choice, err := ChooseLanguage(codes, o.Language, o.Fallback)
		if err != nil {
			continue
		}
		l := byName[name][slices.Index(codes, choice.Language)]
		ready := readyKey(l)
		if ready.OnlyOpen && !o.Open || ready.Key == gate.OptInQuestion { // that one goes out by itself, for whoever gave the number
			continue
		}
		c := Candidate{Listed: l, Choice: choice, Filled: l.Definition.Fill(nil, p, s), Fits: o.Intent != "" && slices.Contains(ready.Intents, o.Intent)}
		for _, f := range c.Filled {
			if f.Value == "" {
				c.Missing++
			}
		}
		out = append(out, c)
	}
	return out
}

// readyKey is what is known of a template by the ready-made one it began as, or whose name it has.
func readyKey(l Listed) readySource {
	sources, err := readySources()
	if err != nil {
		return readySource{}
	}
	for _, s := range sources {
		if s.Key == l.Ready || l.Ready == "" && s.Key == l.Name {
			return s
		}
	}
	return readySource{}
}

// Rank orders candidates: first what may go out now, then what fits the wish, what people do not report, the language, the category
// (a service message before a promotional one where nobody asked), and what needs the least typing.
func Rank(list []Candidate) {
	verbs := map[string]int{"allow": 0, "defer": 1, "hold": 2}
	verb := func(c Candidate) int {
		if n, ok := verbs[c.Verb]; ok {
			return n
		}
		return 3
	}
	languages := map[string]int{"exact": 0, "base": 1, "fallback": 2}
	yes := func(b bool) int {
		if b {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(verb(a), verb(b)), cmp.Compare(yes(a.Fits), yes(b.Fits)), cmp.Compare(yes(a.Quality != "RED"), yes(b.Quality != "RED")), cmp.Compare(languages[a.Choice.Why], languages[b.Choice.Why]),
			cmp.Compare(yes(a.Category == Utility), yes(b.Category == Utility)), cmp.Compare(a.Missing, b.Missing), strings.Compare(a.Name, b.Name))
	})
}
