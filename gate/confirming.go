package gate

import (
	"fmt"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// OptInQuestion is the key of the ready-made template that asks the owner of a number whether they asked for
// offers.
const OptInQuestion = "opt_in_check"

// confirms says whether the template may go out as the question that confirms an opt-in: somebody gave this
// number with the wish for offers, on paper, to staff or in a form, and the request still waits. It is asked
// once, says nothing but the question, and goes to nobody who said no or may have. Where the network counts
// the template as marketing, it is not the question that was approved.
func (f Facts) confirms() bool {
	return f.Template != nil && f.Template.Confirms && f.Template.Category == "UTILITY" && f.Requested && f.undecided() && !f.askedLately() && f.bareQuestion()
}

// notConfirming says why a question that confirms an opt-in does not go; nil where it is not about one.
func (f Facts) notConfirming() *Decision {
	switch {
	case f.Template == nil || !f.Template.Confirms || !f.undecided():
		return nil
	case f.askedLately():
		return refuse("asked_already", fmt.Sprintf("the person was asked for consent to offers on %s and has not answered; they are not asked again within 30 days", f.Asked.UTC().Format("2 January 2006")))
	case !f.Requested:
		return refuse("not_requested", "this question goes out by itself, once, to a number that was given to staff or in a form and still waits for its owner's yes; to anybody else it would be an offer")
	case f.Template.Category != "UTILITY":
		return refuse("not_requested", "the network counts the question as "+f.Template.Category+", not UTILITY: it is not asked, and the opt-in can be confirmed by its link only")
	}
	return refuse("not_requested", "the template says more than the question whether the opt-in came from the number's owner")
}

// loadRequested finds which of the actions are the question of an opt-in that waits. What came by the public
// form never is: it must not be usable to reach strangers.
func (b *batch) loadRequested() error {
	b.requested = map[int64]bool{}
	var mine []int64
	for _, r := range b.requests {
		if t := r.Call.Template; t != nil && r.ActionID != 0 && b.templates[templateKey{r.AccountID, t.Name, t.Language}].Confirms {
			mine = append(mine, r.ActionID)
		}
	}
	if len(mine) == 0 {
		return nil
	}
	var ids []int64
	if err := sqlx.SelectContext(b.ctx, b.q, &ids, sqlGateRequested, pq.Array(mine), b.now); err != nil {
		return fmt.Errorf("look whether opt-ins wait for their confirmation: %w", err)
	}
	for _, id := range ids {
		b.requested[id] = true
	}
	return nil
}

const sqlGateRequested = `
SELECT a.id FROM actions a
JOIN number_handoffs n ON n.workspace_id = a.workspace_id AND n.action_id = a.id AND n.source = 'opt_in' AND n.wa_identity_id = a.identity_id
JOIN opt_ins o ON o.workspace_id = n.workspace_id AND o.id = n.opt_in_id AND o.state = 'waiting' AND o.source <> 'web_box' AND o.expires_at > $2
WHERE a.id = ANY($1)`
