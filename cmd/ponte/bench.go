package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/lib/pq"
	"github.com/valyala/fasthttp"

	"ponte/channels/meta"
)

type benchCmd struct {
	Receive  benchReceiveCmd  `cmd:"" help:"Durable acknowledged webhooks a second against raw multi-row inserts, then open loop."`
	Pipeline benchPipelineCmd `cmd:"" help:"Events a second from kept webhook to verdict and action row; then the time from acknowledgement to action row."`
	Hotpost  benchHotpostCmd  `cmd:"" help:"The pipeline's rate for comments on one post against the same comments spread over many, with a trigger that answers them."`
	Inbox    benchInboxCmd    `cmd:"" help:"What the inbox asks of the server, on the database as it is; fill one with 'ponte seed'."`
	Overload benchOverloadCmd `cmd:"" help:"Memory of a serving process under more than it can do."`
}

const benchKey = "a key for measuring, of no other use"

// bench runs in a scratch database beside the configured one, which is not touched.
func (c *config) bench(ctx context.Context, f func(s *store) error) error {
	if c.SecretKey != benchKey {
		c.SecretKey = benchKey
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

func benchBody(i int64) []byte {
	return fmt.Appendf(nil, `{"object":"instagram","entry":[{"id":"17841400000000001","time":%d,"changes":[{"field":"comments","value":{"id":"1790%011d","text":"quanto costa il kayak doppio per il fine settimana?","from":{"id":"77%08d","username":"cliente%d"},"media":{"id":"179000000000%02d","media_product_type":"FEED"}}}]}]}`, time.Now().Unix(), i, i%200000, i%200000, i%40)
}

// benchClient is fasthttp's: the load shares the machine with what it measures, so it must be light.
func benchClient(url string, connections int) *fasthttp.HostClient {
	host, _ := hostAndPath(url)
	return &fasthttp.HostClient{Addr: host, MaxConns: connections, MaxConnWaitTimeout: 10 * time.Second, ReadTimeout: 10 * time.Second, NoDefaultUserAgentHeader: true}
}

func hostAndPath(url string) (host, path string) {
	u, _ := strings.CutPrefix(url, "http://")
	host, path, _ = strings.Cut(u, "/")
	return host, "/" + path
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

// otherDatabase is the same server's address with another database.
func otherDatabase(raw, name string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", fmt.Errorf("the database's address is not a URL: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}
