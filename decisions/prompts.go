package decisions

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"ponte/fault"
	"ponte/inbox"
	"ponte/moderation"
	"ponte/prompts"
)

// KindPrompt is the kind of versions that name a prompt of the program.
const KindPrompt = "prompt"

// promptOf reads the prompt that a version names: {"prompt": "moderate.v1"}.
func promptOf(document string) (string, error) {
	var d struct {
		Prompt string `json:"prompt"`
	}
	if err := json.Unmarshal([]byte(document), &d); err != nil {
		return "", fault.Field("document", `a version of a prompt is a JSON object that names it: {"prompt": %q}`, prompts.Moderate)
	}
	if known := prompts.Moderations(); !slices.Contains(known, d.Prompt) {
		return "", fault.Field("document.prompt", "%q is none of the prompts of this program: %s", d.Prompt, strings.Join(known, ", "))
	}
	return d.Prompt, nil
}

// livePrompt is the prompt of a workspace as a document that is kept under its name.
func livePrompt(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) (moderation.Document, error) {
	w, err := inbox.LoadWorkspace(ctx, q, workspaceID)
	if err != nil {
		return moderation.Document{}, err
	}
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return moderation.Document{}, err
	}
	name := settings.ModerationPrompt()
	raw, err := json.Marshal(map[string]string{"prompt": name})
	if err != nil {
		return moderation.Document{}, fmt.Errorf("encode the prompt's name: %w", err)
	}
	return moderation.Document{Kind: KindPrompt, Version: name, Bytes: raw}, nil
}

// AnswersFrom is where the remembered answers to a question under a prompt begin, whatever the model's
// name; what follows the last slash is the model.
func AnswersFrom(digest []byte, prompt string) []byte {
	return []byte(hex.EncodeToString(digest) + "/" + prompt + "/")
}

// recorded reads what a prompt has answered about items on which the model was asked: the answer that
// stands in the record, or one that is remembered. Nobody is asked anew.
func recorded(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, prompt string, items []item) (map[int64]moderation.LLMAnswer, error) {
	out := map[int64]moderation.LLMAnswer{}
	own, shared := inbox.NewRows("bigint", "bytea", "bytea"), inbox.NewRows("bigint", "bytea")
	for _, it := range items {
		in, erased, err := readInput(it.Input)
		if err != nil || erased {
			continue // the judge says so
		}
		var was moderation.Verdict
		if json.Unmarshal(it.Verdict, &was) != nil || was.Tiers == nil || was.Tiers.LLM == nil && was.Tiers.LLMFailed == "" {
			continue
		}
		if a := was.Tiers.LLM; a != nil && a.Prompt == prompt {
			out[it.ID] = *a
			continue
		}
		own.Add(answersOf(it.ID, was.Digest(in), prompt)...)
		if storm := was.StormHash(in); storm != nil {
			shared.Add(it.ID, storm)
		}
	}
	if err := findAnswers(ctx, q, workspaceID, prompt, own, out); err != nil || shared.Len() == 0 {
		return out, err
	}
	// Of a storm the first was asked about, and its answer is everybody's.
	var firsts []struct {
		ID     int64  `db:"id"`
		Digest []byte `db:"digest"`
	}
	if err := sqlx.SelectContext(ctx, q, &firsts, fmt.Sprintf(`
SELECT DISTINCT k.id, a.digest FROM (%s) AS k (id, storm) JOIN asks a ON a.workspace_id = $%d AND a.alike = k.storm`, shared.SQL(), len(shared.Args())+1), append(shared.Args(), workspaceID)...); err != nil {
		return nil, fmt.Errorf("look for the first of storms: %w", err)
	}
	of := inbox.NewRows("bigint", "bytea", "bytea")
	for _, f := range firsts {
		if _, known := out[f.ID]; !known {
			of.Add(answersOf(f.ID, f.Digest, prompt)...)
		}
	}
	return out, findAnswers(ctx, q, workspaceID, prompt, of, out)
}

// answersOf is an item with the span of keys under which the answers to its question are remembered.
func answersOf(id int64, digest []byte, prompt string) []any {
	from := AnswersFrom(digest, prompt)
	return []any{id, from, append(slices.Clone(from[:len(from)-1]), from[len(from)-1]+1)}
}

func findAnswers(ctx context.Context, q sqlx.QueryerContext, workspaceID int64, prompt string, wanted *inbox.Rows, into map[int64]moderation.LLMAnswer) error {
	if wanted.Len() == 0 {
		return nil
	}
	var found []struct {
		ID     int64  `db:"id"`
		Answer []byte `db:"answer"`
	}
	if err := sqlx.SelectContext(ctx, q, &found, fmt.Sprintf(`
SELECT DISTINCT ON (k.id) k.id, a.answer FROM (%s) AS k (id, lo, hi)
JOIN llm_answers a ON a.workspace_id = $%d AND a.digest >= k.lo AND a.digest < k.hi ORDER BY k.id, a.created_at DESC`, wanted.SQL(), len(wanted.Args())+1), append(wanted.Args(), workspaceID)...); err != nil {
		return fmt.Errorf("look for answers of prompt %s: %w", prompt, err)
	}
	for _, f := range found {
		var a moderation.LLMAnswer
		if json.Unmarshal(f.Answer, &a) == nil {
			into[f.ID] = a
		}
	}
	return nil
}

// judgePrompt judges an item as if the model had been asked with another prompt. Where it was not asked,
// nothing changes; where that prompt has no recorded answer, the item counts as it was decided.
func (c *Counts) judgePrompt(e *moderation.Engine, it item, answers map[int64]moderation.LLMAnswer) (*Change, error) {
	in, was, err := c.read(it)
	if err != nil || was == nil {
		return nil, err
	}
	c.Items++
	if was.Tiers == nil || was.Tiers.LLM == nil && was.Tiers.LLMFailed == "" {
		return c.outcome(it, moderation.Verdict{Decision: moderation.Decision(it.Was), Tiers: was.Tiers}), nil
	}
	c.NeedsLLM++
	answer, ok := answers[it.ID]
	if !ok {
		c.Unanswered++
		return c.outcome(it, moderation.Verdict{Decision: moderation.Decision(it.Was), Tiers: was.Tiers}), nil
	}
	v := e.Judge(in)
	if v.NeedsLLM {
		v = withRecorded(e, v, in, &moderation.TierAnswers{LLM: &answer, Signals: was.Tiers.Signals})
	}
	return c.outcome(it, v), nil
}

// PromptsInShadow returns the versions of prompts in shadow, of a workspace or (0) of all.
func PromptsInShadow(ctx context.Context, q sqlx.QueryerContext, workspaceID int64) ([]Version, error) {
	var out []Version
	if err := sqlx.SelectContext(ctx, q, &out, sqlVersions+` WHERE ($1::bigint = 0 OR workspace_id = $1) AND state = 'shadow' AND kind = 'prompt' ORDER BY id`, workspaceID); err != nil {
		return nil, fmt.Errorf("load the prompts in shadow: %w", err)
	}
	return out, nil
}

// BesidePrompt is what would have been decided with a prompt's answer. It never fails: what cannot be read
// says so in its own record.
func BesidePrompt(live *moderation.Engine, provisional, input, final, answer json.RawMessage) string {
	var v, was moderation.Verdict
	var a moderation.LLMAnswer
	in, erased, err := readInput(input)
	if err != nil || erased || json.Unmarshal(provisional, &v) != nil || json.Unmarshal(final, &was) != nil || json.Unmarshal(answer, &a) != nil {
		return failed
	}
	if !live.Made(v) {
		v = live.Judge(in)
	}
	if !v.NeedsLLM { // policy or rules changed: nobody is asked any more
		return string(v.Decision)
	}
	t := &moderation.TierAnswers{LLM: &a}
	if was.Tiers != nil {
		t.Signals = was.Tiers.Signals
	}
	return string(withRecorded(live, v, in, t).Decision)
}
