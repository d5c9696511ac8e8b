package outbox

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
)

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
			if n := b.id(`SELECT count(*) FROM accounts WHERE id = $1 AND NOT health ? 'next_at'`, b.whatsapp); n != 1 {
				return "the account is looked at within the hour, not soon"
			}
			return ""
		}},
		{"account blocked", channels.Failure{Class: channels.AskPerson, Scope: channels.ScopeAccount, Reason: "policy_block", Code: 368, Meaning: "Meta has blocked the account."}, "held:policy_block", func(b *bench) string {
			if why := b.text(`SELECT state_reason FROM accounts WHERE NOT sending`); !strings.Contains(why, "Meta has blocked the account.") {
				return "the account goes on, or does not say why it stopped: " + why
			}
			b.net.answer = nil
			b.exec(`UPDATE accounts SET sending = true, state_reason = ''`)
			tidyAndDrain(b, b.sender())
			if n := b.id(`SELECT count(*) FROM actions WHERE state = 'done'`); n != 1 {
				return "what waited does not go out when sending is switched on"
			}
			return ""
		}},
		{"one call refused", channels.Failure{Class: channels.AskPerson, Scope: channels.ScopeAccount, Reason: "capability_missing", Code: 3}, "failed:capability_missing", func(b *bench) string {
			if b.id(`SELECT count(*) FROM accounts WHERE NOT sending`) != 0 {
				return "one kind of call stopped the account"
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
			b.exec(`UPDATE accounts SET health = '{"next_at": "2099-01-01T00:00:00Z"}'`)
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

// An outage of hours costs nothing of what was to be sent in it and is still worth sending.
func TestAnOutageOfHoursIsWaitedFor(t *testing.T) {
	for _, f := range []channels.Failure{
		{Class: channels.Retry, Reason: "unreachable", After: 10 * time.Second},
		{Class: channels.Unknown, Reason: "no_clear_answer", HTTP: 502},
	} {
		t.Run(f.Reason, func(t *testing.T) {
			b := setup(t)
			down := f
			s := b.sender()
			b.add(b.message("before", "answered just before the outage")) // which must not be taken for a sign that there is none
			b.drain(s)
			b.net.dark = &channels.Failure{Class: channels.Retry, Reason: "outage"}
			b.net.answer = func(channels.Call) (bool, channels.Result, error) { return false, channels.Result{}, &down }
			got := b.add(b.message("m", "hello"), b.onComment("h", channels.HideComment))
			b.exec(`UPDATE actions SET valid_until = $1`, b.now().Add(48*time.Hour))
			for i := range 52 {
				for _, do := range []func(context.Context) error{s.tidy, s.settleDue} {
					if err := do(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				b.drain(s)
				b.advance(map[bool]time.Duration{true: 45 * time.Second, false: 11 * time.Minute}[i < 12])
			}
			b.net.dark, b.net.answer = nil, nil
			b.settleAll(s)
			for _, a := range got {
				b.want(a.ID, "done")
			}
		})
	}
}

// Where the account's other calls are answered, it is this call.
func TestACallThatAloneGetsNoAnswerIsGivenUp(t *testing.T) {
	for _, f := range []channels.Failure{
		{Class: channels.Retry, Reason: "outage", After: 10 * time.Second},
		{Class: channels.Unknown, Reason: "no_clear_answer", HTTP: 500},
	} {
		t.Run(f.Reason, func(t *testing.T) {
			b := setup(t)
			alone, tries := f, 0
			b.net.answer = func(c channels.Call) (bool, channels.Result, error) {
				if c.Text != "hello" {
					return true, channels.Result{}, nil
				}
				tries++
				return false, channels.Result{}, &alone
			}
			got := b.add(b.message("m", "hello"))
			b.exec(`UPDATE actions SET valid_until = $1`, b.now().Add(48*time.Hour))
			s := b.sender()
			for i := range 60 {
				contact, identity, thread, conv := b.person(fmt.Sprint("39333000", 100+i))
				other := b.message(fmt.Sprint("o", i), "to somebody else")
				other.ContactID, other.IdentityID, other.ThreadID, other.ConversationID = contact, identity, thread, conv
				b.add(other)
				if err := s.settleDue(t.Context()); err != nil {
					t.Fatal(err)
				}
				b.drain(s)
				b.advance(2 * time.Minute)
			}
			if state := b.state(got[0].ID); state != "failed:"+alone.Reason || tries < maxAttempts || tries > maxAttempts+2 { // others are answered every two minutes
				t.Errorf("%s: %s after %d tries", alone.Reason, state, tries)
			}
		})
	}
}

// Where nothing else is sent, reading the account says whether the network is there.
func TestACallThatFailsAloneOnAQuietAccount(t *testing.T) {
	for name, c := range map[string]struct {
		readable, others bool
		want             string
	}{
		"the account can be read": {true, false, "failed:outage"}, "it cannot": {false, false, "planned:outage"}, "others fail too": {true, true, "planned:outage"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			tries := 0
			b.net.answer = func(call channels.Call) (bool, channels.Result, error) {
				if call.Text == "hello" {
					tries++
				}
				return false, channels.Result{}, &channels.Failure{Class: channels.Retry, Reason: "outage", After: 10 * time.Second}
			}
			got := b.add(b.message("m", "hello"))
			if c.others {
				contact, identity, thread, conv := b.person("39333000100")
				other := b.message("o", "to somebody else")
				other.ContactID, other.IdentityID, other.ThreadID, other.ConversationID = contact, identity, thread, conv
				b.add(other)
			}
			b.exec(`UPDATE actions SET valid_until = $1`, b.now().Add(48*time.Hour))
			b.exec(`UPDATE accounts SET health = '{"next_at": "2099-01-01T00:00:00Z"}'`)
			s, asked := b.sender(), false
			for range 100 {
				b.drain(s)
				if b.id(`SELECT count(*) FROM accounts WHERE id = $1 AND NOT health ? 'next_at'`, b.whatsapp) > 0 { // looked at, as the watcher does
					asked = true
					b.exec(`UPDATE accounts SET health = jsonb_build_object('next_at', '2099-01-01T00:00:00Z'::text, 'answered_at', CASE WHEN $1 THEN $2::text END)`, c.readable, b.now().Format(time.RFC3339))
				}
				b.advance(2 * time.Minute)
			}
			b.want(got[0].ID, c.want)
			if failed := c.want == "failed:outage"; !asked || failed != (tries == maxAlone) {
				t.Errorf("%d tries, the account looked at: %t", tries, asked)
			}
		})
	}
}

// A server that takes messages, answers oddly and shows none of them is not sent the same one over and over.
func TestWhatIsTakenTwiceAndNotSeenIsAskedAbout(t *testing.T) {
	b := setup(t)
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return true, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "odd_answer", HTTP: 200}
	}
	b.net.settle = func(channels.Call, bool) channels.Settled { return channels.Settled{Certain: true} }
	got := b.add(b.message("m", "hello"))
	s := b.sender()
	b.drain(s)
	b.settleAll(s)
	b.want(got[0].ID, "unknown:ask_person")
	if n := b.id(`SELECT attempts FROM actions WHERE id = $1`, got[0].ID); n != 2 {
		t.Errorf("sent %d times", n)
	}
}

// A limit that is met again and again is left alone for longer each time.
func TestALimitThatLastsIsMetLessAndLess(t *testing.T) {
	b := setup(t)
	tries := 0
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		tries++
		return false, channels.Result{}, &channels.Failure{Class: channels.Wait, Scope: channels.ScopeAccount, Reason: "rate_limited", After: 5 * time.Second}
	}
	b.add(b.message("m", "hello"))
	s := b.sender()
	for range 360 {
		b.drain(s)
		b.advance(10 * time.Second)
	}
	if tries > 20 {
		t.Errorf("asked %d times within the hour", tries)
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

// A limit that lasts is run into less and less often, and what was to be sent is sent when it is over.
func TestALimitThatLastsIsTriedLessAndLess(t *testing.T) {
	b := setup(t)
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return false, channels.Result{}, &channels.Failure{Class: channels.Wait, Scope: channels.ScopeApp, Reason: "rate_limited", After: time.Minute}
	}
	a := b.message("m", "hello")
	a.ValidUntil = b.now().Add(12 * time.Hour)
	id := b.add(a)[0].ID
	var pauses []time.Duration
	for range 7 {
		b.drain(b.sender())
		var until time.Time
		if err := b.db.Get(&until, `SELECT not_before FROM actions WHERE id = $1 AND state = 'planned'`, id); err != nil {
			t.Fatal(err)
		}
		pauses = append(pauses, until.Sub(b.now()))
		b.advance(until.Sub(b.now()) + time.Second)
	}
	for i, least := range []time.Duration{1, 2, 4, 8, 15, 15, 15} {
		if p := pauses[i]; p < least*time.Minute-time.Second || p > least*time.Minute*5/4+time.Second {
			t.Errorf("pause %d is %s, want %d to %d minutes", i+1, p, least, least*5/4)
		}
	}
	b.net.answer = nil
	b.drain(b.sender())
	b.want(id, "done")
}

// An app's limit is the app's: accounts at the same host wait, those of another go on. What waits says why.
func TestAnAppsRateLimitStopsItsHost(t *testing.T) {
	for _, same := range []bool{true, false} {
		t.Run(fmt.Sprintf("same host %t", same), func(t *testing.T) {
			b := setup(t)
			b.exec(`UPDATE accounts SET base_url = 'https://graph.example/v25.0'`)
			if !same {
				b.exec(`UPDATE accounts SET base_url = 'http://127.0.0.1:9' WHERE id = $1`, b.instagram)
			}
			b.net.answer = func(channels.Call) (bool, channels.Result, error) {
				return false, channels.Result{}, &channels.Failure{Class: channels.Wait, Scope: channels.ScopeApp, Reason: "rate_limited", After: time.Minute}
			}
			b.add(b.message("m", "hello"))
			if _, err := b.sender().Step(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.net.answer = nil
			got := b.add(b.onComment("h", channels.HideComment))
			if e, err := ExplainAction(t.Context(), b.db, b.ledger, got[0].WorkspaceID, got[0].ID, b.now()); err != nil || same != (e.Verb == gate.Defer && e.Code == "rate_limited" && !e.Until.IsZero()) {
				t.Errorf("same host %t: the gate says %s %s %v, %v", same, e.Verb, e.Code, e.Until, err)
			}
			b.drain(b.sender())
			b.want(got[0].ID, map[bool]string{true: "planned", false: "done"}[same])
			b.advance(61 * time.Second)
			b.drain(b.sender())
			b.want(got[0].ID, "done")
		})
	}
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
