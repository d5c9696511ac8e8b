package rehearsal

import (
	"fmt"
	"sort"
	"time"
)

// Account is a Page, an Instagram account or a WhatsApp number of the stand-in.
type Account struct {
	Channel string `json:"channel"` // facebook, instagram, whatsapp
	ID      string `json:"id"`
	Name    string `json:"name"`
	Token   string `json:"token"`
	WABA    string `json:"waba,omitempty"`
	Phone   string `json:"phone,omitempty"`
}

// Post is a post or media.
type Post struct {
	ID        string    `json:"id"`
	Account   string    `json:"account"`
	Caption   string    `json:"caption"`
	Picture   string    `json:"picture"` // name under /pictures/
	Permalink string    `json:"permalink"`
	Type      string    `json:"type"`               // FEED, REELS, AD
	Person    string    `json:"person,omitempty"`   // whose it is, where it is not the brand's; then there is no account
	Mentions  string    `json:"mentions,omitempty"` // the account that its caption mentions
	At        time.Time `json:"at"`
}

// Comment is a comment under a post.
type Comment struct {
	ID      string    `json:"id"`
	Account string    `json:"account"`
	Post    string    `json:"post"`
	Parent  string    `json:"parent,omitempty"`
	Person  string    `json:"person,omitempty"` // empty: the brand itself
	Text    string    `json:"text"`
	Hidden  bool      `json:"hidden"`
	Deleted bool      `json:"deleted"`
	Replied bool      `json:"private_reply"` // the one private reply was made
	At      time.Time `json:"at"`

	Mentions string `json:"mentions,omitempty"` // the account it mentions, on somebody else's post
}

// Person is a customer.
type Person struct {
	ID       string `json:"id"` // the same key on all channels of the rehearsal
	Name     string `json:"name"`
	Username string `json:"username"`
	Language string `json:"language"`
	Phone    string `json:"phone"` // digits
}

// Ids of a person as the networks give them out; on Facebook the commenter's id and the one on the
// private side differ, as they may on the real network.
func (p Person) commenter() string { return "55" + p.ID }
func (p Person) psid() string      { return "66" + p.ID }
func (p Person) igsid() string     { return "77" + p.ID }
func (p Person) bsuid() string     { return "AU.1000000000" + p.ID }

// Message is a direct message or WhatsApp message.
type Message struct {
	ID       string    `json:"id"`
	Account  string    `json:"account"`
	Person   string    `json:"person"`
	FromUs   bool      `json:"from_brand"`
	Type     string    `json:"type"`
	Text     string    `json:"text"`
	File     string    `json:"file,omitempty"` // what an uploaded file is called
	Buttons  []Button  `json:"buttons,omitempty"`
	List     *List     `json:"list,omitempty"`
	Link     *Button   `json:"link,omitempty"` // title and address
	Template string    `json:"template,omitempty"`
	Status   string    `json:"status,omitempty"` // sent, delivered, read, failed
	Error    int       `json:"error,omitempty"`
	Comment  string    `json:"comment,omitempty"` // a private reply to this comment
	Token    string    `json:"-"`
	Opaque   string    `json:"opaque,omitempty"`
	Deleted  bool      `json:"deleted,omitempty"`
	At       time.Time `json:"at"`
}

// Button is something the customer can tap.
type Button struct {
	ID    string `json:"id"`
	Title string `json:"title"`
}

// List is a WhatsApp list.
type List struct {
	Button string   `json:"button"`
	Rows   []Button `json:"rows"`
}

// Template is a WhatsApp template.
type Template struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Language   string `json:"language"`
	Category   string `json:"category"`
	Status     string `json:"status"`
	Body       string `json:"body"`
	Quality    string `json:"quality,omitempty"` // empty: GREEN
	Reason     string `json:"reason,omitempty"`
	Components any    `json:"components"`

	Edits []time.Time `json:"edits,omitempty"` // while it was approved
}

// Call is a Graph call as it was received, without its token.
type Call struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Body   string `json:"body,omitempty"`
	Status int    `json:"status"`
	Code   int    `json:"code,omitempty"`
}

// Webhook is a body to be delivered, exactly these bytes.
type Webhook struct {
	ID   int    `json:"id"`
	Body string `json:"body"`
}

type state struct {
	Seq       int
	accounts  map[string]*Account
	posts     map[string]*Post
	comments  map[string]*Comment
	people    map[string]*Person
	messages  map[string]*Message
	templates map[string]*Template
	leads     map[string]*Lead
	files     map[string]*File
	uploads   map[string]*Upload
	calls     []Call
	pending   map[int]*Webhook
	stopped   map[string]bool
	started   time.Time
}

func newState() *state {
	st := &state{accounts: map[string]*Account{}, posts: map[string]*Post{}, comments: map[string]*Comment{}, people: map[string]*Person{}, messages: map[string]*Message{},
		templates: map[string]*Template{}, leads: map[string]*Lead{}, files: map[string]*File{}, uploads: map[string]*Upload{}, pending: map[int]*Webhook{}, stopped: map[string]bool{}}
	for _, a := range DemoAccounts() {
		st.accounts[a.ID] = &a
	}
	return st
}

// keptCalls bounds the list of calls shown by the control API; the log has them all.
const keptCalls = 2000

func (st *state) apply(e entry) {
	st.Seq = e.Seq
	if st.started.IsZero() {
		st.started = e.At
	}
	switch {
	case e.Post != nil:
		st.posts[e.Post.ID] = e.Post
	case e.Comment != nil:
		st.comments[e.Comment.ID] = e.Comment
	case e.Person != nil:
		st.people[e.Person.ID] = e.Person
	case e.Message != nil:
		st.messages[e.Message.ID] = e.Message
	case e.Template != nil:
		st.templates[e.Template.ID] = e.Template
	case e.Lead != nil:
		st.leads[e.Lead.ID] = e.Lead
	case e.File != nil:
		st.files[e.File.ID] = e.File
	case e.Upload != nil:
		st.uploads[e.Upload.ID] = e.Upload
	case e.Call != nil:
		st.calls = append(st.calls, *e.Call)
		if len(st.calls) > keptCalls {
			st.calls = st.calls[len(st.calls)-keptCalls:]
		}
	case e.Sent != 0:
		delete(st.pending, e.Sent)
	case e.Stopped != "":
		st.stopped[e.Stopped] = true
	case e.Resumed != "":
		delete(st.stopped, e.Resumed)
	}
	if e.Webhook != nil {
		st.pending[e.Webhook.ID] = e.Webhook
	}
}

func (st *state) id(prefix string) string { return fmt.Sprintf("%s%09d", prefix, st.Seq+1) }

// lastFrom is when the person last wrote on the account: it opens the window.
func (st *state) lastFrom(account, person string) time.Time {
	var last time.Time
	for _, m := range st.messages {
		if m.Account == account && m.Person == person && !m.FromUs && m.At.After(last) {
			last = m.At
		}
	}
	return last
}

func sorted[T any](m map[string]*T, keep func(*T) bool, less func(a, b *T) bool) []*T {
	out := []*T{}
	for _, v := range m {
		if keep(v) {
			out = append(out, v)
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return less(out[i], out[j]) })
	return out
}

// person finds who an id of an account's network belongs to.
func (st *state) person(id string) *Person {
	for _, p := range st.people {
		if id == p.psid() || id == p.igsid() || id == p.commenter() || id == p.bsuid() || id == p.Phone || id == "+"+p.Phone {
			return p
		}
	}
	return nil
}
