package notify

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"mime/quotedprintable"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"ponte/auth"
)

// mailServer speaks as much SMTP as is needed to take a mail.
type mailServer struct {
	mu     sync.Mutex
	mails  []string
	refuse bool
}

func (m *mailServer) serve(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go m.talk(conn)
		}
	}()
	return l.Addr().String()
}

func (m *mailServer) talk(conn net.Conn) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	say := func(line string) { _, _ = io.WriteString(conn, line+"\r\n") }
	say("220 here")
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
		case "RCPT":
			m.mu.Lock()
			if m.refuse {
				say("550 no " + line)
			} else {
				say("250 ok")
			}
			m.mu.Unlock()
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				l, err := r.ReadString('\n')
				if err != nil || l == ".\r\n" {
					break
				}
				b.WriteString(l)
			}
			m.mu.Lock()
			m.mails = append(m.mails, b.String())
			m.mu.Unlock()
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// Who has chosen no language is written to in the workspace's.
func TestADigestWithoutALanguageSpeaksTheWorkspaces(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	m := &mailServer{}
	mailer, err := ParseMailer("smtp://"+m.serve(t), "Acme <desk@home.example>")
	if err != nil {
		t.Fatal(err)
	}
	w := b.worker()
	w.Mailer = mailer
	b.exec(`UPDATE workspaces SET locale = 'fr'`)
	b.exec(`UPDATE users SET locale = '' WHERE id = $1`, b.user[auth.Agent])
	b.raise(Event{WorkspaceID: b.workspace, Kind: Mention, Members: []int64{b.user[auth.Agent]}, Dedupe: "1", Data: map[string]any{"note_id": 1}})
	if _, err := w.mailDigests(context.Background()); err != nil || len(m.mails) != 1 {
		t.Fatalf("%d mails, %v", len(m.mails), err)
	}
	if text, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(m.mails[0]))); !strings.Contains(string(text), say("fr", string(Mention))) {
		t.Errorf("not in French:\n%s", text)
	}
}

func TestADigestIsOneMailAndNamesNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	m := &mailServer{}
	mailer, err := ParseMailer("smtp://"+m.serve(t), "Acme <desk@home.example>")
	if err != nil {
		t.Fatal(err)
	}
	w := b.worker()
	w.Mailer = mailer
	agent := b.user[auth.Agent]
	for i := range 30 {
		b.raise(Event{WorkspaceID: b.workspace, Kind: Mention, Members: []int64{agent}, Dedupe: fmt.Sprint(i), Data: map[string]any{"note_id": i}})
	}
	b.raise(Event{WorkspaceID: b.workspace, Kind: Assigned, Members: []int64{agent}, Dedupe: "not mailed by default"})
	mail := func(want int) {
		t.Helper()
		if _, err := w.mailDigests(context.Background()); err != nil {
			t.Fatal(err)
		}
		if len(m.mails) != want {
			t.Fatalf("%d mails, want %d", len(m.mails), want)
		}
	}
	mail(1)
	text, _ := io.ReadAll(quotedprintable.NewReader(strings.NewReader(m.mails[0])))
	if n := strings.Count(string(text), "menzionato"); n != 30 {
		t.Errorf("the digest names %d of 30 mentions, in Italian:\n%s", n, text)
	}
	b.raise(Event{WorkspaceID: b.workspace, Kind: Mention, Members: []int64{agent}, Dedupe: "soon after"})
	mail(1) // within the quarter of an hour
	b.now = b.now.Add(16 * time.Minute)
	mail(2)
	b.raise(Event{WorkspaceID: b.workspace, Kind: Mention, Members: []int64{agent}, Dedupe: "read meanwhile"})
	if err := MarkRead(context.Background(), b.db, b.workspace, agent, nil, 1<<40); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(16 * time.Minute)
	mail(2)
	b.raise(Event{WorkspaceID: b.workspace, Kind: Mention, Members: []int64{agent}, Dedupe: "shut out meanwhile"})
	b.exec(`UPDATE users SET disabled_at = now() WHERE id = $1`, agent)
	b.now = b.now.Add(16 * time.Minute)
	mail(2)
}

func TestARefusedMailIsTriedAgainAndThenGivenUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	m := &mailServer{refuse: true}
	mailer, err := ParseMailer("smtp://"+m.serve(t), "desk@home.example")
	if err != nil {
		t.Fatal(err)
	}
	w := b.worker()
	w.Mailer = mailer
	b.raise(Event{WorkspaceID: b.workspace, Kind: Mention, Members: []int64{b.user[auth.Agent]}, Dedupe: "a"})
	tried := 0
	for range 40 {
		n, err := w.mailDigests(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		tried += n
		b.now = b.now.Add(16 * time.Minute)
	}
	var state, said string
	b.get(&state, `SELECT mail FROM notifications`)
	b.get(&said, `SELECT error FROM notification_mails`)
	if tried != maxMailTries || state != "failed" || strings.Contains(said, "@") {
		t.Errorf("tried %d times, %s, %q", tried, state, said)
	}
}

func TestTheMailServersAddress(t *testing.T) {
	t.Parallel()
	for raw, fine := range map[string]bool{"smtp://mail.example": true, "smtps://u:p@mail.example:465": true, "http://mail.example": false, "mail.example": false, "smtp://": false} {
		if m, err := ParseMailer(raw, "a@b.example"); (err == nil) != fine || fine && m == nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
	if _, err := ParseMailer("smtp://mail.example", "nobody"); err == nil {
		t.Error("a sender that is no address was taken")
	}
	m, _ := ParseMailer("smtp://mail.example", "a@b.example")
	if m.plain {
		t.Error("mail may leave this machine in the clear")
	}
	if got := string(m.message("x@y.example", "a\r\nBcc: z@z.example", "t")); strings.Contains(got, "\nBcc") {
		t.Errorf("a subject made a header of its own: %s", got)
	}
}

func TestEveryKindHasWordsInEveryLanguage(t *testing.T) {
	t.Parallel()
	for lang, words := range texts {
		for _, k := range append(Kinds(), "subject.one", "subject.many", "intro", "outro", "more") {
			if words[string(k)] == "" {
				t.Errorf("%s has no words for %s", lang, k)
			}
		}
	}
}

// A mail server that takes connections and says nothing holds up no webhook.
func TestAMailServerThatHangsHoldsUpNoWebhook(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	asked := make(chan net.Conn, 10)
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			asked <- conn
		}
	}()
	w := b.worker()
	w.Now = time.Now
	if w.Mailer, err = ParseMailer("smtp://"+l.Addr().String(), "Acme <desk@home.example>"); err != nil {
		t.Fatal(err)
	}
	r, secret := &receiver{status: 204}, ""
	server := r.serve(t, func() string { return secret })
	w.trust(server)
	_, secret = b.endpoint(server.URL, "sla.breach")
	mention := func(key string) Event {
		return Event{WorkspaceID: b.workspace, Kind: Mention, Members: []int64{b.user[auth.Agent]}, Dedupe: key, Data: map[string]any{"note_id": 1}}
	}
	b.raise(mention("1"))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	defer (<-asked).Close() // the mail hangs from here on
	b.exec(`UPDATE webhook_endpoints SET kinds = '{}'`)
	b.raise(mention("2"))
	var state string
	for deadline := time.Now().Add(30 * time.Second); state != "done"; time.Sleep(100 * time.Millisecond) {
		if b.get(&state, `SELECT coalesce(max(state), '') FROM webhook_sends`); state != "done" && time.Now().After(deadline) {
			t.Fatalf("the webhook waits for the mail server: %q", state)
		}
	}
	stop()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Error("stopping waits for the mail server")
	}
}
