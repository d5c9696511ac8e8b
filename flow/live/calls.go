package live

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"ponte/flow"
	"ponte/inbox"
	"ponte/jobs"
	"ponte/outward"
	"ponte/secret"
)

// Channel is the PostgreSQL notification that wakes callers.
const Channel = "ponte_flows"

// maxAnswer is how much of an answer is read; the flow takes an answer that is longer for a failed call.
const maxAnswer = 64 << 10

// Why a call failed, beside flow.FailedTimeout. They are shown to people.
const (
	FailedUnreachable = "unreachable"
	FailedAddress     = "address_not_allowed" // the name leads to an address that is not public
	FailedInterrupted = "interrupted"         // the process died while a call that may change something was under way
)

// Caller makes the calls of flows, outside every transaction, and raises what came of them.
type Caller struct {
	DB   *sqlx.DB
	Keys *secret.Keyring
	Name string // of this process
	Now  func() time.Time
	Log  *slog.Logger
	Wake <-chan struct{}

	// local lets tests of this package reach a server on this machine; nothing outside the package can set it.
	local *tls.Config
}

// Run makes calls until the context ends.
func (c *Caller) Run(ctx context.Context) error {
	once := func(ctx context.Context) (bool, error) {
		n, err := c.Once(ctx)
		return n > 0, err
	}
	return jobs.Loop{Once: once, Every: 2 * time.Second, Wake: c.Wake, Log: c.Log, Failed: "a flow's call could not be worked; trying again"}.Run(ctx)
}

type wanted struct {
	WorkspaceID int64  `db:"workspace_id"`
	ID          int64  `db:"id"`
	RunID       int64  `db:"run_id"`
	Seq         int    `db:"seq"`
	Method      string `db:"method"`
	URL         string `db:"url"`
	Body        string `db:"body"`
	Secret      string `db:"secret"`
	TimeoutMS   int    `db:"timeout_ms"`
	Attempts    int    `db:"attempts"`
}

// callsAtOnce bounds how many calls of one process wait for other systems.
const callsAtOnce = 8

// Once makes the calls that are due, several at a time, and returns how many it settled.
func (c *Caller) Once(ctx context.Context) (int, error) {
	var list []wanted
	if err := c.DB.SelectContext(ctx, &list, sqlClaimCalls, c.Name, callsAtOnce); err != nil {
		return 0, fmt.Errorf("claim calls of flows: %w", err)
	}
	errs := make(chan error, len(list))
	for _, w := range list {
		go func() { errs <- c.settle(ctx, w) }()
	}
	var all error
	for range list {
		all = errors.Join(all, <-errs)
	}
	return len(list), all
}

// A lease lasts longer than any call, so a lease that has run out means that its process died.
const sqlClaimCalls = `
UPDATE flow_calls c SET state = 'calling', holder = $1, lease_until = now() + interval '60 seconds', attempts = attempts + 1
FROM (SELECT workspace_id, id FROM flow_calls WHERE state = 'planned' OR state = 'calling' AND lease_until < now() ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED) d
WHERE c.workspace_id = d.workspace_id AND c.id = d.id
RETURNING c.workspace_id, c.id, c.run_id, c.seq, c.method, c.url, c.body, c.secret, c.timeout_ms, c.attempts`

// maxTries is how often a GET is made again after a crash.
const maxTries = 3

type outcome struct {
	status  int
	answer  string
	failure string
}

func (c *Caller) settle(ctx context.Context, w wanted) error {
	var o outcome
	switch {
	case w.Attempts > 1 && (w.Method != http.MethodGet || w.Attempts > maxTries):
		o.failure = FailedInterrupted // whether it took effect is not known: it is not made a second time
	default:
		value, failure, err := c.signWith(ctx, w.WorkspaceID, w.Secret, w.URL)
		if err != nil {
			return err
		}
		if o.failure = failure; failure == "" {
			o = c.call(ctx, w, value)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err() // stopping: the lease tells the next process
	}
	return c.record(ctx, w, o)
}

// call makes one request. What it returns is data for the flow and never an error of ours.
func (c *Caller) call(ctx context.Context, w wanted, key string) outcome {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(w.TimeoutMS)*time.Millisecond)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, w.Method, w.URL, strings.NewReader(w.Body))
	if err != nil || req.URL.Scheme != "https" {
		return outcome{failure: FailedAddress}
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "ponte")
	if w.Body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set(flow.SignatureHeader, flow.Sign([]byte(key), flow.Call{Method: w.Method, URL: w.URL, Body: w.Body}, c.Now()))
	client := &http.Client{Transport: c.transport(), CheckRedirect: func(next *http.Request, via []*http.Request) error {
		// Another address would be signed for nothing and may be anybody's: the answer is taken as it is.
		return http.ErrUseLastResponse
	}}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return outcome{failure: whyNot(ctx, err)}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return outcome{failure: whyNot(ctx, err)}
	}
	answer := strings.ReplaceAll(string(body), "\x00", "")
	if !utf8.ValidString(answer) {
		answer = strings.ToValidUTF8(answer, "\uFFFD")
	}
	return outcome{status: res.StatusCode, answer: answer}
}

func whyNot(ctx context.Context, err error) string {
	var slow net.Error
	switch {
	case errors.Is(err, outward.ErrPrivate):
		return FailedAddress
	case ctx.Err() != nil || errors.As(err, &slow) && slow.Timeout():
		return flow.FailedTimeout
	}
	return FailedUnreachable
}

// transport dials public addresses only, and uses no proxy.
func (c *Caller) transport() *http.Transport {
	allow := outward.Public
	if c.local != nil {
		allow = func(netip.Addr) bool { return true }
	}
	return &http.Transport{DialContext: outward.Dialer(10*time.Second, allow).DialContext, TLSClientConfig: c.local, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: 20 * time.Second,
		MaxResponseHeaderBytes: 64 << 10, DisableKeepAlives: true, ForceAttemptHTTP2: true}
}

// record keeps what came of a call and raises it in the person's lane, once.
func (c *Caller) record(ctx context.Context, w wanted, o outcome) error {
	tx, err := c.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	state := "answered"
	if o.failure != "" {
		state = "failed"
	}
	var id int64
	err = tx.GetContext(ctx, &id, sqlRecordCall, w.WorkspaceID, w.ID, c.Name, w.Attempts, state, o.status, o.answer, o.failure)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // the lease had run out, and another took it
	}
	if err != nil {
		return fmt.Errorf("record call %d of a flow: %w", w.ID, err)
	}
	if err := raise(ctx, tx, w.RunID, EventCalled, fmt.Sprintf("flow:%d:called:%d", w.RunID, w.Seq), c.Now(), Payload{RunID: w.RunID, Seq: w.Seq, Call: w.ID}); err != nil {
		return err
	}
	return tx.Commit()
}

const sqlRecordCall = `
UPDATE flow_calls SET state = $5, status = $6, answer = $7, failure = $8, done_at = now(), lease_until = NULL
WHERE workspace_id = $1 AND id = $2 AND state = 'calling' AND holder = $3 AND attempts = $4 RETURNING id`

// raise puts an event of a run into the lane of its person.
func raise(ctx context.Context, tx sqlx.ExtContext, runID int64, kind inboxKind, key string, at time.Time, p Payload) error {
	var r struct {
		WorkspaceID int64  `db:"workspace_id"`
		AccountID   int64  `db:"account_id"`
		Lane        int16  `db:"lane"`
		Channel     string `db:"channel"`
	}
	if err := sqlx.GetContext(ctx, tx, &r, `SELECT r.workspace_id, r.account_id, r.lane, t.channel FROM flow_runs r JOIN threads t ON t.workspace_id = r.workspace_id AND t.id = r.thread_id WHERE r.id = $1`, runID); err != nil {
		return fmt.Errorf("find the lane of run %d: %w", runID, err)
	}
	return inbox.Raise(ctx, tx, inbox.InternalEvent{WorkspaceID: r.WorkspaceID, AccountID: r.AccountID, Key: key, Kind: kind, Channel: r.Channel, Lane: r.Lane, At: at, Payload: p})
}

// Asked is a call as a step of a run wants it.
type Asked struct {
	WorkspaceID, RunID int64
	Seq                int
	Step               string
	flow.Call
}

// AddCalls writes calls to be made.
func AddCalls(ctx context.Context, tx sqlx.ExtContext, list []Asked) error {
	if len(list) == 0 {
		return nil
	}
	for _, a := range list {
		host, _, _ := strings.Cut(strings.TrimPrefix(a.URL, "https://"), "/")
		host, _, _ = strings.Cut(host, "?")
		if _, err := tx.ExecContext(ctx, `
INSERT INTO flow_calls (workspace_id, run_id, seq, step, method, host, url, body, secret, timeout_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (workspace_id, run_id, seq) DO NOTHING`,
			a.WorkspaceID, a.RunID, a.Seq, a.Step, a.Method, host, a.URL, a.Body, a.Secret, a.Timeout.Milliseconds()); err != nil {
			return fmt.Errorf("plan a call of run %d: %w", a.RunID, err)
		}
	}
	return inbox.Wake(ctx, tx, Channel)
}

// TakeAnswer returns what came of a call as the flow's input, and empties the row of what it holds of the
// person: the flow has what it wanted.
func TakeAnswer(ctx context.Context, tx sqlx.ExtContext, workspace, id int64) (flow.Input, bool, error) {
	var row struct {
		Seq     int    `db:"seq"`
		Status  int    `db:"status"`
		Answer  string `db:"answer"`
		Failure string `db:"failure"`
	}
	err := sqlx.GetContext(ctx, tx, &row, `SELECT seq, status, answer, failure FROM flow_calls WHERE workspace_id = $1 AND id = $2 AND state IN ('answered','failed')`, workspace, id)
	if errors.Is(err, sql.ErrNoRows) {
		return flow.Input{}, false, nil
	}
	if err != nil {
		return flow.Input{}, false, fmt.Errorf("load the answer of call %d: %w", id, err)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE flow_calls SET url = '', body = '', answer = '' WHERE workspace_id = $1 AND id = $2`, workspace, id); err != nil {
		return flow.Input{}, false, fmt.Errorf("empty call %d: %w", id, err)
	}
	return flow.Input{Kind: flow.Outcome, Seq: row.Seq, Status: row.Status, Body: row.Answer, Failure: row.Failure}, true, nil
}
