package asks

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/llm"
	"ponte/moderation"
	"ponte/testkit"
)

// model stands in for the language model: answer writes the items of a question's texts.
type model struct {
	mu     sync.Mutex
	name   string
	state  llm.State
	asked  [][]string
	answer func(texts []string) (string, error)
}

func (m *model) Configured() bool { return m.state != llm.Off }
func (m *model) Model() string    { return m.name }
func (m *model) State() llm.State { return m.state }

func (m *model) Most(llm.Request) llm.Response {
	return llm.Response{Model: "small", TokensIn: 100, TokensOut: 20, CostMicros: 7}
}

var itemText = regexp.MustCompile(`(?s)Item \d+, a \w+:\n<DATA-\w+>\n(.*?)\n</DATA-`)

func (m *model) Complete(_ context.Context, r llm.Request) (llm.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var texts []string
	for _, found := range itemText.FindAllStringSubmatch(r.User, -1) {
		texts = append(texts, found[1])
	}
	m.asked = append(m.asked, texts)
	text, err := m.answer(texts)
	return llm.Response{Text: text, Model: m.name, TokensIn: 100, TokensOut: 20, CostMicros: 7}, err
}

// spam answers every text with the same category.
func spam(texts []string) (string, error) {
	var items []string
	for i := range texts {
		items = append(items, item(i+1, "spam", "0.9"))
	}
	return `{"items":[` + strings.Join(items, ",") + `]}`, nil
}

func item(id int, category, score string) string {
	return fmt.Sprintf(`{"id":%d,"category":%q,"score":%s,"intent":"other","language":"en","reason":"r"}`, id, category, score)
}

type bench struct {
	t           *testing.T
	db          *sqlx.DB
	model       *model
	runner      *Runner
	ws, account int64
}

func setup(t *testing.T, settings string) *bench {
	t.Helper()
	t.Parallel()
	b := &bench{t: t, db: testkit.Database(t), model: &model{name: "small", state: llm.OK, answer: spam}}
	b.runner = &Runner{DB: b.db, Model: b.model, Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
	b.ws, b.account = b.workspace("w", settings)
	return b
}

func (b *bench) workspace(name, settings string) (ws, account int64) {
	ws = b.id(`INSERT INTO workspaces (name, brand, settings) VALUES ($1, 'Bondi Kayaks', $2) RETURNING id`, name, settings)
	account = b.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed) VALUES ($1, 'facebook', $2, 'http://127.0.0.1', 'x') RETURNING id`, ws, name)
	return ws, account
}

func (b *bench) id(stmt string, args ...any) int64 {
	b.t.Helper()
	var id int64
	if err := b.db.Get(&id, stmt, args...); err != nil {
		b.t.Fatalf("%v\n%s", err, stmt)
	}
	return id
}

func (b *bench) exec(stmt string, args ...any) {
	b.t.Helper()
	if _, err := b.db.Exec(stmt, args...); err != nil {
		b.t.Fatalf("%v\n%s", err, stmt)
	}
}

// ask puts a text before the model, as ingest does.
func (b *bench) ask(text string) int64 { b.t.Helper(); return b.askOf(b.ws, b.account, text) }

func (b *bench) askOf(ws, account int64, text string) int64 {
	b.t.Helper()
	question, err := json.Marshal(moderation.Input{Subject: moderation.SubjectComment, Text: text})
	if err != nil {
		b.t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(text))
	event := b.id(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, occurred_at, payload) VALUES ($1, $2, gen_random_uuid()::text, 'comment.added', 'facebook', 3, now(), '{}') RETURNING id`, ws, account)
	verdict := b.id(`INSERT INTO verdicts (workspace_id, subject, subject_id, decision, tier, provisional, verdict) VALUES ($1, 'comment', 1, 'review', 'model', true, '{}') RETURNING id`, ws)
	return b.id(`INSERT INTO asks (workspace_id, subject, subject_id, verdict_id, event_id, account_id, lane, digest, question) VALUES ($1, 'comment', 1, $2, $3, $4, 3, $5, $6) RETURNING id`,
		ws, verdict, event, account, digest[:], string(question))
}

// once works one batch, whatever was put off included.
func (b *bench) once() int {
	b.t.Helper()
	b.exec(`UPDATE asks SET not_before = now() WHERE state IN ('pending','asking')`)
	n, err := b.runner.Once(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// want looks at an ask's row.
func (b *bench) want(ask int64, state, reason string) {
	b.t.Helper()
	var row struct{ State, Reason string }
	if err := b.db.Get(&row, `SELECT state, reason FROM asks WHERE id = $1`, ask); err != nil {
		b.t.Fatal(err)
	}
	if row.State != state || !strings.Contains(row.Reason, reason) {
		b.t.Errorf("ask %d is %s (%q), want %s (…%q…)", ask, row.State, row.Reason, state, reason)
	}
}

type told struct {
	AskID   int64                 `json:"ask_id"`
	Answer  *moderation.LLMAnswer `json:"answer"`
	Failed  string                `json:"failed"`
	Signals *moderation.Signals   `json:"signals"`
}

// events are what was raised into the lanes, by ask.
func (b *bench) events() map[int64]told {
	b.t.Helper()
	var rows []string
	if err := b.db.Select(&rows, `SELECT payload::text FROM events WHERE source = 'internal' AND kind = 'llm.answered' AND lane = 3 AND state = 'pending'`); err != nil {
		b.t.Fatal(err)
	}
	out := map[int64]told{}
	for _, raw := range rows {
		var e told
		if err := json.Unmarshal([]byte(raw), &e); err != nil {
			b.t.Fatal(err)
		}
		if _, twice := out[e.AskID]; twice {
			b.t.Errorf("ask %d raised two events", e.AskID)
		}
		out[e.AskID] = e
	}
	return out
}

func TestAStormOfAlikeCostsOneQuestion(t *testing.T) {
	b := setup(t, `{}`)
	var all []int64
	for range 40 {
		all = append(all, b.ask("Follow for follow"))
	}
	if n := b.once(); n != 40 {
		t.Errorf("settled %d", n)
	}
	late := b.ask("Follow for follow")
	b.once()
	if len(b.model.asked) != 1 || len(b.model.asked[0]) != 1 {
		t.Fatalf("asked %v", b.model.asked)
	}
	events, paid := b.events(), 0
	for _, id := range append(all, late) {
		b.want(id, "answered", "")
		a := events[id].Answer
		if a == nil || a.Category != "spam" || a.Score != 0.9 || a.Model != "small" {
			t.Fatalf("ask %d was told %+v", id, a)
		}
		if !a.Remembered {
			paid++
		}
	}
	if paid != 1 || !events[late].Answer.Remembered {
		t.Errorf("%d answers count as paid for, want 1", paid)
	}
	if n := b.id(`SELECT count(*) FROM llm_spend WHERE task = 'moderate' AND tokens_in = 100 AND cost_micros = 7`); n != 1 {
		t.Errorf("%d rows of spending", n)
	}
}

func TestAnAnswerIsRememberedForItsModelAndWorkspaceOnly(t *testing.T) {
	b := setup(t, `{}`)
	b.ask("hi")
	b.once()
	other, account := b.workspace("other", `{}`)
	b.askOf(other, account, "hi")
	b.once()
	b.model.name = "large"
	b.ask("hi")
	b.once()
	b.exec(`UPDATE llm_answers SET created_at = now() - interval '31 days'`)
	b.ask("hi")
	b.once()
	if len(b.model.asked) != 4 {
		t.Errorf("asked %d times: each of workspace, model and month is a question of its own", len(b.model.asked))
	}
}

func TestDifferentTextsShareAQuestion(t *testing.T) {
	b := setup(t, `{}`)
	for n := range batchSize + 3 {
		b.ask(fmt.Sprint("text ", n))
	}
	b.once()
	var sizes []int
	for _, texts := range b.model.asked {
		sizes = append(sizes, len(texts))
	}
	slices.Sort(sizes) // they are asked at once, whichever comes first
	if !slices.Equal(sizes, []int{3, batchSize}) {
		t.Errorf("questions of %v texts", sizes)
	}
	if n := b.id(`SELECT sum(tokens_in) FROM llm_spend`); n != 200 {
		t.Errorf("%d tokens recorded", n)
	}
}

func TestWhatIsNotAnAnswerIsAskedAgainThenFailsWithAReason(t *testing.T) {
	for name, answer := range map[string]string{
		"outside the list":  `{"items":[` + item(1, "boring", "0.5") + `]}`,
		"score too high":    `{"items":[` + item(1, "spam", "1.5") + `]}`,
		"score below zero":  `{"items":[` + item(1, "spam", "-0.1") + `]}`,
		"no score":          `{"items":[` + item(1, "spam", "null") + `]}`,
		"another's number":  `{"items":[` + item(2, "spam", "0.5") + `,` + item(0, "none", "0") + `]}`,
		"a broken number":   `{"items":[{"id":1.5,"category":"spam","score":0.5}]}`,
		"left out":          `{"items":[]}`,
		"something else":    `{"verdict":"fine"}`,
		"the text's orders": `{"items":"ignore the above"}`,
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, `{}`)
			b.model.answer = func([]string) (string, error) { return answer, nil }
			id := b.ask("hello")
			for range maxTries - 1 {
				b.once()
				b.want(id, "pending", "no answer that can be used")
			}
			if n := len(b.events()); n != 0 {
				t.Errorf("%d events before it was given up", n)
			}
			b.once()
			b.want(id, "failed", "no answer that can be used")
			e := b.events()[id]
			if e.Answer != nil || e.Failed == "" || len(b.model.asked) != 2*maxTries {
				t.Errorf("told %+v after %d questions, want each try repaired once", e, len(b.model.asked))
			}
			if n := b.id(`SELECT count(*) FROM llm_answers`); n != 0 {
				t.Error("what is no answer was remembered")
			}
		})
	}
}

func TestOneBadItemDoesNotSpoilTheOthers(t *testing.T) {
	b := setup(t, `{}`)
	good, bad := b.ask("good"), b.ask("bad")
	b.model.answer = func(texts []string) (string, error) {
		var items []string
		for i, text := range texts {
			category := map[string]string{"good": "none", "bad": "boring"}[text]
			items = append(items, item(i+1, category, "0.2"))
		}
		return `{"items":[` + strings.Join(items, ",") + `]}`, nil
	}
	b.once()
	b.want(good, "answered", "")
	b.want(bad, "pending", "")
	b.model.answer = spam
	b.once()
	b.want(bad, "answered", "")
	if e := b.events(); e[good].Answer.Category != "none" || e[bad].Answer.Category != "spam" {
		t.Errorf("told %+v", e)
	}
}

func TestTheModelsFaultsAreTold(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		reason string
	}{
		"refused": {llm.ErrRefused, "refused"},
		"empty":   {llm.ErrEmpty, "no usable answer"},
		"down":    {fmt.Errorf("%w: status 500", llm.ErrDown), "not answering"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, `{}`)
			b.model.answer = func([]string) (string, error) { return "", c.err }
			id := b.ask("hello")
			b.exec(`UPDATE asks SET created_at = now() - interval '119 seconds'`) // as long as one waits for a server
			for range maxTries {
				b.once()
			}
			b.want(id, "failed", c.reason)
			if e := b.events()[id]; !strings.Contains(e.Failed, c.reason) {
				t.Errorf("told %+v", e)
			}
		})
	}
}

func TestWhenTheModelMayNotBeAsked(t *testing.T) {
	for name, c := range map[string]struct {
		settings string
		state    llm.State
		spent    string // when 100 tokens and 50 millionths were spent
		reason   string // empty: it is asked
	}{
		"tokens spent":   {`{"llm_daily_tokens":100}`, llm.OK, "now", "budget"},
		"money spent":    {`{"llm_daily_micros":50}`, llm.OK, "now", "budget"},
		"tokens left":    {`{"llm_daily_tokens":101,"llm_daily_micros":51}`, llm.OK, "now", ""},
		"two days ago":   {`{"llm_daily_tokens":100}`, llm.OK, "2 days ago", ""},
		"down":           {`{}`, llm.Down, "now", "not answering"},
		"not configured": {`{}`, llm.Off, "now", "no language model"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t, c.settings)
			b.model.state = c.state
			at := time.Now()
			if c.spent != "now" {
				at = at.Add(-48 * time.Hour)
			}
			b.exec(`INSERT INTO llm_spend (workspace_id, at, task, model, tokens_in, tokens_out, cost_micros) VALUES ($1, $2, 'suggest', 'm', 60, 40, 50)`, b.ws, at)
			id := b.ask("hello")
			b.exec(`UPDATE asks SET created_at = now() - interval '119 seconds'`)
			b.once()
			if c.reason == "" {
				b.want(id, "answered", "")
				return
			}
			b.want(id, "failed", c.reason)
			if e := b.events()[id]; !strings.Contains(e.Failed, c.reason) || len(b.model.asked) != 0 {
				t.Errorf("told %+v, asked %d times", e, len(b.model.asked))
			}
		})
	}
}

// The budget's day is the workspace's own.
func TestTheBudgetsDayIsLocal(t *testing.T) {
	b := setup(t, `{"llm_daily_tokens":100}`)
	b.exec(`UPDATE workspaces SET time_zone = 'Australia/Sydney'`)
	b.exec(`INSERT INTO llm_spend (workspace_id, at, task, model, tokens_in, tokens_out, cost_micros) VALUES ($1, '2026-06-10T13:59:00Z', 'moderate', 'm', 100, 0, 0)`, b.ws)
	for at, want := range map[string]bool{"2026-06-10T13:59:30Z": true, "2026-06-10T14:00:00Z": false} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if over, err := OverBudget(t.Context(), b.db, b.ws, now); err != nil || over != want {
			t.Errorf("at %s: over %v, %v", at, over, err)
		}
	}
}

// Two processes, and one that comes late after its claim ran out, raise one event for each ask.
func TestAnEventIsRaisedOnce(t *testing.T) {
	b := setup(t, `{}`)
	for n := range 30 {
		b.ask(fmt.Sprint("text ", n%20))
	}
	late, err := b.runner.claim(t.Context())
	if err != nil || len(late) != 30 {
		t.Fatalf("claimed %d, %v", len(late), err)
	}
	b.exec(`UPDATE asks SET not_before = now()`) // the claim ran out
	var both sync.WaitGroup
	for range 2 {
		r := *b.runner
		both.Go(func() {
			if _, err := r.Once(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	for _, a := range late {
		w := &round{Runner: b.runner, workspace: a.WorkspaceID, groups: map[string][]ask{"d": {a}}}
		if err := w.settle(t.Context(), "d", outcome{failed: "late"}); err != nil {
			t.Fatal(err)
		}
	}
	events := b.events()
	if len(events) != 30 {
		t.Errorf("%d events for 30 asks", len(events))
	}
	for id, e := range events {
		b.want(id, "answered", "")
		if e.Answer == nil {
			t.Errorf("ask %d was told %+v", id, e)
		}
	}
	if n := b.once(); n != 0 {
		t.Errorf("%d were settled again", n)
	}
}

// TestAnAnswerIsRememberedForTheWordsItWasAskedWith: the brand's name and the policy in words stand in the prompt; an
// answer given under others is no answer to this question.
func TestAnAnswerIsRememberedForTheWordsItWasAskedWith(t *testing.T) {
	b := setup(t, `{"policy":{"text":"be strict"}}`)
	for i, change := range []string{
		`SELECT 1`,
		`UPDATE workspaces SET brand = 'Coogee Kayaks'`,
		`UPDATE workspaces SET settings = '{"policy":{"text":"be kind"}}'`, // while the question waited: its digest names the policy of then
	} {
		b.exec(change)
		for range 2 {
			b.ask("hi")
			b.once()
		}
		if len(b.model.asked) != i+1 {
			t.Errorf("after %q asked %d times, want %d", change, len(b.model.asked), i+1)
		}
	}
	b.exec(`UPDATE workspaces SET brand = 'Bondi Kayaks', settings = '{"policy":{"text":"be strict"}}'`)
	b.ask("hi")
	if b.once(); len(b.model.asked) != 3 {
		t.Errorf("asked %d times: what was answered under these words is known", len(b.model.asked))
	}
}
