// Package flow leads scripted conversations: welcome, qualify, route, resolve. A flow is a JSON document,
// read and checked by Parse; Start and Step carry one person through it.
//
// The package is pure. It has no clock, no network and no database: the time, what the person did and what
// calls came back with are inputs; what must happen outside are effects. Same inputs, same effects. What
// is sent to whom, and whether it may be, is decided by others: effects pass the outbox and its gate.
package flow

import (
	"slices"
	"strings"
)

// Format is the document format that this package reads.
const Format = 1

// Limits of a document. They keep a mistake, or an attack, from filling memory.
const (
	maxDocument = 512 << 10
	maxSteps    = 200
)

// Flow is a checked document, ready to be played. It is never changed, so many goroutines can share it.
type Flow struct {
	ID        string
	Version   int
	Name      string
	Languages []string
	Default   string // the language used where another is missing
	Hours     *Hours
	Services  []Service
	Hosts     []string // hosts that calls may go to
	Fields    []string // contact fields beyond the standard ones
	Help      Texts
	Steps     []*Step
	Warnings  []Fault // what is allowed but probably not meant

	index   map[string]*Step
	answers map[string]string // name of an answer → what kind it is
}

// Step is one step of a flow.
type Step struct {
	ID, Type string
	Position int
	body     body
}

// body is what a type of step does. Entering returns the step to go to; empty means that the flow waits,
// or has ended, and the state says which.
type body interface {
	edges() []edge
	enter(r *run) string
}

// resumer is a body that waits for something and goes on when it comes.
type resumer interface {
	body
	// resume takes what came; it returns the step to go to, or empty to keep waiting.
	resume(r *run, in arrival) string
	// again repeats what was asked, after something else was said in between.
	again(r *run)
}

// edge is a way from a step to another.
type edge struct {
	key    string // the field that names it
	to     string
	person bool     // only what a person does leads there
	sets   []string // answers that are surely there on this way
}

// kinds are the types of steps, in the order of the documentation.
var kinds = []struct {
	name string
	read func(o *object) body
}{
	{"message", readMessage}, {"question", readQuestion}, {"condition", readCondition}, {"labels", readLabels}, {"set", readSet},
	{"assign", readAssign}, {"hand_over", readHandOver}, {"template", readTemplate}, {"consent", readConsent}, {"wait", readWait},
	{"call", readCall}, {"goal", readGoal}, {"booking", readBooking}, {"end", readEnd},
}

// Parse reads and checks a document. The error is Faults: all that is wrong, not only the first.
func Parse(document []byte) (*Flow, error) {
	if len(document) > maxDocument {
		return nil, Faults{NewFault("", 0, "the document is larger than 512 KiB")}
	}
	tree, twice, err := parseTree(document)
	if err != nil {
		return nil, Faults{NewFault("", 0, "%s", err)}
	}
	r := &reader{f: &Flow{index: map[string]*Step{}, answers: map[string]string{}}, faults: twice, chosen: map[string][]string{}}
	r.document(tree)
	if len(r.faults) == 0 {
		r.graph()
	}
	if len(r.faults) > 0 {
		slices.SortStableFunc(r.faults, func(a, b Fault) int { return a.Line - b.Line })
		return nil, Faults(r.faults)
	}
	slices.SortStableFunc(r.warned, func(a, b Fault) int { return a.Line - b.Line })
	r.f.Warnings = r.warned
	return r.f, nil
}

func (r *reader) document(tree *node) {
	f := r.f
	o := r.object(tree, "", "a flow")
	if n := o.get("format"); n == nil {
		o.missing("format", "\"format\": 1")
	} else if n.kind != isNumber || n.text != "1" {
		r.fault("format", n, "must be 1, the only format there is")
	}
	f.ID = o.id("id", "an id, as \"lead-capture\"")
	if f.Version = o.whole("version", 1, 1_000_000, 0); f.Version == 0 && !o.has("version") {
		o.missing("version", "a version: 1, and one more at every change that is published")
	}
	f.Name = o.text("name", 80, "a name that people read")
	r.languages(o)
	f.Hours = r.hours(o)
	f.Hosts = r.hosts(o)
	r.fields(o)
	f.Services = r.services(o)
	f.Help = o.texts("help", 1024, "")
	r.steps(o)
	o.done()
	for _, ref := range r.refs {
		if f.index[ref.id] == nil {
			r.noStep(ref, r.find(tree, ref.path))
		}
	}
	for _, check := range r.later {
		check()
	}
	r.variables(tree)
}

func (r *reader) languages(o *object) {
	f := r.f
	f.Languages = o.words("languages", 1, 7, "a list of languages, as [\"en\", \"it\"]")
	for i, l := range f.Languages {
		if !served(l) {
			r.fault(element("languages", i), o.get("languages"), "is %q; ponte serves en, it, fr, ro, es, de, pt", l)
		}
	}
	if len(f.Languages) > 0 {
		f.Default = f.Languages[0]
	}
	if d := o.text("default_language", 10, ""); d != "" {
		if !slices.Contains(f.Languages, d) {
			r.fault("default_language", o.get("default_language"), "is %q; it must be one of the flow's languages %s", d, strings.Join(f.Languages, ", "))
			return
		}
		f.Default = d
	}
}

func (r *reader) fields(o *object) {
	for i, name := range o.words("fields", 0, 40, "") {
		at := element("fields", i)
		switch {
		case !idPattern.MatchString(name):
			r.fault(at, o.get("fields"), "is %q; a field's name is %s", name, idRule)
		case slices.Contains(standardFields, name):
			r.fault(at, o.get("fields"), "%q is a standard field and need not be declared", name)
		default:
			r.f.Fields = append(r.f.Fields, name)
		}
	}
}

func (r *reader) steps(o *object) {
	for i, n := range o.list("steps", 1, maxSteps, "a list of steps; the first is where the flow begins") {
		at := element("steps", i)
		s := r.object(n, at, "a step")
		id := s.id("id", "an id of its own")
		r.step = id
		kind := s.oneOf("type", "", kindNames()...)
		if before := r.f.index[id]; before != nil {
			r.fault(s.at("id"), s.get("id"), "%q is the id of steps[%d] already", id, before.Position)
			continue
		}
		step := &Step{ID: id, Type: kind, Position: i}
		for _, k := range kinds {
			if k.name == kind {
				s.what = article(kind)
				step.body = k.read(s)
				s.done()
			}
		}
		if id != "" {
			r.f.index[id] = step
		}
		r.f.Steps = append(r.f.Steps, step)
	}
	r.step = ""
}

func article(kind string) string {
	if strings.ContainsRune("aeiou", rune(kind[0])) {
		return "an " + kind + " step"
	}
	return "a " + kind + " step"
}

func kindNames() []string {
	var out []string
	for _, k := range kinds {
		out = append(out, k.name)
	}
	return out
}

// find returns the value at a path of the document, for its line.
func (r *reader) find(n *node, path string) *node {
	path = strings.NewReplacer("[", ".", "]", "").Replace(path)
	for _, part := range strings.Split(path, ".") {
		switch {
		case n == nil:
			return nil
		case n.kind == isObject:
			n = n.members[part]
		case n.kind == isList:
			i := position(part)
			if i < 0 || i >= len(n.items) {
				return nil
			}
			n = n.items[i]
		default:
			return n
		}
	}
	return n
}

// noStep faults a way to a step that there is not, with the one that was probably meant.
func (r *reader) noStep(ref reference, n *node) {
	if near := r.nearest(ref.id); near != "" {
		r.fault(ref.path, n, "there is no step %q; is %s meant?", ref.id, near)
		return
	}
	r.fault(ref.path, n, "there is no step %q", ref.id)
}

// nearest names the step that was probably meant; empty: none is near.
func (r *reader) nearest(id string) string {
	best, distance := "", 4
	for _, s := range r.f.Steps {
		if d := edits(id, s.ID); d < distance {
			best, distance = s.ID, d
		}
	}
	return best
}

// edits counts the letters to change from one id to another.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := last
			if a[i] != b[j] {
				cost++
			}
			last = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
