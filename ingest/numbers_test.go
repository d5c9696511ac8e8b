package ingest

import (
	"strings"
	"testing"
	"time"

	"ponte/router"
	"ponte/template"
)

// approve puts ready-made templates on the WhatsApp account, as Meta lists them once they are approved.
func (b *rig) approve(keys ...string) {
	b.Helper()
	all, err := template.Ready(brand)
	b.must(err)
	for _, r := range all {
		for language, d := range r.Languages {
			for _, k := range keys {
				if k != r.Key {
					continue
				}
				raw, err := d.Wire(r.Key, language)
				b.must(err)
				b.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES ($1, $2, $3, $4, $5, 'APPROVED', $6::jsonb->'components')`, b.ws, b.wa.ID, r.Key, language, r.Category, string(raw))
			}
		}
	}
}

func (b *rig) writeToNumbers() {
	b.Helper()
	f := b.fetcher(nil)
	_, err := f.numbersAgreed(b.Context())
	b.must(err)
}

// left plays a person of the chat up to the moment when the wording has left.
func (b *rig) left(text string) {
	b.Helper()
	b.feed(b.igMessage(b.next("d"), "77", text))
	b.sent()
	b.pass(time.Minute)
}

const leftNumber = "61491570159"

func TestANumberLeftInAChatIsCarriedOnlyWithItsOwnersYes(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.approve(template.NumberCheck)
	b.left("can you call me? 0491 570 159")
	b.lastReason("asked whether we may write to it")
	question := b.actions("message.send")[0]
	if !strings.Contains(question.Text, "Bondi Kayaks") || !strings.HasSuffix(question.Text, "+61 491 570 159") || question.Purpose != "answer" {
		t.Errorf("asked: %+v", question)
	}
	b.writeToNumbers()
	if n := len(b.actions("template.send")); n != 0 {
		t.Fatal("it was written to before anybody agreed")
	}
	b.feed(b.igMessage("yes", "77", "Sì"))
	b.lastReason("agreed to be written to")
	b.wantLedger("ask whatsapp keyword_reply", "grant whatsapp keyword_reply")
	if got := b.text(`SELECT evidence::text FROM consent_entries WHERE act = 'grant' AND purpose = 'service' AND channel = 'whatsapp'`); !strings.Contains(got, `"message": "yes"`) || !strings.Contains(got, `"number_message": "d1"`) || strings.Contains(got, "491") {
		t.Errorf("evidence %s", got)
	}
	b.writeToNumbers()
	b.writeToNumbers()
	sent := b.actions("template.send")
	if len(sent) != 1 || sent[0].Purpose != "service" || strings.Contains(string(sent[0].Call), "call me") || !strings.Contains(string(sent[0].Call), leftNumber) {
		t.Fatalf("%+v", sent)
	}
	chat := b.id(`SELECT contact_id FROM identities WHERE channel = 'instagram' AND external_id = '77'`)
	if wa := b.id(`SELECT contact_id FROM identities WHERE channel = 'whatsapp' AND phone = $1`, leftNumber); wa == chat {
		t.Error("the number belongs to the person of the chat before anybody answered there")
	}
	if got := b.text(`SELECT fields->>'phone_unverified' FROM contacts WHERE id = $1`, chat); got != "+"+leftNumber {
		t.Errorf("the unverified number is %q", got)
	}
	b.sent()
	b.pass(time.Minute)
	b.feed(b.waText("w1", leftNumber, "Yes, that was me"))
	if wa := b.id(`SELECT contact_id FROM identities WHERE channel = 'whatsapp' AND phone = $1`, leftNumber); wa != chat {
		t.Error("the yes on WhatsApp joined nobody")
	}
	if got := b.text(`SELECT how || ' ' || (evidence->>'message') FROM identity_joins`); got != "number w1" {
		t.Errorf("joined by %s", got)
	}
	if got := b.text(`SELECT state FROM number_handoffs`); got != "confirmed" {
		t.Errorf("it is %s", got)
	}
}

// One number that cannot be written to, for whatever reason, keeps none of the others waiting.
func TestANumberThatFailsHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.approve(template.NumberCheck)
	for person, number := range map[string]string{"77": "0491 570 159", "78": "0491 570 158"} {
		b.feed(b.igMessage(b.next("d"), person, "can you call me? "+number))
		b.sent()
		b.pass(time.Minute)
		b.feed(b.igMessage(b.next("d"), person, "Sì"))
	}
	b.exec(`UPDATE number_handoffs SET try_after = now() - interval '1 day' WHERE phone = $1`, leftNumber)
	b.exec(`CREATE FUNCTION no_entry() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN RAISE EXCEPTION 'cannot be met'; END $f$`)
	b.exec(`CREATE TRIGGER no_entry BEFORE INSERT ON identities FOR EACH ROW WHEN (NEW.phone = '` + leftNumber + `') EXECUTE FUNCTION no_entry()`)
	if _, err := b.fetcher(nil).numbersAgreed(b.Context()); err == nil || !strings.Contains(err.Error(), "cannot be met") {
		t.Errorf("the failure is told as %v", err)
	}
	if n := len(b.actions("template.send")); n != 1 {
		t.Errorf("%d numbers were written to, want the one that can be", n)
	}
}

// Who asks about the brand's own number leaves none.
func TestTheBrandsOwnNumberIsNobodys(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.approve(template.NumberCheck)
	b.exec(`UPDATE accounts SET phone = '+61 491 570 156' WHERE id = $1`, b.wa.ID)
	b.left("is 0491 570 156 your number?")
	if n := b.id(`SELECT count(*) FROM number_handoffs`); n != 0 {
		t.Errorf("%d asked whether the brand's own number may be written to", n)
	}
	b.left("mine is 0491 570 159")
	b.lastReason("asked whether we may write to it")
}

// However somebody leaves their number – alone, as at home, with the marks of their keyboard – it is asked about
// and not taken for spam because of its digits.
func TestNumbersAsPeopleLeaveThem(t *testing.T) {
	t.Parallel()
	for text, spelled := range map[string]string{
		"Ciao, il mio numero è 333 111 0002":                       "+39 333 111 0002",
		"Ciao, sono Giulia. Mi potete scrivere al +39 333 1110002": "+39 333 111 0002",
		"0491 570 159":                     "+61 491 570 159",
		"+61491570159":                     "+61 491 570 159",
		"text me: 0491–570–159":            "+61 491 570 159",
		"mon numéro est le 06 12 34 56 78": "+33 6 12 34 56 78",
		"numărul meu este 0722 123 456":    "+40 722 123 456",
		"meine Nummer ist 0151 23456789":   "+49 1512 3456789",
		"whatsapp +351·912·345·689":        "+351 912 345 689",
	} {
		b := newRig(t)
		b.approve(template.NumberCheck)
		b.exec(`UPDATE triggers SET state = 'paused'`)
		b.left(text)
		list := b.actions("message.send")
		if len(list) != 1 || !strings.HasSuffix(list[0].Text, spelled) {
			t.Errorf("%q: %+v; %v", text, list, b.reasons())
		}
	}
}

// What is spam under a post is a customer's wish in private – unless it offers something, links to it, or harms.
func TestANumberInWordsThatSpammersUse(t *testing.T) {
	t.Parallel()
	for text, asked := range map[string]bool{
		"contactez-moi sur whatsapp +33 6 12 34 56 78":                                                 true,
		"contact me on WhatsApp +61 491 570 159":                                                       true,
		"Verdienen Sie 500 € am Tag von zu Hause, WhatsApp +49 151 23456789":                           false,
		"get 10k real followers cheap, 50% off, WhatsApp +61 491 570 159":                              false,
		"invest in bitcoin with my manager www.fastcoin.shop, contact her on WhatsApp +61 491 570 159": false,
		"you fucking idiots, I hope you all die, pathetic scum 0491 570 159":                           false,
	} {
		b := newRig(t)
		b.approve(template.NumberCheck)
		b.exec(`UPDATE triggers SET state = 'paused'`)
		b.left(text)
		if list := b.actions("message.send"); (len(list) == 1) != asked {
			t.Errorf("%q: %+v; %v", text, list, b.reasons())
		}
	}
}

// Nor is an address left in a first message spam because it is one.
func TestAnEmailLeftInAChat(t *testing.T) {
	t.Parallel()
	for text, filed := range map[string]bool{
		"email: anna@gmail.com, name: Anna": false,
		"anna.b@gmail.com":                  false,
		"la mia mail è anna.b@gmail.com":    false,
		"Buy 10k real followers cheap www.boostgram.shop, mail sales@boostgram.shop": true,
	} {
		b := newRig(t)
		b.feed(b.igMessage("m1", "77", text))
		if got := b.text(`SELECT spam::text FROM conversations`) == "true"; got != filed {
			t.Errorf("%q is in the spam folder: %v; %v", text, got, b.reasons())
		}
	}
}

// A slip of the finger leads to a stranger: whatever they say but yes, they inherit nothing.
func TestAStrangerAtTheNumberJoinsNobody(t *testing.T) {
	t.Parallel()
	for answer, state := range map[string]string{"who is this?": "sent", "No, wrong number": "denied", "STOP": "sent", "nein": "denied"} {
		b := newRig(t)
		b.approve(template.NumberCheck)
		b.left("0491 570 159")
		b.feed(b.igMessage("yes", "77", "YES"))
		b.writeToNumbers()
		b.sent()
		b.pass(time.Minute)
		b.feed(b.waText("w1", leftNumber, answer))
		if n := b.id(`SELECT count(*) FROM identity_joins`); n != 0 {
			t.Errorf("%q joined the stranger", answer)
		}
		if got := b.text(`SELECT state FROM number_handoffs`); got != state {
			t.Errorf("%q: %s, want %s", answer, got, state)
		}
		if answer == "nein" && (b.id(`SELECT count(*) FROM actions WHERE kind = 'message.send' AND call->>'channel' = 'whatsapp'`) != 0 || b.text(`SELECT state FROM conversations WHERE channel = 'whatsapp'`) != "resolved") {
			t.Errorf("a stranger was welcomed: %+v", b.actions("message.send"))
		}
		if state == "denied" && b.id(`SELECT count(*) FROM consent_entries WHERE act = 'expire' AND how = 'wrong_number'`) != 1 {
			t.Errorf("%q: the consent for the number did not end", answer)
		}
	}
}

func TestWhatIsNoAgreementToANumber(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		play   func(b *rig)
		number int64 // rows
		grants int64
	}{
		"a yes without a question":       {func(b *rig) { b.left("yes") }, 0, 0},
		"a yes before the wording left":  {func(b *rig) { b.feed(b.igMessage("a", "77", "0491 570 159"), b.igMessage("b", "77", "yes")) }, 1, 0},
		"no":                             {func(b *rig) { b.left("0491 570 159"); b.left("no") }, 1, 0},
		"something else":                 {func(b *rig) { b.left("0491 570 159"); b.left("how much is it?") }, 1, 0},
		"a number under a post":          {func(b *rig) { b.feed(b.igComment("c1", "77", "call me 0491 570 159")); b.left("yes") }, 0, 0},
		"no number at all":               {func(b *rig) { b.left("order 1042 of 12.10.2026, please") }, 0, 0},
		"a landline":                     {func(b *rig) { b.left("02 5550 1234") }, 0, 0},
		"a yes of somebody else":         {func(b *rig) { b.left("0491 570 159"); b.feed(b.igMessage("z", "78", "yes")) }, 1, 0},
		"another number takes its place": {func(b *rig) { b.left("0491 570 159"); b.left("sorry, 0491 570 156"); b.left("da") }, 2, 1},
		"no template is approved":        {func(b *rig) { b.exec(`UPDATE templates SET status = 'PAUSED'`); b.left("0491 570 159"); b.left("yes") }, 0, 0},
		"our own message":                {func(b *rig) { b.feed(b.igEcho("e", "77", "call us 0491 570 159")) }, 0, 0},
		"a person is talking with them": {func(b *rig) {
			b.left("hi")
			b.exec(`UPDATE conversations SET handler = 'human'`)
			b.left("0491 570 159")
			b.left("yes")
		}, 0, 0},
		"the answer comes after that all": {func(b *rig) { b.left("0491 570 159"); b.left("oui"); b.left("oui") }, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.approve(template.NumberCheck)
			c.play(b)
			b.writeToNumbers()
			if n := b.id(`SELECT count(*) FROM number_handoffs`); n != c.number {
				t.Errorf("%d numbers kept, want %d; %v", n, c.number, b.reasons())
			}
			if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'grant'`); n != c.grants {
				t.Errorf("%d grants, want %d; %v", n, c.grants, b.reasons())
			}
			if n := int64(len(b.actions("template.send"))); n != c.grants {
				t.Errorf("%d templates planned, want %d", n, c.grants)
			}
		})
	}
}

// A yes that is taken back before the message to the number has left sends none: by a word, an edit, an unsend or
// a STOP, whether the message is planned yet or not. What has left cannot be taken back.
func TestAYesToANumberThatIsTakenBack(t *testing.T) {
	t.Parallel()
	for name, back := range map[string]func(b *rig){
		"a no":                     func(b *rig) { b.feed(b.igMessage("no", "77", "No")) },
		"an edit into a no":        func(b *rig) { b.feed(b.igEdit("yes", "77", "no")) },
		"an edit into other words": func(b *rig) { b.feed(b.igEdit("yes", "77", "let me think")) },
		"unsent":                   func(b *rig) { b.feed(b.igUnsend("yes", "77")) },
		"a stop":                   func(b *rig) { b.feed(b.igMessage("stop", "77", "STOP")) },
	} {
		for _, when := range []string{"before it is planned", "while it waits", "after it left"} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				b := newRig(t)
				b.approve(template.NumberCheck)
				b.left("0491 570 159")
				b.feed(b.igMessage("yes", "77", "YES"))
				if when != "before it is planned" {
					b.writeToNumbers()
				}
				if when == "after it left" {
					b.sent()
				}
				b.pass(time.Minute)
				back(b)
				b.writeToNumbers()
				sent := summary(b.actions("template.send"))
				state, ended := b.text(`SELECT state FROM number_handoffs`), b.id(`SELECT count(*) FROM consent_entries WHERE act = 'expire' AND how = 'taken_back' AND purpose = 'service'`)
				if when == "after it left" {
					if sent != "template.send done" || state != "sent" || ended != 0 {
						t.Errorf("%q, %s, %d entries", sent, state, ended)
					}
					return
				}
				if sent != "" && sent != "template.send cancelled" || state != "refused" || ended != 1 {
					t.Errorf("%q, %s, %d entries; %v", sent, state, ended, b.reasons())
				}
			})
		}
	}
	b := newRig(t)
	b.approve(template.NumberCheck)
	b.left("0491 570 159")
	b.feed(b.igMessage("yes", "77", "YES"))
	b.pass(time.Minute)
	b.feed(b.igEdit("yes", "77", "Yes, please"), b.igMessage("more", "77", "thanks"))
	b.writeToNumbers()
	if got := summary(b.actions("template.send")); got != "template.send planned" {
		t.Errorf("a yes that stays a yes: %q; %v", got, b.reasons())
	}
}

// A poster's reference is everybody's: it says where they came from and joins nobody, however often it is
// used. A click on an advertisement keeps its ids.
func TestOriginsOfPostersAndAdvertisements(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	link := b.id(`INSERT INTO handoff_links (workspace_id, name, account_id, reference, language) VALUES ($1, 'Shop window', $2, 'PNT-0000-0000-0000-0001', 'it') RETURNING id`, b.ws, b.wa.ID)
	for i, phone := range []string{"61491570156", "61491570157"} {
		b.feed(b.waText(b.next("w"), phone, router.Prefilled("it", "PNT-0000-0000-0000-0001")))
		b.lastReason("a poster's")
		if n := b.id(`SELECT count(*) FROM conversations WHERE (origin->>'link_id')::bigint = $1`, link); n != int64(i+1) {
			t.Errorf("%d conversations came by the link", n)
		}
	}
	if n := b.id(`SELECT count(*) FROM identity_joins`); n != 0 {
		t.Errorf("%d joins", n)
	}
	b.feed(b.waBody("61491570158", b.waMessage("w9", "61491570158", obj{"type": "text", "text": obj{"body": "hello"},
		"referral": obj{"source_id": "1202", "source_type": "ad", "source_url": "https://fb.me/x", "headline": "Kayaks", "ctwa_clid": "CLICK"}})))
	if got := b.text(`SELECT origin->'referral'->>'source_id' || ' ' || (origin->'referral'->>'headline') || ' ' || (origin->'referral'->>'click_id') FROM conversations ORDER BY id DESC LIMIT 1`); got != "1202 Kayaks CLICK" {
		t.Error(got)
	}
}

// "No, thanks" to the question whether a number may be written to answers that question, and stops no offers.
func TestANoToTheNumberIsNoWithdrawal(t *testing.T) {
	t.Parallel()
	for _, answer := range []string{"no", "nu, mersi", "no thanks", "nein danke", "non merci"} {
		b := newRig(t)
		b.approve(template.NumberCheck)
		b.left("0491 570 159")
		b.feed(b.igMessage("no", "77", answer))
		if got := b.text(`SELECT state || ' ' || (SELECT count(*) FROM consent_entries WHERE act IN ('doubt','withdraw')) FROM number_handoffs`); got != "refused 0" {
			t.Errorf("%q: %s; %v", answer, got, b.reasons())
		}
	}
}
