package asks

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"

	"ponte/channels"
	"ponte/inbox"
	"ponte/moderation"
)

// key is what an answer is remembered under: the question, the prompt, the model, and the words the prompt
// was filled with: a brand that is renamed, or a policy that changed while the question waited, is another
// question.
func (w *round) key(ctx context.Context, digest string) ([]byte, error) {
	if _, _, err := w.instructions(ctx); err != nil {
		return nil, err
	}
	return []byte(digest + "/" + w.prompt + "/" + w.Model.Model() + "/" + w.filled), nil
}

// recall reads remembered answers by their keys and counts their use.
func (w *round) recall(ctx context.Context, keys [][]byte) (map[string]json.RawMessage, error) {
	var rows []struct {
		Digest []byte `db:"digest"`
		Answer []byte `db:"answer"`
	}
	if err := w.DB.SelectContext(ctx, &rows, sqlRemembered, w.workspace, pq.ByteaArray(keys)); err != nil {
		return nil, fmt.Errorf("look for remembered answers: %w", err)
	}
	out := make(map[string]json.RawMessage, len(rows))
	for _, row := range rows {
		out[string(row.Digest)] = row.Answer
	}
	return out, nil
}

const sqlRemembered = `
UPDATE llm_answers l SET used = used + 1
FROM (SELECT digest FROM llm_answers WHERE workspace_id = $1 AND digest = ANY($2) AND created_at > now() - interval '30 days' ORDER BY digest FOR UPDATE) known
WHERE l.workspace_id = $1 AND l.digest = known.digest RETURNING l.digest, l.answer`

// remembered settles what was answered before and returns what was not.
func (w *round) remembered(ctx context.Context, digests []string) ([]string, error) {
	keys := make([][]byte, len(digests))
	for i, d := range digests {
		key, err := w.key(ctx, d)
		if err != nil {
			return nil, err
		}
		keys[i] = key
	}
	found, err := w.recall(ctx, keys)
	if err != nil {
		return nil, err
	}
	var known, fresh []string
	answers := map[string]moderation.LLMAnswer{}
	for i, d := range digests {
		var a moderation.LLMAnswer
		if raw := found[string(keys[i])]; raw == nil || json.Unmarshal(raw, &a) != nil {
			fresh = append(fresh, d)
			continue
		}
		a.Remembered = true
		answers[d], known = a, append(known, d)
	}
	if len(known) == 0 {
		return fresh, nil
	}
	signals, err := w.signals(ctx, known)
	if err != nil {
		return nil, err
	}
	for _, d := range known {
		a := answers[d]
		if err := w.settle(ctx, d, outcome{answer: &a, signals: signalOf(signals, d)}); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

const sqlRemember = `
INSERT INTO llm_answers (workspace_id, digest, answer) VALUES ($1, $2, $3)
ON CONFLICT (workspace_id, digest) DO UPDATE SET answer = excluded.answer, created_at = now()`

func (w *round) remember(ctx context.Context, q sqlx.ExecerContext, key []byte, answer any) error {
	b, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("encode an answer: %w", err)
	}
	if _, err := q.ExecContext(ctx, sqlRemember, w.workspace, key, string(b)); err != nil {
		return fmt.Errorf("remember an answer: %w", err)
	}
	return nil
}

const sqlSettleAsks = `
UPDATE asks a SET state = $3, reason = $4, answered_at = now()
FROM (SELECT id FROM asks WHERE workspace_id = $1 AND id = ANY($2) AND state IN ('pending','asking') ORDER BY id FOR UPDATE) open
WHERE a.workspace_id = $1 AND a.id = open.id RETURNING a.id`

// settle writes the outcome of a question (or why there is none) and raises the events that carry it
// into the lanes of all who asked it.
func (w *round) settle(ctx context.Context, digest string, o outcome) error {
	tx, err := w.DB.BeginTxx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback()
	if o.remember {
		key, err := w.key(ctx, digest)
		if err != nil {
			return err
		}
		if err := w.remember(ctx, tx, key, o.answer); err != nil {
			return err
		}
	}
	state := "answered"
	if o.answer == nil {
		state = "failed"
	}
	var open []int64
	if err := tx.SelectContext(ctx, &open, sqlSettleAsks, w.workspace, pq.Array(w.ids([]string{digest})), state, o.failed); err != nil {
		return fmt.Errorf("settle questions: %w", err)
	}
	if len(open) > 0 {
		if err := inbox.Raise(ctx, tx, w.events(digest, open, o)...); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	w.settled.Add(int64(len(open)))
	return nil
}

func (w *round) events(digest string, open []int64, o outcome) []inbox.InternalEvent {
	still := make(map[int64]bool, len(open))
	for _, id := range open {
		still[id] = true
	}
	var events []inbox.InternalEvent
	for _, q := range w.groups[digest] {
		if !still[q.ID] {
			continue
		}
		answer := o.answer
		if answer != nil && len(events) > 0 { // the question was paid for once
			again := *answer
			again.Remembered = true
			answer = &again
		}
		events = append(events, inbox.InternalEvent{WorkspaceID: q.WorkspaceID, AccountID: q.AccountID, Key: fmt.Sprintf("ask:%d", q.ID), Kind: inbox.LLMAnswered,
			Channel: string(channels.Facebook), Lane: q.Lane, At: w.Now(),
			Payload: map[string]any{"ask_id": q.ID, "answer": answer, "failed": o.failed, "signals": o.signals}})
	}
	return events
}
