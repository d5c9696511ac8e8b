package network

import (
	"context"
	"strings"

	"ponte/channels"
)

// international is a phone number as WhatsApp wants it: without a plus it may read it as a local one.
func international(phone string) string { return "+" + strings.TrimPrefix(phone, "+") }

// sendWhatsApp: POST /{phone number id}/messages. The phone wins over the user id when both are known.
func (n *Network) sendWhatsApp(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	body := map[string]any{"messaging_product": "whatsapp", "recipient_type": "individual"}
	switch {
	case c.Phone != "":
		body["to"] = international(c.Phone)
	case c.To != "":
		body["recipient"] = c.To
	default:
		return channels.Result{}, refuse("no_recipient", "Neither a phone number nor a user id is known of this person.")
	}
	if c.Token != "" {
		body["biz_opaque_callback_data"] = c.Token
	}
	if c.ReplyTo != "" {
		body["context"] = map[string]any{"message_id": c.ReplyTo}
	}
	kind, object := whatsAppContent(c)
	body["type"], body[kind] = kind, object
	var out struct {
		Contacts []struct {
			WaID   string `json:"wa_id"`
			UserID string `json:"user_id"`
		} `json:"contacts"`
		Messages []struct {
			ID     string `json:"id"`
			Status string `json:"message_status"`
		} `json:"messages"`
	}
	if err := n.Client.Post(ctx, a, a.ID+"/messages", nil, body, &out); err != nil {
		return channels.Result{}, err
	}
	if len(out.Messages) == 0 || out.Messages[0].ID == "" {
		return channels.Result{}, noID()
	}
	r := channels.Result{ID: out.Messages[0].ID, Status: out.Messages[0].Status}
	if len(out.Contacts) > 0 {
		if r.Recipient = out.Contacts[0].WaID; r.Recipient == "" {
			r.Recipient = out.Contacts[0].UserID
		}
	}
	return r, nil
}

func whatsAppContent(c channels.Call) (kind string, object map[string]any) {
	switch {
	case c.Kind == channels.SendTemplate:
		t := map[string]any{"name": c.Template.Name, "language": map[string]string{"code": c.Template.Language}}
		if len(c.Template.Components) > 0 {
			t["components"] = c.Template.Components
		}
		return "template", t
	case len(c.Buttons) > 0:
		return "interactive", whatsAppButtons(c)
	case c.List != nil:
		return "interactive", whatsAppList(c)
	case c.Link != nil:
		return "interactive", map[string]any{"type": "cta_url", "body": map[string]string{"text": c.Text},
			"action": map[string]any{"name": "cta_url", "parameters": map[string]string{"display_text": cut(c.Link.Title, buttonTitle), "url": c.Link.URL}}}
	case c.Media != nil:
		m := whatsAppMedia(c.Media)
		if c.Text != "" {
			m["caption"] = c.Text
		}
		return c.Media.Type, m
	}
	return "text", map[string]any{"body": c.Text, "preview_url": false}
}

func whatsAppMedia(f *channels.Media) map[string]any {
	m := map[string]any{}
	if f.ID != "" {
		m["id"] = f.ID
	} else {
		m["link"] = f.URL
	}
	if f.Filename != "" && f.Type == "document" {
		m["filename"] = f.Filename
	}
	return m
}

func whatsAppButtons(c channels.Call) map[string]any {
	buttons := make([]any, 0, len(c.Buttons))
	for _, b := range c.Buttons {
		buttons = append(buttons, map[string]any{"type": "reply", "reply": map[string]string{"id": b.ID, "title": cut(b.Title, buttonTitle)}})
	}
	out := map[string]any{"type": "button", "body": map[string]string{"text": c.Text}, "action": map[string]any{"buttons": buttons}}
	if c.Media != nil {
		out["header"] = map[string]any{"type": c.Media.Type, c.Media.Type: whatsAppMedia(c.Media)}
	}
	return out
}

func whatsAppList(c channels.Call) map[string]any {
	rows := make([]any, 0, len(c.List.Rows))
	for _, r := range c.List.Rows {
		row := map[string]string{"id": r.ID, "title": cut(r.Title, rowTitle)}
		if r.Description != "" {
			row["description"] = cut(r.Description, rowDescription)
		}
		rows = append(rows, row)
	}
	return map[string]any{"type": "list", "body": map[string]string{"text": c.Text},
		"action": map[string]any{"button": cut(c.List.Button, buttonTitle), "sections": []any{map[string]any{"rows": rows}}}}
}
