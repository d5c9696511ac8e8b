package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"ponte/consent"
	"ponte/router"
)

// room is a rig whose one trigger answers "info", for the walks through the whole pipeline.
type room struct {
	*rig
	seq int
}

func newRoom(t *testing.T) *room {
	t.Helper()
	b := &room{rig: newRig(t)}
	b.exec(`UPDATE triggers SET keywords = '[{"language":"","words":["info"]}]', intents = '{}', public_replies = '{"en":["Thanks!"]}', private_reply = '{"en":"Come over: {{link}}"}' WHERE id = $1`, b.trigger)
	return b
}

// store keeps bodies that came by another way than the webhook.
func (b *room) store(source string, bodies ...string) {
	b.Helper()
	for _, body := range bodies {
		b.exec(`INSERT INTO deliveries (source, body) VALUES ($1, $2)`, source, []byte(body))
	}
}

func (b *room) count(stmt string, args ...any) int { b.Helper(); return int(b.id(stmt, args...)) }

func quote(s string) string { q, _ := json.Marshal(s); return string(q) }

func (b *room) comment(id, person, text string) string {
	return fmt.Sprintf(`{"object":"instagram","entry":[{"id":"%s","time":%d,"changes":[{"field":"comments","value":{"id":"%s","text":%s,"from":{"id":"%s","username":"u%s"},"media":{"id":"m1"}}}]}]}`,
		igID, b.now.Unix(), id, quote(text), person, person)
}

func (b *room) whatsapp(from, text, extra string) string {
	b.seq++
	return fmt.Sprintf(`{"object":"whatsapp_business_account","entry":[{"id":"200","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"phone_number_id":"%s"},"contacts":[{"wa_id":"%s","profile":{"name":"Giulia M"}}],"messages":[{"from":"%s","id":"wamid.%d","timestamp":"%d"%s,"type":"text","text":{"body":%s}}]}}]}]}`,
		waID, from, from, b.seq, b.now.Unix()+int64(b.seq)*60, extra, quote(text))
}

// code is the reference of the handoff made last.
func (b *room) code() string {
	b.Helper()
	code, _ := b.lastCode()
	return code
}

// carry brings a person from a comment to the question about offers.
func (b *room) carry(from string) {
	b.Helper()
	b.feed(b.comment("c1", "71", "info"))
	b.sent()
	b.feed(b.whatsapp(from, router.Prefilled("en", b.code()), ""))
	b.sent()
	b.feed(b.whatsapp(from, "1", ""))
	b.sent()
}

func (b *room) standing(from string) consent.State {
	b.Helper()
	var id struct {
		ID      int64 `db:"id"`
		Contact int64 `db:"contact_id"`
	}
	b.must(b.db.Get(&id, `SELECT id, contact_id FROM identities WHERE phone = $1`, from))
	tx, err := b.db.Beginx()
	b.must(err)
	defer tx.Rollback()
	s, err := b.ledger.Live(context.Background(), tx, b.ws, id.Contact, id.ID, "whatsapp", consent.Promotional, b.now.Add(24*time.Hour))
	b.must(err)
	return s
}
