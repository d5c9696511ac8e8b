package notify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/fault"
	"ponte/inbox"
)

// Notification is what one member was told.
type Notification struct {
	ID             int64           `db:"id"`
	Kind           string          `db:"kind"`
	ConversationID *int64          `db:"conversation_id"`
	ContactName    string          `db:"contact_name"`
	ContactErased  bool            `db:"contact_erased"`
	ContactKnown   inbox.KnownAs   `db:"contact_known"`
	Object         string          `db:"object"`
	Data           json.RawMessage `db:"data"`
	At             time.Time       `db:"at"`
	ReadAt         *time.Time      `db:"read_at"`
}

// List returns a member's notifications before an id (0: the newest), the newest first, and how many are unread.
func List(ctx context.Context, q sqlx.QueryerContext, workspaceID, userID, before int64, unread bool, limit int) ([]Notification, int, error) {
	var out []Notification
	if err := sqlx.SelectContext(ctx, q, &out, sqlList, workspaceID, userID, before, unread, limit); err != nil {
		return nil, 0, fmt.Errorf("list notifications: %w", err)
	}
	var n int
	if err := sqlx.GetContext(ctx, q, &n, `SELECT count(*) FROM notifications WHERE workspace_id = $1 AND user_id = $2 AND read_at IS NULL`, workspaceID, userID); err != nil {
		return nil, 0, fmt.Errorf("count notifications: %w", err)
	}
	return out, n, nil
}

// The person's name is read when it is shown, so that erasing them leaves none behind.
const sqlList = `
SELECT n.id, n.kind, n.conversation_id, n.object, n.data, n.at, n.read_at,
       ` + inbox.NameOfContactSQL + ` AS contact_name, ` + inbox.ErasedContactSQL + ` AS contact_erased, ` + inbox.KnownContactSQL + ` AS contact_known
FROM notifications n
LEFT JOIN conversations v ON v.workspace_id = n.workspace_id AND v.id = n.conversation_id
LEFT JOIN contacts c ON c.workspace_id = v.workspace_id AND c.id = v.contact_id
WHERE n.workspace_id = $1 AND n.user_id = $2 AND ($3::bigint = 0 OR n.id < $3) AND (NOT $4 OR n.read_at IS NULL)
ORDER BY n.id DESC LIMIT $5`

// MarkRead marks a member's notifications as read: those named, else all up to the newest they have seen.
// What is read in the interface is not mailed any more.
func MarkRead(ctx context.Context, tx sqlx.ExtContext, workspaceID, userID int64, ids []int64, upTo int64) error {
	res, err := tx.ExecContext(ctx, `UPDATE notifications SET read_at = now(), mail = CASE WHEN mail = 'wanted' THEN 'none' ELSE mail END
WHERE workspace_id = $1 AND user_id = $2 AND read_at IS NULL AND (id = ANY($3) OR id <= $4)`, workspaceID, userID, pq.Array(ids), upTo)
	if err != nil {
		return fmt.Errorf("mark notifications as read: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspaceID, Topic: "notification", ObjectID: userID})
}

// ReadOf marks what a member was told of a conversation as read: they have opened it.
func ReadOf(ctx context.Context, tx sqlx.ExtContext, workspaceID, userID, conversationID int64) error {
	var ids []int64
	if err := sqlx.SelectContext(ctx, tx, &ids, `SELECT id FROM notifications WHERE workspace_id = $1 AND user_id = $2 AND read_at IS NULL AND conversation_id = $3`, workspaceID, userID, conversationID); err != nil {
		return fmt.Errorf("find notifications of conversation %d: %w", conversationID, err)
	}
	if len(ids) == 0 {
		return nil
	}
	return MarkRead(ctx, tx, workspaceID, userID, ids, 0)
}

// Choices are what a member wants to hear of beside the bell.
type Choices struct {
	Email         []string
	Browser       []string
	DigestMinutes int // at most one mail in so many minutes
}

// LoadChoices returns a member's choices, or the defaults.
func LoadChoices(ctx context.Context, q sqlx.QueryerContext, workspaceID, userID int64) (Choices, error) {
	var rows []struct {
		Email   inbox.Strings `db:"email"`
		Browser inbox.Strings `db:"browser"`
		Minutes int           `db:"digest_minutes"`
	}
	err := sqlx.SelectContext(ctx, q, &rows, `SELECT email, browser, digest_minutes FROM notification_choices WHERE workspace_id = $1 AND user_id = $2`, workspaceID, userID)
	if err != nil {
		return Choices{}, fmt.Errorf("load what a member wants to hear of: %w", err)
	}
	if len(rows) > 0 {
		return Choices{Email: rows[0].Email, Browser: rows[0].Browser, DigestMinutes: rows[0].Minutes}, nil
	}
	c := Choices{DigestMinutes: 15}
	for _, k := range Kinds() {
		if kinds[k].email {
			c.Email = append(c.Email, string(k))
		}
		if kinds[k].browser {
			c.Browser = append(c.Browser, string(k))
		}
	}
	return c, nil
}

// SaveChoices writes a member's choices.
func SaveChoices(ctx context.Context, tx sqlx.ExtContext, workspaceID, userID int64, c Choices) error {
	for _, k := range append(append([]string{}, c.Email...), c.Browser...) {
		if !Kind(k).Valid() {
			return fault.Field("email", "%q is no kind of notification", k)
		}
	}
	if c.DigestMinutes < 5 || c.DigestMinutes > 1440 {
		return fault.Field("digest_minutes", "a digest comes at most every 5 minutes and at least every day")
	}
	if _, err := tx.ExecContext(ctx, `
INSERT INTO notification_choices (workspace_id, user_id, email, browser, digest_minutes) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (workspace_id, user_id) DO UPDATE SET email = excluded.email, browser = excluded.browser, digest_minutes = excluded.digest_minutes`,
		workspaceID, userID, inbox.Strings(c.Email), inbox.Strings(c.Browser), c.DigestMinutes); err != nil {
		return fmt.Errorf("save what a member wants to hear of: %w", err)
	}
	return nil
}

func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}
