package channels

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"
)

// Account is what a call needs to know of a connected account. Token and AppSecret are plain here
// and only here: they are decrypted for the call and must never reach a log or an error text.
type Account struct {
	Row       int64   // ours, by which limits are told apart; zero for one that is not stored
	Channel   Channel // facebook, instagram or whatsapp (Messenger runs on the facebook account)
	ID        string  // Page id, Instagram professional account id, phone number id
	BaseURL   string  // e.g. https://graph.facebook.com/v25.0; a path in it is kept
	Token     string
	AppSecret string // when set, appsecret_proof is added to calls (not with Instagram Login)
	WABA      string // WhatsApp: business account id
	Phone     string // WhatsApp: display number, digits
	Page      string // Instagram connected through a Facebook Page: the Page's id, through which its messages go; else empty
}

// InstagramLogin says that the account was connected without a Page: its token is of Instagram's own app, so
// neither the Meta app's secret nor Facebook Login's permissions belong to it.
func (a Account) InstagramLogin() bool {
	u, err := url.Parse(a.BaseURL)
	if err != nil || u.Host == "graph.facebook.com" {
		return false
	}
	return u.Host == "graph.instagram.com" || a.Channel == Instagram && a.Page == ""
}

// CallKind names something that can be done to the outside world. The values are the kinds of
// actions in the outbox.
type CallKind string

// The closed list of calls.
const (
	ReplyToComment CallKind = "comment.reply"
	HideComment    CallKind = "comment.hide"
	UnhideComment  CallKind = "comment.unhide"
	DeleteComment  CallKind = "comment.delete"
	PrivateReply   CallKind = "private_reply.send"
	SendMessage    CallKind = "message.send"
	SendTemplate   CallKind = "template.send"
	MarkRead       CallKind = "message.mark_read" // WhatsApp mark-as-read (with typing if Typing), Messenger mark_seen
	Typing         CallKind = "message.typing"
	BlockUser      CallKind = "person.block"
	UnblockUser    CallKind = "person.unblock"
	SubmitTemplate CallKind = "template.submit"
	EditTemplate   CallKind = "template.edit"    // all components are replaced
	DeleteTemplate CallKind = "template.delete"  // one language of a name
	ResumeTemplate CallKind = "template.unpause" // one that pacing paused: it does not resume by itself
)

// Call is one request to a network in neutral form; each network turns it into its own request.
// It is kept as JSON in the outbox, so fields are only ever added.
type Call struct {
	Kind       CallKind `json:"kind"`
	Channel    Channel  `json:"channel"`              // messenger and facebook differ though the account is the same
	CommentID  string   `json:"comment_id,omitempty"` // comment.*, private_reply.send
	Mention    bool     `json:"mention,omitempty"`    // CommentID mentions the account on somebody else's post
	MediaID    string   `json:"media_id,omitempty"`   // of that post; the same as CommentID where its caption is the mention
	To         string   `json:"to,omitempty"`         // person on that channel: PSID, IGSID, WhatsApp BSUID
	Phone      string   `json:"phone,omitempty"`      // WhatsApp digits; the phone wins over To when both are there
	Text       string   `json:"text,omitempty"`
	Token      string   `json:"token,omitempty"` // ours: metadata on Messenger/Instagram, biz_opaque_callback_data on WhatsApp
	ReplyTo    string   `json:"reply_to,omitempty"`
	HumanAgent bool     `json:"human_agent,omitempty"` // Messenger/Instagram: typed by a person, up to 7 days

	Buttons    []Button        `json:"buttons,omitempty"` // reply buttons (WhatsApp 1-3), quick replies (Messenger/Instagram ≤ 13)
	List       *List           `json:"list,omitempty"`    // WhatsApp list
	Link       *Link           `json:"link,omitempty"`    // one URL button
	Media      *Media          `json:"media,omitempty"`   // template.submit, template.edit: the sample for the header
	Template   *TemplateSend   `json:"template,omitempty"`
	MessageID  string          `json:"message_id,omitempty"`  // message.mark_read
	Definition json.RawMessage `json:"definition,omitempty"`  // template.submit, template.edit, template.delete: as the network takes it, with name and language
	TemplateID string          `json:"template_id,omitempty"` // template.edit, template.delete, template.unpause: the network's id
}

// Button is a reply the customer can tap; ID comes back as Message.Payload.
type Button struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// List is a WhatsApp list message: one button that opens up to ten rows.
type List struct {
	Button string    `json:"button"`
	Rows   []ListRow `json:"rows"`
}

// ListRow is one choice of a list.
type ListRow struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

// Link is a button that opens a URL.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Media is a picture, clip or file to send: by public URL, by the network's own media id, or from our own store.
type Media struct {
	Type     string `json:"type"` // image, video, audio, document
	URL      string `json:"url,omitempty"`
	ID       string `json:"id,omitempty"`
	Filename string `json:"filename,omitempty"`
	MIME     string `json:"mime,omitempty"`
	Hash     string `json:"hash,omitempty"` // of a file in our own store, which is uploaded when the call is made
	Bytes    []byte `json:"-"`              // of that file, laid beside the call by the sender
}

// TemplateSend fills a WhatsApp template: parameters by component.
type TemplateSend struct {
	Name       string          `json:"name"`
	Language   string          `json:"language"`
	Components json.RawMessage `json:"components,omitempty"` // Meta's send-time components array
	Header     *Media          `json:"header,omitempty"`     // from our own store: uploaded when the call is made, and put before the components
}

// Result is what a network answered to a call that worked.
type Result struct {
	ID        string `json:"id,omitempty"`        // new comment id, mid, wamid; empty where the network gives none
	Recipient string `json:"recipient,omitempty"` // recipient_id: the person's id on the private side; for WhatsApp the wa_id or user_id
	Status    string `json:"status,omitempty"`    // template: PENDING …; WhatsApp message_status
	Category  string `json:"category,omitempty"`  // template: what the network files it under, which may differ from what was asked
	Already   bool   `json:"already,omitempty"`   // the network says it had been done before (10900)
}

// Class says what follows from a failed call.
type Class string

// The classes of the error table.
const (
	Retry       Class = "retry"       // the same call may work in a moment
	Wait        Class = "wait"        // a limit; try again after Failure.After
	Reauthorise Class = "reauthorise" // token or permission: nothing on this account works until a person acts
	GiveUp      Class = "give_up"     // will fail again
	AskPerson   Class = "ask_person"  // a person must change something (request, settings, template)
	Unknown     Class = "unknown"     // timeout or cut connection after the request left: it may have worked
)

// Scope says what a limit or failure stops.
type Scope string

// The scopes of limits and failures.
const (
	ScopeCall    Scope = "call"    // this action only
	ScopePair    Scope = "pair"    // this person on this account
	ScopeAccount Scope = "account" // the account
	ScopeApp     Scope = "app"     // the app's token
)

// Failure is a failed call, sorted by the error table. Its Error text is for people and holds no
// token, no phone number and nothing the customer wrote.
type Failure struct {
	Class   Class         `json:"class"`
	Scope   Scope         `json:"scope"`
	Code    int           `json:"code,omitempty"`
	Subcode int           `json:"subcode,omitempty"`
	HTTP    int           `json:"http,omitempty"`
	Reason  string        `json:"reason"`  // short stable word: window_closed, already_replied, gone, token_expired, not_on_whatsapp, opted_out, rate_limited, template_paused, outage, timeout, …
	Meaning string        `json:"meaning"` // one sentence for the reader: what happened and what to do
	After   time.Duration `json:"after,omitempty"`
	Done    bool          `json:"done,omitempty"`  // the wanted effect already stands (10900): count it as done
	Trace   string        `json:"trace,omitempty"` // fbtrace_id
}

// Error returns the meaning with the network's code.
func (f *Failure) Error() string {
	if f.Code == 0 {
		return f.Meaning
	}
	if f.Subcode != 0 {
		return fmt.Sprintf("%s (code %d/%d)", f.Meaning, f.Code, f.Subcode)
	}
	return fmt.Sprintf("%s (code %d)", f.Meaning, f.Code)
}

// Settled is the outcome of looking whether an unknown call took place.
type Settled struct {
	Happened bool // it took place: Result holds what is known of it
	Certain  bool // false: the network cannot say (yet); ask a person or wait
	Result   Result
}

// Post is a post or media as read from the network.
type Post struct {
	ID          string    `json:"id"`
	Caption     string    `json:"caption,omitempty"`
	Permalink   string    `json:"permalink,omitempty"`
	MediaURL    string    `json:"media_url,omitempty"` // picture, or thumbnail of a video
	MediaType   string    `json:"media_type,omitempty"`
	ProductType string    `json:"product_type,omitempty"`
	Time        time.Time `json:"time"`
}

// Page is one page of a cursor-paged list. Next is empty on the last page.
type Page[T any] struct {
	Items []T
	Next  string
}

// LeadFields is a submitted lead form with its answers.
type LeadFields struct {
	ID         string
	FormID     string
	AdID       string
	Time       time.Time
	Fields     map[string][]string
	Checkboxes map[string]bool // custom_disclaimer_responses
}

// Profile is what a network tells of a person who has written.
type Profile struct {
	Name       string
	Username   string
	PictureURL string
}

// Health is what the network says of an account: who the token is, what it may do, what is
// subscribed. Fields the network did not answer stay zero and are named in Missing.
type Health struct {
	Name         string
	TokenValid   bool
	TokenExpires time.Time // zero: never or unknown
	// AccessExpires is when the person who gave the token must look in again; zero: never or unknown.
	AccessExpires time.Time
	Failure       *Failure // why the account itself could not be read; nil: it was
	Scopes        []string
	Fields        []string // subscribed webhook fields
	Quality       string   // WhatsApp: GREEN …
	Tier          string   // WhatsApp: TIER_2K …
	Mode          string   // app or number mode where told: LIVE, SANDBOX …
	SecretRefused bool     // the app's secret is not that of the app the token was made with
	Missing       []string // what could not be read, with the reason
	Unreachable   string   // no answer came, so nothing is known of the token: what happened; else empty
	NotRead       string   // why the subscriptions could not be read; else empty
}

// NetworkTemplate is a WhatsApp template as the network lists it.
type NetworkTemplate struct {
	ID         string          `json:"id"`
	Name       string          `json:"name"`
	Language   string          `json:"language"`
	Status     string          `json:"status"`
	Category   string          `json:"category"`
	Quality    string          `json:"quality,omitempty"`
	Reason     string          `json:"reason,omitempty"`
	Components json.RawMessage `json:"components"`
}
