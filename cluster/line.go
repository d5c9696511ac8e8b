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

// line dials PostgreSQL so that a connection lost in silence fails soon.
type line struct{ *net.Dialer }

func newLine() line {
	return line{&net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: lostAfter / 2, Interval: lostAfter / 8, Count: 4},
		Control:         giveUpSending,
	}}
}

// DialTimeout is what lib/pq asks of a dialer beside Dial and DialContext.
func (l line) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return l.DialContext(ctx, network, address)
}
