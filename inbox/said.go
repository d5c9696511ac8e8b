package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
)

// PostKey finds a post.
type PostKey struct {
	WorkspaceID int64
	AccountID   int64
	ExternalID  string
}

// MeetPosts returns the ids of the posts, making rows for those never seen; their caption and picture
// are fetched later, beside the pipeline.
func MeetPosts(ctx context.Context, tx sqlx.ExtContext, keys []PostKey) (map[PostKey]*Post, error) {
	out := make(map[PostKey]*Post, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	load := func() error {
		rows := NewRows("bigint", "bigint", "text")
		for _, k := range keys {
			if out[k] == nil {
				rows.Add(k.WorkspaceID, k.AccountID, k.ExternalID)
			}
		}
		if rows.Len() == 0 {
			return nil
		}
		var found []Post
		if err := sqlx.SelectContext(ctx, tx, &found, fmt.Sprintf(sqlFindPosts, rows.SQL()), rows.Args()...); err != nil {
			return fmt.Errorf("find posts: %w", err)
		}
		for i := range found {
			p := &found[i]
			out[PostKey{p.WorkspaceID, p.AccountID, p.ExternalID}] = p
		}
		return nil
	}
	if err := load(); err != nil {
		return nil, err
	}
	fresh := NewRows("bigint", "bigint", "text")
	seen := map[PostKey]bool{}
	for _, k := range keys {
		if out[k] == nil && !seen[k] {
			seen[k] = true
			fresh.Add(k.WorkspaceID, k.AccountID, k.ExternalID)
		}
	}
	if fresh.Len() == 0 {
		return out, nil
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO posts (workspace_id, account_id, external_id) `+fresh.SQL()+` ON CONFLICT DO NOTHING`, fresh.Args()...); err != nil {
		return nil, fmt.Errorf("make posts: %w", err)
	}
	return out, load()
}

const sqlFindPosts = `
SELECT p.workspace_id, p.id, p.account_id, p.external_id, p.caption, p.permalink, p.media_url, p.media_hash,
       p.media_type, p.product_type, p.posted_at, p.fetched_at
FROM posts p JOIN (%s) AS k (workspace_id, account_id, external_id)
  ON p.workspace_id = k.workspace_id AND p.account_id = k.account_id AND p.external_id = k.external_id`

// MarkElsewhere says of posts that they are somebody else's: the brand was mentioned there.
func MarkElsewhere(ctx context.Context, tx sqlx.ExtContext, keys []PostKey) error {
	if len(keys) == 0 {
		return nil
	}
	rows := NewRows("bigint", "bigint", "text")
	for _, k := range keys {
		rows.Add(k.WorkspaceID, k.AccountID, k.ExternalID)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlMarkElsewhere, rows.SQL()), rows.Args()...); err != nil {
		return fmt.Errorf("mark posts of others: %w", err)
	}
	return nil
}

// One that is known to be the brand's own stays so.
const sqlMarkElsewhere = `
UPDATE posts p SET elsewhere = true FROM (%s) AS k (workspace_id, account_id, external_id)
WHERE p.workspace_id = k.workspace_id AND p.account_id = k.account_id AND p.external_id = k.external_id AND NOT p.elsewhere
  AND NOT EXISTS (SELECT FROM comments c WHERE c.workspace_id = p.workspace_id AND c.post_id = p.id AND NOT c.mention)`

// KeepPostElsewhere keeps the post on which the brand was mentioned, with its caption where it could be read.
func KeepPostElsewhere(ctx context.Context, tx sqlx.ExtContext, workspaceID, accountID int64, p channels.Post) error {
	if p.ID == "" {
		return nil
	}
	var at *time.Time
	if !p.Time.IsZero() {
		at = &p.Time
	}
	if _, err := tx.ExecContext(ctx, sqlKeepPostElsewhere, workspaceID, accountID, p.ID, p.Caption, at); err != nil {
		return fmt.Errorf("keep a post of somebody else's: %w", err)
	}
	return nil
}

const sqlKeepPostElsewhere = `
INSERT INTO posts (workspace_id, account_id, external_id, caption, posted_at, fetched_at, elsewhere) VALUES ($1, $2, $3, $4, $5, now(), true)
ON CONFLICT (account_id, external_id) DO UPDATE SET caption = excluded.caption, fetched_at = now() WHERE posts.elsewhere AND excluded.caption <> ''`

// CommentKey finds a comment.
type CommentKey struct {
	AccountID  int64
	ExternalID string
}

const commentColumns = `c.workspace_id, c.id, c.account_id, c.channel, c.post_id, c.external_id, c.parent_external_id,
       c.root_external_id, c.identity_id, c.contact_id, c.author_name, c.own, c.action_id, c.text, c.attachments, c.language,
       c.state, c.state_by, c.live, c.ad_id, c.mention, c.permalink, c.source, c.commented_at, c.edited_at, c.verdict_id, c.decision`

// FindComments returns the comments that are known already.
func FindComments(ctx context.Context, tx sqlx.ExtContext, keys []CommentKey) (map[CommentKey]*Comment, error) {
	out := make(map[CommentKey]*Comment, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	rows := NewRows("bigint", "text")
	for _, k := range keys {
		rows.Add(k.AccountID, k.ExternalID)
	}
	var found []Comment
	if err := sqlx.SelectContext(ctx, tx, &found, `SELECT `+commentColumns+` FROM (`+rows.SQL()+`) AS k (account_id, external_id)
CROSS JOIN LATERAL (SELECT * FROM comments c WHERE c.account_id = k.account_id AND c.external_id = k.external_id OFFSET 0) c`, rows.Args()...); err != nil {
		return nil, fmt.Errorf("find comments: %w", err)
	}
	for i := range found {
		out[CommentKey{found[i].AccountID, found[i].ExternalID}] = &found[i]
	}
	return out, nil
}

// CommentsByID returns comments by row id.
func CommentsByID(ctx context.Context, q sqlx.QueryerContext, ids []int64) ([]Comment, error) {
	var found []Comment
	if err := sqlx.SelectContext(ctx, q, &found, `SELECT `+commentColumns+` FROM comments c WHERE c.id = ANY($1) ORDER BY c.id`, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("load comments: %w", err)
	}
	return found, nil
}

// SaveComments writes comments whose ids were taken beforehand; a comment another path wrote first
// (our own reply, recorded when the network answered) keeps its row and its id.
func SaveComments(ctx context.Context, tx sqlx.ExtContext, comments []*Comment) error {
	if len(comments) == 0 {
		return nil
	}
	rows := NewRows("bigint", "bigint", "bigint", "text", "bigint", "text", "text", "text", "bigint", "bigint",
		"text", "boolean", "bigint", "text", "jsonb", "text", "text", "text", "boolean", "text", "boolean", "text", "text",
		"timestamptz", "timestamptz", "bigint", "text")
	for _, c := range comments {
		rows.Add(c.WorkspaceID, c.ID, c.AccountID, c.Channel, c.PostID, c.ExternalID, c.ParentID, c.RootID, c.IdentityID, c.ContactID,
			c.AuthorName, c.Own, c.ActionID, c.Text, jsonOr(c.Attachments, "[]"), c.Language, c.State, c.StateBy, c.Live, c.AdID, c.Mention, c.Permalink, c.Source,
			c.CommentedAt, c.EditedAt, c.VerdictID, c.Decision)
	}
	if _, err := tx.ExecContext(ctx, sqlInsertComments+rows.SQL()+` ON CONFLICT (account_id, external_id) DO NOTHING`, rows.Args()...); err != nil {
		return fmt.Errorf("save comments: %w", err)
	}
	return nil
}

const sqlInsertComments = `
INSERT INTO comments (workspace_id, id, account_id, channel, post_id, external_id, parent_external_id, root_external_id, identity_id, contact_id,
    author_name, own, action_id, text, attachments, language, state, state_by, live, ad_id, mention, permalink, source,
    commented_at, edited_at, verdict_id, decision) OVERRIDING SYSTEM VALUE `

// UpdateComments writes the parts of known comments that change: text, state, verdict.
func UpdateComments(ctx context.Context, tx sqlx.ExtContext, comments []*Comment) error {
	if len(comments) == 0 {
		return nil
	}
	rows := NewRows("bigint", "bigint", "text", "text", "text", "text", "timestamptz", "bigint", "text", "boolean", "bigint", "bigint", "bigint", "boolean")
	for _, c := range comments {
		rows.Add(c.WorkspaceID, c.ID, c.Text, c.Language, c.State, c.StateBy, c.EditedAt, c.VerdictID, c.Decision, c.Own, c.ActionID, c.IdentityID, c.ContactID, c.StateMoved)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlUpdateComments, rows.SQL()), rows.Args()...); err != nil {
		return fmt.Errorf("update comments: %w", err)
	}
	return nil
}

const sqlUpdateComments = `
UPDATE comments c SET text = k.text, language = k.language, state = CASE WHEN k.moved THEN k.state ELSE c.state END,
    state_by = CASE WHEN k.moved THEN k.state_by ELSE c.state_by END, edited_at = k.edited_at,
    verdict_id = k.verdict_id, decision = k.decision, own = k.own, action_id = coalesce(k.action_id, c.action_id),
    identity_id = k.identity_id, contact_id = k.contact_id
FROM (%s) AS k (workspace_id, id, text, language, state, state_by, edited_at, verdict_id, decision, own, action_id, identity_id, contact_id, moved)
WHERE c.workspace_id = k.workspace_id AND c.id = k.id`

// ThreadKey finds a thread.
type ThreadKey struct {
	AccountID  int64
	Channel    string
	IdentityID int64
}

// WantedThread is a thread that must exist.
type WantedThread struct {
	ThreadKey
	WorkspaceID int64
	ContactID   int64
}

const threadColumns = `t.workspace_id, t.id, t.account_id, t.channel, t.identity_id, t.contact_id, t.last_in_at, t.last_out_at, t.read_in_at`

// MeetThreads returns the threads, making those that are missing. The contacts are locked by the
// caller, so nobody else makes the same one.
func MeetThreads(ctx context.Context, tx sqlx.ExtContext, wanted []WantedThread) (map[ThreadKey]*Thread, error) {
	out := make(map[ThreadKey]*Thread, len(wanted))
	if len(wanted) == 0 {
		return out, nil
	}
	find := NewRows("bigint", "text", "bigint")
	for _, w := range wanted {
		find.Add(w.AccountID, w.Channel, w.IdentityID)
	}
	var found []Thread
	if err := sqlx.SelectContext(ctx, tx, &found, `SELECT `+threadColumns+` FROM (`+find.SQL()+`) AS k (account_id, channel, identity_id)
CROSS JOIN LATERAL (SELECT * FROM threads t WHERE t.account_id = k.account_id AND t.channel = k.channel AND t.identity_id = k.identity_id OFFSET 0) t`, find.Args()...); err != nil {
		return nil, fmt.Errorf("find threads: %w", err)
	}
	keep := func(list []Thread) {
		for i := range list {
			out[ThreadKey{list[i].AccountID, list[i].Channel, list[i].IdentityID}] = &list[i]
		}
	}
	keep(found)
	fresh := NewRows("bigint", "bigint", "text", "bigint", "bigint")
	seen := map[ThreadKey]bool{}
	for _, w := range wanted {
		if out[w.ThreadKey] == nil && !seen[w.ThreadKey] {
			seen[w.ThreadKey] = true
			fresh.Add(w.WorkspaceID, w.AccountID, w.Channel, w.IdentityID, w.ContactID)
		}
	}
	if fresh.Len() == 0 {
		return out, nil
	}
	var made []Thread
	if err := sqlx.SelectContext(ctx, tx, &made, `INSERT INTO threads AS t (workspace_id, account_id, channel, identity_id, contact_id) `+fresh.SQL()+` RETURNING `+threadColumns, fresh.Args()...); err != nil {
		return nil, fmt.Errorf("make threads: %w", err)
	}
	keep(made)
	return out, nil
}

// ThreadsByID returns threads by their ids.
func ThreadsByID(ctx context.Context, q sqlx.QueryerContext, ids []int64) ([]Thread, error) {
	var found []Thread
	if err := sqlx.SelectContext(ctx, q, &found, `SELECT `+threadColumns+` FROM threads t WHERE t.id = ANY($1) ORDER BY t.id`, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("load threads: %w", err)
	}
	return found, nil
}

// UpdateThreads writes the instants of threads, forward only.
func UpdateThreads(ctx context.Context, tx sqlx.ExtContext, threads []*Thread) error {
	if len(threads) == 0 {
		return nil
	}
	rows := NewRows("bigint", "bigint", "timestamptz", "timestamptz", "timestamptz")
	for _, t := range threads {
		rows.Add(t.WorkspaceID, t.ID, t.LastInAt, t.LastOutAt, t.ReadInAt)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlUpdateThreads, rows.SQL()), rows.Args()...); err != nil {
		return fmt.Errorf("update threads: %w", err)
	}
	return nil
}

const sqlUpdateThreads = `
UPDATE threads t SET last_in_at = greatest(t.last_in_at, k.last_in_at), last_out_at = greatest(t.last_out_at, k.last_out_at),
    read_in_at = greatest(t.read_in_at, k.read_in_at)
FROM (%s) AS k (workspace_id, id, last_in_at, last_out_at, read_in_at)
WHERE t.workspace_id = k.workspace_id AND t.id = k.id`

const conversationColumns = `v.workspace_id, v.id, v.account_id, v.channel, v.thread_id, v.root_comment_id, v.contact_id, v.state, v.spam,
       v.handler, v.handler_reason, v.bot, v.assignee_id, v.team, v.labels, v.language, v.origin, v.preview, v.unread,
       v.opened_at, v.last_message_at, v.waiting_since, v.first_bot_answer_at, v.first_human_answer_at, v.resolved_at, v.revision`

// OpenConversations returns the open conversation of each thread that has one.
func OpenConversations(ctx context.Context, tx sqlx.ExtContext, threadIDs []int64) (map[int64]*Conversation, error) {
	out := make(map[int64]*Conversation, len(threadIDs))
	if len(threadIDs) == 0 {
		return out, nil
	}
	var found []Conversation
	// The row is locked: a member may be taking it over at this instant.
	if err := sqlx.SelectContext(ctx, tx, &found, `SELECT `+conversationColumns+` FROM conversations v WHERE v.thread_id = ANY($1) AND v.state = 'open' ORDER BY v.id FOR NO KEY UPDATE`, pq.Array(threadIDs)); err != nil {
		return nil, fmt.Errorf("find open conversations: %w", err)
	}
	for i := range found {
		out[*found[i].ThreadID] = &found[i]
	}
	return out, nil
}

// LoadConversation returns one conversation of the workspace; with lock set it is held until the
// transaction ends. No row is sql.ErrNoRows.
func LoadConversation(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64, lock bool) (Conversation, error) {
	var v Conversation
	stmt := `SELECT ` + conversationColumns + ` FROM conversations v WHERE v.workspace_id = $1 AND v.id = $2`
	if lock {
		stmt += ` FOR NO KEY UPDATE`
	}
	return v, sqlx.GetContext(ctx, q, &v, stmt, workspaceID, id)
}

// SaveConversations inserts conversations whose ids were taken beforehand.
func SaveConversations(ctx context.Context, tx sqlx.ExtContext, list []*Conversation) error {
	if len(list) == 0 {
		return nil
	}
	rows := NewRows("bigint", "bigint", "bigint", "text", "bigint", "bigint", "bigint", "text", "boolean",
		"text", "text", "jsonb", "bigint", "text", "text[]", "text", "jsonb", "text", "integer",
		"timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "bigint")
	for _, v := range list {
		rows.Add(v.WorkspaceID, v.ID, v.AccountID, v.Channel, v.ThreadID, v.RootCommentID, v.ContactID, v.State, v.Spam,
			v.Handler, v.HandlerReason, jsonOr(v.Bot, "{}"), v.AssigneeID, v.Team, v.Labels, v.Language, jsonOr(v.Origin, "{}"), v.Preview, v.Unread,
			v.OpenedAt, v.LastMessageAt, v.WaitingSince, v.FirstBotAt, v.FirstHumanAt, v.ResolvedAt, v.Revision)
	}
	if _, err := tx.ExecContext(ctx, sqlInsertConversations+rows.SQL(), rows.Args()...); err != nil {
		return fmt.Errorf("save conversations: %w", err)
	}
	return nil
}

const sqlInsertConversations = `
INSERT INTO conversations (workspace_id, id, account_id, channel, thread_id, root_comment_id, contact_id, state, spam,
    handler, handler_reason, bot, assignee_id, team, labels, language, origin, preview, unread,
    opened_at, last_message_at, waiting_since, first_bot_answer_at, first_human_answer_at, resolved_at, revision) OVERRIDING SYSTEM VALUE `

// UpdateConversations writes what a batch changed on known conversations.
func UpdateConversations(ctx context.Context, tx sqlx.ExtContext, list []*Conversation) error {
	if len(list) == 0 {
		return nil
	}
	rows := NewRows("bigint", "bigint", "text", "boolean", "text", "text", "jsonb", "bigint", "text", "text[]", "text", "jsonb", "text", "integer",
		"timestamptz", "timestamptz", "timestamptz", "timestamptz", "timestamptz", "bigint")
	for _, v := range list {
		rows.Add(v.WorkspaceID, v.ID, v.State, v.Spam, v.Handler, v.HandlerReason, jsonOr(v.Bot, "{}"), v.AssigneeID, v.Team, v.Labels, v.Language,
			jsonOr(v.Origin, "{}"), v.Preview, v.Unread, v.LastMessageAt, v.WaitingSince, v.FirstBotAt, v.FirstHumanAt, v.ResolvedAt, v.Revision)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlUpdateConversations, rows.SQL()), rows.Args()...); err != nil {
		return fmt.Errorf("update conversations: %w", err)
	}
	return nil
}

const sqlUpdateConversations = `
UPDATE conversations v SET state = k.state, spam = k.spam, handler = k.handler, handler_reason = k.handler_reason, bot = k.bot,
    assignee_id = k.assignee_id, team = k.team, labels = k.labels, language = k.language, origin = k.origin, preview = k.preview,
    unread = k.unread, last_message_at = k.last_message_at, waiting_since = k.waiting_since, first_bot_answer_at = k.first_bot_answer_at,
    first_human_answer_at = k.first_human_answer_at, resolved_at = k.resolved_at, revision = k.revision
FROM (%s) AS k (workspace_id, id, state, spam, handler, handler_reason, bot, assignee_id, team, labels, language, origin, preview,
    unread, last_message_at, waiting_since, first_bot_answer_at, first_human_answer_at, resolved_at, revision)
WHERE v.workspace_id = k.workspace_id AND v.id = k.id`

const messageColumns = `m.workspace_id, m.id, m.account_id, m.thread_id, m.conversation_id, m.direction, m.author, m.member_id, m.external_id,
       m.action_id, m.type, m.text, m.detail, m.reactions, m.receipt, m.receipt_error, m.at, m.edited_at, m.deleted_at, m.verdict_id`

// MessageKey finds a message by the network's id.
type MessageKey struct {
	AccountID  int64
	ExternalID string
}

// FindMessages returns the messages that are known already.
func FindMessages(ctx context.Context, tx sqlx.ExtContext, keys []MessageKey) (map[MessageKey]*Message, error) {
	out := make(map[MessageKey]*Message, len(keys))
	if len(keys) == 0 {
		return out, nil
	}
	rows := NewRows("bigint", "text")
	for _, k := range keys {
		rows.Add(k.AccountID, k.ExternalID)
	}
	var found []Message
	if err := sqlx.SelectContext(ctx, tx, &found, `SELECT `+messageColumns+` FROM (`+rows.SQL()+`) AS k (account_id, external_id)
CROSS JOIN LATERAL (SELECT * FROM messages m WHERE m.account_id = k.account_id AND m.external_id = k.external_id OFFSET 0) m`, rows.Args()...); err != nil {
		return nil, fmt.Errorf("find messages: %w", err)
	}
	for i := range found {
		out[MessageKey{found[i].AccountID, *found[i].ExternalID}] = &found[i]
	}
	return out, nil
}

// SaveMessages writes messages whose ids were taken beforehand; one that is there already is left.
func SaveMessages(ctx context.Context, tx sqlx.ExtContext, list []*Message) error {
	if len(list) == 0 {
		return nil
	}
	rows := NewRows("bigint", "bigint", "bigint", "bigint", "bigint", "text", "text", "bigint", "text", "bigint",
		"text", "text", "jsonb", "jsonb", "text", "text", "timestamptz", "timestamptz", "timestamptz", "bigint")
	for _, m := range list {
		rows.Add(m.WorkspaceID, m.ID, m.AccountID, m.ThreadID, m.ConversationID, m.Direction, m.Author, m.MemberID, m.ExternalID, m.ActionID,
			m.Type, m.Text, jsonOr(m.Detail, "{}"), jsonOr(m.Reactions, "[]"), m.Receipt, m.ReceiptError, m.At, m.EditedAt, m.DeletedAt, m.VerdictID)
	}
	if _, err := tx.ExecContext(ctx, sqlInsertMessages+rows.SQL()+` ON CONFLICT DO NOTHING`, rows.Args()...); err != nil {
		return fmt.Errorf("save messages: %w", err)
	}
	return nil
}

const sqlInsertMessages = `
INSERT INTO messages (workspace_id, id, account_id, thread_id, conversation_id, direction, author, member_id, external_id, action_id,
    type, text, detail, reactions, receipt, receipt_error, at, edited_at, deleted_at, verdict_id) OVERRIDING SYSTEM VALUE `

// UpdateMessages writes edits, reactions and removals.
func UpdateMessages(ctx context.Context, tx sqlx.ExtContext, list []*Message) error {
	if len(list) == 0 {
		return nil
	}
	rows := NewRows("bigint", "bigint", "text", "jsonb", "jsonb", "timestamptz", "timestamptz", "bigint")
	for _, m := range list {
		rows.Add(m.WorkspaceID, m.ID, m.Text, jsonOr(m.Detail, "{}"), jsonOr(m.Reactions, "[]"), m.EditedAt, m.DeletedAt, m.VerdictID)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlUpdateMessages, rows.SQL()), rows.Args()...); err != nil {
		return fmt.Errorf("update messages: %w", err)
	}
	return nil
}

const sqlUpdateMessages = `
UPDATE messages m SET text = k.text, detail = k.detail, reactions = k.reactions, edited_at = k.edited_at, deleted_at = k.deleted_at, verdict_id = k.verdict_id
FROM (%s) AS k (workspace_id, id, text, detail, reactions, edited_at, deleted_at, verdict_id)
WHERE m.workspace_id = k.workspace_id AND m.id = k.id`

func jsonOr(raw []byte, empty string) string {
	if len(raw) == 0 {
		return empty
	}
	return string(raw)
}

// Later returns the later of two instants, either of which may be missing.
func Later(a *time.Time, b time.Time) *time.Time {
	if a != nil && !a.Before(b) {
		return a
	}
	return &b
}

// LatestConversations returns the newest conversation of each thread, whatever its state.
func LatestConversations(ctx context.Context, tx sqlx.ExtContext, threadIDs []int64) (map[int64]*Conversation, error) {
	out := make(map[int64]*Conversation, len(threadIDs))
	if len(threadIDs) == 0 {
		return out, nil
	}
	var found []Conversation
	if err := sqlx.SelectContext(ctx, tx, &found, `SELECT DISTINCT ON (v.thread_id) `+conversationColumns+` FROM conversations v WHERE v.thread_id = ANY($1) ORDER BY v.thread_id, v.id DESC`, pq.Array(threadIDs)); err != nil {
		return nil, fmt.Errorf("find the latest conversations: %w", err)
	}
	for i := range found {
		out[*found[i].ThreadID] = &found[i]
	}
	return out, nil
}

// MessagesByID returns messages by row id.
func MessagesByID(ctx context.Context, q sqlx.QueryerContext, ids []int64) ([]Message, error) {
	var found []Message
	if err := sqlx.SelectContext(ctx, q, &found, `SELECT `+messageColumns+` FROM messages m WHERE m.id = ANY($1) ORDER BY m.id`, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("load messages: %w", err)
	}
	return found, nil
}
