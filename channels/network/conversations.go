package network

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"ponte/channels"
)

const conversationFields = "id,updated_time,participants,messages.limit(50){id,message,from,to,created_time,attachments}"

func platform(a channels.Account) string {
	if a.Channel == channels.Instagram {
		return "instagram"
	}
	return "messenger"
}

type conversationNode struct {
	ID           string `json:"id"`
	Updated      stamp  `json:"updated_time"`
	Participants struct {
		Data []partyNode `json:"data"`
	} `json:"participants"`
	Messages struct {
		Data []messageNode `json:"data"`
	} `json:"messages"`
}

type partyNode struct {
	ID string `json:"id"`
}

type messageNode struct {
	ID      string    `json:"id"`
	Message string    `json:"message"`
	Created stamp     `json:"created_time"`
	From    partyNode `json:"from"`
	To      struct {
		Data []partyNode `json:"data"`
	} `json:"to"`
	Attachments struct {
		Data []fileNode `json:"data"`
	} `json:"attachments"`
}

type fileNode struct {
	MIME  string `json:"mime_type"`
	Name  string `json:"name"`
	File  string `json:"file_url"`
	Image *struct {
		URL string `json:"url"`
	} `json:"image_data"`
	Video *struct {
		URL string `json:"url"`
	} `json:"video_data"`
}

func isAccount(a channels.Account, id string) bool {
	return id == a.ID || a.Page != "" && id == a.Page
}

func (m messageNode) own(a channels.Account) bool { return isAccount(a, m.From.ID) }

// customer is the other side of a conversation.
func (v conversationNode) customer(a channels.Account) string {
	for _, p := range v.Participants.Data {
		if !isAccount(a, p.ID) {
			return p.ID
		}
	}
	for _, m := range v.Messages.Data {
		for _, p := range append(m.To.Data, m.From) {
			if p.ID != "" && !isAccount(a, p.ID) {
				return p.ID
			}
		}
	}
	return ""
}

// ListMessages reads an account's conversations that changed after since, with their newest messages, as
// a webhook body of the same account: sweep and backfill go through the same door as Meta's webhooks, and
// what came before has the same keys. WhatsApp cannot be read back.
func (n *Network) ListMessages(ctx context.Context, a channels.Account, since time.Time, cursor string) (body []byte, count int, next string, err error) {
	if a.Channel == channels.WhatsApp {
		return nil, 0, "", refuse("not_possible", "WhatsApp offers no way to read messages back.")
	}
	q := url.Values{"fields": {conversationFields}, "limit": {"25"}, "platform": {platform(a)}}
	if cursor != "" {
		q.Set("after", cursor)
	}
	var out struct {
		Data   []conversationNode `json:"data"`
		Paging paging             `json:"paging"`
	}
	if err := n.Client.Get(ctx, a, desk(a)+"/conversations", q, &out); err != nil {
		return nil, 0, "", err
	}
	next = out.Paging.after()
	var items []any
	for _, v := range out.Data {
		if !v.Updated.IsZero() && v.Updated.Before(since) {
			next = "" // the newest come first
			break
		}
		customer := v.customer(a)
		for i := len(v.Messages.Data) - 1; i >= 0 && customer != ""; i-- { // oldest first
			if m := v.Messages.Data[i]; !m.Created.Before(since) {
				items = append(items, m.asWebhook(a, customer))
			}
		}
	}
	if len(items) == 0 {
		return nil, 0, next, nil
	}
	body, err = json.Marshal(map[string]any{"object": object(a), "entry": []any{map[string]any{"id": a.ID, "messaging": items}}})
	return body, len(items), next, err
}

func object(a channels.Account) string {
	if a.Channel == channels.Instagram {
		return "instagram"
	}
	return "page"
}

// asWebhook is a message that was read, in the shape in which Meta would have announced it.
func (m messageNode) asWebhook(a channels.Account, customer string) map[string]any {
	message := map[string]any{"mid": m.ID}
	if m.Message != "" {
		message["text"] = m.Message
	}
	var files []any
	for _, f := range m.Attachments.Data {
		kind, address := f.kind()
		files = append(files, map[string]any{"type": kind, "payload": map[string]any{"url": address, "title": f.Name}})
	}
	if files != nil {
		message["attachments"] = files
	}
	from, to := customer, a.ID
	if m.own(a) {
		from, to = a.ID, customer
		message["is_echo"] = true
	}
	return map[string]any{"sender": partyNode{from}, "recipient": partyNode{to}, "timestamp": m.Created.UnixMilli(), "message": message}
}

func (f fileNode) kind() (kind, address string) {
	switch {
	case f.Image != nil:
		return "image", f.Image.URL
	case f.Video != nil:
		return "video", f.Video.URL
	case strings.HasPrefix(f.MIME, "audio/"):
		return "audio", f.File
	}
	return "file", f.File
}
