package ingest

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/consent"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
	"ponte/router"
)

// A yes to being written to at a number holds until the message to that number has left: whoever takes it back
// before – by another word, by editing or unsending it, by a STOP – is not written to there.

// loadAgreedNumbers finds the numbers that were agreed to and that nothing has left for yet.
func (s *scene) loadAgreedNumbers(ctx context.Context, tx *sqlx.Tx, identities []int64, unsent []string) error {
	s.numbers.agreed = map[int64]*numberHandoff{}
	var list []struct {
		numberHandoff
		Action int64 `db:"waiting_action"`
	}
	if err := tx.SelectContext(ctx, &list, sqlAgreedNumbers, pq.Array(identities), pq.Array(unsent)); err != nil {
		return fmt.Errorf("load numbers that wait to be written to: %w", err)
	}
	for _, r := range list {
		n := r.numberHandoff
		n.waiting = r.Action
		s.numbers.agreed[*n.IdentityID] = &n
	}
	return nil
}

// Locked, because whoever unsends a message is not met as a person, and so not locked either.
const sqlAgreedNumbers = `
SELECT ` + numberColumns + `, coalesce(a.id, 0) AS waiting_action FROM number_handoffs n
LEFT JOIN actions a ON a.workspace_id = n.workspace_id AND a.id = n.action_id AND a.state IN ('planned','held')
WHERE (n.identity_id = ANY($1) OR n.agreed_message <> '' AND n.agreed_message = ANY($2)) AND n.state IN ('agreed','sent') AND n.source = 'chat' AND (n.state = 'agreed' OR a.id IS NOT NULL)
ORDER BY n.id FOR UPDATE OF n`

// numberStopped hears in a message that the number is not to be written to after all.
func (s *scene) numberStopped(t *inbox.Thread, m *inbox.Message, verdict moderation.Verdict, e *event) string {
	n := s.numbers.agreed[t.IdentityID]
	if n == nil || m.At.Before(*n.AgreedAt) || !router.IsNo(m.Text) && verdict.OptOut != moderation.OptOutClear {
		return ""
	}
	return s.retractNumber(t, n, m.Text, e)
}

// numberReworded hears it in the edit of the very words that agreed, or in what they became.
func (s *scene) numberReworded(t *inbox.Thread, m *inbox.Message, verdict moderation.Verdict, e *event) string {
	n := s.numbers.agreed[t.IdentityID]
	if n == nil || verdict.OptOut != moderation.OptOutClear && (m.ExternalID == nil || *m.ExternalID != n.AgreedMessage || router.IsYes(m.Text)) {
		return ""
	}
	return s.retractNumber(t, n, m.Text, e)
}

// numberUnsent: the yes itself was taken back.
func (s *scene) numberUnsent(m *inbox.Message, e *event) string {
	for identity, n := range s.numbers.agreed {
		if m.ExternalID != nil && n.AgreedMessage == *m.ExternalID && n.WorkspaceID == m.WorkspaceID {
			return s.retractNumber(&inbox.Thread{IdentityID: identity, ContactID: n.ContactID}, n, "", e)
		}
	}
	return ""
}

func (s *scene) retractNumber(t *inbox.Thread, n *numberHandoff, words string, e *event) string {
	delete(s.numbers.agreed, t.IdentityID)
	n.State, n.Reason = "refused", "took the yes back before the number was written to"
	s.w.numbers = append(s.w.numbers, n)
	if n.waiting != 0 {
		s.cancel(outbox.Cancellation{WorkspaceID: n.WorkspaceID, ActionID: n.waiting, Reason: "number_taken_back", Meaning: "whoever left the number took back that it may be written to"})
	}
	// It ends what was agreed to for this number; what the person has with the brand elsewhere goes on.
	ended := s.numberEntry(t, n, consent.Expire, words, e)
	ended.Kind, ended.How = consent.None, "taken_back"
	s.w.consent = append(s.w.consent, ended)
	s.touch(n.WorkspaceID, "contact", t.ContactID)
	return "; the number they left is not written to on WhatsApp any more"
}
