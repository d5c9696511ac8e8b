package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/decisions"
	"ponte/inbox"
)

type policyCmd struct {
	List     policyListCmd     `cmd:"" help:"Versions, the newest first."`
	Add      policyAddCmd      `cmd:"" help:"Keep a document as a version, to try it."`
	Show     policyShowCmd     `cmd:"" help:"A version with its document and figures."`
	Backtest policyBacktestCmd `cmd:"" help:"Hold a version against stored history; the server works it in the background."`
	Cancel   policyCancelCmd   `cmd:"" help:"Stop a backtest."`
	Move     policyMoveCmd     `cmd:"" help:"Bring a version into another state: backtest, shadow, live, retired."`
}

type policyListCmd struct {
	Kind      string `help:"policy, thresholds, rules, rule, prompt or model."`
	State     string `help:"backtest, shadow, live or retired."`
	Most      int    `default:"50" help:"How many."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run lists versions.
func (p policyListCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, p.Workspace, func(s *store, w inbox.Workspace) error {
		list, err := decisions.ListVersions(ctx, s.DB, w.ID, p.Kind, p.State, 0, p.Most)
		for _, v := range list {
			printJSON(shortVersion(v))
		}
		return err
	})
}

func shortVersion(v decisions.Version) map[string]any {
	out := map[string]any{"id": v.ID, "kind": v.Kind, "version": v.Version, "state": v.State, "created_by": v.CreatedBy, "created_at": v.CreatedAt.UTC(), "state_at": v.StateAt.UTC()}
	for name, value := range map[string]string{"name": v.Name, "note": v.Note, "override": v.Override} {
		if value != "" {
			out[name] = value
		}
	}
	return out
}

type policyAddCmd struct {
	File      string `arg:"" help:"A JSON document; - for standard input."`
	Kind      string `default:"policy" enum:"policy,thresholds,rules,rule,prompt" help:"policy, thresholds, rules, rule, or prompt (a document {\"prompt\": \"moderate.v1\"})."`
	Note      string `help:"What it is for."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run keeps a version.
func (p policyAddCmd) Run(ctx context.Context, c *config) error {
	doc, err := readInput(p.File)
	if err != nil {
		return err
	}
	return c.with(ctx, p.Workspace, func(s *store, w inbox.Workspace) error {
		return s.inTx(ctx, func(tx *sqlx.Tx) error {
			v, err := decisions.AddVersion(ctx, tx, w.ID, decisions.NewVersion{Kind: p.Kind, Document: doc, Note: p.Note}, "cli")
			if err == nil {
				printJSON(shortVersion(v))
			}
			return err
		})
	})
}

type policyShowCmd struct {
	ID        int64  `arg:"" help:"The version."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run shows one version.
func (p policyShowCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, p.Workspace, func(s *store, w inbox.Workspace) error {
		v, err := decisions.LoadVersion(ctx, s.DB, w.ID, p.ID)
		if err != nil {
			return err
		}
		shadow, err := decisions.ReadShadow(ctx, s.DB, w.ID, p.ID)
		if err != nil {
			return err
		}
		tests, err := decisions.Backtests(ctx, s.DB, w.ID, p.ID)
		if err != nil {
			return err
		}
		out := shortVersion(v)
		out["document"], out["shadow"] = json.RawMessage(v.Document), shadow
		out["ready"], out["missing"] = shadow.Enough()
		backtests := make([]map[string]any, len(tests))
		for i, b := range tests {
			backtests[i] = shortBacktest(b)
		}
		out["backtests"] = backtests
		printJSON(out)
		return nil
	})
}

func shortBacktest(b decisions.Backtest) map[string]any {
	out := map[string]any{"id": b.ID, "version": b.VersionID, "state": b.State, "total": b.Total, "worked": b.Worked, "counts": b.Counts, "until": b.Until.UTC()}
	if b.Reason != "" {
		out["reason"] = b.Reason
	}
	if b.Since != nil {
		out["since"] = b.Since.UTC()
	}
	return out
}

type policyBacktestCmd struct {
	ID        int64  `arg:"" help:"The version."`
	Since     string `help:"Only what was judged since: a date such as 2026-03-01, or a time such as 720h."`
	Most      int    `help:"Only the newest so many texts; 0: all."`
	Here      bool   `help:"Work it in this process and print the result, instead of leaving it to the server."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run puts a backtest in line, and works it itself where that is asked for.
func (p policyBacktestCmd) Run(ctx context.Context, c *config) error {
	since, err := parseSince(p.Since, time.Now())
	if err != nil {
		return usageError{err}
	}
	return c.with(ctx, p.Workspace, func(s *store, w inbox.Workspace) error {
		var b decisions.Backtest
		err := s.inTx(ctx, func(tx *sqlx.Tx) error {
			b, err = decisions.AddBacktest(ctx, tx, w.ID, p.ID, since, p.Most, "cli")
			return err
		})
		if err != nil || !p.Here {
			if err == nil {
				printJSON(shortBacktest(b))
			}
			return err
		}
		return workHere(ctx, s, c, b)
	})
}

func workHere(ctx context.Context, s *store, c *config, b decisions.Backtest) error {
	worker := &decisions.Worker{DB: s.DB, Name: fmt.Sprintf("%s-cli-%d", hostName(), os.Getpid()), Log: c.logger(), Rest: func(context.Context, time.Duration) {}}
	for {
		if _, err := worker.Once(ctx); err != nil {
			return err
		}
		now, err := decisions.LoadBacktest(ctx, s.DB, b.WorkspaceID, b.ID)
		if err != nil {
			return err
		}
		switch now.State {
		case "done":
			counts, err := now.Result()
			if err == nil {
				printCounts(counts)
			}
			return err
		case "failed", "cancelled":
			return errors.New("the backtest ended: " + now.Reason)
		}
		select { // the server has taken it
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

type policyCancelCmd struct {
	ID        int64  `arg:"" help:"The backtest."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run stops a backtest.
func (p policyCancelCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, p.Workspace, func(s *store, w inbox.Workspace) error {
		return s.inTx(ctx, func(tx *sqlx.Tx) error {
			b, err := decisions.CancelBacktest(ctx, tx, w.ID, p.ID, "cli")
			if err == nil {
				printJSON(shortBacktest(b))
			}
			return err
		})
	})
}

type policyMoveCmd struct {
	ID        int64  `arg:"" help:"The version."`
	State     string `arg:"" enum:"backtest,shadow,live,retired" help:"backtest, shadow, live or retired."`
	Reason    string `help:"Overrides figures that are missing, and is kept."`
	Workspace string `help:"Workspace; the only one if empty."`
}

// Run moves a version.
func (p policyMoveCmd) Run(ctx context.Context, c *config) error {
	return c.with(ctx, p.Workspace, func(s *store, w inbox.Workspace) error {
		return s.inTx(ctx, func(tx *sqlx.Tx) error {
			v, err := decisions.Move(ctx, tx, w.ID, p.ID, p.State, p.Reason, "cli")
			if err == nil {
				printJSON(shortVersion(v))
			}
			return err
		})
	})
}
