package inbox

import (
	"database/sql"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"ponte/testkit"
)

// What goes in as rows comes out as rows, whatever stands in it: by types and as a VALUES list.
func TestRowsComeBack(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	words := []string{"", "NULL", `"`, `\`, `\\"`, "{a,b}", "a,b", " blank ", "néé", "🎉", "'; DROP", "\n\t", `\x41`, `null`}
	type row struct {
		N     int64          `db:"n"`
		Text  string         `db:"t"`
		Maybe sql.NullString `db:"m"`
		Bytes []byte         `db:"b"`
		JSON  string         `db:"j"`
		List  Strings        `db:"l"`
		At    *time.Time     `db:"at"`
		Real  float64        `db:"r"`
		Yes   bool           `db:"y"`
	}
	word := func() string { return words[rand.IntN(len(words))] + words[rand.IntN(len(words))] }
	var want []row
	rows := NewRows("bigint", "text", "text", "bytea", "jsonb", "text[]", "timestamptz", "double precision", "boolean")
	for i := range 200 {
		w := row{N: rand.Int64() - math.MaxInt64/2, Text: word(), Bytes: []byte(word() + "\x00\xff"), JSON: `{"a": "\"b\\c"}`, List: Strings{word(), "x"}, Real: rand.NormFloat64(), Yes: i%2 == 0}
		var maybe *string
		if i%3 > 0 {
			s := word()
			maybe, w.Maybe = &s, sql.NullString{String: s, Valid: true}
			at := time.Unix(int64(i), 123456000).UTC()
			w.At = &at
		}
		want = append(want, w)
		rows.Add(w.N, w.Text, maybe, w.Bytes, w.JSON, w.List, w.At, w.Real, w.Yes)
	}
	var got []row
	if err := db.Select(&got, `SELECT n, t, m, b, j::text AS j, l, at, r, y FROM (`+rows.SQL()+`) AS k (n, t, m, b, j, l, at, r, y)`, rows.Args()...); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || rows.Len() != len(want) {
		t.Fatalf("%d rows came back of %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		sameTime := (g.At == nil) == (w.At == nil) && (g.At == nil || g.At.Equal(*w.At))
		if g.N != w.N || g.Text != w.Text || g.Maybe != w.Maybe || string(g.Bytes) != string(w.Bytes) || g.JSON != w.JSON || len(g.List) != 2 || g.List[0] != w.List[0] || !sameTime || g.Real != w.Real || g.Yes != w.Yes {
			t.Fatalf("row %d: %+v came back as %+v", i, w, g)
		}
	}
	none := NewRows("bigint", "text[]")
	var n int
	if err := db.Get(&n, `SELECT count(*) FROM (`+none.SQL()+`) AS k (a, b)`, none.Args()...); err != nil || n != 0 {
		t.Errorf("no rows: %d, %v", n, err)
	}
	values := NewRows()
	values.Add(int64(1), "a")
	values.Add(int64(2), `"`)
	var texts []string
	if err := db.Select(&texts, `SELECT t FROM (`+values.SQL()+`) AS k (n, t)`, values.Args()...); err != nil || len(texts) != 2 || texts[1] != `"` {
		t.Errorf("a VALUES list: %q, %v", texts, err)
	}
}

func TestARowOfAnotherLengthPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a row that misses a column was taken")
		}
	}()
	NewRows("bigint", "text").Add(int64(1))
}
