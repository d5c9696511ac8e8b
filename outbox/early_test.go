package outbox

import (
	"testing"
	"time"

	"ponte/channels"
)

// A file says nothing that could be compared: its echo that comes before the answer, without our token, is
// known by the call under way.
func TestTheEchoOfAFileUnderWayIsOurs(t *testing.T) {
	b := setup(t)
	action, _ := b.withMedia("file", "the bytes")
	_, _, other, _ := b.person("39333000002")
	var ours []bool
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		for _, e := range []Echo{
			{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.1", ThreadID: other, File: true},
			{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.1", ThreadID: b.thread},
			{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.1", ThreadID: b.thread, File: true},
			{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.2", ThreadID: b.thread, File: true},
		} {
			is, err := JoinEcho(t.Context(), b.db, e)
			if err != nil {
				t.Error(err)
			}
			ours = append(ours, is)
		}
		return true, channels.Result{ID: "mid.1"}, nil
	}
	b.drain(b.sender())
	b.want(action, "done")
	if len(ours) != 4 || ours[0] || ours[1] || !ours[2] || ours[3] {
		t.Errorf("while the call was under way: %v", ours)
	}
	if id := b.text(`SELECT external_id FROM messages WHERE action_id = $1`, action); id != "mid.1" {
		t.Errorf("the bubble is %q", id)
	}
}

// Reports that come before the answer to the call are not lost, in whichever form the network sends them.
func TestWhatIsReadBeforeTheAnswerIsRead(t *testing.T) {
	for name, before := range map[string]func(b *bench){
		"the bubble of an echo was read": func(b *bench) {
			b.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, external_id, text, at) VALUES ($1, $2, $3, $4, 'out', 'other_tool', 'mid.1', 'hello', $5)`,
				b.ws, b.whatsapp, b.thread, b.conv, b.now())
			b.receipts(b.receipt("mid.1", "delivered"), b.receipt("mid.1", "read"))
		},
		"the thread was read up to here": func(b *bench) {
			b.exec(`UPDATE threads SET read_in_at = $2 WHERE id = $1`, b.thread, b.now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			got := b.add(b.message("m", "hello"))[0]
			b.net.answer = func(channels.Call) (bool, channels.Result, error) {
				before(b)
				return true, channels.Result{ID: "mid.1"}, nil
			}
			b.drain(b.sender())
			b.want(got.ID, "done")
			if s := b.bubble(got.ID); s != "read" {
				t.Errorf("the message is %q", s)
			}
			if n := b.text(`SELECT count(*)::text FROM messages WHERE direction = 'out'`); n != "1" {
				t.Errorf("%s bubbles of one message", n)
			}
		})
	}
	t.Run("read long before", func(t *testing.T) {
		b := setup(t)
		b.exec(`UPDATE threads SET read_in_at = $2 WHERE id = $1`, b.thread, b.now().Add(-time.Second))
		got := b.add(b.message("m", "hello"))[0]
		b.drain(b.sender())
		if s := b.bubble(got.ID); s != "sent" {
			t.Errorf("the message is %q", s)
		}
	})
}
