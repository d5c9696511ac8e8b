package outbox

import (
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
)

func TestStopBetweenQueueAndClaim(t *testing.T) {
	b := setup(t)
	b.grant()
	got := b.add(b.offer("o"))
	// STOP is being handled right now: the person is locked, its entry is not committed yet.
	tx := b.db.MustBegin()
	if _, err := tx.Exec(`SELECT id FROM contacts WHERE id = $1 FOR NO KEY UPDATE`, b.contact); err != nil {
		t.Fatal(err)
	}
	stop := b.entry(consent.Withdraw)
	stop.At = b.now()
	if err := b.ledger.Append(t.Context(), tx, []consent.Entry{stop}); err != nil {
		t.Fatal(err)
	}
	b.drain(b.sender())
	b.want(got[0].ID, "planned") // left alone, not sent on the old state
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	b.drain(b.sender())
	b.want(got[0].ID, "refused:opted_out")
	if len(b.net.order) != 0 {
		t.Error("an offer went out after STOP")
	}
}

func TestStopWhileTheOutcomeIsUnknown(t *testing.T) {
	b := setup(t)
	b.grant()
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return false, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	}
	got := b.add(b.offer("o"))
	b.drain(b.sender())
	b.want(got[0].ID, "unknown:timeout")
	b.net.answer = nil
	stop := b.entry(consent.Withdraw)
	stop.At = b.now()
	if err := b.ledger.Append(t.Context(), b.db, []consent.Entry{stop}); err != nil {
		t.Fatal(err)
	}
	b.settleAll(b.sender())
	b.want(got[0].ID, "refused:opted_out")
}

func TestCapsCountWhatIsUnknown(t *testing.T) {
	b := setup(t)
	b.grant()
	b.net.settle = func(channels.Call, bool) channels.Settled { return channels.Settled{} }
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return false, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	}
	first := b.add(b.offer("one"))
	b.drain(b.sender())
	second := b.add(b.offer("two"))
	b.drain(b.sender())
	b.want(first[0].ID, "unknown:timeout")
	b.want(second[0].ID, "refused:cap_24h")
}

func TestTwoOffersInOneClaim(t *testing.T) {
	b := setup(t)
	b.grant()
	late := b.offer("two")
	late.ValidUntil = b.now().Add(48 * time.Hour)
	got := b.add(b.offer("one"), late)
	b.drain(b.sender())
	b.want(got[0].ID, "done")
	b.want(got[1].ID, "planned:cap_24h")
}

func TestSwitchesHoldAndResume(t *testing.T) {
	b := setup(t)
	got := b.add(b.message("m", "hello"), b.onComment("h", channels.HideComment))
	b.exec(`UPDATE workspaces SET settings = settings || '{"sending":false}'`)
	s := b.sender()
	b.drain(s)
	b.want(got[0].ID, "held:workspace_off")
	b.want(got[1].ID, "held:workspace_off")
	b.exec(`UPDATE workspaces SET settings = settings - 'sending'`)
	b.exec(`UPDATE accounts SET sending = false WHERE id = $1`, b.whatsapp)
	tidyAndDrain(b, s)
	b.want(got[1].ID, "done")
	b.want(got[0].ID, "held:workspace_off")
	b.exec(`UPDATE accounts SET sending = true WHERE id = $1`, b.whatsapp)
	tidyAndDrain(b, s)
	b.want(got[0].ID, "done")
}
