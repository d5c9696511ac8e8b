package api

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/desk"
	"ponte/fault"
	"ponte/inbox"
	"ponte/notify"
	"ponte/outbox"
	"ponte/suggest"
)

// stepOf is what a verb is called among the steps of a conversation.
var stepOf = map[string]string{"take_over": "taken_over", "return_to_bot": "returned_to_bot", "resolve": "resolved", "reopen": "reopened", "spam": "filed_as_spam", "not_spam": "not_spam"}

// errAsItWas says that a conversation already is what it was to become: by a second press, or by somebody else. Nothing is
// written of that, and nobody is told anything else than of a change.
var errAsItWas = errors.New("it is so already")

// handle changes one conversation under lock, writes it, and says so.
func (s *Server) handle(ctx context.Context, who *caller, id int64, verb string, do func(tx *sqlx.Tx, v *inbox.Conversation) error) (Conversation, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		v, err := inbox.LockConversation(ctx, tx, who.WorkspaceID, id)
		if err != nil {
			return err
		}
		if err := do(tx, &v); err != nil {
			return err
		}
		if err := inbox.UpdateConversations(ctx, tx, []*inbox.Conversation{&v}); err != nil {
			return err
		}
		if step := stepOf[verb]; step != "" {
			if err := desk.Note(ctx, tx, desk.Step{WorkspaceID: v.WorkspaceID, ConversationID: id, Actor: who.Actor(), What: step}); err != nil {
				return err
			}
		}
		if verb != "" {
			if err := auth.Audit(ctx, tx, v.WorkspaceID, who.Actor(), "conversation."+verb, fmt.Sprintf("conversation:%d", id), nil); err != nil {
				return err
			}
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: v.WorkspaceID, Topic: "conversation", ObjectID: id})
	})
	if err != nil && !errors.Is(err, errAsItWas) {
		return Conversation{}, err
	}
	return s.shownConversation(ctx, who, id)
}

func mustBeOpen(v *inbox.Conversation) error {
	if v.State != "open" {
		return fault.New(fault.Conflict, "the conversation is resolved; reopen it first").Coded("conversation_resolved")
	}
	return nil
}

func (s *Server) takeOver(ctx context.Context, who *caller, in *decideIn) (Conversation, error) {
	return s.handle(ctx, who, in.ID, "take_over", func(tx *sqlx.Tx, v *inbox.Conversation) error {
		if err := mustBeOpen(v); err != nil {
			return err
		}
		v.Handler, v.HandlerReason = "human", "taken_over"
		if id := who.User(); id != nil {
			v.AssigneeID = id
		}
		_, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: v.WorkspaceID, ConversationID: v.ID, Automatic: true, Reason: "taken_over", Meaning: "a member took the conversation over"})
		return err
	})
}

func (s *Server) returnToBot(ctx context.Context, who *caller, in *decideIn) (Conversation, error) {
	return s.handle(ctx, who, in.ID, "return_to_bot", func(_ *sqlx.Tx, v *inbox.Conversation) error {
		if v.RootCommentID != nil || v.Spam {
			return fault.New(fault.Invalid, "the bot answers neither comment threads nor what is in the spam folder")
		}
		v.Handler, v.HandlerReason, v.AssigneeID = "bot", "returned", nil
		return mustBeOpen(v)
	})
}

func (s *Server) resolve(ctx context.Context, who *caller, in *decideIn) (Conversation, error) {
	return s.handle(ctx, who, in.ID, "resolve", func(tx *sqlx.Tx, v *inbox.Conversation) error {
		if v.State == "resolved" {
			return errAsItWas
		}
		now := s.Now()
		v.State, v.ResolvedAt, v.WaitingSince, v.Unread = "resolved", &now, nil, 0
		_, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: v.WorkspaceID, ConversationID: v.ID, Automatic: true, Reason: "resolved", Meaning: "a member resolved the conversation"})
		return err
	})
}

func (s *Server) reopen(ctx context.Context, who *caller, in *decideIn) (Conversation, error) {
	return s.handle(ctx, who, in.ID, "reopen", func(tx *sqlx.Tx, v *inbox.Conversation) error {
		if v.State == "open" {
			return errAsItWas
		}
		var other int
		err := tx.GetContext(ctx, &other, `SELECT count(*) FROM conversations WHERE workspace_id = $1 AND state = 'open' AND (thread_id = $2 OR root_comment_id = $3)`, v.WorkspaceID, v.ThreadID, v.RootCommentID)
		if err != nil {
			return fmt.Errorf("look for an open conversation: %w", err)
		}
		if other > 0 {
			return fault.New(fault.Conflict, "this person has a newer conversation open on the same channel; go on there").Coded("newer_conversation")
		}
		if !v.Spam { // nobody waits in the spam folder
			if v.WaitingSince, err = inbox.WaitsSince(ctx, tx, *v); err != nil {
				return err
			}
		}
		v.State, v.ResolvedAt, v.Handler, v.HandlerReason = "open", nil, "human", "reopened"
		return nil
	})
}

// fileAsSpam puts a conversation where nothing answers it and nobody waits for it. What the bot or a
// trigger had planned for it is cancelled. The machine does not take it out: its own reason is another.
func (s *Server) fileAsSpam(ctx context.Context, who *caller, in *decideIn) (Conversation, error) {
	return s.handle(ctx, who, in.ID, "spam", func(tx *sqlx.Tx, v *inbox.Conversation) error {
		if v.RootCommentID != nil {
			return fault.New(fault.Invalid, "a comment is hidden in moderation, not filed as spam").Coded("comment_not_spam")
		}
		v.Spam, v.Handler, v.HandlerReason, v.WaitingSince, v.Unread = true, "human", inbox.FiledAsSpam, nil, 0
		_, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: v.WorkspaceID, ConversationID: v.ID, Automatic: true, Reason: "filed_as_spam", Meaning: "a member filed the conversation under spam"})
		return err
	})
}

// notSpam takes a conversation out of the spam folder, whoever put it there: the person waits for an answer
// since they last wrote, and a block that the machine planned for what they said is cancelled. The machine
// does not put it back.
func (s *Server) notSpam(ctx context.Context, who *caller, in *decideIn) (Conversation, error) {
	return s.handle(ctx, who, in.ID, "not_spam", func(tx *sqlx.Tx, v *inbox.Conversation) error {
		if !v.Spam {
			return fault.New(fault.Conflict, "the conversation is not in the spam folder").Coded("not_in_spam")
		}
		v.Spam, v.Handler, v.HandlerReason = false, "human", inbox.NotSpam
		if v.State == "open" {
			since, err := inbox.WaitsSince(ctx, tx, *v)
			if err != nil {
				return err
			}
			v.WaitingSince = since
		}
		_, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: v.WorkspaceID, ConversationID: v.ID, Automatic: true, Reason: "not_spam", Meaning: "a member took the conversation out of the spam folder"})
		return err
	})
}

type assignIn struct {
	ByID
	Body struct {
		UserID *int64  `json:"user_id"`
		Team   *string `json:"team,omitempty" maxLength:"60" doc:"Empty: no team; left out: as it was"`
		Note   string  `json:"note,omitempty" maxLength:"1000" doc:"For whoever gets it"`
	}
}

func (s *Server) assign(ctx context.Context, who *caller, in *assignIn) (Conversation, error) {
	return s.handle(ctx, who, in.ID, "assign", func(tx *sqlx.Tx, v *inbox.Conversation) (err error) {
		before := *v
		defer func() {
			if err == nil {
				err = desk.Handed(ctx, tx, who.Who, before, *v, in.Body.Note, s.Now())
			}
		}()
		v.AssigneeID = in.Body.UserID
		if in.Body.Team != nil {
			v.Team = strings.TrimSpace(strings.ReplaceAll(*in.Body.Team, "\x00", ""))
		}
		if v.Team != "" && v.Team != before.Team {
			if err := desk.MayGo(ctx, tx, v.WorkspaceID, v.Team); err != nil {
				return err
			}
		}
		if in.Body.UserID == nil {
			return nil
		}
		if err := desk.MayHave(ctx, tx, v.WorkspaceID, *in.Body.UserID); err != nil {
			return err
		}
		if v.State == "open" {
			v.Handler, v.HandlerReason = "human", "assigned"
		}
		return nil
	})
}

type labelsIn struct {
	ByID
	Body struct {
		Labels []string `json:"labels" maxItems:"20"`
	}
}

func (s *Server) label(ctx context.Context, who *caller, in *labelsIn) (Conversation, error) {
	labels, err := inbox.CleanLabels(in.Body.Labels)
	if err != nil {
		return Conversation{}, err
	}
	return s.handle(ctx, who, in.ID, "labels", func(_ *sqlx.Tx, v *inbox.Conversation) error {
		v.Labels = labels
		return nil
	})
}

// read marks a conversation as read. One that is read already is left alone, so that two open pages do
// not keep waking each other.
func (s *Server) read(ctx context.Context, who *caller, in *emptyIn) error {
	v, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return err
	}
	if err := s.change(ctx, func(tx *sqlx.Tx) error { return notify.ReadOf(ctx, tx, who.WorkspaceID, who.UserID, in.ID) }); err != nil || v.Unread == 0 {
		return err
	}
	_, err = s.handle(ctx, who, in.ID, "", func(_ *sqlx.Tx, v *inbox.Conversation) error {
		v.Unread = 0
		return nil
	})
	return err
}

// Suggestions are the drafts for a conversation as it stands.
type Suggestions struct {
	Items    []Suggestion `json:"items"`
	Revision int64        `json:"revision"`
	LLMState string       `json:"llm_state"`
	LLMFault string       `json:"llm_fault" doc:"Why the language model wrote less than it was asked for: down, busy, cut, refused, truncated, unusable; empty: it did not"`
}

func (s *Server) suggestions(ctx context.Context, who *caller, in *ByID) (Suggestions, error) {
	v, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return Suggestions{}, err
	}
	if s.Suggest == nil {
		return Suggestions{Items: []Suggestion{}, Revision: v.Revision, LLMState: "off"}, nil
	}
	list, err := s.Suggest.Follow(ctx, who.WorkspaceID, in.ID, func(SuggestionEvent) {})
	return list.whole(), err
}

func (s *Server) dismissSuggestion(ctx context.Context, who *caller, in *emptyIn) error {
	return suggest.Dismiss(ctx, s.DB, who.WorkspaceID, in.ID, who.User())
}
