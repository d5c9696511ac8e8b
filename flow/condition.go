package flow

import (
	"slices"
	"strconv"
	"strings"

	"ponte/router"
)

// condition sends people different ways; the first case that holds decides.
type condition struct {
	cases     []branch
	otherwise string
}

type branch struct {
	when test
	next string
}

// test is one question about person and moment; the groups hold others.
type test struct {
	all, any []test
	not      *test
	kind     string // answer, contact, label, language, open, consent, booking
	name     string
	is       []string
	contains string
	above    *float64
	below    *float64
	empty    *bool
	yes      bool
}

// maxNesting bounds groups within groups.
const maxNesting = 6

func readCondition(o *object) body {
	c := &condition{}
	for i, n := range o.list("cases", 1, 20, "a list of cases, each with \"if\" and \"next\"") {
		b := o.r.object(n, element(o.at("cases"), i), "a case")
		if !b.has("if") {
			b.missing("if", "a condition, as {\"label\": \"vip\"}")
		}
		c.cases = append(c.cases, branch{o.r.test(b.get("if"), b.at("if"), 0), b.goTo("next", "a step to go on with")})
		b.done()
	}
	c.otherwise = o.goTo("otherwise", "a step for when no case holds")
	return c
}

var testKinds = []string{"all", "any", "not", "answer", "contact", "label", "language", "open", "consent", "booking"}

func (r *reader) test(n *node, path string, depth int) test {
	t := test{}
	o := r.object(n, path, "a condition")
	if o.n == nil {
		return t
	}
	if depth > maxNesting {
		r.fault(path, n, "is nested more than %d levels deep; split it over two steps", maxNesting)
		return t
	}
	var have []string
	for _, k := range testKinds {
		if o.n.members[k] != nil {
			have = append(have, k)
		}
	}
	if len(have) != 1 {
		r.fault(path, n, "must ask exactly one of %s; it asks %s", strings.Join(testKinds, ", "), listed(have))
		return t
	}
	t.kind = have[0]
	o.what = "a condition on " + t.kind
	switch t.kind {
	case "all", "any":
		var group []test
		for i, child := range o.list(t.kind, 1, 20, "") {
			group = append(group, r.test(child, element(o.at(t.kind), i), depth+1))
		}
		t.all = group
		if t.kind == "any" {
			t.all, t.any = nil, group
		}
	case "not":
		inner := r.test(o.get("not"), o.at("not"), depth+1)
		t.not = &inner
	default:
		t.readQuestion(o)
	}
	o.done()
	return t
}

func (t *test) readQuestion(o *object) {
	r := o.r
	switch t.kind {
	case "answer":
		t.name = o.answerName("answer", "the name of an answer")
		t.readComparison(o)
		name, is, at, n := t.name, t.is, o.path, o.n
		measured := t.above != nil || t.below != nil
		r.later = append(r.later, func() {
			for _, v := range is {
				if ids := r.chosen[name]; r.f.answers[name] == "choice" && !slices.Contains(ids, v) {
					r.fault(member(at, "is"), n, "%q is no choice of %s; there are %s", v, name, listed(ids))
				}
			}
			if kind := r.f.answers[name]; measured && slices.Contains([]string{"choice", "email", "date"}, kind) {
				r.warn(at, n, "compares sizes, and %q is an answer of kind %s, which has none: it never holds", name, kind)
			}
		})
	case "contact":
		if t.name = o.text("contact", 40, "a contact field"); t.name != "" && !r.isField(t.name) {
			r.fault(o.at("contact"), o.get("contact"), "there is no contact field %q; there are %s, and what \"fields\" declares", t.name, listed(standardFields))
		}
		t.readComparison(o)
	case "label":
		t.name = o.text("label", 60, "a label")
	case "language":
		t.is = o.oneOrMore("language")
		for _, l := range t.is {
			if !served(l) {
				r.fault(o.at("language"), o.get("language"), "is %q; ponte serves en, it, fr, ro, es, de, pt", l)
			}
		}
	case "open":
		if t.yes = o.flag("open"); r.f.Hours == nil {
			r.fault(o.at("open"), o.get("open"), "asks for opening hours, and the flow has no \"hours\"")
		}
	case "consent":
		t.name = o.oneOf("consent", "", "promotional")
		if t.is = o.oneOrMore("is"); len(t.is) == 0 {
			o.missing("is", "one of "+strings.Join(standings, ", "))
		}
		for _, s := range t.is {
			if !slices.Contains(standings, s) {
				r.fault(o.at("is"), o.get("is"), "is %q; allowed are %s", s, strings.Join(standings, ", "))
			}
		}
	case "booking":
		t.yes = o.flag("booking")
	}
}

// standings are what a consent can be.
var standings = []string{"granted", "withdrawn", "refused", "doubt", "expired", "none"}

func (t *test) readComparison(o *object) {
	t.is = o.oneOrMore("is")
	t.contains = o.text("contains", 100, "")
	t.above, t.below = o.number("above"), o.number("below")
	if o.has("empty") {
		v := o.flag("empty")
		t.empty = &v
	}
	if len(t.is) == 0 && t.contains == "" && t.above == nil && t.below == nil && t.empty == nil {
		o.r.fault(o.path, o.n, "compares with nothing; give one of is, contains, above, below, empty")
	}
}

// oneOrMore reads a text or a list of texts.
func (o *object) oneOrMore(key string) []string {
	n := o.get(key)
	if n != nil && n.kind == isList {
		return o.words(key, 1, 20, "")
	}
	if s := o.text(key, 100, ""); s != "" {
		return []string{s}
	}
	return nil
}

func (c *condition) edges() []edge {
	var out []edge
	for i, b := range c.cases {
		out = append(out, edge{key: element("cases", i) + ".next", to: b.next})
	}
	return append(out, edge{key: "otherwise", to: c.otherwise})
}

func (c *condition) enter(r *run) string {
	for _, b := range c.cases {
		if r.holds(b.when) {
			return b.next
		}
	}
	return c.otherwise
}

func (r *run) holds(t test) bool {
	switch t.kind {
	case "all":
		return !slices.ContainsFunc(t.all, func(x test) bool { return !r.holds(x) })
	case "any":
		return slices.ContainsFunc(t.any, r.holds)
	case "not":
		return !r.holds(*t.not)
	case "answer":
		return t.compare(r.s.Answers[t.name])
	case "contact":
		return t.compare(r.value("contact." + t.name))
	case "label":
		named := func(l string) bool { return strings.EqualFold(l, t.name) }
		return slices.ContainsFunc(r.labels, named) || slices.ContainsFunc(r.ctx.PersonLabels, named)
	case "language":
		return slices.Contains(t.is, r.ctx.Language)
	case "open":
		return r.f.Hours.Open(r.ctx.Now) == t.yes
	case "consent":
		return slices.Contains(t.is, r.standing(t.name))
	case "booking":
		return (r.booking() != nil) == t.yes
	}
	return false
}

// compare holds a value against everything that is asked; what is written is compared folded.
func (t test) compare(value string) bool {
	folded := router.Fold(value)
	if t.empty != nil && (strings.TrimSpace(value) == "") != *t.empty {
		return false
	}
	if len(t.is) > 0 && !slices.ContainsFunc(t.is, func(s string) bool { return s == value || folded != "" && router.Fold(s) == folded }) {
		return false
	}
	if t.contains != "" && !strings.Contains(folded, router.Fold(t.contains)) {
		return false
	}
	if t.above == nil && t.below == nil {
		return true
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	return err == nil && (t.above == nil || v > *t.above) && (t.below == nil || v < *t.below)
}
