package template

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"ponte/fault"
)

// Person is what is known of the person a template goes to.
type Person struct {
	Name   string
	Fields map[string]any
}

// Sender is what is known of the brand it comes from.
type Sender struct {
	Brand string
	Reach string // how to reach the brand
}

// Filled is the value of a variable, and where it came from.
type Filled struct {
	Variable
	Value  string `json:"value"`
	Source string `json:"source" enum:"given,person,brand,fallback,none"`
}

// Fill finds the value of every variable: what the sender gave, else what is known of the person or the
// brand, else the fallback. A variable without any of these is left open.
func (d Definition) Fill(given Values, p Person, s Sender) []Filled {
	out := []Filled{}
	for _, v := range d.Uses() {
		f := Filled{Variable: v, Source: "none"}
		known, source := v.known(p, s)
		switch {
		case clean(given[Key(v.In, v.Name)]) != "":
			f.Value, f.Source = clean(given[Key(v.In, v.Name)]), "given"
		case clean(known) != "":
			f.Value, f.Source = clean(known), source
		case v.Fallback != "":
			f.Value, f.Source = clean(v.Fallback), "fallback"
		}
		if strings.HasPrefix(v.In, "button:") { // the end of an address
			f.Value = strings.ReplaceAll(f.Value, " ", "%20")
		}
		out = append(out, f)
	}
	return out
}

func (v Variable) known(p Person, s Sender) (value, source string) {
	switch v.From {
	case FromName:
		return p.Name, "person"
	case FromFirstName:
		first, _, _ := strings.Cut(strings.TrimSpace(p.Name), " ")
		return first, "person"
	case FromBrand:
		return s.Brand, "brand"
	case FromReach:
		return s.Reach, "brand"
	}
	if key, ok := strings.CutPrefix(v.From, fromField); ok {
		switch x := p.Fields[key].(type) {
		case string:
			return x, "person"
		case float64:
			return strconv.FormatFloat(x, 'f', -1, 64), "person"
		}
	}
	return "", ""
}

// clean makes a value one that Meta takes: no line breaks, no tabs, no long runs of spaces, no braces that would
// read as a variable; and nothing unseen, by which a name could turn round the text behind it.
func clean(value string) string {
	value = strings.NewReplacer("{{", "(", "}}", ")").Replace(seen(strings.ToValidUTF8(value, "")))
	return strings.Join(strings.Fields(value), " ")
}

// AsValues keys what was filled.
func AsValues(list []Filled) Values {
	out := Values{}
	for _, f := range list {
		if f.Value != "" {
			out[Key(f.In, f.Name)] = f.Value
		}
	}
	return out
}

// Send is the components of a message by this template, as Meta takes them. Media is the address of the
// header's file, where the header is one.
func (d Definition) Send(filled []Filled, media string) (json.RawMessage, error) {
	values := AsValues(filled)
	for _, f := range filled {
		if f.Value == "" {
			return nil, fault.Field("values", "nothing is known for {{%s}}: give it a value", f.Name)
		}
	}
	shown := d.Show(values)
	if n := utf8.RuneCountInString(shown.Text); n > maxBody {
		return nil, fault.Field("values", "with its values the text has %d characters; at most %d are taken: shorten a value", n, maxBody)
	}
	if h := shown.Header; h != nil && utf8.RuneCountInString(h.Text) > maxHeader {
		return nil, fault.Field("values", "with its value the header has %d characters; at most %d are taken: shorten it", utf8.RuneCountInString(h.Text), maxHeader)
	}
	var out []any
	if h := d.Header; h != nil {
		switch {
		case h.media() && media == "" && h.Sample != "": // the file goes beside the components
		case h.media() && media == "":
			return nil, fault.Field("media", "the header of this template is a file: give its address")
		case h.media():
			kind := strings.ToLower(h.Format)
			out = append(out, map[string]any{"type": "header", "parameters": []any{map[string]any{"type": kind, kind: map[string]any{"link": media}}}})
		case h.Format == "TEXT":
			if params := d.parameters("header", h.Text, values); params != nil {
				out = append(out, map[string]any{"type": "header", "parameters": params})
			}
		case h.Format == "LOCATION":
			return nil, fault.Field("template_id", "a template with a place in its header is not sent from here")
		}
	}
	if params := d.parameters("body", d.Body, values); params != nil {
		out = append(out, map[string]any{"type": "body", "parameters": params})
	}
	for i, b := range d.Buttons {
		if c := d.sendButton(i, b, values); c != nil {
			out = append(out, c)
		}
	}
	if out == nil {
		return nil, nil
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode a template's values: %w", err)
	}
	return raw, nil
}

// Preliminary is Send for a question to the gate: what is not known yet is left empty.
func (d Definition) Preliminary(values Values) (json.RawMessage, error) {
	var out []any
	for _, v := range d.Uses() {
		out = append(out, map[string]any{"type": "text", "text": values[Key(v.In, v.Name)]})
	}
	raw, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("encode a template's values: %w", err)
	}
	return raw, nil
}

func (d Definition) parameters(in, text string, values Values) []any {
	var out []any
	for _, name := range places(text) {
		p := map[string]any{"type": "text", "text": values[Key(in, name)]}
		if !positional.MatchString(name) {
			p["parameter_name"] = name
		}
		out = append(out, p)
	}
	return out
}

func (d Definition) sendButton(i int, b Button, values Values) map[string]any {
	c := map[string]any{"type": "button", "index": strconv.Itoa(i)}
	switch b.Type {
	case "URL":
		names := places(b.URL)
		if len(names) == 0 {
			return nil
		}
		c["sub_type"], c["parameters"] = "url", []any{map[string]any{"type": "text", "text": values[Key(fmt.Sprintf("button:%d", i), names[0])]}}
	case "QUICK_REPLY":
		if b.Payload == "" {
			return nil
		}
		c["sub_type"], c["parameters"] = "quick_reply", []any{map[string]any{"type": "payload", "payload": b.Payload}}
	case "COPY_CODE":
		c["sub_type"], c["parameters"] = "copy_code", []any{map[string]any{"type": "coupon_code", "coupon_code": b.Code}}
	case "FLOW":
		c["sub_type"], c["parameters"] = "flow", []any{map[string]any{"type": "action", "action": map[string]any{}}}
	default:
		return nil
	}
	return c
}
