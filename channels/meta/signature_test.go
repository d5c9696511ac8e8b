package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

const secret = "s3cr3t"

func TestVerifySignatureVectors(t *testing.T) {
	const escaped = `{"text":"\u00bfPrecio? \ud83d\ude4f"}`
	vectors := []struct {
		name, body, digest string
	}{
		{"plain", `{"object":"page","entry":[{}]}`, "47b5f819ecce978af59b30c4640e933819d3bd499e465fb5ba1644d65b9f040b"},
		{"escaped as on the wire", escaped, "f467b40ccf608c2e91d0642fbd50c707865305b47dca04b0d0b4070078eb4261"},
		{"re-encoded by a proxy", `{"text":"¿Precio? 🙏"}`, "fd3d6655c57aeb451a4a65fbe388e1483d2eb7cecc514255fe575f56b61ca8ac"},
	}
	for _, v := range vectors {
		if !VerifySignature([]byte(v.body), "sha256="+v.digest, []string{secret}) {
			t.Errorf("%s: the right signature was refused", v.name)
		}
		if got := Sign([]byte(v.body), secret); got != "sha256="+v.digest {
			t.Errorf("%s: Sign = %s", v.name, got)
		}
	}
	if VerifySignature([]byte(vectors[2].body), "sha256="+vectors[1].digest, []string{secret}) {
		t.Error("a re-encoded body passed with the signature of the escaped one")
	}
}

func TestVerifySignatureRefuses(t *testing.T) {
	body := []byte(`{"object":"page"}`)
	good := Sign(body, secret)
	cases := map[string]struct {
		body    string
		header  string
		secrets []string
		want    bool
	}{
		"right":                     {string(body), good, []string{secret}, true},
		"second of two secrets":     {string(body), good, []string{"new", secret}, true},
		"first of two secrets":      {string(body), good, []string{secret, "old"}, true},
		"other secret":              {string(body), good, []string{"other"}, false},
		"no secret":                 {string(body), good, nil, false},
		"only an empty secret":      {string(body), Sign(body, ""), []string{""}, false},
		"another body":              {string(body) + " ", good, []string{secret}, false},
		"no header":                 {string(body), "", []string{secret}, false},
		"without prefix":            {string(body), strings.TrimPrefix(good, "sha256="), []string{secret}, false},
		"sha1":                      {string(body), strings.Replace(good, "sha256", "sha1", 1), []string{secret}, false},
		"too short":                 {string(body), good[:len(good)-2], []string{secret}, false},
		"too long":                  {string(body), good + "00", []string{secret}, false},
		"not hexadecimal":           {string(body), "sha256=" + strings.Repeat("zz", 32), []string{secret}, false},
		"one digit changed":         {string(body), flip(good), []string{secret}, false},
		"prefix in capital letters": {string(body), strings.ToUpper(good[:6]) + good[6:], []string{secret}, false},
	}
	for name, c := range cases {
		if got := VerifySignature([]byte(c.body), c.header, c.secrets); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func flip(s string) string {
	last := byte('0')
	if s[len(s)-1] == last {
		last = '1'
	}
	return s[:len(s)-1] + string(last)
}

func TestProofVector(t *testing.T) {
	const want = "219f9936cf0203b8f39c4d1079cae98eb24665873aa3489065d37afabd8bbcc2"
	if got := Proof("EAATOKEN123", secret); got != want {
		t.Errorf("Proof = %s, want %s", got, want)
	}
}

func signedRequest(payload, key string) string {
	body := base64.RawURLEncoding.EncodeToString([]byte(payload))
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)) + "." + body
}

func TestParseSignedRequest(t *testing.T) {
	good := signedRequest(`{"algorithm":"HMAC-SHA256","issued_at":1758700000,"user_id":"218471"}`, secret)
	r, err := ParseSignedRequest(good, []string{"old", secret})
	if err != nil || r.UserID != "218471" || r.IssuedAt != 1758700000 {
		t.Fatalf("%+v, %v", r, err)
	}
	bad := map[string]string{
		"other secret":    signedRequest(`{"algorithm":"HMAC-SHA256","user_id":"1"}`, "other"),
		"other algorithm": signedRequest(`{"algorithm":"none","user_id":"1"}`, secret),
		"no algorithm":    signedRequest(`{"user_id":"1"}`, secret),
		"no user":         signedRequest(`{"algorithm":"HMAC-SHA256"}`, secret),
		"not JSON":        signedRequest(`hello`, secret),
		"no dot":          strings.ReplaceAll(good, ".", ""),
		"empty":           "",
		"other payload":   good[:strings.Index(good, ".")+1] + "eyJhIjoxfQ",
		"odd characters":  "!!." + good,
	}
	for name, raw := range bad {
		if r, err := ParseSignedRequest(raw, []string{secret}); err == nil || r.UserID != "" {
			t.Errorf("%s: accepted as %+v", name, r)
		}
	}
}

func FuzzVerifySignature(f *testing.F) {
	f.Add([]byte(`{}`), Sign([]byte(`{}`), secret))
	f.Add([]byte(``), "sha256=")
	f.Fuzz(func(t *testing.T, body []byte, header string) {
		ok := VerifySignature(body, header, []string{"old", secret})
		if ok != strings.EqualFold(header[min(7, len(header)):], Sign(body, secret)[7:]) && ok {
			t.Fatalf("a signature that is not ours passed: %q", header)
		}
		if !VerifySignature(body, Sign(body, secret), []string{secret}) {
			t.Fatal("our own signature was refused")
		}
		_, _ = ParseSignedRequest(header, []string{secret})
	})
}
