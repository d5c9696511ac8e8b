package outbox

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"ponte/channels"
)

// Whatever is killed between the claim and the record, the customer gets it exactly once.
func TestNothingHappensTwiceWhenAProcessDies(t *testing.T) {
	kinds := map[string]func(*bench) work{
		"reply":         func(b *bench) work { return b.onComment("x", channels.ReplyToComment) },
		"private reply": func(b *bench) work { return b.onComment("x", channels.PrivateReply) },
		"message":       func(b *bench) work { return b.message("x", "hello") },
	}
	deaths := map[string]func(b *bench, s *Sender){
		"before the call": func(b *bench, s *Sender) {
			if claimed, err := s.claim(context.Background()); err != nil || len(claimed) != 1 {
				b.t.Fatalf("claimed %d, %v", len(claimed), err)
			}
		},
		"before the record": func(b *bench, s *Sender) {
			claimed, err := s.claim(context.Background())
			if err != nil || len(claimed) != 1 {
				b.t.Fatalf("claimed %d, %v", len(claimed), err)
			}
			s.deliver(context.Background(), claimed[0], make(chan outcome, 1))
		},
		"answer lost": func(b *bench, s *Sender) {
			b.net.answer = func(channels.Call) (bool, channels.Result, error) {
				return true, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
			}
			b.drain(s)
			b.net.answer = nil
		},
		"request lost": func(b *bench, s *Sender) {
			b.net.answer = func(channels.Call) (bool, channels.Result, error) {
				return false, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
			}
			b.drain(s)
			b.net.answer = nil
		},
	}
	for kind, action := range kinds {
		for death, die := range deaths {
			t.Run(kind+", "+death, func(t *testing.T) {
				b := setup(t)
				got := b.add(action(b))[0]
				s := b.sender()
				s.start()
				die(b, s)
				b.settleAll(b.sender())
				b.want(got.ID, "done")
				if n := b.net.count(got.Token); n != 1 {
					t.Errorf("it took place %d times", n)
				}
			})
		}
	}
}

// WhatsApp cannot be read back: a doubt is left to the status webhook or a person, never to luck.
func TestUnknownOnWhatsAppIsNeverSentAgain(t *testing.T) {
	b := setup(t)
	b.net.settle = func(channels.Call, bool) channels.Settled { return channels.Settled{} }
	got := b.add(b.message("x", "hello"), func() work { a := b.message("y", "second"); return a }())
	s := b.sender()
	s.start()
	if claimed, err := s.claim(t.Context()); err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %d, %v: one at a time to one person", len(claimed), err)
	}
	b.settleAll(b.sender())
	b.want(got[0].ID, "unknown:ask_person")
	if b.net.count(got[0].Token) != 0 {
		t.Error("it was sent again on a guess")
	}
	if err := Settle(t.Context(), b.db, b.ws, got[0].ID, SendOnceMore); err != nil {
		t.Fatal(err)
	}
	b.exec(`UPDATE actions SET not_before = $1, valid_until = $2 WHERE id = $3`, b.now(), b.now().Add(time.Hour), got[0].ID)
	b.drain(b.sender())
	if b.net.count(got[0].Token) != 1 {
		t.Error("a person said that it did not arrive, and it was not sent")
	}
}

func TestADeadProcessIsNoticedAtOnceAndALivingOneIsLeftAlone(t *testing.T) {
	b := setup(t)
	got := b.add(b.message("m", "hello"))
	dying := b.sender()
	dying.start()
	if err := dying.Life.Show(t.Context()); err != nil {
		t.Fatal(err)
	}
	if claimed, err := dying.claim(t.Context()); err != nil || len(claimed) != 1 {
		t.Fatalf("claimed %d, %v", len(claimed), err)
	}
	other := b.sender()
	if err := other.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.want(got[0].ID, "sending")
	var pid int
	if err := b.db.Get(&pid, `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND classid = 7041778 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); err != nil {
		t.Fatal(err)
	}
	b.exec(`SELECT pg_terminate_backend($1, 5000)`, pid) // what a killed process leaves behind: nothing
	if err := other.tidy(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.want(got[0].ID, "unknown:process_died")
	if err := dying.Life.Show(t.Context()); err != nil {
		t.Errorf("a connection that broke was not replaced: %v", err)
	}
	dying.Life.End()
}

func TestTwoSendersShareTheWork(t *testing.T) {
	b := setup(t)
	var actions []work
	for i := range 120 {
		contact, identity, thread, conv := b.person(fmt.Sprintf("39333%06d", 100+i))
		a := b.message(fmt.Sprint("k", i), "hello")
		a.ContactID, a.IdentityID, a.ThreadID, a.ConversationID = contact, identity, thread, conv
		actions = append(actions, a)
	}
	got := b.add(actions...)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			s := b.sender()
			for idle := 0; idle < 3; {
				n, err := s.Step(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				b.advance(200 * time.Millisecond)
				if n == 0 {
					idle++
				} else {
					idle = 0
				}
			}
		})
	}
	wg.Wait()
	for _, a := range got {
		if n := b.net.count(a.Token); n != 1 {
			t.Fatalf("action %d took place %d times and is %s", a.ID, n, b.state(a.ID))
		}
	}
}

func TestPrivateRepliesKeepTheHourlyLimitAcrossProcesses(t *testing.T) {
	b := setup(t)
	b.exec(`INSERT INTO actions (workspace_id, account_id, kind, state, purpose, origin, token, dedupe, call, valid_until, attempts, sent_at)
		SELECT $1, $2, 'private_reply.send', 'done', 'service', 'system', 'old' || n, 'old' || n, '{}', now(), 1, $3::timestamptz - n * interval '1 s' FROM generate_series(1, 749) n`, b.ws, b.instagram, b.now())
	var actions []work
	for i := range 3 {
		a := b.onComment(fmt.Sprint("p", i), channels.PrivateReply)
		external := fmt.Sprint("c-", 10+i)
		a.CommentID, a.Call.CommentID = b.newComment("instagram", b.instagram, external, b.commenter, b.commenterID), external
		a.AnswersEvent = b.event(b.instagram, "comment.added", "instagram", external, "ig-1", "")
		a.ValidUntil = b.now().Add(time.Duration(10-i) * time.Hour)
		actions = append(actions, a)
	}
	got := b.add(actions...)
	b.drain(b.sender())
	b.want(got[2].ID, "done") // soonest to expire first
	b.want(got[1].ID, "planned")
	b.advance(time.Minute)
	b.drain(b.sender()) // another process: nothing is free yet
	b.want(got[1].ID, "planned")
	b.advance(time.Hour - 2*time.Minute)
	b.drain(b.sender())
	b.want(got[1].ID, "done")
	b.want(got[0].ID, "done")
}

// A call that is lost on the way again and again has each of its losses looked for, not five of them in all:
// afterwards nobody would have looked, or been asked.
func TestEveryLostCallIsLookedForHoweverOftenItIsLost(t *testing.T) {
	b := setup(t)
	b.net.settle = func(channels.Call, bool) channels.Settled { return channels.Settled{Certain: true} }
	lost := 0
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		if lost++; lost <= 7 {
			return false, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
		}
		return true, channels.Result{ID: "m1"}, nil
	}
	a := b.message("x", "hello")
	a.ValidUntil = b.now().Add(24 * time.Hour)
	a = b.add(a)[0]
	b.drain(b.sender())
	b.settleAll(b.sender())
	b.settleAll(b.sender())
	b.want(a.ID, "done")
	if lost != 8 {
		t.Errorf("it was called %d times, not 8", lost)
	}
}

// A process that dies while it looks has used up the look; where that was the last one, a person is asked
// all the same.
func TestAPersonIsAskedAlsoWhenTheLastLookIsLost(t *testing.T) {
	b := setup(t)
	b.net.settle = func(channels.Call, bool) channels.Settled { return channels.Settled{} }
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return false, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	}
	a := b.add(b.message("x", "hello"))[0]
	b.drain(b.sender())
	b.exec(`UPDATE actions SET looks = $2 WHERE id = $1 AND state = 'unknown'`, a.ID, len(lookPauses))
	b.settleAll(b.sender())
	b.want(a.ID, "unknown:ask_person")
	looks := b.text(`SELECT looks FROM actions WHERE id = $1`, a.ID)
	b.settleAll(b.sender())
	if again := b.text(`SELECT looks FROM actions WHERE id = $1`, a.ID); again != looks {
		t.Errorf("it was looked for again after a person was asked: %s looks, then %s", looks, again)
	}
}
