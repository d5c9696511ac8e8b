package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"ponte/router"
)

// Fault is one thing wrong with a document: where, what, and what is allowed there.
type Fault struct {
	Path    string `json:"path"`
	Line    int    `json:"line,omitempty"`
	Problem string `json:"problem"`
	Format  string `json:"-"` // what the problem was made from, with its values
	Args    []any  `json:"-"`
}

// String returns the fault as one line.
func (f Fault) String() string {
	if f.At() == "" {
		return f.Problem
	}
	return f.At() + ": " + f.Problem
}

// At is the place of the fault.
func (f Fault) At() string {
	if f.Line == 0 {
		return f.Path
	}
	return strings.TrimSuffix(strings.TrimSpace(fmt.Sprintf("line %d, %s", f.Line, f.Path)), ",")
}

// NewFault says what is wrong somewhere.
func NewFault(path string, line int, format string, args ...any) Fault {
	return Fault{Path: path, Line: line, Problem: fmt.Sprintf(format, args...), Format: format, Args: args}
}

// Faults are all that is wrong with a document.
type Faults []Fault

// Error lists every fault, one a line.
func (f Faults) Error() string {
	var lines []string
	for _, one := range f {
		lines = append(lines, one.String())
	}
	return strings.Join(lines, "\n")
}

// reader reads a document and collects faults instead of stopping at the first.
type reader struct {
	f      *Flow
	faults []Fault
	warned []Fault
	refs   []reference
	uses   []use
	step   string // the step being read
	later  []func()
	chosen map[string][]string // ids that an answer can be, of choice questions
}

// reference is a step named somewhere; use is a variable or answer named somewhere.
type reference struct{ path, id string }
type use struct {
	path, name, step string
	fallback, send   bool // it has a fallback; it is in something sent
}

func (r *reader) fault(path string, n *node, format string, args ...any) {
	r.faults = append(r.faults, NewFault(path, n.at(), format, args...))
}

func (r *reader) warn(path string, n *node, format string, args ...any) {
	r.warned = append(r.warned, NewFault(path, n.at(), format, args...))
}

// object is an object being read. The keys asked for are the keys allowed; done names the others.
type object struct {
	r     *reader
	n     *node
	path  string
	what  string
	asked []string
}

// object starts reading; what the value is called stands in the faults ("a message").
func (r *reader) object(n *node, path, what string) *object {
	if n != nil && n.kind != isObject {
		r.fault(path, n, "must be an object, it is %s", n.kind)
		n = nil
	}
	return &object{r: r, n: n, path: path, what: what}
}

func (o *object) at(key string) string { return member(o.path, key) }

func (o *object) get(key string) *node {
	if !slices.Contains(o.asked, key) {
		o.asked = append(o.asked, key)
	}
	if o.n == nil {
		return nil
	}
	if n := o.n.members[key]; n != nil && n.kind != isNull {
		return n
	}
	return nil
}

func (o *object) has(key string) bool { return o.get(key) != nil }

func (o *object) missing(key, hint string) {
	if o.n != nil {
		o.r.fault(o.at(key), o.n, "is missing: %s needs %s", o.what, hint)
	}
}

// done faults the keys nobody asked for.
func (o *object) done() {
	if o.n == nil {
		return
	}
	for _, k := range o.n.keys {
		if !slices.Contains(o.asked, k) {
			o.r.fault(o.at(k), o.n.members[k], "is unknown; %s has %s", o.what, strings.Join(o.asked, ", "))
		}
	}
}

// text reads a string of at most most characters; need says what is missing without it, empty: optional.
func (o *object) text(key string, most int, need string) string {
	n := o.get(key)
	if n == nil {
		if need != "" {
			o.missing(key, need)
		}
		return ""
	}
	if n.kind != isString {
		o.r.fault(o.at(key), n, "must be a string, it is %s", n.kind)
		return ""
	}
	if c := utf8.RuneCountInString(n.text); c > most {
		o.r.fault(o.at(key), n, "has %d characters, at most %d are allowed", c, most)
	}
	if strings.TrimSpace(n.text) == "" {
		o.r.fault(o.at(key), n, "is empty")
		return ""
	}
	return n.text
}

func (o *object) oneOf(key, fallback string, allowed ...string) string {
	n := o.get(key)
	if n == nil && fallback != "" {
		return fallback
	}
	s := o.text(key, 100, "one of "+strings.Join(allowed, ", "))
	if s != "" && !slices.Contains(allowed, s) {
		o.r.fault(o.at(key), n, "is %q; allowed are %s", s, strings.Join(allowed, ", "))
		return ""
	}
	return s
}

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

const idRule = "a small letter, then small letters, digits, _ or -, at most 40"

func (o *object) id(key, need string) string {
	s := o.text(key, 200, need)
	if s != "" && !idPattern.MatchString(s) {
		o.r.fault(o.at(key), o.get(key), "is %q; an id is %s", s, idRule)
		return ""
	}
	return s
}

func (o *object) whole(key string, least, most, fallback int) int {
	n := o.get(key)
	if n == nil {
		return fallback
	}
	v, err := strconv.Atoi(n.text)
	if n.kind != isNumber || err != nil || v < least || v > most {
		o.r.fault(o.at(key), n, "must be a whole number from %d to %d, without quotes", least, most)
		return fallback
	}
	return v
}

// number reads any number; nil is none.
func (o *object) number(key string) *float64 {
	n := o.get(key)
	if n == nil {
		return nil
	}
	v, err := strconv.ParseFloat(n.text, 64)
	if n.kind != isNumber || err != nil {
		o.r.fault(o.at(key), n, "must be a number, without quotes")
		return nil
	}
	return &v
}

func (o *object) flag(key string) bool {
	n := o.get(key)
	if n != nil && n.kind != isBool {
		o.r.fault(o.at(key), n, "must be true or false, it is %s", n.kind)
	}
	return n != nil && n.flag
}

func (o *object) list(key string, least, most int, need string) []*node {
	n := o.get(key)
	if n == nil {
		if least > 0 {
			o.missing(key, need)
		}
		return nil
	}
	if n.kind != isList {
		o.r.fault(o.at(key), n, "must be a list, it is %s", n.kind)
		return nil
	}
	if len(n.items) < least || len(n.items) > most {
		o.r.fault(o.at(key), n, "has %d entries; %d to %d are allowed", len(n.items), least, most)
	}
	return n.items[:min(most, len(n.items))]
}

// words reads a list of short strings, each once.
func (o *object) words(key string, least, most int, need string) []string {
	var out []string
	for i, n := range o.list(key, least, most, need) {
		at := element(o.at(key), i)
		switch {
		case n.kind != isString || strings.TrimSpace(n.text) == "" || utf8.RuneCountInString(n.text) > 60:
			o.r.fault(at, n, "must be a text of 1 to 60 characters")
		case slices.Contains(out, n.text):
			o.r.fault(at, n, "%q stands in the list twice", n.text)
		default:
			out = append(out, n.text)
		}
	}
	return out
}

var durationPattern = regexp.MustCompile(`^([0-9]{1,5})([smhd])$`)

func parseDuration(s string) (time.Duration, bool) {
	m := durationPattern.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	n, _ := strconv.Atoi(m[1])
	return time.Duration(n) * map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]], true
}

func (o *object) duration(key string, least, most, fallback time.Duration, need string) time.Duration {
	n := o.get(key)
	if n == nil {
		if need != "" {
			o.missing(key, need)
		}
		return fallback
	}
	d, ok := parseDuration(n.text)
	if n.kind != isString || !ok || d < least || d > most {
		o.r.fault(o.at(key), n, "must be a time like \"30m\" (units s, m, h, d), from %s to %s", span(least), span(most))
		return fallback
	}
	return d
}

// span writes a duration in the document's own way.
func span(d time.Duration) string {
	for _, u := range []struct {
		d time.Duration
		s string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= u.d && d%u.d == 0 {
			return strconv.Itoa(int(d/u.d)) + u.s
		}
	}
	return strconv.Itoa(int(d/time.Second)) + "s"
}

// goTo reads the id of a step; whether it exists is known when all are read.
func (o *object) goTo(key, need string) string {
	s := o.id(key, need)
	if s != "" {
		o.r.refs = append(o.r.refs, reference{o.at(key), s})
	}
	return s
}

// answerName reads the name of an answer that must be asked for somewhere.
func (o *object) answerName(key, need string) string {
	s := o.id(key, need)
	if s != "" {
		o.r.uses = append(o.r.uses, use{path: o.at(key), name: "answers." + s, step: o.r.step, fallback: true})
	}
	return s
}

// texts reads a text per language. The default language must be there; another that is missing is said
// as a warning, since people will read the default in its place.
func (o *object) texts(key string, most int, need string) Texts {
	n := o.get(key)
	if n == nil {
		if need != "" {
			o.missing(key, need)
		}
		return nil
	}
	return o.r.texts(n, o.at(key), most)
}

func (r *reader) texts(n *node, path string, most int) Texts {
	if n.kind != isObject {
		r.fault(path, n, "must be an object of language and text, as {%q: \"…\"}, it is %s", r.f.Default, n.kind)
		return nil
	}
	out := Texts{}
	for _, lang := range n.keys {
		v, at := n.members[lang], member(path, lang)
		switch {
		case !slices.Contains(r.f.Languages, lang):
			r.fault(at, v, "is not one of the flow's languages %s", strings.Join(r.f.Languages, ", "))
		case v.kind != isString || strings.TrimSpace(v.text) == "":
			r.fault(at, v, "must be a text that is not empty")
		default:
			out[lang] = v.text
			r.template(v, at, v.text, most, true)
		}
	}
	if _, ok := out[r.f.Default]; !ok && n.members[r.f.Default] == nil {
		r.fault(path, n, "lacks %q, the default language, which is used where another is missing", r.f.Default)
	}
	for _, lang := range r.f.Languages {
		if lang != r.f.Default && n.members[lang] == nil {
			r.warn(path, n, "has no %q: those people will read it in %q", lang, r.f.Default)
		}
	}
	return out
}

// template checks the variables of a text and its length without them.
func (r *reader) template(n *node, path, text string, most int, send bool) {
	parts, err := parseTemplate(text)
	if err != nil {
		r.fault(path, n, "%v", err)
		return
	}
	length := 0
	for _, p := range parts {
		if p.name == "" {
			length += utf8.RuneCountInString(p.text)
			continue
		}
		r.uses = append(r.uses, use{path: path, name: p.name, step: r.step, fallback: p.fallback != "", send: send})
	}
	if length > most {
		r.fault(path, n, "has %d characters, at most %d are allowed here", length, most)
	}
}

// served reports whether ponte speaks the language itself.
func served(lang string) bool { return slices.Contains(router.Languages, lang) }
