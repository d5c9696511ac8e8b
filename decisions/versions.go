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
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
	"ponte/moderation"
)

// Version is a policy, thresholds, a set of rules, one rule, a prompt or a model, with the state it is in:
// backtest (it may be held against history), shadow (it judges beside the live one and nothing follows),
// live, retired.
type Version struct {
	WorkspaceID int64      `db:"workspace_id"`
	ID          int64      `db:"id"`
	Kind        string     `db:"kind"`
	Name        string     `db:"name"` // of a rule
	Version     string     `db:"version"`
	Document    string     `db:"document"`
	Note        string     `db:"note"`
	State       string     `db:"state"`
	Override    string     `db:"override"` // why it was promoted without figures
	CreatedBy   string     `db:"created_by"`
	CreatedAt   time.Time  `db:"created_at"`
	ShadowFrom  *time.Time `db:"shadow_from"`
	StateAt     time.Time  `db:"state_at"`

	model *moderation.Model // of a model, once it was fetched
}

const sqlVersions = `SELECT workspace_id, id, kind, name, version, document, note, state, override, created_by, created_at, shadow_from, state_at FROM versions`

// The kinds of versions beside policy and rules: a part of each, laid over what is live.
const (
	KindThresholds = "thresholds"
	KindRule       = "rule"
)

// thresholdFields are the fields of a policy that a version of thresholds may hold.
var thresholdFields = []string{"harm", "spam", "review_harm", "review_spam", "llm_hide", "one_wrong_hide_in", "learned"}

// maxShadow bounds what each text is judged by.
const maxShadow = 5

// Engine is the engine this version would make of what is live.
func (v Version) Engine(live *moderation.Engine) (*moderation.Engine, error) {
	if v.Kind == KindModel {
		return v.withModel(live)
	}
	policy, rules, err := v.over(live)
	if err != nil {
		return nil, err
	}
	e, err := moderation.EngineFor(policy, rules)
	if err != nil && fault.KindOf(err) == fault.Internal {
		return nil, fault.Wrap(fault.Invalid, err, "the document is not in the form it must have")
	}
	return e, err
}

// over returns the policy and the rules with this version in its place.
func (v Version) over(live *moderation.Engine) (policy, rules json.RawMessage, err error) {
	docs, err := live.Documents()
	if err != nil {
		return nil, nil, err
	}
	policy, rules = docs[0].Bytes, docs[1].Bytes
	switch doc := []byte(v.Document); v.Kind {
	case moderation.KindPolicy:
		if _, err := moderation.ParsePolicy(doc); err != nil {
			return nil, nil, err
		}
		policy = doc
	case moderation.KindRules:
		rules = doc
	case KindThresholds:
		policy, err = withThresholds(policy, doc)
	case KindRule:
		rules, err = withRule(rules, doc, v.Name)
	case KindPrompt:
		_, err = promptOf(v.Document) // it changes what the language model is asked, not what is made of its answer
	default:
		err = fault.Field("kind", "%q is none of policy, thresholds, rules, rule, prompt", v.Kind)
	}
	return policy, rules, err
}

func withThresholds(policy, doc []byte) (json.RawMessage, error) {
	var all, part map[string]json.RawMessage
	if err := json.Unmarshal(doc, &part); err != nil || len(part) == 0 {
		return nil, fault.Field("document", "thresholds are a JSON object with some of %s", strings.Join(thresholdFields, ", "))
	}
	if err := json.Unmarshal(policy, &all); err != nil {
		return nil, fmt.Errorf("read the live policy: %w", err)
	}
	for field, value := range part {
		if !slices.Contains(thresholdFields, field) {
			return nil, fault.Field("document."+field, "a version of thresholds holds some of %s", strings.Join(thresholdFields, ", "))
		}
		all[field] = value
	}
	out, err := json.Marshal(all)
	if err != nil {
		return nil, fmt.Errorf("encode the policy: %w", err)
	}
	if _, err := moderation.ParsePolicy(out); err != nil {
		return nil, err
	}
	return out, nil
}

// withRule puts one rule in the place of the one with its name, or at the end; an empty document takes
// it out.
func withRule(rules, doc []byte, name string) (json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(rules, &list); err != nil {
		return nil, fmt.Errorf("read the live rules: %w", err)
	}
	at := slices.IndexFunc(list, func(r json.RawMessage) bool { return ruleName(r) == name })
	switch {
	case len(doc) == 0 && at >= 0:
		list = slices.Delete(list, at, at+1)
	case len(doc) == 0:
	case at >= 0:
		list[at] = doc
	default:
		list = append(list, doc)
	}
	out, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("encode the rules: %w", err)
	}
	return out, nil
}

func ruleName(raw []byte) string {
	var r struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(raw, &r) != nil {
		return ""
	}
	return r.Name
}

// NewVersion is a document to be tried.
type NewVersion struct {
	Kind     string
	Document json.RawMessage
	Note     string
}

// LiveEngine is the engine of a workspace's policy and rules as they stand.
func LiveEngine(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) (*moderation.Engine, error) {
	w, err := inbox.LoadWorkspace(ctx, q, workspaceID)
	if err != nil {
		return nil, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return nil, err
	}
	rules, err := inbox.RulesDocument(ctx, q, workspaceID)
	if err != nil {
		return nil, err
	}
	return moderation.EngineFor(settings.Policy, rules)
}

// AddVersion keeps a document to be tried, in state backtest. One that was kept before is tried again
// under its number.
func AddVersion(ctx context.Context, tx *sqlx.Tx, workspaceID int64, n NewVersion, actor string) (Version, error) {
	live, err := LiveEngine(ctx, tx, workspaceID)
	if err != nil {
		return Version{}, err
	}
	v := Version{WorkspaceID: workspaceID, Kind: n.Kind}
	if n.Kind == KindModel {
		return v, fault.Field("kind", "a model is trained on the command line: ponte train --from-decisions")
	}
	if v.Document, err = normalDocument(ctx, tx, n.Document); err != nil {
		return v, err
	}
	if n.Kind == KindRule {
		if v.Name = ruleName([]byte(v.Document)); v.Name == "" {
			return v, fault.Field("document", "a rule is a JSON object with a name")
		}
	}
	engine, err := v.Engine(live)
	if err != nil {
		return v, err
	}
	if err := v.name(engine); err != nil {
		return v, err
	}
	if err := lockVersions(ctx, tx, workspaceID); err != nil {
		return v, err
	}
	var there []Version
	if err := tx.SelectContext(ctx, &there, sqlVersions+` WHERE workspace_id = $1 AND kind = $2 AND version = $3`, workspaceID, v.Kind, v.Version); err != nil {
		return v, fmt.Errorf("look for the version: %w", err)
	}
	if len(there) > 0 {
		return again(ctx, tx, there[0], actor)
	}
	err = tx.GetContext(ctx, &v.ID, `INSERT INTO versions (workspace_id, kind, name, version, document, note, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id`,
		workspaceID, v.Kind, v.Name, v.Version, v.Document, n.Note, actor)
	if err != nil {
		return v, fmt.Errorf("keep the version: %w", err)
	}
	if err := auth.Audit(ctx, tx, workspaceID, actor, "version.add", object(v.ID), map[string]any{"kind": v.Kind, "version": v.Version}); err != nil {
		return v, err
	}
	return LoadVersion(ctx, tx, workspaceID, v.ID)
}

func again(ctx context.Context, tx *sqlx.Tx, v Version, actor string) (Version, error) {
	if v.State == "backtest" {
		return v, nil // it is there to be tried
	}
	if v.State != "retired" {
		return v, fault.New(fault.Conflict, "this is version %d already, in state %s", v.ID, v.State)
	}
	if err := setState(ctx, tx, v, "backtest", "", actor); err != nil {
		return v, err
	}
	return LoadVersion(ctx, tx, v.WorkspaceID, v.ID)
}

// name gives a version the name verdicts will know it by, and keeps a policy and a set of rules whole,
// so that later defaults and shipped rules do not change them.
func (v *Version) name(e *moderation.Engine) error {
	docs, err := e.Documents()
	if err != nil {
		return err
	}
	switch v.Kind {
	case moderation.KindPolicy:
		v.Version, v.Document = docs[0].Version, string(docs[0].Bytes)
	case moderation.KindRules:
		v.Version, v.Document = docs[1].Version, string(docs[1].Bytes)
	case KindPrompt:
		v.Version, err = promptOf(v.Document)
		return err
	default:
		sum := sha256.Sum256([]byte(v.Document))
		v.Version = hex.EncodeToString(sum[:6])
	}
	return nil
}

// normalDocument writes a document as the settings will hold it, so that its bytes, and with them its
// version, stay the same when it goes live.
func normalDocument(ctx context.Context, q sqlx.QueryerContext, raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || !json.Valid(raw) || bytes.Contains(raw, []byte(`\u0000`)) {
		return "", fault.Field("document", "the document is not JSON that can be stored")
	}
	var out string
	if err := sqlx.GetContext(ctx, q, &out, `SELECT $1::jsonb::text`, string(raw)); err != nil {
		return "", fault.Wrap(fault.Invalid, err, "the document is not JSON that can be stored")
	}
	return out, nil
}

func object(id int64) string { return fmt.Sprintf("version:%d", id) }

// LoadVersion returns one version.
func LoadVersion(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (Version, error) {
	var v Version
	err := sqlx.GetContext(ctx, q, &v, sqlVersions+` WHERE workspace_id = $1 AND id = $2`, workspaceID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return v, fault.New(fault.NotFound, "version %d does not exist in this workspace", id)
	}
	if err != nil {
		return v, fmt.Errorf("load version %d: %w", id, err)
	}
	return v, nil
}

// ListVersions returns versions, the newest first; empty filters do not narrow.
func ListVersions(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, kind, state string, before int64, most int) ([]Version, error) {
	var out []Version
	err := sqlx.SelectContext(ctx, q, &out, sqlVersions+` WHERE workspace_id = $1 AND ($2 = '' OR kind = $2) AND ($3 = '' OR state = $3) AND ($4::bigint = 0 OR id < $4) ORDER BY id DESC LIMIT $5`,
		workspaceID, kind, state, before, most)
	if err != nil {
		return nil, fmt.Errorf("list versions: %w", err)
	}
	return out, nil
}
