package inbox

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/prompts"
)

// Settings are what a workspace's owner may change. The zero value of a field means its default;
// DefaultSettings has them.
type Settings struct {
	Sending  *bool `json:"sending,omitempty"`  // kill switch: false holds all sending of the workspace
	Automate *bool `json:"automate,omitempty"` // false: nothing automatic, people decide

	CapDay       int      `json:"cap_day,omitempty"`    // promotional messages per person in 24 h
	CapMonth     int      `json:"cap_month,omitempty"`  // … in rolling 30 days
	QuietFrom    string   `json:"quiet_from,omitempty"` // promotional messages only from, weekdays ("09:00")
	QuietTo      string   `json:"quiet_to,omitempty"`
	SaturdayFrom string   `json:"saturday_from,omitempty"`
	SaturdayTo   string   `json:"saturday_to,omitempty"`
	Sundays      bool     `json:"sundays,omitempty"`
	Holidays     []string `json:"holidays,omitempty"` // ISO dates beyond the national ones

	DeleteGraceMinutes int `json:"delete_grace_minutes,omitempty"`
	HandoffHours       int `json:"handoff_hours,omitempty"`       // life of a reference
	MaxAutoReplies     int `json:"max_auto_replies,omitempty"`    // per comment thread
	ActMaxAgeMinutes   int `json:"act_max_age_minutes,omitempty"` // older events are stored and judged, not acted on
	OverdueMinutes     int `json:"overdue_minutes,omitempty"`

	Currency          string `json:"currency,omitempty"`            // budgets and spending are counted in it; empty: the only one of the price files
	BudgetDayMicros   *int64 `json:"budget_day_micros,omitempty"`   // for messages, millionths; nil: no limit, 0: nothing that costs
	BudgetMonthMicros *int64 `json:"budget_month_micros,omitempty"` // … in a calendar month
	NudgeHours        int    `json:"nudge_hours,omitempty"`         // reminders of one sequence are so far apart: 24 to 72
	DefaultFlow       int64  `json:"default_flow,omitempty"`        // the flow that welcomes where no start holds; 0: the built-in conversation
	ReadBackMinutes   int    `json:"read_back_minutes,omitempty"`   // an automatic reply to a comment last seen longer ago reads it first

	LLMDailyMicros int64 `json:"llm_daily_micros,omitempty"` // money budget a day, millionths
	LLMDailyTokens int64 `json:"llm_daily_tokens,omitempty"`

	Review ReviewSettings `json:"review,omitzero"`
	Desk   DeskSettings   `json:"desk,omitzero"`

	Consent json.RawMessage `json:"consent,omitempty"` // consent.Rules; empty: the default ones

	Prompt string          `json:"prompt,omitempty"` // by which texts are judged; empty: the newest
	Policy json.RawMessage `json:"policy,omitempty"` // moderation.Policy; empty: the default one
	Bot    json.RawMessage `json:"bot,omitempty"`    // router.BotConfig; empty: the default one
}

// ReviewSettings are the shares of what is drawn by lot in review work, from 0 to 1, and how often a
// known answer is mixed in.
type ReviewSettings struct {
	SampleHidden  float64 `json:"sample_hidden"`  // of what was hidden automatically, a person must decide
	SampleAllowed float64 `json:"sample_allowed"` // of what was left alone, a person must look at
	Second        float64 `json:"second"`         // of what a person decided, another looks at, blind
	GoldEvery     int     `json:"gold_every"`     // after so many decisions a reviewer meets a known answer; 0: never
}

// Drawn draws by lot: the same thing is drawn or not for ever.
func Drawn(share float64, what string, id int64) bool {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s:%d", what, id))
	return float64(binary.BigEndian.Uint32(sum[:]))/(1<<32) < share
}

// ModerationPrompt is the prompt by which the language model judges the workspace's texts.
func (s Settings) ModerationPrompt() string {
	if s.Prompt == "" {
		return prompts.Moderate
	}
	return s.Prompt
}

// DefaultSettings are the product's defaults (reference: playbooks 4 and 6, consent law 4).
func DefaultSettings() Settings {
	on := true
	return Settings{
		Sending: &on, Automate: &on,
		CapDay: 1, CapMonth: 4,
		QuietFrom: "09:00", QuietTo: "20:00", SaturdayFrom: "09:00", SaturdayTo: "17:00",
		DeleteGraceMinutes: 15, HandoffHours: 168, MaxAutoReplies: 3, ActMaxAgeMinutes: 24 * 60, OverdueMinutes: 120,
		NudgeHours: 24, ReadBackMinutes: 5,
		Review:         ReviewSettings{SampleHidden: 0.05, SampleAllowed: 0.005, Second: 0.05, GoldEvery: 25},
		Desk:           DefaultDesk(),
		LLMDailyMicros: 5_000_000, LLMDailyTokens: 2_000_000,
	}
}

// ParseSettings lays stored settings over the defaults.
func ParseSettings(raw json.RawMessage) (Settings, error) {
	s := DefaultSettings()
	if len(raw) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fault.Wrap(fault.Invalid, err, "the workspace's settings are not valid JSON")
	}
	return s, nil
}

// LoadWorkspace returns one workspace.
func LoadWorkspace(ctx context.Context, q sqlx.QueryerContext, id int64) (Workspace, error) {
	var w Workspace
	err := sqlx.GetContext(ctx, q, &w, sqlSelectWorkspace+` WHERE id = $1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return w, fault.New(fault.NotFound, "workspace %d does not exist", id)
	}
	if err != nil {
		return w, fmt.Errorf("load workspace: %w", err)
	}
	return w, nil
}

// Workspaces returns all of them, by id.
func Workspaces(ctx context.Context, q sqlx.QueryerContext) ([]Workspace, error) {
	var ws []Workspace
	if err := sqlx.SelectContext(ctx, q, &ws, sqlSelectWorkspace+` ORDER BY id`); err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	return ws, nil
}

const sqlSelectWorkspace = `SELECT id, name, brand, legal_name, contact, time_zone, locale, country, settings, rules_revision, created_at FROM workspaces`

// EnsureWorkspace returns the workspace of that name and makes it where there is none; an empty name
// means the only one, or a new one called "main".
func EnsureWorkspace(ctx context.Context, q sqlx.ExtContext, name string) (Workspace, error) {
	all, err := Workspaces(ctx, q)
	if err != nil {
		return Workspace{}, err
	}
	for _, w := range all {
		if w.Name == name {
			return w, nil
		}
	}
	if name == "" {
		switch len(all) {
		case 0:
			name = "main"
		case 1:
			return all[0], nil
		default:
			return Workspace{}, fault.Field("workspace", "there are %d workspaces: name the one you mean", len(all))
		}
	}
	var w Workspace
	if err := sqlx.GetContext(ctx, q, &w, sqlInsertWorkspace, name); err != nil {
		return w, fmt.Errorf("make workspace: %w", err)
	}
	return w, nil
}

const sqlInsertWorkspace = `
INSERT INTO workspaces (name) VALUES ($1)
ON CONFLICT (name) DO UPDATE SET name = excluded.name
RETURNING id, name, brand, legal_name, contact, time_zone, locale, country, settings, rules_revision, created_at`
