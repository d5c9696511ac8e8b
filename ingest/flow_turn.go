package ingest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ponte/booking"
	"ponte/channels"
	"ponte/consent"
	"ponte/desk"
	"ponte/fault"
	"ponte/flow"
	"ponte/flow/live"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/router"
)

// flowTurn leads one run on by one turn and turns what the flow wants into rows of the batch.
type flowTurn struct {
	s       *scene
	e       *event
	t       *inbox.Thread
	v       *inbox.Conversation
	run     *live.Run
	f       *flow.Flow
	names   desk.Names
	at      time.Time      // when the person acted; a clock: now
	last    *inbox.Message // the person's last message in this turn; nil: nobody wrote
	answers *int64         // the event that what is said answers
	nudge   bool           // nobody wrote: what is said now was not asked for

	said    int
	before  *int64            // the message before, which must leave first
	granted map[string]string // consent decided in this turn, by purpose
	unsent  string            // a template that was to be sent and cannot be

	shownBefore struct{ wording, action int64 } // the consent wording that stood last when the step began
}

// rounds bounds how often one turn goes through the calendar.
const rounds = 20

// play steps the flow, does what it wants, and steps it again where that has an outcome at once: a place in the
// calendar is taken, or found taken, in the same transaction.
func (x *flowTurn) play(inputs []flow.Input) (string, error) {
	s, run := x.s, x.run
	s.flows.touch(run)
	run.UpdatedAt = s.now
	services, err := s.servicesOf(run.WorkspaceID)
	if err != nil {
		return "", err
	}
	f, err := s.d.flows.Flow(s.ctx, s.tx, run)
	if err != nil {
		return "", err
	}
	x.f = f.With(bookable(services))
	if x.names, err = s.names(run.WorkspaceID); err != nil {
		return "", err
	}
	var notes []string
	for range rounds {
		scene, err := x.context(services)
		if err != nil {
			return "", err
		}
		var effects []flow.Effect
		x.shownBefore.wording, x.shownBefore.action = run.State.WordingID, run.State.AskedAction
		run.State, effects = x.step(inputs, scene)
		outcome, err := x.carryOut(effects)
		if err != nil {
			return "", err
		}
		notes = append(notes, effects[len(effects)-1].Text)
		if outcome == nil && x.unsent != "" {
			if err := x.takeOver(); err != nil {
				return "", err
			}
			notes = append(notes, "the template «"+x.unsent+"» cannot be sent: a person takes over")
		}
		if outcome == nil {
			return x.finish(notes)
		}
		inputs = []flow.Input{*outcome}
	}
	return "", &decisionError{x.e.ID, "a flow went through the calendar without an end"}
}

// step begins the flow, or leads it on. Who wants to stop or to talk to a person before it has begun is heard
// and not welcomed first; whoever may want to stop is asked after the welcome.
func (x *flowTurn) step(inputs []flow.Input, scene flow.Context) (flow.State, []flow.Effect) {
	state := x.run.State
	if state.Flow != "" {
		return x.f.Step(state, inputs, scene)
	}
	wishes := func(in flow.Input) bool { return in.Wish == flow.WantsStop || in.Wish == flow.WantsHelp }
	if slices.ContainsFunc(inputs, wishes) {
		return x.f.Step(flow.State{Flow: x.f.ID, Version: x.f.Version}, inputs, scene)
	}
	state, effects := x.f.Start(scene)
	doubts := slices.DeleteFunc(slices.Clone(inputs), func(in flow.Input) bool { return in.Wish != flow.MayStop })
	if len(doubts) == 0 || state.Waiting == flow.Ended {
		return state, effects
	}
	state, more := x.f.Step(state, doubts, scene)
	return state, append(effects[:len(effects)-1], more...)
}

// takeOver ends a run in which a template was to be sent and there is none: whoever waits for what it was to say is not
// left in silence. Who has just written is told that a person comes.
func (x *flowTurn) takeOver() error {
	s, v := x.s, x.v
	if x.last != nil && v.Handler == "bot" {
		if err := x.say(flow.Effect{Kind: flow.Say, Text: router.Say(s.language(v, s.spaces[v.WorkspaceID]), "human.unclear", "brand", s.spaces[v.WorkspaceID].BrandName())}); err != nil {
			return err
		}
	}
	if v.State != "open" { // the flow took it for done
		v.State, v.ResolvedAt, s.open[x.t.ID] = "open", nil, v
	}
	if v.Handler == "bot" {
		v.Handler, v.HandlerReason = "human", "no_template"
	}
	s.waits(v, x.at)
	x.run.End("no_template", s.now)
	delete(s.flows.runs, v.ID)
	return nil
}

func bookable(services []booking.Service) []flow.Service {
	var out []flow.Service
	for _, s := range services {
		out = append(out, s.ForFlow())
	}
	return out
}

// finish writes what the conversation is after the turn.
func (x *flowTurn) finish(notes []string) (string, error) {
	s, v, state := x.s, x.v, x.run.State
	bot := router.State{Stage: router.StageDone, Answers: state.Answers, Confirmed: state.Confirmed}
	switch {
	case state.Why == "stopped":
		bot.Stage = router.StageStopped
	case state.Doubt:
		bot.Stage, bot.Before = router.StageDoubt, router.StageDone
	}
	v.Bot, _ = json.Marshal(bot)
	if state.Waiting == flow.Ended {
		x.run.End(cmp.Or(state.Why, "ended"), s.now)
		delete(s.flows.runs, v.ID)
	}
	if x.said > 0 {
		if v.FirstBotAt == nil {
			now := s.now
			v.FirstBotAt = &now
		}
		if x.last != nil {
			s.markRead(x.t, v, x.e)
		}
	}
	s.changedConversation(v)
	return "flow «" + x.f.Name + "»: " + strings.Join(notes, "; "), nil
}

// context is what the flow may know of person and moment.
func (x *flowTurn) context(services []booking.Service) (flow.Context, error) {
	s, v := x.s, x.v
	sp, who := s.spaces[v.WorkspaceID], s.people.Identity(x.t.IdentityID)
	contact, err := s.contactFields(v.WorkspaceID, x.t.ContactID, who)
	if err != nil {
		return flow.Context{}, err
	}
	standing := map[string]string{"promotional": s.offers(x.t)}
	for purpose, status := range x.granted {
		standing[purpose] = status
	}
	out := flow.Context{Now: s.now, Zone: sp.Zone(), Language: s.language(v, sp), Brand: sp.BrandName(), Origin: s.originOf(v), Contact: contact, Labels: x.names.Known(v.Labels), PersonLabels: x.names.Known(s.flows.carried[x.t.ContactID]), Consent: standing}
	if len(services) == 0 {
		return out, nil
	}
	calendar := &booking.Calendar{Ctx: s.ctx, Q: s.tx, Services: services, Now: s.now}
	out.Slots = calendar
	next, err := booking.Next(s.ctx, s.tx, v.WorkspaceID, x.t.ContactID, s.now)
	if err != nil {
		return out, err
	}
	if next != nil {
		out.Booking = flowBooking(*next)
	}
	return out, x.refreshBooking()
}

func flowBooking(b booking.Booking) *flow.Booking {
	return &flow.Booking{Ref: b.Ref, Service: b.ServiceKey, Start: b.StartsAt, Status: b.State}
}

// refreshBooking tells the flow what became of its booking: the team may have moved it or given it up. While the flow
// waits to hear what the calendar did with it, that is what tells.
func (x *flowTurn) refreshBooking() error {
	have := x.run.State.Booking
	if have == nil || x.run.State.Waiting == flow.ForOutcome {
		return nil
	}
	b, err := booking.ByRef(x.s.ctx, x.s.tx, x.v.WorkspaceID, have.Ref)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		x.run.State.Booking = nil
	case err != nil:
		return err
	default:
		x.run.State.Booking = flowBooking(b)
	}
	return nil
}

// carryOut does what the flow wants. What comes back at once – of the calendar – is returned.
func (x *flowTurn) carryOut(effects []flow.Effect) (*flow.Input, error) {
	var outcome *flow.Input
	for _, e := range effects {
		var err error
		switch e.Kind {
		case flow.Say:
			err = x.say(e)
		case flow.AskConsent:
			err = x.askConsent(e)
		case flow.ConsentGiven:
			err = x.consent(e)
		case flow.SendTemplate:
			err = x.template(e)
		case flow.BookingDo:
			outcome, err = x.book(e)
		case flow.Request:
			x.s.flows.calls = append(x.s.flows.calls, live.Asked{WorkspaceID: x.run.WorkspaceID, RunID: x.run.ID, Seq: e.Seq, Step: e.Step, Call: *e.Call})
		default:
			x.route(e)
		}
		if err != nil {
			return nil, err
		}
	}
	return outcome, nil
}

// route does what needs no message: labels, fields, teams, goals, and the end.
func (x *flowTurn) route(e flow.Effect) {
	s, v := x.s, x.v
	switch e.Kind {
	case flow.Labels:
		for _, l := range e.Add {
			v.Labels = addLabel(v.Labels, x.names.Label(l))
		}
		var kept inbox.Strings
		for _, l := range v.Labels {
			if !slices.ContainsFunc(e.Remove, func(r string) bool { return x.names.Label(r) == l }) {
				kept = append(kept, l)
			}
		}
		v.Labels = kept
	case flow.SetFields:
		x.setFields(e.Fields)
	case flow.Assign:
		v.Team = x.names.Team(e.Team)
		x.s.flows.skills[v.ID] = e.Skill
	case flow.Goal:
		x.goal(e.Goal.Name, e.Step, e.Goal)
	case flow.HandOver:
		if e.Team != "" {
			v.Team = x.names.Team(e.Team)
		}
		if e.Team != "" || e.Skill != "" {
			x.s.flows.skills[v.ID] = e.Skill
		}
		v.Handler, v.HandlerReason = "human", cmp.Or(e.Reason, "routed")
		s.waits(v, x.at)
	case flow.Resolve:
		at := x.at
		v.State, v.ResolvedAt, v.WaitingSince = "resolved", &at, nil
		delete(s.open, x.t.ID)
	}
}

func (x *flowTurn) setFields(values map[string]string) {
	s, contact := x.s, x.t.ContactID
	if s.flows.fields[contact] == nil {
		s.flows.fields[contact] = map[string]string{}
	}
	for k, v := range values {
		s.flows.fields[contact][k] = v
		if known := s.flows.contacts[contact]; known != nil {
			known[k] = v
		}
	}
	s.touch(x.v.WorkspaceID, "contact", contact)
}

// goal counts something reached, once a run and step.
func (x *flowTurn) goal(name, step string, g *flow.GoalReached) {
	row := goalRow{workspace: x.v.WorkspaceID, contact: x.t.ContactID, conversation: x.v.ID, campaign: x.run.CampaignID, trigger: x.run.TriggerID, name: name, source: "flow",
		dedupe: fmt.Sprintf("flow:%d:%s", x.run.ID, step)}
	if g != nil && g.Currency != "" {
		micros := int64(math.Round(g.Value * 1e6))
		row.value, row.currency = &micros, g.Currency
	}
	x.s.flows.goals = append(x.s.flows.goals, row)
}

// say plans a message. What nobody asked for is told apart: it answers no event, and belongs to a sequence
// that the gate spaces and ends.
func (x *flowTurn) say(e flow.Effect) error {
	_, err := x.utter(e, e.Text)
	return err
}

func (x *flowTurn) utter(e flow.Effect, text string) (int64, error) {
	a, err := x.action(channels.SendMessage)
	if err != nil {
		return 0, err
	}
	a.Call.Text = text
	a.Bubble = &outbox.Bubble{Author: "bot", Type: "text", Text: text}
	x.controls(&a.Call, e)
	if e.Media != nil {
		a.Call.Media = &channels.Media{Type: e.Media.Type, URL: e.Media.URL, Filename: e.Media.Filename}
		a.Bubble.Type = e.Media.Type
		if text == "" {
			a.Bubble.Text = cmp.Or(e.Media.Filename, "["+e.Media.Type+"]")
		}
	}
	if e.Promotional {
		a.Purpose = "promotional"
	}
	x.plan(a)
	return a.ID, nil
}

// controls gives a message its buttons, list or link; where a network has no lists, the rows are quick replies.
func (x *flowTurn) controls(c *channels.Call, e flow.Effect) {
	options := e.Buttons
	if e.List != nil && x.t.Channel == string(channels.WhatsApp) {
		c.List = &channels.List{Button: e.List.Button}
		for _, o := range e.List.Rows {
			c.List.Rows = append(c.List.Rows, channels.ListRow{ID: o.ID, Title: o.Title, Description: o.Description})
		}
		options = nil
	} else if e.List != nil {
		options = e.List.Rows
	}
	for _, o := range options {
		c.Buttons = append(c.Buttons, channels.Button{ID: o.ID, Title: cut(o.Title, 20)})
	}
	if e.Link != nil {
		c.Link = &channels.Link{Title: e.Link.Title, URL: e.Link.URL}
	}
}

// action begins an action of this turn.
func (x *flowTurn) action(kind channels.CallKind) (outbox.Action, error) {
	id, err := x.s.d.IDs.Take(x.s.ctx, "actions")
	if err != nil {
		return outbox.Action{}, err
	}
	t, v := x.t, x.v
	call := channels.Call{Kind: kind, Channel: channels.Channel(t.Channel)}
	who := x.s.people.Identity(t.IdentityID)
	if who.ExternalID != nil {
		call.To = *who.ExternalID
	}
	if who.Phone != nil && t.Channel == string(channels.WhatsApp) {
		call.Phone = *who.Phone
	}
	a := outbox.Action{WorkspaceID: v.WorkspaceID, ID: id, AccountID: t.AccountID, Kind: string(kind), Purpose: "answer", Origin: "bot", ContactID: &t.ContactID, IdentityID: &t.IdentityID,
		ThreadID: &t.ID, ConversationID: &v.ID, AnswersEvent: x.answers, TriggerID: x.run.TriggerID, CampaignID: x.run.CampaignID, WaitsFor: x.before, Call: call,
		Dedupe: fmt.Sprintf("flow:%d:%d:%d", x.run.ID, x.e.ID, x.said), NotBefore: x.s.now, ValidUntil: x.s.now.Add(inbox.CareWindow)}
	if t.LastInAt != nil && kind == channels.SendMessage {
		a.ValidUntil = t.LastInAt.Add(inbox.CareWindow)
	}
	if x.answers == nil {
		a.Purpose, a.Origin = "service", "system"
	}
	if x.nudge {
		a.Sequence = fmt.Sprintf("flow:%d", x.run.ID)
	}
	return a, nil
}

func (x *flowTurn) plan(a outbox.Action) {
	x.s.w.actions = append(x.s.w.actions, a)
	x.before = &a.ID
	x.said++
}

// askConsent shows the stored wording and remembers which, and in which message: only the answer to that one
// grants anything.
func (x *flowTurn) askConsent(e flow.Effect) error {
	w, ok := x.s.wording(x.v.WorkspaceID, e.Wording, e.Language)
	if !ok {
		return &decisionError{x.e.ID, fmt.Errorf("no wording %q in the workspace", e.Wording)}
	}
	action, err := x.utter(e, w.Text)
	if err != nil {
		return err
	}
	x.run.State.WordingID, x.run.State.AskedAction = w.ID, action
	entry := x.entry(consent.Ask, "question", "")
	entry.Kind, entry.Actor, entry.WordingID = consent.None, "bot", &w.ID
	x.s.w.consent = append(x.s.w.consent, entry)
	return nil
}

func (x *flowTurn) entry(act consent.Act, how, words string) consent.Entry {
	who := x.s.people.Identity(x.t.IdentityID)
	evidence := consent.Evidence{"event": fmt.Sprint(x.e.ID), "flow_run": fmt.Sprint(x.run.ID)}
	if x.answers != nil {
		evidence["event"] = fmt.Sprint(*x.answers)
	}
	if x.last != nil && x.last.ExternalID != nil {
		evidence["message"] = *x.last.ExternalID
	}
	return consent.Entry{WorkspaceID: x.v.WorkspaceID, At: x.at, Brand: x.s.spaces[x.v.WorkspaceID].BrandName(), Channel: x.t.Channel, Purpose: consent.Promotional, Act: act,
		Kind: consent.Express, How: how, Actor: "contact", Evidence: evidence,
		Personal: consent.Personal{ContactID: x.t.ContactID, IdentityID: x.t.IdentityID, Address: consent.AddressOf(*who), Name: who.Name, Words: words}}
}

// consent writes what the person said to the wording, or that they want no more, into the ledger.
func (x *flowTurn) consent(e flow.Effect) error {
	entry := x.entry(consent.Act(e.Act), e.How, e.Words)
	status := map[string]string{"grant": "granted", "refuse": "refused", "withdraw": "withdrawn", "doubt": "doubt"}[e.Act]
	switch entry.Act {
	case consent.Grant, consent.Refuse:
		shown := x.shownBefore
		if shown.wording == 0 {
			return &decisionError{x.e.ID, fmt.Errorf("a %s without the wording that was shown", entry.Act)}
		}
		entry.WordingID = &shown.wording
		entry.Evidence["asked_action"] = fmt.Sprint(shown.action)
	case consent.Withdraw, consent.Doubt:
		entry.Channel = "all" // a withdrawal is broad: all channels of the brand
	}
	if status != "" {
		if x.granted == nil {
			x.granted = map[string]string{}
		}
		x.granted[e.Purpose] = status
	}
	x.s.w.consent = append(x.s.w.consent, entry)
	x.s.touch(x.v.WorkspaceID, "contact", x.t.ContactID)
	return nil
}

// book does in the calendar what the flow asks for. A time that is taken meanwhile is an answer like another;
// so is what the team has changed since.
func (x *flowTurn) book(e flow.Effect) (*flow.Input, error) {
	s, task, ws := x.s, e.Book, x.v.WorkspaceID
	in := &flow.Input{Kind: flow.Outcome, Seq: e.Seq}
	var b booking.Booking
	var err error
	switch task.Do {
	case "reserve":
		b, err = booking.Reserve(s.ctx, s.tx, booking.Wish{WorkspaceID: ws, Service: task.Service, Start: task.Start, ContactID: &x.t.ContactID, ThreadID: &x.t.ID, By: fmt.Sprintf("flow:%d", x.run.ID), Now: s.now})
	case "confirm":
		b, err = booking.Confirm(s.ctx, s.tx, ws, task.Ref, s.now)
	case "move":
		b, err = booking.Move(s.ctx, s.tx, ws, task.Ref, task.Start, s.now, false)
	case "cancel":
		b, err = booking.Cancel(s.ctx, s.tx, ws, task.Ref, "customer", s.now)
	}
	switch {
	case err == booking.ErrTaken:
		in.Failure = flow.FailedTaken
	case err != nil && fault.KindOf(err) != fault.Internal:
		in.Failure = "not_possible"
	case err != nil:
		return nil, err
	case task.Do == "move" || task.Do == "cancel":
		if err := outbox.BookingChanged(s.ctx, s.tx, ws, b.ID); err != nil {
			return nil, err
		}
	}
	in.Ref = b.Ref
	if task.Do == "confirm" && err == nil {
		s.flows.goals = append(s.flows.goals, goalRow{workspace: ws, contact: x.t.ContactID, conversation: x.v.ID, campaign: x.run.CampaignID, trigger: x.run.TriggerID,
			name: "booking", source: "booking", dedupe: fmt.Sprintf("booking:%d", b.ID)})
	}
	return in, nil
}
