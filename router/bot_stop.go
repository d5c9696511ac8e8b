package router

// heardDoubt keeps a doubtful wish to stop that the bot does not ask about, because a person is answering,
// or because it was told to stop before: a consent given since on another way does not outlive it.
func (b *bot) heardDoubt() {
	if b.in.OptOut != "doubtful" {
		return
	}
	b.t.Consent = append(b.t.Consent, ConsentStep{"doubt", "promotional", "plain_words"})
	b.t.Waits = true
	b.t.Reason += "; may want to stop: counted as withdrawn for offers until they say otherwise"
}

// nobodyAsks says of a conversation that is to be a person's that none is there yet: whether the writer wants to stop is
// asked by the bot, or by nobody for hours.
func (b *bot) nobodyAsks() bool {
	return b.in.Waiting && !b.in.WantsHuman && !b.t.State.AskedPerson
}

func (b *bot) stop() {
	b.t.Consent = append(b.t.Consent, ConsentStep{"withdraw", "promotional", b.how("plain_words")})
	b.t.Reason = "withdrew: no offers on any channel of the brand"
	if !b.t.State.Confirmed {
		b.say("stop.confirmed")
		b.t.Reason += "; confirmed once"
	}
	b.t.State = State{Stage: StageStopped, Confirmed: true, Answers: b.t.State.Answers, AskedPerson: b.t.State.AskedPerson, CameByLink: b.t.State.CameByLink}
}

func (b *bot) how(words string) string {
	if b.in.Payload != "" {
		return "button"
	}
	return words
}

// AboutStopping reports whether a text or a tap answers the question whether to stop, or is the tap that
// stops: on channels where the bot leads no conversation, nothing else is for it.
func AboutStopping(s State, text, payload string) bool {
	if payload == payloadStop {
		return true
	}
	return s.Stage == StageDoubt && (payload == payloadKeep || payload == "" && (isYes(text, "") || isNo(text, "")))
}

func (b *bot) doubt() {
	b.t.Consent = append(b.t.Consent, ConsentStep{"doubt", "promotional", "plain_words"})
	before := b.t.State.Stage
	if before == StageConsent { // the wording is not what was shown last any more: a YES to it cannot be
		before, b.t.State.WordingID, b.t.State.AskedAction = StageDone, 0, 0
	}
	b.t.State.Before, b.t.State.Stage = before, StageDoubt
	b.say("stop.doubt", Option{payloadStop, b.text("stop.yes")}, Option{payloadKeep, b.text("stop.keep")})
	b.t.Reason = "may want to stop: counted as withdrawn for offers, asked once"
}

// keepLate takes the tap that says to go on when other things have been talked about since: the question stood
// open meanwhile, and what is talked about goes on where it was.
func (b *bot) keepLate() {
	b.t.Consent = append(b.t.Consent, ConsentStep{"confirm", "promotional", b.how("keyword_reply")})
	s := &b.t.State
	switch s.Stage {
	case StageDoubt: // a person has the conversation since
		s.Stage, s.Before = s.Before, ""
	case StageConsent: // the wording is not what was said last any more
		s.Stage, s.WordingID, s.AskedAction = StageDone, 0, 0
	}
	b.say("stop.kept")
	b.t.Reason = "said to go on: the question about stopping is answered"
}

func (b *bot) answerDoubt() {
	before := b.t.State.Before
	b.t.State.Before = ""
	switch {
	case isYes(b.in.Text, b.in.Language) && b.in.Payload == "":
		b.stop()
		return
	case b.in.Payload == payloadKeep || isNo(b.in.Text, b.in.Language):
		b.t.Consent = append(b.t.Consent, ConsentStep{"confirm", "promotional", b.how("keyword_reply")})
		b.t.State.Stage = before
		b.say("stop.kept")
		if before == StageDone && !b.in.Human {
			b.finish()
		}
		b.t.Reason = "said to go on: as before the doubt"
		return
	}
	// Not an answer to the question: the doubt stands, and the conversation goes on.
	b.t.State.Stage = before
	next := Step(b.cfg, b.brand, b.t.State, b.in)
	next.Reason += "; the question about stopping stays open"
	b.t = next
}
