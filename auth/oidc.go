package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/jmoiron/sqlx"
	"golang.org/x/oauth2"

	"ponte/fault"
	"ponte/secret"
)

// OIDC signs people in through an identity provider (OpenID Connect Core 1.0, authorization code flow
// with PKCE). It makes nobody a member: whoever comes must be a user already. The provider answers for
// the second factor.
type OIDC struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	Redirect     string // our callback, as it is registered with the provider
	Keys         *secret.Keyring

	mu       sync.Mutex
	provider *oidc.Provider
}

// RoundTime is how long somebody may take at the provider.
const RoundTime = 10 * time.Minute

// round is what the browser keeps, sealed, while somebody is at the provider.
type round struct {
	State, Nonce, Verifier, Back string
	Until                        time.Time
}

var errProvider = "the identity provider cannot be reached; try again, or sign in with your password"

// discover reads the provider's addresses and keys at first use, so that ponte starts without it.
func (o *OIDC) discover(ctx context.Context) (*oidc.Provider, *oauth2.Config, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.provider == nil {
		p, err := oidc.NewProvider(ctx, o.Issuer)
		if err != nil {
			return nil, nil, fault.Wrap(fault.Unavailable, err, "%s", errProvider)
		}
		o.provider = p
	}
	return o.provider, &oauth2.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret, Endpoint: o.provider.Endpoint(), RedirectURL: o.Redirect,
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}, nil
}

// Begin returns the provider's address to go to and what the browser keeps until it comes back.
// back is a path of ours, where they go afterwards.
func (o *OIDC) Begin(ctx context.Context, back string, now time.Time) (address, kept string, err error) {
	_, config, err := o.discover(ctx)
	if err != nil {
		return "", "", err
	}
	r := round{State: random(), Nonce: random(), Verifier: oauth2.GenerateVerifier(), Back: OwnPath(back), Until: now.Add(RoundTime)}
	raw, err := json.Marshal(r)
	if err != nil {
		return "", "", fmt.Errorf("encode the round: %w", err)
	}
	sealed, err := o.Keys.Seal(string(raw), "oidc")
	if err != nil {
		return "", "", fmt.Errorf("seal the round: %w", err)
	}
	return config.AuthCodeURL(r.State, oidc.Nonce(r.Nonce), oauth2.S256ChallengeOption(r.Verifier)), base64.RawURLEncoding.EncodeToString(sealed), nil
}

func random() string {
	var raw [24]byte
	_, _ = rand.Read(raw[:])
	return base64.RawURLEncoding.EncodeToString(raw[:])
}

// OwnPath keeps a redirect on this server: //evil.example and /\evil.example are other hosts to a browser.
func OwnPath(p string) string {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t") {
		return "/"
	}
	return p
}

var errRound = fault.New(fault.Invalid, "this sign-in was begun elsewhere or took too long; begin again")

// Identity is who the provider says came.
type Identity struct {
	Issuer, Subject, Email string
	Verified               bool
	Back                   string
}

// Finish exchanges the code and checks what comes: signature, audience, time and nonce.
// Where somebody wanted to go is told also when it fails.
func (o *OIDC) Finish(ctx context.Context, kept, state, code string, now time.Time) (Identity, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(kept)
	if err != nil {
		return Identity{}, errRound
	}
	raw, err := o.Keys.Open(sealed, "oidc")
	if err != nil {
		return Identity{}, errRound
	}
	var r round
	if err := json.Unmarshal([]byte(raw), &r); err != nil || now.After(r.Until) || subtle.ConstantTimeCompare([]byte(r.State), []byte(state)) != 1 || code == "" {
		return Identity{}, errRound
	}
	refused := Identity{Back: r.Back}
	provider, config, err := o.discover(ctx)
	if err != nil {
		return refused, err
	}
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(r.Verifier))
	if err != nil {
		return refused, fault.Wrap(fault.Unavailable, err, "the identity provider did not accept the sign-in; begin again")
	}
	idToken, _ := token.Extra("id_token").(string)
	checked, err := provider.Verifier(&oidc.Config{ClientID: o.ClientID, Now: func() time.Time { return now }}).Verify(ctx, idToken)
	if err != nil || subtle.ConstantTimeCompare([]byte(checked.Nonce), []byte(r.Nonce)) != 1 {
		return refused, fault.Wrap(fault.Unauthorized, err, "the identity provider's answer does not check out; begin again")
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if err := checked.Claims(&claims); err != nil {
		return refused, fault.Wrap(fault.Unauthorized, err, "the identity provider's answer cannot be read")
	}
	return Identity{Issuer: checked.Issuer, Subject: checked.Subject, Email: strings.ToLower(strings.TrimSpace(claims.Email)), Verified: claims.Verified, Back: r.Back}, nil
}

var errStranger = fault.New(fault.Forbidden, "nobody here has this identity; ask an admin to add your e-mail address to a workspace first")

// SignInAs makes a session for who came from the provider. The first time they are found by a verified
// e-mail address; from then on by the provider's own id of them, whatever address it tells.
func SignInAs(ctx context.Context, db *sqlx.DB, who Identity, address, agent string) (string, error) {
	var id int64
	err := db.GetContext(ctx, &id, `SELECT id FROM users WHERE oidc_issuer = $1 AND oidc_subject = $2 AND disabled_at IS NULL`, who.Issuer, who.Subject)
	if errors.Is(err, sql.ErrNoRows) && who.Verified && who.Email != "" {
		err = db.GetContext(ctx, &id, `UPDATE users SET oidc_issuer = $1, oidc_subject = $2 WHERE email = $3 AND disabled_at IS NULL AND oidc_subject IS NULL RETURNING id`, who.Issuer, who.Subject, who.Email)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return "", errStranger
	}
	if err != nil {
		return "", fmt.Errorf("look for the user: %w", err)
	}
	return newSession(ctx, db, id, "", address, agent)
}
