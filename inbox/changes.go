package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
)

// Change tells open pages what to read again.
type Change struct {
	WorkspaceID int64  `db:"workspace_id"`
	Topic       string `db:"topic"` // comment, conversation, message, action, account, contact, trigger, settings
	ObjectID    int64  `db:"object_id"`
}

// Touch records changes and wakes the streams when the transaction commits.
func Touch(ctx context.Context, tx sqlx.ExtContext, changes ...Change) error {
	if len(changes) == 0 {
		return nil
	}
	rows := NewRows("bigint", "text", "bigint")
	seen := make(map[Change]bool, len(changes))
	for _, c := range changes {
		if !seen[c] {
			seen[c] = true
			rows.Add(c.WorkspaceID, c.Topic, c.ObjectID)
		}
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO changes (workspace_id, topic, object_id) `+rows.SQL(), rows.Args()...); err != nil {
		return fmt.Errorf("record changes: %w", err)
	}
	return Wake(ctx, tx, "ponte_changes")
}

// Wake notifies a channel at commit; listeners poll as well, so a lost wake-up only costs time.
func Wake(ctx context.Context, tx sqlx.ExtContext, channel string) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_notify($1, '')`, channel); err != nil {
		return fmt.Errorf("wake %s: %w", channel, err)
	}
	return nil
}

// Lanes is how many lanes there are; migrations/0002 makes the rows.
const Lanes = 64

// LaneOf maps a lane's name to its number.
func LaneOf(accountID int64, lane string) int16 {
	h := fnv.New32a()
	_, _ = fmt.Fprintf(h, "%d/%s", accountID, lane)
	return int16(h.Sum32() % Lanes)
}

// InternalEvent is something that happened inside ponte and must be decided in its lane: an answer
// of the LLM, an approval by a person, a clock that rang.
type InternalEvent struct {
	WorkspaceID int64
	AccountID   int64
	Key         string
	Kind        channels.Kind
	Channel     string
	Lane        int16
	At          time.Time
	NotBefore   *time.Time // not decided before this instant
	Payload     any
}

// The kinds of internal events.
const (
	LLMAnswered     channels.Kind = "llm.answered"         // payload {ask_id, answer}
	CommentApproved channels.Kind = "comment.approved"     // payload {comment_id}: a person allowed it; triggers may act now
	CaptionRead     channels.Kind = "comment.caption_read" // payload {comment_id}: its post's caption is known; triggers with a hashtag may act now
	CommentReread   channels.Kind = "comment.reread"       // payload {comment_id, text}: read back before an answer, and it says something else
	FlowSettled     channels.Kind = "flow.settled"         // payload live.Payload: it was quiet after a message to a flow
	FlowTimer       channels.Kind = "flow.timer"           // payload live.Payload: the time a flow waited for has come
	FlowCalled      channels.Kind = "flow.called"          // payload live.Payload: another system answered, or did not
	BookingNotice   channels.Kind = "booking.notice"       // payload {notice_id}: a reminder of a booking is due
)

// Raise puts internal events into their lanes; the same key is raised once.
func Raise(ctx context.Context, tx sqlx.ExtContext, list ...InternalEvent) error {
	const most = 1000 // rows a statement, far below the protocol's limit of parameters
	for len(list) > 0 {
		part := list[:min(most, len(list))]
		list = list[len(part):]
		rows := NewRows("bigint", "bigint", "text", "text", "text", "smallint", "text", "timestamptz", "timestamptz", "json")
		for _, e := range part {
			payload, err := json.Marshal(e.Payload)
			if err != nil {
				return fmt.Errorf("encode event %s: %w", e.Key, err)
			}
			rows.Add(e.WorkspaceID, e.AccountID, e.Key, string(e.Kind), e.Channel, e.Lane, "internal", e.At, e.NotBefore, string(payload))
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlRaise, rows.SQL()), rows.Args()...); err != nil {
			return fmt.Errorf("raise %d events: %w", len(part), err)
		}
	}
	return Wake(ctx, tx, "ponte_events")
}

const sqlRaise = `
INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, source, occurred_at, not_before, payload)
%s
ON CONFLICT (account_id, key) DO NOTHING`
