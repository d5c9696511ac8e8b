package flow

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// Texts is what is said, by language.
type Texts map[string]string

// in returns the text in the language, or in the default one, and in which it is.
func (t Texts) in(lang, fallback string) (text, found string) {
	if s, ok := t[lang]; ok {
		return s, lang
	}
	return t[fallback], fallback
}

// part is a piece of a text: literal, or a variable with what stands in for it.
type part struct{ text, name, fallback string }

// parseTemplate splits a text with {{name|fallback}} in it.
func parseTemplate(s string) ([]part, error) {
	var out []part
	for {
		before, rest, found := strings.Cut(s, "{{")
		if before != "" {
			out = append(out, part{text: before})
		}
		if !found {
			return out, nil
		}
		inside, after, closed := strings.Cut(rest, "}}")
		if !closed {
			return nil, errors.New("a variable is opened with {{ and never closed with }}")
		}
		name, fallback, _ := strings.Cut(inside, "|")
		p := part{name: strings.TrimSpace(name), fallback: strings.TrimSpace(fallback)}
		if p.name == "" || strings.ContainsAny(inside, "{}") {
			return nil, fmt.Errorf("{{%s}} is no variable; write {{contact.name}} or {{contact.name|there}}", inside)
		}
		out = append(out, p)
		s = after
	}
}

// standardFields are the contact fields every workspace has.
var standardFields = []string{"name", "first_name", "email", "phone", "company", "city", "postcode", "country", "language"}

// otherVariables are the variables beside contact fields and answers.
var otherVariables = []string{"brand", "origin", "booking.date", "booking.time", "booking.service", "booking.ref"}

// variables checks every name used in texts, once all answers are known.
func (r *reader) variables(tree *node) {
	for _, u := range r.uses {
		n := r.find(tree, u.path)
		group, name, dotted := strings.Cut(u.name, ".")
		switch {
		case slices.Contains(otherVariables, u.name):
		case group == "answers" && dotted:
			if _, ok := r.f.answers[name]; !ok {
				r.fault(u.path, n, "nothing is saved as answer %q; the answers are %s", name, listed(sortedKeys(r.f.answers)))
			}
		case group == "contact" && dotted:
			if !r.isField(name) {
				r.fault(u.path, n, "there is no contact field %q; there are %s, and what \"fields\" declares", name, listed(standardFields))
			} else if !u.fallback && u.send {
				r.warn(u.path, n, "contact.%s may be empty; give it a fallback, as {{contact.%s|…}}", name, name)
			}
		default:
			r.fault(u.path, n, "there is no variable %q; there are contact.<field>, answers.<name>, %s", u.name, strings.Join(otherVariables, ", "))
		}
	}
}

func (r *reader) isField(name string) bool {
	return slices.Contains(standardFields, name) || slices.Contains(r.f.Fields, name)
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	if len(names) > 20 {
		return strings.Join(names[:20], ", ") + " and more"
	}
	return strings.Join(names, ", ")
}

func sortedKeys[T any](m map[string]T) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// maxValue is how much of a value goes into a text: nobody fills our message with theirs.
const maxValue = 200

// plain makes a value harmless in a text: it is data. Line breaks, control and direction characters go, so
// that it cannot look like a message of its own; "~" goes, so that it cannot pass for a reference.
func plain(value string) string {
	s := strings.Map(func(c rune) rune {
		switch {
		case c == '\n', c == '\r', c == '\t', c == '\u2028', c == '\u2029':
			return ' '
		case c == '~', unicode.IsControl(c), unicode.Is(unicode.Bidi_Control, c), c == '\u200b', c == '\ufeff', c == unicode.ReplacementChar:
			return -1
		}
		return c
	}, strings.ToValidUTF8(value, ""))
	return cut(strings.Join(strings.Fields(s), " "), maxValue)
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	count := 0
	for i := range s {
		if count == n {
			return s[:i]
		}
		count++
	}
	return s
}

// fill puts values into a text. What a value holds is never read as a variable. An empty value takes the
// space before it along ("Hi {{contact.name}}!" becomes "Hi!").
func (r *run) fill(text string, escape func(string) string) string {
	parts, err := parseTemplate(text)
	if err != nil { // cannot be in a checked document
		return text
	}
	var b strings.Builder
	for _, p := range parts {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		v := plain(r.value(p.name))
		if v == "" {
			v = p.fallback
		}
		if v == "" && strings.HasSuffix(b.String(), " ") {
			s := strings.TrimSuffix(b.String(), " ")
			b.Reset()
			b.WriteString(s)
		}
		b.WriteString(escape(v))
	}
	return b.String()
}

func asText(v string) string { return v }

// inURL escapes a value for a path or a query; dots alone, which would climb in the path, go.
func inURL(v string) string {
	if strings.Trim(v, ".") == "" {
		return ""
	}
	return strings.ReplaceAll(url.QueryEscape(v), "+", "%20")
}

// value is what a variable stands for now.
func (r *run) value(name string) string {
	group, key, _ := strings.Cut(name, ".")
	switch group {
	case "contact":
		if key == "first_name" && r.contact[key] == "" {
			first, _, _ := strings.Cut(strings.TrimSpace(r.contact["name"]), " ")
			return first
		}
		return r.contact[key]
	case "answers":
		return r.s.Answers[key]
	case "brand":
		return r.ctx.Brand
	case "origin":
		return r.ctx.Origin
	case "booking":
		return r.bookingValue(key)
	}
	return ""
}

//go:embed texts.json
var textFiles embed.FS

// own are the sentences of the interpreter itself, in the seven languages served.
var own = func() map[string]Texts {
	raw, err := textFiles.ReadFile("texts.json")
	if err != nil {
		panic(err)
	}
	var t map[string]Texts
	if err := json.Unmarshal(raw, &t); err != nil {
		panic(err)
	}
	return t
}()

// sentence is one of the interpreter's own, in the language that the flow speaks: it stands beside the flow's.
func (r *run) sentence(key string) string { return r.sentenceIn(r.speaks(), key) }

// sentenceIn is one that stands alone.
func (r *run) sentenceIn(language, key string) string {
	text, _ := own[key].in(language, "en")
	return text
}

// speaks is the person's language where the flow has it, else the flow's own.
func (r *run) speaks() string {
	if slices.Contains(r.f.Languages, r.ctx.Language) {
		return r.ctx.Language
	}
	return r.f.Default
}
