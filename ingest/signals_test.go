package ingest

import (
	"strings"
	"testing"

	"ponte/inbox"
	"ponte/moderation"
)

// settled raises the outcome of the oldest question as the asks runner does.
func (b *rig) settled(answer *moderation.LLMAnswer, failed string, signals *moderation.Signals) {
	b.Helper()
	var q struct {
		ID   int64 `db:"id"`
		Lane int16 `db:"lane"`
	}
	b.must(b.db.Get(&q, `UPDATE asks SET state = 'answered', answered_at = now() WHERE id = (SELECT min(id) FROM asks WHERE state = 'pending') RETURNING id, lane`))
	b.raise(inbox.InternalEvent{Key: b.next("ask:"), Kind: inbox.LLMAnswered, Lane: q.Lane, Payload: obj{"ask_id": q.ID, "answer": answer, "failed": failed, "signals": signals}})
}

func TestSignalsAddToTheAnswer(t *testing.T) {
	t.Parallel()
	sees := func(category string, score float64) *moderation.Signals {
		return &moderation.Signals{Model: "omni", Scores: map[string]float64{category: score}}
	}
	for name, c := range map[string]struct {
		policy  string
		answer  *moderation.LLMAnswer
		failed  string
		signals *moderation.Signals
		actions string
		queue   string
		record  string // stands in the final verdict
	}{
		"nothing seen":           {`{}`, &moderation.LLMAnswer{Category: "none", Score: 0.9}, "", sees("hate", 0.1), "comment.reply planned, private_reply.send planned", "", `"hate": 0.1`},
		"against the LLM":        {`{}`, &moderation.LLMAnswer{Category: "none", Score: 0.9}, "", sees("hate", 0.9), "", "review", "the moderation endpoint sees hate (0.90)"},
		"unavailable":            {`{}`, &moderation.LLMAnswer{Category: "none", Score: 0.9}, "", &moderation.Signals{Note: "the moderation endpoint did not answer"}, "comment.reply planned, private_reply.send planned", "", "signals:unavailable"},
		"alone":                  {`{}`, nil, "no language model is configured", sees("hate", 0.99), "", "review", "no language model is configured"},
		"alone, and it may hide": {`{"moderations":{"review":0.7,"hide":0.9}}`, nil, "no language model is configured", sees("hate", 0.99), "comment.hide planned", "hidden", "signals:hate"},
		"danger":                 {`{"moderations":{"review":0.7,"hide":0.9}}`, &moderation.LLMAnswer{Category: "none", Score: 0.9}, "", sees("self_harm", 0.99), "", "self_harm", "signals:self_harm"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.exec(`UPDATE workspaces SET settings = jsonb_build_object('policy', $1::jsonb)`, c.policy)
			b.asking = true
			b.feed(b.igComment("c1", "77", unsure))
			b.settled(c.answer, c.failed, c.signals)
			b.wantActions(c.actions)
			if got := b.queue(); got != c.queue {
				t.Errorf("queued as %q, want %q", got, c.queue)
			}
			if got := b.text(`SELECT verdict::text FROM verdicts ORDER BY id DESC LIMIT 1`); !strings.Contains(got, c.record) {
				t.Errorf("the record lacks %s: %s", c.record, got)
			}
		})
	}
}

func (b *rig) fbPhoto(id, person, text string) string {
	v := obj{"item": "comment", "verb": "add", "comment_id": id, "post_id": fbID + "_30", "parent_id": fbID + "_30", "created_time": b.now.Unix(), "message": text,
		"photo": "https://scontent.example/p.jpg?sig=1", "from": obj{"id": person, "name": "Ana Ruiz"}}
	return b.encode(obj{"object": "page", "entry": []any{obj{"id": fbID, "time": b.now.Unix(), "changes": []any{obj{"field": "feed", "value": v}}}}})
}

func TestAPictureIsLookedAtOrSaidNotToBe(t *testing.T) {
	t.Parallel()
	media := `SELECT verdict->>'media' FROM verdicts ORDER BY id DESC LIMIT 1`
	blind := newRig(t)
	blind.asking = true
	blind.feed(blind.fbPhoto("30_1", "55", "lovely boats"))
	if n := blind.id(`SELECT count(*) FROM asks`); n != 0 || blind.text(media) != moderation.NotLookedAt {
		t.Errorf("a model that does not see was asked %d times; marked %q", n, blind.text(media))
	}

	b := newRig(t)
	b.asking = true
	b.decider.Sees = true
	b.feed(b.fbPhoto("30_1", "55", "lovely boats"))
	if q := b.text(`SELECT question::text FROM asks`); strings.Contains(q, "scontent") || !strings.Contains(q, "pictures") {
		t.Errorf("the question holds %s", q)
	}
	b.settled(&moderation.LLMAnswer{Category: "sexual", Score: 0.95, Looked: true}, "", nil)
	b.wantActions("comment.hide planned")
	if b.text(media) != moderation.LookedAt {
		t.Errorf("marked %q", b.text(media))
	}
	b.feed(b.fbPhoto("30_2", "56", "lovely boats"))
	b.settled(nil, "the language model is not answering", nil)
	if got := b.text(`SELECT decision FROM comments WHERE external_id = '30_2'`); got != "allow" || b.text(media) != moderation.NotLookedAt {
		t.Errorf("without an answer a harmless text is %s, its picture %s", got, b.text(media))
	}
	b.lastReason("allowed")
}

func TestAQuestionHoldsNoPersonalData(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.asking = true
	b.exec(`UPDATE workspaces SET settings = '{"policy":{"review_harm":0,"hide_harm":false,"hide_spam":false},"rules":[]}'`)
	b.feed(b.igComment("c1", "77", unsure+", call me on +39 333 123 4567, @ana.ruiz"))
	if q := b.text(`SELECT question->>'text' FROM asks`); q != unsure+", call me on [number], [handle]" {
		t.Errorf("the question holds %q", q)
	}
}
