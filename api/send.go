package api

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels"
	"ponte/desk"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/suggest"
)

type sendIn struct {
	ByID
	Body SendMessage
}

// SendMessage is what an agent says.
type SendMessage struct {
	Text         string   `json:"text" maxLength:"4096"`
	SuggestionID int64    `json:"suggestion_id,omitempty"`
	Revision     int64    `json:"revision" doc:"The conversation's revision the agent saw"`
	TemplateID   int64    `json:"template_id,omitempty"`
	Parameters   []string `json:"parameters,omitempty" maxItems:"20" doc:"Values of the body's variables, in order"`

	Values map[string]string `json:"values,omitempty" doc:"Values by place: body:1, header:1, button:0:1; what is left out comes from the person's fields or the fallback"`
	Media  string            `json:"media,omitempty" maxLength:"2000" doc:"Address of the file for a template whose header is one"`

	FileID int64 `json:"file_id,omitempty" doc:"A file kept before with POST …/files; it goes with one message"`

	SendAt        *time.Time `json:"send_at,omitempty" doc:"Later, not now: within the care window of that time, or a template"`
	UnlessWritten bool       `json:"unless_written,omitempty" doc:"With send_at: not if the customer writes first"`
}

func (s *Server) sendMessage(ctx context.Context, who *caller, in *sendIn) (Message, error) {
	var message, comment, action int64
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		v, err := inbox.LockConversation(ctx, tx, who.WorkspaceID, in.ID)
		if err != nil {
			return err
		}
		if in.Body.SuggestionID != 0 && in.Body.Revision != v.Revision {
			return fault.New(fault.Conflict, "the conversation has moved on since this suggestion was made; read it again before you send").Coded("moved_on")
		}
		if err := s.checkSendAt(v, in.Body); err != nil {
			return err
		}
		var added outbox.Action
		if v.RootCommentID != nil {
			added, err = s.answerThread(ctx, tx, who, v, in.Body)
		} else {
			added, err = s.say(ctx, tx, who, v, in.Body)
		}
		if err != nil {
			return err
		}
		action = added.ID
		if added.MessageID != nil {
			message = *added.MessageID
		}
		if added.CommentID != nil {
			comment = *added.CommentID
		}
		if err := suggest.Record(ctx, tx, suggest.Sent{WorkspaceID: who.WorkspaceID, ConversationID: v.ID, SuggestionID: in.Body.SuggestionID, Revision: v.Revision, Text: in.Body.Text, UserID: who.User()}); err != nil {
			return err
		}
		if in.Body.SendAt != nil {
			return s.scheduled(ctx, tx, who, v, action, in.Body)
		}
		return s.answered(ctx, tx, who, &v, in.Body)
	})
	if err != nil {
		return Message{}, err
	}
	if message == 0 {
		return Message{ID: -action, Direction: "out", Author: "member", Type: "comment", Text: in.Body.Text, Reactions: []Reaction{}, At: s.Now().UTC(), MemberName: who.Name,
			Action: &MessageAction{ID: action, State: "planned", Meaning: fmt.Sprintf("a reply to comment %d", comment)}}, nil
	}
	m, err := inbox.ViewMessage(ctx, s.DB, who.WorkspaceID, message)
	if err != nil {
		return Message{}, err
	}
	return showMessage(m)
}

// answerThread replies to the latest comment of somebody else in a thread that was passed on.
func (s *Server) answerThread(ctx context.Context, tx *sqlx.Tx, who *caller, v inbox.Conversation, body SendMessage) (outbox.Action, error) {
	if body.FileID != 0 {
		return outbox.Action{}, fault.Field("file_id", "a reply to a comment takes no file")
	}
	text, err := cleanText(body.Text)
	if err != nil {
		return outbox.Action{}, err
	}
	var id int64
	err = tx.GetContext(ctx, &id, `
SELECT c.id FROM comments c JOIN comments r ON r.workspace_id = c.workspace_id AND r.account_id = c.account_id AND r.root_external_id = c.root_external_id
WHERE c.workspace_id = $1 AND r.id = $2 AND NOT c.own AND c.state <> 'removed' ORDER BY c.commented_at DESC, c.id DESC LIMIT 1`, v.WorkspaceID, *v.RootCommentID)
	if errors.Is(err, sql.ErrNoRows) {
		return outbox.Action{}, fault.New(fault.Conflict, "every comment of this thread is gone from the network; there is nothing to reply to").Coded("thread_gone")
	}
	if err != nil {
		return outbox.Action{}, fmt.Errorf("find the comment to reply to: %w", err)
	}
	c, err := inbox.LockComment(ctx, tx, v.WorkspaceID, id)
	if err != nil {
		return outbox.Action{}, err
	}
	return s.publicReply(ctx, tx, who, c, text)
}

// say plans a message, where the care window or a template allows it.
func (s *Server) say(ctx context.Context, tx *sqlx.Tx, who *caller, v inbox.Conversation, body SendMessage) (outbox.Action, error) {
	t, person, err := inbox.LoadThread(ctx, tx, v.WorkspaceID, *v.ThreadID)
	if err != nil {
		return outbox.Action{}, err
	}
	call := channels.Call{Kind: channels.SendMessage, Channel: channels.Channel(t.Channel), To: deref(person.ExternalID)}
	if t.Channel == string(channels.WhatsApp) {
		call.Phone = deref(person.Phone)
	}
	a := outbox.Action{WorkspaceID: v.WorkspaceID, AccountID: t.AccountID, Purpose: "answer", Origin: origin(who), Actor: who.Actor(), ContactID: &t.ContactID, IdentityID: &t.IdentityID,
		ThreadID: &t.ID, ConversationID: &v.ID, NotBefore: s.Now(), Bubble: &outbox.Bubble{Author: "member", MemberID: who.User(), Type: "text"}}
	if a.Origin == "api" {
		if a.AnswersEvent, err = lastSaid(ctx, tx, t); err != nil {
			return a, err
		}
	}
	if body.TemplateID != 0 {
		err = s.fillTemplate(ctx, tx, t, body, &call, &a)
	} else {
		err = s.fillText(t, body, &call, &a)
	}
	if err != nil {
		return a, err
	}
	file, err := takeFile(ctx, tx, v, body, &call, &a)
	if err != nil {
		return a, err
	}
	key := fmt.Sprintf("message:%s:%d:%d:%s", who.Actor(), v.ID, body.Revision, digest(a.Bubble.Text+file.Hash))
	if body.SendAt != nil {
		a.NotBefore = *body.SendAt
		key += body.SendAt.UTC().Format(":" + time.RFC3339)
	} else if _, err = outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: v.WorkspaceID, ConversationID: v.ID, Automatic: true, Spare: who.Actor(), Reason: "member_answered", Meaning: "a member answered"}); err != nil {
		return a, err
	}
	a.Call = call
	if a.Dedupe, err = freshKey(ctx, tx, v.WorkspaceID, key); err != nil {
		return a, err
	}
	added, err := outbox.Add(ctx, tx, []outbox.Action{a})
	if err != nil {
		return a, err
	}
	if file.Hash != "" {
		if err := inbox.AttachUpload(ctx, tx, v.WorkspaceID, *added[0].MessageID, t.AccountID, file); err != nil {
			return a, err
		}
	}
	return added[0], auth.Audit(ctx, tx, v.WorkspaceID, who.Actor(), "message.send", fmt.Sprintf("conversation:%d", v.ID), map[string]any{"action": added[0].ID, "template": body.TemplateID})
}

// lastSaid is the event of what the person said last in a thread. A member answers by looking; what a program says
// is an answer only to something, and for as long as that keeps the care window open.
func lastSaid(ctx context.Context, tx *sqlx.Tx, t inbox.Thread) (*int64, error) {
	var id []int64
	if err := tx.SelectContext(ctx, &id, sqlLastSaid, t.WorkspaceID, t.ID); err != nil {
		return nil, fmt.Errorf("find what thread %d said last: %w", t.ID, err)
	}
	if len(id) == 0 {
		return nil, nil
	}
	return &id[0], nil
}

const sqlLastSaid = `
SELECT e.id FROM (SELECT account_id, external_id FROM messages WHERE workspace_id = $1 AND thread_id = $2 AND direction = 'in' AND deleted_at IS NULL ORDER BY at DESC, id DESC LIMIT 1) m
JOIN events e ON e.workspace_id = $1 AND e.account_id = m.account_id AND e.key IN ('message:' || m.external_id, 'postback:' || m.external_id)
ORDER BY e.id LIMIT 1`

// fillText says in words: within a day of the person's last message, and for a person's answer on
// Messenger and Instagram within seven.
func (s *Server) fillText(t inbox.Thread, body SendMessage, call *channels.Call, a *outbox.Action) error {
	text, err := cleanText(body.Text)
	if err != nil && body.FileID == 0 {
		return err
	}
	now := s.Now()
	if body.SendAt != nil {
		now = *body.SendAt
	}
	w := windowOf(t.Channel, t.LastInAt, now)
	switch {
	case w.Open:
		a.ValidUntil = *w.Until
	case w.HumanUntil != nil && w.HumanUntil.After(now) && a.Origin == "member":
		a.ValidUntil, call.HumanAgent = *w.HumanUntil, true
	case body.SendAt != nil:
		return fault.Field("send_at", "the care window is shut at that time; choose an earlier one, or a template").Coded("window_shut_then")
	case t.Channel == string(channels.WhatsApp):
		return fault.Field("text", "the care window is shut: more than 24 hours have passed since this person wrote. Send an approved template, or wait until they write").Coded("window_shut_template")
	default:
		return fault.Field("text", "the care window is shut: more than seven days have passed since this person wrote. Wait until they write again").Coded("window_shut")
	}
	call.Text, a.Bubble.Text = text, text
	return nil
}

// answered makes the conversation a person's after a member spoke in it.
func (s *Server) answered(ctx context.Context, tx *sqlx.Tx, who *caller, v *inbox.Conversation, body SendMessage) error {
	v.Handler, v.HandlerReason, v.Unread = "human", "member_answered", 0
	if v.AssigneeID == nil {
		v.AssigneeID = who.User()
	}
	v.Revision++
	v.LastMessageAt = *inbox.Later(&v.LastMessageAt, s.Now())
	if body.Text != "" {
		v.Preview = cut(body.Text, 140)
	}
	if err := inbox.UpdateConversations(ctx, tx, []*inbox.Conversation{v}); err != nil {
		return err
	}
	if err := desk.SaveDraft(ctx, tx, who.Who, v.ID, "", s.Now()); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: v.WorkspaceID, Topic: "conversation", ObjectID: v.ID}, inbox.Change{WorkspaceID: v.WorkspaceID, Topic: "message", ObjectID: v.ID})
}

func cut(text string, n int) string {
	r := []rune(text)
	if len(r) <= n {
		return text
	}
	return string(r[:n-1]) + "…"
}
