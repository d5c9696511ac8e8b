package outbox

import (
	"context"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
)

func (b *bench) reads(s *Sender, is *CommentNow, err *error) *int {
	n := 0
	s.ReadComment = func(context.Context, channels.Account, channels.Call) (CommentNow, error) {
		n++
		return *is, *err
	}
	return &n
}

func TestADelayedAnswerReadsTheCommentFirst(t *testing.T) {
	for _, c := range []struct {
		name          string
		is            CommentNow
		err           error
		want, reading string
		calls, raised int
		comment       string
	}{
		{"as it was", CommentNow{Exists: true, Text: " Info? "}, nil, "done", "same", 1, 0, "visible"},
		{"edited", CommentNow{Exists: true, Text: "You are all idiots"}, nil, "planned:comment_edited", "edited", 0, 1, "visible"},
		{"gone", CommentNow{}, nil, "cancelled:comment_gone", "gone", 0, 0, "removed"},
		{"hidden elsewhere", CommentNow{Exists: true, Text: "Info?", Hidden: true}, nil, "refused:comment_hidden", "hidden", 0, 0, "hidden"},
		{"not readable now", CommentNow{}, &channels.Failure{Class: channels.Retry}, "planned:comment_unreadable", "unreadable", 0, 0, "visible"},
		{"never readable", CommentNow{}, &channels.Failure{Class: channels.GiveUp}, "done", "unreadable", 1, 0, "visible"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := setup(t)
			s := b.sender()
			b.reads(s, &c.is, &c.err)
			b.exec(`UPDATE comments SET created_at = $1`, b.now())
			a := b.onComment("r", channels.ReplyToComment)
			a.NotBefore = b.now().Add(10 * time.Minute)
			got := b.add(a)
			b.advance(11 * time.Minute)
			b.drain(s)
			b.want(got[0].ID, c.want)
			if r := b.text(`SELECT read_back FROM actions WHERE id = $1`, got[0].ID); r != c.reading {
				t.Errorf("recorded as %q, want %q", r, c.reading)
			}
			if len(b.net.order) != c.calls {
				t.Errorf("%d calls, want %d", len(b.net.order), c.calls)
			}
			if n := b.id(`SELECT count(*) FROM events WHERE kind = 'comment.reread'`); int(n) != c.raised {
				t.Errorf("%d events raised, want %d", n, c.raised)
			}
			if s := b.text(`SELECT state FROM comments WHERE id = $1`, b.comment); s != c.comment {
				t.Errorf("the comment is %s, want %s", s, c.comment)
			}
		})
	}
}

func TestWhenACommentIsReadBack(t *testing.T) {
	b := setup(t)
	s := b.sender()
	is, err := CommentNow{Exists: true, Text: "Info?"}, error(nil)
	n := b.reads(s, &is, &err)
	b.exec(`UPDATE comments SET created_at = $1`, b.now())
	send := func(key string, change func(*work)) {
		t.Helper()
		a := b.onComment(key, channels.ReplyToComment)
		if change != nil {
			change(&a)
		}
		got := b.add(a)
		b.drain(s)
		b.want(got[0].ID, "done")
	}
	send("at once", nil)
	if *n != 0 {
		t.Errorf("a comment seen this moment was read")
	}
	b.advance(20 * time.Minute)
	send("by a member", func(a *work) { a.Origin, a.AnswersEvent = gate.FromMember, 0 })
	if *n != 0 {
		t.Errorf("what a person asked for waited for a reading")
	}
	send("late", nil)
	if *n != 1 {
		t.Errorf("read %d times before a late answer, want 1", *n)
	}
	send("just after", nil)
	if *n != 1 {
		t.Errorf("what was read a moment ago was read again")
	}
	b.exec(`UPDATE workspaces SET settings = settings || '{"read_back_minutes":60}'`)
	b.advance(30 * time.Minute)
	send("within the setting", nil)
	if *n != 1 {
		t.Errorf("the stated age was not kept to")
	}
}

// An edited comment is told once, however often the waiting action comes to its turn.
func TestAnEditIsToldOnce(t *testing.T) {
	b := setup(t)
	s := b.sender()
	is, err := CommentNow{Exists: true, Text: "something else"}, error(nil)
	b.reads(s, &is, &err)
	b.exec(`UPDATE comments SET created_at = $1`, b.now().Add(-time.Hour))
	got := b.add(b.onComment("r", channels.ReplyToComment), b.onComment("p", channels.PrivateReply))
	for range 3 {
		b.drain(s)
		b.advance(2 * time.Minute)
	}
	b.want(got[0].ID, "planned:comment_edited")
	if n := b.id(`SELECT count(*) FROM events WHERE kind = 'comment.reread'`); n != 1 {
		t.Errorf("%d events", n)
	}
	b.exec(`UPDATE comments SET text = 'something else'`) // decide took the new words in, and allows them
	b.drain(s)
	b.want(got[0].ID, "done")
	b.want(got[1].ID, "done")
}

// A call that could not start soon after its judgement is judged again: its window may have shut, or the
// person said stop meanwhile.
func TestACallThatComesLateIsJudgedAgain(t *testing.T) {
	b := setup(t)
	b.grant()
	got := b.add(b.offer("o"))
	s := b.sender()
	opened := 0
	open := s.Open
	s.Open = func(ctx context.Context, w, a int64) (channels.Account, error) {
		if opened++; opened == 1 {
			b.advance(15 * time.Second) // a database that was slow
			e := b.entry("withdraw")
			e.WordingID = nil
			if err := b.ledger.Append(ctx, b.db, []consent.Entry{e}); err != nil {
				t.Error(err)
			}
		}
		return open(ctx, w, a)
	}
	b.drain(s)
	b.want(got[0].ID, "refused:opted_out")
	if len(b.net.order) != 0 {
		t.Error("an offer left after the person had said stop")
	}
	if opened != 1 {
		t.Errorf("opened %d times", opened)
	}
}
