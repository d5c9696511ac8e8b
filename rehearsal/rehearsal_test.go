package rehearsal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// stage is a stand-in with a receiver for its webhooks.
type stage struct {
	*Server
	t      *testing.T
	http   *httptest.Server
	mu     sync.Mutex
	bodies []string
	signed []string
	refuse int // webhooks to answer with 500 first
}

func newStage(t *testing.T) *stage {
	t.Helper()
	st := &stage{t: t}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		st.mu.Lock()
		defer st.mu.Unlock()
		if st.refuse > 0 {
			st.refuse--
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		st.bodies = append(st.bodies, string(b))
		st.signed = append(st.signed, r.Header.Get("X-Hub-Signature-256"))
	}))
	t.Cleanup(hook.Close)
	s, err := New(Options{DataDir: t.TempDir(), WebhookURL: hook.URL, AppID: "900000000000001", AppSecret: "s3cr3t", Control: true, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	st.Server = s
	st.http = httptest.NewServer(s.Handler())
	t.Cleanup(st.http.Close)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.deliver(ctx) }()
	t.Cleanup(func() { cancel(); <-done; _ = s.Close() })
	return st
}

func (s *stage) call(method, path, token string, body any) (int, map[string]any) {
	s.t.Helper()
	b, _ := json.Marshal(body)
	req, _ := http.NewRequest(method, s.http.URL+path, bytes.NewReader(b))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	var out map[string]any
	_ = json.NewDecoder(res.Body).Decode(&out)
	return res.StatusCode, out
}

func (s *stage) code(out map[string]any) (code, subcode float64) {
	e, _ := out["error"].(map[string]any)
	code, _ = e["code"].(float64)
	subcode, _ = e["error_subcode"].(float64)
	return code, subcode
}

func (s *stage) hooks(n int) []string {
	s.t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		s.mu.Lock()
		got := append([]string(nil), s.bodies...)
		s.mu.Unlock()
		if len(got) >= n {
			return got
		}
	}
	s.t.Fatalf("fewer than %d webhooks came", n)
	return nil
}

func (s *stage) instagramPost() string {
	for _, p := range s.st.posts {
		if p.Account == DemoInstagram {
			return p.ID
		}
	}
	return ""
}

func TestACommentIsAnnouncedSignedAndKeptUntilTaken(t *testing.T) {
	s := newStage(t)
	s.mu.Lock()
	s.refuse = 2
	s.mu.Unlock()
	status, out := s.call("POST", "/control/comment", "", map[string]any{"post": s.instagramPost(), "person": "0000000002", "text": "Info per favore 🙏"})
	if status != 200 {
		t.Fatal(out)
	}
	body := s.hooks(1)[0]
	if !strings.Contains(body, `Info per favore \ud83d\ude4f`) || s.signed[0] != s.sign(body) {
		t.Errorf("the webhook is not escaped and signed as Meta's are: %s", body)
	}
}

func TestOnePrivateReplyAComment(t *testing.T) {
	s := newStage(t)
	_, out := s.call("POST", "/control/comment", "", map[string]any{"post": s.instagramPost(), "person": "0000000002", "text": "info"})
	body := map[string]any{"recipient": map[string]any{"comment_id": out["id"]}, "message": map[string]any{"text": "Ciao! https://wa.me/61491570156?text=Ciao%20Rif%3A%20X"}}
	if status, out := s.call("POST", "/v25.0/"+DemoInstagram+"/messages", "rehearsal-instagram", body); status != 200 || out["recipient_id"] != "770000000002" {
		t.Fatalf("%d %v", status, out)
	}
	if _, out := s.call("POST", "/"+DemoInstagram+"/messages", "rehearsal-instagram", body); true {
		if code, sub := s.code(out); code != 100 || sub != 2534025 {
			t.Errorf("second private reply: %v", out)
		}
	}
	direct := map[string]any{"recipient": map[string]any{"id": "770000000002"}, "message": map[string]any{"text": "hello"}}
	if _, out := s.call("POST", "/"+DemoInstagram+"/messages", "rehearsal-instagram", direct); true {
		if code, sub := s.code(out); code != 10 || sub != 2534022 {
			t.Errorf("outside the window: %v", out)
		}
	}
	s.call("POST", "/control/dm", "", map[string]any{"account": DemoInstagram, "person": "0000000002", "text": "grazie"})
	if status, out := s.call("POST", "/"+DemoInstagram+"/messages", "rehearsal-instagram", direct); status != 200 {
		t.Errorf("inside the window: %v", out)
	}
}

func TestWhatsAppKeepsItsRules(t *testing.T) {
	s := newStage(t)
	text := map[string]any{"messaging_product": "whatsapp", "to": "+393331110002", "type": "text", "text": map[string]any{"body": "ciao"}, "biz_opaque_callback_data": "job-1"}
	if status, _ := s.call("POST", "/"+DemoNumber+"/messages", "rehearsal-whatsapp", text); status != 200 {
		t.Fatal("a message outside the window is accepted, and fails afterwards")
	}
	if body := s.hooks(1)[0]; !strings.Contains(body, `"failed"`) || !strings.Contains(body, "131047") || !strings.Contains(body, "job-1") {
		t.Errorf("status: %s", body)
	}
	s.call("POST", "/control/whatsapp", "", map[string]any{"person": "0000000002", "text": "ciao"})
	s.call("POST", "/"+DemoNumber+"/messages", "rehearsal-whatsapp", text)
	if got := strings.Join(s.hooks(5)[2:], ""); !strings.Contains(got, `"delivered"`) || !strings.Contains(got, `"read"`) {
		t.Errorf("statuses: %s", got)
	}
	wrong := map[string]any{"messaging_product": "whatsapp", "to": "+393331110002", "type": "template", "template": map[string]any{"name": "booking_confirmation", "language": map[string]any{"code": "it"}}}
	if _, out := s.call("POST", "/"+DemoNumber+"/messages", "rehearsal-whatsapp", wrong); true {
		if code, _ := s.code(out); code != 132000 {
			t.Errorf("missing parameters: %v", out)
		}
	}
	four := map[string]any{"messaging_product": "whatsapp", "to": "+393331110002", "type": "interactive", "interactive": map[string]any{"type": "button", "body": map[string]any{"text": "x"},
		"action": map[string]any{"buttons": []any{map[string]any{"type": "reply", "reply": map[string]any{"id": "1", "title": "a title of more than twenty"}}}}}}
	if _, out := s.call("POST", "/"+DemoNumber+"/messages", "rehearsal-whatsapp", four); true {
		if code, _ := s.code(out); code != 131009 {
			t.Errorf("long title: %v", out)
		}
	}
	if _, out := s.call("POST", "/"+DemoNumber+"/messages", "wrong", text); true {
		if code, _ := s.code(out); code != 190 {
			t.Errorf("wrong token: %v", out)
		}
	}
}

// A template is charged by its own category: an offer as marketing, a service only where the person had not written.
func TestTemplatesAreChargedByTheirCategory(t *testing.T) {
	s := newStage(t)
	send := func(name string, values ...any) {
		t.Helper()
		body := map[string]any{"messaging_product": "whatsapp", "to": "+61491570157", "type": "template", "template": map[string]any{"name": name, "language": map[string]any{"code": "en"},
			"components": []any{map[string]any{"type": "body", "parameters": values}}}}
		if status, out := s.call("POST", "/"+DemoNumber+"/messages", "rehearsal-whatsapp", body); status != 200 {
			t.Fatalf("%s: %v", name, out)
		}
	}
	value := func(text string) any { return map[string]any{"type": "text", "text": text} }
	send("spring_offer", value("Olivia"))
	send("booking_confirmation", value("Olivia"), value("Friday"))
	s.hooks(6)
	s.call("POST", "/control/whatsapp", "", map[string]any{"person": "0000000001", "text": "thanks"})
	send("booking_confirmation", value("Olivia"), value("Friday"))
	send("spring_offer", value("Olivia"))
	var got []string
	for _, body := range s.hooks(13) {
		if !strings.Contains(body, `"sent"`) {
			continue
		}
		for _, category := range []string{"marketing", "utility", "service"} {
			for _, kind := range []string{"regular", "free_customer_service"} {
				if strings.Contains(body, `"category":"`+category+`"`) && strings.Contains(body, `"type":"`+kind+`"`) {
					got = append(got, category+" "+kind)
				}
			}
		}
	}
	if want := "marketing regular, utility regular, utility free_customer_service, marketing regular"; strings.Join(got, ", ") != want {
		t.Errorf("charged as %v, want %s", got, want)
	}
}

func TestTheLogSurvivesAKill(t *testing.T) {
	dir := t.TempDir()
	open := func() *Server {
		s, err := New(Options{DataDir: dir, WebhookURL: "http://127.0.0.1:1", Demo: true, Control: true})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	people, posts := len(s.st.people), len(s.st.posts)
	post := ""
	for id := range s.st.posts {
		post = id
	}
	s.mu.Lock()
	if _, err := s.playComment(input{Post: post, Person: "0000000001", Text: "kept"}); err != nil {
		t.Fatal(err)
	}
	seq := s.st.Seq
	s.mu.Unlock()
	if _, err := s.journal.f.WriteString(`{"seq":99999,"comm`); err != nil { // a line cut by the kill
		t.Fatal(err)
	}
	again := open()
	defer again.Close()
	if again.st.Seq != seq || len(again.st.people) != people || len(again.st.posts) != posts || len(again.st.pending) != 1 {
		t.Errorf("after the kill: seq %d, %d people, %d posts, %d webhooks; want %d, %d, %d, 1", again.st.Seq, len(again.st.people), len(again.st.posts), len(again.st.pending), seq, people, posts)
	}
}

func TestASwitchStaysInForceUntilItIsCleared(t *testing.T) {
	s := newStage(t)
	s.call("POST", "/control/faults", "", map[string]any{"name": "outage", "status": 503})
	s.call("POST", "/control/faults", "", map[string]any{"name": "outage", "status": 503})
	s.call("POST", "/control/faults", "", map[string]any{"lose_webhooks": 9})
	s.call("POST", "/control/faults", "", map[string]any{"dead_token": DemoInstagram, "on": true})
	for range 3 {
		if status, _ := s.call("GET", "/"+DemoPage, "rehearsal-page", nil); status != 503 {
			t.Fatalf("status %d during the outage", status)
		}
	}
	_, state := s.call("GET", "/control/faults", "", nil)
	if got := fmt.Sprint(state["switches"], state["lose_webhooks"], state["dead_tokens"]); got != fmt.Sprint([]string{"outage"}, 9, []string{DemoInstagram}) {
		t.Errorf("in force: %s", got)
	}
	s.call("POST", "/control/faults", "", map[string]any{"clear": "outage"})
	s.call("POST", "/control/faults", "", map[string]any{"lose_webhooks": 0})
	s.call("POST", "/control/faults", "", map[string]any{"dead_token": DemoInstagram, "on": false})
	if status, _ := s.call("GET", "/"+DemoPage, "rehearsal-page", nil); status != 200 {
		t.Errorf("status %d after it", status)
	}
	if _, state = s.call("GET", "/control/faults", "", nil); fmt.Sprint(state["switches"], state["lose_webhooks"], state["dead_tokens"]) != "[] 0 []" {
		t.Errorf("still in force: %v", state)
	}
}

func TestAnAnswerCanBeLostAfterTheEffect(t *testing.T) {
	s := newStage(t)
	_, out := s.call("POST", "/control/comment", "", map[string]any{"post": s.instagramPost(), "person": "0000000002", "text": "bad"})
	id := out["id"].(string)
	s.call("POST", "/control/faults", "", map[string]any{"method": "POST", "path": id, "status": 502, "after": true})
	if status, _ := s.call("POST", "/"+id+"?hide=true", "rehearsal-instagram", nil); status != 502 {
		t.Fatalf("status %d, want the fault", status)
	}
	if _, out := s.call("GET", "/"+id+"?fields=id,hidden", "rehearsal-instagram", nil); out["hidden"] != true {
		t.Errorf("the effect is missing: %v", out)
	}
}
