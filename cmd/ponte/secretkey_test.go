package main

import (
	"strings"
	"testing"

	"ponte/inbox"
	"ponte/testkit"
)

func keyed(t *testing.T, database, key string) (*store, error) {
	t.Helper()
	c := &config{DataDir: t.TempDir(), DatabaseURL: database, SecretKey: strings.Repeat(key, 40)}
	s, err := c.openMigrated(t.Context())
	if err == nil {
		t.Cleanup(func() { _ = s.close() })
	}
	return s, err
}

// Under another key, withdrawals would not be found and the ledger's chain would break with the first entry.
func TestAnotherSecretKeyIsRefused(t *testing.T) {
	t.Parallel()
	database := testkit.DatabaseURL(t)
	s, err := keyed(t, database, "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keyed(t, database, "a"); err != nil {
		t.Errorf("the same key is refused: %v", err)
	}
	if _, err := keyed(t, database, "b"); err == nil || !strings.Contains(err.Error(), "PONTE_SECRET_KEY") {
		t.Errorf("another key is taken: %v", err)
	}
	// A database from before keys were remembered tells by the tokens it holds.
	var ws int64
	if err := s.DB.Get(&ws, `INSERT INTO workspaces (name) VALUES ('home') RETURNING id`); err != nil {
		t.Fatal(err)
	}
	if _, err := inbox.AddAccount(t.Context(), s.DB, s.Keys, inbox.NewAccount{WorkspaceID: ws, Channel: "facebook", ExternalID: "1", BaseURL: "http://127.0.0.1:9", Token: "t"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.DB.Exec(`DELETE FROM installation WHERE key = 'secret_key'`); err != nil {
		t.Fatal(err)
	}
	if _, err := keyed(t, database, "b"); err == nil {
		t.Error("another key is taken where no token opens with it")
	}
	if _, err := keyed(t, database, "a"); err != nil {
		t.Errorf("the key that opens the tokens is refused: %v", err)
	}
	// A key that is lost for good.
	c := &config{DataDir: t.TempDir(), DatabaseURL: database, SecretKey: strings.Repeat("b", 40)}
	if err := (migrateCmd{AcceptSecretKey: true}).Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if _, err := keyed(t, database, "b"); err != nil {
		t.Errorf("a key that was accepted is refused: %v", err)
	}
}
