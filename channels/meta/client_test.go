package meta

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"ponte/channels"
)

// localOnly refuses every host but this one, so that no test ever reaches a network.
type localOnly struct{ next http.RoundTripper }

func (l localOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Hostname() != "127.0.0.1" {
		return nil, errors.New("a test called " + r.URL.Hostname())
	}
	return l.next.RoundTrip(r)
}

func client(t *testing.T) *Client {
	t.Helper()
	c := NewClient(5 * time.Second)
	c.HTTP.Transport = localOnly{c.HTTP.Transport}
	return c
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestAddress(t *testing.T) {
	cases := []struct {
		base, path, secret, want string
	}{
		{"https://graph.facebook.com/v25.0", "123/comments", "", "https://graph.facebook.com/v25.0/123/comments?a=1"},
		{"https://graph.facebook.com/v25.0/", "123", "", "https://graph.facebook.com/v25.0/123?a=1"},
		{"http://127.0.0.1:9000", "123", "", "http://127.0.0.1:9000/123?a=1"},
		{"http://127.0.0.1:9000", "123", secret, "http://127.0.0.1:9000/123?a=1&appsecret_proof=219f9936cf0203b8f39c4d1079cae98eb24665873aa3489065d37afabd8bbcc2"},
		{"https://graph.instagram.com/v25.0", "123", secret, "https://graph.instagram.com/v25.0/123?a=1"},
		{"https://graph.facebook.com", "30_41?x=y", "", "https://graph.facebook.com/30_41%3Fx=y?a=1"},
		{"graph.facebook.com", "123", "", ""},
		{"", "123", "", ""},
		{"file:///etc", "123", "", ""},
		{"https://graph.facebook.com/v25.0", "../me", "", ""},
		{"https://graph.facebook.com/v25.0", "/comments", "", ""},
	}
	for _, c := range cases {
		query := url.Values{"a": {"1"}}
		got, err := Address(channels.Account{BaseURL: c.base, Token: "EAATOKEN123", AppSecret: c.secret}, c.path, query)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s + %s = %q, %v; want %q", c.base, c.path, got, err, c.want)
		}
		if len(query) != 1 {
			t.Error("the caller's query was changed")
		}
	}
}

func TestAnswersBecomeFailures(t *testing.T) {
	long := strings.Repeat("x", 100)
	cases := []struct {
		name   string
		method string
		status int
		body   string
		class  channels.Class
		reason string
	}{
		{"done", "POST", 200, `{"success":true}`, "", ""},
		{"plain true", "POST", 200, `true`, "", ""},
		{"not done", "POST", 200, `{"success":false}`, channels.Unknown, "odd_answer"},
		{"sign-in page with 200", "POST", 200, `<html>sign in</html>`, channels.Unknown, "odd_answer"},
		{"empty with 200", "POST", 200, ``, channels.Unknown, "odd_answer"},
		{"odd answer to a read", "GET", 200, `<html>`, channels.Retry, "odd_answer"},
		{"error with 200", "POST", 200, `{"error":{"message":"m","code":190,"error_subcode":463}}`, channels.Reauthorise, "token_expired"},
		{"HTML 502 after a message", "POST", 502, `<html>Bad Gateway</html>`, channels.Unknown, "no_clear_answer"},
		{"HTML 502 on a read", "GET", 502, `<html>Bad Gateway</html>`, channels.Retry, "outage"},
		{"empty 503", "POST", 503, ``, channels.Unknown, "no_clear_answer"},
		{"Meta's own 503", "POST", 503, `{"error":{"code":2,"message":"temporary","is_transient":true}}`, channels.Unknown, "no_clear_answer"},
		{"a fault of a new kind", "POST", 500, `{"error":{"code":424242}}`, channels.Unknown, "no_clear_answer"},
		{"Meta's own 503 on a read", "GET", 503, `{"error":{"code":2}}`, channels.Retry, "outage"},
		{"turned away before it began", "POST", 400, `{"error":{"code":2}}`, channels.Retry, "outage"},
		{"wrong address", "POST", 404, `not found`, channels.AskPerson, "bad_address"},
		{"redirect", "GET", 302, ``, channels.AskPerson, "bad_address"},
		{"redirect of a call", "POST", 308, `moved`, channels.AskPerson, "bad_address"},
		{"a permission missing for a moment", "POST", 403, `{"error":{"code":10,"is_transient":true}}`, channels.Retry, "permission_missing"},
		{"a token refused", "POST", 401, `{"error":{"code":190,"is_transient":false}}`, channels.Reauthorise, "token_expired"},
		{"codes as text", "POST", 400, `{"error":{"code":"100","error_subcode":"33"}}`, channels.GiveUp, "gone"},
		{"codes of nonsense", "POST", 400, `{"error":{"code":{},"message":[]}}`, channels.AskPerson, "refused"},
		{"transient", "POST", 400, `{"error":{"code":100,"is_transient":true}}`, channels.Retry, "bad_request"},
		{"error is a text", "POST", 400, `{"error":"bad"}`, channels.AskPerson, "refused"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			base := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer tok-1" || strings.Contains(r.URL.String(), "tok-1") {
					t.Error("the token must travel in the header and nowhere else")
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.body))
			})
			var seen Exchange
			cl := client(t)
			cl.Observe = func(x Exchange) { seen = x }
			a := channels.Account{Channel: channels.Facebook, ID: "11", BaseURL: base, Token: "tok-1"}
			err := cl.Do(context.Background(), a, Request{Method: c.method, Path: "30_41", Body: map[string]string{"message": long}}, &Success{})
			var f *channels.Failure
			if errors.As(err, &f) != (c.class != "") {
				t.Fatalf("error %v, want class %q", err, c.class)
			}
			if f != nil && (f.Class != c.class || f.Reason != c.reason || f.Meaning == "") {
				t.Errorf("%s %s %q, want %s %s", f.Class, f.Reason, f.Meaning, c.class, c.reason)
			}
			if seen.Status != c.status || seen.Path != "/30_41" || strings.Contains(seen.Note, "tok-1") || strings.Contains(seen.Note, "xxx") {
				t.Errorf("exchange %+v", seen)
			}
		})
	}
}

func TestNoAnswer(t *testing.T) {
	stop := make(chan struct{})
	slow := serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(stop) })
	cut := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			conn.Close()
		}
	})
	half := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"id":`))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + l.Addr().String()
	l.Close()
	cases := []struct {
		name, base, method string
		class              channels.Class
	}{
		{"nobody listens", closed, "POST", channels.Retry},
		{"timeout after a message left", slow, "POST", channels.Unknown},
		{"timeout of a delete", slow, "DELETE", channels.Unknown},
		{"timeout of a read", slow, "GET", channels.Retry},
		{"connection cut after a message left", cut, "POST", channels.Unknown},
		{"answer broken off", half, "POST", channels.Unknown},
		{"answer to a read broken off", half, "GET", channels.Retry},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cl := client(t)
			cl.HTTP.Timeout = 300 * time.Millisecond
			err := cl.Do(context.Background(), channels.Account{BaseURL: c.base}, Request{Method: c.method, Path: "1"}, &Success{})
			var f *channels.Failure
			if !errors.As(err, &f) || f.Class != c.class {
				t.Fatalf("%v, want class %s", err, c.class)
			}
			if strings.Contains(err.Error(), "127.0.0.1") {
				t.Errorf("the text for people holds the address: %s", err)
			}
		})
	}
}

func TestUsageAndWaiting(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-App-Usage", `{"call_count":28,"total_time":25,"total_cputime":31}`)
		w.Header().Set("X-Business-Use-Case-Usage", `{"11":[{"type":"pages","call_count":10,"total_time":4,"estimated_time_to_regain_access":0},{"type":"messenger","call_count":100,"total_cputime":3,"estimated_time_to_regain_access":45}]}`)
		w.WriteHeader(400)
		_, _ = w.Write([]byte(`{"error":{"code":80006}}`))
	})
	var got Usage
	cl := client(t)
	cl.Usage = func(u Usage) { got = u }
	err := cl.Get(context.Background(), channels.Account{ID: "11", BaseURL: base}, "11", nil, nil)
	want := Usage{Account: "11", App: 31, Case: 100, Type: "messenger", Regain: 45 * time.Minute}
	if got != want {
		t.Errorf("usage %+v, want %+v", got, want)
	}
	var f *channels.Failure
	if !errors.As(err, &f) || f.Class != channels.Wait || f.After != 45*time.Minute {
		t.Errorf("%+v: Meta's own estimate must be waited for", f)
	}
	if u, ok := readUsage(http.Header{}); ok || u != (Usage{}) {
		t.Error("usage out of nothing")
	}
	if u, ok := readUsage(http.Header{"X-App-Usage": {`{"call_volume":7,"cpu_time":3}`}}); !ok || u.App != 7 {
		t.Errorf("other keys: %+v", u)
	}
}

// Whoever answers for Meta may say when to come again, in seconds or as a date.
func TestRetryAfterIsHeeded(t *testing.T) {
	for _, c := range []struct {
		status   int
		body, at string
		from, to time.Duration
	}{
		{429, `<html>`, "300", 300 * time.Second, 300 * time.Second},
		{429, `<html>`, time.Now().Add(10 * time.Minute).UTC().Format(http.TimeFormat), 9 * time.Minute, 10 * time.Minute},
		{503, `<html>`, "120", 120 * time.Second, 120 * time.Second},
		{400, `{"error":{"code":2}}`, "120", 120 * time.Second, 120 * time.Second},
		{429, `<html>`, "soon", time.Minute, time.Minute},
		{429, `<html>`, time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat), time.Minute, time.Minute},
	} {
		base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", c.at)
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		})
		err := client(t).Post(context.Background(), channels.Account{Channel: channels.Facebook, ID: "11", BaseURL: base}, "11", nil, map[string]string{}, &Success{})
		var f *channels.Failure
		if !errors.As(err, &f) || f.After < c.from || f.After > c.to {
			t.Errorf("%d with Retry-After %s: %+v", c.status, c.at, f)
		}
	}
}

// An account without a Page was connected to Instagram's own app: the Meta app's secret proves nothing there.
func TestInstagramLoginHasNoProofOfTheMetaApp(t *testing.T) {
	for _, c := range []struct {
		a     channels.Account
		proof bool
	}{
		{channels.Account{Channel: channels.Instagram, BaseURL: "https://graph.instagram.com/v25.0"}, false},
		{channels.Account{Channel: channels.Instagram, BaseURL: "https://proxy.example/v25.0"}, false},
		{channels.Account{Channel: channels.Instagram, Page: "1", BaseURL: "https://proxy.example/v25.0"}, true},
		{channels.Account{Channel: channels.Instagram, BaseURL: "https://graph.facebook.com/v25.0"}, true},
		{channels.Account{Channel: channels.Facebook, BaseURL: "https://proxy.example/v25.0"}, true},
		{channels.Account{Channel: channels.WhatsApp, BaseURL: "https://proxy.example"}, true},
	} {
		c.a.Token, c.a.AppSecret = "tok", "s3cr3t"
		got, err := Address(c.a, "123", nil)
		if err != nil || strings.Contains(got, "appsecret_proof=") != c.proof {
			t.Errorf("%s at %s (Page %q): %s, %v", c.a.Channel, c.a.BaseURL, c.a.Page, got, err)
		}
	}
}

// WhatsApp cannot be asked whether a message left; it says itself that such a call is to be made again.
func TestAFaultOfWhatsAppIsTriedAgain(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		_, _ = w.Write([]byte(`{"error":{"code":131016}}`))
	})
	err := client(t).Post(context.Background(), channels.Account{Channel: channels.WhatsApp, ID: "11", BaseURL: base, Token: "tok-1"}, "11/messages", nil, map[string]string{}, &Success{})
	var f *channels.Failure
	if !errors.As(err, &f) || f.Class != channels.Retry {
		t.Errorf("%v", err)
	}
}

// Ids written as numbers are the same ids, whatever their length; fields that nobody knows do no harm.
func TestIdsAsNumbers(t *testing.T) {
	base := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"id":17900000000000123456,"from":{"id":5,"age":7},"list":[{"parent_id":12,"count":3}],"new":{"x":[1.5]}}`))
	})
	var out struct {
		ID   string `json:"id"`
		From struct {
			ID  string `json:"id"`
			Age int    `json:"age"`
		} `json:"from"`
		List []struct {
			Parent string `json:"parent_id"`
			Count  int    `json:"count"`
		} `json:"list"`
	}
	err := client(t).Get(context.Background(), channels.Account{Channel: channels.Facebook, ID: "11", BaseURL: base, Token: "tok-1"}, "30_41", nil, &out)
	if err != nil || out.ID != "17900000000000123456" || out.From.ID != "5" || out.From.Age != 7 || len(out.List) != 1 || out.List[0].Parent != "12" || out.List[0].Count != 3 {
		t.Errorf("%+v, %v", out, err)
	}
}

func TestSuccessAsServersWriteIt(t *testing.T) {
	for answer, want := range map[string]bool{
		`true`: true, `{"success":true}`: true, `{"success":"true"}`: true, `{"success":"True","id":"1"}`: true, `{"success":1}`: true, `"true"`: true,
		`false`: false, `{"success":false}`: false, `{"success":"false"}`: false, `{"success":null}`: false, `{}`: false, `{"success":{}}`: false, `[]`: false, `"ok"`: false,
	} {
		if err := json.Unmarshal([]byte(answer), &Success{}); (err == nil) != want {
			t.Errorf("%s: %v", answer, err)
		}
	}
}
