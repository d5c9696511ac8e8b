package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Funnel counts what came of a trigger or a campaign, step by step. Nothing of it is kept: it is counted
// from the rows that say what happened, each time it is asked for. Whether a link was opened is not among
// them, because no network tells.
type Funnel struct {
	Matched      int    `db:"matched" json:"matched"`              // comments and messages answered
	PublicReply  int    `db:"public_reply" json:"public_reply"`    // public replies that went out
	PrivateReply int    `db:"private_reply" json:"private_reply"`  // private replies and messages that went out
	Invited      int    `db:"invited" json:"invited"`              // of those, with an invitation to WhatsApp
	Started      int    `db:"started" json:"started"`              // invitations that somebody wrote with on WhatsApp
	Qualified    int    `db:"qualified" json:"qualified"`          // of those, who answered a qualifying question
	OptedIn      int    `db:"opted_in" json:"opted_in"`            // of those who started, who agreed to offers afterwards
	Goal         int    `db:"goal" json:"goal"`                    // people who reached the goal
	GoalValue    int64  `db:"goal_value" json:"goal_value_micros"` // what the goals were worth, where it is known and in one currency
	GoalCurrency string `db:"goal_currency" json:"goal_currency"`
	Refused      int    `db:"refused" json:"refused"` // answers the gate did not let out, or that came too late
}

// Span narrows a funnel to what was answered, and what came of it, from an instant to another.
type Span struct{ Since, Until *time.Time }

type funnelRow struct {
	ID int64 `db:"id"`
	Funnel
}

// TriggerFunnels counts for each trigger of a workspace; one alone where its id is given.
func TriggerFunnels(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64, s Span) (map[int64]Funnel, error) {
	return funnels(ctx, q, sqlTriggerFunnels, workspaceID, id, s)
}

// CampaignFunnels counts for each campaign of a workspace; one alone where its id is given. What a
// trigger did before it came to the campaign is not the campaign's.
func CampaignFunnels(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64, s Span) (map[int64]Funnel, error) {
	return funnels(ctx, q, sqlCampaignFunnels, workspaceID, id, s)
}

func funnels(ctx context.Context, q sqlx.QueryerContext, stmt string, workspaceID, id int64, s Span) (map[int64]Funnel, error) {
	var rows []funnelRow
	if err := sqlx.SelectContext(ctx, q, &rows, stmt, workspaceID, id, s.Since, s.Until); err != nil {
		return nil, fmt.Errorf("count a funnel: %w", err)
	}
	out := make(map[int64]Funnel, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Funnel
	}
	return out, nil
}

var (
	sqlTriggerFunnels  = fmt.Sprintf(sqlFunnels, "triggers", "trigger_id", "true")
	sqlCampaignFunnels = fmt.Sprintf(sqlFunnels, "campaigns", "campaign_id", "(o.goal = '' OR g.name = o.goal)")
)

// Every part reads its rows once, from an index where there is one: a trigger may have answered a hundred
// thousand people. The handoffs are those whose invitation went out. Who agreed counts for the invitation they used last
// before they did; a goal counts for whom its row names, else for the conversation's invitation.
const sqlFunnels = `
WITH acts AS (
    SELECT a.%[2]s AS id, count(*) FILTER (WHERE a.kind = 'comment.reply' AND a.state = 'done') AS public_reply,
           count(*) FILTER (WHERE a.kind IN ('private_reply.send', 'message.send') AND a.origin = 'trigger' AND a.state = 'done') AS private_reply,
           count(*) FILTER (WHERE a.origin = 'trigger' AND a.state IN ('refused', 'expired', 'failed')) AS refused
    FROM actions a WHERE a.workspace_id = $1 AND a.%[2]s IS NOT NULL AND ($2 = 0 OR a.%[2]s = $2)
      AND ($3::timestamptz IS NULL OR a.created_at >= $3) AND ($4::timestamptz IS NULL OR a.created_at < $4) GROUP BY 1),
runs AS (
    SELECT r.%[2]s AS id, count(*) AS matched FROM trigger_runs r WHERE r.workspace_id = $1 AND r.%[2]s IS NOT NULL AND ($2 = 0 OR r.%[2]s = $2)
      AND ($3::timestamptz IS NULL OR r.at >= $3) AND ($4::timestamptz IS NULL OR r.at < $4) GROUP BY 1),
talked AS (
    SELECT h.%[2]s AS id, count(DISTINCT h.id) AS qualified FROM handoffs h JOIN conversations v ON v.workspace_id = $1 AND v.origin ? 'handoff_id' AND (v.origin->>'handoff_id')::bigint = h.id
    WHERE h.workspace_id = $1 AND h.%[2]s IS NOT NULL AND ($2 = 0 OR h.%[2]s = $2) AND h.used_at IS NOT NULL
      AND ($3::timestamptz IS NULL OR h.created_at >= $3) AND ($4::timestamptz IS NULL OR h.created_at < $4)
      AND (jsonb_typeof(v.bot->'answers') = 'object' AND v.bot->'answers' <> '{}' OR 'qualified' = ANY(v.labels)) GROUP BY 1),
used AS (
    SELECT h.%[2]s AS id, h.id AS handoff, i.contact_id, h.used_at, h.created_at,
           min(h.used_at) OVER (PARTITION BY i.contact_id ORDER BY h.used_at GROUPS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until
    FROM handoffs h JOIN identities i ON i.workspace_id = h.workspace_id AND i.id = h.used_by WHERE h.workspace_id = $1 AND h.used_by IS NOT NULL),
agreed AS (
    SELECT u.id, count(DISTINCT u.handoff) AS opted_in FROM used u
    JOIN consent_personal p ON p.workspace_id = $1 AND p.contact_id = u.contact_id
    JOIN consent_entries e ON e.workspace_id = p.workspace_id AND e.seq = p.seq AND e.act = 'grant' AND e.purpose = 'promotional' AND e.at >= u.used_at AND (u.until IS NULL OR e.at < u.until)
    WHERE u.id IS NOT NULL AND ($2 = 0 OR u.id = $2) AND ($3::timestamptz IS NULL OR u.created_at >= $3) AND ($4::timestamptz IS NULL OR u.created_at < $4)
    GROUP BY 1),
steps AS (
    SELECT h.%[2]s AS id, count(*) AS invited, count(h.used_at) AS started FROM handoffs h
    WHERE h.workspace_id = $1 AND h.%[2]s IS NOT NULL AND ($2 = 0 OR h.%[2]s = $2)
      AND ($3::timestamptz IS NULL OR h.created_at >= $3) AND ($4::timestamptz IS NULL OR h.created_at < $4) GROUP BY 1),
reached AS (
    SELECT o.id, count(DISTINCT g.contact_id) AS goal, coalesce(sum(g.value_micros), 0) AS value,
           CASE WHEN min(g.currency) FILTER (WHERE g.value_micros IS NOT NULL) = max(g.currency) FILTER (WHERE g.value_micros IS NOT NULL) THEN max(g.currency) FILTER (WHERE g.value_micros IS NOT NULL) ELSE '' END AS currency
    FROM (SELECT g.*, coalesce(g.%[2]s, (SELECT h.%[2]s FROM conversations v JOIN handoffs h ON h.workspace_id = v.workspace_id AND h.id = (v.origin->>'handoff_id')::bigint
            WHERE v.workspace_id = g.workspace_id AND v.id = g.conversation_id AND v.origin ? 'handoff_id')) AS whose FROM goals g
        WHERE g.workspace_id = $1 AND ($3::timestamptz IS NULL OR g.at >= $3) AND ($4::timestamptz IS NULL OR g.at < $4) OFFSET 0) g
    JOIN %[1]s o ON o.workspace_id = g.workspace_id AND o.id = g.whose AND %[3]s
    WHERE $2 = 0 OR o.id = $2 GROUP BY 1)
SELECT o.id, coalesce(runs.matched, 0) AS matched, coalesce(acts.public_reply, 0) AS public_reply, coalesce(acts.private_reply, 0) AS private_reply, coalesce(acts.refused, 0) AS refused,
       coalesce(steps.invited, 0) AS invited, coalesce(steps.started, 0) AS started, coalesce(talked.qualified, 0) AS qualified, coalesce(agreed.opted_in, 0) AS opted_in,
       coalesce(reached.goal, 0) AS goal, CASE WHEN coalesce(reached.currency, '') = '' THEN 0 ELSE reached.value END AS goal_value, coalesce(reached.currency, '') AS goal_currency
FROM %[1]s o LEFT JOIN runs USING (id) LEFT JOIN acts USING (id) LEFT JOIN steps USING (id) LEFT JOIN talked USING (id) LEFT JOIN agreed USING (id) LEFT JOIN reached USING (id)
WHERE o.workspace_id = $1 AND ($2 = 0 OR o.id = $2)`
