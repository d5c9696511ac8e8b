package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
)

// Step is something that happened to a conversation beside what was said in it.
type Step struct {
	WorkspaceID    int64
	ConversationID int64
	Actor          string
	What           string
	UserID         *int64
	Team           string
	Note           string
	Detail         map[string]any
}

// Note writes steps; they are never changed.
func Note(ctx context.Context, tx sqlx.ExtContext, steps ...Step) error {
	if len(steps) == 0 {
		return nil
	}
	rows := inbox.NewRows("bigint", "bigint", "text", "text", "bigint", "text", "text", "jsonb")
	for _, s := range steps {
		detail := []byte("{}")
		if s.Detail != nil {
			var err error
			if detail, err = json.Marshal(s.Detail); err != nil {
				return fmt.Errorf("encode a step: %w", err)
			}
		}
		rows.Add(s.WorkspaceID, s.ConversationID, s.Actor, s.What, s.UserID, s.Team, s.Note, string(detail))
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO conversation_steps (workspace_id, conversation_id, actor, what, user_id, team, note, detail) `+rows.SQL(), rows.Args()...); err != nil {
		return fmt.Errorf("note what happened to conversations: %w", err)
	}
	return nil
}

// StepView is a step with the names a reader needs.
type StepView struct {
	ID        int64           `db:"id"`
	At        time.Time       `db:"at"`
	Actor     string          `db:"actor"`
	ActorName string          `db:"actor_name"`
	What      string          `db:"what"`
	UserID    *int64          `db:"user_id"`
	UserName  string          `db:"user_name"`
	Team      string          `db:"team"`
	Note      string          `db:"note"`
	Detail    json.RawMessage `db:"detail"`
}

// Steps lists the last steps of a conversation, the oldest first.
func Steps(ctx context.Context, q sqlx.QueryerContext, workspaceID, conversationID int64, limit int) ([]StepView, error) {
	var out []StepView
	if err := sqlx.SelectContext(ctx, q, &out, sqlSteps, workspaceID, conversationID, limit); err != nil {
		return nil, fmt.Errorf("list the steps of conversation %d: %w", conversationID, err)
	}
	return out, nil
}

const sqlSteps = `
SELECT * FROM (
    SELECT s.id, s.at, s.actor, coalesce(nullif(a.name, ''), a.email, '') AS actor_name, s.what, s.user_id, coalesce(nullif(u.name, ''), u.email, '') AS user_name, s.team, s.note, s.detail
    FROM conversation_steps s LEFT JOIN users u ON u.id = s.user_id
    LEFT JOIN users a ON s.actor = 'user:' || a.id
    WHERE s.workspace_id = $1 AND s.conversation_id = $2 ORDER BY s.id DESC LIMIT $3) x ORDER BY id`
