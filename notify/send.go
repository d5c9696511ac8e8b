package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/outward"
)

// Sign is the value of the Ponte-Signature header: the instant, and an HMAC-SHA256 of instant, dot and body
// under the endpoint's secret. A receiver computes the same, compares in constant time, and refuses an
// instant that is long past, so that nobody can send an old webhook again.
func Sign(secret string, at time.Time, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "%d.", at.Unix())
	mac.Write(body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

// caller makes the calls. In production nothing sets allow or roots; they are for tests of this package,
// whose servers stand on 127.0.0.1 with a certificate of their own.
type caller struct {
	client *http.Client
	allow  func(netip.Addr) bool
	tls    *tls.Config
}

func newCaller() *caller {
	c := &caller{allow: outward.Public}
	dialer := outward.Dialer(5*time.Second, func(a netip.Addr) bool { return c.allow(a) })
	c.client = &http.Client{
		Timeout: 15 * time.Second,
		Transport: &http.Transport{DialContext: dialer.DialContext, Proxy: nil, TLSHandshakeTimeout: 5 * time.Second, ResponseHeaderTimeout: 10 * time.Second,
			MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
			DialTLSContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				conn, err := dialer.DialContext(ctx, network, addr)
				if err != nil {
					return nil, err
				}
				host, _, _ := net.SplitHostPort(addr)
				config := c.tls.Clone()
				if config == nil {
					config = &tls.Config{MinVersion: tls.VersionTLS12}
				}
				if config.ServerName == "" {
					config.ServerName = host
				}
				secured := tls.Client(conn, config)
				if err := secured.HandshakeContext(ctx); err != nil {
					_ = conn.Close()
					return nil, err
				}
				return secured, nil
			}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// call makes one try and returns the status (0: no answer) and what went wrong, without the answer's body.
func (c *caller) call(ctx context.Context, url, secret, id, kind string, body []byte, now time.Time) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		return 0, errors.New("the address cannot be called")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "ponte-webhooks/1")
	req.Header.Set("Ponte-Event", id)
	req.Header.Set("Ponte-Kind", kind)
	req.Header.Set("Ponte-Signature", Sign(secret, now, body))
	res, err := c.client.Do(req)
	if err != nil {
		return 0, errors.New(plainly(err))
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	if res.StatusCode/100 != 2 {
		if res.StatusCode/100 == 3 {
			return res.StatusCode, fmt.Errorf("the endpoint answered %d; redirects are not followed: give its final address", res.StatusCode)
		}
		return res.StatusCode, fmt.Errorf("the endpoint answered %d", res.StatusCode)
	}
	return res.StatusCode, nil
}

// plainly says why a call failed without repeating its address, which may hold a key.
func plainly(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	var cert *tls.CertificateVerificationError
	switch {
	case errors.Is(err, outward.ErrPrivate):
		return outward.ErrPrivate.Error()
	case errors.As(err, &dns):
		return "the name of the endpoint is not known"
	case errors.As(err, &cert):
		return "the certificate of the endpoint is not valid"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "the endpoint did not answer in time"
	}
	return "the endpoint could not be reached"
}

// waits are the pauses between tries; after the last one the webhook has failed. About a day in all.
var waits = []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour}

// pauseAfter is how many tries in a row may fail before an endpoint is paused.
const pauseAfter = 20

// job is a webhook that is being sent.
type job struct {
	WorkspaceID int64  `db:"workspace_id"`
	ID          int64  `db:"id"`
	EndpointID  int64  `db:"endpoint_id"`
	EventID     string `db:"event_id"`
	Kind        string `db:"kind"`
	Body        string `db:"body"`
	Attempts    int    `db:"attempts"`
	URL         string `db:"url"`
	Sealed      []byte `db:"secret_sealed"`
}

// sqlClaim takes what is due, the oldest first, a few per endpoint: one that is slow does not keep others
// waiting. What a dead worker had claimed is free again after two minutes; a receiver knows it by its id.
const sqlClaim = `
WITH due AS (
    SELECT s.id, s.workspace_id, row_number() OVER (PARTITION BY s.endpoint_id ORDER BY s.id) AS n FROM webhook_sends s
    JOIN webhook_endpoints e ON e.workspace_id = s.workspace_id AND e.id = s.endpoint_id AND e.state = 'active'
    WHERE (s.state = 'planned' AND s.not_before <= $1) OR (s.state = 'sending' AND s.claimed_until < $1)
), mine AS (
    SELECT s.id, s.workspace_id FROM webhook_sends s JOIN due d ON d.id = s.id AND d.workspace_id = s.workspace_id
    WHERE d.n <= 4 AND (s.state = 'planned' OR s.claimed_until < $1) ORDER BY s.id LIMIT 32 FOR UPDATE OF s SKIP LOCKED
)
UPDATE webhook_sends s SET state = 'sending', attempts = attempts + 1, claimed_until = $1::timestamptz + interval '2 minutes'
FROM mine, webhook_endpoints e WHERE s.id = mine.id AND s.workspace_id = mine.workspace_id AND e.workspace_id = s.workspace_id AND e.id = s.endpoint_id
RETURNING s.workspace_id, s.id, s.endpoint_id, s.event_id, s.kind, s.body, s.attempts, e.url, e.secret_sealed`

func (w *Worker) sendWebhooks(ctx context.Context) (int, error) {
	var jobs []job
	if err := w.DB.SelectContext(ctx, &jobs, sqlClaim, w.Now()); err != nil {
		return 0, fmt.Errorf("claim webhooks: %w", err)
	}
	done := make(chan error, len(jobs))
	for _, j := range jobs {
		go func() { done <- w.sendOne(ctx, j) }()
	}
	var failed error
	for range jobs {
		failed = errors.Join(failed, <-done)
	}
	return len(jobs), failed
}

func (w *Worker) sendOne(ctx context.Context, j job) error {
	start := w.Now()
	status, failure := 0, error(nil)
	plain, err := w.Keys.Open(j.Sealed, sealContext(j.WorkspaceID, j.EndpointID))
	if err != nil {
		failure = err
	} else {
		status, failure = w.caller.call(ctx, j.URL, plain, j.EventID, j.Kind, []byte(j.Body), start)
	}
	if ctx.Err() != nil {
		return nil // stopping: the claim runs out and somebody sends it again
	}
	return w.record(ctx, j, status, failure, w.Now().Sub(start))
}

// record writes what became of a try, counts the endpoint's failures, and pauses it when they are many.
func (w *Worker) record(ctx context.Context, j job, status int, failure error, took time.Duration) error {
	tx, err := w.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if failure == nil {
		_, err = tx.ExecContext(ctx, `UPDATE webhook_sends SET state = 'done', status = $3, error = '', took_ms = $4, done_at = $5 WHERE workspace_id = $1 AND id = $2`, j.WorkspaceID, j.ID, status, took.Milliseconds(), w.Now())
		if err == nil {
			_, err = tx.ExecContext(ctx, `UPDATE webhook_endpoints SET failures = 0 WHERE workspace_id = $1 AND id = $2 AND failures > 0`, j.WorkspaceID, j.EndpointID)
		}
		if err != nil {
			return fmt.Errorf("record webhook %d: %w", j.ID, err)
		}
		return tx.Commit()
	}
	last := j.Attempts > len(waits)
	next := w.Now()
	if !last {
		next = next.Add(waits[j.Attempts-1])
	}
	if _, err := tx.ExecContext(ctx, `
UPDATE webhook_sends SET state = CASE WHEN $5 THEN 'failed' ELSE 'planned' END, status = $3, error = $4, took_ms = $6, not_before = $7, done_at = CASE WHEN $5 THEN $8::timestamptz END
WHERE workspace_id = $1 AND id = $2`, j.WorkspaceID, j.ID, status, failure.Error(), last, took.Milliseconds(), next, w.Now()); err != nil {
		return fmt.Errorf("record webhook %d: %w", j.ID, err)
	}
	if err := pauseFailing(ctx, tx, j, failure); err != nil {
		return err
	}
	return tx.Commit()
}

func pauseFailing(ctx context.Context, tx *sqlx.Tx, j job, failure error) error {
	var failures int
	err := tx.GetContext(ctx, &failures, `UPDATE webhook_endpoints SET failures = failures + 1 WHERE workspace_id = $1 AND id = $2 RETURNING failures`, j.WorkspaceID, j.EndpointID)
	if err != nil {
		return fmt.Errorf("count the failures of endpoint %d: %w", j.EndpointID, err)
	}
	if failures < pauseAfter {
		return nil
	}
	res, err := tx.ExecContext(ctx, `UPDATE webhook_endpoints SET state = 'paused', reason = $3 WHERE workspace_id = $1 AND id = $2 AND state = 'active'`,
		j.WorkspaceID, j.EndpointID, fmt.Sprintf("%d tries in a row failed; the last: %v", failures, failure))
	if err != nil {
		return fmt.Errorf("pause endpoint %d: %w", j.EndpointID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return Raise(ctx, tx, []Event{{WorkspaceID: j.WorkspaceID, Kind: WebhookPaused, Object: object(j.EndpointID), Data: map[string]any{"failures": failures}, Dedupe: fmt.Sprintf("paused:%d:%d", j.EndpointID, j.ID)}})
}
