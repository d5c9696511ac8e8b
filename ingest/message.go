package ingest

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"ponte/asks"
	"ponte/campaign"
	"ponte/channels"
	"ponte/consent"
	"ponte/flow"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
	"ponte/router"
)

// burst is how soon after another a message counts as part of the same breath.
const burst = 10 * time.Second

// messageReceived keeps a message (or a tap on a button), judges it, and leads the conversation on.
func (s *scene) messageReceived(e *event) (string, error) {
	if e.Event.ID != "" && s.messages[inbox.MessageKey{AccountID: e.AccountID, ExternalID: e.Event.ID}] != nil {
		return "known already", nil
	}
	if s.gone[e.goneKey()] {
		s.w.erase = append(s.w.erase, eraseRow{workspace: e.WorkspaceID, event: e.ID})
		return "taken back by its author before it came: nothing is kept", nil
	}
	t := s.thread(e)
	if t == nil {
		return "nobody to answer: the network withheld the author", nil
	}
	v, created, err := s.conversation(t, e)
	if err != nil {
		return "", err
	}
	m, err := s.newMessage(t, v, e)
	if err != nil {
		return "", err
	}
	s.silence(t, m)
	verdict, in := s.judgeMessage(m, e)
	ask := verdict.NeedsLLM && e.Source != "backfill" && s.d.AskLLM()
	vid, err := s.keepVerdict(verdictRow{workspace: e.WorkspaceID, subject: "message", subjectID: m.ID, event: e.ID, verdict: verdict, input: in, provisional: ask, from: e})
	if err != nil {
		return "", err
	}
	m.VerdictID = &vid
	if e.Source == "backfill" {
		return "history: kept, never acted on", nil
	}
	s.arrived(t, v, m, verdict, e)
	if o := s.optIn(e, verdict); o != nil {
		return s.confirmOptIn(t, v, m, o, e)
	}
	if said, done, err := s.offerAnswered(t, v, m, verdict, e); done || err != nil {
		return said, err
	}
	if e.Referral != nil && !created && originFree(v.Origin) {
		v.Origin = referralOrigin(e.Referral)
	}
	s.answeredNumber(t, v, m, e)
	complains, err := s.complaint(t, v, m, verdict.OptOut == moderation.OptOutClear, e)
	if err != nil {
		return "", err
	}
	verdict.WantsHuman = verdict.WantsHuman || complains
	outcome, err := s.presented(t, v, e)
	if err != nil {
		return "", err
	}
	if ask {
		if err := s.ask(e.WorkspaceID, "message", m.ID, vid, e, in, verdict); err != nil {
			return "", err
		}
	}
	// What a flow asks for – an address, a number – reads like what spammers leave behind.
	asked := verdict.Decision == moderation.Spam && s.flows.runs[v.ID] != nil && v.Handler == "bot"
	if (verdict.Decision == moderation.Spam && !asked || verdict.Decision == moderation.Block) && verdict.OptOut == moderation.NoOptOut {
		said := s.spam(v, verdict, created)
		if verdict.Decision == moderation.Block && s.spaces[e.WorkspaceID].automates(e.AccountID) {
			said += s.block(t, v, vid)
		}
		return said, nil
	}
	before := len(s.w.actions)
	reason, err := s.answerMessage(t, v, m, verdict, outcome, e)
	if err != nil {
		return "", err
	}
	if complains {
		s.forCompliance(v, m)
		reason += "; complains: an item for owner and admin"
	}
	said, err := s.greet(t, v, m, verdict, created, s.w.actions[before:], e)
	return reason + said, err
}

// conversation returns the thread's open conversation, or opens one.
func (s *scene) conversation(t *inbox.Thread, e *event) (*inbox.Conversation, bool, error) {
	if v := s.open[t.ID]; v != nil {
		return v, false, nil
	}
	if v := s.latest[t.ID]; v != nil && e.Source == "backfill" {
		return v, false, nil
	}
	id, err := s.d.IDs.Take(s.ctx, "conversations")
	if err != nil {
		return nil, false, err
	}
	at := e.Event.Time
	v := &inbox.Conversation{WorkspaceID: e.WorkspaceID, ID: id, AccountID: e.AccountID, Channel: t.Channel, ThreadID: &t.ID, ContactID: t.ContactID,
		State: "open", Handler: "bot", OpenedAt: at, LastMessageAt: at, Revision: 0}
	if e.Referral != nil {
		v.Origin = referralOrigin(e.Referral)
	}
	if e.Source == "backfill" {
		v.State, v.ResolvedAt, v.HandlerReason = "resolved", &at, "history"
	} else {
		s.open[t.ID] = v
	}
	s.latest[t.ID] = v
	s.w.newConversations = append(s.w.newConversations, v)
	return v, true, nil
}

func (s *scene) newMessage(t *inbox.Thread, v *inbox.Conversation, e *event) (*inbox.Message, error) {
	id, err := s.d.IDs.Take(s.ctx, "messages")
	if err != nil {
		return nil, err
	}
	ext := e.Event.ID
	m := &inbox.Message{WorkspaceID: e.WorkspaceID, ID: id, AccountID: e.AccountID, ThreadID: t.ID, ConversationID: v.ID, Direction: "in", Author: "contact",
		Type: "text", Text: e.Text, At: e.Event.Time}
	if ext != "" {
		m.ExternalID = &ext
	}
	if e.Message != nil {
		m.Type = firstOf(e.Message.Type, "text")
		if len(e.Message.Attachments) > 0 {
			s.files[m.ID] = e.Message.Attachments
			if e.Event.Channel == channels.WhatsApp {
				s.files[m.ID] = byID(e.Message.Attachments)
			}
		}
		m.Detail, _ = json.Marshal(messageDetail{e.Message.Attachments, e.Message.Payload, e.Message.ReplyTo, e.Message.StoryURL, e.Message.FlowData, e.Referral})
		if m.Text == "" {
			m.Text = e.Message.Title
		}
	}
	s.w.newMessages = append(s.w.newMessages, m)
	if ext != "" {
		s.messages[inbox.MessageKey{AccountID: e.AccountID, ExternalID: ext}] = m
	}
	s.byMessage[m.ID] = m
	return m, nil
}

// messageDetail is the part of a message beside its text.
type messageDetail struct {
	Attachments []channels.Attachment `json:"attachments,omitempty"`
	Payload     string                `json:"payload,omitempty"`
	ReplyTo     string                `json:"reply_to,omitempty"`
	StoryURL    string                `json:"story_url,omitempty"`
	Form        json.RawMessage       `json:"form,omitempty"`
	Referral    *channels.Referral    `json:"referral,omitempty"`
}

func (s *scene) judgeMessage(m *inbox.Message, e *event) (moderation.Verdict, moderation.Input) {
	in := moderation.Input{Subject: moderation.SubjectMessage, Channel: string(e.Event.Channel), Text: m.Text, AccountID: m.AccountID,
		HasMedia: e.Message != nil && len(e.Message.Attachments) > 0}
	if who := s.identity(e); who != nil {
		in.Strikes = s.strikes[author{e.WorkspaceID, who.ContactID}]
	}
	if in.HasMedia && s.d.Sees {
		in.Pictures = asks.NamePictures(e.Message.Attachments)
	}
	switch {
	case router.IsPrefilled(m.Text):
		in.Scripted = moderation.ScriptedSentence
	case e.Message != nil && router.IsOwnPayload(e.Message.Payload): // a tap says what the button is for, not what its title reads like
		in.Scripted = moderation.ScriptedButton
	default:
		if _, came := e.reference(); came {
			in.Text = router.CutReference(m.Text)
		}
	}
	start := time.Now()
	v := s.spaces[m.WorkspaceID].Engine.Judge(in)
	e.took = time.Since(start)
	return v, in
}

// arrived moves thread and conversation on: the care window opens, the conversation is newer.
func (s *scene) arrived(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict, e *event) {
	t.LastInAt = inbox.Later(t.LastInAt, m.At)
	s.w.threads[t.ID] = t
	v.Revision++
	v.Unread++
	v.Preview = cut(firstOf(m.Text, "["+m.Type+"]"), 140)
	if m.At.After(v.LastMessageAt) {
		v.LastMessageAt = m.At
	}
	if served(verdict.Language) && (v.Language == "" || len([]rune(m.Text)) > 12 && !s.fieldLike(v, m.Text)) {
		v.Language = verdict.Language
	}
	s.changedConversation(v)
	s.touch(v.WorkspaceID, "message", v.ID)
}

// fieldLike says that a text answers a flow's question with a name, an address or a number: it tells nothing of
// the language somebody speaks.
func (s *scene) fieldLike(v *inbox.Conversation, text string) bool {
	return s.flows.runs[v.ID] != nil && len(strings.Fields(text)) < 5
}

func served(language string) bool {
	for _, l := range router.Languages {
		if l == language {
			return true
		}
	}
	return false
}

// presented looks at a handoff reference in the text: only the first valid use joins the identities.
func (s *scene) presented(t *inbox.Thread, v *inbox.Conversation, e *event) (router.Outcome, error) {
	code, ok := e.reference()
	if !ok {
		return s.outcomes[t.ID], nil
	}
	if link, shared := s.links[sharedKey(e.WorkspaceID, code)]; shared {
		return s.cameByLink(t, v, link), nil
	}
	h := s.handoff(e.WorkspaceID, code)
	outcome := router.Present(h, e.AccountID, t.IdentityID, e.Event.Time)
	if outcome == router.Valid && e.Message != nil && e.Message.Forwarded {
		outcome = router.Forwarded
	}
	s.outcomes[t.ID] = outcome
	if outcome != router.Valid {
		return outcome, nil
	}
	h.UsedBy = &t.IdentityID
	s.w.used = append(s.w.used, usedRow{h.ID, t.IdentityID, e.Event.Time})
	o := s.origins[h.ID]
	v.Origin, _ = json.Marshal(map[string]any{"handoff_id": h.ID, "post_id": o.PostID, "comment_id": o.CommentID, "trigger_id": o.TriggerID, "campaign_id": o.Campaign, "caption": cut(firstLine(o.Caption), 40), "text": originText(o)})
	if v.Language == "" {
		v.Language = o.Language
	}
	s.join(t, v, h, e)
	s.changedConversation(v)
	return outcome, nil
}

func originText(o handoffOrigin) string {
	what := "a message"
	if o.CommentID != nil {
		what = "a comment"
	}
	if o.Caption != "" {
		what += " on «" + cut(o.Caption, 60) + "»"
	}
	if o.Trigger != "" {
		what += ", answered by «" + o.Trigger + "»"
	}
	return what
}

// join makes the two identities one contact. A newcomer joins the contact of the comment; somebody who
// has a history on WhatsApp keeps it, and the commenter's identity joins them.
func (s *scene) join(t *inbox.Thread, v *inbox.Conversation, h *router.Handoff, e *event) {
	wa, from := s.people.Identity(t.IdentityID), s.people.Identity(h.IdentityID)
	if wa == nil || from == nil || wa.ContactID == from.ContactID {
		return
	}
	j := inbox.Join{WorkspaceID: e.WorkspaceID, How: "handoff", Actor: "system",
		Evidence: map[string]any{"handoff_id": h.ID, "event_id": e.ID, "message": e.Event.ID}}
	if t.LastOutAt == nil && s.lastAt[t.ID].IsZero() {
		j.IdentityID, j.From, j.To = wa.ID, wa.ContactID, from.ContactID
	} else {
		j.IdentityID, j.From, j.To = from.ID, from.ContactID, wa.ContactID
	}
	s.w.joins = append(s.w.joins, j)
	moved := s.people.Identity(j.IdentityID)
	moved.ContactID = j.To
	for _, th := range s.threads {
		if th.IdentityID == moved.ID {
			th.ContactID = j.To
		}
	}
	v.ContactID = t.ContactID
	s.touch(e.WorkspaceID, "contact", j.To)
}

// spam puts the conversation into the spam folder, where the bot is silent.
func (s *scene) spam(v *inbox.Conversation, verdict moderation.Verdict, created bool) string {
	if !created {
		// Somebody we talk with already: a person looks before anything is filed away.
		s.waits(v, v.LastMessageAt)
		return "looks like spam in a running conversation: for a person; " + verdict.Why()
	}
	v.Spam, v.Handler, v.HandlerReason = true, "human", "spam"
	return "spam folder, the bot is silent: " + verdict.Why()
}

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
	if has, reason, err := s.flowMessage(t, v, m, verdict, outcome, e); has || err != nil {
		return reason, err
	}
	state := botState(v)
	switch {
	case v.Channel != string(channels.WhatsApp) && optOut == "" && !router.AboutStopping(state, m.Text, botPayload(e.payload())):
		if said, done, err := s.numberMessage(t, v, m, verdict, e); done || err != nil {
			return said, err
		}
		return s.triggerMessage(v, m, verdict, e)
	case s.followed[t.ID] != e.ID && optOut == "" && !verdict.WantsHuman && v.Handler == "bot":
		return "part of a burst: answered with the last message; " + outcome.Explain(), nil
	}
	return s.step(t, v, m, verdict, outcome, state, e)
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
		Name: firstWord(who.Name), Origin: s.originOf(v), Human: v.Handler == "human", Offers: s.offers(t), Burst: m.At.Sub(s.lastAt[t.ID]) < burst && !s.lastAt[t.ID].IsZero()}
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
	for _, l := range turn.Labels {
		v.Labels = addLabel(v.Labels, l)
	}
	if turn.Team != "" {
		v.Team = turn.Team
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
			Personal: consent.Personal{ContactID: t.ContactID, IdentityID: t.IdentityID, Address: consent.AddressOf(*who), Name: who.Name, Words: firstOf(in.Text, in.Payload)}}
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

// triggerMessage holds a direct message on Instagram or Messenger against the triggers; what none of
// them answers waits for a person.
func (s *scene) triggerMessage(v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict, e *event) (string, error) {
	sp := s.spaces[e.WorkspaceID]
	why := ""
	switch {
	case v.Handler == "human":
		why = campaign.WithPerson
	case verdict.WantsHuman:
		why = campaign.AsksForPerson
	case verdict.Decision != moderation.Allow:
		why = campaign.Disallowed(string(verdict.Decision))
	}
	if why != "" {
		v.Handler = "human"
		s.waits(v, m.At)
		return "for a person: " + why, nil
	}
	t := s.thread(e)
	answer, err := s.books[e.WorkspaceID].Answer(sp.Triggers, router.Occasion{Source: router.SourceOfMessage(m.Type), Private: true, Key: e.Event.ID, PersonID: t.IdentityID,
		Text: m.Text, Language: verdict.Language, Intent: verdict.Intent, AccountID: e.AccountID, At: m.At}, sp.Locale)
	if err != nil {
		return "", err
	}
	if answer.Code != router.Answered {
		if run, err := s.beginFlow(t, v, m, wishOf(verdict), s.outcomes[t.ID], e, true); err != nil {
			return "", err
		} else if run != nil {
			return s.hear(run, t, v, m, flow.NoWish, e)
		}
		s.waits(v, m.At)
		return "for a person; " + answer.Reason, nil
	}
	trigger := answer.Match.Trigger
	text, err := s.withLink(answer.Private, answer.PrivateLang, trigger, e, nil)
	if err != nil {
		return "", err
	}
	a := s.messageAction(t, v, text, e)
	a.Origin, a.TriggerID, a.CampaignID, a.Purpose = "trigger", &trigger.ID, trigger.CampaignID, trigger.Purpose
	a.Dedupe, a.NotBefore = fmt.Sprintf("trigger:%d:%d", trigger.ID, e.ID), later(s.now, answer.NotBefore)
	s.w.actions = append(s.w.actions, a)
	s.ran(e.WorkspaceID, answer, e, nil)
	return answer.Reason + ": answered" + s.waitsFor(a.NotBefore), nil
}

func (s *scene) waits(v *inbox.Conversation, since time.Time) {
	if v.WaitingSince == nil {
		v.WaitingSince = &since
	}
	s.changedConversation(v)
}

func (s *scene) language(v *inbox.Conversation, sp *space) string {
	return firstOf(v.Language, sp.Locale, "en")
}

func (s *scene) originOf(v *inbox.Conversation) string {
	var o struct {
		HandoffID int64  `json:"handoff_id"`
		Caption   string `json:"caption"`
	}
	if json.Unmarshal(v.Origin, &o) != nil || o.HandoffID == 0 {
		return ""
	}
	return firstOf(cut(firstLine(s.origins[o.HandoffID].Caption), 40), o.Caption)
}

func (s *scene) changedConversation(v *inbox.Conversation) {
	if !s.w.isNewConversation(v) {
		s.w.changedConversations[v.ID] = v
	}
	s.touch(v.WorkspaceID, "conversation", v.ID)
}

func addLabel(labels inbox.Strings, l string) inbox.Strings {
	for _, have := range labels {
		if have == l {
			return labels
		}
	}
	return append(labels, l)
}

// cut shortens a text to n runes.
func cut(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}

func firstLine(text string) string {
	for i, r := range text {
		if r == '\n' {
			return text[:i]
		}
	}
	return text
}

func firstWord(name string) string {
	for i, r := range name {
		if r == ' ' {
			return name[:i]
		}
	}
	return name
}
