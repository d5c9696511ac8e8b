package router

import (
	"slices"
	"strconv"
	"strings"

	"ponte/fault"
)

// Stage is how far the bot has led a conversation.
type Stage string

// The stages: welcome → qualify → route → resolve or a person; the question about offers comes last.
const (
	StageNew     Stage = ""
	StageQualify Stage = "qualify"
	StageConsent Stage = "consent" // the wording about offers was shown last
	StageDoubt   Stage = "doubt"   // the person was asked whether they want to stop
	StageDone    Stage = "done"    // a person answers from here on
	StageStopped Stage = "stopped" // the person withdrew; silence
)

// State is what the bot remembers of a conversation; it is kept with it as JSON.
type State struct {
	Stage       Stage             `json:"stage,omitempty"`
	Question    int               `json:"question,omitempty"` // index of the question that was asked
	Retries     int               `json:"retries,omitempty"`
	Answers     map[string]string `json:"answers,omitempty"`
	Before      Stage             `json:"before,omitempty"`       // the stage a doubt interrupted
	Resolve     bool              `json:"resolve,omitempty"`      // nothing is left for a person after the question about offers
	WordingID   int64             `json:"wording_id,omitempty"`   // the wording shown; set by the caller when it is sent
	AskedAction int64             `json:"asked_action,omitempty"` // the message that showed it; set by the caller
	Confirmed   bool              `json:"confirmed,omitempty"`    // the withdrawal was confirmed once
}

// Config is how a workspace leads its conversations.
type Config struct {
	Questions  []Question `json:"questions"`
	AskOffers  bool       `json:"ask_offers"`  // ask for the opt-in to offers after routing
	MaxRetries int        `json:"max_retries"` // unclear answers before a person takes over
}

// Question is one qualifying question; without choices any text is an answer.
type Question struct {
	ID      string            `json:"id"`
	Text    map[string]string `json:"text"`
	Choices []Choice          `json:"choices,omitempty"`
}

// Choice is one answer: it labels the conversation and may route it to a team or resolve it.
type Choice struct {
	ID      string            `json:"id"`
	Title   map[string]string `json:"title"` // at most 20 characters (WhatsApp button)
	Label   string            `json:"label,omitempty"`
	Team    string            `json:"team,omitempty"`
	Answer  map[string]string `json:"answer,omitempty"` // said instead of "somebody will answer"
	Resolve bool              `json:"resolve,omitempty"`
}

// maxButtonTitle is WhatsApp's limit of a reply button.
const maxButtonTitle = 20

// Validate returns every fault of a configuration.
func (c Config) Validate() []*fault.Error {
	var bad []*fault.Error
	if len(c.Questions) > 2 {
		bad = append(bad, fault.Field("bot.questions", "at most two questions before a person can be reached, there are %d", len(c.Questions)))
	}
	for i, q := range c.Questions {
		field := "bot.questions[" + strconv.Itoa(i) + "]"
		if q.ID == "" || len(q.Text) == 0 {
			bad = append(bad, fault.Field(field, "needs an id and a text"))
		}
		if len(q.Choices) > 10 {
			bad = append(bad, fault.Field(field+".choices", "a WhatsApp list has at most ten rows, there are %d", len(q.Choices)))
		}
		seen := map[string]bool{}
		for j, ch := range q.Choices {
			at := field + ".choices[" + strconv.Itoa(j) + "]"
			if ch.ID == "" || seen[ch.ID] || len(ch.Title) == 0 {
				bad = append(bad, fault.Field(at, "needs an id of its own and a title"))
			}
			seen[ch.ID] = true
			for lang, title := range ch.Title {
				if n := len([]rune(title)); n == 0 || n > maxButtonTitle {
					bad = append(bad, fault.Field(at+".title."+lang, "%q must have 1 to %d characters", title, maxButtonTitle))
				}
			}
		}
	}
	return bad
}

// Input is one thing the customer did, with what is known at that instant.
type Input struct {
	Text       string
	Payload    string // id of the button or list row that was tapped
	Type       string // text, image, audio, unsupported …
	Language   string
	OptOut     string // "", clear, doubtful: computed by moderation
	WantsHuman bool
	Outcome    Outcome
	Name       string
	Origin     string // what they came from, readable: the post's first words
	Offers     string // standing consent to offers: granted, withdrawn, doubt, none
	Burst      bool   // came within seconds of the message before it
	Human      bool   // a person has taken over: only a withdrawal is still handled
}

// Utterance is one message to send. Wording "offers" asks the caller for the stored consent wording.
type Utterance struct {
	Key     string
	Text    string
	Buttons []Option
	Wording string
}

// Option is a button or a list row.
type Option struct{ ID, Title string }

// ConsentStep is an entry for the ledger.
type ConsentStep struct {
	Act     string // ask, grant, refuse, withdraw, doubt, confirm
	Purpose string // promotional
	How     string // button, keyword_reply, plain_words
}

// Turn is what follows from an input.
type Turn struct {
	State    State
	Say      []Utterance
	Consent  []ConsentStep
	Labels   []string
	Team     string
	HandOver string // why a person must answer; empty: nobody needs to yet
	Waits    bool   // a person should answer, though the bot still listens
	Resolve  bool
	Reason   string // what happened, for the event's record
}

// Payloads of the bot's own buttons.
const (
	payloadYes  = "ponte:yes"
	payloadNo   = "ponte:no"
	payloadStop = "ponte:stop"
	payloadKeep = "ponte:keep"
)

// Step leads a conversation one turn on. It is deterministic, and what it grants is only what was
// asked just before.
func Step(cfg Config, brand string, s State, in Input) Turn {
	b := bot{cfg: cfg, brand: brand, in: in, t: Turn{State: s}}
	switch {
	case in.OptOut == "clear" || in.Payload == payloadStop || (s.Stage == StageConsent && isStop(in.Text)):
		b.stop()
	case in.Payload == payloadKeep && s.Stage != StageDoubt && s.Stage != StageStopped && in.Offers == "doubt":
		b.keepLate()
	case in.Human:
		if s.Stage == StageConsent { // what comes next answers the person, not the wording
			b.t.State.Stage, b.t.State.WordingID = StageDone, 0
		}
		b.t.Reason = "a person is answering; the bot is silent"
		b.heardDoubt()
	case in.WantsHuman:
		b.handOver("asked_for_a_person", "human.ok")
		b.heardDoubt()
	case in.OptOut == "doubtful" && s.Stage != StageDoubt && s.Stage != StageStopped:
		b.doubt()
	case s.Stage == StageDoubt:
		b.answerDoubt()
	case isStart(in.Text) && in.Offers != "granted":
		b.askOffers("asked to come back")
	case s.Stage == StageConsent:
		b.answerOffers()
	case s.Stage == StageQualify:
		b.answerQuestion()
	case s.Stage == StageNew:
		b.welcome()
	default:
		b.afterwards()
		b.heardDoubt()
	}
	return b.t
}

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

type bot struct {
	cfg   Config
	brand string
	in    Input
	t     Turn
}

func (b *bot) say(key string, options ...Option) {
	b.t.Say = append(b.t.Say, Utterance{Key: key, Text: b.text(key), Buttons: options})
}

func (b *bot) text(key string) string {
	return Say(b.in.Language, key, "brand", b.brand, "name", b.in.Name, "origin", b.in.Origin)
}

func (b *bot) stop() {
	b.t.Consent = append(b.t.Consent, ConsentStep{"withdraw", "promotional", b.how("plain_words")})
	b.t.Reason = "withdrew: no offers on any channel of the brand"
	if !b.t.State.Confirmed {
		b.say("stop.confirmed")
		b.t.Reason += "; confirmed once"
	}
	b.t.State = State{Stage: StageStopped, Confirmed: true, Answers: b.t.State.Answers}
}

func (b *bot) how(words string) string {
	if b.in.Payload != "" {
		return "button"
	}
	return words
}

// IsOwnPayload reports whether a tap came from one of the bot's own buttons, or from a flow's ("f:").
func IsOwnPayload(payload string) bool {
	return strings.HasPrefix(payload, "ponte:") || strings.HasPrefix(payload, "q:") || strings.HasPrefix(payload, "f:")
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
	if s := &b.t.State; s.Stage == StageConsent { // the wording is not what was said last any more
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
		if before == StageDone {
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

func (b *bot) welcome() {
	key := "welcome.plain"
	switch b.in.Outcome {
	case Valid, UsedBefore:
		key = "welcome.joined"
		if b.in.Origin == "" {
			key = "welcome.plain"
		}
	case Expired, Revoked, UnknownCode, UsedByOther, WrongAccount, Forwarded:
		key = "welcome.stale"
	}
	b.t.Reason = "welcomed"
	if len(b.cfg.Questions) == 0 {
		b.say(key)
		b.route(Choice{})
		return
	}
	b.t.State.Stage, b.t.State.Question, b.t.State.Retries = StageQualify, 0, 0
	b.ask(b.text(key) + "\n\n")
	b.t.Reason = "welcomed and asked the first question"
}

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
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(q.Choices) {
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

func (b *bot) askOffers(reason string) {
	b.t.Say = append(b.t.Say, Utterance{Key: "consent.offers", Wording: "offers",
		Buttons: []Option{{payloadYes, b.text("consent.yes")}, {payloadNo, b.text("consent.no")}}})
	b.t.Consent = append(b.t.Consent, ConsentStep{"ask", "promotional", "question"})
	b.t.State.Stage = StageConsent
	b.t.State.Confirmed = false
	b.t.Reason = reason + "; asked whether offers are welcome"
}

func (b *bot) answerOffers() {
	switch {
	case b.in.Payload == payloadYes || (b.in.Payload == "" && (isYes(b.in.Text, b.in.Language) || isStart(b.in.Text))):
		b.t.Consent = append(b.t.Consent, ConsentStep{"grant", "promotional", b.how("keyword_reply")})
		b.say("consent.thanks")
		b.t.Reason = "opted in to offers, as the answer to the wording just shown"
	case b.in.Payload == payloadNo || (b.in.Payload == "" && isNo(b.in.Text, b.in.Language)):
		b.t.Consent = append(b.t.Consent, ConsentStep{"refuse", "promotional", b.how("keyword_reply")})
		b.say("consent.refused")
		b.t.Reason = "declined offers"
	default:
		b.t.Reason = "no answer to the question about offers: nothing granted"
		b.t.State.Resolve = false
	}
	b.t.State.WordingID = 0
	b.finish()
}

// finish ends the bot's part: resolved, or a person goes on.
func (b *bot) finish() {
	if b.t.State.Resolve {
		b.t.Resolve = true
	} else {
		b.t.HandOver = "routed"
	}
	b.t.State.Stage = StageDone
}

func (b *bot) handOver(why, key string) {
	b.say(key)
	b.t.State.Stage, b.t.State.WordingID = StageDone, 0
	b.t.HandOver = why
	b.t.Reason = "handed to a person: " + strings.ReplaceAll(why, "_", " ")
}

// afterwards: done or stopped. A message that comes now is for a person; it never subscribes anybody
// again. What is said after a withdrawal is said by a person.
func (b *bot) afterwards() {
	b.t.HandOver = "wrote_again"
	b.t.Reason = "for a person: the bot had finished"
}

// Words that count as an answer to the question just asked, and only then.
var (
	yesWords   = map[string][]string{"en": {"yes", "yes please", "yep", "yeah", "sure", "ok yes"}, "it": {"si", "si grazie", "certo"}, "fr": {"oui", "oui merci", "oui volontiers"}, "ro": {"da", "da multumesc", "sigur"}, "es": {"si", "si gracias", "claro"}, "de": {"ja", "ja gerne", "ja bitte"}, "pt": {"sim", "sim obrigado", "sim obrigada", "claro"}}
	noWords    = map[string][]string{"en": {"no", "no thanks", "no thank you", "nope"}, "it": {"no", "no grazie"}, "fr": {"non", "non merci"}, "ro": {"nu", "nu multumesc"}, "es": {"no", "no gracias"}, "de": {"nein", "nein danke"}, "pt": {"nao", "nao obrigado", "nao obrigada"}}
	startWords = []string{"start", "unstop", "subscribe", "subscribe me", "inizia", "iscrivimi", "commencer", "reprendre", "abonnez moi", "empezar", "alta", "suscribirme", "anmelden", "abonnieren", "iniciar", "assinar", "incepe", "abonare"}
	stopWords  = []string{"stop", "stopp"}
)

// isYes takes YES, SÌ, OUI, DA, SÍ, JA and SIM in whatever language they come: people mix. But only as
// the whole message.
func isYes(text, _ string) bool { return isWord(text, yesWords) }

func isNo(text, _ string) bool { return isWord(text, noWords) }

// IsYes reports whether a text, as a whole, says yes in one of the languages served.
func IsYes(text string) bool { return isWord(text, yesWords) }

// IsNo reports whether a text, as a whole, says no in one of the languages served.
func IsNo(text string) bool { return isWord(text, noWords) }

// isStart takes a word that asks to come back, as the whole message. It grants nothing but as the answer to
// the wording just shown; at any other time it has the wording shown.
func isStart(text string) bool { return slices.Contains(startWords, Fold(text)) }

func isStop(text string) bool { return slices.Contains(stopWords, Fold(text)) }

func isWord(text string, words map[string][]string) bool {
	folded := Fold(text)
	for _, list := range words {
		if slices.Contains(list, folded) {
			return true
		}
	}
	return false
}

// DefaultConfig is what a workspace starts with: one question, then the question about offers.
func DefaultConfig() Config {
	title := func(key string) map[string]string { return All(key) }
	return Config{AskOffers: true, MaxRetries: 1, Questions: []Question{{
		ID: "topic", Text: All("qualify.topic"),
		Choices: []Choice{
			{ID: "products", Title: title("topic.products"), Label: "new lead", Team: "sales"},
			{ID: "booking", Title: title("topic.booking"), Label: "booking", Team: "sales"},
			{ID: "order", Title: title("topic.order"), Label: "order", Team: "support"},
		},
	}}}
}
