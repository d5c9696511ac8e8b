package ingest

import (
	"strings"
	"testing"
	"time"

	"ponte/channels"
	"ponte/template"
)

// Who sent in a form was promised an answer: a first message that was planned and never arrived is a person's task.
func TestAFirstMessageThatDidNotArriveIsATask(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		became string
		task   string
		said   string
	}{
		"refused by the gate":     {`UPDATE actions SET state = 'refused', reason = 'template_paused', meaning = 'The template is paused.', done_at = now()`, "open", "did not arrive: The template is paused."},
		"too late":                {`UPDATE actions SET state = 'expired', reason = 'expired', meaning = 'Its time has passed.', done_at = now()`, "open", "did not arrive: Its time has passed."},
		"refused by the network":  {`UPDATE actions SET state = 'failed', reason = '131026', meaning = 'The number is not on WhatsApp.', done_at = now()`, "open", "not on WhatsApp"},
		"taken and not delivered": {`WITH a AS (UPDATE actions SET state = 'done', sent_at = now(), done_at = now(), external_id = 'x' RETURNING id) UPDATE messages SET receipt = 'failed', receipt_error = 'Message undeliverable' FROM a WHERE action_id = a.id`, "open", "did not arrive: Message undeliverable"},
		"delivered":               {`WITH a AS (UPDATE actions SET state = 'done', sent_at = now(), done_at = now(), external_id = 'x' RETURNING id) UPDATE messages SET receipt = 'delivered' FROM a WHERE action_id = a.id`, "", "is planned"},
		"cancelled by somebody":   {`UPDATE actions SET state = 'cancelled', reason = 'by_member', done_at = now()`, "", "is planned"},
		"still to leave":          {`UPDATE actions SET not_before = now() + interval '1 hour'`, "", "is planned"},
		"looked at already":       {`WITH l AS (UPDATE leads SET task = 'done') UPDATE actions SET state = 'refused', reason = 'template_paused', meaning = 'The template is paused.', done_at = now()`, "done", "is planned"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.approve(template.LeadWelcome)
			b.form("service")
			b.lead("881", aliceFields, map[string]bool{"wa_optin": true})
			b.exec(c.became)
			f := b.fetcher(nil)
			b.must(f.firstMessages(b.Context()))
			b.must(f.firstMessages(b.Context()))
			if got := b.text(`SELECT task || ': ' || reason FROM leads`); !strings.HasPrefix(got, c.task+": ") || !strings.HasSuffix(got, c.said) && !strings.Contains(got, c.said+" ") && !strings.Contains(got, c.said+".") || strings.Count(got, "did not arrive") > 1 {
				t.Error(got)
			}
		})
	}
}

// Who left a number in a chat and agreed to be written to is not left waiting there.
func TestANumberThatCouldNotBeWrittenToBringsAPerson(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]func(b *rig){
		"refused": func(b *rig) {
			b.writeToNumbers()
			b.exec(`UPDATE actions SET state = 'refused', reason = 'template_paused', meaning = 'The template is paused.', done_at = now() WHERE kind = 'template.send'`)
			b.must(b.fetcher(nil).firstMessages(b.Context()))
		},
		"no template for a day": func(b *rig) {
			b.exec(`DELETE FROM templates`)
			b.writeToNumbers()
			b.pass(25 * time.Hour)
			b.writeToNumbers()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.approve(template.NumberCheck)
			b.left("can you call me? 0491 570 159")
			b.feed(b.igMessage("yes", "77", "yes"))
			c(b)
			if got := b.text(`SELECT handler || ' ' || (waiting_since IS NOT NULL)::text FROM conversations WHERE channel = 'instagram'`); got != "human true" {
				t.Errorf("%s; %s", got, b.text(`SELECT state || ': ' || reason FROM number_handoffs`))
			}
		})
	}
}

func TestWhatARemovedAccountWasToReadEnds(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.feed(b.igMention("501", "601"), leadBody("881"))
	b.reads(&elsewhere{failure: &channels.Failure{Class: channels.Retry, Reason: "outage", Meaning: "The network is away."}})
	b.must(b.fetcher(nil).tidy(b.Context()))
	if n := b.id(`SELECT count(*) FROM mention_reads`); n != 1 {
		t.Fatalf("%d mentions wait", n)
	}
	b.exec(`UPDATE accounts SET removed_at = now(), state = 'removed'`)
	b.must(b.fetcher(nil).tidy(b.Context()))
	if n := b.id(`SELECT count(*) FROM mention_reads`); n != 0 {
		t.Errorf("%d mentions wait for ever", n)
	}
	if n := b.id(`SELECT count(*) FROM events WHERE reason LIKE '%could not be read: the account was removed'`); n != 1 {
		t.Error("the mention does not say what came of it")
	}
	if got := b.text(`SELECT state || ' ' || task FROM leads`); got != "failed open" {
		t.Errorf("the lead is %s", got)
	}
}
