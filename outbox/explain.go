package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/consent"
	"ponte/fault"
	"ponte/gate"
)

// Explain says what the gate would say now of actions that are only thought of: nothing is written,
// locked or claimed, so a moment later the answer may be another.
func Explain(ctx context.Context, q sqlx.QueryerContext, ledger *consent.Ledger, drafts []Action, now time.Time) ([]gate.Explanation, error) {
	list := make([]work, len(drafts))
	for i, a := range drafts {
		list[i] = a.work()
	}
	if err := setPurposes(ctx, q, list); err != nil {
		return nil, err
	}
	return explain(ctx, q, ledger, list, now)
}

// ExplainAction says the same of an action that waits.
func ExplainAction(ctx context.Context, q sqlx.QueryerContext, ledger *consent.Ledger, workspace, id int64, now time.Time) (gate.Explanation, error) {
	list, err := selectActions(ctx, q, ` WHERE a.workspace_id = $1 AND a.id = $2`, workspace, id)
	if err != nil {
		return gate.Explanation{}, err
	}
	if len(list) == 0 {
		return gate.Explanation{}, fault.New(fault.NotFound, "action %d does not exist in this workspace", id)
	}
	if s := list[0].State; s != Planned && s != Held {
		return gate.Explanation{}, fault.New(fault.Conflict, "action %d is %s; the gate is asked about what waits", id, s)
	}
	if list[0].IdentityID != 0 {
		if err := sqlx.GetContext(ctx, q, &list[0].ContactID, `SELECT contact_id FROM identities WHERE workspace_id = $1 AND id = $2`, workspace, list[0].IdentityID); err != nil {
			return gate.Explanation{}, fmt.Errorf("load to whom action %d goes: %w", id, err)
		}
	}
	out, err := explain(ctx, q, ledger, list, now)
	if err != nil {
		return gate.Explanation{}, err
	}
	waits, err := Waits(ctx, q, now)
	if until, limited := waits[list[0].AccountID]; limited {
		d := gate.Decision{Verb: gate.Defer, Code: "rate_limited", Until: until, Meaning: LimitMeaning, Purpose: out[0].Purpose, Cost: out[0].Cost}
		if out[0].Verb == gate.Allow {
			out[0].Decision = d
		}
		out[0].Objections = append(out[0].Objections, d)
	}
	return out[0], err
}

// LimitMeaning is said of what waits because another call of its account met a limit.
const LimitMeaning = "a call limit of the network is reached; sending goes on by itself"

func explain(ctx context.Context, q sqlx.QueryerContext, ledger *consent.Ledger, list []work, now time.Time) ([]gate.Explanation, error) {
	requests := make([]gate.Request, len(list))
	for i, a := range list {
		requests[i] = a.request()
	}
	return (&gate.Gate{Ledger: ledger}).Explain(ctx, q, requests, now)
}

// request is the action as the gate sees it.
func (a work) request() gate.Request {
	return gate.Request{
		WorkspaceID: a.WorkspaceID, ActionID: a.ID, AccountID: a.AccountID, ContactID: a.ContactID, IdentityID: a.IdentityID,
		CommentID: a.CommentID, AnswersEvent: a.AnswersEvent, CampaignID: a.CampaignID, TriggerID: a.TriggerID, Sequence: a.Sequence, Purpose: a.Purpose, Origin: a.Origin, Call: a.Call,
		NotBefore: a.NotBefore, ValidUntil: a.ValidUntil,
	}
}
