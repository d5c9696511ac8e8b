package ingest

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"ponte/booking"
	"ponte/flow"
	"ponte/flow/live"
)

// publish publishes a document and lets it begin with every conversation, or with words.
func (b *rig) publish(document string, keywords ...string) (id int64, v live.Version) {
	b.Helper()
	ctx := context.Background()
	tx := b.db.MustBegin()
	defer tx.Rollback()
	id, err := live.Add(ctx, tx, b.ws, document, nil)
	b.must(err)
	v, err = live.Publish(ctx, tx, b.ws, id, 1, "", nil)
	b.must(err)
	f, err := flow.Parse([]byte(document))
	b.must(err)
	_, err = booking.Adopt(ctx, tx, b.ws, f, []byte(document))
	b.must(err)
	start := live.Start{On: live.OnConversation, Channel: "whatsapp"}
	if len(keywords) > 0 {
		start = live.Start{On: live.OnKeyword, Keywords: keywords}
	}
	b.must(live.SetStarts(ctx, tx, b.ws, id, []live.Start{start}))
	b.must(tx.Commit())
	return id, v
}

func shipped(t testing.TB, id string) string {
	t.Helper()
	document, _, err := flow.Shipped(id)
	if err != nil {
		t.Fatal(err)
	}
	return string(document)
}

// write is a message of the customer, after what was planned has left.
func (b *rig) write(text string) {
	b.Helper()
	b.sent()
	b.pass(time.Minute)
	b.feed(b.waText(b.next("wamid.w"), customer, text))
}

// tap taps a button or row that was shown last, by its title.
func (b *rig) tap(title string) {
	b.Helper()
	var call struct {
		Buttons []struct{ ID, Title string }
		List    *struct {
			Rows []struct{ ID, Title string }
		}
	}
	b.must(json.Unmarshal([]byte(b.text(`SELECT call::text FROM actions WHERE kind = 'message.send' ORDER BY id DESC LIMIT 1`)), &call))
	options := call.Buttons
	if call.List != nil {
		options = call.List.Rows
	}
	b.sent()
	b.pass(time.Minute)
	for _, o := range options {
		if o.Title == title || title == "" {
			b.feed(b.waButton(b.next("wamid.t"), customer, o.ID, o.Title))
			return
		}
	}
	b.Fatalf("nothing called %q was shown: %v", title, options)
}

func (b *rig) run() (state flow.State, ended string) {
	b.Helper()
	b.must(json.Unmarshal([]byte(b.text(`SELECT state::text FROM flow_runs ORDER BY id DESC LIMIT 1`)), &state))
	return state, b.text(`SELECT why FROM flow_runs ORDER BY id DESC LIMIT 1`)
}

// ring passes on what timers and notices are due.
func (b *rig) ring() {
	b.Helper()
	log := slog.New(slog.DiscardHandler)
	now := func() time.Time { return b.now }
	_, err := (&live.Timers{DB: b.db, Now: now, Log: log}).Once(context.Background())
	b.must(err)
	_, err = (&booking.Notices{DB: b.db, Now: now, Log: log}).Once(context.Background())
	b.must(err)
	b.work()
}

func (b *rig) lastSaid(part string) {
	b.Helper()
	said := b.said()
	if len(said) == 0 || !strings.Contains(said[len(said)-1], part) {
		b.Fatalf("said %q, want …%q…; %v", said, part, b.reasons())
	}
}
