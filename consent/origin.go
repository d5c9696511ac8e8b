package consent

import (
	"net/url"
	"strings"
)

// validOrigin says whether a website is named as browsers name it: scheme, host, port, nothing more. Plain
// http is for machines one sits at.
func validOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || strings.ToLower(s) != s || strings.Contains(s, "*") {
		return false
	}
	host := u.Hostname()
	return u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1")
}
