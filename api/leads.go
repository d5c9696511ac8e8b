package api

import (
	"context"
	"fmt"
	"time"

	"ponte/inbox"
	"ponte/said"
)

// Lead is a form that a person sent in. Nothing in it is verified, and a ticked box is not a consent.
type Lead struct {
	ID          int64            `json:"id"`
	FormID      string           `json:"form_id"`
	AdID        string           `json:"ad_id"`
	SubmittedAt time.Time        `json:"submitted_at"`
	Reason      string           `json:"reason" doc:"Why it is kept with this person"`
	Parts       []said.Statement `json:"reason_parts" doc:"The reason as statements with stable codes"`
	Answers     []LeadAnswer     `json:"answers"`
	Boxes       []LeadBox        `json:"boxes"`
}

// LeadAnswer is one field of a form.
type LeadAnswer struct {
	Field  string   `json:"field"`
	Values []string `json:"values"`
}

// LeadBox is one box of a form.
type LeadBox struct {
	Name   string `json:"name"`
	Ticked bool   `json:"ticked"`
}

const sqlLeadsOf = `
SELECT id, form_id, ad_id, submitted_at, reason, answers, boxes FROM leads
WHERE workspace_id = $1 AND contact_id = $2 ORDER BY submitted_at DESC, id DESC LIMIT 50`

// leadsOf lists the forms of a person. Who does not see whole numbers sees the digits of answers masked.
func (s *Server) leadsOf(ctx context.Context, who *caller, contact int64) ([]Lead, error) {
	var rows []leadRow
	if err := s.DB.SelectContext(ctx, &rows, sqlLeadsOf, who.WorkspaceID, contact); err != nil {
		return nil, fmt.Errorf("list the leads of contact %d: %w", contact, err)
	}
	out := make([]Lead, 0, len(rows))
	for _, r := range rows {
		l, err := showLead(r, who.Role.SeesPhones())
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, nil
}

// maskNumbers hides the digits of an answer that may be a phone number.
func maskNumbers(v string) string {
	if len(inbox.Digits(v)) < 7 {
		return v
	}
	masked := []rune(v)
	for i, r := range masked {
		if r >= '0' && r <= '9' {
			masked[i] = '•'
		}
	}
	return string(masked)
}
