package outbox

import (
	"testing"

	"ponte/gate"
	"ponte/inbox"
)

// A welcome and an away message greet: who waits for an answer waits on. What the bot says to what was written ends it.
func TestAGreetingAnswersNobody(t *testing.T) {
	b := setup(t)
	b.exec(`UPDATE conversations SET handler = 'bot', first_bot_answer_at = NULL WHERE id = $1`, b.conv)
	say := func(name string) string {
		a := b.message(name, "Hello there.")
		a.Origin, a.AnswersEvent = gate.FromBot, b.event(b.whatsapp, "message.received", "whatsapp", name, "", "39333000001")
		b.want(b.add(a)[0].ID, "planned")
		b.drain(b.sender())
		return b.text(`SELECT CASE WHEN waiting_since IS NULL THEN 'answered' ELSE 'waits' END || CASE WHEN first_bot_answer_at IS NULL THEN '' ELSE ', by the bot' END FROM conversations WHERE id = $1`, b.conv)
	}
	for _, c := range []struct{ name, want string }{{inbox.WelcomeNotice + "1", "waits"}, {inbox.AwayNotice + "1:2", "waits"}, {"bot:1:0", "answered, by the bot"}} {
		if got := say(c.name); got != c.want {
			t.Errorf("after %s: %s, want %s", c.name, got, c.want)
		}
	}
}
