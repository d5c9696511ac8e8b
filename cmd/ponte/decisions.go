package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"ponte/inbox"
	"ponte/moderation"
)

type decisionsCmd struct {
	Replay decisionsReplayCmd `cmd:"" help:"Judge recorded inputs again and compare with what was decided."`
}

type decisionsReplayCmd struct {
	ID        int64  `arg:"" optional:"" help:"One verdict; none: the newest ones."`
	Most      int    `default:"100" help:"How many."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run replays: the same versions give the same bytes. An answer of a language model is taken from the
// record; another version, or an erased input, is said.
func (d decisionsReplayCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, d.Workspace, func(s *store, w inbox.Workspace) error {
		settings, err := inbox.ParseSettings(w.Settings)
		if err != nil {
			return err
		}
		engine, err := moderation.EngineFor(settings.Policy, settings.Rules)
		if err != nil {
			return err
		}
		var rows []struct {
			ID      int64           `db:"id"`
			Tier    string          `db:"tier"`
			Verdict json.RawMessage `db:"verdict"`
			Input   json.RawMessage `db:"input"`
		}
		if err := s.DB.SelectContext(ctx, &rows, `SELECT id, tier, verdict, input FROM verdicts WHERE workspace_id = $1 AND ($2 = 0 OR id = $2) ORDER BY id DESC LIMIT $3`, w.ID, d.ID, d.Most); err != nil {
			return fmt.Errorf("load verdicts: %w", err)
		}
		differ := 0
		for _, r := range rows {
			outcome := replay(engine, r.Tier, r.Verdict, r.Input)
			if outcome == "differs" {
				differ++
			}
			printJSON(map[string]any{"verdict": r.ID, "replay": outcome})
		}
		if differ > 0 {
			return errors.New("some decisions came out otherwise under the same versions")
		}
		return nil
	})
}

func replay(engine *moderation.Engine, tier string, recorded, input json.RawMessage) string {
	var in moderation.Input
	var was moderation.Verdict
	var mark struct {
		Erased bool `json:"erased"`
	}
	if json.Unmarshal(input, &mark) == nil && mark.Erased {
		return "erased"
	}
	if tier == "person" {
		return "decided by a person"
	}
	if json.Unmarshal(input, &in) != nil || json.Unmarshal(recorded, &was) != nil {
		return "unreadable"
	}
	now := engine.Judge(in)
	if now.ModelVersion != was.ModelVersion || now.RulesVersion != was.RulesVersion || now.PolicyVersion != was.PolicyVersion {
		return "version unavailable"
	}
	if was.LLMModel != "" {
		return "same (answer of the language model from the record)"
	}
	a, _ := json.Marshal(now)
	b, _ := json.Marshal(was)
	if bytes.Equal(a, b) {
		return "same"
	}
	now.NeedsLLM, was.NeedsLLM = false, false
	a, _ = json.Marshal(now)
	b, _ = json.Marshal(was)
	if bytes.Equal(a, b) || len(was.Reasons) > len(now.Reasons) {
		return "same (a model was asked, or was not to be had)"
	}
	return "differs"
}
