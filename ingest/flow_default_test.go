package ingest

import (
	"strings"
	"testing"

	"ponte/flow/live"
)

// The default flow welcomes where no start holds; every start wins over it, and it ends with its publication.
func TestTheDefaultFlowWelcomesWhereNoStartHolds(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	id, _ := b.publish(twoQuestions, "boats")
	b.publish(strings.NewReplacer(`"id":"two"`, `"id":"other"`, "What about?", "Tents?").Replace(twoQuestions), "tents")
	b.feed(b.waText(b.next("w"), "393331110009", "hello"))
	if got := b.said(); len(got) != 1 || strings.Contains(got[0], "What about?") {
		t.Fatalf("without a default said %q", got)
	}
	b.must(live.MayWelcome(t.Context(), b.db, b.ws, id))
	if err := live.MayWelcome(t.Context(), b.db, b.ws, id+100); err == nil {
		t.Error("a flow that does not exist may welcome")
	}
	b.exec(`UPDATE workspaces SET settings = settings || jsonb_build_object('default_flow', $2::bigint) WHERE id = $1`, b.ws, id)
	b.write("hello")
	b.lastSaid("What about?")
	b.feed(b.waText(b.next("w"), "393331110008", "tents"))
	b.lastSaid("Tents?")
	b.exec(`UPDATE flows SET live_version = NULL WHERE id = $1`, id)
	b.feed(b.waText(b.next("w"), "393331110007", "hello"))
	if got := b.said(); strings.Contains(got[len(got)-1], "What about?") {
		t.Errorf("a flow that is not published any more said %q", got[len(got)-1])
	}
	if err := live.MayWelcome(t.Context(), b.db, b.ws, id); err == nil {
		t.Error("a flow that is not published may welcome")
	}
}

// The skill that a flow asks for goes with the conversation to the desk.
func TestAFlowsSkillGoesToTheDesk(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.publish(`{"format":1,"id":"skilled","version":1,"name":"Skilled","languages":["en"],"steps":[
 {"id":"first","type":"assign","team":"sales","skill":"italian","next":"ask"},
 {"id":"ask","type":"question","text":{"en":"What is broken?"},"answer":{"kind":"text"},"next":"over"},
 {"id":"over","type":"hand_over","team":"repair","skill":"engines"}]}`)
	skill := func() string { return b.text(`SELECT team || ' ' || skill FROM conversations`) }
	b.write("hello")
	if got := skill(); got != "sales italian" {
		t.Errorf("after assign: %q", got)
	}
	b.write("the engine")
	if got := skill(); got != "repair engines" {
		t.Errorf("after the handing over: %q", got)
	}
}

// What is noted of a person – labels, fields whatever wrote them – leads them through a flow.
func TestAFlowGoesByWhatIsKnownOfThePerson(t *testing.T) {
	t.Parallel()
	b := newRig(t)
	b.write("hello")
	b.exec(`UPDATE contacts SET labels = '{vip}', fields = '{"size": "M", "visits": 12}'`)
	b.exec(`UPDATE conversations SET state = 'resolved', resolved_at = now(), waiting_since = NULL`)
	b.publish(`{"format":1,"id":"known","version":1,"name":"Known","languages":["en"],"fields":["size","visits"],"steps":[
 {"id":"fork","type":"condition","cases":[{"if":{"all":[{"label":"vip"},{"contact":"visits","above":10}]},"next":"dear"}],"otherwise":"new"},
 {"id":"dear","type":"message","text":{"en":"Good to see you again, size {{contact.size|?}}."},"next":"bye"},{"id":"new","type":"message","text":{"en":"Welcome."},"next":"bye"},{"id":"bye","type":"end"}]}`)
	b.write("hello again")
	b.lastSaid("Good to see you again, size M.")
}
