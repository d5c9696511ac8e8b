package desk_test

import (
	"fmt"
	"testing"
	"time"

	"ponte/auth"
)

// Whoever planned a reply for later thinks that it went out: one that did not is told to them, or to who has the
// conversation, and ends a snooze.
func TestAReplyForLaterThatDidNotGoOutIsTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state string
		gone  bool // who planned it cannot sign in any more
		told  string
		steps int64
	}{
		"refused":                {"refused", false, "agent", 1},
		"failed":                 {"failed", false, "agent", 1},
		"too late":               {"expired", false, "agent", 1},
		"refused, nobody left":   {"refused", true, "supervisor", 1},
		"sent":                   {"done", false, "", 0},
		"cancelled":              {"cancelled", false, "", 0},
		"held until it is again": {"held", false, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.agent(auth.Supervisor, 0)
			user, v := b.agent(auth.Agent, 5), b.talk(talk{})
			action := b.id(`INSERT INTO actions (workspace_id, account_id, conversation_id, kind, purpose, origin, call, token, dedupe, not_before, valid_until, state, reason, sent_at, done_at)
				VALUES ($1, $2, $3, 'message.send', 'answer', 'member', '{}', 't', 'd', $4::timestamptz, $4, $5::text, 'window_closed', CASE WHEN $5 = 'done' THEN $4::timestamptz END, CASE WHEN $5 <> 'held' THEN $4::timestamptz END) RETURNING id`, b.workspace, b.account, v, b.now, c.state)
			b.exec(`INSERT INTO scheduled_replies (workspace_id, action_id, conversation_id, user_id, send_at, unless_written) VALUES ($1, $2, $3, $4, $5, false)`, b.workspace, action, v, user, b.now)
			b.exec(`UPDATE conversations SET snoozed_at = $2, snoozed_until = $3 WHERE id = $1`, v, b.now, b.now.Add(24*time.Hour))
			if c.gone {
				b.exec(`UPDATE users SET disabled_at = now() WHERE id = $1`, user)
			}
			b.now = b.now.Add(time.Minute)
			b.pass()
			b.pass()
			var told string
			if err := b.db.Get(&told, `SELECT coalesce(string_agg(m.role, ','), '') FROM notifications n JOIN members m ON m.workspace_id = n.workspace_id AND m.user_id = n.user_id WHERE n.kind = 'conversation.reply_not_sent'`); err != nil || told != c.told {
				t.Errorf("told %q %v, want %q", told, err, c.told)
			}
			if n := b.id(`SELECT count(*) FROM conversation_steps WHERE what = 'scheduled_not_sent' AND detail ->> 'why' = 'window_closed'`); n != c.steps {
				t.Errorf("%d steps, want %d", n, c.steps)
			}
			if got, want := b.id(`SELECT count(*) FROM conversations WHERE snoozed_at IS NOT NULL`), 1-c.steps; got != want {
				t.Errorf("%d snoozed, want %d", got, want)
			}
			if got, want := fmt.Sprint(b.id(`SELECT count(*) FROM scheduled_replies WHERE settled_at IS NULL`)), map[bool]string{true: "1", false: "0"}[c.state == "held"]; got != want {
				t.Errorf("%s are looked at again, want %s", got, want)
			}
		})
	}
}
