package webhook

import (
	"encoding/json"
	"fmt"
	"strings"

	"ponte/channels"
)

type waValue struct {
	Metadata object[struct {
		Display text `json:"display_phone_number"`
		PhoneID id   `json:"phone_number_id"`
	}] `json:"metadata"`
	Contacts list[waContact]   `json:"contacts"`
	Messages []json.RawMessage `json:"messages"`
	Statuses []json.RawMessage `json:"statuses"`
	Echoes   []json.RawMessage `json:"message_echoes"`
	Errors   list[waError]     `json:"errors"`
}

type waContact struct {
	WaID    id `json:"wa_id"`
	UserID  id `json:"user_id"`
	Profile object[struct {
		Name     text `json:"name"`
		Username text `json:"username"`
	}] `json:"profile"`
}

type waError struct {
	Code    number `json:"code"`
	Title   text   `json:"title"`
	Message text   `json:"message"`
	Data    object[struct {
		Details text `json:"details"`
	}] `json:"error_data"`
}

func (e waError) neutral() channels.NetworkError {
	out := channels.NetworkError{Code: int(e.Code), Title: firstOf(e.Title, e.Message)}
	if e.Data.V != nil {
		out.Details = string(e.Data.V.Details)
	}
	return out
}

func networkErrors(errs []waError) []channels.NetworkError {
	var out []channels.NetworkError
	for _, e := range errs {
		out = append(out, e.neutral())
	}
	return out
}

func (p *parser) whatsAppChange(c change) {
	switch c.Field {
	case "messages", "smb_message_echoes", "message_echoes":
		p.whatsAppMessages(c)
	case "message_template_status_update", "message_template_quality_update", "template_category_update", "message_template_components_update":
		p.template(c)
	case "user_preferences":
		p.preferences(c)
	case "user_id_update":
		p.userIDs(c)
	case "history", "smb_app_state_sync":
		p.unsupported(string(c.Field), c.Value, "the WhatsApp Business app's own history is not used")
	case "calls":
		p.unsupported("calls", c.Value, "calls are not used")
	default:
		p.accountNews(c)
	}
}

func (p *parser) whatsAppMessages(c change) {
	var v waValue
	if err := json.Unmarshal(c.Value, &v); err != nil {
		p.unsupported(string(c.Field), c.Value, "a WhatsApp value is not as Meta sends it")
		return
	}
	account := ""
	if v.Metadata.V != nil {
		account = string(v.Metadata.V.PhoneID)
	}
	for _, raw := range v.Messages {
		p.whatsAppMessage(account, v, raw)
	}
	for _, raw := range v.Statuses {
		p.status(account, v, raw)
	}
	for _, raw := range v.Echoes {
		p.whatsAppEcho(account, raw)
	}
	if len(v.Messages)+len(v.Statuses)+len(v.Echoes) > 0 {
		return
	}
	if len(v.Errors) > 0 {
		e := v.Errors[0].neutral()
		p.add(channels.Event{Kind: channels.AccountChanged, Channel: channels.WhatsApp, Account: account, Status: "error", Raw: compact(c.Value),
			Change: &channels.Change{Field: "errors", Value: fmt.Sprint(e.Code), Detail: firstOf(e.Details, e.Title)},
			Key:    fmt.Sprintf("errors:%d:%s", p.entry.Time.Unix(), digest(c.Value))})
		return
	}
	p.unsupported(string(c.Field), c.Value, "a WhatsApp value holds no message and no status")
}

// person returns the user id and phone of a message's author, from the message and from the contacts
// block, either of which may lack one of them; an empty string counts as absent.
func person(from, userID id, contacts []waContact, index int) (userid, phone, name, username string) {
	userid, phone = string(userID), digits(string(from))
	var c *waContact
	for i := range contacts {
		if (userid != "" && string(contacts[i].UserID) == userid) || (phone != "" && digits(string(contacts[i].WaID)) == phone) {
			c = &contacts[i]
			break
		}
	}
	if c == nil && len(contacts) == 1 && index == 0 && (userid == "" && phone == "") {
		c = &contacts[0]
	}
	if c != nil {
		userid, phone = firstOf(userid, string(c.UserID)), firstOf(phone, digits(string(c.WaID)))
		if c.Profile.V != nil {
			name, username = string(c.Profile.V.Name), string(c.Profile.V.Username)
		}
	}
	return userid, phone, name, username
}

// digits keeps a phone's digits; a user id (ES.1000…) that stands where a phone is expected is no phone.
func digits(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '+' || r == ' ' || r == '-':
		default:
			return ""
		}
	}
	return b.String()
}

func (p *parser) status(account string, v waValue, raw json.RawMessage) {
	var st struct {
		ID          text    `json:"id"`
		Status      text    `json:"status"`
		Timestamp   instant `json:"timestamp"`
		Recipient   id      `json:"recipient_id"`
		UserID      id      `json:"recipient_user_id"`
		Participant id      `json:"recipient_participant_id"`
		Token       text    `json:"biz_opaque_callback_data"`
		Pricing     object[struct {
			Billable *bool `json:"billable"`
			Model    text  `json:"pricing_model"`
			Type     text  `json:"type"`
			Category text  `json:"category"`
		}] `json:"pricing"`
		Conversation object[struct {
			ID      text    `json:"id"`
			Expires instant `json:"expiration_timestamp"`
			Origin  object[struct {
				Type text `json:"type"`
			}] `json:"origin"`
		}] `json:"conversation"`
		Errors list[waError] `json:"errors"`
	}
	if err := json.Unmarshal(raw, &st); err != nil || st.ID == "" || st.Status == "" {
		p.unsupported("statuses", raw, "a status has no message id or no status")
		return
	}
	user, phone, name, username := person(st.Recipient, st.UserID, v.Contacts, 1)
	r := &channels.Receipt{Recipient: firstOf(user, phone), Token: string(st.Token), Errors: networkErrors(st.Errors)}
	if pr := st.Pricing.V; pr != nil {
		r.Billable, r.Model, r.Pricing, r.Category = pr.Billable, string(pr.Model), string(pr.Type), string(pr.Category)
	}
	if cv := st.Conversation.V; cv != nil {
		r.ConversationID = string(cv.ID)
		if cv.Origin.V != nil {
			r.Origin = string(cv.Origin.V.Type)
		}
		if !cv.Expires.IsZero() {
			at := cv.Expires.Time
			r.Expires = &at
		}
	}
	key := "status:" + string(st.ID) + ":" + string(st.Status)
	if st.Participant != "" {
		key += ":" + string(st.Participant)
	}
	p.add(channels.Event{Kind: channels.StatusChanged, Channel: channels.WhatsApp, Account: account, ID: string(st.ID), Time: st.Timestamp.Time, Status: string(st.Status),
		Person: firstOf(user, phone), Phone: phone, Name: name, User: username, Receipt: r, Key: key, Lane: "s:" + firstOf(user, phone, string(st.ID))})
}

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
	}
	if err := json.Unmarshal(c.Value, &v); err != nil || firstOf(string(v.ID), string(v.Name)) == "" {
		p.unsupported(string(c.Field), c.Value, "a template update names no template")
		return
	}
	t := &channels.Template{ID: string(v.ID), Name: string(v.Name), Language: string(v.Language), Reason: string(v.Reason)}
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
	p.add(channels.Event{Kind: channels.TemplateChanged, Channel: channels.WhatsApp, ID: firstOf(string(v.ID), string(v.Name)), Status: t.Event, Template: t, Raw: compact(c.Value),
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
	p.add(channels.Event{Kind: channels.AccountChanged, Channel: channels.WhatsApp, ID: string(p.entry.ID), Status: ch.Value, Change: ch, Raw: compact(c.Value), Key: p.accountKey(c)})
}

func (p *parser) preferences(c change) {
	var v struct {
		Metadata object[struct {
			PhoneID id `json:"phone_number_id"`
		}] `json:"metadata"`
		Contacts    list[waContact] `json:"contacts"`
		Preferences []struct {
			WaID      id      `json:"wa_id"`
			UserID    id      `json:"user_id"`
			Detail    text    `json:"detail"`
			Category  text    `json:"category"`
			Value     text    `json:"value"`
			SignupID  id      `json:"signup_id"`
			Timestamp instant `json:"timestamp"`
		} `json:"user_preferences"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil || len(v.Preferences) == 0 {
		p.unsupported("user_preferences", c.Value, "a preference update holds no preference")
		return
	}
	account := ""
	if v.Metadata.V != nil {
		account = string(v.Metadata.V.PhoneID)
	}
	for _, pr := range v.Preferences {
		user, phone, name, username := person(pr.WaID, pr.UserID, v.Contacts, 0)
		who := firstOf(user, phone)
		at := pr.Timestamp.Time
		if at.IsZero() {
			at = p.entry.Time.Time
		}
		p.add(channels.Event{Kind: channels.PreferenceChanged, Channel: channels.WhatsApp, Account: account, ID: firstOf(string(pr.SignupID), who), Time: at, Person: who, Phone: phone, Name: name, User: username,
			Status: string(pr.Value), Change: &channels.Change{Field: firstOf(string(pr.Category), "marketing_messages"), Value: string(pr.Value), Detail: string(pr.Detail)},
			Key: fmt.Sprintf("preference:%s:%s:%d", who, pr.Value, at.Unix()), Lane: "p:whatsapp:" + who})
	}
}

func (p *parser) userIDs(c change) {
	type ids struct {
		Previous id `json:"previous"`
		Current  id `json:"current"`
	}
	var v struct {
		Metadata object[struct {
			PhoneID id `json:"phone_number_id"`
		}] `json:"metadata"`
		Updates list[struct {
			WaID      id          `json:"wa_id"`
			Detail    text        `json:"detail"`
			UserID    object[ids] `json:"user_id"`
			Timestamp instant     `json:"timestamp"`
		}] `json:"user_id_update"`
	}
	if err := json.Unmarshal(c.Value, &v); err != nil || len(v.Updates) == 0 {
		p.unsupported("user_id_update", c.Value, "a user id update holds no user id")
		return
	}
	account := ""
	if v.Metadata.V != nil {
		account = string(v.Metadata.V.PhoneID)
	}
	for _, u := range v.Updates {
		ch := &channels.Change{Field: "user_id", Detail: string(u.Detail)}
		if u.UserID.V != nil {
			ch.Previous, ch.Value = string(u.UserID.V.Previous), string(u.UserID.V.Current)
		}
		phone := digits(string(u.WaID))
		who := firstOf(ch.Value, phone)
		p.add(channels.Event{Kind: channels.IdentityChanged, Channel: channels.WhatsApp, Account: account, ID: who, Time: u.Timestamp.Time, Person: who, Phone: phone, Change: ch,
			Key: "identity:" + ch.Previous + ":" + who, Lane: "p:whatsapp:" + who})
	}
}
