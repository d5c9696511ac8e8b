package campaign

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/fault"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/router"
)

const triggerColumns = `t.workspace_id, t.id, t.name, t.state, t.priority, t.sources, t.keywords, t.intents, t.account_ids, t.post_ids, t.hashtags, t.starts_at, t.ends_at,
       t.recurrence, t.duration_minutes, t.once, t.delay_seconds, t.jitter_seconds, t.per_hour, t.per_day, t.public_replies, t.private_reply,
       t.handoff_account_id, t.valid_minutes, t.purpose, t.campaign_id, t.updated_at, t.revision,
       c.name AS campaign_name, c.state AS campaign_state, c.starts_at AS campaign_starts_at, c.ends_at AS campaign_ends_at`

const sqlTriggers = `
SELECT ` + triggerColumns + ` FROM triggers t LEFT JOIN campaigns c ON c.workspace_id = t.workspace_id AND c.id = t.campaign_id `

type triggerRow struct {
	WorkspaceID   int64           `db:"workspace_id"`
	ID            int64           `db:"id"`
	Name          string          `db:"name"`
	State         string          `db:"state"`
	Priority      int             `db:"priority"`
	Sources       inbox.Strings   `db:"sources"`
	Keywords      json.RawMessage `db:"keywords"`
	Intents       inbox.Strings   `db:"intents"`
	AccountIDs    pq.Int64Array   `db:"account_ids"`
	PostIDs       pq.Int64Array   `db:"post_ids"`
	Hashtags      inbox.Strings   `db:"hashtags"`
	StartsAt      *time.Time      `db:"starts_at"`
	EndsAt        *time.Time      `db:"ends_at"`
	Recurrence    string          `db:"recurrence"`
	Duration      int             `db:"duration_minutes"`
	Once          string          `db:"once"`
	Delay         int             `db:"delay_seconds"`
	Jitter        int             `db:"jitter_seconds"`
	PerHour       int             `db:"per_hour"`
	PerDay        int             `db:"per_day"`
	PublicReplies json.RawMessage `db:"public_replies"`
	PrivateReply  json.RawMessage `db:"private_reply"`
	HandoffID     *int64          `db:"handoff_account_id"`
	ValidMinutes  int             `db:"valid_minutes"`
	Purpose       string          `db:"purpose"`
	CampaignID    *int64          `db:"campaign_id"`
	UpdatedAt     time.Time       `db:"updated_at"`
	Revision      int64           `db:"revision"`
	CName         *string         `db:"campaign_name"`
	CState        *string         `db:"campaign_state"`
	CStartsAt     *time.Time      `db:"campaign_starts_at"`
	CEndsAt       *time.Time      `db:"campaign_ends_at"`
}

func (r triggerRow) trigger() (router.Trigger, error) {
	t := router.Trigger{ID: r.ID, Revision: r.Revision, Name: r.Name, State: r.State, Priority: r.Priority, Sources: r.Sources, Intents: r.Intents, AccountIDs: r.AccountIDs, PostIDs: r.PostIDs, Hashtags: r.Hashtags,
		StartsAt: utc(r.StartsAt), EndsAt: utc(r.EndsAt), Recurrence: r.Recurrence, DurationMinutes: r.Duration, Once: r.Once, DelaySeconds: r.Delay, JitterSeconds: r.Jitter, PerHour: r.PerHour,
		PerDay: r.PerDay, HandoffAccountID: r.HandoffID, ValidMinutes: r.ValidMinutes, Purpose: r.Purpose, CampaignID: r.CampaignID}
	if r.CampaignID != nil && r.CName != nil && r.CState != nil {
		t.Campaign = &router.Campaign{ID: *r.CampaignID, Name: *r.CName, State: *r.CState, StartsAt: utc(r.CStartsAt), EndsAt: utc(r.CEndsAt)}
	}
	for _, part := range []struct {
		raw  json.RawMessage
		into any
	}{{r.Keywords, &t.Keywords}, {r.PublicReplies, &t.PublicReplies}, {r.PrivateReply, &t.PrivateReply}} {
		if err := json.Unmarshal(part.raw, part.into); err != nil {
			return t, fmt.Errorf("read trigger %d: %w", r.ID, err)
		}
	}
	return t, nil
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

func selectTriggers(ctx context.Context, q sqlx.QueryerContext, where string, args ...any) ([]triggerRow, []router.Trigger, error) {
	var rows []triggerRow
	if err := sqlx.SelectContext(ctx, q, &rows, sqlTriggers+where, args...); err != nil {
		return nil, nil, fmt.Errorf("load triggers: %w", err)
	}
	out := make([]router.Trigger, len(rows))
	for i, r := range rows {
		t, err := r.trigger()
		if err != nil {
			return nil, nil, err
		}
		out[i] = t
	}
	return rows, out, nil
}

// Triggers lists a workspace's triggers in the order in which they decide; archived ones are left out.
func Triggers(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]router.Trigger, error) {
	_, list, err := selectTriggers(ctx, q, sqlWhereShown, workspaceID)
	return list, err
}

// Trigger is one of them, archived or not.
func Trigger(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (router.Trigger, error) {
	_, list, err := selectTriggers(ctx, q, sqlWhereOne, workspaceID, id)
	if err != nil {
		return router.Trigger{}, err
	}
	if len(list) == 0 {
		return router.Trigger{}, noTrigger(id)
	}
	return list[0], nil
}

// Live loads the live triggers of each workspace with their campaigns and the windows that anything
// written since the instant given may lie in.
func Live(ctx context.Context, q sqlx.QueryerContext, workspaces []int64, since, now time.Time) (map[int64]*router.Set, error) {
	rows, list, err := selectTriggers(ctx, q, sqlWhereLive, pq.Array(workspaces))
	if err != nil {
		return nil, err
	}
	if err := windowsOf(ctx, q, list, since, now); err != nil {
		return nil, err
	}
	by := map[int64][]router.Trigger{}
	for i, t := range list {
		by[rows[i].WorkspaceID] = append(by[rows[i].WorkspaceID], t)
	}
	out := make(map[int64]*router.Set, len(by))
	for ws, list := range by {
		out[ws] = router.NewSet(list)
	}
	return out, nil
}

const (
	sqlWhereShown = `WHERE t.workspace_id = $1 AND t.state <> 'archived' ORDER BY t.priority DESC, t.id`
	sqlWhereOne   = `WHERE t.workspace_id = $1 AND t.id = $2`
	sqlWhereLive  = `WHERE t.workspace_id = ANY($1) AND t.state = 'live' ORDER BY t.workspace_id, t.id`
)

// windowsOf gives triggers with a recurrence their windows. A window that is planned and has ended was
// never opened, whether the clock has said so yet or not.
func windowsOf(ctx context.Context, q sqlx.QueryerContext, list []router.Trigger, since, now time.Time) error {
	at := map[int64]*router.Trigger{}
	var ids []int64
	for i := range list {
		if list[i].Recurrence != "" {
			at[list[i].ID] = &list[i]
			ids = append(ids, list[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	var rows []struct {
		TriggerID int64     `db:"trigger_id"`
		ID        int64     `db:"id"`
		Start     time.Time `db:"starts_at"`
		End       time.Time `db:"ends_at"`
		Missed    bool      `db:"missed"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, sqlWindowsOf, pq.Array(ids), since, now); err != nil {
		return fmt.Errorf("load windows: %w", err)
	}
	for _, r := range rows {
		t := at[r.TriggerID]
		t.Windows = append(t.Windows, router.Window{ID: r.ID, Start: r.Start.UTC(), End: r.End.UTC(), Missed: r.Missed})
	}
	return nil
}

const sqlWindowsOf = `
SELECT trigger_id, id, starts_at, ends_at, state = 'missed' OR (state = 'planned' AND ends_at <= $3) AS missed
FROM trigger_windows WHERE trigger_id = ANY($1) AND ends_at > $2 AND starts_at <= $3 ORDER BY trigger_id, starts_at`

func noTrigger(id int64) error {
	return fault.New(fault.NotFound, "trigger %d does not exist in this workspace", id)
}

// Save writes a trigger, a new one where its id is zero, and plans its windows anew.
func Save(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, t router.Trigger, by *int64, now time.Time) (int64, error) {
	args, err := arguments(workspaceID, t)
	if err != nil {
		return 0, err
	}
	stmt, last := sqlUpdateTrigger, []any{t.ID, t.Revision}
	if t.ID == 0 {
		stmt, last = sqlInsertTrigger, []any{by}
	}
	var id int64
	err = sqlx.GetContext(ctx, tx, &id, stmt, append(append(args, now), last...)...)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, changedOrGone(ctx, tx, `SELECT true FROM triggers WHERE workspace_id = $1 AND id = $2`, workspaceID, t.ID, noTrigger(t.ID),
			fault.New(fault.Conflict, "somebody else has changed this trigger since you opened it; open it again and bring your changes in"))
	}
	if err != nil {
		return 0, fmt.Errorf("save the trigger: %w", err)
	}
	return id, replan(ctx, tx, workspaceID, id, now)
}

const sqlInsertTrigger = `
INSERT INTO triggers (workspace_id, name, priority, sources, keywords, intents, account_ids, post_ids, starts_at, ends_at, public_replies, private_reply, handoff_account_id, valid_minutes, purpose,
    hashtags, recurrence, duration_minutes, once, delay_seconds, jitter_seconds, per_hour, per_day, campaign_id, updated_at, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26) RETURNING id`

const sqlUpdateTrigger = `
UPDATE triggers SET name = $2, priority = $3, sources = $4, keywords = $5, intents = $6, account_ids = $7, post_ids = $8, starts_at = $9, ends_at = $10, public_replies = $11,
    private_reply = $12, handoff_account_id = $13, valid_minutes = $14, purpose = $15, hashtags = $16, recurrence = $17, duration_minutes = $18, once = $19, delay_seconds = $20,
    jitter_seconds = $21, per_hour = $22, per_day = $23, campaign_id = $24, updated_at = $25, revision = revision + 1
WHERE workspace_id = $1 AND id = $26 AND ($27::bigint = 0 OR revision = $27) RETURNING id`

// changedOrGone says why nothing was saved: it is not there, or somebody else has saved it since it was opened.
func changedOrGone(ctx context.Context, tx sqlx.QueryerContext, stmt string, workspaceID, id int64, gone, changed error) error {
	var there bool
	switch err := sqlx.GetContext(ctx, tx, &there, stmt, workspaceID, id); {
	case errors.Is(err, sql.ErrNoRows):
		return gone
	case err != nil:
		return fmt.Errorf("look for what was to be changed, %d: %w", id, err)
	}
	return changed
}

func arguments(workspaceID int64, t router.Trigger) ([]any, error) {
	var encoded []string
	for _, part := range []any{orEmpty(t.Keywords), t.PublicReplies, t.PrivateReply} {
		raw, err := json.Marshal(part)
		if err != nil {
			return nil, fmt.Errorf("encode the trigger: %w", err)
		}
		if string(raw) == "null" {
			raw = []byte("{}")
		}
		encoded = append(encoded, string(raw))
	}
	once := t.Once
	if once == "" {
		once = router.OncePost
	}
	return []any{workspaceID, t.Name, t.Priority, inbox.Strings(t.Sources), encoded[0], inbox.Strings(orEmpty(t.Intents)), pq.Int64Array(orEmpty(t.AccountIDs)), pq.Int64Array(orEmpty(t.PostIDs)), t.StartsAt, t.EndsAt,
		encoded[1], encoded[2], t.HandoffAccountID, t.ValidMinutes, t.Purpose, inbox.Strings(orEmpty(t.Hashtags)), t.Recurrence, t.DurationMinutes, once, t.DelaySeconds, t.JitterSeconds, t.PerHour, t.PerDay, t.CampaignID}, nil
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// SetState starts, pauses or archives a trigger; it returns what it was. What it has planned and has not left
// yet follows: the gate holds it while the trigger is paused.
func SetState(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64, state string, now time.Time) (was string, err error) {
	err = sqlx.GetContext(ctx, tx, &was, `SELECT state FROM triggers WHERE workspace_id = $1 AND id = $2 FOR UPDATE`, workspaceID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", noTrigger(id)
	}
	if err != nil {
		return "", fmt.Errorf("load trigger %d: %w", id, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE triggers SET state = $3, updated_at = $4 WHERE workspace_id = $1 AND id = $2`, workspaceID, id, state, now); err != nil {
		return "", fmt.Errorf("change the state of trigger %d: %w", id, err)
	}
	if err := outbox.Reconsider(ctx, tx, workspaceID, "trigger_paused"); err != nil {
		return "", err
	}
	return was, replan(ctx, tx, workspaceID, id, now)
}
