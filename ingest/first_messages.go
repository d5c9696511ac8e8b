package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
)

// firstMessage is a first message to a number that was left, and what became of it.
type firstMessage struct {
	WorkspaceID  int64  `db:"workspace_id"`
	ID           int64  `db:"id"`
	LeadID       *int64 `db:"lead_id"`
	Conversation *int64 `db:"conversation_id"` // the chat in which it was left
	State        string `db:"state"`
	Meaning      string `db:"meaning"`
	Receipt      string `db:"receipt"`
	ReceiptError string `db:"receipt_error"`

	SentAt *time.Time `db:"sent_at"`
}

// firstSettles is how long a network is waited for that says nothing of a message it took.
const firstSettles = 3 * 24 * time.Hour

// firstMessages looks at what became of first messages: one that the gate or the network refused, or that came too
// late, was the only sign of life that somebody was promised, so a person is told.
func (f *Fetcher) firstMessages(ctx context.Context) error {
	var list []firstMessage
	if err := f.DB.SelectContext(ctx, &list, sqlFirstMessages, f.Now().Add(-firstSettles)); err != nil {
		return fmt.Errorf("find first messages: %w", err)
	}
	var failed []error
	for _, m := range list {
		if err := f.settleFirst(ctx, m); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

const sqlFirstMessages = `
SELECT n.workspace_id, n.id, n.lead_id, n.conversation_id, a.state, coalesce(nullif(a.meaning, ''), a.reason) AS meaning, coalesce(m.receipt, '') AS receipt, coalesce(m.receipt_error, '') AS receipt_error, a.sent_at
FROM number_handoffs n JOIN actions a ON a.workspace_id = n.workspace_id AND a.id = n.action_id
LEFT JOIN messages m ON m.workspace_id = a.workspace_id AND m.action_id = a.id
WHERE n.settled_at IS NULL AND n.state = 'sent' AND n.action_id IS NOT NULL
  AND (a.state IN ('refused','failed','expired','cancelled') OR a.state = 'done' AND (m.receipt IN ('delivered','read','failed') OR a.sent_at < $1))
ORDER BY n.id LIMIT 50`

func (f *Fetcher) settleFirst(ctx context.Context, m firstMessage) error {
	why := ""
	switch {
	case m.State == "refused" || m.State == "failed" || m.State == "expired": // one that was cancelled somebody has seen
		why = m.Meaning
	case m.State == "done" && m.Receipt == "failed":
		why = cmp.Or(m.ReceiptError, "The network did not deliver it.")
	}
	tx, err := f.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if why != "" && m.Conversation != nil {
		if err := inbox.ForPerson(ctx, tx, m.WorkspaceID, *m.Conversation, f.Now()); err != nil {
			return err
		}
	}
	res, err := tx.ExecContext(ctx, `UPDATE number_handoffs SET settled_at = $3 WHERE workspace_id = $1 AND id = $2 AND settled_at IS NULL`, m.WorkspaceID, m.ID, f.Now())
	if err != nil {
		return fmt.Errorf("settle the first message of number handoff %d: %w", m.ID, err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return nil // another replica has looked
	}
	if why != "" && m.LeadID != nil {
		if err := leadNotWritten(ctx, tx, m.WorkspaceID, *m.LeadID, why); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// leadNotWritten makes a lead whose first message did not arrive a task for a person, unless one has looked already.
func leadNotWritten(ctx context.Context, tx *sqlx.Tx, workspace, lead int64, why string) error {
	var contact []*int64
	err := tx.SelectContext(ctx, &contact, `UPDATE leads SET task = 'open', reason = reason || $3 WHERE workspace_id = $1 AND id = $2 AND task = '' RETURNING contact_id`,
		workspace, lead, "; for a person: its first message did not arrive: "+why)
	if err != nil {
		return fmt.Errorf("give lead %d to a person: %w", lead, err)
	}
	for _, c := range contact {
		if c != nil {
			if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "contact", ObjectID: *c}); err != nil {
				return err
			}
		}
	}
	return nil
}

// ofRemovedAccounts ends what was to be read by accounts that are removed: there is no token any more to read it with.
func (f *Fetcher) ofRemovedAccounts(ctx context.Context) error {
	if _, err := f.DB.ExecContext(ctx, sqlMentionsOfRemoved, "mentioned by somebody; what was written could not be read: the account was removed"); err != nil {
		return fmt.Errorf("end the reading of mentions of removed accounts: %w", err)
	}
	if _, err := f.DB.ExecContext(ctx, sqlLeadsOfRemoved, "its answers could not be read: the account was removed"); err != nil {
		return fmt.Errorf("end the reading of leads of removed accounts: %w", err)
	}
	return nil
}

const (
	sqlMentionsOfRemoved = `
WITH gone AS (DELETE FROM mention_reads m USING accounts a WHERE a.workspace_id = m.workspace_id AND a.id = m.account_id AND a.removed_at IS NOT NULL RETURNING m.event_id)
UPDATE events e SET reason = $1 FROM gone WHERE e.id = gone.event_id`
	sqlLeadsOfRemoved = `
UPDATE leads l SET state = 'failed', reason = $1, task = 'open' FROM accounts a
WHERE a.workspace_id = l.workspace_id AND a.id = l.account_id AND a.removed_at IS NOT NULL AND l.state = 'wanted'`
)
