package outbox

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/inbox"
)

func (r *recording) failures() error {
	for _, o := range r.outcomes {
		var v verdict
		switch {
		case o.uncalled():
			v = o.stoppedBy(r.now)
		case o.failure != nil && !o.failure.Done && !gone(o):
			v = r.sender.judgeFailure(o, r.now)
			if v.lastTry {
				own, err := isOwnFault(r.ctx, r.tx, o.action, r.now)
				if err != nil {
					return err
				}
				if own {
					v.state, v.notBefore = Failed, time.Time{}
				}
			}
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
	lastTry   bool // it went without an answer as often as one call may where others get theirs
}

// maxAttempts is how often a call is tried that gets no answer where others do. While the network answers nothing of an
// account, it is tried on, within its validity: an outage of hours must not cost what was to be sent in it.
const maxAttempts = 8

func (s *Sender) judgeFailure(o outcome, now time.Time) verdict {
	a, f := o.action, o.failure
	v := verdict{state: Failed, reason: cmp.Or(f.Reason, string(f.Class)), meaning: cmp.Or(f.Meaning, "the network refused the call")}
	repeat := slices.Contains(repeatable(), string(a.Call.Kind))
	switch {
	case f.Class == channels.Unknown && !repeat:
		v.state, v.notBefore = Unknown, now.Add(s.SettleAfter)
		v.meaning = "it is not known whether this arrived; it is looked for before anything is sent again"
	case f.Class == channels.Reauthorise || stopsAccount(f):
		v.state = Held
	case f.Reason == "gone" && a.Call.CommentID != "":
		v.state, v.reason = Cancelled, "comment_gone"
	case f.Class == channels.Wait:
		v.state, v.notBefore = Planned, now.Add(limitPause(f.After, a.Attempts))
	case f.Class == channels.Retry || f.Class == channels.Unknown:
		v.lastTry = a.Attempts >= maxAttempts
		v.state, v.notBefore = Planned, now.Add(max(f.After, backoff(a.Attempts)))
	}
	return v.inTime(a)
}

// inTime gives up what would come too late.
func (v verdict) inTime(a work) verdict {
	if v.state == Planned && !v.notBefore.Before(a.ValidUntil) {
		v.state = Failed
		v.meaning = strings.TrimSuffix(v.meaning, ".") + "; by the time it could be tried again it would be too late"
	}
	return v
}

// maxAlone is how often a call is tried where nothing else is sent that could be answered: about an hour.
const maxAlone = 16

const answeredLately = 15 * time.Minute

// isOwnFault says whether a call fails by itself: others of its account were answered since it was tried before – what was
// answered earlier may have been so before an outage began. Where none were made, what reads the account says whether the
// network is there; it is asked to look in time for the last try. What fails beside it, about somebody or something else, is
// a sign of an outage.
func isOwnFault(ctx context.Context, q sqlx.ExtContext, a work, now time.Time) (bool, error) {
	var seen struct {
		Answered bool `db:"answered"`
		Others   bool `db:"others"`
		Read     bool `db:"read"`
	}
	if err := sqlx.GetContext(ctx, q, &seen, sqlSeenOfAccount, a.AccountID, a.ID, now.Add(-answeredLately), a.CommentID, a.IdentityID, now.Add(-leastBackoff(a.Attempts-1))); err != nil {
		return false, fmt.Errorf("ask whether account %d is answered: %w", a.AccountID, err)
	}
	if seen.Answered {
		return true, nil
	}
	if a.Attempts >= maxAlone-1 && !seen.Read {
		if _, err := q.ExecContext(ctx, `UPDATE accounts SET health = health - 'next_at' WHERE id = $1`, a.AccountID); err != nil {
			return false, fmt.Errorf("have account %d looked at: %w", a.AccountID, err)
		}
	}
	return a.Attempts >= maxAlone && seen.Read && !seen.Others, nil
}

const sqlSeenOfAccount = `
SELECT EXISTS (SELECT 1 FROM actions WHERE account_id = $1 AND id <> $2 AND state = 'done' AND sent_at > $6) AS answered,
       EXISTS (SELECT 1 FROM actions WHERE account_id = $1 AND id <> $2 AND state IN ('planned','unknown','sending') AND attempts > 0 AND sent_at > $3
               AND ($4::bigint = 0 OR comment_id IS DISTINCT FROM $4) AND ($5::bigint = 0 OR identity_id IS DISTINCT FROM $5)) AS others,
       EXISTS (SELECT 1 FROM accounts WHERE id = $1 AND (health->>'answered_at')::timestamptz > $3) AS read`

func backoff(attempts int) time.Duration {
	d := leastBackoff(attempts)
	return d + rand.N(d)
}

// longestLimitPause is as long as ponte waits for a limit of which the network does not say how long it lasts.
const longestLimitPause = 15 * time.Minute

// limitPause is how long to wait after the attempt that ran into a limit. Meta's limits are of a rolling hour and
// going on at the same pace prolongs them, so each further try waits twice as long; the first pause is
// short, because most limits were grazed and the answer that waits is to somebody who is there now.
func limitPause(first time.Duration, attempts int) time.Duration {
	d := max(first, min(first<<min(max(attempts-1, 0), 8), longestLimitPause))
	if attempts > 1 {
		d += rand.N(d/4 + 1)
	}
	return max(d, backoff(attempts))
}

func leastBackoff(attempts int) time.Duration { return (time.Second << min(attempts, 9)) / 2 }

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
	final := v.state == Failed || v.state == Cancelled || v.state == Refused || v.state == Expired
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
	if o.read.state == "hidden" {
		return inbox.SetCommentState(r.ctx, r.tx, a.WorkspaceID, a.CommentID, "hidden", "network")
	}
	if o.read.state == "gone" || o.failure != nil && o.failure.Reason == "gone" && a.CommentID != 0 {
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
	if stopsAccount(o.failure) {
		r.changes = append(r.changes, inbox.Change{WorkspaceID: a.WorkspaceID, Topic: "account", ObjectID: a.AccountID})
		if _, err := r.tx.ExecContext(r.ctx, sqlStopAccount, a.AccountID, "held: "+o.failure.Meaning+" Switch sending on once that is mended."); err != nil {
			return fmt.Errorf("stop account %d: %w", a.AccountID, err)
		}
	}
	if stoppedMarketing(o.failure) {
		return withdraw(r.ctx, r.tx, r.sender.Ledger, []stopped{{a.WorkspaceID, a.ID, a.IdentityID, r.now}})
	}
	return nil
}

const sqlNeedsReauthorisation = `
UPDATE accounts SET state = 'needs_reauthorisation', state_reason = $2, health = health - 'next_at' WHERE id = $1 AND state = 'connected'` // and is looked at soon

// stopsAccount: the network lets nothing of the account through until somebody acts there. Going on would fail
// one action after the other and prolong the block; what waits goes out when sending is switched on again.
func stopsAccount(f *channels.Failure) bool {
	return f != nil && f.Class == channels.AskPerson && f.Scope == channels.ScopeAccount &&
		slices.Contains([]string{"policy_block", "page_restricted", "account_blocked", "account_locked", "access_off", "not_registered"}, f.Reason)
}

const sqlStopAccount = `UPDATE accounts SET sending = false, state_reason = $2 WHERE id = $1 AND sending`

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
