package main

import (
	wire "encoding/binary"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/lib/pq"
)

// databaseDoor stands between the process and PostgreSQL: at a commit of something written the process is
// killed before the commit arrives, so that all of it is undone, or after it was done and before the process
// hears of it. It returns the address under which the process finds the database.
//
// It reads as much of the protocol as it must: https://www.postgresql.org/docs/15/protocol-message-formats.html
func (b *stage) databaseDoor() string {
	config, err := pq.NewConfig(b.database)
	b.must(err)
	to := net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
	network := "tcp"
	if filepath.IsAbs(config.Host) {
		network, to = "unix", filepath.Join(config.Host, fmt.Sprintf(".s.PGSQL.%d", config.Port))
	}
	door, err := net.Listen("tcp", "127.0.0.1:0")
	b.must(err)
	b.Cleanup(func() { _ = door.Close() })
	go func() {
		for {
			client, err := door.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, to)
			if err != nil {
				_ = client.Close()
				continue
			}
			c := &session{stage: b, client: client, server: server, prepared: map[string]string{}, status: 'I'}
			go c.forth()
			go c.back()
		}
	}()
	who := url.User(config.User)
	if config.Password != "" {
		who = url.UserPassword(config.User, config.Password)
	}
	return (&url.URL{Scheme: "postgres", User: who, Host: door.Addr().String(), Path: config.Database, RawQuery: "sslmode=disable"}).String()
}

// session is one connection through the door. The process asks and waits for the answer, so that what the
// server said last is known whenever the process speaks.
type session struct {
	*stage
	client, server net.Conn
	prepared       map[string]string
	statement      string // that is being run
	wrote          bool   // a row of the journey in the transaction that is open
	status         byte   // as the server last said: I outside a transaction, T inside
	dies           bool   // once the server has done what it is asked now
}

// writes are the statements of the journey; what a process tidies and notes of itself when it starts would
// otherwise kill it again before it comes to anything.
var writes = regexp.MustCompile(`(?i)\b(INSERT INTO|UPDATE) (deliveries|events|contacts|identities|comments|conversations|messages|verdicts|trigger_runs|handoffs|identity_joins|consent_entries|flow_runs|actions)\b`)

func (c *session) close() {
	_ = c.client.Close()
	_ = c.server.Close()
}

// message reads one message as it stands on the wire; the first one of a session carries no type.
func message(r io.Reader, typed bool) ([]byte, error) {
	head := make([]byte, 4, 512)
	if typed {
		head = head[:5]
	}
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	size := int(wire.BigEndian.Uint32(head[len(head)-4:])) - 4
	body := append(head, make([]byte, size)...)
	_, err := io.ReadFull(r, body[len(head):])
	return body, err
}

func (c *session) forth() {
	defer c.close()
	for typed := false; ; typed = true {
		m, err := message(c.client, typed)
		if err != nil {
			return
		}
		if typed && c.commits(m) {
			switch c.door("commit") {
			case "before":
				c.killAndStart()
				return
			case "after":
				c.mu.Lock()
				c.dies = true
				c.mu.Unlock()
			}
		}
		if _, err := c.server.Write(m); err != nil {
			return
		}
	}
}

// commits says whether a message makes last what the journey wrote: the end of a transaction that changed rows,
// or a statement outside of one that adds them (what it changes is not known before it is done).
func (c *session) commits(m []byte) bool {
	words := strings.Split(string(m[5:]), "\x00")
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m[0] {
	case 'Q':
		c.statement = words[0]
		return c.wrote && c.statement == "COMMIT"
	case 'P':
		c.prepared[words[0]] = words[1]
	case 'B':
		c.statement = c.prepared[words[1]]
	case 'S':
		return c.status == 'I' && strings.HasPrefix(c.statement, "INSERT") && writes.MatchString(c.statement)
	}
	return false
}

func (c *session) back() {
	defer c.close()
	for {
		m, err := message(c.server, true)
		if err != nil {
			return
		}
		if c.heard(m) {
			c.killAndStart()
			return
		}
		if _, err := c.client.Write(m); err != nil {
			return
		}
	}
}

// heard notes what the server says and returns whether the process must not hear of it.
func (c *session) heard(m []byte) (dies bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m[0] {
	case 'C': // a statement is done, with the rows that it changed at the end
		tag, _, _ := strings.Cut(string(m[5:]), "\x00")
		c.wrote = c.wrote || writes.MatchString(c.statement) && !strings.HasSuffix(tag, " 0") && !strings.HasPrefix(tag, "SELECT")
	case 'Z':
		c.status = m[5]
		c.wrote = c.wrote && c.status == 'T'
		return c.dies
	}
	return false
}
