// Package channels is the contract between ponte and a network: what comes in (Event), what goes
// out (Call), and what a failed call means (Failure). The networks themselves are sub-packages;
// this package imports none of them.
package channels

import (
	"encoding/json"
	"time"
)

// Channel names one of the four places where people write.
type Channel string

// The channels. Messenger is the private side of a Facebook Page; Instagram covers both comments
// and direct messages.
const (
	Facebook  Channel = "facebook"
	Instagram Channel = "instagram"
	Messenger Channel = "messenger"
	WhatsApp  Channel = "whatsapp"
)

// Kind says what happened. The values are part of the public output of `ponte parse`.
type Kind string

// The closed list of kinds.
const (
	CommentAdded      Kind = "comment.added"
	CommentEdited     Kind = "comment.edited"
	CommentRemoved    Kind = "comment.removed"
	CommentHidden     Kind = "comment.hidden"
	CommentUnhidden   Kind = "comment.unhidden"
	MentionAdded      Kind = "mention.added"
	MessageReceived   Kind = "message.received"
	MessageEcho       Kind = "message.echo"
	MessageEdited     Kind = "message.edited"
	MessageDeleted    Kind = "message.deleted"
	MessageReaction   Kind = "message.reaction"
	MessageRead       Kind = "message.read"
	MessageDelivered  Kind = "message.delivered"
	PostbackReceived  Kind = "postback.received"
	ReferralReceived  Kind = "referral.received"
	OptinReceived     Kind = "optin.received"
	LeadSubmitted     Kind = "lead.submitted"
	StatusChanged     Kind = "status.changed"
	TemplateChanged   Kind = "template.changed"
	AccountChanged    Kind = "account.changed"
	PreferenceChanged Kind = "preference.changed"
	IdentityChanged   Kind = "identity.changed"
	HandoverChanged   Kind = "handover.changed"
	PostChanged       Kind = "post.changed"
	Unsupported       Kind = "unsupported"
)

// Event is one thing that happened on a network, in our neutral form. It is what Parse makes of a
// webhook delivery, what `ponte parse` prints one a line, and what the events table keeps as JSON.
// Text fields hold valid UTF-8 without NUL (PostgreSQL cannot store it); both are replaced by U+FFFD.
type Event struct {
	Kind    Kind      `json:"kind"`
	Channel Channel   `json:"channel"`          // empty where the body names no network that ponte knows
	Account string    `json:"account"`          // the asset's id: Page, Instagram account, phone number id; the WABA id for account-level WhatsApp events
	ID      string    `json:"id"`               // the provider's id of the comment, message, lead, status' message …
	Time    time.Time `json:"time"`             // UTC, when it happened; the entry's time where the item has none, zero where the body names no time at all
	Written time.Time `json:"-"`                // the item's own time where it is not when it happened: an edited comment tells when it was first written
	Person  string    `json:"person,omitempty"` // the author on that channel: business-scoped user id first, else the phone digits; the account's own id (WhatsApp: empty) where Own
	Phone   string    `json:"phone,omitempty"`  // WhatsApp: digits with country code, no plus
	Name    string    `json:"name,omitempty"`   // display name as the network gave it
	User    string    `json:"username,omitempty"`
	Text    string    `json:"text"`
	Reason  string    `json:"reason,omitempty"` // why it is unsupported

	// Key guards against repeats: equal keys on one account are the same event delivered twice.
	Key string `json:"key"`
	// Lane is what must be handled in order: root comment, person, or recipient.
	Lane string `json:"lane"`

	Own bool `json:"own,omitempty"` // written by the account itself (own comment, echo)

	Comment  *Comment        `json:"comment,omitempty"`  // comment.*, mention.added
	Message  *Message        `json:"message,omitempty"`  // message.*, postback.received
	Referral *Referral       `json:"referral,omitempty"` // click-to-message origin; also beside a message
	Status   string          `json:"status,omitempty"`   // status.changed: sent, delivered, read, failed, played; template/account state elsewhere
	Receipt  *Receipt        `json:"receipt,omitempty"`  // status.changed
	Lead     *Lead           `json:"lead,omitempty"`     // lead.submitted
	Template *Template       `json:"template,omitempty"` // template.changed
	Change   *Change         `json:"change,omitempty"`   // account.changed, preference.changed, identity.changed, handover.changed, post.changed, optin.received
	Raw      json.RawMessage `json:"raw,omitempty"`      // the item as it came, for kinds that keep details nobody models (and for unsupported)
}

// Comment is the public side of an event.
type Comment struct {
	PostID          string       `json:"post_id,omitempty"`
	ParentID        string       `json:"parent_id,omitempty"`    // empty for a top-level comment
	RootID          string       `json:"root_id,omitempty"`      // the top-level comment of the thread where known
	ProductType     string       `json:"product_type,omitempty"` // FEED, REELS, STORY, AD
	AdID            string       `json:"ad_id,omitempty"`
	AdTitle         string       `json:"ad_title,omitempty"`
	OriginalMediaID string       `json:"original_media_id,omitempty"`
	Live            bool         `json:"live,omitempty"`
	Read            bool         `json:"read,omitempty"` // mention.added: told without its words, which were read afterwards
	Permalink       string       `json:"permalink,omitempty"`
	Attachments     []Attachment `json:"attachments,omitempty"`
}

// Message is the private side of an event.
type Message struct {
	Type        string          `json:"type"` // text, image, video, audio, document, sticker, location, contacts, button, interactive, flow, order, reaction, system, story_reply, story_mention, share, unsupported, postback …
	Attachments []Attachment    `json:"attachments,omitempty"`
	ReplyTo     string          `json:"reply_to,omitempty"` // mid/wamid it answers
	StoryID     string          `json:"story_id,omitempty"` // story reply or mention
	StoryURL    string          `json:"story_url,omitempty"`
	Payload     string          `json:"payload,omitempty"` // quick reply, postback, button id, list row id
	Title       string          `json:"title,omitempty"`   // what the tapped button said
	Target      string          `json:"target,omitempty"`  // reaction, edit, delete, read: the message meant
	Emoji       string          `json:"emoji,omitempty"`
	Removed     bool            `json:"removed,omitempty"`   // reaction taken back
	Watermark   *time.Time      `json:"watermark,omitempty"` // Messenger reads and deliveries: all at or before
	Mids        []string        `json:"mids,omitempty"`
	AppID       string          `json:"app_id,omitempty"`    // echo: which app sent it
	Metadata    string          `json:"metadata,omitempty"`  // echo: what we passed when sending
	Recipient   string          `json:"recipient,omitempty"` // the customer, where the account itself wrote, edited or took back
	Forwarded   bool            `json:"forwarded,omitempty"`
	Standby     bool            `json:"standby,omitempty"` // another app owns the thread
	Self        bool            `json:"self,omitempty"`    // is_self test message
	FlowName    string          `json:"flow_name,omitempty"`
	FlowData    json.RawMessage `json:"flow_data,omitempty"` // nfm_reply answer, an object where it parses
	Errors      []NetworkError  `json:"errors,omitempty"`
}

// Attachment is a piece of media as the network announced it; the bytes are fetched later.
type Attachment struct {
	Type     string  `json:"type"`
	URL      string  `json:"url,omitempty"`
	ID       string  `json:"id,omitempty"` // WhatsApp media id, sticker id
	MIME     string  `json:"mime,omitempty"`
	SHA256   string  `json:"sha256,omitempty"`
	Filename string  `json:"filename,omitempty"`
	Title    string  `json:"title,omitempty"`
	Voice    bool    `json:"voice,omitempty"`
	Lat      float64 `json:"lat,omitempty"`
	Long     float64 `json:"long,omitempty"`
}

// Referral is where a person came from: an ad, a post, an m.me or click-to-WhatsApp link.
type Referral struct {
	Source   string `json:"source,omitempty"` // ADS, SHORTLINK, ad, post …
	Type     string `json:"type,omitempty"`
	Ref      string `json:"ref,omitempty"`
	AdID     string `json:"ad_id,omitempty"`
	SourceID string `json:"source_id,omitempty"`
	URL      string `json:"url,omitempty"`
	Headline string `json:"headline,omitempty"`
	Body     string `json:"body,omitempty"`
	ClickID  string `json:"click_id,omitempty"` // ctwa_clid
	Product  string `json:"product,omitempty"`
}

// Receipt is what WhatsApp reports of a message we sent.
type Receipt struct {
	Recipient      string         `json:"recipient,omitempty"`
	Token          string         `json:"token,omitempty"` // biz_opaque_callback_data: our own token
	Billable       *bool          `json:"billable,omitempty"`
	Pricing        string         `json:"pricing_type,omitempty"`
	Model          string         `json:"pricing_model,omitempty"`
	Category       string         `json:"category,omitempty"`
	ConversationID string         `json:"conversation_id,omitempty"`
	Origin         string         `json:"origin,omitempty"`
	Expires        *time.Time     `json:"expires,omitempty"`
	Errors         []NetworkError `json:"errors,omitempty"`
}

// NetworkError is an error object inside a webhook.
type NetworkError struct {
	Code    int    `json:"code"`
	Title   string `json:"title,omitempty"`
	Details string `json:"details,omitempty"`
}

// Lead is a submitted lead form; its fields are fetched afterwards.
type Lead struct {
	FormID string `json:"form_id,omitempty"`
	AdID   string `json:"ad_id,omitempty"`
	PageID string `json:"page_id,omitempty"`
}

// Template is news about a WhatsApp message template.
type Template struct {
	ID       string `json:"id,omitempty"`
	Name     string `json:"name,omitempty"`
	Language string `json:"language,omitempty"`
	Field    string `json:"field"`           // status, quality, category, components
	Event    string `json:"event,omitempty"` // APPROVED, PAUSED … or the new quality or category
	Previous string `json:"previous,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

// Change is a neutral "something about X is now Y".
type Change struct {
	Field    string `json:"field"`           // user_preferences, phone_number_quality_update, user_id_update …
	Value    string `json:"value,omitempty"` // stop, resume, TIER_2K, take …
	Previous string `json:"previous,omitempty"`
	Detail   string `json:"detail,omitempty"`
}
