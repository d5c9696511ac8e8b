package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/inbox"
)

// Echo is a message or comment by the account itself, as the network reported it.
type Echo struct {
	WorkspaceID int64
	AccountID   int64
	ExternalID  string // mid, wamid or comment id
	Token       string // ours, where the network returns it (metadata)
	ThreadID    int64  // a message: its thread, for networks that return no token
	ParentID    string // a comment: what it answers, likewise
	Text        string
	File        bool // it shows a file, of which a network says nothing that could be compared
	At          time.Time
}

// JoinEchoes says which echoes are our own doing, and ties them to their actions. What is not ours was
// written by a person in another tool. An echo may come before the answer to our call.
func JoinEchoes(ctx context.Context, tx sqlx.ExtContext, echoes []Echo) ([]bool, error) {
	ours := make([]bool, len(echoes))
	byToken, byID := inbox.NewRows("bigint", "text", "text"), inbox.NewRows("bigint", "text")
	for _, e := range echoes {
		if e.Token != "" {
			byToken.Add(e.AccountID, e.Token, e.ExternalID)
		}
		byID.Add(e.AccountID, e.ExternalID)
	}
	if len(echoes) == 0 {
		return ours, nil
	}
	var tokens map[string]bool
	var err error
	if byToken.Len() > 0 {
		if tokens, err = joinRows(ctx, tx, byToken); err != nil {
			return nil, err
		}
	}
	var known []struct {
		AccountID  int64  `db:"account_id"`
		ExternalID string `db:"external_id"`
	}
	if err := sqlx.SelectContext(ctx, tx, &known, fmt.Sprintf(sqlOwnIDs, byID.SQL()), byID.Args()...); err != nil {
		return nil, fmt.Errorf("find our own echoes: %w", err)
	}
	for i, e := range echoes {
		ours[i] = tokens[e.Token]
		for _, k := range known {
			ours[i] = ours[i] || k.AccountID == e.AccountID && k.ExternalID == e.ExternalID
		}
		if !ours[i] {
			if ours[i], err = joinInFlight(ctx, tx, e); err != nil {
				return nil, err
			}
		}
	}
	return ours, tieThreads(ctx, tx, echoes, ours)
}

// JoinEcho is JoinEchoes for one.
func JoinEcho(ctx context.Context, tx sqlx.ExtContext, e Echo) (bool, error) {
	ours, err := JoinEchoes(ctx, tx, []Echo{e})
	return err == nil && ours[0], err
}

const sqlOwnIDs = `
SELECT a.account_id, a.external_id FROM actions a
JOIN (%s) AS k (account_id, external_id) ON a.account_id = k.account_id AND a.external_id = k.external_id AND k.external_id <> ''`

// joinInFlight recognises an echo without a token by what is under way right now: the same words, or a
// file, to the same person, or the same words under the same comment, whose answer has not come.
func joinInFlight(ctx context.Context, tx sqlx.ExtContext, e Echo) (bool, error) {
	if e.Text == "" && !e.File || e.ThreadID == 0 && e.ParentID == "" {
		return false, nil
	}
	var tokens []string
	if err := sqlx.SelectContext(ctx, tx, &tokens, sqlInFlight, e.AccountID, e.Text, e.ThreadID, e.ParentID, place, e.File); err != nil {
		return false, fmt.Errorf("look for an echo among calls under way: %w", err)
	}
	if len(tokens) == 0 {
		return false, nil
	}
	rows := inbox.NewRows("bigint", "text", "text")
	rows.Add(e.AccountID, tokens[0], e.ExternalID)
	_, err := joinRows(ctx, tx, rows)
	return err == nil, err
}

// place begins what Sender.Complete fills in; up to there the words are the same.
const place = "~ref:"

const sqlInFlight = `
SELECT a.token FROM actions a
LEFT JOIN threads t ON t.account_id = a.account_id AND t.identity_id = a.identity_id AND t.id = $3
LEFT JOIN comments c ON c.workspace_id = a.workspace_id AND c.id = a.comment_id
WHERE a.account_id = $1 AND a.state IN ('sending','unknown') AND a.external_id = ''
  AND ($2 <> '' AND (a.call->>'text' = $2 OR strpos(a.call->>'text', $5) > 1 AND starts_with($2, split_part(a.call->>'text', $5, 1)))
    OR $2 = '' AND $6 AND a.kind = 'message.send' AND a.call ? 'media')
  AND ($3::bigint <> 0 AND a.kind IN ('message.send','private_reply.send') AND (a.thread_id = $3 OR t.id IS NOT NULL)
    OR $4 <> '' AND a.kind = 'comment.reply' AND $4 IN (a.call->>'comment_id', c.root_external_id))
ORDER BY a.id LIMIT 1`
