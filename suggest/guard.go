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
	promises   = regexp.MustCompile(`(?i)\b(refund\w*|money back|rimbors\w*|rembours\w*|ramburs\w*|reembols\w*|r[üu]ckerstatt\w*|geld zur[üu]ck|erstatten|devolu\w*)`)
	systemTalk = regexp.MustCompile(`(?i)\b(system prompt|language model|as an ai|these rules|instructions|DATA-[0-9a-f]{6,})\b`)
)

// guarded reports whether a draft says nothing that its sources do not: no link, address, number, price
// or refund of its own, and nothing about its instructions.
func guarded(text, sources, mark string) bool {
	if text == "" || len(text) > 1500 {
		return false
	}
	text, sources = plain(text), plain(sources)
	if strings.Contains(text, strings.ToLower(mark)) {
		return false
	}
	for _, re := range []*regexp.Regexp{linkLike, mailLike, numberLike, systemTalk} {
		for _, m := range re.FindAllString(text, -1) {
			if !standsIn(sources, strings.TrimRight(m, ".,;:!?)")) {
				return false
			}
		}
	}
	for _, m := range moneyLike.FindAllStringSubmatch(text, -1) {
		if !standsIn(sources, strings.TrimRight(m[1]+m[2], ".,")) {
			return false
		}
	}
	return !promises.MatchString(text) || promises.MatchString(sources)
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
