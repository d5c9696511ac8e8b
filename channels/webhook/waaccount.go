package webhook

import (
	"encoding/json"
	"fmt"

	"ponte/channels"
)

func (p *parser) template(c change) {
	var v struct {
		Event    text `json:"event"`
		ID       id   `json:"message_template_id"`
		Name     text `json:"message_template_name"`
		Language text `json:"message_template_language"`
		Reason   text `json:"reason"`
		NewScore text `json:"new_quality_score"`
		OldScore text `json:"previous_quality_score"`
		NewCat   text `json:"new_category"`
		OldCat   text `json:"previous_category"`
		Correct  text `json:"correct_category"`
		Rejected object[struct {
			Reason text `json:"reason"`
		}] `json:"rejection_info"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil || firstOf(string(v.ID), string(v.Name)) == "" {
		p.unsupported(string(c.Field), c.Value, "a template update names no template")
		return
	}
	t := &channels.Template{ID: string(v.ID), Name: string(v.Name), Language: string(v.Language), Reason: string(v.Reason)}
	if t.Reason == "NONE" {
		t.Reason = ""
	}
	if v.Rejected.V != nil && v.Rejected.V.Reason != "" {
		t.Reason = string(v.Rejected.V.Reason)
	}
	switch c.Field {
	case "message_template_status_update":
		t.Field, t.Event = "status", string(v.Event)
	case "message_template_quality_update":
		t.Field, t.Event, t.Previous = "quality", string(v.NewScore), string(v.OldScore)
	case "template_category_update":
		t.Field, t.Event, t.Previous = "category", string(v.NewCat), string(v.OldCat)
		if v.Correct != "" { // the notice 24 h before: new_category still names the current one
			t.Field, t.Event, t.Previous = "category_notice", string(v.Correct), string(v.NewCat)
		}
	default:
		t.Field = "components"
	}
	p.add(channels.Event{Kind: channels.TemplateChanged, Channel: channels.WhatsApp, ID: firstOf(string(v.ID), string(v.Name)), Status: t.Event, Template: t, Raw: keep(c.Value),
		Key: p.accountKey(c)})
}

func (p *parser) accountKey(c change) string {
	return fmt.Sprintf("%s:%s:%d:%s", c.Field, p.entry.ID, p.entry.Time.Unix(), digest(c.Value))
}

// accountFields are the account-level fields that ponte knows, with the member that says what is new.
var accountFields = map[text][]string{
	"phone_number_quality_update":  {"event", "max_daily_conversations_per_business", "current_limit"},
	"phone_number_name_update":     {"decision"},
	"business_capability_update":   {"max_daily_conversations_per_business", "max_daily_conversation_per_phone"},
	"account_update":               {"event"},
	"account_alerts":               {"alert_type", "alert_severity"},
	"account_review_update":        {"decision"},
	"business_username_update":     {"status"},
	"phone_number_username_update": {"status"},
	"security":                     {"event"},
	"flows":                        {"event"},
}

func (p *parser) accountNews(c change) {
	members, ok := accountFields[c.Field]
	if !ok {
		p.unsupported(string(c.Field), c.Value, fmt.Sprintf("WhatsApp field %q is not one that ponte knows", short(string(c.Field))))
		return
	}
	var v map[string]json.RawMessage
	if err := json.Unmarshal(c.Value, &v); err != nil {
		p.unsupported(string(c.Field), c.Value, "an account update is not as Meta sends it")
		return
	}
	if inner, ok := v["alert_info"]; ok {
		_ = json.Unmarshal(inner, &v)
	}
	ch := &channels.Change{Field: string(c.Field)}
	for _, m := range members {
		var t text
		if raw, ok := v[m]; ok && t.UnmarshalJSON(raw) == nil && t != "" {
			ch.Value = string(t)
			break
		}
	}
	var subject text
	_ = subject.UnmarshalJSON(v["display_phone_number"])
	ch.Detail = string(subject)
	p.add(channels.Event{Kind: channels.AccountChanged, Channel: channels.WhatsApp, ID: string(p.entry.ID), Status: ch.Value, Change: ch, Raw: keep(c.Value), Key: p.accountKey(c)})
}

func (p *parser) preferences(c change) {
	var v struct {
		Metadata    object[waMetadata] `json:"metadata"`
		Contacts    list[waContact]    `json:"contacts"`
		Preferences items              `json:"user_preferences"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil || len(v.Preferences) == 0 {
		p.unsupported("user_preferences", c.Value, "a preference update holds no preference")
		return
	}
	p.number(v.Metadata)
	defer func() { p.account = "" }()
	for _, raw := range v.Preferences {
		p.preference(v.Contacts, raw, len(v.Preferences) == 1)
	}
}

func (p *parser) preference(contacts []waContact, raw json.RawMessage, alone bool) {
	var pr struct {
		WaID      id      `json:"wa_id"`
		UserID    id      `json:"user_id"`
		Detail    text    `json:"detail"`
		Category  text    `json:"category"`
		Value     text    `json:"value"`
		SignupID  id      `json:"signup_id"`
		Timestamp instant `json:"timestamp"`
	}
	err := json.Unmarshal(raw, &pr)
	user, phone, name, username := person(pr.WaID, pr.UserID, contacts, alone)
	who := firstOf(user, phone)
	if err != nil || who == "" || pr.Value == "" {
		p.unsupported("user_preferences", raw, "a preference names no person or no value")
		return
	}
	at := pr.Timestamp.Time
	if at.IsZero() {
		at = p.entry.Time.Time
	}
	ch := &channels.Change{Field: firstOf(string(pr.Category), "marketing_messages"), Value: string(pr.Value), Detail: string(pr.Detail)}
	p.add(channels.Event{Kind: channels.PreferenceChanged, Channel: channels.WhatsApp, ID: firstOf(string(pr.SignupID), who), Time: at,
		Person: who, Phone: phone, Name: name, User: username, Status: ch.Value, Change: ch,
		Key: fmt.Sprintf("preference:%s:%s:%s:%d", who, ch.Field, ch.Value, at.Unix()), Lane: "p:whatsapp:" + who})
}

func (p *parser) userIDs(c change) {
	var v struct {
		Metadata object[waMetadata] `json:"metadata"`
		Updates  items              `json:"user_id_update"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil || len(v.Updates) == 0 {
		p.unsupported("user_id_update", c.Value, "a user id update holds no user id")
		return
	}
	p.number(v.Metadata)
	defer func() { p.account = "" }()
	for _, raw := range v.Updates {
		p.userID(raw)
	}
}

func (p *parser) userID(raw json.RawMessage) {
	var u struct {
		WaID   id   `json:"wa_id"`
		Detail text `json:"detail"`
		UserID object[struct {
			Previous id `json:"previous"`
			Current  id `json:"current"`
		}] `json:"user_id"`
		Timestamp instant `json:"timestamp"`
	}
	if err := json.Unmarshal(raw, &u); err != nil || u.UserID.V == nil || u.UserID.V.Current == "" {
		p.unsupported("user_id_update", raw, "a user id update names no new user id")
		return
	}
	ch := &channels.Change{Field: "user_id", Detail: string(u.Detail), Previous: string(u.UserID.V.Previous), Value: string(u.UserID.V.Current)}
	phone := digits(string(u.WaID))
	p.add(channels.Event{Kind: channels.IdentityChanged, Channel: channels.WhatsApp, ID: ch.Value, Time: u.Timestamp.Time, Person: ch.Value, Phone: phone, Change: ch,
		Key: "identity:" + ch.Previous + ":" + ch.Value, Lane: "p:whatsapp:" + ch.Value}) // before what the new id writes
}
