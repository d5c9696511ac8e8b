package inbox

import (
	"bytes"
	"context"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
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

// Fields are what is known of a person beside what has a column of its own, as text whatever wrote it.
type Fields map[string]string

// Scan reads a jsonb object.
func (f *Fields) Scan(src any) error {
	raw, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("fields are %T, not JSON", src)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // a number as it was written
	var values map[string]any
	if err := d.Decode(&values); err != nil {
		return fmt.Errorf("read fields: %w", err)
	}
	*f = make(Fields, len(values))
	for k, v := range values {
		(*f)[k] = fmt.Sprint(v)
	}
	return nil
}

// InTx runs a transaction: what do returns decides whether it is committed.
func InTx(ctx context.Context, db *sqlx.DB, do func(tx *sqlx.Tx) error) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Rows is the source of a multi-row statement: Add appends a row, SQL is a query that yields the rows, for
// INSERT INTO t (…) <SQL> and for FROM (<SQL>) AS k (…), and Args are its arguments.
//
// With a type for each column the rows travel as one array a column, SELECT * FROM unnest($1::bigint[], …):
// a statement of a few arguments, whatever the number of rows. Without types they are a VALUES list, whose
// thousands of parameters PostgreSQL parses one by one: for two hundred rows of 26 columns that took 2.7
// times as long.
//
// Where each row finds one of a table by key, CROSS JOIN LATERAL (SELECT … WHERE … OFFSET 0) says so: on a
// young table, of which it has no statistics, the planner would rather read all of it and join by sorting.
type Rows struct {
	types   []string
	columns []strings.Builder // array literals in the making
	b       strings.Builder   // the VALUES list
	args    []any
	n       int
}

// NewRows starts the rows of a statement; types are PostgreSQL's names for the columns ("bigint",
// "timestamptz"). A statement that does not insert the rows as they are needs them.
func NewRows(types ...string) *Rows {
	return &Rows{types: types, columns: make([]strings.Builder, len(types))}
}

// Add appends a row. A value that no database driver could take, or a row of another length than the
// types, is a mistake in the program and panics.
func (r *Rows) Add(values ...any) {
	r.n++
	if len(r.types) == 0 {
		r.addValues(values)
		return
	}
	if len(values) != len(r.types) {
		panic(fmt.Sprintf("a row of %d values for %d columns", len(values), len(r.types)))
	}
	for i, v := range values {
		b := &r.columns[i]
		if b.Len() == 0 {
			b.WriteByte('{')
		} else {
			b.WriteByte(',')
		}
		writeElement(b, v)
	}
}

func (r *Rows) addValues(values []any) {
	if r.n == 1 {
		r.b.WriteString("VALUES (")
	} else {
		r.b.WriteString(",(")
	}
	for i := range values {
		if i > 0 {
			r.b.WriteByte(',')
		}
		r.b.WriteByte('$')
		r.b.WriteString(strconv.Itoa(len(r.args) + i + 1))
	}
	r.b.WriteByte(')')
	r.args = append(r.args, values...)
}

// Len is the number of rows.
func (r *Rows) Len() int { return r.n }

// SQL is a query that yields the rows; its arguments are the first of the statement.
func (r *Rows) SQL() string {
	if len(r.types) == 0 {
		return r.b.String()
	}
	selected, from, names := make([]string, len(r.types)), make([]string, len(r.types)), make([]string, len(r.types))
	for i, t := range r.types {
		names[i] = "c" + strconv.Itoa(i+1)
		selected[i] = names[i]
		if strings.HasSuffix(t, "[]") { // unnest would take its elements apart: it travels as a text
			selected[i] += "::" + t
			t = "text"
		}
		from[i] = fmt.Sprintf("$%d::%s[]", i+1, t)
	}
	return "SELECT " + strings.Join(selected, ",") + " FROM unnest(" + strings.Join(from, ",") + ") AS r (" + strings.Join(names, ",") + ")"
}

// Args are the arguments of SQL, from $1 on.
func (r *Rows) Args() []any {
	if len(r.types) == 0 {
		return r.args
	}
	args := make([]any, len(r.columns), len(r.columns)+4)
	for i := range r.columns {
		args[i] = r.columns[i].String() + "}"
		if r.n == 0 {
			args[i] = "{}"
		}
	}
	return args
}

// writeElement writes one element of an array literal (PostgreSQL, "Array Input and Output Syntax").
func writeElement(b *strings.Builder, v any) {
	switch v := v.(type) {
	case nil:
		b.WriteString("NULL")
	case string:
		writeQuoted(b, v)
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case []byte:
		if v == nil {
			b.WriteString("NULL")
			return
		}
		b.WriteString(`"\\x`)
		b.WriteString(hex.EncodeToString(v))
		b.WriteByte('"')
	case time.Time:
		b.WriteByte('"')
		b.Write(pq.FormatTimestamp(v))
		b.WriteByte('"')
	case float64:
		b.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
	default:
		plain, err := driver.DefaultParameterConverter.ConvertValue(v)
		if err != nil {
			panic(fmt.Sprintf("a value for a row: %v", err))
		}
		writeElement(b, plain)
	}
}

func writeQuoted(b *strings.Builder, s string) {
	b.WriteByte('"')
	for from := 0; ; {
		i := strings.IndexAny(s[from:], `"\`)
		if i < 0 {
			b.WriteString(s[from:])
			break
		}
		b.WriteString(s[from : from+i])
		b.WriteByte('\\')
		b.WriteByte(s[from+i])
		from += i + 1
	}
	b.WriteByte('"')
}
