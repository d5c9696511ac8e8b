package ingest

import (
	"context"
	"testing"
	"time"

	"ponte/channels"
)

// threads reads back what the network has of an Instagram account's conversations.
type threads struct {
	Reader
	body string
	n    int
}

func (n *threads) ListMessages(_ context.Context, a channels.Account, _ time.Time, _ string) ([]byte, int, string, error) {
	return []byte(n.body), n.n, "", nil
}

func (n *threads) ListComments(context.Context, channels.Account, string, string) ([]byte, int, string, error) {
	return nil, 0, "", nil
}

// What webhooks left out is read back through the same door, once, and counted apart from comments.
func TestTheCoverageOfMessagesIsCountedApart(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igMessage("m1", "77", "ciao"), b.igMessage("m2", "77", "avete posti?"), b.igMessage("m3", "78", "hello"), b.igEcho("e1", "78", "hello from us"), b.igComment("c1", "77", "bello"))
	b.exec(`UPDATE accounts SET state = 'needs_reauthorisation' WHERE channel = 'facebook'`)
	f := b.fetcher(nil)
	f.Network = &threads{n: 4, body: b.encode(obj{"object": "instagram", "entry": []obj{{"id": igID, "messaging": []obj{
		{"sender": obj{"id": "77"}, "recipient": obj{"id": igID}, "timestamp": b.now.UnixMilli(), "message": obj{"mid": "m1", "text": "ciao"}},
		{"sender": obj{"id": "77"}, "recipient": obj{"id": igID}, "timestamp": b.now.UnixMilli(), "message": obj{"mid": "m2", "text": "avete posti?"}},
		{"sender": obj{"id": "78"}, "recipient": obj{"id": igID}, "timestamp": b.now.UnixMilli(), "message": obj{"mid": "m4", "text": "are you there?"}},
		{"sender": obj{"id": igID}, "recipient": obj{"id": "78"}, "timestamp": b.now.UnixMilli(), "message": obj{"mid": "e2", "text": "yes", "is_echo": true}}}}}})}
	for range 2 { // a second time doubles nothing
		b.must(f.Sweep(b.Context()))
		b.work()
		b.must(f.recount(b.Context()))
		if got := b.text(`SELECT (sweep->>'messages') || ' ' || (sweep->>'messages_told') || ' ' || (sweep->>'read') FROM accounts WHERE id = $1`, b.ig.ID); got != "4 3 4" {
			t.Errorf("counted %q after the sweep that found one", got)
		}
	}
	if n := b.id(`SELECT count(*) FROM messages WHERE external_id IN ('m1','m2','m3','m4')`); n != 4 {
		t.Errorf("%d messages, want 4", n)
	}
	if got := b.text(`SELECT (sweep->>'comments') || ' ' || (sweep->>'comments_told') || ' ' || (sweep->>'coverage') || ' ' || (sweep->>'messages') || ' ' || (sweep->>'messages_told') FROM accounts WHERE id = $1`, b.ig.ID); got != "1 1 1.0000 4 3" {
		t.Errorf("counted %q: of 4 messages of customers 3 had come by webhook", got)
	}
	if got := b.text(`SELECT sweep::text FROM accounts WHERE id = $1`, b.wa.ID); got != "{}" {
		t.Errorf("WhatsApp was read back: %s", got)
	}
}
