package rehearsal

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sort"
	"strings"
	"time"
	"unicode/utf16"
)

// webhook makes the body of a webhook as Meta sends it: every non-ASCII character escaped with lower
// case hexadecimal digits, slashes escaped too; these bytes are signed.
func (st *state) webhook(object, account string, at time.Time, content map[string]any) *Webhook {
	entry := map[string]any{"id": account}
	if object != "whatsapp_business_account" {
		entry["time"] = at.Unix()
	}
	for k, v := range content {
		entry[k] = v
	}
	b, err := json.Marshal(map[string]any{"object": object, "entry": []any{entry}})
	if err != nil {
		panic(err) // made of plain values
	}
	return &Webhook{ID: st.Seq + 1, Body: escape(string(b))}
}

func escape(s string) string {
	var b strings.Builder
	for _, r := range strings.ReplaceAll(s, "/", `\/`) {
		switch {
		case r < 0x80:
			b.WriteRune(r)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func (s *Server) sign(body string) string {
	mac := hmac.New(sha256.New, []byte(s.opt.AppSecret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// deliver sends pending webhooks in order, each until it is answered with 200.
func (s *Server) deliver(ctx context.Context) {
	wait := 200 * time.Millisecond
	for ctx.Err() == nil {
		hook := s.next()
		if hook == nil {
			select {
			case <-ctx.Done():
			case <-s.wake:
			case <-time.After(time.Second):
			}
			continue
		}
		if s.faults.lose() || s.post(ctx, hook) {
			wait = 200 * time.Millisecond
			s.mu.Lock()
			err := s.do(entry{Sent: hook.ID})
			s.mu.Unlock()
			if err != nil {
				s.log.Error("rehearsal: the log cannot be written", "error", err)
			}
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
		wait = min(wait*2, 3*time.Second)
	}
}

func (s *Server) next() *Webhook {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]int, 0, len(s.st.pending))
	for id := range s.st.pending {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil
	}
	sort.Ints(ids)
	return s.st.pending[ids[0]]
}

func (s *Server) post(ctx context.Context, hook *Webhook) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.opt.WebhookURL, bytes.NewReader([]byte(hook.Body)))
	if err != nil {
		s.log.Error("rehearsal: the webhook address is not one", "error", err)
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Hub-Signature-256", s.sign(hook.Body))
	res, err := s.client.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// The webhooks of each thing that happens.

func (st *state) commentWebhook(c Comment, verb string, at time.Time) *Webhook {
	p := st.people[c.Person]
	if st.accounts[c.Account] == nil {
		return nil // on somebody else's post: who is mentioned hears of it once, and of no change
	}
	if st.accounts[c.Account].Channel == "instagram" {
		if verb != "add" {
			return nil // Instagram announces neither edits nor removals
		}
		from := map[string]any{"id": c.Account, "username": "bondikayaks", "self_ig_scoped_id": "7700000000"}
		if p != nil {
			from = map[string]any{"id": p.igsid(), "username": p.Username}
		}
		v := map[string]any{"id": c.ID, "text": c.Text, "from": from, "media": map[string]any{"id": c.Post, "media_product_type": "FEED"}}
		if c.Parent != "" {
			v["parent_id"] = c.Parent
		}
		return st.webhook("instagram", c.Account, at, map[string]any{"changes": []any{map[string]any{"field": "comments", "value": v}}})
	}
	from := map[string]any{"id": c.Account, "name": st.accounts[c.Account].Name}
	if p != nil {
		from = map[string]any{"id": p.commenter(), "name": p.Name}
	}
	parent := c.Parent
	if parent == "" {
		parent = c.Post
	}
	v := map[string]any{"item": "comment", "verb": verb, "comment_id": c.ID, "post_id": c.Post, "parent_id": parent, "from": from, "created_time": c.At.Unix()}
	if verb != "remove" {
		v["message"] = c.Text
	}
	return st.webhook("page", c.Account, at, map[string]any{"changes": []any{map[string]any{"field": "feed", "value": v}}})
}

func (st *state) dmWebhook(m Message, at time.Time) *Webhook {
	a, p := st.accounts[m.Account], st.people[m.Person]
	object, customer := "page", p.psid()
	if a.Channel == "instagram" {
		object, customer = "instagram", p.igsid()
	}
	body := map[string]any{"mid": m.ID, "text": m.Text}
	if m.File != "" {
		body = map[string]any{"mid": m.ID, "attachments": []any{map[string]any{"type": m.Type, "payload": map[string]any{"url": "https://lookaside.fbsbx.com/rehearsal/" + m.ID}}}}
	}
	item := map[string]any{"sender": map[string]any{"id": customer}, "recipient": map[string]any{"id": m.Account}, "timestamp": at.UnixMilli(), "message": body}
	if m.Deleted {
		body = map[string]any{"mid": m.ID, "is_deleted": true}
		item["message"] = body
	}
	if m.FromUs {
		item["sender"], item["recipient"] = map[string]any{"id": m.Account}, map[string]any{"id": customer}
		body["is_echo"], body["app_id"] = true, 900000000000001
		if m.Opaque != "" {
			body["metadata"] = m.Opaque
		}
	}
	return st.webhook(object, m.Account, at, map[string]any{"messaging": []any{item}})
}

func (st *state) waWebhook(m Message, content map[string]any) *Webhook {
	a, p := st.accounts[m.Account], st.people[m.Person]
	item := map[string]any{"from": p.Phone, "from_user_id": p.bsuid(), "id": m.ID, "timestamp": fmt.Sprint(m.At.Unix()), "type": m.Type}
	for k, v := range content {
		item[k] = v
	}
	value := map[string]any{"messaging_product": "whatsapp", "metadata": map[string]any{"display_phone_number": a.Phone, "phone_number_id": a.ID},
		"contacts": []any{map[string]any{"profile": map[string]any{"name": p.Name}, "wa_id": p.Phone, "user_id": p.bsuid()}}, "messages": []any{item}}
	return st.webhook("whatsapp_business_account", a.WABA, m.At, map[string]any{"changes": []any{map[string]any{"field": "messages", "value": value}}})
}

// charge is what a message is billed as: a template by its own category, free where it is a service in a conversation
// that the person opened.
func (st *state) charge(m Message) (category, kind string) {
	switch category = strings.ToLower(st.category(m.Template)); {
	case m.Template == "" || category == "":
		return "service", "free_customer_service"
	case category == "utility" && m.At.Sub(st.lastFrom(m.Account, m.Person)) <= careWindow:
		return category, "free_customer_service"
	}
	return category, "regular"
}

func (st *state) statusWebhook(m Message, status string, at time.Time) *Webhook {
	a, p := st.accounts[m.Account], st.people[m.Person]
	item := map[string]any{"id": m.ID, "status": status, "timestamp": fmt.Sprint(at.Unix()), "recipient_id": p.Phone, "recipient_user_id": p.bsuid()}
	if m.Opaque != "" {
		item["biz_opaque_callback_data"] = m.Opaque
	}
	if status == "failed" {
		item["errors"] = []any{map[string]any{"code": m.Error, "title": "failed", "message": "failed"}}
	} else if status != "read" {
		category, kind := st.charge(m)
		item["pricing"] = map[string]any{"billable": kind == "regular", "pricing_model": "PMP", "type": kind, "category": category}
	}
	value := map[string]any{"messaging_product": "whatsapp", "metadata": map[string]any{"display_phone_number": a.Phone, "phone_number_id": a.ID}, "statuses": []any{item}}
	return st.webhook("whatsapp_business_account", a.WABA, at, map[string]any{"changes": []any{map[string]any{"field": "messages", "value": value}}})
}
