package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/jmoiron/sqlx"

	"ponte/api"
	"ponte/channels/meta"
	"ponte/inbox"
	"ponte/ingest"
)

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

func (b benchReceiveCmd) rawInserts(ctx context.Context, s *store) (float64, error) {
	plain, err := sqlx.Open("postgres", s.URL) // lib/pq as it comes, without the settings of our own pools
	if err != nil {
		return 0, errNoAddress
	}
	defer plain.Close()
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
				if _, err := plain.ExecContext(ctx, `INSERT INTO deliveries (body) `+r.SQL(), r.Args()...); err != nil {
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
	_, err = s.DB.ExecContext(ctx, `TRUNCATE deliveries`)
	return float64(rows.Load()) / float64(b.Seconds), err
}

func (b benchReceiveCmd) closedLoop(url, key string) float64 {
	list := benchWebhooks(key, 0, 100_000) // goes round: receiving keeps a body as often as it comes
	host, path := hostAndPath(url)
	requests := make([][]byte, len(list))
	for i, w := range list {
		requests[i] = fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nX-Hub-Signature-256: %s\r\nContent-Length: %d\r\n\r\n%s", path, host, w.signature, len(w.body), w.body)
	}
	var n, next atomic.Int64
	end := time.Now().Add(time.Duration(b.Seconds) * time.Second)
	var wg sync.WaitGroup
	for range b.Connections {
		wg.Go(func() {
			conn, err := net.Dial("tcp", host)
			if err != nil {
				return
			}
			defer conn.Close()
			var answer [1024]byte
			for time.Now().Before(end) && exchange(conn, requests[next.Add(1)%int64(len(requests))], answer[:]) {
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / float64(b.Seconds)
}

// exchange writes a request that was made beforehand and reads its short answer: what the generator
// spends is taken from what it measures, and Meta's servers are elsewhere.
func exchange(conn net.Conn, request, answer []byte) bool {
	if _, err := conn.Write(request); err != nil {
		return false
	}
	read := 0
	for {
		n, err := conn.Read(answer[read:])
		if err != nil {
			return false
		}
		read += n
		head := bytes.Index(answer[:read], []byte("\r\n\r\n"))
		if head < 0 {
			continue
		}
		length := 0
		if at := bytes.Index(answer[:head], []byte("Content-Length: ")); at >= 0 {
			for _, c := range answer[at+len("Content-Length: ") : head] {
				if c < '0' || c > '9' {
					break
				}
				length = length*10 + int(c-'0')
			}
		}
		if read >= head+4+length {
			return bytes.HasPrefix(answer[:read], []byte("HTTP/1.1 200 "))
		}
	}
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
		Verify: meta.NewVerifier([]string{key}).Verify}).App
}
