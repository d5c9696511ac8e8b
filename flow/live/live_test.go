package live

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/flow"
	"ponte/secret"
	"ponte/testkit"
)

func TestTheMostParticularStartHolds(t *testing.T) {
	t.Parallel()
	id := func(n int64) *int64 { return &n }
	starts := []Start{
		{ID: 1, On: OnConversation, Channel: "whatsapp"},
		{ID: 2, On: OnConversation, Channel: "whatsapp", Language: "it"},
		{ID: 3, On: OnHandoff},
		{ID: 4, On: OnHandoff, TriggerID: id(7)},
		{ID: 5, On: OnHandoff, CampaignID: id(9)},
		{ID: 6, On: OnKeyword, Keywords: []string{"RETURN", "reso"}},
		{ID: 7, On: OnConversation, AccountID: id(3), Channel: "whatsapp"},
		{ID: 8, On: OnConversation, Channel: "whatsapp"},
	}
	for _, c := range []struct {
		name string
		o    Occasion
		want int64
	}{
		{"a conversation begins", Occasion{Channel: "whatsapp", Language: "en", First: true}, 1},
		{"in the language of one", Occasion{Channel: "whatsapp", Language: "it", First: true}, 2},
		{"on the account of one", Occasion{Channel: "whatsapp", Language: "it", AccountID: 3, First: true}, 7},
		{"with a handoff", Occasion{Channel: "whatsapp", Language: "it", First: true, Handoff: true}, 3},
		{"of a trigger", Occasion{Channel: "whatsapp", First: true, Handoff: true, TriggerID: 7, CampaignID: 9}, 4},
		{"of a campaign", Occasion{Channel: "whatsapp", First: true, Handoff: true, TriggerID: 8, CampaignID: 9}, 5},
		{"a handoff later in a conversation", Occasion{Channel: "whatsapp", Handoff: true, TriggerID: 7}, 0},
		{"a word, whenever", Occasion{Channel: "instagram", Text: " Reso! "}, 6},
		{"a word within words", Occasion{Channel: "instagram", Text: "I want to return this"}, 0},
		{"another channel", Occasion{Channel: "instagram", First: true}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := Choose(starts, c.o)
			if got == nil && c.want != 0 || got != nil && got.ID != c.want {
				t.Errorf("chose %+v, want %d", got, c.want)
			}
		})
	}
}

func TestNumberedTouchesOnlyTheVersion(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`{"version": 1, "name": "x"}`: `{"version": 12, "name": "x"}`,
		"{\n  \"steps\": [{\"version\": 3}],\n  \"id\": \"version\",\n  \"version\":7\n}": "{\n  \"steps\": [{\"version\": 3}],\n  \"id\": \"version\",\n  \"version\":12\n}",
		`{"name": "version", "version" : 1}`:                                              `{"name": "version", "version" : 12}`,
		`{"version": "one"}`:                                                              `{"version": "one"}`,
		`not json`:                                                                        `not json`,
	} {
		if got := Numbered(in, 12); got != want {
			t.Errorf("Numbered(%q) = %q, want %q", in, got, want)
		}
	}
}

// shop is another system on this machine, behind a certificate that only the test trusts.
type shop struct {
	*testing.T
	db     *sqlx.DB
	ws     int64
	run    int64
	server *httptest.Server
	hits   atomic.Int64
	answer http.HandlerFunc
	keys   *secret.Keyring
	seq    int
}

const shopSecret = "0123456789abcdef0123456789abcdef"

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{T: t, db: testkit.Database(t), answer: func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, `{"state":"packed"}`) }}
	s.server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.hits.Add(1); s.answer(w, r) }))
	t.Cleanup(s.server.Close)
	var err error
	s.keys, err = secret.NewKeyring("a secret key that is only used in tests")
	s.must(err)
	s.get(&s.ws, `INSERT INTO workspaces (name) VALUES ('main') RETURNING id`)
	var contact, account, identity, thread, conversation, flowID, version int64
	s.get(&contact, `INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, s.ws)
	s.get(&account, `INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', '1', 'http://127.0.0.1:1', 'x', '2', '3') RETURNING id`, s.ws)
	s.get(&identity, `INSERT INTO identities (workspace_id, contact_id, channel, phone) VALUES ($1, $2, 'whatsapp', '61491570006') RETURNING id`, s.ws, contact)
	s.get(&thread, `INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, 'whatsapp', $3, $4) RETURNING id`, s.ws, account, identity, contact)
	s.get(&conversation, `INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, opened_at, last_message_at) VALUES ($1, $2, 'whatsapp', $3, $4, now(), now()) RETURNING id`, s.ws, account, thread, contact)
	s.get(&flowID, `INSERT INTO flows (workspace_id, key, name, draft) VALUES ($1, 'f', 'F', '{}') RETURNING id`, s.ws)
	s.get(&version, `INSERT INTO flow_versions (workspace_id, flow_id, number, document) VALUES ($1, $2, 1, '{}') RETURNING id`, s.ws, flowID)
	s.get(&s.run, `INSERT INTO flow_runs (workspace_id, flow_id, version_id, conversation_id, thread_id, account_id, lane, began_with, started_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 5, 'keyword', now(), now()) RETURNING id`,
		s.ws, flowID, version, conversation, thread, account)
	tx := s.db.MustBegin()
	s.must(SetSecret(t.Context(), tx, s.keys, s.ws, "shop", shopSecret, []string{"shop.example.com"}, nil))
	s.must(tx.Commit())
	// The server's certificate is for this machine: the secret must allow the host that is called.
	_, err = s.db.Exec(`UPDATE flow_secrets SET hosts = hosts || '{127.0.0.1}'`)
	s.must(err)
	return s
}

func (s *shop) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *shop) get(into any, stmt string, args ...any) {
	s.Helper()
	s.must(s.db.Get(into, stmt, args...))
}

func (s *shop) caller(name string) *Caller {
	pool := x509.NewCertPool()
	pool.AddCert(s.server.Certificate())
	return &Caller{DB: s.db, Keys: s.keys, Name: name, Now: time.Now, Log: slog.New(slog.DiscardHandler), local: &tls.Config{RootCAs: pool}}
}

// ask plans a call to an address.
func (s *shop) ask(method, address, body string, timeout time.Duration) {
	s.Helper()
	s.seq++
	tx := s.db.MustBegin()
	s.must(AddCalls(s.Context(), tx, []Asked{{WorkspaceID: s.ws, RunID: s.run, Seq: s.seq, Step: "look", Call: flow.Call{Method: method, URL: address, Body: body, Secret: "shop", Timeout: timeout}}}))
	s.must(tx.Commit())
}

func (s *shop) outcome() string {
	s.Helper()
	var out string
	s.get(&out, `SELECT format('%s %s %s %s', state, status, failure, answer) FROM flow_calls ORDER BY id DESC LIMIT 1`)
	return strings.Join(strings.Fields(out), " ")
}

func (s *shop) once(c *Caller) {
	s.Helper()
	_, err := c.Once(s.Context())
	s.must(err)
}

func TestACallIsSignedAndItsAnswerRaisedOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	address := s.server.URL + "/orders?x=1"
	s.answer = func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		var at int64
		if _, err := fmt.Sscanf(r.Header.Get(flow.SignatureHeader), "t=%d,", &at); err != nil {
			t.Error(err)
		}
		if want := flow.Sign([]byte(shopSecret), flow.Call{Method: "POST", URL: address, Body: string(body)}, time.Unix(at, 0)); r.Header.Get(flow.SignatureHeader) != want {
			t.Errorf("signed %q, want %q", r.Header.Get(flow.SignatureHeader), want)
		}
		_, _ = io.WriteString(w, "{\"state\":\"packed\x00\"}")
	}
	s.ask("POST", address, `{"a":"b"}`, 5*time.Second)
	var wait sync.WaitGroup
	for i := range 4 { // replicas
		wait.Add(1)
		go func() { defer wait.Done(); _, _ = s.caller(fmt.Sprint("p", i)).Once(t.Context()) }()
	}
	wait.Wait()
	if got := s.outcome(); got != `answered 200 {"state":"packed"}` || s.hits.Load() != 1 {
		t.Errorf("%d calls, outcome %s", s.hits.Load(), got)
	}
	var events int
	s.get(&events, `SELECT count(*) FROM events WHERE kind = 'flow.called' AND lane = 5`)
	if events != 1 {
		t.Errorf("%d events raised", events)
	}
	tx := s.db.MustBegin()
	defer tx.Rollback()
	in, ok, err := TakeAnswer(t.Context(), tx, s.ws, 1)
	if err != nil || !ok || in.Status != 200 || in.Body != `{"state":"packed"}` {
		t.Errorf("took %+v, %v, %v", in, ok, err)
	}
}

func TestCallsThatAreNotMade(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(s *shop) *Caller
		want string
		hits int64
	}{
		{"an address on this machine", func(s *shop) *Caller {
			s.ask("GET", s.server.URL, "", time.Second)
			c := s.caller("p")
			c.local = nil
			return c
		}, "failed 0 address_not_allowed", 0},
		{"a host that the secret may not sign for", func(s *shop) *Caller {
			s.ask("GET", "https://other.example.com/", "", time.Second)
			return s.caller("p")
		}, "failed 0 host_not_allowed", 0},
		{"no https", func(s *shop) *Caller {
			s.ask("GET", strings.Replace(s.server.URL, "https", "http", 1), "", time.Second)
			return s.caller("p")
		}, "failed 0 address_not_allowed", 0},
		{"a secret that is gone", func(s *shop) *Caller {
			s.ask("GET", s.server.URL, "", time.Second)
			_, err := s.db.Exec(`DELETE FROM flow_secrets`)
			s.must(err)
			return s.caller("p")
		}, "failed 0 no_secret", 0},
		{"a redirect is not followed", func(s *shop) *Caller {
			s.answer = func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "https://elsewhere.example.com/", http.StatusFound)
			}
			s.ask("POST", s.server.URL, "", time.Second)
			return s.caller("p")
		}, "answered 302", 1},
		{"too slow", func(s *shop) *Caller {
			s.answer = func(_ http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				<-r.Context().Done()
			}
			s.ask("POST", s.server.URL, "{}", 50*time.Millisecond)
			return s.caller("p")
		}, "failed 0 timeout", 1},
		{"nobody there", func(s *shop) *Caller {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			s.must(err)
			u := &url.URL{Scheme: "https", Host: l.Addr().String()}
			s.must(l.Close())
			s.ask("GET", u.String(), "", time.Second)
			return s.caller("p")
		}, "failed 0 unreachable", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.once(c.do(s))
			if got := s.outcome(); !strings.HasPrefix(got, c.want) || s.hits.Load() != c.hits {
				t.Errorf("outcome %q after %d calls, want %q after %d", got, s.hits.Load(), c.want, c.hits)
			}
		})
	}
}

func TestAnAnswerIsReadOnlyToItsLimit(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	s.answer = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, strings.Repeat("a", 1<<20)) }
	s.ask("GET", s.server.URL, "", 5*time.Second)
	s.once(s.caller("p"))
	var size int
	s.get(&size, `SELECT length(answer) FROM flow_calls`)
	if size != maxAnswer+1 {
		t.Errorf("%d bytes were kept", size)
	}
}

// A process that died between the call and its record leaves the row claimed.
func TestAfterACrashOnlyWhatChangesNothingIsAskedAgain(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{"GET": "answered 200", "POST": "failed 0 interrupted"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.ask(method, s.server.URL, "", time.Second)
			dead := s.caller("dead")
			ctx, cancel := context.WithCancel(t.Context())
			s.answer = func(w http.ResponseWriter, _ *http.Request) { cancel() } // killed while it is on the way back
			_, _ = dead.Once(ctx)
			s.answer = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") }
			other := s.caller("other")
			s.once(other)
			if got := s.outcome(); !strings.HasPrefix(got, "calling") {
				t.Fatalf("another process took a call whose lease runs: %s", got)
			}
			_, err := s.db.Exec(`UPDATE flow_calls SET lease_until = now() - interval '1 second'`)
			s.must(err)
			s.once(other)
			if got := s.outcome(); !strings.HasPrefix(got, want) {
				t.Errorf("outcome %q, want %q", got, want)
			}
			var events int
			s.get(&events, `SELECT count(*) FROM events WHERE kind = 'flow.called'`)
			if events != 1 {
				t.Errorf("%d events raised", events)
			}
		})
	}
}

func TestSecretsAreSealedAndBound(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var sealed []byte
	s.get(&sealed, `SELECT sealed FROM flow_secrets`)
	if strings.Contains(string(sealed), shopSecret) {
		t.Error("the secret is stored as it is")
	}
	for _, bad := range []struct {
		name, value string
		hosts       []string
	}{{"1x", shopSecret, []string{"a.example.com"}}, {"x", "short", []string{"a.example.com"}}, {"x", shopSecret, nil}, {"x", shopSecret, []string{"10.0.0.1"}}, {"x", shopSecret, []string{"a.internal"}}, {"x", "", []string{"a.example.com"}}} {
		tx := s.db.MustBegin()
		if err := SetSecret(t.Context(), tx, s.keys, s.ws, bad.name, bad.value, bad.hosts, nil); err == nil {
			t.Errorf("kept %+v", bad)
		}
		_ = tx.Rollback()
	}
}
