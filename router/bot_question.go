package router

// ask puts the current question, with what must be said before it in the same message: a person who
// wrote once gets one message back.
func (b *bot) ask(before string) {
	q := b.cfg.Questions[b.t.State.Question]
	text, _ := byLanguage(q.Text, b.in.Language, "en")
	b.t.Say = append(b.t.Say, Utterance{Key: "qualify." + q.ID, Text: before + text, Buttons: b.options(q)})
}

func (b *bot) options(q Question) []Option {
	var out []Option
	for _, c := range q.Choices {
		title, _ := byLanguage(c.Title, b.in.Language, "en")
		out = append(out, Option{ID: "q:" + q.ID + ":" + c.ID, Title: title})
	}
	return out
}

func (b *bot) answerQuestion() {
	s := &b.t.State
	if s.Question >= len(b.cfg.Questions) { // the configuration shrank meanwhile
		b.route(Choice{})
		return
	}
	q := b.cfg.Questions[s.Question]
	choice, ok := b.choose(q)
	if !ok && b.in.Burst {
		b.t.Reason = "came in a burst; the question stays open"
		return
	}
	if !ok && b.comes() { // they come over, and answer nothing by it: welcomed with the question that stands
		s.CameByLink = s.CameByLink || b.in.Outcome == SharedLink
		key := "welcome.joined"
		if b.in.Origin == "" {
			key = "welcome.plain"
		}
		b.ask(b.text(key) + "\n\n")
		b.t.Reason = "welcomed with the reference; the question stays open"
		return
	}
	if !ok {
		s.Retries++
		if s.Retries > max(b.cfg.MaxRetries, 1) {
			b.handOver("unclear_answers", "human.unclear")
			return
		}
		b.ask(b.text("qualify.retry") + "\n")
		b.t.Reason = "the answer was not clear; asked again"
		return
	}
	if s.Answers == nil {
		s.Answers = map[string]string{}
	}
	s.Answers[q.ID] = choice.ID
	if len(q.Choices) == 0 {
		s.Answers[q.ID] = b.in.Text
	}
	s.Retries = 0
	if choice.Label != "" {
		b.t.Labels = append(b.t.Labels, choice.Label)
	}
	if choice.Team != "" {
		b.t.Team = choice.Team
	}
	if s.Question+1 < len(b.cfg.Questions) && !choice.Resolve {
		s.Question++
		b.ask("")
		b.t.Reason = "answered «" + q.ID + "»; asked the next question"
		return
	}
	b.route(choice)
}

// choose finds the choice meant: by button, number, or words of its title in any language.
func (b *bot) choose(q Question) (Choice, bool) {
	if len(q.Choices) == 0 {
		return Choice{}, b.in.Text != ""
	}
	for _, c := range q.Choices {
		if b.in.Payload == "q:"+q.ID+":"+c.ID {
			return c, true
		}
	}
	text := Fold(b.in.Text)
	counted := false // where choices are called by numbers, "4" is the one that is called so and not the fourth
	for _, c := range q.Choices {
		for lang, title := range c.Title {
			if text != "" && Fold(title) == text {
				return c, true
			}
			counted = counted || HasNumber(title, lang)
		}
	}
	if n, ordinal := PlaceIn(text, b.in.Language, len(q.Choices)); n > 0 && (ordinal || !counted) {
		return q.Choices[n-1], true
	}
	var found []Choice
	for _, c := range q.Choices {
		for _, title := range c.Title {
			if t := Fold(title); text != "" && (text == t || containsWords(text, t) || (len(text) >= 4 && containsWords(t, text))) {
				found = append(found, c)
				break
			}
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	return Choice{}, false
}

func (b *bot) route(c Choice) {
	if answer, _ := byLanguage(c.Answer, b.in.Language, "en"); answer != "" {
		b.t.Say = append(b.t.Say, Utterance{Key: "route.answer", Text: answer})
	} else if len(b.cfg.Questions) > 0 {
		b.say("route.thanks")
	}
	b.t.State.Resolve = c.Resolve
	b.t.Waits = !c.Resolve
	b.t.Reason = "qualified and routed"
	if b.cfg.AskOffers && (b.in.Offers == "none" || b.in.Offers == "") {
		b.askOffers("qualified and routed")
		return
	}
	b.finish()
}
