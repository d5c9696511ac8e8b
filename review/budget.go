package review

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/decisions"
	"ponte/inbox"
	"ponte/jobs"
	"ponte/moderation"
	"ponte/notify"
)

// The states of the false-hide budget.
const (
	BudgetWithin   = "within"   // surely kept
	BudgetUnknown  = "unknown"  // too little was drawn and decided to say
	BudgetExceeded = "exceeded" // surely exceeded
)

// certainty of each bound of the share of wrong hides; budgetDays is how far back hides are drawn from.
const (
	certainty  = 0.95
	budgetDays = 90
)

// FalseHides holds the false-hide budget against what was drawn by lot among automatic hides and decided
// by a person. A hide that today's thresholds would not repeat does not count any more.
type FalseHides struct {
	OneIn    int              `json:"one_in" doc:"The budget: at most one wrong hide in so many"`
	Reviewed int              `json:"reviewed" doc:"Hides drawn by lot and decided by a person"`
	Wrong    int              `json:"wrong" doc:"… of which a person took back"`
	Lower    float64          `json:"lower" doc:"The share of wrong hides is at least this, with 95 % certainty"`
	Upper    float64          `json:"upper" doc:"… and at most this, with 95 % certainty"`
	State    string           `json:"state" enum:"within,unknown,exceeded"`
	Days     int              `json:"days" doc:"How far back is looked"`
	Since    *time.Time       `json:"since" doc:"Since when the state is this, as last checked"`
	Groups   []FalseHideGroup `json:"groups"`
}

// FalseHideGroup is one group in one language by one tier.
type FalseHideGroup struct {
	Group    string  `json:"group" enum:"harm,spam"`
	Language string  `json:"language"`
	Tier     string  `json:"tier"`
	Reviewed int     `json:"reviewed"`
	Wrong    int     `json:"wrong"`
	Lower    float64 `json:"lower"`
	Upper    float64 `json:"upper"`
	From     float64 `json:"from" doc:"The model hides from this score on"`
}

// drawn is a hide that was drawn by lot and decided.
type drawn struct {
	Tier     string  `db:"tier"`
	Category string  `db:"category"`
	Language string  `db:"language"`
	Harm     float64 `db:"harm"`
	Spam     float64 `db:"spam"`
	Wrong    bool    `db:"wrong"`
	group    string
	score    float64
}

const sqlDrawn = `
SELECT v.tier, coalesce(v.verdict->>'category', '') AS category, coalesce(v.verdict->>'language', '') AS language,
    coalesce((v.verdict#>>'{tiers,model,harm}')::float8, (v.verdict->>'harm')::float8, 0) AS harm,
    coalesce((v.verdict#>>'{tiers,model,spam}')::float8, (v.verdict->>'spam')::float8, 0) AS spam,
    r.outcome NOT IN ('hide','delete') AS wrong
FROM review_items r JOIN verdicts v ON v.workspace_id = r.workspace_id AND v.id = r.verdict_id
WHERE r.workspace_id = $1 AND r.kind = 'sample' AND r.state = 'decided' AND r.decided_by IS NOT NULL AND r.outcome <> 'superseded'
  AND r.created_at >= $2 AND v.decision IN ('hide','delete') AND v.tier <> 'person'
ORDER BY r.id`

// ReadFalseHides measures the budget of a workspace as it stands.
func ReadFalseHides(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, now time.Time) (FalseHides, error) {
	_, f, err := measure(ctx, q, workspaceID, now)
	if err != nil {
		return f, err
	}
	var since []time.Time
	if err := sqlx.SelectContext(ctx, q, &since, `SELECT since FROM false_hide_checks WHERE workspace_id = $1 AND state = $2`, workspaceID, f.State); err != nil {
		return f, fmt.Errorf("load the last check of false hides: %w", err)
	}
	if len(since) > 0 {
		at := since[0].UTC()
		f.Since = &at
	}
	return f, nil
}

func measure(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, now time.Time) (*moderation.Engine, FalseHides, error) {
	e, err := decisions.LiveEngine(ctx, q, workspaceID)
	if err != nil {
		return nil, FalseHides{}, err
	}
	list, err := drawnHides(ctx, q, workspaceID, now)
	return e, count(e, list, nil), err
}

func drawnHides(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, now time.Time) ([]drawn, error) {
	var list []drawn
	if err := sqlx.SelectContext(ctx, q, &list, sqlDrawn, workspaceID, now.AddDate(0, 0, -budgetDays)); err != nil {
		return nil, fmt.Errorf("read the hides drawn by lot: %w", err)
	}
	for i := range list {
		d := &list[i]
		d.group, d.score = "harm", d.Harm
		if moderation.GroupOf(d.Category) == "spam" {
			d.group, d.score = "spam", d.Spam
		}
	}
	return list, nil
}

// from is the threshold of a group in a language: the engine's, or a higher one that was learned.
func from(e *moderation.Engine, learned map[string]map[string]float64, group, language string) float64 {
	return max(e.HideFrom(group, language), learned[group][language])
}

// count counts the hides that these thresholds would repeat.
func count(e *moderation.Engine, list []drawn, learned map[string]map[string]float64) FalseHides {
	f := FalseHides{OneIn: e.Policy().Budget(), Days: budgetDays, Groups: []FalseHideGroup{}}
	type key struct{ group, language, tier string }
	at := map[key]int{}
	for _, d := range list {
		t := from(e, learned, d.group, d.Language)
		if d.Tier == string(moderation.TierModel) && d.score < t {
			continue
		}
		k := key{d.group, d.Language, d.Tier}
		i, ok := at[k]
		if !ok {
			i = len(f.Groups)
			at[k] = i
			f.Groups = append(f.Groups, FalseHideGroup{Group: d.group, Language: d.Language, Tier: d.Tier, From: t})
		}
		f.Reviewed++
		f.Groups[i].Reviewed++
		if d.Wrong {
			f.Wrong++
			f.Groups[i].Wrong++
		}
	}
	for i := range f.Groups {
		g := &f.Groups[i]
		g.Lower, g.Upper = moderation.Interval(g.Wrong, g.Reviewed, certainty)
	}
	f.Lower, f.Upper = moderation.Interval(f.Wrong, f.Reviewed, certainty)
	switch allowed := 1 / float64(f.OneIn); {
	case f.Lower > allowed:
		f.State = BudgetExceeded
	case f.Upper <= allowed:
		f.State = BudgetWithin
	default:
		f.State = BudgetUnknown
	}
	return f
}

// learn raises thresholds, one wrong hide of the model after the other from the lowest score up, until
// the budget is not surely exceeded any more. Where the wrong hides are not the model's, that cannot
// help, and a person must look at rules and policy.
func learn(e *moderation.Engine, list []drawn) map[string]map[string]float64 {
	learned := map[string]map[string]float64{"harm": maps.Clone(e.Policy().Learned["harm"]), "spam": maps.Clone(e.Policy().Learned["spam"])}
	raised := false
	for count(e, list, learned).State == BudgetExceeded {
		var low *drawn
		for i, d := range list {
			if d.Wrong && d.Tier == string(moderation.TierModel) && d.score >= from(e, learned, d.group, d.Language) && d.score < 1 && (low == nil || d.score < low.score) {
				low = &list[i]
			}
		}
		if low == nil {
			break
		}
		if learned[low.group] == nil {
			learned[low.group] = map[string]float64{}
		}
		learned[low.group][low.Language] = min(math.Ceil((low.score+1e-6)*1000)/1000, 1)
		raised = true
	}
	if !raised {
		return nil
	}
	return learned
}

// CheckFalseHides measures the budget, keeps the measure, and when it has come to be exceeded raises the
// alarm: a line in the audit log, the state in the API and the metrics, and thresholds that follow.
func CheckFalseHides(ctx context.Context, tx *sqlx.Tx, workspaceID int64, now time.Time) (FalseHides, error) {
	var raw json.RawMessage
	if err := tx.GetContext(ctx, &raw, `SELECT settings FROM workspaces WHERE id = $1 FOR UPDATE`, workspaceID); err != nil {
		return FalseHides{}, fmt.Errorf("lock workspace %d: %w", workspaceID, err)
	}
	e, f, err := measure(ctx, tx, workspaceID, now)
	if err != nil {
		return f, err
	}
	var was []string
	if err := tx.SelectContext(ctx, &was, `SELECT state FROM false_hide_checks WHERE workspace_id = $1`, workspaceID); err != nil {
		return f, fmt.Errorf("load the last check of false hides: %w", err)
	}
	if _, err := tx.ExecContext(ctx, sqlKeepCheck, workspaceID, now, f.OneIn, f.Reviewed, f.Wrong, f.Lower, f.Upper, f.State); err != nil {
		return f, fmt.Errorf("keep the check of false hides: %w", err)
	}
	before := BudgetUnknown
	if len(was) > 0 {
		before = was[0]
	}
	var learned map[string]map[string]float64
	if f.State == BudgetExceeded { // also while it lasts: the wrong hides of today may be others than those of yesterday
		if learned, err = raise(ctx, tx, workspaceID, e, raw, now); err != nil {
			return f, err
		}
	}
	if before == f.State && learned == nil {
		return f, nil
	}
	detail := map[string]any{"from": before, "to": f.State, "one_in": f.OneIn, "reviewed": f.Reviewed, "wrong": f.Wrong, "lower": f.Lower}
	if f.State == BudgetExceeded {
		detail["learned"] = learned
	}
	if err := auth.Audit(ctx, tx, workspaceID, "system", "policy.false_hides_"+f.State, fmt.Sprintf("workspace:%d", workspaceID), detail); err != nil {
		return f, err
	}
	return f, inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspaceID, Topic: "workspace", ObjectID: workspaceID})
}

const sqlKeepCheck = `
INSERT INTO false_hide_checks (workspace_id, at, one_in, reviewed, wrong, lower, upper, state, since) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $2)
ON CONFLICT (workspace_id) DO UPDATE SET at = excluded.at, one_in = excluded.one_in, reviewed = excluded.reviewed, wrong = excluded.wrong, lower = excluded.lower,
    upper = excluded.upper, state = excluded.state, since = CASE WHEN false_hide_checks.state = excluded.state THEN false_hide_checks.since ELSE excluded.since END`

// raise writes what reviews taught into the policy; it is live at once, because it only ever hides less.
func raise(ctx context.Context, tx *sqlx.Tx, workspaceID int64, e *moderation.Engine, raw json.RawMessage, now time.Time) (map[string]map[string]float64, error) {
	list, err := drawnHides(ctx, tx, workspaceID, now)
	if err != nil {
		return nil, err
	}
	learned := learn(e, list)
	if learned == nil {
		return nil, nil
	}
	before := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &before); err != nil {
		return nil, fmt.Errorf("read the settings of workspace %d: %w", workspaceID, err)
	}
	p := *e.Policy()
	p.Learned = learned
	after := maps.Clone(before)
	if after["policy"], err = json.Marshal(p); err != nil {
		return nil, fmt.Errorf("encode the policy: %w", err)
	}
	if _, err := moderation.ParsePolicy(after["policy"]); err != nil {
		return nil, fmt.Errorf("the thresholds that reviews ask for make no policy: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE workspaces SET settings = jsonb_set(settings, '{policy}', $2::jsonb) WHERE id = $1`, workspaceID, string(after["policy"])); err != nil {
		return nil, fmt.Errorf("raise thresholds: %w", err)
	}
	return learned, decisions.SettingsChanged(ctx, tx, workspaceID, before, after, "system")
}

// WatchFalseHides checks every workspace's budget, and ends second looks that nobody may take, every hour, until the
// context ends.
func WatchFalseHides(ctx context.Context, db *sqlx.DB, now func() time.Time, log *slog.Logger) error {
	once := func(ctx context.Context) (bool, error) {
		spaces, err := inbox.Workspaces(ctx, db)
		for _, w := range spaces {
			if err == nil {
				err = checkOne(ctx, db, w.ID, now(), log)
			}
		}
		return false, err
	}
	return jobs.Loop{Once: once, Every: time.Hour, Log: log, Failed: "false hides could not be checked; trying again in an hour"}.Run(ctx)
}

func checkOne(ctx context.Context, db *sqlx.DB, workspaceID int64, now time.Time, log *slog.Logger) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if _, err := EndSecondLooks(ctx, tx, workspaceID); err != nil {
		return err
	}
	f, err := CheckFalseHides(ctx, tx, workspaceID, now)
	if err != nil {
		return err
	}
	if f.State == BudgetExceeded { // told once a week, for as long as it lasts
		year, week := now.UTC().ISOWeek()
		if err := notify.Raise(ctx, tx, []notify.Event{{WorkspaceID: workspaceID, Kind: notify.BudgetAlarm, Object: "policy",
			Data: map[string]any{"budget": "false_hides", "one_in": f.OneIn, "reviewed": f.Reviewed, "wrong": f.Wrong}, At: now, Dedupe: fmt.Sprintf("false_hides:%d-%02d", year, week)}}); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	if f.State == BudgetExceeded {
		log.Warn("the false-hide budget is exceeded", "workspace", workspaceID, "one_in", f.OneIn, "reviewed", f.Reviewed, "wrong", f.Wrong)
	}
	return nil
}
