package secret

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func TestSealOpensOnlyWithItsKeyAndContext(t *testing.T) {
	a, err := NewKeyring(strings.Repeat("a", 32))
	if err != nil {
		t.Fatal(err)
	}
	b, _ := NewKeyring(strings.Repeat("b", 32))
	sealed, err := a.Seal("page-token", "account:facebook:1")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("page-token")) {
		t.Fatal("the sealed value holds the plain one")
	}
	if got, err := a.Open(sealed, "account:facebook:1"); err != nil || got != "page-token" {
		t.Fatalf("Open = %q, %v", got, err)
	}
	for name, open := range map[string]func() (string, error){
		"another key":     func() (string, error) { return b.Open(sealed, "account:facebook:1") },
		"another context": func() (string, error) { return a.Open(sealed, "account:facebook:2") },
		"cut":             func() (string, error) { return a.Open(sealed[:5], "account:facebook:1") },
	} {
		if _, err := open(); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: %v, want ErrSealed", name, err)
		}
	}
	if _, err := NewKeyring("short"); err == nil {
		t.Error("a short key was taken")
	}
}
