// Package meta is what the networks of Meta share: signatures, the Graph client, the table of errors.
package meta

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"strings"
	"sync"
)

const signaturePrefix = "sha256="

// Verifier checks signatures under a fixed list of secrets. The keyed hashes are kept and used again,
// because webhooks come by the thousand.
type Verifier struct {
	macs []*sync.Pool // of hash.Hash, one a secret
}

// NewVerifier returns a verifier of the secrets; empty ones are left out.
func NewVerifier(secrets []string) *Verifier {
	v := &Verifier{}
	for _, s := range secrets {
		if s != "" {
			v.macs = append(v.macs, &sync.Pool{New: func() any { return hmac.New(sha256.New, []byte(s)) }})
		}
	}
	return v
}

// Verify reports whether header (X-Hub-Signature-256) is the HMAC-SHA256 of the body as it came under
// one of the secrets. The body must be the bytes on the wire, before any decoding: Meta signs them with
// every non-ASCII character escaped. All secrets are tried, in constant time.
func (v *Verifier) Verify(body []byte, header string) bool {
	if len(header) != len(signaturePrefix)+2*sha256.Size || !strings.HasPrefix(header, signaturePrefix) {
		return false
	}
	var want, have [sha256.Size]byte
	if _, err := hex.Decode(want[:], []byte(header[len(signaturePrefix):])); err != nil {
		return false
	}
	ok := 0
	for _, pool := range v.macs {
		mac := pool.Get().(hash.Hash)
		mac.Reset()
		mac.Write(body)
		ok |= subtle.ConstantTimeCompare(mac.Sum(have[:0]), want[:])
		pool.Put(mac)
	}
	return ok == 1
}

// VerifySignature is Verify for once.
func VerifySignature(body []byte, header string, secrets []string) bool {
	return NewVerifier(secrets).Verify(body, header)
}

// Sign returns the header Meta would send with the body.
func Sign(body []byte, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return signaturePrefix + hex.EncodeToString(mac.Sum(nil))
}

// Proof is appsecret_proof: the HMAC-SHA256 of the access token under the app secret.
func Proof(token, secret string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// ErrSignedRequest says that a signed_request is malformed or not signed by this app.
var ErrSignedRequest = errors.New("the signed request is malformed or not signed by this app")

// SignedRequest is what Meta posts to the deauthorise and data-deletion callbacks.
type SignedRequest struct {
	Algorithm string `json:"algorithm"`
	UserID    string `json:"user_id"` // app-scoped
	IssuedAt  int64  `json:"issued_at"`
}

// ParseSignedRequest verifies and decodes "base64url(HMAC).base64url(payload)".
func ParseSignedRequest(raw string, secrets []string) (SignedRequest, error) {
	var r SignedRequest
	sig, payload, ok := strings.Cut(raw, ".")
	if !ok {
		return r, ErrSignedRequest
	}
	want, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(sig, "="))
	if err != nil {
		return r, ErrSignedRequest
	}
	if !VerifySignature([]byte(payload), signaturePrefix+hex.EncodeToString(want), secrets) {
		return r, ErrSignedRequest
	}
	body, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(payload, "="))
	if err != nil || json.Unmarshal(body, &r) != nil || r.UserID == "" || !strings.EqualFold(r.Algorithm, "HMAC-SHA256") {
		return SignedRequest{}, ErrSignedRequest
	}
	return r, nil
}
