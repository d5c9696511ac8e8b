package campaign

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"testing"
	"time"

	"ponte/testkit"
)

// tallied counts ahead until every chunk below the highest id is counted. Transactions of other tests on the same server
// may keep ids from settling for a while.
func (b *rows) tallied() {
	b.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		b.tally()
		if b.id(`SELECT count(*) FROM (VALUES ('actions', (SELECT max(id) FROM actions)), ('runs', (SELECT max(id) FROM trigger_runs)), ('handoffs', (SELECT max(id) FROM handoffs))) AS t (source, top)
			WHERE top + 1 >> 13 > coalesce((SELECT max(chunk) + 1 FROM funnel_chunks c WHERE c.source = t.source), 0)`) == 0 {
			return
		}
		if time.Now().After(deadline) {
			b.Fatal("the chunks were not counted within a minute")
		}
	}
}

func (b *rows) tally() {
	b.Helper()
	t := &Tally{DB: b.db, Log: slog.New(slog.DiscardHandler), chunks: 1}
	_, err := t.Once(context.Background())
	b.must(err)
}

func (b *rows) bothFunnels() (triggers, campaigns map[int64]Funnel) {
	b.Helper()
	triggers, err := TriggerFunnels(context.Background(), b.db, b.ws, 0, Span{})
	b.must(err)
	campaigns, err = CampaignFunnels(context.Background(), b.db, b.ws, 0, Span{})
	b.must(err)
	return triggers, campaigns
}

// recounted asks for the same from the rows alone: a span that holds all of them knows no sums.
func (b *rows) recounted() (triggers, campaigns map[int64]Funnel) {
	b.Helper()
	ever := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	triggers, err := TriggerFunnels(context.Background(), b.db, b.ws, 0, Span{Since: &ever})
	b.must(err)
	campaigns, err = CampaignFunnels(context.Background(), b.db, b.ws, 0, Span{Since: &ever})
	b.must(err)
	return triggers, campaigns
}

func (b *rows) sameFunnels(when string) {
	b.Helper()
	triggers, campaigns := b.bothFunnels()
	wantTriggers, wantCampaigns := b.recounted()
	if fmt.Sprint(triggers) != fmt.Sprint(wantTriggers) || fmt.Sprint(campaigns) != fmt.Sprint(wantCampaigns) {
		b.Errorf("%s: read %v and %v\nrecounted %v and %v", when, triggers, campaigns, wantTriggers, wantCampaigns)
	}
}

// Whatever becomes of actions before and after they were counted, whoever's rows share a chunk and however often it is
// counted: what is read equals a recount, of two workspaces, by trigger and by campaign.
func TestSumsEqualARecountWhateverHappensToTheRows(t *testing.T) {
	t.Parallel()
	seed := testkit.Seeds(t, 3)[0]
	r := rand.New(rand.NewPCG(seed, 4))
	b := newRows(t, "UTC")
	other := b.id(`INSERT INTO workspaces (name, time_zone) VALUES ('other', 'UTC') RETURNING id`)
	campaigns := []int64{0, b.id(`INSERT INTO campaigns (workspace_id, name) VALUES ($1, 'one') RETURNING id`, b.ws)}
	triggers := []int64{0, b.trigger("a", "", ""), b.trigger("b", "", "")}
	contact, identity := b.person("instagram")
	var last, runs, gave int64 // ids leave gaps, so that a few rows fill several chunks
	skip := func(id *int64) int64 { *id += int64(1 + r.IntN(1500)); return *id }
	state := func() string {
		return []string{"done", "planned", "held", "unknown", "sending", "failed", "refused", "expired", "cancelled"}[r.IntN(9)]
	}
	for step := range 12 {
		for range 25 {
			id, trigger, campaign := skip(&last), triggers[r.IntN(3)], campaigns[r.IntN(2)]
			ws := b.ws
			if trigger == 0 && campaign == 0 && r.IntN(2) == 0 {
				ws = other
			}
			tx := b.db.MustBegin()
			tx.MustExec(`SET LOCAL session_replication_role = replica`)
			tx.MustExec(`INSERT INTO actions (workspace_id, id, account_id, kind, state, reason, purpose, origin, token, dedupe, contact_id, identity_id, answers_event, trigger_id, campaign_id, call, valid_until)
				OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, 'x', 'answer', 'trigger', $6, $6, $7, $8, $9, nullif($10::bigint, 0), nullif($11::bigint, 0), '{}', now() + $12 * interval '1 hour')`,
				ws, id, b.ig, []string{"comment.reply", "private_reply.send", "message.send", "comment.like"}[r.IntN(4)], state(), fmt.Sprint(id), contact, identity, b.event, trigger, campaign, r.IntN(4)-2)
			if trigger != 0 {
				tx.MustExec(`INSERT INTO trigger_runs (workspace_id, id, trigger_id, identity_id, event_id, scope, campaign_id) OVERRIDING SYSTEM VALUE VALUES ($1, $2::bigint, $3, $4, $5, ($2::bigint)::text, nullif($6::bigint, 0))`,
					b.ws, skip(&runs), trigger, identity, b.event, campaign)
				tx.MustExec(`INSERT INTO handoffs (workspace_id, id, hash, account_id, contact_id, identity_id, trigger_id, campaign_id, expires_at) OVERRIDING SYSTEM VALUE VALUES ($1, $2::bigint, decode(md5(($2::bigint)::text), 'hex'), $3, $4, $5, $6, nullif($7::bigint, 0), now())`,
					b.ws, skip(&gave), b.wa, contact, identity, trigger, campaign)
			}
			b.must(tx.Commit())
		}
		b.sameFunnels(fmt.Sprintf("seed %d, step %d, rows that came", seed, step))
		b.tallied()
		b.sameFunnels(fmt.Sprintf("seed %d, step %d, counted", seed, step))
		for range 30 { // what may go on goes on; a failed action only while its time has not passed
			b.exec(`UPDATE actions SET state = $2 WHERE id = (SELECT id FROM actions WHERE state IN ('planned','held','sending','unknown') OR state = 'failed' AND valid_until > now() ORDER BY md5(id::text || $1) LIMIT 1)`, fmt.Sprint(r.Uint64()), state())
		}
		b.sameFunnels(fmt.Sprintf("seed %d, step %d, outcomes that came after counting", seed, step))
		if r.IntN(2) == 0 {
			b.exec(`UPDATE funnel_chunks SET counted_at = counted_at - interval '2 minutes'`)
		}
	}
	if n := b.id(`SELECT count(*) FROM funnel_chunks`); n < 20 {
		t.Errorf("%d chunks are counted: the history is too short to prove anything", n)
	}
	if n := b.id(`SELECT count(*) FROM funnel_counts`); n < 20 {
		t.Errorf("%d sums", n)
	}
}

// What nobody expects to change and changes all the same is found when its chunk is counted again in turn.
func TestAChunkIsCountedAgainInTurn(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	trigger := b.trigger("a", "", "")
	contact, identity := b.person("instagram")
	for i, id := range []int64{1, 9000} {
		b.exec(`INSERT INTO actions (workspace_id, id, account_id, kind, state, reason, purpose, origin, token, dedupe, contact_id, identity_id, answers_event, trigger_id, call, valid_until)
			OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, 'comment.reply', 'done', 'x', 'answer', 'trigger', $4, $4, $5, $6, $7, $8, '{}', now())`, b.ws, id, b.ig, fmt.Sprint(i), contact, identity, b.event, trigger)
	}
	b.tallied()
	b.exec(`UPDATE actions SET state = 'cancelled' WHERE id = 1`)
	if got, _ := b.bothFunnels(); got[trigger].PublicReply != 2 {
		t.Fatalf("%+v: the first chunk was not read from its sum", got[trigger])
	}
	b.exec(`UPDATE funnel_chunks SET counted_at = now() - interval '1 hour' WHERE chunk = 0`)
	b.tally()
	b.sameFunnels("counted again")
}

// Ids become visible out of order: what a slow transaction writes below an id that was seen is not passed over.
func TestASlowTransactionIsNotPassedOver(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	trigger := b.trigger("a", "", "")
	_, identity := b.person("instagram")
	run := `INSERT INTO trigger_runs (workspace_id, id, trigger_id, identity_id, event_id, scope) OVERRIDING SYSTEM VALUE VALUES ($1, $2::bigint, $3, $4, $5, ($2::bigint)::text)`
	slow := b.db.MustBegin()
	slow.MustExec(run, b.ws, 5, trigger, identity, b.event)
	b.exec(run, b.ws, 20_000, trigger, identity, b.event)
	for range 4 {
		b.tally()
	}
	if n := b.id(`SELECT count(*) FROM funnel_chunks WHERE source = 'runs'`); n != 0 {
		t.Errorf("%d chunks were counted while a transaction was open in them", n)
	}
	b.must(slow.Commit())
	b.sameFunnels("committed")
	b.tallied()
	b.sameFunnels("counted")
	if n := b.id(`SELECT count(*) FROM funnel_chunks WHERE source = 'runs'`); n != 2 {
		t.Errorf("%d chunks are counted, want 2", n)
	}
}
