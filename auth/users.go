package auth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/fault"
)

// NewUser is what adding a person takes.
type NewUser struct {
	WorkspaceID int64
	Email       string
	Name        string
	Role        Role
	Password    string // may be empty for somebody who has an account in another workspace
	Invited     bool   // they set their password with a link; until then nobody can sign in as them
	Actor       string
}

// MinPassword is the least length of a password, in characters.
const MinPassword = 10

// 19 MiB, two passes: OWASP's first recommendation for argon2id; slots keeps many sign-ins at once from
// taking the memory of the whole service.
var (
	params = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	slots  = make(chan struct{}, 4)
)

func hashPassword(password string) (string, error) {
	slots <- struct{}{}
	defer func() { <-slots }()
	h, err := argon2id.CreateHash(password, params)
	if err != nil {
		return "", fmt.Errorf("hash the password: %w", err)
	}
	return h, nil
}

func passwordMatches(password, hash string) (bool, error) {
	slots <- struct{}{}
	defer func() { <-slots }()
	return argon2id.ComparePasswordAndHash(password, hash)
}

// CheckPassword refuses passwords that are too short, or longer than hashing should be made to work.
func CheckPassword(password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < MinPassword:
		return fault.Field("password", "the password has %d characters; it needs at least %d", n, MinPassword)
	case len(password) > 512:
		return fault.Field("password", "the password is longer than 512 bytes")
	}
	return nil
}

func cleanEmail(email string) (string, error) {
	email = strings.ToLower(strings.TrimSpace(email))
	a, err := mail.ParseAddress(email)
	if err != nil || a.Address != email || len(email) > 254 {
		return "", fault.Field("email", "that is not an e-mail address")
	}
	return email, nil
}

// AddUser makes a person a member of a workspace, and a user where they are none yet. The password of
// an existing user is left as it is: only they, or the command line, may change it.
func AddUser(ctx context.Context, tx sqlx.ExtContext, u NewUser) (int64, error) {
	email, err := cleanEmail(u.Email)
	if err != nil {
		return 0, err
	}
	if !u.Role.Valid() {
		return 0, fault.Field("role", "%q is not a role", u.Role)
	}
	var id int64
	err = sqlx.GetContext(ctx, tx, &id, `SELECT id FROM users WHERE email = $1`, email)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if id, err = insertUser(ctx, tx, email, u); err != nil {
			return 0, err
		}
	case err != nil:
		return 0, fmt.Errorf("look for the user: %w", err)
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, u.WorkspaceID, id, u.Role)
	if err != nil {
		return 0, fmt.Errorf("add the member: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return 0, fault.New(fault.Conflict, "this person is a member of the workspace already; change their role instead")
	}
	return id, Audit(ctx, tx, u.WorkspaceID, u.Actor, "member.add", userObject(id), map[string]any{"role": u.Role})
}

func insertUser(ctx context.Context, tx sqlx.ExtContext, email string, u NewUser) (int64, error) {
	if u.Invited && u.Password == "" {
		u.Password, _ = newToken()
	}
	if err := CheckPassword(u.Password); err != nil {
		return 0, err
	}
	hash, err := hashPassword(u.Password)
	if err != nil {
		return 0, err
	}
	var id int64
	err = sqlx.GetContext(ctx, tx, &id, `INSERT INTO users (email, name, password_hash) VALUES ($1, $2, $3) RETURNING id`, email, strings.TrimSpace(u.Name), hash)
	if err != nil {
		return 0, fmt.Errorf("add the user: %w", err)
	}
	return id, nil
}

// ResetPassword sets a user's password and ends their sessions; factorOff takes their second factor away.
func ResetPassword(ctx context.Context, tx sqlx.ExtContext, email, password string, factorOff bool, actor string) error {
	email, err := cleanEmail(email)
	if err != nil {
		return err
	}
	var id int64
	err = sqlx.GetContext(ctx, tx, &id, `SELECT id FROM users WHERE email = $1 FOR UPDATE`, email)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.NotFound, "nobody has this e-mail address")
	}
	if err != nil {
		return fmt.Errorf("look for the user: %w", err)
	}
	if err := setPassword(ctx, tx, id, password, actor); err != nil {
		return err
	}
	if factorOff {
		if err := dropFactor(ctx, tx, id, actor); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1`, id); err != nil {
		return fmt.Errorf("end the user's sessions: %w", err)
	}
	return nil
}

// SetProfile sets how a user is called and the language they are shown.
func SetProfile(ctx context.Context, db sqlx.ExecerContext, who Who, name, locale string) error {
	if _, err := db.ExecContext(ctx, `UPDATE users SET name = $2, locale = $3 WHERE id = $1`, who.UserID, strings.TrimSpace(name), locale); err != nil {
		return fmt.Errorf("change the profile: %w", err)
	}
	return nil
}

// Member is a person in a workspace.
type Member struct {
	UserID    int64     `db:"user_id"`
	Email     string    `db:"email"`
	Name      string    `db:"name"`
	Role      Role      `db:"role"`
	CreatedAt time.Time `db:"created_at"`
}

// Members lists the people of a workspace.
func Members(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Member, error) {
	var out []Member
	if err := sqlx.SelectContext(ctx, q, &out, sqlMembers, workspaceID); err != nil {
		return nil, fmt.Errorf("list members: %w", err)
	}
	return out, nil
}

const sqlMembers = `
SELECT m.user_id, u.email, u.name, m.role, m.created_at FROM members m JOIN users u ON u.id = m.user_id
WHERE m.workspace_id = $1 ORDER BY m.created_at, m.user_id`

// NamesOf are the names of users, also of those who are members of nothing any more, by id.
func NamesOf(ctx context.Context, q sqlx.QueryerContext, ids []int64) (map[int64]string, error) {
	names := map[int64]string{}
	if len(ids) == 0 {
		return names, nil
	}
	var rows []struct {
		ID   int64  `db:"id"`
		Name string `db:"name"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, `SELECT id, coalesce(nullif(name, ''), email) AS name FROM users WHERE id = ANY($1)`, pq.Array(ids)); err != nil {
		return nil, fmt.Errorf("find the names of users: %w", err)
	}
	for _, r := range rows {
		names[r.ID] = r.Name
	}
	return names, nil
}

// ActorNames are the names of a workspace's members, and of those who were members, by how records name them: user:7.
func ActorNames(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) (map[string]string, error) {
	var rows []struct {
		Actor string `db:"actor"`
		Name  string `db:"name"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, sqlActorNames, workspaceID); err != nil {
		return nil, fmt.Errorf("find the names of members: %w", err)
	}
	names := make(map[string]string, len(rows))
	for _, r := range rows {
		names[r.Actor] = r.Name
	}
	return names, nil
}

const sqlActorNames = `
SELECT 'user:' || u.id AS actor, coalesce(nullif(u.name, ''), u.email) AS name FROM users u
WHERE u.id IN (SELECT user_id FROM members WHERE workspace_id = $1 UNION ALL
               SELECT substr(object, 6)::bigint FROM audit_log WHERE workspace_id = $1 AND verb = 'member.remove' AND object ~ '^user:[0-9]{1,18}$')`

// NamesOfActors are the names of those who did what records name them for, members and API tokens, also of who has left.
// Whoever is no person and no token has no name.
func NamesOfActors(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, actors []string) (map[string]string, error) {
	ids := map[string][]int64{}
	for _, a := range actors {
		kind, id, _ := strings.Cut(a, ":")
		if n, err := strconv.ParseInt(id, 10, 64); err == nil {
			ids[kind] = append(ids[kind], n)
		}
	}
	names := map[string]string{}
	users, err := NamesOf(ctx, q, ids["user"])
	if err != nil {
		return nil, err
	}
	for id, name := range users {
		names[userObject(id)] = name
	}
	if len(ids["token"]) == 0 {
		return names, nil
	}
	var tokens []Token
	if err := sqlx.SelectContext(ctx, q, &tokens, `SELECT id, name FROM api_tokens WHERE workspace_id = $1 AND id = ANY($2)`, workspaceID, pq.Array(ids["token"])); err != nil {
		return nil, fmt.Errorf("find the names of tokens: %w", err)
	}
	for _, t := range tokens {
		names["token:"+strconv.FormatInt(t.ID, 10)] = t.Name
	}
	return names, nil
}

// SetRole changes a member's role. Only an owner makes or unmakes owners, and one owner stays.
func SetRole(ctx context.Context, tx sqlx.ExtContext, who Who, userID int64, role Role) error {
	if !role.Valid() {
		return fault.Field("role", "%q is not a role", role)
	}
	was, err := lockMember(ctx, tx, who, userID, role)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE members SET role = $3 WHERE workspace_id = $1 AND user_id = $2`, who.WorkspaceID, userID, role); err != nil {
		return fmt.Errorf("change the role: %w", err)
	}
	return Audit(ctx, tx, who.WorkspaceID, who.Actor(), "member.role", userObject(userID), map[string]any{"from": was, "to": role})
}

// HoldMember locks a member who is to be removed, and says whether they may be, before anything of theirs is given up.
func HoldMember(ctx context.Context, tx sqlx.ExtContext, who Who, userID int64) error {
	_, err := lockMember(ctx, tx, who, userID, "")
	return err
}

// RemoveMember takes a person out of the workspace. Their sessions see other workspaces only, or end.
func RemoveMember(ctx context.Context, tx sqlx.ExtContext, who Who, userID int64) error {
	was, err := lockMember(ctx, tx, who, userID, "")
	if err != nil {
		return err
	}
	for _, stmt := range []string{
		`UPDATE conversations SET assignee_id = NULL WHERE workspace_id = $1 AND assignee_id = $2`,
		`DELETE FROM members WHERE workspace_id = $1 AND user_id = $2`,
	} {
		if _, err := tx.ExecContext(ctx, stmt, who.WorkspaceID, userID); err != nil {
			return fmt.Errorf("remove the member: %w", err)
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE user_id = $1 AND NOT EXISTS (SELECT 1 FROM members WHERE user_id = $1)`, userID); err != nil {
		return fmt.Errorf("end the member's sessions: %w", err)
	}
	return Audit(ctx, tx, who.WorkspaceID, who.Actor(), "member.remove", userObject(userID), map[string]any{"role": was})
}

// lockMember locks the owners and the member, and refuses what would leave the workspace without one.
func lockMember(ctx context.Context, tx sqlx.ExtContext, who Who, userID int64, to Role) (Role, error) {
	var all []Member
	err := sqlx.SelectContext(ctx, tx, &all, `SELECT user_id, role FROM members WHERE workspace_id = $1 AND (role = 'owner' OR user_id = $2) ORDER BY user_id FOR UPDATE`, who.WorkspaceID, userID)
	if err != nil {
		return "", fmt.Errorf("find the member: %w", err)
	}
	var was Role
	for _, m := range all {
		if m.UserID == userID {
			was = m.Role
		}
	}
	// Read after the lock: one of the others may just have been switched off.
	var others bool
	if err := sqlx.GetContext(ctx, tx, &others, sqlOtherOwner, who.WorkspaceID, userID); err != nil {
		return "", fmt.Errorf("look for other owners: %w", err)
	}
	switch {
	case was == "":
		return "", fault.New(fault.NotFound, "user %d is not a member of this workspace", userID)
	case (was == Owner || to == Owner) && was != to && who.Role != Owner:
		return "", fault.New(fault.Forbidden, "only an owner makes somebody an owner, or an owner something else")
	case was == Owner && to != Owner && !others:
		return "", fault.New(fault.Conflict, "this is the workspace's only owner who can sign in; make somebody else an owner first")
	}
	return was, nil
}

const sqlOtherOwner = `
SELECT EXISTS (SELECT 1 FROM members o JOIN users u ON u.id = o.user_id AND u.disabled_at IS NULL WHERE o.workspace_id = $1 AND o.role = 'owner' AND o.user_id <> $2)`

func userObject(id int64) string { return "user:" + strconv.FormatInt(id, 10) }

// SetLanguages writes which languages a member answers in.
func SetLanguages(ctx context.Context, tx sqlx.ExtContext, who Who, userID int64, languages []string) error {
	for _, l := range languages {
		if len(l) != 2 || strings.ToLower(l) != l {
			return fault.Field("languages", "%q is not a language code of two letters such as it", l)
		}
	}
	res, err := tx.ExecContext(ctx, `UPDATE members SET languages = $3 WHERE workspace_id = $1 AND user_id = $2`, who.WorkspaceID, userID, pq.Array(append([]string{}, languages...)))
	if err != nil {
		return fmt.Errorf("set the languages of member %d: %w", userID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return fault.New(fault.NotFound, "user %d is not a member of this workspace", userID)
	}
	return nil
}
