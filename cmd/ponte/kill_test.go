package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/channels/network"
	"ponte/rehearsal"
	"ponte/testkit"
)

var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ponte-kill-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "ponte")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, out)
	}
	return path, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// stage is a serving process, the network that it calls, and doors between them at which the process
// is killed with SIGKILL: when a call or a webhook comes to a door, and when its answer is on the way.
type stage struct {
	*testing.T
	env      []string
	url      string
	network  *rehearsal.Server
	graph    http.Handler
	webhooks *httptest.Server
	calls    *httptest.Server
	doomed   func(door string, n int) string // when to kill: "", "before", "after"
	mu       sync.Mutex
	cmd      *exec.Cmd
	seen     map[string]int
	kills    int
	stopping bool
	database string
	db       *sqlx.DB
	token    string
}

func newStage(t *testing.T, doomed func(door string, n int) string) *stage {
	b := &stage{T: t, doomed: doomed, seen: map[string]int{}, database: testkit.DatabaseURL(t)}
	b.webhooks = httptest.NewServer(http.HandlerFunc(b.webhookDoor))
	b.calls = httptest.NewServer(http.HandlerFunc(b.callDoor))
	var err error
	b.network, err = rehearsal.New(rehearsal.Options{Addr: "127.0.0.1:0", DataDir: t.TempDir(), WebhookURL: b.webhooks.URL + "/webhooks/meta", AppID: "1", AppSecret: "kill",
		VerifyToken: "kill", Control: true, Demo: true, Log: slog.New(slog.DiscardHandler)})
	b.must(err)
	b.graph = b.network.Handler()
	b.url = b.freeURL()
	c := &config{DataDir: t.TempDir(), DatabaseURL: b.database, SecretKey: strings.Repeat("k", 64), GraphURL: b.calls.URL, LogLevel: "error"}
	b.env = []string{"PATH=" + os.Getenv("PATH"), "PONTE_ADDR=" + strings.TrimPrefix(b.url, "http://"), "PONTE_PUBLIC_URL=" + b.url, "PONTE_DATA_DIR=" + c.DataDir, "PONTE_DATABASE_URL=" + b.databaseDoor(),
		"PONTE_SECRET_KEY=" + c.SecretKey, "PONTE_META_APP_ID=1", "PONTE_META_APP_SECRETS=kill", "PONTE_META_VERIFY_TOKEN=kill", "PONTE_LOG_LEVEL=error"}
	s, err := c.openMigrated(t.Context())
	b.must(err)
	_, err = (&service{store: s, c: c, log: slog.New(slog.DiscardHandler), network: network.New(5 * time.Second)}).seedDemo(t.Context())
	b.must(err)
	_, err = s.DB.Exec(`UPDATE accounts SET backfill = '{}'`)
	b.must(err)
	b.db = s.DB
	b.must(s.inTx(t.Context(), func(tx *sqlx.Tx) (err error) {
		_, b.token, err = auth.AddToken(t.Context(), tx, 1, "the person", "owner", nil, "cli")
		return err
	}))
	t.Cleanup(func() { _ = s.close() })
	b.start()
	ctx, cancel := context.WithCancel(context.Background())
	delivered := make(chan error, 1)
	go func() { delivered <- b.network.Run(ctx) }()
	t.Cleanup(func() {
		b.mu.Lock()
		b.stopping = true
		b.kill()
		b.mu.Unlock()
		cancel()
		<-delivered
		b.webhooks.Close()
		b.calls.Close()
	})
	return b
}

func (b *stage) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *stage) freeURL() string {
	s := httptest.NewServer(nil)
	defer s.Close()
	return s.URL
}

func (b *stage) start() {
	path, err := binary()
	b.must(err)
	b.cmd = exec.Command(path, "serve")
	b.cmd.Env, b.cmd.Stderr = b.env, os.Stderr
	b.must(b.cmd.Start())
}

// kill is what a power cut is to a process.
func (b *stage) kill() {
	_ = b.cmd.Process.Kill()
	_ = b.cmd.Wait()
}

// door counts what passes and says when the process must die.
func (b *stage) door(name string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen[name]++
	return b.doomed(name, b.seen[name])
}

func (b *stage) killAndStart() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stopping {
		return
	}
	b.kill()
	b.kills++
	b.start()
}

// callDoor stands before the network. Reading calls pass: killing there changes nothing but time.
func (b *stage) callDoor(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet || strings.HasPrefix(r.URL.Path, "/control/") {
		b.graph.ServeHTTP(w, r)
		return
	}
	// Whether a WhatsApp message went out can be told only by its status: one that never reached the
	// network is left to a person, so there the process dies on the way back only.
	name := "call"
	if strings.Contains(r.URL.Path, rehearsal.DemoNumber) {
		name = "whatsapp"
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if bytes.Contains(body, []byte(`"status":"read"`)) {
			name = "read" // marks as read and shows that somebody types: simply done again
		}
	}
	when := b.door(name)
	if when == "before" {
		b.killAndStart()
		panic(http.ErrAbortHandler)
	}
	answer := httptest.NewRecorder()
	b.graph.ServeHTTP(answer, r)
	if when == "after" { // it was done, and nobody heard of it
		b.killAndStart()
		panic(http.ErrAbortHandler)
	}
	for k, v := range answer.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// webhookDoor stands before ponte; what is not acknowledged is sent again.
func (b *stage) webhookDoor(w http.ResponseWriter, r *http.Request) {
	when := b.door("webhook")
	if when == "before" {
		b.killAndStart()
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	body, _ := io.ReadAll(r.Body)
	req, _ := http.NewRequest(http.MethodPost, b.url+r.URL.Path, bytes.NewReader(body))
	req.Header = r.Header.Clone()
	res, err := http.DefaultClient.Do(req)
	if when == "after" { // it was kept, and the acknowledgement is lost
		b.killAndStart()
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer res.Body.Close()
	w.WriteHeader(res.StatusCode)
}

// play does something on the network as a customer.
func (b *stage) play(what string, in map[string]any) map[string]any {
	b.Helper()
	body, err := json.Marshal(in)
	b.must(err)
	answer := httptest.NewRecorder()
	b.graph.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/control/"+what, bytes.NewReader(body)))
	var out map[string]any
	b.must(json.Unmarshal(answer.Body.Bytes(), &out))
	if answer.Code != http.StatusOK {
		b.Fatalf("%s: %s", what, answer.Body)
	}
	return out
}

type networkComment struct {
	ID, Post, Parent, Person, Text string
	Hidden, Deleted                bool
}

type networkMessage struct {
	ID, Account, Person, Text string
	FromUs                    bool `json:"from_brand"`
}

type networkState struct {
	Pending  int              `json:"pending_webhooks"`
	Comments []networkComment `json:"comments"`
	Messages []networkMessage `json:"messages"`
}

func (b *stage) state() networkState {
	b.Helper()
	answer := httptest.NewRecorder()
	b.graph.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/control/state", nil))
	var s networkState
	b.must(json.Unmarshal(answer.Body.Bytes(), &s))
	return s
}

// settle is the person who is asked about a message that was claimed when the process died: they look at
// the phone and say what they see.
func (b *stage) settle() {
	b.Helper()
	var asked []struct {
		ID   int64  `db:"id"`
		Text string `db:"text"`
	}
	b.must(b.db.Select(&asked, `SELECT id, call->>'text' AS text FROM actions WHERE state = 'unknown' AND reason = 'ask_person'`))
	for _, a := range asked {
		found := "send_again"
		if slices.ContainsFunc(b.state().Messages, func(m networkMessage) bool { return m.FromUs && m.Text == a.Text }) {
			found = "took_place"
		}
		body := fmt.Sprintf(`{"outcome":%q,"reason":"seen on the phone"}`, found)
		req, _ := http.NewRequest(http.MethodPost, fmt.Sprintf("%s/api/v1/actions/%d/settle", b.url, a.ID), strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer "+b.token)
		req.Header.Set("Content-Type", "application/json")
		if res, err := http.DefaultClient.Do(req); err == nil { // else it is being killed: asked again
			_ = res.Body.Close()
		}
	}
}

// until waits for something to be seen on the network.
func (b *stage) until(what string, seen func(s networkState) bool) networkState {
	b.Helper()
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if s := b.state(); seen(s) {
			return s
		}
		// The looks for unknown outcomes are minutes apart, because a call may still be running; here the
		// caller is dead. What a worker is just writing is left to the next round.
		_, err := b.db.Exec(`UPDATE actions SET not_before = now() WHERE id IN (
			SELECT id FROM actions WHERE state = 'unknown' AND not_before > now() ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)`)
		b.must(err)
		b.settle()
	}
	var actions []string
	b.must(b.db.Select(&actions, `SELECT format('action %s %s %s %s, looked for %s times', id, kind, state, reason, looks) FROM actions ORDER BY id`))
	b.Log(strings.Join(actions, "\n"))
	b.Fatalf("after three minutes not yet: %s", what)
	return networkState{}
}

// journey is the main job, played on the network: a hateful comment is hidden; an interested one is
// answered in public and in private; its author comes over to WhatsApp with the reference, is welcomed,
// says what it is about, says yes to offers, and takes it back.
func (b *stage) journey() string {
	b.Helper()
	hater := b.play("person", map[string]any{"name": "Hal Grim", "username": "hal.grim", "language": "en", "phone": "61491570110"})["id"].(string)
	guest := b.play("person", map[string]any{"name": "Alice Moreau", "username": "alice.m", "language": "en", "phone": "61491570006"})["id"].(string)
	post := ""
	b.until("a post on Instagram", func(s networkState) bool {
		for _, c := range s.Comments {
			if strings.HasPrefix(c.Post, "179") {
				post = c.Post
			}
		}
		return post != ""
	})
	hate := b.play("comment", map[string]any{"post": post, "person": hater, "text": "You are all stupid idiots and I hope you drown"})["id"]
	b.until("the hateful comment is hidden", func(s networkState) bool {
		return slices.ContainsFunc(s.Comments, func(c networkComment) bool { return c.ID == hate && c.Hidden })
	})
	asked := b.play("comment", map[string]any{"post": post, "person": guest, "text": "Info please, how much is an hour?"})["id"]
	var private string
	b.until("the interested comment is answered twice", func(s networkState) bool {
		for _, m := range s.Messages {
			if m.FromUs && m.Person == guest {
				private = m.ID
			}
		}
		return private != "" && slices.ContainsFunc(s.Comments, func(c networkComment) bool { return c.Parent == asked && c.Person == "" })
	})
	heard := func(words string) func(s networkState) bool {
		return func(s networkState) bool { return strings.Contains(strings.Join(b.toPhone(s, guest), "\n"), words) }
	}
	b.play("whatsapp", map[string]any{"person": guest, "text": b.play("tap", map[string]any{"message": private})["text"]})
	b.until("the welcome", heard("welcome to"))
	b.play("whatsapp", map[string]any{"person": guest, "text": "my order"})
	b.until("the question about offers", heard("Reply YES or NO"))
	b.play("whatsapp", map[string]any{"person": guest, "text": "yes"})
	b.until("the answer to yes", heard("Done, thank you"))
	b.play("whatsapp", map[string]any{"person": guest, "text": "STOP"})
	b.until("the confirmation of the withdrawal", heard("no more offers"))
	return b.outcome(guest)
}

func (b *stage) toPhone(s networkState, person string) []string {
	var texts []string
	for _, m := range s.Messages {
		if m.FromUs && m.Person == person && m.Account == rehearsal.DemoNumber {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// The reference is drawn; the welcome names the post only where its caption has been read by then.
var varies = regexp.MustCompile(`PNT(-[0-9A-Z]{4}){4}|[Rr]ef[^ ]* [^ ]+| Good to have you here after “.*”\.`)

// outcome is what is left when everything has come to rest: on the network, and in the database.
func (b *stage) outcome(guest string) string {
	b.Helper()
	state := b.until("everything is settled", func(n networkState) bool {
		var open int
		b.must(b.db.Get(&open, `SELECT (SELECT count(*) FROM actions WHERE state IN ('planned', 'sending', 'unknown')) + (SELECT count(*) FROM events WHERE state = 'pending') + (SELECT count(*) FROM deliveries WHERE state = 'pending')`))
		return open == 0 && n.Pending == 0
	})
	var out []string
	for _, c := range state.Comments {
		if c.Person == "" && c.Parent != "" && strings.HasPrefix(c.Parent, "17") || c.Hidden {
			out = append(out, fmt.Sprintf("network comment by %q hidden %v", c.Person, c.Hidden))
		}
	}
	for _, m := range state.Messages {
		if m.Person == guest {
			out = append(out, fmt.Sprintf("network message, ours %v, %s: %s", m.FromUs, m.Account, varies.ReplaceAllString(m.Text, "")))
		}
	}
	var rows []string
	b.must(b.db.Select(&rows, `
		SELECT 'action ' || kind || ' ' || purpose || ' ' || state FROM actions WHERE kind NOT IN ('message.mark_read', 'message.typing')
		UNION ALL SELECT 'consent ' || act || ' ' || how FROM consent_entries
		UNION ALL SELECT 'message ' || direction || ' ' || type || ' ' || (external_id IS NOT NULL) FROM messages
		UNION ALL SELECT 'conversation ' || channel || ' ' || state || ' ' || handler FROM conversations
		UNION ALL SELECT 'join ' || how FROM identity_joins
		UNION ALL SELECT 'comment ' || own || ' ' || state || ' ' || coalesce(decision, '') FROM comments
		UNION ALL SELECT 'parked ' || kind || ' ' || reason FROM events WHERE state = 'parked'
		UNION ALL SELECT 'counts ' || (SELECT count(*) FROM contacts) || ' ' || (SELECT count(*) FROM identities) || ' ' || (SELECT count(*) FROM trigger_runs)`))
	slices.Sort(rows)
	slices.Sort(out)
	return strings.Join(append(out, rows...), "\n")
}

// Nothing that was accepted is lost and nothing is done twice, wherever the process is killed: before a
// call, after a call that it never hears of, before a webhook and after one whose acknowledgement is lost,
// before a commit and after it. A commit that one run lets pass is where the other one dies.
func TestKilledAtEveryCommitCallAndWebhookTheJourneyEndsTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("starts and kills processes for two minutes")
	}
	want := newStage(t, func(string, int) string { return "" }).journey()
	for name, c := range map[string]func(door string, n int) string{
		"calls": func(door string, n int) string {
			switch door {
			case "call":
				return []string{"before", "after", ""}[(n-1)%3]
			case "whatsapp":
				return []string{"after", ""}[(n-1)%2]
			}
			return ""
		},
		"webhooks": func(door string, n int) string {
			if door != "webhook" {
				return ""
			}
			return []string{"before", "after", ""}[(n-1)%3]
		},
		"odd commits": func(door string, n int) string {
			if door != "commit" {
				return ""
			}
			return []string{"before", "", "after", ""}[(n-1)%4]
		},
		"even commits": func(door string, n int) string {
			if door != "commit" {
				return ""
			}
			return []string{"", "before", "", "after"}[(n-1)%4]
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newStage(t, c)
			got := b.journey()
			if got != want {
				t.Errorf("after %d kills:\n%s\n\nundisturbed:\n%s", b.kills, got, want)
			}
			if b.kills == 0 {
				t.Error("the process was never killed")
			}
			t.Logf("%d kills, doors passed: %v", b.kills, b.seen)
		})
	}
}
