package gate

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// Explanation is what the gate would say now of a draft, and everything that stands in its way: the
// decision is the first of Objections.
type Explanation struct {
	Decision
	Objections []Decision
}

// Explain judges drafts as the gate would judge them now. It takes no locks and claims nothing, so a
// moment later the answer may be another; nothing may be sent on its word. A draft needs no action.
func (g *Gate) Explain(ctx context.Context, q sqlx.QueryerContext, drafts []Request, now time.Time) ([]Explanation, error) {
	out := make([]Explanation, len(drafts))
	for i, r := range drafts {
		if r.ValidUntil.IsZero() {
			r.ValidUntil = now.Add(24 * time.Hour)
		}
		b := &batch{ctx: ctx, q: q, now: now, requests: []Request{r}}
		facts, err := b.load(g.Ledger)
		if err != nil {
			return nil, err
		}
		f, broken, err := b.complete(0, facts[0])
		if err != nil {
			return nil, err
		}
		if broken != nil {
			out[i] = Explanation{*broken, []Decision{*broken}}
			continue
		}
		out[i].Decision = Decide(f)
		f.Purpose = f.effectivePurpose()
		for _, check := range checks {
			if d := check(f); d != nil {
				d.Purpose, d.Cost = f.Purpose, f.Cost
				out[i].Objections = append(out[i].Objections, *d)
			}
		}
	}
	return out, nil
}
