package outbox

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"ponte/channels"
	"ponte/gate"
	"ponte/inbox"
)

// CommentNow is a comment as the network shows it at this moment.
type CommentNow struct {
	Exists bool
	Hidden bool
	Text   string
}

// reading is what looking at a comment before a call brought.
type reading struct {
	state string // same, edited, gone, hidden, unreadable; empty: it was not looked at
	text  string // edited: the words as they are now
	at    time.Time
	again bool // it could not be read for a reason that may pass: nothing is called meanwhile
}

// stops says whether the call must not be made now.
func (r reading) stops() bool {
	return r.again || r.state == "edited" || r.state == "gone" || r.state == "hidden"
}

// commentThen is what an automatic action on a comment was decided on, and how old that is.
type commentThen struct {
	Text     string    `db:"text"`
	State    string    `db:"state"`
	SeenAt   time.Time `db:"seen_at"`
	Settings []byte    `db:"settings"`
}

// readBack looks at a comment again before an automatic action on it that leaves later than the stated
// age after the comment was last seen: Instagram announces neither edits nor removals, and a webhook of
// Facebook's may be lost. What a member asked for is done as asked.
func (s *Sender) readBack(ctx context.Context, account channels.Account, a work) reading {
	reply := a.Call.Kind == channels.ReplyToComment || a.Call.Kind == channels.PrivateReply
	if s.ReadComment == nil || a.Call.CommentID == "" || a.Origin == gate.FromMember || !reply && a.Call.Channel != channels.Instagram {
		return reading{}
	}
	now := s.Clock()
	var then commentThen
	err := s.DB.GetContext(ctx, &then, sqlCommentThen, a.WorkspaceID, a.CommentID)
	if errors.Is(err, sql.ErrNoRows) {
		return reading{}
	}
	if err != nil {
		return reading{state: "unreadable", at: now, again: true}
	}
	settings, err := inbox.ParseSettings(then.Settings)
	if err != nil || now.Sub(then.SeenAt) < time.Duration(settings.ReadBackMinutes)*time.Minute {
		return reading{} // settings that make no sense stop at the gate
	}
	is, err := s.ReadComment(ctx, account, a.Call)
	switch {
	case err != nil:
		return reading{state: "unreadable", at: now, again: passes(err)}
	case !is.Exists:
		return reading{state: "gone", at: now}
	case is.Text != "" && !sameWords(is.Text, then.Text):
		return reading{state: "edited", text: is.Text, at: now}
	case is.Hidden && then.State == "visible" && reply:
		return reading{state: "hidden", at: now}
	}
	return reading{state: "same", at: now}
}

const sqlCommentThen = `
SELECT c.text, c.state, greatest(c.created_at, c.edited_at, c.seen_at) AS seen_at, w.settings
FROM comments c JOIN workspaces w ON w.id = c.workspace_id WHERE c.workspace_id = $1 AND c.id = $2`

// passes says whether a failure to read may pass by itself. One that does not is left to the call, which
// meets the same network with the same token.
func passes(err error) bool {
	switch f := failureOf(err); f.Class {
	case channels.Retry, channels.Wait, channels.Unknown:
		return true
	}
	return false
}

// sameWords compares as the networks do: spaces at the ends come and go between a webhook and a reading.
func sameWords(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(b), " ")
}

// readAgainAfter is how long an action waits while an edited comment is judged again, or until a comment
// that could not be read is tried once more.
const readAgainAfter = time.Minute

// readyAgainAfter is how long it waits for ponte's own database.
const readyAgainAfter = 5 * time.Second

// readings records what was seen of comments, and raises an event where the words have changed: they are
// judged again in their lane, and the action waits.
func (r *recording) readings() error {
	rows, seen := inbox.NewRows("bigint", "text", "timestamptz"), inbox.NewRows("bigint", "bigint", "timestamptz")
	var raised []inbox.InternalEvent
	for _, o := range r.outcomes {
		if o.read.state == "" {
			continue
		}
		rows.Add(o.action.ID, o.read.state, o.read.at)
		if o.read.state == "same" {
			seen.Add(o.action.WorkspaceID, o.action.CommentID, o.read.at)
		}
		if o.read.state == "edited" {
			e, err := r.reworded(o)
			if err != nil {
				return err
			}
			raised = append(raised, e)
		}
	}
	if rows.Len() == 0 {
		return nil
	}
	if _, err := r.tx.ExecContext(r.ctx, fmt.Sprintf(sqlRecordReadings, rows.SQL()), rows.Args()...); err != nil {
		return fmt.Errorf("record what was read back: %w", err)
	}
	if seen.Len() > 0 {
		if _, err := r.tx.ExecContext(r.ctx, fmt.Sprintf(sqlSeenComments, seen.SQL()), seen.Args()...); err != nil {
			return fmt.Errorf("record when comments were seen: %w", err)
		}
	}
	if len(raised) == 0 {
		return nil
	}
	return inbox.Raise(r.ctx, r.tx, raised...)
}

const sqlRecordReadings = `
UPDATE actions a SET read_back = k.read_back, read_back_at = k.at FROM (%s) AS k (id, read_back, at) WHERE a.id = k.id`

const sqlSeenComments = `
UPDATE comments c SET seen_at = k.at FROM (SELECT DISTINCT ON (workspace_id, id) * FROM (%s) AS v (workspace_id, id, at) ORDER BY workspace_id, id, at DESC) k
WHERE c.workspace_id = k.workspace_id AND c.id = k.id AND (c.seen_at IS NULL OR c.seen_at < k.at)`

func (r *recording) reworded(o outcome) (inbox.InternalEvent, error) {
	a := o.action
	var c struct {
		Channel string `db:"channel"`
		Root    string `db:"root_external_id"`
	}
	if err := r.tx.GetContext(r.ctx, &c, `SELECT channel, root_external_id FROM comments WHERE workspace_id = $1 AND id = $2`, a.WorkspaceID, a.CommentID); err != nil {
		return inbox.InternalEvent{}, fmt.Errorf("load the comment that was edited: %w", err)
	}
	sum := sha256.Sum256([]byte(o.read.text))
	return inbox.InternalEvent{
		WorkspaceID: a.WorkspaceID, AccountID: a.AccountID, Key: fmt.Sprintf("reread:%d:%x", a.CommentID, sum[:12]), Kind: inbox.CommentReread,
		Channel: c.Channel, Lane: inbox.LaneOf(a.AccountID, "c:"+c.Root), At: o.read.at,
		Payload: map[string]any{"comment_id": a.CommentID, "text": o.read.text},
	}, nil
}

// stoppedBy is what follows for an action whose call was not made.
func (o outcome) stoppedBy(now time.Time) verdict {
	v := verdict{state: Planned, notBefore: now.Add(readAgainAfter)}
	switch {
	case o.late:
		v.notBefore, v.reason, v.meaning = now, "judged_again", "it came to its turn later than it was judged; it is judged again first"
	case o.unready:
		v.notBefore, v.reason, v.meaning = now.Add(readyAgainAfter), "not_ready", "its account could not be read from the database; it is tried again"
	case o.read.state == "gone":
		v = verdict{state: Cancelled, reason: "comment_gone", meaning: "the comment was removed before its time came"}
	case o.read.state == "hidden":
		v = verdict{state: Refused, reason: "comment_hidden", meaning: "the comment was hidden on the network before its time came"}
	case o.read.state == "edited":
		v.reason, v.meaning = "comment_edited", "the comment was edited since this was decided; it is judged again first"
	default:
		v.reason, v.meaning = "comment_unreadable", "the comment could not be read before an automatic answer to it; it is tried again"
	}
	if v.state == Planned && !v.notBefore.Before(o.action.ValidUntil) {
		v = verdict{state: Expired, reason: v.reason, meaning: strings.TrimSuffix(v.meaning, ".") + "; by then it would be too late"}
	}
	return v
}
