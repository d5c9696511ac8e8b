package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels/meta"
	"ponte/inbox"
)

const benchSecret = "bench"

// benchServe is a serving process of this program on the scratch database, as production runs it; the
// network it calls answers at once.
type benchServe struct {
	cmd     *exec.Cmd
	url     string
	network *httptest.Server
	dir     string
}

func startServe(ctx context.Context, s *store) (*benchServe, error) {
	var calls atomic.Int64
	b := &benchServe{network: httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		id := strconv.FormatInt(1_000_000+calls.Add(1), 10)
		_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "message_id": id, "recipient_id": id, "success": true})
	}))}
	var err error
	if b.dir, err = os.MkdirTemp("", "ponte-bench-"); err != nil {
		return nil, fmt.Errorf("make a directory for the serving process: %w", err)
	}
	if err := s.inTx(ctx, func(tx *sqlx.Tx) error { return benchAccount(ctx, tx, s, b.network.URL) }); err != nil {
		return nil, errors.Join(err, b.stop())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, b.stop())
	}
	addr := l.Addr().String()
	_ = l.Close()
	self, err := os.Executable()
	if err != nil {
		return nil, errors.Join(err, b.stop())
	}
	b.url = "http://" + addr
	b.cmd = exec.Command(self, "serve")
	b.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "PONTE_ADDR=" + addr, "PONTE_PUBLIC_URL=" + b.url, "PONTE_DATA_DIR=" + b.dir, "PONTE_DATABASE_URL=" + s.URL,
		"PONTE_SECRET_KEY=" + benchKey, "PONTE_META_APP_SECRETS=" + benchSecret, "PONTE_META_VERIFY_TOKEN=bench", "PONTE_LOG_LEVEL=error"}
	b.cmd.Stderr = os.Stderr
	if err := b.cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the serving process: %w", err), b.stop())
	}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get(b.url + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return b, nil
			}
		}
	}
	return nil, errors.Join(errors.New("the serving process is not ready after 20 seconds"), b.stop())
}

func (b *benchServe) stop() error {
	if b.cmd != nil && b.cmd.Process != nil {
		_ = b.cmd.Process.Signal(syscall.SIGTERM)
		_ = b.cmd.Wait()
	}
	b.network.Close()
	return os.RemoveAll(b.dir)
}

// memory is the process's resident memory and its highest so far, in MB.
func (b *benchServe) memory() (now, highest int) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", b.cmd.Process.Pid))
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(status)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kb, _ := strconv.Atoi(f[1])
		switch f[0] {
		case "VmRSS:":
			now = kb >> 10
		case "VmHWM:":
			highest = kb >> 10
		}
	}
	return now, highest
}

// benchAccount connects the account that the webhooks are for, with one trigger that answers them.
func benchAccount(ctx context.Context, tx *sqlx.Tx, s *store, network string) error {
	w, err := inbox.EnsureWorkspace(ctx, tx, "bench")
	if err != nil {
		return err
	}
	if _, err := inbox.AddAccount(ctx, tx, s.Keys, inbox.NewAccount{WorkspaceID: w.ID, Channel: "instagram", ExternalID: "17841400000000001", BaseURL: network, Token: "bench"}); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO triggers (workspace_id, name, state, keywords, public_replies, purpose) VALUES ($1, 'bench', 'live', '[{"language":"","words":["costa"]}]', '{"it":["Grazie!"]}', 'answer')`, w.ID)
	return err
}

type benchOverloadCmd struct {
	Seconds int `default:"60" help:"How long the overload lasts."`
	Big     int `default:"64" help:"Bodies of 4 MB sent at once, in the middle of it."`
}

// Run sends as many webhooks as a serving process will take and, in the middle, bodies of the largest
// size all at once, and prints its memory before and at its highest.
func (b benchOverloadCmd) Run(ctx context.Context, c *config) error {
	return c.bench(ctx, func(s *store) error {
		serve, err := startServe(ctx, s)
		if err != nil {
			return err
		}
		time.Sleep(2 * time.Second)
		idle, _ := serve.memory()
		var kept, refused atomic.Int64
		var wg sync.WaitGroup
		end := time.Now().Add(time.Duration(b.Seconds) * time.Second)
		client, list := benchClient(serve.url, 256), benchWebhooks(benchSecret, 0, 200_000)
		var next atomic.Int64
		for range 128 {
			wg.Go(func() {
				for time.Now().Before(end) && ctx.Err() == nil {
					if send(client, serve.url+"/webhooks/meta", list[next.Add(1)%int64(len(list))]) {
						kept.Add(1)
					} else {
						refused.Add(1)
					}
				}
			})
		}
		time.Sleep(time.Duration(b.Seconds) * time.Second / 2)
		bigKept, bigRefused := b.sendBig(serve.url)
		wg.Wait()
		after, highest := serve.memory()
		var pending int
		if err := s.DB.GetContext(ctx, &pending, `SELECT count(*) FROM deliveries WHERE state = 'pending'`); err != nil {
			return errors.Join(err, serve.stop())
		}
		fmt.Printf("overload of %d s: %d webhooks kept, %d refused, %d waiting to be split at the end\n", b.Seconds, kept.Load(), refused.Load(), pending)
		fmt.Printf("%d bodies of 4 MB at once: %d kept, %d refused\n", b.Big, bigKept, bigRefused)
		fmt.Printf("resident memory of the serving process: %d MB idle, %d MB at its highest, %d MB at the end\n", idle, highest, after)
		return serve.stop()
	})
}

func (b benchOverloadCmd) sendBig(url string) (kept, refused int64) {
	body := []byte(`{"object":"instagram","entry":[{"id":"1","time":1,"changes":[],"padding":"` + strings.Repeat("x", 4<<20-100) + `"}]}`)
	w := benchWebhook{body, meta.Sign(body, benchSecret)}
	client := benchClient(url, b.Big)
	client.ReadTimeout, client.WriteTimeout = 60*time.Second, 60*time.Second
	var k, r atomic.Int64
	var wg sync.WaitGroup
	for range b.Big {
		wg.Go(func() {
			if send(client, url+"/webhooks/meta", w) {
				k.Add(1)
			} else {
				r.Add(1)
			}
		})
	}
	wg.Wait()
	return k.Load(), r.Load()
}
