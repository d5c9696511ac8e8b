package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/gate"
	"ponte/inbox"
)

// claim takes what can go out now: soonest to expire first, through limits and gate, in one
// transaction with the people locked. What it returns is marked as sending and committed.
func (s *Sender) claim(ctx context.Context) ([]work, error) {
	tx, err := s.DB.BeginTxx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin a claim: %w", err)
	}
	defer tx.Rollback()
	now := s.Clock()
	if ok, err := s.Epoch.verify(ctx, tx); err != nil || !ok {
		return nil, err
	}
	candidates, err := s.candidates(ctx, tx, now)
	if err != nil || len(candidates) == 0 {
		return nil, err
	}
	if candidates, err = s.fit(ctx, tx, candidates, now); err != nil || len(candidates) == 0 {
		return nil, err
	}
	actions, err := lockForClaim(ctx, tx, candidates)
	if err != nil {
		return nil, err
	}
	if len(actions) == 0 {
		return nil, tx.Commit() // what was to go to somebody erased is cancelled
	}
	sending, err := s.judge(ctx, tx, actions, now)
	if err != nil {
		return nil, err
	}
	if err := tx.Commit(); err != nil {
		return nil, fmt.Errorf("commit a claim: %w", err)
	}
	s.mu.Lock()
	for _, a := range sending {
		s.inflight[a.AccountID]++
	}
	s.mu.Unlock()
	return sending, nil
}

type candidate struct {
	WorkspaceID int64  `db:"workspace_id"`
	ID          int64  `db:"id"`
	AccountID   int64  `db:"account_id"`
	ContactID   int64  `db:"contact_id"` // to whom the identity belongs now: it may have been joined or parted since
	IdentityID  int64  `db:"identity_id"`
	Kind        string `db:"kind"`
	Channel     string `db:"channel"`
}

func (s *Sender) candidates(ctx context.Context, tx *sqlx.Tx, now time.Time) ([]candidate, error) {
	waits, err := Waits(ctx, tx, now)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for account, until := range waits {
		s.pauseUntil(account, until)
	}
	var all, private []int64
	for p, until := range s.paused {
		switch {
		case !now.Before(until):
			delete(s.paused, p)
		case p.kind == channels.PrivateReply:
			private = append(private, p.account)
		default:
			all = append(all, p.account)
		}
	}
	for account, n := range s.inflight {
		if n >= s.atOnce(account, now) {
			all = append(all, account)
		}
	}
	var out []candidate
	if err := tx.SelectContext(ctx, &out, sqlCandidates, now, pq.Array(all), pq.Array(private), s.Batch); err != nil {
		return nil, fmt.Errorf("look for due actions: %w", err)
	}
	return out, nil
}

// Waits are the accounts that a limit of their network stops as a whole, and until when. It stands in the
// failed call's own row, so that every replica and a restarted process keep to it.
func Waits(ctx context.Context, q sqlx.QueryerContext, now time.Time) (map[int64]time.Time, error) {
	var rows []struct {
		AccountID int64     `db:"account_id"`
		Until     time.Time `db:"until"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, sqlWaits, now); err != nil {
		return nil, fmt.Errorf("read the pauses of accounts: %w", err)
	}
	out := make(map[int64]time.Time, len(rows))
	for _, r := range rows {
		out[r.AccountID] = r.Until
	}
	return out, nil
}

// An app's limit stops all accounts at the same host, whatever workspace they are in: Instagram Login has an app
// of its own, and what rehearses beside live accounts has none.
const sqlWaits = `
WITH waits AS (
    SELECT account_id, failure->>'scope' = 'app' AS app, max(not_before) AS until FROM actions
    WHERE state = 'planned' AND failure IS NOT NULL AND not_before > $1
      AND failure->>'class' = 'wait' AND failure->>'scope' IN ('account','app')
    GROUP BY 1, 2)
SELECT o.id AS account_id, max(w.until) AS until
FROM waits w JOIN accounts a ON a.id = w.account_id
JOIN accounts o ON o.id = a.id OR w.app AND split_part(o.base_url, '/', 3) = split_part(a.base_url, '/', 3)
GROUP BY o.id`

// Messages to one person keep their order: one at a time, and none past an earlier one that is due,
// under way or being tried again. Each account is asked by itself, its private replies apart: twenty
// thousand of them that wait for their hour cost the rest nothing.
const sqlCandidates = `
SELECT c.workspace_id, c.id, c.account_id, coalesce((SELECT i.contact_id FROM identities i WHERE i.workspace_id = c.workspace_id AND i.id = c.identity_id), c.contact_id, 0) AS contact_id,
    coalesce(c.identity_id, 0) AS identity_id, c.kind, c.channel
FROM accounts o
CROSS JOIN (VALUES (false), (true)) AS p (private)
CROSS JOIN LATERAL (
    SELECT a.workspace_id, a.id, a.account_id, a.contact_id, a.identity_id, a.kind, a.call->>'channel' AS channel, a.valid_until
    FROM actions a
    WHERE a.account_id = o.id AND (a.kind = 'private_reply.send') = p.private AND a.state = 'planned' AND a.not_before <= $1
      AND (a.waits_for IS NULL OR NOT EXISTS (
            SELECT 1 FROM actions w WHERE w.workspace_id = a.workspace_id AND w.id = a.waits_for AND w.state <> 'done'))
      AND (a.identity_id IS NULL OR a.kind NOT IN ('message.send','template.send') OR NOT EXISTS (
            SELECT 1 FROM actions e
            WHERE e.workspace_id = a.workspace_id AND e.identity_id = a.identity_id AND e.id < a.id AND e.account_id = a.account_id
              AND e.state IN ('planned','sending') AND e.kind IN ('message.send','template.send') AND e.waits_for IS NULL
              AND (e.not_before <= $1 OR e.attempts > 0)))
    ORDER BY a.valid_until, a.id LIMIT $4) c
WHERE NOT (o.id = ANY(coalesce($2::bigint[], '{}'))) AND NOT (p.private AND o.id = ANY(coalesce($3::bigint[], '{}')))
ORDER BY c.valid_until, c.id
LIMIT $4`

// lockForClaim locks people first, then actions: the order everybody keeps. A person who is being
// handled right now is left for the next turn rather than waited for.
func lockForClaim(ctx context.Context, tx *sqlx.Tx, candidates []candidate) ([]work, error) {
	var contacts []int64
	for _, c := range candidates {
		if c.ContactID != 0 {
			contacts = append(contacts, c.ContactID)
		}
	}
	var locked []int64
	if err := tx.SelectContext(ctx, &locked, sqlLockContacts, pq.Array(contacts)); err != nil {
		return nil, fmt.Errorf("lock people for a claim: %w", err)
	}
	free := map[int64]bool{0: true}
	for _, id := range locked {
		free[id] = true
	}
	var ids, identities []int64
	for _, c := range candidates {
		if free[c.ContactID] {
			ids, identities = append(ids, c.ID), append(identities, c.IdentityID)
		}
	}
	actions, err := selectActions(ctx, tx, ` WHERE a.id = ANY($1) AND a.state = 'planned' ORDER BY a.valid_until, a.id FOR NO KEY UPDATE SKIP LOCKED`, pq.Array(ids))
	if err != nil || len(actions) == 0 {
		return nil, err
	}
	return toWhom(ctx, tx, actions, identities, free)
}

// toWhom reads once more, now that the people are locked, to whom the identities belong: consent, caps and
// blocks are those of the person who gets it, not of the one it was planned for. One that moved to
// somebody who is not locked is left for the next turn. What was looked for, or failed, and is planned anew after its
// person was erased goes nowhere.
func toWhom(ctx context.Context, tx *sqlx.Tx, actions []work, identities []int64, free map[int64]bool) ([]work, error) {
	var rows []struct {
		WorkspaceID int64 `db:"workspace_id"`
		ID          int64 `db:"id"`
		ContactID   int64 `db:"contact_id"`
		Erased      bool  `db:"erased"`
	}
	if err := tx.SelectContext(ctx, &rows, `SELECT workspace_id, id, contact_id, coalesce(external_id = 'erased:' || id, false) AS erased FROM identities WHERE id = ANY($1)`, pq.Array(identities)); err != nil {
		return nil, fmt.Errorf("read to whom actions go: %w", err)
	}
	owner, erased := map[[2]int64]int64{}, map[[2]int64]bool{}
	for _, r := range rows {
		owner[[2]int64{r.WorkspaceID, r.ID}], erased[[2]int64{r.WorkspaceID, r.ID}] = r.ContactID, r.Erased
	}
	var out []work
	for _, a := range actions {
		if erased[[2]int64{a.WorkspaceID, a.IdentityID}] {
			if _, err := tx.ExecContext(ctx, sqlToNobody, a.ID, erasedMeaning); err != nil {
				return nil, fmt.Errorf("cancel action %d of an erased person: %w", a.ID, err)
			}
			if err := inbox.Touch(ctx, tx, a.changes()...); err != nil {
				return nil, err
			}
			continue
		}
		if now := owner[[2]int64{a.WorkspaceID, a.IdentityID}]; a.IdentityID != 0 && now != 0 {
			a.ContactID = now
		}
		if free[a.ContactID] {
			out = append(out, a)
		}
	}
	return out, nil
}

const sqlToNobody = `
UPDATE actions SET state = 'cancelled', reason = 'erased', meaning = $2, done_at = now(),
    call = jsonb_build_object('kind', call->'kind', 'channel', call->'channel', 'token', call->'token') WHERE id = $1`

const sqlLockContacts = `SELECT id FROM contacts WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`

// judge asks the gate and writes what it says.
func (s *Sender) judge(ctx context.Context, tx *sqlx.Tx, actions []work, now time.Time) ([]work, error) {
	requests := make([]gate.Request, len(actions))
	for i, a := range actions {
		requests[i] = a.request()
	}
	decisions, err := s.gate.CheckAll(ctx, tx, requests, now)
	if err != nil {
		return nil, err
	}
	doubtful, gone, err := s.Epoch.doubtful(ctx, tx, actions)
	if err != nil {
		return nil, err
	}
	rows := inbox.NewRows("bigint", "text", "text", "text", "text", "timestamptz", "timestamptz", "bigint", "text", "bigint", "text", "text", "text", "text", "bigint")
	var sending []work
	var changes []inbox.Change
	for i, a := range actions {
		d := decisions[i]
		state, notBefore, sentAt, right := Planned, a.NotBefore, any(nil), any(nil)
		switch d.Verb {
		case gate.Allow:
			state, sentAt = Sending, now
			if doubtful[a.ID] {
				state, sentAt, d.Code, d.Meaning = Unknown, gone, "restored_copy", "this may have gone out after the backup was taken; it is looked for before it is sent"
				break
			}
			a.State, a.SentAt, a.Attempts, a.Purpose = Sending, now, a.Attempts+1, d.Purpose
			right = null(d.Consent)
			sending = append(sending, a)
		case gate.Defer:
			notBefore = d.Until
		case gate.Hold:
			state = Held
			if !d.Until.IsZero() {
				notBefore = d.Until
			}
		case gate.Expire:
			state = Expired
		default:
			state = Refused
		}
		var micros any
		if d.Cost.State == gate.CostEstimated {
			micros = d.Cost.Micros
		}
		rows.Add(a.ID, string(state), d.Code, d.Meaning, string(d.Purpose), notBefore, sentAt, null(a.ContactID), d.Cost.State, micros, d.Cost.Currency, d.Cost.Country, d.Cost.Category, d.Cost.Reason, right)
		if state != Sending {
			changes = append(changes, a.changes()...)
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(sqlJudged, rows.SQL(), len(rows.Args())+1, len(rows.Args())+2), append(rows.Args(), s.Life.Name(), now)...); err != nil {
		return nil, fmt.Errorf("write what the gate said: %w", err)
	}
	return sending, inbox.Touch(ctx, tx, changes...)
}

const sqlJudged = `
UPDATE actions a SET state = k.state, reason = k.reason, meaning = k.meaning, purpose = k.purpose, not_before = k.not_before,
    sent_at = coalesce(k.sent_at, a.sent_at), attempts = a.attempts + CASE WHEN k.state = 'sending' THEN 1 ELSE 0 END,
    claimed_by = $%[2]d, claimed_at = $%[3]d::timestamptz,
    done_at = CASE WHEN k.state IN ('refused','expired') THEN $%[3]d::timestamptz END, contact_id = k.contact_id,
    cost_state = k.cost_state, cost_micros = k.cost_micros, cost_currency = k.cost_currency, cost_country = k.cost_country,
    cost_category = k.cost_category, cost_reason = k.cost_reason, consent_seq = CASE WHEN k.state = 'sending' THEN k.consent_seq ELSE a.consent_seq END
FROM (%[1]s) AS k (id, state, reason, meaning, purpose, not_before, sent_at, contact_id, cost_state, cost_micros, cost_currency, cost_country, cost_category, cost_reason, consent_seq)
WHERE a.id = k.id`

// changes lists what an open page shows differently now.
func (a work) changes() []inbox.Change {
	out := []inbox.Change{{WorkspaceID: a.WorkspaceID, Topic: "action", ObjectID: a.ID}}
	if a.CommentID != 0 {
		out = append(out, inbox.Change{WorkspaceID: a.WorkspaceID, Topic: "comment", ObjectID: a.CommentID})
	}
	if a.ConversationID != 0 {
		out = append(out, inbox.Change{WorkspaceID: a.WorkspaceID, Topic: "conversation", ObjectID: a.ConversationID})
	}
	if a.MessageID != 0 {
		out = append(out, inbox.Change{WorkspaceID: a.WorkspaceID, Topic: "message", ObjectID: a.MessageID})
	}
	return out
}
