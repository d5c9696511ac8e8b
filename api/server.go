// Package api is the HTTP surface: the typed API under /api/v1, webhooks, live updates, media, health
// and the user interface. routes.go is the whole table, with the permission beside each route.
package api

import (
	"context"
	"io/fs"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"
	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"

	"ponte/auth"
	"ponte/consent"
	"ponte/fault"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/secret"
)

// Suggestion is a drafted reply.
type Suggestion struct {
	ID       int64              `json:"id"`
	Rank     int                `json:"rank"`
	Language string             `json:"language"`
	Text     string             `json:"text"`
	Sources  []SuggestionSource `json:"sources"`
	MadeBy   string             `json:"made_by"`
}

// SuggestionSource is what a draft rests on.
type SuggestionSource struct {
	Kind  string `json:"kind"`
	ID    int64  `json:"id"`
	Title string `json:"title"`
}

// Suggester drafts replies for a conversation as it stands, keeps them in the suggestions table, and tells
// what happens while a model writes them.
type Suggester interface {
	Follow(ctx context.Context, workspaceID, conversationID int64, tell func(SuggestionEvent)) (Suggestions, error)
}

// Check is one finding of the doctor.
type Check struct {
	Name   string            `json:"name"`
	OK     bool              `json:"ok"`
	Code   string            `json:"code" doc:"What was found; it stays the same when the words change"`
	Params map[string]string `json:"params" doc:"The values in the words"`
	Detail string            `json:"detail"`
	Fix    string            `json:"fix"`
}

// LLMState is what the overview says of the model.
type LLMState struct {
	Configured bool
	State      string // ok, off, over_budget, down
	Sees       bool   // it looks at pictures
	Signals    string // of the moderation endpoint: ok, off, down
	Tokens     int64  // spent today, and the day's limit
	MostTokens int64
	Priced     bool // what an answer costs is known, so that the money budget holds
}

// Deps is what the API stands on. DB, Keys and Ledger are needed; whatever else is missing makes its
// routes answer that it is not available.
type Deps struct {
	DB     *sqlx.DB
	Log    *slog.Logger
	Keys   *secret.Keyring
	Ledger *consent.Ledger
	UI     fs.FS // the built interface
	Now    func() time.Time

	PublicURL      string // cookies are Secure where it is https
	GraphURL       string // default base URL of new accounts
	Loopback       bool   // it listens on a loopback address: a trial on one machine, see mayCall
	TrustedProxies []string
	OIDC           *auth.OIDC                                                // identity provider; nil: passwords alone
	OIDCName       string                                                    // as the sign-in page names it
	Mail           func(ctx context.Context, to, subject, text string) error // nil: no e-mail is sent
	Demo           bool
	RehearsalURL   string // base URL of the rehearsal's control API; empty: none

	VerifyToken   string                                       // of Meta's handshake
	Verify        func(body []byte, header string) bool        // webhook signature
	Receive       func(ctx context.Context, body []byte) error // returns after the commit
	Refused       func(ctx context.Context, body []byte) error // told of bodies whose signature is wrong; optional
	SignedRequest func(raw string) (userID string, err error)  // Meta's callbacks
	Ready         func(ctx context.Context) error              // beyond the database: lanes alive, senders alive
	Behind        func(ctx context.Context) (migrations int, err error)
	Wake          <-chan struct{} // rung when changes were committed
	LLM           func(ctx context.Context, workspaceID int64) LLMState
	// Opine asks the language model for a second opinion; nil: there is none.
	Opine         func(ctx context.Context, workspaceID int64, in moderation.Input) (moderation.LLMAnswer, error)
	Suggest       Suggester
	Doctor        func(ctx context.Context, workspaceID, accountID int64) ([]Check, error)
	Subscribe     func(ctx context.Context, workspaceID, accountID int64) error    // asks the network for the account's webhooks
	Unsubscribe   func(ctx context.Context, removed inbox.Account) (string, error) // ends a removed account's webhooks; what came of it
	Backfill      func(ctx context.Context, workspaceID, accountID int64) error
	SyncTemplates func(ctx context.Context, workspaceID int64) (int, error)
	ReplayEvent   func(ctx context.Context, workspaceID, eventID int64) error
	ReplayParked  func(ctx context.Context, deliveryID int64) error
	Release       func(ctx context.Context) error // lets a restored copy send

	Metrics  prometheus.Gatherer
	Register prometheus.Registerer // nil: the API's own counters are not shown
}

// MaxBody is the largest request: Meta sends up to 3 MB.
const MaxBody = 4 << 20

// requestTime bounds one request; streams are not bound.
const requestTime = 30 * time.Second

// Server is the HTTP surface.
type Server struct {
	Deps
	App *fiber.App

	hub      *hub
	trusted  []netip.Prefix
	met      *metrics
	page     *page
	bodies   *bodies
	api      huma.API
	drafting atomic.Int64    // agents who watch drafts being written
	life     context.Context // ends when the server stops
	stop     context.CancelFunc
}

// New builds the surface; Run must run beside it for live updates.
func New(d Deps) *Server {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	s := &Server{Deps: d, trusted: prefixes(d.TrustedProxies), met: newMetrics(d.Register), bodies: newBodies()}
	s.life, s.stop = context.WithCancel(context.Background())
	s.hub = newHub(d.DB, d.Wake, d.Log)
	s.App = fiber.New(fiber.Config{
		AppName: "ponte", DisableStartupMessage: true, BodyLimit: MaxBody,
		StreamRequestBody: true, DisablePreParseMultipartForm: true, // bodies wait their turn on the wire: body.go
		Immutable:   true, // values of a request may be kept: nothing is overwritten after the handler
		ReadTimeout: 60 * time.Second, IdleTimeout: 120 * time.Second,
		ErrorHandler: s.write,
	})
	s.App.Use(recover.New(recover.Config{EnableStackTrace: true, StackTraceHandler: func(c *fiber.Ctx, e any) {
		s.Log.Error("api: a handler panicked", "route", c.Method()+" "+c.Route().Path, "panic", e)
	}}))
	s.App.Use(s.headers, s.limit)
	s.register()
	return s
}

// Run serves live updates until the context ends, then ends all streams.
func (s *Server) Run(ctx context.Context) error {
	defer s.stop()
	return s.hub.run(ctx)
}

func (s *Server) register() {
	s.api = newAPI(s.App)
	for _, r := range table {
		r.add(s)
	}
	nullObjects(s.api.OpenAPI().Components.Schemas)
	s.App.Get("/openapi.json", func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, "application/openapi+json")
		b, err := document(s.api)
		if err != nil {
			return err
		}
		return c.Send(b)
	})
	s.App.All("/api/*", func(c *fiber.Ctx) error {
		if allowed := methodsAt(c.Path()); allowed != "" {
			c.Set(fiber.HeaderAllow, allowed)
			return fault.New(fault.Method, "%s cannot be done here; what can: %s", c.Method(), allowed)
		}
		return fault.New(fault.NotFound, "there is no such route; /openapi.json lists them")
	})
	s.interfaceRoutes()
}

// methodsAt are the methods of the routes at a path, as an Allow header names them; empty where there is none.
func methodsAt(path string) string {
	parts, out := strings.Split(strings.TrimRight(path, "/"), "/"), []string(nil)
	for _, r := range table {
		known := strings.Split(r.Path, "/")
		if len(known) != len(parts) || slices.Contains(out, r.Method) {
			continue
		}
		if fits(known, parts) {
			out = append(out, r.Method)
		}
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// fits says whether the parts of a path are those of a route; in braces stands anything.
func fits(route, path []string) bool {
	for i, part := range route {
		if part != path[i] && (!strings.HasPrefix(part, "{") || path[i] == "") {
			return false
		}
	}
	return true
}

func newAPI(app *fiber.App) huma.API {
	setHuma()
	config := huma.DefaultConfig("ponte", "1")
	config.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	config.CreateHooks = nil // no $schema in answers
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: cookieName},
		"token":   {Type: "http", Scheme: "bearer"},
	}
	return humafiber.New(app, config)
}

// headers are the same on every answer; the page adds its nonce to the policy.
func (s *Server) headers(c *fiber.Ctx) error {
	c.Set("X-Content-Type-Options", "nosniff")
	if strings.HasPrefix(c.Path(), "/webhooks/") {
		return c.Next() // read by Meta's servers, not by a browser
	}
	c.Set("Referrer-Policy", "same-origin")
	c.Set("X-Frame-Options", "DENY")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	c.Set("Content-Security-Policy", policy(""))
	if strings.HasPrefix(s.PublicURL, "https://") {
		c.Set("Strict-Transport-Security", "max-age=31536000")
	}
	if strings.HasPrefix(c.Path(), "/api/") {
		c.Set("Cache-Control", "no-store")
	}
	return c.Next()
}

func policy(nonce string) string {
	style := "'self'"
	if nonce != "" {
		style += " 'nonce-" + nonce + "'"
	}
	return "default-src 'self'; script-src 'self'; style-src " + style + "; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
		"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
}

func prefixes(list []string) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range list {
		if a, err := netip.ParseAddr(p); err == nil {
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
		} else if n, err := netip.ParsePrefix(p); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// address is who asks: behind trusted proxies, the last address in X-Forwarded-For that is not one of
// them. What a client wrote in front of it itself does not count. Some proxies add a line of their own below the
// client's: all lines are one list.
func (s *Server) address(c *fiber.Ctx) string {
	remote, ok := netip.AddrFromSlice(c.Context().RemoteIP())
	if !ok {
		return ""
	}
	remote = remote.Unmap()
	if !s.isTrusted(remote) {
		return remote.String()
	}
	var hops []string
	for _, line := range c.Request().Header.PeekAll(fiber.HeaderXForwardedFor) {
		hops = append(hops, strings.Split(string(line), ",")...)
	}
	for i := len(hops) - 1; i >= 0; i-- {
		a, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		if remote = a.Unmap(); !s.isTrusted(remote) {
			break
		}
	}
	return remote.String()
}

func (s *Server) isTrusted(a netip.Addr) bool {
	for _, p := range s.trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
