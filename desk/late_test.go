package desk_test

import (
	"context"
	"testing"
	"time"

	"ponte/auth"
	"ponte/desk"
)

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

// Nobody waits for a colleague who cannot answer: what a customer wrote while its assignee was away, or what belongs
// to somebody switched off or moved to a role that does not converse, is given to another in the same pass.
func TestNobodyWaitsForSomebodyAbsent(t *testing.T) {
	t.Parallel()
	away := func(b *bench, user int64) {
		if err := desk.SetAway(context.Background(), b.db, auth.Who{WorkspaceID: b.workspace, UserID: user}, user, true, nil, "", false, b.now); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name  string
		do    func(b *bench, user, id int64)
		moved bool
	}{
		{"is there", func(*bench, int64, int64) {}, false},
		{"away, and the customer wrote since", func(b *bench, user, id int64) {
			b.exec(`UPDATE conversations SET waiting_since = NULL WHERE id = $1`, id)
			away(b, user)
			b.exec(`UPDATE conversations SET waiting_since = $2 WHERE id = $1`, id, b.now.Add(30*time.Second))
		}, true},
		{"away, kept what waited", func(b *bench, user, _ int64) { away(b, user) }, false},
		{"away, and given it by hand", func(b *bench, user, id int64) {
			away(b, user)
			b.exec(`UPDATE conversations SET waiting_since = $2, assigned_at = $2 WHERE id = $1`, id, b.now.Add(30*time.Second))
		}, false},
		{"away, with the answer on its way", func(b *bench, user, id int64) {
			away(b, user)
			b.exec(`UPDATE conversations SET waiting_since = $2 WHERE id = $1`, id, b.now.Add(30*time.Second))
			b.exec(`INSERT INTO actions (workspace_id, account_id, kind, purpose, origin, conversation_id, contact_id, token, dedupe, not_before, valid_until, call, created_at)
SELECT workspace_id, account_id, 'message.send', 'service', 'member', id, contact_id, 'x', 'x', $2, $3, '{}', $2 FROM conversations WHERE id = $1`, id, b.now.Add(40*time.Second), b.now.Add(48*time.Hour))
		}, false},
		{"back again", func(b *bench, user, id int64) {
			away(b, user)
			b.exec(`UPDATE agents SET away_until = $2 WHERE user_id = $1`, user, b.now.Add(20*time.Second))
			b.exec(`UPDATE conversations SET waiting_since = $2 WHERE id = $1`, id, b.now.Add(30*time.Second))
		}, false},
		{"switched off", func(b *bench, user, _ int64) { b.exec(`UPDATE users SET disabled_at = $2 WHERE id = $1`, user, b.now) }, true},
		{"an analyst now", func(b *bench, user, _ int64) { b.exec(`UPDATE members SET role = 'analyst' WHERE user_id = $1`, user) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			one := b.agent(auth.Agent, 1)
			id := b.talk(talk{})
			b.pass()
			two := b.agent(auth.Agent, 1)
			b.exec(`UPDATE conversations SET assigned_at = $2 WHERE id = $1`, id, b.now.Add(-time.Second))
			c.do(b, one, id)
			b.now = b.now.Add(time.Minute)
			b.pass()
			want := one
			if c.moved {
				want = two
			}
			if got := b.assignee(id); got != want {
				t.Errorf("after a minute it is with %d, want %d", got, want)
			}
		})
	}
}
