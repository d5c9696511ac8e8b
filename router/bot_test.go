package router

import (
	"slices"
	"strings"
	"testing"
)

// talk leads one conversation through the bot and keeps what it said.
type talk struct {
	t     *testing.T
	cfg   Config
	state State
	lang  string
	offer string
	last  Turn
}

func newTalk(t *testing.T, stage Stage) *talk {
	return &talk{t: t, cfg: DefaultConfig(), state: State{Stage: stage}, lang: "en", offer: "none"}
}

func (k *talk) step(in Input) Turn {
	k.t.Helper()
	if in.Language == "" {
		in.Language = k.lang
	}
	if in.Offers == "" {
		in.Offers = k.offer
	}
	k.last = Step(k.cfg, "Bondi Kayaks", k.state, in)
	k.state = k.last.State
	if k.last.Reason == "" {
		k.t.Errorf("nothing was recorded for %+v", in)
	}
	return k.last
}

func (k *talk) says(text string) Turn { k.t.Helper(); return k.step(Input{Text: text}) }

func (k *talk) want(stage Stage, keys ...string) {
	k.t.Helper()
	if k.state.Stage != stage || !slices.Equal(said(k.last), keys) {
		k.t.Errorf("stage %q saying %v, want %q saying %v (%s)", k.state.Stage, said(k.last), stage, keys, k.last.Reason)
	}
}

func said(t Turn) []string {
	var keys []string
	for _, u := range t.Say {
		keys = append(keys, u.Key)
	}
	return keys
}

func acts(t Turn) string {
	var list []string
	for _, c := range t.Consent {
		list = append(list, c.Act+" "+c.How)
	}
	return strings.Join(list, ", ")
}

func TestWelcomeByOutcome(t *testing.T) {
	for _, c := range []struct {
		outcome Outcome
		origin  string
		part    string
	}{
		{NoReference, "", "Hi Ana, welcome to Bondi Kayaks on WhatsApp! 👋\n\n"},
		{Valid, "Dawn tours", "after “Dawn tours”"}, {UsedBefore, "Dawn tours", "after “Dawn tours”"},
		{Valid, "", "Hi Ana, welcome to Bondi Kayaks on WhatsApp! 👋\n\n"},
		{Expired, "", "no longer valid"}, {Revoked, "", "no longer valid"}, {UnknownCode, "", "no longer valid"},
		{UsedByOther, "", "no longer valid"}, {WrongAccount, "", "no longer valid"}, {Forwarded, "", "no longer valid"},
	} {
		k := newTalk(t, StageNew)
		turn := k.step(Input{Text: "hi", Name: "Ana", Outcome: c.outcome, Origin: c.origin})
		k.want(StageQualify, "qualify.topic")
		if text := turn.Say[0].Text; !strings.Contains(text, c.part) || len(turn.Say[0].Buttons) != 3 {
			t.Errorf("outcome %q: said %q with %d buttons", c.outcome, text, len(turn.Say[0].Buttons))
		}
	}
}

func TestQualifyTakesButtonNumberAndTitleInAnyLanguage(t *testing.T) {
	inputs := map[string]Input{"button": {Payload: "q:topic:booking"}, "number": {Text: " 2. "}, "keycap": {Text: "2️⃣"}, "words around": {Text: "i want to make a booking please"}}
	for lang, title := range All("topic.booking") {
		inputs["title "+lang] = Input{Text: strings.ToUpper(title) + "!"}
	}
	for name, in := range inputs {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, StageQualify)
			turn := k.step(in)
			k.want(StageConsent, "route.thanks", "consent.offers")
			if !slices.Equal(turn.Labels, []string{"booking"}) || turn.Team != "sales" || !turn.Waits || k.state.Answers["topic"] != "booking" {
				t.Errorf("labels %v, team %q, waits %v, answers %v", turn.Labels, turn.Team, turn.Waits, k.state.Answers)
			}
			if acts(turn) != "ask question" || turn.Say[1].Wording != "offers" || len(turn.Say[1].Buttons) != 2 {
				t.Errorf("the question about offers came as %q %+v", acts(turn), turn.Say[1])
			}
		})
	}
}

func TestUnclearAnswersLeadToAPerson(t *testing.T) {
	k := newTalk(t, StageQualify)
	for _, in := range []Input{{Text: "hmm", Burst: true}, {Type: "image", Burst: true}} {
		k.step(in)
		k.want(StageQualify)
	}
	k.says("0")
	k.want(StageQualify, "qualify.topic")
	if !strings.HasPrefix(k.last.Say[0].Text, "Sorry, I did not catch that.") {
		t.Errorf("asked again with %q", k.last.Say[0].Text)
	}
	k.says("4")
	k.want(StageDone, "human.unclear")
	if k.last.HandOver != "unclear_answers" {
		t.Errorf("handed over as %q", k.last.HandOver)
	}
	k.says("hello?")
	k.want(StageDone)
	if k.last.HandOver != "wrote_again" {
		t.Errorf("after the bot had finished: %+v", k.last)
	}
}

func TestTwoChoicesMeantIsUnclear(t *testing.T) {
	k := newTalk(t, StageQualify)
	k.says("make a booking or my order")
	k.want(StageQualify, "qualify.topic")
}

// A choice may be meant by its place, in words too, in the customer's language or in English.
func TestAChoiceByItsPlace(t *testing.T) {
	for text, lang := range map[string]string{
		"2": "en", "2nd": "en", "the second one please": "en", "option 2": "de", "la seconda": "it", "il secondo, grazie": "it", "due": "it", "la deuxième": "fr", "le 2e": "fr",
		"a doua": "ro", "al doilea": "ro", "el segundo": "es", "das zweite": "de", "die zweite bitte": "de", "a segunda": "pt", "second": "pt",
	} {
		k := newTalk(t, StageQualify)
		k.lang = lang
		k.says(text)
		if got := k.state.Answers["topic"]; got != "booking" {
			t.Errorf("%s, %q chose %q", lang, text, got)
		}
	}
}

func TestYesGrantsOnlyRightAfterTheQuestion(t *testing.T) {
	yes := map[string]string{"en": "YES", "it": "SÌ", "fr": "Oui", "ro": "da", "es": "SÍ!", "de": "Ja.", "pt": "sim"}
	no := map[string]string{"en": "no", "it": "No", "fr": "NON", "ro": "nu", "es": "no", "de": "Nein", "pt": "NÃO"}
	for lang := range yes {
		for _, stage := range []Stage{StageNew, StageQualify, StageDone, StageStopped} {
			k := newTalk(t, stage)
			k.lang = lang
			if turn := k.says(yes[lang]); strings.Contains(acts(turn), "grant") {
				t.Errorf("%s: %q granted in stage %q", lang, yes[lang], stage)
			}
		}
		k := newTalk(t, StageConsent)
		k.lang = lang
		turn := k.says(yes[lang])
		k.want(StageDone, "consent.thanks")
		if acts(turn) != "grant keyword_reply" || turn.HandOver != "routed" {
			t.Errorf("%s: %q gave %q, %q", lang, yes[lang], acts(turn), turn.HandOver)
		}
		k = newTalk(t, StageConsent)
		turn = k.says(no[lang])
		k.want(StageDone, "consent.refused")
		if acts(turn) != "refuse keyword_reply" {
			t.Errorf("%s: %q gave %q", lang, no[lang], acts(turn))
		}
	}
}

func TestWhatIsNoAnswerGrantsNothing(t *testing.T) {
	for _, text := range []string{"yes but only on mondays", "what does it cost?", "ok", "👍", "", "sisi", "yesterday", "SI?no", "da wo", "ja nein"} {
		k := newTalk(t, StageConsent)
		turn := k.says(text)
		k.want(StageDone)
		if acts(turn) != "" || turn.HandOver != "routed" {
			t.Errorf("%q gave %q, %q", text, acts(turn), turn.HandOver)
		}
		if turn = k.says("yes"); acts(turn) != "" {
			t.Errorf("a yes one message late gave %q", acts(turn))
		}
	}
	for payload, want := range map[string]string{"ponte:yes": "grant button", "ponte:no": "refuse button", "ponte:keep": "", "q:topic:booking": ""} {
		k := newTalk(t, StageConsent)
		if turn := k.step(Input{Payload: payload, Text: "yes"}); acts(turn) != want {
			t.Errorf("the tap %s gave %q, want %q", payload, acts(turn), want)
		}
	}
}

func TestStopAtEveryStageIsConfirmedOnce(t *testing.T) {
	for _, stage := range []Stage{StageNew, StageQualify, StageConsent, StageDoubt, StageDone} {
		for name, in := range map[string]Input{"words": {Text: "STOP", OptOut: "clear"}, "button": {Payload: "ponte:stop"}, "to a person": {Text: "STOP", OptOut: "clear", Human: true}} {
			k := newTalk(t, stage)
			turn := k.step(in)
			k.want(StageStopped, "stop.confirmed")
			if !strings.HasPrefix(acts(turn), "withdraw ") {
				t.Errorf("%s in %q gave %q", name, stage, acts(turn))
			}
			turn = k.step(in)
			k.want(StageStopped)
			if !strings.HasPrefix(acts(turn), "withdraw ") {
				t.Errorf("a second %s gave %q", name, acts(turn))
			}
			k.step(Input{Text: "enough", OptOut: "doubtful"})
			k.want(StageStopped)
			k.says("yes")
			k.want(StageStopped)
		}
	}
}

func TestDoubt(t *testing.T) {
	doubtful := Input{Text: "basta", OptOut: "doubtful"}
	for name, c := range map[string]struct {
		answer Input
		acts   string
		stage  Stage
		said   []string
	}{
		"stop":         {Input{Payload: "ponte:stop"}, "withdraw button", StageStopped, []string{"stop.confirmed"}},
		"yes":          {Input{Text: "Sì"}, "withdraw plain_words", StageStopped, []string{"stop.confirmed"}},
		"keep":         {Input{Payload: "ponte:keep"}, "confirm button", StageQualify, []string{"stop.kept"}},
		"no":           {Input{Text: "no"}, "confirm keyword_reply", StageQualify, []string{"stop.kept"}},
		"said again":   {Input{Text: "basta", OptOut: "doubtful"}, "doubt plain_words", StageDoubt, []string{"stop.doubt"}},
		"other":        {Input{Text: "1"}, "ask question", StageConsent, []string{"route.thanks", "consent.offers"}},
		"wants people": {Input{Text: "a human", WantsHuman: true}, "", StageDone, []string{"human.ok"}},
	} {
		t.Run(name, func(t *testing.T) {
			k := newTalk(t, StageQualify)
			turn := k.step(doubtful)
			k.want(StageDoubt, "stop.doubt")
			if acts(turn) != "doubt plain_words" {
				t.Fatalf("the doubt gave %q", acts(turn))
			}
			turn = k.step(c.answer)
			k.want(c.stage, c.said...)
			if acts(turn) != c.acts {
				t.Errorf("gave %q, want %q", acts(turn), c.acts)
			}
		})
	}
}

// A doubt between the question about offers and its answer: the wording is not what was shown last.
func TestADoubtEndsTheQuestionAboutOffers(t *testing.T) {
	for _, after := range []Input{{Text: "no"}, {Payload: "ponte:keep"}, {Text: "how much is it?"}, {Payload: "ponte:yes"}} {
		k := newTalk(t, StageConsent)
		k.state.WordingID, k.state.AskedAction = 4, 5
		k.step(Input{Text: "basta", OptOut: "doubtful"})
		k.step(after)
		turn := k.step(Input{Text: "yes"})
		if strings.Contains(acts(turn), "grant") || k.state.WordingID != 0 {
			t.Errorf("after %+v a yes gave %q", after, acts(turn))
		}
	}
}

// "No thanks" may mean all that the brand writes; as the answer to the wording just shown it means offers, and nobody is
// asked what they meant. It is no answer any more when the wording is not what was said last.
func TestNoThanksAnswersTheWordingJustShown(t *testing.T) {
	for _, in := range []Input{{Text: "NEIN"}, {Text: "No, grazie!"}, {Text: "no thanks"}, {Text: "Nu, mulțumesc"}, {Text: "NEIN", Payload: "ponte:no"}} {
		in.OptOut = "doubtful"
		k := newTalk(t, StageConsent)
		if got := acts(k.step(in)); !strings.HasPrefix(got, "refuse ") {
			t.Errorf("%+v to the wording just shown gave %q", in, got)
		}
		k = newTalk(t, StageDone)
		if in.Payload == "" {
			if got := acts(k.step(in)); !strings.HasPrefix(got, "doubt") {
				t.Errorf("%+v at another time gave %q", in, got)
			}
		}
	}
	k := newTalk(t, StageConsent)
	if got := acts(k.step(Input{Text: "yes", OptOut: "doubtful"})); !strings.HasPrefix(got, "doubt") {
		t.Errorf("a doubtful yes gave %q", got)
	}
}

func TestAPersonIsGivenAtEveryStage(t *testing.T) {
	for _, stage := range []Stage{StageNew, StageQualify, StageConsent, StageDoubt, StageDone} {
		k := newTalk(t, stage)
		turn := k.step(Input{Text: "a real person please", WantsHuman: true})
		k.want(StageDone, "human.ok")
		if turn.HandOver != "asked_for_a_person" {
			t.Errorf("in %q: %+v", stage, turn)
		}
		k.step(Input{Text: "hello", Human: true})
		k.want(StageDone)
	}
}

func TestStartAsksAgainUnlessGranted(t *testing.T) {
	k := newTalk(t, StageStopped)
	k.offer = "withdrawn"
	turn := k.says("START")
	k.want(StageConsent, "consent.offers")
	if acts(turn) != "ask question" {
		t.Errorf("START gave %q", acts(turn))
	}
	if turn = k.says("yes"); acts(turn) != "grant keyword_reply" {
		t.Errorf("the yes after START gave %q", acts(turn))
	}
	k = newTalk(t, StageDone)
	k.offer = "granted"
	k.says("start")
	k.want(StageDone)
}

func TestWhoWithdrewIsNotAskedAgainByTheWay(t *testing.T) {
	for _, offers := range []string{"withdrawn", "granted", "doubt", "refused", "expired"} {
		k := newTalk(t, StageQualify)
		k.offer = offers
		turn := k.says("1")
		k.want(StageDone, "route.thanks")
		if acts(turn) != "" || turn.HandOver != "routed" {
			t.Errorf("with offers %s: %q, %q", offers, acts(turn), turn.HandOver)
		}
	}
}

func TestTwoQuestionsThenResolve(t *testing.T) {
	cfg := Config{AskOffers: true, MaxRetries: 1, Questions: []Question{
		{ID: "what", Text: map[string]string{"en": "What?"}, Choices: []Choice{
			{ID: "hours", Title: map[string]string{"en": "Opening hours"}, Answer: map[string]string{"en": "Nine to five."}, Resolve: true},
			{ID: "other", Title: map[string]string{"en": "Something else"}}}},
		{ID: "where", Text: map[string]string{"en": "Where are you?"}}}}
	k := &talk{t: t, cfg: cfg, lang: "en", offer: "none"}
	k.says("hi")
	k.says("something else")
	k.want(StageQualify, "qualify.where")
	k.says("in Bondi")
	k.want(StageConsent, "route.thanks", "consent.offers")
	if k.state.Answers["where"] != "in Bondi" || k.state.Answers["what"] != "other" {
		t.Errorf("answers %v", k.state.Answers)
	}
	k = &talk{t: t, cfg: cfg, lang: "en", offer: "none"}
	k.says("hi")
	turn := k.says("1")
	k.want(StageConsent, "route.answer", "consent.offers")
	if turn.Resolve || turn.Waits {
		t.Error("resolved before the question about offers was answered")
	}
	if turn = k.says("no"); !turn.Resolve || turn.HandOver != "" {
		t.Errorf("not resolved after the answer: %+v", turn)
	}
}

func TestAboutStopping(t *testing.T) {
	doubt := State{Stage: StageDoubt}
	for _, c := range []struct {
		state         State
		text, payload string
		want          bool
	}{
		{State{}, "", "ponte:stop", true}, {State{}, "yes", "", false}, {State{}, "", "ponte:keep", false},
		{doubt, "yes", "", true}, {doubt, "No", "", true}, {doubt, "", "ponte:keep", true}, {doubt, "how much?", "", false}, {doubt, "yes", "q:a:b", false},
	} {
		if got := AboutStopping(c.state, c.text, c.payload); got != c.want {
			t.Errorf("%q %q in %q: %v", c.text, c.payload, c.state.Stage, got)
		}
	}
}

func TestValidateConfig(t *testing.T) {
	if bad := DefaultConfig().Validate(); len(bad) > 0 {
		t.Fatalf("the default is refused: %v", bad)
	}
	title := map[string]string{"en": "A"}
	choice := func(n int) (out []Choice) {
		for i := range n {
			out = append(out, Choice{ID: string(rune('a' + i)), Title: title})
		}
		return out
	}
	ask := func(c []Choice) []Question {
		return []Question{{ID: "q", Text: title, Choices: c}}
	}
	for field, questions := range map[string][]Question{
		"bot.questions":                        {ask(nil)[0], ask(nil)[0], ask(nil)[0]},
		"bot.questions[0]":                     {{ID: "", Text: title}},
		"bot.questions[0].choices":             ask(choice(11)),
		"bot.questions[0].choices[1]":          ask([]Choice{{ID: "a", Title: title}, {ID: "a", Title: title}}),
		"bot.questions[0].choices[0]":          ask([]Choice{{ID: "a"}}),
		"bot.questions[0].choices[0].title.de": ask([]Choice{{ID: "a", Title: map[string]string{"de": strings.Repeat("ä", 21)}}}),
	} {
		bad := Config{Questions: questions}.Validate()
		if len(bad) != 1 || bad[0].Field != field {
			t.Errorf("faults %v, want one at %s", bad, field)
		}
	}
}

// People say yes and no politely, and with more than the word. What takes part of it back, or is no yes by itself, is none.
func TestYesAndNoInMoreThanAWord(t *testing.T) {
	for _, yes := range []string{"Yes, that's fine", "yeah sure", "Yes 😊", "yes of course!", "sì, va bene", "Sì, volentieri grazie", "oui bien sûr", "Oui, d'accord", "oui avec plaisir", "da, vă rog", "Da, sigur, mulțumesc", "sí, claro", "sí, por supuesto",
		"sí, por favor", "ja, gerne!", "Ja klar", "ja bitte, danke schön", "sim, pode ser", "sim, com certeza", "sim por favor"} {
		if !IsYes(yes) || IsNo(yes) {
			t.Errorf("%q: yes %v, no %v", yes, IsYes(yes), IsNo(yes))
		}
	}
	for _, no := range []string{"No, it's fine", "no thanks!", "nope thanks", "no, va bene così", "non merci beaucoup", "non, ça va", "nu, mersi", "Nu, e bine așa", "no, muchas gracias", "nein, danke schön", "Nein, schon gut", "não, muito obrigada", "no 🙂"} {
		if IsYes(no) || !IsNo(no) {
			t.Errorf("%q: yes %v, no %v", no, IsYes(no), IsNo(no))
		}
	}
	for _, neither := range []string{"ok", "thanks", "va bene", "yes but not now", "yes no", "sì ma non offerte", "yes of course not", "claro que no", "nu sunt sigur", "da nu", "oui mais stop", "yes please stop", "sure, when do you open?", "ja, aber nur einmal", "si on veut", "no problem, go ahead", "",
		"please", "yes yes yes yes yes yes yes yes", "not yes", "I said yes", "fine", "sim ou não"} {
		if IsYes(neither) || IsNo(neither) {
			t.Errorf("%q: yes %v, no %v", neither, IsYes(neither), IsNo(neither))
		}
	}
}

func TestFarewells(t *testing.T) {
	for _, text := range []string{"Thanks!", "thank you so much 🙏", "ok thanks, bye", "Perfect, see you then", "grazie mille, a presto", "Grazie 😊", "va bene grazie", "merci beaucoup !", "Merci, bonne journée", "d'accord merci", "mulțumesc frumos", "mersi, o zi bună",
		"muchas gracias, hasta luego", "vale, gracias", "vielen Dank", "danke schön, bis bald", "Alles klar, danke", "muito obrigada!", "obrigado, até logo", "👍", "❤️", "🙏🏽", "ok"} {
		if !IsFarewell(text) {
			t.Errorf("%q is no farewell", text)
		}
	}
	for _, text := range []string{"", "hi", "ciao", "salut", "hello again", "bom dia", "thanks, how much is it?", "thanks but can you move it", "no thanks", "ok stop", "danke, aber wann?", "grazie, ma non funziona", "merci pour rien", "yes", "👎", "💔", "😡", "...", "!", "2", "thanks 2", "perfect, I'll take two",
		"ok cancel", "a", "good morning"} {
		if IsFarewell(text) {
			t.Errorf("%q is taken for a farewell", text)
		}
	}
}
