package api

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/desk"
	"ponte/fault"
	"ponte/inbox"
)

// Member is a person in the workspace.
type Member struct {
	UserID    int64     `json:"user_id"`
	Email     string    `json:"email"`
	Name      string    `json:"name"`
	Role      string    `json:"role" enum:"owner,admin,supervisor,moderator,agent,analyst"`
	CreatedAt time.Time `json:"created_at"`
}

func showMember(m auth.Member) Member {
	return Member{m.UserID, m.Email, m.Name, string(m.Role), m.CreatedAt.UTC()}
}

func (s *Server) listMembers(ctx context.Context, who *caller, _ *struct{}) (Page[Member], error) {
	list, err := auth.Members(ctx, s.DB, who.WorkspaceID)
	return pageOf(each(list, showMember), ""), err
}

type newMemberIn struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Name     string `json:"name" maxLength:"200"`
		Role     string `json:"role" enum:"owner,admin,supervisor,moderator,agent,analyst"`
		Password string `json:"password,omitempty" maxLength:"512" doc:"For somebody who has no user yet; without one they set it with a link"`
	}
}

func (s *Server) addMember(ctx context.Context, who *caller, in *newMemberIn) (Member, error) {
	role := auth.Role(in.Body.Role)
	if err := mayGive(who, role); err != nil {
		return Member{}, err
	}
	var id int64
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		var err error
		if id, err = auth.AddUser(ctx, tx, auth.NewUser{WorkspaceID: who.WorkspaceID, Email: in.Body.Email, Name: in.Body.Name, Role: role, Password: in.Body.Password, Invited: in.Body.Password == "", Actor: who.Actor()}); err != nil {
			return err
		}
		return touchMember(ctx, tx, who, id)
	})
	if err != nil {
		return Member{}, err
	}
	return s.member(ctx, who, id)
}

func mayGive(who *caller, role auth.Role) error {
	if role == auth.Owner && who.Role != auth.Owner {
		return fault.New(fault.Forbidden, "only an owner makes somebody an owner")
	}
	return nil
}

func touchMember(ctx context.Context, tx *sqlx.Tx, who *caller, id int64) error {
	return inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: who.WorkspaceID, Topic: "member", ObjectID: id})
}

func (s *Server) member(ctx context.Context, who *caller, id int64) (Member, error) {
	list, err := auth.Members(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Member{}, err
	}
	for _, m := range list {
		if m.UserID == id {
			return showMember(m), nil
		}
	}
	return Member{}, fault.New(fault.NotFound, "user %d is not a member of this workspace", id)
}

// ByUser names the member a route is about.
type ByUser struct {
	UserID int64 `path:"user_id" minimum:"1"`
}

type memberRoleIn struct {
	ByUser
	Body struct {
		Role string `json:"role" enum:"owner,admin,supervisor,moderator,agent,analyst"`
	}
}

func (s *Server) setMember(ctx context.Context, who *caller, in *memberRoleIn) (Member, error) {
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		if err := auth.SetRole(ctx, tx, who.Who, in.UserID, auth.Role(in.Body.Role)); err != nil {
			return err
		}
		return touchMember(ctx, tx, who, in.UserID)
	})
	if err != nil {
		return Member{}, err
	}
	return s.member(ctx, who, in.UserID)
}

func (s *Server) removeMember(ctx context.Context, who *caller, in *ByUser) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := auth.HoldMember(ctx, tx, who.Who, in.UserID); err != nil {
			return err
		}
		if err := desk.Release(ctx, tx, who.Who, in.UserID, s.Now()); err != nil {
			return err
		}
		if err := auth.RemoveMember(ctx, tx, who.Who, in.UserID); err != nil {
			return err
		}
		return touchMember(ctx, tx, who, in.UserID)
	})
}

// Token is an API token without its secret.
type Token struct {
	ID         int64      `json:"id"`
	Name       string     `json:"name"`
	Role       string     `json:"role" enum:"owner,admin,supervisor,moderator,agent,analyst"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at"`
}

// NewToken is an API token with its secret, which is shown once.
type NewToken struct {
	Token  string `json:"token"`
	Detail Token  `json:"detail"`
}

func showToken(t auth.Token) Token {
	return Token{t.ID, t.Name, string(t.Role), t.CreatedAt.UTC(), utc(t.LastUsedAt)}
}

func (s *Server) listTokens(ctx context.Context, who *caller, _ *struct{}) (Page[Token], error) {
	list, err := auth.Tokens(ctx, s.DB, who.WorkspaceID)
	return pageOf(each(list, showToken), ""), err
}

type newTokenIn struct {
	Body struct {
		Name string `json:"name" maxLength:"100"`
		Role string `json:"role" enum:"owner,admin,supervisor,moderator,agent,analyst"`
	}
}

func (s *Server) addToken(ctx context.Context, who *caller, in *newTokenIn) (NewToken, error) {
	if err := mayGive(who, auth.Role(in.Body.Role)); err != nil {
		return NewToken{}, err
	}
	var out NewToken
	err := s.change(ctx, func(tx *sqlx.Tx) error {
		t, secret, err := auth.AddToken(ctx, tx, who.WorkspaceID, in.Body.Name, auth.Role(in.Body.Role), who.User(), who.Actor())
		out = NewToken{secret, showToken(t)}
		return err
	})
	return out, err
}

func (s *Server) revokeToken(ctx context.Context, who *caller, in *ByID) error {
	return s.change(ctx, func(tx *sqlx.Tx) error {
		return auth.RevokeToken(ctx, tx, who.WorkspaceID, in.ID, who.Actor())
	})
}
