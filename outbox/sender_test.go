package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
)

func TestAddTwiceIsOneAction(t *testing.T) {
	b := setup(t)
	first := b.add(b.message("m1", "hello"))
	second := b.message("m2", "again")
	second.After = "m1"
	again := b.add(b.message("m1", "hello"), second)
	if again[0].ID != first[0].ID || again[0].Token != first[0].Token {
		t.Errorf("the repeat became action %d", again[0].ID)
	}
	if n := b.id(`SELECT count(*) FROM messages`); n != 2 {
		t.Errorf("%d bubbles", n)
	}
	if w := b.id(`SELECT waits_for FROM actions WHERE id = $1`, again[1].ID); w != first[0].ID {
		t.Errorf("the new one waits for %d, not for the one that was there", w)
	}
	if err := func() error { _, err := add(t.Context(), b.db, []work{{WorkspaceID: b.ws}}); return err }(); err == nil {
		t.Error("an action without a call was taken")
	}
}

func TestPurposeIsSetByRule(t *testing.T) {
	b := setup(t)
	a := b.message("bot", "Today 20% off everything")
	a.Origin, a.AnswersEvent = gate.FromBot, b.event(b.whatsapp, "message.received", "whatsapp", "w", "", "39333000001")
	offer := b.offer("o")
	offer.Purpose = gate.Service
	for _, got := range b.add(a, offer) {
		if got.Purpose != gate.Promotional {
			t.Errorf("%s became %s", got.Dedupe, got.Purpose)
		}
	}
	b.drain(b.sender())
	if len(b.net.order) != 0 {
		t.Errorf("offers went out without consent: %q", b.net.order)
	}
}

func TestWhatWasSentIsRecorded(t *testing.T) {
	b := setup(t)
	got := b.add(b.message("m", "hello"), b.onComment("hide", channels.HideComment))
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	b.want(got[1].ID, "done")
	if s := b.text(`SELECT receipt || ' ' || (external_id LIKE 'net-%') FROM messages WHERE action_id = $1`, got[0].ID); s != "sent true" {
		t.Errorf("the bubble: %s", s)
	}
	if s := b.text(`SELECT state || ' ' || state_by FROM comments WHERE id = $1`, b.comment); s != "hidden policy" {
		t.Errorf("the comment: %s", s)
	}
	if s := b.text(`SELECT (first_human_answer_at IS NOT NULL) || ' ' || (waiting_since IS NULL) FROM conversations WHERE id = $1`, b.conv); s != "true true" {
		t.Errorf("the conversation: %s", s)
	}
}

func TestReplyBecomesOurComment(t *testing.T) {
	b := setup(t)
	got := b.add(b.onComment("r", channels.ReplyToComment))
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	if n := b.id(`SELECT count(*) FROM comments WHERE own AND action_id = $1 AND root_external_id = 'c-1'`, got[0].ID); n != 1 {
		t.Errorf("%d own comments", n)
	}
}

func TestPrivateReplyTiesTheMessengerIdentity(t *testing.T) {
	b := setup(t)
	author := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id) VALUES ($1, $2, 'facebook', $3, 'fb-7') RETURNING id`, b.ws, b.commenter, b.page)
	comment := b.newComment("facebook", b.page, "300_7", b.commenter, author)
	a := b.onComment("p", channels.PrivateReply)
	a.AccountID, a.CommentID, a.IdentityID, a.Call.Channel, a.Call.CommentID = b.page, comment, author, channels.Facebook, "300_7"
	a.AnswersEvent = b.event(b.page, "comment.added", "facebook", "300_7", "fb-7", "")
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return true, channels.Result{ID: "m_1", Recipient: "psid-9"}, nil
	}
	got := b.add(a)
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	if n := b.id(`SELECT count(*) FROM identities i JOIN identity_joins j ON j.identity_id = i.id WHERE i.external_id = 'psid-9' AND i.channel = 'messenger' AND i.contact_id = $1 AND j.how = 'private_reply'`, b.commenter); n != 1 {
		t.Errorf("%d joined identities", n)
	}
	if s := b.text(`SELECT v.state || ' ' || m.receipt FROM messages m JOIN conversations v ON v.id = m.conversation_id WHERE m.external_id = 'm_1'`); s != "resolved sent" {
		t.Errorf("the bubble: %s", s)
	}
}

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

func TestPairLimitDelaysButDropsNothing(t *testing.T) {
	b := setup(t)
	var actions []work
	for i := range 47 {
		actions = append(actions, b.message(fmt.Sprintf("k%02d", i), fmt.Sprintf("%02d", i)))
	}
	b.add(actions...)
	s := b.sender()
	b.drain(s)
	if len(b.net.order) != 45 {
		t.Fatalf("%d went out at once to one person", len(b.net.order))
	}
	b.advance(271 * time.Second)
	b.drain(s)
	if len(b.net.order) != 47 || !slices.IsSorted(b.net.order) {
		t.Errorf("%d went out, in order: %v", len(b.net.order), slices.IsSorted(b.net.order))
	}
}

func TestStopBetweenQueueAndClaim(t *testing.T) {
	b := setup(t)
	b.grant()
	got := b.add(b.offer("o"))
	// STOP is being handled right now: the person is locked, its entry is not committed yet.
	tx := b.db.MustBegin()
	if _, err := tx.Exec(`SELECT id FROM contacts WHERE id = $1 FOR NO KEY UPDATE`, b.contact); err != nil {
		t.Fatal(err)
	}
	stop := b.entry(consent.Withdraw)
	stop.At = b.now()
	if err := b.ledger.Append(t.Context(), tx, []consent.Entry{stop}); err != nil {
		t.Fatal(err)
	}
	b.drain(b.sender())
	b.want(got[0].ID, "planned") // left alone, not sent on the old state
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	b.drain(b.sender())
	b.want(got[0].ID, "refused:opted_out")
	if len(b.net.order) != 0 {
		t.Error("an offer went out after STOP")
	}
}

func TestStopWhileTheOutcomeIsUnknown(t *testing.T) {
	b := setup(t)
	b.grant()
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return false, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	}
	got := b.add(b.offer("o"))
	b.drain(b.sender())
	b.want(got[0].ID, "unknown:timeout")
	b.net.answer = nil
	stop := b.entry(consent.Withdraw)
	stop.At = b.now()
	if err := b.ledger.Append(t.Context(), b.db, []consent.Entry{stop}); err != nil {
		t.Fatal(err)
	}
	b.settleAll(b.sender())
	b.want(got[0].ID, "refused:opted_out")
}

func TestCapsCountWhatIsUnknown(t *testing.T) {
	b := setup(t)
	b.grant()
	b.net.settle = func(channels.Call, bool) channels.Settled { return channels.Settled{} }
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return false, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	}
	first := b.add(b.offer("one"))
	b.drain(b.sender())
	second := b.add(b.offer("two"))
	b.drain(b.sender())
	b.want(first[0].ID, "unknown:timeout")
	b.want(second[0].ID, "refused:cap_24h")
}

func TestTwoOffersInOneClaim(t *testing.T) {
	b := setup(t)
	b.grant()
	late := b.offer("two")
	late.ValidUntil = b.now().Add(48 * time.Hour)
	got := b.add(b.offer("one"), late)
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	b.want(got[1].ID, "planned:cap_24h")
}

func TestSwitchesHoldAndResume(t *testing.T) {
	b := setup(t)
	got := b.add(b.message("m", "hello"), b.onComment("h", channels.HideComment))
	b.exec(`UPDATE workspaces SET settings = settings || '{"sending":false}'`)
	s := b.sender()
	b.drain(s)
	b.want(got[0].ID, "held:workspace_off")
	b.want(got[1].ID, "held:workspace_off")
	b.exec(`UPDATE workspaces SET settings = settings - 'sending'`)
	b.exec(`UPDATE accounts SET sending = false WHERE id = $1`, b.whatsapp)
	tidyAndDrain(b, s)
	b.want(got[1].ID, "done")
	b.want(got[0].ID, "held:workspace_off")
	b.exec(`UPDATE accounts SET sending = true WHERE id = $1`, b.whatsapp)
	tidyAndDrain(b, s)
	b.want(got[0].ID, "done")
}

func tidyAndDrain(b *bench, s *Sender) {
	b.t.Helper()
	if err := s.tidy(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	b.drain(s)
}

func TestFailuresByClass(t *testing.T) {
	cases := []struct {
		name    string
		failure channels.Failure
		want    string
		check   func(b *bench) string
	}{
		{"give up", channels.Failure{Class: channels.GiveUp, Reason: "not_on_whatsapp", Code: 131026}, "failed:not_on_whatsapp", nil},
		{"already done", channels.Failure{Class: channels.GiveUp, Reason: "already_replied", Done: true}, "done", nil},
		{"token expired", channels.Failure{Class: channels.Reauthorise, Reason: "token_expired", Meaning: "connect it again"}, "held:token_expired", func(b *bench) string {
			if s := b.text(`SELECT state FROM accounts WHERE id = $1`, b.whatsapp); s != "needs_reauthorisation" {
				return "the account is " + s
			}
			return ""
		}},
		{"rate limit", channels.Failure{Class: channels.Wait, Scope: channels.ScopeAccount, Reason: "rate_limited", After: time.Minute}, "planned:rate_limited", nil},
		{"a moment's trouble", channels.Failure{Class: channels.Retry, Reason: "outage"}, "planned:outage", nil},
		{"too late to wait", channels.Failure{Class: channels.Wait, Reason: "rate_limited", After: 48 * time.Hour}, "failed:rate_limited", nil},
		{"stopped marketing", channels.Failure{Class: channels.GiveUp, Reason: "opted_out", Code: 131050}, "failed:opted_out", func(b *bench) string {
			s, err := b.ledger.Live(b.t.Context(), b.db, b.ws, b.contact, b.identity, "whatsapp", consent.Promotional, b.now().Add(time.Minute))
			if err != nil || s.Status != consent.Withdrawn {
				return fmt.Sprint("the ledger says ", s.Status, err)
			}
			return ""
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := setup(t)
			b.grant()
			b.net.answer = func(channels.Call) (bool, channels.Result, error) {
				f := c.failure
				return false, channels.Result{}, &f
			}
			got := b.add(b.message("m", "hello"))
			if _, err := b.sender().Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.want(got[0].ID, c.want)
			if c.check != nil {
				if s := c.check(b); s != "" {
					t.Error(s)
				}
			}
		})
	}
}

func TestAnAccountsRateLimitStopsTheAccountForEveryProcess(t *testing.T) {
	b := setup(t)
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return false, channels.Result{}, &channels.Failure{Class: channels.Wait, Scope: channels.ScopeAccount, Reason: "rate_limited", After: time.Minute}
	}
	first := b.add(b.message("m", "hello"))
	if _, err := b.sender().Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.net.answer = nil
	contact, identity, thread, conv := b.person("39333000099")
	other := b.message("n", "to somebody else")
	other.ContactID, other.IdentityID, other.ThreadID, other.ConversationID = contact, identity, thread, conv
	got := b.add(other, b.onComment("h", channels.HideComment))
	b.drain(b.sender())
	b.want(got[0].ID, "planned")
	b.want(got[1].ID, "done") // another account goes on
	b.advance(61 * time.Second)
	b.drain(b.sender())
	b.want(first[0].ID, "done")
	b.want(got[0].ID, "done")
}

func TestAFloodOfOneErrorHoldsTheAccountAndNobodyElse(t *testing.T) {
	b := setup(t)
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return false, channels.Result{}, &channels.Failure{Class: channels.GiveUp, Reason: "not_on_whatsapp", Code: 131026}
	}
	s := b.sender()
	s.FloodLimit = 5
	var ids []int64
	for i := range 8 {
		a := b.message(fmt.Sprint("k", i), "hello")
		ids = append(ids, b.add(a)[0].ID)
		b.drain(s)
	}
	b.want(ids[4], "failed:not_on_whatsapp")
	b.want(ids[7], "held:account_off")
	if s := b.text(`SELECT state || ' ' || sending || ' ' || state_reason FROM accounts WHERE id = $1`, b.whatsapp); s != "connected false held: 5 failures with code 131026 in ten minutes; look into it, then switch sending on" {
		t.Error(s)
	}
	if n := b.id(`SELECT count(*) FROM contacts WHERE blocked_at IS NOT NULL`) + b.id(`SELECT count(*) FROM consent_entries`); n != 0 {
		t.Error("the flood changed somebody's status")
	}
}

func TestForerunners(t *testing.T) {
	b := setup(t)
	reply, private := b.onComment("r", channels.ReplyToComment), b.onComment("p", channels.PrivateReply)
	reply.After = "p"
	b.net.answer = func(c channels.Call) (bool, channels.Result, error) {
		return false, channels.Result{}, &channels.Failure{Class: channels.GiveUp, Reason: "refused"}
	}
	got := b.add(reply, private)
	s := b.sender()
	b.drain(s)
	b.want(got[1].ID, "failed:refused")
	b.want(got[0].ID, "planned")
	tidyAndDrain(b, s)
	b.want(got[0].ID, "cancelled:forerunner")
}

func TestCancelTakesOnlyWhatHasNotLeft(t *testing.T) {
	b := setup(t)
	bot := b.message("bot", "hello")
	bot.Origin, bot.AnswersEvent = gate.FromBot, b.event(b.whatsapp, "message.received", "whatsapp", "w", "", "39333000001")
	got := b.add(b.message("m", "from a person"), bot, b.onComment("h", channels.HideComment))
	ids, err := Cancel(t.Context(), b.db, Cancellation{WorkspaceID: b.ws, ConversationID: b.conv, Automatic: true, Reason: "human_answered", Meaning: "a person answered"})
	if err != nil || !slices.Equal(ids, []int64{got[1].ID}) {
		t.Fatalf("%v, %v", ids, err)
	}
	reply := b.add(b.onComment("r", channels.ReplyToComment))
	ids, err = Cancel(t.Context(), b.db, Cancellation{WorkspaceID: b.ws, AccountID: b.instagram, RootComment: "c-1", Reason: "answered_elsewhere"})
	if err != nil || !slices.Equal(ids, []int64{reply[0].ID}) {
		t.Fatalf("under the comment %v were cancelled, %v", ids, err)
	}
	b.drain(b.sender())
	b.want(got[2].ID, "done")
	if ids, err = Cancel(t.Context(), b.db, Cancellation{WorkspaceID: b.ws, ConversationID: b.conv, Reason: "x"}); err != nil || len(ids) != 0 {
		t.Errorf("%v of what is done was cancelled, %v", ids, err)
	}
	if _, err := Cancel(t.Context(), b.db, Cancellation{WorkspaceID: b.ws, Reason: "x"}); err == nil {
		t.Error("a cancellation without anything in it stopped a whole workspace")
	}
}

func TestWhatMustNotStandInTheDatabaseIsFilledInAtTheCall(t *testing.T) {
	b := setup(t)
	s := b.sender()
	s.Complete = func(c channels.Call) channels.Call {
		c.Text = strings.ReplaceAll(c.Text, "~ref:7~", "PNT-SECRET")
		return c
	}
	b.net.answer = func(c channels.Call) (bool, channels.Result, error) {
		ours, err := JoinEcho(context.Background(), b.db, Echo{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.9", ThreadID: b.thread, Text: c.Text})
		if err != nil || !ours {
			t.Errorf("its echo is ours: %v, %v", ours, err)
		}
		return true, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	}
	got := b.add(b.message("m", "Your reference is ~ref:7~"))
	b.drain(s)
	b.want(got[0].ID, "done:seen")
	if b.net.order[0] != "Your reference is PNT-SECRET" {
		t.Errorf("sent: %q", b.net.order)
	}
	if n := b.id(`SELECT count(*) FROM actions WHERE call::text LIKE '%SECRET%'`); n != 0 {
		t.Error("the database holds what was filled in")
	}
}

func TestRunSendsAndStops(t *testing.T) {
	b := setup(t)
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan struct{}, 1)
	s := b.sender()
	s.Poll = 10 * time.Millisecond
	s.Observe = func(channels.CallKind, string, time.Duration) { sent <- struct{}{} }
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	got := b.add(b.message("m", "hello"))
	select {
	case <-sent:
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was sent")
	}
	cancel()
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	b.want(got[0].ID, "done") // the outcome was recorded before Run returned
}
