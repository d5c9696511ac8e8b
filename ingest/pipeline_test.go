package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/inbox"
	"ponte/jobs"
	"ponte/secret"
)

func TestAHatefulCommentIsHiddenAndAnInterestedOneAnswered(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	b.feed(b.comment("c1", "71", "I will kill you all"), b.comment("c2", "72", "info please"), b.comment("c3", "73", "lovely photo"))
	for want, stmt := range map[string]string{
		"comment.hide":       `SELECT kind FROM actions WHERE comment_id = (SELECT id FROM comments WHERE external_id = 'c1')`,
		"private_reply.send": `SELECT kind FROM actions WHERE comment_id = (SELECT id FROM comments WHERE external_id = 'c2') AND kind LIKE 'private%'`,
		"hidden":             `SELECT why FROM review_items`,
	} {
		if got := b.text(stmt); got != want {
			t.Errorf("%s gave %s, want %s", stmt, got, want)
		}
	}
	if n := b.count(`SELECT count(*) FROM actions`); n != 3 {
		t.Errorf("%d actions, want hide, public reply and private reply", n)
	}
	if said := b.text(`SELECT call->>'text' FROM actions WHERE kind = 'private_reply.send'`); !strings.Contains(said, "https://wa.me/61400000000") || strings.Contains(said, "PNT-") {
		t.Errorf("the private reply must hold the link and only the place of the reference: %s", said)
	}
	if why := b.text(`SELECT reason FROM events WHERE key = 'comment:c3:added'`); !strings.Contains(why, "no trigger matched") {
		t.Errorf("the reason does not say why nothing was answered: %s", why)
	}
}

func TestRepeatsAndOrderChangeNothing(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	one := b.comment("c1", "71", "info")
	b.feed(one, one)
	b.feed(one, b.comment("c2", "71", "info again")) // the same person on the same post
	if n := b.count(`SELECT count(*) FROM actions WHERE kind = 'private_reply.send'`); n != 1 {
		t.Errorf("%d private replies, want one for a person on a post", n)
	}
	if n := b.count(`SELECT count(*) FROM comments`); n != 2 {
		t.Errorf("%d comments, want 2", n)
	}
}

func TestHistoryIsJudgedAndNeverActedOn(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	b.store("backfill", b.comment("c1", "71", "I will kill you"), b.comment("c2", "72", "info"))
	b.work()
	if n := b.count(`SELECT count(*) FROM actions`); n != 0 {
		t.Errorf("%d actions came out of history", n)
	}
	if got := b.text(`SELECT decision FROM comments WHERE external_id = 'c1'`); got != "hide" {
		t.Errorf("judged %s", got)
	}
}

func TestABadItemStopsNoOther(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	mixed := fmt.Sprintf(`{"object":"instagram","entry":[7,{"id":"%s","time":1,"changes":[5,{"field":"comments","value":{}},{"field":"comments","value":{"id":"ok","text":"nul \u0000 and half \ud800 pair","from":{"id":"9"},"media":{"id":"m1"},"x":1e999}},{"field":"novel","value":{"a":"\u0000"}}]}]}`, igID)
	b.feed(mixed, b.comment("next", "71", "hello"), `not json`)
	if n := b.count(`SELECT count(*) FROM comments`); n != 2 {
		t.Errorf("%d comments, want both good ones", n)
	}
	if n := b.count(`SELECT count(*) FROM events WHERE state = 'parked' OR state = 'pending'`); n != 0 {
		t.Errorf("%d events did not end", n)
	}
	if why := b.text(`SELECT reason FROM deliveries WHERE state = 'parked' AND body = 'not json'`); why != "the body is not JSON" {
		t.Errorf("parked with %q", why)
	}
}

func TestAnUnknownAccountIsParkedAndReplayed(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	stranger := strings.Replace(b.comment("c9", "71", "hello"), igID, "555", 1)
	b.feed(stranger)
	if why := b.text(`SELECT reason FROM deliveries WHERE state = 'parked'`); !strings.Contains(why, "555") {
		t.Fatalf("parked with %q", why)
	}
	keys, _ := secret.NewKeyring(strings.Repeat("k", 32))
	_, err := inbox.AddAccount(context.Background(), b.db, keys, inbox.NewAccount{WorkspaceID: b.ws, Channel: "instagram", ExternalID: "555", BaseURL: "http://127.0.0.1:1", Token: "t"})
	b.must(err)
	b.must(b.splitter.Accounts.Refresh(context.Background()))
	n, err := Replay(context.Background(), b.db, 0)
	b.must(err)
	b.work()
	if n != 1 || b.count(`SELECT count(*) FROM comments`) != 1 {
		t.Errorf("the replay of %d deliveries kept no comment", n)
	}
}

func TestTheWholeWayToAConsentAndBack(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	const from = "393331110002"
	b.carry(from)
	if n := b.count(`SELECT count(*) FROM identity_joins WHERE how = 'handoff' AND undone_at IS NULL`); n != 1 {
		t.Fatalf("%d joins, want one", n)
	}
	if n := b.count(`SELECT count(DISTINCT contact_id) FROM identities`); n != 1 {
		t.Errorf("%d contacts for one person", n)
	}
	if b.standing(from).Live() {
		t.Fatal("consent before anybody said yes")
	}
	b.feed(b.whatsapp(from, "Yes please", ""))
	b.sent()
	if !b.standing(from).Live() {
		t.Fatal("YES to the wording just shown granted nothing")
	}
	for i, stop := range []string{"non voglio più ricevere messaggi", "what a nice day", "YES"} {
		b.feed(b.whatsapp(from, stop, ""))
		b.sent()
		if b.standing(from).Live() {
			t.Fatalf("message %d (%q) left or gave a live consent", i, stop)
		}
	}
	if n := b.count(`SELECT count(*) FROM messages WHERE direction = 'out' AND text LIKE '%START%'`); n != 1 {
		t.Errorf("the withdrawal was confirmed %d times, want once", n)
	}
	report, err := b.ledger.Verify(context.Background(), b.db, b.ws, nil)
	b.must(err)
	if !report.OK() {
		t.Errorf("the ledger does not verify: %+v", report.Problems)
	}
}

func TestAYesBeforeTheQuestionLeftGrantsNothing(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	b.carry("393331110002")
	_, err := b.db.Exec(`UPDATE actions SET state = 'refused', reason = 'test' WHERE call->>'text' LIKE '%offers and news%'`)
	b.must(err)
	b.feed(b.whatsapp("393331110002", "yes", ""))
	if b.standing("393331110002").Live() {
		t.Error("a YES counted although the wording was never sent")
	}
}

func TestReferencesThatMustNotJoin(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	b.carry("393331110002")
	code := b.code()
	b.feed(b.whatsapp("4915110110006", "Hallo "+code, "")) // used by somebody else
	b.feed(b.comment("c5", "75", "info"))
	fresh := b.code()
	b.feed(b.whatsapp("34600110005", "Hola "+fresh, `,"context":{"forwarded":true}`))
	_, err := b.db.Exec(`UPDATE handoffs SET expires_at = created_at WHERE used_at IS NULL`)
	b.must(err)
	b.feed(b.whatsapp("351912110007", "Olá "+fresh, ""))
	b.feed(b.whatsapp("40721110004", "PNT-0000-0000-0000-0000", ""))
	if n := b.count(`SELECT count(*) FROM identity_joins`); n != 1 {
		t.Errorf("%d joins, want only the first", n)
	}
	if n := b.count(`SELECT count(*) FROM actions WHERE kind = 'message.send' AND origin = 'bot' AND call->>'text' LIKE '%Bondi Kayaks%WhatsApp%'`); n < 5 {
		t.Errorf("%d welcomes: everybody who writes is welcomed", n)
	}
}

func TestAPersonOnRequestAndTheBotFallsSilent(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	b.feed(b.whatsapp("393331110002", "can I talk to a real person please", ""))
	b.sent()
	before := b.count(`SELECT count(*) FROM actions WHERE kind = 'message.send'`)
	b.feed(b.whatsapp("393331110002", "hello?", ""))
	if b.text(`SELECT handler FROM conversations`) != "human" || b.count(`SELECT count(*) FROM actions WHERE kind = 'message.send'`) != before {
		t.Error("the bot went on talking to somebody who asked for a person")
	}
	if n := b.count(`SELECT count(*) FROM conversations WHERE waiting_since IS NOT NULL`); n != 1 {
		t.Error("nobody is told that the customer waits")
	}
}

func TestAnAnswerInAnotherToolSilencesTheBot(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	dm := func(sender, recipient, mid, text, extra string) string {
		return fmt.Sprintf(`{"object":"instagram","entry":[{"id":"%s","time":1,"messaging":[{"sender":{"id":"%s"},"recipient":{"id":"%s"},"timestamp":%d,"message":{"mid":"%s","text":%s%s}}]}]}`, igID, sender, recipient, b.now.UnixMilli(), mid, quote(text), extra)
	}
	b.feed(dm("71", igID, "m1", "info", ""))
	if n := b.count(`SELECT count(*) FROM actions WHERE state = 'planned' AND kind = 'message.send'`); n != 1 {
		t.Fatalf("%d answers planned, want one", n)
	}
	b.feed(dm(igID, "71", "m2", "Hi, this is Tilly from the shop", `,"is_echo":true,"app_id":1`))
	if n := b.count(`SELECT count(*) FROM actions WHERE state = 'cancelled'`); n != 1 {
		t.Error("the planned automatic answer was not cancelled")
	}
	if b.text(`SELECT handler FROM conversations`) != "human" || b.text(`SELECT author FROM messages WHERE external_id = 'm2'`) != "other_tool" {
		t.Error("the human answer is not in the thread, or the bot still has it")
	}
	b.feed(fmt.Sprintf(`{"object":"instagram","entry":[{"id":"%s","time":1,"messaging":[{"sender":{"id":"71"},"recipient":{"id":"%s"},"timestamp":%d,"message":{"mid":"m1","is_deleted":true}}]}]}`, igID, igID, b.now.UnixMilli()))
	if left := b.count(`SELECT (SELECT count(*) FROM messages WHERE external_id = 'm1' AND text <> '') + (SELECT count(*) FROM deliveries WHERE convert_from(body, 'UTF8') LIKE '%"mid":"m1","text"%') + (SELECT count(*) FROM events WHERE payload::text LIKE '%"text":"info"%')`); left != 0 {
		t.Errorf("%d copies of what was taken back are left", left)
	}
}

func TestARemovedCommentCancelsWhatWasPlanned(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	fb := func(verb, text string) string {
		return fmt.Sprintf(`{"object":"page","entry":[{"id":"%s","time":%d,"changes":[{"field":"feed","value":{"item":"comment","verb":"%s","comment_id":"p_1","post_id":"p","parent_id":"p","from":{"id":"55","name":"Ana"},"message":%s,"created_time":%d}}]}]}`, fbID, b.now.Unix(), verb, quote(text), b.now.Unix())
	}
	b.feed(fb("add", "info"))
	b.feed(fb("edited", "I will kill you"))
	if b.text(`SELECT decision FROM comments`) != "hide" || b.count(`SELECT count(*) FROM actions WHERE state = 'planned' AND kind <> 'comment.hide'`) != 0 {
		t.Error("an edit into a threat must be hidden and not answered")
	}
	b.feed(fb("remove", ""))
	if b.count(`SELECT count(*) FROM actions WHERE state = 'planned'`) != 0 || b.text(`SELECT state FROM comments`) != "removed" {
		t.Error("a removed comment keeps planned actions")
	}
}

func TestACrashAtAnyPointChangesNothingInTheOutcome(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"before write", "before commit", "after commit"} {
		b := newRoom(t)
		b.store("webhook", b.comment("c1", "71", "info"), b.comment("c2", "72", "I will kill you"))
		_, err := b.splitter.Once(context.Background())
		b.must(err)
		held, err := b.decider.Lanes.Acquire(context.Background())
		b.must(err)
		dead := errors.New("killed")
		func() {
			defer func() {
				if p := recover(); p != nil && p != dead {
					panic(p)
				}
			}()
			b.decider.Crash = func(at string) {
				if at == point {
					panic(dead)
				}
			}
			_, _ = b.decider.Once(context.Background(), held)
		}()
		b.exec(`UPDATE lanes SET expires_at = '-infinity'`) // its lease runs out
		b.decider = b.newDecider("two")
		b.work()
		if n := b.count(`SELECT count(*) FROM actions`); n != 3 {
			t.Errorf("killed %s: %d actions, want 3", point, n)
		}
	}
}

func TestALateWriterIsRefused(t *testing.T) {
	t.Parallel()
	b := newRoom(t)
	b.store("webhook", b.comment("c1", "71", "info"))
	_, err := b.splitter.Once(context.Background())
	b.must(err)
	held, err := b.decider.Lanes.Acquire(context.Background())
	b.must(err)
	b.exec(`UPDATE lanes SET holder = 'another', fence = fence + 1`)
	if _, err := b.decider.Once(context.Background(), held); !errors.Is(err, jobs.ErrLost) {
		t.Errorf("%v, want ErrLost", err)
	}
	if n := b.count(`SELECT count(*) FROM actions`); n != 0 {
		t.Error("a worker that lost its lanes wrote all the same")
	}
}

// What cannot be kept is told at once, until something is kept again or nothing was tried for a while.
func TestAReceiverThatCannotKeepSaysSo(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	r := NewReceiver(b.db, nil)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	for _, c := range []struct {
		before string
		fails  bool
	}{
		{`SELECT 1`, false},
		{`ALTER TABLE deliveries ADD CONSTRAINT full_disk CHECK (false) NOT VALID`, true},
		{`ALTER TABLE deliveries DROP CONSTRAINT full_disk`, false},
	} {
		b.exec(c.before)
		err := r.Receive(ctx, []byte(`{}`))
		if (err != nil) != c.fails || r.Failing(time.Now()) != c.fails || r.Failing(time.Now().Add(failedLately)) {
			t.Errorf("%s: %v, failing %v", c.before, err, r.Failing(time.Now()))
		}
	}
	stop()
	b.must(<-done)
}

func TestReceiveAcknowledgesOnlyWhatIsKept(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	r := NewReceiver(b.db, nil)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	results := make(chan error, 300)
	for i := range 300 {
		go func() { results <- r.Receive(context.Background(), fmt.Appendf(nil, `{"n":%d}`, i)) }()
	}
	for range 300 {
		b.must(<-results)
	}
	if n := b.id(`SELECT count(DISTINCT body) FROM deliveries`); n != 300 {
		t.Errorf("%d of 300 acknowledged bodies are kept", n)
	}
	stop()
	b.must(<-done)
	if err := r.Receive(context.Background(), make([]byte, maxQueuedBytes+1)); !errors.Is(err, ErrFull) {
		t.Errorf("a body beyond the queue: %v, want ErrFull", err)
	}
}
