package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"ponte/api"
	"ponte/auth"
	"ponte/fault"
)

func TestHandshake(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for _, c := range []struct {
		name, query string
		status      int
		body        string
	}{
		{"right", "?hub.mode=subscribe&hub.verify_token=shake&hub.challenge=1158201444", 200, "1158201444"},
		{"right, with a challenge that is markup", "?hub.mode=subscribe&hub.verify_token=shake&hub.challenge=%3Cb%3E", 200, "<b>"},
		{"wrong token", "?hub.mode=subscribe&hub.verify_token=shak&hub.challenge=1158201444", 403, ""},
		{"wrong mode", "?hub.mode=unsubscribe&hub.verify_token=shake&hub.challenge=1158201444", 403, ""},
		{"no challenge", "?hub.mode=subscribe&hub.verify_token=shake", 400, ""},
		{"nothing", "", 400, ""},
	} {
		res := s.do("GET", "/webhooks/meta"+c.query, "", nil)
		if res.status != c.status || c.status == 200 && res.body != c.body || c.status != 200 && strings.Contains(res.body, "1158201444") {
			t.Errorf("%s: %d %q, want %d %q", c.name, res.status, res.body, c.status, c.body)
		}
		if ct := res.header.Get("Content-Type"); !strings.HasPrefix(ct, "text/plain") {
			t.Errorf("%s: content type %q", c.name, ct)
		}
	}
}

func TestHandshakeWithoutATokenIsNeverVerified(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(d *api.Deps) { d.VerifyToken = "" })
	if res := s.do("GET", "/webhooks/meta?hub.mode=subscribe&hub.verify_token=&hub.challenge=1", "", nil); res.status != 400 {
		t.Errorf("%d, want 400", res.status)
	}
	if res := s.do("GET", "/webhooks/meta?hub.mode=subscribe&hub.verify_token=x&hub.challenge=1", "", nil); res.status != 403 {
		t.Errorf("%d, want 403", res.status)
	}
}

func TestWebhookIsKeptOnlyWithItsSignature(t *testing.T) {
	t.Parallel()
	var kept atomic.Value
	var answer error
	registry := prometheus.NewRegistry()
	s := newScene(t, func(d *api.Deps) {
		d.Receive = func(_ context.Context, body []byte) error { kept.Store(string(body)); return answer }
		d.Metrics, d.Register = registry, registry
	})
	post := func(signature, body string) received {
		kept.Store("")
		res := s.do("POST", "/webhooks/meta", "", body, "X-Hub-Signature-256", signature, "X-Ponte-CSRF", "")
		return received{res, kept.Load().(string)}
	}
	body := `{"object":"page","entry":[` + "\u0000" + `]}`
	if got := post("good", body); got.status != 200 || got.kept != body {
		t.Errorf("signed: %d, kept %q", got.status, got.kept)
	}
	var constant string
	for _, c := range []struct{ signature, body string }{{"bad", body}, {"", body}, {"bad", "not JSON"}, {"bad", strings.Repeat("x", 1<<20)}} {
		got := post(c.signature, c.body)
		if constant == "" {
			constant = got.body
		}
		if got.status != 401 || got.kept != "" || got.body != constant || strings.Contains(got.body, "page") {
			t.Errorf("signature %q: %d %q, kept %q", c.signature, got.status, got.body, got.kept)
		}
	}
	for _, c := range []struct {
		err    error
		status int
	}{{fault.New(fault.TooMany, "full of secrets"), 503}, {fault.New(fault.Unavailable, "full of secrets"), 503}, {errors.New("full of secrets"), 500}} {
		answer = c.err
		got := post("good", body)
		if got.status != c.status || strings.Contains(got.body, "secrets") {
			t.Errorf("receiver says %v: %d %q, want %d", c.err, got.status, got.body, c.status)
		}
		if c.status == 503 && got.header.Get("Retry-After") != "1" {
			t.Errorf("receiver says %v: Retry-After %q", c.err, got.header.Get("Retry-After"))
		}
	}
	figures := s.do("GET", "/metrics", "", nil).body
	for _, want := range []string{`ponte_webhooks_total{outcome="kept"} 1`, `ponte_webhooks_total{outcome="bad_signature"} 4`, `ponte_webhooks_total{outcome="refused"} 3`} {
		if !strings.Contains(figures, want) {
			t.Errorf("the figures lack %s:\n%s", want, figures)
		}
	}
}

type received struct {
	answer
	kept string
}

// Who sends too much reads why, also a client that writes all before it reads.
func TestATooLargeBodyIsRefusedInWords(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/api/v1/rules", "/webhooks/meta"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			testTooLarge(t, path)
		})
	}
}

func testTooLarge(t *testing.T, path string) {
	s := newScene(t, func(*api.Deps) {})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.listen(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	const size = 10 << 20
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, size, strings.Repeat("x", size)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 413 || !strings.Contains(string(said), fmt.Sprintf("the body has %d bytes; at most %d are taken", size, api.MaxBody)) {
		t.Errorf("%d %s %v", res.StatusCode, said, err)
	}
}

// A list of as many consents as one file may have is taken whole.
func TestAListOfFiftyThousandConsentsIsTaken(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(*api.Deps) {})
	var list strings.Builder
	list.WriteString("phone,consent_at,source,wording_version,evidence_id,name,language,kind,act\n")
	for i := range 50_000 {
		fmt.Fprintf(&list, "+614%08d,2026-03-01T10:00:00+11:00,shop-form-sydney,offers v3,form-%05d,\"Customer, number %d\",en,express,grant\n", 30_000_000+i, i, i)
	}
	res := s.do("POST", "/api/v1/consent-imports", s.cookie[auth.Owner], map[string]any{"name": "list.csv", "text": list.String()})
	if res.status != 200 || !strings.Contains(res.body, `"waiting":50000`) || list.Len() < api.MaxBody {
		t.Errorf("%d bytes: %d %.300s", list.Len(), res.status, res.body)
	}
}

// A body may be as large as the limit and no larger. The limit belongs to the server, so this goes over
// a real socket; what is too large is refused on its announced length, before the rest of the body is read.
func TestWebhookBodyLimit(t *testing.T) {
	t.Parallel()
	var size atomic.Int64
	s := newScene(t, func(d *api.Deps) {
		d.Receive = func(_ context.Context, body []byte) error { size.Store(int64(len(body))); return nil }
	})
	base := s.listen()
	if status := s.post(base+"/webhooks/meta", strings.Repeat("x", api.MaxBody), "X-Hub-Signature-256", "good"); status != 200 || size.Load() != api.MaxBody {
		t.Errorf("%d bytes: %d, %d received", api.MaxBody, status, size.Load())
	}
	size.Store(0)
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "POST /webhooks/meta HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: good\r\nContent-Length: %d\r\n\r\n%s", api.MaxBody+1, strings.Repeat("x", 8<<10)); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 413 || size.Load() != 0 {
		t.Errorf("%d bytes: %d, %d received; want 413", api.MaxBody+1, res.StatusCode, size.Load())
	}
	if res := s.do("GET", "/healthz", "", nil); res.status != 200 {
		t.Errorf("after that: %d", res.status)
	}
}

// The largest bodies, 64 at once, are all kept, and only a few are in memory at one time; a chunked one
// is measured while it is read, and one that ends early changes nothing.
func TestManyLargeWebhooksWaitTheirTurn(t *testing.T) {
	t.Parallel()
	var now, most, kept atomic.Int64
	s := newScene(t, func(d *api.Deps) {
		d.Receive = func(_ context.Context, body []byte) error {
			most.Store(max(most.Load(), now.Add(int64(len(body)))))
			kept.Add(1)
			now.Add(-int64(len(body)))
			return nil
		}
	})
	base := s.listen()
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if status := s.post(base+"/webhooks/meta", strings.Repeat("x", api.MaxBody), "X-Hub-Signature-256", "good"); status != 200 {
				t.Errorf("a body of %d bytes among many: %d", api.MaxBody, status)
			}
		})
	}
	wg.Wait()
	if kept.Load() != 64 || most.Load() > 4*api.MaxBody {
		t.Errorf("%d of 64 kept, %d bytes at once", kept.Load(), most.Load())
	}
	for name, c := range map[string]struct {
		body   string
		status int
	}{
		"chunked":          {"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200},
		"chunked, endless": {"Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("10000\r\n"+strings.Repeat("x", 1<<16)+"\r\n", 65), 413},
		"cut short":        {"Content-Length: 20000\r\n\r\n" + strings.Repeat("x", 15000), 422},
	} {
		if got := s.raw(base, "POST /webhooks/meta HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: good\r\n"+c.body); got != c.status {
			t.Errorf("%s: %d, want %d", name, got, c.status)
		}
	}
	if kept.Load() != 65 {
		t.Errorf("%d kept at the end, want the chunked one beside the 64", kept.Load())
	}
}

// raw writes bytes to the server, says that no more come, and returns the status of the answer.
func (s *scene) raw(base, request string) int {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		_, _ = conn.Write([]byte(request)) // refused before the end: the answer tells
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func TestDataDeletionErasesAndCanBeLookedUp(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(d *api.Deps) {
		d.PublicURL = "https://ponte.example/"
		d.SignedRequest = func(raw string) (string, error) {
			if raw != "signed" {
				return "", errors.New("the secret is ABC")
			}
			return "psid-1", nil
		}
	})
	s.exec(`INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id, name) VALUES ($1, $2, 'messenger', $3, 'psid-1', 'Anna')`, s.home.id, s.home.contact, s.home.facebook)
	form := func(path, value string) answer {
		return s.do("POST", path, "", "signed_request="+value, "Content-Type", "application/x-www-form-urlencoded")
	}
	if res := form("/webhooks/meta/data-deletion", "forged"); res.status != 401 || strings.Contains(res.body, "ABC") {
		t.Errorf("forged: %d %s", res.status, res.body)
	}
	res := form("/webhooks/meta/data-deletion", "signed")
	var out struct {
		URL  string `json:"url"`
		Code string `json:"confirmation_code"`
	}
	if res.status != 200 {
		t.Fatalf("%d %s", res.status, res.body)
	}
	res.read(t, &out)
	if out.URL != "https://ponte.example/data-deletion/"+out.Code || len(out.Code) < 16 {
		t.Errorf("answer %+v", out)
	}
	if text := s.text(`SELECT text || author_name FROM comments WHERE id = $1`, s.home.comment); text != "" {
		t.Errorf("the comment still says %q", text)
	}
	if n := s.id(`SELECT count(*) FROM identities WHERE contact_id = $1 AND (name <> '' OR phone IS NOT NULL OR external_id NOT LIKE 'erased:%')`, s.home.contact); n != 0 {
		t.Errorf("%d identities are not erased", n)
	}
	var c api.CommentDetail
	if s.must(200, "GET", fmt.Sprintf("/api/v1/comments/%d", s.home.comment), s.cookie[auth.Moderator], nil, &c); !c.Author.Erased {
		t.Errorf("the comment's author is %+v, not erased", c.Author)
	}
	if text := s.text(`SELECT text FROM comments WHERE id = $1`, s.other.comment); text != marker {
		t.Errorf("another person's comment says %q", text)
	}
	if res := s.do("GET", "/data-deletion/"+out.Code, "", nil); res.status != 200 || !strings.Contains(res.body, "erased") {
		t.Errorf("look-up: %d %s", res.status, res.body)
	}
	if res := s.do("GET", "/data-deletion/unknown", "", nil); res.status != 404 {
		t.Errorf("look-up of another: %d", res.status)
	}
}

func TestDeauthorizeIsWrittenDown(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(d *api.Deps) {
		d.SignedRequest = func(raw string) (string, error) {
			if raw != "signed" {
				return "", errors.New("no")
			}
			return "u1", nil
		}
	})
	for _, c := range []struct {
		value  string
		status int
		lines  int64
	}{{"forged", 401, 0}, {"signed", 200, 1}} {
		res := s.do("POST", "/webhooks/meta/deauthorize", "", "signed_request="+c.value, "Content-Type", "application/x-www-form-urlencoded")
		if n := s.id(`SELECT count(*) FROM audit_log WHERE workspace_id = $1 AND verb = 'meta.deauthorized'`, s.home.id); res.status != c.status || n != c.lines {
			t.Errorf("%s: %d with %d lines, want %d with %d", c.value, res.status, n, c.status, c.lines)
		}
	}
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	var workers error
	behind := 0
	s := newScene(t, func(d *api.Deps) {
		d.Ready = func(context.Context) error { return workers }
		d.Behind = func(context.Context) (int, error) { return behind, nil }
	})
	for _, c := range []struct {
		name    string
		workers error
		behind  int
		status  int
		want    string
	}{
		{"all well", nil, 0, 200, `"state":"ready"`},
		{"schema behind", nil, 2, 503, `"schema":"behind"`},
		{"nobody works", errors.New("no lane at 10.0.0.1"), 0, 503, `"workers":"failed"`},
	} {
		workers, behind = c.workers, c.behind
		res := s.do("GET", "/readyz", "", nil)
		if res.status != c.status || !strings.Contains(res.body, c.want) || strings.Contains(res.body, "10.0.0.1") {
			t.Errorf("%s: %d %s", c.name, res.status, res.body)
		}
		if up := s.do("GET", "/healthz", "", nil); up.status != 200 {
			t.Errorf("%s: healthz %d", c.name, up.status)
		}
	}
}

// A connection that answers nothing holds its driver beyond any context; whoever asks whether the process is ready is told.
func TestReadinessIsSaidInTime(t *testing.T) {
	t.Parallel()
	silent := make(chan struct{})
	t.Cleanup(func() { close(silent) })
	s := newScene(t, func(d *api.Deps) {
		d.Ready = func(context.Context) error { <-silent; return nil }
	})
	if res := s.do("GET", "/readyz", "", nil); res.status != 503 || !strings.Contains(res.body, `"workers":"failed"`) || !strings.Contains(res.body, `"database":"ok"`) {
		t.Errorf("%d %s", res.status, res.body)
	}
}

// listen serves the scene on a real socket until the test ends.
func (s *scene) listen() string {
	s.t.Helper()
	l := httptest.NewUnstartedServer(nil).Listener // 127.0.0.1, a free port
	done := make(chan error, 1)
	go func() { done <- s.server.App.Listener(l) }()
	s.t.Cleanup(func() {
		// Connections that a client opened and never used keep the server for a minute: not waited for.
		if err := s.server.App.ShutdownWithTimeout(time.Second); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			s.t.Error(err)
		}
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

// Nobody has to sign in to call these, so no more is read than a signed request has.
func TestASignedRequestIsSmall(t *testing.T) {
	t.Parallel()
	var read []string
	s := newScene(t, func(d *api.Deps) {
		d.SignedRequest = func(raw string) (string, error) {
			read = append(read, raw)
			if !strings.HasPrefix(raw, "signed") {
				return "", errors.New("no")
			}
			return "u1", nil
		}
	})
	const form = "application/x-www-form-urlencoded"
	parts := "--b\r\nContent-Disposition: form-data; name=\"signed_request\"\r\n\r\nsigned parts\r\n--b--\r\n"
	for _, path := range []string{"/webhooks/meta/deauthorize", "/webhooks/meta/data-deletion"} {
		for _, c := range []struct {
			name, kind, body string
			status           int
			read             string // what the signature is looked at of; "-": nothing
		}{
			{"a form", form, "a=1&signed_request=signed%20so&b=2", 200, "signed so"},
			{"one of parts", "multipart/form-data; boundary=b", parts, 200, "signed parts"},
			{"as large as may be", form, "signed_request=signed" + strings.Repeat("x", 16<<10-21), 200, "signed" + strings.Repeat("x", 16<<10-21)},
			{"a byte larger", form, "signed_request=signed" + strings.Repeat("x", 16<<10-20), 413, "-"},
			{"much larger", form, "signed_request=signed" + strings.Repeat("x", 1<<20), 413, "-"},
			{"large parts", "multipart/form-data; boundary=b", parts + strings.Repeat("x", 20<<10), 413, "-"},
			{"no form", "application/json", "{}", 401, ""},
			{"nothing", form, "", 401, ""},
		} {
			read = nil
			res := s.do("POST", path, "", c.body, "Content-Type", c.kind)
			if got := strings.Join(append(read, ""), "|"); res.status != c.status || c.read == "-" && read != nil || c.read != "-" && got != c.read+"|" {
				t.Errorf("%s %s: %d, want %d; %d looked at", path, c.name, res.status, c.status, len(read))
			}
		}
	}
}
