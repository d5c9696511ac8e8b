package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/consent"
)

// EvidenceItem is one thing that went out for a campaign, to whom, and by what right.
type EvidenceItem struct {
	ActionID     int64            `db:"id" json:"action_id"`
	Kind         string           `db:"kind" json:"kind"`
	State        string           `db:"state" json:"state"`
	Purpose      string           `db:"purpose" json:"purpose"`
	Origin       string           `db:"origin" json:"origin"`
	TriggerID    *int64           `db:"trigger_id" json:"trigger_id"`
	AccountID    int64            `db:"account_id" json:"account_id"`
	ContactID    *int64           `db:"contact_id" json:"contact_id"`
	IdentityID   *int64           `db:"identity_id" json:"identity_id"`
	CommentID    *int64           `db:"comment_id" json:"comment_id"`
	AnswersEvent *int64           `db:"answers_event" json:"answers_event"` // what the person did that this answers
	AnswersAt    *time.Time       `db:"answers_at" json:"answers_at"`
	SentAt       time.Time        `db:"sent_at" json:"sent_at"`
	Template     string           `db:"template" json:"template" doc:"The template that it went by, with its language; the words themselves stay in their conversations"`
	Right        *EvidenceConsent `db:"-" json:"consent"` // of what needs one: the entry in force at that instant
}

// EvidenceConsent is the ledger's entry that a promotional message stood on.
type EvidenceConsent struct {
	Seq       int64      `json:"seq"`
	Status    string     `json:"status"`
	Since     time.Time  `json:"since"`
	How       string     `json:"how"`
	WordingID *int64     `json:"wording_id"`
	Until     *time.Time `json:"valid_until"`
	Basis     string     `json:"basis" enum:"recorded,recomputed" doc:"recorded: the gate wrote the entry down when it let the message go; recomputed: the message is older than that, and the entry was looked for by the brand, addresses and rules of today"`
}

// CampaignEvidence is everything that went out for a campaign, with the right it went out by and the head of the
// ledger's chain, so that it can be checked against the ledger later.
type CampaignEvidence struct {
	Made     time.Time      `json:"made_at"`
	ID       int64          `json:"campaign_id"`
	Name     string         `json:"name"`
	State    string         `json:"state"`
	StartsAt *time.Time     `json:"starts_at"`
	EndsAt   *time.Time     `json:"ends_at"`
	Goal     string         `json:"goal"`
	Funnel   Funnel         `json:"funnel"`
	Sent     []EvidenceItem `json:"sent"`
	Cut      bool           `json:"cut"` // there is more than is shown
	Head     consent.Head   `json:"head"`
}

// MostEvidence is how many things one bundle holds; a campaign with more is asked for by spans.
const MostEvidence = 50_000

type sentRow struct {
	EvidenceItem
	Channel string `db:"channel"`
	Seq     *int64 `db:"consent_seq"`
	Person  int64  `db:"person"` // whose identity it is now; a merge takes the ledger's entries along
}

// ReadEvidence makes the bundle of a campaign for a span of time.
func ReadEvidence(ctx context.Context, q sqlx.QueryerContext, ledger *consent.Ledger, workspaceID, id int64, s Span, now time.Time) (CampaignEvidence, error) {
	c, err := Load(ctx, q, workspaceID, id)
	if err != nil {
		return CampaignEvidence{}, err
	}
	out := CampaignEvidence{Made: now.UTC(), ID: c.ID, Name: c.Name, State: c.State, StartsAt: c.StartsAt, EndsAt: c.EndsAt, Goal: c.Goal, Sent: []EvidenceItem{}}
	all, err := CampaignFunnels(ctx, q, workspaceID, id, s)
	if err != nil {
		return out, err
	}
	out.Funnel = all[id]
	var rows []sentRow
	if err := sqlx.SelectContext(ctx, q, &rows, sqlSent, workspaceID, id, s.Since, s.Until, MostEvidence+1); err != nil {
		return out, fmt.Errorf("list what went out for campaign %d: %w", id, err)
	}
	if out.Cut = len(rows) > MostEvidence; out.Cut {
		rows = rows[:MostEvidence]
	}
	if err := rights(ctx, q, ledger, workspaceID, rows); err != nil {
		return out, err
	}
	for _, r := range rows {
		out.Sent = append(out.Sent, r.EvidenceItem)
	}
	out.Head, err = ledger.ExportHead(ctx, q, workspaceID)
	return out, err
}

const sqlSent = `
SELECT a.id, a.kind, a.state, a.purpose, a.origin, a.trigger_id, a.account_id, a.contact_id, a.identity_id, a.comment_id, a.answers_event, e.occurred_at AS answers_at, a.sent_at,
       coalesce((a.call #>> '{template,name}') || ' ' || (a.call #>> '{template,language}'), '') AS template,
       CASE WHEN i.channel = 'facebook' THEN 'messenger' ELSE coalesce(i.channel, '') END AS channel, coalesce(i.contact_id, a.contact_id, 0) AS person, a.consent_seq
FROM actions a LEFT JOIN events e ON e.id = a.answers_event AND e.workspace_id = a.workspace_id
LEFT JOIN identities i ON i.workspace_id = a.workspace_id AND i.id = a.identity_id
WHERE a.workspace_id = $1 AND a.campaign_id = $2 AND a.sent_at IS NOT NULL
  AND ($3::timestamptz IS NULL OR a.sent_at >= $3) AND ($4::timestamptz IS NULL OR a.sent_at < $4) ORDER BY a.sent_at, a.id LIMIT $5`

// rights tells, for everything promotional, the entry that it went out on: the one the gate wrote down, or for what
// is older how consent stood when it left, as far as that can be told now – what the ledger was told late changes nothing of what a
// message stood on. They come a thousand messages at a time.
func rights(ctx context.Context, q sqlx.QueryerContext, ledger *consent.Ledger, workspaceID int64, rows []sentRow) error {
	const part = 1000
	for len(rows) > 0 {
		some := rows[:min(part, len(rows))]
		rows = rows[len(some):]
		var keys []consent.Key
		var seqs []int64
		seen := map[int64]bool{}
		for _, r := range some {
			switch {
			case r.Purpose != consent.Promotional:
			case r.Seq != nil:
				seqs = append(seqs, *r.Seq)
			case r.Person != 0 && !seen[r.Person]:
				seen[r.Person] = true
				keys = append(keys, consent.Key{WorkspaceID: workspaceID, ContactID: r.Person})
			}
		}
		entries, err := ledger.BySeq(ctx, q, workspaceID, seqs)
		if err != nil {
			return err
		}
		histories, err := ledger.Histories(ctx, q, keys)
		if err != nil {
			return err
		}
		for i := range some {
			some[i].Right = some[i].right(entries, histories[consent.Key{WorkspaceID: workspaceID, ContactID: some[i].Person}])
		}
	}
	return nil
}

func (r sentRow) right(entries map[int64]consent.Entry, h *consent.History) *EvidenceConsent {
	switch {
	case r.Purpose != consent.Promotional:
		return nil
	case r.Seq != nil:
		e := entries[*r.Seq]
		return &EvidenceConsent{Seq: *r.Seq, Status: string(consent.Granted), Since: e.At.UTC(), How: e.How, WordingID: e.WordingID, Until: e.ValidUntil, Basis: string(consent.Recorded)}
	case r.IdentityID == nil || h == nil:
		return nil
	}
	st := h.KnownAt(r.SentAt).State(*r.IdentityID, r.Channel, consent.Promotional, r.SentAt)
	return &EvidenceConsent{Seq: st.Seq, Status: string(st.Status), Since: st.Since.UTC(), How: st.How, WordingID: st.WordingID, Until: st.ValidUntil, Basis: string(consent.Recomputed)}
}
