package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Upload is a file that was chosen for a reply and is not sent yet.
type Upload struct {
	ID   int64  `db:"id"`
	Hash string `db:"hash"`
	Name string `db:"name"`
	MIME string `db:"mime"`
	Type string `db:"type"` // image, video, audio, document
	Size int64  `db:"size"`
}

// AddUpload keeps a file for a reply in a conversation; it fills in its id, hash and size.
func AddUpload(ctx context.Context, tx sqlx.ExtContext, workspace, conversation int64, user *int64, u *Upload, body []byte) error {
	sum := sha256.Sum256(body)
	u.Hash, u.Size = hex.EncodeToString(sum[:]), int64(len(body))
	if _, err := tx.ExecContext(ctx, `INSERT INTO media (hash, mime, size, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, u.Hash, u.MIME, u.Size, body); err != nil {
		return fmt.Errorf("keep a file: %w", err)
	}
	err := sqlx.GetContext(ctx, tx, &u.ID, `INSERT INTO uploads (workspace_id, conversation_id, user_id, hash, name, mime, type, size) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id`,
		workspace, conversation, user, u.Hash, u.Name, u.MIME, u.Type, u.Size)
	if err != nil {
		return fmt.Errorf("note a file for a reply: %w", err)
	}
	return nil
}

// TakeUpload takes a file out for the one reply that sends it: a second one with the same file finds none.
func TakeUpload(ctx context.Context, tx sqlx.ExtContext, workspace, conversation, id int64) (Upload, error) {
	var u Upload
	err := sqlx.GetContext(ctx, tx, &u, `DELETE FROM uploads WHERE workspace_id = $1 AND conversation_id = $2 AND id = $3 RETURNING id, hash, name, mime, type, size`, workspace, conversation, id)
	return u, notFound(err, "file", id)
}

// AttachUpload makes a file the first of a message's, stored already.
func AttachUpload(ctx context.Context, tx sqlx.ExtContext, workspace, message, account int64, u Upload) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO message_media (workspace_id, message_id, position, account_id, address, state, hash) VALUES ($1, $2, 0, $3, '', 'stored', $4)`, workspace, message, account, u.Hash)
	if err != nil {
		return fmt.Errorf("attach a file to message %d: %w", message, err)
	}
	return nil
}
