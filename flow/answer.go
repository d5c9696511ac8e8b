package flow

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"ponte/router"
)

// answer is what a question accepts.
type answer struct {
	kind        string
	least, most int // text: characters
	low, high   *float64
	whole       bool
	country     string
	past        bool // date: may lie in the past
	within      int  // date: at most so many days ahead; 0: any
	choices     []choice
	list        bool
}

func readAnswer(o *object) answer {
	a := answer{}
	a.kind = o.oneOf("kind", "", "text", "choice", "email", "phone", "number", "date", "postcode")
	o.what = "an answer of kind " + a.kind
	switch a.kind {
	case "text":
		a.least, a.most = o.whole("min_length", 1, 1000, 1), o.whole("max_length", 1, 1000, 1000)
		if a.least > a.most {
			o.r.fault(o.at("min_length"), o.get("min_length"), "is above max_length %d: nothing would be accepted", a.most)
		}
	case "choice":
		a.readChoices(o)
	case "phone":
		a.country = o.text("country", 2, "the country of numbers written without a prefix, as \"AU\"")
		if a.country != "" && !phonenumbers.GetSupportedRegions()[a.country] {
			o.r.fault(o.at("country"), o.get("country"), "is %q; it must be a country's two capital letters, as \"AU\"", a.country)
		}
	case "number":
		a.low, a.high, a.whole = o.number("min"), o.number("max"), o.flag("whole")
		if a.low != nil && a.high != nil && *a.low > *a.high {
			o.r.fault(o.at("min"), o.get("min"), "is above max: nothing would be accepted")
		}
	case "date":
		a.past, a.within = o.flag("past"), o.whole("within_days", 1, 3650, 0)
	case "postcode":
		a.country = o.oneOf("country", "", sortedKeys(postcodes)...)
	}
	o.done()
	return a
}

func (a *answer) readChoices(o *object) {
	items := o.list("choices", 1, 10, "a list of 1 to 10 choices (a WhatsApp list has ten rows)")
	as := o.oneOf("as", "auto", "auto", "buttons", "list")
	a.list = as == "list" || as != "buttons" && len(items) > 3
	if as == "buttons" && len(items) > 3 {
		o.r.fault(o.at("as"), o.get("as"), "has %d choices: WhatsApp shows at most 3 buttons; take \"list\", which has ten rows", len(items))
	}
	most, control := 20, "button"
	if a.list {
		most, control = 24, "list row"
	}
	titles, ids := map[string]string{}, map[string]bool{}
	for i, n := range items {
		c := o.r.object(n, element(o.at("choices"), i), "a choice")
		ch := choice{id: c.id("id", "an id of its own"), title: o.r.titles(c, most, control), label: c.text("label", 60, ""), next: c.goTo("next", "")}
		if ids[ch.id] && ch.id != "" {
			o.r.fault(c.at("id"), c.get("id"), "%q is the id of another choice already", ch.id)
		}
		ids[ch.id] = true
		if ch.description = c.texts("description", 72, ""); ch.description != nil && !a.list {
			o.r.fault(c.at("description"), c.get("description"), "only rows of a list have a description; buttons show a title alone")
		}
		for lang, title := range ch.title {
			key := lang + " " + router.Fold(title)
			if titles[key] != "" {
				o.r.fault(c.at("title."+lang), c.get("title"), "%q is the title of %s already", title, titles[key])
			}
			titles[key] = "choice " + ch.id
		}
		c.done()
		a.choices = append(a.choices, ch)
	}
}

// titles reads what stands on a button or row: short, without variables, and no word that always means
// something else.
func (r *reader) titles(o *object, most int, control string) Texts {
	t := o.texts("title", 1<<20, "a title")
	for _, lang := range sortedKeys(t) {
		at, n := member(o.at("title"), lang), o.get("title").members[lang]
		switch c := utf8.RuneCountInString(t[lang]); {
		case c > most:
			r.fault(at, n, "%q has %d characters; a WhatsApp %s shows at most %d", t[lang], c, control, most)
		case strings.Contains(t[lang], "{{"):
			r.fault(at, n, "a title cannot hold variables: its length must be known")
		case isGlobalWord(t[lang]):
			r.fault(at, n, "%q always means help or back; choose another title", t[lang])
		case router.IsStop(t[lang]): // a warning: what is published is read again by these rules
			r.warn(at, n, "%q ends offers and the flow wherever it is said; choose another title", t[lang])
		}
	}
	return t
}

var (
	emailPattern  = regexp.MustCompile(`[A-Za-z0-9.!#$%&'*+/=?^_{|}-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}`)
	numberPattern = regexp.MustCompile(`[-+]?[0-9][0-9.,' ]*`)
	// Thousands in threes with one separator throughout, or none; then perhaps decimals behind another.
	numberForms = []struct {
		pattern            *regexp.Regexp
		thousands, decimal string
	}{
		{regexp.MustCompile(`^[0-9]+$`), "", ""},
		{regexp.MustCompile(`^[0-9]+\.[0-9]+$`), "", "."}, {regexp.MustCompile(`^[0-9]+,[0-9]+$`), "", ","},
		{regexp.MustCompile(`^[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?$`), ",", "."}, {regexp.MustCompile(`^[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]+)?$`), ".", ","},
		{regexp.MustCompile(`^[1-9][0-9]{0,2}(?:'[0-9]{3})+(?:\.[0-9]+)?$`), "'", "."}, {regexp.MustCompile(`^[1-9][0-9]{0,2}(?:'[0-9]{3})+(?:,[0-9]+)?$`), "'", ","},
		{regexp.MustCompile(`^[1-9][0-9]{0,2}(?: [0-9]{3})+(?:\.[0-9]+)?$`), " ", "."}, {regexp.MustCompile(`^[1-9][0-9]{0,2}(?: [0-9]{3})+(?:,[0-9]+)?$`), " ", ","},
	}
	// A number with one of these behind it is a thousand or a million times as large.
	times = regexp.MustCompile(`(?i)^\s*(?:k|mila|mille|mil|mii|tausend|tsd|thousand|grand|mio|mln|mill?i?on\pL*)(?:\PL|$)`)
)

// parse reads an answer out of a text; the value comes back in one form whatever way it was written. Days are told
// from the day on the wall of the instant at which it was written.
func (a answer) parse(text, lang string, written time.Time) (string, bool) {
	text = strings.TrimSpace(strings.ToValidUTF8(text, ""))
	switch a.kind {
	case "email":
		return parseEmail(text)
	case "phone":
		return parsePhone(text, a.country)
	case "number":
		return a.parseNumber(text, lang)
	case "date":
		return a.parseDate(text, written)
	case "postcode":
		return parsePostcode(text, a.country)
	}
	return "", false
}

// parseEmail takes the one address in a sentence. What an address would have to be cut out of, as out of
// "müller@example.com", is none: a part of it belongs to somebody else.
func parseEmail(text string) (string, bool) {
	all := emailPattern.FindAllStringIndex(text, 2)
	if len(all) != 1 || strings.Count(text, "@") != 1 || all[0][1]-all[0][0] > 254 {
		return "", false
	}
	if mark := text[all[0][0]:][:1]; strings.Contains("'*_`~=", mark) && strings.HasPrefix(text[all[0][1]:], mark) {
		all[0][0]++ // "*ada@example.com*": it stands around the address
	}
	before, _ := utf8.DecodeLastRuneInString(text[:all[0][0]])
	after, _ := utf8.DecodeRuneInString(text[all[0][1]:])
	if wordRune(before) || wordRune(after) {
		return "", false
	}
	local, domain, _ := strings.Cut(text[all[0][0]:all[0][1]], "@")
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return "", false
	}
	return local + "@" + strings.ToLower(domain), true
}

func wordRune(c rune) bool {
	return c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsDigit(c) || unicode.Is(unicode.Mn, c))
}

// parsePhone returns the one number in a text that can exist, as E.164. Words part numbers: the 5 of "0412 345 678 after 5"
// belongs to none.
func parsePhone(text, country string) (string, bool) {
	text, words := plainDigits(text), false
	runs := strings.Split(strings.Map(func(c rune) rune {
		switch {
		case c >= '0' && c <= '9' || strings.ContainsRune("+()-./", c):
			return c
		case unicode.IsSpace(c):
			return ' '
		case unicode.IsLetter(c):
			words = true
			return '|'
		case strings.ContainsRune(",;:", c):
			return '|'
		}
		return -1
	}, text), "|")
	if !words { // "04,12,34,56,78"
		runs = []string{strings.Join(runs, "")}
	}
	found := ""
	for _, run := range runs {
		number, ok := dialled(strings.TrimSpace(run), country)
		if ok && found != "" && found != number {
			return "", false
		}
		if ok {
			found = number
		}
	}
	return found, found != ""
}

// dialled reads a number as it would be dialled from a country.
func dialled(text, country string) (string, bool) {
	if len(text) > 40 {
		return "", false
	}
	n, err := phonenumbers.Parse(text, country)
	if abroad, found := strings.CutPrefix(text, "00"); found && (err != nil || !phonenumbers.IsValidNumber(n)) {
		n, err = phonenumbers.Parse("+"+abroad, country) // most of the world dials abroad with 00, also from where it is 0011
	}
	if err != nil || !phonenumbers.IsValidNumber(n) {
		return "", false
	}
	return phonenumbers.Format(n, phonenumbers.E164), true
}

// parseNumber takes the one number in a text, written the English or the continental way. What could be two
// numbers, a date or a version is asked about.
func (a answer) parseNumber(text, lang string) (string, bool) {
	text = plainDigits(text)
	all := numberPattern.FindAllStringIndex(text, 2)
	if len(all) == 0 { // "we are two"
		if words := router.Besides(router.Fold(text), aroundCounts); len(words) == 1 {
			if n := router.Cardinal(words[0], lang); n > 0 {
				return a.inBounds(float64(n))
			}
		}
	}
	if len(all) != 1 {
		return "", false
	}
	found, sign := strings.TrimRight(text[all[0][0]:all[0][1]], ".,' "), ""
	if before, _ := utf8.DecodeLastRuneInString(text[:all[0][0]]); found[0] == '-' && !wordRune(before) {
		sign = "-"
	}
	digits, ok := pointed(strings.TrimLeft(found, "-+"), lang)
	if !ok || times.MatchString(text[all[0][0]+len(found):]) {
		return "", false
	}
	v, err := strconv.ParseFloat(sign+digits, 64)
	if err != nil {
		return "", false
	}
	return a.inBounds(v)
}

// inBounds writes a number that the question takes.
func (a answer) inBounds(v float64) (string, bool) {
	if v > 1e15 || v < -1e15 || a.whole && v != float64(int64(v)) || a.low != nil && v < *a.low || a.high != nil && v > *a.high {
		return "", false
	}
	return strconv.FormatFloat(v, 'f', -1, 64), true
}

// pointed writes a number with a decimal point and nothing between thousands. One separator before three
// digits is a thousand's in the languages that write it so, and a decimal one in the others.
func pointed(s, lang string) (string, bool) {
	var read []string
	for _, f := range numberForms {
		if !f.pattern.MatchString(s) {
			continue
		}
		if f.thousands != "" && strings.Count(s, f.thousands) == 1 && !strings.Contains(s, f.decimal) && f.thousands == decimalOf(lang) {
			continue
		}
		if f.thousands == "" && f.decimal != "" && f.decimal != decimalOf(lang) && len(read) == 0 && threes(s, f.decimal) {
			continue
		}
		v := s
		if f.thousands != "" {
			v = strings.ReplaceAll(v, f.thousands, "")
		}
		if f.decimal != "" {
			v = strings.Replace(v, f.decimal, ".", 1)
		}
		read = append(read, v)
	}
	if len(read) == 0 {
		return "", false
	}
	return read[0], true
}

func decimalOf(lang string) string {
	if lang == "en" {
		return "."
	}
	return ","
}

// threes says whether a separator stands where it could part thousands.
func threes(s, separator string) bool {
	before, after, _ := strings.Cut(s, separator)
	return len(after) == 3 && len(before) <= 3 && before[0] != '0'
}

// plainDigits writes what keyboards and copied texts make of digits, spaces, dashes and apostrophes the plain
// way, and drops what cannot be seen.
func plainDigits(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= '０' && c <= '９':
			return '0' + c - '０'
		case c == '＋':
			return '+'
		case c == '\u2212' || unicode.Is(unicode.Pd, c):
			return '-'
		case c == '’' || c == '‘' || c == '´':
			return '\''
		case unicode.Is(unicode.Zs, c):
			return ' '
		case unicode.Is(unicode.Cf, c):
			return -1
		}
		return c
	}, text)
}

// postcodes are the forms of a country's postcodes, over capitals and digits with single spaces; and how
// they are written.
var postcodes = map[string]struct {
	pattern *regexp.Regexp
	write   string
}{
	"AT": {regexp.MustCompile(`^([1-9][0-9]{3})$`), "$1"},
	"AU": {regexp.MustCompile(`^(0[289][0-9]{2}|[1-9][0-9]{3})$`), "$1"},
	"BE": {regexp.MustCompile(`^([1-9][0-9]{3})$`), "$1"},
	"CA": {regexp.MustCompile(`^([ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z]) ?([0-9][ABCEGHJ-NPRSTV-Z][0-9])$`), "$1 $2"},
	"CH": {regexp.MustCompile(`^([1-9][0-9]{3})$`), "$1"},
	"DE": {regexp.MustCompile(`^([0-9]{5})$`), "$1"},
	"ES": {regexp.MustCompile(`^((?:0[1-9]|[1-4][0-9]|5[0-2])[0-9]{3})$`), "$1"},
	"FR": {regexp.MustCompile(`^((?:0[1-9]|[1-8][0-9]|9[0-8])[0-9]{3})$`), "$1"},
	"GB": {regexp.MustCompile(`^([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{2})$`), "$1 $2"},
	"IE": {regexp.MustCompile(`^([A-Z][0-9][0-9W]) ?([0-9A-Z]{4})$`), "$1 $2"},
	"IT": {regexp.MustCompile(`^([0-9]{5})$`), "$1"},
	"NL": {regexp.MustCompile(`^([1-9][0-9]{3}) ?([A-Z]{2})$`), "$1 $2"},
	"NZ": {regexp.MustCompile(`^([0-9]{4})$`), "$1"},
	"PT": {regexp.MustCompile(`^([1-9][0-9]{3})[ -]?([0-9]{3})$`), "$1-$2"},
	"RO": {regexp.MustCompile(`^([0-9]{6})$`), "$1"},
	"US": {regexp.MustCompile(`^([0-9]{5})(?:-[0-9]{4})?$`), "$1"},
}

// countryPrefix is the country's mark before a postcode on a letter from abroad: D-10115, CH-8001.
var countryPrefix = regexp.MustCompile(`\b[A-Z]{1,3}-([0-9])`)

// parsePostcode takes the postcode that stands alone, or the one word of a text that has its form.
func parsePostcode(text, country string) (string, bool) {
	p, ok := postcodes[country]
	if !ok {
		return "", false
	}
	upper := strings.NewReplacer(",", " ", ".", " ", ":", " ", ";", " ", "!", " ", "(", " ", ")", " ").Replace(strings.ToUpper(plainDigits(text)))
	words := strings.Fields(countryPrefix.ReplaceAllString(upper, "$1"))
	for _, whole := range []string{strings.Join(words, " "), strings.Join(words, "")} { // "75 001" is 75001
		if p.pattern.MatchString(whole) {
			return p.pattern.ReplaceAllString(whole, p.write), true
		}
	}
	found := ""
	for i, w := range words {
		for _, candidate := range []string{w, fmt.Sprint(w, " ", strings.Join(words[i+1:min(i+2, len(words))], ""))} {
			if !p.pattern.MatchString(candidate) {
				continue
			}
			v := p.pattern.ReplaceAllString(candidate, p.write)
			if found != "" && found != v {
				return "", false
			}
			found = v
		}
	}
	return found, found != ""
}
