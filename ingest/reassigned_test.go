package ingest

import (
	"testing"
	"time"

	"ponte/consent"
)

// A number that changed hands takes nothing along, whoever else writes for the first time in the same batch.
func TestANewOwnerOfANumberInheritsNothing(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]bool{"alone": false, "beside another new person": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			text, _ := b.request("")
			b.feed(b.waText("m1", customer, text))
			if got := b.offers(customer); got != consent.Granted {
				t.Fatalf("before: %q", got)
			}
			b.pass(time.Hour)
			bodies := []string{b.waBodyOf("AU.NEWCOMER", customer, b.waMessage("m2", customer, obj{"type": "text", "text": obj{"body": "hello, I am new here"}}))}
			if other {
				const stranger = "61491570177"
				bodies = append(bodies, b.waBodyOf("AU.STRANGER", stranger, b.waMessage("m3", stranger, obj{"type": "text", "text": obj{"body": "good morning"}})))
			}
			b.feed(bodies...)
			if got := b.offers(customer); got != consent.Expired {
				t.Errorf("the new owner stands at %q", got)
			}
			if n := b.id(`SELECT count(*) FROM consent_entries WHERE how = 'number_reassigned'`); n != 1 {
				t.Errorf("%d entries say that the number changed hands", n)
			}
		})
	}
}
