package api

import "testing"

func TestNetworksOfAVisitor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address string
		spans   []span
		crowd   string
	}{
		{"2001:db8:1:2345::9", []span{{"2001:db8:1:2345::/64", 1}, {"2001:db8:1:2300::/56", 4}, {"2001:db8:1::/48", 16}}, "2001:db8::/32"},
		{"203.0.113.9", []span{{"203.0.113.9", 1}, {"203.0.113.0/24", 16}}, "203.0.0.0/16"},
		{"::ffff:203.0.113.9", []span{{"203.0.113.9", 1}, {"203.0.113.0/24", 16}}, "203.0.0.0/16"},
		{"fe80::1%eth0", []span{{"fe80::/64", 1}, {"fe80::/56", 4}, {"fe80::/48", 16}}, "fe80::/32"},
		{"", []span{{"", 1}}, ""},
	} {
		got := networks(c.address)
		if len(got) != len(c.spans) {
			t.Fatalf("%s: %v", c.address, got)
		}
		for i := range got {
			if got[i] != c.spans[i] {
				t.Errorf("%s: %v, want %v", c.address, got[i], c.spans[i])
			}
		}
		if got := crowd(c.address); got != c.crowd {
			t.Errorf("%s belongs to %s, want %s", c.address, got, c.crowd)
		}
	}
}
