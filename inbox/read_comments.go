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
	Queue                     bool   // only open review items, the most urgent first, what is alike once
	Alike                     int64  // comments that this item is about
	Tier, Category            string // that decided
	Confidence                string // "low": the machine was not sure; "high": it was
	After, Before             time.Time
	By                        string // "machine": hidden or deleted by it; "person"
	Words                     string // in text or author's name
	Limit                     int
	Cursor                    string
}

// CommentView is a comment with what a moderator needs beside it.
type CommentView struct {
	Comment
	AuthorErased  bool            `db:"author_erased"`
	PostCaption   *string         `db:"post_caption"`
	PostPermalink *string         `db:"post_permalink"`
	PostMedia     *string         `db:"post_media"`
	Verdict       json.RawMessage `db:"verdict"` // VerdictView or null
	Review        json.RawMessage `db:"review"`  // ReviewView or null
	Actions       json.RawMessage `db:"actions"` // []ActionBrief
	EventReason   string          `db:"event_reason"`
	Priority      *float64        `db:"priority"`
	ReviewID      *int64          `db:"review_id"`
	Blind         bool            `db:"blind"` // shown as the machine left it
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
	ClaimedName  string     `json:"claimed_name"` // of who has it now
	ClaimedUntil *time.Time `json:"claimed_until"`
	Alike        int        `json:"alike"` // others that are decided with it
	Escalation   string     `json:"escalation"`
	EscalatedAt  *time.Time `json:"escalated_at"`
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

// Viewer is who looks at comments. What of the review queue they are shown depends on it: a second
// look goes to somebody who has not decided about the comment, a known answer to the one it is for.
type Viewer struct {
	UserID     int64 // 0: nobody who reviews
	Supervises bool  // also sees what was escalated
}

// sqlShown says whether an open item r is the viewer's to see; $2 is the user, $3 whether they supervise.
const sqlShown = `(r.kind IN ('verdict','sample') OR $2::bigint <> 0 AND (r.kind = 'gold' AND r.for_user = $2::bigint
    OR r.kind = 'second' AND NOT EXISTS (SELECT 1 FROM review_items d WHERE d.workspace_id = r.workspace_id AND d.comment_id = r.comment_id AND d.decided_by = $2::bigint)))
    AND (r.escalated_at IS NULL OR $3::boolean)`

// sqlBlind says that an item is decided without knowing what was: the comment is shown as the machine
// left it.
const sqlBlind = `coalesce(r.kind IN ('second','gold'), false)`

// sqlHiddenByVerdict is what the machine did by the verdict that is shown, as it looks where nobody has decided
// since: without it, what is decided blind could be told from the others.
const sqlHiddenByVerdict = `coalesce((SELECT jsonb_agg(jsonb_build_object('id', a.id, 'kind', a.kind, 'state', 'done', 'reason', '', 'meaning', '', 'not_before', a.not_before) ORDER BY a.id)
                 FROM actions a WHERE a.workspace_id = c.workspace_id AND a.comment_id = c.id AND a.kind = 'comment.hide' AND a.origin = 'policy' AND a.dedupe = 'comment.hide:' || c.id || ':' || v.id), '[]')`

const sqlCommentColumns = `
SELECT c.workspace_id, c.id, c.account_id, c.channel, c.post_id, c.external_id, c.parent_external_id, c.root_external_id, c.identity_id, c.contact_id,
       c.author_name, coalesce((SELECT i.external_id = 'erased:' || i.id FROM identities i WHERE i.workspace_id = c.workspace_id AND i.id = c.identity_id), false) AS author_erased,
       c.own, c.action_id, c.text, c.attachments, c.language,
       CASE WHEN NOT ` + sqlBlind + ` THEN c.state WHEN v.decision IN ('hide','delete') THEN 'hidden' ELSE 'visible' END AS state,
       CASE WHEN NOT ` + sqlBlind + ` THEN c.state_by WHEN v.decision IN ('hide','delete') THEN 'policy' ELSE '' END AS state_by,
       c.live, c.mention, c.ad_id, c.permalink, c.source, c.commented_at, c.edited_at, v.id AS verdict_id,
       CASE WHEN ` + sqlBlind + ` THEN v.decision ELSE c.decision END AS decision,
       p.caption AS post_caption, p.permalink AS post_permalink, p.media_hash AS post_media,
       CASE WHEN v.id IS NULL THEN 'null'::jsonb ELSE jsonb_build_object('id', v.id, 'decision', v.decision, 'tier', v.tier, 'provisional', v.provisional,
            'verdict', v.verdict, 'actor', v.actor, 'created_at', v.created_at) END AS verdict,
       CASE WHEN r.id IS NULL THEN 'null'::jsonb ELSE jsonb_build_object('id', r.id, 'why', r.why, 'priority', r.score, 'escalation', r.escalation, 'escalated_at', r.escalated_at,
            'alike', r.alike,
            'claimed_by', CASE WHEN r.claimed_until > now() THEN r.claimed_by END, 'claimed_name', CASE WHEN r.claimed_until > now() THEN (SELECT coalesce(nullif(u.name, ''), u.email) FROM users u WHERE u.id = r.claimed_by) ELSE '' END, 'claimed_until', CASE WHEN r.claimed_until > now() THEN r.claimed_until END) END AS review,
       r.score AS priority, r.id AS review_id, ` + sqlBlind + ` AS blind,
       CASE WHEN ` + sqlBlind + ` THEN ` + sqlHiddenByVerdict + ` ELSE coalesce((SELECT jsonb_agg(jsonb_build_object('id', a.id, 'kind', a.kind, 'state', a.state, 'reason', a.reason, 'meaning', a.meaning, 'not_before', a.not_before) ORDER BY a.id)
                 FROM actions a WHERE a.workspace_id = c.workspace_id AND a.comment_id = c.id), '[]') END AS actions,
       coalesce((SELECT e.reason FROM verdicts w JOIN events e ON e.id = w.event_id
                 WHERE w.workspace_id = c.workspace_id AND w.subject = 'comment' AND w.subject_id = c.id AND (NOT ` + sqlBlind + ` OR w.id = v.id) ORDER BY w.id DESC LIMIT 1), '') AS event_reason`

const sqlCommentJoins = `
LEFT JOIN posts p ON p.workspace_id = c.workspace_id AND p.id = c.post_id
LEFT JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = CASE WHEN ` + sqlBlind + ` THEN r.verdict_id ELSE c.verdict_id END`

// sqlScore is the order of the queue: harm × reach × age. Reach grows with what is alike. A day of waiting
// counts as much again as the first instant, up to three days.
const sqlScore = `((r.priority + r.harm * log(1 + n.alike)) * (1 + least(greatest(extract(epoch FROM ($4::timestamptz - r.created_at)), 0) / 86400, 3)))::float8`

// sqlAlike counts what is decided with an item, beside its own comment.
const sqlAlike = `CROSS JOIN LATERAL (SELECT count(*) AS alike FROM review_members m WHERE m.item_id = r.id AND m.workspace_id = r.workspace_id AND m.state = 'open') n`

const sqlCommentViews = sqlCommentColumns + `
FROM comments c
LEFT JOIN LATERAL (SELECT r.*, ` + sqlScore + ` AS score, n.alike FROM review_items r ` + sqlAlike + ` WHERE r.workspace_id = c.workspace_id AND r.state = 'open' AND ` + sqlShown + `
    AND r.id IN (SELECT o.id FROM review_items o WHERE o.workspace_id = c.workspace_id AND o.comment_id = c.id AND o.state = 'open'
        UNION ALL SELECT m.item_id FROM review_members m WHERE m.workspace_id = c.workspace_id AND m.comment_id = c.id AND m.state = 'open')
    ORDER BY r.kind IN ('verdict','sample') DESC, r.id LIMIT 1) r ON true` + sqlCommentJoins + `
WHERE c.workspace_id = $1`

// sqlQueue is one row an item; what is alike is one item.
const sqlQueue = `
WITH open AS (
    SELECT r.id, ` + sqlScore + ` AS score, n.alike
    FROM review_items r JOIN comments c ON c.workspace_id = r.workspace_id AND c.id = r.comment_id ` + sqlAlike + `%s
    WHERE r.workspace_id = $1 AND r.state = 'open' AND ` + sqlShown + `%s
)` + sqlCommentColumns + `
FROM (SELECT i.*, open.score, open.alike FROM open JOIN review_items i ON i.id = open.id AND i.workspace_id = $1) r
JOIN comments c ON c.workspace_id = r.workspace_id AND c.id = r.comment_id` + sqlCommentJoins

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
func ListComments(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, viewer Viewer, f CommentFilter) ([]CommentView, string, error) {
	at := time.Now().UTC().Truncate(time.Microsecond)
	w := &Where{Args: []any{workspaceID, viewer.UserID, viewer.Supervises, at}}
	f.narrow(w)
	var query string
	var err error
	if f.Queue {
		query, at, err = f.queue(w, at)
	} else {
		query, err = f.list(w)
	}
	if err != nil {
		return nil, "", err
	}
	var out []CommentView
	if err := sqlx.SelectContext(ctx, q, &out, query+" LIMIT "+strconv.Itoa(f.Limit+1), w.Args...); err != nil {
		return nil, "", fmt.Errorf("list comments: %w", err)
	}
	if len(out) <= f.Limit {
		return out, "", nil
	}
	out = out[:f.Limit]
	last := out[f.Limit-1]
	if f.Queue {
		return out, fmt.Sprintf("%d_%s_%d", at.UnixMicro(), strconv.FormatFloat(*last.Priority, 'g', -1, 64), *last.ReviewID), nil
	}
	return out, TimeCursor(last.CommentedAt, last.ID), nil
}

func (f CommentFilter) narrow(w *Where) {
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
	if f.Alike != 0 {
		w.Add("c.id IN (SELECT comment_id FROM review_items WHERE workspace_id = $1 AND id = ? UNION ALL SELECT comment_id FROM review_members WHERE workspace_id = $1 AND item_id = ? AND state = 'open')", f.Alike, f.Alike)
	}
	f.narrowByVerdict(w)
}

// sure is the score from which the machine counts as sure of what it found.
const sure = "0.9"

// narrowByVerdict narrows by what moderation said (v: the verdict that is shown) and by age. What a person
// has decided since is told from it by who moved the comment.
func (f CommentFilter) narrowByVerdict(w *Where) {
	if f.Tier != "" {
		w.Add("v.tier = ?", f.Tier)
	}
	if f.Category != "" {
		w.Add("v.verdict->>'category' = ?", f.Category)
	}
	if !f.After.IsZero() {
		w.Add("c.commented_at >= ?", f.After)
	}
	if !f.Before.IsZero() {
		w.Add("c.commented_at < ?", f.Before)
	}
	const score = "greatest((v.verdict->>'harm')::float8, (v.verdict->>'spam')::float8)"
	switch f.Confidence {
	case "low":
		w.Add("coalesce(" + score + ", 0) < " + sure)
	case "high":
		w.Add(score + " >= " + sure)
	}
	switch f.By {
	case "machine":
		w.Add("EXISTS (SELECT 1 FROM verdicts j WHERE j.workspace_id = c.workspace_id AND j.subject = 'comment' AND j.subject_id = c.id AND j.tier <> 'person' AND NOT j.provisional AND j.decision IN ('hide','delete'))")
	case "person":
		w.Add("v.tier = 'person'")
	}
}

// queue orders by urgency. Its pages hold together by the instant of the first: ages stand still.
func (f CommentFilter) queue(w *Where, at time.Time) (string, time.Time, error) {
	verdicts := ""
	if f.Tier != "" || f.Category != "" || f.Confidence != "" || f.By != "" {
		verdicts = ` LEFT JOIN verdicts v ON v.workspace_id = c.workspace_id AND v.id = CASE WHEN ` + sqlBlind + ` THEN r.verdict_id ELSE c.verdict_id END`
	}
	query := fmt.Sprintf(sqlQueue, verdicts, w.SQL.String())
	if f.Cursor != "" {
		parts := strings.Split(f.Cursor, "_")
		if len(parts) != 3 {
			return "", at, errCursor
		}
		micros, merr := strconv.ParseInt(parts[0], 10, 64)
		score, serr := strconv.ParseFloat(parts[1], 64)
		item, ierr := strconv.ParseInt(parts[2], 10, 64)
		if merr != nil || serr != nil || ierr != nil {
			return "", at, errCursor
		}
		at = time.UnixMicro(micros).UTC()
		w.Args[3] = at
		after := &Where{Args: w.Args}
		after.Add("(r.score < ?::float8 OR r.score = ?::float8 AND r.id > ?::bigint)", score, score, item)
		w.Args = after.Args
		query += " WHERE true" + after.SQL.String()
	}
	return query + " ORDER BY r.score DESC, r.id", at, nil
}

func (f CommentFilter) list(w *Where) (string, error) {
	order := " ORDER BY c.commented_at DESC, c.id DESC"
	switch {
	case f.Root != "":
		w.Add("c.root_external_id = ?", f.Root)
		order = " ORDER BY c.commented_at, c.id"
	case f.Cursor != "":
		at, id, err := ParseTimeCursor(f.Cursor)
		if err != nil {
			return "", err
		}
		w.Add("(c.commented_at, c.id) < (?::timestamptz, ?::bigint)", at, id)
	}
	if f.Root == "" {
		w.Add("c.commented_at > '-infinity'") // lets the list's index be used
	}
	return sqlCommentViews + w.SQL.String() + order, nil
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

// ViewComment returns one comment as the viewer may see it.
func ViewComment(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, viewer Viewer, id int64) (CommentView, error) {
	var v CommentView
	err := sqlx.GetContext(ctx, q, &v, sqlCommentViews+` AND c.id = $5`, workspaceID, viewer.UserID, viewer.Supervises, time.Now().UTC(), id)
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

// AuthorRecord says what stands against a person since an instant, how many messages there are with them,
// and which conversation is the newest; 0: none.
func AuthorRecord(ctx context.Context, q sqlx.QueryerContext, workspaceID, contactID int64, since time.Time) (strikes, messages int, conversation int64, err error) {
	var r struct {
		Strikes      int   `db:"strikes"`
		Messages     int   `db:"messages"`
		Conversation int64 `db:"conversation"`
	}
	err = sqlx.GetContext(ctx, q, &r, `
SELECT (SELECT count(*) FROM comments WHERE workspace_id = $1 AND contact_id = $2 AND commented_at > $3 AND decision IN ('hide','delete') AND NOT own) AS strikes,
    (SELECT count(*) FROM threads t JOIN messages m ON m.workspace_id = t.workspace_id AND m.thread_id = t.id WHERE t.workspace_id = $1 AND t.contact_id = $2) AS messages,
    coalesce((SELECT id FROM conversations WHERE workspace_id = $1 AND contact_id = $2 AND thread_id IS NOT NULL ORDER BY last_message_at DESC LIMIT 1), 0) AS conversation`, workspaceID, contactID, since)
	if err != nil {
		return 0, 0, 0, fmt.Errorf("read the record of contact %d: %w", contactID, err)
	}
	return r.Strikes, r.Messages, r.Conversation, nil
}
