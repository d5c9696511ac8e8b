package inbox

import (
	"database/sql/driver"
	"strconv"
	"strings"

	"github.com/lib/pq"
)

// Strings is a text[] column.
type Strings []string

// Scan reads a text[] column.
func (s *Strings) Scan(src any) error { return (*pq.StringArray)(s).Scan(src) }

// Value writes a text[] column.
func (s Strings) Value() (driver.Value, error) {
	if s == nil {
		return "{}", nil
	}
	return pq.StringArray(s).Value()
}

// Rows builds the VALUES list of a multi-row statement: Add appends one row's arguments, SQL returns
// "($1,$2),($3,$4)…". lib/pq keeps up with faster drivers this way, and only this way.
type Rows struct {
	Args  []any
	casts []string
	b     strings.Builder
	n     int
}

// NewRows starts a VALUES list; casts, where given, types each column ("bigint", "timestamptz"), which
// PostgreSQL needs when the list is not the direct source of an INSERT.
func NewRows(casts ...string) *Rows { return &Rows{casts: casts} }

// Add appends a row.
func (r *Rows) Add(args ...any) {
	if r.n > 0 {
		r.b.WriteByte(',')
	}
	r.b.WriteByte('(')
	for i := range args {
		if i > 0 {
			r.b.WriteByte(',')
		}
		r.b.WriteByte('$')
		r.b.WriteString(strconv.Itoa(len(r.Args) + i + 1))
		if i < len(r.casts) && r.casts[i] != "" {
			r.b.WriteString("::")
			r.b.WriteString(r.casts[i])
		}
	}
	r.b.WriteByte(')')
	r.Args = append(r.Args, args...)
	r.n++
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.n }

// SQL returns the VALUES list without the keyword.
func (r *Rows) SQL() string { return r.b.String() }
