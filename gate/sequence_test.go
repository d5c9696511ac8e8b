package gate

import (
	"context"
	"testing"
	"time"

	"ponte/channels"
)

// reminder is a utility template of a sequence to the bench's WhatsApp person.
func (b *bench) reminder(contact, identity int64) Request {
	r := b.request()
	r.ContactID, r.IdentityID, r.AccountID, r.CommentID, r.AnswersEvent, r.Purpose, r.Origin, r.Sequence = contact, identity, b.wa, 0, 0, Service, FromBot, "cart:7"
	r.ValidUntil = b.now.Add(100 * time.Hour)
	r.Call = channels.Call{Kind: channels.SendTemplate, Channel: channels.WhatsApp, Phone: "61400000077", Template: &channels.TemplateSend{Name: "booking", Language: "en"}}
	return r
}

func (b *bench) past(key, state string, contact, identity int64, ago time.Duration, campaign any) {
	b.exec(`INSERT INTO actions (workspace_id, account_id, kind, state, reason, purpose, origin, token, dedupe, call, valid_until, attempts, sent_at, created_at, contact_id, identity_id, sequence, campaign_id)
		VALUES ($1, $2, 'template.send', $3, 'x', 'service', 'bot', $4, $4, '{}', now(), 1, CASE WHEN $3 IN ('done','unknown','failed') THEN $5::timestamptz END, $5, $6, $7, 'cart:7', $8)`,
		b.ws, b.wa, state, key, b.now.Add(-ago), contact, identity, campaign)
}

func TestSequencesOfReminders(t *testing.T) {
	b := setup(t)
	b.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES ($1, $2, 'booking', 'en', 'UTILITY', 'APPROVED', '[{"type":"BODY","text":"Your tour is at nine."}]')`, b.ws, b.wa)
	contact := b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
	identity := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, phone) VALUES ($1, $2, 'whatsapp', '61400000077') RETURNING id`, b.ws, contact)
	campaign := b.id(`INSERT INTO campaigns (workspace_id, name, goal) VALUES ($1, 'c', 'booking') RETURNING id`, b.ws)
	r := b.reminder(contact, identity)
	b.want("the first", r, Allow, "")
	b.past("failed", "failed", contact, identity, time.Hour, nil)
	b.past("refused", "refused", contact, identity, time.Hour, nil)
	b.want("after one that did not arrive", r, Allow, "")
	b.past("one", "unknown", contact, identity, 23*time.Hour, nil)
	b.want("too soon after one that may have", r, Defer, "sequence_spacing")
	b.exec(`UPDATE workspaces SET settings = '{"nudge_hours":1}'`)
	b.want("a setting below 24 hours changes nothing", r, Defer, "sequence_spacing")
	b.exec(`UPDATE actions SET sent_at = sent_at - interval '2 hours' WHERE dedupe = 'one'`)
	b.want("a day after", r, Allow, "")
	b.exec(`UPDATE workspaces SET settings = '{"nudge_hours":72}'`)
	b.want("a day after, where three are wanted", r, Defer, "sequence_spacing")
	b.exec(`UPDATE workspaces SET settings = '{}'`)
	other := r
	other.Sequence = "cart:8"
	b.want("of another sequence", other, Allow, "")

	list := []Request{r, r}
	list[1].ActionID = 2
	d, err := b.g.CheckAll(context.Background(), b.db, list, b.now)
	if err != nil || d[0].Verb != Allow || d[1].Code != "sequence_spacing" {
		t.Errorf("two at once: %v %v, %v", d[0].Verb, d[1].Code, err)
	}

	// An identity that is joined to another person brings what it got along.
	elsewhere := b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
	b.exec(`UPDATE actions SET sent_at = sent_at + interval '2 hours' WHERE dedupe = 'one'`)
	b.exec(`UPDATE identities SET contact_id = $1 WHERE id = $2`, elsewhere, identity)
	b.want("after a merge", b.reminder(elsewhere, identity), Defer, "sequence_spacing")
	b.exec(`UPDATE identities SET contact_id = $1 WHERE id = $2`, contact, identity)
	b.exec(`UPDATE actions SET sent_at = sent_at - interval '2 hours' WHERE dedupe = 'one'`)

	b.exec(`INSERT INTO goals (workspace_id, name, contact_id, source, dedupe, at) VALUES ($1, 'booking', $2, 'flow', 'g1', $3)`, b.ws, contact, b.now.Add(-time.Hour))
	b.want("another goal than its own", r, Allow, "")
	r.CampaignID = campaign
	b.want("its campaign's goal", r, Refuse, "sequence_goal")
	r.CampaignID = 0
	b.exec(`INSERT INTO goals (workspace_id, name, contact_id, source, dedupe, at) VALUES ($1, 'purchase', $2, 'api', 'g2', $3)`, b.ws, contact, b.now.Add(-48*time.Hour))
	b.want("a purchase before it began", r, Allow, "")
	b.exec(`UPDATE goals SET at = $1 WHERE dedupe = 'g2'`, b.now.Add(-time.Minute))
	b.want("a purchase since", r, Refuse, "sequence_goal")
	// What they bought as somebody who was merged twice since is theirs.
	first := b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
	second := b.id(`INSERT INTO contacts (workspace_id, merged_into) VALUES ($1, $2) RETURNING id`, b.ws, contact)
	b.exec(`UPDATE contacts SET merged_into = $1 WHERE id = $2`, second, first)
	b.exec(`UPDATE goals SET contact_id = $1 WHERE dedupe = 'g2'`, first)
	b.want("after a purchase before two merges", r, Refuse, "sequence_goal")
	b.exec(`DELETE FROM goals`)
	b.exec(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id, last_in_at) VALUES ($1, $2, 'whatsapp', $3, $4, $5)`, b.ws, b.wa, identity, contact, b.now.Add(-24*time.Hour))
	b.want("an answer before it began", r, Allow, "")
	b.exec(`UPDATE threads SET last_in_at = $1`, b.now.Add(-22*time.Hour))
	b.want("an answer since", r, Refuse, "sequence_replied")
}

func TestExplainSaysEverythingThatStandsInTheWay(t *testing.T) {
	b := setup(t)
	b.exec(`INSERT INTO templates (workspace_id, account_id, name, language, category, status, components) VALUES ($1, $2, 'sale', 'en', 'MARKETING', 'PAUSED', '[{"type":"BODY","text":"20% off"}]')`, b.ws, b.wa)
	b.exec(`UPDATE workspaces SET settings = '{"quiet_from":"00:00","quiet_to":"24:00","saturday_from":"00:00","saturday_to":"24:00","sundays":true,"national":false}', country = 'IT'`)
	contact := b.id(`INSERT INTO contacts (workspace_id, blocked_at) VALUES ($1, now()) RETURNING id`, b.ws)
	identity := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, phone) VALUES ($1, $2, 'whatsapp', '61400000077') RETURNING id`, b.ws, contact)
	r := b.reminder(contact, identity)
	r.Call.Template.Name, r.Sequence, r.ValidUntil = "sale", "", time.Time{}
	got, err := b.g.Explain(context.Background(), b.db, []Request{r, b.request()}, b.now)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, o := range got[0].Objections {
		codes = append(codes, o.Code)
	}
	if got[0].Code != "blocked" || len(codes) < 3 || codes[1] != "no_consent" || codes[2] != "template_paused" {
		t.Errorf("%s: %v", got[0].Code, codes)
	}
	if c := got[0].Cost; c.State != CostUnknown || c.Country != "AU" || c.Category != "marketing" {
		t.Errorf("cost %+v", c)
	}
	if got[1].Verb != Allow || len(got[1].Objections) != 0 || got[1].Cost.State != CostFree {
		t.Errorf("%+v", got[1])
	}
	for _, e := range got {
		for _, o := range e.Objections {
			if o.Meaning == "" {
				t.Errorf("%s has no meaning", o.Code)
			}
		}
	}
}
