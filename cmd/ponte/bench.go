package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/valyala/fasthttp"

	"ponte/api"
	"ponte/channels/meta"
	"ponte/channels/webhook"
	"ponte/inbox"
	"ponte/ingest"
	"ponte/jobs"
	"ponte/moderation"
)

type benchCmd struct {
	Receive  benchReceiveCmd  `cmd:"" help:"Durable acknowledged webhooks a second against raw multi-row inserts, then open loop."`
	Pipeline benchPipelineCmd `cmd:"" help:"Events a second from kept webhook to verdict and action row."`
}

// bench runs in a scratch database beside the configured one, which is not touched.
func (c *config) bench(ctx context.Context, f func(s *store) error) error {
	if c.SecretKey == "" {
		c.SecretKey = "a key for measuring, of no other use"
	}
	s, err := c.open(ctx)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("ponte_bench_%d", os.Getpid())
	if _, err := s.DB.ExecContext(ctx, "CREATE DATABASE "+pq.QuoteIdentifier(name)); err != nil {
		return errors.Join(fmt.Errorf("make the scratch database: %w", err), s.close())
	}
	bc := *c
	if bc.DatabaseURL, err = otherDatabase(s.URL, name); err == nil {
		var scratch *store
		if scratch, err = bc.openMigrated(ctx); err == nil {
			err = errors.Join(f(scratch), scratch.close())
		}
	}
	_, dropErr := s.DB.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE IF EXISTS "+pq.QuoteIdentifier(name)+" WITH (FORCE)")
	return errors.Join(err, dropErr, s.close())
}

type benchReceiveCmd struct {
	Seconds     int `default:"5" help:"How long each part runs."`
	Connections int `default:"64" help:"Connections of the closed loop."`
	Rate        int `default:"2000" help:"Webhooks a second of the open loop."`

	CPUProfile string `name:"cpu-profile" help:"Write a CPU profile of the closed loop to this file."`
}

// Run prints a ratio of one run: machines are shared and noisy.
func (b benchReceiveCmd) Run(ctx context.Context, c *config) error {
	return c.bench(ctx, func(s *store) error {
		raw, err := b.rawInserts(ctx, s)
		if err != nil {
			return err
		}
		const key = "bench"
		bodies, err := s.bodyPool()
		if err != nil {
			return err
		}
		receiver := ingest.NewReceiver(bodies, nil)
		running, stop := context.WithCancel(ctx)
		defer stop()
		go func() { _ = receiver.Run(running) }()
		bc := *c
		bc.MetaAppSecrets, bc.MetaVerifyToken = []string{key}, "bench"
		v := &service{store: s, c: &bc, log: slog.New(slog.DiscardHandler), receiver: receiver}
		url, closeServer, err := v.benchServer(key)
		if err != nil {
			return err
		}
		defer closeServer()
		stopProfile, err := cpuProfile(b.CPUProfile)
		if err != nil {
			return err
		}
		closed := b.closedLoop(url, key)
		stopProfile()
		lat, missed := b.openLoop(url, key)
		fmt.Printf("raw multi-row inserts (batches of 200, two clients): %.0f rows/s\n", raw)
		fmt.Printf("acknowledged webhooks, %d connections:               %.0f/s\n", b.Connections, closed)
		fmt.Printf("ratio:                                               %.2f\n", closed/raw)
		fmt.Printf("open loop at %d/s: p50 %.1f ms, p99 %.1f ms, %d not acknowledged\n", b.Rate, ms(percentile(lat, 50)), ms(percentile(lat, 99)), missed)
		return nil
	})
}

func benchBody(i int64) []byte {
	return fmt.Appendf(nil, `{"object":"instagram","entry":[{"id":"17841400000000001","time":%d,"changes":[{"field":"comments","value":{"id":"1790%011d","text":"quanto costa il kayak doppio per il fine settimana?","from":{"id":"77%08d","username":"cliente%d"},"media":{"id":"179000000000%02d","media_product_type":"FEED"}}}]}]}`, time.Now().Unix(), i, i%50000, i%50000, i%40)
}

func (b benchReceiveCmd) rawInserts(ctx context.Context, s *store) (float64, error) {
	var rows atomic.Int64
	var failed atomic.Value
	end := time.Now().Add(time.Duration(b.Seconds) * time.Second)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for n := int64(0); time.Now().Before(end); n += 200 {
				r := inbox.NewRows()
				for i := range int64(200) {
					r.Add(benchBody(n + i))
				}
				if _, err := s.DB.ExecContext(ctx, `INSERT INTO deliveries (body) VALUES `+r.SQL(), r.Args...); err != nil {
					failed.Store(err)
					return
				}
				rows.Add(200)
			}
		})
	}
	wg.Wait()
	if err, ok := failed.Load().(error); ok {
		return 0, err
	}
	_, err := s.DB.ExecContext(ctx, `TRUNCATE deliveries`)
	return float64(rows.Load()) / float64(b.Seconds), err
}

// benchClient is fasthttp's: the load shares the machine with what it measures, so it must be light.
func benchClient(url string, connections int) *fasthttp.HostClient {
	u, _ := strings.CutPrefix(url, "http://")
	host, _, _ := strings.Cut(u, "/")
	return &fasthttp.HostClient{Addr: host, MaxConns: connections, MaxConnWaitTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, NoDefaultUserAgentHeader: true}
}

func send(client *fasthttp.HostClient, url string, w benchWebhook) bool {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	req.SetRequestURI(url)
	req.Header.SetMethod(http.MethodPost)
	req.Header.Set("X-Hub-Signature-256", w.signature)
	req.SetBodyRaw(w.body)
	return client.Do(req, res) == nil && res.StatusCode() == http.StatusOK
}

type benchWebhook struct {
	body      []byte
	signature string
}

// benchWebhooks are made before the clock starts: Meta's servers sign, not this machine.
func benchWebhooks(key string, first int64, n int) []benchWebhook {
	list := make([]benchWebhook, n)
	for i := range list {
		body := benchBody(first + int64(i))
		list[i] = benchWebhook{body, meta.Sign(body, key)}
	}
	return list
}

func (b benchReceiveCmd) closedLoop(url, key string) float64 {
	client := benchClient(url, b.Connections)
	list := benchWebhooks(key, 0, 100_000) // goes round: receiving keeps a body as often as it comes
	var n, next atomic.Int64
	end := time.Now().Add(time.Duration(b.Seconds) * time.Second)
	var wg sync.WaitGroup
	for range b.Connections {
		wg.Go(func() {
			for time.Now().Before(end) {
				if send(client, url, list[next.Add(1)%int64(len(list))]) {
					n.Add(1)
				}
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / float64(b.Seconds)
}

func (b benchReceiveCmd) openLoop(url, key string) ([]time.Duration, int64) {
	client := benchClient(url, 256)
	list := benchWebhooks(key, 1_000_000_000, b.Rate*b.Seconds)
	var mu sync.Mutex
	var lat []time.Duration
	var missed atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	gap := time.Second / time.Duration(b.Rate)
	for i := range int64(b.Rate * b.Seconds) {
		due := start.Add(time.Duration(i) * gap)
		if d := time.Until(due); d > 0 {
			time.Sleep(d)
		}
		wg.Go(func() {
			ok := send(client, url, list[i])
			took := time.Since(due) // from when it was due, so that a late start is not hidden
			if !ok {
				missed.Add(1)
				return
			}
			mu.Lock()
			lat = append(lat, took)
			mu.Unlock()
		})
	}
	wg.Wait()
	return lat, missed.Load()
}

func percentile(list []time.Duration, p int) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, len(list)*p/100)]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// cpuProfile starts one where a file is named.
func cpuProfile(file string) (stop func(), err error) {
	if file == "" {
		return func() {}, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, fmt.Errorf("write the CPU profile: %w", err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil
}

type benchPipelineCmd struct {
	Events     int    `default:"20000" help:"Events of the throughput part."`
	CPUProfile string `name:"cpu-profile" help:"Write a CPU profile to this file."`
}

// Run measures the whole pipeline: kept webhook → event → contact, comment row, verdict, action row.
func (b benchPipelineCmd) Run(ctx context.Context, c *config) error {
	return c.bench(ctx, func(s *store) error {
		w, err := inbox.EnsureWorkspace(ctx, s.DB, "bench")
		if err != nil {
			return err
		}
		if err := s.inTx(ctx, func(tx *sqlx.Tx) error {
			_, err := inbox.AddAccount(ctx, tx, s.Keys, inbox.NewAccount{WorkspaceID: w.ID, Channel: "instagram", ExternalID: "17841400000000001", BaseURL: "http://127.0.0.1:1", Token: "bench"})
			if err == nil {
				_, err = tx.ExecContext(ctx, `INSERT INTO triggers (workspace_id, name, state, keywords, public_replies, purpose) VALUES ($1, 'bench', 'live', '[{"language":"","words":["costa"]}]', '{"it":["Grazie!"]}', 'answer')`, w.ID)
			}
			return err
		}); err != nil {
			return err
		}
		stopProfile, err := cpuProfile(b.CPUProfile)
		if err != nil {
			return err
		}
		defer stopProfile()
		perSecond, err := b.throughput(ctx, s)
		if err != nil {
			return err
		}
		fmt.Printf("pipeline: %.0f events/s (event, contact, comment, verdict, action row), %d events, two workers\n", perSecond, b.Events)
		return nil
	})
}

func (b benchPipelineCmd) throughput(ctx context.Context, s *store) (float64, error) {
	rows := 0
	for rows < b.Events {
		r := inbox.NewRows()
		for range 200 {
			r.Add(benchBody(int64(rows)))
			rows++
		}
		if _, err := s.DB.ExecContext(ctx, `INSERT INTO deliveries (body) VALUES `+r.SQL(), r.Args...); err != nil {
			return 0, err
		}
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	directory := ingest.NewDirectory(s.DB)
	wake := make(chan struct{})
	split := &ingest.Splitter{DB: s.DB, Accounts: directory, Parse: webhook.Parse, Log: log, Wake: wake}
	running, stop := context.WithCancel(ctx)
	defer stop()
	engines := &ingest.Engines{New: moderation.EngineFor}
	ids := inbox.NewIDs(s.DB)
	moderation.Shipped()
	start := time.Now()
	var wg sync.WaitGroup
	wg.Go(func() { _ = split.Run(running) })
	for i := range deciderCount {
		d := &ingest.Decider{DB: s.DB, Accounts: directory, IDs: ids, Ledger: s.Ledger, Engines: engines, ReferenceKey: []byte("bench"), AskLLM: func() bool { return false }, Now: time.Now, Log: log, Wake: wake,
			Lanes: &jobs.Lanes{DB: s.DB, Holder: fmt.Sprintf("bench-%d", i), Share: func(lane int16) bool { return int(lane)%deciderCount == i }}}
		wg.Go(func() { _ = d.Run(running) })
	}
	for {
		var done int
		if err := s.DB.GetContext(ctx, &done, `SELECT count(*) FROM events WHERE state = 'done'`); err != nil {
			return 0, err
		}
		if done >= b.Events {
			break
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	took := time.Since(start)
	stop()
	wg.Wait()
	var sample struct {
		Verdicts int `db:"verdicts"`
		Actions  int `db:"actions"`
	}
	if err := s.DB.GetContext(ctx, &sample, `SELECT (SELECT count(*) FROM verdicts) AS verdicts, (SELECT count(*) FROM actions) AS actions`); err != nil {
		return 0, err
	}
	out, _ := json.Marshal(sample)
	fmt.Printf("rows made: %s\n", out)
	return float64(b.Events) / took.Seconds(), nil
}

// benchServer serves the webhook route alone, as production does.
func (v *service) benchServer(key string) (address string, stop func(), err error) {
	app := v.webhookApp(key)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	go func() { _ = app.Listener(l) }()
	return "http://" + l.Addr().String() + "/webhooks/meta", func() { _ = app.Shutdown() }, nil
}

func (v *service) webhookApp(key string) *fiber.App {
	return api.New(api.Deps{DB: v.DB, Log: v.log, Keys: v.Keys, Ledger: v.Ledger, Receive: v.receiver.Receive,
		Verify: func(body []byte, header string) bool { return meta.VerifySignature(body, header, []string{key}) }}).App
}

// otherDatabase is the same server's address with another database.
func otherDatabase(raw, name string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("the database's address is not a URL: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}
