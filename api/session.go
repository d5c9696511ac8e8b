package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

type signInIn struct {
	Body struct {
		Email    string `json:"email" maxLength:"254"`
		Password string `json:"password" maxLength:"512"`
		Code     string `json:"code,omitempty" maxLength:"40" doc:"Of the second factor, or a recovery code; asked for with an error about this field"`
	}
}

type cookieOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (s *Server) cookie(token string) http.Cookie {
	c := http.Cookie{Name: cookieName, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.PublicURL, "https://"), MaxAge: int(auth.SessionLife.Seconds())}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}

// cookies makes a table entry of a handler that answers 204 with a cookie.
func cookies[I any](h func(*Server, context.Context, *caller, *I) (string, error)) func(*Server, huma.Operation) {
	return func(s *Server, op huma.Operation) {
		op.DefaultStatus = http.StatusNoContent
		huma.Register(s.api, op, func(ctx context.Context, in *I) (*cookieOut, error) {
			who, _ := ctx.Value(callerKey{}).(*caller)
			ctx, cancel := context.WithTimeout(ctx, requestTime)
			defer cancel()
			token, err := h(s, ctx, who, in)
			if err != nil {
				return nil, s.fail(op.OperationID, err)
			}
			return &cookieOut{s.cookie(token)}, nil
		})
	}
}

func (s *Server) signIn(ctx context.Context, who *caller, in *signInIn) (string, error) {
	return auth.SignIn(ctx, s.DB, s.Keys, auth.Credentials{Email: in.Body.Email, Password: in.Body.Password, Code: in.Body.Code, Address: who.address, Agent: who.agent})
}

type nothingIn struct{ Body *struct{} }

func (s *Server) signOut(ctx context.Context, who *caller, _ *nothingIn) (string, error) {
	if who.token == "" {
		return "", nil
	}
	return "", s.change(ctx, func(tx *sqlx.Tx) error {
		if err := auth.SignOut(ctx, tx, who.token); err != nil || who.UserID == 0 {
			return err
		}
		return touchSessions(ctx, tx, who.UserID)
	})
}

// Me is who is signed in, and where.
type Me struct {
	User         MeUser         `json:"user"`
	Role         string         `json:"role" enum:"owner,admin,supervisor,moderator,agent,analyst"`
	Permissions  []string       `json:"permissions" enum:"see,moderate,supervise,converse,campaign,configure,own,audit"`
	Workspace    MeWorkspace    `json:"workspace"`
	Workspaces   []MeMembership `json:"workspaces"`
	Demo         bool           `json:"demo"`
	RehearsalURL string         `json:"rehearsal_url"`
}

// MeUser is the person; zero for an API token.
type MeUser struct {
	ID     int64  `json:"id"`
	Email  string `json:"email"`
	Name   string `json:"name"`
	Locale string `json:"locale"`
}

// MeWorkspace is where the person works at the moment.
type MeWorkspace struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Brand    string `json:"brand"`
	TimeZone string `json:"time_zone"`
	Locale   string `json:"locale"`
	Sending  bool   `json:"sending"`
}

// MeMembership is a workspace the person can switch to.
type MeMembership struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Role string `json:"role" enum:"owner,admin,supervisor,moderator,agent,analyst"`
}

func (s *Server) me(ctx context.Context, who *caller, _ *struct{}) (Me, error) {
	w, err := inbox.LoadWorkspace(ctx, s.DB, who.WorkspaceID)
	if err != nil {
		return Me{}, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return Me{}, err
	}
	out := Me{User: MeUser{who.UserID, who.Email, who.Name, who.Locale}, Role: string(who.Role), Permissions: each(who.Role.Permissions(), func(p auth.Permission) string { return string(p) }),
		Workspace: MeWorkspace{w.ID, w.Name, w.BrandName(), w.TimeZone, w.Locale, settings.Sending == nil || *settings.Sending}, Demo: s.Demo}
	if s.RehearsalURL != "" {
		out.RehearsalURL = "/rehearse/control"
	}
	if who.UserID == 0 {
		out.Workspaces = []MeMembership{{w.ID, w.Name, string(who.Role)}}
		return out, nil
	}
	list, err := auth.Memberships(ctx, s.DB, who.UserID)
	out.Workspaces = each(list, func(m auth.Membership) MeMembership { return MeMembership{m.ID, m.Name, string(m.Role)} })
	return out, err
}

// Session is one place where the caller is signed in.
type Session struct {
	ID         int64     `json:"id"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	Address    string    `json:"address"`
	Agent      string    `json:"agent"`
	Current    bool      `json:"current"`
}

func (s *Server) listSessions(ctx context.Context, who *caller, _ *struct{}) (Page[Session], error) {
	list, err := auth.Sessions(ctx, s.DB, who.Who)
	return pageOf(each(list, func(v auth.Session) Session {
		return Session{v.ID, v.CreatedAt.UTC(), v.LastSeenAt.UTC(), v.Address, v.Agent, v.Current}
	}), ""), err
}

func (s *Server) endSession(ctx context.Context, who *caller, in *ByID) error {
	if who.UserID == 0 {
		return fault.New(fault.NotFound, "an API token has no sessions")
	}
	return s.change(ctx, func(tx *sqlx.Tx) error {
		if err := auth.EndSession(ctx, tx, who.Who, in.ID); err != nil {
			return err
		}
		return touchSessions(ctx, tx, who.UserID)
	})
}

// touchSessions has each replica look at once whether the user's open pages may still be live.
func touchSessions(ctx context.Context, tx *sqlx.Tx, userID int64) error {
	spaces, err := auth.Memberships(ctx, tx, userID)
	if err != nil {
		return err
	}
	return inbox.Touch(ctx, tx, each(spaces, func(m auth.Membership) inbox.Change {
		return inbox.Change{WorkspaceID: m.ID, Topic: "session", ObjectID: userID}
	})...)
}
