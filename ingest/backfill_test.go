package ingest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"ponte/channels"
	"ponte/fault"
	"ponte/inbox"
)

// annals is a network with pages of posts, each with one comment.
type annals struct {
	shelf
	pages [][]string
	fails map[string]error // by post, once
	read  []string
	after func(post string)
}

func (n *annals) ListPosts(_ context.Context, _ channels.Account, cursor string) (channels.Page[channels.Post], error) {
	at := 0
	if cursor != "" {
		if _, err := fmt.Sscan(cursor, &at); err != nil {
			return channels.Page[channels.Post]{}, err
		}
	}
	var page channels.Page[channels.Post]
	for _, id := range n.pages[at] {
		page.Items = append(page.Items, channels.Post{ID: id})
	}
	if at+1 < len(n.pages) {
		page.Next = fmt.Sprint(at + 1)
	}
	return page, nil
}

func (n *annals) ListComments(_ context.Context, _ channels.Account, post, _ string) ([]byte, int, string, error) {
	if err := n.fails[post]; err != nil {
		delete(n.fails, post)
		return nil, 0, "", err
	}
	n.read = append(n.read, post)
	if n.after != nil {
		n.after(post)
	}
	return []byte(`{"object":"page","entry":[]}`), 1, "", nil
}

func (b *rig) history(n *annals) (*Fetcher, inbox.Account) {
	b.Helper()
	f := b.fetcher(nil)
	f.Network = n
	a := b.account("facebook", "7001", "", "")
	b.wantHistory(a)
	return f, a
}

func (b *rig) wantHistory(a inbox.Account) {
	b.Helper()
	tx := b.db.MustBegin()
	b.must(WantBackfill(b.Context(), tx, a.WorkspaceID, a.ID))
	b.must(tx.Commit())
}

func (b *rig) cancelHistory(a inbox.Account) error {
	tx := b.db.MustBegin()
	defer tx.Rollback()
	if err := CancelBackfill(b.Context(), tx, a.WorkspaceID, a.ID, b.now); err != nil {
		return err
	}
	return tx.Commit()
}

func (b *rig) progress(a inbox.Account) Progress {
	b.Helper()
	stored, err := inbox.LoadAccount(b.Context(), b.db, a.WorkspaceID, a.ID)
	b.must(err)
	return ReadProgress(stored)
}

func TestAHistoryIsReadPageByPageAndItsProgressIsKept(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	n := &annals{pages: [][]string{{"p1", "p2"}, {"p3"}}}
	f, a := b.history(n)
	b.must(f.backfills(t.Context()))
	if p := b.progress(a); p.Posts != 2 || p.Comments != 2 || !p.Wanted || p.Done || p.Cursor != "1" || p.Started.IsZero() {
		t.Fatalf("after a page: %+v", p)
	}
	b.must(f.backfills(t.Context()))
	b.must(f.backfills(t.Context()))
	if p := b.progress(a); p.Posts != 3 || p.Wanted || !p.Done || p.Ended == nil || len(n.read) != 3 {
		t.Fatalf("at the end: %+v, read %v", p, n.read)
	}
}

func TestAFailureWaitsAndGoesOnAtTheSamePost(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	n := &annals{pages: [][]string{{"p1", "p2", "p3"}}, fails: map[string]error{"p2": &channels.Failure{Class: channels.Retry, Meaning: "the network is busy"}}}
	f, a := b.history(n)
	if err := f.backfills(t.Context()); err == nil {
		t.Fatal("the failure is not reported")
	}
	if p := b.progress(a); p.Posts != 1 || p.Read != 1 || p.Note != "the network is busy" || p.Again == nil || !p.Wanted {
		t.Fatalf("after the failure: %+v", p)
	}
	b.must(f.backfills(t.Context()))
	if len(n.read) != 1 {
		t.Fatalf("read %v before its time", n.read)
	}
	b.pass(2 * time.Minute)
	b.must(f.backfills(t.Context()))
	if p := b.progress(a); p.Posts != 3 || !p.Done || p.Note != "" || fmt.Sprint(n.read) != "[p1 p2 p3]" {
		t.Fatalf("at the end: %+v, read %v", p, n.read)
	}
}

func TestAFailureThatDoesNotPassEndsTheReading(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	n := &annals{pages: [][]string{{"p1"}}, fails: map[string]error{"p1": &channels.Failure{Class: channels.Reauthorise, Meaning: "the token is not taken"}}}
	f, a := b.history(n)
	if err := f.backfills(t.Context()); err == nil {
		t.Fatal("the failure is not reported")
	}
	if p := b.progress(a); p.Wanted || p.Done || p.Note != "the token is not taken" || p.Ended == nil {
		t.Fatalf("%+v", p)
	}
}

func TestACancelHoldsAfterThePostThatIsRead(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	n := &annals{pages: [][]string{{"p1", "p2", "p3"}}}
	f, a := b.history(n)
	n.after = func(post string) {
		if post == "p2" {
			b.must(b.cancelHistory(a))
		}
	}
	b.must(f.backfills(t.Context()))
	b.must(f.backfills(t.Context()))
	if p := b.progress(a); p.Wanted || p.Done || !p.Cancelled || p.Posts != 1 || fmt.Sprint(n.read) != "[p1 p2]" {
		t.Fatalf("%+v, read %v", p, n.read)
	}
	if err := b.cancelHistory(a); fault.KindOf(err) != fault.Conflict {
		t.Errorf("cancelled twice: %v", err)
	}
}

func TestAskingAnewWhileAPageIsReadBeginsAnew(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	n := &annals{pages: [][]string{{"p1", "p2"}}}
	f, a := b.history(n)
	n.after = func(post string) {
		if post == "p2" && len(n.read) == 2 {
			b.wantHistory(a)
		}
	}
	b.must(f.backfills(t.Context()))
	if p := b.progress(a); p.Posts != 0 || !p.Wanted {
		t.Fatalf("the new wish was overwritten: %+v", p)
	}
	b.must(f.backfills(t.Context()))
	if p := b.progress(a); p.Posts != 2 || !p.Done {
		t.Fatalf("%+v", p)
	}
}

func TestWhatMayPass(t *testing.T) {
	t.Parallel()
	for class, want := range map[channels.Class]bool{channels.Retry: true, channels.Wait: true, channels.Unknown: true, channels.Reauthorise: false, channels.GiveUp: false, channels.AskPerson: false} {
		if got := mayPass(&channels.Failure{Class: class}); got != want {
			t.Errorf("%s: %v", class, got)
		}
	}
	if !mayPass(errors.New("the database is away")) {
		t.Error("a failure of our own is given up")
	}
}
