package decisions_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/decisions"
	"ponte/fault"
	"ponte/moderation"
)

// recount counts what a candidate would do in the most simple-minded way: all rows in memory, no page, no
// join, none of the code it checks.
func (r *room) recount(e *moderation.Engine, since *time.Time) (c decisions.Counts, changed []int64) {
	r.Helper()
	type row struct {
		ID        int64     `db:"id"`
		Subject   string    `db:"subject"`
		SubjectID int64     `db:"subject_id"`
		Decision  string    `db:"decision"`
		Tier      string    `db:"tier"`
		Open      bool      `db:"provisional"`
		Verdict   []byte    `db:"verdict"`
		Input     []byte    `db:"input"`
		At        time.Time `db:"created_at"`
	}
	var rows []row
	r.must(r.db.Select(&rows, `SELECT id, subject, subject_id, decision, tier, provisional, verdict, input, created_at FROM verdicts WHERE workspace_id = $1`, r.ws))
	last, current := map[string]row{}, map[int64]int64{}
	byID := map[int64]row{}
	var comments []struct {
		ID      int64  `db:"id"`
		Verdict *int64 `db:"verdict_id"`
	}
	r.must(r.db.Select(&comments, `SELECT id, verdict_id FROM comments`))
	for _, c := range comments {
		if c.Verdict != nil {
			current[c.ID] = *c.Verdict
		}
	}
	for _, v := range rows {
		byID[v.ID] = v
		key := fmt.Sprint(v.Subject, v.SubjectID)
		if l, ok := last[key]; v.Tier != "person" && !v.Open && (!ok || v.At.After(l.At)) {
			last[key] = v
		}
	}
	pairs, rules := map[[2]string]int{}, map[string]*decisions.RuleCount{}
	for _, v := range last {
		if since != nil && v.At.Before(*since) {
			continue
		}
		var in moderation.Input
		var was moderation.Verdict
		if strings.Contains(string(v.Input), "erased") {
			c.Erased++
			continue
		}
		r.must(json.Unmarshal(v.Input, &in))
		r.must(json.Unmarshal(v.Verdict, &was))
		now := e.Judge(in)
		if now.NeedsLLM {
			c.NeedsLLM++
			if was.Tiers.LLM != nil {
				now = e.WithLLM(now, in, *was.Tiers.LLM)
			} else {
				c.Unanswered++
			}
		}
		c.Items++
		d := string(now.Decision)
		pairs[[2]string{v.Decision, d}]++
		person := ""
		if p := byID[current[v.SubjectID]]; v.Subject == "comment" && p.Tier == "person" {
			person = p.Decision
		}
		removes := d == "hide" || d == "delete"
		hid := person == "hide" || person == "delete"
		switch {
		case v.Subject == "message":
			if d == "spam" || d == "block" {
				c.Spam++
			}
		case removes:
			c.Hides++
			if person == "allow" {
				c.Restored++
			}
			if hid {
				c.Confirmed++
			}
		case hid:
			c.Missed++
		}
		if d != v.Decision {
			c.Changed++
			changed = append(changed, v.ID)
		}
		for _, h := range now.Tiers.Rules {
			n := rules[h.Rule]
			if n == nil {
				n = &decisions.RuleCount{Rule: h.Rule}
				rules[h.Rule] = n
			}
			n.Fired++
			if v.Subject == "comment" && removes {
				n.Hides++
				if person == "allow" {
					n.Restored++
				}
			}
		}
	}
	for p, n := range pairs {
		c.Pairs = append(c.Pairs, decisions.Pair{Was: p[0], Now: p[1], Count: n})
	}
	for _, n := range rules {
		c.Rules = append(c.Rules, *n)
	}
	slices.Sort(changed)
	return c.Sorted(), changed
}

var said = []string{"I will kill you all", "quanto viene il tour?", "lovely kayaks", "10k followers cheap, DM me bit.ly/x", "this brand is run by idiots", "grüße aus berlin", "kayak kayak", "free money now", "worst booking I ever made",
	"you are idiots and liars", "win a prize, confirm your card here", "beautiful", "stop", "I hate this", "promo promo promo"}

// history fills the room with n texts of every fate.
func (r *room) history(rnd *rand.Rand, n int) {
	r.Helper()
	live := engine(r, "", "")
	for range n {
		text := said[rnd.IntN(len(said))]
		in := r.in(text)
		v := live.Judge(in)
		switch fate := rnd.IntN(10); {
		case fate == 0: // a message
			in.Subject = moderation.SubjectMessage
			r.verdict("message", int64(rnd.IntN(1000)+1), in, live.Judge(in), false)
		case fate == 1: // still asked about
			r.verdict("comment", r.comment(text), in, v, true)
		case fate == 2 && v.NeedsLLM: // asked and answered
			c := r.comment(text)
			r.verdict("comment", c, in, v, true)
			v = live.WithLLM(v, in, moderation.LLMAnswer{Category: []string{"none", "harassment", "spam"}[rnd.IntN(3)], Score: rnd.Float64(), Model: "m", Prompt: "p"})
			r.verdict("comment", c, in, v, false)
		case fate == 3: // erased
			_, id := r.judged(live, text)
			r.exec(`UPDATE verdicts SET input = '{"erased":true}' WHERE id = $1`, id)
		case fate == 4: // edited
			c, _ := r.judged(live, text)
			in = r.in(said[rnd.IntN(len(said))])
			id := r.verdict("comment", c, in, live.Judge(in), false)
			r.exec(`UPDATE comments SET verdict_id = $2 WHERE id = $1`, c, id)
		default:
			c, _ := r.judged(live, text)
			if fate > 6 {
				r.person(c, []string{"allow", "hide", "delete"}[rnd.IntN(3)])
			}
		}
	}
}

// TestBacktestCountsWhatARecountCounts: whatever the history, the candidate and the crashes, a backtest
// ends with the figures of the simple-minded recount, and so does a diff.
func TestBacktestCountsWhatARecountCounts(t *testing.T) {
	t.Parallel()
	candidates := []struct{ kind, document string }{
		{"policy", `{"hide_harm":false,"hide_spam":false}`},
		{"policy", `{"review_harm":0.1,"review_spam":0.1,"llm_hide":0.4}`},
		{"thresholds", `{"harm":{"en":0.3,"it":0.2},"spam":{"en":0.2}}`},
		{"rules", "[" + rule("kayak", "kayak", "hide") + "," + rule("promo", "promo", "delete") + "]"},
		{"rule", rule("tour", "tour", "hide")},
	}
	for seed, cand := range candidates {
		t.Run(cand.kind, func(t *testing.T) {
			t.Parallel()
			rnd := rand.New(rand.NewPCG(uint64(seed), 7))
			r := newRoom(t)
			r.history(rnd, 90)
			v := r.add(cand.kind, cand.document)
			var since *time.Time
			if rnd.IntN(2) == 0 {
				at := r.at.Add(-time.Duration(rnd.IntN(60)) * time.Second)
				since = &at
			}
			candidate, err := v.Engine(engine(r, "", ""))
			r.must(err)
			b := r.backtest(v, since, 0)
			for try := 0; ; try++ { // every worker is killed after some pages; the next one goes on
				w, left := r.worker(fmt.Sprint("worker", try)), rnd.IntN(4)
				ctx, kill := context.WithCancel(context.Background())
				w.Rest = func(context.Context, time.Duration) {
					if left--; left < 0 {
						kill()
					}
				}
				_, err := w.Once(ctx)
				kill()
				now, _ := r.read(b)
				if now.State == "done" {
					break
				}
				if err == nil || now.State != "running" || try > 50 {
					t.Fatalf("try %d: %v, %s", try, err, now.State)
				}
				r.exec(`UPDATE backtests SET lease_until = now() - interval '1 second'`) // time passes
			}
			want, changed := r.recount(candidate, since)
			now, got := r.read(b)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("counted  %+v\nrecount  %+v", got, want)
			}
			if now.Worked != now.Total || now.Total != want.Items+want.Erased {
				t.Errorf("worked %d of %d, there are %d", now.Worked, now.Total, want.Items+want.Erased)
			}
			var ids []int64
			r.must(r.db.Select(&ids, `SELECT verdict_id FROM backtest_changes ORDER BY 1`))
			if !slices.Equal(ids, changed) {
				t.Errorf("examples %v, want %v", ids, changed)
			}
			report, err := decisions.Diff(context.Background(), r.db, r.ws, candidate, decisions.DiffOptions{Since: since, Until: time.Now(), Most: 10000, Examples: 2})
			r.must(err)
			if !reflect.DeepEqual(report.Counts, want) {
				t.Errorf("diff     %+v\nrecount  %+v", report.Counts, want)
			}
			if r.id(`SELECT count(*) FROM actions`)+r.id(`SELECT count(*) FROM asks`)+r.id(`SELECT count(*) FROM events`) > 0 {
				t.Error("a backtest acted or asked")
			}
		})
	}
}

func TestTheSameVersionChangesNothing(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	r.history(rand.New(rand.NewPCG(9, 9)), 60)
	report, err := decisions.Diff(context.Background(), r.db, r.ws, engine(r, "", ""), decisions.DiffOptions{Until: time.Now(), Most: 10000, Examples: 5})
	r.must(err)
	if report.Counts.Changed != 0 || report.Counts.Items < 30 {
		t.Errorf("what is live would change %d of %d: %+v", report.Counts.Changed, report.Counts.Items, report.Examples)
	}
}

func TestOnlyTheNewestAreJudged(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	live := engine(r, "", "")
	for range 5 {
		r.judged(live, "kayak")
	}
	r.judged(live, "lovely")
	b := r.backtest(r.add("rule", rule("kayak", "kayak", "hide")), nil, 3)
	if _, err := r.worker("w").Once(context.Background()); err != nil {
		t.Fatal(err)
	}
	now, c := r.read(b)
	if now.Total != 3 || c.Items != 3 || c.Hides != 2 {
		t.Errorf("%d of %d judged, %d hidden: want the 3 newest, of which 2", c.Items, now.Total, c.Hides)
	}
}

func TestABacktestIsReadAndCancelledWhileItRuns(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	live := engine(r, "", "")
	for range 30 {
		r.judged(live, "kayak")
	}
	v := r.add("rule", rule("kayak", "kayak", "hide"))
	b := r.backtest(v, nil, 0)
	if err := r.tx(func(tx *sqlx.Tx) error {
		_, err := decisions.AddBacktest(context.Background(), tx, r.ws, v.ID, nil, 0, "user:1")
		return err
	}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a second backtest of the same version: %v, want a conflict", err)
	}
	w := r.worker("w")
	pages := 0
	w.Rest = func(context.Context, time.Duration) {
		pages++
		now, c := r.read(b)
		if now.State != "running" || now.Worked != 7*pages || c.Hides != 7*pages {
			t.Errorf("after page %d: %s, %d worked, %d hidden", pages, now.State, now.Worked, c.Hides)
		}
		other := r.worker("other")
		if took, err := other.Once(context.Background()); took || err != nil {
			t.Errorf("another worker took it too: %v", err)
		}
		if pages == 2 {
			r.must(r.tx(func(tx *sqlx.Tx) error {
				_, err := decisions.CancelBacktest(context.Background(), tx, r.ws, b.ID, "user:1")
				return err
			}))
		}
	}
	if _, err := w.Once(context.Background()); err != nil {
		t.Fatal(err)
	}
	now, c := r.read(b)
	if now.State != "cancelled" || now.Worked != 14 || c.Hides != 14 || now.FinishedAt == nil {
		t.Errorf("%s, %d worked, %d hidden: want it cancelled after two pages, readable", now.State, now.Worked, c.Hides)
	}
	if err := r.tx(func(tx *sqlx.Tx) error {
		_, err := decisions.CancelBacktest(context.Background(), tx, r.ws, b.ID, "user:1")
		return err
	}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("cancelled twice: %v, want a conflict", err)
	}
	if n := r.id(`SELECT count(*) FROM audit_log WHERE verb IN ('version.backtest','version.backtest_cancel') AND actor = 'user:1'`); n != 2 {
		t.Errorf("%d lines of the audit log, want 2", n)
	}
}

func TestABacktestFailsWhenWhatIsLiveChanges(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	live := engine(r, "", "")
	for range 20 {
		r.judged(live, "kayak")
	}
	b := r.backtest(r.add("rule", rule("kayak", "kayak", "hide")), nil, 0)
	ctx, kill := context.WithCancel(context.Background())
	w := r.worker("w")
	w.Rest = func(context.Context, time.Duration) { kill() }
	if _, err := w.Once(ctx); err == nil {
		t.Fatal("it was not killed")
	}
	r.exec(`UPDATE workspaces SET settings = '{"policy":{"review_harm":0.2}}'`)
	if _, err := w.Once(context.Background()); err != nil {
		t.Fatal(err)
	}
	if now, _ := r.read(b); now.State != "failed" || !strings.Contains(now.Reason, "changed while it ran") {
		t.Errorf("%s %q: figures of two policies are mixed", now.State, now.Reason)
	}
}

func TestBacktestsOfAnotherWorkspaceDoNotExist(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	v := r.add("rule", rule("kayak", "kayak", "hide"))
	b := r.backtest(v, nil, 0)
	for name, err := range map[string]error{
		"version":  func() error { _, err := decisions.LoadVersion(context.Background(), r.db, r.ws+1, v.ID); return err }(),
		"backtest": func() error { _, err := decisions.LoadBacktest(context.Background(), r.db, r.ws+1, b.ID); return err }(),
		"changes": func() error {
			_, err := decisions.BacktestChanges(context.Background(), r.db, r.ws+1, b.ID, "", "", 0, 10)
			return err
		}(),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: %v, want not found", name, err)
		}
	}
}
