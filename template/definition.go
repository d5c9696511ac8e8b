// Package template writes WhatsApp message templates: drafts in several languages, the rules Meta checks
// them by, approval in the team, submission as an action, and what a person would see. The state Meta
// gives them is in inbox; whether one may go out is the gate's.
package template

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Meta's categories that are written here. Authentication texts are Meta's own and cannot be.
const (
	Marketing = "MARKETING"
	Utility   = "UTILITY"
)

// Definition is the text of a template in one language, with all that Meta and the sender need to know
// of it.
type Definition struct {
	Category  string     `json:"category" enum:"MARKETING,UTILITY"`
	Header    *Header    `json:"header,omitempty"`
	Body      string     `json:"body" maxLength:"4096"`
	Footer    string     `json:"footer,omitempty" maxLength:"1024"`
	Buttons   []Button   `json:"buttons,omitempty" maxItems:"30"`
	Variables []Variable `json:"variables,omitempty" maxItems:"60"`
}

// Header is the line or file above the body.
type Header struct {
	Format  string `json:"format" enum:"TEXT,IMAGE,VIDEO,DOCUMENT,LOCATION"`
	Text    string `json:"text,omitempty" maxLength:"1024"`
	Example string `json:"example,omitempty" maxLength:"2000" doc:"IMAGE, VIDEO, DOCUMENT: the handle Meta gave the example when it was uploaded; a sample stands in its place"`
	Sample  string `json:"sample,omitempty" pattern:"^([0-9a-f]{64})?$" doc:"IMAGE, VIDEO, DOCUMENT: a file that was uploaded here. It is shown to Meta's reviewers, and in messages where no other file is given"`
}

// Button is something to tap under the message.
type Button struct {
	Type    string `json:"type" enum:"QUICK_REPLY,URL,PHONE_NUMBER,COPY_CODE,FLOW"`
	Text    string `json:"text,omitempty" maxLength:"200"`
	URL     string `json:"url,omitempty" maxLength:"4000"`
	Phone   string `json:"phone,omitempty" maxLength:"40"`
	Code    string `json:"code,omitempty" maxLength:"100" doc:"COPY_CODE: an example of the code"`
	FlowID  string `json:"flow_id,omitempty" maxLength:"100"`
	Screen  string `json:"screen,omitempty" maxLength:"100" doc:"FLOW: the screen it opens with"`
	Payload string `json:"payload,omitempty" maxLength:"128" doc:"QUICK_REPLY: what comes back when it is tapped; Meta is not told of it"`
}

// Variable is a place in the text, what may stand there, and where its value comes from.
type Variable struct {
	In       string `json:"in" pattern:"^(header|body|button:[0-9])$" doc:"header, body, or button:N counted from 0"`
	Name     string `json:"name" maxLength:"40" doc:"What stands between the braces: 1, 2 … or a name"`
	Example  string `json:"example,omitempty" maxLength:"2000"`
	From     string `json:"from,omitempty" maxLength:"60" doc:"ask (the sender), name, first_name, brand, contact (how to reach the brand), or field:KEY of the person"`
	Fallback string `json:"fallback,omitempty" maxLength:"200" doc:"Stands there where the person's own value is not known"`
}

// Sources of values beside field:KEY.
const (
	FromSender    = "ask"
	FromName      = "name"
	FromFirstName = "first_name"
	FromBrand     = "brand"
	FromReach     = "contact"
	fromField     = "field:"
)

// media says whether the header is a file.
func (h *Header) media() bool {
	return h != nil && slices.Contains([]string{"IMAGE", "VIDEO", "DOCUMENT"}, h.Format)
}

var (
	placePattern = regexp.MustCompile(`\{\{([^{}]*)\}\}`)
	positional   = regexp.MustCompile(`^[1-9][0-9]?$`)
	named        = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
)

// places lists what stands between double braces, in order.
func places(text string) []string {
	var out []string
	for _, m := range placePattern.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// part is one text of a definition that can hold variables.
type part struct{ in, text string }

func (d Definition) parts() []part {
	var out []part
	if d.Header != nil && d.Header.Format == "TEXT" {
		out = append(out, part{"header", d.Header.Text})
	}
	out = append(out, part{"body", d.Body})
	for i, b := range d.Buttons {
		if b.Type == "URL" {
			out = append(out, part{fmt.Sprintf("button:%d", i), b.URL})
		}
	}
	return out
}

func (d Definition) variable(in, name string) (Variable, bool) {
	for _, v := range d.Variables {
		if v.In == in && v.Name == name {
			return v, true
		}
	}
	return Variable{In: in, Name: name}, false
}

// Uses lists the variables of the text in the order a person reads them, with what is known of each.
func (d Definition) Uses() []Variable {
	var out []Variable
	for _, p := range d.parts() {
		for _, name := range places(p.text) {
			v, _ := d.variable(p.in, name)
			if !slices.ContainsFunc(out, func(o Variable) bool { return o.In == v.In && o.Name == v.Name }) {
				out = append(out, v)
			}
		}
	}
	return out
}

// Named says whether variables have names instead of numbers. An address has no part in it: its one variable is {{1}} in
// either form.
func (d Definition) Named() bool {
	for _, p := range d.parts() {
		if strings.HasPrefix(p.in, "button:") {
			continue
		}
		for _, name := range places(p.text) {
			return !positional.MatchString(name)
		}
	}
	return false
}

// Texts is everything a person could read or tap, without the values.
func (d Definition) Texts() string {
	var out []string
	if d.Header != nil {
		out = append(out, d.Header.Text)
	}
	out = append(out, d.Body, d.Footer)
	for _, b := range d.Buttons {
		out = append(out, b.Text, b.URL)
	}
	return strings.Join(out, "\n")
}

// Tidy drops what has no place in the text any more and trims the ends, as a form leaves them.
func (d Definition) Tidy() Definition {
	d.Category = strings.ToUpper(strings.TrimSpace(d.Category))
	if d.Header != nil {
		h := *d.Header
		h.Format, h.Text, h.Example = strings.ToUpper(h.Format), strings.TrimSpace(h.Text), strings.TrimSpace(h.Example)
		d.Header = &h
		if h.Format == "" || h.Format == "TEXT" && h.Text == "" {
			d.Header = nil
		}
	}
	d.Body, d.Footer = strings.TrimSpace(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(d.Body)), strings.TrimSpace(d.Footer)
	d.Buttons = slices.Clone(d.Buttons)
	for i := range d.Buttons {
		b := &d.Buttons[i]
		b.Type, b.Text, b.URL, b.Phone, b.Code = strings.ToUpper(b.Type), strings.TrimSpace(b.Text), strings.TrimSpace(b.URL), strings.TrimSpace(b.Phone), strings.TrimSpace(b.Code)
	}
	d.Variables = d.Uses()
	return d
}

// Wire is the definition as Meta's API takes it.
func (d Definition) Wire(name, language string) (json.RawMessage, error) {
	w := map[string]any{"name": name, "language": language, "category": d.Category, "components": d.components()}
	if len(d.Uses()) > 0 {
		w["parameter_format"] = map[bool]string{true: "NAMED", false: "POSITIONAL"}[d.Named()]
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("encode template %s: %w", name, err)
	}
	return b, nil
}

func (d Definition) components() []any {
	var out []any
	if h := d.Header; h != nil {
		c := map[string]any{"type": "HEADER", "format": h.Format}
		switch {
		case h.Format == "TEXT":
			c["text"] = h.Text
			d.examples(c, "header", h.Text)
		case h.media():
			handles := []string{}
			if h.Example != "" {
				handles = append(handles, h.Example)
			}
			c["example"] = map[string]any{"header_handle": handles} // of a sample: put in when it is uploaded
		}
		out = append(out, c)
	}
	body := map[string]any{"type": "BODY", "text": d.Body}
	d.examples(body, "body", d.Body)
	out = append(out, body)
	if d.Footer != "" {
		out = append(out, map[string]any{"type": "FOOTER", "text": d.Footer})
	}
	if len(d.Buttons) > 0 {
		list := make([]any, len(d.Buttons))
		for i, b := range d.Buttons {
			list[i] = d.button(i, b)
		}
		out = append(out, map[string]any{"type": "BUTTONS", "buttons": list})
	}
	return out
}

// examples adds the samples that Meta's reviewers look at.
func (d Definition) examples(c map[string]any, in, text string) {
	names := places(text)
	if len(names) == 0 {
		return
	}
	if d.Named() {
		list := make([]any, len(names))
		for i, n := range names {
			v, _ := d.variable(in, n)
			list[i] = map[string]any{"param_name": n, "example": v.Example}
		}
		c["example"] = map[string]any{in + "_text_named_params": list}
		return
	}
	values := make([]string, len(names))
	for i, n := range names {
		v, _ := d.variable(in, n)
		values[i] = v.Example
	}
	if in == "header" {
		c["example"] = map[string]any{"header_text": values}
		return
	}
	c["example"] = map[string]any{"body_text": [][]string{values}}
}

func (d Definition) button(i int, b Button) map[string]any {
	out := map[string]any{"type": b.Type, "text": b.Text}
	switch b.Type {
	case "URL":
		out["url"] = b.URL
		if names := places(b.URL); len(names) > 0 {
			v, _ := d.variable(fmt.Sprintf("button:%d", i), names[0])
			out["example"] = []string{placePattern.ReplaceAllLiteralString(b.URL, v.Example)}
		}
	case "PHONE_NUMBER":
		out["phone_number"] = b.Phone
	case "COPY_CODE":
		delete(out, "text") // Meta writes it, in the reader's language
		out["example"] = b.Code
	case "FLOW":
		out["flow_id"] = b.FlowID
		if b.Screen != "" {
			out["flow_action"], out["navigate_screen"] = "navigate", b.Screen
		}
	}
	return out
}

// FromComponents reads a template as Meta lists it. What is not written here (a carousel, an offer that
// runs out) is left out, and said by the second result.
func FromComponents(category string, raw json.RawMessage) (Definition, bool, error) {
	var list []struct {
		Type    string          `json:"type"`
		Format  string          `json:"format"`
		Text    string          `json:"text"`
		Example json.RawMessage `json:"example"`
		Buttons []struct {
			Type    string          `json:"type"`
			Text    string          `json:"text"`
			URL     string          `json:"url"`
			Phone   string          `json:"phone_number"`
			FlowID  json.RawMessage `json:"flow_id"`
			Screen  string          `json:"navigate_screen"`
			Example json.RawMessage `json:"example"`
		} `json:"buttons"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return Definition{}, false, fmt.Errorf("read a template's components: %w", err)
	}
	d, whole := Definition{Category: category}, true
	for _, c := range list {
		switch strings.ToUpper(c.Type) {
		case "HEADER":
			d.Header = &Header{Format: strings.ToUpper(c.Format), Text: c.Text}
			if d.Header.media() {
				d.Header.Example = firstString(c.Example)
			}
			d.readExamples("header", c.Text, c.Example)
		case "BODY":
			d.Body = c.Text
			d.readExamples("body", c.Text, c.Example)
		case "FOOTER":
			d.Footer = c.Text
		case "BUTTONS":
			for _, b := range c.Buttons {
				n := Button{Type: strings.ToUpper(b.Type), Text: b.Text, URL: b.URL, Phone: b.Phone, FlowID: strings.Trim(string(b.FlowID), `"`), Screen: b.Screen}
				if n.Type == "COPY_CODE" {
					n.Text, n.Code = "", firstString(b.Example)
				}
				if !slices.Contains(buttonTypes, n.Type) {
					whole = false
				}
				d.Buttons = append(d.Buttons, n)
				if names := places(b.URL); len(names) > 0 {
					sample := strings.TrimPrefix(firstString(b.Example), strings.SplitN(b.URL, "{{", 2)[0])
					d.Variables = append(d.Variables, Variable{In: fmt.Sprintf("button:%d", len(d.Buttons)-1), Name: names[0], Example: sample})
				}
			}
		default:
			whole = false
		}
	}
	return d, whole, nil
}

// beyond says whether messages by a template take values that Send does not write, so that the network would refuse each.
// What takes none – a button that calls over WhatsApp – goes as it is.
func beyond(raw json.RawMessage) (bool, error) {
	var list []struct {
		Type    string `json:"type"`
		Format  string `json:"format"`
		Buttons []struct {
			Type string `json:"type"`
		} `json:"buttons"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return false, fmt.Errorf("read a template's components: %w", err)
	}
	for _, c := range list {
		if slices.Contains([]string{"CAROUSEL", "LIMITED_TIME_OFFER"}, strings.ToUpper(c.Type)) || strings.ToUpper(c.Format) == "LOCATION" {
			return true, nil
		}
		for _, b := range c.Buttons {
			if slices.Contains([]string{"OTP", "MPM", "SPM", "ORDER_DETAILS"}, strings.ToUpper(b.Type)) {
				return true, nil
			}
		}
	}
	return false, nil
}

func (d *Definition) readExamples(in, text string, raw json.RawMessage) {
	var e struct {
		Header []string   `json:"header_text"`
		Body   [][]string `json:"body_text"`
		Named  []struct {
			Name    string `json:"param_name"`
			Example string `json:"example"`
		} `json:"body_text_named_params"`
		NamedHeader []struct {
			Name    string `json:"param_name"`
			Example string `json:"example"`
		} `json:"header_text_named_params"`
	}
	_ = json.Unmarshal(raw, &e) // a template without examples is one all the same
	values := e.Header
	if in == "body" && len(e.Body) > 0 {
		values = e.Body[0]
	}
	for i, name := range places(text) {
		v := Variable{In: in, Name: name}
		n, err := strconv.Atoi(name)
		switch {
		case err == nil && n >= 1 && n <= len(values):
			v.Example = values[n-1]
		case err != nil && i < len(values):
			v.Example = values[i]
		}
		for _, p := range append(e.Named, e.NamedHeader...) {
			if p.Name == name {
				v.Example = p.Example
			}
		}
		if _, known := d.variable(in, name); !known {
			d.Variables = append(d.Variables, v)
		}
	}
}

// firstString finds the first text in an example, whatever its shape.
func firstString(raw json.RawMessage) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return ""
	}
	for {
		switch x := v.(type) {
		case string:
			return x
		case []any:
			if len(x) == 0 {
				return ""
			}
			v = x[0]
		case map[string]any:
			v = x["header_handle"]
		default:
			return ""
		}
	}
}
