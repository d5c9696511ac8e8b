package inbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// CommentFilter narrows a list of comments. Zero fields do not narrow.
type CommentFilter struct {
	State, Decision, Language string
	AccountID, PostID         int64
	ContactID                 int64
	IDs                       []int64
	Root                      string // with AccountID: one thread, oldest first
	Queue                     bool   // only open review items, the most urgent first
	Words                     string // in text or author's name
	Limit                     int
	Cursor                    string
}

// CommentView is a comment with what a moderator needs beside it.
type CommentView struct {
	Comment
	PostCaption   *string         `db:"post_caption"`
	PostPermalink *string         `db:"post_permalink"`
	PostMedia     *string         `db:"post_media"`
	Verdict       json.RawMessage `db:"verdict"` // VerdictView or null
	Review        json.RawMessage `db:"review"`  // ReviewView or null
	Actions       json.RawMessage `db:"actions"` // []ActionBrief
	EventReason   string          `db:"event_reason"`
	Priority      *float64        `db:"priority"`
	ReviewID      *int64          `db:"review_id"`
}

// VerdictView is a verdict row with its JSON.
type VerdictView struct {
	ID          int64           `json:"id" db:"id"`
	Decision    string          `json:"decision" db:"decision"`
	Tier        string          `json:"tier" db:"tier"`
	Provisional bool            `json:"provisional" db:"provisional"`
	Verdict     json.RawMessage `json:"verdict" db:"verdict"`
	Actor       string          `json:"actor" db:"actor"`
	CreatedAt   time.Time       `json:"created_at" db:"created_at"`
}

// ReviewView is an open review item.
type ReviewView struct {
	ID           int64      `json:"id"`
	Why          string     `json:"why"`
	Priority     float64    `json:"priority"`
	ClaimedBy    *int64     `json:"claimed_by"`
	ClaimedUntil *time.Time `json:"claimed_until"`
}

// ActionBrief is an action in one line.
type ActionBrief struct {
	ID        int64      `json:"id" db:"id"`
	Kind      string     `json:"kind" db:"kind"`
	State     string     `json:"state" db:"state"`
	Reason    string     `json:"reason" db:"reason"`
	Meaning   string     `json:"meaning" db:"meaning"`
	NotBefore *time.Time `json:"not_before" db:"not_before"`
}

const sqlCommentViews = `
SELECT c.workspace_id, c.id, c.account_id, c.channel, c.post_id, c.external_id, c.parent_external_id, c.root_external_id, c.identity_id, c.contact_id,
       c.author_name, c.own, c.action_id, c.text, c.attachments, c.language, c.state, c.state_by, c.live, c.ad_id, c.permalink, c.source,
       c.commented_at, c.edited_at, c.verdict_id, c.decision,
       p.caption AS post_caption, p.permalink AS post_permalink, p.media_hash AS post_media,
       CASE WHEN v.id IS NULL THEN 'null'::jsonb ELSE jsonb_build_object('id', v.id, 'decision', v.decision, 'tier', v.tier, 'provisional', v.provisional,
            'verdict', v.verdict, 'actor', v.actor, 'created_at', v.created_at) END AS verdict,
       CASE WHEN r.id IS NULL THEN 'null'::jsonb ELSE jsonb_build_object('id', r.id, 'why', r.why, 'priority', r.priority,
            'claimed_by', CASE WHEN r.claimed_until > now() THEN r.claimed_by END, 'claimed_until', CASE WHEN r.claimed_until > now() THEN r.claimed_until END) END AS review,
       r.priority::float8 AS priority, r.id AS review_id,
       coalesce((SELECT jsonb_agg(jsonb_build_object('id', a.id, 'kind', a.kind, 'state', a.state, 'reason', a.reason, 'meaning', a.meaning, 'not_before', a.not_before) ORDER BY a.id)
                 FROM actions a WHERE a.workspace_id = c.workspace_id AND a.comment_id = c.id), '[]') AS actions,
       coalesce((SELECT e.reason FROM verdicts w JOIN events e ON e.id = w.event_id
                 WHERE w.workspace_id = c.workspace_id AND w.subject = 'comment' AND w.subject_id = c.id ORDER BY w.id DESC LIMIT 1), '') AS event_reason
FROM comments c
LEFT JOIN posts p ON p.workspace_id = c.workspace_id AND p.id = c.post_id
LEFT JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = c.verdict_id
LEFT JOIN review_items r ON r.workspace_id = c.workspace_id AND r.comment_id = c.id AND r.state = 'open' AND r.kind IN ('verdict','sample')
WHERE c.workspace_id = $1`

// Where collects conditions of a list with their arguments; ? stands for the argument.
type Where struct {
	SQL  strings.Builder
	Args []any
}

// Add appends a condition; each ? is the next of args.
func (w *Where) Add(cond string, args ...any) {
	for _, a := range args {
		w.Args = append(w.Args, a)
		cond = strings.Replace(cond, "?", "$"+strconv.Itoa(len(w.Args)), 1)
	}
	w.SQL.WriteString(" AND " + cond)
}

// Like is a pattern that finds the words anywhere, taken literally.
func Like(words string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToValidUTF8(strings.ReplaceAll(words, "\x00", ""), "")) + "%"
}

// ListComments returns one page, and the cursor of the next where there is one.
func ListComments(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, f CommentFilter) ([]CommentView, string, error) {
	w := &Where{Args: []any{workspaceID}}
	for column, value := range map[string]string{"c.state": f.State, "c.decision": f.Decision, "c.language": f.Language} {
		if value != "" {
			w.Add(column+" = ?", value)
		}
	}
	for column, value := range map[string]int64{"c.account_id": f.AccountID, "c.post_id": f.PostID, "c.contact_id": f.ContactID} {
		if value != 0 {
			w.Add(column+" = ?", value)
		}
	}
	if f.Words != "" {
		w.Add("(c.text ILIKE ? OR c.author_name ILIKE ?)", Like(f.Words), Like(f.Words))
	}
	order, err := f.order(w)
	if err != nil {
		return nil, "", err
	}
	var out []CommentView
	if err := sqlx.SelectContext(ctx, q, &out, sqlCommentViews+w.SQL.String()+order+" LIMIT "+strconv.Itoa(f.Limit+1), w.Args...); err != nil {
		return nil, "", fmt.Errorf("list comments: %w", err)
	}
	if len(out) <= f.Limit {
		return out, "", nil
	}
	out = out[:f.Limit]
	last := out[f.Limit-1]
	if f.Queue {
		return out, fmt.Sprintf("%s_%d", strconv.FormatFloat(*last.Priority, 'g', -1, 64), *last.ReviewID), nil
	}
	return out, TimeCursor(last.CommentedAt, last.ID), nil
}

func (f CommentFilter) order(w *Where) (string, error) {
	switch {
	case f.Root != "":
		w.Add("c.root_external_id = ?", f.Root)
		return " ORDER BY c.commented_at, c.id", nil
	case f.Queue:
		w.Add("r.id IS NOT NULL")
		if f.Cursor != "" {
			p, id, _ := strings.Cut(f.Cursor, "_")
			priority, perr := strconv.ParseFloat(p, 64)
			item, ierr := strconv.ParseInt(id, 10, 64)
			if perr != nil || ierr != nil {
				return "", errCursor
			}
			w.Add("(r.priority::float8 < ? OR r.priority::float8 = ? AND r.id > ?)", priority, priority, item)
		}
		return " ORDER BY r.priority DESC, r.id", nil
	case f.Cursor != "":
		at, id, err := ParseTimeCursor(f.Cursor)
		if err != nil {
			return "", err
		}
		w.Add("(c.commented_at, c.id) < (?::timestamptz, ?::bigint)", at, id)
	}
	w.Add("c.commented_at > '-infinity'") // lets the list's index be used
	return " ORDER BY c.commented_at DESC, c.id DESC", nil
}

var errCursor = fault.Field("cursor", "the cursor is not one of ours; start from the first page")

// TimeCursor names a place in a list ordered by time and id.
func TimeCursor(at time.Time, id int64) string { return fmt.Sprintf("%d_%d", at.UnixMicro(), id) }

// ParseTimeCursor reads what TimeCursor wrote.
func ParseTimeCursor(cursor string) (time.Time, int64, error) {
	a, b, _ := strings.Cut(cursor, "_")
	micros, err := strconv.ParseInt(a, 10, 64)
	id, err2 := strconv.ParseInt(b, 10, 64)
	if err != nil || err2 != nil {
		return time.Time{}, 0, errCursor
	}
	return time.UnixMicro(micros).UTC(), id, nil
}

// ViewComment returns one comment.
func ViewComment(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (CommentView, error) {
	var v CommentView
	err := sqlx.GetContext(ctx, q, &v, sqlCommentViews+` AND c.id = $2`, workspaceID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return v, fault.New(fault.NotFound, "comment %d does not exist in this workspace", id)
	}
	if err != nil {
		return v, fmt.Errorf("load comment %d: %w", id, err)
	}
	return v, nil
}

// LockComment locks the comment's person and the comment, in the order of the pipeline, and returns it.
func LockComment(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64) (Comment, error) {
	var c Comment
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM contacts WHERE workspace_id = $1 AND id = (SELECT contact_id FROM comments WHERE workspace_id = $1 AND id = $2) FOR UPDATE`, workspaceID, id); err != nil {
		return c, fmt.Errorf("lock the author of comment %d: %w", id, err)
	}
	err := sqlx.GetContext(ctx, tx, &c, `SELECT `+commentColumns+` FROM comments c WHERE c.workspace_id = $1 AND c.id = $2 FOR UPDATE`, workspaceID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return c, fault.New(fault.NotFound, "comment %d does not exist in this workspace", id)
	}
	if err != nil {
		return c, fmt.Errorf("lock comment %d: %w", id, err)
	}
	return c, nil
}

// Verdicts returns all verdicts on a comment or message, the newest first.
func Verdicts(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, subject string, id int64) ([]VerdictView, error) {
	var out []VerdictView
	err := sqlx.SelectContext(ctx, q, &out, `SELECT id, decision, tier, provisional, verdict, actor, created_at FROM verdicts
WHERE workspace_id = $1 AND subject = $2 AND subject_id = $3 ORDER BY id DESC LIMIT 50`, workspaceID, subject, id)
	if err != nil {
		return nil, fmt.Errorf("load verdicts: %w", err)
	}
	return out, nil
}

// AuthorCounts says how many comments a person wrote and how many of them were hidden or deleted.
func AuthorCounts(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, contactID *int64) (all, hidden int, err error) {
	if contactID == nil {
		return 0, 0, nil
	}
	var n struct {
		All    int `db:"n"`
		Hidden int `db:"hidden"`
	}
	err = sqlx.GetContext(ctx, q, &n, `SELECT count(*) AS n, count(*) FILTER (WHERE state <> 'visible' AND decision IN ('hide','delete')) AS hidden
FROM comments WHERE workspace_id = $1 AND contact_id = $2`, workspaceID, *contactID)
	if err != nil {
		return 0, 0, fmt.Errorf("count the author's comments: %w", err)
	}
	return n.All, n.Hidden, nil
}
