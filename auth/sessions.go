package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/secret"
)

// How long a session lives: at most SessionLife, and idleLife after it was last used.
const (
	SessionLife = 30 * 24 * time.Hour
	idleLife    = 7 * 24 * time.Hour
)

// Failed sign-ins allowed within attemptWindow, for one e-mail address and from one network address.
const (
	attemptWindow     = 15 * time.Minute
	attemptsByEmail   = 10
	attemptsByAddress = 50
)

var errWrong = fault.New(fault.Unauthorized, "e-mail address and password do not belong together")

// absent is what the password of an unknown address is compared with, so that it takes as long.
var absent = sync.OnceValues(func() (string, error) { return hashPassword("nobody has this password") })

// Credentials are what somebody signs in with, and from where.
type Credentials struct {
	Email, Password string
	Code            string // of the second factor, or a recovery code; asked for where the user has one
	Address, Agent  string
}

// SignIn checks password and second factor and returns the token of a new session.
func SignIn(ctx context.Context, db *sqlx.DB, keys *secret.Keyring, c Credentials) (string, error) {
	email := strings.ToLower(strings.TrimSpace(c.Email))
	if err := countTries(ctx, db, attemptKey("email", email), attemptKey("address", c.Address), attemptsByEmail); err != nil {
		return "", err
	}
	var user struct {
		ID   int64  `db:"id"`
		Hash string `db:"password_hash"`
	}
	err := db.GetContext(ctx, &user, `SELECT id, password_hash FROM users WHERE email = $1 AND disabled_at IS NULL`, email)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("look for the user: %w", err)
	}
	if user.ID == 0 {
		if user.Hash, err = absent(); err != nil {
			return "", err
		}
	}
	ok, err := passwordMatches(c.Password, user.Hash)
	if err != nil {
		return "", fmt.Errorf("check the password of user %d: %w", user.ID, err)
	}
	if !ok || user.ID == 0 {
		return "", errWrong
	}
	if err := second(ctx, db, keys, user.ID, c.Code, time.Now()); err != nil {
		if c.Code != "" || !errors.Is(err, errCode) {
			return "", err
		}
		// Half of a sign-in is no wrong try: a whole office may come from one address.
		for _, key := range []string{attemptKey("email", email), attemptKey("address", c.Address)} {
			if failed := forgetTry(ctx, db, key); failed != nil {
				return "", failed
			}
		}
		return "", err
	}
	return newSession(ctx, db, user.ID, email, c.Address, c.Agent)
}

// countTries counts before it looks, so that many at once cannot slip through together.
func countTries(ctx context.Context, db *sqlx.DB, byEmail, byAddress string, most int) error {
	if _, err := db.ExecContext(ctx, `INSERT INTO sign_in_attempts (key) VALUES ($1), ($2)`, byEmail, byAddress); err != nil {
		return fmt.Errorf("count the sign-in: %w", err)
	}
	var n struct {
		Email   int `db:"email"`
		Address int `db:"address"`
	}
	if err := db.GetContext(ctx, &n, sqlCountAttempts, byEmail, byAddress, attemptWindow.Seconds()); err != nil {
		return fmt.Errorf("count the sign-ins: %w", err)
	}
	if n.Email > most || n.Address > attemptsByAddress {
		return fault.New(fault.TooMany, "too many tries; wait a quarter of an hour and try again").Coded("too_many_tries")
	}
	return nil
}

const sqlCountAttempts = `
SELECT count(*) FILTER (WHERE key = $1) AS email, count(*) FILTER (WHERE key = $2) AS address
FROM sign_in_attempts WHERE key IN ($1, $2) AND at > now() - make_interval(secs => $3)`

func attemptKey(kind, value string) string {
	sum := sha256.Sum256([]byte("ponte sign-in " + kind + " " + value))
	return hex.EncodeToString(sum[:16])
}

func newSession(ctx context.Context, db *sqlx.DB, userID int64, email, address, agent string) (string, error) {
	token, hash := newToken()
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return "", fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if _, err := tx.ExecContext(ctx, sqlInsertSession, hash, userID, SessionLife.Seconds(), clip(address, 64), clip(agent, 200)); err != nil {
		return "", fmt.Errorf("make the session: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM sign_in_attempts WHERE key IN ($1) OR at < now() - interval '1 day'`, attemptKey("email", email)); err != nil {
		return "", fmt.Errorf("forget failed sign-ins: %w", err)
	}
	if email != "" { // what came through the identity provider was not counted
		if err := forgetTry(ctx, tx, attemptKey("address", address)); err != nil {
			return "", err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE expires_at < now() OR last_seen_at < now() - make_interval(secs => $1)`, idleLife.Seconds()); err != nil {
		return "", fmt.Errorf("tidy sessions: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return "", fmt.Errorf("make the session: %w", err)
	}
	return token, nil
}

func forgetTry(ctx context.Context, q sqlx.ExecerContext, key string) error {
	if _, err := q.ExecContext(ctx, `DELETE FROM sign_in_attempts WHERE ctid = (SELECT ctid FROM sign_in_attempts WHERE key = $1 ORDER BY at DESC LIMIT 1)`, key); err != nil {
		return fmt.Errorf("forget a sign-in that was no wrong try: %w", err)
	}
	return nil
}

const sqlInsertSession = `
INSERT INTO sessions (hash, user_id, expires_at, ip, user_agent) VALUES ($1, $2, now() + make_interval(secs => $3), $4, $5)`

func newToken() (token string, hash []byte) {
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	token = base64.RawURLEncoding.EncodeToString(raw[:])
	return token, hashToken(token)
}

func hashToken(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func clip(s string, n int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "")
	if len(s) > n {
		s = strings.ToValidUTF8(s[:n], "")
	}
	return s
}

var errSession = fault.New(fault.Unauthorized, "you are not signed in, or the session has ended; sign in again")

// BySession returns who a session's token belongs to. Workspace 0 means the first one they are a
// member of.
func BySession(ctx context.Context, db *sqlx.DB, token string, workspaceID int64) (Who, error) {
	hash := hashToken(token)
	var w struct {
		UserID      int64  `db:"user_id"`
		Email       string `db:"email"`
		Name        string `db:"name"`
		Locale      string `db:"locale"`
		WorkspaceID int64  `db:"workspace_id"`
		Role        Role   `db:"role"`
		Stale       bool   `db:"stale"`
	}
	err := db.GetContext(ctx, &w, sqlBySession, hash, workspaceID, idleLife.Seconds())
	if errors.Is(err, sql.ErrNoRows) {
		return Who{}, errSession
	}
	if err != nil {
		return Who{}, fmt.Errorf("look for the session: %w", err)
	}
	if w.WorkspaceID == 0 {
		return Who{}, fault.New(fault.Forbidden, "you are not a member of this workspace")
	}
	if w.Stale {
		if _, err := db.ExecContext(ctx, `UPDATE sessions SET last_seen_at = now() WHERE hash = $1`, hash); err != nil {
			return Who{}, fmt.Errorf("note the session's use: %w", err)
		}
	}
	return Who{UserID: w.UserID, WorkspaceID: w.WorkspaceID, Role: w.Role, Email: w.Email, Name: w.Name, Locale: w.Locale, Session: hash}, nil
}

const sqlBySession = `
SELECT s.user_id, u.email, u.name, u.locale, coalesce(m.workspace_id, 0) AS workspace_id, coalesce(m.role, '') AS role,
       s.last_seen_at < now() - interval '1 minute' AS stale
FROM sessions s JOIN users u ON u.id = s.user_id
LEFT JOIN LATERAL (SELECT workspace_id, role FROM members WHERE user_id = s.user_id AND ($2::bigint = 0 OR workspace_id = $2) ORDER BY workspace_id LIMIT 1) m ON true
WHERE s.hash = $1 AND s.expires_at > now() AND s.last_seen_at > now() - make_interval(secs => $3) AND u.disabled_at IS NULL`

// Membership is a workspace somebody works in.
type Membership struct {
	ID   int64  `db:"id"`
	Name string `db:"name"`
	Role Role   `db:"role"`
}

// Memberships lists the workspaces of a user.
func Memberships(ctx context.Context, q sqlx.QueryerContext, userID int64) ([]Membership, error) {
	var out []Membership
	err := sqlx.SelectContext(ctx, q, &out, `SELECT w.id, w.name, m.role FROM members m JOIN workspaces w ON w.id = m.workspace_id WHERE m.user_id = $1 ORDER BY w.id`, userID)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	return out, nil
}

// Session is one place where a user is signed in. The id is the first 48 bits of the token's hash.
type Session struct {
	ID         int64     `db:"id"`
	CreatedAt  time.Time `db:"created_at"`
	LastSeenAt time.Time `db:"last_seen_at"`
	Address    string    `db:"ip"`
	Agent      string    `db:"user_agent"`
	Current    bool      `db:"current"`
}

const sessionID = `('x' || encode(substring(hash FROM 1 FOR 6), 'hex'))::bit(48)::bigint`

// Sessions lists where a user is signed in.
func Sessions(ctx context.Context, q sqlx.QueryerContext, who Who) ([]Session, error) {
	var out []Session
	err := sqlx.SelectContext(ctx, q, &out, `SELECT `+sessionID+` AS id, created_at, last_seen_at, ip, user_agent, hash = $2 AS current
FROM sessions WHERE user_id = $1 AND expires_at > now() AND last_seen_at > now() - make_interval(secs => $3) ORDER BY last_seen_at DESC`, who.UserID, who.Session, idleLife.Seconds())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return out, nil
}

// EndSession ends one of the user's own sessions.
func EndSession(ctx context.Context, db sqlx.ExtContext, who Who, id int64) error {
	res, err := db.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1 AND `+sessionID+` = $2`, who.UserID, id)
	if err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "you have no such session")
	}
	return nil
}

// SignOut ends the session of a token; one that is over already is no fault.
func SignOut(ctx context.Context, db sqlx.ExtContext, token string) error {
	if _, err := db.ExecContext(ctx, `DELETE FROM sessions WHERE hash = $1`, hashToken(token)); err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	return nil
}
