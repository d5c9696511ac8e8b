package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/inbox"
	"ponte/outbox"
	"ponte/template"
	"ponte/testkit"
)

// Over random weeks of a brand with four accounts – comments, edits and removals, chats on three networks,
// withdrawals, doubts and consents in words and by buttons, numbers left, imports, joins and partings,
// blocks, repeated webhooks, clocks that jump, calls that fail, get lost or whose process dies, two
// replicas at once, with triggers, a campaign, flows and templates live and others asking for more by the
// API – nothing reaches anybody that the oracle forbids.
func TestWhatLeavesOverRandomHistories(t *testing.T) {
	seeds := testkit.Seeds(t, 1, 2)
	total := map[string]int{}
	var mu sync.Mutex
	t.Run("histories", func(t *testing.T) {
		for _, seed := range seeds {
			t.Run(fmt.Sprint("PONTE_SEED=", seed), func(t *testing.T) {
				t.Parallel()
				h := newWeeks(t, seed)
				for h.n = 1; h.n <= 70; h.n++ {
					h.step()
					h.round()
				}
				h.ended()
				mu.Lock()
				defer mu.Unlock()
				for k, n := range h.tally {
					total[k] += n
				}
			})
		}
	})
	t.Log(total)
	if len(seeds) > 1 && (total["offers"] < 6 || total["private_reply.send"] < 4 || total["template.send"] < 6 || total["refused no_consent"] < 10 || total["refused opted_out"] < 3) {
		t.Errorf("too little happened to prove anything: %v", total)
	}
}

// weeks plays a brand's weeks.
type weeks struct {
	*rig
	rng      *rand.Rand
	seed     uint64
	n        int
	people   []*human
	second   inbox.Account // another number of the brand
	deciders [2]*Decider
	senders  [2]*outbox.Sender
	net      *wires
	oracle   *oracle
	before   standing
	wordings []string // for offers
	bodies   []string // that were received
	comments []string
	merges   []int64
	keen     []*human // who said yes
	tally    map[string]int
}

// human is one person on every network; the program does not know that they are one.
type human struct{ phone, ig, messenger, facebook string }

const (
	dealText  = "Bondi Kayaks: today 20% off everything. Reply STOP to opt out."
	clubRules = `{"format":1,"id":"club","version":1,"name":"Club","languages":["en"],"steps":[
 {"id":"ask","type":"consent","purpose":"promotional","granted":"deal","refused":"bye"},
 {"id":"deal","type":"message","text":{"en":"` + dealText + `"},"next":"later"},
 {"id":"later","type":"wait","for":"26h","on_message":"bye","next":"remind"},
 {"id":"remind","type":"template","template":"summer","next":"bye"},
 {"id":"bye","type":"end","resolve":true,"text":{"en":"Have a good day."}}]}`
)

func newWeeks(t *testing.T, seed uint64) *weeks {
	h := &weeks{rig: newRig(t), seed: seed, rng: rand.New(rand.NewPCG(seed, 11)), oracle: newOracle(), tally: map[string]int{}}
	h.now = time.Date(2026, 9, 7, 8, 0, 0, 0, time.UTC) // a Monday
	h.ledger = h.ledger.WithClock(func() time.Time { return h.now })
	h.exec(`UPDATE workspaces SET country = 'IT', time_zone = 'Europe/Rome', settings = '{}'`)
	h.second = h.account("whatsapp", "211", "200", "61400000001")
	h.campaign()
	h.approve(template.NumberCheck)
	for _, account := range []int64{h.wa.ID, h.second.ID} {
		h.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES
			($1, $2, 'summer', 'en', 'MARKETING', 'APPROVED', '[{"type":"BODY","text":"`+dealText+`"}]'),
			($1, $2, 'sly', 'en', 'UTILITY', 'APPROVED', '[{"type":"BODY","text":"`+dealText+`"}]'),
			($1, $2, 'pickup', 'en', 'UTILITY', 'APPROVED', '[{"type":"BODY","text":"Your kayak is ready at nine."}]')`, h.ws, account)
	}
	h.publish(clubRules, "club")
	h.must(consent.EnsureWordings(t.Context(), h.db, h.ws, brand))
	h.must(h.db.Select(&h.wordings, `SELECT text FROM consent_wordings WHERE name = 'offers'`))
	for i := range 4 {
		p := &human{phone: fmt.Sprintf("39333111000%d", i), ig: fmt.Sprint("ig", i), messenger: fmt.Sprint("ms", i), facebook: fmt.Sprint("fb", i)}
		if i%3 == 2 {
			p.phone = fmt.Sprintf("4072100000%d", i)
		}
		h.people = append(h.people, p)
	}
	h.net = &wires{h: h, effects: map[string]int{}, exempt: map[string]bool{}, buttons: map[string][]tappable{}}
	for i := range 2 {
		d := h.newDecider(fmt.Sprintf("replica %d", i))
		d.Lanes.Share = func(lane int16) bool { return int(lane)%2 == i }
		h.deciders[i], h.senders[i] = d, h.sender(h.net)
	}
	h.before = h.stand()
	return h
}

// campaign is live with two triggers that get in each other's way.
func (h *weeks) campaign() {
	id := h.id(`INSERT INTO campaigns (workspace_id, name, state) VALUES ($1, 'Summer', 'live') RETURNING id`, h.ws)
	for i, name := range []string{"Deals", "More deals"} {
		h.exec(`INSERT INTO triggers (workspace_id, name, state, sources, keywords, public_replies, private_reply, handoff_account_id, valid_minutes, purpose, campaign_id, once, delay_seconds, updated_at, priority)
			VALUES ($1, $2, 'live', '{comment,reply,ad_comment,message}', '[{"words":["deal"]}]', '{"en":["Look!","See your messages."]}', $3, $4, 10080, 'promotional', $5, 'post', $6, $7, $8)`,
			h.ws, name, `{"en":"`+dealText+`"}`, h.wa.ID, id, i*300, h.now, i)
	}
	h.exec(`UPDATE triggers SET once = 'trigger', updated_at = $2 WHERE id = $1`, h.trigger, h.now)
}

func (h *weeks) sender(n outbox.Network) *outbox.Sender {
	return &outbox.Sender{DB: h.db, Network: n, Ledger: h.ledger, Clock: func() time.Time { return h.now }, Log: slog.New(slog.DiscardHandler),
		Open: func(_ context.Context, _, account int64) (channels.Account, error) {
			return channels.Account{Row: account}, nil
		}, CallTimeout: 5 * time.Second, SettleAfter: 10 * time.Second, RescueAfter: 20 * time.Second, PerAccount: 20}
}

func (h *weeks) fact(what, address string) { h.oracle.say(what, address, h.now, h.n) }

// stand reads who counts as whom, and completes what was said since by it.
func (h *weeks) stand() standing {
	s := standing{contact: map[string]int64{}, blocked: map[string]bool{}}
	var rows []struct {
		Address string `db:"address"`
		Contact int64  `db:"contact_id"`
		Blocked bool   `db:"blocked"`
	}
	h.must(h.db.Select(&rows, `SELECT i.channel || ':' || CASE WHEN i.channel = 'whatsapp' THEN i.phone ELSE i.external_id END AS address, i.contact_id, c.blocked_at IS NOT NULL AS blocked
		FROM identities i JOIN contacts c ON c.id = i.contact_id WHERE i.channel <> 'whatsapp' OR i.phone IS NOT NULL`))
	for _, r := range rows {
		s.contact[r.Address], s.blocked[r.Address] = r.Contact, r.Blocked
	}
	for i := range h.oracle.facts {
		if f := &h.oracle.facts[i]; f.contact == 0 {
			f.contact = s.contact[f.address]
		}
	}
	return s
}

// round lets two replicas decide and send, one after the other or at once, and judges what left.
func (h *weeks) round() {
	for _, s := range h.senders {
		h.must(s.Tend(h.Context()))
	}
	h.split()
	together := h.rng.IntN(3) == 0
	if together {
		h.both(h.decideAll, h.sendAll)
		h.judge(h.n, h.before, h.stand())
	}
	h.decideAll()
	h.before = h.stand()
	h.sendAll()
	h.judge(0, h.before, h.before)
	h.before = h.stand()
	for _, body := range h.net.news { // what the network tells of what it delivered
		h.receive(body)
	}
	h.net.news = nil
}

func (h *weeks) both(a, b func()) {
	var wg sync.WaitGroup
	wg.Go(a)
	wg.Go(b)
	wg.Wait()
}

func (h *weeks) decideAll() {
	var wg sync.WaitGroup
	for _, d := range h.deciders {
		wg.Go(func() {
			held, err := d.Lanes.Acquire(context.Background())
			for n := range 200 {
				if err == nil {
					n, err = d.Once(context.Background(), held)
				}
				if err != nil {
					h.Error(err)
				}
				if err != nil || n == 0 {
					return
				}
			}
			h.Error("the lanes do not come to rest")
		})
	}
	wg.Wait()
}

func (h *weeks) sendAll() {
	var wg sync.WaitGroup
	for _, s := range h.senders {
		wg.Go(func() {
			for idle := 0; idle < 2; {
				n, err := s.Step(context.Background())
				if err != nil {
					h.Error(err)
					return
				}
				if idle++; n > 0 {
					idle = 0
				}
			}
		})
	}
	wg.Wait()
}

// judge holds what left against the oracle. While deciding and sending ran at once, either order of a
// round's withdrawals and joins is a right one.
func (h *weeks) judge(lenient int, before, after standing) {
	h.Helper()
	for _, d := range h.net.taken() {
		broken := h.oracle.broken(d, lenient, after)
		if lenient != 0 {
			other := h.oracle.broken(d, lenient, before)
			broken = slices.DeleteFunc(broken, func(rule string) bool { return !slices.Contains(other, rule) })
		}
		for _, rule := range broken {
			h.Errorf("seed %d, step %d, %s: %s (%s to %s, %q)", h.seed, h.n, h.now.Format(time.RFC3339), rule, d.kind, d.address, d.template)
		}
		if len(broken) > 0 {
			h.explain(d, after)
		}
		h.oracle.count(d)
		h.tally[d.kind]++
		if d.promotes && d.arrived && d.kind != "comment.reply" {
			h.tally["offers"]++
		}
	}
}

// explain shows what the oracle and the ledger hold of whoever was written to.
func (h *weeks) explain(d departure, s standing) {
	for _, f := range h.oracle.facts {
		if f.concerns(d.address, s) {
			h.Logf("oracle: %s %s by %s (contact %d, step %d)", f.at.Format(time.RFC3339), f.what, f.address, f.contact, f.round)
		}
	}
	var rows []string
	h.must(h.db.Select(&rows, `SELECT e.seq || ' ' || to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' ' || e.act || ' ' || e.channel || ' ' || e.purpose || ' ' || e.how || ' ' || (p.personal ->> 'address')
		FROM consent_entries e JOIN consent_personal p USING (workspace_id, seq) WHERE p.contact_id = $1 ORDER BY e.seq`, s.contact[d.address]))
	for _, r := range rows {
		h.Logf("ledger: %s", r)
	}
	_, id, _ := strings.Cut(d.address, ":")
	h.must(h.db.Select(&rows, `SELECT to_char(occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' ' || kind || ': ' || reason FROM events
		WHERE strpos(payload::text, $1) > 0 AND kind NOT LIKE '%receipt%' ORDER BY occurred_at, id`, id))
	for _, r := range rows[max(0, len(rows)-25):] {
		h.Logf("event: %s", r)
	}
}

func (h *weeks) ended() {
	for token, n := range h.net.effects {
		if n > 1 {
			h.Errorf("seed %d: a call took place %d times: %s", h.seed, n, h.text(`SELECT kind || ' ' || state FROM actions WHERE token = $1`, token))
		}
	}
	var rows []struct {
		Reason string `db:"reason"`
		N      int    `db:"n"`
	}
	h.must(h.db.Select(&rows, `SELECT state || ' ' || reason AS reason, count(*) AS n FROM actions WHERE state IN ('refused','failed','expired','unknown','planned') GROUP BY 1`))
	for _, r := range rows {
		h.tally[r.Reason] += r.N
	}
	if n := h.id(`SELECT count(*) FROM events WHERE state = 'pending' OR reason = ''`); n > 0 {
		h.Errorf("%d events were not decided, or without a reason", n)
	}
	report, err := h.ledger.Verify(h.Context(), h.db, h.ws, nil)
	h.must(err)
	if !report.OK() {
		h.Errorf("the ledger does not verify: %v", report.Problems)
	}
}

// merge is a member who says that two contacts are one; any two, because members err.
func (h *weeks) merge() {
	var ids []int64
	h.must(h.db.Select(&ids, `SELECT DISTINCT contact_id FROM identities ORDER BY 1`))
	if len(ids) < 2 {
		return
	}
	h.rng.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	h.tx(func(tx *sqlx.Tx) error {
		id, err := inbox.MergeContacts(h.Context(), tx, inbox.Merge{WorkspaceID: h.ws, From: ids[0], Into: ids[1], Reason: "the same", Actor: "user:1"})
		h.merges = append(h.merges, id)
		return err
	})
}

func (h *weeks) part() {
	if len(h.merges) == 0 {
		return
	}
	last := h.merges[len(h.merges)-1]
	h.merges = h.merges[:len(h.merges)-1]
	tx := h.db.MustBegin()
	defer tx.Rollback()
	if _, _, err := inbox.UndoMerge(h.Context(), tx, h.ws, last, "user:1"); err == nil {
		h.must(tx.Commit()) // one that cannot be undone any more stays
	}
}

func (h *weeks) tx(do func(tx *sqlx.Tx) error) {
	h.Helper()
	tx := h.db.MustBegin()
	defer tx.Rollback()
	h.must(do(tx))
	h.must(tx.Commit())
}

// imports is a list from another system, of one number, with the owner's word for it.
func (h *weeks) imports(p *human) {
	at := h.now.Add(-time.Duration(1+h.rng.IntN(100)) * time.Hour)
	values := map[string]string{"phone": p.phone, "consent_at": at.Format(time.RFC3339), "source": "form", "wording_version": "v1", "evidence_id": "row-1", "kind": "express", "act": "grant"}
	what := "yes"
	if h.rng.IntN(4) == 0 {
		values["act"], what = "withdraw", "stop"
	}
	h.tx(func(tx *sqlx.Tx) error {
		id, err := consent.KeepImport(h.Context(), tx, h.ws, "list", []byte(h.next("list")), []consent.ImportRow{{Line: 1, Values: values}}, "user:1")
		if err != nil {
			return err
		}
		return consent.ConfirmImport(h.Context(), tx, h.ws, id, "our shop", "user:1")
	})
	for more := true; more; {
		var err error
		more, err = h.ledger.StepImport(h.Context(), h.db)
		h.must(err)
	}
	address, s := "whatsapp:"+p.phone, h.stand()
	if what == "stop" {
		h.oracle.say("stop", address, at, h.n)
	} else if h.oracle.silent(address, s) { // a list brings nobody back
		h.fact("yes", address)
	}
	h.stand()
}

func (h *weeks) onSecond(body string) string {
	return strings.ReplaceAll(body, `"phone_number_id":"`+waID+`"`, `"phone_number_id":"211"`)
}
