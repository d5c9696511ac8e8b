package api

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/gate"
	"ponte/inbox"
	"ponte/outbox"
)

var promotional = []gate.Purpose{gate.Promotional}

func (s *Server) eraseContact(ctx context.Context, who *caller, in *emptyIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		return s.erase(ctx, tx, who.WorkspaceID, in.ID, who.Actor())
	})
}

// Erasure says what erasing a person would empty, and what stays to be provable.
type Erasure struct {
	Identities    int `json:"identities" db:"identities"`
	Comments      int `json:"comments" db:"comments"`
	Messages      int `json:"messages" db:"messages"`
	Conversations int `json:"conversations" db:"conversations"`
	Waiting       int `json:"waiting" db:"waiting" doc:"Actions that would be cancelled"`
	Consent       int `json:"consent" db:"consent" doc:"Entries of the ledger that stay, without who it was and what they said"`
	Actions       int `json:"actions" db:"actions" doc:"Actions that stay, without their words"`
}

// erasure counts what eraseContact would touch, so that a member sees it before.
func (s *Server) erasure(ctx context.Context, who *caller, in *ByID) (Erasure, error) {
	var out Erasure
	if _, err := inbox.ViewContact(ctx, s.DB, who.WorkspaceID, in.ID); err != nil {
		return out, err
	}
	if err := s.DB.GetContext(ctx, &out, sqlErasure, who.WorkspaceID, in.ID); err != nil {
		return out, fmt.Errorf("count what erasing contact %d would empty: %w", in.ID, err)
	}
	return out, nil
}

const sqlErasure = `
SELECT (SELECT count(*) FROM identities WHERE workspace_id = $1 AND contact_id = $2) AS identities,
       (SELECT count(*) FROM comments WHERE workspace_id = $1 AND contact_id = $2) AS comments,
       (SELECT count(*) FROM messages m JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id WHERE t.workspace_id = $1 AND t.contact_id = $2) AS messages,
       (SELECT count(*) FROM conversations WHERE workspace_id = $1 AND contact_id = $2) AS conversations,
       (SELECT count(*) FROM actions WHERE workspace_id = $1 AND contact_id = $2 AND state IN ('planned','held')) AS waiting,
       (SELECT count(*) FROM consent_personal WHERE workspace_id = $1 AND contact_id = $2) AS consent,
       (SELECT count(*) FROM actions WHERE workspace_id = $1 AND contact_id = $2 AND state NOT IN ('planned','held')) AS actions`

// erase removes what is personal about one contact and keeps what must be provable: consent entries
// without their values, actions without their words, and that the erasure took place.
func (s *Server) erase(ctx context.Context, tx *sqlx.Tx, workspace, id int64, actor string) error {
	if _, _, _, err := s.lockPerson(ctx, tx, workspace, id); err != nil {
		return err
	}
	if _, err := outbox.Cancel(ctx, tx, outbox.Cancellation{WorkspaceID: workspace, ContactID: id, Reason: "erased", Meaning: "the person's data was erased"}); err != nil {
		return err
	}
	if err := s.Ledger.Erase(ctx, tx, workspace, id); err != nil {
		return err
	}
	for _, stmt := range sqlErase {
		if _, err := tx.ExecContext(ctx, stmt, workspace, id); err != nil {
			return fmt.Errorf("erase contact %d: %w", id, err)
		}
	}
	if err := auth.Audit(ctx, tx, workspace, actor, "contact.erase", fmt.Sprintf("contact:%d", id), nil); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "contact", ObjectID: id})
}

// The order matters: what finds a row by its text or its identity comes before these are emptied. A
// delivery holds others beside this person, so events are found by whom they name and what they are about.
var sqlErase = []string{
	`WITH gone AS (UPDATE events e SET payload = '{"erased":true}' WHERE e.workspace_id = $1 AND e.state <> 'pending' AND EXISTS (
    SELECT 1 FROM identities i WHERE i.workspace_id = $1 AND i.contact_id = $2
       AND (strpos(e.payload::text, '"' || i.external_id || '"') > 0 OR strpos(e.payload::text, '"' || i.phone || '"') > 0)) RETURNING delivery_id)
UPDATE deliveries SET body = ''::bytea, reason = 'erased' WHERE state = 'split' AND id IN (SELECT delivery_id FROM gone)`,
	`WITH gone AS (UPDATE events SET payload = '{"erased":true}' WHERE workspace_id = $1 AND state <> 'pending' AND id IN (
    SELECT v.event_id FROM verdicts v JOIN comments c ON c.workspace_id = v.workspace_id AND v.subject = 'comment' AND c.id = v.subject_id WHERE c.workspace_id = $1 AND c.contact_id = $2
    UNION SELECT v.event_id FROM verdicts v JOIN messages m ON m.workspace_id = v.workspace_id AND v.subject = 'message' AND m.id = v.subject_id
          JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id WHERE t.workspace_id = $1 AND t.contact_id = $2) RETURNING delivery_id)
UPDATE deliveries SET body = ''::bytea, reason = 'erased' WHERE state = 'split' AND id IN (SELECT delivery_id FROM gone)`,
	`UPDATE verdicts v SET input = '{}', verdict = v.verdict - 'normalised', digest = NULL WHERE v.workspace_id = $1 AND (
    v.subject = 'comment' AND v.subject_id IN (SELECT id FROM comments WHERE workspace_id = $1 AND contact_id = $2)
 OR v.subject = 'message' AND v.subject_id IN (SELECT m.id FROM messages m JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id WHERE t.workspace_id = $1 AND t.contact_id = $2))`,
	`UPDATE gold_comments SET retired_at = now() WHERE workspace_id = $1 AND retired_at IS NULL AND comment_id IN (SELECT id FROM comments WHERE workspace_id = $1 AND contact_id = $2)`,
	`UPDATE review_items SET state = 'decided', outcome = 'superseded', decided_at = now() WHERE workspace_id = $1 AND state = 'open' AND kind IN ('second','gold')
  AND comment_id IN (SELECT id FROM comments WHERE workspace_id = $1 AND contact_id = $2)`,
	`UPDATE review_items SET text_hash = NULL WHERE workspace_id = $1 AND comment_id IN (SELECT id FROM comments WHERE workspace_id = $1 AND contact_id = $2)`,
	`DELETE FROM asks a WHERE a.workspace_id = $1 AND a.state <> 'asking' AND (
    a.subject = 'comment' AND a.subject_id IN (SELECT id FROM comments WHERE workspace_id = $1 AND contact_id = $2)
 OR a.subject = 'message' AND a.subject_id IN (SELECT m.id FROM messages m JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id WHERE t.workspace_id = $1 AND t.contact_id = $2))`,
	`UPDATE comments SET text = '', author_name = '', attachments = '[]', permalink = '' WHERE workspace_id = $1 AND contact_id = $2`,
	`UPDATE messages m SET text = '', detail = '{}', reactions = '[]', deleted_at = coalesce(m.deleted_at, now()) FROM threads t
WHERE t.workspace_id = $1 AND t.contact_id = $2 AND m.workspace_id = t.workspace_id AND m.thread_id = t.id`,
	`DELETE FROM message_media g USING messages m, threads t WHERE t.workspace_id = $1 AND t.contact_id = $2 AND m.workspace_id = t.workspace_id AND m.thread_id = t.id
   AND g.workspace_id = m.workspace_id AND g.message_id = m.id`,
	`DELETE FROM suggestions g USING conversations v WHERE v.workspace_id = $1 AND v.contact_id = $2 AND g.workspace_id = v.workspace_id AND g.conversation_id = v.id`,
	`UPDATE conversations SET preview = '', origin = origin - 'text' - 'referral', bot = '{}', labels = '{}',
    state = 'resolved', resolved_at = coalesce(resolved_at, now()), waiting_since = NULL, unread = 0 WHERE workspace_id = $1 AND contact_id = $2`,
	`UPDATE actions SET call = jsonb_build_object('kind', call->'kind', 'channel', call->'channel', 'token', call->'token') WHERE workspace_id = $1 AND contact_id = $2 AND state NOT IN ('planned','sending','unknown','held')`,
	`UPDATE leads SET answers = '{}', boxes = '{}', external_id = 'erased:' || id, state = CASE WHEN state = 'wanted' THEN 'failed' ELSE state END, reason = 'erased' WHERE workspace_id = $1 AND contact_id = $2`,
	`UPDATE handoffs SET revoked_at = coalesce(revoked_at, now()), revoked_why = 'erased' WHERE workspace_id = $1 AND contact_id = $2`,
	`UPDATE identities SET username = '', name = '', external_id = 'erased:' || id, phone = NULL WHERE workspace_id = $1 AND contact_id = $2`,
	`UPDATE contacts SET name = '', language = '', country = '', time_zone = '', labels = '{}', fields = '{}' WHERE workspace_id = $1 AND id = $2`,
}

// eraseEverywhere erases the person with this id at the network in every workspace.
func (s *Server) eraseEverywhere(ctx context.Context, externalID string) (int, error) {
	var found []struct {
		WorkspaceID int64 `db:"workspace_id"`
		ContactID   int64 `db:"contact_id"`
	}
	err := s.DB.SelectContext(ctx, &found, `SELECT DISTINCT workspace_id, contact_id FROM identities WHERE external_id = $1 AND channel IN ('facebook','instagram','messenger') ORDER BY 1, 2`, externalID)
	if err != nil {
		return 0, fmt.Errorf("look for the person to erase: %w", err)
	}
	for _, f := range found {
		if err := s.change(ctx, func(tx *sqlx.Tx) error { return s.erase(ctx, tx, f.WorkspaceID, f.ContactID, "meta") }); err != nil {
			return 0, err
		}
	}
	return len(found), nil
}
