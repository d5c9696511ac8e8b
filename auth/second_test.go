package auth_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/pquerna/otp/totp"

	"ponte/auth"
	"ponte/fault"
	"ponte/testkit"
)

func (h *house) attempt(email, code string) (string, error) {
	return auth.SignIn(h.Context(), h.db, h.keys, auth.Credentials{Email: email, Password: password, Code: code, Address: "192.0.2.1"})
}

// enrol switches the owner's second factor on, with a code of the step before, and returns its secret
// and recovery codes.
func (h *house) enrol() (string, []string) {
	h.Helper()
	who, err := h.who(h.signIn(email))
	h.must(err)
	e, err := auth.Enrol(h.Context(), h.db, h.keys, who)
	h.must(err)
	u, err := url.Parse(e.Address)
	if err != nil || u.Scheme != "otpauth" || u.Query().Get("secret") != e.Secret || !strings.HasPrefix(e.Picture, "data:image/png;base64,") {
		h.Fatalf("enrolment %+v, %v", e, err)
	}
	if _, err := h.attempt(email, ""); err != nil {
		h.Fatalf("before it is confirmed the password is enough: %v", err)
	}
	testkit.WaitForACodeToLast()
	codes, err := auth.Confirm(h.Context(), h.db, h.keys, who, h.code(e.Secret, -30*time.Second), time.Now())
	h.must(err)
	return e.Secret, codes
}

func (h *house) code(secret string, shift time.Duration) string {
	h.Helper()
	c, err := totp.GenerateCode(secret, time.Now().Add(shift))
	h.must(err)
	return c
}

func wantsCode(err error) bool {
	var f *fault.Error
	return errors.As(err, &f) && f.Kind == fault.Unauthorized && f.Field == "code"
}

func TestTheSecondFactorIsAskedAndEachCodeCountsOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	key, recovery := h.enrol()
	if _, err := h.attempt(email, ""); !wantsCode(err) {
		t.Errorf("without a code: %v", err)
	}
	if _, err := auth.SignIn(t.Context(), h.db, h.keys, auth.Credentials{Email: email, Password: "not the password", Address: "192.0.2.1"}); err == nil || wantsCode(err) {
		t.Errorf("a wrong password must not tell that there is a second factor: %v", err)
	}
	code := h.code(key, 0)
	if _, err := h.attempt(email, code[:3]+" "+code[3:]); err != nil {
		t.Fatalf("the right code: %v", err)
	}
	if _, err := h.attempt(email, code); !wantsCode(err) {
		t.Errorf("the same code again: %v", err)
	}
	for _, wrong := range []string{"000000", "12345", "abcdef", h.code(key, -10*time.Minute), strings.Repeat("1", 200)} {
		if _, err := h.attempt(email, wrong); !wantsCode(err) {
			t.Errorf("%q: %v", wrong, err)
		}
		h.exec(`DELETE FROM sign_in_attempts`)
	}
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes", len(recovery))
	}
	if _, err := h.attempt(email, strings.ToUpper(recovery[3])); err != nil {
		t.Errorf("a recovery code: %v", err)
	}
	if _, err := h.attempt(email, recovery[3]); !wantsCode(err) {
		t.Errorf("a recovery code again: %v", err)
	}
	f, err := auth.SecondFactorOf(t.Context(), h.db, h.owner)
	if err != nil || !f.On || f.CodesLeft != 9 {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := h.attempt("ben@example.com", ""); err != nil {
		t.Errorf("somebody without one: %v", err)
	}
}

func TestTheFirstHalfOfASignInIsNoWrongTry(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.enrol()
	for i := range 60 {
		if _, err := h.attempt(email, ""); !wantsCode(err) {
			t.Fatalf("after %d times without a code: %v", i, err)
		}
	}
	var err error
	for i := 0; i < 20 && fault.KindOf(err) != fault.TooMany; i++ {
		if _, err = h.attempt(email, "000000"); fault.KindOf(err) != fault.TooMany && !wantsCode(err) {
			t.Fatal(err)
		}
		if _, e := h.attempt(email, ""); i < 8 && !wantsCode(e) {
			t.Fatal(e)
		}
	}
	if fault.KindOf(err) != fault.TooMany {
		t.Errorf("guessing codes has no end: %v", err)
	}
}

func TestOneCodeOpensOneSessionHoweverManyTryAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	key, _ := h.enrol()
	code := h.code(key, 0)
	var wg sync.WaitGroup
	var mu sync.Mutex
	opened := 0
	for range 8 {
		wg.Go(func() {
			if _, err := h.attempt(email, code); err == nil {
				mu.Lock()
				opened++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if opened != 1 {
		t.Errorf("one code opened %d sessions", opened)
	}
}

func TestTheSecretIsSealedAndBoundToItsUser(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	key, _ := h.enrol()
	var held bool
	h.must(h.db.Get(&held, `SELECT position($1::bytea IN totp_sealed) > 0 FROM users WHERE id = $2`, []byte(key), h.owner))
	if held {
		t.Error("the database holds the secret itself")
	}
	h.exec(`UPDATE users SET totp_sealed = (SELECT totp_sealed FROM users WHERE id = $1), totp_since = now() WHERE id = $2`, h.owner, h.agent)
	if _, err := h.attempt("ben@example.com", h.code(key, 0)); err == nil {
		t.Error("a secret copied to another user opens a session")
	}
}

func TestSwitchingTheSecondFactorOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	key, _ := h.enrol()
	token, err := h.attempt(email, h.code(key, 0))
	h.must(err)
	who, err := h.who(token)
	h.must(err)
	_, err = auth.Enrol(t.Context(), h.db, h.keys, who)
	h.want(fault.Conflict, err, "a second one over the first")
	h.want(fault.Invalid, h.switchOff(who, "a wrong password"), "without the password")
	h.must(h.switchOff(who, password))
	if _, err := h.attempt(email, ""); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestAPasswordLinkWorksOnceAndEndsSessions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	old := h.signIn("ben@example.com")
	owner, err := h.who(h.signIn(email))
	h.must(err)
	first, err := auth.PasswordLink(t.Context(), h.db, owner, h.agent)
	h.must(err)
	link, err := auth.PasswordLink(t.Context(), h.db, owner, h.agent)
	h.must(err)
	h.want(fault.NotFound, useLink(t.Context(), h.db, first, "another long password"), "a link that a newer one replaced")
	tx, err := h.db.Beginx()
	h.must(err)
	h.want(fault.Invalid, useLink(t.Context(), tx, link, "short"), "a password that is too short")
	h.must(tx.Rollback())
	h.must(useLink(t.Context(), h.db, link, "another long password"))
	h.want(fault.NotFound, useLink(t.Context(), h.db, link, "a third long password"), "the link again")
	if _, err := h.who(old); err == nil {
		t.Error("a session from before the new password lives on")
	}
	h.must2(auth.SignIn(t.Context(), h.db, h.keys, auth.Credentials{Email: "ben@example.com", Password: "another long password", Address: "192.0.2.9"}))
	late, err := auth.PasswordLink(t.Context(), h.db, owner, h.agent)
	h.must(err)
	h.exec(`UPDATE password_links SET expires_at = now() - interval '1 second'`)
	h.want(fault.NotFound, useLink(t.Context(), h.db, late, "a fourth long password"), "a link that is too old")
}

func (h *house) must2(_ string, err error) {
	h.Helper()
	h.must(err)
}

func TestALinkIsOnlyForWhoGovernsThePerson(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	admin := auth.Who{UserID: h.add("admin@example.com", auth.Admin), WorkspaceID: h.ws, Role: auth.Admin}
	_, err := auth.PasswordLink(t.Context(), h.db, admin, h.owner)
	h.want(fault.Forbidden, err, "an admin for an owner")
	var other int64
	h.must(h.db.Get(&other, `INSERT INTO workspaces (name) VALUES ('next door') RETURNING id`))
	_, err = auth.PasswordLink(t.Context(), h.db, auth.Who{UserID: admin.UserID, WorkspaceID: other, Role: auth.Admin}, h.agent)
	h.want(fault.NotFound, err, "somebody of another workspace")
	h.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'agent')`, other, h.agent)
	_, err = auth.PasswordLink(t.Context(), h.db, admin, h.agent)
	h.want(fault.Forbidden, err, "somebody who also works where the admin does not rule")
	h.want(fault.Forbidden, auth.SwitchOffFor(t.Context(), h.db, admin, h.agent), "their second factor")
	h.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'admin')`, other, admin.UserID)
	if _, err = auth.PasswordLink(t.Context(), h.db, admin, h.agent); err != nil {
		t.Errorf("somebody whose workspaces the admin runs: %v", err)
	}
}

func TestALinkByEmailTellsNobodyWhoIsHere(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token, _, err := auth.LinkFor(t.Context(), h.db, "nobody@example.com", "192.0.2.7")
	if err != nil || token != "" {
		t.Errorf("an unknown address: %q, %v", token, err)
	}
	for i := range 5 {
		token, _, err = auth.LinkFor(t.Context(), h.db, " ADA@example.com", "192.0.2.7")
		if i < 3 && (err != nil || token == "") {
			t.Errorf("request %d: %q, %v", i, token, err)
		}
	}
	h.want(fault.TooMany, err, "the fifth in a quarter of an hour")
}

func TestAnInvitedPersonHasNoPasswordUntilTheySetOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, err := auth.AddUser(t.Context(), h.db, auth.NewUser{WorkspaceID: h.ws, Email: "new@example.com", Role: auth.Agent, Invited: true, Actor: "cli"})
	h.must(err)
	for _, p := range []string{"", "!", password} {
		if _, err := auth.SignIn(t.Context(), h.db, h.keys, auth.Credentials{Email: "new@example.com", Password: p, Address: "192.0.2.1"}); err == nil {
			t.Errorf("signed in with %q", p)
		}
	}
	owner, err := h.who(h.signIn(email))
	h.must(err)
	link, err := auth.PasswordLink(t.Context(), h.db, owner, id)
	h.must(err)
	h.must(useLink(t.Context(), h.db, link, password))
	h.signIn("new@example.com")
}

func TestChangingOnesOwnPasswordKeepsThisSessionAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	here, there := h.signIn(email), h.signIn(email)
	who, err := h.who(here)
	h.must(err)
	h.want(fault.Invalid, h.change(who, "a wrong password", "another long password"), "without the old one")
	h.must(h.change(who, password, "another long password"))
	if _, err := h.who(here); err != nil {
		t.Errorf("this session: %v", err)
	}
	if _, err := h.who(there); err == nil {
		t.Error("the other session lives on")
	}
}

// change and switchOff give the password first, as whoever is signed in does.
func (h *house) change(who auth.Who, old, password string) error {
	p, err := auth.OwnPassword(h.Context(), h.db, who, "old", old, "192.0.2.8")
	if err != nil {
		return err
	}
	return auth.ChangePassword(h.Context(), h.db, who, p, password)
}

func (h *house) switchOff(who auth.Who, given string) error {
	p, err := auth.OwnPassword(h.Context(), h.db, who, "password", given, "192.0.2.8")
	if err != nil {
		return err
	}
	return auth.SwitchOff(h.Context(), h.db, who, p)
}

// Whoever has found an open session guesses its password no more often than at the door, by whichever of the two
// ways; the right one begins anew, and what is proved is one's own.
func TestGuessesAtOnesOwnPasswordAreCounted(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	who, err := h.who(h.signIn(email))
	h.must(err)
	for i := range 9 {
		h.want(fault.Invalid, h.change(who, fmt.Sprint("guess ", i), "another long password"), "a wrong one")
	}
	h.must(h.change(who, password, "another long password"))
	for i := range 10 {
		try := h.switchOff
		if i%2 == 0 {
			try = func(who auth.Who, given string) error { return h.change(who, given, password) }
		}
		h.want(fault.Invalid, try(who, "a guess"), "a wrong one after the right one")
	}
	h.want(fault.TooMany, h.change(who, "another long password", password), "the right one after the guesses")
	h.want(fault.TooMany, h.switchOff(who, "another long password"), "by the other way")
	if _, err := auth.SignIn(t.Context(), h.db, h.keys, auth.Credentials{Email: email, Password: "another long password", Address: "192.0.2.1"}); err != nil {
		t.Errorf("guesses inside locked the door: %v", err)
	}
	if auth.ChangePassword(t.Context(), h.db, who, auth.Proof{}, password) == nil || auth.SwitchOff(t.Context(), h.db, who, auth.Proof{}) == nil {
		t.Error("done without a proof")
	}
}

func useLink(ctx context.Context, tx sqlx.ExtContext, token, password string) error {
	_, err := auth.UseLink(ctx, tx, token, password)
	return err
}
