package flow

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// message says something.
type message struct {
	text        Texts
	media       *Media
	link        *Link
	linkTitle   Texts
	promotional bool
	next        string
}

func readMessage(o *object) body {
	m := &message{}
	if n := o.get("media"); n != nil {
		m.media = o.r.media(n, o.at("media"))
	}
	most := 4096
	if n := o.get("link"); n != nil {
		l := o.r.object(n, o.at("link"), "a link")
		m.linkTitle, m.link = o.r.titles(l, 20, "link button"), &Link{URL: l.address("url")}
		l.done()
		most = 1024
		if m.media != nil {
			o.r.fault(o.at("link"), n, "stands beside media; send them as two messages")
		}
	}
	need := "a text, or media"
	if m.media != nil {
		need, most = "", 1024
	}
	m.text = o.texts("text", most, need)
	if m.media != nil && m.media.Type == "audio" && m.text != nil {
		o.r.fault(o.at("text"), o.get("text"), "audio carries no caption; say it in a message of its own")
	}
	m.promotional = o.flag("promotional")
	m.next = o.goTo("next", "a step to go on with")
	return m
}

func (r *reader) media(n *node, path string) *Media {
	o := r.object(n, path, "media")
	m := &Media{Type: o.oneOf("type", "", "image", "video", "audio", "document"), URL: o.address("url")}
	if m.Type == "document" {
		m.Filename = o.text("filename", 120, "the name people see, as \"menu.pdf\"")
	}
	o.done()
	return m
}

// address reads an https address that the network and people fetch.
func (o *object) address(key string) string {
	s := o.text(key, 2000, "an https address")
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(s, "{} \n") {
		o.r.fault(o.at(key), o.get(key), "must be a plain address that begins with https://, without variables")
		return ""
	}
	return s
}

func (m *message) edges() []edge { return []edge{{key: "next", to: m.next}} }

func (m *message) enter(r *run) string {
	e := Effect{Media: m.media, Promotional: m.promotional}
	if m.text != nil {
		t := r.text(m.text)
		e.Text, e.Language, e.Wanted = t.Text, t.Language, t.Wanted
	}
	if m.link != nil {
		title, _ := m.linkTitle.in(r.ctx.Language, r.f.Default)
		e.Link = &Link{Title: title, URL: m.link.URL}
	}
	r.say(e)
	return m.next
}

// labels marks the conversation.
type labels struct {
	add, remove []string
	next        string
}

func readLabels(o *object) body {
	l := &labels{add: o.words("add", 0, 20, ""), remove: o.words("remove", 0, 20, "")}
	if len(l.add)+len(l.remove) == 0 {
		o.missing("add", "labels to add or remove")
	}
	for _, both := range l.add {
		if slices.Contains(l.remove, both) {
			o.r.fault(o.at("remove"), o.get("remove"), "%q is added and removed in one step", both)
		}
	}
	l.next = o.goTo("next", "a step to go on with")
	return l
}

func (l *labels) edges() []edge { return []edge{{key: "next", to: l.next}} }

func (l *labels) enter(r *run) string {
	r.label(l.add, l.remove)
	return l.next
}

// label changes labels, and tells only of what changes.
func (r *run) label(add, remove []string) {
	e := Effect{Kind: Labels}
	for _, l := range add {
		if !slices.Contains(r.labels, l) {
			e.Add, r.labels = append(e.Add, l), append(r.labels, l)
		}
	}
	for _, l := range remove {
		if i := slices.Index(r.labels, l); i >= 0 {
			e.Remove, r.labels = append(e.Remove, l), slices.Delete(r.labels, i, i+1)
		}
	}
	if len(e.Add)+len(e.Remove) > 0 {
		r.emit(e)
	}
}

// set writes contact fields.
type set struct {
	fields map[string]string
	next   string
}

func readSet(o *object) body {
	s := &set{fields: map[string]string{}}
	n := o.get("fields")
	if n == nil {
		o.missing("fields", `fields with their values, as {"company": "{{answers.company}}"}`)
	}
	f := o.r.object(n, o.at("fields"), "fields")
	if f.n != nil {
		if len(f.n.keys) == 0 {
			o.r.fault(f.path, n, "sets nothing")
		}
		for _, k := range f.n.keys {
			o.r.settable(f.at(k), f.n.members[k], k)
			if s.fields[k] = f.text(k, 500, "a value"); s.fields[k] != "" {
				o.r.template(f.n.members[k], f.at(k), s.fields[k], 500, false)
			}
		}
	}
	s.next = o.goTo("next", "a step to go on with")
	return s
}

// settable checks that a contact field can be written by a flow.
func (r *reader) settable(path string, n *node, name string) {
	if !r.isField(name) || name == "first_name" {
		r.fault(path, n, "%q cannot be set; the fields are %s, and what \"fields\" declares", name, listed(slices.DeleteFunc(slices.Clone(standardFields), func(f string) bool { return f == "first_name" })))
	}
}

func (s *set) edges() []edge { return []edge{{key: "next", to: s.next}} }

func (s *set) enter(r *run) string {
	values := map[string]string{}
	for k, v := range s.fields {
		values[k] = r.fill(v, asText)
	}
	r.set(values)
	return s.next
}

// set changes contact fields; an empty value never wipes out one that is there.
func (r *run) set(values map[string]string) {
	changed := map[string]string{}
	for k, v := range values {
		if v = plain(v); v != "" && r.contact[k] != v {
			changed[k] = v
		}
	}
	if len(changed) > 0 {
		maps.Copy(r.contact, changed)
		r.emit(Effect{Kind: SetFields, Fields: changed})
	}
}

// assign gives the conversation to a team while the flow goes on.
type assign struct{ team, skill, next string }

func readAssign(o *object) body {
	a := &assign{team: o.text("team", 60, "the name of a team"), skill: o.text("skill", 60, "")}
	a.next = o.goTo("next", "a step to go on with")
	return a
}

func (a *assign) edges() []edge { return []edge{{key: "next", to: a.next}} }

func (a *assign) enter(r *run) string {
	r.emit(Effect{Kind: Assign, Team: a.team, Skill: a.skill})
	return a.next
}

// handOver ends the flow with a person.
type handOver struct {
	text                Texts
	team, skill, reason string
}

func readHandOver(o *object) body {
	return &handOver{text: o.texts("text", 4096, ""), team: o.text("team", 60, ""), skill: o.text("skill", 60, ""), reason: o.id("reason", "")}
}

func (h *handOver) edges() []edge { return nil }

func (h *handOver) enter(r *run) string {
	if h.text != nil {
		r.say(r.text(h.text))
	}
	reason := h.reason
	if reason == "" {
		reason = "routed"
	}
	r.handOver(reason, h.team, h.skill, "")
	r.note("handed to a person: " + reason)
	return ""
}

// template sends an approved template.
type template struct {
	name        string
	variables   []string
	promotional bool
	next        string
}

func readTemplate(o *object) body {
	t := &template{name: o.text("template", 512, "the name of an approved template"), promotional: o.flag("promotional")}
	for i, n := range o.list("variables", 0, 20, "") {
		at := element(o.at("variables"), i)
		if n.kind != isString || strings.TrimSpace(n.text) == "" {
			o.r.fault(at, n, "must be a text, as \"{{contact.first_name|there}}\"")
			continue
		}
		o.r.template(n, at, n.text, 500, false)
		for _, p := range mustParts(n.text) {
			if p.name != "" && p.fallback == "" {
				o.r.fault(at, n, "{{%s}} needs a fallback, as {{%s|…}}: a template with an empty variable is refused", p.name, p.name)
			}
		}
		t.variables = append(t.variables, n.text)
	}
	o.r.templateName(o, t.name)
	t.next = o.goTo("next", "a step to go on with")
	return t
}

// templateName warns of a name that no template can have.
func (r *reader) templateName(o *object, name string) {
	if name != "" && !templatePattern.MatchString(name) {
		r.warn(o.at("template"), o.get("template"), "no template is called %q: a name has small letters, digits and underscores only", name)
	}
}

var templatePattern = regexp.MustCompile(`^[a-z0-9_]+$`)

func mustParts(s string) []part {
	parts, _ := parseTemplate(s)
	return parts
}

func (t *template) edges() []edge { return []edge{{key: "next", to: t.next}} }

func (t *template) enter(r *run) string {
	e := Effect{Kind: SendTemplate, Template: t.name, Language: r.ctx.Language, Promotional: t.promotional}
	for _, v := range t.variables {
		e.Variables = append(e.Variables, plain(r.fill(v, asText)))
	}
	r.emit(e)
	r.s.Trail = nil
	return t.next
}

// goal counts something reached.
type goal struct {
	reached GoalReached
	next    string
}

func readGoal(o *object) body {
	g := &goal{reached: GoalReached{Name: o.id("goal", "a name, as \"lead\""), Currency: o.text("currency", 3, "")}}
	if v := o.number("value"); v != nil {
		g.reached.Value = *v
		if g.reached.Currency == "" {
			o.missing("currency", "the currency of its value, as \"AUD\"")
		}
	}
	if c := g.reached.Currency; c != "" && (len(c) != 3 || strings.ToUpper(c) != c) {
		o.r.fault(o.at("currency"), o.get("currency"), "is %q; a currency is three capital letters, as \"AUD\"", c)
	}
	g.next = o.goTo("next", "a step to go on with")
	return g
}

func (g *goal) edges() []edge { return []edge{{key: "next", to: g.next}} }

func (g *goal) enter(r *run) string {
	reached := g.reached
	r.emit(Effect{Kind: Goal, Goal: &reached})
	r.note("goal «" + reached.Name + "»")
	return g.next
}

// end ends the flow: the conversation is resolved, or stays open without the flow.
type end struct {
	text    Texts
	resolve bool
}

func readEnd(o *object) body {
	return &end{text: o.texts("text", 4096, ""), resolve: o.flag("resolve")}
}

func (e *end) edges() []edge { return nil }

func (e *end) enter(r *run) string {
	if e.text != nil {
		r.say(r.text(e.text))
	}
	if e.resolve {
		r.emit(Effect{Kind: Resolve})
		r.end("resolved")
		r.note("resolved")
		return ""
	}
	r.end("ended")
	r.note("ended")
	return ""
}

// wait gives the person time.
type wait struct {
	length          time.Duration
	next, onMessage string
}

func readWait(o *object) body {
	return &wait{length: o.duration("for", time.Minute, 30*24*time.Hour, 0, "a time, as \"24h\""),
		onMessage: o.goTo("on_message", "a step for when the person writes before the time is over"), next: o.goTo("next", "a step for when the time is over")}
}

func (w *wait) edges() []edge {
	return []edge{{key: "next", to: w.next}, {key: "on_message", to: w.onMessage, person: true}}
}

func (w *wait) enter(r *run) string {
	r.timer(ForMessage, w.length)
	r.note(fmt.Sprintf("waits %s for a message", span(w.length)))
	return ""
}

func (w *wait) again(*run) {}

func (w *wait) resume(r *run, in arrival) string {
	if in.timeout {
		r.note("no message within " + span(w.length))
		return w.next
	}
	r.note("wrote while the flow waited")
	return w.onMessage
}
