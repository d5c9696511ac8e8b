package ingest

import (
	"slices"
	"strings"
	"time"

	"ponte/channels"
	"ponte/outbox"
)

var (
	underPosts = []string{"info please", "any deal?", "deal deal", "lovely", "info about the deal", hateful, "what is the price?"}
	ordinary   = []string{"hello", "when do you open?", "deal?", "info please", "club", "club", "thanks!", "subscribe", "do you have blue ones?", "I am so stopped by this traffic"}
	stops      = []string{"STOP", "stop", "unsubscribe", "please stop sending me messages", "non scrivetemi più", "Stop sending me messages please, I am fed up"}
)

func (h *weeks) some() *human { return h.people[h.rng.IntN(len(h.people))] }

func pick[T any](h *weeks, list []T) T { return list[h.rng.IntN(len(list))] }

// step is what happens in some minutes, hours or days.
func (h *weeks) step() {
	for range 1 + h.rng.IntN(4) {
		p := h.some()
		switch k := h.rng.IntN(32); {
		case k < 5:
			h.under(p)
		case k < 17:
			h.chats(p)
		case k < 21:
			h.optsIn(p)
		case k == 21:
			h.imports(p)
		case k == 22:
			h.merge()
		case k == 23:
			h.part()
		case k == 24:
			h.blocks(p)
		case k == 25 && len(h.bodies) > 0: // the network sends it again
			h.receive(pick(h, h.bodies))
		case k == 26:
			h.preference(p)
		default:
			h.asks(p)
		}
	}
	if len(h.keen) > 0 { // a brand that has found somebody who said yes
		h.asks(pick(h, h.keen[max(0, len(h.keen)-3):]))
	}
	switch h.rng.IntN(14) {
	case 0:
		h.dies()
	case 1:
		status := pick(h, []string{"APPROVED", "APPROVED", "PAUSED"})
		h.exec(`UPDATE templates SET status = $1 WHERE name = 'summer'`, status)
		h.oracle.paused["summer"] = status == "PAUSED"
	}
	h.clockMoves()
	h.clock()
	h.ringing()
	h.writeToNumbers()
}

func (h *weeks) clockMoves() {
	switch h.rng.IntN(12) {
	case 0:
		h.pass(-time.Duration(1+h.rng.IntN(90)) * time.Minute) // a clock that was set back
	case 1, 2:
		h.pass(time.Duration(1+h.rng.IntN(5)) * 24 * time.Hour)
	default:
		h.pass(time.Duration(1+h.rng.IntN(240)) * time.Minute)
	}
	if hour := h.now.Hour(); (hour < 7 || hour > 17) && h.rng.IntN(3) > 0 { // most is done by day
		h.pass(time.Duration(32-hour) % 24 * time.Hour)
	}
}

// ringing passes on the timers of flows that are due; what they bring is decided in the round.
func (h *weeks) ringing() {
	h.exec(`UPDATE events SET not_before = NULL WHERE state = 'pending'`)
	_, err := h.timers().Once(h.Context())
	h.must(err)
}

// send receives a body, and sometimes keeps it to be received again.
func (h *weeks) send(body string) {
	h.receive(body)
	if h.rng.IntN(5) == 0 {
		h.bodies = append(h.bodies, body)
	}
}

// under is somebody under a post: they comment, answer, edit or remove what they wrote.
func (h *weeks) under(p *human) {
	text := pick(h, underPosts)
	id := h.next("c")
	switch k := h.rng.IntN(8); {
	case k < 4:
		h.wrote(id)
		h.send(h.igComment(id, p.ig, text))
	case k == 4 && len(h.comments) > 0:
		h.wrote(id)
		h.send(h.igReply(id, pick(h, h.comments), p.ig, text))
	case k < 7:
		id = fbID + "_" + id
		h.wrote(id)
		h.send(h.fbFeed("add", id, p.facebook, "info"))
		if h.rng.IntN(2) == 0 { // and thinks better of it: another trigger would match now
			h.send(h.fbFeed("edited", id, p.facebook, text))
		}
	case len(h.comments) > 0:
		id = pick(h, h.comments)
		if strings.HasPrefix(id, fbID) {
			h.send(h.fbFeed("remove", id, p.facebook, ""))
		}
	}
}

func (h *weeks) wrote(id string) {
	h.oracle.comments[id] = h.now
	h.comments = append(h.comments, id)
}

// chats is a message of a person, on any network: a tap, a wish about offers, or anything else.
func (h *weeks) chats(p *human) {
	c := h.chat(p)
	if options := h.net.buttons[c.key()]; len(options) > 0 && h.rng.IntN(3) == 0 {
		h.taps(c, pick(h, options))
		return
	}
	text := pick(h, ordinary)
	switch k := h.rng.IntN(30); {
	case k < 9:
		text = pick(h, []string{"yes", "Sì", "YES"})
	case k == 9:
		text = "no"
	case k == 10:
		text = pick(h, stops)
	case k == 11:
		text = "annulla"
	case k < 15 && c.channel != "whatsapp":
		text = "call me: +" + h.some().phone
	}
	h.said(c, text)
	h.send(c.body(h, h.next("m"), text))
}

// chat is where somebody writes.
type chat struct {
	channel, person string
	account         int64
	second          bool
}

func (c chat) address() string { return c.channel + ":" + c.person }
func (c chat) key() string     { return where(c.address(), c.account) }

func (h *weeks) chat(p *human) chat {
	switch h.rng.IntN(5) {
	case 0:
		return chat{"messenger", p.messenger, h.fb.ID, false}
	case 1, 2:
		return chat{"instagram", p.ig, h.ig.ID, false}
	case 3:
		return chat{"whatsapp", p.phone, h.second.ID, true}
	}
	return chat{"whatsapp", p.phone, h.wa.ID, false}
}

func (c chat) body(h *weeks, id, text string) string {
	switch c.channel {
	case "instagram":
		return h.igMessage(id, c.person, text)
	case "messenger":
		return strings.NewReplacer(`"object":"instagram"`, `"object":"page"`, igID, fbID).Replace(h.igMessage(id, c.person, text))
	}
	if c.second {
		return h.onSecond(h.waText(id, c.person, text))
	}
	return h.waText(id, c.person, text)
}

// said notes what the oracle makes of a message: a yes counts only as the answer to the wording that
// reached the person before, a number only with a yes to the question about it.
func (h *weeks) said(c chat, text string) {
	h.hear(c)
	o, key := h.oracle, c.key()
	switch {
	case strings.EqualFold(text, "yes") || text == "Sì":
		if number := o.asked[key]; number != "" {
			o.numbers["whatsapp:"+number] = true
		}
		switch o.shown[key] {
		case "offers":
			h.fact("yes", c.address())
		case "doubt":
			h.fact("stop", c.address())
		}
		delete(o.shown, key)
		delete(o.asked, key)
	case text == "no":
		switch o.shown[key] {
		case "offers":
			h.fact("stop", c.address())
		case "doubt":
			h.fact("keep", c.address())
		}
		delete(o.shown, key)
		delete(o.asked, key)
	case text == "annulla":
		h.fact("doubt", c.address())
	case slices.Contains(stops, text):
		h.fact("stop", c.address())
		delete(o.shown, key)
	}
}

func (h *weeks) hear(c chat) {
	if at := h.oracle.heard[c.key()]; h.now.After(at) {
		h.oracle.heard[c.key()] = h.now
	}
}

// taps is a tap on something that was shown, now or long ago.
func (h *weeks) taps(c chat, b tappable) {
	h.hear(c)
	switch {
	case b.under == "offers" && b.first:
		h.fact("yes", c.address())
	case b.under == "doubt" && b.first:
		h.fact("stop", c.address())
	case b.under == "doubt":
		h.fact("keep", c.address())
	}
	if c.channel == "whatsapp" {
		body := h.waButton(h.next("t"), c.person, b.id, b.title)
		if c.second {
			body = h.onSecond(body)
		}
		h.send(body)
		return
	}
	body := h.igMessaging(obj{"sender": obj{"id": c.person}, "recipient": obj{"id": igID}, "message": obj{"mid": h.next("t"), "text": b.title, "quick_reply": obj{"payload": b.id}}})
	if c.channel == "messenger" {
		body = strings.NewReplacer(`"object":"instagram"`, `"object":"page"`, igID, fbID).Replace(body)
	}
	h.send(body)
}

// optsIn is a request of the public form and, mostly, its confirmation from the person's own number.
func (h *weeks) optsIn(p *human) {
	text, _ := h.request("")
	from := p
	if h.rng.IntN(4) == 0 {
		h.pass(49 * time.Hour)
	} else {
		h.fact("yes", "whatsapp:"+from.phone)
		h.keen = append(h.keen, p)
	}
	c := chat{"whatsapp", from.phone, h.wa.ID, false}
	h.hear(c)
	h.send(h.waText(h.next("o"), from.phone, text))
}

func (h *weeks) preference(p *human) {
	value := pick(h, []string{"stop", "resume"})
	if value == "stop" {
		h.fact("stop", "whatsapp:"+p.phone)
	}
	h.send(h.waChange("user_preferences", obj{"messaging_product": "whatsapp", "metadata": obj{"display_phone_number": "61400000000", "phone_number_id": waID},
		"contacts":         []any{obj{"wa_id": p.phone, "user_id": "AU." + p.phone}},
		"user_preferences": []any{obj{"wa_id": p.phone, "user_id": "AU." + p.phone, "detail": "user chose", "category": "marketing_messages", "value": value, "timestamp": h.now.Unix()}}}))
}

func (h *weeks) blocks(p *human) {
	h.exec(`UPDATE contacts SET blocked_at = CASE WHEN $1 THEN now() END WHERE id IN (SELECT contact_id FROM identities WHERE external_id = $2 OR phone = $3)`, h.rng.IntN(6) == 0, p.ig, p.phone)
}

// asks is somebody else who wants something sent: a member, the API, a bot, a rule; labelled as they like.
func (h *weeks) asks(p *human) {
	var known []known
	h.must(h.db.Select(&known, `SELECT id, contact_id, channel, external_id, phone FROM identities WHERE external_id = ANY(ARRAY[$1,$2]) OR phone = $3 ORDER BY id`, p.ig, p.messenger, p.phone))
	switch {
	case h.rng.IntN(3) == 0:
		h.asksUnderPost()
	case len(known) > 0:
		h.wants(pick(h, known))
	}
}

// known is an identity that the brand has met.
type known struct {
	ID      int64   `db:"id"`
	Contact int64   `db:"contact_id"`
	Channel string  `db:"channel"`
	Ext     *string `db:"external_id"`
	Phone   *string `db:"phone"`
}

func (h *weeks) wants(who known) {
	a := outbox.Action{WorkspaceID: h.ws, ContactID: &who.Contact, IdentityID: &who.ID, Dedupe: h.next("a"),
		Origin: pick(h, []string{"member", "api", "bot", "system", "trigger"}), Purpose: pick(h, []string{"promotional", "service", "answer"}),
		NotBefore: h.now, ValidUntil: h.now.Add(time.Duration(1+h.rng.IntN(150)) * time.Hour),
		Call: channels.Call{Kind: channels.SendMessage, Channel: channels.Channel(who.Channel), Text: pick(h, []string{dealText, "Your kayak is ready."})}}
	switch who.Channel {
	case "whatsapp":
		a.AccountID = pick(h, []int64{h.wa.ID, h.second.ID})
		if who.Phone != nil {
			a.Call.Phone = *who.Phone
		}
		if h.rng.IntN(4) > 0 {
			a.Call.Kind, a.Call.Text, a.Call.Template = channels.SendTemplate, "", &channels.TemplateSend{Name: pick(h, []string{"summer", "summer", "sly", "pickup"}), Language: "en"}
		}
	case "instagram":
		a.AccountID, a.Call.To = h.ig.ID, *who.Ext
	default:
		a.AccountID, a.Call.To = h.fb.ID, *who.Ext
	}
	h.add(a, a.Origin == "member" && a.Purpose != "promotional" && a.Call.Kind == channels.SendMessage)
}

// asksUnderPost wants a private reply to any comment, old or answered or not.
func (h *weeks) asksUnderPost() {
	var c struct {
		ID       int64  `db:"id"`
		Account  int64  `db:"account_id"`
		Channel  string `db:"channel"`
		Ext      string `db:"external_id"`
		Contact  *int64 `db:"contact_id"`
		Identity *int64 `db:"identity_id"`
	}
	if len(h.comments) == 0 || h.db.Get(&c, `SELECT id, account_id, channel, external_id, contact_id, identity_id FROM comments WHERE external_id = $1`, pick(h, h.comments)) != nil {
		return // it was not decided yet
	}
	a := outbox.Action{WorkspaceID: h.ws, AccountID: c.Account, CommentID: &c.ID, ContactID: c.Contact, IdentityID: c.Identity, Dedupe: h.next("p"), Origin: pick(h, []string{"member", "member", "api"}), Purpose: "answer",
		NotBefore: h.now.Add(time.Duration(h.rng.IntN(200)) * time.Hour), Call: channels.Call{Kind: channels.PrivateReply, Channel: channels.Channel(c.Channel), CommentID: c.Ext, Text: pick(h, []string{dealText, "We wrote to you."})}}
	a.ValidUntil = a.NotBefore.Add(100 * time.Hour)
	h.add(a, a.Origin == "member")
}

func (h *weeks) add(a outbox.Action, exempt bool) {
	tx := h.db.MustBegin()
	defer tx.Rollback()
	added, err := outbox.Add(h.Context(), tx, []outbox.Action{a})
	h.must(err)
	h.must(tx.Commit())
	h.net.exempt[added[0].Token] = exempt // a person answers a person
}

// dies is a process that is killed when its calls have reached the network and nothing is recorded.
func (h *weeks) dies() {
	h.split()
	h.decideAll()
	h.before = h.stand()
	_, err := h.sender(fatal{h.net}).Step(h.Context())
	h.must(err)
	h.judge(0, h.before, h.before)
	h.pass(time.Minute)
	h.must(h.senders[0].Tend(h.Context()))
}
