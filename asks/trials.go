package asks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/decisions"
	"ponte/fault"
	"ponte/inbox"
	"ponte/moderation"
)

// under is the same round with another prompt.
func (w *round) under(prompt string) *round {
	return &round{Runner: w.Runner, workspace: w.workspace, groups: w.groups, tried: prompt}
}

// try puts the questions that were answered to the prompts in shadow too, and remembers what they said.
// It is done after those who wait have their answer, and left out while others wait: a trial costs money
// and nobody's time.
func (w *round) try(ctx context.Context, digests []string) error {
	list, err := decisions.PromptsInShadow(ctx, w.DB, w.workspace)
	if err != nil || len(list) == 0 {
		return err
	}
	for _, v := range list {
		if err := w.under(v.Version).answerAll(ctx, digests); err != nil {
			w.Log.Warn("a prompt in shadow could not be asked about some texts; they are left out of its figures", "prompt", v.Version, "error", err)
		}
	}
	return ctx.Err()
}

// answerAll asks what is not remembered; nobody waits for it, so nothing is tried twice.
func (w *round) answerAll(ctx context.Context, digests []string) error {
	keys := make([][]byte, len(digests))
	for i, d := range digests {
		key, err := w.key(ctx, d)
		if err != nil {
			return err
		}
		keys[i] = key
	}
	found, err := w.recall(ctx, keys)
	if err != nil {
		return err
	}
	var fresh []string
	for i, d := range digests {
		if found[string(keys[i])] == nil {
			fresh = append(fresh, d)
		}
	}
	for _, part := range w.parts(fresh) {
		if reason, _, err := w.closed(ctx); err != nil || reason != "" {
			return err
		}
		answers, err := w.ask(ctx, part, 2)
		if errors.Is(err, ErrSpent) || errors.Is(err, ErrHeld) {
			return nil
		}
		if err != nil {
			return err
		}
		for d, a := range answers {
			key, err := w.key(ctx, d)
			if err != nil {
				return err
			}
			if err := w.remember(ctx, w.DB, key, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareEvery is how often prompts in shadow are held against what was decided.
const compareEvery = 5 * time.Second

// Compare holds what prompts in shadow answered against what was decided, and says how many texts it
// compared. It runs beside the questions, because a decision is made after its answer.
func (r *Runner) Compare(ctx context.Context) (int, error) {
	list, err := decisions.PromptsInShadow(ctx, r.DB, 0)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, v := range list {
		m, err := r.compare(ctx, v)
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// sqlCompared finds final verdicts that an answer of the model made, with the question they come from and
// what the prompt in shadow answered to it.
const sqlCompared = `
SELECT v.id, v.decision, v.verdict, p.verdict AS provisional, p.input, l.answer FROM asks a
JOIN verdicts p ON p.workspace_id = a.workspace_id AND p.id = a.verdict_id
JOIN LATERAL (SELECT f.id, f.decision, f.verdict FROM verdicts f WHERE f.workspace_id = a.workspace_id AND f.subject = a.subject AND f.subject_id = a.subject_id
    AND f.event_id = a.event_id AND f.id > a.verdict_id AND f.tier <> 'person' AND NOT f.provisional ORDER BY f.id LIMIT 1) v ON true
JOIN LATERAL (SELECT n.answer FROM llm_answers n WHERE n.workspace_id = a.workspace_id
    AND n.digest >= convert_to(encode(a.digest, 'hex') || '/' || $2 || '/', 'UTF8') AND n.digest < convert_to(encode(a.digest, 'hex') || '/' || $2 || '0', 'UTF8') ORDER BY n.created_at DESC LIMIT 1) l ON true
WHERE a.workspace_id = $1 AND a.state = 'answered' AND a.answered_at >= $3
  AND NOT EXISTS (SELECT 1 FROM shadow_verdicts s WHERE s.workspace_id = a.workspace_id AND s.version_id = $4 AND s.verdict_id = v.id)
ORDER BY a.answered_at LIMIT 200`

func (r *Runner) compare(ctx context.Context, v decisions.Version) (int, error) {
	since := v.StateAt
	if v.ShadowFrom != nil {
		since = *v.ShadowFrom
	}
	var rows []struct {
		ID          int64           `db:"id"`
		Decision    string          `db:"decision"`
		Verdict     json.RawMessage `db:"verdict"`
		Provisional json.RawMessage `db:"provisional"`
		Input       json.RawMessage `db:"input"`
		Answer      json.RawMessage `db:"answer"`
	}
	if err := r.DB.SelectContext(ctx, &rows, sqlCompared, v.WorkspaceID, v.Version, since, v.ID); err != nil || len(rows) == 0 {
		if err != nil {
			err = fmt.Errorf("look for what prompt %s can be held against: %w", v.Version, err)
		}
		return 0, err
	}
	live, err := decisions.LiveEngine(ctx, r.DB, v.WorkspaceID)
	if err != nil {
		return 0, err
	}
	var list []decisions.Shadow
	for _, row := range rows {
		now := decisions.BesidePrompt(live, row.Provisional, row.Input, row.Verdict, row.Answer)
		list = append(list, decisions.Shadow{WorkspaceID: v.WorkspaceID, VersionID: v.ID, VerdictID: row.ID, Was: row.Decision, Now: now})
	}
	return len(list), inbox.InTx(ctx, r.DB, func(tx *sqlx.Tx) error { return decisions.SaveShadows(ctx, tx, list) })
}

// closedError says why the model cannot be asked now.
func closedError(reason string, err error) error {
	if err != nil {
		return err
	}
	return fault.New(fault.Unavailable, "%s", reason)
}

// Opinion is what the language model says of a text when it is asked for a second opinion: nothing
// follows from it.
func (r *Runner) Opinion(ctx context.Context, workspace int64, in moderation.Input) (moderation.LLMAnswer, error) {
	question, err := json.Marshal(Masked(in))
	if err != nil {
		return moderation.LLMAnswer{}, fmt.Errorf("encode a question: %w", err)
	}
	w := &round{Runner: r, workspace: workspace, groups: map[string][]ask{"opinion": {{Question: question}}}}
	if reason, _, err := w.closed(ctx); err != nil || reason != "" {
		return moderation.LLMAnswer{}, closedError(reason, err)
	}
	answers, err := w.ask(ctx, []string{"opinion"}, 2)
	if err != nil {
		return moderation.LLMAnswer{}, closedError(publicReason(err), nil)
	}
	a, ok := answers["opinion"]
	if !ok {
		return a, closedError(publicReason(errLeftOut), nil)
	}
	return a, nil
}
