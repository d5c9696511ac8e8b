package consent

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/notify"
)

// Item is something that owner or admin must answer by a deadline.
type Item struct {
	WorkspaceID    int64      `db:"workspace_id"`
	ID             int64      `db:"id"`
	Kind           string     `db:"kind"`
	ContactID      *int64     `db:"contact_id"` // nil: the network withheld the author, or it is about the brand itself
	ConversationID *int64     `db:"conversation_id"`
	MessageID      *int64     `db:"message_id"`
	CommentID      *int64     `db:"comment_id"`
	AccountID      *int64     `db:"account_id"`
	Channel        string     `db:"channel"`
	Matched        string     `db:"matched"`
	OpenedAt       time.Time  `db:"opened_at"`
	DueAt          time.Time  `db:"due_at"`
	BreachAt       time.Time  `db:"breach_at"`
	AlarmedAt      *time.Time `db:"alarmed_at"`
	BreachedAt     *time.Time `db:"breached_at"`
	State          string     `db:"state"`
	Resolution     string     `db:"resolution"`
	ResolvedBy     *string    `db:"resolved_by"`
	ResolvedAt     *time.Time `db:"resolved_at"`
	Detail         string     `db:"detail"`
	Until          *time.Time `db:"until"`
}

// The days within which an item is answered: then it alarms, then a promise is broken.
const (
	AlarmDays  = 1
	BreachDays = 4
)

// OpenItem opens an item, unless one of its kind is open for the person: then that one stands, with its
// earlier deadline.
func OpenItem(ctx context.Context, tx sqlx.ExtContext, i Item) error {
	var ids []int64
	err := sqlx.SelectContext(ctx, tx, &ids, sqlOpenItem, i.WorkspaceID, i.Kind, i.ContactID, i.ConversationID, i.MessageID, i.Channel, i.Matched, i.OpenedAt, i.DueAt, i.BreachAt, i.CommentID, i.AccountID, i.Detail, i.Until)
	if err != nil {
		return fmt.Errorf("open a compliance item: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	if err := raise(ctx, tx, i.WorkspaceID, ids[0], "opened", i.OpenedAt); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: i.WorkspaceID, Topic: "compliance", ObjectID: ids[0]})
}

// raise tells owner and admin, and other systems, what is the matter with an item.
func raise(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, what string, at time.Time) error {
	return notify.Raise(ctx, tx, []notify.Event{{WorkspaceID: workspace, Kind: notify.ComplianceItem, Object: fmt.Sprintf("compliance:%d", id), Data: map[string]any{"what": what},
		Dedupe: fmt.Sprintf("compliance:%d:%s", id, what), At: at}})
}

const sqlOpenItem = `
INSERT INTO compliance_items (workspace_id, kind, contact_id, conversation_id, message_id, channel, matched, opened_at, due_at, breach_at, comment_id, account_id, detail, until)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING RETURNING id`

// Items lists items: the open ones by deadline, or the resolved ones, the newest first.
func Items(ctx context.Context, q sqlx.QueryerContext, workspace int64, state string, limit int) ([]Item, error) {
	var out []Item
	order := ` ORDER BY due_at, id LIMIT $3`
	if state == "resolved" {
		order = ` ORDER BY resolved_at DESC, id DESC LIMIT $3`
	}
	if err := sqlx.SelectContext(ctx, q, &out, sqlItems+order, workspace, state, limit); err != nil {
		return nil, fmt.Errorf("list compliance items: %w", err)
	}
	return out, nil
}

const sqlItems = `
SELECT workspace_id, id, kind, contact_id, conversation_id, message_id, channel, matched, opened_at, due_at, breach_at, alarmed_at, breached_at, state, resolution, resolved_by, resolved_at, comment_id, account_id, detail, until
FROM compliance_items WHERE workspace_id = $1 AND state = $2`

// ResolveItem closes an item with what was done.
func ResolveItem(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, resolution, actor string) error {
	var done []int64
	err := sqlx.SelectContext(ctx, tx, &done, `UPDATE compliance_items SET state = 'resolved', resolution = $3, resolved_by = $4, resolved_at = now() WHERE workspace_id = $1 AND id = $2 AND state = 'open' RETURNING id`, workspace, id, resolution, actor)
	if err != nil {
		return fmt.Errorf("resolve compliance item %d: %w", id, err)
	}
	if len(done) == 0 {
		return fault.New(fault.NotFound, "compliance item %d does not exist in this workspace, or is resolved", id)
	}
	if err := auth.Audit(ctx, tx, workspace, actor, "compliance.resolve", fmt.Sprintf("compliance:%d", id), nil); err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspace, Topic: "compliance", ObjectID: id})
}

// Alarm notes which open items are due and which are breached, once each, in the audit log and for open
// pages, and returns how many there were.
func (l *Ledger) Alarm(ctx context.Context, db *sqlx.DB) (int, error) {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	n := 0
	for _, step := range []struct{ what, stmt string }{{"alarm", sqlAlarm}, {"breach", sqlBreach}} {
		var list []struct {
			Workspace int64 `db:"workspace_id"`
			ID        int64 `db:"id"`
		}
		if err := tx.SelectContext(ctx, &list, step.stmt, l.now()); err != nil {
			return 0, fmt.Errorf("look for compliance items whose time is over: %w", err)
		}
		for _, i := range list {
			n++
			if err := auth.Audit(ctx, tx, i.Workspace, "system", "compliance."+step.what, fmt.Sprintf("compliance:%d", i.ID), nil); err != nil {
				return 0, err
			}
			if err := raise(ctx, tx, i.Workspace, i.ID, step.what, l.now()); err != nil {
				return 0, err
			}
			if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: i.Workspace, Topic: "compliance", ObjectID: i.ID}); err != nil {
				return 0, err
			}
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("commit: %w", err)
	}
	return n, nil
}

const (
	sqlAlarm  = `UPDATE compliance_items SET alarmed_at = $1::timestamptz WHERE state = 'open' AND due_at <= $1::timestamptz AND alarmed_at IS NULL RETURNING workspace_id, id`
	sqlBreach = `UPDATE compliance_items SET breached_at = $1::timestamptz WHERE state = 'open' AND breach_at <= $1::timestamptz AND breached_at IS NULL RETURNING workspace_id, id`
)
