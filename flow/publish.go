package flow

import (
	"slices"
	"strings"
	"time"

	"ponte/router"
)

// CallTo is a call that a flow can make.
type CallTo struct {
	Position int // of its step
	Secret   string
	Host     string
}

// Calls lists the calls that a flow can make.
func (f *Flow) Calls() []CallTo {
	var out []CallTo
	for _, s := range f.Steps {
		if c, ok := s.body.(*call); ok {
			host, _, _ := strings.Cut(strings.TrimPrefix(c.url, "https://"), "/")
			host, _, _ = strings.Cut(host, "?")
			out = append(out, CallTo{s.Position, c.secret, host})
		}
	}
	return out
}

// Named is what a flow names and does not hold itself: a template, a team.
type Named struct{ Path, Name string }

// Templates names the templates that a flow sends, those of its services' reminders included.
func (f *Flow) Templates() []Named {
	var out []Named
	for _, s := range f.Steps {
		if t, ok := s.body.(*template); ok {
			out = append(out, Named{element("steps", s.Position) + ".template", t.name})
		}
	}
	for i, s := range f.Services {
		for j, r := range s.Reminders {
			out = append(out, Named{element(element("services", i)+".reminders", j) + ".template", r.Template})
		}
	}
	return out
}

// Teams names the teams that a flow gives conversations to.
func (f *Flow) Teams() []Named {
	var out []Named
	for _, s := range f.Steps {
		name := ""
		switch b := s.body.(type) {
		case *assign:
			name = b.team
		case *handOver:
			name = b.team
		}
		if name != "" {
			out = append(out, Named{element("steps", s.Position) + ".team", name})
		}
	}
	return out
}

// Booked names the services that a flow offers times of.
func (f *Flow) Booked() []Named {
	var out []Named
	for i, s := range f.Services {
		out = append(out, Named{element("services", i) + ".id", s.ID})
	}
	return out
}

// CheckSecretName says what is wrong with the name of a secret; empty: nothing.
func CheckSecretName(name string) string {
	if secretPattern.MatchString(name) {
		return ""
	}
	return "a secret's name is a letter, then letters, digits, _ or -, at most 64 characters"
}

// With returns the flow with services as they are now kept in a calendar: one of the same id takes the place
// of the document's. The flow itself is shared and stays as it is.
func (f *Flow) With(services []Service) *Flow {
	if len(services) == 0 {
		return f
	}
	g := *f
	g.Services = append([]Service(nil), services...)
	for _, s := range f.Services {
		if g.service(s.ID) == nil {
			g.Services = append(g.Services, s)
		}
	}
	return &g
}

// zone is where a booking's time is told: the service's, else the flow's.
func (r *run) zone(service string) *time.Location {
	if s := r.f.service(service); s != nil && s.Zone != nil {
		return s.Zone
	}
	if r.f.Hours != nil {
		return r.f.Hours.Zone
	}
	return time.UTC
}

// Offers says whether the question at which somebody stands has a choice of these words.
func (f *Flow) Offers(s State, text string) bool {
	step := f.index[s.Step]
	if step == nil || s.Waiting != ForAnswer {
		return false
	}
	q, ok := step.body.(*question)
	if !ok {
		return false
	}
	return slices.ContainsFunc(q.answer.choices, func(c choice) bool {
		for _, title := range c.title {
			if router.Fold(title) == router.Fold(text) {
				return true
			}
		}
		return false
	})
}

// written is when the person wrote something, on the clock of the flow's opening hours, else of the place that the
// caller names: a server's own clock shows another day for half of the world.
func (r *run) written(m Input) time.Time {
	at := m.At
	if at.IsZero() {
		at = r.ctx.Now
	}
	switch {
	case r.f.Hours != nil:
		return at.In(r.f.Hours.Zone)
	case r.ctx.Zone != nil:
		return at.In(r.ctx.Zone)
	}
	return at
}

// Locate gives faults that have only a path the line of the document on which it stands.
func Locate(document []byte, faults Faults) {
	tree, _, err := parseTree(document)
	if err != nil {
		return
	}
	r := &reader{f: &Flow{}}
	for i, f := range faults {
		if n := r.find(tree, f.Path); n != nil && f.Line == 0 {
			faults[i].Line = n.line
		}
	}
}

// StepIDs returns the ids of a document's steps by their position, also where the document has faults; a step
// without one is empty.
func StepIDs(document []byte) []string {
	tree, _, err := parseTree(document)
	if err != nil || tree.kind != isObject {
		return nil
	}
	steps := tree.members["steps"]
	if steps == nil || steps.kind != isList {
		return nil
	}
	var out []string
	for _, n := range steps.items {
		id := ""
		if n.kind == isObject && n.members["id"] != nil && n.members["id"].kind == isString {
			id = n.members["id"].text
		}
		out = append(out, id)
	}
	return out
}

// ValidID reports whether a text can be an id: of a flow, a step, a service.
func ValidID(id string) bool { return idPattern.MatchString(id) }
