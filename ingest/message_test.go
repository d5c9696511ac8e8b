package ingest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/consent"
	"ponte/inbox"
	"ponte/router"
)

const customer = "393331110002"

// arrive carries the person who commented to WhatsApp with their reference; everything said has left.
func (b *rig) arrive(language string) {
	b.Helper()
	b.feed(b.igComment("c1", "77", "info"))
	b.sent()
	text, _ := b.reference(language)
	b.pass(time.Minute)
	b.feed(b.waText("wamid.arrive", customer, text))
	b.sent()
	b.pass(time.Minute)
}

// granted carries them on to a consent to offers.
func (b *rig) granted() {
	b.Helper()
	b.arrive("en")
	b.feed(b.waText("wamid.qualify", customer, "1"))
	b.sent()
	b.pass(time.Minute)
	b.feed(b.waButton("wamid.yes", customer, "ponte:yes", "YES"))
	b.sent()
	b.pass(time.Minute)
	if !b.live().Live() {
		b.Fatalf("no consent after YES: %v", b.reasons())
	}
}

func (b *rig) live() consent.State {
	b.Helper()
	var who struct {
		ID      int64 `db:"id"`
		Contact int64 `db:"contact_id"`
	}
	b.must(b.db.Get(&who, `SELECT id, contact_id FROM identities WHERE phone = $1`, customer))
	tx := b.db.MustBegin()
	defer tx.Rollback()
	s, err := b.ledger.Live(context.Background(), tx, b.ws, who.Contact, who.ID, "whatsapp", consent.Promotional, b.now)
	b.must(err)
	return s
}

func (b *rig) wantLedger(acts ...string) {
	b.Helper()
	var got []string
	b.must(b.db.Select(&got, `SELECT act || ' ' || channel || ' ' || how FROM consent_entries ORDER BY seq`))
	if strings.Join(got, ", ") != strings.Join(acts, ", ") {
		b.Errorf("the ledger holds %v, want %v", got, acts)
	}
	report, err := b.ledger.Verify(context.Background(), b.db, b.ws, nil)
	b.must(err)
	if !report.OK() {
		b.Errorf("the ledger does not verify: %v", report.Problems)
	}
}

// said is what the bot has to say to WhatsApp people, in order.
func (b *rig) said() []string {
	b.Helper()
	var out []string
	for _, a := range b.actions("message.send") {
		out = append(out, a.Text)
	}
	return out
}

func (b *rig) wantSaid(parts ...string) {
	b.Helper()
	got := b.said()
	if len(got) != len(parts) {
		b.Fatalf("said %d things, want %d: %q", len(got), len(parts), got)
	}
	for i, part := range parts {
		if !strings.Contains(got[i], part) {
			b.Errorf("said %q, want …%q…", got[i], part)
		}
	}
}

func TestFromACommentToAProvenConsent(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`INSERT INTO posts (workspace_id, account_id, external_id, caption) VALUES ($1, $2, $3, 'Dawn tours')`, b.ws, b.ig.ID, post)
	b.arrive("en")
	b.wantSaid("Good to have you here after “Dawn tours”.")
	if a := b.actions("message.send")[0]; !strings.Contains(string(a.Call), "q:topic:products") || a.Purpose != "answer" {
		t.Errorf("the welcome has no buttons: %s", a.Call)
	}
	if got := b.text(`SELECT how || ' ' || (evidence ? 'handoff_id') FROM identity_joins`); got != "handoff true" {
		t.Errorf("joined as %q", got)
	}
	if b.id(`SELECT count(DISTINCT contact_id) FROM identities`) != 1 || b.id(`SELECT count(*) FROM handoffs WHERE used_by IS NOT NULL`) != 1 {
		t.Error("comment and chat are not of one contact, or the reference is still good")
	}
	if got := b.text(`SELECT origin->>'text' FROM conversations`); !strings.Contains(got, "Dawn tours") || !strings.Contains(got, "Spring") {
		t.Errorf("the origin on the conversation is %q", got)
	}
	b.feed(b.waButton("wamid.q", customer, "q:topic:booking", "Make a booking"))
	b.wantSaid("Dawn tours", "A colleague will answer", "May "+brand+" send you offers")
	b.sent()
	b.pass(time.Minute)
	if b.live().Live() {
		t.Fatal("a consent before anybody said yes")
	}
	b.feed(b.waText("wamid.y", customer, "Yes!"))
	b.wantLedger("ask whatsapp question", "grant whatsapp keyword_reply")
	if s := b.live(); !s.Live() || s.WordingID == nil {
		t.Errorf("the consent stands as %+v", s)
	}
	if got := b.text(`SELECT handler || ' ' || team || ' ' || labels[1] FROM conversations`); got != "human sales booking" {
		t.Errorf("routed as %q", got)
	}
	if got := b.text(`SELECT evidence::text FROM consent_entries WHERE act = 'grant'`); !strings.Contains(got, "asked_action") || strings.Contains(got, customer) {
		t.Errorf("the evidence of the grant is %s", got)
	}
}

func TestStopInEveryLanguage(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"STOP", "stop.", "unsubscribe", "Please stop sending me messages", "non voglio più ricevere messaggi", "cancellatemi dalla lista", "désabonner",
		"je ne veux plus recevoir vos messages", "nu mai vreau mesaje", "dezabonare", "no quiero recibir más mensajes", "baja", "keine Nachrichten mehr bitte", "abmelden",
		"não quero receber mais mensagens", "parem de me mandar mensagens", "STOP sending me this spam http://win-prizes.example/free 🎁🎁🎁"} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.granted()
			before := len(b.said())
			b.feed(b.waText("wamid.stop", customer, text))
			b.sent()
			if b.live().Status != consent.Withdrawn {
				t.Fatalf("after %q the consent is %s: %v", text, b.live().Status, b.reasons())
			}
			b.pass(time.Minute)
			b.feed(b.waText("wamid.again", customer, text))
			b.pass(time.Minute)
			b.feed(b.waText("wamid.after", customer, "do you have kayaks for two?"))
			if said := b.said()[before:]; len(said) != 1 || !strings.Contains(said[0], "START") {
				t.Errorf("after %q was said: %q, want one confirmation", text, said)
			}
			if b.live().Status != consent.Withdrawn {
				t.Error("an ordinary message brought the consent back")
			}
			if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'withdraw' AND channel = 'all'`); n != 2 {
				t.Errorf("%d withdrawals on all channels are in the ledger, want both", n)
			}
		})
	}
}

// Who withdraws on Instagram withdraws from the brand.
func TestStopOnInstagramCountsOnWhatsApp(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.granted()
	b.feed(b.igMessage("m1", "77", "STOP"))
	if b.live().Status != consent.Withdrawn {
		t.Errorf("the WhatsApp consent is %s after STOP on Instagram: %v", b.live().Status, b.reasons())
	}
	var channel string
	b.must(b.db.Get(&channel, `SELECT call->>'channel' FROM actions WHERE call->>'text' LIKE '%START%'`))
	if channel != "instagram" {
		t.Errorf("confirmed on %s", channel)
	}
}

// The comment's author had withdrawn on Instagram before they ever came to WhatsApp.
func TestAWithdrawalIsJoinedWithThePerson(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igMessage("m1", "77", "STOP"))
	b.sent()
	b.exec(`UPDATE triggers SET purpose = 'answer'`)
	b.arrive("en")
	b.feed(b.waText("wamid.q", customer, "1"))
	for _, said := range b.said() {
		if strings.Contains(said, "send you offers") {
			t.Error("somebody who withdrew was asked for offers again by the way")
		}
	}
	b.wantLedger("withdraw all plain_words")
}

func TestADoubtOnInstagramLeadsNoWhatsAppTalk(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igMessage("m1", "77", "annulla"))
	b.wantSaid("smettiamo")
	b.sent()
	b.pass(time.Minute)
	b.feed(b.igMessage("m2", "77", "how big is the boat"))
	b.lastReason("for a person")
	if n := len(b.said()); n != 1 {
		t.Errorf("said %q", b.said())
	}
	b.pass(time.Minute)
	b.feed(b.igMessage("m3", "77", "no"))
	b.wantLedger("doubt all plain_words", "confirm instagram keyword_reply")
}

func TestReferencesOnlyJoinTheOneTheyWereGivenTo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change  string // made to the handoff before it is presented
		forward bool
		edit    func(string) string
		reason  string
		joins   int64
	}{
		"valid":                 {reason: "one contact now", joins: 1},
		"lower case and spaces": {edit: func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", " ") }, reason: "one contact now", joins: 1},
		"with own words":        {edit: func(s string) string { return s + " Are you open today?" }, reason: "one contact now", joins: 1},
		"forwarded":             {forward: true, reason: "had been forwarded"},
		"expired":               {change: `UPDATE handoffs SET expires_at = now() - interval '1 hour'`, reason: "had expired"},
		"revoked":               {change: `UPDATE handoffs SET revoked_at = now(), revoked_why = 'comment removed'`, reason: "had been withdrawn"},
		"edited":                {edit: func(s string) string { return s[:len(s)-1] + otherThan(s[len(s)-1]) }, reason: "not one of ours"},
		"deleted":               {edit: func(string) string { return "Hi!" }, reason: "welcomed and asked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.igComment("c1", "77", "info"))
			b.sent()
			text, _ := b.reference("en")
			if c.change != "" {
				b.exec(c.change)
			}
			if c.edit != nil {
				text = c.edit(text)
			}
			body := b.waText("w1", customer, text)
			if c.forward {
				body = b.waForwarded("w1", customer, text)
			}
			b.feed(body)
			b.lastReason(c.reason)
			b.wantSaid("welcome to " + brand)
			if n := b.id(`SELECT count(*) FROM identity_joins`); n != c.joins {
				t.Errorf("%d joins, want %d", n, c.joins)
			}
		})
	}
}

func otherThan(c byte) string {
	if c == '0' {
		return "2"
	}
	return "0"
}

func TestAUsedReferenceGivesAStrangerNothing(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.arrive("en")
	text, _ := b.reference("en")
	b.feed(b.waText("w2", "4915110110006", text))
	b.lastReason("used by somebody else")
	b.wantSaid("welcome", "no longer valid")
	b.pass(time.Minute)
	b.feed(b.waText("w3", customer, text))
	b.lastReason("used by the same person")
	if b.id(`SELECT count(*) FROM identity_joins`) != 1 || b.id(`SELECT count(DISTINCT contact_id) FROM identities`) != 2 {
		t.Error("a stranger inherited somebody's history")
	}
	var rows []string
	b.must(b.db.Select(&rows, `SELECT DISTINCT v.contact_id::text FROM conversations v`))
	if len(rows) != 2 {
		t.Errorf("the conversations belong to contacts %v", rows)
	}
}

// A chat that exists keeps its history: the commenter joins it, and the join can be taken back.
func TestAJoinKeepsTheOlderContactAndCanBeUndone(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("w0", customer, "hello"))
	b.sent()
	b.exec(`UPDATE threads SET last_out_at = now()`)
	b.pass(time.Minute)
	chat := b.id(`SELECT contact_id FROM identities WHERE channel = 'whatsapp'`)
	b.feed(b.igComment("c1", "77", "info"))
	before := b.id(`SELECT contact_id FROM comments`)
	text, _ := b.reference("en")
	b.feed(b.waText("w1", customer, text))
	if b.id(`SELECT contact_id FROM comments`) != chat || b.id(`SELECT contact_id FROM identities WHERE channel = 'whatsapp'`) != chat {
		t.Error("the chat with a history moved to the contact of the comment")
	}
	b.must(inbox.UnjoinIdentity(context.Background(), b.db, b.ws, b.id(`SELECT id FROM identity_joins`), "user:1"))
	if b.id(`SELECT contact_id FROM comments`) != before {
		t.Error("taking the join back left the comment with the chat")
	}
	b.feed(b.waText("w2", customer, text))
	b.lastReason("used by the same person")
	if b.id(`SELECT contact_id FROM comments`) != before {
		t.Error("the same reference joined again what a person took apart")
	}
}

func TestABurstIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("w1", customer, "hi"), b.waText("w2", customer, "are you there"), b.waText("w3", customer, "?"))
	b.wantSaid("welcome to " + brand)
	if b.id(`SELECT count(*) FROM messages WHERE direction = 'in'`) != 3 || b.id(`SELECT unread FROM conversations`) != 3 {
		t.Error("a message of the burst is missing")
	}
	b.feed(b.waText("w4", customer, "hello?"))
	b.wantSaid("welcome to " + brand)
}

// Whoever has our question for some seconds answers it: silence to that would be ours.
func TestAnAnswerSoonAfterTheQuestionIsNoBurst(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.waText("w1", customer, "hi"))
	b.pass(time.Second)
	b.sent()
	b.exec(`UPDATE threads SET last_out_at = $1`, b.now)
	b.pass(time.Second)
	b.feed(b.waText("w2", customer, "for two adults")) // was being written when the question came
	b.wantSaid("welcome to " + brand)
	b.lastReason("came in a burst")
	b.pass(time.Second)
	b.exec(`UPDATE threads SET last_out_at = $1`, b.now)
	b.pass(4 * time.Second)
	b.feed(b.waText("w3", customer, "on Saturday"))
	b.lastReason("asked again")
}

// The sentence that the link puts there says nothing of what somebody wants, also where its reference was taken out.
func TestAnInvitationWithoutItsReferenceIsWelcomed(t *testing.T) {
	t.Parallel()
	for _, language := range router.Languages {
		for name, code := range map[string]string{"deleted": "", "cut": "PNT-7K3M-9QWT"} {
			b := newRig(t)
			b.feed(b.waText("w1", customer, router.Prefilled(language, code)))
			b.lastReason("welcomed and asked the first question")
			if got := b.text(`SELECT coalesce(string_agg(act, ' '), '') FROM consent_entries`); got != "" {
				t.Errorf("%s, %s: the ledger says %q", language, name, got)
			}
		}
	}
}

func TestTheBotsOwnButtonsNeverWithdraw(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.granted()
	for i, key := range []string{"stop.keep", "consent.yes", "consent.no", "topic.order"} {
		for lang, title := range router.All(key) {
			payload := map[string]string{"stop.keep": "ponte:keep", "consent.yes": "ponte:yes", "consent.no": "ponte:no", "topic.order": "q:topic:order"}[key]
			b.feed(b.waButton(fmt.Sprintf("w%d%s", i, lang), customer, payload, title))
		}
	}
	if n := b.id(`SELECT count(*) FROM consent_entries WHERE act IN ('withdraw', 'doubt')`); n != 0 {
		t.Errorf("%d of the bot's own buttons read like a withdrawal", n)
	}
}

func TestAYesIsOnlyTheAnswerToWhatWasSaidLast(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(b *rig){
		"never sent": func(b *rig) {
			b.exec(`UPDATE actions SET state = 'refused', reason = 'x' WHERE call->>'text' LIKE '%send you offers%'`)
		},
		"sent afterwards": func(b *rig) { b.exec(`UPDATE actions SET sent_at = $1`, b.now.Add(time.Minute)) },
		"an agent wrote since": func(b *rig) {
			b.exec(`INSERT INTO messages (workspace_id, account_id, thread_id, conversation_id, direction, author, text, at)
				SELECT workspace_id, account_id, thread_id, id, 'out', 'member', 'Shall I call you?', now() FROM conversations`)
		},
		"still planned": func(b *rig) { b.exec(`UPDATE actions SET state = 'planned', sent_at = NULL`) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.arrive("en")
			b.feed(b.waText("w1", customer, "1"))
			b.sent()
			prepare(b)
			b.feed(b.waText("w2", customer, "yes"))
			b.wantLedger("ask whatsapp question")
			if b.live().Live() {
				t.Error("a consent was made of it")
			}
		})
	}
}

func TestAPersonIsGivenAndTheBotIsSilent(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.arrive("en")
	b.feed(b.waText("w1", customer, "I want to talk to a real person"))
	b.wantSaid("welcome", "A person from "+brand)
	b.pass(time.Minute)
	b.feed(b.waText("w2", customer, "1"))
	b.wantSaid("welcome", "A person from "+brand)
	if got := b.text(`SELECT handler || ' ' || handler_reason || ' ' || (waiting_since IS NOT NULL) FROM conversations`); got != "human asked_for_a_person true" {
		t.Errorf("the conversation is %q", got)
	}
}

func TestAnUnsendErasesEveryCopy(t *testing.T) {
	t.Parallel()
	const secret = "my dog is called Brunhilde"
	for _, order := range []string{"later", "same batch", "before"} {
		t.Run(order, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.asking = true
			message, unsend := b.igMessage("m1", "77", secret), b.igUnsend("m1", "77")
			switch order {
			case "later":
				b.feed(message)
				b.feed(unsend)
			case "same batch":
				b.feed(message, unsend)
			case "before":
				b.feed(unsend)
				b.feed(message)
			}
			for _, table := range []string{"events", "messages", "verdicts", "conversations", "asks", "actions"} {
				if n := b.id(`SELECT count(*) FROM `+table+` x WHERE x::text ILIKE '%' || $1 || '%'`, "brunhilde"); n > 0 {
					t.Errorf("%s still holds what was taken back", table)
				}
			}
			if n := b.id(`SELECT count(*) FROM deliveries WHERE position('Brunhilde'::bytea IN body) > 0`); n > 0 {
				t.Error("the raw delivery still holds what was taken back")
			}
		})
	}
}

// again has the person who came over come again, from another post.
func (b *rig) again(comment string) string {
	b.Helper()
	b.pass(time.Hour)
	b.exec(`DELETE FROM trigger_runs`)
	b.feed(b.igComment(comment, "77", "info "+comment))
	text, _ := b.reference("en")
	b.sent()
	b.pass(time.Minute)
	return text
}

// Who comes over with a reference is welcomed, also where a person is to answer; where one was asked for, has
// answered or must look, the bot stays silent.
func TestAReferenceInAConversationThatWaits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(b *rig)
		said   string // empty: nothing
		reason string
	}{
		"routed": {func(b *rig) {
			b.feed(b.waText("wamid.q", customer, "1"))
			b.sent()
			b.pass(time.Minute)
			b.feed(b.waText("wamid.n", customer, "no"))
		}, "A person from " + brand + " will answer you in this chat", "the bot is silent; welcomed with the reference; the reference was valid"},
		"asked about offers": {func(b *rig) { b.feed(b.waText("wamid.q", customer, "1")) }, "A person from " + brand, "nothing granted; welcomed with the reference"},
		"asked a question":   {func(*rig) {}, "What can we help you with?", "welcomed with the reference; the question stays open"},
		"withdrew":           {func(b *rig) { b.feed(b.waText("wamid.s", customer, "STOP")) }, "", "for a person: the bot had finished; the reference was valid"},
		"asked for a person": {func(b *rig) { b.feed(b.waText("wamid.h", customer, "I want to talk to a human")) }, "", "the bot is silent; the reference was valid"},
		"routed, then asked for one": {func(b *rig) {
			b.feed(b.waText("wamid.q", customer, "1"))
			b.sent()
			b.pass(time.Minute)
			b.feed(b.waText("wamid.n", customer, "no"))
			b.feed(b.waText("wamid.h", customer, "I want to talk to a human"))
		}, "", "the bot is silent; the reference was valid"},
		"answered by a person": {func(b *rig) {
			b.exec(`UPDATE conversations SET handler = 'human', handler_reason = 'member_answered', first_human_answer_at = now() WHERE channel = 'whatsapp'`)
		}, "", "the bot is silent; the reference was valid"},
		"taken over": {func(b *rig) {
			b.exec(`UPDATE conversations SET handler = 'human', handler_reason = 'taken_over' WHERE channel = 'whatsapp'`)
		}, "", "the bot is silent; the reference was valid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.arrive("en")
			c.before(b)
			b.sent()
			text := b.again("c2")
			n, bot := len(b.said()), b.text(`SELECT handler FROM conversations WHERE channel = 'whatsapp'`)
			b.feed(b.waText("wamid.again", customer, text))
			b.lastReason(c.reason)
			said := b.said()[n:]
			switch {
			case c.said == "" && len(said) > 0:
				t.Errorf("said %q: a person has the conversation", said)
			case c.said != "" && (len(said) != 1 || !strings.Contains(said[0], c.said)):
				t.Errorf("said %q, want …%q… once; %v", said, c.said, b.reasons())
			}
			b.feed(b.waText("wamid.more", customer, text))
			if more := b.said()[n+len(said):]; bot == "human" && len(more) > 0 {
				t.Errorf("the same reference again was answered with %q", more)
			}
			if got := b.text(`SELECT (waiting_since IS NOT NULL)::text FROM conversations WHERE channel = 'whatsapp'`); bot == "human" && got != "true" {
				t.Error("nobody is told that they wait")
			}
		})
	}
}

// Who takes their comment away has taken back what they were invited for: the reference joins nobody any more, and
// whoever brings it is welcomed as anybody is. One that was used before stays what it was.
func TestARemovedCommentTakesItsInvitationBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		used  bool
		joins int64
	}{"before it was used": {false, 0}, "after it was used": {true, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.fbFeed("add", "30_1", "55", "info"))
			b.sent()
			text, _ := b.reference("en")
			if c.used {
				b.feed(b.waText("w1", customer, text))
			}
			b.pass(time.Minute)
			b.feed(b.fbFeed("remove", "30_1", "55", ""))
			if !c.used {
				b.feed(b.waText("w1", customer, text))
				b.lastReason("had been withdrawn")
			}
			b.wantSaid("welcome to " + brand)
			if n := b.id(`SELECT count(*) FROM identity_joins`); n != c.joins {
				t.Errorf("%d joins, want %d: %v", n, c.joins, b.reasons())
			}
			if revoked := b.id(`SELECT count(*) FROM handoffs WHERE revoked_at IS NOT NULL`); (revoked > 0) == c.used {
				t.Errorf("%d references are revoked", revoked)
			}
		})
	}
}
