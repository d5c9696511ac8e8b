package inbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Overview is the state of a workspace in numbers.
type Overview struct {
	ReviewOpen     int        `db:"review_open"`
	ReviewOldestAt *time.Time `db:"review_oldest_at"`
	Waiting        int        `db:"waiting"`
	Overdue        int        `db:"overdue"`
	Unknown        int        `db:"unknown"`
	AsksPending    int        `db:"asks_pending"`
	Allowed        int        `db:"allowed"`
	Reviewed       int        `db:"reviewed"`
	Hidden         int        `db:"hidden"`
	Deleted        int        `db:"deleted"`
	Undone         int        `db:"undone"`
	LagSeconds     float64    `db:"lag_seconds"`
	Parked         int        `db:"parked"`
	LLMSpentMicros int64      `db:"llm_spent"`
}

// ReadOverview counts what the home page shows. "Today" is the workspace's own.
func ReadOverview(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, overdue time.Time) (Overview, error) {
	var o Overview
	if err := sqlx.GetContext(ctx, q, &o, sqlOverview, workspaceID, overdue); err != nil {
		return o, fmt.Errorf("read the overview: %w", err)
	}
	return o, nil
}

const sqlOverview = `
WITH day AS (SELECT date_trunc('day', now() AT TIME ZONE time_zone) AT TIME ZONE time_zone AS start FROM workspaces WHERE id = $1),
reviews AS (SELECT count(*) AS n, min(created_at) AS oldest FROM review_items WHERE workspace_id = $1 AND state = 'open' AND kind IN ('verdict','sample')),
talks AS (SELECT count(*) AS waiting, count(*) FILTER (WHERE waiting_since < $2) AS overdue FROM conversations
          WHERE workspace_id = $1 AND state = 'open' AND waiting_since IS NOT NULL AND NOT spam),
decided AS (SELECT count(*) FILTER (WHERE decision = 'allow') AS allowed, count(*) FILTER (WHERE decision = 'review') AS reviewed,
                   count(*) FILTER (WHERE decision = 'hide') AS hidden, count(*) FILTER (WHERE decision = 'delete') AS deleted
            FROM verdicts, day WHERE workspace_id = $1 AND subject = 'comment' AND tier <> 'person' AND NOT provisional AND created_at >= day.start)
SELECT reviews.n AS review_open, reviews.oldest AS review_oldest_at, talks.waiting, talks.overdue,
       (SELECT count(*) FROM actions WHERE workspace_id = $1 AND state = 'unknown') AS unknown,
       (SELECT count(*) FROM asks WHERE workspace_id = $1 AND state IN ('pending','asking')) AS asks_pending,
       decided.allowed, decided.reviewed, decided.hidden, decided.deleted,
       (SELECT count(*) FROM audit_log, day WHERE workspace_id = $1 AND at >= day.start
        AND (verb = 'comment.undo' OR verb IN ('comment.approve','comment.unhide') AND detail->>'from' IN ('hide','delete'))) AS undone,
       coalesce((SELECT extract(epoch FROM now() - min(created_at)) FROM events WHERE workspace_id = $1 AND state = 'pending' AND (not_before IS NULL OR not_before <= now())), 0)::float8 AS lag_seconds,
       (SELECT count(*) FROM events WHERE workspace_id = $1 AND state = 'parked') AS parked,
       coalesce((SELECT sum(cost_micros) FROM llm_spend, day WHERE workspace_id = $1 AND at >= day.start), 0)::bigint AS llm_spent
FROM reviews, talks, decided`

// Held counts what waits, by reason.
type Held struct {
	Reason  string `db:"reason"`
	Meaning string `db:"meaning"`
	Count   int    `db:"count"`
}

// ReadHeld counts held actions by reason, and those the gate lets wait.
func ReadHeld(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Held, error) {
	var out []Held
	err := sqlx.SelectContext(ctx, q, &out, `SELECT reason, max(meaning) AS meaning, count(*) AS count FROM actions
WHERE workspace_id = $1 AND (state = 'held' OR state = 'planned' AND reason <> '') GROUP BY reason ORDER BY count(*) DESC`, workspaceID)
	if err != nil {
		return nil, fmt.Errorf("count held actions: %w", err)
	}
	return out, nil
}

// PostView is a post with its account's channel.
type PostView struct {
	Post
	Channel string `db:"channel"`
}

// ListPosts returns one page, the newest first, and the cursor of the next.
func ListPosts(ctx context.Context, q sqlx.QueryerContext, workspaceID, accountID int64, words, cursor string, limit int) ([]PostView, string, error) {
	w := &Where{Args: []any{workspaceID}}
	if accountID != 0 {
		w.Add("p.account_id = ?", accountID)
	}
	if words != "" {
		w.Add("p.caption ILIKE ?", Like(words))
	}
	if cursor != "" {
		at, id, err := ParseTimeCursor(cursor)
		if err != nil {
			return nil, "", err
		}
		w.Add("(coalesce(p.posted_at, p.created_at), p.id) < (?::timestamptz, ?::bigint)", at, id)
	}
	var out []struct {
		PostView
		Order time.Time `db:"ordered"`
	}
	err := sqlx.SelectContext(ctx, q, &out, `
SELECT p.workspace_id, p.id, p.account_id, p.external_id, p.caption, p.permalink, p.media_url, p.media_hash, p.media_type, p.product_type, p.posted_at, p.fetched_at,
       a.channel, coalesce(p.posted_at, p.created_at) AS ordered
FROM posts p JOIN accounts a ON a.workspace_id = p.workspace_id AND a.id = p.account_id WHERE p.workspace_id = $1 AND NOT p.elsewhere`+w.SQL.String()+
		fmt.Sprintf(` ORDER BY coalesce(p.posted_at, p.created_at) DESC, p.id DESC LIMIT %d`, limit+1), w.Args...)
	if err != nil {
		return nil, "", fmt.Errorf("list posts: %w", err)
	}
	next := ""
	if len(out) > limit {
		out = out[:limit]
		next = TimeCursor(out[limit-1].Order, out[limit-1].ID)
	}
	posts := make([]PostView, len(out))
	for i := range out {
		posts[i] = out[i].PostView
	}
	return posts, next, nil
}
