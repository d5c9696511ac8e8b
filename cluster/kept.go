package cluster

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/lib/pq"
)

// A statement is kept prepared on a connection from its keptFrom'th use there on, for what runs now and then
// is not worth a round trip of its own. It is prepared anew every keptFor, because a plan that was made while a
// table was small does not suit it for long. maxKept bounds the memory that plans take in PostgreSQL.
const (
	keptFrom = 8
	keptFor  = 30 * time.Second
	maxKept  = 200
)

type keeping struct{}

// Keeping marks a context whose statements run again and again, with the same few texts: they are parsed once a
// connection, and planned for good where PostgreSQL finds that no worse. The loops of receiving, deciding and
// sending use it. What the desk asks is planned for its values each time: one text serves many filters.
func Keeping(ctx context.Context) context.Context { return context.WithValue(ctx, keeping{}, true) }

// keeper opens connections that keep statements prepared.
type keeper struct{ driver.Connector }

func (k keeper) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &keptConn{network: c.(network), statements: map[string]*keptStatement{}}, nil
}

// network is what lib/pq's connection can do, and the wrapped one therefore too.
type network interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.QueryerContext
	driver.ExecerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	driver.NamedValueChecker
}

type keptStatement struct {
	uses  int
	stmt  driver.Stmt
	since time.Time
}

type keptConn struct {
	network
	statements map[string]*keptStatement
}

func (c *keptConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s, err := c.kept(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.network.QueryContext(ctx, query, args)
	}
	rows, err := s.(driver.StmtQueryContext).QueryContext(ctx, args)
	c.outdated(query, err)
	return rows, err
}

func (c *keptConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s, err := c.kept(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return c.network.ExecContext(ctx, query, args)
	}
	res, err := s.(driver.StmtExecContext).ExecContext(ctx, args)
	c.outdated(query, err)
	return res, err
}

// outdated forgets a statement that no longer fits its tables: a migration beside a running process changed
// them. The caller tries again, as after every failure, and it is prepared anew.
func (c *keptConn) outdated(query string, err error) {
	var p *pq.Error
	if !errors.As(err, &p) || p.Code != "0A000" && p.Code != "26000" {
		return
	}
	_ = c.statements[query].stmt.Close() // of no use either way
	delete(c.statements, query)
}

func (c *keptConn) kept(ctx context.Context, query string, args []driver.NamedValue) (driver.Stmt, error) {
	if len(args) == 0 || ctx.Value(keeping{}) == nil {
		return nil, nil
	}
	s := c.statements[query]
	if s == nil {
		if len(c.statements) >= maxKept {
			return nil, nil
		}
		s = &keptStatement{}
		c.statements[query] = s
	}
	if s.uses++; s.uses < keptFrom {
		return nil, nil
	}
	if s.stmt != nil && time.Since(s.since) > keptFor {
		_ = s.stmt.Close() // of no use either way
		s.stmt = nil
	}
	if s.stmt == nil {
		stmt, err := c.network.PrepareContext(ctx, query)
		if err != nil {
			return nil, err
		}
		s.stmt, s.since = stmt, time.Now()
	}
	return s.stmt, nil
}
