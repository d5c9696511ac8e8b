package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
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

// room is a workspace with a Page, an Instagram account, a WhatsApp number and a live trigger.
type room struct {
	t        *testing.T
	db       *sqlx.DB
	ws       int64
	accounts map[string]int64
	split    *Splitter
	decide   *Decider
	ledger   *consent.Ledger
	now      time.Time
	seq      int
}

var handoffKey = []byte("a key of the tests, for handoffs")

func newRoom(t *testing.T) *room {
	t.Helper()
	b := &room{t: t, db: testkit.Database(t), accounts: map[string]int64{}, now: time.Now().UTC().Truncate(time.Second)}
	ctx := context.Background()
	w, err := inbox.EnsureWorkspace(ctx, b.db, "Bondi Kayaks")
	must(t, err)
	b.ws = w.ID
	keys, err := secret.NewKeyring(strings.Repeat("k", 32))
	must(t, err)
	for _, a := range []inbox.NewAccount{
		{Channel: "facebook", ExternalID: page}, {Channel: "instagram", ExternalID: insta}, {Channel: "whatsapp", ExternalID: number, WABAID: waba, Phone: phone}} {
		a.WorkspaceID, a.BaseURL, a.Token = b.ws, "http://127.0.0.1:1", "t"
		got, err := inbox.AddAccount(ctx, b.db, keys, a)
		must(t, err)
		b.accounts[a.Channel] = got.ID
	}
	_, err = b.db.Exec(`INSERT INTO triggers (workspace_id, name, state, sources, keywords, intents, public_replies, private_reply, handoff_account_id, purpose)
		VALUES ($1, 'Info', 'live', '{comment,reply,ad_comment,live_comment,mention,story_reply,message}', '[{"language":"","words":["info"]}]', '{}', '{"en":["Thanks!"]}', '{"en":"Come over: {{link}}"}', $2, 'answer')`, b.ws, b.accounts["whatsapp"])
	must(t, err)
	log := slog.New(slog.DiscardHandler)
	directory := NewDirectory(b.db)
	b.ledger = consent.New([]byte(strings.Repeat("l", 32)))
	b.split = &Splitter{DB: b.db, Accounts: directory, Parse: webhook.Parse, Log: log}
	b.decide = b.decider("one", directory, log)
	return b
}

func (b *room) decider(name string, directory *Directory, log *slog.Logger) *Decider {
	return &Decider{DB: b.db, Accounts: directory, IDs: inbox.NewIDs(b.db), Ledger: b.ledger, Engines: &Engines{New: moderation.EngineFor}, ReferenceKey: handoffKey,
		Lanes: &jobs.Lanes{DB: b.db, Holder: name}, AskLLM: func() bool { return false }, Now: func() time.Time { return b.now }, Log: log}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// feed keeps bodies as the receiver would, and works until nothing is left.
func (b *room) feed(bodies ...string) {
	b.t.Helper()
	b.store("webhook", bodies...)
	b.work()
}

func (b *room) store(source string, bodies ...string) {
	b.t.Helper()
	for _, body := range bodies {
		_, err := b.db.Exec(`INSERT INTO deliveries (source, body) VALUES ($1, $2)`, source, []byte(body))
		must(b.t, err)
	}
}

func (b *room) work() {
	b.t.Helper()
	ctx := context.Background()
	for {
		n, err := b.split.Once(ctx)
		must(b.t, err)
		if n == 0 {
			break
		}
	}
	held, err := b.decide.Lanes.Acquire(ctx)
	must(b.t, err)
	for {
		n, err := b.decide.Once(ctx, held)
		must(b.t, err)
		if n == 0 {
			break
		}
	}
	var silent int
	must(b.t, b.db.Get(&silent, `SELECT count(*) FROM events WHERE state = 'done' AND reason = ''`))
	if silent > 0 {
		b.t.Errorf("%d events ended without a reason", silent)
	}
}

func (b *room) count(stmt string, args ...any) int {
	b.t.Helper()
	var n int
	must(b.t, b.db.Get(&n, stmt, args...))
	return n
}

func (b *room) text(stmt string, args ...any) string {
	b.t.Helper()
	var s string
	must(b.t, b.db.Get(&s, stmt, args...))
	return s
}

func quote(s string) string { q, _ := json.Marshal(s); return string(q) }

func (b *room) comment(id, person, text string) string {
	return fmt.Sprintf(`{"object":"instagram","entry":[{"id":"%s","time":%d,"changes":[{"field":"comments","value":{"id":"%s","text":%s,"from":{"id":"%s","username":"u%s"},"media":{"id":"m1"}}}]}]}`,
		insta, b.now.Unix(), id, quote(text), person, person)
}

func (b *room) whatsapp(from, text, extra string) string {
	b.seq++
	return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"%s","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":"%s"},"contacts":[{"wa_id":"%s","profile":{"name":"Giulia M"}}],"messages":[{"from":"%s","id":"wamid.%d","timestamp":"%d"%s,"type":"text","text":{"body":%s}}]}}]}]}`,
		waba, number, from, from, b.seq, b.now.Unix()+int64(b.seq)*60, extra, quote(text))
}

// sent marks what was planned as having left, as the sender would.
func (b *room) sent() {
	b.t.Helper()
	_, err := b.db.Exec(`UPDATE actions SET state = 'done', sent_at = now() WHERE state = 'planned'`)
	must(b.t, err)
	_, err = b.db.Exec(`UPDATE threads SET last_out_at = now()`)
	must(b.t, err)
}

// carry brings a person from a comment to the question about offers.
func (b *room) carry(from string) {
	b.t.Helper()
	b.feed(b.comment("c1", "71", "info"))
	b.sent()
	code, _ := router.NewReference(handoffKey, int64(b.count(`SELECT max(id) FROM handoffs`)))
	b.feed(b.whatsapp(from, router.Prefilled("en", code), ""))
	b.sent()
	b.feed(b.whatsapp(from, "1", ""))
	b.sent()
}

func (b *room) standing(from string) consent.State {
	b.t.Helper()
	var id struct {
		ID      int64 `db:"id"`
		Contact int64 `db:"contact_id"`
	}
	must(b.t, b.db.Get(&id, `SELECT id, contact_id FROM identities WHERE phone = $1`, from))
	tx, err := b.db.Beginx()
	must(b.t, err)
	defer tx.Rollback()
	s, err := b.ledger.Live(context.Background(), tx, b.ws, id.Contact, id.ID, "whatsapp", consent.Promotional, b.now.Add(24*time.Hour))
	must(b.t, err)
	return s
}
