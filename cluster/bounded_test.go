package cluster

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/lib/pq"
)

// A proxy whose server is gone takes everything and answers nothing. Whoever waits there is let go: at the greeting, and
// where no answer takes long, also later.
func TestASilentProxyHoldsNobody(t *testing.T) {
	t.Parallel()
	address := silentAfterGreeting(t)
	db, err := pool(address, 50*time.Millisecond, false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var timeout net.Error
	if _, err := db.ExecContext(context.Background(), `SELECT 1`); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a question that nobody answers ended with %v", err)
	}
	if n := db.Stats().OpenConnections; n != 0 {
		t.Errorf("%d lost connections are kept", n)
	}
}

// A deadline of the driver's own is neither moved nor forgotten.
func TestTheGreetingKeepsItsBound(t *testing.T) {
	t.Parallel()
	here, there := net.Pipe()
	defer there.Close()
	b := &bounded{Conn: here, within: time.Hour}
	defer b.Close()
	if err := b.SetDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	var timeout net.Error
	if _, err := b.Read(make([]byte, 1)); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("a read after the driver's deadline ended with %v", err)
	}
	if err := b.SetDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = there.Write([]byte{1}) }()
	if _, err := b.Read(make([]byte, 1)); err != nil {
		t.Errorf("a read after the greeting: %v", err)
	}
}

// Every address says how long a greeting may take, also where whoever wrote it did not.
func TestAGreetingIsBounded(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]time.Duration{
		"postgres://u:p%40ss@db:5432/ponte":                      connectWithin,
		"postgresql://u@db/ponte?sslmode=require":                connectWithin,
		"host=/run/pg user=u dbname=ponte":                       connectWithin,
		"postgres://u@/ponte?host=/tmp/pg":                       connectWithin,
		"postgres://u@db/ponte?connect_timeout=3&sslmode=prefer": 3 * time.Second,
	} {
		config, err := pq.NewConfig(address)
		if err != nil {
			t.Fatal(err)
		}
		if config.ConnectTimeout == 0 {
			address = addTimeout(address)
		}
		got, err := pq.NewConfig(address)
		if err != nil || got.ConnectTimeout != want || got.User != config.User || got.Password != config.Password || got.Host != config.Host || got.SSLMode != config.SSLMode {
			t.Errorf("%s: %v, want %v; %v", address, got.ConnectTimeout, want, err)
		}
	}
}

// silentAfterGreeting is a server that lets everybody in and then says nothing.
func silentAfterGreeting(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := c.Read(make([]byte, 1024)); err != nil {
					return
				}
				// AuthenticationOk, ReadyForQuery
				if _, err := c.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 0, 'Z', 0, 0, 0, 5, 'I'}); err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, c)
			}()
		}
	}()
	return "postgres://u@" + l.Addr().String() + "/ponte?sslmode=disable"
}
