package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// ConversationFilter narrows a list of conversations.
type ConversationFilter struct {
	View      string // mine, team, unassigned, waiting, overdue, snoozed, spam, all
	Label     string
	State     string
	Channel   string
	Team      string
	Words     string
	ContactID int64
	Member    int64 // who "mine" is
	Overdue   time.Time
	Limit     int
	Cursor    string
}

// ConversationView is a conversation with the names a list shows.
type ConversationView struct {
	Conversation
	DeskView
	ContactName   string     `db:"contact_name"`
	ContactErased bool       `db:"contact_erased"`
	ContactKnown  KnownAs    `db:"contact_known"`
	ContactLang   string     `db:"contact_language"`
	ContactLabels Strings    `db:"contact_labels"`
	AssigneeName  *string    `db:"assignee_name"`
	LastInAt      *time.Time `db:"last_in_at"`
	PreviewHarm   float64    `db:"preview_harm"`
}

// nameOfContact falls back to what the person's identities are called.
const nameOfContact = `coalesce(nullif(c.name, ''), (SELECT coalesce(nullif(i.name, ''), i.username) FROM identities i
        WHERE i.workspace_id = c.workspace_id AND i.contact_id = c.id AND (i.name <> '' OR i.username <> '') ORDER BY i.name = '', i.id LIMIT 1), '')`

// previewHarm is how harmful that was judged which a conversation v shows of itself: of a comment thread the comment
// that it was opened on, as it was judged last; else one of the newest messages, recognised by its beginning.
const previewHarm = `CASE WHEN v.preview = '' THEN 0 WHEN v.root_comment_id IS NULL THEN
    coalesce((SELECT max((d.verdict->>'harm')::float8) FROM (SELECT m.text, m.verdict_id FROM messages m WHERE m.workspace_id = v.workspace_id AND m.conversation_id = v.id AND m.direction = 'in' ORDER BY m.id DESC LIMIT 10) m
        JOIN verdicts d ON d.workspace_id = v.workspace_id AND d.id = m.verdict_id WHERE left(m.text, 100) = left(v.preview, 100)), 0)
  ELSE coalesce((SELECT (d.verdict->>'harm')::float8 FROM comments x JOIN verdicts d ON d.workspace_id = x.workspace_id AND d.id = x.verdict_id
        WHERE x.workspace_id = v.workspace_id AND x.id = v.preview_comment_id), 0) END`

const sqlConversationViews = `
SELECT ` + conversationColumns + `, ` + deskColumns + `, ` + nameOfContact + ` AS contact_name, ` + erasedContact + ` AS contact_erased, ` + knownAs + ` AS contact_known, c.language AS contact_language, c.labels AS contact_labels,
       CASE WHEN u.name <> '' THEN u.name ELSE u.email END AS assignee_name, t.last_in_at, ` + previewHarm + ` AS preview_harm
FROM conversations v
JOIN contacts c ON c.workspace_id = v.workspace_id AND c.id = v.contact_id
LEFT JOIN threads t ON t.workspace_id = v.workspace_id AND t.id = v.thread_id
LEFT JOIN users u ON u.id = v.assignee_id
WHERE v.workspace_id = $1`

// ListConversations returns one page and the cursor of the next: queues by who is to be answered soonest, all
// else by what is newest.
func ListConversations(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, f ConversationFilter) ([]ConversationView, string, error) {
	w := &Where{Args: []any{workspaceID}}
	f.view(w)
	if f.State != "" {
		w.Add("v.state = ?", f.State)
	}
	if f.Team != "" {
		w.Add("v.team = ?", f.Team)
	}
	if f.Label != "" {
		w.Add("v.labels <> '{}' AND v.labels @> ARRAY[?::text]", f.Label) // as the index has them
	}
	if f.Channel != "" {
		w.Add("v.channel = ?", f.Channel)
	}
	if f.ContactID != 0 {
		w.Add("v.contact_id = ?", f.ContactID)
	}
	if f.Words != "" {
		if err := NewSearch(f.Words).narrow(ctx, q, workspaceID, w); err != nil {
			return nil, "", err
		}
	}
	if f.Cursor != "" {
		at, id, err := ParseTimeCursor(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		if f.queued() {
			w.Add("("+queuePlace+", v.id) > (?::timestamptz, ?::bigint)", at, id)
		} else {
			w.Add("(v.last_message_at, v.id) < (?::timestamptz, ?::bigint)", at, id)
		}
	}
	order := ` ORDER BY ` + queuePlace + `, v.id`
	if !f.queued() {
		w.Add("v.last_message_at > '-infinity'") // lets the list's index be used
		order = ` ORDER BY v.last_message_at DESC, v.id DESC`
	}
	var out []ConversationView
	err := sqlx.SelectContext(ctx, q, &out, sqlConversationViews+w.SQL.String()+order+` LIMIT `+strconv.Itoa(f.Limit+1), w.Args...)
	if err != nil {
		return nil, "", fmt.Errorf("list conversations: %w", err)
	}
	if len(out) <= f.Limit {
		return out, "", nil
	}
	last := out[f.Limit-1]
	if f.queued() {
		return out[:f.Limit], TimeCursor(*last.QueueAt, last.ID), nil
	}
	return out[:f.Limit], TimeCursor(last.LastMessageAt, last.ID), nil
}

// ViewConversation returns one conversation.
func ViewConversation(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (ConversationView, error) {
	var v ConversationView
	err := sqlx.GetContext(ctx, q, &v, sqlConversationViews+` AND v.id = $2`, workspaceID, id)
	return v, notFound(err, "conversation", id)
}

func notFound(err error, what string, id int64) error {
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "%s %d does not exist in this workspace", what, id)
	}
	if err != nil {
		return fmt.Errorf("load %s %d: %w", what, id, err)
	}
	return nil
}

// LockConversation locks the conversation's person and then the conversation, in the pipeline's order.
func LockConversation(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64) (Conversation, error) {
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM contacts WHERE workspace_id = $1 AND id = (SELECT contact_id FROM conversations WHERE workspace_id = $1 AND id = $2) FOR UPDATE`, workspaceID, id); err != nil {
		return Conversation{}, fmt.Errorf("lock the person of conversation %d: %w", id, err)
	}
	v, err := LoadConversation(ctx, tx, workspaceID, id, true)
	return v, notFound(err, "conversation", id)
}

// LoadThread returns a thread with its identity.
func LoadThread(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (Thread, Identity, error) {
	var t Thread
	if err := sqlx.GetContext(ctx, q, &t, `SELECT workspace_id, id, account_id, channel, identity_id, contact_id, last_in_at, last_out_at, read_in_at FROM threads WHERE workspace_id = $1 AND id = $2`, workspaceID, id); err != nil {
		return t, Identity{}, notFound(err, "thread", id)
	}
	var i Identity
	err := sqlx.GetContext(ctx, q, &i, `SELECT workspace_id, id, contact_id, channel, scope, external_id, phone, username, name FROM identities WHERE workspace_id = $1 AND id = $2`, workspaceID, t.IdentityID)
	return t, i, notFound(err, "identity", t.IdentityID)
}

// MessageView is a message with its member's name and its action.
type MessageView struct {
	Message
	MemberName    *string `db:"member_name"`
	ActionState   *string `db:"action_state"`
	ActionReason  *string `db:"action_reason"`
	ActionMeaning *string `db:"action_meaning"`
	Harm          float64 `db:"harm"`   // as it was judged
	Unseen        bool    `db:"unseen"` // nobody has looked at its picture or film
}

const sqlMessageViews = `
SELECT ` + messageColumns + `, CASE WHEN u.name <> '' THEN u.name ELSE u.email END AS member_name,
       a.state AS action_state, a.reason AS action_reason, a.meaning AS action_meaning, ` + harmOf + ` AS harm, coalesce(v.verdict->>'media', '') = 'not_looked_at' AS unseen
FROM messages m
LEFT JOIN users u ON u.id = m.member_id
LEFT JOIN actions a ON a.workspace_id = m.workspace_id AND a.id = m.action_id
LEFT JOIN verdicts v ON v.workspace_id = m.workspace_id AND v.id = m.verdict_id
WHERE m.workspace_id = $1`

// ListMessages returns the messages of a conversation's thread up to its end, before a message (0: the
// newest), the newest last. Networks give whole seconds and we do not, so within a second the order is
// that in which the rows were written; ids are drawn in blocks and say nothing about it.
func ListMessages(ctx context.Context, q sqlx.QueryerContext, v Conversation, before int64, limit int) ([]MessageView, string, error) {
	w := &Where{Args: []any{v.WorkspaceID}}
	w.Add("m.conversation_id = ?", v.ID)
	if before != 0 {
		w.Add("(date_trunc('second', m.at), m.created_at, m.at, m.id) < (SELECT date_trunc('second', b.at), b.created_at, b.at, b.id FROM messages b WHERE b.workspace_id = $1 AND b.id = ?)", before)
	}
	var out []MessageView
	err := sqlx.SelectContext(ctx, q, &out, sqlMessageViews+w.SQL.String()+` ORDER BY date_trunc('second', m.at) DESC, m.created_at DESC, m.at DESC, m.id DESC LIMIT `+strconv.Itoa(limit+1), w.Args...)
	if err != nil {
		return nil, "", fmt.Errorf("list messages: %w", err)
	}
	next := ""
	if len(out) > limit {
		out = out[:limit]
		next = strconv.FormatInt(out[limit-1].ID, 10)
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out, next, nil
}

// ViewMessage returns one message.
func ViewMessage(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (MessageView, error) {
	var m MessageView
	err := sqlx.GetContext(ctx, q, &m, sqlMessageViews+` AND m.id = $2`, workspaceID, id)
	return m, notFound(err, "message", id)
}
