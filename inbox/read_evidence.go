package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// ActionView is an action of the outbox as people look at it.
type ActionView struct {
	ID             int64      `db:"id"`
	AccountID      int64      `db:"account_id"`
	Kind           string     `db:"kind"`
	State          string     `db:"state"`
	Reason         string     `db:"reason"`
	Meaning        string     `db:"meaning"`
	Purpose        string     `db:"purpose"`
	Origin         string     `db:"origin"`
	Actor          string     `db:"actor"`
	ContactID      *int64     `db:"contact_id"`
	ContactName    string     `db:"contact_name"`
	ContactErased  bool       `db:"contact_erased"`
	ConversationID *int64     `db:"conversation_id"`
	CommentID      *int64     `db:"comment_id"`
	MessageID      *int64     `db:"message_id"`
	TriggerID      *int64     `db:"trigger_id"`
	Text           string     `db:"text"`
	Attempts       int        `db:"attempts"`
	NotBefore      time.Time  `db:"not_before"`
	ValidUntil     time.Time  `db:"valid_until"`
	SentAt         *time.Time `db:"sent_at"`
	DoneAt         *time.Time `db:"done_at"`
	ExternalID     string     `db:"external_id"`
	CreatedAt      time.Time  `db:"created_at"`
	CampaignID     *int64     `db:"campaign_id"`
	Sequence       string     `db:"sequence"`
	CostState      string     `db:"cost_state"`
	CostMicros     *int64     `db:"cost_micros"`
	CostCurrency   string     `db:"cost_currency"`
	CostCountry    string     `db:"cost_country"`
	CostCategory   string     `db:"cost_category"`
	CostReason     string     `db:"cost_reason"`
	ReadBack       string     `db:"read_back"`
	ReadBackAt     *time.Time `db:"read_back_at"`
}

// ActionFilter narrows a list of actions. Zero fields do not narrow.
type ActionFilter struct {
	ID, ContactID, CommentID int64
	States                   []string
	Reason                   string
	Quiet                    bool // without read receipts and typing signs that went out
	Before                   int64
	Limit                    int
}

// ListActions returns actions, the newest first.
func ListActions(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, f ActionFilter) ([]ActionView, error) {
	var out []ActionView
	err := sqlx.SelectContext(ctx, q, &out, sqlActionViews, workspaceID, f.ID, f.ContactID, f.CommentID, pq.Array(f.States), f.Before, f.Limit, f.Quiet, f.Reason)
	if err != nil {
		return nil, fmt.Errorf("list actions: %w", err)
	}
	return out, nil
}

const sqlActionViews = `
SELECT a.id, a.account_id, a.kind, a.state, a.reason, a.meaning, a.purpose, a.origin, a.actor, a.contact_id, CASE WHEN c.id IS NULL THEN '' ELSE ` + nameOfContact + ` END AS contact_name, ` + erasedContact + ` AS contact_erased, a.conversation_id, a.comment_id,
       a.message_id, a.trigger_id, coalesce(a.call->>'text', '') AS text, a.attempts, a.not_before, a.valid_until, a.sent_at, a.done_at, a.external_id, a.created_at,
       a.campaign_id, a.sequence, a.cost_state, a.cost_micros, a.cost_currency, a.cost_country, a.cost_category, a.cost_reason, a.read_back, a.read_back_at
FROM actions a LEFT JOIN contacts c ON c.workspace_id = a.workspace_id AND c.id = a.contact_id
WHERE a.workspace_id = $1 AND ($2::bigint = 0 OR a.id = $2) AND ($3::bigint = 0 OR a.contact_id = $3) AND ($4::bigint = 0 OR a.comment_id = $4) AND (coalesce(cardinality($5::text[]), 0) = 0 OR a.state = ANY($5)) AND ($6::bigint = 0 OR a.id < $6) AND ($9 = '' OR a.reason = $9)
  AND NOT ($8 AND a.purpose = 'technical' AND a.state IN ('planned', 'sending', 'done', 'expired', 'cancelled'))
ORDER BY a.id DESC LIMIT $7`

// EventView is an event with what came of it, without what was said.
type EventView struct {
	ID         int64      `db:"id"`
	AccountID  int64      `db:"account_id"`
	Kind       string     `db:"kind"`
	Channel    string     `db:"channel"`
	Source     string     `db:"source"`
	Key        string     `db:"key"`
	State      string     `db:"state"`
	Reason     string     `db:"reason"`
	Attempts   int        `db:"attempts"`
	OccurredAt time.Time  `db:"occurred_at"`
	CreatedAt  time.Time  `db:"created_at"`
	DoneAt     *time.Time `db:"done_at"`
}

// ListEvents returns events, the newest first; words are looked for in kind, key and reason.
func ListEvents(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, state, words string, before int64, limit int) ([]EventView, error) {
	var out []EventView
	if err := sqlx.SelectContext(ctx, q, &out, sqlEventViews, workspaceID, state, words, Like(words), before, limit); err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return out, nil
}

const sqlEventViews = `
SELECT id, account_id, kind, channel, source, key, state, reason, attempts, occurred_at, created_at, done_at FROM events
WHERE workspace_id = $1 AND ($2 = '' OR state = $2) AND ($3 = '' OR kind ILIKE $4 OR key ILIKE $4 OR reason ILIKE $4) AND ($5::bigint = 0 OR id < $5)
ORDER BY id DESC LIMIT $6`

// DeliveryView is a webhook request that could not be split whole, without its body.
type DeliveryView struct {
	ID         int64     `db:"id"`
	ReceivedAt time.Time `db:"received_at"`
	Source     string    `db:"source"`
	Bytes      int       `db:"bytes"`
	Reason     string    `db:"reason"`
	Attempts   int       `db:"attempts"`
}

// ParkedDeliveries lists what waits for a person, of the whole installation: a delivery that nobody's
// account explains belongs to no workspace.
func ParkedDeliveries(ctx context.Context, q sqlx.QueryerContext, before int64, limit int) ([]DeliveryView, error) {
	var out []DeliveryView
	err := sqlx.SelectContext(ctx, q, &out, `SELECT id, received_at, source, length(body) AS bytes, reason, attempts FROM deliveries
WHERE state = 'parked' AND ($1::bigint = 0 OR id < $1) ORDER BY id DESC LIMIT $2`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list parked deliveries: %w", err)
	}
	return out, nil
}

// DecisionRecord is everything that is kept of one verdict.
type DecisionRecord struct {
	ID          int64           `db:"id"`
	Subject     string          `db:"subject"`
	SubjectID   int64           `db:"subject_id"`
	EventID     *int64          `db:"event_id"`
	Decision    string          `db:"decision"`
	Tier        string          `db:"tier"`
	Provisional bool            `db:"provisional"`
	Verdict     json.RawMessage `db:"verdict"`
	Input       json.RawMessage `db:"input"`
	TokensIn    int             `db:"tokens_in"`
	TokensOut   int             `db:"tokens_out"`
	CostMicros  int64           `db:"cost_micros"`
	TookMicros  int64           `db:"took_micros"`
	Actor       string          `db:"actor"`
	CreatedAt   time.Time       `db:"created_at"`
}

// Decision returns the record of one verdict.
func Decision(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (DecisionRecord, error) {
	var r DecisionRecord
	err := sqlx.GetContext(ctx, q, &r, `SELECT id, subject, subject_id, event_id, decision, tier, provisional, verdict, input, tokens_in, tokens_out, cost_micros, took_micros, actor, created_at
FROM verdicts WHERE workspace_id = $1 AND id = $2`, workspaceID, id)
	return r, notFound(err, "decision", id)
}
