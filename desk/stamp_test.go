package desk_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/desk"
	"ponte/inbox"
)

func TestDeadlinesAreToldOnceAndClearWhenAnswered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	boss := b.agent(auth.Supervisor, 0)
	b.settings(`{"desk":{"escalate_minutes":0,"capacity":1,"first_answer_minutes":15,"handover_minutes":30,"near_minutes":5}}`)
	id := b.talk(talk{})
	counts := func(what string, near, breach int64) {
		t.Helper()
		for level, want := range map[string]int64{"near": near, "breach": breach} {
			if n := b.id(`SELECT count(*) FROM sla_events WHERE level = $1`, level); n != want {
				t.Errorf("%s: %d of %s, want %d", what, n, level, want)
			}
			if n := b.id(`SELECT count(*) FROM notifications WHERE user_id = $1 AND kind = 'sla.' || $2`, boss, level); n != want {
				t.Errorf("%s: told of %s %d times, want %d", what, level, n, want)
			}
		}
	}
	b.pass()
	counts("at once", 0, 0)
	b.now = b.now.Add(11 * time.Minute)
	b.pass()
	b.pass()
	counts("near", 1, 0)
	b.now = b.now.Add(5 * time.Minute)
	for range 3 {
		b.pass() // as after restarts
	}
	counts("passed", 1, 1)
	b.now = b.now.Add(105 * time.Minute)
	b.pass()
	counts("two hours", 1, 2)
	b.exec(`UPDATE conversations SET waiting_since = NULL, first_human_answer_at = $2 WHERE id = $1`, id, b.now)
	b.pass()
	if n := b.id(`SELECT count(*) FROM sla_events WHERE cleared_at IS NULL`); n != 0 {
		t.Errorf("%d are still open after the answer", n)
	}
	if n := b.id(`SELECT count(*) FROM conversations WHERE id = $1 AND due_at IS NULL AND queue_at IS NULL`, id); n != 1 {
		t.Error("the deadlines are still there after the answer")
	}
	b.exec(`UPDATE conversations SET waiting_since = $2 WHERE id = $1`, id, b.now)
	b.now = b.now.Add(16 * time.Minute)
	b.pass()
	counts("a second wait has no first answer's deadline", 1, 2)
}

func TestHandoverHasItsOwnDeadline(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settings(`{"desk":{"escalate_minutes":0,"capacity":1,"first_answer_minutes":15,"handover_minutes":30,"near_minutes":5}}`)
	b.exec(`ALTER TABLE conversations DISABLE TRIGGER conversations_moved`) // the trigger's clock is the database's
	id := b.talk(talk{handler: "bot", answered: true})
	b.pass()
	if n := b.id(`SELECT count(*) FROM conversations WHERE answer_due_at IS NOT NULL OR handover_due_at IS NOT NULL`); n != 0 {
		t.Error("what the bot has answered has a deadline for a first answer")
	}
	b.exec(`UPDATE conversations SET handler = 'human', handed_over_at = $2, due_for = NULL WHERE id = $1`, id, b.now.Add(time.Minute))
	b.pass()
	if n := b.id(`SELECT count(*) FROM conversations WHERE handover_due_at = $1`, b.now.Add(31*time.Minute)); n != 1 {
		t.Error("the handover's deadline is not thirty minutes after the handover")
	}
}

func TestBusinessHoursMoveDeadlines(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.exec(`INSERT INTO business_hours (workspace_id, hours) VALUES ($1, '{"time_zone":"UTC","week":{"mon":["09:00-10:05"],"tue":["09:00-17:00"]}}')`, b.workspace)
	id := b.talk(talk{})
	b.pass()
	due := func() time.Time {
		var at time.Time
		if err := b.db.Get(&at, `SELECT answer_due_at FROM conversations WHERE id = $1`, id); err != nil {
			t.Fatal(err)
		}
		return at.UTC()
	}
	if want := time.Date(2026, 5, 5, 9, 10, 0, 0, time.UTC); !due().Equal(want) { // five minutes today, ten tomorrow
		t.Errorf("due %s, want %s", due(), want)
	}
	b.exec(`UPDATE business_hours SET hours = '{"time_zone":"UTC","week":{"mon":["09:00-17:00"]}}'`)
	b.pass()
	if want := b.now.Add(15 * time.Minute); !due().Equal(want) {
		t.Errorf("after the hours changed: due %s, want %s", due(), want)
	}
}

// What is near is counted like what has passed: five minutes of opening time before a deadline that passes three minutes
// after opening are two minutes before closing on the day before, and no wait is near while it is closed.
func TestNearIsCountedInOpeningHours(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settings(`{"desk":{"escalate_minutes":0,"take_back_minutes":0,"capacity":1,"first_answer_minutes":15,"handover_minutes":30,"near_minutes":5}}`)
	b.exec(`INSERT INTO business_hours (workspace_id, hours) VALUES ($1, '{"time_zone":"UTC","week":{"mon":["09:00-10:12"],"tue":["09:00-17:00"]}}')`, b.workspace)
	b.talk(talk{}) // at 10:00
	near := func() int64 { return b.id(`SELECT count(*) FROM sla_events WHERE level = 'near' AND kind = 'answer'`) }
	for _, c := range []struct {
		after time.Duration
		want  int64
	}{
		{9 * time.Minute, 0},
		{10 * time.Minute, 1}, // five of opening time are left: two today, three tomorrow
	} {
		at := b.now
		b.now = b.now.Add(c.after)
		b.pass()
		if got := near(); got != c.want {
			t.Errorf("after %s: told of it %d times, want %d", c.after, got, c.want)
		}
		b.now = at
	}
	b.exec(`DELETE FROM sla_events`)
	b.settings(`{"desk":{"escalate_minutes":0,"take_back_minutes":0,"capacity":1,"first_answer_minutes":15,"handover_minutes":30,"near_minutes":20}}`)
	b.exec(`UPDATE business_hours SET hours = '{"time_zone":"UTC","week":{"tue":["09:00-17:00"]}}'`)
	for _, c := range []struct {
		at   time.Time
		want int64
	}{
		{time.Date(2026, 5, 5, 8, 59, 0, 0, time.UTC), 0}, // the deadline is 9:15
		{time.Date(2026, 5, 5, 9, 0, 0, 0, time.UTC), 1},
	} {
		b.now = c.at
		b.pass()
		if got := near(); got != c.want {
			t.Errorf("at %s: told of it %d times, want %d", c.at.Format("15:04"), got, c.want)
		}
	}
}

// Who becomes valuable while they wait moves up, whoever wrote the label, the field or the goal.
func TestWhoBecomesValuableMovesUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settings(`{"desk":{"auto_assign":false,"capacity":1,"first_answer_minutes":15,"handover_minutes":30,"near_minutes":5,"vip_labels":["vip"],"vip_field":"gold","vip_goal_micros":1000}}`)
	ids := map[string]int64{}
	for _, name := range []string{"label", "conversation", "field", "goal", "priority", "none"} {
		ids[name] = b.talk(talk{})
	}
	place := func(name string) time.Time {
		var at time.Time
		if err := b.db.Get(&at, `SELECT queue_at FROM conversations WHERE id = $1`, ids[name]); err != nil {
			t.Fatal(err)
		}
		return at
	}
	b.pass()
	before := place("none")
	of := ` WHERE id = (SELECT contact_id FROM conversations WHERE id = $1)`
	b.exec(`UPDATE contacts SET labels = '{vip}'`+of, ids["label"])
	b.exec(`UPDATE conversations SET labels = '{new,vip}' WHERE id = $1`, ids["conversation"])
	b.exec(`UPDATE contacts SET fields = '{"gold":"yes"}'`+of, ids["field"])
	b.exec(`INSERT INTO goals (workspace_id, contact_id, name, source, value_micros, currency, dedupe, at) SELECT workspace_id, contact_id, 'sale', 'api', 2000, 'EUR', 'x', now() FROM conversations WHERE id = $1`, ids["goal"])
	if err := desk.SetPriority(context.Background(), b.db, auth.Who{WorkspaceID: b.workspace}, ids["priority"], 1); err != nil {
		t.Fatal(err)
	}
	b.pass()
	for name, earlier := range map[string]time.Duration{"label": 15 * time.Minute, "conversation": 15 * time.Minute, "field": 15 * time.Minute, "goal": 15 * time.Minute, "priority": 30 * time.Minute, "none": 0} {
		if got := before.Sub(place(name)); got != earlier {
			t.Errorf("%s: moved up by %s, want %s", name, got, earlier)
		}
	}
	b.exec(`UPDATE contacts SET labels = '{}'`+of, ids["label"])
	b.pass()
	if got := place("label"); !got.Equal(before) {
		t.Errorf("who is no longer valuable stands at %s, want %s", got, before)
	}
}

// Who may be in danger is looked at before everybody, however long others have waited; the rest keeps its order.
func TestDangerStandsBeforeEverything(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.settings(`{"desk":{"auto_assign":false,"capacity":1,"first_answer_minutes":15,"handover_minutes":30,"near_minutes":5}}`)
	urgent := b.talk(talk{})
	b.exec(`UPDATE conversations SET waiting_since = $2, priority = 2 WHERE id = $1`, urgent, b.now.AddDate(-1, 0, 0))
	danger, plain := b.talk(talk{}), b.talk(talk{})
	b.agent(auth.Agent, 0)
	b.agent(auth.Analyst, 0) // answers nobody
	if err := inbox.InTx(context.Background(), b.db, func(tx *sqlx.Tx) error {
		return desk.DangerFirst(context.Background(), tx, b.workspace, []int64{danger}, b.now)
	}); err != nil {
		t.Fatal(err)
	}
	if n := b.id(`SELECT count(*) FROM notifications n JOIN members m USING (workspace_id, user_id) WHERE n.kind = 'conversation.danger' AND n.conversation_id = $1 AND m.role = 'agent'`, danger); n != 1 || b.id(`SELECT count(*) FROM notifications`) != 1 {
		t.Error("those who answer are not told, or others are")
	}
	b.pass()
	list, _, err := inbox.ListConversations(context.Background(), b.db, b.workspace, inbox.ConversationFilter{View: "waiting", Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, v := range list {
		got = append(got, v.ID)
	}
	if !slices.Equal(got, []int64{danger, urgent, plain}) {
		t.Errorf("the queue is %v, want %v", got, []int64{danger, urgent, plain})
	}
}
