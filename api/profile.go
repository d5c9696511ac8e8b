package api

import (
	"cmp"
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
)

// SignInMethods is what the sign-in page offers beside a password.
type SignInMethods struct {
	Provider string `json:"provider" doc:"Name of the identity provider; empty: none"`
	Email    bool   `json:"email" doc:"A link to set a new password can be sent by e-mail"`
}

func (s *Server) signInMethods(_ context.Context, _ *caller, _ *struct{}) (SignInMethods, error) {
	out := SignInMethods{Email: s.Mail != nil}
	if s.OIDC != nil {
		out.Provider = s.OIDCName
	}
	return out, nil
}

const (
	oidcCookie   = "ponte_oidc"
	oidcCallback = "/auth/oidc/callback"
)

// oidcStart sends the browser to the identity provider.
func (s *Server) oidcStart(c *fiber.Ctx, _ *caller) error {
	if s.OIDC == nil {
		return fault.New(fault.NotFound, "no identity provider is configured")
	}
	ctx, cancel := context.WithTimeout(s.life, requestTime)
	defer cancel()
	back := strings.Clone(c.Query("back", "/"))
	address, kept, err := s.OIDC.Begin(ctx, back, s.Now())
	if err != nil {
		return s.notSignedIn(c, auth.OwnPath(back), err)
	}
	c.Cookie(s.roundCookie(kept))
	return c.Redirect(address, fiber.StatusFound)
}

func (s *Server) roundCookie(kept string) *fiber.Cookie {
	age := int(auth.RoundTime.Seconds())
	if kept == "" {
		age = -1
	}
	return &fiber.Cookie{Name: oidcCookie, Value: kept, Path: oidcCallback, HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode, Secure: strings.HasPrefix(s.PublicURL, "https://"), MaxAge: age}
}

// notSignedIn sends a person back to where they wanted to go; the sign-in page there says why it was not to be.
func (s *Server) notSignedIn(c *fiber.Ctx, back string, err error) error {
	s.Log.Warn("api: sign-in through the identity provider failed", "error", err)
	to, fails := url.Parse(back)
	if fails != nil {
		to = &url.URL{Path: "/"}
	}
	q := to.Query()
	q.Set("sign_in", string(fault.KindOf(err)))
	to.RawQuery = q.Encode()
	return c.Redirect(to.String(), fiber.StatusFound)
}

// oidcFinish is where the provider sends the browser back. A refusal is told on the sign-in page, since
// it is a person who comes.
func (s *Server) oidcFinish(c *fiber.Ctx, who *caller) error {
	if s.OIDC == nil {
		return fault.New(fault.NotFound, "no identity provider is configured")
	}
	ctx, cancel := context.WithTimeout(s.life, requestTime)
	defer cancel()
	kept := c.Cookies(oidcCookie)
	c.Cookie(s.roundCookie(""))
	came, err := s.OIDC.Finish(ctx, kept, c.Query("state"), c.Query("code"), s.Now())
	var token string
	if err == nil {
		token, err = auth.SignInAs(ctx, s.DB, came, who.address, who.agent)
	}
	if err != nil {
		return s.notSignedIn(c, cmp.Or(came.Back, "/"), err)
	}
	session := s.cookie(token)
	c.Cookie(&fiber.Cookie{Name: session.Name, Value: session.Value, Path: session.Path, HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode, Secure: session.Secure, MaxAge: session.MaxAge})
	return c.Redirect(came.Back, fiber.StatusFound)
}

type forgotIn struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Language string `json:"language,omitempty" enum:"en,it,fr,ro," doc:"Of the page; the mail is written in the member's own, where they chose one"`
	}
}

// forgotPassword answers the same whether somebody has the address or not.
func (s *Server) forgotPassword(ctx context.Context, who *caller, in *forgotIn) error {
	if s.Mail == nil {
		return fault.New(fault.Unavailable, "this server sends no e-mail; ask an admin for a link")
	}
	token, language, err := auth.LinkFor(ctx, s.DB, in.Body.Email, who.address)
	if err != nil || token == "" {
		return err
	}
	mail, ok := forgotMails[language]
	if !ok {
		if mail, ok = forgotMails[in.Body.Language]; !ok {
			mail = forgotMails["en"]
		}
	}
	to := strings.TrimSpace(in.Body.Email)
	go func() { // how long a mail server takes would tell who is here
		ctx, cancel := context.WithTimeout(s.life, requestTime)
		defer cancel()
		if err := s.Mail(ctx, to, mail.subject, mail.text+"\n\n"+s.passwordAddress(token)+"\n"); err != nil {
			s.Log.Error("api: a link to set a password could not be sent", "error", err)
		}
	}()
	return nil
}

// forgotMails is the mail with a link, in the languages of the interface.
var forgotMails = map[string]struct{ subject, text string }{
	"en": {"ponte: set a new password", "Somebody, probably you, asked for a new password for ponte. This link sets it; it works once, within 24 hours.\nIf it was not you, nothing has changed, and you need do nothing."},
	"it": {"ponte: imposta una nuova password", "Qualcuno, probabilmente tu, ha chiesto una nuova password per ponte. Si imposta con questo link, che funziona una sola volta, entro 24 ore.\nSe non sei stato tu, non è cambiato nulla e non devi fare niente."},
	"fr": {"ponte\u00a0: définir un nouveau mot de passe", "Quelqu’un, sans doute vous, a demandé un nouveau mot de passe pour ponte. Ce lien permet de le définir\u202f; il fonctionne une seule fois, dans les 24 heures.\nSi ce n’était pas vous, rien n’a changé et vous n’avez rien à faire."},
	"ro": {"ponte: setează o parolă nouă", "Cineva, probabil tu, a cerut o parolă nouă pentru ponte. O setezi cu acest link, care funcționează o singură dată, în 24 de ore.\nDacă nu ai fost tu, nu s-a schimbat nimic și nu trebuie să faci nimic."},
}

func (s *Server) passwordAddress(token string) string {
	return strings.TrimSuffix(s.PublicURL, "/") + "/password#" + token // after #: it reaches no server's log
}

type useLinkIn struct {
	Body struct {
		Token    string `json:"token" maxLength:"100"`
		Password string `json:"password" maxLength:"512"`
	}
}

func (s *Server) useLink(ctx context.Context, _ *caller, in *useLinkIn) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		id, err := auth.UseLink(ctx, tx, in.Body.Token, in.Body.Password)
		if err != nil {
			return err
		}
		return touchSessions(ctx, tx, id)
	})
}

// PasswordLink is shown once.
type PasswordLink struct {
	Address   string    `json:"address"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (s *Server) passwordLink(ctx context.Context, who *caller, in *ByUser) (PasswordLink, error) {
	var token string
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		token, err = auth.PasswordLink(ctx, tx, who.Who, in.UserID)
		return err
	})
	return PasswordLink{s.passwordAddress(token), s.Now().Add(auth.LinkLife).UTC()}, err
}

func (s *Server) memberFactorOff(ctx context.Context, who *caller, in *ByUser) error {
	return s.change(ctx, func(tx *sqlx.Tx) error { return auth.SwitchOffFor(ctx, tx, who.Who, in.UserID) })
}

// person refuses API tokens: they have no password, factor or session.
func person(who *caller) error {
	if who.UserID == 0 {
		return fault.New(fault.NotFound, "an API token is not a person: this is for who signs in")
	}
	return nil
}

type profileIn struct {
	Body struct {
		Name   string `json:"name" maxLength:"200"`
		Locale string `json:"locale" enum:"en,it,fr,ro"`
	}
}

func (s *Server) setProfile(ctx context.Context, who *caller, in *profileIn) error {
	if err := person(who); err != nil {
		return err
	}
	return auth.SetProfile(ctx, s.DB, who.Who, in.Body.Name, in.Body.Locale)
}

type ownPasswordIn struct {
	Body struct {
		Old      string `json:"old" maxLength:"512"`
		Password string `json:"password" maxLength:"512"`
	}
}

func (s *Server) changePassword(ctx context.Context, who *caller, in *ownPasswordIn) error {
	if err := person(who); err != nil {
		return err
	}
	proof, err := auth.OwnPassword(ctx, s.DB, who.Who, "old", in.Body.Old, who.address)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := auth.ChangePassword(ctx, tx, who.Who, proof, in.Body.Password); err != nil {
			return err
		}
		return touchSessions(ctx, tx, who.UserID)
	})
}

// SecondFactor is how the caller's second factor stands.
type SecondFactor struct {
	On        bool       `json:"on"`
	Since     *time.Time `json:"since"`
	CodesLeft int        `json:"codes_left" doc:"Recovery codes that were not used yet"`
}

func (s *Server) secondFactor(ctx context.Context, who *caller, _ *struct{}) (SecondFactor, error) {
	if err := person(who); err != nil {
		return SecondFactor{}, err
	}
	f, err := auth.SecondFactorOf(ctx, s.DB, who.UserID)
	return SecondFactor{f.On, utc(f.Since), f.CodesLeft}, err
}

// Enrolment is what an authenticator app needs.
type Enrolment struct {
	Secret  string `json:"secret" doc:"Base 32"`
	Address string `json:"address" doc:"otpauth:// address"`
	Picture string `json:"picture" doc:"The address as a QR code, a data: URI"`
}

func (s *Server) enrol(ctx context.Context, who *caller, _ *nothingIn) (Enrolment, error) {
	if err := person(who); err != nil {
		return Enrolment{}, err
	}
	e, err := auth.Enrol(ctx, s.DB, s.Keys, who.Who)
	return Enrolment(e), err
}

type codeIn struct {
	Body struct {
		Code string `json:"code" maxLength:"20"`
	}
}

// RecoveryCodes are shown once.
type RecoveryCodes struct {
	Codes []string `json:"codes"`
}

func (s *Server) confirmFactor(ctx context.Context, who *caller, in *codeIn) (RecoveryCodes, error) {
	if err := person(who); err != nil {
		return RecoveryCodes{}, err
	}
	var codes []string
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		codes, err = auth.Confirm(ctx, tx, s.Keys, who.Who, in.Body.Code, s.Now())
		return err
	})
	return RecoveryCodes{codes}, err
}

type passwordIn struct {
	Body struct {
		Password string `json:"password" maxLength:"512"`
	}
}

func (s *Server) factorOff(ctx context.Context, who *caller, in *passwordIn) error {
	if err := person(who); err != nil {
		return err
	}
	proof, err := auth.OwnPassword(ctx, s.DB, who.Who, "password", in.Body.Password, who.address)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx *sqlx.Tx) error { return auth.SwitchOff(ctx, tx, who.Who, proof) })
}
