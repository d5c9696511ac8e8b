package outbox

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
)

// lockLimits makes this claim the only one that counts the limits of its accounts and the budgets of
// their workspaces until it commits: two replicas that count at once would each see the same room.
// Accounts that another replica is claiming for are left for the next turn.
func lockLimits(ctx context.Context, tx *sqlx.Tx, candidates []candidate) ([]candidate, error) {
	var accounts, workspaces []int64
	for _, c := range candidates {
		accounts = append(accounts, c.AccountID)
	}
	slices.Sort(accounts)
	var mine []int64
	if err := tx.SelectContext(ctx, &mine, sqlLockAccounts, pq.Array(slices.Compact(accounts))); err != nil {
		return nil, fmt.Errorf("lock the limits of accounts: %w", err)
	}
	candidates = slices.DeleteFunc(candidates, func(c candidate) bool { return !slices.Contains(mine, c.AccountID) })
	for _, c := range candidates {
		if c.Kind == string(channels.SendTemplate) {
			workspaces = append(workspaces, c.WorkspaceID)
		}
	}
	if len(workspaces) == 0 {
		return candidates, nil
	}
	slices.Sort(workspaces)
	if _, err := tx.ExecContext(ctx, sqlLockBudgets, pq.Array(slices.Compact(workspaces))); err != nil {
		return nil, fmt.Errorf("lock the budgets of workspaces: %w", err)
	}
	return candidates, nil
}

// These locks are taken before any row's: whoever waits for a budget holds no person.
const (
	sqlLockAccounts = `SELECT id FROM unnest($1::bigint[]) AS id WHERE pg_try_advisory_xact_lock(hashtextextended('ponte.account:' || id, 0))`
	sqlLockBudgets  = `SELECT pg_advisory_xact_lock(hashtextextended('ponte.budget:' || id, 0)) FROM (SELECT id FROM unnest($1::bigint[]) AS id ORDER BY id) k`
)

// fit keeps the candidates that the networks' limits leave room for. Nothing is dropped: the others
// stay planned until there is room.
func (s *Sender) fit(ctx context.Context, tx *sqlx.Tx, candidates []candidate, now time.Time) ([]candidate, error) {
	candidates, err := lockLimits(ctx, tx, candidates)
	if err != nil || len(candidates) == 0 {
		return nil, err
	}
	u, err := s.usage(ctx, tx, candidates, now)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	claimed := map[int64]int{}
	met := map[int64]bool{}
	var out []candidate
	for _, c := range candidates {
		kind, channel := channels.CallKind(c.Kind), channels.Channel(c.Channel)
		perSecond := s.Limits.PerSecond[channel]
		switch {
		case s.inflight[c.AccountID]+claimed[c.AccountID] >= s.atOnce(c.AccountID, now):
			continue
		case perSecond > 0 && u.second[c.AccountID] >= perSecond:
			s.pauseUntil(c.AccountID, now.Add(200*time.Millisecond))
			continue
		case kind == channels.PrivateReply && u.private[c.AccountID] >= s.Limits.PrivateRepliesPerHour:
			s.paused[pause{c.AccountID, channels.PrivateReply}] = now.Add(2 * time.Second)
			continue
		}
		if kind == channels.SendMessage || kind == channels.SendTemplate {
			if channel == channels.WhatsApp && u.pair[c.IdentityID] >= s.Limits.PairBurst {
				continue
			}
			if met[c.IdentityID] && c.IdentityID != 0 {
				continue // one at a time to one person
			}
			met[c.IdentityID] = true
			u.pair[c.IdentityID]++
		}
		if kind == channels.PrivateReply {
			u.private[c.AccountID]++
		}
		u.second[c.AccountID]++
		claimed[c.AccountID]++
		out = append(out, c)
	}
	return out, nil
}

type usage struct {
	private, second map[int64]int // by account
	pair            map[int64]int // by identity
}

func (s *Sender) usage(ctx context.Context, tx *sqlx.Tx, candidates []candidate, now time.Time) (usage, error) {
	u := usage{private: map[int64]int{}, second: map[int64]int{}, pair: map[int64]int{}}
	var accounts, withPrivate, people []int64
	for _, c := range candidates {
		accounts = append(accounts, c.AccountID)
		if c.Kind == string(channels.PrivateReply) {
			withPrivate = append(withPrivate, c.AccountID)
		}
		if c.Channel == string(channels.WhatsApp) && c.IdentityID != 0 {
			people = append(people, c.IdentityID)
		}
	}
	for _, count := range []struct {
		stmt string
		ids  []int64
		from time.Time
		into map[int64]int
	}{
		{sqlCountSecond, accounts, now.Add(-time.Second), u.second},
		{sqlCountPrivate, withPrivate, now.Add(-time.Hour), u.private},
		{sqlCountPair, people, now.Add(-s.Limits.PairWindow), u.pair},
	} {
		if len(count.ids) == 0 {
			continue
		}
		var rows []struct {
			ID int64 `db:"id"`
			N  int   `db:"n"`
		}
		if err := tx.SelectContext(ctx, &rows, count.stmt, pq.Array(count.ids), count.from); err != nil {
			return u, fmt.Errorf("count what was sent: %w", err)
		}
		for _, r := range rows {
			count.into[r.ID] = r.N
		}
	}
	return u, nil
}

// A call arrives some time between its claim and its answer. Whatever is under way, or was answered
// within the window, counts as if it arrived now, so that the network never counts more than we do.
const sqlCountSecond = `
SELECT account_id AS id, count(*) AS n FROM actions
WHERE account_id = ANY($1) AND sent_at > $2::timestamptz - interval '5 s' AND (sent_at > $2 OR state = 'sending' OR done_at > $2) GROUP BY account_id`

// A call that was made again counts each time.
const sqlCountPrivate = `
SELECT account_id AS id, sum(attempts) AS n FROM actions
WHERE kind = 'private_reply.send' AND account_id = ANY($1) AND sent_at > $2::timestamptz - interval '5 minutes'
  AND (sent_at > $2 OR state IN ('sending','unknown') OR done_at > $2) GROUP BY account_id`

const sqlCountPair = `
SELECT i.id, a.n FROM identities i
CROSS JOIN LATERAL (SELECT count(*) AS n FROM actions a
    WHERE a.workspace_id = i.workspace_id AND a.identity_id = i.id AND a.sent_at > $2::timestamptz - interval '1 minute'
      AND a.kind IN ('message.send','template.send') AND (a.sent_at > $2 OR a.state = 'sending' OR a.done_at > $2)) a
WHERE i.id = ANY($1)`
