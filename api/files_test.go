package api_test

import (
	"fmt"
	"strings"
	"testing"

	"ponte/api"
	"ponte/auth"
	"ponte/channels"
)

type kept struct {
	ID        int64
	Name, URL string
	Type      string
}

const tinyPNG = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01"

// TestAFileGoesWithOneReply from the upload to the call, and cannot go twice.
func TestAFileGoesWithOneReply(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	agent := s.cookie[auth.Agent]
	var f kept
	s.must(200, "POST", s.home.talk("files")+"?name=../menu%E2%80%AE.png", agent, tinyPNG, &f)
	if f.Type != "image" || f.Name != "menu.png" {
		t.Fatalf("%+v", f)
	}
	if got := s.must(200, "GET", f.URL, agent, nil, nil); got != tinyPNG {
		t.Errorf("the preview shows %q", got)
	}
	elsewhere := s.session(s.addUser(s.other.id, "elsewhere@ponte.example", auth.Agent))
	for address, want := range map[string]int{f.URL: 403, strings.Split(f.URL, "?")[0]: 404} { // not a member there; not in the own workspace
		if res := s.do("GET", address, elsewhere, nil); res.status != want {
			t.Errorf("another workspace sees %s: %d", address, res.status)
		}
	}
	var m api.Message
	s.must(200, "POST", s.home.talk("messages"), agent, map[string]any{"text": "our menu", "revision": 3, "file_id": f.ID}, &m)
	if m.Type != "image" || m.Text != "our menu" {
		t.Errorf("%+v", m)
	}
	call := s.text(`SELECT call::text FROM actions WHERE id = $1`, m.Action.ID)
	for _, want := range []string{`"type": "image"`, `"filename": "menu.png"`, `"mime": "image/png"`, `"text": "our menu"`, strings.TrimPrefix(strings.Split(f.URL, "?")[0], "/media/")} {
		if !strings.Contains(call, want) {
			t.Errorf("the call %s has no %s", call, want)
		}
	}
	var page api.Page[api.Message]
	s.must(200, "GET", s.home.talk("messages"), agent, nil, &page)
	if last := page.Items[len(page.Items)-1]; len(last.Detail.Attachments) != 1 || last.Detail.Attachments[0].URL != f.URL || last.Detail.Attachments[0].Name != "menu.png" {
		t.Errorf("the thread shows %+v", last.Detail)
	}
	s.must(404, "POST", s.home.talk("messages"), agent, map[string]any{"text": "", "revision": 4, "file_id": f.ID}, nil)
}

func TestAFileThatTheNetworkWouldNotTake(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	agent := s.cookie[auth.Agent]
	for name, c := range map[string]struct{ file, body, says string }{
		"a page called a picture": {"a.png", "<html><script>alert(1)</script></html>", "takes no files of the type text/html"},
		"too large for a picture": {"a.png", tinyPNG + strings.Repeat("\x00", 5<<20), "at most 5 MB"},
		"nothing":                 {"a.png", "", "send a file"},
	} {
		res := s.do("POST", s.home.talk("files")+"?name="+c.file, agent, c.body)
		if res.status != 422 && res.status != 400 || !strings.Contains(res.body, c.says) {
			t.Errorf("%s: %d %s", name, res.status, res.body)
		}
	}
	if res := s.do("POST", s.home.talk("files"), agent, tinyPNG+strings.Repeat("\x00", channels.MaxFile)); res.status < 400 {
		t.Errorf("more than anything takes: %d", res.status)
	}
	s.exec(`UPDATE conversations SET channel = 'instagram' WHERE id = $1`, s.home.conversation)
	s.exec(`UPDATE threads SET channel = 'instagram' WHERE id = $1`, s.home.thread)
	var f kept
	s.must(200, "POST", s.home.talk("files")+"?name=a.png", agent, tinyPNG, &f)
	if res := s.do("POST", s.home.talk("messages"), agent, map[string]any{"text": "and words", "revision": 3, "file_id": f.ID}); res.status != 422 && res.status != 400 {
		t.Errorf("a text beside a file on Instagram: %d %s", res.status, res.body)
	}
	s.must(200, "POST", s.home.talk("messages"), agent, map[string]any{"text": "", "revision": 3, "file_id": f.ID}, nil) // it is still there after the refusal
	if n := s.text(`SELECT count(*)::text FROM uploads`); n != "0" {
		t.Errorf("%s uploads are left", n)
	}
}

// TestAFileOfAnotherConversation is not there for this one, and no role that does not answer brings any.
func TestAFileOfAnotherConversation(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	other := s.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, opened_at, last_message_at, state, resolved_at) VALUES ($1, $2, 'whatsapp', $3, $4, now(), now(), 'resolved', now()) RETURNING id`, s.home.id, s.home.whatsapp, s.home.thread, s.home.contact)
	var f kept
	s.must(200, "POST", fmt.Sprintf("/api/v1/conversations/%d/files?name=a.png", other), s.cookie[auth.Agent], tinyPNG, &f)
	s.must(404, "POST", s.home.talk("messages"), s.cookie[auth.Agent], map[string]any{"text": "", "revision": 3, "file_id": f.ID}, nil)
	for _, role := range []auth.Role{auth.Analyst, auth.Moderator} {
		s.must(403, "POST", s.home.talk("files")+"?name=a.png", s.cookie[role], tinyPNG, nil)
	}
	s.exec(`UPDATE conversations SET root_comment_id = $2, thread_id = NULL, channel = 'instagram' WHERE id = $1`, s.home.conversation, s.home.comment)
	var c api.ConversationDetail
	s.must(200, "GET", s.home.talk(""), s.cookie[auth.Agent], nil, &c)
	if len(c.Files) != 0 {
		t.Errorf("a comment thread offers files: %+v", c.Files)
	}
	if res := s.do("POST", s.home.talk("files")+"?name=a.png", s.cookie[auth.Agent], tinyPNG); res.status < 400 {
		t.Errorf("a comment thread takes a file: %d", res.status)
	}
}
