package outbox

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/jobs"
)

// finishSeen gives actions that the network itself or a person reported as done, and whose answer will
// never come, what the answer would have brought: the bubble, the state of the conversation, the tie between two identities.
func (s *Sender) finishSeen(ctx context.Context) error {
	s.start()
	ids, err := s.seenForGood(ctx)
	if err != nil || len(ids) == 0 {
		return err
	}
	actions, err := selectActions(ctx, s.DB, ` WHERE a.id = ANY($1) ORDER BY a.id`, pq.Array(ids))
	if err != nil {
		return err
	}
	var known []struct {
		ID         int64  `db:"id"`
		ExternalID string `db:"external_id"`
		Recipient  string `db:"recipient"`
	}
	if err := s.DB.SelectContext(ctx, &known, sqlSeenResults, pq.Array(ids)); err != nil {
		return fmt.Errorf("read what the network reported: %w", err)
	}
	results := map[int64]channels.Result{}
	for _, k := range known {
		results[k.ID] = channels.Result{ID: k.ExternalID, Recipient: k.Recipient}
	}
	for _, a := range actions {
		if err := s.record(ctx, []outcome{{action: a, result: results[a.ID]}}); err != nil {
			s.Log.Error("outbox: what follows from a call that the network reported could not be written; it is tried again", "action", a.ID, "error", err)
		}
	}
	return nil
}

// seenForGood are the actions reported by the network whose caller is dead, or was given long enough.
func (s *Sender) seenForGood(ctx context.Context) ([]int64, error) {
	tx, err := s.DB.BeginTxx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	dead, err := deadSenders(ctx, tx)
	if err != nil {
		return nil, err
	}
	var ids []int64
	if err := tx.SelectContext(ctx, &ids, sqlSeenForGood, s.Clock().Add(-s.RescueAfter), pq.Array(dead)); err != nil {
		return nil, fmt.Errorf("look for calls that the network reported: %w", err)
	}
	return ids, nil
}

const sqlSeenForGood = `
SELECT id FROM actions WHERE state = 'done' AND reason = 'seen' AND (done_at < $1 OR claimed_by = ANY($2) OR claimed_by = '') ORDER BY id LIMIT 100`

// A private reply reaches the person it was written to: on Instagram under the commenter's id, on
// Messenger under the one of the thread in which it was reported.
const sqlSeenResults = `
SELECT a.id, a.external_id, coalesce(t.external_id, i.external_id, '') AS recipient
FROM actions a
LEFT JOIN LATERAL (SELECT o.external_id FROM threads h JOIN identities o ON o.workspace_id = h.workspace_id AND o.id = h.identity_id
                   WHERE h.workspace_id = a.workspace_id AND h.id = a.thread_id) t ON true
LEFT JOIN identities i ON i.workspace_id = a.workspace_id AND i.id = a.identity_id AND i.channel = 'instagram'
WHERE a.id = ANY($1)`

// tieThreads remembers in which thread a private reply was reported: on Messenger that alone says to
// whom it went.
func tieThreads(ctx context.Context, tx sqlx.ExtContext, echoes []Echo, ours []bool) error {
	for i, e := range echoes {
		if !ours[i] || e.ThreadID == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, sqlTieThread, e.AccountID, e.ExternalID, e.ThreadID); err != nil {
			return fmt.Errorf("tie a private reply to its thread: %w", err)
		}
	}
	return nil
}

const sqlTieThread = `
UPDATE actions SET thread_id = $3 WHERE account_id = $1 AND external_id = $2 AND external_id <> '' AND thread_id IS NULL AND kind = 'private_reply.send'`

// deadSenders names the claimants whose processes are dead.
func deadSenders(ctx context.Context, tx *sqlx.Tx) ([]string, error) {
	var names []string
	if err := tx.SelectContext(ctx, &names, sqlClaimants); err != nil {
		return nil, fmt.Errorf("list who is sending: %w", err)
	}
	return jobs.Dead(ctx, tx, names)
}

const sqlClaimants = `
SELECT claimed_by FROM actions WHERE state = 'sending' UNION SELECT claimed_by FROM actions WHERE state = 'done' AND reason = 'seen'`
