package gate

import (
	"fmt"
	"time"

	"ponte/channels"
	"ponte/consent"
	"ponte/inbox"
)

// Verb is what the gate says.
type Verb string

// The verbs.
const (
	Allow  Verb = "allow"
	Refuse Verb = "refuse" // for good
	Defer  Verb = "defer"  // not before Decision.Until
	Hold   Verb = "hold"   // until a person switches something
	Expire Verb = "expire" // its time has passed
)

// Decision is the gate's answer: a verb, a stable code and the same for a reader.
type Decision struct {
	Verb    Verb
	Code    string
	Meaning string
	Until   time.Time // Defer: not before; Hold: looked at again then by itself, where set
	Purpose Purpose   // as the rule sees it now; never looser than asked
	Cost    Cost      // what it would cost now

	Consent int64 // Allow of what is promotional: the ledger's entry that it stands on
}

// Answered is the event an action says it answers.
type Answered struct {
	Inbound bool // something a person wrote or did, not our own echo
	Same    bool // by the very person this goes to
	Comment bool // a comment rather than a message
	At      time.Time
}

// CommentFacts is the comment an action is about.
type CommentFacts struct {
	State    string // visible, hidden, removed
	Decision string // allow, review, hide, delete; empty: none yet
	Own      bool
	Live     bool
	Mention  bool // on somebody else's post
	At       time.Time
	Replied  bool // a private reply to it is under way, out, or may be out
}

// Facts is all that a decision rests on.
type Facts struct {
	Now        time.Time
	Call       channels.Call
	Purpose    Purpose // as asked
	Origin     Origin
	NotBefore  time.Time
	ValidUntil time.Time

	WorkspaceSending bool
	AccountSending   bool
	AccountState     string
	AccountReason    string
	Brand            string
	CampaignState    string     // of the campaign it belongs to; empty: none
	CampaignEnds     *time.Time // its period; nil: none
	TriggerState     string     // of the trigger it comes from; empty: none

	Person   bool // there is a contact
	Own      bool // it would go to a WhatsApp number of the brand itself
	Moved    bool // the number it was written for is not this person's any more
	Blocked  bool
	Consent  consent.State // for promotional messages to this address
	AllStop  bool          // "stop all": service messages too
	Answers  *Answered
	LastIn   *time.Time // the customer's last message in this thread
	Comment  *CommentFacts
	Template *TemplateFacts
	Sequence *SequenceFacts // nil: it is no reminder
	Asked    *time.Time     // when the person was last asked for consent to offers by template

	Requested bool // the number was given with the wish for offers, and this is the one question whether it was its owner

	Sent     []time.Time // promotional messages to this person in 30 days, over all channels
	CapDay   int
	CapMonth int
	Hours    Hours
	Zones    []*time.Location
	Cost     Cost
	Budgets  []Budget
}

// How long before the end of a window the gate shuts: a call that leaves in time must arrive in time.
const windowMargin = 10 * time.Second

// Private replies go out once per comment within seven days; to live comments only during the
// broadcast, which no network lets run longer than this.
const (
	privateReplyWindow = 7 * 24 * time.Hour
	liveWindow         = 4 * time.Hour
)

// Decide answers whether an action may go out now. The order of the checks is the order of the codes:
// expired, workspace_off, account_off, campaign_paused, campaign_ended, campaign_over, trigger_paused, trigger_ended, not_yet, mention_elsewhere, comment_gone, comment_hidden, own_comment, own_number, number_changed, blocked,
// already_replied, human_agent_only, opted_out, doubt, asked_already, window_closed, not_requested, no_consent, window_closed,
// template_paused, template_not_approved, template_quality, template_pacing, identification_missing, opt_out_missing,
// sequence_replied, sequence_goal, sequence_full, sequence_spacing, cap_24h, cap_30d, quiet_hours,
// price_unknown, budget_day, budget_month, budget_campaign.
func Decide(f Facts) Decision {
	f.Purpose = f.effectivePurpose()
	for _, check := range checks {
		if d := check(f); d != nil {
			d.Purpose, d.Cost = f.Purpose, f.Cost
			return *d
		}
	}
	d := Decision{Verb: Allow, Purpose: f.Purpose, Cost: f.Cost}
	if f.message() && f.Purpose == Promotional {
		d.Consent = f.Consent.Seq
	}
	return d
}

var checks = []func(Facts) *Decision{switches, comment, person, permission, window, template, sequence, frequency, hours, budget}

// effectivePurpose applies the rule again, now that template and event are known: "answer" stands only
// for a recent event of this very person.
func (f Facts) effectivePurpose() Purpose {
	if f.asks() || f.confirms() {
		return Service
	}
	if f.Template != nil && f.Template.Confirms {
		return Promotional // asked of anybody else, or once more, it is an offer without consent
	}
	if f.offersUnasked() {
		return Promotional
	}
	d := Draft{Call: f.Call, Origin: f.Origin, Wish: f.Purpose, Event: f.answersRecent()}
	if f.Template != nil {
		d.Category, d.Body = f.Template.Category, f.Template.Text
	}
	return PurposeOf(d)
}

// offersUnasked says that a member offers something to somebody who wanted no offers and has said nothing since: what a
// person writes to a person is an answer, but not to a STOP.
func (f Facts) offersUnasked() bool {
	if f.Origin != FromMember || f.Call.Kind != channels.SendMessage && f.Call.Kind != channels.PrivateReply {
		return false
	}
	switch f.Consent.Status {
	case consent.Withdrawn, consent.Refused, consent.Doubtful:
	default:
		return false
	}
	wroteSince := f.LastIn != nil && f.LastIn.After(f.Consent.Since) || f.Comment != nil && f.Comment.At.After(f.Consent.Since)
	return !wroteSince && Promotes(text(f.Call), false)
}

func (f Facts) answersRecent() bool {
	a := f.Answers
	if a == nil || !a.Inbound || !a.Same {
		return false
	}
	if a.Comment {
		return f.Now.Before(a.At.Add(privateReplyWindow))
	}
	return f.Now.Before(a.At.Add(inbox.CareWindow))
}

func (f Facts) message() bool {
	switch f.Call.Kind {
	case channels.PrivateReply, channels.SendMessage, channels.SendTemplate:
		return true
	}
	return false
}

func switches(f Facts) *Decision {
	switch {
	case !f.Now.Before(f.ValidUntil):
		return &Decision{Verb: Expire, Code: "expired", Meaning: "it was not sent within its validity; sending it now would come too late"}
	case !f.WorkspaceSending:
		return &Decision{Verb: Hold, Code: "workspace_off", Meaning: "sending is switched off for the workspace; it goes out when sending is switched on"}
	case f.AccountState == "removed":
		return refuse("account_removed", "the account was removed from ponte")
	case f.AccountState != "connected":
		return &Decision{Verb: Hold, Code: "account_off", Meaning: "the account must be connected again before it can send: " + f.AccountReason}
	case !f.AccountSending:
		return &Decision{Verb: Hold, Code: "account_off", Meaning: "sending is switched off for the account; it goes out when sending is switched on"}
	case f.CampaignState == "paused" && f.Origin != FromMember:
		return &Decision{Verb: Hold, Code: "campaign_paused", Until: f.Now.Add(recheck), Meaning: "its campaign is paused; it goes out when the campaign goes on, while it is valid"}
	case f.CampaignState == "archived" && f.Origin != FromMember:
		return refuse("campaign_ended", "its campaign was archived: nothing more leaves for it")
	case f.CampaignEnds != nil && !f.Now.Before(*f.CampaignEnds) && f.Purpose == Promotional && f.Call.Kind == channels.SendTemplate && f.Origin != FromMember:
		return refuse("campaign_over", "the period of its campaign ended before it could leave: no offer goes out for a campaign that is over")
	case f.TriggerState == "paused" && f.Origin == FromTrigger:
		return &Decision{Verb: Hold, Code: "trigger_paused", Until: f.Now.Add(recheck), Meaning: "its trigger is paused; it goes out when the trigger goes on, while it is valid"}
	case f.TriggerState == "archived" && f.Origin == FromTrigger:
		return refuse("trigger_ended", "its trigger was archived: nothing more leaves for it")
	case f.Now.Before(f.NotBefore):
		return &Decision{Verb: Defer, Code: "not_yet", Until: f.NotBefore, Meaning: "it is planned for later"}
	}
	return nil
}

func comment(f Facts) *Decision {
	c := f.Comment
	if c == nil {
		return nil
	}
	speaks := f.Call.Kind == channels.ReplyToComment || f.Call.Kind == channels.PrivateReply
	switch {
	case c.Mention && onlyOwn(f.Call.Kind):
		return refuse("mention_elsewhere", "it stands on somebody else's post, where the network lets the brand do nothing but answer in public")
	case c.State == "removed":
		return refuse("comment_gone", "the comment was removed meanwhile")
	case speaks && c.State == "hidden" && (f.Origin != FromMember || f.Call.Channel == channels.Instagram):
		return refuse("comment_hidden", "the comment was hidden meanwhile")
	case speaks && f.Origin != FromMember && (c.Decision == "hide" || c.Decision == "delete"):
		return refuse("comment_hidden", "the comment was judged harmful meanwhile; nothing automatic answers it")
	case speaks && c.Own && f.Call.Kind == channels.PrivateReply:
		return refuse("own_comment", "the comment is the brand's own")
	}
	return nil
}

// onlyOwn says what networks let a brand do to comments on its own posts alone.
func onlyOwn(kind channels.CallKind) bool {
	switch kind {
	case channels.PrivateReply, channels.HideComment, channels.UnhideComment, channels.DeleteComment:
		return true
	}
	return false
}

func person(f Facts) *Decision {
	switch {
	case !f.message():
		return nil
	case !f.Person && f.Call.Kind != channels.PrivateReply:
		return refuse("no_person", "it is not known who this would go to")
	case f.Own && (f.Origin != FromMember || f.Call.Kind == channels.SendTemplate): // a member may try out who answers there
		return refuse("own_number", "it would go to the brand's own WhatsApp number, which is no customer's")
	case f.Moved:
		return refuse("number_changed", "it was written for a number that is no longer this person's: whoever has it now is somebody else")
	case f.Blocked:
		return refuse("blocked", "the person is blocked; unblock them first")
	case f.Call.Kind == channels.PrivateReply && f.Comment != nil && f.Comment.Replied:
		return refuse("already_replied", "a private reply to this comment is out or under way; the network allows one")
	case f.Call.HumanAgent && f.Origin != FromMember:
		return refuse("human_agent_only", "the seven-day window is only for what a person typed")
	}
	return nil
}

func permission(f Facts) *Decision {
	if !f.message() {
		return nil
	}
	if f.Call.Kind == channels.PrivateReply { // what is too old to answer is no answer any more, and would be told as an offer without consent
		if d := window(f); d != nil {
			return d
		}
	}
	switch f.Purpose {
	case Service:
		if f.AllStop {
			return refuse("opted_out", "the person asked for no messages at all")
		}
	case Promotional:
		return f.mayOffer()
	}
	return nil
}

// mayOffer wants a live consent for what is promotional.
func (f Facts) mayOffer() *Decision {
	switch f.Consent.Status {
	case consent.Granted:
		return nil
	case consent.Withdrawn, consent.Refused:
		return refuse("opted_out", fmt.Sprintf("the person took back or refused consent to offers on %s", f.Consent.Since.UTC().Format("2 January 2006 15:04 MST")))
	case consent.Doubtful:
		return refuse("doubt", "the person may have asked to stop; they must say first that they did not")
	}
	if f.Call.Kind == channels.SendTemplate && f.Template == nil { // counts as an offer only because nobody knows what it says
		return template(f)
	}
	if d := f.notAsked(); d != nil {
		return d
	}
	if d := f.notConfirming(); d != nil {
		return d
	}
	if f.Consent.Status == consent.Expired {
		return refuse("no_consent", "the person's consent to offers has ended")
	}
	return refuse("no_consent", "this counts as promotional, and there is no provable consent to offers for this address, brand and channel")
}

func window(f Facts) *Decision {
	switch f.Call.Kind {
	case channels.PrivateReply:
		if f.Comment == nil {
			return refuse("comment_gone", "the comment to answer is not known")
		}
		limit := privateReplyWindow
		if f.Comment.Live {
			limit = liveWindow
		}
		if !f.Now.Before(f.Comment.At.Add(limit - windowMargin)) {
			return refuse("window_closed", "the comment is too old for a private reply (7 days; a live comment only during the broadcast)")
		}
	case channels.SendMessage:
		if until := CareUntil(f.LastIn, f.Call.Channel, f.Call.HumanAgent); !f.Now.Before(until.Add(-windowMargin)) {
			return refuse("window_closed", "the customer last wrote too long ago for a free message; use an approved template, or wait until they write")
		}
	}
	return nil
}

// CareUntil returns when the window for free-form messages shuts: 24 hours after the customer's last
// message, seven days for what a person typed on Messenger and Instagram. Zero: it never opened.
func CareUntil(lastIn *time.Time, channel channels.Channel, human bool) time.Time {
	switch {
	case lastIn == nil:
		return time.Time{}
	case human && (channel == channels.Messenger || channel == channels.Instagram):
		return lastIn.Add(inbox.HumanWindow)
	}
	return lastIn.Add(inbox.CareWindow)
}

func frequency(f Facts) *Decision {
	if f.Purpose != Promotional || !f.message() {
		return nil
	}
	if until, full := capped(f.Sent, f.Now, 24*time.Hour, f.CapDay); full {
		return f.later("cap_24h", until, "the person got their promotional message of these 24 hours already")
	}
	month := min(f.CapMonth, consent.OffersPerMonth)
	if until, full := capped(f.Sent, f.Now, 30*24*time.Hour, month); full {
		return f.later("cap_30d", until, fmt.Sprintf("the person got %d promotional messages in 30 days already", month))
	}
	return nil
}

// capped says whether the window holds its full number, and when the oldest that counts leaves it.
func capped(sent []time.Time, now time.Time, window time.Duration, limit int) (time.Time, bool) {
	var inside []time.Time
	for _, t := range sent {
		if t.After(now.Add(-window)) {
			inside = append(inside, t)
		}
	}
	if len(inside) < limit {
		return time.Time{}, false
	}
	if limit <= 0 {
		return now.Add(window), true
	}
	sortTimes(inside)
	return inside[len(inside)-limit].Add(window), true
}

func hours(f Facts) *Decision {
	if f.Purpose != Promotional || !f.message() || f.Hours.Open(f.Now, f.Zones) {
		return nil
	}
	next, ok := f.Hours.Next(f.Now, f.Zones)
	if !ok {
		return refuse("quiet_hours", "the workspace's hours for promotional messages never open")
	}
	return f.later("quiet_hours", next, "promotional messages wait for a decent hour where the person is")
}

// later defers, or refuses where that would come after the action's validity.
func (f Facts) later(code string, until time.Time, meaning string) *Decision {
	if !until.Before(f.ValidUntil) {
		return refuse(code, meaning+", and it is no longer valid then")
	}
	return &Decision{Verb: Defer, Code: code, Until: until, Meaning: meaning}
}

func refuse(code, meaning string) *Decision {
	return &Decision{Verb: Refuse, Code: code, Meaning: meaning}
}
