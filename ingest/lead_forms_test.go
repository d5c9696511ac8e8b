package ingest

import (
	"strings"
	"testing"
	"time"

	"ponte/channels"
	"ponte/template"
)

// form tells what the box of form 990 means.
func (b *rig) form(purpose string) {
	b.Helper()
	w := b.id(`INSERT INTO consent_wordings (workspace_id, name, version, language, text, source) VALUES ($1, 'lead:990', 1, 'en', 'Bondi Kayaks may write to me on WhatsApp', 'x') RETURNING id`, b.ws)
	b.exec(`INSERT INTO lead_forms (workspace_id, form_id, account_id, box_key, wording_id, language, purpose, template, label) VALUES ($1, '990', $2, 'wa_optin', $3, 'en', $4, $5, 'new lead')`, b.ws, b.wa.ID, w, purpose, template.LeadWelcome)
}

func (b *rig) lead(id string, fields map[string][]string, boxes map[string]bool) {
	b.Helper()
	b.feed(leadBody(id))
	f := b.fetcher(nil)
	f.Network = &forms{leads: map[string]channels.LeadFields{id: {ID: id, FormID: "990", Fields: fields, Checkboxes: boxes, Time: b.now}}}
	if _, err := f.leads(b.Context()); err != nil {
		b.Fatal(err)
	}
	if _, err := f.numbersAgreed(b.Context()); err != nil {
		b.Fatal(err)
	}
}

var aliceFields = map[string][]string{"phone_number": {"+61 491 570 159"}, "full_name": {"Alice Moreau"}, "interest": {"two kayaks"}}

func TestATickedBoxIsAConsentWithItsWords(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.approve(template.LeadWelcome)
	b.form("service")
	b.lead("881", aliceFields, map[string]bool{"wa_optin": true})
	b.wantLedger("grant whatsapp lead_box")
	if got := b.text(`SELECT how || ' ' || purpose || ' ' || (evidence->>'lead') || ' ' || (evidence->>'form') || ' ' || (wording_id = (SELECT max(id) FROM consent_wordings WHERE name = 'lead:990'))::text FROM consent_entries`); got != "lead_box service 881 990 true" {
		t.Errorf("entry: %s", got)
	}
	sent := b.actions("template.send")
	if len(sent) != 1 || !strings.Contains(string(sent[0].Call), `"Alice"`) || !strings.Contains(string(sent[0].Call), leftNumber) {
		t.Fatalf("%+v; %s", sent, b.text(`SELECT state || ': ' || reason FROM number_handoffs`))
	}
	if got := b.text(`SELECT text FROM messages WHERE type = 'template'`); !strings.HasPrefix(got, "Hello Alice, this is Bondi Kayaks.") {
		t.Errorf("reads %q", got)
	}
	if got := b.text(`SELECT task || '|' || labels[1] || '|' || (c.fields->>'interest') FROM leads l JOIN contacts c ON c.id = l.contact_id`); got != "|new lead|two kayaks" {
		t.Errorf("lead: %s", got)
	}
	b.sent()
	b.pass(time.Minute)
	b.feed(b.waText("w1", leftNumber, "A quote"))
	if got := b.id(`SELECT count(*) FROM identities i JOIN leads l ON l.contact_id = i.contact_id WHERE i.phone = $1`, leftNumber); got != 1 {
		t.Error("the answer did not make them one person")
	}
	if got := b.text(`SELECT labels::text FROM conversations`); !strings.Contains(got, "new lead") {
		t.Errorf("labels %s", got)
	}
}

func TestALeadWithoutConsentIsATaskAndNothingIsSent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields map[string][]string
		boxes  map[string]bool
		form   bool
		said   string
	}{
		"box not ticked":   {aliceFields, map[string]bool{"wa_optin": false}, true, "not ticked"},
		"box missing":      {aliceFields, map[string]bool{"other": true}, true, "has no box"},
		"number not valid": {map[string][]string{"phone_number": {"12"}}, map[string]bool{"wa_optin": true}, true, "not one that can be written to"},
		"the brand's own":  {map[string][]string{"phone_number": {"+61 491 570 006"}}, map[string]bool{"wa_optin": true}, true, "the number is the brand's own"},
		"a landline":       {map[string][]string{"phone_number": {"+61 2 5550 1234"}}, map[string]bool{"wa_optin": true}, true, "not one that can be written to"},
		"unknown form":     {aliceFields, map[string]bool{"wa_optin": true}, false, "nothing is known of this form"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.approve(template.LeadWelcome)
			b.exec(`INSERT INTO accounts (workspace_id, channel, external_id, name, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', 'own', 'Second', 'http://127.0.0.1:1', '', 'w2', '61491570006')`, b.ws)
			if c.form {
				b.form("promotional")
			}
			b.lead("881", c.fields, c.boxes)
			if got := b.text(`SELECT task || ': ' || reason FROM leads`); !strings.HasPrefix(got, "open: ") || !strings.Contains(got, c.said) {
				t.Error(got)
			}
			if n := b.id(`SELECT count(*) FROM consent_entries`) + int64(len(b.actions())); n != 0 {
				t.Errorf("%d entries and actions", n)
			}
		})
	}
}

// Until its template is approved the first message waits; after a day a person is told.
func TestALeadWaitsForItsTemplate(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.form("service")
	b.lead("881", aliceFields, map[string]bool{"wa_optin": true})
	if got := b.text(`SELECT state || ': ' || reason FROM number_handoffs`); !strings.HasPrefix(got, "agreed: template «lead_welcome» cannot be sent") {
		t.Error(got)
	}
	if got := b.text(`SELECT task || ': ' || reason FROM leads`); !strings.HasPrefix(got, "open: ") || !strings.HasSuffix(got, "; for a person: its first message waits, the template «lead_welcome» cannot be sent") {
		t.Error(got)
	}
	b.pass(25 * time.Hour)
	b.writeToNumbers()
	if got := b.text(`SELECT (SELECT state FROM number_handoffs) || ' ' || task FROM leads`); got != "failed open" {
		t.Error(got)
	}
}

func TestALeadWhoseTemplateComesIsNoTaskAnyMore(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.form("service")
	b.lead("881", aliceFields, map[string]bool{"wa_optin": true})
	b.approve(template.LeadWelcome)
	b.pass(time.Hour)
	b.writeToNumbers()
	if got := b.text(`SELECT (SELECT state FROM number_handoffs) || ' ' || task FROM leads`); got != "sent " {
		t.Error(got)
	}
}

// Where nothing is automatic the consent is kept, and a person is told; nobody is written to.
func TestALeadWhereNothingIsAutomatic(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ off, purpose, ledger, said string }{
		"the Page":           {`UPDATE accounts SET automate = false WHERE channel = 'facebook'`, "service", "1", "the consent is kept"},
		"the number":         {`UPDATE accounts SET automate = false WHERE channel = 'whatsapp'`, "service", "1", "the consent is kept"},
		"the workspace":      {`UPDATE workspaces SET settings = settings || '{"automate":false}'`, "service", "1", "the consent is kept"},
		"offers to be asked": {`UPDATE workspaces SET settings = settings || '{"automate":false,"consent":{"confirm_by_template":true}}'`, "promotional", "0", "nobody was asked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.approve(template.LeadWelcome)
			b.form(c.purpose)
			b.exec(c.off)
			b.lead("881", aliceFields, map[string]bool{"wa_optin": true})
			if got := b.text(`SELECT task || ': ' || reason FROM leads`); !strings.HasPrefix(got, "open: ") || !strings.Contains(got, c.said) {
				t.Error(got)
			}
			if got := b.text(`SELECT count(*)::text FROM consent_entries`); got != c.ledger {
				t.Errorf("%s entries, want %s", got, c.ledger)
			}
			if n := len(b.actions()) + int(b.id(`SELECT count(*) FROM number_handoffs`)); n != 0 {
				t.Errorf("%d actions and numbers to write to", n)
			}
		})
	}
}

// A form that is sent in twice is one wish: one message, two consents on record. On another day it is another.
func TestALeadSentInTwiceIsWrittenToOnce(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.approve(template.LeadWelcome)
	b.form("service")
	for _, id := range []string{"881", "882"} {
		b.lead(id, aliceFields, map[string]bool{"wa_optin": true})
	}
	if got := b.text(`SELECT string_agg(state, ' ' ORDER BY id) FROM number_handoffs`); got != "sent replaced" || len(b.actions("template.send")) != 1 {
		t.Errorf("%s, %d messages", got, len(b.actions("template.send")))
	}
	if n := b.id(`SELECT count(*) FROM consent_entries`); n != 2 {
		t.Errorf("%d entries, want both", n)
	}
	b.exec(`UPDATE actions SET created_at = created_at - interval '25 hours'`)
	b.lead("883", aliceFields, map[string]bool{"wa_optin": true})
	if got := b.text(`SELECT string_agg(state, ' ' ORDER BY id) FROM number_handoffs`); got != "sent replaced sent" {
		t.Errorf("on another day: %s", got)
	}
}
