package moderation

import (
	"math/big"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// personalNumbers counts the numbers in a text that are somebody's own and prove it by their check digits: payment
// cards (ISO/IEC 7812), bank accounts (ISO 13616), and the numbers by which the states where our languages are spoken
// know a person. Numbers of orders and parcels have none of these digits, or by chance.
func personalNumbers(text string) int {
	if !manyDigits(text) {
		return 0
	}
	text = norm.NFKC.String(text) // digits in circles, and wide ones
	n := 0
	for _, groups := range digitRuns(text) {
		for from := 0; from < len(groups); from++ { // another number may stand before it, or behind
			if taken := ownNumber(groups[from:]); taken > 0 {
				n++
				from += taken - 1
			}
		}
	}
	for _, p := range []struct {
		re   *regexp.Regexp
		sure func(string) bool
	}{{italianPerson, checksItalian}, {spanishPerson, checksSpanish}, {brazilianPerson, checksBrazilian}} {
		for _, found := range p.re.FindAllString(text, -1) {
			if p.sure(strings.ToUpper(found)) {
				n++
			}
		}
	}
	for rest := text; ; n++ {
		_, to := AccountNumber(rest)
		if to == 0 {
			return n
		}
		rest = rest[to:]
	}
}

// manyDigits says whether a text has as many digits as the shortest of these numbers.
func manyDigits(text string) bool {
	n := 0
	for _, r := range text {
		if unicode.IsDigit(r) {
			if n++; n == 7 {
				return true
			}
		}
	}
	return false
}

const longestNumber = 19 // digits, of a payment card

// ownNumber is how many groups of digits the number takes that they begin with; 0: it is nobody's own.
func ownNumber(groups []string) int {
	d := ""
	for i, g := range groups {
		if d += g; len(d) > longestNumber {
			return 0
		}
		if isCard(d) || isRomanianPerson(d) || isFrenchPerson(d) {
			return i + 1
		}
	}
	return 0
}

// digitRuns are the numbers of a text, each with the groups that single gaps and strokes make of its digits. What
// stands in an address of the web or in a word is none.
func digitRuns(text string) [][]string {
	var runs [][]string
	var run []string
	open, word, before := false, false, ' ' // a group is being read; it touches a letter
	end := func() {
		if len(run) > 0 && !word {
			runs = append(runs, run)
		}
		run, open, word = nil, false, false
	}
	for _, r := range text {
		switch {
		case unicode.IsDigit(r):
			if len(run) == 0 {
				word = unicode.IsLetter(before) || strings.ContainsRune("/=?&#@_", before)
			}
			if !open {
				run, open = append(run, ""), true
			}
			if last := len(run) - 1; len(run[last]) <= longestNumber { // more of it proves nothing, and a flood has no end
				run[last] += string(rune('0' + digitValue(r)))
			}
		case open && (unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == '.' || r == '\u2212'):
			open = false
		default:
			word = word || open && unicode.IsLetter(r)
			end()
		}
		before = r
	}
	end()
	return runs
}

// isCard says whether digits are the number of a payment card: its first digit is one that cards have, and its last is
// right (Luhn).
func isCard(d string) bool {
	if len(d) < 13 || len(d) > 19 || d[0] < '2' || d[0] > '6' {
		return false
	}
	sum := 0
	for i := range len(d) {
		n := int(d[len(d)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// isRomanianPerson: cod numeric personal, with a date of birth and a check digit.
func isRomanianPerson(d string) bool {
	if len(d) != 13 || d[0] < '1' || d[0] > '8' || !within(d[3:5], 1, 12) || !within(d[5:7], 1, 31) {
		return false
	}
	sum := 0
	for i, w := range "279146358279" {
		sum += int(d[i]-'0') * int(w-'0')
	}
	if sum %= 11; sum == 10 {
		sum = 1
	}
	return int(d[12]-'0') == sum
}

// isFrenchPerson: numéro de sécurité sociale with its key.
func isFrenchPerson(d string) bool {
	return len(d) == 15 && (d[0] == '1' || d[0] == '2') && (within(d[3:5], 1, 12) || within(d[3:5], 20, 42)) && numberOf(d[13:]) == 97-numberOf(d[:13])%97
}

func within(d string, least, most int) bool { n := numberOf(d); return n >= least && n <= most }

func numberOf(d string) int {
	n := 0
	for i := range len(d) {
		n = n*10 + int(d[i]-'0')
	}
	return n
}

var (
	italianPerson   = regexp.MustCompile(`(?i)\b[a-z]{6}\d{2}[a-ehlmprst]\d{2}[a-z]\d{3}[a-z]\b`)
	spanishPerson   = regexp.MustCompile(`(?i)\b(?:\d{8}|[xyz]-?\d{7})-?[a-z]\b`)
	brazilianPerson = regexp.MustCompile(`\b\d{3}\.\d{3}\.\d{3}-\d{2}\b`)
)

// checksItalian: codice fiscale, whose last letter follows from the others.
func checksItalian(s string) bool {
	const odd = "BAKPLCQDREVOSFTGUHMINJWZYX" // the letter's place here is what it counts in an odd place
	sum := 0
	for i := range 15 {
		c := s[i]
		if c <= '9' {
			c += 'A' - '0'
		}
		if i%2 == 1 {
			sum += int(c - 'A')
		} else {
			sum += strings.IndexByte(odd, c)
		}
	}
	return s[15] == 'A'+byte(sum%26)
}

// checksSpanish: DNI and NIE, whose letter is the number modulo 23.
func checksSpanish(s string) bool {
	s = strings.ReplaceAll(s, "-", "")
	if i := strings.IndexByte("XYZ", s[0]); i >= 0 {
		s = string(rune('0'+i)) + s[1:]
	}
	return s[8] == "TRWAGMYFPDXBNJZSQVHLCKE"[numberOf(s[:8])%23]
}

// checksBrazilian: CPF, with two check digits.
func checksBrazilian(s string) bool {
	d := strings.NewReplacer(".", "", "-", "").Replace(s)
	if strings.Count(d, d[:1]) == len(d) {
		return false
	}
	for last := 9; last < 11; last++ {
		sum := 0
		for i := range last {
			sum += int(d[i]-'0') * (last + 1 - i)
		}
		if int(d[last]-'0') != sum*10%11%10 {
			return false
		}
	}
	return true
}

var accountStart = regexp.MustCompile(`(?i)\b[a-z]{2}\d{2}`)

// AccountNumber is where the first international bank account number of a text begins and ends, in whatever case and
// however it is parted: its check digits say where it ends. An end of 0: there is none.
func AccountNumber(s string) (from, to int) {
	for at := 0; ; {
		found := accountStart.FindStringIndex(s[at:])
		if found == nil {
			return 0, 0
		}
		start := at + found[0]
		if end := accountEnd(s[start:]); end > 0 {
			return start, start + end
		}
		at = start + 1
	}
}

// accountEnd is where the account number ends that a text begins with; 0: it is none.
func accountEnd(s string) int {
	var plain []byte
	end := 0
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9', r >= 'A' && r <= 'Z':
			plain = append(plain, byte(r))
		case r >= 'a' && r <= 'z':
			plain = append(plain, byte(r-32))
		case r == ' ', r == '\u00a0', r == '\u202f', r == '-', r == '.':
			continue
		default:
			return end
		}
		if len(plain) > 34 {
			return end
		}
		if len(plain) >= 15 && checksAccount(plain) {
			end = i + 1
		}
	}
	return end
}

// checksAccount says whether the check digits of an account number are right (ISO 13616).
func checksAccount(plain []byte) bool {
	var digits strings.Builder
	for i := range plain {
		if c := plain[(i+4)%len(plain)]; c >= 'A' {
			digits.WriteByte('1' + (c-'A')/10)
			digits.WriteByte('0' + (c-'A')%10)
		} else {
			digits.WriteByte(c)
		}
	}
	n, ok := new(big.Int).SetString(digits.String(), 10)
	return ok && new(big.Int).Mod(n, big.NewInt(97)).Int64() == 1
}
