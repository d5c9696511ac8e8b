package ingest

import (
	"testing"
	"time"
)

// Who thanks for a talk that is over hears nothing more and waits for nobody; whoever says anything else, or answers what was
// said after the end, begins anew.
func TestThanksAfterTheEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after  time.Duration
		since  string // SQL: what happened after the end
		text   string
		opened string
	}{
		"thanks":                  {time.Hour, "", "grazie mille!", "1 0"},
		"a thumb":                 {time.Minute, "", "👍", "1 0"},
		"thanks and a question":   {time.Hour, "", "thanks, how much is it?", "2 1"},
		"a greeting":              {time.Hour, "", "hello", "2 1"},
		"two days later":          {48 * time.Hour, "", "thanks", "2 1"},
		"to what was asked since": {time.Hour, `UPDATE threads SET last_out_at = (SELECT resolved_at + interval '30 minutes' FROM conversations)`, "ok", "2 1"},
		"a withdrawal":            {time.Hour, "", "thanks, stop", "2 1"},
		"while it is open":        {time.Hour, `UPDATE conversations SET state = 'open', resolved_at = NULL`, "thanks", "1 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newRig(t)
			b.feed(b.waText("w1", customer, "Hello there"))
			b.sent()
			b.pass(time.Minute)
			b.exec(`UPDATE conversations SET state = 'resolved', resolved_at = $1, waiting_since = NULL, unread = 0`, b.now)
			b.pass(c.after)
			if c.since != "" {
				b.exec(c.since)
			}
			b.feed(b.waText("w2", customer, c.text))
			got := b.text(`SELECT count(*) || ' ' || count(*) FILTER (WHERE state = 'open') FROM conversations`)
			if got != c.opened {
				t.Errorf("after %q: %s conversations and open, want %s; %v", c.text, got, c.opened, b.reasons())
			}
			if n := b.id(`SELECT count(*) FROM messages WHERE direction = 'in' AND text = $1`, c.text); n != 1 {
				t.Errorf("%d messages kept", n)
			}
			if c.opened == "1 0" {
				b.wantSaid("welcome")
				if got := b.text(`SELECT unread || ' ' || (waiting_since IS NULL) || ' ' || handler FROM conversations`); got != "0 true bot" {
					t.Errorf("the resolved conversation is %q", got)
				}
			}
		})
	}
}
