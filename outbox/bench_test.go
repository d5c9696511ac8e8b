package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
	"ponte/testkit"
)

// network stands in for the networks: it keeps what really took place, apart from what it answers.
type network struct {
	mu      sync.Mutex
	effects map[string]int // token → times it took place
	order   []string
	looks   int
	answer  func(c channels.Call) (effect bool, r channels.Result, err error) // nil: it works
	settle  func(c channels.Call, happened bool) channels.Settled             // nil: certain
	dark    error                                                             // what looking ends with
	serial  int
}

func (n *network) Do(_ context.Context, _ channels.Account, c channels.Call) (channels.Result, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	effect, r, err := true, channels.Result{}, error(nil)
	if n.answer != nil {
		effect, r, err = n.answer(c)
	}
	if effect {
		n.effects[c.Token]++
		n.order = append(n.order, c.Text)
	}
	if err == nil && r.ID == "" && c.Kind != channels.HideComment {
		n.serial++
		r.ID = fmt.Sprintf("net-%d", n.serial)
	}
	return r, err
}

func (n *network) Settle(_ context.Context, _ channels.Account, c channels.Call, _ time.Time) (channels.Settled, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.looks++
	if n.dark != nil {
		return channels.Settled{}, n.dark
	}
	happened := n.effects[c.Token] > 0
	if n.settle != nil {
		return n.settle(c, happened), nil
	}
	return channels.Settled{Happened: happened, Certain: true, Result: channels.Result{ID: "seen-" + c.Token}}, nil
}

func (n *network) count(token string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.effects[token]
}

type bench struct {
	t                               *testing.T
	db                              *sqlx.DB
	net                             *network
	ledger                          *consent.Ledger
	clock                           atomic.Int64 // nanoseconds since the epoch
	ws, whatsapp, instagram, page   int64
	contact, identity, thread, conv int64 // on WhatsApp
	commenter, commenterID, comment int64 // on Instagram
	wording                         int64
	people                          int // drawn so far
}

const wideHours = `{"quiet_from":"00:00","quiet_to":"24:00","saturday_from":"00:00","saturday_to":"24:00","sundays":true}`

func setup(t *testing.T) *bench {
	t.Helper()
	t.Parallel()
	b := &bench{t: t, db: testkit.Database(t), net: &network{effects: map[string]int{}}}
	b.set(time.Now())
	b.ledger = consent.New([]byte("0123456789abcdef0123456789abcdef")).WithClock(b.now)
	b.ws = b.id(`INSERT INTO workspaces (name, brand, country, time_zone, settings) VALUES ('w', 'Bondi Kayaks', 'IT', 'Europe/Rome', $1) RETURNING id`, wideHours)
	b.whatsapp = b.account("whatsapp", "100")
	b.instagram = b.account("instagram", "200")
	b.page = b.account("facebook", "300")
	b.contact, b.identity, b.thread, b.conv = b.person("39333000001")
	b.commenter = b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
	b.commenterID = b.id(`INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id) VALUES ($1, $2, 'instagram', $3, 'ig-1') RETURNING id`, b.ws, b.commenter, b.instagram)
	b.comment = b.newComment("instagram", b.instagram, "c-1", b.commenter, b.commenterID)
	if err := consent.EnsureWordings(t.Context(), b.db, b.ws, "Bondi Kayaks"); err != nil {
		t.Fatal(err)
	}
	b.wording = b.id(`SELECT id FROM consent_wordings WHERE language = 'it'`)
	b.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components)
		VALUES ($1, $2, 'summer', 'it', 'MARKETING', 'APPROVED', '[{"type":"BODY","text":"Bondi Kayaks: saldi! Rispondi STOP per non riceverne."}]')`, b.ws, b.whatsapp)
	return b
}

func (b *bench) now() time.Time          { return time.Unix(0, b.clock.Load()) }
func (b *bench) set(t time.Time)         { b.clock.Store(t.Truncate(time.Microsecond).UnixNano()) }
func (b *bench) advance(d time.Duration) { b.set(b.now().Add(d)) }

func (b *bench) id(stmt string, args ...any) int64 {
	b.t.Helper()
	var id int64
	if err := b.db.Get(&id, stmt, args...); err != nil {
		b.t.Fatalf("%v\n%s", err, stmt)
	}
	return id
}

func (b *bench) text(stmt string, args ...any) string {
	b.t.Helper()
	var s string
	if err := b.db.Get(&s, stmt, args...); err != nil {
		b.t.Fatalf("%v\n%s", err, stmt)
	}
	return s
}

func (b *bench) exec(stmt string, args ...any) {
	b.t.Helper()
	if _, err := b.db.Exec(stmt, args...); err != nil {
		b.t.Fatalf("%v\n%s", err, stmt)
	}
}

func (b *bench) account(channel, external string) int64 {
	return b.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, $2, $3, 'http://127.0.0.1', 'x',
		CASE WHEN $2 = 'whatsapp' THEN 'w1' ELSE '' END, CASE WHEN $2 = 'whatsapp' THEN '61400000000' ELSE '' END) RETURNING id`, b.ws, channel, external)
}

// person is somebody on WhatsApp who wrote a moment ago.
func (b *bench) person(phone string) (contact, identity, thread, conv int64) {
	contact = b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
	identity = b.id(`INSERT INTO identities (workspace_id, contact_id, channel, phone) VALUES ($1, $2, 'whatsapp', $3) RETURNING id`, b.ws, contact, phone)
	thread = b.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id, last_in_at) VALUES ($1, $2, 'whatsapp', $3, $4, $5) RETURNING id`, b.ws, b.whatsapp, identity, contact, b.now().Add(-time.Minute))
	conv = b.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, opened_at, last_message_at, waiting_since) VALUES ($1, $2, 'whatsapp', $3, $4, $5, $5, $5) RETURNING id`, b.ws, b.whatsapp, thread, contact, b.now().Add(-time.Minute))
	return contact, identity, thread, conv
}

func (b *bench) newComment(channel string, account int64, external string, contact, identity int64) int64 {
	return b.id(`INSERT INTO comments (workspace_id, account_id, channel, external_id, root_external_id, contact_id, identity_id, text, decision, commented_at)
		VALUES ($1, $2, $3, $4, $4, $5, $6, 'Info?', 'allow', $7) RETURNING id`, b.ws, account, channel, external, contact, identity, b.now().Add(-time.Minute))
}

func (b *bench) event(account int64, kind, channel, external, person, phone string) int64 {
	return b.id(`INSERT INTO events (workspace_id, account_id, key, kind, channel, lane, occurred_at, payload)
		VALUES ($1, $2, gen_random_uuid()::text, $3, $4, 0, $5, jsonb_build_object('id', $6::text, 'person', $7::text, 'phone', $8::text)) RETURNING id`, b.ws, account, kind, channel, b.now().Add(-time.Minute), external, person, phone)
}

// Messages to others than the bench's own person go to the numbers of those.
func (b *bench) add(actions ...work) []work {
	for i, a := range actions {
		if a.Call.Channel == channels.WhatsApp && a.Call.Phone != "" && a.IdentityID != 0 && a.IdentityID != b.identity {
			actions[i].Call.Phone = b.text(`SELECT coalesce(phone, '') FROM identities WHERE id = $1`, a.IdentityID)
		}
	}
	b.t.Helper()
	tx := b.db.MustBegin()
	out, err := add(b.t.Context(), tx, actions)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return out
}

// message is a member's answer on WhatsApp with its bubble.
func (b *bench) message(key, text string) work {
	return work{
		WorkspaceID: b.ws, AccountID: b.whatsapp, Origin: gate.FromMember, Actor: "user:1", Purpose: gate.Answer, Dedupe: key,
		ContactID: b.contact, IdentityID: b.identity, ThreadID: b.thread, ConversationID: b.conv,
		Call:      channels.Call{Kind: channels.SendMessage, Channel: channels.WhatsApp, Phone: "39333000001", Text: text},
		NotBefore: b.now(), ValidUntil: b.now().Add(12 * time.Hour), Bubble: &Bubble{Author: "member"},
	}
}

func (b *bench) offer(key string) work {
	a := b.message(key, "")
	a.Origin, a.Purpose, a.Bubble = gate.FromAPI, gate.Promotional, nil
	a.Call = channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp, Phone: "39333000001", Template: &channels.TemplateSend{Name: "summer", Language: "it"}}
	return a
}

func (b *bench) onComment(key string, kind channels.CallKind) work {
	a := work{
		WorkspaceID: b.ws, AccountID: b.instagram, Origin: gate.FromPolicy, Dedupe: key, ContactID: b.commenter, IdentityID: b.commenterID, CommentID: b.comment,
		Call:      channels.Call{Kind: kind, Channel: channels.Instagram, CommentID: "c-1"},
		NotBefore: b.now(), ValidUntil: b.now().Add(12 * time.Hour),
	}
	if kind == channels.ReplyToComment || kind == channels.PrivateReply {
		a.Origin, a.Purpose, a.Call.Text = gate.FromTrigger, gate.Answer, "We wrote to you: https://wa.me/61400000000"
		a.AnswersEvent = b.event(b.instagram, "comment.added", "instagram", "c-1", "ig-1", "")
	}
	return a
}

func (b *bench) grant() {
	b.t.Helper()
	err := b.ledger.Append(b.t.Context(), b.db, []consent.Entry{b.entry(consent.Grant)})
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) entry(act consent.Act) consent.Entry {
	return consent.Entry{WorkspaceID: b.ws, At: b.now().Add(-time.Second), Brand: "Bondi Kayaks", Channel: "whatsapp", Purpose: consent.Promotional, Act: act,
		Kind: consent.Express, WordingID: &b.wording, How: "button", Evidence: consent.Evidence{"event": "1"}, Actor: "person",
		Personal: consent.Personal{ContactID: b.contact, Address: "phone:39333000001"}}
}

func (b *bench) sender() *Sender {
	return &Sender{
		DB: b.db, Network: b.net, Ledger: b.ledger, Clock: b.now, Log: slog.New(slog.DiscardHandler),
		Open:        func(context.Context, int64, int64) (channels.Account, error) { return channels.Account{}, nil },
		CallTimeout: 2 * time.Second, SettleAfter: 3 * time.Second, RescueAfter: 5 * time.Second, PerAccount: 20,
	}
}

// drain steps until nothing is left to send.
func (b *bench) drain(s *Sender) {
	b.t.Helper()
	for range 500 {
		n, err := s.Step(b.t.Context())
		if err != nil {
			b.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	b.t.Fatal("the outbox does not come to rest")
}

// settleAll lets time pass until unknown outcomes are settled, given up, or sent again.
func (b *bench) settleAll(s *Sender) {
	b.t.Helper()
	for range 12 {
		b.advance(11 * time.Minute)
		for _, f := range []func(context.Context) error{s.tidy, s.settleDue} {
			if err := f(b.t.Context()); err != nil {
				b.t.Fatal(err)
			}
		}
		b.drain(s)
	}
}

func (b *bench) state(id int64) string {
	b.t.Helper()
	return b.text(`SELECT state || CASE WHEN reason <> '' THEN ':' || reason ELSE '' END FROM actions WHERE id = $1`, id)
}

func (b *bench) want(id int64, state string) {
	b.t.Helper()
	if got := b.state(id); got != state {
		b.t.Errorf("action %d is %s, want %s (%s)", id, got, state, b.text(`SELECT meaning FROM actions WHERE id = $1`, id))
	}
}
