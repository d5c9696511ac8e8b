package template

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Preview is a template as a phone shows it, from top to bottom.
type Preview struct {
	Header  *PreviewHeader  `json:"header,omitempty"`
	Body    []Span          `json:"body"`
	Text    string          `json:"text" doc:"The body with its values, as it is sent"`
	Footer  string          `json:"footer"`
	Buttons []PreviewButton `json:"buttons"`
}

// PreviewHeader is the line or file above the body.
type PreviewHeader struct {
	Format string `json:"format"`
	Text   string `json:"text"`
}

// PreviewButton is a button as it reads, and where it leads.
type PreviewButton struct {
	Type string `json:"type"`
	Text string `json:"text"`
	URL  string `json:"url,omitempty"`
}

// Span is a piece of the body in one dress. A variable whose value is not known is shown by its place.
type Span struct {
	Text   string `json:"text"`
	Bold   bool   `json:"bold,omitempty"`
	Italic bool   `json:"italic,omitempty"`
	Strike bool   `json:"strike,omitempty"`
	Mono   bool   `json:"mono,omitempty"`
	Open   bool   `json:"open,omitempty" doc:"A variable without a value"`
}

// Values are what stands in the variables, by where they are and what they are called.
type Values map[string]string

// Key names a variable in Values.
func Key(in, name string) string { return in + ":" + name }

// fill puts the values into a text; what has none stays as it is.
func (v Values) fill(in, text string) string {
	return placePattern.ReplaceAllStringFunc(text, func(place string) string {
		if value, ok := v[Key(in, place[2:len(place)-2])]; ok && value != "" {
			return value
		}
		return place
	})
}

// Examples are the values that the examples give.
func (d Definition) Examples() Values {
	out := Values{}
	for _, v := range d.Uses() {
		if v.Example != "" {
			out[Key(v.In, v.Name)] = v.Example
		}
	}
	return out
}

// Show renders the template with values.
func (d Definition) Show(values Values) Preview {
	p := Preview{Footer: d.Footer, Buttons: []PreviewButton{}, Text: values.fill("body", d.Body)}
	p.Body = Format(p.Text)
	if d.Header != nil {
		p.Header = &PreviewHeader{Format: d.Header.Format, Text: values.fill("header", d.Header.Text)}
	}
	for i, b := range d.Buttons {
		shown := PreviewButton{Type: b.Type, Text: b.Text}
		switch b.Type {
		case "URL":
			shown.URL = values.fill(fmt.Sprintf("button:%d", i), b.URL)
		case "PHONE_NUMBER":
			shown.URL = "tel:" + b.Phone
		case "COPY_CODE":
			shown.Text = b.Code
		}
		p.Buttons = append(p.Buttons, shown)
	}
	return p
}

// Plain is the whole message in words, as it stands in the thread.
func (p Preview) Plain() string {
	var lines []string
	if p.Header != nil && p.Header.Text != "" {
		lines = append(lines, p.Header.Text)
	}
	lines = append(lines, p.Text)
	if p.Footer != "" {
		lines = append(lines, p.Footer)
	}
	return strings.Join(lines, "\n")
}

// Format reads WhatsApp's marks: *bold*, _italic_, ~struck~, ```fixed```. A mark counts only where it hugs
// a word on the same line, so that 2*3*4 and snake_case stay as they are.
func Format(text string) []Span {
	out := []Span{}
	for i, piece := range strings.Split(text, "```") {
		fixed := i%2 == 1
		if fixed && i == strings.Count(text, "```") && strings.Count(text, "```")%2 == 1 {
			fixed, piece = false, "```"+piece // never closed
		}
		if fixed {
			out = append(out, Span{Text: piece, Mono: true})
			continue
		}
		out = append(out, dress(piece, Span{})...)
	}
	return merge(open(out))
}

var marks = []struct {
	mark rune
	set  func(*Span)
}{
	{'*', func(s *Span) { s.Bold = true }}, {'_', func(s *Span) { s.Italic = true }}, {'~', func(s *Span) { s.Strike = true }},
}

func dress(text string, as Span) []Span {
	for i, r := range text {
		for _, m := range marks {
			if r != m.mark {
				continue
			}
			end := closing(text, i, m.mark)
			if end < 0 {
				continue
			}
			inner := as
			m.set(&inner)
			out := plain(text[:i], as)
			out = append(out, dress(text[i+1:end], inner)...)
			return append(out, dress(text[end+1:], as)...)
		}
	}
	return plain(text, as)
}

func plain(text string, as Span) []Span {
	if text == "" {
		return nil
	}
	as.Text = text
	return []Span{as}
}

// closing finds the mark that ends what the one at i begins, or -1.
func closing(text string, i int, mark rune) int {
	before, _ := utf8.DecodeLastRuneInString(text[:i])
	after, _ := utf8.DecodeRuneInString(text[i+1:])
	if i > 0 && wordRune(before) || unicode.IsSpace(after) || i+1 >= len(text) || after == mark {
		return -1
	}
	for j, r := range text[i+1:] {
		at := i + 1 + j
		if r == '\n' {
			return -1
		}
		if r != mark || j == 0 {
			continue
		}
		last, _ := utf8.DecodeLastRuneInString(text[:at])
		next, _ := utf8.DecodeRuneInString(text[at+1:])
		if !unicode.IsSpace(last) && (at+1 >= len(text) || !wordRune(next)) {
			return at
		}
	}
	return -1
}

func wordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// open parts the variables that nothing was put into from the words around them.
func open(spans []Span) []Span {
	var out []Span
	for _, s := range spans {
		at := 0
		for _, loc := range placePattern.FindAllStringIndex(s.Text, -1) {
			word, hole := s, s
			word.Text, hole.Text, hole.Open = s.Text[at:loc[0]], s.Text[loc[0]:loc[1]], true
			if word.Text != "" {
				out = append(out, word)
			}
			out = append(out, hole)
			at = loc[1]
		}
		if s.Text = s.Text[at:]; s.Text != "" {
			out = append(out, s)
		}
	}
	return out
}

func merge(spans []Span) []Span {
	out := []Span{}
	for _, s := range spans {
		if n := len(out); n > 0 {
			last := out[n-1]
			last.Text = s.Text
			if last == s && !s.Open {
				out[n-1].Text += s.Text
				continue
			}
		}
		out = append(out, s)
	}
	return out
}
