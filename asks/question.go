package asks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ponte/inbox"
	"ponte/llm"
	"ponte/moderation"
	"ponte/prompts"
)

// maxText bounds what of one text goes to the model.
const maxText = 2000

var categories = append(append([]string{"none"}, moderation.HarmCategories...), moderation.SpamCategories...)

var languages = []string{"en", "it", "fr", "ro", "es", "de", "pt", "other"}

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
				"language": map[string]any{"type": "string", "enum": languages}, "reason": map[string]any{"type": "string"},
			}}}},
	})
	if err != nil {
		panic(err)
	}
	return b
}()

// input is a question's text as ingest kept it; what cannot be read is empty, and so is its answer.
func (w *round) input(digest string) moderation.Input {
	var in moderation.Input
	if err := json.Unmarshal(w.groups[digest][0].Question, &in); err != nil {
		w.Log.Error("a question cannot be read", "ask", w.groups[digest][0].ID, "error", err)
	}
	return in
}

// ask puts different questions to the model at once and returns the valid answers by digest. An answer
// that is no answer, or lacks some, is repaired: the model is shown what was wrong with it.
func (w *round) ask(ctx context.Context, digests []string, times int) (map[string]moderation.LLMAnswer, error) {
	req, look, err := w.request(ctx, digests)
	if err != nil {
		return nil, err
	}
	out, err := converse(ctx, w.Model, w.prompt, req, digests, times, func(req llm.Request) (settling, error) {
		r, err := Reserve(ctx, w.DB, w.workspace, w.Now(), "moderate", w.Model.Most(req))
		if err != nil {
			return nil, err
		}
		return r.Settle, nil
	})
	for d, a := range out {
		a.Looked, a.Unseen = look.seen, look.why
		out[d] = a
	}
	return out, err
}

// settling is told what a request took.
type settling func(context.Context, llm.Response) error

// converse asks so many times at the most: again where the answer cannot be used for all; reserve is asked before each
// request whether it may be put: one that has an answer repaired is longer, and has more room.
func converse(ctx context.Context, model Model, prompt string, req llm.Request, digests []string, times int, reserve func(llm.Request) (settling, error)) (map[string]moderation.LLMAnswer, error) {
	out := map[string]moderation.LLMAnswer{}
	cost := llm.Response{}
	var fault error
	for try := range times {
		settle, err := reserve(req)
		if errors.Is(err, ErrSpent) || errors.Is(err, ErrHeld) {
			if try > 0 { // no budget is left to have it repaired
				fault = nil
				break
			}
			return nil, err
		}
		if err != nil {
			return nil, err
		}
		res, err := model.Complete(ctx, req)
		if err := settle(ctx, res); err != nil {
			return nil, err
		}
		if res.Model != "" {
			cost.TokensIn, cost.TokensOut, cost.CostMicros = cost.TokensIn+res.TokensIn, cost.TokensOut+res.TokensOut, cost.CostMicros+res.CostMicros
		}
		if fault = err; err == nil || about(err) { // of one that was cut off, what came whole counts
			for d, a := range read(res, prompt, digests) {
				if _, known := out[d]; !known {
					out[d] = a
				}
			}
		}
		if len(out) == len(digests) || err != nil && !about(err) || errors.Is(err, llm.ErrRefused) {
			break
		}
		if res.Text != "" { // some servers take no turn without words
			req.Repair = &llm.Repair{Answer: cutTo(res.Text, 4000), Fault: complaint(digests, out)}
		}
		req.MaxTokens *= 2
	}
	shareOut(out, digests, cost)
	return out, partly(out, fault)
}

// shareOut divides what a question cost among its answers, to the last millionth: what the decisions cost adds up to
// what was spent.
func shareOut(out map[string]moderation.LLMAnswer, digests []string, cost llm.Response) {
	n, i := int64(len(out)), int64(0)
	part := func(total int64) int64 {
		if i < total%n {
			return total/n + 1
		}
		return total / n
	}
	for _, d := range digests {
		if a, ok := out[d]; ok {
			a.TokensIn, a.TokensOut, a.CostMicros = int(part(int64(cost.TokensIn))), int(part(int64(cost.TokensOut))), part(cost.CostMicros)
			out[d] = a
			i++
		}
	}
}

// Direct puts texts to the model at once, outside the queue and without a workspace: for the command
// line. An answer that did not come or is not one of those allowed is nil; the error is of a server that was not to
// be asked, or took none of them.
func Direct(ctx context.Context, model Model, list []moderation.Input) ([]*moderation.LLMAnswer, error) {
	out := make([]*moderation.LLMAnswer, len(list))
	keys := make([]string, len(list))
	for i := range list {
		keys[i] = strconv.Itoa(i)
	}
	p := &portions{answers: map[string]moderation.LLMAnswer{}, faults: map[string]error{}}
	p.ask = func(some []string, times int) (map[string]moderation.LLMAnswer, error) {
		return direct(ctx, model, list, some, times)
	}
	if p.together(keys); p.err == nil && len(list) > 1 {
		var again []string
		for _, k := range keys {
			if err := p.faults[k]; err != nil && !errors.Is(err, llm.ErrRefused) {
				again = append(again, k)
			}
		}
		p.alone(again)
	}
	err := p.err
	for i, k := range keys {
		if a, ok := p.answers[k]; ok {
			out[i] = &a
		} else if err == nil && about(p.faults[k]) {
			err = p.faults[k]
		}
	}
	if len(p.answers) > 0 {
		err = nil
	}
	return out, err
}

func direct(ctx context.Context, model Model, list []moderation.Input, keys []string, times int) (map[string]moderation.LLMAnswer, error) {
	mark := prompts.NewFence()
	system, err := prompts.Render(prompts.Moderate, "fence", mark, "policy", unstated, "brand", "a brand")
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for i, k := range keys {
		at, err := strconv.Atoi(k)
		if err != nil {
			return nil, err
		}
		writeItem(&b, mark, i+1, list[at])
	}
	req := llm.Request{System: system, User: b.String(), SchemaName: "verdicts", Schema: schema, MaxTokens: 200 + 120*len(keys)}
	return converse(ctx, model, prompts.Moderate, req, keys, times, func(llm.Request) (settling, error) {
		return func(context.Context, llm.Response) error { return nil }, nil
	})
}

// partly forgets an error where some of the questions were answered before it.
func partly(out map[string]moderation.LLMAnswer, err error) error {
	if len(out) > 0 {
		return nil
	}
	return err
}

// request writes the questions of one request.
func (w *round) request(ctx context.Context, digests []string) (llm.Request, looked, error) {
	system, mark, err := w.instructions(ctx)
	if err != nil {
		return llm.Request{}, looked{}, err
	}
	var b strings.Builder
	for i, d := range digests {
		writeItem(&b, mark, i+1, w.input(d))
	}
	req := llm.Request{System: system, User: b.String(), SchemaName: "verdicts", Schema: schema, MaxTokens: 200 + 120*len(digests)}
	look, err := w.look(ctx, digests, &req)
	return req, look, err
}

func writeItem(b *strings.Builder, mark string, n int, in moderation.Input) {
	fmt.Fprintf(b, "Item %d, a %s:\n%s\n", n, in.Subject, prompts.Fence(mark, cutTo(Mask(in.Text), maxText)))
	if in.Parent != "" {
		fmt.Fprintf(b, "It answers:\n%s\n", prompts.Fence(mark, cutTo(Mask(in.Parent), maxText)))
	}
	if in.Caption != "" {
		fmt.Fprintf(b, "It stands under the post:\n%s\n", prompts.Fence(mark, cutTo(Mask(in.Caption), maxText)))
	}
	b.WriteString("\n")
}

// instructions renders the prompt with the workspace's own words, once a round. The mark of the fence is
// drawn after everything it fences was written.
func (w *round) instructions(ctx context.Context) (system, mark string, err error) {
	w.once.Do(func() {
		var space inbox.Workspace
		if space, w.words = inbox.LoadWorkspace(ctx, w.DB, w.workspace); w.words != nil {
			return
		}
		var plain string
		if plain, w.prompt, w.words = render(space, w.tried, "DATA"); w.words != nil {
			return
		}
		sum := sha256.Sum256([]byte(plain))
		w.filled, w.mark = hex.EncodeToString(sum[:6]), prompts.NewFence()
		w.system, _, w.words = render(space, w.tried, w.mark)
	})
	return w.system, w.mark, w.words
}

// unstated is what the model is told where the workspace's policy says nothing in words.
const unstated = "Fair criticism stays. When in doubt, choose none with a low score."

// render writes the instructions by a prompt; an empty one is the workspace's own.
func render(w inbox.Workspace, prompt, mark string) (system, used string, err error) {
	settings, err := inbox.ParseSettings(w.Settings)
	if err != nil {
		return "", "", err
	}
	if prompt == "" {
		prompt = settings.ModerationPrompt()
	}
	var policy struct {
		Text string `json:"text"`
	}
	if len(settings.Policy) > 0 {
		if err := json.Unmarshal(settings.Policy, &policy); err != nil {
			return "", "", fmt.Errorf("read the policy of workspace %d: %w", w.ID, err)
		}
	}
	if strings.TrimSpace(policy.Text) == "" {
		policy.Text = unstated
	}
	system, err = prompts.Render(prompt, "fence", mark, "policy", policy.Text, "brand", w.BrandName())
	return system, prompt, err
}

// complaint says what was wrong with an answer, by the items' numbers alone.
func complaint(digests []string, out map[string]moderation.LLMAnswer) string {
	var missing []string
	for i, d := range digests {
		if _, ok := out[d]; !ok {
			missing = append(missing, fmt.Sprint(i+1))
		}
	}
	return fmt.Sprintf(`Your answer could not be used for item %s: an entry was missing, or its category, score or id was not one of those allowed. Answer again with one JSON object {"items":[…]} and nothing else, with an entry for each of these items. A score is a number from 0 to 1. The names of categories are the English ones listed above.`, strings.Join(missing, ", "))
}

func cutTo(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}
