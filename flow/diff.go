package flow

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// Change is a difference between two documents.
type Change struct {
	Path string `json:"path"` // "steps.welcome" by the step's id, "languages"
	Kind string `json:"kind"` // added, removed, changed, moved
	Was  string `json:"was,omitempty"`
	Now  string `json:"now,omitempty"`
}

// Diff tells documents apart: steps by their id, everything else by its key. Layout and the version's number
// are no difference. A document that cannot be read differs in all.
func Diff(was, now []byte) ([]Change, error) {
	a, err := parts(was)
	if err != nil {
		return nil, fmt.Errorf("the earlier document: %w", err)
	}
	b, err := parts(now)
	if err != nil {
		return nil, fmt.Errorf("the later document: %w", err)
	}
	var out []Change
	for _, key := range a.order {
		switch after, there := b.values[key]; {
		case !there:
			out = append(out, Change{key, "removed", a.values[key], ""})
		case after != a.values[key]:
			out = append(out, Change{key, "changed", a.values[key], after})
		}
	}
	for _, key := range b.order {
		if _, there := a.values[key]; !there {
			out = append(out, Change{key, "added", "", b.values[key]})
		}
	}
	if len(out) == 0 && !slices.Equal(a.order, b.order) {
		out = append(out, Change{"steps", "moved", "", ""})
	}
	return out, nil
}

type document struct {
	values map[string]string
	order  []string
}

func parts(raw []byte) (document, error) {
	d := document{values: map[string]string{}}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(raw, &top); err != nil {
		return d, err
	}
	for _, key := range sortedKeys(top) {
		if key != "steps" && key != "version" {
			d.add(key, top[key])
		}
	}
	var steps []json.RawMessage
	if len(top["steps"]) > 0 {
		if err := json.Unmarshal(top["steps"], &steps); err != nil {
			return d, fmt.Errorf("steps: %w", err)
		}
	}
	for i, step := range steps {
		var s struct {
			ID string `json:"id"`
		}
		_ = json.Unmarshal(step, &s) // without an id it is told by its place
		if s.ID == "" {
			s.ID = fmt.Sprint(i)
		}
		d.add("steps."+s.ID, step)
	}
	return d, nil
}

func (d *document) add(key string, raw json.RawMessage) {
	var tree any
	var b bytes.Buffer
	if json.Unmarshal(raw, &tree) == nil {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		_ = enc.Encode(tree) // it was just decoded
	}
	d.values[key] = string(bytes.TrimSpace(b.Bytes()))
	d.order = append(d.order, key)
}
