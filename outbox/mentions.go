package outbox

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
)

// setMentioned names the post on which the account is mentioned: on Instagram the answer goes there, by way of the account.
func setMentioned(ctx context.Context, tx sqlx.QueryerContext, actions []work) error {
	var ids []int64
	for _, a := range actions {
		if a.viaPost() {
			ids = append(ids, a.CommentID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []struct {
		ID   int64  `db:"id"`
		Post string `db:"post"`
	}
	if err := sqlx.SelectContext(ctx, tx, &rows, sqlMentionedOn, pq.Array(ids)); err != nil {
		return fmt.Errorf("find the posts of mentions: %w", err)
	}
	for i := range actions {
		for _, r := range rows {
			if a := &actions[i]; a.viaPost() && a.CommentID == r.ID {
				a.Call.MediaID = r.Post
			}
		}
	}
	return nil
}

func (a *work) viaPost() bool {
	return a.Call.Mention && a.Call.Channel == channels.Instagram && a.Call.MediaID == "" && a.CommentID != 0
}

const sqlMentionedOn = `
SELECT c.id, p.external_id AS post FROM comments c JOIN posts p ON p.workspace_id = c.workspace_id AND p.id = c.post_id WHERE c.id = ANY($1)`
