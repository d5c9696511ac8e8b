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
