package cluster

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Started by root, the server's user cannot enter root's home: its files lie elsewhere, and Place says where.
func TestPlace(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("/tmp", "ponte-place")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	data := filepath.Join(dir, "data", "pg")
	for mode, away := range map[os.FileMode]bool{0o755: false, 0o700: os.Getuid() == 0} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		got := Place(data)
		if (got != data) != away || away && !strings.HasPrefix(got, elsewhere+"/") {
			t.Errorf("below a folder of mode %o the server's files lie in %s", mode, got)
		}
	}
}
