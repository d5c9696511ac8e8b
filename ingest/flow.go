package ingest

import (
	"encoding/json"
	"fmt"
	"strings"

	"ponte/flow"
	"ponte/flow/live"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
)

// flowMessage gives a message to the flow that leads the conversation, or begins one. It says whether a flow
// has it: where a person answers, or no flow is meant, others do.
func (s *scene) flowMessage(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict, outcome router.Outcome, e *event) (bool, string, error) {
	wish, run := live.WishOf(verdict), s.flows.runs[v.ID]
	if run != nil {
		offered, err := s.offered(run, m, e)
		if err != nil {
			return false, "", err
		}
		if offered && wish != flow.WantsStop {
			wish = flow.NoWish // "Change", said to a question that offers it, is its answer
		}
		if !offered {
			instead, err := s.bookingInstead(run, t, v, m, wish, e)
			if err != nil {
				return false, "", err
			}
			if instead != nil {
				run, wish = instead, flow.NoWish
			}
		}
	}
	if run == nil {
		var err error
		if run, err = s.beginFlow(t, v, m, wish, outcome, e, false); err != nil || run == nil {
			return false, "", err
		}
		wish = flow.NoWish // what began a flow has said what it wants
	}
	if run.State.Flow == "" && wish != flow.NoWish {
		// It has said nothing yet, and its person wants to stop or wants somebody: that is answered instead.
		run.Pending = nil
		run.End("another_wish", s.now)
		s.flows.touch(run)
		delete(s.flows.runs, v.ID)
		return false, "", nil
	}
	if v.Handler == "human" {
		return false, "", nil // a person answers: the flow is silent and keeps its place
	}
	reason, err := s.hear(run, t, v, m, wish, e)
	return true, reason, err
}

// offered says whether a message is an answer that the flow itself offers: a tap on its button, or the button's words.
func (s *scene) offered(run *live.Run, m *inbox.Message, e *event) (bool, error) {
	if payload := e.payload(); payload != "" {
		return strings.HasPrefix(payload, "f:"), nil
	}
	f, err := s.d.flows.Flow(s.ctx, s.tx, run)
	return err == nil && f.Offers(run.State, m.Text), err
}

// hear adds a message to what a run waits with. A tap and a wish are answered at once; words wait a moment,
// so that what somebody writes in one breath gets one answer.
func (s *scene) hear(run *live.Run, t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, wish flow.Wish, e *event) (string, error) {
	run.Pending = append(run.Pending, live.Heard{Message: m.ID, Event: e.ID, Wish: wish})
	s.flows.touch(run)
	switch {
	case wish != flow.NoWish || strings.HasPrefix(e.payload(), "f:"):
	case s.d.Settle > 0:
		s.markRead(t, v, e)
		soon := s.now.Add(s.d.Settle)
		s.flows.events = append(s.flows.events, inbox.InternalEvent{WorkspaceID: run.WorkspaceID, AccountID: run.AccountID, Key: fmt.Sprintf("flow:%d:settled:%d", run.ID, e.ID), Kind: inbox.FlowSettled,
			Channel: t.Channel, Lane: e.Lane, At: s.now, NotBefore: &soon, Payload: live.Payload{RunID: run.ID, Event: e.ID}})
		return "heard by the flow, which waits a moment for more", nil
	case s.followed[t.ID] != e.ID:
		return "part of a burst: the flow answers the last message", nil
	}
	return s.answerHeard(run, t, v, m, e)
}

// answerHeard leads a run on by all that was heard since its last turn.
func (s *scene) answerHeard(run *live.Run, t *inbox.Thread, v *inbox.Conversation, last *inbox.Message, e *event) (string, error) {
	inputs := s.heard(run)
	x := &flowTurn{s: s, e: e, t: t, v: v, run: run, at: last.At, last: last}
	if n := len(run.Pending); n > 0 {
		event := run.Pending[n-1].Event
		x.answers, run.AnswersEvent = &event, &event
	}
	run.Pending = nil
	if len(inputs) == 0 {
		s.flows.touch(run)
		return "what was written was taken back: nothing to answer", nil
	}
	s.lastAt[t.ID] = last.At
	reason, err := x.play(inputs)
	if len(inputs) > 1 {
		reason = fmt.Sprintf("%d messages in one breath: %s", len(inputs), reason)
	}
	return reason, err
}

// beginFlow makes a run where a start holds: of words always, of a handoff or a conversation only where it
// has just begun. What a channel answers with its triggers comes before the mere beginning of a conversation,
// which is asked for last.
func (s *scene) beginFlow(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, wish flow.Wish, outcome router.Outcome, e *event, last bool) (*live.Run, error) {
	state := botState(v)
	untouched := v.AssigneeID == nil && v.FirstHumanAt == nil
	task := bookingWord(m.Text, e.payload())
	if wish == flow.WantsStop || wish == flow.WantsHelp && task == "" || router.AboutStopping(state, m.Text, botPayload(e.payload())) || v.Handler == "human" && !untouched || v.Spam {
		return nil, nil
	}
	// "Cancel" alone may mean the offers, and "change" a person; from somebody with a booking it means the booking.
	if task != "" {
		run, err := s.manageBooking(t, v, task, e)
		if run != nil || err != nil {
			return run, err
		}
	}
	if wish != flow.NoWish {
		return nil, nil
	}
	o := live.Occasion{AccountID: t.AccountID, Channel: t.Channel, Language: s.language(v, s.spaces[e.WorkspaceID]), Text: m.Text,
		First: state.Stage == router.StageNew && v.Handler == "bot" && router.Fold(m.Text) != "start", Handoff: outcome == router.Valid}
	origin := handoffOf(v)
	o.TriggerID, o.CampaignID = origin.TriggerID, origin.CampaignID
	start, _ := live.Choose(s.flows.starts[e.WorkspaceID], o)
	if start == nil || start.On == live.OnConversation && t.Channel != "whatsapp" && !last {
		return nil, nil
	}
	flowID, version := start.FlowID, start.VersionID
	return s.newRun(t, v, e, &live.Run{FlowID: &flowID, VersionID: &version, BeganWith: string(start.On)}, origin)
}

// newRun puts a person into a flow. From now on the built-in conversation counts as done.
func (s *scene) newRun(t *inbox.Thread, v *inbox.Conversation, e *event, run *live.Run, origin handoffIDs) (*live.Run, error) {
	id, err := s.d.IDs.Take(s.ctx, "flow_runs")
	if err != nil {
		return nil, err
	}
	run.WorkspaceID, run.ID, run.ConversationID, run.ThreadID, run.AccountID, run.Lane = v.WorkspaceID, id, v.ID, t.ID, t.AccountID, e.Lane
	run.StartedAt, run.UpdatedAt, run.New = s.now, s.now, true
	if origin.TriggerID != 0 {
		run.TriggerID = &origin.TriggerID
	}
	if origin.CampaignID != 0 {
		run.CampaignID = &origin.CampaignID
	}
	state := botState(v)
	state.Stage = router.StageDone
	v.Bot, _ = json.Marshal(state)
	v.Handler, v.HandlerReason = "bot", "flow"
	s.changedConversation(v)
	s.flows.runs[v.ID], s.flows.byRun[id] = run, run
	s.flows.touch(run)
	return run, nil
}

// handoffIDs says which trigger and campaign brought somebody here.
type handoffIDs struct{ TriggerID, CampaignID int64 }

func handoffOf(v *inbox.Conversation) handoffIDs {
	var o struct {
		TriggerID  *int64 `json:"trigger_id"`
		CampaignID *int64 `json:"campaign_id"`
	}
	var out handoffIDs
	if json.Unmarshal(v.Origin, &o) != nil {
		return out // no handoff brought them
	}
	if o.TriggerID != nil {
		out.TriggerID = *o.TriggerID
	}
	if o.CampaignID != nil {
		out.CampaignID = *o.CampaignID
	}
	return out
}

// runOf returns the run of an internal event with its thread and conversation, or why it is not led on.
func (s *scene) runOf(e *event) (*live.Run, *inbox.Thread, *inbox.Conversation, string) {
	run := s.flows.byRun[e.internal.RunID]
	if run == nil {
		return nil, nil, nil, "the run is gone"
	}
	if run.EndedAt != nil {
		return nil, nil, nil, "the flow had ended: " + strings.ReplaceAll(run.Why, "_", " ")
	}
	var t *inbox.Thread
	for _, th := range s.threads {
		if th.ID == run.ThreadID {
			t = th
		}
	}
	v := s.open[run.ThreadID]
	why := ""
	switch {
	case t == nil || s.people.Identity(t.IdentityID) == nil:
		why = "the person is gone"
	case v == nil || v.ID != run.ConversationID:
		why = "resolved"
	case v.Handler == "human":
		why = "taken_over"
	default:
		return run, t, v, ""
	}
	run.End(why, s.now)
	s.flows.touch(run)
	return nil, nil, nil, "the flow is over: " + strings.ReplaceAll(why, "_", " ")
}

// flowSettled: it was quiet after a message, so the flow answers all that was said.
func (s *scene) flowSettled(e *event) (string, error) {
	run, t, v, why := s.runOf(e)
	if run == nil {
		return why, nil
	}
	n := len(run.Pending)
	if n == 0 {
		return "answered already", nil
	}
	if run.Pending[n-1].Event != e.internal.Event {
		return "more was written: the last message is waited for", nil
	}
	last := s.byMessage[run.Pending[n-1].Message]
	if last == nil {
		last = &inbox.Message{At: s.now}
	}
	return s.answerHeard(run, t, v, last, e)
}

// flowTimer: the time that a flow waited for has come. A message that came first has the word.
func (s *scene) flowTimer(e *event) (string, error) {
	run, t, v, why := s.runOf(e)
	switch {
	case run == nil:
		return why, nil
	case len(run.Pending) > 0:
		return "a message came before the time was over", nil
	}
	x := &flowTurn{s: s, e: e, t: t, v: v, run: run, at: s.now, nudge: true}
	return x.play([]flow.Input{{Kind: flow.Timer, Seq: e.internal.Seq}})
}

// flowCalled: another system answered a call, or did not.
func (s *scene) flowCalled(e *event) (string, error) {
	run, t, v, why := s.runOf(e)
	if run == nil {
		_, _, err := live.TakeAnswer(s.ctx, s.tx, e.WorkspaceID, e.internal.CallID) // nobody wants it any more
		return why, err
	}
	in, ok, err := live.TakeAnswer(s.ctx, s.tx, e.WorkspaceID, e.internal.CallID)
	if err != nil || !ok {
		return "the call is gone", err
	}
	x := &flowTurn{s: s, e: e, t: t, v: v, run: run, at: s.now, answers: run.AnswersEvent}
	return x.play([]flow.Input{in})
}
