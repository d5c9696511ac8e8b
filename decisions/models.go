package decisions

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/moderation"
)

// KindModel is the kind of versions that name a model that was trained here.
const KindModel = "model"

// modelDocument names a model by its version and the hash of its bytes.
type modelDocument struct {
	Model  string `json:"model"`
	SHA256 string `json:"sha256"`
}

// KeepCandidate keeps a model that learnt from a workspace's decisions, by the hash of its bytes, as a
// version to be held against history and tried in shadow. It never judges in the place of the shipped one:
// for that it is built into the program.
func KeepCandidate(ctx context.Context, tx *sqlx.Tx, workspaceID int64, raw []byte, note, actor string) (Version, error) {
	m, err := moderation.ReadModel(bytes.NewReader(raw))
	if err != nil {
		return Version{}, fmt.Errorf("read the model that is to be kept: %w", err)
	}
	if m.Version == moderation.Shipped().Version {
		return Version{}, fault.New(fault.Conflict, "this is the model that judges already")
	}
	sum := sha256.Sum256(raw)
	if _, err := tx.ExecContext(ctx, `INSERT INTO model_artefacts (version, sha256, bytes, workspace_id) VALUES ($1, $2, $3, $4) ON CONFLICT (version) DO NOTHING`, m.Version, sum[:], raw, workspaceID); err != nil {
		return Version{}, fmt.Errorf("keep model %s: %w", m.Version, err)
	}
	var kept []byte
	if err := tx.GetContext(ctx, &kept, `SELECT sha256 FROM model_artefacts WHERE version = $1`, m.Version); err != nil {
		return Version{}, fmt.Errorf("find model %s: %w", m.Version, err)
	}
	doc, err := json.Marshal(modelDocument{m.Version, hex.EncodeToString(kept)})
	if err != nil {
		return Version{}, fmt.Errorf("encode the model's name: %w", err)
	}
	if err := lockVersions(ctx, tx, workspaceID); err != nil {
		return Version{}, err
	}
	var there []Version
	if err := tx.SelectContext(ctx, &there, sqlVersions+` WHERE workspace_id = $1 AND kind = $2 AND version = $3`, workspaceID, KindModel, m.Version); err != nil {
		return Version{}, fmt.Errorf("look for the version: %w", err)
	}
	if len(there) > 0 {
		return there[0], nil
	}
	var id int64
	if err := tx.GetContext(ctx, &id, `INSERT INTO versions (workspace_id, kind, version, document, note, created_by) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`, workspaceID, KindModel, m.Version, string(doc), note, actor); err != nil {
		return Version{}, fmt.Errorf("keep the version: %w", err)
	}
	if err := auth.Audit(ctx, tx, workspaceID, actor, "version.add", object(id), map[string]any{"kind": KindModel, "version": m.Version}); err != nil {
		return Version{}, err
	}
	return LoadVersion(ctx, tx, workspaceID, id)
}

// tried are the models in trial of this process, by version: a megabyte each, and few.
var tried sync.Map

// Fetch reads what a version needs beside its document: the bytes of a model. What is not there, or is
// another workspace's, is found when the engine is made.
func (v *Version) Fetch(ctx context.Context, q sqlx.QueryerContext) error {
	if v.Kind != KindModel {
		return nil
	}
	if m, ok := tried.Load(v.Version); ok {
		v.model = m.(*moderation.Model)
		return nil
	}
	var kept struct {
		SHA256 []byte `db:"sha256"`
		Bytes  []byte `db:"bytes"`
	}
	err := sqlx.GetContext(ctx, q, &kept, `SELECT sha256, bytes FROM model_artefacts WHERE version = $1 AND workspace_id = $2`, v.Version, v.WorkspaceID)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("load model %s: %w", v.Version, err)
	}
	if sum := sha256.Sum256(kept.Bytes); !bytes.Equal(sum[:], kept.SHA256) {
		return nil
	}
	m, err := moderation.ReadModel(bytes.NewReader(kept.Bytes))
	if err != nil {
		return nil //nolint:nilerr // a model of another program: the engine says that it cannot be made
	}
	v.model = m
	tried.Store(v.Version, m)
	return nil
}

// withModel is the live engine with another model.
func (v Version) withModel(live *moderation.Engine) (*moderation.Engine, error) {
	if v.model == nil {
		return nil, fault.New(fault.Conflict, "model %s is not there, is damaged, or was made by another version of the program; train it again", v.Version)
	}
	return live.WithModel(v.model), nil
}
