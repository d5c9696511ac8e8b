package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Script is a file of expected turns: what people do, and what must follow. It tests a flow without a
// network or a database.
type Script struct {
	Flow    string `json:"flow"`
	Context Scene  `json:"context"` // where every case begins
	Cases   []Case `json:"cases"`
}

// Scene is a context as a file gives it. What a case leaves out comes from the script.
type Scene struct {
	Now          time.Time         `json:"now,omitzero"`
	Language     string            `json:"language,omitempty"`
	Brand        string            `json:"brand,omitempty"`
	Origin       string            `json:"origin,omitempty"`
	Contact      map[string]string `json:"contact,omitempty"`
	Labels       []string          `json:"labels,omitempty"`
	PersonLabels []string          `json:"person_labels,omitempty"`
	Consent      map[string]string `json:"consent,omitempty"`
	Booking      *Booking          `json:"booking,omitempty"`
	Taken        map[string]int    `json:"taken,omitempty"` // "haircut 2026-11-24T09:00:00Z": places reserved
}

// Case is one conversation. Its first turn is the beginning of the flow and has no input.
type Case struct {
	Name    string `json:"name"`
	Context Scene  `json:"context"`
	Turns   []Turn `json:"turns"`
}

// Turn is what the person does, or what comes back, and what must follow. Expected effects are compared in
// order, each by the fields that it names; {"contains": "…"} stands for a text with that in it.
type Turn struct {
	After   string   `json:"after,omitempty"` // time that has passed since the turn before
	Text    string   `json:"text,omitempty"`
	Burst   []string `json:"burst,omitempty"` // several messages at once
	Tap     string   `json:"tap,omitempty"`   // title of a button or row shown last
	Wish    Wish     `json:"wish,omitempty"`  // what the recogniser of wishes finds in the text
	Early   bool     `json:"early,omitempty"`
	Silent  bool     `json:"silent,omitempty"` // the timer runs out; the clock is set to it
	Outcome *struct {
		Status  int             `json:"status,omitempty"`
		Body    json.RawMessage `json:"body,omitempty"`
		Failure string          `json:"failure,omitempty"`
		Ref     string          `json:"ref,omitempty"`
	} `json:"outcome,omitempty"` // what a call or a reservation came back with

	Expect []any          `json:"expect"`
	State  map[string]any `json:"state,omitempty"`
	Why    string         `json:"why,omitempty"` // must stand in the note
}

// Played is how a case went; no problems: as expected.
type Played struct {
	Case     string   `json:"case"`
	Turns    int      `json:"turns"`
	Problems []string `json:"problems,omitempty"`
}

// ParseScript reads a file of turns.
func ParseScript(raw []byte) (*Script, error) {
	var doc struct {
		Script
		Cases []json.RawMessage `json:"cases"`
	}
	if err := strictly("the file of turns", withoutMark(raw), &doc); err != nil {
		return nil, err
	}
	s := doc.Script
	for i, one := range doc.Cases {
		at := fmt.Sprintf("cases[%d]", i)
		var c struct {
			Case
			Turns []json.RawMessage `json:"turns"`
		}
		if err := strictly(at, one, &c); err != nil {
			return nil, err
		}
		for j, turn := range c.Turns {
			var t Turn
			if err := strictly(fmt.Sprintf("%s.turns[%d]", at, j), turn, &t); err != nil {
				return nil, err
			}
			c.Case.Turns = append(c.Case.Turns, t)
		}
		s.Cases = append(s.Cases, c.Case)
	}
	if len(s.Cases) == 0 {
		return nil, errors.New("the file of turns has no cases, so it tests nothing")
	}
	for i, c := range s.Cases {
		if c.Name == "" || len(c.Turns) == 0 {
			return nil, fmt.Errorf("cases[%d] needs a name and turns", i)
		}
		for j, t := range c.Turns {
			if n := t.inputs(); j == 0 && n != 0 || j > 0 && n != 1 {
				return nil, fmt.Errorf("cases[%d].turns[%d] has %d inputs: the first turn begins the flow and has none, every other has one of text, burst, tap, silent, outcome", i, j, n)
			}
			if t.Expect == nil {
				return nil, fmt.Errorf("cases[%d].turns[%d] expects nothing; write \"expect\": [] where nothing must follow", i, j)
			}
		}
	}
	return &s, nil
}

// strictly reads one part of a file of turns: a field that is not known is a slip of the pen, told with its place.
func strictly(place string, raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			return fmt.Errorf("%s: line %d is not JSON: %w", place, 1+bytes.Count(raw[:min(int(syntax.Offset), len(raw))], []byte("\n")), err)
		case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
			return fmt.Errorf("%s ends too early; a bracket or quote is missing", place)
		case errors.As(err, &kind) && kind.Field == "":
			return fmt.Errorf("%s: an object { … } is expected, not %s", place, valueOf(kind.Value))
		case errors.As(err, &kind):
			return fmt.Errorf("%s: %s cannot be %s", place, kind.Field, valueOf(kind.Value))
		}
		return fmt.Errorf("%s: %s", place, strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: there is more after its end", place)
	}
	return nil
}

// valueOf names a kind of JSON value with its article.
func valueOf(kind string) string {
	kind, _, _ = strings.Cut(kind, " ") // "number 1.5"
	if strings.ContainsAny(kind[:1], "aeiou") {
		return "an " + kind
	}
	return "a " + kind
}

func (t Turn) inputs() int {
	n := 0
	for _, has := range []bool{t.Text != "", len(t.Burst) > 0, t.Tap != "", t.Silent, t.Outcome != nil} {
		if has {
			n++
		}
	}
	return n
}

// Play plays every case against a flow.
func (s *Script) Play(f *Flow) []Played {
	var out []Played
	for _, c := range s.Cases {
		p := player{f: f, ctx: s.Context.with(c.Context).context(f)}
		played := Played{Case: c.Name, Turns: len(c.Turns)}
		if s.Flow != "" && s.Flow != f.ID {
			played.Problems = []string{fmt.Sprintf("the turns are for flow %q, this is %q", s.Flow, f.ID)}
			out = append(out, played)
			continue
		}
		for i, t := range c.Turns {
			for _, bad := range p.turn(t, i == 0) {
				played.Problems = append(played.Problems, fmt.Sprintf("turn %d: %s", i, bad))
			}
		}
		out = append(out, played)
	}
	return out
}

func (s Scene) with(over Scene) Scene {
	base, err1 := json.Marshal(s)
	top, err2 := json.Marshal(over)
	var out Scene
	if err := errors.Join(err1, err2, json.Unmarshal(base, &out), json.Unmarshal(top, &out)); err != nil {
		return over // both were read from JSON, so they can be written
	}
	return out
}

func (s Scene) context(f *Flow) Context {
	ctx := Context{Now: s.Now, Language: s.Language, Brand: s.Brand, Origin: s.Origin, Contact: s.Contact, Labels: s.Labels, PersonLabels: s.PersonLabels, Consent: s.Consent, Booking: s.Booking}
	if ctx.Language == "" {
		ctx.Language = f.Default
	}
	ctx.Slots = Calendar{Hours: f.Hours, Now: s.Now, Taken: func(service string, start time.Time) int {
		return s.Taken[service+" "+start.UTC().Format(time.RFC3339)]
	}}
	return ctx
}

// player is one conversation under way. It does what effects ask for as far as a later turn depends on it.
type player struct {
	f     *Flow
	ctx   Context
	s     State
	shown []Option
}

func (p *player) turn(t Turn, first bool) []string {
	if d, ok := parseDuration(t.After); ok {
		p.ctx.Now = p.ctx.Now.Add(d)
	} else if t.After != "" {
		return []string{fmt.Sprintf("after is %q, which is no time; write it as \"5m\"", t.After)}
	}
	if c, ok := p.ctx.Slots.(Calendar); ok {
		c.Now = p.ctx.Now
		p.ctx.Slots = c
	}
	var effects []Effect
	if first {
		p.s, effects = p.f.Start(p.ctx)
	} else {
		inputs, err := p.inputs(t)
		if err != nil {
			return []string{err.Error()}
		}
		p.s, effects = p.f.Step(p.s, inputs, p.ctx)
	}
	p.carryOut(effects)
	return judge(t, p.s, effects)
}

func (p *player) inputs(t Turn) ([]Input, error) {
	switch {
	case t.Silent:
		if p.s.Due.IsZero() {
			return nil, errors.New("silent, but the flow waits for no time")
		}
		if p.ctx.Now.Before(p.s.Due) {
			p.ctx.Now = p.s.Due
		}
		return []Input{{Kind: Timer, Seq: p.s.Seq}}, nil
	case t.Outcome != nil:
		return []Input{{Kind: Outcome, Seq: p.s.Seq, Status: t.Outcome.Status, Body: string(t.Outcome.Body), Failure: t.Outcome.Failure, Ref: t.Outcome.Ref}}, nil
	case t.Tap != "":
		for _, o := range p.shown {
			if o.Title == t.Tap {
				return []Input{{Kind: Message, Text: o.Title, Payload: o.ID, Early: t.Early}}, nil
			}
		}
		return nil, fmt.Errorf("nothing called %q can be tapped; there are %v", t.Tap, titlesOf(p.shown))
	}
	var out []Input
	for _, text := range append(slices.Clone(t.Burst), t.Text) {
		if text != "" {
			out = append(out, Input{Kind: Message, Text: text, Wish: t.Wish, Early: t.Early})
		}
	}
	return out, nil
}

func titlesOf(options []Option) []string {
	var out []string
	for _, o := range options {
		out = append(out, o.Title)
	}
	return out
}

func (p *player) carryOut(effects []Effect) {
	for _, e := range effects {
		switch e.Kind {
		case Say, AskConsent:
			p.shown = e.Buttons
			if e.List != nil {
				p.shown = e.List.Rows
			}
			if e.Kind == AskConsent {
				p.s.WordingID, p.s.AskedAction = 1, 1
			}
		case Labels:
			p.ctx.Labels = slices.DeleteFunc(append(slices.Clone(p.ctx.Labels), e.Add...), func(l string) bool { return slices.Contains(e.Remove, l) })
		case SetFields:
			contact := map[string]string{}
			for _, from := range []map[string]string{p.ctx.Contact, e.Fields} {
				for k, v := range from {
					contact[k] = v
				}
			}
			p.ctx.Contact = contact
		case ConsentGiven:
			if standing := map[string]string{"grant": "granted", "refuse": "refused", "withdraw": "withdrawn", "doubt": "doubt"}[e.Act]; standing != "" {
				p.ctx.Consent = map[string]string{e.Purpose: standing}
			}
		}
	}
}

// judge holds what followed against what was expected.
func judge(t Turn, s State, effects []Effect) []string {
	var bad []string
	note := effects[len(effects)-1].Text
	got, _ := generic(effects[:len(effects)-1]).([]any)
	for i, want := range t.Expect {
		if i >= len(got) {
			bad = append(bad, fmt.Sprintf("effect %d is missing: %s", i, compact(want)))
			continue
		}
		bad = append(bad, differences(fmt.Sprintf("effect %d", i), want, got[i])...)
	}
	for i := len(t.Expect); i < len(got); i++ {
		bad = append(bad, fmt.Sprintf("effect %d was not expected: %s", i, compact(got[i])))
	}
	state := generic(s)
	for _, k := range sortedKeys(t.State) {
		have, _ := state.(map[string]any)
		bad = append(bad, differences("state."+k, t.State[k], have[k])...)
	}
	if t.Why != "" && !strings.Contains(note, t.Why) {
		bad = append(bad, fmt.Sprintf("why: expected %q in %q", t.Why, note))
	}
	return bad
}

// differences compares what is expected with what is there, by what is expected.
func differences(path string, want, have any) []string {
	switch w := want.(type) {
	case map[string]any:
		if part, ok := w["contains"].(string); ok && len(w) == 1 {
			if text, isText := have.(string); !isText || !strings.Contains(text, part) {
				return []string{fmt.Sprintf("%s: expected a text with %q, got %s", path, part, compact(have))}
			}
			return nil
		}
		h, ok := have.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s: expected %s, got %s", path, compact(want), compact(have))}
		}
		var bad []string
		for _, k := range sortedKeys(w) {
			bad = append(bad, differences(member(path, k), w[k], h[k])...)
		}
		return bad
	case []any:
		h, _ := have.([]any)
		if len(h) != len(w) {
			return []string{fmt.Sprintf("%s: expected %s, got %s", path, compact(want), compact(have))}
		}
		var bad []string
		for i := range w {
			bad = append(bad, differences(element(path, i), w[i], h[i])...)
		}
		return bad
	}
	if want != have {
		return []string{fmt.Sprintf("%s: expected %s, got %s", path, compact(want), compact(have))}
	}
	return nil
}

// generic is a value as JSON sees it.
func generic(v any) any {
	b, err := json.Marshal(v)
	var out any
	if err != nil || json.Unmarshal(b, &out) != nil {
		return nil
	}
	return out
}

func compact(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return strings.TrimSpace(b.String())
}
