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
	Usage func(Usage)
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

// Request is one call to the Graph API. Body is sent as JSON where it is not nil.
type Request struct {
	Method string
	Path   string
	Query  url.Values
	Body   any
	Raw    []byte // sent as it is, instead of Body, with its Type
	Type   string
	Header http.Header
	OAuth  bool // the token goes as OAuth, not Bearer: Meta's upload sessions want it so
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
	return c.Do(ctx, a, Request{Method: http.MethodGet, Path: path, Query: query}, out)
}

// Post sends body as JSON to path and reads the answer into out.
func (c *Client) Post(ctx context.Context, a channels.Account, path string, query url.Values, body, out any) error {
	return c.Do(ctx, a, Request{Method: http.MethodPost, Path: path, Query: query, Body: body}, out)
}

// Address joins the account's base URL with a path. The base URL is taken as it is: with a version in
// its path (https://graph.facebook.com/v25.0) or without one, and none is put in.
func Address(a channels.Account, path string, query url.Values) (string, error) {
	u, err := url.Parse(a.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", errors.New("the account's base URL is not an address")
	}
	if strings.Contains(path, "..") || strings.Contains(path, "//") || strings.HasPrefix(path, "/") {
		return "", errors.New("the id in the call is not one of the network's")
	}
	u.Path = strings.TrimRight(u.Path, "/") + "/" + path
	full := url.Values{}
	for k, v := range query {
		full[k] = v
	}
	if a.AppSecret != "" && !a.InstagramLogin() {
		full.Set("appsecret_proof", Proof(a.Token, a.AppSecret))
	}
	u.RawQuery = full.Encode()
	return u.String(), nil
}

// Do carries out a request and reads the answer into out, unless out is nil. Its error is a
// *channels.Failure.
func (c *Client) Do(ctx context.Context, a channels.Account, r Request, out any) error {
	x := Exchange{Channel: a.Channel, Account: a.ID, Method: r.Method, Path: "/" + r.Path}
	start := time.Now()
	f := c.exchange(ctx, a, r, out, &x)
	if x.Took = time.Since(start); c.Observe != nil {
		c.Observe(x)
	}
	if f != nil { // never a nil pointer inside an error
		return f
	}
	return nil
}

func (c *Client) exchange(ctx context.Context, a channels.Account, r Request, out any, x *Exchange) *channels.Failure {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	req, f := build(ctx, a, r)
	if f != nil {
		x.Note = f.Reason
		return f
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		f := noAnswer(err, sent.Load(), r.Method)
		x.Note = f.Reason
		return f
	}
	defer res.Body.Close()
	x.Status = res.StatusCode
	usage, reported := readUsage(res.Header)
	if usage.Row, usage.Account = a.Row, a.ID; reported && c.Usage != nil {
		c.Usage(usage)
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil && res.StatusCode < 400 {
		f := noAnswer(err, true, r.Method)
		x.Note = f.Reason
		return f
	}
	if f := failure(a.Channel, r.Method, res.StatusCode, answer); f != nil {
		x.Note = fmt.Sprintf("%s %d/%d %s", f.Reason, f.Code, f.Subcode, f.Trace)
		switch f.Class {
		case channels.Wait:
			f.After = max(f.After, usage.Regain, retryAfter(res.Header, time.Now()))
		case channels.Retry, channels.Unknown:
			f.After = max(f.After, retryAfter(res.Header, time.Now()))
		}
		return f
	}
	if out != nil && decode(answer, out) != nil {
		x.Note = "odd_answer"
		return unclear(r.Method, res.StatusCode, "odd_answer", "The server answered, but not with what the network answers")
	}
	return nil
}

func build(ctx context.Context, a channels.Account, r Request) (*http.Request, *channels.Failure) {
	ask := func(scope channels.Scope, reason, meaning string) *channels.Failure {
		return &channels.Failure{Class: channels.AskPerson, Scope: scope, Reason: reason, Meaning: meaning}
	}
	address, err := Address(a, r.Path, r.Query)
	if err != nil {
		return nil, ask(channels.ScopeAccount, "bad_address", "The call was not made, because "+err.Error()+".")
	}
	var payload io.Reader
	if r.Body != nil {
		b, err := json.Marshal(r.Body)
		if err != nil {
			return nil, ask(channels.ScopeCall, "bad_request", "The call could not be put together: its content is not JSON.")
		}
		payload = bytes.NewReader(b)
	}
	if r.Raw != nil {
		payload = bytes.NewReader(r.Raw)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, address, payload)
	if err != nil {
		return nil, ask(channels.ScopeAccount, "bad_address", "The account's base URL is not an address: connect the account again.")
	}
	req.Header.Set("Authorization", "Bearer "+a.Token)
	if r.OAuth {
		req.Header.Set("Authorization", "OAuth "+a.Token)
	}
	for name, values := range r.Header {
		req.Header[name] = values // as it is written: Meta's own has an underscore
	}
	req.Header.Set("Accept", "application/json")
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.Raw != nil {
		req.Header.Set("Content-Type", r.Type)
	}
	return req, nil
}
