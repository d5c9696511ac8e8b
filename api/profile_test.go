package api_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/pquerna/otp/totp"

	"ponte/api"
	"ponte/auth"
	"ponte/secret"
	"ponte/testkit"
)

func TestASecondFactorFromTheFirstCodeToALostPhone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	id := s.withPassword("anna@home.example")
	_, cookie := s.signIn("anna@home.example", password)
	testkit.WaitForACodeToLast()
	var e api.Enrolment
	s.must(200, "POST", "/api/v1/me/second-factor", cookie, map[string]string{}, &e)
	code := func(shift time.Duration) map[string]string {
		c, err := totp.GenerateCode(e.Secret, time.Now().Add(shift))
		if err != nil {
			t.Fatal(err)
		}
		return map[string]string{"email": "anna@home.example", "password": password, "code": c}
	}
	var codes api.RecoveryCodes
	s.must(200, "POST", "/api/v1/me/second-factor/confirm", cookie, map[string]string{"code": code(-30 * time.Second)["code"]}, &codes)
	if len(codes.Codes) != 10 {
		t.Fatalf("codes %v", codes)
	}
	res, _ := s.signIn("anna@home.example", password)
	if res.status != 401 || !strings.Contains(res.body, `"location":"code"`) {
		t.Errorf("without a code: %d %s", res.status, res.body)
	}
	s.must(204, "POST", "/api/v1/auth/sign-in", "", code(0), nil)
	var f api.SecondFactor
	s.must(200, "GET", "/api/v1/me/second-factor", cookie, nil, &f)
	if !f.On || f.CodesLeft != 10 || f.Since == nil {
		t.Errorf("%+v", f)
	}
	s.must(204, "POST", fmt.Sprintf("/api/v1/members/%d/second-factor/off", id), s.cookie[auth.Owner], map[string]string{}, nil)
	if res, _ := s.signIn("anna@home.example", password); res.status != 204 {
		t.Errorf("after the owner took it away: %d", res.status)
	}
	if n := s.id(`SELECT count(*) FROM audit_log WHERE object = $1 AND verb IN ('user.second_factor_on','user.second_factor_off')`, fmt.Sprintf("user:%d", id)); n != 2 {
		t.Errorf("%d lines in the audit log", n)
	}
}

func TestAMemberIsInvitedWithALink(t *testing.T) {
	t.Parallel()
	s := newScene(t, func(d *api.Deps) { d.PublicURL = "https://ponte.example/" })
	owner := s.cookie[auth.Owner]
	var m api.Member
	s.must(200, "POST", "/api/v1/members", owner, map[string]string{"email": "new@home.example", "name": "New", "role": "agent"}, &m)
	var log api.Page[api.AuditLine]
	s.must(200, "GET", fmt.Sprintf("/api/v1/audit?object=user:%d", m.UserID), owner, nil, &log)
	if len(log.Items) != 1 || log.Items[0].Whom != "New" {
		t.Errorf("the audit log names whom it is about so: %+v", log.Items)
	}
	var link api.PasswordLink
	s.must(200, "POST", fmt.Sprintf("/api/v1/members/%d/password-link", m.UserID), owner, map[string]string{}, &link)
	token, ok := strings.CutPrefix(link.Address, "https://ponte.example/password#")
	if !ok || !link.ExpiresAt.After(time.Now()) {
		t.Fatalf("%+v", link)
	}
	s.must(422, "POST", "/api/v1/auth/password", "", map[string]string{"token": token, "password": "short"}, nil)
	s.must(204, "POST", "/api/v1/auth/password", "", map[string]string{"token": token, "password": password}, nil)
	s.must(404, "POST", "/api/v1/auth/password", "", map[string]string{"token": token, "password": password}, nil)
	if res, _ := s.signIn("new@home.example", password); res.status != 204 {
		t.Errorf("%d %s", res.status, res.body)
	}
	s.must(403, "POST", fmt.Sprintf("/api/v1/members/%d/password-link", s.user[auth.Owner]), s.cookie[auth.Admin], map[string]string{}, nil)
}

func TestALinkByEMailIsSentToWhoIsHere(t *testing.T) {
	t.Parallel()
	mails := make(chan [2]string, 4)
	s := newScene(t, func(d *api.Deps) {
		d.PublicURL = "https://ponte.example"
		d.Mail = func(_ context.Context, to, _, text string) error { mails <- [2]string{to, text}; return nil }
	})
	s.withPassword("anna@home.example")
	var methods api.SignInMethods
	s.must(200, "GET", "/api/v1/auth/methods", "", nil, &methods)
	if !methods.Email || methods.Provider != "" {
		t.Errorf("%+v", methods)
	}
	s.must(204, "POST", "/api/v1/auth/forgot", "", map[string]string{"email": "nobody@home.example"}, nil)
	s.must(204, "POST", "/api/v1/auth/forgot", "", map[string]string{"email": "anna@home.example"}, nil)
	got := <-mails
	_, token, ok := strings.Cut(strings.TrimSpace(got[1]), "/password#")
	if got[0] != "anna@home.example" || !ok {
		t.Fatalf("%v", got)
	}
	s.must(204, "POST", "/api/v1/auth/password", "", map[string]string{"token": token, "password": "another long password"}, nil)
	for _, c := range []struct{ chosen, page, want string }{{"ro", "it", "parolă nouă"}, {"", "fr", "mot de passe"}, {"", "", "new password"}} {
		s.exec(`UPDATE users SET locale = $1 WHERE email = 'anna@home.example'`, c.chosen)
		s.exec(`DELETE FROM sign_in_attempts`)
		s.must(204, "POST", "/api/v1/auth/forgot", "", map[string]string{"email": "anna@home.example", "language": c.page}, nil)
		if got := <-mails; !strings.Contains(got[1], c.want) || !strings.Contains(got[1], "https://ponte.example/password#") {
			t.Errorf("chosen %q, page %q: %s", c.chosen, c.page, got[1])
		}
	}
	if len(mails) != 0 {
		t.Errorf("%d more letters", len(mails))
	}
	without := newScene(t)
	without.must(503, "POST", "/api/v1/auth/forgot", "", map[string]string{"email": "anna@home.example"}, nil)
}

func TestOnesOwnProfile(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.withPassword("anna@home.example")
	_, cookie := s.signIn("anna@home.example", password)
	var before api.Me
	s.must(200, "GET", "/api/v1/me", cookie, nil, &before)
	if before.User.Locale != "" { // the browser's is
		t.Errorf("%q is the language of somebody who has chosen none", before.User.Locale)
	}
	s.must(204, "PUT", "/api/v1/me", cookie, map[string]string{"name": "Anna B.", "locale": "ro"}, nil)
	s.must(422, "PUT", "/api/v1/me", cookie, map[string]string{"name": "Anna B.", "locale": "xx"}, nil)
	var me api.Me
	s.must(200, "GET", "/api/v1/me", cookie, nil, &me)
	if me.User.Name != "Anna B." || me.User.Locale != "ro" {
		t.Errorf("%+v", me.User)
	}
	s.must(422, "POST", "/api/v1/me/password", cookie, map[string]string{"old": "wrong", "password": "another long password"}, nil)
	s.must(204, "POST", "/api/v1/me/password", cookie, map[string]string{"old": password, "password": "another long password"}, nil)
	s.must(200, "GET", "/api/v1/me", cookie, nil, nil)
}

func TestTheWayToTheProviderAndBack(t *testing.T) {
	t.Parallel()
	idp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"issuer":"http://%[1]s","authorization_endpoint":"http://%[1]s/authorize","token_endpoint":"http://%[1]s/token","jwks_uri":"http://%[1]s/keys"}`, r.Host)
	}))
	defer idp.Close()
	keys, err := secret.NewKeyring(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, func(d *api.Deps) {
		d.PublicURL, d.OIDCName = "https://ponte.example", "Our house"
		d.OIDC = &auth.OIDC{Issuer: idp.URL, ClientID: "ponte", ClientSecret: "x", Redirect: "https://ponte.example/auth/oidc/callback", Keys: keys}
	})
	res := s.do("GET", "/auth/oidc/start?back=/inbox", "", nil)
	to, err := url.Parse(res.header.Get("Location"))
	set := res.header.Get("Set-Cookie")
	if err != nil || res.status != 302 || !strings.HasPrefix(to.String(), idp.URL+"/authorize?") || !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "secure") {
		t.Fatalf("%d %s %s", res.status, to, set)
	}
	back := s.do("GET", "/auth/oidc/callback?state=forged&code=x", "", nil)
	if back.status != 302 || back.header.Get("Location") != "/?sign_in=invalid" || strings.Contains(back.header.Get("Set-Cookie"), "ponte_session") {
		t.Errorf("a forged return: %d %s %s", back.status, back.header.Get("Location"), back.header.Get("Set-Cookie"))
	}
	if res := newScene(t).do("GET", "/auth/oidc/start", "", nil); res.status != 404 {
		t.Errorf("without a provider: %d", res.status)
	}
}

func TestWhoComesBackFromTheProviderIsSignedIn(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"email_verified": true}
	idp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch here := "http://" + r.Host; r.URL.Path {
		case "/keys":
			_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
		case "/token":
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
			if err != nil {
				t.Error(err)
				return
			}
			claims["iss"], claims["aud"], claims["exp"] = here, "ponte", time.Now().Add(time.Hour).Unix()
			raw, _ := json.Marshal(claims)
			signed, _ := signer.Sign(raw)
			token, _ := signed.CompactSerialize()
			_ = json.NewEncoder(w).Encode(map[string]string{"access_token": "a", "token_type": "Bearer", "id_token": token})
		default:
			_ = json.NewEncoder(w).Encode(map[string]any{"issuer": here, "authorization_endpoint": here + "/authorize", "token_endpoint": here + "/token", "jwks_uri": here + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
		}
	}))
	t.Cleanup(idp.Close)
	keys, err := secret.NewKeyring(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, func(d *api.Deps) {
		d.PublicURL = "https://ponte.example"
		d.OIDC = &auth.OIDC{Issuer: idp.URL, ClientID: "ponte", ClientSecret: "x", Redirect: "https://ponte.example/auth/oidc/callback", Keys: keys}
	})
	s.withPassword("ada@home.example")
	round := func(email, nonce string) answer {
		t.Helper()
		start := s.do("GET", "/auth/oidc/start?back="+url.QueryEscape("/inbox?view=mine"), "", nil)
		to, err := url.Parse(start.header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		claims["sub"], claims["email"], claims["nonce"] = "sub-"+email, email, cmp.Or(nonce, to.Query().Get("nonce"))
		kept, _, _ := strings.Cut(start.header.Get("Set-Cookie"), ";")
		return s.do("GET", "/auth/oidc/callback?code=c&state="+to.Query().Get("state"), kept, nil)
	}
	cookies := func(r answer) map[string]*http.Cookie {
		out := map[string]*http.Cookie{}
		for _, c := range (&http.Response{Header: r.header}).Cookies() {
			out[c.Name] = c
		}
		return out
	}

	res := round("ada@home.example", "")
	c := cookies(res)["ponte_session"]
	if res.status != 302 || res.header.Get("Location") != "/inbox?view=mine" || c == nil || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge < 86400 {
		t.Fatalf("%d to %s with %+v", res.status, res.header.Get("Location"), res.header.Values("Set-Cookie"))
	}
	s.must(200, "GET", "/api/v1/me", "ponte_session="+c.Value, nil, nil)
	for why, res := range map[string]answer{"forbidden": round("stranger@home.example", ""), "unauthorized": round("ada@home.example", "another")} {
		if res.header.Get("Location") != "/inbox?sign_in="+why+"&view=mine" || cookies(res)["ponte_session"] != nil {
			t.Errorf("%s: to %s", why, res.header.Get("Location"))
		}
	}
}

func TestAProviderThatIsDownIsToldOnTheSignInPage(t *testing.T) {
	t.Parallel()
	keys, err := secret.NewKeyring(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	s := newScene(t, func(d *api.Deps) {
		d.OIDC = &auth.OIDC{Issuer: "http://127.0.0.1:1", ClientID: "ponte", ClientSecret: "x", Redirect: "https://ponte.example/auth/oidc/callback", Keys: keys}
	})
	for back, want := range map[string]string{"/inbox?view=mine": "/inbox?sign_in=unavailable&view=mine", "//evil.example/x": "/?sign_in=unavailable"} {
		if res := s.do("GET", "/auth/oidc/start?back="+url.QueryEscape(back), "", nil); res.status != 302 || res.header.Get("Location") != want {
			t.Errorf("%s: %d to %s, want %s", back, res.status, res.header.Get("Location"), want)
		}
	}
}

// What was done stays theirs.
func TestTheAuditLogNamesWhoHasLeft(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	owner := s.cookie[auth.Owner]
	var m api.Member
	s.must(200, "POST", "/api/v1/members", owner, map[string]string{"email": "leaver@home.example", "name": "Leaver", "role": "agent"}, &m)
	s.exec(`DELETE FROM members WHERE user_id = $1`, m.UserID)
	var log api.Page[api.AuditLine]
	s.must(200, "GET", fmt.Sprintf("/api/v1/audit?object=user:%d", m.UserID), owner, nil, &log)
	if len(log.Items) != 1 || log.Items[0].Whom != "Leaver" {
		t.Errorf("who has left is called %+v", log.Items)
	}
}
