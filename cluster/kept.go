package cluster

import (
	"context"
	"database/sql/driver"
	"errors"
	"time"

	"github.com/lib/pq"
)

// A statement is kept prepared on a connection from its second use in a row there on, for what runs now and then is
// not worth a round trip of its own. Its plan stands for all values, and one that was made while a table was small
// does not suit it when it has grown: it is made anew after 2 uses, 4, 8 and so on, from maxUses on after as many
// each time, and from the beginning when there was a rest. maxKept bounds the memory that plans take in PostgreSQL.
const (
	maxUses = 64
	rest    = 5 * time.Second
	maxKept = 200
)

// keeper opens connections that keep statements prepared.
type keeper struct{ driver.Connector }

// A plan for all values is made once, where one for these values is made every time, which took more than what was
// planned: batches are small. Loops look by indexes, where PostgreSQL would rather read a young table
// whole; and what that setting makes seem dear must not be compiled to machine code for it.
const sqlPlanOnce = `SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false), set_config('jit', 'off', false)`

func (k keeper) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	kept := &keptConn{network: c.(network), statements: map[string]*keptStatement{}}
	if _, err := kept.network.ExecContext(ctx, sqlPlanOnce, nil); err != nil {
		_ = c.Close() // the first error says it
		return nil, err
	}
	return kept, nil
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
	stmt driver.Stmt // nil: run once since it rested
	uses int         // of stmt
	most int         // uses until it is made anew
	last time.Time
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

// forget makes room: it drops what rested, and says whether that was anything.
func (c *keptConn) forget(now time.Time) bool {
	for query, s := range c.statements {
		if now.Sub(s.last) <= rest {
			continue
		}
		if s.stmt != nil {
			_ = s.stmt.Close() // of no use either way
		}
		delete(c.statements, query)
	}
	return len(c.statements) < maxKept
}

func (c *keptConn) kept(ctx context.Context, query string, args []driver.NamedValue) (driver.Stmt, error) {
	if len(args) == 0 {
		return nil, nil
	}
	now := time.Now()
	s := c.statements[query]
	if s == nil {
		if len(c.statements) >= maxKept && !c.forget(now) {
			return nil, nil
		}
		s = &keptStatement{}
		c.statements[query] = s
	}
	rested := now.Sub(s.last) > rest
	s.last = now
	if s.stmt != nil && (rested || s.uses >= s.most) {
		_ = s.stmt.Close() // of no use either way
		s.stmt = nil
	}
	if rested {
		s.most = 1
		return nil, nil
	}
	if s.stmt == nil {
		stmt, err := c.network.PrepareContext(ctx, query)
		if err != nil {
			return nil, err
		}
		s.stmt, s.uses, s.most = stmt, 0, min(2*s.most, maxUses)
	}
	s.uses++
	return s.stmt, nil
}
