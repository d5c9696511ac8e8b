package auth_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/secret"
	"ponte/testkit"
)

const (
	email    = "ada@example.com"
	password = "a long enough password"
)

// house is a workspace with an owner and an agent.
type house struct {
	*testing.T
	db           *sqlx.DB
	keys         *secret.Keyring
	ws           int64
	owner, agent int64
}

func newHouse(t *testing.T) *house {
	h := &house{T: t, db: testkit.Database(t)}
	var err error
	h.keys, err = secret.NewKeyring(strings.Repeat("k", secret.MinKeyBytes))
	h.must(err)
	h.must(h.db.Get(&h.ws, `INSERT INTO workspaces (name) VALUES ('house') RETURNING id`))
	h.owner = h.add(email, auth.Owner)
	h.agent = h.add("ben@example.com", auth.Agent)
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) add(email string, role auth.Role) int64 {
	h.Helper()
	id, err := auth.AddUser(h.Context(), h.db, auth.NewUser{WorkspaceID: h.ws, Email: email, Name: "n", Role: role, Password: password, Actor: "cli"})
	h.must(err)
	return id
}

func (h *house) signIn(email string) string {
	h.Helper()
	token, err := auth.SignIn(h.Context(), h.db, h.keys, auth.Credentials{Email: email, Password: password, Address: "192.0.2.1", Agent: "browser"})
	h.must(err)
	return token
}

func (h *house) who(token string) (auth.Who, error) {
	return auth.BySession(h.Context(), h.db, token, h.ws)
}

func (h *house) exec(query string, args ...any) {
	h.Helper()
	_, err := h.db.Exec(query, args...)
	h.must(err)
}

func (h *house) want(kind fault.Kind, err error, what string) {
	h.Helper()
	if got := fault.KindOf(err); err == nil || got != kind {
		h.Errorf("%s: %v (%s), want %s", what, err, got, kind)
	}
}

func TestASessionBelongsToAPersonAndEnds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.signIn(" ADA@example.com ")
	who, err := h.who(token)
	if err != nil || who.UserID != h.owner || who.Role != auth.Owner || who.WorkspaceID != h.ws {
		t.Fatalf("%+v, %v", who, err)
	}
	var kept string
	h.must(h.db.Get(&kept, `SELECT string_agg(encode(hash, 'escape'), ' ') || string_agg(user_agent, ' ') FROM sessions`))
	if strings.Contains(kept, token) {
		t.Error("the session's token stands in the database as it is")
	}
	for what, query := range map[string]string{
		"unused for eight days": `UPDATE sessions SET last_seen_at = now() - interval '8 days'`,
		"older than a month":    `UPDATE sessions SET last_seen_at = now(), expires_at = now() - interval '1 second'`,
		"of a disabled user":    `UPDATE sessions SET expires_at = now() + interval '1 day'; UPDATE users SET disabled_at = now()`,
	} {
		other := h.signIn(email)
		h.exec(query)
		_, err := h.who(other)
		h.want(fault.Unauthorized, err, "a session "+what)
		h.exec(`UPDATE users SET disabled_at = NULL; DELETE FROM sessions`)
	}
	again := h.signIn(email)
	h.must(auth.SignOut(t.Context(), h.db, again))
	_, err = h.who(again)
	h.want(fault.Unauthorized, err, "a session that was ended")
	_, err = h.who("made up")
	h.want(fault.Unauthorized, err, "a made-up session")
}

func TestWhoMayEndASession(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	mine, _ := h.who(h.signIn(email))
	h.signIn(email)
	theirs, err := h.who(h.signIn("ben@example.com"))
	h.must(err)
	list, err := auth.Sessions(t.Context(), h.db, mine)
	if err != nil || len(list) != 2 {
		t.Fatalf("%d sessions, %v; want the two of this person", len(list), err)
	}
	if err := auth.EndSession(t.Context(), h.db, theirs, list[0].ID); err == nil {
		t.Error("somebody ended another person's session")
	}
	for _, s := range list {
		h.must(auth.EndSession(t.Context(), h.db, mine, s.ID))
	}
}

func TestGuessingPasswordsIsSlowedDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	try := func(email, password, address string) error {
		_, err := auth.SignIn(t.Context(), h.db, h.keys, auth.Credentials{Email: email, Password: password, Address: address})
		return err
	}
	wrong, nobody := try(email, "not it at all", "192.0.2.9"), try("nobody@example.com", "not it at all", "192.0.2.9")
	h.want(fault.Unauthorized, wrong, "a wrong password")
	if nobody == nil || nobody.Error() != wrong.Error() {
		t.Errorf("an unknown address answers %q, a wrong password %q: that tells who has an account", nobody, wrong)
	}
	var err error
	for i := 0; i < 20 && fault.KindOf(err) != fault.TooMany; i++ {
		err = try(email, "not it at all", "192.0.2.9")
	}
	h.want(fault.TooMany, err, "twenty wrong passwords")
	h.want(fault.TooMany, try(email, password, "192.0.2.77"), "the right password from elsewhere, after the guesses")
	h.must(try("ben@example.com", password, "192.0.2.77"))
	h.exec(`UPDATE sign_in_attempts SET at = at - interval '16 minutes'`)
	h.must(try(email, password, "192.0.2.9"))
}

func TestARoleCountsAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	owner, _ := h.who(h.signIn(email))
	token := h.signIn("ben@example.com")
	ben, err := h.who(token)
	if err != nil || ben.Can(auth.Configure) {
		t.Fatalf("an agent may configure, or %v", err)
	}
	h.want(fault.Forbidden, auth.SetRole(t.Context(), h.db, ben, h.agent, auth.Owner), "an agent who makes itself owner")
	h.must(auth.SetRole(t.Context(), h.db, owner, h.agent, auth.Admin))
	if ben, err = h.who(token); err != nil || !ben.Can(auth.Configure) {
		t.Errorf("the new role does not count in the session that runs: %v", err)
	}
	if err := auth.SetRole(t.Context(), h.db, owner, h.owner, auth.Agent); err == nil {
		t.Error("the last owner gave the role away: nobody could give it back")
	}
	if err := auth.RemoveMember(t.Context(), h.db, owner, h.owner); err == nil {
		t.Error("the last owner was removed")
	}
	h.must(auth.RemoveMember(t.Context(), h.db, owner, h.agent))
	_, err = h.who(token)
	h.want(fault.Unauthorized, err, "a member who was removed")
}

func TestTokensOfPrograms(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token, secret, err := auth.AddToken(t.Context(), h.db, h.ws, "importer", auth.Analyst, &h.owner, "user:1")
	h.must(err)
	if !strings.HasPrefix(secret, auth.TokenPrefix) || len(secret) < 40 {
		t.Errorf("a token of %d characters", len(secret))
	}
	who, err := auth.ByToken(t.Context(), h.db, secret)
	if err != nil || who.WorkspaceID != h.ws || who.Role != auth.Analyst || who.Can(auth.Moderate) || who.Role.SeesPhones() {
		t.Errorf("%+v, %v", who, err)
	}
	for _, bad := range []string{"", auth.TokenPrefix, secret + "x", secret[:len(secret)-1], strings.ToUpper(secret)} {
		if _, err := auth.ByToken(t.Context(), h.db, bad); fault.KindOf(err) != fault.Unauthorized {
			t.Errorf("a token of %d characters that is not ours: %v", len(bad), err)
		}
	}
	if err := auth.RevokeToken(t.Context(), h.db, h.ws+1, token.ID, "cli"); err == nil {
		t.Error("another workspace took the token back")
	}
	h.must(auth.RevokeToken(t.Context(), h.db, h.ws, token.ID, "cli"))
	_, err = auth.ByToken(t.Context(), h.db, secret)
	h.want(fault.Unauthorized, err, "a token that was taken back")
}

func TestANewPasswordEndsWhatTheOldOneOpened(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	token := h.signIn(email)
	h.must(auth.ResetPassword(t.Context(), h.db, email, "another long password", true, "cli"))
	_, err := h.who(token)
	h.want(fault.Unauthorized, err, "a session from before")
	_, err = auth.SignIn(t.Context(), h.db, h.keys, auth.Credentials{Email: email, Password: password, Address: "192.0.2.1"})
	h.want(fault.Unauthorized, err, "the old password")
	var hash string
	h.must(h.db.Get(&hash, `SELECT password_hash FROM users WHERE id = $1`, h.owner))
	if !strings.HasPrefix(hash, "$argon2id$") {
		t.Errorf("the password is kept as %.12s…, not by argon2id", hash)
	}
}

func TestPasswordsThatAreRefused(t *testing.T) {
	for _, bad := range []string{"", "short", strings.Repeat("a", 2000)} {
		var f *fault.Error
		if err := auth.CheckPassword(bad); !errors.As(err, &f) {
			t.Errorf("a password of %d bytes: %v", len(bad), err)
		}
	}
	if err := auth.CheckPassword(password); err != nil {
		t.Error(err)
	}
}

// Whoever writes a line may have nothing to add to it, in whatever way they say so, and earlier versions kept
// that as null: readers meet an object in any case.
func TestAnAuditLineAlwaysHasADetailThatCanBeRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var none map[string]any
	for verb, detail := range map[string]any{"test.nil": nil, "test.nil_map": none, "test.one": map[string]any{"a": 1}} {
		h.must(auth.Audit(t.Context(), h.db, h.ws, "cli", verb, "thing:7", detail))
	}
	_, err := h.db.ExecContext(t.Context(), `INSERT INTO audit_log (workspace_id, actor, verb, object, detail) VALUES ($1, 'cli', 'test.old', 'thing:7', 'null')`, h.ws)
	h.must(err)
	lines, err := auth.ReadAudit(t.Context(), h.db, h.ws, 0, "thing:7", 10)
	h.must(err)
	if len(lines) != 4 {
		t.Fatalf("%d lines, want 4", len(lines))
	}
	for _, l := range lines {
		want := "{}"
		if l.Verb == "test.one" {
			want = `{"a": 1}`
		}
		if string(l.Detail) != want {
			t.Errorf("%s has the detail %s, want %s", l.Verb, l.Detail, want)
		}
	}
}

func TestASignInThatIsSwitchedOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	const ben = "ben@example.com"
	token := h.signIn(ben)
	_, err := auth.BySession(t.Context(), h.db, token, h.ws)
	h.must(err)
	link, _, err := auth.LinkFor(t.Context(), h.db, ben, "192.0.2.1")
	h.must(err)
	_, _, err = auth.AddToken(t.Context(), h.db, h.ws, "till", auth.Agent, &h.agent, "user:2")
	h.must(err)

	made, err := auth.Disable(t.Context(), h.db, " BEN@example.com", "cli")
	if err != nil || len(made) != 1 || made[0].Name != "till" || made[0].Workspace != "house" {
		t.Fatalf("tokens %+v, %v; want the one that was made", made, err)
	}
	_, err = h.who(token)
	h.want(fault.Unauthorized, err, "a session of who is switched off")
	_, err = auth.SignIn(t.Context(), h.db, h.keys, auth.Credentials{Email: ben, Password: password, Address: "192.0.2.1"})
	h.want(fault.Unauthorized, err, "a sign-in of who is switched off")
	_, err = auth.Disable(t.Context(), h.db, ben, "cli")
	h.want(fault.Conflict, err, "switching off twice")
	_, err = auth.Disable(t.Context(), h.db, "nobody@example.com", "cli")
	h.want(fault.NotFound, err, "switching off nobody")

	h.must(auth.Enable(t.Context(), h.db, ben, "cli"))
	h.want(fault.Conflict, auth.Enable(t.Context(), h.db, ben, "cli"), "switching on twice")
	_, err = h.who(token)
	h.want(fault.Unauthorized, err, "an old session of who may sign in again")
	_, err = auth.UseLink(t.Context(), h.db, link, "another long password")
	h.want(fault.NotFound, err, "an old link of who may sign in again")
	h.signIn(ben)
	var verbs string
	h.must(h.db.Get(&verbs, `SELECT string_agg(verb, ' ' ORDER BY id) FROM audit_log WHERE workspace_id = $1 AND verb IN ('user.disable','user.enable')`, h.ws))
	if verbs != "user.disable user.enable" {
		t.Errorf("the audit log says %q", verbs)
	}
}

func TestOneOwnerWhoCanSignInStays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := auth.Disable(t.Context(), h.db, email, "cli")
	h.want(fault.Conflict, err, "switching the only owner off")
	cleo := h.add("cleo@example.com", auth.Owner)
	_, err = auth.Disable(t.Context(), h.db, "cleo@example.com", "cli")
	h.must(err)
	_, err = auth.Disable(t.Context(), h.db, email, "cli")
	h.want(fault.Conflict, err, "switching off the only owner who can sign in")
	owner, err := h.who(h.signIn(email))
	h.must(err)
	h.want(fault.Conflict, auth.SetRole(t.Context(), h.db, owner, h.owner, auth.Admin), "the only owner who can sign in steps down")
	h.want(fault.Conflict, auth.RemoveMember(t.Context(), h.db, owner, h.owner), "the only owner who can sign in leaves")
	h.must(auth.RemoveMember(t.Context(), h.db, owner, cleo))
}
