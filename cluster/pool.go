package cluster

import (
	"database/sql"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// Pool opens a pool of connections on a PostgreSQL address (postgres://… or key=value pairs) in the
// one manner the whole program uses: a statement with parameters is parsed, bound and run in a single
// round trip, where lib/pq by itself takes two. It does not connect yet.
//
// In this manner []byte travels as it is, which bytea and text take and jsonb does not ("unsupported
// jsonb version number"): JSON is handed to SQL as a string.
func Pool(address string) (*sqlx.DB, error) { return pool(address, false) }

// LoopPool opens a pool for the loops of splitting, deciding and sending, which run the same few statements again and
// again and look for everything by key: statements are kept prepared on its connections, each with one plan for all
// values. What the desk asks is planned for its values each time, because one text serves many filters.
func LoopPool(address string) (*sqlx.DB, error) { return pool(address, true) }

func pool(address string, loops bool) (*sqlx.DB, error) {
	config, err := pq.NewConfig(address)
	if err != nil {
		return nil, fmt.Errorf("read the address of the database: %w", err)
	}
	config.BinaryParameters = true
	connector, err := pq.NewConnectorConfig(config)
	if err != nil {
		return nil, fmt.Errorf("read the address of the database: %w", err)
	}
	connector.Dialer(newLine())
	if loops {
		return sqlx.NewDb(sql.OpenDB(keeper{connector}), "postgres"), nil
	}
	return sqlx.NewDb(sql.OpenDB(connector), "postgres"), nil
}
