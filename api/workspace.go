package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/consent"
	"ponte/decisions"
	"ponte/fault"
	"ponte/flow/live"
	"ponte/gate"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/outbox"
	"ponte/prompts"
	"ponte/review"
	"ponte/router"
)

// WorkspaceInput is what an owner or admin may change, as it stands.
type WorkspaceInput struct {
	Name      string         `json:"name" minLength:"1" maxLength:"200"`
	Brand     string         `json:"brand" maxLength:"200"`
	LegalName string         `json:"legal_name" maxLength:"300"`
	Contact   string         `json:"contact" maxLength:"500"`
	TimeZone  string         `json:"time_zone"`
	Locale    string         `json:"locale"`
	Country   string         `json:"country" pattern:"^[A-Z]{2}$"`
	Settings  map[string]any `json:"settings"`
}

// Workspace is one brand or client.
type Workspace struct {
	ID int64 `json:"id"`
	WorkspaceInput
}

func (s *Server) getWorkspace(ctx context.Context, who *caller, _ *struct{}) (Workspace, error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Workspace{}, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return Workspace{}, err
	}
	if rules, err := consent.ParseRules(w.Settings); err == nil {
		settings.Consent, _ = json.Marshal(rules)
	}
	out := Workspace{w.ID, WorkspaceInput{w.Name, w.Brand, w.LegalName, w.Contact, w.TimeZone, w.Locale, w.Country, map[string]any{}}}
	raw, err := json.Marshal(settings)
	if err == nil {
		err = json.Unmarshal(raw, &out.Settings)
	}
	if err != nil {
		return out, fmt.Errorf("show the settings: %w", err)
	}
	return out, nil
}

// WorkspaceChange is what an owner or admin changes of a workspace.
type WorkspaceChange struct {
	Name      *string        `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Brand     *string        `json:"brand,omitempty" maxLength:"200"`
	LegalName *string        `json:"legal_name,omitempty" maxLength:"300"`
	Contact   *string        `json:"contact,omitempty" maxLength:"500"`
	TimeZone  *string        `json:"time_zone,omitempty"`
	Locale    *string        `json:"locale,omitempty"`
	Country   *string        `json:"country,omitempty" pattern:"^[A-Z]{2}$"`
	Settings  map[string]any `json:"settings,omitempty" doc:"They lie over those that are stored"`
}

type workspaceIn struct{ Body WorkspaceChange }

// over is the change laid over the workspace as it is.
func (b WorkspaceChange) over(w inbox.Workspace) WorkspaceInput {
	said := func(v *string, was string) string {
		if v == nil {
			return was
		}
		return *v
	}
	return WorkspaceInput{Name: said(b.Name, w.Name), Brand: said(b.Brand, w.Brand), LegalName: said(b.LegalName, w.LegalName), Contact: said(b.Contact, w.Contact),
		TimeZone: said(b.TimeZone, w.TimeZone), Locale: said(b.Locale, w.Locale), Country: said(b.Country, w.Country), Settings: b.Settings}
}

func (b WorkspaceChange) check() error {
	if zone := b.TimeZone; zone != nil {
		if _, err := time.LoadLocation(*zone); err != nil || *zone == "" || *zone == "Local" {
			return fault.Field("time_zone", "%q is not a time zone such as Australia/Sydney", *zone)
		}
	}
	if b.Locale != nil && !slices.Contains(router.Languages, *b.Locale) {
		return fault.Field("locale", "%q is not one of %v", *b.Locale, router.Languages)
	}
	if b.Settings["rules"] != nil {
		return fault.Field("settings.rules", "rules are changed by themselves, at /api/v1/rules")
	}
	return nil
}

// setWorkspace changes what is named; what is left out stays as it is.
func (s *Server) setWorkspace(ctx context.Context, who *caller, in *workspaceIn) (Workspace, error) {
	if err := in.Body.check(); err != nil {
		return Workspace{}, err
	}
	err := s.changeSettings(ctx, who, "workspace.change", func(tx *sqlx.Tx, stored map[string]json.RawMessage) error {
		for k, v := range in.Body.Settings {
			raw, err := json.Marshal(v)
			if err != nil {
				return fault.Field("settings."+k, "this setting cannot be stored")
			}
			stored[k] = raw
		}
		before, err := inbox.LoadWorkspace(ctx, tx, who.WorkspaceID)
		if err != nil {
			return err
		}
		b := in.Body.over(before)
		if before.Contact != "" && before.Contact != b.Contact { // it stood in messages: it must work on for a while
			lost := consent.Lost{WorkspaceID: who.WorkspaceID, What: "contact changed", Detail: before.Contact}
			if _, err := consent.WarnUnreachable(ctx, tx, lost, s.Now(), gate.AddBusinessDays); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE workspaces SET name = $2, brand = $3, legal_name = $4, contact = $5, time_zone = $6, locale = $7, country = $8,
time_zone_at = CASE WHEN time_zone = $6 THEN time_zone_at ELSE $9::timestamptz END WHERE id = $1`, who.WorkspaceID, b.Name, b.Brand, b.LegalName, b.Contact, b.TimeZone, b.Locale, b.Country, s.Now())
		if taken(err) {
			return fault.New(fault.Conflict, "there is a workspace of this name already; choose another")
		}
		if err != nil {
			return fmt.Errorf("change the workspace: %w", err)
		}
		w, err := inbox.LoadWorkspace(ctx, tx, who.WorkspaceID)
		if err != nil {
			return err
		}
		return consent.EnsureWordings(ctx, tx, who.WorkspaceID, w.BrandName())
	})
	if err != nil {
		return Workspace{}, err
	}
	return s.getWorkspace(ctx, who, nil)
}

// changeSettings edits the stored settings under lock and refuses what would not work.
func (s *Server) changeSettings(ctx context.Context, who *caller, verb string, edit func(tx *sqlx.Tx, stored map[string]json.RawMessage) error) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		var raw json.RawMessage
		if err := tx.GetContext(ctx, &raw, `SELECT settings FROM workspaces WHERE id = $1 FOR UPDATE`, who.WorkspaceID); err != nil {
			return fmt.Errorf("load the settings: %w", err)
		}
		stored := map[string]json.RawMessage{}
		if err := decode(raw, &stored); err != nil {
			return fmt.Errorf("read the settings: %w", err)
		}
		before := maps.Clone(stored)
		if err := edit(tx, stored); err != nil {
			return err
		}
		next, err := json.Marshal(stored)
		if err != nil {
			return fmt.Errorf("encode the settings: %w", err)
		}
		if err := checkSettings(next); err != nil {
			return err
		}
		if st, err := inbox.ParseSettings(next); err == nil && st.DefaultFlow != 0 && string(before["default_flow"]) != string(stored["default_flow"]) {
			if err := live.MayWelcome(ctx, tx, who.WorkspaceID, st.DefaultFlow); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `UPDATE workspaces SET settings = $2 WHERE id = $1`, who.WorkspaceID, string(next)); err != nil {
			return fmt.Errorf("save the settings: %w", err)
		}
		if err := decisions.SettingsChanged(ctx, tx, who.WorkspaceID, before, stored, who.Actor()); err != nil {
			return err
		}
		var changed []string
		for k, v := range stored {
			if string(before[k]) != string(v) {
				changed = append(changed, k)
			}
		}
		slices.Sort(changed)
		if err := auth.Audit(ctx, tx, who.WorkspaceID, who.Actor(), verb, fmt.Sprintf("workspace:%d", who.WorkspaceID), map[string]any{"settings": changed}); err != nil {
			return err
		}
		if err := outbox.Reconsider(ctx, tx, who.WorkspaceID, outbox.MoneyReasons...); err != nil { // wakes the senders
			return err
		}
		return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "workspace", ObjectID: who.WorkspaceID})
	})
}

func checkSettings(raw json.RawMessage) error {
	st, err := inbox.ParseSettings(raw)
	if err == nil {
		_, err = consent.ParseRules(raw)
		if fault.Is(err, fault.Invalid) {
			return err
		}
	}
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "a setting has a value of the wrong kind")
	}
	for name, v := range map[string]string{"quiet_from": st.QuietFrom, "quiet_to": st.QuietTo, "saturday_from": st.SaturdayFrom, "saturday_to": st.SaturdayTo} {
		if _, err := time.Parse("15:04", v); err != nil && v != "24:00" {
			return fault.Field("settings."+name, "%q is not a time such as 09:00", v)
		}
	}
	if hours, err := gate.HoursOf(st); err == nil { // an empty span is a day without offers
		for name, span := range map[string]gate.Span{"quiet_to": hours.Weekday, "saturday_to": hours.Saturday} {
			if span.To < span.From {
				return fault.Field("settings."+name, "these are the hours in which offers may arrive, of one day: the end comes before the beginning, so that none ever would")
			}
		}
	}
	for name, v := range map[string]int{"cap_day": st.CapDay, "cap_month": st.CapMonth, "delete_grace_minutes": st.DeleteGraceMinutes, "handoff_hours": st.HandoffHours,
		"max_auto_replies": st.MaxAutoReplies, "act_max_age_minutes": st.ActMaxAgeMinutes, "overdue_minutes": st.OverdueMinutes} {
		if v < 0 {
			return fault.Field("settings."+name, "must not be negative")
		}
	}
	if err := checkMoney(st); err != nil {
		return err
	}
	for name, v := range map[string]float64{"sample_hidden": st.Review.SampleHidden, "sample_allowed": st.Review.SampleAllowed, "second": st.Review.Second} {
		if !(v >= 0 && v <= 1) {
			return fault.Field("settings.review."+name, "%g is not a share between 0 and 1", v)
		}
	}
	if st.Review.GoldEvery < 0 {
		return fault.Field("settings.review.gold_every", "must not be negative")
	}
	if !slices.Contains(prompts.Moderations(), st.ModerationPrompt()) {
		return fault.Field("settings.prompt", "%q is none of the prompts of this program: %s", st.Prompt, strings.Join(prompts.Moderations(), ", "))
	}
	for i, d := range st.Holidays {
		if _, err := time.Parse("2006-01-02", d); err != nil {
			return fault.Field(fmt.Sprintf("settings.holidays[%d]", i), "%q is not a date such as 2027-01-26", d)
		}
	}
	if err := st.Desk.Check(); err != nil {
		return err
	}
	if len(st.Bot) > 0 {
		var bot router.Config
		if err := json.Unmarshal(st.Bot, &bot); err != nil {
			return fault.Wrap(fault.Invalid, err, "the bot's settings are not in the form they must have")
		}
		if bad := bot.Validate(); len(bad) > 0 {
			return faults(bad)
		}
	}
	_, err = moderation.EngineFor(st.Policy, nil)
	if err != nil && fault.KindOf(err) == fault.Internal {
		return fault.Wrap(fault.Invalid, err, "the policy is not in the form it must have")
	}
	return err
}

// checkMoney refuses budgets that could not be held, and reminders too close together.
func checkMoney(st inbox.Settings) error {
	if st.Currency != "" && !regexp.MustCompile(`^[A-Z]{3}$`).MatchString(st.Currency) {
		return fault.Field("settings.currency", "%q is not a currency such as AUD", st.Currency)
	}
	for name, v := range map[string]*int64{"budget_day_micros": st.BudgetDayMicros, "budget_month_micros": st.BudgetMonthMicros} {
		switch {
		case v == nil:
		case *v < 0:
			return fault.Field("settings."+name, "must not be negative")
		case st.Currency == "":
			return fault.Field("settings.currency", "say in which currency the budget is")
		}
	}
	if st.NudgeHours < 24 || st.NudgeHours > 72 {
		return fault.Field("settings.nudge_hours", "reminders are 24 to 72 hours apart, not %d", st.NudgeHours)
	}
	if st.ReadBackMinutes < 0 || st.ReadBackMinutes > 24*60 {
		return fault.Field("settings.read_back_minutes", "must be between 0 and 1440 minutes")
	}
	return nil
}

type sendingIn struct {
	Body struct {
		On bool `json:"on"`
	}
}

// workspaceSending is the kill switch of the whole workspace.
func (s *Server) workspaceSending(ctx context.Context, who *caller, in *sendingIn) (Workspace, error) {
	err := s.changeSettings(ctx, who, "workspace.sending", func(_ *sqlx.Tx, stored map[string]json.RawMessage) error {
		stored["sending"] = json.RawMessage(fmt.Sprint(in.Body.On))
		return nil
	})
	if err != nil {
		return Workspace{}, err
	}
	return s.getWorkspace(ctx, who, nil)
}

func (s *Server) getPolicy(ctx context.Context, who *caller, _ *struct{}) (moderation.Policy, error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return moderation.Policy{}, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return moderation.Policy{}, err
	}
	p := moderation.DefaultPolicy()
	if err := decode(settings.Policy, &p); err != nil {
		return moderation.Policy{}, fmt.Errorf("read the policy: %w", err)
	}
	return p, nil
}

// policyIn is a whole policy document; what it leaves out keeps its default.
type policyIn struct {
	Body    moderation.Policy
	RawBody []byte
}

func (s *Server) setPolicy(ctx context.Context, who *caller, in *policyIn) (moderation.Policy, error) {
	p, err := moderation.ParsePolicy(in.RawBody)
	if err != nil {
		return moderation.Policy{}, err
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return moderation.Policy{}, fmt.Errorf("encode the policy: %w", err)
	}
	err = s.changeSettings(ctx, who, "policy.change", func(_ *sqlx.Tx, stored map[string]json.RawMessage) error {
		stored["policy"] = raw
		return nil
	})
	if err != nil {
		return moderation.Policy{}, err
	}
	return s.getPolicy(ctx, who, nil)
}

func (s *Server) falseHides(ctx context.Context, who *caller, _ *struct{}) (review.FalseHides, error) {
	return review.ReadFalseHides(ctx, s.DB, who.WorkspaceID, s.Now())
}
