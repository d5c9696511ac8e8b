package live

import (
	"context"
	"fmt"
	"slices"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/fault"
	"ponte/inbox"
	"ponte/router"
)

// On says what begins a flow.
type On string

// What begins a flow, the most particular first.
const (
	OnKeyword      On = "keyword"      // somebody writes one of the words, as the whole message
	OnHandoff      On = "handoff"      // somebody comes over with the reference of a trigger or campaign
	OnConversation On = "conversation" // a conversation begins
)

// Start says when a flow begins. Empty fields do not narrow.
type Start struct {
	WorkspaceID int64         `db:"workspace_id"`
	ID          int64         `db:"id"`
	FlowID      int64         `db:"flow_id"`
	VersionID   int64         `db:"version_id"` // the live one
	On          On            `db:"on_what"`
	AccountID   *int64        `db:"account_id"`
	Channel     string        `db:"channel"`
	Language    string        `db:"language"`
	TriggerID   *int64        `db:"trigger_id"`
	CampaignID  *int64        `db:"campaign_id"`
	Keywords    inbox.Strings `db:"keywords"`
}

const startColumns = `s.workspace_id, s.id, s.flow_id, s.on_what, s.account_id, s.channel, s.language, s.trigger_id, s.campaign_id, s.keywords`

// Starts returns the starts of what is published in workspaces.
func Starts(ctx context.Context, q sqlx.QueryerContext, workspaces []int64) ([]Start, error) {
	var out []Start
	err := sqlx.SelectContext(ctx, q, &out, `SELECT `+startColumns+`, f.live_version AS version_id FROM flow_starts s
JOIN flows f ON f.workspace_id = s.workspace_id AND f.id = s.flow_id WHERE s.workspace_id = ANY($1) AND f.live_version IS NOT NULL ORDER BY s.id`, pq.Array(workspaces))
	if err != nil {
		return nil, fmt.Errorf("load when flows begin: %w", err)
	}
	// The workspace's default comes last, and narrows nothing: every other start wins over it.
	var last []Start
	if err := sqlx.SelectContext(ctx, q, &last, sqlDefaultFlows, pq.Array(workspaces)); err != nil {
		return nil, fmt.Errorf("load the default flows: %w", err)
	}
	return append(out, last...), nil
}

const sqlDefaultFlows = `
SELECT w.id AS workspace_id, f.id AS flow_id, f.live_version AS version_id, 'conversation' AS on_what FROM workspaces w
JOIN flows f ON f.workspace_id = w.id AND f.id::text = w.settings->>'default_flow' WHERE w.id = ANY($1) AND f.live_version IS NOT NULL`

// MayWelcome says why a flow cannot be the workspace's default; nil where it can.
func MayWelcome(ctx context.Context, q sqlx.QueryerContext, workspace, id int64) error {
	var live []bool
	if err := sqlx.SelectContext(ctx, q, &live, `SELECT live_version IS NOT NULL FROM flows WHERE workspace_id = $1 AND id = $2 AND archived_at IS NULL`, workspace, id); err != nil {
		return fmt.Errorf("look at the default flow: %w", err)
	}
	switch {
	case len(live) == 0:
		return fault.Field("settings.default_flow", "flow %d does not exist in this workspace", id)
	case !live[0]:
		return fault.Field("settings.default_flow", "flow %d is not published; publish it first", id)
	}
	return nil
}

// StartsOf returns the starts of one flow, published or not.
func StartsOf(ctx context.Context, q sqlx.QueryerContext, workspace, id int64) ([]Start, error) {
	var out []Start
	err := sqlx.SelectContext(ctx, q, &out, `SELECT `+startColumns+`, 0::bigint AS version_id FROM flow_starts s WHERE s.workspace_id = $1 AND s.flow_id = $2 ORDER BY s.id`, workspace, id)
	if err != nil {
		return nil, fmt.Errorf("load when flow %d begins: %w", id, err)
	}
	return out, nil
}

// SetStarts replaces the starts of a flow.
func SetStarts(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, list []Start) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM flow_starts WHERE workspace_id = $1 AND flow_id = $2`, workspace, id); err != nil {
		return fmt.Errorf("replace when flow %d begins: %w", id, err)
	}
	for _, s := range list {
		if _, err := tx.ExecContext(ctx, sqlInsertStart, workspace, id, s.On, s.AccountID, s.Channel, s.Language, s.TriggerID, s.CampaignID, s.Keywords); err != nil {
			return fmt.Errorf("keep when flow %d begins: %w", id, err)
		}
	}
	return nil
}

const sqlInsertStart = `
INSERT INTO flow_starts (workspace_id, flow_id, on_what, account_id, channel, language, trigger_id, campaign_id, keywords) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`

// Occasion is a message that may begin a flow.
type Occasion struct {
	AccountID  int64
	Channel    string
	Language   string
	Text       string
	First      bool // the conversation begins with it
	Handoff    bool // it came with a reference, the first time
	TriggerID  int64
	CampaignID int64
}

// Choose returns the start that holds for an occasion, and why; nil where none does. A word wins over a
// handoff, a handoff over the mere beginning; among equals the more particular one, then the older.
func Choose(list []Start, o Occasion) (*Start, string) {
	var best *Start
	most := -1
	for i := range list {
		if n := list[i].holds(o); n > most {
			best, most = &list[i], n
		}
	}
	switch {
	case best == nil:
		return nil, ""
	case best.On == OnKeyword:
		return best, "began with a word"
	case best.On == OnHandoff:
		return best, "began with a handoff"
	}
	return best, "began with the conversation"
}

// holds returns how particular a start is for the occasion, or -1 where it does not hold.
func (s Start) holds(o Occasion) int {
	n := 0
	for _, narrow := range []struct {
		set, same bool
		weight    int
	}{
		{s.TriggerID != nil, s.TriggerID != nil && *s.TriggerID == o.TriggerID, 16},
		{s.CampaignID != nil, s.CampaignID != nil && *s.CampaignID == o.CampaignID, 8},
		{s.AccountID != nil, s.AccountID != nil && *s.AccountID == o.AccountID, 4},
		{s.Channel != "", s.Channel == o.Channel, 2},
		{s.Language != "", s.Language == o.Language, 1},
	} {
		if narrow.set && !narrow.same {
			return -1
		}
		if narrow.set {
			n += narrow.weight
		}
	}
	switch s.On {
	case OnKeyword:
		text := router.Fold(o.Text)
		if text == "" || !slices.ContainsFunc(s.Keywords, func(w string) bool { return router.Fold(w) == text }) {
			return -1
		}
		return n + 200
	case OnHandoff:
		if !o.Handoff || !o.First {
			return -1
		}
		return n + 100
	}
	if !o.First {
		return -1
	}
	return n
}
