package inbox

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// AccountProblem is something that is wrong with a connected account, as a periodic look found it.
type AccountProblem struct {
	Code    string `json:"code"` // token_invalid, token_expiring, access_expiring, subscription_lost, permission_missing, quality_red, unreachable, signature_refused
	Meaning string `json:"meaning"`
	Fix     string `json:"fix"`
	// Params are the values in Meaning, for those who say it in another language; none: English alone.
	Params map[string]string `json:"params,omitempty"`
	Since  time.Time         `json:"since"` // first seen
}

// AccountHealth is what was last seen of an account; accounts.health holds it.
type AccountHealth struct {
	CheckedAt     time.Time        `json:"checked_at,omitzero"`
	NextAt        time.Time        `json:"next_at,omitzero"`
	AnsweredAt    time.Time        `json:"answered_at,omitzero"` // when the network last let the account be read
	TokenExpires  *time.Time       `json:"token_expires,omitempty"`
	AccessExpires *time.Time       `json:"access_expires,omitempty"` // the person who gave the token must look in again before
	Quality       string           `json:"quality,omitempty"`        // of a WhatsApp number
	Problems      []AccountProblem `json:"problems,omitempty"`
	Told          []string         `json:"told,omitempty"` // what people were told of already, with the stage it had
}

// ReadHealth is what was last seen of the account; nothing, when it was never looked at.
func (a Account) ReadHealth() AccountHealth {
	var h AccountHealth
	if json.Unmarshal(a.Health, &h) != nil {
		return AccountHealth{}
	}
	return h
}

// SignatureRefused returns when a webhook for the account last came with a signature that none of the secrets
// makes, where that was within a day before now and nothing signed came for it since; nil otherwise.
func SignatureRefused(ctx context.Context, q sqlx.QueryerContext, workspaceID, accountID int64, now time.Time) (*time.Time, error) {
	var at []time.Time
	if err := sqlx.SelectContext(ctx, q, &at, sqlSignatureRefused, workspaceID, accountID, now.Add(-24*time.Hour)); err != nil {
		return nil, fmt.Errorf("look for refused webhooks: %w", err)
	}
	if len(at) == 0 {
		return nil, nil
	}
	return &at[0], nil
}

// An account has no index of its events by time: among so many of the workspace there is one of an account that
// anything comes for.
const sqlSignatureRefused = `
SELECT a.webhook_refused_at FROM accounts a
WHERE a.workspace_id = $1 AND a.id = $2 AND a.webhook_refused_at > $3
  AND NOT EXISTS (SELECT FROM (SELECT account_id, source, created_at FROM events WHERE workspace_id = $1 ORDER BY id DESC LIMIT 20000) e
                  WHERE e.account_id = a.id AND e.source = 'webhook' AND e.created_at > a.webhook_refused_at)`

// ExamineSoon has an account looked at at its next turn instead of within the hour.
func ExamineSoon(ctx context.Context, db sqlx.ExtContext, workspaceID, id int64) error {
	if _, err := db.ExecContext(ctx, `UPDATE accounts SET health = health - 'next_at' WHERE workspace_id = $1 AND id = $2`, workspaceID, id); err != nil {
		return fmt.Errorf("have account %d looked at: %w", id, err)
	}
	return nil
}
