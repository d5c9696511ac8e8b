package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"ponte/campaign"
	"ponte/router"
	"ponte/testkit"
)

// A random history is lived through once; then each trigger is tried on it. What the dry run says is
// what happened: who was answered, with which words, when, and why the others were not.
func TestADryRunSaysWhatLiveDoes(t *testing.T) {
	t.Parallel()
	seed := testkit.Seeds(t, 15795967580774209854)[0]
	r := rand.New(rand.NewPCG(seed, 1))
	b := newRig(t)
	b.at("06:00")
	began := b.now
	ids := b.severalTriggers()
	b.livedThrough(r, 160)
	for _, id := range ids {
		tried, err := campaign.Trigger(context.Background(), b.db, b.ws, id)
		b.must(err)
		results := b.dryRun(tried, began, b.now.Add(time.Second))
		answered := 0
		for _, res := range results {
			answered += b.compare(seed, id, res)
		}
		if lived := b.id(`SELECT count(*) FROM trigger_runs WHERE trigger_id = $1`, id); lived != int64(answered) {
			t.Errorf("seed %d, trigger %d: answered %d live, %d in the dry run", seed, id, lived, answered)
		}
		n := b.id(`SELECT count(*) FROM comments`)
		if slices.Contains(tried.Sources, router.SourceMessage) {
			n += b.id(`SELECT count(*) FROM messages WHERE direction = 'in'`)
		}
		if int(n) != len(results) {
			t.Errorf("seed %d: %d results of %d", seed, len(results), n)
		}
	}
}

// severalTriggers makes triggers that get in each other's way.
func (b *rig) severalTriggers() []int64 {
	b.Helper()
	b.set(`priority = -5, public_replies = '{"en":["a","b","c"],"it":["x","y"]}', once = 'trigger'`)
	add := func(name, columns, values string) int64 {
		return b.id(`INSERT INTO triggers (workspace_id, name, state, valid_minutes, purpose, updated_at, sources, ` + columns + `) VALUES (` + fmt.Sprint(b.ws) + `, '` + name + `', 'live', 1440, 'answer', '` + b.now.Format(time.RFC3339) + `', ` + values + `) RETURNING id`)
	}
	summer := b.id(`INSERT INTO campaigns (workspace_id, name, state, ends_at) VALUES ($1, 'Summer', 'live', $2) RETURNING id`, b.ws, b.now.Add(9*time.Hour))
	ids := []int64{b.trigger,
		add("Windows", "keywords, public_replies, private_reply, recurrence, duration_minutes, once, priority", `'{comment,reply}', '[{"words":["price","prezzo"]}]', '{"en":["one","two"]}', '{"en":"private"}', '0 7,10,14 * * *', 90, 'period', 5`),
		add("Ceiling", "keywords, public_replies, per_hour, per_day, delay_seconds, jitter_seconds", `'{comment}', '[{"words":["kayak"]}]', '{"en":["q","r","s","t"]}', 3, 11, 30, 600`),
		add("Campaign", "keywords, private_reply, campaign_id", `'{comment,message}', '[{"words":["blue"],"not":["not"]}]', '{"en":"summer"}', `+fmt.Sprint(summer)),
		add("Hashtag", "keywords, public_replies, hashtags", `'{comment}', '[{"words":["tent"]}]', '{"en":["camp"]}', '{camping}'`)}
	b.exec(`INSERT INTO posts (workspace_id, account_id, external_id, caption, fetched_at) VALUES ($1, $2, $3, 'out there #Camping', now()), ($1, $2, '179002', 'nothing', now())`, b.ws, b.ig.ID, post)
	return ids
}

// livedThrough lets people write, one thing at a time.
func (b *rig) livedThrough(r *rand.Rand, n int) {
	b.Helper()
	words := []string{"price", "prezzo please", "kayak!", "blue", "not blue", "tent", "kayak price", "info", "lovely", hateful, "blue kayak tent", "kayak price? 0412 345 678"}
	var roots []string
	for i := range n {
		b.pass(time.Duration(r.IntN(400)) * time.Second)
		b.clock()
		id, person, text := fmt.Sprint("c", i), fmt.Sprint("p", r.IntN(40)), words[r.IntN(len(words))]
		switch k := r.IntN(10); {
		case k == 0:
			b.feed(b.igMessage(id, person, text))
		case k <= 2 && len(roots) > 0:
			b.feed(b.igReply(id, roots[r.IntN(len(roots))], person, text))
		case k <= 4:
			b.feed(b.igEntry("comments", obj{"id": id, "text": text, "from": obj{"id": person, "username": "u"}, "media": obj{"id": "179002"}}))
			roots = append(roots, id)
		default:
			b.feed(b.igComment(id, person, text))
			roots = append(roots, id)
		}
	}
}

func (b *rig) dryRun(t router.Trigger, since, until time.Time) []campaign.DryRunResult {
	b.Helper()
	ctx := context.Background()
	tx := b.db.MustBegin()
	d, err := campaign.AddDryRun(ctx, tx, b.ws, campaign.NewDryRun{Trigger: t, Since: since, Until: until})
	b.must(err)
	b.must(tx.Commit())
	runner := campaign.DryRunner{DB: b.db, Name: "test", Log: slog.New(slog.DiscardHandler)}
	_, err = runner.Once(ctx)
	b.must(err)
	d, err = campaign.LoadDryRun(ctx, b.db, b.ws, d.ID)
	b.must(err)
	if d.State != "done" || d.Worked != d.Total {
		b.Fatalf("the dry run is %s (%s): %d of %d", d.State, d.Reason, d.Worked, d.Total)
	}
	list, err := campaign.DryRunResults(ctx, b.db, b.ws, d.ID, "", 0, 10_000)
	b.must(err)
	tally, err := d.Tally()
	b.must(err)
	for _, r := range list {
		tally[r.Code]--
	}
	for code, left := range tally {
		if left != 0 {
			b.Errorf("the count of %s is off by %d", code, left)
		}
	}
	return list
}

// compare holds one result against what happened and says whether it is an answer.
func (b *rig) compare(seed uint64, trigger int64, res campaign.DryRunResult) int {
	b.Helper()
	reason := b.text(`SELECT max(e.reason) FROM events e JOIN verdicts v ON v.event_id = e.id WHERE v.subject = $1 AND v.subject_id = $2`, res.Subject, res.SubjectID)
	if !slices.Contains([]string{"outranked", "own_comment"}, res.Code) && res.Code != campaign.NotAllowed && !strings.Contains(reason, res.Reason) {
		// Live says the nearest three of several misses; another trigger may have answered.
		if !strings.Contains(reason, "matched (") && !strings.Contains(reason, "and 1 more") && !strings.Contains(reason, "and 2 more") {
			b.Errorf("seed %d, %q: dry %s %q, live %q", seed, res.Text, res.Code, res.Reason, reason)
		}
	}
	var said []string
	b.must(b.db.Select(&said, `SELECT a.kind || '|' || (a.call->>'text') || '|' || to_char(a.not_before AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM actions a JOIN events e ON e.id = a.answers_event JOIN verdicts v ON v.event_id = e.id
		WHERE a.trigger_id = $1 AND v.subject = $2 AND v.subject_id = $3 ORDER BY 1`, trigger, res.Subject, res.SubjectID))
	if res.Code != router.Answered {
		if len(said) > 0 {
			b.Errorf("seed %d, %q: dry %s %q, live said %v", seed, res.Text, res.Code, res.Reason, said)
		}
		return 0
	}
	at := res.Would.LeavesAt.Format("2006-01-02 15:04:05")
	var want []string
	if res.Would.Public != "" {
		want = append(want, "comment.reply|"+res.Would.Public+"|"+at)
	}
	if res.Would.Private != "" {
		kind := "private_reply.send"
		if res.Subject == "message" {
			kind = "message.send"
		}
		want = append(want, kind+"|"+res.Would.Private+"|"+at)
	}
	for i, s := range said { // the link is put in live
		if before, _, ok := strings.Cut(s, "https://wa.me/"); ok {
			said[i] = before + "{{link}}|" + at
		}
	}
	if strings.Join(said, "\n") != strings.Join(want, "\n") {
		b.Errorf("seed %d, %q: dry would say %v, live said %v", seed, res.Text, want, said)
	}
	return 1
}

// A dry run promises no answer that live would not give: where the trigger's number was removed it says so, and another's
// recurrence that cannot be read stops that one alone.
func TestADryRunWhereLiveStandsStill(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.at("10:00")
	began := b.now
	b.feed(b.igComment("c1", "71", wantsToKnow))
	id := b.id(`SELECT id FROM triggers ORDER BY id LIMIT 1`)
	b.exec(`INSERT INTO triggers (workspace_id, name, state, priority, sources, keywords, public_replies, private_reply, valid_minutes, recurrence, duration_minutes)
	        SELECT workspace_id, 'broken', 'live', 9, sources, keywords, public_replies, '{}', 60, 'nonsense', 5 FROM triggers WHERE id = $1`, id)
	tried, err := campaign.Trigger(context.Background(), b.db, b.ws, id)
	b.must(err)
	if r := b.dryRun(tried, began.Add(-time.Hour), b.now.Add(time.Second)); len(r) != 1 || r[0].Code != router.Answered {
		t.Fatalf("beside a broken trigger: %+v", r)
	}
	b.exec(`UPDATE accounts SET removed_at = now(), state = 'removed' WHERE channel = 'whatsapp'`)
	if r := b.dryRun(tried, began.Add(-time.Hour), b.now.Add(time.Second)); len(r) != 1 || r[0].Code != campaign.NowhereToLead || r[0].Would.Public != "" || r[0].Would.Private != "" {
		t.Errorf("without its number: %+v", r)
	}
}
