// Package testkit holds what tests of several packages share: a database of its own for each test.
// Only tests import it.
package testkit

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/cluster"
	"ponte/migrations"
)

// Database returns a migrated, empty database that belongs to the test alone and is dropped after
// it. It is cloned from a template, so that it costs tens of milliseconds.
//
// PONTE_TEST_DATABASE_URL names a server whose user may create databases; without it a private one
// is started in PONTE_TEST_DATA_DIR, or else in the temporary directory, and left running for the next
// test.
func Database(t testing.TB) *sqlx.DB {
	t.Helper()
	db, err := cluster.Pool(DatabaseURL(t))
	if err != nil {
		t.Fatalf("open the test's database: %v", err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// DatabaseURL is Database for tests that start a process of their own on it.
func DatabaseURL(t testing.TB) string {
	t.Helper()
	s, err := server()
	if err != nil {
		t.Fatalf("start the test server: %v", err)
	}
	var raw [6]byte
	_, _ = rand.Read(raw[:])
	name := "t_" + hex.EncodeToString(raw[:])
	admin, err := sql.Open("postgres", s.admin)
	if err != nil {
		t.Fatalf("connect to the test server: %v", err)
	}
	if _, err := admin.Exec("CREATE DATABASE " + name + " TEMPLATE " + s.template + " STRATEGY file_copy"); err != nil {
		t.Fatalf("clone the template database: %v", err)
	}
	t.Cleanup(func() {
		_, _ = admin.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
		_ = admin.Close()
	})
	return withDatabase(s.admin, name)
}

type testServer struct{ admin, template string }

var server = sync.OnceValues(func() (testServer, error) {
	admin := os.Getenv("PONTE_TEST_DATABASE_URL")
	if admin == "" {
		dir := os.Getenv("PONTE_TEST_DATA_DIR")
		if dir == "" {
			dir = filepath.Join(os.TempDir(), "ponte-test-"+strconv.Itoa(os.Getuid()), "pg")
		}
		c, err := cluster.Open(context.Background(), dir, cluster.Options{Volatile: true})
		if err != nil {
			return testServer{}, err
		}
		c.Keep()
		admin = c.URL
	}
	template := "ponte_template_" + migrations.Digest()
	return testServer{admin, template}, makeTemplate(admin, template)
})

func makeTemplate(admin, template string) error {
	ctx := context.Background()
	db, err := sql.Open("postgres", admin)
	if err != nil {
		return err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Test binaries of several packages start at once; one makes the template, the others wait.
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(7041776)"); err != nil {
		return err
	}
	defer conn.ExecContext(ctx, "SELECT pg_advisory_unlock(7041776)")
	var ready bool
	if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1 AND datistemplate)", template).Scan(&ready); err != nil || ready {
		return err
	}
	if err := dropLeftovers(ctx, conn); err != nil {
		return err
	}
	name := pq.QuoteIdentifier(template)
	if _, err := conn.ExecContext(ctx, "DROP DATABASE IF EXISTS "+name); err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return err
	}
	if err := migrate(ctx, withDatabase(admin, template)); err != nil {
		return fmt.Errorf("migrate the template: %w", err)
	}
	_, err = conn.ExecContext(ctx, "ALTER DATABASE "+name+" WITH is_template true allow_connections false")
	return err
}

// dropLeftovers removes the databases of tests that were killed before they could, and the templates
// of earlier schemas. It does so when a schema changes, which is rare enough not to slow the tests and
// often enough to keep the server small. A server of the caller's own keeps what it has: its user may
// not look at the age of files.
func dropLeftovers(ctx context.Context, conn *sql.Conn) error {
	if os.Getenv("PONTE_TEST_DATABASE_URL") != "" {
		return nil
	}
	rows, err := conn.QueryContext(ctx, sqlLeftovers)
	if err != nil {
		return fmt.Errorf("look for databases of earlier tests: %w", err)
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return fmt.Errorf("look for databases of earlier tests: %w", err)
		}
		names = append(names, pq.QuoteIdentifier(name))
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return fmt.Errorf("look for databases of earlier tests: %w", err)
	}
	for _, name := range names {
		_, err := conn.ExecContext(ctx, "ALTER DATABASE "+name+" WITH is_template false")
		if err == nil {
			_, err = conn.ExecContext(ctx, "DROP DATABASE IF EXISTS "+name)
		}
		if err != nil {
			return fmt.Errorf("drop the database %s of an earlier test: %w", name, err)
		}
	}
	return nil
}

const sqlLeftovers = `
SELECT d.datname FROM pg_database d, LATERAL pg_stat_file('base/' || d.oid || '/PG_VERSION', true) f
WHERE (d.datname ~ '^t_[0-9a-f]{12}$' AND f.modification < now() - interval '1 hour'
    OR d.datname ~ '^ponte_template_' AND f.modification < now() - interval '1 day')
  AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid)`

func migrate(ctx context.Context, url string) error {
	db, err := sql.Open("postgres", url)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = migrations.Up(ctx, db)
	return err
}

func withDatabase(raw, name string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw
	}
	u.Path = "/" + name
	return u.String()
}
