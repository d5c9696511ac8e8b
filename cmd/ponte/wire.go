package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"ponte/api"
	"ponte/asks"
	"ponte/auth"
	"ponte/booking"
	"ponte/campaign"
	"ponte/channels"
	"ponte/channels/meta"
	"ponte/channels/network"
	"ponte/channels/webhook"
	"ponte/cluster"
	"ponte/consent"
	"ponte/decisions"
	"ponte/desk"
	"ponte/fault"
	"ponte/flow/live"
	"ponte/gate"
	"ponte/inbox"
	"ponte/ingest"
	"ponte/jobs"
	"ponte/llm"
	"ponte/migrations"
	"ponte/moderation"
	"ponte/notify"
	"ponte/outbox"
	"ponte/review"
	"ponte/router"
	"ponte/suggest"
	"ponte/template"
	"ponte/web"
)

// service is everything that runs in one process, put together.
type service struct {
	*store
	c         *config
	log       *slog.Logger
	network   *network.Network
	model     *llm.Client
	signals   *llm.Moderations
	wake      *jobs.Wake
	epoch     *outbox.Epoch
	life      *jobs.Life
	receiver  *ingest.Receiver
	splitter  *ingest.Splitter
	deciders  []*ingest.Decider
	fetcher   *ingest.Fetcher
	watcher   *ingest.Watcher
	syncer    *template.Syncer
	asks      *asks.Runner
	backtests *decisions.Worker
	timers    *live.Timers
	caller    *live.Caller
	notices   *booking.Notices
	windows   *campaign.Clock
	tally     *campaign.Tally
	dryRuns   *campaign.DryRunner
	spreader  *review.Spreader
	sender    *outbox.Sender
	desk      *desk.Worker
	notifier  *notify.Worker
	server    *api.Server
	mail      func(ctx context.Context, to, subject, text string) error // nil: no mail server is configured

	registry *prometheus.Registry
}

// flowSettle is how long a flow waits for more before it answers: people send a thought in several messages.
const flowSettle = 1500 * time.Millisecond

// deciderCount is how many workers share the lanes of this process.
const deciderCount = 2

// build puts the service together; nothing runs yet. The epoch is opened first: what was in the
// database when this copy was made must be known before anything is added.
func build(ctx context.Context, c *config, s *store, rehearsalURL string, log *slog.Logger) (*service, error) {
	v := &service{store: s, c: c, log: log, network: c.network(25 * time.Second), registry: prometheus.NewRegistry()}
	var err error
	if v.epoch, err = outbox.OpenEpoch(ctx, s.DB, c.epochPath()); err != nil {
		return nil, fmt.Errorf("open the send epoch: %w", err)
	}
	listener, err := cluster.Listener(s.URL)
	if err != nil {
		return nil, errNoAddress
	}
	if v.wake, err = jobs.Listen(listener, outbox.Channel, "ponte_accounts", "ponte_deliveries", "ponte_events", "ponte_asks", "ponte_changes", notify.Channel, decisions.Channel, review.Channel, live.Channel); err != nil {
		return nil, fmt.Errorf("listen to the database: %w", err)
	}
	// A price is given for a million tokens in whole units, and kept for a thousand in millionths.
	v.model = c.languageModel()
	v.signals = llm.NewModerations(llm.Config{URL: c.ModerationsURL, Key: c.ModerationsKey, Model: c.ModerationsModel})
	moderation.Shipped() // read once, before the first comment waits for it
	if err := decisions.KeepModel(ctx, s.DB); err != nil {
		return nil, err
	}
	if err := v.buildIngest(); err != nil {
		return nil, err
	}
	v.buildSending()
	v.watchNetwork()
	v.fetcher.Throttled = v.sender.Throttled
	if err := v.buildDesk(); err != nil {
		return nil, err
	}
	v.buildAPI(rehearsalURL)
	v.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newBacklog(s.DB), newAccountFigures(s.DB))
	return v, nil
}

func (c *config) languageModel() *llm.Client {
	return llm.New(llm.Config{URL: c.LLMURL, Key: c.LLMKey, Model: c.LLMModel, PriceIn: int64(math.Round(c.LLMPriceIn * 1000)), PriceOut: int64(math.Round(c.LLMPriceOut * 1000))})
}

func (v *service) buildIngest() error {
	directory := ingest.NewDirectory(v.DB)
	directory.Changed = v.wake.On("ponte_accounts")
	bodies, err := v.bodyPool()
	if err != nil {
		return err
	}
	v.receiver = ingest.NewReceiver(bodies, func() { v.wake.Poke("ponte_deliveries") })
	v.splitter = &ingest.Splitter{DB: v.Loops, Accounts: directory, Parse: webhook.Parse, Log: v.log, Wake: v.wake.On("ponte_deliveries")}
	engines := &ingest.Engines{New: moderation.EngineFor, Keep: func(ctx context.Context, workspaceID int64, e *moderation.Engine) error {
		return decisions.KeepLive(ctx, v.DB, workspaceID, e)
	}}
	ids := inbox.NewIDs(v.DB)
	batches := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "ponte_decide_batch_seconds", Help: "Time to decide one batch of events.", Buckets: prometheus.ExponentialBuckets(0.002, 2, 12)})
	events := prometheus.NewCounter(prometheus.CounterOpts{Name: "ponte_events_decided_total", Help: "Events decided by this process."})
	v.registry.MustRegister(batches, events)
	name := fmt.Sprintf("%s-%d", hostName(), time.Now().UnixNano())
	v.life = &jobs.Life{DB: v.DB, Process: name}
	for i := range deciderCount {
		v.deciders = append(v.deciders, &ingest.Decider{
			DB: v.Loops, Accounts: directory, IDs: ids, Ledger: v.Ledger, Engines: engines, ReferenceKey: v.Keys.Derive("handoff"),
			Lanes:  &jobs.Lanes{DB: v.DB, Life: v.life, Holder: fmt.Sprintf("%s-%d", name, i), Share: func(lane int16) bool { return int(lane)%deciderCount == i }},
			AskLLM: v.asksAnybody, Sees: v.c.LLMSees, Now: time.Now, Log: v.log, Wake: v.wake.On("ponte_events"), Settle: flowSettle,
			OnBatch: func(n int, took time.Duration) { events.Add(float64(n)); batches.Observe(took.Seconds()) },
		})
	}
	v.timers = &live.Timers{DB: v.DB, Now: time.Now, Log: v.log}
	v.caller = &live.Caller{DB: v.DB, Keys: v.Keys, Name: name, Now: time.Now, Log: v.log, Wake: v.wake.On(live.Channel)}
	v.notices = &booking.Notices{DB: v.DB, Now: time.Now, Log: v.log}
	v.fetcher = &ingest.Fetcher{DB: v.DB, Network: v.network, Accounts: directory, Ledger: v.Ledger, Open: v.openAccount, Now: time.Now, Log: v.log}
	v.watcher = v.newWatcher()
	v.syncer = v.newSyncer()
	v.backtests = &decisions.Worker{DB: v.DB, Name: name, Log: v.log, Wake: v.wake.On(decisions.Channel)}
	v.dryRuns = &campaign.DryRunner{DB: v.DB, Name: name, Log: v.log, Wake: v.wake.On(campaign.DryRunChannel)}
	v.windows = &campaign.Clock{DB: v.DB, Now: time.Now, Log: v.log}
	v.tally = &campaign.Tally{DB: v.DB, Log: v.log}
	v.spreader = &review.Spreader{DB: v.DB, Change: v.inTx, Now: time.Now, Log: v.log, Wake: v.wake.On(review.Channel)}
	v.asks = &asks.Runner{DB: v.DB, Model: v.model, Signals: v.signals, Now: time.Now, Log: v.log, Wake: v.wake.On("ponte_asks")}
	if v.c.LLMSees {
		v.asks.Look = v.look
	}
	return nil
}

// watchNetwork counts calls and shows how much of Meta's limits is used. An account's id at its network
// is the brand's own and public.
func (v *service) watchNetwork() {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "ponte_graph_requests_total", Help: "Requests to networks by channel, method and status; status 0: no answer."}, []string{"channel", "method", "status"})
	usage := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "ponte_graph_usage_percent", Help: "Share of Meta's limits that an account's calls have used, as last reported; throttling begins at 100."}, []string{"account", "limit"})
	v.registry.MustRegister(requests, usage)
	v.network.Client.Observe = func(x meta.Exchange) {
		requests.WithLabelValues(string(x.Channel), x.Method, strconv.Itoa(x.Status)).Inc()
	}
	v.network.Client.Usage = func(u meta.Usage) {
		usage.WithLabelValues(u.Account, "app").Set(float64(u.App))
		usage.WithLabelValues(u.Account, "use_case").Set(float64(u.Case))
		if u.Row != 0 {
			v.sender.Pace(u.Row, max(u.App, u.Case), u.Regain)
		}
		if u.Regain > 0 {
			v.log.Warn("Meta throttles an account", "account", u.Account, "limit", u.Type, "until", time.Now().Add(u.Regain).Format(time.RFC3339))
		}
	}
}

// asksAnybody says whether there is somebody beside rules and the embedded model to ask.
func (v *service) asksAnybody() bool { return v.model.Configured() || v.signals.Configured() }

// look fetches a picture from the network it lies on; the network's package knows which servers those
// are, and follows nothing.
func (v *service) look(ctx context.Context, workspaceID, accountID int64, address string) ([]byte, error) {
	account, err := v.openAccount(ctx, workspaceID, accountID)
	if err != nil {
		return nil, err
	}
	_, body, err := v.network.FetchMedia(ctx, account, address)
	return body, err
}

func (v *service) buildSending() {
	calls := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "ponte_call_seconds", Help: "Calls to networks by kind and outcome.", Buckets: prometheus.ExponentialBuckets(0.01, 2, 12)}, []string{"kind", "outcome"})
	v.registry.MustRegister(calls)
	key := v.Keys.Derive("handoff")
	v.sender = &outbox.Sender{
		DB: v.Loops, Network: v.network, Ledger: v.Ledger, Life: v.life, Open: v.openAccount, Epoch: v.epoch, Log: v.log, Woken: v.wake.On(outbox.Channel),
		Complete: func(c channels.Call) channels.Call {
			c.Text = router.ExpandReferences(key, c.Text)
			return c
		},
		ReadComment: func(ctx context.Context, a channels.Account, c channels.Call) (outbox.CommentNow, error) {
			is, err := v.network.LookAt(ctx, a, c)
			return outbox.CommentNow{Exists: is.Exists, Hidden: is.Hidden, Text: is.Text}, err
		},
		Observe: func(kind channels.CallKind, outcome string, took time.Duration) {
			calls.WithLabelValues(string(kind), outcome).Observe(took.Seconds())
		},
	}
}

func (v *service) buildDesk() error {
	mailer, err := notify.ParseMailer(v.c.SMTPURL, v.c.SMTPFrom)
	if err != nil {
		return err
	}
	v.desk = &desk.Worker{DB: v.DB, Now: time.Now, Log: v.log, Wake: v.wake.On("ponte_changes")}
	v.notifier = &notify.Worker{DB: v.DB, Keys: v.Keys, Mailer: mailer, PublicURL: v.c.PublicURL, Now: time.Now, Log: v.log, Wake: v.wake.On(notify.Channel)}
	if mailer != nil {
		v.mail = mailer.Send
	}
	return nil
}

func (v *service) buildAPI(rehearsalURL string) {
	secrets := v.c.appSecrets()
	v.server = api.New(api.Deps{
		Mail: v.mail,
		DB:   v.DB, Log: v.log, Keys: v.Keys, Ledger: v.Ledger, UI: web.Dist(), Now: time.Now,
		PublicURL: v.c.PublicURL, GraphURL: v.c.GraphURL, Loopback: api.Loopback(v.c.Addr), TrustedProxies: v.c.TrustedProxies, Demo: v.c.demo, RehearsalURL: rehearsalURL,
		OIDC: v.identityProvider(), OIDCName: v.c.OIDCName,
		VerifyToken: v.c.MetaVerifyToken,
		Verify:      meta.NewVerifier(secrets).Verify,
		Receive:     v.receiver.Receive,
		Refused:     (&ingest.Refusals{DB: v.DB, Accounts: v.fetcher.Accounts, Now: time.Now}).Note,
		SignedRequest: func(raw string) (string, error) {
			r, err := meta.ParseSignedRequest(raw, secrets)
			return r.UserID, err
		},
		Ready:   v.ready,
		Behind:  func(ctx context.Context) (int, error) { return migrations.Behind(ctx, v.DB.DB) },
		Wake:    v.wake.On("ponte_changes"),
		LLM:     v.llmState,
		Suggest: suggestions{&suggest.Suggester{DB: v.DB, Model: v.model, Now: time.Now, Log: v.log, Judge: judge, Written: written}},
		Opine:   v.asks.Opinion,
		Doctor: func(ctx context.Context, workspaceID, accountID int64) ([]api.Check, error) {
			return v.examine(ctx, workspaceID, accountID)
		},
		Subscribe: v.subscribe,
		Unsubscribe: func(ctx context.Context, removed inbox.Account) (string, error) {
			return v.c.endWebhooks(ctx, v.store, removed)
		},
		Backfill: func(ctx context.Context, workspaceID, accountID int64) error {
			return v.inTx(ctx, func(tx *sqlx.Tx) error { return ingest.WantBackfill(ctx, tx, workspaceID, accountID) })
		},
		SyncTemplates: v.syncer.Workspace,
		ReplayEvent:   v.replayEvent,
		ReplayParked: func(ctx context.Context, id int64) error {
			return v.inTx(ctx, func(tx *sqlx.Tx) error {
				n, err := ingest.Replay(ctx, tx, id)
				if err == nil && n == 0 {
					return fault.New(fault.NotFound, "delivery %d is not parked", id)
				}
				return err
			})
		},
		Release:  v.epoch.Release,
		Metrics:  v.registry,
		Register: v.registry,
	})
}

// identityProvider is nil where none is configured.
func (v *service) identityProvider() *auth.OIDC {
	if v.c.OIDCIssuer == "" {
		return nil
	}
	return &auth.OIDC{Issuer: v.c.OIDCIssuer, ClientID: v.c.OIDCClientID, ClientSecret: v.c.OIDCClientSecret, Redirect: strings.TrimSuffix(v.c.PublicURL, "/") + "/auth/oidc/callback", Keys: v.Keys}
}

// run starts everything and waits; when the context ends, parts stop in the order in which work flows,
// so that nothing accepted is left in memory.
func (v *service) run(ctx context.Context, serve func() error, shutdown func() error) error {
	group, ctx := errgroup.WithContext(ctx)
	// The receiver outlives the HTTP server: what was read is still committed.
	receiving, stopReceiving := context.WithCancel(context.Background())
	group.Go(func() error { return v.receiver.Run(receiving) })
	group.Go(func() error { v.cluster.Watch(ctx, v.log); return nil })
	group.Go(func() error { return v.wake.Run(ctx) })
	group.Go(func() error { giveBackMemory(ctx); return nil })
	group.Go(func() error { return v.splitter.Run(ctx) })
	for _, d := range v.deciders {
		group.Go(func() error { return d.Run(ctx) })
	}
	group.Go(func() error { return v.fetcher.Run(ctx) })
	group.Go(func() error { return v.watcher.Run(ctx) })
	group.Go(func() error { return v.syncer.Run(ctx) })
	group.Go(func() error { return v.asks.Run(ctx) })
	group.Go(func() error { return review.WatchFalseHides(ctx, v.DB, time.Now, v.log) })
	group.Go(func() error { return review.WatchReach(ctx, v.DB, v.log) })
	group.Go(func() error { return v.backtests.Run(ctx) })
	group.Go(func() error {
		return (&consent.Clerk{DB: v.DB, Ledger: v.Ledger, Log: v.log, Business: gate.AddBusinessDays}).Run(ctx)
	})
	group.Go(func() error { return v.windows.Run(ctx) })
	group.Go(func() error { return v.tally.Run(ctx) })
	group.Go(func() error { return v.dryRuns.Run(ctx) })
	group.Go(func() error { return v.spreader.Run(ctx) })
	group.Go(func() error { return v.timers.Run(ctx) })
	group.Go(func() error { return v.caller.Run(ctx) })
	group.Go(func() error { return v.notices.Run(ctx) })
	group.Go(func() error { return v.sender.Run(ctx) })
	group.Go(func() error { return v.desk.Run(ctx) })
	group.Go(func() error { return v.notifier.Run(ctx) })
	group.Go(func() error { return v.server.Run(ctx) })
	group.Go(func() error { return v.server.FinishErasures(ctx) })
	group.Go(func() error {
		<-ctx.Done()
		err := shutdown()
		stopReceiving()
		return err
	})
	group.Go(func() error {
		if err := serve(); err != nil {
			return err
		}
		if ctx.Err() == nil {
			return errors.New("the server stopped by itself")
		}
		return nil
	})
	return group.Wait()
}

func (v *service) openAccount(ctx context.Context, workspaceID, accountID int64) (channels.Account, error) {
	a, err := inbox.LoadAccount(ctx, v.DB, workspaceID, accountID)
	if err != nil {
		return channels.Account{}, err
	}
	return a.Callable(v.Keys, v.c.firstAppSecret())
}

func judge(text string) (intent, language string) {
	v := defaultEngine().Judge(moderation.Input{Subject: moderation.SubjectMessage, Text: text})
	return v.Intent, v.Language
}

func written(text string) string {
	v := defaultEngine().Judge(moderation.Input{Subject: moderation.SubjectMessage, Text: text})
	if !v.SureOfLanguage() || !slices.Contains(moderation.Languages, v.Language) {
		return ""
	}
	return v.Language
}

// suggestions gives the API the suggester in its own words.
type suggestions struct{ *suggest.Suggester }

func (s suggestions) Follow(ctx context.Context, workspaceID, conversationID int64, tell func(api.SuggestionEvent)) (api.Suggestions, error) {
	list, err := s.Suggester.Follow(ctx, workspaceID, conversationID, func(e suggest.Event) {
		out := api.SuggestionEvent{Kind: string(e.Kind), N: e.N, Text: e.Text, Reason: e.Reason}
		if e.Suggestion != nil {
			made := shownSuggestion(*e.Suggestion)
			out.Suggestion = &made
		}
		tell(out)
	})
	out := api.Suggestions{Items: make([]api.Suggestion, len(list.Items)), Revision: list.Revision, LLMState: string(list.LLM), LLMFault: list.Fault}
	for i, it := range list.Items {
		out.Items[i] = shownSuggestion(it)
	}
	return out, err
}

func shownSuggestion(it suggest.Suggestion) api.Suggestion {
	out := api.Suggestion{ID: it.ID, Rank: it.Rank, Language: it.Language, Text: it.Text, Sources: []api.SuggestionSource{}, MadeBy: it.MadeBy}
	for _, src := range it.Sources {
		out.Sources = append(out.Sources, api.SuggestionSource{Kind: src.Kind, ID: src.ID, Title: src.Title})
	}
	return out
}

func (v *service) llmState(ctx context.Context, workspaceID int64) api.LLMState {
	out := api.LLMState{Configured: v.model.Configured(), State: string(v.model.Seen()), Sees: v.c.LLMSees, Signals: string(v.signals.State()), Priced: v.c.LLMPriceIn > 0 || v.c.LLMPriceOut > 0}
	b, err := asks.Spent(ctx, v.DB, workspaceID, time.Now())
	if err != nil {
		v.log.Error("the day's spending could not be read", "workspace", workspaceID, "error", err)
		return out
	}
	out.Tokens, out.MostTokens = b.Tokens, b.MostTokens
	if b.Over() && out.State == string(llm.OK) {
		out.State = string(llm.OverBudget)
	}
	return out
}

// ready: what comes in is kept, and lanes are held and renewed by somebody.
func (v *service) ready(ctx context.Context) error {
	if v.receiver.Failing(time.Now()) {
		return errors.New("the last webhook could not be kept")
	}
	var live int
	if err := v.DB.GetContext(ctx, &live, `SELECT count(*) FROM lanes WHERE expires_at > now()`); err != nil {
		return err
	}
	if live == 0 {
		return errors.New("no worker holds a lane")
	}
	return nil
}

func (v *service) replayEvent(ctx context.Context, workspaceID, eventID int64) error {
	res, err := v.DB.ExecContext(ctx, `UPDATE events SET state = 'pending', attempts = 0, not_before = NULL WHERE workspace_id = $1 AND id = $2 AND state = 'parked'`, workspaceID, eventID)
	if err != nil {
		return fmt.Errorf("replay event: %w", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return fault.New(fault.NotFound, "event %d is not parked", eventID)
	}
	return nil
}

// epochPath is the file outside the database by which a restored copy is recognised.
func (c *config) epochPath() string { return filepath.Join(c.DataDir, "send-epoch") }
