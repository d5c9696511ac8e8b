package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels/webhook"
	"ponte/consent"
	"ponte/inbox"
	"ponte/jobs"
	"ponte/moderation"
	"ponte/router"
	"ponte/secret"
	"ponte/testkit"
)

const (
	brand       = "Bondi Kayaks"
	post        = "179001"
	igID        = "17841400000000001"
	fbID        = "1100000000000001"
	waID        = "210"
	hateful     = "I will kill you all"
	unsure      = "this brand is run by pathetic clowns" // to the model in the binary: for a person, or the LLM
	wantsToKnow = "info please, what is the price?"
)

// rig is a workspace with accounts on three channels and a live trigger, and the pipeline that works
// for it: bodies go in as the network sends them, rows come out.
type rig struct {
	testing.TB
	db         *sqlx.DB
	ws         int64
	ig, fb, wa inbox.Account
	trigger    int64
	dir        *Directory
	receiver   *Receiver
	splitter   *Splitter
	decider    *Decider
	ledger     *consent.Ledger
	keys       *secret.Keyring
	now        time.Time
	asking     bool // a language model is configured
	n          int
}

func newRig(t testing.TB) *rig {
	t.Helper()
	b := &rig{TB: t, db: testkit.Database(t), now: time.Now().UTC().Truncate(time.Second), ledger: consent.New([]byte("only used in tests: ledger"))}
	keys, err := secret.NewKeyring("a secret key that is only used in tests")
	b.must(err)
	b.keys = keys
	b.ws = b.id(`INSERT INTO workspaces (name, brand, locale, time_zone_at) VALUES ('main', $1, 'en', '2000-01-01') RETURNING id`, brand)
	b.ig, b.fb = b.account("instagram", igID, "", ""), b.account("facebook", fbID, "", "")
	b.wa = b.account("whatsapp", waID, "200", "61400000000")
	b.trigger = b.id(`INSERT INTO triggers (workspace_id, name, state, sources, keywords, intents, public_replies, private_reply, handoff_account_id, valid_minutes, purpose)
		VALUES ($1, 'Spring', 'live', '{comment,reply,ad_comment,live_comment,mention,story_reply,message}', '[{"words":["info","prezzo","brand"]}]', '{price}', '{"en":["We wrote to you!","Look into your messages!"]}', '{"en":"Prices: {{link}}"}', $2, 1440, 'answer') RETURNING id`, b.ws, b.wa.ID)
	b.wire()
	return b
}

func (b *rig) wire() {
	log := slog.New(slog.DiscardHandler)
	b.dir = NewDirectory(b.db)
	b.receiver = NewReceiver(b.db, nil)
	b.splitter = &Splitter{DB: b.db, Accounts: b.dir, Parse: webhook.Parse, Log: log}
	b.decider = b.newDecider("one")
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	receiver := b.receiver // wired anew, it is another one before this goroutine has begun
	go func() { done <- receiver.Run(ctx) }()
	b.Cleanup(func() { stop(); <-done })
}

func (b *rig) newDecider(holder string) *Decider {
	return &Decider{DB: b.db, Accounts: b.dir, IDs: inbox.NewIDs(b.db), Ledger: b.ledger, Lanes: &jobs.Lanes{DB: b.db, Holder: holder},
		Engines: &Engines{New: moderation.EngineFor}, ReferenceKey: b.keys.Derive("handoff"), AskLLM: func() bool { return b.asking },
		Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler)}
}

func (b *rig) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (b *rig) id(stmt string, args ...any) int64 {
	b.Helper()
	var id int64
	b.must(b.db.Get(&id, stmt, args...))
	return id
}

func (b *rig) text(stmt string, args ...any) string {
	b.Helper()
	var s string
	b.must(b.db.Get(&s, stmt, args...))
	return s
}

func (b *rig) exec(stmt string, args ...any) {
	b.Helper()
	_, err := b.db.Exec(stmt, args...)
	b.must(err)
}

func (b *rig) account(channel, external, waba, phone string) inbox.Account {
	b.Helper()
	tx := b.db.MustBegin()
	defer tx.Rollback()
	a, err := inbox.AddAccount(context.Background(), tx, b.keys, inbox.NewAccount{WorkspaceID: b.ws, Channel: channel, ExternalID: external, Name: brand,
		BaseURL: "http://127.0.0.1:1", Token: "token", WABAID: waba, Phone: phone})
	b.must(err)
	b.must(tx.Commit())
	return a
}

// receive hands bodies to the receiver, as the webhook route does.
func (b *rig) receive(bodies ...string) {
	b.Helper()
	for _, body := range bodies {
		b.must(b.receiver.Receive(context.Background(), []byte(body)))
	}
}

// feed receives bodies and works until nothing is left to do.
func (b *rig) feed(bodies ...string) { b.Helper(); b.receive(bodies...); b.work() }

func (b *rig) work() {
	b.Helper()
	b.split()
	b.decide()
	if n := b.id(`SELECT count(*) FROM events WHERE state = 'pending'`); n > 0 {
		b.Fatalf("%d events were not decided: %s", n, b.text(`SELECT min(kind || ': ' || reason) FROM events WHERE state = 'pending'`))
	}
	if n := b.id(`SELECT count(*) FROM events WHERE reason = ''`); n > 0 {
		b.Fatalf("%d events ended without a reason", n)
	}
}

func (b *rig) split() {
	b.Helper()
	for {
		n, err := b.splitter.Once(context.Background())
		b.must(err)
		if n == 0 {
			return
		}
	}
}

func (b *rig) decide() {
	b.Helper()
	for {
		n, err := b.decider.Once(context.Background(), b.held(b.decider))
		b.must(err)
		if n == 0 {
			return
		}
	}
}

func (b *rig) held(d *Decider) []jobs.Held {
	b.Helper()
	held, err := d.Lanes.Acquire(context.Background())
	b.must(err)
	return held
}

// sent plays the outbox: whatever is planned leaves now.
func (b *rig) sent() {
	b.Helper()
	b.exec(`UPDATE actions SET state = 'done', sent_at = $1, done_at = $1, external_id = 'out.' || id WHERE state = 'planned'`, b.now)
}

func (b *rig) pass(d time.Duration) { b.now = b.now.Add(d) }

// action is what the outbox holds.
type action struct {
	Kind    string `db:"kind"`
	State   string `db:"state"`
	Purpose string `db:"purpose"`
	Origin  string `db:"origin"`
	Text    string `db:"text"`
	Call    []byte `db:"call"`
}

// actions lists the actions of the kinds given, of all where none is; read marks are left out.
func (b *rig) actions(kinds ...string) []action {
	b.Helper()
	var all []action
	b.must(b.db.Select(&all, `SELECT kind, state, purpose, origin, coalesce(call->>'text', '') AS text, call FROM actions WHERE kind <> 'message.typing' ORDER BY id`))
	var out []action
	for _, a := range all {
		for _, k := range kinds {
			if a.Kind == k {
				out = append(out, a)
			}
		}
		if len(kinds) == 0 {
			out = append(out, a)
		}
	}
	return out
}

// summary is the actions in one line.
func summary(list []action) string {
	var parts []string
	for _, a := range list {
		parts = append(parts, a.Kind+" "+a.State)
	}
	return strings.Join(parts, ", ")
}

func (b *rig) wantActions(want string) {
	b.Helper()
	if got := summary(b.actions()); got != want {
		b.Errorf("actions: %s\nwant:    %s\nreasons: %v", got, want, b.reasons())
	}
}

func (b *rig) reasons() []string {
	var out []string
	b.must(b.db.Select(&out, `SELECT kind || ' (' || state || '): ' || reason FROM events ORDER BY id`))
	return out
}

func (b *rig) lastReason(part string) {
	b.Helper()
	if got := b.text(`SELECT reason FROM events ORDER BY id DESC LIMIT 1`); !strings.Contains(got, part) {
		b.Errorf("the last event ended with %q, want …%q…", got, part)
	}
}

// reference makes a handoff of the person who commented and returns the text their link puts there.
func (b *rig) reference(language string) (text string, handoff int64) {
	b.Helper()
	code, handoff := b.lastCode()
	return router.Prefilled(language, code), handoff
}

// lastCode is the reference of the handoff made last, as it goes out with the message that holds its place.
func (b *rig) lastCode() (code string, handoff int64) {
	b.Helper()
	handoff = b.id(`SELECT max(id) FROM handoffs`)
	var texts []string
	b.must(b.db.Select(&texts, `SELECT call->>'text' FROM actions WHERE call->>'text' LIKE '%~ref:%'`))
	for _, text := range texts {
		link, _ := url.QueryUnescape(router.ExpandReferences(b.keys.Derive("handoff"), text))
		code, _ = router.FindReference(link)
		if b.id(`SELECT count(*) FROM handoffs WHERE id = $1 AND hash = $2`, handoff, router.HashReference(code)) == 1 {
			return code, handoff
		}
	}
	b.Fatalf("no message that waits holds the reference of handoff %d", handoff)
	return "", 0
}

func (b *rig) encode(v any) string {
	b.Helper()
	raw, err := json.Marshal(v)
	b.must(err)
	return string(raw)
}

func (b *rig) next(prefix string) string { b.n++; return fmt.Sprintf("%s%d", prefix, b.n) }
