package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"

	"ponte/moderation"
)

type serveCmd struct{}

// Run serves in production: a half configuration is refused with every fault named, the schema is
// brought up to date, nothing is made up.
func (serveCmd) Run(ctx context.Context, c *config) error {
	if err := c.check(); err != nil {
		return usageError{err}
	}
	if wrong := c.unsealed(); wrong != "" {
		c.logger().Warn(wrong)
	}
	return c.serve(ctx, "", func(*service) error { return nil })
}

// serve runs the service until the context ends. ready is called once it accepts connections.
func (c *config) serve(ctx context.Context, rehearsalURL string, ready func(*service) error) error {
	log := c.logger()
	if err := os.MkdirAll(c.DataDir, 0o755); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	s, err := c.openMigrated(ctx)
	if err != nil {
		return err
	}
	v, err := build(ctx, c, s, rehearsalURL, log)
	if err != nil {
		return errors.Join(err, s.close())
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w", c.Addr, err), s.close())
	}
	s.cluster.Own()
	debug.FreeOSMemory() // unpacking the model leaves twice its size behind
	dropProgramPages()
	log.Info("serving", "addr", listener.Addr().String(), "version", version)
	err = v.run(ctx, func() error {
		if err := ready(v); err != nil {
			return errors.Join(err, listener.Close())
		}
		return v.server.App.Listener(listener)
	}, func() error { return v.server.App.ShutdownWithTimeout(8 * time.Second) })
	return errors.Join(err, s.close())
}

var defaultEngine = sync.OnceValue(func() *moderation.Engine {
	return moderation.NewEngine(nil, nil, moderation.DefaultPolicy())
})

// devKey returns a random key kept in the data directory: only the demo has one; production brings its
// own.
func (c *config) devKey(name string) (string, error) {
	b, err := os.ReadFile(filepath.Join(c.DataDir, "demo", name))
	if err != nil {
		return "", err
	}
	return strings.TrimSpace(string(b)), nil
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "host"
	}
	return name
}

// backlog reports what waits, straight from the database.
type backlog struct {
	db                                                    *sqlx.DB
	deliveries, events, parked, actions, asks, falseHides *prometheus.Desc
}

func newBacklog(db *sqlx.DB) *backlog {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("ponte_"+name, help, labels, nil)
	}
	return &backlog{db, d("deliveries_pending", "Webhooks kept but not split yet."), d("events_pending", "Events not decided yet."), d("parked", "Deliveries and events parked for a person."),
		d("actions", "Actions that are not finished, by state.", "state"), d("asks_pending", "Questions to the language model that wait."),
		d("false_hides_exceeded", "Workspaces whose budget of wrong hides is exceeded, as last checked.")}
}

// Describe sends the descriptions.
func (b *backlog) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{b.deliveries, b.events, b.parked, b.actions, b.asks, b.falseHides} {
		ch <- d
	}
}

// Collect counts; when the database does not answer, the gauges are missing rather than wrong.
func (b *backlog) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for desc, stmt := range map[*prometheus.Desc]string{
		b.deliveries: `SELECT count(*) FROM deliveries WHERE state = 'pending'`,
		b.events:     `SELECT count(*) FROM events WHERE state = 'pending'`,
		b.parked:     `SELECT (SELECT count(*) FROM deliveries WHERE state = 'parked') + (SELECT count(*) FROM events WHERE state = 'parked')`,
		b.falseHides: `SELECT count(*) FROM false_hide_checks WHERE state = 'exceeded'`,
		b.asks:       `SELECT count(*) FROM asks WHERE state IN ('pending','asking')`,
	} {
		var n float64
		if b.db.GetContext(ctx, &n, stmt) == nil {
			ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, n)
		}
	}
	var rows []struct {
		State string  `db:"state"`
		N     float64 `db:"n"`
	}
	if b.db.SelectContext(ctx, &rows, `SELECT state, count(*) AS n FROM actions WHERE state IN ('planned','sending','unknown','held') GROUP BY state`) == nil {
		for _, r := range rows {
			ch <- prometheus.MustNewConstMetric(b.actions, prometheus.GaugeValue, r.N, r.State)
		}
	}
}
