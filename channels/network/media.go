package network

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
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
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	base, baseErr := url.Parse(a.BaseURL)
	if err != nil || baseErr != nil || !mayFetch(req.URL, base) {
		return "", nil, refuse("bad_address", "The file does not lie on one of the network's own servers.")
	}
	if req.URL.Host == "lookaside.fbsbx.com" && a.Channel == channels.WhatsApp || req.URL.Host == base.Host && req.URL.Scheme == base.Scheme {
		req.Header.Set("Authorization", "Bearer "+a.Token)
	}
	res, err := n.Client.HTTP.Do(req)
	if err != nil {
		return "", nil, &channels.Failure{Class: channels.Retry, Scope: channels.ScopeCall, Reason: "unreachable", Meaning: "The file could not be fetched; it is tried again.", After: time.Minute}
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
