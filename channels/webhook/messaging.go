package webhook

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"ponte/channels"
)

// messaging handles one item of the private side of a Page or an Instagram account.
func (p *parser) messaging(raw json.RawMessage, standby bool) {
	p.standby, p.on = standby, channels.Messenger
	if p.object == "instagram" {
		p.on = channels.Instagram
	}
	defer func() { p.standby, p.on = false, "" }()
	var it item
	if err := json.Unmarshal(raw, &it); err != nil {
		p.unsupported("messaging", raw, "a messaging item is not as Meta sends it")
		return
	}
	e := p.fromTo(it)
	switch {
	case it.saysNothing():
		p.unsupported("messaging", raw, "a messaging item says neither which message it is about nor anything else")
	case it.Message.V != nil:
		p.message(e, it)
	case it.Edit.V != nil:
		p.messageEdit(e, *it.Edit.V, it)
	case it.Postback.V != nil:
		p.postback(e, *it.Postback.V)
	case it.Reaction.V != nil:
		p.reaction(e, *it.Reaction.V)
	case it.Read.V != nil:
		p.seen(e, *it.Read.V, channels.MessageRead)
	case it.Delivery.V != nil:
		p.seen(e, *it.Delivery.V, channels.MessageDelivered)
	case it.Optin.V != nil:
		p.optin(e, *it.Optin.V, raw)
	case it.Referral.V != nil:
		e.Kind, e.Referral, e.ID = channels.ReferralReceived, it.Referral.V.neutral(), string(it.Referral.V.Ref)
		e.Key = fmt.Sprintf("referral:%s:%d:%s", e.Person, e.Time.UnixMilli(), hash(e.Referral.Ref+e.Referral.AdID))
		p.add(e)
	default:
		p.threadNews(e, it, raw)
	}
}

// fromTo says who wrote to whom. What the account itself did swaps sender and recipient: it belongs into
// the lane of the customer, who then is Message.Recipient.
func (p *parser) fromTo(it item) channels.Event {
	e := channels.Event{Channel: p.on, Time: it.Timestamp.Time}
	var to string
	if it.Sender.V != nil {
		e.Person = firstOf(it.Sender.V.ID, it.Sender.V.UserRef)
	}
	if it.Recipient.V != nil {
		to = string(it.Recipient.V.ID)
	}
	customer := e.Person
	m := it.Message.V
	if m != nil && bool(m.IsEcho) || e.Person != "" && e.Person == string(p.entry.ID) && to != e.Person {
		e.Own, customer = true, to
	}
	e.Lane = "p:" + string(e.Channel) + ":" + customer
	return e
}

// recipient is the customer's id of an item, where the account wrote it.
func recipient(own bool, it item) string {
	if own && it.Recipient.V != nil {
		return string(it.Recipient.V.ID)
	}
	return ""
}

func (p *parser) threadNews(e channels.Event, it item, raw json.RawMessage) {
	owners := []struct {
		name  string
		owner *dmThreadOwner
	}{{"pass_thread_control", it.Pass.V}, {"take_thread_control", it.Take.V}, {"request_thread_control", it.Request.V}}
	for _, o := range owners {
		if o.owner == nil {
			continue
		}
		e.Kind, e.Raw = channels.HandoverChanged, keep(raw)
		e.Change = &channels.Change{Field: o.name, Value: firstOf(o.owner.New, o.owner.Request), Previous: string(o.owner.Previous), Detail: string(o.owner.Metadata)}
		e.Key = fmt.Sprintf("handover:%s:%s:%d", o.name, e.Person, e.Time.UnixMilli())
		p.add(e)
		return
	}
	policy := it.Policy.V
	if policy == nil {
		policy = it.PolicyOld.V
	}
	switch {
	case len(it.AppRoles) > 0:
		e.Kind, e.Raw = channels.HandoverChanged, keep(raw)
		e.Change = &channels.Change{Field: "app_roles"}
		e.Key = "handover:app_roles:" + digest(raw)
		p.add(e)
	case policy != nil:
		e.Kind, e.Status, e.Raw = channels.AccountChanged, string(policy.Action), keep(raw)
		e.Change = &channels.Change{Field: "policy_enforcement", Value: string(policy.Action), Detail: string(policy.Reason)}
		e.Person, e.Lane = "", ""
		e.Key = "policy:" + digest(raw)
		p.add(e)
	default:
		p.unsupported("messaging", raw, "a messaging item says nothing that ponte knows")
	}
}

func (p *parser) message(e channels.Event, it item) {
	m := *it.Message.V
	e.ID, e.Text, e.Key = string(m.Mid), string(m.Text), "message:"+string(m.Mid)
	in := &channels.Message{Type: "text", Self: bool(m.IsSelf), Recipient: recipient(e.Own, it)}
	e.Message = in
	e.Kind = channels.MessageReceived
	for _, a := range m.Attachments {
		in.Attachments = append(in.Attachments, a.neutral())
		if a.Type == "template" && a.Payload.V != nil {
			e.Text = firstOf(e.Text, string(a.Payload.V.Text))
		}
	}
	if m.QuickReply.V != nil {
		in.Payload = string(m.QuickReply.V.Payload)
	}
	if r := m.ReplyTo.V; r != nil {
		in.ReplyTo = string(r.Mid)
		if r.Story.V != nil {
			in.StoryID, in.StoryURL = string(r.Story.V.ID), string(r.Story.V.URL)
		}
	}
	if m.Referral.V != nil && *m.Referral.V != (dmReferral{}) {
		e.Referral = m.Referral.V.neutral()
	}
	in.Type = messageType(m, in)
	switch {
	case bool(m.IsDeleted):
		e.Kind, e.Key, in.Target = channels.MessageDeleted, "message:"+e.ID+":deleted", e.ID
	case e.Own:
		e.Kind, in.AppID, in.Metadata = channels.MessageEcho, string(m.AppID), string(m.Metadata)
	}
	if e.ID == "" {
		// Nothing guards against a repeat but what was said, by whom and when.
		e.Key = fmt.Sprintf("message:%s:%d:%s", e.Person, e.Time.UnixMilli(), hash(e.Text))
	}
	p.add(e)
}

func messageType(m dm, in *channels.Message) string {
	switch {
	case bool(m.Unsupported):
		return "unsupported"
	case in.StoryID != "" || in.StoryURL != "":
		return "story_reply"
	case len(in.Attachments) > 0:
		switch t := in.Attachments[0].Type; t {
		case "story_mention":
			in.StoryURL = in.Attachments[0].URL
			return t
		case "unsupported_type":
			return "unsupported"
		case "ig_post", "ig_reel", "reel", "share", "story", "ig_story":
			if m.Text == "" {
				return "share"
			}
			return "text"
		case "fallback":
			if m.Text != "" {
				return "text" // a link that Meta could not preview stands beside the text
			}
			return "share"
		case "":
			return "unsupported"
		case "file":
			return "document"
		default:
			return t
		}
	}
	return "text"
}

func (a dmAttachment) neutral() channels.Attachment {
	out := channels.Attachment{Type: string(a.Type), URL: string(a.URL), Title: string(a.Title)}
	if pl := a.Payload.V; pl != nil {
		out.URL, out.Title, out.ID = firstOf(pl.URL, a.URL), firstOf(pl.Title, a.Title), firstOf(pl.StickerID, pl.PostID, pl.ReelID, pl.ID)
		if c := pl.Coordinates.V; c != nil {
			out.Lat, out.Long = float64(c.Lat), float64(c.Long)
		}
	}
	return out
}

func (r dmReferral) neutral() *channels.Referral {
	out := &channels.Referral{Source: string(r.Source), Type: string(r.Type), Ref: string(r.Ref), AdID: string(r.AdID)}
	if r.Product.V != nil {
		out.Product = string(r.Product.V.ID)
	}
	if c := r.Context.V; c != nil {
		out.Headline, out.SourceID, out.URL = string(c.Title), string(c.PostID), firstOf(c.PhotoURL, c.VideoURL)
	}
	return out
}

// messageEdit: Instagram tells an app in development mode of a new message as an edit number 0. Under
// the message's own key it is the message, and the same one where both are sent.
func (p *parser) messageEdit(e channels.Event, m dmEdit, it item) {
	e.Kind, e.ID, e.Text = channels.MessageEdited, string(m.Mid), string(m.Text)
	e.Message = &channels.Message{Type: "text", Target: e.ID, Recipient: recipient(e.Own, it)}
	e.Key = fmt.Sprintf("message:%s:edited:%s:%d", e.ID, hash(e.Text), it.Timestamp.Unix()) // an edit may bring back what stood there before
	if m.NumEdit != nil && *m.NumEdit == 0 && e.Text != "" && !e.Own {
		e.Kind, e.Key, e.Message.Target = channels.MessageReceived, "message:"+e.ID, ""
	}
	p.add(e)
}

func (p *parser) postback(e channels.Event, b dmPostback) {
	e.Kind, e.ID, e.Text = channels.PostbackReceived, string(b.Mid), string(b.Title)
	e.Message = &channels.Message{Type: "postback", Payload: string(b.Payload), Title: string(b.Title)}
	if b.Referral.V != nil && *b.Referral.V != (dmReferral{}) {
		e.Referral = b.Referral.V.neutral()
	}
	e.Key = "postback:" + e.ID
	if e.ID == "" {
		e.Key = fmt.Sprintf("postback:%s:%d:%s", e.Person, e.Time.UnixMilli(), hash(e.Message.Payload))
	}
	p.add(e)
}

func (p *parser) reaction(e channels.Event, r dmReaction) {
	e.Kind, e.ID, e.Text = channels.MessageReaction, string(r.Mid), ""
	e.Message = &channels.Message{Type: "reaction", Target: e.ID, Emoji: firstOf(r.Emoji, r.Reaction), Removed: r.Action == "unreact"}
	e.Key = fmt.Sprintf("reaction:%s:%s:%s:%d", e.ID, e.Person, r.Action, e.Time.UnixMilli())
	p.add(e)
}

func (p *parser) seen(e channels.Event, r dmSeen, kind channels.Kind) {
	e.Kind, e.ID = kind, string(r.Mid)
	in := &channels.Message{Type: strings.TrimPrefix(string(kind), "message."), Target: e.ID}
	for _, m := range r.Mids {
		in.Mids = append(in.Mids, string(m))
	}
	if e.ID == "" && len(in.Mids) > 0 {
		e.ID = in.Mids[len(in.Mids)-1]
	}
	var mark time.Time
	if !r.Watermark.IsZero() {
		mark = r.Watermark.Time
		in.Watermark = &mark
		if e.Time.IsZero() {
			e.Time = mark
		}
	}
	e.Message = in
	e.Key = fmt.Sprintf("%s:%s:%s", kind, e.Person, e.ID)
	if in.Watermark != nil {
		e.Key += fmt.Sprintf(":%d", mark.UnixMilli())
	}
	if len(in.Mids) > 1 {
		e.Key += ":" + hash(strings.Join(in.Mids, ","))
	}
	p.add(e)
}

func (p *parser) optin(e channels.Event, o dmOptin, raw json.RawMessage) {
	e.Kind, e.ID, e.Text, e.Raw = channels.OptinReceived, firstOf(o.Ref, o.Payload, text(o.UserRef)), string(o.Title), withoutTokens(raw)
	e.Change = &channels.Change{Field: "optin", Value: firstOf(o.Type, "checkbox"), Detail: firstOf(o.Payload, o.Ref)}
	e.Key = "optin:" + digest(raw)
	switch status := strings.ToUpper(string(o.Status)); {
	// The person stopped or resumed marketing messages in Messenger's own menu.
	case strings.HasPrefix(status, "STOP"):
		e.Kind, e.Status = channels.PreferenceChanged, "stop"
	case strings.HasPrefix(status, "RESUME"):
		e.Kind, e.Status = channels.PreferenceChanged, "resume"
	}
	if e.Kind == channels.PreferenceChanged {
		e.Change = &channels.Change{Field: "marketing_messages", Value: e.Status, Detail: string(o.Title)}
	}
	p.add(e)
}

// withoutTokens drops the sending tokens that an opt-in carries: a token is a secret and is not kept in
// clear text. The raw delivery has it, for whoever builds on marketing messages.
func withoutTokens(raw json.RawMessage) json.RawMessage {
	var m map[string]json.RawMessage
	if json.Unmarshal(raw, &m) != nil {
		return nil
	}
	var o map[string]json.RawMessage
	if json.Unmarshal(m["optin"], &o) == nil {
		delete(o, "notification_messages_token")
		delete(o, "one_time_notif_token")
		m["optin"], _ = json.Marshal(o)
	}
	out, _ := json.Marshal(m)
	return keep(out)
}
