package gate

import (
	"time"

	"github.com/lib/pq"

	"ponte/channels"
)

type commentRow struct {
	WorkspaceID int64     `db:"workspace_id"`
	ID          int64     `db:"id"`
	ExternalID  string    `db:"external_id"`
	State       string    `db:"state"`
	Decision    *string   `db:"decision"`
	Own         bool      `db:"own"`
	Live        bool      `db:"live"`
	Mention     bool      `db:"mention"`
	CommentedAt time.Time `db:"commented_at"`
}

func (c commentRow) facts() *CommentFacts {
	f := &CommentFacts{State: c.State, Own: c.Own, Live: c.Live, Mention: c.Mention, At: c.CommentedAt}
	if c.Decision != nil {
		f.Decision = *c.Decision
	}
	return f
}

func (b *batch) loadComments() error {
	var rows []commentRow
	b.comments = map[int64]commentRow{}
	if err := b.read(&rows, "comments", sqlGateComments, b.ids(func(r Request) int64 { return r.CommentID })); err != nil {
		return err
	}
	for _, c := range rows {
		b.comments[c.ID] = c
	}
	return nil
}

const sqlGateComments = `
SELECT workspace_id, id, external_id, state, decision, own, live, mention, commented_at FROM comments WHERE id = ANY($1)`

func (b *batch) loadReplied() error {
	b.replied = map[int64]int64{}
	var mine []int64
	for _, r := range b.requests {
		mine = append(mine, r.ActionID)
	}
	ids := b.ids(func(r Request) int64 {
		if r.Call.Kind == channels.PrivateReply {
			return r.CommentID
		}
		return 0
	})
	var rows []struct {
		CommentID int64 `db:"comment_id"`
		ID        int64 `db:"id"`
	}
	if err := b.read(&rows, "private replies", sqlGateReplied, ids, pq.Array(mine)); err != nil {
		return err
	}
	for _, r := range rows {
		b.replied[r.CommentID] = r.ID
	}
	return nil
}

const sqlGateReplied = `
SELECT a.comment_id, a.id FROM comments c
CROSS JOIN LATERAL (SELECT a.comment_id, a.id, a.kind, a.state FROM actions a WHERE a.workspace_id = c.workspace_id AND a.comment_id = c.id OFFSET 0) a
WHERE c.id = ANY($1) AND a.kind = 'private_reply.send' AND a.state IN ('sending','done','unknown') AND a.id <> ALL($2)`
