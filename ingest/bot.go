package ingest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"ponte/channels"
	"ponte/consent"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
	"ponte/router"
)

// answerMessage decides who answers: the bot on WhatsApp, a trigger on Instagram and Messenger, else a
// person. A withdrawal is handled on every channel, whoever is answering.
func (s *scene) answerMessage(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict, outcome router.Outcome, e *event) (string, error) {
	sp := s.spaces[e.WorkspaceID]
	age := s.now.Sub(m.At)
	optOut := string(verdict.OptOut)
	switch {
	case age > time.Duration(sp.Settings.ActMaxAgeMinutes)*time.Minute && optOut == "":
		s.waits(v, m.At)
		return "kept; too old to answer automatically: for a person", nil
	case v.Spam && optOut == "":
		return "kept in the spam folder", nil
	case !sp.automates(e.AccountID) && optOut == "":
		s.waits(v, m.At)
		return "automatic answers are switched off: for a person", nil
	}
	if v.Handler == "bot" && optOut == "" && mustBeRead(verdict, verdict.NeedsLLM && s.d.AskLLM(), s.flows.runs[v.ID] != nil) {
		return s.forAPerson(v, m, verdict), nil
	}
	if verdict.OptOut == moderation.OptOutDoubtful && verdict.Decision == moderation.Review && v.Handler == "bot" {
		v.Handler, v.HandlerReason = "human", "judged" // who must be read anyway is not asked by a machine what they meant
	}
	if has, reason, err := s.flowMessage(t, v, m, verdict, outcome, e); has || err != nil {
		return reason, err
	}
	state := botState(v)
	switch {
	case v.Channel != string(channels.WhatsApp) && (optOut == "" || s.refusesNumber(t, m, verdict)) && !router.AboutStopping(state, m.Text, botPayload(e.payload())):
		if said, done, err := s.numberMessage(t, v, m, verdict, e); done || err != nil {
			return said, err
		}
		return s.triggerMessage(v, m, verdict, e)
	case s.followed[t.ID] != e.ID && optOut == "" && !verdict.WantsHuman && v.Handler == "bot":
		return "part of a burst: answered with the last message; " + outcome.Explain(), nil
	}
	return s.step(t, v, m, verdict, outcome, state, e)
}

// mustBeRead says that a message is for a person, whatever a bot would answer: its writer may be in danger, it is abuse,
// or the workspace's rules or policy say so. The model alone must be surer of that than for a look at a comment – a bare
// "No" to a question reads like anything – and what looks like spam to it, or holds a number, is what bots ask for. While a
// language model is asked, only danger does not wait for its answer. led: a flow leads the conversation.
func mustBeRead(v moderation.Verdict, asked, led bool) bool {
	switch {
	case v.Decision != moderation.Review || v.Category == "personal_data":
		return false
	case v.SelfHarm():
		return inDanger(v)
	case asked:
		return false
	case v.Category != "" && moderation.GroupOf(v.Category) == "harm":
		return !v.ByModelAlone() || v.Harm >= sureAbuse
	}
	return !led && !v.ByModelAlone()
}

// From these scores on the model's word takes a conversation from the bot.
const (
	sureDanger = 0.5
	sureAbuse  = 0.85
)

// forAPerson takes a conversation from the bot, which says nothing to what was judged: no cheerful welcome to somebody
// in despair, no menu to abuse.
func (s *scene) forAPerson(v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict) string {
	v.Handler, v.HandlerReason = "human", "judged"
	s.waits(v, m.At)
	return "for a person, the bot is silent: " + verdict.Why()
}

// inBurst says that a message belongs to the breath of the one before it. Whoever has had our question for some seconds
// answers it, however soon after their last words.
func (s *scene) inBurst(t *inbox.Thread, at time.Time) bool {
	last := s.lastAt[t.ID]
	if last.IsZero() || at.Sub(last) >= burst {
		return false
	}
	return t.LastOutAt == nil || t.LastOutAt.Before(last) || at.Sub(*t.LastOutAt) < toRead
}

// botPayload turns the taps on a flow's question whether to stop into those of the built-in one, which asks the
// same: a flow may have ended since.
func botPayload(payload string) string {
	switch payload {
	case "f:!stop":
		return "ponte:stop"
	case "f:!keep":
		return "ponte:keep"
	}
	return payload
}

// payload is what the tapped button carries.
func (e *event) payload() string {
	if e.Message == nil {
		return ""
	}
	return e.Message.Payload
}

// step lets the bot take its turn and writes what follows.
func (s *scene) step(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict, outcome router.Outcome, state router.State, e *event) (string, error) {
	if shown, ok := s.asked[state.AskedAction]; state.Stage == router.StageConsent && (!ok || m.At.Before(shown)) {
		state.Stage = router.StageDone // the wording had not left, or was not what was said last: a YES to it cannot be
	}
	sp := s.spaces[e.WorkspaceID]
	who := s.people.Identity(t.IdentityID)
	in := router.Input{Text: m.Text, Type: m.Type, Language: s.language(v, sp), OptOut: string(verdict.OptOut), WantsHuman: verdict.WantsHuman, Outcome: outcome,
		Name: firstWord(who.Name), Origin: s.originOf(v), Human: v.Handler == "human", Waiting: waitsUntouched(v), Offers: s.offers(t), Burst: s.inBurst(t, m.At)}
	in.Payload = botPayload(e.payload())
	turn := router.Step(sp.Bot, sp.BrandName(), state, in)
	if err := s.carryOutTurn(t, v, m, turn, in, e); err != nil {
		return "", err
	}
	s.lastAt[t.ID] = m.At
	if outcome != router.NoReference {
		return turn.Reason + "; " + outcome.Explain(), nil
	}
	return turn.Reason, nil
}

// waitsUntouched says that the bot has handed a conversation on by itself and nobody of the brand has answered yet.
// Where a person was asked for, has taken it, or must look at what was said, the bot says nothing more.
func waitsUntouched(v *inbox.Conversation) bool {
	switch v.HandlerReason {
	case "routed", "wrote_again", "unclear_answers":
		return v.Handler == "human" && v.FirstHumanAt == nil
	}
	return false
}

func (s *scene) carryOutTurn(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, turn router.Turn, in router.Input, e *event) error {
	if err := s.consent(t, v, turn, in, m, e); err != nil {
		return err
	}
	state := turn.State
	var before *int64
	for i, u := range turn.Say {
		id, wording, err := s.utter(t, v, u, in.Language, i, before, e)
		if err != nil {
			return err
		}
		if u.Wording != "" {
			state.AskedAction, state.WordingID = id, wording
		}
		before = &id
	}
	v.Bot, _ = json.Marshal(state)
	names, err := s.names(v.WorkspaceID)
	if err != nil {
		return err
	}
	for _, l := range turn.Labels {
		v.Labels = addLabel(v.Labels, names.Label(l))
	}
	if turn.Team != "" {
		v.Team = names.Team(turn.Team)
	}
	switch {
	case turn.HandOver != "" && v.Handler == "bot":
		v.Handler, v.HandlerReason = "human", turn.HandOver
		s.waits(v, m.At)
	case turn.Resolve:
		at := m.At
		v.State, v.ResolvedAt, v.WaitingSince = "resolved", &at, nil
		delete(s.open, t.ID)
	case turn.Waits || (v.Handler == "human" && len(turn.Say) == 0):
		s.waits(v, m.At)
	}
	if len(turn.Say) > 0 {
		if v.FirstBotAt == nil {
			now := s.now
			v.FirstBotAt = &now
		}
		s.markRead(t, v, e)
	}
	s.changedConversation(v)
	return nil
}

// markRead tells the customer that they were read, and that somebody is typing, before the answer comes.
func (s *scene) markRead(t *inbox.Thread, v *inbox.Conversation, e *event) {
	if t.Channel != string(channels.WhatsApp) || e.Event.ID == "" {
		return
	}
	a := s.messageAction(t, v, "", e)
	a.Bubble, a.Purpose, a.Kind = nil, "technical", string(channels.Typing)
	a.Call.Kind, a.Call.MessageID = channels.Typing, e.Event.ID
	a.Dedupe, a.ValidUntil = fmt.Sprintf("read:%d", e.ID), s.now.Add(time.Minute)
	s.w.actions = append(s.w.actions, a)
}

// utter plans one message of the bot. It answers what the person just did, and says so with the event.
func (s *scene) utter(t *inbox.Thread, v *inbox.Conversation, u router.Utterance, language string, n int, before *int64, e *event) (action, wording int64, err error) {
	text := u.Text
	if u.Wording != "" {
		w, ok := s.wording(e.WorkspaceID, u.Wording, language)
		if !ok {
			return 0, 0, &decisionError{e.ID, fmt.Errorf("no wording %q in the workspace", u.Wording)}
		}
		text, wording = w.Text, w.ID
	}
	if action, err = s.d.IDs.Take(s.ctx, "actions"); err != nil {
		return 0, 0, err
	}
	a := s.messageAction(t, v, text, e)
	a.ID, a.WaitsFor = action, before
	a.Dedupe = fmt.Sprintf("bot:%d:%d", e.ID, n)
	a.Call.Buttons, a.Call.List = controls(u.Buttons, language)
	s.w.actions = append(s.w.actions, a)
	return action, wording, nil
}

func (s *scene) messageAction(t *inbox.Thread, v *inbox.Conversation, text string, e *event) outbox.Action {
	call := channels.Call{Kind: channels.SendMessage, Channel: channels.Channel(t.Channel), Text: text}
	who := s.people.Identity(t.IdentityID)
	if who.ExternalID != nil {
		call.To = *who.ExternalID
	}
	if who.Phone != nil && t.Channel == string(channels.WhatsApp) {
		call.Phone = *who.Phone
	}
	return outbox.Action{WorkspaceID: v.WorkspaceID, AccountID: t.AccountID, Kind: string(channels.SendMessage), Purpose: "answer", Origin: "bot",
		ContactID: &t.ContactID, IdentityID: &t.IdentityID, ThreadID: &t.ID, ConversationID: &v.ID, AnswersEvent: &e.ID, Call: call,
		NotBefore: s.now, ValidUntil: e.Event.Time.Add(inbox.CareWindow), Bubble: &outbox.Bubble{Author: "bot", Type: "text", Text: text}}
}

// controls makes up to three buttons, or a list of up to ten rows (WhatsApp's limits).
func controls(options []router.Option, language string) ([]channels.Button, *channels.List) {
	if len(options) == 0 {
		return nil, nil
	}
	if len(options) <= 3 {
		var out []channels.Button
		for _, o := range options {
			out = append(out, channels.Button{ID: o.ID, Title: cut(o.Title, 20)})
		}
		return out, nil
	}
	list := &channels.List{Button: cut(router.Say(language, "list.open"), 20)}
	for _, o := range options[:min(10, len(options))] {
		list.Rows = append(list.Rows, channels.ListRow{ID: o.ID, Title: cut(o.Title, 24)})
	}
	return nil, list
}

// consent turns the bot's steps into entries of the ledger, keyed by the address the person wrote from.
func (s *scene) consent(t *inbox.Thread, v *inbox.Conversation, turn router.Turn, in router.Input, m *inbox.Message, e *event) error {
	who := s.people.Identity(t.IdentityID)
	sp := s.spaces[e.WorkspaceID]
	state := botState(v)
	for _, step := range turn.Consent {
		entry := consent.Entry{WorkspaceID: e.WorkspaceID, At: e.Event.Time, Brand: sp.BrandName(), Channel: t.Channel, Purpose: consent.Promotional, Act: consent.Act(step.Act),
			Kind: consent.Express, How: step.How, Actor: "contact", Evidence: consent.Evidence{"event": fmt.Sprint(e.ID), "message": e.Event.ID},
			Personal: consent.Personal{ContactID: t.ContactID, IdentityID: t.IdentityID, Address: consent.AddressOf(*who), Name: who.Name, Words: cmp.Or(in.Text, in.Payload)}}
		switch entry.Act {
		case consent.Ask:
			entry.Kind, entry.Actor, entry.Personal.Words = consent.None, "bot", ""
			if w, ok := s.wording(e.WorkspaceID, "offers", in.Language); ok {
				entry.WordingID = &w.ID
			}
		case consent.Grant, consent.Refuse:
			if state.WordingID == 0 {
				return &decisionError{e.ID, fmt.Errorf("a %s without the wording that was shown", entry.Act)}
			}
			id := state.WordingID
			entry.WordingID = &id
			entry.Evidence["asked_action"] = fmt.Sprint(state.AskedAction)
		case consent.Withdraw, consent.Doubt, consent.Confirm:
			entry.Channel = "all" // a withdrawal is broad: all channels of the brand
			if entry.Act == consent.Confirm {
				entry.Channel = t.Channel
			}
		}
		s.w.consent = append(s.w.consent, entry)
		s.touch(e.WorkspaceID, "contact", t.ContactID)
	}
	return nil
}

func (s *scene) offers(t *inbox.Thread) string {
	h := s.histories[consent.Key{WorkspaceID: t.WorkspaceID, ContactID: t.ContactID}]
	if h == nil {
		return "none"
	}
	return string(h.State(t.IdentityID, t.Channel, consent.Promotional, s.now).Status)
}
