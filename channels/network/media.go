package network

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"ponte/channels"
)

// maxMedia bounds a file that is fetched to be shown.
const maxMedia = 10 << 20

// mediaHosts are where Meta keeps pictures and files. Other addresses come from people (a link somebody
// pasted) and are never fetched: that would let anybody make this server call any other.
var mediaHosts = []string{"fbcdn.net", "cdninstagram.com", "fbsbx.com", "facebook.com", "instagram.com", "whatsapp.net"}

// FetchMedia downloads a picture or file by its address, or by the media id that WhatsApp gives. The token
// goes along only to Meta's own media host of WhatsApp and to the account's own server, never to a CDN.
func (n *Network) FetchMedia(ctx context.Context, a channels.Account, address string) (mime string, body []byte, err error) {
	if a.Channel == channels.WhatsApp && !strings.Contains(address, "/") {
		if address, err = n.mediaAddress(ctx, a, address); err != nil {
			return "", nil, err
		}
	}
	res, err := n.openMedia(ctx, a, address)
	if err != nil {
		return "", nil, err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode >= 500 || res.StatusCode == http.StatusTooManyRequests:
		return "", nil, &channels.Failure{Class: channels.Retry, Scope: channels.ScopeCall, HTTP: res.StatusCode, Reason: "outage", Meaning: "The file's server has a problem; it is tried again.", After: time.Minute}
	case res.StatusCode != http.StatusOK:
		return "", nil, &channels.Failure{Class: channels.GiveUp, Scope: channels.ScopeCall, HTTP: res.StatusCode, Reason: "gone", Meaning: "The file is not there any more."}
	}
	body, err = io.ReadAll(io.LimitReader(res.Body, maxMedia+1))
	if err != nil {
		return "", nil, &channels.Failure{Class: channels.Retry, Scope: channels.ScopeCall, Reason: "unreachable", Meaning: "The file broke off; it is tried again.", After: time.Minute}
	}
	if len(body) > maxMedia {
		return "", nil, &channels.Failure{Class: channels.GiveUp, Scope: channels.ScopeCall, Reason: "too_large", Meaning: "The file is larger than 10 MB: look at it in the network's own app."}
	}
	return http.DetectContentType(body), body, nil
}

// maxHops is how often an address may point to another one.
const maxHops = 3

// openMedia follows an address to the file. Each hop must lie where files may lie, and decides anew
// whether the token goes along.
func (n *Network) openMedia(ctx context.Context, a channels.Account, address string) (*http.Response, error) {
	base, err := url.Parse(a.BaseURL)
	if err != nil {
		return nil, refuse("bad_address", "The account's base URL is not an address.")
	}
	for range maxHops + 1 {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil || !mayFetch(req.URL, base) {
			return nil, refuse("bad_address", "The file does not lie on one of the network's own servers.")
		}
		if req.URL.Host == "lookaside.fbsbx.com" && a.Channel == channels.WhatsApp || req.URL.Host == base.Host && req.URL.Scheme == base.Scheme {
			req.Header.Set("Authorization", "Bearer "+a.Token)
		}
		res, err := n.media(req.URL, base).Do(req)
		if err != nil {
			return nil, &channels.Failure{Class: channels.Retry, Scope: channels.ScopeCall, Reason: "unreachable", Meaning: "The file could not be fetched; it is tried again.", After: time.Minute}
		}
		to, err := res.Location()
		if err != nil || res.StatusCode < 300 || res.StatusCode > 399 {
			return res, nil
		}
		_ = res.Body.Close()
		address = to.String()
	}
	return nil, &channels.Failure{Class: channels.GiveUp, Scope: channels.ScopeCall, Reason: "gone", Meaning: "The file's address points to another one again and again."}
}

// media is the client for an address: the account's own server may stand anywhere, for that is what an
// operator wrote down; a name of Meta's must lead to a public address.
func (n *Network) media(u, base *url.URL) *http.Client {
	if u.Hostname() == base.Hostname() {
		return n.Client.HTTP
	}
	return publicOnly
}

var errPrivate = errors.New("the address is not a public one")

var publicOnly = &http.Client{
	Timeout: 60 * time.Second,
	Transport: &http.Transport{
		MaxIdleConnsPerHost: 4, IdleConnTimeout: 60 * time.Second, TLSHandshakeTimeout: 10 * time.Second, ForceAttemptHTTP2: true,
		DialContext: (&net.Dialer{Timeout: 5 * time.Second, Control: dialPublic}).DialContext,
	},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// dialPublic sees the address that a name was resolved to, so that no answer of a name server leads inside.
func dialPublic(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return errPrivate
	}
	ip := ap.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || sharedNet.Contains(ip) {
		return errPrivate
	}
	return nil
}

// sharedNet is what providers use inside (RFC 6598).
var sharedNet = netip.MustParsePrefix("100.64.0.0/10")

// mediaAddress turns WhatsApp's media id into an address, which is good for five minutes.
func (n *Network) mediaAddress(ctx context.Context, a channels.Account, id string) (string, error) {
	var out struct {
		URL string `json:"url"`
	}
	if err := n.Client.Get(ctx, a, id, url.Values{"phone_number_id": {a.ID}}, &out); err != nil {
		return "", err
	}
	return out.URL, nil
}

// mayFetch allows Meta's media hosts over TLS, and the account's own server as it is.
func mayFetch(u, base *url.URL) bool {
	host := u.Hostname()
	if host != "" && host == base.Hostname() {
		return u.Scheme == "https" || u.Scheme == base.Scheme
	}
	for _, h := range mediaHosts {
		if u.Scheme == "https" && (host == h || strings.HasSuffix(host, "."+h)) {
			return true
		}
	}
	return false
}
