package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/asks"
	"ponte/auth"
	"ponte/llm"
	"ponte/review"
)

// counting is a language model that finds spam in everything, and counts how often it is asked.
type counting struct{ calls, texts int }

var fenced = regexp.MustCompile(`Item \d+, a `)

func (m *counting) Configured() bool { return true }
func (m *counting) Model() string    { return "counting" }
func (m *counting) State() llm.State { return llm.OK }

func (m *counting) Most(llm.Request) llm.Response {
	return llm.Response{Model: "counting", TokensIn: 10, TokensOut: 2, CostMicros: 1}
}

func (m *counting) Complete(_ context.Context, r llm.Request) (llm.Response, error) {
	m.calls++
	n := len(fenced.FindAllString(r.User, -1))
	m.texts += n
	var items []string
	for i := range n {
		items = append(items, fmt.Sprintf(`{"id":%d,"category":"harassment","score":0.5,"intent":"other","language":"en","reason":"r"}`, i+1))
	}
	return llm.Response{Text: `{"items":[` + strings.Join(items, ",") + `]}`, Model: "counting", TokensIn: 10, TokensOut: 2, CostMicros: 1}, nil
}

func (b *rig) change(_ context.Context, do func(tx *sqlx.Tx) error) error {
	tx := b.db.MustBegin()
	defer tx.Rollback()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// clothes dresses the same words for the n-th writer.
func clothes(n int) string {
	words := []string{unsure, strings.ToUpper(unsure), strings.ReplaceAll(unsure, " ", "  "), strings.ReplaceAll(unsure, "a", "\u200ba"), unsure + " " + strings.Repeat("😡", n%4+1), unsure + "!!!"}
	return words[n%len(words)]
}

// stormOf is how many write the same: the number that a brand under attack meets in an hour.
const stormOf = 5000

// storm lets people write the same under fifty posts, each with a caption of its own.
func (b *rig) storm(model asks.Model) {
	b.Helper()
	runner := &asks.Runner{DB: b.db, Model: model, Now: func() time.Time { return time.Now() }, Log: slog.New(slog.DiscardHandler)}
	for n := 0; n < stormOf; n += 250 {
		var bodies []string
		for i := n; i < n+250; i++ {
			bodies = append(bodies, strings.ReplaceAll(b.igComment(fmt.Sprint("s", i), fmt.Sprint("9", i), clothes(i)), post, fmt.Sprint(post, i%50)))
		}
		b.receive(bodies...)
		b.split()
		if n == 0 { // the posts are known now: they have captions from here on
			b.decide()
			b.exec(`UPDATE posts SET caption = 'caption ' || id`)
		}
		b.work()
		for {
			n, err := runner.Once(context.Background())
			b.must(err)
			if n == 0 {
				break
			}
		}
		b.work()
	}
}

// TestAStormIsOneQuestionOneItemAndOneDecision: five thousand write the same in other clothes under fifty
// posts; a person decides once, for what is there and for what comes; and takes it back once.
func TestAStormIsOneQuestionOneItemAndOneDecision(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.asking = true
	b.exec(`UPDATE workspaces SET settings = '{"policy":{"hide_harm":false},"review":{"sample_hidden":0,"sample_allowed":0,"second":0,"gold_every":0}}'`)
	model := &counting{}
	b.storm(model)
	if n := b.id(`SELECT count(*) FROM comments`); n != stormOf {
		t.Fatalf("%d comments", n)
	}
	if model.calls > 5 || model.texts > stormFrom+5 {
		t.Errorf("the model was asked %d times about %d texts", model.calls, model.texts)
	}
	if n := b.id(`SELECT count(*) FROM asks WHERE state <> 'answered'`); n != 0 {
		t.Errorf("%d questions have no answer", n)
	}
	if n := b.id(`SELECT count(*) FROM review_items`); n != 1 {
		t.Fatalf("%d review items", n)
	}
	if n := b.id(`SELECT count(*) FROM review_members WHERE state = 'open'`); n != stormOf-1 {
		t.Fatalf("%d members", n)
	}

	user := b.id(`INSERT INTO users (email, password_hash) VALUES ('a@example.org', 'x') RETURNING id`)
	b.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'moderator')`, b.ws, user)
	who := auth.Who{UserID: user, WorkspaceID: b.ws, Role: auth.Moderator}
	item := b.id(`SELECT id FROM review_items`)
	d := review.Decision{Who: who, ItemID: item, Verb: review.Hide, Reason: "not about us", At: b.now}
	batch, err := review.DecideAlike(context.Background(), b.db, b.change, d, 2*time.Hour)
	b.must(err)
	if batch.Done != review.MaxBatch || batch.Left != stormOf-review.MaxBatch {
		t.Fatalf("one call did %+v", batch)
	}
	// Somebody decides one of them otherwise before its turn comes.
	other := b.id(`SELECT comment_id FROM review_members WHERE state = 'open' ORDER BY id DESC LIMIT 1`)
	b.must(b.change(context.Background(), func(tx *sqlx.Tx) error {
		return review.Decide(context.Background(), tx, review.Decision{Who: who, CommentID: other, Verb: review.Approve, At: b.now})
	}))
	b.spread()
	hidden := func() int64 { return b.id(`SELECT count(*) FROM comments WHERE decision = 'hide'`) }
	planned := func(kind string) int64 {
		return b.id(`SELECT count(DISTINCT comment_id) FROM actions WHERE kind = $1 AND state = 'planned'`, kind)
	}
	if hidden() != stormOf-1 || planned("comment.hide") != stormOf-1 {
		t.Errorf("%d are hidden, %d hides planned", hidden(), planned("comment.hide"))
	}
	if got := b.text(`SELECT state FROM review_items WHERE id = $1`, item); got != "decided" || b.id(`SELECT count(*) FROM review_items WHERE spreading`) != 0 {
		t.Errorf("the item is %s", got)
	}

	// What comes later follows, without a question and without an item; and no longer when its time is over.
	calls, asked := model.calls, b.id(`SELECT count(*) FROM asks`)
	b.feed(b.igComment("late", "77", clothes(4)), b.igComment("other", "78", "lovely kayaks"))
	b.lastReason("allowed")
	if got := b.text(`SELECT c.decision || ' ' || v.tier || ' ' || v.actor FROM comments c JOIN verdicts v ON v.id = c.verdict_id WHERE c.external_id = 'late'`); got != fmt.Sprint("hide person user:", user) {
		t.Errorf("what came later is %s: %v", got, b.text(`SELECT reason FROM events e WHERE payload::text LIKE '%"late"%'`))
	}
	if b.id(`SELECT count(*) FROM asks`) != asked || model.calls != calls || b.id(`SELECT count(*) FROM review_items`) != 1 {
		t.Error("what came later was asked about, or put before people")
	}
	b.pass(3 * time.Hour)
	b.feed(b.igComment("later", "79", clothes(0)))
	if got := b.text(`SELECT decision FROM comments WHERE external_id = 'later'`); got == "hide" {
		t.Error("the decision holds beyond its time")
	}

	undone, err := review.UndoBatch(context.Background(), b.db, b.change, who, batch.ID, b.now)
	b.must(err)
	b.spread()
	if undone.Done == 0 || hidden() != 0 || planned("comment.hide") != 0 {
		t.Errorf("after taking it back %d are hidden, %d hides planned (%+v)", hidden(), planned("comment.hide"), undone)
	}
	if got := b.text(`SELECT decision FROM comments WHERE id = $1`, other); got != "allow" {
		t.Errorf("what somebody decided otherwise is %s", got)
	}
	if n := b.id(`SELECT count(*) FROM review_members m JOIN review_items i ON i.id = m.item_id WHERE m.state = 'open' AND i.id = $1`, item); n != stormOf-1 { // all but the one that stands for them and the one decided otherwise, and the late one
		t.Errorf("%d wait again", n)
	}
}

// TestABatchIsCountedWhoeverCarriedIt: the background may take the members of a storm before the call that decided it.
func TestABatchIsCountedWhoeverCarriedIt(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE workspaces SET settings = '{"review":{"sample_hidden":0,"sample_allowed":0,"second":0,"gold_every":0}}'`)
	for i := range 12 {
		b.feed(b.fbFeed("add", fmt.Sprint("31_", i), fmt.Sprint("7", i), hateful))
	}
	user := b.id(`INSERT INTO users (email, password_hash) VALUES ('c@example.org', 'x') RETURNING id`)
	b.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'moderator')`, b.ws, user)
	who := auth.Who{UserID: user, WorkspaceID: b.ws, Role: auth.Moderator}
	calls := 0
	quicker := func(ctx context.Context, do func(*sqlx.Tx) error) error {
		if calls++; calls == 2 { // what was decided is written; the first member is about to follow
			b.spread()
		}
		return b.change(ctx, do)
	}
	d := review.Decision{Who: who, ItemID: b.id(`SELECT id FROM review_items WHERE state = 'open'`), Verb: review.Approve, At: b.now}
	batch, err := review.DecideAlike(context.Background(), b.db, quicker, d, time.Hour)
	if b.must(err); batch.Done != 12 || batch.Left != 0 || batch.Skipped != 0 {
		t.Errorf("decided: %+v", batch)
	}
	// Two are decided otherwise since: they stay as they are, and are counted as skipped.
	for _, name := range []string{"31_3", "31_4"} {
		b.must(b.change(context.Background(), func(tx *sqlx.Tx) error {
			return review.Decide(context.Background(), tx, review.Decision{Who: who, CommentID: b.id(`SELECT id FROM comments WHERE external_id = $1`, name), Verb: review.Delete, At: b.now})
		}))
	}
	calls = 0
	undone, err := review.UndoBatch(context.Background(), b.db, quicker, who, batch.ID, b.now)
	if b.must(err); undone.Done != 10 || undone.Left != 0 || undone.Skipped != 2 {
		t.Errorf("taken back: %+v", undone)
	}
}

func (b *rig) spread() {
	b.Helper()
	worker := &review.Spreader{DB: b.db, Change: b.change, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler)}
	for {
		n, err := worker.Once(context.Background())
		b.must(err)
		if n == 0 {
			return
		}
	}
}

// TestWhatLeavesAStormLeavesTheOthersTogether: an edit and a removal, also of the one that stands for them.
func TestWhatLeavesAStormLeavesTheOthersTogether(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE workspaces SET settings = '{"review":{"sample_hidden":0,"sample_allowed":0}}'`)
	for i := range 4 {
		b.feed(b.fbFeed("add", fmt.Sprint("30_", i), fmt.Sprint("6", i), hateful))
	}
	shape := func() string {
		return b.text(`SELECT string_agg(f.external_id || '+' || (SELECT count(*) FROM review_members m WHERE m.item_id = r.id AND m.state = 'open'), ' ' ORDER BY r.id) FROM review_items r JOIN comments f ON f.id = r.comment_id WHERE r.state = 'open'`)
	}
	if got := shape(); got != "30_0+3" {
		t.Fatalf("the storm: %s", got)
	}
	b.feed(b.fbFeed("remove", "30_0", "60", ""))
	if got := shape(); got != "30_1+2" {
		t.Errorf("after the first was removed: %s", got)
	}
	b.feed(b.fbFeed("edited", "30_2", "62", "so lovely"))
	if got := shape(); got != "30_1+1" {
		t.Errorf("after one was edited: %s", got)
	}
	b.feed(b.fbFeed("edited", "30_1", "61", "another threat: I will kill you all tomorrow"))
	if got := shape(); got != "30_3+0 30_1+0" {
		t.Errorf("after the first was edited: %s", got)
	}
}

// TestSwitchesHoldFromTheNextEventOn: of an account, of the workspace, of a rule.
func TestSwitchesHoldFromTheNextEventOn(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	hides := func() int64 { return b.id(`SELECT count(*) FROM actions WHERE kind = 'comment.hide'`) }
	b.feed(b.igComment("1", "77", hateful))
	if hides() != 1 {
		t.Fatal("a threat is not hidden")
	}
	b.exec(`UPDATE accounts SET automate = false WHERE id = $1`, b.ig.ID)
	b.feed(b.igComment("2", "78", hateful+" really"))
	b.lastReason("automatic decisions are switched off")
	b.feed(b.fbFeed("add", "30_1", "66", hateful+" now")) // another account goes on
	if hides() != 2 {
		t.Errorf("%d hides with one account in people's hands", hides())
	}
	b.exec(`UPDATE accounts SET automate = true`)
	b.exec(`UPDATE workspaces SET settings = '{"automate":false}'`)
	b.feed(b.fbFeed("add", "30_2", "67", hateful+" today"))
	b.exec(`UPDATE workspaces SET settings = '{}'`)
	b.feed(b.fbFeed("add", "30_3", "68", hateful+" soon"))
	if hides() != 3 {
		t.Errorf("%d hides with the workspace's switch off and on again", hides())
	}
}
