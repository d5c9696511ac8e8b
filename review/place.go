package review

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/inbox"
)

// Placing is a comment that people are to look at.
type Placing struct {
	WorkspaceID, CommentID, VerdictID int64
	Why, Kind                         string
	Harm                              float64
	Alike                             []byte // names what the text says; nil: it is like nothing
}

// Place puts comments into the review queue. One that is there already is there as it was judged last;
// one that is like an open item joins it; the others are items of their own. Nothing is written to the
// item that is joined, so that a storm does not make the lanes wait for each other.
func Place(ctx context.Context, tx *sqlx.Tx, list []Placing) error {
	// A comment judged twice (added, then edited) has one item: the last. The order of the words keeps two
	// transactions that place the same ones from waiting for each other.
	last := map[int64]Placing{}
	for _, p := range list {
		last[p.CommentID] = p
	}
	open := make([]Placing, 0, len(last))
	for _, p := range last {
		open = append(open, p)
	}
	slices.SortFunc(open, func(a, b Placing) int {
		return cmp.Or(bytes.Compare(a.Alike, b.Alike), cmp.Compare(a.CommentID, b.CommentID))
	})
	for _, stmt := range []string{sqlJudgedAgain, sqlMemberAgain, sqlNewItems, sqlJoinItem} {
		if len(open) == 0 {
			return nil
		}
		var done []int64
		if err := tx.SelectContext(ctx, &done, fmt.Sprintf(stmt, placings(open).SQL()), placings(open).Args()...); err != nil {
			return fmt.Errorf("put comments into the review queue: %w", err)
		}
		open = slices.DeleteFunc(open, func(p Placing) bool { return slices.Contains(done, p.CommentID) })
	}
	// Between looking and joining, somebody decided the item: what is left is new.
	for range 3 {
		if len(open) == 0 {
			return nil
		}
		for _, stmt := range []string{sqlNewItems, sqlJoinItem} {
			var done []int64
			if err := tx.SelectContext(ctx, &done, fmt.Sprintf(stmt, placings(open).SQL()), placings(open).Args()...); err != nil {
				return fmt.Errorf("put comments into the review queue: %w", err)
			}
			if open = slices.DeleteFunc(open, func(p Placing) bool { return slices.Contains(done, p.CommentID) }); len(open) == 0 {
				return nil
			}
		}
	}
	return fmt.Errorf("comment %d found no place in the review queue", open[0].CommentID)
}

func placings(list []Placing) *inbox.Rows {
	rows := inbox.NewRows("bigint", "bigint", "bigint", "text", "text", "real", "bytea")
	for _, p := range list {
		rows.Add(p.WorkspaceID, p.CommentID, p.VerdictID, p.Why, p.Kind, p.Harm, p.Alike)
	}
	return rows
}

const sqlPlacings = `(%s) AS k (workspace_id, comment_id, verdict_id, why, kind, harm, text_hash)`

// sqlReach is the reach of comment c: how many others stand under its post, live, under an advertisement.
const sqlReach = `CROSS JOIN LATERAL (SELECT 1 + log(1 + count(*)) + CASE WHEN c.live THEN 1 ELSE 0 END + CASE WHEN c.ad_id <> '' THEN 0.5 ELSE 0 END AS reach
    FROM (SELECT 1 FROM comments o WHERE o.post_id = c.post_id AND o.id <> c.id LIMIT 999) others) r`

const (
	// Somebody in danger stays first, whatever they make of their words.
	sqlJudgedAgain = `
UPDATE review_items i SET verdict_id = k.verdict_id, why = CASE WHEN i.why = 'self_harm' THEN i.why ELSE k.why END, kind = k.kind,
    harm = h.harm, reach = r.reach, priority = h.harm * r.reach
FROM ` + sqlPlacings + ` JOIN comments c ON c.workspace_id = k.workspace_id AND c.id = k.comment_id ` + sqlReach + `
JOIN review_items was ON was.workspace_id = k.workspace_id AND was.comment_id = k.comment_id AND was.state = 'open' AND was.kind IN ('verdict','sample')
CROSS JOIN LATERAL (SELECT CASE WHEN was.why = 'self_harm' THEN greatest(was.harm, k.harm) ELSE k.harm END AS harm) h
WHERE i.workspace_id = k.workspace_id AND i.comment_id = k.comment_id AND i.state = 'open' AND i.kind IN ('verdict','sample') RETURNING i.comment_id`

	sqlMemberAgain = `
UPDATE review_members m SET verdict_id = k.verdict_id FROM ` + sqlPlacings + `
WHERE m.workspace_id = k.workspace_id AND m.comment_id = k.comment_id AND m.state = 'open' RETURNING m.comment_id`

	// Of those that are alike the first becomes the item.
	sqlNewItems = `
INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, kind, harm, reach, priority, text_hash)
SELECT k.workspace_id, k.comment_id, k.verdict_id, k.why, k.kind, k.harm, r.reach, k.harm * r.reach, k.text_hash
FROM ` + sqlPlacings + ` JOIN comments c ON c.workspace_id = k.workspace_id AND c.id = k.comment_id ` + sqlReach + `
ORDER BY k.text_hash, k.comment_id
ON CONFLICT DO NOTHING RETURNING comment_id`

	// The lock keeps an item from being decided between the look at it and the joining.
	sqlJoinItem = `
INSERT INTO review_members (workspace_id, item_id, comment_id, verdict_id)
SELECT k.workspace_id, i.id, k.comment_id, k.verdict_id FROM ` + sqlPlacings + `
JOIN review_items i ON i.workspace_id = k.workspace_id AND i.text_hash = k.text_hash AND i.state = 'open' AND i.kind IN ('verdict','sample')
ORDER BY k.comment_id FOR KEY SHARE OF i
RETURNING comment_id`
)

// Leave takes comments out of the queue that are gone or say something else now: a member leaves those it
// was like; where an item's own comment goes, the next of them stands for the others.
func Leave(ctx context.Context, tx *sqlx.Tx, comments []int64, reason string) error {
	if len(comments) == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM review_members WHERE comment_id = ANY($1) AND state = 'open'`, pq.Array(comments)); err != nil {
		return fmt.Errorf("take comments out of the review queue: %w", err)
	}
	var items []struct {
		WorkspaceID int64 `db:"workspace_id"`
		ID          int64 `db:"id"`
	}
	if err := tx.SelectContext(ctx, &items, `SELECT workspace_id, id FROM review_items WHERE comment_id = ANY($1) AND state = 'open' AND kind IN ('verdict','sample') ORDER BY id FOR UPDATE`, pq.Array(comments)); err != nil {
		return fmt.Errorf("find the review items of comments: %w", err)
	}
	for _, it := range items {
		if _, err := nextStands(ctx, tx, it.WorkspaceID, it.ID); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE review_items SET state = 'decided', outcome = 'superseded', reason = $2, decided_at = now() WHERE comment_id = ANY($1) AND state = 'open'`, pq.Array(comments), reason); err != nil {
		return fmt.Errorf("close review items: %w", err)
	}
	return nil
}

// nextStands lets the first of an item's members stand for the others; false: there is none.
func nextStands(ctx context.Context, tx *sqlx.Tx, workspace, item int64) (bool, error) {
	var next []struct {
		CommentID int64 `db:"comment_id"`
		VerdictID int64 `db:"verdict_id"`
	}
	if err := tx.SelectContext(ctx, &next, `DELETE FROM review_members WHERE workspace_id = $1 AND id = (SELECT id FROM review_members WHERE workspace_id = $1 AND item_id = $2 AND state = 'open' ORDER BY id LIMIT 1 FOR UPDATE) RETURNING comment_id, verdict_id`,
		workspace, item); err != nil {
		return false, fmt.Errorf("find who else is in review item %d: %w", item, err)
	}
	if len(next) == 0 {
		return false, nil
	}
	if _, err := tx.ExecContext(ctx, `UPDATE review_items SET comment_id = $3, verdict_id = $4, claimed_by = NULL, claimed_until = NULL WHERE workspace_id = $1 AND id = $2`, workspace, item, next[0].CommentID, next[0].VerdictID); err != nil {
		return false, fmt.Errorf("let another comment stand for review item %d: %w", item, err)
	}
	return true, nil
}

// Text is what is said in a workspace, by its AlikeHash.
type Text struct {
	WorkspaceID int64
	Alike       string
}

// Held is what a person has decided about a text, and until when it holds for whoever writes it.
type Held struct {
	ItemID  int64     `db:"id"`
	Outcome string    `db:"outcome"`
	By      string    `db:"spread_by"`
	Batch   int64     `db:"batch"`
	Until   time.Time `db:"holds_until"`
}

// Verb is the decision as a reviewer's verb.
func (h Held) Verb() Verb {
	for verb, how := range verbs {
		if how.outcome == h.Outcome {
			return verb
		}
	}
	return ""
}

// Holding finds what holds for texts at an instant; of several decisions, the last.
func Holding(ctx context.Context, q sqlx.QueryerContext, texts []Text, at time.Time) (map[Text]Held, error) {
	out := map[Text]Held{}
	if len(texts) == 0 {
		return out, nil
	}
	rows := inbox.NewRows("bigint", "bytea")
	for _, t := range texts {
		rows.Add(t.WorkspaceID, []byte(t.Alike))
	}
	var found []struct {
		WorkspaceID int64  `db:"workspace_id"`
		Alike       []byte `db:"text_hash"`
		Held
	}
	err := sqlx.SelectContext(ctx, q, &found, fmt.Sprintf(sqlHolding, rows.SQL(), len(rows.Args())+1), append(rows.Args(), at)...)
	if err != nil {
		return nil, fmt.Errorf("look for decisions that hold: %w", err)
	}
	for _, f := range found {
		out[Text{f.WorkspaceID, string(f.Alike)}] = f.Held
	}
	return out, nil
}

const sqlHolding = `
SELECT i.workspace_id, i.text_hash, i.id, i.outcome, i.spread_by, coalesce(i.batch, 0) AS batch, i.holds_until
FROM (%s) AS k (workspace_id, text_hash)
JOIN review_items i ON i.workspace_id = k.workspace_id AND i.text_hash = k.text_hash AND i.holds_until > $%d AND i.state = 'decided'
WHERE i.outcome <> 'superseded' ORDER BY i.decided_at`

// Follower is a comment that came after the decision that holds for it.
type Follower struct {
	WorkspaceID, CommentID, VerdictID int64 // the verdict: the machine's
	ItemID                            int64
}

// Follow counts comments to the items whose decision they followed.
func Follow(ctx context.Context, tx *sqlx.Tx, list []Follower) error {
	if len(list) == 0 {
		return nil
	}
	rows := inbox.NewRows("bigint", "bigint", "bigint", "bigint", "text")
	for _, f := range list {
		rows.Add(f.WorkspaceID, f.ItemID, f.CommentID, f.VerdictID, "decided")
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO review_members (workspace_id, item_id, comment_id, verdict_id, state) `+rows.SQL(), rows.Args()...); err != nil {
		return fmt.Errorf("count comments to the decision they followed: %w", err)
	}
	return nil
}

// Reworded lets comments whose words are others now leave those they were like; Place puts them where the
// new words belong.
func Reworded(ctx context.Context, tx *sqlx.Tx, comments []int64) error {
	if len(comments) == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM review_members WHERE comment_id = ANY($1) AND state = 'open'`, pq.Array(comments)); err != nil {
		return fmt.Errorf("part comments from what they were like: %w", err)
	}
	var items []struct {
		WorkspaceID int64 `db:"workspace_id"`
		ID          int64 `db:"id"`
	}
	if err := tx.SelectContext(ctx, &items, `SELECT workspace_id, id FROM review_items WHERE comment_id = ANY($1) AND state = 'open' AND kind IN ('verdict','sample') AND text_hash IS NOT NULL ORDER BY id FOR UPDATE`, pq.Array(comments)); err != nil {
		return fmt.Errorf("find the review items of comments: %w", err)
	}
	for _, it := range items {
		if others, err := nextStands(ctx, tx, it.WorkspaceID, it.ID); others || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		if _, err := tx.ExecContext(ctx, `UPDATE review_items SET text_hash = NULL WHERE workspace_id = $1 AND id = $2`, it.WorkspaceID, it.ID); err != nil {
			return fmt.Errorf("part review item %d from what it was like: %w", it.ID, err)
		}
	}
	return nil
}
