package rehearsal

import (
	"fmt"
	"time"
)

// Lead is a form of an advertisement that somebody sent in.
type Lead struct {
	ID     string    `json:"id"`
	Form   string    `json:"form"`
	Name   string    `json:"name"`
	Phone  string    `json:"phone"` // as typed
	Ticked bool      `json:"ticked"`
	At     time.Time `json:"at"`
}

// leadBox is the key of the box in the stand-in's forms.
const leadBox = "wa_optin"

func (l *Lead) node() map[string]any {
	ticked := "0"
	if l.Ticked {
		ticked = "1"
	}
	field := func(name, value string) any { return map[string]any{"name": name, "values": []string{value}} }
	return map[string]any{"id": l.ID, "created_time": l.At.Format(graphTime), "form_id": l.Form, "is_organic": false, "platform": "fb",
		"field_data":                  []any{field("full_name", l.Name), field("phone_number", l.Phone)},
		"custom_disclaimer_responses": []any{map[string]any{"checkbox_key": leadBox, "is_checked": ticked}}}
}

// playLead sends in a form. The webhook names the lead and nothing of it.
func (s *Server) playLead(in input) (map[string]any, error) {
	var page string
	for _, a := range s.st.accounts {
		if a.Channel == "facebook" {
			page = a.ID
		}
	}
	if in.Name == "" || in.Phone == "" || in.Value == "" || page == "" {
		return nil, fmt.Errorf("name the person, their phone and the form (value)")
	}
	l := Lead{ID: s.st.id("88"), Form: in.Value, Name: in.Name, Phone: in.Phone, Ticked: in.On, At: s.now().UTC()}
	value := map[string]any{"leadgen_id": l.ID, "page_id": page, "form_id": l.Form, "created_time": l.At.Unix()}
	hook := s.st.webhook("page", page, s.now(), map[string]any{"changes": []any{map[string]any{"field": "leadgen", "value": value}}})
	return map[string]any{"id": l.ID}, s.do(entry{Lead: &l, Webhook: hook})
}
