package outbox

import (
	"sync"
	"time"
)

// rest lets two replicas work until nothing moves, and holds what they refused against the model.
func (h *history) rest() {
	a, b := h.sender(), h.sender()
	for _, f := range []func() error{func() error { return a.tidy(h.t.Context()) }, func() error { return b.settleDue(h.t.Context()) }} {
		if err := f(); err != nil {
			h.t.Fatal(err)
		}
	}
	h.recount()
	for idle := 0; idle < 2; idle++ {
		var n [2]int
		var wg sync.WaitGroup
		for i, s := range []*Sender{a, b} {
			wg.Go(func() {
				var err error
				if n[i], err = s.Step(h.t.Context()); err != nil {
					h.t.Error(err)
				}
			})
		}
		wg.Wait()
		if n[0]+n[1] > 0 {
			idle = -1
		}
	}
	h.refusals()
}

// recount takes out of the model what was settled as not having happened.
func (h *history) recount() {
	var rows []struct {
		Token  string     `db:"token"`
		SentAt *time.Time `db:"sent_at"`
		State  string     `db:"state"`
	}
	if err := h.db.Select(&rows, `SELECT token, sent_at, state FROM actions`); err != nil {
		h.t.Fatal(err)
	}
	h.model.promos = nil
	for i := range h.model.nudges {
		h.model.nudges[i].sent = nil
	}
	var nudges []nudge
	for _, r := range rows {
		d := h.drafts[r.Token]
		out := r.State == "done" || r.State == "sending" || r.State == "unknown"
		if d.promo && out {
			h.model.promos = append(h.model.promos, promo{d.identity, *r.SentAt})
		}
		if d.sequence != "" && (out || r.State == "planned" || r.State == "held") {
			n := nudge{d.identity, d.sequence, d.planned, nil}
			if out {
				n.sent = r.SentAt
			}
			nudges = append(nudges, n)
		}
	}
	h.model.nudges = nudges
}

// refusals: what the gate refused for want of consent must have none, what it put off must be too early.
func (h *history) refusals() {
	var rows []struct {
		ID     int64     `db:"id"`
		Token  string    `db:"token"`
		State  string    `db:"state"`
		Reason string    `db:"reason"`
		At     time.Time `db:"claimed_at"` // when it was judged: a step may let days pass after a claim
	}
	if err := h.db.Select(&rows, `SELECT id, token, state, reason, claimed_at FROM actions WHERE state = 'refused' OR state = 'planned' AND reason <> '' ORDER BY id`); err != nil {
		h.t.Fatal(err)
	}
	for _, r := range rows {
		d := h.drafts[r.Token]
		if d.seen {
			continue
		}
		if r.State == "refused" {
			d.seen = true
			h.drafts[r.Token] = d
			h.refused[r.Reason]++
		}
		switch r.Reason {
		case "no_consent", "opted_out", "doubt":
			if d.promo && h.model.agreed(d.identity, r.At) {
				h.t.Errorf("step %d: action %d was refused (%s), but the person agreed", h.n, r.ID, r.Reason)
			}
		case "blocked":
			if !h.model.people[d.identity].blocked {
				h.t.Errorf("step %d: action %d was refused (%s), but nobody is blocked", h.n, r.ID, r.Reason)
			}
		}
	}
}

// settled: at the end nothing took place twice.
func (h *history) settled() {
	h.advance(30 * 24 * time.Hour)
	h.settleAll(h.sender())
	for token, n := range h.net.effects {
		if n > 1 {
			h.t.Errorf("%s took place %d times", token, n)
		}
	}
}
