package main

import "testing"

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
