package ingest

import (
	"fmt"
	"slices"
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

// doubtful is the first of some sentences whose writer the model in the binary believes to be in danger, but not surely enough
// for a person: which one it is goes with the model.
func doubtful(t *testing.T) string {
	t.Helper()
	engine, err := moderation.EngineFor(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"Ich kann seit Wochen nicht schlafen, ich kann nicht mehr", "nobody would notice if I stayed away", "I am so tired of all this, I cannot do it any more", "sono stanca di tutto, non ce la faccio",
		"je n'arrive plus à dormir, je suis à bout", "ya no puedo con todo esto", "I feel empty since he left", "mi sento così sola", "everything is pointless lately", "ich fühle mich so leer",
	} {
		v := engine.Judge(moderation.Input{Subject: moderation.SubjectMessage, Text: text})
		if v.Decision == moderation.Allow && slices.ContainsFunc(v.Reasons, func(r moderation.Reason) bool { return r.Code == "policy:maybe_in_danger" }) && v.OptOut == moderation.NoOptOut && !v.WantsHuman {
			return text
		}
	}
	t.Fatal("the model doubts none of these sentences: find another one")
	return ""
}

// givesUp is the first of some sentences that the model in the binary takes for a withdrawal of somebody who may be in danger.
func givesUp(t *testing.T) string {
	t.Helper()
	engine, err := moderation.EngineFor(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"I don't want this any more, any of it, I'm done living", "I want out of this life", "no quiero seguir así, no quiero despertar", "je ne veux plus continuer, je ne veux plus vivre",
		"basta, non voglio più vivere così", "ich will nicht mehr, ich will nicht mehr leben", "nu mai vreau nimic, nu mai vreau să trăiesc",
	} {
		if v := engine.Judge(moderation.Input{Subject: moderation.SubjectMessage, Text: text}); v.Decision == moderation.Review && v.SelfHarm() && v.OptOut == moderation.OptOutDoubtful {
			return text
		}
	}
	t.Fatal("the model takes none of these sentences for a withdrawal: find another one")
	return ""
}

// Giving up on life sounds like giving up a newsletter: offers stop, and a person reads it, whom no machine comes before.
func TestWhoGivesUpHearsNothingAboutOffers(t *testing.T) {
	t.Parallel()
	text := givesUp(t)
	for name, lines := range map[string][]string{"first": {text}, "to a question": {"Hello there", text}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			var said []string
			for i, line := range lines {
				b.feed(b.waText(fmt.Sprint("w", i), customer, line))
				b.sent()
				b.pass(time.Minute)
				if i > 0 {
					said = []string{"welcome"}
				}
			}
			b.wantSaid(said...)
			const state = `SELECT handler || ' ' || (waiting_since IS NOT NULL) || ' ' || (SELECT count(*) FROM consent_entries WHERE act = 'doubt' AND purpose = 'promotional') FROM conversations`
			if got, want := b.text(state), "human true 1"; got != want {
				t.Errorf("after %q the conversation is %q, want %q", text, got, want)
			}
		})
	}
}

// What the model only doubts is asked about: the bot answers meanwhile, and where the answer is danger a person comes first.
func TestADoubtAboutSomebodysSafetyIsAskedAbout(t *testing.T) {
	t.Parallel()
	text := doubtful(t)
	for name, c := range map[string]struct {
		answer *moderation.LLMAnswer
		failed string
		want   string
	}{
		"in danger":  {&moderation.LLMAnswer{Category: "self_harm", Score: 0.9}, "", "3 human judged true"},
		"not at all": {&moderation.LLMAnswer{Category: "none", Score: 0.9}, "", "0 bot  false"},
		"no answer":  {nil, "the language model is not answering", "0 bot  false"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.asking = true
			b.feed(b.waText("w0", customer, text))
			b.pass(2 * time.Second)
			b.wantSaid("Giulia") // the welcome, in whatever language the doubtful sentence is
			b.answered(c.answer, c.failed)
			if got := b.text(`SELECT priority || ' ' || handler || ' ' || handler_reason || ' ' || (waiting_since IS NOT NULL) FROM conversations`); got != c.want {
				t.Errorf("after %q the conversation is %q, want %q", text, got, c.want)
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
