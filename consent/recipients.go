package consent

import (
	"context"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Recipient is one promotional message of a campaign with the consent it went out on.
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
	Basis      Basis      `json:"basis"`
}

// Basis says where a message's proof is from.
type Basis string

// The bases of a proof. What went out before the gate wrote down its entry is worked out again, by the brand's name,
// the person's addresses and the rules as they are today.
const (
	Recorded   Basis = "recorded"
	Recomputed Basis = "recomputed"
)

// BySeq loads entries by their numbers; one that is not there is left out.
func (l *Ledger) BySeq(ctx context.Context, q sqlx.QueryerContext, workspace int64, seqs []int64) (map[int64]Entry, error) {
	out := make(map[int64]Entry, len(seqs))
	if len(seqs) == 0 {
		return out, nil
	}
	var rows []entryRow
	if err := sqlx.SelectContext(ctx, q, &rows, sqlSelectEntries+` WHERE e.workspace_id = $1 AND e.seq = ANY($2)`, workspace, pq.Array(seqs)); err != nil {
		return nil, fmt.Errorf("load consent entries: %w", err)
	}
	for _, r := range rows {
		e, err := r.entry()
		if err != nil {
			return nil, fmt.Errorf("read consent entry %d: %w", r.Seq, err)
		}
		out[e.Seq] = e
	}
	return out, nil
}

// Recipients pages through a campaign's promotional messages behind an action, each with its entry: the one that the
// gate wrote down when it let the message go. Only of older messages is it worked out again.
func (l *Ledger) Recipients(ctx context.Context, q sqlx.QueryerContext, workspace, campaign, behind int64, limit int) ([]Recipient, error) {
	var rows []recipientRow
	if err := sqlx.SelectContext(ctx, q, &rows, sqlRecipients, workspace, campaign, behind, limit); err != nil {
		return nil, fmt.Errorf("list the recipients of campaign %d: %w", campaign, err)
	}
	var keys []Key
	var seqs []int64
	for _, r := range rows {
		if r.Seq != nil {
			seqs = append(seqs, *r.Seq)
		} else {
			keys = append(keys, Key{workspace, r.Contact})
		}
	}
	recorded, err := l.BySeq(ctx, q, workspace, seqs)
	if err != nil {
		return nil, err
	}
	histories, err := l.Histories(ctx, q, keys)
	if err != nil {
		return nil, err
	}
	out := make([]Recipient, 0, len(rows))
	for _, r := range rows {
		v := Recipient{Action: r.ID, ContactID: r.Contact, IdentityID: r.Identity, Channel: r.Channel, State: r.State, SentAt: r.SentAt.UTC()}
		if r.Seq != nil {
			v.Basis, v.Status, v.Seq = Recorded, Granted, *r.Seq
			if e, ok := recorded[*r.Seq]; ok {
				v.show(e)
				v.Kind, v.WordingID, v.How = e.Kind, e.WordingID, e.How
			}
		} else {
			h := histories[Key{workspace, r.Contact}].KnownAt(r.SentAt)
			s := h.State(r.Identity, r.Channel, Promotional, r.SentAt)
			v.Basis, v.Status, v.Kind, v.Seq, v.WordingID, v.How = Recomputed, s.Status, s.Kind, s.Seq, s.WordingID, s.How
			for _, e := range h.Entries {
				if e.Seq == s.Seq {
					v.show(e)
				}
			}
		}
		out = append(out, v)
	}
	return out, nil
}

type recipientRow struct {
	ID       int64     `db:"id"`
	Contact  int64     `db:"contact_id"`
	Identity int64     `db:"identity_id"`
	Channel  string    `db:"channel"`
	State    string    `db:"state"`
	SentAt   time.Time `db:"sent_at"`
	Seq      *int64    `db:"consent_seq"`
}

func (v *Recipient) show(e Entry) {
	v.Since, v.Subject, v.Hash = utc(&e.At), hex.EncodeToString(e.Subject), hex.EncodeToString(e.Hash)
}

// Private replies travel on the private side of the network that the comment stands on.
const sqlRecipients = `
SELECT a.id, coalesce(i.contact_id, a.contact_id) AS contact_id, a.identity_id, CASE WHEN i.channel = 'facebook' THEN 'messenger' ELSE i.channel END AS channel, a.state, a.sent_at, a.consent_seq
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
