package consent

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/inbox"
)

// ReachDays is for how long after a message its sender must be reached where it said so, and STOP be heard.
const ReachDays = 30

// Unreachable is the kind of item that says a number, a Page or the brand's contact stopped working too soon.
const Unreachable = "unreachable"

// BusinessDays returns the same time of day so many business days later, on the workspace's own calendar.
type BusinessDays func(w inbox.Workspace, at time.Time, days int) (time.Time, error)

// Sends are the messages after which their sender must stay within reach.
type Sends struct {
	Count int        `db:"count"`
	Last  *time.Time `db:"last"`
}

// Until is the instant up to which whoever got one of them must be able to answer; zero where there was none.
func (s Sends) Until() time.Time {
	if s.Last == nil {
		return time.Time{}
	}
	return s.Last.AddDate(0, 0, ReachDays)
}

// RecentSends counts the offers and service messages of the last thirty days, of one account or of all (0).
func RecentSends(ctx context.Context, q sqlx.QueryerContext, workspace, account int64, now time.Time) (Sends, error) {
	var s Sends
	if err := sqlx.GetContext(ctx, q, &s, sqlRecentSends, workspace, account, now.AddDate(0, 0, -ReachDays)); err != nil {
		return s, fmt.Errorf("count what was sent in %d days: %w", ReachDays, err)
	}
	return s, nil
}

// What answers somebody is no message that they were sent unasked. An unknown outcome counts: it may have arrived.
const sqlRecentSends = `
SELECT count(*) AS count, max(sent_at) AS last FROM actions
WHERE workspace_id = $1 AND ($2::bigint = 0 OR account_id = $2) AND sent_at > $3 AND purpose IN ('promotional','service')
  AND state IN ('sending','done','unknown') AND kind IN ('private_reply.send','message.send','template.send')`

// Lost is a way back that people were told of and that is gone.
type Lost struct {
	WorkspaceID int64  `db:"workspace_id"`
	AccountID   *int64 `db:"account_id"` // nil: the brand's contact
	Channel     string `db:"channel"`
	What        string `db:"what"`   // removed, disconnected, webhooks lost, contact changed
	Detail      string `db:"detail"` // the contact as it was
}

// WarnUnreachable opens an item for owner and admin where somebody who was written to in the last thirty
// days can no longer answer, and says until when they must be able to. It opens none where nobody was.
func WarnUnreachable(ctx context.Context, tx sqlx.ExtContext, lost Lost, now time.Time, business BusinessDays) (bool, error) {
	account := int64(0)
	if lost.AccountID != nil {
		account = *lost.AccountID
	}
	sends, err := RecentSends(ctx, tx, lost.WorkspaceID, account, now)
	if err != nil || sends.Count == 0 {
		return false, err
	}
	w, err := inbox.LoadWorkspace(ctx, tx, lost.WorkspaceID)
	if err != nil {
		return false, err
	}
	until := sends.Until()
	i := Item{WorkspaceID: lost.WorkspaceID, Kind: Unreachable, AccountID: lost.AccountID, Channel: lost.Channel, Matched: lost.What, Detail: lost.Detail, OpenedAt: now, Until: &until}
	if i.DueAt, err = business(w, now, AlarmDays); err != nil {
		return false, err
	}
	if i.BreachAt, err = business(w, now, BreachDays); err != nil {
		return false, err
	}
	return true, OpenItem(ctx, tx, i)
}

// WatchReach looks at all accounts: one that was removed, lost its connection or its webhooks while people
// may still answer opens an item; one that works again closes it. An item that a person closed is not opened
// again for the same messages.
func (l *Ledger) WatchReach(ctx context.Context, db *sqlx.DB, business BusinessDays) error {
	now := l.now()
	if err := l.reachAgain(ctx, db, now); err != nil {
		return err
	}
	var lost []Lost
	if err := db.SelectContext(ctx, &lost, sqlLostAccounts, now, now.AddDate(0, 0, -ReachDays)); err != nil {
		return fmt.Errorf("look for accounts that cannot be answered: %w", err)
	}
	for _, a := range lost {
		if err := inbox.InTx(ctx, db, func(tx *sqlx.Tx) error { _, err := WarnUnreachable(ctx, tx, a, now, business); return err }); err != nil {
			return err
		}
	}
	return nil
}

const sqlAccountIsLost = `(a.removed_at IS NOT NULL OR a.state <> 'connected' OR a.health @> '{"problems":[{"code":"subscription_lost"}]}')`

const sqlLostAccounts = `
SELECT a.workspace_id, a.id AS account_id, a.channel, '' AS detail,
       CASE WHEN a.removed_at IS NOT NULL THEN 'removed' WHEN a.state <> 'connected' THEN 'disconnected' ELSE 'webhooks lost' END AS what
FROM accounts a
WHERE ` + sqlAccountIsLost + ` AND (a.removed_at IS NULL OR a.removed_at > $2)
  AND NOT EXISTS (SELECT 1 FROM compliance_items i WHERE i.workspace_id = a.workspace_id AND i.account_id = a.id AND i.kind = 'unreachable' AND (i.state = 'open' OR i.until > $1))
ORDER BY a.workspace_id, a.id`

// reachAgain closes what settled itself. That of an account that works again is over, also where a person
// closed it: should it be lost once more, that is another matter.
func (l *Ledger) reachAgain(ctx context.Context, db *sqlx.DB, now time.Time) error {
	return inbox.InTx(ctx, db, func(tx *sqlx.Tx) error {
		var closed []struct {
			Workspace int64 `db:"workspace_id"`
			ID        int64 `db:"id"`
		}
		if _, err := tx.ExecContext(ctx, `UPDATE compliance_items i SET until = $1 FROM accounts a
			WHERE i.kind = 'unreachable' AND i.until > $1 AND a.workspace_id = i.workspace_id AND a.id = i.account_id AND NOT `+sqlAccountIsLost, now); err != nil {
			return fmt.Errorf("end the watch over accounts that work again: %w", err)
		}
		if err := tx.SelectContext(ctx, &closed, sqlCloseReach, now); err != nil {
			return fmt.Errorf("close what settled itself: %w", err)
		}
		for _, c := range closed {
			if err := auth.Audit(ctx, tx, c.Workspace, "system", "compliance.resolve", fmt.Sprintf("compliance:%d", c.ID), nil); err != nil {
				return err
			}
			if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: c.Workspace, Topic: "compliance", ObjectID: c.ID}); err != nil {
				return err
			}
		}
		return nil
	})
}

const sqlCloseReach = `
UPDATE compliance_items i SET state = 'resolved', resolved_by = 'system', resolved_at = $1,
       resolution = CASE WHEN a.id IS NOT NULL THEN 'It is connected again.' ELSE 'The thirty days are over.' END
FROM compliance_items o LEFT JOIN accounts a ON a.workspace_id = o.workspace_id AND a.id = o.account_id AND NOT ` + sqlAccountIsLost + `
WHERE o.id = i.id AND o.workspace_id = i.workspace_id AND i.kind = 'unreachable' AND i.state = 'open' AND i.until <= $1
RETURNING i.workspace_id, i.id`
