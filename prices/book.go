package prices

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
)

// File is one imported version.
type File struct {
	ID          int64      `db:"id"`
	Version     int        `db:"version"`
	Name        string     `db:"name"`
	Hash        string     `db:"hash"` // hex
	Rows        int        `db:"rows"`
	Currencies  string     `db:"currencies"`
	From        time.Time  `db:"from_day"`
	To          time.Time  `db:"to_day"` // the last day from which one of its prices holds
	ImportedBy  string     `db:"imported_by"`
	ImportedAt  time.Time  `db:"imported_at"`
	WithdrawnBy *string    `db:"withdrawn_by"`
	WithdrawnAt *time.Time `db:"withdrawn_at"`
}

// Import keeps a price file as the workspace's next version. The same bytes are not imported twice while
// they count.
func Import(ctx context.Context, tx sqlx.ExtContext, workspace int64, name, actor string, body []byte) (File, error) {
	list, err := Parse(body)
	if err != nil {
		return File{}, err
	}
	hash := sha256.Sum256(body)
	// Locked, so that two imports at once do not draw the same version.
	if _, err := tx.ExecContext(ctx, `SELECT 1 FROM workspaces WHERE id = $1 FOR NO KEY UPDATE`, workspace); err != nil {
		return File{}, fmt.Errorf("lock the workspace: %w", err)
	}
	files, err := Files(ctx, tx, workspace)
	if err != nil {
		return File{}, err
	}
	version := 1
	for _, f := range files {
		version = max(version, f.Version+1)
		if f.Hash == hex.EncodeToString(hash[:]) && f.WithdrawnAt == nil {
			return File{}, fault.New(fault.Conflict, "this price file is imported already, as version %d", f.Version)
		}
	}
	var id int64
	if err := sqlx.GetContext(ctx, tx, &id, sqlInsertFile, workspace, version, name, hash[:], len(list), actor); err != nil {
		return File{}, fmt.Errorf("keep the price file: %w", err)
	}
	for chunk := range slices.Chunk(list, 5000) {
		rows := inbox.NewRows("bigint", "bigint", "text", "text", "date", "text", "bigint")
		for _, p := range chunk {
			rows.Add(workspace, id, p.Country, p.Category, p.From.Format(time.DateOnly), p.Currency, p.Micros)
		}
		if _, err := tx.ExecContext(ctx, sqlInsertPrices+rows.SQL(), rows.Args()...); err != nil {
			return File{}, fmt.Errorf("keep the prices: %w", err)
		}
	}
	return oneFile(ctx, tx, workspace, id)
}

const sqlInsertFile = `
INSERT INTO price_files (workspace_id, version, name, hash, rows, imported_by) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`

const sqlInsertPrices = `
INSERT INTO prices (workspace_id, file_id, country, category, effective_from, currency, price_micros) `

// Files lists a workspace's versions, the newest first.
func Files(ctx context.Context, q sqlx.QueryerContext, workspace int64) ([]File, error) {
	var out []File
	if err := sqlx.SelectContext(ctx, q, &out, sqlFiles+` ORDER BY f.version DESC`, workspace); err != nil {
		return nil, fmt.Errorf("list price files: %w", err)
	}
	return out, nil
}

const sqlFiles = `
SELECT f.id, f.version, f.name, encode(f.hash, 'hex') AS hash, f.rows, f.imported_by, f.imported_at, f.withdrawn_by, f.withdrawn_at,
       p.currencies, p.from_day, p.to_day
FROM price_files f
JOIN LATERAL (SELECT coalesce(string_agg(DISTINCT currency, ', '), '') AS currencies, coalesce(min(effective_from), '0001-01-01') AS from_day, coalesce(max(effective_from), '0001-01-01') AS to_day
              FROM prices WHERE workspace_id = f.workspace_id AND file_id = f.id) p ON true
WHERE f.workspace_id = $1`

func oneFile(ctx context.Context, q sqlx.QueryerContext, workspace, id int64) (File, error) {
	var out []File
	if err := sqlx.SelectContext(ctx, q, &out, sqlFiles+` AND f.id = $2`, workspace, id); err != nil {
		return File{}, fmt.Errorf("load a price file: %w", err)
	}
	if len(out) == 0 {
		return File{}, fault.New(fault.NotFound, "price file %d does not exist in this workspace", id)
	}
	return out[0], nil
}

// Withdraw takes a version out: its prices count no more, those of the versions before hold again. What
// was sent at its prices keeps them.
func Withdraw(ctx context.Context, tx sqlx.ExtContext, workspace, id int64, actor string) (File, error) {
	f, err := oneFile(ctx, tx, workspace, id)
	if err != nil {
		return f, err
	}
	if f.WithdrawnAt != nil {
		return f, fault.New(fault.Conflict, "version %d was taken out already", f.Version)
	}
	if _, err := tx.ExecContext(ctx, `UPDATE price_files SET withdrawn_at = now(), withdrawn_by = $3 WHERE workspace_id = $1 AND id = $2`, workspace, id, actor); err != nil {
		return f, fmt.Errorf("take a price file out: %w", err)
	}
	return oneFile(ctx, tx, workspace, id)
}

// Key asks for the price of one message.
type Key struct {
	Workspace int64
	Country   string
	Category  string
	Day       string // ISO date on the workspace's calendar
}

// Found are the prices of a key by currency; empty: unknown.
type Found map[string]int64

// In is the price in a currency; an empty one takes the only currency there is.
func (f Found) In(currency string) (micros int64, in string, ok bool) {
	if currency == "" && len(f) == 1 {
		for c := range f {
			currency = c
		}
	}
	micros, ok = f[currency]
	return micros, currency, ok
}

// Lookup returns the prices that hold for the keys: of the latest day not after theirs, by the newest
// version that names it; a country's own price before the one for everywhere.
func Lookup(ctx context.Context, q sqlx.QueryerContext, keys []Key) (map[Key]Found, error) {
	out := map[Key]Found{}
	rows := inbox.NewRows("bigint", "text", "text", "date")
	for _, k := range keys {
		if _, asked := out[k]; asked || k.Country == "" || k.Category == "" {
			continue
		}
		out[k] = Found{}
		rows.Add(k.Workspace, k.Country, k.Category, k.Day)
	}
	if rows.Len() == 0 {
		return out, nil
	}
	var found []struct {
		Workspace int64  `db:"workspace_id"`
		Country   string `db:"country"`
		Category  string `db:"category"`
		Day       string `db:"day"`
		Currency  string `db:"currency"`
		Micros    int64  `db:"price_micros"`
	}
	if err := sqlx.SelectContext(ctx, q, &found, fmt.Sprintf(sqlLookup, rows.SQL()), rows.Args()...); err != nil {
		return nil, fmt.Errorf("look up prices: %w", err)
	}
	for _, f := range found {
		out[Key{f.Workspace, f.Country, f.Category, f.Day}][f.Currency] = f.Micros
	}
	return out, nil
}

const sqlLookup = `
SELECT DISTINCT ON (k.workspace_id, k.country, k.category, k.day, p.currency)
       k.workspace_id, k.country, k.category, to_char(k.day, 'YYYY-MM-DD') AS day, p.currency, p.price_micros
FROM (%s) AS k (workspace_id, country, category, day)
JOIN prices p ON p.workspace_id = k.workspace_id AND p.country IN (k.country, '*') AND p.category = k.category AND p.effective_from <= k.day
JOIN price_files f ON f.workspace_id = p.workspace_id AND f.id = p.file_id AND f.withdrawn_at IS NULL
ORDER BY k.workspace_id, k.country, k.category, k.day, p.currency, p.country = '*', p.effective_from DESC, f.version DESC`
