package ingest

import (
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/desk"
	"ponte/inbox"
)

// TestACustomersMessageEndsASnooze: what was put aside comes back with the customer's next message, and a
// reply that was to go only if they stayed silent does not go.
func TestACustomersMessageEndsASnooze(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("wamid.first", customer, "hello"))
	conversation := b.id(`SELECT id FROM conversations`)
	user := b.id(`INSERT INTO users (email, password_hash) VALUES ('agent@example.org', 'x') RETURNING id`)
	b.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'agent')`, b.ws, user)
	who := auth.Who{UserID: user, WorkspaceID: b.ws, Role: auth.Agent}
	until := b.now.Add(48 * time.Hour)
	b.must(b.change(t.Context(), func(tx *sqlx.Tx) error { return desk.Snooze(t.Context(), tx, who, conversation, &until, b.now) }))
	action := b.id(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, token, dedupe, contact_id, conversation_id, call, not_before, valid_until)
SELECT workspace_id, account_id, 'message.send', 'answer', 'member', 'later', 'later', contact_id, id, '{"kind":"message.send","channel":"whatsapp","text":"still there?"}', now() + interval '2 hours', now() + interval '1 day' FROM conversations RETURNING id`)
	b.exec(`INSERT INTO scheduled_replies (workspace_id, action_id, conversation_id, user_id, send_at, unless_written) VALUES ($1, $2, $3, $4, now() + interval '2 hours', true)`, b.ws, action, conversation, user)
	b.pass(time.Minute)
	b.feed(b.waText("wamid.second", customer, "one more thing"))
	if n := b.id(`SELECT count(*) FROM conversations WHERE snoozed_at IS NOT NULL`); n != 0 {
		t.Error("the conversation is still put aside")
	}
	if got := b.text(`SELECT state || ' ' || reason FROM actions WHERE id = $1`, action); got != "cancelled customer_wrote" {
		t.Errorf("the later reply is %s", got)
	}
}

// Whoever writes on another channel of the brand wrote: a reply that was to go only if they stayed silent does not go, wherever
// it was planned. Somebody else's message ends nothing.
func TestWritingOnAnotherChannelIsNoSilence(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("wamid.first", customer, "hello"))
	b.feed(b.igMessage("m_first", "ig-ada", "hello here too"))
	first, second := b.id(`SELECT min(id) FROM contacts`), b.id(`SELECT max(id) FROM contacts`)
	conversation := b.id(`SELECT v.id FROM conversations v JOIN threads t ON t.id = v.thread_id WHERE t.channel = 'whatsapp'`)
	user := b.id(`INSERT INTO users (email, password_hash) VALUES ('agent@example.org', 'x') RETURNING id`)
	b.exec(`INSERT INTO members (workspace_id, user_id, role) VALUES ($1, $2, 'agent')`, b.ws, user)
	action := b.id(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, token, dedupe, contact_id, conversation_id, call, not_before, valid_until)
SELECT workspace_id, account_id, 'message.send', 'answer', 'member', 'later', 'later', contact_id, id, '{"kind":"message.send","channel":"whatsapp","text":"still there?"}', now() + interval '2 hours', now() + interval '1 day' FROM conversations WHERE id = $1 RETURNING id`, conversation)
	b.exec(`INSERT INTO scheduled_replies (workspace_id, action_id, conversation_id, user_id, send_at, unless_written) VALUES ($1, $2, $3, $4, now() + interval '2 hours', true)`, b.ws, action, conversation, user)
	b.pass(time.Minute)
	b.feed(b.igMessage("m_second", "ig-ada", "a stranger's words, as far as is known"))
	if got := b.text(`SELECT state FROM actions WHERE id = $1`, action); got != "planned" {
		t.Fatalf("another person's message made the later reply %s", got)
	}
	b.must(b.change(t.Context(), func(tx *sqlx.Tx) error {
		_, err := inbox.MergeContacts(t.Context(), tx, inbox.Merge{WorkspaceID: b.ws, From: first, Into: second, Reason: "the same", Actor: "user:1"})
		return err
	}))
	b.pass(time.Minute)
	b.feed(b.igMessage("m_third", "ig-ada", "I write here instead"))
	if got := b.text(`SELECT state || ' ' || reason FROM actions WHERE id = $1`, action); got != "cancelled customer_wrote" {
		t.Errorf("the later reply is %s", got)
	}
}
