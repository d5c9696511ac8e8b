package inbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
)

// WaitsSince is since when the person waits for an answer in a conversation that comes back among the open ones, out
// of the resolved ones or out of the spam folder; nil: nobody waits. It is read off what was said, by the rule that
// ends a wait while a conversation is open (see sqlAnswered), so that coming back is as if it had never been away.
func WaitsSince(ctx context.Context, q sqlx.QueryerContext, v Conversation) (*time.Time, error) {
	var at *time.Time
	stmt := sqlUnansweredMessage
	if v.RootCommentID != nil {
		stmt = sqlUnansweredComment
	}
	if err := sqlx.GetContext(ctx, q, &at, stmt, v.WorkspaceID, v.ID); err != nil {
		return nil, fmt.Errorf("find since when conversation %d waits: %w", v.ID, err)
	}
	return at, nil
}

// What is said on opening and on closing time carries these names: it greets, and answers nobody.
const (
	WelcomeNotice = "welcome:"
	AwayNotice    = "away:"
)

// Notice says whether an action, by its name, only greets.
func Notice(dedupe string) bool {
	return strings.HasPrefix(dedupe, WelcomeNotice) || strings.HasPrefix(dedupe, AwayNotice)
}

// What has not left, or did not arrive, answers nobody; it will, if it is still to leave. The bot answers what it has
// in hand: what it says after handing over – that a person comes, that the shop is closed – is no answer.
const sqlUnansweredMessage = `
SELECT min(m.at) FROM messages m WHERE m.workspace_id = $1 AND m.conversation_id = $2 AND m.direction = 'in' AND m.deleted_at IS NULL
  AND m.at > coalesce((
    SELECT max(coalesce(a.sent_at, o.at)) FROM messages o JOIN conversations v ON v.workspace_id = o.workspace_id AND v.id = o.conversation_id
    LEFT JOIN actions a ON a.workspace_id = o.workspace_id AND a.id = o.action_id
    WHERE o.workspace_id = $1 AND o.conversation_id = $2 AND o.direction = 'out' AND o.receipt IS DISTINCT FROM 'failed'
      AND (o.action_id IS NULL OR o.external_id IS NOT NULL OR a.state = 'done') AND (a.dedupe LIKE '` + WelcomeNotice + `%' OR a.dedupe LIKE '` + AwayNotice + `%') IS NOT TRUE
      AND (o.author <> 'bot' OR v.handler = 'bot' OR v.handed_over_at IS NULL OR coalesce(a.created_at, o.created_at) < v.handed_over_at)), '-infinity')`

// A comment is answered under it, in private, or by what became of it; also in another tool, whose replies come in
// as comments of our own.
const sqlUnansweredComment = `
SELECT min(c.commented_at) FROM conversations v
JOIN comments r ON r.workspace_id = v.workspace_id AND r.id = v.root_comment_id
JOIN comments c ON c.workspace_id = r.workspace_id AND c.account_id = r.account_id AND c.root_external_id = r.root_external_id
WHERE v.workspace_id = $1 AND v.id = $2 AND NOT c.own AND c.contact_id = v.contact_id AND c.state <> 'removed'
  AND c.commented_at > coalesce(greatest(
    (SELECT max(a.sent_at) FROM actions a WHERE a.workspace_id = v.workspace_id AND a.conversation_id = v.id AND a.state = 'done'),
    (SELECT max(o.commented_at) FROM comments o WHERE o.workspace_id = v.workspace_id AND o.account_id = r.account_id AND o.root_external_id = r.root_external_id AND o.own)), '-infinity')`

// CommentAnswer is a reply of the brand in another tool, under a comment that may wait at the desk.
type CommentAnswer struct {
	WorkspaceID int64
	AccountID   int64
	RootID      string // the network's id of the thread's first comment
	At          time.Time
}

// CommentsAnswered ends the waits of comments that somebody of the brand has answered in another tool.
func CommentsAnswered(ctx context.Context, tx sqlx.ExtContext, list []CommentAnswer) error {
	for _, a := range list {
		var ids []int64
		if err := sqlx.SelectContext(ctx, tx, &ids, sqlCommentAnswered, a.WorkspaceID, a.AccountID, a.RootID, a.At); err != nil {
			return fmt.Errorf("end the wait of a comment's thread: %w", err)
		}
		for _, id := range ids {
			if err := Touch(ctx, tx, Change{WorkspaceID: a.WorkspaceID, Topic: "conversation", ObjectID: id}); err != nil {
				return err
			}
		}
	}
	return nil
}

const sqlCommentAnswered = `
UPDATE conversations v SET waiting_since = NULL, first_human_answer_at = coalesce(v.first_human_answer_at, $4)
FROM comments r WHERE r.workspace_id = $1 AND r.account_id = $2 AND r.root_external_id = $3
  AND v.workspace_id = r.workspace_id AND v.root_comment_id = r.id AND v.state = 'open' AND v.waiting_since <= $4 RETURNING v.id`

// ForPerson takes an open conversation from the bot and has it wait for a person: what it promised did not happen.
func ForPerson(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, since time.Time) error {
	v, err := LockConversation(ctx, tx, workspaceID, id)
	if err != nil {
		return err
	}
	if v.State != "open" || v.Spam {
		return nil
	}
	if _, err := tx.ExecContext(ctx, sqlForPerson, workspaceID, id, since); err != nil {
		return fmt.Errorf("give conversation %d to a person: %w", id, err)
	}
	return Touch(ctx, tx, Change{WorkspaceID: workspaceID, Topic: "conversation", ObjectID: id})
}

const sqlForPerson = `
UPDATE conversations SET handler = 'human', waiting_since = coalesce(waiting_since, $3), revision = revision + 1 WHERE workspace_id = $1 AND id = $2`
