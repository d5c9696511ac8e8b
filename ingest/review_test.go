package ingest

import (
	"testing"
)

// TestTheQueueKnowsHarmReachAndWhatIsAlike: what the order and the storms of the queue rest on.
func TestTheQueueKnowsHarmReachAndWhatIsAlike(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE workspaces SET settings = '{"review":{"sample_hidden":0,"sample_allowed":0}}'`)
	for i := range 9 {
		b.feed(b.igComment(b.next("fan"), b.next("9"), "lovely "+string(rune('a'+i))))
	}
	b.feed(b.igComment("h1", "77", hateful), b.igComment("h2", "78", "I WILL kill you all!!"), b.igComment("d1", "79", "I want to kill myself"))
	if n := b.id(`SELECT count(*) FROM review_members m JOIN review_items r ON r.id = m.item_id JOIN comments c ON c.id = m.comment_id JOIN comments f ON f.id = r.comment_id WHERE c.external_id = 'h2' AND f.external_id = 'h1'`); n != 1 {
		t.Error("the same words in other clothes are not one item")
	}
	if n := b.id(`SELECT count(*) FROM review_items WHERE abs(priority - harm * reach) < 0.001 AND reach >= 2 AND reach < 2.2`); n != 2 { // log10 of the ten and more comments under the post
		t.Errorf("%d items have the reach of their post: %s", n, b.text(`SELECT string_agg(concat_ws(' ', harm, reach, priority), ', ') FROM review_items`))
	}
	if got := b.text(`SELECT c.external_id FROM review_items r JOIN comments c ON c.id = r.comment_id ORDER BY r.priority DESC LIMIT 1`); got != "d1" {
		t.Errorf("%s comes before somebody in danger", got)
	}
}

func TestSamplesAreDrawnByLot(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE workspaces SET settings = '{"review":{"sample_hidden":1,"sample_allowed":1}}'`)
	b.feed(b.igComment("1", "77", hateful), b.igComment("2", "78", "lovely"), b.igComment("3", "79", unsure))
	if got := b.text(`SELECT string_agg(r.kind || ' ' || r.why, ', ' ORDER BY c.external_id) FROM review_items r JOIN comments c ON c.id = r.comment_id`); got != "sample hidden, sample sample, verdict review" {
		t.Errorf("drawn: %s", got)
	}
}

// TestAnEditEndsWhatWasAboutTheOldWords: a second look and a known answer are about the text as it was.
func TestAnEditEndsWhatWasAboutTheOldWords(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(b *rig) string{
		"edited":  func(b *rig) string { return b.fbFeed("edited", "30_1", "66", "so lovely") },
		"removed": func(b *rig) string { return b.fbFeed("remove", "30_1", "66", "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.fbFeed("add", "30_1", "66", hateful))
			user := b.id(`INSERT INTO users (email, password_hash) VALUES ('a@example.org', 'x') RETURNING id`)
			b.exec(`UPDATE review_items SET state = 'decided', outcome = 'hide', decided_at = now()`)
			b.exec(`INSERT INTO gold_comments (workspace_id, comment_id, verdict_id, answer, added_by) SELECT workspace_id, comment_id, verdict_id, 'hide', 'cli' FROM review_items`)
			b.exec(`INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, kind, first_id) SELECT workspace_id, comment_id, verdict_id, why, 'second', id FROM review_items`)
			b.exec(`INSERT INTO review_items (workspace_id, comment_id, verdict_id, why, kind, gold_id, for_user) SELECT workspace_id, comment_id, verdict_id, 'hidden', 'gold', id, $1 FROM gold_comments`, user)
			b.feed(change(b))
			if n := b.id(`SELECT count(*) FROM review_items WHERE kind IN ('second','gold') AND outcome = 'superseded'`); n != 2 {
				t.Errorf("%d of 2 have ended", n)
			}
			if n := b.id(`SELECT count(*) FROM gold_comments WHERE retired_at IS NULL`); n != 0 {
				t.Error("the known answer is still shown")
			}
		})
	}
}
