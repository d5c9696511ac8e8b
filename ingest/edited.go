package ingest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"ponte/channels"
	"ponte/flow"
	"ponte/flow/live"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
	"ponte/router"
)

// messageEdited: somebody changed what they had written. The new words are judged, and read for what they stop,
// as if they had just been said. They begin nothing: no welcome, no trigger, no flow, and no second answer to a
// question that took the first one.
func (s *scene) messageEdited(e *event) (string, error) {
	m := s.target(e)
	if m == nil {
		return s.keptFromEdit(e)
	}
	if m.ExternalID != nil {
		e.Event.ID = *m.ExternalID // WhatsApp gives the edit an id of its own; what follows is about the message
	}
	t := s.thread(e)
	switch {
	case m.DeletedAt != nil:
		s.w.erase = append(s.w.erase, eraseRow{workspace: m.WorkspaceID, event: e.ID})
		return "taken back by its author before its edit came: nothing is kept", nil
	case e.Own != (m.Direction == "out") || t == nil || t.ID != m.ThreadID:
		return "an edit by somebody who did not write the message: nothing follows", nil
	case e.Text == "" && len(attachmentsOf(m)) == 0:
		return "an edit without words: the message stays as it was", nil
	}
	late := m.EditedAt != nil && e.Event.Time.Before(*m.EditedAt)
	switch {
	case !late && m.Text == e.Text:
		return "the text is the same", nil
	case !e.Own:
		return s.reread(t, m, late, "an earlier edit that came late: the newer words stand", e)
	case late:
		return "an earlier edit that came late: the newer words stand", nil
	}
	s.setWords(m, s.talkOn(t), e)
	return "the brand edited its own message", nil
}

// keptFromEdit: the message itself never came, so its edit is what there is of it, and is answered as it.
func (s *scene) keptFromEdit(e *event) (string, error) {
	if e.Event.ID = e.about(); e.Event.ID == "" || e.Text == "" {
		return "about a message we do not have", nil
	}
	handle := s.messageReceived
	if e.Own {
		handle = s.messageEcho
	}
	reason, err := handle(e)
	if m := s.target(e); err == nil && m != nil {
		at := e.Event.Time
		m.EditedAt = &at
	}
	return "an edit of a message that never came, kept as the message: " + reason, err
}

// cameLate is a message that is known already: told a second time, or overtaken by its edit. The newer words
// stand; what the older ones stopped is stopped, and a reference in them was presented.
func (s *scene) cameLate(m *inbox.Message, e *event) (string, error) {
	t := s.thread(e)
	if e.Source == "backfill" || m.EditedAt == nil || m.Direction != "in" || t == nil || t.ID != m.ThreadID {
		return "known already", nil
	}
	if m.DeletedAt != nil {
		s.w.erase = append(s.w.erase, eraseRow{workspace: m.WorkspaceID, event: e.ID})
		return "taken back by its author before it came: nothing is kept", nil
	}
	if e.Message != nil && len(attachmentsOf(m)) == 0 {
		s.keepDetail(m, e)
		s.changedMessage(m)
	}
	said := ""
	if _, came := e.reference(); came {
		outcome, err := s.presented(t, s.talkOn(t), e)
		if err != nil {
			return "", err
		}
		said = "; " + outcome.Explain()
	}
	reason, err := s.reread(t, m, true, "came after its edit: the newer words stand", e)
	return reason + said, err
}

// reread judges the words of an edit and does what follows from them. Late ones are words that are not the
// newest: they are heard only where they end something, whatever order they come in.
func (s *scene) reread(t *inbox.Thread, m *inbox.Message, late bool, behind string, e *event) (string, error) {
	events, filed, err := s.madeOf(m)
	if err != nil {
		return "", err
	}
	before, _, err := s.judgeWords(m, m.Text, e)
	if err != nil {
		return "", err
	}
	verdict, in, err := s.judgeWords(m, e.Text, e)
	if err != nil {
		return "", err
	}
	ask := !late && verdict.NeedsLLM && s.d.AskLLM()
	vid, err := s.keepVerdict(verdictRow{workspace: m.WorkspaceID, subject: "message", subjectID: m.ID, event: e.ID, verdict: verdict, input: in, provisional: ask, from: e})
	if err != nil {
		return "", err
	}
	said := *m
	said.Text = e.Text
	v := s.talkOn(t)
	if late {
		if verdict.OptOut != moderation.OptOutClear {
			return behind, nil
		}
		reason, err := s.heardInEdit(t, v, &said, verdict, e)
		return behind + "; " + reason, err
	}
	x := &edit{t: t, v: v, m: m, was: m.Text, before: before, now: verdict, vid: vid, asks: ask, events: events, filed: filed,
		alone: v.Revision <= 1 && v.FirstBotAt == nil && v.FirstHumanAt == nil && v.AssigneeID == nil}
	s.setWords(m, v, e)
	m.VerdictID = &vid
	if ask {
		if err := s.ask(m.WorkspaceID, "message", m.ID, vid, e, in, verdict); err != nil {
			return "", err
		}
	}
	reason, err := s.followEdit(x, e)
	return "edited by its author; " + reason, err
}

// edit is a message whose words have changed, with what was made of the old ones.
type edit struct {
	t           *inbox.Thread
	v           *inbox.Conversation
	m           *inbox.Message
	was         string
	before, now moderation.Verdict
	vid         int64
	asks        bool    // the model was asked about the new words
	events      []int64 // that the old words came with
	filed       string  // what stood decided about them
	alone       bool    // nothing else was said in the conversation
}

// here says that the message is of a conversation that goes on.
func (x *edit) here() bool { return x.v.ID == x.m.ConversationID && x.v.State == "open" }

// followEdit does what follows from new words, in the order in which it does from a message.
func (s *scene) followEdit(x *edit, e *event) (string, error) {
	took, err := s.tookBack(x)
	if err != nil {
		return "", err
	}
	number := s.numberReworded(x.t, x.m, x.now, e)
	complained := false
	if !complains(x.was) {
		if complained, err = s.complaint(x.t, x.v, x.m, x.now.OptOut == moderation.OptOutClear, e); err != nil {
			return "", err
		}
		x.now.WantsHuman = x.now.WantsHuman || complained
	}
	reason, err := s.settleEdit(x, e)
	if complained {
		s.reopen(x.t, x.v)
		s.forCompliance(x.v, x.m)
		reason += "; complains: an item for owner and admin"
	}
	if inDanger(x.now) && err == nil {
		number += s.helpFirst(x.t, x.v, x.m)
	}
	if took != "" {
		reason = took + "; " + reason
	}
	return reason + number, err
}

func (s *scene) settleEdit(x *edit, e *event) (string, error) {
	v, now := x.v, x.now
	optOut := now.OptOut != moderation.NoOptOut
	asked := s.flows.runs[v.ID] != nil && v.Handler == "bot" // what a flow asks for reads like what spammers leave behind
	harmful := now.Decision == moderation.Spam && !asked || now.Decision == moderation.Block
	unsure := now.Decision == moderation.Review && (!asked || mustBeRead(now, x.asks, true))
	wish := now.OptOut == moderation.OptOutClear || optOut && x.before.OptOut == moderation.NoOptOut || now.WantsHuman && !x.before.WantsHuman
	if wish || harmful || x.asks || unsure {
		s.cancel(outbox.Cancellation{WorkspaceID: v.WorkspaceID, ConversationID: v.ID, Automatic: true, Events: x.events, Kinds: []channels.CallKind{channels.SendMessage},
			Reason: "message_edited", Meaning: "the message says something else than when this was to answer it"})
	}
	if x.filed == string(moderation.Block) && now.Decision != moderation.Block {
		s.cancel(outbox.Cancellation{WorkspaceID: v.WorkspaceID, ConversationID: x.m.ConversationID, Automatic: true, Kinds: []channels.CallKind{channels.BlockUser},
			Reason: "message_edited", Meaning: "the message says something else than when its writer was to be blocked"})
	}
	switch {
	case wish && (optOut || !harmful):
		said, err := "", error(nil)
		if !harmful && !x.asks {
			if said, err = s.unfile(v, x.m); err != nil {
				return "", err
			}
		}
		reason, err := s.heardInEdit(x.t, v, x.m, now, e)
		return reason + said, err
	case !x.here():
		return "the conversation is over", nil
	case harmful && !optOut:
		said := s.spam(v, now, x.alone)
		if now.Decision == moderation.Block && s.spaces[v.WorkspaceID].automates(v.AccountID) {
			said += s.block(x.t, v, x.vid)
		}
		return said, nil
	case v.Handler == "bot" && !optOut && mustBeRead(now, x.asks, asked):
		said, err := s.unfile(v, x.m)
		return s.forAPerson(v, x.m, now) + said, err
	case x.asks:
		return "judged " + string(now.Decision) + " for now; the model was asked, its answer decides", nil
	}
	said, err := s.unfile(v, x.m)
	if err != nil {
		return "", err
	}
	heard, reason, err := s.answersAnew(x, e)
	switch {
	case heard || err != nil:
		return reason + said, err
	case unsure:
		if v.Channel != string(channels.WhatsApp) {
			v.Handler = "human"
		}
		s.waits(v, x.m.At)
		return "for review: " + now.Why() + said, nil
	}
	return "an edit begins nothing" + said, nil
}

// heardInEdit does what somebody wishes who edits a message into a STOP, a perhaps, or a call for a person.
func (s *scene) heardInEdit(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict, e *event) (string, error) {
	sp := s.spaces[e.WorkspaceID]
	if verdict.OptOut != moderation.OptOutClear {
		s.reopen(t, v)
	}
	if verdict.OptOut == moderation.OptOutDoubtful && verdict.Decision == moderation.Review && v.Handler == "bot" {
		v.Handler, v.HandlerReason = "human", "judged"
	}
	if verdict.OptOut == moderation.NoOptOut {
		old := s.now.Sub(e.Event.Time) > time.Duration(sp.Settings.ActMaxAgeMinutes)*time.Minute
		if old || v.Spam || !sp.automates(e.AccountID) || v.Channel != string(channels.WhatsApp) && s.flows.runs[v.ID] == nil {
			v.Handler = "human"
			s.waits(v, m.At)
			return "for a person: asks for a person", nil
		}
	}
	if run := s.flows.runs[v.ID]; run != nil {
		run.Pending = slices.DeleteFunc(run.Pending, func(h live.Heard) bool { return h.Message == m.ID })
		if has, reason, err := s.flowMessage(t, v, m, verdict, router.NoReference, e); has || err != nil {
			return reason, err
		}
	}
	return s.stepAgain(t, v, m, verdict, e)
}

// stepAgain lets the bot take its turn on words that were there before: they are no burst.
func (s *scene) stepAgain(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict, e *event) (string, error) {
	last := s.lastAt[t.ID]
	delete(s.lastAt, t.ID)
	defer func() { s.lastAt[t.ID] = last }()
	return s.step(t, v, m, verdict, router.NoReference, botState(v), e)
}

// answersAnew lets a question hear the new words that did not understand the old ones and asked again: it still
// waits for its answer. A question that took the old ones has its answer.
func (s *scene) answersAnew(x *edit, e *event) (bool, string, error) {
	t, v, m, sp := x.t, x.v, x.m, s.spaces[e.WorkspaceID]
	run := s.flows.runs[v.ID]
	if run != nil && slices.ContainsFunc(run.Pending, func(h live.Heard) bool { return h.Message == m.ID }) {
		return true, "the flow hears the new words", nil
	}
	if v.Handler != "bot" || v.Spam || !sp.automates(e.AccountID) || s.now.Sub(e.Event.Time) > time.Duration(sp.Settings.ActMaxAgeMinutes)*time.Minute {
		return false, "", nil
	}
	if run != nil {
		if run.State.Waiting != flow.ForAnswer || run.State.Retries == 0 || run.AnswersEvent == nil || !slices.Contains(x.events, *run.AnswersEvent) {
			return false, "", nil
		}
		run.Pending = append(run.Pending, live.Heard{Message: m.ID, Event: e.ID})
		reason, err := s.answerHeard(run, t, v, m, e)
		return true, reason, err
	}
	state := botState(v)
	if t.Channel != string(channels.WhatsApp) || state.Stage != router.StageQualify || state.Retries == 0 || t.LastInAt == nil || t.LastInAt.After(m.At) {
		return false, "", nil
	}
	reason, err := s.stepAgain(t, v, m, x.now, e)
	return true, reason, err
}

// setWords gives a message its new words. What was suggested as an answer to the old ones is for a conversation
// that has moved on.
func (s *scene) setWords(m *inbox.Message, v *inbox.Conversation, e *event) {
	at, shown := e.Event.Time, v.ID == m.ConversationID && v.Preview == previewOf(m)
	m.Text, m.EditedAt = e.Text, &at
	s.changedMessage(m)
	if shown {
		v.Preview = previewOf(m)
	}
	if v.ID == m.ConversationID {
		v.Revision++
		s.changedConversation(v)
	}
}

// talkOn is the conversation of a thread that goes on, else its last.
func (s *scene) talkOn(t *inbox.Thread) *inbox.Conversation {
	return cmp.Or(s.open[t.ID], s.latest[t.ID])
}

// reopen opens a conversation again that is over, for a person.
func (s *scene) reopen(t *inbox.Thread, v *inbox.Conversation) {
	if v.State != "open" {
		v.State, v.ResolvedAt, v.Handler, v.HandlerReason = "open", nil, "human", "reopened"
		s.open[t.ID] = v
		s.changedConversation(v)
	}
}

// judgeWords judges a message with these words: the files that came with it are still there.
func (s *scene) judgeWords(m *inbox.Message, text string, e *event) (moderation.Verdict, moderation.Input, error) {
	with, said := *e, *m
	with.Message, said.Text = &channels.Message{Type: m.Type, Attachments: attachmentsOf(m)}, text
	v, in, err := s.judgeMessage(&said, &with)
	e.took = with.took
	return v, in, err
}

func attachmentsOf(m *inbox.Message) []channels.Attachment {
	var d messageDetail
	_ = json.Unmarshal(m.Detail, &d) // without it there were none
	return d.Attachments
}

// madeOf returns the events that a message's words came with, and what stands decided about it.
func (s *scene) madeOf(m *inbox.Message) (events []int64, decision string, err error) {
	var rows []struct {
		ID       int64  `db:"id"`
		Event    int64  `db:"event_id"`
		Decision string `db:"decision"`
	}
	if err := s.tx.SelectContext(s.ctx, &rows, sqlMadeOf, m.WorkspaceID, m.ID); err != nil {
		return nil, "", fmt.Errorf("find what message %d came with: %w", m.ID, err)
	}
	for _, v := range s.w.verdicts {
		if v.subject == "message" && v.subjectID == m.ID {
			rows = append(rows, struct {
				ID       int64  `db:"id"`
				Event    int64  `db:"event_id"`
				Decision string `db:"decision"`
			}{v.id, v.event, string(v.verdict.Decision)})
		}
	}
	for _, r := range rows {
		events = append(events, r.Event)
		if m.VerdictID != nil && r.ID == *m.VerdictID {
			decision = r.Decision
		}
	}
	return events, decision, nil
}

const sqlMadeOf = `SELECT id, event_id, decision FROM verdicts WHERE workspace_id = $1 AND subject = 'message' AND subject_id = $2 AND event_id IS NOT NULL`
