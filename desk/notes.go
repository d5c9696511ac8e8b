package desk

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/notify"
)

// NoteView is a note as members read it.
type NoteView struct {
	ID         int64         `db:"id"`
	AuthorID   *int64        `db:"author_id"`
	AuthorName string        `db:"author_name"`
	Text       string        `db:"text"`
	Mentions   pq.Int64Array `db:"mentions"`
	CreatedAt  time.Time     `db:"created_at"`
	EditedAt   *time.Time    `db:"edited_at"`
}

const sqlNotes = `
SELECT n.id, n.author_id, coalesce(nullif(u.name, ''), u.email, '') AS author_name, n.text, n.mentions, n.created_at, n.edited_at
FROM notes n LEFT JOIN users u ON u.id = n.author_id WHERE n.workspace_id = $1 AND n.deleted_at IS NULL`

// Notes lists the notes of a conversation, the oldest first.
func Notes(ctx context.Context, q sqlx.QueryerContext, workspaceID, conversationID int64) ([]NoteView, error) {
	var out []NoteView
	if err := sqlx.SelectContext(ctx, q, &out, `SELECT * FROM (`+sqlNotes+` AND n.conversation_id = $2 ORDER BY n.id DESC LIMIT 500) x ORDER BY id`, workspaceID, conversationID); err != nil {
		return nil, fmt.Errorf("list notes: %w", err)
	}
	return out, nil
}

// LoadNote returns one note.
func LoadNote(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (NoteView, error) {
	var out []NoteView
	if err := sqlx.SelectContext(ctx, q, &out, sqlNotes+` AND n.id = $2`, workspaceID, id); err != nil {
		return NoteView{}, fmt.Errorf("load note %d: %w", id, err)
	}
	if len(out) == 0 {
		return NoteView{}, fault.New(fault.NotFound, "note %d does not exist in this workspace", id)
	}
	return out[0], nil
}

// AddNote writes a note and tells those who are mentioned in it.
func AddNote(ctx context.Context, tx sqlx.ExtContext, who auth.Who, conversationID int64, text string, mentions []int64, now time.Time) (int64, error) {
	if text = clean(text); text == "" {
		return 0, fault.Field("text", "write something first")
	}
	if err := checkMentions(ctx, tx, who.WorkspaceID, mentions); err != nil {
		return 0, err
	}
	var id int64
	err := sqlx.GetContext(ctx, tx, &id, `INSERT INTO notes (workspace_id, conversation_id, author_id, text, mentions, created_at) SELECT workspace_id, id, $3, $4, $5, $6 FROM conversations WHERE workspace_id = $1 AND id = $2 RETURNING id`,
		who.WorkspaceID, conversationID, who.User(), text, pq.Array(append([]int64{}, mentions...)), now)
	if err != nil {
		return 0, notFound(err, "conversation", conversationID)
	}
	if err := tellMentioned(ctx, tx, who, conversationID, id, mentions, now); err != nil {
		return 0, err
	}
	return id, touchConversation(ctx, tx, who.WorkspaceID, conversationID)
}

// EditNote changes one's own note; those newly mentioned are told.
func EditNote(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64, text string, mentions []int64, now time.Time) error {
	if text = clean(text); text == "" {
		return fault.Field("text", "write something first")
	}
	if err := checkMentions(ctx, tx, who.WorkspaceID, mentions); err != nil {
		return err
	}
	conversation, err := ownNote(ctx, tx, who, id)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE notes SET text = $3, mentions = $4, edited_at = $5 WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, id, text, pq.Array(append([]int64{}, mentions...)), now); err != nil {
		return fmt.Errorf("change note %d: %w", id, err)
	}
	if err := tellMentioned(ctx, tx, who, conversation, id, mentions, now); err != nil {
		return err
	}
	return touchConversation(ctx, tx, who.WorkspaceID, conversation)
}

// RemoveNote empties a note: one's own, or as a supervisor any.
func RemoveNote(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64, now time.Time) error {
	conversation, err := ownNote(ctx, tx, who, id)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE notes SET text = '', mentions = '{}', deleted_at = $3 WHERE workspace_id = $1 AND id = $2`, who.WorkspaceID, id, now); err != nil {
		return fmt.Errorf("remove note %d: %w", id, err)
	}
	if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), "note.remove", fmt.Sprintf("note:%d", id), nil); err != nil {
		return err
	}
	return touchConversation(ctx, tx, who.WorkspaceID, conversation)
}

func ownNote(ctx context.Context, tx sqlx.ExtContext, who auth.Who, id int64) (int64, error) {
	var row struct {
		Author       *int64 `db:"author_id"`
		Conversation int64  `db:"conversation_id"`
	}
	err := sqlx.GetContext(ctx, tx, &row, `SELECT author_id, conversation_id FROM notes WHERE workspace_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE`, who.WorkspaceID, id)
	if err != nil {
		return 0, notFound(err, "note", id)
	}
	if (row.Author == nil || *row.Author != who.UserID) && !who.Can(auth.Supervise) {
		return 0, fault.New(fault.Forbidden, "a note belongs to who wrote it; only they or a supervisor may change it").Coded("note_of_another")
	}
	return row.Conversation, nil
}

func checkMentions(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, ids []int64) error {
	if len(ids) == 0 {
		return nil
	}
	var n int
	if err := sqlx.GetContext(ctx, q, &n, `SELECT count(*) FROM members WHERE workspace_id = $1 AND user_id = ANY($2)`, workspaceID, pq.Array(ids)); err != nil {
		return fmt.Errorf("look for who is mentioned: %w", err)
	}
	if n != len(distinct(ids)) {
		return fault.Field("mentions", "somebody who is mentioned is not a member of this workspace")
	}
	return nil
}

func tellMentioned(ctx context.Context, tx sqlx.ExtContext, who auth.Who, conversation, note int64, mentions []int64, now time.Time) error {
	if len(mentions) == 0 {
		return nil
	}
	// The dedupe key is per member and note: an edit tells only who was not mentioned before.
	return notify.Raise(ctx, tx, []notify.Event{{WorkspaceID: who.WorkspaceID, Kind: notify.Mention, Members: mentions, Except: who.UserID, ConversationID: conversation, At: now,
		Data: map[string]any{"note_id": note, "by": who.UserID}, Dedupe: fmt.Sprintf("note:%d", note)}})
}

func touchConversation(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64) error {
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspaceID, Topic: "conversation", ObjectID: id})
}
