package ingest

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/inbox"
)

// fileTypes are the attachments that have bytes to fetch.
var fileTypes = map[string]bool{"image": true, "video": true, "audio": true, "voice": true, "document": true, "file": true, "sticker": true, "story_mention": true, "ig_reel": true, "reel": true}

// maxFiles bounds what one message may bring.
const maxFiles = 30

// byID leaves the addresses out where there is an id: WhatsApp's addresses die in minutes, ids in days.
func byID(list []channels.Attachment) []channels.Attachment {
	out := slices.Clone(list)
	for i := range out {
		if out[i].ID != "" {
			out[i].URL = ""
		}
	}
	return out
}

// writeFiles notes which files of new messages are to be fetched.
func (s *scene) writeFiles(ctx context.Context, tx *sqlx.Tx) error {
	rows := inbox.NewRows("bigint", "bigint", "integer", "bigint", "text")
	for _, m := range append(slices.Clone(s.w.newMessages), values(s.w.changedMessages)...) {
		for i, a := range s.files[m.ID] {
			address := cmp.Or(a.URL, a.ID)
			if i < maxFiles && fileTypes[a.Type] && address != "" {
				rows.Add(m.WorkspaceID, m.ID, i, m.AccountID, address)
			}
		}
	}
	if rows.Len() == 0 {
		return nil
	}
	if _, err := tx.ExecContext(ctx, sqlWantFiles+rows.SQL()+` ON CONFLICT DO NOTHING`, rows.Args()...); err != nil {
		return fmt.Errorf("note files to fetch: %w", err)
	}
	return nil
}

const sqlWantFiles = `INSERT INTO message_media (workspace_id, message_id, position, account_id, address) `

type wantedFile struct {
	WorkspaceID int64  `db:"workspace_id"`
	MessageID   int64  `db:"message_id"`
	Position    int16  `db:"position"`
	AccountID   int64  `db:"account_id"`
	Address     string `db:"address"`
	Attempts    int    `db:"attempts"`
}

// maxFileAttempts is how often a file is tried; an address of WhatsApp's can be asked for again, the
// others are dead by then.
const maxFileAttempts = 5

// messageFiles fetches files of messages that are missing, a few at a time.
func (f *Fetcher) messageFiles(ctx context.Context) (int, error) {
	var list []wantedFile
	if err := f.DB.SelectContext(ctx, &list, sqlWantedFiles); err != nil {
		return 0, fmt.Errorf("find files to fetch: %w", err)
	}
	for _, w := range list {
		if err := f.messageFile(ctx, w); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

// The row is put off before it is read, so that two replicas do not read it at once.
const sqlWantedFiles = `
UPDATE message_media m SET attempts = m.attempts + 1, fetch_after = now() + make_interval(mins => 1 + 4 * m.attempts)
FROM (SELECT w.message_id, w.position FROM message_media w JOIN accounts a ON a.workspace_id = w.workspace_id AND a.id = w.account_id
      WHERE w.state = 'wanted' AND w.fetch_after <= now() AND a.removed_at IS NULL AND a.state = 'connected'
      ORDER BY w.fetch_after LIMIT 10 FOR UPDATE OF w SKIP LOCKED) d
WHERE m.message_id = d.message_id AND m.position = d.position
RETURNING m.workspace_id, m.message_id, m.position, m.account_id, m.address, m.attempts`

func (f *Fetcher) messageFile(ctx context.Context, w wantedFile) error {
	account, err := f.Open(ctx, w.WorkspaceID, w.AccountID)
	if err != nil {
		return err
	}
	mime, body, err := f.Network.FetchMedia(ctx, account, w.Address)
	var failure *channels.Failure
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil:
		hash, err := f.keepMedia(ctx, mime, body)
		if err != nil {
			return err
		}
		return f.settleFile(ctx, w, "stored", hash, "")
	case errors.As(err, &failure) && passes(failure) && w.Attempts < maxFileAttempts:
		_, err := f.DB.ExecContext(ctx, `UPDATE message_media SET reason = $4, fetch_after = greatest(fetch_after, $5) WHERE workspace_id = $1 AND message_id = $2 AND position = $3 AND state = 'wanted'`,
			w.WorkspaceID, w.MessageID, w.Position, failure.Meaning, f.Now().Add(failure.After))
		return err
	default:
		return f.settleFile(ctx, w, "failed", "", publicFailure(err))
	}
}

// keepMedia puts bytes into the content-addressed store.
func (f *Fetcher) keepMedia(ctx context.Context, mime string, body []byte) (hash string, err error) {
	sum := sha256.Sum256(body)
	hash = hex.EncodeToString(sum[:])
	if _, err := f.DB.ExecContext(ctx, `INSERT INTO media (hash, mime, size, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, hash, mime, len(body), body); err != nil {
		return "", fmt.Errorf("keep a file: %w", err)
	}
	return hash, nil
}

// settleFile ends the fetching of one file, unless its message was taken back meanwhile.
func (f *Fetcher) settleFile(ctx context.Context, w wantedFile, state, hash, reason string) error {
	tx, err := f.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, sqlSettleFile, w.WorkspaceID, w.MessageID, w.Position, state, hash, reason); err != nil {
		return fmt.Errorf("note that a file was fetched: %w", err)
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: w.WorkspaceID, Topic: "message", ObjectID: w.MessageID}); err != nil {
		return err
	}
	return tx.Commit()
}

const sqlSettleFile = `
UPDATE message_media SET state = $4, hash = $5, reason = $6, address = '' WHERE workspace_id = $1 AND message_id = $2 AND position = $3`

// sqlOrphans drops bytes that nothing refers to any more: taken back, erased, replaced. An hour is left
// to whoever stored them and has not yet written why.
const sqlOrphans = `
DELETE FROM media m WHERE m.created_at < now() - interval '1 hour'
  AND NOT EXISTS (SELECT 1 FROM posts p WHERE p.media_hash = m.hash)
  AND NOT EXISTS (SELECT 1 FROM message_media g WHERE g.hash = m.hash)
  AND NOT EXISTS (SELECT 1 FROM template_samples t WHERE t.hash = m.hash)
  AND NOT EXISTS (SELECT 1 FROM uploads u WHERE u.hash = m.hash)`
