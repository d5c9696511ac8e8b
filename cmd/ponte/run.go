package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/campaign"
	"ponte/consent"
	"ponte/inbox"
	"ponte/ingest"
	"ponte/rehearsal"
	"ponte/router"
	"ponte/suggest"
)

// The demo's fixed words: everything here listens on this machine only.
const (
	demoEmail       = "owner@ponte.local"
	demoPassword    = "bondi-kayaks-demo"
	demoVerifyToken = "rehearsal"
	demoAppID       = "900000000000001"
)

type rehearseCmd struct {
	Listen  string `default:"127.0.0.1:8090" help:"Address to serve the stand-in on."`
	Webhook string `default:"http://127.0.0.1:8080/webhooks/meta" help:"Where to send webhooks."`
	Control bool   `help:"Serve the control API, with which one plays the customer."`
	Demo    bool   `help:"Seed the demo brand when the log is empty."`
}

// Run stands in for the Graph API. It signs with the first of PONTE_META_APP_SECRETS.
func (r rehearseCmd) Run(ctx context.Context, c *config) error {
	secrets := c.appSecrets()
	if len(secrets) == 0 {
		return usageError{errors.New("PONTE_META_APP_SECRETS is missing: the stand-in signs its webhooks with the first of them")}
	}
	s, err := rehearsal.New(rehearsal.Options{Addr: r.Listen, DataDir: filepath.Join(c.DataDir, "rehearsal"), WebhookURL: r.Webhook, AppID: c.MetaAppID, AppSecret: secrets[0],
		VerifyToken: c.MetaVerifyToken, Control: r.Control, Demo: r.Demo, Log: c.logger()})
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

type runCmd struct{}

// Run serves on embedded defaults: keys made on the first start, a private PostgreSQL, the rehearsal as
// a process of its own with a lived-in demo brand.
func (runCmd) Run(ctx context.Context, c *config) error {
	if err := c.demoDefaults(); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return usageError{fmt.Errorf("--addr %q is not host:port", c.Addr)}
	}
	if host == "" || host == "0.0.0.0" || host == "::" {
		return usageError{errors.New("the demo has a known password, so it serves on this machine only: use ponte serve to be reached from outside")}
	}
	graph, err := freeAddress("127.0.0.1:8090")
	if err != nil {
		return err
	}
	c.GraphURL = "http://" + graph
	local := "http://" + net.JoinHostPort(host, port)
	if c.PublicURL == "" {
		c.PublicURL = local
	}
	rehearse, err := c.startRehearsal(graph, local+"/webhooks/meta")
	if err != nil {
		return err
	}
	defer stopProcess(rehearse)
	return c.serve(ctx, c.GraphURL, func(v *service) error {
		fresh, err := v.seedDemo(ctx)
		if err != nil {
			return fmt.Errorf("seed the demo brand: %w", err)
		}
		if fresh {
			go v.openDemo(ctx)
		}
		fmt.Printf("ponte is at %s – sign in as %s with password %s (Ctrl-C stops everything)\n", local, demoEmail, demoPassword)
		return nil
	})
}

// demoDefaults stands in for what an operator sets; what is set by hand wins.
func (c *config) demoDefaults() error {
	c.demo = true
	if c.LogLevel == "info" {
		c.LogLevel = "warn" // the one line with where to go should be what one sees
	}
	for name, into := range map[string]*string{"secret-key": &c.SecretKey} {
		if *into == "" {
			key, err := c.makeDevKey(name)
			if err != nil {
				return err
			}
			*into = key
		}
	}
	if len(c.MetaAppSecrets) == 0 {
		key, err := c.makeDevKey("app-secret")
		if err != nil {
			return err
		}
		c.MetaAppSecrets = []string{key}
	}
	if c.MetaVerifyToken == "" {
		c.MetaVerifyToken = demoVerifyToken
	}
	if c.MetaAppID == "" {
		c.MetaAppID = demoAppID
	}
	return nil
}

func (c *config) makeDevKey(name string) (string, error) {
	if key, err := c.devKey(name); err == nil && key != "" {
		return key, nil
	}
	var b [32]byte
	_, _ = rand.Read(b[:])
	key := hex.EncodeToString(b[:])
	dir := filepath.Join(c.DataDir, "demo")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the data directory: %w", err)
	}
	return key, os.WriteFile(filepath.Join(dir, name), []byte(key+"\n"), 0o600)
}

// freeAddress prefers the usual port, so that links stay the same from one start to the next.
func freeAddress(want string) (string, error) {
	for _, addr := range []string{want, "127.0.0.1:0"} {
		l, err := net.Listen("tcp", addr)
		if err == nil {
			got := l.Addr().String()
			return got, l.Close()
		}
	}
	return "", errors.New("no port is free on this machine")
}

func (c *config) startRehearsal(addr, webhook string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program: %w", err)
	}
	cmd := exec.Command(self, "rehearse", "--listen", addr, "--webhook", webhook, "--control", "--demo")
	cmd.Env = append(os.Environ(), "PONTE_DATA_DIR="+c.DataDir, "PONTE_META_APP_SECRETS="+c.MetaAppSecrets[0], "PONTE_META_APP_ID="+c.MetaAppID, "PONTE_META_VERIFY_TOKEN="+c.MetaVerifyToken)
	cmd.Stderr = os.Stderr
	// Should ponte be killed, the stand-in ends as well; a group of its own keeps Ctrl-C for ponte, which
	// then stops it in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the rehearsal: %w", err)
	}
	for range 100 {
		if conn, err := net.DialTimeout("tcp", addr, 100*time.Millisecond); err == nil {
			return cmd, conn.Close()
		}
		time.Sleep(30 * time.Millisecond)
	}
	stopProcess(cmd)
	return nil, errors.New("the rehearsal did not start")
}

func stopProcess(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _, _ = cmd.Process.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(5 * time.Second):
		_ = cmd.Process.Kill()
		<-done
	}
}

// openDemo lets customers of the demo brand write once its history has been read, so that a newcomer finds
// work and sees it come in.
func (v *service) openDemo(ctx context.Context) {
	for range 60 {
		var reading int
		if err := v.DB.GetContext(ctx, &reading, `SELECT count(*) FROM accounts WHERE backfill->>'wanted' = 'true'`); err == nil && reading == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(500 * time.Millisecond):
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.c.GraphURL+"/control/today", strings.NewReader("{}"))
	if err == nil {
		var res *http.Response
		if res, err = http.DefaultClient.Do(req); err == nil {
			err = res.Body.Close()
		}
	}
	if err != nil && ctx.Err() == nil {
		v.log.Warn("the demo's customers could not be heard", "error", err)
	}
}

// seedDemo connects the demo brand once: accounts, owner, triggers, knowledge, wordings. It says whether
// this was the first time.
func (v *service) seedDemo(ctx context.Context) (fresh bool, err error) {
	var users int
	if err := v.DB.GetContext(ctx, &users, `SELECT count(*) FROM users`); err != nil {
		return false, err
	}
	if users > 0 {
		return false, v.renewDemoAddresses(ctx)
	}
	err = v.inTx(ctx, func(tx *sqlx.Tx) error {
		w, err := inbox.EnsureWorkspace(ctx, tx, "Bondi Kayaks")
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE workspaces SET brand = 'Bondi Kayaks', legal_name = 'Bondi Kayaks Pty Ltd', contact = 'hello@bondikayaks.example' WHERE id = $1`, w.ID); err != nil {
			return err
		}
		if err := consent.EnsureWordings(ctx, tx, w.ID, "Bondi Kayaks"); err != nil {
			return err
		}
		if _, err := auth.AddUser(ctx, tx, auth.NewUser{WorkspaceID: w.ID, Email: demoEmail, Name: "Demo owner", Role: "owner", Password: demoPassword, Actor: "cli"}); err != nil {
			return err
		}
		whatsApp, err := v.connectDemo(ctx, tx, w.ID)
		if err != nil {
			return err
		}
		if err := seedTriggers(ctx, tx, w.ID, whatsApp); err != nil {
			return err
		}
		return seedKnowledge(ctx, tx, w.ID)
	})
	if err != nil {
		return false, err
	}
	var workspace int64
	if err := v.DB.GetContext(ctx, &workspace, `SELECT min(id) FROM workspaces`); err != nil {
		return false, err
	}
	_, err = v.newSyncer().Workspace(ctx, workspace)
	return true, err
}

func (v *service) connectDemo(ctx context.Context, tx *sqlx.Tx, workspace int64) (whatsApp int64, err error) {
	for _, d := range rehearsal.DemoAccounts() {
		a, err := inbox.AddAccount(ctx, tx, v.Keys, inbox.NewAccount{WorkspaceID: workspace, Channel: d.Channel, ExternalID: d.ID, Name: d.Name, BaseURL: v.c.GraphURL, Token: d.Token, WABAID: d.WABA, Phone: d.Phone})
		if err != nil {
			return 0, err
		}
		if d.Channel == "whatsapp" {
			whatsApp = a.ID
			continue
		}
		if err := ingest.WantBackfill(ctx, tx, workspace, a.ID); err != nil {
			return 0, err
		}
	}
	return whatsApp, nil
}

// renewDemoAddresses follows the rehearsal to the port it got this time.
func (v *service) renewDemoAddresses(ctx context.Context) error {
	_, err := v.DB.ExecContext(ctx, `UPDATE accounts SET base_url = $1 WHERE base_url LIKE 'http://127.0.0.1:%' AND base_url <> $1 AND external_id = ANY (ARRAY['1100000000000001','17841400000000001','210000000000001'])`, v.c.GraphURL)
	return err
}

func seedTriggers(ctx context.Context, tx *sqlx.Tx, workspace, whatsApp int64) error {
	var list []router.Trigger
	if err := json.Unmarshal(demoTriggers, &list); err != nil {
		return fmt.Errorf("read the demo triggers: %w", err)
	}
	for _, t := range list {
		t.HandoffAccountID = &whatsApp
		if faults := t.Validate(); len(faults) > 0 {
			return faults[0]
		}
		t.Purpose = "answer"
		id, err := campaign.Save(ctx, tx, workspace, t, nil, time.Now())
		if err == nil {
			_, err = campaign.SetState(ctx, tx, workspace, id, "live", time.Now())
		}
		if err != nil {
			return fmt.Errorf("make trigger %s: %w", t.Name, err)
		}
	}
	return nil
}

func seedKnowledge(ctx context.Context, tx *sqlx.Tx, workspace int64) error {
	var d struct {
		Articles     []suggest.Article    `json:"articles"`
		QuickReplies []suggest.QuickReply `json:"quick_replies"`
	}
	if err := json.Unmarshal(demoKnowledge, &d); err != nil {
		return fmt.Errorf("read the demo knowledge: %w", err)
	}
	for _, a := range d.Articles {
		a.WorkspaceID = workspace
		if _, err := suggest.SaveArticle(ctx, tx, a); err != nil {
			return err
		}
	}
	for _, q := range d.QuickReplies {
		q.WorkspaceID = workspace
		if _, err := suggest.SaveQuickReply(ctx, tx, q); err != nil {
			return err
		}
	}
	return nil
}
