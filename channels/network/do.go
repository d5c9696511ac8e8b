// Package network carries out neutral calls on Facebook, Instagram, Messenger and WhatsApp, looks
// whether an unclear call took place, and reads posts, comments and conversations back. Every error
// it returns is a *channels.Failure.
package network

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"ponte/channels"
	"ponte/channels/meta"
)

// Network is the one door to Meta's networks.
type Network struct{ Client *meta.Client }

// New returns a network whose calls end after timeout.
func New(timeout time.Duration) *Network { return &Network{Client: meta.NewClient(timeout)} }

// Limits of texts, as Meta states them.
const (
	maxInstagramBytes  = 1000 // Instagram messaging: "1000 bytes"
	maxMessengerChars  = 2000
	maxWhatsAppChars   = 4096
	maxInteractiveBody = 1024 // a WhatsApp message with buttons
	maxCommentChars    = 8000 // Facebook; Instagram takes 2200 in captions and comments
	maxInstagramReply  = 2200
)

// Do carries out a call.
func (n *Network) Do(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	if f := check(a, c); f != nil {
		return channels.Result{}, f
	}
	switch c.Kind {
	case channels.ReplyToComment:
		return n.replyToComment(ctx, a, c)
	case channels.HideComment, channels.UnhideComment:
		return n.setHidden(ctx, a, c)
	case channels.DeleteComment:
		return channels.Result{}, n.deleteComment(ctx, a, c)
	case channels.PrivateReply:
		return n.sendDM(ctx, a, c, map[string]any{"comment_id": c.CommentID})
	case channels.SendMessage:
		if a.Channel == channels.WhatsApp {
			return n.sendWhatsApp(ctx, a, c)
		}
		return n.sendDM(ctx, a, c, map[string]any{"id": c.To})
	case channels.SendTemplate:
		return n.sendWhatsApp(ctx, a, c)
	case channels.MarkRead, channels.Typing:
		return channels.Result{}, n.markRead(ctx, a, c)
	case channels.BlockUser, channels.UnblockUser:
		return channels.Result{}, n.block(ctx, a, c)
	case channels.SubmitTemplate:
		return n.submitTemplate(ctx, a, c)
	}
	return channels.Result{}, refuse("unknown_call", fmt.Sprintf("%q is not something that can be done on a network.", c.Kind))
}

func refuse(reason, meaning string) *channels.Failure {
	return &channels.Failure{Class: channels.AskPerson, Scope: channels.ScopeCall, Reason: reason, Meaning: meaning}
}

// check refuses what the network would refuse, with a clearer sentence, before anything leaves.
func check(a channels.Account, c channels.Call) *channels.Failure {
	n := utf8.RuneCountInString(c.Text)
	private := c.Kind == channels.SendMessage || c.Kind == channels.PrivateReply
	switch {
	case private && a.Channel == channels.Instagram && len(c.Text) > maxInstagramBytes:
		return refuse("too_long", fmt.Sprintf("The text has %d bytes; Instagram takes at most %d: shorten it.", len(c.Text), maxInstagramBytes))
	case private && a.Channel == channels.Facebook && n > maxMessengerChars:
		return refuse("too_long", fmt.Sprintf("The text has %d characters; Messenger takes at most %d: shorten it.", n, maxMessengerChars))
	case private && a.Channel == channels.WhatsApp && n > maxWhatsAppChars:
		return refuse("too_long", fmt.Sprintf("The text has %d characters; WhatsApp takes at most %d: shorten it.", n, maxWhatsAppChars))
	case a.Channel == channels.WhatsApp && (len(c.Buttons) > 0 || c.Link != nil) && n > maxInteractiveBody:
		return refuse("too_long", fmt.Sprintf("The text has %d characters; WhatsApp takes at most %d beside buttons: shorten it.", n, maxInteractiveBody))
	case a.Channel == channels.WhatsApp && len(c.Buttons) > 3:
		return refuse("too_many_buttons", "WhatsApp takes at most three buttons: use a list.")
	case a.Channel != channels.WhatsApp && len(c.Buttons) > 13:
		return refuse("too_many_buttons", "At most thirteen quick replies can stand under a message.")
	case c.List != nil && (len(c.List.Rows) == 0 || len(c.List.Rows) > 10):
		return refuse("bad_list", "A WhatsApp list has one to ten rows.")
	case c.Kind == channels.ReplyToComment && a.Channel == channels.Instagram && n > maxInstagramReply:
		return refuse("too_long", fmt.Sprintf("The reply has %d characters; Instagram takes at most %d: shorten it.", n, maxInstagramReply))
	case c.Kind == channels.ReplyToComment && n > maxCommentChars:
		return refuse("too_long", fmt.Sprintf("The reply has %d characters; Facebook takes at most %d: shorten it.", n, maxCommentChars))
	case (c.Kind == channels.ReplyToComment || private) && c.Text == "" && c.Media == nil:
		return refuse("empty", "There is nothing to say: the text is empty.")
	case strings.HasPrefix(string(c.Kind), "comment.") && c.CommentID == "":
		return refuse("bad_request", "The call names no comment.")
	}
	return nil
}

type idAnswer struct {
	ID string `json:"id"`
}

// replyToComment: Facebook POST /{comment}/comments, Instagram POST /{comment}/replies.
func (n *Network) replyToComment(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	edge := "comments"
	if a.Channel == channels.Instagram {
		edge = "replies"
	}
	var out idAnswer
	if err := n.Client.Post(ctx, a, c.CommentID+"/"+edge, nil, map[string]string{"message": c.Text}, &out); err != nil {
		return channels.Result{}, err
	}
	return channels.Result{ID: out.ID}, nil
}

// setHidden: Facebook POST /{comment} is_hidden=…, Instagram POST /{comment}?hide=… (query string).
func (n *Network) setHidden(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	hide := c.Kind == channels.HideComment
	if a.Channel == channels.Instagram {
		return channels.Result{}, n.Client.Post(ctx, a, c.CommentID, url.Values{"hide": {fmt.Sprint(hide)}}, nil, nil)
	}
	return channels.Result{}, n.Client.Post(ctx, a, c.CommentID, nil, map[string]bool{"is_hidden": hide}, nil)
}

// deleteComment counts a comment that is gone already as deleted.
func (n *Network) deleteComment(ctx context.Context, a channels.Account, c channels.Call) error {
	err := n.Client.Delete(ctx, a, c.CommentID, nil, nil)
	if f, ok := err.(*channels.Failure); ok && f.Reason == "gone" {
		f.Done = true
	}
	return err
}

// sendDM: POST /{page or Instagram account}/messages. A message has text or an attachment, not both.
func (n *Network) sendDM(ctx context.Context, a channels.Account, c channels.Call, recipient map[string]any) (channels.Result, error) {
	message := map[string]any{}
	switch {
	case c.Media != nil:
		message["attachment"] = map[string]any{"type": mediaType(c.Media.Type), "payload": map[string]any{"url": c.Media.URL, "is_reusable": false}}
	case c.Link != nil:
		message["attachment"] = map[string]any{"type": "template", "payload": map[string]any{"template_type": "button", "text": c.Text,
			"buttons": []any{map[string]any{"type": "web_url", "title": cut(c.Link.Title, 20), "url": c.Link.URL}}}}
	default:
		message["text"] = c.Text
	}
	if len(c.Buttons) > 0 {
		var quick []any
		for _, b := range c.Buttons {
			quick = append(quick, map[string]any{"content_type": "text", "title": cut(b.Title, 20), "payload": b.ID})
		}
		message["quick_replies"] = quick
	}
	if c.Token != "" {
		message["metadata"] = c.Token
	}
	body := map[string]any{"recipient": recipient, "message": message}
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
	if err := n.Client.Post(ctx, a, a.ID+"/messages", nil, body, &out); err != nil {
		return channels.Result{}, err
	}
	return channels.Result{ID: out.Message, Recipient: out.Recipient}, nil
}

func mediaType(t string) string {
	if t == "document" {
		return "file"
	}
	return t
}

// sendWhatsApp: POST /{phone number id}/messages. The phone wins over the user id when both are known.
func (n *Network) sendWhatsApp(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	body := map[string]any{"messaging_product": "whatsapp", "recipient_type": "individual"}
	switch {
	case c.Phone != "":
		body["to"] = "+" + strings.TrimPrefix(c.Phone, "+")
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
	var r channels.Result
	if len(out.Messages) > 0 {
		r.ID, r.Status = out.Messages[0].ID, out.Messages[0].Status
	}
	if len(out.Contacts) > 0 {
		r.Recipient = out.Contacts[0].WaID
		if r.Recipient == "" {
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
	case c.Media != nil:
		m := map[string]any{}
		if c.Media.ID != "" {
			m["id"] = c.Media.ID
		} else {
			m["link"] = c.Media.URL
		}
		if c.Text != "" && c.Media.Type != "audio" {
			m["caption"] = c.Text
		}
		if c.Media.Filename != "" && c.Media.Type == "document" {
			m["filename"] = c.Media.Filename
		}
		return c.Media.Type, m
	case len(c.Buttons) > 0:
		var buttons []any
		for _, b := range c.Buttons {
			buttons = append(buttons, map[string]any{"type": "reply", "reply": map[string]string{"id": cutBytes(b.ID, 256), "title": cut(b.Title, 20)}})
		}
		return "interactive", map[string]any{"type": "button", "body": map[string]string{"text": c.Text}, "action": map[string]any{"buttons": buttons}}
	case c.List != nil:
		var rows []any
		for _, r := range c.List.Rows {
			row := map[string]string{"id": cutBytes(r.ID, 200), "title": cut(r.Title, 24)}
			if r.Description != "" {
				row["description"] = cut(r.Description, 72)
			}
			rows = append(rows, row)
		}
		return "interactive", map[string]any{"type": "list", "body": map[string]string{"text": c.Text},
			"action": map[string]any{"button": cut(c.List.Button, 20), "sections": []any{map[string]any{"title": cut(c.List.Button, 24), "rows": rows}}}}
	case c.Link != nil:
		return "interactive", map[string]any{"type": "cta_url", "body": map[string]string{"text": c.Text},
			"action": map[string]any{"name": "cta_url", "parameters": map[string]string{"display_text": cut(c.Link.Title, 20), "url": c.Link.URL}}}
	}
	return "text", map[string]any{"body": c.Text, "preview_url": false}
}

// markRead: WhatsApp marks the message (and those before it) read, with a typing sign where asked;
// Messenger knows sender actions.
func (n *Network) markRead(ctx context.Context, a channels.Account, c channels.Call) error {
	if a.Channel == channels.WhatsApp {
		body := map[string]any{"messaging_product": "whatsapp", "status": "read", "message_id": c.MessageID}
		if c.Kind == channels.Typing {
			body["typing_indicator"] = map[string]string{"type": "text"}
		}
		return n.Client.Post(ctx, a, a.ID+"/messages", nil, body, nil)
	}
	act := "mark_seen"
	if c.Kind == channels.Typing {
		act = "typing_on"
	}
	return n.Client.Post(ctx, a, a.ID+"/messages", nil, map[string]any{"recipient": map[string]string{"id": c.To}, "sender_action": act}, nil)
}

func (n *Network) block(ctx context.Context, a channels.Account, c channels.Call) error {
	if a.Channel != channels.WhatsApp {
		return refuse("not_possible", "Instagram and Messenger offer no way to block a person here: block them in the app.")
	}
	user := c.To
	if c.Phone != "" {
		user = "+" + c.Phone
	}
	body := map[string]any{"messaging_product": "whatsapp", "block_users": []any{map[string]string{"user": user}}}
	if c.Kind == channels.UnblockUser {
		return refuse("not_possible", "Unblock the person in WhatsApp Manager.")
	}
	return n.Client.Post(ctx, a, a.ID+"/block_users", nil, body, nil)
}

func (n *Network) submitTemplate(ctx context.Context, a channels.Account, c channels.Call) (channels.Result, error) {
	var out struct {
		ID     string `json:"id"`
		Status string `json:"status"`
	}
	if err := n.Client.Post(ctx, a, a.WABA+"/message_templates", nil, json.RawMessage(c.Definition), &out); err != nil {
		return channels.Result{}, err
	}
	return channels.Result{ID: out.ID, Status: out.Status}, nil
}

// cut shortens a title to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}

// cutBytes shortens an id, which must stay what we sent: ours are ASCII and shorter.
func cutBytes(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n]
}
