package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
)

// Whoever leaves a number and says yes for it may mean a stranger's, and the stranger was asked nothing. So a number
// is written to once, never against its owner's word, and nobody gives more than a few.
const (
	numberRest     = 30 * 24 * time.Hour // before the same template goes to a number again that nobody answered from
	numbersADay    = 3                   // that one identity may have written to within 24 hours
	barredDenied   = "a number was left, but whoever has it said that it was not them: it is not written to"
	barredStopped  = "a number was left, but whoever has it wants no messages, or may not: it is not written to"
	barredWritten  = "a number was left that was written to within 30 days: it is not written to again"
	barredTooMany  = "a number was left, but as many as are written to for one person in a day were left before: it is not written to"
	answeredStates = `('agreed','sent','confirmed','denied')`
)

// numberBarred says why a number that was left is not written to; empty: it may be. planned: it was agreed to, and
// its person is locked; before that, one which somebody else has agreed to counts as written to.
func numberBarred(ctx context.Context, q sqlx.QueryerContext, ledger *consent.Ledger, n numberHandoff, planned bool, now time.Time) (string, error) {
	var is struct {
		Own     bool `db:"own"`
		Denied  bool `db:"denied"`
		Written bool `db:"written"`
		Given   int  `db:"given"`
	}
	if err := sqlx.GetContext(ctx, q, &is, sqlNumberBarred, n.WorkspaceID, n.Phone, n.Template, n.ID, n.IdentityID, n.ContactID, now.Add(-numberRest), now.Add(-24*time.Hour), planned); err != nil {
		return "", fmt.Errorf("look what became of a number before: %w", err)
	}
	switch {
	case is.Own:
		return "", nil // known as the same person's: nothing is sent
	case is.Denied:
		return barredDenied, nil
	}
	if stopped, err := ownerStopped(ctx, q, ledger, n, now); err != nil || stopped {
		return barredStopped, err
	}
	switch {
	case is.Written:
		return barredWritten, nil
	case is.Given >= numbersADay:
		return barredTooMany, nil
	}
	return "", nil
}

const sqlNumberBarred = `
SELECT EXISTS (SELECT 1 FROM identities WHERE workspace_id = $1 AND channel = 'whatsapp' AND phone = $2 AND contact_id = $6) AS own,
  EXISTS (SELECT 1 FROM number_handoffs WHERE workspace_id = $1 AND phone = $2 AND state = 'denied') AS denied,
  EXISTS (SELECT 1 FROM number_handoffs o LEFT JOIN actions a ON a.workspace_id = o.workspace_id AND a.id = o.action_id
    WHERE o.workspace_id = $1 AND o.phone = $2 AND o.template = $3 AND o.id <> $4
      AND (a.state IN ('planned','held','sending','done','unknown') AND greatest(a.created_at, a.sent_at) > $7 OR o.state = 'agreed' AND NOT $9)) AS written,
  (SELECT count(*) FROM number_handoffs WHERE workspace_id = $1 AND identity_id = $5 AND id <> $4 AND source = 'chat' AND agreed_at > $8 AND state IN ` + answeredStates + `) AS given`

// ownerStopped says whether the number's owner took back or refused what the brand sends, or may have. What whoever
// left it said to the wording is no word of the owner's.
func ownerStopped(ctx context.Context, q sqlx.QueryerContext, ledger *consent.Ledger, n numberHandoff, now time.Time) (bool, error) {
	var owners []struct {
		ID        int64 `db:"id"`
		ContactID int64 `db:"contact_id"`
	}
	if err := sqlx.SelectContext(ctx, q, &owners, `SELECT id, contact_id FROM identities WHERE workspace_id = $1 AND channel = 'whatsapp' AND phone = $2`, n.WorkspaceID, n.Phone); err != nil {
		return false, fmt.Errorf("look whose a number is: %w", err)
	}
	for _, o := range owners {
		k := consent.Key{WorkspaceID: n.WorkspaceID, ContactID: o.ContactID}
		all, err := ledger.Histories(ctx, q, []consent.Key{k})
		if err != nil {
			return false, err
		}
		switch all[k].State(o.ID, string(channels.WhatsApp), consent.Promotional, now).Status {
		case consent.Withdrawn, consent.Refused, consent.Doubtful:
			return true, nil
		}
		if all[k].State(o.ID, string(channels.WhatsApp), consent.Service, now).Status == consent.Withdrawn {
			return true, nil
		}
	}
	return false, nil
}

// numberBarred asks the same of a number in the batch, of which some may not be written down yet.
func (s *scene) numberBarred(n *numberHandoff) (string, error) {
	for _, o := range s.w.numbers {
		if o != n && o.State == "agreed" && o.WorkspaceID == n.WorkspaceID && o.Phone == n.Phone {
			return barredWritten, nil
		}
	}
	return numberBarred(s.ctx, s.tx, s.d.Ledger, *n, false, s.now)
}
