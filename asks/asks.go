// Package asks puts to a language model the texts on which rules and the embedded model were not sure.
// Questions are batched beside the lanes; the answer comes back to its lane as an internal event. What
// was asked before – the same text in the same context under the same policy – is remembered, so that
// a storm of five thousand alike costs one question.
package asks

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"golang.org/x/sync/errgroup"

	"ponte/jobs"
	"ponte/llm"
	"ponte/moderation"
)

// Model is what the runner needs of the language model.
type Model interface {
	Configured() bool
	Model() string
	State() llm.State
	// Most is the most that a request may cost.
	Most(r llm.Request) llm.Response
	Complete(ctx context.Context, r llm.Request) (llm.Response, error)
}

// Signaller is what the runner needs of a moderation endpoint: the scores of each text, in the
// endpoint's own categories.
type Signaller interface {
	Configured() bool
	Model() string
	Moderate(ctx context.Context, texts []string) ([]map[string]float64, error)
}

// Runner answers pending asks until its context ends.
type Runner struct {
	DB      *sqlx.DB
	Model   Model
	Signals Signaller // nil: no moderation endpoint
	// Look fetches the pictures of a question; nil: the model does not see.
	Look Look
	Now  func() time.Time
	Log  *slog.Logger
	Wake <-chan struct{}

	served int64 // the workspace whose turn it was last
}

// A question holds at most so many texts; an ask is given up after so many tries or so long. While the
// server is down or busy, asks wait for it no longer than people would.
const (
	batchSize   = 12
	claimMost   = 240
	parallel    = 4
	maxTries    = 2 // each with one repair
	giveUpAfter = 10 * time.Minute
	patience    = 2 * time.Minute
	claimFor    = 2 * time.Minute
)

type ask struct {
	WorkspaceID int64     `db:"workspace_id"`
	ID          int64     `db:"id"`
	AccountID   int64     `db:"account_id"`
	Subject     string    `db:"subject"`
	SubjectID   int64     `db:"subject_id"`
	Lane        int16     `db:"lane"`
	Digest      []byte    `db:"digest"`
	Question    []byte    `db:"question"`
	Attempts    int       `db:"attempts"`
	CreatedAt   time.Time `db:"created_at"`
}

// outcome is what is known of a question, or why nothing is.
type outcome struct {
	answer   *moderation.LLMAnswer
	signals  *moderation.Signals
	failed   string
	remember bool // the answer is new
}

// Run works until the context ends.
func (r *Runner) Run(ctx context.Context) error {
	var compared time.Time
	once := func(ctx context.Context) (bool, error) {
		if time.Since(compared) > compareEvery {
			if _, err := r.Compare(ctx); err != nil && ctx.Err() == nil {
				r.Log.Error("prompts in shadow could not be held against what was decided; trying again", "error", err)
			}
			compared = time.Now()
		}
		n, err := r.Once(ctx)
		return n > 0, err
	}
	return jobs.Loop{Once: once, Every: 500 * time.Millisecond, Wake: r.Wake, Log: r.Log, Failed: "questions to the model could not be worked; trying again"}.Run(ctx)
}

// Once answers one batch of one workspace and returns how many asks it settled.
func (r *Runner) Once(ctx context.Context) (int, error) {
	batch, err := r.claim(ctx)
	if err != nil || len(batch) == 0 {
		return 0, err
	}
	r.served = batch[0].WorkspaceID
	w := &round{Runner: r, workspace: r.served, groups: map[string][]ask{}}
	order := w.group(batch)
	fresh, err := w.remembered(ctx, order)
	if err != nil {
		return int(w.settled.Load()), err
	}
	var late []string
	fresh, late = w.late(fresh)
	if err := w.giveUp(ctx, late, "the language model was too slow"); err != nil {
		return int(w.settled.Load()), err
	}
	var work errgroup.Group
	work.SetLimit(parallel)
	for _, part := range w.parts(fresh) {
		work.Go(func() error { return w.answer(ctx, part) })
	}
	if err := work.Wait(); err != nil || len(batch) == claimMost { // others wait
		return int(w.settled.Load()), err
	}
	return int(w.settled.Load()), w.try(ctx, order)
}

// round is one batch of one workspace's asks.
type round struct {
	*Runner
	workspace int64
	groups    map[string][]ask // asks that are the same question, by hex digest
	settled   atomic.Int64

	tried string // a prompt in shadow; empty: the workspace's live one

	once   sync.Once // the workspace's words are read once a round
	prompt string
	filled string // names the instructions as the workspace's words filled them
	system string
	mark   string
	words  error
}

// group collects the asks that are the same question.
func (w *round) group(batch []ask) []string {
	var order []string
	for _, a := range batch {
		d := hex.EncodeToString(a.Digest)
		if w.groups[d] == nil {
			order = append(order, d)
		}
		w.groups[d] = append(w.groups[d], a)
	}
	return order
}

// late parts the questions that have waited too long from the others.
func (w *round) late(digests []string) (fresh, late []string) {
	for _, d := range digests {
		if w.Now().Sub(w.groups[d][0].CreatedAt) > giveUpAfter {
			late = append(late, d)
			continue
		}
		fresh = append(fresh, d)
	}
	return fresh, late
}

// parts makes requests of questions: texts travel together, a text with pictures by itself.
func (w *round) parts(digests []string) [][]string {
	var parts [][]string
	var texts []string
	for _, d := range digests {
		if w.Look != nil && w.input(d).Pictures != "" {
			parts = append(parts, []string{d})
			continue
		}
		if texts = append(texts, d); len(texts) == batchSize {
			parts, texts = append(parts, texts), nil
		}
	}
	if len(texts) > 0 {
		parts = append(parts, texts)
	}
	return parts
}

// claim takes asks of one workspace, each workspace in its turn, so that none waits for another's storm;
// a claim of a dead process runs out.
func (r *Runner) claim(ctx context.Context) ([]ask, error) {
	var batch []ask
	if err := r.DB.SelectContext(ctx, &batch, sqlClaimAsks, claimFor.Seconds(), r.served, claimMost); err != nil {
		return nil, fmt.Errorf("claim questions: %w", err)
	}
	return batch, nil
}

const sqlClaimAsks = `
WITH next AS (
    SELECT workspace_id FROM asks WHERE state IN ('pending','asking') AND not_before <= now()
    GROUP BY workspace_id ORDER BY workspace_id <= $2, workspace_id LIMIT 1
), due AS (
    SELECT a.workspace_id, a.id FROM asks a JOIN next USING (workspace_id)
    WHERE a.state IN ('pending','asking') AND a.not_before <= now()
    ORDER BY a.id LIMIT $3 FOR UPDATE OF a SKIP LOCKED
)
UPDATE asks a SET state = 'asking', not_before = now() + make_interval(secs => $1)
FROM due WHERE a.workspace_id = due.workspace_id AND a.id = due.id
RETURNING a.workspace_id, a.id, a.account_id, a.subject, a.subject_id, a.lane, a.digest, a.question, a.attempts, a.created_at`

// sqlHeld names the asks $2 of workspace $1 that are still being asked. Whoever writes several asks at once
// locks them by id first: two processes that meet the same rows wait for one another, never in a circle.
const sqlHeld = `
FROM (SELECT id FROM asks WHERE workspace_id = $1 AND id = ANY($2) AND state = 'asking' ORDER BY id FOR UPDATE) held
WHERE a.workspace_id = $1 AND a.id = held.id`

// renew keeps a claim while its turn has not come: a slow model must not make another process ask too.
func (w *round) renew(ctx context.Context, digests []string) error {
	if _, err := w.DB.ExecContext(ctx, `UPDATE asks a SET not_before = now() + make_interval(secs => $3)`+sqlHeld, w.workspace, pq.Array(w.ids(digests)), claimFor.Seconds()); err != nil {
		return fmt.Errorf("renew the claim on questions: %w", err)
	}
	return nil
}

func (w *round) ids(digests []string) []int64 {
	var ids []int64
	for _, d := range digests {
		for _, a := range w.groups[d] {
			ids = append(ids, a.ID)
		}
	}
	return ids
}
