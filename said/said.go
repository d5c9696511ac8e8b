// Package said knows every sentence that the program writes for people, by a stable code.
//
// What is decided is explained in English where it is decided, and kept so. Whoever shows it in another
// language needs more: which statement it is, and the values in it. The lists beside this file name each
// statement with its code; the words in other languages are the interface's, under the same codes.
//
// Where a sentence is made from a format and arguments, Of names it exactly. Where only the text was kept – the
// reason of an event, of a verdict, of an import's row – Read takes it apart.
package said

import (
	"embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Other is the code of what has none: words of a person, of a rule somebody wrote, of a model or a network.
const Other = "other"

// Statement is one statement of a sentence.
type Statement struct {
	Code   string                 `json:"code" doc:"Stable; other: words of a person, a rule, a model or the network"`
	Values map[string]string      `json:"values" doc:"What stands in the statement: names, counts, categories; instants as RFC 3339"`
	Within map[string][]Statement `json:"within,omitempty" doc:"Values that are statements themselves"`
	Join   string                 `json:"join,omitempty" enum:";,:" doc:"How the next statement follows"`
	Text   string                 `json:"text" doc:"The same in English"`
}

//go:embed lists/*.txt
var files embed.FS

// sentence is a line of the lists: a code and its English. {name} is a value, {name*} one that is a statement
// itself, {=name} braces that stand there.
type sentence struct {
	code   string
	names  []string // of its values, in order
	nested map[string]bool
	lead   string // the fixed words it begins with
	// form takes a text apart. A thousand expressions would keep 14 MB, and most processes read few sentences,
	// so each is made when the first text with its lead comes.
	form func() *regexp.Regexp
}

// catalogue is all sentences, by their formats and by how they begin.
type catalogue struct {
	byForm map[string]*sentence
	byLead map[string][]*sentence // by the first letters; "" for those that begin with a value
	codes  map[string]string
	lists  map[string][]string // the codes of each file
}

var all = load()

// leadLetters is how many letters the index looks at: enough to leave few, few enough that most sentences have them.
const leadLetters = 4

func load() *catalogue {
	c := &catalogue{byForm: map[string]*sentence{}, byLead: map[string][]*sentence{}, codes: map[string]string{}, lists: map[string][]string{}}
	entries, err := files.ReadDir("lists")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, e := range entries {
		raw, err := files.ReadFile("lists/" + e.Name())
		if err != nil {
			panic(err)
		}
		name := strings.TrimSuffix(e.Name(), ".txt")
		for line := range strings.Lines(string(raw)) {
			code, text, ok := strings.Cut(strings.TrimSpace(line), " | ")
			if ok && !strings.HasPrefix(line, "#") {
				c.add(name, code, text)
			}
		}
	}
	return c
}

var place = regexp.MustCompile(`\{([a-z]+)(\*?)\}`)

func (c *catalogue) add(list, code, text string) {
	s := &sentence{code: code, nested: map[string]bool{}}
	shown := strings.ReplaceAll(place.ReplaceAllString(text, "{}"), "{=", "{")
	for _, m := range place.FindAllStringSubmatch(text, -1) {
		s.names = append(s.names, m[1])
		if m[2] != "" {
			s.nested[m[1]] = true
		}
	}
	s.form = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?s)^(` + pattern(text) + `)(?:(; |: )|$)`) })
	s.lead, _, _ = strings.Cut(shown, "{")
	key := ""
	if len(s.lead) >= leadLetters {
		key = s.lead[:leadLetters]
	}
	c.byLead[key] = append(c.byLead[key], s)
	c.byForm[shown] = s
	if c.codes[code] == "" {
		c.codes[code] = text
		c.lists[list] = append(c.lists[list], code)
	}
}

// figures are the values that are numbers; the others are whatever stands there.
var figures = map[string]bool{"count": true, "score": true, "limit": true, "minutes": true, "days": true, "hours": true, "months": true, "line": true, "most": true, "least": true, "harm": true, "spam": true, "number": true, "years": true, "seconds": true, "id": true, "version": true, "share": true, "bytes": true, "from": true, "position": true}

// pattern makes an expression of a line: between quotes a value is whatever stands there, elsewhere it ends where
// the statement does.
func pattern(text string) string {
	var out strings.Builder
	rest := text
	for {
		at := place.FindStringSubmatchIndex(rest)
		if at == nil {
			break
		}
		out.WriteString(regexp.QuoteMeta(strings.ReplaceAll(rest[:at[0]], "{=", "{")))
		name, before, after := rest[at[2]:at[3]], rest[:at[0]], rest[at[1]:]
		switch {
		case strings.HasSuffix(before, "«") && strings.HasPrefix(after, "»"):
			out.WriteString(`([^»]*)`)
		case strings.HasSuffix(before, `"`) && strings.HasPrefix(after, `"`):
			out.WriteString(`((?:[^"\\]|\\.)*)`)
		case figures[name]:
			out.WriteString(`(-?\d[\d.,]*)`)
		default:
			out.WriteString(`(.+?)`)
		}
		rest = after
	}
	out.WriteString(regexp.QuoteMeta(strings.ReplaceAll(rest, "{=", "{")))
	return out.String()
}

// Read takes a sentence apart that was kept as text. Its statements follow each other after "; ", or after ": "
// where the first says what the second is about. What no list names is Other, word for word.
func Read(text string) []Statement {
	return read(text, 0)
}

// nestedDeep bounds statements within statements.
const nestedDeep = 3

func read(text string, depth int) []Statement {
	out := []Statement{}
	for rest := strings.TrimSpace(text); rest != ""; {
		part, used := all.first(rest, depth)
		out = append(out, part)
		rest = strings.TrimSpace(rest[used:])
	}
	return out
}

// first reads the first statement: the longest that is known, of two as long the one with fewer values, since
// what stands in its words is translated with them.
func (c *catalogue) first(text string, depth int) (Statement, int) {
	var found *sentence
	var at []int
	for _, key := range []string{text[:min(leadLetters, len(text))], ""} {
		for _, s := range c.byLead[key] {
			if !strings.HasPrefix(text, s.lead) {
				continue
			}
			if m := s.form().FindStringSubmatchIndex(text); m != nil && (at == nil || m[3] > at[3] || m[3] == at[3] && len(s.names) < len(found.names)) {
				found, at = s, m
			}
		}
	}
	if found == nil {
		first, _, more := strings.Cut(text, "; ")
		p := Statement{Code: Other, Values: map[string]string{}, Text: first}
		if !more {
			return p, len(text)
		}
		p.Join = ";"
		return p, len(first) + 2
	}
	values := make([]string, len(found.names))
	for i := range values {
		values[i] = text[at[2*i+4]:at[2*i+5]]
	}
	p := found.part(text[:at[3]], values, depth)
	if last := len(at) - 2; at[last] >= 0 {
		p.Join = strings.TrimSpace(text[at[last]:at[last+1]])
	}
	return p, at[1]
}

func (s *sentence) part(text string, values []string, depth int) Statement {
	p := Statement{Code: s.code, Values: map[string]string{}, Text: text}
	for i, name := range s.names {
		p.Values[name] = typed(name, values[i])
		if s.nested[name] && depth < nestedDeep {
			if inner := read(values[i], depth+1); slices.ContainsFunc(inner, func(q Statement) bool { return q.Code != Other }) {
				if p.Within == nil {
					p.Within = map[string][]Statement{}
				}
				p.Within[name] = inner
			}
		}
	}
	return p
}

var (
	verb  = regexp.MustCompile(`%[-+# 0-9.]*[a-zA-Z%]`)
	plain = strings.NewReplacer(`%%`, `%`)
)

// form is a format as the lists write it, and its verbs.
func form(format string) (string, []string) {
	var verbs []string
	text := verb.ReplaceAllStringFunc(format, func(v string) string {
		if v == "%%" {
			return "%"
		}
		verbs = append(verbs, v)
		if strings.HasSuffix(v, "q") {
			return `"{}"`
		}
		return "{}"
	})
	return text, verbs
}

// Of names a sentence by the format it is made from; the values are the arguments as they are, so that nothing in
// them can be mistaken. A format that no list has is read as text.
func Of(format string, args ...any) []Statement {
	key, verbs := form(format)
	s := all.byForm[key]
	if s == nil || len(verbs) != len(args) || len(args) != len(s.names) {
		return Read(fmt.Sprintf(format, args...))
	}
	values := make([]string, len(args))
	for i, a := range args {
		values[i] = fmt.Sprintf(strings.Replace(verbs[i], "q", "v", 1), a)
	}
	return []Statement{s.part(fmt.Sprintf(format, args...), values, 0)}
}

// Has says whether the lists name every statement of a format.
func Has(format string) bool {
	key, _ := form(format)
	if all.byForm[key] != nil {
		return true
	}
	return !slices.ContainsFunc(Read(plain.Replace(verb.ReplaceAllString(format, "9"))), func(p Statement) bool { return p.Code == Other })
}

// Codes are all codes with their English sentences, for those who translate them.
func Codes() map[string]string { return maps.Clone(all.codes) }

// Lists are the names of the lists with their codes; the interface brings the words of each with the screens that
// show them.
func Lists() map[string][]string { return maps.Clone(all.lists) }
