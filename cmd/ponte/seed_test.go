package main

import (
	"fmt"
	"strings"
	"testing"

	"ponte/inbox"
	"ponte/testkit"
)

func TestSeedFillsAWorkspaceOnceAndCannotSend(t *testing.T) {
	t.Parallel()
	c := &config{DataDir: t.TempDir(), DatabaseURL: testkit.DatabaseURL(t), SecretKey: strings.Repeat("k", 64)}
	s, err := c.openMigrated(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	w, err := inbox.EnsureWorkspace(t.Context(), s.DB, "seed")
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := seedAccounts(t.Context(), s, w.ID)
	if err != nil {
		t.Fatal(err)
	}
	count := func() string {
		var n struct {
			Conversations int64 `db:"conversations"`
			Messages      int64 `db:"messages"`
			Contacts      int64 `db:"contacts"`
		}
		if err := s.DB.Get(&n, sqlSeeded, w.ID); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(n)
	}
	var first string
	for range 2 {
		for _, from := range []int{0, 100} {
			if err := s.seed(t.Context(), w.ID, accounts, from, from+100); err != nil {
				t.Fatal(err)
			}
		}
		if first == "" {
			first = count()
		}
		if got := count(); got != first || !strings.HasPrefix(got, "{200 ") {
			t.Errorf("%s, then %s", first, got)
		}
	}
	var bad int
	if err := s.DB.Get(&bad, `SELECT (SELECT count(*) FROM accounts WHERE sending OR state = 'connected') + (SELECT count(*) FROM identities WHERE phone IS NOT NULL)
		+ (SELECT count(*) FROM conversations v WHERE waiting_since IS NOT NULL AND state <> 'open') + (SELECT count(*) FROM messages WHERE text LIKE '%\%s%' OR text = '')`); err != nil || bad != 0 {
		t.Errorf("%d rows that could reach somebody or make no sense, %v", bad, err)
	}
	var languages int
	if err := s.DB.Get(&languages, `SELECT count(DISTINCT language) FROM conversations`); err != nil || languages != 7 {
		t.Errorf("%d languages, %v", languages, err)
	}
}
