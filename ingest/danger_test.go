package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ponte/moderation"
)

// Somebody in danger and somebody who abuses get a person, not the bot's welcome or its next question – as the first thing
// they say, in the same breath as something harmless, later, and where only the model's answer tells.
func TestWhatAPersonMustReadIsTakenFromTheBot(t *testing.T) {
	t.Parallel()
	const danger, abuse = "I want to kill myself tonight, I cannot go on", "you fucking idiots, I hope you all die, pathetic scum"
	for name, c := range map[string]struct {
		lines  []string
		asking bool
		answer *moderation.LLMAnswer
		said   []string
		want   string
	}{
		"danger, first":            {lines: []string{danger}, want: "human judged true"},
		"danger, a model is there": {lines: []string{danger}, asking: true, want: "human judged true"},
		"abuse, first":             {lines: []string{abuse}, want: "human judged true"},
		"abuse in a burst":         {lines: []string{"Hello there", abuse}, said: []string{"welcome"}, want: "human judged true"},
		"the model says so":        {lines: []string{unsure}, asking: true, answer: &moderation.LLMAnswer{Category: "harassment", Score: 0.97}, said: []string{"welcome"}, want: "human judged true"},
		"the model says no":        {lines: []string{unsure}, asking: true, answer: &moderation.LLMAnswer{Category: "none", Score: 0.97}, said: []string{"welcome"}, want: "bot  false"},
		"harmless":                 {lines: []string{"Hello there"}, said: []string{"welcome"}, want: "bot  false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.asking = c.asking
			for i, line := range c.lines {
				b.feed(b.waText(fmt.Sprint("w", i), customer, line))
				b.pass(2 * time.Second)
			}
			if c.answer != nil {
				b.answered(c.answer, "")
			}
			b.wantSaid(c.said...)
			if got := b.text(`SELECT handler || ' ' || handler_reason || ' ' || (waiting_since IS NOT NULL) FROM conversations`); got != c.want {
				t.Errorf("the conversation is %q, want %q", got, c.want)
			}
		})
	}
}

// Whoever may be in danger stands before everybody at the desk, whoever had the conversation and whatever it was filed as –
// but a member's word on either stands.
func TestWhoMayBeInDangerStandsFirst(t *testing.T) {
	t.Parallel()
	const danger = "I want to kill myself tonight, I cannot go on"
	state := func(b *rig) string {
		return b.text(`SELECT priority || ' ' || handler || ' ' || spam || ' ' || (waiting_since IS NOT NULL) || ' ' || state FROM conversations`)
	}
	for name, c := range map[string]struct {
		before func(b *rig)
		write  func(b *rig) string
		want   string
	}{
		"from the bot":    {want: "3 human false true open"},
		"a person has it": {before: func(b *rig) { b.exec(`UPDATE conversations SET handler = 'human', waiting_since = NULL`) }, want: "3 human false true open"},
		"in the spam folder": {before: func(b *rig) {
			b.exec(`UPDATE conversations SET spam = true, handler = 'human', handler_reason = 'spam', waiting_since = NULL`)
		}, want: "3 human false true open"},
		"filed by a member": {before: func(b *rig) {
			b.exec(`UPDATE conversations SET spam = true, handler = 'human', handler_reason = 'filed_as_spam', waiting_since = NULL`)
		}, want: "3 human true true open"},
		"too old":           {before: func(b *rig) { b.pass(20 * 24 * time.Hour) }, want: "3 human false true open"},
		"automation is off": {before: func(b *rig) { b.exec(`UPDATE accounts SET automate = false`) }, want: "3 human false true open"},
		"an edit":           {write: func(b *rig) string { return b.waEdit("w1", customer, danger) }, want: "3 human false true open"},
		"an edit of what is resolved": {before: func(b *rig) {
			b.exec(`UPDATE conversations SET state = 'resolved', resolved_at = now(), waiting_since = NULL`)
		}, write: func(b *rig) string { return b.waEdit("w1", customer, danger) }, want: "3 human false true open"},
		"with a stop":      {write: func(b *rig) string { return b.waText("w2", customer, "STOP. "+danger) }, want: "3 human false true open"},
		"nobody in danger": {write: func(b *rig) string { return b.waText("w2", customer, "this weather kills me") }, want: "0 bot false false open"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.waText("w1", customer, "Hello there"))
			b.sent()
			b.pass(time.Minute)
			text := b.waText("w2", customer, danger)
			if c.write != nil {
				text = c.write(b)
			}
			if c.before != nil {
				c.before(b)
			}
			b.feed(text)
			if got := state(b); got != c.want {
				t.Fatalf("the conversation is %q, want %q: %v", got, c.want, b.reasons())
			}
			if n := b.id(`SELECT count(*) FROM conversation_steps WHERE what = 'priority'`); (n == 1) != strings.HasPrefix(c.want, "3") {
				t.Errorf("%d steps tell of it", n)
			}
		})
	}
	b := newRig(t)
	b.feed(b.waText("w1", customer, danger))
	b.exec(`UPDATE conversations SET priority = 0`)
	b.feed(b.waText("w2", customer, "it is a line of a song"))
	if got := state(b); !strings.HasPrefix(got, "0 ") {
		t.Errorf("a member has looked, and it is %q", got)
	}
}
