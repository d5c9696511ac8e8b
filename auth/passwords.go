package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
)

// LinkLife is how long a link to set a password can be used.
const LinkLife = 24 * time.Hour

// linksByEmail is how many links an address may ask for within attemptWindow.
const linksByEmail = 3

// ChangePassword sets the user's own password and ends their other sessions.
func ChangePassword(ctx context.Context, tx sqlx.ExtContext, who Who, p Proof, password string) error {
	if err := p.of(who); err != nil {
		return err
	}
	if err := setPassword(ctx, tx, who.UserID, password, who.Actor()); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1 AND hash <> $2`, who.UserID, who.Session); err != nil {
		return fmt.Errorf("end the other sessions: %w", err)
	}
	return nil
}

// Proof says that a user has just given their own password.
type Proof struct{ userID int64 }

func (p Proof) of(who Who) error {
	if p.userID == 0 || p.userID != who.UserID {
		return errors.New("the password of another user was proved, or none")
	}
	return nil
}

// OwnPassword takes the password that somebody who is signed in gives once more; field names it in a refusal. Tries
// are counted as those to sign in are, or whoever has found an open session could guess on; and they are counted
// outside the change that the password is given for, which a wrong one undoes.
func OwnPassword(ctx context.Context, db *sqlx.DB, who Who, field, password, address string) (Proof, error) {
	keys := []string{attemptKey("own password", userObject(who.UserID)), attemptKey("address", address)}
	if err := countTries(ctx, db, keys[0], keys[1], attemptsByEmail); err != nil {
		return Proof{}, err
	}
	var hash string
	if err := db.GetContext(ctx, &hash, `SELECT password_hash FROM users WHERE id = $1`, who.UserID); err != nil {
		return Proof{}, fmt.Errorf("read the password of user %d: %w", who.UserID, err)
	}
	ok, err := passwordMatches(password, hash)
	if err != nil {
		return Proof{}, fmt.Errorf("check the password of user %d: %w", who.UserID, err)
	}
	if !ok {
		return Proof{}, fault.Field(field, "this is not your password")
	}
	if _, err := db.ExecContext(ctx, `DELETE FROM sign_in_attempts WHERE key = $1`, keys[0]); err != nil {
		return Proof{}, fmt.Errorf("forget wrong passwords: %w", err)
	}
	return Proof{who.UserID}, forgetTry(ctx, db, keys[1])
}

func setPassword(ctx context.Context, tx sqlx.ExtContext, userID int64, password, actor string) error {
	if err := CheckPassword(password); err != nil {
		return err
	}
	hash, err := hashPassword(password)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE users SET password_hash = $2 WHERE id = $1`, userID, hash); err != nil {
		return fmt.Errorf("set the password: %w", err)
	}
	return auditEverywhere(ctx, tx, userID, actor, "user.reset_password")
}

// auditEverywhere writes what concerns a user into the log of each workspace they work in.
func auditEverywhere(ctx context.Context, tx sqlx.ExtContext, userID int64, actor, verb string) error {
	var spaces []int64
	if err := sqlx.SelectContext(ctx, tx, &spaces, `SELECT workspace_id FROM members WHERE user_id = $1 ORDER BY workspace_id`, userID); err != nil {
		return fmt.Errorf("list the user's workspaces: %w", err)
	}
	for _, ws := range spaces {
		if err := Audit(ctx, tx, ws, actor, verb, userObject(userID), nil); err != nil {
			return err
		}
	}
	return nil
}

// PasswordLink draws a link's token for a member: an invitation, or a way back in. It is for who
// governs that member: somebody with it could sign in as them.
func PasswordLink(ctx context.Context, tx sqlx.ExtContext, who Who, userID int64) (string, error) {
	if err := governs(ctx, tx, who, userID); err != nil {
		return "", err
	}
	token, err := newLink(ctx, tx, userID, who.Actor())
	if err != nil {
		return "", err
	}
	return token, auditEverywhere(ctx, tx, userID, who.Actor(), "user.password_link")
}

// governs refuses where a user also works in a workspace that the asker does not run: setting their
// password would open it. An owner's is for owners.
func governs(ctx context.Context, tx sqlx.ExtContext, who Who, userID int64) error {
	var m struct {
		Role      Role `db:"role"`
		Elsewhere bool `db:"elsewhere"`
	}
	err := sqlx.GetContext(ctx, tx, &m, sqlGoverns, who.WorkspaceID, userID, who.UserID)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return fault.New(fault.NotFound, "user %d is not a member of this workspace", userID)
	case err != nil:
		return fmt.Errorf("find the member: %w", err)
	case m.Role == Owner && who.Role != Owner:
		return fault.New(fault.Forbidden, "only an owner does this for an owner")
	case m.Elsewhere:
		return fault.New(fault.Forbidden, "this person also works in a workspace that you do not run; they reset their password by e-mail, or the operator does with ponte user password")
	}
	return nil
}

const sqlGoverns = `
SELECT m.role, EXISTS (SELECT 1 FROM members o WHERE o.user_id = m.user_id AND o.workspace_id <> m.workspace_id
         AND NOT EXISTS (SELECT 1 FROM members a WHERE a.workspace_id = o.workspace_id AND a.user_id = $3 AND (a.role = 'owner' OR a.role = 'admin' AND o.role <> 'owner'))) AS elsewhere
FROM members m WHERE m.workspace_id = $1 AND m.user_id = $2`

func newLink(ctx context.Context, tx sqlx.ExtContext, userID int64, by string) (string, error) {
	token, hash := newToken()
	if _, err := tx.ExecContext(ctx, `DELETE FROM password_links WHERE user_id = $1 OR expires_at < now()`, userID); err != nil {
		return "", fmt.Errorf("forget older links: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO password_links (hash, user_id, made_by, expires_at) VALUES ($1, $2, $3, now() + make_interval(secs => $4))`, hash, userID, by, LinkLife.Seconds()); err != nil {
		return "", fmt.Errorf("keep the link: %w", err)
	}
	return token, nil
}

// LinkFor draws a link's token for somebody who forgot their password, and says which language they chose;
// empty where nobody has the address, which the asker must not learn.
func LinkFor(ctx context.Context, db *sqlx.DB, email, address string) (token, language string, err error) {
	if email, err = cleanEmail(email); err != nil {
		return "", "", err
	}
	if err := countTries(ctx, db, attemptKey("link", email), attemptKey("address", address), linksByEmail); err != nil {
		return "", "", err
	}
	var user struct {
		ID       int64  `db:"id"`
		Language string `db:"language"`
	}
	err = db.GetContext(ctx, &user, `SELECT id, locale AS language FROM users WHERE email = $1 AND disabled_at IS NULL`, email)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", nil
	}
	if err != nil {
		return "", "", fmt.Errorf("look for the user: %w", err)
	}
	token, err = newLink(ctx, db, user.ID, "email")
	return token, user.Language, err
}

var errLink = fault.New(fault.NotFound, "this link was used already, or is too old; ask for a new one")

// UseLink sets a password with a link's token and ends all sessions of the user, whose id it returns.
func UseLink(ctx context.Context, tx sqlx.ExtContext, token, password string) (int64, error) {
	var userID int64
	err := sqlx.GetContext(ctx, tx, &userID, `UPDATE password_links l SET used_at = now() FROM users u
WHERE l.hash = $1 AND l.used_at IS NULL AND l.expires_at > now() AND u.id = l.user_id AND u.disabled_at IS NULL RETURNING l.user_id`, hashToken(strings.TrimSpace(token)))
	if errors.Is(err, sql.ErrNoRows) {
		return 0, errLink
	}
	if err != nil {
		return 0, fmt.Errorf("use the link: %w", err)
	}
	if err := setPassword(ctx, tx, userID, password, userObject(userID)); err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1`, userID); err != nil {
		return 0, fmt.Errorf("end the user's sessions: %w", err)
	}
	return userID, nil
}
