package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/asks"
	"ponte/decisions"
	"ponte/llm"
	"ponte/prompts"
)

// twoMinds answers otherwise under the first prompt than under the second.
type twoMinds struct {
	counting
	asked map[string]int
}

func (m *twoMinds) Complete(ctx context.Context, r llm.Request) (llm.Response, error) {
	first, err := prompts.Text("moderate.v1")
	if err != nil {
		return llm.Response{}, err
	}
	line, _, _ := strings.Cut(first, "{{")
	second, _ := prompts.Text("moderate.v2")
	mark := "Where pictures follow"
	if !strings.Contains(second, mark) || strings.Contains(first, mark) || line == "" {
		return llm.Response{}, fmt.Errorf("the prompts cannot be told apart")
	}
	category, prompt := "none", "moderate.v1"
	if strings.Contains(r.System, mark) {
		category, prompt = "harassment", "moderate.v2"
	}
	n := len(fenced.FindAllString(r.User, -1))
	m.asked[prompt] += n
	var items []string
	for i := range n {
		items = append(items, fmt.Sprintf(`{"id":%d,"category":%q,"score":0.95,"intent":"other","language":"en","reason":"r"}`, i+1, category))
	}
	return llm.Response{Text: `{"items":[` + strings.Join(items, ",") + `]}`, Model: "two minds"}, nil
}

// TestAPromptGoesFromBacktestToLive: a backtest asks nobody and says what has no answer; in shadow the
// prompt is asked beside the live one; live, it is the one that is asked.
func TestAPromptGoesFromBacktestToLive(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.asking = true
	b.exec(`UPDATE workspaces SET settings = '{"policy":{"hide_harm":false}}'`) // whatever the shipped model thinks of a text, it is asked about
	ctx := context.Background()
	model := &twoMinds{asked: map[string]int{}}
	runner := &asks.Runner{DB: b.db, Model: model, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	talk := func(from, to int) {
		for i := from; i < to; i++ {
			b.feed(b.igComment(fmt.Sprint("c", i), fmt.Sprint("8", i), unsure+", "+strings.Repeat("so ", i+1)+"many"))
		}
		b.feed(b.igComment(fmt.Sprint("nice", from), fmt.Sprint("7", from), "lovely kayaks"))
		for {
			n, err := runner.Once(ctx)
			b.must(err)
			if n == 0 {
				break
			}
		}
		b.work()
	}
	talk(0, 10)
	if model.asked["moderate.v2"] != 10 || len(model.asked) != 1 {
		t.Fatalf("asked %v", model.asked)
	}
	var v decisions.Version
	b.must(b.change(ctx, func(tx *sqlx.Tx) (err error) {
		v, err = decisions.AddVersion(ctx, tx, b.ws, decisions.NewVersion{Kind: "prompt", Document: json.RawMessage(`{"prompt":"moderate.v1"}`)}, "cli")
		return err
	}))
	if v.Version != "moderate.v1" {
		t.Errorf("the version is called %s", v.Version)
	}
	if err := b.change(ctx, func(tx *sqlx.Tx) error {
		_, err := decisions.AddVersion(ctx, tx, b.ws, decisions.NewVersion{Kind: "prompt", Document: json.RawMessage(`{"prompt":"suggest.v1"}`)}, "cli")
		return err
	}); err == nil {
		t.Error("a prompt that does not judge was kept")
	}
	backtest := func() decisions.Counts {
		t.Helper()
		b.must(b.change(ctx, func(tx *sqlx.Tx) error {
			_, err := decisions.AddBacktest(ctx, tx, b.ws, v.ID, nil, 0, "cli")
			return err
		}))
		w := &decisions.Worker{DB: b.db, Name: "test", Log: slog.New(slog.DiscardHandler), Page: 3, Rest: func(context.Context, time.Duration) {}}
		_, err := w.Once(ctx)
		b.must(err)
		list, err := decisions.Backtests(ctx, b.db, b.ws, v.ID)
		b.must(err)
		c, err := list[0].Result()
		b.must(err)
		return c
	}
	if c := backtest(); c.Items != 11 || c.NeedsLLM != 10 || c.Unanswered != 10 || c.Changed != 0 {
		t.Errorf("without answers the backtest says %+v", c)
	}
	move := func(to, reason string) error {
		return b.change(ctx, func(tx *sqlx.Tx) error {
			_, err := decisions.Move(ctx, tx, b.ws, v.ID, to, reason, "cli")
			return err
		})
	}
	if err := move("shadow", ""); err == nil || !strings.Contains(err.Error(), "answers of this prompt to 0 texts") {
		t.Errorf("to shadow without answers: %v", err)
	}
	b.must(move("shadow", "there is no other way to get answers"))
	talk(20, 24)
	if model.asked["moderate.v1"] != 4 || model.asked["moderate.v2"] != 14 {
		t.Errorf("asked %v", model.asked)
	}
	if n, err := runner.Compare(ctx); err != nil || n != 4 {
		t.Errorf("%d texts were compared: %v", n, err)
	}
	if n, err := runner.Compare(ctx); err != nil || n != 0 {
		t.Errorf("%d texts were compared twice: %v", n, err)
	}
	figures, err := decisions.ReadShadow(ctx, b.db, b.ws, v.ID)
	b.must(err)
	if figures.Items != 4 || figures.Same != 0 || len(figures.Pairs) != 1 || figures.Pairs[0] != (decisions.Pair{Was: "hide", Now: "allow", Count: 4}) {
		t.Errorf("the shadow says %+v", figures)
	}
	before := model.asked["moderate.v1"] + model.asked["moderate.v2"]
	if c := backtest(); c.Items != 16 || c.NeedsLLM != 14 || c.Unanswered != 10 || c.Changed != 4 {
		t.Errorf("with answers the backtest says %+v", c)
	}
	if model.asked["moderate.v1"]+model.asked["moderate.v2"] != before {
		t.Error("a backtest asked the model")
	}
	// Of a storm the first few are asked about; the rest have their answer, in the backtest too.
	b.exec(`INSERT INTO posts (workspace_id, account_id, external_id, caption, fetched_at) SELECT $1, $2, $3 || i, 'caption ' || i, now() FROM generate_series(0, 99) AS i`, b.ws, b.ig.ID, post)
	for i := range stormFrom + 10 {
		b.feed(strings.ReplaceAll(b.igComment(fmt.Sprint("storm", i), fmt.Sprint("6", i), []string{unsure, strings.ToUpper(unsure)}[i%2]), post, fmt.Sprint(post, i)))
	}
	talk(60, 60)
	if asked := model.asked["moderate.v2"]; asked != 14+stormFrom {
		t.Errorf("of a storm %d were asked about", asked-14)
	}
	if c := backtest(); c.NeedsLLM != 14+stormFrom+10 || c.Unanswered != 10 {
		t.Errorf("with a storm the backtest says %+v", c)
	}
	asked := model.asked["moderate.v2"]
	b.must(move("live", "we want to see it work"))
	talk(40, 43)
	if got := b.text(`SELECT verdict->>'prompt_version' FROM verdicts WHERE tier = 'llm' ORDER BY id DESC LIMIT 1`); got != "moderate.v1" || model.asked["moderate.v2"] != asked {
		t.Errorf("judged by %s; asked %v", got, model.asked)
	}
	if got := b.text(`SELECT string_agg(version || ' ' || override, ', ') FROM versions WHERE kind = 'prompt' AND state = 'live'`); got != "moderate.v1 we want to see it work" {
		t.Errorf("live: %s", got)
	}
}
