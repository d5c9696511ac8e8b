package decisions

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/inbox"
	"ponte/moderation"
)

// Shadow is what a version in shadow would have decided, beside what was.
type Shadow struct {
	WorkspaceID, VersionID, VerdictID int64
	Was, Now                          string
}

// failed stands where a version in shadow could not judge.
const failed = "error"

// Beside is what an engine in shadow makes of a text that the live one has judged. It never fails: a
// candidate that cannot be made, or that breaks on the text, says so in its own record.
func Beside(e *moderation.Engine, in moderation.Input, live moderation.Verdict) (now string) {
	if e == nil {
		return failed
	}
	defer func() {
		if recover() != nil {
			now = failed
		}
	}()
	v, _ := judgeAgain(e, in, live.Tiers)
	return string(v.Decision)
}

// InShadow returns the versions in shadow of the workspaces that judge what comes; a prompt is tried where
// the model is asked.
func InShadow(ctx context.Context, q sqlx.QueryerContext, workspaceIDs []int64) ([]Version, error) {
	var out []Version
	if err := sqlx.SelectContext(ctx, q, &out, sqlVersions+` WHERE workspace_id = ANY($1) AND state = 'shadow' AND kind <> 'prompt' ORDER BY id`, pq.Array(workspaceIDs)); err != nil {
		return nil, fmt.Errorf("load the versions in shadow: %w", err)
	}
	for i := range out {
		if err := out[i].Fetch(ctx, q); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// SaveShadows keeps them.
func SaveShadows(ctx context.Context, tx sqlx.ExtContext, list []Shadow) error {
	if len(list) == 0 {
		return nil
	}
	rows := inbox.NewRows("bigint", "bigint", "bigint", "text", "text")
	for _, s := range list {
		rows.Add(s.WorkspaceID, s.VersionID, s.VerdictID, s.Was, s.Now)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO shadow_verdicts (workspace_id, version_id, verdict_id, was, now) `+rows.SQL()+` ON CONFLICT DO NOTHING`, rows.Args()...); err != nil {
		return fmt.Errorf("keep what versions in shadow would have decided: %w", err)
	}
	return nil
}

// ShadowFigures is how a version in shadow compares with the live one, and both with people.
type ShadowFigures struct {
	Items     int      `json:"items"`      // texts both judged
	Same      int      `json:"same"`       // … the same way
	Agreement *float64 `json:"agreement"`  // same of items
	Kappa     *float64 `json:"kappa"`      // the same without what chance explains
	Failed    int      `json:"failed"`     // texts on which the version broke
	Decided   int      `json:"decided"`    // comments of those that a person has decided since
	Right     int      `json:"right"`      // of those: it would have left or removed what the person did
	LiveRight int      `json:"live_right"` // … and so did the live version
	Pairs     []Pair   `json:"pairs"`
}

// What a promotion takes, where no reason overrides it.
const (
	EnoughItems   = 200
	EnoughAgree   = 0.95
	EnoughDecided = 50
)

// Enough says whether the figures carry a promotion to live, and what is missing.
func (a ShadowFigures) Enough() (bool, string) {
	switch {
	case a.Failed > 0:
		return false, fmt.Sprintf("it broke on %d texts", a.Failed)
	case a.Items < EnoughItems:
		return false, fmt.Sprintf("%d texts were judged in shadow, it takes %d", a.Items, EnoughItems)
	case a.Right < a.LiveRight:
		return false, fmt.Sprintf("of %d comments that people decided it had %d right, the live version %d", a.Decided, a.Right, a.LiveRight)
	case a.Agreement != nil && *a.Agreement < EnoughAgree && a.Decided < EnoughDecided:
		return false, fmt.Sprintf("it agrees with the live version on %.1f %%; below %.0f %% it takes %d comments that people decided, and there are %d", *a.Agreement*100, EnoughAgree*100, EnoughDecided, a.Decided)
	}
	return true, ""
}

// ReadShadow adds up what a version did in its present time in shadow.
func ReadShadow(ctx context.Context, q sqlx.QueryerContext, workspaceID, versionID int64) (ShadowFigures, error) {
	var rows []struct {
		Was    string `db:"was"`
		Now    string `db:"now"`
		Person string `db:"person"`
		N      int    `db:"n"`
	}
	a := ShadowFigures{Pairs: []Pair{}}
	if err := sqlx.SelectContext(ctx, q, &rows, sqlAgreement, workspaceID, versionID); err != nil {
		return a, fmt.Errorf("add up the shadow of version %d: %w", versionID, err)
	}
	var c Counts
	table := moderation.Confusion{}
	for _, r := range rows {
		if r.Now == failed {
			a.Failed += r.N
			continue
		}
		a.Items += r.N
		table.Add(r.Was, r.Now, r.N)
		for range r.N {
			c.pair(r.Was, r.Now)
		}
		if r.Was == r.Now {
			a.Same += r.N
		}
		if r.Person == "" {
			continue
		}
		a.Decided += r.N
		if Removes(r.Now) == Removes(r.Person) {
			a.Right += r.N
		}
		if Removes(r.Was) == Removes(r.Person) {
			a.LiveRight += r.N
		}
	}
	a.Agreement, a.Kappa = table.Agreement(), table.Kappa()
	a.Pairs = c.Sorted().Pairs
	return a, nil
}

const sqlAgreement = `
SELECT s.was, s.now, coalesce(p.decision, '') AS person, count(*) AS n
FROM shadow_verdicts s
JOIN versions t ON t.workspace_id = s.workspace_id AND t.id = s.version_id
JOIN verdicts v ON v.workspace_id = s.workspace_id AND v.id = s.verdict_id
LEFT JOIN comments c ON v.subject = 'comment' AND c.workspace_id = v.workspace_id AND c.id = v.subject_id
LEFT JOIN verdicts p ON p.workspace_id = c.workspace_id AND p.id = c.verdict_id AND p.tier = 'person' AND p.created_at >= v.created_at
WHERE s.workspace_id = $1 AND s.version_id = $2 AND (t.shadow_from IS NULL OR s.at >= t.shadow_from)
GROUP BY 1, 2, 3`
