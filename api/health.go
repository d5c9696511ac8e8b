package api

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

type metrics struct {
	webhooks *prometheus.CounterVec
	streams  prometheus.Gauge
}

func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		webhooks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ponte_webhooks_total", Help: "Webhook requests by outcome: kept, refused, bad_signature."}, []string{"outcome"}),
		streams:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "ponte_streams", Help: "Open live-update streams."}),
	}
	if r != nil {
		r.MustRegister(m.webhooks, m.streams)
	}
	return m
}

// healthz says that the process is up, and nothing else.
func (s *Server) healthz(c *fiber.Ctx, _ *caller) error {
	return c.JSON(fiber.Map{"state": "up"})
}

// readyz says whether work can be done: the database answers, its schema is not behind, and what Ready
// looks at (lanes, senders) is alive. The reason stays in the log.
func (s *Server) readyz(c *fiber.Ctx, _ *caller) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	checks := fiber.Map{}
	ready := true
	note := func(name string, err error) {
		checks[name] = "ok"
		if err != nil {
			checks[name], ready = "failed", false
			s.Log.Warn("api: not ready", "check", name, "error", err)
		}
	}
	note("database", inTime(ctx, s.DB.PingContext))
	if s.Behind != nil {
		var n atomic.Int64
		err := inTime(ctx, func(ctx context.Context) error {
			behind, err := s.Behind(ctx)
			n.Store(int64(behind))
			return err
		})
		if note("schema", err); err == nil && n.Load() > 0 {
			checks["schema"], ready = "behind", false
		}
	}
	if s.Ready != nil {
		note("workers", inTime(ctx, s.Ready))
	}
	checks["state"] = "ready"
	if !ready {
		checks["state"] = "not ready"
		c.Status(fiber.StatusServiceUnavailable)
	}
	return c.JSON(checks)
}

// inTime is what a check says, or that it said nothing in time: on a connection that answers nothing the database's driver
// outwaits its context, and whoever asks whether this process is ready must not.
func inTime(ctx context.Context, check func(context.Context) error) error {
	said := make(chan error, 1)
	go func() { said <- check(ctx) }()
	select {
	case err := <-said:
		return err
	case <-ctx.Done():
		return fmt.Errorf("nothing was said in time: %w", ctx.Err())
	}
}

func (s *Server) metrics(c *fiber.Ctx, _ *caller) error {
	g := s.Metrics
	if g == nil {
		g = prometheus.NewRegistry()
	}
	return adaptor.HTTPHandler(promhttp.HandlerFor(g, promhttp.HandlerOpts{}))(c)
}
