package ingest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
	"ponte/gate"
	"ponte/inbox"
	"ponte/template"
)

// captured takes a number down as staff do where its owner is asked on WhatsApp, and plans the question.
func (b *rig) captured(phone string) (optIn int64) {
	b.Helper()
	b.must(consent.EnsureWordings(b.Context(), b.db, b.ws, brand))
	w, err := consent.LatestWording(b.Context(), b.db, b.ws, consent.StoreOffers, "en")
	b.must(err)
	tx := b.db.MustBegin()
	defer tx.Rollback()
	ledger := b.ledger.WithClock(func() time.Time { return b.now })
	optIn, _, _, err = ledger.RequestOptIn(b.Context(), tx, consent.Request{WorkspaceID: b.ws, Source: "in_store", AccountID: b.wa.ID, WordingID: w.ID, Language: "en", Phone: phone,
		Evidence: consent.Evidence{"staff": "till 4", "proof": "rec-7"}, Actor: "user:9", At: b.now, Hours: 48})
	b.must(err)
	key := inbox.PersonKey{WorkspaceID: b.ws, Channel: channels.WhatsApp, Phone: phone}
	people, err := inbox.MeetPeople(b.Context(), tx, []inbox.Person{{PersonKey: key}}, nil, nil)
	b.must(err)
	b.must(ConfirmOptIn(b.Context(), tx, b.ledger, optIn, people.Find(key).ContactID, phone, brand, "", nil, "", b.now))
	b.must(tx.Commit())
	return optIn
}

// asked sends the question and returns the network's id of the newest that left to the number.
func (b *rig) asked(phone string) string {
	b.Helper()
	b.writeToNumbers()
	b.sent()
	b.pass(time.Minute)
	return b.text(`SELECT coalesce((SELECT 'out.' || id FROM actions WHERE kind = 'template.send' AND call->>'phone' = $1 ORDER BY id DESC LIMIT 1), '')`, phone)
}

func (b *rig) taps(id, from, answers, payload string) string {
	return b.waBody(from, b.waMessage(id, from, obj{"type": "button", "button": obj{"payload": payload, "text": "x"}, "context": obj{"id": answers, "from": "61400000000"}}))
}

func TestAnOptInIsConfirmedByItsOwnersYesAlone(t *testing.T) {
	t.Parallel()
	const stranger = "61491570199"
	for name, c := range map[string]struct {
		play  func(b *rig, q string)
		want  consent.Status
		how   string
		state string // of the request
	}{
		"no answer":              {func(*rig, string) {}, consent.Unknown, "", "waiting"},
		"a tap":                  {func(b *rig, q string) { b.feed(b.taps("a1", leftNumber, q, "opt_in:yes")) }, consent.Granted, "button", "confirmed"},
		"a tap on no":            {func(b *rig, q string) { b.feed(b.taps("a1", leftNumber, q, "opt_in:no")) }, consent.Refused, "button", "cancelled"},
		"a word":                 {func(b *rig, _ string) { b.feed(b.waText("a1", leftNumber, "Yes!")) }, consent.Granted, "keyword_reply", "confirmed"},
		"the button's words":     {func(b *rig, _ string) { b.feed(b.waText("a1", leftNumber, "yes, I agree")) }, consent.Granted, "keyword_reply", "confirmed"},
		"a word of no":           {func(b *rig, _ string) { b.feed(b.waText("a1", leftNumber, "no")) }, consent.Refused, "keyword_reply", "cancelled"},
		"something else":         {func(b *rig, _ string) { b.feed(b.waText("a1", leftNumber, "who is this?")) }, consent.Unknown, "", "waiting"},
		"STOP":                   {func(b *rig, _ string) { b.feed(b.waText("a1", leftNumber, "STOP")) }, consent.Withdrawn, "keyword_reply", "waiting"},
		"a yes of somebody else": {func(b *rig, _ string) { b.feed(b.waText("a1", stranger, "yes")) }, consent.Unknown, "", "waiting"},
		"somebody else taps":     {func(b *rig, q string) { b.feed(b.taps("a1", stranger, q, "opt_in:yes")) }, consent.Unknown, "", "waiting"},
		"too late": {func(b *rig, q string) {
			b.pass(49 * time.Hour)
			b.end()
			b.feed(b.taps("a1", leftNumber, q, "opt_in:yes"))
		}, consent.Unknown, "", "expired"},
		"a member ended it meanwhile": {func(b *rig, q string) {
			b.exec(`UPDATE opt_ins SET state = 'cancelled', ended_at = now()`)
			b.feed(b.taps("a1", leftNumber, q, "opt_in:yes"))
		}, consent.Unknown, "", "cancelled"},
		"STOP, then the button": {func(b *rig, q string) {
			b.feed(b.waText("a1", leftNumber, "STOP"))
			b.pass(time.Minute)
			b.feed(b.taps("a2", leftNumber, q, "opt_in:yes"))
		}, consent.Withdrawn, "keyword_reply", "waiting"},
		"the template was changed since": {func(b *rig, q string) {
			b.exec(`UPDATE templates SET components = replace(components::text, 'offers', 'parcels')::jsonb`)
			b.feed(b.taps("a1", leftNumber, q, "opt_in:yes"))
		}, consent.Unknown, "", "waiting"},
		"twice": {func(b *rig, q string) {
			b.feed(b.taps("a1", leftNumber, q, "opt_in:yes"), b.taps("a2", leftNumber, q, "opt_in:yes"), b.taps("a3", leftNumber, q, "opt_in:no"))
		}, consent.Granted, "button", "confirmed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.approve(gate.OptInQuestion)
			id := b.captured(leftNumber)
			q := b.asked(leftNumber)
			if q == "" {
				t.Fatalf("nothing was asked: %s", b.text(`SELECT state || ': ' || reason FROM number_handoffs`))
			}
			c.play(b, q)
			if got := b.offers(leftNumber); got != c.want {
				t.Errorf("stands at %q, want %q: %v", got, c.want, b.reasons())
			}
			if got := b.text(`SELECT state FROM opt_ins WHERE id = $1`, id); got != c.state {
				t.Errorf("the request is %s, want %s", got, c.state)
			}
			grants := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'grant'`)
			if want := map[bool]int64{true: 1}[c.want == consent.Granted]; grants != want {
				t.Errorf("%d grants, want %d", grants, want)
			}
			b.pass(40 * 24 * time.Hour)
			b.writeToNumbers()
			if n := len(b.actions("template.send")); n != 1 {
				t.Errorf("asked %d times", n)
			}
			if c.want == consent.Granted {
				b.wantBothSteps(c.how)
			}
		})
	}
}

func (b *rig) end() {
	b.Helper()
	b.exec(`UPDATE opt_ins SET state = 'expired', ended_at = $1 WHERE state = 'waiting' AND expires_at <= $1`, b.now)
}

// wantBothSteps looks at the record of the person: the words staff showed, the question by template with its version,
// and the answer that names them both.
func (b *rig) wantBothSteps(how string) {
	b.Helper()
	record, err := b.ledger.Bundle(b.Context(), b.db, b.ws, b.id(`SELECT contact_id FROM identities WHERE phone = $1`, leftNumber))
	b.must(err)
	var steps []string
	for _, e := range record.Entries {
		steps = append(steps, fmt.Sprint(e.Act, " ", e.How, " ", e.Wording.Name, " v", e.Wording.Version))
	}
	want := []string{"ask in_store store_offers v1", "ask template template:opt_in_check v1", "grant " + how + " template:opt_in_check v1"}
	if strings.Join(steps, ", ") != strings.Join(want, ", ") {
		b.Fatalf("the record: %v, want %v", steps, want)
	}
	grant := record.Entries[2].Evidence
	for _, key := range []string{"opt_in", "agreed_at", "first_wording", "asked_action", "message", "event"} {
		if grant[key] == "" {
			b.Errorf("the grant does not name its %s: %v", key, grant)
		}
	}
	if grant["given"] != "in_store" || grant["staff"] != "till 4" || grant["proof"] != "rec-7" || !strings.Contains(record.Entries[2].Wording.Text, "4 messages a month") {
		b.Errorf("the grant: %v with %q", grant, record.Entries[2].Wording.Text)
	}
}

func TestWhoIsNotAsked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(b *rig)
		state  string
		why    string
	}{
		"who took it back": {func(b *rig) { b.feed(b.waText("w1", leftNumber, "STOP")) }, "replaced", "said no"},
		"whose request a member ended": {func(b *rig) {
			b.captured(leftNumber)
			b.exec(`UPDATE opt_ins SET state = 'cancelled', ended_at = now()`)
		}, "replaced", "had ended"},
		"whose template is not approved": {func(b *rig) { b.exec(`UPDATE templates SET status = 'PAUSED'`) }, "agreed", "cannot be sent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.approve(gate.OptInQuestion)
			c.before(b)
			if b.id(`SELECT count(*) FROM opt_ins`) == 0 {
				b.pass(time.Minute)
				b.captured(leftNumber)
			}
			b.writeToNumbers()
			if got := b.text(`SELECT state || ': ' || reason FROM number_handoffs`); !strings.HasPrefix(got, c.state+": ") || !strings.Contains(got, c.why) {
				t.Error(got)
			}
			if n := len(b.actions("template.send")); n != 0 {
				t.Errorf("%d templates", n)
			}
		})
	}
}

// Whoever ticks the box of a website writes first; there is no way from there to a message.
func TestTheWebsitesFormNeverWritesToAnybody(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE workspaces SET settings = '{"consent":{"confirm_by_template":true,"web_opt_in":true}}'`)
	b.approve(gate.OptInQuestion)
	_, id := b.request("61491570122")
	tx := b.db.MustBegin()
	err := ConfirmOptIn(b.Context(), tx, b.ledger, id, 1, "61491570122", brand, "", nil, "", b.now)
	b.must(tx.Rollback())
	if err == nil {
		t.Error("a ticked box could be asked about")
	}
	b.writeToNumbers()
	b.work()
	if n := b.id(`SELECT count(*) FROM actions`) + b.id(`SELECT count(*) FROM identities WHERE phone = '61491570122'`); n != 0 {
		t.Errorf("%d actions and identities for a ticked box", n)
	}
}

// A lead whose box is about offers is asked first; the form's own message follows the yes.
func TestALeadAgreesTwice(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.exec(`UPDATE workspaces SET settings = '{"consent":{"confirm_by_template":true}}'`)
	b.approve(gate.OptInQuestion, template.LeadWelcome)
	b.form("promotional")
	b.lead("881", aliceFields, map[string]bool{"wa_optin": true})
	b.wantLedger("ask whatsapp lead_box")
	sent := b.actions("template.send")
	if len(sent) != 1 || !strings.Contains(string(sent[0].Call), gate.OptInQuestion) || sent[0].Purpose != "service" {
		t.Fatalf("%+v", sent)
	}
	q := b.asked(leftNumber)
	if b.offers(leftNumber) != consent.Unknown {
		t.Error("a ticked box alone counts")
	}
	b.feed(b.taps("a1", leftNumber, q, "opt_in:yes"))
	b.lastReason("confirmed the opt-in")
	if got := b.offers(leftNumber); got != consent.Granted {
		t.Errorf("stands at %s", got)
	}
	if n := b.id(`SELECT count(*) FROM identities i JOIN leads l ON l.contact_id = i.contact_id WHERE i.phone = $1`, leftNumber); n != 1 {
		t.Error("the yes did not make them one person")
	}
	b.writeToNumbers()
	sent = b.actions("template.send")
	if len(sent) != 2 || !strings.Contains(string(sent[1].Call), template.LeadWelcome) || !strings.Contains(string(sent[1].Call), `"Alice"`) {
		t.Fatalf("the form's own message: %+v; %s", sent, b.text(`SELECT string_agg(source || ' ' || state || ': ' || reason, ' | ') FROM number_handoffs`))
	}
	if got := b.text(`SELECT string_agg(e.act || ' ' || e.how || ' ' || w.name, ', ' ORDER BY e.seq) FROM consent_entries e JOIN consent_wordings w ON w.id = e.wording_id`); got != "ask lead_box lead:990, ask template template:opt_in_check, grant button template:opt_in_check" {
		t.Error(got)
	}
}

// Over random histories of captures and answers: offers are welcome exactly where the last word that counts was the
// owner's own yes to a question that waited; each grant stands behind the question it answers.
func TestRandomAnswersToOptInQuestions(t *testing.T) {
	t.Parallel()
	rounds := 12
	if testing.Short() {
		rounds = 3
	}
	for seed := range rounds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.exec(`UPDATE workspaces SET settings = '{"bot":{"ask_offers":false}}'`)
			b.approve(gate.OptInQuestion)
			rng := rand.New(rand.NewPCG(uint64(seed), 51))
			phones := []string{"61491570156", "61491570157", "61491570158"}
			want := map[string]consent.Status{}
			open := map[string]string{} // the question that waits for an answer, by number
			for _, p := range phones {
				want[p] = consent.Unknown
			}
			for range 25 {
				p := phones[rng.IntN(len(phones))]
				switch rng.IntN(8) {
				case 0, 1:
					before := b.id(`SELECT count(*) FROM actions WHERE kind = 'template.send' AND call->>'phone' = $1`, p)
					b.captured(p)
					b.asked(p)
					if b.id(`SELECT count(*) FROM actions WHERE kind = 'template.send' AND call->>'phone' = $1`, p) > before {
						if want[p] != consent.Unknown {
							t.Fatalf("%s was asked and stands at %s", p, want[p])
						}
						open[p] = b.text(`SELECT 'out.' || max(id) FROM actions WHERE kind = 'template.send' AND call->>'phone' = $1`, p)
					}
				case 2:
					b.feed(b.taps(b.next("t"), p, open[p], "opt_in:yes"))
					if open[p] != "" && want[p] == consent.Unknown {
						want[p] = consent.Granted
					}
					delete(open, p)
				case 3:
					b.feed(b.taps(b.next("t"), p, open[p], "opt_in:no"))
					if open[p] != "" && want[p] == consent.Unknown {
						want[p] = consent.Refused
					}
					delete(open, p)
				case 4:
					b.feed(b.waText(b.next("m"), p, "STOP"))
					want[p] = consent.Withdrawn
					delete(open, p)
				case 5:
					b.feed(b.waText(b.next("m"), p, "what are your opening hours?"))
				case 6:
					b.pass(time.Duration(1+rng.IntN(72)) * time.Hour)
					b.end()
					for q := range open {
						if b.id(`SELECT count(*) FROM opt_ins o JOIN number_handoffs n ON n.opt_in_id = o.id WHERE o.state = 'waiting' AND 'out.' || n.action_id = $1`, open[q]) == 0 {
							delete(open, q)
						}
					}
				default: // somebody else's tap on this question
					other := phones[rng.IntN(len(phones))]
					if other != p {
						b.feed(b.taps(b.next("t"), other, open[p]+"x", "opt_in:yes"))
					}
				}
				b.pass(time.Minute)
				b.sent()
				for _, p := range phones {
					if b.id(`SELECT count(*) FROM identities WHERE phone = $1`, p) == 0 {
						continue
					}
					if got := b.offers(p); got != want[p] {
						t.Fatalf("%s stands at %s, want %s: %v", p, got, want[p], b.reasons())
					}
				}
			}
			if n := b.id(`SELECT count(*) FROM consent_entries g WHERE g.act = 'grant' AND NOT EXISTS (SELECT 1 FROM consent_entries q WHERE q.act = 'ask' AND q.how = 'template' AND q.seq < g.seq AND q.subject = g.subject AND q.evidence->>'asked_action' = g.evidence->>'asked_action')`); n != 0 {
				t.Errorf("%d grants without the question they answer", n)
			}
		})
	}
}
