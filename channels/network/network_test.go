package network

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"ponte/channels"
)

type localOnly struct{ next http.RoundTripper }

func (l localOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() != "127.0.0.1" {
		return nil, errors.New("a test called " + r.URL.Hostname())
	}
	return l.next.RoundTrip(r)
}

// graph is a server that answers by method and path (with query, where the answer depends on it) and
// keeps what it was asked.
type graph struct {
	*httptest.Server
	mu      sync.Mutex
	answers map[string]string // "GET /v25.0/30_41" → body; one that begins with a status code sets it
	asked   []asked
}

type asked struct {
	line, body, auth string
}

func newGraph(t *testing.T, answers map[string]string) *graph {
	t.Helper()
	g := &graph{answers: answers}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		line := r.Method + " " + r.URL.Path
		g.mu.Lock()
		full := line
		if r.URL.RawQuery != "" {
			full += "?" + r.URL.Query().Encode()
		}
		g.asked = append(g.asked, asked{full, string(body), r.Header.Get("Authorization")})
		answer, ok := g.answers[full]
		if !ok {
			answer, ok = g.answers[line]
		}
		g.mu.Unlock()
		switch {
		case !ok:
			w.WriteHeader(http.StatusBadRequest)
			answer = `{"error":{"code":100,"error_subcode":33}}`
		case strings.HasPrefix(answer, "400 "):
			w.WriteHeader(http.StatusBadRequest)
			answer = answer[4:]
		}
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *graph) lines() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var out []string
	for _, a := range g.asked {
		out = append(out, a.line)
	}
	return out
}

func newNetwork() *Network {
	n := New(5 * time.Second)
	n.Client.HTTP.Transport = localOnly{n.Client.HTTP.Transport}
	return n
}

const (
	pageID  = "1100000000000001"
	igID    = "17841400000000001"
	phoneID = "210000000000001"
	wabaID  = "200000000000001"
)

func accounts(base string) map[string]channels.Account {
	base += "/v25.0"
	return map[string]channels.Account{
		"facebook":       {Channel: channels.Facebook, ID: pageID, BaseURL: base, Token: "tok"},
		"instagram":      {Channel: channels.Instagram, ID: igID, BaseURL: base, Token: "tok"},
		"instagram/page": {Channel: channels.Instagram, ID: igID, Page: pageID, BaseURL: base, Token: "tok"},
		"whatsapp":       {Channel: channels.WhatsApp, ID: phoneID, WABA: wabaID, BaseURL: base, Token: "tok"},
	}
}

func TestExactRequests(t *testing.T) {
	const (
		ok   = `{"success":true}`
		sent = `{"recipient_id":"66","message_id":"m_9"}`
		wa   = `{"messaging_product":"whatsapp","contacts":[{"input":"+34600000001","wa_id":"34600000001"}],"messages":[{"id":"wamid.9"}]}`
	)
	cases := []struct {
		name, account string
		call          channels.Call
		line, body    string
		answer        string
		want          channels.Result
	}{
		{"reply on a Page", "facebook", channels.Call{Kind: channels.ReplyToComment, CommentID: "30_41", Text: "Ciao"},
			"POST /v25.0/30_41/comments", `{"message":"Ciao"}`, `{"id":"30_42"}`, channels.Result{ID: "30_42"}},
		{"reply on Instagram", "instagram", channels.Call{Kind: channels.ReplyToComment, CommentID: "1790", Text: "Ciao"},
			"POST /v25.0/1790/replies", `{"message":"Ciao"}`, `{"id":"1791"}`, channels.Result{ID: "1791"}},
		{"hide on a Page", "facebook", channels.Call{Kind: channels.HideComment, CommentID: "30_41"}, "POST /v25.0/30_41", `{"is_hidden":true}`, ok, channels.Result{}},
		{"unhide on a Page", "facebook", channels.Call{Kind: channels.UnhideComment, CommentID: "30_41"}, "POST /v25.0/30_41", `{"is_hidden":false}`, ok, channels.Result{}},
		{"hide on Instagram", "instagram", channels.Call{Kind: channels.HideComment, CommentID: "1790"}, "POST /v25.0/1790?hide=true", ``, ok, channels.Result{}},
		{"unhide on Instagram", "instagram", channels.Call{Kind: channels.UnhideComment, CommentID: "1790"}, "POST /v25.0/1790?hide=false", ``, ok, channels.Result{}},
		{"delete", "instagram", channels.Call{Kind: channels.DeleteComment, CommentID: "1790"}, "DELETE /v25.0/1790", ``, ok, channels.Result{}},
		{"private reply on a Page", "facebook", channels.Call{Kind: channels.PrivateReply, CommentID: "30_41", Text: "Ti scriviamo", Token: "t1"},
			"POST /v25.0/" + pageID + "/messages", `{"recipient":{"comment_id":"30_41"},"message":{"text":"Ti scriviamo","metadata":"t1"}}`, sent, channels.Result{ID: "m_9", Recipient: "66"}},
		{"private reply with a link", "instagram", channels.Call{Kind: channels.PrivateReply, CommentID: "1790", Text: "Qui", Link: &channels.Link{Title: "Scrivici su WhatsApp ora", URL: "https://wa.me/34900000001"}},
			"POST /v25.0/" + igID + "/messages", `{"recipient":{"comment_id":"1790"},"message":{"attachment":{"type":"template","payload":{"template_type":"button","text":"Qui","buttons":[{"type":"web_url","title":"Scrivici su WhatsAp…","url":"https://wa.me/34900000001"}]}}}}`,
			sent, channels.Result{ID: "m_9", Recipient: "66"}},
		{"message on Messenger", "facebook", channels.Call{Kind: channels.SendMessage, To: "66", Text: "Hola", Token: "t2", ReplyTo: "m_1", Buttons: []channels.Button{{ID: "A", Title: "Sí"}}},
			"POST /v25.0/" + pageID + "/messages", `{"recipient":{"id":"66"},"messaging_type":"RESPONSE","reply_to":{"mid":"m_1"},"message":{"text":"Hola","metadata":"t2","quick_replies":[{"content_type":"text","title":"Sí","payload":"A"}]}}`,
			sent, channels.Result{ID: "m_9", Recipient: "66"}},
		{"a person's late answer on Instagram through its Page", "instagram/page", channels.Call{Kind: channels.SendMessage, To: "77", Text: "Hola", HumanAgent: true},
			"POST /v25.0/" + pageID + "/messages", `{"recipient":{"id":"77"},"messaging_type":"MESSAGE_TAG","tag":"HUMAN_AGENT","message":{"text":"Hola"}}`, sent, channels.Result{ID: "m_9", Recipient: "66"}},
		{"a file on Messenger", "facebook", channels.Call{Kind: channels.SendMessage, To: "66", Media: &channels.Media{Type: "document", URL: "https://example.org/f.pdf"}},
			"POST /v25.0/" + pageID + "/messages", `{"recipient":{"id":"66"},"messaging_type":"RESPONSE","message":{"attachment":{"type":"file","payload":{"url":"https://example.org/f.pdf","is_reusable":false}}}}`, sent, channels.Result{ID: "m_9", Recipient: "66"}},
		{"mark seen", "facebook", channels.Call{Kind: channels.MarkRead, To: "66"}, "POST /v25.0/" + pageID + "/messages", `{"recipient":{"id":"66"},"sender_action":"mark_seen"}`, `{"recipient_id":"66"}`, channels.Result{}},
		{"typing", "facebook", channels.Call{Kind: channels.Typing, To: "66"}, "POST /v25.0/" + pageID + "/messages", `{"recipient":{"id":"66"},"sender_action":"typing_on"}`, `{"recipient_id":"66"}`, channels.Result{}},
		{"block on a Page", "facebook", channels.Call{Kind: channels.BlockUser, To: "66"}, "POST /v25.0/" + pageID + "/blocked", `{"psid":"66"}`, `{"66":true}`, channels.Result{}},
		{"unblock on a Page", "facebook", channels.Call{Kind: channels.UnblockUser, To: "66"}, "DELETE /v25.0/" + pageID + "/blocked?psid=66", ``, ok, channels.Result{}},

		{"WhatsApp text to a phone", "whatsapp", channels.Call{Kind: channels.SendMessage, To: "ES.1", Phone: "34600000001", Text: "Hola", Token: "job-42", ReplyTo: "wamid.1"},
			"POST /v25.0/" + phoneID + "/messages", `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+34600000001","type":"text","text":{"body":"Hola","preview_url":false},"biz_opaque_callback_data":"job-42","context":{"message_id":"wamid.1"}}`,
			wa, channels.Result{ID: "wamid.9", Recipient: "34600000001"}},
		{"WhatsApp text to a user id", "whatsapp", channels.Call{Kind: channels.SendMessage, To: "ES.1000", Text: "Hola"},
			"POST /v25.0/" + phoneID + "/messages", `{"messaging_product":"whatsapp","recipient_type":"individual","recipient":"ES.1000","type":"text","text":{"body":"Hola","preview_url":false}}`,
			`{"contacts":[{"input":"ES.1000","user_id":"ES.1000"}],"messages":[{"id":"wamid.9"}]}`, channels.Result{ID: "wamid.9", Recipient: "ES.1000"}},
		{"WhatsApp buttons", "whatsapp", channels.Call{Kind: channels.SendMessage, Phone: "34600000001", Text: "Offers?", Buttons: []channels.Button{{ID: "YES", Title: "Ja, ich möchte Angebote"}, {ID: "NO", Title: "Nein"}}},
			"POST /v25.0/" + phoneID + "/messages", `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+34600000001","type":"interactive","interactive":{"type":"button","body":{"text":"Offers?"},"action":{"buttons":[{"type":"reply","reply":{"id":"YES","title":"Ja, ich möchte Ange…"}},{"type":"reply","reply":{"id":"NO","title":"Nein"}}]}}}`,
			wa, channels.Result{ID: "wamid.9", Recipient: "34600000001"}},
		{"WhatsApp buttons under a picture", "whatsapp", channels.Call{Kind: channels.SendMessage, Phone: "34600000001", Text: "This one?", Media: &channels.Media{Type: "image", ID: "31"}, Buttons: []channels.Button{{ID: "Y", Title: "Yes"}}},
			"POST /v25.0/" + phoneID + "/messages", `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+34600000001","type":"interactive","interactive":{"type":"button","header":{"type":"image","image":{"id":"31"}},"body":{"text":"This one?"},"action":{"buttons":[{"type":"reply","reply":{"id":"Y","title":"Yes"}}]}}}`,
			wa, channels.Result{ID: "wamid.9", Recipient: "34600000001"}},
		{"WhatsApp list", "whatsapp", channels.Call{Kind: channels.SendMessage, Phone: "34600000001", Text: "Which?", List: &channels.List{Button: "Choose", Rows: []channels.ListRow{{ID: "a", Title: "One", Description: "first"}, {ID: "b", Title: "Two"}}}},
			"POST /v25.0/" + phoneID + "/messages", `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+34600000001","type":"interactive","interactive":{"type":"list","body":{"text":"Which?"},"action":{"button":"Choose","sections":[{"rows":[{"id":"a","title":"One","description":"first"},{"id":"b","title":"Two"}]}]}}}`,
			wa, channels.Result{ID: "wamid.9", Recipient: "34600000001"}},
		{"WhatsApp link", "whatsapp", channels.Call{Kind: channels.SendMessage, Phone: "34600000001", Text: "Map", Link: &channels.Link{Title: "Open", URL: "https://example.org"}},
			"POST /v25.0/" + phoneID + "/messages", `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+34600000001","type":"interactive","interactive":{"type":"cta_url","body":{"text":"Map"},"action":{"name":"cta_url","parameters":{"display_text":"Open","url":"https://example.org"}}}}`,
			wa, channels.Result{ID: "wamid.9", Recipient: "34600000001"}},
		{"WhatsApp document", "whatsapp", channels.Call{Kind: channels.SendMessage, Phone: "34600000001", Text: "Prices", Media: &channels.Media{Type: "document", URL: "https://example.org/p.pdf", Filename: "p.pdf"}},
			"POST /v25.0/" + phoneID + "/messages", `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+34600000001","type":"document","document":{"link":"https://example.org/p.pdf","filename":"p.pdf","caption":"Prices"}}`,
			wa, channels.Result{ID: "wamid.9", Recipient: "34600000001"}},
		{"WhatsApp template", "whatsapp", channels.Call{Kind: channels.SendTemplate, Phone: "34600000001", Template: &channels.TemplateSend{Name: "hello", Language: "es", Components: json.RawMessage(`[{"type":"body","parameters":[{"type":"text","text":"Ana"}]}]`)}},
			"POST /v25.0/" + phoneID + "/messages", `{"messaging_product":"whatsapp","recipient_type":"individual","to":"+34600000001","type":"template","template":{"name":"hello","language":{"code":"es"},"components":[{"type":"body","parameters":[{"type":"text","text":"Ana"}]}]}}`,
			`{"contacts":[{"wa_id":"34600000001"}],"messages":[{"id":"wamid.9","message_status":"held_for_quality_assessment"}]}`, channels.Result{ID: "wamid.9", Recipient: "34600000001", Status: "held_for_quality_assessment"}},
		{"WhatsApp read with typing", "whatsapp", channels.Call{Kind: channels.Typing, MessageID: "wamid.1"},
			"POST /v25.0/" + phoneID + "/messages", `{"messaging_product":"whatsapp","status":"read","message_id":"wamid.1","typing_indicator":{"type":"text"}}`, ok, channels.Result{}},
		{"WhatsApp read", "whatsapp", channels.Call{Kind: channels.MarkRead, MessageID: "wamid.1"},
			"POST /v25.0/" + phoneID + "/messages", `{"messaging_product":"whatsapp","status":"read","message_id":"wamid.1"}`, ok, channels.Result{}},
		{"WhatsApp block", "whatsapp", channels.Call{Kind: channels.BlockUser, Phone: "34600000001"},
			"POST /v25.0/" + phoneID + "/block_users", `{"messaging_product":"whatsapp","block_users":[{"user":"+34600000001"}]}`, `{"block_users":{}}`, channels.Result{}},
		{"WhatsApp unblock", "whatsapp", channels.Call{Kind: channels.UnblockUser, To: "ES.1"},
			"DELETE /v25.0/" + phoneID + "/block_users", `{"messaging_product":"whatsapp","block_users":[{"user":"ES.1"}]}`, `{"block_users":{}}`, channels.Result{}},
		{"template for review", "whatsapp", channels.Call{Kind: channels.SubmitTemplate, Definition: json.RawMessage(`{"name":"hello","language":"es","category":"UTILITY","components":[]}`)},
			"POST /v25.0/" + wabaID + "/message_templates", `{"name":"hello","language":"es","category":"UTILITY","components":[]}`, `{"id":"12","status":"PENDING","category":"MARKETING"}`, channels.Result{ID: "12", Status: "PENDING", Category: "MARKETING"}},
		{"template edited", "whatsapp", channels.Call{Kind: channels.EditTemplate, TemplateID: "12", Definition: json.RawMessage(`{"name":"hello","language":"es","parameter_format":"NAMED","category":"UTILITY","components":[]}`)},
			"POST /v25.0/12", `{"category":"UTILITY","components":[]}`, ok, channels.Result{ID: "12", Status: "PENDING"}},
		{"template deleted", "whatsapp", channels.Call{Kind: channels.DeleteTemplate, TemplateID: "12", Definition: json.RawMessage(`{"name":"hello","language":"es"}`)},
			"DELETE /v25.0/" + wabaID + "/message_templates?hsm_id=12&name=hello", "", ok, channels.Result{ID: "12", Status: "DELETED"}},
		{"template resumed", "whatsapp", channels.Call{Kind: channels.ResumeTemplate, TemplateID: "12"}, "POST /v25.0/12/unpause", `{}`, ok, channels.Result{ID: "12", Status: "APPROVED"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newGraph(t, map[string]string{c.line: c.answer})
			got, err := newNetwork().Do(context.Background(), accounts(g.URL)[c.account], c.call)
			if err != nil {
				t.Fatalf("%v; asked %v", err, g.lines())
			}
			if got != c.want {
				t.Errorf("result %+v, want %+v", got, c.want)
			}
			if len(g.asked) != 1 || g.asked[0].line != c.line || g.asked[0].auth != "Bearer tok" {
				t.Fatalf("asked %+v, want %s", g.asked, c.line)
			}
			if !sameJSON(g.asked[0].body, c.body) {
				t.Errorf("body\n%s\nwant\n%s", g.asked[0].body, c.body)
			}
		})
	}
}

func sameJSON(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// What the network would refuse never leaves, and the reader learns what to change.
func TestRefusedBeforeSending(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	msg := channels.Call{Kind: channels.SendMessage, To: "66", Phone: "34600000001", Text: "hi"}
	with := func(change func(*channels.Call)) channels.Call {
		c := msg
		change(&c)
		return c
	}
	buttons := func(n int) []channels.Button {
		var out []channels.Button
		for i := range n {
			out = append(out, channels.Button{ID: long(i + 1), Title: "t"})
		}
		return out
	}
	cases := []struct {
		name, account, reason string
		call                  channels.Call
	}{
		{"1001 bytes on Instagram", "instagram", "too_long", with(func(c *channels.Call) { c.Text = strings.Repeat("ñ", 500) + "x" })},
		{"2001 characters on Messenger", "facebook", "too_long", with(func(c *channels.Call) { c.Text = long(2001) })},
		{"4097 characters on WhatsApp", "whatsapp", "too_long", with(func(c *channels.Call) { c.Text = long(4097) })},
		{"1025 characters above buttons", "whatsapp", "too_long", with(func(c *channels.Call) { c.Text, c.Buttons = long(1025), buttons(1) })},
		{"641 characters above a link", "instagram", "too_long", with(func(c *channels.Call) { c.Text, c.Link = long(641), &channels.Link{Title: "t", URL: "u"} })},
		{"long caption", "whatsapp", "too_long", with(func(c *channels.Call) { c.Text, c.Media = long(1025), &channels.Media{Type: "image", ID: "1"} })},
		{"long public reply", "instagram", "too_long", channels.Call{Kind: channels.ReplyToComment, CommentID: "1", Text: long(2201)}},
		{"very long public reply", "facebook", "too_long", channels.Call{Kind: channels.ReplyToComment, CommentID: "1", Text: long(8001)}},
		{"empty reply", "facebook", "empty", channels.Call{Kind: channels.ReplyToComment, CommentID: "1"}},
		{"empty message", "whatsapp", "empty", with(func(c *channels.Call) { c.Text = "" })},
		{"four WhatsApp buttons", "whatsapp", "too_many_buttons", with(func(c *channels.Call) { c.Buttons = buttons(4) })},
		{"fourteen quick replies", "facebook", "too_many_buttons", with(func(c *channels.Call) { c.Buttons = buttons(14) })},
		{"button without a title", "whatsapp", "bad_button", with(func(c *channels.Call) { c.Buttons = []channels.Button{{ID: "a"}} })},
		{"two buttons alike", "whatsapp", "bad_button", with(func(c *channels.Call) { c.Buttons = []channels.Button{{ID: "a", Title: "x"}, {ID: "a", Title: "y"}} })},
		{"button id too long", "whatsapp", "bad_button", with(func(c *channels.Call) { c.Buttons = []channels.Button{{ID: long(257), Title: "x"}} })},
		{"eleven rows", "whatsapp", "bad_list", with(func(c *channels.Call) { c.List = &channels.List{Button: "b", Rows: make([]channels.ListRow, 11)} })},
		{"no rows", "whatsapp", "bad_list", with(func(c *channels.Call) { c.List = &channels.List{Button: "b"} })},
		{"buttons and a link", "whatsapp", "bad_request", with(func(c *channels.Call) { c.Buttons, c.Link = buttons(1), &channels.Link{Title: "t", URL: "u"} })},
		{"text and file on Messenger", "facebook", "two_messages", with(func(c *channels.Call) { c.Media = &channels.Media{Type: "image", URL: "u"} })},
		{"text beside audio", "whatsapp", "two_messages", with(func(c *channels.Call) { c.Media = &channels.Media{Type: "audio", ID: "1"} })},
		{"unknown file", "whatsapp", "bad_media", with(func(c *channels.Call) { c.Media = &channels.Media{Type: "hologram", ID: "1"} })},
		{"file of nowhere", "whatsapp", "bad_media", with(func(c *channels.Call) { c.Media = &channels.Media{Type: "image"} })},
		{"list on Messenger", "facebook", "not_possible", with(func(c *channels.Call) { c.List = &channels.List{} })},
		{"nobody", "facebook", "no_recipient", with(func(c *channels.Call) { c.To = "" })},
		{"nobody on WhatsApp", "whatsapp", "no_recipient", with(func(c *channels.Call) { c.To, c.Phone = "", "" })},
		{"template of nothing", "whatsapp", "bad_request", channels.Call{Kind: channels.SendTemplate, Phone: "1"}},
		{"template on Instagram", "instagram", "not_possible", channels.Call{Kind: channels.SendTemplate, To: "1", Template: &channels.TemplateSend{Name: "a", Language: "b"}}},
		{"no comment", "facebook", "bad_request", channels.Call{Kind: channels.HideComment}},
		{"private reply to nothing", "facebook", "bad_request", channels.Call{Kind: channels.PrivateReply, Text: "x"}},
		{"private reply on WhatsApp", "whatsapp", "not_possible", channels.Call{Kind: channels.PrivateReply, CommentID: "1", Text: "x"}},
		{"comment on WhatsApp", "whatsapp", "not_possible", channels.Call{Kind: channels.DeleteComment, CommentID: "1"}},
		{"block on Instagram", "instagram", "not_possible", channels.Call{Kind: channels.BlockUser, To: "1"}},
		{"read of nothing", "whatsapp", "bad_request", channels.Call{Kind: channels.MarkRead, To: "ES.1"}},
		{"unknown call", "facebook", "unknown_call", channels.Call{Kind: "dance"}},
		{"a path in an id", "facebook", "bad_address", channels.Call{Kind: channels.HideComment, CommentID: "../me"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			g := newGraph(t, nil)
			_, err := newNetwork().Do(context.Background(), accounts(g.URL)[c.account], c.call)
			var f *channels.Failure
			if !errors.As(err, &f) || f.Class != channels.AskPerson || f.Reason != c.reason || f.Meaning == "" {
				t.Errorf("%v, want reason %s", err, c.reason)
			}
			if f != nil && strings.Contains(f.Meaning, "34600000001") {
				t.Error("the text holds a phone number")
			}
			if len(g.asked) != 0 {
				t.Errorf("it left: %v", g.lines())
			}
		})
	}
}

func TestAnswersWithoutAnID(t *testing.T) {
	calls := map[string]channels.Call{
		"facebook": {Kind: channels.ReplyToComment, CommentID: "30_41", Text: "x"}, "instagram": {Kind: channels.SendMessage, To: "7", Text: "x"}, "whatsapp": {Kind: channels.SendMessage, Phone: "1", Text: "x"}}
	for name, call := range calls {
		g := newGraph(t, map[string]string{"POST /v25.0/30_41/comments": `{}`, "POST /v25.0/" + igID + "/messages": `{"recipient_id":"7"}`, "POST /v25.0/" + phoneID + "/messages": `{"messages":[]}`})
		_, err := newNetwork().Do(context.Background(), accounts(g.URL)[name], call)
		var f *channels.Failure
		if !errors.As(err, &f) || f.Class != channels.Unknown {
			t.Errorf("%s: %v, want an unknown outcome", name, err)
		}
	}
}

// Meta's word that a private reply stands there already says nothing of other calls.
func TestOnlyAPrivateReplyIsDoneByAnother(t *testing.T) {
	for kind, done := range map[channels.CallKind]bool{channels.PrivateReply: true, channels.ReplyToComment: false, channels.HideComment: false} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			_, _ = w.Write([]byte(`{"error":{"code":10900}}`))
		}))
		_, err := New(5*time.Second).Do(t.Context(), channels.Account{Channel: channels.Facebook, ID: "11", BaseURL: s.URL, Token: "t"},
			channels.Call{Kind: kind, Channel: channels.Facebook, CommentID: "30_41", Text: "hello", Token: "tok"})
		s.Close()
		var f *channels.Failure
		if !errors.As(err, &f) || f.Reason != "already_replied" || f.Done != done {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestDeletingWhatIsGone(t *testing.T) {
	g := newGraph(t, nil)
	_, err := newNetwork().Do(context.Background(), accounts(g.URL)["facebook"], channels.Call{Kind: channels.DeleteComment, CommentID: "30_41"})
	var f *channels.Failure
	if !errors.As(err, &f) || !f.Done {
		t.Errorf("%v: a comment that is gone already is deleted", err)
	}
}
