package consent

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Recipient is one promotional message of a campaign with the consent it went out on, as the ledger knew
// it at the instant of sending.
type Recipient struct {
	Action     int64      `json:"action"`
	ContactID  int64      `json:"contact_id"`
	IdentityID int64      `json:"identity_id"`
	Channel    string     `json:"channel"`
	State      string     `json:"state"`
	SentAt     time.Time  `json:"sent_at"`
	Status     Status     `json:"consent"`
	Kind       Kind       `json:"kind"`
	Since      *time.Time `json:"since"`
	Seq        int64      `json:"seq"`
	WordingID  *int64     `json:"wording_id"`
	How        string     `json:"how"`
	Subject    string     `json:"subject"`
	Hash       string     `json:"hash"`
}

// Recipients pages through a campaign's promotional messages behind an action, each with its entry.
func (l *Ledger) Recipients(ctx context.Context, q sqlx.QueryerContext, workspace, campaign, behind int64, limit int) ([]Recipient, error) {
	var rows []struct {
		ID       int64     `db:"id"`
		Contact  int64     `db:"contact_id"`
		Identity int64     `db:"identity_id"`
		Channel  string    `db:"channel"`
		State    string    `db:"state"`
		SentAt   time.Time `db:"sent_at"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, sqlRecipients, workspace, campaign, behind, limit); err != nil {
		return nil, fmt.Errorf("list the recipients of campaign %d: %w", campaign, err)
	}
	var keys []Key
	for _, r := range rows {
		keys = append(keys, Key{workspace, r.Contact})
	}
	histories, err := l.Histories(ctx, q, keys)
	if err != nil {
		return nil, err
	}
	out := make([]Recipient, 0, len(rows))
	for _, r := range rows {
		h := histories[Key{workspace, r.Contact}].KnownAt(r.SentAt)
		s := h.State(r.Identity, r.Channel, Promotional, r.SentAt)
		v := Recipient{Action: r.ID, ContactID: r.Contact, IdentityID: r.Identity, Channel: r.Channel, State: r.State, SentAt: r.SentAt.UTC(), Status: s.Status, Kind: s.Kind, Seq: s.Seq, WordingID: s.WordingID, How: s.How}
		for _, e := range h.Entries {
			if e.Seq == s.Seq {
				v.Since, v.Subject, v.Hash = utc(&e.At), hex.EncodeToString(e.Subject), hex.EncodeToString(e.Hash)
			}
		}
		out = append(out, v)
	}
	return out, nil
}

// Private replies travel on the private side of the network that the comment stands on.
const sqlRecipients = `
SELECT a.id, coalesce(i.contact_id, a.contact_id) AS contact_id, a.identity_id, CASE WHEN i.channel = 'facebook' THEN 'messenger' ELSE i.channel END AS channel, a.state, a.sent_at
FROM actions a JOIN identities i ON i.workspace_id = a.workspace_id AND i.id = a.identity_id
WHERE a.workspace_id = $1 AND a.campaign_id = $2 AND a.id > $3 AND a.purpose = 'promotional' AND a.sent_at IS NOT NULL AND a.state IN ('sending','done','unknown')
ORDER BY a.id LIMIT $4`

// KnownAt is the history without what was recorded later: what a message stood on when it left.
func (h *History) KnownAt(at time.Time) *History {
	if h == nil {
		return nil
	}
	past := &History{Brand: h.Brand, Inferred: h.Inferred, Identities: h.Identities, subjects: h.subjects}
	for _, e := range h.Entries {
		if !e.RecordedAt.After(at) {
			past.Entries = append(past.Entries, e)
		}
	}
	return past
}
