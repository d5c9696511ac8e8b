package ingest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"ponte/asks"
	"ponte/campaign"
	"ponte/channels"
	"ponte/flow"
	"ponte/flow/live"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
)

// burst is how soon after another a message counts as part of the same breath.
const burst = 10 * time.Second

// toRead is how long a question is read before an answer to it can come.
const toRead = 3 * time.Second

// messageReceived keeps a message (or a tap on a button), judges it, and leads the conversation on.
func (s *scene) messageReceived(e *event) (string, error) {
	if m := s.messages[inbox.MessageKey{AccountID: e.AccountID, ExternalID: e.Event.ID}]; m != nil && e.Event.ID != "" {
		return s.cameLate(m, e)
	}
	if s.gone[e.goneKey()] {
		s.w.erase = append(s.w.erase, eraseRow{workspace: e.WorkspaceID, event: e.ID})
		return "taken back by its author before it came: nothing is kept", nil
	}
	t := s.thread(e)
	if t == nil {
		return "nobody to answer: the network withheld the author", nil
	}
	var err error
	v, created, farewell := s.saysFarewell(t, e), false, true
	if v == nil {
		farewell = false
		if v, created, err = s.conversation(t, e); err != nil {
			return "", err
		}
	}
	m, err := s.newMessage(t, v, e)
	if err != nil {
		return "", err
	}
	s.silence(t, m)
	e.spoke = cmp.Or(v.Language, s.writtenLanguage(t.ContactID))
	verdict, in, err := s.judgeMessage(m, e)
	if err != nil {
		return "", err
	}
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
	if farewell {
		v.Unread--
		return "thanks or goodbye after the end: kept with the resolved conversation, nothing follows", nil
	}
	if o := s.optIn(e, verdict); o != nil {
		return s.confirmOptIn(t, v, m, o, e)
	}
	if said, done, err := s.offerAnswered(t, v, m, verdict, e); done || err != nil {
		return said, err
	}
	if e.Referral != nil && !created && originFree(v.Origin) {
		v.Origin = referralOrigin(e.Referral)
	}
	if s.answeredNumber(t, v, m, e) && verdict.OptOut == moderation.NoOptOut && verdict.Decision == moderation.Allow && v.Handler == "bot" {
		v.State, v.ResolvedAt, v.WaitingSince = "resolved", &m.At, nil // a stranger is not welcomed
		return "says that it was not them: nothing more is sent to this number", nil
	}
	kept := s.numberStopped(t, m, verdict, e)
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
	// What a flow asks for – an address, a number – reads like what spammers leave behind, and so does a number left unasked.
	asked := verdict.Decision == moderation.Spam && (s.flows.runs[v.ID] != nil && v.Handler == "bot" || v.Channel != string(channels.WhatsApp) && s.leavesNumber(t, v, m, verdict))
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
	if inDanger(verdict) {
		said += s.helpFirst(t, v, m)
	}
	return reason + kept + said, err
}

// saysFarewell returns the conversation that was resolved a while ago, where a message only thanks for it or says goodbye:
// it opens nothing anew, and no bot begins to ask again. nil: it is a message like any other. What was asked after the end –
// a reminder's question, say – may have its answer in an "ok".
func (s *scene) saysFarewell(t *inbox.Thread, e *event) *inbox.Conversation {
	v := s.latest[t.ID]
	if v == nil || s.open[t.ID] != nil || v.ResolvedAt == nil || v.Spam || e.Source == "backfill" || e.Referral != nil || e.payload() != "" || e.Message != nil && len(e.Message.Attachments) > 0 || !router.IsFarewell(e.Text) {
		return nil
	}
	if since := e.Event.Time.Sub(*v.ResolvedAt); since < 0 || since > inbox.CareWindow || t.LastOutAt != nil && t.LastOutAt.After(v.ResolvedAt.Add(lastWords)) {
		return nil
	}
	return v
}

// lastWords are what is still said as a conversation ends: they may leave after it is marked as resolved.
const lastWords = 2 * time.Minute

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
	if before := s.latest[t.ID]; before != nil { // one word tells little of the language somebody speaks
		v.Language = before.Language
	}
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
		m.Type = cmp.Or(e.Message.Type, "text")
		s.keepDetail(m, e)
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

// keepDetail keeps what came with a message beside its text; its files are to be fetched.
func (s *scene) keepDetail(m *inbox.Message, e *event) {
	if len(e.Message.Attachments) > 0 {
		s.files[m.ID] = e.Message.Attachments
		if e.Event.Channel == channels.WhatsApp {
			s.files[m.ID] = byID(e.Message.Attachments)
		}
	}
	m.Detail, _ = json.Marshal(messageDetail{e.Message.Attachments, e.Message.Payload, e.Message.ReplyTo, e.Message.StoryURL, e.Message.FlowData, e.Referral})
}

// previewOf is how a message looks in the list of conversations.
func previewOf(m *inbox.Message) string { return cut(cmp.Or(m.Text, "["+m.Type+"]"), 140) }

// messageDetail is the part of a message beside its text.
type messageDetail struct {
	Attachments []channels.Attachment `json:"attachments,omitempty"`
	Payload     string                `json:"payload,omitempty"`
	ReplyTo     string                `json:"reply_to,omitempty"`
	StoryURL    string                `json:"story_url,omitempty"`
	Form        json.RawMessage       `json:"form,omitempty"`
	Referral    *channels.Referral    `json:"referral,omitempty"`
}

func (s *scene) judgeMessage(m *inbox.Message, e *event) (moderation.Verdict, moderation.Input, error) {
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
		in.Text = router.CutReference(m.Text)
	}
	start := time.Now()
	sp := s.spaces[m.WorkspaceID]
	v := sp.Engine.Judge(in)
	if who := s.identity(e); who != nil && v.MayMeanBooking() && in.Scripted == "" {
		var err error
		if in.Booking, err = s.talksOfBooking(m, who); err != nil {
			return v, in, err
		}
		v = sp.Engine.Judge(in)
	}
	if v.ByModelAlone() && sp.Triggers.Asks(m.Text) {
		in.Scripted = moderation.ScriptedKeyword
		v = sp.Engine.Judge(in)
	}
	if v.ByModelAlone() {
		v, in = s.withoutContact(v, in, e)
	}
	e.took = time.Since(start)
	return v, in, nil
}

// withoutContact judges a message in which somebody leaves their number or address by its words: a model has seen those
// mostly where spam asks to be called or written to. What rules say of them stands, and so does what is said beside one.
func (s *scene) withoutContact(v moderation.Verdict, in moderation.Input, e *event) (moderation.Verdict, moderation.Input) {
	country := s.spaces[e.WorkspaceID].Country
	if who := s.identity(e); who != nil {
		if c := s.people.Contact(who); c != nil && c.Country != "" {
			country = c.Country
		}
	}
	rest, phone := flow.CutPhone(in.Text, country, v.Language)
	rest, mail := flow.CutEmail(rest)
	if !phone && !mail {
		return v, in
	}
	words := in
	words.Text = rest
	// "Here is my number:" without it sounds like a withdrawal: what somebody wishes is heard with it.
	if again := s.spaces[e.WorkspaceID].Engine.Judge(words); again.Decision == moderation.Allow && again.OptOut == v.OptOut && again.WantsHuman == v.WantsHuman {
		return again, words
	}
	return v, in
}

// arrived moves thread and conversation on: the care window opens, the conversation is newer.
func (s *scene) arrived(t *inbox.Thread, v *inbox.Conversation, m *inbox.Message, verdict moderation.Verdict, e *event) {
	t.LastInAt = inbox.Later(t.LastInAt, m.At)
	s.w.threads[t.ID] = t
	v.Revision++
	v.Unread++
	v.Preview = previewOf(m)
	if m.At.After(v.LastMessageAt) {
		v.LastMessageAt = m.At
	}
	s.learnLanguage(v, m.Text, e.Phone, verdict)
	s.changedConversation(v)
	s.touch(v.WorkspaceID, "message", v.ID)
}

// learnLanguage takes the language of what somebody writes as theirs. Where one is known – of the conversation, else
// written at the contact – only a text that tells its language clearly is another; where none is, a word is enough.
func (s *scene) learnLanguage(v *inbox.Conversation, text, phone string, verdict moderation.Verdict) {
	v.Language = cmp.Or(v.Language, s.writtenLanguage(v.ContactID))
	words, letters := router.PlainWords(text)
	if of, answer := router.LanguageOfAnswer(text); answer && v.Language == "" && (of != "" || isASCII(text)) {
		v.Language = of // "da" is Romanian here, and "si" without its accent nobody's
		return
	}
	if of := router.LanguagesOfGreeting(text); v.Language == "" && of != nil {
		if i := slices.IndexFunc(of, func(l string) bool { return flow.AtHome(l, "+"+phone) }); i >= 0 {
			v.Language = of[i] // "salut" from Bucharest
			return
		}
	}
	switch {
	case !served(verdict.Language) || words == 0:
	case v.Language == "", words > 2 && letters+words > 12 && verdict.SureOfLanguage() && !s.fieldLike(v, text):
		v.Language = verdict.Language
	}
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// writtenLanguage is the language that is written at a person, where it is one that is served.
func (s *scene) writtenLanguage(contact int64) string {
	if c := s.people.Contacts[contact]; c != nil && served(c.Language) {
		return c.Language
	}
	return ""
}

// spoke is the language that whoever wrote a message was known to speak before it.
func (s *scene) spoke(v *inbox.Conversation, m *inbox.Message, e *event) string {
	switch {
	case e.internal.AskID == 0:
		return e.spoke
	case v.OpenedAt.Before(m.At): // the language model has answered: what it was asked about came to the conversation long since
		return v.Language
	}
	return s.writtenLanguage(v.ContactID)
}

// fieldLike says that a text answers a flow's question with a name, an address or a number: it tells nothing of
// the language somebody speaks. Who asks back does.
func (s *scene) fieldLike(v *inbox.Conversation, text string) bool {
	return s.flows.runs[v.ID] != nil && len(strings.Fields(text)) < 5 && !strings.Contains(text, "?")
}

func served(language string) bool {
	for _, l := range router.Languages {
		if l == language {
			return true
		}
	}
	return false
}

// spam puts the conversation into the spam folder, where the bot is silent.
func (s *scene) spam(v *inbox.Conversation, verdict moderation.Verdict, created bool) string {
	if !created || v.HandlerReason == inbox.NotSpam {
		// Somebody we talk with already, or of whom a member said that it is none: a person looks before anything
		// is filed away.
		s.waits(v, v.LastMessageAt)
		return "looks like spam in a running conversation: for a person; " + verdict.Why()
	}
	v.Spam, v.Handler, v.HandlerReason = true, "human", "spam"
	return "spam folder, the bot is silent: " + verdict.Why()
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
	t, spoke := s.thread(e), s.spoke(v, m, e)
	answer, err := s.books[e.WorkspaceID].Answer(sp.Triggers, router.Occasion{Source: router.SourceOfMessage(m.Type), Private: true, Key: e.Event.ID, PersonID: t.IdentityID, ContactID: s.contactOf(t.IdentityID),
		Text: m.Text, Language: verdict.Language, Known: spoke, Intent: verdict.Intent, AccountID: e.AccountID, At: m.At}, sp.Locale)
	if err != nil {
		return "", err
	}
	if answer.Code != router.Answered {
		if run, err := s.beginFlow(t, v, m, live.WishOf(verdict), s.outcomes[t.ID], e, true); err != nil {
			return "", err
		} else if run != nil {
			return s.hear(run, t, v, m, flow.NoWish, e)
		}
		s.waits(v, m.At)
		return "for a person; " + answer.Reason, nil
	}
	trigger := answer.Match.Trigger
	if s.leadsNowhere(trigger) {
		v.Handler = "human"
		s.waits(v, m.At)
		return "for a person; " + campaign.LeadsNowhere, nil
	}
	if speaks := answer.Match.Speaks; spoke == "" && served(speaks) {
		v.Language = speaks // a word that told none was the keyword of a language: the conversation goes on in it
	}
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
	return cmp.Or(v.Language, sp.Locale, "en")
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
