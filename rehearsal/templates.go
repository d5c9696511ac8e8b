package rehearsal

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// reviewAfter is how long the reviewers take.
const reviewAfter = 3 * time.Second

// node is a template as the list shows it.
func (t *Template) node() map[string]any {
	quality := t.Quality
	if quality == "" {
		quality = "GREEN"
	}
	return map[string]any{"id": t.ID, "name": t.Name, "language": t.Language, "category": t.Category, "status": t.Status, "components": t.Components,
		"quality_score": map[string]any{"score": quality}, "rejected_reason": t.Reason}
}

var (
	templateName  = regexp.MustCompile(`^[a-z0-9_]{1,512}$`)
	promotionWord = regexp.MustCompile(`(?i)\d ?%|\b(sale|discount|free shipping|sconti?|saldi|promo|remise|soldes|reduceri|reducere)\b`)
)

func (s *Server) createTemplate(c *call) (any, *graphError) {
	name, language, category := c.str("name"), c.str("language"), c.str("category")
	if !templateName.MatchString(name) || language == "" || category == "" {
		return nil, refuse(400, 100, 2388040, "Invalid parameter")
	}
	for _, o := range s.st.templates {
		if o.Name == name && o.Language == language && o.Status != "DELETED" {
			return nil, refuse(400, 100, 2388024, "There is already content in this language for this template")
		}
	}
	body, failure := checkComponents(c.body["components"])
	if failure != nil {
		return nil, failure
	}
	if failure := s.checkSample(c); failure != nil {
		return nil, failure
	}
	t := Template{ID: s.st.id("8"), Name: name, Language: language, Category: category, Status: "PENDING", Body: body, Components: c.body["components"]}
	if err := s.do(entry{Template: &t}); err != nil {
		return nil, refuse(500, 2, 0, "Service temporarily unavailable")
	}
	s.toReview(t.ID)
	return map[string]any{"id": t.ID, "status": t.Status, "category": t.Category}, nil
}

// checkComponents refuses what Meta refuses at once.
func checkComponents(components any) (string, *graphError) {
	body := ""
	list, _ := components.([]any)
	for _, comp := range list {
		part, _ := comp.(map[string]any)
		text, _ := part["text"].(string)
		switch part["type"] {
		case "BODY":
			body = text
		case "HEADER":
			if utf8.RuneCountInString(text) > 60 || len(variable.FindAllString(text, -1)) > 1 {
				return "", refuse(400, 100, 2388047, "Invalid header")
			}
		case "FOOTER":
			if utf8.RuneCountInString(text) > 60 || strings.Contains(text, "{{") {
				return "", refuse(400, 100, 2388073, "Invalid footer")
			}
		}
		if names := variable.FindAllString(text, -1); len(names) > 0 && part["example"] == nil {
			return "", refuse(400, 100, 2388043, "Components with variables need an example")
		}
	}
	names := variable.FindAllStringIndex(body, -1)
	words := len(strings.Fields(variable.ReplaceAllString(body, " ")))
	switch {
	case body == "" || strings.Contains(body, "\n\n\n"):
		return "", refuse(400, 100, 2388072, "The template has no valid body")
	case utf8.RuneCountInString(body) > 1024:
		return "", refuse(400, 100, 2388040, "Field exceeded character limit")
	case len(names) > 0 && (names[0][0] == 0 || names[len(names)-1][1] == len(body)):
		return "", refuse(400, 100, 2388299, "Variables can't be at the start or end of the template")
	case len(names) > 0 && words < 2*len(names)+1:
		return "", refuse(400, 100, 2388293, "This template has too many variables for its length")
	}
	return body, nil
}

// onTemplate is POST /{template id}: an edit, which is reviewed again, or the end of a pacing pause.
func (s *Server) onTemplate(c *call, t *Template, edge string) (any, *graphError) {
	switch c.method + " " + edge {
	case "GET ":
		return t.node(), nil
	case "POST unpause":
		if t.Status != "PAUSED" {
			return nil, refuse(400, 100, 0, "The template is not paused")
		}
		if err := s.moveTemplate(t, "APPROVED", "NONE"); err != nil {
			return nil, refuse(500, 2, 0, "Service temporarily unavailable")
		}
		return map[string]any{"success": true}, nil
	case "POST ":
		return s.editTemplate(c, t)
	}
	return nil, refuse(400, 100, 0, "Unknown path components: /%s", edge)
}

func (s *Server) editTemplate(c *call, t *Template) (any, *graphError) {
	n := *t
	switch t.Status {
	case "APPROVED":
		day, month := 0, 0
		for _, at := range t.Edits {
			if s.now().Sub(at) < 24*time.Hour {
				day++
			}
			if s.now().Sub(at) < 30*24*time.Hour {
				month++
			}
		}
		if day >= 1 || month >= 10 {
			return nil, refuse(400, 100, 2388025, "An approved template can be edited once a day and ten times a month")
		}
		if category := c.str("category"); category != "" && category != t.Category {
			return nil, refuse(400, 100, 2388026, "The category of an approved template cannot be changed")
		}
		n.Edits = append(append([]time.Time{}, t.Edits...), s.now())
	case "REJECTED", "PAUSED":
		if category := c.str("category"); category != "" {
			n.Category = category
		}
	default:
		return nil, refuse(400, 100, 2388027, "Only approved, rejected and paused templates can be edited")
	}
	body, failure := checkComponents(c.body["components"])
	if failure != nil {
		return nil, failure
	}
	if failure := s.checkSample(c); failure != nil {
		return nil, failure
	}
	n.Status, n.Body, n.Components, n.Reason = "PENDING", body, c.body["components"], ""
	if err := s.do(entry{Template: &n}); err != nil {
		return nil, refuse(500, 2, 0, "Service temporarily unavailable")
	}
	s.toReview(n.ID)
	return map[string]any{"success": true}, nil
}

func (s *Server) deleteTemplate(c *call) (any, *graphError) {
	found := false
	for _, t := range s.st.templates {
		if t.Name != c.query["name"] || t.Status == "DELETED" || c.query["hsm_id"] != "" && c.query["hsm_id"] != t.ID {
			continue
		}
		if t.Status == "DISABLED" {
			return nil, refuse(400, 100, 0, "A disabled template cannot be deleted")
		}
		if err := s.moveTemplate(t, "DELETED", "NONE"); err != nil {
			return nil, refuse(500, 2, 0, "Service temporarily unavailable")
		}
		found = true
	}
	if !found {
		return nil, refuse(404, 100, 33, "The template does not exist")
	}
	return map[string]any{"success": true}, nil
}

// toReview lets the reviewers look after a while.
func (s *Server) toReview(id string) {
	time.AfterFunc(reviewAfter, func() { s.review(id) })
}

// review approves a template, as Meta's reviewers would: one that is filed as a service message and
// promotes is refused.
func (s *Server) review(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.st.templates[id]
	if t == nil || t.Status != "PENDING" {
		return
	}
	status, reason := "APPROVED", "NONE"
	if t.Category == "UTILITY" && promotionWord.MatchString(t.Body) {
		status, reason = "REJECTED", "INCORRECT_CATEGORY"
	}
	if err := s.moveTemplate(t, status, reason); err != nil {
		s.log.Error("rehearsal: the log cannot be written", "error", err)
	}
}

// moveTemplate gives a template a status and tells of it.
func (s *Server) moveTemplate(t *Template, status, reason string) error {
	n := *t
	n.Status, n.Reason = status, ""
	if reason != "NONE" {
		n.Reason = reason
	}
	return s.do(entry{Template: &n, Webhook: s.st.templateWebhook(n, "message_template_status_update", s.now(), map[string]any{"event": status, "reason": reason, "message_template_category": n.Category})})
}

func (st *state) templateWebhook(t Template, field string, at time.Time, more map[string]any) *Webhook {
	var waba string
	for _, a := range st.accounts {
		if a.WABA != "" {
			waba = a.WABA
		}
	}
	var id any = t.ID
	var n int64
	if _, err := fmt.Sscan(t.ID, &n); err == nil {
		id = n // Meta writes it as a number
	}
	v := map[string]any{"message_template_id": id, "message_template_name": t.Name, "message_template_language": t.Language}
	for k, x := range more {
		v[k] = x
	}
	return st.webhook("whatsapp_business_account", waba, at, map[string]any{"time": at.Unix(), "changes": []any{map[string]any{"field": field, "value": v}}})
}

func (s *Server) playCategory(in input) (map[string]any, error) {
	t := s.st.templates[in.ID]
	if t == nil || in.Value == "" {
		return nil, fmt.Errorf("name a template and the category that Meta files it under")
	}
	n := *t
	n.Category = in.Value
	hook := s.st.templateWebhook(n, "template_category_update", s.now(), map[string]any{"previous_category": t.Category, "new_category": in.Value})
	return map[string]any{}, s.do(entry{Template: &n, Webhook: hook})
}

func (s *Server) playQuality(in input) (map[string]any, error) {
	t := s.st.templates[in.ID]
	if t == nil || in.Value == "" {
		return nil, fmt.Errorf("name a template and its quality")
	}
	n := *t
	n.Quality = in.Value
	hook := s.st.templateWebhook(n, "message_template_quality_update", s.now(), map[string]any{"previous_quality_score": t.Quality, "new_quality_score": in.Value})
	return map[string]any{}, s.do(entry{Template: &n, Webhook: hook})
}
