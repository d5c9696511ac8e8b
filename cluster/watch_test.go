package cluster

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// postmaster is the process that the data directory names, 0 where none does.
func postmaster(c *Cluster) int {
	raw, err := os.ReadFile(filepath.Join(c.dir, "postmaster.pid"))
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.SplitN(string(raw), "\n", 2)[0])
	return pid
}

// private is a server of this test alone.
func private(t *testing.T) *Cluster {
	t.Helper()
	dir, err := os.MkdirTemp("", "ponte-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // the database's user must be able to enter
		t.Fatal(err)
	}
	c, err := Open(t.Context(), filepath.Join(dir, "pg"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Stop(); _ = os.RemoveAll(c.socketDir()) })
	return c
}

// A killed server comes back with what was committed; one that was stopped stays down.
func TestAKilledServerIsStartedAgain(t *testing.T) {
	t.Parallel()
	c := private(t)
	psql := func(stmt string) string {
		out, err := c.command(context.Background(), "psql", c.URL, "-Atc", stmt).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	psql(`CREATE TABLE kept AS SELECT 7 AS n`)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { c.Watch(ctx, slog.New(slog.NewTextHandler(t.Output(), nil))); close(ended) }()
	first := postmaster(c)
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(2 * time.Minute); postmaster(c) == first || !c.listening() || !c.running(); {
		if time.Now().After(deadline) {
			t.Fatal("the killed server did not come back")
		}
		<-time.After(100 * time.Millisecond)
	}
	if got := psql(`SELECT n FROM kept`); got != "7" {
		t.Errorf("the table holds %q", got)
	}
	stop()
	<-ended
	if err := c.Stop(); err != nil || c.listening() {
		t.Errorf("a stopped server is up: %v", err)
	}
}
