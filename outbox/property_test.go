package outbox

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
)

// Over random histories of one person on two channels – asking, agreeing, stopping, doubting, offers
// queued and sent, answers lost, processes killed, time passing – no offer leaves without a live
// consent at that instant, none leaves twice, and never more than one a day or four a month.
func TestNoOfferLeavesOutOfOrderOverRandomHistories(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			b := setup(t)
			b.exec(`INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id) VALUES ($1, $2, 'instagram', $3, 'ig-77')`, b.ws, b.contact, b.instagram)
			b.net.settle = func(_ channels.Call, happened bool) channels.Settled {
				return channels.Settled{Happened: happened, Certain: true}
			}
			h := &history{bench: b, rng: rand.New(rand.NewPCG(seed, 99))}
			b.net.answer = h.call
			for range 120 {
				h.step()
				b.advance(time.Duration(1+h.rng.IntN(600)) * time.Minute)
			}
			b.settleAll(b.sender())
			for token, n := range b.net.effects {
				if n != 1 {
					t.Errorf("%s took place %d times", token, n)
				}
			}
			if len(h.sent) < 3 {
				t.Errorf("only %d offers left: the test proves little", len(h.sent))
			}
		})
	}
}

type history struct {
	*bench
	rng  *rand.Rand
	live bool // what a person following the conversation would say
	n    int
	sent []time.Time
}

func (h *history) step() {
	h.n++
	switch h.rng.IntN(10) {
	case 0, 1, 2:
		h.enter(consent.Grant, "whatsapp", "phone:39333000001")
		h.live = true
	case 3:
		if h.rng.IntN(2) == 0 {
			h.enter(consent.Withdraw, "all", "instagram:"+fmt.Sprint(h.instagram)+":ig-77")
		} else {
			h.enter(consent.Doubt, "all", "phone:39333000001")
		}
		h.live = false
	case 4:
		h.enter(consent.Grant, "instagram", "instagram:"+fmt.Sprint(h.instagram)+":ig-77")
		// a consent for another channel changes nothing here
	case 5: // a process dies between claim and record
		s := h.sender()
		s.start()
		if _, err := s.claim(h.t.Context()); err != nil {
			h.t.Fatal(err)
		}
	default:
		a := h.offer(fmt.Sprint("o", h.n))
		a.ValidUntil = h.now().Add(time.Duration(1+h.rng.IntN(72)) * time.Hour)
		h.add(a)
	}
	s := h.sender()
	for _, f := range []func() error{func() error { return s.tidy(h.t.Context()) }, func() error { return s.settleDue(h.t.Context()) }} {
		if err := f(); err != nil {
			h.t.Fatal(err)
		}
	}
	h.drain(s)
}

func (h *history) enter(act consent.Act, channel, address string) {
	h.t.Helper()
	e := h.entry(act)
	e.At, e.Channel, e.Personal.Address = h.now(), channel, address
	if act != consent.Grant {
		e.WordingID = nil
	}
	if err := h.ledger.Append(h.t.Context(), h.db, []consent.Entry{e}); err != nil {
		h.t.Fatal(err)
	}
}

// call is the network's side: what arrives here has left for good.
func (h *history) call(channels.Call) (bool, channels.Result, error) {
	now := h.now()
	if !h.live {
		h.t.Errorf("step %d: an offer left without consent", h.n)
	}
	day, month := 0, 0
	for _, at := range h.sent {
		if at.After(now.Add(-24 * time.Hour)) {
			day++
		}
		if at.After(now.Add(-30 * 24 * time.Hour)) {
			month++
		}
	}
	if day > 0 || month > 3 {
		h.t.Errorf("step %d: offer number %d of the day, %d of the month", h.n, day+1, month+1)
	}
	lost := &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	switch h.rng.IntN(4) {
	case 0:
		return false, channels.Result{}, lost
	case 1:
		h.sent = append(h.sent, now)
		return true, channels.Result{}, lost
	}
	h.sent = append(h.sent, now)
	return true, channels.Result{}, nil
}
