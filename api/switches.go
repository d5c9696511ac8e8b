package api

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
	"ponte/moderation"
)

// The switches for when something goes wrong: of one rule, of an account, of the workspace. Each holds
// from the next batch of events on.

type ruleSwitchIn struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"80"`
		On   bool   `json:"on"`
	}
}

// switchRule lets a rule rest or work again. A shipped rule that rests is laid over by one of the same
// name that rests; nothing else of it changes.
func (s *Server) switchRule(ctx context.Context, who *caller, in *ruleSwitchIn) (RuleDetail, error) {
	var id int64
	again := moderation.DefaultRules().Named(in.Body.Name) // the shipped rule, where it is back in its place
	err := s.changeRules(ctx, who, map[bool]string{true: "rule.on", false: "rule.off"}[in.Body.On], func(tx *sqlx.Tx) (int64, error) {
		doc, err := ruleDocument(ctx, tx, who.WorkspaceID, in.Body.Name)
		if err != nil {
			return 0, err
		}
		delete(doc, "shipped")
		delete(doc, "off")
		if !in.Body.On {
			doc["off"] = json.RawMessage("true")
		}
		raw, err := json.Marshal(doc)
		if err != nil {
			return 0, fmt.Errorf("encode rule %q: %w", in.Body.Name, err)
		}
		rule, err := moderation.CheckRule(raw)
		if err != nil {
			return 0, err
		}
		if in.Body.On && again != nil && sameRule(rule, *again) {
			_, err := inbox.DropRule(ctx, tx, who.WorkspaceID, 0, in.Body.Name)
			return 0, err
		}
		again = nil
		id, err = inbox.PutRule(ctx, tx, inbox.Rule{WorkspaceID: who.WorkspaceID, Name: in.Body.Name, Document: string(raw)}, who.Actor())
		return id, err
	})
	if err != nil {
		return RuleDetail{}, err
	}
	if again != nil {
		return RuleDetail{Rule: ruleOf(*again), Document: again}, nil
	}
	return s.getRule(ctx, who, &ByID{ID: id})
}

// sameRule says whether two rules are the same but for where they come from.
func sameRule(a, b moderation.Rule) bool {
	a.Shipped, b.Shipped, a.Off, b.Off = false, false, false, false
	one, err := json.Marshal(a)
	other, err2 := json.Marshal(b)
	return err == nil && err2 == nil && string(one) == string(other)
}

// ruleDocument is the document of the rule that works under a name.
func ruleDocument(ctx context.Context, tx *sqlx.Tx, workspace int64, name string) (map[string]json.RawMessage, error) {
	own, err := inbox.Rules(ctx, tx, workspace)
	if err != nil {
		return nil, err
	}
	var raw []byte
	for _, r := range own {
		if r.Name == name {
			raw = []byte(r.Document)
		}
	}
	if r := moderation.DefaultRules().Named(name); r != nil && raw == nil {
		if raw, err = json.Marshal(r); err != nil {
			return nil, fmt.Errorf("encode rule %q: %w", name, err)
		}
	}
	if raw == nil {
		return nil, fault.New(fault.NotFound, "there is no rule of this name in this workspace")
	}
	doc := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("read rule %q: %w", name, err)
	}
	return doc, nil
}

// workspaceAutomation is the switch of all that is automatic in a workspace.
func (s *Server) workspaceAutomation(ctx context.Context, who *caller, in *sendingIn) (Workspace, error) {
	err := s.changeSettings(ctx, who, "workspace.automation", func(_ *sqlx.Tx, stored map[string]json.RawMessage) error {
		stored["automate"] = json.RawMessage(fmt.Sprint(in.Body.On))
		return nil
	})
	if err != nil {
		return Workspace{}, err
	}
	return s.getWorkspace(ctx, who, nil)
}
