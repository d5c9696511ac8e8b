package review

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"
)

// Statistics says how often rules and tiers fired and how often people overturned what came of it.
type Statistics struct {
	Rules   []Fired  `json:"rules"`
	Tiers   []Fired  `json:"tiers"`
	Samples []Sample `json:"samples"`
}

// Fired counts what one rule, or one tier, did to comments. Decided are those about which a person said
// something since; overturned, those that the person left where it was removed, or removed where it was left.
type Fired struct {
	Name       string `json:"name" db:"name"`
	Version    string `json:"version" db:"version"`
	Fired      int    `json:"fired" db:"fired"`
	Removed    int    `json:"removed" db:"removed"` // hidden or deleted by it
	Decided    int    `json:"decided" db:"decided"`
	Overturned int    `json:"overturned" db:"overturned"`
	Restored   int    `json:"restored" db:"restored"` // of those overturned: removed wrongly
}

// Sample is what was drawn by lot: an unbiased look at automatic decisions.
type Sample struct {
	Decision string `json:"decision" db:"decision"` // the machine's: hide, allow
	Language string `json:"language" db:"language"`
	Drawn    int    `json:"drawn" db:"drawn"`
	Decided  int    `json:"decided" db:"decided"`
	Wrong    int    `json:"wrong" db:"wrong"` // hidden and restored, or left and removed
}

// sqlJudged is every comment with its last final verdict of the machine and what a person has said since.
const sqlJudged = `
WITH judged AS (
    SELECT v.id, v.tier, v.decision, v.verdict, p.decision AS person
    FROM verdicts v JOIN comments c ON c.workspace_id = v.workspace_id AND c.id = v.subject_id
    LEFT JOIN verdicts p ON p.workspace_id = c.workspace_id AND p.id = c.verdict_id AND p.tier = 'person' AND p.created_at >= v.created_at
    WHERE v.workspace_id = $1 AND v.subject = 'comment' AND v.tier <> 'person' AND NOT v.provisional AND v.created_at >= $2
      AND NOT EXISTS (SELECT 1 FROM verdicts w WHERE w.workspace_id = v.workspace_id AND w.subject = 'comment' AND w.subject_id = v.subject_id
          AND w.tier <> 'person' AND NOT w.provisional AND (w.created_at, w.id) > (v.created_at, v.id))
)`

const sqlFired = `count(*) AS fired, count(*) FILTER (WHERE j.decision IN ('hide','delete')) AS removed, count(j.person) AS decided,
    count(*) FILTER (WHERE (j.decision IN ('hide','delete')) <> (j.person IN ('hide','delete'))) AS overturned,
    count(*) FILTER (WHERE j.decision IN ('hide','delete') AND j.person = 'allow') AS restored`

// ReadStatistics counts since an instant.
func ReadStatistics(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, since time.Time) (Statistics, error) {
	out := Statistics{Rules: []Fired{}, Tiers: []Fired{}, Samples: []Sample{}}
	err := sqlx.SelectContext(ctx, q, &out.Rules, sqlJudged+`
SELECT h.rule AS name, coalesce(j.verdict->>'rules_version', '') AS version, `+sqlFired+`
FROM judged j CROSS JOIN LATERAL (SELECT DISTINCT x->>'rule' AS rule FROM jsonb_array_elements(coalesce(j.verdict#>'{tiers,rules}', '[]')) x) h
GROUP BY 1, 2 ORDER BY 1, 2`, workspaceID, since)
	if err != nil {
		return out, fmt.Errorf("count what rules did: %w", err)
	}
	err = sqlx.SelectContext(ctx, q, &out.Tiers, sqlJudged+`
SELECT j.tier AS name, CASE j.tier WHEN 'rules' THEN coalesce(j.verdict->>'rules_version', '') WHEN 'policy' THEN coalesce(j.verdict->>'policy_version', '')
    WHEN 'llm' THEN concat_ws(' ', j.verdict->>'llm_model', j.verdict->>'prompt_version') ELSE coalesce(j.verdict->>'model_version', '') END AS version, `+sqlFired+`
FROM judged j GROUP BY 1, 2 ORDER BY 1, 2`, workspaceID, since)
	if err != nil {
		return out, fmt.Errorf("count what tiers did: %w", err)
	}
	err = sqlx.SelectContext(ctx, q, &out.Samples, `
SELECT v.decision, coalesce(v.verdict->>'language', '') AS language, count(*) AS drawn, count(r.decided_by) AS decided,
    count(*) FILTER (WHERE r.decided_by IS NOT NULL AND (v.decision IN ('hide','delete')) <> (r.outcome IN ('hide','delete'))) AS wrong
FROM review_items r JOIN verdicts v ON v.workspace_id = r.workspace_id AND v.id = r.verdict_id
WHERE r.workspace_id = $1 AND r.kind = 'sample' AND r.created_at >= $2 AND r.outcome IS DISTINCT FROM 'superseded'
GROUP BY 1, 2 ORDER BY 1, 2`, workspaceID, since)
	if err != nil {
		return out, fmt.Errorf("count what was drawn by lot: %w", err)
	}
	return out, nil
}
