// Package testkit holds what tests of several packages share: a database of its own for each test.
// Only tests import it.
package testkit

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
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
// is started in the temporary directory and left running for the next test.
func Database(t testing.TB) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Open("postgres", DatabaseURL(t))
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
	if _, err := admin.Exec("CREATE DATABASE " + name + " TEMPLATE " + s.template); err != nil {
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
		dir := filepath.Join(os.TempDir(), "ponte-test-"+strconv.Itoa(os.Getuid()), "pg")
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
