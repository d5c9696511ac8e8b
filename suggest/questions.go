package suggest

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
)

// Question is one that the sources could not answer.
type Question struct {
	ID             int64     `db:"id"`
	ConversationID int64     `db:"conversation_id"`
	Language       string    `db:"language"`
	Intent         string    `db:"intent"`
	Text           string    `db:"text"` // empty: taken back or erased since
	Harm           float64   `db:"harm"`
	At             time.Time `db:"at"`
}

// unanswered notes once that a conversation as it stands has a question without a source.
func (s *Suggester) unanswered(ctx context.Context, v inbox.Conversation, language, intent string) error {
	if _, err := s.DB.ExecContext(ctx, sqlUnanswered, v.WorkspaceID, v.ID, v.Revision, language, intent); err != nil {
		return fmt.Errorf("note a question without an answer: %w", err)
	}
	return nil
}

const sqlUnanswered = `
INSERT INTO assist_questions (workspace_id, conversation_id, revision, message_id, language, intent)
SELECT $1, $2, $3, (SELECT id FROM messages WHERE workspace_id = $1 AND conversation_id = $2 AND direction = 'in' ORDER BY at DESC, id DESC LIMIT 1), $4, $5
ON CONFLICT DO NOTHING`

// Questions lists what the sources could not answer and nobody has settled, the newest first, before an
// id (0: from the newest).
func Questions(ctx context.Context, q sqlx.QueryerContext, workspaceID, before int64, limit int) ([]Question, error) {
	out := []Question{}
	if err := sqlx.SelectContext(ctx, q, &out, sqlQuestions, workspaceID, before, limit); err != nil {
		return nil, fmt.Errorf("list questions without an answer: %w", err)
	}
	return out, nil
}

const sqlQuestions = `
SELECT q.id, q.conversation_id, q.language, q.intent, q.at, coalesce(CASE WHEN m.deleted_at IS NULL THEN m.text END, c.text, '') AS text, coalesce((d.verdict->>'harm')::float8, 0) AS harm
FROM assist_questions q
JOIN conversations v ON v.workspace_id = q.workspace_id AND v.id = q.conversation_id
LEFT JOIN messages m ON m.workspace_id = q.workspace_id AND m.id = q.message_id
LEFT JOIN comments c ON c.workspace_id = v.workspace_id AND c.id = v.root_comment_id AND q.message_id IS NULL
LEFT JOIN verdicts d ON d.workspace_id = q.workspace_id AND d.id = coalesce(m.verdict_id, c.verdict_id)
WHERE q.workspace_id = $1 AND q.settled_at IS NULL AND ($2::bigint = 0 OR q.id < $2) ORDER BY q.id DESC LIMIT $3`

// Settle takes a question off the list: it is answered now, or need not be.
func Settle(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, userID *int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE assist_questions SET settled_at = now(), settled_by = $3 WHERE workspace_id = $1 AND id = $2 AND settled_at IS NULL`, workspaceID, id, userID)
	if err != nil {
		return fmt.Errorf("settle question %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "question %d does not exist, or was settled already", id)
	}
	return nil
}
