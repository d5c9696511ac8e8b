package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/decisions"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/router"
)

// Engines keeps one moderation engine a workspace, made anew when its policy or rules change.
type Engines struct {
	// New makes the engine for a workspace's policy and rules of its own (either may be empty: the defaults).
	New func(policy, rules json.RawMessage) (*moderation.Engine, error)
	// Keep keeps what an engine judges by, before it judges; nil keeps nothing.
	Keep func(ctx context.Context, workspaceID int64, e *moderation.Engine) error

	mu    sync.Mutex
	made  map[int64]madeEngine
	tried map[int64]candidate // by version
}

// candidate is the engine of a version in shadow, over what was live when it was made.
type candidate struct {
	live   *moderation.Engine
	engine *moderation.Engine // nil: it cannot be made
}

type madeEngine struct {
	policy   [32]byte
	revision int64 // of the rules
	engine   *moderation.Engine
	err      error
}

// For returns the engine of the workspace's current policy and rules. Rules are read only when their
// revision has moved on.
func (e *Engines) For(ctx context.Context, q sqlx.QueryerContext, w inbox.Workspace, s inbox.Settings) (*moderation.Engine, error) {
	policy, workspaceID := sha256.Sum256(s.Policy), w.ID
	e.mu.Lock()
	defer e.mu.Unlock()
	if m, ok := e.made[workspaceID]; ok && m.policy == policy && m.revision == w.Revision {
		return m.engine, m.err
	}
	rules, err := inbox.RulesDocument(ctx, q, workspaceID)
	if err != nil {
		return nil, err
	}
	if e.made == nil {
		e.made = map[int64]madeEngine{}
	}
	engine, err := e.New(s.Policy, rules)
	if err != nil {
		err = fmt.Errorf("make the moderation engine of workspace %d: %w", workspaceID, err)
	} else if e.Keep != nil {
		if err := e.Keep(ctx, workspaceID, engine); err != nil {
			return nil, err // not remembered: it is tried again
		}
	}
	e.made[workspaceID] = madeEngine{policy, w.Revision, engine, err}
	return engine, err
}

// Candidate returns the engine of a version in shadow; nil where it cannot be made over what is live.
func (e *Engines) Candidate(v decisions.Version, live *moderation.Engine) *moderation.Engine {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c, ok := e.tried[v.ID]; ok && c.live == live {
		return c.engine
	}
	if e.tried == nil {
		e.tried = map[int64]candidate{}
	}
	engine, err := v.Engine(live)
	if err != nil {
		engine = nil
	}
	e.tried[v.ID] = candidate{live, engine}
	return engine
}

// space is a workspace as a batch needs it.
type space struct {
	inbox.Workspace
	Settings inbox.Settings
	Engine   *moderation.Engine
	Bot      router.Config
	Triggers *router.Set
	Shadows  []decisions.Version
	ByHand   map[int64]bool     // accounts on which nothing is automatic
	Hours    map[int64]*opening // by account; 0: the workspace's
}

// automates says whether anything may be automatic on an account: the workspace's switch, and its own.
func (s *space) automates(account int64) bool {
	return (s.Settings.Automate == nil || *s.Settings.Automate) && !s.ByHand[account]
}

// loadSwitches reads the accounts that people have taken into their own hands. It is read with every
// batch, because a switch that is thrown in need must hold at once.
func (s *scene) loadSwitches(ctx context.Context, tx *sqlx.Tx, workspaces []int64) error {
	var rows []struct {
		WorkspaceID int64 `db:"workspace_id"`
		ID          int64 `db:"id"`
	}
	if err := tx.SelectContext(ctx, &rows, `SELECT workspace_id, id FROM accounts WHERE workspace_id = ANY($1) AND NOT automate`, pq.Array(workspaces)); err != nil {
		return fmt.Errorf("load the switches of accounts: %w", err)
	}
	for _, r := range rows {
		sp := s.spaces[r.WorkspaceID]
		if sp.ByHand == nil {
			sp.ByHand = map[int64]bool{}
		}
		sp.ByHand[r.ID] = true
	}
	return nil
}

func newSpace(ctx context.Context, tx *sqlx.Tx, w inbox.Workspace, engines *Engines) (*space, error) {
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return nil, err
	}
	engine, err := engines.For(ctx, tx, w, settings)
	if err != nil {
		return nil, err
	}
	sp := &space{Workspace: w, Settings: settings, Engine: engine, Bot: router.DefaultConfig()}
	if len(settings.Bot) > 0 {
		if err := json.Unmarshal(settings.Bot, &sp.Bot); err != nil {
			return nil, fmt.Errorf("read the bot of workspace %d: %w", w.ID, err)
		}
	}
	return sp, nil
}
