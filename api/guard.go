package api

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/auth"
	"ponte/fault"
	"ponte/inbox"
)

const cookieName = "ponte_session"

// caller is who asks, and from where.
type caller struct {
	auth.Who
	address string
	agent   string
	token   string // of the session, where a cookie came
}

type callerKey struct{}

// authenticate finds out who asks and whether they may.
func (s *Server) authenticate(c *fiber.Ctx, need auth.Permission) (*caller, error) {
	who := &caller{address: s.address(c), agent: c.Get(fiber.HeaderUserAgent), token: c.Cookies(cookieName)}
	if need == auth.Public {
		return who, nil
	}
	ctx, cancel := context.WithTimeout(s.life, requestTime)
	defer cancel()
	var err error
	if secret, ok := strings.CutPrefix(c.Get(fiber.HeaderAuthorization), "Bearer "); ok {
		who.Who, err = auth.ByToken(ctx, s.DB, secret)
	} else {
		who.Who, err = s.bySession(ctx, c, who.token)
	}
	if err != nil {
		return nil, err
	}
	if !who.Can(need) {
		return nil, fault.New(fault.Forbidden, "your role (%s) does not allow this", who.Role).Coded("role_missing")
	}
	return who, nil
}

func (s *Server) bySession(ctx context.Context, c *fiber.Ctx, token string) (auth.Who, error) {
	if token == "" {
		return auth.Who{}, fault.New(fault.Unauthorized, "you are not signed in").Coded("not_signed_in")
	}
	// A page of another site can send the cookie with a form, but not a header of its own.
	if c.Method() != fiber.MethodGet && c.Method() != fiber.MethodHead && c.Get("X-Ponte-CSRF") != "1" {
		return auth.Who{}, fault.New(fault.Forbidden, "the header X-Ponte-CSRF is missing")
	}
	workspace := int64(0)
	wanted := c.Get("X-Ponte-Workspace")
	if wanted == "" {
		wanted = c.Query("workspace") // an event source cannot send headers
	}
	if wanted != "" {
		var err error
		if workspace, err = strconv.ParseInt(wanted, 10, 64); err != nil || workspace <= 0 {
			return auth.Who{}, fault.New(fault.Invalid, "X-Ponte-Workspace is not the number of a workspace")
		}
	}
	return auth.BySession(ctx, s.DB, token, workspace)
}

// route is one line of the table.
type route struct {
	Method  string
	Path    string
	Need    auth.Permission
	Summary string
	typed   func(*Server, huma.Operation)
	plain   func(*Server, *fiber.Ctx, *caller) error
}

func (r route) add(s *Server) {
	if r.plain != nil {
		path := strings.NewReplacer("{", ":", "}", "").Replace(r.Path)
		s.App.Add(r.Method, path, func(c *fiber.Ctx) error {
			who, err := s.authenticate(c, r.Need)
			if err != nil {
				return err
			}
			return r.plain(s, c, who)
		})
		return
	}
	op := huma.Operation{Method: r.Method, Path: r.Path, Summary: r.Summary, OperationID: operationID(r.Method, r.Path), Tags: []string{tag(r.Path)},
		MaxBodyBytes: bodyLimit(r), BodyReadTimeout: bodyTime, Description: "Permission: " + string(r.Need)}
	if r.Need != auth.Public {
		op.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	}
	op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		c := humafiber.Unwrap(ctx)
		who, err := s.authenticate(c, r.Need)
		if err != nil {
			_ = s.write(c, err)
			return
		}
		next(huma.WithValue(ctx, callerKey{}, who))
	}}
	r.typed(s, op)
}

// bodyLimit is what a typed route takes: whole files where files are uploaded.
func bodyLimit(r route) int64 {
	if r.Method == "POST" && r.Path == listPath {
		return maxList
	}
	return 1 << 20
}

func operationID(method, path string) string {
	words := []string{strings.ToLower(method)}
	for _, p := range strings.Split(strings.TrimPrefix(path, "/api/v1"), "/") {
		if p = strings.Trim(p, "{}"); p != "" {
			words = append(words, strings.ReplaceAll(p, "_", "-"))
		}
	}
	return strings.Join(words, "-")
}

func tag(path string) string {
	p, _, _ := strings.Cut(strings.TrimPrefix(path, "/api/v1/"), "/")
	return p
}

type result[T any] struct{ Body T }

// typed makes a table entry of a handler that answers with a body.
func typed[I, T any](h func(*Server, context.Context, *caller, *I) (T, error)) func(*Server, huma.Operation) {
	return func(s *Server, op huma.Operation) {
		huma.Register(s.api, op, func(ctx context.Context, in *I) (*result[T], error) {
			who, _ := ctx.Value(callerKey{}).(*caller)
			ctx, cancel := context.WithTimeout(ctx, requestTime)
			defer cancel()
			out, err := h(s, ctx, who, in)
			if err != nil {
				return nil, s.fail(op.OperationID, err)
			}
			return &result[T]{out}, nil
		})
	}
}

// silent makes a table entry of a handler that answers 204.
func silent[I any](h func(*Server, context.Context, *caller, *I) error) func(*Server, huma.Operation) {
	return func(s *Server, op huma.Operation) {
		huma.Register(s.api, op, func(ctx context.Context, in *I) (*struct{}, error) {
			who, _ := ctx.Value(callerKey{}).(*caller)
			ctx, cancel := context.WithTimeout(ctx, requestTime)
			defer cancel()
			if err := h(s, ctx, who, in); err != nil {
				return nil, s.fail(op.OperationID, err)
			}
			return nil, nil
		})
	}
}

// change runs a transaction, again where it lost a race with the pipeline.
func (s *Server) change(ctx context.Context, do func(tx *sqlx.Tx) error) error {
	var err error
	for range 4 {
		if err = inbox.InTx(ctx, s.DB, do); !lostRace(err) {
			return err
		}
	}
	return fault.Wrap(fault.Unavailable, err, "somebody changed the same thing at the same moment; try again").Coded("changed_meanwhile")
}

func lostRace(err error) bool {
	var p *pq.Error
	return errors.As(err, &p) && (p.Code == "40P01" || p.Code == "40001")
}

// Route is a line of the table as tests and documents see it.
type Route struct {
	Method, Path string
	Need         auth.Permission
	Typed        bool
}

// Routes lists the table.
func Routes() []Route {
	return each(table, func(r route) Route { return Route{r.Method, r.Path, r.Need, r.typed != nil} })
}
