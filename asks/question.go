package asks

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"ponte/inbox"
	"ponte/llm"
	"ponte/moderation"
	"ponte/prompts"
)

// maxText bounds what of one text goes to the model.
const maxText = 2000

var categories = append(append([]string{"none"}, moderation.HarmCategories...), moderation.SpamCategories...)

// schema is the answer's form: the closed lists are in it, so that a server that keeps to schemas cannot
// step outside them; every answer is checked all the same.
var schema = func() json.RawMessage {
	b, err := json.Marshal(map[string]any{
		"type": "object", "additionalProperties": false, "required": []string{"items"},
		"properties": map[string]any{"items": map[string]any{"type": "array", "items": map[string]any{
			"type": "object", "additionalProperties": false, "required": []string{"id", "category", "score", "intent", "language", "reason"},
			"properties": map[string]any{
				"id": map[string]any{"type": "integer"}, "category": map[string]any{"type": "string", "enum": categories},
				"score": map[string]any{"type": "number"}, "intent": map[string]any{"type": "string", "enum": moderation.Intents},
				"language": map[string]any{"type": "string"}, "reason": map[string]any{"type": "string"},
			}}}},
	})
	if err != nil {
		panic(err)
	}
	return b
}()

// ask puts different questions to the model at once and returns the valid answers by digest.
func (r *Runner) ask(ctx context.Context, groups map[string][]ask, digests []string) (map[string]moderation.LLMAnswer, llm.Response, error) {
	mark := prompts.NewFence()
	w, err := inbox.LoadWorkspace(ctx, r.DB, groups[digests[0]][0].WorkspaceID)
	if err != nil {
		return nil, llm.Response{}, err
	}
	system, err := prompts.Render(prompts.Moderate, "fence", mark, "policy", policyText(w))
	if err != nil {
		return nil, llm.Response{}, err
	}
	var b strings.Builder
	for i, d := range digests {
		var in moderation.Input
		if err := json.Unmarshal(groups[d][0].Question, &in); err != nil {
			return nil, llm.Response{}, fmt.Errorf("read question %d: %w", groups[d][0].ID, err)
		}
		fmt.Fprintf(&b, "Item %d, a %s:\n%s\n", i+1, in.Subject, prompts.Fence(mark, cut(Mask(in.Text))))
		if in.Parent != "" {
			fmt.Fprintf(&b, "It answers:\n%s\n", prompts.Fence(mark, cut(Mask(in.Parent))))
		}
		if in.Caption != "" {
			fmt.Fprintf(&b, "It stands under the post:\n%s\n", prompts.Fence(mark, cut(in.Caption)))
		}
		b.WriteString("\n")
	}
	res, err := r.Model.Complete(ctx, llm.Request{System: system, User: b.String(), SchemaName: "verdicts", Schema: schema, MaxTokens: 200 + 120*len(digests)})
	if err != nil {
		return nil, res, err
	}
	return r.read(res, digests), res, nil
}

// read validates an answer item by item: what is not in the closed lists is as if it had not come.
func (r *Runner) read(res llm.Response, digests []string) map[string]moderation.LLMAnswer {
	var body struct {
		Items []struct {
			ID       json.Number `json:"id"`
			Category string      `json:"category"`
			Score    *float64    `json:"score"`
			Intent   string      `json:"intent"`
			Language string      `json:"language"`
			Reason   string      `json:"reason"`
		} `json:"items"`
	}
	out := map[string]moderation.LLMAnswer{}
	if json.Unmarshal([]byte(res.Text), &body) != nil {
		return out
	}
	share := max(len(digests), 1)
	for _, it := range body.Items {
		n, err := it.ID.Int64()
		if err != nil || n < 1 || int(n) > len(digests) || it.Score == nil || *it.Score < 0 || *it.Score > 1 || !slices.Contains(categories, it.Category) {
			continue
		}
		a := moderation.LLMAnswer{Category: it.Category, Score: *it.Score, Reason: cutTo(it.Reason, 160), Model: res.Model, Prompt: prompts.Moderate,
			TokensIn: res.TokensIn / share, TokensOut: res.TokensOut / share, CostMicros: res.CostMicros / int64(share)}
		if slices.Contains(moderation.Intents, it.Intent) {
			a.Intent = it.Intent
		}
		out[digests[n-1]] = a
	}
	return out
}

func policyText(w inbox.Workspace) string {
	return "The brand is " + w.BrandName() + ". Fair criticism stays. When in doubt, choose none with a low score."
}

func cut(s string) string { return cutTo(s, maxText) }

func cutTo(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
