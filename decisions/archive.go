// Package decisions keeps what verdicts were made with, so that they can be judged again: by the same
// versions, which must give the same bytes (replay), by another version on stored history (diff,
// backtest), or by another version beside the live one (shadow). It owns versions, model_artefacts,
// backtests, backtest_changes and shadow_verdicts. Nothing here calls the outside or acts.
package decisions

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/moderation"
)

// KeepModel keeps the model of this binary, so that what it judges can be replayed after an upgrade.
func KeepModel(ctx context.Context, db sqlx.ExecerContext) error {
	version, raw := moderation.ShippedBytes()
	sum := sha256.Sum256(raw)
	if _, err := db.ExecContext(ctx, `INSERT INTO model_artefacts (version, sha256, bytes) VALUES ($1, $2, $3) ON CONFLICT (version) DO NOTHING`, version, sum[:], raw); err != nil {
		return fmt.Errorf("keep model %s: %w", version, err)
	}
	return nil
}

// KeepLive keeps the policy, the rules and the prompt that a workspace is judged by from now on, under their
// versions. What was live before is retired; the shipped rules of a new program come in this way too.
func KeepLive(ctx context.Context, db *sqlx.DB, workspaceID int64, e *moderation.Engine) error {
	docs, err := e.Documents()
	if err != nil {
		return err
	}
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	prompt, err := livePrompt(ctx, tx, workspaceID)
	if err != nil {
		return err
	}
	for _, d := range append(docs, prompt) {
		if err := setLive(ctx, tx, workspaceID, d, "system", "it is what the settings or a new program judge by"); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// RecordLive notes in the transaction that changes a workspace's policy or rules directly that these
// versions are live, by whom, and that no figures stood behind it.
func RecordLive(ctx context.Context, tx *sqlx.Tx, workspaceID int64, e *moderation.Engine, actor, reason string) error {
	docs, err := e.Documents()
	if err != nil {
		return err
	}
	for _, d := range docs {
		if err := setLive(ctx, tx, workspaceID, d, actor, reason); err != nil {
			return err
		}
	}
	return nil
}

// setLive makes a document the live version of its kind; what is live already is left as it is.
func setLive(ctx context.Context, tx *sqlx.Tx, workspaceID int64, d moderation.Document, actor, override string) error {
	if err := lockVersions(ctx, tx, workspaceID); err != nil {
		return err
	}
	var is struct {
		ID    int64  `db:"id"`
		State string `db:"state"`
	}
	err := tx.GetContext(ctx, &is, `SELECT id, state FROM versions WHERE workspace_id = $1 AND kind = $2 AND version = $3`, workspaceID, d.Kind, d.Version)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look for %s %s: %w", d.Kind, d.Version, err)
	}
	if is.State == "live" {
		return nil
	}
	if _, err := tx.ExecContext(ctx, `UPDATE versions SET state = 'retired', state_at = now() WHERE workspace_id = $1 AND kind = $2 AND state = 'live'`, workspaceID, d.Kind); err != nil {
		return fmt.Errorf("retire the live %s: %w", d.Kind, err)
	}
	if is.ID == 0 {
		err = tx.GetContext(ctx, &is.ID, `INSERT INTO versions (workspace_id, kind, version, document, state, override, created_by) VALUES ($1, $2, $3, $4, 'live', $5, $6) RETURNING id`,
			workspaceID, d.Kind, d.Version, string(d.Bytes), override, actor)
	} else {
		_, err = tx.ExecContext(ctx, `UPDATE versions SET state = 'live', state_at = now(), override = $3 WHERE workspace_id = $1 AND id = $2`, workspaceID, is.ID, override)
	}
	if err != nil {
		return fmt.Errorf("make %s %s live: %w", d.Kind, d.Version, err)
	}
	return auth.Audit(ctx, tx, workspaceID, actor, "version.live", fmt.Sprintf("version:%d", is.ID), map[string]any{"kind": d.Kind, "version": d.Version, "from": is.State, "override": override})
}

// lockVersions lets one transaction at a time change the states of a workspace's versions. The workspace
// comes first, as in whoever changes its settings: a row that refers to it needs it later anyway.
func lockVersions(ctx context.Context, tx *sqlx.Tx, workspaceID int64) error {
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM workspaces WHERE id = $1 FOR KEY SHARE`, workspaceID); err != nil {
		return fmt.Errorf("lock the workspace: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('versions', $1))`, workspaceID); err != nil {
		return fmt.Errorf("lock the versions: %w", err)
	}
	return nil
}

// Archive rebuilds the engines that verdicts were made by. It remembers what it has rebuilt.
type Archive struct {
	q    sqlx.QueryerContext
	made map[versions]rebuilt
}

type versions struct {
	workspace            int64
	model, rules, policy string
}

type rebuilt struct {
	engine *moderation.Engine
	why    string
}

// NewArchive returns an archive that reads from the database.
func NewArchive(q sqlx.QueryerContext) *Archive {
	return &Archive{q: q, made: map[versions]rebuilt{}}
}

// Engine returns the engine of these versions; nil with the reason where one is not to be had.
func (a *Archive) Engine(ctx context.Context, workspaceID int64, model, rules, policy string) (*moderation.Engine, string, error) {
	key := versions{workspaceID, model, rules, policy}
	if r, ok := a.made[key]; ok {
		return r.engine, r.why, nil
	}
	engine, why, err := a.rebuild(ctx, key)
	if err != nil {
		return nil, "", err
	}
	a.made[key] = rebuilt{engine, why}
	return engine, why, nil
}

func (a *Archive) rebuild(ctx context.Context, key versions) (*moderation.Engine, string, error) {
	var raw []byte
	if shipped, _ := moderation.ShippedBytes(); key.model != shipped {
		var kept struct {
			SHA256 []byte `db:"sha256"`
			Bytes  []byte `db:"bytes"`
		}
		err := sqlx.GetContext(ctx, a.q, &kept, `SELECT sha256, bytes FROM model_artefacts WHERE version = $1`, key.model)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, "model " + key.model + " was not kept", nil
		}
		if err != nil {
			return nil, "", fmt.Errorf("load model %s: %w", key.model, err)
		}
		if sum := sha256.Sum256(kept.Bytes); string(sum[:]) != string(kept.SHA256) {
			return nil, "model " + key.model + " is damaged: its bytes do not match their hash", nil
		}
		raw = kept.Bytes
	}
	docs := map[string]moderation.Document{}
	for kind, version := range map[string]string{moderation.KindPolicy: key.policy, moderation.KindRules: key.rules} {
		var document string
		err := sqlx.GetContext(ctx, a.q, &document, `SELECT document FROM versions WHERE workspace_id = $1 AND kind = $2 AND version = $3`, key.workspace, kind, version)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, kind + " " + version + " was not kept", nil
		}
		if err != nil {
			return nil, "", fmt.Errorf("load %s %s: %w", kind, version, err)
		}
		docs[kind] = moderation.Document{Kind: kind, Version: version, Bytes: []byte(document)}
	}
	engine, err := moderation.Rebuild(raw, docs[moderation.KindPolicy], docs[moderation.KindRules])
	if err != nil {
		return nil, err.Error(), nil
	}
	return engine, "", nil
}
