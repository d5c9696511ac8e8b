package outbox

import (
	"math/rand/v2"
	"testing"
	"time"

	"ponte/channels"
	"ponte/consent"
)

func (b *bench) receipts(list ...Receipt) {
	b.t.Helper()
	tx := b.db.MustBegin()
	err := ApplyReceipts(b.t.Context(), tx, b.ledger, list)
	if err == nil {
		err = tx.Commit()
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) receipt(id, status string) Receipt {
	return Receipt{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: id, Status: status, At: b.now()}
}

func (b *bench) bubble(action int64) string {
	b.t.Helper()
	return b.text(`SELECT coalesce(receipt, 'none') FROM messages WHERE action_id = $1`, action)
}

// In whatever order, grouping and number receipts come, before the answer or after it, a message ends
// at the furthest of them.
func TestReceiptsOnlyMoveForward(t *testing.T) {
	b := setup(t)
	rng := rand.New(rand.NewPCG(5, 5))
	all := []string{"sent", "failed", "delivered", "read", "played"}
	s := b.sender()
	for n := range 40 {
		got := b.add(b.message(string(rune('a'+n)), "hello"))[0]
		wamid := "wamid." + got.Token
		b.net.answer = func(channels.Call) (bool, channels.Result, error) { return true, channels.Result{ID: wamid}, nil }
		furthest, answered := "sent", false
		for range 1 + rng.IntN(5) {
			status := all[rng.IntN(len(all))]
			b.receipts(b.receipt(wamid, status), b.receipt(wamid, status))
			if status == "played" {
				status = "read"
			}
			if ranks[status] > ranks[furthest] {
				furthest = status
			}
			if !answered && rng.IntN(2) == 0 {
				answered = true
				b.drain(s)
			}
			if have := b.bubble(got.ID); answered && have != furthest {
				t.Fatalf("the bubble is %s, want %s", have, furthest)
			}
		}
		b.drain(s)
		if have := b.bubble(got.ID); have != furthest {
			t.Fatalf("at the end the bubble is %s, want %s", have, furthest)
		}
		b.advance(7 * time.Second)
	}
}

func TestAStatusSettlesALostAnswer(t *testing.T) {
	b := setup(t)
	b.net.settle = func(channels.Call, bool) channels.Settled { return channels.Settled{} }
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		return true, channels.Result{}, &channels.Failure{Class: channels.Unknown, Reason: "timeout"}
	}
	got := b.add(b.message("m", "hello"))[0]
	b.drain(b.sender())
	b.want(got.ID, "unknown:timeout")
	r := b.receipt("wamid.1", "delivered")
	r.Token = got.Token
	b.receipts(r)
	b.want(got.ID, "done:seen")
	if s := b.bubble(got.ID); s != "delivered" {
		t.Errorf("the bubble is %s", s)
	}
	b.settleAll(b.sender())
	if n := b.net.count(got.Token); n != 1 {
		t.Errorf("it took place %d times", n)
	}
}

func TestAStatusThatOvertakesTheAnswer(t *testing.T) {
	b := setup(t)
	got := b.add(b.message("m", "hello"))[0]
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		r := b.receipt("wamid.1", "read")
		r.Token = got.Token
		b.receipts(r)
		return true, channels.Result{ID: "wamid.1"}, nil
	}
	b.drain(b.sender())
	b.want(got.ID, "done")
	if s := b.bubble(got.ID); s != "read" {
		t.Errorf("the bubble is %s", s)
	}
	if n := b.id(`SELECT count(*) FROM messages`); n != 1 {
		t.Errorf("%d bubbles", n)
	}
}

func TestStopToTheNetworkByStatusIsAWithdrawal(t *testing.T) {
	b := setup(t)
	b.grant()
	b.net.answer = func(channels.Call) (bool, channels.Result, error) { return true, channels.Result{ID: "wamid.1"}, nil }
	b.add(b.message("m", "hello"))
	b.drain(b.sender())
	r := b.receipt("wamid.1", "failed")
	r.Errors = []channels.NetworkError{{Code: 131050}}
	b.receipts(r)
	b.receipts(r)
	s, err := b.ledger.Live(t.Context(), b.db, b.ws, b.contact, b.identity, "whatsapp", consent.Promotional, b.now())
	if err != nil || s.Status != consent.Withdrawn {
		t.Errorf("%+v, %v", s, err)
	}
	if n := b.id(`SELECT count(*) FROM consent_entries`); n != 2 {
		t.Errorf("%d entries: the repeat was entered again", n)
	}
}

func TestWatermarks(t *testing.T) {
	b := setup(t)
	got := b.add(b.message("m", "one"), b.message("n", "two"))
	b.drain(b.sender())
	b.exec(`UPDATE messages SET at = $1 WHERE action_id = $2`, b.now().Add(time.Hour), got[1].ID)
	mark := func(status string) {
		if err := ApplyWatermarks(t.Context(), b.db, []Watermark{{b.ws, b.thread, status, b.now().Add(time.Minute)}}); err != nil {
			t.Fatal(err)
		}
	}
	mark("read")
	mark("delivered")
	if s := b.bubble(got[0].ID) + " " + b.bubble(got[1].ID); s != "read sent" {
		t.Error(s)
	}
}

func TestEchoes(t *testing.T) {
	b := setup(t)
	got := b.add(b.message("m", "hello"))[0]
	_, _, other, _ := b.person("39333000002")
	var during []bool
	b.net.answer = func(channels.Call) (bool, channels.Result, error) {
		for _, e := range []Echo{
			{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "other", ThreadID: b.thread, Text: "typed in another tool"},
			{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.1", ThreadID: other, Text: "hello"},
			{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.1", ThreadID: b.thread, Text: "hello"},
		} {
			ours, err := JoinEcho(t.Context(), b.db, e)
			if err != nil {
				t.Error(err)
			}
			during = append(during, ours)
		}
		return true, channels.Result{ID: "mid.1"}, nil
	}
	b.drain(b.sender())
	if len(during) != 3 || during[0] || during[1] || !during[2] {
		t.Errorf("while the call was under way: %v", during)
	}
	b.want(got.ID, "done")
	after, err := JoinEchoes(t.Context(), b.db, []Echo{
		{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.1", Text: "hello"},
		{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.2", Text: "hello", ThreadID: b.thread},
		{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.1", Token: got.Token},
		{WorkspaceID: b.ws, AccountID: b.whatsapp, ExternalID: "mid.3", Token: "somebody else's"},
	})
	if err != nil || !after[0] || after[1] || !after[2] || after[3] {
		t.Errorf("afterwards: %v, %v", after, err)
	}
}
