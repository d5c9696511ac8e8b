package api

import (
	"context"
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
	ctx, cancel := context.WithTimeout(c.Context(), 3*time.Second)
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
	note("database", s.DB.PingContext(ctx))
	if s.Behind != nil {
		n, err := s.Behind(ctx)
		if note("schema", err); err == nil && n > 0 {
			checks["schema"], ready = "behind", false
		}
	}
	if s.Ready != nil {
		note("workers", s.Ready(ctx))
	}
	checks["state"] = "ready"
	if !ready {
		checks["state"] = "not ready"
		c.Status(fiber.StatusServiceUnavailable)
	}
	return c.JSON(checks)
}

func (s *Server) metrics(c *fiber.Ctx, _ *caller) error {
	g := s.Metrics
	if g == nil {
		g = prometheus.NewRegistry()
	}
	return adaptor.HTTPHandler(promhttp.HandlerFor(g, promhttp.HandlerOpts{}))(c)
}
