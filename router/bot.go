package router

import (
	"strings"
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
	AskedPerson bool              `json:"asked_person,omitempty"` // a person was asked for while one had the conversation already
	CameByLink  bool              `json:"came_by_link,omitempty"` // was welcomed with a poster's reference in a conversation that had begun
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
	Waiting    bool   // nobody of the brand has answered yet, nor was anybody asked for: with Human
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
	case in.Payload == payloadKeep && (s.Stage != StageDoubt || in.Human) && s.Stage != StageStopped && in.Offers == "doubt":
		b.keepLate()
	case in.Human && in.OptOut == "doubtful" && b.nobodyAsks() && s.Stage != StageDoubt && s.Stage != StageStopped && !b.refusesOffers():
		b.doubt()
		b.t.Waits = true
	case in.Human && s.Stage == StageDoubt && b.nobodyAsks() && AboutStopping(s, in.Text, in.Payload):
		b.answerDoubt()
	case in.Human:
		if s.Stage == StageConsent { // what comes next answers the person, not the wording
			b.t.State.Stage, b.t.State.WordingID = StageDone, 0
		}
		b.t.Reason = "a person is answering; the bot is silent"
		b.t.State.AskedPerson = s.AskedPerson || in.WantsHuman
		if in.Waiting && !b.t.State.AskedPerson {
			b.welcomeWaiting()
		}
		b.heardDoubt()
	case in.WantsHuman:
		b.handOver("asked_for_a_person", "human.ok")
		b.heardDoubt()
	case in.OptOut == "doubtful" && s.Stage != StageDoubt && s.Stage != StageStopped && !b.refusesOffers():
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

// IsOwnPayload reports whether a tap came from one of the bot's own buttons, or from a flow's ("f:").
func IsOwnPayload(payload string) bool {
	return strings.HasPrefix(payload, "ponte:") || strings.HasPrefix(payload, "q:") || strings.HasPrefix(payload, "f:")
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

func (b *bot) askOffers(reason string) {
	b.t.Say = append(b.t.Say, Utterance{Key: "consent.offers", Wording: "offers",
		Buttons: []Option{{payloadYes, b.text("consent.yes")}, {payloadNo, b.text("consent.no")}}})
	b.t.Consent = append(b.t.Consent, ConsentStep{"ask", "promotional", "question"})
	b.t.State.Stage = StageConsent
	b.t.State.Confirmed = false
	b.t.Reason = reason + "; asked whether offers are welcome"
}

// refusesOffers reports whether "no thanks" answers the wording just shown. At any other time it may mean all that
// the brand writes; here nobody need ask what it meant.
func (b *bot) refusesOffers() bool {
	return b.t.State.Stage == StageConsent && (b.in.Payload == payloadNo || b.in.Payload == "" && isNo(b.in.Text, b.in.Language))
}

func (b *bot) answerOffers() {
	switch {
	case b.in.Payload == payloadYes || (b.in.Payload == "" && (isYes(b.in.Text, b.in.Language) || isStart(b.in.Text))):
		b.t.Consent = append(b.t.Consent, ConsentStep{"grant", "promotional", b.how("keyword_reply")})
		b.say("consent.thanks")
		b.t.Reason = "opted in to offers, as the answer to the wording just shown"
	case b.refusesOffers():
		b.t.Consent = append(b.t.Consent, ConsentStep{"refuse", "promotional", b.how("keyword_reply")})
		b.say("consent.refused")
		b.t.Reason = "declined offers"
	default:
		b.t.Reason = "no answer to the question about offers: nothing granted"
		b.t.State.Resolve = false
		b.welcomeWaiting()
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
	b.welcomeWaiting()
}

// comes says that the input brings a reference which somebody comes over with just now: a poster's, which everybody
// has, once in a conversation.
func (b *bot) comes() bool {
	return b.in.Outcome == Valid || b.in.Outcome == SharedLink && !b.t.State.CameByLink
}

// welcomeWaiting welcomes somebody who comes over with a reference into a conversation that waits for a person. It
// asks nothing and leads nowhere: who answers is a person.
func (b *bot) welcomeWaiting() {
	if !b.comes() || b.t.State.Stage == StageStopped { // after a withdrawal it is a person who speaks
		return
	}
	b.t.State.CameByLink = b.t.State.CameByLink || b.in.Outcome == SharedLink
	key := "waiting.joined"
	if b.in.Origin == "" {
		key = "waiting.plain"
	}
	b.say(key)
	b.t.Waits = true
	b.t.Reason += "; welcomed with the reference"
}
