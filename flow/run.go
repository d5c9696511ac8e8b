package flow

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxRun bounds how many steps one input can lead through. A checked flow cannot loop without the person;
// this holds also if that check were wrong.
const maxRun = maxSteps + 1

// run is one call of Start or Step under way. It works on copies: what it was given is not changed.
type run struct {
	f       *Flow
	ctx     Context
	s       State
	labels  []string
	contact map[string]string
	out     []Effect
	why     []string
}

// arrival is what came for the step that waits.
type arrival struct {
	messages []Input
	outcome  *Input
	timeout  bool
}

// Start begins the flow for a person.
func (f *Flow) Start(ctx Context) (State, []Effect) {
	r := f.begin(State{Flow: f.ID, Version: f.Version}, ctx)
	r.note("began «" + f.Name + "»")
	r.from(f.Steps[0].ID)
	return r.finish()
}

// Step leads a person on by what came since. All messages given at once are one turn and get one answer.
func (f *Flow) Step(s State, inputs []Input, ctx Context) (State, []Effect) {
	r := f.begin(s, ctx)
	var turn arrival
	var timers []Input
	for i := range inputs {
		switch inputs[i].Kind {
		case Message:
			turn.messages = append(turn.messages, inputs[i])
		case Outcome:
			if r.s.Waiting == ForOutcome && inputs[i].Seq == r.s.Seq {
				turn.outcome = &inputs[i]
			}
		case Timer:
			timers = append(timers, inputs[i])
		}
	}
	step := f.index[s.Step]
	switch {
	case r.wished(turn.messages):
	case r.s.Waiting == Ended:
		r.afterwards(turn.messages)
	case s.Flow != f.ID || s.Version != f.Version || step == nil || !waits(step, s.Waiting):
		r.handOver("flow_changed", "", "", "human.unclear")
		r.note("the place in the flow is unknown: no step " + cut(s.Step, 40) + " in this version")
	default:
		r.arrived(step, turn, timers)
	}
	return r.finish()
}

// waits reports whether a step can be waiting for that. A state comes from outside and may hold anything.
func waits(step *Step, w Waiting) bool {
	switch step.Type {
	case "question":
		return w == ForAnswer
	case "consent":
		return w == ForConsent
	case "wait":
		return w == ForMessage
	case "call":
		return w == ForOutcome
	case "booking":
		return w == ForAnswer || w == ForOutcome
	}
	return false
}

func (f *Flow) begin(s State, ctx Context) *run {
	s.Answers = maps.Clone(s.Answers)
	s.Trail, s.Offered = slices.Clone(s.Trail), slices.Clone(s.Offered)
	if s.Booking != nil {
		b := *s.Booking
		s.Booking = &b
	}
	contact := maps.Clone(ctx.Contact)
	if contact == nil {
		contact = map[string]string{}
	}
	return &run{f: f, ctx: ctx, s: s, labels: slices.Clone(ctx.Labels), contact: contact}
}

// arrived gives the step that waits what came for it: first what was called for, then what the person
// did, then the time. Somebody who wrote is not treated as silent.
func (r *run) arrived(step *Step, turn arrival, timers []Input) {
	body, _ := step.body.(resumer)
	switch {
	case turn.outcome != nil:
		r.resume(body, arrival{outcome: turn.outcome})
		if len(turn.messages) > 0 {
			r.note("what was written meanwhile answers nothing that had been asked")
		}
	case len(turn.messages) > 0 && r.globalWord(body, turn.messages):
	case len(turn.messages) > 0 && r.s.Waiting == ForOutcome:
		r.note("kept: the flow waits for " + waitsFor(step) + ", not for words")
	case len(turn.messages) > 0:
		r.resume(body, turn)
	case r.timerDue(timers):
		r.resume(body, arrival{timeout: true})
	default:
		r.note("nothing to do: what came is not what the flow waits for any more")
	}
}

func waitsFor(step *Step) string {
	if step.Type == "booking" {
		return "the reservation"
	}
	return "the answer of a call"
}

func (r *run) timerDue(timers []Input) bool {
	if r.s.Due.IsZero() || r.ctx.Now.Before(r.s.Due) {
		return false
	}
	return slices.ContainsFunc(timers, func(t Input) bool { return t.Seq == r.s.Seq })
}

func (r *run) resume(b resumer, in arrival) {
	if next := b.resume(r, in); next != "" {
		r.from(next)
	}
}

// from goes from step to step until one waits or the flow ends.
func (r *run) from(id string) {
	r.idle()
	for range maxRun {
		step := r.f.index[id]
		if step == nil {
			break
		}
		r.s.Step = id
		if id = step.body.enter(r); id == "" {
			return
		}
	}
	r.handOver("flow_broken", "", "", "human.unclear")
	r.s.Why = "broken"
	r.note("stopped: the flow went through more steps than it has")
}

// idle forgets what was waited for.
func (r *run) idle() {
	r.s.Waiting, r.s.Retries, r.s.Due, r.s.Offered, r.s.Doubt = ForStart, 0, time.Time{}, nil, false
	r.s.Chosen, r.s.WordingID, r.s.AskedAction = time.Time{}, 0, 0
}

// wait makes the flow wait, and returns the number of what it waits for.
func (r *run) wait(w Waiting) int {
	r.s.Waiting = w
	r.s.Seq++
	return r.s.Seq
}

func (r *run) end(why string) {
	r.idle()
	r.s.Waiting, r.s.Why, r.s.Trail = Ended, why, nil
}

// handOver ends the flow with a person, who is told why. A sentence is said if there is one.
func (r *run) handOver(reason, team, skill, sentence string) {
	if sentence != "" {
		r.say(r.routed(sentence))
	}
	r.emit(Effect{Kind: HandOver, Reason: reason, Team: team, Skill: skill})
	r.end("handed_over")
}

func (r *run) emit(e Effect) {
	e.Step = r.s.Step
	r.out = append(r.out, e)
}

func (r *run) note(why string) { r.why = append(r.why, why) }

// say adds a message. Words that follow words become one message: somebody who wrote once gets one
// message back.
func (r *run) say(e Effect) {
	e.Kind = Say
	e.Text = cut(e.Text, e.room())
	if last := r.lastSaid(); last != nil && last.joins(e) {
		if last.Text != "" && e.Text != "" {
			e.Text = last.Text + "\n\n" + e.Text
		}
		e.Promotional = e.Promotional || last.Promotional
		if e.Wanted == "" {
			e.Wanted = last.Wanted
		}
		*last = e
		last.Step = r.s.Step
		return
	}
	r.emit(e)
}

// lastSaid is the message that words can still be added to: nothing was sent after it.
func (r *run) lastSaid() *Effect {
	for i := len(r.out) - 1; i >= 0; i-- {
		switch r.out[i].Kind {
		case Say:
			return &r.out[i]
		case AskConsent, SendTemplate, HandOver, Resolve:
			return nil
		}
	}
	return nil
}

// joins reports whether the next message can be one with this.
func (e *Effect) joins(next Effect) bool {
	if e.Media != nil || e.Link != nil || e.List != nil || len(e.Buttons) > 0 || next.Media != nil || e.Promotional != next.Promotional {
		return false
	}
	return utf8.RuneCountInString(e.Text)+2+utf8.RuneCountInString(next.Text) <= next.room()
}

// room is how many characters WhatsApp takes: fewer beside buttons and under a picture. A document is
// checked for it without its variables, which take room too.
func (e *Effect) room() int {
	if e.Media != nil || e.Link != nil || len(e.Buttons) > 0 {
		return 1024
	}
	return 4096
}

// text is a localised text, filled in; a language that is missing is told of in Wanted.
func (r *run) text(t Texts) Effect {
	text, lang := t.in(r.ctx.Language, r.f.Default)
	e := Effect{Text: r.fill(text, asText), Language: lang}
	if lang != r.ctx.Language {
		e.Wanted = r.ctx.Language
	}
	return e
}

func (r *run) finish() (State, []Effect) {
	if len(r.s.Answers) == 0 {
		r.s.Answers = nil
	}
	r.out = append(r.out, Effect{Kind: Note, Step: r.s.Step, Text: strings.Join(r.why, "; ")})
	return r.s, r.out
}

func (r *run) save(name, value string) {
	if name == "" {
		return
	}
	if r.s.Answers == nil {
		r.s.Answers = map[string]string{}
	}
	r.s.Answers[name] = cut(strings.ToValidUTF8(value, ""), 1000)
}

// asked remembers a question for "back".
func (r *run) asked() {
	if n := len(r.s.Trail); n > 0 && r.s.Trail[n-1] == r.s.Step {
		return
	}
	r.s.Trail = append(r.s.Trail, r.s.Step)
	if len(r.s.Trail) > 20 {
		r.s.Trail = r.s.Trail[1:]
	}
}
