package flow

import (
	"errors"
	"time"
)

// Move is what somebody who rehearses a flow does. One of its fields is set; After may stand beside it.
type Move struct {
	After   time.Duration // since the move before
	Text    string
	Payload string // of the button or row that was tapped
	Wish    Wish
	Silent  bool   // the time runs out
	Outcome *Input // what a call comes back with
}

// Reply is what a flow says to a move, and where it is then.
type Reply struct {
	Effects []Effect
	Note    string
	State   State
	At      time.Time
}

// ErrNoTimer says that a flow waits for no time, so silence changes nothing.
var ErrNoTimer = errors.New("the flow waits for no time here")

// Rehearse plays moves against a flow, from its beginning, without any effect outside: bookings succeed, a
// consent's wording counts as shown, calls wait for a move that brings their outcome. The first reply is the
// beginning. It is a pure function: the same moves give the same replies.
func Rehearse(f *Flow, ctx Context, moves []Move) ([]Reply, error) {
	p := player{f: f, ctx: ctx}
	effects := p.rehearsed(p.f.Start(p.ctx))
	out := []Reply{{effects, note(effects), p.s, p.ctx.Now}}
	for _, m := range moves {
		p.ctx.Now = p.ctx.Now.Add(m.After)
		in := Input{Kind: Message, Text: m.Text, Payload: m.Payload, Wish: m.Wish}
		switch {
		case m.Silent && p.s.Due.IsZero():
			return out, ErrNoTimer
		case m.Silent:
			if p.ctx.Now.Before(p.s.Due) {
				p.ctx.Now = p.s.Due
			}
			in = Input{Kind: Timer, Seq: p.s.Seq}
		case m.Outcome != nil:
			in = *m.Outcome
			in.Kind, in.Seq = Outcome, p.s.Seq
		}
		effects := p.rehearsed(p.f.Step(p.s, []Input{in}, p.ctx))
		out = append(out, Reply{effects, note(effects), p.s, p.ctx.Now})
	}
	return out, nil
}

func note(effects []Effect) string { return effects[len(effects)-1].Text }

// rehearsed does what effects ask for as far as later moves depend on it, and lets bookings succeed.
func (p *player) rehearsed(s State, effects []Effect) []Effect {
	p.s = s
	p.carryOut(effects)
	for range maxSteps {
		last := effects[len(effects)-1]
		var task *Effect
		for i := range effects {
			if effects[i].Kind == BookingDo && effects[i].Seq == p.s.Seq && p.s.Waiting == ForOutcome {
				task = &effects[i]
			}
		}
		if task == nil {
			return effects
		}
		ref := task.Book.Ref
		if ref == "" {
			ref = "TRIAL1"
		}
		next, more := p.f.Step(p.s, []Input{{Kind: Outcome, Seq: task.Seq, Ref: ref}}, p.ctx)
		p.s = next
		p.carryOut(more)
		more[len(more)-1].Text = last.Text + "; " + more[len(more)-1].Text
		effects = append(effects[:len(effects)-1], more...)
	}
	return effects
}
