// Package notify tells people and other systems what happened: a notification for each member it concerns,
// in the interface and, where they chose it, in a digest by e-mail; and signed webhooks to the endpoints of
// the workspace. It owns notifications, notification_choices, notification_mails, webhook_endpoints and
// webhook_sends.
//
// Raise writes rows in the transaction in which the thing happened; the Worker sends mails and webhooks
// afterwards. What is told holds ids, numbers and instants, never a token, a phone number or what a person wrote.
package notify

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

// Channel is the PostgreSQL notification that wakes the worker.
const Channel = "ponte_notify"

// Kind names what happened, in the interface, in webhooks and in what members choose.
type Kind string

// The kinds.
const (
	SLANear        Kind = "sla.near"                    // a deadline is near
	SLABreach      Kind = "sla.breach"                  // a deadline has passed
	Assigned       Kind = "conversation.assigned"       // somebody has to answer
	TakenBack      Kind = "conversation.returned"       // it was taken back unanswered
	Escalated      Kind = "conversation.escalated"      // it waits too long, another team or a supervisor has it
	Woken          Kind = "conversation.woken"          // a snooze is over
	ReplyNotSent   Kind = "conversation.reply_not_sent" // a reply for later was refused when its time came
	Danger         Kind = "conversation.danger"         // somebody writes as if they may harm themselves
	Mention        Kind = "mention"                     // somebody was named in a note
	BudgetAlarm    Kind = "budget.alarm"
	AccountTrouble Kind = "account.trouble"
	ComplianceItem Kind = "compliance.item"
	VersionReady   Kind = "version.ready"
	WebhookPaused  Kind = "webhook.paused"
)

// about says of a kind who is told where the event names nobody, and what of it is mailed unless a member
// chooses otherwise.
type about struct {
	permission auth.Permission
	email      bool
	browser    bool
}

var kinds = map[Kind]about{
	SLANear:        {auth.Supervise, false, true},
	SLABreach:      {auth.Supervise, true, true},
	Assigned:       {auth.Converse, false, true},
	TakenBack:      {auth.Supervise, false, false},
	Escalated:      {auth.Supervise, true, true},
	Woken:          {auth.Converse, false, true},
	ReplyNotSent:   {auth.Supervise, true, true},
	Danger:         {auth.Converse, true, true},
	Mention:        {auth.See, true, true},
	BudgetAlarm:    {auth.Configure, true, false},
	AccountTrouble: {auth.Configure, true, true},
	ComplianceItem: {auth.AuditLog, true, false},
	VersionReady:   {auth.Configure, false, false},
	WebhookPaused:  {auth.Configure, true, false},
}

// Kinds lists the kinds by name.
func Kinds() []Kind {
	out := make([]Kind, 0, len(kinds))
	for k := range kinds {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Valid says whether the kind is one of the list.
func (k Kind) Valid() bool { _, ok := kinds[k]; return ok }

// Event is something that members or other systems are to hear of.
type Event struct {
	WorkspaceID    int64
	Kind           Kind
	Members        []int64         // who is told; nil: all whose role the kind is for. An empty list: webhooks only
	Permission     auth.Permission // without Members: another permission than the kind's own
	Except         int64           // the member who did it need not be told
	ConversationID int64           // 0: none
	Object         string          // what it is about beside a conversation: "account:4"
	Data           map[string]any  // ids, numbers, instants; never what a person wrote
	Dedupe         string          // the same thing raised twice is told once; never empty
	At             time.Time       // zero: now
}

// Raise writes notifications and webhooks in the caller's transaction. An event that was raised before, by
// its Dedupe, is not told again.
func Raise(ctx context.Context, tx sqlx.ExtContext, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	var changes []inbox.Change
	for _, e := range events {
		if !e.Kind.Valid() || e.WorkspaceID == 0 || e.Dedupe == "" {
			return fault.New(fault.Internal, "the event %q %q has no known kind, no workspace or no dedupe key", e.Kind, e.Dedupe)
		}
		if e.At.IsZero() {
			e.At = time.Now()
		}
		if e.Data == nil {
			e.Data = map[string]any{}
		}
		told, err := tellMembers(ctx, tx, e)
		if err != nil {
			return err
		}
		for _, user := range told {
			changes = append(changes, inbox.Change{WorkspaceID: e.WorkspaceID, Topic: "notification", ObjectID: user})
		}
		if err := tellEndpoints(ctx, tx, e); err != nil {
			return err
		}
	}
	if err := inbox.Touch(ctx, tx, changes...); err != nil {
		return err
	}
	return inbox.Wake(ctx, tx, Channel)
}

// tellMembers writes a row for each member who is to hear of it, and returns who has not heard before.
func tellMembers(ctx context.Context, tx sqlx.ExtContext, e Event) ([]int64, error) {
	if e.Members != nil && len(e.Members) == 0 {
		return nil, nil
	}
	permission := e.Permission
	if permission == "" {
		permission = kinds[e.Kind].permission
	}
	var roles []string
	for _, r := range auth.Roles {
		if r.Can(permission) {
			roles = append(roles, string(r))
		}
	}
	data, err := json.Marshal(e.Data)
	if err != nil {
		return nil, fmt.Errorf("encode the notification %s: %w", e.Dedupe, err)
	}
	var told []int64
	err = sqlx.SelectContext(ctx, tx, &told, sqlTell, e.WorkspaceID, string(e.Kind), e.ConversationID, e.Object, string(data), e.Dedupe, e.At,
		pq.Array(e.Members), e.Members != nil, pq.Array(roles), e.Except, kinds[e.Kind].email)
	if err != nil {
		return nil, fmt.Errorf("tell members of %s: %w", e.Dedupe, err)
	}
	return told, nil
}

const sqlTell = `
INSERT INTO notifications (workspace_id, user_id, kind, conversation_id, object, data, dedupe, at, mail)
SELECT m.workspace_id, m.user_id, $2, nullif($3::bigint, 0), $4, $5, $6, $7,
       CASE WHEN CASE WHEN c.user_id IS NULL THEN $12 ELSE $2 = ANY(c.email) END THEN 'wanted' ELSE 'none' END
FROM members m JOIN users u ON u.id = m.user_id AND u.disabled_at IS NULL
LEFT JOIN notification_choices c ON c.workspace_id = m.workspace_id AND c.user_id = m.user_id
WHERE m.workspace_id = $1 AND m.user_id <> $11 AND CASE WHEN $9 THEN m.user_id = ANY($8) ELSE m.role = ANY($10) END
ON CONFLICT (workspace_id, user_id, dedupe) DO NOTHING
RETURNING user_id`

// tellEndpoints plans a webhook to each endpoint that wants the kind.
func tellEndpoints(ctx context.Context, tx sqlx.ExtContext, e Event) error {
	body, err := json.Marshal(Payload{ID: eventID(e), Kind: e.Kind, At: e.At.UTC(), WorkspaceID: e.WorkspaceID, ConversationID: e.ConversationID, Object: e.Object, Data: e.Data})
	if err != nil {
		return fmt.Errorf("encode the webhook of %s: %w", e.Dedupe, err)
	}
	if _, err := tx.ExecContext(ctx, sqlPlanSends, e.WorkspaceID, eventID(e), string(e.Kind), string(body), e.At); err != nil {
		return fmt.Errorf("plan the webhooks of %s: %w", e.Dedupe, err)
	}
	return nil
}

// An endpoint that is paused gets what happened meanwhile when somebody resumes it, as far as it is kept.
const sqlPlanSends = `
INSERT INTO webhook_sends (workspace_id, endpoint_id, event_id, kind, body, not_before)
SELECT workspace_id, id, $2, $3, $4, $5 FROM webhook_endpoints
WHERE workspace_id = $1 AND state <> 'removed' AND (cardinality(kinds) = 0 OR $3 = ANY(kinds))
ON CONFLICT (workspace_id, endpoint_id, event_id) WHERE resent_of IS NULL DO NOTHING`

// Payload is the body of a webhook.
type Payload struct {
	ID             string         `json:"id"` // the same in every try: a receiver that has it already ignores it
	Kind           Kind           `json:"kind"`
	At             time.Time      `json:"at"`
	WorkspaceID    int64          `json:"workspace_id"`
	ConversationID int64          `json:"conversation_id,omitempty"`
	Object         string         `json:"object,omitempty"`
	Data           map[string]any `json:"data"`
}

// eventID is the same for the same event of a workspace, so that raising it twice is one webhook.
func eventID(e Event) string {
	return "evt_" + short(fmt.Sprint(e.WorkspaceID, "/", e.Kind, "/", e.Dedupe))
}

func newSecret() string {
	var b [30]byte
	_, _ = rand.Read(b[:])
	return "whsec_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}
