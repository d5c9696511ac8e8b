package outbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/gate"
	"ponte/inbox"
	"ponte/jobs"
)

// recordOutcomes writes outcomes as they come, all that are there in one transaction. While the
// database is away it keeps them and tries again: an outcome that is lost becomes an unknown.
func (s *Sender) recordOutcomes() {
	for o := range s.outcomes {
		batch := []outcome{o}
		for more := true; more && len(batch) < s.Batch; {
			select {
			case next, ok := <-s.outcomes:
				if more = ok; ok {
					batch = append(batch, next)
				}
			default:
				more = false
			}
		}
		s.recordSurely(batch)
		if len(batch) < s.Batch {
			time.Sleep(jobs.Gathering)
		}
	}
}

func (s *Sender) recordSurely(batch []outcome) {
	ctx, cancel := context.WithTimeout(context.Background(), s.RescueAfter)
	defer cancel()
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 5*time.Second) {
		err := s.record(ctx, batch)
		if err == nil {
			return
		}
		if len(batch) > 1 { // one bad outcome must not keep the others
			for _, o := range batch {
				s.recordSurely([]outcome{o})
			}
			return
		}
		s.Log.Error("outbox: an outcome could not be recorded; it is tried again", "action", batch[0].action.ID, "error", err)
		select {
		case <-ctx.Done():
			return // its row is still marked as sending: it becomes unknown and is looked for
		case <-time.After(pause):
		}
	}
}

// record writes outcomes with all their consequences in one transaction.
func (s *Sender) record(ctx context.Context, outcomes []outcome) error {
	if len(outcomes) == 0 {
		return nil
	}
	tx, err := s.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin recording: %w", err)
	}
	defer tx.Rollback()
	r := &recording{ctx: ctx, tx: tx, now: s.Clock(), sender: s}
	if r.people, err = meetRecipients(ctx, tx, outcomes); err != nil {
		return err
	}
	if r.outcomes, err = stillOpen(ctx, tx, outcomes); err != nil {
		return err
	}
	for _, step := range []func() error{r.done, r.failures, r.floods, r.readings} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := inbox.Touch(ctx, tx, r.changes...); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit outcomes: %w", err)
	}
	return nil
}

type recording struct {
	ctx      context.Context
	tx       *sqlx.Tx
	now      time.Time
	sender   *Sender
	people   *inbox.People
	outcomes []outcome
	changes  []inbox.Change
}

// recipientKey is the private identity a private reply was delivered to: on Messenger another id than
// the one the comment came with, on Instagram the same.
func recipientKey(o outcome) (inbox.PersonKey, bool) {
	a := o.action
	if o.failure != nil || o.uncalled() || a.Call.Kind != channels.PrivateReply || o.result.Recipient == "" {
		return inbox.PersonKey{}, false
	}
	channel := a.Call.Channel
	if channel == channels.Facebook {
		channel = channels.Messenger
	}
	return inbox.PersonKey{WorkspaceID: a.WorkspaceID, Channel: channel, Scope: a.AccountID, ExternalID: o.result.Recipient}, true
}

// meetRecipients locks everybody concerned before the actions: the order all writers keep.
func meetRecipients(ctx context.Context, tx *sqlx.Tx, outcomes []outcome) (*inbox.People, error) {
	var people []inbox.Person
	var contacts []int64
	for _, o := range outcomes {
		if o.action.ContactID != 0 {
			contacts = append(contacts, o.action.ContactID)
		}
		if k, ok := recipientKey(o); ok {
			people = append(people, inbox.Person{PersonKey: k})
		}
	}
	return inbox.MeetPeople(ctx, tx, people, nil, contacts)
}

// stillOpen locks the actions and leaves out those that a receipt, an echo or a person settled
// meanwhile.
func stillOpen(ctx context.Context, tx *sqlx.Tx, outcomes []outcome) ([]outcome, error) {
	ids := make([]int64, len(outcomes))
	for i, o := range outcomes {
		ids[i] = o.action.ID
	}
	var open []int64
	if err := tx.SelectContext(ctx, &open, sqlLockOpen, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("lock actions to record: %w", err)
	}
	var out []outcome
	for _, o := range outcomes {
		if slices.Contains(open, o.action.ID) {
			out = append(out, o)
		}
	}
	return out, nil
}

// An action that is done already by its own echo still takes what only the answer knows.
const sqlLockOpen = `
SELECT id FROM actions
WHERE id = ANY($1) AND (state IN ('sending','unknown') OR state = 'done' AND reason = 'seen')
ORDER BY id FOR NO KEY UPDATE`

func (r *recording) done() error {
	var done []outcome
	rows := inbox.NewRows("bigint", "text", "timestamptz", "text")
	for _, o := range r.outcomes {
		if o.uncalled() || o.failure != nil && !o.failure.Done && !gone(o) {
			continue
		}
		done = append(done, o)
		rows.Add(o.action.ID, o.result.ID, r.now, o.result.Status)
		r.changes = append(r.changes, o.action.changes()...)
	}
	if len(done) == 0 {
		return nil
	}
	if _, err := r.tx.ExecContext(r.ctx, fmt.Sprintf(sqlDone, rows.SQL()), rows.Args()...); err != nil {
		return fmt.Errorf("record what was done: %w", err)
	}
	for _, o := range done {
		if err := r.privateReply(o); err != nil {
			return err
		}
	}
	if err := r.templates(done); err != nil {
		return err
	}
	var sent []inbox.Sent
	for _, o := range done {
		a := o.action
		sent = append(sent, inbox.Sent{
			WorkspaceID: a.WorkspaceID, ActionID: a.ID, AccountID: a.AccountID, ThreadID: a.ThreadID, ConversationID: a.ConversationID,
			CommentID: a.CommentID, ExternalID: o.result.ID, Kind: a.Call.Kind, Channel: string(a.Call.Channel), Text: a.Call.Text,
			By: by(a), Human: a.Origin == gate.FromMember, Notice: inbox.Notice(a.Dedupe), SentAt: a.SentAt, At: r.now,
		})
	}
	if err := inbox.RecordSent(r.ctx, r.tx, sent); err != nil {
		return err
	}
	return applyParked(r.ctx, r.tx, r.sender.Ledger, r.now, sent)
}

// gone says whether a comment that was to be deleted is not there any more: the wish stands fulfilled.
func gone(o outcome) bool {
	return o.failure.Reason == "gone" && o.action.Call.Kind == channels.DeleteComment
}

func by(a work) string {
	if a.Origin == gate.FromMember {
		return a.Actor
	}
	return string(a.Origin)
}

const sqlDone = `
UPDATE actions a SET state = 'done', external_id = CASE WHEN k.external_id <> '' THEN k.external_id ELSE a.external_id END,
    done_at = k.at, reason = '', meaning = '', failure = NULL, network_status = k.status
FROM (%s) AS k (id, external_id, at, status) WHERE a.id = k.id`

// privateReply ties the private identity to the commenter, with the network's answer as evidence, and
// makes sure that the thread shows what was written.
func (r *recording) privateReply(o outcome) error {
	key, ok := recipientKey(o)
	if !ok || o.action.ContactID == 0 {
		return nil
	}
	a := o.action
	private := r.people.Find(key)
	if private == nil {
		return fmt.Errorf("the recipient of action %d was not met", a.ID)
	}
	if private.ContactID != a.ContactID {
		join := inbox.Join{WorkspaceID: a.WorkspaceID, IdentityID: private.ID, From: private.ContactID, To: a.ContactID, How: "private_reply",
			Evidence: map[string]any{"action": a.ID, "comment": a.CommentID}, Actor: "system"}
		if err := inbox.JoinIdentity(r.ctx, r.tx, join); err != nil {
			return err
		}
		private.ContactID = a.ContactID
		r.changes = append(r.changes, inbox.Change{WorkspaceID: a.WorkspaceID, Topic: "contact", ObjectID: a.ContactID})
	}
	if a.MessageID != 0 {
		return nil
	}
	want := inbox.WantedThread{ThreadKey: inbox.ThreadKey{AccountID: a.AccountID, Channel: string(key.Channel), IdentityID: private.ID}, WorkspaceID: a.WorkspaceID, ContactID: a.ContactID}
	threads, err := inbox.MeetThreads(r.ctx, r.tx, []inbox.WantedThread{want})
	if err != nil {
		return err
	}
	return inbox.ShowPrivateReply(r.ctx, r.tx, threads[want.ThreadKey], inbox.PrivateReply{
		ActionID: a.ID, CommentID: a.CommentID, TriggerID: a.TriggerID, ExternalID: o.result.ID, Text: a.Call.Text, Human: a.Origin == gate.FromMember, At: r.now,
	})
}
