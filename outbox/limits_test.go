package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"ponte/channels"
	networks "ponte/channels/network"
	"ponte/consent"
	"ponte/gate"
	"ponte/rehearsal"
	"ponte/testkit"
)

// answered is the network's own book of private replies: every call, and which comments got one.
type answered struct {
	*bench
	calls   []time.Time
	replies map[string]int
	posted  map[string]time.Time
	rng     *rand.Rand
	faults  bool
}

func (n *answered) call(c channels.Call) (bool, channels.Result, error) {
	now := n.now()
	n.calls = append(n.calls, now)
	if !now.Before(n.posted[c.CommentID].Add(7 * 24 * time.Hour)) {
		n.t.Errorf("a private reply to a comment of %s at %s: more than seven days", n.posted[c.CommentID], now)
	}
	if n.faults {
		switch n.rng.IntN(8) {
		case 0:
			return false, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
		case 1:
			n.replies[c.CommentID]++
			return true, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
		case 2:
			return false, channels.Result{}, &channels.Failure{Class: channels.Wait, Reason: "busy", After: 30 * time.Second}
		}
	}
	n.replies[c.CommentID]++
	return true, channels.Result{ID: "m" + c.CommentID, Recipient: "ig-1"}, nil
}

// busiest is the most calls in any hour.
func (n *answered) busiest() int {
	most, from := 0, 0
	for i, at := range n.calls {
		for !n.calls[from].After(at.Add(-time.Hour)) {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// comments makes comments of one person, so old, and private replies to each by so many triggers.
func (n *answered) comments(ages []time.Duration, triggers int) []work {
	n.t.Helper()
	var list []work
	for i, age := range ages {
		external := fmt.Sprint("lc-", i)
		n.posted[external] = n.now().Add(-age)
		comment := n.newComment("instagram", n.instagram, external, n.commenter, n.commenterID)
		event := n.event(n.instagram, "comment.added", "instagram", external, "ig-1", "")
		for t := range triggers {
			a := n.onCommentAs(external, comment, event)
			a.Dedupe, a.ValidUntil = fmt.Sprintf("pr:%d:%s", t, external), n.posted[external].Add(8*24*time.Hour)
			list = append(list, a)
		}
	}
	for i, age := range ages {
		n.exec(`UPDATE comments SET commented_at = $2, created_at = $3 WHERE account_id = $4 AND external_id = $1`, fmt.Sprint("lc-", i), n.now().Add(-age), n.now(), n.instagram)
		n.exec(`UPDATE events SET occurred_at = $2 WHERE payload->>'id' = $1`, fmt.Sprint("lc-", i), n.now().Add(-age))
	}
	return n.add(list...)
}

func (b *bench) onCommentAs(external string, comment, event int64) work {
	return work{
		WorkspaceID: b.ws, AccountID: b.instagram, Origin: gate.FromTrigger, Purpose: gate.Answer, Dedupe: "pr:" + external, ContactID: b.commenter, IdentityID: b.commenterID,
		CommentID: comment, AnswersEvent: event, NotBefore: b.now(), ValidUntil: b.now().Add(7 * 24 * time.Hour),
		Call: channels.Call{Kind: channels.PrivateReply, Channel: channels.Instagram, CommentID: external, Text: "We wrote to you: https://wa.me/61400000000"},
	}
}

func newAnswered(t *testing.T, seed uint64) *answered {
	b := setup(t)
	n := &answered{bench: b, replies: map[string]int{}, posted: map[string]time.Time{}, rng: rand.New(rand.NewPCG(seed, 3))}
	b.net.answer = n.call
	b.net.settle = func(c channels.Call, _ bool) channels.Settled {
		return channels.Settled{Happened: n.replies[c.CommentID] > 0, Certain: true, Result: channels.Result{ID: "m" + c.CommentID, Recipient: "ig-1"}}
	}
	return n
}

// Several triggers want to reply to the same comments; calls fail and get lost, processes die, two
// replicas work: one reply a comment, never after seven days, never more in an hour than the network
// takes, and none that was in time is left out.
func TestPrivateRepliesOverRandomHistories(t *testing.T) {
	for _, seed := range testkit.Seeds(t, 1, 2) {
		t.Run(fmt.Sprint("PONTE_SEED=", seed), func(t *testing.T) {
			n := newAnswered(t, seed)
			n.faults = true
			ages := make([]time.Duration, 40)
			for i := range ages {
				ages[i] = time.Duration(n.rng.IntN(6*24*60)) * time.Minute
				if i%8 == 7 {
					ages[i] = 7*24*time.Hour - time.Duration(n.rng.IntN(180))*time.Minute // some run out while they wait
				}
			}
			list := n.comments(ages, 3)
			limits := DefaultLimits()
			limits.PrivateRepliesPerHour = 12
			replica := func() *Sender { s := n.sender(); s.Limits, s.Batch, s.PerAccount = limits, 5, 3; return s }
			for range 140 {
				var both sync.WaitGroup
				dies := n.rng.IntN(10) == 0
				for i, s := range []*Sender{replica(), replica()} {
					both.Go(func() {
						if err := s.tidy(t.Context()); err != nil {
							t.Error(err)
						}
						if err := s.settleDue(t.Context()); err != nil {
							t.Error(err)
						}
						if dies && i == 0 { // between claim and call
							s.start()
							if _, err := s.claim(t.Context()); err != nil {
								t.Error(err)
							}
							return
						}
						if _, err := s.Step(t.Context()); err != nil {
							t.Error(err)
						}
					})
				}
				both.Wait()
				n.advance(time.Duration(1+n.rng.IntN(6)) * time.Minute)
			}
			n.faults = false // else the last call may be one whose outcome nobody has looked for yet
			n.settleAll(replica())
			if most := n.busiest(); most > 12 {
				t.Errorf("%d calls within an hour, 12 are taken", most)
			}
			for external, k := range n.replies {
				if k != 1 {
					t.Errorf("comment %s got %d private replies", external, k)
				}
			}
			ends := map[string][]string{}
			for _, a := range list {
				ends[a.Call.CommentID] = append(ends[a.Call.CommentID], n.text(`SELECT state || ':' || reason FROM actions WHERE id = $1`, a.ID))
			}
			for external, end := range ends { // of several, one that was refused beside the one under way is no answer left out
				late := slices.Contains(end, "expired:expired") || slices.Contains(end, "refused:window_closed")
				if slices.Contains(end, "failed:") || n.replies[external] == 0 && !late {
					t.Errorf("the reply to %s was left out: %v", external, end)
				}
			}
			if len(n.replies) < 35 {
				t.Errorf("only %d of 40 comments were answered", len(n.replies))
			}
		})
	}
}

// At call 749 of an hour's 750 the process is killed, with calls under way: the next one does not have
// 750 more, and nothing is lost or sent twice.
func TestAKillBeforeTheHourlyLimit(t *testing.T) {
	n := newAnswered(t, 1)
	list := n.comments(make([]time.Duration, 770), 1)
	first := n.sender()
	first.start()
	if err := first.Life.Show(t.Context()); err != nil {
		t.Fatal(err)
	}
	for killed := false; !killed; n.advance(time.Second) {
		claimed, err := first.claim(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(claimed) == 0 {
			t.Fatalf("nothing more to claim after %d calls", len(n.calls))
		}
		out := make(chan outcome, len(claimed))
		for _, a := range claimed {
			if killed = len(n.calls) == 749; killed {
				break // what follows is claimed and never called; what came back is never recorded
			}
			first.deliver(t.Context(), a, out)
		}
		close(out)
		var all []outcome
		for o := range out {
			all = append(all, o)
		}
		if !killed {
			if err := first.record(t.Context(), all); err != nil {
				t.Fatal(err)
			}
		}
	}
	first.Life.End()
	next := n.sender()
	for range 300 {
		for _, f := range []func(context.Context) error{next.tidy, next.settleDue} {
			if err := f(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := next.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		n.advance(30 * time.Second)
		if len(n.replies) == len(list) && n.id(`SELECT count(*) FROM actions WHERE state <> 'done'`) == 0 {
			break
		}
	}
	if most := n.busiest(); most > 750 || most < 745 {
		t.Errorf("%d calls in the busiest hour, want close to 750 and not above", most)
	}
	for _, a := range list {
		if n.replies[a.Call.CommentID] != 1 {
			t.Errorf("%s got %d replies and is %s", a.Call.CommentID, n.replies[a.Call.CommentID], n.state(a.ID))
		}
	}
}

// Hundreds of messages to a few people, by two replicas, at the rehearsal: by its own count neither the
// number's throughput nor the pair's limit is exceeded, and nobody is forgotten.
func TestWhatsAppLimitsByTheRehearsalsCount(t *testing.T) {
	b := setup(t)
	server, err := rehearsal.New(rehearsal.Options{Addr: "127.0.0.1:0", DataDir: t.TempDir(), WebhookURL: "http://127.0.0.1:1", AppID: "1", AppSecret: "x", VerifyToken: "x", Control: true, Demo: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	graph := httptest.NewServer(server.Handler())
	defer graph.Close()
	account := channels.Account{Channel: channels.WhatsApp, ID: rehearsal.DemoNumber, BaseURL: graph.URL, Token: "rehearsal-whatsapp", AppSecret: "x", WABA: rehearsal.DemoWABA}
	var list []work
	for p := range 12 {
		phone := fmt.Sprintf("39333%06d", 7000+p)
		var person struct{ ID string }
		control(t, graph.URL, "POST", "person", map[string]any{"name": phone, "phone": phone}, &person)
		control(t, graph.URL, "POST", "whatsapp", map[string]any{"person": person.ID, "text": "hello"}, nil)
		contact, identity, thread, conv := b.person(phone)
		many := 16
		if p == 0 {
			many = 60
		}
		for i := range many {
			a := b.message(fmt.Sprint("w", p, "-", i), fmt.Sprint("answer ", i))
			a.ContactID, a.IdentityID, a.ThreadID, a.ConversationID, a.Call.Phone, a.Bubble = contact, identity, thread, conv, phone, nil
			list = append(list, a)
		}
	}
	b.add(list...)
	var calls sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[string]int{}
	for range 2 {
		calls.Go(func() {
			s := b.sender()
			s.Network, s.Clock, s.PerAccount = networks.New(5*time.Second), time.Now, 8
			s.Open = func(context.Context, int64, int64) (channels.Account, error) { return account, nil }
			s.Observe = func(_ channels.CallKind, outcome string, _ time.Duration) {
				mu.Lock()
				defer mu.Unlock()
				outcomes[outcome]++
			}
			for until := time.Now().Add(40 * time.Second); time.Now().Before(until); {
				if _, err := s.Step(t.Context()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				done := outcomes["done"] >= 11*16+45
				mu.Unlock()
				if done {
					break
				}
			}
		})
	}
	calls.Wait()
	if len(outcomes) != 1 || outcomes["done"] != 11*16+45 {
		t.Errorf("outcomes %v; want %d done and nothing else: a refusal by the rehearsal means that a limit was exceeded", outcomes, 11*16+45)
	}
	if n := b.id(`SELECT count(*) FROM actions WHERE state = 'planned'`); n != 15 {
		t.Errorf("%d wait for the pair limit, want 15", n)
	}
}

func control(t *testing.T, base, method, path string, body, into any) {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, base+"/control/"+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %d", method, path, res.StatusCode)
	}
	if into != nil {
		if err := json.NewDecoder(res.Body).Decode(into); err != nil {
			t.Fatal(err)
		}
	}
}

// Hundreds of the same error hold the account and change nobody: no consent, no contact, no identity.
func TestAFloodOfErrorsChangesNobody(t *testing.T) {
	b := setup(t)
	list := b.offers(310)
	b.add(list...)
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return false, channels.Result{}, &channels.Failure{Class: channels.GiveUp, Scope: channels.ScopeCall, Code: 131026, Reason: "invalid_number", Meaning: "the number is not on WhatsApp"}
	}
	digest := func() string {
		return b.text(`SELECT md5(string_agg(x, '|' ORDER BY x)) FROM (
			SELECT 'c' || to_jsonb(c)::text AS x FROM contacts c UNION ALL SELECT 'i' || to_jsonb(i)::text FROM identities i
			UNION ALL SELECT 'e' || to_jsonb(e)::text FROM consent_entries e UNION ALL SELECT 't' || to_jsonb(t)::text FROM templates t) rows`)
	}
	before := digest()
	s := b.sender()
	s.FloodLimit = 300
	for range 60 {
		if _, err := s.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.advance(time.Second)
	}
	if digest() != before {
		t.Error("a flood of errors changed people or what they agreed to")
	}
	if got := b.text(`SELECT sending || ' ' || (state_reason LIKE 'held: 3%failures with code 131026%') FROM accounts WHERE id = $1`, b.whatsapp); got != "false true" {
		t.Errorf("the account: %s", got)
	}
	if n := b.id(`SELECT count(*) FROM actions WHERE state = 'failed'`); n < 300 || n > 310 {
		t.Errorf("%d failed", n)
	}
	live, err := b.ledger.Live(t.Context(), b.db, b.ws, list[0].ContactID, list[0].IdentityID, "whatsapp", consent.Promotional, b.now())
	if err != nil || !live.Live() {
		t.Errorf("the consent of somebody whose number failed: %v, %v", live.Status, err)
	}
}

// What was planned for one contact and goes to an identity that was joined to another since is judged by
// the other: their block, their withdrawal, what they got.
func TestWhoGetsItIsReadAtTheClaim(t *testing.T) {
	b := setup(t)
	b.grant()
	first := b.offer("first")
	first.NotBefore = b.now().Add(time.Hour)
	first.ValidUntil = b.now().Add(90 * time.Hour)
	got := b.add(first)
	other := b.id(`INSERT INTO contacts (workspace_id, blocked_at) VALUES ($1, now()) RETURNING id`, b.ws)
	b.exec(`UPDATE identities SET contact_id = $1 WHERE id = $2`, other, b.identity)
	b.advance(2 * time.Hour)
	b.drain(b.sender())
	b.want(got[0].ID, "refused:blocked")
	b.exec(`UPDATE contacts SET blocked_at = NULL`)
	second := b.offer("second") // still planned for the first contact
	second.ValidUntil = b.now().Add(time.Hour)
	got = b.add(second)
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	if c := b.id(`SELECT contact_id FROM actions WHERE id = $1`, got[0].ID); c != other {
		t.Errorf("it stands with contact %d, and went to %d", c, other)
	}
}
