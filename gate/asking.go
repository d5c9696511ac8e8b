package gate

import (
	"fmt"
	"time"

	"github.com/lib/pq"

	"ponte/channels"
	"ponte/consent"
)

// ConsentQuestion is the key of the ready-made template that asks whether offers are welcome.
const ConsentQuestion = "offers_opt_in"

// askAgain is how long nobody is asked again who did not answer.
const askAgain = 30 * 24 * time.Hour

// asks says whether the template may go out as a question for consent. Out of the blue such a question is
// itself an offer that needs the consent it asks for; in a conversation that the person opened it is part of
// what is talked about. It says nothing but the question, goes to nobody who said no, and is not repeated.
func (f Facts) asks() bool {
	return f.question() && f.undecided() && f.Now.Before(CareUntil(f.LastIn, f.Call.Channel, false).Add(-windowMargin)) && !f.askedLately()
}

// question says whether the template, with what is put into it now, is that question and no more: no offer,
// no price, no link, whose it is and how to end it.
func (f Facts) question() bool {
	return f.Template != nil && f.Template.Asks && f.bareQuestion()
}

// bareQuestion says whether a template says nothing beyond its question.
func (f Facts) bareQuestion() bool {
	if f.Call.Kind != channels.SendTemplate || f.Template == nil {
		return false
	}
	all := []Part{{"all", f.Template.Text + "\n" + text(f.Call)}}
	return len(Lint("UTILITY", f.Brand, all)) == 0 && len(Lint("MARKETING", f.Brand, all)) == 0
}

func (f Facts) undecided() bool {
	return f.Consent.Status == consent.Unknown || f.Consent.Status == consent.Expired
}

func (f Facts) askedLately() bool { return f.Asked != nil && f.Asked.After(f.Now.Add(-askAgain)) }

// notAsked says why a question for consent does not go; nil where it is not about one.
func (f Facts) notAsked() *Decision {
	switch {
	case !f.question() || !f.undecided():
		return nil
	case f.askedLately():
		return refuse("asked_already", fmt.Sprintf("the person was asked for consent to offers on %s and has not answered; they are not asked again within 30 days", f.Asked.UTC().Format("2 January 2006")))
	}
	return refuse("window_closed", "consent to offers may be asked for only in a conversation that the person opened, within 24 hours of their last message; out of the blue the question is itself an offer")
}

// loadAsked finds when people were last asked for consent by template. An unknown outcome counts.
func (b *batch) loadAsked() error {
	b.asked = map[contactKey]time.Time{}
	var names, ready []string // ready: by whatever name of the brand's own it was asked
	for k, t := range b.templates {
		if t.Asks {
			names, ready = append(names, k.name, ConsentQuestion), append(ready, ConsentQuestion)
		}
		if t.Confirms {
			names, ready = append(names, k.name, OptInQuestion), append(ready, OptInQuestion)
		}
	}
	if len(names) == 0 {
		return nil
	}
	var mine []int64
	for _, r := range b.requests {
		mine = append(mine, r.ActionID)
	}
	var rows []struct {
		WorkspaceID int64     `db:"workspace_id"`
		ContactID   int64     `db:"contact_id"`
		SentAt      time.Time `db:"sent_at"`
	}
	if err := b.read(&rows, "questions for consent", sqlGateAsked, b.ids(func(r Request) int64 { return r.ContactID }), pq.Array(names), b.now.Add(-askAgain), pq.Array(mine), pq.Array(ready)); err != nil {
		return err
	}
	for _, r := range rows {
		b.asked[contactKey{WorkspaceID: r.WorkspaceID, ContactID: r.ContactID}] = r.SentAt
	}
	return nil
}

const sqlGateAsked = `
SELECT i.workspace_id, i.contact_id, max(a.sent_at) AS sent_at FROM identities i
JOIN actions a ON a.workspace_id = i.workspace_id AND a.identity_id = i.id
WHERE i.contact_id = ANY($1) AND a.kind = 'template.send' AND a.purpose = 'service' AND a.state IN ('sending','done','unknown') AND a.sent_at > $3
  AND (a.call->'template'->>'name' = ANY($2) OR a.call->'template'->>'name' IN (SELECT d.name FROM template_drafts d WHERE d.workspace_id = a.workspace_id AND d.ready = ANY($5)))
  AND a.id <> ALL($4)
GROUP BY i.workspace_id, i.contact_id`
