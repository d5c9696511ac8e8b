package inbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Danger is the priority of a conversation whose customer may be in danger: it stands before everything else.
const Danger = 3

// commentOfDanger says of a comment x that its words were judged those of somebody who may harm themselves.
const commentOfDanger = `EXISTS (SELECT 1 FROM verdicts d WHERE d.workspace_id = x.workspace_id AND d.id = x.verdict_id AND d.verdict->>'category' = 'self_harm')`

// OpenCommentConversation returns the open conversation on a comment's thread, or opens one.
func OpenCommentConversation(ctx context.Context, tx sqlx.ExtContext, c Comment, now time.Time) (int64, error) {
	root := c.ID
	err := sqlx.GetContext(ctx, tx, &root, `SELECT id FROM comments WHERE workspace_id = $1 AND account_id = $2 AND external_id = $3`, c.WorkspaceID, c.AccountID, c.RootID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("find the root of comment %d: %w", c.ID, err)
	}
	origin, err := json.Marshal(map[string]any{"comment_id": c.ID, "post_id": c.PostID, "text": "a comment, passed on by a moderator"})
	if err != nil {
		return 0, fmt.Errorf("encode an origin: %w", err)
	}
	var id int64
	if err := sqlx.GetContext(ctx, tx, &id, sqlOpenComment, c.WorkspaceID, c.AccountID, c.Channel, root, *c.ContactID, c.Language, string(origin), c.Text, now, c.CommentedAt, c.ID); err != nil {
		return 0, fmt.Errorf("open a conversation on comment %d: %w", c.ID, err)
	}
	return id, nil
}

const sqlOpenComment = `
INSERT INTO conversations (workspace_id, account_id, channel, root_comment_id, contact_id, handler, handler_reason, language, origin, preview, unread, opened_at, last_message_at, waiting_since, preview_comment_id, priority)
VALUES ($1, $2, $3, $4, $5, 'human', 'passed_on', $6, $7, left($8, 200), 1, $9, $9, $10, $11, coalesce((SELECT 3 FROM comments x WHERE x.workspace_id = $1 AND x.id = $11 AND ` + commentOfDanger + `), 0))
ON CONFLICT (workspace_id, root_comment_id) WHERE state = 'open' AND root_comment_id IS NOT NULL
DO UPDATE SET preview = excluded.preview, preview_comment_id = excluded.preview_comment_id, priority = greatest(conversations.priority, excluded.priority),
    due_for = CASE WHEN excluded.priority > conversations.priority THEN NULL ELSE conversations.due_for END, waiting_since = coalesce(conversations.waiting_since, excluded.waiting_since), revision = conversations.revision + 1
RETURNING id`

// CommentsReworded has the conversations that show these comments say what the comments say now; of one that is gone, what the
// person's newest comment in the thread says that still stands, if any. Who may be in danger by the new words stands first.
func CommentsReworded(ctx context.Context, tx sqlx.ExtContext, comments []int64) error {
	if len(comments) == 0 {
		return nil
	}
	var list []Change
	for _, stmt := range []string{sqlCommentsReworded, sqlCommentsGone} {
		var some []Change
		if err := sqlx.SelectContext(ctx, tx, &some, stmt, pq.Array(comments)); err != nil {
			return fmt.Errorf("show the new words of comments: %w", err)
		}
		list = append(list, some...)
	}
	ended, err := waitsOfGone(ctx, tx, comments)
	if err != nil {
		return err
	}
	return Touch(ctx, tx, append(list, ended...)...)
}

// waitsOfGone ends the waits of people who took away all that was not answered; of who took away the first of it, the
// wait begins with what is left.
func waitsOfGone(ctx context.Context, tx sqlx.ExtContext, comments []int64) ([]Change, error) {
	var waiting []Conversation
	if err := sqlx.SelectContext(ctx, tx, &waiting, sqlWaitsOfGone, pq.Array(comments)); err != nil {
		return nil, fmt.Errorf("find who waits for an answer to a comment that is gone: %w", err)
	}
	var ended []Change
	for _, v := range waiting {
		since, err := WaitsSince(ctx, tx, v)
		if err != nil {
			return nil, err
		}
		if since != nil && !since.After(*v.WaitingSince) {
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE conversations SET waiting_since = $3, revision = revision + 1 WHERE workspace_id = $1 AND id = $2`, v.WorkspaceID, v.ID, since); err != nil {
			return nil, fmt.Errorf("end the wait of conversation %d: %w", v.ID, err)
		}
		ended = append(ended, Change{WorkspaceID: v.WorkspaceID, Topic: "conversation", ObjectID: v.ID})
	}
	return ended, nil
}

const sqlWaitsOfGone = `
SELECT DISTINCT v.workspace_id, v.id, v.root_comment_id, v.waiting_since FROM comments x
JOIN comments r ON r.root_external_id = x.root_external_id AND r.account_id = x.account_id AND r.workspace_id = x.workspace_id
JOIN conversations v ON v.workspace_id = r.workspace_id AND v.root_comment_id = r.id AND v.contact_id = x.contact_id
WHERE x.id = ANY($1) AND x.state = 'removed' AND v.state = 'open' AND v.waiting_since IS NOT NULL ORDER BY v.id`

const sqlCommentsReworded = `
UPDATE conversations v SET preview = left(x.text, 200), revision = v.revision + 1,
    priority = CASE WHEN v.state = 'open' AND ` + commentOfDanger + ` THEN 3 ELSE v.priority END,
    due_for = CASE WHEN v.state = 'open' AND v.priority < 3 AND ` + commentOfDanger + ` THEN NULL ELSE v.due_for END
FROM comments x WHERE x.id = ANY($1) AND v.workspace_id = x.workspace_id AND v.preview_comment_id = x.id AND x.state <> 'removed' AND v.preview <> left(x.text, 200) AND v.preview <> ''
RETURNING v.workspace_id, 'conversation' AS topic, v.id AS object_id`

const sqlCommentsGone = `
UPDATE conversations v SET preview = coalesce(left(n.text, 200), ''), preview_comment_id = n.id, revision = v.revision + 1
FROM comments x LEFT JOIN LATERAL (
    SELECT o.id, o.text FROM comments o WHERE o.workspace_id = x.workspace_id AND o.account_id = x.account_id AND o.root_external_id = x.root_external_id
      AND o.contact_id = x.contact_id AND NOT o.own AND o.state <> 'removed' ORDER BY o.commented_at DESC, o.id DESC LIMIT 1) n ON true
WHERE x.id = ANY($1) AND x.state = 'removed' AND v.workspace_id = x.workspace_id AND v.preview_comment_id = x.id
RETURNING v.workspace_id, 'conversation' AS topic, v.id AS object_id`
