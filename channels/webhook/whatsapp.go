package webhook

import (
	"encoding/json"
	"fmt"
	"strings"

	"ponte/channels"
)

type waValue struct {
	Metadata object[waMetadata] `json:"metadata"`
	Contacts list[waContact]    `json:"contacts"`
	Messages items              `json:"messages"`
	Statuses items              `json:"statuses"`
	Echoes   items              `json:"message_echoes"`
	Errors   items              `json:"errors"`
}

type waMetadata struct {
	PhoneID id `json:"phone_number_id"`
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
	case "groups", "group_lifecycle_update", "group_participants_update", "group_settings_update", "group_status_update":
		p.unsupported(string(c.Field), c.Value, "groups are not used")
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
	p.number(v.Metadata)
	defer func() { p.account = "" }()
	for _, raw := range v.Messages {
		p.whatsAppMessage(v, raw)
	}
	for _, raw := range v.Statuses {
		p.status(v, raw)
	}
	for _, raw := range v.Echoes {
		p.whatsAppEcho(raw)
	}
	for _, raw := range v.Errors {
		p.accountError(raw)
	}
	if len(v.Messages)+len(v.Statuses)+len(v.Echoes)+len(v.Errors) == 0 {
		p.unsupported(string(c.Field), c.Value, "a WhatsApp value holds no message and no status")
	}
}

// number makes the events that follow belong to a number of the business account, where one is named.
func (p *parser) number(m object[waMetadata]) {
	if p.account = ""; m.V != nil {
		p.account = string(m.V.PhoneID)
	}
}

// accountError is an error about the number, not about a message.
func (p *parser) accountError(raw json.RawMessage) {
	var w waError
	if err := json.Unmarshal(raw, &w); err != nil || w.Code == 0 && w.Title == "" {
		p.unsupported("errors", raw, "an error has no code")
		return
	}
	e := w.neutral()
	p.add(channels.Event{Kind: channels.AccountChanged, Channel: channels.WhatsApp, Status: "error", Raw: keep(raw),
		Change: &channels.Change{Field: "errors", Value: fmt.Sprint(e.Code), Detail: firstOf(e.Details, e.Title)},
		Key:    fmt.Sprintf("errors:%d:%s", p.entry.Time.Unix(), digest(raw))})
}

// person returns the user id and phone of whoever wrote or received something, from the item and from
// the contacts block, either of which may lack one of them; an empty string counts as absent. A user id
// (ES.1000…) may stand where older versions had the phone. Alone says that the value holds one item
// only: then the one contact beside it is that item's.
func person(from, userID id, contacts []waContact, alone bool) (userid, phone, name, username string) {
	userid, phone = string(userID), digits(string(from))
	if userid == "" && phone == "" {
		userid = string(from)
	}
	c := contactOf(userid, phone, contacts, alone)
	if c != nil {
		userid, phone = firstOf(userid, string(c.UserID)), firstOf(phone, digits(string(c.WaID)))
		if c.Profile.V != nil {
			name, username = string(c.Profile.V.Name), string(c.Profile.V.Username)
		}
	}
	return userid, phone, name, username
}

// contactOf finds the contact of a user id or phone. A single contact beside a single item may name only
// the id that the item lacks, but never another one.
func contactOf(userid, phone string, contacts []waContact, alone bool) *waContact {
	for i := range contacts {
		c := &contacts[i]
		if (userid != "" && string(c.UserID) == userid) || (phone != "" && digits(string(c.WaID)) == phone) {
			return c
		}
	}
	if !alone || len(contacts) != 1 {
		return nil
	}
	c := &contacts[0]
	if (userid == "" || c.UserID == "") && (phone == "" || c.WaID == "") {
		return c
	}
	return nil
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

type waStatus struct {
	ID          text    `json:"id"`
	Status      text    `json:"status"`
	Timestamp   instant `json:"timestamp"`
	Recipient   id      `json:"recipient_id"`
	UserID      id      `json:"recipient_user_id"`
	Kind        text    `json:"recipient_type"` // "group": recipient_id is the group's
	Participant id      `json:"recipient_participant_id"`
	Token       text    `json:"biz_opaque_callback_data"`
	Pricing     object[struct {
		Billable *flag `json:"billable"`
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

// statuses are the words of a receipt. Old payloads also hold "deleted" and "warning", which say
// nothing of a message we sent.
var statuses = map[text]bool{"sent": true, "delivered": true, "read": true, "failed": true, "played": true}

func (p *parser) status(v waValue, raw json.RawMessage) {
	var st waStatus
	if err := json.Unmarshal(raw, &st); err != nil || st.ID == "" || st.Status == "" {
		p.unsupported("statuses", raw, "a status has no message id or no status")
		return
	}
	if !statuses[st.Status] {
		p.unsupported("statuses", raw, fmt.Sprintf("status %q is not one that ponte uses", short(string(st.Status))))
		return
	}
	var user, phone, name, username string
	if st.Kind == "group" {
		user, phone, name, username = person(st.Participant, "", v.Contacts, false)
	} else {
		user, phone, name, username = person(st.Recipient, st.UserID, v.Contacts, len(v.Statuses) == 1)
	}
	r := st.receipt(firstOf(user, phone, string(st.Recipient)))
	key := "status:" + string(st.ID) + ":" + string(st.Status)
	if st.Participant != "" {
		key += ":" + string(st.Participant)
	}
	p.add(channels.Event{Kind: channels.StatusChanged, Channel: channels.WhatsApp, ID: string(st.ID), Time: st.Timestamp.Time, Status: string(st.Status),
		Person: firstOf(user, phone), Phone: phone, Name: name, User: username, Receipt: r, Key: key, Lane: "s:" + firstOf(user, phone, string(st.ID))})
}

func (st waStatus) receipt(recipient string) *channels.Receipt {
	r := &channels.Receipt{Recipient: recipient, Token: string(st.Token), Errors: networkErrors(st.Errors)}
	if pr := st.Pricing.V; pr != nil {
		r.Billable, r.Model, r.Pricing, r.Category = (*bool)(pr.Billable), string(pr.Model), string(pr.Type), string(pr.Category)
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
	return r
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
