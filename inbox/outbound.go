package inbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"database/sql"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
)

// Sent is something that went out: what the network's answer changes on our rows.
type Sent struct {
	WorkspaceID    int64
	ActionID       int64
	AccountID      int64
	ThreadID       int64
	ConversationID int64
	CommentID      int64
	ExternalID     string // new comment id, mid, wamid
	Kind           channels.CallKind
	Channel        string
	Text           string
	By             string // who wanted it: policy, trigger, user:7 …
	Human          bool
	Notice         bool      // it greets, and answers nobody
	SentAt         time.Time // when it left; zero: At
	At             time.Time
}

// RecordSent writes the consequences of calls that worked: ids and first receipts of messages, the
// state of comments, our own replies as comments, answered conversations.
func RecordSent(ctx context.Context, tx sqlx.ExtContext, list []Sent) error {
	messages := NewRows("bigint", "bigint", "bigint", "text")
	states := NewRows("bigint", "bigint", "text", "text")
	replies := NewRows("bigint", "bigint", "bigint", "bigint", "text", "text", "timestamptz")
	threads := NewRows("bigint", "bigint", "timestamptz")
	answered := NewRows("bigint", "bigint", "boolean", "timestamptz", "timestamptz")
	blocks := NewRows("bigint", "bigint", "timestamptz", "boolean")
	for _, s := range list {
		switch s.Kind {
		case channels.SendMessage, channels.SendTemplate, channels.PrivateReply:
			messages.Add(s.WorkspaceID, s.ActionID, s.AccountID, s.ExternalID)
			if s.ThreadID != 0 {
				threads.Add(s.WorkspaceID, s.ThreadID, s.At)
			}
		case channels.HideComment, channels.UnhideComment, channels.DeleteComment:
			states.Add(s.WorkspaceID, s.CommentID, commentStates[s.Kind], s.By)
		case channels.ReplyToComment:
			if s.ExternalID != "" {
				replies.Add(s.WorkspaceID, s.CommentID, s.ActionID, s.AccountID, s.ExternalID, s.Text, s.At)
			}
		case channels.BlockUser, channels.UnblockUser:
			blocks.Add(s.WorkspaceID, s.ActionID, s.At, s.Kind == channels.BlockUser)
			continue
		default:
			continue
		}
		if s.ConversationID != 0 && !s.Notice {
			left := s.SentAt
			if left.IsZero() {
				left = s.At
			}
			answered.Add(s.WorkspaceID, s.ConversationID, s.Human, s.At, left)
		}
	}
	for _, step := range []struct {
		what, stmt string
		rows       *Rows
	}{
		{"drop bubbles that echoes made of our own messages", sqlDropEchoed, messages},
		{"write message ids", sqlMessagesSent, messages},
		{"write comment states", sqlCommentStates, states},
		{"show our replies", sqlOwnReplies, replies},
		{"move threads", sqlThreadsOut, threads},
		{"mark conversations answered", sqlAnswered, answered},
		{"mark people blocked", sqlBlocked, blocks},
	} {
		if step.rows.Len() == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(step.stmt, step.rows.SQL()), step.rows.Args()...); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// A person's word marks the contact at once; a block that the policy planned marks it when the network
// has done it.
const sqlBlocked = `
UPDATE contacts c SET blocked_at = CASE WHEN k.block THEN coalesce(c.blocked_at, k.at) END FROM (%s) AS k (workspace_id, action_id, at, block)
JOIN actions a ON a.workspace_id = k.workspace_id AND a.id = k.action_id
WHERE c.workspace_id = a.workspace_id AND c.id = a.contact_id`

var commentStates = map[channels.CallKind]string{
	channels.HideComment: "hidden", channels.UnhideComment: "visible", channels.DeleteComment: "removed",
}

// An echo that came before the answer, from a network that does not return our token, has made a
// bubble of its own. Its receipts wait for ours, as if it had not been known.
const sqlDropEchoed = `
WITH dropped AS (
    DELETE FROM messages m USING (%s) AS k (workspace_id, action_id, account_id, external_id)
    WHERE k.external_id <> '' AND m.account_id = k.account_id AND m.external_id = k.external_id AND m.direction = 'out' AND m.action_id IS NULL
      AND EXISTS (SELECT 1 FROM messages o WHERE o.workspace_id = k.workspace_id AND o.action_id = k.action_id)
    RETURNING m.account_id, m.external_id)
UPDATE receipts r SET message_id = NULL FROM dropped d WHERE r.account_id = d.account_id AND r.external_id = d.external_id`

// The person may have read the thread up to our message before the answer to the call came.
const sqlMessagesSent = `
UPDATE messages m SET external_id = coalesce(m.external_id, nullif(k.external_id, '')),
    receipt = CASE WHEN t.read_in_at >= a.claimed_at THEN 'read' ELSE coalesce(m.receipt, 'sent') END
FROM (%s) AS k (workspace_id, action_id, account_id, external_id)
JOIN actions a ON a.workspace_id = k.workspace_id AND a.id = k.action_id
LEFT JOIN threads t ON t.workspace_id = a.workspace_id AND t.id = a.thread_id
WHERE m.workspace_id = k.workspace_id AND m.action_id = k.action_id`

const sqlCommentStates = `
UPDATE comments c SET state = k.state, state_by = k.by FROM (%s) AS k (workspace_id, id, state, by)
WHERE c.workspace_id = k.workspace_id AND c.id = k.id AND c.state <> 'removed'`

// The network's own webhook about our reply may have come first: then only the action is added.
const sqlOwnReplies = `
INSERT INTO comments (workspace_id, account_id, channel, post_id, external_id, parent_external_id, root_external_id, own, action_id, text, source, commented_at)
SELECT c.workspace_id, c.account_id, c.channel, c.post_id, k.external_id, c.root_external_id, c.root_external_id, true, k.action_id, k.text, 'outbox', k.at
FROM (%s) AS k (workspace_id, comment_id, action_id, account_id, external_id, text, at)
JOIN comments c ON c.workspace_id = k.workspace_id AND c.id = k.comment_id
ON CONFLICT (account_id, external_id) DO UPDATE SET own = true, action_id = excluded.action_id`

const sqlThreadsOut = `
UPDATE threads t SET last_out_at = greatest(t.last_out_at, k.at)
FROM (SELECT workspace_id, id, max(at) AS at FROM (%s) AS v (workspace_id, id, at) GROUP BY 1, 2) k
WHERE t.workspace_id = k.workspace_id AND t.id = k.id`

// A customer who waits for a person still waits after a bot spoke, and for an answer to what they wrote while ours was
// on its way: it may be minutes until it is known that it arrived. What a conversation on a comment waits for is read
// off its comments (see CommentsAnswered).
const sqlAnswered = `
UPDATE conversations v SET
    first_human_answer_at = CASE WHEN k.human THEN coalesce(v.first_human_answer_at, k.at) ELSE v.first_human_answer_at END,
    first_bot_answer_at = CASE WHEN k.bot THEN coalesce(v.first_bot_answer_at, k.at) ELSE v.first_bot_answer_at END,
    waiting_since = CASE WHEN v.waiting_since <= k.at AND (k.human OR v.handler = 'bot') THEN
        (SELECT min(m.at) FROM (SELECT m.at, m.direction, m.deleted_at FROM messages m WHERE m.workspace_id = v.workspace_id AND m.conversation_id = v.id ORDER BY m.id DESC LIMIT 50) m
         WHERE m.direction = 'in' AND m.deleted_at IS NULL AND m.at > k.sent_at AND m.at >= v.waiting_since)
      ELSE v.waiting_since END
FROM (SELECT workspace_id, id, bool_or(human) AS human, bool_or(NOT human) AS bot, min(at) AS at, max(sent_at) AS sent_at
      FROM (%s) AS x (workspace_id, id, human, at, sent_at) GROUP BY 1, 2) k
WHERE v.workspace_id = k.workspace_id AND v.id = k.id`

// SetCommentState writes the state of one comment as the network told it.
func SetCommentState(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, state, by string) error {
	if _, err := tx.ExecContext(ctx, `UPDATE comments SET state = $3, state_by = $4 WHERE workspace_id = $1 AND id = $2 AND state <> 'removed'`, workspaceID, id, state, by); err != nil {
		return fmt.Errorf("set comment %d to %s: %w", id, state, err)
	}
	if state == "removed" {
		if err := CommentsReworded(ctx, tx, []int64{id}); err != nil {
			return err
		}
	}
	return Touch(ctx, tx, Change{workspaceID, "comment", id})
}

// PrivateReply is a private reply that was delivered to a thread nobody had before.
type PrivateReply struct {
	ActionID   int64
	CommentID  int64
	TriggerID  int64
	ExternalID string
	Text       string
	Human      bool
	At         time.Time
}

// ShowPrivateReply writes the bubble of a private reply. Without an open conversation it gets one that
// is resolved at once: it waits for nobody, and the person's answer opens their own.
func ShowPrivateReply(ctx context.Context, tx sqlx.ExtContext, t *Thread, r PrivateReply) error {
	open, err := OpenConversations(ctx, tx, []int64{t.ID})
	if err != nil {
		return err
	}
	var conversation int64
	if v := open[t.ID]; v != nil {
		conversation = v.ID
	} else if err := sqlx.GetContext(ctx, tx, &conversation, sqlRepliedConversation, t.WorkspaceID, t.AccountID, t.Channel, t.ID, t.ContactID, r.CommentID, r.TriggerID, r.Text, r.At); err != nil {
		return fmt.Errorf("make the conversation of a private reply: %w", err)
	}
	author := "bot"
	if r.Human {
		author = "member"
	}
	var id int64
	err = sqlx.GetContext(ctx, tx, &id, sqlPrivateBubble, t.WorkspaceID, t.AccountID, t.ID, conversation, author, r.ExternalID, r.ActionID, r.Text, r.At)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("show a private reply: %w", err)
	}
	if err == nil {
		if _, err := tx.ExecContext(ctx, `UPDATE actions SET message_id = $3, thread_id = $4 WHERE workspace_id = $1 AND id = $2`, t.WorkspaceID, r.ActionID, id, t.ID); err != nil {
			return fmt.Errorf("tie a private reply to its bubble: %w", err)
		}
	}
	return UpdateThreads(ctx, tx, []*Thread{{WorkspaceID: t.WorkspaceID, ID: t.ID, LastOutAt: &r.At}})
}

const sqlRepliedConversation = `
INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, state, handler, origin, preview, opened_at, last_message_at, resolved_at)
VALUES ($1, $2, $3, $4, $5, 'resolved', 'bot', jsonb_strip_nulls(jsonb_build_object('comment_id', nullif($6::bigint, 0), 'trigger_id', nullif($7::bigint, 0))), left($8, 200), $9, $9, $9)
RETURNING id`

// The echo may have made the bubble already; it is ours then.
const sqlPrivateBubble = `
INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, external_id, action_id, text, receipt, at)
VALUES ($1, $2, $3, $4, 'out', $5, nullif($6, ''), $7, $8, 'sent', $9)
ON CONFLICT (account_id, external_id) WHERE external_id IS NOT NULL DO UPDATE SET action_id = excluded.action_id, author = excluded.author
RETURNING id`
