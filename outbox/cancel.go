package outbox

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/fault"
	"ponte/gate"
	"ponte/inbox"
)

// Cancellation says which waiting actions are to be stopped, and why. Zero fields do not narrow, but at
// least one of ActionID, BookingID, ConversationID, ContactID, IdentityID, CommentID and RootComment must be set.
type Cancellation struct {
	WorkspaceID    int64
	AccountID      int64 // with RootComment
	ActionID       int64
	BookingID      int64 // what tells of it as it was: reminders, the question how it was
	ConversationID int64
	ContactID      int64
	IdentityID     int64
	CommentID      int64
	RootComment    string  // the network's id of a comment thread: everything planned under it
	Events         []int64 // only what answers these
	Kinds          []channels.CallKind
	Purposes       []gate.Purpose
	Automatic      bool   // only what no member asked for; implied by RootComment
	Spare          string // an actor whose own actions stay: a program that speaks twice does not contradict itself
	Reason         string
	Meaning        string
}

// MayMean says that an action not yet added could be among those to be stopped: what is planned and stopped in
// one transaction is added first.
func (c Cancellation) MayMean(a Action) bool {
	is := func(want int64, have *int64) bool { return want == 0 || have != nil && *have == want }
	return a.WorkspaceID == c.WorkspaceID && is(c.ConversationID, a.ConversationID) && is(c.ContactID, a.ContactID) && is(c.IdentityID, a.IdentityID) &&
		is(c.CommentID, a.CommentID) && (c.RootComment == "" || a.CommentID != nil)
}

// Cancel stops actions that have not left yet and returns their ids. What is being sent, or may have
// been, cannot be stopped any more. Moderation of a comment is not stopped by RootComment: somebody
// answering is no reason to leave something harmful standing.
func Cancel(ctx context.Context, tx sqlx.ExtContext, c Cancellation) ([]int64, error) {
	if c.WorkspaceID == 0 || c.Reason == "" || c.ActionID == 0 && c.BookingID == 0 && c.ConversationID == 0 && c.ContactID == 0 && c.IdentityID == 0 && c.CommentID == 0 && c.RootComment == "" {
		return nil, fault.New(fault.Internal, "cancelling needs a workspace, a reason and something to cancel")
	}
	if c.RootComment != "" && c.AccountID == 0 {
		return nil, fault.New(fault.Internal, "cancelling under a comment needs its account")
	}
	narrowed, args := c.narrow([]any{c.WorkspaceID, c.Reason, c.Meaning, c.Automatic, c.Spare, pq.Array(c.Events), pq.Array(texts(c.Kinds)), pq.Array(texts(c.Purposes))})
	var ids []int64
	if err := sqlx.SelectContext(ctx, tx, &ids, sqlCancel+narrowed+` RETURNING id`, args...); err != nil {
		return nil, fmt.Errorf("cancel actions: %w", err)
	}
	return ids, inbox.Touch(ctx, tx, actionChanges(c.WorkspaceID, ids)...)
}

const sqlCancel = `
UPDATE actions SET state = 'cancelled', reason = $2, meaning = $3, done_at = now()
WHERE workspace_id = $1 AND state IN ('planned','held')
  AND (NOT $4 OR origin <> 'member') AND ($5 = '' OR actor <> $5)
  AND (coalesce(cardinality($6::bigint[]), 0) = 0 OR answers_event = ANY($6))
  AND (coalesce(cardinality($7::text[]), 0) = 0 OR kind = ANY($7))
  AND (coalesce(cardinality($8::text[]), 0) = 0 OR purpose = ANY($8))`

// narrow says of what: each field that is set is a condition of its own, so that one plan for all values finds the
// rows by it.
func (c Cancellation) narrow(args []any) (string, []any) {
	var out strings.Builder
	add := func(condition string, values ...any) {
		places := make([]any, len(values))
		for i := range values {
			places[i] = len(args) + i + 1
		}
		args = append(args, values...)
		fmt.Fprintf(&out, " AND "+condition, places...)
	}
	for _, f := range []struct {
		column string
		id     int64
	}{{"id", c.ActionID}, {"conversation_id", c.ConversationID}, {"contact_id", c.ContactID}, {"identity_id", c.IdentityID}, {"comment_id", c.CommentID}} {
		if f.id != 0 {
			add(f.column+" = $%d", f.id)
		}
	}
	if c.RootComment != "" {
		add(`origin <> 'member' AND purpose <> 'moderation' AND comment_id IN (
        SELECT id FROM comments WHERE workspace_id = $1 AND account_id = $%d AND root_external_id = $%d)`, c.AccountID, c.RootComment)
	}
	if c.BookingID != 0 {
		add(`dedupe LIKE 'booking:%%' AND split_part(dedupe, ':', 2) = $%d::bigint::text`, c.BookingID)
	}
	return out.String(), args
}

// BookingNotice is by what an action that tells of a booking is known: one for each notice and time.
func BookingNotice(booking int64, kind string, due time.Time) string {
	return fmt.Sprintf("booking:%d:%s:%d", booking, kind, due.Unix())
}

// BookingChanged stops what waits and tells of a booking as it was before it was moved or cancelled.
func BookingChanged(ctx context.Context, tx sqlx.ExtContext, workspace, booking int64) error {
	_, err := Cancel(ctx, tx, Cancellation{WorkspaceID: workspace, BookingID: booking, Reason: "booking_changed", Meaning: "the booking was moved or cancelled before this left"})
	return err
}

// erasedMeaning is what an action says that was stopped because its person was erased.
const erasedMeaning = "the person's data was erased"

// CancelErased stops what waits for a person who is erased, and what waits for somebody to say whether it arrived:
// there is nobody any more to look at. What is being sent or looked for ends by itself.
func CancelErased(ctx context.Context, tx sqlx.ExtContext, workspace, contact int64) error {
	if _, err := Cancel(ctx, tx, Cancellation{WorkspaceID: workspace, ContactID: contact, Reason: "erased", Meaning: erasedMeaning}); err != nil {
		return err
	}
	var ids []int64
	if err := sqlx.SelectContext(ctx, tx, &ids, sqlCancelErased, workspace, contact, erasedMeaning, askPerson); err != nil {
		return fmt.Errorf("cancel actions of an erased person: %w", err)
	}
	return inbox.Touch(ctx, tx, actionChanges(workspace, ids)...)
}

const sqlCancelErased = `
UPDATE actions a SET state = 'cancelled', reason = 'erased', meaning = $3, done_at = now()
WHERE workspace_id = $1 AND (state IN ('planned','held') OR state = 'unknown' AND reason = $4)
  AND (contact_id = $2 OR identity_id IN (SELECT id FROM identities WHERE workspace_id = $1 AND contact_id = $2))
RETURNING id`

func texts[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

func actionChanges(workspace int64, ids []int64) []inbox.Change {
	out := make([]inbox.Change, len(ids))
	for i, id := range ids {
		out[i] = inbox.Change{WorkspaceID: workspace, Topic: "action", ObjectID: id}
	}
	return out
}

// Retry lets a failed action go out once more, through the gate like any other. The network said no
// the first time, so nothing can happen twice.
func Retry(ctx context.Context, tx sqlx.ExtContext, workspace, id int64) error {
	return move(ctx, tx, workspace, id, sqlRetry, "action %d cannot be sent again: only a failed one whose time has not passed can")
}

const sqlRetry = `
UPDATE actions SET state = 'planned', reason = '', meaning = '', failure = NULL, done_at = NULL, not_before = now()
WHERE workspace_id = $1 AND id = $2 AND state = 'failed' AND valid_until > now()`

// Finding is what a person found out about an action whose outcome was not known.
type Finding string

// The findings: it took place; it did not and shall not; it did not and may go out once more.
const (
	TookPlace    Finding = "took_place"
	DidNot       Finding = "did_not"
	SendOnceMore Finding = "send_again"
)

// Settle records what a person found out about an action whose outcome was not known.
func Settle(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, found Finding) error {
	stmt, ok := map[Finding]string{TookPlace: sqlSettledDone, DidNot: sqlSettledNot, SendOnceMore: sqlSettledAgain}[found]
	if !ok {
		return fault.New(fault.Invalid, "%q is no finding about an action", found)
	}
	return move(ctx, tx, workspace, id, stmt, "action %d has a known outcome already")
}

// What follows from it is written by finishSeen, as if the network had said so. Who said so stands in the
// audit log.
const sqlSettledDone = `
UPDATE actions SET state = 'done', reason = 'seen', meaning = 'a person saw that it took place', done_at = now(), claimed_by = ''
WHERE workspace_id = $1 AND id = $2 AND state = 'unknown'`

const sqlSettledNot = `
UPDATE actions SET state = 'cancelled', reason = 'settled_by_person', meaning = 'a person saw that it did not take place', done_at = now()
WHERE workspace_id = $1 AND id = $2 AND state = 'unknown'`

const sqlSettledAgain = `
UPDATE actions SET state = 'planned', reason = '', meaning = '', failure = NULL, looks = 0, not_before = now(), gap_cleared = ` + sqlThisGap + `
WHERE workspace_id = $1 AND id = $2 AND state = 'unknown'`

func move(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, stmt, refusal string) error {
	res, err := tx.ExecContext(ctx, stmt, workspace, id)
	if err != nil {
		return fmt.Errorf("change action %d: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.Conflict, refusal, id)
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "action", ObjectID: id}); err != nil {
		return err
	}
	return inbox.Wake(ctx, tx, Channel)
}
