package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
	"ponte/jobs"
	"ponte/secret"
)

// Network is what the sender needs of the networks. The error of Do is a *channels.Failure.
type Network interface {
	Do(ctx context.Context, account channels.Account, call channels.Call) (channels.Result, error)
	Settle(ctx context.Context, account channels.Account, call channels.Call, since time.Time) (channels.Settled, error)
}

// Limits are what the networks allow; the counts are taken from the outbox itself, so that a new
// process starts where the old one was killed.
type Limits struct {
	PrivateRepliesPerHour int                      // per account
	PerSecond             map[channels.Channel]int // per account
	PairBurst             int                      // WhatsApp: to one person …
	PairWindow            time.Duration            // … within this
}

// DefaultLimits are Meta's published ones; a window of 45 in 270 s never exceeds 1 in 6 s with a burst
// of 45.
func DefaultLimits() Limits {
	return Limits{
		PrivateRepliesPerHour: 750,
		PerSecond: map[channels.Channel]int{
			channels.WhatsApp: 80, channels.Instagram: 100, channels.Messenger: 300, channels.Facebook: 50,
		},
		PairBurst: 45, PairWindow: 270 * time.Second,
	}
}

// Sender claims actions and sends them. Several may run on one database.
type Sender struct {
	DB      *sqlx.DB
	Network Network
	Ledger  *consent.Ledger
	Open    func(ctx context.Context, workspaceID, accountID int64) (channels.Account, error) // account with its token
	// ReadComment reads the comment of a call back. Instagram announces neither edits nor removals, so a delayed
	// action on a comment looks first. Optional.
	ReadComment func(ctx context.Context, account channels.Account, call channels.Call) (CommentNow, error)
	// Complete fills in, at the instant of the call, what must not stand in the database. Optional.
	Complete func(call channels.Call) channels.Call
	Epoch    *Epoch // nil: not guarded against restored copies
	Clock    func() time.Time
	Log      *slog.Logger
	Name     string     // of this process; empty: drawn
	Life     *jobs.Life // of this process; nil: one of the sender's own
	Limits   Limits
	Woken    <-chan struct{} // something may be due; nil: polling only

	Batch       int           // actions claimed at once
	PerAccount  int           // calls at once on one account
	CallTimeout time.Duration // one call
	SettleAfter time.Duration // first look at an unknown outcome; longer than a call can take
	RescueAfter time.Duration // a sending row of a dead process becomes unknown; longer than a call can take
	Poll        time.Duration
	FloodLimit  int // failures with one code on one account within ten minutes
	Observe     func(kind channels.CallKind, outcome string, took time.Duration)

	once     sync.Once
	gate     *gate.Gate
	mu       sync.Mutex
	inflight map[int64]int       // account → calls
	paused   map[pause]time.Time // what has no room until when; only a cache of what the outbox tells
	paces    map[int64]pace      // account → what the network last said of its limits
	outcomes chan outcome
	wake     chan struct{}
}

type pause struct {
	account int64
	kind    channels.CallKind // empty: everything
}

func (s *Sender) start() {
	s.once.Do(func() {
		s.Clock = orElse(s.Clock, time.Now)
		s.Log = cmp.Or(s.Log, slog.Default())
		s.Name = cmp.Or(s.Name, newToken())
		if s.Life == nil {
			s.Life = &jobs.Life{DB: s.DB, Process: s.Name}
		}
		s.Batch, s.PerAccount = cmp.Or(s.Batch, 50), cmp.Or(s.PerAccount, 8)
		s.CallTimeout = cmp.Or(s.CallTimeout, 30*time.Second)
		s.SettleAfter = cmp.Or(s.SettleAfter, s.CallTimeout+10*time.Second)
		s.RescueAfter = cmp.Or(s.RescueAfter, 2*s.CallTimeout)
		s.Poll = cmp.Or(s.Poll, 250*time.Millisecond)
		s.FloodLimit = cmp.Or(s.FloodLimit, 300)
		if s.Limits.PrivateRepliesPerHour == 0 {
			s.Limits = DefaultLimits()
		}
		if s.Observe == nil {
			s.Observe = func(channels.CallKind, string, time.Duration) {}
		}
		if s.Complete == nil {
			s.Complete = func(c channels.Call) channels.Call { return c }
		}
		s.gate = &gate.Gate{Ledger: s.Ledger}
		s.inflight, s.paused, s.paces = map[int64]int{}, map[pause]time.Time{}, map[int64]pace{}
		s.outcomes, s.wake = make(chan outcome, 64), make(chan struct{}, 1)
	})
}

func orElse(f, other func() time.Time) func() time.Time {
	if f == nil {
		return other
	}
	return f
}

// Run sends until the context ends; then it finishes the calls under way, records them and returns.
func (s *Sender) Run(ctx context.Context) error {
	s.start()
	var beside, calls sync.WaitGroup
	if err := s.Life.Show(ctx); err != nil {
		s.Log.Warn("outbox: cannot show that this process lives; others wait longer should it die", "error", err)
	}
	defer s.Life.End()
	recorded := make(chan struct{})
	go func() { defer close(recorded); s.recordOutcomes() }()
	beside.Go(func() { s.hear(ctx) })
	beside.Go(func() { s.every(ctx, s.Poll*4, nil, s.Life.Show) })
	beside.Go(func() { s.every(ctx, s.Poll*4, nil, s.settleDue) })
	beside.Go(func() { s.every(ctx, s.Poll*4, nil, s.tidy) })
	beside.Go(func() { s.every(ctx, s.Poll*4, nil, s.finishSeen) })
	if s.Epoch != nil {
		beside.Go(func() { s.every(ctx, epochLife, nil, s.Epoch.Renew) })
	}
	s.every(ctx, s.Poll, s.wake, func(ctx context.Context) error {
		for ctx.Err() == nil {
			claimed, err := s.claim(ctx)
			if err != nil {
				return err
			}
			for _, a := range claimed {
				calls.Go(func() { s.deliver(ctx, a, s.outcomes) })
			}
			if len(claimed) < s.Batch {
				jobs.Pause(ctx, jobs.Gathering) // each call that ends wakes this loop
			}
			if len(claimed) == 0 {
				return nil
			}
		}
		return nil
	})
	calls.Wait()
	beside.Wait()
	close(s.outcomes)
	<-recorded
	return nil
}

// Step claims what can go out now, sends it, records it and says how many calls were made: one turn of
// Run, for tests and for commands that must finish.
func (s *Sender) Step(ctx context.Context) (int, error) {
	s.start()
	claimed, err := s.claim(ctx)
	if err != nil {
		return 0, err
	}
	out := make(chan outcome, len(claimed))
	var calls sync.WaitGroup
	for _, a := range claimed {
		calls.Go(func() { s.deliver(ctx, a, out) })
	}
	calls.Wait()
	close(out)
	var all []outcome
	for o := range out {
		all = append(all, o)
	}
	return len(claimed), s.record(ctx, all)
}

// every runs f now and then, at once when woken, and logs what goes wrong: the next turn tries again.
func (s *Sender) every(ctx context.Context, pause time.Duration, wake <-chan struct{}, f func(context.Context) error) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("outbox: a turn failed; it is tried again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-wake:
		}
	}
}

func (s *Sender) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Sender) hear(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.Woken:
			s.nudge()
		}
	}
}

// deliver makes one call. The call outlives a shutdown: cutting it would only leave another unknown.
func (s *Sender) deliver(ctx context.Context, a work, out chan<- outcome) {
	defer func() {
		s.mu.Lock()
		s.inflight[a.AccountID]--
		s.mu.Unlock()
		s.nudge()
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.CallTimeout)
	defer cancel()
	began := time.Now()
	o := outcome{action: a}
	account, err := s.Open(ctx, a.WorkspaceID, a.AccountID)
	switch {
	case errors.Is(err, secret.ErrSealed):
		o.failure = &channels.Failure{Class: channels.Reauthorise, Scope: channels.ScopeAccount, Reason: "token_unreadable",
			Meaning: "the account's token cannot be opened; connect the account again"}
		s.Log.Error("outbox: open account", "account", a.AccountID, "error", err)
	case err != nil: // the database is away, most likely: that says nothing of the token
		o.unready = true
		s.Log.Error("outbox: an account could not be read; what it sends is tried again", "account", a.AccountID, "error", err)
	default:
		s.call(ctx, account, &o)
	}
	s.Observe(a.Call.Kind, o.name(), time.Since(began))
	out <- o
}

// call makes the call, unless what is read before it forbids it.
func (s *Sender) call(ctx context.Context, account channels.Account, o *outcome) {
	a := o.action
	if o.read = s.readBack(ctx, account, a); o.read.stops() {
		return
	}
	if o.late = s.Clock().Sub(a.SentAt) > judgedFor; o.late {
		return
	}
	call, err := s.withFile(ctx, a, s.Complete(a.Call))
	if err == nil {
		o.result, err = s.Network.Do(ctx, account, call)
	}
	o.failure = failureOf(err)
}

// judgedFor is how long what the gate said holds: a call that is not made by then is judged again. It is
// the margin that the gate leaves at the end of every window.
const judgedFor = 10 * time.Second

// failureOf sorts an error of a network. One that says nothing about itself may have left: unknown.
func failureOf(err error) *channels.Failure {
	if err == nil {
		return nil
	}
	var f *channels.Failure
	if errors.As(err, &f) {
		return f
	}
	return &channels.Failure{Class: channels.Unknown, Scope: channels.ScopeCall, Reason: "unsorted", Meaning: "the call failed in a way that does not tell whether it took place"}
}

// outcome is what became of one call.
type outcome struct {
	action  work
	result  channels.Result
	failure *channels.Failure
	read    reading // of the comment, before the call
	late    bool    // its turn came too long after it was judged: nothing was called
	unready bool    // its account could not be read here: nothing was called
}

// uncalled says that no call was made.
func (o outcome) uncalled() bool { return o.late || o.unready || o.read.stops() }

func (o outcome) name() string {
	switch {
	case o.late:
		return "late"
	case o.unready:
		return "unready"
	case o.read.stops():
		return "comment_" + o.read.state
	case o.failure == nil:
		return "done"
	}
	return string(o.failure.Class)
}

func (o outcome) String() string { return fmt.Sprintf("action %d: %s", o.action.ID, o.name()) }
