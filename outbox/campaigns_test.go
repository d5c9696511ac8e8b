package outbox

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
)

func TestATemplateBelongsToTheCampaignItWasWrittenFor(t *testing.T) {
	b := setup(t)
	campaign := func(name, state, template string, ends time.Time) int64 {
		id := b.id(`INSERT INTO campaigns (workspace_id, name, state, ends_at) VALUES ($1, $2, $3, $4) RETURNING id`, b.ws, name, state, ends)
		b.exec(`INSERT INTO campaign_templates (workspace_id, campaign_id, account_id, name) VALUES ($1, $2, $3, $4)`, b.ws, id, b.whatsapp, template)
		return id
	}
	later := b.now().Add(24 * time.Hour)
	of := func() int64 {
		b.people++
		return b.add(b.offer(fmt.Sprint("o", b.people)))[0].CampaignID
	}
	if got := of(); got != 0 {
		t.Errorf("it belongs to campaign %d, and there is none", got)
	}
	campaign("over", "live", "summer", b.now().Add(-time.Hour))
	campaign("draft", "draft", "summer", later)
	campaign("of another template", "live", "winter", later)
	only := campaign("on", "live", "summer", later)
	if got := of(); got != only {
		t.Errorf("it belongs to campaign %d, not to the only one that has it, %d", got, only)
	}
	second := campaign("on too", "paused", "summer", later)
	if got := of(); got != 0 {
		t.Errorf("of two that have it, campaign %d was guessed", got)
	}
	b.exec(`UPDATE conversations SET origin = jsonb_build_object('campaign_id', $2::bigint) WHERE id = $1`, b.conv, second)
	if got := of(); got != second {
		t.Errorf("it belongs to campaign %d, not to the one that brought the conversation, %d", got, second)
	}
	named := b.offer("named")
	named.CampaignID = only
	if got := b.add(named)[0].CampaignID; got != only {
		t.Errorf("the campaign that was named, %d, became %d", only, got)
	}
}

// What waits for a campaign, a trigger or a template that is paused goes out as soon as it goes on, and not before.
func TestWhatIsPausedWaitsAndGoesOnAtOnce(t *testing.T) {
	b := setup(t)
	id := b.id(`INSERT INTO campaigns (workspace_id, name, state) VALUES ($1, 'Summer', 'paused') RETURNING id`, b.ws)
	trigger := b.id(`INSERT INTO triggers (workspace_id, name, state) VALUES ($1, 'Info', 'paused') RETURNING id`, b.ws)
	a := b.offer("offer")
	a.CampaignID, a.TriggerID, a.Origin = id, trigger, "trigger"
	b.grant()
	got := b.add(a)[0]
	again := func(change string, args ...any) {
		t.Helper()
		b.exec(change, args...)
		b.tx(func(tx *sqlx.Tx) error { return Reconsider(context.Background(), tx, b.ws, PauseReasons...) })
		s := b.sender()
		if err := s.Tend(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.drain(s)
	}
	b.drain(b.sender())
	b.want(got.ID, "held:campaign_paused")
	again(`UPDATE templates SET status = 'PAUSED'`)
	b.want(got.ID, "held:campaign_paused")
	again(`UPDATE campaigns SET state = 'live'`)
	b.want(got.ID, "held:trigger_paused")
	again(`UPDATE triggers SET state = 'live'`)
	b.want(got.ID, "held:template_paused")
	if len(b.net.effects) > 0 {
		t.Fatal("it left while something was paused")
	}
	again(`UPDATE templates SET status = 'APPROVED'`)
	b.want(got.ID, "done")
}
