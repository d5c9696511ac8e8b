package testkit_test

import (
	"context"
	"testing"

	"ponte/migrations"
	"ponte/testkit"
)

func TestDatabaseIsMigratedAndEmpty(t *testing.T) {
	t.Parallel()
	db := testkit.Database(t)
	behind, err := migrations.Behind(context.Background(), db.DB)
	if err != nil || behind != 0 {
		t.Fatalf("behind = %d, %v; want 0", behind, err)
	}
	var n int
	if err := db.Get(&n, "SELECT count(*) FROM workspaces"); err != nil || n != 0 {
		t.Fatalf("workspaces = %d, %v; want none", n, err)
	}
}
