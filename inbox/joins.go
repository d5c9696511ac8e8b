package inbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// Join says that an identity belongs to another contact than was thought, and why we believe it.
type Join struct {
	WorkspaceID int64
	IdentityID  int64
	From, To    int64
	How         string // handoff, private_reply, member, network
	Evidence    any
	Actor       string
}

// JoinIdentity moves an identity with its threads, conversations and comments to another contact and
// keeps the evidence. What belongs to the person goes too where nobody is left: their lead, their booking.
// Consent does not move: it stays with the identity's address. The caller holds the lock on both contacts.
func JoinIdentity(ctx context.Context, tx sqlx.ExtContext, j Join) error {
	evidence, err := json.Marshal(j.Evidence)
	if err != nil {
		return fmt.Errorf("encode the evidence of a join: %w", err)
	}
	rows, err := moveIdentity(ctx, tx, move{workspace: j.WorkspaceID, identities: []int64{j.IdentityID}, to: j.To, whole: true})
	if err != nil {
		return err
	}
	moved, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode what a join moved: %w", err)
	}
	if _, err := tx.ExecContext(ctx, sqlInsertJoin, j.WorkspaceID, j.IdentityID, j.From, j.To, j.How, string(evidence), string(moved), j.Actor); err != nil {
		return fmt.Errorf("record a join: %w", err)
	}
	return nil
}

const sqlInsertJoin = `
INSERT INTO identity_joins (workspace_id, identity_id, from_contact, to_contact, how, evidence, moved, actor)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

// UnjoinIdentity takes a join back: the identity returns to the contact it came from, with what the join had
// brought and with what came by the identity since.
func UnjoinIdentity(ctx context.Context, tx sqlx.ExtContext, workspaceID, joinID int64, actor string) error {
	var j struct {
		IdentityID int64  `db:"identity_id"`
		From       int64  `db:"from_contact"`
		Moved      []byte `db:"moved"`
	}
	err := sqlx.GetContext(ctx, tx, &j, sqlUndoJoin, workspaceID, joinID, actor)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "join %d does not exist or was taken back already", joinID)
	}
	if err != nil {
		return fmt.Errorf("take back a join: %w", err)
	}
	m := move{workspace: workspaceID, identities: []int64{j.IdentityID}, to: j.From}
	if err := json.Unmarshal(j.Moved, &m.back); err != nil {
		return fmt.Errorf("read what join %d moved: %w", joinID, err)
	}
	_, err = moveIdentity(ctx, tx, m)
	return err
}

const sqlUndoJoin = `
UPDATE identity_joins SET undone_at = now(), undone_by = $3
WHERE workspace_id = $1 AND id = $2 AND undone_at IS NULL
RETURNING identity_id, from_contact, moved`

// RejoinIdentity joins again what was parted, on the same evidence, as long as the identity stayed where
// the parting had brought it. It is a new join, so that the parting stays on record.
func RejoinIdentity(ctx context.Context, tx sqlx.ExtContext, workspaceID, joinID int64, actor string) error {
	var j struct {
		ID         int64 `db:"id"`
		IdentityID int64 `db:"identity_id"`
		To         int64 `db:"to_contact"`
	}
	err := sqlx.GetContext(ctx, tx, &j, sqlRepeatJoin, workspaceID, joinID, actor)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.Conflict, "join %d cannot be repeated: it stands, or the identity belongs to somebody else since", joinID)
	}
	if err != nil {
		return fmt.Errorf("repeat a join: %w", err)
	}
	rows, err := moveIdentity(ctx, tx, move{workspace: workspaceID, identities: []int64{j.IdentityID}, to: j.To, whole: true})
	if err != nil {
		return err
	}
	moved, err := json.Marshal(rows)
	if err != nil {
		return fmt.Errorf("encode what a join moved: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE identity_joins SET moved = $3 WHERE workspace_id = $1 AND id = $2`, workspaceID, j.ID, string(moved)); err != nil {
		return fmt.Errorf("record what join %d moved: %w", j.ID, err)
	}
	return nil
}

const sqlRepeatJoin = `
INSERT INTO identity_joins (workspace_id, identity_id, from_contact, to_contact, how, evidence, actor)
SELECT j.workspace_id, j.identity_id, j.from_contact, j.to_contact, j.how, j.evidence || jsonb_build_object('repeats', j.id), $3 FROM identity_joins j
JOIN identities i ON i.workspace_id = j.workspace_id AND i.id = j.identity_id AND i.contact_id = j.from_contact
WHERE j.workspace_id = $1 AND j.id = $2 AND j.undone_at IS NOT NULL
RETURNING id, identity_id, to_contact`

// moveIdentity gives an identity to a contact, or to the one that contact was merged into since; from whom
// is read here, because the identity may have moved since the caller looked.
func moveIdentity(ctx context.Context, tx sqlx.ExtContext, m move) (map[string][]int64, error) {
	if err := sqlx.GetContext(ctx, tx, &m.to, sqlStands, m.workspace, m.to); err != nil {
		return nil, fmt.Errorf("find who contact %d is today: %w", m.to, err)
	}
	if err := sqlx.GetContext(ctx, tx, &m.from, `SELECT contact_id FROM identities WHERE workspace_id = $1 AND id = $2`, m.workspace, m.identities[0]); err != nil {
		return nil, fmt.Errorf("find whose identity %d is: %w", m.identities[0], err)
	}
	return m.do(ctx, tx)
}

const sqlStands = `
WITH RECURSIVE m (id, next) AS (
    SELECT id, merged_into FROM contacts WHERE workspace_id = $1 AND id = $2
    UNION SELECT c.id, c.merged_into FROM contacts c JOIN m ON c.workspace_id = $1 AND c.id = m.next)
SELECT id FROM m WHERE next IS NULL`
