package outbox

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/channels/meta"
	"ponte/consent"
	"ponte/inbox"
)

// Receipt is what a network reports of a message we sent.
type Receipt struct {
	WorkspaceID int64
	AccountID   int64
	ExternalID  string // wamid or mid
	Token       string // ours, where the network returns it
	Status      string // sent, delivered, read, played, failed
	At          time.Time
	Errors      []channels.NetworkError // failed: why
	Detail      json.RawMessage         // pricing and the like
}

// ranks orders receipts: forward only. A message that was delivered was not lost, whatever came before.
var ranks = map[string]int{"sent": 1, "failed": 2, "delivered": 3, "read": 4}

// ApplyReceipts moves messages forward. A receipt whose message is not known yet is parked until it
// is. A receipt also tells that a call took place whose answer never came. Statuses of one recipient
// are handled in order by the caller's lane; nothing here depends on it.
func ApplyReceipts(ctx context.Context, tx sqlx.ExtContext, ledger *consent.Ledger, receipts []Receipt) error {
	receipts = known(receipts)
	if len(receipts) == 0 {
		return nil
	}
	if err := joinTokens(ctx, tx, receipts); err != nil {
		return err
	}
	rows := inbox.NewRows("bigint", "bigint", "text", "text", "text", "jsonb", "timestamptz")
	keys := inbox.NewRows("bigint", "text")
	for _, r := range receipts {
		detail, err := r.detail()
		if err != nil {
			return err
		}
		rows.Add(r.WorkspaceID, r.AccountID, r.ExternalID, r.Token, r.Status, detail, r.At)
		keys.Add(r.AccountID, r.ExternalID)
	}
	if _, err := tx.ExecContext(ctx, sqlInsertReceipts+rows.SQL()+` ON CONFLICT DO NOTHING`, rows.Args()...); err != nil {
		return fmt.Errorf("keep receipts: %w", err)
	}
	if err := applyKnown(ctx, tx, ledger, keys); err != nil {
		return err
	}
	if money := touched(receipts); money.Len() > 0 {
		if err := settleCosts(ctx, tx, money); err != nil {
			return err
		}
	}
	return receiptFloods(ctx, tx, receipts)
}

const sqlInsertReceipts = `
INSERT INTO receipts (workspace_id, account_id, external_id, token, status, detail, at) `

// known keeps the statuses that move a message and brings them into one order for all writers.
func known(receipts []Receipt) []Receipt {
	var out []Receipt
	for _, r := range receipts {
		if r.Status == "played" {
			r.Status = "read"
		}
		if ranks[r.Status] > 0 && r.ExternalID != "" {
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b Receipt) int {
		if a.AccountID != b.AccountID {
			return int(a.AccountID - b.AccountID)
		}
		switch {
		case a.ExternalID+"/"+a.Status < b.ExternalID+"/"+b.Status:
			return -1
		case a.ExternalID+"/"+a.Status > b.ExternalID+"/"+b.Status:
			return 1
		}
		return 0
	})
	return out
}

func (r Receipt) detail() (string, error) {
	d := map[string]any{}
	if len(r.Detail) > 0 {
		d["detail"] = r.Detail
	}
	if len(r.Errors) > 0 {
		f := meta.Classify(r.Errors[0].Code, 0, 0)
		d["code"], d["meaning"], d["reason"] = fmt.Sprint(r.Errors[0].Code), f.Meaning, f.Reason
	}
	b, err := json.Marshal(d)
	if err != nil {
		return "", fmt.Errorf("encode a receipt: %w", err)
	}
	return string(b), nil
}

// joinTokens ties network ids to our actions by the token that came back, and ends the doubt about
// calls whose answer was lost.
func joinTokens(ctx context.Context, tx sqlx.ExtContext, receipts []Receipt) error {
	rows := inbox.NewRows("bigint", "text", "text")
	for _, r := range receipts {
		if r.Token != "" {
			rows.Add(r.AccountID, r.Token, r.ExternalID)
		}
	}
	if rows.Len() == 0 {
		return nil
	}
	_, err := joinRows(ctx, tx, rows)
	return err
}

// joinRows takes (account, token, network id) and returns the tokens that are ours.
func joinRows(ctx context.Context, tx sqlx.ExtContext, rows *inbox.Rows) (map[string]bool, error) {
	var found []struct {
		ID    int64  `db:"id"`
		Token string `db:"token"`
	}
	// Locked in order of ids, as every writer of actions does.
	if err := sqlx.SelectContext(ctx, tx, &found, fmt.Sprintf(sqlLockTokens, rows.SQL()), rows.Args()...); err != nil {
		return nil, fmt.Errorf("find actions by token: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	for _, stmt := range []string{sqlSeenActions, sqlSeenMessages} {
		if _, err := tx.ExecContext(ctx, fmt.Sprintf(stmt, rows.SQL()), rows.Args()...); err != nil {
			return nil, fmt.Errorf("join network ids to actions: %w", err)
		}
	}
	ours := make(map[string]bool, len(found))
	for _, f := range found {
		ours[f.Token] = true
	}
	return ours, nil
}

const sqlLockTokens = `
SELECT a.id, a.token FROM actions a
WHERE (a.account_id, a.token) IN (SELECT account_id, token FROM (%s) AS k (account_id, token, external_id))
ORDER BY a.id FOR NO KEY UPDATE OF a`

// 'planned' is here too: a call that was judged not to have happened, and now shows that it had, must
// not be made again.
const sqlSeenActions = `
UPDATE actions a SET external_id = k.external_id, state = 'done', reason = CASE WHEN a.state = 'done' THEN a.reason ELSE 'seen' END,
    meaning = CASE WHEN a.state = 'done' THEN a.meaning ELSE 'the network reported it' END, done_at = coalesce(a.done_at, now()), failure = NULL
FROM (SELECT DISTINCT ON (account_id, token) * FROM (%s) AS v (account_id, token, external_id)) k
WHERE a.account_id = k.account_id AND a.token = k.token AND a.external_id = ''
  AND (a.state IN ('sending','unknown','done') OR a.state IN ('planned','held') AND a.attempts > 0)`

const sqlSeenMessages = `
UPDATE messages m SET external_id = k.external_id, receipt = coalesce(m.receipt, 'sent')
FROM (SELECT DISTINCT ON (account_id, token) * FROM (%s) AS v (account_id, token, external_id)) k
JOIN actions a ON a.account_id = k.account_id AND a.token = k.token
WHERE m.workspace_id = a.workspace_id AND m.action_id = a.id AND m.external_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM messages o WHERE o.account_id = k.account_id AND o.external_id = k.external_id)`

// applyParked applies the receipts that came before their message was known.
func applyParked(ctx context.Context, tx sqlx.ExtContext, ledger *consent.Ledger, _ time.Time, sent []inbox.Sent) error {
	keys := inbox.NewRows("bigint", "text")
	for _, s := range sent {
		if s.ExternalID != "" {
			keys.Add(s.AccountID, s.ExternalID)
		}
	}
	if keys.Len() == 0 {
		return nil
	}
	if err := applyKnown(ctx, tx, ledger, keys); err != nil {
		return err
	}
	return settleCosts(ctx, tx, keys)
}

// applyKnown ties parked receipts of the keys to their messages and moves those forward.
func applyKnown(ctx context.Context, tx sqlx.ExtContext, ledger *consent.Ledger, keys *inbox.Rows) error {
	var applied []struct {
		WorkspaceID int64     `db:"workspace_id"`
		MessageID   int64     `db:"message_id"`
		Status      string    `db:"status"`
		Code        string    `db:"code"`
		At          time.Time `db:"at"`
	}
	if err := sqlx.SelectContext(ctx, tx, &applied, fmt.Sprintf(sqlTieReceipts, keys.SQL()), keys.Args()...); err != nil {
		return fmt.Errorf("tie receipts to messages: %w", err)
	}
	if len(applied) == 0 {
		return nil
	}
	var ids, stoppedBy []int64
	var changes []inbox.Change
	at := map[int64]time.Time{}
	for _, a := range applied {
		ids = append(ids, a.MessageID)
		changes = append(changes, inbox.Change{WorkspaceID: a.WorkspaceID, Topic: "message", ObjectID: a.MessageID})
		if a.Code == "131050" {
			stoppedBy = append(stoppedBy, a.MessageID)
			at[a.MessageID] = a.At
		}
	}
	if _, err := tx.ExecContext(ctx, sqlMoveMessages, pq.Array(ids)); err != nil {
		return fmt.Errorf("move messages forward: %w", err)
	}
	if err := withdrawBy(ctx, tx, ledger, stoppedBy, at); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, changes...)
}

const sqlTieReceipts = `
UPDATE receipts r SET message_id = m.id
FROM (SELECT DISTINCT account_id, external_id FROM (%s) AS v (account_id, external_id)) k
JOIN messages m ON m.account_id = k.account_id AND m.external_id = k.external_id AND m.direction = 'out'
WHERE r.account_id = k.account_id AND r.external_id = k.external_id AND r.message_id IS NULL
RETURNING m.workspace_id, m.id AS message_id, r.status, coalesce(r.detail->>'code', '') AS code, r.at`

// The message takes the furthest of all its receipts, in whatever order they came.
const sqlMoveMessages = `
UPDATE messages m SET receipt = best.status, receipt_error = CASE WHEN best.status = 'failed' THEN coalesce(best.meaning, '') ELSE '' END
FROM (SELECT DISTINCT ON (r.message_id) r.message_id, r.status, r.detail->>'meaning' AS meaning,
             array_position(ARRAY['sent','failed','delivered','read'], r.status) AS rank
      FROM receipts r JOIN messages o ON o.account_id = r.account_id AND o.external_id = r.external_id
      WHERE o.id = ANY($1) AND r.message_id = o.id
      ORDER BY r.message_id, rank DESC) best
WHERE m.id = best.message_id AND m.id = ANY($1)
  AND coalesce(array_position(ARRAY['sent','failed','delivered','read'], m.receipt), 0) < best.rank`

func withdrawBy(ctx context.Context, tx sqlx.ExtContext, ledger *consent.Ledger, messages []int64, at map[int64]time.Time) error {
	if len(messages) == 0 {
		return nil
	}
	var rows []struct {
		WorkspaceID int64 `db:"workspace_id"`
		MessageID   int64 `db:"message_id"`
		ActionID    int64 `db:"action_id"`
		IdentityID  int64 `db:"identity_id"`
	}
	if err := sqlx.SelectContext(ctx, tx, &rows, sqlMessageIdentities, pq.Array(messages)); err != nil {
		return fmt.Errorf("find who stopped marketing: %w", err)
	}
	var list []stopped
	for _, r := range rows {
		list = append(list, stopped{r.WorkspaceID, r.ActionID, r.IdentityID, at[r.MessageID]})
	}
	return withdraw(ctx, tx, ledger, list)
}

const sqlMessageIdentities = `
SELECT m.workspace_id, m.id AS message_id, coalesce(m.action_id, 0) AS action_id, t.identity_id
FROM messages m JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id WHERE m.id = ANY($1) ORDER BY m.id`

const floodLimit = 300

func receiptFloods(ctx context.Context, tx sqlx.ExtContext, receipts []Receipt) error {
	seen := map[int64]bool{}
	for _, r := range receipts {
		if r.Status != "failed" || seen[r.AccountID] {
			continue
		}
		seen[r.AccountID] = true
		if err := holdFlood(ctx, tx, r.WorkspaceID, r.AccountID, floodLimit, r.At); err != nil {
			return err
		}
	}
	return nil
}

// Watermark is a read or delivery report of Messenger or Instagram that covers everything up to an
// instant.
type Watermark struct {
	WorkspaceID int64
	ThreadID    int64
	Status      string // delivered or read
	At          time.Time
}

// ApplyWatermarks moves all our messages of a thread up to the instant forward; read implies delivered.
func ApplyWatermarks(ctx context.Context, tx sqlx.ExtContext, marks []Watermark) error {
	rows := inbox.NewRows("bigint", "bigint", "text", "timestamptz")
	var changes []inbox.Change
	for _, w := range marks {
		if w.Status == "delivered" || w.Status == "read" {
			rows.Add(w.WorkspaceID, w.ThreadID, w.Status, w.At)
		}
	}
	if rows.Len() == 0 {
		return nil
	}
	var moved []struct {
		WorkspaceID int64 `db:"workspace_id"`
		ID          int64 `db:"id"`
	}
	if err := sqlx.SelectContext(ctx, tx, &moved, fmt.Sprintf(sqlWatermarks, rows.SQL()), rows.Args()...); err != nil {
		return fmt.Errorf("apply read marks: %w", err)
	}
	for _, m := range moved {
		changes = append(changes, inbox.Change{WorkspaceID: m.WorkspaceID, Topic: "message", ObjectID: m.ID})
	}
	return inbox.Touch(ctx, tx, changes...)
}

const sqlWatermarks = `
UPDATE messages m SET receipt = k.status, receipt_error = ''
FROM (SELECT DISTINCT ON (workspace_id, thread_id) * FROM (%s) AS v (workspace_id, thread_id, status, at)
      ORDER BY workspace_id, thread_id, status DESC, at DESC) k
WHERE m.workspace_id = k.workspace_id AND m.thread_id = k.thread_id AND m.direction = 'out' AND m.at <= k.at AND m.external_id IS NOT NULL
  AND coalesce(array_position(ARRAY['sent','failed','delivered','read'], m.receipt), 0) < array_position(ARRAY['sent','failed','delivered','read'], k.status)
RETURNING m.workspace_id, m.id`

// ApplyWatermark is ApplyWatermarks for one.
func ApplyWatermark(ctx context.Context, tx sqlx.ExtContext, workspaceID, threadID int64, status string, upTo time.Time) error {
	return ApplyWatermarks(ctx, tx, []Watermark{{workspaceID, threadID, status, upTo}})
}
