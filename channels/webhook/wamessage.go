package webhook

import (
	"encoding/json"

	"ponte/channels"
	"ponte/channels/meta"
)

// waReferral is the advertisement or post whose button opened the chat.
type waReferral struct {
	URL      text `json:"source_url"`
	ID       id   `json:"source_id"`
	Type     text `json:"source_type"`
	Headline text `json:"headline"`
	Body     text `json:"body"`
	ClickID  text `json:"ctwa_clid"`
}

type waMedia struct {
	ID       id   `json:"id"`
	MIME     text `json:"mime_type"`
	SHA256   text `json:"sha256"`
	Caption  text `json:"caption"`
	Filename text `json:"filename"`
	Voice    flag `json:"voice"`
	URL      text `json:"url"`
}

type waMessage struct {
	From      id      `json:"from"`
	UserID    id      `json:"from_user_id"`
	To        id      `json:"to"`
	ToUserID  id      `json:"to_user_id"`
	ID        text    `json:"id"`
	Timestamp instant `json:"timestamp"`
	Type      text    `json:"type"`
	GroupID   id      `json:"group_id"`
	Context   object[struct {
		From       id   `json:"from"`
		ID         text `json:"id"`
		Forwarded  flag `json:"forwarded"`
		Frequently flag `json:"frequently_forwarded"`
	}] `json:"context"`
	Text object[struct {
		Body text `json:"body"`
	}] `json:"text"`
	Image    object[waMedia] `json:"image"`
	Video    object[waMedia] `json:"video"`
	Audio    object[waMedia] `json:"audio"`
	Voice    object[waMedia] `json:"voice"`
	Document object[waMedia] `json:"document"`
	Sticker  object[waMedia] `json:"sticker"`
	Location object[struct {
		Lat     decimal `json:"latitude"`
		Long    decimal `json:"longitude"`
		Name    text    `json:"name"`
		Address text    `json:"address"`
		URL     text    `json:"url"`
	}] `json:"location"`
	Contacts list[struct {
		Name waName `json:"name"`
	}] `json:"contacts"`
	Button object[struct {
		Payload text `json:"payload"`
		Text    text `json:"text"`
	}] `json:"button"`
	Interactive object[waInteractive] `json:"interactive"`
	Order       json.RawMessage       `json:"order"`
	Reaction    object[struct {
		MessageID text `json:"message_id"`
		Emoji     text `json:"emoji"`
	}] `json:"reaction"`
	System object[struct {
		Body   text `json:"body"`
		Type   text `json:"type"`
		WaID   id   `json:"wa_id"`
		NewID  id   `json:"new_wa_id"`
		UserID id   `json:"user_id"`
	}] `json:"system"`
	Referral object[waReferral] `json:"referral"`
	Edit     object[struct {
		OriginalID text             `json:"original_message_id"`
		MessageID  text             `json:"message_id"`
		Message    object[waEdited] `json:"message"`
	}] `json:"edit"`
	Revoke object[struct {
		OriginalID text `json:"original_message_id"`
		MessageID  text `json:"message_id"`
	}] `json:"revoke"`
	Errors list[waError] `json:"errors"`
}

type waEdited struct {
	Text object[struct {
		Body text `json:"body"`
	}] `json:"text"`
	Image    object[waMedia] `json:"image"`
	Video    object[waMedia] `json:"video"`
	Document object[waMedia] `json:"document"`
}

// words is what an edited message is, and says now: its text or its caption.
func (w waEdited) words() (kind, text string) {
	if w.Text.V != nil {
		return "text", string(w.Text.V.Body)
	}
	for _, media := range []struct {
		kind string
		m    *waMedia
	}{{"image", w.Image.V}, {"video", w.Video.V}, {"document", w.Document.V}} {
		if media.m != nil {
			return media.kind, string(media.m.Caption)
		}
	}
	return "text", ""
}

// waName is the name on a contact card.
type waName struct {
	object[struct {
		Formatted text `json:"formatted_name"`
	}]
}

func (n waName) formatted() string {
	if n.V == nil {
		return ""
	}
	return string(n.V.Formatted)
}

type waInteractive struct {
	Type   text `json:"type"`
	Button object[struct {
		ID    text `json:"id"`
		Title text `json:"title"`
	}] `json:"button_reply"`
	List object[struct {
		ID          text `json:"id"`
		Title       text `json:"title"`
		Description text `json:"description"`
	}] `json:"list_reply"`
	Form object[struct {
		Name     text            `json:"name"`
		Body     text            `json:"body"`
		Response json.RawMessage `json:"response_json"`
	}] `json:"nfm_reply"`
}

func (p *parser) whatsAppMessage(v waValue, raw json.RawMessage) {
	var m waMessage
	if err := json.Unmarshal(raw, &m); err != nil || m.ID == "" {
		p.unsupported("messages", raw, "a WhatsApp message has no id")
		return
	}
	if m.GroupID != "" {
		p.unsupported("messages", raw, "messages in groups are not used")
		return
	}
	user, phone, name, username := person(m.From, m.UserID, v.Contacts, len(v.Messages) == 1)
	who := firstOf(user, phone)
	e := channels.Event{Kind: channels.MessageReceived, Channel: channels.WhatsApp, ID: string(m.ID), Time: m.Timestamp.Time,
		Person: who, Phone: phone, Name: name, User: username, Key: "message:" + string(m.ID), Lane: "p:whatsapp:" + who, Message: &channels.Message{}}
	fill(&e, m, raw)
	if m.Type == "system" && m.System.V != nil {
		identity(&e, m)
	} else {
		about(&e, m)
	}
	p.add(e)
}

// about changes the kind of an event that says something of an earlier message.
func about(e *channels.Event, m waMessage) {
	in := e.Message
	switch {
	case m.Reaction.V != nil && (m.Type == "reaction" || m.Type == ""):
		e.Kind, e.Text, in.Type = channels.MessageReaction, "", "reaction"
		in.Target, in.Emoji, in.Removed = string(m.Reaction.V.MessageID), string(m.Reaction.V.Emoji), m.Reaction.V.Emoji == ""
	case m.Type == "edit" && m.Edit.V != nil:
		e.Kind, in.Target, in.Type = channels.MessageEdited, firstOf(m.Edit.V.OriginalID, m.Edit.V.MessageID), "text"
		if m.Edit.V.Message.V != nil {
			in.Type, e.Text = m.Edit.V.Message.V.words()
		}
	case m.Type == "revoke" && m.Revoke.V != nil:
		e.Kind, in.Target = channels.MessageDeleted, firstOf(m.Revoke.V.OriginalID, m.Revoke.V.MessageID)
		if in.Target != "" { // known by what it takes back, which may come later
			e.Key = "message:" + in.Target + ":deleted"
		}
	}
}

// fill takes over what a message says, whatever its type.
func fill(e *channels.Event, m waMessage, raw json.RawMessage) {
	in := e.Message
	in.Type = firstOf(string(m.Type), "unknown")
	if m.Type == "" && m.Text.V != nil {
		in.Type = "text"
	}
	if c := m.Context.V; c != nil {
		in.ReplyTo, in.Forwarded = string(c.ID), bool(c.Forwarded) || bool(c.Frequently)
	}
	if r := m.Referral.V; r != nil && *r != (waReferral{}) {
		e.Referral = &channels.Referral{Source: string(r.Type), URL: string(r.URL), SourceID: string(r.ID), Headline: string(r.Headline), Body: string(r.Body), ClickID: string(r.ClickID)}
		if r.Type == "ad" {
			e.Referral.AdID = string(r.ID)
		}
	}
	in.Errors = networkErrors(m.Errors)
	if m.Text.V != nil {
		e.Text = string(m.Text.V.Body)
	}
	for _, media := range []struct {
		kind string
		m    *waMedia
	}{{"image", m.Image.V}, {"video", m.Video.V}, {"audio", m.Audio.V}, {"audio", m.Voice.V}, {"document", m.Document.V}, {"sticker", m.Sticker.V}} {
		if media.m == nil {
			continue
		}
		in.Attachments = append(in.Attachments, channels.Attachment{Type: media.kind, ID: string(media.m.ID), URL: string(media.m.URL), MIME: string(media.m.MIME), SHA256: string(media.m.SHA256),
			Filename: string(media.m.Filename), Voice: bool(media.m.Voice)})
		e.Text = firstOf(e.Text, string(media.m.Caption))
	}
	if l := m.Location.V; l != nil {
		in.Attachments = append(in.Attachments, channels.Attachment{Type: "location", Title: firstOf(l.Name, l.Address), URL: string(l.URL), Lat: float64(l.Lat), Long: float64(l.Long)})
	}
	if b := m.Button.V; b != nil {
		in.Payload, in.Title, e.Text = string(b.Payload), string(b.Text), string(b.Text)
	}
	if i := m.Interactive.V; i != nil {
		fillInteractive(e, i)
	}
	for _, c := range m.Contacts {
		in.Attachments = append(in.Attachments, channels.Attachment{Type: "contact", Title: c.Name.formatted()})
	}
	if len(m.Contacts) > 0 || len(m.Order) > 0 {
		e.Raw = keep(raw)
	}
	if m.Order != nil {
		var o struct {
			Text text `json:"text"`
		}
		_ = json.Unmarshal(m.Order, &o)
		e.Text = firstOf(e.Text, string(o.Text))
	}
}

func fillInteractive(e *channels.Event, i *waInteractive) {
	in := e.Message
	switch {
	case i.Button.V != nil:
		in.Payload, in.Title, e.Text = string(i.Button.V.ID), string(i.Button.V.Title), string(i.Button.V.Title)
	case i.List.V != nil:
		in.Payload, in.Title, e.Text = string(i.List.V.ID), string(i.List.V.Title), string(i.List.V.Title)
	case i.Form.V != nil:
		in.Type, in.FlowName, in.Title = "flow", string(i.Form.V.Name), string(i.Form.V.Body)
		in.FlowData = formAnswer(i.Form.V.Response)
	default:
		in.Type = firstOf(string(i.Type), "interactive")
	}
}

// formAnswer is the answer of a form: a JSON object inside a string, which may fail to parse or hold
// something else; then the text itself is kept, as a JSON string.
func formAnswer(raw json.RawMessage) json.RawMessage {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return keep(raw)
	}
	if inner := keep([]byte(s)); len(inner) > 0 && inner[0] == '{' {
		return inner
	}
	b, _ := json.Marshal(meta.Clean(s))
	return b
}

// identity: the person changed number or user id, or their security code changed.
func identity(e *channels.Event, m waMessage) {
	s := m.System.V
	e.Kind, e.Text = channels.IdentityChanged, string(s.Body)
	e.Change = &channels.Change{Field: firstOf(string(s.Type), "system"), Detail: string(s.Body)}
	switch s.Type {
	case "user_changed_user_id":
		e.Change.Previous, e.Change.Value = e.Person, string(s.UserID)
		e.Lane = "p:whatsapp:" + e.Change.Value // before what the new id writes
	case "user_changed_number", "customer_changed_number", "":
		e.Change.Previous, e.Change.Value = firstOf(e.Phone, e.Person), firstOf(digits(string(s.NewID)), digits(string(s.WaID)))
	}
}

// whatsAppEcho is a message that somebody sent from the WhatsApp Business app on the same number; it may
// also edit or take back an earlier one.
func (p *parser) whatsAppEcho(raw json.RawMessage) {
	var m waMessage
	if err := json.Unmarshal(raw, &m); err != nil || m.ID == "" {
		p.unsupported("message_echoes", raw, "an echo has no id")
		return
	}
	to := firstOf(string(m.ToUserID), digits(string(m.To)), string(m.To))
	e := channels.Event{Kind: channels.MessageEcho, Channel: channels.WhatsApp, ID: string(m.ID), Time: m.Timestamp.Time, Own: true,
		Key: "message:" + string(m.ID), Lane: "p:whatsapp:" + to, Message: &channels.Message{Recipient: to}}
	fill(&e, m, raw)
	about(&e, m)
	p.add(e)
}
