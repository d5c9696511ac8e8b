package consent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/fault"
)

// RetentionFloor is the least number of years for which the values beside an ended consent are kept.
const RetentionFloor = 2

// Rules are what an owner decides about consent: the key "consent" of a workspace's settings. The zero
// value of a field means its default.
type Rules struct {
	Inferred       bool `json:"inferred,omitempty"`               // inferred consent counts for campaigns
	InferredMonths int  `json:"inferred_months,omitempty"`        // after which an inferred one ends
	SilentMonths   int  `json:"inferred_silent_months,omitempty"` // an inferred one ends after so long without a message of theirs; 0: never
	ValidMonths    int  `json:"valid_months,omitempty"`           // after which an express one ends; 0: until withdrawn
	RetentionYears int  `json:"retention_years,omitempty"`        // how long personal values stay after a consent ended

	ConfirmInStore *bool `json:"confirm_in_store,omitempty"` // what staff write down needs the person's confirmation
	// ConfirmByTemplate asks the owner of a number that staff or a lead form took, once and on WhatsApp, whether they
	// want offers; only their yes counts. The website's form never writes to anybody.
	ConfirmByTemplate bool `json:"confirm_by_template,omitempty"`

	OptInHours    int      `json:"opt_in_hours,omitempty"`    // after which a waiting opt-in ends
	WebOptIn      bool     `json:"web_opt_in,omitempty"`      // the public form is open
	WebOrigins    []string `json:"web_origins,omitempty"`     // websites that may show the form
	WebAccount    int64    `json:"web_account,omitempty"`     // WhatsApp account the form leads to; 0: the first
	WebPerAddress int      `json:"web_per_address,omitempty"` // requests of one network address in an hour
	WebPerNumber  int      `json:"web_per_number,omitempty"`  // requests that name one number in a day
}

// DefaultRules are the product's defaults.
func DefaultRules() Rules {
	yes := true
	return Rules{InferredMonths: 24, RetentionYears: 7, ConfirmInStore: &yes, OptInHours: 48, WebPerAddress: 10, WebPerNumber: 3}
}

// ParseRules reads the rules out of a workspace's settings and lays them over the defaults.
func ParseRules(settings json.RawMessage) (Rules, error) {
	r := DefaultRules()
	if len(settings) == 0 {
		return r, nil
	}
	in := struct {
		Consent *Rules `json:"consent"`
	}{&r}
	if err := json.Unmarshal(settings, &in); err != nil {
		return DefaultRules(), fault.Wrap(fault.Invalid, err, "the consent rules in the workspace's settings are not in the form they must have")
	}
	if in.Consent == nil { // "consent": null
		r = DefaultRules()
	}
	return r, r.Check()
}

// Check says what an owner may not set.
func (r Rules) Check() error {
	switch {
	case r.RetentionYears < RetentionFloor:
		return fault.Field("settings.consent.retention_years", "records of consent are kept for at least %d years", RetentionFloor)
	case r.RetentionYears > 100:
		return fault.Field("settings.consent.retention_years", "a hundred years are the most")
	case r.InferredMonths < 1 || r.InferredMonths > 24:
		return fault.Field("settings.consent.inferred_months", "an inferred consent ends after 1 to 24 months")
	case r.SilentMonths < 0 || r.SilentMonths > 24:
		return fault.Field("settings.consent.inferred_silent_months", "0 (never) to 24 months without a message of theirs")
	case r.ValidMonths < 0 || r.ValidMonths > 1200:
		return fault.Field("settings.consent.valid_months", "0 (until withdrawn) to 1200 months")
	case r.OptInHours < 1 || r.OptInHours > 30*24:
		return fault.Field("settings.consent.opt_in_hours", "an opt-in waits 1 to 720 hours for its confirmation")
	case r.WebPerAddress < 1 || r.WebPerAddress > 1000 || r.WebPerNumber < 1 || r.WebPerNumber > 20:
		return fault.Field("settings.consent.web_per_address", "1 to 1000 requests an hour per network address, 1 to 20 a day per number")
	}
	for i, o := range r.WebOrigins {
		if !validOrigin(o) {
			return fault.Field(fmt.Sprintf("settings.consent.web_origins[%d]", i), "%q is not a website such as https://shop.example", o)
		}
	}
	return nil
}

// rulesOrStrict: what cannot be read lets nothing more through than the defaults do.
func rulesOrStrict(settings json.RawMessage) Rules {
	r, err := ParseRules(settings)
	if err != nil {
		return DefaultRules()
	}
	return r
}

type workspaceFacts struct {
	ID        int64           `db:"id"`
	LegalName string          `db:"legal_name"`
	TimeZone  string          `db:"time_zone"`
	Settings  json.RawMessage `db:"settings"`
}

// complete sets what every entry must hold and callers need not know: the legal name behind the brand,
// the zone in which the person acted, and when a grant ends by the owner's rule or its wording's.
func (l *Ledger) complete(ctx context.Context, q sqlx.QueryerContext, entries []Entry) ([]Entry, error) {
	var spaces, contacts, wordings []int64
	for _, e := range entries {
		spaces = append(spaces, e.WorkspaceID)
		if e.Personal.ContactID != 0 && e.Personal.TimeZone == "" {
			contacts = append(contacts, e.Personal.ContactID)
		}
		if e.WordingID != nil && e.ValidUntil == nil {
			wordings = append(wordings, *e.WordingID)
		}
	}
	facts, err := byNumber(ctx, q, sqlEntryWorkspaces, spaces, func(w workspaceFacts) int64 { return w.ID })
	if err != nil {
		return nil, err
	}
	zones, err := byNumber(ctx, q, sqlEntryZones, contacts, func(z zoneRow) int64 { return z.ID })
	if err != nil {
		return nil, err
	}
	days, err := byNumber(ctx, q, sqlEntryWordings, wordings, func(w wordingDays) int64 { return w.ID })
	if err != nil {
		return nil, err
	}
	out := slices.Clone(entries)
	for i := range out {
		e, w := &out[i], facts[out[i].WorkspaceID]
		e.LegalName = w.LegalName
		if z := zones[e.Personal.ContactID]; e.Personal.TimeZone == "" && z.WorkspaceID == e.WorkspaceID {
			e.Personal.TimeZone = z.TimeZone
		}
		if e.Personal.TimeZone == "" {
			e.Personal.TimeZone = w.TimeZone
		}
		if e.Act == Grant || e.Act == Confirm && e.Kind != None {
			var d *int
			if e.WordingID != nil && days[*e.WordingID].WorkspaceID == e.WorkspaceID {
				d = days[*e.WordingID].Days
			}
			e.ValidUntil = ends(*e, rulesOrStrict(w.Settings), d)
		}
	}
	return out, nil
}

// ends is the earliest of the ends that were given: the caller's, the wording's, the owner's rule.
func ends(e Entry, r Rules, wordingDays *int) *time.Time {
	until := e.ValidUntil
	earlier := func(t time.Time) {
		if until == nil || t.Before(*until) {
			until = &t
		}
	}
	if wordingDays != nil {
		earlier(e.At.AddDate(0, 0, *wordingDays))
	}
	if e.Kind == Inferred {
		earlier(e.At.AddDate(0, r.InferredMonths, 0))
	} else if r.ValidMonths > 0 {
		earlier(e.At.AddDate(0, r.ValidMonths, 0))
	}
	return until
}

type zoneRow struct {
	WorkspaceID int64  `db:"workspace_id"`
	ID          int64  `db:"id"`
	TimeZone    string `db:"time_zone"`
}

type wordingDays struct {
	WorkspaceID int64 `db:"workspace_id"`
	ID          int64 `db:"id"`
	Days        *int  `db:"valid_days"`
}

const (
	sqlEntryWorkspaces = `SELECT id, legal_name, time_zone, settings FROM workspaces WHERE id = ANY($1)`
	sqlEntryZones      = `SELECT workspace_id, id, time_zone FROM contacts WHERE id = ANY($1)`
	sqlEntryWordings   = `SELECT workspace_id, id, valid_days FROM consent_wordings WHERE id = ANY($1)`
)

func byNumber[T any](ctx context.Context, q sqlx.QueryerContext, stmt string, ids []int64, id func(T) int64) (map[int64]T, error) {
	out := make(map[int64]T, len(ids))
	if len(ids) == 0 {
		return out, nil
	}
	slices.Sort(ids)
	var rows []T
	if err := sqlx.SelectContext(ctx, q, &rows, stmt, pq.Array(slices.Compact(ids))); err != nil {
		return nil, fmt.Errorf("complete the entries of the consent ledger: %w", err)
	}
	for _, r := range rows {
		out[id(r)] = r
	}
	return out, nil
}
