package desk

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/privacy"
)

// Draft returns a member's unfinished answer; empty where there is none.
func Draft(ctx context.Context, q sqlx.QueryerContext, workspaceID, conversationID, userID int64) (string, time.Time, error) {
	var row struct {
		Text string    `db:"text"`
		At   time.Time `db:"updated_at"`
	}
	err := sqlx.GetContext(ctx, q, &row, `SELECT text, updated_at FROM drafts WHERE workspace_id = $1 AND conversation_id = $2 AND user_id = $3`, workspaceID, conversationID, userID)
	if errors.Is(err, sql.ErrNoRows) {
		return "", time.Time{}, nil
	}
	if err != nil {
		return "", time.Time{}, fmt.Errorf("load a draft: %w", err)
	}
	return row.Text, row.At, nil
}

// SaveDraft keeps a member's unfinished answer; an empty one is forgotten.
func SaveDraft(ctx context.Context, tx sqlx.ExtContext, who auth.Who, conversationID int64, text string, now time.Time) error {
	if text == "" {
		_, err := tx.ExecContext(ctx, `DELETE FROM drafts WHERE workspace_id = $1 AND conversation_id = $2 AND user_id = $3`, who.WorkspaceID, conversationID, who.UserID)
		if err != nil {
			return fmt.Errorf("forget a draft: %w", err)
		}
		return nil
	}
	if who.UserID == 0 {
		return fault.New(fault.Invalid, "drafts are kept for members; an API token has none")
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO drafts (workspace_id, conversation_id, user_id, text, updated_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, conversation_id, user_id) DO UPDATE SET text = excluded.text, updated_at = excluded.updated_at`, who.WorkspaceID, conversationID, who.UserID, text, now)
	if err != nil {
		return fmt.Errorf("keep a draft: %w", err)
	}
	return nil
}

// Viewer is a member who has a conversation open.
type Viewer struct {
	UserID int64  `db:"user_id"`
	Name   string `db:"name"`
	Typing bool   `db:"typing"`
}

const (
	viewingFor = 45 * time.Second // without a sign of life
	typingFor  = 8 * time.Second
)

// See notes that a member is there, with a conversation open or none (0), and writing in it or not; it returns
// the others who have it open. Others are told when something changes, not at every sign of life.
func See(ctx context.Context, tx sqlx.ExtContext, who auth.Who, conversationID int64, typing bool, now time.Time) ([]Viewer, error) {
	if who.UserID == 0 {
		return nil, fault.New(fault.Invalid, "only members are present; an API token is not")
	}
	var typingAt *time.Time
	if typing {
		typingAt = &now
	}
	var before struct {
		Seen   *time.Time `db:"seen_at"`
		Typing *time.Time `db:"typing_at"`
	}
	err := sqlx.GetContext(ctx, tx, &before, `SELECT seen_at, typing_at FROM presence WHERE workspace_id = $1 AND user_id = $2 AND conversation_id = $3`, who.WorkspaceID, who.UserID, conversationID)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("look who is there: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO presence (workspace_id, user_id, conversation_id, typing_at, seen_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, user_id, conversation_id) DO UPDATE SET typing_at = excluded.typing_at, seen_at = excluded.seen_at`, who.WorkspaceID, who.UserID, conversationID, typingAt, now); err != nil {
		return nil, fmt.Errorf("note who is there: %w", err)
	}
	wasTyping := before.Typing != nil && now.Sub(*before.Typing) < typingFor
	was := before.Seen != nil && now.Sub(*before.Seen) < viewingFor
	if !was || wasTyping != typing {
		if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "presence", ObjectID: conversationID}); err != nil {
			return nil, err
		}
	}
	if conversationID == 0 {
		return nil, nil
	}
	return Viewers(ctx, tx, who.WorkspaceID, conversationID, who.UserID, now)
}

// Leave notes that a member has closed a conversation.
func Leave(ctx context.Context, tx sqlx.ExtContext, who auth.Who, conversationID int64) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM presence WHERE workspace_id = $1 AND user_id = $2 AND conversation_id = $3`, who.WorkspaceID, who.UserID, conversationID); err != nil {
		return fmt.Errorf("note who has left: %w", err)
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "presence", ObjectID: conversationID})
}

// Viewers lists who has a conversation open, except one member.
func Viewers(ctx context.Context, q sqlx.QueryerContext, workspaceID, conversationID, except int64, now time.Time) ([]Viewer, error) {
	var out []Viewer
	err := sqlx.SelectContext(ctx, q, &out, `
SELECT p.user_id, coalesce(nullif(u.name, ''), u.email) AS name, coalesce(p.typing_at > $5, false) AS typing
FROM presence p JOIN users u ON u.id = p.user_id JOIN members m ON m.workspace_id = p.workspace_id AND m.user_id = p.user_id
WHERE p.workspace_id = $1 AND p.conversation_id = $2 AND p.user_id <> $3 AND p.seen_at > $4 ORDER BY 2`, workspaceID, conversationID, except, now.Add(-viewingFor), now.Add(-typingFor))
	if err != nil {
		return nil, fmt.Errorf("list who is there: %w", err)
	}
	return out, nil
}

// PersonalData describes the tables of this package that hold something of a person.
func PersonalData() []privacy.Store {
	const of = ` IN (SELECT id FROM conversations WHERE workspace_id = $1 AND contact_id = $2)`
	return []privacy.Store{
		{Table: "notes", Follows: privacy.Stays, Rank: 30, Erase: []string{`UPDATE notes SET text = '', mentions = '{}', deleted_at = coalesce(deleted_at, now()) WHERE workspace_id = $1 AND conversation_id` + of}},
		{Table: "drafts", Follows: privacy.Stays, Rank: 30, Erase: []string{`DELETE FROM drafts WHERE workspace_id = $1 AND conversation_id` + of}},
		{Table: "conversation_steps", Follows: privacy.Stays, Rank: 30, Erase: []string{`UPDATE conversation_steps SET note = '' WHERE workspace_id = $1 AND note <> '' AND conversation_id` + of}},
	}
}

func notFound(err error, what string, id int64) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "%s %d does not exist in this workspace", what, id)
	}
	return fmt.Errorf("load %s %d: %w", what, id, err)
}
