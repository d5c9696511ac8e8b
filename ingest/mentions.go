package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/inbox"
)

// mentioned: Facebook tells a mention with its words. Instagram tells where it is and no more: its words are read
// beside the lanes, and come through the door of webhooks as an event of their own.
func (s *scene) mentioned(e *event) (string, error) {
	switch {
	case e.wordless() && e.Event.Channel == channels.Instagram:
		if s.comments[inbox.CommentKey{AccountID: e.AccountID, ExternalID: e.Event.ID}] != nil {
			return "known already", nil
		}
		s.w.mentions = append(s.w.mentions, e)
		return "mentioned by somebody; what was written is being read", nil
	case e.wordless():
		return "mentioned by somebody; the network gave no text", nil
	}
	return s.commentAdded(e)
}

// wordless says that a mention was told without what was written.
func (e *event) wordless() bool {
	return channels.Kind(e.Kind) == channels.MentionAdded && (e.Comment == nil || !e.Comment.Read && strings.TrimSpace(e.Text) == "")
}

// elsewhere says that the post of an event is not the account's own.
func (e *event) elsewhere() bool {
	return channels.Kind(e.Kind) == channels.MentionAdded && !(e.Event.Channel == channels.Facebook && strings.HasPrefix(e.Comment.PostID, e.account.ExternalID+"_"))
}

func (s *scene) writeMentions(ctx context.Context, tx *sqlx.Tx) error {
	rows := inbox.NewRows("bigint", "bigint", "bigint", "text", "text", "text", "timestamptz")
	for _, e := range s.w.mentions {
		comment := ""
		if e.Event.ID != e.Comment.PostID {
			comment = e.Event.ID
		}
		rows.Add(e.ID, e.WorkspaceID, e.AccountID, e.Comment.PostID, comment, e.Source, e.Event.Time)
	}
	if rows.Len() == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, sqlWantMentions+rows.SQL()+` ON CONFLICT DO NOTHING`, rows.Args()...); err != nil {
		return fmt.Errorf("note mentions to read: %w", err)
	}
	return nil
}

const sqlWantMentions = `INSERT INTO mention_reads (event_id, workspace_id, account_id, media_id, comment_id, source, mentioned_at) `

type wantedMention struct {
	EventID     int64  `db:"event_id"`
	WorkspaceID int64  `db:"workspace_id"`
	AccountID   int64  `db:"account_id"`
	MediaID     string `db:"media_id"`
	CommentID   string `db:"comment_id"`
	Source      string `db:"source"`

	MentionedAt time.Time `db:"mentioned_at"`
}

// mentionPatience is how long a mention is asked for. Nothing automatic answers it by then; people still see it.
const mentionPatience = 7 * 24 * time.Hour

// mentions reads what mentions say, a few at a time.
func (f *Fetcher) mentions(ctx context.Context) (int, error) {
	var list []wantedMention
	if err := f.DB.SelectContext(ctx, &list, sqlWantedMentions); err != nil {
		return 0, fmt.Errorf("find mentions to read: %w", err)
	}
	var failed []error // one that cannot be read does not keep the others waiting
	for _, m := range list {
		if err := f.mention(ctx, m); err != nil {
			failed = append(failed, err)
		}
	}
	return len(list), errors.Join(failed...)
}

// The row is put off before it is read, so that two replicas do not read it at once.
const sqlWantedMentions = `
UPDATE mention_reads m SET attempts = m.attempts + 1, fetch_after = now() + make_interval(mins => least(60, 1 + 5 * m.attempts))
FROM (SELECT w.event_id FROM mention_reads w JOIN accounts a ON a.workspace_id = w.workspace_id AND a.id = w.account_id
      WHERE w.fetch_after <= now() AND a.removed_at IS NULL AND a.state = 'connected'
      ORDER BY w.fetch_after LIMIT 10 FOR UPDATE OF w SKIP LOCKED) d
WHERE m.event_id = d.event_id
RETURNING m.event_id, m.workspace_id, m.account_id, m.media_id, m.comment_id, m.source, m.mentioned_at`

func (f *Fetcher) mention(ctx context.Context, m wantedMention) error {
	account, err := f.Open(ctx, m.WorkspaceID, m.AccountID)
	if err != nil {
		return err
	}
	body, post, err := f.Network.ReadMention(ctx, account, m.MediaID, m.CommentID)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		return f.endMention(ctx, m, "mentioned by somebody; what was written has been read, and is judged as an event of its own", func(tx *sqlx.Tx) error {
			if err := inbox.KeepPostElsewhere(ctx, tx, m.WorkspaceID, m.AccountID, post); err != nil {
				return err
			}
			return Store(ctx, tx, m.Source, body)
		})
	}
	var failure *channels.Failure
	if errors.As(err, &failure) && passes(failure) && f.Now().Before(m.MentionedAt.Add(mentionPatience)) {
		_, err = f.DB.ExecContext(ctx, `UPDATE mention_reads SET fetch_after = greatest(fetch_after, $2) WHERE event_id = $1`, m.EventID, f.Now().Add(failure.After))
		return err
	}
	return f.endMention(ctx, m, "mentioned by somebody; what was written could not be read: "+publicFailure(err), nil)
}

// endMention says with the event what came of it.
func (f *Fetcher) endMention(ctx context.Context, m wantedMention, reason string, keep func(*sqlx.Tx) error) error {
	tx, err := f.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	res, err := tx.ExecContext(ctx, `DELETE FROM mention_reads WHERE event_id = $1`, m.EventID)
	if err != nil {
		return fmt.Errorf("end the reading of a mention: %w", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return nil // another replica has read it
	}
	if keep != nil {
		if err := keep(tx); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE events SET reason = $2 WHERE id = $1`, m.EventID, reason); err != nil {
		return fmt.Errorf("say what came of a mention: %w", err)
	}
	return tx.Commit()
}
