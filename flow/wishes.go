package flow

import (
	"slices"
	"strconv"

	"ponte/router"
)

// Payloads of the interpreter's own buttons. A step's id never begins with "!".
const (
	payloadStop = "f:!stop"
	payloadKeep = "f:!keep"
)

// Words that work at any point, as the whole message. Stop and "a person, please" come as wishes.
var (
	helpWords = []string{"help", "help me", "aiuto", "aide", "aidez moi", "ajutor", "ayuda", "hilfe", "ajuda"}
	backWords = []string{"back", "go back", "indietro", "torna indietro", "retour", "revenir", "inapoi", "atras", "volver", "zuruck", "voltar"}
)

// isGlobalWord reports whether a text is one of the words that always work.
func isGlobalWord(text string) bool {
	folded := router.Fold(text)
	return slices.Contains(helpWords, folded) || slices.Contains(backWords, folded)
}

// wished carries out a wish to stop or to talk to a person. It comes before everything else, also when
// the flow has ended; a stop comes before all.
func (r *run) wished(messages []Input) bool {
	for _, m := range messages {
		if m.Wish == WantsStop || m.Payload == payloadStop || r.s.Doubt && m.Payload == "" && router.IsYes(m.Text) {
			r.stop(m)
			return true
		}
	}
	for _, m := range messages {
		if m.Wish == WantsHelp && !r.counts(m) {
			r.handOver("asked_for_a_person", "", "", "human.ok")
			r.note("asked for a person")
			r.heardDoubt(messages)
			return true
		}
	}
	for _, m := range messages {
		if m.Wish == MayStop && !r.s.Doubt && r.s.Why != "stopped" && !r.answersWithNo(m) {
			r.doubt(m)
			return true
		}
	}
	r.heardDoubt(messages)
	return r.s.Doubt && r.answeredDoubt(messages)
}

// counts says whether a message is nothing but the number that is asked for: "one person" to "how many of you?" asks for
// nobody.
func (r *run) counts(m Input) bool {
	step := r.f.index[r.s.Step]
	if step == nil || r.s.Waiting != ForAnswer || m.Payload != "" {
		return false
	}
	q, ok := step.body.(*question)
	if !ok || q.answer.kind != "number" {
		return false
	}
	words := router.Besides(router.Fold(m.Text), aroundCounts)
	return len(words) == 1 && (position(words[0]) > 0 || router.Cardinal(words[0], r.ctx.Language) > 0)
}

func (r *run) stop(m Input) {
	r.emit(Effect{Kind: ConsentGiven, Act: "withdraw", Purpose: "promotional", How: how(m, "plain_words"), Words: words(m)})
	if !r.s.Confirmed {
		r.say(r.routed("stop.confirmed"))
	}
	r.end("stopped")
	r.s.Confirmed = true
	r.note("withdrew: no offers on any channel of the brand; the flow has ended")
}

func (r *run) doubt(m Input) {
	r.emit(Effect{Kind: ConsentGiven, Act: "doubt", Purpose: "promotional", How: "plain_words", Words: words(m)})
	r.askDoubt()
	r.note("may want to stop: counted as withdrawn for offers, asked once")
}

// heardDoubt keeps a doubtful wish that is not asked about, because it was before, or because a person will
// answer: a consent given since on another way does not outlive it.
func (r *run) heardDoubt(messages []Input) {
	for _, m := range messages {
		if m.Wish == MayStop && !r.answersWithNo(m) {
			r.emit(Effect{Kind: ConsentGiven, Act: "doubt", Purpose: "promotional", How: "plain_words", Words: words(m)})
			r.note("may want to stop: counted as withdrawn for offers until they say otherwise")
			return
		}
	}
}

// answersWithNo reports whether "no thanks" answers what was just asked, so that nobody need ask what it meant: the
// wording, or a question that has it among its choices.
func (r *run) answersWithNo(m Input) bool {
	if r.refusesWording(m) {
		return true
	}
	if r.s.Waiting != ForAnswer || r.s.Doubt || m.Payload != "" || !router.IsNo(m.Text) {
		return false
	}
	step := r.f.index[r.s.Step]
	if step == nil {
		return false
	}
	q, ok := step.body.(*question)
	return ok && q.answer.kind == "choice" && q.named(r, m) != nil
}

// refusesWording reports whether "no thanks" answers the wording just shown. At any other time it may mean all that
// the brand writes; here nobody need ask what it meant.
func (r *run) refusesWording(m Input) bool {
	if r.s.Waiting != ForConsent || r.s.WordingID == 0 || m.Early {
		return false
	}
	return m.Payload == "" && router.IsNo(m.Text) || m.Payload == "f:"+r.s.Step+":no:"+strconv.Itoa(r.s.Seq)
}

func (r *run) askDoubt() {
	e := r.routed("stop.doubt")
	e.Buttons = []Option{{ID: payloadStop, Title: r.routed("stop.yes").Text}, {ID: payloadKeep, Title: r.routed("stop.keep").Text}}
	r.say(e)
	r.s.Doubt = true
	r.s.WordingID, r.s.AskedAction = 0, 0 // the wording is not what was shown last any more
}

// answeredDoubt takes "no, go on". Anything else is no answer: the doubt stands in the ledger, and the
// conversation goes on.
func (r *run) answeredDoubt(messages []Input) bool {
	if len(messages) == 0 {
		return false
	}
	r.s.Doubt = false
	for _, m := range messages {
		if m.Payload != payloadKeep && (m.Payload != "" || !router.IsNo(m.Text)) {
			continue
		}
		r.emit(Effect{Kind: ConsentGiven, Act: "confirm", Purpose: "promotional", How: how(m, "keyword_reply"), Words: words(m)})
		r.say(r.routed("stop.kept"))
		r.repeat()
		r.note("said to go on: as before the doubt")
		return true
	}
	r.note("the question about stopping stays open")
	return false
}

// repeat asks again what the flow waits for, where it asks something.
func (r *run) repeat() {
	if step := r.f.index[r.s.Step]; step != nil && waits(step, r.s.Waiting) {
		step.body.(resumer).again(r)
	}
}

// globalWord carries out "help" and "back".
func (r *run) globalWord(b resumer, messages []Input) bool {
	for _, m := range messages {
		folded := router.Fold(m.Text)
		switch {
		case m.Payload != "":
		case slices.Contains(helpWords, folded):
			if len(r.f.Help) > 0 {
				r.say(r.text(r.f.Help))
			} else {
				r.say(r.ours(r.sentenceIn(r.ctx.Language, "help")))
			}
			b.again(r)
			r.note("asked for help; the question stays")
			return true
		case slices.Contains(backWords, folded):
			r.back(b)
			return true
		}
	}
	return false
}

// back returns to the question before. What was done outside since is not undone, so behind a call, a
// template or a reservation there is no going back.
func (r *run) back(b resumer) {
	trail := r.s.Trail
	if n := len(trail); n > 0 && trail[n-1] == r.s.Step {
		trail = trail[:n-1]
	}
	if len(trail) == 0 {
		r.say(r.ours(r.sentenceIn(r.ctx.Language, "back.none")))
		b.again(r)
		r.note("there is nothing to go back to")
		return
	}
	to := trail[len(trail)-1]
	r.s.Trail = trail
	r.note("went back to «" + to + "»")
	r.from(to)
}

// afterwards says what follows when somebody writes to a flow that has ended: a person reads it.
func (r *run) afterwards(messages []Input) {
	if len(messages) == 0 {
		r.note("nothing to do: the flow has ended")
		return
	}
	r.emit(Effect{Kind: HandOver, Reason: "wrote_again"})
	r.note("for a person: the flow has ended")
}

// routed is a sentence that the fixed conversation says too.
func (r *run) routed(key string) Effect {
	return r.ours(router.Say(r.ctx.Language, key, "brand", r.ctx.Brand))
}

// ours is a sentence of ponte's own; in a language that is not served it is English, and says so.
func (r *run) ours(text string) Effect {
	if served(r.ctx.Language) {
		return Effect{Text: text, Language: r.ctx.Language}
	}
	return Effect{Text: text, Language: "en", Wanted: r.ctx.Language}
}

func how(m Input, words string) string {
	if m.Payload != "" {
		return "button"
	}
	return words
}

func words(m Input) string {
	if m.Text != "" {
		return m.Text
	}
	return m.Payload
}
