package moderation

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxRunes bounds what is looked at of one text: the beginning and the end, where spammers put what
// they want read.
const maxRunes = 4000

// normal is a text made comparable in three ways.
type normal struct {
	raw    string
	lower  []rune // compatibility-normalised, lower case, no zero-width signs, marks kept: for language
	folded string // also without accents and homoglyphs, words and symbols separated by one space: for rules
	tight  string // folded without spaces between single letters and with look-alike digits as letters: for evasion
	facts  facts
}

// facts are what a text looks like, whatever it says.
type facts struct {
	runes, letters, upper, digits, emoji, mentions, hashtags, links, styled, hidden, repeats int
	phone, mixed                                                                             bool
}

// shouted reports a text mostly in capitals.
func (f *facts) shouted() bool { return f.letters > 8 && f.upper*2 > f.letters }

// homoglyphs maps letters of other scripts that look like Latin ones; our own table, made by looking at
// the alphabets beside each other.
var homoglyphs = map[rune]rune{
	'а': 'a', 'в': 'b', 'е': 'e', 'ё': 'e', 'к': 'k', 'м': 'm', 'н': 'h', 'о': 'o', 'р': 'p', 'с': 'c', 'т': 't', 'у': 'y', 'х': 'x', 'і': 'i', 'ї': 'i', 'ј': 'j', 'ѕ': 's', 'ԁ': 'd', 'ԛ': 'q', 'ԝ': 'w', 'һ': 'h', 'ӏ': 'l', 'ь': 'b', 'г': 'r', 'п': 'n', 'и': 'u',
	'α': 'a', 'β': 'b', 'γ': 'y', 'δ': 'd', 'ε': 'e', 'η': 'n', 'ι': 'i', 'κ': 'k', 'ν': 'v', 'ο': 'o', 'ρ': 'p', 'σ': 'o', 'τ': 't', 'υ': 'u', 'χ': 'x', 'ω': 'w', 'ϲ': 'c', 'ϳ': 'j',
	'ı': 'i', 'ł': 'l', 'ø': 'o', 'đ': 'd', 'ħ': 'h', 'ŧ': 't', 'ƒ': 'f', 'ɡ': 'g', 'ɑ': 'a', 'ɩ': 'i', 'ʀ': 'r', 'ɪ': 'i', 'ɴ': 'n', 'ʟ': 'l', 'ᴀ': 'a', 'ʙ': 'b', 'ᴄ': 'c', 'ᴅ': 'd', 'ᴇ': 'e', 'ꜰ': 'f', 'ɢ': 'g', 'ʜ': 'h', 'ᴊ': 'j', 'ᴋ': 'k', 'ᴍ': 'm', 'ᴏ': 'o', 'ᴘ': 'p', 'ꜱ': 's', 'ᴛ': 't', 'ᴜ': 'u', 'ᴠ': 'v', 'ᴡ': 'w', 'ʏ': 'y', 'ᴢ': 'z',
	'𐐪': 'a', '℮': 'e', '⍺': 'a', '🅰': 'a', '🅱': 'b', '🅾': 'o', '🅿': 'p',
}

// Unmask writes letters of other scripts that look like Latin ones as these, in lower case.
func Unmask(text string) string {
	return strings.Map(func(r rune) rune {
		low := unicode.ToLower(r)
		if latin, ok := homoglyphs[low]; ok {
			return latin
		}
		return low
	}, text)
}

// leet maps digits and signs that stand for letters, for the tight form only: "0" in a price stays 0.
var leet = map[rune]rune{'0': 'o', '1': 'i', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '@': 'a', '$': 's', '!': 'i', '|': 'i', '€': 'e', '+': 't'}

func ignorable(r rune) bool {
	switch {
	case r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff, r == 0x00ad, r == 0x034f, r == 0x061c, r == 0x115f, r == 0x3164,
		r >= 0xfe00 && r <= 0xfe0f, r >= 0xe0000 && r <= 0xe0fff, r >= 0xe0100:
		return r < 0xf0000
	}
	return false
}

func isEmoji(r rune) bool {
	return r >= 0x1f000 && r <= 0x1faff || r >= 0x2600 && r <= 0x27bf || r >= 0x2b00 && r <= 0x2bff || r >= 0x2190 && r <= 0x21ff && false
}

// styledLetter reports letters taken from the mathematical and enclosed alphabets: 𝗳𝗿𝗲𝗲, ⓕⓡⓔⓔ, 🄵🅁🄴🄴.
func styledLetter(r rune) bool {
	return r >= 0x1d400 && r <= 0x1d7ff || r >= 0x2460 && r <= 0x24ff || r >= 0x1f110 && r <= 0x1f189 || r >= 0xff21 && r <= 0xff5a || r >= 0x1f1e6 && r <= 0x1f1ff && false
}

var builders = sync.Pool{New: func() any { return new(strings.Builder) }}

func normalise(raw string) normal {
	n := normal{raw: raw}
	text := clip(raw)
	for _, r := range text {
		if r < 0x80 {
			continue
		}
		if styledLetter(r) {
			n.facts.styled++
		}
		if ignorable(r) {
			n.facts.hidden++
		}
	}
	if !isASCII(text) {
		text = norm.NFKC.String(text)
	}
	n.lower = make([]rune, 0, len(text))
	var last rune
	run := 0
	marks := 0
	for _, r := range text {
		if r == 0 || r >= 0x80 && (ignorable(r) || r == utf8.RuneError) {
			continue
		}
		if r >= 0x300 && unicode.Is(unicode.Mn, r) {
			if marks++; marks > 2 { // zalgo
				continue
			}
		} else {
			marks = 0
		}
		if r == last {
			if run++; run == 3 {
				n.facts.repeats++
			}
			if run > 3 && r != '0' { // prices keep their zeros
				continue
			}
		} else {
			last, run = r, 1
		}
		n.count(r)
		n.lower = append(n.lower, lowerOf(r))
	}
	n.facts.links = countLinks(n.lower)
	n.folded = foldRunes(n.lower)
	n.facts.mixed = mixedScript(n.lower)
	n.facts.phone = hasPhone(raw)
	n.tight = tighten(n.folded)
	return n
}

func lowerOf(r rune) rune {
	if r < 0x80 {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(r)
}

func clip(s string) string {
	if len(s) <= maxRunes {
		return s
	}
	runes := []rune(s)
	if len(runes) <= maxRunes {
		return s
	}
	return string(runes[:maxRunes*3/4]) + " " + string(runes[len(runes)-maxRunes/4:])
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func (n *normal) count(r rune) {
	f := &n.facts
	f.runes++
	switch {
	case unicode.IsLetter(r):
		f.letters++
		if unicode.IsUpper(r) {
			f.upper++
		}
	case unicode.IsDigit(r):
		f.digits++
	case r == '@':
		f.mentions++
	case r == '#':
		f.hashtags++
	case isEmoji(r):
		f.emoji++
	}
}

// fold is the folded form of a text.
func fold(s string) string {
	if !isASCII(s) {
		s = norm.NFKC.String(clip(s))
	}
	runes := make([]rune, 0, len(s))
	for _, r := range s {
		if !ignorable(r) {
			runes = append(runes, unicode.ToLower(r))
		}
	}
	return foldRunes(runes)
}

func foldRunes(lower []rune) string {
	b := builders.Get().(*strings.Builder)
	b.Reset()
	defer builders.Put(b)
	gap := true
	sep := func() {
		if !gap {
			b.WriteByte(' ')
			gap = true
		}
	}
	for _, r := range lower {
		if r < 0x80 {
			switch {
			case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
				b.WriteByte(byte(r))
				gap = false
			case r == '\'':
			case r == '@' || r == '$' || r == '!' || r == '+' || r == '|' || r == '*':
				// signs that stand for letters inside a word are kept; elsewhere they separate
				if !gap {
					b.WriteByte(byte(r))
				}
			default:
				sep()
			}
			continue
		}
		if h, ok := homoglyphs[r]; ok {
			b.WriteRune(h)
			gap = false
			continue
		}
		switch {
		case r == '’' || r == 'ʼ' || unicode.Is(unicode.Mn, r):
		case r == 'ß':
			b.WriteString("ss")
			gap = false
		case r == 'æ':
			b.WriteString("ae")
			gap = false
		case r == 'œ':
			b.WriteString("oe")
			gap = false
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(baseLetter(r))
			gap = false
		case isEmoji(r):
			sep()
			b.WriteRune(r)
			b.WriteByte(' ')
			gap = true
		default:
			sep()
		}
	}
	out := strings.TrimSpace(b.String())
	return strings.TrimRight(strings.ReplaceAll(strings.ReplaceAll(out, "! ", " "), "+ ", " "), "!+*|")
}

var bases sync.Map

// baseLetter strips the accent of a letter.
func baseLetter(r rune) rune {
	if b, ok := bases.Load(r); ok {
		return b.(rune)
	}
	base := r
	for _, d := range norm.NFD.String(string(r)) {
		base = d
		break
	}
	bases.Store(r, base)
	return base
}

// tighten undoes spacing and leetspeak: "f r e e  f0ll0w3rs" becomes "free followers". Letters standing
// alone in a row are joined; digits inside words become letters.
func tighten(folded string) string {
	words := strings.Fields(folded)
	var b strings.Builder
	b.Grow(len(folded))
	single := false
	for i, w := range words {
		alone := utf8.RuneCountInString(w) == 1
		joinable := alone && (i > 0 && single || i+1 < len(words) && utf8.RuneCountInString(words[i+1]) == 1)
		if i > 0 && !(single && alone) {
			b.WriteByte(' ')
		}
		b.WriteString(unleet(w))
		single = joinable
	}
	return squeeze(b.String())
}

func unleet(w string) string {
	letters, signs := 0, 0
	for _, r := range w {
		if unicode.IsLetter(r) {
			letters++
		} else if _, ok := leet[r]; ok {
			signs++
		}
	}
	if letters == 0 || signs == 0 || signs > letters+2 {
		return w
	}
	return strings.Map(func(r rune) rune {
		if l, ok := leet[r]; ok {
			return l
		}
		if r == '*' {
			return -1
		}
		return r
	}, w)
}

// squeeze makes runs of a letter one or two: "freeee" and "freee" are "free".
func squeeze(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	var last rune
	run := 0
	for _, r := range s {
		if r == last {
			run++
		} else {
			last, run = r, 1
		}
		if run <= 2 {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func mixedScript(lower []rune) bool {
	latin, other := false, false
	for _, r := range lower {
		switch {
		case r >= 'a' && r <= 'z':
			latin = true
		case unicode.IsLetter(r):
			if _, ok := homoglyphs[r]; ok && r > 0x24f {
				other = true
			}
		default:
			if latin && other {
				return true
			}
			latin, other = false, false
		}
	}
	return latin && other
}

func hasPhone(raw string) bool {
	digits := 0
	for _, r := range raw {
		switch {
		case unicode.IsDigit(r):
			if digits++; digits >= 9 {
				return true
			}
		case r == ' ' || r == '-' || r == '.' || r == '(' || r == ')' || r == '+' || r == '/':
		default:
			digits = 0
		}
	}
	return false
}

// countLinks counts what looks like a link, also without a scheme.
func countLinks(lower []rune) int {
	if !slices.Contains(lower, '.') && !slices.Contains(lower, '/') { // no link without one; most texts have neither
		return 0
	}
	return len(linkPattern.FindAllStringIndex(string(lower), 10))
}

// linkPattern finds links with and without a scheme; the list of endings is short on purpose, so that
// "ok.thanks" is no link.
var linkPattern = regexp.MustCompile(`(?:https?://|www\.)[^\s<>"]+|\b(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+(?:com|net|org|info|biz|shop|store|online|site|xyz|top|club|live|link|click|app|io|me|co|ly|gl|gg|tv|cc|ru|cn|tk|ml|ga|cf|vip|win|bet|casino|loan|pro|icu|buzz|fun|space|website|it|fr|ro|es|de|pt|br|au|uk|eu|us|ca|nz|in)\b(?:/[^\s<>"]*)?`)
