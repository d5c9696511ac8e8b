package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/decisions"
	"ponte/fault"
	"ponte/inbox"
	"ponte/moderation"
)

// Rule is a moderation rule, the workspace's own or shipped, without its condition.
type Rule struct {
	ID        int64     `json:"id" doc:"0: shipped, not changed here"`
	Name      string    `json:"name"`
	Text      string    `json:"text"`
	Category  string    `json:"category"`
	Decision  string    `json:"decision" enum:"allow,review,hide,delete"`
	Off       bool      `json:"off"`
	Shipped   bool      `json:"shipped" doc:"It came with the program"`
	Replaces  bool      `json:"replaces" doc:"It stands in the place of a shipped rule"`
	UpdatedBy string    `json:"updated_by"`
	UpdatedAt time.Time `json:"updated_at"`
}

// RuleDetail is a rule with its whole document.
type RuleDetail struct {
	Rule
	Document *moderation.Rule `json:"document,omitempty" doc:"In a list only where it was asked for"`
}

type rulesIn struct {
	Full bool `query:"full" doc:"With the documents of the rules"`
}

func (s *Server) listRules(ctx context.Context, who *caller, in *rulesIn) (Page[RuleDetail], error) {
	own, err := inbox.Rules(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Page[RuleDetail]{}, err
	}
	out := []RuleDetail{}
	mine := map[string]bool{}
	for _, r := range own {
		shown, err := showRule(r)
		if err != nil {
			return Page[RuleDetail]{}, err
		}
		mine[r.Name] = true
		out = append(out, shown)
	}
	for _, r := range moderation.DefaultRules().Rules {
		if !mine[r.Name] {
			out = append(out, RuleDetail{Rule: ruleOf(*r), Document: r})
		}
	}
	if !in.Full {
		for i := range out {
			out[i].Document = nil
		}
	}
	return pageOf(out, ""), nil
}

func ruleOf(r moderation.Rule) Rule {
	return Rule{Name: r.Name, Text: r.Text, Category: r.Category, Decision: string(r.Decision), Off: r.Off, Shipped: r.Shipped}
}

func showRule(r inbox.Rule) (RuleDetail, error) {
	var doc moderation.Rule
	if err := json.Unmarshal([]byte(r.Document), &doc); err != nil {
		return RuleDetail{}, fmt.Errorf("read rule %d: %w", r.ID, err)
	}
	out := RuleDetail{Rule: ruleOf(doc), Document: &doc}
	out.ID, out.UpdatedBy, out.UpdatedAt, out.Replaces = r.ID, r.UpdatedBy, r.UpdatedAt.UTC(), moderation.IsShipped(r.Name)
	return out, nil
}

func (s *Server) getRule(ctx context.Context, who *caller, in *ByID) (RuleDetail, error) {
	r, err := inbox.LoadRule(ctx, s.DB, who.WorkspaceID, in.ID)
	if err != nil {
		return RuleDetail{}, err
	}
	return showRule(r)
}

type (
	newRuleIn struct {
		Body    moderation.Rule
		RawBody []byte
	}
	ruleIn struct {
		ByID
		Body    moderation.Rule
		RawBody []byte
	}
)

func (s *Server) addRule(ctx context.Context, who *caller, in *newRuleIn) (RuleDetail, error) {
	return s.saveRule(ctx, who, 0, in.RawBody)
}

func (s *Server) setRule(ctx context.Context, who *caller, in *ruleIn) (RuleDetail, error) {
	return s.saveRule(ctx, who, in.ID, in.RawBody)
}

// saveRule keeps a rule that is right by itself and beside the others; it judges from the next batch on.
func (s *Server) saveRule(ctx context.Context, who *caller, id int64, raw []byte) (RuleDetail, error) {
	rule, err := moderation.CheckRule(raw)
	if err != nil {
		return RuleDetail{}, err
	}
	var doc bytes.Buffer
	if err := json.Compact(&doc, raw); err != nil || bytes.Contains(raw, []byte(`\u0000`)) {
		return RuleDetail{}, fault.New(fault.Invalid, "the rule is not JSON that can be stored")
	}
	verb, put := "rule.change", inbox.PutRule
	if id == 0 {
		verb, put = "rule.add", inbox.AddRule
	}
	err = s.changeRules(ctx, who, verb, func(tx *sqlx.Tx) (int64, error) {
		id, err = put(ctx, tx, inbox.Rule{WorkspaceID: who.WorkspaceID, ID: id, Name: rule.Name, Document: doc.String()}, who.Actor())
		if taken(err) {
			err = fault.Field("name", "another rule has this name already")
		}
		return id, err
	})
	if err != nil {
		return RuleDetail{}, err
	}
	return s.getRule(ctx, who, &ByID{ID: id})
}

func (s *Server) removeRule(ctx context.Context, who *caller, in *ByID) error {
	return s.changeRules(ctx, who, "rule.remove", func(tx *sqlx.Tx) (int64, error) {
		there, err := inbox.DropRule(ctx, tx, who.WorkspaceID, in.ID, "")
		if err == nil && !there {
			err = fault.New(fault.NotFound, "rule %d does not exist in this workspace", in.ID)
		}
		return in.ID, err
	})
}

// changeRules changes a workspace's rules, refuses a set that would not work, and notes what is live now.
func (s *Server) changeRules(ctx context.Context, who *caller, verb string, do func(tx *sqlx.Tx) (int64, error)) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		id, err := do(tx)
		if err != nil {
			return err
		}
		if err := decisions.RulesChanged(ctx, tx, who.WorkspaceID, who.Actor()); err != nil {
			return err
		}
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("rule:%d", id), nil); err != nil {
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "rule", ObjectID: id})
	})
}
