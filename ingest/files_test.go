package ingest

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"ponte/channels"
)

// shelf is a network that has files, or answers with a failure.
type shelf struct {
	Reader
	files   map[string]string
	failure *channels.Failure
	asked   []string
}

func (s *shelf) FetchMedia(_ context.Context, _ channels.Account, address string) (string, []byte, error) {
	s.asked = append(s.asked, address)
	if s.failure != nil {
		return "", nil, s.failure
	}
	return "image/png", []byte(s.files[address]), nil
}

func (b *rig) waImage(id, mediaID string) string {
	return b.waBody(customer, b.waMessage(id, customer, obj{"type": "image", "image": obj{"id": mediaID, "mime_type": "image/png", "sha256": "x", "url": "https://lookaside.fbsbx.com/dies-soon", "caption": "like this one"}}))
}

func (b *rig) fetcher(s *shelf) *Fetcher {
	return &Fetcher{DB: b.db, Network: s, Accounts: b.dir, Ledger: b.ledger, Now: func() time.Time { return b.now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Open: func(_ context.Context, workspace, account int64) (channels.Account, error) {
			return channels.Account{}, nil
		}}
}

func TestFilesOfMessagesAreFetchedOnceAndGoWithTheirMessage(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waImage("m1", "9001"), b.waImage("m2", "9001"), b.waText("m3", customer, "no file"))
	s := &shelf{files: map[string]string{"9001": "the bytes"}}
	f := b.fetcher(s)
	if n, err := f.messageFiles(t.Context()); err != nil || n != 2 {
		t.Fatalf("%d files fetched, %v; want 2", n, err)
	}
	if n, err := f.messageFiles(t.Context()); err != nil || n != 0 {
		t.Fatalf("%d files fetched again, %v", n, err)
	}
	if got := b.text(`SELECT count(*) || ' ' || count(DISTINCT hash) || ' ' || min(state) || ' ' || max(address) FROM message_media`); got != "2 1 stored " {
		t.Errorf("%q: want two files with one content, and no address kept", got)
	}
	if got := b.text(`SELECT string_agg(convert_from(bytes, 'UTF8'), ' ') || ' ' || count(*) FROM media`); got != "the bytes 1" {
		t.Errorf("kept %q", got)
	}
	b.must(f.tidy(t.Context()))
	b.exec(`UPDATE media SET created_at = created_at - interval '2 hours'`)
	b.exec(`DELETE FROM message_media WHERE message_id = (SELECT min(message_id) FROM message_media)`)
	b.must(f.tidy(t.Context()))
	if got := b.text(`SELECT count(*)::text FROM media`); got != "1" {
		t.Errorf("%s files left while a message refers to it", got)
	}
	tx := b.db.MustBegin()
	var message, event int64
	b.must(tx.Get(&message, `SELECT message_id FROM message_media`))
	b.must(tx.Get(&event, `SELECT max(id) FROM events`))
	b.must(eraseMessage(t.Context(), tx, eraseRow{b.ws, message, event}))
	b.must(tx.Commit())
	b.must(f.tidy(t.Context()))
	if got := b.text(`SELECT (SELECT count(*) FROM message_media) || ' ' || (SELECT count(*) FROM media)`); got != "0 0" {
		t.Errorf("%s rows and files left of a message that was taken back", got)
	}
}

func TestAFileThatCannotBeFetchedSaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failure *channels.Failure
		rounds  int
		want    string
	}{
		"gone":       {&channels.Failure{Class: channels.GiveUp, Reason: "gone", Meaning: "The file is not there any more."}, 1, "failed The file is not there any more. 1"},
		"an outage":  {&channels.Failure{Class: channels.Retry, Reason: "outage", Meaning: "The file's server has a problem.", After: time.Minute}, 2, "wanted The file's server has a problem. 2"},
		"never back": {&channels.Failure{Class: channels.Retry, Reason: "outage", Meaning: "The file's server has a problem.", After: time.Minute}, 9, "failed The file's server has a problem. 5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.waImage("m1", "9001"))
			f := b.fetcher(&shelf{failure: c.failure})
			for range c.rounds {
				if _, err := f.messageFiles(t.Context()); err != nil {
					t.Fatal(err)
				}
				b.exec(`UPDATE message_media SET fetch_after = now() WHERE state = 'wanted'`)
			}
			if got := b.text(`SELECT state || ' ' || reason || ' ' || attempts FROM message_media`); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// stuck is a network that hands out files and hangs where history is read.
type stuck struct {
	shelf
	hangs chan struct{}
}

func (s *stuck) ListComments(ctx context.Context, _ channels.Account, _, _ string) ([]byte, int, string, error) {
	return nil, 0, "", s.hang(ctx)
}

func (s *stuck) ListMessages(ctx context.Context, _ channels.Account, _ time.Time, _ string) ([]byte, int, string, error) {
	return nil, 0, "", s.hang(ctx)
}

func (s *stuck) ListPosts(ctx context.Context, _ channels.Account, _ string) (channels.Page[channels.Post], error) {
	return channels.Page[channels.Post]{}, s.hang(ctx)
}

func (s *stuck) hang(ctx context.Context) error {
	s.hangs <- struct{}{}
	<-ctx.Done()
	return ctx.Err()
}

// A file of WhatsApp is gone after five minutes, a sweep may take longer.
func TestFilesAreFetchedWhileASweepHangs(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	s := &stuck{shelf: shelf{files: map[string]string{"9001": "the bytes"}}, hangs: make(chan struct{}, 100)}
	f := b.fetcher(&s.shelf)
	f.Network, f.SweepEvery = s, -1
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	<-s.hangs
	b.feed(b.waImage("m1", "9001"))
	for deadline := time.Now().Add(30 * time.Second); b.text(`SELECT coalesce(max(state), '') FROM message_media`) != "stored"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the file waits for the sweep")
		}
	}
	stop()
	b.must(<-done)
}
