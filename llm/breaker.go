package llm

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// breaker keeps questions away from a server that fails or asks to be left alone. After the pause one
// question tries; the others wait for how it fares.
type breaker struct {
	mu       sync.Mutex
	failures int
	barren   int // answers in a row of which nothing could be used
	openTill time.Time
	asked    bool // it is open because the server asked to be left alone
	probing  bool
}

// The breaker opens after so many failures in a row, for so long; then one question tries again.
const (
	breakAfter = 5
	breakFor   = 30 * time.Second
	// A server that answers, but with nothing that can be used, is paid for nothing: after so many it is as if it failed.
	barrenAfter = 8
)

// wait is how long the breaker stays open.
func (b *breaker) wait(now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(b.openTill.Sub(now), 0)
}

// broken says that nothing has been answered since it opened.
func (b *breaker) broken() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures >= breakAfter
}

// enter lets a question through or says why not.
func (b *breaker) enter(now time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	left := b.openTill.Sub(now)
	switch {
	case left > 0 && b.asked:
		return &BusyError{left}
	case left > 0, b.probing:
		return ErrDown
	case b.failures >= breakAfter:
		b.probing = true
	}
	return nil
}

func (b *breaker) well() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures, b.barren, b.openTill, b.asked, b.probing = 0, 0, time.Time{}, false, false
}

// unusable notes an answer of which nothing could be used. One text may be the cause, many in a row are not.
func (b *breaker) unusable(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failures, b.openTill, b.asked, b.probing = 0, time.Time{}, false, false
	if b.barren++; b.barren >= barrenAfter {
		b.failures, b.openTill = breakAfter, now.Add(breakFor)
	}
}

// left notes a caller who went away: nothing is known, so the next one may try.
func (b *breaker) left() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
}

func (b *breaker) failed(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if b.failures++; b.failures >= breakAfter {
		b.openTill, b.asked = now.Add(breakFor), false
	}
}

// busy leaves the server alone until then.
func (b *breaker) busy(till time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.probing = false
	if till.After(b.openTill) {
		b.openTill, b.asked = till, true
	}
}

// note takes what the library does not hand on of a response.
type note struct {
	wait   time.Duration
	stream bool   // a stream is asked for …
	whole  []byte // … and this came instead: the answer as one document
	odd    bool   // … or something that is neither
}

// timed adds how long the server asked us to wait.
func (n *note) timed(err error) error {
	if n.wait > 0 {
		return &waitError{err, n.wait}
	}
	return err
}

type noteKey struct{}

// waitError is a failure with the time the server asked for.
type waitError struct {
	error
	wait time.Duration
}

func (e *waitError) Unwrap() error { return e.error }

// maxBusy bounds how long a server's word is taken for; a wrong clock must not switch the model off.
const maxBusy = 5 * time.Minute

// busyOf says whether the last failure was the server's wish to be left alone.
func busyOf(err error) *BusyError {
	var told *waitError
	if !errors.As(err, &told) {
		return nil
	}
	return &BusyError{told.wait}
}

// maxAnswer bounds what is read of an answer: a server gone wild must not fill the memory.
const maxAnswer = 4 << 20

// transport reads Retry-After, bounds bodies, and finds errors that are sent as answers.
type transport struct {
	http.RoundTripper
	versioned *atomic.Bool // the server was seen to want /v1 before its calls
}

// RoundTrip makes one request.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.find(r)
	if err != nil {
		return res, err
	}
	n, ok := r.Context().Value(noteKey{}).(*note)
	res.Body = &bounded{res.Body, maxAnswer}
	if ok && !n.stream {
		unmasked(res)
	}
	if ok && (res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusServiceUnavailable) {
		n.wait = retryAfter(res.Header, time.Now())
	}
	if ok && n.stream && res.StatusCode == http.StatusOK {
		return n.sniff(res)
	}
	return res, nil
}

// retryAfter reads the header in both of its forms, and the one in milliseconds that some servers send.
func retryAfter(h http.Header, now time.Time) time.Duration {
	wait := time.Duration(0)
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms > 0 {
		wait = time.Duration(ms * float64(time.Millisecond))
	} else if s, err := strconv.ParseFloat(h.Get("Retry-After"), 64); err == nil && s > 0 {
		wait = time.Duration(min(s, maxBusy.Seconds()) * float64(time.Second))
	} else if at, err := http.ParseTime(h.Get("Retry-After")); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxBusy)
}

// bounded fails a read beyond the bound instead of cutting silently.
type bounded struct {
	io.ReadCloser
	left int
}

var errTooLong = fmt.Errorf("the answer is longer than %d bytes", maxAnswer)

// Read reads up to the bound.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func httpClient(timeout time.Duration) *http.Client {
	return &http.Client{Timeout: timeout, Transport: transport{http.DefaultTransport, &atomic.Bool{}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}
