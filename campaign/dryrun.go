package campaign

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
	"ponte/jobs"
	"ponte/router"
	words "ponte/said"
)

// DryRun is a trigger held against history, as far as it is.
type DryRun struct {
	WorkspaceID int64           `db:"workspace_id"`
	ID          int64           `db:"id"`
	TriggerID   *int64          `db:"trigger_id"`
	Draft       json.RawMessage `db:"draft"`
	Since       time.Time       `db:"since"`
	Until       time.Time       `db:"until"`
	AnyTime     bool            `db:"any_time"`
	State       string          `db:"state"` // queued, running, done, cancelled, failed
	Reason      string          `db:"reason"`
	Total       int             `db:"total"`
	Worked      int             `db:"worked"`
	Counts      json.RawMessage `db:"counts"`
	CreatedAt   time.Time       `db:"created_at"`
	FinishedAt  *time.Time      `db:"finished_at"`
}

const dryRunColumns = `workspace_id, id, trigger_id, draft, since, until, any_time, state, reason, total, worked, counts, created_at, finished_at`

// DryRunChannel is the NOTIFY channel on which new dry runs are announced.
const DryRunChannel = "ponte_dry_runs"

const (
	keptRuns    = 50     // of a workspace; the results of older ones are deleted
	keptResults = 50_000 // of one run; the counts go on
	pageSize    = 500
	runLease    = 30 * time.Second
)

// NewDryRun is what a dry run is asked for with.
type NewDryRun struct {
	Trigger      router.Trigger // its id is zero for a draft that was never saved
	Since, Until time.Time
	AnyTime      bool // as if it had been open all the time
	By           *int64
}

// AddDryRun puts a dry run in line.
func AddDryRun(ctx context.Context, tx sqlx.ExtContext, workspaceID int64, n NewDryRun) (DryRun, error) {
	var d DryRun
	if !n.Until.After(n.Since) {
		return d, fault.Field("until", "the span ends before it begins")
	}
	draft, err := json.Marshal(n.Trigger)
	if err != nil {
		return d, fmt.Errorf("encode the trigger: %w", err)
	}
	var id *int64
	if n.Trigger.ID != 0 {
		id = &n.Trigger.ID
	}
	var open int
	if err := sqlx.GetContext(ctx, tx, &open, `SELECT count(*) FROM dry_runs WHERE workspace_id = $1 AND state IN ('queued','running')`, workspaceID); err != nil {
		return d, fmt.Errorf("look for open dry runs: %w", err)
	}
	if open >= 5 {
		return d, fault.New(fault.Conflict, "%d dry runs are under way; wait for one of them or cancel it", open)
	}
	if _, err := tx.ExecContext(ctx, sqlForgetDryRuns, workspaceID, keptRuns-1); err != nil {
		return d, fmt.Errorf("delete old dry runs: %w", err)
	}
	err = sqlx.GetContext(ctx, tx, &d, `INSERT INTO dry_runs (workspace_id, trigger_id, draft, since, until, any_time, total, created_by)
VALUES ($1, $5, $6, $2, $3, $7, (`+sqlCountHistory+`), $8) RETURNING `+dryRunColumns, workspaceID, n.Since, n.Until, hearsMessages(n.Trigger), id, string(draft), n.AnyTime, n.By)
	if err != nil {
		return d, fmt.Errorf("put a dry run in line: %w", err)
	}
	return d, inbox.Wake(ctx, tx, DryRunChannel)
}

const sqlForgetDryRuns = `
DELETE FROM dry_runs WHERE workspace_id = $1 AND state IN ('done','cancelled','failed')
  AND id NOT IN (SELECT id FROM dry_runs WHERE workspace_id = $1 ORDER BY id DESC LIMIT $2)`

// LoadDryRun returns one as far as it is.
func LoadDryRun(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64) (DryRun, error) {
	var d DryRun
	err := sqlx.GetContext(ctx, q, &d, `SELECT `+dryRunColumns+` FROM dry_runs WHERE workspace_id = $1 AND id = $2`, workspaceID, id)
	if errors.Is(err, sql.ErrNoRows) {
		return d, fault.New(fault.NotFound, "dry run %d does not exist in this workspace", id)
	}
	if err != nil {
		return d, fmt.Errorf("load dry run %d: %w", id, err)
	}
	return d, nil
}

// CancelDryRun stops one; what it has found stays readable.
func CancelDryRun(ctx context.Context, tx sqlx.ExtContext, workspaceID, id int64) (DryRun, error) {
	var d DryRun
	err := sqlx.GetContext(ctx, tx, &d, `UPDATE dry_runs SET state = 'cancelled', reason = 'a person cancelled it', finished_at = now()
WHERE workspace_id = $1 AND id = $2 AND state IN ('queued','running') RETURNING `+dryRunColumns, workspaceID, id)
	if !errors.Is(err, sql.ErrNoRows) {
		return d, err
	}
	if d, err = LoadDryRun(ctx, tx, workspaceID, id); err != nil {
		return d, err
	}
	return d, fault.New(fault.Conflict, "dry run %d has ended already (%s)", id, d.State)
}

// Tally is how many things ended with each code.
func (d DryRun) Tally() (map[string]int, error) {
	out := map[string]int{}
	if err := json.Unmarshal(d.Counts, &out); err != nil {
		return nil, fmt.Errorf("read the counts of dry run %d: %w", d.ID, err)
	}
	return out, nil
}

// DryRunResult is a result with what it is about.
type DryRunResult struct {
	Result
	Text     string    `db:"text" json:"text"`
	Author   string    `db:"author" json:"author"`
	Language string    `db:"language" json:"language"`
	Harm     float64   `db:"harm" json:"harm" doc:"As it was judged, 0 to 1"`
	PostID   *int64    `db:"post_id" json:"post_id"`
	At       time.Time `db:"at" json:"at"`

	Parts []words.Statement `db:"-" json:"reason_parts"`
}

// DryRunResults lists results in the order in which things were written; an empty code does not narrow.
func DryRunResults(ctx context.Context, q sqlx.QueryerContext, workspaceID, id int64, code string, after int64, most int) ([]DryRunResult, error) {
	if _, err := LoadDryRun(ctx, q, workspaceID, id); err != nil {
		return nil, err
	}
	var rows []struct {
		DryRunResult
		Detail json.RawMessage `db:"detail"`
	}
	if err := sqlx.SelectContext(ctx, q, &rows, sqlDryRunResults, workspaceID, id, code, after, most); err != nil {
		return nil, fmt.Errorf("list the results of dry run %d: %w", id, err)
	}
	out := make([]DryRunResult, len(rows))
	for i, r := range rows {
		if err := json.Unmarshal(r.Detail, &r.Would); err != nil {
			return nil, fmt.Errorf("read a result of dry run %d: %w", id, err)
		}
		r.At, r.Parts = r.At.UTC(), words.Read(r.Reason)
		out[i] = r.DryRunResult
	}
	return out, nil
}

// What a person took back or had erased since is shown without its words.
const sqlDryRunResults = `
SELECT r.n, r.subject, r.subject_id, r.code, r.reason, r.detail, coalesce(c.text, m.text, '') AS text, coalesce(nullif(c.author_name, ''), i.username, i.name, '') AS author,
       coalesce(c.language, '') AS language, coalesce((v.verdict->>'harm')::float8, 0) AS harm, c.post_id, coalesce(c.commented_at, m.at, 'epoch') AS at
FROM dry_run_results r
LEFT JOIN comments c ON r.subject = 'comment' AND c.workspace_id = r.workspace_id AND c.id = r.subject_id
LEFT JOIN messages m ON r.subject = 'message' AND m.workspace_id = r.workspace_id AND m.id = r.subject_id
LEFT JOIN verdicts v ON v.workspace_id = r.workspace_id AND v.id = coalesce(c.verdict_id, m.verdict_id)
LEFT JOIN threads t ON t.workspace_id = m.workspace_id AND t.id = m.thread_id
LEFT JOIN identities i ON i.workspace_id = r.workspace_id AND i.id = coalesce(c.identity_id, t.identity_id)
WHERE r.workspace_id = $1 AND r.dry_run_id = $2 AND ($3 = '' OR r.code = $3) AND r.n > $4 ORDER BY r.n LIMIT $5`

// DryRunner works dry runs, one at a time, in pages. Several replicas may run one each.
type DryRunner struct {
	DB   *sqlx.DB
	Name string // of this process
	Log  *slog.Logger
	Wake <-chan struct{}
	Rest func(ctx context.Context, worked time.Duration) // after a page; nil: half as long as the page took
}

// Run works until the context ends.
func (w *DryRunner) Run(ctx context.Context) error {
	return jobs.Loop{Once: w.Once, Every: 5 * time.Second, Wake: w.Wake, Log: w.Log, Failed: "a dry run could not be worked; trying again"}.Run(ctx)
}

// Once takes one dry run and works it to its end; it says whether there was one.
func (w *DryRunner) Once(ctx context.Context) (bool, error) {
	var d DryRun
	err := w.DB.GetContext(ctx, &d, sqlClaimDryRun, w.Name, runLease.Seconds(), 0)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("claim a dry run: %w", err)
	}
	return true, w.work(ctx, d, 0)
}

// Begin works a dry run that was just put in line for a moment, so that a small one is done at once and
// of a large one the first results are there. The rest is the runner's.
func (w *DryRunner) Begin(ctx context.Context, id int64, moment time.Duration) error {
	var d DryRun
	err := w.DB.GetContext(ctx, &d, sqlClaimDryRun, w.Name+"-begin", runLease.Seconds(), id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // a runner has it
	}
	if err != nil {
		return fmt.Errorf("claim dry run %d: %w", id, err)
	}
	begin := *w
	begin.Name, begin.Rest = w.Name+"-begin", func(context.Context, time.Duration) {}
	return begin.work(ctx, d, moment)
}

const sqlClaimDryRun = `
UPDATE dry_runs SET state = 'running', holder = $1, lease_until = now() + make_interval(secs => $2)
WHERE id = (SELECT id FROM dry_runs WHERE state IN ('queued','running') AND (lease_until IS NULL OR lease_until < now() OR holder = $1) AND ($3::bigint = 0 OR id = $3)
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING ` + dryRunColumns

// work goes through history from the beginning, because what a trigger does depends on what it did; what
// another worker has written already is gone through and not written again.
func (w *DryRunner) work(ctx context.Context, d DryRun, moment time.Duration) error {
	var tried router.Trigger
	if err := json.Unmarshal(d.Draft, &tried); err != nil {
		return w.fail(ctx, d, "the trigger cannot be read")
	}
	if tried.CampaignID != nil {
		if c, err := Load(ctx, w.DB, d.WorkspaceID, *tried.CampaignID); err == nil {
			tried.Campaign = &router.Campaign{ID: c.ID, Name: c.Name, State: c.State, StartsAt: c.StartsAt, EndsAt: c.EndsAt}
		}
	}
	s, err := simulate(ctx, w.DB, d.WorkspaceID, tried, d.Since, d.Until, d.AnyTime)
	if err != nil {
		var f *fault.Error
		if errors.As(err, &f) {
			return w.fail(ctx, d, f.Public)
		}
		return err
	}
	r := &dryRunning{DryRunner: w, d: d, s: s, messages: hearsMessages(tried), counts: map[string]int{}, at: place{At: d.Since}}
	for start := time.Now(); ; {
		began := time.Now()
		more, err := r.page(ctx)
		if errors.Is(err, errLost) {
			return nil
		}
		if err != nil || !more {
			return err
		}
		if moment > 0 && time.Since(start) > moment {
			return r.giveUp(ctx)
		}
		w.rest(ctx, time.Since(began))
		if ctx.Err() != nil {
			return errors.Join(ctx.Err(), r.giveUp(context.WithoutCancel(ctx)))
		}
	}
}

func (w *DryRunner) rest(ctx context.Context, worked time.Duration) {
	if w.Rest != nil {
		w.Rest(ctx, worked)
		return
	}
	jobs.Pause(ctx, worked/2)
}

func (w *DryRunner) fail(ctx context.Context, d DryRun, reason string) error {
	_, err := w.DB.ExecContext(ctx, `UPDATE dry_runs SET state = 'failed', reason = $3, finished_at = now() WHERE workspace_id = $1 AND id = $2 AND state = 'running'`, d.WorkspaceID, d.ID, reason)
	return err
}

// errLost says that the dry run was cancelled, or that another worker has it.
var errLost = errors.New("the dry run is not ours any more")

// dryRunning is a dry run in work.
type dryRunning struct {
	*DryRunner
	d        DryRun
	s        *simulation
	messages bool
	counts   map[string]int
	at       place
	n        int
}

// page goes through the next things and writes results, counts and place together.
func (r *dryRunning) page(ctx context.Context) (more bool, err error) {
	list, err := history(ctx, r.DB, r.d.WorkspaceID, r.d.Since, r.d.Until, r.messages, r.at, pageSize)
	if err != nil {
		return false, err
	}
	counts := maps.Clone(r.counts)
	rows := inbox.NewRows("bigint", "bigint", "integer", "text", "bigint", "text", "text", "jsonb")
	for i, in := range list {
		res, err := r.s.step(in)
		if err != nil {
			return false, err
		}
		counts[res.Code]++
		n := r.n + i + 1
		if n <= r.d.Worked || n > keptResults && res.Code != router.Answered {
			continue
		}
		detail, err := json.Marshal(res.Would)
		if err != nil {
			return false, fmt.Errorf("encode a result: %w", err)
		}
		rows.Add(r.d.WorkspaceID, r.d.ID, n, res.Subject, res.SubjectID, res.Code, res.Reason, string(detail))
	}
	state := "running"
	if len(list) < pageSize {
		state = "done"
	} else {
		last := list[len(list)-1]
		r.at = place{last.At, last.Subject, last.ID}
	}
	r.n, r.counts = r.n+len(list), counts
	if r.n < r.d.Worked {
		return true, nil // gone through again; the counts there are further on
	}
	return state == "running", r.write(ctx, rows, state)
}

func (r *dryRunning) write(ctx context.Context, rows *inbox.Rows, state string) error {
	raw, err := json.Marshal(r.counts)
	if err != nil {
		return fmt.Errorf("encode the counts: %w", err)
	}
	tx, err := r.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	res, err := tx.ExecContext(ctx, `
UPDATE dry_runs SET counts = $3, worked = $4, total = greatest(total, $4), state = $5, lease_until = now() + make_interval(secs => $6), finished_at = CASE WHEN $5 = 'done' THEN now() END
WHERE workspace_id = $1 AND id = $2 AND state = 'running' AND holder = $7`, r.d.WorkspaceID, r.d.ID, string(raw), r.n, state, runLease.Seconds(), r.Name)
	if err != nil {
		return fmt.Errorf("move dry run %d on: %w", r.d.ID, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errLost
	}
	if rows.Len() > 0 {
		if _, err := tx.ExecContext(ctx, `INSERT INTO dry_run_results (workspace_id, dry_run_id, n, subject, subject_id, code, reason, detail) `+rows.SQL()+` ON CONFLICT DO NOTHING`, rows.Args()...); err != nil {
			return fmt.Errorf("keep results of dry run %d: %w", r.d.ID, err)
		}
	}
	if err := inbox.Touch(ctx, tx, inbox.Change{WorkspaceID: r.d.WorkspaceID, Topic: "dry_run", ObjectID: r.d.ID}); err != nil {
		return err
	}
	return tx.Commit()
}

// giveUp lets another worker go on.
func (r *dryRunning) giveUp(ctx context.Context) error {
	_, err := r.DB.ExecContext(ctx, `UPDATE dry_runs SET state = 'queued', lease_until = NULL, holder = '' WHERE workspace_id = $1 AND id = $2 AND state = 'running' AND holder = $3`, r.d.WorkspaceID, r.d.ID, r.Name)
	return err
}
