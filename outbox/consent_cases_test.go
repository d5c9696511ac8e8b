package outbox

import (
	"strings"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
)

// The numbered cases about consent that are decided while something is being sent. The others are in consent,
// gate, ingest and api, under the same names.

func TestCase2StopBetweenQueueingAndSending(t *testing.T) {
	for act, want := range map[consent.Act]string{consent.Withdraw: "refused:opted_out", consent.Refuse: "refused:opted_out", consent.Doubt: "refused:doubt", consent.Expire: "refused:no_consent"} {
		t.Run(string(act), func(t *testing.T) {
			b := setup(t)
			b.grant()
			later := b.offer("later")
			later.NotBefore, later.ValidUntil = b.now().Add(time.Hour), b.now().Add(12*time.Hour)
			got := b.add(b.offer("now"), later)
			b.say(act)
			b.drain(b.sender())
			b.want(got[0].ID, want)
			b.advance(2 * time.Hour)
			b.drain(b.sender())
			b.want(got[1].ID, want)
			if len(b.net.order) != 0 {
				t.Errorf("%d offers went out after it", len(b.net.order))
			}
		})
	}
}

// The person says STOP while the call is on its way, and the answer never comes. Whether it arrived is looked
// up; it is not sent again, also where it certainly did not arrive.
func TestCase3StopWhileTheSendIsInFlightWithAnUnknownResult(t *testing.T) {
	for name, c := range map[string]struct {
		arrived bool
		failure channels.Class
		settled func(channels.Call, bool) channels.Settled
		want    string
	}{
		"it arrived":              {true, channels.Unknown, nil, "done"},
		"it did not":              {false, channels.Unknown, nil, "refused:opted_out"},
		"nobody can tell":         {true, channels.Unknown, func(channels.Call, bool) channels.Settled { return channels.Settled{} }, "unknown:ask_person"},
		"the network said: later": {false, channels.Retry, nil, "refused:opted_out"},
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.grant()
			b.net.settle = c.settled
			calls := 0
			b.net.answer = func(channels.Call) (bool, channels.Result, error) {
				if calls++; calls == 1 {
					b.say(consent.Withdraw)
				}
				return c.arrived, channels.Result{}, &channels.Failure{Class: c.failure, Reason: "timeout"}
			}
			got := b.add(b.offer("o"))
			s := b.sender()
			b.drain(s)
			b.settleAll(s)
			b.drain(s)
			if calls != 1 {
				t.Errorf("%d calls, want the one that was under way", calls)
			}
			b.want(got[0].ID, c.want)
		})
	}
}

// The gate writes down the entry that an offer stands on, as it is claimed, and nothing for what needs no consent.
func TestTheClaimWritesDownWhatAnOfferStandsOn(t *testing.T) {
	b := setup(t)
	b.grant()
	b.say(consent.Withdraw)
	b.advance(time.Minute)
	b.say(consent.Grant)
	got := b.add(b.offer("o"), b.message("a", "Yes, we are open."))
	b.drain(b.sender())
	var rows []struct {
		ID  int64  `db:"id"`
		Seq *int64 `db:"consent_seq"`
	}
	if err := b.db.Select(&rows, `SELECT id, consent_seq FROM actions WHERE state = 'done' ORDER BY id`); err != nil || len(rows) != 2 {
		t.Fatal(rows, err)
	}
	for _, r := range rows {
		if offer := r.ID == got[0].ID; offer != (r.Seq != nil) || offer && *r.Seq != 3 {
			t.Errorf("action %d (offer: %v) stands on %v", r.ID, offer, r.Seq)
		}
	}
}

// What was planned for a number does not go to whoever has it now: neither an offer nor a service message nor an answer.
func TestNothingGoesToANumberThatIsSomebodyElsesNow(t *testing.T) {
	for name, change := range map[string]string{
		"the person has another number":   `UPDATE identities SET phone = '39333000999' WHERE id = $1`,
		"the number has another owner":    `UPDATE identities SET replaced_at = now() WHERE id = $1`,
		"the person keeps the number":     `UPDATE identities SET external_id = 'IT.1' WHERE id = $1`,
		"the number was not known before": `UPDATE identities SET phone = NULL, external_id = 'IT.1' WHERE id = $1`,
	} {
		t.Run(name, func(t *testing.T) {
			b := setup(t)
			b.exec(`UPDATE templates SET category = 'UTILITY', components = '[{"type":"BODY","text":"Bondi Kayaks: your booking is tomorrow at ten."}]'`)
			service := b.offer("reminder")
			service.Origin, service.Purpose = gate.FromSystem, gate.Service
			got := b.add(service, b.message("answer", "Yes, we are open."))
			b.exec(change, b.identity)
			s := b.sender()
			b.drain(s)
			b.drain(s)
			want := "refused:number_changed"
			if strings.Contains(name, "keeps") || strings.Contains(name, "not known") {
				want = "done"
			}
			b.want(got[0].ID, want)
			b.want(got[1].ID, want)
		})
	}
}

// say enters an act of the person at this instant.
func (b *bench) say(act consent.Act) {
	b.t.Helper()
	e := b.entry(act)
	e.At = b.now()
	if err := b.ledger.Append(b.t.Context(), b.db, []consent.Entry{e}); err != nil {
		b.t.Fatal(err)
	}
}
