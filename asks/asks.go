// Package asks puts to a language model the texts on which rules and the embedded model were not sure.
// Questions are batched beside the lanes; the answer comes back to its lane as an internal event. What
// was asked before – the same text in the same context under the same policy – is remembered, so that
// a storm of five thousand alike costs one question.
package asks

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/inbox"
	"ponte/llm"
	"ponte/moderation"
	"ponte/prompts"
)

// Model is what the runner needs of the language model.
type Model interface {
	Configured() bool
	Model() string
	State() llm.State
	Complete(ctx context.Context, r llm.Request) (llm.Response, error)
}

// Runner answers pending asks until its context ends.
type Runner struct {
	DB    *sqlx.DB
	Model Model
	Now   func() time.Time
	Log   *slog.Logger
	Wake  <-chan struct{}
}

// A question holds at most so many texts; an ask is given up after so many tries or so long.
const (
	batchSize   = 12
	maxTries    = 3
	giveUpAfter = 10 * time.Minute
	claimFor    = 2 * time.Minute
)

type ask struct {
	WorkspaceID int64     `db:"workspace_id"`
	ID          int64     `db:"id"`
	AccountID   int64     `db:"account_id"`
	Lane        int16     `db:"lane"`
	Digest      []byte    `db:"digest"`
	Question    []byte    `db:"question"`
	Attempts    int       `db:"attempts"`
	CreatedAt   time.Time `db:"created_at"`
}

// Run works until the context ends.
func (r *Runner) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := r.Once(ctx)
		if err != nil && ctx.Err() == nil {
			r.Log.Error("questions to the model could not be worked; trying again", "error", err)
		}
		if n > 0 && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-r.Wake:
		case <-time.After(500 * time.Millisecond):
		}
	}
	return nil
}

// Once answers one batch of one workspace and returns how many asks it settled.
func (r *Runner) Once(ctx context.Context) (int, error) {
	batch, err := r.claim(ctx)
	if err != nil || len(batch) == 0 {
		return 0, err
	}
	groups, order := group(batch)
	remembered, err := r.remembered(ctx, batch[0].WorkspaceID, order)
	if err != nil {
		return 0, err
	}
	settled := 0
	var fresh []string
	for _, d := range order {
		if a, ok := remembered[d]; ok {
			a.Remembered = true
			if err := r.settle(ctx, groups[d], &a, "", false); err != nil {
				return settled, err
			}
			settled += len(groups[d])
			continue
		}
		fresh = append(fresh, d)
	}
	for len(fresh) > 0 {
		part := fresh[:min(batchSize, len(fresh))]
		fresh = fresh[len(part):]
		n, err := r.answer(ctx, groups, part)
		settled += n
		if err != nil {
			return settled, err
		}
	}
	return settled, nil
}

// group collects the asks that are the same question.
func group(batch []ask) (map[string][]ask, []string) {
	groups := map[string][]ask{}
	var order []string
	for _, a := range batch {
		d := hex.EncodeToString(a.Digest)
		if groups[d] == nil {
			order = append(order, d)
		}
		groups[d] = append(groups[d], a)
	}
	return groups, order
}

// claim takes the asks of the workspace that waits longest; a claim of a dead process runs out.
func (r *Runner) claim(ctx context.Context) ([]ask, error) {
	var batch []ask
	err := r.DB.SelectContext(ctx, &batch, sqlClaimAsks, claimFor.Seconds())
	if err != nil {
		return nil, fmt.Errorf("claim questions: %w", err)
	}
	return batch, nil
}

const sqlClaimAsks = `
WITH first AS (
    SELECT workspace_id FROM asks WHERE state IN ('pending','asking') AND not_before <= now() ORDER BY id LIMIT 1
), due AS (
    SELECT a.workspace_id, a.id FROM asks a JOIN first f USING (workspace_id)
    WHERE a.state IN ('pending','asking') AND a.not_before <= now()
    ORDER BY a.id LIMIT 500 FOR UPDATE OF a SKIP LOCKED
)
UPDATE asks a SET state = 'asking', not_before = now() + make_interval(secs => $1)
FROM due WHERE a.workspace_id = due.workspace_id AND a.id = due.id
RETURNING a.workspace_id, a.id, a.account_id, a.lane, a.digest, a.question, a.attempts, a.created_at`

// key is what an answer is remembered under: the question, the prompt and the model.
func (r *Runner) key(digest string) []byte {
	return []byte(digest + "/" + prompts.Moderate + "/" + r.Model.Model())
}

func (r *Runner) remembered(ctx context.Context, workspace int64, digests []string) (map[string]moderation.LLMAnswer, error) {
	keys := make([][]byte, len(digests))
	for i, d := range digests {
		keys[i] = r.key(d)
	}
	var rows []struct {
		Digest []byte `db:"digest"`
		Answer []byte `db:"answer"`
	}
	if err := r.DB.SelectContext(ctx, &rows, sqlRemembered, workspace, pq.ByteaArray(keys)); err != nil {
		return nil, fmt.Errorf("look for remembered answers: %w", err)
	}
	out := map[string]moderation.LLMAnswer{}
	for _, row := range rows {
		var a moderation.LLMAnswer
		if json.Unmarshal(row.Answer, &a) == nil {
			for i, k := range keys {
				if string(k) == string(row.Digest) {
					out[digests[i]] = a
				}
			}
		}
	}
	return out, nil
}

const sqlRemembered = `
UPDATE llm_answers SET used = used + 1 WHERE workspace_id = $1 AND digest = ANY($2) AND created_at > now() - interval '30 days'
RETURNING digest, answer`

// answer asks the model about one batch of different questions and settles what it answered. What it
// left out, or answered outside the closed lists, is asked once more by itself.
func (r *Runner) answer(ctx context.Context, groups map[string][]ask, digests []string) (int, error) {
	first := groups[digests[0]][0]
	if reason, err := r.closed(ctx, first.WorkspaceID); err != nil || reason != "" {
		if err != nil {
			return 0, err
		}
		return r.giveUp(ctx, groups, digests, reason)
	}
	answers, res, err := r.ask(ctx, groups, digests)
	if res.Model != "" {
		if err := r.spend(ctx, first.WorkspaceID, res); err != nil {
			return 0, err
		}
	}
	if err != nil {
		return r.later(ctx, groups, digests, err)
	}
	settled := 0
	var missing []string
	for _, d := range digests {
		a, ok := answers[d]
		if !ok {
			missing = append(missing, d)
			continue
		}
		if err := r.settle(ctx, groups[d], &a, "", true); err != nil {
			return settled, err
		}
		settled += len(groups[d])
	}
	if len(missing) == 0 {
		return settled, nil
	}
	n, err := r.later(ctx, groups, missing, errors.New("the model's answer left it out or was not one of those allowed"))
	return settled + n, err
}

// closed says why the model may not be asked now: switched off, down, or over the day's budget.
func (r *Runner) closed(ctx context.Context, workspace int64) (string, error) {
	switch r.Model.State() {
	case llm.Off:
		return "no language model is configured", nil
	case llm.Down:
		return "the language model is not answering", nil
	}
	over, err := OverBudget(ctx, r.DB, workspace, r.Now())
	if over {
		return "the day's budget for the language model is spent", err
	}
	return "", err
}

// OverBudget says whether a workspace has spent its day's tokens or money (days in its own time zone).
func OverBudget(ctx context.Context, q sqlx.QueryerContext, workspace int64, now time.Time) (bool, error) {
	w, err := inbox.LoadWorkspace(ctx, q, workspace)
	if err != nil {
		return false, err
	}
	s, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return false, err
	}
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		zone = time.UTC
	}
	y, m, d := now.In(zone).Date()
	var spent struct {
		Tokens int64 `db:"tokens"`
		Micros int64 `db:"micros"`
	}
	if err := sqlx.GetContext(ctx, q, &spent, sqlSpent, workspace, time.Date(y, m, d, 0, 0, 0, 0, zone)); err != nil {
		return false, fmt.Errorf("add up the day's spending: %w", err)
	}
	return s.LLMDailyTokens > 0 && spent.Tokens >= s.LLMDailyTokens || s.LLMDailyMicros > 0 && spent.Micros >= s.LLMDailyMicros, nil
}

const sqlSpent = `
SELECT coalesce(sum(tokens_in + tokens_out), 0) AS tokens, coalesce(sum(cost_micros), 0) AS micros
FROM llm_spend WHERE workspace_id = $1 AND at >= $2`

func (r *Runner) spend(ctx context.Context, workspace int64, res llm.Response) error {
	return Spend(ctx, r.DB, workspace, "moderate", res)
}

// Spend records what a question cost.
func Spend(ctx context.Context, q sqlx.ExecerContext, workspace int64, task string, res llm.Response) error {
	if _, err := q.ExecContext(ctx, `INSERT INTO llm_spend (workspace_id, task, model, tokens_in, tokens_out, cost_micros) VALUES ($1, $2, $3, $4, $5, $6)`,
		workspace, task, res.Model, res.TokensIn, res.TokensOut, res.CostMicros); err != nil {
		return fmt.Errorf("record what a question cost: %w", err)
	}
	return nil
}

// later puts questions off, and gives them up after the last try: the provisional verdict then goes to
// a person.
func (r *Runner) later(ctx context.Context, groups map[string][]ask, digests []string, cause error) (int, error) {
	settled := 0
	for _, d := range digests {
		list := groups[d]
		if list[0].Attempts+1 >= maxTries || r.Now().Sub(list[0].CreatedAt) > giveUpAfter {
			n, err := r.giveUp(ctx, groups, []string{d}, publicReason(cause))
			settled += n
			if err != nil {
				return settled, err
			}
			continue
		}
		if _, err := r.DB.ExecContext(ctx, `UPDATE asks SET state = 'pending', attempts = attempts + 1, not_before = now() + make_interval(secs => 3 * (attempts + 1)), reason = $2 WHERE id = ANY($1)`,
			pq.Array(idsOf(list)), publicReason(cause)); err != nil {
			return settled, fmt.Errorf("put questions off: %w", err)
		}
	}
	return settled, nil
}

func publicReason(err error) string {
	switch {
	case errors.Is(err, llm.ErrRefused):
		return "the language model refused to answer"
	case errors.Is(err, llm.ErrEmpty):
		return "the language model gave no usable answer"
	case errors.Is(err, llm.ErrDown), errors.Is(err, llm.ErrOff):
		return "the language model is not answering"
	}
	return "the language model gave no answer that can be used"
}

func (r *Runner) giveUp(ctx context.Context, groups map[string][]ask, digests []string, reason string) (int, error) {
	n := 0
	for _, d := range digests {
		if err := r.settle(ctx, groups[d], nil, reason, false); err != nil {
			return n, err
		}
		n += len(groups[d])
	}
	return n, nil
}

func idsOf(list []ask) []int64 {
	ids := make([]int64, len(list))
	for i, a := range list {
		ids[i] = a.ID
	}
	return ids
}

// settle writes the answer (or why there is none) and raises the events that carry it into the lanes.
func (r *Runner) settle(ctx context.Context, list []ask, a *moderation.LLMAnswer, failed string, remember bool) error {
	tx, err := r.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if a != nil && remember {
		b, err := json.Marshal(a)
		if err != nil {
			return fmt.Errorf("encode an answer: %w", err)
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO llm_answers (workspace_id, digest, answer) VALUES ($1, $2, $3) ON CONFLICT (workspace_id, digest) DO UPDATE SET answer = excluded.answer, created_at = now()`,
			list[0].WorkspaceID, r.key(hex.EncodeToString(list[0].Digest)), string(b)); err != nil {
			return fmt.Errorf("remember an answer: %w", err)
		}
	}
	state := "answered"
	if a == nil {
		state = "failed"
	}
	var open []int64
	if err := tx.SelectContext(ctx, &open, `UPDATE asks SET state = $2, reason = $3, answered_at = now() WHERE id = ANY($1) AND state IN ('pending','asking') RETURNING id`, pq.Array(idsOf(list)), state, failed); err != nil {
		return fmt.Errorf("settle questions: %w", err)
	}
	still := map[int64]bool{}
	for _, id := range open {
		still[id] = true
	}
	for i, q := range list {
		if !still[q.ID] {
			continue
		}
		answer := a
		if a != nil && i > 0 { // the question was paid for once
			again := *a
			again.Remembered = true
			answer = &again
		}
		if err := inbox.Raise(ctx, tx, inbox.InternalEvent{WorkspaceID: q.WorkspaceID, AccountID: q.AccountID, Key: fmt.Sprintf("ask:%d", q.ID), Kind: inbox.LLMAnswered,
			Channel: string(channels.Facebook), Lane: q.Lane, At: r.Now(), Payload: map[string]any{"ask_id": q.ID, "answer": answer, "failed": failed}}); err != nil {
			return err
		}
	}
	return tx.Commit()
}
