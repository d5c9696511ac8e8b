// Package auth knows who asks: users with passwords, their sessions, API tokens, and which role allows
// what. It owns users, members, sessions, api_tokens, sign_in_attempts, recovery_codes, password_links and audit_log.
package auth

import (
	"slices"
	"strconv"
)

// Role is what a member is in a workspace.
type Role string

// The roles.
const (
	Owner      Role = "owner"
	Admin      Role = "admin"
	Supervisor Role = "supervisor"
	Moderator  Role = "moderator"
	Agent      Role = "agent"
	Analyst    Role = "analyst"
)

// Roles lists them, the strongest first.
var Roles = []Role{Owner, Admin, Supervisor, Moderator, Agent, Analyst}

// Valid says whether the role is one of the list.
func (r Role) Valid() bool { return slices.Contains(Roles, r) }

// Permission is what a route asks for.
type Permission string

// The permissions. Public and Signed ask for no role: the first for nobody in particular, the second
// for anybody who is signed in.
const (
	Public    Permission = "public"
	Signed    Permission = "signed"
	See       Permission = "see"
	Moderate  Permission = "moderate"
	Supervise Permission = "supervise"
	Converse  Permission = "converse"
	Campaign  Permission = "campaign"
	Configure Permission = "configure"
	Own       Permission = "own"
	AuditLog  Permission = "audit"
)

// Permissions lists those a role can have.
var Permissions = []Permission{See, Moderate, Supervise, Converse, Campaign, Configure, Own, AuditLog}

var grants = map[Permission][]Role{
	See:       Roles,
	Moderate:  {Owner, Admin, Supervisor, Moderator},
	Supervise: {Owner, Admin, Supervisor},
	Converse:  {Owner, Admin, Supervisor, Agent},
	Campaign:  {Owner, Admin, Supervisor},
	Configure: {Owner, Admin},
	Own:       {Owner},
	AuditLog:  {Owner, Admin, Analyst},
}

// Can says whether the role allows it.
func (r Role) Can(p Permission) bool {
	return p == Public || p == Signed && r.Valid() || slices.Contains(grants[p], r)
}

// Permissions lists what the role allows.
func (r Role) Permissions() []Permission {
	out := []Permission{}
	for _, p := range Permissions {
		if r.Can(p) {
			out = append(out, p)
		}
	}
	return out
}

// SeesPhones says whether whole phone numbers are shown to the role.
func (r Role) SeesPhones() bool { return r != Moderator && r != Analyst && r.Valid() }

// Who is the member or token that asks, in the workspace it asks about.
type Who struct {
	UserID      int64 // 0 for an API token
	TokenID     int64 // 0 for a person
	WorkspaceID int64
	Role        Role
	Email       string
	Name        string
	Locale      string
	Session     []byte // hash of the session, nil for a token
}

// Actor names the asker in the audit log: user:7, token:3.
func (w Who) Actor() string {
	if w.TokenID != 0 {
		return "token:" + strconv.FormatInt(w.TokenID, 10)
	}
	return "user:" + strconv.FormatInt(w.UserID, 10)
}

// User is the id for columns that refer to users; nil for a token.
func (w Who) User() *int64 {
	if w.UserID == 0 {
		return nil
	}
	id := w.UserID
	return &id
}

// Can says whether the asker's role allows it.
func (w Who) Can(p Permission) bool { return w.Role.Can(p) }
