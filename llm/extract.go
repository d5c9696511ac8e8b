package llm

import (
	"encoding/json"
	"errors"
	"regexp"
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
	if at := thoughtsEnd.FindAllStringIndex(s, -1); at != nil { // begun by the server, and not told
		s = s[at[len(at)-1][1]-1:]
	}
	return s
}

// thoughtsEnd is the end of thoughts, with a document behind it.
var thoughtsEnd = regexp.MustCompile("</(?:think|thinking|reasoning)>\\s*(?:```[a-z]*\\s*)?[{\\[]")

// fromThoughts is the answer of a server that takes the whole of an answer for thoughts: they are nothing but the
// document that was asked for. A document among other thoughts is a draft.
func fromThoughts(r Request, thoughts string) string {
	text := strings.TrimSpace(thoughts)
	if inner := fenced.FindStringSubmatch(text); inner != nil {
		text = inner[1]
	}
	if len(r.Schema) == 0 || text == "" || text[0] != '{' {
		return ""
	}
	raw, length, _ := decode(text)
	if raw == nil {
		raw, length, _ = relaxed(text)
	}
	if raw == nil || length != len(text) || !wanted(r.Schema).fits(raw) {
		return ""
	}
	return string(raw)
}

var fenced = regexp.MustCompile("^```[a-z]*\\s*([^`]*[^`\\s])\\s*```$")

// mostRead and mostRelaxed bound how many bytes are read, over and over, in search of a document: an answer of nothing but braces must
// not keep a processor busy.
const mostRead, mostRelaxed = 32 << 20, 2 << 20

// ExtractJSON finds the answer in a text: models put fences, excuses, drafts and remarks around it. It is the last
// complete object that has what the schema requires – several of them one behind the other are one –; a bare list stands
// for the one list that is required; else it is the last object there is. What is no JSON is read as what it was meant
// to be, where that is certain.
func ExtractJSON(s string, schema json.RawMessage) (string, bool) {
	want := wanted(schema)
	strict := scan(s, want, mostRead, decode)
	if strict.fits() {
		return strict.answer()
	}
	if loose := scan(s, want, mostRelaxed, relaxed); loose.fits() || strict.last == "" && !strict.row() {
		return loose.answer()
	}
	return strict.answer()
}

// decode reads one value at the start of a text, and says how much was looked at.
func decode(s string) (raw json.RawMessage, length, read int) {
	err := json.NewDecoder(strings.NewReader(s)).Decode(&raw)
	var bad *json.SyntaxError
	switch {
	case err == nil:
		return raw, len(raw), 0
	case errors.As(err, &bad):
		return nil, 0, int(bad.Offset)
	}
	return nil, 0, len(s)
}

// finding is what was found in a text.
type finding struct {
	want wanting
	last string // the last object
	list string // the last list of objects that stands alone
	docs row    // the last objects that have what is required
	run  row    // the last objects of any kind
}

func scan(s string, want wanting, most int, one func(string) (json.RawMessage, int, int)) finding {
	f := finding{want: want}
	read := 0
	for i := 0; i < len(s) && read < most; i++ {
		if s[i] != '{' && s[i] != '[' {
			continue
		}
		raw, length, looked := one(s[i:])
		read += looked
		if raw == nil || !f.take(s, i, length, raw) {
			continue
		}
		i += length - 1
	}
	return f
}

// take keeps a value, or says that what stands in it is looked at.
func (f *finding) take(s string, from, length int, raw json.RawMessage) bool {
	if s[from] == '[' {
		if f.want.list == "" || !listOfObjects(raw) {
			return false // [1] and the like
		}
		f.list = string(raw)
		return true
	}
	if inner, ok := f.want.unwrapped(raw, 0); ok {
		raw = inner
		f.docs.add(s, from, length, string(raw))
	} else if f.run.add(s, from, length, string(raw)); f.want.named(raw) {
		f.run.objects = nil
	}
	f.last = string(raw)
	return true
}

func (f *finding) fits() bool { return len(f.docs.objects) > 0 || f.list != "" }

func (f *finding) row() bool { return f.want.list != "" && len(f.run.objects) > 1 }

func (f *finding) answer() (string, bool) {
	switch {
	case len(f.docs.objects) > 0:
		return f.want.joined(f.docs.objects), true
	case f.list != "":
		return `{"` + f.want.list + `":` + f.list + `}`, true
	case f.row():
		return `{"` + f.want.list + `":[` + strings.Join(f.run.objects, ",") + `]}`, true
	}
	return f.last, f.last != ""
}

// row is the last of the rows of objects in a text: one after the other, with nothing but commas and space between.
type row struct {
	objects []string
	end     int
}

func (r *row) add(s string, from, length int, object string) {
	if len(r.objects) > 0 && !between.MatchString(s[r.end:from]) {
		r.objects = nil
	}
	r.objects, r.end = append(r.objects, object), from+length
}

// between is what models write between the entries of a list that they do not write as one: fences, dashes, numbers.
var between = regexp.MustCompile("^(?i:[\\s,;#*`-]|[0-9]{1,3}[.:)]|item [0-9]{1,3}[.:)]?|jsonl?){0,60}$")

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

// joined puts documents of one list together; what they say differently of one entry, who reads them finds out.
func (w wanting) joined(docs []string) string {
	if w.list == "" || len(docs) == 1 {
		return docs[len(docs)-1]
	}
	var all []json.RawMessage
	for _, doc := range docs {
		var has map[string][]json.RawMessage
		if json.Unmarshal([]byte(doc), &has) != nil { // more in it than the list
			return docs[len(docs)-1]
		}
		all = append(all, has[w.list]...)
	}
	b, err := json.Marshal(map[string][]json.RawMessage{w.list: all})
	if err != nil {
		return docs[len(docs)-1]
	}
	return string(b)
}

// deepestWrapping bounds how many objects are around an answer.
const deepestWrapping = 3

// unwrapped is the object that fits: the whole, or the only one in it, as in {"verdicts":{…}}. Names without values
// beside it do not matter.
func (w wanting) unwrapped(raw json.RawMessage, depth int) (json.RawMessage, bool) {
	if w.fits(raw) {
		return raw, true
	}
	var has map[string]json.RawMessage
	if len(w.names) == 0 || depth == deepestWrapping || json.Unmarshal(raw, &has) != nil {
		return nil, false
	}
	var inner json.RawMessage
	for name, v := range has {
		switch {
		case v[0] != '{' && v[0] != '[':
		case inner != nil || v[0] == '[' && (w.list == "" || name == w.list || !listOfObjects(v)):
			return nil, false
		case v[0] == '[':
			inner = json.RawMessage(`{"` + w.list + `":` + string(v) + `}`)
		default:
			inner = v
		}
	}
	if inner == nil {
		return nil, false
	}
	return w.unwrapped(inner, depth+1)
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
