package flow

import (
	"slices"
	"strings"
)

// saves notes that an answer is saved here. Two steps may save the same answer if it is of one kind.
func (r *reader) saves(path string, n *node, name, kind string, a answer) {
	if name == "" {
		return
	}
	if before, ok := r.f.answers[name]; ok && before != kind {
		r.fault(path, n, "answer %q is of kind %s in another step, and %s here; use two names", name, before, kind)
		return
	}
	r.f.answers[name] = kind
	for _, c := range a.choices {
		r.chosen[name] = append(r.chosen[name], c.id)
	}
}

// graph checks the ways between the steps: none leads round without the person, and each step is reached.
func (r *reader) graph() {
	r.circles()
	reached := r.reached()
	for _, s := range r.f.Steps {
		if !reached[s.ID] {
			r.warned = append(r.warned, NewFault(element("steps", s.Position), 0, "no way leads to step %s", s.ID))
		}
	}
	r.unasked()
}

func (s *Step) ways() []edge {
	return slices.DeleteFunc(s.body.edges(), func(e edge) bool { return e.to == "" })
}

func (r *reader) reached() map[string]bool {
	seen := map[string]bool{}
	line := []string{r.f.Steps[0].ID}
	for len(line) > 0 {
		id := line[0]
		line = line[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		for _, e := range r.f.index[id].ways() {
			line = append(line, e.to)
		}
	}
	return seen
}

// circles finds ways that come back to a step without the person doing anything: they would run for ever,
// or pester somebody who is silent.
func (r *reader) circles() {
	done := map[string]bool{}
	var path []string
	var walk func(id string)
	walk = func(id string) {
		if done[id] {
			return
		}
		path = append(path, id)
		for i, e := range r.f.index[id].ways() {
			if e.person {
				continue
			}
			if at := slices.Index(path, e.to); at >= 0 {
				s := r.f.index[id]
				r.fault(element("steps", s.Position)+"."+s.ways()[i].key, nil, "goes round without the person: %s; put a question in between, or end it",
					strings.Join(append(slices.Clone(path[at:]), e.to), " → "))
				continue
			}
			walk(e.to)
		}
		path = path[:len(path)-1]
		done[id] = true
	}
	for _, s := range r.f.Steps {
		walk(s.ID)
	}
}

// unasked warns of texts that use an answer, without a fallback, where a way exists that never asked for it.
func (r *reader) unasked() {
	sure := map[string]map[string]bool{r.f.Steps[0].ID: {}} // answers that every way to a step has saved
	for changed := true; changed; {
		changed = false
		for _, s := range r.f.Steps {
			have, reached := sure[s.ID]
			if !reached {
				continue
			}
			for _, e := range s.ways() {
				if r.carry(sure, have, e) {
					changed = true
				}
			}
		}
	}
	for _, u := range r.uses {
		name, isAnswer := strings.CutPrefix(u.name, "answers.")
		if have, reached := sure[u.step]; isAnswer && reached && !u.fallback && !have[name] {
			r.warned = append(r.warned, NewFault(u.path, 0, "answers.%s may not have been asked here; give it a fallback, as {{answers.%s|…}}", name, name))
		}
	}
}

// carry takes what is sure over a way, and reports whether that changed what is sure at its end.
func (r *reader) carry(sure map[string]map[string]bool, have map[string]bool, e edge) bool {
	before, reached := sure[e.to]
	after := map[string]bool{}
	for name := range have {
		if !reached || before[name] {
			after[name] = true
		}
	}
	for _, name := range e.sets {
		if !reached || before[name] {
			after[name] = true
		}
	}
	sure[e.to] = after
	return !reached || len(after) != len(before)
}
