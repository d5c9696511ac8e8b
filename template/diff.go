package template

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Change is one line that differs between two versions.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Diff lists what differs, in the order of the form.
func Diff(before, after Definition) []Change {
	a, order := before.lines()
	b, more := after.lines()
	for _, k := range more {
		if !slices.Contains(order, k) {
			order = append(order, k)
		}
	}
	out := []Change{}
	for _, k := range order {
		if a[k] != b[k] {
			out = append(out, Change{k, a[k], b[k]})
		}
	}
	return out
}

// lines are the fields of a definition by name, and their order.
func (d Definition) lines() (map[string]string, []string) {
	out, order := map[string]string{}, []string{}
	put := func(k, v string) {
		if v != "" {
			out[k], order = v, append(order, k)
		}
	}
	put("category", d.Category)
	if h := d.Header; h != nil {
		put("header.format", h.Format)
		put("header.text", h.Text)
		put("header.example", h.Example)
		put("header.sample", h.Sample)
	}
	put("body", d.Body)
	put("footer", d.Footer)
	for i, b := range d.Buttons {
		parts := []string{b.Type}
		for _, p := range []string{b.Text, b.URL, b.Phone, b.Code, b.FlowID, b.Screen, b.Payload} {
			if p != "" {
				parts = append(parts, p)
			}
		}
		put(fmt.Sprintf("buttons[%d]", i), strings.Join(parts, " · "))
	}
	for _, v := range d.Variables {
		parts := []string{}
		for _, p := range []string{v.Example, v.From, v.Fallback} {
			if p != "" {
				parts = append(parts, p)
			}
		}
		put(fmt.Sprintf("variables[%s:%s]", v.In, v.Name), strings.Join(parts, " · "))
	}
	return out, order
}

// Same says whether two definitions are the same to the last sign.
func (d Definition) Same(o Definition) bool {
	a, errA := json.Marshal(d)
	b, errB := json.Marshal(o)
	return errA == nil && errB == nil && string(a) == string(b)
}
