package ingest

import (
	"cmp"
	"strings"

	"ponte/channels"
	"ponte/fault"
	"ponte/flow"
	"ponte/outbox"
	"ponte/template"
)

// templateFor returns the template of a name in the language that suits best: the person's before the
// workspace's, that before English. Where none may be sent it returns one that may not, so that the gate
// refuses it with the reason, where people see it; nil where the account has none of the name.
func (s *scene) templateFor(workspace, account int64, name, language, locale string) (*template.Listed, error) {
	all, err := template.List(s.ctx, s.tx, workspace, account, false)
	if err != nil {
		return nil, err
	}
	var approved, rest []string
	byLanguage := map[string]*template.Listed{}
	for i, l := range all {
		if l.Name != name {
			continue
		}
		byLanguage[l.Language] = &all[i]
		if l.Sendable() == nil {
			approved = append(approved, l.Language)
		} else {
			rest = append(rest, l.Language)
		}
	}
	for _, codes := range [][]string{approved, rest} {
		if len(codes) == 0 {
			continue
		}
		choice, err := template.ChooseLanguage(codes, language, locale)
		if err != nil {
			if choice, err = template.ChooseLanguage(codes, "en", codes[0]); err != nil {
				continue
			}
		}
		return byLanguage[choice.Language], nil
	}
	return nil, nil
}

// fillTemplate puts values into the places of a template's body, in their order; a place that takes something of the
// person which is known, and its other places, take what the template itself knows. Values beyond the places are left out; a place that nothing is known for gets
// a dash, because a template with an empty place would be refused.
func fillTemplate(l *template.Listed, values []string, person template.Person, sender template.Sender) (*channels.TemplateSend, string, error) {
	given := template.Values{}
	n := 0
	for _, v := range l.Definition.Uses() {
		if v.In != "body" {
			continue
		}
		if key, own := strings.CutPrefix(v.From, "field:"); own && person.Fields[key] != nil {
			n++
			continue
		}
		if n < len(values) && strings.TrimSpace(values[n]) != "" {
			given[template.Key(v.In, v.Name)] = values[n]
		}
		n++
	}
	for _, f := range l.Definition.Fill(given, person, sender) {
		if f.Value == "" {
			given[template.Key(f.In, f.Name)] = "–"
		}
	}
	m, filled, err := l.Compose(given, "", person, sender)
	if fault.Is(err, fault.Invalid) {
		// A file in the header, or a text that is too long with its values: it goes without them, and the
		// network's refusal stands in the outbox, where a person sees it.
		return &channels.TemplateSend{Name: l.Name, Language: l.Language}, l.Definition.Show(template.AsValues(filled)).Plain(), nil
	}
	if err != nil {
		return nil, "", err
	}
	return &m.Call, m.Text, nil
}

// template plans an approved template. One that the account does not have is planned all the same: the gate
// refuses it with the reason, where people see it, and a person takes over.
func (x *flowTurn) template(e flow.Effect) error {
	if x.t.Channel != string(channels.WhatsApp) {
		return nil // only WhatsApp has templates; the note in the docs says so
	}
	sp := x.s.spaces[x.v.WorkspaceID]
	l, err := x.s.templateFor(x.v.WorkspaceID, x.t.AccountID, e.Template, e.Language, sp.Locale)
	if err != nil {
		return err
	}
	if l == nil {
		l = &template.Listed{Name: e.Template, Language: e.Language}
	}
	a, err := x.action(channels.SendTemplate)
	if err != nil {
		return err
	}
	person := template.Person{Name: x.s.people.Identity(x.t.IdentityID).Name}
	send, text, err := fillTemplate(l, e.Variables, person, template.Sender{Brand: sp.BrandName(), Reach: sp.Contact})
	if err != nil {
		return err
	}
	a.Call.Template, a.Purpose = send, "service"
	if e.Promotional {
		a.Purpose = "promotional"
	}
	a.Bubble = &outbox.Bubble{Author: "bot", Type: "template", Text: cmp.Or(text, "["+l.Name+"]")}
	last := x.before
	x.plan(a)
	if l.Sendable() != nil {
		x.before = last // what is said after it does not wait for what never leaves
		if !x.nudge {   // who has asked for nothing waits for nothing
			x.unsent = e.Template
		}
	}
	return nil
}
