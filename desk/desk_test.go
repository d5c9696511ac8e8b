package desk_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"ponte/auth"
	"ponte/desk"
	"ponte/inbox"
	"ponte/testkit"
)

type bench struct {
	t         *testing.T
	db        *sqlx.DB
	workspace int64
	account   int64
	n         int
	now       time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, db: testkit.Database(t), now: time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)} // a Monday
	b.workspace = b.id(`INSERT INTO workspaces (name, time_zone) VALUES ('home', 'UTC') RETURNING id`)
	b.account = b.id(`INSERT INTO accounts (workspace_id, channel, external_id, base_url, token_sealed, waba_id, phone) VALUES ($1, 'whatsapp', 'n', 'http://127.0.0.1:1', '', 'w', '61255500101') RETURNING id`, b.workspace)
	return b
}

func (b *bench) id(query string, args ...any) int64 {
	b.t.Helper()
	var id int64
	if err := b.db.Get(&id, query, args...); err != nil {
		b.t.Fatalf("%v in %s", err, query)
	}
	return id
}

func (b *bench) exec(query string, args ...any) {
	b.t.Helper()
	if _, err := b.db.Exec(query, args...); err != nil {
		b.t.Fatalf("%v in %s", err, query)
	}
}

func (b *bench) worker() *desk.Worker {
	return &desk.Worker{DB: b.db, Now: func() time.Time { return b.now }, Log: slog.New(slog.NewTextHandler(b.t.Output(), nil))}
}

func (b *bench) pass() {
	b.t.Helper()
	if err := b.worker().Pass(context.Background()); err != nil {
		b.t.Fatal(err)
	}
}

// agent makes a member who is present.
func (b *bench) agent(role auth.Role, capacity int, languages ...string) int64 {
	b.t.Helper()
	b.n++
	id := b.id(`INSERT INTO users (email, password_hash) VALUES ($1, 'none') RETURNING id`, fmt.Sprintf("a%d@home.example", b.n))
	b.exec(`INSERT INTO members (workspace_id, user_id, role, languages) VALUES ($1, $2, $3, $4)`, b.workspace, id, role, inbox.Strings(languages))
	if capacity >= 0 {
		b.exec(`INSERT INTO agents (workspace_id, user_id, capacity) VALUES ($1, $2, $3)`, b.workspace, id, capacity)
	}
	b.present(id)
	return id
}

func (b *bench) present(user int64) {
	b.t.Helper()
	b.exec(`INSERT INTO presence (workspace_id, user_id, conversation_id, seen_at) VALUES ($1, $2, 0, $3) ON CONFLICT (workspace_id, user_id, conversation_id) DO UPDATE SET seen_at = excluded.seen_at`, b.workspace, user, b.now)
}

type talk struct {
	team, skill, language, handler string
	waits                          time.Duration
	labels                         []string
	answered                       bool
}

func (b *bench) talk(v talk) int64 {
	b.t.Helper()
	b.n++
	contact := b.id(`INSERT INTO contacts (workspace_id, name, labels) VALUES ($1, 'x', $2) RETURNING id`, b.workspace, inbox.Strings(v.labels))
	identity := b.id(`INSERT INTO identities (workspace_id, contact_id, channel, external_id) VALUES ($1, $2, 'whatsapp', $3) RETURNING id`, b.workspace, contact, fmt.Sprint("u", b.n))
	thread := b.id(`INSERT INTO threads (workspace_id, account_id, channel, identity_id, contact_id, last_in_at) VALUES ($1, $2, 'whatsapp', $3, $4, $5) RETURNING id`, b.workspace, b.account, identity, contact, b.now)
	if v.handler == "" {
		v.handler = "human"
	}
	since := b.now.Add(-v.waits)
	var first *time.Time
	if v.answered {
		first = &since
	}
	return b.id(`INSERT INTO conversations (workspace_id, account_id, channel, thread_id, contact_id, handler, team, skill, language, opened_at, last_message_at, waiting_since, first_bot_answer_at) VALUES ($1, $2, 'whatsapp', $3, $4, $5, $6, $7, $8, $9, $9, $9, $10) RETURNING id`,
		b.workspace, b.account, thread, contact, v.handler, v.team, v.skill, v.language, since, first)
}

func (b *bench) assignee(id int64) int64 {
	b.t.Helper()
	return b.id(`SELECT coalesce(assignee_id, 0) FROM conversations WHERE id = $1`, id)
}

func (b *bench) team(name string, members ...int64) int64 {
	b.t.Helper()
	id, err := desk.SaveTeam(context.Background(), b.db, auth.Who{WorkspaceID: b.workspace, Role: auth.Owner, UserID: members[0]}, desk.Team{WorkspaceID: b.workspace, Name: name, Members: members})
	if err != nil {
		b.t.Fatal(err)
	}
	return id
}

func (b *bench) settings(json string) {
	b.exec(`UPDATE workspaces SET settings = $2 WHERE id = $1`, b.workspace, json)
}

func TestAssignmentByTeamSkillAndLanguage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	anna := b.agent(auth.Agent, 5, "it")
	bob := b.agent(auth.Agent, 5, "en")
	chris := b.agent(auth.Agent, 5, "en", "it")
	b.agent(auth.Owner, -1, "fr") // looks in; is not on duty
	b.team("sales", bob, chris)
	b.exec(`UPDATE agents SET skills = '{returns}' WHERE user_id = $1`, anna)
	cases := map[string]struct {
		talk
		want []int64
	}{
		"language":                            {talk{language: "it"}, []int64{anna, chris}},
		"team and language":                   {talk{team: "sales", language: "it"}, []int64{chris}},
		"skill":                               {talk{skill: "returns", language: "en"}, []int64{anna}},
		"a language that nobody on duty has":  {talk{language: "fr"}, []int64{anna, bob, chris}},
		"a team that nobody made":             {talk{team: "returns"}, []int64{anna}},
		"a skill that nobody has":             {talk{skill: "law", language: "it"}, []int64{anna, chris}},
		"past its deadline, language goes by": {talk{language: "de", waits: time.Hour}, []int64{anna, bob, chris}},
	}
	for name, c := range cases {
		id := b.talk(c.talk)
		b.pass()
		got := b.assignee(id)
		ok := false
		for _, w := range c.want {
			ok = ok || got == w
		}
		if !ok {
			t.Errorf("%s: given to %d, want one of %v", name, got, c.want)
		}
		b.exec(`UPDATE conversations SET state = 'resolved', resolved_at = now(), waiting_since = NULL WHERE id = $1`, id)
	}
	bot := b.talk(talk{handler: "bot"})
	b.pass()
	if got := b.assignee(bot); got != 0 {
		t.Errorf("what the bot answers was given to %d", got)
	}
}

func TestWhoIsAwayFullOrGoneGetsNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	away, full, gone := b.agent(auth.Agent, 5), b.agent(auth.Agent, 0), b.agent(auth.Agent, 5)
	if err := desk.SetAway(context.Background(), b.db, auth.Who{WorkspaceID: b.workspace, UserID: away}, away, true, nil, "", false, b.now); err != nil {
		t.Fatal(err)
	}
	b.exec(`UPDATE presence SET seen_at = $2 WHERE user_id = $1`, gone, b.now.Add(-time.Hour))
	id := b.talk(talk{})
	b.pass()
	if got := b.assignee(id); got != 0 {
		t.Fatalf("given to %d (away %d, full %d, gone %d)", got, away, full, gone)
	}
	b.present(gone)
	b.pass()
	if got := b.assignee(id); got != gone {
		t.Errorf("after they came back: given to %d, want %d", got, gone)
	}
	back := b.now.Add(time.Hour)
	if err := desk.SetAway(context.Background(), b.db, auth.Who{WorkspaceID: b.workspace, UserID: gone}, gone, true, &back, "lunch", true, b.now); err != nil {
		t.Fatal(err)
	}
	if got := b.assignee(id); got != 0 {
		t.Errorf("what waits stayed with %d, who is away and gave it back", got)
	}
}

// The queue: urgent and valuable customers first, but nobody waits for ever behind them.
func TestTheQueuesOrder(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	normal := b.talk(talk{waits: 5 * time.Minute})
	vip := b.talk(talk{labels: []string{"vip"}})
	low := b.talk(talk{waits: 20 * time.Minute})
	old := b.talk(talk{waits: 40 * time.Minute})
	b.exec(`UPDATE conversations SET priority = -1 WHERE id = $1`, low)
	b.pass()
	b.agent(auth.Agent, 1)
	var got []int64
	for range 4 {
		b.pass()
		if id := b.id(`SELECT coalesce(max(id), 0) FROM conversations WHERE assignee_id IS NOT NULL AND state = 'open'`); id != 0 {
			got = append(got, id)
			b.exec(`UPDATE conversations SET state = 'resolved', resolved_at = now(), waiting_since = NULL WHERE id = $1`, id)
		}
	}
	if want := []int64{old, vip, normal, low}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("given in the order %v, want %v", got, want)
	}
}

// Two replicas at once: nothing is given twice, nobody gets more than they can take.
func TestTwoReplicasNeverGiveTwiceNorTooMuch(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for range 3 {
		b.agent(auth.Agent, 4)
	}
	for range 40 {
		b.talk(talk{})
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 5 {
				if err := b.worker().Pass(context.Background()); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
	if n := b.id(`SELECT count(*) FROM conversations WHERE assignee_id IS NOT NULL`); n != 12 {
		t.Errorf("%d conversations were given, want the 12 that three agents can take", n)
	}
	if n := b.id(`SELECT max(n) FROM (SELECT count(*) AS n FROM conversations WHERE assignee_id IS NOT NULL GROUP BY assignee_id) x`); n != 4 {
		t.Errorf("somebody has %d, above their capacity", n)
	}
	if n := b.id(`SELECT count(*) FROM conversation_steps WHERE what = 'assigned'`); n != 12 {
		t.Errorf("%d assignments were noted, want 12", n)
	}
	if n := b.id(`SELECT count(*) FROM notifications WHERE kind = 'conversation.assigned'`); n != 12 {
		t.Errorf("%d notifications, want 12", n)
	}
}

func TestWhatIsNotAnsweredComesBackAndGoesToAnother(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	one := b.agent(auth.Agent, 1)
	id := b.talk(talk{})
	b.pass()
	if b.assignee(id) != one {
		t.Fatal("not assigned")
	}
	two := b.agent(auth.Agent, 1)
	b.now = b.now.Add(14 * time.Minute)
	b.pass()
	if b.assignee(id) != one {
		t.Fatal("taken back too early")
	}
	b.exec(`INSERT INTO presence (workspace_id, user_id, conversation_id, typing_at, seen_at) VALUES ($1, $2, $3, $4, $4)`, b.workspace, one, id, b.now.Add(90*time.Second))
	b.now = b.now.Add(2 * time.Minute)
	b.present(one)
	b.present(two)
	b.pass()
	if b.assignee(id) != one {
		t.Fatal("taken back while its assignee was writing")
	}
	b.now = b.now.Add(2 * time.Minute)
	b.pass()
	if got := b.assignee(id); got != two {
		t.Errorf("after it was taken back it went to %d, want the other, %d", got, two)
	}
	if n := b.id(`SELECT count(*) FROM conversation_steps WHERE what = 'taken_back' AND user_id = $1`, one); n != 1 {
		t.Errorf("it was said %d times", n)
	}
}

// An answer leaves seconds after it was given, or later where sending is limited: meanwhile the conversation is its
// author's. A reply for later is none.
func TestWhatIsAnsweredIsNotTakenBackBeforeItHasLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, state, origin string
		later               time.Duration
		kept                bool
	}{
		{"on its way", "planned", "member", 0, true},
		{"being sent", "sending", "member", 0, true},
		{"held", "held", "member", 0, true},
		{"refused", "refused", "member", 0, false},
		{"for tomorrow", "planned", "member", 24 * time.Hour, false},
		{"the bot's", "planned", "bot", 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			one := b.agent(auth.Agent, 1)
			id := b.talk(talk{})
			b.pass()
			b.now = b.now.Add(15 * time.Minute)
			b.exec(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, conversation_id, contact_id, token, dedupe, state, reason, not_before, valid_until, call, created_at)
SELECT workspace_id, account_id, 'message.send', 'service', $2, id, contact_id, 'x', 'x', $3, 'x', $4, $5, '{}', $6 FROM conversations WHERE id = $1`, id, c.origin, c.state, b.now.Add(c.later), b.now.Add(48*time.Hour), b.now.Add(-time.Second))
			b.pass()
			if n := b.id(`SELECT taken_back FROM conversations WHERE id = $1`, id); (n == 0) != c.kept {
				t.Errorf("taken back %d times from %d", n, one)
			}
		})
	}
}

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

func TestTheTriggerKeepsWhenThingsMoved(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.agent(auth.Agent, 5)
	at := b.talk(talk{answered: true})
	if n := b.id(`SELECT count(*) FROM conversations WHERE id = $1 AND handed_over_at IS NOT NULL`, at); n != 1 {
		t.Error("what the bot handed over with its first answer has no handover")
	}
	b.exec(`UPDATE conversations SET state = 'resolved', resolved_at = now(), waiting_since = NULL, handed_over_at = NULL WHERE id = $1`, at)
	id := b.talk(talk{handler: "bot"})
	b.exec(`UPDATE conversations SET handler = 'human', handler_reason = 'wants_human', assignee_id = $2 WHERE id = $1`, id, a)
	if n := b.id(`SELECT count(*) FROM conversations WHERE handed_over_at IS NOT NULL AND assigned_at IS NOT NULL AND assigned_how = 'member' AND id = $1`, id); n != 1 {
		t.Error("a member's hand is not noted")
	}
	b.exec(`UPDATE conversations SET assignee_id = NULL WHERE id = $1`, id)
	if n := b.id(`SELECT count(*) FROM conversations WHERE id = $1 AND assigned_at IS NULL AND assigned_how = ''`, id); n != 1 {
		t.Error("what is nobody's is still assigned since some time")
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

func TestEscalationGoesToTheNextTeamOrTheSupervisors(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	agent, second := b.agent(auth.Agent, 0), b.agent(auth.Agent, 5)
	boss := b.agent(auth.Supervisor, 0)
	b.team("first", agent)
	b.team("second", second)
	b.exec(`UPDATE teams SET escalate_to = 'second' WHERE name = 'first'`)
	id, other := b.talk(talk{team: "first"}), b.talk(talk{team: "elsewhere"})
	b.exec(`UPDATE conversations SET assignee_id = $2, assigned_at = $3 WHERE id = $1`, other, agent, b.now)
	b.settings(`{"desk":{"escalate_minutes":60,"take_back_minutes":0,"capacity":1,"first_answer_minutes":15,"handover_minutes":30}}`)
	b.now = b.now.Add(61 * time.Minute)
	b.present(second)
	b.pass()
	b.pass()
	if got := b.assignee(id); got != second {
		t.Errorf("the second team's %d was to get it, %d did", second, got)
	}
	if n := b.id(`SELECT count(*) FROM notifications WHERE kind = 'conversation.escalated' AND user_id = $1 AND conversation_id = $2`, boss, other); n != 1 {
		t.Errorf("the supervisor was told %d times of what has no next team", n)
	}
	if n := b.id(`SELECT count(*) FROM notifications WHERE kind = 'conversation.escalated' AND user_id = $1 AND conversation_id = $2`, second, id); n != 1 {
		t.Errorf("the next team was told %d times", n)
	}
}

// Hundreds that wait for a team that is closed keep nobody else's out of sight.
func TestAClosedTeamsQueueHidesNoOther(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	closed, open := b.agent(auth.Agent, 500), b.agent(auth.Agent, 500)
	b.team("closed", closed)
	b.team("open", open)
	b.exec(`UPDATE teams SET hours = '{"time_zone":"UTC","week":{"sun":["09:00-10:00"]}}' WHERE name = 'closed'`)
	b.settings(`{"desk":{"escalate_minutes":60,"take_back_minutes":15,"capacity":1,"first_answer_minutes":15,"handover_minutes":30}}`)
	for range 210 {
		b.talk(talk{team: "closed"})
	}
	last := b.talk(talk{team: "open"})
	b.pass()
	b.exec(`UPDATE conversations SET assignee_id = CASE WHEN team = 'open' THEN $2::bigint ELSE $3 END, assigned_at = $1`, b.now, open, closed)
	b.now = b.now.Add(16 * time.Minute)
	b.pass()
	if n := b.id(`SELECT taken_back FROM conversations WHERE id = $1`, last); n != 1 {
		t.Errorf("what the open team did not answer was taken back %d times", n)
	}
	b.now = b.now.Add(time.Hour)
	b.pass()
	if n := b.id(`SELECT count(*) FROM conversations WHERE escalated_at IS NOT NULL`); n != 1 {
		t.Errorf("%d conversations were escalated, want the open team's one", n)
	}
	if n := b.id(`SELECT count(*) FROM conversations WHERE taken_back > 0`); n != 1 {
		t.Errorf("%d conversations were taken back, want the open team's one", n)
	}
}

func TestSnoozeEndsByTimeOrByTheCustomer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	who := auth.Who{WorkspaceID: b.workspace, UserID: b.agent(auth.Agent, 5), Role: auth.Agent}
	one, two := b.talk(talk{}), b.talk(talk{})
	until := b.now.Add(time.Hour)
	for id, at := range map[int64]*time.Time{one: &until, two: nil} {
		if err := desk.Snooze(context.Background(), b.db, who, id, at, b.now); err != nil {
			t.Fatal(err)
		}
	}
	b.pass()
	if b.assignee(one) != 0 || b.assignee(two) != 0 {
		t.Error("what is snoozed was given to somebody")
	}
	b.now = b.now.Add(61 * time.Minute)
	b.present(who.UserID)
	b.pass()
	if n := b.id(`SELECT count(*) FROM conversations WHERE snoozed_at IS NOT NULL`); n != 1 {
		t.Errorf("%d are snoozed after an hour, want the one that waits for the customer", n)
	}
	if err := desk.CustomerWrote(context.Background(), b.db, []desk.Written{{WorkspaceID: b.workspace, ConversationID: two}, {WorkspaceID: b.workspace, ConversationID: two}}); err != nil {
		t.Fatal(err)
	}
	if n := b.id(`SELECT count(*) FROM conversation_steps WHERE what = 'woken'`); n != 2 {
		t.Errorf("%d wakings were noted, want 2", n)
	}
	if err := desk.Snooze(context.Background(), b.db, who, one, &until, b.now); err == nil {
		t.Error("snoozed until a time that has passed")
	}
}

func TestPresenceShowsOthersOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	one, two := b.agent(auth.Agent, 5), b.agent(auth.Agent, 5)
	id := b.talk(talk{})
	see := func(user int64, typing bool) []desk.Viewer {
		t.Helper()
		list, err := desk.See(context.Background(), b.db, auth.Who{WorkspaceID: b.workspace, UserID: user}, id, typing, b.now)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := see(one, true); len(got) != 0 {
		t.Errorf("one sees %v", got)
	}
	if got := see(two, false); len(got) != 1 || got[0].UserID != one || !got[0].Typing {
		t.Errorf("two sees %v", got)
	}
	changes := b.id(`SELECT count(*) FROM changes WHERE topic = 'presence'`)
	see(two, false)
	if n := b.id(`SELECT count(*) FROM changes WHERE topic = 'presence'`); n != changes {
		t.Error("a mere sign of life woke everybody")
	}
	b.now = b.now.Add(time.Minute)
	if got := see(two, false); len(got) != 0 {
		t.Errorf("after a minute without a sign two still sees %v", got)
	}
}
