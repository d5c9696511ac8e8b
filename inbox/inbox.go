// Package inbox holds the nouns that several packages share – accounts, contacts, identities, posts,
// comments, threads, conversations, messages – and the SQL of their tables.
//
// Functions that write take the caller's transaction. Functions that the pipeline calls work on many
// rows at once: a batch of two hundred events costs a dozen statements, not thousands.
package inbox

import (
	"encoding/json"
	"fmt"
	"time"

	"ponte/channels"
)

// Workspace is one brand or client.
type Workspace struct {
	ID        int64           `db:"id"`
	Name      string          `db:"name"`
	Brand     string          `db:"brand"`
	LegalName string          `db:"legal_name"`
	Contact   string          `db:"contact"`
	TimeZone  string          `db:"time_zone"`
	Locale    string          `db:"locale"`
	Country   string          `db:"country"`
	Settings  json.RawMessage `db:"settings"`
	Revision  int64           `db:"rules_revision"` // of its moderation rules
	CreatedAt time.Time       `db:"created_at"`
}

// BrandName is how customers know the sender; it falls back to the workspace's name.
func (w Workspace) BrandName() string {
	if w.Brand != "" {
		return w.Brand
	}
	return w.Name
}

// Zone is where the workspace's days begin; one that is not known is UTC.
func (w Workspace) Zone() *time.Location {
	z, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		return time.UTC
	}
	return z
}

// Account is one connected Page, Instagram account or WhatsApp number. Its token stays sealed.
type Account struct {
	WorkspaceID int64           `db:"workspace_id"`
	ID          int64           `db:"id"`
	Channel     string          `db:"channel"`
	ExternalID  string          `db:"external_id"`
	Name        string          `db:"name"`
	BaseURL     string          `db:"base_url"`
	TokenSealed []byte          `db:"token_sealed" json:"-"`
	WABAID      string          `db:"waba_id"`
	Phone       string          `db:"phone"`
	PageID      string          `db:"page_id"`
	State       string          `db:"state"`
	StateReason string          `db:"state_reason"`
	Sending     bool            `db:"sending"`
	Automate    bool            `db:"automate"` // false: nothing on it is automatic
	Health      json.RawMessage `db:"health"`
	Templates   json.RawMessage `db:"templates"` // of WhatsApp: when its templates were read; template.Reading
	Backfill    json.RawMessage `db:"backfill"`
	Sweep       json.RawMessage `db:"sweep"`
	CreatedAt   time.Time       `db:"created_at"`
	RemovedAt   *time.Time      `db:"removed_at"`
}

// Contact is a person.
type Contact struct {
	WorkspaceID int64      `db:"workspace_id"`
	ID          int64      `db:"id"`
	Name        string     `db:"name"`
	Language    string     `db:"language"`
	TimeZone    string     `db:"time_zone"`
	Country     string     `db:"country"`
	BlockedAt   *time.Time `db:"blocked_at"`
	MergedInto  *int64     `db:"merged_into"`
}

// Identity is one id of one person on one network.
type Identity struct {
	WorkspaceID int64   `db:"workspace_id"`
	ID          int64   `db:"id"`
	ContactID   int64   `db:"contact_id"`
	Channel     string  `db:"channel"`
	Scope       int64   `db:"scope"`
	ExternalID  *string `db:"external_id"`
	Phone       *string `db:"phone"`
	Username    string  `db:"username"`
	Name        string  `db:"name"`
}

// Address is what consent is keyed by: the phone where known, else the id on that channel.
func (i Identity) Address() string {
	if i.Phone != nil && *i.Phone != "" {
		return "phone:" + *i.Phone
	}
	if i.ExternalID != nil {
		return fmt.Sprintf("%s:%d:%s", i.Channel, i.Scope, *i.ExternalID)
	}
	return ""
}

// PersonKey finds an identity: which network, which scope, which id or phone.
type PersonKey struct {
	WorkspaceID int64
	Channel     channels.Channel
	Scope       int64 // accounts.id for page- and Instagram-scoped ids, 0 for WhatsApp
	ExternalID  string
	Phone       string
}

// Person is a PersonKey with what the network told about them.
type Person struct {
	PersonKey
	Name     string
	Username string
	Language string
}

// Thread is the private side of an identity on an account.
type Thread struct {
	WorkspaceID int64      `db:"workspace_id"`
	ID          int64      `db:"id"`
	AccountID   int64      `db:"account_id"`
	Channel     string     `db:"channel"`
	IdentityID  int64      `db:"identity_id"`
	ContactID   int64      `db:"contact_id"`
	LastInAt    *time.Time `db:"last_in_at"`
	LastOutAt   *time.Time `db:"last_out_at"`
	ReadInAt    *time.Time `db:"read_in_at"`
}

// CareWindow is how long after the customer's last message a free-form answer may go out (Meta:
// Messenger policy, WhatsApp customer service window).
const CareWindow = 24 * time.Hour

// HumanWindow is how long a person may still answer on Messenger and Instagram (HUMAN_AGENT tag).
const HumanWindow = 7 * 24 * time.Hour

// Why a person has a conversation that concerned the spam folder: the machine files no conversation anew that a
// member took out, and takes none out that a member filed.
const (
	FiledAsSpam = "filed_as_spam"
	NotSpam     = "not_spam"
)

// Conversation is an episode on a thread or on a comment thread.
type Conversation struct {
	WorkspaceID   int64           `db:"workspace_id"`
	ID            int64           `db:"id"`
	AccountID     int64           `db:"account_id"`
	Channel       string          `db:"channel"`
	ThreadID      *int64          `db:"thread_id"`
	RootCommentID *int64          `db:"root_comment_id"`
	ContactID     int64           `db:"contact_id"`
	State         string          `db:"state"`
	Spam          bool            `db:"spam"`
	Handler       string          `db:"handler"`
	HandlerReason string          `db:"handler_reason"`
	Bot           json.RawMessage `db:"bot"`
	AssigneeID    *int64          `db:"assignee_id"`
	Team          string          `db:"team"`
	Labels        Strings         `db:"labels"`
	Language      string          `db:"language"`
	Origin        json.RawMessage `db:"origin"`
	Preview       string          `db:"preview"`
	Unread        int             `db:"unread"`
	OpenedAt      time.Time       `db:"opened_at"`
	LastMessageAt time.Time       `db:"last_message_at"`
	WaitingSince  *time.Time      `db:"waiting_since"`
	FirstBotAt    *time.Time      `db:"first_bot_answer_at"`
	FirstHumanAt  *time.Time      `db:"first_human_answer_at"`
	ResolvedAt    *time.Time      `db:"resolved_at"`
	Revision      int64           `db:"revision"`
}

// Message is one thing said in a thread, by either side.
type Message struct {
	WorkspaceID    int64           `db:"workspace_id"`
	ID             int64           `db:"id"`
	AccountID      int64           `db:"account_id"`
	ThreadID       int64           `db:"thread_id"`
	ConversationID int64           `db:"conversation_id"`
	Direction      string          `db:"direction"`
	Author         string          `db:"author"`
	MemberID       *int64          `db:"member_id"`
	ExternalID     *string         `db:"external_id"`
	ActionID       *int64          `db:"action_id"`
	Type           string          `db:"type"`
	Text           string          `db:"text"`
	Detail         json.RawMessage `db:"detail"`
	Reactions      json.RawMessage `db:"reactions"`
	Receipt        *string         `db:"receipt"`
	ReceiptError   string          `db:"receipt_error"`
	At             time.Time       `db:"at"`
	EditedAt       *time.Time      `db:"edited_at"`
	DeletedAt      *time.Time      `db:"deleted_at"`
	VerdictID      *int64          `db:"verdict_id"`
}

// Post is a post or media of an account.
type Post struct {
	WorkspaceID int64      `db:"workspace_id"`
	ID          int64      `db:"id"`
	AccountID   int64      `db:"account_id"`
	ExternalID  string     `db:"external_id"`
	Caption     string     `db:"caption"`
	Permalink   string     `db:"permalink"`
	MediaURL    string     `db:"media_url"`
	MediaHash   string     `db:"media_hash"`
	MediaType   string     `db:"media_type"`
	ProductType string     `db:"product_type"`
	PostedAt    *time.Time `db:"posted_at"`
	FetchedAt   *time.Time `db:"fetched_at"`
}

// Comment is a public comment.
type Comment struct {
	WorkspaceID int64           `db:"workspace_id"`
	ID          int64           `db:"id"`
	AccountID   int64           `db:"account_id"`
	Channel     string          `db:"channel"`
	PostID      *int64          `db:"post_id"`
	ExternalID  string          `db:"external_id"`
	ParentID    string          `db:"parent_external_id"`
	RootID      string          `db:"root_external_id"`
	IdentityID  *int64          `db:"identity_id"`
	ContactID   *int64          `db:"contact_id"`
	AuthorName  string          `db:"author_name"`
	Own         bool            `db:"own"`
	ActionID    *int64          `db:"action_id"`
	Text        string          `db:"text"`
	Attachments json.RawMessage `db:"attachments"`
	Language    string          `db:"language"`
	State       string          `db:"state"`
	StateBy     string          `db:"state_by"`
	StateMoved  bool            `db:"-"` // UpdateComments writes the state only when this is set: a call may have changed it meanwhile
	Live        bool            `db:"live"`
	AdID        string          `db:"ad_id"`
	Mention     bool            `db:"mention"` // of the brand, under somebody else's post
	Permalink   string          `db:"permalink"`
	Source      string          `db:"source"`
	CommentedAt time.Time       `db:"commented_at"`
	EditedAt    *time.Time      `db:"edited_at"`
	VerdictID   *int64          `db:"verdict_id"`
	Decision    *string         `db:"decision"`
}
