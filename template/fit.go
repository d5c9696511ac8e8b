package template

import (
	"fmt"
	"strings"

	"ponte/gate"
)

// Fit says where the text does not fit its category, and what to change. It is the gate's own rule, asked
// before Meta's reviewers and the person find out.
func (d Definition) Fit(brand string) []Fault {
	var f faults
	for _, x := range gate.Lint(d.Category, brand, d.lintParts(brand)) {
		said := "«" + strings.Join(x.Words, "», «") + "»"
		switch x.Kind {
		case "promotional_words":
			f.add(x.Part, x.Kind, "%s promotes: take it out, or make this a MARKETING template with your brand's name and how to opt out", said)
		case "price":
			f.add(x.Part, x.Kind, "%s is a price: take it out, put a variable in its place if it is what the person paid, or make this a MARKETING template", said)
		case "shop_link":
			f.add(x.Part, x.Kind, "%s leads to a shop or a home page: end it with a path and a variable that names the person's own order or booking, or make this a MARKETING template", said)
		case "brand_missing":
			f.add("body", x.Kind, "a marketing template must say who it is from: write «%s» in its header, body or footer", brand)
		case "opt_out_missing":
			f.add("footer", x.Kind, "a marketing template must say in itself how to get no more: write for example «Reply STOP to opt out» in the footer, or add a STOP button")
		}
	}
	return f
}

// lintParts names the texts as the form does; a variable that is filled with the brand reads as its name.
func (d Definition) lintParts(brand string) []gate.Part {
	withBrand := func(in, text string) string {
		for _, name := range places(text) {
			if v, _ := d.variable(in, name); v.From == FromBrand {
				text = strings.ReplaceAll(text, "{{"+name+"}}", brand)
			}
		}
		return text
	}
	var out []gate.Part
	if d.Header != nil {
		out = append(out, gate.Part{Name: "header.text", Text: withBrand("header", d.Header.Text)})
	}
	out = append(out, gate.Part{Name: "body", Text: withBrand("body", d.Body)}, gate.Part{Name: "footer", Text: d.Footer})
	for i, b := range d.Buttons {
		out = append(out, gate.Part{Name: fmt.Sprintf("buttons[%d].text", i), Text: b.Text}, gate.Part{Name: fmt.Sprintf("buttons[%d].url", i), Text: b.URL})
	}
	return out
}

// Examine is every check of a template in one language: its name, Meta's rules and its category.
func Examine(name, language string, d Definition, brand string) []Fault {
	out := CheckName(name, language)
	out = append(out, d.Check()...)
	out = append(out, d.Fit(brand)...)
	if out == nil {
		out = []Fault{}
	}
	return out
}
