package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
)

// handleRest handles what neither is a comment nor opens a conversation.
func (s *scene) handleRest(e *event) (string, error) {
	switch channels.Kind(e.Kind) {
	case channels.MessageEdited:
		return s.messageEdited(e)
	case channels.MessageDeleted:
		return s.messageDeleted(e), nil
	case channels.MessageReaction:
		return s.messageReaction(e), nil
	case channels.MessageRead, channels.MessageDelivered:
		return s.messageSeen(e), nil
	case channels.PreferenceChanged:
		return s.preferenceChanged(e), nil
	case channels.IdentityChanged:
		return s.identityChanged(e), nil
	case channels.TemplateChanged:
		return s.templateChanged(e), nil
	case channels.AccountChanged:
		s.w.accountNews = append(s.w.accountNews, e)
		return "account news kept: " + e.Change.Field + " " + e.Change.Value, nil
	case channels.PostChanged:
		return s.postChanged(e), nil
	case channels.MentionAdded:
		return s.mentioned(e)
	case channels.ReferralReceived:
		return s.referred(e)
	case channels.LeadSubmitted:
		return s.leadSubmitted(e), nil
	case channels.OptinReceived:
		return "a network's own opt-in: kept as evidence, not taken as consent to offers", nil
	case channels.HandoverChanged:
		return "who owns the thread changed on the network: kept", nil
	case channels.Unsupported:
		return "not supported: " + cmp.Or(e.Reason, "an unknown kind"), nil
	}
	return "not supported: kind " + e.Kind, nil
}

// messageEcho is a message from the business side: ours coming back, or a person answering in another
// tool, who then has the conversation.
func (s *scene) messageEcho(e *event) (string, error) {
	if s.messages[inbox.MessageKey{AccountID: e.AccountID, ExternalID: e.Event.ID}] != nil {
		return "our own message, come back", nil
	}
	t := s.thread(e)
	if t == nil {
		return "an echo to nobody we know", nil
	}
	if s.echoes[e.ID] {
		return "our own message, come back", nil
	}
	v, _, err := s.conversation(t, e)
	if err != nil {
		return "", err
	}
	m, err := s.newMessage(t, v, e)
	if err != nil {
		return "", err
	}
	m.Direction, m.Author = "out", "other_tool"
	t.LastOutAt = inbox.Later(t.LastOutAt, m.At)
	s.w.threads[t.ID] = t
	if e.Source == "backfill" {
		return "history: kept", nil
	}
	v.Handler, v.HandlerReason = "human", "answered_elsewhere"
	if v.WaitingSince != nil { // what they wrote after it, it does not answer: echoes come late, by the sweep by hours
		if v.WaitingSince = nil; t.LastInAt != nil && t.LastInAt.After(m.At) {
			v.WaitingSince = t.LastInAt
		}
	}
	v.Revision++
	v.Preview = previewOf(m)
	if m.At.After(v.LastMessageAt) {
		v.LastMessageAt = m.At
	}
	if v.FirstHumanAt == nil {
		at := m.At
		v.FirstHumanAt = &at
	}
	s.changedConversation(v)
	s.touch(v.WorkspaceID, "message", v.ID)
	s.cancel(outbox.Cancellation{WorkspaceID: v.WorkspaceID, ConversationID: v.ID, Automatic: true,
		Reason: "answered_elsewhere", Meaning: "a person of the brand answered in another tool"})
	return "a person of the brand answered in another tool: the bot is silent, planned automatic replies are cancelled", nil
}

func (s *scene) statusChanged(e *event) string {
	r := outbox.Receipt{WorkspaceID: e.WorkspaceID, AccountID: e.AccountID, ExternalID: e.Event.ID, Status: e.Status, At: e.Event.Time}
	if e.Receipt != nil {
		r.Token, r.Errors = e.Receipt.Token, e.Receipt.Errors
		r.Detail, _ = json.Marshal(e.Receipt)
	}
	s.w.receipts = append(s.w.receipts, r)
	return "receipt: " + e.Status
}

// messageDeleted: the person took it back, so our copies go, the raw delivery included.
func (s *scene) messageDeleted(e *event) string {
	m := s.target(e)
	if m == nil {
		s.gone[goneKey{e.AccountID, e.Key}] = true
		return "about a message we do not have"
	}
	number := s.numberUnsent(m, e)
	at := e.Event.Time
	m.Text, m.Detail, m.DeletedAt = "", nil, &at
	s.changedMessage(m)
	s.w.erase = append(s.w.erase, eraseRow{workspace: m.WorkspaceID, message: m.ID})
	return "taken back by its author: our copies are erased" + number
}

func (s *scene) messageReaction(e *event) string {
	m := s.target(e)
	if m == nil {
		return "about a message we do not have"
	}
	var list []reaction
	_ = json.Unmarshal(m.Reactions, &list)
	kept := list[:0]
	for _, r := range list {
		if r.Person != e.Person {
			kept = append(kept, r)
		}
	}
	if !e.Message.Removed {
		kept = append(kept, reaction{e.Person, e.Message.Emoji})
	}
	m.Reactions, _ = json.Marshal(kept)
	s.changedMessage(m)
	return "reaction kept"
}

type reaction struct {
	Person string `json:"person"`
	Emoji  string `json:"emoji"`
}

// messageSeen: a read or delivery report, by message id or by watermark ("all up to then").
func (s *scene) messageSeen(e *event) string {
	status := "read"
	if channels.Kind(e.Kind) == channels.MessageDelivered {
		status = "delivered"
	}
	ids := e.Message.Mids
	if e.Message.Target != "" {
		ids = append(ids, e.Message.Target)
	}
	for _, id := range ids {
		s.w.receipts = append(s.w.receipts, outbox.Receipt{WorkspaceID: e.WorkspaceID, AccountID: e.AccountID, ExternalID: id, Status: status, At: e.Event.Time})
	}
	if e.Message.Watermark != nil {
		if t := s.thread(e); t != nil {
			if status == "read" {
				t.ReadInAt = inbox.Later(t.ReadInAt, *e.Message.Watermark)
				s.w.threads[t.ID] = t
			}
			s.w.watermarks = append(s.w.watermarks, watermarkRow{t.WorkspaceID, t.ID, status, *e.Message.Watermark})
		}
	}
	return status + " by the person"
}

// about is the network's id of the message that the event is, or is about.
func (e *event) about() string {
	if e.Message == nil {
		return e.Event.ID
	}
	return cmp.Or(e.Message.Target, e.Event.ID)
}

// target is the message an edit, a reaction or a removal means.
func (s *scene) target(e *event) *inbox.Message {
	for _, id := range []string{e.about(), e.Event.ID} {
		if m := s.messages[inbox.MessageKey{AccountID: e.AccountID, ExternalID: id}]; m != nil && id != "" {
			return m
		}
	}
	return nil
}

func (s *scene) changedMessage(m *inbox.Message) {
	s.w.changedMessages[m.ID] = m
	s.touch(m.WorkspaceID, "message", m.ConversationID)
}

// preferenceChanged: the person chose in WhatsApp's own settings. A stop is a withdrawal; a resume is
// no consent of ours, because no wording was shown.
func (s *scene) preferenceChanged(e *event) string {
	who := s.identity(e)
	if who == nil {
		return "about nobody we know"
	}
	if e.Change.Value != "stop" {
		return "the person allowed marketing messages in WhatsApp again: no consent of ours follows from it"
	}
	s.w.consent = append(s.w.consent, consent.Entry{WorkspaceID: e.WorkspaceID, At: e.Event.Time, Brand: s.spaces[e.WorkspaceID].BrandName(), Channel: "all",
		Purpose: consent.Promotional, Act: consent.Withdraw, Kind: consent.Express, How: "user_preferences", Actor: "contact",
		Evidence: consent.Evidence{"event": fmt.Sprint(e.ID)},
		Personal: consent.Personal{ContactID: who.ContactID, IdentityID: who.ID, Address: consent.AddressOf(*who), Name: who.Name}})
	s.touch(e.WorkspaceID, "contact", who.ContactID)
	return "stopped marketing messages in WhatsApp: withdrawn on all channels of the brand"
}

func (s *scene) postChanged(e *event) string {
	id := e.Event.ID
	if e.Comment != nil {
		id = cmp.Or(e.Comment.PostID, id)
	}
	s.w.refetch = append(s.w.refetch, inbox.PostKey{WorkspaceID: e.WorkspaceID, AccountID: e.AccountID, ExternalID: id})
	return "the post is read again"
}

func (s *scene) referred(e *event) (string, error) {
	t := s.thread(e)
	if t == nil {
		return "came by a link; the network withheld who", nil
	}
	v, created, err := s.conversation(t, e)
	if err != nil {
		return "", err
	}
	if !created && e.Referral != nil {
		v.Origin = referralOrigin(e.Referral)
		s.changedConversation(v)
	}
	return "came by a link: the origin is on the conversation", nil
}

// llmAnswered: the model's answer makes a provisional verdict final; without an answer the provisional
// one stands, and what it left open goes to a person.
func (s *scene) llmAnswered(e *event) (string, error) {
	ask := s.asks[e.internal.AskID]
	if ask == nil {
		return "the question is gone", nil
	}
	var v moderation.Verdict
	var in moderation.Input
	if json.Unmarshal(ask.Verdict, &v) != nil || json.Unmarshal(ask.Input, &in) != nil {
		return "", &decisionError{e.ID, "the provisional verdict cannot be read"}
	}
	engine, waited := s.spaces[ask.WorkspaceID].Engine, v.Wants
	if !engine.Made(v) { // policy, rules or program changed while the question was out
		v = engine.Judge(in)
	}
	// Where today's rules and policy are sure, nobody would be asked: the answer has no say.
	if v.NeedsLLM {
		if e.internal.Answer != nil {
			v = engine.WithLLM(v, in, *e.internal.Answer)
		} else {
			v = engine.WithoutLLM(v, cmp.Or(e.internal.Failed, "the model gave no answer"))
		}
		if e.internal.Signals != nil {
			v = engine.WithSignals(v, in, *e.internal.Signals)
		}
	}
	v.NeedsLLM = false
	origin := *e
	origin.ID, origin.Source, origin.OccurredAt, origin.took = ask.EventID, ask.Source, ask.OccurredAt, max(0, s.now.Sub(ask.CreatedAt))
	if ask.Subject == "comment" {
		c := s.byComment[ask.SubjectID]
		if c == nil || c.VerdictID == nil || *c.VerdictID != ask.VerdictID {
			return "the comment was judged again meanwhile, or a person decided", nil
		}
		settle := s.settleWanted
		if waited == "" {
			settle = func(c *inbox.Comment, v moderation.Verdict, in moderation.Input, e *event) (string, error) {
				return s.settleComment(c, v, in, e, false)
			}
		}
		reason, err := settle(c, v, in, &origin)
		return "the model answered: " + reason, err
	}
	m := s.byMessage[ask.SubjectID]
	if m == nil || m.VerdictID == nil || *m.VerdictID != ask.VerdictID {
		return "the message is gone, or was judged again", nil
	}
	vid, err := s.keepVerdict(verdictRow{workspace: m.WorkspaceID, subject: "message", subjectID: m.ID, event: ask.EventID, verdict: v, input: in, from: &origin})
	if err != nil {
		return "", err
	}
	m.VerdictID = &vid
	s.changedMessage(m)
	said := s.answeredMessage(m, v, vid)
	if talk := s.open[m.ThreadID]; talk != nil && v.Decision != moderation.Spam && v.Decision != moderation.Block && m.EditedAt != nil {
		if said, err = s.unfile(talk, m); err != nil {
			return "", err
		}
	}
	return "the model answered: " + string(v.Decision) + said, nil
}

// answeredMessage does what follows from the model's answer about a message that was not filed away
// when it came. The bot has answered meanwhile where it was in doubt; what is harmful is for a person from here on.
func (s *scene) answeredMessage(m *inbox.Message, v moderation.Verdict, vid int64) string {
	talk, t := s.open[m.ThreadID], s.byThread[m.ThreadID]
	if talk != nil && talk.Handler == "bot" && v.OptOut == moderation.NoOptOut && mustBeRead(v, false, true) {
		said := "; " + s.forAPerson(talk, m, v)
		if inDanger(v) {
			said += s.helpFirst(t, talk, m)
		}
		return said
	}
	if talk != nil && inDanger(v) {
		return s.helpFirst(t, talk, m)
	}
	if v.Decision != moderation.Spam && v.Decision != moderation.Block || v.OptOut != moderation.NoOptOut || talk == nil || t == nil {
		return ""
	}
	said := ""
	if !talk.Spam {
		fresh := talk.FirstHumanAt == nil && talk.AssigneeID == nil && talk.Revision <= 1
		said = "; " + s.spam(talk, v, fresh)
		s.changedConversation(talk)
	}
	if v.Decision == moderation.Block {
		said += s.block(t, talk, vid)
	}
	return said
}

// loadAskedThreads reads the threads of the messages that the model was asked about, with their open
// conversations.
func (s *scene) loadAskedThreads(ctx context.Context, tx *sqlx.Tx, ids []int64) error {
	list, err := inbox.ThreadsByID(ctx, tx, ids)
	if err != nil {
		return err
	}
	for i := range list {
		s.byThread[list[i].ID] = &list[i]
	}
	talks, err := inbox.OpenConversations(ctx, tx, ids)
	for id, v := range talks {
		if s.open[id] == nil {
			s.open[id] = v
		}
	}
	return err
}
