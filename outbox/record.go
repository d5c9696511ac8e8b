package outbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
	"ponte/inbox"
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
	for _, step := range []func() error{r.done, r.failures, r.floods} {
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
	if o.failure != nil || o.stale != "" || a.Call.Kind != channels.PrivateReply || o.result.Recipient == "" {
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
	rows := inbox.NewRows("bigint", "text", "timestamptz")
	for _, o := range r.outcomes {
		if o.stale != "" || o.failure != nil && !o.failure.Done && !gone(o) {
			continue
		}
		done = append(done, o)
		rows.Add(o.action.ID, o.result.ID, r.now)
		r.changes = append(r.changes, o.action.changes()...)
	}
	if len(done) == 0 {
		return nil
	}
	if _, err := r.tx.ExecContext(r.ctx, fmt.Sprintf(sqlDone, rows.SQL()), rows.Args...); err != nil {
		return fmt.Errorf("record what was done: %w", err)
	}
	for _, o := range done {
		if err := r.privateReply(o); err != nil {
			return err
		}
	}
	var sent []inbox.Sent
	for _, o := range done {
		a := o.action
		sent = append(sent, inbox.Sent{
			WorkspaceID: a.WorkspaceID, ActionID: a.ID, AccountID: a.AccountID, ThreadID: a.ThreadID, ConversationID: a.ConversationID,
			CommentID: a.CommentID, ExternalID: o.result.ID, Kind: a.Call.Kind, Channel: string(a.Call.Channel), Text: a.Call.Text,
			By: by(a), Human: a.Origin == gate.FromMember, At: r.now,
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
    done_at = k.at, reason = '', meaning = '', failure = NULL
FROM (VALUES %s) AS k (id, external_id, at) WHERE a.id = k.id`

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

func (r *recording) failures() error {
	for _, o := range r.outcomes {
		var v verdict
		switch {
		case o.stale != "":
			v = staleVerdict(o)
		case o.failure != nil && !o.failure.Done && !gone(o):
			v = r.sender.judgeFailure(o, r.now)
		default:
			continue
		}
		if err := r.write(o, v); err != nil {
			return err
		}
		if err := r.consequences(o); err != nil {
			return err
		}
	}
	return nil
}

// verdict is what follows from a call that did not work.
type verdict struct {
	state     State
	reason    string
	meaning   string
	notBefore time.Time
}

func staleVerdict(o outcome) verdict {
	if o.stale == "comment_gone" {
		return verdict{state: Cancelled, reason: "comment_gone", meaning: "the comment was removed before its time came"}
	}
	return verdict{state: Refused, reason: o.stale, meaning: "the comment was edited since this was decided; it is for a person to decide again"}
}

const maxAttempts = 8

func (s *Sender) judgeFailure(o outcome, now time.Time) verdict {
	a, f := o.action, o.failure
	v := verdict{state: Failed, reason: cmp.Or(f.Reason, string(f.Class)), meaning: cmp.Or(f.Meaning, "the network refused the call")}
	repeat := slices.Contains(repeatable(), string(a.Call.Kind))
	switch {
	case f.Class == channels.Unknown && !repeat:
		v.state, v.notBefore = Unknown, now.Add(s.SettleAfter)
		v.meaning = "it is not known whether this arrived; it is looked for before anything is sent again"
	case f.Class == channels.Reauthorise:
		v.state = Held
	case f.Reason == "gone" && a.Call.CommentID != "":
		v.state, v.reason = Cancelled, "comment_gone"
	case f.Class == channels.Wait:
		v.state, v.notBefore = Planned, now.Add(max(f.After, time.Second))
	case (f.Class == channels.Retry || f.Class == channels.Unknown) && a.Attempts < maxAttempts:
		v.state, v.notBefore = Planned, now.Add(max(f.After, backoff(a.Attempts)))
	}
	if v.state == Planned && !v.notBefore.Before(a.ValidUntil) {
		v.state = Failed
		v.meaning += "; by the time it could be tried again it would be too late"
	}
	return v
}

func backoff(attempts int) time.Duration {
	d := time.Second << min(attempts, 9)
	return d/2 + rand.N(d/2)
}

func (r *recording) write(o outcome, v verdict) error {
	var failure any
	if o.failure != nil {
		b, err := json.Marshal(o.failure)
		if err != nil {
			return fmt.Errorf("encode failure of action %d: %w", o.action.ID, err)
		}
		failure = string(b)
	}
	var notBefore any
	if !v.notBefore.IsZero() {
		notBefore = v.notBefore
	}
	final := v.state == Failed || v.state == Cancelled || v.state == Refused
	if _, err := r.tx.ExecContext(r.ctx, sqlFailed, o.action.ID, string(v.state), v.reason, v.meaning, failure, notBefore, final, r.now); err != nil {
		return fmt.Errorf("record the failure of action %d: %w", o.action.ID, err)
	}
	r.changes = append(r.changes, o.action.changes()...)
	return nil
}

const sqlFailed = `
UPDATE actions SET state = $2, reason = $3, meaning = $4, failure = $5::jsonb, not_before = coalesce($6::timestamptz, not_before),
    done_at = CASE WHEN $7 THEN $8::timestamptz END
WHERE id = $1 AND state <> 'done'`

// consequences beyond the action itself: an account that must be connected again, a comment that is
// gone, a person who told the network to stop.
func (r *recording) consequences(o outcome) error {
	a := o.action
	if o.stale == "comment_gone" || o.failure != nil && o.failure.Reason == "gone" && a.CommentID != 0 {
		return inbox.SetCommentState(r.ctx, r.tx, a.WorkspaceID, a.CommentID, "removed", "network")
	}
	if o.failure == nil {
		return nil
	}
	if o.failure.Class == channels.Reauthorise {
		r.changes = append(r.changes, inbox.Change{WorkspaceID: a.WorkspaceID, Topic: "account", ObjectID: a.AccountID})
		if _, err := r.tx.ExecContext(r.ctx, sqlNeedsReauthorisation, a.AccountID, o.failure.Meaning); err != nil {
			return fmt.Errorf("mark account %d: %w", a.AccountID, err)
		}
	}
	if stoppedMarketing(o.failure) {
		return withdraw(r.ctx, r.tx, r.sender.Ledger, []stopped{{a.WorkspaceID, a.ID, a.IdentityID, r.now}})
	}
	return nil
}

const sqlNeedsReauthorisation = `
UPDATE accounts SET state = 'needs_reauthorisation', state_reason = $2 WHERE id = $1 AND state = 'connected'`

// stoppedMarketing: the person told WhatsApp itself that they want no marketing of this business.
func stoppedMarketing(f *channels.Failure) bool { return f != nil && f.Code == 131050 }

type stopped struct {
	workspace, action, identity int64
	at                          time.Time
}

// withdraw enters what the network told into the ledger. The contact is locked by the caller where it
// can be; the ledger orders by time in any case.
func withdraw(ctx context.Context, tx sqlx.ExtContext, ledger *consent.Ledger, list []stopped) error {
	var entries []consent.Entry
	for _, s := range list {
		var i struct {
			inbox.Identity
			Brand string `db:"brand"`
		}
		if s.identity == 0 {
			continue
		}
		if err := sqlx.GetContext(ctx, tx, &i, sqlIdentityBrand, s.workspace, s.identity); err != nil {
			return fmt.Errorf("load the identity that stopped marketing: %w", err)
		}
		entries = append(entries, consent.Entry{
			WorkspaceID: s.workspace, At: s.at, Brand: i.Brand, Channel: i.Channel, Purpose: consent.Promotional, Act: consent.Withdraw,
			Kind: consent.Express, How: "network_refusal", Evidence: consent.Evidence{"action": fmt.Sprint(s.action), "code": "131050"}, Actor: "network",
			Personal: consent.Personal{ContactID: i.ContactID, IdentityID: i.ID, Address: consent.AddressOf(i.Identity)},
		})
	}
	return ledger.Append(ctx, tx, entries)
}

const sqlIdentityBrand = `
SELECT i.workspace_id, i.id, i.contact_id, i.channel, i.scope, i.external_id, i.phone, i.username, i.name,
       CASE WHEN w.brand <> '' THEN w.brand ELSE w.name END AS brand
FROM identities i JOIN workspaces w ON w.id = i.workspace_id WHERE i.workspace_id = $1 AND i.id = $2`

// floods holds an account on which the same failure comes again and again. It is shown; nobody's
// status is changed by it, because the fault may be the network's.
func (r *recording) floods() error {
	seen := map[int64]bool{}
	for _, o := range r.outcomes {
		if o.failure == nil || o.failure.Done || o.failure.Code == 0 || seen[o.action.AccountID] {
			continue
		}
		seen[o.action.AccountID] = true
		if err := holdFlood(r.ctx, r.tx, o.action.WorkspaceID, o.action.AccountID, r.sender.FloodLimit, r.now); err != nil {
			return err
		}
	}
	return nil
}

func holdFlood(ctx context.Context, tx sqlx.ExtContext, workspace, account int64, limit int, now time.Time) error {
	res, err := tx.ExecContext(ctx, sqlHoldFlood, account, now.Add(-10*time.Minute), limit)
	if err != nil {
		return fmt.Errorf("look for a flood of errors on account %d: %w", account, err)
	}
	if n, _ := res.RowsAffected(); n > 0 {
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "account", ObjectID: account})
	}
	return nil
}

// Failed calls and failed receipts count alike: an invalid number is told by either.
const sqlHoldFlood = `
UPDATE accounts SET sending = false, state_reason = 'held: ' || f.n || ' failures with code ' || f.code || ' in ten minutes; look into it, then switch sending on'
FROM (SELECT code, count(*) AS n FROM (
        SELECT failure->>'code' AS code FROM actions WHERE account_id = $1 AND state = 'failed' AND done_at > $2
        UNION ALL
        SELECT detail->>'code' FROM receipts WHERE account_id = $1 AND status = 'failed' AND at > $2) x
      WHERE code IS NOT NULL AND code <> '0' GROUP BY code HAVING count(*) >= $3 ORDER BY 2 DESC LIMIT 1) f
WHERE accounts.id = $1 AND accounts.sending`
