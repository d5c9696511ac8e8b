package decisions

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/moderation"
)

// minReason is how long a reason must be that overrides figures.
const minReason = 10

// Move brings a version into another state. To shadow it takes a finished backtest over enough texts, to
// live the figures of its shadow; a reason overrides either, and is kept. The settings change with it.
func Move(ctx context.Context, tx *sqlx.Tx, workspaceID, id int64, to, reason, actor string) (Version, error) {
	if err := lockSettings(ctx, tx, workspaceID); err != nil {
		return Version{}, err
	}
	if err := lockVersions(ctx, tx, workspaceID); err != nil {
		return Version{}, err
	}
	v, err := LoadVersion(ctx, tx, workspaceID, id)
	if err != nil {
		return v, err
	}
	reason = strings.TrimSpace(reason)
	override := ""
	switch {
	case v.State == to:
		return v, fault.New(fault.Conflict, "version %d is in state %s already", id, to)
	case to == "shadow" && v.State == "backtest":
		override, err = tested(ctx, tx, v, reason)
	case to == "live" && v.Kind == KindModel:
		err = fault.New(fault.Conflict, "a model that was trained here judges in shadow only; to let it decide, build the program with it")
	case to == "live":
		override, err = proved(ctx, tx, v, reason)
	case to == "backtest" && (v.State == "shadow" || v.State == "retired"):
	case to == "retired" && v.State != "live":
	case to == "retired" && v.Kind == KindRule:
	case to == "retired":
		err = fault.New(fault.Conflict, "the live %s cannot be retired by itself; promote another version in its place", v.Kind)
	default:
		err = fault.New(fault.Conflict, "a version goes from backtest to shadow to live; this one is in state %s", v.State)
	}
	if err != nil {
		return v, err
	}
	if to == "live" || v.State == "live" {
		if err := apply(ctx, tx, v, to == "live", actor); err != nil {
			return v, err
		}
	}
	if err := setState(ctx, tx, v, to, override, actor); err != nil {
		return v, err
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: workspaceID, Topic: "version", ObjectID: id}); err != nil {
		return v, err
	}
	return LoadVersion(ctx, tx, workspaceID, id)
}

// lockSettings comes before the lock of the versions, in the order in which settings are changed.
func lockSettings(ctx context.Context, tx *sqlx.Tx, workspaceID int64) error {
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM workspaces WHERE id = $1 FOR NO KEY UPDATE`, workspaceID); err != nil {
		return fmt.Errorf("lock the settings: %w", err)
	}
	return nil
}

func overridden(reason, missing string) (string, error) {
	if len([]rune(reason)) < minReason {
		return "", fault.New(fault.Conflict, "not yet: %s. A reason of at least %d characters overrides this, and is kept", missing, minReason)
	}
	return reason, nil
}

// tested says whether a version may go into shadow.
func tested(ctx context.Context, tx *sqlx.Tx, v Version, reason string) (string, error) {
	var inShadow, most int
	if err := tx.GetContext(ctx, &inShadow, `SELECT count(*) FROM versions WHERE workspace_id = $1 AND state = 'shadow'`, v.WorkspaceID); err != nil {
		return "", fmt.Errorf("count the versions in shadow: %w", err)
	}
	if inShadow >= maxShadow {
		return "", fault.New(fault.Conflict, "%d versions are in shadow already; take one out first", inShadow)
	}
	judged, what := `(counts->>'items')::integer`, "judged %d texts"
	if v.Kind == KindPrompt { // only where it has answered it has judged
		judged, what = `(counts->>'needs_llm')::integer - (counts->>'unanswered')::integer`, "found recorded answers of this prompt to %d texts"
	}
	if err := tx.GetContext(ctx, &most, `SELECT coalesce(max(`+judged+`), 0) FROM backtests WHERE workspace_id = $1 AND version_id = $2 AND state = 'done'`, v.WorkspaceID, v.ID); err != nil {
		return "", fmt.Errorf("look for backtests of version %d: %w", v.ID, err)
	}
	if most >= EnoughItems {
		return "", nil
	}
	return overridden(reason, fmt.Sprintf("its longest finished backtest "+what+", it takes %d", most, EnoughItems))
}

// proved says whether a version may go live.
func proved(ctx context.Context, tx *sqlx.Tx, v Version, reason string) (string, error) {
	missing := "it was not in shadow"
	if v.State == "shadow" {
		a, err := ReadShadow(ctx, tx, v.WorkspaceID, v.ID)
		if err != nil {
			return "", err
		}
		ok, why := a.Enough()
		if ok {
			return "", nil
		}
		missing = why
	}
	return overridden(reason, missing)
}

// apply puts a version into its place, or a rule out of it, and notes what is live now.
func apply(ctx context.Context, tx *sqlx.Tx, v Version, in bool, actor string) error {
	live, err := LiveEngine(ctx, tx, v.WorkspaceID)
	if err != nil {
		return err
	}
	doc := v
	if !in {
		doc.Document = ""
	}
	policy, rules, err := doc.over(live)
	if err != nil {
		return err
	}
	if _, err := moderation.EngineFor(policy, rules); err != nil {
		return err
	}
	switch {
	case v.Kind == KindPrompt:
		_, err = tx.ExecContext(ctx, `UPDATE workspaces SET settings = settings || jsonb_build_object('prompt', $2::text) WHERE id = $1`, v.WorkspaceID, v.Version)
	case v.Kind == moderation.KindRules:
		err = replaceRules(ctx, tx, v, actor)
	case v.Kind == KindRule && in:
		_, err = inbox.PutRule(ctx, tx, inbox.Rule{WorkspaceID: v.WorkspaceID, Name: v.Name, Document: v.Document}, actor)
	case v.Kind == KindRule:
		_, err = inbox.DropRule(ctx, tx, v.WorkspaceID, 0, v.Name)
	default:
		_, err = tx.ExecContext(ctx, `UPDATE workspaces SET settings = settings || jsonb_build_object('policy', $2::jsonb) WHERE id = $1`, v.WorkspaceID, string(policy))
	}
	if err != nil {
		return fmt.Errorf("put version %d in its place: %w", v.ID, err)
	}
	if v.Kind == moderation.KindPolicy || v.Kind == moderation.KindRules || v.Kind == KindPrompt {
		return nil // setState makes it live
	}
	next, err := LiveEngine(ctx, tx, v.WorkspaceID)
	if err != nil {
		return err
	}
	return RecordLive(ctx, tx, v.WorkspaceID, next, actor, fmt.Sprintf("%s %d went %s", v.Kind, v.ID, map[bool]string{true: "live", false: "out"}[in]))
}

// replaceRules makes the rules of a version the workspace's own; those that are shipped like this stay
// the program's.
func replaceRules(ctx context.Context, tx *sqlx.Tx, v Version, actor string) error {
	own, err := moderation.OwnRules([]byte(v.Document))
	if err != nil {
		return err
	}
	list := make([]inbox.Rule, len(own))
	for i, r := range own {
		list[i] = inbox.Rule{Name: r.Name, Document: string(r.Document)}
	}
	return inbox.ReplaceRules(ctx, tx, v.WorkspaceID, list, actor)
}

// setState writes the state and its line of the audit log; what was live of the kind is retired.
func setState(ctx context.Context, tx *sqlx.Tx, v Version, to, override, actor string) error {
	if to == "live" {
		if _, err := tx.ExecContext(ctx, `UPDATE versions SET state = 'retired', state_at = now() WHERE workspace_id = $1 AND kind = $2 AND name = $3 AND state = 'live'`, v.WorkspaceID, v.Kind, v.Name); err != nil {
			return fmt.Errorf("retire the live %s: %w", v.Kind, err)
		}
	}
	_, err := tx.ExecContext(ctx, `UPDATE versions SET state = $3, state_at = now(), override = $4, shadow_from = CASE WHEN $3 = 'shadow' THEN now() ELSE shadow_from END WHERE workspace_id = $1 AND id = $2`,
		v.WorkspaceID, v.ID, to, override)
	if err != nil {
		return fmt.Errorf("move version %d: %w", v.ID, err)
	}
	return auth.Audit(ctx, tx, v.WorkspaceID, actor, "version."+to, object(v.ID), map[string]any{"kind": v.Kind, "version": v.Version, "from": v.State, "override": override})
}

// SettingsChanged notes that somebody changed the policy or the prompt in the settings directly: the new
// one is live without figures, which is an override like any other.
func SettingsChanged(ctx context.Context, tx *sqlx.Tx, workspaceID int64, before, after map[string]json.RawMessage, actor string) error {
	if string(before["prompt"]) != string(after["prompt"]) {
		d, err := livePrompt(ctx, tx, workspaceID)
		if err != nil {
			return err
		}
		if err := setLive(ctx, tx, workspaceID, d, actor, "set directly in the settings"); err != nil {
			return err
		}
	}
	if string(before["policy"]) == string(after["policy"]) {
		return nil
	}
	return changedDirectly(ctx, tx, workspaceID, actor, "set directly in the settings")
}

// RulesChanged notes that somebody changed the rules directly, and refuses a set that cannot be used.
func RulesChanged(ctx context.Context, tx *sqlx.Tx, workspaceID int64, actor string) error {
	return changedDirectly(ctx, tx, workspaceID, actor, "a rule was set directly")
}

func changedDirectly(ctx context.Context, tx *sqlx.Tx, workspaceID int64, actor, reason string) error {
	live, err := LiveEngine(ctx, tx, workspaceID)
	if err != nil {
		return err
	}
	return RecordLive(ctx, tx, workspaceID, live, actor, reason)
}
