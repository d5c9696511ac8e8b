package outbox

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
	"ponte/inbox"
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

func (h *history) enter(p *someone, what consent.Act) {
	e := h.entry(what)
	e.At, e.Channel, e.Evidence = h.now(), p.channel, consent.Evidence{"event": "1"}
	e.Personal = consent.Personal{ContactID: p.contact, Address: p.address}
	a := act{at: e.At, what: string(what), address: p.address, channel: p.channel, contact: p.contact}
	switch what {
	case consent.Grant, consent.Confirm:
		if h.rng.IntN(3) == 0 {
			until := h.now().Add(time.Duration(1+h.rng.IntN(200)) * time.Hour)
			e.ValidUntil, a.until = &until, &until
		}
		if h.rng.IntN(6) == 0 { // the network tells it late
			e.At = e.At.Add(-time.Duration(h.rng.IntN(48)) * time.Hour)
			a.at = e.At
		}
	case consent.Import:
	default:
		e.WordingID = nil
		if h.rng.IntN(2) == 0 {
			e.Purpose = consent.All
		}
	}
	if err := h.ledger.Append(h.t.Context(), h.db, []consent.Entry{e}); err != nil {
		h.t.Fatal(err)
	}
	h.model.ledger = append(h.model.ledger, a)
}

func (h *history) join(p, to *someone) {
	if p.contact == to.contact || p.channel == to.channel {
		return
	}
	h.tx(func(tx *sqlx.Tx) error {
		return inbox.JoinIdentity(h.t.Context(), tx, inbox.Join{WorkspaceID: h.ws, IdentityID: p.identity, From: p.contact, To: to.contact, How: "member", Evidence: map[string]any{}, Actor: "user:1"})
	})
	p.contact, p.blocked = to.contact, to.blocked
}

func (h *history) part(p *someone) {
	var join []struct {
		ID   int64 `db:"id"`
		From int64 `db:"from_contact"`
	}
	if err := h.db.Select(&join, `SELECT id, from_contact FROM identity_joins WHERE identity_id = $1 AND to_contact = $2 AND undone_at IS NULL ORDER BY id DESC LIMIT 1`, p.identity, p.contact); err != nil {
		h.t.Fatal(err)
	}
	if len(join) == 0 {
		return
	}
	h.tx(func(tx *sqlx.Tx) error {
		return inbox.UnjoinIdentity(h.t.Context(), tx, h.ws, join[0].ID, "user:1")
	})
	p.contact = join[0].From
	p.blocked = h.text(`SELECT (blocked_at IS NOT NULL)::text FROM contacts WHERE id = $1`, p.contact) == "true"
}

func (h *history) block(p *someone) {
	on := !p.blocked && h.rng.IntN(4) == 0
	h.exec(`UPDATE contacts SET blocked_at = CASE WHEN $2 THEN now() END WHERE id = $1`, p.contact, on)
	for _, s := range h.model.same(p.identity) {
		s.blocked = on
	}
}

// writes is an ordinary message: it opens the care window and never brings a consent back.
func (h *history) writes(p *someone) {
	h.exec(`UPDATE threads SET last_in_at = greatest(last_in_at, $2) WHERE identity_id = $1`, p.identity, h.now())
	h.model.written[p.identity] = append(h.model.written[p.identity], h.now())
}

func (h *history) buys(p *someone) {
	h.unique++
	h.exec(`INSERT INTO goals (workspace_id, name, contact_id, source, dedupe, at) VALUES ($1, 'purchase', $2, 'api', $3, $4)`, h.ws, p.contact, fmt.Sprint("g", h.unique), h.now())
	h.model.bought[p.contact] = append(h.model.bought[p.contact], h.now())
}

// plan asks for something to be sent: an offer by one of the paths, honestly labelled or not, or a fact.
func (h *history) plan(p *someone) {
	h.unique++
	key := fmt.Sprint("d", h.unique)
	a := work{
		WorkspaceID: h.ws, AccountID: p.account, Dedupe: key, ContactID: p.contact, IdentityID: p.identity,
		Origin:    []gate.Origin{gate.FromTrigger, gate.FromBot, gate.FromMember, gate.FromAPI, gate.FromSystem}[h.rng.IntN(5)],
		Purpose:   []gate.Purpose{gate.Promotional, gate.Service, gate.Answer}[h.rng.IntN(3)],
		NotBefore: h.now(), ValidUntil: h.now().Add(time.Duration(1+h.rng.IntN(120)) * time.Hour),
		Call: channels.Call{Kind: channels.SendMessage, Channel: channels.Channel(p.channel), Text: "Bondi Kayaks: today 20% off everything. Reply STOP to opt out."},
	}
	promo := true
	if p.channel == "whatsapp" {
		a.AccountID = h.accounts[h.rng.IntN(2)]
		a.Call.Phone = strings.TrimPrefix(p.address, "phone:")
		name := []string{"summer", "sly", "booking", ""}[h.rng.IntN(4)]
		if name != "" {
			a.Call.Kind, a.Call.Text, a.Call.Template = channels.SendTemplate, "", &channels.TemplateSend{Name: name, Language: "it"}
			promo = name != "booking" || a.Purpose == gate.Promotional || a.Purpose == gate.Answer
		}
	}
	if a.Call.Kind == channels.SendMessage && a.Origin == gate.FromMember && a.Purpose != gate.Promotional {
		promo = false // a person answers a person; the window is the limit
	}
	if h.rng.IntN(4) == 0 { // claims to answer what the person said
		a.AnswersEvent = h.event(a.AccountID, "message.received", p.channel, "m", strings.TrimPrefix(p.address, fmt.Sprintf("instagram:%d:", h.instagram)), a.Call.Phone)
		if a.Call.Template != nil && a.Call.Template.Name == "booking" && a.Purpose == gate.Answer {
			promo = false
		}
	} else if a.Purpose == gate.Answer && a.Origin != gate.FromMember {
		a.Purpose = gate.Service
		if a.Call.Template != nil && a.Call.Template.Name == "booking" {
			promo = false
		}
	}
	h.put(a, draft{identity: p.identity, promo: promo})
}

func (h *history) remind(p *someone) {
	if p.channel != "whatsapp" {
		return
	}
	h.unique++
	d := draft{identity: p.identity, sequence: fmt.Sprint("cart:", h.rng.IntN(2)), planned: h.now()}
	h.put(work{
		WorkspaceID: h.ws, AccountID: h.accounts[h.rng.IntN(2)], Dedupe: fmt.Sprint("d", h.unique), ContactID: p.contact, IdentityID: p.identity, Sequence: d.sequence,
		Origin: gate.FromBot, Purpose: gate.Service, NotBefore: h.now(), ValidUntil: h.now().Add(time.Duration(1+h.rng.IntN(100)) * time.Hour),
		Call: channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp, Phone: strings.TrimPrefix(p.address, "phone:"), Template: &channels.TemplateSend{Name: "booking", Language: "it"}},
	}, d)
}

func (h *history) put(a work, d draft) {
	got := h.add(a)[0]
	h.exec(`UPDATE actions SET created_at = $2 WHERE id = $1`, got.ID, h.now())
	d.id, d.planned = got.ID, h.now()
	h.drafts[got.Token] = d
	if d.sequence != "" {
		h.model.nudges = append(h.model.nudges, nudge{d.identity, d.sequence, d.planned, nil})
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
