// Package webhook turns Meta's webhook bodies – object page, instagram and whatsapp_business_account –
// into neutral events. It is pure and never fails on an item: what is not understood becomes an event
// of kind "unsupported" with a reason, and stops no other item of its batch.
//
// The shapes are those of Meta's documentation (Graph API webhooks, Messenger Platform, Instagram
// Platform, WhatsApp Cloud API; editions up to September 2026) and of what is delivered in practice
// where the two differ.
package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"ponte/channels"
	"ponte/channels/meta"
)

// ErrNotJSON says that a body is not JSON at all.
var ErrNotJSON = errors.New("the body is not JSON")

// maxDepth bounds the nesting of a body; Meta's own stay below 20.
const maxDepth = 200

type envelope struct {
	Object text  `json:"object"`
	Entry  items `json:"entry"`
}

type entry struct {
	ID            id              `json:"id"`
	Time          instant         `json:"time"`
	Changes       items           `json:"changes"`
	Messaging     items           `json:"messaging"`
	Standby       items           `json:"standby"`
	ChangedFields json.RawMessage `json:"changed_fields"`
	Field         text            `json:"field"` // Instagram Login's documentation shows field and value without changes[]
	Value         json.RawMessage `json:"value"`
}

type change struct {
	Field text            `json:"field"`
	Value json.RawMessage `json:"value"`
}

// Parse returns the events of one webhook body, in order. The error is ErrNotJSON (wrapped) and
// nothing else.
func Parse(body []byte) ([]channels.Event, error) {
	body = bytes.TrimSpace(body)
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if tooDeep(body) {
		return nil, fmt.Errorf("%w that can be read: it is nested more than %d deep", ErrNotJSON, maxDepth)
	}
	if !json.Valid(body) {
		return nil, ErrNotJSON
	}
	p := &parser{}
	if body[0] == '[' { // some documentation samples wrap the object in an array
		var all []json.RawMessage
		if err := json.Unmarshal(body, &all); err != nil {
			return nil, ErrNotJSON
		}
		for _, one := range all {
			p.body(one)
		}
		if len(all) == 0 {
			p.unsupported("", body, "the body is an empty list")
		}
	} else {
		p.body(body)
	}
	if p.left > 0 {
		p.events = append(p.events, channels.Event{Kind: channels.Unsupported, Channel: p.channel(), Account: string(p.entry.ID), Time: p.entry.Time.Time,
			Reason: fmt.Sprintf("the body holds more than %d items: %d more are in the delivery only", maxEvents, p.left), Key: "unsupported:rest:" + digest(body), Lane: "a:" + string(p.entry.ID)})
	}
	return p.events, nil
}

// maxEvents bounds the events of one body. Meta sends at most 1,000 updates; four megabytes of nothing
// but braces would become a gigabyte of events.
const maxEvents = 25_000

func tooDeep(body []byte) bool {
	depth, inText := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case inText && c == '\\':
			i++
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

type parser struct {
	events  []channels.Event
	object  string
	entry   entry
	account string           // the number inside a WhatsApp entry; empty: the entry's own id
	on      channels.Channel // where the item at hand belongs; empty: the object's channel
	standby bool             // the item at hand belongs to a thread that another app owns
	left    int              // items beyond maxEvents
}

func (p *parser) body(raw json.RawMessage) {
	var env envelope
	p.entry = entry{}
	if err := json.Unmarshal(raw, &env); err != nil {
		p.unsupported("", raw, "the body has no object and entry as Meta sends them")
		return
	}
	p.object = string(env.Object)
	if len(env.Entry) == 0 {
		p.unsupported("", raw, "the body has no entry")
		return
	}
	for _, e := range env.Entry {
		p.entry = entry{}
		if err := json.Unmarshal(e, &p.entry); err != nil {
			p.unsupported("", e, "an entry is not as Meta sends it")
			continue
		}
		p.one(e)
	}
}

func (p *parser) one(raw json.RawMessage) {
	switch p.object {
	case "page", "instagram", "whatsapp_business_account":
	case "":
		p.unsupported("", raw, "the body names no object, so nothing says which network it is about")
		return
	default:
		p.unsupported("", raw, fmt.Sprintf("object %q is not one that ponte knows", short(p.object)))
		return
	}
	found := false
	for _, c := range p.entry.Changes {
		found = true
		var ch change
		if err := json.Unmarshal(c, &ch); err != nil || len(ch.Value) == 0 {
			p.unsupported(string(ch.Field), c, "a change has no field and value")
			continue
		}
		p.change(ch)
	}
	if !found && p.entry.Field != "" && len(p.entry.Value) > 0 {
		found = true
		p.change(change{p.entry.Field, p.entry.Value})
	}
	for _, m := range p.entry.Messaging {
		found = true
		p.messaging(m, false)
	}
	for _, m := range p.entry.Standby {
		found = true
		p.messaging(m, true)
	}
	if !found && len(p.entry.ChangedFields) > 0 {
		p.unsupported("changed_fields", raw, "only the names of changed fields came: switch «include values» on for the subscription")
	} else if !found {
		p.unsupported("", raw, "the entry holds no change and no message")
	}
}

func (p *parser) change(c change) {
	switch p.object {
	case "page":
		p.pageChange(c)
	case "instagram":
		p.instagramChange(c)
	default:
		p.whatsAppChange(c)
	}
}

// channel is where the current object's events without a message belong; empty where the object is none of ours.
func (p *parser) channel() channels.Channel {
	if p.on != "" {
		return p.on
	}
	switch p.object {
	case "instagram":
		return channels.Instagram
	case "whatsapp_business_account":
		return channels.WhatsApp
	case "page":
		return channels.Facebook
	}
	return ""
}

// add completes an event and keeps it.
func (p *parser) add(e channels.Event) {
	if e.Account == "" {
		e.Account = firstOf(p.account, string(p.entry.ID))
	}
	if where := tooLong(&e); where != "" {
		p.refuse(&e, where)
	}
	if p.standby && e.Message != nil {
		e.Message.Standby = true
	}
	if e.Time.IsZero() {
		e.Time = p.entry.Time.Time
	}
	if e.Key == "" {
		e.Key = string(e.Kind) + ":" + e.ID
	}
	if len(e.Key) > maxKey {
		e.Key = e.Key[:200] + "#" + digest([]byte(e.Key))
	}
	e.Key = meta.Clean(e.Key)
	if e.Lane == "" || strings.HasSuffix(e.Lane, ":") { // about nobody in particular
		e.Lane = "a:" + e.Account
	}
	if len(p.events) >= maxEvents {
		p.left++
		return
	}
	p.events = append(p.events, e)
}

// Ids and keys stand in unique indexes, which take no more than some 2,700 bytes of a row. Meta's own
// ids stay below 300.
const (
	maxID  = 512
	maxKey = 600
)

// tooLong names the id of an event that no index would take.
func tooLong(e *channels.Event) string {
	ids := [...]struct{ name, id string }{{"account", e.Account}, {"id", e.ID}, {"person", e.Person}, {"phone", e.Phone}}
	for _, i := range ids {
		if len(i.id) > maxID {
			return i.name
		}
	}
	if c := e.Comment; c != nil && max(len(c.PostID), len(c.ParentID), len(c.RootID)) > maxID {
		return "post or comment"
	}
	if m := e.Message; m != nil && max(len(m.Target), len(m.Recipient), len(m.ReplyTo)) > maxID {
		return "message or recipient"
	}
	return ""
}

// refuse turns an event whose ids cannot be kept into an unsupported one.
func (p *parser) refuse(e *channels.Event, where string) {
	account := e.Account
	if len(account) > maxID {
		account = ""
	}
	*e = channels.Event{Kind: channels.Unsupported, Channel: e.Channel, Account: account, Time: e.Time, Raw: e.Raw, Key: e.Key,
		Reason: fmt.Sprintf("its %s has more than %d bytes, which none of Meta's ids has", where, maxID)}
}

// unsupported keeps an item that nobody models: raw, with a reason.
func (p *parser) unsupported(field string, raw json.RawMessage, reason string) {
	kept := keep(raw)
	if kept == nil {
		reason += fmt.Sprintf(" (its %d bytes are in the delivery)", len(raw))
	}
	e := channels.Event{Kind: channels.Unsupported, Channel: p.channel(), Reason: reason, Raw: kept, Key: "unsupported:" + field + ":" + digest(raw)}
	if field != "" && field != "changed_fields" { // an item, not a whole entry or body
		e.ID, e.Time = named(raw)
	}
	p.add(e)
}

// named is what an item that nobody models says of itself where every item of Meta's does: its id and its time.
func named(raw json.RawMessage) (string, time.Time) {
	var item struct {
		ID        id `json:"id"`
		CommentID id `json:"comment_id"`
		MID       id `json:"mid"`
		Message   object[struct {
			MID id `json:"mid"`
		}] `json:"message"`
		PostID    id      `json:"post_id"`
		Timestamp instant `json:"timestamp"`
		Created   instant `json:"created_time"`
	}
	if json.Unmarshal(raw, &item) != nil {
		return "", time.Time{}
	}
	mid := item.MID
	if item.Message.V != nil {
		mid = item.Message.V.MID
	}
	name, at := firstOf(item.CommentID, mid, item.ID, item.PostID), item.Timestamp.Time
	if at.IsZero() {
		at = item.Created.Time
	}
	if len(name) > maxID {
		name = ""
	}
	return name, at
}

// maxRaw bounds what an event keeps of an item; the delivery has the whole of it.
const maxRaw = 64 << 10

// keep is an item as an event may hold it: storable, and nil where it is out of all proportion.
func keep(raw json.RawMessage) json.RawMessage {
	if len(raw) > maxRaw {
		return nil
	}
	return meta.CleanJSON(raw)
}

func digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12])
}

func hash(s string) string { return digest([]byte(s)) }

func short(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

func firstOf[T ~string](list ...T) string {
	for _, s := range list {
		if s != "" {
			return string(s)
		}
	}
	return ""
}
