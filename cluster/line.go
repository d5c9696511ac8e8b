package cluster

import (
	"context"
	"net"
	"time"
)

// lostAfter is how long the other end of a connection may be silent to the network itself – not to a question, which may take
// its time – before it counts as lost. A firewall that forgets a connection, or a host that is gone, tells nobody: whoever
// waits there would wait for a quarter of an hour, and lib/pq waits whatever its context says.
const lostAfter = 20 * time.Second

// A proxy whose server is gone may go on taking what it is sent: then the network loses nothing, and no answer comes.
// connectWithin bounds how long a greeting may take, answeredWithin any answer where none takes long, keptWithin one that a
// network waits for.
const (
	connectWithin  = 15 * time.Second
	answeredWithin = 2 * time.Minute
	keptWithin     = 20 * time.Second
)

// line dials PostgreSQL so that a connection lost in silence fails soon.
type line struct {
	*net.Dialer
	within time.Duration // 0: an answer may take as long as it likes
}

func newLine(within time.Duration) line {
	return line{&net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: lostAfter / 2, Interval: lostAfter / 8, Count: 4},
		Control:         giveUpSending,
	}, within}
}

// Dial is what lib/pq asks of a dialer beside DialContext.
func (l line) Dial(network, address string) (net.Conn, error) {
	return l.DialContext(context.Background(), network, address)
}

// DialContext opens a connection.
func (l line) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := l.Dialer.DialContext(ctx, network, address)
	if err != nil || l.within == 0 {
		return c, err
	}
	return &bounded{Conn: c, within: l.within}, nil
}

// DialTimeout is what lib/pq asks of a dialer, too.
func (l line) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return l.DialContext(ctx, network, address)
}

// bounded is a connection that is lost when nothing moves on it for a time while somebody waits for it. Nobody waits for
// one that rests in the pool.
type bounded struct {
	net.Conn
	within time.Duration
	theirs bool // the driver has set a deadline of its own
}

// Read reads what comes within the bound.
func (b *bounded) Read(p []byte) (int, error) {
	if !b.theirs {
		if err := b.SetReadDeadline(time.Now().Add(b.within)); err != nil {
			return 0, err
		}
	}
	return b.Conn.Read(p)
}

// Write writes what is taken within the bound.
func (b *bounded) Write(p []byte) (int, error) {
	if !b.theirs {
		if err := b.SetWriteDeadline(time.Now().Add(b.within)); err != nil {
			return 0, err
		}
	}
	return b.Conn.Write(p)
}

// SetDeadline is how the driver bounds the greeting; a zero time takes its bound back.
func (b *bounded) SetDeadline(t time.Time) error {
	b.theirs = !t.IsZero()
	return b.Conn.SetDeadline(t)
}
