package template

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"ponte/said"
)

// Fault is one thing Meta would refuse a template for, or the law, with what to change.
type Fault struct {
	Field string           `json:"field" doc:"Where: name, language, category, header, header.text, body, footer, buttons, buttons[2].url, variables[body:1]"`
	Code  string           `json:"code"`
	Text  string           `json:"text"`
	Parts []said.Statement `json:"parts" doc:"The text as statements with stable codes"`
}

// Meta's limits, in characters.
const (
	maxName     = 512
	maxHeader   = 60
	maxBody     = 1024
	maxFooter   = 60
	maxButtons  = 10
	maxURLs     = 2
	maxLabel    = 25
	maxURL      = 2000
	maxCode     = 15
	maxPhone    = 20
	maxNewlines = 2
)

var (
	namePattern  = regexp.MustCompile(`^[a-z0-9_]+$`)
	phonePattern = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	buttonTypes  = []string{"QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE", "FLOW"}
)

// faults gathers what is wrong, in the order of the form.
type faults []Fault

func (f *faults) add(field, code, format string, args ...any) {
	*f = append(*f, Fault{field, code, fmt.Sprintf(format, args...), said.Of(format, args...)})
}

// CheckName says what is wrong with the name and language of a template.
func CheckName(name, language string) []Fault {
	var f faults
	switch {
	case name == "":
		f.add("name", "required", "a template needs a name")
	case !namePattern.MatchString(name):
		f.add("name", "pattern", "the name takes small letters a–z, digits and underscores only: write «%s»", suggestName(name))
	case len(name) > maxName:
		f.add("name", "too_long", "the name has %d characters; Meta takes at most %d", len(name), maxName)
	}
	if !slices.Contains(Languages, language) {
		f.add("language", "unknown", "%q is not one of the languages that WhatsApp templates come in", language)
	}
	return f
}

var notName = regexp.MustCompile(`[^a-z0-9_]+`)

func suggestName(name string) string {
	s := strings.Trim(notName.ReplaceAllString(strings.ToLower(name), "_"), "_")
	if s == "" {
		return "my_template"
	}
	return s
}

// Check says everything that Meta would refuse the text for, before it is submitted.
func (d Definition) Check() []Fault {
	var f faults
	switch d.Category {
	case Marketing, Utility:
	case "AUTHENTICATION":
		f.add("category", "not_here", "Meta writes the text of authentication templates itself: make this one in WhatsApp Manager")
	default:
		f.add("category", "unknown", "choose MARKETING or UTILITY")
	}
	d.checkHeader(&f)
	d.checkBody(&f)
	d.checkFooter(&f)
	d.checkButtons(&f)
	d.checkVariables(&f)
	d.checkCharacters(&f)
	d.checkFilled(&f)
	d.checkWords(&f)
	return f
}

func (d Definition) checkHeader(f *faults) {
	h := d.Header
	switch {
	case h == nil:
	case h.Format == "TEXT":
		n := utf8.RuneCountInString(h.Text)
		switch {
		case h.Text == "":
			f.add("header.text", "required", "the header is empty: write it, or take the header away")
		case n > maxHeader:
			f.add("header.text", "too_long", "the header has %d characters; Meta takes at most %d", n, maxHeader)
		case strings.ContainsAny(h.Text, "\n\r\t"):
			f.add("header.text", "newline", "the header is one line")
		case strings.ContainsAny(h.Text, "*_~`"):
			f.add("header.text", "formatting", "the header takes no formatting: take *, _, ~ and ` away")
		case hasEmoji(h.Text):
			f.add("header.text", "emoji", "the header takes no emoji: put it into the body")
		}
		switch n := len(places(h.Text)); {
		case n > 1:
			f.add("header.text", "too_many_variables", "the header takes one variable")
		case n == 1 && !holdsWord(placePattern.ReplaceAllLiteralString(h.Text, "")):
			f.add("header.text", "only_variable", "the header is nothing but a variable: put a word beside it")
		}
	case h.media():
		if h.Example == "" && h.Sample == "" {
			f.add("header.example", "required", "Meta wants to see an example of the file: upload one")
		}
		if h.Text != "" {
			f.add("header.text", "not_here", "a header is a text or a file, not both")
		}
	case h.Format == "LOCATION":
	default:
		f.add("header.format", "unknown", "%q is no kind of header", h.Format)
	}
}

func (d Definition) checkBody(f *faults) {
	n := utf8.RuneCountInString(d.Body)
	switch {
	case strings.TrimSpace(d.Body) == "":
		f.add("body", "required", "the body is empty: it is what the person reads")
		return
	case n > maxBody:
		f.add("body", "too_long", "the body has %d characters; Meta takes at most %d", n, maxBody)
	}
	if strings.Contains(d.Body, strings.Repeat("\n", maxNewlines+1)) {
		f.add("body", "newlines", "the body has more than %d line breaks in a row", maxNewlines)
	}
	if strings.Contains(d.Body, "     ") || strings.Contains(d.Body, "\t") {
		f.add("body", "spaces", "the body has a tab or more than four spaces in a row")
	}
}

func (d Definition) checkFooter(f *faults) {
	switch n := utf8.RuneCountInString(d.Footer); {
	case n > maxFooter:
		f.add("footer", "too_long", "the footer has %d characters; Meta takes at most %d", n, maxFooter)
	case strings.Contains(d.Footer, "\n"):
		f.add("footer", "newline", "the footer is one line")
	case strings.ContainsAny(d.Footer, "*~`"):
		f.add("footer", "formatting", "the footer takes no formatting: take *, ~ and ` away")
	case hasEmoji(d.Footer):
		f.add("footer", "emoji", "the footer takes no emoji: put it into the body")
	}
	if strings.Contains(d.Footer, "{{") {
		f.add("footer", "variable", "the footer takes no variables: write the words themselves")
	}
}

// hasEmoji finds pictures among letters; signs such as © and arrows without colour are none.
func hasEmoji(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool {
		return c >= 0x1F000 && c <= 0x1FAFF || c >= 0x2600 && c <= 0x27BF || c >= 0x2B00 && c <= 0x2BFF || c == 0xFE0F || c == 0x20E3
	})
}

func (d Definition) checkButtons(f *faults) {
	if len(d.Buttons) > maxButtons {
		f.add("buttons", "too_many", "%d buttons; Meta takes at most %d", len(d.Buttons), maxButtons)
	}
	counts, labels := map[string]int{}, map[string]bool{}
	first, last, quick := -1, -1, 0
	for i, b := range d.Buttons {
		at := fmt.Sprintf("buttons[%d]", i)
		counts[b.Type]++
		if b.Type == "QUICK_REPLY" {
			if quick++; first < 0 {
				first = i
			}
			last = i
		}
		d.checkButton(f, at, b)
		if b.Type != "COPY_CODE" && b.Text != "" {
			if labels[strings.ToLower(b.Text)] {
				f.add(at+".text", "repeated", "two buttons say «%s»: each needs words of its own", b.Text)
			}
			labels[strings.ToLower(b.Text)] = true
		}
	}
	if quick > 0 && (last-first+1 != quick || first > 0 && last < len(d.Buttons)-1) {
		f.add("buttons", "order", "quick replies must stand together, before or after the other buttons")
	}
	for _, limit := range []struct {
		kind string
		most int
		text string
	}{{"URL", maxURLs, "at most two buttons open a link"}, {"PHONE_NUMBER", 1, "one button calls a number"}, {"COPY_CODE", 1, "one button copies a code"}, {"FLOW", 1, "one button opens a form"}} {
		if counts[limit.kind] > limit.most {
			f.add("buttons", "too_many", "%s; there are %d", limit.text, counts[limit.kind])
		}
	}
}

func (d Definition) checkButton(f *faults, at string, b Button) {
	if b.Type != "COPY_CODE" {
		switch n := utf8.RuneCountInString(b.Text); {
		case b.Text == "":
			f.add(at+".text", "required", "the button says nothing")
		case n > maxLabel:
			f.add(at+".text", "too_long", "the button's text has %d characters; Meta takes at most %d", n, maxLabel)
		case strings.ContainsAny(b.Text, "\n{}*_~"):
			f.add(at+".text", "characters", "a button's text takes no variables, line breaks or formatting")
		}
	}
	switch b.Type {
	case "QUICK_REPLY":
	case "URL":
		checkURL(f, at+".url", b.URL)
	case "PHONE_NUMBER":
		switch {
		case !phonePattern.MatchString(b.Phone):
			f.add(at+".phone", "pattern", "write the number with its country code and digits only, as +61255501234")
		case len(b.Phone) > maxPhone:
			f.add(at+".phone", "too_long", "the number has more than %d characters", maxPhone)
		}
	case "COPY_CODE":
		switch n := utf8.RuneCountInString(b.Code); {
		case n == 0:
			f.add(at+".code", "required", "give an example of the code")
		case n > maxCode:
			f.add(at+".code", "too_long", "the code has %d characters; Meta takes at most %d", n, maxCode)
		}
	case "FLOW":
		if b.FlowID == "" {
			f.add(at+".flow_id", "required", "say which form the button opens")
		}
	default:
		f.add(at+".type", "unknown", "%q is no kind of button that is written here", b.Type)
	}
}

func checkURL(f *faults, at, raw string) {
	bare := placePattern.ReplaceAllLiteralString(raw, "x")
	u, err := url.Parse(bare)
	switch {
	case raw == "":
		f.add(at, "required", "say where the button leads")
		return
	case err != nil || u.Host == "" || u.User != nil || strings.ContainsFunc(raw, unicode.IsSpace) || u.Scheme != "https" && u.Scheme != "http" || !strings.Contains(u.Hostname(), "."):
		f.add(at, "pattern", "write a whole address, as https://example.com/orders/{{1}}")
		return
	case utf8.RuneCountInString(raw) > maxURL:
		f.add(at, "too_long", "the address has more than %d characters", maxURL)
	default:
		checkHost(f, at, raw)
	}
	names := places(raw)
	host := strings.SplitN(raw, "://", 2)[1]
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host = host[:i]
	}
	switch {
	case len(names) > 1:
		f.add(at, "too_many_variables", "an address takes one variable")
	case len(names) == 1 && !strings.HasSuffix(raw, "{{"+names[0]+"}}"):
		f.add(at, "variable_place", "the variable must be the end of the address")
	case len(names) == 1 && strings.Contains(host, "{{"):
		f.add(at, "variable_place", "the variable may not be part of the host's name")
	case len(names) == 1 && named.MatchString(names[0]):
		f.add(at, "variable_name", "the variable of an address is {{1}}, also where those of the text have names")
	}
}

// checkVariables holds the places of each text against Meta's rules.
func (d Definition) checkVariables(f *faults) {
	byNumber, byName := false, false
	for _, p := range d.parts() {
		at := map[string]string{"header": "header.text", "body": "body"}[p.in]
		if at == "" {
			at = "buttons[" + strings.TrimPrefix(p.in, "button:") + "].url"
		}
		names := places(p.text)
		bare := placePattern.ReplaceAllLiteralString(p.text, "")
		if strings.ContainsAny(bare, "{}") {
			f.add(at, "braces", "braces do not match: a variable is written {{1}} or {{first_name}}")
		}
		numbers := 0
		for i, n := range names {
			switch {
			case positional.MatchString(n):
				byNumber = byNumber || !strings.HasPrefix(p.in, "button:")
				if k, _ := strconv.Atoi(n); k != i+1 && numbers == 0 {
					numbers++
					f.add(at, "sequence", "variables are numbered in order without gaps: {{%s}} stands where {{%d}} belongs", n, i+1)
				}
			case named.MatchString(n):
				byName = byName || !strings.HasPrefix(p.in, "button:")
				if slices.Contains(names[:i], n) {
					f.add(at, "repeated", "{{%s}} stands twice; use each variable once", n)
				}
			default:
				f.add(at, "variable_name", "{{%s}} is no variable: take numbers from 1 on, or small letters, digits and underscores", n)
			}
			d.checkVariable(f, p.in, n)
		}
		if p.in == "body" {
			checkPlaces(f, d.Body, names)
		}
	}
	if byNumber && byName {
		f.add("body", "mixed", "either all variables have numbers or all have names")
	}
}

func (d Definition) checkVariable(f *faults, in, name string) {
	at := "variables[" + in + ":" + name + "]"
	v, _ := d.variable(in, name)
	switch {
	case v.Example == "":
		f.add(at+".example", "required", "give an example for {{%s}}: Meta's reviewers look at it", name)
	case strings.ContainsAny(v.Example, "\n\t{}") || strings.Contains(v.Example, "     "):
		f.add(at+".example", "characters", "the example for {{%s}} takes no line breaks, tabs, braces or runs of spaces", name)
	}
	if v.From != "" && !validSource(v.From) {
		f.add(at+".from", "unknown", "%q is no source of values", v.From)
	}
	if v.From == FromName || v.From == FromFirstName || strings.HasPrefix(v.From, fromField) {
		if v.Fallback == "" {
			f.add(at+".fallback", "required", "say what stands in place of {{%s}} where the person's own is not known", name)
		}
	}
	if strings.ContainsAny(v.Fallback, "\n\t{}") {
		f.add(at+".fallback", "characters", "the fallback takes no line breaks, tabs or braces")
	}
}

var fieldKey = regexp.MustCompile(`^field:[A-Za-z0-9_.-]{1,50}$`)

func validSource(s string) bool {
	return slices.Contains([]string{FromSender, FromName, FromFirstName, FromBrand, FromReach}, s) || fieldKey.MatchString(s)
}

var sideBySide = regexp.MustCompile(`\}\}\s*\{\{`)

// checkPlaces: a body may not begin or end with a variable, hold two side by side, or be little more than
// variables; x of them take 2x+1 words beside them. For Meta a variable with nothing but punctuation or formatting
// before or behind it stands at the end of the text all the same.
func checkPlaces(f *faults, body string, names []string) {
	if len(names) == 0 {
		return
	}
	text := strings.TrimSpace(body)
	all := placePattern.FindAllStringIndex(text, -1)
	if len(all) > 0 && !holdsWord(text[:all[0][0]]) {
		f.add("body", "leading_variable", "the body may not begin with a variable: put a word before it")
	}
	if len(all) > 0 && !holdsWord(text[all[len(all)-1][1]:]) {
		f.add("body", "trailing_variable", "the body may not end with a variable: put a few words after it")
	}
	if sideBySide.MatchString(text) {
		f.add("body", "side_by_side", "two variables stand side by side: put words between them")
	}
	words := 0
	for _, w := range strings.Fields(placePattern.ReplaceAllLiteralString(text, " ")) {
		if holdsWord(w) {
			words++
		}
	}
	if need := 2*len(names) + 1; words < need {
		f.add("body", "too_many_variables", "%d variables are too many for %d words: Meta wants at least %d words beside them", len(names), words, need)
	}
}
