// Command ponte takes in Instagram and Facebook comments and messages, moderates and answers them, and
// carries people to WhatsApp with a consent that can be proved.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"ponte/fault"
)

// version is set at build time.
var version = "dev"

// cli is every command. Those that need no database come last.
type cli struct {
	config

	Serve    serveCmd    `cmd:"" help:"Serve: webhooks, decisions, sending, API and web UI."`
	Run      runCmd      `cmd:"" help:"Serve on embedded defaults with a demo brand and the rehearsal (make run)."`
	Rehearse rehearseCmd `cmd:"" help:"Stand in for the Graph API, as a process of its own."`

	User      userCmd      `cmd:"" help:"People who sign in."`
	Account   accountCmd   `cmd:"" help:"Connected Pages, Instagram accounts and WhatsApp numbers."`
	Token     tokenCmd     `cmd:"" help:"API tokens."`
	Consent   consentCmd   `cmd:"" help:"The consent ledger."`
	Decisions decisionsCmd `cmd:"" help:"Recorded decisions: judge them again, by the same versions or by others."`
	Campaign  campaignCmd  `cmd:"" help:"Campaigns and triggers: what came of them, and what they would have done."`
	Policy    policyCmd    `cmd:"" help:"Versions of policy, thresholds and rules: backtest, shadow, live."`
	Prices    pricesCmd    `cmd:"" help:"What messages cost: price files and their versions."`
	Send      sendCmd      `cmd:"" help:"Sending after a restore."`
	Replay    replayCmd    `cmd:"" help:"Put parked webhooks back in line."`
	Backfill  backfillCmd  `cmd:"" help:"Read an account's history: stored and judged, never acted on."`
	Doctor    doctorCmd    `cmd:"" help:"Check accounts, tokens, subscriptions, templates and database; says what is missing."`
	Migrate   migrateCmd   `cmd:"" help:"Bring the database schema up to date."`
	Backup    backupCmd    `cmd:"" help:"Write a backup of the database."`
	Restore   restoreCmd   `cmd:"" help:"Restore a backup; nothing is sent until 'ponte send release'."`
	Seed      seedCmd      `cmd:"" help:"Fill a workspace with made-up conversations, to try screens and speed on."`
	Bench     benchCmd     `cmd:"" help:"Measure receiving and the pipeline on this machine."`
	Config    configCmd    `cmd:"" help:"Print the configuration, secrets masked."`

	Parse    parseCmd    `cmd:"" help:"Print the events of a webhook body, one JSON object a line."`
	Classify classifyCmd `cmd:"" help:"Judge lines of text, or JSON lines with text and id."`
	Eval     evalCmd     `cmd:"" help:"Measure moderation on labelled files."`
	Train    trainCmd    `cmd:"" help:"Train the embedded model."`
	Model    modelCmd    `cmd:"" help:"Print the model card."`
	Template templateCmd `cmd:"" help:"WhatsApp templates: drafts, ready-made ones, checks."`
	Flow     flowCmd     `cmd:"" help:"Check and test bot flows."`
	Reasons  reasonsCmd  `cmd:"" help:"Print the codes of reasons with their sentences."`
	Openapi  openapiCmd  `cmd:"" help:"Print the API's OpenAPI document."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
}

func main() {
	faults := readEnvironment()
	var c cli
	parser := kong.Must(&c, kong.Name("ponte"), kong.ShortUsageOnError(), kong.Exit(func(code int) { os.Exit(2 * min(code, 1)) }),
		kong.Description("A bridge from public comments to private, consented WhatsApp conversations."))
	kctx, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	c.faults = faults
	// serve and config tell these faults with all others; what reads no setting goes on without them.
	if command, _, _ := strings.Cut(kctx.Command(), " "); !slices.Contains([]string{"serve", "config", "parse", "model", "openapi", "version"}, command) && len(faults) > 0 {
		fail(usageError{joinFaults(faults)})
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	kctx.BindTo(ctx, (*context.Context)(nil))
	if err := kctx.Run(&c.config); err != nil && !errors.Is(err, context.Canceled) {
		fail(err)
	}
}

// usageError ends the program with status 2: the input was wrong, not the program.
type usageError struct{ error }

func fail(err error) {
	fmt.Fprintln(os.Stderr, "ponte: "+publicText(err))
	var usage usageError
	if errors.As(err, &usage) || fault.Is(err, fault.Invalid) {
		os.Exit(2)
	}
	os.Exit(1)
}

// publicText is what a person at the terminal reads: a fault's own sentence, else the whole chain.
func publicText(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		if f.Field != "" {
			return f.Field + ": " + f.Public
		}
		return f.Public
	}
	return err.Error()
}

func (c *config) logger() *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel))
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	fmt.Println("ponte " + version)
	return nil
}

type configCmd struct{}

// Run prints the configuration and its faults.
func (configCmd) Run(c *config) error {
	fmt.Println(c.masked())
	if err := c.check(); err != nil {
		return usageError{err}
	}
	return nil
}
