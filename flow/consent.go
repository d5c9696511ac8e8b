package flow

import (
	"strconv"

	"ponte/router"
)

// consentStep asks for an opt-in. The wording is stored with the workspace, versioned and provable; a flow
// only names it.
type consentStep struct {
	purpose, wording        string
	granted, refused, other string
}

func readConsent(o *object) body {
	c := &consentStep{purpose: o.oneOf("purpose", "", "promotional"), wording: o.oneOf("wording", "offers", "offers")}
	c.granted, c.refused = o.goTo("granted", "a step for those who agree"), o.goTo("refused", "a step for those who do not")
	if c.other = o.goTo("otherwise", ""); c.other == "" {
		c.other = c.refused
	}
	return c
}

func (c *consentStep) edges() []edge {
	// Who has agreed or refused before is not asked: these ways need nothing of the person.
	return []edge{{key: "granted", to: c.granted}, {key: "refused", to: c.refused}, {key: "otherwise", to: c.other, person: true}}
}

// standing is the consent the person has given, before and in this turn.
func (r *run) standing(purpose string) string {
	if s := r.ctx.Consent[purpose]; s != "" {
		return s
	}
	return "none"
}

func (c *consentStep) enter(r *run) string {
	switch r.standing(c.purpose) {
	case "granted":
		r.note("had agreed before: not asked again")
		return c.granted
	case "none", "expired":
	default: // somebody who withdrew is not talked round
		r.note("had said no before: not asked again")
		return c.refused
	}
	r.asked()
	c.again(r)
	r.note("asked whether offers are welcome")
	return ""
}

// again shows the wording, under a new number: only a button of this showing answers it.
func (c *consentStep) again(r *run) {
	n := strconv.Itoa(r.wait(ForConsent))
	r.s.WordingID, r.s.AskedAction = 0, 0
	r.emit(Effect{Kind: AskConsent, Purpose: c.purpose, Wording: c.wording, Language: r.ctx.Language, Buttons: []Option{
		{ID: "f:" + r.s.Step + ":yes:" + n, Title: r.routed("consent.yes").Text}, {ID: "f:" + r.s.Step + ":no:" + n, Title: r.routed("consent.no").Text}}})
}

// resume takes an answer to the wording that was shown last, and to nothing else. In doubt nothing is
// granted: when yes and no come together, when the wording had not left, or when its record is missing.
func (c *consentStep) resume(r *run, in arrival) string {
	n := strconv.Itoa(r.s.Seq)
	var yes, no *Input
	for i := range in.messages {
		m := &in.messages[i]
		switch {
		case m.Payload == "f:"+r.s.Step+":no:"+n, m.Payload == "" && router.IsNo(m.Text):
			no = m
		case m.Payload == "f:"+r.s.Step+":yes:"+n, m.Payload == "" && router.IsYes(m.Text):
			yes = m
		}
	}
	last := in.messages != nil && yes == &in.messages[len(in.messages)-1]
	switch {
	case no != nil:
		c.record(r, "refuse", *no)
		r.note("declined offers")
		return c.refused
	case last && !yes.Early && yes.Wish == NoWish && r.s.WordingID != 0:
		c.record(r, "grant", *yes)
		r.note("opted in to offers, as the answer to the wording just shown")
		return c.granted
	}
	r.note("no answer to the question about offers: nothing granted")
	return c.other
}

func (c *consentStep) record(r *run, act string, m Input) {
	if act == "refuse" && (m.Early || r.s.WordingID == 0) {
		return // a no to something else: nothing was granted, nothing is entered
	}
	r.emit(Effect{Kind: ConsentGiven, Act: act, Purpose: c.purpose, How: how(m, "keyword_reply"), Words: words(m), Wording: c.wording})
}
