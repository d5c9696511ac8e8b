package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lib/pq"

	"ponte/channels/webhook"
	"ponte/cluster"
	"ponte/inbox"
	"ponte/ingest"
	"ponte/jobs"
	"ponte/moderation"
	"ponte/outbox"
)

type benchPipelineCmd struct {
	Events     int    `default:"20000" help:"Events of the throughput part."`
	Rate       int    `default:"500" help:"Webhooks a second of the latency part."`
	Seconds    int    `default:"10" help:"How long the latency part runs."`
	CPUProfile string `name:"cpu-profile" help:"Write a CPU profile to this file."`
}

// Run measures the whole pipeline: kept webhook → event → contact, comment row, verdict, action row.
func (b benchPipelineCmd) Run(ctx context.Context, c *config) error {
	return c.bench(ctx, func(s *store) error {
		serve, err := startServe(ctx, s)
		if err != nil {
			return err
		}
		waits, err := b.latency(ctx, s, serve)
		if err := errors.Join(err, serve.stop()); err != nil {
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
		fmt.Printf("acknowledgement to action row at %d/s: p50 %.0f ms, p99 %.0f ms, %d webhooks, the outbox sending\n", b.Rate, ms(percentile(waits, 50)), ms(percentile(waits, 99)), len(waits))
		return nil
	})
}

// latency sends webhooks to a serving process at a fixed rate and looks after each commit of actions which
// have become visible. What is counted is from the acknowledgement to that look.
func (b benchPipelineCmd) latency(ctx context.Context, s *store, serve *benchServe) ([]time.Duration, error) {
	n := b.Rate * b.Seconds
	list := benchWebhooks(benchSecret, 0, n)
	client := benchClient(serve.url, 128)
	var mu sync.Mutex
	acked := make(map[string]time.Time, n)
	var refused atomic.Int64
	go func() {
		start, gap := time.Now(), time.Second/time.Duration(b.Rate)
		for i := range list {
			time.Sleep(time.Until(start.Add(time.Duration(i) * gap)))
			go func() {
				if !send(client, serve.url+"/webhooks/meta", list[i]) {
					refused.Add(1)
					return
				}
				mu.Lock()
				acked[fmt.Sprintf("1790%011d", i)] = time.Now()
				mu.Unlock()
			}()
		}
	}()
	commits, err := cluster.Listener(s.URL)
	if err != nil {
		return nil, err
	}
	defer commits.Close()
	if err := commits.Listen(outbox.Channel); err != nil {
		return nil, fmt.Errorf("listen for actions: %w", err)
	}
	var waits []time.Duration
	var newest int64
	known, quiet := []int64{}, false
	seen := make(map[string]bool, n)
	deadline := time.Now().Add(time.Duration(b.Seconds)*time.Second + 30*time.Second)
	for len(seen) < n-int(refused.Load()) {
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("only %d of %d webhooks have led to an action", len(seen), n)
		}
		// A worker that was stopped for a moment commits after others that drew higher ids: looking reaches back
		// for a thousand, and for all when nothing comes any more. It must be light, because it takes part in
		// what is measured.
		var rows []struct {
			ID      int64  `db:"id"`
			Comment string `db:"comment"`
		}
		reach := newest - 4*inbox.IDBlock
		if quiet {
			reach = 0
		}
		near := slices.DeleteFunc(slices.Clone(known), func(id int64) bool { return id <= reach })
		if err := s.DB.SelectContext(ctx, &rows, `SELECT id, call->>'comment_id' AS comment FROM actions WHERE id > $1 AND id <> ALL($2)`, reach, pq.Array(near)); err != nil {
			return nil, fmt.Errorf("look for actions: %w", err)
		}
		now := time.Now()
		mu.Lock()
		for _, r := range rows {
			newest, known = max(newest, r.ID), append(known, r.ID)
			if at, ok := acked[r.Comment]; ok && !seen[r.Comment] {
				seen[r.Comment] = true
				waits = append(waits, max(0, now.Sub(at)))
			}
		}
		mu.Unlock()
		select {
		case <-commits.Notify:
			quiet = false
		case <-time.After(time.Second):
			quiet = true
		}
	}
	return waits, nil
}

func (b benchPipelineCmd) throughput(ctx context.Context, s *store) (float64, error) {
	base := b.Rate * b.Seconds // other people and comments than those of the latency part
	perSecond, err := pipelineRate(ctx, s, base, b.Events, benchBody)
	if err != nil {
		return 0, err
	}
	var sample struct {
		Verdicts int `db:"verdicts"`
		Actions  int `db:"actions"`
	}
	if err := s.DB.GetContext(ctx, &sample, `SELECT (SELECT count(*) FROM verdicts) AS verdicts, (SELECT count(*) FROM actions) AS actions`); err != nil {
		return 0, err
	}
	out, _ := json.Marshal(sample)
	fmt.Printf("rows made: %s\n", out)
	return perSecond, nil
}

// pipelineRate keeps so many webhooks, numbered from base on, and then lets the splitter and the workers
// of a serving process at them; it returns the events that were decided a second.
func pipelineRate(ctx context.Context, s *store, base, events int, body func(i int64) []byte) (float64, error) {
	for rows := 0; rows < events; {
		r := inbox.NewRows()
		for range min(200, events-rows) {
			r.Add(body(int64(base + rows)))
			rows++
		}
		if _, err := s.DB.ExecContext(ctx, `INSERT INTO deliveries (body) `+r.SQL(), r.Args()...); err != nil {
			return 0, err
		}
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	directory := ingest.NewDirectory(s.DB)
	wake := make(chan struct{})
	split := &ingest.Splitter{DB: s.Loops, Accounts: directory, Parse: webhook.Parse, Log: log, Wake: wake}
	running, stop := context.WithCancel(ctx)
	defer stop()
	engines := &ingest.Engines{New: moderation.EngineFor}
	ids := inbox.NewIDs(s.DB)
	moderation.Shipped()
	start := time.Now()
	var wg sync.WaitGroup
	wg.Go(func() { _ = split.Run(running) })
	var decided atomic.Int64
	for i := range deciderCount {
		d := &ingest.Decider{DB: s.Loops, Accounts: directory, IDs: ids, Ledger: s.Ledger, Engines: engines, ReferenceKey: []byte("bench"), AskLLM: func() bool { return false }, Now: time.Now, Log: log, Wake: wake,
			OnBatch: func(n int, _ time.Duration) { decided.Add(int64(n)) },
			Lanes:   &jobs.Lanes{DB: s.DB, Holder: fmt.Sprintf("bench-%d", i), Share: func(lane int16) bool { return int(lane)%deciderCount == i }}}
		wg.Go(func() { _ = d.Run(running) })
	}
	if err := reach(ctx, &decided, int64(events)); err != nil {
		return 0, err
	}
	took := time.Since(start)
	var done int
	if err := s.DB.GetContext(ctx, &done, `SELECT count(*) FROM events WHERE state = 'done'`); err != nil {
		return 0, err
	}
	if done < base+events {
		return 0, fmt.Errorf("%d of %d events are done", done, base+events)
	}
	stop()
	wg.Wait()
	return float64(events) / took.Seconds(), nil
}

// reach waits until so many are counted. It looks at a number in memory: a query for what is pending took a
// seventh of the database's time, which is what is measured.
func reach(ctx context.Context, counted *atomic.Int64, want int64) error {
	moved, last := time.Now(), int64(0)
	for {
		n := counted.Load()
		if n >= want {
			return nil
		}
		if n > last {
			moved, last = time.Now(), n
		}
		if time.Since(moved) > time.Minute {
			return fmt.Errorf("%d of %d events were decided, and then none for a minute", n, want)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}
