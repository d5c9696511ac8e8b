// Package rehearsal stands in for Meta's Graph API: a process of its own with a durable log, so that
// killing ponte proves something and a team can try everything without a Meta account.
//
// It answers the calls ponte makes to Pages, Instagram accounts and WhatsApp numbers, keeps Meta's
// rules (one private reply a comment, the 24-hour window, approved templates only), and sends signed
// webhooks until they are answered with 200. People are played through the control API (control.go).
// It imports nothing of ponte's.
package rehearsal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say where to listen and whom to call.
type Options struct {
	Addr        string // host:port
	DataDir     string // the durable log
	WebhookURL  string // ponte's /webhooks/meta
	AppID       string
	AppSecret   string // signs webhooks, checks appsecret_proof
	VerifyToken string
	Control     bool // serve the control API
	Demo        bool // seed the demo brand when the log is empty
	Log         *slog.Logger
	Now         func() time.Time
}

// Server is the stand-in.
type Server struct {
	opt     Options
	log     *slog.Logger
	now     func() time.Time
	mu      sync.Mutex
	st      *state
	journal *journal
	wake    chan struct{}
	changed *sync.Cond
	client  *http.Client
	faults  faults
}

// New opens the log in the data directory and rebuilds the state from it.
func New(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(o.DataDir, 0o755); err != nil {
		return nil, fmt.Errorf("make the rehearsal's folder: %w", err)
	}
	s := &Server{opt: o, log: o.Log, now: o.Now, st: newState(), wake: make(chan struct{}, 1), client: &http.Client{Timeout: 10 * time.Second}}
	s.changed = sync.NewCond(&s.mu)
	var err error
	if s.journal, err = openJournal(filepath.Join(o.DataDir, "rehearsal.log"), s.st.apply); err != nil {
		return nil, err
	}
	if o.Demo && s.st.Seq == 0 {
		if err := s.seed(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// Run serves and delivers webhooks until the context ends.
func (s *Server) Run(ctx context.Context) error {
	l, err := net.Listen("tcp", s.opt.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.opt.Addr, err)
	}
	srv := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() { defer close(done); s.deliver(ctx) }()
	go func() {
		<-ctx.Done()
		stop, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		_ = srv.Shutdown(stop)
		s.changed.Broadcast()
	}()
	err = srv.Serve(l)
	<-done
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	return errors.Join(err, s.Close())
}

// Close closes the log.
func (s *Server) Close() error { return s.journal.close() }

// Handler serves the Graph API and, where asked for, the control API.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	if s.opt.Control {
		s.controlRoutes(mux)
		mux.HandleFunc("GET /control/pictures/{name}", s.picture) // for a page that reaches only the control API
	}
	mux.HandleFunc("GET /pictures/{name}", s.picture)
	mux.HandleFunc("/", s.graph)
	return mux
}

// do writes a change to the log, applies it and tells who waits; the caller holds the lock. Nothing is
// answered before the change is on disk.
func (s *Server) do(e entry) error {
	e.Seq, e.At = s.st.Seq+1, s.now().UTC()
	if err := s.journal.write(e); err != nil {
		return err
	}
	s.st.apply(e)
	s.changed.Broadcast()
	if e.Webhook != nil {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	return nil
}
