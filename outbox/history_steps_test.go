package outbox

import (
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
	"ponte/inbox"
)

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
