package ingest

import (
	"testing"
	"time"
)

// A comment that was passed on to an agent and is answered in Instagram's own app waits for nobody any more.
func TestACommentAnsweredInAnotherToolWaitsNoMore(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igComment("c1", "55", "my order has not come, what now?"))
	b.exec(`INSERT INTO conversations (workspace_id, account_id, channel, root_comment_id, contact_id, handler, handler_reason, opened_at, last_message_at, waiting_since)
SELECT workspace_id, account_id, channel, id, contact_id, 'human', 'passed_on', commented_at, commented_at, commented_at FROM comments WHERE external_id = 'c1'`)
	state := func() string {
		return b.text(`SELECT (waiting_since IS NOT NULL) || ' ' || (first_human_answer_at IS NOT NULL) FROM conversations WHERE root_comment_id IS NOT NULL`)
	}
	b.pass(time.Minute)
	b.feed(b.igReply("c2", "c1", "66", "same here"))
	if got := state(); got != "true false" {
		t.Errorf("after somebody else's reply: %s", got)
	}
	b.pass(time.Minute)
	b.feed(b.igReply("c3", "c1", igID, "We are looking into it, Anna."))
	if got := state(); got != "false true" {
		t.Errorf("after the brand's reply: %s, %v", got, b.reasons())
	}
}
