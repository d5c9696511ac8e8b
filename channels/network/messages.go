package network

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"ponte/channels"
	"ponte/channels/meta"
)

// desk is the node through which an account's private messages go: the account itself, or the Page that
// an Instagram account was connected through.
func desk(a channels.Account) string {
	if a.Channel == channels.Instagram && a.Page != "" {
		return a.Page
	}
	return a.ID
}

// sendDM: POST /{Page or Instagram account}/messages. A message has text or an attachment, not both.
func (n *Network) sendDM(ctx context.Context, a channels.Account, c channels.Call, recipient map[string]any) (channels.Result, error) {
	body := map[string]any{"recipient": recipient, "message": dmContent(c)}
	if c.Kind == channels.SendMessage {
		body["messaging_type"] = "RESPONSE"
		if c.HumanAgent {
			body["messaging_type"], body["tag"] = "MESSAGE_TAG", "HUMAN_AGENT"
		}
		if c.ReplyTo != "" {
			body["reply_to"] = map[string]any{"mid": c.ReplyTo}
		}
	}
	var out struct {
		Recipient string `json:"recipient_id"`
		Message   string `json:"message_id"`
	}
	if err := n.Client.Post(ctx, a, desk(a)+"/messages", nil, body, &out); err != nil {
		return channels.Result{}, err
	}
	if out.Message == "" {
		return channels.Result{}, noID()
	}
	return channels.Result{ID: out.Message, Recipient: out.Recipient}, nil
}

func dmContent(c channels.Call) map[string]any {
	message := map[string]any{}
	switch {
	case c.Media != nil:
		payload := map[string]any{"url": c.Media.URL, "is_reusable": false}
		if c.Media.ID != "" {
			payload = map[string]any{"attachment_id": c.Media.ID}
		}
		message["attachment"] = map[string]any{"type": dmMediaType(c.Media.Type), "payload": payload}
	case c.Link != nil:
		message["attachment"] = map[string]any{"type": "template", "payload": map[string]any{"template_type": "button", "text": c.Text,
			"buttons": []any{map[string]any{"type": "web_url", "title": cut(c.Link.Title, buttonTitle), "url": c.Link.URL}}}}
	default:
		message["text"] = c.Text
	}
	if len(c.Buttons) > 0 {
		quick := make([]any, 0, len(c.Buttons))
		for _, b := range c.Buttons {
			quick = append(quick, map[string]any{"content_type": "text", "title": cut(b.Title, buttonTitle), "payload": b.ID})
		}
		message["quick_replies"] = quick
	}
	if c.Token != "" {
		message["metadata"] = c.Token
	}
	return message
}

func dmMediaType(t string) string {
	if t == "document" {
		return "file"
	}
	return t
}

// markRead: WhatsApp marks the message (and those before it) read, with a typing sign where asked;
// Messenger knows sender actions.
func (n *Network) markRead(ctx context.Context, a channels.Account, c channels.Call) error {
	if a.Channel == channels.WhatsApp {
		body := map[string]any{"messaging_product": "whatsapp", "status": "read", "message_id": c.MessageID}
		if c.Kind == channels.Typing {
			body["typing_indicator"] = map[string]string{"type": "text"}
		}
		return n.Client.Post(ctx, a, a.ID+"/messages", nil, body, &meta.Success{})
	}
	act := "mark_seen"
	if c.Kind == channels.Typing {
		act = "typing_on"
	}
	var out json.RawMessage // {"recipient_id":…}: that it is JSON is all that counts
	return n.Client.Post(ctx, a, desk(a)+"/messages", nil, map[string]any{"recipient": map[string]string{"id": c.To}, "sender_action": act}, &out)
}

// block: WhatsApp blocks people who wrote within 24 hours, a Page anybody who wrote to it; Instagram
// offers no call for it.
func (n *Network) block(ctx context.Context, a channels.Account, c channels.Call) error {
	r := meta.Request{Method: http.MethodPost}
	if c.Kind == channels.UnblockUser {
		r.Method = http.MethodDelete
	}
	switch a.Channel {
	case channels.WhatsApp:
		user := c.To
		if c.Phone != "" {
			user = international(c.Phone)
		}
		r.Path, r.Body = a.ID+"/block_users", map[string]any{"messaging_product": "whatsapp", "block_users": []any{map[string]string{"user": user}}}
	case channels.Facebook:
		r.Path = a.ID + "/blocked"
		if r.Method == http.MethodDelete {
			r.Query = url.Values{"psid": {c.To}}
		} else {
			r.Body = map[string]string{"psid": c.To}
		}
	default:
		return refuse("not_possible", "Instagram offers apps no way to block a person: block them in Instagram itself.")
	}
	var out json.RawMessage
	return n.Client.Do(ctx, a, r, &out)
}
