package flow

import "time"

// Waiting says what a person's place in a flow waits for.
type Waiting string

// What a flow can wait for. An ended flow waits for nothing.
const (
	ForStart   Waiting = ""        // not begun
	ForAnswer  Waiting = "answer"  // a question was asked, or times were offered
	ForConsent Waiting = "consent" // a consent wording was shown last
	ForMessage Waiting = "message" // a wait: anything the person writes, or the time
	ForOutcome Waiting = "outcome" // an outside call or a reservation
	Ended      Waiting = "ended"
)

// State is a person's place in a flow. It is small, and kept as JSON with the conversation. It names the
// version of the flow, so that a person finishes on the version they started.
type State struct {
	Flow        string            `json:"flow"`
	Version     int               `json:"version"`
	Step        string            `json:"step"`
	Waiting     Waiting           `json:"waiting,omitempty"`
	Why         string            `json:"why,omitempty"` // how it ended: resolved, ended, handed_over, stopped, broken
	Doubt       bool              `json:"doubt,omitempty"`
	Confirmed   bool              `json:"confirmed,omitempty"` // the withdrawal was confirmed once
	Retries     int               `json:"retries,omitempty"`
	Answers     map[string]string `json:"answers,omitempty"`
	Trail       []string          `json:"trail,omitempty"` // questions asked, for "back"
	Seq         int               `json:"seq,omitempty"`   // number of the last thing waited for
	Due         time.Time         `json:"due,omitzero"`    // when the timer of Seq runs out
	Offered     []time.Time       `json:"offered,omitempty"`
	Chosen      time.Time         `json:"chosen,omitzero"` // the time being reserved
	Booking     *Booking          `json:"booking,omitempty"`
	WordingID   int64             `json:"wording_id,omitempty"`   // the wording shown; set by the caller when it plans the message
	AskedAction int64             `json:"asked_action,omitempty"` // the message that shows it; set by the caller
}

// Booking is a reserved time.
type Booking struct {
	Ref     string    `json:"ref"`
	Service string    `json:"service"`
	Start   time.Time `json:"start"`
	Status  string    `json:"status"` // held, confirmed
}

// InputKind says what came.
type InputKind string

// The kinds of inputs.
const (
	Message InputKind = "message" // the person wrote, tapped or sent something
	Timer   InputKind = "timer"   // the time of a timer effect has come
	Outcome InputKind = "outcome" // an outside call or a booking was done, or failed
)

// Wish is what the recogniser of wishes found in a message. It is decided outside: a flow cannot overlook
// that somebody wants to stop or to talk to a person.
type Wish string

// The wishes.
const (
	NoWish    Wish = ""
	WantsStop Wish = "stop"
	MayStop   Wish = "doubt"
	WantsHelp Wish = "human" // a person is asked for
)

// Input is one thing that came.
type Input struct {
	Kind    InputKind `json:"kind"`
	Text    string    `json:"text,omitempty"`
	Payload string    `json:"payload,omitempty"` // id of the button or row that was tapped
	Wish    Wish      `json:"wish,omitempty"`
	Early   bool      `json:"early,omitempty"` // written before the consent wording had left: it cannot answer it
	Seq     int       `json:"seq,omitempty"`   // timer, outcome: the number of the effect
	Failure string    `json:"failure,omitempty"`
	Status  int       `json:"status,omitempty"` // of a call: HTTP status
	Body    string    `json:"body,omitempty"`   // of a call
	Ref     string    `json:"ref,omitempty"`    // of a reservation
	At      time.Time `json:"at,omitzero"`      // when the person wrote; zero: now. "Tomorrow" is the day after it
}

// Failures of outcomes that the interpreter tells apart; any other text is a failure too.
const (
	FailedTimeout = "timeout"
	FailedTaken   = "taken" // the time was reserved by somebody else meanwhile
)

// Context is what is known of person and moment.
type Context struct {
	Now      time.Time
	Zone     *time.Location // where "today" is meant in a flow without opening hours; nil: as Now is written
	Language string
	Brand    string
	Origin   string            // what the person came from, readable
	Contact  map[string]string // contact fields
	Labels   []string          // of the conversation
	// PersonLabels stay with the person. Conditions ask for them too; a flow changes those of the conversation alone.
	PersonLabels []string
	Consent      map[string]string // standing consent by purpose: granted, withdrawn, refused, doubt, expired, none
	Booking      *Booking          // the contact's next booking, from an earlier conversation
	Slots        Slots             // free times; nil: none
}

// Slots tells which times of a service are free.
type Slots interface {
	// Free returns at most so many free starts after the instant, in order.
	Free(service Service, after time.Time, most int) []time.Time
}

// Movable are slots that know which bookings take them.
type Movable interface {
	// Apart returns the times as they are free for a booking that is being moved.
	Apart(ref string) Slots
}

// EffectKind names what must happen outside.
type EffectKind string

// The closed list of effects.
const (
	Say          EffectKind = "say"
	AskConsent   EffectKind = "ask_consent" // show the stored wording; the answer is a Consent effect
	ConsentGiven EffectKind = "consent"     // an entry for the ledger
	Labels       EffectKind = "labels"
	SetFields    EffectKind = "set"
	Assign       EffectKind = "assign"
	HandOver     EffectKind = "hand_over"
	SendTemplate EffectKind = "template"
	StartTimer   EffectKind = "timer"
	Request      EffectKind = "request"
	Goal         EffectKind = "goal"
	BookingDo    EffectKind = "booking"
	Resolve      EffectKind = "resolve"
	Note         EffectKind = "note" // why, for the event's record; always the last
)

// Effect is one thing that must happen outside. Which fields are set follows from the kind.
type Effect struct {
	Kind EffectKind `json:"kind"`
	Step string     `json:"step,omitempty"`

	Text        string   `json:"text,omitempty"`        // say, note
	Language    string   `json:"language,omitempty"`    // say, ask_consent, template: the language it is in
	Wanted      string   `json:"wanted,omitempty"`      // say: the person's language, where the text lacks it
	Buttons     []Option `json:"buttons,omitempty"`     // say, ask_consent: up to three
	List        *List    `json:"list,omitempty"`        // say
	Link        *Link    `json:"link,omitempty"`        // say
	Media       *Media   `json:"media,omitempty"`       // say
	Promotional bool     `json:"promotional,omitempty"` // say, template: needs the consent to offers

	Purpose string `json:"purpose,omitempty"` // consent
	Wording string `json:"wording,omitempty"` // ask_consent: name of the stored wording
	Act     string `json:"act,omitempty"`     // consent: grant, refuse, withdraw, doubt, confirm
	How     string `json:"how,omitempty"`     // consent: button, keyword_reply, plain_words
	Words   string `json:"words,omitempty"`   // consent: what the person wrote or tapped

	Add    []string          `json:"add,omitempty"`    // labels
	Remove []string          `json:"remove,omitempty"` // labels
	Fields map[string]string `json:"fields,omitempty"` // set
	Team   string            `json:"team,omitempty"`   // assign, hand_over
	Skill  string            `json:"skill,omitempty"`  // assign, hand_over
	Reason string            `json:"reason,omitempty"` // hand_over

	Template  string    `json:"template,omitempty"`
	Variables []string  `json:"variables,omitempty"` // template
	Seq       int       `json:"seq,omitempty"`       // timer, request, booking: the number an input must carry
	At        time.Time `json:"at,omitzero"`         // timer

	Call *Call        `json:"call,omitempty"`    // request
	Goal *GoalReached `json:"goal,omitempty"`    // goal
	Book *BookingTask `json:"booking,omitempty"` // booking
}

// Option is a button or a row of a list.
type Option struct {
	ID          string `json:"id"`
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
}

// List is a button that opens up to ten rows.
type List struct {
	Button string   `json:"button"`
	Rows   []Option `json:"rows"`
}

// Link is a button that opens an address.
type Link struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Media is a picture, clip or file to send.
type Media struct {
	Type     string `json:"type"`
	URL      string `json:"url"`
	Filename string `json:"filename,omitempty"`
}

// GoalReached is a goal with what it is worth.
type GoalReached struct {
	Name     string  `json:"name"`
	Value    float64 `json:"value,omitempty"`
	Currency string  `json:"currency,omitempty"`
}

// BookingTask is something to do with a reservation. Its outcome is an input with the same number.
type BookingTask struct {
	Do        string     `json:"do"` // reserve, confirm, move, cancel
	Ref       string     `json:"ref,omitempty"`
	Service   string     `json:"service"`
	Start     time.Time  `json:"start"`
	End       time.Time  `json:"end,omitzero"`
	Capacity  int        `json:"capacity,omitempty"`
	Reminders []Reminder `json:"reminders,omitempty"`
}

// Call is a request to another system. It is signed by whoever makes it: the secret's name is here, the
// secret is not.
type Call struct {
	Method  string        `json:"method"`
	URL     string        `json:"url"`
	Body    string        `json:"body,omitempty"`
	Secret  string        `json:"secret"`
	Timeout time.Duration `json:"timeout"`
}
