package llm

import (
	"net/http"
	"strings"
)

// base is the address that the calls' names are put behind: people also give the one of the call itself.
func base(address string) string {
	return strings.TrimRight(strings.TrimSuffix(strings.TrimRight(address, "/"), "/chat/completions"), "/")
}

// find makes the request where the server takes it: an address without a path may mean the host alone.
func (t transport) find(r *http.Request) (*http.Response, error) {
	bare := (r.URL.Path == "/chat/completions" || r.URL.Path == "/moderations") && r.GetBody != nil
	if bare && t.versioned.Load() {
		return t.behind(r)
	}
	res, err := t.RoundTripper.RoundTrip(r)
	if err != nil || !bare || res.StatusCode != http.StatusNotFound && res.StatusCode != http.StatusMethodNotAllowed {
		return res, err
	}
	other, err := t.behind(r)
	switch {
	case err != nil:
		return res, nil //nolint:nilerr // what was answered first is told
	case other.StatusCode == http.StatusNotFound || other.StatusCode == http.StatusMethodNotAllowed:
		_ = other.Body.Close()
		return res, nil
	}
	_ = res.Body.Close()
	t.versioned.Store(true)
	return other, nil
}

// behind makes the request below /v1.
func (t transport) behind(r *http.Request) (*http.Response, error) {
	body, err := r.GetBody()
	if err != nil {
		return nil, err
	}
	again := r.Clone(r.Context())
	again.Body, again.URL.Path = body, "/v1"+r.URL.Path
	return t.RoundTripper.RoundTrip(again)
}
