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
	"strings"
)

const signaturePrefix = "sha256="

// VerifySignature reports whether header (X-Hub-Signature-256) is the HMAC-SHA256 of the body as it
// came under one of the secrets. The body must be the bytes on the wire, before any decoding: Meta
// signs them with every non-ASCII character escaped. All secrets are tried, in constant time.
func VerifySignature(body []byte, header string, secrets []string) bool {
	if len(header) != len(signaturePrefix)+2*sha256.Size || !strings.HasPrefix(header, signaturePrefix) {
		return false
	}
	want, err := hex.DecodeString(header[len(signaturePrefix):])
	if err != nil {
		return false
	}
	ok := 0
	for _, s := range secrets {
		if s == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(s))
		mac.Write(body)
		ok |= subtle.ConstantTimeCompare(mac.Sum(nil), want)
	}
	return ok == 1
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
