package outbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lib/pq"

	"ponte/channels"
	"ponte/inbox"
	"ponte/secret"
)

// tidy does what no event brings about: rows of dead processes, validity that ran out, switches that
// were turned on again, actions whose forerunner will never be done.
func (s *Sender) tidy(ctx context.Context) error {
	s.start()
	tx, err := s.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin tidying: %w", err)
	}
	defer tx.Rollback()
	now := s.Clock()
	ok, err := s.Epoch.verify(ctx, tx)
	if err != nil {
		return err
	}
	if !ok {
		if err := hold(ctx, tx); err != nil {
			return err
		}
		return tx.Commit()
	}
	dead, err := deadSenders(ctx, tx)
	if err != nil {
		return err
	}
	for _, step := range []struct {
		what, stmt string
		args       []any
	}{
		{"rescue the calls of a dead process", sqlRescue, []any{now.Add(-s.RescueAfter), pq.Array(repeatable()), now, now.Add(s.SettleAfter), pq.Array(dead)}},
		{"expire actions", sqlExpire, []any{now}},
		{"go on without what was refused", sqlGoesOnWithout, nil},
		{"cancel what waits in vain", sqlWaitsInVain, []any{now}},
		{"resume what was held", sqlResume, []any{now, pq.Array(lookedAtAgain)}},
	} {
		var ids []struct {
			WorkspaceID int64 `db:"workspace_id"`
			ID          int64 `db:"id"`
		}
		if err := tx.SelectContext(ctx, &ids, step.stmt, step.args...); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		changes := make([]inbox.Change, len(ids))
		for i, a := range ids {
			changes[i] = inbox.Change{WorkspaceID: a.WorkspaceID, Topic: "action", ObjectID: a.ID}
		}
		if err := inbox.Touch(ctx, tx, changes...); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit tidying: %w", err)
	}
	return nil
}

// A repeatable call is simply made again.
const sqlRescue = `
UPDATE actions SET state = CASE WHEN kind = ANY($2) THEN 'planned' ELSE 'unknown' END, reason = 'process_died',
    meaning = 'ponte stopped while this was being sent; it is looked for before anything is sent again',
    not_before = CASE WHEN kind = ANY($2) THEN $3::timestamptz ELSE $4::timestamptz END
WHERE id IN (SELECT id FROM actions WHERE state = 'sending' AND (claimed_at < $1 OR claimed_by = ANY($5)) ORDER BY id LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING workspace_id, id`

const sqlExpire = `
UPDATE actions SET state = 'expired', reason = 'expired', meaning = 'it could not be sent within its validity' ||
    CASE WHEN meaning <> '' THEN ': ' || meaning ELSE '' END, done_at = $1
WHERE id IN (SELECT id FROM actions
             WHERE id = ANY(ARRAY(SELECT id FROM actions WHERE state = 'planned' AND valid_until <= $1 UNION ALL SELECT id FROM actions WHERE state = 'held' AND valid_until <= $1 LIMIT 500))
               AND state IN ('planned','held') ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
RETURNING workspace_id, id`

// What is said to somebody does not hang on what was said before it being allowed: an offer that is refused must not leave
// them without the question that follows. Whether that may go out the gate judges by itself.
const sqlGoesOnWithout = `
UPDATE actions SET waits_for = NULL
WHERE id IN (SELECT a.id FROM actions a JOIN actions w ON w.workspace_id = a.workspace_id AND w.id = a.waits_for
             WHERE a.state IN ('planned','held') AND a.waits_for IS NOT NULL AND w.state = 'refused' AND a.kind IN ('message.send','template.send') AND w.kind IN ('message.send','template.send')
             ORDER BY a.id LIMIT 500 FOR NO KEY UPDATE OF a SKIP LOCKED)
RETURNING workspace_id, id`

const sqlWaitsInVain = `
UPDATE actions SET state = 'cancelled', reason = 'forerunner', meaning = 'what it was to follow did not go out', done_at = $1
WHERE id IN (SELECT a.id FROM actions a JOIN actions w ON w.workspace_id = a.workspace_id AND w.id = a.waits_for
             WHERE a.state IN ('planned','held') AND a.waits_for IS NOT NULL AND w.state IN ('failed','refused','cancelled','expired')
             ORDER BY a.id LIMIT 500 FOR NO KEY UPDATE OF a SKIP LOCKED)
RETURNING workspace_id, id`

const sqlResume = `
UPDATE actions SET state = 'planned', reason = '', meaning = '', failure = NULL, not_before = greatest(not_before, $1)
WHERE id IN (SELECT a.id FROM actions a
             JOIN workspaces w ON w.id = a.workspace_id
             JOIN accounts c ON c.workspace_id = a.workspace_id AND c.id = a.account_id
             WHERE a.state = 'held' AND a.reason <> 'restored_copy' AND c.sending AND c.state IN ('connected','removed')
               AND coalesce((w.settings->>'sending')::boolean, true)
               AND (a.reason <> ALL($2) OR a.not_before <= $1)
             ORDER BY a.id LIMIT 500 FOR NO KEY UPDATE OF a SKIP LOCKED)
RETURNING workspace_id, id`

// How often an unknown outcome is looked for before a person is asked, and how long in between.
var lookPauses = []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute}

// settleDue looks whether calls of unknown outcome took place.
func (s *Sender) settleDue(ctx context.Context) error {
	s.start()
	if ok, err := s.Epoch.verify(ctx, s.DB); err != nil || !ok {
		return err
	}
	var failed error
	for range looksAtOnce {
		now := s.Clock()
		var ids []int64
		// Taken by moving it into the future: should this process die, it comes back. One at a time, because the look
		// counts from here: what waited behind slow ones could be taken again before it was looked for at all.
		if err := s.DB.SelectContext(ctx, &ids, sqlTakeUnknown, now, now.Add(s.SettleAfter), askPerson); err != nil {
			return fmt.Errorf("look for unknown outcomes: %w", err)
		}
		actions, err := selectActions(ctx, s.DB, ` WHERE a.id = ANY($1)`, pq.Array(ids))
		if err != nil || len(actions) == 0 {
			return errors.Join(failed, err)
		}
		failed = errors.Join(failed, s.settleOne(ctx, actions[0])) // the others are looked for all the same
	}
	return failed
}

const looksAtOnce = 20

// askPerson is the reason of an unknown outcome that nobody looks for any more: a person was asked to.
const askPerson = "ask_person"

// oddAnswer is the reason of a call that was answered, but not as the network answers.
const oddAnswer = "odd_answer"

const sqlTakeUnknown = `
UPDATE actions SET looks = looks + 1, not_before = $2
WHERE id IN (SELECT id FROM actions WHERE state = 'unknown' AND not_before <= $1 AND reason <> $3 ORDER BY not_before LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id`

func (s *Sender) settleOne(ctx context.Context, a work) error {
	call, cancel := context.WithTimeout(ctx, s.CallTimeout)
	defer cancel()
	account, err := s.Open(call, a.WorkspaceID, a.AccountID)
	if err != nil && !errors.Is(err, secret.ErrSealed) {
		return fmt.Errorf("open the account of action %d, whose outcome is unknown: %w", a.ID, err)
	}
	var found channels.Settled
	if err == nil {
		found, err = s.Network.Settle(call, account, s.Complete(a.Call), a.since())
	}
	now := s.Clock()
	if err != nil {
		if noAnswer(err) && now.Before(a.ValidUntil) {
			return s.unlooked(ctx, a, now)
		}
		found = channels.Settled{} // cannot look: as good as "cannot say"
	}
	switch {
	case found.Happened:
		return s.record(ctx, []outcome{{action: a, result: found.Result}})
	case found.Certain && a.Looks >= 2 && !swallowed(a):
		// Looked twice, some time apart: what the network shows may lag behind what it did.
		return s.again(ctx, a, now)
	case found.Certain && a.Looks >= 2, a.Looks >= len(lookPauses):
		return s.unsettled(ctx, a, Unknown, askPerson, "the network cannot say whether this arrived; look yourself, then mark it as done or send it again", now)
	}
	return s.unsettled(ctx, a, Unknown, a.Reason, a.Meaning, now.Add(lookPauses[a.Looks-1]))
}

// swallowed: twice taken, and not understood, and not to be seen. What shows nothing of what it takes may deliver all of it.
func swallowed(a work) bool { return a.Reason == oddAnswer && a.Attempts > 1 }

// again plans a call that did not take place. One whose outcome is lost time after time, while others get their answer,
// is given up.
func (s *Sender) again(ctx context.Context, a work, now time.Time) error {
	if a.Attempts < maxAttempts {
		return s.unsettled(ctx, a, Planned, "", "", now)
	}
	own, err := isOwnFault(ctx, s.DB, a, now)
	if err != nil {
		return err
	}
	if own {
		return s.record(ctx, []outcome{{action: a, failure: &channels.Failure{Class: channels.GiveUp, Scope: channels.ScopeCall, Reason: "no_clear_answer",
			Meaning: "The network failed over this call time after time, and it did not take place."}}})
	}
	return s.unsettled(ctx, a, Planned, "", "", now.Add(backoff(a.Attempts)))
}

// noAnswer: the network could not be asked, and that passes.
func noAnswer(err error) bool {
	var f *channels.Failure
	return errors.As(err, &f) && (f.Class == channels.Retry || f.Class == channels.Unknown || f.Class == channels.Wait)
}

// unlooked puts a look off that the network did not answer: it does not count, so that an outage leaves nothing to people
// that a look behind it would settle.
func (s *Sender) unlooked(ctx context.Context, a work, now time.Time) error {
	pause := min(max(now.Sub(a.SentAt)/2, lookPauses[0]), lookPauses[len(lookPauses)-1])
	if _, err := s.DB.ExecContext(ctx, `UPDATE actions SET looks = greatest(looks - 1, 0), not_before = $2 WHERE id = $1 AND state = 'unknown'`, a.ID, now.Add(pause)); err != nil {
		return fmt.Errorf("put off the look for action %d: %w", a.ID, err)
	}
	return nil
}

// since is the earliest instant at which the call can have been made; clocks may differ a little.
func (a work) since() time.Time {
	if a.SentAt.IsZero() {
		return a.CreatedAt.Add(-time.Minute)
	}
	return a.SentAt.Add(-time.Minute)
}

func (s *Sender) unsettled(ctx context.Context, a work, state State, reason, meaning string, notBefore time.Time) error {
	tx, err := s.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, sqlUnsettled, a.ID, string(state), reason, meaning, notBefore); err != nil {
		return fmt.Errorf("write what was seen of action %d: %w", a.ID, err)
	}
	if err := inbox.Touch(ctx, tx, a.changes()...); err != nil {
		return err
	}
	return tx.Commit()
}

// What did not take place is called again, and has all its looks again should that call be lost too.
const sqlUnsettled = `
UPDATE actions SET state = $2, reason = $3, meaning = $4, not_before = $5, looks = CASE WHEN $2 = 'unknown' THEN looks ELSE 0 END,
    gap_cleared = CASE WHEN $2 = 'unknown' THEN gap_cleared ELSE ` + sqlThisGap + ` END
WHERE id = $1 AND state = 'unknown'`
