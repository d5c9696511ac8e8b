package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/gate"
)

// work is an action as its row has it. Ids that are zero are not known.
type work struct {
	WorkspaceID int64
	ID          int64 // zero: Add draws one
	AccountID   int64
	Call        channels.Call
	State       State
	Reason      string
	Meaning     string
	Purpose     gate.Purpose // a wish for Add, which may make it stricter
	Origin      gate.Origin
	Actor       string
	Token       string // Add draws it; it comes back in echoes and statuses
	Dedupe      string // the same effect asked twice is one action

	ContactID      int64
	IdentityID     int64
	ThreadID       int64
	ConversationID int64
	CommentID      int64
	MessageID      int64
	AnswersEvent   int64
	TriggerID      int64
	CampaignID     int64
	Sequence       string
	WaitsFor       int64  // not before this action is done
	After          string // the same by Dedupe, for an action of the same batch

	NotBefore  time.Time // zero: now
	ValidUntil time.Time
	Attempts   int
	Looks      int
	SentAt     time.Time
	CreatedAt  time.Time

	Bubble *Bubble // the message as it stands in the thread, written with the action
}

func (a Action) work() work {
	return work{
		WorkspaceID: a.WorkspaceID, ID: a.ID, AccountID: a.AccountID, Call: a.Call, Purpose: gate.Purpose(a.Purpose), Origin: gate.Origin(a.Origin),
		Actor: a.Actor, Token: a.Token, Dedupe: a.Dedupe, ContactID: value(a.ContactID), IdentityID: value(a.IdentityID),
		ThreadID: value(a.ThreadID), ConversationID: value(a.ConversationID), CommentID: value(a.CommentID), MessageID: value(a.MessageID),
		AnswersEvent: value(a.AnswersEvent), TriggerID: value(a.TriggerID), CampaignID: value(a.CampaignID), Sequence: a.Sequence, WaitsFor: value(a.WaitsFor), After: a.After,
		NotBefore: a.NotBefore, ValidUntil: a.ValidUntil, Bubble: a.Bubble,
	}
}

func (w work) public() Action {
	return Action{
		WorkspaceID: w.WorkspaceID, ID: w.ID, AccountID: w.AccountID, Kind: string(w.Call.Kind), State: w.State, Purpose: string(w.Purpose),
		Origin: string(w.Origin), Actor: w.Actor, Token: w.Token, Dedupe: w.Dedupe, ContactID: pointer(w.ContactID), IdentityID: pointer(w.IdentityID),
		ThreadID: pointer(w.ThreadID), ConversationID: pointer(w.ConversationID), CommentID: pointer(w.CommentID), MessageID: pointer(w.MessageID),
		AnswersEvent: pointer(w.AnswersEvent), TriggerID: pointer(w.TriggerID), CampaignID: pointer(w.CampaignID), Sequence: w.Sequence, WaitsFor: pointer(w.WaitsFor), After: w.After, Call: w.Call,
		NotBefore: w.NotBefore, ValidUntil: w.ValidUntil, Bubble: w.Bubble,
	}
}

func value(id *int64) int64 {
	if id == nil {
		return 0
	}
	return *id
}

func pointer(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

func null(id int64) any {
	if id == 0 {
		return nil
	}
	return id
}

type actionRow struct {
	WorkspaceID    int64      `db:"workspace_id"`
	ID             int64      `db:"id"`
	AccountID      int64      `db:"account_id"`
	State          string     `db:"state"`
	Reason         string     `db:"reason"`
	Meaning        string     `db:"meaning"`
	Purpose        string     `db:"purpose"`
	Origin         string     `db:"origin"`
	Actor          string     `db:"actor"`
	Token          string     `db:"token"`
	Dedupe         string     `db:"dedupe"`
	ContactID      int64      `db:"contact_id"`
	IdentityID     int64      `db:"identity_id"`
	ThreadID       int64      `db:"thread_id"`
	ConversationID int64      `db:"conversation_id"`
	CommentID      int64      `db:"comment_id"`
	MessageID      int64      `db:"message_id"`
	AnswersEvent   int64      `db:"answers_event"`
	WaitsFor       int64      `db:"waits_for"`
	TriggerID      int64      `db:"trigger_id"`
	CampaignID     int64      `db:"campaign_id"`
	Sequence       string     `db:"sequence"`
	Call           []byte     `db:"call"`
	NotBefore      time.Time  `db:"not_before"`
	ValidUntil     time.Time  `db:"valid_until"`
	Attempts       int        `db:"attempts"`
	Looks          int        `db:"looks"`
	SentAt         *time.Time `db:"sent_at"`
	CreatedAt      time.Time  `db:"created_at"`
}

const actionColumns = `a.workspace_id, a.id, a.account_id, a.state, a.reason, a.meaning, a.purpose, a.origin, a.actor, a.token, a.dedupe,
       coalesce(a.contact_id, 0) AS contact_id, coalesce(a.identity_id, 0) AS identity_id, coalesce(a.thread_id, 0) AS thread_id,
       coalesce(a.conversation_id, 0) AS conversation_id, coalesce(a.comment_id, 0) AS comment_id, coalesce(a.message_id, 0) AS message_id,
       coalesce(a.answers_event, 0) AS answers_event, coalesce(a.waits_for, 0) AS waits_for, coalesce(a.trigger_id, 0) AS trigger_id,
       coalesce(a.campaign_id, 0) AS campaign_id, a.sequence, a.call, a.not_before, a.valid_until, a.attempts, a.looks, a.sent_at, a.created_at`

// selectActions reads actions; rest follows FROM actions a.
func selectActions(ctx context.Context, q sqlx.QueryerContext, rest string, args ...any) ([]work, error) {
	var rows []actionRow
	if err := sqlx.SelectContext(ctx, q, &rows, `SELECT `+actionColumns+` FROM actions a`+rest, args...); err != nil {
		return nil, fmt.Errorf("load actions: %w", err)
	}
	out := make([]work, len(rows))
	for i, r := range rows {
		a, err := r.action()
		if err != nil {
			return nil, err
		}
		out[i] = a
	}
	return out, nil
}

func (r actionRow) action() (work, error) {
	a := work{
		WorkspaceID: r.WorkspaceID, ID: r.ID, AccountID: r.AccountID, State: State(r.State), Reason: r.Reason, Meaning: r.Meaning,
		Purpose: gate.Purpose(r.Purpose), Origin: gate.Origin(r.Origin), Actor: r.Actor, Token: r.Token, Dedupe: r.Dedupe,
		ContactID: r.ContactID, IdentityID: r.IdentityID, ThreadID: r.ThreadID, ConversationID: r.ConversationID, CommentID: r.CommentID,
		MessageID: r.MessageID, AnswersEvent: r.AnswersEvent, WaitsFor: r.WaitsFor, TriggerID: r.TriggerID, CampaignID: r.CampaignID, Sequence: r.Sequence,
		NotBefore: r.NotBefore, ValidUntil: r.ValidUntil, Attempts: r.Attempts, Looks: r.Looks, CreatedAt: r.CreatedAt,
	}
	if r.SentAt != nil {
		a.SentAt = *r.SentAt
	}
	if err := json.Unmarshal(r.Call, &a.Call); err != nil {
		return a, fmt.Errorf("read the call of action %d: %w", r.ID, err)
	}
	return a, nil
}
