package campaign

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Funnel counts what came of a trigger or a campaign, step by step, from the rows that say what happened, each
// time it is asked for. Whether a link was opened is not among
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
	to, err := countedTo(ctx, q, s)
	if err != nil {
		return nil, err
	}
	var rows []funnelRow
	if err := sqlx.SelectContext(ctx, q, &rows, stmt, workspaceID, id, s.Since, s.Until, to.Actions, to.Runs, to.Handoffs); err != nil {
		return nil, fmt.Errorf("count a funnel: %w", err)
	}
	out := make(map[int64]Funnel, len(rows))
	for _, r := range rows {
		out[r.ID] = r.Funnel
	}
	return out, nil
}

var (
	sqlTriggerFunnels  = fmt.Sprintf(sqlFunnels, "triggers", "trigger_id", "true", sqlStep, chunkBits)
	sqlCampaignFunnels = fmt.Sprintf(sqlFunnels, "campaigns", "campaign_id", "(o.goal = '' OR g.name = o.goal)", sqlStep, chunkBits)
)

// What a trigger did stands in sums up to an id (see Tally); behind it, and where a sum left something open, rows are
// counted. Each part reads its rows once: a trigger may have answered a hundred thousand people. The handoffs are those
// whose invitation went out.
//
// Who agreed counts for the invitation they used last before they did. Who they are is asked today: a grant is the
// person's whose identity gave it; one that names no identity is the contact's, or whose that contact was merged into.
// A goal counts for whom its row names, else for the conversation's invitation.
const sqlFunnels = `
WITH RECURSIVE sums AS (
    SELECT c.%[2]s AS id, sum(c.matched) AS matched, sum(c.public_reply) AS public_reply, sum(c.private_reply) AS private_reply, sum(c.refused) AS refused, sum(c.invited) AS invited
    FROM funnel_counts c WHERE c.workspace_id = $1 AND c.%[2]s <> 0 AND ($2::bigint = 0 OR c.%[2]s = $2)
      AND c.chunk < (CASE c.source WHEN 'actions' THEN $5::bigint WHEN 'runs' THEN $6::bigint ELSE $7::bigint END) >> %[5]d GROUP BY 1),
acts AS (
    SELECT x.id, count(*) FILTER (WHERE x.step = 'public_reply') AS public_reply, count(*) FILTER (WHERE x.step = 'private_reply') AS private_reply, count(*) FILTER (WHERE x.step = 'refused') AS refused
    FROM (SELECT a.%[2]s AS id, %[4]s AS step FROM actions a WHERE a.workspace_id = $1 AND a.id >= $5 AND a.%[2]s IS NOT NULL AND ($2::bigint = 0 OR a.%[2]s = $2)
            AND ($3::timestamptz IS NULL OR a.created_at >= $3) AND ($4::timestamptz IS NULL OR a.created_at < $4)
          UNION ALL
          SELECT a.%[2]s, %[4]s FROM funnel_open p JOIN actions a ON a.workspace_id = p.workspace_id AND a.id = p.action_id
          WHERE p.workspace_id = $1 AND p.chunk < $5 >> %[5]d AND a.%[2]s IS NOT NULL AND ($2::bigint = 0 OR a.%[2]s = $2)) x GROUP BY 1),
runs AS (
    SELECT r.%[2]s AS id, count(*) AS matched FROM trigger_runs r WHERE r.workspace_id = $1 AND r.id >= $6 AND r.%[2]s IS NOT NULL AND ($2::bigint = 0 OR r.%[2]s = $2)
      AND ($3::timestamptz IS NULL OR r.at >= $3) AND ($4::timestamptz IS NULL OR r.at < $4) GROUP BY 1),
given AS (
    SELECT h.%[2]s AS id, count(*) AS invited FROM handoffs h WHERE h.workspace_id = $1 AND h.id >= $7 AND h.%[2]s IS NOT NULL AND ($2::bigint = 0 OR h.%[2]s = $2)
      AND ($3::timestamptz IS NULL OR h.created_at >= $3) AND ($4::timestamptz IS NULL OR h.created_at < $4) GROUP BY 1),
links AS MATERIALIZED (
    SELECT h.%[2]s AS id, h.id AS handoff, h.used_by, h.used_at,
           h.%[2]s IS NOT NULL AND ($2::bigint = 0 OR h.%[2]s = $2) AND ($3::timestamptz IS NULL OR h.created_at >= $3) AND ($4::timestamptz IS NULL OR h.created_at < $4) AS wanted
    FROM handoffs h WHERE h.workspace_id = $1 AND h.used_by IS NOT NULL),
grants AS MATERIALIZED (
    SELECT e.at, p.contact_id, (p.personal ->> 'identity_id')::bigint AS identity_id FROM consent_entries e JOIN consent_personal p ON p.workspace_id = e.workspace_id AND p.seq = e.seq
    WHERE e.workspace_id = $1 AND e.act = 'grant' AND e.purpose = 'promotional' AND e.at >= (SELECT min(k.used_at) FROM links k WHERE k.wanted)),
people AS MATERIALIZED (
    SELECT i.id, i.contact_id FROM identities i WHERE i.workspace_id = $1 AND i.id IN (SELECT k.used_by FROM links k UNION ALL SELECT g.identity_id FROM grants g)),
used AS MATERIALIZED (
    SELECT k.*, p.contact_id, min(k.used_at) OVER (PARTITION BY p.contact_id ORDER BY k.used_at GROUPS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS until
    FROM links k JOIN people p ON p.id = k.used_by),
started AS (SELECT u.id, count(*) AS started FROM links u WHERE u.wanted GROUP BY 1),
talked AS (
    SELECT u.id, count(DISTINCT u.handoff) AS qualified FROM links u JOIN conversations v ON v.workspace_id = $1 AND v.origin ? 'handoff_id' AND (v.origin->>'handoff_id')::bigint = u.handoff
    WHERE u.wanted AND (jsonb_typeof(v.bot->'answers') = 'object' AND v.bot->'answers' <> '{}' OR 'qualified' = ANY(v.labels)) GROUP BY 1),
merged (id, part) AS (
    SELECT m.into_contact, m.from_contact FROM contact_merges m WHERE m.workspace_id = $1 AND m.undone_at IS NULL
    UNION SELECT g.id, m.from_contact FROM merged g JOIN contact_merges m ON m.workspace_id = $1 AND m.into_contact = g.part AND m.undone_at IS NULL),
proofs AS (
    SELECT p.contact_id, g.at FROM grants g JOIN people p ON p.id = g.identity_id
    UNION ALL SELECT g.contact_id, g.at FROM grants g WHERE g.identity_id IS NULL
    UNION ALL SELECT m.id, g.at FROM grants g JOIN merged m ON m.part = g.contact_id WHERE g.identity_id IS NULL),
agreed AS (
    SELECT u.id, count(DISTINCT u.handoff) AS opted_in FROM used u JOIN proofs p ON p.contact_id = u.contact_id AND p.at >= u.used_at AND (u.until IS NULL OR p.at < u.until)
    WHERE u.wanted GROUP BY 1),
reached AS (
    SELECT o.id, count(DISTINCT g.contact_id) AS goal, coalesce(sum(g.value_micros), 0) AS value,
           CASE WHEN min(g.currency) FILTER (WHERE g.value_micros IS NOT NULL) = max(g.currency) FILTER (WHERE g.value_micros IS NOT NULL) THEN max(g.currency) FILTER (WHERE g.value_micros IS NOT NULL) ELSE '' END AS currency
    FROM (SELECT g.*, coalesce(g.%[2]s, (SELECT h.%[2]s FROM conversations v JOIN handoffs h ON h.workspace_id = v.workspace_id AND h.id = (v.origin->>'handoff_id')::bigint
            WHERE v.workspace_id = g.workspace_id AND v.id = g.conversation_id AND v.origin ? 'handoff_id')) AS whose FROM goals g
        WHERE g.workspace_id = $1 AND ($3::timestamptz IS NULL OR g.at >= $3) AND ($4::timestamptz IS NULL OR g.at < $4) OFFSET 0) g
    JOIN %[1]s o ON o.workspace_id = g.workspace_id AND o.id = g.whose AND %[3]s
    WHERE $2::bigint = 0 OR o.id = $2 GROUP BY 1)
SELECT o.id, coalesce(sums.matched, 0) + coalesce(runs.matched, 0) AS matched, coalesce(sums.public_reply, 0) + coalesce(acts.public_reply, 0) AS public_reply,
       coalesce(sums.private_reply, 0) + coalesce(acts.private_reply, 0) AS private_reply, coalesce(sums.refused, 0) + coalesce(acts.refused, 0) AS refused,
       coalesce(sums.invited, 0) + coalesce(given.invited, 0) AS invited, coalesce(started.started, 0) AS started, coalesce(talked.qualified, 0) AS qualified, coalesce(agreed.opted_in, 0) AS opted_in,
       coalesce(reached.goal, 0) AS goal, CASE WHEN coalesce(reached.currency, '') = '' THEN 0 ELSE reached.value END AS goal_value, coalesce(reached.currency, '') AS goal_currency
FROM %[1]s o LEFT JOIN sums USING (id) LEFT JOIN acts USING (id) LEFT JOIN runs USING (id) LEFT JOIN given USING (id) LEFT JOIN started USING (id)
LEFT JOIN talked USING (id) LEFT JOIN agreed USING (id) LEFT JOIN reached USING (id)
WHERE o.workspace_id = $1 AND ($2::bigint = 0 OR o.id = $2)`
