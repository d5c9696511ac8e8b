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
	bot, listens := b.talk(talk{handler: "bot"}), b.talk(talk{handler: "bot"})
	b.exec(`UPDATE conversations SET waiting_since = NULL WHERE id = $1`, bot)
	b.pass()
	if got := b.assignee(bot); got != 0 {
		t.Errorf("what the bot answers was given to %d", got)
	}
	if got := b.assignee(listens); got == 0 {
		t.Error("what the bot has no answer to was given to nobody")
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
