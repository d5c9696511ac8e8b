package review

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
	"ponte/jobs"
)

// reachEvery is how often the reach of waiting items follows their posts.
const reachEvery = 2 * time.Minute

// WatchReach lets the order of the queue follow posts that grow, until the context ends.
func WatchReach(ctx context.Context, db *sqlx.DB, log *slog.Logger) error {
	once := func(ctx context.Context) (bool, error) {
		spaces, err := inbox.Workspaces(ctx, db)
		for _, w := range spaces {
			if err == nil {
				_, err = RefreshReach(ctx, db, w.ID)
			}
		}
		return false, err
	}
	return jobs.Loop{Once: once, Every: reachEvery, Log: log, Failed: "the reach of review items could not be refreshed; trying again"}.Run(ctx)
}

// RefreshReach counts anew how many stand under the posts of open items, and says how many items moved. An item is
// placed with the reach of that instant, when it is often the first under its post. Each post is counted once, up to
// the bound, and only what moved the order is written; items that somebody works on are left for the next time.
func RefreshReach(ctx context.Context, q sqlx.ExecerContext, workspaceID int64) (int64, error) {
	res, err := q.ExecContext(ctx, sqlRefreshReach, workspaceID)
	if err != nil {
		return 0, fmt.Errorf("refresh the reach of review items: %w", err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("refresh the reach of review items: %w", err)
	}
	return n, nil
}

// The same reach as sqlReach; a change below a fiftieth moves nothing.
const sqlRefreshReach = `
WITH waiting AS (
    SELECT i.id, i.reach, c.post_id, 1 + CASE WHEN c.live THEN 1 ELSE 0 END + CASE WHEN c.ad_id <> '' THEN 0.5 ELSE 0 END AS base
    FROM review_items i JOIN comments c ON c.workspace_id = i.workspace_id AND c.id = i.comment_id
    WHERE i.workspace_id = $1 AND i.state = 'open' AND i.kind IN ('verdict','sample') AND c.post_id IS NOT NULL
), posts AS (
    SELECT p.post_id, (SELECT count(*) FROM (SELECT 1 FROM comments o WHERE o.post_id = p.post_id LIMIT 1000) few) AS comments
    FROM (SELECT DISTINCT post_id FROM waiting) p
), moved AS (
    SELECT w.id, w.base + log(greatest(p.comments, 1)) AS reach FROM waiting w JOIN posts p USING (post_id)
    WHERE abs(w.base + log(greatest(p.comments, 1)) - w.reach) >= 0.02
), free AS (
    SELECT i.id FROM review_items i WHERE i.workspace_id = $1 AND i.id IN (SELECT id FROM moved) AND i.state = 'open' ORDER BY i.id FOR UPDATE SKIP LOCKED
)
UPDATE review_items i SET reach = m.reach, priority = i.harm * m.reach
FROM moved m WHERE i.workspace_id = $1 AND i.id = m.id AND i.id IN (SELECT id FROM free)`
