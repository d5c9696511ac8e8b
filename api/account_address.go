package api

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// mayCall refuses a Graph address that no operator wrote down. The server calls an account's address with its token
// and shows what comes back, so whoever chooses it freely makes the server call anything it can reach, a host's
// metadata among it. A workspace's admin may name Meta's own hosts, that of PONTE_GRAPH_URL, the rehearsal's, and
// those that connected accounts of this installation have: another one comes in by the command line alone, which is
// the operator's. A server that itself listens on a loopback address is a trial on one machine, where the Graph
// server of a check stands on another port: there any loopback address may be named as well. Where there is but one
// workspace, its admins are the operator's own people.
func (s *Server) mayCall(ctx context.Context, q sqlx.QueryerContext, address string) error {
	at, ok := graphOrigin(address)
	if !ok {
		return errForeign(address)
	}
	switch at.String() {
	case "https://graph.facebook.com:443", "https://graph.instagram.com:443":
		return nil
	}
	if s.Loopback && loopbackHost(at.Hostname()) {
		return nil
	}
	var alone bool
	if err := sqlx.GetContext(ctx, q, &alone, `SELECT count(*) < 2 FROM workspaces`); err != nil {
		return fmt.Errorf("count workspaces: %w", err)
	}
	if alone {
		return nil
	}
	var known []string
	if err := sqlx.SelectContext(ctx, q, &known, `SELECT DISTINCT base_url FROM accounts WHERE removed_at IS NULL`); err != nil {
		return fmt.Errorf("list the addresses of accounts: %w", err)
	}
	for _, k := range append(known, s.GraphURL, s.RehearsalURL) {
		if o, ok := graphOrigin(k); ok && o.String() == at.String() {
			return nil
		}
	}
	return errForeign(address)
}

func errForeign(address string) error {
	if u, err := url.Parse(address); err == nil {
		address = u.Redacted()
	}
	return fault.Field("base_url", "%s is not a Graph address of this installation: only its operator connects an account at another one, with ponte account add", address)
}

// graphOrigin is scheme, host and port of an address that is nothing but that and a path.
func graphOrigin(address string) (url.URL, bool) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return url.URL{}, false
	}
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return url.URL{}, false
	case port == "" && u.Scheme == "http":
		port = "80"
	case port == "":
		port = "443"
	}
	return url.URL{Scheme: u.Scheme, Host: net.JoinHostPort(strings.ToLower(u.Hostname()), port)}, true
}

// Loopback says whether an address to listen on is reached from this machine alone.
func Loopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && loopbackHost(host)
}

func loopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}
