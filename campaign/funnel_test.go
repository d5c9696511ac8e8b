package campaign

import (
	"context"
	"fmt"
	"testing"
	"time"

	"ponte/consent"
	"ponte/inbox"
)

func (b *rows) append(e consent.Entry) {
	b.Helper()
	e.WorkspaceID, e.Brand, e.Purpose, e.Kind, e.Actor, e.Evidence = b.ws, "main", consent.Promotional, consent.Express, "contact", consent.Evidence{"event": "1"}
	ledger := consent.New([]byte("only used in tests: ledger"))
	tx := b.db.MustBegin()
	b.must(ledger.Append(context.Background(), tx, []consent.Entry{e}))
	b.must(tx.Commit())
}

// Somebody who came over by two links agreed because of the one they used last before; having agreed once more
// later counts for that later link, and each link counts once.
func TestWhoAgreedCountsForTheLinkUsedLast(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	wording := b.id(`INSERT INTO consent_wordings (workspace_id, name, version, language, text) VALUES ($1, 'offers', 1, 'en', 'May we?') RETURNING id`, b.ws)
	_, commenter := b.person("instagram")
	person, used := b.person("whatsapp")
	other := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, external_id) VALUES ($1, $2, 'whatsapp', 'second number') RETURNING id`, b.ws, person)
	link := func(trigger int64, after time.Duration, by int64) {
		at := b.now.Add(after)
		b.exec(`INSERT INTO handoffs (workspace_id, hash, account_id, contact_id, identity_id, trigger_id, created_at, expires_at, used_at, used_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7, $8)`,
			b.ws, []byte(fmt.Sprint(trigger, after)), b.wa, person, commenter, trigger, at, by)
	}
	agree := func(after time.Duration) {
		b.append(consent.Entry{At: b.now.Add(after), Channel: "whatsapp", Act: consent.Grant, WordingID: &wording, How: "button", Personal: consent.Personal{ContactID: person, IdentityID: used, Address: "whatsapp:1"}})
	}
	first, second, third := b.trigger("a", "", ""), b.trigger("b", "", ""), b.trigger("c", "", "")
	link(first, 0, used)
	link(second, time.Hour, other) // the same person from another number
	link(third, 5*time.Hour, used)
	agree(-time.Hour)
	agree(2 * time.Hour)
	agree(3 * time.Hour)
	got, err := TriggerFunnels(context.Background(), b.db, b.ws, 0, Span{})
	b.must(err)
	if got[first].OptedIn != 0 || got[second].OptedIn != 1 || got[third].OptedIn != 0 {
		t.Errorf("opted in: %d, %d, %d; want 0, 1, 0", got[first].OptedIn, got[second].OptedIn, got[third].OptedIn)
	}
	agree(5 * time.Hour) // at the same instant as the third link
	if got, err = TriggerFunnels(context.Background(), b.db, b.ws, third, Span{}); err != nil || got[third].OptedIn != 1 {
		t.Errorf("the third link alone: %+v, %v", got, err)
	}
}

// A campaign that thousands came over by is counted at once: nothing of the count looks at every link for every
// person. A count of pairs would take minutes here.
func TestAFunnelOfThousandsIsCountedAtOnce(t *testing.T) {
	t.Parallel()
	const people = 20_000
	b := newRows(t, "UTC")
	campaign := b.id(`INSERT INTO campaigns (workspace_id, name) VALUES ($1, 'one') RETURNING id`, b.ws)
	trigger := b.trigger("a", "campaign_id", fmt.Sprint(campaign))
	tx := b.db.MustBegin()
	for _, stmt := range []string{
		`SET LOCAL session_replication_role = replica`, // the references hold; checking each would take longer than the test
		`INSERT INTO contacts (workspace_id, id) OVERRIDING SYSTEM VALUE SELECT $1::bigint, 1000000 + g FROM generate_series(1, $2::int) g WHERE $3::bigint + $4::bigint + $5::bigint > 0`,
		`INSERT INTO identities (workspace_id, id, contact_id, channel, external_id) OVERRIDING SYSTEM VALUE SELECT $1::bigint, 1000000 + g, 1000000 + g, 'whatsapp', 'p' || g FROM generate_series(1, $2::int) g WHERE $3::bigint + $4::bigint + $5::bigint > 0`,
		`INSERT INTO trigger_runs (workspace_id, trigger_id, identity_id, event_id, scope, campaign_id) SELECT $1::bigint, $3::bigint, 1000000 + g, 1, 'trigger', $4::bigint FROM generate_series(1, $2::int) g WHERE $5::bigint > 0`,
		`INSERT INTO handoffs (workspace_id, hash, account_id, contact_id, identity_id, trigger_id, campaign_id, expires_at, used_at, used_by)
			SELECT $1::bigint, decode(md5(g::text), 'hex'), $5::bigint, 1000000 + g, 1000000 + g, $3::bigint, $4::bigint, now(), now() - g * interval '1 second', 1000000 + g FROM generate_series(1, $2::int) g`,
		`INSERT INTO consent_entries (workspace_id, seq, at, subject, brand, channel, purpose, act, kind, how, actor, commitment, prev_hash, hash)
			SELECT $1::bigint, g, now(), decode(md5(g::text), 'hex'), 'B', 'whatsapp', 'promotional', 'grant', 'express', 'button', 'contact', 'a', 'b', 'c' FROM generate_series(1, $2::int) g WHERE $3::bigint + $4::bigint + $5::bigint > 0`,
		`INSERT INTO consent_personal (workspace_id, seq, contact_id, salt, personal) SELECT $1::bigint, g, 1000000 + g, 's', '{}' FROM generate_series(1, $2::int) g WHERE $3::bigint + $4::bigint + $5::bigint > 0`,
	} {
		var args []any
		if stmt[0] == 'I' {
			args = []any{b.ws, people, trigger, campaign, b.wa}
		}
		_, err := tx.Exec(stmt, args...)
		b.must(err)
	}
	b.must(tx.Commit())
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	want := Funnel{Matched: people, Invited: people, Started: people, OptedIn: people}
	byTrigger, err := TriggerFunnels(ctx, b.db, b.ws, 0, Span{})
	b.must(err)
	byCampaign, err := CampaignFunnels(ctx, b.db, b.ws, campaign, Span{})
	b.must(err)
	if byTrigger[trigger] != want || byCampaign[campaign] != want {
		t.Errorf("%+v and %+v, want %+v", byTrigger[trigger], byCampaign[campaign], want)
	}
}

// What a message went out on is told as the ledger knew it then: a withdrawal that is told afterwards, though made
// before, does not make it one without consent; and a private reply on Facebook stands on Messenger's consent.
func TestEvidenceIsWhatTheLedgerKnewThen(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	ledger := consent.New([]byte("only used in tests: ledger"))
	campaign := b.id(`INSERT INTO campaigns (workspace_id, name) VALUES ($1, 'one') RETURNING id`, b.ws)
	wording := b.id(`INSERT INTO consent_wordings (workspace_id, name, version, language, text) VALUES ($1, 'offers', 1, 'en', 'May we?') RETURNING id`, b.ws)
	page := b.id(`INSERT INTO accounts (workspace_id, channel, external_id, name, token_sealed, base_url) VALUES ($1, 'facebook', '3', 'x', ''::bytea, '') RETURNING id`, b.ws)
	contact := b.id(`INSERT INTO contacts (workspace_id) VALUES ($1) RETURNING id`, b.ws)
	identity := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, scope, external_id) VALUES ($1, $2, 'facebook', $3, 'fb') RETURNING id`, b.ws, contact, page)
	start := time.Now().UTC()
	external := "fb"
	personal := consent.Personal{ContactID: contact, IdentityID: identity, Address: inbox.Identity{WorkspaceID: b.ws, ID: identity, Channel: "facebook", Scope: page, ExternalID: &external}.Address()}
	b.append(consent.Entry{At: start.Add(-time.Hour), Channel: "messenger", Act: consent.Grant, WordingID: &wording, How: "button", Personal: personal})
	b.exec(`INSERT INTO actions (workspace_id, account_id, kind, state, reason, purpose, origin, token, dedupe, contact_id, identity_id, answers_event, campaign_id, call, valid_until, sent_at)
		VALUES ($1, $2, 'private_reply.send', 'done', '', 'promotional', 'trigger', 't', 't', $3, $4, $5, $6, '{"kind":"private_reply.send","text":"20 percent off. Reply STOP."}', now(), clock_timestamp()),
		       ($1, $2, 'template.send', 'done', '', 'service', 'trigger', 't2', 't2', $3, $4, $5, $6, '{"kind":"template.send","template":{"name":"spring","language":"en"}}', now(), clock_timestamp())`, b.ws, page, contact, identity, b.event, campaign)
	b.append(consent.Entry{At: start.Add(-time.Minute), Channel: "all", Act: consent.Withdraw, How: "told_late", Personal: personal})
	e, err := ReadEvidence(context.Background(), b.db, ledger, b.ws, campaign, Span{}, time.Now())
	b.must(err)
	if len(e.Sent) == 2 && (e.Sent[0].Template != "" || e.Sent[1].Template != "spring en") {
		t.Errorf("by which template it went is not told: %+v", e.Sent)
	}
	if len(e.Sent) != 2 || e.Sent[0].Right == nil || e.Sent[0].Right.Status != string(consent.Granted) || e.Sent[0].Right.Seq != 1 {
		t.Errorf("the message stood on %+v, want the grant", e.Sent[0].Right)
	}
	// Of what the gate wrote down, a new name of the brand changes nothing.
	b.exec(`UPDATE workspaces SET brand = 'another' WHERE id = $1`, b.ws)
	for _, c := range []struct {
		seq           any
		status, basis string
	}{{nil, string(consent.Unknown), "recomputed"}, {1, string(consent.Granted), "recorded"}} {
		b.exec(`UPDATE actions SET consent_seq = $2 WHERE workspace_id = $1 AND token = 't'`, b.ws, c.seq)
		e, err = ReadEvidence(context.Background(), b.db, ledger, b.ws, campaign, Span{}, time.Now())
		b.must(err)
		if r := e.Sent[0].Right; r == nil || r.Basis != c.basis || r.Status != c.status || c.basis == "recorded" && (r.Seq != 1 || r.How != "button" || r.WordingID == nil || *r.WordingID != wording) {
			t.Errorf("with %v written down it stood on %+v, want %s, %s", c.seq, r, c.status, c.basis)
		}
		if e.Sent[1].Right != nil {
			t.Errorf("what needs no consent stands on %+v", e.Sent[1].Right)
		}
	}
}

// What waits for a campaign's budget is judged again as soon as the budget is another.
func TestARaisedBudgetLetsGoAtOnce(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	campaign := b.id(`INSERT INTO campaigns (workspace_id, name, state, budget_micros, budget_currency) VALUES ($1, 'one', 'live', 1, 'AUD') RETURNING id`, b.ws)
	held := b.id(`INSERT INTO actions (workspace_id, account_id, kind, state, reason, purpose, origin, token, dedupe, campaign_id, call, not_before, valid_until)
		VALUES ($1, $2, 'template.send', 'held', 'budget_campaign', 'promotional', 'api', 't', 't', $3, '{}', now() + interval '1 hour', now() + interval '1 day') RETURNING id`, b.ws, b.wa, campaign)
	c, err := Load(context.Background(), b.db, b.ws, campaign)
	b.must(err)
	c.BudgetMicros = new(int64(5_000_000))
	tx := b.db.MustBegin()
	_, err = SaveCampaign(context.Background(), tx, b.ws, c, nil, time.Now())
	b.must(err)
	b.must(tx.Commit())
	if b.id(`SELECT (not_before <= now())::int FROM actions WHERE id = $1`, held) != 1 {
		t.Error("it waits for its hour though the budget was raised")
	}
}

// The triggers of a campaign's copy do not stay silent for a period that is over.
func TestACopyOfACampaignHasNoPeriods(t *testing.T) {
	t.Parallel()
	b := newRows(t, "UTC")
	campaign := b.id(`INSERT INTO campaigns (workspace_id, name, state, starts_at, ends_at) VALUES ($1, 'one', 'live', '2025-01-01', '2025-02-01') RETURNING id`, b.ws)
	b.trigger("t", "campaign_id, starts_at, ends_at", fmt.Sprintf("%d, '2025-01-01', '2025-02-01'", campaign))
	tx := b.db.MustBegin()
	copied, err := DuplicateCampaign(context.Background(), tx, b.ws, campaign, "", nil, time.Now())
	b.must(err)
	b.must(tx.Commit())
	c, err := Load(context.Background(), b.db, b.ws, copied)
	b.must(err)
	list, err := Triggers(context.Background(), b.db, b.ws)
	b.must(err)
	if len(c.TriggerIDs) != 1 || c.State != "draft" || c.EndsAt != nil {
		t.Fatalf("%+v", c)
	}
	for _, tr := range list {
		if tr.ID == c.TriggerIDs[0] && (tr.State != "draft" || tr.StartsAt != nil || tr.EndsAt != nil) {
			t.Errorf("the copy of the trigger is %+v", tr)
		}
	}
}
