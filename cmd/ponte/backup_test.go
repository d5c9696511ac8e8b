package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ponte/testkit"
)

func TestARestoreWaitsForTheServerToStop(t *testing.T) {
	t.Parallel()
	s := &store{DB: testkit.Database(t)}
	if err := s.unserved(t.Context()); err != nil {
		t.Errorf("nobody works on it: %v", err)
	}
	if _, err := s.DB.Exec(`UPDATE lanes SET holder = 'house#1', expires_at = now() + interval '5 seconds' WHERE lane = 3`); err != nil {
		t.Fatal(err)
	}
	if err := s.unserved(t.Context()); err == nil || !strings.Contains(err.Error(), "house#1") {
		t.Errorf("a server works on it: %v", err)
	}
	if _, err := s.DB.Exec(`DROP TABLE lanes CASCADE`); err != nil {
		t.Fatal(err)
	}
	if err := s.unserved(t.Context()); err != nil {
		t.Errorf("an empty database: %v", err)
	}
}

// What could not be restored leaves the installation as it was: it may go on sending.
func TestARestoreThatFailsKeepsTheEpoch(t *testing.T) {
	t.Parallel()
	epoch, file := filepath.Join(t.TempDir(), "send-epoch"), filepath.Join(t.TempDir(), "no.dump")
	for path, text := range map[string]string{epoch: "the epoch", file: "no backup"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &store{DB: testkit.Database(t), URL: "postgres:///nothing?host=" + t.TempDir()}
	if err := s.restore(t.Context(), file, epoch); err == nil {
		t.Fatal("it was taken for a backup")
	}
	if b, err := os.ReadFile(epoch); err != nil || string(b) != "the epoch" {
		t.Errorf("the epoch is %q, %v", b, err)
	}
}

// A backup holds what people wrote: nobody but its owner reads it, and one that was cut off leaves the one before.
func TestABackupIsItsOwnersAlone(t *testing.T) {
	bin, file := t.TempDir(), filepath.Join(t.TempDir(), "ponte.dump")
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	dump := func(then string) error {
		program := "#!/bin/sh\nfor a; do case $a in --file=*) echo words > \"${a#--file=}\";; esac; done\n" + then
		if err := os.WriteFile(filepath.Join(bin, "pg_dump"), []byte(program), 0o700); err != nil {
			t.Fatal(err)
		}
		return (&store{URL: "postgres://db/ponte"}).dump(t.Context(), file)
	}
	if err := dump("exit 0"); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Stat(file); err != nil || f.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", f.Mode(), err)
	}
	if err := dump("exit 1"); err == nil {
		t.Error("a dump that failed was taken for a backup")
	}
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 || left[0].Name() != "ponte.dump" {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestThePasswordLeavesTheAddress(t *testing.T) {
	for address, want := range map[string][2]string{
		"postgres://ponte:s%40crt@db:5432/ponte?sslmode=require":       {"postgres://ponte@db:5432/ponte?sslmode=require", "s@crt"},
		"postgresql:///ponte?host=/run/pg&user=ponte&password=p":       {"postgresql:///ponte?host=%2Frun%2Fpg&user=ponte", "p"},
		"postgres://ponte@db/ponte":                                    {"postgres://ponte@db/ponte", ""},
		"host=db user=ponte password=secret dbname=ponte":              {"host=db user=ponte dbname=ponte", "secret"},
		`password='it\'s one' host=db`:                                 {"host=db", "it's one"},
		"host=db dbname=password":                                      {"host=db dbname=password", ""},
		"postgres://u:p@db/ponte?sslmode=disable&binary_parameters=no": {"postgres://u@db/ponte?sslmode=disable", "p"},
	} {
		clean, password := withoutPassword(address)
		if clean != want[0] || password != want[1] {
			t.Errorf("%s: %q and %q, want %q and %q", address, clean, password, want[0], want[1])
		}
	}
}
