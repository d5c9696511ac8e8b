package ingest

import (
	"fmt"
	"testing"
	"time"

	"ponte/template"
)

// leaves plays somebody who leaves a number and says yes to whatever was asked, until the template has left.
func (b *rig) leaves(who, number string) {
	b.Helper()
	b.feed(b.igMessage(b.next("n"), who, number))
	b.sent()
	b.pass(time.Minute)
	b.feed(b.igMessage(b.next("y"), who, "yes"))
	b.writeToNumbers()
	b.sent()
	b.pass(time.Minute)
}

// Whoever leaves a stranger's number again and again has the brand write to it once, and never against its owner's
// word: nothing is asked, nothing is granted, and the conversation waits for a person.
func TestANumberThatIsNotWrittenToAgain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		first func(b *rig)
		why   string
		sends int
	}{
		"the same number twice": {func(b *rig) { b.leaves("77", "0491 570 159") }, barredWritten, 1},
		"its owner said no": {func(b *rig) {
			b.leaves("77", "0491 570 159")
			b.feed(b.waText("w1", leftNumber, "No, wrong number"))
			b.aMonthPasses()
		}, barredDenied, 1},
		"its owner said stop": {func(b *rig) {
			b.leaves("77", "0491 570 159")
			b.feed(b.waText("w1", leftNumber, "STOP"))
			b.aMonthPasses()
		}, barredStopped, 1},
		"its owner had said stop before": {func(b *rig) { b.feed(b.waText("w1", leftNumber, "STOP")) }, barredStopped, 0},
	} {
		for _, who := range []string{"77", "78"} {
			t.Run(name+" by "+who, func(t *testing.T) {
				t.Parallel()
				b := newRig(t)
				b.approve(template.NumberCheck)
				b.exec(`UPDATE triggers SET state = 'paused'`)
				c.first(b)
				b.pass(time.Minute)
				b.exec(`UPDATE conversations SET handler = 'bot', waiting_since = NULL`)
				entries, asked := b.id(`SELECT count(*) FROM consent_entries`), len(b.actions("message.send"))
				b.feed(b.igMessage(b.next("n"), who, "0491 570 159"))
				b.lastReason("for a person: " + c.why)
				if n := b.id(`SELECT count(*) FROM conversations WHERE channel = 'instagram' AND waiting_since IS NOT NULL`); n != 1 {
					t.Errorf("%d conversations wait for a person", n)
				}
				b.leaves(who, "0491 570 159")
				if n := len(b.actions("template.send")); n != c.sends {
					t.Errorf("%d templates went to the number, want %d; %v", n, c.sends, b.reasons())
				}
				if n := b.id(`SELECT count(*) FROM consent_entries`); n != entries {
					t.Errorf("%d entries, want the %d from before", n, entries)
				}
				if n := len(b.actions("message.send")); n != asked {
					t.Errorf("%d messages, want the %d from before: nothing is asked", n, asked)
				}
			})
		}
	}
}

func (b *rig) aMonthPasses() {
	b.Helper()
	b.exec(`UPDATE actions SET created_at = created_at - interval '31 days', sent_at = sent_at - interval '31 days' WHERE kind = 'template.send'`)
}

// After a month without an answer it may have been a slip of a day: it is asked about again.
func TestANumberIsWrittenToAgainAfterAMonth(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.approve(template.NumberCheck)
	b.leaves("77", "0491 570 159")
	b.aMonthPasses()
	b.leaves("77", "0491 570 159")
	if n := len(b.actions("template.send")); n != 2 {
		t.Errorf("%d templates; %v", n, b.reasons())
	}
}

// Three numbers a day are for slips of the finger; a fourth is for a person, and on the next day it goes on.
func TestOneIdentityHasFewNumbersWrittenTo(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.approve(template.NumberCheck)
	for i := range 4 {
		b.leaves("77", fmt.Sprintf("0491 570 15%d", 6+i))
	}
	if n, g := len(b.actions("template.send")), b.id(`SELECT count(*) FROM consent_entries WHERE act = 'grant'`); n != numbersADay || g != numbersADay {
		t.Errorf("%d templates and %d grants; %v", n, g, b.reasons())
	}
	if n := b.id(`SELECT count(*) FROM events WHERE reason LIKE '%for a person: ' || $1 || '%'`, barredTooMany); n != 1 {
		t.Errorf("%d events say why; %v", n, b.reasons())
	}
	b.leaves("78", "0491 570 159") // somebody else's count is their own
	if n := len(b.actions("template.send")); n != numbersADay+1 {
		t.Errorf("%d templates with another's number", n)
	}
	b.exec(`UPDATE number_handoffs SET agreed_at = agreed_at - interval '25 hours'`)
	b.exec(`UPDATE conversations SET handler = 'bot'`)
	b.leaves("77", "0491 570 110")
	if n := len(b.actions("template.send")); n != numbersADay+2 {
		t.Errorf("%d templates on the next day; %v", n, b.reasons())
	}
}

// What its owner says between the question and the yes, and between the yes and the template, counts as well.
func TestANumberIsBarredUntilTheLastMoment(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.approve(template.NumberCheck)
	b.left("0491 570 159")
	b.feed(b.waText("w1", leftNumber, "STOP"))
	b.feed(b.igMessage("yes", "77", "yes"))
	b.lastReason("for a person: " + barredStopped)
	if n := b.id(`SELECT count(*) FROM consent_entries WHERE act = 'grant'`); n != 0 {
		t.Errorf("%d grants for a number that is not written to", n)
	}
	b = newRig(t)
	b.approve(template.NumberCheck)
	b.left("0491 570 159")
	b.feed(b.igMessage("yes", "77", "yes"))
	b.feed(b.waText("w1", leftNumber, "STOP"))
	b.writeToNumbers()
	if got := b.text(`SELECT n.state || ': ' || n.reason || ' / ' || v.handler FROM number_handoffs n JOIN conversations v ON v.id = n.conversation_id`); got != "refused: "+barredStopped+" / human" || len(b.actions("template.send")) != 0 {
		t.Errorf("%s; %d templates", got, len(b.actions("template.send")))
	}
}

// Another number in place of one that was asked about takes the question back, whether it may be written to or not.
func TestAYesIsNoneToTheNumberBefore(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.approve(template.NumberCheck)
	b.feed(b.waText("w1", leftNumber, "STOP"))
	b.left("0491 570 156")
	b.left("no, 0491 570 159")
	b.lastReason(barredStopped)
	b.left("yes")
	b.writeToNumbers()
	if n := len(b.actions("template.send")); n != 0 {
		t.Errorf("%d templates; %v", n, b.reasons())
	}
}
