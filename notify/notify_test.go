package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/outward"
	"ponte/secret"
	"ponte/testkit"
)

type bench struct {
	t         *testing.T
	db        *sqlx.DB
	keys      *secret.Keyring
	workspace int64
	user      map[auth.Role]int64
	now       time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	keys, err := secret.NewKeyring(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, db: testkit.Database(t), keys: keys, user: map[auth.Role]int64{}, now: time.Now()}
	b.get(&b.workspace, `INSERT INTO workspaces (name, brand) VALUES ('home', 'Acme') RETURNING id`)
	for _, r := range auth.Roles {
		var id int64
		b.get(&id, `INSERT INTO users (email, password_hash, locale) VALUES ($1, 'none', 'it') RETURNING id`, string(r)+"@home.example")
		b.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, $3)`, b.workspace, id, r)
		b.user[r] = id
	}
	return b
}

func (b *bench) get(into any, query string, args ...any) {
	b.t.Helper()
	if err := b.db.Get(into, query, args...); err != nil {
		b.t.Fatalf("%v in %s", err, query)
	}
}

func (b *bench) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.db.Exec(query, args...); err != nil {
		b.t.Fatalf("%v in %s", err, query)
	}
}

func (b *bench) raise(events ...Event) {
	b.t.Helper()
	tx := b.db.MustBegin()
	defer tx.Rollback()
	if err := Raise(context.Background(), tx, events); err != nil {
		b.t.Fatal(err)
	}
	if err := tx.Commit(); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) worker() *Worker {
	w := &Worker{DB: b.db, Keys: b.keys, PublicURL: "https://ponte.example", Now: func() time.Time { return b.now }, Log: slog.New(slog.NewTextHandler(b.t.Output(), nil))}
	w.prepare()
	return w
}

func (b *bench) who() auth.Who {
	return auth.Who{UserID: b.user[auth.Owner], WorkspaceID: b.workspace, Role: auth.Owner}
}

func TestRaiseTellsThoseWhomItConcernsOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	e := Event{WorkspaceID: b.workspace, Kind: SLABreach, Dedupe: "one", Data: map[string]any{"minutes": 15}}
	b.raise(e, e)
	b.raise(e)
	var told []string
	if err := b.db.Select(&told, `SELECT m.role FROM notifications n JOIN members m USING (workspace_id, user_id) ORDER BY 1`); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(told, " "); got != "admin owner supervisor" {
		t.Errorf("told %q", got)
	}
	b.raise(Event{WorkspaceID: b.workspace, Kind: Mention, Members: []int64{b.user[auth.Agent], b.user[auth.Analyst]}, Except: b.user[auth.Agent], Dedupe: "two"})
	b.raise(Event{WorkspaceID: b.workspace, Kind: Mention, Members: []int64{}, Dedupe: "nobody"})
	var n int
	b.get(&n, `SELECT count(*) FROM notifications WHERE kind = 'mention'`)
	if n != 1 {
		t.Errorf("%d members were told of a mention, want the one named who did not write it", n)
	}
	if err := Raise(context.Background(), b.db, []Event{{WorkspaceID: b.workspace, Kind: "odd", Dedupe: "x"}}); err == nil {
		t.Error("an unknown kind was raised")
	}
}

// receiver is an endpoint on this machine that verifies what it gets.
type receiver struct {
	mu     sync.Mutex
	status int
	got    []string // event ids
	bad    []string
}

func (r *receiver) serve(t *testing.T, secret func() string) *httptest.Server {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		var at int64
		var sum string
		_, _ = fmt.Sscanf(strings.Replace(q.Header.Get("Ponte-Signature"), ",v1=", " ", 1), "t=%d %s", &at, &sum)
		r.mu.Lock()
		defer r.mu.Unlock()
		if want := Sign(secret(), time.Unix(at, 0), body); want != q.Header.Get("Ponte-Signature") || sum == "" {
			r.bad = append(r.bad, q.Header.Get("Ponte-Signature"))
		}
		var p Payload
		if err := json.Unmarshal(body, &p); err != nil || p.ID != q.Header.Get("Ponte-Event") {
			r.bad = append(r.bad, string(body))
		}
		r.got = append(r.got, p.ID)
		w.WriteHeader(r.status)
	}))
	t.Cleanup(s.Close)
	return s
}

// endpoint adds an endpoint that stands on this machine, which the API would refuse.
func (b *bench) endpoint(url string, kinds ...string) (int64, string) {
	b.t.Helper()
	id, plain, err := AddEndpoint(context.Background(), b.db, b.keys, b.who(), EndpointInput{URL: "https://hooks.example/x", Kinds: kinds})
	if err != nil {
		b.t.Fatal(err)
	}
	b.exec(`UPDATE webhook_endpoints SET url = $2 WHERE id = $1`, id, url)
	return id, plain
}

func (w *Worker) trust(s *httptest.Server) {
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	w.caller.tls = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12, ServerName: "example.com"}
	w.caller.allow = func(netip.Addr) bool { return true }
}

func TestWebhooksAreSignedRetriedAndResent(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := &receiver{status: 500}
	plain := ""
	s := r.serve(t, func() string { return plain })
	id, secret := b.endpoint(s.URL, string(SLABreach))
	plain = secret
	w := b.worker()
	w.trust(s)
	b.raise(Event{WorkspaceID: b.workspace, Kind: SLABreach, Members: []int64{}, Dedupe: "a"}, Event{WorkspaceID: b.workspace, Kind: Mention, Members: []int64{}, Dedupe: "other kind"})
	b.now = time.Now().Add(time.Second)
	run := func() {
		t.Helper()
		if _, err := w.sendWebhooks(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	run()
	run() // nothing is due yet
	if len(r.got) != 1 || len(r.bad) > 0 {
		t.Fatalf("got %v, wrong %v", r.got, r.bad)
	}
	r.status = 204
	b.now = b.now.Add(waits[0] + time.Second)
	run()
	list, err := Sends(context.Background(), b.db, b.workspace, id, 0, 10)
	if err != nil || len(list) != 1 || list[0].State != "done" || list[0].Attempts != 2 || list[0].Status != 204 {
		t.Fatalf("%v %+v", err, list)
	}
	if _, err := Resend(context.Background(), b.db, b.who(), list[0].ID); err != nil {
		t.Fatal(err)
	}
	b.now = time.Now().Add(time.Hour)
	run()
	if len(r.got) != 3 || r.got[0] != r.got[2] || len(r.bad) > 0 {
		t.Errorf("after a resend: %v, wrong %v", r.got, r.bad)
	}
	if _, err := RotateSecret(context.Background(), b.db, b.keys, b.who(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := Test(context.Background(), b.db, b.who(), id, b.now); err != nil {
		t.Fatal(err)
	}
	run()
	if len(r.bad) != 1 {
		t.Errorf("the old secret still verifies after it was replaced: %v", r.bad)
	}
}

func TestAnEndpointThatKeepsFailingIsPausedAndPeopleAreTold(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := &receiver{status: 503}
	plain := ""
	s := r.serve(t, func() string { return plain })
	id, secret := b.endpoint(s.URL)
	plain = secret
	w := b.worker()
	w.trust(s)
	for i := range 5 {
		b.raise(Event{WorkspaceID: b.workspace, Kind: SLANear, Members: []int64{}, Dedupe: fmt.Sprint(i)})
	}
	for range 12 {
		b.now = b.now.Add(13 * time.Hour)
		if _, err := w.sendWebhooks(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	e, err := LoadEndpoint(context.Background(), b.db, b.workspace, id)
	if err != nil || e.State != "paused" || !strings.Contains(e.Reason, "503") {
		t.Fatalf("%v %+v", err, e)
	}
	if e.Failures < pauseAfter || e.Failures > pauseAfter+4 {
		t.Errorf("%d tries before the pause", e.Failures)
	}
	var told, waiting int
	b.get(&told, `SELECT count(*) FROM notifications WHERE kind = 'webhook.paused'`)
	b.get(&waiting, `SELECT count(*) FROM webhook_sends WHERE state = 'planned'`)
	if told != 2 || waiting == 0 { // owner and admin
		t.Errorf("%d members were told, %d webhooks wait", told, waiting)
	}
	r.status = 200
	if err := PauseEndpoint(context.Background(), b.db, b.who(), id, false); err != nil {
		t.Fatal(err)
	}
	b.now = b.now.Add(13 * time.Hour)
	for range 3 {
		if _, err := w.sendWebhooks(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	b.get(&waiting, `SELECT count(*) FROM webhook_sends WHERE state = 'planned'`)
	if waiting != 0 {
		t.Errorf("%d webhooks still wait after the endpoint was resumed", waiting)
	}
}

// Nothing that a caller can name leads into the operator's network.
func TestPrivateAddressesAreNeverCalled(t *testing.T) {
	t.Parallel()
	for _, u := range []string{"http://hooks.example/", "https://127.0.0.1/", "https://[::1]/", "https://localhost/", "https://x.internal/", "https://user:pw@hooks.example/", "https://169.254.169.254/latest", "https://hooks.example/#a", "ftp://x", "://"} {
		if CheckURL(u) == nil {
			t.Errorf("%s is taken as an endpoint", u)
		}
	}
	b := newBench(t)
	r := &receiver{status: 200}
	s := r.serve(t, func() string { return "" })
	id, _ := b.endpoint(s.URL)
	w := b.worker()
	b.raise(Event{WorkspaceID: b.workspace, Kind: SLANear, Members: []int64{}, Dedupe: "x"})
	b.now = time.Now().Add(time.Second)
	if _, err := w.sendWebhooks(context.Background()); err != nil {
		t.Fatal(err)
	}
	list, err := Sends(context.Background(), b.db, b.workspace, id, 0, 10)
	if err != nil || len(list) != 1 || list[0].Error != outward.ErrPrivate.Error() || len(r.got) != 0 {
		t.Errorf("%v %+v; it was called %d times", err, list, len(r.got))
	}
}

func TestTwoWorkersSendAWebhookOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := &receiver{status: 200}
	plain := ""
	s := r.serve(t, func() string { return plain })
	_, plain = b.endpoint(s.URL)
	for i := range 40 {
		b.raise(Event{WorkspaceID: b.workspace, Kind: SLANear, Members: []int64{}, Dedupe: fmt.Sprint(i)})
	}
	b.now = time.Now().Add(time.Second)
	one, two := b.worker(), b.worker()
	one.trust(s)
	two.trust(s)
	var wg sync.WaitGroup
	for _, w := range []*Worker{one, two} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 40 {
				if _, err := w.sendWebhooks(context.Background()); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	seen := map[string]int{}
	for _, id := range r.got {
		seen[id]++
	}
	if len(seen) != 40 || len(r.got) != 40 {
		t.Errorf("%d calls for %d webhooks, want 40 for 40", len(r.got), len(seen))
	}
}
