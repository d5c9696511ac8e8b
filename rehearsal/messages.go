package rehearsal

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"
)

const (
	careWindow   = 24 * time.Hour
	humanWindow  = 7 * 24 * time.Hour
	privateReply = 7 * 24 * time.Hour
)

// sendDM is POST /{page or Instagram account}/messages.
func (s *Server) sendDM(c *call) (any, *graphError) {
	a := c.account
	to, _ := c.body["recipient"].(map[string]any)
	body, _ := c.body["message"].(map[string]any)
	if act, _ := c.body["sender_action"].(string); act != "" {
		return map[string]any{"recipient_id": to["id"]}, nil
	}
	m, failure := s.readDM(a, body)
	if failure != nil {
		return nil, failure
	}
	var p *Person
	if comment, _ := to["comment_id"].(string); comment != "" {
		k, failure := s.mayReplyPrivately(a, comment)
		if failure != nil {
			return nil, failure
		}
		p, m.Comment = s.st.people[k.Person], comment
		n := *k
		n.Replied = true
		if err := s.do(entry{Comment: &n}); err != nil {
			return nil, refuse(500, 2, 0, "Service temporarily unavailable")
		}
	} else {
		id, _ := to["id"].(string)
		if p = s.st.person(id); p == nil || id != p.psid() && id != p.igsid() {
			return nil, refuse(400, 100, map[bool]int{true: 2534014, false: 2018001}[a.Channel == "instagram"], "No matching user found")
		}
		if failure := s.inWindow(a, p, c); failure != nil {
			return nil, failure
		}
	}
	m.ID, m.Account, m.Person, m.FromUs, m.At, m.Status = s.st.id("m_out"), a.ID, p.ID, true, s.now().UTC(), "delivered"
	if err := s.do(entry{Message: &m, Webhook: s.st.dmWebhook(m, s.now())}); err != nil {
		return nil, refuse(500, 2, 0, "Service temporarily unavailable")
	}
	recipient := p.psid()
	if a.Channel == "instagram" {
		recipient = p.igsid()
	}
	return map[string]any{"recipient_id": recipient, "message_id": m.ID}, nil
}

func (s *Server) readDM(a *Account, body map[string]any) (Message, *graphError) {
	m := Message{Type: "text"}
	m.Text, _ = body["text"].(string)
	m.Opaque, _ = body["metadata"].(string)
	if att, ok := body["attachment"].(map[string]any); ok {
		m.Type, _ = att["type"].(string)
		pl, _ := att["payload"].(map[string]any)
		if id := pl["attachment_id"]; id != nil {
			f := s.shown(a.ID, id)
			if f == nil || f.Type != m.Type {
				return m, refuse(400, 100, 2018008, "The attachment id is not one of this account's, or of another type")
			}
			m.File = f.Name
		}
		if m.Text != "" {
			return m, refuse(400, 100, 0, "A message has a text or an attachment, not both")
		}
		if m.Type == "template" {
			m.Text, _ = pl["text"].(string)
			if list, _ := pl["buttons"].([]any); len(list) > 0 {
				if b, ok := list[0].(map[string]any); ok {
					m.Link = &Button{ID: fmt.Sprint(b["url"]), Title: fmt.Sprint(b["title"])}
				}
			}
		}
	}
	if list, _ := body["quick_replies"].([]any); len(list) > 0 {
		for _, q := range list {
			if b, ok := q.(map[string]any); ok {
				m.Buttons = append(m.Buttons, Button{ID: fmt.Sprint(b["payload"]), Title: fmt.Sprint(b["title"])})
			}
		}
	}
	switch {
	case m.Text == "" && m.Type == "text":
		return m, refuse(400, 100, 0, "The message must not be empty")
	case a.Channel == "instagram" && len(m.Text) > 1000:
		return m, refuse(400, 100, 0, "Length of param message[text] must be less than or equal to 1000")
	case a.Channel == "facebook" && utf8.RuneCountInString(m.Text) > 2000:
		return m, refuse(400, 100, 0, "Length of param message[text] must be less than or equal to 2000")
	case len(m.Buttons) > 13:
		return m, refuse(400, 100, 0, "At most 13 quick replies")
	}
	return m, nil
}

func (s *Server) mayReplyPrivately(a *Account, comment string) (*Comment, *graphError) {
	k := s.st.comments[comment]
	if k == nil || k.Deleted || k.Account != a.ID || k.Person == "" {
		return nil, gone
	}
	late := s.now().Sub(k.At) > privateReply
	if k.Replied || late {
		if a.Channel == "instagram" {
			return nil, refuse(400, 100, 2534025, "The comment is invalid for a private reply")
		}
		return nil, refuse(400, 10900, 0, "Activity already replied to")
	}
	hour := 0
	for _, m := range s.st.messages {
		if m.Account == a.ID && m.Comment != "" && s.now().Sub(m.At) < time.Hour {
			hour++
		}
	}
	if hour >= 750 {
		return nil, refuse(400, 613, 0, "Calls to this api have exceeded the rate limit")
	}
	return k, nil
}

func (s *Server) inWindow(a *Account, p *Person, c *call) *graphError {
	last := s.st.lastFrom(a.ID, p.ID)
	age := s.now().Sub(last)
	tag, _ := c.body["tag"].(string)
	switch tag {
	case "CONFIRMED_EVENT_UPDATE", "ACCOUNT_UPDATE", "POST_PURCHASE_UPDATE":
		return refuse(400, 100, 0, "This message tag is not available any more")
	case "HUMAN_AGENT":
		if age <= humanWindow {
			return nil
		}
	}
	if age <= careWindow {
		return nil
	}
	if a.Channel == "instagram" {
		return refuse(400, 10, 2534022, "This message is sent outside of allowed window.")
	}
	return refuse(400, 10, 2018278, "This message is sent outside of allowed window.")
}

// conversations reads threads back: with user_id one of them, else the newest.
func (s *Server) conversations(c *call) (any, *graphError) {
	byPerson := map[string][]*Message{}
	for _, m := range s.st.messages {
		p := s.st.people[m.Person]
		if m.Account == c.account.ID && (c.query["user_id"] == "" || c.query["user_id"] == p.psid() || c.query["user_id"] == p.igsid()) {
			byPerson[m.Person] = append(byPerson[m.Person], m)
		}
	}
	list := []any{}
	for person, msgs := range byPerson {
		p := s.st.people[person]
		id := p.psid()
		if c.account.Channel == "instagram" {
			id = p.igsid()
		}
		own := map[string]*Message{}
		for _, m := range msgs {
			own[m.ID] = m
		}
		data := []any{}
		for i, m := range sorted(own, func(*Message) bool { return true }, func(x, y *Message) bool { return x.At.After(y.At) }) {
			if i == 20 {
				break
			}
			from := id
			if m.FromUs {
				from = c.account.ID
			}
			data = append(data, map[string]any{"id": m.ID, "message": m.Text, "from": map[string]any{"id": from}, "created_time": m.At.Format(graphTime)})
		}
		list = append(list, map[string]any{"id": "t_" + person, "participants": map[string]any{"data": []any{map[string]any{"id": id}, map[string]any{"id": c.account.ID}}}, "messages": map[string]any{"data": data}})
	}
	return s.page(c, list), nil
}

var digitsOnly = regexp.MustCompile(`^\+?\d{7,15}$`)

// sendWhatsApp is POST /{phone number id}/messages.
func (s *Server) sendWhatsApp(c *call) (any, *graphError) {
	if c.str("messaging_product") != "whatsapp" {
		return nil, refuse(400, 100, 0, "Invalid parameter: messaging_product")
	}
	if c.str("status") == "read" {
		if m := s.st.messages[c.str("message_id")]; m == nil {
			return nil, refuse(400, 100, 0, "Invalid parameter: message_id")
		}
		return map[string]any{"success": true}, nil
	}
	to := c.str("to")
	if to == "" {
		to = c.str("recipient")
	} else if !digitsOnly.MatchString(to) {
		return nil, refuse(400, 131009, 0, "Parameter value is not valid: to")
	}
	p := s.st.person(to)
	if p == nil {
		if to == "" {
			return nil, refuse(400, 131008, 0, "Required parameter is missing: to")
		}
		return nil, refuse(400, 131026, 0, "Message undeliverable")
	}
	m := Message{Account: c.account.ID, Person: p.ID, FromUs: true, At: s.now().UTC(), Status: "sent", Opaque: c.str("biz_opaque_callback_data")}
	if failure := s.readWhatsApp(c, &m); failure != nil {
		return nil, failure
	}
	if failure := s.whatsAppLimits(m); failure != nil {
		return nil, failure
	}
	m.ID = s.st.id("wamid.OUT")
	switch {
	case m.Template == "" && s.now().Sub(s.st.lastFrom(m.Account, p.ID)) > careWindow:
		m.Status, m.Error = "failed", 131047
	case m.Template != "" && s.st.stopped[p.ID] && s.st.category(m.Template) == "MARKETING":
		m.Status, m.Error = "failed", 131050
	}
	if err := s.do(entry{Message: &m, Webhook: s.st.statusWebhook(m, m.Status, s.now())}); err != nil {
		return nil, refuse(500, 2, 0, "Service temporarily unavailable")
	}
	if m.Status != "failed" {
		for _, status := range []string{"delivered", "read"} {
			m.Status = status
			n := m
			if err := s.do(entry{Message: &n, Webhook: s.st.statusWebhook(n, status, s.now())}); err != nil {
				return nil, refuse(500, 2, 0, "Service temporarily unavailable")
			}
		}
	}
	return map[string]any{"messaging_product": "whatsapp", "contacts": []any{map[string]any{"input": to, "wa_id": p.Phone}}, "messages": []any{map[string]any{"id": m.ID}}}, nil
}

func (s *Server) readWhatsApp(c *call, m *Message) *graphError {
	m.Type = c.str("type")
	if m.Type == "" {
		m.Type = "text"
	}
	object, _ := c.body[m.Type].(map[string]any)
	if object == nil {
		return refuse(400, 131008, 0, "Required parameter is missing: %s", m.Type)
	}
	switch m.Type {
	case "text":
		m.Text, _ = object["body"].(string)
		if m.Text == "" || utf8.RuneCountInString(m.Text) > 4096 {
			return refuse(400, 100, 0, "Param text['body'] must be between 1 and 4096 characters long")
		}
	case "interactive":
		return readInteractive(object, m)
	case "template":
		return s.readTemplate(c.account.ID, object, m)
	case "image", "video", "audio", "document", "sticker":
		m.Text, _ = object["caption"].(string)
		if object["id"] == nil && object["link"] == nil {
			return refuse(400, 131008, 0, "Required parameter is missing: %s needs id or link", m.Type)
		}
		if id := object["id"]; id != nil {
			f := s.shown(c.account.ID, id)
			if f == nil {
				return refuse(400, 131009, 0, "Parameter value is not valid: %s.id", m.Type)
			}
			m.File = f.Name
		}
	}
	return nil
}

func readInteractive(object map[string]any, m *Message) *graphError {
	body, _ := object["body"].(map[string]any)
	m.Text, _ = body["text"].(string)
	action, _ := object["action"].(map[string]any)
	if m.Text == "" || action == nil {
		return refuse(400, 131009, 0, "Parameter value is not valid: interactive")
	}
	b, _ := json.Marshal(action)
	var a struct {
		Button  string `json:"button"`
		Buttons []struct {
			Type  string `json:"type"`
			Reply Button `json:"reply"`
		} `json:"buttons"`
		Sections []struct {
			Rows []Button `json:"rows"`
		} `json:"sections"`
		Parameters struct {
			Text string `json:"display_text"`
			URL  string `json:"url"`
		} `json:"parameters"`
	}
	_ = json.Unmarshal(b, &a)
	switch object["type"] {
	case "button":
		if len(a.Buttons) < 1 || len(a.Buttons) > 3 || utf8.RuneCountInString(m.Text) > 1024 {
			return refuse(400, 131009, 0, "Parameter value is not valid: 1 to 3 buttons, body up to 1024 characters")
		}
		seen := map[string]bool{}
		for _, btn := range a.Buttons {
			if btn.Reply.ID == "" || btn.Reply.Title == "" || utf8.RuneCountInString(btn.Reply.Title) > 20 || seen[btn.Reply.Title] {
				return refuse(400, 131009, 0, "Parameter value is not valid: button title of 1 to 20 characters, each its own")
			}
			seen[btn.Reply.Title] = true
			m.Buttons = append(m.Buttons, btn.Reply)
		}
	case "list":
		m.List = &List{Button: a.Button}
		for _, sec := range a.Sections {
			m.List.Rows = append(m.List.Rows, sec.Rows...)
		}
		if n := len(m.List.Rows); n < 1 || n > 10 || a.Button == "" || utf8.RuneCountInString(a.Button) > 20 {
			return refuse(400, 131009, 0, "Parameter value is not valid: list")
		}
		for _, r := range m.List.Rows {
			if utf8.RuneCountInString(r.Title) > 24 || r.ID == "" {
				return refuse(400, 131009, 0, "Parameter value is not valid: row title up to 24 characters")
			}
		}
	case "cta_url":
		m.Link = &Button{ID: a.Parameters.URL, Title: a.Parameters.Text}
	default:
		return refuse(400, 131009, 0, "Parameter value is not valid: interactive type")
	}
	return nil
}

var variable = regexp.MustCompile(`\{\{\w+\}\}`)

func (s *Server) readTemplate(account string, object map[string]any, m *Message) *graphError {
	name, _ := object["name"].(string)
	lang, _ := object["language"].(map[string]any)
	code, _ := lang["code"].(string)
	for _, t := range s.st.templates {
		if t.Name != name || t.Language != code {
			continue
		}
		switch t.Status {
		case "PAUSED":
			return refuse(400, 132015, 0, "Template is paused")
		case "DISABLED":
			return refuse(400, 132016, 0, "Template is disabled")
		case "APPROVED":
		default:
			return refuse(404, 132001, 0, "Template name does not exist in the translation")
		}
		var values []string
		if list, _ := object["components"].([]any); list != nil {
			for _, comp := range list {
				part, _ := comp.(map[string]any)
				if part["type"] != "body" {
					continue
				}
				params, _ := part["parameters"].([]any)
				for _, v := range params {
					pm, _ := v.(map[string]any)
					values = append(values, fmt.Sprint(pm["text"]))
				}
			}
		}
		if want := len(variable.FindAllString(t.Body, -1)); want != len(values) {
			return refuse(400, 132000, 0, "Number of parameters does not match the expected number of params")
		}
		if failure := s.checkHeader(account, t, asList(object["components"]), m); failure != nil {
			return failure
		}
		m.Text, m.Template = t.Body, t.Name+"/"+t.Language
		for _, v := range values {
			loc := variable.FindStringIndex(m.Text)
			m.Text = m.Text[:loc[0]] + v + m.Text[loc[1]:]
		}
		return nil
	}
	return refuse(404, 132001, 0, "Template name does not exist in the translation")
}

func (st *state) category(template string) string {
	for _, t := range st.templates {
		if t.Name+"/"+t.Language == template {
			return t.Category
		}
	}
	return ""
}

// whatsAppLimits: 80 messages a second for the number, and 1 in 6 s with a burst of 45 for one person.
func (s *Server) whatsAppLimits(m Message) *graphError {
	second, pair := 0, 0
	for _, o := range s.st.messages {
		if o.Account != m.Account || !o.FromUs {
			continue
		}
		if m.At.Sub(o.At) < time.Second {
			second++
		}
		if o.Person == m.Person && m.At.Sub(o.At) < 270*time.Second {
			pair++
		}
	}
	if second >= 80 {
		return refuse(400, 130429, 0, "Rate limit hit")
	}
	if pair >= 45 {
		return refuse(400, 131056, 0, "(Business Account, Consumer Account) pair rate limit hit")
	}
	return nil
}
