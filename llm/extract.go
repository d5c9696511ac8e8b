package llm

import (
	"encoding/json"
	"errors"
	"strings"
)

// withoutReasoning drops what a model thought aloud before its answer.
func withoutReasoning(s string) string {
	for _, tag := range []string{"think", "thinking", "reasoning"} {
		for {
			from := strings.Index(s, "<"+tag+">")
			if from < 0 {
				break
			}
			to := strings.Index(s[from:], "</"+tag+">")
			if to < 0 {
				s = s[:from]
				break
			}
			s = s[:from] + s[from+to+len(tag)+3:]
		}
	}
	return s
}

// mostRead bounds how many bytes are read, over and over, in search of a document: an answer of nothing but braces must
// not keep a processor busy.
const mostRead = 32 << 20

// ExtractJSON finds the answer in a text: models put fences, excuses, drafts and remarks around it. It is the last
// complete object that has what the schema requires; a bare list stands for the one list that is required; else it is
// the last object there is.
func ExtractJSON(s string, schema json.RawMessage) (string, bool) {
	want := wanted(schema)
	last, fits, list := "", "", ""
	var run row
	read := 0
	for i := 0; i < len(s) && read < mostRead; i++ {
		if s[i] != '{' && s[i] != '[' {
			continue
		}
		dec := json.NewDecoder(strings.NewReader(s[i:]))
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			var bad *json.SyntaxError
			if errors.As(err, &bad) {
				read += int(bad.Offset)
			} else {
				read += len(s) - i
			}
			continue
		}
		switch {
		case s[i] == '{' && want.fits(raw):
			last, fits = string(raw), string(raw)
		case s[i] == '{':
			last = string(raw)
			if run.add(s, i, len(raw)); want.named(raw) {
				run.objects = nil
			}
		case want.list != "" && listOfObjects(raw):
			list = string(raw)
		default:
			continue // [1] and the like: what stands behind is looked at
		}
		i += len(raw) - 1
	}
	switch {
	case fits != "":
		return fits, true
	case list != "":
		return `{"` + want.list + `":` + list + `}`, true
	case want.list != "" && len(run.objects) > 1:
		return `{"` + want.list + `":[` + strings.Join(run.objects, ",") + `]}`, true
	}
	return last, last != ""
}

// row is the last of the rows of objects in a text: one after the other, with nothing but commas and space between.
type row struct {
	objects []string
	end     int
}

func (r *row) add(s string, from, length int) {
	if len(r.objects) > 0 && strings.Trim(s[r.end:from], ", \t\r\n") != "" {
		r.objects = nil
	}
	r.objects, r.end = append(r.objects, s[from:from+length]), from+length
}

// wanting is what a schema requires of an object: its names, and the one of them that is a list, where it is the only one.
type wanting struct {
	names []string
	list  string
}

func wanted(schema json.RawMessage) (w wanting) {
	var form struct {
		Required   []string `json:"required"`
		Properties map[string]struct {
			Type any `json:"type"`
		} `json:"properties"`
	}
	if len(schema) == 0 || json.Unmarshal(schema, &form) != nil {
		return w
	}
	if w.names = form.Required; len(w.names) == 1 && form.Properties[w.names[0]].Type == "array" {
		w.list = w.names[0]
	}
	return w
}

func (w wanting) fits(raw json.RawMessage) bool {
	var has map[string]json.RawMessage
	if json.Unmarshal(raw, &has) != nil {
		return false
	}
	for _, name := range w.names {
		if _, ok := has[name]; !ok {
			return false
		}
	}
	if w.list == "" {
		return true
	}
	var list []json.RawMessage
	return json.Unmarshal(has[w.list], &list) == nil
}

// named: an object has the list's name, though no list.
func (w wanting) named(raw json.RawMessage) bool {
	var has map[string]json.RawMessage
	_ = json.Unmarshal(raw, &has)
	_, ok := has[w.list]
	return ok
}

func listOfObjects(raw json.RawMessage) bool {
	var list []map[string]json.RawMessage
	return json.Unmarshal(raw, &list) == nil && len(list) > 0
}
