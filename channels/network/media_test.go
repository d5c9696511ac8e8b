package network

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"ponte/channels"
)

func TestAFileIsFollowedOnlyWhereFilesMayLie(t *testing.T) {
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path+" "+r.Header.Get("Authorization"))
		switch r.URL.Path {
		case "/hop":
			http.Redirect(w, r, "/file", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/inside":
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusFound)
		case "/elsewhere":
			http.Redirect(w, r, "https://example.org/file", http.StatusTemporaryRedirect)
		case "/nowhere":
			w.WriteHeader(http.StatusFound)
		default:
			_, _ = w.Write([]byte("\x89PNG\r\n\x1a\n0000"))
		}
	}))
	defer server.Close()
	n, a := newNetwork(), accounts(server.URL)["whatsapp"]
	if mime, _, err := n.FetchMedia(t.Context(), a, server.URL+"/hop"); err != nil || mime != "image/png" {
		t.Errorf("%s, %v", mime, err)
	}
	if len(asked) != 2 || asked[1] != "/file Bearer tok" {
		t.Errorf("asked %q", asked)
	}
	for path, reason := range map[string]string{"/loop": "gone", "/inside": "bad_address", "/elsewhere": "bad_address", "/nowhere": "gone"} {
		var f *channels.Failure
		if _, _, err := n.FetchMedia(t.Context(), a, server.URL+path); !errors.As(err, &f) || f.Reason != reason {
			t.Errorf("%s: %v, want %s", path, err, reason)
		}
	}
}

func TestANameOfTheNetworkMustLeadToAPublicAddress(t *testing.T) {
	for address, public := range map[string]bool{
		"157.240.1.1:443": true, "[2a03:2880:f10d:83::1]:443": true,
		"127.0.0.1:443": false, "10.1.2.3:443": false, "172.16.0.1:443": false, "192.168.1.1:443": false, "169.254.169.254:80": false, "100.64.0.1:443": false,
		"0.0.0.0:443": false, "224.0.0.1:443": false, "[::1]:443": false, "[fe80::1]:443": false, "[fd00::1]:443": false, "[::ffff:10.0.0.1]:443": false, "nonsense": false,
	} {
		if err := dialPublic("tcp", address, nil); (err == nil) != public {
			t.Errorf("%s: %v", address, err)
		}
	}
}
