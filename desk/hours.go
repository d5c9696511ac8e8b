package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/flow"
	"ponte/inbox"
)

// clocks are the opening hours by which deadlines of a workspace are counted: a team's own, else the
// account's, else the workspace's, else around the clock.
type clocks struct {
	teams    map[string]*flow.Hours
	accounts map[int64]*flow.Hours // 0: the workspace's
	digest   string                // of all of them, and of the minutes
}

func loadClocks(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, s inbox.Settings) (clocks, error) {
	var rows []struct {
		Team    string          `db:"team"`
		Account int64           `db:"account_id"`
		Hours   json.RawMessage `db:"hours"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, sqlHours, workspaceID); err != nil {
		return clocks{}, fmt.Errorf("load opening hours: %w", err)
	}
	c := clocks{teams: map[string]*flow.Hours{}, accounts: map[int64]*flow.Hours{}}
	sum := sha256.New()
	fmt.Fprintf(sum, "near in hours/%d/%v|", s.OverdueMinutes, s.Desk) // another way of counting is written in front
	for _, r := range rows {
		fmt.Fprintf(sum, "%q %d %s|", r.Team, r.Account, r.Hours)
		h, err := flow.ParseHours(r.Hours)
		if err != nil {
			return c, fmt.Errorf("read the opening hours of workspace %d: %w", workspaceID, err)
		}
		if r.Team != "" {
			c.teams[r.Team] = h
		} else {
			c.accounts[r.Account] = h
		}
	}
	c.digest = hex.EncodeToString(sum.Sum(nil)[:12])
	return c, nil
}

const sqlHours = `
SELECT '' AS team, coalesce(account_id, 0) AS account_id, hours FROM business_hours WHERE workspace_id = $1
UNION ALL SELECT name, 0, hours FROM teams WHERE workspace_id = $1 AND archived_at IS NULL AND hours IS NOT NULL ORDER BY 1, 2`

func (c clocks) of(team string, account int64) *flow.Hours {
	if h := c.teams[team]; h != nil && team != "" {
		return h
	}
	if h := c.accounts[account]; h != nil {
		return h
	}
	return c.accounts[0]
}

// due is the instant at which so many minutes of opening time have passed.
func (c clocks) due(team string, account int64, from time.Time, minutes int) time.Time {
	return c.of(team, account).After(from, time.Duration(minutes)*time.Minute)
}

func checkHours(raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if _, err := flow.ParseHours(raw); err != nil {
		return fault.Field("hours", "the opening hours cannot be read: %v", err)
	}
	return nil
}
