package moderation

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// References of invitations, orders, bookings and parcels look like the tricks of spammers – shouted, figures among
// letters – and say nothing of what a text wants. The model never sees them: neither when it learns nor when it judges.

// codeLabels are the words before a code that say what it is, folded.
var codeLabels = plainSet("ref reference referenz referinta referencia referencias referentie rif riferimento code codice codul cod codigo kode order ordine commande comanda pedido bestellung encomenda booking prenotazione reservation rezervare rezervarea reserva buchung tracking ticket nr no num")

func plainSet(list string) map[string]bool {
	set := map[string]bool{}
	for word := range strings.FieldsSeq(list) {
		set[word] = true
	}
	return set
}

// shortestCode is how many letters and figures a code has at least.
const shortestCode = 6

// withoutCodes leaves the codes out of a text.
func withoutCodes(text string) string {
	var out strings.Builder
	kept, label, named := 0, "", 0 // how much is copied; the word before, and where it begins
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		if !inCode(r) && !unicode.IsLetter(r) {
			at += size
			continue
		}
		from, plain := at, true
		for at < len(text) {
			if r, size = utf8.DecodeRuneInString(text[at:]); inCode(r) {
				at += size
			} else if unicode.IsLetter(r) || unicode.Is(unicode.Mn, r) {
				plain = false
				at += size
			} else {
				break
			}
		}
		word := text[from:at]
		if plain && len(word) >= shortestCode && !inAddress(text, from, at) && isCode(word, label) {
			from, at = withLabel(text, label, named, from, at)
			out.WriteString(text[kept:max(kept, from)])
			kept = at
			continue
		}
		if len(word) > 1 {
			label, named = word, from
		}
	}
	if kept == 0 {
		return text
	}
	out.WriteString(text[kept:])
	return out.String()
}

// withLabel widens a code by the word right before it that names it, and by the brackets around both.
func withLabel(text, label string, named, from, to int) (int, int) {
	if end := named + len(label); label != "" && strings.Trim(text[end:from], " .:#") == "" && codeLabels[fold(label)] {
		from = named
	}
	if from > 0 && to < len(text) && (text[from-1] == '(' && text[to] == ')' || text[from-1] == '[' && text[to] == ']') {
		return from - 1, to + 1
	}
	return from, to
}

func inCode(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || codeJoint(r)
}

func codeJoint(r rune) bool { return r == '-' || r == '–' || r == '—' || r == '_' }

// inAddress reports whether a word is part of a link, a name or an e-mail address.
func inAddress(text string, from, to int) bool {
	if from > 0 && strings.IndexByte("/@=.#&?%", text[from-1]) >= 0 {
		return true
	}
	return to+1 < len(text) && strings.IndexByte("/@.=", text[to]) >= 0 && text[to+1] > ' ' && text[to+1] != ')'
}

// isCode tells codes from words with a hyphen and from the names of betting shops ("SLOT-777").
func isCode(word, label string) bool {
	groups, mixed, letters, upper, figures, run, most := 0, 0, 0, 0, 0, 0, 0
	inGroup := [2]bool{} // letters, figures
	end := func() {
		if inGroup[0] || inGroup[1] {
			groups++
		}
		if inGroup[0] && inGroup[1] {
			mixed++
		}
		inGroup, run = [2]bool{}, 0
	}
	for _, r := range word {
		switch {
		case codeJoint(r):
			end()
			continue
		case r >= '0' && r <= '9':
			figures++
			run++
			most = max(most, run)
			inGroup[1] = true
			continue
		case r < 'a':
			upper++
		}
		letters++
		run = 0
		inGroup[0] = true
	}
	end()
	if letters+figures < shortestCode || letters+figures > 40 || letters == 0 || upper > 0 && upper < letters {
		return false
	}
	switch {
	case groups >= 3 && mixed >= 2: // however it is typed
		return true
	case upper == 0:
		return false
	case codeLabels[fold(label)]:
		return groups >= 2 || figures > 0
	case groups >= 2:
		return mixed > 0 || most >= 4
	}
	return parcel(word)
}

// parcel reports the numbers of international post: two letters, nine figures, two letters.
func parcel(word string) bool {
	if len(word) != 13 {
		return false
	}
	for i := range len(word) {
		if figure := word[i] >= '0' && word[i] <= '9'; figure != (i >= 2 && i < 11) {
			return false
		}
	}
	return true
}

// bare is a text as the model sees it, without codes; one that is nothing but a code stays as it is.
func (n normal) bare() normal {
	if short := withoutCodes(n.raw); len(short) < len(n.raw) {
		if m := normalise(short); m.facts.letters > 0 {
			return m
		}
	}
	return n
}

// spoken is a text as it is read for wishes: a link beside "stop sending me this" says nothing.
func (n *normal) spoken() (normal, bool) {
	if n.facts.links == 0 {
		return *n, false
	}
	rest := normalise(linkPattern.ReplaceAllString(string(n.lower), " "))
	if rest.facts.letters == 0 {
		return *n, false
	}
	return rest, true
}
