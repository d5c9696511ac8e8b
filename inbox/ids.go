package inbox

import (
	"context"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"
)

// IDs hands out row ids before the rows exist, so that a batch can be put together in memory – a
// verdict that names its comment, an action that names both – and written with one statement a table.
// Unused ids leave gaps, which is harmless.
type IDs struct {
	db   *sqlx.DB
	mu   sync.Mutex
	free map[string][]int64
}

// NewIDs returns an empty pool on the database.
func NewIDs(db *sqlx.DB) *IDs { return &IDs{db: db, free: map[string][]int64{}} }

// IDBlock is how many ids are drawn at once.
const IDBlock = 256

// Take returns a fresh id of the table.
func (p *IDs) Take(ctx context.Context, table string) (int64, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free[table]) == 0 {
		ids, err := DrawIDs(ctx, p.db, table, IDBlock)
		if err != nil {
			return 0, err
		}
		p.free[table] = ids
	}
	id := p.free[table][0]
	p.free[table] = p.free[table][1:]
	return id, nil
}

// DrawIDs takes n fresh ids of a table. The sequence's name is looked up once and not for every id.
func DrawIDs(ctx context.Context, q sqlx.QueryerContext, table string, n int) ([]int64, error) {
	var ids []int64
	if err := sqlx.SelectContext(ctx, q, &ids, `
WITH s AS MATERIALIZED (SELECT pg_get_serial_sequence($1, 'id')::regclass AS name)
SELECT nextval(s.name) FROM s, generate_series(1, $2)`, table, n); err != nil {
		return nil, fmt.Errorf("draw ids for %s: %w", table, err)
	}
	return ids, nil
}
