// Package outward is for calls to systems that people name in ponte: the endpoints of webhooks, the hosts
// of bot flows. Such a name must not be a way into the operator's own network, so only public addresses
// are dialled.
package outward

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"
)

// ErrPrivate says that a name leads to an address that is not public.
var ErrPrivate = errors.New("the address is of this machine or a private network")

// Dialer dials only what allow lets through; in production that is Public. The address is looked at after
// the name was resolved: a name that leads elsewhere a moment later is no way in. A proxy would resolve the
// name itself, so a transport that uses this dialer must use none.
func Dialer(timeout time.Duration, allow func(netip.Addr) bool) *net.Dialer {
	return &net.Dialer{Timeout: timeout, Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !allow(a.Addr().Unmap()) {
			return ErrPrivate
		}
		return nil
	}}
}

// Public says whether an address belongs to the public net: not this machine, not a private network, not a
// range that leads to one.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || a.Zone() != "" || !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// reserved are ranges that are routed nowhere, or to the operator's own machines (RFC 6890, IANA's registries
// of special-purpose addresses), beyond those that netip knows by name.
var reserved = func() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range strings.Fields(`0.0.0.0/8 100.64.0.0/10 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 240.0.0.0/4
64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fec0::/10`) {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}()
