package meta

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"ponte/channels"
)

// maxAnswer bounds what is read of an answer; lists are paged far below it.
const maxAnswer = 8 << 20

// Client calls the Graph API of an account at the account's own base URL.
type Client struct {
	HTTP *http.Client
	// Observe is told of every exchange, redacted: method, path without query, status, error code and
	// trace. It may be nil.
	Observe func(Exchange)
	// Usage is told when Meta reports how much of a limit is used; it may be nil.
	Usage func(accountID string, percent int, regain time.Duration)
}

// Exchange is one call as it may be kept for support: no token, no text, no phone number.
type Exchange struct {
	Channel channels.Channel
	Account string
	Method  string
	Path    string
	Status  int // 0: no answer
	Took    time.Duration
	Note    string // error code and fbtrace_id, or what went wrong
}

// NewClient returns a client whose calls end after timeout.
func NewClient(timeout time.Duration) *Client {
	return &Client{HTTP: &http.Client{
		Timeout: timeout,
		Transport: &http.Transport{
			MaxIdleConnsPerHost: 32, IdleConnTimeout: 60 * time.Second, TLSHandshakeTimeout: 10 * time.Second,
			DialContext: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, ForceAttemptHTTP2: true,
		},
		// A redirect would carry the bearer token to another host.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Get reads path (with query) into out.
func (c *Client) Get(ctx context.Context, a channels.Account, path string, query url.Values, out any) error {
	return c.do(ctx, a, http.MethodGet, path, query, nil, out)
}

// Post sends body as JSON to path and reads the answer into out.
func (c *Client) Post(ctx context.Context, a channels.Account, path string, query url.Values, body, out any) error {
	return c.do(ctx, a, http.MethodPost, path, query, body, out)
}

// Delete deletes path.
func (c *Client) Delete(ctx context.Context, a channels.Account, path string, query url.Values, out any) error {
	return c.do(ctx, a, http.MethodDelete, path, query, nil, out)
}

// Address joins the account's base URL with a path. The base URL is taken as it is: with a version in
// its path (https://graph.facebook.com/v25.0) or without one.
func Address(a channels.Account, path string, query url.Values) (string, error) {
	u, err := url.Parse(a.BaseURL)
	if err != nil || u.Host == "" {
		return "", fmt.Errorf("the account's base URL is not an address")
	}
	u.Path = strings.TrimRight(u.Path, "/") + "/" + strings.TrimLeft(path, "/")
	if query == nil {
		query = url.Values{}
	}
	if a.AppSecret != "" && u.Host != "graph.instagram.com" {
		query.Set("appsecret_proof", Proof(a.Token, a.AppSecret))
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

func (c *Client) do(ctx context.Context, a channels.Account, method, path string, query url.Values, body, out any) error {
	address, err := Address(a, path, query)
	if err != nil {
		return &channels.Failure{Class: channels.AskPerson, Scope: channels.ScopeAccount, Reason: "bad_address", Meaning: err.Error() + ": connect the account again with the right one."}
	}
	var payload io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return &channels.Failure{Class: channels.AskPerson, Scope: channels.ScopeCall, Reason: "bad_request", Meaning: "The call could not be put together."}
		}
		payload = bytes.NewReader(b)
	}
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	req, err := http.NewRequestWithContext(ctx, method, address, payload)
	if err != nil {
		return &channels.Failure{Class: channels.AskPerson, Scope: channels.ScopeAccount, Reason: "bad_address", Meaning: "The account's base URL is not an address: connect the account again."}
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	start := time.Now()
	x := Exchange{Channel: a.Channel, Account: a.ID, Method: method, Path: "/" + strings.TrimLeft(path, "/")}
	defer func() {
		if x.Took = time.Since(start); c.Observe != nil {
			c.Observe(x)
		}
	}()
	res, err := c.HTTP.Do(req)
	if err != nil {
		f := c.noAnswer(err, sent.Load(), method)
		x.Note = f.Reason
		return f
	}
	defer res.Body.Close()
	x.Status = res.StatusCode
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	c.reportUsage(a.ID, res.Header)
	if err != nil && res.StatusCode < 400 {
		f := c.noAnswer(err, true, method)
		x.Note = f.Reason
		return f
	}
	if f := failure(res.StatusCode, answer); f != nil {
		x.Note = fmt.Sprintf("%s %d/%d %s", f.Reason, f.Code, f.Subcode, f.Trace)
		return f
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		x.Note = "answer is not JSON"
		class := channels.Unknown
		if method == http.MethodGet {
			class = channels.Retry
		}
		return &channels.Failure{Class: class, Scope: channels.ScopeCall, HTTP: res.StatusCode, Reason: "odd_answer", Meaning: "The server answered with something that is not JSON.", After: 30 * time.Second}
	}
	return nil
}

// noAnswer: before the request left nothing can have happened; after that it may have. Reading is
// harmless and is simply tried again.
func (c *Client) noAnswer(err error, sent bool, method string) *channels.Failure {
	f := &channels.Failure{Class: channels.Retry, Scope: channels.ScopeCall, Reason: "unreachable", Meaning: "The network could not be reached; it is tried again.", After: 10 * time.Second}
	var dns *net.DNSError
	switch {
	case sent && method != http.MethodGet:
		f.Class, f.Reason, f.Meaning = channels.Unknown, "timeout", "No answer came back, so it is not known whether the call worked: it is looked up before anything is sent again."
	case errors.As(err, &dns):
		f.Meaning = "The network's address could not be found; it is tried again."
	}
	return f
}

type errorBody struct {
	Error *struct {
		Code      json.Number `json:"code"`
		Subcode   json.Number `json:"error_subcode"`
		Transient bool        `json:"is_transient"`
		Trace     string      `json:"fbtrace_id"`
	} `json:"error"`
}

// failure reads an error out of an answer; Meta sometimes sends one with status 200. Its message is in
// the account's language and may hold anything, so only codes are used.
func failure(status int, answer []byte) *channels.Failure {
	var b errorBody
	_ = json.Unmarshal(answer, &b)
	if b.Error == nil {
		if status < 300 {
			return nil
		}
		return Classify(0, 0, status)
	}
	code, _ := b.Error.Code.Int64()
	subcode, _ := b.Error.Subcode.Int64()
	f := Classify(int(code), int(subcode), status)
	f.Trace = traceOnly(b.Error.Trace)
	if b.Error.Transient && (f.Class == channels.AskPerson || f.Class == channels.GiveUp) {
		f.Class, f.After = channels.Retry, 30*time.Second
	}
	return f
}

// traceOnly keeps a trace id that looks like one.
func traceOnly(s string) string {
	if len(s) > 64 {
		return ""
	}
	for _, r := range s {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-') {
			return ""
		}
	}
	return s
}

// reportUsage reads X-App-Usage and X-Business-Use-Case-Usage: percentages, throttling from 100.
func (c *Client) reportUsage(accountID string, h http.Header) {
	if c.Usage == nil {
		return
	}
	percent, minutes := 0, 0
	var flat map[string]any
	if json.Unmarshal([]byte(h.Get("X-App-Usage")), &flat) == nil {
		percent = highest(flat)
	}
	var cases map[string][]map[string]any
	if json.Unmarshal([]byte(h.Get("X-Business-Use-Case-Usage")), &cases) == nil {
		for _, list := range cases {
			for _, one := range list {
				if m, ok := one["estimated_time_to_regain_access"].(float64); ok {
					minutes = max(minutes, int(m))
				}
				delete(one, "estimated_time_to_regain_access")
				percent = max(percent, highest(one))
			}
		}
	}
	if percent > 0 {
		c.Usage(accountID, percent, time.Duration(minutes)*time.Minute)
	}
}

func highest(m map[string]any) int {
	top := 0
	for _, v := range m {
		if f, ok := v.(float64); ok {
			top = max(top, int(f))
		}
	}
	return top
}
