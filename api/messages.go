package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/lib/pq"

	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
)

// Message is one thing said in a conversation.
type Message struct {
	ID           int64          `json:"id"`
	Direction    string         `json:"direction" enum:"in,out"`
	Author       string         `json:"author" enum:"contact,bot,member,other_tool"`
	MemberName   string         `json:"member_name"`
	Type         string         `json:"type"`
	Text         string         `json:"text"`
	Harm         float64        `json:"harm" doc:"Of what the customer wrote, as it was judged: 0 to 1"`
	Unseen       bool           `json:"unseen" doc:"It has a picture or film at which no model has looked"`
	Detail       MessageDetail  `json:"detail"`
	Reactions    []Reaction     `json:"reactions"`
	Receipt      string         `json:"receipt" enum:"sent,delivered,read,failed,"`
	ReceiptError string         `json:"receipt_error"`
	At           time.Time      `json:"at"`
	EditedAt     *time.Time     `json:"edited_at"`
	DeletedAt    *time.Time     `json:"deleted_at"`
	Action       *MessageAction `json:"action"`
}

// MessageDetail is what a message holds beside its text.
type MessageDetail struct {
	Attachments []Attachment `json:"attachments,omitempty"`
	Buttons     []Button     `json:"buttons,omitempty"`
	Payload     string       `json:"payload,omitempty"`
	StoryURL    string       `json:"story_url,omitempty"`

	Referral OriginReferral `json:"referral,omitzero" doc:"The advertisement or post that was tapped before this was written"`
	Erased   bool           `json:"erased,omitempty" doc:"Deleted here because the person was erased, not by its sender"`
}

// Button is a choice the customer could tap.
type Button struct {
	ID    string `json:"id,omitempty"`
	Title string `json:"title"`
}

// Reaction is an emoji on a message.
type Reaction struct {
	Emoji string `json:"emoji"`
}

// MessageAction is where the sending of a message stands.
type MessageAction struct {
	ID      int64  `json:"id"`
	State   string `json:"state"`
	Reason  string `json:"reason"`
	Meaning string `json:"meaning"`
}

type messagesIn struct {
	ByID
	Before int64 `query:"before" minimum:"0"`
	Limit  int   `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (s *Server) listMessages(ctx context.Context, who *caller, in *messagesIn) (Page[Message], error) {
	v, err := inbox.ViewConversation(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return Page[Message]{}, err
	}
	if v.RootCommentID != nil {
		if in.Before != 0 { // the first page holds the whole thread
			return pageOf([]Message{}, ""), nil
		}
		items, err := s.commentsAsMessages(ctx, who, v.Conversation)
		return pageOf(items, ""), err
	}
	rows, next, err := inbox.ListMessages(ctx, s.DB, v.Conversation, in.Before, in.Limit)
	if err != nil {
		return Page[Message]{}, err
	}
	items := make([]Message, 0, len(rows))
	for _, r := range rows {
		m, err := showMessage(r)
		if err != nil {
			return Page[Message]{}, err
		}
		items = append(items, m)
	}
	return pageOf(items, next), s.showFiles(ctx, who.WorkspaceID, items)
}

// showFiles says where the files of messages are kept, or why they are not.
func (s *Server) showFiles(ctx context.Context, workspace int64, items []Message) error {
	at := map[int64]int{}
	var ids []int64
	for i, m := range items {
		if len(m.Detail.Attachments) > 0 {
			at[m.ID] = i
			ids = append(ids, m.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var files []struct {
		MessageID int64  `db:"message_id"`
		Position  int    `db:"position"`
		Hash      string `db:"hash"`
		Reason    string `db:"reason"`
	}
	if err := s.DB.SelectContext(ctx, &files, `SELECT message_id, position, hash, reason FROM message_media WHERE workspace_id = $1 AND message_id = ANY($2)`, workspace, pq.Array(ids)); err != nil {
		return fmt.Errorf("find the files of messages: %w", err)
	}
	for _, f := range files {
		list := items[at[f.MessageID]].Detail.Attachments
		if f.Position >= len(list) {
			continue
		}
		if list[f.Position].Note = f.Reason; f.Hash != "" {
			list[f.Position].URL = mediaURL(workspace, f.Hash)
		}
	}
	return nil
}

func showMessage(v inbox.MessageView) (Message, error) {
	m := Message{ID: v.ID, Direction: v.Direction, Author: v.Author, MemberName: deref(v.MemberName), Type: v.Type, Text: router.HideReferences(v.Text), Harm: v.Harm, Unseen: v.Unseen, Reactions: []Reaction{}, Receipt: deref(v.Receipt),
		ReceiptError: v.ReceiptError, At: v.At.UTC(), EditedAt: utc(v.EditedAt), DeletedAt: utc(v.DeletedAt)}
	if err := decode(v.Detail, &m.Detail); err != nil {
		return m, fmt.Errorf("read the detail of message %d: %w", v.ID, err)
	}
	if err := decode(v.Reactions, &m.Reactions); err != nil {
		return m, fmt.Errorf("read the reactions of message %d: %w", v.ID, err)
	}
	var names struct {
		Attachments []struct {
			Filename string `json:"filename"`
			Title    string `json:"title"`
		} `json:"attachments"`
	}
	if err := decode(v.Detail, &names); err != nil {
		return m, fmt.Errorf("read the detail of message %d: %w", v.ID, err)
	}
	for i := range m.Detail.Attachments { // the network's own links die, and tell it who looks
		m.Detail.Attachments[i].URL = ""
		m.Detail.Attachments[i].Name = firstOf(names.Attachments[i].Filename, names.Attachments[i].Title)
	}
	m.Detail.StoryURL = ""
	if v.ActionID != nil && v.ActionState != nil {
		m.Action = &MessageAction{*v.ActionID, *v.ActionState, deref(v.ActionReason), deref(v.ActionMeaning)}
	}
	return m, nil
}

// commentsAsMessages shows a comment thread that was passed to an agent like a conversation; replies
// that are still on their way stand at its end.
func (s *Server) commentsAsMessages(ctx context.Context, who *caller, v inbox.Conversation) ([]Message, error) {
	root, err := inbox.ViewComment(ctx, s.DB, who.WorkspaceID, inbox.Viewer{}, *v.RootCommentID)
	if err != nil {
		return nil, err
	}
	rows, _, err := inbox.ListComments(ctx, s.DB, who.WorkspaceID, inbox.Viewer{}, inbox.CommentFilter{AccountID: root.AccountID, Root: root.RootID, Limit: 200})
	if err != nil {
		return nil, err
	}
	items := []Message{}
	for _, c := range rows {
		m := Message{ID: c.ID, Direction: "in", Author: "contact", MemberName: c.AuthorName, Type: "comment", Text: c.Text, Reactions: []Reaction{}, At: c.CommentedAt.UTC(), EditedAt: utc(c.EditedAt)}
		shown, err := showComment(c)
		if err != nil {
			return nil, err
		}
		if shown.Verdict != nil && !c.Own {
			m.Harm, m.Unseen = shown.Verdict.Harm, shown.Verdict.Media == moderation.NotLookedAt
		}
		if c.Own {
			m.Direction, m.Author, m.Receipt = "out", "other_tool", "sent"
			if c.ActionID != nil {
				m.Author = "member"
			}
		}
		m.Detail.Attachments = shown.Attachments
		items = append(items, m)
	}
	pending, err := s.pendingReplies(ctx, who.WorkspaceID, root.AccountID, root.RootID)
	return append(items, pending...), err
}

func (s *Server) pendingReplies(ctx context.Context, workspace, account int64, root string) ([]Message, error) {
	var rows []struct {
		inbox.ActionBrief
		Call   json.RawMessage `db:"call"`
		Origin string          `db:"origin"`
		At     time.Time       `db:"created_at"`
	}
	err := s.DB.SelectContext(ctx, &rows, `
SELECT a.id, a.kind, a.state, a.reason, a.meaning, a.not_before, a.call, a.origin, a.created_at FROM actions a
JOIN comments c ON c.workspace_id = a.workspace_id AND c.id = a.comment_id
WHERE a.workspace_id = $1 AND c.account_id = $2 AND c.root_external_id = $3 AND a.kind = 'comment.reply'
  AND NOT EXISTS (SELECT 1 FROM comments o WHERE o.workspace_id = a.workspace_id AND o.action_id = a.id) ORDER BY a.id`, workspace, account, root)
	if err != nil {
		return nil, fmt.Errorf("list replies on their way: %w", err)
	}
	out := []Message{}
	for _, r := range rows {
		var call struct {
			Text string `json:"text"`
		}
		if err := json.Unmarshal(r.Call, &call); err != nil {
			return nil, fmt.Errorf("read action %d: %w", r.ID, err)
		}
		author := "bot"
		if r.Origin == "member" {
			author = "member"
		}
		out = append(out, Message{ID: -r.ID, Direction: "out", Author: author, Type: "comment", Text: router.HideReferences(call.Text), Reactions: []Reaction{}, At: r.At.UTC(),
			Action: &MessageAction{r.ID, r.State, r.Reason, r.Meaning}})
	}
	return out, nil
}
