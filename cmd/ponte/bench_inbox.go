package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/inbox"
)

// benchInboxCmd measures what the inbox asks of the server, on the database as it is.
type benchInboxCmd struct {
	Workspace string `default:"seed" help:"Workspace, best one that 'ponte seed' filled."`
	Times     int    `default:"60" help:"How often each request is made."`
}

// Run prints the median and the 95th percentile of each request, whole, over HTTP.
func (b benchInboxCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, b.Workspace, func(s *store, w inbox.Workspace) error {
		var token string
		var id int64
		err := s.inTx(ctx, func(tx *sqlx.Tx) error {
			t, plain, err := auth.AddToken(ctx, tx, w.ID, "bench inbox", auth.Owner, nil, "cli")
			token, id = plain, t.ID
			return err
		})
		if err != nil {
			return err
		}
		defer func() {
			_, _ = s.DB.ExecContext(context.WithoutCancel(ctx), `UPDATE api_tokens SET revoked_at = now() WHERE workspace_id = $1 AND id = $2`, w.ID, id)
		}()
		v, err := build(ctx, c, s, "", c.logger())
		if err != nil {
			return err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("listen: %w", err)
		}
		served := make(chan error, 1)
		go func() { served <- v.server.App.Listener(l) }()
		i := inboxBench{DB: s.DB, workspace: w.ID, url: "http://" + l.Addr().String() + "/api/v1", token: token, times: b.Times}
		err = i.run(ctx)
		http.DefaultClient.CloseIdleConnections() // the server waits for them
		return errors.Join(err, v.server.App.ShutdownWithTimeout(5*time.Second), <-served)
	})
}

type inboxBench struct {
	*sqlx.DB
	workspace  int64
	url, token string
	times      int
}

func (b *inboxBench) run(ctx context.Context) error {
	var size struct {
		Conversations int64 `db:"conversations"`
		Messages      int64 `db:"messages"`
		Contacts      int64 `db:"contacts"`
	}
	if err := b.GetContext(ctx, &size, sqlSeeded, b.workspace); err != nil {
		return fmt.Errorf("count: %w", err)
	}
	fmt.Printf("%d conversations, %d messages, %d contacts\n\n| request | median | p95 | slowest |\n| --- | --- | --- | --- |\n", size.Conversations, size.Messages, size.Contacts)
	deep, err := b.deepCursor(ctx)
	if err != nil {
		return err
	}
	long, some, err := b.threads(ctx)
	if err != nil {
		return err
	}
	for _, r := range []struct {
		name string
		path func(n int) string
	}{
		{"list: all", func(int) string { return "/conversations?limit=50" }},
		{"list: all, page 40", func(int) string { return "/conversations?limit=50&cursor=" + url.QueryEscape(deep) }},
		{"list: open", func(int) string { return "/conversations?limit=50&state=open" }},
		{"list: waiting", func(int) string { return "/conversations?limit=50&view=waiting" }},
		{"list: overdue", func(int) string { return "/conversations?limit=50&view=overdue" }},
		{"list: unassigned", func(int) string { return "/conversations?limit=50&view=unassigned&state=open" }},
		{"list: spam", func(int) string { return "/conversations?limit=50&view=spam" }},
		{"list: one channel, resolved", func(int) string { return "/conversations?limit=50&state=resolved&channel=messenger" }},
		{"search: a frequent word", func(int) string { return "/conversations?limit=50&q=voucher" }},
		{"search: a number said once", func(n int) string {
			return fmt.Sprintf("/conversations?limit=50&q=%d", (n*7919%int(max(size.Conversations, 1)))*10+1)
		}},
		{"search: a name", func(int) string { return "/conversations?limit=50&q=Giulia+Orsini" }},
		{"search: what nobody said", func(n int) string { return fmt.Sprintf("/conversations?limit=50&q=zzgrmblx%d", n) }},
		{"conversation", func(n int) string { return fmt.Sprintf("/conversations/%d", some[n%len(some)]) }},
		{"messages", func(n int) string { return fmt.Sprintf("/conversations/%d/messages?limit=50", some[n%len(some)]) }},
		{"messages: thread of 5,000", func(int) string { return fmt.Sprintf("/conversations/%d/messages?limit=50", long) }},
		{"home", func(int) string { return "/overview" }},
	} {
		if err := b.measure(ctx, r.name, r.path); err != nil {
			return err
		}
	}
	return b.scroll(ctx, long)
}

// measure asks one after the other, as one agent does; the first answers warm the caches and do not count.
func (b *inboxBench) measure(ctx context.Context, name string, path func(n int) string) error {
	took := make([]time.Duration, 0, b.times)
	for n := range b.times + 3 {
		began := time.Now()
		if _, err := b.get(ctx, path(n)); err != nil {
			return err
		}
		if n >= 3 {
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	show := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }
	fmt.Printf("| %s | %s | %s | %s |\n", name, show(took[len(took)/2]), show(took[len(took)*95/100]), show(took[len(took)-1]))
	return nil
}

func (b *inboxBench) get(ctx context.Context, path string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.url+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+b.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %d: %s", path, res.StatusCode, body)
	}
	return body, err
}

// deepCursor goes to the fortieth page as a reader would.
func (b *inboxBench) deepCursor(ctx context.Context) (string, error) {
	next := ""
	for range 39 {
		body, err := b.get(ctx, "/conversations?limit=50&cursor="+url.QueryEscape(next))
		if err != nil {
			return "", err
		}
		var page struct {
			Next string `json:"next"`
		}
		if err := json.Unmarshal(body, &page); err != nil || page.Next == "" {
			return next, err
		}
		next = page.Next
	}
	return next, nil
}

// threads are the longest conversation and some of the others.
func (b *inboxBench) threads(ctx context.Context) (long int64, some []int64, err error) {
	if err = b.SelectContext(ctx, &some, `SELECT id FROM conversations WHERE workspace_id = $1 ORDER BY md5(id::text) LIMIT 50`, b.workspace); err != nil {
		return 0, nil, fmt.Errorf("choose conversations: %w", err)
	}
	if len(some) == 0 {
		return 0, nil, usageError{errors.New("the workspace has no conversation: run 'ponte seed' first")}
	}
	err = b.GetContext(ctx, &long, `SELECT id FROM conversations WHERE workspace_id = $1 ORDER BY revision DESC, id LIMIT 1`, b.workspace)
	return long, some, err
}

// scroll reads the longest conversation from its end to its beginning, page by page.
func (b *inboxBench) scroll(ctx context.Context, id int64) error {
	began, pages, read, next, worst := time.Now(), 0, 0, "0", time.Duration(0)
	for {
		at := time.Now()
		body, err := b.get(ctx, fmt.Sprintf("/conversations/%d/messages?limit=200&before=%s", id, url.QueryEscape(next)))
		if err != nil {
			return err
		}
		worst = max(worst, time.Since(at))
		var page struct {
			Items []json.RawMessage `json:"items"`
			Next  string            `json:"next"`
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return fmt.Errorf("read a page: %w", err)
		}
		pages, read = pages+1, read+len(page.Items)
		if next = page.Next; next == "" {
			break
		}
	}
	fmt.Printf("\nthe longest conversation, %d messages in %d pages: %.0f ms, the slowest page %.0f ms\n", read, pages, float64(time.Since(began).Milliseconds()), float64(worst.Milliseconds()))
	return nil
}
