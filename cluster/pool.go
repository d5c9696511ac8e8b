package cluster

import (
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Pool opens a pool of connections on a PostgreSQL address (postgres://… or key=value pairs) in the
// one manner the whole program uses: a statement with parameters is parsed, bound and run in a single
// round trip, where lib/pq by itself takes two. It does not connect yet.
//
// In this manner []byte travels as it is, which bytea and text take and jsonb does not ("unsupported
// jsonb version number"): JSON is handed to SQL as a string.
//
// It waits for an answer as long as it takes: an index may be built for an hour.
func Pool(address string) (*sqlx.DB, error) { return pool(address, 0, false) }

// LoopPool opens a pool for the loops of splitting, deciding and sending, which run the same few statements again and
// again and look for everything by key: statements are kept prepared on its connections, each with one plan for all
// values. What the desk asks is planned for its values each time, because one text serves many filters.
// No statement of a loop takes long: one that is not answered for answeredWithin has lost its connection.
func LoopPool(address string) (*sqlx.DB, error) { return pool(address, answeredWithin, true) }

// BodyPool opens a pool for what must be kept at once, or be sent again.
func BodyPool(address string) (*sqlx.DB, error) { return pool(address, keptWithin, false) }

func pool(address string, within time.Duration, loops bool) (*sqlx.DB, error) {
	config, err := pq.NewConfig(address)
	if err != nil {
		return nil, fmt.Errorf("read the address of the database: %w", err)
	}
	config.BinaryParameters = true
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectWithin
	}
	connector, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, fmt.Errorf("read the address of the database: %w", err)
	}
	connector.Dialer(newLine(within))
	if loops {
		return sqlx.NewDb(sql.OpenDB(keeper{connector}), "postgres"), nil
	}
	return sqlx.NewDb(sql.OpenDB(connector), "postgres"), nil
}

// Listener opens a connection that listens, and opens it again whenever it is lost.
func Listener(address string) (*pq.Listener, error) {
	config, err := pq.NewConfig(address)
	if err != nil {
		return nil, fmt.Errorf("read the address of the database: %w", err)
	}
	if config.ConnectTimeout == 0 {
		address = addTimeout(address)
	}
	return pq.NewDialListener(newLine(0), address, 100*time.Millisecond, 10*time.Second, nil), nil
}

// addTimeout writes connectWithin into an address, because a listener takes nothing else.
func addTimeout(address string) string {
	seconds := fmt.Sprint(int(connectWithin.Seconds()))
	if !strings.HasPrefix(address, "postgres://") && !strings.HasPrefix(address, "postgresql://") {
		return address + " connect_timeout=" + seconds
	}
	u, err := url.Parse(address)
	if err != nil { // the driver reads addresses that net/url does not, with several hosts
		return address
	}
	q := u.Query()
	q.Set("connect_timeout", seconds)
	u.RawQuery = q.Encode()
	return u.String()
}
