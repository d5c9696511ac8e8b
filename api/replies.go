package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
)

type textIn struct {
	ByID
	Body struct {
		Text string `json:"text" minLength:"1" maxLength:"8000"`
	}
}

// replyLife is how long a member's public reply may wait before it is pointless.
const replyLife = 24 * time.Hour

// privateReplyLife is Meta's limit for the one private reply to a comment.
const privateReplyLife = 7 * 24 * time.Hour

func (s *Server) replyComment(ctx context.Context, who *caller, in *textIn) (Comment, error) {
	return s.answerComment(ctx, who, in, func(tx *sqlx.Tx, c inbox.Comment, text string) error {
		_, err := s.publicReply(ctx, tx, who, c, text)
		return err
	})
}

func (s *Server) privateReply(ctx context.Context, who *caller, in *textIn) (Comment, error) {
	return s.answerComment(ctx, who, in, func(tx *sqlx.Tx, c inbox.Comment, text string) error {
		if c.Mention {
			return fault.New(fault.Conflict, "it stands on somebody else's post, and the network takes no private reply to it; reply in public").Coded("comment_elsewhere")
		}
		until := c.CommentedAt.Add(privateReplyLife)
		if !until.After(s.Now()) {
			return fault.Field("text", "the comment is older than seven days; Meta allows no private reply any more. Reply in public, or wait until the person writes")
		}
		key, err := privateKey(ctx, tx, c)
		if err != nil {
			return err
		}
		channel := channels.Channel(c.Channel)
		if channel == channels.Facebook {
			channel = channels.Messenger
		}
		var written *int64 // what a program says answers something, or it is an offer
		if err := tx.GetContext(ctx, &written, `SELECT min(id) FROM events WHERE workspace_id = $1 AND account_id = $2 AND key = 'comment:' || $3 || ':added'`, c.WorkspaceID, c.AccountID, c.ExternalID); err != nil {
			return fmt.Errorf("find the event of comment %d: %w", c.ID, err)
		}
		_, err = outbox.Add(ctx, tx, []outbox.Action{{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, Purpose: "answer", Origin: origin(who), Actor: who.Actor(), Dedupe: key,
			ContactID: c.ContactID, IdentityID: c.IdentityID, CommentID: &c.ID, AnswersEvent: written, Call: channels.Call{Kind: channels.PrivateReply, Channel: channel, CommentID: c.ExternalID, Text: text},
			NotBefore: s.Now(), ValidUntil: until}})
		if err != nil {
			return err
		}
		return auth.Audit(ctx, tx, c.WorkspaceID, who.Actor(), "comment.private_reply", fmt.Sprintf("comment:%d", c.ID), nil)
	})
}

func (s *Server) answerComment(ctx context.Context, who *caller, in *textIn, do func(*sqlx.Tx, inbox.Comment, string) error) (Comment, error) {
	text, err := cleanText(in.Body.Text)
	if err != nil {
		return Comment{}, err
	}
	err = s.change(ctx, func(tx *sqlx.Tx) error {
		c, err := inbox.LockComment(ctx, tx, who.WorkspaceID, in.ID)
		if err != nil {
			return err
		}
		if c.State == "removed" {
			return fault.New(fault.Conflict, "the comment is gone from the network; it cannot be answered any more").Coded("comment_gone")
		}
		if err := do(tx, c, text); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: c.WorkspaceID, Topic: "comment", ObjectID: c.ID})
	})
	if err != nil {
		return Comment{}, err
	}
	return s.shownComment(ctx, who, in.ID)
}

// publicReply plans a member's reply. A person who answers is no reason for the bot to answer too.
func (s *Server) publicReply(ctx context.Context, tx *sqlx.Tx, who *caller, c inbox.Comment, text string) (outbox.Action, error) {
	_, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, RootComment: c.RootID, Spare: who.Actor(), Reason: "member_answered", Meaning: "a member answered"})
	if err != nil {
		return outbox.Action{}, err
	}
	key, err := freshKey(ctx, tx, c.WorkspaceID, fmt.Sprintf("reply:%s:%d:%s", who.Actor(), c.ID, digest(text)))
	if err != nil {
		return outbox.Action{}, err
	}
	added, err := outbox.Add(ctx, tx, []outbox.Action{{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, Purpose: "answer", Origin: origin(who), Actor: who.Actor(), Dedupe: key,
		ContactID: c.ContactID, IdentityID: c.IdentityID, CommentID: &c.ID,
		Call:      channels.Call{Kind: channels.ReplyToComment, Channel: channels.Channel(c.Channel), CommentID: c.ExternalID, Mention: c.Mention, Text: text},
		NotBefore: s.Now(), ValidUntil: s.Now().Add(replyLife)}})
	if err != nil {
		return outbox.Action{}, err
	}
	return added[0], auth.Audit(ctx, tx, c.WorkspaceID, who.Actor(), "comment.reply", fmt.Sprintf("comment:%d", c.ID), nil)
}

// origin of what the caller asks for: a person's words are a person's, a program's are not.
func origin(who *caller) string {
	if who.UserID == 0 {
		return "api"
	}
	return "member"
}

func cleanText(text string) (string, error) {
	text = strings.TrimSpace(strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "\ufffd"))
	if text == "" {
		return "", fault.Field("text", "write something first")
	}
	return text, nil
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// freshKey makes a double click one action, and lets what came to nothing be tried again.
func freshKey(ctx context.Context, tx *sqlx.Tx, workspace int64, key string) (string, error) {
	var spent int
	err := tx.GetContext(ctx, &spent, `SELECT count(*) FROM actions WHERE workspace_id = $1 AND (dedupe = $2 OR starts_with(dedupe, $2 || '#')) AND state IN ('failed','refused','cancelled','expired')`, workspace, key)
	if err != nil {
		return "", fmt.Errorf("look for earlier tries: %w", err)
	}
	if spent == 0 {
		return key, nil
	}
	return fmt.Sprintf("%s#%d", key, spent), nil
}

// privateKey is the key of the one private reply a comment may have. An automatic one that still waits
// gives way to the member's.
func privateKey(ctx context.Context, tx *sqlx.Tx, c inbox.Comment) (string, error) {
	_, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: c.WorkspaceID, CommentID: c.ID, Kinds: []channels.CallKind{channels.PrivateReply}, Automatic: true,
		Reason: "member_answered", Meaning: "a member answered"})
	if err != nil {
		return "", err
	}
	var live int
	err = tx.GetContext(ctx, &live, `SELECT count(*) FROM actions WHERE workspace_id = $1 AND comment_id = $2 AND kind = 'private_reply.send' AND state NOT IN ('failed','refused','cancelled','expired')`, c.WorkspaceID, c.ID)
	if err != nil {
		return "", fmt.Errorf("look for a private reply: %w", err)
	}
	if live > 0 {
		return "", fault.New(fault.Conflict, "this comment has had its private reply; Meta allows one. Reply in public, or wait until the person writes").Coded("private_reply_used")
	}
	return freshKey(ctx, tx, c.WorkspaceID, fmt.Sprintf("private_reply:%d", c.ID))
}

// Passed names the conversation a comment was passed to.
type Passed struct {
	ConversationID int64 `json:"conversation_id"`
}

// passComment makes a conversation of the comment's thread, for an agent.
func (s *Server) passComment(ctx context.Context, who *caller, in *emptyIn) (Passed, error) {
	var out Passed
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		c, err := inbox.LockComment(ctx, tx, who.WorkspaceID, in.ID)
		if err != nil {
			return err
		}
		if c.ContactID == nil {
			return fault.New(fault.Invalid, "the network withheld who wrote this; answer it in public from the queue")
		}
		if out.ConversationID, err = inbox.OpenCommentConversation(ctx, tx, c, s.Now()); err != nil {
			return err
		}
		_, err = outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: c.WorkspaceID, AccountID: c.AccountID, RootComment: c.RootID, Reason: "passed_to_agent", Meaning: "the thread was passed to an agent"})
		if err != nil {
			return err
		}
		if err := auth.Audit(ctx, tx, c.WorkspaceID, who.Actor(), "comment.pass", fmt.Sprintf("comment:%d", c.ID), map[string]any{"conversation": out.ConversationID}); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: c.WorkspaceID, Topic: "conversation", ObjectID: out.ConversationID}, inbox.Change{WorkspaceID: c.WorkspaceID, Topic: "comment", ObjectID: c.ID})
	})
	return out, err
}
