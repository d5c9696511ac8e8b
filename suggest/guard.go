package suggest

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

var (
	linkLike   = regexp.MustCompile(`[a-z][a-z0-9+.-]*://\S+|[\pL\d-]+(?:\.[\pL\d-]+)*\.\pL{2,}(?:[:/?#]\S*)?`)
	mailLike   = regexp.MustCompile(`[\w.+-]+@[\w-]+\.\w+`)
	numberLike = regexp.MustCompile(`\+?\d[\d\s().-]{6,}\d`)
	moneyLike  = regexp.MustCompile(`(?i)[€$£]\s*(\d[\d.,]*)|(\d[\d.,]*)\s*(?:%|percent\b|per cent\b|[€$£]|euros?\b|eur\b|dollars?\b|aud\b|usd\b|lei\b|ron\b)`)
	promises   = regexp.MustCompile(`(?:^|[^\pL])(?:` + strings.Join([]string{
		`refund|reimburs|compensat|(?:your|the) money (?:back|again)|money-back`,
		`rimbors|risarci|(?:restitu|ridar|ridiam|rendiam|riavr|indietro)\pL* (?:i|il|la|l’|l')?\s?(?:soldi|denaro|somma|importo)|(?:soldi|denaro) indietro`,
		`rembours|dédommag|indemnis|(?:rend|restitu|recr[ée]dit)\pL* (?:l’|l'|votre |ton |vos )?(?:argent|sous|somme|montant|compte)`,
		`ramburs|despăgub|despagub|(?:restitui|return)\pL* (?:bani|suma)|bani\pL* înapoi|bani\pL* inapoi`,
		`reembols|reintegr\pL+ (?:el|tu|su|del) (?:dinero|importe|pago)|indemniza|(?:devol|devuelv)\pL*|dinero de vuelta`,
		`(?:zu)?rück(?:erstatt|zahl|vergüt)|(?:zu)?rueckerstatt|erstatt|entschädig|gutschrift|geld (?:zurück|zurueck|wieder)`,
		`devolu|devolv|estorn|ressarc|indeniz|restitu\pL+ (?:o|seu|do) (?:dinheiro|valor)|dinheiro de volta`,
	}, "|") + `)`)
	systemTalk = regexp.MustCompile(`(?i)\b(system prompt|language model|as an ai|these rules|instructions|DATA-[0-9a-f]{6,})\b`)
)

// Why a draft is not offered. The words are for the interface, which has a text for each.
const (
	refusedEmpty    = "empty"
	refusedLong     = "too_long"
	refusedLink     = "link"         // a link that stands in no source
	refusedAddress  = "address"      // an e-mail address …
	refusedNumber   = "number"       // a telephone or other long number …
	refusedPrice    = "price"        // a price or share …
	refusedRefund   = "refund"       // a promise of money back that no source makes
	refusedSystem   = "instructions" // it speaks of its instructions
	refusedNoSource = "no_source"    // it names nothing that it rests on
	refusedRepeats  = "repeats"      // it says what another draft says
)

// Refusals lists why a draft is not offered.
var Refusals = []string{refusedEmpty, refusedLong, refusedLink, refusedAddress, refusedNumber, refusedPrice, refusedRefund, refusedSystem, refusedNoSource, refusedRepeats}

const mostLetters = 1500

// refuse says why a draft may not be offered, or nothing: it says what its sources do not – a link,
// address, number, price or refund of its own – or speaks of its instructions.
func refuse(text, sources, mark string) string {
	switch {
	case text == "":
		return refusedEmpty
	case len(text) > mostLetters:
		return refusedLong
	}
	text, sources = plain(text), plain(sources)
	if strings.Contains(text, strings.ToLower(mark)) || own(systemTalk, text, sources) {
		return refusedSystem
	}
	for _, kind := range []struct {
		is   *regexp.Regexp
		name string
	}{{mailLike, refusedAddress}, {linkLike, refusedLink}, {numberLike, refusedNumber}} {
		if own(kind.is, text, sources) {
			return kind.name
		}
	}
	for _, m := range moneyLike.FindAllStringSubmatch(text, -1) {
		if !standsIn(sources, strings.TrimRight(m[1]+m[2], ".,")) {
			return refusedPrice
		}
	}
	if promises.MatchString(text) && !promises.MatchString(sources) {
		return refusedRefund
	}
	return ""
}

// own reports whether something in a text stands in none of its sources.
func own(is *regexp.Regexp, text, sources string) bool {
	for _, m := range is.FindAllString(text, -1) {
		if !standsIn(sources, strings.TrimRight(m, ".,;:!?)")) {
			return true
		}
	}
	return false
}

// shown is how much of a draft that is being written can be shown: whole words, and nothing of a number,
// a price, a link or an address before its end is there to be judged.
func shown(text string) int {
	end := strings.LastIndexFunc(text, unicode.IsSpace)
	for end > 0 {
		before := strings.TrimRightFunc(text[:end], unicode.IsSpace)
		last, _ := utf8.DecodeLastRuneInString(before)
		if !unicode.IsDigit(last) && !strings.ContainsRune("€$£+-(/@:", last) {
			return end
		}
		end = strings.LastIndexFunc(before, unicode.IsSpace)
	}
	return 0
}

// plain takes out what the eye does not see – wide forms, joiners, marks of direction – so that a number
// or a link cannot hide behind it.
func plain(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return r
	}, norm.NFKC.String(s)))
}

// standsIn reports whether a piece stands in the sources as a whole: not as the end of another domain
// or a part of a longer number.
func standsIn(sources, piece string) bool {
	for from := 0; piece != ""; {
		i := strings.Index(sources[from:], piece)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(piece)
		if !goesOn(sources[end:]) && !comesFrom(sources[:start]) {
			return true
		}
		from = end
	}
	return false
}

// goesOn reports whether a text continues the word before it: a letter or digit, or one after . , - or @.
func goesOn(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	if strings.ContainsRune(".,-@", r) && n > 0 {
		r, _ = utf8.DecodeRuneInString(s[n:])
	}
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// comesFrom reports whether a text's last word runs into what follows. A dot does not join: a name's
// owner owns what stands before its dot too.
func comesFrom(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	if r == '.' || r == ',' { // but in a number it does
		r, _ = utf8.DecodeLastRuneInString(s[:len(s)-n])
		return unicode.IsDigit(r)
	}
	return r == '-' || r == '+' || unicode.IsLetter(r) || unicode.IsDigit(r)
}
