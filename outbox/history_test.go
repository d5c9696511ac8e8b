package outbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
	"ponte/testkit"
)

// Over random histories of a few people on two networks and three accounts of one brand – agreeing,
// stopping, doubting, imports, expiries, joins and partings, blocks, ordinary messages, purchases, clocks
// that jump, offers by every path and under every label, calls that fail, get lost or whose process dies,
// two replicas at once – what leaves is what the model allows, and what is refused is what it forbids.
func TestHistoriesAgainstTheModel(t *testing.T) {
	var total tally
	list := testkit.Seeds(t, 1, 2, 3)
	t.Run("histories", func(t *testing.T) {
		for _, seed := range list {
			t.Run(fmt.Sprint("PONTE_SEED=", seed), func(t *testing.T) {
				h := newHistory(t, seed)
				for h.n = range 150 {
					h.step()
					h.rest()
				}
				h.settled()
				total.add(h)
			})
		}
	})
	t.Logf("left %v, refused %v", total.left, total.refused)
	if len(list) > 1 && (total.left["offers"] < 20 || total.left["others"] < 20 || total.left["reminders"] < 3 || total.refused["no_consent"] < 12) {
		t.Errorf("too little happened to prove anything: left %v, refused %v", total.left, total.refused)
	}
}

// tally is what happened over all histories of a run; in one alone there may be no reminder.
type tally struct {
	mu            sync.Mutex
	left, refused map[string]int
}

func (t *tally) add(h *history) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.left == nil {
		t.left, t.refused = map[string]int{}, map[string]int{}
	}
	for k, n := range h.left {
		t.left[k] += n
	}
	for k, n := range h.refused {
		t.refused[k] += n
	}
}

// history plays a brand's weeks and holds every call against the model.
type history struct {
	*bench
	rng      *rand.Rand
	n        int
	mu       sync.Mutex
	model    *model
	ids      []int64 // identities
	accounts []int64 // of WhatsApp
	drafts   map[string]draft
	left     map[string]int // kinds of what left
	refused  map[string]int
	unique   int
}

// draft is what the test knows of an action, by its dedupe key.
type draft struct {
	identity int64
	promo    bool
	sequence string
	id       int64
	planned  time.Time
	seen     bool // its refusal was looked at
}

func newHistory(t *testing.T, seed uint64) *history {
	b := setup(t)
	b.exec(`UPDATE workspaces SET settings = '{}'`)
	b.set(time.Date(2026, 9, 7, 8, 0, 0, 0, time.UTC)) // a Monday; no holiday of Italy counts by default
	h := &history{bench: b, rng: rand.New(rand.NewPCG(seed, 7)), drafts: map[string]draft{}, left: map[string]int{}, refused: map[string]int{},
		model: &model{people: map[int64]*someone{}, stated: map[int64]string{}, written: map[int64][]time.Time{}, bought: map[int64][]time.Time{}}}
	h.accounts = []int64{b.whatsapp, b.account("whatsapp", "101")}
	b.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES
		($1, $2, 'booking', 'it', 'UTILITY', 'APPROVED', '[{"type":"BODY","text":"La tua prenotazione è alle nove."}]'),
		($1, $2, 'sly', 'it', 'UTILITY', 'APPROVED', '[{"type":"BODY","text":"Bondi Kayaks: il tuo ordine è pronto. 20% di sconto! STOP per non riceverne."}]')`, b.ws, b.whatsapp)
	zones := []struct {
		stated, phone string
		zones         []string
	}{{"", "39333%06d", []string{"Europe/Rome"}}, {"America/New_York", "39334%06d", []string{"America/New_York"}}, {"", "40721%06d", []string{"Europe/Bucharest"}}}
	for i, z := range zones {
		phone := fmt.Sprintf(z.phone, i)
		contact := b.id(`INSERT INTO contacts (workspace_id, time_zone) VALUES ($1, $2) RETURNING id`, b.ws, z.stated)
		h.model.stated[contact] = z.stated
		wa := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, phone) VALUES ($1, $2, 'whatsapp', $3) RETURNING id`, b.ws, contact, phone)
		h.meet(someone{wa, contact, b.whatsapp, "phone:" + phone, "whatsapp", false}, phone)
		// The same person on Instagram: another contact until somebody joins them.
		other := b.id(`INSERT INTO contacts (workspace_id, time_zone) VALUES ($1, $2) RETURNING id`, b.ws, z.zones[0])
		h.model.stated[other] = z.zones[0]
		ig := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id) VALUES ($1, $2, 'instagram', $3, $4) RETURNING id`, b.ws, other, b.instagram, fmt.Sprint("ig-h", i))
		h.meet(someone{ig, other, b.instagram, fmt.Sprintf("instagram:%d:ig-h%d", b.instagram, i), "instagram", false}, "")
	}
	b.net.answer = h.call
	b.net.settle = func(_ channels.Call, happened bool) channels.Settled {
		return channels.Settled{Happened: happened, Certain: true}
	}
	return h
}

func (h *history) meet(p someone, _ string) {
	h.model.people[p.identity] = &p
	h.ids = append(h.ids, p.identity)
	accounts := []int64{p.account}
	if p.channel == "whatsapp" {
		accounts = h.accounts
	}
	for _, a := range accounts {
		h.exec(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id) VALUES ($1, $2, $3, $4, $5)`, h.ws, a, p.channel, p.identity, p.contact)
	}
}

func (h *history) some() *someone { return h.model.people[h.ids[h.rng.IntN(len(h.ids))]] }

func (h *history) step() {
	p := h.some()
	for _, s := range h.ids { // whoever is blocked is not so for long
		if q := h.model.people[s]; q.blocked && h.rng.IntN(4) == 0 {
			h.block(q)
		}
	}
	h.plan(h.some())
	switch h.rng.IntN(22) {
	case 0, 1, 2, 3:
		h.enter(p, consent.Grant)
	case 4:
		h.enter(p, []consent.Act{consent.Withdraw, consent.Refuse, consent.Expire, consent.Doubt}[h.rng.IntN(4)])
	case 5:
		h.enter(p, consent.Import)
	case 6:
		h.enter(p, consent.Confirm)
	case 7:
		h.join(p, h.some())
	case 8:
		h.part(p)
	case 9:
		h.block(p)
	case 10, 11:
		h.writes(p)
	case 12:
		h.buys(p)
	case 13: // a process dies between claim and call
		s := h.sender()
		s.start()
		if _, err := s.claim(h.t.Context()); err != nil {
			h.t.Fatal(err)
		}
		h.claimed()
	case 14, 15:
		h.remind(p)
	default:
		h.writes(p)
		h.plan(p)
		h.plan(h.some())
	}
	switch h.rng.IntN(12) {
	case 0:
		h.advance(-time.Duration(1+h.rng.IntN(90)) * time.Minute) // a clock that was set back
	case 1:
		h.advance(time.Duration(1+h.rng.IntN(6)) * 24 * time.Hour)
	default:
		h.advance(time.Duration(1+h.rng.IntN(400)) * time.Minute)
	}
}

// claimed writes into the model what a claim without a call means: it may have left.
func (h *history) claimed() {
	var rows []struct {
		ID    int64  `db:"id"`
		Token string `db:"token"`
	}
	if err := h.db.Select(&rows, `SELECT id, token FROM actions WHERE state = 'sending'`); err != nil {
		h.t.Fatal(err)
	}
	for _, r := range rows {
		h.count(h.drafts[r.Token], r.Token)
	}
}

// call is the network's side: what arrives here has left for good.
func (h *history) call(c channels.Call) (bool, channels.Result, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now, d := h.now(), h.drafts[c.Token]
	if h.model.people[d.identity].blocked {
		h.t.Errorf("step %d: something went to somebody who is blocked", h.n)
	}
	if d.promo {
		if !h.model.agreed(d.identity, now) {
			h.t.Errorf("step %d: an offer left without consent (action %d, %s)", h.n, d.id, h.text(`SELECT purpose || ' ' || origin FROM actions WHERE id = $1`, d.id))
		}
		if !h.model.decent(d.identity, now) {
			h.t.Errorf("step %d: an offer left in quiet hours, at %s (action %d)", h.n, now.UTC(), d.id)
		}
		if why := h.model.full(d.identity, now); why != "" {
			h.t.Errorf("step %d: %s (action %d)", h.n, why, d.id)
		}
	}
	if d.sequence != "" {
		if why := h.model.nagging(d.identity, d.sequence, now); why != "" {
			h.t.Errorf("step %d: %s (action %d)", h.n, why, d.id)
		}
	}
	h.left[map[bool]string{true: "offers", false: "others"}[d.promo]]++
	if d.sequence != "" {
		h.left["reminders"]++
	}
	switch h.rng.IntN(8) {
	case 0: // lost on the way; it may have arrived, so it counts until it is settled
		h.count(d, c.Token)
		return false, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	case 1:
		h.count(d, c.Token)
		return true, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	case 2:
		return false, channels.Result{}, &channels.Failure{Class: channels.GiveUp, Reason: "invalid", Code: 131026}
	case 3:
		return false, channels.Result{}, &channels.Failure{Class: channels.Wait, Reason: "busy", After: time.Minute}
	}
	h.count(d, c.Token)
	return true, channels.Result{}, nil
}

func (h *history) count(d draft, token string) {
	now := h.now()
	if d.promo {
		h.model.promos = append(h.model.promos, promo{d.identity, now})
	}
	if d.sequence != "" {
		i := slices.IndexFunc(h.model.nudges, func(n nudge) bool {
			return n.identity == d.identity && n.sequence == d.sequence && n.planned.Equal(d.planned) && n.sent == nil
		})
		if i >= 0 {
			h.model.nudges[i].sent = &now
		}
	}
}
