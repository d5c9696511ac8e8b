package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/cluster"
	"ponte/consent"
	"ponte/inbox"
	"ponte/ingest"
	"ponte/migrations"
	"ponte/secret"
)

// store is an open database with the keys of the installation.
type store struct {
	DB      *sqlx.DB
	Loops   *sqlx.DB // the pool of the loops that split, decide and send
	bodies  *sqlx.DB // the receiver's own pool, nil until bodyPool was called
	URL     string
	Keys    *secret.Keyring
	Ledger  *consent.Ledger
	cluster *cluster.Cluster
}

// open opens the configured database, or the private one in the data directory: started if it does not
// run, joined if it does, so that a command works beside a running server.
func (c *config) open(ctx context.Context) (*store, error) {
	s := &store{URL: c.DatabaseURL}
	if c.SecretKey == "" {
		if key, err := c.devKey("secret-key"); err == nil {
			c.SecretKey = key
		}
	}
	var err error
	if s.Keys, err = secret.NewKeyring(c.SecretKey); err != nil {
		return nil, err
	}
	s.Ledger = consent.New(s.Keys.Derive("consent"))
	if s.URL == "" {
		if s.cluster, err = cluster.Open(ctx, filepath.Join(c.DataDir, "pg"), cluster.Options{}); err != nil {
			return nil, err
		}
		s.URL = s.cluster.URL
	}
	if err := checkAddress(s.URL); err != nil {
		return nil, errors.Join(err, s.cluster.Stop())
	}
	if s.DB, err = cluster.Pool(s.URL); err != nil {
		return nil, errors.Join(errNoAddress, s.cluster.Stop())
	}
	s.DB.SetMaxOpenConns(24)
	s.DB.SetMaxIdleConns(12)
	if s.Loops, err = cluster.LoopPool(s.URL); err != nil {
		return nil, errors.Join(errNoAddress, s.cluster.Stop())
	}
	s.Loops.SetMaxOpenConns(12)
	s.Loops.SetMaxIdleConns(12)
	if err := s.DB.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("the database does not answer: %w", err), s.close())
	}
	var version int
	if err := s.DB.GetContext(ctx, &version, `SELECT current_setting('server_version_num')::int`); err != nil {
		return nil, errors.Join(fmt.Errorf("ask the database for its version: %w", err), s.close())
	}
	if err := checkVersion(version); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// What the driver says of an address it cannot read holds the address, and that holds the password.
var errNoAddress = errors.New("PONTE_DATABASE_URL is no PostgreSQL address: it needs postgres://user:password@host:5432/name (special characters of the password percent-encoded), or host=… user=… dbname=…")

func checkAddress(address string) error {
	if _, err := pq.NewConfig(address); err != nil {
		return errNoAddress
	}
	return nil
}

// oldestPostgres is the oldest major version that the migrations run on.
const oldestPostgres = 15

func checkVersion(number int) error {
	if major := number / 10000; major < oldestPostgres {
		return fmt.Errorf("PostgreSQL %d is too old: ponte needs %d or newer", major, oldestPostgres)
	}
	return nil
}

func (s *store) close() error {
	err := errors.Join(s.DB.Close(), s.Loops.Close())
	if s.bodies != nil {
		err = errors.Join(err, s.bodies.Close())
	}
	return errors.Join(err, s.cluster.Stop())
}

// bodyPool is the receiver's own pool: its committers never wait for a connection that a query of the
// desk holds.
func (s *store) bodyPool() (*sqlx.DB, error) {
	if s.bodies != nil {
		return s.bodies, nil
	}
	db, err := cluster.BodyPool(s.URL)
	if err != nil {
		return nil, errNoAddress
	}
	db.SetMaxOpenConns(ingest.Committers)
	db.SetMaxIdleConns(ingest.Committers)
	s.bodies = db
	return db, nil
}

// openMigrated opens the database, brings its schema up to date and refuses a key that is not its own.
func (c *config) openMigrated(ctx context.Context) (*store, error) {
	s, err := c.open(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := migrations.Up(ctx, s.DB.DB); err != nil {
		if refused := new(pq.Error); errors.As(err, &refused) && (refused.Code == "42501" || refused.Code == "3F000") {
			err = fmt.Errorf("%w: the user of PONTE_DATABASE_URL must own the database (ALTER DATABASE … OWNER TO …)", err)
		}
		return nil, errors.Join(err, s.close())
	}
	if err := s.checkKey(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// inTx runs f in a transaction.
func (s *store) inTx(ctx context.Context, f func(tx *sqlx.Tx) error) error {
	return inbox.InTx(ctx, s.DB, f)
}

// with opens the database for one command in a workspace (by name; empty: the only one).
func (c *config) with(ctx context.Context, workspace string, f func(s *store, w inbox.Workspace) error) error {
	s, err := c.openMigrated(ctx)
	if err != nil {
		return err
	}
	w, err := inbox.EnsureWorkspace(ctx, s.DB, workspace)
	if err == nil {
		err = f(s, w)
	}
	return errors.Join(err, s.close())
}

type migrateCmd struct {
	AcceptSecretKey bool `help:"Go on with another PONTE_SECRET_KEY than the database was made with: accounts must be connected again, and the ledger's entries from before cannot be verified any more."`
}

// Run brings the schema up to date.
func (m migrateCmd) Run(ctx context.Context, c *config) error {
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	n, err := migrations.Up(ctx, s.DB.DB)
	if err == nil && m.AcceptSecretKey {
		err = s.acceptKey(ctx)
	}
	if err == nil {
		fmt.Printf("%d migrations applied\n", n)
	}
	return errors.Join(err, s.close())
}
