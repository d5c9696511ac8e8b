package auth_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"ponte/auth"
	"ponte/fault"
)

// provider is a small identity provider: one client, one person at a time.
type provider struct {
	*httptest.Server
	t         *testing.T
	key       *rsa.PrivateKey
	claims    map[string]any // what it says of who came; iss, aud, exp, nonce are filled in
	challenge string         // of the request under way
	nonce     string
}

func newProvider(t *testing.T) *provider {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p := &provider{t: t, key: key, claims: map[string]any{"sub": "u-17", "email": "Ada@Example.com", "email_verified": true}}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, map[string]any{"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
			"id_token_signing_alg_values_supported": []string{"RS256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		p.answer(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("/token", p.token)
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func (p *provider) answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

// token gives the ID token to who knows the code, the client's secret and the verifier of the challenge.
func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if id != "ponte" || secret != "s3cret" || r.FormValue("code") != "good" || base64.RawURLEncoding.EncodeToString(sum[:]) != p.challenge {
		http.Error(w, `{"error":"invalid_grant"}`, http.StatusBadRequest)
		return
	}
	claims := map[string]any{"iss": p.URL, "aud": "ponte", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(), "nonce": p.nonce}
	for k, v := range p.claims {
		claims[k] = v
	}
	raw, _ := json.Marshal(claims)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: p.key, KeyID: "1"}}, nil)
	if err != nil {
		p.t.Error(err)
		return
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		p.t.Error(err)
		return
	}
	token, _ := signed.CompactSerialize()
	p.answer(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": token})
}

// visit goes to the provider's page and returns the state it would send back.
func (p *provider) visit(address string) string {
	p.t.Helper()
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, p.URL+"/authorize?") {
		p.t.Fatalf("sent to %q, %v", address, err)
	}
	q := u.Query()
	p.challenge, p.nonce = q.Get("code_challenge"), q.Get("nonce")
	if q.Get("code_challenge_method") != "S256" || q.Get("redirect_uri") != "https://ponte.example/auth/oidc/callback" || !strings.Contains(q.Get("scope"), "openid") {
		p.t.Fatalf("asked with %v", q)
	}
	return q.Get("state")
}

func TestSigningInThroughAnIdentityProvider(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := newProvider(t)
	o := &auth.OIDC{Issuer: p.URL, ClientID: "ponte", ClientSecret: "s3cret", Redirect: "https://ponte.example/auth/oidc/callback", Keys: h.keys}
	come := func(back string) (auth.Identity, error) {
		address, kept, err := o.Begin(t.Context(), back, time.Now())
		h.must(err)
		return o.Finish(t.Context(), kept, p.visit(address), "good", time.Now())
	}
	who, err := come("/inbox?id=4")
	if err != nil || who.Subject != "u-17" || who.Email != "ada@example.com" || who.Back != "/inbox?id=4" {
		t.Fatalf("%+v, %v", who, err)
	}
	token, err := auth.SignInAs(t.Context(), h.db, who, "192.0.2.1", "browser")
	h.must(err)
	if in, err := h.who(token); err != nil || in.UserID != h.owner {
		t.Fatalf("%+v, %v", in, err)
	}
	p.claims["email"] = "renamed@example.com"
	who, err = come("//evil.example")
	h.must(err)
	if who.Back != "/" {
		t.Errorf("sent to another host afterwards: %q", who.Back)
	}
	if _, err := auth.SignInAs(t.Context(), h.db, who, "192.0.2.1", ""); err != nil {
		t.Errorf("the provider's id counts, not the address: %v", err)
	}
	p.claims["sub"], p.claims["email"] = "u-99", email
	who, err = come("/")
	h.must(err)
	_, err = auth.SignInAs(t.Context(), h.db, who, "192.0.2.1", "")
	h.want(fault.Forbidden, err, "another identity with the address of somebody who is bound already")
	p.claims["email"], p.claims["email_verified"] = "ben@example.com", false
	who, err = come("/")
	h.must(err)
	_, err = auth.SignInAs(t.Context(), h.db, who, "192.0.2.1", "")
	h.want(fault.Forbidden, err, "an address that the provider did not verify")
}

func TestAnAnswerThatDoesNotCheckOutSignsNobodyIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := newProvider(t)
	o := &auth.OIDC{Issuer: p.URL, ClientID: "ponte", ClientSecret: "s3cret", Redirect: "https://ponte.example/auth/oidc/callback", Keys: h.keys}
	address, kept, err := o.Begin(t.Context(), "/", time.Now())
	h.must(err)
	state := p.visit(address)
	_, other, err := o.Begin(t.Context(), "/", time.Now())
	h.must(err)
	for name, try := range map[string]func() error{
		"another state":   func() error { _, err := o.Finish(t.Context(), kept, state+"x", "good", time.Now()); return err },
		"another browser": func() error { _, err := o.Finish(t.Context(), other, state, "good", time.Now()); return err },
		"nothing kept":    func() error { _, err := o.Finish(t.Context(), "", state, "good", time.Now()); return err },
		"a wrong code":    func() error { _, err := o.Finish(t.Context(), kept, state, "bad", time.Now()); return err },
		"no code":         func() error { _, err := o.Finish(t.Context(), kept, state, "", time.Now()); return err },
		"too late": func() error {
			_, err := o.Finish(t.Context(), kept, state, "good", time.Now().Add(auth.RoundTime+time.Minute))
			return err
		},
		"another audience":  func() error { return p.with(o, kept, state, "aud", "somebody else") },
		"another nonce":     func() error { return p.with(o, kept, state, "nonce", "replayed") },
		"another issuer":    func() error { return p.with(o, kept, state, "iss", "https://other.example") },
		"an expired answer": func() error { return p.with(o, kept, state, "exp", time.Now().Add(-time.Hour).Unix()) },
	} {
		if err := try(); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	if _, err := o.Finish(t.Context(), kept, state, "good", time.Now()); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

func (p *provider) with(o *auth.OIDC, kept, state, claim string, value any) error {
	p.claims[claim] = value
	defer delete(p.claims, claim)
	_, err := o.Finish(p.t.Context(), kept, state, "good", time.Now())
	return err
}
