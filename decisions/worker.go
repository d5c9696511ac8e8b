package decisions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
	"ponte/jobs"
	"ponte/moderation"
)

// Worker works the backtests of all workspaces, one at a time, in pages. It rests as long as it works, so
// that the lanes keep a processor. Several replicas may run one each.
type Worker struct {
	DB   *sqlx.DB
	Name string // of this process
	Log  *slog.Logger
	Wake <-chan struct{}
	Page int                                             // texts at a time; 0: as many as suit
	Rest func(ctx context.Context, worked time.Duration) // after a page; nil: as long as the page took
}

const (
	lease       = 30 * time.Second
	maxExamples = 2000 // changes that are kept of one backtest
)

// Run works until the context ends, then gives up what it holds, so that another goes on at once.
func (w *Worker) Run(ctx context.Context) error {
	defer func() {
		stop, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if _, err := w.DB.ExecContext(stop, `UPDATE backtests SET lease_until = NULL, holder = '' WHERE state = 'running' AND holder = $1`, w.Name); err != nil {
			w.Log.Warn("a backtest was not given up; its lease ends by itself", "error", err)
		}
	}()
	var looked time.Time
	once := func(ctx context.Context) (bool, error) {
		if time.Since(looked) >= readyEvery {
			looked = time.Now()
			if err := TellReady(ctx, w.DB); err != nil && ctx.Err() == nil {
				w.Log.Error("versions in shadow could not be looked at; trying again later", "error", err)
			}
		}
		return w.Once(ctx)
	}
	return jobs.Loop{Once: once, Every: 5 * time.Second, Wake: w.Wake, Log: w.Log, Failed: "a backtest could not be worked; trying again"}.Run(ctx)
}

// Once takes one backtest and works it to its end, or until it is cancelled or lost. It says whether
// there was one.
func (w *Worker) Once(ctx context.Context) (bool, error) {
	b, err := w.claim(ctx)
	if err != nil || b == nil {
		return false, err
	}
	r, err := w.open(ctx, b)
	if err != nil {
		if fault.KindOf(err) == fault.Internal {
			return true, err // it may pass: the next try goes on
		}
		return true, w.fail(ctx, b, err)
	}
	for {
		start := time.Now()
		more, err := r.page(ctx)
		if errors.Is(err, errLost) {
			return true, nil
		}
		if err != nil || !more {
			return true, err
		}
		w.rest(ctx, time.Since(start))
		if ctx.Err() != nil {
			return true, ctx.Err()
		}
	}
}

func (w *Worker) rest(ctx context.Context, worked time.Duration) {
	if w.Rest != nil {
		w.Rest(ctx, worked)
		return
	}
	jobs.Pause(ctx, worked)
}

const sqlClaimBacktest = `
UPDATE backtests SET state = 'running', holder = $1, lease_until = now() + make_interval(secs => $2), started_at = coalesce(started_at, now())
WHERE id = (SELECT id FROM backtests WHERE state IN ('queued','running') AND (lease_until IS NULL OR lease_until < now() OR holder = $1)
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING ` + backtestColumns

func (w *Worker) claim(ctx context.Context) (*Backtest, error) {
	var list []Backtest
	if err := w.DB.SelectContext(ctx, &list, sqlClaimBacktest, w.Name, lease.Seconds()); err != nil {
		return nil, fmt.Errorf("claim a backtest: %w", err)
	}
	if len(list) == 0 {
		return nil, nil
	}
	return &list[0], nil
}

func (w *Worker) fail(ctx context.Context, b *Backtest, cause error) error {
	_, err := w.DB.ExecContext(ctx, `UPDATE backtests SET state = 'failed', reason = $3, finished_at = now() WHERE workspace_id = $1 AND id = $2 AND state = 'running'`, b.WorkspaceID, b.ID, publicText(cause))
	if err != nil {
		return fmt.Errorf("end backtest %d: %w", b.ID, err)
	}
	return nil
}

func publicText(err error) string {
	var f *fault.Error
	if errors.As(err, &f) {
		return f.Public
	}
	return "it could not be worked"
}

// run is a backtest in work.
type run struct {
	*Worker
	b      *Backtest
	span   span
	engine *moderation.Engine
	prompt string // the one that is tried; empty: another kind of version
	counts Counts
	kept   int
}

// errLost says that the backtest was cancelled, or that another worker has it.
var errLost = errors.New("the backtest is not ours any more")

// open makes the candidate's engine and finds the place. What it is held against stays what was live at
// the beginning: if that has changed since, the backtest has failed and must be asked for anew.
func (w *Worker) open(ctx context.Context, b *Backtest) (*run, error) {
	v, err := LoadVersion(ctx, w.DB, b.WorkspaceID, b.VersionID)
	if err != nil {
		return nil, err
	}
	if err := v.Fetch(ctx, w.DB); err != nil {
		return nil, err
	}
	live, err := LiveEngine(ctx, w.DB, b.WorkspaceID)
	if err != nil {
		return nil, err
	}
	r := &run{Worker: w, b: b, span: span{b.WorkspaceID, b.Since, b.Until}}
	if r.engine, err = v.Engine(live); err != nil {
		return nil, err
	}
	if v.Kind == KindPrompt {
		r.prompt = v.Version
	}
	docs, err := r.engine.Documents()
	if err != nil {
		return nil, err
	}
	by := docs[0].Version + "/" + docs[1].Version + "/" + r.engine.ModelVersion() // what judges: live, with the candidate in it
	if b.Live == "" {
		if b.FromID, b.Total, err = r.span.measure(ctx, w.DB, b.Most); err != nil {
			return nil, err
		}
		b.Live, b.Cursor = by, b.FromID-1
		_, err := w.DB.ExecContext(ctx, `UPDATE backtests SET live = $3, from_id = $4, total = $5, cursor = $6 WHERE workspace_id = $1 AND id = $2`, b.WorkspaceID, b.ID, b.Live, b.FromID, b.Total, b.Cursor)
		if err != nil {
			return nil, fmt.Errorf("begin backtest %d: %w", b.ID, err)
		}
	} else if b.Live != by {
		return nil, fault.New(fault.Conflict, "policy, rules or program changed while it ran; ask for it again")
	}
	if err := json.Unmarshal(b.Counts, &r.counts); err != nil {
		return nil, fmt.Errorf("read the counts of backtest %d: %w", b.ID, err)
	}
	r.kept = min(r.counts.Changed, maxExamples)
	return r, nil
}

// page judges the next items and writes counts, examples and place together; it says whether there are
// more.
func (r *run) page(ctx context.Context) (bool, error) {
	size := r.Page
	if size == 0 {
		size = pageSize
	}
	items, err := r.span.page(ctx, r.DB, r.b.Cursor, size)
	if err != nil {
		return false, err
	}
	var answers map[int64]moderation.LLMAnswer
	if r.prompt != "" {
		if answers, err = recorded(ctx, r.DB, r.b.WorkspaceID, r.prompt, items); err != nil {
			return false, err
		}
	}
	next := r.counts.Clone()
	var changes []Change
	for _, it := range items {
		var change *Change
		if r.prompt != "" {
			change, err = next.judgePrompt(r.engine, it, answers)
		} else {
			change, err = next.judge(r.engine, it)
		}
		if err != nil {
			return false, r.fail(ctx, r.b, err)
		}
		if change != nil && r.kept+len(changes) < maxExamples {
			changes = append(changes, *change)
		}
	}
	cursor, state := r.b.Cursor, "running"
	if len(items) > 0 {
		cursor = items[len(items)-1].ID
	}
	if len(items) < size {
		state = "done"
	}
	if err := r.write(ctx, next, changes, cursor, len(items), state); err != nil {
		return false, err
	}
	r.counts, r.b.Cursor, r.kept = next, cursor, r.kept+len(changes)
	return state == "running", nil
}

func (r *run) write(ctx context.Context, c Counts, changes []Change, cursor int64, worked int, state string) error {
	raw, err := json.Marshal(c.Sorted())
	if err != nil {
		return fmt.Errorf("encode the counts: %w", err)
	}
	tx, err := r.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	res, err := tx.ExecContext(ctx, `
UPDATE backtests SET counts = $3, cursor = $4, worked = worked + $5, state = $6, lease_until = now() + make_interval(secs => $7), finished_at = CASE WHEN $6 = 'done' THEN now() END
WHERE workspace_id = $1 AND id = $2 AND state = 'running' AND holder = $8 AND cursor = $9`,
		r.b.WorkspaceID, r.b.ID, string(raw), cursor, worked, state, lease.Seconds(), r.Name, r.b.Cursor)
	if err != nil {
		return fmt.Errorf("move backtest %d on: %w", r.b.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errLost
	}
	if len(changes) > 0 {
		rows := inbox.NewRows("bigint", "bigint", "bigint", "text", "text", "text")
		for _, ch := range changes {
			rows.Add(r.b.WorkspaceID, r.b.ID, ch.VerdictID, ch.Was, ch.Now, ch.Person)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO backtest_changes (workspace_id, backtest_id, verdict_id, was, now, person) `+rows.SQL(), rows.Args()...); err != nil {
			return fmt.Errorf("keep what backtest %d would change: %w", r.b.ID, err)
		}
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: r.b.WorkspaceID, Topic: "backtest", ObjectID: r.b.ID}); err != nil {
		return err
	}
	return tx.Commit()
}

// Clone returns counts that can be added to without changing these.
func (c Counts) Clone() Counts {
	c.Pairs, c.Rules = slices.Clone(c.Pairs), slices.Clone(c.Rules)
	return c
}
