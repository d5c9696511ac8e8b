package ingest

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/decisions"
	"ponte/moderation"
)

// keeping makes the decider keep what it judges by, as the server does.
func (b *rig) keeping() {
	b.decider.Engines.Keep = func(ctx context.Context, workspaceID int64, e *moderation.Engine) error {
		return decisions.KeepLive(ctx, b.db, workspaceID, e)
	}
}

func (b *rig) inShadow(kind, document string) decisions.Version {
	b.Helper()
	ctx := context.Background()
	tx := b.db.MustBegin()
	defer tx.Rollback()
	v, err := decisions.AddVersion(ctx, tx, b.ws, decisions.NewVersion{Kind: kind, Document: json.RawMessage(document)}, "user:1")
	b.must(err)
	v, err = decisions.Move(ctx, tx, b.ws, v.ID, "shadow", "to see what it does", "user:1")
	b.must(err)
	b.must(tx.Commit())
	return v
}

// TestEveryDecisionOfThePipelineReplays: comments, edits, messages, buttons, what the model was asked, and
// after the rules have changed.
func TestEveryDecisionOfThePipelineReplays(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.keeping()
	b.asking = true
	b.feed(b.igComment("1", "77", hateful), b.igComment("2", "78", wantsToKnow), b.igComment("3", "79", unsure), b.igComment("4", "80", "kayak 🛶 <b>ﬁ</b>"))
	b.pass(3 * time.Second)
	b.answered(&moderation.LLMAnswer{Category: "harassment", Score: 0.9, Reason: "insults", Model: "m", Prompt: "moderate.v1", TokensIn: 9, TokensOut: 3}, "")
	b.rules(`[{"name":"kayak","text":"says kayak","category":"spam","decision":"hide","score":0.9,"words":["kayak"]},
		{"name":"again","text":"says it again","category":"spam","decision":"review","length":{"most":9},"author":{"rate":{"least":2,"minutes":5}}}]`)
	b.feed(b.igComment("5", "81", "kayak"), b.igComment("6", "81", "hi"), b.waText("61400000001", "wamid.1", "hello, I want to talk to a person"))
	rows, err := decisions.Recorded(context.Background(), b.db, b.ws, 0, 100)
	b.must(err)
	archive := decisions.NewArchive(b.db)
	asked := 0
	for _, r := range rows {
		out, err := archive.Replay(context.Background(), b.ws, r)
		b.must(err)
		if out.Outcome != decisions.Same {
			t.Errorf("verdict %d: %s (%s)\nwas %s\nnow %s", r.ID, out.Outcome, out.Why, r.Verdict, out.Bytes)
		}
		if out.LLM {
			asked++
		}
	}
	if len(rows) < 7 || asked != 1 {
		t.Errorf("%d verdicts, %d with an answer of the model", len(rows), asked)
	}
	if n := b.id(`SELECT count(*) FROM verdicts WHERE took_micros > 0 AND digest IS NOT NULL`); n != int64(len(rows)) {
		t.Errorf("%d of %d verdicts say how long they took and what their bytes were", n, len(rows))
	}
	if n := b.id(`SELECT count(*) FROM verdicts WHERE verdict->'tiers'->'model'->>'harm' IS NOT NULL`); n != int64(len(rows)) {
		t.Errorf("%d of %d verdicts hold what the model said", n, len(rows))
	}
}

func TestAShadowJudgesBesideAndActsNever(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.keeping()
	b.asking = true
	hides := b.inShadow("rule", `{"name":"kayak","text":"says kayak","category":"spam","decision":"hide","score":0.9,"words":["kayak"]}`)
	lax := b.inShadow("policy", `{"hide_harm":false,"hide_spam":false,"categories":{"violence":"allow","hate":"allow","harassment":"allow"}}`)
	b.feed(b.igComment("1", "77", "lovely kayak"), b.igComment("2", "78", hateful), b.igComment("3", "79", unsure))
	if got := summary(b.actions("comment.hide", "comment.delete")); got != "comment.hide planned" || b.id(`SELECT count(*) FROM comments WHERE decision = 'hide'`) != 1 {
		t.Errorf("the shadow acted: %s", got)
	}
	if n := b.id(`SELECT count(*) FROM shadow_verdicts`); n != 4 {
		t.Errorf("%d shadow verdicts before the model answered, want 2 comments × 2 versions", n)
	}
	b.answered(&moderation.LLMAnswer{Category: "harassment", Score: 0.9, Model: "m", Prompt: "moderate.v1"}, "")
	beside := func(v decisions.Version) string {
		return b.text(`SELECT string_agg(c.text || ': ' || s.was || ' ' || s.now, '; ' ORDER BY c.external_id) FROM shadow_verdicts s JOIN verdicts v ON v.id = s.verdict_id JOIN comments c ON c.id = v.subject_id WHERE s.version_id = $1`, v.ID)
	}
	if got, want := beside(hides), "lovely kayak: allow hide; "+hateful+": hide hide; "+unsure+": hide hide"; got != want {
		t.Errorf("the rule beside: %s\nwant %s", got, want)
	}
	if got, want := beside(lax), "lovely kayak: allow allow; "+hateful+": hide review; "+unsure+": hide allow"; got != want {
		t.Errorf("the policy beside: %s\nwant %s", got, want)
	}
	if got := b.text(`SELECT decision FROM comments WHERE text = 'lovely kayak'`); got != "allow" {
		t.Errorf("the shadow decided: %s", got)
	}
	tx := b.db.MustBegin()
	b.must(history(tx))
	b.must(tx.Commit())
	b.feed(b.igComment("9", "77", "kayak again"))
	if n := b.id(`SELECT count(*) FROM shadow_verdicts`); n != 7 {
		t.Errorf("%d shadow verdicts: a version that left the shadow still judges, or one that is in it does not", n)
	}
}

// history takes every version but one out of the shadow.
func history(tx *sqlx.Tx) error {
	_, err := tx.Exec(`UPDATE versions SET state = 'retired' WHERE kind = 'policy' AND state = 'shadow'`)
	return err
}
